"""Mutual information of channels whose capacity is known, with few trials."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import poisson

from spinemc import observables
from spinemc.errors import ObservableError


def entropy(p: np.ndarray) -> float:
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum())


def of(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("experiment", "stimulus", "trial"))


def symmetric(rng, flips: float, trials: int, experiments: int) -> xr.DataArray:
    """A bit, sent `trials` times each way, and flipped at random."""
    sent = np.array([0, 1])[:, None]
    return of(sent ^ (rng.random((experiments, 2, trials)) < flips))


MEANS = (2.0, 4.0, 8.0, 14.0)
NUMBERS = np.arange(60)
LIKELY = np.array([poisson.pmf(NUMBERS, mean) for mean in MEANS])
POISSON_BITS = entropy(LIKELY.mean(0)) - np.mean([entropy(row) for row in LIKELY])


def poisson_channel(rng, trials: int, experiments: int) -> xr.DataArray:
    return of(rng.poisson(np.array(MEANS)[:, None], (experiments, 4, trials)))


def test_a_table_by_hand():
    x = xr.DataArray([[0.0, 0, 0, 1], [1, 1, 1, 1]], dims=("stimulus", "trial"))
    result = observables.information(x, "stimulus", bias="none", permutations=0)
    exact = 3 / 8 * np.log2(3 / 8 / (3 / 16)) + 1 / 8 * np.log2(1 / 8 / (5 / 16)) + 4 / 8 * np.log2(4 / 8 / (5 / 16))
    assert float(result["information"]) == pytest.approx(exact)
    miller = observables.information(x, "stimulus", bias="miller-madow", fixed=False, permutations=0)
    assert float(miller["bias"]) == pytest.approx(((2 - 1) + (1 - 1) - (2 - 1)) / (2 * 8 * np.log(2)))
    assert miller["trials"] == 8
    # Error: each trial left out in turn.
    left = []
    for k in range(8):
        less = x.values.astype(float).copy()
        less.flat[k] = np.nan
        one = observables.information(xr.DataArray(less, dims=x.dims), "stimulus", bias="none", permutations=0)
        left.append(float(one["information"]))
    error = np.sqrt(7 / 8 * ((left - np.mean(left)) ** 2).sum())
    assert float(result["information_error"]) == pytest.approx(error)


@pytest.mark.parametrize("bias", ["panzeri-treves", "miller-madow"])
def test_binary_symmetric_channel(bias):
    """Flips of 0.2: 1 - H(0.2) bits. 20 trials each way, 3000 experiments; the naive mean is 0.027 bits too large.

    Corrected, it is right to 0.007; with the correction for stimuli drawn at random, 0.0065 bits of that remain.
    """
    x = symmetric(np.random.default_rng(81), 0.2, 20, 3000)
    exact = 1 - entropy(np.array([0.2, 0.8]))
    result = observables.information(x, "stimulus", bias=bias, permutations=0)
    naive, value = float(result["information_naive"].mean()), float(result["information"].mean())
    assert naive - exact > 0.022
    assert abs(value - exact) < 0.007
    drawn = observables.information(x, "stimulus", bias=bias, fixed=False, permutations=0)
    assert float(drawn["information"].mean()) - value == pytest.approx(0.36 / (80 * np.log(2)), rel=0.1)
    scatter = float(result["information"].std())
    assert float(np.sqrt((result["information_error"] ** 2).mean())) == pytest.approx(scatter, rel=0.2)


def test_intervals_cover():
    """Flips of 0.1, 60 trials each way, 1000 experiments: 92 to 97 % of 95 %."""
    x = symmetric(np.random.default_rng(82), 0.1, 60, 1000)
    exact = 1 - entropy(np.array([0.1, 0.9]))
    result = observables.information(x, "stimulus", permutations=0)
    covered = (result["information_low"] <= exact) & (result["information_high"] >= exact)
    assert 0.92 < float(covered.mean()) < 0.97


def test_poisson_channel_with_few_trials():
    """Counts with means 2, 4, 8 and 14, 20 trials each, 200 experiments:
    naive 0.15 bits too large, Panzeri-Treves within 0.05.
    """
    x = poisson_channel(np.random.default_rng(83), 20, 200)
    result = observables.information(x, "stimulus", permutations=0)
    miller = observables.information(x, "stimulus", bias="miller-madow", permutations=0)
    naive, value = (float(result[name].mean()) for name in ("information_naive", "information"))
    assert naive - POISSON_BITS > 0.15
    assert abs(value - POISSON_BITS) < 0.05
    assert abs(value - POISSON_BITS) < abs(float(miller["information"].mean()) - POISSON_BITS)


def test_shuffling_takes_the_bias_off_where_there_is_nothing():
    """No information, 8 responses, 3 stimuli of 15 trials, 100 experiments: 0 to four standard errors."""
    x = of(np.random.default_rng(84).integers(8, size=(100, 3, 15)))
    result = observables.information(x, "stimulus", bias="shuffle", permutations=200)
    value = result["information"]
    assert abs(float(value.mean())) < 4 * float(value.std()) / 10
    assert float(result["information_naive"].mean()) > 0.15


def test_p_values_are_even_where_there_is_nothing():
    """500 experiments: p below 0.05 as rarely as told, to four deviations; and small where there is a signal."""
    rng = np.random.default_rng(85)
    none = observables.information(of(rng.normal(size=(500, 2, 12))), "stimulus", bins=4, permutations=99)
    rate = float((none["p_value"] <= 0.05).mean())
    assert rate < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 500)
    assert 0.45 < float(none["p_value"].mean()) < 0.65  # ties count as more informative
    some = observables.information(symmetric(rng, 0.05, 20, 20), "stimulus", permutations=99)
    assert float(some["p_value"].max()) == pytest.approx(0.01)


def test_bins_hold_as_many_trials_each():
    rng = np.random.default_rng(86)
    x = of(rng.normal(np.array([[0.0], [3.0]]), 1.0, (1, 2, 100)))
    result = observables.information(x, "stimulus", bins=2, permutations=0)
    wrong = 0.0668072  # beyond 1.5 deviations
    assert float(result["information"][0]) == pytest.approx(1 - entropy(np.array([wrong, 1 - wrong])), abs=0.1)
    fine = observables.information(x, "stimulus", permutations=0)
    assert fine["information_naive"] == pytest.approx(1)  # each value by itself tells all, and means nothing
    with pytest.raises(ObservableError, match="bins = 1"):
        observables.information(x, "stimulus", bins=1)


def test_labels_of_trials_are_a_stimulus():
    rng = np.random.default_rng(87)
    x = symmetric(rng, 0.1, 30, 1).isel(experiment=0)
    flat = xr.DataArray(x.values.ravel(), dims="trial", coords={"trial": np.arange(60)})
    labels = xr.DataArray(np.repeat(["rest", "input"], 30), dims="trial")
    one, two = observables.information(x, "stimulus"), observables.information(flat, labels)
    for name in ("information", "information_error", "bias"):
        assert float(one[name]) == pytest.approx(float(two[name]))
    with pytest.raises(ObservableError, match="a label for each trial"):
        observables.information(flat, labels[:5])
    with pytest.raises(ObservableError, match="has no dimension dose"):
        observables.information(x, "dose")


def test_several_dimensions_are_one_stimulus():
    x = xr.DataArray(np.arange(6.0).reshape(2, 3, 1) * np.ones(40), dims=("a", "b", "trial"))
    result = observables.information(x, ["a", "b"], permutations=0)
    assert float(result["information_naive"]) == pytest.approx(np.log2(6))
    assert observables.information(x, "a", permutations=0)["information_naive"].dims == ("b",)
