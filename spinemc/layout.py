"""The shape of a store: its arrays, how they are cut into chunks, and what a block of trials fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from spinemc.geometry.mesh import Geometry

CHUNK_BYTES = 4_000_000
ROWS = 300_000  # of positions in a chunk
NANOMETRE = 1e-3  # um


@dataclass(frozen=True, eq=False)
class Layout:
    """Everything that fixes the shapes and labels of the arrays of a store.

    Attributes
    ----------
    trials : int
        How many there will be.
    time : (t,) float64
        Sample times [s].
    compartments, volumes : tuple of str, (c,) float64
        Names, and volumes [um^3].
    volume_species : tuple of str
    regions, areas : tuple of str, (r,) float64
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
    positions : tuple of (str, (frame,) float64, tuple of int)
        Species, times of the frames [s] and trials whose positions are kept.
    plasticity : tuple of (str, tuple of str, tuple of str)
        Rule, labels of its synapses, names of its variables.
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
    positions: tuple[tuple[str, np.ndarray, tuple[int, ...]], ...] = ()
    plasticity: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()

    @property
    def blocks(self) -> int:
        """How many blocks of trials there are."""
        return -(-self.trials // self.block)

    def trials_of(self, block: int) -> range:
        """The trials of a block."""
        return range(block * self.block, min((block + 1) * self.block, self.trials))

    def recorded(self, trials: Sequence[int]) -> list[int]:
        """Those of the trials that will exist, in order."""
        return sorted({k for k in trials if k < self.trials})


@dataclass(frozen=True, eq=False)
class Block:
    """Samples of n trials that follow each other.

    Attributes
    ----------
    first : int
        The first trial.
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
    def is_ragged(self) -> bool:
        """Whether it has as many rows as there will be."""
        return self.dims[0] == "row"


def growing(layout: Layout) -> dict[str, Array]:
    """The arrays that blocks fill, by path: the trial axis at full length, a block a chunk."""

    def series(dims: tuple[str, ...], shape: tuple[int, ...], dtype: str, long_name: str) -> Array:
        block = max(1, min(layout.block, layout.trials))
        row = np.dtype(dtype).itemsize * block * max(1, prod(shape))
        times = min(len(layout.time), max(1, CHUNK_BYTES // row))
        return Array(
            ("trial", "time", *dims),
            (layout.trials, len(layout.time), *shape),
            dtype,
            (block, times, *shape),
            {"units": "1", "long_name": long_name},
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
        for name in variables:
            arrays[f"plasticity/{rule}/{name}"] = series(("synapse",), (len(synapses),), "float64", name)
    for species, frames, trials in layout.positions:
        group = f"positions/{species}"
        shape = len(layout.recorded(trials)), len(frames)
        sizes = {"long_name": "molecules in the frame", "units": "1", "sample_dimension": "row"}
        where = {"long_name": "position", "units": "um", "scale_factor": NANOMETRE}
        number = {"long_name": "number of the molecule", "units": "1"}
        arrays[f"{group}/row_size"] = Array(("trial", "frame"), shape, "int32", (1, shape[1]), sizes)
        arrays[f"{group}/position"] = Array(("row", "xyz"), (0, 3), "int32", (ROWS, 3), where)
        arrays[f"{group}/particle"] = Array(("row",), (0,), "int32", (ROWS,), number)
    return arrays


def fixed(layout: Layout, geometry: Geometry) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
    """Coordinates, sizes and the mesh, by path: dimensions, values, attributes."""
    none: dict[str, str] = {}
    trial = ("trial",), np.arange(layout.trials), none
    time = ("time",), np.asarray(layout.time, dtype=np.float64), {"units": "s", "standard_name": "time"}
    xyz = ("xyz",), ("x", "y", "z"), none
    um = {"units": "um"}
    arrays = {
        "counts/compartment": (("compartment",), layout.compartments, {}),
        "counts/set": (("compartment",), layout.sets or ("",) * len(layout.compartments), {}),
        "counts/species": (("species",), layout.volume_species, {}),
        "counts/home": (("species",), layout.homes or ("cytosol",) * len(layout.volume_species), {}),
        "counts/volume": (("compartment",), np.asarray(layout.volumes, np.float64), {"units": "um^3"}),
        "surface/region": (("region",), layout.regions, {}),
        "surface/species": (("species",), layout.surface_species, {}),
        "surface/home": (("species",), layout.surface_homes or ("membrane",) * len(layout.surface_species), {}),
        "surface/area": (("region",), np.asarray(layout.areas, np.float64), {"units": "um^2"}),
        "events/reaction": (("reaction",), _unique(layout.reactions), {}),
        "geometry/vertex": (("v", "xyz"), np.asarray(geometry.vertex, np.float64), um),
        "geometry/face": (("f", "corner"), np.asarray(geometry.face, np.int32), {}),
        "geometry/face_region": (
            ("f",),
            np.asarray(geometry.face_region),
            {"long_name": "index into region"},
        ),
        "geometry/face_surface": (("f",), np.asarray(geometry.face_surface), {"long_name": "index into surface"}),
        "geometry/region": (("region",), geometry.regions, {}),
        "geometry/region_surface": (
            ("region",),
            np.asarray(geometry.region_surface),
            {"long_name": "index into surface"},
        ),
        "geometry/surface": (("surface",), geometry.surfaces, {}),
        "geometry/xyz": xyz,
    }
    if layout.boundaries:
        arrays["events/boundary"] = (("boundary",), _unique(layout.boundaries), {})
    for rule, synapses, _ in layout.plasticity:
        arrays[f"plasticity/{rule}/synapse"] = (("synapse",), _unique(synapses), {})
    series = ["counts", "surface", "events", *(f"plasticity/{rule}" for rule, _, _ in layout.plasticity)]
    arrays |= {f"{group}/trial": trial for group in series} | {f"{group}/time": time for group in series}
    for species, frames, trials in layout.positions:
        group = f"positions/{species}"
        arrays[f"{group}/trial"] = (("trial",), np.array(layout.recorded(trials), np.int64), {})
        arrays[f"{group}/frame"] = (("frame",), np.asarray(frames, np.float64), time[2])
        arrays[f"{group}/xyz"] = xyz
    return arrays


def _unique(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels, those that come again numbered from 2."""
    return tuple(
        label if (before := labels[:i].count(label)) == 0 else f"{label} ({before + 1})"
        for i, label in enumerate(labels)
    )
