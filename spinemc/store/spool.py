"""What a trial leaves in the store before it is finished: frames, as they come, and its state from time to time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from time import monotonic

import numpy as np

from spinemc.layout import NANOMETRE, ROWS
from spinemc.store import seals
from spinemc.store.places import OWN, Place

TRIALS = f"{OWN}/trials"
"""Where that lies."""


def folder(trial: int) -> str:
    """The key below which a trial leaves things."""
    return f"{TRIALS}/{trial:08d}"


class Spool:
    """A keeper (`spinemc.engine.trial.Keeper`) that writes into a store.

    Parameters
    ----------
    here : Place
    trial : int
    every : float or None
        Seconds between two times that the state is saved; None for never.
    """

    def __init__(self, here: Place, trial: int, every: float | None) -> None:
        self._place, self._key, self._every = here, folder(trial), every
        self._last = monotonic()
        self._sizes: dict[str, list[int]] = {}
        self._rows: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
        self._parts: dict[str, int] = {}

    def frame(self, species: str, position: np.ndarray, particle: np.ndarray) -> None:
        """Take the positions (n, 3) [um] and numbers (n,) of a species in its next frame."""
        rows = self._rows.setdefault(species, [])
        self._sizes.setdefault(species, []).append(len(position))
        rows.append((np.rint(position / NANOMETRE).astype(np.int32), particle.astype(np.int32)))
        if sum(len(numbers) for _, numbers in rows) >= ROWS:
            self._flush(species)

    def is_due(self) -> bool:
        """Whether the state was last saved as long ago as it may be."""
        return self._every is not None and monotonic() - self._last >= self._every

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        """Keep the state, and all frames until now."""
        for species in self._sizes:
            self._flush(species)
        names = list(self._parts)
        parts = {"parts.species": np.array(names, dtype=str), "parts.number": np.array([self._parts[n] for n in names])}
        seals.write(self._place, f"{self._key}/state", _packed(**parts, **state))
        self._last = monotonic()

    def saved(self) -> Mapping[str, np.ndarray] | None:
        """The state that was saved last, with as many frames as it had; None where there is none."""
        data = seals.read(self._place, f"{self._key}/state")
        if data is None:
            return None
        state = _unpacked(data)
        names, numbers = state.pop("parts.species"), state.pop("parts.number")
        self._parts = {str(name): int(number) for name, number in zip(names, numbers, strict=True)}
        return state

    def close(self) -> None:
        """Say that the trial has ended, and of how many parts its frames are."""
        for species in self._sizes:
            self._flush(species)
        if self._parts:
            seals.note(self._place, f"{self._key}/done", self._parts)

    def _flush(self, species: str) -> None:
        sizes, rows = self._sizes.get(species), self._rows.get(species)
        if not sizes or rows is None:
            return
        part = self._parts.get(species, 0)
        data = _packed(
            row_size=np.array(sizes, np.int32),
            position=np.concatenate([position for position, _ in rows]),
            particle=np.concatenate([particle for _, particle in rows]),
        )
        seals.write(self._place, f"{self._key}/{species}.{part:06d}", data)
        self._parts[species] = part + 1
        sizes.clear()
        rows.clear()


def parts_of(here: Place, trial: int) -> dict[str, int] | None:
    """Of how many parts the frames of a finished trial are, by species; None where that is not known."""
    return seals.noted(here, f"{folder(trial)}/done")


def parts(here: Place, trial: int, species: str, number: int) -> Iterator[Mapping[str, np.ndarray]]:
    """The parts of a trial's frames, one after another: `row_size`, `position` [nm], `particle`.

    Raises
    ------
    LookupError
        Where one is not there, or not as it was written.
    """
    for part in range(number):
        key = f"{folder(trial)}/{species}.{part:06d}"
        data = seals.read(here, key)
        if data is None:
            raise LookupError(key)
        yield _unpacked(data)


def _packed(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _unpacked(data: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return dict(arrays)
