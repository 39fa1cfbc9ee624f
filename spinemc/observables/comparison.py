"""A run beside a model of its means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.observables.moments import mean_sem
from spinemc.observables.trees import totals

if TYPE_CHECKING:
    import xarray as xr


def comparison(tree: xr.DataTree, twin: xr.DataTree | xr.Dataset) -> xr.Dataset:
    """The mean of the trials against a model of the means.

    Parameters
    ----------
    tree : DataTree
        A run.
    twin : DataTree or Dataset
        The same scenario without particles, as `totals` reads it, with or without a dimension `trial`.

    Returns
    -------
    xarray.Dataset
        (time, species), for the species of both, over the cytosol or the membrane: `mean` and `sem` of the
        trials, `twin`, `difference` (mean - twin) and `z`, the difference in standard errors. Where the
        standard error is 0 (all trials agree), `z` is 0 if twin and trials are equal and infinite otherwise;
        for a single trial it is NaN.
    """
    import xarray as xr

    ours, theirs = totals(tree), totals(twin)
    both = [name for name in ours["species"].values if name in theirs["species"].values]
    ours, theirs = ours.sel(species=both), theirs.sel(species=both).astype(np.float64)
    if "trial" in theirs.dims:
        theirs = theirs.mean("trial")
    result = mean_sem(ours)
    result["twin"] = theirs.interp(time=ours["time"])
    result["difference"] = result["mean"] - result["twin"]
    known = result["sem"] != 0  # NaN is not 0: a single trial has no standard error and no z
    agree = np.abs(result["difference"]) <= 1e-9 * np.maximum(1.0, np.abs(result["twin"]))
    certain = xr.where(agree, 0.0, np.copysign(np.inf, result["difference"]))
    result["z"] = (result["difference"] / result["sem"].where(known)).where(known, certain)
    return result.transpose("time", "species")
