"""What an MDL model says, as values: lengths in um, times in s, diffusion in um^2/s, all else in MDL's own units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

LEFT_OUT, OTHERWISE, NO_NEED = "left out", "otherwise", "no need"
"""What became of a statement: not in the scenario; there in another form; settings that nothing here depends on."""

TOLD = {
    LEFT_OUT: "Left out; the scenario is not the model where these matter",
    OTHERWISE: "Said otherwise here",
    NO_NEED: "Without a counterpart, and without an effect on the molecules",
}
"""The heading of each of these, for a person."""


@dataclass(frozen=True)
class Note:
    """What became of one statement that is not simply taken over.

    Attributes
    ----------
    kind : str
        `LEFT_OUT`, `OTHERWISE` or `NO_NEED`.
    where : str
        File and line; "" for what concerns the whole model.
    statement : str
    why : str
    """

    kind: str
    where: str
    statement: str
    why: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.statement, self.why) if part)


def by_kind(notes: Iterable[Note]) -> Iterator[tuple[str, list[Note]]]:
    """The headings that there are notes under, and these."""
    every = list(notes)
    for kind, heading in TOLD.items():
        if some := [note for note in every if note.kind == kind]:
            yield heading, some


@dataclass(frozen=True)
class Marked:
    """A molecule with its orientation: 1 for ', -1 for a comma, 0 for ; or none, other numbers for other classes."""

    name: str
    mark: int = 0


@dataclass(frozen=True)
class Molecule:
    """A kind of molecule, in the volume or on surfaces."""

    name: str
    D: float  # um^2/s
    on_surface: bool


@dataclass(frozen=True)
class Amount:
    """Surface molecules that a region or a surface class puts on surfaces."""

    molecule: Marked
    value: float  # a number, or um^-2
    is_density: bool
    where: str


@dataclass(frozen=True)
class Rule:
    """What a surface class does to a molecule.

    Attributes
    ----------
    kind : str
        REFLECTIVE, TRANSPARENT, ABSORPTIVE or CLAMP_CONCENTRATION.
    value : float
        Of a clamp [mol/L].
    """

    kind: str
    molecule: Marked
    value: float
    where: str


@dataclass(frozen=True)
class SurfaceClass:
    """What a part of a surface does to molecules, and what sits on it."""

    name: str
    rules: tuple[Rule, ...] = ()
    amounts: tuple[Amount, ...] = ()


@dataclass(frozen=True)
class Reaction:
    """A one-way reaction.

    Attributes
    ----------
    surface : Marked or None
        The surface class that takes part.
    rate : float or str
        In 1/s, 1/(M s) or um^2/s; or the file of a table.
    """

    reactants: tuple[Marked, ...]
    surface: Marked | None
    products: tuple[Marked, ...]
    rate: float | str
    name: str
    where: str

    def __str__(self) -> str:
        left = " + ".join(m.name for m in self.reactants) + (f" @ {self.surface.name}" if self.surface else "")
        return f"{left} -> {' + '.join(m.name for m in self.products) or 'NULL'}"


@dataclass(frozen=True)
class Pattern:
    """When a release site lets molecules go [s]."""

    delay: float = 0.0
    interval: float = float("inf")
    train_interval: float = float("inf")
    duration: float = float("inf")
    trains: float = 1


@dataclass(frozen=True)
class Region:
    """A part of a surface: which of its faces, and what they are made of."""

    name: str
    faces: np.ndarray  # (f,) bool
    surface_class: str = ""
    amounts: tuple[Amount, ...] = ()


@dataclass(frozen=True)
class Mesh:
    """Triangles with named regions, before they are placed; corners in um."""

    vertex: np.ndarray  # (v, 3)
    face: np.ndarray  # (f, 3)
    regions: tuple[Region, ...] = ()
    is_box: bool = False


@dataclass(frozen=True)
class Site:
    """A release site.

    Attributes
    ----------
    shape : tuple
        ("region", object, region); ("+", a, b), ("-", a, b) and ("*", a, b) of such; ("SPHERICAL",) and the like;
        ("LIST",).
    amount : tuple
        ("count" | "concentration" | "density", value), or () where none can be taken.
    points : tuple
        Of a list: each a molecule and its place.
    """

    shape: tuple[Any, ...]
    molecule: Marked | None = None
    amount: tuple[Any, ...] = ()
    location: tuple[float, ...] = (0.0, 0.0, 0.0)
    diameter: tuple[float, ...] = (0.0, 0.0, 0.0)
    probability: float = 1.0
    pattern: str = ""
    points: tuple[tuple[Marked, tuple[float, ...]], ...] = ()


@dataclass(frozen=True)
class Node:
    """An object: a mesh, a release site or a group of objects, and how it is moved.

    Attributes
    ----------
    pose : (4, 4) float64
        What a row (x, y, z, 1) is multiplied by.
    copied : tuple of str
        The names of what it is a copy of: release sites in it may speak of its parts by these.
    """

    name: str
    where: str
    content: Mesh | Site | None = None
    children: tuple[Node, ...] = ()
    pose: np.ndarray = field(default_factory=lambda: np.eye(4))
    copied: tuple[str, ...] = ()


@dataclass(frozen=True)
class Count:
    """One COUNT of the output: of what, where, of which kind, and the file it goes to."""

    text: str
    molecule: str
    place: tuple[str, str]  # object and region; ("WORLD", "")
    kind: str
    file: str
    where: str


@dataclass(frozen=True)
class Model:
    """All that is taken from a model's files, and notes on the rest."""

    title: str
    time_step: float
    iterations: float
    settings: dict[str, float]
    molecules: dict[str, Molecule]
    classes: dict[str, SurfaceClass]
    reactions: tuple[Reaction, ...]
    patterns: dict[str, Pattern]
    objects: tuple[Node, ...]
    counts: tuple[Count, ...]
    steps: tuple[float, ...]  # of the output [s]
    notes: tuple[Note, ...]
