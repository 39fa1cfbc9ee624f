"""Glutamate and the receptors that bind it."""

from __future__ import annotations

import numpy as np

from spinemc.chemistry.mechanisms.base import BELL_2022, Mechanism, sites, table

NMDAR = Mechanism(
    source=f"{BELL_2022}: 150 um^-2 of the PSD, a whole number in each spine; tables by `nmdar_binding`, `nmdar_flux`",
    species=sites("NMDAR_C0", "NMDAR_C1", "NMDAR_C2", "NMDAR_D", "NMDAR", on="psd"),
    reaction=(
        {"equation": "NMDAR_C0 <-> NMDAR_C1", "kf": table("nmdar_bind_1"), "kb": "11 /s"},
        {"equation": "NMDAR_C1 <-> NMDAR_C2", "kf": table("nmdar_bind_2"), "kb": "22 /s"},
        {"equation": "NMDAR_C2 <-> NMDAR", "kf": "93 /s", "kb": "183.2 /s"},
        {"equation": "NMDAR_C2 <-> NMDAR_D", "kf": "16.8 /s", "kb": "3.6 /s"},
        {"equation": "NMDAR -> NMDAR + Ca", "kf": table("nmdar_flux")},
    ),
)

GLUTAMATE = Mechanism(
    source=f"{BELL_2022}: 500 molecules at a point between the PSD and the membrane across the cleft",
    species=({"name": "glu", "D": "220 um^2/s", "in": "outside"},),
)

NMDAR_CLEFT = Mechanism(
    source=f"{BELL_2022}: 150 um^-2 of the PSD, a whole number in each spine; tables by `nmdar_block`, "
    "`nmdar_unblocked_flux`",
    species=sites(
        *("NMDAR_C0", "NMDAR_C1", "NMDAR_C2", "NMDAR_D", "NMDAR"),
        *("NMDAR_C0b", "NMDAR_C1b", "NMDAR_C2b", "NMDAR_Db", "NMDAR_b"),
        on="psd",
    ),
    reaction=(
        {"equation": "glu + NMDAR_C0 <-> NMDAR_C1", "kf": "2e7 /M/s", "kb": "11 /s"},
        {"equation": "glu + NMDAR_C1 <-> NMDAR_C2", "kf": "1e7 /M/s", "kb": "22 /s"},
        {"equation": "NMDAR_C2 <-> NMDAR", "kf": "93 /s", "kb": "183.2 /s"},
        {"equation": "NMDAR_C2 <-> NMDAR_D", "kf": "16.8 /s", "kb": "3.6 /s"},
        {"equation": "glu + NMDAR_C0b <-> NMDAR_C1b", "kf": "2e7 /M/s", "kb": "11 /s"},
        {"equation": "glu + NMDAR_C1b <-> NMDAR_C2b", "kf": "1e7 /M/s", "kb": "22 /s"},
        {"equation": "NMDAR_C2b <-> NMDAR_b", "kf": "97 /s", "kb": "574 /s"},
        {"equation": "NMDAR_C2b <-> NMDAR_Db", "kf": "16.8 /s", "kb": "3.6 /s"},
        {"equation": "NMDAR <-> NMDAR_b", "kf": table("nmdar_block"), "kb": table("nmdar_unblock")},
        {"equation": "NMDAR -> NMDAR + Ca", "kf": table("nmdar_unblocked_flux")},
    ),
)
"""The NMDA receptor that binds molecules of glutamate; magnesium in it is a state, with closed states of its own."""

AMPAR = Mechanism(
    source=f"{BELL_2022}: 1200 um^-2 of the PSD, a whole number in each spine; the scheme of Jonas, Major & Sakmann "
    "1993 (J Physiol 472:615), with twice its rates, nearly",
    species=sites("AMPAR_C0", "AMPAR_C1", "AMPAR_C2", "AMPAR_C3", "AMPAR_C4", "AMPAR_C5", "AMPAR", on="psd"),
    reaction=(
        {"equation": "glu + AMPAR_C0 <-> AMPAR_C1", "kf": "9.18e6 /M/s", "kb": "8520 /s"},
        {"equation": "glu + AMPAR_C1 <-> AMPAR_C2", "kf": "5.68e7 /M/s", "kb": "6520 /s"},
        {"equation": "AMPAR_C2 <-> AMPAR", "kf": "8480 /s", "kb": "1800 /s"},
        {"equation": "AMPAR_C1 <-> AMPAR_C3", "kf": "5780 /s", "kb": "78.4 /s"},
        {"equation": "glu + AMPAR_C3 <-> AMPAR_C4", "kf": "2.54e6 /M/s", "kb": "91.4 /s"},
        {"equation": "AMPAR_C2 <-> AMPAR_C4", "kf": "344 /s", "kb": "1.45 /s"},
        {"equation": "AMPAR_C4 <-> AMPAR_C5", "kf": "33.6 /s", "kb": "380.8 /s"},
        {"equation": "AMPAR_C5 <-> AMPAR", "kf": "8 /s", "kb": "35.4 /s"},
    ),
)
"""The AMPA receptor, here a place that holds glutamate for a while: no calcium comes in by it."""

NMDAR_BINDING = (2e7, 1e7)
"""How fast the first and the second glutamate bind [M^-1 s^-1]."""


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
