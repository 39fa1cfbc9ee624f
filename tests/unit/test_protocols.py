"""Spike times of stimulation protocols."""

import numpy as np
import pytest

from spinemc import protocols
from spinemc.errors import ScenarioError


def test_trains_and_bursts():
    np.testing.assert_allclose(protocols.single(0.3), [0.3])
    np.testing.assert_allclose(protocols.train(20.0, 3, 1.0), [1.0, 1.05, 1.1])
    np.testing.assert_allclose(protocols.bursts(2, 2, 100.0, 0.5), [0.0, 0.01, 0.5, 0.51])
    np.testing.assert_allclose(protocols.theta_bursts(2, 2), [0.0, 0.01, 0.2, 0.21])


def test_pairs_start_with_the_earliest_spike_and_keep_their_delay():
    for delay in (-0.04, 0.0, 0.015):
        pre, post = protocols.pairs(delay, 5, 2.0, at=1.0)
        np.testing.assert_allclose(post - pre, delay, atol=1e-12)
        np.testing.assert_allclose(np.diff(pre), 0.5)
        assert min(pre[0], post[0]) == 1.0


def test_the_last_spike_of_a_doublet_has_the_delay():
    pre, post = protocols.pairs(0.02, 3, 5.0, post=2)
    np.testing.assert_allclose(post[1::2] - pre, 0.02, atol=1e-12)
    np.testing.assert_allclose(np.diff(post)[::2], 0.0115, atol=1e-12)


@pytest.mark.parametrize(
    "name, spikes, last",
    [("STET", 300, 1200.99), ("WTET", 21, 0.2), ("SLFS", 2700, 899 * 1.15 + 0.1), ("WLFS", 900, 899)],
)
def test_the_four_classic_protocols(name, spikes, last):
    times = protocols.tetanus(name)
    assert len(times) == spikes
    assert times[-1] == pytest.approx(last, abs=1e-9)


def test_poisson_trains_are_fixed_by_seed_and_trial():
    one = protocols.poisson(50.0, 10.0, 1, 2)
    np.testing.assert_array_equal(one, protocols.poisson(50.0, 10.0, 1, 2))
    assert not np.array_equal(one, protocols.poisson(50.0, 10.0, 1, 3))
    counts = np.array([len(protocols.poisson(50.0, 10.0, 1, k)) for k in range(400)])
    assert abs(counts.mean() - 500.0) < 4.0 * np.sqrt(500.0 / 400.0)  # 4 standard errors
    assert abs(counts.var() / 500.0 - 1.0) < 4.0 * np.sqrt(2.0 / 400.0)


def test_spike_times_from_a_file(tmp_path):
    (tmp_path / "spikes.txt").write_text("# s\n0.1\n\n0.25\n")
    np.testing.assert_array_equal(protocols.read(tmp_path / "spikes.txt"), [0.1, 0.25])


@pytest.mark.parametrize(
    "text, sentence",
    [("0.2\n0.1\n", "spike 2, at 0.1 s, is before"), ("x\n", "line 1: 'x' is no time"), ("nan\n", "not a finite")],
)
def test_bad_files_are_told(tmp_path, text, sentence):
    (tmp_path / "spikes.txt").write_text(text)
    with pytest.raises(ScenarioError, match=sentence):
        protocols.read(tmp_path / "spikes.txt")


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: protocols.train(0.0, 3), r"rate \[Hz\] = 0"),
        (lambda: protocols.train(1.0, 0), "number of spikes of 0"),
        (lambda: protocols.bursts(2, 5, 10.0, 0.3), "start further apart"),
        (lambda: protocols.train(1.0, 10**8), "more than 1e.07"),
        (lambda: protocols.tetanus("TET"), "Known are STET"),
        (lambda: protocols.pairs(float("nan")), "delay = nan"),
        (lambda: protocols.poisson(-1.0, 1.0, 0), "must not be below 0"),
        (lambda: protocols.read("no such file"), "cannot be read"),
    ],
)
def test_what_cannot_be_is_refused(make, sentence):
    with pytest.raises(ScenarioError, match=sentence):
        make()
