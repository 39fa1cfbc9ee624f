"""Reaction equations, their rates and the tables of rates that files hold."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinemc import units
from spinemc.errors import ScenarioError
from spinemc.scenario.driven import Driven
from spinemc.scenario.places import parts
from spinemc.scenario.sections import Names
from spinemc.scenario.table import Reader, Table, file_in, nearest
from spinemc.scenario.values import Rate, Reaction

MOST_PRODUCTS = 8
TABLE_UNIT = {"rate0": "uM/s", "rate1": "/s", "rate2": "/M/s", "rate2_surface": "um^2/s"}
"""Unit of the second column of a table, by the kind of rate."""

_TERM = re.compile(r"(?:([1-9])\s+)?([^\W\d]\w*(?:@[^\W\d]\w*)?)")


@dataclass(frozen=True)
class Equation:
    """The two sides of an equation, a name for each molecule, and whether it goes both ways."""

    reactants: tuple[str, ...]
    products: tuple[str, ...]
    reversible: bool


def equation(value: Any) -> Equation:
    """Read an equation such as "A + B <-> C", "2 A -> B", "0 -> A".

    Returns
    -------
    Equation

    Raises
    ------
    ScenarioError
        Not an equation, more than two reactants in a direction, or nothing that changes.
    """
    if not isinstance(value, str):
        raise ScenarioError('an equation is a text such as "A + B <-> C".')
    sides = re.split(r"<->|->", value)
    if len(sides) != 2:
        raise ScenarioError('an equation has two sides and one arrow, -> or <->, as in "A + B <-> C".')
    reactants, products = map(_side, sides)
    reversible = "<->" in value
    if len(reactants) > 2 or (reversible and len(products) > 2):
        raise ScenarioError("at most two molecules can react at once: write it as two reactions.")
    if len(products) > MOST_PRODUCTS:
        raise ScenarioError(f"at most {MOST_PRODUCTS} molecules can be made at once: write it as two reactions.")
    if sorted(reactants) == sorted(products):
        raise ScenarioError("both sides are the same, so nothing happens: remove it.")
    return Equation(reactants, products, reversible)


def _side(side: str) -> tuple[str, ...]:
    if side.strip() == "0":
        return ()
    molecules: list[str] = []
    for term in side.split("+"):
        match = _TERM.fullmatch(term.strip())
        if match is None:
            what = f'"{term.strip()}" is not a molecule' if term.strip() else "a molecule is missing"
            raise ScenarioError(f'{what}: write a species as "A", two of it as "2 A", nothing as "0".')
        molecules += [match[2]] * int(match[1] or 1)
    return tuple(molecules)


def reaction(table: Table, names: Names, folder: Path) -> Reaction | None:
    """Read one reaction.

    Parameters
    ----------
    table : Table
        Its keys.
    names : Names
        What is known.
    folder : Path
        Where tables of rates are looked for.

    Returns
    -------
    Reaction or None
        None where the equation cannot be read.
    """
    found = table.take("equation", equation)
    inside = table.take("in", names.compartment_name, None)
    if found is None:
        for key in ("kf", "kb"):
            table.has(key)
        return None
    if inside is not None and found.reactants:
        table.refuse("in", 'only a zeroth-order reaction, "0 -> A", happens in a compartment that is named.')
        inside = None
    read = {name: _molecule(name, table, names, inside) for name in found.reactants + found.products}
    reactants, products = (tuple(read[name] for name in side) for side in (found.reactants, found.products))
    for start, end in ((reactants, products), (products, reactants)) if found.reversible else ((reactants, products),):
        wrong = misplaced(start, end, names)
        if wrong:
            table.refuse("equation", wrong)
    kf = table.take("kf", rate(_kind(reactants, names), folder))
    kb = None
    if found.reversible:
        kb = table.take("kb", rate(_kind(products, names), folder))
    elif table.has("kb"):
        table.refuse("kb", "a reaction with -> has no way back: write it with <->, or remove kb.")
    return Reaction(table.entries["equation"], reactants, products, kf, kb, inside)


def _molecule(name: str, table: Table, names: Names, inside: str | None) -> str:
    """A molecule of an equation by its one name; as it is written, and a fault noted, where it is not known."""
    species = parts(name)[0]
    if species not in names.home:
        near = nearest(species, names.home)
        advice = f"Did you mean {near}?" if near else f'Add a [[species]] with name = "{species}".'
        table.refuse("equation", f"{species} is not a species. {advice}")
        return name
    try:
        read = names.molecule(name)
        return read if inside is None or names.home[species] is None else names.put(name, inside)
    except ScenarioError as fault:
        table.refuse("equation", str(fault))
        return species


def misplaced(start: tuple[str, ...], end: tuple[str, ...], names: Names) -> str | None:
    """What is wrong with where the molecules of a one-way reaction are; None where nothing is.

    Parameters
    ----------
    start, end : tuple of str
        Molecules as `Names.molecule` reads them; one whose species is not known is passed over.
    names : Names
    """
    if any(names.is_surface(m, unknown=True) for m in start):
        return None
    made = next((m for m in end if names.is_surface(m, unknown=False)), None)
    if made is not None and not start:
        return f"a zeroth-order reaction makes volume species only, and {made} is in the membrane."
    if made is not None:
        return f"{made} is in the membrane: a surface species must be among the molecules it is made of."
    space = {m: names.space(m) for m in (*start, *end) if parts(m)[0] in names.home}
    first = next(iter(space), "")
    other = next((m for m in space if space[m] != space[first]), None)
    if other is None:
        return None
    both = f"{first} is in {space[first]} and {other} in {space[other]}"
    if other in start:
        return f"{both}: molecules of the volume meet in one space only."
    return f"{both}: only a reaction with a surface species takes molecules from one space to another."


def _kind(reactants: tuple[str, ...], names: Names) -> str | None:
    """The kind of the rate; None where it cannot be told, because a species is not known."""
    if any(parts(m)[0] not in names.home for m in reactants) and len(reactants) == 2:
        return None
    return rate_kind([names.is_surface(m, unknown=False) for m in reactants])


def rate_kind(surface: Sequence[bool]) -> str:
    """The kind of a reaction's rate in `spinemc.units`, by whether each reactant sits on a surface."""
    return f"rate{len(surface)}" if len(surface) < 2 or not all(surface) else "rate2_surface"


def rate(kind: str | None, folder: Path) -> Reader:
    """A rate: a quantity, a table in a file, or what a mechanism has in its place."""

    def read(value: Any) -> Rate | Driven | None:
        if kind is None:
            return None
        if isinstance(value, Driven):
            return value
        if not isinstance(value, Mapping):
            return Rate.constant(units.quantity(value, kind))
        if set(value) != {"table"}:
            raise ScenarioError('a rate is a text such as "12 /s", or { table = "FILE" } and no other key.')
        return rate_table(file_in(folder)(value["table"]), kind)

    return read


def rate_table(path: Path, kind: str) -> Rate:
    """Read a rate that changes in time from a file of two columns with a comma between them.

    Lines that begin with # are comments; the first other line may be a heading.

    Parameters
    ----------
    path : Path
        Time [s], increasing, and rate in the unit that `TABLE_UNIT` gives for the kind.
    kind : str
        A kind of rate of `spinemc.units`.

    Returns
    -------
    Rate
        In engine units.

    Raises
    ------
    ScenarioError
        The file cannot be read, or a row is not two finite numbers, negative or out of order.
    """
    scale = units.quantity(f"1 {TABLE_UNIT[kind]}", kind)
    time, rate = [], []
    for at, (t, value) in rows(path, "rate"):
        if value < 0:
            raise ScenarioError(f"{path.name}, line {at}: the rate, {value:g}, is negative.")
        time.append(t)
        rate.append(value * scale)
    return Rate(tuple(time), tuple(rate))


def rows(path: Path, what: str) -> list[tuple[int, tuple[float, float]]]:
    """The rows of a file of two columns, a time [s] and a number, each with its line.

    Parameters
    ----------
    path : Path
    what : str
        What the number is, for messages.

    Raises
    ------
    ScenarioError
        The file cannot be read, or a row is not two finite numbers or out of order.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ScenarioError(f"{path.name} is not a text in UTF-8.") from None
    except OSError as error:
        raise ScenarioError(f"{path.name} cannot be read: {error.strerror}.") from None
    found: list[tuple[int, tuple[float, float]]] = []
    heading_allowed = True
    for at, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        row = _row(line)
        if row is None:
            if not heading_allowed:
                raise ScenarioError(f'{path.name}, line {at}: "{line.strip()[:40]}" is not a time and a {what}.')
            heading_allowed = False
            continue
        heading_allowed = False
        if not all(map(math.isfinite, row)):
            raise ScenarioError(f"{path.name}, line {at}: the time and the {what} must be finite.")
        if found and row[0] <= found[-1][1][0]:
            before = found[-1][1][0]
            raise ScenarioError(f"{path.name}, line {at}: the time, {row[0]:g} s, does not come after {before:g} s.")
        found.append((at, row))
    if not found:
        raise ScenarioError(f"{path.name} has no row: a table needs at least one time and {what}.")
    return found


def _row(line: str) -> tuple[float, float] | None:
    """The two numbers of a line; None where it does not hold two numbers."""
    cells = line.split(",")
    if len(cells) != 2:
        return None
    try:
        return float(cells[0]), float(cells[1])
    except ValueError:
        return None
