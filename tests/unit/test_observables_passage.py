"""First passages, with and without censoring: worked examples, and coverage over repeated experiments."""

import numpy as np
import pytest
import xarray as xr
from processes import series, telegraph, within

from spinemc import observables
from spinemc.errors import ObservableError


def looked_at(times: np.ndarray, until: np.ndarray | float) -> xr.Dataset:
    """Passages at `times` (..., trial), watched for `until`."""
    dims = ("experiment", "trial")[-np.ndim(times) :]
    return xr.Dataset(
        {"passage_time": (dims, np.minimum(times, until)), "passed": (dims, (times <= until).astype(float))}
    )


def test_first_samples_beyond_a_threshold():
    x = series(np.array([[0, 2, 5, 1], [5, 0, 0, 0], [0, 1, 2, 4.9], [0, 9, np.nan, 9]]), 0.5)
    up = observables.passages(x, 5)
    np.testing.assert_array_equal(up["passage_time"], [1.0, 0.0, 1.5, np.nan])
    np.testing.assert_array_equal(up["passed"], [1, 1, 0, np.nan])
    later = observables.passages(x, 5, since=0.5)
    np.testing.assert_array_equal(later["passage_time"], [0.5, 1.0, 1.0, np.nan])
    np.testing.assert_array_equal(later["passed"], [1, 0, 0, np.nan])
    down = observables.passages(x, 1, up=False, since=0.5)
    np.testing.assert_array_equal(down["passage_time"][:3], [1.0, 0.0, 0.0])
    assert up["passage_time"].attrs["units"] == "s"
    with pytest.raises(ObservableError, match="since = 9 s: there are no samples"):
        observables.passages(x, 5, since=9)


def test_survival_of_a_worked_example():
    """Kaplan and Meier by hand: passages at 1, 3, 3, 6, censored at 2, 3 (after them), 5 and 8."""
    found = xr.Dataset(
        {"passage_time": ("trial", [1.0, 2, 3, 3, 3, 5, 6, 8]), "passed": ("trial", [1.0, 0, 1, 0, 1, 0, 1, 0])}
    )
    curve = observables.survival(found)
    np.testing.assert_array_equal(curve["elapsed"], [0, 1, 3, 6])
    np.testing.assert_array_equal(curve["at_risk"], [8, 8, 6, 2])
    s = np.array([1, 7 / 8, 7 / 8 * 4 / 6, 7 / 8 * 4 / 6 / 2])
    np.testing.assert_allclose(curve["survival"], s)
    greenwood = np.cumsum([0, 1 / (8 * 7), 2 / (6 * 4), 1 / (2 * 1)])
    np.testing.assert_allclose(curve["survival_error"], s * np.sqrt(greenwood))
    z = 1.959963984540054
    theta = np.exp(z * np.sqrt(greenwood[1:]) / np.log(s[1:]))  # log(s) < 0: the upper end
    np.testing.assert_allclose(curve["survival_high"][1:], s[1:] ** theta)
    np.testing.assert_allclose(curve["survival_low"][1:], s[1:] ** (1 / theta))


def test_points_of_a_sweep_share_their_times():
    found = looked_at(np.array([[1.0, 2.0, 9.0], [9.0, 9.0, 9.0]]), 3.0)
    curve = observables.survival(found)
    np.testing.assert_allclose(curve["survival"], [[1, 2 / 3, 1 / 3], [1, 1, 1]])
    mean = observables.mean_passage(found)
    np.testing.assert_allclose(mean["mean_passage_time"], [6 / 2, np.nan])
    np.testing.assert_array_equal(mean["passages"], [2, 0])
    assert mean["mean_passage_time_high"][1] == np.inf
    assert float(mean["mean_passage_time_low"][1]) == pytest.approx(9 / -np.log(0.025))


def test_survival_intervals_cover():
    """Exponential with mean 2, censored at random with mean 3; 40 trials, 800 experiments; S at 1 and at 3.

    The interval holds for many trials: 95 % to four binomial deviations and 1.5 %.
    """
    rng = np.random.default_rng(51)
    found = looked_at(rng.exponential(2.0, (800, 40)), rng.exponential(3.0, (800, 40)))
    curves = [observables.survival(found.isel(experiment=k)) for k in range(800)]
    for time in (1.0, 3.0):
        here = xr.concat([one.sel(elapsed=time, method="ffill", drop=True) for one in curves], "experiment")
        here = here.where(here["survival_low"].notnull(), drop=True)
        exact = np.exp(-time / 2)
        covered = (here["survival_low"] <= exact) & (here["survival_high"] >= exact)
        assert abs(float(covered.mean()) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 800) + 0.015
        assert float(here["survival"].mean()) == pytest.approx(exact, abs=4 * 0.09 / np.sqrt(800))


def test_mean_of_an_exponential_that_is_cut_short():
    """Mean 2, watched for 1.5, half pass; 30 trials, 4000 experiments: 95 % to four binomial deviations and 1 %.

    The mean of those that pass is a third of it.
    """
    times = np.random.default_rng(52).exponential(2.0, (4000, 30))
    mean = observables.mean_passage(looked_at(times, 1.5))
    covered = (mean["mean_passage_time_low"] <= 2) & (mean["mean_passage_time_high"] >= 2)
    assert abs(float(covered.mean()) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 4000) + 0.01
    assert float(mean["mean_passage_time"].median()) == pytest.approx(2, rel=0.03)
    errors = mean["mean_passage_time_error"] / mean["mean_passage_time"]
    np.testing.assert_allclose(errors, 1 / np.sqrt(mean["passages"]))


def test_mean_without_censoring_covers_exactly():
    times = np.random.default_rng(53).exponential(2.0, (4000, 12))
    mean = observables.mean_passage(looked_at(times, 1e9))
    np.testing.assert_allclose(mean["mean_passage_time"], times.mean(1))
    # With all passed the lower end has two degrees of freedom to spare: no less than told.
    assert within(mean["mean_passage_time_high"] >= 2, 0.975)
    assert float((mean["mean_passage_time_low"] <= 2).mean()) >= 0.975


def test_a_channel_opens_after_its_waiting_time():
    """Closed channels that open at 30 /s, seen each ms for 50 ms, 3000 trials:
    the samples' mean waiting time, to 4 s.e.
    """
    step, opening, closing = 1e-3, 30.0, 70.0
    state = telegraph(np.random.default_rng(54), 3000, 51, step, opening, closing, start=0)
    found = observables.passages(series(state, step), 1)
    seen = opening / (opening + closing) * -np.expm1(-(opening + closing) * step)  # that it is open a sample later
    mean = observables.mean_passage(found)
    assert abs(float(mean["mean_passage_time"]) - step / seen) < 4 * float(mean["mean_passage_time_error"])
    assert float(mean["mean_passage_time_error"]) < 0.03 * step / seen
    curve = observables.survival(found)
    exact = (1 - seen) ** np.arange(curve.sizes["elapsed"])
    assert np.nanmax(np.abs(curve["survival"] - exact)[1:] / curve["survival_error"][1:]) < 4
