"""When a threshold is first passed, where it may not be passed while one looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.observables.intervals import checked, normal
from spinemc.observables.tables import TIME, TRIAL, estimate, loaded, over, told

if TYPE_CHECKING:
    import xarray as xr


def passages(
    series: xr.DataArray, threshold: float, *, up: bool = True, since: float | None = None, dim: str = TIME
) -> xr.Dataset:
    """The first sample of each trial at which a threshold is reached.

    Parameters
    ----------
    series : DataArray
        (..., time), mostly (..., trial, time).
    threshold : float
        In the unit of `series`. Reached by being equal to it, or beyond.
    up : bool
        Whether it is reached from below.
    since : float, optional
        Samples before are not looked at, and times count from here [s]; the first sample by default.

    Returns
    -------
    xarray.Dataset
        Without `dim`: `passage_time` [s], of the first sample that is there, hence late by up to one interval between
        samples; and `passed`, 1 where it was reached and 0 where `passage_time` is how long one looked (right
        censored). Both are NaN for a series that has a NaN.

    Raises
    ------
    ObservableError
        Where there are no samples at or after `since`.
    """
    import xarray as xr

    series = loaded(series, dim)
    begin = float(series[dim][0]) if since is None else since
    series = series.sel({dim: slice(begin, None)})
    if not series.sizes[dim]:
        raise ObservableError(f"since = {begin:g} s: there are no samples from then on.")
    time = series[dim].values - begin

    def first(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        there = x >= threshold if up else x <= threshold
        passed = there.any(-1)
        when = np.where(passed, time[np.argmax(there, axis=-1)], time[-1])
        known = np.isfinite(x).all(-1)
        return np.where(known, when, np.nan), np.where(known, passed, np.nan)

    when, passed = over(first, series, core=[dim], results=[(), ()])
    way = "up" if up else "down"
    said = told(when, "s", "time of first passage, or of the end", threshold=threshold, direction=way)
    return xr.Dataset({"passage_time": said, "passed": told(passed, "1", "whether the threshold was reached")})


def survival(passages: xr.Dataset, dim: str = TRIAL, *, level: float = 0.95) -> xr.Dataset:
    """The probability that a threshold is not yet passed (Kaplan & Meier).

    Parameters
    ----------
    passages : Dataset
        `passage_time` and `passed` (..., trial), as `passages` returns them.
    dim : str
    level : float

    Returns
    -------
    xarray.Dataset
        `survival` (..., elapsed), just after each time at which any trial passed, from 0 on; the same times at all
        points of a sweep; with `_error`, `_low` and `_high`; and `at_risk`, the trials still looked at just before.
        NaN from where no trial is left that has not passed.

    Notes
    -----
    Kaplan & Meier, J Am Stat Assoc 53:457 (1958). The error is Greenwood's, and the interval is around
    log(-log S): Kalbfleisch & Prentice, The Statistical Analysis of Failure Time Data (1980), eq. 1.13. There is no
    interval, NaN, before the first passage and where S is 0.
    """
    import xarray as xr

    when, passed = loaded(passages["passage_time"], dim), loaded(passages["passed"], dim)
    times = when.values[passed.values == 1]
    grid = np.unique(np.concatenate([[0.0], times]))
    z = normal(level)

    def curve(when: np.ndarray, passed: np.ndarray) -> tuple[np.ndarray, ...]:
        known = np.isfinite(when)
        when, passed = when[known], passed[known] == 1
        ordered, ended = np.sort(when), np.sort(when[passed])
        at_risk = (len(ordered) - np.searchsorted(ordered, grid, "left")).astype(np.float64)
        died = np.searchsorted(ended, grid, "right") - np.searchsorted(ended, grid, "left")
        with np.errstate(divide="ignore", invalid="ignore"):
            s = np.cumprod(np.where(at_risk > 0, 1 - died / at_risk, 1.0))
            left = at_risk - died
            greenwood = np.cumsum(np.where(at_risk > 0, died / (at_risk * left), 0.0))
            error = np.where(s > 0, s * np.sqrt(greenwood), np.nan)
            reach = np.where(s < 1, z * np.sqrt(greenwood) / np.abs(np.log(s)), np.nan)
            low, high = s ** np.exp(reach), s ** np.exp(-reach)
        # Past the last look nothing is known, unless all have passed.
        known_until = (at_risk > 0) | (s == 0)
        parts = [np.where(known_until, part, np.nan) for part in (s, error, low, high)]
        return (*parts, at_risk)

    parts = over(curve, when, passed, core=[dim], results=[["elapsed"]] * 5, loop=True)
    result = estimate("survival", parts[:4], "1", "probability of no passage yet", level, "Greenwood, log(-log)")
    result["at_risk"] = told(parts[4], "1", "trials not passed and looked at")
    return xr.Dataset(result).assign_coords(
        elapsed=told(xr.DataArray(grid, dims="elapsed"), "s", "time since the start")
    )


def mean_passage(passages: xr.Dataset, dim: str = TRIAL, *, level: float = 0.95) -> xr.Dataset:
    """The mean time of passage, were passages to happen at a constant rate.

    Parameters
    ----------
    passages : Dataset
        As of `survival`.
    dim : str
    level : float

    Returns
    -------
    xarray.Dataset
        `mean_passage_time` [s] with `_error`, `_low`, `_high`; `passages`, how many trials passed, and `trials`.
        Without any passage the mean is NaN and its interval reaches to infinity.

    Notes
    -----
    The likelihood of an exponential has its maximum where the mean is the time that was looked at in all, over the
    number d of passages; its error is the mean over the root of d. The interval is that of chi squared with 2 d and 2
    d + 2 degrees of freedom, which holds for looks of one length: Cox, Biometrika 40:354 (1953).
    """
    import xarray as xr
    from scipy.special import chdtri

    when, passed = loaded(passages["passage_time"], dim), loaded(passages["passed"], dim)
    tail = (1 - checked(level)) / 2
    total, events = when.sum(dim), passed.sum(dim)
    number = when.notnull().sum(dim)
    some = events.where(events > 0)
    mean = total / some
    low = 2 * total / xr.apply_ufunc(lambda d: chdtri(2 * d + 2, tail), events)
    high = xr.apply_ufunc(lambda d: np.where(d > 0, chdtri(np.maximum(2 * d, 1), 1 - tail), 0.0), events)
    high = xr.where(high > 0, 2 * total / high.where(high > 0), np.inf)
    parts = [mean, mean / np.sqrt(some), low.where(number > 0), high.where(number > 0)]
    method = "exponential with right censoring, maximum likelihood; chi squared"
    result = estimate("mean_passage_time", parts, "s", "mean time of first passage", level, method)
    result["passages"] = told(events, "1", "trials that passed")
    result["trials"] = told(number, "1", "trials")
    return xr.Dataset(result)
