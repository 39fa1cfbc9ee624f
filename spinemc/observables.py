"""What is read out of a store: xarray in, xarray out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def mean_sem(series: xr.DataArray, dim: str = "trial") -> xr.Dataset:
    """Mean over trials and its standard error.

    Returns
    -------
    xarray.Dataset
        `mean` and `sem`, without `dim`, in the unit of `series`; `sem` is NaN for a single trial.
    """
    import xarray as xr

    sem = np.sqrt(variance(series, dim) / series.sizes[dim])
    return xr.Dataset({"mean": series.mean(dim), "sem": sem})


def variance(series: xr.DataArray, dim: str = "trial") -> xr.DataArray:
    """Unbiased variance over trials.

    Returns
    -------
    xarray.DataArray
        In the unit of `series` squared; NaN for a single trial.
    """
    if series.sizes[dim] < 2:
        return series.mean(dim) * np.nan
    return series.var(dim, ddof=1)


def fano(series: xr.DataArray, dim: str = "trial") -> xr.DataArray:
    """Variance over trials for each molecule of the mean; 1 for Poisson numbers.

    Returns
    -------
    xarray.DataArray
        NaN where the mean is 0.
    """
    mean = series.mean(dim)
    return variance(series, dim) / mean.where(mean != 0)


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


def autocorrelation(series: xr.DataArray, dim: str = "time") -> xr.Dataset:
    """How long a stationary series remembers.

    Parameters
    ----------
    series : DataArray
        Evenly sampled along `dim`. With a dimension `trial`, mean and covariance are taken over all trials.
    dim : str

    Returns
    -------
    xarray.Dataset
        `autocorrelation` (lag, ...), 1 at lag 0, and `correlation_time`, where it has fallen to 1/e (between
        lags by an exponential, NaN where it does not fall so far), in the unit of the coordinate `dim`, which
        `lag` has too. Both are NaN for a series that does not vary.
    """
    import xarray as xr

    over = [dim, *(["trial"] if "trial" in series.dims else [])]
    deviation = series - series.mean(over)
    n = series.sizes[dim]
    spacing = float(series[dim][1] - series[dim][0])
    pairs = n - np.arange(n)

    def covariance(x: np.ndarray) -> np.ndarray:
        spectrum = np.abs(np.fft.rfft(x, 2 * n)) ** 2
        return np.fft.irfft(spectrum, 2 * n)[..., :n] / pairs

    lagged = xr.apply_ufunc(covariance, deviation, input_core_dims=[[dim]], output_core_dims=[["lag"]])
    if "trial" in lagged.dims:
        lagged = lagged.mean("trial")
    start = lagged.isel(lag=0)
    correlation = (lagged / start.where(start > 0)).assign_coords(lag=spacing * np.arange(n))
    time = xr.apply_ufunc(lambda c: np.apply_along_axis(_falls, -1, c), correlation, input_core_dims=[["lag"]])
    return xr.Dataset({"autocorrelation": correlation.transpose("lag", ...), "correlation_time": time * spacing})


def _falls(correlation: np.ndarray) -> float:
    """The lag, in samples, at which a correlation falls to 1/e."""
    below = np.flatnonzero(correlation <= np.exp(-1))
    if not len(below):
        return np.nan
    after = int(below[0])
    high, low = correlation[after - 1 : after + 1]
    if low <= 0:  # no exponential goes there
        return after - 1 + (high - np.exp(-1)) / (high - low)
    return after - 1 + (np.log(high) + 1) / np.log(high / low)
