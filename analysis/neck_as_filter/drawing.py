"""The figure of this study: escape, coupling and outcomes against the radius of the neck."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from spinemc.figures.style import INK, MEAN, QUIET, SERIES, TWIN, blank, tidy, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(kept: xr.Dataset, spilt: xr.Dataset, path: Path, band: float) -> None:
    """The whole figure; `band` is the least change of weight that counts."""
    figure = blank(12.0, 4.6)
    grid = figure.add_gridspec(1, 3, left=0.055, right=0.985, bottom=0.125, top=0.76, wspace=0.24)
    spilt = spilt.assign(up=spilt.ode_weight > band, down=spilt.ode_weight < -band)
    panels = (
        (draw_escape, kept, "Ions stay", "mean time in the spine (ms)"),
        (draw_coupling, spilt, "The shaft hears", "coupling, shaft to spine"),
        (draw_outcomes, spilt, "The synapse decides", "probability"),
    )
    for k, (drawn, data, title, label) in enumerate(panels):
        ax = tidy(figure.add_subplot(grid[k]))
        drawn(ax, data)
        ax.set(xlabel="radius of the neck (nm)", ylabel=label)
        ax.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK, pad=26)
        ax.legend(
            loc="lower left", bbox_to_anchor=(-0.02, 0.99), ncols=6, frameon=False, fontsize=7, labelcolor=INK,
            handlelength=1.2, handletextpad=0.3, columnspacing=0.7, borderpad=0.2,
        )  # fmt: skip
    figure.text(0.02, 0.935, "A neck as a filter", fontsize=13, fontweight="bold", color=INK)
    written(figure, path)


def draw_escape(ax: Axes, kept: xr.Dataset) -> Axes:
    """Mean time to the foot, for each length of neck."""
    for length, colour in zip(kept.neck_length.values, SERIES, strict=False):
        one = kept.sel(neck_length=length)
        x = 1e3 * one.neck_radius
        ax.errorbar(
            x, 1e3 * one.escape, 1e3 * one.escape_error, fmt="o", ms=4.5, color=colour, label=f"L = {length:g} um"
        )
        ax.plot(x, 1e3 * one.formula, color=colour, lw=1.0)
        ax.plot(x, 1e3 * one.pde, "x", color=colour, ms=8, mew=1.0)
        ax.plot(x, 1e3 * one.ode, color=TWIN, lw=1.0, ls=(0, (4, 2)))
    ax.plot([], [], color=QUIET, lw=1.0, label="formula")
    ax.plot([], [], color=TWIN, lw=1.0, ls=(0, (4, 2)), label="ode")
    if np.isfinite(kept.pde).any():
        ax.plot([], [], "x", color=QUIET, ms=6, label="pde")
    ax.set(yscale="log", xscale="log")
    _plain(ax, 1e3 * kept.neck_radius.values, (1, 2, 5, 10, 20, 50))
    return ax


def draw_coupling(ax: Axes, spilt: xr.Dataset) -> Axes:
    """How much of the head's calcium the shaft sees."""
    x = 1e3 * spilt.neck_radius
    reach = np.abs(np.stack([spilt.coupling_low, spilt.coupling_high]) - spilt.coupling.values)
    ax.errorbar(x, spilt.coupling, reach, fmt="o", ms=4.5, color=MEAN, capsize=2, label="particles")
    ax.plot(x, spilt.formula, color=QUIET, lw=1.0, label="formula")
    ax.plot(x, spilt.ode, color=TWIN, lw=1.0, ls=(0, (4, 2)), label="ode")
    if np.isfinite(spilt.pde).any():
        ax.plot(x, spilt.pde, "x", color=INK, ms=7, mew=1.0, label="pde")
    ax.set(xscale="log", yscale="log")
    _plain(ax, x.values, (0.01, 0.02, 0.05, 0.1, 0.2))
    return ax


def draw_outcomes(ax: Axes, spilt: xr.Dataset) -> Axes:
    """How likely a synapse is potentiated or depressed, and what the rate equations say."""
    x = 1e3 * spilt.neck_radius.values
    for name, said, colour, yes in (
        ("potentiated", "LTP", SERIES[1], spilt.up.values),
        ("depressed", "LTD", SERIES[3], spilt.down.values),
    ):
        one = spilt.sel(outcome=name)
        middle = one.probability.values
        reach = np.abs(np.stack([one.probability_low, one.probability_high]) - middle)
        ax.errorbar(x, middle, reach, fmt="o-", ms=4.5, lw=1.2, color=colour, capsize=2, label=said)
        ax.plot(x, yes, color=colour, lw=1.0, ls=(0, (4, 2)), drawstyle="steps-mid", label=f"{said}, ode")
    ax.set(xscale="log", ylim=(-0.03, 1.03))
    _plain(ax, x)
    return ax


def _plain(ax: Axes, across: np.ndarray, up: Sequence[float] = ()) -> None:
    """Ticks at the radii, and at some places of a logarithmic axis, as plain numbers."""
    low, high = ax.get_ylim()
    ax.set_xticks(across, [f"{value:.0f}" for value in across])
    if up:
        within = [value for value in up if low <= value <= high]
        ax.set_yticks(within, [f"{value:g}" for value in within])
    ax.minorticks_off()
