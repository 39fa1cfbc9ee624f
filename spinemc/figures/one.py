"""One figure of one thing that a run tells, in the size of a journal's column or of a slide."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.figures.comparison import colour_of, draw_means, draw_noise
from spinemc.figures.mesh import draw_mesh
from spinemc.figures.run import geometry_of, ion_of
from spinemc.figures.series import draw_weight
from spinemc.figures.style import (
    INK,
    MEAN,
    MM,
    QUIET,
    SERIES,
    SIZES,
    TRIALS,
    Size,
    blank,
    key,
    names_beside,
    points,
    sheet,
    tidy,
    written,
)
from spinemc.observables import array, moments, series, totals

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WHAT = ("counts", "concentration", "noise", "weight", "geometry", "compare")
"""What there is a figure of."""

MOST = len(SERIES)
"""Lines of one figure."""

STACKED = 1.55
"""How much higher a figure of two panels is where these are below each other."""

FAR_APART = 30.0
"""How many times larger than another one a mean may be on an axis that is not logarithmic."""


def plot_one(
    tree: xr.DataTree,
    what: str,
    path: str | Path | None = None,
    size: str = "single",
    found: xr.Dataset | None = None,
) -> Figure:
    """One figure of one thing.

    Parameters
    ----------
    tree : DataTree
        A run.
    what : str
        Of `WHAT`: numbers of molecules, concentrations of the ion, its noise, the synaptic weight, the surfaces, or
        the ion beside other levels.
    path : str or Path, optional
        Where to write it; the suffix says how.
    size : str
        Of `style.SIZES`: single, double or slide.
    found : Dataset, optional
        For `compare`: as `spinemc.contrast.compare` returns it.

    Raises
    ------
    ObservableError
        The run does not have what is to be drawn.
    SpinemcError
        There is no such size, or the figure cannot be written.
    """
    import matplotlib

    if what not in WHAT:
        raise ObservableError(f"{what} is nothing that there is a figure of: there are {', '.join(WHAT)}.")
    with matplotlib.rc_context(sheet(size)):
        figure = _drawn(tree, what, SIZES[size], found)
        return written(figure, path)


def _drawn(tree: xr.DataTree, what: str, size: Size, found: xr.Dataset | None) -> Figure:
    trials = tree["counts"].sizes["trial"]
    if trials == 0:
        raise ObservableError(f"{tree.name}: no trial is finished: `spinemc resume` goes on.")
    stacked = what == "compare" and not size.is_wide
    figure = blank(size.width * MM, size.height * MM * (STACKED if stacked else 1.0))
    if what == "geometry":
        geometry = geometry_of(tree)
        draw_mesh(figure.add_axes((0.0, 0.14, 1.0, 0.74), projection="3d"), geometry)
        _head(figure, "Surface", f"{geometry.area:.3g} µm², {geometry.volume:.3g} µm³")
        return figure
    top = _below(figure, 33.0 if what == "compare" else 24.0)
    figure.set_layout_engine("constrained", w_pad=points(3.6) / 72.0, h_pad=points(3.6) / 72.0, rect=(0, 0, 1, top))
    ion = ion_of(tree)
    several = f"{trials} trial{'s' * (trials != 1)}"
    if what == "compare":
        _compared(figure, found, size, ion)
        _head(figure, f"{ion} beside other levels", f"n = {several}, shaded: 95 %")
        return figure
    ax = figure.add_subplot()
    if what == "counts":
        draw_lines(ax, totals(tree), _largest_change(tree, ion), "molecules (number)")
        _head(figure, "Molecules", f"n = {several}, mean ± SD")
    elif what == "concentration":
        values = array(tree, "counts/concentration").sel(species=ion, drop=True).rename(compartment="species")
        draw_lines(ax, values, _places(tree), f"{ion} (µmol/L)")
        _head(figure, f"Concentration of {ion}", f"n = {several}, mean ± SD")
    elif what == "noise":
        draw_fano_band(ax, tree, ion)
        _head(figure, f"Noise of {ion}", f"n = {several}, shaded: 95 %")
    else:
        rules = list(tree["plasticity"].children) if "plasticity" in tree.children else []
        if not rules:
            raise ObservableError(f"{tree.name}: no rule of plasticity ran, so there is no weight: add [[plasticity]].")
        draw_weight(ax, tree, rules[0])
        _head(figure, f"Weight, {rules[0]}", f"n = {several}, thick: mean")
    return figure


def draw_lines(ax: Axes, values: xr.DataArray, names: Sequence[str], said: str) -> Axes:
    """Means over trials with a standard deviation on either side, their names at the ends of the lines.

    The axis is logarithmic where means are far apart.

    Parameters
    ----------
    ax : Axes
    values : DataArray
        (trial, time, species)
    names : sequence of str
        Which of the species.
    said : str
        What is drawn, with its unit.
    """
    milliseconds = 1e3 * values["time"].values
    drawn = values.sel(species=list(names)).transpose("species", "time", "trial").values
    mean, deviation = drawn.mean(axis=2), drawn.std(axis=2)
    peaks = mean.max(axis=1)
    far = len(peaks) > 1 and peaks.min() > 0 and peaks.max() > FAR_APART * peaks.min()
    for line, spread, least, colour in zip(mean, deviation, drawn.min(axis=2), SERIES, strict=False):
        low = np.maximum(line - spread, least)
        ax.fill_between(milliseconds, low, line + spread, color=colour, alpha=0.25, linewidth=0)
        ax.plot(milliseconds, line, color=colour, linewidth=points(1.4), zorder=5)
    ax.set(xlabel="time (ms)", ylabel=said, xlim=(0, milliseconds[-1]))
    if far:
        ax.set_yscale("log")
        ax.set_ylim(bottom=max(mean[mean > 0].min(), 1e-2 * peaks.min()), top=1.4 * float((mean + deviation).max()))
    else:
        ax.set_ylim(bottom=min(0.0, float(mean.min())))
    tidy(ax)
    names_beside(ax, list(names), mean[:, -1], list(SERIES))
    return ax


def draw_fano_band(ax: Axes, tree: xr.DataTree, species: str) -> Axes:
    """The Fano factor over trials with its interval of 95 %; Poisson numbers have 1.

    Raises
    ------
    ObservableError
        There is one trial only.
    """
    if tree["counts"].sizes["trial"] < 2:
        raise ObservableError(f"{tree.name}: noise is told over trials, two or more, and this run has one.")
    found = moments(series(tree, species))
    milliseconds = 1e3 * found["time"].values
    known = found["mean"].values > 0
    low, value, high = (np.where(known, found[name].values, np.nan) for name in ("fano_low", "fano", "fano_high"))
    ax.fill_between(milliseconds, low, high, color=TRIALS, alpha=0.45, linewidth=0)
    ax.plot(milliseconds, value, color=MEAN, linewidth=points(1.2))
    ax.axhline(1, color=QUIET, linewidth=points(0.8), linestyle=(0, (1, 2)))
    ax.set(xlabel="time (ms)", ylabel=f"Fano factor of {species}", xlim=(0, milliseconds[-1]))
    if np.nanmax(high, initial=1.0) > 20.0:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
    else:
        ax.set_ylim(bottom=0)
    tidy(ax)
    names_beside(ax, ["Poisson"], np.array([1.0]), [QUIET])
    return ax


def _compared(figure: Figure, found: xr.Dataset | None, size: Size, ion: str) -> None:
    """Mean and noise of the ion in its place beside each level; below each other where there is no room."""
    if found is None:
        raise ObservableError("there is nothing to lay beside the run: give what `spinemc.contrast.compare` returns.")
    key(figure, _below(figure, 28.0), [(str(name), colour_of(str(name))) for name in found["twin"].values])
    mine = found["series"].values[found["species"].values == ion]
    if not len(mine):
        raise ObservableError(f"{ion} is in no compartment of the comparison.")
    one = found.sel(series=mine[0])
    shape = (1, 2) if size.is_wide else (2, 1)
    draw_means(figure.add_subplot(*shape, 1), one).set_xlabel("time (ms)" if size.is_wide else "")
    draw_noise(figure.add_subplot(*shape, 2), one)
    for ax in figure.axes:
        tidy(ax)


def _head(figure: Figure, title: str, note: str) -> None:
    """What a figure is of, and of how much."""
    top = _below(figure, 6.0)
    figure.text(0.02, top, title, fontsize=points(9), fontweight="bold", color=INK, va="top", parse_math=False)
    figure.text(0.98, top, note, fontsize=points(7), color=QUIET, va="top", ha="right")


def _below(figure: Figure, distance: float) -> float:
    """How high in the figure it is that far [pt] below its top."""
    return 1.0 - points(distance) / 72.0 / float(figure.get_figheight())


def _largest_change(tree: xr.DataTree, ion: str) -> list[str]:
    """The ion, and the species whose mean changes most."""
    total = totals(tree).mean("trial").transpose("species", "time")
    swing = np.ptp(total.values, axis=1)
    names = [str(name) for name in total["species"].values]
    others = [names[k] for k in np.argsort(-swing, kind="stable") if names[k] != ion and swing[k] > 0]
    return [ion, *others][:MOST]


def _places(tree: xr.DataTree) -> list[str]:
    """The parts of spaces that the ion is in; the whole where there are none."""
    names = [str(name) for name in array(tree, "counts/compartment").values]
    ion = ion_of(tree)
    there = array(tree, "counts/count").sel(species=ion).max(["trial", "time"]).values
    parts = [name for name, most in zip(names[1:], there[1:], strict=True) if most > 0]
    return parts[:MOST] or names[:1]
