"""A branch trained on inputs in one order: which order its soma then answers most, by level, noise and diffusion."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import options  # noqa: E402
from levels import LEVELS, PIECES, calcium, released  # noqa: E402
from neighbours import Kernel, kernel, repeated  # noqa: E402
from sequence.panels import plot  # noqa: E402
from sequence.soma import Cell, answers, courses, peaks  # noqa: E402

from spinemc.errors import ScenarioError  # noqa: E402
from spinemc.scenario import Scenario, load_scenario, override  # noqa: E402

NUMBER, SPACING, MARGIN = 8, 0.6, 2.0
"""Spines, how far apart their feet are, and the shaft beyond the first and the last [um]."""

INTERVAL, INFLUX = 0.01, 4.5
"""From one input to the next [s], and what one lets into its head [uM]."""

LASTS, PORTIONS = 0.01, 20
"""Time constant of an influx [s], and in how many equal portions it comes."""

REPEATS, TAIL, WINDOW = 10, 0.075, 0.2
"""Repetitions of a training; how long each is followed after its last portion, and the longest of them [s]."""

STEM, STEP = 50.0, 2e-4
"""Dendrite between the soma and the spines [um], and between samples of the soma's voltage [s]."""

INTERVALS = (1e-3, 2e-3, 3e-3, 5e-3, 7e-3, 10e-3, 12e-3)
INFLUXES = tuple(np.geomspace(1.0, 30.0, 13).round(2))
DIFFUSION = (1.0, 50.0, 110.0, 220.0, 450.0, 900.0)
"""What is scanned: intervals [s], influxes [uM], diffusion coefficients [um^2/s]."""

TESTS = tuple(np.array([1, 2, 3, 5, 7, 10, 13, 17, 21, 25, 30]) / 1e3)
"""Intervals of tests of what was trained at `INTERVAL` [s]."""

ORDERS = ("inward", "outward")
FORMULAS = ("literal", "consistent")


def loaded(*settings: str, number: int = NUMBER, spacing: float = SPACING) -> Scenario:
    """The scenario with a row of spines, and settings laid over it.

    Raises
    ------
    ScenarioError
        There are fewer than two spines.
    GeometryError
        Spines stand in one another.
    """
    if number < 2:
        raise ScenarioError(f"sequence: {number} of spines: an order needs two at least.")
    spines = ", ".join(f'{{ at = "{MARGIN + k * spacing:g} um" }}' for k in range(number))
    length = 2.0 * MARGIN + (number - 1) * spacing
    row = f"geometry.shape.spine=[{spines}]", f"geometry.shape.length={length:g} um"
    return override(load_scenario(HERE / "scenario.toml"), *row, *settings)


def order_of(name: str, number: int = NUMBER) -> tuple[int, ...]:
    """Spines as inputs come to them; spine 0 is the nearest to the soma."""
    if name not in ORDERS:
        raise ScenarioError(f'sequence: "{name}" is no order: there are {" and ".join(ORDERS)}.')
    return tuple(range(number))[:: -1 if name == "inward" else 1]


def inputs(order: Sequence[int], interval: float, influx: float) -> list[tuple[int, float, float]]:
    """The portions of one sequence.

    Parameters
    ----------
    order : sequence of int
        Spines, first to last.
    interval : float
        From one to the next [s].
    influx : float
        Of each [uM].

    Raises
    ------
    ScenarioError
        The interval is not above 0, or the sequence is longer than the window.
    """
    late = -LASTS * np.log1p(-(np.arange(PORTIONS) + 0.5) / PORTIONS)
    longest = (WINDOW - TAIL - late[-1]) / max(1, len(order) - 1)
    if not 0.0 < interval <= longest + 1e-9:
        raise ScenarioError(
            f"sequence: an interval of {1e3 * interval:g} ms: it must be above 0 and at most {1e3 * longest:.3g} ms."
        )
    return [(spine, k * interval + t, influx / PORTIONS) for k, spine in enumerate(order) for t in late]


def kernel_of(law: str, *settings: str) -> Kernel:
    """What one input to each of the spines does to all, by a law of exchange."""
    return kernel(loaded(f"run.exchange={law}", PIECES, *settings))


def apart(one: Kernel) -> Kernel:
    """The same without diffusion from spine to spine: what each does to itself alone."""
    own = np.eye(len(one.answer), dtype=bool)[:, :, np.newaxis]
    return replace(one, answer=np.where(own, one.answer, 0.0))


def trained(one: Kernel, order: Sequence[int], interval: float = INTERVAL, influx: float = INFLUX) -> np.ndarray:
    """(spine,) Weights after `REPEATS` sequences, by the rate equations, where they were 1."""
    level = one.of(inputs(order, interval, influx), TAIL)
    return weights(np.broadcast_to(level, (REPEATS, *level.shape)), one.step)


def weights(level: np.ndarray, step: float) -> np.ndarray:
    """(..., spine) Weights after (..., repetition, spine, t) concentrations [uM], where they were 1."""
    return 1.0 + 0.01 * repeated(loaded(), step, level)


@cache
def soma() -> np.ndarray:
    """(spine, t) The soma's answer to each spine [mV]."""
    return answers(Cell(), STEM + MARGIN + SPACING * np.arange(NUMBER), np.arange(0.0, 0.35, STEP))


def selectivity(given: np.ndarray, interval: float = INTERVAL) -> np.ndarray:
    """(...) (inward - outward) / (inward + outward), of peaks of the soma, for weights (..., spine)."""
    inward, outward = (peaks(soma(), STEP, given, order_of(name), interval) for name in ORDERS)
    return np.asarray((inward - outward) / (inward + outward))


def before(interval: float = INTERVAL) -> float:
    """The selectivity of equal weights."""
    return float(selectivity(np.ones(NUMBER), interval))


def learnt(one: Kernel, interval: float = INTERVAL, influx: float = INFLUX, test: float | None = None) -> float:
    """Half of what parts cells trained inward and outward, in selectivity; the interval of the test is the training's
    by default [s]. Above 0 the trained order gains."""
    inward, outward = (
        selectivity(trained(one, order_of(name), interval, influx), interval if test is None else test)
        for name in ORDERS
    )
    return 0.5 * float(inward - outward)


def scan(one: Kernel, intervals: Sequence[float] = INTERVALS, influxes: Sequence[float] = INFLUXES) -> xr.DataArray:
    """`learnt` over the interval of training and test and the influx, (interval, influx)."""
    values = [[learnt(one, interval, influx) for influx in influxes] for interval in intervals]
    return xr.DataArray(values, {"interval": list(intervals), "influx": list(influxes)}, ("interval", "influx"))


def noisy(
    folder: Path,
    level: str,
    name: str,
    cells: int,
    *settings: str,
    alone: bool = False,
    threads: int | None = None,
) -> np.ndarray:
    """Weights of cells that were trained, each on `REPEATS` trials one after the other.

    Parameters
    ----------
    folder : Path
        Of the stores.
    level : str
        Of `LEVELS`, one of trials.
    name : str
        Of `ORDERS`.
    cells : int
    *settings : str
        Laid over the scenario.
    alone : bool
        No diffusion from spine to spine: each is the one in the middle, in trials in which it alone has inputs.
    threads : int, optional

    Returns
    -------
    (cell, spine) float64
    """
    order, middle = order_of(name), NUMBER // 2
    given = [one for one in inputs(order, INTERVAL, INFLUX) if one[0] == middle or not alone]
    number = cells * REPEATS * (NUMBER if alone else 1)
    asked = *released(given, TAIL), f"run.trials={number}"
    base = loaded(*LEVELS[level])
    out = folder / f"{level.replace(', ', '_')}_{'alone' if alone else name}.zarr"
    found = calcium(base, out, *asked, *settings, threads=threads)
    if alone:
        found = found[:, middle].reshape(-1, NUMBER, found.shape[-1])
    return weights(found.reshape(-1, REPEATS, *found.shape[1:]), base.run.sample_times[1])


def table_of(made: dict[str, dict[str, np.ndarray]]) -> xr.Dataset:
    """Selectivities of cells by level.

    Parameters
    ----------
    made : dict
        By level and order: weights, (cell, spine); an order may be missing.

    Returns
    -------
    xarray.Dataset
        `cells` (level, order, cell), NaN where there are fewer; `mean`, and `error`, its standard error, NaN for one.
    """
    most = max(len(one) for by in made.values() for one in by.values())
    values = np.full((len(made), len(ORDERS), most), np.nan)
    for i, by in enumerate(made.values()):
        for name, one in by.items():
            values[i, ORDERS.index(name), : len(one)] = selectivity(one)
    found = xr.DataArray(values, {"level": list(made), "order": list(ORDERS)}, ("level", "order", "cell"))
    count = found.count("cell")
    error = found.std("cell", ddof=1 if most > 1 else 0).where(count > 1) / np.sqrt(count)
    return xr.Dataset({"cells": found, "mean": found.mean("cell"), "error": error})


def numbers(
    kernels: dict[str, Kernel], scans: dict[str, xr.DataArray], along: xr.DataArray, table: xr.Dataset
) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = [f"before: {before():+.4f}"]
    for law, one in kernels.items():
        for name in ORDERS:
            given, off = (trained(k, order_of(name)) for k in (one, apart(one)))
            high = max(float(peaks(soma(), STEP, given, order_of(test), INTERVAL)) for test in ORDERS)
            lines.append(
                f"{law:<11}{name:<8} selectivity {float(selectivity(given)):+.4f}, without diffusion "
                f"{float(selectivity(off)):+.4f}, highest voltage {high:.2f} mV, weights {given.round(2).tolist()}"
            )
    for law, found in scans.items():
        top = found.where(found == found.max(), drop=True)
        share = float((found > 0.005).mean())
        lines.append(
            f"{law}: learnt {float(found.min()):+.3f} to {float(found.max()):+.3f}, most at "
            f"{1e3 * float(top.interval[0]):g} ms and {float(top.influx[0]):g} uM; above 0.005 in {share:.0%}, "
            f"below -0.005 in {float((found < -0.005).mean()):.0%}"
        )
    for law in along.law.values:
        cells = [f"{float(D):g}: {float(value):+.4f}" for D, value in zip(along.D, along.sel(law=law), strict=True)]
        lines.append(f"{law}, learnt by D [um^2/s]: " + ", ".join(cells))
    for level in table.level.values:
        one = table.sel(level=level)
        cells = [f"{float(one['mean'].sel(order=o)):+.4f} +- {float(one.error.sel(order=o)):.4f}" for o in ORDERS]
        n = int(one.cells.count())
        spread = float(one.cells.std("cell", ddof=1).mean()) if n > 2 else np.nan
        wins = int((np.array([1, -1])[:, np.newaxis] * one.cells.values > 0.0).sum())
        lines.append(f"{level:<24}{cells[0]:>20}{cells[1]:>20}  sd {spread:.4f}  trained order wins {wins} of {n}")
    return lines


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    kernels = {law: kernel_of(law) for law in ("literal", "consistent", "mesh")}
    coarse = (INTERVALS[1::2], INFLUXES[::2]) if given.quick else (INTERVALS, INFLUXES)
    scans = {law: scan(one, *coarse) for law, one in kernels.items()}
    diffusion = DIFFUSION[::5] if given.quick else DIFFUSION
    speeds = [[learnt(kernel_of(law, f"species.1.D={D} um^2/s")) for D in diffusion] for law in FORMULAS]
    along = xr.DataArray(speeds, {"law": list(FORMULAS), "D": list(diffusion)}, ("law", "D"))
    made = {law: {name: trained(one, order_of(name)) for name in ORDERS} for law, one in kernels.items()}
    cells = 4 if given.quick else 20
    beside = {law: {name: one[np.newaxis] for name, one in by.items()} for law, by in made.items()}
    for law in kernels:
        level = f"{law}, trials"
        beside[level] = {name: noisy(given.stores, level, name, cells) for name in ORDERS}
    if not given.quick:  # one order is enough: the branch is the same from both ends
        beside["particles"] = {"inward": noisy(given.stores, "particles", "inward", 4)}
    alone = noisy(given.stores, "mesh, trials", ORDERS[0], 4, alone=True)
    table = table_of(beside | {"mesh, trials, apart": dict.fromkeys(ORDERS, alone)})
    print("\n".join(numbers(kernels, scans, along, table)))
    mesh = kernels["mesh"]
    volts = {"before": np.ones(NUMBER), "after": made["literal"]["inward"]}
    tests = {
        when: {name: courses(soma(), STEP, one, order_of(name), INTERVAL) for name in ORDERS}
        for when, one in volts.items()
    }
    elsewhere = xr.DataArray(
        [[learnt(one, test=test) for test in TESTS] for one in kernels.values()],
        {"law": list(kernels), "interval": list(TESTS)},
        ("law", "interval"),
    )
    level = mesh.of(inputs(order_of("outward"), INTERVAL, INFLUX), TAIL)
    plot(level, mesh.step, made, tests, STEP, scans, elsewhere, along, table, INFLUX, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
