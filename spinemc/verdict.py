"""What a comparison of a run with other levels comes to: tables, and a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.observables.comparison import limit
from spinemc.observables.intervals import student

if TYPE_CHECKING:
    import xarray as xr

MEAN, PEAK, OUTCOME = 0.05, 0.10, 0.95
"""How far a safe model's means may be off, of the largest in time, and its peaks; how often it tells the outcome."""

DETERMINISTIC = ("pde", "ode", "lna", "moments")
"""Levels of means, the most detailed first: the first that is there is judged."""


def verdict(found: xr.Dataset) -> str:
    """Whether the deterministic model is safe for a run's scenario, in a sentence.

    Parameters
    ----------
    found : Dataset
        As of `spinemc.contrast.compare`.

    Returns
    -------
    str
        Not safe is a model of which one of these is sure at the comparison's level: a mean is off by more than 5 % of
        the largest mean of that series; the mean of the trials' peaks is off its peak by more than 10 %; or fewer than
        95 % of the trials move a synapse's weight as it does. Safe otherwise, and what the trials could not have seen
        is told.
    """
    there = [str(name) for name in found["twin"].values]
    judged = next((name for name in DETERMINISTIC if name in there), None)
    if judged is None:
        return "No deterministic level was laid beside the run, so that none is judged."
    trials = int(found.attrs["trials"])
    if trials < 2:
        return f"One trial has no noise to tell from {judged}: run more of them."
    one = found.sel(twin=judged)
    off, thresholds = _means(one), [*_peaks(one), *_outcomes(one)]
    if off:
        return f"{judged} is not safe here: {'; '.join(off + thresholds)}."
    if thresholds:
        return f"{judged} is safe here for means, not for what hangs on peaks or thresholds: {'; '.join(thresholds)}."
    hidden = limit(found) * (one["bias_error"] / one["mean"].max("time")).max("time")
    unseen = int((hidden > MEAN).sum())
    told = f"{judged} is safe here as far as {trials} trials tell: no mean beyond {MEAN:.0%}, no peak beyond {PEAK:.0%}"
    told += " and no outcome differs" if "weight" in found else " differs"
    return (
        f"{told}; in {unseen} of {one.sizes['series']} series {MEAN:.0%} could not have been seen."
        if unseen
        else told + "."
    )


def _means(one: xr.Dataset) -> list[str]:
    """What is wrong with the means: the species of them that the scenario has first, and how far the others are off."""
    off = (abs(one["z"]) > limit(one)) & (abs(one["share"]) > MEAN)
    series = one["series"][off.any("time")]
    if not len(series):
        return []
    size = abs(one["share"]).where(off).max("time").fillna(0.0)
    most = one["series"][int(size.values.argmax())].item()
    first = one["species"] == series["species"][0]
    worst = one.isel(series=int(size.where(first, -1.0).values.argmax()))
    there = abs(worst["share"]).where(off.sel(series=worst["series"])).fillna(0.0)
    at = worst.isel(time=int(there.values.argmax()))
    more = f", and that of {len(series) - 1} more" if len(series) > 1 else ""
    more += f", by up to {float(size.max()):.0%} ({most})" if most != worst["series"].item() else ""
    way = "above" if at["bias"] > 0 else "below"
    return [
        f"its mean of {worst['series'].item()} is {abs(float(at['share'])):.0%} of the largest {way} that of the "
        f"trials at {1e3 * float(at['time']):.4g} ms{more}"
    ]


def _peaks(one: xr.Dataset) -> list[str]:
    """What is wrong with the peaks: those of the species of them that the scenario has first."""
    reach = float(student(int(one.attrs["trials"]), 1.0 - (1.0 - one.attrs["level"]) / max(one.sizes["series"], 1)))
    change = one["peak"] - one["twin_peak"]
    relative = change / one["twin_peak"].where(one["twin_peak"] > 0)
    off = (abs(change) > reach * one["peak_error"]) & (abs(relative) > PEAK)
    if not off.any():
        return []
    first = off & (one["species"] == one["species"][off][0])
    clear = (abs(change) / one["peak_error"].where(one["peak_error"] > 0)).fillna(np.inf).where(first, -1.0)
    worst = one.isel(series=int(clear.values.argmax()))
    more = f", as are {int(off.sum()) - 1} more" if off.sum() > 1 else ""
    return [
        f"peaks of {worst['series'].item()} are {float(worst['peak']):.4g} in the mean of the trials and "
        f"{float(worst['twin_peak']):.4g} in it{more}"
    ]


def _outcomes(one: xr.Dataset) -> list[str]:
    """What is wrong with the outcomes of rules."""
    if "weight" not in one:
        return []
    return [
        f"{float(row['like_twin']):.0%} of the trials move the weight ({row['synapse'].item()}) as it does"
        for row in (one.sel(synapse=name) for name in one["synapse"].values)
        if float(row["like_twin_high"]) < OUTCOME
    ]


def table(found: xr.Dataset) -> str:
    """Where each level and the trials part most, for each species; what was refused; and the verdict."""
    level, trials = float(found.attrs["level"]), int(found.attrs["trials"])
    lines = [f"{trials} trial{'s' * (trials != 1)}, {found.sizes['series']} series, {found.sizes['time']} times"]
    if trials > 1:
        lines[0] += f"; sure of all at once ({level:.0%}) is what parts by more than {limit(found):.1f} standard errors"
    for name in found["twin"].values:
        one = found.sel(twin=name)
        lines += ["", _means_of(one, str(name))]
        if one["twin_variance"].notnull().any():
            lines += ["", _noise_of(one, str(name))]
        if "weight" in one and one["twin_weight"].notnull().any():
            lines += ["", *(_weight_of(one.sel(synapse=s), str(name)) for s in one["synapse"].values)]
    lines += ["", *found.attrs["refused"]] if found.attrs["refused"] else []
    return "\n".join([*lines, "", verdict(found)])


def _rows(one: xr.Dataset, z: str) -> list[xr.Dataset]:
    """For each species the series, at the time, at which it parts most."""
    rows = []
    for species in dict.fromkeys(one["species"].values.tolist()):
        mine = one.isel(series=np.flatnonzero(one["species"].values == species))
        size = abs(mine[z]) if mine[z].notnull().any() else abs(mine["bias"])
        k = size.fillna(-1.0).argmax(["series", "time"])
        rows.append(mine.isel(k))
    return rows


def _means_of(one: xr.Dataset, name: str) -> str:
    """A table of means."""
    lines = [
        f"{'mean, where it parts most':<28} {'ms':>8} {'trials':>10} {'s.e.':>8} {name:>12} {'bias':>9} {'':>7} "
        f"{'z':>6} {'p of all':>8} {'peaks':>9} {'of mean':>9}"
    ]
    for row in _rows(one, "z"):
        v = {key: float(row[key]) for key in (*_MEANS, "time")}
        lines.append(
            f"{row['series'].item()[:28]:<28} {1e3 * v['time']:8.3f} {v['mean']:10.4g} {v['bias_error']:8.2g} "
            f"{v['twin_mean']:12.4g} {v['bias']:+9.2g} {_relative(v['relative_bias'])} {v['z']:6.1f} "
            f"{v['p_value']:8.2g} {v['peak']:9.4g} {v['twin_peak']:9.4g}"
        )
    return "\n".join(lines)


def _relative(bias: float) -> str:
    """A bias as a share of the mean, where there is a mean."""
    return f"{bias:+7.1%}" if np.isfinite(bias) else f"{'-':>7}"


_MEANS = ("mean", "bias_error", "twin_mean", "bias", "relative_bias", "z", "p_value", "peak", "twin_peak")
_NOISE = (
    "variance",
    "variance_low",
    "variance_high",
    "twin_variance",
    "variance_z",
    "variance_p_value",
    "mean",
    "fano",
)


def _noise_of(one: xr.Dataset, name: str) -> str:
    """A table of noise."""
    lines = [
        f"{'noise, where it parts most':<28} {'ms':>8} {'sd':>8} {'interval':>17} {name:>12} {'CV':>7} {'Fano':>7} "
        f"{'its':>7} {'z':>6} {'p of all':>8}"
    ]
    for row in _rows(one, "variance_z"):
        v = {key: float(row[key]) for key in (*_NOISE, "time", "cv")}
        theirs = v["twin_variance"] / v["mean"] if v["mean"] else np.nan
        between = f"{np.sqrt(v['variance_low']):.3g} to {np.sqrt(v['variance_high']):.3g}"
        lines.append(
            f"{row['series'].item()[:28]:<28} {1e3 * v['time']:8.3f} {np.sqrt(v['variance']):8.3g} {between:>17} "
            f"{np.sqrt(max(v['twin_variance'], 0.0)):12.3g} {v['cv']:7.3g} {v['fano']:7.3g} {theirs:7.3g} "
            f"{v['variance_z']:6.1f} {v['variance_p_value']:8.2g}"
        )
    return "\n".join(lines)


def _weight_of(row: xr.Dataset, name: str) -> str:
    """A line on a synapse."""
    v = {key: float(row[key]) for key in ("weight", "weight_error", "twin_weight", "like_twin")}
    low, high = float(row["like_twin_low"]), float(row["like_twin_high"])
    return (
        f"weight at the end ({row['synapse'].item()}): {v['weight']:.4g} (s.e. {v['weight_error']:.2g}), {name} "
        f"{v['twin_weight']:.4g}; {v['like_twin']:.0%} of the trials ({low:.0%} to {high:.0%}) move as {name}"
    )
