"""A simplified soma at the end of a branch: a passive cable, and what inputs along it make of the soma's voltage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.signal import fftconvolve

from spinemc.chemistry.circuit import synapse
from spinemc.errors import ScenarioError


@dataclass(frozen=True)
class Cell:
    """A soma and a passive cable that ends sealed.

    Attributes
    ----------
    length, radius : float
        Of the cable [um].
    membrane : float
        Of the soma and all else that hangs on it [um^2]: 100 Mohm by default.
    resistance : float
        Of the membrane [ohm cm^2].
    capacitance : float
        Of the membrane [uF/cm^2].
    resistivity : float
        [Mohm um]
    current : float
        Peak of one input of weight 1 [pA].
    rise, decay : float
        Of an input's current [s].
    """

    length: float = 160.0
    radius: float = 0.3
    membrane: float = 2e4
    resistance: float = 2e4
    capacitance: float = 1.0
    resistivity: float = 1.5
    current: float = 32.0
    rise: float = 0.2e-3
    decay: float = 1.7e-3


def answers(cell: Cell, ways: Sequence[float], time: np.ndarray, piece: float = 0.2) -> np.ndarray:
    """The soma's voltage above rest after one input of weight 1 at each of some places.

    Parameters
    ----------
    cell : Cell
    ways : sequence of float
        From the soma [um].
    time : (t,) float64
        Evenly from 0 on [s].
    piece : float
        Longest isopotential piece of the cable [um].

    Returns
    -------
    (place, t) float64
        [mV]

    Raises
    ------
    ScenarioError
        A place is not on the cable.

    Notes
    -----
    Pieces obey :math:`C_j \\dot V_j = -G_j V_j + \\sum_i g (V_i - V_j) + I_j(t)`; the network is solved by its
    eigenvectors. Inputs are currents that do not depend on the voltage.
    """
    ways = np.asarray(ways, dtype=np.float64)
    if not ((ways >= 0.0) & (ways <= cell.length)).all():
        raise ScenarioError(f"soma: inputs at {ways.min():g} to {ways.max():g} um: the cable has {cell.length:g} um.")
    number = int(np.ceil(cell.length / piece))
    piece = cell.length / number
    area = np.full(number + 1, 2.0 * np.pi * cell.radius * piece)
    area[0] = cell.membrane
    capacity, leak = 1e-2 * cell.capacitance * area, 10.0 / cell.resistance * area  # pF, nS
    g = 1e3 * np.pi * cell.radius**2 / (cell.resistivity * piece)  # nS
    link = np.full(number, g)
    link[0] *= 2.0  # from the soma to the middle of the first piece
    out = leak + np.append(link, 0.0) + np.insert(link, 0, 0.0)
    rates, modes = eigh_tridiagonal(out / capacity, -link / np.sqrt(capacity[1:] * capacity[:-1]))  # 1/ms
    at = np.where(ways > 0.0, 1 + np.minimum((ways / piece).astype(int), number - 1), 0)
    share = modes[0] * modes[at] / np.sqrt(capacity[0] * capacity[at])[:, np.newaxis]
    kick = share @ np.exp(-1e3 * rates[:, np.newaxis] * time)  # mV after 1 fC
    step = time[1] - time[0]
    course = cell.current * synapse((0.0,), cell.rise, cell.decay, time) * 1e3 * step  # fC
    return np.asarray(fftconvolve(kick, course[np.newaxis], axes=1)[:, : len(time)])


def peaks(answer: np.ndarray, step: float, weights: np.ndarray, order: Sequence[int], interval: float) -> np.ndarray:
    """The highest voltage of the soma while inputs come in an order.

    Parameters
    ----------
    answer : (place, t) float64
        Of `answers` [mV].
    step : float
        Between samples [s].
    weights : (..., place) float64
    order : sequence of int
        Places, first to last.
    interval : float
        Between one and the next [s].

    Returns
    -------
    (...) float64
        [mV]
    """
    return np.asarray(courses(answer, step, weights, order, interval).max(axis=-1))


def courses(answer: np.ndarray, step: float, weights: np.ndarray, order: Sequence[int], interval: float) -> np.ndarray:
    """(..., t) The soma's voltage [mV], as `peaks`."""
    moved = np.zeros_like(answer)
    for k, place in enumerate(order):
        late = round(k * interval / step)
        moved[place, late:] = answer[place, : answer.shape[1] - late]
    return np.asarray(weights @ moved)
