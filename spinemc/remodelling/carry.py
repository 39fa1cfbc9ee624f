"""Molecules carried from the end of an epoch to the beginning of the next: as many of each, in the same parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.chemistry.network import Network
from spinemc.geometry import Geometry
from spinemc.scenario.places import parts

if TYPE_CHECKING:
    import xarray as xr

ROUND_OFF = 1e-9  # part of a sum of real numbers that is nothing
_WHERE = {"in": ("counts", "compartment"), "on": ("surface", "region")}


@dataclass(frozen=True)
class Held:
    """Where molecules of a species are counted, and put in again.

    Attributes
    ----------
    species : str
    key : str
        `in` or `on`.
    place : str
        A compartment, or a region.
    without : tuple of str
        Parts of it whose molecules are counted by themselves.
    is_rest : bool
        Whether it is all of where the species can be, but for those parts: each population has one such.
    """

    species: str
    key: str
    place: str
    without: tuple[str, ...] = ()
    is_rest: bool = False


def places(geometry: Geometry, network: Network) -> list[Held]:
    """Where the molecules of each population are counted, each molecule once.

    Those of a volume species in the parts of its space that belong to no set by name, and in what is left of the whole.
    Those of a surface species on the region that it lives on; where that is a whole surface, on its patches and on what
    is left of it. What is left has no name, and is put in again anywhere in the whole.
    """
    found = []
    for species, space, region in zip(network.species, network.space, network.region, strict=True):
        if space >= 0:
            key, names, whole = "in", geometry.compartments, geometry.parts_of(int(space))[0]
            inner = geometry.set_of(int(space))
        else:
            patches = np.flatnonzero(geometry.region_surface == geometry.region_surface[region])
            key, names, whole = "on", geometry.regions, region
            inner = patches[1:] if region == patches[0] else patches[:0]
        name, within = parts(species)[0], tuple(names[k] for k in inner)
        found += [Held(name, key, part) for part in within]
        found.append(Held(name, key, names[whole], within, is_rest=True))
    return found


def counted(held: Sequence[Held], tree: xr.DataTree) -> np.ndarray:
    """Molecules at the end of an epoch.

    Parameters
    ----------
    held : sequence of Held
        As `places` gives them.
    tree : xarray.DataTree
        The store of the epoch, with a trial for each history.

    Returns
    -------
    (history, held) int64 or float64
        Whole numbers, or real ones of levels of means, which are not below 0.
    """
    last = {key: tree[f"{group}/count"].isel(trial=0, time=-1).load() for key, (group, _) in _WHERE.items()}

    def number(one: Held, place: str) -> np.ndarray:
        return np.asarray(last[one.key].sel({"species": one.species, _WHERE[one.key][1]: place}).values)

    columns = []
    for one in held:
        whole = number(one, one.place)
        left = whole - sum((number(one, part) for part in one.without), np.zeros_like(whole))
        columns.append(left if left.dtype.kind == "i" else np.where(left > ROUND_OFF * np.abs(whole), left, 0.0))
    return np.stack(columns, axis=1)


def tables(held: Sequence[Held], number: np.ndarray) -> list[list[dict[str, Any]]]:
    """The tables `[[initial]]` of each history, of the same places in all of them.

    Parameters
    ----------
    held : sequence of Held
    number : (history, held)
        As `counted` gives them. A place without molecules in any history is left out, but for one of each species in
        each space, so that all of them are known to be there.
    """
    kept = [
        k for k, (one, filled) in enumerate(zip(held, (number != 0).any(axis=0), strict=True)) if filled or one.is_rest
    ]
    return [
        [{"species": held[k].species, held[k].key: held[k].place, "count": row[k].item()} for k in kept]
        for row in number
    ]
