"""The rule of Graupner & Brunel 2012: efficacy with two stable states, on calcium in steps of one presynaptic spike."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from spinemc.plasticity.kernels.zones import bistable
from spinemc.plasticity.signal import Signal

_COLUMNS = (
    "tau_ca", "c_pre", "c_post", "theta_p", "gamma_d", "gamma_p", "sigma", "tau", "delay", "beta", "strength",
)  # fmt: skip
SETS: dict[str, dict[str, float]] = {
    name: dict(zip(_COLUMNS, row, strict=True))
    for name, row in {
        "DP": (0.020, 1.0, 2.0, 1.3, 200.0, 321.808, 2.8284, 150.0, 0.0137, 0.5, 5.0),
        "DPD": (0.020, 0.9, 0.9, 1.3, 250.0, 550.0, 2.8284, 150.0, 0.0046, 0.5, 5.0),
        "DPD'": (0.020, 1.0, 2.0, 2.5, 50.0, 600.0, 2.8284, 150.0, 0.0022, 0.5, 5.0),
        "P": (0.020, 2.0, 2.0, 1.3, 160.0, 257.447, 2.8284, 150.0, 0.0, 0.5, 5.0),
        "D": (0.020, 0.6, 0.6, 1.3, 500.0, 550.0, 5.6568, 150.0, 0.0, 0.5, 5.0),
        "D'": (0.020, 1.0, 2.0, 3.5, 60.0, 600.0, 2.8284, 150.0, 0.0, 0.5, 5.0),
        "hippocampal slices": (
            0.0488373, 1.0, 0.275865, 1.3, 313.0965, 1645.59, 9.1844, 688.355, 0.0188008, 0.7, 5.28145,
        ),
        "hippocampal cultures": (
            0.0119536, 0.58156, 1.76444, 1.3, 61.141, 113.6545, 2.5654, 33.7596, 0.010, 0.5, 36.0263,
        ),
        "cortical slices": (
            0.0226936, 0.5617539, 1.23964, 1.3, 331.909, 725.085, 3.3501, 346.3615, 0.0046098, 0.5, 5.40988,
        ),
    }.items()
}  # fmt: skip
"""The nine published sets of parameters, by name."""

SETS |= {
    f"2016 {name}": dict(zip((*_COLUMNS[:6], "tau", "delay"), row, strict=True)) | {"sigma": 0.0, "nonlinearity": most}
    for name, most, row in (
        ("linear", 1.0, (0.02227, 0.84499, 1.62138, 2.00929, 137.759, 597.089, 520.761, 0.009537)),
        ("nonlinear", 2.0, (0.01893, 0.86467, 2.30815, 4.9978, 111.825, 894.237, 707.023, 0.010)),
    )
}

PARAMETERS: dict[str, Any] = {
    "set": "DP", **SETS["DP"], "theta_d": 1.0, "rho_0": 0.0, "nonlinearity": 1.0, "noise": False,
}  # fmt: skip
"""Defaults, from Graupner & Brunel 2012 (PNAS 109:3991) and the authors' code; all may be overridden.

set : one of `SETS`. "2016 linear" and "2016 nonlinear", of Graupner, Wallisch & Ostojic 2016, have neither
    noise (sigma is 0 here) nor beta and strength (those of DP here, a choice)
tau_ca, c_pre, c_post, delay : calcium trace of the paper: decay [s], steps of a pre- and a postsynaptic spike, delay of
    the first [s]; used by `spinemc.plasticity.traces.of_rule` alone, as is
nonlinearity : the peak of both spikes at once, in units of the sum of their steps
theta_d, theta_p : thresholds of depression and potentiation [steps]
gamma_d, gamma_p : strength of both [1]
tau : time constant of the efficacy [s]
noise, sigma : whether the efficacy is noisy, and the amplitude of the noise [1]; that it is off by default is a choice
beta : share of synapses that are DOWN at first, for `outcome` [1]
strength : weight of an UP synapse in units of a DOWN one [1]
rho_0 : efficacy at the start [1]
"""

UNIT = "1"
"""What the rule reads calcium in."""

VARIABLES = {
    "weight": {"long_name": "synaptic weight in units of that of a DOWN synapse", "units": "1"},
    "rho": {"long_name": "synaptic efficacy", "units": "1"},
}
"""Names and attributes of what `states` returns."""

RHO_STAR = 0.5
"""The unstable efficacy between DOWN, 0, and UP, 1."""


class Outcome(NamedTuple):
    """Probabilities of a change of state, and the change of the mean strength of a population as a ratio."""

    up: float
    down: float
    change: float


def states(signal: Signal, p: dict[str, Any], start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    r"""Efficacy and weight.

    Parameters
    ----------
    signal : Signal
        Calcium [steps].
    p : dict
        Every entry of `PARAMETERS`.
    start : dict
        `rho` at the first time, (trial, synapse) float64.

    Returns
    -------
    dict
        `rho`, and `weight`, 1 + (strength - 1) rho: (trial, synapse, t) float64 [1].

    Notes
    -----
    .. math:: \tau \dot\rho = -\rho (1 - \rho)(1/2 - \rho) + \gamma_p (1 - \rho) \Theta(c - \theta_p)
              - \gamma_d \rho \Theta(c - \theta_d)
              + \sigma \sqrt{\tau} \sqrt{\Theta(c - \theta_d) + \Theta(c - \theta_p)} \, \eta

    An interval is cut where calcium crosses a threshold. In each piece the cubic is solved exactly, and so is the rest,
    an Ornstein-Uhlenbeck process: half of the one, the other, half of the one. Without calcium any interval is exact.
    """
    rho = np.empty(signal.shape)
    bistable(
        np.diff(signal.time), signal.gate, signal.before, signal.after, signal.tau, p["theta_d"], p["theta_p"],
        p["tau"], p["gamma_d"], p["gamma_p"], p["sigma"] if p["noise"] else 0.0, signal.key, signal.stream,
        start["rho"], rho,
    )  # fmt: skip
    return {"weight": 1.0 + (p["strength"] - 1.0) * rho, "rho": rho}


def outcome(above_d: float, above_p: float, duration: float, p: dict[str, Any]) -> Outcome:
    r"""What a protocol does to a population of synapses, by the authors' formula.

    Parameters
    ----------
    above_d, above_p : float
        Fractions of the protocol's time that calcium is above theta_d and theta_p, as
        `spinemc.plasticity.traces.fractions_above` gives them.
    duration : float
        Of the protocol [s].
    p : dict
        Every entry of `PARAMETERS`, as `spinemc.plasticity.complete` gives them.

    Returns
    -------
    Outcome
        `up`, the probability that a DOWN synapse goes UP, `down`, that of the other way, and `change`, the mean
        strength after the protocol over that before it.

    Notes
    -----
    With :math:`\Gamma_i = \gamma_i \alpha_i`, :math:`\bar\rho = \Gamma_p / (\Gamma_p + \Gamma_d)`,
    :math:`s^2 = \sigma^2 (\alpha_p + \alpha_d) / (\Gamma_p + \Gamma_d)` and
    :math:`\tau' = \tau / (\Gamma_p + \Gamma_d)`, the efficacy at the end is a normal number of mean
    :math:`\bar\rho + (\rho_0 - \bar\rho) e^{-T/\tau'}` and variance :math:`s^2 (1 - e^{-2T/\tau'}) / 2`; above 1/2 it
    ends UP. The bistable drift during the protocol is left out.
    """
    up, down = p["gamma_p"] * above_p, p["gamma_d"] * above_d
    if up + down > 0.0:
        mean, left = up / (up + down), math.exp(-duration * (up + down) / p["tau"])
        variance = p["sigma"] ** 2 * (above_p + above_d) / (up + down) * (1.0 - left * left)

        def ends_up(rho: float) -> float:
            distance = mean + (rho - mean) * left - RHO_STAR
            return 0.5 * (1.0 + math.erf(distance / math.sqrt(variance))) if variance > 0.0 else float(distance > 0.0)

        turned_up, turned_down = ends_up(0.0), 1.0 - ends_up(1.0)
    else:
        turned_up = turned_down = 0.0
    beta, b = p["beta"], p["strength"]
    after = beta * (1.0 - turned_up) + (1.0 - beta) * turned_down
    after += b * (beta * turned_up + (1.0 - beta) * (1.0 - turned_down))
    return Outcome(turned_up, turned_down, after / (beta + (1.0 - beta) * b))
