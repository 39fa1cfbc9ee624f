"""Tagging and capture: Li, Kulvicius & Tetzlaff 2016 and Clopath et al. 2008, in closed form and by protocol."""

import numpy as np
import pytest

from spinemc import plasticity, protocols
from spinemc.plasticity import li2016, traces

P = li2016.PARAMETERS
HOURS = np.arange(60.0, 8 * 3600.0, 60.0)


def li(trace, **options):
    return plasticity.apply("li2016", trace, **options)


def hold(*pieces):
    """Calcium that is constant for some seconds, then another constant."""
    times = np.concatenate([[0.0], np.cumsum([seconds for seconds, _ in pieces])])
    return plasticity.trace(times, [level for _, level in pieces] + [0.0], "hold")


def test_published_numbers_follow_from_the_parameters():
    assert P["h_rest"] == pytest.approx(4.20075, abs=5e-6)
    assert P["theta_tag"] == pytest.approx(0.84015, abs=5e-6)
    assert P["theta_pro"] == pytest.approx(2.10037, abs=1e-5)


@pytest.mark.parametrize(
    ("level", "start", "goal", "tau"),
    [(5.0, 4.2, "8.4013", 0.3514), (2.0, 4.2, "0.00134", 2.198), (0.0, 6.0, "4.20075", 6884.0)],
)
def test_the_early_phase_goes_where_it_should_with_its_time_constant(level, start, goal, tau):
    time = np.array([0.0, tau, 40.0 * tau])
    h = li(plasticity.trace(time, np.full(3, level)), start={"h": start})["h"]
    assert h[-1] == pytest.approx(float(goal), abs=0.51 * 10.0 ** -len(goal.partition(".")[2]))
    assert (h[1] - h[2]) / (h[0] - h[2]) == pytest.approx(np.exp(-1.0), abs=2e-4)


@pytest.mark.parametrize("level", [5.0, 2.0])
def test_tags_last_3_077_hours_and_protein_is_made_for_1_325(level):
    """From a saturating potentiation or depression on, with samples a second apart where they end."""
    ends = [(round(3600.0 * t - 60.0), round(3600.0 * t + 60.0)) for t in (1.325, 3.077)]
    pieces, now = [(60.0, level)], 0.0
    for begin, end in ends:
        pieces += [(begin - now, 0.0), *((1.0, 0.0) for _ in range(end - begin))]
        now = end
    a = li(hold(*pieces))
    time = np.concatenate([[0.0], np.cumsum([seconds for seconds, _ in pieces])]) - 60.0
    last = time[np.flatnonzero(np.diff(a["z"]) != 0.0)[-1] + 1]
    assert last / 3600.0 == pytest.approx(3.077, abs=1e-3)
    assert time[np.argmax(a["p"])] / 3600.0 == pytest.approx(1.325, abs=1e-3)


def test_one_saturating_potentiation_leaves_a_late_phase_of_seven_tenths_whatever_the_samples():
    ends = [li(hold((20.0, 5.0), *((8 * 3600.0 / n, 0.0) for _ in range(n))))["z"][-1] for n in (2, 7, 480)]
    assert ends[0] == pytest.approx(0.70, abs=0.01)
    np.testing.assert_allclose(ends, ends[-1], rtol=2e-4)


def test_the_late_phase_agrees_with_an_independent_solution():
    from scipy.integrate import solve_ivp

    def slope(t, y):
        h, z, p = y
        off = h - P["h_rest"]
        return [
            -0.1 * off / P["tau_h"],
            p * ((1.0 - z) * (off > P["theta_tag"]) - (z + 0.5) * (-off > P["theta_tag"])) / P["tau_z"],
            (-p + (abs(off) > P["theta_pro"])) / P["tau_p"],
        ]

    for h in (8.4013, 0.00134):
        time = np.linspace(0.0, 8 * 3600.0, 9)
        a = li(plasticity.trace(time, np.zeros(9)), start={"h": h})
        want = solve_ivp(slope, (0.0, time[-1]), [h, 0.0, 0.0], t_eval=time, max_step=5.0).y
        np.testing.assert_allclose(a["z"], want[1], atol=2e-3)
        np.testing.assert_allclose(a["p"], want[2], atol=2e-3)


@pytest.mark.parametrize(("rate", "mean"), [(61.5, 3.0)])
def test_poisson_spikes_give_campbells_mean_and_variance(rate, mean):
    trace = traces.of_rule("li2016", protocols.poisson(rate, 400.0, 1), until=401.0, at=np.arange(1.0, 400.0, 0.5))
    c = trace.before[np.isin(trace.time, np.arange(1.0, 400.0, 0.5))]
    tau = P["tau_ca"]
    assert rate * tau == pytest.approx(mean, abs=2e-3)
    assert abs(c.mean() - mean) < 4.0 * np.sqrt(rate * tau / 2.0 / len(c))  # samples 10 time constants apart
    assert abs(c.var() / (rate * tau / 2.0) - 1.0) < 4.0 * np.sqrt(2.0 / len(c)) * 1.2


@pytest.mark.parametrize(("rate", "peak", "trough"), [(20.0, 1.56, 0.56), (100.0, 5.40, 4.40)])
def test_regular_spikes_reach_their_peak_and_trough(rate, peak, trough):
    trace = traces.of_rule("li2016", protocols.train(rate, 100), until=10.0)
    assert trace.after[100] == pytest.approx(peak, abs=0.006)
    assert trace.before[100] == pytest.approx(trough, abs=0.006)


def test_a_decaying_trace_needs_no_samples_between_its_spikes():
    pre = protocols.tetanus("SLFS")[:300]
    few = traces.of_rule("li2016", pre, until=130.0)
    many = traces.of_rule("li2016", pre, until=130.0, at=np.arange(0.0, 130.0, 1e-3))
    h = [li(trace)["h"][-1] for trace in (few, many)]
    assert h[0] == pytest.approx(h[1], rel=1e-10)
    assert h[0] < 3.0


def after_eight_hours(name, post=()):
    trace = traces.of_rule("li2016", protocols.tetanus(name), post, until=8 * 3600.0, at=HOURS)
    a = li(trace, parameters={"noise": True}, trials=20, seed=4)
    stimulated = np.searchsorted(trace.time, protocols.tetanus(name)[-1] + 0.5)
    return (a["h"][:, stimulated] - P["h_rest"]).mean(), a["z"][:, -1]


def test_strong_protocols_leave_a_late_phase_of_their_sign_and_weak_ones_none():
    early, late = after_eight_hours("STET")
    assert early > P["theta_pro"]
    assert (late > 0.5).all()
    early, late = after_eight_hours("WTET")
    assert P["theta_tag"] < early < P["theta_pro"]
    assert (late == 0.0).all()
    early, late = after_eight_hours("SLFS")
    assert early < -P["theta_pro"]
    assert (late < -0.3).all()


def test_weak_low_frequency_depresses_only_where_each_pulse_makes_the_cell_fire():
    """One presynaptic spike, 1.0, stays below the threshold of 1.2; a postsynaptic one 5 ms after it does not."""
    early, late = after_eight_hours("WLFS")
    assert early == 0.0
    early, late = after_eight_hours("WLFS", protocols.tetanus("WLFS") + 0.005)
    assert -P["theta_tag"] < early < -0.2
    assert (late == 0.0).all()


def test_a_weak_tetanus_on_a_second_path_is_captured_by_a_strong_one_on_the_first():
    strong, weak = protocols.tetanus("STET"), protocols.tetanus("WTET")
    captured = {}
    for hours in (0.5, 1.0, 6.0):
        trace = traces.of_rule(
            "li2016", [strong, 1201.0 + 3600.0 * hours + weak], until=12 * 3600.0, at=np.arange(60.0, 43200.0, 60.0)
        )
        captured[hours] = li(trace)["z"][0, 1, -1]
    alone = li(traces.of_rule("li2016", weak, until=8 * 3600.0, at=HOURS))["z"][-1]
    assert alone == 0.0
    assert min(captured[0.5], captured[1.0]) > 0.5
    assert captured[6.0] < 0.1


def test_synapses_of_different_trials_share_nothing():
    both = np.zeros((2, 1, 4))
    both[0, 0, 0] = 5.0
    time = [0.0, 20.0, 4000.0, 8000.0]
    a = li(plasticity.trace(time, both, "hold"), start={"h": np.array([[P["h_rest"]], [6.0]])})
    assert a["p"][0, 0, -1] > 0.0
    assert a["p"][1, 0, -1] == 0.0
    assert a["z"][1, 0, -1] == 0.0


# Clopath et al. 2008 -------------------------------------------------------------------------------------------


def paths(*stimuli, consolidated=0.3, trials=3):
    """The paper's 100 synapses a path, 30 % of them consolidated at first."""
    trace = traces.jumps(list(stimuli), [], 1.0, 0.0, 0.0488, 0.0188, until=8 * 3600.0, at=HOURS)
    before, after = (np.repeat(level, 100, axis=1) for level in (trace.before, trace.after))
    z = (np.arange(after.shape[1]) % 10 < 10 * consolidated).astype(float)
    return plasticity.apply(
        "clopath2008", plasticity.Trace(trace.time, before, after, trace.tau), start={"z": z[None]}, trials=trials,
        parameters={"noise": True}, seed=6,
    )  # fmt: skip


def test_the_late_phase_flips_at_a_protein_level_above_0_481_only():
    """gamma p must be above the largest z (1 - z)(kappa - z) = 0.0481."""
    z = np.linspace(0.0, 0.5, 100001)
    assert np.max(z * (1.0 - z) * (0.5 - z)) == pytest.approx(0.0481, abs=5e-5)
    time = np.linspace(0.0, 2e5, 401)
    for protein, flips in ((0.475, False), (0.487, True)):
        keep = {"k_h": 0.0, "tau_pd": 1e12, "theta_pro": 1e9}
        a = plasticity.apply(
            "clopath2008", plasticity.trace(time, np.zeros(401)), parameters=keep, start={"h": 1.0, "p": protein}
        )
        assert (a["z"][-1] > 0.9) == flips


def test_tags_are_lost_at_their_rates_and_drawn_ones_agree_with_what_is_expected():
    time = np.array([0.0, 1.0, 3600.0])
    trace = plasticity.trace(time, np.array([[5.0, 0.0, 0.0]]), "hold")
    expected = plasticity.apply("clopath2008", trace)["h"][0]
    assert expected[1] == pytest.approx(1.0 - np.exp(-3.0), rel=1e-3)
    assert expected[2] / expected[1] == pytest.approx(np.exp(-3599.0 / 3600.0), rel=1e-9)
    drawn = plasticity.apply("clopath2008", trace, trials=4000, parameters={"noise": True}, seed=8)["h"]
    assert set(np.unique(drawn)) == {0.0, 1.0}
    error = np.sqrt(expected[1:] * (1.0 - expected[1:]) / 4000)
    assert (np.abs(drawn.mean(axis=0)[1:] - expected[1:]) < 4.0 * error).all()


def test_protein_rises_and_falls_with_its_times():
    time = np.linspace(0.0, 3600.0, 361)
    a = plasticity.apply(
        "clopath2008",
        plasticity.trace(time, np.zeros(361)),
        parameters={"theta_pro": 0.5, "k_h": 0.0},
        start={"h": 1.0},
    )
    rate = 1.0 / 360.0 + 1.0 / 3600.0
    np.testing.assert_allclose(a["p"], (1.0 / 360.0 / rate) * -np.expm1(-rate * time), rtol=1e-9)
    b = plasticity.apply("clopath2008", plasticity.trace(time, np.zeros(361)), start={"p": 0.9})
    np.testing.assert_allclose(b["p"], 0.9 * np.exp(-time / 3600.0), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "sign", "late"), [("STET", 1, True), ("WTET", 1, False), ("SLFS", -1, True), ("WLFS", -1, False)]
)
def test_only_strong_protocols_consolidate(name, sign, late):
    a = paths(protocols.tetanus(name))
    tags = (a["h"] + a["l"]).sum(axis=1)
    assert sign * tags[:, np.argmax(np.abs(tags).mean(axis=0))].mean() > 25.0
    change = a["z"][:, :, -1].mean(axis=1) - 0.3
    if late:
        assert (sign * change > 0.05).all()
    else:
        assert np.abs(change).max() < 0.005


def test_the_tags_of_a_weak_tetanus_are_captured_within_half_an_hour_and_rarely_after_an_hour():
    strong, weak = protocols.tetanus("STET"), protocols.tetanus("WTET")
    late = {}
    for minutes in (10, 30, 60):
        a = paths(strong, 1201.0 + 60.0 * minutes + weak, trials=8)
        late[minutes] = a["z"][:, 100:, -1].mean(axis=1) - 0.3
    assert min(late[10].min(), late[30].min()) > 0.05
    assert late[60].mean() < 0.03
