"""Whether a store is as it was written: every file against its checksum; and what is mended where it is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spinemc.errors import StoreError
from spinemc.geometry.mesh import Geometry
from spinemc.layout import ROWS, Layout
from spinemc.store import blocks, rows, seals, spool, trust
from spinemc.store.places import Place, place
from spinemc.store.tree import COPY, FIXED, ROOT, attributes_of, restore, root_of, sound, write_root


@dataclass(frozen=True)
class Damage:
    """A file that is not as it was written.

    Attributes
    ----------
    key : str
        Its path in the store.
    what : str
        What is wrong with it.
    block : int or None
        The block of trials that it belongs to; None where it belongs to no single one.
    """

    key: str
    what: str
    block: int | None = None

    def __str__(self) -> str:
        return f"{self.key}: {self.what}" + (f", of block {self.block}" if self.block is not None else "")


_MOST_LOST = 100_000  # seals of finished blocks that are told one by one where they are missing
MISSING, CHANGED = "is missing", "is not as it was written"


def verify(out: str | Path) -> list[Damage]:
    """Read every file of a store and lay it beside its checksum.

    Returns
    -------
    list of Damage
        Empty where all is well. Blocks that were not finished are not looked at.

    Raises
    ------
    StoreError
        Where there is no store of ours.
    """
    here = place(out)
    told = attributes_of(here)
    found = []
    if sound(here.read(ROOT)) is None:
        found.append(Damage(ROOT, CHANGED))
    told_twice = rows.SEAL, rows.COPY
    for key in (COPY, FIXED, *(told_twice if any(here.read(key) is not None for key in told_twice) else ())):
        noted = seals.noted(here, key)
        if noted is None or (key == FIXED and "files" not in noted) or (key in told_twice and not trust.is_rows(noted)):
            found.append(Damage(key, MISSING if here.read(key) is None else CHANGED))
    found += _unlike(_fixed(here), here, None)
    found += [damage for damage in _unlike(rows.noted(here)["files"], here, None) if not _between(here, damage.key)]
    there = {blocks.number_of(key) for key in blocks.listed(here)}
    if told["blocks_finished"] > len(there) + _MOST_LOST:
        raise StoreError(
            f"{here.name} says that {told['blocks_finished']} blocks of trials are finished, and {len(there)} are "
            "there: it is not as spinemc writes it."
        )
    for number in sorted(there | set(range(told["blocks_finished"]))):
        seal = seals.noted(here, blocks.seal_of(number))
        if seal is None or not blocks.is_seal(seal):
            found.append(Damage(blocks.seal_of(number), CHANGED if number in there else MISSING, number))
        else:
            found += _unlike(seal["files"], here, number)
    for key in sorted(here.listed(spool.TRIALS)):
        if seals.read(here, key) is None:
            found.append(Damage(key, CHANGED))
    return found


def _between(here: Place, key: str) -> bool:
    """Whether a file of ragged arrays is sound, though not as noted, since a block was broken off that changes it."""
    data = here.read(key)
    if "writing" not in rows.noted(here) or data is None:
        return False
    if not key.endswith(ROOT):
        return seals.crc(data[:-4]) == f"{int.from_bytes(data[-4:], 'little'):08x}"  # the codec's own checksum
    known = root_of(here)["consolidated_metadata"]["metadata"][key.removesuffix(f"/{ROOT}")]
    try:
        return bool(json.loads(data) | {"shape": known["shape"]} == known)
    except (ValueError, TypeError):
        return False


def _fixed(here: Place) -> dict[str, str]:
    """The checksums of what does not grow."""
    return dict((seals.noted(here, FIXED) or {}).get("files", {}))


def _unlike(files: dict[str, str], here: Place, block: int | None) -> list[Damage]:
    found = []
    for key, crc in sorted(files.items()):
        data = here.read(key)
        if data is None:
            found.append(Damage(key, MISSING, block))
        elif seals.crc(data) != crc:
            found.append(Damage(key, CHANGED, block))
    return found


def repair(
    out: str | Path,
    layout: Layout,
    survey: Callable[[], tuple[Layout, Sequence[Geometry], Any]],
    damages: Sequence[Damage],
) -> list[int]:
    """Mend what can be written again, and count the blocks that cannot as not yet run.

    Parameters
    ----------
    out : str or Path
    layout : Layout
    survey : callable
        Gives the layout with all sizes and the geometries, as the store was made of; asked where that is needed.
    damages : sequence of Damage

    Returns
    -------
    list of int
        The blocks that are to be run again.
    """
    here = place(out)
    again = set()
    fixed = set(_fixed(here))
    if any(damage.key == FIXED or damage.key in fixed for damage in damages):
        restore(here, *survey()[:2])
    root = root_of(here)
    for damage in damages:
        if damage.block is not None:
            again.add(damage.block)
        elif damage.key.startswith(spool.TRIALS):
            here.remove("/".join(damage.key.split("/")[:3]))
        elif damage.key.startswith(tuple(f"{table.group}/" for table in layout.ragged)) and damage.key not in fixed:
            again |= _again(here, layout, damage.key, root["consolidated_metadata"]["metadata"])
    blocks.forget(here, sorted(again))
    if any(damage.key in (rows.SEAL, rows.COPY) for damage in damages):
        rows.note(here, rows.noted(here))
    write_root(here, root)
    return sorted(again)


def _again(here: Place, layout: Layout, key: str, known: dict[str, dict]) -> set[int]:
    """The blocks that have rows in a file of ragged arrays; their metadata is written again at once."""
    path, _, file = key.rpartition("/")
    group, _, array = path.rpartition("/")
    tables = {table.group: table for table in layout.ragged}
    if group not in tables:
        raise StoreError(
            f"{here.name}: {key} is not a file of its scenario: run the scenario again into another store."
        )
    if file == ROOT:
        data = json.dumps(known[path], indent=2).encode()
        here.write(key, data)
        told = rows.noted(here)
        rows.note(here, told | {"files": told["files"] | {key: seals.crc(data)}})
        return set()
    here.remove(key)
    at = [int(part) for part in file.split(".")[1:]]
    if array == "row_size":
        trials = tables[group].trials
        shape = *layout.shape, len(layout.recorded(trials))
        if len(at) < len(shape) or any(k >= n for k, n in zip(at, shape, strict=False)):
            return set()
        number = int(np.ravel_multi_index(at[: len(shape)], shape))
        return {layout.block_of(layout.recorded_of(trials)[number])}
    return rows.blocks_in(here, layout, group, at[0] * ROWS, (at[0] + 1) * ROWS)
