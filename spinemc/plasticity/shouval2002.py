"""The calcium-control rule of Shouval, Bear & Cooper 2002, on calcium in uM."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc.plasticity.relaxed import relaxed
from spinemc.plasticity.signal import Signal

PARAMETERS: dict[str, Any] = {
    "set": "2002",
    "alpha_1": 0.35,
    "alpha_2": 0.55,
    "beta_1": 80.0,
    "beta_2": 80.0,
    "lambda": 1.0,
    "p_1": 0.1,
    "p_2": 1e-5,
    "p_3": 3.0,
    "p_4": 1.0,
    "weight_0": 0.25,
    "noise": False,
    "sigma": 0.05,
}
"""Defaults, from Shouval et al. 2002 (PNAS 99:10831) and code of its rule; all may be overridden.

set : "2002", or "2004" with the thresholds of the stochastic variant
alpha_1, alpha_2 : thresholds of depression and potentiation [uM]
beta_1, beta_2 : steepness of the sigmoids there [1/uM]
lambda : how strongly the weight decays [1]
p_1 .. p_4 : time constant [s], p_1 / (p_2 + Ca^p_3) + p_4
weight_0 : weight at the start [1]
noise, sigma : whether the weight is noisy, and its standard deviation at constant calcium [1]: a choice
"""

SETS: dict[str, dict[str, float]] = {
    "2002": {},
    "2004": {"alpha_1": 0.40, "alpha_2": 0.65, "beta_1": 30.0, "beta_2": 30.0},
}
"""Published sets, as what differs from `PARAMETERS`."""

UNIT = "uM"
"""What the rule reads calcium in."""

VARIABLES = {"weight": {"long_name": "synaptic weight", "units": "1"}}
"""Names and attributes of what `states` returns."""


def drive(calcium: np.ndarray, p: dict[str, Any]) -> np.ndarray:
    r"""The weight that calcium would lead to in the end, for lambda = 1.

    Returns
    -------
    ndarray
        :math:`\Omega` [1], of the shape of `calcium` [uM].

    Notes
    -----
    .. math:: \Omega = 1/4 + \mathrm{sig}(Ca - \alpha_2, \beta_2) - 1/4 \, \mathrm{sig}(Ca - \alpha_1, \beta_1)
    """
    low, high = (np.tanh(0.5 * p[f"beta_{i}"] * (calcium - p[f"alpha_{i}"])) for i in (1, 2))
    return 0.25 + 0.5 * (1.0 + high) - 0.125 * (1.0 + low)


def time_constant(calcium: np.ndarray, p: dict[str, Any]) -> np.ndarray:
    r"""How fast the weight follows its drive.

    Returns
    -------
    ndarray
        :math:`\tau = 1/\eta = P_1 / (P_2 + Ca^{P_3}) + P_4` [s], of the shape of `calcium` [uM].
    """
    return p["p_1"] / (p["p_2"] + np.asarray(calcium, np.float64) ** p["p_3"]) + p["p_4"]


def states(signal: Signal, p: dict[str, Any], start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    r"""The synaptic weight, :math:`dw/dt = \eta (\Omega - \lambda w)`.

    Parameters, returns and the step are those of `spinemc.plasticity.bell2022.states`, with calcium in uM.
    """

    def rates(calcium: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        eta = 1.0 / time_constant(calcium, p)
        return p["lambda"] * eta, drive(calcium, p) * eta

    return relaxed("weight", signal, rates, p["sigma"] if p["noise"] else 0.0, start)
