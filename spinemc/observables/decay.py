"""How a mean falls back: one exponential or two, and an offset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.observables.intervals import draws, percentiles
from spinemc.observables.tables import TIME, TRIAL, estimate, loaded, over, told, units_of

if TYPE_CHECKING:
    import xarray as xr


def decay(
    series: xr.DataArray,
    *,
    start: float | None = None,
    stop: float | None = None,
    terms: int = 1,
    offset: bool = True,
    level: float = 0.95,
    resamples: int = 200,
    seed: int = 0,
) -> xr.Dataset:
    """Fit exponentials to the mean over trials.

    Parameters
    ----------
    series : DataArray
        (..., trial, time); a trial that has a NaN is left out.
    start, stop : float, optional
        The stretch of time that is fitted [s]: from the peak of the mean, at each point of a sweep, to the end by
        default.
    terms : int
        1 or 2.
    offset : bool
        Whether a constant is fitted too; without it the mean falls to 0.
    level : float
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    xarray.Dataset
        `tau` (..., term) [s], fastest first, `amplitude` (..., term) at the start of the stretch, and `offset`, in the
        unit of `series`. `_error`, `_low` and `_high` of each come from fits of trials drawn again; `_fit_error` from
        the covariance of the one fit, which takes samples for independent: those of one trial are not, so that it is
        too small where samples lie closer than the correlation time. `start` [s]. All are NaN where there are fewer
        than two trials, no more samples than parameters, or where a fit does not end within the stretch's resolution:
        time constants below a tenth of the shortest interval between samples or above 100 times the stretch.

    Raises
    ------
    ObservableError
        For another number of terms.

    Notes
    -----
    Least squares weighted by the variance of the mean at each sample; for each set of time constants amplitudes and
    offset are linear and solved for (variable projection: Golub & Pereyra, SIAM J Numer Anal 10:413 (1973)). Percentile
    bootstrap over trials: Efron, Ann Stat 7:1 (1979).
    """
    import xarray as xr

    if terms not in (1, 2):
        raise ObservableError(f"terms = {terms}: a decay has 1 or 2.")
    series = loaded(series, TRIAL, TIME)
    time = series[TIME].values
    number = 2 * terms + 1

    def measure(x: np.ndarray) -> tuple[np.ndarray, ...]:
        x = x[np.isfinite(x).all(-1)]
        nothing = np.full((number, 5), np.nan), np.array(np.nan)
        if len(x) < 2:
            return nothing
        begin = time[int(np.argmax(x.mean(0)))] if start is None else start
        part = (time >= begin) & (time <= (np.inf if stop is None else stop))
        t, x = time[part] - begin, x[:, part]
        if len(t) <= 2 * terms + offset:
            return nothing
        weight = _weights(x)
        value, covariance = _fit(t, x.mean(0), weight, terms, offset, None)
        if not np.isfinite(value).all():
            return nothing
        again = [_fit(t, x[d].mean(0), weight, terms, offset, value)[0] for d in draws(len(x), resamples, seed)]
        error, low, high = percentiles(np.array(again), level)
        return np.stack([value, error, low, high, covariance], axis=-1), np.array(begin)

    table, begin = over(measure, series, core=[TRIAL, TIME], results=[["parameter", "part"], []], loop=True)
    unit = units_of(series)
    method = f"bootstrap over trials, {resamples} resamples, seed {seed}"
    result = {"start": told(begin, "s", "start of the stretch that is fitted")}
    rows = {"tau": slice(0, terms), "amplitude": slice(terms, 2 * terms), "offset": 2 * terms}
    for name, row in rows.items():
        if name == "offset" and not offset:
            continue
        values = table.isel(parameter=row)
        values = values.rename(parameter="term") if "parameter" in values.dims else values
        parts = [values.isel(part=k) for k in range(5)]
        its, long_name = ("s", "time constant") if name == "tau" else (unit, name)
        result |= estimate(name, parts[:4], its, long_name, level, method)
        result[f"{name}_fit_error"] = told(
            parts[4], its, f"standard error of {long_name}", method="covariance of the fit"
        )
    return xr.Dataset(result)


def _weights(x: np.ndarray) -> np.ndarray:
    """One over the standard error of the mean at each sample; the least there is where all trials agree."""
    variance = x.var(axis=0, ddof=1) / len(x)
    some = variance[variance > 0]
    return 1 / np.sqrt(np.where(variance > 0, variance, some.max() if len(some) else 1.0))


def _fit(
    t: np.ndarray, y: np.ndarray, weight: np.ndarray, terms: int, offset: bool, guess: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Time constants, amplitudes, offset (0 if none), and their errors from the covariance; NaN if there is no fit."""
    from scipy.optimize import least_squares

    def design(tau: np.ndarray) -> np.ndarray:
        columns = [np.exp(-t / one) for one in tau] + ([np.ones_like(t)] if offset else [])
        return np.stack(columns, axis=-1)

    def linear(tau: np.ndarray) -> np.ndarray:
        return np.linalg.lstsq(design(tau) * weight[:, None], y * weight, rcond=None)[0]

    def residual(log_tau: np.ndarray) -> np.ndarray:
        tau = np.exp(log_tau)
        return (design(tau) @ linear(tau) - y) * weight

    none = np.full(2 * terms + 1, np.nan)
    extent, step = float(t[-1]), float(np.diff(t).min())
    first = np.array([extent / 4] if terms == 1 else [extent / 12, extent / 2]) if guess is None else guess[:terms]
    ends = np.log([step / 10, extent * 100])
    found = least_squares(residual, np.clip(np.log(first), ends[0] + 1e-9, ends[1] - 1e-9), bounds=ends, x_scale=1.0)
    if not found.success or np.any(np.abs(found.x[:, None] - ends) < 1e-6):
        return none, none
    tau = np.sort(np.exp(found.x))
    rest = linear(tau)
    slopes = np.stack([a * t / one**2 * np.exp(-t / one) for a, one in zip(rest, tau, strict=False)], axis=-1)
    jacobian = np.concatenate([slopes, design(tau)], axis=-1) * weight[:, None]
    if np.linalg.matrix_rank(jacobian) < jacobian.shape[1]:  # nothing falls, so that no time constant fits better
        return none, none
    errors = np.linalg.norm(np.linalg.inv(np.linalg.qr(jacobian, "r")), axis=-1)
    last = () if offset else (0.0,)
    return np.concatenate([tau, rest, last]), np.concatenate([errors, last])
