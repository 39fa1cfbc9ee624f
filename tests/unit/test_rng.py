"""Random numbers of the kernels: known answers, the normal distribution, independence of streams."""

import naive_draws as naive
import numpy as np
import pytest
from called import from_python
from scipy import stats
from scipy.special import ndtri

from spinemc.engine.kernels import rng

FULL = 0xFFFFFFFF

philox = from_python(rng.philox)
words = from_python(rng.words)
uniform = from_python(rng.uniform)
normal = from_python(rng.normal)
exponential = from_python(rng.exponential)
displacements = from_python(rng.displacements)
spares = from_python(rng.spares)


@pytest.mark.parametrize(
    "key, counter, answer",
    [
        ((0, 0), (0, 0, 0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((FULL, FULL), (FULL, FULL, FULL, FULL), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0xA4093822, 0x299F31D0),
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_known_answers(key, counter, answer):
    """The vectors that come with Random123 (Salmon et al. 2011)."""
    expected = [int(word, 16) for word in answer.split()]
    assert [int(word) for word in philox(*(np.uint64(word) for word in key + counter))] == expected
    assert list(naive.philox(key, counter)) == expected


def test_words_tell_every_part_of_an_occasion():
    key = np.array([3, 4], np.uint64)
    plain = [0, 0, rng.MOVE, 0, 0]
    found = {tuple(map(int, words(key, *plain)))}
    for part, value in enumerate((1, 1, rng.ENTER, 1, 1)):
        found.add(tuple(map(int, words(key, *plain[:part], value, *plain[part + 1 :]))))
    for other in ([4, 4], [3, 5]):
        found.add(tuple(map(int, words(np.array(other, np.uint64), *plain))))
    assert len(found) == 8


def test_uniform_numbers_are_never_0_or_1():
    assert uniform(np.uint64(0)) == 2.0**-33
    assert uniform(np.uint64(FULL)) == 1.0 - 2.0**-33


def test_normal_deviates_invert_the_normal_distribution():
    """Every kind of place: the centre, both joints, the tails to the last word."""
    near = np.arange(-2000, 2001)
    joint = round((0.5 + rng.CENTRAL) * 2**32)
    edges = [2**31 + near, joint + near, 2**32 - joint + near, np.arange(4000), FULL - np.arange(4000)]
    word = np.unique(np.concatenate([np.linspace(0, FULL, 200_001).astype(np.int64), *edges]))
    found = np.array([normal(w) for w in word.astype(np.uint64)])
    u = (word + 0.5) / 2.0**32
    exact = np.where(word < 2**31, ndtri(u), -ndtri((FULL - word + 0.5) / 2.0**32))
    assert np.abs(found / exact - 1.0).max() < 2e-9
    assert (np.diff(found) > 0.0).all()
    assert found[-4000:].tolist() == [-x for x in found[3999::-1]]


def drawn(n, seed=1, trial=0, step=0, species=0, low=0, sigma=1.0):
    """(3, n) displacements and (n,) spare uniform numbers."""
    delta, spare = np.empty((3, n)), np.empty(n)
    key = np.array([seed, trial], np.uint64)
    scratch = np.empty(n + 1, np.int32), np.empty(n + 1)
    displacements(key, step, species, low, n, sigma, delta, spare, *scratch)
    return delta, spare


def test_moments_and_distribution_of_displacements():
    """2^20 deviates an axis: moments within 5 standard errors, Kolmogorov and Smirnov at p > 1e-4."""
    n = 2**20
    delta, spare = drawn(n, sigma=0.02)
    for x in delta / 0.02:
        assert abs(x.mean()) < 5.0 / np.sqrt(n)
        assert abs((x**2).mean() - 1.0) < 5.0 * np.sqrt(2.0 / n)
        assert abs((x**3).mean()) < 5.0 * np.sqrt(15.0 / n)
        assert abs((x**4).mean() - 3.0) < 5.0 * np.sqrt(96.0 / n)
        assert stats.kstest(x, "norm").pvalue > 1e-4
    assert stats.kstest(spare, "uniform").pvalue > 1e-4
    everything = np.corrcoef(np.vstack([delta, spare]))
    assert np.abs(everything[~np.eye(4, dtype=bool)]).max() < 5.0 / np.sqrt(n)


def test_streams_do_not_know_each_other():
    """Neighbours in trial, seed, step, species and number: no correlation above 5 standard errors."""
    n = 2**16
    whole = drawn(n)[0]
    others = [drawn(n, trial=1), drawn(n, seed=2), drawn(n, step=1), drawn(n, species=1)]
    others = [delta for delta, _ in others] + [np.roll(whole, 1, axis=1), np.roll(whole, 1, axis=0)]
    for other in others:
        for one, two in zip(whole, other, strict=True):
            assert abs(np.corrcoef(one, two)[0, 1]) < 5.0 / np.sqrt(n)
            assert abs(np.corrcoef(one**2, two**2)[0, 1]) < 5.0 / np.sqrt(n)


def test_one_molecule_through_many_steps():
    n = 2000
    walk = np.array([drawn(1, step=step, low=7)[0][:, 0] for step in range(n)])
    assert stats.kstest(walk.ravel(), "norm").pvalue > 1e-4
    for lag in range(1, 6):
        assert abs((walk[lag:] * walk[:-lag]).mean()) < 5.0 / np.sqrt(3.0 * (n - lag))


def test_blocks_do_not_show():
    """A molecule's draw does not depend on which others are drawn beside it."""
    whole, spare = drawn(300)
    for low, n in ((0, 7), (7, 256), (263, 37)):
        part, left = drawn(n, low=low)
        assert np.array_equal(part, whole[:, low : low + n])
        assert np.array_equal(left, spare[low : low + n])
    alone = np.empty(300)
    spares(np.array([1, 0], np.uint64), 0, 0, 0, 300, alone)
    assert np.array_equal(alone, spare)
    one = naive.words((1, 0), 299, 0, naive.MOVE, 0, 0)
    assert whole[:, 299].tolist() == [naive.normal(word) for word in one[:3]]


def test_waits_are_exponential():
    word = np.random.default_rng(3).integers(0, 2**32, 100_000, dtype=np.uint64)
    wait = np.array([exponential(w) for w in word])
    assert stats.kstest(wait, "expon").pvalue > 1e-4
