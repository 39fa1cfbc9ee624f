"""Molecules that glide in the membrane, and molecules around a cell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spinemc.geometry import build
from spinemc.geometry.compartments import contains
from spinemc.scenario import Outside, Release, Shape, Species
from spinemc.validation.check import Check, Effort, alike
from spinemc.validation.scenes import D_CA, points, scene, shape

RADIUS, DIFFUSION = 0.3, 1.0  # [um], [um^2/s]
BALL = shape("sphere", radius=RADIUS, cap_angle=0.5, edge=0.02)
LIFE = RADIUS**2 / (2.0 * DIFFUSION)  # of the mean of cos(theta) [s]


def gliding(effort: Effort) -> Iterator[Check]:
    """In the membrane of a ball: from a cap, the mean of cos(theta) decays with 2 D / R^2; from even it stays even.

    R is that of a sphere with the mesh's area. Steps are 0.07 R long along each direction, 1.1 edges of the triangles.
    """
    spread = _spheres(effort, "cap")
    exact = build(BALL).area / (4.0 * np.pi) / (2.0 * DIFFUSION)
    first, last = (frame[:, 2] for frame in spread)
    ratio = last.mean() / first.mean()
    error = np.std(last - ratio * first, ddof=1) / np.sqrt(len(first)) / first.mean()
    measured = LIFE / np.log(1.0 / ratio)
    yield Check(
        "gliding on a sphere: decay time of the mean of cos(theta)",
        1e3 * exact,
        1e3 * measured,
        1e3 * float(measured**2 / LIFE * error / ratio),
        0.01,
        "ms",
    )
    zones = np.histogram(_spheres(effort, "membrane")[1][:, 2], np.linspace(-1.0, 1.0, 11))[0]
    yield alike("gliding on a sphere: density in ten zones of equal area", zones, np.full(10, zones.sum() / 10))


def _spheres(effort: Effort, start: str) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) directions of molecules on a ball before and after a life, molecule by molecule, from a region."""
    number = 10_000
    ball = scene(
        BALL,
        {"P": Species("P", D=DIFFUSION, on="membrane")},
        dt=LIFE / 200,
        t_stop=LIFE,
        record=("P", LIFE),
        release=[Release("P", count=number, on=start)],
    )
    frames: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for trial in effort.run(ball, quick=2, full=24, seed=901):
        _, position, name = trial.positions["P"]
        for frame, place, who in zip(frames, position.reshape(2, -1, 3), name.reshape(2, -1), strict=True):
            ordered = place[np.argsort(who)]
            frame.append(ordered / np.linalg.norm(ordered, axis=1)[:, None])
    return np.concatenate(frames[0]), np.concatenate(frames[1])


def surroundings(effort: Effort) -> Iterator[Check]:
    """Around a cell, in a ball that reflects: ten shells of equal volume, and none inside the cell or beyond.

    The molecules start even and make steps of 0.05 um along an axis.
    """
    near, far, number = 0.25, 0.45, 10_000
    cell = scene(
        shape("sphere", radius=near, edge=0.03, outside=Outside(shape=Shape("sphere", {"radius": far, "edge": 0.04}))),
        {"glu": Species("glu", D=D_CA, inside="outside")},
        dt=5e-6,
        t_stop=200e-6,
        record=("glu", 200e-6),
        release=[Release("glu", count=number, inside="outside")],
    )
    trials = effort.run(cell, quick=2, full=40, seed=902)
    found = points(trials, "glu", first=1)
    geometry = cell.geometry
    lost = number * len(trials) - int(contains(geometry, found, geometry.spaces.index("outside")).sum())
    yield Check("around a cell: molecules lost, inside it or beyond", 0.0, float(lost), 0.0, 0.0)
    whole = geometry.compartment_volume[geometry.compartments.index("outside")]
    filled = geometry.compartment_volume[geometry.compartments.index("cytosol")]
    cut = (0.75 / np.pi * (filled + whole * np.arange(1, 10) / 10)) ** (1.0 / 3.0)
    observed = np.bincount(np.searchsorted(cut, np.linalg.norm(found, axis=1)), minlength=10)
    yield alike("around a cell: density in ten shells", observed, np.full(10, len(found) / 10))
