"""Tag, trigger and consolidation of Clopath, Ziegler, Vasilaki, Buesing & Gerstner 2008, with tags set by calcium."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc.plasticity.kernels.capture import triggered
from spinemc.plasticity.signal import Signal

PARAMETERS: dict[str, Any] = {
    "theta_d": 0.8,
    "theta_p": 3.0,
    "rate_h": 3.0,
    "rate_l": 0.05,
    "k_h": 1.0 / 3600.0,
    "k_l": 1.0 / 5400.0,
    "tau_z": 360.0,
    "kappa": 0.5,
    "gamma": 0.1,
    "tau_pm": 360.0,
    "tau_pd": 3600.0,
    "theta_pro": 60.0,
    "g_h": 1.0,
    "g_l": 0.5,
    "g_z": 2.0,
    "w_0": 1.0,
    "h_0": 0.0,
    "l_0": 0.0,
    "z_0": 0.0,
    "p_0": 0.0,
    "longest": 10.0,
    "noise": False,
}
"""Defaults, from Clopath et al. 2008 (PLoS Comput Biol 4:e1000248) and its code; all may be overridden.

theta_d, theta_p, rate_h, rate_l : between the thresholds [steps] a synapse gets the tag of depression at rate_l [1/s],
    above them that of potentiation at rate_h [1/s]. In the paper voltage and spikes set the tags: all four are a choice
k_h, k_l : rates at which the tags are lost [1/s]
tau_z, kappa, gamma : time constant [s] of the late phase, its unstable state, and the push of tag and protein [1]
tau_pm, tau_pd : times of making and losing protein [s]
theta_pro : number of tags of a trial's synapses above which protein is made; 60, with 200 synapses in the paper
g_h, g_l, g_z, w_0 : parts of the weight [1]
h_0, l_0, z_0, p_0 : values at the start [1]
longest : time over which the number of tags is taken as constant [s]: a choice
noise : whether tags are drawn, 0 or 1 as published, or what is expected of them; that it is off by default is a choice
"""

UNIT = "1"
"""What the rule reads calcium in."""

VARIABLES = {
    "weight": {"long_name": "synaptic weight, early and late phase", "units": "1"},
    "h": {"long_name": "tag of potentiation", "units": "1"},
    "l": {"long_name": "tag of depression, negative", "units": "1"},
    "z": {"long_name": "late phase", "units": "1"},
    "p": {"long_name": "protein of the dendrite", "units": "1"},
}
"""Names and attributes of what `states` returns."""


def states(signal: Signal, p: dict[str, Any], start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    r"""Tags and late phase of each synapse, and the protein that the synapses of a trial share.

    Parameters
    ----------
    signal : Signal
        Calcium [steps].
    p : dict
        Every entry of `PARAMETERS`.
    start : dict
        `h`, `l`, `z` and `p` at the first time, (trial, synapse) float64; of `p`, the first synapse's.

    Returns
    -------
    dict
        `weight`, `h`, `l`, `z` and `p`, (trial, synapse, t) float64 [1].

    Notes
    -----
    .. math::
        \tau_z \dot z &= z (1 - z)(z - \kappa) + \gamma (h + l) p \\
        \dot p &= \frac{1 - p}{\tau_{pm}} \Theta(\textstyle\sum (h - l) - \theta_{pro}) - \frac{p}{\tau_{pd}} \\
        w &= w_0 + g_h h + g_l l + g_z z

    Drawn tags change event by event, expected ones by the exact solution of their linear equations. The expected form
    is not the mean of the drawn one, because z is not linear in the tags.
    """
    h, l, z, protein = (np.empty(signal.shape) for _ in range(4))  # noqa: E741
    triggered(
        np.diff(signal.time), signal.gate, signal.before, signal.after, signal.tau, p["theta_d"], p["theta_p"],
        p["rate_h"], p["rate_l"], p["k_h"], p["k_l"], p["tau_z"], p["kappa"], p["gamma"], p["tau_pm"], p["tau_pd"],
        p["theta_pro"], p["longest"], p["noise"], signal.key, signal.stream, start["h"], start["l"], start["z"],
        start["p"], h, l, z, protein,
    )  # fmt: skip
    return {"weight": p["w_0"] + p["g_h"] * h + p["g_l"] * l + p["g_z"] * z, "h": h, "l": l, "z": z, "p": protein}
