"""What all rules share: how kernels are compiled, where calcium crosses a threshold, and random numbers."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from spinemc import cache
from spinemc.engine.kernels.rng import normal, philox, uniform

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}

# the third word of the counter, beside the stream of a rule: the engine's own purposes are far below
_LEARN = np.uint64(4096 * 65536)


def entry(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls."""
    with cache.used():
        return njit(function, **_OPTIONS)


def helper(function: Callable[..., Any]) -> Any:
    """Compile a function that compiled ones call."""
    with cache.used():
        return njit(function, **(_OPTIONS | {"no_cpython_wrapper": True}))


@helper
def crossing(a, b, theta, tau, dt):
    """When in an interval calcium that goes from a to b crosses a threshold; dt where it does not."""
    if (a > theta) == (b > theta):
        return dt
    if tau > 0.0:
        return min(dt, tau * math.log(a / theta))
    return dt * (theta - a) / (b - a)


@helper
def ordered(one, other):
    """Two times, the earlier one first."""
    return (one, other) if one <= other else (other, one)


@helper
def word(key, stream, synapse, interval, occasion):
    """A random word for one occasion in an interval of a synapse's trace."""
    what, first = np.uint64(stream & 0xFFFF), np.uint64((stream >> 16) + synapse)
    return philox(key[0], key[1], np.uint64(interval), np.uint64(occasion), _LEARN + what, first)[0]


@helper
def deviate(key, stream, synapse, interval, occasion):
    """A normal deviate for one occasion in an interval of a synapse's trace."""
    return normal(word(key, stream, synapse, interval, occasion))


@helper
def chance(key, stream, synapse, interval, occasion):
    """A uniform number in (0, 1) for one occasion in an interval of a synapse's trace."""
    return uniform(word(key, stream, synapse, interval, occasion))


@helper
def drawn_to(x, target, rate, spread, t, sigma, deviation):
    """An Ornstein-Uhlenbeck process after a time t, exactly.

    It is drawn to `target` at `rate`; its noise of density `spread` [1/s] is scaled by `sigma`.
    """
    if rate <= 0.0:
        return x + sigma * math.sqrt(spread * t) * deviation
    kept = math.exp(-rate * t)
    x = target + (x - target) * kept
    if sigma > 0.0:
        x += sigma * math.sqrt(spread * -math.expm1(-2.0 * rate * t) / (2.0 * rate)) * deviation
    return x


@entry
def relax(rate, target, dt, sigma, key, stream, start, weight):
    """Weights that are drawn to a target at a rate, both constant in each interval.

    Parameters
    ----------
    rate, target : (trial, synapse, t - 1) float64
    dt : (t - 1,) float64
    sigma : float
        Standard deviation of the weight at a constant rate and target.
    key : (trial, 2) uint64
    stream : int
    start : (trial, synapse) float64
    weight : (trial, synapse, t) float64
        Filled.
    """
    for k in range(weight.shape[0]):
        for s in range(weight.shape[1]):
            w = start[k, s]
            weight[k, s, 0] = w
            for i in range(dt.size):
                r = rate[k, s, i]
                noise = deviate(key[k], stream, s, i, 0) if sigma > 0.0 else 0.0
                w = drawn_to(w, target[k, s, i], r, 2.0 * r, dt[i], sigma, noise)
                weight[k, s, i + 1] = w


@entry
def levels(time, spike, tau, before, after):
    """Calcium that jumps by `spike`, (synapse, t), at times and decays with tau between; fills `before`, `after`."""
    for s in range(spike.shape[0]):
        c = 0.0
        for i in range(time.size):
            if i > 0:
                c *= math.exp(-(time[i] - time[i - 1]) / tau)
            before[s, i] = c
            c += spike[s, i]
            after[s, i] = c


@entry
def regions(dt, gate, before, after, tau, theta, step, target, share, change, start, weight):
    """Weights that move by the region calcium is in: below, between and above two thresholds.

    Parameters
    ----------
    dt, gate : (t - 1,) float64
    before, after : (trial, synapse, t) float64
    tau : float
    theta : (2,) float64
    step : float
        Of the learning [s].
    target, share : (3,) float64
        In each region, in one step, the weight goes this share of its way to the target,
    change : (3,) float64
        and by this much on top.
    start : (trial, synapse) float64
    weight : (trial, synapse, t) float64
        Filled.
    """
    for k in range(weight.shape[0]):
        for s in range(weight.shape[1]):
            w = start[k, s]
            weight[k, s, 0] = w
            for i in range(dt.size):
                a, b = after[k, s, i], before[k, s, i + 1]
                region = (1 if a > theta[0] else 0) + (1 if a > theta[1] else 0)
                turn = 1 if b > a else -1
                one, other = ordered(crossing(a, b, theta[0], tau, dt[i]), crossing(a, b, theta[1], tau, dt[i]))
                at = 0.0
                for end in (one, other, dt[i]):
                    steps = gate[i] * (end - at) / step
                    if share[region] > 0.0:
                        w = target[region] + (w - target[region]) * (1.0 - share[region]) ** steps
                    w += change[region] * steps
                    if end >= dt[i]:
                        break
                    region += turn
                    at = end
                weight[k, s, i + 1] = w
