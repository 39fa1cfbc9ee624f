"""What the studies of this folder share: their options, stores that are run once, and a sheet of panels."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xarray as xr

import spinemc as smc
from spinemc.figures.style import INK, QUIET, blank, tidy, written
from spinemc.scenario import Scenario
from spinemc.scenario.sweeps import Sweep

PDE = find_spec("gmsh") is not None and find_spec("skfem") is not None
"""Whether the equations in space can be solved here."""

NO_PDE = "The equations in space are left out: gmsh and scikit-fem are not installed.\n"


def options(study: str) -> argparse.Namespace:
    """The options of a study, from the command line.

    Parameters
    ----------
    study : str
        Its `__file__`; the folder's name is the study's.

    Returns
    -------
    argparse.Namespace
        `quick`, a bool; `stores`, the folder of the runs, which is made; `out`, the figure. A quick form keeps its
        stores and its figure apart, in stores/quick.
    """
    here = Path(study).resolve().parent
    parser = argparse.ArgumentParser(prog="study.py", description=f"The study {here.name}: runs, prints, draws.")
    parser.add_argument("--quick", action="store_true", help="few trials: a minute or two on two cores")
    parser.add_argument("--stores", type=Path, help="the folder of the runs; what is there is not run again")
    parser.add_argument("--out", type=Path, help="the figure")
    given = parser.parse_args()
    given.stores = given.stores or here / "stores" / ("quick" if given.quick else "")
    given.out = given.out or (given.stores if given.quick else here) / f"{here.name}.png"
    given.stores.mkdir(parents=True, exist_ok=True)
    return given


def ran(
    scenario: Scenario,
    out: Path,
    varied: Sweep | None = None,
    *,
    threads: int | None = None,
    progress: bool | None = None,
) -> xr.DataTree:
    """The store of a scenario or a sweep: what is there is gone on with, unless it is of another scenario.

    Parameters
    ----------
    scenario : Scenario
    out : Path
        The store; one of another scenario or sweep is replaced.
    varied : Sweep, optional
        The points of a sweep.
    threads : int, optional
        All usable cores by default.
    progress : bool, optional
        Whether to tell on standard error how far the run is; by default where that is a terminal.

    Returns
    -------
    xarray.DataTree
    """
    progress = sys.stderr.isatty() if progress is None else progress
    if out.exists():
        attributes = smc.open(out).attrs
        wanted = json.dumps(asdict(varied)) if varied else None
        if (attributes["scenario"], attributes.get("sweep")) == (scenario.text, wanted):
            return smc.resume(out, threads=threads, progress=progress)
    if varied is None:
        return smc.run(scenario, out, threads=threads, overwrite=True, progress=progress)
    return smc.sweep(scenario, varied, out, threads=threads, overwrite=True, progress=progress)


def sheet(
    title: str, said: str, panels: Sequence[tuple[str, Callable[[Any], None]]], path: Path, *, columns: int = 3
) -> None:
    """A figure of panels in rows, written to a file.

    Parameters
    ----------
    title, said : str
        Above all of it, and in small letters below that.
    panels : sequence of (str, callable)
        The title of each, and what draws it on axes.
    path : Path
    columns : int
    """
    rows = -(-len(panels) // columns)
    width, height = 3.8 * columns, 3.2 * rows + 1.0
    figure = blank(width, height)
    grid = figure.add_gridspec(
        rows,
        columns,
        left=0.68 / width,
        right=0.985,
        bottom=0.52 / height,
        top=1.0 - 1.0 / height,
        wspace=0.27,
        hspace=0.42,
    )
    for k, (name, draw) in enumerate(panels):
        ax = tidy(figure.add_subplot(grid[k // columns, k % columns]))
        draw(ax)
        ax.tick_params(which="minor", labelsize=7.5, color=QUIET, labelcolor=INK)
        ax.set_title(name, loc="left", fontsize=9, fontweight="bold", color=INK)
        if ax.get_legend_handles_labels()[0]:
            ax.legend(frameon=False, fontsize=6.5, labelcolor=INK, handlelength=1.6)
    figure.text(0.02, 1.0 - 0.37 / height, title, fontsize=13, fontweight="bold", color=INK)
    figure.text(0.02, 1.0 - 0.62 / height, said, fontsize=8.5, color=QUIET)
    written(figure, path)
