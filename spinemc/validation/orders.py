"""How fast errors fall when the step is halved and the mesh is refined: measured orders beside those promised.

An order is the slope of the logarithm of the error over that of the step's or the triangles' size, fitted to three
sizes or more.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

from spinemc.engine.system import System
from spinemc.errors import SpinemcWarning
from spinemc.geometry import build
from spinemc.scenario import Boundary, Named, Release, Within
from spinemc.validation import laws
from spinemc.validation.check import Check, Effort, settled
from spinemc.validation.scenes import D_CA, counts, everywhere, passage, scene, shape, turns, volume_of


def slope(size: np.ndarray, bias: np.ndarray, error: np.ndarray) -> tuple[float, float]:
    """Order of a bias in a size, and its standard error, from independent biases with standard errors.

    Parameters
    ----------
    size, bias, error : (n,) float64
        Biases that are all of one sign, several standard errors each.
    """
    x, y = np.log(size), np.log(np.abs(bias))
    weight = (bias / error) ** 2
    x = x - np.average(x, weights=weight)
    spread = (weight * x**2).sum()
    return float((weight * x * y).sum() / spread), float(1.0 / np.sqrt(spread))


def mesh_volume(effort: Effort) -> Iterator[Check]:
    """Volume and area that a ball's mesh lacks: order 2 in the length of the triangles' edges.

    No chance is in it: the error is the spread of the order from one mesh to the next, whose rings are whole numbers.
    """
    radius = 0.3
    made = [build(shape("sphere", radius=radius, edge=radius * share)) for share in 0.4 / 2.0 ** np.arange(6)]
    size = np.log([np.sqrt(geometry.area / len(geometry.face)) for geometry in made])
    smooth = {"volume": 4.0 / 3.0 * np.pi * radius**3, "area": 4.0 * np.pi * radius**2}
    for what, exact in smooth.items():
        lacking = np.log([1.0 - getattr(geometry, what) / exact for geometry in made])
        order = np.diff(lacking) / np.diff(size)
        yield Check(
            f"order in the mesh's edge: {what} of a ball", 2.0, float(order.mean()), float(order.std(ddof=1)), 0.05
        )


def mesh_passage(effort: Effort) -> Iterator[Check]:
    """Mean time from the centre of a ball whose surface absorbs: order 2 in the length of the triangles' edges.

    Against R^2 / 6 D of the smooth ball, with steps short enough that the mesh makes the error.
    """
    radius = 0.3
    exact = radius**2 / (6.0 * D_CA)
    size, bias, error = [], [], []
    for share in (0.5, 0.3, 0.18):
        ball = _open_ball(radius, radius * share, (0.06 * radius) ** 2 / (2.0 * D_CA), 8.0 * exact, 200, 20_000)
        slowest = radius**2 / (np.pi**2 * D_CA)
        mean, deviation = passage(ball, effort.run(ball, quick=2, full=48, seed=701), "Ca", slowest)
        size.append(np.sqrt(ball.geometry.area / len(ball.geometry.face)))
        bias.append(mean / exact - 1.0)
        error.append(deviation / exact)
    order, deviation = slope(np.array(size), np.array(bias), np.array(error))
    yield Check("order in the mesh's edge: mean time out of a ball", 2.0, order, deviation, 0.1)


def step_passage(effort: Effort) -> Iterator[Check]:
    """Share left in a ball whose surface absorbs, from its centre, after 4, 8 and 16 steps: order 1 in the step.

    A touch between the ends of a step is tested against planes, and the wall is curved.
    """
    radius, molecules = 0.3, 20_000
    until = 0.12 * radius**2 / D_CA
    step, bias, error = [], [], []
    for steps in (4, 8, 16):
        ball = _open_ball(radius, 0.15 * radius, until / steps, until, 1, molecules)
        trials = effort.run(ball, quick=2, full=120, seed=702 + steps)
        even = radius * (volume_of(ball, "cytosol") / (4.0 / 3.0 * np.pi * radius**3)) ** (1.0 / 3.0)
        p = laws.ball_from_centre(until, even, D_CA)
        left = counts(ball, trials, "Ca")[:, -1] / molecules
        step.append(until / steps)
        bias.append(left.mean() - p)
        error.append(np.sqrt(p * (1.0 - p) / left.size / molecules))
    order, deviation = slope(np.array(step), np.array(bias), np.array(error))
    yield Check("order in the step: share left in an open ball", 1.0, order, deviation, 0.1)


def step_binding(effort: Effort) -> Iterator[Check]:
    """A + B -> B of molecules that rest, one or so of each in a reaction cell: order 1 in the step.

    An A with n partners in its cell is left after t with probability e^(-n k t/V), which is averaged over n. What is
    measured is how a hazard in continuous time becomes a probability in a step; the steps are too long on purpose.
    """
    cell, molecules, k = 0.1, 8000, 1.0
    volume = cell**3
    until = 12 * 0.08 * volume / k
    low, high = (-0.8,) * 3, (0.8,) * 3
    step, bias, error = [], [], []
    for n in (6, 12, 24):
        with warnings.catch_warnings(action="ignore", category=SpinemcWarning):
            box = scene(
                shape("box", size=(2.0,) * 3, compartment=[Named("middle", Within("box", low=low, high=high))]),
                {"A": 0.0, "B": 0.0},
                dt=until / n,
                t_stop=until,
                cell=cell,
                reaction=[turns("A B", "B", k)],
                release=[Release("A", count=molecules // 2, inside="middle"), *everywhere(B=molecules)],
            )
        left = counts(box, effort.run(box, quick=16, full=400, seed=703 + n), "A")[:, -1] / (molecules // 2)
        share = volume / volume_of(box, "cytosol")
        p = (1.0 - share * (1.0 - np.exp(-k * until / volume))) ** molecules
        mean, deviation = settled(left)
        step.append(until / n)
        bias.append(mean - p)
        error.append(deviation)
    order, deviation = slope(np.array(step), np.array(bias), np.array(error))
    yield Check("order in the step: binding in reaction cells", 1.0, order, deviation, 0.2)


def _open_ball(radius: float, edge: float, dt: float, t_stop: float, samples: int, molecules: int) -> System:
    """A ball whose surface absorbs, with molecules at its centre."""
    return scene(
        shape("sphere", radius=radius, edge=edge),
        {"Ca": D_CA},
        dt=dt,
        t_stop=t_stop,
        every=t_stop / samples,
        cell=0.2,
        release=[Release("Ca", count=molecules, at=(0.0, 0.0, 0.0))],
        boundary=[Boundary("membrane", ("Ca",), "absorb")],
    )
