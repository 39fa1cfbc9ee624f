"""How the variance of a series is spread over frequencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.observables.correlation import deviations
from spinemc.observables.intervals import checked, chosen
from spinemc.observables.tables import TIME, TRIAL, estimate, loaded, over, power, spacing, told, units_of

if TYPE_CHECKING:
    import xarray as xr


def spectrum(
    series: xr.DataArray,
    dim: str = TIME,
    *,
    mean: str = "ergodic",
    segment: int | None = None,
    taper: str = "boxcar",
    level: float = 0.95,
) -> xr.Dataset:
    """One-sided power spectral density of a stationary series, averaged over segments and trials.

    Parameters
    ----------
    series : DataArray
        Evenly sampled along `dim`, with or without a dimension `trial`; a trial that has a NaN is left out.
    dim : str
    mean : {"ergodic", "trials", "own"}
        What is subtracted, as of `deviations`.
    segment : int, optional
        Samples of a segment (Welch); segments overlap by half. The whole series by default: periodograms.
    taper : {"boxcar", "hann"}
        What segments are multiplied by.
    level : float

    Returns
    -------
    xarray.Dataset
        `spectrum` (frequency, ...) in the unit of `series` squared times that of `dim`, with `_error`, `_low` and
        `_high`; `frequency` in cycles. Its sum times the spacing of
        `frequency` is the variance, exactly for whole series and "boxcar": divided by n over time, and by n - 1 over
        trials where their mean is subtracted.

    Raises
    ------
    ObservableError
        For a segment that is longer than the series or shorter than 2, or another taper.

    Notes
    -----
    Welch, IEEE Trans Audio Electroacoust 15:70 (1967). The interval is that of chi squared with twice as many degrees
    of freedom as periodograms, less what their overlap shares (his eq. for the variance), 1 instead of 2 for frequency
    0 and the highest; the error is that of the same distribution. Both hold where what the periodograms average is
    nearly Gaussian. What a series of n samples leaks from strong to weak frequencies is of the order of 1/n with
    "boxcar", and far less with "hann".
    """
    import xarray as xr
    from scipy.special import chdtri

    step, n = spacing(series, dim), series.sizes[dim]
    size = n if segment is None else segment
    if not 2 <= size <= n:
        raise ObservableError(f"segment = {size}: a segment has from 2 to {n} samples, as many as the series.")
    chosen("taper", taper, ("boxcar", "hann"))
    shape = np.ones(size) if taper == "boxcar" else 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    x = deviations(loaded(series, dim), dim, mean)
    core = [TRIAL, dim] if TRIAL in x.dims else [dim]
    hop = max(size // 2, 1)
    sides = np.full(size // 2 + 1, 2.0)
    sides[0] = 1.0
    if size % 2 == 0:
        sides[-1] = 1.0
    scale = sides * step / (shape @ shape)
    starts = range(0, n - size + 1, hop)
    free = sides * _alone(shape, hop, len(starts))
    tail = (1 - checked(level)) / 2

    def measure(values: np.ndarray) -> tuple[np.ndarray, ...]:
        values = values.reshape(-1, n)
        values = values[np.isfinite(values).all(-1)]
        samples = len(values) - (mean == "trials")  # the mean over trials takes one of them
        if samples < 1:
            return (np.full(len(scale), np.nan),) * 4
        density = np.zeros(len(scale))
        for start in starts:
            density += (np.abs(np.fft.rfft(values[:, start : start + size] * shape)) ** 2).sum(0)
        density *= scale / (len(starts) * samples)
        degrees = free * samples
        return (
            density,
            density * np.sqrt(2 / degrees),
            density * degrees / chdtri(degrees, tail),
            density * degrees / chdtri(degrees, 1 - tail),
        )

    parts = over(measure, x, core=core, results=[["frequency"]] * 4, loop=True)
    time_unit = str(series[dim].attrs.get("units", "s" if dim == TIME else "1"))
    unit = power(units_of(series), 2, time_unit)
    frequency = told(xr.DataArray(np.fft.rfftfreq(size, step), dims="frequency"), power(time_unit, -1), "frequency")
    method = "chi squared of the periodograms"
    result = estimate("spectrum", parts, unit, "one-sided power spectral density", level, method)
    return xr.Dataset(result).assign_coords(frequency=frequency).transpose("frequency", ...)


def _alone(shape: np.ndarray, hop: int, number: int) -> float:
    """As how many independent periodograms so many overlapping ones count."""
    norm = float(shape @ shape)
    shared = 0.0
    for k in range(1, number):
        if k * hop >= len(shape):
            break
        shared += (1 - k / number) * float(shape[k * hop :] @ shape[: -k * hop]) ** 2 / norm**2
    return number / (1 + 2 * shared)
