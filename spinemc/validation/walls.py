"""Walls that take up at a rate or let through: a ball, a cell from outside, a partition, an organelle."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spinemc.scenario import Boundary, Named, Outside, Plane, Release, Shape, Species, Surface, Within
from spinemc.validation import laws
from spinemc.validation.check import Check, Effort, averaged
from spinemc.validation.scenes import D_CA, area_of, counts, everywhere, scene, shape, turns, volume_of

RADIUS = 0.3  # [um]
UPTAKE = 2.0 * D_CA / RADIUS  # a velocity at which surface and diffusion are about as slow as each other [um/s]


def uptake(effort: Effort) -> Iterator[Check]:
    """A ball whose surface takes up at a rate: the share left at two times, and the last time constant."""
    molecules = 20_000
    _, slowest = laws.ball_with_uptake(np.ones(1), RADIUS, D_CA, UPTAKE)
    ball = scene(
        shape("sphere", radius=RADIUS, edge=0.02),
        {"Ca": D_CA},
        dt=2e-6,
        t_stop=2.5 * slowest,
        every=0.5 * slowest,
        release=everywhere(Ca=molecules),
        boundary=[Boundary("membrane", ("Ca",), "absorb", rate=UPTAKE)],
    )
    trials = effort.run(ball, quick=2, full=32, seed=801)
    number = counts(ball, trials, "Ca").sum(axis=0)
    time = ball.scenario.run.sample_times
    # the mesh has a little less volume for its area than the ball: both widths that matter shrink alike
    radius = 3.0 * volume_of(ball, "cytosol") / area_of(ball, "membrane")
    left, slowest = laws.ball_with_uptake(time[1:], radius, D_CA, UPTAKE)
    for k in (1, 5):
        p = float(left[k - 1])
        error = np.sqrt(p * (1.0 - p) / number[0])
        name = f"ball with uptake: share left after {time[k] / slowest:.1f} time constants"
        yield Check(name, p, float(number[k] / number[0]), float(error), 0.01)
    ratio = number[1] / number[5]
    measured = (time[5] - time[1]) / np.log(ratio)
    exact = (time[5] - time[1]) / np.log(left[0] / left[4])
    error = measured / np.log(ratio) * np.sqrt(1.0 / number[5] - 1.0 / number[1])
    yield Check("ball with uptake: time constant", 1e6 * exact, 1e6 * measured, 1e6 * error, 0.01, "us")


def steady(effort: Effort) -> Iterator[Check]:
    """A ball with births everywhere and uptake at its surface: the number inside, q V (R^2 / 15 D + R / 3 K)."""
    births = 5e7  # [1/(um^3 s)]
    ball = scene(
        shape("sphere", radius=RADIUS, edge=0.02),
        {"Ca": D_CA},
        dt=2e-6,
        t_stop=3e-3,
        every=0.1e-3,
        reaction=[turns("", "Ca", births, inside="cytosol")],
        boundary=[Boundary("membrane", ("Ca",), "absorb", rate=UPTAKE)],
    )
    volume = volume_of(ball, "cytosol")
    radius = 3.0 * volume / area_of(ball, "membrane")
    exact = births * volume * (radius**2 / (15.0 * D_CA) + radius / (3.0 * UPTAKE))
    n = counts(ball, effort.run(ball, quick=16, full=96, seed=802), "Ca")[:, 8:]
    yield averaged("ball with uptake and births: number inside", exact, n, 0.01, "molecules")


def around(effort: Effort) -> Iterator[Check]:
    """Births all around a cell that takes up, inside a ball that reflects: the number outside.

    What is born in a volume V is taken up through the cell's area, which sets the concentration there to
    q V / (4 pi R1^2 K); the way there, past less and less area, sets its rise.
    """
    near, far, births = 0.2, 0.4, 1e6  # [um], [um], [1/(um^3 s)]
    velocity = D_CA / near
    cell = scene(
        shape("sphere", radius=near, edge=0.03, outside=Outside(shape=Shape("sphere", {"radius": far, "edge": 0.06}))),
        {"glu": Species("glu", D=D_CA, inside="outside")},
        dt=2e-6,
        t_stop=10e-3,
        every=0.2e-3,
        reaction=[turns("", "glu", births, inside="outside")],
        boundary=[Boundary("membrane", ("glu",), "absorb", rate=velocity)],
    )
    n = counts(cell, effort.run(cell, quick=16, full=240, seed=803), "glu", "outside")[:, 10:]
    volume = volume_of(cell, "outside")
    inner = np.sqrt(area_of(cell, "membrane") / (4.0 * np.pi))
    outer = (inner**3 + 0.75 * volume / np.pi) ** (1.0 / 3.0)
    cubes, squares, fifths = outer**3 - inner**3, outer**2 - inner**2, outer**5 - inner**5
    at_wall = births * volume / (4.0 * np.pi * inner**2 * velocity) * cubes / 3.0
    bent = births / (6.0 * D_CA) * (inner**2 * cubes / 3.0 - fifths / 5.0)
    rise = births * outer**3 / (3.0 * D_CA) * (cubes / (3.0 * inner) - squares / 2.0)
    exact = 4.0 * np.pi * (at_wall + bent + rise)
    yield averaged("cell that takes up, births around it: number outside", float(exact), n, 0.01, "molecules")


def partition(effort: Effort) -> Iterator[Check]:
    """A permeable sheet across the middle of a box: how all that were in one half spread over both.

    The part of the density that is odd about the sheet sees a wall that takes up with velocity 2 P.
    """
    length, number, permeability = 0.3, 10_000, 500.0
    low = Named("low", Within("box", low=(-1.0, -1.0, -1.0), high=(1.0, 1.0, 0.0)))
    box = scene(
        shape(
            "box",
            size=(0.2, 0.2, 2.0 * length),
            compartment=[low],
            surface=[Surface("sheet", plane=Plane((0.0, 0.0, 0.0), (0.0, 0.0, 1.0)))],
        ),
        {"Ca": D_CA},
        dt=5e-6,
        t_stop=800e-6,
        every=100e-6,
        release=[Release("Ca", count=number, inside="low")],
        boundary=[Boundary("sheet", ("Ca",), "permeable", permeability=permeability)],
    )
    trials = effort.run(box, quick=2, full=24, seed=804)
    share = counts(box, trials, "Ca", "low").sum(axis=0) / (number * len(trials))
    time = box.scenario.run.sample_times
    exact = 0.5 + 0.5 * laws.slab_with_uptake(time[1:], length, D_CA, 2.0 * permeability)
    for k in (1, 3, 8):
        p = float(exact[k - 1])
        error = np.sqrt(p * (1.0 - p) / (number * len(trials)))
        name = f"permeable partition: share on its side after {1e6 * time[k]:.0f} us"
        yield Check(name, p, float(share[k]), float(error), 0.005)


def organelle(effort: Effort) -> Iterator[Check]:
    """A permeable organelle off the middle of a cell: equal concentrations on both sides of its curved membrane."""
    number = 60
    within = Surface("organelle", Shape("sphere", {"radius": 0.15, "edge": 0.03}), at=(0.05, 0.0, 0.02), inside="lumen")
    cell = scene(
        shape("sphere", radius=0.25, edge=0.04, surface=[within]),
        {"Ca": D_CA},
        dt=2e-6,
        t_stop=12e-3,
        every=0.1e-3,
        release=everywhere(Ca=number),
        boundary=[Boundary("organelle", ("Ca",), "permeable", permeability=1000.0)],
    )
    inner, outer = volume_of(cell, "lumen"), volume_of(cell, "cytosol")
    n = counts(cell, effort.run(cell, quick=16, full=200, seed=805), "Ca", "lumen")[:, 10:]
    exact = number * inner / (inner + outer)
    yield averaged("permeable organelle: number inside", exact, n, 0.005, "molecules")
