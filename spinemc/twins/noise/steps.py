"""Steps of covariances along a mean that is known: dC/dt = J C + C J' + D, with J and D that change in time."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any, NamedTuple

import numpy as np

from spinemc.errors import EngineError

RTOL = 1e-6  # of a covariance, to the product of the two standard deviations
_LESS = 1e-2  # molecules^2, of which the same share is no matter
_NODES = np.array([0.0, 0.25, 0.5, 1.0])  # of a step: halves of halves
_POWERS = np.linalg.inv(np.vander(_NODES, increasing=True))  # from values at the nodes to those of 1, u, u^2, u^3
_SHAPE = np.array([0.0, 0.5, -1.5, 1.0])  # u (u - 1/2) (u - 1): what a cubic has beyond a parabola
_SHORT = 0.5  # norm of J times a piece of time in which the series below converge
_TERMS = 11
_SWEEPS = 5
_LEAST = 1e-14  # of the time, the shortest step


def advance(
    about: Callable[[float], tuple[Any, np.ndarray]],
    C: np.ndarray,
    begin: float,
    end: float,
    h: float,
    rtol: float = RTOL,
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
    rtol : float
        The error of a step that is allowed, of the product of two standard deviations.

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
    Collocation with an exponential. With J0 the Jacobian in the middle of a step, Z = C - C(begin) solves
    dZ/dt = J0 Z + Z J0' + f, where f = J C + C J' + D - J0 Z - Z J0' changes as slowly as the mean does. It is taken
    for a cubic through its values at four times, with which Z is exact, and these values are found by sweeps. However
    fast some numbers settle, steps are as long as f is nearly a parabola. Hochbruck & Ostermann, Acta Numerica 19:209
    (2010).
    """
    t = begin
    while t < end:
        step = min(h, end - t)
        last = step >= (1.0 - 1e-9) * (end - t)
        found, error = _tried(about, C, t, step, rtol)
        if error > 1.0 and step < _LEAST * max(abs(t), end):
            raise EngineError(f"noise cannot be integrated beyond {t:.6g} s: no step is short enough.")
        wanted = step * float(np.clip(0.85 * max(error, 1e-10) ** -0.25, 0.1, 4.0))
        if error <= 1.0:
            C, t = found, end if last else t + step
            h = max(h, wanted) if last else wanted  # a step that was cut short says nothing against longer ones
        else:
            h = wanted
    return C, h


def _tried(
    about: Callable[[float], tuple[Any, np.ndarray]], C: np.ndarray, t: float, h: float, rtol: float
) -> tuple[np.ndarray, float]:
    """A step: its end, and its error in units of what is allowed."""
    seen = [about(t + u * h) for u in _NODES]
    middle = seen[2][0]
    flow = _flow(middle, h)
    same = [abs(J - middle).max() == 0.0 if J.nnz else middle.nnz == 0 for J, _ in seen]
    Z = np.zeros((len(_NODES), *C.shape))
    error, before = np.inf, 0.0
    for sweep in range(_SWEEPS):
        f = [_pushed(J, C + z) + D - _pushed(middle, z) for (J, D), z in zip(seen, Z, strict=True)]
        powers = np.tensordot(_POWERS, np.array(f), 1)
        after = _forced(flow, powers)
        size = _error(C, C + after[-1], after - Z, rtol)
        error = size * min(1.0, size / before) if sweep else size  # what the sweep after this one would still change
        before, Z = size, after
        if all(same) or error <= 0.1:
            error = 0.0 if all(same) else error
            break
        if sweep and not size < 1e8:
            break
    beyond = _forced(flow, _SHAPE[:, None, None, None] * powers[-1])[-1]
    return C + Z[-1], max(error, _error(C, C + Z[-1], beyond, rtol))


def _error(before: np.ndarray, after: np.ndarray, change: np.ndarray, rtol: float) -> float:
    """The largest of some changes (..., n, n), in units of what is allowed."""
    size = np.maximum(*(np.einsum("kii->i", C) for C in (before, after)))
    deviation = np.sqrt(np.maximum(size, 0.0))
    largest = np.abs(change).reshape(-1, *change.shape[-2:]).max(axis=0)
    return float((largest / (rtol * (np.outer(deviation, deviation) + _LESS))).max(initial=0.0))


class _Flow(NamedTuple):
    """exp(J t) for a short time and for its doubles, up to a step."""

    J: Any
    step: float
    short: float
    doubles: list[np.ndarray]


def _flow(J: Any, h: float) -> _Flow:
    size = float(abs(J).sum(axis=0).max(initial=0.0)) * h if J.nnz else 0.0
    doublings = 2 + max(0, int(np.ceil(np.log2(max(0.25 * size, 1e-300) / _SHORT))))
    short = h / 2**doublings
    P, term = np.eye(J.shape[0]), np.eye(J.shape[0])
    for k in range(1, _TERMS):
        term = (short / k) * (J @ term)
        P += term
    doubles = [P]
    for _ in range(doublings - 1):
        doubles.append(doubles[-1] @ doubles[-1])
    return _Flow(J, short * 2**doublings, short, doubles)


def _pushed(J: Any, C: np.ndarray) -> np.ndarray:
    """J C + C J' of symmetric C (..., n, n)."""
    n = J.shape[0]
    flat = np.ascontiguousarray(np.moveaxis(C, -2, 0)).reshape(n, -1)
    one = np.moveaxis(np.asarray(J @ flat).reshape(n, *C.shape[:-2], n), 0, -2)
    return np.asarray(one + np.swapaxes(one, -1, -2))


def _forced(flow: _Flow, powers: np.ndarray) -> np.ndarray:
    """Z (4, k, n, n) at the nodes of a step, from nothing, where dZ/dt = J Z + Z J' + sum of powers[m] u^m.

    Over a short time by the Taylor series, then over twice that, and so on: in the second half the force is another
    polynomial, so that the answers to its derivatives are doubled with it.
    """
    m = len(powers)
    force = np.array([factorial(j) / flow.step**j * power for j, power in enumerate(powers)])
    length, rate = flow.short, force
    Z = length * rate
    for k in range(2, _TERMS + 1):
        rate = _pushed(flow.J, rate)
        if k <= m:
            rate[: m - k + 1] += force[k - 1 :]
        Z = Z + length**k / factorial(k) * rate
    found = [np.zeros_like(Z[0])]
    for doublings, P in enumerate(flow.doubles):
        if doublings >= len(flow.doubles) - 2:
            found.append(Z[0])
        first = P @ Z @ P.T
        for j in range(m):
            for i in range(j, m):
                first[j] += length ** (i - j) / factorial(i - j) * Z[i]
        Z, length = first, 2.0 * length
    return np.array([*found, Z[0]])
