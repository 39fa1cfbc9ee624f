"""The figure of this study: calcium, weights and voltages of a training, where it teaches the order, and the levels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from common import sheet
from neighbours import LAWS, name_rows

from spinemc.figures.style import INK, MEAN, QUIET, TWIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WAYS = {"inward": MEAN, "outward": TWIN}
"""Colours of the orders."""


def plot(
    level: np.ndarray,
    step: float,
    weights: dict[str, dict[str, np.ndarray]],
    volts: dict[str, dict[str, np.ndarray]],
    every: float,
    scans: dict[str, xr.DataArray],
    elsewhere: xr.DataArray,
    along: xr.DataArray,
    table: xr.Dataset,
    influx: float,
    path: Path,
) -> None:
    """The whole figure."""
    panels: list[tuple[str, Any]] = [
        ("Calcium of the heads, outward training (mesh)", lambda ax: draw_calcium(ax, level, step)),
        ("Weights after training, from 1", lambda ax: draw_weights(ax, weights)),
        ("The soma, trained inward (literal)", lambda ax: draw_volts(ax, volts, every)),
    ]
    for law, found in scans.items():
        panels.append((f"Learnt selectivity: {law}", lambda ax, found=found: draw_map(ax, found, influx)))
    panels += [
        ("Trained at 10 ms, tested at others", lambda ax: draw_elsewhere(ax, elsewhere)),
        ("Diffusion: slow, free, fast", lambda ax: draw_along(ax, along)),
        ("Levels side by side", lambda ax: draw_levels(ax, table)),
    ]
    said = (
        "selectivity: (inward - outward) / (inward + outward), of the soma's peaks in both tests; "
        "learnt: half of what parts cells trained inward and outward"
    )
    sheet("Sequences: trained and tested inward and outward", said, panels, path)


def draw_calcium(ax: Axes, level: np.ndarray, step: float) -> Axes:
    """One sequence, head by head."""
    from matplotlib import colormaps

    time = 1e3 * step * np.arange(level.shape[1])
    for k, one in enumerate(level):
        ax.plot(time, one, color=colormaps["viridis"](k / len(level)), lw=1.1)
    for value, name in ((0.2, "θd"), (0.8, "θp")):
        ax.axhline(value, color=QUIET, lw=0.8, ls=(0, (4, 2)))
        ax.text(178, value, name, va="bottom", ha="right", fontsize=7, color=INK)
    ax.set(xlim=(0, 180), ylim=(0, None), xlabel="time (ms)", ylabel="free calcium (µM)")
    return ax


def draw_weights(ax: Axes, weights: dict[str, dict[str, np.ndarray]]) -> Axes:
    """Weights along the branch, by law and order of training."""
    for law, colour in LAWS.items():
        for name, style, mark in (("inward", "-", "o"), ("outward", (0, (4, 2)), "s")):
            one = weights[law][name]
            label = law if name == "inward" else None
            ax.plot(1 + np.arange(len(one)), one, color=colour, ls=style, marker=mark, ms=3, lw=1.1, label=label)
    ax.plot([], [], color=QUIET, ls=(0, (4, 2)), marker="s", ms=3, label="trained outward")
    ax.axhline(1.0, color=QUIET, lw=0.6)
    low, high = ax.get_ylim()
    ax.set(ylim=(low, high + 0.45 * (high - low)), xlabel="spine, 1 next to the soma", ylabel="weight")
    return ax


def draw_volts(ax: Axes, volts: dict[str, dict[str, np.ndarray]], every: float) -> Axes:
    """Both tests before and after training, with a sample after so many seconds."""
    for when, style in (("before", (0, (1, 1.5))), ("after", "-")):
        for name, colour in WAYS.items():
            one = volts[when][name]
            ax.plot(1e3 * every * np.arange(len(one)), one, color=colour, ls=style, lw=1.3, label=f"{name}, {when}")
    ax.set(xlim=(0, 150), ylim=(0, None), xlabel="time (ms)", ylabel="voltage above rest (mV)")
    return ax


def draw_map(ax: Axes, found: xr.DataArray, influx: float) -> Axes:
    """Learnt selectivity over interval and influx."""
    picture = ax.pcolormesh(
        found.influx, 1e3 * found.interval, 100.0 * found, cmap="RdBu", vmin=-7.0, vmax=7.0, shading="nearest"
    )
    bar = ax.figure.colorbar(picture, ax=ax, pad=0.02)
    bar.ax.tick_params(labelsize=7)
    bar.ax.set_title("%", fontsize=7)
    ax.axvline(influx, color=INK, lw=0.8, ls=(0, (4, 2)))
    ax.set(xscale="log", xlabel="one input (µM)", ylabel="interval (ms)")
    ax.set_xticks((1, 2, 5, 10, 20), ("1", "2", "5", "10", "20"))
    ax.set_xticks((), minor=True)
    return ax


def draw_elsewhere(ax: Axes, elsewhere: xr.DataArray) -> Axes:
    """Learnt selectivity over the interval of the test."""
    for law in elsewhere.law.values:
        ax.plot(1e3 * elsewhere.interval, 100.0 * elsewhere.sel(law=law), color=LAWS[law], lw=1.3, label=law)
    ax.axhline(0.0, color=QUIET, lw=0.8)
    ax.set(xlabel="interval of the test (ms)", ylabel="learnt selectivity (%)")
    return ax


def draw_along(ax: Axes, along: xr.DataArray) -> Axes:
    """Learnt selectivity over the diffusion coefficient."""
    for law in along.law.values:
        ax.plot(along.D, 100.0 * along.sel(law=law), "o-", ms=3.5, color=LAWS[law], lw=1.3, label=law)
    ax.axhline(0.0, color=QUIET, lw=0.8)
    ax.axvline(220.0, color=QUIET, lw=0.8, ls=(0, (4, 2)))
    ax.set(xscale="log", xlabel="D (µm²/s)", ylabel="learnt selectivity (%)")
    ax.set_xticks((1, 10, 100, 1000), ("1", "10", "100", "1000"))
    return ax


def draw_levels(ax: Axes, table: xr.Dataset) -> Axes:
    """Selectivity of cells trained inward and outward, at each level."""
    names = list(table.level.values)
    place = np.arange(len(names))[::-1]
    for (name, colour), lift in zip(WAYS.items(), (0.16, -0.16), strict=True):
        one = table.sel(order=name)
        for k, level in enumerate(names):
            dots = 100.0 * one.cells.sel(level=level).values
            ax.plot(dots, np.full(len(dots), place[k] + lift), ".", ms=2.5, color=colour, alpha=0.4)
        ax.errorbar(
            100.0 * one["mean"], place + lift, xerr=100.0 * one.error, fmt="o", ms=4, color=colour,
            label=f"trained {name}",
        )  # fmt: skip
    ax.axvline(0.0, color=QUIET, lw=0.8)
    name_rows(ax, names)
    ax.set(xlabel="selectivity (%)", ylim=(-0.6, len(names) + 1.0))
    left, right = ax.get_xlim()
    ax.set_xlim(left - 0.55 * (right - left), right)
    return ax
