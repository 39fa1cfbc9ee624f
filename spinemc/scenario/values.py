"""The values a scenario is made of: frozen, in engine units (um, s, molecules)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spinemc.scenario.driven import Driven, Placed, Stimulus, Voltage
from spinemc.scenario.structured import Structure

Vector = tuple[float, float, float]

MEMBRANE = "membrane"
"""The cell's own surface, and the region that is the whole of it."""

CYTOSOL = "cytosol"
"""The space inside the cell, less what closed surfaces in it enclose."""

OUTSIDE = "outside"
"""The space around the cell."""

FAR = "far"
"""The far side of the outside, and the region that is the whole of it."""


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

    kind: str  # "sphere" | "box" | "shell" | "faces"
    center: Vector = (0.0, 0.0, 0.0)
    radius: float = 0.0
    low: Vector = (0.0, 0.0, 0.0)
    high: Vector = (0.0, 0.0, 0.0)
    file: Path | None = None
    key: str = ""
    region: str = MEMBRANE  # of a shell: the patch it lies under, or a pattern such as "*.psd"
    depth: float | None = None  # of a shell [um]; to where another patch is nearer where None


@dataclass(frozen=True)
class Named:
    """A name for a patch of a surface (region) or a part of a space (compartment)."""

    name: str
    within: Within
    of: str | None = None  # the surface of a region, the space of a compartment; the cell's own where None
    set: str = ""  # of compartments that do not overlap; those of a shape have none


SOLVED_FOR = {"head_radius": "head_volume", "neck_radius": "neck_resistance", "psd_radius": "psd_area"}
"""Parameters of a spine, and what may be given in place of each: the one then is solved for."""


def stand_in(key: str) -> str | None:
    """The parameter that says the same as another one, in either direction; None where none does."""
    return (SOLVED_FOR | {other: key for key, other in SOLVED_FOR.items()}).get(key)


@dataclass(frozen=True)
class Shape:
    """A parametric solid: its kind and its parameters in um, as geometry files and `shape` give them."""

    kind: str
    parameters: dict[str, Any]
    source: str = ""  # the file that messages name

    def changed(self, kind: str | None, parameters: Mapping[str, Any]) -> Shape:
        """The same with some parameters in place of its own, or of what says the same."""
        own = {key: value for key, value in self.parameters.items() if stand_in(key) not in parameters}
        return Shape(kind or self.kind, own | dict(parameters), self.source)


@dataclass(frozen=True)
class Plane:
    """A plane, for the sheet that is a cross-section of the cell.

    Attributes
    ----------
    point : Vector
        A point of it [um].
    normal : Vector
        Its direction, of any length.
    """

    point: Vector
    normal: Vector


@dataclass(frozen=True)
class Surface:
    """A surface besides the cell's own, from exactly one of `shape`, `mesh`, `plane` and `copy`.

    Attributes
    ----------
    name : str
        Of the surface, and of the region that is the whole of it.
    unit : float
        um in one length unit of the mesh file.
    plane : Plane or None
        The cross-section of the cell there, an open sheet.
    copy : str or None
        The region of the cell's surface whose faces, moved outward by `offset`, make the surface: an open sheet.
    offset : float
        Distance of a copy from what it copies [um].
    thickness : float or None
        Of the body whose near side a copy is [um]; the copy is a sheet without one.
    at : Vector
        Where the origin of the shape lies [um].
    inside : str or None
        The space that a closed surface encloses; an obstacle without one.
    open : bool
        Whether it is a sheet, with the same space on both sides.
    """

    name: str
    shape: Shape | None = None
    mesh: Path | None = None
    unit: float = 1.0
    plane: Plane | None = None
    copy: str | None = None
    offset: float = 0.0
    thickness: float | None = None
    at: Vector = (0.0, 0.0, 0.0)
    inside: str | None = None
    open: bool = False


@dataclass(frozen=True)
class Outside:
    """The far side of the surroundings of the cell, from exactly one of `margin`, `shape` and `mesh`.

    Attributes
    ----------
    margin : float or None
        Room around all other surfaces, in a box [um].
    unit : float
        um in one length unit of the mesh file.
    """

    margin: float | None = None
    shape: Shape | None = None
    mesh: Path | None = None
    unit: float = 1.0


@dataclass(frozen=True)
class Pose:
    """How meshes are changed on reading: scaled about the origin of their coordinates, turned about it, moved."""

    scale: float = 1.0
    axis: Vector = (0.0, 0.0, 1.0)
    angle: float = 0.0  # about the axis, anticlockwise for who looks against it [rad]
    move: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class GeometrySpec:
    """Where the surfaces come from (the cell's own: exactly one of `shape` and `mesh`) and the names laid over them."""

    shape: Shape | None = None
    mesh: Path | None = None
    unit: float = 1.0  # um in one length unit of the mesh file
    pose: Pose = Pose()  # of all meshes
    region: tuple[Named, ...] = ()
    compartment: tuple[Named, ...] = ()
    surface: tuple[Surface, ...] = ()
    outside: Outside | None = None

    @property
    def spaces(self) -> tuple[str, ...]:
        """The volumes between the surfaces: cytosol, each surface's inside, outside."""
        inner = (s.inside for s in self.surface if s.inside is not None)
        return (CYTOSOL, *inner, *((OUTSIDE,) if self.outside is not None else ()))

    @property
    def surfaces(self) -> tuple[str, ...]:
        """The surfaces, the cell's own first, the far side of the outside last."""
        return (MEMBRANE, *(s.name for s in self.surface), *((FAR,) if self.outside is not None else ()))


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
    checkpoint: float | None = None  # how often a trial's state is saved, by the clock on the wall [s]; 0 for never
    edge: float | None = None  # the longest edge of a tetrahedron [um]; as the triangles around it where None
    segment: float | None = None  # the longest well-mixed piece of a long compartment [um]; by its width where None
    method: str = "exact"  # of compartments: event by event, or "tau", in leaps over many
    epsilon: float = 0.03  # share by which a propensity may change in a leap
    exchange: str = "mesh"  # of well-mixed pieces: solved on the mesh, or by a formula, "consistent" or "literal"

    @property
    def sample_times(self) -> np.ndarray:
        """(t,) float64: when the molecules are counted, 0 and t_stop included [s]."""
        n = int(np.ceil(self.t_stop / self.sample_every - 1e-9))
        times = np.arange(n + 1) * self.sample_every
        times[-1] = self.t_stop
        return times


@dataclass(frozen=True)
class Species:
    """A kind of molecule: in the volume, or on a surface (`on` names the region it lives on)."""

    name: str
    D: float = 0.0
    on: str | None = None
    inside: str = CYTOSOL  # the home of a volume species, a space (TOML: `in`)

    @property
    def is_surface(self) -> bool:
        """Whether the molecules sit in the membrane."""
        return self.on is not None


@dataclass(frozen=True)
class Reaction:
    """An equation with its forward rate, and its backward rate where it is written with `<->`.

    A molecule is a species' name, "Ca", where it is at home, and with the space behind it, "Ca@lumen", elsewhere.
    """

    equation: str
    reactants: tuple[str, ...]
    products: tuple[str, ...]
    kf: Rate | Driven
    kb: Rate | Driven | None = None
    inside: str | None = None  # the compartment of a zeroth-order reaction (TOML: `in`)


@dataclass(frozen=True)
class Release:
    """Molecules put in: exactly one of count, concentration, density; one of inside, on, at."""

    species: str  # with the space behind it, "Ca@lumen", where that is not its home
    count: float | None = None  # whole, but for levels of means
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
    species: tuple[str, ...]  # with the space behind it, "Ca@lumen", where that is not its home
    kind: str = "reflect"  # absorb | reflect | clamp | permeable
    concentration: float = 0.0  # molecules um^-3, for clamp
    rate: float | None = None  # velocity of uptake [um/s], for absorb; all that come are taken where None
    permeability: float = 0.0  # um/s, for permeable


@dataclass(frozen=True)
class PositionRecord:
    """Positions of some species, every so often, in some trials.

    Attributes
    ----------
    every : float
        [s]
    follow : bool
        Whether the followed species is recorded by its ions, free or bound.
    inside : str or None
        The compartment that molecules of the volume are in to be recorded, or a pattern of some (TOML: `in`).
    on : str or None
        The region that molecules of a surface are on to be recorded, or a pattern of some.
    """

    species: tuple[str, ...]
    every: float
    trials: tuple[int, ...] = (0,)
    follow: bool = False
    inside: str | None = None
    on: str | None = None


@dataclass(frozen=True)
class IonRecord:
    """A species whose every molecule is followed, free and bound, in some trials.

    Attributes
    ----------
    carriers : dict of str to int
        How many ions a molecule of a species carries, where that is not to be taken from the reactions.
    """

    species: str
    trials: tuple[int, ...] = (0,)
    carriers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PlasticitySpec:
    """A rule of plasticity, the species it reads and the compartment it reads it in.

    Attributes
    ----------
    rule, species, compartment : str
    parameters : dict
        Values over those of the rule: numbers, `noise` true or false, `set` the name of a set.
    reference : (float, str) or None
        What one presynaptic spike adds, for rules that read calcium in steps of it: a number and its unit, "ions" or
        "uM".
    rest : (float, str) or None
        What counts as no calcium there; None for 0.
    gate : Rate or None
        What the rates of learning are scaled by.
    start : dict
        Variables of the rule at the first time, in place of its parameters.
    """

    rule: str
    species: str
    compartment: str
    parameters: dict[str, Any] = field(default_factory=dict)
    reference: tuple[float, str] | None = None
    rest: tuple[float, str] | None = None
    gate: Rate | None = None
    start: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """Everything a user may set.

    It is built from values, as below, or from the tables of a scenario file, whose quantities have units:
    `Scenario(geometry={"shape": {"kind": "sphere", "radius": "1 um"}}, run={...}, species=[{...}])`.

    Parameters
    ----------
    record : mapping, optional
        The table `record` of a scenario file; with tables only, from values `positions` and `ions` say the same.
    molecule, network, initial : sequence of mapping, optional
        The tables of a scenario file; with tables only, values hold the species, reactions and releases that they stand
        for.

    Raises
    ------
    ScenarioError
        The tables say something that cannot be run: every fault, a line each.
    """

    geometry: GeometrySpec
    run: Run
    species: tuple[Species, ...] = ()
    reaction: tuple[Reaction, ...] = ()
    release: tuple[Release, ...] = ()
    boundary: tuple[Boundary, ...] = ()
    positions: tuple[PositionRecord, ...] = ()
    ions: IonRecord | None = None
    plasticity: tuple[PlasticitySpec, ...] = ()
    mechanism: tuple[Placed, ...] = ()  # what the species and reactions of each stand among
    voltage: Voltage | None = None
    stimulus: tuple[Stimulus, ...] = ()
    structure: Structure | None = None
    title: str = ""
    text: str = ""  # the TOML as run; empty where it was built from values
    path: Path | None = None  # the file it came from; relative paths start there
    record: InitVar[Mapping[str, Any] | None] = None
    molecule: InitVar[Sequence[Mapping[str, Any]]] = ()
    network: InitVar[Sequence[Mapping[str, Any]]] = ()
    initial: InitVar[Sequence[Mapping[str, Any]]] = ()

    def __post_init__(
        self,
        record: Mapping[str, Any] | None,
        molecule: Sequence[Mapping[str, Any]],
        network: Sequence[Mapping[str, Any]],
        initial: Sequence[Mapping[str, Any]],
    ) -> None:
        if isinstance(self.geometry, GeometrySpec):
            return
        from spinemc.scenario.reader import read_tables

        names = ("title", "geometry", "run", "species", "reaction", "release", "boundary", "plasticity")
        names += ("mechanism", "voltage", "stimulus", "structure")
        tables = {name: getattr(self, name) for name in names if getattr(self, name) not in ((), "", None)}
        given = {"record": record, "molecule": molecule, "network": network, "initial": initial}
        tables |= {name: table for name, table in given.items() if table}
        vars(self).update(vars(read_tables(tables, self.path)))
