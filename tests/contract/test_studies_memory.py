"""The studies of consolidation and of reversal in quick form: what they claim, against theory."""

import numpy as np
import pytest
from studies import study

from spinemc import plasticity
from spinemc.plasticity import graupner2012, traces

CONSOLIDATION = study("consolidation")
REVERSAL = study("reversal")
MODELS = CONSOLIDATION.MODELS
DENDRITES = {"li2016": 60, "clopath2008": 5, "graupner2012": 300}


@pytest.mark.parametrize("rule", CONSOLIDATION.NAMES)
def test_only_strong_protocols_leave_late_memories(rule):
    """None of a path's synapses otherwise, of 60 or more: fewer than 6.1 % at 95 %; none of the other path's."""
    for name, (stimulus, sign) in CONSOLIDATION.PROTOCOLS.items():
        m = CONSOLIDATION.memory(rule, stimulus, sign, DENDRITES[rule])
        if name in ("STET", "SLFS"):
            assert m.kind == "late" and m.late.low > 0.3, name
            assert sign * m.last[0] > 3.0 * m.last[1], name
        else:
            silent = (rule, name) == ("li2016", "WLFS")  # one step is below the threshold of depression
            assert m.kind == ("none" if silent else "early"), name
            assert m.late.k == 0 and m.late.high < 0.061, name
            assert silent or sign * m.end[0] > 5.0 * m.end[1] / DENDRITES[rule] ** 0.5, name
            assert abs(m.last[0]) < 1.0, name
        assert m.other.k == 0, name


def test_clopaths_late_memories_are_of_synapses_that_happen_to_keep_their_tag():
    """Without drawn tags none; with them the share of infinitely many, within 3 standard errors over 20 dendrites."""
    stimulus = CONSOLIDATION.tetanus("STET")
    model, until = MODELS["clopath2008"], stimulus.end + CONSOLIDATION.REST
    sure = CONSOLIDATION.followed(model, (stimulus,), until)
    assert float(sure["late"][..., -1].max()) < 1e-3
    each = CONSOLIDATION.changed(model, CONSOLIDATION.followed(model, (stimulus,), until, 20, seed=7)).mean(axis=1)
    error = each.std(ddof=1) / np.sqrt(each.size)
    assert error < 0.03
    assert each.mean() == pytest.approx(CONSOLIDATION.mean_field(), abs=3.0 * error)


def test_lis_weak_path_is_captured_while_its_tag_lasts():
    """tau log(h / theta), some 70 minutes; protein is there from the start of the strong tetanus on."""
    p = plasticity.complete("li2016", {})
    weak = CONSOLIDATION.tetanus("WTET")
    top = float(CONSOLIDATION.followed(MODELS["li2016"], (weak,), 60.0)["weight"].max()) - p["h_rest"]
    life = (p["tau_h"] / p["pull"] * np.log(top / p["theta_tag"]) + weak.end) / 60.0
    assert 60.0 < life < 80.0
    for delay, captured in ((2.0 - life, True), (-2.0 - life, False)):
        paths = CONSOLIDATION.in_order(delay)
        late = CONSOLIDATION.followed(MODELS["li2016"], paths, 4 * 3600.0)["late"][0, 1, 0, -1]
        assert bool(late > 0.0) == captured


def test_clopaths_capture_holds_for_half_an_hour_and_not_for_an_hour():
    """Changes of weight over 8 dendrites, and what is lost from half an hour to an hour: 3 standard errors above 0."""
    c = CONSOLIDATION.capture("clopath2008", (0.0, 30.0, 60.0), 8)
    error = c.sd / np.sqrt(8)
    assert (c.mean[:2] > 3.0 * error[:2]).all()
    assert c.mean[1] - c.mean[2] > 3.0 * np.hypot(*error[1:])
    assert c.mean[2] < c.mean[0] / 3.0
    assert (np.abs(c.certain) < 0.1).all()


def test_lis_window_of_reversal_is_the_growth_of_its_late_phase():
    """What a stimulus that brings the early phase to rest leaves is the late phase reached: in an hour, to 0.1."""
    r = REVERSAL.reversal("li2016", REVERSAL.LOW["brief"], (0.0, 0.5, 1.0, 6.0), 40)
    assert r.left[:3] == pytest.approx(r.reached[:3], abs=0.1)
    assert (np.diff(r.left) > 3.0 * np.hypot(r.error[1:], r.error[:-1])).all()
    assert r.left[0] + 3.0 * r.error[0] < 0.1 and r.left[-1] - 3.0 * r.error[-1] > 0.9
    all_of_it = REVERSAL.reversal("li2016", REVERSAL.LOW["SLFS"], (0.0, 6.0), 40)
    assert (all_of_it.left + 3.0 * all_of_it.error < 0.0).all()


def test_graupners_rule_has_no_window_of_reversal():
    """Whatever the delay, UP synapses stay as the published formula says, which leaves out the drift: 3 errors."""
    p = plasticity.complete("graupner2012", {"set": "hippocampal slices"})
    above = traces.fractions_above([0.0], [0.005], 1.0, (p["theta_d"], p["theta_p"]), p)
    formula = graupner2012.outcome(*above, 900.0, p)
    r = REVERSAL.reversal("graupner2012", REVERSAL.LOW["WLFS+"], (0.0, 4.0), DENDRITES["graupner2012"])
    assert r.certain == pytest.approx(0.0, abs=1e-6)
    for late in r.late:
        assert late.value == pytest.approx(1.0 - formula.down, abs=3.0 * np.sqrt(0.1 * 0.9 / late.n))


def test_clopaths_tagged_synapses_do_not_hear_low_frequencies_and_consolidated_ones_do():
    """3 standard errors over 8 dendrites, of a tenth at most."""
    r = REVERSAL.reversal("clopath2008", REVERSAL.LOW["SLFS"], (0.0, 4.0), 8)
    assert (r.error < 0.1).all()
    assert r.left[0] > 1.0 - 3.0 * r.error[0]
    assert r.left[1] < 1.0 - 3.0 * r.error[1]


def test_clopaths_capture_falls_as_the_tag_does():
    """Tags have no memory: captured after 1 h over at once is exp(-1), within 3 standard errors of the ratio."""
    t = REVERSAL.tag("clopath2008", (0.0, 1.0), 12)
    ratio = t.change[1] / t.change[0]
    error = ratio * np.hypot(*(t.sd / t.change)) / np.sqrt(12)
    assert error < 0.1
    assert ratio == pytest.approx(np.exp(-1.0), abs=3.0 * error)


@pytest.mark.parametrize("rule", MODELS)
def test_a_gate_must_be_open_while_calcium_is_there(rule):
    """Shut, or opened a second after the last spike: nothing at all. Shut after: the same as open, without noise."""
    found = {name: REVERSAL.gated(rule, gate, 2) for name, gate in REVERSAL.GATES.items()}
    for name in ("shut", "opened after"):
        assert abs(found[name].change) < 1e-4 and found[name].late.k == 0, name
    assert found["open"].late.k > 0
    assert found["shut after"].certain == pytest.approx(found["open"].certain, rel=1e-4, abs=1e-3)
