"""Exact results that checks are held against."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

CAP = {0.05: 21.607, 0.1: 10.900}
"""Mean time out of a unit ball through an absorbing cap, D = 1, from an even start, by the cap's half angle [rad].

From the dual series of the problem, solved as a Fredholm equation. From the centre it takes 1/10 longer, for any cap.
"""


def bound(a: int, b: int, kappa: float) -> tuple[float, float]:
    """Mean and variance of the number of complexes of a closed A + B <-> C with kappa = K_d N_A V.

    P(n) is in proportion to A! B! / ((A - n)! (B - n)! n!) kappa^-n.
    """
    from scipy.special import gammaln, logsumexp

    n = np.arange(min(a, b) + 1)
    log = -gammaln(a - n + 1) - gammaln(b - n + 1) - gammaln(n + 1) - n * np.log(kappa)
    p = np.exp(log - logsumexp(log))
    mean = float(p @ n)
    return mean, float(p @ (n - mean) ** 2)


def slab(time: np.ndarray, length: float, diffusion: float) -> np.ndarray:
    """(t,) share left between a reflecting and an absorbing wall, from an even start; all times above 0."""
    k = (2 * np.arange(200) + 1)[:, None] * np.pi / 2.0 / length
    return (2.0 / (k * length) ** 2 * np.exp(-(k**2) * diffusion * np.asarray(time))).sum(axis=0)


def slab_with_uptake(time: np.ndarray, length: float, diffusion: float, velocity: float) -> np.ndarray:
    r"""(t,) share left between a reflecting wall and one that takes up with a velocity, from an even start.

    .. math:: \sum_\beta \frac{2 h^2}{\beta^2 (\beta^2 + h^2 + h)} e^{-\beta^2 D t / L^2}, \quad
              \beta \tan \beta = h, \quad h = K L / D

    (Crank 1975, The Mathematics of Diffusion, 4.3.6).
    """
    h = velocity * length / diffusion
    low = np.pi * np.arange(60)
    beta = _roots(lambda x: x * np.sin(x) - h * np.cos(x), low, low + 0.5 * np.pi)[:, None]
    weight = 2.0 * h**2 / (beta**2 * (beta**2 + h**2 + h))
    return (weight * np.exp(-(beta**2) * diffusion / length**2 * np.asarray(time))).sum(axis=0)


def ball_with_uptake(time: np.ndarray, radius: float, diffusion: float, velocity: float) -> tuple[np.ndarray, float]:
    r"""(t,) share left in a ball whose surface takes up with a velocity, from an even start; the last time constant.

    .. math:: \sum_\beta \frac{6 h^2}{\beta^2 (\beta^2 + h (h - 1))} e^{-\beta^2 D t / R^2}, \quad
              \beta \cot \beta = 1 - h, \quad h = K R / D

    (Crank 1975, 6.3.5).
    """
    h = velocity * radius / diffusion
    low = np.pi * np.arange(60)
    beta = _roots(lambda x: x * np.cos(x) - (1.0 - h) * np.sin(x), low + 1e-9, low + np.pi)[:, None]
    weight = 6.0 * h**2 / (beta**2 * (beta**2 + h * (h - 1.0)))
    left = (weight * np.exp(-(beta**2) * diffusion / radius**2 * np.asarray(time))).sum(axis=0)
    return left, float(radius**2 / (diffusion * beta[0, 0] ** 2))


def _roots(function: Callable[[float], float], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The root of a function in each of some intervals."""
    from scipy.optimize import brentq

    return np.array([brentq(function, a, b, xtol=1e-13) for a, b in zip(low, high, strict=True)])


def ball(time: np.ndarray, radius: float, diffusion: float) -> np.ndarray:
    """(t,) share left in a ball whose surface absorbs, from an even start; all times above 0 (Crank 1975, 6.3)."""
    n = np.arange(1, 400)[:, None] * np.pi
    return (6.0 / n**2 * np.exp(-((n / radius) ** 2) * diffusion * np.asarray(time))).sum(axis=0)


def ball_from_centre(time: float, radius: float, diffusion: float) -> float:
    """Share left in a ball whose whole surface absorbs, from its centre."""
    n = np.arange(1, 200)
    return float((2.0 * (-1.0) ** (n + 1) * np.exp(-((n * np.pi / radius) ** 2) * diffusion * time)).sum())


def half_box(lag: np.ndarray, length: float, diffusion: float) -> np.ndarray:
    """(lags,) covariance of a molecule's presence in one half of a box with its presence there a lag later."""
    n = (2 * np.arange(500) + 1)[:, None] * np.pi
    return (2.0 / n**2 * np.exp(-((n / length) ** 2) * diffusion * np.asarray(lag))).sum(axis=0)


def collins_kimball(time: np.ndarray, k: float, diffusion: float, radius: float) -> np.ndarray:
    r"""(t,) rate of encounters that react, at times after mixing [um^3/s].

    .. math:: k(t) = k [1 + (k_a / k_D) e^{x^2} \mathrm{erfc}\,x], \quad x = (1 + k_a / k_D) \sqrt{D t} / R

    with :math:`k_D = 4 \pi D R` and :math:`k = k_D k_a / (k_D + k_a)` (Collins & Kimball 1949, J Colloid Sci 4:425).
    For :math:`\sqrt{D t} \gg R` this is :math:`k (1 + k / (4 \pi D \sqrt{\pi D t}))`, whatever the radius and the
    mechanism of the encounter.

    Parameters
    ----------
    k : float
        Steady rate [um^3/s].
    diffusion : float
        Sum of both diffusion coefficients [um^2/s].
    radius : float
        Contact radius R [um].
    """
    from scipy.special import erfcx

    limit = 4.0 * np.pi * diffusion * radius
    contact = k / (limit - k)  # k_a / k_D
    return k * (1.0 + contact * erfcx((1.0 + contact) * np.sqrt(diffusion * np.asarray(time)) / radius))


def telegraph(opening: float, closing: float, influx: float, decay: float) -> tuple[float, float]:
    """Mean and Fano factor of what one channel lets in at a rate while open and a decay takes away; rates [s^-1]."""
    share = opening / (opening + closing)
    return influx * share / decay, 1.0 + influx * (1.0 - share) / (decay + opening + closing)
