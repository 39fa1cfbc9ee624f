"""Mean, variance, coefficient of variation and Fano factor over trials, and how sure they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.observables.intervals import chosen, draws, jackknife, percentiles, student
from spinemc.observables.tables import TRIAL, estimate, loaded, over, power, units_of

if TYPE_CHECKING:
    import xarray as xr


def mean_sem(series: xr.DataArray, dim: str = "trial") -> xr.Dataset:
    """Mean over trials and its standard error.

    Returns
    -------
    xarray.Dataset
        `mean` and `sem`, without `dim`, in the unit of `series`; `sem` is NaN for a single trial.
    """
    import xarray as xr

    sem = np.sqrt(variance(series, dim) / series.sizes[dim])
    return xr.Dataset({"mean": series.mean(dim), "sem": sem})


def variance(series: xr.DataArray, dim: str = "trial") -> xr.DataArray:
    """Unbiased variance over trials.

    Returns
    -------
    xarray.DataArray
        In the unit of `series` squared; NaN for a single trial.
    """
    if series.sizes[dim] < 2:
        return series.mean(dim) * np.nan
    return series.var(dim, ddof=1)


def fano(series: xr.DataArray, dim: str = "trial") -> xr.DataArray:
    """Variance over trials for each molecule of the mean; 1 for Poisson numbers.

    Returns
    -------
    xarray.DataArray
        NaN where the mean is 0.
    """
    mean = series.mean(dim)
    return variance(series, dim) / mean.where(mean != 0)


def moments(
    series: xr.DataArray,
    dim: str = TRIAL,
    *,
    level: float = 0.95,
    band: str = "t",
    resamples: int = 2000,
    seed: int = 0,
) -> xr.Dataset:
    """Mean, variance, coefficient of variation and Fano factor over trials, each with its error and interval.

    Parameters
    ----------
    series : DataArray
        (..., trial); a trial that is NaN is left out.
    dim : str
    level : float
        Of the intervals.
    band : {"t", "bootstrap"}
        The interval of the mean: Student's t; or the percentiles of means of trials drawn again, by `seed`, `resamples`
        times, which is too narrow by a factor of sqrt(1 - 1/n) and for skewed numbers in few trials.

    Returns
    -------
    xarray.Dataset
        `mean` in the unit of `series`, `variance` in its square, `cv` [1], and `fano` in the unit of `series` (the
        variance for each molecule of the mean), with `_error`, `_low` and `_high` of each; `trials`, how many there
        were. The mean's error needs two trials, as the other values do, whose errors need three: NaN otherwise. `cv`
        and `fano` are NaN where the mean is 0.

    Notes
    -----
    The variance is unbiased. `cv` and `fano` are freed of their bias of order 1/n by the jackknife; the plain quotient
    is `fano`, the function. Errors of the three are those of the jackknife over trials, and the intervals are
    Student's t around the logarithm with the jackknife error of the logarithm. Efron & Stein, Ann Stat 9:586 (1981).
    """
    import xarray as xr

    chosen("band", band, ("t", "bootstrap"))
    series = loaded(series, dim)
    parts = over(lambda x: _moments(x, level), series, core=[dim], results=[()] * 17)
    mean = list(parts[1:5])
    method = "Student's t over trials"
    if band == "bootstrap":
        mean[1:] = over(lambda x: _again(x, level, resamples, seed), series, core=[dim], results=[()] * 3)
        method = f"bootstrap over trials, {resamples} resamples, seed {seed}"
    unit, name = units_of(series), str(series.attrs.get("long_name", "series"))
    jack = "jackknife over trials, of the logarithm for the interval"
    square = power(unit, 2)
    result = estimate("mean", mean, unit, f"mean of {name}", level, method)
    result |= estimate("variance", parts[5:9], square, f"variance of {name}", level, jack)
    result |= estimate("cv", parts[9:13], "1", f"coefficient of variation of {name}", level, jack)
    result |= estimate("fano", parts[13:17], unit, f"Fano factor of {name}", level, jack)
    result["trials"] = parts[0].assign_attrs(units="1", long_name="trials")
    return xr.Dataset(result)


def _moments(x: np.ndarray, level: float) -> tuple[np.ndarray, ...]:
    """Number, and value, error, low and high of the four, over the last axis."""
    there = np.isfinite(x)
    n = there.sum(-1).astype(np.float64)
    some, two, three = (np.where(n >= least, n, np.nan) for least in (1, 2, 3))
    mean = np.where(there, x, 0.0).sum(-1) / some
    d = np.where(there, x - mean[..., None], 0.0)
    squares = (d * d).sum(-1)
    variance = squares / (two - 1)
    t = student(n, level)
    sem = np.sqrt(variance / two)
    m = three[..., None]
    left_mean = np.where(there, mean[..., None] - d / (m - 1), np.nan)
    left_squares = np.maximum(squares[..., None] - d * d * m / (m - 1), 0.0)
    left = np.where(there, left_squares / (m - 2), np.nan)
    answer = [n, mean, sem, mean - t * sem, mean + t * sem, *_positive(variance, left, n, t, False)]
    with np.errstate(divide="ignore", invalid="ignore"):
        some_mean = np.where(mean != 0, mean, np.nan)
        answer += _positive(np.sqrt(variance) / some_mean, np.sqrt(left) / left_mean, n, t, True)
        answer += _positive(variance / some_mean, left / left_mean, n, t, True)
    return tuple(answer)


def _positive(
    full: np.ndarray, left: np.ndarray, n: np.ndarray, t: np.ndarray, correct: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """An estimate above 0, with or without its jackknife correction; its error, and an interval of its logarithm."""
    corrected, error = jackknife(full, left, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.exp(t * jackknife(np.log(np.abs(full)), np.log(np.abs(left)), n)[1])
    factor = np.where(full == 0, 1.0, factor)
    value = np.where(np.isfinite(corrected), corrected, full) if correct else full
    middle = np.where(value * full > 0, value, full)
    low, high = np.sort(np.stack([middle / factor, middle * factor]), axis=0)
    plain = np.isnan(factor)  # without some trial it is 0, which has no logarithm
    reach = t * error
    return value, error, np.where(plain, np.maximum(value - reach, 0.0), low), np.where(plain, value + reach, high)


def _again(x: np.ndarray, level: float, resamples: int, seed: int) -> tuple[np.ndarray, ...]:
    """Error, low and high of the mean over the last axis, from trials drawn again; those that are there."""
    rows = x.reshape(-1, x.shape[-1])
    there = np.isfinite(rows)
    parts = np.full((3, len(rows)), np.nan)
    for n in np.unique(there.sum(-1)):
        if n < 2:
            continue
        drawn = draws(int(n), resamples, seed)
        times = np.stack([np.bincount(one, minlength=n) for one in drawn]) / n  # how often each trial is drawn
        which = np.flatnonzero(there.sum(-1) == n)
        for some in np.array_split(which, -(-len(which) // 1000)):
            values = rows[some][there[some]].reshape(len(some), n)
            parts[:, some] = percentiles(times @ values.T, level)
    return tuple(parts.reshape(3, *x.shape[:-1]))
