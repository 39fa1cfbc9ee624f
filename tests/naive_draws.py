"""Random numbers of the plain engine: Philox, and deviates from its words."""

import math

MOVE, TOUCH, EVENT, PLACE, REACT, ENTER, CREEP, PART_WITH = range(8)  # what random words are for
MASK = 0xFFFFFFFF

CENTRAL = 0.475
CENTRAL_TOP = (
    2.5066282770915502, -30.582230101914277, 137.54608298319457,
    -273.2365808029841, 217.6582131506755, -38.77022987706503,
)  # fmt: skip
CENTRAL_BOTTOM = (
    1.0, -13.247741754165403, 66.44301189145298, -154.3257945420638, 159.45661291082573, -53.42568178983743,
)  # fmt: skip
TAIL_TOP = (-2.9803824147938656, -4.554758852393497, 2.8861098464046218, 2.391475034054239, 0.22870865666715487)
TAIL_BOTTOM = (1.0, 3.8848144190056373, 2.3991935366860035, 0.2286286489932493)


def philox(key, counter):
    """Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011): four words of 32 bits."""
    k0, k1 = key
    c0, c1, c2, c3 = counter
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c0, 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def words(key, index, step, purpose, species, attempt):
    """Four random words for one occasion."""
    return philox(key, (index & MASK, step & MASK, purpose * 65536 + species, attempt))


def uniform(word):
    """A number in (0, 1)."""
    return (word + 0.5) / 4294967296.0


def exponential(word):
    """An exponential deviate of mean 1."""
    return -math.log(uniform(word))


def pick(word, n):
    """One of 0 ... n - 1."""
    return (word * n) >> 32


def polynomial(coefficients, x):
    """c[0] + c[1] x + c[2] x^2 + ..."""
    value = 0.0
    for c in reversed(coefficients):
        value = value * x + c
    return value


def normal(word):
    """A normal deviate: the inverse of the normal distribution at `uniform(word)`."""
    q = uniform(word) - 0.5
    if abs(q) <= CENTRAL:
        return q * polynomial(CENTRAL_TOP, q * q) / polynomial(CENTRAL_BOTTOM, q * q)
    s = math.sqrt(-2.0 * math.log(0.5 - abs(q)))
    return math.copysign(polynomial(TAIL_TOP, s) / polynomial(TAIL_BOTTOM, s), q)
