"""The same inputs to spines on one dendrite at several levels, from formulas to particles in the mesh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from common import ran

from spinemc import observables
from spinemc.scenario import Scenario, override
from spinemc.scenario.sweeps import Sweep
from spinemc.units import MICROMOLAR

PIECES = "run.segment=0.3 um"
"""How long the well-mixed pieces of the shaft are."""

LEVELS = {
    f"{law}{more}": (f"run.engine={engine}", f"run.exchange={law}", PIECES)
    for more, engine in (("", "ode"), (", trials", "compartments"))
    for law in ("literal", "consistent", "mesh")
} | {"particles": ("run.engine=particles",)}
"""Levels by name, and what is set for each."""


def released(
    inputs: Iterable[tuple[int, float, float]], tail: float, step: float = 2.5e-4, species: str = "Ca"
) -> tuple[str, ...]:
    """Inputs, each a spine, a time [s] and an amount [uM], as settings of a scenario.

    Parameters
    ----------
    inputs : iterable of (int, float, float)
    tail : float
        How long the run goes on after the last [s].
    step : float
        The run ends at a whole number of these [s].
    species : str
        What is released.
    """
    times: dict[tuple[int, float], list[float]] = {}
    for spine, time, amount in inputs:
        times.setdefault((spine, amount), []).append(time)
    releases = ", ".join(
        f'{{ species = "{species}", concentration = "{amount} uM", in = "spine_{spine + 1}.head", time = ['
        + ", ".join(f'"{1e3 * time:.6g} ms"' for time in sorted(at))
        + "] }"
        for (spine, amount), at in times.items()
    )
    last = max(at[-1] for at in map(sorted, times.values()))
    stop = 1e3 * step * np.ceil((last + tail) / step - 1e-6)
    return f"release=[{releases}]", f"run.t_stop={stop:.6g} ms"


def trials(
    scenario: Scenario, out: Path, *settings: str, varied: Sweep | None = None, threads: int | None = None
) -> xr.DataArray:
    """Changes of the weights in trials, or of the means of a level of means.

    Parameters
    ----------
    scenario : Scenario
    out : Path
        Of the store.
    *settings : str
        Laid over the scenario, as `--set` has them.
    varied : Sweep, optional
        The points of a sweep.
    threads : int, optional

    Returns
    -------
    xarray.DataArray
        (trial, synapse) [%], of a sweep with its dimensions before them.
    """
    tree = ran(override(scenario, *settings), out, varied, threads=threads)
    weight = observables.array(tree, "plasticity/li2016/h")
    return (100.0 * (weight.isel(time=-1) / weight.isel(time=0) - 1.0)).transpose(..., "trial", "synapse").load()


def calcium(scenario: Scenario, out: Path, *settings: str, threads: int | None = None) -> np.ndarray:
    """Concentrations in the heads, (trial, spine, t) [uM], as `trials` of a scenario have them."""
    tree = ran(override(scenario, *settings), out, threads=threads)
    counts = tree["counts"]
    where = [k for k, name in enumerate(counts.compartment.values) if name.rpartition(".")[2] == "head"]
    number = counts["count"].isel(compartment=where, species=0).transpose("trial", "compartment", "time").values
    return np.asarray(number / counts["volume"].values[where][:, np.newaxis] / MICROMOLAR)


def side_by_side(
    scenario: Scenario,
    folder: Path,
    cases: Mapping[Any, Sequence[str]],
    number: int,
    particles: int,
    names: Sequence[str] = tuple(LEVELS),
    pieces: str = PIECES,
    threads: int | None = None,
) -> xr.Dataset:
    """Changes of the weights by level and case.

    Parameters
    ----------
    scenario : Scenario
    folder : Path
        Of the stores.
    cases : mapping
        Settings laid over the scenario, by what the case is called.
    number, particles : int
        Trials of stochastic networks and of particles; where that is 0 a level is left out.
    names : sequence of str
        Of `LEVELS`.
    pieces : str
        The setting of how long well-mixed pieces of the shaft are.
    threads : int, optional

    Returns
    -------
    xarray.Dataset
        `change` (level, case, spine) [%], `error`, its standard error, NaN for means, and `trials` (level, case,
        spine, trial), NaN where there are fewer.
    """
    number_of = {name: particles if name == "particles" else number for name in names}
    asked = {
        name: (*LEVELS[name], *(() if name == "particles" else (pieces,)), f"run.trials={n}")
        for name, n in number_of.items()
        if n
    }
    rows = {
        name: [
            trials(scenario, folder / f"{name.replace(', ', '_')}_{case}.zarr", *own, *more, threads=threads).values.T
            for case, more in cases.items()
        ]
        for name, own in asked.items()
    }
    most = max(one.shape[1] for row in rows.values() for one in row)
    found = np.full((len(rows), len(cases), len(rows[next(iter(rows))][0]), most), np.nan)
    for i, row in enumerate(rows.values()):
        for j, one in enumerate(row):
            found[i, j, :, : one.shape[1]] = one
    coords = {"level": list(rows), "case": list(cases), "trial": np.arange(most)}
    values = xr.DataArray(found, coords, ("level", "case", "spine", "trial"), "trials")
    count = values.count("trial")
    error = values.std("trial", ddof=1 if most > 1 else 0).where(count > 1) / np.sqrt(count)
    return xr.Dataset({"change": values.mean("trial"), "error": error, "trials": values})
