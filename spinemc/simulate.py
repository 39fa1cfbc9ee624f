"""A scenario from file to store: the only module that knows all the stages."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc import ensemble, plasticity, store
from spinemc.chemistry.names import check_names, each_place
from spinemc.chemistry.network import network
from spinemc.engine.fingerprint import digest_of, fingerprint
from spinemc.engine.limits import check_step
from spinemc.engine.schedule import frame_times
from spinemc.engine.system import System
from spinemc.errors import StoreError
from spinemc.geometry import build
from spinemc.geometry.grid import grid
from spinemc.progress import Progress
from spinemc.provenance import provenance
from spinemc.scenario import Scenario, override, parse_scenario
from spinemc.store import Block, Layout
from spinemc.twins import ode

if TYPE_CHECKING:
    import xarray as xr

BLOCKS = 16  # blocks that a run is cut into, where it has that many trials
MOST_BLOCKS = 256
BLOCK_BYTES = 32_000_000  # of counts and events in a block


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
    out = out if out is not None else Path(f"{scenario.path.stem if scenario.path else 'run'}.zarr")
    system = prepare(scenario)
    attributes = {
        "scenario": scenario.text,
        "scenario_path": str(scenario.path.resolve()) if scenario.path else "",
        "scenario_digest": digest_of(scenario.path) if scenario.path else "",
        "fingerprint": fingerprint(system),
        "provenance": provenance(seed=scenario.run.seed),
    }
    store.create(out, layout(system), system.geometry, attributes, overwrite)
    return _fill(out, system, threads, progress)


def resume(
    out: str | Path,
    *,
    threads: int | None = None,
    progress: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> xr.DataTree:
    """Go on with an interrupted run: the blocks of trials that are not there, and those that are damaged.

    Parameters
    ----------
    out : str or Path
        The store.
    threads : int, optional
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
    attributes = store.attributes_of(here)
    _refuse_changed_file(here.name, attributes)
    system = prepare(parse_scenario(*store.read_scenario(out)))
    _refuse_other(here.name, json.loads(attributes["fingerprint"]), fingerprint(system))
    shape = layout(system)
    with here.hold():
        here.tidy()
        damages = store.verify(out)
        for damage in damages:
            tell(f"damaged: {damage}")
        if damages:
            store.repair(out, shape, system.geometry, damages)
    return _fill(out, system, threads, progress)


def _refuse_changed_file(name: str, attributes: Mapping[str, Any]) -> None:
    """Refuse to go on where the scenario's file is there and is another one."""
    path = Path(attributes.get("scenario_path") or "")
    if not path.is_file() or not attributes.get("scenario_digest"):
        return
    if digest_of(path) != attributes["scenario_digest"]:
        raise StoreError(
            f"{name}: {path.name} has changed since the run began: {_differences(path, attributes['scenario'])}. Take "
            "the change back, or run the scenario again into another store."
        )


def _differences(path: Path, ran: str) -> str:
    """The keys in which a scenario's file differs from what ran."""
    try:
        now, then = _flat(tomllib.loads(path.read_text())), _flat(tomllib.loads(ran))
    except (ValueError, OSError):
        return "it is no TOML now"
    keys = [key for key in dict.fromkeys([*then, *now]) if then.get(key) != now.get(key)]
    said = [f"{key} is {now.get(key, 'not there')}, and ran as {then.get(key, 'not there')}" for key in keys[:3]]
    return "; ".join(said) + (f"; and {len(keys) - 3} more" if len(keys) > 3 else "") or "in its form only"


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """The values of nested tables and lists by their keys, with dots."""
    if isinstance(value, dict):
        return {
            k: v for name, inner in value.items() for k, v in _flat(inner, f"{key}.{name}" if key else name).items()
        }
    if isinstance(value, list) and value and all(isinstance(inner, dict) for inner in value):
        return _flat({str(i): held for i, held in enumerate(value, 1)}, key)
    return {key: value}


def _refuse_other(name: str, then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Refuse to go on where something that fixes the results is not as it was."""
    others = [subject for subject in now if then.get(subject) != now[subject]]
    if "kernels" in others:
        raise StoreError(
            f"{name} was made with other kernels (build {then.get('kernels')}, this is {now['kernels']}): go on with "
            "the version that its provenance names, or run the scenario again."
        )
    if others:
        raise StoreError(
            f"{name}: {' and '.join(others)} would not be as when the run began: a file that its scenario names has "
            "changed, or this version builds it otherwise. Run the scenario again."
        )


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
        block=_block(trials, _trial_bytes(system)),
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


def _trial_bytes(system: System) -> int:
    """Bytes of one trial's counts and events."""
    geometry, network = system.geometry, system.network
    volume = len(geometry.compartments) * len(network.volume_species)
    surface = len(geometry.regions) * len(network.surface_species)
    events = len(network.steps) + len(system.boundaries)
    return len(system.scenario.run.sample_times) * (4 * (volume + surface) + 8 * events)


def _block(trials: int, size: int) -> int:
    """Trials in a block: so many that a short run does not write all the time, and fewer where trials are large."""
    fits = max(1, BLOCK_BYTES // max(1, size))
    return max(min(-(-trials // BLOCKS), fits), -(-trials // MOST_BLOCKS) if fits > 1 else 1)


def _fill(out: str | Path, system: System, threads: int | None, progress: bool) -> xr.DataTree:
    """Run what a store lacks, write it block by block, and open it."""
    shape, begin, moves = layout(system), perf_counter(), 0
    with store.place(out).hold():
        missing = store.missing(out, shape)
        if system.scenario.run.engine == "ode":
            for number in missing:
                block = _expected(ode.solve(system.scenario, system.geometry, system.network))
                store.write(out, shape, number, block, _weights(system, shape, block))
                store.gather(out, shape)
        else:
            trials = [trial for number in missing for trial in shape.trials_of(number)]
            with Progress(system, trials, progress) as shown:
                for number, block in blocks(out, system, shape, missing, threads, shown.report):
                    store.write(out, shape, number, block, _weights(system, shape, block))
                    store.gather(out, shape)
            moves = shown.moves
        store.gather(out, shape)
        wall = perf_counter() - begin
        told = provenance(seed=system.scenario.run.seed, threads=threads, wall_time=wall, particle_steps=moves)
        store.finish(out, told)
    return store.open(out)


def blocks(
    out: str | Path,
    system: System,
    shape: Layout,
    numbers: Sequence[int],
    threads: int | None,
    report: Callable[[int, float, int], None],
) -> Iterator[tuple[int, Block]]:
    """Run blocks of trials, and yield each when it is done; frames and states of its trials go into the store."""
    here, every = store.place(out), system.scenario.run.checkpoint or None
    trials = [trial for number in numbers for trial in shape.trials_of(number)]
    recorded = {trial for _, _, some in shape.positions for trial in shape.recorded(some)}

    def keeper_of(trial: int) -> store.Spool | None:
        return store.Spool(here, trial, every) if every is not None or trial in recorded else None

    results = ensemble.run_trials(system, system.scenario.run.seed, trials, threads, report, keeper_of)
    for number in numbers:
        done = list(islice(results, len(shape.trials_of(number))))
        yield (
            number,
            Block(
                first=shape.trials_of(number).start,
                count=np.stack([trial.count for trial in done]),
                surface=np.stack([trial.surface for trial in done]),
                events=np.stack([trial.events for trial in done]),
                absorbed=np.stack([trial.absorbed for trial in done]),
            ),
        )


def _expected(series: ode.Series) -> Block:
    """The rate equations' answer as a block of one trial."""
    one = np.newaxis
    return Block(0, series.count[one], series.surface[one], series.events[one], series.absorbed[one])


def _weights(system: System, shape: Layout, block: Block) -> dict[str, dict[str, np.ndarray]]:
    """Every rule of plasticity on a block's counts."""
    specs = system.scenario.plasticity
    return plasticity.evaluate(specs, shape.time, block.count, shape.volumes, shape.compartments, shape.volume_species)
