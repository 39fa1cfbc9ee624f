r"""Channels, pumps and buffers of the literature: rates that change in time, and tables of a scenario.

All numbers are those of Bell, Holst, Lee & Rangamani 2022 (J Gen Physiol 154:e202112980), read in the code that
accompanies it (RangamaniLabUCSD/StochasticSpineSimulations), unless something else is said where they stand. The one
exception is the glutamate transient, which is a choice: see `glutamate`. Times in s, voltages in mV, rates in s^-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spinemc.units import AVOGADRO

FARADAY = 96485.33212
"""Charge of a mole of elementary charges [C/mol], exact since the SI of 2019."""

BELL_2022 = "Bell, Holst, Lee & Rangamani 2022, J Gen Physiol 154:e202112980, and its MCell code"


@dataclass(frozen=True)
class Mechanism:
    """A channel, a pump or a buffer as tables of a scenario, which `spinemc.Scenario` takes as they are.

    Attributes
    ----------
    source : str
        Where its numbers come from.
    species, reaction, release : tuple of dict
        Tables as in a scenario file.
    """

    source: str
    species: tuple[dict[str, Any], ...] = ()
    reaction: tuple[dict[str, Any], ...] = ()
    release: tuple[dict[str, Any], ...] = ()


def _table(name: str) -> dict[str, str]:
    return {"table": f"tables/{name}.csv"}


def _membrane(*names: str, on: str = "membrane") -> tuple[dict[str, Any], ...]:
    return tuple({"name": name, "on": on} for name in names)


CALCIUM = Mechanism(
    source=BELL_2022,
    species=({"name": "Ca", "D": "220 um^2/s"},),
    reaction=({"equation": "Ca -> 0", "kf": "50 /s"},),
    release=({"species": "Ca", "concentration": "100 nM", "in": "cytosol"},),
)
"""Free calcium, and the slow loss of it that stands for whatever else takes it up."""

MOBILE_BUFFER = Mechanism(
    source=BELL_2022,
    species=({"name": "Bm", "D": "20 um^2/s"}, {"name": "CaBm", "D": "20 um^2/s"}),
    reaction=({"equation": "Ca + Bm <-> CaBm", "kf": "1e6 /M/s", "kb": "1 /s"},),
    release=({"species": "Bm", "concentration": "20 uM", "in": "cytosol"},),
)

FIXED_BUFFER = Mechanism(
    source=BELL_2022,
    species=_membrane("Bf", "CaBf"),
    reaction=({"equation": "Ca + Bf <-> CaBf", "kf": "1e6 /M/s", "kb": "2 /s"},),
    release=({"species": "Bf", "density": "4791 /um^2", "on": "membrane", "exact": True},),
)

PMCA = Mechanism(
    source=BELL_2022,
    species=_membrane("PMCA", "PMCA_Ca"),
    reaction=(
        {"equation": "Ca + PMCA <-> PMCA_Ca", "kf": "1.5e8 /M/s", "kb": "15 /s"},
        {"equation": "PMCA_Ca -> PMCA", "kf": "12 /s"},
        {"equation": "PMCA -> PMCA + Ca", "kf": "4.3 /s"},
    ),
    release=({"species": "PMCA", "density": "998 /um^2", "on": "membrane", "exact": True},),
)

NCX = Mechanism(
    source=BELL_2022,
    species=_membrane("NCX", "NCX_Ca"),
    reaction=(
        {"equation": "Ca + NCX <-> NCX_Ca", "kf": "3e8 /M/s", "kb": "300 /s"},
        {"equation": "NCX_Ca -> NCX", "kf": "600 /s"},
        {"equation": "NCX -> NCX + Ca", "kf": "19.4 /s"},
    ),
    release=({"species": "NCX", "density": "142 /um^2", "on": "membrane", "exact": True},),
)

VSCC = Mechanism(
    source=f"{BELL_2022}: 2 um^-2 of the membrane, a whole number in each spine; tables by `vscc_rates`, `vscc_flux`",
    species=_membrane("VSCC_0", "VSCC_1", "VSCC_2", "VSCC_3", "VSCC"),
    reaction=(
        *(
            {
                "equation": f"VSCC_{i - 1} <-> VSCC" + (f"_{i}" if i < 4 else ""),
                "kf": _table(f"vscc_{i}_forward"),
                "kb": _table(f"vscc_{i}_reverse"),
            }
            for i in (1, 2, 3, 4)
        ),
        {"equation": "VSCC -> VSCC + Ca", "kf": _table("vscc_flux")},
    ),
)

NMDAR = Mechanism(
    source=f"{BELL_2022}: 150 um^-2 of the PSD, a whole number in each spine; tables by `nmdar_binding`, `nmdar_flux`",
    species=_membrane("NMDAR_C0", "NMDAR_C1", "NMDAR_C2", "NMDAR_D", "NMDAR", on="psd"),
    reaction=(
        {"equation": "NMDAR_C0 <-> NMDAR_C1", "kf": _table("nmdar_bind_1"), "kb": "11 /s"},
        {"equation": "NMDAR_C1 <-> NMDAR_C2", "kf": _table("nmdar_bind_2"), "kb": "22 /s"},
        {"equation": "NMDAR_C2 <-> NMDAR", "kf": "93 /s", "kb": "183.2 /s"},
        {"equation": "NMDAR_C2 <-> NMDAR_D", "kf": "16.8 /s", "kb": "3.6 /s"},
        {"equation": "NMDAR -> NMDAR + Ca", "kf": _table("nmdar_flux")},
    ),
)

NMDAR_BINDING = (2e7, 1e7)
"""How fast the first and the second glutamate bind [M^-1 s^-1]."""

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


def tables(time: np.ndarray, peak: float = 1e-3, decay: float = 1.2e-3) -> dict[str, tuple[str, np.ndarray]]:
    """All rates that `VSCC` and `NMDAR` take from tables, at the voltage of Bell et al. 2022.

    Parameters
    ----------
    time : (t,) float64
        [s]
    peak, decay : float
        Of the glutamate transient [M], [s].

    Returns
    -------
    dict
        By name: what it is, and (t,) float64 [s^-1].
    """
    v = voltage(time)
    forward, reverse = vscc_rates(v)
    first, second = nmdar_binding(glutamate(time, peak, decay))
    at = "at the voltage of Bell et al. 2022"
    transient = f"glutamate of {1e3 * peak:g} mM at time 0, decaying with {1e3 * decay:g} ms (a choice)"
    gating = {
        f"vscc_{i + 1}_{way}": (f"VSCC gating, step {i + 1} {way}, {at}", rates[i])
        for i in range(4)
        for way, rates in (("forward", forward), ("reverse", reverse))
    }
    return gating | {
        "vscc_flux": (f"Ca2+ through one open VSCC {at}", vscc_flux(v)),
        "nmdar_bind_1": (f"first glutamate onto an NMDAR, {transient}", first),
        "nmdar_bind_2": (f"second glutamate onto an NMDAR, {transient}", second),
        "nmdar_flux": (f"Ca2+ through one open NMDAR {at}", nmdar_flux(time, v)),
    }


def write_table(path: str | Path, time: Sequence[float] | np.ndarray, rate: np.ndarray, title: str) -> None:
    """Write a rate table that a scenario reads: a title, a heading, and a row for each time.

    Parameters
    ----------
    path : str or Path
    time : (t,) float64
        Increasing [s].
    rate : (t,) float64
        [s^-1]
    title : str
        What it is; a comment in the file.
    """
    rows = [f"{t:.9g},{k:.9g}" for t, k in zip(time, rate, strict=True)]
    Path(path).write_text("\n".join([f"# {title}", "# time [s], rate [1/s]", *rows]) + "\n", encoding="utf-8")
