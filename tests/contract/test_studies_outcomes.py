"""The studies of outcomes and of receptor numbers in quick form: what they claim, against theory."""

import numpy as np
import pytest
from studies import study

OUTCOMES = study("when_deterministic_fails")
RECEPTORS = study("receptor_number")
HILL = study("when_deterministic_fails", "outcome_figure").hill
CHANNELS = study("receptor_number", "receptors")


@pytest.fixture(scope="module")
def sure():
    return OUTCOMES.certain(31)


def test_the_rate_equations_do_not_know_the_volume(sure):
    """One answer for heads of 0.01 and 0.6 um^3, to the integrator's precision."""
    pulse = sure.limit["by the rule"]
    small, large = (OUTCOMES.mixed(volume, pulse, 1, engine="ode") for volume in (0.01, 0.6))
    for name in ("peak", "last", "weight"):
        np.testing.assert_allclose(small[name], large[name], rtol=1e-5)
    assert list(sure.values["weight"].values[[0, -1]] > OUTCOMES.BAND[1]) == [False, True]


def test_the_uncertain_band_narrows_with_the_root_of_the_volume(sure, tmp_path):
    """Widths at the last pulse against linear noise, and the exponent -1/2, both within 3 standard errors."""
    size = OUTCOMES.QUICK._replace(band_volumes=(0.01, 0.08, 0.6), band_strengths=7, band_trials=80)
    found = OUTCOMES.bands(tmp_path, size, sure.limit, resamples=40)
    assert (found.width_error / found.width < 0.2).all()
    assert np.abs((found.width[0] - found.theory) / found.width_error[0]).max() < 3.0
    assert found.exponent_error.max() < 0.05
    assert np.abs((found.exponent[[0, 2]] + 0.5) / found.exponent_error[[0, 2]]).max() < 3.0
    assert found.width[1, 0] < found.width[0, 0]  # five chances to cross: a sharper band, and one that begins earlier
    assert found.middle[1, 0] < 1.0 < found.middle[0, 0] + found.middle_error[0, 0]


def test_two_weak_inputs_are_told_apart_best_at_some_noise(sure, tmp_path):
    """By the crossing alone; 3 standard errors above both ends. The peak itself tells more, the larger the head."""
    size = OUTCOMES.QUICK._replace(told_volumes=(2e-4, 2e-3, 0.1), told_trials=400)
    found = OUTCOMES.told(tmp_path, size, sure.limit["at any time"])
    top, low, high = HILL(found.crossing["0.6 or 0.8"])
    assert top == 1 and min(low, high) > 3.0
    assert (np.diff(found.peak["0.6 or 0.8"]["information"]) > 0.0).all()
    assert HILL(found.crossing["none or 0.8"])[0] == 0


def test_a_fit_finds_the_band_it_is_given():
    strength = np.linspace(0.8, 1.2, 9)
    from scipy.stats import norm

    middle, width = OUTCOMES.probit(strength, 1e6 * norm.cdf((strength - 1.03) / 0.07), 1e6)
    assert (middle, width) == pytest.approx((1.03, 0.07), rel=1e-3)


def test_channels_and_ions_are_even_where_the_telegraph_says(tmp_path):
    """n (Fano - 1) within 3 standard errors, of 10 % at most."""
    size = RECEPTORS.QUICK._replace(telegraph_numbers=(3, 10, 30), telegraph_trials=600)
    value, error = CHANNELS.balance(RECEPTORS.switching(tmp_path, size)["ions"])
    assert error < 0.1 * value
    assert value == pytest.approx(CHANNELS.fano_of_one(), abs=3.0 * error)


def test_noise_of_receptors_has_the_parts_that_theory_gives(tmp_path):
    """Exact: ions alone are Poisson, a Poisson number of receptors that do not gate adds mean^2 / n to that.

    Gating, of 10 receptors with an exact number: as by linear noise. Each within 3.5 standard errors.
    """
    kind, n = RECEPTORS.KINDS[0], 10
    size = RECEPTORS.QUICK._replace(numbers=(n,), trials=200, ion_trials=200)
    found = RECEPTORS.scanned(kind, tmp_path, size)
    ions = {name: runs["entered"].isel(n=0) for name, runs in found.items()}
    time, flux = np.loadtxt(tmp_path / "tables" / f"{kind.name}_{n}" / "mean_flux.csv", delimiter=",").T
    mean = float(n * np.trapezoid(flux, time))
    alone = float(RECEPTORS.linear(kind, RECEPTORS.NUMBER, tmp_path)[0])  # of the published number
    gating = (alone - mean) * kind.published / n
    expected = {
        RECEPTORS.BOTH: mean,
        RECEPTORS.GATING: mean + mean**2 / n,
        RECEPTORS.NUMBER: mean + gating,
        RECEPTORS.FULL: mean + gating + mean**2 / n,
    }
    for name, variance in expected.items():
        about = RECEPTORS.observables.moments(ions[name])
        assert float(about["mean"]) == pytest.approx(mean, abs=3.5 * float(about["mean_error"])), name
        assert float(about["variance_error"]) < 0.3 * variance
        assert float(about["variance"]) == pytest.approx(variance, abs=3.5 * float(about["variance_error"])), name
