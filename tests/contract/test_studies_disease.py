"""Quick forms of the study of a spine that is ill: what it does, and what brings its fate or its spread back."""

import numpy as np
import pytest
from scipy.stats import ttest_ind
from studies import study

from spinemc.errors import GeometryError, ScenarioError
from spinemc.observables.intervals import clopper_pearson

pytestmark = pytest.mark.filterwarnings("ignore::spinemc.errors.SpinemcWarning")
STUDY, SPINES, RESCUE = study("disease"), study("disease", "spines"), study("disease", "rescue")
HEALTHY, ILL = SPINES.HEALTHY, SPINES.ILL
MORE, NARROW = ILL._replace(buffer=40.0), ILL._replace(neck=60.0)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Twenty trials each in health, in illness, and with what may bring it back."""
    spines = {"healthy": HEALTHY, "ill": ILL, "buffer": MORE, "neck": NARROW}
    return SPINES.measured(tmp_path_factory.mktemp("ill") / "a.zarr", "consistent, trials", 20, spines)


def test_illness_turns_the_fate(found):
    """More than half of the trials weaken in health and strengthen in illness (Clopper and Pearson, 99 %)."""
    for state, outcome in (("healthy", "depressed"), ("ill", "potentiated")):
        share = float(found["chance"].sel(state=state, outcome=outcome)[0])
        assert clopper_pearson(round(20 * share), 20, 0.99)[0] > 0.5
    assert (np.abs(found["weight"].isel(spine=1)) < 0.05).all()  # the neighbour hears too little for its threshold


def test_buffer_brings_the_fate_back_and_not_the_spread(found):
    """Welch's t, p < 0.01; the fate by an interval at 99 %."""
    one, health = found.sel(state="buffer"), found.sel(state="healthy")
    depressed = round(20 * float(one["chance"].sel(outcome="depressed")[0]))
    assert clopper_pearson(depressed, 20, 0.99)[0] > 0.5
    assert ttest_ind(one["spread"], 1.5 * health["spread"], equal_var=False, alternative="greater").pvalue < 0.01


def test_a_narrow_neck_brings_the_spread_back_and_not_the_fate(found):
    """Welch's t against illness, p < 0.01; the spread within a third of that in health, and all trials strengthen."""
    one, ill, health = (found.sel(state=state) for state in ("neck", "ill", "healthy"))
    assert ttest_ind(one["spread"], ill["spread"], equal_var=False, alternative="less").pvalue < 0.01
    assert float(one["spread"].mean()) == pytest.approx(float(health["spread"].mean()), rel=1.0 / 3.0)
    assert ttest_ind(one["peak"], ill["peak"], equal_var=False, alternative="greater").pvalue < 0.01
    assert clopper_pearson(round(20 * float(one["chance"].sel(outcome="potentiated")[0])), 20, 0.99)[0] > 0.5


def test_what_each_change_does():
    """By the rate equations: a wide neck takes from the head and gives to the shaft; the other two raise the peak."""
    health, neck, head, buffer = (
        STUDY.course(SPINES.STATES[name], "consistent")
        for name in ("healthy", "wide neck", "small head", "little buffer")
    )
    assert neck[0].max() < health[0].max() and neck[-1].sum() > 1.2 * health[-1].sum()
    assert head[0].max() > 1.5 * health[0].max() and buffer[0].max() > 1.2 * health[0].max()
    assert buffer[-1].sum() < health[-1].sum()  # what is bound to it is what travels


def test_a_fast_buffer_far_from_full_is_slower_diffusion_and_decay(tmp_path):
    """A hundredth of the input, a buffer twenty times as fast: without it peak and spread are the same to 5 %."""
    fast = "reaction.3.kf=2e9 /M/s", "reaction.3.kb=2000 /s"
    little = {"healthy": HEALTHY._replace(input=0.01), "ill": ILL._replace(input=0.01)}
    plain = SPINES.measured(tmp_path / "plain.zarr", "consistent", 1, little, *fast)
    short = SPINES.measured(tmp_path / "short.zarr", "consistent, effective", 1, little, *fast)
    for key in ("peak", "spread"):
        np.testing.assert_allclose(short[key], plain[key], rtol=0.05)
    assert SPINES.ratio(20.0) == pytest.approx(20.0)
    full = SPINES.measured(tmp_path / "full.zarr", "consistent", 1, {"ill": ILL}, *fast)
    assert float(full["peak"][0, 0]) > 105.0 * float(plain["peak"].sel(state="ill")[0])  # a buffer fills


def test_an_amount_has_an_interval():
    """Made by hand: a readout that falls by one with each doubling is 2 lower at four; one that it never is."""
    generator = np.random.default_rng(3)
    tried, noise = (1.0, 2.0, 8.0, 16.0), generator.normal(0.0, 0.2, (4, 50))
    values = np.array([-0.0, -1.0, -3.0, -4.0])[:, None] + noise - noise.mean(axis=1, keepdims=True)
    found = RESCUE.amount(tried, values, np.array([-2.0]), draws=400)
    assert found.value == pytest.approx(4.0) and found.low < 4.0 < found.high and found.missed == 0.0
    error = np.log2(found.high / found.low) / (2.0 * 1.96)
    assert error == pytest.approx(0.2 / np.sqrt(2 * 50), rel=0.25)  # half way between two means of fifty
    assert np.isnan(RESCUE.amount(tried, values, np.array([-9.0]), draws=9).value)


def test_bad_spines_are_refused():
    with pytest.raises(GeometryError, match="head_volume"):
        STUDY.course(ILL._replace(neck=250.0), "consistent")
    with pytest.raises(ScenarioError, match="release 2"):
        STUDY.course(ILL._replace(buffer=-1.0), "consistent")
