"""The studies of rules on pairs of spikes and of the switch's memory in quick form: what they claim, against theory."""

import numpy as np
import pytest
from studies import study

from spinemc.plasticity import holoenzymes

PAIRS = study("stdp_and_frequency")
RULES = study("stdp_and_frequency", "rules")
FIGURE = study("stdp_and_frequency", "pairing_figure")
SWITCH = study("switch_lifetime")
RINGS = study("switch_lifetime", "rings")
CHAIN = study("switch_lifetime", "chain")


def ends(name, delay, **options):
    return RULES.outcome(RULES.WAYS[name], RULES.protocol(delay, 60, 1.0), **options)


@pytest.mark.parametrize("name", FIGURE.PUBLISHED)
def test_windows_are_those_of_the_authors_runs(name):
    """Chi squared of 11 delays below 29, p = 0.002; the published errors are 0.02 at least."""
    off = []
    for k, delay in enumerate(FIGURE.PUBLISHED_DELAYS):
        found = RULES.outcome(RULES.graupner(name), RULES.protocol(1e-3 * delay, 60, 1.0), 600, True, k)
        off.append((found.mean - FIGURE.PUBLISHED[name][k]) / np.hypot(found.error, 0.02))
    assert np.sum(np.square(off)) < 29.0


def test_noise_makes_the_windows_that_the_rule_without_it_does_not_have():
    """DPD has neither window without noise; with it, depression at -5 ms and potentiation at +5 ms by 4 errors."""
    way = RULES.graupner("DPD")
    for delay, sign in ((-0.005, -1), (0.005, 1)):
        pairs = RULES.protocol(delay, 60, 1.0)
        assert RULES.outcome(way, pairs).mean == 1.0
        found = RULES.outcome(way, pairs, 400, True)
        assert sign * (found.mean - 1.0) > 4.0 * found.error > 0.0


def test_post_before_pre_reverses_with_the_rate_in_the_cortical_set():
    """Depression at 10 Hz and potentiation at 50 Hz, by 4 standard errors each."""
    way = RULES.WAYS["graupner2012"]
    slow, fast = (RULES.outcome(way, RULES.protocol(-0.010, 75, rate), 400, True) for rate in (10.0, 50.0))
    assert slow.mean + 4.0 * slow.error < 1.0 < fast.mean - 4.0 * fast.error


def test_which_rules_have_a_window_of_both_signs():
    """At -10 and +10 ms, without noise, with the calcium that the README states."""
    sign = {name: [np.sign(round(ends(name, d).mean - (0.0 if way.change else 1.0), 6)) for d in (-0.01, 0.01)]
            for name, way in RULES.WAYS.items() if not name.startswith(("camkii", "graupner"))}  # fmt: skip
    assert {name for name, both in sign.items() if both == [-1, 1]} == {"shouval2002", "odonnell2011", "chindemi2022"}
    assert sign["bell2022"] == sign["clopath2008"] == [-1, -1]
    assert sign["li2016"] == sign["calcitron2025"] == [0, -1]


def test_ions_add_less_to_the_noise_of_the_rule_the_larger_the_head():
    """Few pairs in two heads: the variance of the rule's own noise is above that of ions, at p < 1e-3 by an F test."""
    made = {}
    for volume in (0.01, 0.04):
        count = PAIRS.trials_of(PAIRS.spine(volume, 0.01, 12, pairs=4))["count"].sel(species="Ca")
        reference = PAIRS.step_of_one(volume)
        calcium = PAIRS.plasticity.trace(count["time"].values, count.values.astype(float))
        apply = PAIRS.plasticity.apply
        rho = apply("graupner2012", calcium, unit="ions", reference=reference)["rho"][:, -1]
        noisy = apply("graupner2012", calcium, unit="ions", reference=reference, parameters={"noise": True})["rho"][
            :, -1
        ]
        assert 0.5 * 0.5 * volume * 602.2 < reference < 1.5 * 0.5 * volume * 602.2
        assert rho.mean() > 0.01
        made[volume] = rho.std(), noisy.std()
        assert made[volume][1] ** 2 > 8.0 * made[volume][0] ** 2  # of 11 and 11: 1e-3
    assert made[0.04][0] < made[0.01][0]


@pytest.mark.parametrize(("number", "up"), [(2, False), (2, True), (4, True)])
def test_rings_event_by_event_live_as_long_as_the_master_equation_says(number, up):
    """Within four standard errors of 600 lives."""
    found = RINGS.lives(RINGS.law(number, SWITCH.REST), number, SWITCH.level(number, up), up, 600, 1)
    exact = holoenzymes.mean_lifetime(number, SWITCH.REST, up)
    assert found.mean() == pytest.approx(exact, abs=4.0 * found.std() / np.sqrt(600))


def test_flux_sampling_agrees_with_lives_that_are_watched():
    """Of 12 holoenzymes DOWN: logarithms within 3.5 standard errors of both, 0.35 at most."""
    each = holoenzymes.lifetimes(12, SWITCH.REST, 100, seed=3)
    life, error = SWITCH.life(SWITCH.sampled(12, False, 300, 6))
    off = np.hypot(error / life, each.std() / each.mean() / np.sqrt(100))
    assert off < 0.35
    assert abs(np.log(life / each.mean())) < 3.5 * off


def test_noise_of_fast_calcium_shortens_the_memory_as_its_mean_rates_do():
    """4 holoenzymes UP in 0.1 um^3: shorter than at constant calcium by 5 errors, as the mean rates within 4."""
    at, trials = SWITCH.level(4, True), 120
    found = {}
    for name, made in (
        ("constant", RINGS.law(4, 0.1)),
        ("averaged", RINGS.law(4, 0.1, 0.1)),
        ("noisy", RINGS.law(4, 0.1, 0.1, 0.02)),
    ):
        found[name] = SWITCH.mean_of(RINGS.lives(made, 4, at, True, trials if name == "noisy" else 600, 5))
    apart = {a: (found["noisy"][0] - found[a][0]) / np.hypot(found["noisy"][1], found[a][1]) for a in found}
    assert apart["constant"] < -5.0
    assert abs(apart["averaged"]) < 4.0


def test_there_is_no_up_state_at_rest_in_the_noise_of_a_very_small_head():
    """Under rates averaged over the Poisson number of ions in 0.03 um^3, and three steady states in 0.1 um^3."""
    assert len(CHAIN.steady(RINGS.law(1, 0.1))) == 3
    assert len(CHAIN.steady(RINGS.law(1, 0.1, 0.1))) == 3
    assert len(CHAIN.steady(RINGS.law(1, 0.1, 0.03))) == 1
