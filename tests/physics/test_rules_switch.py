"""The switch of CaMKII and PP1 of Graupner & Brunel 2007: its folds, its branches, and the lives of its states."""

from itertools import pairwise

import numpy as np
import pytest

from spinemc import plasticity
from spinemc.errors import ScenarioError
from spinemc.plasticity import camkii2007, holoenzymes

SITES = 6 * camkii2007.PARAMETERS["rings"]


def test_a_ring_has_fourteen_states_and_loses_no_ring():
    ring = camkii2007.ring()
    assert len(ring.pattern) == 14
    np.testing.assert_allclose(ring.change.sum(axis=1), 0.0, atol=1e-12)
    np.testing.assert_array_equal(-np.diagonal(ring.change[0]), ring.phosphorylated)
    np.testing.assert_array_equal(-np.diagonal(ring.change[1] + ring.change[2]), 6.0 - ring.phosphorylated)


def test_folds():
    published = [[0.09235, 109.7], [0.21957, 78.2], [0.36313, 57.1], [0.37392, 7.1]]
    found = camkii2007.folds()
    assert found[:, 0] == pytest.approx([ca for ca, _ in published], abs=6e-6)
    assert found[:, 1] == pytest.approx([s for _, s in published], abs=0.051)


@pytest.mark.parametrize(
    ("calcium", "steady", "within"),
    [(0.1, [0.145, 56.8, 150.0], [5.1e-4, 0.051, 0.051]), (0.30, [0.441], [5.1e-4]), (0.5, [183.6], [0.051])],
)
def test_steady_branches(calcium, steady, within):
    found = camkii2007.branches(calcium)
    assert len(found) == len(steady)
    assert (np.abs(found - steady) < within).all()


def switched(level, up, seconds=1200.0):
    """Phosphorylated sites before, at the end of a plateau of calcium, and half an hour after it [uM]."""
    time = np.concatenate([np.linspace(0.0, seconds, 61), seconds + np.linspace(30.0, 1800.0, 60)])
    calcium = np.where(time < seconds, level, 0.1)
    a = plasticity.apply("camkii2007", plasticity.trace(time, calcium, "hold"), parameters={"up": up})
    return SITES * a["weight"][[0, 60, -1]]


def test_calcium_sets_and_resets_the_switch_in_its_windows():
    """Potentiation above 0.374 uM, depotentiation from 0.220 to 0.363 uM; else the state stays."""
    for level, up, end in ((0.50, False, 149.98), (0.35, False, 0.145), (0.15, True, 149.98), (0.30, True, 0.145)):
        begin, plateau, after = switched(level, up)
        assert begin == pytest.approx(149.98 if up else 0.145, rel=1e-3)
        assert after == pytest.approx(end, rel=2e-3)
        assert np.abs(camkii2007.branches(level) - plateau).min() < 2e-3 * plateau


def independent(time, calcium, begin):
    """The rate equations, written out again, on calcium that is straight between times: (16, t)."""
    from scipy.integrate import solve_ivp

    p, ring = camkii2007.PARAMETERS, camkii2007.ring()
    ends = np.stack(camkii2007.rates(calcium, p))

    def slope(t, y):
        b, enzyme, i1p = y[:14], y[14], y[15]
        beside, alone, pka, can = (np.interp(t, time, end) for end in ends)
        loss = p["k_12"] * enzyme / (p["k_m"] + p["rings"] * ring.phosphorylated @ b)
        flow = loss * ring.change[0] + beside * ring.change[1] + alone * ring.change[2]
        free = -p["k_11"] * i1p * enzyme + p["k_11_back"] * (p["pp1_total"] - enzyme)
        return [*(flow @ b), free, free + pka * p["i1"] - can * i1p]

    made = [np.array(begin)]
    for start, end in pairwise(time):
        made.append(solve_ivp(slope, (start, end), made[-1], method="BDF", rtol=1e-8, atol=1e-10).y[:, -1])
    return np.array(made).T


def test_the_rate_equations_agree_with_an_independent_solution():
    time = np.linspace(0.0, 60.0, 7)
    a = plasticity.apply("camkii2007", plasticity.trace(time, np.full(7, 0.5)), parameters={"tolerance": 1e-5})
    names = (*camkii2007.STATES, "pp1", "i1p")
    want = independent(time, np.full(7, 0.5), [a[name][0] for name in names])
    np.testing.assert_allclose(a["weight"], camkii2007.ring().phosphorylated @ want[:14] / 6.0, atol=5e-4)
    np.testing.assert_allclose(a["pp1"], want[14], atol=1e-4)
    assert sum(a[name] for name in camkii2007.STATES) == pytest.approx(np.ones(7), abs=1e-9)


@pytest.mark.parametrize("every", [1e-3, 1e-2])
def test_calcium_that_wanders_is_followed_to_a_thousandth_as_it_is_by_default(every):
    time = every * np.arange(41)
    calcium = np.random.default_rng(4).uniform(0.0, 0.9, 41)
    names = (*camkii2007.STATES, "pp1", "i1p")
    for up in (False, True):
        a = plasticity.apply("camkii2007", plasticity.trace(time, calcium), parameters={"up": up})
        want = independent(time, calcium, [a[name][0] for name in names])
        np.testing.assert_allclose([a[name] for name in names], want, atol=1e-3)


def test_a_synapse_does_not_depend_on_those_beside_it():
    calcium = np.random.default_rng(5).uniform(0.0, 0.9, (5, 9, 20))
    whole = plasticity.apply("camkii2007", plasticity.trace(0.01 * np.arange(20.0), calcium))
    alone = plasticity.apply("camkii2007", plasticity.trace(0.01 * np.arange(20.0), calcium[4, 7]))
    for name, values in alone.items():
        np.testing.assert_array_equal(values, whole[name][4, 7])


def test_the_switch_goes_on_from_a_state():
    time = np.linspace(0.0, 60.0, 61)
    calcium = np.linspace(0.2, 0.6, 61)
    whole = plasticity.apply("camkii2007", plasticity.trace(time, calcium))
    first = plasticity.apply("camkii2007", plasticity.trace(time[:31], calcium[:31]))
    second = plasticity.apply("camkii2007", plasticity.trace(time[30:], calcium[30:]), start=plasticity.final(first))
    assert second["weight"][-1] == pytest.approx(whole["weight"][-1], abs=5e-4)


@pytest.mark.parametrize(("number", "calcium", "up"), [(1, 0.1, True), (2, 0.15, False), (3, 0.18, True)])
def test_lives_of_states_agree_with_the_master_equation(number, calcium, up):
    """The mean of 600 drawn first passages, to 4 standard errors."""
    found = holoenzymes.lifetimes(number, calcium, 600, seed=5, up=up)
    exact = holoenzymes.mean_lifetime(number, calcium, up)
    assert abs(found.mean() - exact) < 4.0 * found.std() / np.sqrt(600)


def test_the_up_state_lives_longer_the_more_holoenzymes_there_are():
    lives = [holoenzymes.mean_lifetime(n, 0.15, up=True) for n in (1, 2, 3, 4)]
    assert np.all(np.diff(np.log(lives)) > 0.3)


def test_what_the_switch_cannot_do_is_told():
    with pytest.raises(ScenarioError, match=r"one steady state at a rest of 0\.3 uM"):
        plasticity.apply("camkii2007", plasticity.trace([0.0, 1.0], [0.3, 0.3]), parameters={"rest": 0.3, "up": True})
    with pytest.raises(ScenarioError, match="must be above 0"):
        camkii2007.branches(0.0)
    with pytest.raises(ScenarioError, match="no rate of learning"):
        plasticity.apply("camkii2007", plasticity.trace([0.0, 1.0], [0.1, 0.1]), gate=([0.0], [0.5]))
    with pytest.raises(ScenarioError, match="no switch between two"):
        holoenzymes.lifetimes(2, 0.3, 1)
    with pytest.raises(ScenarioError, match="simulate with lifetimes"):
        holoenzymes.mean_lifetime(12, 0.1)
