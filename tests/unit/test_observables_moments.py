"""Mean, variance, CV and Fano factor with their errors, where the answer is known.

Intervals are judged by how often they cover over repeated experiments; tolerances are four binomial standard deviations
where coverage is exact, and told where it is not.
"""

import numpy as np
import pytest
import xarray as xr
from processes import shot_noise, within

from spinemc import observables
from spinemc.errors import ObservableError


def experiments(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("experiment", "trial"), attrs={"units": "umol L^-1"})


def test_numbers_of_three_trials():
    result = observables.moments(xr.DataArray([1.0, 2.0, 6.0], dims="trial", attrs={"units": "umol L^-1"}))
    t = 4.302652729911275  # Student's t, 2 degrees of freedom, 95 %
    assert result["mean"] == 3
    assert result["mean_error"] == pytest.approx(np.sqrt(7 / 3))
    assert result["mean_high"] == pytest.approx(3 + t * np.sqrt(7 / 3))
    assert result["variance"] == 7
    left = np.array([8, 12.5, 0.5])  # variances of the pairs that are left
    assert result["variance_error"] == pytest.approx(np.sqrt(2 / 3 * ((left - left.mean()) ** 2).sum()))
    plain, ratios = 7 / 3, left / np.array([4, 3.5, 1.5])
    assert result["fano"] == pytest.approx(3 * plain - 2 * ratios.mean())
    assert result["trials"] == 3
    units = {name: result[name].attrs["units"] for name in ("mean", "variance_low", "cv", "fano_error")}
    assert list(units.values()) == ["umol L^-1", "umol^2 L^-2", "1", "umol L^-1"]
    assert "jackknife" in result["fano_error"].attrs["method"]


def test_trials_that_are_not_there_are_left_out():
    rng = np.random.default_rng(4)
    values = rng.gamma(2.0, size=(2, 12))
    values[1, 9:] = np.nan
    for band in ("t", "bootstrap"):
        both = observables.moments(experiments(values), band=band)
        alone = observables.moments(experiments(values[1:, :9]), band=band)
        for name in both:
            np.testing.assert_allclose(both[name][1], alone[name][0], err_msg=name)
    assert list(both["trials"]) == [12, 9]
    one = observables.moments(experiments(np.array([[3.0, np.nan]])))
    assert one["mean"] == 3
    assert np.isnan(one["mean_error"]) and np.isnan(one["variance"]) and np.isnan(one["fano"])


def test_trials_that_agree_leave_no_doubt():
    result = observables.moments(experiments(np.full((1, 5), 4.0)))
    for name in ("variance", "variance_error", "variance_low", "variance_high", "fano", "fano_high", "cv_error"):
        assert result[name] == 0
    assert np.isnan(observables.moments(experiments(np.zeros((1, 5))))["cv"])


def test_one_trial_that_differs_is_no_certainty():
    """Without it the variance is 0 and there is no Fano factor: a wide interval of the one, none of the other."""
    result = observables.moments(experiments(np.array([[0.0, 0, 0, 0, 5]])))
    left = np.array([6.25] * 4 + [0])
    error = np.sqrt(4 / 5 * ((left - 5) ** 2).sum())
    assert result["variance"] == 5
    assert float(result["variance_error"][0]) == pytest.approx(error)
    assert result["variance_low"] == 0
    assert float(result["variance_high"][0]) == pytest.approx(5 + 2.7764451051977934 * error)
    assert result["fano"] == 5
    for name in ("fano_error", "fano_low", "fano_high", "cv_error"):
        assert np.isnan(result[name]), name


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_band_of_the_mean_covers(level):
    """10 normal trials, 5000 experiments: Student's t is exact."""
    values = np.random.default_rng(21).normal(3, 2, (5000, 10))
    result = observables.moments(experiments(values), level=level)
    assert within((result["mean_low"] <= 3) & (result["mean_high"] >= 3), level)


def test_the_bootstrap_band_is_that_of_many_trials():
    """100 trials, 400 experiments: percentiles cover 95 % less what 1/sqrt(n - 1) takes, less than 1 %."""
    values = np.random.default_rng(22).normal(3, 2, (400, 100))
    result = observables.moments(experiments(values), band="bootstrap", resamples=1000)
    assert within((result["mean_low"] <= 3) & (result["mean_high"] >= 3), 0.945)
    np.testing.assert_allclose(result["mean_error"], values.std(1, ddof=0) / 10, rtol=0.15)
    middle = (result["mean_low"] + result["mean_high"]) / 2
    assert abs(float((middle - result["mean"]).mean())) < 0.005
    again = observables.moments(experiments(values[:3]), band="bootstrap", resamples=1000)
    np.testing.assert_array_equal(again["mean_low"], result["mean_low"][:3])
    other = observables.moments(experiments(values[:3]), band="bootstrap", resamples=1000, seed=1)
    assert np.all(other["mean_low"] != result["mean_low"][:3])


def test_variance_and_fano_of_poisson_numbers():
    """40 trials with mean 20, 4000 experiments: 20 and 1 within four standard errors;
    the intervals cover 93 to 97 %.
    """
    values = np.random.default_rng(23).poisson(20, (4000, 40)).astype(float)
    result = observables.moments(experiments(values))
    for name, exact in (("variance", 20.0), ("fano", 1.0), ("cv", 1 / np.sqrt(20))):
        mean, scatter = float(result[name].mean()), float(result[name].std())
        assert abs(mean - exact) < 4 * scatter / np.sqrt(4000) + (0.002 * exact if name == "cv" else 0), name
        covered = (result[f"{name}_low"] <= exact) & (result[f"{name}_high"] >= exact)
        assert 0.93 < covered.mean() < 0.97, name
        assert float(np.sqrt((result[f"{name}_error"] ** 2).mean())) == pytest.approx(scatter, rel=0.06), name


def test_the_bias_of_few_trials_is_taken_off():
    """8 trials of a geometric number with mean 10, Fano factor 11, CV sqrt(1.1), 20000 experiments."""
    values = np.random.default_rng(24).geometric(1 / 11, (20_000, 8)) - 1.0
    result = observables.moments(experiments(values))
    plain = observables.fano(experiments(values))
    bias = float(plain.mean()) - 11
    assert bias < -0.7
    assert abs(float(result["fano"].mean()) - 11) < 0.25 * abs(bias)
    plain_cv = values.std(1, ddof=1) / values.mean(1)
    exact = np.sqrt(1.1)
    assert plain_cv.mean() - exact < -0.04
    assert abs(float(result["cv"].mean()) - exact) < 0.5 * abs(plain_cv.mean() - exact)


def test_shot_noise_is_poisson_at_all_times():
    """Arrivals and deaths, 400 trials at 60 times, mean 30:
    95 % of intervals hold 1, within 8 %, since times are alike.
    """
    count, _ = shot_noise(np.random.default_rng(25), 400, 60, 0.5, 30.0, 1.0)
    result = observables.moments(xr.DataArray(count, dims=("trial", "time")))
    assert abs(float(result["fano"].mean()) - 1) < 0.04
    covered = (result["fano_low"] <= 1) & (result["fano_high"] >= 1)
    assert covered.mean() > 0.87


def test_what_cannot_be_asked_is_told():
    some = xr.DataArray(np.ones((2, 3)), dims=("place", "time"), name="count")
    with pytest.raises(ObservableError, match="count has no dimension trial; it has place, time"):
        observables.moments(some)
    with pytest.raises(ObservableError, match=r"level = 95: .* between 0 and 1"):
        observables.moments(some, dim="time", level=95)
    with pytest.raises(ObservableError, match='band = "normal": it is one of t, bootstrap'):
        observables.moments(some, dim="time", band="normal")
