"""Quick forms of the study of two neighbours with the same input and different necks."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, ttest_ind
from studies import study

from spinemc.errors import GeometryError
from spinemc.observables.intervals import clopper_pearson
from spinemc.plans import prepare
from spinemc.scenario import override

pytestmark = pytest.mark.filterwarnings("ignore::spinemc.errors.SpinemcWarning")
SHARED, STUDY = study("neighbours", None), study("spine_divergence")
ENDS = (40.0, 150.0)


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """Thirty trials of a narrow and of a wide neck, in the consistent form."""
    return STUDY.chart(tmp_path_factory.mktemp("ends"), "consistent, trials", 30, ENDS)["change"].isel(length=0)


def test_a_narrow_neck_strengthens_and_a_wide_one_weakens(ends):
    """Clopper and Pearson's intervals at 99 %: more than half of the trials do, on either neck."""
    second = SHARED.sign(ends.isel(spine=1).values)
    for row, way in zip(second, (1, -1), strict=True):
        low, _ = clopper_pearson(int((row == way).sum()), len(row), 0.99)
        assert low > 0.5


def test_the_first_spine_hears_little_of_the_second_neck(ends):
    """What the other's neck does to the first spine is less than a third of what it does to the second (99 %)."""
    narrow, wide = ends.values[..., 0]
    moved = ends.values[0, :, 1].mean() - ends.values[1, :, 1].mean()
    reach = ttest_ind(narrow, wide, equal_var=False).confidence_interval(0.99)
    assert -moved / 3.0 < reach.low <= reach.high < moved / 3.0


def test_equal_necks_part_by_chance_only(tmp_path):
    """Sixty trials of two equal necks: fates part as in independent draws, and neither spine is ahead (p > 0.01).

    By permutation of one spine's trials, and Mann-Whitney's test.
    """
    pairs = STUDY.equal(tmp_path, 60, "run.exchange=consistent")
    found = STUDY.parted(pairs)
    assert found.p > 0.01 and mannwhitneyu(*pairs.T).pvalue > 0.01
    assert found.low <= found.share <= found.high and 0.1 < found.share < 0.6
    first, second = (SHARED.sign(pairs) > 0).mean(axis=0)
    assert found.expected == pytest.approx(first * (1.0 - second) + second * (1.0 - first), abs=0.05)


def test_fates_that_hang_together_are_told_from_chance():
    """Made by hand: the second fate is the first one's, or its opposite, in nine of ten trials."""
    generator = np.random.default_rng(7)
    first = np.where(generator.random(60) < 0.5, 1.0, -1.0)
    second = np.where(generator.random(60) < 0.9, first, -first)
    for way in (1.0, -1.0):
        assert STUDY.parted(np.stack([first, way * second], axis=1)).p < 0.001


def test_the_literal_form_knows_no_necks():
    """By the rate equations: the consistent form has both fates at this input, the literal one a single one.

    Its band in the plane of influx and thresholds is less than a third of the consistent form's.
    """
    level = {law: [STUDY.calcium(law, a) for a in ENDS] for law in ("literal", "consistent")}
    assert STUDY.is_parted(*level["consistent"], 1.0) and not STUDY.is_parted(*level["literal"], 1.0)
    band = {law: float(STUDY.scan(*of, STUDY.FACTORS[::3], STUDY.RATIOS[::3]).mean()) for law, of in level.items()}
    assert 0.05 < band["consistent"] < 0.5 and band["literal"] < band["consistent"] / 3.0
    peaks = [course[1].max() for course in level["literal"]]
    assert max(peaks) < 1.25 * min(peaks)
    apart = [course[1].max() for course in level["consistent"]]
    assert apart[0] > 2.0 * apart[1]


def test_twice_the_channels_are_twice_the_calcium():
    """The scan of influxes multiplies one answer: the same as of a run with twice the channels, to 1e-6."""
    twice = STUDY.calcium("consistent", 80.0, "release.1.count=40")
    np.testing.assert_allclose(2.0 * STUDY.calcium("consistent", 80.0), twice, rtol=1e-6, atol=1e-6 * twice.max())


def test_bad_necks_and_places_are_refused():
    with pytest.raises(GeometryError, match="spine_1 and spine_2 collide"):
        prepare(override(STUDY.loaded(), *STUDY.apart(0.0)))
    with pytest.raises(GeometryError, match="beyond an end of the shaft"):
        prepare(override(STUDY.loaded(), "geometry.shape.spine.2.at=10 um"))
    with pytest.raises(GeometryError, match="neck_radius is 0: it must be positive"):
        STUDY.calcium("consistent", 0.0)
