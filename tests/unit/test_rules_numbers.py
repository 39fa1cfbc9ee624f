"""Numbers of every rule's sources, written out once more: whoever changes one has to change it here as well."""

import numpy as np
import pytest

from spinemc import plasticity
from spinemc.plasticity import bell2022, nmda

HOUR = 3600.0
TOLD = {
    ("bell2022", "2022"): {
        "theta_p": 400.0, "theta_d": 100.0, "beta": 0.2977, "tau_1": 1.0, "tau_2": 10.0, "tau_3": 0.001, "tau_4": 2.0,
        "weight_0": 0.0,
    },
    ("bell2022", "2019"): {"tau_1": 1.0, "tau_2": 10.0, "tau_3": 0.001, "tau_4": 2.0},
    ("shouval2002", "2002"): {
        "alpha_1": 0.35, "alpha_2": 0.55, "beta_1": 80.0, "beta_2": 80.0, "lambda": 1.0, "p_1": 0.1, "p_2": 1e-5,
        "p_3": 3.0, "p_4": 1.0, "weight_0": 0.25,
    },
    ("shouval2002", "2004"): {"alpha_1": 0.40, "alpha_2": 0.65, "beta_1": 30.0, "beta_2": 30.0},
    ("odonnell2011", None): {"theta_p": 5.5, "theta_d": 4.0, "slope": 0.2, "eta_d": 0.5, "eta_p": 1.0},
    ("chindemi2022", None): {
        "rest": 0.07, "tau_star": 0.2, "tau": 70.0, "gamma_d": 100.0, "gamma_p": 450.0, "tau_expression": 100.0,
    },
    ("li2016", "synapse"): {
        "tau_ca": 0.0488, "c_pre": 1.0, "c_post": 0.2758, "delay": 0.0188, "theta_p": 3.0, "theta_d": 1.2,
        "gamma_p": 1645.6, "gamma_d": 313.1, "tau_h": 688.4, "tau_z": HOUR, "tau_p": HOUR, "sigma": 2.90436,
        "alpha": 1.0, "pull": 0.1, "h_top": 10.0, "z_low": -0.5,
    },
    ("li2016", "network"): {"c_pre": 0.6, "c_post": 0.16548},
    ("clopath2008", None): {
        "k_h": 1.0 / 3600.0, "k_l": 1.0 / 5400.0, "kappa": 0.5, "gamma": 0.1, "tau_z": 360.0, "tau_pm": 360.0,
        "tau_pd": 3600.0, "theta_pro": 60.0, "g_h": 1.0, "g_l": 0.5, "g_z": 2.0, "w_0": 1.0,
    },
    ("calcitron2025", "plateau"): {
        "theta_d": 0.5, "theta_p": 1.0, "eta_d": 0.1, "eta_p": 0.1, "target_d": 0.0, "target_p": 1.0,
    },
    ("calcitron2025", "linear"): {"change_d": -0.1, "change_p": 0.2, "eta_d": 0.0, "eta_p": 0.0},
    ("camkii2007", None): {
        "rings": 33.3, "k_6": 6.0, "k_7": 6.0, "k_12": 6000.0, "k_m": 0.4, "k_11": 500.0, "k_11_back": 0.1,
        "pp1_total": 0.2, "i1": 1.0, "cam_total": 0.1, "k_5": 0.1, "l_1": 0.1, "l_2": 0.025, "l_3": 0.32, "l_4": 0.40,
        "pka_0": 0.00359, "pka_1": 100.0, "pka_half": 0.11, "pka_power": 8.0, "can_0": 0.1, "can_1": 18.0,
        "can_half": 0.053, "can_power": 3.0,
    },
}  # fmt: skip
"""By rule and set; those of graupner2012 stand beside its other tests."""


def test_no_rule_and_no_set_is_left_out():
    sets = {(name, one) for name in plasticity.RULES for one in getattr(plasticity.rule(name), "SETS", [None])}
    assert set(TOLD) == {(name, one) for name, one in sets if name != "graupner2012"}


@pytest.mark.parametrize(("name", "which"), TOLD)
def test_parameters_are_those_of_the_source(name, which):
    p = plasticity.complete(name, {"set": which} if which else {})
    assert {key: p[key] for key in TOLD[name, which]} == TOLD[name, which]


def test_the_rule_of_2019_reads_a_concentration_of_calmodulin():
    """Half way at 2 and 20 uM, whatever the volume; tau is 1 + 10 / 1.001 s at 11 uM."""
    for volume in (0.06, 1.0):
        p = plasticity.complete("bell2022", {"set": "2019"})
        ions = p["reference_volume"] * 602.21407 * np.array([1.0, 2.0, 11.0, 20.0, 25.0])
        np.testing.assert_allclose(bell2022.drive(ions, p), [0.0, -0.25, -0.5, 0.0, 0.5], atol=1e-5)
        assert bell2022.time_constant(ions, p)[2] == pytest.approx(1.0 + 10.0 / 1.001, rel=1e-6)
        slope = (bell2022.drive(ions[3] + 1e-3, p) - bell2022.drive(ions[3] - 1e-3, p)) / 2e-3
        assert slope * 602.21407 == pytest.approx(60.0 / 4.0, rel=1e-4)
        trace = plasticity.trace([0.0, 1e4], np.full(2, 11.0 * 602.21407 * volume))
        w = plasticity.apply("bell2022", trace, volume=volume, parameters={"set": "2019"})["weight"]
        assert w[-1] == pytest.approx(-0.5, abs=1e-6)


def test_the_currents_of_shouval_have_the_published_numbers():
    told = {"2002": (0.5, -1 / 500, 0.5, 0.050, 0.5, 0.200), "2004": (0.5, -1 / 325, 0.75, 0.050, 0.25, 0.150)}
    assert {name: tuple(current.values()) for name, current in nmda.CURRENT.items()} == told
