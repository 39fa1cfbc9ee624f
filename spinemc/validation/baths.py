"""Regions that hold a concentration: the number that they keep inside, and the flux from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from spinemc.engine.system import System
from spinemc.scenario import Boundary, Release
from spinemc.validation import laws
from spinemc.validation.check import Check, Effort, alike, averaged
from spinemc.validation.scenes import D_CA, counts, points, scene, shape, volume_of

BAR = shape("box", size=(0.2, 0.2, 0.4), edge=0.1)


def number(effort: Effort) -> Iterator[Check]:
    """One end of a bar held at c, the rest closed: a Poisson number in mean and variance, evenly spread.

    Sampled every 0.3 ms, when 4 L^2 / (pi^2 D) = 0.29 ms is the slowest time of the bar.
    """
    c = 1200.0
    bar = scene(
        BAR,
        {"A": D_CA},
        dt=2e-6,
        t_stop=9e-3,
        every=3e-4,
        record=("A", 3e-4),
        release=[Release("A", concentration=c, inside="cytosol")],
        boundary=[Boundary("z_low", ("A",), "clamp", c)],
    )
    trials = effort.run(bar, quick=32, full=400, seed=301)
    n = counts(bar, trials, "A")[:, 5:]
    exact = c * volume_of(bar, "cytosol")
    yield averaged("bath at one end: mean number", exact, n, 0.01, "molecules")
    yield averaged("bath at one end: variance", exact, (n - exact) ** 2, 0.05, "molecules^2")
    layers = np.histogram(points(trials, "A", first=5)[:, 2], np.linspace(-0.2, 0.2, 11))[0]
    yield alike("bath at one end: density in ten layers", layers, np.full(10, layers.sum() / 10))


def flux(effort: Effort) -> Iterator[Check]:
    """Ends held at c and at 0: the flux is D A c / L, and what enters is what leaves."""
    c, t_stop = 20000.0, 4e-3
    bar = scene(
        BAR,
        {"A": D_CA},
        dt=2e-6,
        t_stop=t_stop,
        every=1e-3,
        release=[Release("A", concentration=0.5 * c, inside="cytosol")],
        boundary=[Boundary("z_low", ("A",), "clamp", c), Boundary("z_high", ("A",), "absorb")],
    )
    trials = effort.run(bar, quick=24, full=240, seed=302)
    per_ms = 1e-3 / (t_stop - 1e-3)
    exact = D_CA * 0.04 * c / 0.4 * 1e-3
    for column, sign, what in ((0, -1.0, "enters"), (1, 1.0, "leaves")):
        passed = np.array([sign * trial.absorbed[2:, column].sum() for trial in trials])
        yield averaged(f"between two baths: what {what}", exact, passed, 0.005, "1/ms", scale=per_ms)


def around(effort: Effort) -> Iterator[Check]:
    """A ball whose whole surface is held at c: the number inside is c V, whatever the step."""
    for dt in (2e-6, 0.5e-6):
        ball = _ball(
            3000.0, dt, t_stop=2e-3, every=1e-4, release=[Release("A", concentration=3000.0, inside="cytosol")]
        )
        n = counts(ball, effort.run(ball, quick=16, full=128, seed=303), "A")[:, 5:]
        exact = 3000.0 * volume_of(ball, "cytosol")
        yield averaged(f"bath around a ball, steps of {1e6 * dt:g} us: mean number", exact, n, 0.01, "molecules")


def filling(effort: Effort) -> Iterator[Check]:
    """An empty ball whose whole surface is held at c from the start: the number inside at three times.

    The ball of the exact result has the volume of the mesh.
    """
    c = 30000.0
    ball = _ball(c, 0.5e-6, t_stop=32e-6, every=8e-6)
    n = counts(ball, effort.run(ball, quick=24, full=400, seed=304), "A")
    volume = volume_of(ball, "cytosol")
    radius = (0.75 * volume / np.pi) ** (1.0 / 3.0)
    for k in (1, 2, 4):
        time = ball.scenario.run.sample_times[k]
        exact = c * volume * (1.0 - float(laws.ball(np.array([time]), radius, D_CA)[0]))
        name = f"bath around an empty ball: mean number after {1e6 * time:.0f} us"
        yield averaged(name, exact, n[:, k], 0.01, "molecules")


def _ball(c: float, dt: float, **more: Any) -> System:
    """A ball whose whole surface is held at a concentration."""
    return scene(
        shape("sphere", radius=0.2, edge=0.04),
        {"A": D_CA},
        dt=dt,
        boundary=[Boundary("membrane", ("A",), "clamp", c)],
        **more,
    )
