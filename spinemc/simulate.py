"""A scenario from file to store: the only module that knows all the stages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from spinemc import ensemble, observables, plasticity, store
from spinemc.chemistry.names import check_names, each_place
from spinemc.chemistry.network import network
from spinemc.engine.limits import check_step
from spinemc.engine.schedule import frame_times
from spinemc.engine.system import System
from spinemc.engine.trial import Trial
from spinemc.errors import StoreError
from spinemc.geometry import build
from spinemc.geometry.grid import grid
from spinemc.progress import Progress
from spinemc.provenance import provenance
from spinemc.scenario import Scenario, override, parse_scenario
from spinemc.store import Block, Layout, Rows
from spinemc.twins import ode

if TYPE_CHECKING:
    import xarray as xr

BLOCKS = 16  # blocks that a run is cut into, where it has that many trials


def run(
    scenario: Scenario,
    out: str | Path | None = None,
    *,
    trials: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> xr.DataTree:
    """Run a scenario into a store.

    Parameters
    ----------
    scenario : Scenario
    out : str or Path, optional
        The store; the scenario's file name with .zarr, in the current folder, by default.
    trials, seed : int, optional
        In place of the scenario's.
    threads : int, optional
        All usable cores by default. The arrays do not depend on it.
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
    wanted = {"run.trials": trials, "run.seed": seed}
    settings = [f"{key}={value}" for key, value in wanted.items() if value is not None]
    if settings:
        scenario = override(scenario, *settings)
    out = Path(out) if out is not None else Path(f"{scenario.path.stem if scenario.path else 'run'}.zarr")
    system = prepare(scenario)
    attributes = {
        "scenario": scenario.text,
        "scenario_path": str(scenario.path.resolve()) if scenario.path else "",
        "provenance": provenance(seed=scenario.run.seed),
    }
    store.create(out, layout(system), system.geometry, attributes, overwrite)
    return _fill(out, system, threads, progress)


def resume(out: str | Path, *, threads: int | None = None, progress: bool = False) -> xr.DataTree:
    """Go on with an interrupted run, from the last finished block of trials.

    Parameters
    ----------
    out : str or Path
        The store.
    threads : int, optional
    progress : bool

    Returns
    -------
    xarray.DataTree
        Equal, array by array, to that of an uninterrupted run.

    Raises
    ------
    StoreError
        Where there is no store of ours, or it holds another shape of run than its scenario now gives.
    """
    system = prepare(parse_scenario(*store.read_scenario(out)))
    tree = store.open(out)
    if not np.array_equal(observables.array(tree, "geometry/vertex").values, system.geometry.vertex):
        raise StoreError(f"{out}: the geometry's file has changed since the run began; run the scenario again.")
    return _fill(Path(out), system, threads, progress)


def prepare(scenario: Scenario) -> System:
    """Build the geometry, the network and the grid of a scenario, and check that they can run together.

    Raises
    ------
    ScenarioError, GeometryError, EngineError
        Where they cannot.
    """
    geometry = build(scenario.geometry, scenario.path)
    scenario = each_place(scenario, geometry)
    check_names(scenario, geometry)
    for spec in scenario.plasticity:
        plasticity.complete(spec.rule, plasticity.rule(spec.rule).PARAMETERS, spec.parameters)
    grids = tuple(grid(geometry, space, scenario.run.cell) for space in range(len(geometry.spaces)))
    system = System(scenario, geometry, network(scenario, geometry), grids)
    if scenario.run.engine == "particles":
        check_step(system)
    else:
        ode.check(scenario, geometry, system.network)
    return system


def layout(system: System) -> Layout:
    """The shape of the store of a run."""
    scenario, geometry, net = system.scenario, system.geometry, system.network
    particles = scenario.run.engine == "particles"
    trials = scenario.run.trials if particles else 1
    return Layout(
        trials=trials,
        time=scenario.run.sample_times,
        compartments=geometry.compartments,
        volumes=geometry.compartment_volume,
        sets=tuple(geometry.sets[of] for of in geometry.compartment_set),
        volume_species=tuple(net.species[s] for s in net.volume_species),
        regions=geometry.regions,
        areas=geometry.region_area,
        surface_species=tuple(net.species[s] for s in net.surface_species),
        homes=tuple(geometry.spaces[net.space[s]] for s in net.volume_species),
        surface_homes=tuple(geometry.surfaces[geometry.region_surface[net.region[s]]] for s in net.surface_species),
        reactions=tuple(step.label for step in net.steps),
        boundaries=tuple(label for label, _, _ in system.boundaries),
        block=-(-trials // BLOCKS),
        integer=particles,
        positions=tuple(
            (name, frame_times(scenario.run.t_stop, record.every), record.trials)
            for record in scenario.positions
            for name in record.species
        )
        if particles
        else (),
        plasticity=plasticity.synapses(scenario.plasticity),
    )


def _fill(out: Path, system: System, threads: int | None, progress: bool) -> xr.DataTree:
    """Run what a store lacks, write it block by block, and open it."""
    shape = layout(system)
    begin, done = perf_counter(), store.finished(out)
    if system.scenario.run.engine == "ode":
        moves = 0
        if done == 0:
            block = _expected(ode.solve(system.scenario, system.geometry, system.network))
            store.append(out, shape, block, _weights(system, shape, block))
    else:
        with Progress(system, range(done, shape.trials), progress) as shown:
            seed = system.scenario.run.seed
            results = ensemble.run_trials(system, seed, range(done, shape.trials), threads, shown.report)
            for block in _blocks(results, shape, done):
                store.append(out, shape, block, _weights(system, shape, block))
        moves = shown.moves
    wall = perf_counter() - begin
    store.finish(out, provenance(seed=system.scenario.run.seed, threads=threads, wall_time=wall, particle_steps=moves))
    return store.open(out)


def _blocks(results: Iterator[Trial], shape: Layout, first: int) -> Iterator[Block]:
    """Trials in order, gathered into the blocks that a store writes."""
    while first < shape.trials:
        trials = list(islice(results, min(shape.block, shape.trials - first)))
        yield Block(
            first=first,
            count=np.stack([trial.count for trial in trials]),
            surface=np.stack([trial.surface for trial in trials]),
            events=np.stack([trial.events for trial in trials]),
            absorbed=np.stack([trial.absorbed for trial in trials]),
            positions={
                name: [Rows(*trial.positions[name]) for trial in trials if name in trial.positions]
                for name, _, _ in shape.positions
            },
        )
        first += len(trials)


def _expected(series: ode.Series) -> Block:
    """The rate equations' answer as a block of one trial."""
    one = np.newaxis
    return Block(0, series.count[one], series.surface[one], series.events[one], series.absorbed[one])


def _weights(system: System, shape: Layout, block: Block) -> dict[str, dict[str, np.ndarray]]:
    """Every rule of plasticity on a block's counts."""
    specs = system.scenario.plasticity
    return plasticity.evaluate(specs, shape.time, block.count, shape.volumes, shape.compartments, shape.volume_species)
