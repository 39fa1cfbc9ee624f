"""Single rings of the switch of CaMKII and PP1, event by event."""

import math

from spinemc.plasticity.kernels.pieces import chance, entry


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
