"""Ways out: a slab with one open wall, a closed neck, a small hole in a ball, a head on a neck."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spinemc.scenario import Boundary, Release
from spinemc.validation import laws
from spinemc.validation.check import Check, Effort
from spinemc.validation.scenes import D_CA, area_of, counts, passage, scene, shape, volume_of


def slab(effort: Effort) -> Iterator[Check]:
    """Survivors between an absorbing and a reflecting wall, at three times, with steps of 0.09 and 0.19 um.

    The slab is 0.5 um thick: without the chance to be absorbed between the ends of a step, survival would be off by a
    tenth to a half.
    """
    length, number = 0.5, 50_000
    for seed, dt in ((201, 20e-6), (205, 80e-6)):
        box = scene(
            shape("box", size=(0.3, 0.3, length), edge=0.3),
            {"Ca": D_CA},
            dt=dt,
            t_stop=480e-6,
            every=80e-6,
            release=[Release("Ca", count=number, inside="cytosol")],
            boundary=[Boundary("z_low", ("Ca",), "absorb")],
        )
        trials = effort.run(box, quick=1, full=20, seed=seed)
        share = counts(box, trials, "Ca").sum(axis=0) / (number * len(trials))
        time = box.scenario.run.sample_times
        exact = laws.slab(time[1:], length, D_CA)
        for k in (1, 3, 6):
            p = float(exact[k - 1])
            error = np.sqrt(p * (1.0 - p) / (number * len(trials)))
            name = f"open slab: share left after {1e6 * time[k]:.0f} us, steps of {1e6 * dt:.0f} us"
            yield Check(name, p, float(share[k]), float(error), 0.005)


def neck(effort: Effort) -> Iterator[Check]:
    """From the closed end of a neck to its absorbing end: L^2 / 2D on average, whatever its width."""
    length = 1.0
    exact = length**2 / (2.0 * D_CA)
    tube = scene(
        shape("cylinder", radius=0.1, length=length, edge=0.05),
        {"Ca": D_CA},
        dt=4e-6,
        t_stop=6.0 * exact,
        every=0.01 * exact,
        release=[Release("Ca", count=4000, at=(0.0, 0.0, 0.5 * length - 1e-6))],
        boundary=[Boundary("bottom", ("Ca",), "absorb")],
    )
    slowest = 4.0 * length**2 / (np.pi**2 * D_CA)
    mean, error = passage(tube, effort.run(tube, quick=2, full=64, seed=202), "Ca", slowest)
    yield Check("closed neck of 1 um: mean time out from its top", 1e3 * exact, 1e3 * mean, 1e3 * error, 0.005, "ms")


def cap(
    effort: Effort,
    angle: float,
    centre: bool,
    step: float = 0.07,
    quick: int = 2,
    full: int = 320,
    molecules: int = 500,
) -> Iterator[Check]:
    """Mean time out of a ball through its absorbing cap.

    The mesh's volume and the area of its cap enter at leading order, V / (4 a D): together a correction of 0.1 %.

    Parameters
    ----------
    angle : float
        Half angle of the cap [rad], one of those in `laws.CAP`.
    centre : bool
        Whether they start from the centre and not from anywhere.
    step : float
        Standard deviation of a step along an axis, in radii of the ball. What mirrored ways in a hollow wall are off by
        falls with its square: -0.89 +- 0.11 % at 0.14, -0.02 +- 0.18 % at 0.07.
    """
    radius = 0.3
    exact = (laws.CAP[angle] + 0.1 * centre) * radius**2 / D_CA
    ball = scene(
        shape("sphere", radius=radius, cap_angle=angle, edge=0.015),
        {"Ca": D_CA},
        dt=(step * radius) ** 2 / (2.0 * D_CA),
        t_stop=7.0 * exact,
        every=0.02 * exact,
        release=[
            Release("Ca", count=molecules, inside=None if centre else "cytosol", at=(0.0,) * 3 if centre else None)
        ],
        boundary=[Boundary("cap", ("Ca",), "absorb")],
    )
    smooth = 2.0 * np.pi * radius**2 * (1.0 - np.cos(angle))
    exact *= volume_of(ball, "cytosol") / (4.0 / 3.0 * np.pi * radius**3) * np.sqrt(smooth / area_of(ball, "cap"))
    mean, error = passage(ball, effort.run(ball, quick, full, seed=203 + round(1e4 * angle) + centre), "Ca", exact)
    start = "the centre" if centre else "anywhere"
    yield Check(
        f"ball with a cap of {angle:g} rad: mean time out from {start}",
        1e3 * exact,
        1e3 * mean,
        1e3 * error,
        0.005,
        "ms",
    )


def head_and_neck(effort: Effort) -> Iterator[Check]:
    """From anywhere in a head of 0.1 um^3 through a neck of radius 0.1 and length 1 um.

    V / (4 a D) + V l / (pi a^2 D) + l^2 / (2 D), with the volume and the neck's cross-section of the mesh. That is good
    to 1 or 2 %, hence no more molecules than show 10 %.
    """
    length = 1.0
    spine = scene(
        shape("spine", head_radius=0.2885, neck_radius=0.1, neck_length=length, psd_radius=0.15),
        {"Ca": D_CA},
        dt=4e-6,
        t_stop=90e-3,
        every=0.5e-3,
        release=[Release("Ca", count=500, inside="head")],
        boundary=[Boundary("base", ("Ca",), "absorb")],
    )
    volume, across = volume_of(spine, "head"), area_of(spine, "base")
    exact = (volume / (4.0 * np.sqrt(across / np.pi)) + volume * length / across + length**2 / 2.0) / D_CA
    mean, error = passage(spine, effort.run(spine, quick=2, full=6, seed=204), "Ca", exact)
    yield Check("head on a neck: mean time out", 1e3 * exact, 1e3 * mean, 1e3 * error, 0.1, "ms")
