"""The calcium-control rule of Bell, Holst, Lee & Rangamani 2022, on calcium in ions."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.plasticity.relaxed import relaxed
from spinemc.plasticity.signal import Signal
from spinemc.units import MICROMOLAR

PARAMETERS: dict[str, Any] = {
    "set": "2022",
    "theta_p": 400.0,
    "theta_d": 100.0,
    "beta": 0.2977,
    "tau_1": 1.0,
    "tau_2": 10.0,
    "tau_3": 0.001,
    "tau_4": 2.0,
    "weight_0": 0.0,
    "reference_volume": 0.0,
    "noise": False,
    "sigma": 0.05,
}
r"""Defaults, from Bell et al. 2022 (J Gen Physiol 154:e202112980) and its code; all may be overridden.

set : one of `SETS`
theta_p, theta_d : thresholds of potentiation and depression [ions]
beta : steepness of both sigmoids [1/ion]
tau_1, tau_2 : fastest time constant and scale of the slow ones [s]
tau_3, tau_4 : what bounds the time constant at rest, and its power of calcium [1]
weight_0 : weight at the start [1]
reference_volume : 0, counts are read in ions as published; a volume [um^3] makes the thresholds
    concentrations, those of theta ions in that volume (0.09 um^3 in the paper's concentration variant)
noise, sigma : whether the weight is noisy, and its standard deviation at constant calcium [1]: a choice, the
    published rule has none
"""

SETS: dict[str, dict[str, float]] = {
    "2022": {},
    "2019": {
        "theta_p": 20.0 * MICROMOLAR, "theta_d": 2.0 * MICROMOLAR, "beta": 60.0 / MICROMOLAR, "reference_volume": 1.0,
    },
}  # fmt: skip
"""Published sets, as what differs from `PARAMETERS`.

"2019" is the same rule in Mahajan & Nadkarni 2019 (J Physiol 597:3473), on a concentration of activated calmodulin,
with thresholds of 20 and 2 uM and a steepness of 60 /uM: name calmodulin as the species.
"""

UNIT = "ions"
"""What the rule reads calcium in."""

VARIABLES = {"weight": {"long_name": "synaptic weight, as a change from the start of learning", "units": "1"}}
"""Names and attributes of what `states` returns."""


def drive(ions: np.ndarray, p: dict[str, Any]) -> np.ndarray:
    r"""The weight that calcium would lead to in the end.

    Parameters
    ----------
    ions : ndarray
        Calcium [ions].
    p : dict
        Every entry of `PARAMETERS`.

    Returns
    -------
    ndarray
        :math:`\Omega` [1], of the shape of `ions`.

    Notes
    -----
    .. math:: \Omega = \frac{1}{1 + e^{-\beta (Ca - \theta_P)}} - \frac{1/2}{1 + e^{-\beta (Ca - \theta_D)}}
    """
    high, low = (np.tanh(0.5 * p["beta"] * (ions - p[theta])) for theta in ("theta_p", "theta_d"))
    return 0.5 * (1.0 + high) - 0.25 * (1.0 + low)


def time_constant(ions: np.ndarray, p: dict[str, Any]) -> np.ndarray:
    r"""How fast the weight follows its drive.

    Returns
    -------
    ndarray
        :math:`\tau_w` [s], of the shape of `ions` [ions].

    Notes
    -----
    .. math:: \tau_w = \tau_1 + \frac{\tau_2}{\tau_3 + (2 Ca / (\theta_D + \theta_P))^{\tau_4}}
    """
    relative = 2.0 * np.asarray(ions, dtype=np.float64) / (p["theta_d"] + p["theta_p"])
    return p["tau_1"] + p["tau_2"] / (p["tau_3"] + relative ** p["tau_4"])


def states(signal: Signal, p: dict[str, Any], start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    r"""The synaptic weight.

    Parameters
    ----------
    signal : Signal
        Calcium [ions].
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
        With `reference_volume`, where the volume of a compartment is not known.

    Notes
    -----
    :math:`\tau_w \, dW/dt = \Omega - W`. Between two samples 1/tau and Omega/tau are taken as the mean of
    their values at the two ends; the linear equation that remains is solved exactly, so the result stays
    between the extremes of the drive for any spacing of samples.
    """
    scale = 1.0
    if p["reference_volume"] > 0.0:
        if not (signal.volume > 0.0).all():
            raise ScenarioError("bell2022: reference_volume needs the volume of the compartment [um^3].")
        scale = p["reference_volume"] / signal.volume[:, None]

    def rates(ions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rate = 1.0 / time_constant(scale * ions, p)
        return rate, drive(scale * ions, p) * rate

    return relaxed("weight", signal, rates, p["sigma"] if p["noise"] else 0.0, start)
