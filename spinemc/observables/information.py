"""What a count tells of a stimulus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.observables.intervals import chosen, normal
from spinemc.observables.tables import TRIAL, estimate, loaded, over, told

if TYPE_CHECKING:
    import xarray as xr


BIASES = ("panzeri-treves", "miller-madow", "shuffle", "none")
"""How the bias of few trials is taken off."""


def information(
    response: xr.DataArray,
    stimulus: str | Sequence[str] | xr.DataArray,
    *,
    bins: int | None = None,
    bias: str = "panzeri-treves",
    fixed: bool = True,
    permutations: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    dim: str = TRIAL,
) -> xr.Dataset:
    """Mutual information between a stimulus and a response, such as a count at a time.

    Parameters
    ----------
    response : DataArray
        (..., trial), with or without dimensions of stimuli; a trial that is NaN is left out.
    stimulus : str, sequence of str or DataArray
        Dimensions of `response` along which the stimulus varies, those of a sweep; or a label for each trial.
    bins : int, optional
        So many bins with as equal numbers of trials as ties allow; each value by itself by default. Where there are
        more values than trials of a stimulus, no correction helps, and bins do.
    bias : {"panzeri-treves", "miller-madow", "shuffle", "none"}
        (sum over stimuli of (R_s - 1) - (R - 1)) / (2 N ln 2) with R_s, the responses possible with a stimulus,
        estimated by Bayes' rule, or the number of those seen; or the mean over permutations, which is too much where
        there is information.
    fixed : bool
        Whether each stimulus has the number of trials that was chosen for it, as in a sweep. Responses then scatter
        less than with stimuli drawn at random, for which the formula is, and Pearson's mean square contingency is
        added to the sum.
    permutations, seed : int
        Of the test: responses are dealt anew to the stimuli.
    level : float

    Returns
    -------
    xarray.Dataset
        `information` [bit], less its bias, with `_error`, `_low` and `_high` from the jackknife over trials (normal,
        cut at 0; near 0 the estimate is not normal, and the p-value tells more); `information_naive`; `bias`;
        `p_value` of the hypothesis that there is none, (1 + permutations as informative) / (1 + permutations);
        `trials`. An estimate may be below 0. Stimuli are as probable as they have trials.

    Raises
    ------
    ObservableError
        Where the stimulus is not there, or `bins` is less than 2.

    Notes
    -----
    Miller, in Information Theory in Psychology (1955), p. 95. Panzeri & Treves, Network 7:87 (1996), and Panzeri et
    al., J Neurophysiol 98:1064 (2007). Permutation test: Phipson & Smyth, Stat Appl Genet Mol Biol 9:39 (2010).
    """
    import xarray as xr

    chosen("bias", bias, BIASES)
    if bins is not None and bins < 2:
        raise ObservableError(f"bins = {bins}: there are at least 2.")
    z = normal(level)
    if isinstance(stimulus, xr.DataArray):
        dims: tuple[str, ...] = ()
        series = [loaded(response, dim), _numbered(stimulus, response, dim)]
    else:
        dims = (stimulus,) if isinstance(stimulus, str) else tuple(stimulus)
        series = [loaded(response, dim, *dims)]

    def measure(x: np.ndarray, labels: np.ndarray | None = None) -> tuple[float, ...]:
        if labels is None:
            labels = np.broadcast_to(np.arange(x.size // x.shape[-1]).reshape(*x.shape[:-1], 1), x.shape)
        x, labels = x.ravel(), labels.ravel()
        known = np.isfinite(x)
        if not known.any():
            return (np.nan,) * 8
        return _measure(_codes(x[known], bins), labels[known].astype(np.int64), bias, fixed, permutations, seed, z)

    parts = over(measure, *series, core=[*dims, dim], results=[()] * 8, loop=True)
    result = estimate("information", parts[:4], "bit", f"mutual information, less bias ({bias})", level, "jackknife")
    result["information_naive"] = told(parts[4], "bit", "mutual information of the frequencies")
    result["bias"] = told(parts[5], "bit", f"bias ({bias})")
    method = f"{permutations} permutations, seed {seed}"
    result["p_value"] = told(parts[6], "1", "p-value of no information", method=method)
    result["trials"] = told(parts[7], "1", "trials")
    return xr.Dataset(result)


def _numbered(stimulus: xr.DataArray, response: xr.DataArray, dim: str) -> xr.DataArray:
    """The labels of trials as numbers from 0."""
    if stimulus.dims != (dim,) or dim not in response.dims or stimulus.sizes[dim] != response.sizes[dim]:
        raise ObservableError(
            f"stimulus: it has a label for each {dim} of the response, or is the name of a dimension."
        )
    number = np.unique(stimulus.values, return_inverse=True)[1]
    coords = {dim: response[dim]} if dim in response.coords else {}
    return stimulus.drop_vars(list(stimulus.coords)).copy(data=number.astype(np.float64)).assign_coords(coords)


def _codes(x: np.ndarray, bins: int | None) -> np.ndarray:
    """Responses as numbers from 0."""
    if bins is not None:
        x = np.searchsorted(np.quantile(x, np.arange(1, bins) / bins), x, side="right")
    return np.unique(x, return_inverse=True)[1]


def _measure(
    codes: np.ndarray, labels: np.ndarray, bias: str, fixed: bool, permutations: int, seed: int, z: float
) -> tuple[float, ...]:
    """Information less bias, its error, low and high; naive, bias, p-value and number of trials."""
    labels = np.unique(labels, return_inverse=True)[1]
    shape = labels.max() + 1, codes.max() + 1
    n = len(codes)

    def table(order: np.ndarray) -> np.ndarray:
        return np.bincount(labels * shape[1] + order, minlength=shape[0] * shape[1]).reshape(shape)

    seen = table(codes)
    naive = _naive(seen)
    rng = np.random.default_rng(seed)
    dealt = np.array([_naive(table(rng.permutation(codes))) for _ in range(permutations)])
    p_value = (1 + np.count_nonzero(dealt >= naive - 1e-12)) / (1 + permutations)

    def bias_of(counts: np.ndarray) -> float:
        if bias == "shuffle":
            return float(dealt.mean()) if permutations else np.nan
        return _bias(counts, bias, fixed)

    value = naive - bias_of(seen)
    error = np.nan
    if n > 1:
        cells = np.argwhere(seen)
        left = np.empty(len(cells))
        for k, cell in enumerate(cells):
            less = seen.copy()
            less[tuple(cell)] -= 1
            left[k] = _naive(less) - bias_of(less)
        weight = seen[tuple(cells.T)] / n
        error = float(np.sqrt((n - 1) * (weight @ (left - weight @ left) ** 2)))
    low, high = max(value - z * error, 0.0), max(value + z * error, 0.0)
    return value, error, low, high, naive, naive - value, p_value, float(n)


def _naive(counts: np.ndarray) -> float:
    """The mutual information of a table of numbers [bit]."""
    n = counts.sum()
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True)
    some = counts > 0
    return float((counts[some] * np.log2(counts[some] * (n / expected[some]))).sum() / n)


def _bias(counts: np.ndarray, bias: str, fixed: bool) -> float:
    """How much too large the naive information is, to the order of one over the number of trials [bit]."""
    if bias == "none":
        return 0.0
    table = counts[counts.sum(1) > 0]
    table = table[:, table.sum(0) > 0]
    stimuli, responses = table.shape
    if bias == "panzeri-treves":
        each = [_possible(row[row > 0], responses) for row in table]
    else:
        each = [float((row > 0).sum()) for row in table]
    n = table.sum()
    terms = sum(r - 1 for r in each) - (responses - 1)
    if fixed and n > 1:
        square = float((table**2 / (table.sum(1, keepdims=True) * table.sum(0))).sum()) - 1
        terms += max(square - (stimuli - 1) * (responses - 1) / (n - 1), 0.0)  # less what chance makes of it
    return float(terms / (2 * n * np.log(2)))


def _possible(seen: np.ndarray, limit: int) -> float:
    """How many responses are possible, of which so many were seen: the number with which as many are expected to be.

    Panzeri & Treves (1996), sect. 3: the prior gives each response seen one trial more, and those not seen the rest.
    """
    n, r = int(seen.sum()), len(seen)
    gap, before, extra = abs(r - float((1 - (1 - seen / n) ** n).sum())), float(limit), 0
    while gap < before and r + extra < limit:
        extra += 1
        unseen = extra * (1 - (n / (n + r)) ** (1 / n))
        p = (1 - unseen) / (n + r) * (seen + 1)
        expected = float((1 - (1 - p) ** n).sum() + extra * (1 - (1 - unseen / extra) ** n))
        before, gap = gap, abs(r - expected)
    return r + extra - (1 if extra and gap >= before else 0)
