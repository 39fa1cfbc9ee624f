"""The figure of this study: head volumes that weights lead to, epoch by epoch, with the loop open and shut."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from spinemc.figures.style import INK, QUIET, SERIES, blank, tidy, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOK = {
    "open": (QUIET, (0, (4, 2))),
    "shut": (SERIES[0], "-"),
    "still": (QUIET, (0, (4, 2))),
    "steep": (SERIES[3], "-"),
}
"""Colour and stroke of each kind of loop."""


def plot(known: xr.Dataset, noisy: xr.Dataset, path: Path) -> None:
    """The whole figure."""
    figure = blank(12.0, 4.4)
    grid = figure.add_gridspec(1, 3, left=0.055, right=0.985, bottom=0.125, top=0.8, wspace=0.22)
    panels = (
        ("A size that is held: weak and strong input", lambda ax: draw_means(ax, known, ("open", "shut"))),
        ("A size that runs away: two inputs, nearly alike", lambda ax: draw_means(ax, known, ("still", "steep"))),
        ("By chance: the same input, trial by trial", lambda ax: draw_trials(ax, noisy)),
    )
    for k, (title, draw) in enumerate(panels):
        ax = tidy(figure.add_subplot(grid[k]))
        draw(ax)
        ax.set(xlabel="epoch", ylabel="head volume that the weight leads to (um^3)" if k == 0 else "")
        ax.set_title(title, loc="left", fontsize=9.5, fontweight="bold", color=INK)
        ax.legend(frameon=False, fontsize=7, labelcolor=INK, handlelength=1.8)
    figure.text(0.02, 0.93, "Structure that follows function", fontsize=13, fontweight="bold", color=INK)
    written(figure, path)


def draw_means(ax: Axes, known: xr.Dataset, kinds: tuple[str, ...]) -> Axes:
    """Courses of the rate equations, from the size at first on."""
    for name in known.course.values:
        kind, channels = str(name).split()
        if kind in kinds:
            colour, stroke = LOOK[kind]
            one = known.sel(course=name)
            loop = "open" if kind in ("open", "still") else "shut"
            _line(ax, one, one.led_to.values, colour, stroke, f"{loop}, {channels} channels")
    return ax


def draw_trials(ax: Axes, noisy: xr.Dataset) -> Axes:
    """Stochastic courses."""
    for kind in noisy.kind.values:
        one = noisy.sel(kind=kind)
        for k in one.trial.values:
            _line(ax, one, one.led_to.sel(trial=k).values, *LOOK[str(kind)], str(kind) if k == 0 else None)
    return ax


def _line(ax: Axes, one: xr.Dataset, volume: np.ndarray, colour: str, stroke: object, label: str | None) -> None:
    begun = float(np.ravel(one.head_volume.isel(epoch=0))[0])
    ax.plot(
        np.arange(len(volume) + 1), [begun, *volume], color=colour, ls=stroke, lw=1.2, marker="o", ms=2.5, label=label
    )
