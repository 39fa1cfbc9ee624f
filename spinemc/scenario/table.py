"""Reading a table key by key: what is wrong is noted, not raised, so that all faults are told at once.

A reader, below, is a function from what TOML gave to what is wanted. It raises `ScenarioError` with the
sentence that says what is allowed; `Table.take` adds the file, the key and what was given.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from spinemc import units
from spinemc.errors import ScenarioError

Reader = Callable[[Any], Any]
REQUIRED = object()
"""In place of a default: the key must be there."""

MOST_TOLD, LONGEST = 100, 400
"""How many faults a message tells, and the characters of one."""


class Table:
    """A table of a TOML file that remembers which keys were asked for.

    Parameters
    ----------
    entries : mapping
        The table.
    file : str
        The file that messages name.
    faults : list of str
        Where faults are noted, shared by all tables of a file.
    prefix : str
        What stands before a key in messages: "run.", or "reaction 3, ".
    heading : str
        What the table is called: "[run]", or "[[reaction]]".
    """

    def __init__(self, entries: Mapping[str, Any], file: str, faults: list[str], prefix: str = "", heading: str = ""):
        self.entries = entries
        self.file = file
        self.faults = faults
        self.prefix = prefix
        self.heading = heading or "the top level"
        self.asked: list[str] = []
        self.inner: list[Table] = []

    def note(self, where: str, sentence: str) -> None:
        """Note a fault at `where`, a key or "" for the table itself."""
        self.faults.append(f"{self.file}: {_cut(f'{self.prefix}{where}'.rstrip(' ,.'))}{sentence}")

    def refuse(self, key: str, sentence: str) -> None:
        """Note that what a key was given is not allowed."""
        self.note(key, f" = {_shown(self.entries[key])}: {sentence}")

    def take(self, key: str, read: Reader, default: Any = REQUIRED) -> Any:
        """What `read` makes of a key; `default` where it is absent; None, and a fault noted, where wrong."""
        self.asked.append(key)
        if key not in self.entries:
            if default is not REQUIRED:
                return default
            self.note(key, f" is missing: {self.heading} needs it.")
            return None
        try:
            return read(self.entries[key])
        except ScenarioError as fault:
            self.refuse(key, str(fault))
            return None

    def has(self, key: str) -> bool:
        """Whether a key is there; it counts as known from now on."""
        self.asked.append(key)
        return key in self.entries

    def table(self, key: str, required: bool = True) -> Table:
        """The table at a key; an empty one, whose own faults are not told, where there is none."""
        found = self.take(key, _mapping, REQUIRED if required else {})
        heading = f"[{self.prefix}{key}]" if not self.prefix.endswith(" ") else key
        inner = Table(found or {}, self.file, self.faults if found is not None else [], f"{self.prefix}{key}.", heading)
        self.inner.append(inner)
        return inner

    def tables(self, key: str, required: bool = False) -> list[Table]:
        """The tables of an array of tables, numbered from 1."""
        found = self.take(key, _mappings, REQUIRED if required else [])
        name = f"{self.prefix}{key}"
        heading = f"[[{self.heading.strip('[]')}.{key}]]" if self.prefix else f"[[{key}]]"
        made = [Table(e, self.file, self.faults, f"{name} {i}, ", heading) for i, e in enumerate(found or [], 1)]
        self.inner += made
        return made

    def close(self) -> None:
        """Note every key, here and in the tables read from here, that nobody asked for."""
        known = list(dict.fromkeys(self.asked))
        for key in self.entries:
            if key not in known:
                near = nearest(key, known)
                prefix = self.prefix.rpartition(" ")[2]
                advice = f"Did you mean {prefix}{near}?" if near else f"Known keys: {', '.join(known)}."
                self.note(str(key), f" is not a key of {_cut(self.heading)}. {advice}")
        for inner in self.inner:
            inner.close()


def new_name(table: Table, taken: set[str], key: str = "name", read: Reader | None = None) -> str | None:
    """The name of an entry, which no other may have; None where it has none of its own."""
    name: str | None = table.take(key, read or identifier)
    if name in taken:
        table.refuse(key, f"{name} is there already: choose another name.")
        return None
    if name is not None:
        taken.add(name)
    return name


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that looks most like a given one; None where none does."""
    if name in known:
        return name
    folded = {k.casefold(): k for k in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def refuse(sentence: str) -> NoReturn:
    """Refuse a value.

    Raises
    ------
    ScenarioError
        With the sentence.
    """
    raise ScenarioError(sentence)


def quantity(kind: str, positive: bool = False) -> Reader:
    """A quantity of a kind of `spinemc.units`, above 0 where it must be `positive`."""

    def read(value: Any) -> float:
        number = units.quantity(value, kind)
        return number if number > 0 or not positive else refuse("it must be above 0.")

    return read


def text(value: Any) -> str:
    """Any text."""
    return value if isinstance(value, str) else refuse("a text in quotes is needed.")


def flag(value: Any) -> bool:
    """true or false."""
    return value if isinstance(value, bool) else refuse("true or false is needed.")


def number(value: Any) -> float:
    """A finite number without a unit."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e300 < value < 1e300:
        refuse("a number is needed, finite and without a unit.")
    return float(value)


def integer(low: int, below: int) -> Reader:
    """A whole number, `low` <= value < `below`."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value < below:
            refuse(f"a whole number from {low} to {below - 1} is needed.")
        return value

    return read


def place_name(value: Any) -> str:
    """A name of a region or a compartment, with dots between its parts, as in spine_1.head; * stands for anything."""
    if not isinstance(value, str) or not all(part.replace("*", "_").isidentifier() for part in value.split(".")):
        refuse("a place is named by letters, digits and underscores, with dots between parts, as in spine_1.head.")
    return value


def identifier(value: Any) -> str:
    """A name: letters, digits and underscores, not beginning with a digit."""
    if not isinstance(value, str) or not value.isidentifier():
        refuse("a name is made of letters, digits and underscores and does not begin with a digit.")
    return value


def known(names: Collection[str], noun: str) -> Reader:
    """One of the known names of a `noun`."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            refuse(f"the name of a {noun} is needed.")
        if value in names:
            return value
        near = nearest(value, names)
        refuse(f"no such {noun}. " + (f"Did you mean {near}?" if near else f"Known: {', '.join(names) or 'none'}."))

    return read


def each(read: Reader, single: bool = False) -> Reader:
    """A list, not empty, of what `read` reads, as a tuple; where `single`, one may stand without brackets."""

    def read_all(value: Any) -> tuple:
        if single and not isinstance(value, list):
            return (read(value),)
        if not isinstance(value, list) or not value:
            refuse("a list is needed, with at least one entry.")
        return tuple(read(v) for v in value)

    return read_all


def vector(value: Any) -> tuple[float, float, float]:
    """Three lengths, x, y and z [um], of any sign."""
    if not isinstance(value, list) or len(value) != 3:
        refuse('three lengths are needed, as in ["0 um", "0 um", "1.2 um"].')
    x, y, z = (units.quantity(v, "coordinate") for v in value)
    return x, y, z


def direction(value: Any) -> tuple[float, float, float]:
    """Three numbers, x, y and z, not all 0."""
    if not isinstance(value, list) or len(value) != 3:
        refuse("three numbers are needed, as in [0, 0, 1].")
    x, y, z = map(number, value)
    return (x, y, z) if any((x, y, z)) else refuse("a direction is needed: one of the numbers is not 0.")


def file_in(folder: Path) -> Reader:
    """A file that is there, by a path relative to a folder."""

    def read(value: Any) -> Path:
        path = folder / text(value)
        try:
            there = path.is_file()
        except (OSError, ValueError):
            there = False
        return path if there else refuse(f"there is no such file in {folder.resolve()}; a path is relative to that.")

    return read


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else refuse("a table is needed.")


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(v, Mapping) for v in value):
        refuse("a list of tables is needed, each under its own heading in double brackets.")
    return value


def _shown(value: Any, depth: int = 3) -> str:
    """What was given, as TOML writes it, cut where it is long or deep."""
    if isinstance(value, str):
        shown = f'"{value}"'
    elif isinstance(value, bool):
        shown = str(value).lower()
    elif isinstance(value, list | tuple):
        shown = f"[{', '.join(_shown(v, depth - 1) for v in value[:8]) if depth else '...'}]"
    elif isinstance(value, Mapping):
        inner = (f"{k} = {_shown(v, depth - 1)}" for k, v in list(value.items())[:8])
        shown = f"{{ {', '.join(inner) if depth else '...'} }}"
    elif isinstance(value, int) and value.bit_length() > 256:
        shown = "a number of more than 77 digits"
    else:
        shown = str(value)
    return " ".join(_cut(shown).split())


def _cut(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def told(faults: Iterable[str]) -> str:
    """Faults as one message, a line each: each once, no more and no longer than a person can read."""
    lines = [line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..." for line in dict.fromkeys(faults)]
    more = len(lines) - MOST_TOLD
    return "\n".join([*lines[:MOST_TOLD], *([f"and {more} more faults."] if more > 0 else [])])
