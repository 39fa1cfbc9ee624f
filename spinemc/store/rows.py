"""Tables of recorded trials, put behind one another in ragged arrays, in the order of the trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc.layout import Layout, Ragged
from spinemc.store import seals, spool, trust
from spinemc.store.places import OWN, Place

SEAL = f"{OWN}/rows"
COPY = f"{OWN}/rows.copy"


def noted(here: Place) -> dict[str, Any]:
    """What is in place: `starts`, by table and job the first row and how many; `blocks`; checksums, `files`.

    While a block is being put in place, `writing` is its number: files with room for it may be older or newer than
    their checksums.
    """
    for key in (SEAL, COPY):
        found = seals.noted(here, key)
        if found is not None and trust.is_rows(found):
            return found
    return {"starts": {}, "blocks": [], "files": {}}


def note(here: Place, content: dict[str, Any]) -> None:
    """Write that, twice: nothing else knows the first rows."""
    seals.note(here, COPY, content)
    seals.note(here, SEAL, content)


def lengths(here: Place, layout: Layout) -> dict[str, int]:
    """Rows of each ragged array, by its path."""
    if not layout.ragged:
        return {}
    starts = noted(here)["starts"]
    found: dict[str, int] = {}
    for table in layout.ragged:
        rows = max((start + n for start, n in starts.get(table.group, {}).values()), default=0)
        found |= {f"{table.group}/{name}": rows for name in table.columns}
    return found


def follows(told: dict[str, Any], layout: Layout, number: int) -> bool:
    """Whether all that comes before a block's rows is in place, or was once."""
    first = layout.jobs_of(number).start
    return all(
        str(job) in told["starts"].get(table.group, {})
        for table in layout.ragged
        for job in layout.recorded_of(table.trials)
        if job < first
    )


def put(here: Place, layout: Layout, number: int, told: dict[str, Any]) -> dict[str, Any]:
    """Put the frames of a block in place.

    Parameters
    ----------
    here : Place
    layout : Layout
    number : int
        Of the block.
    told : dict
        As `noted`.

    Returns
    -------
    dict
        What is in place now.

    Raises
    ------
    LookupError
        Where something that a trial has left is not there, or not as it was written.
    """
    import zarr

    note(here, told | {"writing": number})
    store = seals.recorder(here.zarr())
    root: Any = zarr.open_group(store, mode="r+", use_consolidated=False)  # lengths are known there later
    starts = {group: dict(known) for group, known in told["starts"].items()}
    with zarr.config.set({"array.write_empty_chunks": True}):
        for table in layout.ragged:
            recorded = layout.recorded_of(table.trials)
            shape = *layout.shape, len(layout.recorded(table.trials))
            known = starts.setdefault(table.group, {})
            for job in layout.jobs_of(number):
                if job not in recorded:
                    continue
                end = max((start + n for start, n in known.values()), default=0)
                begin = known.get(str(job), [end])[0]
                at = tuple(int(k) for k in np.unravel_index(recorded.index(job), shape))
                known[str(job)] = [begin, _put(here, root[table.group], table, job, at, begin)]
    for key in (f"{table.group}/{name}/zarr.json" for table in layout.ragged for name in table.columns):
        store.sums[key] = seals.crc(here.read(key) or b"")  # it may have its length from a time that was broken off
    here.settle(store.sums)
    now = {"starts": starts, "blocks": sorted({*told["blocks"], number}), "files": told["files"] | store.sums}
    note(here, now)
    return now


def _put(here: Place, group: Any, table: Ragged, job: int, at: tuple[int, ...], begin: int) -> int:
    """Put a job's table behind row `begin`, part by part; how many rows it has."""
    parts = (spool.parts_of(here, job) or {}).get(table.group)
    if parts is None:
        raise LookupError(spool.folder(job))
    columns = {name: group[name] for name in table.columns}
    end, size = begin, []
    for part in spool.parts(here, job, table, parts):
        start, end = end, end + int(part["row_size"].sum())
        size += part["row_size"].tolist()
        for name, array in columns.items():
            if array.shape[0] < end:  # each by itself: a run may have been killed between two
                array.resize((end, *array.shape[1:]))
            if end > start:
                array[start:end] = part[name]
    if table.frames is not None and len(size) != len(table.frames):
        raise LookupError(spool.folder(job))
    group["row_size"][at] = size if table.frames is not None else sum(size)
    return end - begin


def blocks_in(here: Place, layout: Layout, group: str, first: int, last: int) -> set[int]:
    """The blocks that have rows of a table from `first` to before `last`."""
    starts = noted(here)["starts"].get(group, {})
    return {layout.block_of(int(k)) for k, (start, n) in starts.items() if start < last and start + n > first}
