"""What a run came to: how far it is, what was counted, where its ions went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinemc import observables, store
from spinemc.errors import ObservableError, ScenarioError
from spinemc.summaries.told import Summary, duration
from spinemc.twins import levels

if TYPE_CHECKING:
    import xarray as xr

ION = "Ca"
"""The species whose ions are told."""


def info(path: str | Path, verify: bool = False) -> Summary:
    """What a store holds and how far its run is, without building anything.

    Parameters
    ----------
    path : str or Path
        The store.
    verify : bool
        Whether every file is read and laid beside its checksum.

    Returns
    -------
    Summary
        A few lines; `damaged` of its values lists what is not as it was written, where that was asked.

    Raises
    ------
    StoreError
        Where there is no store of ours.
    """
    here = store.place(path)
    told = store.attributes_of(here)
    ran = json.loads(told.get("provenance") or "{}")
    engine = told.get("engine", "particles")
    state = "complete" if told["complete"] else f"not complete: `spinemc resume {path}` goes on"
    lines = [
        f"{here.name}: {told['trials_finished']} of {told['trials']} trials finished, {state}",
        f"  scenario     {told.get('scenario_path') or '(from code)'}",
        f"  engine       {engine}",
        f"  seed         {ran.get('seed', '-')}",
        f"  made by      spinemc {ran.get('versions', {}).get('spinemc')}, commit {ran.get('commit') or 'unknown'}",
        f"  on           {ran.get('host')}, {ran.get('start')}",
    ]
    if "wall_time" in ran:
        counted = levels.LEVELS[engine].counted if engine in levels.LEVELS else "particle-steps"
        made = f", {ran.get('particle_steps', 0):.3g} {counted}" if counted else ""
        lines.append(f"  took         {duration(ran['wall_time'])}{made}")
    values = {key: told[key] for key in ("trials", "trials_finished", "complete")}
    values |= {"engine": engine, "scenario_path": told.get("scenario_path"), "provenance": ran}
    if not verify:
        return Summary("\n".join(lines), values)
    damages = store.verify(path)
    lines.append(f"  read         {here.size() / 1e6:.3g} MB, {len(damages) or 'nothing'} damaged")
    lines += [f"  damaged: {damage}" for damage in damages]
    if damages:
        lines.append(f"`spinemc resume {path}` makes again what is damaged, and only that.")
    return Summary("\n".join(lines), values | {"bytes": here.size(), "damaged": [str(damage) for damage in damages]})


def summary(tree: xr.DataTree) -> Summary:
    """A few lines on a run: what was counted at its peak and its end, where the ions went, and the weights."""
    totals = observables.totals(tree)
    end = totals.isel(time=-1)
    peak = totals.max("time")
    trials = totals.sizes["trial"]
    spread = "mean and standard deviation over trials" if trials > 1 else "the one trial"
    lines = [
        f"{trials} trials to {float(totals.time[-1]) * 1e3:g} ms; {spread}:",
        f"  {'':<12} {'peak':>20} {'end':>20}",
    ]
    for name in totals.species.values:
        cells = [_mean_sd(series.sel(species=name)) for series in (peak, end)]
        lines.append(f"  {name!s:<12} {cells[0]:>20} {cells[1]:>20}")
    values: dict[str, Any] = {
        "trials": trials,
        "t_stop_s": float(totals.time[-1]),
        "molecules": {
            str(name): {"peak": _moments(peak.sel(species=name)), "end": _moments(end.sel(species=name))}
            for name in totals.species.values
        },
    }
    if ION in totals.species.values and "events" in tree.children:
        told, values["ions"] = _ions(tree)
        lines += told
    values["weights"] = {}
    if "plasticity" in tree:
        for rule in tree["plasticity"].children:
            last = observables.array(tree, f"plasticity/{rule}/weight").isel(time=-1)
            for synapse in last["synapse"].values:
                lines.append(f"  weight, {rule}, {synapse}: {_mean_sd(last.sel(synapse=synapse), 3)}")
                values["weights"][f"{rule}, {synapse}"] = _moments(last.sel(synapse=synapse))
    return Summary("\n".join(lines), values)


def _ions(tree: xr.DataTree) -> tuple[list[str], dict[str, Any]]:
    """Where the ions came from and where they went, in the mean of the trials."""
    try:
        found = observables.budget(tree, ION)
    except (ObservableError, ScenarioError) as reason:
        return [f"  ions are not told: {reason}"], {}
    begin, end = (found["held"].isel(time=k) for k in (0, -1))
    ways = {str(way): found["ions"].sel(way=way) for way in found["way"].values} if "ions" in found else {}
    if abs(found["released"]).max() > 0.0:
        ways["released"] = found["released"]
    lines = [f"  ions of {ION}, free and bound: {_mean_sd(begin)} at first, {_mean_sd(end)} at the end"]
    means = {way: float(ions.mean()) for way, ions in ways.items()}
    for sign, told in ((1, "in"), (-1, "out")):
        listed = sorted((way for way in ways if sign * means[way] > 0.0), key=lambda way: -abs(means[way]))
        lines += [f"    {told:<4}{way:<34} {_mean_sd(sign * ways[way]):>18}" for way in listed]
    return lines, {
        "held": {"begin": _moments(begin), "end": _moments(end)},
        "gained": {way: _moments(ions) for way, ions in ways.items()},
    }


def _moments(series: xr.DataArray) -> dict[str, float | None]:
    """Mean and standard deviation over trials, None where there is one trial."""
    return {"mean": float(series.mean()), "sd": float(series.std(ddof=1)) if series.size > 1 else None}


def remodelled(found: xr.Dataset) -> Summary:
    """Weights and sizes of spines, epoch by epoch, as `spinemc.history` gives them.

    Returns
    -------
    Summary
        A row an epoch and a synapse; mean and standard deviation over trials.
    """
    columns = ("weight", "head_volume", "neck_radius", "neck_length")
    lines = [f"{'epoch':>5} {'synapse':<20} " + " ".join(f"{name:>24}" for name in columns)]
    for epoch in found["epoch"].values:
        for synapse in found["synapse"].values:
            row = found.sel(epoch=epoch, synapse=synapse)
            told = " ".join(f"{_mean_sd(row[name], 5):>24}" for name in columns)
            lines.append(f"{epoch:>5} {synapse!s:<20} {told}")
    return Summary("\n".join(lines), found.to_dict())


def _mean_sd(series: xr.DataArray, digits: int = 1) -> str:
    mean = float(series.mean())
    if digits > 1 and abs(mean) < 0.1:
        return f"{mean:.2e} +- {float(series.std(ddof=1)):.1e}" if series.size > 1 else f"{mean:.3e}"
    return f"{mean:.{digits}f} +- {float(series.std(ddof=1)):.{digits}f}" if series.size > 1 else f"{mean:.{digits}f}"
