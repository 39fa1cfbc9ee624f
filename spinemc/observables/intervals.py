"""How sure: intervals and standard errors that several observables share, on bare arrays."""

from __future__ import annotations

import numpy as np

from spinemc.errors import ObservableError


def checked(level: float) -> float:
    """A level of confidence between 0 and 1.

    Raises
    ------
    ObservableError
        For any other.
    """
    if not 0 < level < 1:
        raise ObservableError(f"level = {level:g}: a level of confidence is between 0 and 1, such as 0.95.")
    return level


def chosen(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """A choice that is among those that are allowed; ObservableError for any other."""
    if value not in allowed:
        raise ObservableError(f'{name} = "{value}": it is one of {", ".join(allowed)}.')
    return value


def normal(level: float) -> float:
    """Standard errors on either side of a normal estimate at a level."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + checked(level) / 2))


def student(n: np.ndarray | int, level: float) -> np.ndarray:
    """Standard errors on either side of the mean of `n` normal values at a level (Student's t); NaN for n < 2."""
    from scipy.special import stdtrit

    n = np.asarray(n, dtype=np.float64)
    return np.where(n > 1, stdtrit(np.maximum(n - 1, 1), 0.5 + checked(level) / 2), np.nan)


def jackknife(full: np.ndarray, left_out: np.ndarray, n: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
    """An estimate without its bias of order 1/n, and its standard error.

    Parameters
    ----------
    full : (...) float64
        From all `n` trials.
    left_out : (..., trial) float64
        With one trial left out; NaN where there was no such trial.
    n : (...) int
        Trials.

    Returns
    -------
    tuple of (...) float64
        NaN for fewer than two trials, and where there is no estimate without some trial.

    Notes
    -----
    n x - (n - 1) <x_i>, and the root of (n - 1) / n sum (x_i - <x_i>)^2. Efron & Stein, Ann Stat 9:586 (1981);
    Quenouille, Biometrika 43:353 (1956).
    """
    n = np.asarray(n, dtype=np.float64)
    there = np.isfinite(left_out)
    count = np.where((there.sum(-1) == n) & (n > 1), n, np.nan)
    mean = np.where(there, left_out, 0.0).sum(-1) / count
    square = np.where(there, (left_out - mean[..., None]) ** 2, 0.0).sum(-1) / count
    return n * full - (n - 1) * mean, np.sqrt((n - 1) * square)


def wilson(k: np.ndarray | int, n: np.ndarray | int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The interval of a probability, `k` times out of `n`: Wilson, J Am Stat Assoc 22:209 (1927), eq. 4."""
    z = normal(level)
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    middle = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    return np.where(k == 0, 0.0 * n, middle - half), np.where(k == n, 1.0, middle + half)


def clopper_pearson(k: np.ndarray | int, n: np.ndarray | int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The interval that covers a probability at least as often as told: Clopper & Pearson, Biometrika 26:404 (1934)."""
    from scipy.special import betaincinv

    tail = (1 - checked(level)) / 2
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    n = np.where(n > 0, n, np.nan)
    low = np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, tail), 0.0 * n)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 1.0 + 0.0 * n)
    return low, high


PROPORTIONS = {"wilson": wilson, "clopper-pearson": clopper_pearson}
"""Intervals of a probability, by name."""


def proportion(
    k: np.ndarray | int, n: np.ndarray | int, level: float, method: str = "wilson"
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A probability, `k` times out of `n`: value, binomial standard error and the ends of its interval."""
    interval = PROPORTIONS[chosen("interval", method, tuple(PROPORTIONS))]
    n = np.asarray(n, dtype=np.float64)
    value = np.asarray(k) / np.where(n > 0, n, np.nan)
    return (value, np.sqrt(value * (1 - value) / n), *interval(k, n, level))


def fieller(top: np.ndarray, bottom: np.ndarray, level: float) -> tuple[float, float, float, float]:
    """The ratio of two means over the same trials: value, standard error and the ends of its interval.

    Parameters
    ----------
    top, bottom : (trial,) float64

    Returns
    -------
    tuple of float
        The error is that of the delta method. Where the mean of `bottom` is not different from 0 at this level,
        no finite interval holds the ratio, and its ends are infinite.

    Notes
    -----
    Fieller, J R Stat Soc B 16:175 (1954).
    """
    n = len(top)
    a, b = float(np.mean(top)), float(np.mean(bottom))
    if n < 2 or b == 0:
        return (a / b if b else np.nan), np.nan, np.nan, np.nan
    (va, c), (_, vb) = np.cov(top, bottom) / n
    ratio = a / b
    error = float(np.sqrt(max(va - 2 * ratio * c + ratio * ratio * vb, 0.0))) / abs(b)
    t2 = float(student(n, level)) ** 2
    square = b * b - t2 * vb
    if square <= 0:
        return ratio, error, -np.inf, np.inf
    middle = a * b - t2 * c
    half = np.sqrt(max(middle * middle - square * (a * a - t2 * va), 0.0))
    return ratio, error, float(middle - half) / square, float(middle + half) / square


def draws(n: int, resamples: int, seed: int) -> np.ndarray:
    """Trials drawn with replacement, (resamples, n), the same for the same seed."""
    return np.random.default_rng(seed).integers(n, size=(resamples, n))


def percentiles(values: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standard error and ends of the interval of an estimate, from its values in resamples along the first axis.

    Efron, Ann Stat 7:1 (1979): the percentile interval. A resample in which there was no estimate is NaN, and left out.
    """
    tail = (1 - checked(level)) / 2
    known = np.isfinite(values)
    values = np.where(known, values, np.nan)
    if not known.any(axis=0).all():
        nothing = np.full(values.shape[1:], np.nan)
        return nothing, nothing, nothing
    low, high = np.nanquantile(values, [tail, 1 - tail], axis=0)
    return np.nanstd(values, axis=0), low, high
