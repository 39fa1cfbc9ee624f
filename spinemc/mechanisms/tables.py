"""The rates that change in time, as tables that a scenario reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spinemc.mechanisms.channels import voltage, vscc_flux, vscc_rates
from spinemc.mechanisms.synapse import glutamate, nmdar_binding, nmdar_block, nmdar_flux, nmdar_unblocked_flux


def tables(time: np.ndarray, peak: float = 1e-3, decay: float = 1.2e-3) -> dict[str, tuple[str, np.ndarray]]:
    """All rates that `VSCC`, `NMDAR` and `NMDAR_CLEFT` take from tables, at the voltage of Bell et al. 2022.

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
    block, unblock = nmdar_block(v)
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
        "nmdar_flux": (f"Ca2+ through one open NMDAR {at}, magnesium's block a factor", nmdar_flux(time, v)),
        "nmdar_block": (f"magnesium into an open NMDAR {at}", block),
        "nmdar_unblock": (f"magnesium out of an open NMDAR {at}", unblock),
        "nmdar_unblocked_flux": (f"Ca2+ through one open NMDAR without magnesium {at}", nmdar_unblocked_flux(v)),
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
