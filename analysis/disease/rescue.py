"""What brings an ill spine back: amounts of buffer and widths of the neck, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from disease.spines import HEALTHY, ILL, Spine, fate, measured

BUFFERS = (10.0, 20.0, 30.0, 60.0)
NECKS = (120.0, 75.0, 50.0)
WIDER = (120.0, 150.0, 180.0)
"""What is tried to bring the ill spine back, from its own buffer and neck on [uM], [nm]."""

BACK = 0.9
"""A fate is back where this share of trials has it: a choice."""


class Amount(NamedTuple):
    """An amount that brings a readout back, its interval at 95 %, and the share of resamples without one."""

    value: float
    low: float
    high: float
    missed: float


class Rescue(NamedTuple):
    """What was tried on the ill spine, and what it takes.

    Attributes
    ----------
    found : dict of xarray.Dataset
        As of `measured`, by what was varied: `buffer`; `neck`; `both`, the buffer at the neck that brings the
        spread back.
    amounts : dict of Amount
        Buffers that bring the fate back [uM], and the neck that brings the spread back [nm].
    spines : dict of Spine
        `by buffer`, `by neck`, `by both`: those amounts in whole numbers, where there are any.
    """

    found: dict[str, xr.Dataset]
    amounts: dict[str, Amount]
    spines: dict[str, Spine]


def amount(tried: Sequence[float], values: np.ndarray, wanted: np.ndarray, draws: int = 2000, seed: int = 1) -> Amount:
    """Where the mean of a readout first reaches what is wanted, on the way through the amounts that were tried.

    Parameters
    ----------
    tried : sequence of float
        From that of the ill spine on.
    values : (amount, trial) float64
        The readout.
    wanted : (n,) float64
        Of trials of healthy spines; or one number.
    draws, seed : int
        Of the bootstrap of trials, for the interval.

    Returns
    -------
    Amount
        Between two of them by the logarithm; NaN where none does.
    """
    along = np.log(np.asarray(tried, dtype=np.float64))

    def met(of: np.ndarray, goal: float) -> float:
        off = of - goal
        past = np.flatnonzero(np.sign(off[1:]) != np.sign(off[0]))
        if not len(past):
            return np.nan
        k = int(past[0])
        return float(np.exp(along[k] + (along[k + 1] - along[k]) * off[k] / (off[k] - off[k + 1])))

    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        of = np.array([generator.choice(row, len(row)).mean() for row in values])
        drawn.append(met(of, float(generator.choice(wanted, len(wanted)).mean())))
    hit = np.array(drawn)[np.isfinite(drawn)]
    low, high = np.percentile(hit, (2.5, 97.5)) if len(hit) else (np.nan, np.nan)
    return Amount(met(values.mean(axis=1), float(np.mean(wanted))), float(low), float(high), 1.0 - len(hit) / draws)


def rescued(folder: Path, level: str, number: int) -> Rescue:
    """What brings the ill spine back.

    Parameters
    ----------
    folder : Path
        Of the stores.
    level : str
        As of `measured`, one with trials.
    number : int
        Of trials.
    """

    def tried(name: str, spines: list[Spine]) -> xr.Dataset:
        key = "buffer" if name != "neck" else "neck"
        named = {f"{getattr(one, key):g}": one for one in spines}
        return measured(folder / f"tried_{name}.zarr", level, number, named)

    healthy = measured(folder / "tried_none.zarr", level, number, {"healthy": HEALTHY})
    buffer = tried("buffer", [ILL._replace(buffer=b) for b in BUFFERS])
    neck = tried("neck", [ILL._replace(neck=a) for a in dict.fromkeys((*NECKS, *WIDER))])
    goal = np.array([BACK])
    narrow = neck["spread"].values[: len(NECKS)]
    amounts = {
        "buffer": amount(BUFFERS, fate(buffer), goal),
        "neck": amount(NECKS, narrow, healthy["spread"].values[0]),
    }
    found = {"buffer": buffer, "neck": neck}
    both = ILL._replace(neck=round(amounts["neck"].value)) if np.isfinite(amounts["neck"].value) else HEALTHY
    found["both"] = tried("both", [both._replace(buffer=b) for b in BUFFERS])
    amounts["both"] = amount(BUFFERS, fate(found["both"]), goal)
    spines = {}
    if np.isfinite(amounts["buffer"].value):
        spines["by buffer"] = ILL._replace(buffer=float(np.ceil(amounts["buffer"].value)))
    spines["by neck"] = both._replace(buffer=ILL.buffer)
    if np.isfinite(amounts["both"].value):
        spines["by both"] = both._replace(buffer=float(np.ceil(amounts["both"].value)))
    return Rescue(found, amounts, spines)
