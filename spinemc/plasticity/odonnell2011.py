"""The rule of O'Donnell, Nolan & van Rossum 2011, on calcium in uM."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc.plasticity.signal import Signal

PARAMETERS: dict[str, Any] = {
    "eta_p": 1.0,
    "eta_d": 0.5,
    "theta_p": 5.5,
    "theta_d": 4.0,
    "slope": 0.2,
    "weight_0": 0.0,
}
"""Defaults, from the script of O'Donnell et al. 2011 (J Neurosci 31:16142); all may be overridden.

eta_p, eta_d : rates of potentiation and depression [1/s]; that the second is half the first is published, the
    first is a choice
theta_p, theta_d : calcium at which each is at half its rate [uM]
slope : width of both sigmoids [uM]
weight_0 : weight at the start [1]
"""

UNIT = "uM"
"""What the rule reads calcium in."""

VARIABLES = {"weight": {"long_name": "synaptic weight, as a change from the start of learning", "units": "1"}}
"""Names and attributes of what `states` returns."""


def speed(calcium: np.ndarray, p: dict[str, Any]) -> np.ndarray:
    r"""How fast the weight changes.

    Returns
    -------
    ndarray
        :math:`\eta_p / (1 + e^{-(Ca - \theta_p) / s}) - \eta_d / (1 + e^{-(Ca - \theta_d) / s})` [1/s], of the shape of
        `calcium` [uM].
    """
    up, down = (np.tanh(0.5 * (calcium - p[f"theta_{way}"]) / p["slope"]) for way in "pd")
    return 0.5 * p["eta_p"] * (1.0 + up) - 0.5 * p["eta_d"] * (1.0 + down)


def states(signal: Signal, p: dict[str, Any], start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The synaptic weight: the integral of `speed`, by the mean of both ends of each interval.

    Parameters and returns are those of `spinemc.plasticity.bell2022.states`, with calcium in uM.
    """
    mean = 0.5 * (speed(signal.after[..., :-1], p) + speed(signal.before[..., 1:], p))
    weight = np.empty(signal.shape)
    weight[..., 0] = start["weight"]
    weight[..., 1:] = start["weight"][..., None] + np.cumsum(mean * signal.gate * np.diff(signal.time), axis=-1)
    return {"weight": weight}
