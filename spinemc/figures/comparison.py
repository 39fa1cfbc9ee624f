"""The figure of a run beside other levels: means, noise, and where they part."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spinemc.figures.style import INK, MEAN, QUIET, TRIALS, TWIN, blank, key, points, tidy, written
from spinemc.observables.comparison import limit

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOUR = {"ode": TWIN, "lna": "#c98b2b", "compartments": "#2a9d8f", "pde": "#8d5a97", "moments": "#5f6f52"}
_COLUMNS = 4
_ROWS = 24  # series in the map
_FAR = 8.0  # standard errors at which the map's colours end


def plot_comparison(found: xr.Dataset, path: str | Path | None = None, said: str = "") -> Figure:
    """Means and noise of the series that matter, and below a map of where trials and the first level part.

    Parameters
    ----------
    found : Dataset
        As `spinemc.contrast.compare` or `spinemc.observables.comparison.comparison` returns it.
    path : str or Path, optional
        Where to write it; the suffix says how.
    said : str
        The sentence over it.
    """
    chosen = _chosen(found)
    columns = max(len(chosen), 2)
    figure = blank(3.0 * columns + 0.6, 9.0)
    grid = figure.add_gridspec(
        3, columns, left=0.105, right=0.98, bottom=0.06, top=0.845, hspace=0.42, wspace=0.3, height_ratios=[1, 1, 1.5]
    )
    for k, series in enumerate(chosen):
        one = found.sel(series=series)
        draw_means(figure.add_subplot(grid[0, k]), one)
        draw_noise(figure.add_subplot(grid[1, k]), one)
    draw_map(figure.add_subplot(grid[2, :]), found)
    for n, line in enumerate(textwrap.wrap(said, 38 * columns)[:3]):
        figure.text(0.02, 0.965 - 0.022 * n, line, fontsize=points(10), fontweight="bold", color=INK, parse_math=False)
    words = [(f"{int(found.attrs['trials'])} trials, shaded: 95 %", MEAN)]
    words += [(str(name), colour_of(str(name))) for name in found["twin"].values]
    key(figure, 0.888, words)
    return written(figure, path)


def draw_means(ax: Axes, one: xr.Dataset) -> Axes:
    """The mean of the trials with twice its standard error, and that of each level dashed."""
    time = 1e3 * one["time"].values
    mean, sem = one["mean"].values, np.nan_to_num(one["sem"].values)
    ax.fill_between(time, mean - 2 * sem, mean + 2 * sem, color=TRIALS, alpha=0.45, linewidth=0)
    ax.plot(time, mean, color=MEAN, linewidth=points(1.6))
    _draw_twins(ax, one, "twin_mean")
    ax.set_title(str(one["series"].item()), loc="left", fontsize=points(9), fontweight="bold", color=INK)
    ax.set(ylabel="mean (number)", xlim=(0, time[-1]))
    return tidy(ax)


def draw_noise(ax: Axes, one: xr.Dataset) -> Axes:
    """The standard deviation over trials with its interval, and that of each level that has noise."""
    time = 1e3 * one["time"].values
    low, value, high = (np.sqrt(one[name].values) for name in ("variance_low", "variance", "variance_high"))
    ax.fill_between(time, low, high, color=TRIALS, alpha=0.45, linewidth=0)
    ax.plot(time, value, color=MEAN, linewidth=points(1.0))
    _draw_twins(ax, one, "twin_variance", root=True)
    poisson = np.sqrt(np.maximum(one["mean"].values, 0.0))
    ax.plot(time, poisson, color=QUIET, linewidth=points(0.8), linestyle=(0, (1, 2)))
    ax.annotate(
        "dotted: Poisson",
        (1, 1),
        (-2, 2),
        "axes fraction",
        "offset points",
        color=QUIET,
        fontsize=points(7),
        ha="right",
    )
    ax.set(xlabel="time (ms)", ylabel="sd over trials (number)", xlim=(0, time[-1]), ylim=(0, None))
    return tidy(ax)


def draw_map(ax: Axes, found: xr.Dataset) -> Axes:
    """The mean of the first level less that of the trials, in standard errors; dots where that is sure."""
    time = 1e3 * found["time"].values
    if not found.sizes["twin"] or not found["z"].isel(twin=0).notnull().any():
        ax.text(0.5, 0.5, "no level, or no second trial, to tell a difference by", ha="center", color=QUIET)
        ax.set_axis_off()
        return ax
    z = found["z"].isel(twin=0).fillna(0.0)
    largest = abs(z).max("time").values
    rows = np.sort(np.argsort(-largest, kind="stable")[:_ROWS])
    values = np.clip(z.transpose("series", "time").values[rows], -1e3, 1e3)
    edges = np.concatenate([[time[0]], 0.5 * (time[1:] + time[:-1]), [time[-1]]])
    drawn = ax.pcolormesh(
        edges, np.arange(len(rows) + 1), values, cmap="RdBu_r", vmin=-_FAR, vmax=_FAR, shading="flat", rasterized=True
    )
    sure, middle = limit(found), 0.5 * (edges[1:] + edges[:-1])
    for k, row in enumerate(values):
        beyond = abs(row) > sure
        ax.plot(middle[beyond], np.full(beyond.sum(), k + 0.5), ".", color=INK, markersize=points(1.5))
    ax.set_yticks(
        np.arange(len(rows)) + 0.5, [str(name) for name in found["series"].values[rows]], fontsize=points(6.5)
    )
    ax.invert_yaxis()
    ax.set(xlabel="time (ms)", xlim=(time[0], time[-1]))
    ax.set_title(
        f"{found['twin'].values[0]} less mean of trials, standard errors; dots: sure of all series and times at once",
        loc="left", fontsize=points(9), fontweight="bold", color=INK,
    )  # fmt: skip
    bar = ax.figure.colorbar(drawn, ax=ax, pad=0.01, fraction=0.02, extend="both")
    bar.ax.tick_params(labelsize=points(7))
    tidy(ax)
    ax.tick_params(axis="y", labelsize=points(6.5), length=0)
    return ax


def _draw_twins(ax: Axes, one: xr.Dataset, name: str, root: bool = False) -> None:
    """A line for each level, at the times that it has."""
    time = 1e3 * one["time"].values
    for k, twin in enumerate(one["twin"].values):
        values = one[name].sel(twin=twin).values
        known = np.isfinite(values)
        if known.any():
            y = np.sqrt(np.maximum(values[known], 0.0)) if root else values[known]
            dashes = (3 * k, (4, 2 + 3 * (one.sizes["twin"] - 1)))
            ax.plot(time[known], y, color=colour_of(str(twin)), linewidth=points(1.5), linestyle=dashes, zorder=6)


def colour_of(name: str) -> str:
    """The colour of a level."""
    return _COLOUR.get(name, TWIN)


def _chosen(found: xr.Dataset) -> list[str]:
    """The ion in its places, and what else parts most."""
    species = found["species"].values
    lead = "Ca" if "Ca" in species else species[0] if len(species) else ""
    mine = [str(name) for name in found["series"].values[species == lead]][: _COLUMNS - 1]
    if not found.sizes["twin"]:
        return mine
    size = abs(found["z"]).where(np.isfinite(found["z"])).max(["twin", "time"]).fillna(0.0)
    others = [str(name) for name in size["series"].values[np.argsort(-size.values, kind="stable")] if name not in mine]
    return [*mine, *others[: _COLUMNS - len(mine)]]
