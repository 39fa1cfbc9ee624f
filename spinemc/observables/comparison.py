"""A run beside models of its means and its noise, in every compartment and on every region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spinemc.observables.intervals import checked, normal
from spinemc.observables.tables import loaded
from spinemc.observables.trees import array

if TYPE_CHECKING:
    import xarray as xr

SAME = 1e-9  # of a number, or molecules: a difference that is none


@dataclass(frozen=True, eq=False)
class Twin:
    """What another level says of the scenario of a run, each a tree of that run's names (`observables.named`).

    Attributes
    ----------
    mean : DataTree
    sem : DataTree or None
        Standard error of the mean; none where it is exact.
    variance : DataTree or None
        None for a level that has no noise.
    variance_error : DataTree or None
    """

    mean: xr.DataTree
    sem: xr.DataTree | None = None
    variance: xr.DataTree | None = None
    variance_error: xr.DataTree | None = None


def spread(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, unbiased variance and its standard error over the first axis; NaN for what needs more trials.

    The error is from the fourth moment, and at least that of normal numbers, which few trials seldom show the tails of.
    """
    n = len(x)
    mean = x.mean(axis=0)
    if n < 2:
        return mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    square = (x - mean) ** 2
    variance = square.sum(axis=0) / (n - 1)
    excess = np.maximum((square**2).mean(axis=0) - 3.0 * (square.mean(axis=0)) ** 2, 0.0)
    return mean, variance, np.sqrt(2.0 * variance**2 / (n - 1) + excess / n)


def comparison(tree: xr.DataTree, twins: Mapping[str, Twin], level: float = 0.95) -> xr.Dataset:
    """Means and noise of the trials beside those of other levels.

    Parameters
    ----------
    tree : DataTree
        A run, without dimensions of a sweep.
    twins : mapping of str to Twin
    level : float
        Of the intervals, and of what is told at once of all numbers and times.

    Returns
    -------
    xarray.Dataset
        Over `series`, a species in a compartment or on a region, "Ca in head", with coordinates `species` and `where`;
        those that are always 0 everywhere are left out. Of the trials, (series, time): `mean`, `sem`; `variance` with
        `_error`, `_low`, `_high`; `fano` and `cv`; and `peak` (series) with `peak_error`, the mean of the trials'
        peaks. Of each twin, (twin, series, time): `twin_mean`, `twin_sem`, `twin_variance`, `twin_variance_error`; and
        `twin_peak` (twin, series), the peak of its mean. What lies between: `bias` (twin less trials) with
        `bias_error`, `relative_bias` (of the mean at that time), `share` (of the largest mean of all times), `z`;
        `variance_ratio` (twin over trials) and `variance_z`. And (twin, series) `p_value` and `variance_p_value`, of
        the time at which they part most, `time_of_z`, `time_of_variance_z`, corrected for all times and series.

    Notes
    -----
    `z` counts standard errors and follows Student's t over the trials; where there is no error it is 0 or infinite.
    Trials that all agree have an error all the same where the twin's mean m is no whole number: whole numbers with this
    mean have a variance of at least f (1 - f), with f the fraction of m. NaN stands for what is not known: errors of
    one trial, noise of a level of means. P-values are Bonferroni's, times the number of series and times, and so hold
    however they depend on one another. The error of a variance is the larger of the trials' own and the root of
    2 v^2 / (n - 1) + v / n, which numbers with the twin's variance v and the tails of Poisson numbers have.
    """
    import xarray as xr

    checked(level)
    trials = tree["counts"].sizes["trial"]
    ours = _of_trials(tree)
    theirs = [_of_twin(twin, ours) for twin in twins.values()]
    empty = xr.full_like(ours[["mean", "sem", "variance", "variance_error"]], np.nan).expand_dims(twin=0)
    both = xr.concat(theirs, "twin", join="exact") if theirs else empty
    both = both.rename({name: f"twin_{name}" for name in both.data_vars}).assign_coords(twin=list(twins))
    some = (ours["mean"] != 0).any("time") | (both["twin_mean"].fillna(0.0) > SAME).any(["twin", "time"])
    found = xr.merge([ours, both], join="exact").isel(series=np.flatnonzero(some.values))
    found["fano"] = found["variance"] / found["mean"].where(found["mean"] != 0)
    found["cv"] = np.sqrt(found["variance"]) / found["mean"].where(found["mean"] != 0)
    reach = np.exp(normal(level) * found["variance_error"] / found["variance"].where(found["variance"] > 0))
    found["variance_low"], found["variance_high"] = found["variance"] / reach, found["variance"] * reach
    found["twin_peak"] = found["twin_mean"].max("time")
    found["bias"] = found["twin_mean"] - found["mean"]
    whole = array(tree, "counts/count").dtype.kind in "iu"
    part = found["twin_mean"] % 1.0 if whole else 0.0 * found["twin_mean"]
    sem = np.maximum(found["sem"], np.sqrt(part * (1.0 - part) / trials)) if trials > 1 else found["sem"]
    found["bias_error"] = np.sqrt(sem**2 + found["twin_sem"].fillna(0.0) ** 2)
    found["relative_bias"] = found["bias"] / found["mean"].where(found["mean"] != 0)
    largest = found["mean"].max("time")
    found["share"] = found["bias"] / largest.where(largest != 0)
    found["z"] = _z(found["bias"], found["bias_error"], found["twin_mean"])
    found["variance_ratio"] = found["twin_variance"] / found["variance"].where(found["variance"] > 0)
    usual = np.sqrt(2.0 * found["twin_variance"] ** 2 / max(trials - 1, 1) + found["twin_variance"] / trials)
    own = np.maximum(found["variance_error"], usual)
    error = np.sqrt(own**2 + found["twin_variance_error"].fillna(0.0) ** 2)
    found["variance_z"] = _z(found["twin_variance"] - found["variance"], error, found["twin_variance"])
    for name, value in (("z", "p_value"), ("variance_z", "variance_p_value")):
        found[f"time_of_{name}"], found[value] = _furthest(found[name], trials)
    found = found.transpose("twin", "series", "time", missing_dims="ignore")
    return found.assign_attrs(trials=trials, level=level, looks=int(found.sizes["series"] * found.sizes["time"]))


def limit(found: xr.Dataset) -> float:
    """Standard errors beyond which a comparison parts at its level, with all its series and times looked at."""
    from scipy.special import stdtrit

    trials = int(found.attrs["trials"])
    tail = 0.5 * (1.0 - float(found.attrs["level"])) / max(int(found.attrs["looks"]), 1)
    return float(-stdtrit(trials - 1, tail)) if trials > 1 else float("nan")


def _flat(tree: xr.DataTree) -> Iterable[tuple[list[tuple[str, str, str]], np.ndarray]]:
    """Labels, species and places of a species in all places at a time, and its counts (place, [trial,] time)."""
    for group, dim, said in (("counts", "compartment", "in"), ("surface", "region", "on")):
        count = array(tree, f"{group}/count")
        places = [str(name) for name in count[dim].values]
        for name in map(str, count["species"].values):
            one = loaded(count.sel(species=name)).transpose(dim, ..., "time")
            yield [(f"{name} {said} {place}", name, place) for place in places], one.values


def _of_trials(tree: xr.DataTree) -> xr.Dataset:
    """Mean, noise and peaks of the trials, by series and time."""
    import xarray as xr

    labels: list[tuple[str, str, str]] = []
    rows: list[list[np.ndarray]] = []
    peaks: list[np.ndarray] = []
    for names, values in _flat(tree):
        for label, x in zip(names, values, strict=True):
            labels.append(label)
            rows.append([*spread(x)])
            top = x.max(axis=1)
            peaks.append(np.array([top.mean(), top.std(ddof=1) / np.sqrt(len(top)) if len(top) > 1 else np.nan]))
    time = array(tree, "counts/time").values
    table = np.array(rows).reshape(len(labels), 3, len(time))
    shape, n = ("series", "time"), tree["counts"].sizes["trial"]
    high = np.array(peaks).reshape(-1, 2)
    return xr.Dataset(
        {
            "mean": (shape, table[:, 0]),
            "sem": (shape, np.sqrt(table[:, 1] / n)),
            "variance": (shape, table[:, 1]),
            "variance_error": (shape, table[:, 2]),
            "peak": ("series", high[:, 0]),
            "peak_error": ("series", high[:, 1]),
        },
        coords={
            "series": [label for label, _, _ in labels],
            "species": ("series", [species for _, species, _ in labels]),
            "where": ("series", [where for _, _, where in labels]),
            "time": ("time", time, {"units": "s"}),
        },
    )


def _of_twin(twin: Twin, ours: xr.Dataset) -> xr.Dataset:
    """The same of another level, at the times that it has."""
    import xarray as xr

    found = {}
    for name in ("mean", "sem", "variance", "variance_error"):
        tree = getattr(twin, name)
        if tree is None:
            found[name] = xr.full_like(ours["mean"], np.nan)
            continue
        flat = [(label, one) for labels, x in _flat(tree) for (label, _, _), one in zip(labels, x, strict=True)]
        series, time = [label for label, _ in flat], array(tree, "counts/time").values
        values = np.array([one for _, one in flat]).reshape(len(series), len(time))
        one = xr.DataArray(values, {"series": series, "time": time}, ("series", "time"))
        found[name] = one.reindex_like(ours["mean"])
    return xr.Dataset(found).drop_vars(["species", "where"], errors="ignore")


def _z(difference: xr.DataArray, error: xr.DataArray, beside: xr.DataArray) -> xr.DataArray:
    """A difference in standard errors; without error 0 or infinite."""
    import xarray as xr

    agree = abs(difference) <= SAME * np.maximum(1.0, abs(beside))
    certain = xr.where(agree, 0.0, np.copysign(np.inf, difference))
    return (difference / error.where(error != 0)).where(error != 0, certain)


def _furthest(z: xr.DataArray, trials: int) -> tuple[xr.DataArray, xr.DataArray]:
    """The time at which each series parts most, and the p-value of that, corrected for all series and times."""
    import xarray as xr
    from scipy.special import stdtr

    size = abs(z).fillna(-1.0)
    when = z["time"][size.argmax("time")].drop_vars("time")
    largest = size.max("time")
    looks = max(z.sizes["series"] * z.sizes["time"], 1)
    tail = 2.0 * stdtr(max(trials - 1, 1), -largest.values) * looks
    p = xr.DataArray(np.minimum(tail, 1.0), dims=largest.dims, coords=largest.coords)
    known = largest >= 0.0
    return when.where(known), p.where(known)
