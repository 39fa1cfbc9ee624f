"""What receptors see and let in: glutamate, the block by magnesium, and the calcium of an open NMDA receptor."""

from __future__ import annotations

import numpy as np

from spinemc.mechanisms.channels import FARADAY
from spinemc.units import AVOGADRO

NMDAR_BINDING = (2e7, 1e7)
"""How fast the first and the second glutamate bind [M^-1 s^-1]."""

BLOCKS = {
    "jahr_stevens": (0.062, 3.57),
    "vargas_caballero": (0.072, 2.552),
    "bell": (0.092, 3.57),
    "grunditz": (0.080, 0.69),
}
"""Block by magnesium as a factor: its slope with the voltage [1/mV], and the magnesium that blocks half at 0 mV [mM].

Jahr & Stevens 1990; Vargas-Caballero & Robinson 2003, as Chindemi et al. 2022 use it; Bell et al. 2022; Grunditz et
al. 2008.
"""


def magnesium_block(millivolts: np.ndarray | float, form: str = "bell", magnesium: float = 1.0) -> np.ndarray:
    r"""Share of the conductance of an open NMDA receptor that magnesium leaves.

    Parameters
    ----------
    millivolts : array_like
        Voltage [mV].
    form : str
        A key of `BLOCKS`.
    magnesium : float
        Outside [mM].

    Returns
    -------
    ndarray
        :math:`B = 1 / (1 + [Mg] e^{-sV} / K)`, s and K of the form.
    """
    slope, half = BLOCKS[form]
    return 1.0 / (1.0 + magnesium / half * np.exp(-slope * np.asarray(millivolts, dtype=np.float64)))


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


def nmdar_unblocked_flux(
    millivolts: np.ndarray | float, conductance: float = NMDAR_CONDUCTANCE, reversal: float = NMDAR_REVERSAL
) -> np.ndarray:
    r"""Ions a second that enter through one NMDA receptor that is open and has no magnesium in it.

    Parameters
    ----------
    millivolts : array_like
        Voltage [mV].
    conductance : float
        :math:`g` [S]
    reversal : float
        :math:`V_r` [mV]

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
    return conductance * 1e-3 * np.maximum(reversal - v, 0.0) * AVOGADRO / (2.0 * FARADAY)


def nmdar_block(millivolts: np.ndarray | float, magnesium: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    r"""How fast magnesium goes into an open NMDA receptor, and how fast it comes out.

    Parameters
    ----------
    millivolts : array_like
        Voltage [mV].
    magnesium : float
        Outside [mM]; the published rate is that at 1 mM, and that it goes in proportion is mass action.

    Returns
    -------
    block, unblock : ndarray
        :math:`1200 e^{-V/17}` and :math:`10800 e^{V/47}` [s^-1]. The receptor's ten states and their
        rates are twice those of Kampa, Clements, Jonas & Stuart 2004 (J Physiol 556:337), nearly.
    """
    v = np.asarray(millivolts, dtype=np.float64)
    return magnesium * 1200.0 * np.exp(-v / 17.0), 10800.0 * np.exp(v / 47.0)


def glutamate(time: np.ndarray | float, peak: float = 1e-3, decay: float = 1.2e-3) -> np.ndarray:
    """Glutamate at the PSD after a release at time 0: at once at its peak, then an exponential decay.

    A choice, not the paper's: Bell et al. 2022 follow 500 molecules between two membranes. Peak and decay are about
    those measured at synapses in culture (Clements, Lester, Tong, Jahr & Westbrook 1992, Science 258:1498).

    Parameters
    ----------
    time : array_like
        [s]
    peak : float
        [M]
    decay : float
        Time constant [s].

    Returns
    -------
    ndarray
        [M]
    """
    return peak * np.exp(-np.asarray(time, dtype=np.float64) / decay)


def nmdar_binding(concentration: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """How fast an NMDA receptor binds its first and its second glutamate, at a concentration [M]; [s^-1]."""
    first, second = NMDAR_BINDING
    return first * np.asarray(concentration, dtype=np.float64), second * np.asarray(concentration, dtype=np.float64)
