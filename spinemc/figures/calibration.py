"""The figure of a calibrated run: the trials' mean in each compartment, and the reduced model over it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spinemc.figures.style import INK, MEAN, TRIALS, TWIN, blank, draw_twin, key, points, tidy, written

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4


def plot_calibration(found: xr.Dataset, path: str | Path | None = None) -> Figure:
    """Mean and reduced model of each compartment, four in a row.

    Parameters
    ----------
    found : Dataset
        As `spinemc.calibration.calibrate` returns it.
    path : str or Path, optional
        Where to write it; the suffix says how.
    """
    number = found.sizes["compartment"]
    columns = min(number, _COLUMNS)
    rows = -(-number // columns)
    wide = max(3.0 * columns + 0.4, 6.0)
    figure = blank(wide, 2.5 * rows + 0.6)
    grid = figure.add_gridspec(
        rows, columns, left=0.65 / wide, right=0.98, bottom=0.5 / (2.5 * rows + 0.6), top=1 - 0.75 / (2.5 * rows + 0.6),
        hspace=0.5, wspace=0.3,
    )  # fmt: skip
    for k, name in enumerate(found["compartment"].values):
        draw_fit(
            figure.add_subplot(grid[k // columns, k % columns]), found.sel(compartment=name), found.attrs["species"]
        )
    words = [(f"mean of {found.attrs['trials']} trials, shaded: 95 %", MEAN), ("reduced model", TWIN)]
    key(figure, 1 - 0.28 / (2.5 * rows + 0.6), words)
    return written(figure, path)


def draw_fit(ax: Axes, one: xr.Dataset, species: str) -> Axes:
    """The mean of a compartment with twice its standard error, and the fit dashed."""
    time, mean, sem = 1e3 * one["time"].values, one["mean"].values, one["sem"].values
    ax.fill_between(time, mean - 2 * sem, mean + 2 * sem, color=TRIALS, alpha=0.45, linewidth=0)
    ax.plot(time, mean, color=MEAN, linewidth=points(1.6))
    draw_twin(ax, time, one["fit"].values)
    ax.set_title(str(one["compartment"].item()), loc="left", fontsize=points(9), fontweight="bold", color=INK)
    ax.set(xlabel="time (ms)", ylabel=f"free {species} (number)", xlim=(0, time[-1]), ylim=(0, None))
    return tidy(ax)
