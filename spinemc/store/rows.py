"""Frames of recorded trials, put behind one another in ragged arrays, in the order of the trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc.layout import Layout
from spinemc.store import seals, spool
from spinemc.store.places import OWN, Place

SEAL = f"{OWN}/rows"
COPY = f"{OWN}/rows.copy"


def noted(here: Place) -> dict[str, Any]:
    """What is in place: `starts`, by species and job the first row and how many; `blocks`; checksums, `files`.

    While a block is being put in place, `writing` is its number: files with room for it may be older or newer than
    their checksums.
    """
    return seals.noted(here, SEAL) or seals.noted(here, COPY) or {"starts": {}, "blocks": [], "files": {}}


def note(here: Place, content: dict[str, Any]) -> None:
    """Write that, twice: nothing else knows the first rows."""
    seals.note(here, COPY, content)
    seals.note(here, SEAL, content)


def lengths(here: Place, layout: Layout) -> dict[str, int]:
    """Rows of each ragged array, by its path."""
    if not layout.positions:
        return {}
    starts = noted(here)["starts"]
    found: dict[str, int] = {}
    for species, _, _ in layout.positions:
        rows = max((start + n for start, n in starts.get(species, {}).values()), default=0)
        found |= {f"positions/{species}/{name}": rows for name in ("position", "particle")}
    return found


def follows(told: dict[str, Any], layout: Layout, number: int) -> bool:
    """Whether all that comes before a block's rows is in place, or was once."""
    first = layout.jobs_of(number).start
    return all(
        str(job) in told["starts"].get(species, {})
        for species, _, trials in layout.positions
        for job in layout.recorded_of(trials)
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
    starts = {species: dict(known) for species, known in told["starts"].items()}
    with zarr.config.set({"array.write_empty_chunks": True}):
        for species, _, trials in layout.positions:
            recorded = layout.recorded_of(trials)
            shape = *layout.shape, len(layout.recorded(trials))
            known = starts.setdefault(species, {})
            for job in layout.jobs_of(number):
                if job not in recorded:
                    continue
                end = max((start + n for start, n in known.values()), default=0)
                begin = known.get(str(job), [end])[0]
                at = tuple(int(k) for k in np.unravel_index(recorded.index(job), shape))
                known[str(job)] = [begin, _put(here, root[f"positions/{species}"], species, job, at, begin)]
    here.settle(store.sums)
    now = {"starts": starts, "blocks": sorted({*told["blocks"], number}), "files": told["files"] | store.sums}
    note(here, now)
    return now


def _put(here: Place, group: Any, species: str, job: int, at: tuple[int, ...], begin: int) -> int:
    """Put a job's frames behind row `begin`, part by part; how many rows they are."""
    parts = (spool.parts_of(here, job) or {}).get(species)
    if parts is None:
        raise LookupError(spool.folder(job))
    sizes, position, particle = group["row_size"], group["position"], group["particle"]
    end, size = begin, []
    for part in spool.parts(here, job, species, parts):
        start, end = end, end + len(part["particle"])
        size += part["row_size"].tolist()
        for array in (position, particle):  # each by itself: a run may have been killed between the two
            if array.shape[0] < end:
                array.resize((end, *array.shape[1:]))
        if end > start:
            position[start:end] = part["position"]
            particle[start:end] = part["particle"]
    sizes[at] = size
    return end - begin


def blocks_in(here: Place, layout: Layout, species: str, first: int, last: int) -> set[int]:
    """The blocks that have rows of a species from `first` to before `last`."""
    starts = noted(here)["starts"].get(species, {})
    return {layout.block_of(int(k)) for k, (start, n) in starts.items() if start < last and start + n > first}
