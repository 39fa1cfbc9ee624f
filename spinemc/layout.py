"""The shape of a store: its arrays, how they are cut into chunks, and what a block of trials fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from spinemc.geometry.mesh import Geometry
from spinemc.scenario.sweeps import Axis

CHUNK_BYTES = 4_000_000
ROWS = 300_000  # of tables in a chunk
XYZ = "x", "y", "z"
NANOMETRE = 1e-3  # um


@dataclass(frozen=True, eq=False)
class Ragged:
    """Tables of some trials, each of as many rows as it has, one behind another in arrays.

    Attributes
    ----------
    group : str
        Where they are, `positions/Ca`.
    row : str
        The dimension of the rows.
    trials : tuple of int
        Whose.
    columns : dict of str to (str, tuple, dict)
        Type, dimensions beside the rows, attributes of each column.
    frames : (frame,) float64 or None
        Times of the frames that a table is cut into [s]; None where it is not.
    labels : dict of str to tuple of str
        Coordinates that columns are indices into.
    """

    group: str
    row: str
    trials: tuple[int, ...]
    columns: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]]
    frames: np.ndarray | None = None
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)


def positions(species: str, frames: np.ndarray, trials: Sequence[int], carriers: tuple[str, ...] = ()) -> Ragged:
    """The table of the positions of a species at `frames` [s] in some trials; of ions, with what may hold them."""
    number = "number of the ion" if carriers else "number of the molecule"
    columns: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
        "position": ("int32", ("xyz",), {"long_name": "position", "units": "um", "scale_factor": NANOMETRE}),
        "particle": ("int32", (), {"long_name": number, "units": "1"}),
    }
    if carriers:
        columns["carrier"] = "int16", (), {"long_name": "index into population, of what holds the ion"}
    labels = {"population": carriers} if carriers else {}
    return Ragged(f"positions/{species}", "row", tuple(trials), columns, np.asarray(frames), labels)


def ions(species: str, trials: Sequence[int], events: tuple[str, ...], kinds: tuple[str, ...]) -> Ragged:
    """The table of what happened to the ions of a species; `events` by number, and the kind of each."""
    columns: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
        "time": ("float64", (), {"long_name": "time", "units": "s"}),
        "particle": ("int32", (), {"long_name": "number of the ion", "units": "1"}),
        "what": ("int32", (), {"long_name": "index into event"}),
    }
    return Ragged(f"ions/{species}", "entry", tuple(trials), columns, None, {"event": events, "kind": kinds})


@dataclass(frozen=True, eq=False)
class Layout:
    """Everything that fixes the shapes and labels of the arrays of a store.

    A job is one trial at one point of a sweep; jobs are numbered point by point.

    Attributes
    ----------
    trials : int
        How many there will be, at each point of a sweep.
    time : (t,) float64
        Sample times [s].
    compartments, volumes : tuple of str, (..., c) float64
        Names, and volumes [um^3]; the dimensions of a sweep first.
    volume_species : tuple of str
    regions, areas : tuple of str, (..., r) float64
        Names, and areas [um^2].
    surface_species : tuple of str
    sets : tuple of str
        The set of each compartment, "" for the parts that belong to none by name; all of them where empty.
    homes, surface_homes : tuple of str
        For each volume species the space, for each surface species the surface that it lives in; the cytosol and the
        membrane where empty.
    reactions : tuple of str
        Labels of the one-way steps; a label that comes again is stored as "Ca -> 0 (2)".
    boundaries : tuple of str
        Labels such as "Ca at base"; may be empty.
    block : int
        Trials in a block, which is the unit of writing.
    integer : bool
        Whether molecules are whole, as with particles, or real, as with rate equations.
    ragged : tuple of Ragged
        Positions and ions that are kept of some trials.
    plasticity : tuple of (str, tuple of str, tuple of (str, str, str))
        Rule, labels of its synapses, its variables: name, what it is, unit.
    axes, beside : tuple of Axis
        The dimensions of a sweep, none for a run; and what is varied along the only one of a list.
    """

    trials: int
    time: np.ndarray
    compartments: tuple[str, ...]
    volumes: np.ndarray
    volume_species: tuple[str, ...]
    regions: tuple[str, ...]
    areas: np.ndarray
    surface_species: tuple[str, ...]
    sets: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()
    surface_homes: tuple[str, ...] = ()
    reactions: tuple[str, ...] = ()
    boundaries: tuple[str, ...] = ()
    block: int = 4
    integer: bool = True
    ragged: tuple[Ragged, ...] = ()
    plasticity: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str, str], ...]], ...] = ()
    axes: tuple[Axis, ...] = ()
    beside: tuple[Axis, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the sweep; () for a run."""
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def jobs(self) -> int:
        """Trials at all points."""
        return prod(self.shape) * self.trials

    @property
    def blocks(self) -> int:
        """How many blocks of jobs there are."""
        return prod(self.shape) * self._blocks_a_point

    @property
    def _blocks_a_point(self) -> int:
        return -(-self.trials // self.block)

    def point_of(self, block: int) -> int:
        """The point of the sweep that a block is at."""
        return block // self._blocks_a_point

    def jobs_of(self, block: int) -> range:
        """The jobs of a block."""
        point, part = divmod(block, self._blocks_a_point)
        first = point * self.trials
        return range(first + part * self.block, first + min((part + 1) * self.block, self.trials))

    def block_of(self, job: int) -> int:
        """The block that a job is in."""
        point, trial = divmod(job, self.trials)
        return point * self._blocks_a_point + trial // self.block

    def place_of(self, block: int) -> tuple[int | slice, ...]:
        """Where the trials of a block are in an array: index by sweep dimension, and the trials."""
        jobs, point = self.jobs_of(block), self.point_of(block)
        first = jobs.start - point * self.trials
        at = np.unravel_index(point, self.shape) if self.shape else ()
        return *(int(k) for k in at), slice(first, first + len(jobs))

    def recorded(self, trials: Sequence[int]) -> list[int]:
        """Those of the trials that will exist, in order."""
        return sorted({k for k in trials if k < self.trials})

    def recorded_of(self, trials: Sequence[int]) -> list[int]:
        """The jobs of these trials at all points, in order."""
        return [point * self.trials + k for point in range(prod(self.shape)) for k in self.recorded(trials)]


@dataclass(frozen=True, eq=False)
class Block:
    """Samples of n trials that follow each other, at one point.

    Attributes
    ----------
    first : int
        The first job.
    count : (n, t, compartment, species)
        Molecules of the volume species.
    surface : (n, t, region, species)
        Molecules of the surface species.
    events : (n, t, reaction)
        Events since the sample before.
    absorbed : (n, t, boundary)
        Molecules a boundary took out since the sample before, less those it put in.
    """

    first: int
    count: np.ndarray
    surface: np.ndarray
    events: np.ndarray
    absorbed: np.ndarray


@dataclass(frozen=True)
class Array:
    """An array of the tree before it exists: dimensions, shape, type, chunks, attributes."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: Any
    chunks: tuple[int, ...]
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def empty(self) -> Any:
        """What stands where nothing was written yet: it is no number of molecules."""
        if self.dtype is str or self.is_ragged or "time" not in self.dims[:-1]:
            return "" if self.dtype is str else 0
        return -1 if np.issubdtype(self.dtype, np.integer) else np.nan

    @property
    def is_ragged(self) -> bool:
        """Whether it has as many rows as there will be."""
        return self.dims[0] in ("row", "entry")


Fixed = tuple[tuple[str, ...], Any, dict[str, str]]
"""Dimensions, values and attributes of an array that is known from the beginning."""


def growing(layout: Layout) -> dict[str, Array]:
    """The arrays that blocks fill, by path: the trial axis at full length, a block a chunk."""
    axes, points = tuple(axis.name for axis in layout.axes), layout.shape
    beside = {"coordinates": " ".join(axis.name for axis in layout.beside)} if layout.beside else {}

    def series(dims: tuple[str, ...], shape: tuple[int, ...], dtype: str, long_name: str, unit: str = "1") -> Array:
        block = max(1, min(layout.block, layout.trials))
        row = np.dtype(dtype).itemsize * block * max(1, prod(shape))
        times = min(len(layout.time), max(1, CHUNK_BYTES // row))
        return Array(
            (*axes, "trial", "time", *dims),
            (*points, layout.trials, len(layout.time), *shape),
            dtype,
            (*(1,) * len(axes), block, times, *shape),
            {"units": unit, "long_name": long_name} | beside,
        )

    few, many = ("int32", "int64") if layout.integer else ("float64", "float64")
    inside = len(layout.compartments), len(layout.volume_species)
    membrane = len(layout.regions), len(layout.surface_species)
    arrays = {
        "counts/count": series(("compartment", "species"), inside, few, "molecules in the compartment"),
        "surface/count": series(("region", "species"), membrane, few, "molecules on the region"),
        "events/count": series(("reaction",), (len(layout.reactions),), many, "events since the sample before"),
    }
    if layout.boundaries:
        arrays["events/absorbed"] = series(
            ("boundary",), (len(layout.boundaries),), many, "molecules taken out since the sample before, net"
        )
    for rule, synapses, variables in layout.plasticity:
        for name, long_name, unit in variables:
            shape = (len(synapses),)
            arrays[f"plasticity/{rule}/{name}"] = series(("synapse",), shape, "float64", long_name, unit)
    for table in layout.ragged:
        recorded = len(layout.recorded(table.trials))
        frames = () if table.frames is None else (len(table.frames),)
        dims = (*axes, "trial", *(() if table.frames is None else ("frame",)))
        said = {"long_name": f"{table.row}s", "units": "1", "sample_dimension": table.row}
        one = (*(1,) * len(axes), 1, *frames)
        arrays[f"{table.group}/row_size"] = Array(dims, (*points, recorded, *frames), "int64", one, said)
        for name, (dtype, beside_row, attributes) in table.columns.items():
            width = tuple(len(XYZ) for _ in beside_row)
            arrays[f"{table.group}/{name}"] = Array(
                (table.row, *beside_row), (0, *width), dtype, (ROWS, *width), attributes
            )
    return arrays


def fixed(layout: Layout, geometries: Sequence[Geometry]) -> dict[str, Fixed]:
    """Coordinates, sizes and the mesh of each point, or the one mesh of all, by path."""
    axes = tuple(axis.name for axis in layout.axes)
    geometry = geometries[0]
    none: dict[str, str] = {}
    trial = ("trial",), np.arange(layout.trials), none
    time = ("time",), np.asarray(layout.time, dtype=np.float64), {"units": "s", "standard_name": "time"}
    xyz = ("xyz",), XYZ, none
    um = {"units": "um"}
    arrays = {
        "counts/compartment": (("compartment",), layout.compartments, {}),
        "counts/set": (("compartment",), layout.sets or ("",) * len(layout.compartments), {}),
        "counts/species": (("species",), layout.volume_species, {}),
        "counts/home": (("species",), layout.homes or ("cytosol",) * len(layout.volume_species), {}),
        "counts/volume": ((*axes, "compartment"), np.asarray(layout.volumes, np.float64), {"units": "um^3"}),
        "surface/region": (("region",), layout.regions, {}),
        "surface/species": (("species",), layout.surface_species, {}),
        "surface/home": (("species",), layout.surface_homes or ("membrane",) * len(layout.surface_species), {}),
        "surface/area": ((*axes, "region"), np.asarray(layout.areas, np.float64), {"units": "um^2"}),
        "events/reaction": (("reaction",), _unique(layout.reactions), {}),
        "geometry/vertex": (("v", "xyz"), np.concatenate([made.vertex for made in geometries]).astype(np.float64), um),
        "geometry/face": (("f", "corner"), np.concatenate([made.face for made in geometries]).astype(np.int32), {}),
        "geometry/face_region": (
            ("f",),
            np.concatenate([made.face_region for made in geometries]),
            {"long_name": "index into region"},
        ),
        "geometry/face_surface": (
            ("f",),
            np.concatenate([made.face_surface for made in geometries]),
            {"long_name": "index into surface"},
        ),
        "geometry/region": (("region",), geometry.regions, {}),
        "geometry/region_surface": (
            ("region",),
            np.asarray(geometry.region_surface),
            {"long_name": "index into surface"},
        ),
        "geometry/surface": (("surface",), geometry.surfaces, {}),
        "geometry/xyz": xyz,
    }
    if len(geometries) > 1:
        for name, dim in (("vertex", "v"), ("face", "f")):
            size = np.array([len(getattr(made, name)) for made in geometries]).reshape(layout.shape)
            arrays[f"geometry/{name}_size"] = (axes, size, {"sample_dimension": dim})
    if layout.boundaries:
        arrays["events/boundary"] = (("boundary",), _unique(layout.boundaries), {})
    for rule, synapses, _ in layout.plasticity:
        arrays[f"plasticity/{rule}/synapse"] = (("synapse",), _unique(synapses), {})
    series = ["counts", "surface", "events", *(f"plasticity/{rule}" for rule, _, _ in layout.plasticity)]
    arrays |= {f"{group}/trial": trial for group in series} | {f"{group}/time": time for group in series}
    everywhere = [*series, *(table.group for table in layout.ragged)]
    for axis in (*layout.axes, *layout.beside):
        text = isinstance(axis.values[0], str)
        values = axis.values if text else np.array(axis.values, np.float64)
        said = {"units": axis.unit} if axis.unit else {}
        where = [*everywhere, "geometry"] if len(geometries) > 1 else everywhere
        dims = axes if axis in layout.beside else (axis.name,)
        arrays |= {f"{group}/{axis.name}": (dims, values, said) for group in where}
    for table in layout.ragged:
        arrays[f"{table.group}/trial"] = (("trial",), np.array(layout.recorded(table.trials), np.int64), {})
        if table.frames is not None:
            arrays[f"{table.group}/frame"] = (("frame",), np.asarray(table.frames, np.float64), time[2])
        if any(beside for _, beside, _ in table.columns.values()):
            arrays[f"{table.group}/xyz"] = xyz
        for k, (name, values) in enumerate(table.labels.items()):
            dim = next(iter(table.labels))  # those after the first go along it
            arrays[f"{table.group}/{name}"] = ((dim,), _unique(values) if k == 0 else values, {})
    return arrays


def _unique(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels, those that come again numbered from 2."""
    return tuple(
        label if (before := labels[:i].count(label)) == 0 else f"{label} ({before + 1})"
        for i, label in enumerate(labels)
    )
