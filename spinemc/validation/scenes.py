"""Small scenarios from values, and what their trials leave.

Lengths are in um, times in s, second-order rates in um^3/s; `PER_MOLAR` turns a rate in 1/(M s) into that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from spinemc import simulate
from spinemc.engine.system import System
from spinemc.engine.trial import Trial
from spinemc.ensemble import run_trials
from spinemc.scenario import (
    Boundary,
    GeometrySpec,
    Named,
    Outside,
    PositionRecord,
    Rate,
    Reaction,
    Release,
    Run,
    Scenario,
    Shape,
    Species,
    Surface,
)
from spinemc.units import AVOGADRO

PER_MOLAR = 1.0e15 / AVOGADRO
"""um^3/s in one 1/(M s)."""

D_CA = 220.0
"""Diffusion coefficient of calcium in cytosol [um^2/s]."""

SLOW = 20.0
"""Diffusion coefficient of a mobile buffer [um^2/s]."""


def shape(
    kind: str,
    region: Iterable[Named] = (),
    compartment: Iterable[Named] = (),
    surface: Iterable[Surface] = (),
    outside: Outside | None = None,
    **parameters: Any,
) -> GeometrySpec:
    """A parametric cell, and what is in it and around it."""
    return GeometrySpec(
        shape=Shape(kind, parameters),
        region=tuple(region),
        compartment=tuple(compartment),
        surface=tuple(surface),
        outside=outside,
    )


def turns(left: str, right: str, kf: float, kb: float | None = None, inside: str | None = None) -> Reaction:
    """A reaction from its two sides, "A B" and "C", with constant rates."""
    arrow = "->" if kb is None else "<->"
    equation = f"{left.replace(' ', ' + ') or '0'} {arrow} {right.replace(' ', ' + ') or '0'}"
    back = None if kb is None else Rate.constant(kb)
    return Reaction(equation, tuple(left.split()), tuple(right.split()), Rate.constant(kf), back, inside)


def everywhere(**numbers: int) -> list[Release]:
    """Releases of given numbers of molecules anywhere in the cell."""
    return [Release(name, count=number, inside="cytosol") for name, number in numbers.items()]


def scene(
    geometry: GeometrySpec,
    species: Mapping[str, float | Species | None],
    dt: float,
    t_stop: float,
    every: float | None = None,
    cell: float | None = None,
    record: tuple[str, float] | None = None,
    reaction: Iterable[Reaction] = (),
    release: Iterable[Release] = (),
    boundary: Iterable[Boundary] = (),
) -> System:
    """A scenario made ready to run.

    Parameters
    ----------
    species : mapping
        Names to diffusion coefficients [um^2/s], to None for sites in the membrane, or to the species itself.
    record : tuple, optional
        A species, and the interval at which its positions are kept [s], in all trials.
    """
    kinds = tuple(_kind(name, given) for name, given in species.items())
    positions = () if record is None else (PositionRecord((record[0],), record[1], tuple(range(1000))),)
    return simulate.prepare(
        Scenario(
            geometry=geometry,
            run=Run(t_stop=t_stop, dt=dt, sample_every=every or t_stop, cell=cell),
            species=kinds,
            reaction=tuple(reaction),
            release=tuple(release),
            boundary=tuple(boundary),
            positions=positions,
        )
    )


def _kind(name: str, given: float | Species | None) -> Species:
    if isinstance(given, Species):
        return given
    return Species(name, D=0.0, on="membrane") if given is None else Species(name, D=given)


def run(
    system: System, trials: int, seed: int, threads: int | None = None, alive: Callable[[], None] = lambda: None
) -> list[Trial]:
    """Trials 0 .. trials - 1 of a system; `alive` is called now and then while they run."""
    return list(run_trials(system, seed, range(trials), threads, lambda *_: alive()))


def counts(system: System, trials: list[Trial], species: str, place: str | None = None) -> np.ndarray:
    """(trial, time) molecules of a species; in a compartment, or on a region, where one is named."""
    network, geometry = system.network, system.geometry
    s = network.species.index(species)
    if network.surface[s]:
        column = list(network.surface_species).index(s)
        row = geometry.regions.index(place or "membrane")
        return np.stack([trial.surface[:, row, column] for trial in trials]).astype(float)
    column, row = list(network.volume_species).index(s), geometry.compartments.index(place or "cytosol")
    return np.stack([trial.count[:, row, column] for trial in trials]).astype(float)


def points(trials: list[Trial], species: str, first: int = 0) -> np.ndarray:
    """(rows, 3) recorded positions of all trials from frame `first` on [um]."""
    kept = []
    for trial in trials:
        row_size, position, _ = trial.positions[species]
        kept.append(position[row_size[:first].sum() :])
    return np.concatenate(kept)


def volume_of(system: System, compartment: str) -> float:
    """Volume of a compartment [um^3]."""
    geometry = system.geometry
    return float(geometry.compartment_volume[geometry.compartments.index(compartment)])


def area_of(system: System, region: str) -> float:
    """Area of a region [um^2]."""
    geometry = system.geometry
    return float(geometry.region_area[geometry.regions.index(region)])


def shells(system: System, position: np.ndarray, number: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Molecules in concentric shells of equal volume of a ball around the origin, and the number that is expected.

    The volumes are exact for the polyhedron as long as only the last shell touches the wall.

    Raises
    ------
    ValueError
        Where that is not so.
    """
    geometry = system.geometry
    edge = (0.75 / np.pi * geometry.volume * np.arange(1, number) / number) ** (1.0 / 3.0)
    depth = (geometry.face_normal * geometry.triangles[:, 0]).sum(axis=1).min()
    if edge[-1] >= depth:
        raise ValueError("the mesh is so coarse that its wall cuts two shells.")
    found = np.searchsorted(edge, np.linalg.norm(position, axis=1))
    return np.bincount(found, minlength=number), np.full(number, len(position) / number)


def passage(system: System, trials: list[Trial], species: str, slowest: float) -> tuple[float, float]:
    """Mean time that independent molecules, put in at time 0, take to leave, and its standard error [s].

    From the shares S(t) that are left at the samples: the mean is the integral of S, the mean square that of 2 t S.
    What is left at the end goes on leaving with the slowest time constant.

    Parameters
    ----------
    slowest : float
        Time constant of the last to leave [s].
    """
    number = counts(system, trials, species).sum(axis=0)
    time = system.scenario.run.sample_times
    left = number / number[0]
    mean = np.trapezoid(left, time) + left[-1] * slowest
    square = np.trapezoid(2.0 * time * left, time) + 2.0 * left[-1] * slowest * (time[-1] + slowest)
    return float(mean), float(np.sqrt((square - mean**2) / number[0]))
