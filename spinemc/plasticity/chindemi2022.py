"""The rule of Chindemi et al. 2022: efficacy with two stable states, moved by calcium that is integrated, in uM."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc.plasticity.kernels.zones import integrated
from spinemc.plasticity.signal import Signal

PARAMETERS: dict[str, Any] = {
    "theta_d": 0.01,
    "theta_p": 0.02,
    "rest": 0.07,
    "tau_star": 0.2,
    "tau": 70.0,
    "gamma_d": 100.0,
    "gamma_p": 450.0,
    "tau_expression": 100.0,
    "star_0": 0.0,
    "rho_0": 0.0,
    "weight_0": 0.0,
    "longest": 10.0,
    "noise": False,
    "sigma": 2.8284,
}
"""Defaults, from Chindemi et al. 2022 (Nat Commun 13:3038) and its code; all may be overridden.

theta_d, theta_p : thresholds of the integral [uM s]: in the paper each synapse has its own, so these are a choice
rest : calcium that adds nothing [uM]
tau_star : time constant of the integrator [s]
tau, gamma_d, gamma_p : of the efficacy, as those of graupner2012
tau_expression : time constant with which the weight follows the efficacy [s]
star_0, rho_0, weight_0 : values at the start
longest : time over which input and target are taken as constant [s]: a choice
noise, sigma : as those of graupner2012; the published rule has none, so these are a choice
"""

UNIT = "uM"
"""What the rule reads calcium in."""

VARIABLES = {
    "weight": {"long_name": "expressed efficacy", "units": "1"},
    "rho": {"long_name": "synaptic efficacy", "units": "1"},
    "star": {"long_name": "integrated calcium", "units": "umol L-1 s"},
}
"""Names and attributes of what `states` returns."""


def states(signal: Signal, p: dict[str, Any], start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    r"""Integrated calcium, efficacy and weight.

    Parameters
    ----------
    signal : Signal
        Calcium [uM].
    p : dict
        Every entry of `PARAMETERS`.
    start : dict
        `star` [uM s], `rho` and `weight` at the first time, (trial, synapse) float64.

    Returns
    -------
    dict
        `weight` [1], `rho` [1] and `star` [uM s], (trial, synapse, t) float64.

    Notes
    -----
    :math:`\dot c^* = -c^*/\tau^* + (Ca - Ca_{rest})`; the efficacy is that of graupner2012 with :math:`c^*` in place of
    calcium; :math:`\tau_e \dot w = \rho - w`. Between samples calcium is at its mean, for which :math:`c^*` and where
    it crosses a threshold are exact.
    """
    star, rho, weight = (np.empty(signal.shape) for _ in range(3))
    integrated(
        np.diff(signal.time), signal.gate, signal.before, signal.after, signal.tau, p["rest"], p["tau_star"],
        p["theta_d"], p["theta_p"], p["tau"], p["gamma_d"], p["gamma_p"], p["sigma"] if p["noise"] else 0.0,
        p["tau_expression"], p["longest"], signal.key, signal.stream, start["star"], start["rho"], start["weight"],
        star, rho, weight,
    )  # fmt: skip
    return {"weight": weight, "rho": rho, "star": star}
