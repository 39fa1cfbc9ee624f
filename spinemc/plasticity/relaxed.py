"""Rules whose weight is drawn to a level at a rate, both functions of calcium."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinemc.plasticity.kernels.pieces import relax
from spinemc.plasticity.signal import Signal

Rates = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Calcium to the rate [1/s] and to the rate times the level that the weight is drawn to."""


def relaxed(
    variable: str, signal: Signal, rates: Rates, sigma: float, start: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The weight of such a rule.

    Parameters
    ----------
    variable : str
        Its name.
    signal : Signal
    rates : callable
        Taken at both ends of each interval; their mean is solved exactly.
    sigma : float
        Standard deviation of the weight at constant calcium; 0, no noise.
    start : dict
        The variable at the first time, (trial, synapse) float64.

    Returns
    -------
    dict
        The variable, (trial, synapse, t) float64.
    """
    ends = rates(signal.after[..., :-1]), rates(signal.before[..., 1:])
    rate, pull = (0.5 * (one + other) for one, other in zip(*ends, strict=True))
    weight = np.empty(signal.shape)
    relax(
        rate * signal.gate, pull / rate, np.diff(signal.time), sigma, signal.key, signal.stream, start[variable], weight
    )
    return {variable: weight}
