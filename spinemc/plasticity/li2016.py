"""Tagging and capture by Li, Kulvicius & Tetzlaff 2016: early and late phase, on calcium in steps of a spike."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc.plasticity.kernels.capture import late
from spinemc.plasticity.signal import Signal

_REST = 5.0 * 1645.6 / (1645.6 + 313.1)

SETS: dict[str, dict[str, float]] = {"synapse": {}, "network": {"c_pre": 0.6, "c_post": 0.16548}}
"""Steps of calcium of single synapses, and those of the published networks, 0.6 times as large."""

PARAMETERS: dict[str, Any] = {
    "set": "synapse",
    "tau_ca": 0.0488,
    "c_pre": 1.0,
    "c_post": 0.2758,
    "delay": 0.0188,
    "theta_d": 1.2,
    "theta_p": 3.0,
    "gamma_d": 313.1,
    "gamma_p": 1645.6,
    "tau_h": 688.4,
    "h_rest": _REST,
    "h_top": 10.0,
    "pull": 0.1,
    "sigma": 2.90436,
    "tau_z": 3600.0,
    "tau_p": 3600.0,
    "alpha": 1.0,
    "theta_tag": 0.2 * _REST,
    "theta_pro": 0.5 * _REST,
    "z_low": -0.5,
    "h_0": _REST,
    "z_0": 0.0,
    "p_0": 0.0,
    "noise": False,
}
"""Defaults, from Li et al. 2016 (PLoS ONE 11:e0161679) and code of Luboeinski & Tetzlaff 2021; all may be overridden.

set : one of `SETS`
tau_ca, c_pre, c_post, delay : calcium trace of the papers: decay [s], steps of a pre- and a postsynaptic spike, delay
    of the first [s]; used by `spinemc.plasticity.traces.of_rule` alone
theta_d, theta_p : thresholds of depression and potentiation [steps]
gamma_d, gamma_p : strength of both [1]
tau_h : time constant of the early phase [s]
h_rest, h_top : where it rests, 5 gamma_p / (gamma_p + gamma_d), and where potentiation alone would lead it [mV]
pull : how strongly it is drawn back to rest [1]
noise, sigma : whether it is noisy, and the amplitude of the noise [mV]; that it is off by default is a choice
tau_z, tau_p : time constants of the late phase and of the protein [s]
alpha : level that the protein tends to [1]
theta_tag : |h - h_rest| of a synapse above which it is tagged [mV]
theta_pro : sum of these over synapses above which protein is made [mV]
z_low : late phase of full depression [1]
h_0, z_0, p_0 : values at the start [mV, 1, 1]
"""

UNIT = "1"
"""What the rule reads calcium in."""

VARIABLES = {
    "weight": {"long_name": "synaptic weight, early and late phase", "units": "mV"},
    "h": {"long_name": "early phase", "units": "mV"},
    "z": {"long_name": "late phase", "units": "1"},
    "p": {"long_name": "protein of the dendrite", "units": "1"},
}
"""Names and attributes of what `states` returns."""


def states(signal: Signal, p: dict[str, Any], start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    r"""Early and late phase of each synapse, and the protein that the synapses of a trial share.

    Parameters
    ----------
    signal : Signal
        Calcium [steps].
    p : dict
        Every entry of `PARAMETERS`.
    start : dict
        `h` [mV], `z` [1] and `p` [1] at the first time, (trial, synapse) float64; of `p`, the first synapse's.

    Returns
    -------
    dict
        `weight` [mV], `h` [mV], `z` [1] and `p` [1], (trial, synapse, t) float64.

    Notes
    -----
    .. math::
        \tau_h \dot h &= a (h_0 - h) + \gamma_p (10 - h) \Theta(c - \theta_p) - \gamma_d h \Theta(c - \theta_d)
            + \sqrt{\tau_h [\Theta(c - \theta_p) + \Theta(c - \theta_d)]} \, \sigma \zeta \\
        \tau_z \dot z &= p (1 - z) \Theta(h - h_0 - \theta_{tag}) - p (z + 1/2) \Theta(h_0 - h - \theta_{tag}) \\
        \tau_p \dot p &= -p + \alpha \Theta(\textstyle\sum |h - h_0| - \theta_{pro}), \qquad w = h + h_0 z

    h is exact for any interval, since it is cut where calcium crosses a threshold. The times at which tags and the sum
    of all cross theirs, between samples, are exact while no synapse is driven, so that hours of rest need few samples;
    p and z are exact given these times.
    """
    h, z, protein = (np.empty(signal.shape) for _ in range(3))
    late(
        np.diff(signal.time), signal.gate, signal.before, signal.after, signal.tau, p["theta_d"], p["theta_p"],
        p["h_rest"], p["tau_h"], p["gamma_d"], p["gamma_p"], p["pull"], p["h_top"], p["sigma"] if p["noise"] else 0.0,
        p["tau_z"], p["theta_tag"], p["tau_p"], p["theta_pro"], p["alpha"], p["z_low"], signal.key, signal.stream,
        start["h"], start["z"], start["p"], h, z, protein,
    )  # fmt: skip
    return {"weight": h + p["h_rest"] * z, "h": h, "z": z, "p": protein}
