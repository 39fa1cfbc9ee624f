"""Many short trials of many scenarios without a store for each: what is read out of them is kept instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from spinemc import plasticity
from spinemc.engine.system import System
from spinemc.ensemble import Job, run_jobs
from spinemc.plans import prepare
from spinemc.scenario import Scenario
from spinemc.twins import compartments, ode


def trials_of(scenario: Scenario, threads: int | None = None) -> xr.Dataset:
    """Run all trials of a scenario, for the molecules of the volume in the whole inside.

    Parameters
    ----------
    scenario : Scenario
        With `engine = "compartments"`, or `"ode"`, which is one trial of expected numbers.
    threads : int, optional
        All usable cores by default.

    Returns
    -------
    xarray.Dataset
        `count` (trial, time, species); `volume` [um^3]; and, where the scenario has a rule of plasticity, `weight`
        (trial, time) of its first synapse. The numbers are those of `spinemc.run`.
    """
    system = prepare(scenario)
    geometry, network = system.geometry, system.network
    species = [network.species[k] for k in network.volume_species]
    count = _counts(system, threads)
    time, volumes = scenario.run.sample_times, np.asarray(geometry.compartment_volume)
    values = {"count": (("trial", "time", "species"), count[:, :, 0]), "volume": float(volumes[0])}
    for rule in plasticity.evaluate(scenario.plasticity, time, count, volumes, geometry.compartments, species).values():
        values.setdefault("weight", (("trial", "time"), rule["weight"][:, :, 0]))
    return xr.Dataset(values, coords={"time": time, "species": species})


def _counts(system: System, threads: int | None) -> np.ndarray:
    """(trial, time, compartment, species)"""
    run = system.scenario.run
    if run.engine == "ode":
        return ode.solve(system.scenario, system.geometry, system.network).count[None]
    jobs = (Job(system, run.seed, k, k) for k in range(run.trials))
    return np.stack([trial.count for trial in run_jobs(jobs, threads, run=compartments.run_trial)])


def kept(path: Path, asked: object, make: Callable[[], xr.Dataset]) -> xr.Dataset:
    """What was made before of what is asked, or is made now.

    Parameters
    ----------
    path : Path
        A store of its own; one that was made of anything else is replaced.
    asked : object
        All that the result depends on, with a text (`repr`) that says so.
    make : callable
        Gives the result.

    Returns
    -------
    xarray.Dataset
    """
    if path.exists() and (found := xr.open_zarr(path, consolidated=False)).attrs.get("asked") == repr(asked):
        return found.load()
    made = make().assign_attrs(asked=repr(asked))
    made.to_zarr(path, mode="w", consolidated=False)
    return made
