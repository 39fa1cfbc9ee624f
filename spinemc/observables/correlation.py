"""How long a series remembers: its autocorrelation, and the two times that sum it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.observables.intervals import chosen, jackknife, student
from spinemc.observables.tables import TIME, TRIAL, estimate, loaded, over, spacing, told

if TYPE_CHECKING:
    import xarray as xr

MEANS = ("ergodic", "trials", "own")
"""What is subtracted from a series before it is correlated with itself."""


def deviations(series: xr.DataArray, dim: str, mean: str) -> xr.DataArray:
    """A series less its mean.

    Parameters
    ----------
    series : DataArray
        With `dim`, and with or without a dimension `trial`.
    dim : str
    mean : {"ergodic", "trials", "own"}
        One mean over all trials and times; the mean of the trials at each time; or each trial's own over time.

    Raises
    ------
    ObservableError
        For another, or where there are no trials to take the mean of.
    """
    chosen("mean", mean, MEANS)
    if mean == "trials":
        loaded(series, TRIAL)
        return series - series.mean(TRIAL)
    return series - series.mean([dim, TRIAL] if mean == "ergodic" and TRIAL in series.dims else dim)


def autocorrelation(
    series: xr.DataArray,
    dim: str = TIME,
    *,
    mean: str = "ergodic",
    pooled: bool = True,
    window: float = 5.0,
    level: float = 0.95,
) -> xr.Dataset:
    """How long a stationary series remembers.

    Parameters
    ----------
    series : DataArray
        Evenly sampled along `dim`. With a dimension `trial`, the covariance is the mean over trials; a trial that has
        a NaN is left out.
    dim : str
    mean : {"ergodic", "trials", "own"}
        What is subtracted, as of `deviations`: one mean where all trials are alike and stationary; the mean over trials
        at each time where it changes; each trial's own where trials differ for good.
    pooled : bool
        Whether trials are taken together; otherwise the result has a dimension `trial`, and no errors.
    window : float
        The integral ends at the first lag that is as many times the integral up to it (Sokal).
    level : float

    Returns
    -------
    xarray.Dataset
        `autocorrelation` (lag, ...), 1 at lag 0; `correlation_time`, where it has fallen to 1/e (between lags by an
        exponential, NaN where it does not fall so far); and `integrated_time`, its integral over positive lags by
        the trapezoidal rule, so that the mean of a long series of length T has the variance 2 var integrated_time / T.
        All in the unit of the coordinate `dim`, which `lag` has too. With `_error`, `_low` and `_high` from the
        jackknife over trials; NaN for fewer than two. All are NaN for a series that does not vary.

    Notes
    -----
    A mean that is taken from the data draws the covariance down at all lags, by about the variance of that mean. It is
    given back: for "ergodic" from the scatter of the trials' means (not for one trial), for "own" by solving what the
    covariance is expected to be about each one's mean, where it ends at the window. For "trials" all lags are smaller
    by the same factor, which cancels.
    Window: Sokal, in Functional Integration (1997), sect. 3. Sums over lags: Priestley, Spectral Analysis
    (1981), 5.3.
    """
    import xarray as xr

    step = spacing(series, dim)
    has_trials = TRIAL in series.dims
    x = deviations(loaded(series, dim), dim, mean)
    core = [TRIAL, dim] if has_trials and pooled else [dim]
    how = mean if pooled or mean == "own" else "none"

    def measure(values: np.ndarray) -> tuple[np.ndarray, ...]:
        return _measure(values.reshape(-1, values.shape[-1]), how, window, level)

    rho, *times = over(measure, x, core=core, results=[["lag", "part"], ["part"], ["part"]], loop=True)
    lag = step * np.arange(series.sizes[dim])
    unit = str(series[dim].attrs.get("units", "s" if dim == TIME else "1"))
    method = "jackknife over trials"
    result: dict[str, xr.DataArray] = {}
    names = ("autocorrelation", "correlation_time", "integrated_time")
    for name, value, factor in zip(names, (rho, *times), (1.0, step, step), strict=True):
        parts = [factor * value.isel(part=k) for k in range(4)]
        long_name = name.replace("_", " ")
        result |= estimate(name, parts, "1" if name == "autocorrelation" else unit, long_name, level, method)
    dataset = xr.Dataset(result).assign_coords(lag=told(xr.DataArray(lag, dims="lag"), unit, "lag"))
    dataset = dataset.transpose("lag", ...)
    return dataset if has_trials and pooled else dataset[list(names)]


def _measure(x: np.ndarray, how: str, window: float, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, error, low and high, along the last axis, of correlation, time to 1/e and integral; in samples."""
    n = x.shape[-1]
    x = x[np.isfinite(x).all(-1)]
    if not len(x):
        return np.full((n, 4), np.nan), np.full(4, np.nan), np.full(4, np.nan)
    power = np.abs(np.fft.rfft(x, 2 * n)) ** 2
    products = np.fft.irfft(power, 2 * n)[..., :n] / (n - np.arange(n))
    m, total = len(x), products.sum(0)
    offset = float(x.mean(-1).var(ddof=1)) / m if how == "ergodic" and m > 1 else 0.0

    def derived(covariance: np.ndarray) -> np.ndarray:
        covariance = _own_mean(covariance, window) if how == "own" else covariance + offset
        if not covariance[0] > 0:
            return np.full(n + 2, np.nan)
        rho = covariance / covariance[0]
        return np.concatenate([rho, [_falls(rho), _integral(rho, window)[0]]])

    value = derived(total / m)
    parts = np.full((n + 2, 4), np.nan)
    parts[:, 0] = value
    if m > 1:
        left = np.stack([derived((total - one) / (m - 1)) for one in products], axis=-1)
        error = jackknife(value, left, m)[1]
        reach = student(m, level) * error
        parts[:, 1:] = np.stack([error, value - reach, value + reach], axis=-1)
    return parts[:n], parts[n], parts[n + 1]


def _integral(rho: np.ndarray, window: float) -> tuple[float, int]:
    """The integral of a correlation over lags, in samples, and the lag where it ends."""
    sums = np.cumsum(rho) - 0.5
    enough = np.flatnonzero(np.arange(len(rho)) >= window * sums)
    end = int(enough[0]) if len(enough) else len(rho) - 1
    return float(sums[end]), end


def _own_mean(known: np.ndarray, window: float) -> np.ndarray:
    """The covariance of series about their true mean, of that about the mean of each.

    With a(t) the covariance of sample t with the mean, the sum of C(|t - s|) over s divided by n, the known one is
    expected to be C(k) - 2 <a(t)> + <a>, the first mean over the n - k samples that a lag leaves. C is found by
    iteration, and is taken to end at the window, half the series at most, so that the iteration contracts.
    """
    n = len(known)
    t, found = np.arange(n), known
    for _ in range(100):
        if not found[0] > 0:
            break
        end = min(_integral(found / found[0], window)[1], n // 2)
        sums = np.concatenate([[0.0], np.cumsum(found[1 : end + 1])])
        a = (found[0] + sums[np.minimum(t, end)] + sums[np.minimum(n - 1 - t, end)]) / n
        before, found = found, known + 2 * np.cumsum(a)[::-1] / (n - t) - a.mean()
        if np.abs(found - before).max() <= 1e-6 * found[0]:
            break
    return found


def _falls(correlation: np.ndarray) -> float:
    """The lag, in samples, at which a correlation falls to 1/e."""
    below = np.flatnonzero(correlation <= np.exp(-1))
    if not len(below):
        return np.nan
    after = int(below[0])
    high, low = correlation[after - 1 : after + 1]
    if low <= 0:  # no exponential goes there
        return after - 1 + (high - np.exp(-1)) / (high - low)
    return after - 1 + (np.log(high) + 1) / np.log(high / low)
