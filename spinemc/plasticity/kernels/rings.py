"""The switch of CaMKII and PP1: its rate equations by an implicit method, and single rings event by event."""

import math

import numpy as np

from spinemc.plasticity.kernels.pieces import chance, entry, helper

_GAMMA = 1.0 + math.sqrt(0.5)


@helper
def slope(y, at, change, many, rings, k_12, k_m, k_11, k_back, total, i1, out):
    """Fills `out` with the time derivative of states, PP1 and inhibitor; returns the sites' dephosphorylation rate."""
    n = many.size
    phosphorylated = 0.0
    for j in range(n):
        phosphorylated += rings * many[j] * y[j]
    loss = k_12 * y[n] / (k_m + phosphorylated)
    for i in range(n):
        total_in = 0.0
        for j in range(n):
            total_in += (loss * change[0, i, j] + at[0] * change[1, i, j] + at[1] * change[2, i, j]) * y[j]
        out[i] = total_in
    bound = -k_11 * y[n + 1] * y[n] + k_back * (total - y[n])
    out[n] = bound
    out[n + 1] = bound + at[2] * i1 - at[3] * y[n + 1]
    return loss


@helper
def matrix(y, at, change, many, rings, k_12, k_m, k_11, k_back, step, out):
    """Fills `out` with 1 - step times the derivative of `slope`."""
    n = many.size
    phosphorylated = 0.0
    for j in range(n):
        phosphorylated += rings * many[j] * y[j]
    loss = k_12 * y[n] / (k_m + phosphorylated)
    out[:] = 0.0
    for i in range(n):
        lost = 0.0
        for j in range(n):
            lost += change[0, i, j] * y[j]
        for j in range(n):
            here = loss * change[0, i, j] + at[0] * change[1, i, j] + at[1] * change[2, i, j]
            out[i, j] = -step * (here - lost * loss / (k_m + phosphorylated) * rings * many[j])
        out[i, n] = -step * lost * k_12 / (k_m + phosphorylated)
    for i in (n, n + 1):
        out[i, n] = step * (k_11 * y[n + 1] + k_back)
        out[i, n + 1] = step * k_11 * y[n]
    out[n + 1, n + 1] += step * at[3]
    for i in range(n + 2):
        out[i, i] += 1.0


@helper
def factor(a, order):
    """Triangular factors of a matrix in its place, rows interchanged as `order` tells."""
    n = a.shape[0]
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[best, k]):
                best = i
        order[k] = best
        if best != k:
            for j in range(n):
                a[k, j], a[best, j] = a[best, j], a[k, j]
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            share = a[i, k]
            if share != 0.0:
                for j in range(k + 1, n):
                    a[i, j] -= share * a[k, j]


@helper
def solve(a, order, x):
    """The solution of the equations that `factor` has prepared, in place of the right-hand side x."""
    n = a.shape[0]
    for k in range(n):
        best = order[k]
        x[k], x[best] = x[best], x[k]
    for k in range(n):
        for i in range(k + 1, n):
            x[i] -= a[i, k] * x[k]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            x[k] -= a[k, j] * x[j]
        x[k] /= a[k, k]


@entry
def follow(
    dt, left, right, change, many, rings, k_12, k_m, k_11, k_back, total, i1, tolerance, start, made
):  # fmt: skip
    """States of the rings, PP1 and inhibitor over time.

    Parameters
    ----------
    dt : (t - 1,) float64
    left, right : (trial, synapse, t - 1, 4) float64
        Rates at both ends of each interval, straight between.
    change : (3, 14, 14) float64
    many : (14,) float64
    rings, k_12, k_m, k_11, k_back, total, i1, tolerance : float
    start : (trial, synapse, 16) float64
    made : (trial, synapse, t, 16) float64
        Filled.

    Returns
    -------
    int
        The first interval in which no step was short enough; -1, none.
    """
    n = many.size + 2
    y, one, two, next_y = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    a, order, at = np.empty((n, n)), np.empty(n, np.int64), np.empty(4)
    for k in range(start.shape[0]):
        for s in range(start.shape[1]):
            y[:] = start[k, s]
            made[k, s, 0] = y
            h = 1e-3
            for i in range(dt.size):
                t = 0.0
                while t < dt[i]:
                    whole = h >= dt[i] - t
                    step = dt[i] - t if whole else h
                    for m in range(4):
                        at[m] = left[k, s, i, m] + (right[k, s, i, m] - left[k, s, i, m]) * t / dt[i]
                    slope(y, at, change, many, rings, k_12, k_m, k_11, k_back, total, i1, one)
                    matrix(y, at, change, many, rings, k_12, k_m, k_11, k_back, _GAMMA * step, a)
                    factor(a, order)
                    solve(a, order, one)
                    for m in range(4):
                        at[m] = left[k, s, i, m] + (right[k, s, i, m] - left[k, s, i, m]) * (t + step) / dt[i]
                    for m in range(n):
                        next_y[m] = y[m] + step * one[m]
                    slope(next_y, at, change, many, rings, k_12, k_m, k_11, k_back, total, i1, two)
                    for m in range(n):
                        two[m] -= 2.0 * one[m]
                    solve(a, order, two)
                    error = 0.0
                    for m in range(n):
                        error = max(error, abs(0.5 * step * (one[m] + two[m])))
                    error /= tolerance
                    if error <= 1.0:
                        for m in range(n):
                            y[m] += step * (1.5 * one[m] + 0.5 * two[m])
                        t = dt[i] if whole else t + step
                    longer = min(5.0, max(0.2, 0.8 / math.sqrt(max(error, 1e-6))))
                    if not whole or error > 1.0 or step * longer > h:
                        h = step * longer
                    if not h > 1e-12:
                        return i
                made[k, s, i + 1] = y
    return -1


@entry
def switching(counts, rate_of, to, many, size, k_m, most, above, key, stream, trial):
    """When the number of phosphorylated sites of some rings first passes a level.

    Parameters
    ----------
    counts : (states,) int64
        Rings in each state at first; changed.
    rate_of : (3, states, states) float64
        Changes a second of one ring, by kind, from column to row; the first kind is to be divided by K_M + S.
    to : int
        The level, a number of sites.
    many : (states,) int64
        Phosphorylated sites of each state.
    size : float
        Sites in 1 uM.
    k_m : float
        [uM].
    most : float
        Time after which it is given up [s].
    above : bool
        Whether the level is reached from below.
    key : (2,) uint64
    stream, trial : int

    Returns
    -------
    float
        The time [s]; `most` where it was not reached.
    """
    states = many.size
    t, occasion, sites = 0.0, 0, 0
    for j in range(states):
        sites += counts[j] * many[j]
    while True:
        if (above and sites >= to) or (not above and sites <= to):
            return t
        share = 1.0 / (k_m + sites / size)
        total = 0.0
        for j in range(states):
            if counts[j] > 0:
                for i in range(states):
                    if i != j:
                        total += counts[j] * (rate_of[0, i, j] * share + rate_of[1, i, j] + rate_of[2, i, j])
        if total <= 0.0:
            return most
        t -= math.log(chance(key, stream, trial, occasion & 0x7FFFFFFF, 2 * (occasion >> 31))) / total
        if t >= most:
            return most
        left = total * chance(key, stream, trial, occasion & 0x7FFFFFFF, 2 * (occasion >> 31) + 1)
        occasion += 1
        source, target = -1, -1
        for j in range(states):
            if counts[j] > 0 and left > 0.0:
                for i in range(states):
                    if i != j and left > 0.0:
                        here = counts[j] * (rate_of[0, i, j] * share + rate_of[1, i, j] + rate_of[2, i, j])
                        if here > 0.0:
                            source, target = j, i
                            left -= here
        counts[source] -= 1
        counts[target] += 1
        sites += many[target] - many[source]
