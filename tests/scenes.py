"""Small scenarios in code and what their trials leave, for tests of physics.

Lengths are in um, times in s, second-order rates in um^3/s; `PER_MOLAR` turns a rate in 1/(M s) into that.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, logsumexp
from scipy.stats import chi2

from spinemc import simulate
from spinemc.engine.system import System
from spinemc.engine.trial import Trial
from spinemc.ensemble import run_trials
from spinemc.scenario import GeometrySpec, PositionRecord, Rate, Reaction, Run, Scenario, Shape, Species

PER_MOLAR = 1.0e15 / 6.02214076e23  # um^3/s in one 1/(M s)
D_CA = 220.0  # [um^2/s]


def shape(kind, region=(), compartment=(), **parameters) -> GeometrySpec:
    """A parametric geometry."""
    return GeometrySpec(shape=Shape(kind, parameters), region=tuple(region), compartment=tuple(compartment))


def turns(left: str, right: str, kf: float, kb: float | None = None, inside: str | None = None) -> Reaction:
    """A reaction from its two sides, "A B" and "C", with constant rates."""
    arrow = "->" if kb is None else "<->"
    equation = f"{left.replace(' ', ' + ') or '0'} {arrow} {right.replace(' ', ' + ') or '0'}"
    back = None if kb is None else Rate.constant(kb)
    return Reaction(equation, tuple(left.split()), tuple(right.split()), Rate.constant(kf), back, inside)


def scene(geometry, species, dt, t_stop, every=None, cell=None, record=None, **parts) -> System:
    """A scenario made ready to run.

    `species` maps names to diffusion coefficients, or to None for sites in the membrane; `record` is a species and
    the interval at which its positions are kept, in all trials.
    """
    kinds = tuple(Species(n, D=0.0, on="membrane") if d is None else Species(n, D=d) for n, d in species.items())
    positions = () if record is None else (PositionRecord((record[0],), record[1], tuple(range(1000))),)
    return simulate.prepare(
        Scenario(
            geometry=geometry,
            run=Run(t_stop=t_stop, dt=dt, sample_every=every or t_stop, cell=cell),
            species=kinds,
            positions=positions,
            **{name: tuple(part) for name, part in parts.items()},
        )
    )


def run(system: System, trials: int, seed: int) -> list[Trial]:
    """Trials 0 .. trials - 1 of a system."""
    return list(run_trials(system, seed, range(trials)))


def counts(system: System, trials: list[Trial], species: str, place: str | None = None) -> np.ndarray:
    """(trial, time) molecules of a species; in a compartment, or on a region, where one is named."""
    network, geometry = system.network, system.geometry
    s = network.species.index(species)
    if network.surface[s]:
        column, row = network.surface_species.index(s), geometry.regions.index(place or "membrane")
        return np.stack([trial.surface[:, row, column] for trial in trials]).astype(float)
    column, row = network.volume_species.index(s), geometry.compartments.index(place or "cytosol")
    return np.stack([trial.count[:, row, column] for trial in trials]).astype(float)


def points(trials: list[Trial], species: str, first: int = 0) -> np.ndarray:
    """(rows, 3) recorded positions of all trials from frame `first` on [um]."""
    kept = []
    for trial in trials:
        row_size, position, _ = trial.positions[species]
        kept.append(position[row_size[:first].sum() :])
    return np.concatenate(kept)


def settled(values: np.ndarray) -> tuple[float, float]:
    """Mean over trials (first axis) and its standard error, from the spread between trials."""
    values = np.asarray(values, dtype=float)
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def chi_squared(observed: np.ndarray, expected: np.ndarray) -> float:
    """p of a chi-squared test of counts against expected counts with the same sum."""
    return float(chi2.sf(((observed - expected) ** 2 / expected).sum(), len(observed) - 1))


def shells(system: System, position: np.ndarray, number: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Molecules in concentric shells of equal volume of a ball around the origin, and the number that is expected.

    The volumes are exact for the polyhedron as long as only the last shell touches the wall, which is asserted.
    """
    geometry = system.geometry
    edge = (0.75 / np.pi * geometry.volume * np.arange(1, number) / number) ** (1.0 / 3.0)
    depth = (geometry.face_normal * geometry.triangles[:, 0]).sum(axis=1).min()
    assert edge[-1] < depth
    found = np.searchsorted(edge, np.linalg.norm(position, axis=1))
    return np.bincount(found, minlength=number), np.full(number, len(position) / number)


def bound(a: int, b: int, kappa: float) -> tuple[float, float]:
    """Exact mean and variance of the number of complexes of a closed A + B <-> C with kappa = K_d N_A V."""
    n = np.arange(min(a, b) + 1)
    log = -gammaln(a - n + 1) - gammaln(b - n + 1) - gammaln(n + 1) - n * np.log(kappa)
    p = np.exp(log - logsumexp(log))
    mean = float(p @ n)
    return mean, float(p @ (n - mean) ** 2)
