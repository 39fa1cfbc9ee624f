"""The three experiments at several levels, from formulas to particles in the mesh: what a level and noise cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from levels import LEVELS, released, side_by_side
from neighbours import train
from three_experiments.experiments import FREQUENCIES, GROUPS, INPUTS, LASTS, PIECES, TAIL, grouped, loaded, score, ways

FAST, WINDOW, STEP = 100.0, 0.1, 5e-4
"""The experiment that particles run the beginning of [Hz], and how much of it [s]; and what a run lasts a whole number
of [s]."""


def settings_of(
    stimulated: Iterable[int], D: float, influx: float, frequency: float, number: int, stop: float
) -> tuple[str, ...]:
    """Trains to stimulated spines as settings of the scenario, up to a time [s].

    An input is a store of ions in the head, which lets them go one by one, within `LASTS` on average.
    """
    given = [one for spine in stimulated for one in train(int(spine), frequency, number, influx)]
    until = [one for one in given if one[1] < stop]
    let_go = f'{{ equation = "Input -> Ca", kf = "{1.0 / LASTS:g} /s" }}'
    decay = loaded().reaction[0]
    return (
        f'species=[{{ name = "Ca", D = "{D} um^2/s" }}, {{ name = "Input", D = "0 um^2/s" }}]',
        f'reaction=[{let_go}, {{ equation = "{decay.equation}", kf = "{decay.kf.value[0]} /s" }}]',
        *released(until, stop - max(time for _, time, _ in until), STEP, "Input"),
    )


def levels(
    folder: Path,
    best: dict[str, tuple[float, float]],
    until: dict[float, float],
    number: int = 12,
    particles: int = 0,
    names: Sequence[str] = tuple(LEVELS),
    *settings: str,
) -> xr.Dataset:
    """Changes of the weights of one dendrite, by level and frequency.

    Parameters
    ----------
    folder : Path
        Of the stores; it is made.
    best : dict
        The diffusion coefficient [um^2/s] and the influx [uM] by law; the mesh and particles have those of the
        consistent form.
    until : dict
        The frequencies [Hz], and up to when each is run [s].
    number, particles, names
        As of `levels.side_by_side`.
    *settings : str
        Laid over the scenario.

    Returns
    -------
    xarray.Dataset
        As of `levels.side_by_side`, a case a frequency.
    """
    base, stimulated = loaded(*settings), grouped(ways(*settings))[0]
    folder.mkdir(exist_ok=True)
    rows = []
    for law in ("literal", "consistent"):
        some = [name for name in names if name.startswith("literal") == (law == "literal")]
        if some:
            cases = {f: settings_of(stimulated, *best[law], f, INPUTS, end) for f, end in until.items()}
            rows.append(side_by_side(base, folder, cases, number, particles, some, PIECES))
    return xr.concat(rows, "level", join="outer")


def whole(frequencies: Sequence[float] = FREQUENCIES) -> dict[float, float]:
    """Experiments as they are, and when they end [s]."""
    return {f: (INPUTS - 1) / f + TAIL for f in frequencies}


def grouped_changes(one: xr.Dataset, groups: Sequence[np.ndarray]) -> xr.Dataset:
    """Means of the groups of spines, by level and case.

    Returns
    -------
    xarray.Dataset
        `change` and `error` (level, case, group) [%], the standard error over trials; `match` (level, case, trial),
        the share of spines that change as wanted at that frequency, NaN where there are fewer trials.
    """
    values = xr.concat([one.trials.isel(spine=of).mean("spine", skipna=False) for of in groups], "group")
    values = values.assign_coords(group=list(GROUPS))
    count = values.count("trial")
    error = values.std("trial", ddof=1).where(count > 1) / np.sqrt(count)
    rows = [FREQUENCIES.index(float(f)) for f in one.case.values]
    found = one.trials.transpose("level", "trial", "case", "spine").values
    known = np.isfinite(found).all(axis=(2, 3))
    share = np.full(found.shape[:3], np.nan)
    for k in zip(*np.nonzero(known), strict=True):
        share[k] = score(found[k], groups, rows)
    match = xr.DataArray(share, {"level": one.level, "case": one.case}, ("level", "trial", "case"))
    return xr.Dataset({"change": values.mean("trial"), "error": error, "match": match})


def told(tables: dict[str, xr.Dataset]) -> list[str]:
    """What the README of this folder tells of levels, a line each."""
    lines = []
    for kind, table in tables.items():
        lines += ["", f"{kind}: changes of the groups [%], and the share of spines that change as wanted"]
        for level in table.level.values:
            for case in table.case.values:
                one = table.sel(level=level, case=case)
                cells = [f"{float(c):+.2f} +- {float(e):.2f}" for c, e in zip(one.change, one.error, strict=True)]
                match = one.match.dropna("trial")
                error = float(match.std(ddof=1)) / np.sqrt(len(match)) if len(match) > 1 else np.nan
                lines.append(
                    f"  {level:<20}{case:>6g} Hz"
                    + "".join(f"{cell:>18}" for cell in cells)
                    + f"{float(match.mean()):>8.2f} +- {error:.2f}"
                )
    return lines
