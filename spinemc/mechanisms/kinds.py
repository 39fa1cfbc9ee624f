"""What a mechanism of the literature is: a scheme with parameters, made into tables as a scenario file has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spinemc import units

BELL_2022 = "Bell, Holst, Lee & Rangamani 2022, J Gen Physiol 154:e202112980, and its MCell code"
MN_2019 = "Mahajan & Nadkarni 2019, J Physiol 597:3473, and its code"
CHOICE = "a choice"
"""The source of a number that comes from no source."""

UNTOLD = "not told where it was read"
"""The temperature of numbers whose source was read without one."""


@dataclass(frozen=True)
class Drive:
    """What rates follow, at some times.

    Attributes
    ----------
    time : (t,) float64
        [s]
    volts : (t,) float64
        Voltage of the membrane [mV].
    glutamate : (t,) float64
        Concentration that the receptors see [M].
    since : (t,) float64
        Time since the last input, since 0 where there was none [s].
    """

    time: np.ndarray
    volts: np.ndarray
    glutamate: np.ndarray
    since: np.ndarray


@dataclass(frozen=True)
class Law:
    """A first-order rate that follows the voltage or the glutamate at its place.

    Attributes
    ----------
    name : str
        What its table is called.
    needs : tuple of str
        "voltage", "glutamate", or both.
    function : callable
        From a `Drive` and the arguments to rates, (t,) float64 [s^-1].
    arguments : tuple
    """

    name: str
    needs: tuple[str, ...]
    function: Callable[..., np.ndarray]
    arguments: tuple[Any, ...] = ()

    def at(self, drive: Drive) -> np.ndarray:
        """(t,) float64: the rate [s^-1]."""
        return self.function(drive, *self.arguments)


@dataclass(frozen=True)
class Mechanism:
    """A channel, a pump or a buffer as tables of a scenario, which `spinemc.Scenario` takes as they are.

    Attributes
    ----------
    source : str
        Where its numbers come from.
    species, reaction, release : tuple of dict
        Tables as in a scenario file; the first species is the state it is put in. A rate may be a `Law`.
    """

    source: str
    species: tuple[dict[str, Any], ...] = ()
    reaction: tuple[dict[str, Any], ...] = ()
    release: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Parameter:
    """A number or a word of a mechanism that may be set otherwise.

    Attributes
    ----------
    measure : str
        A kind of `spinemc.units`; "number" or "name".
    default : str, float or None
        As it is written in a scenario; None where it has to be given.
    what : str
        What it is.
    source : str
        Where it comes from, if not from the source of the whole.
    words : tuple of str
        What a name may be; anything where empty.
    optional : bool
        Whether it may be left out where it has no default.
    """

    measure: str
    default: str | float | None
    what: str
    source: str = ""
    words: tuple[str, ...] = ()
    optional: bool = False


def rates(measure: str = "rate1", **told: tuple[str | None, str]) -> dict[str, Parameter]:
    """Parameters that are rates: of each its default and what it is."""
    return {name: Parameter(measure, default, what) for name, (default, what) in told.items()}


@dataclass(frozen=True)
class Chosen:
    """The parameters of one mechanism, with its name and its place.

    Attributes
    ----------
    kind : Kind
    name : str
        What the names of its species begin with.
    ion : str
        The species that it binds or lets through.
    on : str or None
        The region that its species live on; None in the volume.
    inside : str
        The space that they live in, where they live in the volume.
    values : mapping
        Texts of quantities, numbers and names, by parameter.
    """

    kind: Kind
    name: str
    ion: str = "Ca"
    on: str | None = None
    inside: str = "cytosol"
    values: Mapping[str, str | float | None] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        """A parameter as it is written: the text of a quantity, a number, a name."""
        return self.values.get(key, self.kind.parameters[key].default)

    def number(self, key: str, unit: str | None = None) -> float:
        """A quantity in engine units, or in `unit`; a number as it is."""
        given, measure = self[key], self.kind.parameters[key].measure
        if not isinstance(given, str):
            return float(given)
        found = units.quantity(given, measure)
        return found if unit is None else found / units.quantity(f"1 {unit}", measure)

    def state(self, suffix: str = "") -> str:
        """The name of a state."""
        return f"{self.name}_{suffix}" if suffix else self.name

    def sites(self, *suffixes: str) -> tuple[dict[str, Any], ...]:
        """Species on the mechanism's region."""
        return tuple({"name": self.state(s), "on": self.on or self.kind.place} for s in suffixes)

    def molecules(self, *suffixes: str) -> tuple[dict[str, Any], ...]:
        """Species in the mechanism's space, which diffuse with `D`."""
        home = {} if self.inside == "cytosol" else {"in": self.inside}
        return tuple({"name": self.state(s), "D": self["D"], **home} for s in suffixes)

    def both(self, start: str, end: str, forward: Any, back: Any) -> dict[str, Any]:
        """A reversible step; in its sides `.C0` is a state, `.` the one that has the mechanism's own name."""
        return {"equation": f"{self._side(start)} <-> {self._side(end)}", "kf": forward, "kb": back}

    def one_way(self, start: str, end: str, rate: Any) -> dict[str, Any]:
        """A one-way step, as `both`."""
        return {"equation": f"{self._side(start)} -> {self._side(end)}", "kf": rate}

    def _side(self, side: str) -> str:
        words = (self.state(w[1:]) if w.startswith(".") else w for w in side.split(" "))
        return " ".join(words)


@dataclass(frozen=True)
class Kind:
    """A mechanism of the literature.

    Attributes
    ----------
    name : str
        As a scenario names it.
    prefix : str
        What its species are called.
    what : str
        One line.
    source : str
    temperature : str
    place : str
        Where it is put if nothing is said: a region, or a space where it lives in the volume.
    build : callable
        From `Chosen` to `Mechanism`.
    parameters : mapping
    amount : tuple of str or None
        The key and the text of how much there is, if nothing is said; None where it has to be said.
    surface : bool
        Whether it sits on a surface.
    states : str
        What its states are.
    """

    name: str
    prefix: str
    what: str
    source: str
    temperature: str
    place: str
    build: Callable[[Chosen], Mechanism]
    parameters: Mapping[str, Parameter]
    amount: tuple[str, str] | None = None
    surface: bool = True
    states: str = ""

    def made(self, *, name: str | None = None, released: bool = True, **values: Any) -> Mechanism:
        """The mechanism in its place, with its usual amount where it has one.

        Parameters
        ----------
        name : str, optional
            In place of the prefix.
        released : bool
            Whether the amount is put in.
        **values
            Parameters in place of the defaults.
        """
        chosen = Chosen(self, name or self.prefix, values=values, inside="cytosol" if self.surface else self.place)
        found = self.build(chosen)
        if self.amount is None or not released:
            return found
        return replace(found, release=(first_release(self, found, dict([self.amount]), self.place), *found.release))


def first_release(kind: Kind, made: Mechanism, amount: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The release that puts a mechanism into its first state; a density is made a whole number."""
    exact = {"exact": True} if "density" in amount else {}
    return {"species": made.species[0]["name"], **amount, "on" if kind.surface else "in": where, **exact}


def as_files(made: Mechanism) -> Mechanism:
    """The same with each law as the table of its name, in the folder `tables` beside the scenario."""
    return replace(made, reaction=tuple({k: _filed(v) for k, v in entry.items()} for entry in made.reaction))


def _filed(value: Any) -> Any:
    return {"table": f"tables/{value.name}.csv"} if isinstance(value, Law) else value


def assembled(*parts: Mechanism, tables: str = "tables") -> dict[str, list[dict[str, Any]]]:
    """The chemistry of several mechanisms together, as `spinemc.Scenario` takes it.

    Parameters
    ----------
    *parts : Mechanism
        Without laws: as `as_files` gives them.
    tables : str
        The folder of the rate tables, seen from the scenario's.

    Returns
    -------
    dict
        `species`, `reaction` and `release`: lists of tables as in a scenario file.
    """
    return {
        key: [_found(entry, tables) for part in parts for entry in getattr(part, key)]
        for key in ("species", "reaction", "release")
    }


def _found(entry: Mapping[str, Any], tables: str) -> dict[str, Any]:
    """A table of a scenario, its rate tables looked for in a folder."""
    return {
        key: {"table": f"{tables}/{value['table'].rpartition('/')[2]}"} if isinstance(value, dict) else value
        for key, value in entry.items()
    }
