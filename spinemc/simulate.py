"""A scenario from file to store: the only module that knows all the stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from spinemc import batch, cluster, plans, store
from spinemc.plans import Plan, layout, prepare
from spinemc.progress import Progress
from spinemc.provenance import provenance
from spinemc.scenario import Scenario, override
from spinemc.scenario.sweeps import Sweep
from spinemc.twins import levels

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["layout", "prepare", "resume", "run", "sweep"]


def run(
    scenario: Scenario,
    out: str | Path | None = None,
    *,
    trials: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    client: Any = None,
    overwrite: bool = False,
    progress: bool = False,
) -> xr.DataTree:
    """Run a scenario into a store.

    Parameters
    ----------
    scenario : Scenario
    out : str or Path, optional
        The store, a folder or a URL; the scenario's file name with .zarr, in the current folder, by default.
    trials, seed : int, optional
        In place of the scenario's.
    threads : int, optional
        All usable cores by default. The arrays do not depend on it.
    client : distributed.Client, optional
        A Dask cluster whose workers run the blocks of trials; the threads of this process do without it.
    overwrite : bool
        Whether a store at `out` may be replaced.
    progress : bool
        Whether to tell on standard error how far the run is.

    Returns
    -------
    xarray.DataTree
        The store as `spinemc.open` gives it: nothing is read before it is used.

    Raises
    ------
    ScenarioError, GeometryError, EngineError
        Where the scenario cannot be run; nothing is written then.
    StoreError
        Where `out` is taken or cannot be written.
    """
    plan = Plan(with_run(scenario, trials, seed))
    return _begin(plan, out, overwrite, threads, client, progress, {})


def sweep(
    scenario: Scenario,
    varied: Sweep,
    out: str | Path | None = None,
    *,
    trials: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    client: Any = None,
    overwrite: bool = False,
    progress: bool = False,
    said: Mapping[str, str] | None = None,
) -> xr.DataTree:
    """Run a scenario at each point of a sweep into one store, which has a dimension for each varied parameter.

    Every point has the same seed, and is what `run` gives with its settings.

    Parameters
    ----------
    scenario : Scenario
    varied : Sweep
        What is varied, and how.
    out, trials, seed, threads, client, overwrite, progress
        As of `run`.
    said : mapping, optional
        Attributes that the store's root has beside its own.

    Returns
    -------
    xarray.DataTree
        As of `run`; `tree["counts/count"].sel(neck_radius=0.05)` are those of one point.

    Raises
    ------
    ScenarioError, GeometryError, EngineError
        Where the scenario cannot be run at some point, or a point has other arrays; nothing is written then.
    StoreError
        Where `out` is taken or cannot be written.
    """
    plan = Plan(with_run(scenario, trials, seed), varied)
    return _begin(plan, out, overwrite, threads, client, progress, said or {})


def resume(
    out: str | Path,
    *,
    threads: int | None = None,
    client: Any = None,
    progress: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> xr.DataTree:
    """Go on with an interrupted run or sweep: the blocks of trials that are not there, and those that are damaged.

    Parameters
    ----------
    out : str or Path
        The store.
    threads : int, optional
    client : distributed.Client, optional
    progress : bool
    tell : callable
        Called with each damage that was found and is mended.

    Returns
    -------
    xarray.DataTree
        Equal, array by array, to that of an uninterrupted run.

    Raises
    ------
    StoreError
        Where there is no store of ours, another process writes it, or its run would now give other arrays: with other
        kernels, another scenario or other files; the message says what differs.
    """
    here = store.place(out)
    plan = plans.of_store(here.name, store.attributes_of(here))
    shape = plan.layout
    with store.refusals_told(here), here.hold():
        here.tidy()
        damages = store.verify(out)
        for damage in damages:
            tell(f"damaged: {damage}")
        if damages:
            store.repair(out, shape, plan.survey, damages)
        store.refuse_unlike(out, shape)
    return _fill(out, plan, threads, client, progress)


def with_run(scenario: Scenario, trials: int | None, seed: int | None) -> Scenario:
    """A scenario with another number of trials or another seed."""
    wanted = {"run.trials": trials, "run.seed": seed}
    settings = [f"{key}={value}" for key, value in wanted.items() if value is not None]
    return override(scenario, *settings) if settings else scenario


def _begin(
    plan: Plan,
    out: str | Path | None,
    overwrite: bool,
    threads: int | None,
    client: Any,
    progress: bool,
    said: Mapping[str, str],
) -> xr.DataTree:
    """Make a store for a plan, and fill it."""
    scenario = plan.scenario
    out = out if out is not None else Path(f"{scenario.path.stem if scenario.path else 'run'}.zarr")
    shape, geometries, digests = plan.survey()
    attributes = plans.attributes_of(plan, digests) | {"provenance": provenance(seed=scenario.run.seed)} | dict(said)
    store.create(out, shape, geometries, attributes, overwrite)
    return _fill(out, plan, threads, client, progress)


def _fill(out: str | Path, plan: Plan, threads: int | None, client: Any, progress: bool) -> xr.DataTree:
    """Run what a store lacks, here or on a cluster, write it block by block, and open it."""
    shape, begin, run = plan.layout, perf_counter(), plan.scenario.run
    here = store.place(out)
    with store.refusals_told(here), here.hold():
        missing = store.missing(out, shape)
        jobs = sum(len(shape.jobs_of(number)) for number in missing)
        with Progress(run.t_stop, jobs, progress, levels.of(plan.scenario).counted) as shown:
            if client is None:
                done = batch.run_blocks(out, plan, missing, threads, shown.report)
            else:
                done = cluster.run_blocks(client, out, plan, missing, shown.report)
            there = set(range(shape.blocks)) - set(missing)
            for number in done:
                there.add(number)
                store.gather(out, shape, there)
        store.gather(out, shape)
        wall = perf_counter() - begin
        told = provenance(seed=run.seed, threads=threads, wall_time=wall, particle_steps=shown.moves)
        store.finish(out, told)
    return store.open(out)
