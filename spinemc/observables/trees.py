"""What is read out of a tree: an array by its path, a species where it is, a twin under the names of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.observables.tables import loaded, told
from spinemc.units import MICROMOLAR

if TYPE_CHECKING:
    import xarray as xr


def array(tree: xr.DataTree | xr.Dataset, path: str) -> xr.DataArray:
    """The variable at a path such as "counts/count"; KeyError where there is none."""
    import xarray as xr

    found = tree[path]
    if not isinstance(found, xr.DataArray):
        raise KeyError(f"{path} is a group")
    return found


def totals(tree: xr.DataTree | xr.Dataset) -> xr.DataArray:
    """Molecules of every species at home: in the whole of the space, or of the surface, that it lives in.

    Parameters
    ----------
    tree : DataTree or Dataset
        A tree with `/counts` and `/surface`; or a dataset with a `count` over compartments or over regions.

    Returns
    -------
    xarray.DataArray
        (..., time, species): volume species, over the cytosol where no other home is told, then surface species, over
        the membrane where no other is.
    """
    import xarray as xr

    groups = [tree] if isinstance(tree, xr.Dataset) else [tree[name].to_dataset() for name in ("counts", "surface")]
    parts = []
    for group in groups:
        count = array(group, "count")
        dim, usual = ("compartment", "cytosol") if "compartment" in count.dims else ("region", "membrane")
        if "home" in group:
            home = array(group, "home")
            parts.append(count.sel({dim: home, "species": home["species"]}).drop_vars(dim).transpose(..., "species"))
        else:
            parts.append(count.sel({dim: usual}, drop=True))
    return xr.concat(parts, "species", coords="minimal", compat="override", join="exact")


def series(tree: xr.DataTree, species: str, where: str | None = None, quantity: str = "count") -> xr.DataArray:
    """One species over time, in memory.

    Parameters
    ----------
    tree : DataTree
        A run or a sweep.
    species : str
    where : str, optional
        A compartment, or a region for a surface species; by default the whole of the space, or of the surface, that
        the species lives in.
    quantity : {"count", "concentration"}

    Returns
    -------
    xarray.DataArray
        (..., trial, time) float64: molecules; or umol L^-1, of a surface species um^-2. NaN where a sweep is not
        finished.

    Raises
    ------
    ObservableError
        Where the tree has no such species, compartment or region.
    """
    group, dim, size = _home_of(tree, species)
    place = where if where is not None else _whole(group, species, dim)
    if place not in group[dim].values:
        raise ObservableError(f'there is no {dim} "{place}" for {species}; there are {_list(group[dim])}.')
    found = loaded(group["count"].sel({"species": species, dim: place}))
    units, name = "1", f"{species} in {place}" if dim == "compartment" else f"{species} on {place}"
    if quantity == "concentration":
        amount = group[size].sel({dim: place})
        found = found / (amount * MICROMOLAR if dim == "compartment" else amount)
        units = "umol L^-1" if dim == "compartment" else "um^-2"
    elif quantity != "count":
        raise ObservableError(f'quantity = "{quantity}": it is count or concentration.')
    found = found.drop_vars([dim, "species"], errors="ignore").rename(quantity)
    if "time" in found.coords:
        found["time"].attrs.setdefault("units", "s")
    return told(found, units, name)


def finished(tree: xr.DataTree) -> xr.DataArray:
    """Which trials are there, (..., trial) bool: in a sweep that goes on, those that are not have -1 molecules."""
    for name in ("counts", "surface"):
        if name in tree.children and (count := array(tree, f"{name}/count")).size:
            others = {dim: -1 for dim in ("time", "compartment", "region", "species") if dim in count.dims}
            last = count.isel(others, drop=True).compute()
            return (last != -1) & last.notnull()
    raise ObservableError("the run counts no species.")


def _home_of(tree: xr.DataTree, species: str) -> tuple[xr.Dataset, str, str]:
    """The group that counts a species, what it is counted over, and how large that is."""
    known: list[str] = []
    for name, dim, size in (("counts", "compartment", "volume"), ("surface", "region", "area")):
        if name in tree.children:
            group = tree[name].to_dataset()
            if species in group["species"].values:
                return group, dim, size
            known += map(str, group["species"].values)
    raise ObservableError(f'there is no species "{species}"; there are {", ".join(known) or "none"}.')


def _whole(group: xr.Dataset, species: str, dim: str) -> str:
    """The name of the whole that a species lives in."""
    if "home" in group:
        return str(group["home"].sel(species=species).item())
    return "cytosol" if dim == "compartment" else "membrane"


def _list(names: xr.DataArray) -> str:
    return ", ".join(map(str, names.values))


def named(tree: xr.DataTree, time: np.ndarray, count: np.ndarray, surface: np.ndarray) -> xr.DataTree:
    """The bare arrays of a twin as a tree, under the names of the run whose scenario they share.

    Parameters
    ----------
    tree : DataTree
        The run.
    time : (t,) float64
        [s]
    count : (t, compartment, species) float64
        Molecules of the volume species.
    surface : (t, region, species) float64
        Molecules of the surface species.

    Returns
    -------
    DataTree
        `/counts` and `/surface`, with `count`, and `volume` and `area` of the run.
    """
    import xarray as xr

    groups = {}
    for name, values in (("counts", count), ("surface", surface)):
        ours = tree[name].to_dataset().drop_vars(["count", "concentration", "trial", "time"], errors="ignore")
        dims = ("time", *array(tree, f"{name}/count").dims[2:])
        groups[f"/{name}"] = ours.assign(count=(dims, values)).assign_coords(time=time)
    return xr.DataTree.from_dict(groups)
