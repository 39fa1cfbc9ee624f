"""What is to be run: a scenario, or one at each point of a sweep; made ready to run, and its shape in a store."""

from __future__ import annotations

import json
import os
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from spinemc import plasticity
from spinemc.chemistry.drive import driven
from spinemc.chemistry.ions import ways
from spinemc.chemistry.names import check_names, each_place
from spinemc.chemistry.network import network
from spinemc.chemistry.releases import expected_number
from spinemc.engine.fingerprint import digest_of, fingerprint
from spinemc.engine.schedule import frame_times
from spinemc.engine.system import System
from spinemc.errors import ScenarioError, StoreError
from spinemc.geometry import Geometry, build
from spinemc.geometry.grid import grid
from spinemc.layout import Layout, Ragged, ions, positions
from spinemc.scenario import Scenario, override, parse_scenario
from spinemc.scenario.sweeps import Axis, Sweep, is_sweep
from spinemc.twins import levels

BLOCKS = 16  # blocks that a run is cut into, where it has that many trials
MOST_BLOCKS = 256
BLOCK_BYTES = 32_000_000  # of counts and events in a block
MOST_MOLECULES = 10**8  # that a release puts into one trial
MOST_FRAMES = 10**6  # of a record of positions
MOST_BYTES = 8 * 10**9  # of counts and events in one trial
KEPT = 4  # systems of a sweep at a time

ONE = Sweep((), ((),))
"""No sweep: one point at which nothing is varied."""


def assembled(scenario: Scenario) -> System:
    """The geometry and the network of a scenario, with the rates that its voltage and its inputs give, and no grid.

    Raises
    ------
    ScenarioError, GeometryError
        What the scenario names is not there, or cannot be built.
    """
    geometry = build(scenario.geometry, scenario.path)
    scenario = each_place(scenario, geometry)
    check_names(scenario, geometry)
    scenario = driven(scenario, geometry)
    return System(scenario, geometry, network(scenario, geometry), ())


def prepare(scenario: Scenario) -> System:
    """Build the geometry, the network and the grid of a scenario, and check that they can run together.

    Raises
    ------
    ScenarioError, GeometryError, EngineError
        Where they cannot.
    """
    if scenario.structure is not None:
        raise ScenarioError(
            f"{scenario.path.name if scenario.path else 'scenario'}: structure: its epochs are for `spinemc run`, or "
            "spinemc.remodel: take it out to run the scenario once."
        )
    system = assembled(scenario)
    scenario, geometry = system.scenario, system.geometry
    for spec in scenario.plasticity:
        plasticity.check(spec)
    _refuse_large(scenario, geometry)
    levels.refuse_other(scenario)
    level = levels.of(scenario)
    if level.follows:
        grids = tuple(grid(geometry, space, scenario.run.cell) for space in range(len(geometry.spaces)))
        system = System(scenario, geometry, system.network, grids)
    _refuse_large_trial(system)
    level.check(system)
    return system


def _refuse_large(scenario: Scenario, geometry: Geometry) -> None:
    """Refuse what no memory holds, before it is asked for."""
    for number, release in enumerate(scenario.release, 1):
        molecules = expected_number(geometry, release) * len(release.time)
        if molecules > MOST_MOLECULES:
            raise ScenarioError(
                f"release {number}, {release.species}: {molecules:.3g} molecules in one trial, more than "
                f"{MOST_MOLECULES:.0e}: use a lower amount."
            )
    for record in scenario.positions:
        if scenario.run.t_stop / record.every > MOST_FRAMES:
            raise ScenarioError(
                f"record.positions: a frame every {record.every:g} s makes more than {MOST_FRAMES} of them: use a "
                "longer time."
            )


def _refuse_large_trial(system: System) -> None:
    size = _trial_bytes(system)
    if size > MOST_BYTES:
        raise ScenarioError(
            f"run.sample_every: the samples of one trial take {size / 1e9:.3g} GB, more than {MOST_BYTES / 1e9:g}: use "
            "a longer time, or fewer compartments."
        )


def layout(system: System) -> Layout:
    """The shape of the store of one scenario's run."""
    scenario, geometry, net = system.scenario, system.geometry, system.network
    level = levels.of(scenario)
    trials = scenario.run.trials if level.stochastic else 1
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
        integer=level.stochastic,
        ragged=_tables(system),
        plasticity=plasticity.synapses(scenario.plasticity),
    )


def _tables(system: System) -> tuple[Ragged, ...]:
    """What is kept of some trials: positions, and what happened to the ions that are followed."""
    scenario, net = system.scenario, system.network
    tables = [
        positions(
            name,
            frame_times(scenario.run.t_stop, record.every),
            record.trials,
            net.species if record.follow and scenario.ions is not None and name == scenario.ions.species else (),
        )
        for record in scenario.positions
        for name in record.species
    ]
    if scenario.ions is not None:
        steps = [step.label for step in net.steps]
        boundaries = [label for label, _, _ in system.boundaries]
        releases = [f"release {n}, {release.species}" for n, release in enumerate(scenario.release, 1)]
        kinds = [*ways(net, system.carries), *("boundary" for _ in boundaries), *("release" for _ in releases)]
        tables.append(ions(scenario.ions.species, scenario.ions.trials, (*steps, *boundaries, *releases), tuple(kinds)))
    return tuple(tables)


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


@dataclass(eq=False)
class Plan:
    """A scenario, and what is varied of it.

    Attributes
    ----------
    scenario : Scenario
    sweep : Sweep
        What is varied; for one run, nothing at its only point.
    known : dict
        Digests that the points' systems must have, by number and subject, where the run was begun before.
    name : str
        What messages call its store then.
    """

    scenario: Scenario
    sweep: Sweep = ONE
    known: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    name: str = ""
    _systems: dict[int, System] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def system(self, point: int) -> System:
        """The system at a point; the last few are kept.

        Raises
        ------
        StoreError
            It would not give what it gave when the run was begun.
        """
        with self._lock:
            if point not in self._systems:
                settings = self.sweep.settings[point]
                made = prepare(override(self.scenario, *settings) if settings else self.scenario)
                then = self.known.get(str(point))
                if then is not None:
                    _refuse_other(self.name, then, _fingerprint(made))
                while len(self._systems) >= KEPT:
                    self._systems.pop(next(iter(self._systems)))
                self._systems[point] = made
            return self._systems[point]

    @property
    def engines(self) -> tuple[str, ...]:
        """The levels that its points run at, as settings call them."""
        varied = (setting for point in self.sweep.settings for setting in point if setting.startswith("run.engine="))
        return tuple(dict.fromkeys(setting.partition("=")[2] for setting in varied)) or (self.scenario.run.engine,)

    @cached_property
    def layout(self) -> Layout:
        """The shape of the store; sizes that differ between points as at the first."""
        first = layout(self.system(0))
        return replace(first, axes=self.sweep.axes, beside=self.sweep.beside)

    def survey(self) -> tuple[Layout, tuple[Geometry, ...], dict[str, dict[str, str]]]:
        """Make every point ready once.

        Returns
        -------
        Layout, tuple of Geometry, dict
            The shape of the store with the sizes at all points; the geometry of each point, one for all where it is the
            same; digests by point.

        Raises
        ------
        ScenarioError
            A point has other species, compartments, regions, reactions or times than the first: they share arrays.
        """
        first, made, digests = self.layout, [], {}
        sizes: dict[str, list[np.ndarray]] = {"volumes": [], "areas": []}
        for point in range(len(self.sweep.settings)):
            system = self.system(point)
            here = layout(system)
            self._refuse_unlike(first, here, point)
            digests[str(point)] = _fingerprint(system)
            made.append(system.geometry)
            for name, values in sizes.items():
                values.append(getattr(here, name))
        if len({digest["geometry"] for digest in digests.values()}) == 1:
            made = made[:1]
        volumes, areas = (np.array(values).reshape(*first.shape, -1) for values in sizes.values())
        return replace(first, volumes=volumes, areas=areas), tuple(made), digests

    def _refuse_unlike(self, first: Layout, here: Layout, point: int) -> None:
        """Refuse a point whose arrays have other labels than the first."""
        one, other = _labels(first), _labels(here)
        unlike = [subject for subject in one if one[subject] != other[subject]]
        if unlike:
            raise ScenarioError(
                f"sweep, {', '.join(self.sweep.settings[point])}: the {' and '.join(unlike)} are not those of the "
                "first point, so they cannot share arrays: sweep them into stores of their own."
            )


def _fingerprint(system: System) -> dict[str, str]:
    return fingerprint(system, levels.of(system.scenario).made_with())


def _labels(shape: Layout) -> dict[str, Any]:
    """What all points of a sweep have alike."""
    frames = [(table.group, table.trials, table.labels, _times(table)) for table in shape.ragged]
    return {
        "numbers of trials": shape.trials,
        "sample times": shape.time.tolist(),
        "compartments": shape.compartments,
        "regions": shape.regions,
        "species": (shape.volume_species, shape.surface_species),
        "reactions": shape.reactions,
        "boundaries": shape.boundaries,
        "engines": shape.integer,
        "synapses": shape.plasticity,
        "records": frames,
    }


def _times(table: Ragged) -> list[float] | None:
    return None if table.frames is None else list(table.frames)


def of_store(name: str, attributes: Mapping[str, Any]) -> Plan:
    """The plan of a store that was begun.

    Raises
    ------
    StoreError
        The scenario's file has changed since, or there is no scenario to go on with.
    """
    path = attributes.get("scenario_path") or None
    if not attributes["scenario"]:
        raise StoreError(f"{name}: its scenario was built from values, so that nothing here says how to go on.")
    _refuse_changed_file(name, attributes)
    told, known = (json.loads(attributes.get(key) or "{}") for key in ("sweep", "fingerprint"))
    if told and not is_sweep(told):
        raise StoreError(f"{name}: the sweep in its zarr.json is not one that spinemc writes.")
    if not all(isinstance(digests, dict) for digests in known.values()):
        raise StoreError(f"{name}: the fingerprint in its zarr.json is not one that spinemc writes.")
    axes, beside = (
        tuple(Axis(entry["name"], tuple(entry["values"]), entry["unit"]) for entry in told.get(part, ()))
        for part in ("axes", "beside")
    )
    varied = Sweep(axes, tuple(tuple(settings) for settings in told.get("settings", [[]])), beside)
    return Plan(parse_scenario(attributes["scenario"], path), varied, known, name)


def attributes_of(plan: Plan, digests: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """What the root of a store says of a plan."""
    scenario = plan.scenario
    return {
        "scenario": scenario.text,
        "scenario_path": str(scenario.path.resolve()) if scenario.path else "",
        "scenario_digest": digest_of(scenario.path) if scenario.path else "",
        "engine": ", ".join(plan.engines),
        "fingerprint": json.dumps(digests),
        **({"sweep": json.dumps(asdict(plan.sweep))} if plan.sweep.axes else {}),
    }


def _refuse_changed_file(name: str, attributes: Mapping[str, Any]) -> None:
    """Refuse to go on where the scenario's file is there and is another one."""
    path = Path(attributes.get("scenario_path") or "")
    if not os.path.isfile(path) or not attributes.get("scenario_digest"):
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
    except (ValueError, OSError, RecursionError):
        return "it is no TOML now"
    keys = [key for key in dict.fromkeys([*then, *now]) if then.get(key) != now.get(key)]
    said = [f"{key} is {now.get(key, 'not there')}, and ran as {then.get(key, 'not there')}"[:300] for key in keys[:3]]
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
