"""Trials over time, their noise and their spread, and the weight they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc import plasticity
from spinemc.figures.style import (
    INK,
    MEAN,
    QUIET,
    SERIES,
    TRIALS,
    TWIN,
    alpha,
    draw_twin,
    names_above,
    names_beside,
    points,
    scale,
    tidy,
    with_spread,
)
from spinemc.observables import array, fano, totals
from spinemc.scenario import PlasticitySpec
from spinemc.scenario.files import parse_toml
from spinemc.scenario.learning import amount

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def draw_counts(
    ax: Axes,
    tree: xr.DataTree,
    species: str | Sequence[str],
    twin: xr.DataTree | xr.Dataset | None = None,
    change: bool = False,
    band: bool = False,
) -> Axes:
    """Numbers of molecules in the whole spine: all trials thin, their mean thick, the twin dashed.

    Parameters
    ----------
    ax : Axes
    tree : DataTree
    species : str or sequence of str
        One species, or several that are told apart by colour.
    twin : DataTree or Dataset, optional
        The same scenario without particles, as `observables.totals` reads it.
    change : bool
        Shows each species as its change since the start.
    band : bool
        Shows a standard deviation on either side of the mean in place of the trials.
    """
    several = [species] if isinstance(species, str) else list(species)
    ours, theirs = totals(tree), None if twin is None else _without_trials(totals(twin))
    for name, colour in zip(several, SERIES * len(several), strict=False):
        series = ours.sel(species=name)
        start = float(series.isel(time=0).mean()) if change else 0.0
        milliseconds = 1e3 * series["time"].values
        thin = TRIALS if len(several) == 1 else colour
        values = series.transpose("time", "trial").values - start
        mean, deviation = values.mean(axis=1), values.std(axis=1)
        if band:
            sides = np.maximum(mean - deviation, values.min(axis=1)), mean + deviation
            ax.fill_between(milliseconds, *sides, color=thin, alpha=0.3, linewidth=0)
        else:
            ax.plot(milliseconds, values, color=thin, linewidth=points(0.4), alpha=alpha(values.shape[1]))
        ax.plot(milliseconds, mean, color=colour, linewidth=points(1.4 if band else 1.8), label=name, zorder=5)
        if theirs is not None and name in theirs["species"].values:
            dashed = theirs.sel(species=name)
            draw_twin(ax, 1e3 * dashed["time"].values, dashed.values - start)
    what = several[0] if len(several) == 1 else "molecules"
    ax.set(xlabel="time (ms)", ylabel=f"change of {what} (number)" if change else f"{what} (number)")
    if len(several) > 1:
        names_above(ax)
    ax.set_xlim(0, milliseconds[-1])
    return tidy(ax)


def draw_weight(ax: Axes, tree: xr.DataTree, rule: str, twin: xr.DataTree | xr.Dataset | None = None) -> Axes:
    """The weight of the first synapse of a rule: all trials thin, their mean thick, the twin's own dashed."""
    weight = array(tree, f"plasticity/{rule}/weight").isel(synapse=0).transpose("time", "trial")
    milliseconds = 1e3 * weight["time"].values
    factor, unit = scale(weight.values)
    values = factor * weight.values
    ax.axhline(0, color=QUIET, linewidth=points(0.6))
    ax.plot(milliseconds, values, color=TRIALS, linewidth=points(0.4), alpha=alpha(values.shape[1]))
    ax.plot(milliseconds, values.mean(axis=1), color=MEAN, linewidth=points(1.8), zorder=5)
    if twin is not None and (own := twin_weight(tree, rule, twin)) is not None:
        draw_twin(ax, 1e3 * own[0], factor * own[1])
    ax.set(xlabel="time (ms)", ylabel=f"synaptic weight{unit}", xlim=(0, milliseconds[-1]))
    return tidy(ax)


def draw_spread(
    ax: Axes, tree: xr.DataTree, species: str, rule: str | None = None, twin: xr.DataTree | xr.Dataset | None = None
) -> Axes:
    """How trials differ: peak number of molecules against final weight, or a histogram of peaks without a rule."""
    from matplotlib.lines import Line2D

    peak = totals(tree).sel(species=species).max("time").values
    mean, deviation = peak.mean(), peak.std()
    said = f"peak {with_spread(mean, deviation)}"
    if rule is None:
        ax.hist(peak, bins="auto", color=TRIALS, edgecolor="white", linewidth=points(0.6))
        ax.axvline(mean, color=MEAN, linewidth=points(1.8))
        ax.set_ylabel("trials")
    else:
        last = array(tree, f"plasticity/{rule}/weight").isel(synapse=0, time=-1).values
        factor, unit = scale(last)
        last = factor * last
        ax.axhline(0, color=QUIET, linewidth=points(0.6), zorder=0)
        ax.scatter(peak, last, s=16, color=TRIALS, edgecolor=MEAN, linewidth=points(0.5), alpha=0.9)
        ax.errorbar(mean, last.mean(), last.std(), deviation, color=MEAN, linewidth=points(1.6), zorder=5)
        ax.set_ylabel(f"weight at the end{unit}")
        said += f"\nweight {with_spread(last.mean(), last.std())}{unit}"
        if twin is not None and (own := twin_weight(tree, rule, twin)) is not None:
            top = float(_without_trials(totals(twin)).sel(species=species).max())
            ax.plot(top, factor * own[1][-1], "D", color=TWIN, markersize=points(6), markeredgecolor="white", zorder=6)
    ax.set_xlabel(f"peak of {species} in a trial (number)")
    blank = Line2D([], [], linestyle="none")
    ax.legend(
        [blank], [said], loc="best", frameon=False, fontsize=points(7), labelcolor=INK, handlelength=0, handletextpad=0
    )
    return tidy(ax)


def draw_fano(ax: Axes, tree: xr.DataTree, species: str) -> Axes:
    """Variance over trials for each molecule of the mean, over time; Poisson numbers have 1."""
    factor = fano(totals(tree).sel(species=species))
    milliseconds = 1e3 * factor["time"].values
    ax.axhline(1, color=QUIET, linewidth=points(0.8), linestyle=(0, (1, 2)))
    values = factor.where(factor > 0).values
    ax.plot(milliseconds, values, color=MEAN, linewidth=points(1.0))
    ax.set(xlabel="time (ms)", ylabel=f"Fano factor of {species}", xlim=(0, milliseconds[-1]))
    if np.nanmax(values, initial=1.0) > 20.0:
        ax.set_yscale("log")
        ax.set_ylim(bottom=min(0.5, 0.8 * np.nanmin(values, initial=1.0)))
        ax.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
    else:
        ax.set_ylim(bottom=0)
    names_beside(ax, ["Poisson"], np.array([1.0]), [QUIET])
    return tidy(ax)


def twin_weight(tree: xr.DataTree, rule: str, twin: xr.DataTree | xr.Dataset) -> tuple[np.ndarray, np.ndarray] | None:
    """The weight that a rule makes of the twin's own molecules, for its first synapse.

    Returns
    -------
    tuple of (t,) float64 or None
        Time [s] and weight; None where the scenario in the store does not say what the rule reads.
    """
    read = [spec for spec in specs(tree) if spec.rule == rule]
    if not read:
        return None
    count = array(twin, "count" if "count" in twin else "counts/count")
    if "trial" in count.dims:
        count = count.mean("trial")
    count = count.transpose("time", "compartment", "species")
    volume = array(tree, "counts/volume").sel(compartment=count["compartment"].values).values
    time = count["time"].values
    names = list(count["compartment"].values), list(count["species"].values)
    answer = plasticity.evaluate([plasticity.without_noise(read[0])], time, count.values[None], volume, *names)
    return time, answer[rule]["weight"][0, :, 0]


def said(tree: xr.DataTree) -> dict[str, Any]:
    """The tables of the scenario in a store.

    Raises
    ------
    ScenarioError
        It is not TOML.
    """
    return parse_toml(tree.attrs.get("scenario", ""), tree.name or "store")


def _tables(value: Any) -> list[dict[str, Any]]:
    """The tables in what may be a list of tables."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def specs(tree: xr.DataTree) -> list[PlasticitySpec]:
    """What the scenario in a store asks of the rules of plasticity."""
    count = array(tree, "counts/count")
    there, species = ([str(name) for name in count[dim].values] for dim in ("compartment", "species"))
    entries = _tables(said(tree).get("plasticity"))
    gated = [e.get("rule") for e in entries if "gate" in e]  # by a file that a store does not hold
    return [
        PlasticitySpec(
            e["rule"], e["species"], name, dict(e.get("parameters", {})), _level(e, "reference"), _level(e, "rest")
        )
        for e in entries
        if e.get("rule") not in gated
        if e.get("species") in species and isinstance(e.get("rule"), str) and isinstance(e.get("compartment"), str)
        for name in there
        if fnmatchcase(name, e["compartment"])
    ]


def _level(entry: dict[str, Any], key: str) -> tuple[float, str] | None:
    """The level at a key of an entry; None where there is none."""
    return amount(entry[key]) if key in entry else None


def _without_trials(series: xr.DataArray) -> xr.DataArray:
    """The mean over trials where there is such a dimension."""
    return series.mean("trial") if "trial" in series.dims else series
