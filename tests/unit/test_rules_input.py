"""What drives a rule: traces, units, gates, random numbers, going on, and what is refused."""

import re

import numpy as np
import pytest

import spinemc as smc
from spinemc import plasticity
from spinemc.errors import ScenarioError
from spinemc.plasticity import traces
from spinemc.scenario import PlasticitySpec
from spinemc.units import MICROMOLAR

NOISY = [name for name in plasticity.RULES if "noise" in plasticity.rule(name).PARAMETERS]
ALL = list(plasticity.RULES)
TIME = np.linspace(0.0, 2.0, 41)
LEVEL = {"ions": 300.0, "uM": 0.45, "1": 2.4}


def calcium(name, trials=3, synapses=2):
    """Calcium that wanders about the thresholds of a rule."""
    wander = np.random.default_rng(5).uniform(0.0, 2.0, (trials, synapses, TIME.size))
    return LEVEL[plasticity.rule(name).UNIT] * wander


def apply(name, level=None, **options):
    if "noise" in plasticity.rule(name).PARAMETERS:
        options["parameters"] = {"noise": True} | options.get("parameters", {})
    return plasticity.apply(name, plasticity.trace(TIME, calcium(name) if level is None else level), **options)


@pytest.mark.parametrize("name", NOISY)
def test_noise_is_fixed_by_seed_trial_and_synapse_alone(name):
    whole = apply(name, seed=7)
    np.testing.assert_array_equal(whole["weight"], apply(name, seed=7)["weight"])
    assert not np.array_equal(whole["weight"], apply(name, seed=8)["weight"])
    for k in (0, 2):
        one = apply(name, calcium(name)[k : k + 1], seed=7, trials=[k])
        for variable, values in one.items():
            np.testing.assert_array_equal(values[0], whole[variable][k], variable)
    same = apply(name, np.broadcast_to(calcium(name)[:1, :1], (3, 2, TIME.size)), seed=7)["weight"]
    assert len(np.unique(same.reshape(6, -1), axis=0)) > 3  # tags may be drawn alike


@pytest.mark.parametrize("name", ["bell2022", "shouval2002", "graupner2012", "chindemi2022"])
def test_a_synapse_keeps_its_noise_where_it_is_taken_alone(name):
    whole = apply(name, seed=7)["weight"]
    np.testing.assert_array_equal(apply(name, calcium(name)[:, 1:], seed=7, first=1)["weight"][:, 0], whole[:, 1])


@pytest.mark.parametrize("name", [name for name in ALL if name != "camkii2007"])
def test_a_rule_goes_on_from_its_final_state(name):
    trace, half = calcium(name), 20
    whole = plasticity.apply(name, plasticity.trace(TIME, trace))
    first = plasticity.apply(name, plasticity.trace(TIME[: half + 1], trace[..., : half + 1]))
    second = plasticity.apply(name, plasticity.trace(TIME[half:], trace[..., half:]), start=plasticity.final(first))
    for variable, values in second.items():
        np.testing.assert_allclose(values, whole[variable][..., half:], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("camkii2007", "chindemi2022")])
def test_a_gate_of_nought_stops_learning_and_one_of_two_makes_it_twice_as_fast(name):
    trace = plasticity.trace(TIME, calcium(name), "hold")
    p = {"rate_h": 0.1, "rate_l": 0.1, "k_h": 0.0, "k_l": 0.0} if name == "clopath2008" else {}
    p |= (
        {"pull": 1e-9}
        if name == "li2016"
        else {"tau": 1e6, "gamma_d": 1e6, "gamma_p": 1e6}
        if name == "graupner2012"
        else {}
    )
    still = plasticity.apply(name, trace, gate=([0.0], [0.0]), parameters=p)["weight"]
    np.testing.assert_allclose(still, np.broadcast_to(still[..., :1], still.shape), rtol=1e-6)
    fast = plasticity.apply(name, trace, gate=([0.0, 1.0], [2.0, 2.0]), parameters=p)["weight"]
    slower = plasticity.trace(2.0 * TIME, calcium(name), "hold")
    np.testing.assert_allclose(fast, plasticity.apply(name, slower, parameters=p)["weight"], rtol=2e-5, atol=1e-9)


def test_a_gate_is_taken_as_its_mean_over_each_interval():
    from spinemc.plasticity.signal import gating

    got = gating(np.array([0.0, 1.0, 2.0, 4.0]), ([0.5, 1.5], [0.0, 1.0]))
    assert got == pytest.approx([0.0625 * 2.0, 0.875, 1.0])
    assert gating(np.array([0.0, 1.0]), None) == pytest.approx([1.0])


def test_calcium_in_ions_in_uM_and_in_steps_gives_the_same():
    volume = np.array([0.1, 0.3])
    micromolar = calcium("shouval2002")
    ions = micromolar * MICROMOLAR * volume[:, None]
    one = plasticity.apply("shouval2002", plasticity.trace(TIME, micromolar))["weight"]
    two = plasticity.apply("shouval2002", plasticity.trace(TIME, ions), unit="ions", volume=volume)["weight"]
    np.testing.assert_allclose(one, two, rtol=1e-12)
    steps = calcium("li2016")
    one = plasticity.apply("li2016", plasticity.trace(TIME, steps))["h"]
    two = plasticity.apply("li2016", plasticity.trace(TIME, 6.0 + 50.0 * steps), unit="ions", reference=50.0, rest=6.0)[
        "h"
    ]
    np.testing.assert_allclose(one, two, rtol=1e-9)


def test_one_trace_serves_many_trials_and_shapes_are_kept():
    trace = plasticity.trace(TIME, calcium("graupner2012")[0, 0])
    assert plasticity.apply("graupner2012", trace)["rho"].shape == (41,)
    assert plasticity.apply("graupner2012", trace, trials=4)["rho"].shape == (4, 41)
    assert plasticity.apply("graupner2012", plasticity.trace(TIME, calcium("graupner2012")[:, 0]))["rho"].shape == (
        3,
        41,
    )


def test_jumps_add_up_and_decay_between_them():
    trace = traces.jumps([0.0, 0.01], [0.02], 1.0, 0.5, 0.02, delay=0.005, until=0.1, at=[0.05])
    np.testing.assert_allclose(trace.time, [0.0, 0.005, 0.015, 0.02, 0.05, 0.1])
    e = np.exp(-0.01 / 0.02)
    assert trace.after[1:3] == pytest.approx([1.0, 1.0 + e])
    for t, before, after in zip(trace.time, trace.before, trace.after, strict=True):
        exact = sum(s * np.exp(-(t - u) / 0.02) * (t > u) for u, s in ((0.005, 1), (0.015, 1), (0.02, 0.5)))
        assert before == pytest.approx(exact, abs=1e-12)
        assert after >= before
    two = traces.jumps([np.array([0.0]), np.array([0.03])], np.array([]), 1.0, 0.0, 0.02, until=0.1)
    assert two.after.shape == (1, 2, 3)
    assert two.after[0, :, 0] == pytest.approx([1.0, 0.0])


FAULTS = {
    "a gap": (lambda good: np.ma.masked_array(good, np.arange(TIME.size) == 3), r"no finite number at 0\.15 s"),
    "not a number": (lambda good: np.where(np.arange(TIME.size) == 3, np.nan, good), r"no finite number at 0\.15 s"),
    "infinite": (lambda good: np.where(np.arange(TIME.size) == 3, np.inf, good), r"no finite number at 0\.15 s"),
    "negative": (
        lambda good: np.where(np.arange(TIME.size) == 3, -1.0, good),
        r"-1 at 0\.15 s: calcium is not below 0",
    ),
    "too short": (lambda good: good[:-1], "41 times and calcium of shape"),
}
UNITS = {"ions": ("uM", "say the volume"), "uM": ("ions", "say the volume"), "1": ("uM", "say what one adds")}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ALL)
def test_every_rule_tells_what_is_wrong_with_a_trace(name, fault):
    """From Python, and as counts of a store, which have no gaps but may be wrong."""
    spoil, sentence = FAULTS[fault]
    good = calcium(name, 1, 1)[0, 0]
    with pytest.raises(ScenarioError, match=sentence):
        plasticity.apply(name, plasticity.trace(TIME, spoil(good)))
    if fault in ("not a number", "infinite"):
        given = {"reference": (50.0, "ions")} if plasticity.rule(name).UNIT == "1" else {}
        counts = spoil(good)[None, :, None, None]
        with pytest.raises(ScenarioError, match=sentence):
            spec = PlasticitySpec(name, "Ca", "head", **given)
            plasticity.evaluate((spec,), TIME, counts, np.array([0.1]), ["head"], ["Ca"])


@pytest.mark.parametrize("name", ALL)
def test_every_rule_tells_a_unit_that_it_cannot_read(name):
    good = plasticity.trace(TIME, calcium(name, 1, 1)[0, 0])
    unit, sentence = UNITS[plasticity.rule(name).UNIT]
    for given, told in ((unit, f"{name} reads calcium in .*{sentence}"), ("mM", "it is one of ions, uM, 1")):
        with pytest.raises(ScenarioError, match=told):
            plasticity.apply(name, good, unit=given)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: plasticity.trace([0, 1], [1.0, np.nan]), "no finite number at 1 s"),
        (lambda: plasticity.trace([0, 1], np.ma.masked_values([1.0, 2.0], 2.0)), "no finite number at 1 s"),
        (lambda: plasticity.trace([0, 1], [1.0, -3.0]), "-3 at 1 s: calcium is not below 0"),
        (lambda: plasticity.trace([0, 1, 1], [1.0, 2.0, 3.0]), "must increase: 1 s is followed by 1 s"),
        (lambda: plasticity.trace([0, np.inf], [1.0, 2.0]), "a time is not a finite number"),
        (lambda: plasticity.trace([0, 1], [1.0, 2.0, 3.0]), "2 times and calcium of shape"),
        (lambda: plasticity.trace([0, 1], ["a", "b"]), "must be numbers"),
        (lambda: plasticity.trace([0, 1], [1.0, 2.0], "spline"), 'it is "linear" or "hold"'),
        (lambda: plasticity.trace([], []), "one number or more"),
        (lambda: traces.jumps([-1.0], [], 1.0, 1.0, 0.02), "not below 0"),
        (lambda: traces.jumps([1.0], [], 1.0, 1.0, 0.0), "tau must be above 0"),
        (lambda: traces.jumps([1.0], [], 1.0, 1.0, 0.02, until=0.5), "it ends at 0.5 s"),
        (lambda: traces.jumps([[1.0], [2.0]], [[1.0], [2.0], [3.0]], 1.0, 1.0, 0.02), "give as many of both"),
        (lambda: traces.of_rule("bell2022", [1.0]), "not published with a trace of jumps"),
        (lambda: apply("li2016", unit="mM"), 'unit = "mM": it is one of ions'),
        (lambda: apply("li2016", unit="ions"), "say what one adds with reference, in ions"),
        (lambda: apply("shouval2002", unit="ions"), r"say the volume \[um\^3\]"),
        (lambda: apply("shouval2002", unit="1"), "cannot be made that"),
        (lambda: apply("shouval2002", reference=2.0), "take reference and rest out"),
        (lambda: apply("li2016", gate=([0.0, 0.0], [1.0, 1.0])), "gate: its times must increase"),
        (lambda: apply("li2016", gate=([0.0, 1.0], [1.0])), "two lists of the same length"),
        (lambda: apply("li2016", gate=([0.0], [-1.0])), "a value is below 0"),
        (lambda: apply("li2016", start={"y": 1.0}), "y is not a variable of li2016"),
        (lambda: apply("li2016", start={"h": np.zeros(7)}), r"start, h: a number or numbers of shape \(3, 2\)"),
        (lambda: apply("li2016", trials=5), "it has 3 trials and 5 are asked for"),
        (lambda: apply("li2016", seed=-1), "whole numbers from 0"),
        (lambda: apply("graupner2012", parameters={"set": "DQ"}), r"Did you mean (DP|DPD|D)\?"),
        (lambda: apply("graupner2012", parameters={"set": 3}), "Known are DP, DPD"),
        (lambda: apply("graupner2012", parameters={"noise": 1.0}), "true or false is needed"),
        (lambda: apply("graupner2012", parameters={"tau": 0.0}), "it must be above 0"),
        (lambda: apply("graupner2012", parameters={"tau": "x"}), "a finite number is needed"),
        (lambda: apply("calcitron2025", parameters={"eta_d": 2.0}), "from 0 to 1"),
        (lambda: apply("calcitron2025", parameters={"theta_d": 2.0}), "swap the targets"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_one_sentence(make, sentence):
    with pytest.raises(ScenarioError, match=sentence) as told:
        make()
    assert "\n" not in str(told.value)


SCENE = {
    "geometry": {"shape": {"kind": "sphere", "radius": "0.3 um"}},
    "run": {
        "t_stop": "2 ms",
        "dt": "10 us",
        "sample_every": "0.5 ms",
        "trials": 5,
        "seed": 11,
        "engine": "compartments",
    },
    "species": [{"name": "Ca", "D": "220 um^2/s"}],
    "reaction": [{"equation": "Ca -> 0", "kf": "300 /s"}],
    "release": [{"species": "Ca", "count": 400, "in": "cytosol"}],
}


def entry(rule, **more):
    return {"rule": rule, "species": "Ca", "compartment": "cytosol"} | more


def test_a_scenario_runs_any_number_of_rules_at_once(tmp_path):
    """Each as `apply` on the stored counts, the trials of a block by their own numbers."""
    (tmp_path / "gate.csv").write_text("time,gate\n0,0\n0.001,1\n")
    rules = [
        entry("bell2022", parameters={"noise": True}),
        entry("graupner2012", reference="0.5 uM", rest="100 nM", parameters={"set": "DPD", "noise": True}),
        entry("li2016", reference=40, gate={"table": str(tmp_path / "gate.csv")}),
        entry("shouval2002"),
        entry("shouval2002", parameters={"set": "2004", "noise": True}),
    ]
    scenario = smc.Scenario(**SCENE, plasticity=rules)
    tree = smc.run(scenario, out=tmp_path / "run.zarr", threads=2)
    count = tree["counts/count"].sel(compartment="cytosol", species="Ca").values
    volume = float(tree["counts/volume"].sel(compartment="cytosol"))
    time = tree["counts/time"].values
    trace = plasticity.trace(time, count)

    def same(name, synapse, **options):
        want = plasticity.apply(name, trace, seed=11, trials=range(5), volume=volume, **options)
        for variable, values in want.items():
            np.testing.assert_allclose(tree[f"plasticity/{name}/{variable}"].values[..., synapse], values, rtol=1e-10)

    assert tree["plasticity/li2016/h"].attrs["units"] == "mV"
    same("bell2022", 0, parameters={"noise": True})
    one = 0.5 * MICROMOLAR * volume
    same("graupner2012", 0, unit="ions", reference=one, rest=one / 5.0, parameters={"set": "DPD", "noise": True})
    same("li2016", 0, unit="ions", reference=40.0, gate=([0.0, 0.001], [0.0, 1.0]))
    same("shouval2002", 0, unit="ions")
    same("shouval2002", 1, unit="ions", parameters={"set": "2004", "noise": True}, first=1)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (entry("graupner2012"), "say what one adds with reference"),
        (entry("graupner2012", reference="0.5 um"), 'plasticity 1, reference = "0.5 um": a concentration is given'),
        (entry("graupner2012", reference=-3), "plasticity 1, reference = -3"),
        (entry("graupner2012", reference=3, rest="0.1 uM"), "reference is in ions and rest in uM"),
        (entry("bell2022", reference=3), "take reference and rest out"),
        (entry("graupner2012", reference=3, parameters={"set": "DQ"}), "Did you mean"),
        (entry("graupner2012", reference=3, parameters={"set": 1}), "a text in quotes is needed"),
        (entry("graupner2012", reference=3, parameters={"noise": 1}), "true or false is needed"),
        (entry("graupner2012", reference=3, gate="g.csv"), 'as in { table = "gate.csv" }'),
        (entry("graupner2012", reference=3, gate={"table": "none.csv"}), "there is no such file"),
    ],
)  # fmt: skip
def test_what_a_scenario_cannot_say_of_a_rule_is_told(tmp_path, given, sentence):
    with pytest.raises(ScenarioError, match=re.escape(sentence)):
        smc.run(smc.Scenario(**SCENE, plasticity=[given]), out=tmp_path / "run.zarr")


def test_noise_in_a_store_does_not_depend_on_its_blocks(tmp_path):
    """5 trials in blocks of one, 40 in blocks of three."""
    rules = [
        entry("graupner2012", reference=40, parameters={"noise": True}),
        entry("bell2022", parameters={"noise": True}),
    ]
    few, many = (
        smc.run(smc.Scenario(**SCENE, plasticity=rules), out=tmp_path / f"{n}.zarr", trials=n, threads=t)
        for n, t in ((5, 1), (40, 2))
    )
    for path in ("plasticity/graupner2012/rho", "plasticity/bell2022/weight"):
        np.testing.assert_array_equal(few[path].values, many[path].values[:5])
        assert len(np.unique(many[path].values[:, -1])) == 40


def test_counts_of_means_that_are_a_little_below_nought_are_none():
    spec = (PlasticitySpec("bell2022", "Ca", "head"),)
    count = np.array([100.0, -0.02, 50.0])[None, :, None, None]
    answer = plasticity.evaluate(spec, np.arange(3.0), count, np.array([0.1]), ["head"], ["Ca"])
    want = plasticity.apply("bell2022", plasticity.trace(np.arange(3.0), [100.0, 0.0, 50.0]))
    np.testing.assert_array_equal(answer["bell2022"]["weight"][0, :, 0], want["weight"])
