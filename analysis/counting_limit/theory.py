"""How well counts tell a concentration, in theory."""

from __future__ import annotations

import numpy as np

from spinemc.twins import noise
from spinemc.twins.wells import Wells

D, BATH, BALL, FAR = 220.0, 602.214, 0.1, 0.4  # of the monitor and the absorber [um^2/s, um^-3, um, um]
SITES, BINDING, LEAVING = 30, 5e8 / 6.02214e8, 100.0  # sensors; [um^3/s], [1/s]


def radius(volume: float) -> float:
    """The radius of a ball [um] of some volume [um^3]."""
    return float((3.0 * volume / (4.0 * np.pi)) ** (1.0 / 3.0))


def expected(made: Wells, length: float, state: int = 0) -> tuple[float, float]:
    """Mean of a number at rest and variance of its average over some time [s], by the linear noise approximation.

    The variance of an average is the integral of the spectral density times (sin(pi f T) / (pi f T))^2.
    """
    still = noise.stationary_noise(made)
    mean, variance = float(still.mean[0, state]), float(still.covariance[0, state, state])
    if not length:
        return mean, variance
    coarse = np.concatenate([[1e-3 / length], np.geomspace(1e-2 / length, 1e6, 160)])
    density = np.log(noise.spectrum(made, coarse)[:, state])
    near, far = np.linspace(0.0, 60.0, 12_001), np.geomspace(60.0, 1e6 * length, 2000)[1:]
    share = np.concatenate([np.sinc(near) ** 2, 0.5 / (np.pi * far) ** 2])  # beyond, on average over a turn
    fine = np.concatenate([near, far]) / length
    whole = np.exp(np.interp(np.log(np.maximum(fine, coarse[0])), np.log(coarse), density))
    return mean, float(np.trapezoid(whole * share, fine))


def told_apart(low: tuple[float, float], high: tuple[float, float]) -> float:
    """d' of two numbers with a mean and a variance each."""
    return (high[0] - low[0]) / np.sqrt(0.5 * (low[1] + high[1]))


def of_counts(low: float, high: float) -> float:
    """The information [bit] of one Poisson count with two means, both inputs as probable."""
    from scipy.stats import poisson

    p = poisson.pmf(np.arange(int(high + 12.0 * np.sqrt(high) + 20.0)), np.array([[low], [high]]))
    return _information(p, 1.0)


def of_normals(low: tuple[float, float], high: tuple[float, float]) -> float:
    """The information [bit] of a normal number with two means and variances, both inputs as probable."""
    from scipy.stats import norm

    reach = 8.0 * np.sqrt(max(low[1], high[1]))
    x = np.linspace(low[0] - reach, high[0] + reach, 4001)
    p = np.array([norm.pdf(x, mean, np.sqrt(variance)) for mean, variance in (low, high)])
    return _information(p, x[1] - x[0])


def _information(p: np.ndarray, step: float) -> float:
    """Of two distributions on a grid [bit]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(p > 0.0, p * np.log2(p / p.mean(axis=0)), 0.0)
    return float(0.5 * step * parts.sum())


def limits(volume: float, mean: float, rate: float, length: float) -> dict[str, float]:
    """Least relative errors (dc/c)^2 of a concentration, by who counts for some time [s].

    Parameters
    ----------
    volume : float
        [um^3]
    mean : float
        Free ions in it.
    rate : float
        At which one is taken up [1/s].
    length : float
        [s]

    Returns
    -------
    dict of str to float
        `count`, one count; `ions`, those that come and go, 2/(rate n T); `sites`, sensors that know the concentration,
        2/(k_on c (1 - p) M T); `monitor`, Berg & Purcell's of that volume in a bath of that concentration,
        3/(5 pi D a c T).
    """
    c = mean / volume
    empty = LEAVING / (LEAVING + BINDING * c)
    return {
        "count": 1.0 / mean,
        "ions": 2.0 / (rate * mean * length),
        "sites": 2.0 / (BINDING * c * empty * SITES * length),
        "monitor": 3.0 / (5.0 * np.pi * D * radius(volume) * c * length),
    }


def uptake(made: Wells) -> float:
    """The rate [1/s] at which the membrane takes an ion up: of the channel that only takes calcium."""
    return next(channel.scale for channel in made.channels if channel.reactants == (0,))


def in_bath(kind: str, length: float) -> float:
    """(dc/c)^2 of the monitor or the absorber in a bath that ends at a far side [um], for long times [s].

    Berg & Purcell, Biophys J 20:193 (1977), for a bath without end; the far side at R, which is held at c, takes
    5a/(6R) off the monitor's memory and makes the absorber's arrivals more by 1/(1 - a/R).
    """
    if kind == "absorber":
        return (1.0 - BALL / FAR) / (4.0 * np.pi * D * BALL * BATH * length)
    return 3.0 / (5.0 * np.pi * D * BALL * BATH * length) * (1.0 - 5.0 * BALL / (6.0 * FAR))


def closed_apart(made: np.ndarray, length: float) -> float:
    """d' of the free ions of a closed head: exchange with the buffer averages away, the Poisson number of ions not."""
    inside = [expected(one, length) for one in made[:, 0]]
    total = np.array([one.jumps[0].number for one in made[:, 0]])
    share = (inside[1][0] - inside[0][0]) / (total[1] - total[0])
    return told_apart(*((mean, variance + share**2 * n) for (mean, variance), n in zip(inside, total, strict=True)))
