"""What a trial leaves in the store before it is finished: frames, as they come, and its state from time to time."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from zipfile import BadZipFile

import numpy as np

from spinemc.layout import NANOMETRE, ROWS, XYZ, Ragged
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
    tables : sequence of str
        The tables that the trial leaves, `positions/Ca`; of the log of ions, `ions/Ca`.
    """

    def __init__(self, here: Place, trial: int, every: float | None, tables: Sequence[str] = ()) -> None:
        self._place, self._key, self._every, self._tables = here, folder(trial), every, tuple(tables)
        self._log = next((table for table in tables if table.startswith("ions/")), "")
        self._last = monotonic()
        self._sizes: dict[str, list[int]] = {}
        self._rows: dict[str, list[dict[str, np.ndarray]]] = {}
        self._parts: dict[str, int] = {}

    def frame(
        self, species: str, position: np.ndarray, particle: np.ndarray, carrier: np.ndarray | None = None
    ) -> None:
        """Take the positions (n, 3) [um] and numbers (n,) of a species in its next frame; of ions, what holds them."""
        columns: dict[str, np.ndarray] = {
            "position": np.rint(position / NANOMETRE).astype(np.int32),
            "particle": particle.astype(np.int32),
        }
        if carrier is not None:
            columns["carrier"] = carrier.astype(np.int16)
        self._add(f"positions/{species}", len(position), columns)

    def events(self, time: np.ndarray, ion: np.ndarray, what: np.ndarray) -> None:
        """Take the next entries of the log of ions."""
        self._add(self._log, len(time), {"time": time, "particle": ion.astype(np.int32), "what": what})

    def _add(self, table: str, size: int, columns: dict[str, np.ndarray]) -> None:
        rows, sizes = self._rows.setdefault(table, []), self._sizes.setdefault(table, [])
        sizes.append(size)
        rows.append(columns)
        if sum(sizes) >= ROWS:
            self._flush(table)

    def is_due(self) -> bool:
        """Whether the state was last saved as long ago as it may be."""
        return self._every is not None and monotonic() - self._last >= self._every

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        """Keep the state, and all frames until now."""
        for table in self._sizes:
            self._flush(table)
        names = list(self._parts)
        parts = {"parts.table": np.array(names, dtype=str), "parts.number": np.array([self._parts[n] for n in names])}
        seals.write(self._place, f"{self._key}/state", _packed(**parts, **state))
        self._last = monotonic()

    def saved(self) -> Mapping[str, np.ndarray] | None:
        """The state that was saved last, with as many frames as it had; None where there is none."""
        data = seals.read(self._place, f"{self._key}/state")
        if data is None:
            return None
        state = _unpacked(data)
        if state is None or not {"parts.table", "parts.number"} <= state.keys():
            return None
        names, numbers = state.pop("parts.table"), state.pop("parts.number")
        if names.ndim != 1 or names.shape != numbers.shape or (numbers.size and numbers.dtype.kind not in "iu"):
            return None
        self._parts = {str(name): int(number) for name, number in zip(names, numbers, strict=True)}
        return state

    def close(self) -> None:
        """Say that the trial has ended, and of how many parts its tables are."""
        for table in self._tables:
            self._flush(table)
        if self._tables:
            seals.note(self._place, f"{self._key}/done", {table: self._parts.get(table, 0) for table in self._tables})

    def _flush(self, table: str) -> None:
        sizes, rows = self._sizes.get(table), self._rows.get(table)
        if not sizes or not rows:
            return
        part = self._parts.get(table, 0)
        columns = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
        data = _packed(row_size=np.array(sizes, np.int64), **columns)
        seals.write(self._place, _part(self._key, table, part), data)
        self._parts[table] = part + 1
        sizes.clear()
        rows.clear()


def _part(key: str, table: str, number: int) -> str:
    return f"{key}/{table.replace('/', '.')}.{number:06d}"


def parts_of(here: Place, trial: int) -> dict[str, int] | None:
    """Of how many parts the tables of a finished trial are; None where that is not known."""
    found = seals.noted(here, f"{folder(trial)}/done")
    return found if found is not None and all(type(number) is int for number in found.values()) else None


def parts(here: Place, trial: int, table: Ragged, number: int) -> Iterator[Mapping[str, np.ndarray]]:
    """The parts of a trial's table, one after another: its columns, and `row_size`, the rows of each frame or batch.

    Raises
    ------
    LookupError
        Where one is not there, or not as it was written.
    """
    for part in range(number):
        key = _part(folder(trial), table.group, part)
        data = seals.read(here, key)
        found = _unpacked(data) if data is not None else None
        if found is None or not _is_part(found, table):
            raise LookupError(key)
        yield found


def _is_part(arrays: Mapping[str, np.ndarray], table: Ragged) -> bool:
    """Whether arrays are a part of a table."""
    if arrays.keys() != {"row_size", *table.columns}:
        return False
    size = arrays["row_size"]
    if size.dtype != np.int64 or size.ndim != 1 or (size < 0).any():
        return False
    return all(
        arrays[name].dtype == dtype and arrays[name].shape == (size.sum(), *(len(XYZ) for _ in beside))
        for name, (dtype, beside, _) in table.columns.items()
    )


def _packed(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _unpacked(data: bytes) -> dict[str, np.ndarray] | None:
    """What `_packed` packed; None where it is something else. Objects are not unpacked: they would bring code."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return dict(arrays)
    except (
        ValueError,
        EOFError,
        OSError,
        LookupError,
        TypeError,
        AttributeError,
        NotImplementedError,
        BadZipFile,
        zlib.error,
    ):
        return None
