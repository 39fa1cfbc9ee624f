"""The figure of this study: how many active spines weaken the silent one, by influx; and what noise does to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from common import sheet
from neighbours import LAWS, LEAST, name_rows

from spinemc.figures.style import INK, QUIET, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes


COLOURS = (QUIET, SERIES[3], SERIES[1], SERIES[0])
"""By number of active spines, ascending."""


def plot(found: dict[str, xr.DataArray], table: xr.Dataset, influx: float, path: Path) -> None:
    """The whole figure."""
    panels = [
        (f"{law.capitalize()}: who weakens the silent one", lambda ax, one=one: draw_share(ax, one))
        for law, one in found.items()
    ]
    panels += [
        (
            f"The silent spine at {influx:g} µM: choices",
            lambda ax: draw_silent(ax, found["consistent"], table.sel(level="consistent, trials"), influx),
        ),
        (f"Levels side by side: {influx:g} µM", lambda ax: draw_levels(ax, table)),
        ("From one to six active spines", lambda ax: draw_steps(ax, table)),
    ]
    said = (
        "five inputs at 50 Hz to each active spine of a cluster of six; colour: share of choices that weaken the "
        "silent spine; green line: most strengthen it right of here"
    )
    sheet("A silent spine in a cluster", said, panels, path)


def draw_share(ax: Axes, found: xr.DataArray) -> Axes:
    """Share of the choices of active spines that weaken the silent one, over influx and number."""
    silent = found.isel(spine=0)
    share = (silent < -LEAST).groupby("number").mean().transpose("number", "influx")
    picture = ax.pcolormesh(share.influx, share.number, share, cmap="Oranges", vmin=0.0, vmax=1.6)
    bar = ax.figure.colorbar(picture, ax=ax, pad=0.02)
    bar.ax.tick_params(labelsize=7)
    bar.ax.set_ylim(0.0, 1.0)
    grown = (silent > LEAST).groupby("number").mean().transpose("number", "influx")
    ax.contour(grown.influx, grown.number, grown, levels=[0.5], colors=[SERIES[1]], linewidths=1.4)
    ax.axhline(3.5, color=INK, lw=0.8, ls=(0, (4, 2)))
    ax.set(xscale="log", xlabel="one input (µM)", ylabel="active spines")
    ax.set_xticks((1, 2, 5, 10, 20, 40), ("1", "2", "5", "10", "20", "40"))
    ax.set_xticks((), minor=True)
    return ax


def draw_silent(ax: Axes, found: xr.DataArray, noisy: xr.Dataset, influx: float) -> Axes:
    """Change of the silent spine over the number of active ones: every choice, and trials of some."""
    at = found.sel(influx=influx, method="nearest").isel(spine=0)
    ax.plot(at.number - 0.12, at, ".", color=LAWS["consistent"], ms=4, alpha=0.5, label="each choice, rate equations")
    one = noisy.isel(spine=0)
    place = one.active.values + 0.12
    for x, dots in zip(place, one.trials.values, strict=True):
        ax.plot(np.full(len(dots), x), dots, ".", color=SERIES[3], ms=3, alpha=0.5)
    ax.errorbar(place, one.change, one.error, fmt="o", ms=4, color=SERIES[3], label="trials of one choice")
    ax.axhline(0.0, color=QUIET, lw=0.8)
    ax.set(xlabel="active spines", ylabel="change of the silent spine (%)")
    return ax


def draw_levels(ax: Axes, table: xr.Dataset) -> Axes:
    """Change of the silent spine at each level, by number of active spines."""
    names = list(table.level.values)
    place = np.arange(len(names))[::-1]
    for k, n in enumerate(table.active.values):
        one, colour = table.sel(active=n).isel(spine=0), COLOURS[k]
        for y, dots in zip(place, one.trials.values, strict=True):
            ax.plot(dots, np.full(len(dots), y), ".", ms=2, color=colour, alpha=0.35)
        ax.errorbar(one.change, place, xerr=one.error, fmt="o", ms=4, color=colour, label=f"{n} active")
    ax.axvline(0.0, color=QUIET, lw=0.8)
    name_rows(ax, names)
    ax.set(xlabel="change of the silent spine (%)", ylim=(-0.6, len(names) + 1.4))
    left, right = ax.get_xlim()
    ax.set_xlim(left - 0.45 * (right - left), right)
    ax.legend(frameon=False, fontsize=6.5, labelcolor=INK, ncols=2, loc="upper right")
    return ax


def draw_steps(ax: Axes, table: xr.Dataset) -> Axes:
    """The same over the number of active spines, the laws of exchange as lines and what is stochastic as points."""
    for law, colour in LAWS.items():
        for level, style in ((law, "-"), (f"{law}, trials", "o")):
            one = table.sel(level=level).isel(spine=0)
            error = None if style == "-" else one.error
            ax.errorbar(
                one.active,
                one.change,
                error,
                fmt=style,
                ms=4,
                color=colour,
                lw=1.2,
                label=level if error is None else None,
            )
    if "particles" in table.level:
        one = table.sel(level="particles").isel(spine=0)
        ax.errorbar(one.active, one.change, one.error, fmt="s", ms=4, color=INK, mfc="white", label="particles")
    ax.axhline(0.0, color=QUIET, lw=0.8)
    ax.set(xlabel="active spines", ylabel="change of the silent spine (%)")
    return ax
