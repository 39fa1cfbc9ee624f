"""Quick forms of the study of repeated inputs with the loop from weight to shape open and shut."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from studies import study

pytestmark = pytest.mark.filterwarnings("ignore::spinemc.errors.SpinemcWarning")
STUDY = study("remodelling")
MEANS = ("run.engine=ode", STUDY.WHOLE, "structure.epochs=3")


def means(folder, kind, channels):
    """The weights of a course of the rate equations."""
    return STUDY.course(folder, kind, channels, *MEANS).weight.values[:, 0]


def test_a_shut_loop_holds_a_size_and_a_steep_one_lets_it_go(tmp_path):
    """By the rate equations, exactly: what becomes of two inputs in three epochs.

    What parts a strong and a weak one is less with the loop shut than open, by a fifth or more; the steep loop parts
    two that are nearly alike more than they part with the shape still, by three tenths or more.
    """
    parted = {}
    for kind in ("open", "shut"):
        weak, strong = (means(tmp_path, kind, n) for n in STUDY.STRENGTHS)
        parted[kind] = strong - weak
        assert strong[0] > 0.0 > weak[0]
    assert parted["open"][0] == pytest.approx(parted["shut"][0], rel=1e-6)
    assert parted["shut"][-1] < 0.8 * parted["open"][-1]
    low, high = (means(tmp_path, "steep", n) for n in STUDY.NEAR)
    below, above = (means(tmp_path, "still", n) for n in STUDY.NEAR)
    assert (np.diff(high - low) > 0.0).all() and low[-1] < 0.0 < high[-1]
    assert high[-1] - low[-1] > 1.3 * (above[-1] - below[-1])


def test_trials_with_the_loop_shut_end_lower(tmp_path):
    """Four stochastic courses of an input, four epochs: open ones end with larger weights.

    Mann-Whitney's test with p < 0.05; all four above all four have 1/70.
    """
    settings = (STUDY.WHOLE, "structure.epochs=4", "run.trials=4")
    loops = {kind: STUDY.course(tmp_path, kind, STUDY.NUMBER, *settings) for kind in ("open", "shut")}
    first, last = ({kind: one.weight.values[k] for kind, one in loops.items()} for k in (0, -1))
    np.testing.assert_array_equal(first["open"], first["shut"])
    assert mannwhitneyu(last["open"], last["shut"], alternative="greater").pvalue < 0.05
    assert (loops["shut"].head_volume.values[-1] > loops["open"].head_volume.values[-1]).all()


def test_particles_and_parts_learn_alike(tmp_path):
    """Two epochs of 15 ms: weights on particles within 4 standard errors and 10 % of those on well-mixed parts."""
    found = STUDY.window(tmp_path)
    particles, parts = found.sel(level="particles"), found.sel(level="compartments")
    error = np.hypot(particles.error, parts.error)
    assert (np.abs(particles.weight - parts.weight) < 4.0 * error + 0.1 * np.abs(parts.weight)).all()
    assert (np.abs(particles.weight) > 1e-3).all()
