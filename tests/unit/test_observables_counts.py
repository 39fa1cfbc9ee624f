"""Influx and its charge, histograms and quantiles, outcomes of a rule."""

import numpy as np
import pytest
import xarray as xr
from processes import series, shot_noise, within

from spinemc import observables
from spinemc.errors import ObservableError

STEP = 1e-3


def events(fired: np.ndarray, absorbed: np.ndarray | None = None) -> xr.DataTree:
    """A run of one channel that lets calcium in, and of a boundary; numbers since the sample before (trial, time)."""
    fired = np.stack([fired, fired * 0 + 50], -1)
    time = STEP * np.arange(fired.shape[1])
    found = xr.Dataset(
        {"count": (("trial", "time", "reaction"), fired)},
        {"trial": np.arange(len(fired)), "time": time, "reaction": ["open -> open + Ca", "open -> closed"]},
    )
    if absorbed is not None:
        found["absorbed"] = ("trial", "time", "boundary"), absorbed[..., None]
        found = found.assign_coords(boundary=["Ca at base"])
    counts = xr.Dataset(
        {"count": (("trial", "time", "compartment", "species"), np.ones((*fired.shape[:2], 1, 1), np.int32))},
        {"compartment": ["cytosol"], "species": ["Ca"]},
    )
    return xr.DataTree.from_dict({"/counts": counts, "/events": found})


def test_influx_of_shot_noise():
    """Poisson arrivals with mean 12 in all, 500 trials:
    12 and its charge within four standard errors, Fano factor 1.
    """
    _, came = shot_noise(np.random.default_rng(71), 500, 41, STEP, 3.0, 0.01)
    exact = 3.0 * 40 * -np.expm1(-0.1)  # arrivals that are still there a sample later
    result = observables.influx(events(came), ["open -> open + *"])
    np.testing.assert_array_equal(result["total"], came.sum(1))
    assert abs(float(result["mean_total"]) - exact) < 4 * float(result["mean_total_error"])
    assert float(result["mean_charge"] / result["mean_total"]) == pytest.approx(2 * 1.602176634e-4)
    assert result["mean_charge"].attrs["units"] == "fC" and result["mean_current"].attrs["units"] == "fA"
    fano = observables.moments(result["total"])
    assert abs(float(fano["fano"]) - 1) < 4 * float(fano["fano_error"])
    current = result["mean_current"]
    assert current[0] == 0
    assert float(current.sum() * STEP) == pytest.approx(float(result["mean_charge"]))


def test_charge_is_that_of_faraday():
    """A mole of electrons is 96485.33212 C: half a mole of calcium ions."""
    one = observables.influx(events(np.array([[0, 1], [0, 1]])), ["open -> open + Ca"])["mean_charge"]
    assert float(one) * 1e-15 * 6.02214076e23 / 2 == pytest.approx(96485.33212, rel=1e-9)


def test_influx_by_several_ways_and_for_a_while():
    tree = events(np.array([[0, 5, 7], [0, 1, 2]]), np.array([[0, 2, -3], [0, 0, 1]]))
    result = observables.influx(tree, {"open -> open + Ca": 3}, ["* at base"])
    np.testing.assert_array_equal(result["ions"], [[0, 13, 24], [0, 3, 5]])
    late = observables.influx(tree, {"open -> open + Ca": 3}, since=STEP, until=1.0)
    np.testing.assert_array_equal(late["total"], [21, 6])
    monovalent = observables.influx(tree, boundaries={"Ca at base": 1}, valence=1)
    np.testing.assert_allclose(monovalent["charge"], [-1.602176634e-4, 1.602176634e-4])


def test_influx_leaves_out_what_is_not_finished():
    """Of boundaries -1 may be a number as well: a clamp lets in. What the trial counts decides."""
    tree = events(np.array([[0, 5], [-1, -1]]), np.array([[0, -1], [-1, -1]]))
    tree["counts/count"][1] = -1
    for asked, total in (({"reactions": ["open -> open + Ca"]}, 5), ({"boundaries": ["Ca at base"]}, 1)):
        result = observables.influx(tree, **asked)
        np.testing.assert_array_equal(result["total"], [total, np.nan])
        assert result["mean_total"] == total


def test_influx_says_what_there_is():
    tree = events(np.ones((2, 3), int))
    with pytest.raises(ObservableError, match='no reaction "Ca ->"; there are open -> open'):
        observables.influx(tree, ["Ca ->"])
    with pytest.raises(ObservableError, match="no boundary that is counted"):
        observables.influx(tree, boundaries=["base"])
    with pytest.raises(ObservableError, match="tell by which reactions"):
        observables.influx(tree)
    with pytest.raises(ObservableError, match="no events"):
        observables.influx(xr.DataTree.from_dict({"/counts": tree["counts"].to_dataset()}), ["a"])


def test_a_histogram_counts():
    x = xr.DataArray([[3, 3, 5], [6, 3, np.nan]], dims=("point", "trial"), attrs={"units": "1"})
    result = observables.distribution(x, quantiles=[0.5])
    np.testing.assert_array_equal(result["edge_low"], [2.5, 3.5, 4.5, 5.5])
    np.testing.assert_array_equal(result["number"], [[2, 0, 1, 0], [1, 0, 0, 1]])
    np.testing.assert_allclose(result["probability"][1], [0.5, 0, 0, 0.5])
    np.testing.assert_array_equal(result["quantile_value"][:, 0], [3, 4.5])
    coarse = observables.distribution(x, bins=[0, 4, 10])
    np.testing.assert_array_equal(coarse["number"], [[2, 1], [1, 1]])
    assert observables.distribution(x, bins=7).sizes["bin"] == 7
    with pytest.raises(ObservableError, match="edges rise"):
        observables.distribution(x, bins=[4, 3])
    with pytest.raises(ObservableError, match="at least one trial"):
        observables.distribution(x * np.nan)


def test_histogram_of_poisson_numbers():
    """300 trials, 200 experiments: the probability of 4 with mean 5; Wilson's interval to four binomial deviations."""
    x = np.random.default_rng(72).poisson(5, (200, 300))
    result = observables.distribution(xr.DataArray(x, dims=("experiment", "trial")))
    four = result.isel(bin=int(np.flatnonzero(result["edge_low"] == 3.5)[0]))
    exact = 5**4 * np.exp(-5) / 24
    assert abs(float(four["probability"].mean()) - exact) < 4 * np.sqrt(exact * (1 - exact) / 60_000)
    assert within((four["probability_low"] <= exact) & (four["probability_high"] >= exact), 0.95)


def test_quantile_intervals_cover_at_least_as_often_as_told():
    """25 exponential numbers, 3000 experiments, median and lower quartile:
    from 95 % up, to four deviations, and 3 % more.
    """
    x = np.random.default_rng(73).exponential(1.0, (3000, 25))
    result = observables.distribution(xr.DataArray(x, dims=("experiment", "trial")), quantiles=[0.25, 0.5], bins=4)
    exact = -np.log([0.75, 0.5])
    covered = (result["quantile_value_low"] <= exact) & (result["quantile_value_high"] >= exact)
    assert np.all(covered.mean("experiment") >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / 3000))
    assert np.all(covered.mean("experiment") <= 0.98 + 4 * np.sqrt(0.98 * 0.02 / 3000))
    few = observables.distribution(xr.DataArray(x[0, :3], dims="trial"), quantiles=[0.5])
    assert (few["quantile_value_low"][0], few["quantile_value_high"][0]) == (-np.inf, np.inf)


def test_outcomes_are_counted():
    weight = np.array([[0.0, 0.3], [0.0, -0.3], [0.2, 0.1], [0.0, -0.1], [0.0, np.nan], [0.0, 0.5]])
    result = observables.outcomes(series(weight, STEP), (-0.1, 0.1))
    assert list(result["outcome"].values) == ["depressed", "unchanged", "potentiated"]
    np.testing.assert_array_equal(result["number"], [1, 2, 2])
    np.testing.assert_allclose(result["probability"], [0.2, 0.4, 0.4])
    early = observables.outcomes(series(weight, STEP), (-0.1, 0.1), at=1e-4)
    np.testing.assert_array_equal(early["number"], [0, 5, 1])
    with pytest.raises(ObservableError, match="comes first"):
        observables.outcomes(series(weight, STEP), (0.1, -0.1))
    with pytest.raises(ObservableError, match="it is one of wilson, clopper-pearson"):
        observables.outcomes(series(weight, STEP), (-0.1, 0.1), interval="wald")


def test_binomial_intervals_of_the_literature():
    """3 of 10, and 0 of 10: Wilson (Newcombe, Stat Med 17:857 (1998), method 3) and Clopper & Pearson,
    by their equations.
    """
    weight = xr.DataArray([1.0] * 3 + [0.0] * 7, dims="trial")
    wilson = observables.outcomes(weight, (-0.5, 0.5)).isel(outcome=2)
    assert float(wilson["probability_low"]) == pytest.approx(0.1077913, abs=1e-6)
    assert float(wilson["probability_high"]) == pytest.approx(0.6032219, abs=1e-6)
    exact = observables.outcomes(weight, (-0.5, 0.5), interval="clopper-pearson")
    never, three = exact.isel(outcome=0), exact.isel(outcome=2)
    assert never["probability_low"] == 0
    assert float(never["probability_high"]) == pytest.approx(1 - 0.025**0.1)
    from scipy.stats import binom

    assert binom.cdf(3, 10, float(three["probability_high"])) == pytest.approx(0.025)
    assert binom.sf(2, 10, float(three["probability_low"])) == pytest.approx(0.025)


@pytest.mark.parametrize("interval", ["wilson", "clopper-pearson"])
@pytest.mark.parametrize("p", [0.1, 0.4])
def test_outcome_intervals_cover(interval, p):
    """30 trials, 4000 experiments: as often as the binomial says that they do, to four deviations;
    exact ones no less than told.
    """
    from scipy.stats import binom

    weight = (np.random.default_rng(74).random((4000, 30)) < p) * 1.0
    result = observables.outcomes(xr.DataArray(weight, dims=("experiment", "trial")), (-0.5, 0.5), interval=interval)
    high = result.sel(outcome="potentiated")
    covered = ((high["probability_low"] <= p) & (high["probability_high"] >= p)).values
    bounds = {
        "wilson": lambda k: np.abs(k / 30 - p) <= 1.959963984540054 * np.sqrt(p * (1 - p) / 30),  # a score test, turned
        "clopper-pearson": lambda k: (binom.cdf(k, 30, p) >= 0.025) & (binom.sf(k - 1, 30, p) >= 0.025),
    }
    k = np.arange(31)
    expected = binom.pmf(k, 30, p)[bounds[interval](k)].sum()
    assert within(covered, expected)
    assert interval == "wilson" or expected >= 0.95
