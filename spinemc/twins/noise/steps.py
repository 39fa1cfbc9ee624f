"""Steps of covariances along a mean that is known: dC/dt = J C + C J' + D, with J and D that change in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spinemc.errors import EngineError

RTOL = 1e-7  # of a covariance, to the product of the two standard deviations
ATOL = 1e-9  # molecules^2
_SHORT = 0.5  # norm of J times a piece of time in which the series below converge
_TERMS = 8, 11  # of the series of the propagator and of what comes in
_HOPELESS = 1e4  # error of two columns, in units of what is allowed, at which the third is not asked for
_LEAST = 1e-14  # of the time, the shortest step


def advance(
    about: Callable[[float], tuple[Any, np.ndarray]], C: np.ndarray, begin: float, end: float, h: float
) -> tuple[np.ndarray, float]:
    """Covariances at the end of a stretch of time.

    Parameters
    ----------
    about : callable
        Of a time: J, (n, n) sparse [1/s], and D, (k, n, n) [1/s], there.
    C : (k, n, n) float64
        At the beginning, from each of k sources.
    begin, end : float
        [s]
    h : float
        The step to try first [s].

    Returns
    -------
    (k, n, n) float64, float
        At the end, and the step to try next [s].

    Raises
    ------
    EngineError
        No step is short enough.

    Notes
    -----
    A step takes J and D from its middle, and for these is exact: however fast some numbers settle, steps are as long as
    the mean changes slowly. It is symmetric in time, so that its error is a series in the squares of the step, which
    one, two and three steps in place of one take away up to the sixth order: Hairer, Lubich & Wanner, Geometric
    Numerical Integration (2006), II.4 and III.
    """
    t = begin
    while t < end:
        step = min(h, end - t)
        last = step >= (1.0 - 1e-9) * (end - t)
        found, error, order = _tried(about, C, t, step)
        if error > 1.0 and step < _LEAST * max(abs(t), end):
            raise EngineError(f"noise cannot be integrated beyond {t:.6g} s: no step is short enough.")
        wanted = step * float(np.clip(0.9 * max(error, 1e-10) ** (-1.0 / order), 0.1, 4.0))
        if error <= 1.0:
            C, t = found, end if last else t + step
            h = max(h, wanted) if last else wanted  # a step that was cut short says nothing against longer ones
        else:
            h = wanted
    return C, h


def _tried(
    about: Callable[[float], tuple[Any, np.ndarray]], C: np.ndarray, t: float, h: float
) -> tuple[np.ndarray, float, int]:
    """A step: its end, its error in units of what is allowed, and the order of that error."""

    def cut(pieces: int) -> np.ndarray:
        now, short = C, h / pieces
        for k in range(pieces):
            now = _exact(*about(t + (k + 0.5) * short), short, now)
        return now

    one, two = cut(1), cut(2)
    better = two + (two - one) / 3.0
    error = _error(C, better, better - two)
    if error <= 1.0 or error > _HOPELESS:
        return better, error, 3
    three = cut(3)
    best = three + (three - two) / 1.25
    return best + (best - better) / 8.0, _error(C, best, (best - better) / 8.0), 5


def _error(before: np.ndarray, after: np.ndarray, change: np.ndarray) -> float:
    """The largest of the changes (k, n, n), in units of what is allowed."""
    size = np.maximum(*(np.einsum("kii->i", C) for C in (before, after)))
    deviation = np.sqrt(np.maximum(size, 0.0))
    return float((np.abs(change).max(axis=0) / (RTOL * np.outer(deviation, deviation) + ATOL)).max(initial=0.0))


def _exact(J: Any, D: np.ndarray, h: float, C: np.ndarray) -> np.ndarray:
    """Covariances (k, n, n) after a time h with constant J and D.

    C -> P C P' + Q with P = exp(J h); P and Q of a short piece of h from their series, then of twice the piece, and so
    on: Q is a sum of what no term can cancel.
    """
    n = J.shape[0]
    size = float(abs(J).sum(axis=0).max(initial=0.0)) * h if J.nnz else 0.0
    doublings = max(0, int(np.ceil(np.log2(size / _SHORT)))) if size > 0.0 else 0
    short = J * (h / 2**doublings)
    P, term = np.eye(n), np.eye(n)
    for k in range(1, _TERMS[0] + 1):
        term = short @ term / k
        P += term
    term = D * (h / 2**doublings)
    Q = term.copy()
    for k in range(2, _TERMS[1] + 1):
        pushed = (short @ term.transpose(1, 0, 2).reshape(n, -1)).reshape(n, -1, n).transpose(1, 0, 2)
        term = (pushed + pushed.transpose(0, 2, 1)) / k
        Q += term
    for _ in range(doublings):
        Q += P @ Q @ P.T
        P = P @ P
    return P @ C @ P.T + Q
