"""What the studies of this folder share: their options, and stores that are run once."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import xarray as xr

import spinemc as smc
from spinemc.scenario import Scenario
from spinemc.scenario.sweeps import Sweep


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
