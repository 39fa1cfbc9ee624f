"""TOML from files, settings laid over it, and the shapes that geometry files hold."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spinemc import units
from spinemc.errors import ScenarioError
from spinemc.scenario.table import Table, file_in, integer, nearest, refuse, text, told
from spinemc.scenario.values import Shape, stand_in

SCHEMA = 1
"""The only one there is, of scenarios and geometry files."""

DEEPEST = 8
"""How many tables and lists may stand in one another."""

_TOO_DEEP = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")
"""A key of that many parts: tomllib takes a time that goes with their square."""


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises
    ------
    ScenarioError
        The file is not there, is not a text in UTF-8 or is not TOML; the message says in which line.
    """
    try:
        return parse_toml(path.read_bytes().decode(), path.name)
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path.name}: not a text in UTF-8: byte {error.start} is not allowed.") from None
    except (OSError, ValueError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", error)
        raise ScenarioError(f"{path}: cannot be read: {reason}.") from None


def parse_toml(toml: str, file: str) -> dict[str, Any]:
    """The tables of a TOML text; `file` is what messages call it.

    Raises
    ------
    ScenarioError
        It is not TOML; the message says in which line.
    """
    if _TOO_DEEP.search(toml):
        raise ScenarioError(f"{file}: tables or lists stand in one another too deeply.")
    try:
        return tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{file}: not TOML: {error}.") from None
    except ValueError as error:  # a number or a date that TOML allows and Python does not
        raise ScenarioError(f"{file}: not TOML that can be read: {error}.") from None
    except RecursionError:
        raise ScenarioError(f"{file}: tables or lists stand in one another too deeply.") from None


def apply_settings(tables: dict[str, Any], settings: Iterable[str], file: str) -> None:
    """Lay settings such as `run.dt=0.5 us` over the tables of a scenario, in place.

    A key is a path with dots; an entry of an array of tables goes by its number, from 1, or by its name. The
    value is what TOML makes of it, and the text itself where that is not TOML.

    Raises
    ------
    ScenarioError
        A setting is not KEY=VALUE, or its path leads nowhere: every such setting, a line each.
    """
    faults = []
    for setting in settings:
        key, equals, value = setting.partition("=")
        try:
            if not equals or not all(key.strip().split(".")):
                refuse("a setting is KEY=VALUE, with dots in the key, as in run.dt=0.5us.")
            *way, last = key.strip().split(".")
            inner: Any = tables
            for i, name in enumerate(way):
                inner = _step(inner, name, ".".join(way[:i]))
            if not isinstance(inner, dict):
                refuse(f"{'.'.join(way)} is not a table, so it has no key {last}.")
            inner.pop(stand_in(last), None)
            inner[last] = _value(value)
        except ScenarioError as fault:
            faults.append(f"{file}: --set {setting}: {fault}")
    if faults:
        raise ScenarioError(told(faults))


def _step(inner: Any, name: str, place: str) -> Any:
    """The table or list inside another, by name or number."""
    if isinstance(inner, dict):
        return inner.setdefault(name, {})  # whether it may be there is for the reader of the scenario to say
    if not isinstance(inner, list):
        refuse(f"{place} is not a table, so it has no key {name}.")
    if name.isdecimal():
        return (
            inner[int(name) - 1] if 1 <= int(name) <= len(inner) else refuse(f"{place} has entries 1 to {len(inner)}.")
        )
    named = _named(inner)
    if name in named:
        return named[name]
    near = nearest(name, named)
    refuse(
        f"{place} has no entry named {name}. "
        + (f"Did you mean {near}?" if near else f"Name it by its number, from 1 to {len(inner)}.")
    )


def _named(entries: list[Any]) -> dict[str, Any]:
    """Entries by their names; those without one by their kind, where it is the only one of it."""
    tables = [e for e in entries if isinstance(e, dict)]
    kinds = [e.get("kind") for e in tables if "name" not in e]
    found = {e["kind"]: e for e in tables if isinstance(e.get("kind"), str) and kinds.count(e["kind"]) == 1}
    return found | {e["name"]: e for e in tables if isinstance(e.get("name"), str)}


def _value(given: str) -> Any:
    try:
        found = tomllib.loads(f"value = {given.strip()}")
    except (ValueError, RecursionError):
        return given.strip()
    return found["value"] if len(found) == 1 else given.strip()


def schema(value: Any) -> int:
    """The number of the form a file is written in, as a reader."""
    return SCHEMA if value == SCHEMA and value is not True else refuse(f"this version reads schema {SCHEMA} only.")


def reader(key: str, folder: Path) -> Any:
    """A reader of what a shape's key holds: a parameter, or a file found from a folder."""
    return file_in(folder) if key == FILE else parameter(key)


def shape_of(table: Table, source: str, folder: Path, other: Sequence[str] = ()) -> Shape | None:
    """The shape that a table holds: `kind`, and every other key a parameter but those that are something else."""
    kind = table.take("kind", text)
    keys = [key for key in table.entries if key not in ("kind", *other)]
    parameters = {key: table.take(key, reader(key, folder)) for key in keys}
    return None if kind is None else Shape(kind, parameters, source)


_MEASURED = {
    "angle": "turn",
    "bend_angle": "turn",
    "density": "line_density",
    "head_volume": "volume",
    "psd_area": "area",
    "neck_resistance": "resistance",
    "resistivity": "resistivity",
}
FILE = "swc"
"""The parameter that is a file."""

_COUNTED = {"count": 10_000, "rows": 1000, "seed": 2**32, "section": 2**31, "sections": 2**31, "root": 2**31}
"""What parameters of shapes measure that are neither lengths nor plain angles, and what is counted and up to where."""


def parameter(key: str, depth: int = DEEPEST) -> Any:
    """A reader of a parameter of a shape: a length with its unit, an angle where the key says so, a number, a name."""
    measured = _MEASURED.get(key, "angle" if key.endswith("angle") else "coordinate")

    def read(value: Any) -> Any:
        if depth == 0:
            refuse("lists stand in one another too deeply.")
        if key in _COUNTED and not (key == "sections" and isinstance(value, list)):
            return integer(1 if key in ("count", "rows") else 0, _COUNTED[key])(value)
        if isinstance(value, list):
            return tuple(map(parameter(key, depth - 1), value))
        if isinstance(value, Mapping):
            return {k: parameter(k, depth - 1)(v) for k, v in value.items()}
        if isinstance(value, str) and value.lstrip()[:1] not in set("+-.0123456789"):
            return value
        if measured in ("angle", "turn") and isinstance(value, float) and abs(value) <= 7.0:
            return value
        return units.quantity(value, measured)

    return read
