"""A few holoenzymes, event by event, in calcium that fluctuates: when they reach so many phosphorylated sites."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.stats import poisson

from spinemc import plasticity
from spinemc.plasticity import camkii2007
from spinemc.units import MICROMOLAR

TICK = 5e-3  # the longest step of PP1 and its inhibitor [s]


class Law(NamedTuple):
    """What moves the rings.

    Attributes
    ----------
    rate : (4, n) float64
        `camkii2007.Rates` by the number of ions [1/s]; a single column is calcium that does not change.
    birth, death : float
        Ions that come in [1/s], and the rate at which each is lost [1/s].
    many : (14,) int64
        Phosphorylated sites of each state of a ring.
    change : (3, 14, 14) float64
        `camkii2007.Ring.change`.
    size : float
        Volume, as rings over their concentration [1/uM].
    k_12, k_m, k_11, back, total, i1 : float
        Of `camkii2007.PARAMETERS`.
    """

    rate: np.ndarray
    birth: float
    death: float
    many: np.ndarray
    change: np.ndarray
    size: float
    k_12: float
    k_m: float
    k_11: float
    back: float
    total: float
    i1: float


def law(number: int, calcium: float, volume: float = np.inf, tau: float = 0.0) -> Law:
    """Rings in calcium that is constant, that fluctuates, or that does so faster than anything follows.

    Parameters
    ----------
    number : int
        Rings.
    calcium : float
        Its mean [uM].
    volume : float
        Of the spine that the ions are in [um^3]; constant calcium by default.
    tau : float
        Correlation time of their number [s], which is a Poisson number; 0: the rates are their means over it.

    Returns
    -------
    Law
    """
    p = plasticity.complete("camkii2007", {})
    ions = calcium * volume * MICROMOLAR
    if np.isinf(volume):
        rate = np.array([[float(x)] for x in camkii2007.rates(calcium, p)])
    else:
        n = np.arange(int(ions + 12.0 * np.sqrt(ions) + 20.0))
        rate = np.array(camkii2007.rates(n / (volume * MICROMOLAR), p))
        if tau == 0.0:
            rate = rate @ poisson.pmf(n, ions)[:, None]
    moving = rate.shape[1] > 1
    ring = camkii2007.ring()
    return Law(
        np.ascontiguousarray(rate),
        ions / tau if moving else 0.0,
        1.0 / tau if moving else 0.0,
        ring.phosphorylated.astype(np.int64),
        np.maximum(ring.change, 0.0),
        number / p["rings"],
        *(p[key] for key in ("k_12", "k_m", "k_11", "k_11_back", "pp1_total", "i1")),
    )


def resting(law: Law) -> np.ndarray:
    """Ions, PP1 and phosphorylated inhibitor [uM] that a trial begins with: where the mean rates hold them."""
    ions = law.birth / law.death if law.death else 0.0
    weight = poisson.pmf(np.arange(law.rate.shape[1]), ions) if law.death else np.ones(1)
    pka, can = law.rate[2:] @ weight
    inhibitor = law.i1 * pka / can
    return np.array([round(ions), law.total * law.back / (law.k_11 * inhibitor + law.back), inhibitor])


@njit
def passage(counts, other, law, low, high, most):  # type: ignore[no-untyped-def]
    """Time until the sites are `low` or fewer, or `high` or more [s]; `counts` (14,) and `other` are moved on."""
    top = law.rate.shape[1] - 1
    sites, beside, alone = 0, 0.0, 0.0
    leaving = np.zeros((3, counts.size))
    for j in range(counts.size):
        for k in range(3):
            leaving[k, j] = law.change[k, :, j].sum()
        sites += counts[j] * law.many[j]
        beside += counts[j] * leaving[1, j]
        alone += counts[j] * leaving[2, j]
    longest = TICK if law.death > 0.0 else np.inf  # they are at rest where calcium is
    time = 0.0
    while time < most and low < sites < high:
        n = min(int(other[0]), top)
        lost = law.k_12 * other[1] / (law.k_m + sites / law.size) * sites
        near, far = law.rate[0, n] * beside, law.rate[1, n] * alone
        total = lost + near + far + law.birth + law.death * other[0]
        wait = np.random.exponential(1.0 / total)
        step = min(wait, longest)
        time += step
        inhibitor = other[2]
        other[1] = (other[1] + step * law.back * law.total) / (1.0 + step * (law.k_11 * inhibitor + law.back))
        made = law.back * (law.total - other[1]) + law.rate[2, n] * law.i1
        other[2] = (inhibitor + step * made) / (1.0 + step * (law.k_11 * other[1] + law.rate[3, n]))
        if wait > longest:
            continue
        u = np.random.random() * total
        if u >= lost + near + far:
            other[0] += 1.0 if u < lost + near + far + law.birth else -1.0
            continue
        kind = 0 if u < lost else 1 if u < lost + near else 2
        u = np.random.random() * (sites if kind == 0 else beside if kind == 1 else alone)
        j = 0
        for state in range(counts.size):
            if counts[state] and leaving[kind, state] > 0.0:
                j = state
                u -= counts[state] * leaving[kind, state]
                if u < 0.0:
                    break
        u = np.random.random() * leaving[kind, j]
        i = 0
        for state in range(counts.size):
            if law.change[kind, state, j] > 0.0:
                i = state
                u -= law.change[kind, state, j]
                if u < 0.0:
                    break
        counts[j] -= 1
        counts[i] += 1
        sites += law.many[i] - law.many[j]
        beside += leaving[1, i] - leaving[1, j]
        alone += leaving[2, i] - leaving[2, j]
    return time


@njit
def _lives(start, other, law, low, high, most, trials, seed):  # type: ignore[no-untyped-def]
    np.random.seed(seed)
    found = np.empty(trials)
    for trial in range(trials):
        found[trial] = passage(start.copy(), other.copy(), law, low, high, most)
    return found


def lives(law: Law, number: int, level: int, up: bool, trials: int, seed: int, most: float = 1e9) -> np.ndarray:
    """Times until rings that begin all UP, or all DOWN, reach a number of sites [s]: (trials,) float64."""
    start = np.zeros(law.many.size, np.int64)
    start[-1 if up else 0] = number
    low, high = (level, 6 * number + 1) if up else (-1, level)
    return np.asarray(_lives(start, resting(law), law, low, high, most, trials, seed))


@njit
def _crossings(start, other, law, edge, sign, number, seed):  # type: ignore[no-untyped-def]
    """States at `number` crossings of a first interface next to `edge`, and the time they took."""
    np.random.seed(seed)
    counts, rest = start.copy(), other.copy()
    kept, also = np.empty((number, start.size), np.int64), np.empty((number, other.size))
    beyond, top = edge + sign, 10 * start.sum() + 1
    passage(counts, rest, law, -1, top, 200.0)
    time, n = 0.0, 0
    while n < number:
        if sign > 0:
            time += passage(counts, rest, law, edge, top, 1e9)
            time += passage(counts, rest, law, -1, beyond, 1e9)
        else:
            time += passage(counts, rest, law, -1, edge, 1e9)
            time += passage(counts, rest, law, beyond, top, 1e9)
        kept[n], also[n] = counts, rest
        n += 1
    return kept, also, time


@njit
def _onward(kept, also, law, edge, goal, sign, tries):  # type: ignore[no-untyped-def]
    """States of those of `tries` that reach the next interface before they are back."""
    out, rest = np.empty((tries, kept.shape[1]), np.int64), np.empty((tries, also.shape[1]))
    n = 0
    for _ in range(tries):
        k = np.random.randint(kept.shape[0])
        counts, other = kept[k].copy(), also[k].copy()
        passage(counts, other, law, min(edge, goal), max(edge, goal), 1e9)
        sites = (counts * law.many).sum()
        if sign * (sites - goal) >= 0:
            out[n], rest[n] = counts, other
            n += 1
    return out[:n], rest[:n]


def rate_of_leaving(
    law: Law, number: int, middle: int, level: int, up: bool, tries: int, seed: int, between: int = 4
) -> float:
    """How often a state that lives too long to be watched is left [1/s], by forward flux sampling.

    Parameters
    ----------
    law : Law
    number : int
        Rings.
    middle, level : int
        Phosphorylated sites in the state, and where it is left.
    up : bool
        Whether the UP state is left.
    tries : int
        Crossings of the first interface, and tries from each of those that follow.
    seed : int
    between : int
        Sites from an interface to the next.

    Returns
    -------
    float
        0 where no try came through.
    """
    sign = -1 if up else 1
    start = np.zeros(law.many.size, np.int64)
    start[-1 if up else 0] = number
    kept, also, time = _crossings(start, resting(law), law, middle, sign, tries, seed)
    rate = tries / time
    goal = middle + sign
    while sign * (level - goal) > 0:
        goal = min(goal + between, level) if sign > 0 else max(goal - between, level)
        kept, also = _onward(kept, also, law, middle, goal, sign, tries)
        rate *= len(kept) / tries
        if not len(kept):
            return 0.0
    return float(rate)
