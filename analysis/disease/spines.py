"""The spine of this study, in health and ill, at every level, and what is read out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from common import ran
from levels import LEVELS
from neighbours import LEAST

from spinemc import observables
from spinemc.scenario import Scenario, load_scenario, override
from spinemc.scenario.sweeps import Sweep, points, varied
from spinemc.units import MICROMOLAR

SMOOTH = 5e-3
"""A peak is the largest mean over this time [s], so that single ions make none."""

IN_SPACE = {"pde": ("run.engine=pde",)}
"""Reaction and diffusion in space, and what is set for it."""

EFFECTIVE = ("literal, effective", "consistent, effective")
"""Levels without a buffer: it is told by slower diffusion and decay, and a smaller input."""


class Spine(NamedTuple):
    """What illness changes.

    Attributes
    ----------
    neck : float
        Its radius [nm].
    head : float
        Volume [um^3].
    buffer : float
        In the whole dendrite [uM].
    input : float
        What an input lets in, over that of the scenario.
    """

    neck: float = 75.0
    head: float = 0.062
    buffer: float = 20.0
    input: float = 1.0


HEALTHY = Spine()
ILL = Spine(120.0, 0.031, 10.0)
STATES = {
    "healthy": HEALTHY,
    "wide neck": HEALTHY._replace(neck=ILL.neck),
    "small head": HEALTHY._replace(head=ILL.head),
    "little buffer": HEALTHY._replace(buffer=ILL.buffer),
    "ill": ILL,
}
"""Health, each change by itself, and all of them."""


def loaded(*settings: str) -> Scenario:
    """The scenario, with settings laid over it."""
    return override(load_scenario(Path(__file__).with_name("scenario.toml")), *settings)


def ratio(buffer: float) -> float:
    """Bound ions for each free one where there are few, for a concentration of the buffer [uM]."""
    binding = loaded().reaction[2]
    return buffer * MICROMOLAR * binding.kf.value[0] / binding.kb.value[0]


def settings_of(one: Spine, is_effective: bool = False) -> dict[str, str]:
    """A spine as settings of the scenario.

    Parameters
    ----------
    one : Spine
    is_effective : bool
        Without a buffer: diffusion is (D + k D_B) / (1 + k), decay and input are 1 / (1 + k) of what they were, with k
        bound ions for each free one. That is a fast buffer far from full.
    """
    scenario = loaded()
    k = ratio(one.buffer) if is_effective else 0.0
    D, mobile = (species.D for species in scenario.species[:2])
    passed, decay = (scenario.reaction[n].kf.value[0] for n in (0, 3))
    return {
        "geometry.shape.spine.1.neck_radius": f"{one.neck:g} nm",
        "geometry.shape.spine.1.head_volume": f"{one.head:g} um^3",
        "release.2.concentration": f"{0.0 if is_effective else one.buffer:g} uM",
        "reaction.1.kf": f"{passed * one.input / (1.0 + k):.9g} /s",
        "reaction.4.kf": f"{decay / (1.0 + k):.9g} /s",
        "species.Ca.D": f"{(D + k * mobile) / (1.0 + k):.9g} um^2/s",
    }


def sweep_of(spines: Iterable[Spine], is_effective: bool = False) -> Sweep:
    """Spines as the points of a sweep."""
    rows = [settings_of(one, is_effective) for one in spines]
    return points([varied(f"{key}=" + ",".join(row[key] for row in rows)) for key in rows[0]], "list")


def measured(
    out: Path, level: str, number: int, spines: Mapping[str, Spine], *settings: str, threads: int | None = None
) -> xr.Dataset:
    """What becomes of spines, at a level.

    Parameters
    ----------
    out : Path
        Of the store.
    level : str
        Of `levels.LEVELS`, `IN_SPACE` or `EFFECTIVE`.
    number : int
        Of trials; means have one.
    spines : mapping of Spine
        By name.
    *settings : str
        Laid over the scenario, as `--set` has them.
    threads : int, optional

    Returns
    -------
    xarray.Dataset
        (state, trial) `peak` in the head [uM], `spread` and `neighbour`, the integrals of free calcium in the shaft and
        in the silent spine's head [uM ms], and `weight` (state, trial, spine), their changes [%]; `chance` (state,
        spine, outcome) with `_low` and `_high` (Wilson, 95 %).
    """
    law = level.removesuffix(", effective")
    scenario = loaded(*(LEVELS | IN_SPACE)[law], f"run.trials={number}", *settings)
    tree = ran(scenario, out, sweep_of(spines.values(), level in EFFECTIVE), threads=threads)
    head, shaft, other = (
        observables.series(tree, "Ca", place, "concentration") for place in ("spine_1.head", "shaft", "spine_2.head")
    )
    samples = max(1, round(SMOOTH / scenario.run.sample_every))
    weight = observables.array(tree, "plasticity/li2016/h")
    weight = 100.0 * (weight.isel(time=-1) / weight.isel(time=0) - 1.0)
    found = xr.Dataset(
        {
            "peak": head.rolling(time=samples).mean().max("time"),
            "spread": 1e3 * shaft.integrate("time"),
            "neighbour": 1e3 * other.integrate("time"),
            "weight": weight.rename(synapse="spine"),
        }
    ).transpose("point", "trial", "spine")
    told = observables.outcomes(found["weight"], (-LEAST, LEAST))
    named = {
        name: told["probability" + name.removeprefix("chance")] for name in ("chance", "chance_low", "chance_high")
    }
    found = found.assign(named).rename(point="state").drop_vars(set(found.coords) - {"trial"}, errors="ignore")
    return found.assign_coords(state=list(spines)).load()


def mean(values: xr.DataArray) -> tuple[float, float]:
    """The mean over trials and its standard error, NaN for one trial."""
    n = values.sizes["trial"]
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(n)) if n > 1 else np.nan


def fate(found: xr.Dataset) -> np.ndarray:
    """Whether the first spine is depressed, as it is in health, (state, trial) float64."""
    return (found["weight"].isel(spine=0).values < -LEAST).astype(float)
