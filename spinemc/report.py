"""What a person reads of a scenario or a run: what it will take, how it ended, how it compares."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinemc import (
    calibration,
    contrast,
    ensemble,
    figures,
    observables,
    reduction,
    remodelling,
    simulate,
    store,
    verdict,
)
from spinemc.chemistry.circuit import cell
from spinemc.chemistry.releases import expected_number
from spinemc.errors import SpinemcError
from spinemc.forecast import forecast
from spinemc.geometry import Geometry, describe
from spinemc.mechanisms import KINDS
from spinemc.scenario import Scenario, Structure
from spinemc.twins import levels

if TYPE_CHECKING:
    import xarray as xr


def check(scenario: Scenario) -> str:
    """Read and build everything, run nothing but a short trial of the speed, and tell what a run will take.

    Returns
    -------
    str
        Volumes and areas, expected numbers at each release, probabilities of reactions in one step, the estimated
        time and the size of the store.

    Raises
    ------
    ScenarioError, GeometryError, EngineError
        Where the scenario cannot be run.
    """
    course = remodelling.Course.of(scenario) if scenario.structure is not None else None
    system = simulate.prepare(scenario if course is None else course.once)
    scenario, run = system.scenario, system.scenario.run
    lines = [describe(system.geometry), "", *_mechanisms(scenario), *_inputs(scenario, system.geometry), "released"]
    for release in scenario.release:
        where = (
            f"in {release.inside}" if release.inside else f"on {release.on}" if release.on else f"at {release.at} um"
        )
        times = f" x {len(release.time)}" if len(release.time) > 1 else ""
        lines.append(f"  {release.species:<12} {expected_number(system.geometry, release):10.1f}{times} {where}")
    level, told = levels.of(scenario), forecast(system)
    trials = course.histories if course is not None else run.trials if level.stochastic else 1
    cores = min(trials, ensemble.usable_cores())
    total = told.seconds * trials / cores
    of = f"{trials} trials of {_duration(told.seconds)}" if level.stochastic else "one trial: means have no others"
    about = "about" if level.stochastic or told.has_ended else "up to about"  # steps of means grow
    lines += ["", *level.describe(system)]
    lines.append(f"time: {about} {_duration(total)} on {cores} core{'s' if cores > 1 else ''} ({of})")
    lines.append(f"store: {'at most' if told.is_bound else 'about'} {told.bytes / 1e6:.3g} MB")
    if course is not None:
        law, spines = course.structure, dict(zip(course.followers, course.begun, strict=True))
        lines.append(f"{law.epochs} epochs, each of {trials} of these; the shape {_follows(law)} {law.rule}:")
        for name, weight in spines.items():
            sizes = ", ".join(f"{key} {course.spines[name][key]:.4g}" for key in law.growths)
            lines.append(f"  {name:<12} weight {weight:.4g}, {sizes}")
    return "\n".join(lines)


def _follows(law: Structure) -> str:
    """What the shape does about a rule of plasticity."""
    return "follows" if law.loop == "shut" else "stays, whatever is said by"


def remodelled(found: xr.Dataset) -> str:
    """Weights and sizes of spines, epoch by epoch, as `spinemc.history` gives them.

    Returns
    -------
    str
        A row an epoch and a synapse; mean and standard deviation over trials.
    """
    columns = ("weight", "head_volume", "neck_radius", "neck_length")
    lines = [f"{'epoch':>5} {'synapse':<20} " + " ".join(f"{name:>24}" for name in columns)]
    for epoch in found["epoch"].values:
        for synapse in found["synapse"].values:
            row = found.sel(epoch=epoch, synapse=synapse)
            told = " ".join(f"{_mean_sd(row[name], 5):>24}" for name in columns)
            lines.append(f"{epoch:>5} {synapse!s:<20} {told}")
    return "\n".join(lines)


def _mechanisms(scenario: Scenario) -> list[str]:
    """What each mechanism stands for, and what of it is not as it usually is."""
    if not scenario.mechanism:
        return []
    lines = ["mechanism    kind             species  reactions"]
    for one in scenario.mechanism:
        kind = KINDS[one.kind]
        usual = {key: parameter.default for key, parameter in kind.parameters.items()}
        changed = ", ".join(f"{key} = {value}" for key, value in one.values.items() if value != usual[key])
        where = f"{one.amount} {'on' if kind.surface else 'in'} {one.place}".strip()
        lines.append(f"  {one.name:<10} {one.kind:<16} {len(one.species):>7} {len(one.equations):>10}  {where}")
        lines += [f"{'':<13}{changed}"] if changed else []
    return [*lines, "  `spinemc mechanisms KIND` tells sources, temperatures and all parameters", ""]


def _inputs(scenario: Scenario, geometry: Geometry) -> list[str]:
    """The parts of the circuit, where there is one, and the inputs."""
    lines = []
    if scenario.voltage is not None and scenario.voltage.circuit is not None:
        seen = cell(geometry, scenario.voltage.circuit)
        lines.append(
            f"circuit      membrane [um^2]  neck [Mohm]{f'   shaft {seen.shaft:.4g} um^2' if seen.shaft else ''}"
        )
        parts = zip(seen.heads, seen.area, seen.neck, strict=True)
        lines += [f"  {name:<10} {area:>15.4g} {neck:>12.4g}" for name, area, neck in parts]
    for one in scenario.stimulus:
        where = f" at {one.at}" if one.at else ""
        span = f"{1e3 * one.time[0]:g} to {1e3 * one.time[-1]:g} ms" if one.time else "never"
        lines.append(f"stimulus     {one.event}{where}, {len(one.time)} times, {span}")
    return [*lines, ""] if lines else []


def _duration(seconds: float) -> str:
    if seconds < 90.0:
        return f"{seconds:.2g} s"
    return f"{seconds / 60.0:.3g} min" if seconds < 5400.0 else f"{seconds / 3600.0:.3g} h"


def info(path: str | Path, verify: bool = False) -> tuple[str, list[store.Damage]]:
    """What a store holds and how far its run is, without building anything.

    Parameters
    ----------
    path : str or Path
        The store.
    verify : bool
        Whether every file is read and laid beside its checksum.

    Returns
    -------
    str
        A few lines.
    list of Damage
        What is not as it was written; empty where nothing was asked.

    Raises
    ------
    StoreError
        Where there is no store of ours.
    """
    here = store.place(path)
    told = store.attributes_of(here)
    ran = json.loads(told.get("provenance") or "{}")
    engine = told.get("engine", "particles")
    state = "complete" if told["complete"] else f"not complete: `spinemc resume {path}` goes on"
    lines = [
        f"{here.name}: {told['trials_finished']} of {told['trials']} trials finished, {state}",
        f"  scenario     {told.get('scenario_path') or '(from code)'}",
        f"  engine       {engine}",
        f"  seed         {ran.get('seed', '-')}",
        f"  made by      spinemc {ran.get('versions', {}).get('spinemc')}, commit {ran.get('commit') or 'unknown'}",
        f"  on           {ran.get('host')}, {ran.get('start')}",
    ]
    if "wall_time" in ran:
        counted = levels.LEVELS[engine].counted if engine in levels.LEVELS else "particle-steps"
        made = f", {ran.get('particle_steps', 0):.3g} {counted}" if counted else ""
        lines.append(f"  took         {_duration(ran['wall_time'])}{made}")
    if not verify:
        return "\n".join(lines), []
    damages = store.verify(path)
    lines.append(f"  read         {here.size() / 1e6:.3g} MB, {len(damages) or 'nothing'} damaged")
    lines += [f"  damaged: {damage}" for damage in damages]
    if damages:
        lines.append(f"`spinemc resume {path}` makes again what is damaged, and only that.")
    return "\n".join(lines), damages


def summary(tree: xr.DataTree) -> str:
    """A few lines on a run: what was counted at its end, over its trials, and the weights."""
    totals = observables.totals(tree)
    end = totals.isel(time=-1)
    peak = totals.max("time")
    trials = totals.sizes["trial"]
    spread = "mean and standard deviation over trials" if trials > 1 else "the one trial"
    lines = [
        f"{trials} trials to {float(totals.time[-1]) * 1e3:g} ms; {spread}:",
        f"  {'':<12} {'peak':>20} {'end':>20}",
    ]
    for name in totals.species.values:
        cells = [_mean_sd(series.sel(species=name)) for series in (peak, end)]
        lines.append(f"  {name!s:<12} {cells[0]:>20} {cells[1]:>20}")
    if "plasticity" in tree:
        for rule in tree["plasticity"].children:
            last = observables.array(tree, f"plasticity/{rule}/weight").isel(time=-1)
            for synapse in last["synapse"].values:
                lines.append(f"  weight, {rule}, {synapse}: {_mean_sd(last.sel(synapse=synapse), 3)}")
    return "\n".join(lines)


def _mean_sd(series: xr.DataArray, digits: int = 1) -> str:
    mean = float(series.mean())
    if digits > 1 and abs(mean) < 0.1:
        return f"{mean:.2e} +- {float(series.std(ddof=1)):.1e}" if series.size > 1 else f"{mean:.3e}"
    return f"{mean:.{digits}f} +- {float(series.std(ddof=1)):.{digits}f}" if series.size > 1 else f"{mean:.{digits}f}"


def compare(path: str | Path, with_: Sequence[str] = ("ode", "lna")) -> str:
    """Lay other levels of a run beside its trials, and draw it.

    Parameters
    ----------
    path : str or Path
        The store. A figure is written beside it; here, where the store is a URL.
    with_ : sequence of str
        As of `spinemc.contrast.compare`.

    Returns
    -------
    str
        Tables of means and of noise, where they part most; whether the deterministic model is safe; the figure.

    Raises
    ------
    StoreError
        As `spinemc.contrast.compare`.
    """
    found, figure = contrast.compare(path, with_), _beside(path, ".compare.png")
    figures.plot_comparison(found, figure, verdict.verdict(found))
    return "\n".join([verdict.table(found), str(figure)])


def calibrate(path: str | Path, species: str = "Ca", out: Path | None = None) -> str:
    """Measure the numbers of a reduced model from a run, draw its fit, and write both.

    Parameters
    ----------
    path : str or Path
        The store. The figure, and the measured numbers as JSON, are written beside it; here, where it is a URL.
    species : str
    out : Path, optional
        Where the reduced model goes as a scenario (TOML), or the numbers alone (JSON).

    Returns
    -------
    str
        The table, and the files.

    Raises
    ------
    StoreError, ObservableError, ScenarioError
        As `spinemc.calibration.calibrate` and `spinemc.reduction.write`.
    SpinemcError
        Where `out` is neither, or a file cannot be written.
    """
    if out is not None and out.suffix not in (".toml", ".json"):
        raise SpinemcError(f"{out}: a calibration is written as a scenario, .toml, or as its numbers, .json.")
    tree = store.open(path)
    found = calibration.calibrate(tree, species)
    numbers = out if out is not None and out.suffix == ".json" else _beside(path, ".calibrate.json")
    files = [numbers, figure := _beside(path, ".calibrate.png")]
    if out is not None and out.suffix == ".toml":
        files += reduction.write(found, tree, out)
    try:
        numbers.write_text(json.dumps(_strict(found.to_dict())), encoding="utf-8")
    except OSError as error:
        raise SpinemcError(f"{numbers} cannot be written: {error.strerror or error}.") from error
    figures.plot_calibration(found, figure)
    return "\n".join([reduction.table(found), *map(str, files)])


def _strict(value: Any) -> Any:
    """A value as JSON has it: what is not finite is null."""
    if isinstance(value, dict):
        return {key: _strict(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _beside(path: str | Path, suffix: str) -> Path:
    """A file that goes beside a store; here, where the store is a URL."""
    return Path(str(path).rsplit("/", 1)[-1] if "://" in str(path) else path).with_suffix(suffix)
