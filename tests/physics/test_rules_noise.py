"""Every rule that may be noisy, at constant calcium, against the mean and the variance that its equation says."""

import numpy as np
import pytest

from spinemc import plasticity
from spinemc.plasticity import li2016

TRIALS = 10_000


def drawn(rule, drift, zones, goal):
    """An Ornstein-Uhlenbeck process of Graupner's form: its goal, and sigma^2 n / (2 Gamma)."""
    return goal, plasticity.complete(rule, {})["sigma"] ** 2 * zones / (2.0 * drift)


ASKED = {"noise": True, "sigma": 0.1}
TAGS = {"noise": True, "k_h": 1.0, "k_l": 0.1, "theta_pro": 1e9}
CASES = [
    # rule, calcium, parameters, variable, (mean, variance), what the cubic term may change
    ("bell2022", 600.0, ASKED, "weight", (0.5, 0.01), 0.0),
    ("shouval2002", 0.8, ASKED, "weight", (1.0, 0.01), 0.0),
    ("graupner2012", 1.2, {"noise": True}, "rho", drawn("graupner2012", 200.0, 1, 0.0), 1.0 / 200.0),
    ("graupner2012", 5.0, {"noise": True}, "rho", drawn("graupner2012", 521.808, 2, 321.808 / 521.808), 1.0 / 521.0),
    ("chindemi2022", 0.145, {"noise": True}, "rho", drawn("chindemi2022", 100.0, 1, 0.0), 1.0 / 100.0),
    ("chindemi2022", 0.45, {"noise": True}, "rho", drawn("chindemi2022", 550.0, 2, 450.0 / 550.0), 1.0 / 550.0),
    ("li2016", 2.0, {"noise": True}, "h", drawn("li2016", 313.2, 1, 0.00134), 0.0),
    ("li2016", 5.0, {"noise": True}, "h", drawn("li2016", 1958.8, 2, 8.4013), 0.0),
    ("clopath2008", 5.0, TAGS, "h", (0.75, 0.75 * 0.25), 0.0),  # set at 3 /s, lost at 1 /s: drawn, 0 or 1
    ("clopath2008", 1.0, TAGS, "l", (-1.0 / 3.0, 2.0 / 9.0), 0.0),  # at 0.05 and 0.1 /s
]


def test_no_noisy_rule_is_left_out():
    noisy = {name for name in plasticity.RULES if "noise" in plasticity.rule(name).PARAMETERS}
    assert {case[0] for case in CASES} == noisy


@pytest.mark.parametrize(("rule", "level", "parameters", "variable", "told", "off"), CASES)
def test_noise_has_its_stationary_mean_and_variance(rule, level, parameters, variable, told, off):
    """To 4 standard errors of 10000 trials."""
    mean, variance = told
    trace = plasticity.trace(np.linspace(0.0, 80.0, 81), np.full(81, level))
    x = plasticity.apply(rule, trace, parameters=parameters, trials=TRIALS, seed=3)[variable][:, -1]
    assert abs(x.mean() - mean) < 4.0 * np.sqrt(variance / TRIALS) + off
    assert abs(x.var() / variance - 1.0) < 4.0 * np.sqrt(2.0 / TRIALS) + off


def test_the_early_phase_spreads_as_was_published():
    for drift, zones, told in ((1958.8, 2, 0.0656), (313.2, 1, 0.116)):
        found = np.sqrt(drawn("li2016", drift, zones, 0.0)[1])
        assert abs(found - told) < 0.51 * 10.0 ** -len(str(told).partition(".")[2])
    p = li2016.PARAMETERS
    assert p["pull"] + p["gamma_d"] + p["gamma_p"] == pytest.approx(1958.8) and p["tau_h"] == 688.4
