"""The figure of this study: calcium in both spines, maps of outcomes, where they hold, and the levels side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from common import sheet
from neighbours import LAWS, LEAST, Kernel, coloured, name_outcomes, name_rows, train

from spinemc.figures.style import INK, MEAN, QUIET, TWIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(
    near: dict[str, Kernel],
    maps: dict[str, xr.DataArray],
    both: dict[str, xr.DataArray],
    table: xr.Dataset,
    path: Path,
) -> None:
    """The whole figure."""
    panels = [("The neighbour's calcium, 10 µM put in", lambda ax: draw_calcium(ax, near))]
    for name, found in maps.items():
        panels.append(((name[0].upper() + name[1:]).replace("uM", "µM"), lambda ax, found=found: draw_map(ax, found)))
    panels.append(("Where both claims hold", lambda ax: draw_scan(ax, both)))
    panels.append(("Levels side by side: 40 µM, 1 µm apart", lambda ax: draw_levels(ax, table)))
    said = "colours: which spine strengthens and which weakens; numbers: change of the neighbour's weight (%)"
    sheet("Two spines, one of them stimulated", said, panels, path)


def draw_calcium(ax: Axes, near: dict[str, Kernel]) -> Axes:
    """One input, and ten at 100 Hz, by law of exchange."""
    for law, colour in LAWS.items():
        one = near[law].of(train(0, 0.0, 1, 10.0), 0.1)
        many = near[law].of(train(0, 100.0, 10, 10.0), 0.1)
        for level, style in ((one, "-"), (many, (0, (4, 2)))):
            time = 1e3 * near[law].step * np.arange(level.shape[1])
            ax.plot(time, level[1], color=colour, lw=1.3, ls=style, label=law if style == "-" else None)
    ax.plot([], [], color=QUIET, ls=(0, (4, 2)), label="ten at 100 Hz")
    ax.axhspan(0.2, 0.8, color="#f2b8a0", alpha=0.35, lw=0)
    ax.set(yscale="log", ylim=(0.01, 4), xlim=(0, 190), xlabel="time (ms)", ylabel="free calcium (µM)")
    ax.text(187, 0.21, "θd to θp", ha="right", va="bottom", fontsize=7, color=INK)
    return ax


def draw_map(ax: Axes, found: xr.DataArray) -> Axes:
    """Outcomes over frequency and distance."""
    ax.imshow(coloured(found.values), aspect="auto", origin="lower", interpolation="nearest")
    for i, row in enumerate(found.values):
        for j, pair in enumerate(row):
            ax.text(
                j,
                i,
                f"{pair[1]:+.1f}" if abs(pair[1]) >= LEAST else "0",
                ha="center",
                va="center",
                fontsize=6,
                color=INK,
            )
    ax.set_xticks(range(found.sizes["frequency"]), ["one", *(f"{f:g}" for f in found.frequency.values[1:])])
    ax.set_yticks(range(found.sizes["distance"]), [f"{d:g}" for d in found.distance.values])
    ax.set(xlabel="frequency of ten inputs (Hz)", ylabel="distance (µm)")
    name_outcomes(ax, found.values)
    return ax


def draw_scan(ax: Axes, both: dict[str, xr.DataArray]) -> Axes:
    """Where both claims hold, by law of exchange."""
    for (law, colour), marker, size in zip(LAWS.items(), ("s", "s", "x"), (10, 10, 12), strict=True):
        ratio, influx = np.nonzero(both[law].values)
        x, y = both[law].influx.values[influx], both[law].ratio.values[ratio]
        share = both[law].values.mean()
        ax.scatter(x, y, s=size, marker=marker, color=colour, alpha=0.6, lw=0.8, label=f"{law}: {share:.0%}")
    low, high = both["literal"].influx.values[[0, -1]]
    ax.set(xscale="log", xlim=(0.9 * low, 1.1 * high), ylim=(1, 8.3), xlabel="one input over θd", ylabel="θp over θd")
    return ax


def draw_levels(ax: Axes, table: xr.Dataset) -> Axes:
    """Changes of both weights at each level, with trials."""
    names = list(table.level.values)
    colours = {0: MEAN, 1: TWIN}
    for j, frequency in enumerate(table.frequency.values):
        for spine in (0, 1):
            one = table.sel(frequency=frequency).isel(spine=spine)
            y = np.arange(len(names))[::-1] + (0.18 if j == 0 else -0.18)
            label = ("stimulated" if spine == 0 else "neighbour") if j == 0 else None
            for k, level in enumerate(names):
                dots = one["trials"].sel(level=level).values
                ax.plot(dots, np.full(len(dots), y[k]), ".", ms=2, color=colours[spine], alpha=0.35)
            face = colours[spine] if j == 0 else "white"
            ax.errorbar(
                one.change, y, xerr=one.error, fmt="o", ms=4.5, mfc=face, mec=colours[spine], color=colours[spine],
                label=label,
            )  # fmt: skip
    ax.plot([], [], "o", mfc="white", mec=QUIET, label="ten at 100 Hz")
    ax.axvline(0.0, color=QUIET, lw=0.8)
    name_rows(ax, names)
    ax.set(xlabel="change of weight (%)", ylim=(-0.6, len(names) + 1.2), xlim=(-15, 32))
    return ax
