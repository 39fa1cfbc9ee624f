"""Processes whose statistics are known, by exact updates."""

import numpy as np
import xarray as xr
from scipy.signal import lfilter


def series(values: np.ndarray, step: float = 1.0, **coords) -> xr.DataArray:
    """Values (..., trial, time) as a series; further coordinates come before."""
    return xr.DataArray(
        values, dims=(*coords, "trial", "time"), coords={**coords, "time": step * np.arange(values.shape[-1])}
    )


def gauss_markov(rng, shape: tuple[int, ...], step: float, tau: float) -> np.ndarray:
    """The Ornstein-Uhlenbeck process with mean 0 and variance 1, from its stationary state, time last."""
    keep = np.exp(-step / tau)
    kicks = rng.normal(size=shape) * np.sqrt(1 - keep**2)
    kicks[..., 0] /= np.sqrt(1 - keep**2)
    return lfilter([1.0], [1.0, -keep], kicks, axis=-1)


def spectrum_of_memory(frequency: np.ndarray, step: float, tau: float) -> np.ndarray:
    """One-sided spectral density of samples of variance 1 whose correlation is exp(-t / tau): a geometric series."""
    keep = np.exp(-step / tau)
    return 2 * step * (1 - keep**2) / (1 - 2 * keep * np.cos(2 * np.pi * frequency * step) + keep**2)


def periodogram_of_memory(frequency: np.ndarray, step: float, tau: float, n: int) -> np.ndarray:
    """What the one-sided periodogram of `n` of them is expected to be above frequency 0,
    halved at the highest for even n.
    """
    k = np.arange(1, n)
    lagged = (1 - k / n) * np.exp(-k * step / tau)
    density = 2 * step * (1 + 2 * np.cos(2 * np.pi * step * np.outer(frequency, k)) @ lagged)
    return np.where(np.isclose(frequency * step, 0.5), density / 2, density)


def telegraph(rng, trials: int, n: int, step: float, opening: float, closing: float, start=None) -> np.ndarray:
    """A channel, 0 or 1, that opens and closes at constant rates, (trial, time);
    from its stationary state, or closed.
    """
    both = opening + closing
    rise, fall = (rate / both * -np.expm1(-both * step) for rate in (opening, closing))
    state = np.empty((trials, n), dtype=int)
    state[:, 0] = rng.random(trials) < opening / both if start is None else start
    for i in range(1, n):
        u = rng.random(trials)
        state[:, i] = np.where(state[:, i - 1] == 1, u >= fall, u < rise)
    return state


def shot_noise(rng, trials: int, n: int, step: float, mean: float, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """Molecules that arrive at a constant rate and live for tau each: numbers (trial, time), Poisson with `mean`.

    The second array holds those that came since the sample before and are still there.
    """
    keep = np.exp(-step / tau)
    count, came = np.empty((2, trials, n), dtype=int)
    count[:, 0], came[:, 0] = rng.poisson(mean, trials), 0
    for i in range(1, n):
        came[:, i] = rng.poisson(mean * (1 - keep), trials)
        count[:, i] = rng.binomial(count[:, i - 1], keep) + came[:, i]
    return count, came


def within(covered: np.ndarray, level: float, sigmas: float = 4.0) -> bool:
    """Whether as many intervals cover as told, within binomial standard deviations."""
    return bool(abs(np.mean(covered) - level) <= sigmas * np.sqrt(level * (1 - level) / np.size(covered)))
