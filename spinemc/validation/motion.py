"""Motion alone: free spreading, even density, no way out, numbers in a part of the cell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spinemc.engine.trial import Trial
from spinemc.geometry.compartments import contains
from spinemc.scenario import GeometrySpec, Named, Release, Within
from spinemc.validation import laws
from spinemc.validation.check import Check, Effort, alike, averaged
from spinemc.validation.scenes import D_CA, counts, points, scene, shape, shells, turns, volume_of

SPINE = shape("spine", head_radius=0.5, head_height=0.48, neck_radius=0.1, neck_length=0.7, psd_radius=0.27, edge=0.055)
"""A mushroom spine."""


def spreading(effort: Effort) -> Iterator[Check]:
    """Squared displacement 6 D t over 25 and 50 us, and that the two halves of a path know nothing of each other.

    50,000 molecules a trial from one point, 6.7 standard deviations from the nearest wall.
    """
    half, number = 25e-6, 50_000
    box = scene(
        shape("box", size=(2.0, 2.0, 2.0)),
        {"Ca": D_CA},
        dt=1e-6,
        t_stop=2 * half,
        cell=0.2,
        record=("Ca", half),
        release=[Release("Ca", count=number, at=(0.0, 0.0, 0.0))],
    )
    steps = []
    for trial in effort.run(box, quick=2, full=20, seed=101):
        _, position, name = trial.positions["Ca"]
        frames = [p[np.argsort(n)] for p, n in zip(position.reshape(3, -1, 3), name.reshape(3, -1), strict=True)]
        steps.append((frames[1] - frames[0], frames[2] - frames[1]))
    first, second = (np.concatenate(part) for part in zip(*steps, strict=True))
    for way, time in ((first, half), (first + second, 2 * half)):
        square = (way**2).sum(axis=1) * 1e3
        yield averaged(
            f"free diffusion: mean square displacement in {1e6 * time:.0f} us",
            6e3 * D_CA * time,
            square,
            0.003,
            "1e-3 um^2",
        )
    together = float(np.corrcoef(first.ravel(), second.ravel())[0, 1])
    yield Check(
        "free diffusion: correlation of one half of a path with the next", 0.0, together, 1.0 / np.sqrt(first.size)
    )


def placing(effort: Effort) -> Iterator[Check]:
    """Molecules put anywhere in a small ball, or born there: ten shells of equal volume, up to the wall."""
    rate, until = 3e9, 1e-3
    ball = scene(
        shape("sphere", radius=0.15, edge=0.02),
        {"A": 1e-9},
        dt=1e-5,
        t_stop=until,
        record=("A", until),
        reaction=[turns("", "A", rate, inside="cytosol")],
        release=[Release("A", count=50_000, inside="cytosol")],
    )
    trials = effort.run(ball, quick=1, full=8, seed=107)
    before = np.concatenate([trial.positions["A"][1][:50_000] for trial in trials])
    yield alike("released in a ball: density in ten shells", *shells(ball, before))
    after = np.concatenate([_late(trial, "A", 50_000) for trial in trials])
    yield alike("born in a ball: density in ten shells", *shells(ball, after))


def _late(trial: Trial, species: str, first: int) -> np.ndarray:
    """(rows, 3) places in the last frame of the molecules whose number is `first` or later [um]."""
    row_size, position, name = trial.positions[species]
    last = slice(-int(row_size[-1]), None)
    return position[last][name[last] >= first]


def evenness(effort: Effort) -> Iterator[Check]:
    """Ten shells of equal volume in a closed ball of radius 0.5 um: even up to the wall, whatever the step.

    25,000 molecules a trial; a shell that is 1 % off makes chi-squared 2.5 larger a trial. Steps are 0.02, 0.07 and
    0.15 um long along an axis; those from a point go on for 30 relaxation times of the slowest mode, R^2 / (2.08^2 D).
    """
    ways = ((1e-6, 100, None), (10e-6, 170, (0.0, 0.0, 0.0)), (50e-6, 40, (0.0, 0.0, 0.47)))
    for dt, steps, start in ways:
        ball = scene(
            shape("sphere", radius=0.5),
            {"Ca": D_CA},
            dt=dt,
            t_stop=steps * dt,
            cell=0.1,
            record=("Ca", steps * dt),
            release=[Release("Ca", count=25_000, inside=None if start else "cytosol", at=start)],
        )
        found = points(effort.run(ball, quick=2, full=24, seed=102), "Ca", first=1)
        yield alike(f"closed ball: density in ten shells, {1e6 * dt:.0f} us", *shells(ball, found))


def confinement(effort: Effort, geometry: GeometrySpec = SPINE) -> Iterator[Check]:
    """No molecule outside a closed mesh, by crossings of a ray, and hardly a step that is not made.

    10^8 particle-steps in the full run, 10^7 in the quick one.
    """
    dt, steps, molecules = 2e-6, 500, 10_000
    spine = scene(
        geometry,
        {"Ca": D_CA},
        dt=dt,
        t_stop=steps * dt,
        record=("Ca", steps * dt / 2),
        release=[Release("Ca", count=molecules, inside="cytosol")],
    )
    trials = effort.run(spine, quick=2, full=20, seed=103)
    found = points(trials, "Ca", first=1)
    moves = sum(trial.moves for trial in trials)
    escaped = len(trials) * 2 * molecules - int(contains(spine.geometry, found).sum())
    yield Check(f"closed spine: molecules lost or outside after {moves:.0e} steps", 0.0, float(escaped), 0.0, 0.0)


def occupancy(effort: Effort) -> Iterator[Check]:
    """Counts in a part of a closed cup, cut by its wall: binomial in mean, variance and histogram.

    20 molecules that start anywhere, and samples seven relaxation times of the slowest mode apart.
    """
    number = 20
    corner = Named("corner", Within("sphere", center=(0.15, 0.0, 0.0), radius=0.15))
    cup = scene(
        shape("sphere", compartment=[corner], radius=0.2, edge=0.03),
        {"Ca": D_CA},
        dt=4e-6,
        t_stop=0.06,
        every=0.3e-3,
        release=[Release("Ca", count=number, inside="cytosol")],
    )
    share = volume_of(cup, "corner") / volume_of(cup, "cytosol")
    n = counts(cup, effort.run(cup, quick=16, full=300, seed=104), "Ca", "corner")
    yield averaged("sub-volume, binomial: mean", number * share, n, 0.005, "molecules")
    variance = number * share * (1.0 - share)
    yield averaged("sub-volume, binomial: variance", variance, (n - number * share) ** 2, 0.02, "molecules^2")
    from scipy.stats import binom

    last = int(binom.isf(0.003, number, share))
    expected = n.size * binom.pmf(np.arange(last + 1), number, share)
    expected[-1] = n.size * binom.sf(last - 1, number, share)
    found = np.bincount(np.minimum(n.astype(int).ravel(), last), minlength=last + 1)
    yield alike("sub-volume, binomial: histogram of counts", found, expected)


def memory(effort: Effort) -> Iterator[Check]:
    """Autocovariance of the count in one half of a box: the sum over its modes, at lags up to twice the slowest."""
    number, length, lag = 40, 0.4, 20e-6
    half = Named("half", Within("box", low=(-1.0, -1.0, -1.0), high=(1.0, 1.0, 0.0)))
    box = scene(
        shape("box", compartment=[half], size=(0.2, 0.2, length)),
        {"Ca": D_CA},
        dt=4e-6,
        t_stop=30e-3,
        every=lag,
        release=[Release("Ca", count=number, inside="cytosol")],
    )
    n = counts(box, effort.run(box, quick=16, full=256, seed=105), "Ca", "half") - 0.5 * number
    for k in (1, 2, 4, 8):
        product = n[:, k:] * n[:, : n.shape[1] - k]
        exact = number * float(laws.half_box(np.array([k * lag]), length, D_CA)[0])
        yield averaged(
            f"half of a box: autocovariance of its count over {1e6 * k * lag:.0f} us",
            exact,
            product,
            0.02,
            "molecules^2",
        )


def balance(effort: Effort) -> Iterator[Check]:
    """Equal concentrations in head and shaft, joined by a neck, after ten relaxation times from all in the head."""
    number = 60
    spine = scene(
        shape(
            "spine",
            head_radius=0.2,
            neck_radius=0.12,
            neck_length=0.2,
            psd_radius=0.1,
            shaft_radius=0.2,
            shaft_length=0.55,
            edge=0.04,
        ),
        {"Ca": D_CA},
        dt=8e-6,
        t_stop=40e-3,
        every=0.5e-3,
        release=[Release("Ca", count=number, inside="head")],
    )
    trials = effort.run(spine, quick=16, full=1000, seed=106)
    head, shaft = (counts(spine, trials, "Ca", place)[:, 20:].mean(axis=1) for place in ("head", "shaft"))
    exact = volume_of(spine, "head") / volume_of(spine, "shaft")
    ratio = head.mean() / shaft.mean()
    error = np.std(head - ratio * shaft, ddof=1) / np.sqrt(len(trials)) / shaft.mean()
    yield Check(
        "head and shaft through a neck: ratio of concentrations", 1.0, ratio / exact, float(error / exact), 0.005
    )
