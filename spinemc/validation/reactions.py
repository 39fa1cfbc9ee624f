"""Reactions: decay, birth and death, binding in the volume and to the membrane."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spinemc.scenario import GeometrySpec, Release
from spinemc.validation import laws
from spinemc.validation.check import Check, Effort, alike, averaged
from spinemc.validation.scenes import D_CA, SLOW, counts, everywhere, points, scene, shape, shells, turns, volume_of

BALL = shape("sphere", radius=0.1, edge=0.03)
WIDE_NECK = shape("cylinder", radius=0.098, length=0.7, edge=0.05)
NARROW_NECK = shape("cylinder", radius=0.025, length=0.7, edge=0.03)


def decay(effort: Effort) -> Iterator[Check]:
    """Survivors of first-order decay, N e^-kt; a step loses 4 % of them."""
    rate, number, dt = 4e3, 50_000, 10e-6
    ball = scene(
        shape("sphere", radius=0.3),
        {"A": D_CA, "B": SLOW},
        dt=dt,
        t_stop=50 * dt,
        every=25 * dt,
        reaction=[turns("A", "B", rate)],
        release=everywhere(A=number),
    )
    trials = effort.run(ball, quick=2, full=16, seed=401)
    share = counts(ball, trials, "A").sum(axis=0) / (number * len(trials))
    for k, time in enumerate(ball.scenario.run.sample_times[1:], start=1):
        p = float(np.exp(-rate * time))
        error = np.sqrt(p * (1.0 - p) / (number * len(trials)))
        yield Check(f"decay: share left after {rate * time:g} lifetimes", p, float(share[k]), float(error), 0.01)


def birth_and_death(effort: Effort) -> Iterator[Check]:
    """0 -> Ca -> 0 from nothing: the mean on its way, then mean, variance and autocovariance of the Poisson law."""
    number, gamma, lag = 20.0, 1e4, 50e-6
    geometry = shape("sphere", radius=0.2)
    volume = volume_of(scene(geometry, {"Ca": D_CA}, dt=1e-3, t_stop=1e-3, release=everywhere(Ca=1)), "cytosol")
    ball = scene(
        geometry,
        {"Ca": D_CA},
        dt=5e-6,
        t_stop=20e-3,
        every=lag,
        reaction=[turns("", "Ca", number * gamma / volume, inside="cytosol"), turns("Ca", "", gamma)],
    )
    n = counts(ball, effort.run(ball, quick=32, full=384, seed=402), "Ca")
    time = ball.scenario.run.sample_times
    for k in (1, 3):
        risen = number * (1.0 - np.exp(-gamma * time[k]))
        yield averaged(f"birth and death: mean after {gamma * time[k]:g} lifetimes", risen, n[:, k], None, "molecules")
    still = n[:, 40:] - number
    yield averaged("birth and death: mean", number, still + number, 0.005, "molecules")
    for k in (0, 1, 2, 4):
        exact = number * np.exp(-gamma * k * lag)
        product = still[:, k:] * still[:, : still.shape[1] - k]
        what = f"autocovariance over {gamma * k * lag:g} lifetimes" if k else "variance"
        yield averaged(f"birth and death: {what}", exact, product, 0.03, "molecules^2")


def reversible(
    effort: Effort,
    place: str,
    geometry: GeometrySpec,
    dt: float,
    kf: float,
    dissociation: float,
    molecules: int,
    t_stop: float,
    quick: int = 16,
    full: int = 128,
) -> Iterator[Check]:
    """Mean and variance of the complexes of A + B <-> C in a closed cell, for the mesh's volume.

    Parameters
    ----------
    place : str
        What the row calls the geometry.
    kf : float
        Rate of binding [um^3/s].
    dissociation : float
        K_d [um^-3].
    molecules : int
        Of A, and of B.
    """
    vessel = scene(
        geometry,
        {"A": D_CA, "B": SLOW, "C": SLOW},
        dt=dt,
        t_stop=t_stop,
        every=t_stop / 250,
        reaction=[turns("A B", "C", kf, kf * dissociation)],
        release=everywhere(A=molecules, B=molecules),
    )
    n = counts(vessel, effort.run(vessel, quick, full, seed=403), "C")[:, 25:]
    mean, variance = laws.bound(molecules, molecules, dissociation * volume_of(vessel, "cytosol"))
    name = f"A + B <-> C in a {place}, {1e6 * dt:g} us"
    yield averaged(f"{name}: mean", mean, n, 0.01, "molecules")
    yield averaged(f"{name}: variance", variance, (n - mean) ** 2, 0.03, "molecules^2")


def complexes(effort: Effort) -> Iterator[Check]:
    """While A + B <-> C goes on, the complexes fill ten shells of equal volume evenly.

    Frames are 0.5 ms apart; a complex lasts 0.08 ms and what it is made of crosses the ball in less.
    """
    kf, number = 1.5, 150
    ball = scene(
        shape("sphere", radius=0.15),
        {"A": D_CA, "B": SLOW, "C": SLOW},
        dt=2e-6,
        t_stop=32e-3,
        record=("C", 0.5e-3),
        reaction=[turns("A B", "C", kf, 11e3)],
        release=everywhere(A=number, B=number),
    )
    found = points(effort.run(ball, quick=2, full=22, seed=404), "C", first=1)
    yield alike("A + B <-> C in a ball: complexes in ten shells", *shells(ball, found))


def membrane(effort: Effort, dt: float, quick: int = 16, full: int = 160) -> Iterator[Check]:
    """Ca + P <-> CaP at the wall of a ball: mean and variance of the complexes; the free ions spread evenly.

    Positions are 0.3 ms apart where the ball is crossed in 0.1 ms.
    """
    kf, dissociation, calcium, sites, t_stop = 0.5, 3000.0, 60, 40, 10e-3
    ball = scene(
        shape("sphere", radius=0.15),
        {"Ca": D_CA, "P": None, "CaP": None},
        dt=dt,
        t_stop=t_stop,
        every=t_stop / 100,
        record=("Ca", t_stop / 50),
        reaction=[turns("Ca P", "CaP", kf, kf * dissociation)],
        release=[*everywhere(Ca=calcium), Release("P", count=sites, on="membrane")],
    )
    trials = effort.run(ball, quick, full, seed=405)
    n = counts(ball, trials, "CaP")[:, 10:]
    mean, variance = laws.bound(calcium, sites, dissociation * volume_of(ball, "cytosol"))
    name = f"Ca + P <-> CaP on the wall, {1e6 * dt:g} us"
    yield averaged(f"{name}: mean", mean, n, 0.01, "molecules")
    yield averaged(f"{name}: variance", variance, (n - mean) ** 2, 0.05, "molecules^2")
    yield alike(f"{name}: free ions in ten shells", *shells(ball, points(trials, "Ca", first=5)))
