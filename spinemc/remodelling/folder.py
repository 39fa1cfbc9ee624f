"""What a folder of epochs holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc import plans, store
from spinemc.errors import StoreError
from spinemc.remodelling.course import HISTORY
from spinemc.scenario import Scenario, Structure, override, parse_scenario
from spinemc.scenario.structured import SIZES

if TYPE_CHECKING:
    import xarray as xr

ATTRIBUTE = "remodelling"
"""The attribute of an epoch's store that says what it is an epoch of."""


def is_course(out: str | Path) -> bool:
    """Whether a folder holds epochs."""
    return store.place(store_of(out, 0)).is_taken


def store_of(out: str | Path, epoch: int) -> str:
    """The store of an epoch."""
    return f"{str(out).rstrip('/')}/epoch_{epoch:03d}.zarr"


def begun(out: str | Path) -> tuple[Scenario, Structure]:
    """The scenario whose epochs a folder holds, and its law.

    Raises
    ------
    StoreError
        There are none.
    """
    path = _attributes(out, 0).get("scenario_path") or None
    scenario = parse_scenario(_told(out, 0)["scenario"], path)
    if scenario.structure is None:
        raise StoreError(f"{out}: it is not what spinemc writes: its scenario has no [structure].")
    return scenario, scenario.structure


def there(out: str | Path) -> list[int]:
    """The epochs that are begun; what another scenario left in the folder is none of them."""
    scenario, structure = begun(out)
    found: list[int] = []
    while len(found) < structure.epochs and store.place(store_of(out, len(found))).is_taken:
        if _told(out, len(found))["scenario"] != scenario.text:
            break
        found.append(len(found))
    return found


def stores(out: str | Path) -> list[str]:
    """The stores of the epochs that are begun."""
    return [store_of(out, epoch) for epoch in there(out)]


def history(out: str | Path) -> xr.Dataset:
    """Weights and sizes over the epochs that are finished.

    Parameters
    ----------
    out : str or Path
        The folder.

    Returns
    -------
    xarray.Dataset
        By (epoch, trial, synapse): `weight` at the end of an epoch and `weight_before` at its beginning [1]; what the
        epoch ran with, `head_volume` [um^3], `neck_radius` and `neck_length` [um], those of the smooth shape, and
        `volume` of the synapse's compartment in the mesh [um^3]. The coordinate `spine` tells where a synapse is.

    Raises
    ------
    StoreError
        Where there are no epochs.
    """
    import xarray as xr

    rule, rows = begun(out)[1].rule, []
    for epoch in there(out):
        if not _attributes(out, epoch)["complete"]:
            break
        told, tree = _told(out, epoch), store.open(store_of(out, epoch))
        weight = tree[f"plasticity/{rule}/weight"].isel(trial=0, time=-1).transpose(HISTORY, "synapse")
        inside = [str(label).partition(" in ")[2].partition(" ")[0] for label in weight["synapse"].values]
        volume = tree["counts"]["volume"].sel(compartment=inside).transpose(HISTORY, "compartment")
        size = {key: np.array([one[key] for one in told["sizes"].values()]).T for key in SIZES}
        before = np.array(told["weight"])
        rows.append({"weight": weight.values, "weight_before": before, **size, "volume": volume.values})
    if not rows:
        raise StoreError(f"{out}: no epoch is finished: `spinemc resume {out}` goes on.")
    dims = "epoch", "trial", "synapse"
    units = {"weight": "1", "weight_before": "1", "head_volume": "um^3", "volume": "um^3"}
    values = {key: (dims, np.stack([row[key] for row in rows]), {"units": units.get(key, "um")}) for key in rows[0]}
    coords = {"epoch": np.arange(len(rows)), "trial": np.arange(weight.sizes[HISTORY])}
    named = {"synapse": weight["synapse"].values, "spine": ("synapse", list(told["sizes"]))}
    return xr.Dataset(values, coords={**coords, **named})


def scenario_of(out: str | Path, epoch: int, trial: int) -> Scenario:
    """The scenario that one trial ran in one epoch: with its shape, its molecules, its weights and its seed.

    Parameters
    ----------
    out : str or Path
        The folder.
    epoch, trial : int
        From 0.

    Returns
    -------
    Scenario
        An ordinary one of one trial; `spinemc.run` makes the arrays of it that are in the store of the epoch.

    Raises
    ------
    StoreError
        There is no such epoch or trial.
    """
    epochs = len(there(out))
    if not 0 <= epoch < epochs:
        raise StoreError(f"{out}: there is no epoch {epoch}: there are {epochs}, from 0.")
    plan = plans.of_store(store_of(out, epoch), _attributes(out, epoch))
    trials = len(plan.sweep.settings)
    if not 0 <= trial < trials:
        raise StoreError(f"{out}: there is no trial {trial}: there are {trials}, from 0.")
    return override(plan.scenario, *plan.sweep.settings[trial])


def _attributes(out: str | Path, epoch: int) -> dict[str, Any]:
    """What the root of an epoch's store says."""
    here = store.place(store_of(out, epoch))
    if not here.is_taken:
        raise StoreError(f"{out}: there are no epochs: it has no epoch_{epoch:03d}.zarr.")
    return store.attributes_of(here)


def _told(out: str | Path, epoch: int) -> dict[str, Any]:
    """What the store of an epoch says that it is one of."""
    try:
        told = json.loads(_attributes(out, epoch)[ATTRIBUTE])
        if isinstance(told["scenario"], str) and isinstance(told["sizes"], dict) and isinstance(told["weight"], list):
            return dict(told)
    except (KeyError, TypeError, ValueError, RecursionError):
        pass
    raise StoreError(f"{store_of(out, epoch)}: it is not an epoch that spinemc writes.")
