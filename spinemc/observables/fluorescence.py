"""What an indicator of calcium shows: its light, and how much it is brighter than before."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from spinemc.errors import ObservableError
from spinemc.mechanisms import KINDS
from spinemc.observables.moments import moments
from spinemc.observables.tables import TIME
from spinemc.observables.trees import series

if TYPE_CHECKING:
    import xarray as xr

INDICATOR = "indicator"


def fluorescence(
    tree: xr.DataTree,
    dye: str | None = None,
    where: str | None = None,
    *,
    brightness: float | None = None,
    bound: str | None = None,
    before: float = 0.0,
    level: float = 0.95,
) -> xr.Dataset:
    r"""The light of an indicator, by the numbers of its free and bound molecules.

    Parameters
    ----------
    tree : DataTree
        A run or a sweep.
    dye : str, optional
        The species of the free dye; that of the scenario's only `[[mechanism]]` of kind indicator by default.
    where : str, optional
        The compartment that is looked at; the whole of its space by default.
    brightness : float, optional
        Light of a bound molecule in units of that of a free one; as the scenario's indicator has it by default.
    bound : str, optional
        The species of the bound dye; that of the scenario's indicator by default.
    before : float
        The baseline of a trial is its mean up to this time [s]; its first sample by default.
    level : float
        Of the intervals.

    Returns
    -------
    xarray.Dataset
        `fluorescence` (..., trial, time), in units of the light of a free molecule; `dff` (..., trial, time),
        :math:`(F - F_0) / F_0` of each trial [1], NaN where its baseline is dark; `mean_dff` (..., time) with
        `_error`, `_low` and `_high`, Student's t over trials.

    Raises
    ------
    ObservableError
        The scenario has no indicator of that name and brightness and bound were not told, or several and none named.

    Notes
    -----
    .. math:: F = N_{free} + b N_{bound}
    """
    import xarray as xr

    if dye is None or brightness is None or bound is None:
        entry = _indicator(tree, dye)
        dye = dye or entry.get("name") or KINDS[INDICATOR].prefix
        brightness = brightness if brightness is not None else float(entry["parameters"]["brightness"])
        bound = bound or f"{dye}_{entry.get('ion', 'Ca')}"
    light = series(tree, dye, where) + brightness * series(tree, bound, where)
    base = light.sel({TIME: slice(None, before)}).mean(TIME)
    change = (light - base) / base.where(base > 0.0)
    light.attrs = {"units": "1", "long_name": f"light of {dye}, of one free molecule"}
    change.attrs = {"units": "1", "long_name": f"change of the light of {dye} over its baseline"}
    mean = moments(change.rename("dff"), level=level)
    parts = {f"mean_dff{end}": mean[f"mean{end}"] for end in ("", "_error", "_low", "_high")}
    return xr.Dataset({"fluorescence": light, "dff": change, **parts})


def _indicator(tree: xr.DataTree, dye: str | None) -> dict[str, Any]:
    """The table of an indicator in the scenario that a tree ran."""
    entries = tomllib.loads(tree.attrs.get("scenario") or "").get("mechanism", [])
    usual = KINDS[INDICATOR].prefix
    found = {e.get("name", usual): e for e in entries if e.get("kind") == INDICATOR}
    if dye is not None:
        found = {name: e for name, e in found.items() if name == dye}
    if len(found) != 1:
        named = f"is not an indicator of it: {dye}" if dye is not None else f"has {len(found)} indicators"
        raise ObservableError(f"the scenario {named}: name the dye, bound and brightness.")
    entry: dict[str, Any] = next(iter(found.values()))
    return entry
