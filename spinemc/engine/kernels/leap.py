"""A network of well-mixed places in leaps over many events: tau-leaping with the step of Cao, Gillespie & Petzold.

Source: Cao, Gillespie & Petzold 2006, J Chem Phys 124:044109. Rates that change in time are integrated over a leap,
which ends where they turn. Poisson numbers: Hörmann 1993, Insurance Math Econ 12:39 (PTRS); by inversion below 10.
"""

import math

from spinemc.engine.kernels.rng import FIRST, LEAP, entry, inline, jit, words
from spinemc.engine.kernels.wells import NEVER, advance, at, fine, pairs

CRITICAL = 10  # events that a channel is away from running out, below which it fires one by one
WORTH = 10.0  # mean events in a leap, below which events one by one are as fast
SINGLE = 100  # of those, then
LEAPS = 2_000  # between two looks at what else is to be done
SMALL = 10.0  # mean below which a Poisson number is found by inversion


@jit
def poisson(key, serial, mean):
    """A Poisson number of some mean; `serial` counts the draws."""
    number = serial[0]
    serial[0] += 1
    if mean <= 0.0:
        return 0
    if mean < SMALL:
        a, b, _, _ = words(key, number, number >> 32, LEAP, FIRST, FIRST)
        left, chance, k = fine(a, b), math.exp(-mean), 0
        while left > chance and k < 1000:
            left -= chance
            k += 1
            chance *= mean / k
        return k
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    inverse = 1.1239 + 1.1328 / (b - 3.4)
    inner = 0.9277 - 3.6224 / (b - 2.0)
    attempt = FIRST
    while True:
        one, two, three, four = words(key, number, number >> 32, LEAP, FIRST, attempt)
        attempt += 1
        u, v = fine(one, two) - 0.5, fine(three, four)
        edge = 0.5 - abs(u)
        k = math.floor((2.0 * a / edge + b) * u + mean + 0.43)
        if edge >= 0.07 and v <= inner:
            return int(k)
        if k < 0 or (edge < 0.013 and v > edge):
            continue
        if math.log(v * inverse / (a / (edge * edge) + b)) <= k * math.log(mean) - mean - math.lgamma(k + 1.0):
            return int(k)


@entry
def poissons(key, mean, number):
    """Fill `number` (n,) int64 with Poisson numbers of some mean, of the draws 0, 1, ... of a key."""
    for k in range(number.shape[0]):
        serial = number[k : k + 1]
        serial[0] = k
        drawn = poisson(key, serial, mean)
        number[k] = drawn


@inline
def longest(net, state, order, hazard, critical, drift, spread, epsilon):
    """The longest leap over which no propensity changes by more than a share epsilon (equation 33 there)."""
    for s in range(state.shape[0]):
        drift[s] = 0.0
        spread[s] = 0.0
    for m in range(hazard.shape[0]):
        if hazard[m] > 0.0 and not critical[m]:
            for j in range(net.change_start[m], net.change_start[m + 1]):
                amount = float(net.amount[j])
                drift[net.changed[j]] += amount * hazard[m]
                spread[net.changed[j]] += amount * amount * hazard[m]
    leap = NEVER
    for s in range(state.shape[0]):
        if order[s] > 0 and spread[s] > 0.0:
            n = float(state[s])
            weight = float(order[s]) if order[s] < 3 else 2.0 + (1.0 / (n - 1.0) if n > 1.0 else 1.0)
            room = max(epsilon * n / weight, 1.0)
            leap = min(leap, room * room / spread[s])
            if drift[s] != 0.0:
                leap = min(leap, room / abs(drift[s]))
    return leap


@jit
def leaps(
    net, key, state, fired, clock, serial, tree, factor, order, hazard, critical, draws, drift, spread, epsilon, t, end
):
    """Let events happen from a time until an end, or until there were so many leaps.

    Parameters
    ----------
    net, key, state, fired, clock, serial, tree, factor, t, end
        As of `spinemc.engine.kernels.wells.advance`; the clock runs for critical channels during a leap.
    order : (states,) int64
        Of the highest reaction that asks for a state; 3 for two of itself, 0 for none.
    hazard : (channels,) float64
    critical : (channels,) bool
    draws : (channels,) int64
    drift, spread : (states,) float64
        Scratch.
    epsilon : float
        The share by which a propensity may change in a leap.

    Returns
    -------
    float
        The time reached [s].
    """
    channels = net.scale.shape[0]
    k = 0  # t lies before knot k, behind knot k - 1
    for _ in range(LEAPS):
        if t >= end:
            return end
        while k < net.knot.shape[0] and net.knot[k] <= t:
            k += 1
        stop = end if k == net.knot.shape[0] else min(end, net.knot[k])
        total, now, slope = 0.0, 0.0, 0.0
        for m in range(channels):
            factor[m] = net.scale[m] * pairs(net, state, m)
            rate, rise = (at(net, net.rate[m], k, t)) if net.varies[m] else (net.value[net.rate[m], 0], 0.0)
            hazard[m] = factor[m] * rate
            total += hazard[m]
            critical[m] = False
            if factor[m] > 0.0:
                for j in range(net.change_start[m], net.change_start[m + 1]):
                    if state[net.changed[j]] < -CRITICAL * net.amount[j]:
                        critical[m] = True
                if critical[m]:
                    now += hazard[m]
                    slope += factor[m] * rise
        leap = longest(net, state, order, hazard, critical, drift, spread, epsilon)
        while True:
            if leap * total < WORTH:
                t = advance(net, key, state, fired, clock, serial, tree, factor, t, stop, SINGLE)
                break
            square = now * now + 2.0 * slope * clock[0]
            wait = (
                2.0 * clock[0] / (now + math.sqrt(square)) if square > 0.0 and now + math.sqrt(square) > 0.0 else NEVER
            )
            span = min(leap, stop - t)
            single = wait < span
            span = min(wait, span)
            chosen = -1
            if single:
                a, b, c, d = words(key, serial[0], serial[0] >> 32, LEAP, FIRST, FIRST)
                serial[0] += 1
                target = fine(a, b) * (now + slope * span)
                for m in range(channels):
                    if critical[m]:
                        rise = at(net, net.rate[m], k, t)[1] if net.varies[m] else 0.0
                        then = hazard[m] + factor[m] * rise * span
                        if then > 0.0:
                            chosen = m
                            target -= then
                            if target < 0.0:
                                break
            for m in range(channels):
                draws[m] = 1 if m == chosen else 0
                if not critical[m] and factor[m] > 0.0:
                    rise = at(net, net.rate[m], k, t)[1] if net.varies[m] else 0.0
                    draws[m] = poisson(key, serial, span * (hazard[m] + 0.5 * factor[m] * rise * span))
            if changed(net, state, draws, 1) >= 0:
                for m in range(channels):
                    fired[m] += draws[m]
                if single:
                    clock[0] = -math.log(fine(c, d))
                else:
                    clock[0] -= span * (now + 0.5 * slope * span)
                t = stop if not single and span == stop - t else t + span
                break
            changed(net, state, draws, -1)
            leap = 0.5 * span
    return t


@inline
def changed(net, state, draws, sign):
    """Change a state by so many events of each channel, or take them back; the least number then."""
    for m in range(draws.shape[0]):
        if draws[m]:
            for j in range(net.change_start[m], net.change_start[m + 1]):
                state[net.changed[j]] += sign * draws[m] * net.amount[j]
    least = state[0]
    for s in range(1, state.shape[0]):
        least = min(least, state[s])
    return least
