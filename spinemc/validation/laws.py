"""Exact results that checks are held against."""

from __future__ import annotations

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
