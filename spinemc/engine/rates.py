"""From macroscopic rates to the rates inside a reaction cell."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np

_SHAPED = 3.0  # spread of a walk, in cell edges, beyond which it does not matter where in the cell it began
_NODES = 40  # places along an axis at which a walk's beginning is looked at
_MOST = 1e6  # factor on a rate that counts as none being enough
_SETTLED = 12.0  # spread of a walk, in cell edges, beyond which the cell looks like a point


def returns(cell: float, dt: float, d_first: float, d_second: float) -> float:
    r"""How often two molecules that share a reaction cell will share one again, after 1, 2, 3, ... steps.

    Both start anywhere in the same cube and walk freely. Axes are independent, so the chance after n steps is the
    cube of the chance along one axis; the tail follows the density at zero distance.

    Parameters
    ----------
    cell : float
        Edge of the cell [um].
    dt : float
        Time step [s].
    d_first, d_second : float
        Diffusion coefficients [um^2/s].

    Returns
    -------
    float
        Expected number of later steps at whose end both are in the same cell; 0 where neither moves (a pair that
        cannot part is no encounter).

    """
    from scipy.special import ndtr, zeta

    total = d_first + d_second
    if total == 0.0:
        return 0.0
    most = max(64, int(np.ceil((_SETTLED * cell) ** 2 / (2.0 * max(d_first, d_second) * dt))))
    # every step up to 64, then ever fewer: the chances fall smoothly
    steps = np.unique(np.concatenate([np.arange(1, 65), np.geomspace(64, most, 200).astype(np.int64)]))

    def chances(diffusion: float, n: int) -> np.ndarray:
        spread = np.sqrt(2.0 * diffusion * n * dt) / cell
        if spread == 0.0:
            return np.array([1.0])
        reach = int(np.ceil(7.0 * spread)) + 2
        edge = np.arange(-reach - 1, reach + 2)
        u = edge / spread
        bent = spread * (u * ndtr(u) + np.exp(-0.5 * u * u) / np.sqrt(2.0 * np.pi))
        return np.diff(bent, 2)

    def shared(n: int) -> float:
        first, second = chances(d_first, n), chances(d_second, n)
        cut = min(first.size, second.size) // 2
        a = first[first.size // 2 - cut : first.size // 2 + cut + 1]
        b = second[second.size // 2 - cut : second.size // 2 + cut + 1]
        return float(a @ b) ** 3

    value = np.array([shared(int(n)) for n in steps])
    near = steps <= 64
    middle = value[near].sum()
    if most > 64:
        far_steps, far = steps[~near], value[~near]
        joined_steps, joined = np.append(64, far_steps), np.append(value[near][-1], far)
        middle += np.trapezoid(joined, joined_steps) + 0.5 * (joined[-1] - joined[0])
    tail = cell**3 / (4.0 * np.pi * total * dt) ** 1.5 * zeta(1.5, most + 1)
    return float(middle + tail)


@lru_cache(maxsize=256)
def spectrum(cell: float, dt: float, d_first: float, d_second: float) -> tuple[np.ndarray, np.ndarray]:
    r"""How often two molecules that share a reaction cell will share one again, by where in it they are.

    Parameters
    ----------
    cell, dt, d_first, d_second : float
        As in `returns`.

    Returns
    -------
    share, number : (64,) float64
        For each way that a pair can be spread over a cell, an eigenfunction of the operator that gives where, and how
        often, it will share one again: the share of pairs put anywhere in the cell that it holds, and how often those
        will. The sum of their product is `returns`.

    Notes
    -----
    Places are resolved by the first two even polynomials along each axis for each molecule. A pair reacts with
    probability p at the end of each step that it shares a cell. In the steady state those that have reacted are missing
    among those that would have met again, so that the pairs' density in the cell is u = 1 - p G u, with G the operator,
    and the macroscopic rate k is given by k dt / V = p <u> = sum of p share / (1 + p number). This is the argument of
    Collins & Kimball (1949, J Colloid Sci 4:425) on cells.
    """
    share = np.eye(1, 64)[0]
    if d_first + d_second == 0.0:
        return share, np.zeros(64)
    step = np.sqrt(2.0 * (d_first + d_second) * dt) / cell
    last = max(1, int(np.ceil((_SHAPED / step) ** 2)))
    # every step up to 64, then ever fewer: what is summed falls smoothly
    coarse = np.unique(np.geomspace(64, last, 60).astype(np.int64)) if last > 64 else np.array([last])
    weight = dict.fromkeys(range(1, min(last, 64) + 1), 1.0)
    for low, high in pairwise(coarse):
        for n, inner in ((low, -1.0), (high, 1.0)):
            weight[n] = weight.get(n, 0.0) + 0.5 * (high - low + inner)
    operator = np.zeros((64, 64))
    for n, times in weight.items():
        one, two = (_landings(np.sqrt(2.0 * d * n * dt) / cell) for d in (d_first, d_second))
        cut = min(one.shape[2], two.shape[2]) // 2
        one, two = (w[:, :, w.shape[2] // 2 - cut : w.shape[2] // 2 + cut + 1] for w in (one, two))
        axis = np.einsum("ijm,klm->ikjl", one, two).reshape(4, 4)
        operator += times * np.kron(axis, np.kron(axis, axis))
    operator[0, 0] = returns(cell, dt, d_first, d_second)
    number, mode = np.linalg.eigh(0.5 * (operator + operator.T))
    return mode[0] ** 2, np.maximum(number, 0.0)


def _landings(spread: float) -> np.ndarray:
    """(2, 2, cells) along an axis, for a normal step of some spread, in cell edges, from a place in cell 0.

    Entry i, j, m is the mean of polynomial i where the step begins times polynomial j where it ends, in cell
    m - cells // 2, over beginnings anywhere in cell 0.
    """
    from scipy.special import ndtr

    if spread == 0.0:
        return np.eye(2)[:, :, np.newaxis]
    reach = int(np.ceil(7.0 * spread)) + 1
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    begin, weight = 0.5 * (node + 1.0), 0.5 * weight
    offset = begin[:, np.newaxis] - np.arange(-reach, reach + 1)
    low, high = -offset / spread, (1.0 - offset) / spread
    bell_low, bell_high = (np.exp(-0.5 * t * t) / np.sqrt(2.0 * np.pi) for t in (low, high))
    zeroth = ndtr(high) - ndtr(low)
    first = bell_low - bell_high
    second = zeroth + low * bell_low - high * bell_high
    square = offset**2 * zeroth + 2.0 * offset * spread * first + spread**2 * second
    ends = np.stack([zeroth, np.sqrt(5.0) * (6.0 * (square - offset * zeroth - spread * first) + zeroth)])
    begins = np.stack([np.ones(_NODES), np.sqrt(5.0) * (6.0 * (begin**2 - begin) + 1.0)])
    return np.einsum("n,in,jnm->ijm", weight, begins, ends)


def correction(rate: float, volume: float, met_again: tuple[np.ndarray, np.ndarray], dt: float) -> float:
    """Factor from the macroscopic to the microscopic rate, see `spectrum`; inf past its reach.

    Parameters
    ----------
    rate : float
        Macroscopic rate [um^3/s].
    volume : float
        Volume of a reaction cell [um^3].
    met_again : (64,) float64, (64,) float64
        From `spectrum`.
    dt : float
        Time step [s].
    """
    from scipy.optimize import brentq

    wanted = rate * dt / volume
    share, number = met_again

    def missing(factor: float) -> float:
        return float((factor * share / (1.0 + factor * wanted * number)).sum()) - 1.0

    if wanted == 0.0 or not number.any():
        return 1.0
    return float(brentq(missing, 0.5, _MOST)) if missing(_MOST) > 0.0 else np.inf
