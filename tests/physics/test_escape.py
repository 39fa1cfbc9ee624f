"""Ways out: a slab with one open wall, a small hole in a sphere, a head on a neck."""

import numpy as np
import pytest
from scenes import D_CA, counts, run, scene, shape

from spinemc.scenario import Boundary, Release

MEAN_BY_CAP = 10.900  # mean time out of a unit sphere through a cap of half angle 0.1, D = 1, from an even start


@pytest.mark.parametrize("dt", [20e-6, 80e-6], ids=["20 us", "80 us"])
def test_slab_with_an_open_wall(dt):
    """Survivors between an absorbing and a reflecting wall: within 5 standard errors of the series at six times.

    200,000 molecules, standard error 0.1 % of all. Steps of 0.09 and 0.19 um along an axis in a slab of 0.5 um:
    without the chance to be absorbed between the ends of a step, survival at 80 us would be off by tens of errors.
    """
    length, number = 0.5, 50_000
    slab = scene(
        shape("box", size=(0.3, 0.3, length)),
        {"Ca": D_CA},
        dt=dt,
        t_stop=480e-6,
        every=80e-6,
        release=[Release("Ca", count=number, inside="cytosol")],
        boundary=[Boundary("z_low", ("Ca",), "absorb")],
    )
    trials = run(slab, trials=4, seed=1)
    left = counts(slab, trials, "Ca").sum(axis=0)
    gone = np.stack([trial.absorbed[:, 0] for trial in trials]).sum(axis=0).cumsum()
    k = (2 * np.arange(200) + 1)[:, None] * np.pi / 2.0 / length
    time = slab.scenario.run.sample_times[1:]
    p = (2.0 / (k * length) ** 2 * np.exp(-(k**2) * D_CA * time)).sum(axis=0)
    total = number * len(trials)
    assert np.array_equal(left + gone, np.full(left.shape, total))
    assert np.all(np.abs(left[1:] - total * p) < 5.0 * np.sqrt(total * p * (1.0 - p)))


def hole(sigma, molecules, trials, seed):
    """Mean time out of a sphere through its cap, over the exact one, less 1.

    `sigma` is the step along an axis in units of the cap's radius. The mesh's volume and the area of its cap enter at
    leading order, V / (4 a D): together a correction of 0.1 %.
    """
    radius, angle = 0.3, 0.1
    a = radius * np.sin(angle)
    expected = MEAN_BY_CAP * radius**2 / D_CA
    ball = scene(
        shape("sphere", radius=radius, cap_angle=angle, edge=0.015),
        {"Ca": D_CA},
        dt=(sigma * a) ** 2 / (2.0 * D_CA),
        t_stop=7.0 * expected,
        every=0.02 * expected,
        release=[Release("Ca", count=molecules, inside="cytosol")],
        boundary=[Boundary("cap", ("Ca",), "absorb")],
    )
    geometry = ball.geometry
    cap = geometry.region_area[geometry.regions.index("cap")]
    smooth = 2.0 * np.pi * radius**2 * (1.0 - np.cos(angle))
    expected *= geometry.volume / (4.0 / 3.0 * np.pi * radius**3) * np.sqrt(smooth / cap)
    left = counts(ball, run(ball, trials, seed), "Ca").mean(axis=0) / molecules
    # what is left at the end leaves as it did before, with the one rate of the long run
    return (np.trapezoid(left, ball.scenario.run.sample_times) + left[-1] * expected) / expected - 1.0


def test_hole_in_a_sphere():
    """Mean first passage through a cap of half angle 0.1 within 1 % of 10.900 R^2/D, steps as long as its radius.

    100,000 molecules: the times are exponential, standard error 0.32 %.
    """
    assert abs(hole(sigma=1.0, molecules=12_500, trials=8, seed=2)) < 0.01


@pytest.mark.long
@pytest.mark.parametrize(("sigma", "trials"), [(1.4, 16), (0.7, 8), (0.5, 8)])
def test_hole_in_a_sphere_by_step(sigma, trials):
    """The same within 1 %, from steps of 1.4 of the cap's radius to 0.5; standard error 0.29 % or less."""
    assert abs(hole(sigma, molecules=15_000, trials=trials, seed=3)) < 0.01


def test_head_and_neck():
    """From an even start in a head of 0.1 um^3 through a neck of radius 0.1 and length 1 um: 17.88 ms within 10 %.

    V/(4aD) + V l/(pi a^2 D) + l^2/(2D), with the volume and the neck's cross-section of the mesh. 6,000 molecules,
    standard error 1.3 %.
    """
    radius = 0.2885  # holds 0.1 um^3, as a polyhedron and less what the neck cuts off
    molecules, length = 1000, 1.0
    spine = scene(
        shape("spine", head_radius=radius, neck_radius=0.1, neck_length=length, psd_radius=0.15),
        {"Ca": D_CA},
        dt=4e-6,
        t_stop=120e-3,
        every=0.5e-3,
        release=[Release("Ca", count=molecules, inside="head")],
        boundary=[Boundary("base", ("Ca",), "absorb")],
    )
    geometry = spine.geometry
    volume = geometry.compartment_volume[geometry.compartments.index("head")]
    across = geometry.region_area[geometry.regions.index("base")]
    expected = (volume / (4.0 * np.sqrt(across / np.pi)) + volume * length / across + length**2 / 2.0) / D_CA
    assert expected == pytest.approx(17.88e-3, rel=0.03)
    left = counts(spine, run(spine, trials=6, seed=4), "Ca").mean(axis=0) / molecules
    mean = np.trapezoid(left, spine.scenario.run.sample_times) + left[-1] * expected
    assert mean == pytest.approx(expected, rel=0.1)
