"""The calcitron of Moldwin, Azran & Segev 2025: the weight moves by the region that calcium is in, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.plasticity.kernels.pieces import regions
from spinemc.plasticity.signal import Signal

PARAMETERS: dict[str, Any] = {
    "set": "plateau",
    "theta_d": 0.5,
    "theta_p": 1.0,
    "eta_d": 0.1,
    "eta_p": 0.1,
    "target_d": 0.0,
    "target_p": 1.0,
    "change_d": 0.0,
    "change_p": 0.0,
    "step": 1.0,
    "weight_0": 0.5,
}
"""Defaults, from Moldwin et al. 2025 (PLoS Comput Biol) and its code; all may be overridden.

set : "plateau", each region draws the weight to a plateau, or "linear", each adds to it
theta_d, theta_p : thresholds of depression and potentiation [1], of the paper's examples
eta_d, eta_p : share of the way to the plateau that is gone in a step, in each region [1]
target_d, target_p : the plateaus [1]; swapped, the rule is anti-Hebbian
change_d, change_p : what a step adds in each region [1]
step : time of a step [s]: a choice, the paper has steps alone
weight_0 : weight at the start [1]: a choice
"""

SETS: dict[str, dict[str, float]] = {
    "plateau": {},
    "linear": {"eta_d": 0.0, "eta_p": 0.0, "change_d": -0.1, "change_p": 0.2},
}
"""The two forms of the rule."""

UNIT = "1"
"""What the rule reads calcium in."""

BETWEEN = "hold"
"""What calcium does between two samples: each is one of the paper's steps."""

VARIABLES = {"weight": {"long_name": "synaptic weight", "units": "1"}}
"""Names and attributes of what `states` returns."""


def states(signal: Signal, p: dict[str, Any], start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    r"""The synaptic weight.

    Parameters
    ----------
    signal : Signal
        Calcium [1].
    p : dict
        Every entry of `PARAMETERS`.
    start : dict
        `weight` at the first time, (trial, synapse) float64.

    Returns
    -------
    dict
        `weight`, (trial, synapse, t) float64 [1].

    Raises
    ------
    ScenarioError
        A share that is not within 0 and 1, a step that is not above 0, or theta_d above theta_p.

    Notes
    -----
    In a step within a region :math:`\Delta w = \eta (F - w)`, or :math:`\Delta w` is a number. A part of a step does as
    many repetitions of it as it is long, :math:`w \to F + (w - F)(1 - \eta)^{t/step}`.
    """
    if not (0.0 <= p["eta_d"] <= 1.0 and 0.0 <= p["eta_p"] <= 1.0):
        raise ScenarioError("plasticity.parameters: eta_d and eta_p of calcitron2025 are from 0 to 1.")
    if not p["step"] > 0.0:
        raise ScenarioError("plasticity.parameters.step of calcitron2025 is above 0.")
    if p["theta_d"] > p["theta_p"]:
        raise ScenarioError("plasticity.parameters: theta_d of calcitron2025 is not above theta_p: swap the targets.")
    weight = np.empty(signal.shape)
    columns = [[0.0, p[f"{name}_d"], p[f"{name}_p"]] for name in ("target", "eta", "change")]
    regions(
        np.diff(signal.time), signal.gate, signal.before, signal.after, signal.tau,
        np.array([p["theta_d"], p["theta_p"]]), p["step"], *map(np.array, columns), start["weight"], weight,
    )  # fmt: skip
    return {"weight": weight}


def calcium(
    inputs: np.ndarray,
    weight: np.ndarray,
    output: float,
    supervisor: float,
    alpha: float,
    beta: float,
    gamma: float,
    delta: float,
) -> np.ndarray:
    r"""The paper's calcium of each synapse in one step.

    Parameters
    ----------
    inputs, weight : (synapse,) float64
        Which inputs are active, and the weights.
    output, supervisor : float
        Whether the cell fires, and whether its teacher does.
    alpha, beta, gamma, delta : float
        Calcium of a synapse's own input, of all inputs by their weights, of the output and of the teacher.

    Returns
    -------
    (synapse,) float64
        :math:`C_i = \alpha x_i + \beta \sum_j w_j x_j + \gamma \hat y + \delta Z`.
    """
    return alpha * inputs + beta * float(weight @ inputs) + gamma * output + delta * supervisor
