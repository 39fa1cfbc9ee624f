"""The levels at which one scenario runs: what each can express, how it runs, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np

from spinemc.cache import folder
from spinemc.engine import limits
from spinemc.engine.system import System
from spinemc.engine.trial import Trial, run_trial
from spinemc.errors import ScenarioError
from spinemc.scenario import Scenario
from spinemc.scenario.values import Run
from spinemc.twins import compartments, ode, pde, tetrahedra
from spinemc.twins.ode import Series
from spinemc.twins.wells import network_of

KEPT = 4  # fillings with tetrahedra at a time
KEYS = {
    "cell": ("particles",),
    "checkpoint": ("particles", "compartments"),
    "segment": ("compartments", "ode"),
    "method": ("compartments",),
    "epsilon": ("compartments",),
    "exchange": ("compartments", "ode"),
    "edge": ("pde",),
}
"""Keys of [run] that speak of some levels only."""

_DEFAULT = {field.name: field.default for field in fields(Run)}


@dataclass(frozen=True)
class Level:
    """A level.

    Attributes
    ----------
    name : str
        As `run.engine` says it.
    about : str
        What it computes, in a few words.
    check : callable
        Takes a System; raises ScenarioError, EngineError or GeometryError where it cannot be run.
    run : callable
        Runs a trial, as `spinemc.engine.trial.run_trial`; that of means gives float64.
    describe : callable
        Takes a System; lines for a person on how it is discretised.
    stochastic : bool
        Whether trials differ.
    follows : bool
        Whether there are molecules one by one, with positions.
    saves : bool
        Whether a trial's state is saved, to go on from.
    counted : str
        What `Trial.moves` is a number of; "" where it is none.
    made_with : callable
        What its results depend on beside the scenario, as a text.
    means : callable or None
        Takes a System; its Series, where it has means by themselves.
    """

    name: str
    about: str
    check: Callable[[System], object]
    run: Callable[..., Trial | None]
    describe: Callable[[System], list[str]]
    stochastic: bool
    follows: bool
    saves: bool
    counted: str
    made_with: Callable[[], str]
    means: Callable[[System], Series] | None = None


class _Stopped(Exception):
    """A trial is to end before its time."""


def of(scenario: Scenario) -> Level:
    """The level at which a scenario runs."""
    return LEVELS[scenario.run.engine]


def refuse_other(scenario: Scenario) -> None:
    """Refuse what a scenario asks for and its level does not have.

    Raises
    ------
    ScenarioError
        Positions or ions are to be recorded, molecules are not whole, or a key of [run] is for another level. One line
        a fault.
    """
    level, run = of(scenario), scenario.run
    where = f"{scenario.path.name if scenario.path else 'scenario'}: "
    faults = [
        f"run.{key} is for {' and '.join(names)} and means nothing to {run.engine}: take it out."
        for key, names in KEYS.items()
        if run.engine not in names and getattr(run, key) not in (_DEFAULT[key], 0.0)
    ]
    if level.stochastic:
        faults += [
            f"{release.species}: {run.engine} has whole molecules, and {release.count:g} are put in: round that."
            for release in scenario.release
            if release.count is not None and release.count != int(release.count)
        ]
    if not level.follows:
        kept = {"record.positions": scenario.positions, "record.ions": scenario.ions}
        asked = [name for name, records in kept.items() if records]
        without = " ".join(f'--set "{name}=[]"' for name in asked)
        faults += [f"{' and '.join(asked)}: {without_molecules(level)}, or leave out with {without}."] if asked else []
    if faults:
        raise ScenarioError("\n".join(where + fault for fault in faults))


def without_molecules(level: Level) -> str:
    """Why a level that follows none has no molecule to show."""
    return f"{level.name} has {level.about} and no single molecules: run it with particles"


def at(scenario: Scenario, engine: str) -> Scenario:
    """A scenario at another level, without what it asks of its own level alone: records and the keys of `KEYS`."""
    others: dict[str, Any] = {key: _DEFAULT[key] for key, names in KEYS.items() if engine not in names}
    run = replace(scenario.run, engine=engine, **others)
    if LEVELS[engine].follows:
        return replace(scenario, run=run)
    return replace(scenario, run=run, positions=(), ions=None)


def run(system: System, *given: Any, **more: Any) -> Trial | None:
    """Run a trial at the level of its scenario, as `spinemc.engine.trial.run_trial`."""
    return of(system.scenario).run(system, *given, **more)


def _by_means(solve: Callable[..., Series]) -> Callable[..., Trial | None]:
    """What runs the only trial of a level of means."""

    def run(
        system: System,
        seed: int,
        number: int,
        report: Callable[[float, int], bool] = lambda time, moves: True,
        team: Any = None,
        keeper: Any = None,
    ) -> Trial | None:
        reached, t_stop = 0.0, system.scenario.run.t_stop

        def watch(time: float) -> None:
            nonlocal reached
            reached = max(reached, min(time, t_stop))  # an integrator looks beyond the end, and steps back
            if not report(reached, 0):
                raise _Stopped

        try:
            found = solve(system, watch)
        except _Stopped:
            return None
        report(t_stop, 0)
        return Trial(found.count, found.surface, found.events, found.absorbed, {}, None, 0, 0)

    return run


def _watch_nothing(time: float) -> None:
    return None


def _ode(system: System, watch: Callable[[float], None] = _watch_nothing) -> Series:
    return ode.integrate(network_of(system), system.scenario.run.sample_times, system.geometry, system.network, watch)


@lru_cache(maxsize=KEPT)
def _filled(system: System) -> pde.Filled:
    """The equations of a system at the corners of its tetrahedra, which are made once."""
    return pde.filled(system.scenario, system.geometry, system.network)


def _pde(system: System, watch: Callable[[float], None] = _watch_nothing) -> Series:
    return pde.integrate(_filled(system), watch=watch)


def _check_pde(system: System) -> None:
    tetrahedra.require()
    _filled(system)


def _of_particles(system: System) -> list[str]:
    """Probabilities in a step, and the grids."""
    dt, lines = system.scenario.run.dt, []
    likely = limits.probabilities(system, dt)
    if likely:
        limited = limits.diffusion_limits(system, dt)
        lines += [
            f"{'probability for one molecule in one step of':<34} diffusion limits",
            f"  {f'{1e6 * dt:.4g} us (at most {limits.MOST:g})':<41} (valid up to {limits.LIMITED:.0%})",
        ]
        for label, p in sorted(likely.items(), key=lambda item: -item[1]):
            share = f"{limited[label]:>14.2%}" if label in limited else ""
            lines.append(f"  {label:<32} {p:.2e} {share}".rstrip())
        lines.append("")
    excess = limits.neck_error(system)
    if excess > 0.0:
        lines += [f"necks: up to {excess:.1%} more hindrance at this step; it falls with the root of run.dt", ""]
    for space, laid in zip(system.geometry.spaces, system.grids, strict=True):
        lines.append(
            f"grid of {space}: {laid.cell_volume.size} reaction cells of {1e3 * laid.cell_size:.3g} nm, "
            f"{laid.voxels.center_inside.size} voxels of {1e3 * laid.voxels.size:.3g} nm"
        )
    tables = sum(array.nbytes for array in (*system.walls, *system.cells))
    return [*lines, f"tables of walls and cells: {tables / 1e6:.3g} MB"]


def _of_wells(system: System) -> list[str]:
    """How many well-mixed places there are."""
    there = network_of(system).places
    return [
        f"{len(there.part)} pieces of the inside and {len(there.area)} patches of the membrane, each well mixed: "
        f"{there.size} numbers of molecules"
    ]


def _of_tetrahedra(system: System) -> list[str]:
    """How many tetrahedra there are, and how large."""
    filling = _filled(system).model.filling
    corner = filling.point[filling.cell]
    first, second = np.triu_indices(4, 1)
    length = 1e3 * np.linalg.norm(corner[:, first] - corner[:, second], axis=2)
    populations = _filled(system).model.fields.weight > 0.0
    return [
        f"{len(filling.cell)} tetrahedra with edges of {length.min():.3g} to {length.max():.3g} nm, "
        f"{populations.any(axis=1).sum()} corners, {populations.sum()} densities"
    ]


LEVELS = {
    level.name: level
    for level in (
        Level(
            "particles", "molecules that move", limits.check_step, run_trial, _of_particles,
            stochastic=True, follows=True, saves=True, counted="particle-steps", made_with=lambda: folder().name,
        ),
        Level(
            "compartments", "numbers in well-mixed parts", compartments.check, compartments.run_trial, _of_wells,
            stochastic=True, follows=False, saves=True, counted="events", made_with=lambda: folder().name,
        ),
        Level(
            "ode", "mean numbers in well-mixed parts",
            network_of, _by_means(_ode), _of_wells,
            stochastic=False, follows=False, saves=False, counted="", made_with=lambda: "", means=_ode,
        ),
        Level(
            "pde", "mean densities in space", _check_pde, _by_means(_pde), _of_tetrahedra,
            stochastic=False, follows=False, saves=False, counted="",
            made_with=lambda: ", ".join(f"{name} {version(name)}" for name in ("gmsh", "scikit-fem")), means=_pde,
        ),
    )
}  # fmt: skip
"""All levels by name."""
