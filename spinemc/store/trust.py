"""What is believed of a store: it may come from anyone, so what it says is looked at before it is used."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.errors import StoreError

if TYPE_CHECKING:
    import xarray as xr

MOST = 2**31
"""Trials and blocks are fewer."""

_RAGGED = re.compile(r"(positions|ions)/[^/]+/[a-z_]+/(zarr\.json|c(\.\d{1,18})+)")
_LABELLED: dict[str, dict[str, tuple[str, ...]]] = {
    "counts": {"count": ("trial", "time", "compartment", "species"), "volume": ("compartment",)},
    "surface": {"count": ("trial", "time", "region", "species"), "area": ("region",)},
    "events": {"count": ("trial", "time", "reaction")},
    "geometry": {
        "vertex": ("v", "xyz"),
        "face": ("f", "corner"),
        "face_region": ("f",),
        "face_surface": ("f",),
        "region_surface": ("region",),
    },
}
_HOMES = {"counts": "compartment", "surface": "region"}
_TEXTS = {"counts": ("compartment", "species"), "surface": ("region", "species"), "geometry": ("region", "surface")}


def refuse_links(path: Path) -> None:
    """Refuse a folder that holds anything but folders and files: a link leads elsewhere, a pipe never ends.

    Raises
    ------
    StoreError
        It does; nothing of what it leads to was touched.
    """
    folders = [path]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif not entry.is_file(follow_symlinks=False):
                    what = "a link" if entry.is_symlink() else "neither a file nor a folder"
                    raise StoreError(
                        f"{path}: {Path(entry.path).relative_to(path)} is {what}: a store holds files and folders of "
                        "its own only. Put a copy in its place."
                    )


def refuse_strange(name: str, root: Mapping[str, Any]) -> None:
    """Refuse a root whose entries are not of the kinds that are written there.

    Raises
    ------
    StoreError
        One is not.
    """
    told = root["attributes"]
    texts = ("scenario", "scenario_path", "scenario_digest", "engine", "provenance", "fingerprint", "sweep", "seal")
    wrong = [key for key in texts if not isinstance(told.get(key, ""), str) or "\0" in told.get(key, "")]
    wrong += [
        key for key in ("trials", "trials_finished", "blocks_finished", "block") if not _is_count(told.get(key, 0))
    ]
    wrong += [key for key in ("complete",) if not isinstance(told[key], bool)]
    if not wrong:
        blocks, done, trials = told.get("blocks_finished", 0), told["trials_finished"], told["trials"]
        wrong = ["trials_finished"] if not blocks <= done <= trials else ["trials"] if trials < 1 else []
    wrong += [] if len(str(told.get("scenario_path"))) < 4096 else ["scenario_path"]
    kinds = {"provenance": _is_provenance, "fingerprint": _is_table, "sweep": _is_table}
    wrong += [key for key, is_like in kinds.items() if key not in wrong and not is_like(told.get(key))]
    shapes = root.get("consolidated_metadata")
    if not isinstance(shapes, Mapping) or not _is_tables(shapes.get("metadata")):
        wrong.append("consolidated_metadata")
    if wrong:
        raise StoreError(f"{name}: {' and '.join(wrong)} in its zarr.json is not what spinemc writes there.")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST


def _is_tables(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(inner, Mapping) for inner in value.values())


def _is_table(text: str | None) -> bool:
    """Whether a text is nothing, or a table in JSON."""
    try:
        return not text or isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _is_provenance(text: str | None) -> bool:
    """Whether a text is nothing, or a table in JSON whose numbers are numbers and whose versions are a table."""
    if not _is_table(text):
        return False
    told = json.loads(text or "{}")
    numbers = (told.get(key, 0) for key in ("wall_time", "particle_steps"))
    return isinstance(told.get("versions", {}), dict) and all(
        type(n) in (int, float) and 0 <= n < 1e300 for n in numbers
    )


def table(data: bytes) -> dict[str, Any] | None:
    """A table in JSON whose `files`, where it has them, are checksums of files of the store; None where it is not."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    files = found.get("files", {})
    sound = isinstance(files, dict) and all(_is_key(key) and isinstance(crc, str) for key, crc in files.items())
    return found if sound else None


def _is_key(key: str) -> bool:
    """Whether a key leads to something in the store, and not out of it, and is no longer than names of files may be."""
    parts = key.split("/")
    return len(key) < 1024 and "\0" not in key and all(p not in ("", ".", "..") and len(p) < 256 for p in parts)


def is_rows(found: Mapping[str, Any]) -> bool:
    """Whether a table is that of the frames in their places."""
    starts, blocks = found.get("starts"), found.get("blocks")
    return (
        _is_tables(starts)
        and all(_is_place(place) for jobs in starts.values() for place in jobs.values())  # type: ignore[union-attr]
        and all(job.isascii() and job.isdecimal() for jobs in starts.values() for job in jobs)  # type: ignore[union-attr]
        and isinstance(blocks, list)
        and all(map(_is_count, blocks))
        and "files" in found
        and all(_RAGGED.fullmatch(key) for key in found["files"])
    )


def _is_place(value: Any) -> bool:
    """Whether it is a first row and a number of rows."""
    return isinstance(value, list) and len(value) == 2 and all(type(n) is int and 0 <= n < 2**48 for n in value)


def refuse_mislabelled(name: str, groups: Mapping[str, xr.Dataset]) -> None:
    """Refuse a tree without the arrays that every run has, or with others under their names.

    Raises
    ------
    StoreError
        One is not there, or has other dimensions or is of another kind; or times and trials do not rise, or are not
        the same in all groups; or a species is at home in no place, or a reaction has not two sides.
    """
    for group, arrays in _LABELLED.items():
        held = groups.get(f"/{group}")
        for array, dims in arrays.items():
            found = None if held is None else held.variables.get(array)
            if found is None or found.dims[-len(dims) :] != dims or found.dtype.kind not in "iuf":
                raise StoreError(f"{name}: {group}/{array} is not the array that spinemc writes there.")
        for coordinate in _TEXTS.get(group, ()):
            found = held.variables.get(coordinate)  # type: ignore[union-attr]
            if found is None or found.dims != (coordinate,) or not all(map(_is_name, found.values)):
                raise StoreError(f"{name}: {group}/{coordinate} is not the list of names that spinemc writes there.")
    for group, places in _HOMES.items():
        held = groups[f"/{group}"]
        home = held.variables.get("home")
        if home is not None and not (home.dims == ("species",) and set(home.values) <= set(held[places].values)):
            raise StoreError(f"{name}: {group}/home is not the list of places that spinemc writes there.")
    reaction = groups["/events"].variables.get("reaction")
    if reaction is None or reaction.dims != ("reaction",) or not all(map(_is_reaction, reaction.values)):
        raise StoreError(f"{name}: events/reaction is not the list of reactions that spinemc writes there.")
    for group in ("counts", "surface", "events"):
        for coordinate in ("trial", "time"):
            found = groups[f"/{group}"].variables.get(coordinate)
            first = groups["/counts"].variables[coordinate]  # the first to be looked at; the others are like it
            sound = found is not None and found.dims == (coordinate,) and found.dtype.kind in "iuf"
            values = found.values if sound else np.zeros(2)  # type: ignore[union-attr]
            if not (np.diff(values) > 0).all() or not np.array_equal(values, first.values):
                raise StoreError(f"{name}: {group}/{coordinate} is not the coordinate that spinemc writes there.")


def _is_name(value: Any) -> bool:
    """Whether it is a name as scenarios give them: identifiers, with dots between."""
    return isinstance(value, str) and all(part.isidentifier() for part in value.split("."))


def _is_reaction(value: Any) -> bool:
    """Whether it is a reaction as runs list them: what goes in, what comes out, and a note in brackets or none."""
    return isinstance(value, str) and len(value.partition(" (")[0].split(" -> ")) == 2


def told_as_read(name: str, group: str, variable: xr.Variable) -> xr.Variable:
    """An array that is read later: what then keeps from reading it is told as a fault of the store."""
    from xarray import Variable
    from xarray.backends import BackendArray
    from xarray.core import indexing

    class Told(BackendArray):
        shape, dtype = variable.shape, variable.dtype

        def __getitem__(self, key: Any) -> Any:
            return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self.part)

        def part(self, key: tuple[Any, ...]) -> np.ndarray:
            try:
                return np.asarray(variable[key].values)
            except Exception as fault:  # zarr and its codecs raise whatever they meet in a garbled file
                raise StoreError(
                    f"{name}: an array of {group} cannot be read ({reason(fault)}): `spinemc info --verify {name}` "
                    "tells which files are damaged."
                ) from fault

    return Variable(variable.dims, indexing.LazilyIndexedArray(Told()), variable.attrs, variable.encoding)


def reason(fault: Exception) -> str:
    """The first line of what an error says, cut where it is long."""
    said = (str(fault).strip().splitlines() or [type(fault).__name__])[0].rstrip(".")
    return said if len(said) <= 200 else f"{said[:197]}..."
