"""Where the ions of a run came from and where they went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spinemc.chemistry.ions import Way, loads
from spinemc.errors import ObservableError
from spinemc.observables.tables import TIME, loaded, told
from spinemc.observables.trees import array, finished
from spinemc.scenario import parse_scenario
from spinemc.scenario.places import parts

if TYPE_CHECKING:
    import xarray as xr


def budget(tree: xr.DataTree, species: str = "Ca") -> xr.Dataset:
    """Ions that entered and left in each trial, by each way, and those that are held, free and bound.

    Parameters
    ----------
    tree : DataTree
        A run or a sweep, with `/events`.
    species : str
        The ion. What other molecules carry follows from the reactions, as where ions are followed.

    Returns
    -------
    xarray.Dataset
        `ions` (..., trial, way), gained by each reaction that makes or takes ions and through each boundary, negative
        where lost; `held` (..., trial, time), free and bound, in all spaces; `released` (..., trial), put in
        after time 0: what `held` grew by beyond the ways.

    Raises
    ------
    ObservableError
        The run has no events, or no such species.
    ScenarioError
        The reactions contradict each other about what molecules carry.
    """
    import xarray as xr

    if "events" not in tree.children:
        raise ObservableError("the run has no events: ions are counted by reactions and boundaries.")
    scenario = parse_scenario(tree.attrs["scenario"], tree.attrs.get("scenario_path") or None)
    events, names = tree["events"].to_dataset(), [one.name for one in scenario.species]
    if species not in names:
        raise ObservableError(f"budget: there is no species {species}; there are {', '.join(names)}.")
    said = scenario.ions.carriers if scenario.ions is not None and scenario.ions.species == species else {}
    steps = steps_of(events["reaction"].values) if "reaction" in events else []
    carries = loads(names, steps, species, said)
    found = []
    if steps:
        gains = [sum(carries[s] for s in step.products) - sum(carries[s] for s in step.reactants) for step in steps]
        found.append(_by(events["count"], "reaction", gains))
    if "absorbed" in events:
        gone = [str(label).partition(" at ")[0] for label in events["boundary"].values]
        found.append(_by(events["absorbed"], "boundary", [-carries[parts(name)[0]] for name in gone]))
    held = _held(tree, "counts", "compartment", scenario.geometry.spaces, carries)
    held = held + _held(tree, "surface", "region", (), carries)
    there = finished(tree)
    held = held.where(there)
    ions = xr.concat(found, "way").transpose(..., "way").where(there) if found else None
    grown = held.isel({TIME: -1}, drop=True) - held.isel({TIME: 0}, drop=True)
    result = {"held": told(held, "1", "ions held, free and bound")}
    if ions is not None:
        result["ions"] = told(ions, "1", "ions that entered")
        grown = grown - ions.sum("way", skipna=False)
    return xr.Dataset(result | {"released": told(grown, "1", "ions put in after time 0")})


def steps_of(labels: Iterable[object]) -> list[Way]:
    """One-way steps by their labels, such as "A + B -> C (2)"."""
    sides = []
    for label in map(str, labels):
        before, after = (
            tuple(parts(name)[0] for name in side.split(" + ") if name != "0")
            for side in label.partition(" (")[0].split(" -> ")
        )
        sides.append((label, before, after))
    there = {(after, before) for _, before, after in sides}
    return [Way(label, before, after, (before, after) in there) for label, before, after in sides]


def _by(events: xr.DataArray, dim: str, gains: Sequence[int]) -> xr.DataArray:
    """What the entries along a dimension that gain or lose ions came to, along `way`."""
    kept = np.flatnonzero(gains)
    counted = loaded(events.isel({dim: kept})).sum(TIME, skipna=False)
    return (counted * counted[dim].copy(data=np.array(gains, float)[kept])).rename({dim: "way"})


def _held(tree: xr.DataTree, name: str, dim: str, wholes: Sequence[str], carries: Mapping[str, int]) -> xr.DataArray:
    """Ions in the molecules of a group, (..., trial, time); where no wholes are told, each species has its own."""
    group = tree[name].to_dataset()
    count = loaded(array(group, "count"))
    where = list(wholes) or (array(group, "home") if "home" in group else ["membrane"])
    weight = count["species"].copy(data=np.array([carries[str(one)] for one in count["species"].values], float))
    inside = count.sel({dim: where})
    inside = inside.sum(dim, skipna=False) if dim in inside.dims else inside.drop_vars(dim)
    return (inside * weight).sum("species", skipna=False)
