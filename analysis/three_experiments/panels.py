"""The figure of this study: the match over diffusion and influx, and the patterns at the best of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from common import sheet
from neighbours import LAWS, name_rows

from spinemc.figures.style import INK, QUIET, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes


GROUP_COLOURS = (SERIES[0], SERIES[3], SERIES[4])
"""Of stimulated, near and distant spines."""


def plot(found: dict[str, xr.Dataset], frequencies: Sequence[float], tables: dict[str, xr.Dataset], path: Path) -> None:
    """The whole figure."""
    panels = [
        (f"Match: {law}", lambda ax, scan=scan: draw_match(ax, scan.score.mean(("experiment", "dendrite"))))
        for law, scan in found.items()
    ]
    panels.append(("Along diffusion, at the best influx", lambda ax: draw_along(ax, found)))
    for law, scan in found.items():
        panels.append(
            (f"Patterns at the best match: {law}", lambda ax, scan=scan: draw_patterns(ax, scan, frequencies))
        )
    panels.append(("Each experiment by itself", lambda ax: draw_each(ax, found, frequencies)))
    panels += [
        (f"Levels: {case:g} Hz", lambda ax, case=case: draw_levels(ax, tables["whole"].sel(case=case)))
        for case in tables["whole"].case.values
    ]
    fast = tables["window"].isel(case=0)
    panels.append(("Levels: the first 100 ms at 100 Hz", lambda ax: draw_levels(ax, fast)))
    panels.append(("Match at the best D, by trials", lambda ax: draw_noise(ax, tables["whole"])))
    said = "share of spines that change as the three patterns say, mean over dendrites"
    sheet("Three experiments, one dendrite, diffusion tuned", said, panels, path)


def best_influx(scan: xr.Dataset) -> float:
    """The influx of the best match of all dendrites together [uM]."""
    return float(scan.score.mean(("experiment", "dendrite")).max("D").idxmax("influx"))


def draw_match(ax: Axes, score: xr.DataArray) -> Axes:
    """The match over diffusion and influx."""
    picture = ax.pcolormesh(score.D, score.influx, score.transpose("influx", "D"), cmap="Blues", vmin=0.3, vmax=1.0)
    bar = ax.figure.colorbar(picture, ax=ax, pad=0.02)
    bar.ax.tick_params(labelsize=7)
    top = score.where(score == score.max(), drop=True)
    ax.plot(top.D[0], top.influx[0], "o", mfc="none", mec=INK, ms=8)
    ax.set(xscale="log", yscale="log", xlabel="D (µm²/s)", ylabel="one input (µM)")
    ax.set_xticks((20, 50, 100, 220, 500, 1000), ("20", "50", "100", "220", "500", "1000"))
    ax.set_yticks((2, 5, 10, 20, 50), ("2", "5", "10", "20", "50"))
    ax.set_xticks((), minor=True)
    ax.set_yticks((), minor=True)
    return ax


def draw_along(ax: Axes, found: dict[str, xr.Dataset]) -> Axes:
    """The match along diffusion, each dendrite and their mean."""
    for law, scan in found.items():
        score = scan.score.mean("experiment").sel(influx=best_influx(scan))
        ax.plot(score.D, score.transpose("D", "dendrite"), color=LAWS[law], lw=0.6, alpha=0.35)
        error = score.std("dendrite", ddof=1) / np.sqrt(score.sizes["dendrite"])
        ax.errorbar(score.D, score.mean("dendrite"), error, color=LAWS[law], fmt="o-", ms=3.5, lw=1.4, label=law)
    ax.set(xscale="log", ylim=(0, 1.05), xlabel="D (µm²/s)", ylabel="match")
    return ax


def draw_patterns(ax: Axes, scan: xr.Dataset, frequencies: Sequence[float]) -> Axes:
    """Changes of the three groups at each frequency, at the best match, a point a dendrite."""
    score = scan.score.mean(("experiment", "dendrite"))
    at = scan.sel(influx=best_influx(scan))
    at = at.sel(D=float(score.sel(influx=best_influx(scan)).idxmax("D")))
    for g, (group, colour) in enumerate(zip(scan.group.values, GROUP_COLOURS, strict=True)):
        values = at.change.sel(group=group).transpose("experiment", "dendrite").values
        x = np.arange(3) + 0.22 * (g - 1)
        for k in range(3):
            ax.plot(np.full(values.shape[1], x[k]), values[k], ".", color=colour, ms=4, alpha=0.5)
        ax.plot(x, np.nanmean(values, axis=1), "_", color=colour, ms=16, mew=2, label=group)
    ax.axhline(0.0, color=QUIET, lw=0.8)
    ax.set_yscale("symlog", linthresh=1.0)
    ax.set_xticks(range(3), [f"{f:g} Hz" for f in frequencies])
    ax.set(ylabel="change of weight (%)", ylim=(-300, 300))
    return ax


def draw_each(ax: Axes, found: dict[str, xr.Dataset], frequencies: Sequence[float]) -> Axes:
    """The match of each experiment along diffusion."""
    for law, scan in found.items():
        score = scan.score.sel(influx=best_influx(scan)).mean("dendrite")
        for e, style in enumerate(("-", (0, (4, 2)), (0, (1, 1.5)))):
            label = f"{law}, {frequencies[e]:g} Hz"
            ax.plot(score.D, score.isel(experiment=e), color=LAWS[law], ls=style, lw=1.3, label=label)
    ax.set(xscale="log", ylim=(0, 1.05), xlabel="D (µm²/s)", ylabel="match")
    return ax


def draw_levels(ax: Axes, table: xr.Dataset) -> Axes:
    """Changes of the three groups at each level."""
    names = [str(name) for name in table.level.values]
    place = np.arange(len(names))[::-1]
    for k, (group, colour) in enumerate(zip(table.group.values, GROUP_COLOURS, strict=True)):
        one = table.sel(group=group)
        ax.errorbar(
            one.change, place + 0.2 * (1 - k), xerr=one.error.fillna(0.0), fmt="o", ms=4, color=colour, label=group
        )
    ax.axvline(0.0, color=QUIET, lw=0.8)
    name_rows(ax, names)
    ax.set_xscale("symlog", linthresh=1.0)
    ax.set(xlabel="change of weight (%)", ylim=(-0.6, len(names) + 1.2), xlim=(-4e4, 200))
    ax.set_xticks((-100, -10, -1, 0, 1, 10, 100), ("-100", "-10", "-1", "0", "1", "10", "100"))
    ax.legend(frameon=False, fontsize=6.5, labelcolor=INK, ncols=3, loc="upper right")
    return ax


def draw_noise(ax: Axes, table: xr.Dataset) -> Axes:
    """The match of trials of each experiment, beside that of the rate equations."""
    x = np.arange(table.sizes["case"])
    for k, (law, colour) in enumerate(LAWS.items()):
        at = x + 0.22 * (k - 1)
        dots = table.match.sel(level=f"{law}, trials").transpose("case", "trial").values
        for place, some in zip(at, dots, strict=True):
            ax.plot(np.full(len(some), place), some, ".", ms=3, color=colour, alpha=0.35)
        ax.plot(at, np.nanmean(dots, axis=1), "o", ms=4.5, color=colour, label=f"{law}, trials")
        ax.plot(at, table.match.sel(level=law).isel(trial=0), "_", ms=14, mew=1.6, color=colour)
    ax.plot([], [], "_", ms=12, mew=1.6, color=QUIET, label="rate equations")
    ax.set_xticks(x, [f"{f:g} Hz" for f in table.case.values])
    ax.set(ylabel="match", ylim=(0, 1.45))
    return ax
