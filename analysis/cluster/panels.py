"""The figure of this study: how many active spines weaken the silent one, by influx; and what noise does to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from common import sheet
from neighbours import LAWS, LEAST

from spinemc.figures.style import INK, QUIET, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(found: dict[str, xr.DataArray], spread: xr.DataArray, influx: float, path: Path) -> None:
    """The whole figure."""
    panels = [
        (f"{law.capitalize()}: who weakens the silent one", lambda ax, one=one: draw_share(ax, one))
        for law, one in found.items()
    ]
    panels.append(
        (f"The silent spine at {influx:g} µM", lambda ax: draw_silent(ax, found["consistent"], spread, influx))
    )
    said = (
        "ten inputs at 50 Hz to each active spine of a cluster of six; colour: share of choices that weaken the silent "
        "spine; green line: most strengthen it right of here"
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


def draw_silent(ax: Axes, found: xr.DataArray, spread: xr.DataArray, influx: float) -> Axes:
    """Change of the silent spine over the number of active ones: every choice, and trials of some."""
    at = found.sel(influx=influx, method="nearest").isel(spine=0)
    ax.plot(at.number - 0.12, at, ".", color=LAWS["consistent"], ms=4, alpha=0.5, label="each choice, rate equations")
    for k, n in enumerate(spread.number.values):
        values = spread.isel(choice=k, spine=0).values
        ax.plot(np.full(len(values), n + 0.12), values, ".", color=SERIES[3], ms=3, alpha=0.5)
        error = values.std(ddof=1) / np.sqrt(len(values))
        label = "trials of one choice" if k == 0 else None
        ax.errorbar(n + 0.12, values.mean(), error, fmt="o", ms=4, color=SERIES[3], label=label)
    ax.axhline(0.0, color=QUIET, lw=0.8)
    ax.set(xlabel="active spines", ylabel="change of the silent spine (%)")
    return ax
