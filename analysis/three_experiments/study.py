"""Some of many spines stimulated at three frequencies: which patterns of change come, by diffusion alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.signal import fftconvolve

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import options  # noqa: E402
from in_memory import kept  # noqa: E402
from neighbours import Kernel, change, heads, train  # noqa: E402
from three_experiments.beside import FAST, WINDOW, grouped_changes, levels, told, whole  # noqa: E402
from three_experiments.experiments import (  # noqa: E402
    FREQUENCIES,
    GROUPS,
    INPUTS,
    LASTS,
    PIECES,
    TAIL,
    grouped,
    loaded,
    score,
    ways,
)
from three_experiments.panels import plot  # noqa: E402

from spinemc.chemistry.network import network  # noqa: E402
from spinemc.engine.system import System  # noqa: E402
from spinemc.plans import prepare  # noqa: E402
from spinemc.twins import ode  # noqa: E402
from spinemc.units import MICROMOLAR  # noqa: E402

DIFFUSION = tuple(np.geomspace(20.0, 1280.0, 9).round(1))
INFLUXES = tuple(np.geomspace(2.0, 64.0, 16).round(2))
"""Diffusion coefficients [um^2/s], and what one input lets into a head [uM], in the scan."""


@dataclass(frozen=True, eq=False)
class Dendrite:
    """A dendrite made ready to run, and where its spines are.

    Attributes
    ----------
    system : System
    way : (spine,) float64
        Along the shaft [um].
    groups : tuple of (n,) int
        Spines that are stimulated, near and distant.
    """

    system: System
    way: np.ndarray
    groups: tuple[np.ndarray, np.ndarray, np.ndarray]


def dendrite(*settings: str) -> Dendrite:
    """A dendrite of the scenario, with settings laid over it."""
    way = ways(*settings)
    return Dendrite(prepare(replace(loaded(*settings), plasticity=())), way, grouped(way))


def answer(one: Dendrite, D: float, law: str) -> Kernel:
    """What an input of 1 uM to all stimulated spines does to all, by a law of exchange; it lasts `LASTS`."""
    system = one.system
    base, where = system.scenario, heads(system)
    names = [system.geometry.compartments[where[k]] for k in one.groups[0]]
    release = tuple(replace(base.release[0], inside=name, concentration=MICROMOLAR, time=(0.0,)) for name in names)
    run = replace(base.run, exchange=law)
    scenario = replace(base, run=run, species=(replace(base.species[0], D=D),), release=release)
    solved = ode.solve(scenario, system.geometry, network(scenario, system.geometry))
    level = solved.count[:, where, 0].T / system.geometry.compartment_volume[where][:, None] / MICROMOLAR
    course = np.exp(-solved.time / LASTS)
    spread = fftconvolve(level, (course / course.sum())[None], axes=1)[:, : level.shape[1]]
    return Kernel(float(solved.time[1]), np.maximum(spread, 0.0)[None])


def changes(one: Kernel, influx: float, frequencies: Sequence[float] = FREQUENCIES) -> np.ndarray:
    """(experiment, spine) Changes of the weights [%]."""
    scenario = loaded()
    return np.stack([change(scenario, one.step, one.of(train(0, f, INPUTS, influx), TAIL)) for f in frequencies])


def scanned(
    one: Dendrite, law: str, diffusion: Sequence[float] = DIFFUSION, influxes: Sequence[float] = INFLUXES
) -> xr.Dataset:
    """The match over diffusion and influx, on one dendrite.

    Returns
    -------
    xarray.Dataset
        `score` (D, influx, experiment); `change` (D, influx, experiment, group), means of the groups [%].
    """
    scores = np.empty((len(diffusion), len(influxes), 3))
    means = np.empty((len(diffusion), len(influxes), 3, 3))
    for i, D in enumerate(diffusion):
        given = answer(one, D, law)
        for j, influx in enumerate(influxes):
            found = changes(given, influx)
            scores[i, j] = score(found, one.groups)
            means[i, j] = np.stack([found[:, of].mean(axis=1) for of in one.groups], axis=1)
    dims = ("D", "influx", "experiment")
    return xr.Dataset(
        {"score": (dims, scores), "change": ((*dims, "group"), means)},
        {"D": list(diffusion), "influx": list(influxes)},
    )


def joined(scans: Sequence[xr.Dataset]) -> xr.Dataset:
    """Scans of several dendrites, with the names of the groups."""
    return xr.concat([one.drop_attrs() for one in scans], "dendrite").assign_coords(group=list(GROUPS))


def best(scores: xr.DataArray, draws: int = 2000, seed: int = 1) -> tuple[float, float, float, float]:
    """The diffusion coefficient of the best match, with its interval over dendrites, and that match.

    Parameters
    ----------
    scores : (dendrite, D, influx) DataArray
    draws, seed : int
        Of the bootstrap of dendrites.

    Returns
    -------
    float, float, float, float
        The best D, the 2.5 and 97.5 % points of it [um^2/s], and the mean score there. The influx is that of the best
        match of all dendrites together.
    """
    mean = scores.mean("dendrite")
    influx = mean.max("D").idxmax("influx")
    along = scores.sel(influx=influx).transpose("dendrite", "D").values
    D, n = scores.D.values, len(along)

    def peak(of: np.ndarray) -> float:
        top = np.flatnonzero(of >= of.max() - 1e-9)
        return float(np.exp(np.log(D[top]).mean()))

    drawn = np.random.default_rng(seed).integers(0, n, (draws, n))
    peaks = np.array([peak(along[rows].mean(axis=0)) for rows in drawn])
    low, high = np.percentile(peaks, (2.5, 97.5))
    return peak(along.mean(axis=0)), float(low), float(high), float(along.mean(axis=0).max())


def top(scan: xr.Dataset) -> tuple[float, float]:
    """The diffusion coefficient [um^2/s] and the influx [uM] of the best match of all dendrites together."""
    match = scan.score.mean(("experiment", "dendrite"))
    influx = float(match.max("D").idxmax("influx"))
    return float(match.sel(influx=influx).idxmax("D")), influx


def numbers(found: dict[str, xr.Dataset]) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = []
    for law, scan in found.items():
        total = scan.score.mean("experiment")
        D, low, high, top = best(total)
        influx = float(total.mean("dendrite").max("D").idxmax("influx"))
        lines.append(f"{law}: best D {D:.0f} [{low:.0f}, {high:.0f}] um^2/s, score {top:.2f}, influx {influx:g} uM")
        at = scan.sel(influx=influx).sel(D=D, method="nearest")
        for e in range(3):
            cells = ", ".join(
                f"{group} {float(at.change.isel(experiment=e).sel(group=group).mean()):+.2f} %" for group in GROUPS
            )
            share = at.score.isel(experiment=e)
            lines.append(
                f"  {FREQUENCIES[e]:5g} Hz: {cells}; score {float(share.mean()):.2f} +- {float(share.std()):.2f}"
            )
    return lines


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    seeds = (1, 2) if given.quick else (1, 2, 3)
    diffusion = DIFFUSION[::2] if given.quick else DIFFUSION
    influxes = INFLUXES[::2] if given.quick else INFLUXES
    scans: dict[str, list[xr.Dataset]] = {"literal": [], "consistent": []}
    for seed in seeds:
        settings = f"geometry.shape.seed={seed}", PIECES
        asked = diffusion, influxes, FREQUENCIES, INPUTS, TAIL, LASTS, loaded(*settings).text
        made = cache(lambda settings=settings: dendrite(*settings))
        for law, scan in scans.items():
            path = given.stores / f"{law}_{seed}.zarr"
            scan.append(kept(path, asked, lambda law=law, made=made: scanned(made(), law, diffusion, influxes)))
    found = {law: joined(scan) for law, scan in scans.items()}
    print("\n".join(numbers(found)))
    number, particles = (4, 0) if given.quick else (12, 2)
    best = {law: top(scan) for law, scan in found.items()}
    wanted = {"whole": whole(FREQUENCIES[1:] if given.quick else FREQUENCIES), "window": {FAST: WINDOW}}
    beside = {
        kind: levels(given.stores / kind, best, until, number, particles if kind == "window" else 0)
        for kind, until in wanted.items()
    }
    tables = {kind: grouped_changes(one, grouped(ways())) for kind, one in beside.items()}
    print("\n".join(told(tables)))
    plot(found, FREQUENCIES, tables, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
