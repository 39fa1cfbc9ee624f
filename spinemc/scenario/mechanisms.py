"""Mechanisms of the literature by name: one table, and the species, reactions and releases that it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from spinemc import units
from spinemc.errors import ScenarioError
from spinemc.mechanisms import KINDS, Chosen, Kind, Law, Mechanism, Parameter, first_release, steady
from spinemc.scenario import sections
from spinemc.scenario.driven import Driven, Placed, Stimulus
from spinemc.scenario.places import homes
from spinemc.scenario.reactions import reaction
from spinemc.scenario.sections import Names
from spinemc.scenario.table import REQUIRED, Reader, Table, identifier, integer, known, number, quantity, refuse, text
from spinemc.scenario.values import CYTOSOL, MEMBRANE, Reaction, Release, Species

AMOUNTS = ("count", "density", "concentration")


@dataclass(frozen=True)
class Around:
    """What a mechanism is read among.

    Attributes
    ----------
    names : Names
        What is known, the species declared before included.
    folder : Path
    t_stop : float or None
        [s]
    voltage : bool
        Whether the scenario has one.
    stimuli : sequence of Stimulus
    """

    names: Names
    folder: Path
    t_stop: float | None
    voltage: bool
    stimuli: Sequence[Stimulus]


Made = tuple[list[Species], list[Reaction], list[Release], Placed | None]


def mechanism(table: Table, around: Around) -> Made:
    """Read one mechanism.

    Parameters
    ----------
    table : Table
        Its keys: `kind`, `name`, `ion`, `on` or `in`, an amount, `resting`, `sees`, `parameters`.
    around : Around

    Returns
    -------
    list of Species, list of Reaction, list of Release, Placed or None
        The last None, and no reactions and releases, where the table has faults.
    """
    before, names = len(table.faults), around.names
    kind = table.take("kind", lambda value: KINDS[known(KINDS, "kind of mechanism")(value)])
    for key in ("name", "ion", "on", "in", "resting", "sees", *AMOUNTS):
        table.has(key)  # known, whatever the kind is
    if kind is None:
        table.take("parameters", lambda value: value, None)
        return [], [], [], None
    chosen, place = _chosen(table, kind, names)
    for key in AMOUNTS:
        if table.has(key):
            table.take(key, integer(0, sections.MOST) if key == "count" else quantity(key))
    given = {key: table.entries[key] for key in AMOUNTS if key in table.entries}
    amount = given or (dict([kind.amount]) if kind.amount else {})
    node = table.take("sees", text, None)
    try:
        made = kind.build(chosen)
    except ScenarioError as fault:
        table.note("parameters", f": {fault}")
        return [], [], [], None
    species = _species(table, made, names)
    laws = [v for entry in made.reaction for v in entry.values() if isinstance(v, Law)]
    needs = {need for law in laws for need in law.needs}
    if "voltage" in needs and not around.voltage:
        table.refuse("kind", 'it follows the voltage, and there is none: add a [voltage], as in waveform = "bell2022".')
    if "glutamate" in needs and not any(s.event == "glutamate" for s in around.stimuli):
        table.refuse("kind", "it waits for glutamate: add a [[stimulus]], or parameters.ligand, whose molecules bind.")
    if node is not None and "voltage" not in needs:
        table.refuse("sees", "nothing of it follows the voltage: remove it.")
    if len(table.faults) > before:
        return species, [], [], None
    inner = replace(around, names=replace(names, home={**names.home, **homes(species)}))
    reactions = [_reaction(table, entry, inner, place, node) for entry in made.reaction]
    try:
        releases = _releases(table, made, kind, chosen, amount, place, inner)
    except ScenarioError as fault:
        table.refuse("resting", str(fault))
    if len(table.faults) > before:
        return species, [], [], None
    placed = Placed(
        kind.name,
        chosen.name,
        place,
        " ".join(map(str, amount.values())),
        {key: chosen[key] for key in kind.parameters},
        tuple(s.name for s in species),
        tuple(r.equation for r in reactions if r is not None),
    )
    return species, [r for r in reactions if r is not None], releases, placed


def _chosen(table: Table, kind: Kind, names: Names) -> tuple[Chosen, str]:
    """The parameters of a mechanism, and its place; what has a fault is as if it had been left out."""
    if kind.surface and table.has("in"):
        table.refuse("in", f"{kind.name} sits on a surface: say which region with `on`.")
    if not kind.surface and table.has("on"):
        table.refuse("on", f"{kind.name} is in the volume: say which compartment with `in`.")
    if kind.surface:
        place = table.take("on", names.region_name, kind.place) or kind.place
        on, inside = (MEMBRANE if "*" in place else place), CYTOSOL
    else:
        place = table.take("in", names.compartment_name, kind.place) or kind.place
        on, inside = None, names.space_of.get(place, CYTOSOL)
        if place == kind.place and place not in (*names.spaces, *names.space_of) and names.compartment is not None:
            table.note("in", f" is missing: there is no {place} here, where {kind.name} usually is.")
    inner = table.table("parameters", required=False)
    values = {}
    for key, parameter in kind.parameters.items():
        default = parameter.default if parameter.default is not None or parameter.optional else REQUIRED
        found = inner.take(key, _reader(key, parameter, names), default)
        if found is None and not parameter.optional:
            found = _example(parameter)  # a fault is told already; what is made serves to check the rest
        values[key] = found
    name = table.take("name", identifier, kind.prefix) or kind.prefix
    ion = table.take("ion", text, "Ca") or "Ca"
    return Chosen(kind, name, ion, on, inside, values), place


def _reader(key: str, parameter: Parameter, names: Names) -> Reader:
    """A reader that leaves a parameter as it is written."""
    if parameter.measure == "number":
        return _share
    if key == "lumen":
        return names.space_name
    if key == "ligand":
        return names.species
    if parameter.measure == "name":
        return known(parameter.words, f"{key}")

    def read(value: Any) -> str:
        units.quantity(value, parameter.measure)
        return str(value)

    return read


def _share(value: Any) -> float:
    found = number(value)
    return found if found >= 0.0 else refuse("it must not be below 0.")


def _example(parameter: Parameter) -> str | float:
    if parameter.default is not None:
        return parameter.default
    return 1.0 if parameter.measure == "number" else units.KINDS[parameter.measure].example


def _species(table: Table, made: Mechanism, names: Names) -> list[Species]:
    """The species, none of which may be there already."""
    inner = [Table(entry, table.file, table.faults, f"{table.prefix}{entry['name']}, ") for entry in made.species]
    species = sections.species(inner, names)
    there = next((s.name for s in species if s.name in names.home), None)
    if there is not None:
        table.note("name", f": it makes a species {there}, which is there already: give it a name of its own.")
    mine = {s.name for s in species}
    words = {w.partition("@")[0] for entry in made.reaction for w in entry["equation"].split()}
    for other in sorted(w for w in words if w.isidentifier() and w not in mine and w not in names.home):
        table.note("", f" needs {other}, which is not a species: add a [[species]], or a [[mechanism]] before it.")
    for entry in made.species + made.release:
        space = entry.get("in", CYTOSOL)
        if space not in names.space_of:
            table.note("", f" needs the space {space}, which is not here; there are {', '.join(names.spaces)}.")
    return [s for s in species if s.name not in names.home]


def _reaction(table: Table, entry: dict[str, Any], around: Around, place: str, node: str | None) -> Reaction | None:
    ready = {key: Driven(value, place, node) if isinstance(value, Law) else value for key, value in entry.items()}
    return reaction(Table(ready, table.file, table.faults, table.prefix), around.names, around.folder)


def _releases(
    table: Table, made: Mechanism, kind: Kind, chosen: Chosen, amount: dict[str, Any], place: str, around: Around
) -> list[Release]:
    """What is put in: all in the first state, or with `resting` in all states as they are at rest."""
    resting = table.take("resting", quantity("concentration"), None)
    first = [first_release(kind, made, amount, place)] if amount else []
    if resting is not None and amount:
        molar = units.quantity("1 M", "concentration")
        held = {chosen.ion: resting / molar}
        if "stored" in chosen.values:
            held[f"{chosen.ion}@{chosen['lumen']}"] = chosen.number("stored") / molar
        first = [{**first[0], "species": name, **part} for name, part in _shared(amount, steady(made, held))]
    inner = [Table(entry, table.file, table.faults, table.prefix) for entry in (*first, *made.release)]
    return [sections.release(t, around.names, around.t_stop) for t in inner]


def _shared(amount: dict[str, Any], share: dict[str, float]) -> Iterator[tuple[str, dict[str, Any]]]:
    """An amount shared out among states; what is counted is given out whole, the largest remainders first."""
    (key, whole), names = next(iter(amount.items())), list(share)
    if key == "count":
        exact = whole * np.array(list(share.values()))
        given = np.floor(exact).astype(int)
        given[np.argsort(given - exact, kind="stable")[: whole - given.sum()]] += 1
        yield from ((name, {key: int(n)}) for name, n in zip(names, given, strict=True) if n)
        return
    unit = {"density": "/um^2", "concentration": "/um^3"}[key]
    for name, part in share.items():
        if part > 0.0:
            yield name, {key: f"{part * units.quantity(whole, key):.15g} {unit}"}
