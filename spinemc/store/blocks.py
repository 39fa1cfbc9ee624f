"""Blocks of trials: each is written by itself, by anyone, and counted once its seal is there."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from spinemc.layout import Block, Layout
from spinemc.store import rows, seals, spool
from spinemc.store.places import OWN, Place, place, refusals_told
from spinemc.store.tree import root_of, write_root

BLOCKS = f"{OWN}/blocks"
"""Where the seals of blocks are."""


def seal_of(number: int) -> str:
    """The key of a block's seal."""
    return f"{BLOCKS}/{number:06d}"


def number_of(key: str) -> int:
    """The block that a seal is of."""
    return int(key.rpartition("/")[2])


def sealed(here: Place) -> set[int]:
    """The blocks that are safely there."""
    return {number_of(key) for key in listed(here) if is_seal(seals.noted(here, key))}


def listed(here: Place) -> list[str]:
    """The keys of all seals; files with other names are none."""
    return [key for key in here.listed(BLOCKS) if re.fullmatch(r"[0-9]{6,10}", key.rpartition("/")[2])]


def is_seal(found: dict[str, Any] | None) -> bool:
    """Whether what was noted is the seal of a block."""
    return found is not None and "files" in found


def missing(out: str | Path, layout: Layout) -> list[int]:
    """The blocks that are still to be run."""
    there = sealed(place(out))
    return [number for number in range(layout.blocks) if number not in there]


def write(
    out: str | Path,
    layout: Layout,
    number: int,
    block: Block,
    weights: dict[str, dict[str, np.ndarray]] | None = None,
) -> None:
    """Write a block of trials, then its seal. The recorded trials' frames are in the store already.

    Parameters
    ----------
    out : str or Path
    layout : Layout
        The one the store was made with.
    number : int
        Of the block.
    block : Block
        All its jobs.
    weights : dict, optional
        By rule, then by variable: (n, t, synapse) float64.

    Raises
    ------
    StoreError
        Where the disk does not take it; what was finished before stays safe.
    ValueError
        Where these are not the jobs of the block.
    """
    import zarr

    here, jobs = place(out), layout.jobs_of(number)
    if block.first != jobs.start or len(block.count) != len(jobs):
        raise ValueError(f"{len(block.count)} trials from {block.first} on are not block {number}")
    values = {"counts/count": block.count, "surface/count": block.surface, "events/count": block.events}
    if layout.boundaries:
        values["events/absorbed"] = block.absorbed
    for rule, variables in (weights or {}).items():
        values |= {f"plasticity/{rule}/{name}": series for name, series in variables.items()}
    with refusals_told(here):
        store = seals.recorder(here.zarr())
        root: Any = zarr.open_group(store, mode="r+")
        with zarr.config.set({"array.write_empty_chunks": True}):
            for name, value in values.items():
                if value.size:
                    root[name][layout.place_of(number)] = value
        here.settle(store.sums)
        seals.note(here, seal_of(number), {"files": store.sums})


def gather(out: str | Path, layout: Layout, known: Collection[int] | None = None) -> None:
    """Put the frames of finished blocks in their places, in order, and raise the number of finished trials.

    One process at a time does this, the one that holds the store.

    Parameters
    ----------
    out : str or Path
    layout : Layout
    known : collection of int, optional
        The blocks that are finished, where the caller knows them; else all seals are read.

    Raises
    ------
    StoreError
        Where the disk does not take it; nothing is lost.
    """
    here = place(out)
    with refusals_told(here):
        there = sealed(here) if known is None else set(known)
        placed = _put_rows(here, layout, there) if layout.ragged else there
        root = root_of(here)
        whole = next((n for n in range(layout.blocks) if n not in placed), layout.blocks)
        shapes = root["consolidated_metadata"]["metadata"]
        for name, length in rows.lengths(here, layout).items():
            shapes[name]["shape"][0] = length
        done = layout.jobs if whole == layout.blocks else layout.jobs_of(whole).start
        write_root(here, root, trials_finished=done, blocks_finished=whole)
        _sweep(here, placed, layout)


def _put_rows(here: Place, layout: Layout, finished: Collection[int]) -> set[int]:
    """Put the rows of finished blocks in place as far as they follow each other; the blocks that are."""
    told, there = rows.noted(here), {number for number in finished if number < layout.blocks}
    for number in sorted(there - set(told["blocks"])):
        if not rows.follows(told, layout, number):
            break
        try:
            told = rows.put(here, layout, number, told)
        except LookupError:  # it is to be run again
            forget(here, [number])
            there.discard(number)
            break
    return there & set(told["blocks"])


def forget(here: Place, numbers: Collection[int]) -> None:
    """Count blocks as not yet run, and their rows as not in place."""
    told = rows.noted(here)
    if set(numbers) & set(told["blocks"]):
        rows.note(here, told | {"blocks": [n for n in told["blocks"] if n not in numbers]})
    for number in numbers:
        here.remove(seal_of(number))


def _sweep(here: Place, finished: Collection[int], layout: Layout) -> None:
    """Remove what trials left that are in their places."""
    left = {key.split("/")[2] for key in here.listed(spool.TRIALS)}
    for job in (int(name) for name in left if re.fullmatch(r"[0-9]{8,10}", name)):
        if layout.block_of(job) in finished:
            here.remove(spool.folder(job))
