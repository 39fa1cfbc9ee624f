"""The sections of a scenario's text: geometry, species, reactions, releases and boundaries of an MDL model."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from spinemc.geometry.io import obj_text
from spinemc.mdl.counts import label
from spinemc.mdl.naming import Names
from spinemc.mdl.releases import Part, Put, Released
from spinemc.mdl.states import State, Step
from spinemc.mdl.tables import table
from spinemc.mdl.values import OTHERWISE, Model, Note
from spinemc.mdl.walls import Wall
from spinemc.mdl.world import World
from spinemc.scenario.values import CYTOSOL, FAR, MEMBRANE, OUTSIDE

ROOM = 0.5
"""Surroundings of an object, of its extent, where MDL has space without end."""

HELD = "its rate is held from each time to the next; before the first it is the first."


def time(value: float) -> str:
    """A time [s] as a scenario has it, in the unit in which it is easiest to read."""
    unit, scale = next(((u, s) for u, s in (("s", 1.0), ("ms", 1e3), ("us", 1e6)) if value * s >= 0.1), ("us", 1e6))
    return f'"{value * scale:.12g} {unit}"'


def _point(values: tuple[float, ...] | np.ndarray) -> str:
    return "[" + ", ".join(f'"{x:.9g} um"' for x in values) + "]"


def geometry(
    model: Model,
    there: World,
    states: tuple[State, ...],
    parts: tuple[Part, ...],
    name: str,
    files: dict[str, str],
    notes: list[Note],
) -> list[str]:
    """The surfaces, their patches and the parts of spaces; the files that hold them are added to `files`."""
    low, high = there.low_high
    room = max(ROOM * float(np.ptp([low, high], axis=0).max()), 1.0)
    lines: list[str] = ["[geometry]"]
    end = (
        f"MDL's space has no end; here a box with room of {room:.3g} um stands in for it, whose walls take what comes."
    )
    cell = there.bodies[0] if there.has_cell else None
    if cell is not None:
        lines += [f'mesh = "{name}.{cell.name}.obj"    # {cell.path}', 'unit = "um"', ""]
    else:
        size = 2.0 * (np.maximum(np.abs(low), np.abs(high)) + room)
        lines += [f'shape = {{ kind = "box", size = {_point(size)} }}    # around everything', ""]
        notes.append(Note(OTHERWISE, "", "the space around all", end))
    outer = any(s.place == OUTSIDE and not model.molecules[s.species].on_surface for s in states)
    if cell is not None and (outer or any(OUTSIDE in there.sides[body.path] for body in there.bodies[1:])):
        lines += ["[geometry.outside]", f'margin = "{room:.6g} um"', ""]
        if outer:
            notes.append(Note(OTHERWISE, "", "the space around all", end))
    for body in there.bodies:
        if body is not cell:
            lines += ["[[geometry.surface]]", f'name = "{body.name}"    # {body.path}']
            lines += [f'mesh = "{name}.{body.name}.obj"', 'unit = "um"']
            lines += [f'inside = "{there.inside[body.path]}"', ""] if body.closed else ["open = true", ""]
        used, face = np.unique(body.face, return_inverse=True)
        files[f"{name}.{body.name}.obj"] = obj_text(body.vertex[used], face.reshape(-1, 3))
        if body.patches:
            lists = {patch: np.flatnonzero(faces).tolist() for patch, faces in body.patches}
            files[f"{name}.{body.name}.regions.json"] = json.dumps(lists)
        for patch, _ in body.patches:
            within = f'{{ faces = "{name}.{body.name}.regions.json", key = "{patch}" }}'
            lines += ["[[geometry.region]]", f'name = "{patch}"', f'of = "{body.name}"', f"within = {within}", ""]
    for path, (part, space, least, most) in there.boxes.items():
        within = f"{{ box = {{ low = {_point(least)}, high = {_point(most)} }} }}"
        lines += ["[[geometry.compartment]]", f'name = "{part}"    # {path}, which lets all pass', f'of = "{space}"']
        lines += [f'set = "{part}"', f"within = {within}", ""]
    for one in parts:
        half = np.array(one.size) / 2.0
        centre = np.array(one.centre)
        ball = f'{{ sphere = {{ center = {_point(centre)}, radius = "{half[0]:.9g} um" }} }}'
        box = f"{{ box = {{ low = {_point(centre - half)}, high = {_point(centre + half)} }} }}"
        lines += ["[[geometry.compartment]]", f'name = "{one.name}"', f'of = "{one.space}"', f'set = "{one.name}"']
        lines += [f"within = {ball if one.shape == 'sphere' else box}", ""]
    return lines


def species(model: Model, names: Names) -> list[str]:
    """The kinds of molecules."""
    lines = []
    for one in names.species:
        molecule = model.molecules[one.species]
        where = f'on = "{one.where}"' if molecule.on_surface else f'in = "{one.where}"'
        said = f"    # {one.species} in the model" if one.name != one.species else ""
        lines += ["[[species]]", f'name = "{one.name}"{said}', where, f'D = "{molecule.D:.12g} um^2/s"', ""]
    return lines


def reactions(
    steps: tuple[Step, ...],
    model: Model,
    names: Names,
    name: str,
    top: Path,
    files: dict[str, str],
    notes: list[Note],
) -> list[str]:
    """The reactions; a step and the one that undoes it are one reaction."""
    lines: list[str] = []
    left = list(steps)
    noted: set[str] = set()
    while left:
        step = left.pop(0)
        back = next((s for s in left if _undoes(s, step)), None)
        if back is not None:
            left.remove(back)
        arrow = "<->" if back is not None else "->"
        lines += ["[[reaction]]", f'equation = "{_side(step.reactants, names)} {arrow} {_side(step.products, names)}"']
        for key, one in (("kf", step), ("kb", back)):
            if one is not None:
                lines.append(f"{key} = {_rate(one, model, names, name, top, files)}    # {_came(one)}")
                if one.share != 1.0 and str(one.of) not in noted:
                    noted.add(str(one.of))
                    notes.append(Note(OTHERWISE, one.of.where, str(one.of), _why(one)))
                if isinstance(one.of.rate, str):
                    notes.append(Note(OTHERWISE, one.of.where, str(one.of), HELD))
        lines.append("")
    return lines


def _came(step: Step) -> str:
    share = "" if step.share == 1.0 else f", {step.share:g} of its rate"
    return f"{step.of.where}{f' ({step.of.name})' if step.of.name else ''}{share}"


def _why(step: Step) -> str:
    if len(step.reactants) == 2 and step.reactants[0] == step.reactants[1]:
        return "half of its rate: a rate of MDL is that of a pair, here 2 A -> B takes two with kf [A]^2."
    return "a share of its rate for each way it can happen: a side or a top that is not said is either as often."


def _undoes(one: Step, other: Step) -> bool:
    return Counter(one.reactants) == Counter(other.products) and Counter(one.products) == Counter(other.reactants)


def _side(states: tuple[State, ...], names: Names) -> str:
    some = Counter(names.label[state] for state in states)
    return " + ".join(f"{n} {one}" if n > 1 else one for one, n in some.items()) or "0"


def _rate(step: Step, model: Model, names: Names, name: str, top: Path, files: dict[str, str]) -> str:
    on = [model.molecules[state.species].on_surface for state in step.reactants]
    unit = "/s" if len(on) == 1 else "um^2/s" if all(on) else "/M/s"
    if not isinstance(step.of.rate, str):
        return f'"{step.of.rate * step.share:.12g} {unit}"'
    file = f"{name}.rate_{sum(one.endswith('.csv') for one in files) + 1}.csv"
    files[file] = f"# time [s], rate [{unit}] of {label(names, step)}\n{table(top / step.of.rate, top, step.share)}"
    return f'{{ table = "{file}" }}'


def releases(released: Released, names: Names) -> list[str]:
    """What is put in; molecules of a list that are at one place are one release."""
    lines: list[str] = []
    units = {"concentration": "M", "density": "/um^2"}
    once: dict[Put, float] = {}
    for put in released.puts:  # molecules of a list at one place
        key = replace(put, value=0.0) if put.kind == "count" else put
        once[key] = once.get(key, 0.0) + put.value
    for put, value in once.items():
        amount = f"count = {value:.0f}" if put.kind == "count" else f'{put.kind} = "{value:.12g} {units[put.kind]}"'
        place = f'"{put.place}"' if isinstance(put.place, str) else _point(put.place)
        lines += ["[[release]]", f'species = "{names.label[put.state]}"', f"{amount}    # {put.where}"]
        lines += [f"{put.key} = {place}", *(["exact = true"] if put.kind != "count" else [])]
        if put.time != (0.0,):
            lines.append("time = [" + ", ".join(time(t) for t in put.time) + "]")
        lines.append("")
    return lines


def boundaries(bounds: list[Wall], model: Model, there: World, names: Names) -> list[str]:
    """What surfaces do to molecules, and what the end of space does."""
    lines: list[str] = []
    far = FAR if there.has_cell else MEMBRANE
    space = OUTSIDE if there.has_cell else CYTOSOL
    ends = [s for s in names.label if s.place == space and not model.molecules[s.species].on_surface]
    bounds = [*bounds, *(Wall(far, state, "absorb", None, "the end of space") for state in ends)]
    for wall in bounds:
        lines += [
            "[[boundary]]",
            f'region = "{wall.region}"    # {wall.where}',
            f'species = ["{names.label[wall.state]}"]',
        ]
        lines.append(f'kind = "{wall.kind}"')
        if wall.value is not None:
            key, unit = ("concentration", "M") if wall.kind == "clamp" else ("rate", "um/s")
            lines.append(f'{key} = "{wall.value:.12g} {unit}"')
        lines.append("")
    return lines
