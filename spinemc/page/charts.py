"""The charts of a page: what each draws, in which unit, for which series."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc import observables
from spinemc.errors import SpinemcError
from spinemc.figures.series import twin_weight
from spinemc.observables import array
from spinemc.observables.intervals import normal
from spinemc.page.pack import Arrays
from spinemc.units import MICROMOLAR

if TYPE_CHECKING:
    import xarray as xr

MOST_TRIALS = 100  # that are drawn one by one
WORDS = {
    "ode": "rate equations (ode)",
    "compartments": "well-mixed parts (compartments)",
    "pde": "equations in space (pde)",
    "lna": "linear noise (lna)",
    "moments": "second moments",
}
"""What levels are called in a legend."""


def charts(tree: xr.DataTree, found: xr.Dataset, twin: xr.DataTree | None, arrays: Arrays) -> list[dict[str, Any]]:
    """All charts of a run over time.

    Parameters
    ----------
    tree : DataTree
        The run.
    found : Dataset
        As of `spinemc.contrast.compare`, or of `spinemc.observables.comparison` without twins.
    twin : DataTree or None
        The rate equations, for the weight that they lead to.
    arrays : Arrays
        Takes the arrays.

    Returns
    -------
    list of dict
        For each: `key`, `title`, `about`, `time` [ms], and `views` with `name`, `group`, `quantity`, `label` of the
        axis, `unit`, `factor` (from what is stored to the unit) and `lines`, each with a `role`.
    """
    time = arrays.add(1e3 * array(tree, "counts/time").values)
    several = tree["counts"].sizes["trial"] > 1
    made = [
        ("counts", "Counts and concentrations", _ABOUT_COUNTS, list(_counts(tree, found, arrays))),
        ("noise", "Noise against theory", _ABOUT_NOISE, list(_noise(found, arrays)) if several else []),
        ("twin", "How far the other levels' means are off", _ABOUT_TWIN, list(_bias(found, arrays))),
        ("weight", "Synaptic weight", _ABOUT_WEIGHT, list(_weights(tree, twin, arrays))),
        ("events", "Events", _ABOUT_EVENTS, list(_events(tree, arrays))),
    ]
    return [
        {"key": key, "title": title, "about": about, "time": time, "views": views}
        for key, title, about, views in made
        if views
    ]


_ABOUT_COUNTS = "Each trial thin, the mean of all trials thick, the band one standard deviation of the trials about it."
_ABOUT_NOISE = (
    "What the trials' numbers vary by, with its 95 % interval, beside what theory expects without simulating trials. "
    "Poisson numbers have a Fano factor of 1."
)
_ABOUT_TWIN = (
    "The mean at another level less the mean of the trials; the band is its 95 % interval at each time, from the "
    "standard error of the trials."
)
_ABOUT_WEIGHT = "What the rule of plasticity makes of each trial; dashed, of the rate equations' own calcium."
_ABOUT_EVENTS = "Events since the sample before: how often each reaction fired, and what boundaries took out."


def _view(
    name: str, group: str, quantity: str, unit: str, lines: list[dict[str, Any]], factor: float = 1.0, label: str = ""
) -> dict[str, Any]:
    """One choice of a chart; its axis says the quantity, or `label`."""
    told = {"name": name, "group": group, "quantity": quantity, "label": label or quantity}
    return told | {"unit": unit, "factor": factor, "lines": lines}


def _numbers(tree: xr.DataTree) -> list[int]:
    return [int(k) for k in array(tree, "counts/count")["trial"].values]


def _trials(values: np.ndarray, numbers: list[int], arrays: Arrays) -> list[dict[str, Any]]:
    """Trials (trial, time) with their mean and band, as lines."""
    mean = values.mean(axis=0)
    thin = {
        "role": "trials",
        "name": _called(len(values)),
        "numbers": numbers[:MOST_TRIALS],
        "y": arrays.add(values[:MOST_TRIALS]),
    }
    if len(values) == 1:
        return [thin]
    sd = values.std(axis=0, ddof=1)
    return [
        {"role": "band", "name": "mean ± SD", "low": arrays.add(mean - sd), "high": arrays.add(mean + sd)},
        thin,
        {"role": "mean", "name": f"mean of {len(values)} trials", "y": arrays.add(mean)},
    ]


def _called(trials: int) -> str:
    """What a legend calls the trials that are drawn one by one."""
    if trials == 1:
        return "the one trial"
    return "each trial" if trials <= MOST_TRIALS else f"the first {MOST_TRIALS} trials"


def _counts(tree: xr.DataTree, found: xr.Dataset, arrays: Arrays) -> Iterator[dict[str, Any]]:
    """Numbers of molecules of every series that is not always 0, and how densely they are there."""
    numbers = _numbers(tree)
    dense = {"counts": ("compartment", "volume"), "surface": ("region", "area")}
    whole = observables.totals(tree)["species"].values
    means = found["twin_mean"].sel(twin=_own_means(found))
    for group, (dim, size) in dense.items():
        if group not in tree.children:
            continue
        count, extent = array(tree, f"{group}/count").load(), array(tree, f"{group}/{size}")
        said, unit, quantity = ("in", "µmol/L", "concentration") if size == "volume" else ("on", "1/µm²", "density")
        for species in [str(name) for name in count["species"].values if name in whole]:
            for place in map(str, count[dim].values):
                name = f"{species} {said} {place}"
                if name not in found["series"].values:
                    continue
                values = count.sel({"species": species, dim: place}).transpose("trial", "time").values
                lines = _trials(values, numbers, arrays)
                lines += _twins(means.sel(series=name), arrays)
                room = float(extent.sel({dim: place})) * (MICROMOLAR if size == "volume" else 1.0)
                yield _view(name, species, "number", "molecules", lines)
                if room > 0:
                    yield _view(name, species, quantity, unit, lines, 1.0 / room)


def _twins(of: xr.DataArray, arrays: Arrays) -> list[dict[str, Any]]:
    """What other levels (twin, time) give, as lines."""
    return [
        {"role": "twin", "level": name, "name": WORDS.get(name, name), "y": arrays.add(of.sel(twin=name).values)}
        for name in map(str, of["twin"].values)
        if np.isfinite(of.sel(twin=name)).any()
    ]


def _own_means(found: xr.Dataset) -> list[str]:
    """The levels with means of their own: those of linear noise are those of the rate equations."""
    names = [str(name) for name in found["twin"].values]
    return [name for name in names if name != "lna" or "ode" not in names]


def _noise(found: xr.Dataset, arrays: Arrays) -> Iterator[dict[str, Any]]:
    """Fano factors and standard deviations of the trials, and those that theory expects."""
    for name in map(str, found["series"].values):
        one = found.sel(series=name)
        if not (one["variance"] > 0).any():
            continue
        mean, expected = one["mean"].where(one["mean"] > 0), one["twin_mean"].where(one["twin_mean"] > 0)
        species = str(one["species"].values)
        for quantity, unit in (("Fano factor", "1"), ("standard deviation", "molecules")):
            by_mean = quantity == "Fano factor"
            value, low, high = (
                (one[key] / mean if by_mean else one[key] ** 0.5).values
                for key in ("variance", "variance_low", "variance_high")
            )
            theirs = one["twin_variance"].clip(min=0.0)
            twin = theirs / expected if by_mean else theirs**0.5
            lines: list[dict[str, Any]] = [
                {"role": "band", "name": "95 % interval", "low": arrays.add(low), "high": arrays.add(high)},
                {"role": "mean", "name": "trials", "y": arrays.add(value)},
                *_twins(twin, arrays),
            ]
            if by_mean:
                lines.append({"role": "level", "name": "Poisson", "value": 1.0})
            yield _view(name, species, quantity, unit, lines)


def _bias(found: xr.Dataset, arrays: Arrays) -> Iterator[dict[str, Any]]:
    """Means of other levels less those of the trials."""
    reach = float(normal(0.95))
    for name in map(str, found["series"].values):
        one = found.sel(series=name)
        for twin in _own_means(found):
            beside = one.sel(twin=twin)
            if not np.isfinite(beside["bias"]).any():
                continue
            bias, error = beside["bias"].values, reach * beside["bias_error"].values
            words = WORDS.get(twin, twin)
            lines: list[dict[str, Any]] = [{"role": "mean", "name": f"{words} less trials", "y": arrays.add(bias)}]
            if np.isfinite(error).any():
                ends = {"low": arrays.add(bias - error), "high": arrays.add(bias + error)}
                lines.insert(0, {"role": "band", "name": "95 % interval", **ends})
            lines.append({"role": "level", "name": "no difference", "value": 0.0})
            yield _view(name, str(one["species"].values), words, "molecules", lines, label="difference")


def _weights(tree: xr.DataTree, twin: xr.DataTree | None, arrays: Arrays) -> Iterator[dict[str, Any]]:
    """Weights of every rule and synapse."""
    numbers = _numbers(tree)
    for rule in list(tree["plasticity"].children) if "plasticity" in tree.children else []:
        weight = array(tree, f"plasticity/{rule}/weight")
        for k, synapse in enumerate(map(str, weight["synapse"].values)):
            lines = _trials(weight.isel(synapse=k).transpose("trial", "time").values, numbers, arrays)
            if k == 0 and twin is not None:
                lines += _own_weight(tree, rule, twin, arrays)
            yield _view(f"{rule}, {synapse}", rule, "weight", "1", lines)


def _own_weight(tree: xr.DataTree, rule: str, twin: xr.DataTree, arrays: Arrays) -> list[dict[str, Any]]:
    """The weight that a rule makes of the rate equations; nothing where it cannot be read from the store."""
    try:
        own = twin_weight(tree, rule, twin)
    except SpinemcError:
        return []
    return [] if own is None else [{"role": "twin", "level": "ode", "name": WORDS["ode"], "y": arrays.add(own[1])}]


def _events(tree: xr.DataTree, arrays: Arrays) -> Iterator[dict[str, Any]]:
    """Events of every reaction, and molecules that boundaries took out."""
    if "events" not in tree.children:
        return
    numbers = _numbers(tree)
    time = array(tree, "counts/time").values
    unit = f"per {1e3 * float(np.median(np.diff(time))):.4g} ms"
    node = tree["events"].to_dataset()
    for name, dim, group in (("count", "reaction", "reactions"), ("absorbed", "boundary", "boundaries")):
        if name not in node:
            continue
        values = node[name].transpose(dim, "trial", "time").values
        for label, one in zip(map(str, node[dim].values), values, strict=True):
            if one.any():
                yield _view(label, group, "events", unit, _trials(one, numbers, arrays))
