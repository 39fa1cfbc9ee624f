"""Peaks, widths, decays and coupling of made-up traces with known answers."""

import numpy as np
import pytest
import xarray as xr
from processes import series, within

from spinemc import observables
from spinemc.errors import ObservableError

TIME = np.linspace(0, 10, 201)


def test_peak_of_a_triangle():
    rise = np.interp(TIME, [0, 2, 4, 7, 10], [3, 3, 11, 3, 3])
    result = observables.peak(series(np.stack([rise, rise + 5, rise * np.nan]), 0.05))
    np.testing.assert_allclose(result["peak"], [11, 16, np.nan])
    np.testing.assert_allclose(result["peak_time"], [4, 4, np.nan])
    np.testing.assert_allclose(result["half_width"], [2.5, 2.5, np.nan])  # from 3 to 5.5
    assert result["mean_peak"] == pytest.approx(13.5)
    assert result["mean_peak_error"] == pytest.approx(2.5)
    assert result["mean_peak_high"] == pytest.approx(13.5 + 12.706204736432095 * 2.5)
    trough = observables.peak(series(-rise[None], 0.05), up=False)
    assert (trough["peak"], trough["half_width"]) == (-11, pytest.approx(2.5))
    from_zero = observables.peak(series(rise[None], 0.05), baseline=0.0)  # half of 11 from 2.625 to 6.0625
    assert float(from_zero["half_width"][0]) == pytest.approx(6.0625 - 2.625)
    never = observables.peak(series(np.minimum(TIME, 4)[None], 0.05))
    assert np.isnan(never["half_width"]) and np.isnan(never["mean_half_width"])


def test_half_width_of_a_gaussian():
    pulse = 40 * np.exp(-((TIME - 5) ** 2) / 2)
    result = observables.peak(xr.DataArray(pulse, dims="time", coords={"time": TIME}))
    assert float(result["half_width"]) == pytest.approx(2 * np.sqrt(2 * np.log(2)), rel=1e-3)
    assert set(result) == {"peak", "peak_time", "half_width"}


def test_the_mean_peak_covers():
    """12 trials with gamma-distributed heights at normal times, 1000 experiments;
    four binomial deviations and 2 % for skewness.
    """
    rng = np.random.default_rng(61)
    height, when = rng.gamma(20.0, 0.5, (1000, 12)), rng.normal(5, 0.4, (1000, 12))
    time = np.linspace(0, 10, 401)
    pulses = height[..., None] * np.exp(-(((time - when[..., None]) / 0.8) ** 2))
    result = observables.peak(series(pulses, 0.025, experiment=np.arange(1000)), baseline=0.0)
    for name, exact in (("mean_peak", 10.0), ("mean_peak_time", 5.0)):
        covered = (result[f"{name}_low"] <= exact) & (result[f"{name}_high"] >= exact)
        assert within(covered, 0.95, 4 + 0.02 / np.sqrt(0.95 * 0.05 / 1000)), name


def test_decays_without_noise_are_found():
    one = 4 + 20 * np.exp(-TIME / 1.7)
    wiggle = 1e-9 * np.array([[1.0], [-1.0]]) * (1 + np.arange(len(TIME)) % 2)
    result = observables.decay(series(one + wiggle, 0.05), resamples=4)
    assert float(result["tau"][0]) == pytest.approx(1.7, rel=1e-6)
    assert float(result["amplitude"][0]) == pytest.approx(20, rel=1e-6)
    assert float(result["offset"]) == pytest.approx(4, rel=1e-6)
    late = observables.decay(series(one + wiggle, 0.05), start=2.0, stop=8.0, resamples=4)
    assert float(late["amplitude"][0]) == pytest.approx(20 * np.exp(-2 / 1.7), rel=1e-6)
    two = 1 + 30 * np.exp(-TIME / 0.4) + 10 * np.exp(-TIME / 3.0)
    result = observables.decay(series(two + wiggle, 0.05), terms=2, resamples=4)
    np.testing.assert_allclose(result["tau"], [0.4, 3.0], rtol=1e-4)
    np.testing.assert_allclose(result["amplitude"], [30, 10], rtol=1e-4)
    assert float(result["offset"]) == pytest.approx(1, rel=1e-3)
    bare = observables.decay(series(20 * np.exp(-TIME / 1.7) + wiggle, 0.05), offset=False, resamples=4)
    assert "offset" not in bare and float(bare["tau"][0]) == pytest.approx(1.7, rel=1e-6)


def test_errors_of_a_decay():
    """30 trials with independent noise that grows with the signal, 60 experiments.

    Both errors are the scatter between experiments, and 95 % of intervals cover, to four binomial deviations and 3 %.
    """
    rng = np.random.default_rng(62)
    time = np.linspace(0, 10, 41)
    truth = 4 + 20 * np.exp(-time / 1.7)
    x = truth + np.sqrt(truth) * rng.normal(size=(60, 30, 41))
    result = observables.decay(series(x, 0.25, experiment=np.arange(60)), start=0.0, resamples=50)
    tau = result["tau"].isel(term=0)
    scatter = float(tau.std(ddof=1))
    assert abs(float(tau.mean()) - 1.7) < 4 * scatter / np.sqrt(60)
    for name in ("tau_error", "tau_fit_error"):
        assert float(np.sqrt((result[name] ** 2).mean())) == pytest.approx(scatter, rel=0.35), name
    covered = (result["tau_low"] <= 1.7) & (result["tau_high"] >= 1.7)
    assert abs(float(covered.mean()) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 60) + 0.03


def test_the_bootstrap_knows_that_trials_differ():
    """Trials that share a shape and differ in height as a whole:
    the covariance takes samples for independent, and errs.
    """
    rng = np.random.default_rng(63)
    time = np.linspace(0, 10, 41)
    taus = rng.normal(1.7, 0.4, (40, 1))
    result = observables.decay(series(20 * np.exp(-time / taus), 0.25), start=0.0, offset=False)
    assert float(result["tau_error"][0]) == pytest.approx(0.4 / np.sqrt(40), rel=0.5)
    assert float(result["tau_error"][0]) > 2 * float(result["tau_fit_error"][0])


def test_what_has_no_decay_has_no_time_constant():
    flat = series(np.random.default_rng(64).normal(size=(5, 201)) * 0 + np.arange(5.0)[:, None], 0.05)
    assert np.isnan(observables.decay(flat)["tau"]).all()
    assert np.isnan(observables.decay(flat[:1])["tau"]).all()
    with pytest.raises(ObservableError, match="terms = 3"):
        observables.decay(flat, terms=3)


def pair(rng, shape, error=1.0):
    """Spine and shaft: changes with means 10 and 2, correlated; as two samples, before and after."""
    spine = rng.normal(10, 3 * error, shape)
    shaft = 0.2 * spine + rng.normal(0, error, shape)
    made = [np.stack([np.full(shape, 4.0), 4.0 + one], -1) for one in (shaft, spine)]
    coords = {"experiment": np.arange(shape[0])} if len(shape) > 1 else {}
    return [series(one, 0.5, **coords) for one in made]


@pytest.mark.parametrize("interval", ["fieller", "bootstrap"])
def test_coupling_covers(interval):
    """40 trials, ratio 0.2 of correlated means, 1000 experiments:
    Fieller's to four deviations, the bootstrap's and 2 %.
    """
    shaft, spine = pair(np.random.default_rng(65), (1000, 40))
    result = observables.coupling(shaft, spine, interval=interval, resamples=400)
    covered = (result["coupling_low"] <= 0.2) & (result["coupling_high"] >= 0.2)
    more = 0.02 if interval == "bootstrap" else 0
    assert abs(float(covered.mean()) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 1000) + more
    assert float(result["coupling_error"].mean()) == pytest.approx(float(result["coupling"].std()), rel=0.1)


def test_coupling_of_integrals_and_of_nothing():
    shaft, spine = pair(np.random.default_rng(66), (20,))
    peak, integral = (observables.coupling(shaft, spine, of=of)["coupling"] for of in ("peak", "integral"))
    assert float(peak) == pytest.approx(float(integral))  # one trapezoid each
    assert float(peak) == pytest.approx(float((shaft - 4).max("time").mean() / (spine - 4).max("time").mean()))
    nothing = observables.coupling(shaft, spine - (spine - 4).mean("trial") + 1e-3 * spine["time"], of="integral")
    assert (nothing["coupling_low"], nothing["coupling_high"]) == (-np.inf, np.inf)
    with pytest.raises(ObservableError, match="same trials"):
        observables.coupling(shaft.assign_coords(trial=range(20)), spine.assign_coords(trial=range(1, 21)))
