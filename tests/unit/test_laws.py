"""The exact results that the engine is held against, against plain computations of the same."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import expm

from spinemc.validation import laws

D = 220.0


def left_after(time, length, velocity, power, number=400):
    """Share left of an even start below a wall that takes up, in a ball (power 2) or a slab (0), by finite volumes."""
    edge = np.linspace(0.0, length, number + 1)
    step, area = edge[1], edge**power
    volume = (edge[1:] ** (power + 1) - edge[:-1] ** (power + 1)) / (power + 1)
    through = D * area[1:-1] / step
    rate = np.diag(through, 1) + np.diag(through, -1)
    rate -= np.diag(rate.sum(axis=1))
    rate[-1, -1] -= area[-1] / (1.0 / velocity + 0.5 * step / D)
    concentration = expm(rate / volume[:, None] * time) @ np.ones(number)
    return concentration @ volume / volume.sum()


@pytest.mark.parametrize("velocity", [50.0, 1500.0, 1e9])
@pytest.mark.parametrize("time", [2e-5, 3e-4])
def test_uptake(velocity, time):
    slab = laws.slab_with_uptake(np.array([time]), 0.3, D, velocity)[0]
    assert slab == pytest.approx(left_after(time, 0.3, velocity, 0), rel=3e-4)
    ball, _ = laws.ball_with_uptake(np.array([time]), 0.3, D, velocity)
    assert ball[0] == pytest.approx(left_after(time, 0.3, velocity, 2), rel=1e-3, abs=1e-5)


def test_the_last_time_constant():
    time = np.array([1e-3, 1.1e-3])
    left, slowest = laws.ball_with_uptake(time, 0.3, D, 1500.0)
    assert np.log(left[0] / left[1]) == pytest.approx(1e-4 / slowest, rel=1e-6)


def test_an_open_wall_takes_up_without_bound():
    time = np.array([1e-5, 1e-4, 1e-3])
    assert laws.slab(time, 0.5, D) == pytest.approx(laws.slab_with_uptake(time, 0.5, D, 1e12), rel=1e-5)


def test_half_of_a_box():
    """At no lag f (1 - f); at any lag what the images of a Gaussian say."""
    assert laws.half_box(np.array([0.0]), 0.4, D)[0] == pytest.approx(0.25, rel=1e-3)
    lag, length = 40e-6, 0.4
    sigma = np.sqrt(2.0 * D * lag)

    def density(x, y):
        images = np.concatenate([2.0 * length * np.arange(-5, 6) + y, 2.0 * length * np.arange(-5, 6) - y])
        return np.exp(-0.5 * ((x - images) / sigma) ** 2).sum() / sigma / np.sqrt(2.0 * np.pi)

    grid = (np.arange(60) + 0.5) * 0.5 * length / 60
    both = np.mean([[density(x, y) for x in grid] for y in grid]) * (0.5 * length) ** 2 / length
    assert laws.half_box(np.array([lag]), length, D)[0] == pytest.approx(both - 0.25, rel=1e-3)


def test_out_of_a_ball():
    """The share left integrates to the mean time from the centre, R^2 / 6 D."""
    mean = quad(lambda t: laws.ball_from_centre(t, 0.3, D), 1e-9, 2e-3, limit=200)[0]
    assert mean == pytest.approx(0.09 / (6.0 * D), rel=1e-4)


def test_collins_kimball():
    """From the rate of contacts at first to the steady rate; near it by the law that knows neither R nor mechanism."""
    radius = 1e-3
    limit = 4.0 * np.pi * D * radius
    contact = 0.6 * limit
    k = limit * contact / (limit + contact)
    assert laws.collins_kimball(np.array([0.0, 1e9]), k, D, radius) == pytest.approx([contact, k], rel=1e-6)
    time = 1e-4
    late = k * (1.0 + k / (4.0 * np.pi * D * np.sqrt(np.pi * D * time)))
    assert laws.collins_kimball(np.array([time]), k, D, radius)[0] == pytest.approx(late, rel=1e-5)
    assert limit * 6.02214076e23 / 1e15 == pytest.approx(1.665e9, rel=1e-3)


def test_complexes():
    """Two of each: weights 1, 4 / kappa, 2 / kappa^2; and a published value."""
    weight = np.array([1.0, 4.0 / 3.0, 2.0 / 9.0])
    mean = weight @ [0, 1, 2] / weight.sum()
    assert laws.bound(2, 2, 3.0) == pytest.approx((mean, weight @ [0, 1, 4] / weight.sum() - mean**2))
    assert laws.bound(50, 20, 60.2214076) == pytest.approx((8.2333, 4.3638), rel=1e-4)


def test_a_telegraph_channel():
    """Against the moments of the master equation of channel and ions, cut off at many ions."""
    opening, closing, influx, decay, most = 4.0, 6.0, 30.0, 10.0, 60
    n = np.arange(most)
    ions = np.diag(decay * n[1:], 1)
    born = np.diag(np.full(most - 1, influx), -1)
    rate = np.block([[ions, closing * np.eye(most)], [opening * np.eye(most), ions + born]])
    rate -= np.diag(rate.sum(axis=0))
    p = np.linalg.svd(rate)[2][-1]
    p = (p / p.sum()).reshape(2, most).sum(axis=0)
    mean = p @ n
    assert laws.telegraph(opening, closing, influx, decay) == pytest.approx(
        (mean, (p @ n**2 - mean**2) / mean), rel=1e-6
    )
