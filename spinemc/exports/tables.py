"""Counts as a table, and the whole store as NetCDF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.observables import array

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

AT_ONCE = 2_000_000  # values of a table that are in memory


def write_csv(tree: xr.DataTree, path: Path) -> None:
    """Numbers of molecules, one a row: point of a sweep, trial, time [s], species, where it is, count, concentration.

    Concentrations are in uM, of surface species in 1/um^2.
    """
    first = True
    for frame in _frames(tree):
        frame.to_csv(path, mode="w" if first else "a", header=first, index=False)
        first = False


def _frames(tree: xr.DataTree) -> Iterator[pd.DataFrame]:
    """The table in pieces, a few trials each."""
    for group, dim, size in (("counts", "compartment", "volume"), ("surface", "region", "area")):
        if group not in tree.children or not array(tree, f"{group}/count").size:
            continue
        data = tree[group].to_dataset()
        count = data["count"]
        level = data["concentration"] if "concentration" in data else count / data[size]
        step = max(1, AT_ONCE * count.sizes["trial"] // count.size)
        for begin in range(0, count.sizes["trial"], step):
            some = {"trial": slice(begin, begin + step)}
            table = count.isel(some).to_dataset(name="count").assign(concentration=level.isel(some))
            frame = table.to_dataframe(
                dim_order=[*(d for d in count.dims if d not in (dim, "species")), "species", dim]
            )
            frame = frame.reset_index().rename(columns={"time": "time_s", dim: "where"})
            kept = [name for name in frame.columns if name in count.dims or name in ("time_s", "where")]
            yield frame[[*kept, "count", "concentration"]]


def write_netcdf(tree: xr.DataTree, path: Path) -> None:
    """All groups of the tree as NetCDF 4, texts as such."""
    import xarray as xr

    plain = {
        node.path: node.to_dataset(inherit=False)
        .map(_plain, keep_attrs=True)
        .assign_coords({name: _plain(coordinate) for name, coordinate in node.to_dataset(inherit=False).coords.items()})
        for node in tree.subtree
    }
    made = xr.DataTree.from_dict(plain)
    made.attrs = {key: _attribute(value) for key, value in tree.attrs.items()}
    made.to_netcdf(path, engine="netcdf4")


def _plain(values: xr.DataArray) -> xr.DataArray:
    """Texts as objects, which the format has a type for."""
    values = values.drop_encoding()
    return values.astype(object) if values.dtype.kind == "T" else values


def _attribute(value: Any) -> Any:
    """A truth value as a number: the format has none."""
    return np.int8(value) if isinstance(value, bool) else value
