"""Shouval 2002, O'Donnell 2011, Chindemi 2022 and the calcitron against their published numbers and exact solutions."""

import numpy as np
import pytest

from spinemc import plasticity, protocols
from spinemc.errors import ScenarioError
from spinemc.plasticity import calcitron2025, chindemi2022, nmda, odonnell2011, shouval2002

S = shouval2002.PARAMETERS


def weight(rule, trace, **options):
    return plasticity.apply(rule, trace, **options)["weight"]


def near(value, told):
    """Whether a value is what is told, to its last digit, a half of the next one either way."""
    digits = told.lower().partition("e")[0].partition(".")[2]
    scale = 10.0 ** int(told.partition("e")[2] or 0)
    return abs(float(value) - float(told)) <= 0.5001 * scale * 10.0 ** -len(digits)


@pytest.mark.parametrize(
    ("calcium", "omega"), [(0.0, ".25"), (0.35, ".125"), (0.45, ".0004"), (0.55, ".500"), (0.65, "1.0")]
)
def test_shouval_drive(calcium, omega):
    assert near(shouval2002.drive(np.array(calcium), S), omega)


@pytest.mark.parametrize(
    ("calcium", "tau"), [(0.0, "1.0e4"), (0.2, "13.5"), (0.35, "3.33"), (0.45, "2.10"), (0.55, "1.60"), (0.8, "1.20")]
)
def test_shouval_time_constant(calcium, tau):
    assert near(shouval2002.time_constant(np.array(calcium), S), tau)


def test_shouval_is_exact_at_constant_calcium_and_knows_its_stochastic_variant():
    time = np.array([0.0, 1.0, 50.0])
    for level in (0.1, 0.45, 0.8):
        omega, tau = shouval2002.drive(np.array(level), S), shouval2002.time_constant(np.array(level), S)
        want = omega + (0.25 - omega) * np.exp(-time / tau)
        np.testing.assert_allclose(weight("shouval2002", plasticity.trace(time, np.full(3, level))), want, rtol=1e-12)
    p = plasticity.complete("shouval2002", {"set": "2004"})
    assert (p["alpha_1"], p["alpha_2"], p["beta_1"], p["beta_2"]) == (0.40, 0.65, 30.0, 30.0)


def test_odonnell_is_the_integral_of_its_speed():
    p = odonnell2011.PARAMETERS
    assert p["eta_d"] == p["eta_p"] / 2.0
    assert odonnell2011.speed(np.array([0.0, 4.0, 4.75, 5.5, 8.0]), p) == pytest.approx(
        [0.0, -0.25 + 5.5e-4, -0.5 / (1 + np.exp(-3.75)) + 1 / (1 + np.exp(3.75)), 0.5 - 0.5 / (1 + np.exp(-7.5)), 0.5],
        abs=1e-4,
    )
    got = weight("odonnell2011", plasticity.trace([0.0, 2.0, 5.0], [4.75] * 3))
    np.testing.assert_allclose(got, odonnell2011.speed(np.array(4.75), p) * np.array([0.0, 2.0, 5.0]), rtol=1e-12)


def test_chindemi_integrates_calcium_and_expresses_with_a_delay():
    from scipy.integrate import solve_ivp

    p = chindemi2022.PARAMETERS
    time = np.array([0.0, 0.5, 1.0, 30.0, 400.0])
    calcium = np.array([0.2, 0.2, 0.07, 0.07, 0.07])
    a = plasticity.apply("chindemi2022", plasticity.trace(time, calcium, "hold"))

    def slope(t, y):
        c, r, w = y
        up, down = p["gamma_p"] * (c > p["theta_p"]), p["gamma_d"] * (c > p["theta_d"])
        level = 0.2 if t < 1.0 else 0.07
        return [-c / 0.2 + level - 0.07, (-r * (1 - r) * (0.5 - r) + up * (1 - r) - down * r) / 70.0, (r - w) / 100.0]

    first = solve_ivp(slope, (0, 2.0), [0, 0, 0], max_step=2e-4).y[:, -1]
    rest = solve_ivp(slope, (2.0, 400), first, rtol=1e-9, atol=1e-12, max_step=1.0).y[:, -1]
    assert a["star"][1] == pytest.approx(0.2 * 0.13 * -np.expm1(-2.5), rel=1e-12)
    assert a["rho"][-1] == pytest.approx(rest[1], abs=1e-3)
    assert a["weight"][-1] == pytest.approx(rest[2], abs=1e-3)
    assert (chindemi2022.PARAMETERS["tau"], p["tau_expression"], p["tau_star"]) == (70.0, 100.0, 0.2)


def test_calcitron_steps_to_its_plateaus():
    level = np.array([0.2, 0.7, 0.7, 1.4, 1.4, 0.0])
    want = [0.5]
    for c in level[:-1]:
        eta, goal = (0.0, 0.5) if c <= 0.5 else (0.1, 0.0) if c <= 1.0 else (0.1, 1.0)
        want.append(want[-1] + eta * (goal - want[-1]))
    time = np.arange(6.0)
    np.testing.assert_allclose(weight("calcitron2025", plasticity.trace(time, level, "hold")), want, rtol=1e-12)
    linear = weight("calcitron2025", plasticity.trace(time, level, "hold"), parameters={"set": "linear"})
    np.testing.assert_allclose(linear, 0.5 + np.cumsum([0.0, 0.0, -0.1, -0.1, 0.2, 0.2]), rtol=1e-12)


def test_calcitron_counts_parts_of_steps():
    """A ramp from 0 to 2 in 4 s is 1 s below, 1 s between and 2 s above the thresholds."""
    got = weight("calcitron2025", plasticity.trace([0.0, 4.0], [0.0, 2.0]))[-1]
    w = 0.5 * 0.9
    assert got == pytest.approx(1.0 + (w - 1.0) * 0.9**2, rel=1e-12)
    fine = weight("calcitron2025", plasticity.trace(np.linspace(0, 4, 401), np.linspace(0, 2, 401)))[-1]
    assert fine == pytest.approx(got, rel=1e-9)


def test_calcitron_hebbian_and_anti_hebbian_by_their_regions():
    """alpha = 0.4, gamma = 0.45, thresholds 0.5 and 0.8: only input and output together reach the upper region."""
    x, zero = np.array([1.0, 0.0]), np.zeros(2)
    together = calcitron2025.calcium(x, zero, 1.0, 0.0, 0.4, 0.0, 0.45, 0.0)
    assert together == pytest.approx([0.85, 0.45])
    trace = plasticity.trace([0.0, 10.0], np.repeat(together[None, :, None], 2, axis=2), "hold")
    p = {"theta_d": 0.5, "theta_p": 0.8}
    up = weight("calcitron2025", trace, parameters=p)[0, :, -1]
    down = weight("calcitron2025", trace, parameters=p | {"target_p": 0.0, "target_d": 1.0})[0, :, -1]
    assert up[0] > 0.8 and down[0] < 0.2
    assert up[1] == down[1] == 0.5


def test_calcitron_by_frequency():
    """alpha = gamma = 0.3, thresholds 0.5 and 0.8: one event does nothing, two depress and three potentiate."""
    p = {"theta_d": 0.5, "theta_p": 0.8}
    c = [
        calcitron2025.calcium(np.array([x]), np.ones(1), y, 0.0, 0.3, 0.0, 0.3, 0.0)[0]
        for x, y in ((1, 0), (1, 1), (2, 1))
    ]
    assert c == pytest.approx([0.3, 0.6, 0.9])
    end = [weight("calcitron2025", plasticity.trace([0.0, 9.0], [x, x], "hold"), parameters=p)[-1] for x in c]
    assert end == pytest.approx([0.5, 0.5 * 0.9**9, 1.0 - 0.5 * 0.9**9])


def test_calcitron_depresses_inactive_synapses_by_the_calcium_of_active_ones():
    """alpha = 2, beta = 0.2, eta = 0.025, theta_d = beta k - e, theta_p = theta_d + alpha - e."""
    k, e = 5, 0.01
    inputs = np.zeros(20)
    inputs[:k] = 1.0
    p = {"theta_d": 0.2 * k - e, "theta_p": 0.2 * k - e + 2.0 - e, "eta_d": 0.025, "eta_p": 0.025}
    w = np.ones(20)
    for _ in range(40):
        c = calcitron2025.calcium(inputs, w, 0.0, 0.0, 2.0, 0.2, 0.0, 0.0)
        trace = plasticity.trace([0.0, 1.0], np.repeat(c[None, :, None], 2, axis=2), "hold")
        w = weight("calcitron2025", trace, start={"weight": w}, parameters=p)[0, :, -1]
    np.testing.assert_allclose(w[:k], 1.0, rtol=1e-12)
    np.testing.assert_allclose(w[k:], 0.975**40, rtol=1e-9)


# The calcium of Shouval et al. 2002 ----------------------------------------------------------------------------


def test_magnesium_blocks_as_jahr_and_stevens_found():
    voltage = np.array([-80, -65, -40, -20, 0, 20, 40])
    assert nmda.block(voltage) == pytest.approx([0.0244, 0.0597, 0.2302, 0.5081, 0.7812, 0.9250, 0.9771], abs=6e-5)


def test_calcium_of_a_pair_agrees_with_an_independent_solution():
    from itertools import pairwise

    from scipy.integrate import solve_ivp

    def slope(t, y):
        """Times in ms; the presynaptic spike at 100, the postsynaptic one at 110."""
        s, u = t - 100.0, t - 110.0
        epsp = (np.exp(-s / 50) - np.exp(-s / 5)) / 0.6968 if s > 0 else 0.0
        bpap = 100 * (0.75 * np.exp(-u / 3) + 0.25 * np.exp(-u / 25)) if u > 0 else 0.0
        opened = 0.5 * np.exp(-s / 50) + 0.5 * np.exp(-s / 200) if s > 0 else 0.0
        v = -65 + epsp + bpap
        return [-y[0] / 50 - 0.5 / 500 * opened / (1 + np.exp(-0.062 * v) / 3.57) * (v - 130)]

    ends = [100.0, 110.0, 150.0, 400.0]
    want, y = [], [0.0]
    for begin, end in pairwise(ends):
        y = solve_ivp(slope, (begin + 1e-9, end), y, rtol=1e-9, atol=1e-12, max_step=0.5).y[:, -1]
        want.append(y[0])
    errors = []
    for every in (4e-4, 2e-4, 1e-4):
        trace = nmda.calcium([0.1], [0.11], 0.4, every)
        errors.append(np.abs(np.interp([0.11, 0.15, 0.4], trace.time, trace.after) / want - 1.0).max())
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.2)  # second order
    assert errors[2] < 1e-4


def test_pairs_potentiate_depress_and_depress_again_by_their_delay():
    """100 pairs at 1 Hz from w = 0.25: the window of the paper, with its second depression."""

    def end(delay):
        pre, post = protocols.pairs(delay, 100, 1.0)
        return weight("shouval2002", nmda.calcium(pre, post, 101.0))[-1]

    assert end(0.010) > 0.4 and end(0.030) > 0.35
    assert end(-0.010) < 0.15
    assert end(0.080) < 0.15
    assert end(-0.100) == pytest.approx(0.25, abs=0.01)
    assert end(0.200) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"current": "2003"}, "it is one of 2002, 2004"),
        ({"until": 0.0}, "above 0"),
        ({"pre": [np.nan]}, "not a finite"),
    ],
)
def test_what_makes_no_calcium_is_told(options, sentence):
    given = {"pre": [0.1], "post": [], "until": 1.0} | options
    with pytest.raises(ScenarioError, match=sentence):
        nmda.calcium(**given)
