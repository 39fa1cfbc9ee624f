"""The positions that a trial records: of whom, where, and of ions on what holds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

import numpy as np

from spinemc.engine.kernels.tables import State
from spinemc.engine.system import System
from spinemc.geometry.compartments import locate
from spinemc.scenario import PositionRecord


class Taker(Protocol):
    """Who takes frames as they come."""

    def frame(
        self, species: str, position: np.ndarray, particle: np.ndarray, carrier: np.ndarray | None = None
    ) -> None:
        """Take a frame, see `engine.trial.Keeper`."""


@dataclass(frozen=True)
class _Wanted:
    """A species of a record: its name, the populations that are looked at, and whether by their ions."""

    species: str
    populations: tuple[int, ...]
    by_ion: bool


class Frames:
    """The positions that a trial was asked to record, handed on as they come or gathered."""

    def __init__(self, system: System, number: int, taker: Taker | None) -> None:
        self.system = system
        self.taker = taker
        self.wanted = {
            i: [self._wanted(record, name) for name in record.species]
            for i, record in enumerate(system.scenario.positions)
            if number in record.trials
        }
        self.rows: dict[str, list[tuple[np.ndarray, ...]]] = {}

    def _wanted(self, record: PositionRecord, name: str) -> _Wanted:
        network, ions = self.system.network, self.system.scenario.ions
        by_ion = record.follow and ions is not None and name == ions.species
        those = self.system.carries > 0 if by_ion else network.home == network.species.index(name)
        return _Wanted(name, tuple(int(s) for s in np.flatnonzero(those)), by_ion)

    def take(self, record: int, state: State) -> None:
        """Take the next frame of a record."""
        for wanted in self.wanted.get(record, ()):
            frame = self._frame(self.system.scenario.positions[record], wanted, state)
            if self.taker is not None:
                self.taker.frame(wanted.species, *frame)
            else:
                self.rows.setdefault(wanted.species, []).append(frame)

    def _frame(self, record: PositionRecord, wanted: _Wanted, state: State) -> tuple[np.ndarray, ...]:
        """Positions, numbers and, of ions, carriers."""
        points, numbers, carriers = [np.zeros((0, 3))], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for s in wanted.populations:
            here = np.arange(state.start[s], state.start[s] + state.n[s])
            here = here[self._is_there(record, s, here, state)]
            each = int(self.system.carries[s]) if wanted.by_ion else 1
            points.append(np.repeat(_points(state, here), each, axis=0))
            numbers.append(state.ion[here, :each].ravel() if wanted.by_ion else state.name[here])
            carriers.append(np.full(here.size * each, s, np.int64))
        found = np.concatenate(points), np.concatenate(numbers), np.concatenate(carriers)
        return found if wanted.by_ion else found[:2]

    def _is_there(self, record: PositionRecord, s: int, here: np.ndarray, state: State) -> np.ndarray:
        """Whether molecules of a population, by their slots, are where a record looks for them."""
        geometry, space = self.system.geometry, int(self.system.network.space[s])
        if record.inside is not None:
            found = np.zeros(here.size, bool)
            for c in _matching(record.inside, geometry.compartments) if space >= 0 else ():
                if geometry.compartment_space[c] == space:
                    of = int(geometry.compartment_set[c])
                    whole = c == geometry.parts_of(space)[0]
                    found |= whole or locate(geometry, _points(state, here), space, of) == c
            return found
        if record.on is not None:
            if space >= 0:
                return np.zeros(here.size, bool)
            faces = [geometry.faces_of(region) for region in _matching(record.on, geometry.regions)]
            return np.isin(state.face[here], np.concatenate(faces))
        return np.ones(here.size, bool)

    def taken(self) -> dict[str, tuple[np.ndarray, ...]]:
        """All frames: species to row_size (frame,) and the columns of its frames, one after another."""
        return {
            name: (
                np.array([len(frame[0]) for frame in frames], np.int64),
                *(np.concatenate(column) for column in zip(*frames, strict=True)),
            )
            for name, frames in self.rows.items()
        }


def _points(state: State, here: np.ndarray) -> np.ndarray:
    return np.column_stack([state.x[here], state.y[here], state.z[here]])


def _matching(pattern: str, names: Iterable[str]) -> list[int]:
    """The numbers of the places that a name or a pattern means."""
    return [i for i, name in enumerate(names) if fnmatchcase(name, pattern)]
