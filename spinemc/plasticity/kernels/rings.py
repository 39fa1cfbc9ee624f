"""The rate equations of the switch of CaMKII and PP1, by an implicit method for many synapses side by side."""

import math

import numpy as np

from spinemc.plasticity.kernels.pieces import entry, helper

_GAMMA = 1.0 + math.sqrt(0.5)
LANES = 32  # synapses side by side


@helper
def between(left, right, first, i, share, at, lanes):
    """Fills `at` with the rates at a share, of each synapse, of an interval."""
    for q in range(lanes):
        for m in range(4):
            begin, end = left[first + q, i, m], right[first + q, i, m]
            at[m, q] = begin + (end - begin) * share[q]


@helper
def slope(y, at, ways, constants, beside, half, loss, out, lanes):
    """Fills `out` with the time derivative of states, PP1 and inhibitor, `half` with K_M + S, `loss` with D."""
    pair, times, many = ways
    rings, k_12, k_m, k_11, k_back, total, i1 = constants
    n = many.size
    for q in range(lanes):
        half[q] = k_m
    for j in range(n):
        for q in range(lanes):
            half[q] += rings * many[j] * y[j, q]
            out[j, q] = 0.0
    for q in range(lanes):
        loss[q] = k_12 * y[n, q] / half[q]
        bound = k_back * (total - y[n, q]) - k_11 * y[n + 1, q] * y[n, q]
        out[n, q] = bound
        out[n + 1, q] = bound + at[2, q] * i1 - at[3, q] * y[n + 1, q]
    for e in range(pair.shape[0]):
        i, j = pair[e, 0], pair[e, 1]
        down, one, other = times[e, 0], times[e, 1], times[e, 2]
        for q in range(lanes):
            up = at[0, q] * one + at[1, q] * other
            beside[e, q] = up
            flow = up * y[i, q] - loss[q] * down * y[j, q]
            out[i, q] -= flow
            out[j, q] += flow


@helper
def factor(a, below, count, inverse, share, lanes):
    """Triangular factors of matrices in their place: a pivot's row and column have numbers where `below` says alone.

    The columns of 1 - step M sum to 1 and have one number above 0 each: no rows are to be interchanged.
    """
    for k in range(count.size):
        for q in range(lanes):
            inverse[k, q] = 1.0 / a[k, k, q]
        for m in range(count[k]):
            i = below[k, m]
            for q in range(lanes):
                share[q] = a[i, k, q] * inverse[k, q]
                a[i, k, q] = share[q]
            for o in range(count[k]):
                j = below[k, o]
                for q in range(lanes):
                    a[i, j, q] -= share[q] * a[k, j, q]


@helper
def solve(a, below, count, inverse, x, lanes):
    """The solutions of the equations that `factor` has prepared, in place of the first numbers of x."""
    n = count.size
    for k in range(n):
        for m in range(count[k]):
            i = below[k, m]
            for q in range(lanes):
                x[i, q] -= a[i, k, q] * x[k, q]
    for k in range(n - 1, -1, -1):
        for m in range(count[k]):
            i = below[k, m]
            for q in range(lanes):
                x[k, q] -= a[k, i, q] * x[i, q]
        for q in range(lanes):
            x[k, q] *= inverse[k, q]


@helper
def prepare(y, at, step, ways, constants, below, beside, half, loss, a, inverse, by, spread, lanes):
    """Fills `a`, `inverse`, `by` and `spread` with what `stage` needs of 1 - g J at y, g = `_GAMMA` steps."""
    pair, times, many = ways
    rings = constants[0]
    n = many.size
    a[:] = 0.0
    by[:] = 0.0
    for k in range(n):
        for q in range(lanes):
            a[k, k, q] = 1.0
    for e in range(pair.shape[0]):
        i, j = pair[e, 0], pair[e, 1]
        down = times[e, 0]
        for q in range(lanes):
            g = _GAMMA * step[q]
            up, lost = g * beside[e, q], g * down
            a[i, i, q] += up
            a[j, i, q] -= up
            a[j, j, q] += loss[q] * lost
            a[i, j, q] -= loss[q] * lost
            by[i, q] += lost * y[j, q]
            by[j, q] -= lost * y[j, q]
    factor(a, below[0], below[1], inverse, spread, lanes)
    solve(a, below[0], below[1], inverse, by, lanes)
    for q in range(lanes):
        spread[q] = 0.0
    for k in range(n):
        for q in range(lanes):
            spread[q] += many[k] * by[k, q]
    for q in range(lanes):
        each = loss[q] * rings / half[q]
        spread[q] = each / (1.0 + each * spread[q])


@helper
def stage(y, can, step, many, constants, below, half, a, inverse, by, spread, sites, x, lanes):
    """Solves (1 - g J) x = x: PP1 and inhibitor, then the rings, then what the number of their sites adds."""
    k_12, k_11, k_back = constants[1], constants[3], constants[4]
    n = many.size
    for q in range(lanes):
        g = _GAMMA * step[q]
        lets, takes, lives = g * (k_11 * y[n + 1, q] + k_back), g * k_11 * y[n, q], 1.0 + g * can[q]
        whole = (lets + 1.0) * (takes + lives) - lets * takes
        enzyme, i1p = x[n, q], x[n + 1, q]
        x[n, q] = ((takes + lives) * enzyme - takes * i1p) / whole
        x[n + 1, q] = ((lets + 1.0) * i1p - lets * enzyme) / whole
        sites[q] = 0.0
    solve(a, below[0], below[1], inverse, x, lanes)
    for k in range(n):
        for q in range(lanes):
            x[k, q] += by[k, q] * k_12 / half[q] * x[n, q]
            sites[q] += many[k] * x[k, q]
    for k in range(n):
        for q in range(lanes):
            x[k, q] -= by[k, q] * spread[q] * sites[q]


@entry
def follow(dt, left, right, ways, below, constants, tolerance, start, made):
    """States of the rings, PP1 and inhibitor over time.

    PP1 and inhibitor do not depend on the rings, and the rings on each other only by the number of their sites: each
    stage solves two equations, then those of the rings by their factors, corrected by one vector (Sherman & Morrison).
    Synapses go side by side, each with steps of its own.

    Parameters
    ----------
    dt : (t - 1,) float64
    left, right : (synapse, t - 1, 4) float64
        Rates at both ends of each interval, straight between.
    ways : (m, 2) int64, (m, 3) float64, (14,) float64
        Pairs of states that differ by a site, the one with fewer phosphorylated first; sites that lead from the second
        to the first, and back beside one that is phosphorylated, and that is not; how many each state has.
    below : (14, 14) int64, (14,) int64
        Later states that a state shares an equation with when those before it are eliminated, and how many.
    constants : tuple of float
        rings, k_12, k_m, k_11, k_back, total, i1
    tolerance : float
    start : (synapse, 16) float64
    made : (synapse, t, 16) float64
        Filled.

    Returns
    -------
    int
        The first interval in which no step was short enough; -1, none.
    """
    many = ways[2]
    n = many.size
    wide = min(LANES, start.shape[0])
    states, pivots = np.empty((4, n + 2, wide)), np.empty((2, n, wide))
    y, ahead, one, two = states[0], states[1], states[2], states[3]
    a, inverse, by, beside = np.empty((n, n, wide)), pivots[0], pivots[1], np.empty((len(ways[0]), wide))
    at, alone = np.empty((4, wide)), np.empty((10, wide))
    half, loss, spread, sites, can = alone[0], alone[1], alone[2], alone[3], alone[4]
    now, step, h, error, share = alone[5], alone[6], alone[7], alone[8], alone[9]
    for first in range(0, start.shape[0], LANES):
        lanes = min(LANES, start.shape[0] - first)
        for q in range(lanes):
            h[q] = 1e-3
            for m in range(n + 2):
                y[m, q] = start[first + q, m]
                made[first + q, 0, m] = y[m, q]
        for i in range(dt.size):
            for q in range(lanes):
                now[q] = 0.0
            going = True
            while going:
                for q in range(lanes):
                    step[q] = min(h[q], dt[i] - now[q])
                    share[q] = now[q] / dt[i]
                between(left, right, first, i, share, at, lanes)
                can[:lanes] = at[3, :lanes]
                slope(y, at, ways, constants, beside, half, loss, one, lanes)
                prepare(y, at, step, ways, constants, below, beside, half, loss, a, inverse, by, spread, lanes)
                stage(y, can, step, many, constants, below, half, a, inverse, by, spread, sites, one, lanes)
                for m in range(n + 2):
                    for q in range(lanes):
                        ahead[m, q] = y[m, q] + step[q] * one[m, q]
                for q in range(lanes):
                    share[q] = (now[q] + step[q]) / dt[i]
                between(left, right, first, i, share, at, lanes)
                slope(ahead, at, ways, constants, beside, sites, loss, two, lanes)
                for m in range(n + 2):
                    for q in range(lanes):
                        two[m, q] -= 2.0 * one[m, q]
                stage(y, can, step, many, constants, below, half, a, inverse, by, spread, sites, two, lanes)
                for q in range(lanes):
                    error[q] = 0.0
                for m in range(n + 2):
                    for q in range(lanes):
                        error[q] = max(error[q], abs(0.5 * step[q] * (one[m, q] + two[m, q])))
                going = False
                for q in range(lanes):
                    off = error[q] / tolerance
                    whole = step[q] == dt[i] - now[q]
                    if off <= 1.0:
                        for m in range(n + 2):
                            y[m, q] += step[q] * (1.5 * one[m, q] + 0.5 * two[m, q])
                        now[q] = dt[i] if whole else now[q] + step[q]
                    longer = min(5.0, max(0.2, 0.8 / math.sqrt(max(off, 1e-6))))
                    if not whole or off > 1.0 or step[q] * longer > h[q]:
                        h[q] = step[q] * longer
                    if not h[q] > 1e-12:
                        return i
                    going = going or now[q] < dt[i]
            for q in range(lanes):
                for m in range(n + 2):
                    made[first + q, i + 1, m] = y[m, q]
    return -1
