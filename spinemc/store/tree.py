"""The tree of a store as it is made and as it is read; its root, which says how far a run is."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.errors import StoreError
from spinemc.geometry.mesh import Geometry
from spinemc.layout import Array, Layout, fixed, growing
from spinemc.store import seals, trust
from spinemc.store.places import OWN, Bucket, Folder, Place, place
from spinemc.units import MICROMOLAR

if TYPE_CHECKING:
    import xarray as xr

ROOT = "zarr.json"
COPY = f"{OWN}/root"
FIXED = f"{OWN}/fixed"
"""Where the root, its copy, and the checksums of all that does not grow are."""

OURS = {"scenario", "trials", "trials_finished", "complete"}  # attributes that tell a store of ours


def create(
    out: str | Path,
    layout: Layout,
    geometries: Sequence[Geometry],
    attributes: dict[str, Any],
    overwrite: bool = False,
) -> None:
    """Make an empty store: every array at its full length, nothing finished.

    It appears whole or not at all.

    Parameters
    ----------
    out : str or Path
        A folder, or a URL.
    layout : Layout
    geometries : sequence of Geometry
        The mesh that runs at each point of a sweep, or the one mesh of all.
    attributes : dict
        For the root: `scenario` (TOML text), `scenario_path` (the file it came from, "" for none),
        `provenance` and whatever else is to be kept; a dict is written as JSON text.
    overwrite : bool
        Whether a store of ours may be replaced. Anything else there is never touched.

    Raises
    ------
    StoreError
        Where the place is taken, or in use, or cannot be written.
    """
    target = place(out)
    _refuse_taken(target, overwrite)
    parent = target.path.parent if isinstance(target, Folder) else None
    try:
        workshop = Path(tempfile.mkdtemp(prefix=f".{Path(target.name).name}.", dir=parent))
        try:
            new = workshop / "new"
            _build(new, layout, geometries, attributes)
            if overwrite and target.is_taken:
                with target.hold():
                    pass
            target.put(new, overwrite)
        finally:
            shutil.rmtree(workshop)
    except OSError as error:
        raise StoreError(f"{target.name} cannot be written: {error.strerror or error}.") from error


def restore(here: Place, layout: Layout, geometries: Sequence[Geometry]) -> None:
    """Write again what of a store does not grow, as it was when it was made; the root is left as it is."""
    with tempfile.TemporaryDirectory() as folder:
        new = Folder(Path(folder) / "new")
        _build(new.path, layout, geometries, {})
        files = seals.noted(new, FIXED) or {}
        for key in [*files["files"], FIXED]:
            here.write(key, new.read(key) or b"")


def finished(out: str | Path) -> int:
    """How many trials are safely in the store; they are the first ones.

    Raises
    ------
    StoreError
        Where there is no store of ours.
    """
    return int(attributes_of(place(out))["trials_finished"])


def finish(out: str | Path, provenance: dict[str, Any]) -> None:
    """Write the final provenance, and mark the store as complete if all its trials are there."""
    here = place(out)
    root = root_of(here)
    told = root["attributes"]
    whole = told["trials_finished"] == told["trials"]
    write_root(here, root, provenance=json.dumps(provenance), complete=whole)


def read_scenario(out: str | Path) -> tuple[str, str | None]:
    """The scenario of a store.

    Returns
    -------
    str, str or None
        The TOML text as run, and the file that it came from.

    Raises
    ------
    StoreError
        Where there is no store of ours.
    """
    attributes = attributes_of(place(out))
    return attributes["scenario"], attributes.get("scenario_path") or None


def open(out: str | Path) -> xr.DataTree:
    """The tree of a store, cut to the finished trials, with concentrations.

    Returns
    -------
    xarray.DataTree
        That of a sweep is not cut: what is not finished is -1 in it, or nan. Nothing but coordinates is read before
        it is used. `/counts` has `concentration` [umol L^-1] beside `count`, computed where it is looked at.

    Raises
    ------
    StoreError
        Where there is no store of ours, or its root is damaged.
    """
    import xarray as xr

    here = place(out)
    attributes = attributes_of(here)
    if sound(here.read(ROOT)) is None:
        raise StoreError(f"{here.name}: its {ROOT} is damaged: `spinemc resume {here.name}` mends it.")
    done = int(attributes["trials_finished"])
    try:
        tree = xr.open_datatree(here.zarr() if isinstance(here, Bucket) else here.name, engine="zarr")
        groups = {node.path: _told(here.name, node) for node in tree.subtree}
    except StoreError:
        raise
    except Exception as fault:  # xarray and zarr raise whatever they meet in garbled metadata
        raise StoreError(
            f"{here.name}: cannot be read ({trust.reason(fault)}): `spinemc info --verify {here.name}` tells what is "
            f"damaged, `spinemc resume {here.name}` mends it."
        ) from fault
    trust.refuse_mislabelled(here.name, groups)
    if done < attributes["trials"] and "sweep" not in attributes:
        groups = {name: _cut(group, done) for name, group in groups.items()}
    counts = groups["/counts"]
    groups["/counts"] = counts.assign(concentration=_concentration(counts["count"], counts["volume"]))
    return xr.DataTree.from_dict(groups, name=here.name.rpartition("/")[2])


def _told(name: str, node: xr.DataTree) -> xr.Dataset:
    """A group whose arrays tell what keeps from reading them."""
    group = node.to_dataset(inherit=False)
    lazy = {key: trust.told_as_read(name, node.path, array.variable) for key, array in group.data_vars.items()}
    return group.assign(lazy)


def refuse_unlike(out: str | Path, layout: Layout) -> None:
    """Refuse to write into a store whose arrays are not those of a layout.

    Raises
    ------
    StoreError
        They are not, or cannot be read.
    """
    import zarr

    here = place(out)
    told = attributes_of(here)
    try:
        for known in (None, False):  # as the root knows them, and each array itself
            root: Any = zarr.open_group(here.zarr(), mode="r", use_consolidated=known)
            wrong = [name for name, array in growing(layout).items() if not _is_like(root[name], array)]
            if wrong:
                raise StoreError(_unlike(here, ", ".join(wrong)))
    except StoreError:
        raise
    except Exception as fault:  # zarr raises whatever it meets in garbled metadata
        raise StoreError(_unlike(here, trust.reason(fault))) from fault
    if (told["trials"], told.get("block")) != (layout.jobs, layout.block):
        raise StoreError(_unlike(here, "the number of trials"))


def _unlike(here: Place, what: str) -> str:
    return f"{here.name}: its arrays are not those of its scenario ({what}): run the scenario again into another store."


def _is_like(made: Any, array: Array) -> bool:
    shape = made.shape[1:] == array.shape[1:] if array.is_ragged else made.shape == array.shape
    return bool(shape and made.dtype == np.dtype(array.dtype) and made.chunks == tuple(max(1, c) for c in array.chunks))


def sound(data: bytes | None) -> dict[str, Any] | None:
    """A root as it was written; None where it is not."""
    try:
        root = json.loads(data or b"")
        told = dict(root["attributes"])
        seal = told.pop("seal")
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return root if seal == _seal(root | {"attributes": told}) else None


def _seal(root: dict[str, Any]) -> str:
    return seals.crc(json.dumps(root, sort_keys=True).encode())


def root_of(here: Place) -> dict[str, Any]:
    """The root of a store of ours, or its copy where the root is damaged; StoreError where there is none."""
    data = here.read(ROOT)
    if data is None and not here.is_taken:
        raise StoreError(f"{here.name}: there is no such store.")
    root = sound(data) or seals.noted(here, COPY)
    if root is None or not isinstance(root.get("attributes"), dict) or not root["attributes"].keys() >= OURS:
        raise StoreError(f"{here.name} is not a store of spinemc.")
    trust.refuse_strange(here.name, root)
    return root


def attributes_of(here: Place) -> dict[str, Any]:
    """The root's attributes; StoreError where there is no store of ours, or it leads elsewhere."""
    here.refuse_links()
    return dict(root_of(here)["attributes"])


def write_root(here: Place, root: dict[str, Any], **attributes: Any) -> None:
    """Write a root and its copy, with some attributes as given."""
    told = {key: value for key, value in root["attributes"].items() if key != "seal"} | attributes
    root = root | {"attributes": told}
    root = root | {"attributes": told | {"seal": _seal(root)}}
    seals.note(here, COPY, root)
    here.write(ROOT, json.dumps(root, indent=2).encode())


def _refuse_taken(target: Place, overwrite: bool) -> None:
    """Raise StoreError unless a store may be made at a place."""
    if isinstance(target, Folder) and not target.path.parent.is_dir():
        raise StoreError(
            f"{target.name}: there is no folder {target.path.parent}: make it first, or choose another --out."
        )
    if not target.is_taken:
        return
    try:
        attributes = attributes_of(target)
    except StoreError:
        message = f"{target.name} exists and is not a store of spinemc: it is left alone, choose another --out."
        raise StoreError(message) from None
    if overwrite:
        return
    done, trials = attributes["trials_finished"], attributes["trials"]
    if attributes["complete"]:
        raise StoreError(f"{target.name} exists and is complete: --overwrite starts again, or choose another --out.")
    raise StoreError(
        f"{target.name} exists and holds {done} of {trials} trials: `spinemc resume {target.name}` goes on, "
        "--overwrite starts again."
    )


def _build(path: Path, layout: Layout, geometries: Sequence[Geometry], attributes: dict[str, Any]) -> None:
    """Write groups, coordinates and empty arrays, and their checksums."""
    import zarr

    here = Folder(path)
    store = seals.recorder(here.zarr())
    texts = {key: json.dumps(v) if isinstance(v, dict) else v for key, v in attributes.items()}
    arrays = growing(layout)
    with zarr.config.set({"array.write_empty_chunks": True}):  # a chunk that is not there is one that was lost
        group = zarr.create_group(store, zarr_format=3)
        for name, array in arrays.items():
            _new(group, name, array)
        for name, (dims, values, said) in fixed(layout, geometries).items():
            names = isinstance(values, tuple)
            values = np.asarray(values, dtype=str) if names else values
            dtype = str if names else values.dtype
            made = _new(group, name, Array(dims, values.shape, dtype, values.shape, said))
            if values.size:
                made[...] = values
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
        zarr.consolidate_metadata(store)
    ragged = {f"{name}/{ROOT}" for name, array in arrays.items() if array.is_ragged}
    here_to_stay = {key: crc for key, crc in store.sums.items() if key != ROOT and key not in ragged}
    seals.note(here, FIXED, {"files": here_to_stay})
    told = {"conventions": "CF-1.11", "trials": layout.jobs, "block": layout.block}
    begun = {"trials_finished": 0, "blocks_finished": 0, "complete": False}
    write_root(here, json.loads(here.read(ROOT) or b""), **({"scenario": ""} | texts | told | begun))


def _new(root: Any, name: str, array: Array) -> Any:
    """Make one array, and the groups above it."""
    from zarr.codecs import Crc32cCodec, ZstdCodec

    return root.create_array(
        name,
        shape=array.shape,
        dtype=array.dtype,
        fill_value=array.empty,
        chunks=tuple(max(1, c) for c in array.chunks),
        compressors=[ZstdCodec(), Crc32cCodec()],
        chunk_key_encoding={"name": "default", "separator": "."},  # one folder an array
        dimension_names=array.dims,
        attributes=array.attributes,
    )


def _cut(group: xr.Dataset, trials: int) -> xr.Dataset:
    """A group without the trials that are not finished, and without their rows."""
    if "trial" not in group.dims:
        return group
    group = group.isel(trial=slice(int((group["trial"].values < trials).sum())))
    if "row" in group.dims:
        group = group.isel(row=slice(int(group["row_size"].sum())))
    return group


def _concentration(count: xr.DataArray, volume: xr.DataArray) -> xr.Variable:
    """Molecules as a concentration [umol L^-1], computed for the part that is looked at."""
    from xarray import Variable
    from xarray.backends import BackendArray
    from xarray.core import indexing

    number, size = count.variable, volume.variable.load() * MICROMOLAR
    axes = [count.dims.index(dim) for dim in volume.dims]

    class Concentration(BackendArray):
        shape, dtype = count.shape, np.dtype(np.float64)

        def __getitem__(self, key: Any) -> Any:
            orthogonal = indexing.IndexingSupport.OUTER
            return indexing.explicit_indexing_adapter(key, self.shape, orthogonal, self.part)

        def part(self, key: tuple[Any, ...]) -> np.ndarray:
            return (number[key] / size[tuple(key[axis] for axis in axes)]).values

    attributes = {"units": "umol L^-1", "long_name": "concentration"}
    return Variable(count.dims, indexing.LazilyIndexedArray(Concentration()), attributes)
