"""The voltage that a spine sees, the channels that it opens, and the calcium that comes in by an open channel."""

from __future__ import annotations

import numpy as np

from spinemc.chemistry.mechanisms.base import BELL_2022, Mechanism, sites, table
from spinemc.units import AVOGADRO

FARADAY = 96485.33212
"""Charge of a mole of elementary charges [C/mol], exact since the SI of 2019."""

VSCC = Mechanism(
    source=f"{BELL_2022}: 2 um^-2 of the membrane, a whole number in each spine; tables by `vscc_rates`, `vscc_flux`",
    species=sites("VSCC_0", "VSCC_1", "VSCC_2", "VSCC_3", "VSCC"),
    reaction=(
        *(
            {
                "equation": f"VSCC_{i - 1} <-> VSCC" + (f"_{i}" if i < 4 else ""),
                "kf": table(f"vscc_{i}_forward"),
                "kb": table(f"vscc_{i}_reverse"),
            }
            for i in (1, 2, 3, 4)
        ),
        {"equation": "VSCC -> VSCC + Ca", "kf": table("vscc_flux")},
    ),
)

VSCC_FORWARD = np.array([8.08e3, 13.4e3, 8.78e3, 34.7e3])
VSCC_REVERSE = np.array([5.76e3, 12.6e3, 16.3e3, 3.68e3])
VSCC_SLOPE = np.array([49.14, 42.08, 55.31, 26.55])
r"""Rates at 0 mV [s^-1] and slopes [mV] of the four steps that open a voltage-gated channel."""

VSCC_CONDUCTANCE = 3.72e-12
"""Of one open channel [S]."""


def voltage(time: np.ndarray | float) -> np.ndarray:
    r"""The membrane's voltage in an excitatory potential at time 0 with a back-propagating action potential.

    Parameters
    ----------
    time : array_like
        [s]

    Returns
    -------
    ndarray
        [mV]

    Notes
    -----
    Bell et al. 2022, t in ms:

    .. math:: V = -65 + 38 [0.75 e^{-(t-2)/3} + 0.25 e^{-(t-2)/25}] + 25 [e^{-t/50} - e^{-t/5}]

    Used from t = 0 on, as published: the action potential's exponentials, which belong to t > 2 ms, begin at +0.8 mV.
    """
    t = 1e3 * np.asarray(time, dtype=np.float64)
    spike = 38.0 * (0.75 * np.exp(-(t - 2.0) / 3.0) + 0.25 * np.exp(-(t - 2.0) / 25.0))
    synaptic = 25.0 * (np.exp(-t / 50.0) - np.exp(-t / 5.0))
    return -65.0 + spike + synaptic


def vscc_rates(millivolts: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    r"""Gating of the voltage-gated calcium channel, a chain of four closed states and an open one.

    Parameters
    ----------
    millivolts : array_like
        Voltage [mV].

    Returns
    -------
    forward, reverse : (4, ...) ndarray
        :math:`\alpha_i e^{V/V_i}` towards the open state and :math:`\beta_i e^{-V/V_i}` away from it [s^-1].
    """
    v = np.asarray(millivolts, dtype=np.float64)
    column = (slice(None), *(np.newaxis,) * v.ndim)
    growth = np.exp(v / VSCC_SLOPE[column])
    return VSCC_FORWARD[column] * growth, VSCC_REVERSE[column] / growth


def vscc_flux(millivolts: np.ndarray | float) -> np.ndarray:
    r"""Ions a second that enter through one open voltage-gated calcium channel.

    Parameters
    ----------
    millivolts : array_like
        Voltage [mV].

    Returns
    -------
    ndarray
        [s^-1]

    Notes
    -----
    .. math:: k = \frac{\gamma V N_A (0.393 - e^{-V/80.36})}{2 F (1 - e^{V/80.36})}, \quad \gamma = 3.72\ pS

    The quotient V / (1 - exp(V/80.36)) has the limit -80.36 mV at V = 0.
    """
    x = np.asarray(millivolts, dtype=np.float64) / 80.36
    quotient = -80.36e-3 * np.divide(x, np.expm1(x), out=np.ones_like(x), where=x != 0.0)
    return VSCC_CONDUCTANCE * quotient * AVOGADRO * (0.393 - np.exp(-x)) / (2.0 * FARADAY)


def magnesium_block(millivolts: np.ndarray | float) -> np.ndarray:
    """Share of the conductance of an open NMDA receptor that magnesium leaves, at 1 mM, as Bell et al. 2022 have it."""
    return 1.0 / (1.0 + np.exp(-0.092 * np.asarray(millivolts, dtype=np.float64)) / 3.57)


def nmdar_conductance(outside: float = 1.0) -> float:
    r"""Conductance of an open NMDA receptor for calcium.

    Parameters
    ----------
    outside : float
        :math:`n_0`, half of the calcium concentration outside, 2 mM [mM].

    Returns
    -------
    float
        :math:`\zeta = (G_0 + n_0 h) / (1 + n_0 h / g_\infty)` [pS].
    """
    return (65.6 + 11.3 * outside) / (1.0 + 11.3 * outside / 15.2)


def nmdar_flux(time: np.ndarray | float, millivolts: np.ndarray | float) -> np.ndarray:
    r"""Ions a second that enter through one open NMDA receptor.

    Parameters
    ----------
    time : array_like
        Since the synaptic input [s].
    millivolts : array_like
        Voltage at that time [mV].

    Returns
    -------
    ndarray
        [s^-1], inwards.

    Notes
    -----
    Bell et al. 2022, t in ms, V in mV, B the block by magnesium:

    .. math:: \gamma = \frac{G}{2} \left[\frac{e^{-t/50}}{2} + \frac{e^{-t/200}}{2}\right] B(V)
        \frac{(90 - V) 10^{-3}}{85}, \quad G = \frac{10^{19} \zeta}{3.204 \cdot 10^{12}}
    """
    t = 1e3 * np.asarray(time, dtype=np.float64)
    v = np.asarray(millivolts, dtype=np.float64)
    fades = 0.5 * np.exp(-t / 50.0) + 0.5 * np.exp(-t / 200.0)
    conductance = nmdar_conductance() * 1e19 / 3.204e12
    return 0.5 * conductance * fades * magnesium_block(v) * (90.0 - v) * 1e-3 / 85.0


NMDAR_CONDUCTANCE = 4.5e-12
"""For calcium, of one open NMDA receptor without magnesium in it [S]."""

NMDAR_REVERSAL = 3.0
"""Voltage at which no calcium comes in by an NMDA receptor in `nmdar_unblocked_flux` [mV]."""


def nmdar_unblocked_flux(millivolts: np.ndarray | float) -> np.ndarray:
    r"""Ions a second that enter through one NMDA receptor that is open and has no magnesium in it.

    Parameters
    ----------
    millivolts : array_like
        Voltage [mV].

    Returns
    -------
    ndarray
        [s^-1], inwards; none above the voltage at which the current turns round.

    Notes
    -----
    .. math:: k = \frac{g (V_r - V)}{2 e}, \quad g = 4.5\ pS, \quad V_r = 3\ mV

    This is the influx in the rate tables of the code of Bell et al. 2022, in which the block by magnesium is a state
    of the receptor. `nmdar_flux` has the block as a factor: with both, magnesium would count twice.
    """
    v = np.asarray(millivolts, dtype=np.float64)
    return NMDAR_CONDUCTANCE * 1e-3 * np.maximum(NMDAR_REVERSAL - v, 0.0) * AVOGADRO / (2.0 * FARADAY)


def nmdar_block(millivolts: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    r"""How fast magnesium, at 1 mM, goes into an open NMDA receptor, and how fast it comes out.

    Parameters
    ----------
    millivolts : array_like
        Voltage [mV].

    Returns
    -------
    block, unblock : ndarray
        :math:`1200 e^{-V/17}` and :math:`10800 e^{V/47}` [s^-1]. The receptor's ten states and their
        rates are twice those of Kampa, Clements, Jonas & Stuart 2004 (J Physiol 556:337), nearly.
    """
    v = np.asarray(millivolts, dtype=np.float64)
    return 1200.0 * np.exp(-v / 17.0), 10800.0 * np.exp(v / 47.0)
