"""Counter-based random numbers: Philox4x32-10, and normal deviates by an inverse of the normal distribution.

A draw is a pure function of key (seed, trial) and counter (who, when, for what), so no state is kept, and neither
the order of the draws nor the number of threads can change a result.
Source: Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3" (SC11).
"""

import math
from typing import Any

import numba
import numpy as np

# kernels allocate nothing, so that arrays need no counts of references; few of them are called from Python
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
_OPTIONS |= {"_nrt": False, "no_cfunc_wrapper": True}
_INNER = _OPTIONS | {"no_cpython_wrapper": True}
entry = numba.njit(**_OPTIONS)
jit = numba.njit(**_INNER)
inline = numba.njit(**(_INNER | {"forceinline": True}))

# what a block of random words is for: the third word of the counter is purpose * 2^16 + species
# (typed, because numba compiles a function anew for each literal number it is called with)
MOVE, TOUCH, EVENT, PLACE, REACT, ENTER, CREEP, PART_WITH, WELL, LEAP = (np.int64(n) for n in range(10))
FIRST, SECOND = np.int64(0), np.int64(1)  # attempts

_MASK = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_M0 = np.uint64(0xD2511F53)
_M1 = np.uint64(0xCD9E8D57)
_W0 = np.uint64(0x9E3779B9)
_W1 = np.uint64(0xBB67AE85)

# Quotients of polynomials fitted to the inverse normal distribution: x = q P(q^2) / Q(q^2) for |q| = |u - 1/2| up to
# CENTRAL, relative error below 1e-9; x = P(s) / Q(s), s = sqrt(-2 ln min(u, 1 - u)), beyond, down to u = 2^-33,
# relative error below 1e-10.
CENTRAL = 0.475
_P0, _P1, _P2, _P3, _P4, _P5 = (
    2.5066282770915502, -30.582230101914277, 137.54608298319457,
    -273.2365808029841, 217.6582131506755, -38.77022987706503,
)  # fmt: skip
_Q1, _Q2, _Q3, _Q4, _Q5 = (
    -13.247741754165403, 66.44301189145298, -154.3257945420638, 159.45661291082573, -53.42568178983743,
)  # fmt: skip
_T0, _T1, _T2, _T3, _T4 = (
    -2.9803824147938656, -4.554758852393497, 2.8861098464046218, 2.391475034054239, 0.22870865666715487,
)  # fmt: skip
_U1, _U2, _U3 = 3.8848144190056373, 2.3991935366860035, 0.2286286489932493


@inline
def philox(k0, k1, c0, c1, c2, c3):
    """Four random words of 32 bits (as uint64) for a key of two words and a counter of four (all uint64)."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0 = (p1 >> _SHIFT) ^ c1 ^ k0
        c1 = p1 & _MASK
        c2 = (p0 >> _SHIFT) ^ c3 ^ k1
        c3 = p0 & _MASK
        k0 = (k0 + _W0) & _MASK
        k1 = (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@jit
def words(key, index, step, purpose, species, attempt):
    """Four random words for one occasion; `index` and `step` count molecules and steps, or events."""
    return philox(
        key[0],
        key[1],
        np.uint64(index) & _MASK,
        np.uint64(step) & _MASK,
        np.uint64(purpose * 65536 + species),
        np.uint64(attempt),
    )


@inline
def uniform(word):
    """A number in (0, 1), never 0 or 1, from a random word."""
    return (np.float64(np.int64(word)) + 0.5) * 2.0**-32


@inline
def pick(word, n):
    """One of 0 .. n - 1 from a random word."""
    return np.int64((word * np.uint64(n)) >> np.uint64(32))


@inline
def exponential(word):
    """An exponential deviate of mean 1 from a random word."""
    return -math.log(uniform(word))


@inline
def normal_central(q):
    """The normal deviate at probability 1/2 + q, for |q| <= CENTRAL."""
    r = q * q
    top = ((((_P5 * r + _P4) * r + _P3) * r + _P2) * r + _P1) * r + _P0
    bottom = ((((_Q5 * r + _Q4) * r + _Q3) * r + _Q2) * r + _Q1) * r + 1.0
    return q * top / bottom


@inline
def normal_tail(q):
    """The normal deviate at probability 1/2 + q, for |q| > CENTRAL."""
    s = math.sqrt(-2.0 * math.log(0.5 - abs(q)))
    x = ((((_T4 * s + _T3) * s + _T2) * s + _T1) * s + _T0) / (((_U3 * s + _U2) * s + _U1) * s + 1.0)
    return x if q > 0.0 else -x


@jit
def normal(word):
    """A normal deviate from a random word."""
    q = uniform(word) - 0.5
    if abs(q) <= CENTRAL:
        return normal_central(q)
    return normal_tail(q)


@jit
def displacements(key, step, species, low, n, sigma, delta, left, tail, tail_q):
    """Steps of n molecules from number `low` on, and a spare uniform number for each.

    Parameters
    ----------
    sigma : float
        Standard deviation along each axis, sqrt(2 D dt) [um].
    delta : (3, m) float64
        Filled in its first n columns with displacements [um].
    left : (m,) float64
        Filled in its first n entries with uniform numbers in (0, 1).
    tail : (m + 1,) int32
    tail_q : (m + 1,) float64
        Scratch.
    """
    k0 = key[0]
    k1 = key[1]
    when = np.uint64(step) & _MASK
    what = np.uint64(MOVE * 65536 + species)
    zero = np.uint64(0)
    first = np.uint64(low)
    for i in range(n):
        a, b, c, d = philox(k0, k1, (first + np.uint64(i)) & _MASK, when, what, zero)
        delta[0, i] = uniform(a) - 0.5
        delta[1, i] = uniform(b) - 0.5
        delta[2, i] = uniform(c) - 0.5
        left[i] = uniform(d)
    for axis in range(3):
        row = delta[axis]
        tails = 0
        for i in range(n):
            tail[tails] = i
            tail_q[tails] = row[i]
            tails += abs(row[i]) > CENTRAL
        for i in range(n):
            row[i] = sigma * normal_central(row[i])
        for j in range(tails):
            row[tail[j]] = sigma * normal_tail(tail_q[j])


@jit
def spares(key, step, species, low, n, left):
    """The uniform numbers of `displacements`, without those."""
    k0 = key[0]
    k1 = key[1]
    when = np.uint64(step) & _MASK
    what = np.uint64(MOVE * 65536 + species)
    zero = np.uint64(0)
    first = np.uint64(low)
    for i in range(n):
        _, _, _, d = philox(k0, k1, (first + np.uint64(i)) & _MASK, when, what, zero)
        left[i] = uniform(d)
