"""What a scenario comes to before it is run."""

from __future__ import annotations

from typing import Any

from spinemc import ensemble, remodelling, simulate
from spinemc.chemistry.circuit import cell
from spinemc.chemistry.releases import expected_number
from spinemc.forecast import forecast
from spinemc.geometry import Geometry, describe
from spinemc.geometry.necks import necks
from spinemc.mechanisms import KINDS
from spinemc.scenario import Scenario, Structure
from spinemc.summaries.told import Summary, duration
from spinemc.twins import levels


def check(scenario: Scenario) -> Summary:
    """Read and build everything, run nothing but a short trial of the speed, and tell what a run will take.

    Returns
    -------
    Summary
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
    released = []
    for release in scenario.release:
        where = (
            f"in {release.inside}" if release.inside else f"on {release.on}" if release.on else f"at {release.at} um"
        )
        times = f" x {len(release.time)}" if len(release.time) > 1 else ""
        number = expected_number(system.geometry, release)
        released.append({"species": release.species, "number": number, "where": where, "times_s": list(release.time)})
        lines.append(f"  {release.species:<12} {number:10.1f}{times} {where}")
    level, told = levels.of(scenario), forecast(system)
    trials = course.histories if course is not None else run.trials if level.stochastic else 1
    cores = min(trials, ensemble.usable_cores())
    total = told.seconds * trials / cores
    of = f"{trials} trials of {duration(told.seconds)}" if level.stochastic else "one trial: means have no others"
    about = "about" if level.stochastic or told.has_ended else "up to about"  # steps of means grow
    lines += ["", *level.describe(system)]
    lines.append(f"time: {about} {duration(total)} on {cores} core{'s' if cores > 1 else ''} ({of})")
    lines.append(f"store: {'at most' if told.is_bound else 'about'} {told.bytes / 1e6:.3g} MB")
    if course is not None:
        law, spines = course.structure, dict(zip(course.followers, course.begun, strict=True))
        lines.append(f"{law.epochs} epochs, each of {trials} of these; the shape {_follows(law)} {law.rule}:")
        for name, weight in spines.items():
            sizes = ", ".join(f"{key} {course.spines[name][key]:.4g}" for key in law.growths)
            lines.append(f"  {name:<12} weight {weight:.4g}, {sizes}")
    values = {
        "geometry": _sizes(system.geometry),
        "released": released,
        "level": level.name,
        "trials": trials,
        "cores": cores,
        "time_s": total,
        "store_bytes": told.bytes,
    }
    return Summary("\n".join(lines), values)


def _sizes(geometry: Geometry) -> dict[str, Any]:
    """Volumes, areas and necks by name."""
    return {
        "volume_um3": dict(zip(geometry.compartments, geometry.compartment_volume.tolist(), strict=True)),
        "area_um2": dict(zip(geometry.regions, geometry.region_area.tolist(), strict=True)),
        "necks": {
            neck.name: {"length_um": neck.length, "width_um": neck.width, "resistance_Mohm": neck.resistance}
            for neck in necks(geometry)
        },
    }


def _follows(law: Structure) -> str:
    """What the shape does about a rule of plasticity."""
    return "follows" if law.loop == "shut" else "stays, whatever is said by"


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
