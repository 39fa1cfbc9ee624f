"""Peaks: how high, when, how wide, and how high one compartment's is beside another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.observables.intervals import chosen, draws, fieller, percentiles, student
from spinemc.observables.tables import TIME, TRIAL, estimate, loaded, over, power, told, units_of

if TYPE_CHECKING:
    import xarray as xr


def mean_over_trials(values: xr.DataArray, level: float, dim: str = TRIAL) -> list[xr.DataArray]:
    """Mean of what each trial has, where it has it; standard error and Student's interval."""
    n = values.notnull().sum(dim)
    mean = values.mean(dim)
    error = np.sqrt(((values - mean) ** 2).sum(dim) / (n - 1).where(n > 1) / n.where(n > 1))
    reach = error * student(n.values, level)
    return [mean, error, mean - reach, mean + reach]


def peak(
    series: xr.DataArray, *, baseline: float | None = None, up: bool = True, level: float = 0.95, dim: str = TIME
) -> xr.Dataset:
    """The peak of each trial, its time and its width at half height, and their means.

    Parameters
    ----------
    series : DataArray
        (..., time), mostly (..., trial, time).
    baseline : float, optional
        Where height is measured from, in the unit of `series`; each trial's first sample by default.
    up : bool
        False for a trough.
    level : float

    Returns
    -------
    xarray.Dataset
        Without `dim`, for each trial: `peak`, in the unit of `series`; `peak_time`, the coordinate of the (first)
        highest sample; `half_width`, between the times, interpolated, at which the height is half on either side of
        the peak, NaN where it does not fall so far. Where there are trials, `mean_peak`, `mean_peak_time` and
        `mean_half_width`, each with `_error`, `_low` and `_high` from Student's t over the trials that have it.

    Notes
    -----
    A single trial's peak holds its noise: the mean of peaks is above the peak of the mean, which
    `peak(series.mean("trial"))` is.
    """
    import xarray as xr

    series = loaded(series, dim)
    time = series[dim].values
    start = series.isel({dim: 0}, drop=True) if baseline is None else baseline
    sign = 1.0 if up else -1.0
    height = sign * (series - start)

    def find(h: np.ndarray) -> tuple[float, float, float]:
        if not np.isfinite(h).all():
            return np.nan, np.nan, np.nan
        top = int(np.argmax(h))
        return float(h[top]), float(time[top]), _half_width(time, h, top)

    highest, when, width = over(find, height, core=[dim], results=[()] * 3, loop=True)
    unit, time_unit = units_of(series), str(series[dim].attrs.get("units", "s"))
    each = {"peak": start + sign * highest, "peak_time": when, "half_width": width}
    names = {"peak": "peak", "peak_time": "time of the peak", "half_width": "width at half height"}
    result = {}
    for name, values in each.items():
        its = unit if name == "peak" else time_unit
        result[name] = told(values, its, names[name])
        if TRIAL in values.dims:
            parts = mean_over_trials(values, level)
            result |= estimate(f"mean_{name}", parts, its, f"mean {names[name]}", level, "Student's t over trials")
    return xr.Dataset(result)


def _half_width(time: np.ndarray, height: np.ndarray, top: int) -> float:
    """The time between the crossings of half the height on either side of a peak."""
    half = height[top] / 2
    before = np.flatnonzero(height[:top] <= half)
    after = np.flatnonzero(height[top:] <= half)
    if not (half > 0 and len(before) and len(after)):
        return np.nan

    def crossing(i: int) -> float:
        share = (half - height[i]) / (height[i + 1] - height[i])
        return float(time[i] + share * (time[i + 1] - time[i]))

    return crossing(top + int(after[0]) - 1) - crossing(int(before[-1]))


def coupling(
    top: xr.DataArray,
    bottom: xr.DataArray,
    *,
    of: str = "peak",
    interval: str = "fieller",
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> xr.Dataset:
    """How much of the change in one compartment another sees: the ratio of the means over trials.

    Parameters
    ----------
    top, bottom : DataArray
        (..., trial, time) of the same trials: of the shaft and of the spine, say.
    of : {"peak", "integral"}
        The change: the highest sample above the first, or the integral over time of what is above the first.
    interval : {"fieller", "bootstrap"}
        Fieller's, or the percentiles over `resamples` draws of trials by `seed`.
    level : float

    Returns
    -------
    xarray.Dataset
        `coupling`, `_error` (delta method, or of the resamples), `_low`, `_high`, in the unit of `top` for one of
        `bottom`. The ends are infinite where the mean of `bottom` is not different from 0.

    Raises
    ------
    ObservableError
        Where the two are not of the same trials.

    Notes
    -----
    The mean of the trials' own ratios is another number, and has no finite variance where `bottom` may be 0. Fieller,
    J R Stat Soc B 16:175 (1954). The peak of a trial holds its noise, in either compartment; the integral does not.
    """
    import xarray as xr

    chosen("of", of, ("peak", "integral"))
    chosen("interval", interval, ("fieller", "bootstrap"))
    a, b = loaded(top, TRIAL, TIME), loaded(bottom, TRIAL, TIME)
    if not np.array_equal(a[TRIAL].values, b[TRIAL].values):
        raise ObservableError("coupling is between two series of the same trials; their coordinates trial differ.")

    def change(series: xr.DataArray) -> xr.DataArray:
        above = series - series.isel({TIME: 0}, drop=True)
        return above.max(TIME, skipna=False) if of == "peak" else above.integrate(TIME)

    def ratio(x: np.ndarray, y: np.ndarray) -> tuple[float, ...]:
        known = np.isfinite(x) & np.isfinite(y)
        x, y = x[known], y[known]
        if not len(x):
            return (np.nan,) * 4
        exact = fieller(x, y, level)
        if interval == "fieller" or len(x) < 2:
            return exact
        drawn = draws(len(x), resamples, seed)
        below = y[drawn].mean(-1)
        again = x[drawn].mean(-1) / np.where(below != 0, below, np.nan)
        return (exact[0], *map(float, percentiles(again, level)))

    parts = over(ratio, change(a), change(b), results=[()] * 4, loop=True)
    how = "Fieller over trials, delta method" if interval == "fieller" else f"bootstrap over trials, seed {seed}"
    unit = power(units_of(bottom), -1, units_of(top))
    return xr.Dataset(estimate("coupling", parts, unit, f"ratio of mean changes ({of})", level, how))
