"""Steps in time of stiff equations whose Jacobian is split in two parts that are easily solved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from spinemc.errors import EngineError

# ROS34PW2 of Rang & Angermann 2005, BIT 45:761: four stages, third order with any Jacobian, and L-stable
GAMMA = 0.43586652150845900
_ALPHA = np.array(
    [
        [0.0, 0.0, 0.0, 0.0],
        [0.87173304301691801, 0.0, 0.0, 0.0],
        [0.84457060015369423, -0.11299064236484185, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
    ]
)
_GAMMA = GAMMA * np.eye(4) + np.array(
    [
        [0.0, 0.0, 0.0, 0.0],
        [-0.87173304301691801, 0.0, 0.0, 0.0],
        [-0.90338057013044082, 0.054180672388095326, 0.0, 0.0],
        [0.24212380706095346, -1.2232505839045147, 0.54526025533510214, 0.0],
    ]
)
_B = np.array([0.24212380706095346, -1.2232505839045147, 1.5452602553351020, 0.43586652150845900])
_B_SECOND = np.array([0.37810903145819369, -0.096042292212423178, 0.5, 0.21793326075422950])

# the same in the variables u = GAMMA k, which need no products with the Jacobian
_INVERSE = np.linalg.inv(_GAMMA)
_AT = _ALPHA.sum(axis=1)
_STAGE = _ALPHA @ _INVERSE
_BEFORE = np.eye(4) - GAMMA * _INVERSE
_STEP = _B @ _INVERSE
_ERROR = (_B - _B_SECOND) @ _INVERSE

_MOST_HALVINGS = 48
_FIRST = 1000.0  # times in which an allowed error's worth changes: an error of 1e-5 to the power of -2/3, halved
_EASY = 1 / 16  # error below which a step is doubled: an eighth would just do


class Equations(Protocol):
    """dy/dt = f(t, y)."""

    def slope(self, t: float, y: np.ndarray) -> np.ndarray:
        """f at a time and a state."""
        ...

    def solver(self, t: float, y: np.ndarray, h: float) -> Callable[[np.ndarray], np.ndarray]:
        """What solves (I - h J) x = r for x, J being near to the Jacobian of f."""
        ...

    def error(self, error: np.ndarray, y: np.ndarray) -> float:
        """Size of an error of the state y; 1 is just allowed."""
        ...


def first_step(equations: Equations, t: float, y: np.ndarray) -> float:
    """A step that is short enough to begin with, infinite where nothing moves [s]."""
    slope = equations.slope(t, y)
    speed = equations.error(slope, y)
    return _FIRST / speed if speed > 0.0 else np.inf


def advance(
    equations: Equations,
    y: np.ndarray,
    start: float,
    end: float,
    h: float,
    watch: Callable[[float], None] = lambda time: None,
) -> tuple[np.ndarray, float]:
    """Integrate from one time to another by steps that are the interval over a power of two.

    Parameters
    ----------
    equations : Equations
    y : (n,) float64
        The state at the start.
    start, end : float
        [s]
    h : float
        The step to begin with [s].
    watch : callable
        Called after each step with the time reached [s]; what it raises ends the integration.

    Returns
    -------
    (n,) float64, float
        The state at the end, and the step in use by then [s].

    Raises
    ------
    EngineError
        No step is short enough; the time reached is named.

    Notes
    -----
    The error of a step is taken from the difference to a solution of second order. A step that fails is cut as far
    as that error says, one that is easy is doubled at the next even place. Linear functions of the state that f and
    the solver keep are kept to round-off.
    """
    span = end - start
    level = 0 if h >= span else int(np.ceil(np.log2(span / h)))
    done = 0
    while done < 2**level:
        if level > _MOST_HALVINGS:
            raise EngineError(f"the equations cannot be integrated beyond {start + done * span / 2**level:.6g} s.")
        h = span / 2**level
        after, error = _step(equations, y, start + done * h, h)
        size = equations.error(error, np.maximum(np.abs(y), np.abs(after)))
        if not size <= 1.0:
            cuts = 4 if not np.isfinite(size) else max(1, int(np.ceil(np.log2(1.25 * size ** (1 / 3)))))
            level += cuts
            done *= 2**cuts
            continue
        y, done = after, done + 1
        watch(start + done * h)
        if size < _EASY and level > 0 and done % 2 == 0:
            level, done = level - 1, done // 2
    return y, h


def _step(equations: Equations, y: np.ndarray, t: float, h: float) -> tuple[np.ndarray, np.ndarray]:
    """The state after a step, and its error."""
    solve = equations.solver(t, y, GAMMA * h)
    u = np.zeros((4, *y.shape))
    for i in range(4):
        right = GAMMA * h * equations.slope(t + _AT[i] * h, y + _STAGE[i] @ u)
        u[i] = solve(right + _BEFORE[i] @ u)
    return y + _STEP @ u, _ERROR @ u
