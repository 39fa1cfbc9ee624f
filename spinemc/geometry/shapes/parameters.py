"""The parameters of a shape, checked one by one, and the faults found in them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spinemc.errors import GeometryError

FACES = 2000  # triangles of a shape whose `edge` is not given, about
LEAST = 1e-9  # of a parameter: squares of less are lost in those of others
MOST_FACES = 5_000_000
ANY_SIGN = ("angle", "bend_angle", "seed", "section", "root", "begin")  # parameters that may be zero or negative


class Parameters:
    """Parameters by name, and the faults found in them so far.

    Parameters
    ----------
    kind : str
        What has them, for messages.
    given : mapping
        The parameters [um, rad].
    needed, optional : sequence of str
        Those that have to be there, and those that may be.
    other : sequence of str
        Those of them that are not numbers: whoever uses them checks them.
    source : str
        The file they are from.
    place : str
        Where in that file they are.
    instead : mapping
        Of what is needed, what may be given in its place.

    Raises
    ------
    GeometryError
        One is not known, missing or not possible; every fault is a line.
    """

    def __init__(
        self,
        kind: str,
        given: Mapping[str, Any],
        needed: Sequence[str],
        optional: Sequence[str],
        other: Sequence[str] = (),
        source: str = "",
        place: str = "geometry.",
        instead: Mapping[str, str] | None = None,
    ):
        self.source, self.place = source, place
        self.faults: list[str] = []
        self.given = dict(given)
        instead = instead or {}
        known = (*needed, *optional, *(instead[key] for key in needed if key in instead))
        for key in self.given:
            if key not in known:
                self.fault(f"{place}{key} is not a key of a {kind}.{nearest(key, known, place)}")
        for key in needed:
            stand_in = instead.get(key)
            if key in self.given and stand_in in self.given:
                self.fault(f"{place}{key} and {stand_in} are both given: one says the other.")
            elif key not in self.given and stand_in not in self.given:
                said = ", ".join(f"{key} or {instead[key]}" if key in instead else key for key in needed)
                self.fault(f"{place}{key} is missing: a {kind} needs {said}.")
        self.refuse_faults()
        for key, value in self.given.items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if number and not np.isfinite(value):
                self.fault(f"{place}{key} is {value:g}: it must be a finite number.")
            elif number and not (value > 0.0 or key in ANY_SIGN):
                self.fault(f"{place}{key} is {value:g}: it must be positive.")
            elif number and key not in ANY_SIGN and value < LEAST:
                self.fault(f"{place}{key} is {value:g}: it must be {LEAST:g} or more.")
            elif not number and key not in other:
                self.fault(f"{place}{key} is {value!r}: it must be a number.")
        self.refuse_faults()

    def __getitem__(self, key: str) -> Any:
        return self.given[key]

    def get(self, key: str, default: Any = None) -> Any:
        """A parameter, or what stands for it where it is not given."""
        return self.given.get(key, default)

    def __contains__(self, key: str) -> bool:
        return key in self.given

    def fault(self, sentence: str) -> None:
        """Note a fault."""
        self.faults.append(f"{self.source}: {sentence}")

    def below(self, key: str, bound: float, what: str, why: str, value: float | None = None) -> None:
        """Note a fault where a length, by default the parameter itself, is not smaller than another [um]."""
        value = self[key] if value is None else value
        if value >= bound:
            self.fault(f"{self.place}{key} is {um(value)}, not smaller than {what}, {um(bound)}: {why}.")

    def refuse_faults(self) -> None:
        """Raise GeometryError where there are faults."""
        if self.faults:
            raise GeometryError("\n".join(self.faults))

    def edge(self, area: float) -> float:
        """Wanted edge [um], given or chosen by the area to cover [um^2]; the last thing to ask for."""
        edge = self.get("edge", np.sqrt(area / FACES * 4.0 / np.sqrt(3.0)))
        faces = area / (edge**2 * np.sqrt(3.0) / 4.0)
        if faces > MOST_FACES:
            self.fault(
                f"{self.place}edge is {edge:g} um: that makes about {faces:.0e} triangles, "
                f"more than {MOST_FACES:.0e}: use a longer edge."
            )
        self.refuse_faults()
        return float(edge)


def nearest(word: str, known: Sequence[str] | dict, prefix: str = "") -> str:
    """A question whether the nearest known word was meant; empty where none is near."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {prefix}{close[0]}?" if close else ""


def um(length: float) -> str:
    """A length as messages write it."""
    short = f"{length:.2f}"
    return f"{short if float(short) == length else format(length, '.4g')} um"
