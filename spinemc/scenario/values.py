"""The values a scenario is made of: frozen, in engine units (um, s, molecules)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Rate:
    """A rate that may change in time: linear between rows, held at the ends.

    Attributes
    ----------
    time : tuple of float
        Times [s], increasing; one entry, 0.0, for a constant.
    value : tuple of float
        Rates at these times, in the engine's unit of the reaction's order: zeroth [molecules um^-3 s^-1],
        first [s^-1], second with a volume species [um^3 s^-1], between two surface species [um^2 s^-1].
    """

    time: tuple[float, ...]
    value: tuple[float, ...]

    @classmethod
    def constant(cls, value: float) -> Rate:
        """A rate that never changes."""
        return cls((0.0,), (value,))

    @property
    def is_constant(self) -> bool:
        """Whether the rate is the same at all times."""
        return len(self.time) == 1


@dataclass(frozen=True)
class Within:
    """A part of space, or a list of faces, that names a region or a compartment."""

    kind: str  # "sphere" | "box" | "faces"
    center: Vector = (0.0, 0.0, 0.0)
    radius: float = 0.0
    low: Vector = (0.0, 0.0, 0.0)
    high: Vector = (0.0, 0.0, 0.0)
    file: Path | None = None
    key: str = ""


@dataclass(frozen=True)
class Named:
    """A name for a patch of the surface (region) or a part of the inside (compartment)."""

    name: str
    within: Within


@dataclass(frozen=True)
class Shape:
    """A parametric solid: its kind and its parameters in um, as geometry files and `shape` give them."""

    kind: str
    parameters: dict[str, Any]
    source: str = ""  # the file that messages name


@dataclass(frozen=True)
class GeometrySpec:
    """Where the surface comes from (exactly one of `shape` and `mesh`) and the names laid over it."""

    shape: Shape | None = None
    mesh: Path | None = None
    unit: float = 1.0  # um in one length unit of the mesh file
    region: tuple[Named, ...] = ()
    compartment: tuple[Named, ...] = ()


@dataclass(frozen=True)
class Run:
    """How long, how finely, how often."""

    t_stop: float
    dt: float  # the longest step
    sample_every: float
    trials: int = 1
    seed: int = 1
    engine: str = "particles"
    cell: float | None = None  # size of the cells in which molecules meet [um]; the engine's choice where None

    @property
    def sample_times(self) -> np.ndarray:
        """(t,) float64: when the molecules are counted, 0 and t_stop included [s]."""
        n = int(np.ceil(self.t_stop / self.sample_every - 1e-9))
        times = np.arange(n + 1) * self.sample_every
        times[-1] = self.t_stop
        return times


@dataclass(frozen=True)
class Species:
    """A kind of molecule: in the volume, or on the membrane (`on` names the region it lives on)."""

    name: str
    D: float = 0.0
    on: str | None = None

    @property
    def is_surface(self) -> bool:
        """Whether the molecules sit in the membrane."""
        return self.on is not None


@dataclass(frozen=True)
class Reaction:
    """An equation with its forward rate, and its backward rate where it is written with `<->`."""

    equation: str
    reactants: tuple[str, ...]
    products: tuple[str, ...]
    kf: Rate
    kb: Rate | None = None
    inside: str | None = None  # the compartment of a zeroth-order reaction (TOML: `in`)


@dataclass(frozen=True)
class Release:
    """Molecules put in: exactly one of count, concentration, density; one of inside, on, at."""

    species: str
    count: int | None = None
    concentration: float | None = None  # molecules um^-3
    density: float | None = None  # molecules um^-2
    exact: bool = False
    inside: str | None = None  # TOML: `in`
    on: str | None = None
    at: Vector | None = None
    time: tuple[float, ...] = (0.0,)


@dataclass(frozen=True)
class Boundary:
    """What a region does to a volume species that meets it."""

    region: str
    species: tuple[str, ...]
    kind: str = "reflect"  # absorb | reflect | clamp
    concentration: float = 0.0  # molecules um^-3, for clamp


@dataclass(frozen=True)
class PositionRecord:
    """Positions of some species, every so often, in some trials."""

    species: tuple[str, ...]
    every: float
    trials: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class PlasticitySpec:
    """A rule of plasticity, the species it reads and the compartment it reads it in."""

    rule: str
    species: str
    compartment: str
    parameters: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """Everything a user may set.

    It is built from values, as below, or from the tables of a scenario file, whose quantities have units:
    `Scenario(geometry={"shape": {"kind": "sphere", "radius": "1 um"}}, run={...}, species=[{...}])`.

    Parameters
    ----------
    record : mapping, optional
        The table `record` of a scenario file; with tables only, from values `positions` says the same.

    Raises
    ------
    ScenarioError
        The tables say something that cannot be run: every fault, a line each.
    """

    geometry: GeometrySpec
    run: Run
    species: tuple[Species, ...]
    reaction: tuple[Reaction, ...] = ()
    release: tuple[Release, ...] = ()
    boundary: tuple[Boundary, ...] = ()
    positions: tuple[PositionRecord, ...] = ()
    plasticity: tuple[PlasticitySpec, ...] = ()
    title: str = ""
    text: str = ""  # the TOML as run; empty where it was built from values
    path: Path | None = None  # the file it came from; relative paths start there
    record: InitVar[Mapping[str, Any] | None] = None

    def __post_init__(self, record: Mapping[str, Any] | None) -> None:
        if isinstance(self.geometry, GeometrySpec):
            return
        from spinemc.scenario.reader import read_tables

        names = ("title", "geometry", "run", "species", "reaction", "release", "boundary", "plasticity")
        tables = {name: getattr(self, name) for name in names if getattr(self, name) not in ((), "")}
        if record is not None:
            tables["record"] = record
        vars(self).update(vars(read_tables(tables, self.path)))
