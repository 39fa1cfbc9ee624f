"""The calcium-control rule of Bell, Holst, Lee & Rangamani 2022, on calcium in ions."""

from __future__ import annotations

import numpy as np

from spinemc.plasticity import complete

PARAMETERS = {
    "theta_p": 400.0,
    "theta_d": 100.0,
    "beta": 0.2977,
    "tau_1": 1.0,
    "tau_2": 10.0,
    "tau_3": 0.001,
    "tau_4": 2.0,
    "weight_0": 0.0,
    "reference_volume": 0.0,
}
r"""Defaults, from Bell et al. 2022 (J Gen Physiol 154:e202112980) and its code; all may be overridden.

theta_p, theta_d : thresholds of potentiation and depression [ions]
beta : steepness of both sigmoids [1/ion]
tau_1, tau_2 : fastest time constant and scale of the slow ones [s]
tau_3, tau_4 : what bounds the time constant at rest, and its power of calcium [1]
weight_0 : weight at the start [1]
reference_volume : 0, counts are read in ions as published; a volume [um^3] makes the thresholds
    concentrations, those of theta ions in that volume (0.09 um^3 in the paper's concentration variant)
"""

VARIABLES = {"weight": {"long_name": "synaptic weight, as a change from the start of learning", "units": "1"}}
"""Names and attributes of what `weights` returns."""


def drive(ions: np.ndarray, p: dict[str, float]) -> np.ndarray:
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


def time_constant(ions: np.ndarray, p: dict[str, float]) -> np.ndarray:
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


def weights(time: np.ndarray, count: np.ndarray, volume: float, parameters: dict[str, float]) -> dict[str, np.ndarray]:
    r"""The synaptic weight of each trial.

    Parameters
    ----------
    time : (t,) float64
        Sample times [s], increasing.
    count : (trial, t) int or float
        Calcium [ions].
    volume : float
        Of the compartment that was counted [um^3]; used only with `reference_volume`.
    parameters : dict
        Values that replace those of `PARAMETERS`.

    Returns
    -------
    dict
        `weight`, (trial, t) float64 [1].

    Raises
    ------
    ScenarioError
        Where `parameters` has a name that is not in `PARAMETERS`.

    Notes
    -----
    :math:`\tau_w \, dW/dt = \Omega - W`. Between two samples 1/tau and Omega/tau are taken as the mean of
    their values at the two ends; the linear equation that remains is solved exactly, so the result stays
    between the extremes of the drive for any spacing of samples.
    """
    p = complete("bell2022", PARAMETERS, parameters)
    ions = np.asarray(count, dtype=np.float64)
    if p["reference_volume"] > 0.0:
        ions = ions * (p["reference_volume"] / volume)
    rate = 1.0 / time_constant(ions, p)
    pull = drive(ions, p) * rate
    rate, pull = (0.5 * (x[:, 1:] + x[:, :-1]) for x in (rate, pull))
    step = -np.expm1(-rate * np.diff(time))
    weight = np.empty_like(ions)
    weight[:, 0] = p["weight_0"]
    for i in range(step.shape[1]):
        weight[:, i + 1] = weight[:, i] + (pull[:, i] / rate[:, i] - weight[:, i]) * step[:, i]
    return {"weight": weight}
