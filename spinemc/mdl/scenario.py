"""An MDL model as a scenario: a commented TOML text and the files beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from spinemc.errors import ScenarioError
from spinemc.mdl import sections
from spinemc.mdl.counts import Counted, counted
from spinemc.mdl.naming import named
from spinemc.mdl.releases import releases
from spinemc.mdl.states import State, chemistry, turning
from spinemc.mdl.values import LEFT_OUT, OTHERWISE, Model, Note, by_kind
from spinemc.mdl.walls import clamps, walls
from spinemc.mdl.world import world

SAMPLES = 200
"""Samples of a run whose model does not say how often it counts."""


@dataclass(frozen=True)
class Written:
    """A model as a scenario.

    Attributes
    ----------
    files : dict of str to str
        Texts by the names of their files; the scenario's is the first.
    counts : tuple of Counted
        What is in the store in place of the model's counts.
    notes : tuple of Note
        What was not simply taken over.
    """

    files: dict[str, str]
    counts: tuple[Counted, ...]
    notes: tuple[Note, ...]


def written(model: Model, name: str, top: Path) -> Written:
    """Write a model as a scenario.

    Parameters
    ----------
    model : Model
    name : str
        What the scenario's file is called, without its suffix.
    top : Path
        The folder of the model, where tables of rates are.

    Raises
    ------
    ScenarioError
        There is nothing to simulate, or a table of rates cannot be read.
    """
    notes = list(model.notes)
    there = world(model, notes)
    released = releases(model, there, turning(model), notes)
    held = clamps(model, there)
    begun = [put.state for put in released.puts] + [wall.state for wall in held]
    done = chemistry(model, there, begun, notes)
    if not done.states:
        raise ScenarioError(f"{model.title}: no molecule is ever put in, so there is nothing to simulate.")
    for molecule in model.molecules.values():
        if all(state.species != molecule.name for state in done.states):
            notes.append(Note(LEFT_OUT, "", molecule.name, "nothing puts it in or makes it."))
    if any(model.molecules[state.species].on_surface for state in done.states):
        why = "surfaces have no tiles: molecules on them do not keep others off."
        notes.append(Note(OTHERWISE, "", "surface molecules", why))
    on: dict[State, set[str]] = {}
    for put in released.puts:
        if put.key == "on":
            on.setdefault(put.state, set()).add(str(put.place))
    names = named(model, there, done.states, on)
    bounds = walls(model, there, done.states, notes)
    files: dict[str, str] = {}
    text = [*_run(model, notes), *sections.geometry(model, there, done.states, released.parts, name, files, notes)]
    text += sections.species(model, names)
    text += sections.reactions(done.steps, model, names, name, top, files, notes)
    text += sections.releases(released, names) + sections.boundaries(bounds, model, there, names)
    counts = counted(model, there, names, list(done.steps), bounds, notes)
    return Written({f"{name}.toml": _headed(model, text, counts, notes), **files}, tuple(counts), tuple(notes))


def with_fault(made: Written, why: str) -> Written:
    """The same, with a note that the scenario is refused, and why."""
    name = next(iter(made.files))
    notes = (*made.notes, *(Note(LEFT_OUT, "", "the scenario is refused as it is", line) for line in why.splitlines()))
    text = made.files[name]
    extra = "".join(f"# Refused as it is: {line}\n" for line in why.splitlines())
    return replace(made, files={**made.files, name: extra + text}, notes=notes)


def _headed(model: Model, text: list[str], counts: list[Counted], notes: list[Note]) -> str:
    """The text of the scenario with what a reader has to know at its head."""
    lines = [
        f"# From {model.title}, a model of MCell, by `spinemc import`. Read what is said here before you run it.",
        "#",
    ]
    for heading, some in by_kind(notes):
        lines += [f"# {heading}:", *(f"#   {one}" for one in some), "#"]
    if counts:
        lines += ["# Counts, and where they are in the store:", *(f"#   {c.count}: {c.store}" for c in counts), "#"]
    lines = [line.replace("\r", " ") for line in lines]
    return "\n".join([*lines[:-1], "", "schema = 1", f"title  = {json.dumps(f'From {model.title}')}", "", *text]) + "\n"


def _run(model: Model, notes: list[Note]) -> list[str]:
    stop = model.time_step * model.iterations
    every = min(min(model.steps, default=stop / SAMPLES), stop)
    if len(set(model.steps)) > 1:
        notes.append(
            Note(OTHERWISE, "", "STEP", "all counts are sampled as often as the one that is sampled most often.")
        )
    return [
        "[run]",
        f"t_stop       = {sections.time(stop)}    # {model.iterations:g} iterations",
        f"dt           = {sections.time(model.time_step)}    # the longest step",
        f"sample_every = {sections.time(every)}",
        "trials       = 1    # MCell's runs with other seeds are trials here",
        "seed         = 1",
        "",
    ]
