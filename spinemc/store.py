"""The store of a run: a zarr tree that grows by blocks of trials and that plain xarray reads."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.errors import StoreError
from spinemc.geometry.mesh import Geometry
from spinemc.layout import NANOMETRE, Array, Block, Layout, Rows, fixed, growing
from spinemc.units import MICROMOLAR

__all__ = ["Block", "Layout", "Rows", "append", "create", "finish", "finished", "open", "read_scenario"]

if TYPE_CHECKING:
    import xarray as xr


def create(
    path: str | Path, layout: Layout, geometry: Geometry, attributes: dict[str, Any], overwrite: bool = False
) -> None:
    """Make an empty store: every array at its full length, nothing finished.

    It appears at `path` whole or not at all.

    Parameters
    ----------
    path : str or Path
    layout : Layout
    geometry : Geometry
        The mesh that runs.
    attributes : dict
        For the root: `scenario` (TOML text), `scenario_path` (the file it came from, "" for none),
        `provenance` and whatever else is to be kept; a dict is written as JSON text.
    overwrite : bool
        Whether a store of ours at `path` may be replaced. Anything else there is never touched.

    Raises
    ------
    StoreError
        Where `path` is taken, or cannot be written.
    """
    path = Path(path)
    _refuse_taken(path, overwrite)
    try:
        workshop = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        _build(workshop / "new", layout, geometry, attributes)
        if path.exists():
            path.rename(workshop / "old")
        (workshop / "new").rename(path)
    finally:
        shutil.rmtree(workshop)


def append(
    path: str | Path, layout: Layout, block: Block, weights: dict[str, dict[str, np.ndarray]] | None = None
) -> None:
    """Write the next block of trials, then count it as finished.

    Parameters
    ----------
    path : str or Path
    layout : Layout
        The one the store was made with.
    block : Block
        It starts at the first trial that is not finished and holds `layout.block` trials, or all that
        are left.
    weights : dict, optional
        By rule, then by variable: (n, t, synapse) float64.

    Raises
    ------
    StoreError
        Where the disk does not take it; the trials finished before stay safe.
    ValueError
        Where the block is not the next one.
    """
    import zarr

    n = len(block.count)
    done = finished(path)
    if block.first != done or n != min(layout.block, layout.trials - done):
        raise ValueError(f"a block of {n} trials from {block.first} on does not follow {done} finished trials")
    values = {"counts/count": block.count, "surface/count": block.surface, "events/count": block.events}
    if layout.boundaries:
        values["events/absorbed"] = block.absorbed
    for rule, variables in (weights or {}).items():
        values |= {f"plasticity/{rule}/{name}": series for name, series in variables.items()}
    try:
        root: Any = zarr.open_group(path, mode="r+")
        for name, value in values.items():
            if value.size:
                root[name][done : done + n] = value
        grown = [_append_rows(root, layout, block, *record) for record in layout.positions]
        if any(grown):
            _consolidate(path)
            root = zarr.open_group(path, mode="r+")
        root.update_attributes({"trials_finished": done + n})
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}. Its first {done} trials are safe: "
            f"`spinemc resume {path}` goes on."
        ) from error


def finished(path: str | Path) -> int:
    """How many trials are safely in the store; they are the first ones.

    Raises
    ------
    StoreError
        Where `path` is not a store of ours.
    """
    return int(_attributes(Path(path))["trials_finished"])


def finish(path: str | Path, provenance: dict[str, Any]) -> None:
    """Write the final provenance, and mark the store as complete if all its trials are there."""
    import zarr

    attributes = _attributes(Path(path))
    whole = attributes["trials_finished"] == attributes["trials"]
    root = zarr.open_group(path, mode="r+")
    root.update_attributes({"provenance": json.dumps(provenance), "complete": whole})


def read_scenario(path: str | Path) -> tuple[str, str | None]:
    """The scenario of a store.

    Returns
    -------
    str, str or None
        The TOML text as run, and the file that it came from.

    Raises
    ------
    StoreError
        Where `path` is not a store of ours.
    """
    attributes = _attributes(Path(path))
    return attributes["scenario"], attributes.get("scenario_path") or None


def open(path: str | Path) -> xr.DataTree:
    """The tree of a store, cut to the finished trials, with concentrations.

    Returns
    -------
    xarray.DataTree
        Nothing but coordinates is read before it is used. `/counts` has `concentration` [umol L^-1] beside
        `count`, computed where it is looked at and not stored.

    Raises
    ------
    StoreError
        Where `path` is not a store of ours.
    """
    import xarray as xr

    attributes = _attributes(Path(path))
    done = int(attributes["trials_finished"])
    tree = xr.open_datatree(path, engine="zarr")
    groups = {node.path: node.to_dataset(inherit=False) for node in tree.subtree}
    if done < attributes["trials"]:
        groups = {name: _cut(group, done) for name, group in groups.items()}
    counts = groups["/counts"]
    groups["/counts"] = counts.assign(concentration=_concentration(counts["count"], counts["volume"]))
    return xr.DataTree.from_dict(groups, name=Path(path).name)


def _refuse_taken(path: Path, overwrite: bool) -> None:
    """Raise StoreError unless a store may be made at `path`."""
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no folder {path.parent}: make it first, or choose another --out.")
    if not (path.exists() or path.is_symlink()):
        return
    try:
        attributes = _attributes(path)
    except StoreError:
        message = f"{path} exists and is not a store of spinemc: it is left alone, choose another --out."
        raise StoreError(message) from None
    if overwrite:
        return
    done, trials = attributes["trials_finished"], attributes["trials"]
    if attributes["complete"]:
        raise StoreError(f"{path} exists and is complete: --overwrite starts again, or choose another --out.")
    raise StoreError(
        f"{path} exists and holds {done} of {trials} trials: `spinemc resume {path}` goes on, --overwrite starts again."
    )


def _attributes(path: Path) -> dict[str, Any]:
    """The root attributes, read from the one file that holds them; StoreError where they are not ours."""
    if not path.exists():
        raise StoreError(f"{path}: there is no such store.")
    try:
        attributes = json.loads((path / "zarr.json").read_text())["attributes"]
    except (OSError, ValueError, KeyError):
        attributes = {}
    if not {"scenario", "trials", "trials_finished", "complete"} <= attributes.keys():
        raise StoreError(f"{path} is not a store of spinemc.")
    return attributes


def _build(path: Path, layout: Layout, geometry: Geometry, attributes: dict[str, Any]) -> None:
    """Write groups, coordinates and empty arrays."""
    import zarr

    texts = {key: json.dumps(v) if isinstance(v, dict) else v for key, v in attributes.items()}
    root = zarr.create_group(
        path,
        zarr_format=3,
        attributes={
            "scenario": "",
            **texts,
            "conventions": "CF-1.11",
            "trials": layout.trials,
            "trials_finished": 0,
            "complete": False,
        },
    )
    for name, array in growing(layout).items():
        _new(root, name, array)
    for name, (dims, values, texts) in fixed(layout, geometry).items():
        names = isinstance(values, tuple)
        values = np.asarray(values, dtype=str) if names else values
        dtype = str if names else values.dtype
        made = _new(root, name, Array(dims, values.shape, dtype, values.shape, texts))
        if values.size:
            made[...] = values
    _consolidate(path)


def _new(root: Any, name: str, array: Array) -> Any:
    """Make one array, and the groups above it."""
    return root.create_array(
        name,
        shape=array.shape,
        dtype=array.dtype,
        chunks=tuple(max(1, c) for c in array.chunks),
        dimension_names=array.dims,
        attributes=array.attributes,
    )


def _append_rows(
    root: Any, layout: Layout, block: Block, species: str, frames: np.ndarray, trials: tuple[int, ...]
) -> bool:
    """Add the positions of the recorded trials of a block behind those of the trials before; whether any."""
    recorded = layout.recorded(trials)
    first = sum(k < block.first for k in recorded)
    given = block.positions.get(species, [])
    expected = sum(block.first <= k < block.first + len(block.count) for k in recorded)
    if len(given) != expected:
        raise ValueError(f"positions of {species} in {len(given)} trials of a block where {expected} are recorded")
    if not given:
        return False
    group = root[f"positions/{species}"]
    sizes, position, particle = group["row_size"], group["position"], group["particle"]
    # counted, not read off the length: a run that was killed here may have left rows of an unfinished trial
    start = int(sizes[:first].sum()) if first else 0
    sizes[first : first + len(given)] = np.stack([rows.row_size for rows in given])
    where = np.rint(np.concatenate([rows.position for rows in given]) / NANOMETRE).astype(np.int32)
    position.resize((start + len(where), 3))
    particle.resize((start + len(where),))
    if len(where):
        position[start:] = where
        particle[start:] = np.concatenate([rows.particle for rows in given])
    return True


def _consolidate(path: str | Path) -> None:
    """Gather all metadata in the root, which lets xarray open the tree from one file."""
    import zarr

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
        zarr.consolidate_metadata(path)


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
    axis = count.dims.index("compartment")

    class Concentration(BackendArray):
        shape, dtype = count.shape, np.dtype(np.float64)

        def __getitem__(self, key: Any) -> Any:
            orthogonal = indexing.IndexingSupport.OUTER
            return indexing.explicit_indexing_adapter(key, self.shape, orthogonal, self.part)

        def part(self, key: tuple[Any, ...]) -> np.ndarray:
            return (number[key] / size[key[axis]]).values

    attributes = {"units": "umol L^-1", "long_name": "concentration"}
    return Variable(count.dims, indexing.LazilyIndexedArray(Concentration()), attributes)
