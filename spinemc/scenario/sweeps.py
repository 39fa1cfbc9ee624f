"""Sweeps: what of a scenario is varied, over a grid, along a list, or by a Latin hypercube."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spinemc import units
from spinemc.errors import ScenarioError
from spinemc.scenario.files import SCHEMA, read_toml, schema
from spinemc.scenario.table import Table, file_in, integer, known, refuse, text, told

DESIGNS = ("grid", "list", "latin")
MOST_POINTS = 1_000_000
TAKEN = {
    "trial", "time", "compartment", "species", "region", "reaction", "boundary", "synapse", "frame", "row", "xyz",
    "point", "count", "volume", "area", "home", "set", "concentration", "v", "f", "corner", "vertex", "face",
}  # fmt: skip
"""Names that a store has already."""


@dataclass(frozen=True)
class Axis:
    """A dimension of a sweep, or what a parameter is along one.

    Attributes
    ----------
    name : str
    values : tuple of float or of str
        The coordinate.
    unit : str
        Its unit, "" for none; "" for texts.
    """

    name: str
    values: tuple[float, ...] | tuple[str, ...]
    unit: str = ""


@dataclass(frozen=True)
class Varied:
    """A key of a scenario, and the values that it takes.

    Attributes
    ----------
    key : str
        As of a setting, `geometry.neck_radius`.
    values : tuple of str
        As settings write them, "0.05 um"; of a range its two ends.
    number : int
        Of values in a range, evenly apart; 0 where `values` are all of them.
    is_log : bool
        Whether those of a range are apart by a factor.
    is_range : bool
        Whether it is one.
    """

    key: str
    values: tuple[str, ...]
    number: int = 0
    is_log: bool = False
    is_range: bool = False


@dataclass(frozen=True)
class Sweep:
    """The points of a sweep.

    Attributes
    ----------
    axes : tuple of Axis
        Its dimensions: one for each varied key of a grid; `point` alone for a list and a Latin hypercube.
    settings : tuple of tuple of str
        What is laid over the scenario at each point, the last axis running fastest.
    beside : tuple of Axis
        What the varied keys are along `point`.
    """

    axes: tuple[Axis, ...]
    settings: tuple[tuple[str, ...], ...]
    beside: tuple[Axis, ...] = ()


def is_sweep(told: Mapping[str, Any]) -> bool:
    """Whether tables, of a store, are the fields of a `Sweep`."""

    def is_axis(entry: Any) -> bool:
        return (
            isinstance(entry, Mapping)
            and isinstance(entry.get("name"), str)
            and entry["name"].isidentifier()
            and isinstance(entry.get("unit"), str)
            and isinstance(values := entry.get("values"), list)
            and len({isinstance(one, str) for one in values}) == 1
            and all(isinstance(one, str | int | float) for one in values)
        )

    parts: list[Any] = [told.get(part) for part in ("axes", "beside", "settings")]
    if not all(isinstance(part, list) for part in parts) or not all(map(is_axis, [*parts[0], *parts[1]])):
        return False
    axes, beside, settings = parts
    points = math.prod([len(axis["values"]) for axis in axes])
    return (
        bool(axes)
        and points == len(settings)
        and all(len(axis["values"]) == points for axis in beside)
        and all(isinstance(point, list) and all(isinstance(one, str) for one in point) for point in settings)
    )


def varied(said: str) -> Varied:
    """What the command line says: `KEY=V1,V2,...`, `KEY=LOW..HIGH/NUMBER`, or `KEY=LOW..HIGH` for a Latin hypercube.

    Raises
    ------
    ScenarioError
        It is none of these.
    """
    key, equals, values = said.partition("=")
    if not equals or not key.strip() or not values.strip():
        raise ScenarioError(f"--vary {said}: say KEY=V1,V2,... or KEY=LOW..HIGH/NUMBER, as in run.dt=0.5us,1us.")
    key = key.strip()
    if ".." not in values:
        return Varied(key, tuple(value.strip() for value in values.split(",")))
    ends, _, number = values.partition("/") if values.rpartition("/")[2].strip().isdecimal() else (values, "", "0")
    low, _, high = ends.partition("..")
    return Varied(key, (low.strip(), high.strip()), int(number), is_range=True)


def read_sweep(path: str | Path) -> tuple[Path, Sweep]:
    """Read a sweep file: `schema`, `scenario`, `design`, `samples`, `seed` and `[[vary]]`.

    Returns
    -------
    Path, Sweep
        The scenario file, and the points.

    Raises
    ------
    ScenarioError
        Every fault, a line each.
    """
    path, faults = Path(path), []  # type: ignore[var-annotated]
    top = Table(read_toml(path), path.name, faults)
    top.take("schema", schema, SCHEMA)
    top.take("title", text, "")
    scenario = top.take("scenario", file_in(path.parent))
    design = top.take("design", known(DESIGNS, "design"), "grid")
    samples = top.take("samples", integer(1, MOST_POINTS), 0)
    seed = top.take("seed", integer(0, 2**32), 1)
    entries = [_entry(table) for table in top.tables("vary", required=True)]
    top.close()
    if faults:
        raise ScenarioError(told(faults))
    return scenario, points([entry for entry in entries if entry], design, samples, seed, path.name)


def of_command(
    file: str | Path, vary: Sequence[str], is_list: bool = False, latin: int | None = None
) -> tuple[Path, Sweep]:
    """What the command line asks for: the sweep of a file, or that of a scenario file and what is varied of it.

    Raises
    ------
    ScenarioError
        What is asked for does not go together.
    """
    file = Path(file)
    if vary:
        design = "latin" if latin else "list" if is_list else "grid"
        return file, points([varied(said) for said in vary], design, latin or 0, where=file.name)
    if "vary" not in read_toml(file):
        raise ScenarioError(f"{file.name}: nothing is varied: say --vary KEY=V1,V2,..., or give a sweep file.")
    return read_sweep(file)


def _entry(table: Table) -> Varied | None:
    key = table.take("key", text)
    if not table.has("from"):
        values = table.take("values", _values)
        return Varied(key, values) if key and values else None
    low, high = table.take("from", _value), table.take("to", _value)
    number, is_log = table.take("number", integer(2, MOST_POINTS), 0), table.take("spacing", _spacing, False)
    return Varied(key, (low, high), number, is_log, True) if key and low and high else None


def _values(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        refuse('a list of values is needed, as in ["0.05 um", "0.1 um"].')
    return tuple(_value(one) for one in value)


def _value(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        refuse('a value is a number, or a text such as "0.05 um".')
    return value if isinstance(value, str) else repr(value)


def _spacing(value: Any) -> bool:
    return known(("linear", "log"), "spacing")(value) == "log"


def points(entries: Sequence[Varied], design: str, samples: int = 0, seed: int = 1, where: str = "sweep") -> Sweep:
    """The points of a design.

    Parameters
    ----------
    entries : sequence of Varied
    design : str
        `grid`: every value of each key with every value of the others; `list`: the first values of all keys, the second
        values, ...; `latin`: `samples` points at random such that each of as many equal parts of each range has one
        (McKay, Beckman & Conover 1979, Technometrics 21:239).
    samples, seed : int
        Of a Latin hypercube.
    where : str
        What messages call it.

    Raises
    ------
    ScenarioError
        The design does not go with what is varied.
    """
    names = [_name(entry.key) for entry in entries]
    for key in {entry.key for entry in entries if [other.key for other in entries].count(entry.key) > 1}:
        raise ScenarioError(f"{where}: {key} is varied twice.")
    if len(set(names)) < len(names) or set(names) & TAKEN:
        names = [entry.key.replace(".", "_") for entry in entries]
    if not entries:
        raise ScenarioError(f"{where}: nothing is varied.")
    columns = _latin(entries, samples, seed, where) if design == "latin" else [_all(e, where) for e in entries]
    if design == "grid":
        if np.prod([float(len(column)) for column in columns]) > MOST_POINTS:
            raise ScenarioError(f"{where}: that makes more than {MOST_POINTS} points.")
        axes = tuple(_axis(name, column) for name, column in zip(names, columns, strict=True))
        chosen = itertools.product(*columns)
        beside: tuple[Axis, ...] = ()
    else:
        lengths = {len(column) for column in columns}
        if len(lengths) > 1:
            told = ", ".join(f"{entry.key} {len(column)}" for entry, column in zip(entries, columns, strict=True))
            raise ScenarioError(f"{where}: along a list all keys take as many values; here are {told}.")
        axes = (Axis("point", tuple(float(k) for k in range(lengths.pop()))),)
        chosen = zip(*columns, strict=True)  # type: ignore[assignment]
        beside = tuple(_axis(name, column) for name, column in zip(names, columns, strict=True))
    keys = [entry.key for entry in entries]
    settings = tuple(tuple(f"{key}={value}" for key, value in zip(keys, point, strict=True)) for point in chosen)
    return Sweep(axes, settings, beside)


def _name(key: str) -> str:
    """A short name of a key: `geometry.neck_radius` is neck_radius, `species.Ca.D` is Ca_D."""
    first, _, rest = key.replace("geometry.shape.", "geometry.").partition(".")
    return (rest if first in ("geometry", "run", "species") and rest else key).replace(".", "_")


def _axis(name: str, values: Sequence[str]) -> Axis:
    """A coordinate from values as settings write them: numbers in one unit where they are, the texts otherwise."""
    read = [units.measured(value) for value in values]
    if any(one is None for one in read) or len({one[1] for one in read if one}) > 1:
        return Axis(name, tuple(values))
    return Axis(name, tuple(one[0] for one in read if one), read[0][1] if read[0] else "")


def _all(entry: Varied, where: str) -> list[str]:
    """All values of a key."""
    if not entry.is_range:
        return list(entry.values)
    if entry.number < 2:
        low, high = entry.values
        raise ScenarioError(f"{where}: {entry.key} goes from {low} to {high}: say by how many values.")
    return _between(entry, np.linspace(0.0, 1.0, entry.number), where)


def _between(entry: Varied, share: np.ndarray, where: str) -> list[str]:
    """Values between the two ends of a range, by their share of the way."""
    ends = [units.measured(value) for value in entry.values]
    if ends[0] is None or ends[1] is None or ends[0][1] != ends[1][1]:
        raise ScenarioError(f"{where}: {entry.key} goes from {' to '.join(entry.values)}: two numbers of one unit.")
    low, high, unit = ends[0][0], ends[1][0], ends[0][1]
    if entry.is_log and min(low, high) <= 0.0:
        raise ScenarioError(f"{where}: {entry.key}: only a range above 0 has values apart by a factor.")
    found = low * (high / low) ** share if entry.is_log else low + (high - low) * share
    return [f"{value:.9g}{' ' if unit else ''}{unit}" for value in found]


def _latin(entries: Sequence[Varied], samples: int, seed: int, where: str) -> list[list[str]]:
    from scipy.stats.qmc import LatinHypercube

    if samples < 1:
        raise ScenarioError(f"{where}: a Latin hypercube needs a number of samples.")
    for entry in entries:
        if not entry.is_range:
            raise ScenarioError(f"{where}: {entry.key}: a Latin hypercube needs a range, from one value to another.")
    share = LatinHypercube(len(entries), rng=np.random.default_rng(seed)).random(samples)
    return [_between(entry, share[:, k], where) for k, entry in enumerate(entries)]
