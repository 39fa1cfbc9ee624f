"""Regions that hold a concentration: what they let in is what they take out, in number and in place."""

import numpy as np
from scenes import D_CA, chi_squared, counts, points, run, scene, settled, shape

from spinemc.scenario import Boundary, Release

BAR = shape("box", size=(0.2, 0.2, 0.4), edge=0.1)


def test_a_bath_makes_a_poisson_number():
    """One end held at c, the rest closed: mean and variance c V within 5 standard errors, and an even density.

    32 trials of 9 ms, sampled every 0.3 ms when 4 L^2 / (pi^2 D) = 0.29 ms is the slowest time of the bar: 800
    samples, standard error 1.1 % of the mean (19.2 molecules) and 5 % of the variance. Ten layers of equal volume,
    p > 1e-4.
    """
    c = 1200.0
    bar = scene(
        BAR, {"A": D_CA}, dt=2e-6, t_stop=9e-3, every=3e-4, record=("A", 3e-4),
        release=[Release("A", concentration=c, inside="cytosol")],
        boundary=[Boundary("z_low", ("A",), "clamp", c)],
    )  # fmt: skip
    results = run(bar, 32, seed=11)
    number = counts(bar, results, "A")[:, 5:]
    exact = c * bar.geometry.volume
    mean, error = settled(number.mean(axis=1))
    assert error < 0.012 * exact
    assert abs(mean - exact) < 5.0 * error
    variance, spread = settled(((number - exact) ** 2).mean(axis=1))
    assert spread < 0.06 * exact
    assert abs(variance - exact) < 5.0 * spread
    z = points(results, "A", first=5)[:, 2]
    layers = np.histogram(z, np.linspace(-0.2, 0.2, 11))[0]
    assert layers.sum() > 10_000
    assert chi_squared(layers, np.full(10, layers.sum() / 10)) > 1e-4


def test_the_flux_between_two_baths():
    """Ends held at c and at 0: the flux is D A c / L within 5 standard errors (2 %), what enters is what leaves."""
    c, t_stop = 60000.0, 4e-3
    bar = scene(
        BAR, {"A": D_CA}, dt=2e-6, t_stop=t_stop, every=1e-3,
        boundary=[Boundary("z_low", ("A",), "clamp", c), Boundary("z_high", ("A",), "absorb")],
    )  # fmt: skip
    results = run(bar, 16, seed=12)
    entered = np.stack([-trial.absorbed[2:, 0].sum() for trial in results])
    left = np.stack([trial.absorbed[2:, 1].sum() for trial in results])
    exact = D_CA * 0.04 * c / 0.4 * (t_stop - 1e-3)
    for flux in (entered, left):
        mean, error = settled(flux)
        assert error < 0.005 * exact
        assert abs(mean - exact) < 5.0 * error
