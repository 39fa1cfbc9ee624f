"""A network of well-mixed places, event by event: Gillespie's direct method, exact for rates that change in time.

Between two rows of the rate tables every propensity is linear in time, so that the waiting time follows from a
quadratic equation. Constant propensities are summed in a binary tree.
"""

import math

import numpy as np

from spinemc.engine.kernels.rng import FIRST, WELL, inline, jit, words

NEVER = np.inf


@inline
def fine(a, b):
    """A number in (0, 1) of 53 bits from two random words."""
    return (np.float64((np.int64(a) << 21) | (np.int64(b) >> 11)) + 0.5) * 2.0**-53


@inline
def pairs(net, state, m):
    """In how many ways the reactants of a channel can be chosen."""
    a = net.first[m]
    if a < 0:
        return 1.0
    n = np.float64(state[a])
    b = net.second[m]
    if b < 0:
        return n
    return n * (n - 1.0) if a == b else n * np.float64(state[b])


@inline
def plant(tree, leaf, value):
    """Set a leaf of a tree of sums."""
    tree[leaf] = value
    leaf >>= 1
    while leaf >= 1:
        tree[leaf] = tree[2 * leaf] + tree[2 * leaf + 1]
        leaf >>= 1


@jit
def advance(net, key, state, fired, clock, serial, tree, factor, t, end, most):
    """Let events happen from a time until an end, or until there were so many.

    Parameters
    ----------
    net : Net
        See spinemc.twins.compartments.
    key : (2,) uint64
    state : (states,) int64
    fired : (channels,) int64
        Events so far.
    clock : (1,) float64
        Hazard left before the next event.
    serial : (1,) int64
        Events and waits so far.
    tree, factor : float64
        Scratch: sums of constant propensities; those of the others without their rates.
    t, end : float
        [s]
    most : int

    Returns
    -------
    float
        The time reached [s].
    """
    channels = net.scale.shape[0]
    leaves = tree.shape[0] // 2
    for m in range(channels):
        a = net.scale[m] * pairs(net, state, m)
        factor[m] = a
        tree[leaves + m] = 0.0 if net.varies[m] else a * net.value[net.rate[m], 0]
    for k in range(leaves - 1, 0, -1):
        tree[k] = tree[2 * k] + tree[2 * k + 1]
    k = 0  # t lies before knot k, behind knot k - 1
    while k < net.knot.shape[0] and net.knot[k] <= t:
        k += 1
    events = 0
    while events < most:
        stop = end if k == net.knot.shape[0] else min(end, net.knot[k])
        now, slope = tree[1], 0.0
        for v in range(net.varying.shape[0]):
            m = net.varying[v]
            if factor[m] > 0.0:
                rate, rise = at(net, net.rate[m], k, t)
                now += factor[m] * rate
                slope += factor[m] * rise
        square = now * now + 2.0 * slope * clock[0]
        wait = 2.0 * clock[0] / (now + math.sqrt(square)) if square > 0.0 and now + math.sqrt(square) > 0.0 else NEVER
        if not t + wait < stop:
            span = stop - t
            clock[0] -= now * span + 0.5 * slope * span * span
            t = stop
            if t >= end:
                return end
            k += 1
            continue
        t += wait
        a, b, c, d = words(key, serial[0], serial[0] >> 32, WELL, FIRST, FIRST)
        serial[0] += 1
        clock[0] = -math.log(fine(a, b))
        total = tree[1]
        for v in range(net.varying.shape[0]):
            m = net.varying[v]
            if factor[m] > 0.0:
                total += factor[m] * at(net, net.rate[m], k, t)[0]
        target = fine(c, d) * total
        chosen = -1
        if target < tree[1]:
            leaf = 1
            while leaf < leaves:
                leaf *= 2
                if target >= tree[leaf] and tree[leaf + 1] > 0.0:
                    target -= tree[leaf]
                    leaf += 1
            chosen = leaf - leaves
        else:
            target -= tree[1]
            for v in range(net.varying.shape[0]):
                m = net.varying[v]
                hazard = factor[m] * at(net, net.rate[m], k, t)[0] if factor[m] > 0.0 else 0.0
                if hazard > 0.0:
                    chosen = m
                    target -= hazard
                    if target < 0.0:
                        break
        if chosen < 0:
            continue
        fired[chosen] += 1
        events += 1
        for j in range(net.change_start[chosen], net.change_start[chosen + 1]):
            s = net.changed[j]
            state[s] += net.amount[j]
            for i in range(net.asked_start[s], net.asked_start[s + 1]):
                m = net.asked[i]
                factor[m] = net.scale[m] * pairs(net, state, m)
                if not net.varies[m]:
                    plant(tree, leaves + m, factor[m] * net.value[net.rate[m], 0])
    return t


@inline
def at(net, rate, k, t):
    """A rate at a time before knot k, and by how much it rises a second."""
    last = net.knot.shape[0]
    if k == 0:
        return net.value[rate, 0], 0.0
    if k == last:
        return net.value[rate, last - 1], 0.0
    rise = (net.value[rate, k] - net.value[rate, k - 1]) / (net.knot[k] - net.knot[k - 1])
    return net.value[rate, k - 1] + rise * (t - net.knot[k - 1]), rise
