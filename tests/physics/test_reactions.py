"""Reactions against exact laws: how many, how they fluctuate, how fast, and where."""

import numpy as np
import pytest
from scenes import (
    D_CA,
    PER_MOLAR,
    bound,
    chi_squared,
    counts,
    points,
    run,
    scene,
    settled,
    shape,
    shells,
    turns,
)

from spinemc.scenario import Release

SLOW = 20.0  # a mobile buffer's diffusion coefficient [um^2/s]


def inside(**numbers):
    """Releases of given numbers of molecules anywhere in the cell."""
    return [Release(name, count=number, inside="cytosol") for name, number in numbers.items()]


def test_decay_is_exponential():
    """Survivors of first-order decay at ten times: within 5 standard errors of N e^-kt, 200,000 molecules.

    A step loses 4 % of them, so that a scheme of first order in the step would miss by 6 standard errors and more.
    """
    rate, number, dt = 4e3, 50_000, 10e-6
    ball = scene(
        shape("sphere", radius=0.3),
        {"A": D_CA, "B": SLOW},
        dt=dt,
        t_stop=50 * dt,
        every=5 * dt,
        reaction=[turns("A", "B", rate)],
        release=inside(A=number),
    )
    trials = run(ball, trials=4, seed=1)
    left = counts(ball, trials, "A")
    p = np.exp(-rate * ball.scenario.run.sample_times)
    error = np.sqrt(number * len(trials) * p * (1.0 - p))
    assert np.all(np.abs(left.sum(axis=0) - number * len(trials) * p) <= 5.0 * error)
    assert np.array_equal(left + counts(ball, trials, "B"), np.full(left.shape, number))


def test_birth_and_death():
    """0 -> Ca -> 0: mean, variance and autocorrelation of the stationary Poisson law, each within 5 standard errors.

    96 trials of 18 ms, 200 relaxation times each: about 9,600 independent samples, standard errors from the spread
    between trials (0.25 % of the mean, 1.4 % of the variance). The rise from nothing follows n (1 - e^-gt) likewise.
    """
    number, gamma, lag = 20.0, 1e4, 50e-6
    geometry = shape("sphere", radius=0.2)
    volume = scene(geometry, {"Ca": D_CA}, dt=1e-3, t_stop=1e-3, release=inside(Ca=1)).geometry.volume
    ball = scene(
        geometry,
        {"Ca": D_CA},
        dt=5e-6,
        t_stop=20e-3,
        every=lag,
        reaction=[turns("", "Ca", number * gamma / volume, inside="cytosol"), turns("Ca", "", gamma)],
    )
    n = counts(ball, run(ball, trials=96, seed=2), "Ca")
    time = ball.scenario.run.sample_times
    for k in range(1, 20):
        mean, error = settled(n[:, k])
        assert abs(mean - number * (1.0 - np.exp(-gamma * time[k]))) < 5.0 * error
    still = n[:, 40:] - number
    mean, error = settled(still.mean(axis=1))
    assert error < 0.005 * number
    assert abs(mean) < 5.0 * error
    for k in range(5):
        product = (still[:, k:] * still[:, : still.shape[1] - k]).mean(axis=1)
        covariance, error = settled(product)
        assert error < 0.03 * number
        assert abs(covariance - number * np.exp(-gamma * k * lag)) < 5.0 * error


BALL = shape("sphere", radius=0.1, edge=0.03)
NECK = shape("cylinder", radius=0.098, length=0.7, edge=0.05)
THIN_NECK = shape("cylinder", radius=0.05, length=0.7, edge=0.04)
THINNEST_NECK = shape("cylinder", radius=0.025, length=0.7, edge=0.03)
# at each step the rates are about as fast as it allows; their ratio is the same
FAST, MEDIUM, GENTLE = (0.1e-6, 12.0), (0.5e-6, 4.0), (2e-6, 1.5)
SAME_RATE = (0.1e-6, 1.5)


def reversible(geometry, dt, kf, dissociation, molecules, t_stop, trials, seed):
    """Mean and variance of the complexes of A + B <-> C over the exact ones, less 1; standard errors of both."""
    vessel = scene(
        geometry,
        {"A": D_CA, "B": SLOW, "C": SLOW},
        dt=dt,
        t_stop=t_stop,
        every=t_stop / 250,
        reaction=[turns("A B", "C", kf, kf * dissociation)],
        release=inside(A=molecules, B=molecules),
    )
    n = counts(vessel, run(vessel, trials, seed), "C")[:, 25:]
    mean, variance = bound(molecules, molecules, dissociation * vessel.geometry.volume)
    found, error = settled(n.mean(axis=1))
    spread, error_of_spread = settled(((n - found) ** 2).mean(axis=1))
    return found / mean - 1.0, error / mean, spread / variance - 1.0, error_of_spread / variance


@pytest.mark.parametrize(
    ("geometry", "step", "dissociation", "molecules", "t_stop", "trials"),
    [
        pytest.param(BALL, FAST, 7500.0, 20, 4e-3, 64, id="ball, 0.1 us"),
        pytest.param(BALL, MEDIUM, 7500.0, 20, 11e-3, 64, id="ball, 0.5 us"),
        pytest.param(BALL, GENTLE, 7500.0, 20, 28e-3, 64, id="ball, 2 us"),
        pytest.param(NECK, GENTLE, 6250.0, 40, 44e-3, 72, id="mushroom's neck, 2 us"),
        pytest.param(THINNEST_NECK, MEDIUM, 12500.0, 20, 6e-3, 64, id="neck of 50 nm, 0.5 us"),
        pytest.param(THINNEST_NECK, GENTLE, 12500.0, 20, 15e-3, 64, id="neck of 50 nm, 2 us"),
        pytest.param(BALL, SAME_RATE, 7500.0, 20, 28e-3, 64, id="ball, 0.1 us, slowly", marks=pytest.mark.long),
        pytest.param(NECK, FAST, 6250.0, 40, 5e-3, 56, id="mushroom's neck, 0.1 us", marks=pytest.mark.long),
        pytest.param(NECK, MEDIUM, 6250.0, 40, 16e-3, 56, id="mushroom's neck, 0.5 us", marks=pytest.mark.long),
        pytest.param(THIN_NECK, FAST, 6250.0, 20, 5e-3, 64, id="neck of 100 nm, 0.1 us", marks=pytest.mark.long),
        pytest.param(THIN_NECK, MEDIUM, 6250.0, 20, 14e-3, 64, id="neck of 100 nm, 0.5 us", marks=pytest.mark.long),
        pytest.param(THIN_NECK, GENTLE, 6250.0, 20, 36e-3, 64, id="neck of 100 nm, 2 us", marks=pytest.mark.long),
        pytest.param(THINNEST_NECK, FAST, 12500.0, 20, 2.4e-3, 64, id="neck of 50 nm, 0.1 us", marks=pytest.mark.long),
    ],
)
def test_reversible_binding(geometry, step, dissociation, molecules, t_stop, trials):
    """A + B <-> C: mean within 1 % and variance within 3 % of the exact law for the mesh's volume.

    Every case has 20,000 relaxation times or so: standard errors, from the spread between trials, are below 0.4 % of
    the mean and 1.3 % of the variance. A pair that shares a cell reacts in one step with probability 0.02 to 0.05, in
    cells that the wall cuts with up to 0.12.
    """
    dt, kf = step
    mean, error, variance, error_of_variance = reversible(
        geometry, dt, kf, dissociation, molecules, t_stop, trials, seed=3
    )
    assert error < 0.004
    assert error_of_variance < 0.013
    assert abs(mean) < 0.01
    assert abs(variance) < 0.03


def test_complexes_are_spread_evenly():
    """While A + B <-> C goes on, the complexes fill ten shells of equal volume evenly: p > 1e-4, 40,000 positions.

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
        release=inside(A=number, B=number),
    )
    found = points(run(ball, trials=11, seed=4), "C", first=1)
    assert len(found) > 40_000
    assert chi_squared(*shells(ball, found)) > 1e-4


def membrane_binding(dt, t_stop, trials, seed):
    """Ca + P <-> CaP in a ball: complexes over the exact mean less 1, its standard error, shells of Ca."""
    kf, dissociation, calcium, sites = 0.5, 3000.0, 60, 40
    ball = scene(
        shape("sphere", radius=0.15),
        {"Ca": D_CA, "P": None, "CaP": None},
        dt=dt,
        t_stop=t_stop,
        every=t_stop / 100,
        record=("Ca", t_stop / 50),
        reaction=[turns("Ca P", "CaP", kf, kf * dissociation)],
        release=[*inside(Ca=calcium), Release("P", count=sites, on="membrane")],
    )
    results = run(ball, trials, seed)
    n = counts(ball, results, "CaP")[:, 10:]
    mean, _ = bound(calcium, sites, dissociation * ball.geometry.volume)
    found, error = settled(n.mean(axis=1))
    return found / mean - 1.0, error / mean, shells(ball, points(results, "Ca", first=5))


@pytest.mark.parametrize(
    ("dt", "trials"), [(2e-6, 64), pytest.param(0.5e-6, 64, marks=pytest.mark.long)], ids=["2 us", "0.5 us"]
)
def test_membrane_binding(dt, trials):
    """Ca + P <-> CaP: the mean within 1 % of the exact law, kf / (kb V) with the mesh's volume; Ca spread evenly.

    64 trials of 60 relaxation times: standard error below 0.35 %. Positions, 0.3 ms apart where the ball is crossed
    in 0.1 ms, in ten shells of equal volume: p > 1e-4, more than 100,000 of them.
    """
    mean, error, (observed, expected) = membrane_binding(dt, t_stop=17e-3, trials=trials, seed=5)
    assert error < 0.0035
    assert abs(mean) < 0.01
    assert observed.sum() > 100_000
    assert chi_squared(observed, expected) > 1e-4


def speed(side, kf, diffusion, number, dt, first, t_stop, trials, seed):
    """kf as measured from A + B -> C in a cube, over the true one, less 1; its standard error; the number of events.

    The number of events over the integral of k(t) n_A n_B / V is an unbiased estimate whatever the fluctuations. With
    b = kf / (4 pi D), for every mechanism of encounter whose size a is far below sqrt(D t),

        k(t) = kf (1 + b / sqrt(pi D t) - b S / (4 V) ln(4 pi D t / a^2)).

    Just after mixing, near pairs still meet more often than later (Collins & Kimball 1949); and molecules at a wall
    come back to each other more often, by their mirror images. Either is below 1 % in every case here.
    """
    box = scene(
        shape("box", size=(side, side, side)),
        {"A": diffusion, "B": diffusion, "C": SLOW},
        dt=dt,
        t_stop=t_stop,
        every=t_stop / 25,
        reaction=[turns("A B", "C", kf)],
        release=inside(A=number, B=number),
    )
    results = run(box, trials, seed)
    time = box.scenario.run.sample_times
    start = int(np.searchsorted(time, first * (1.0 - 1e-9)))
    time, spread = time[start:], 4.0 * np.pi * 2.0 * diffusion * time[start:]
    b = kf / (4.0 * np.pi * 2.0 * diffusion)
    rate = kf * (1.0 + 2.0 * b / np.sqrt(spread) - 1.5 * b / side * np.log(spread / box.grid.cell_size**2))
    pairs = (counts(box, results, "A") * counts(box, results, "B"))[:, start:]
    expected = np.trapezoid(rate * pairs, time, axis=1) / box.geometry.volume
    events = np.stack([result.events[start + 1 :, 0] for result in results]).sum(axis=1)
    ratio = events.sum() / expected.sum()
    return ratio - 1.0, np.std(events - ratio * expected, ddof=1) * np.sqrt(trials) / expected.sum(), events.sum()


@pytest.mark.parametrize(
    ("side", "kf", "diffusion", "number", "dt", "first", "t_stop", "trials"),
    [
        pytest.param(0.3, 6e7, 220.0, 5000, 2e-6, 4e-6, 50e-6, 40, id="crowded"),
        pytest.param(1.0, 1e9, 220.0, 3000, 1.5e-6, 0.02e-3, 0.4e-3, 50, id="reaction-limited"),
        pytest.param(2.0, 7e8, 20.0, 4800, 2e-6, 0.25e-3, 1.5e-3, 48, id="helped by diffusion's correction"),
        pytest.param(2.0, 1.4e9, 20.0, 4000, 1e-6, 0.4e-3, 1.5e-3, 64, id="much helped", marks=pytest.mark.long),
    ],
)
def test_speed_of_binding(side, kf, diffusion, number, dt, first, t_stop, trials):
    """A + B -> C goes with kf, within 1 %; at least 70,000 events, standard error below 0.4 %.

    A pair that met would meet again 0.01, 0.1 and 0.2 times a reaction (x G in `spinemc.engine.rates`): without the
    correction for that the rate would be as much too low. In the crowd a molecule has a dozen partners in its cell,
    and reacts with one of them with probability 0.04 in a step.
    """
    ratio, error, events = speed(side, kf * PER_MOLAR, diffusion, number, dt, first, t_stop, trials, seed=6)
    assert events > 70_000
    assert error < 0.004
    assert abs(ratio) < 0.01
