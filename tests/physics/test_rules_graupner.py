"""The rule of Graupner & Brunel 2012 against its formula, its published tables and its own stationary noise."""

import numpy as np
import pytest

from spinemc import plasticity, protocols
from spinemc.plasticity import graupner2012, traces

RULE = "graupner2012"
DELAYS = np.array([-40, -25, -15, -10, -5, 0, 5, 10, 15, 20, 40]) * 1e-3
ANALYTIC = {
    "DP": [0.851, 0.729, 0.821, 0.882, 0.943, 1.008, 1.240, 1.221, 1.197, 1.172, 1.085],
    "DPD": [1.0, 1.0, 0.963, 0.859, 0.846, 0.997, 1.193, 0.961, 0.841, 0.867, 1.0],
    "DPD'": [0.892, 0.836, 0.782, 0.771, 0.801, 1.041, 1.139, 0.971, 0.899, 0.900, 0.931],
    "D": [1, 1, 1, 1, 0.994, 0.637, 0.994, 1, 1, 1, 1],
}
SIMULATED = {
    "DP": [0.827, 0.719, 0.800, 0.885, 0.941, 0.994, 1.237, 1.227, 1.178, 1.188, 1.083],
    "DPD": [1.0, 1.0, 0.966, 0.863, 0.848, 0.997, 1.159, 0.955, 0.857, 0.879, 1.0],
    "DPD'": [0.894, 0.837, 0.791, 0.779, 0.823, 1.034, 1.146, 0.971, 0.893, 0.889, 0.946],
    "D": [1, 1, 1, 1, 0.997, 0.659, 0.991, 1, 1, 1, 1],
}


def expected(name, delay, n, rate, post=1):
    p = plasticity.complete(RULE, {"set": name})
    pre, after = protocols.pairs(delay, 1, rate, post)
    above = traces.fractions_above(pre, after, 1.0 / rate, (p["theta_d"], p["theta_p"]), p)
    return graupner2012.outcome(*above, n / rate, p).change


def simulated(name, delay, n, rate, trials, seed=1):
    """Change of the mean strength, and its standard error."""
    p = plasticity.complete(RULE, {"set": name, "noise": True})
    calcium = traces.of_rule(RULE, *protocols.pairs(delay, n, rate), parameters={"set": name}, until=n / rate + 1.0)
    up, down = (
        np.mean((plasticity.apply(RULE, calcium, parameters=p | {"rho_0": rho}, trials=trials, seed=seed + k)["rho"]
                 [:, -1] > 0.5) != (rho > 0.5))
        for k, rho in enumerate((0.0, 1.0))
    )  # fmt: skip
    beta, b = p["beta"], p["strength"]
    whole = beta + (1.0 - beta) * b
    change = (beta * (1.0 - up) + (1.0 - beta) * down + b * (beta * up + (1.0 - beta) * (1.0 - down))) / whole
    spread = np.hypot(beta * np.sqrt(up * (1.0 - up)), (1.0 - beta) * np.sqrt(down * (1.0 - down)))
    return change, (b - 1.0) * spread / np.sqrt(trials) / whole


@pytest.mark.parametrize("name", ANALYTIC)
def test_the_analytic_change_of_strength_after_sixty_pairs(name):
    got = [expected(name, delay, 60, 1.0) for delay in DELAYS]
    assert got == pytest.approx(ANALYTIC[name], abs=6e-4)


@pytest.mark.parametrize("name", ANALYTIC)
def test_the_noisy_rule_changes_strength_as_the_authors_simulation(name):
    """Their points are from 1000 runs, an error of 0.02 to 0.06; ours, of 2000, must be within three of the sum."""
    for delay, published in zip(DELAYS[::2], SIMULATED[name][::2], strict=True):
        change, error = simulated(name, delay, 60, 1.0, 2000)
        assert abs(change - published) < 3.0 * np.hypot(error, 0.02), (delay, change, published)


def test_the_noisy_rule_meets_the_formula_within_its_neglect_of_the_drift():
    """The bistable drift over 60 s of tau = 150 s moves the change by less than 0.03."""
    for name, delay in (("DP", 0.005), ("DP", -0.025), ("DPD'", -0.010)):
        change, error = simulated(name, delay, 60, 1.0, 4000)
        assert abs(change - expected(name, delay, 60, 1.0)) < 0.03 + 3.0 * error


@pytest.mark.parametrize(
    ("rate", "after", "before"), [(1, 1.061, 0.691), (10, 1.083, 0.621), (30, 1.192, 1.186), (50, 1.637, 1.637)]
)
def test_cortical_slices_by_frequency(rate, after, before):
    assert expected("cortical slices", 0.010, 75, rate) == pytest.approx(after, abs=6e-4)
    assert expected("cortical slices", -0.010, 75, rate) == pytest.approx(before, abs=6e-4)


def test_post_before_pre_turns_from_depression_to_potentiation_between_20_and_30_hz():
    assert expected("cortical slices", -0.010, 75, 20) < 1.0 < expected("cortical slices", -0.010, 75, 30)


def test_hippocampal_pairs_at_5_hz_only_depress_and_doublets_potentiate_from_0_to_20_ms():
    got = [expected("hippocampal slices", delay, 100, 5.0) for delay in (-0.040, -0.020, 0.0)]
    assert got == pytest.approx([0.970, 0.936, 0.886], abs=6e-4)
    doublets = [expected("hippocampal slices", delay, 100, 5.0, post=2) for delay in (0.0, 0.005, 0.01, 0.015, 0.04)]
    assert min(doublets[:4]) > 1.0 > doublets[4]


COLUMNS = ["tau_ca", "c_pre", "c_post", "theta_p", "gamma_d", "gamma_p", "sigma", "tau", "delay", "beta", "strength"]
TOLD = {
    "DP": [20, 1, 2, 1.3, 200, 321.808, 2.8284, 150, 13.7, 0.5, 5],
    "DPD": [20, 0.9, 0.9, 1.3, 250, 550, 2.8284, 150, 4.6, 0.5, 5],
    "DPD'": [20, 1, 2, 2.5, 50, 600, 2.8284, 150, 2.2, 0.5, 5],
    "P": [20, 2, 2, 1.3, 160, 257.447, 2.8284, 150, 0, 0.5, 5],
    "D": [20, 0.6, 0.6, 1.3, 500, 550, 5.6568, 150, 0, 0.5, 5],
    "D'": [20, 1, 2, 3.5, 60, 600, 2.8284, 150, 0, 0.5, 5],
    "hippocampal slices": [48.8373, 1, 0.275865, 1.3, 313.0965, 1645.59, 9.1844, 688.355, 18.8008, 0.7, 5.28145],
    "hippocampal cultures": [11.9536, 0.58156, 1.76444, 1.3, 61.141, 113.6545, 2.5654, 33.7596, 10, 0.5, 36.0263],
    "cortical slices": [22.6936, 0.5617539, 1.23964, 1.3, 331.909, 725.085, 3.3501, 346.3615, 4.6098, 0.5, 5.40988],
}  # times of calcium in ms
TOLD_2016 = {
    "2016 linear": [0.02227, 0.84499, 1.62138, 2.00929, 137.759, 597.089, 520.761, 0.009537, 1.0],
    "2016 nonlinear": [0.01893, 0.86467, 2.30815, 4.9978, 111.825, 894.237, 707.023, 0.010, 2.0],
}


@pytest.mark.parametrize("name", TOLD)
def test_the_nine_sets_have_the_published_numbers(name):
    p = plasticity.complete(RULE, {"set": name})
    got = [p[key] * (1e3 if key in ("tau_ca", "delay") else 1.0) for key in COLUMNS]
    assert got == pytest.approx(TOLD[name], rel=1e-12)
    assert (p["theta_d"], graupner2012.RHO_STAR) == (1.0, 0.5)


@pytest.mark.parametrize("name", TOLD_2016)
def test_the_two_later_sets_have_the_published_numbers(name):
    p = plasticity.complete(RULE, {"set": name})
    keys = ["tau_ca", "c_pre", "c_post", "theta_p", "gamma_d", "gamma_p", "tau", "delay", "nonlinearity"]
    assert [p[key] for key in keys] == TOLD_2016[name]
    assert (p["theta_d"], p["sigma"]) == (1.0, 0.0)


def test_all_sets_are_told_above_and_a_given_value_is_over_them():
    assert list(graupner2012.SETS) == [*TOLD, *TOLD_2016]
    assert plasticity.complete(RULE, {"set": "hippocampal cultures", "gamma_p": 2.0})["gamma_p"] == 2.0


def test_spikes_at_once_reach_the_nonlinearity_times_their_sum():
    p = plasticity.complete(RULE, {"set": "2016 nonlinear"})
    calcium = traces.of_rule(RULE, [0.1], [0.1 + p["delay"]], {"set": "2016 nonlinear"})
    assert calcium.after.max() == pytest.approx(2.0 * (0.86467 + 2.30815), rel=1e-12)
    for alone, step in ((([0.1], []), 0.86467), (([], [0.1]), 2.30815)):
        assert traces.of_rule(RULE, *alone, {"set": "2016 nonlinear"}).after.max() == pytest.approx(step, rel=1e-12)


@pytest.mark.parametrize("delay", [-0.02, 0.004, 0.015])
def test_nonlinear_calcium_is_that_of_two_traces_followed_spike_by_spike(delay):
    """A postsynaptic spike adds C_post and eta times what presynaptic ones left; shares of time of a late period."""
    p = plasticity.complete(RULE, {"set": "2016 nonlinear"})
    eta = (2.0 * (p["c_post"] + p["c_pre"]) - p["c_post"]) / p["c_pre"] - 1.0
    pre, post = protocols.pairs(delay, 60, 20.0)
    fine = np.arange(2.500005, 2.75, 1e-5)
    events = sorted([(t + p["delay"], 0) for t in pre] + [(t, 1) for t in post] + [(t, 2) for t in fine])
    one = other = now = 0.0
    found = []
    for t, what in events:
        kept = np.exp(-(t - now) / p["tau_ca"])
        one, other, now = one * kept, other * kept, t
        if what == 0:
            one += p["c_pre"]
        elif what == 1:
            other += p["c_post"] + eta * one
        else:
            found.append(one + other)
    calcium = traces.of_rule(RULE, pre, post, {"set": "2016 nonlinear"}, until=3.5, at=fine)
    np.testing.assert_allclose(calcium.before[np.isin(calcium.time, fine)], found, rtol=1e-9)
    above = traces.fractions_above(pre[:1], post[:1], 0.05, (1.0, p["theta_p"]), p)
    assert above == pytest.approx([np.mean(np.array(found) > theta) for theta in (1.0, p["theta_p"])], abs=5e-4)


def test_without_calcium_the_efficacy_follows_its_cubic_exactly():
    from scipy.integrate import solve_ivp

    time = np.array([0.0, 3.0, 100.0, 700.0])
    for rho in (-0.1, 0.05, 0.4999, 0.5, 0.7, 1.2):
        got = plasticity.apply(RULE, plasticity.trace(time, np.zeros(4)), parameters={"rho_0": rho})["rho"]
        want = solve_ivp(
            lambda t, y: -y * (1 - y) * (0.5 - y) / 150.0, (0, 700), [rho], t_eval=time, rtol=1e-10, atol=1e-12
        )
        np.testing.assert_allclose(got, want.y[0], atol=1e-8)


def test_driven_steps_converge_to_an_independent_solution():
    from scipy.integrate import solve_ivp

    p = plasticity.complete(RULE, {})
    calcium = plasticity.trace([0.0, 1.0, 3.0], [0.0, 2.0, 0.0])

    def slope(t, y):
        c = np.interp(t, calcium.time, calcium.after)
        up, down = p["gamma_p"] * (c > p["theta_p"]), p["gamma_d"] * (c > p["theta_d"])
        return (-y * (1 - y) * (0.5 - y) + up * (1 - y) - down * y) / p["tau"]

    want = solve_ivp(slope, (0, 3), [0.2], max_step=1e-3).y[0, -1]
    got = plasticity.apply(RULE, calcium, parameters={"rho_0": 0.2})["rho"][-1]
    assert got == pytest.approx(want, abs=5e-4)  # of the reference, whose steps meet the thresholds late


def test_more_samples_of_a_decaying_trace_change_little():
    """Only the share of the cubic depends on them."""
    pre, post = protocols.pairs(0.01, 5, 20.0)
    few = traces.of_rule(RULE, pre, post)
    many = traces.of_rule(RULE, pre, post, at=np.linspace(0.0, few.time[-1], 3001))
    ends = [plasticity.apply(RULE, trace)["rho"][-1] for trace in (few, many)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-5)


def test_fractions_above_agree_with_a_long_trace():
    p = plasticity.complete(RULE, {"set": "cortical slices"})
    pre, post = protocols.pairs(-0.010, 400, 30.0)
    trace = traces.of_rule(RULE, pre, post, {"set": "cortical slices"}, until=14.0, at=np.arange(0.0, 13.0, 1e-5))
    inside = (trace.time > 10.0) & (trace.time <= 12.0)
    width = np.diff(trace.time, append=np.nan)[inside]
    for theta in (1.0, 1.3):
        share = np.sum(width * (trace.after[inside] > theta)) / np.sum(width)
        exact = traces.fractions_above(pre[:1], post[:1], 1.0 / 30.0, (theta,), p)[0]
        assert share == pytest.approx(exact, abs=1e-3)


def test_the_rule_forgets_in_the_other_direction_after_reversal():
    """Potentiation at one protocol, depotentiation at another, going on from the last state."""
    strong = traces.of_rule(RULE, *protocols.pairs(0.01, 200, 50.0), until=604.0)
    up = plasticity.apply(RULE, strong)
    assert up["rho"][-1] > 0.5
    weak = plasticity.trace([0.0, 3.0, 900.0], [1.15, 1.15, 0.0], "hold")
    back = plasticity.apply(RULE, weak, start=plasticity.final(up))
    assert back["rho"][0] == up["rho"][-1]
    assert back["rho"][-1] < 0.05
    assert back["weight"][-1] == pytest.approx(1.0, abs=0.2)


def test_the_sets_named_for_potentiation_and_depression_alone_do_that():
    """60 pairs at 1 Hz, delays of 1 ms apart: the strength falls nowhere by set P and rises nowhere by D and D'."""
    delays = np.arange(-40, 41) * 1e-3
    change = {name: np.array([expected(name, delay, 60, 1.0) for delay in delays]) for name in ("P", "D", "D'")}
    assert change["P"].min() > 0.995 and change["P"].max() > 1.1
    for name in ("D", "D'"):
        assert change[name].max() < 1.005 and change[name].min() < 0.9
