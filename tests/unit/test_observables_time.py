"""Correlation and spectra of processes whose memory is known: Ornstein-Uhlenbeck, telegraph, shot noise."""

import numpy as np
import pytest
import xarray as xr
from processes import (
    gauss_markov,
    periodogram_of_memory,
    series,
    shot_noise,
    spectrum_of_memory,
    telegraph,
    within,
)

from spinemc import observables
from spinemc.errors import ObservableError

STEP, TAU = 2e-3, 1e-2
KEEP = np.exp(-STEP / TAU)
INTEGRAL = STEP * (1 + KEEP) / (1 - KEEP) / 2
"""The trapezoidal sum of exp(-t / tau) over samples."""


@pytest.mark.parametrize("mean", ["ergodic", "trials", "own"])
def test_memory_of_gauss_and_markov(mean):
    """60 trials of 200 correlation times: both times within four of their own standard errors, which are below 5 %."""
    x = 7 + 3 * gauss_markov(np.random.default_rng(31), (60, 1000), STEP, TAU)
    result = observables.autocorrelation(series(x, STEP), mean=mean)
    assert result["autocorrelation"].dims == ("lag",)
    for name, exact in (("correlation_time", TAU), ("integrated_time", INTEGRAL)):
        error = float(result[f"{name}_error"])
        assert error < 0.05 * exact
        assert abs(float(result[name]) - exact) < 4 * error, name
    lags = np.arange(1, 20)
    z = (result["autocorrelation"][lags] - KEEP**lags) / result["autocorrelation_error"][lags]
    assert np.abs(z).max() < 4
    assert result["integrated_time"].attrs["units"] == "s"


def test_intervals_of_the_times_cover():
    """300 experiments of 20 trials of 100 correlation times:
    95 % within four binomial deviations, and 1 % for the window.
    """
    x = gauss_markov(np.random.default_rng(32), (300, 20, 500), STEP, TAU)
    result = observables.autocorrelation(series(x, STEP, experiment=np.arange(300)))
    for name, exact in (("correlation_time", TAU), ("integrated_time", INTEGRAL)):
        covered = (result[f"{name}_low"] <= exact) & (result[f"{name}_high"] >= exact)
        assert abs(float(covered.mean()) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 300) + 0.01, name
        assert abs(float(result[name].mean()) / exact - 1) < 0.02, name


def test_a_mean_from_short_series_is_made_good():
    """Series of 8 correlation times, each with a level of its own: what own means take away is given back.

    4 experiments of 400 trials. Taken as they are, such series seem to forget a third sooner.
    """
    rng = np.random.default_rng(33)
    x = gauss_markov(rng, (4, 400, 40), STEP, TAU) + rng.normal(0, 5, (4, 400, 1))
    result = observables.autocorrelation(series(x, STEP, experiment=np.arange(4)), mean="own")["integrated_time"]
    d = x - x.mean(-1, keepdims=True)
    naive = [np.mean(d[..., : 40 - k] * d[..., k:]) for k in range(9)]
    naive_time = STEP * (np.sum(naive) / naive[0] - 0.5)
    assert naive_time < 0.75 * INTEGRAL
    assert abs(float(result.mean()) / INTEGRAL - 1) < 0.1


def test_few_trials_about_their_mean_keep_their_variance():
    """4 trials on a moving mean, 500 experiments: squares about the mean of four are a quarter too small.

    Correlations are right to 0.03, and those of a single trial are not known.
    """
    rng = np.random.default_rng(34)
    x = series(
        gauss_markov(rng, (500, 4, 100), STEP, TAU) + 20 * np.sin(np.arange(100) / 9), STEP, experiment=range(500)
    )
    s = observables.spectrum(x, mean="trials")["spectrum"]
    assert float(s.sum("frequency").mean() * s["frequency"][1]) == pytest.approx(1, abs=0.03)
    rho = observables.autocorrelation(x, mean="trials")["autocorrelation"].mean("experiment")
    np.testing.assert_allclose(rho[:10], KEEP ** np.arange(10), atol=0.03)
    one = x[0, :1]
    assert np.isnan(observables.autocorrelation(one, mean="trials")["integrated_time"])
    assert np.isnan(observables.spectrum(one, mean="trials")["spectrum"]).all()


def test_trials_by_themselves():
    x = gauss_markov(np.random.default_rng(35), (6, 4000), STEP, TAU)
    result = observables.autocorrelation(series(x, STEP), pooled=False, mean="own")
    assert result["integrated_time"].dims == ("trial",)
    assert set(result) == {"autocorrelation", "correlation_time", "integrated_time"}
    np.testing.assert_allclose(result["integrated_time"], INTEGRAL, rtol=0.35)
    one = observables.autocorrelation(series(x[:1], STEP), mean="own")["integrated_time"]
    assert one == pytest.approx(float(result["integrated_time"][0]))


def test_uneven_samples_are_refused():
    x = series(np.ones((3, 4))).assign_coords(time=[0.0, 1.0, 2.0, 4.0])
    with pytest.raises(ObservableError, match="samples along time must be evenly apart"):
        observables.autocorrelation(x)
    with pytest.raises(ObservableError, match='mean = "all": it is one of ergodic, trials, own'):
        observables.spectrum(series(np.ones((3, 4))), mean="all")


@pytest.mark.parametrize("n", [64, 65])
def test_the_integral_of_the_spectrum_is_the_variance(n):
    x = np.random.default_rng(36).gamma(2.0, size=(5, n))
    result = observables.spectrum(series(x, 0.25))
    assert float(result["spectrum"].sum() * result["frequency"][1]) == pytest.approx(x.var(), rel=1e-12)
    own = observables.spectrum(series(x, 0.25), mean="own")
    assert float(own["spectrum"].sum() * own["frequency"][1]) == pytest.approx(x.var(-1).mean(), rel=1e-12)
    assert result["frequency"].attrs["units"] == "s^-1"


def test_spectrum_of_gauss_and_markov():
    """200 trials of 1000 samples: what is expected at each frequency, to five standard errors,
    and intervals that cover 95 %.
    """
    x = 3 * gauss_markov(np.random.default_rng(37), (200, 1000), STEP, TAU)
    result = observables.spectrum(series(x, STEP)).isel(frequency=slice(1, None))
    exact = 9 * periodogram_of_memory(result["frequency"].values, STEP, TAU, 1000)
    assert np.abs((result["spectrum"] - exact) / result["spectrum_error"]).max() < 5
    assert float((result["spectrum"] / exact).mean()) == pytest.approx(1, abs=4 / np.sqrt(200 * 500))
    assert within((result["spectrum_low"] <= exact) & (result["spectrum_high"] >= exact), 0.95)


def test_segments_with_a_taper():
    """Welch: 100 trials in 15 overlapping segments; the error that is told is the scatter between 20 experiments."""
    x = gauss_markov(np.random.default_rng(38), (20, 10, 2048), STEP, TAU)
    result = observables.spectrum(series(x, STEP, experiment=np.arange(20)), segment=256, taper="hann")
    middle = result.isel(frequency=slice(8, -2))
    exact = spectrum_of_memory(middle["frequency"].values, STEP, TAU)
    ratio = middle["spectrum"].mean("experiment") / exact
    np.testing.assert_allclose(ratio, 1, atol=0.12)
    told = (middle["spectrum_error"] / middle["spectrum"]).mean()
    seen = (middle["spectrum"] / exact[:, None]).std("experiment", ddof=1)
    assert float(np.sqrt((seen**2).mean())) == pytest.approx(float(told), rel=0.06)
    with pytest.raises(ObservableError, match="segment = 4000"):
        observables.spectrum(series(x[0], STEP), segment=4000)


def test_telegraph():
    """A channel with opening 30 /s and closing 70 /s, 300 trials of 400 samples."""
    step, opening, closing = 2e-3, 30.0, 70.0
    state = telegraph(np.random.default_rng(39), 300, 400, step, opening, closing)
    run = series(state, step)
    tau, open_share = 1 / (opening + closing), opening / (opening + closing)
    variance = open_share * (1 - open_share)
    at_once = observables.moments(run.stack(all=("trial", "time")).drop_vars(["all", "trial", "time"]), dim="all")
    assert float(at_once["cv"]) == pytest.approx(np.sqrt(closing / opening), rel=0.02)
    s = observables.spectrum(run).isel(frequency=slice(1, None))
    exact = variance * periodogram_of_memory(s["frequency"].values, step, tau, 400)
    assert np.abs((s["spectrum"] - exact) / s["spectrum_error"]).max() < 5
    memory = observables.autocorrelation(run)
    assert abs(float(memory["correlation_time"]) - tau) < 4 * float(memory["correlation_time_error"])


def test_molecules_that_come_and_go_are_forgotten_with_their_lifetime():
    count, _ = shot_noise(np.random.default_rng(40), 100, 500, 0.2, 20.0, 1.0)
    memory = observables.autocorrelation(series(count, 0.2))
    assert abs(float(memory["correlation_time"]) - 1) < 4 * float(memory["correlation_time_error"])


def test_a_trial_that_is_not_there_is_left_out():
    x = gauss_markov(np.random.default_rng(41), (5, 200), STEP, TAU)
    holed = np.concatenate([x, np.full((1, 200), np.nan)])
    for function in (observables.autocorrelation, observables.spectrum):
        xr.testing.assert_allclose(function(series(holed, STEP)), function(series(x, STEP)))
