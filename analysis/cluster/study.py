"""A silent spine among active ones: how many of them it takes to weaken it, where, and for which inputs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from cluster.panels import plot  # noqa: E402
from common import options  # noqa: E402
from levels import LEVELS, released, side_by_side  # noqa: E402
from neighbours import LEAST, Kernel, change, kernel  # noqa: E402

from spinemc.errors import ScenarioError  # noqa: E402
from spinemc.scenario import Scenario, load_scenario, override  # noqa: E402

SILENT, ACTIVE, OUTSIDE, FAR = 0, (1, 2, 3, 4, 5, 6), 7, 8
"""Spines by number: between the others, around it, 2 um beside the cluster, and 10 um from the silent one."""

FREQUENCY, INPUTS, TAIL = 50.0, 5, 0.1
"""Of the inputs to each active spine [Hz], and how long weights are followed after the last [s]."""

CHOICES = ((3,), (1, 3, 5), (1, 3, 4, 6), ACTIVE)
"""Active spines where all levels are laid side by side: both sides of the silent one, none nearer than 1 um."""

FEW = (1, 4)
"""Numbers of active spines that particles are run for."""

PIECES = "run.segment=0.5 um"
"""How long the well-mixed pieces of the shaft are."""

INFLUXES = tuple(np.geomspace(1.0, 40.0, 33).round(2))
"""What one input puts into a head [uM]."""


def loaded(*settings: str) -> Scenario:
    """The scenario, with settings laid over it."""
    return override(load_scenario(HERE / "scenario.toml"), *settings)


def kernel_of(law: str, *settings: str) -> Kernel:
    """What an input to each of the active spines does to all, by a law of exchange."""
    return kernel(loaded(f"run.exchange={law}", PIECES, *settings), ACTIVE)


def inputs(active: Sequence[int], influx: float) -> list[tuple[int, float, float]]:
    """Trains to active spines, at once.

    Raises
    ------
    ScenarioError
        None is active, or one that is not of the cluster.
    """
    if not active or not set(active) <= set(ACTIVE):
        raise ScenarioError(f"active: {list(active)}: name some of the spines {list(ACTIVE)}, from 0 on.")
    return [(spine, k / FREQUENCY, influx) for spine in active for k in range(INPUTS)]


def counted(one: Kernel, influxes: Sequence[float] = INFLUXES, most: int = len(ACTIVE)) -> xr.DataArray:
    """Changes of all weights for every choice of active spines.

    Returns
    -------
    xarray.DataArray
        (influx, choice, spine) [%], with the coordinate `number` of active spines on `choice`.
    """
    choices = [choice for n in range(1, most + 1) for choice in combinations(ACTIVE, n)]
    level = np.stack([one.of(inputs(choice, 1.0), TAIL) for choice in choices])
    scenario = loaded()
    values = np.stack([change(scenario, one.step, influx * level) for influx in influxes])
    coords = {"influx": list(influxes), "number": ("choice", [len(choice) for choice in choices])}
    return xr.DataArray(values, coords, ("influx", "choice", "spine"))


def depressed(found: xr.DataArray) -> xr.DataArray:
    """(influx, number) Share of the choices of active spines that weaken the silent one."""
    return (found.isel(spine=SILENT) < -LEAST).groupby("number").mean()


def band(shares: xr.DataArray) -> np.ndarray:
    """Influxes at which at most half of the choices of three weaken the silent spine, none of one, most of four."""
    holds = (shares.sel(number=1) == 0.0) & (shares.sel(number=3) <= 0.5) & (shares.sel(number=4) > 0.5)
    return np.asarray(shares.influx.values[holds.values])


def levels(
    folder: Path,
    influx: float,
    number: int = 30,
    particles: int = 4,
    names: Sequence[str] = tuple(LEVELS),
    choices: Sequence[Sequence[int]] = CHOICES,
) -> xr.Dataset:
    """Changes of all weights by level and by how many spines are active.

    Parameters
    ----------
    folder, number, particles, names
        As of `levels.side_by_side`.
    influx : float
        [uM]
    choices : sequence
        Active spines, no two choices of one length.

    Returns
    -------
    xarray.Dataset
        As of `levels.side_by_side`, a case for each number of `active` spines; of particles, those of `FEW`.
    """
    cases = {len(choice): released(inputs(choice, influx), TAIL) for choice in choices}
    some = {len(choice): cases[len(choice)] for choice in choices if len(choice) in FEW}
    wells = [name for name in names if name != "particles"]
    rows = [side_by_side(loaded(), folder, cases, number, 0, wells, PIECES)]
    if particles and "particles" in names:
        rows.append(side_by_side(loaded(), folder, some, 0, particles, ("particles",)))
    return xr.concat(rows, "level", join="outer").rename(case="active")


def numbers(found: dict[str, xr.DataArray], table: xr.Dataset, influx: float) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = []
    for law, changes in found.items():
        shares = depressed(changes)
        holds = band(shares)
        said = f"{holds.min():g} to {holds.max():g} uM" if len(holds) else "nowhere"
        lines.append(f"{law}: most choices of four weaken the silent spine, of three do not: {said}")
        for amount in sorted({float(changes.influx.sel(influx=a, method="nearest")) for a in (2.5, 5.0, 10.0, 20.0)}):
            at = changes.sel(influx=amount)
            cells = [
                f"{float(at.isel(spine=SILENT).where(at.number == n).mean()):+.2f} ({float(share):.2f})"
                for n, share in zip(shares.number.values, shares.sel(influx=amount).values, strict=True)
            ]
            lines.append(f"  {amount:6.2f} uM: " + "  ".join(cells))
    lines.append(f"silent spine at {influx:g} uM, by active spines {table.active.values.tolist()}; 10 um away")
    for level in table.level.values:
        one = table.sel(level=level).isel(spine=SILENT)
        cells = [f"{float(c):+.2f} +- {float(e):.2f}" for c, e in zip(one.change, one.error, strict=True)]
        far = float(np.abs(table.change.sel(level=level).isel(spine=FAR)).max())
        lines.append(f"  {level:<20}" + "".join(f"{cell:>17}" for cell in cells) + f"{far:>9.2f}")
    return lines


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    laws = ("literal", "consistent", "mesh")
    found = {law: counted(kernel_of(law), INFLUXES[:: 3 if given.quick else 1]) for law in laws}
    holds = {law: band(depressed(one)) for law, one in found.items()}
    common = np.intersect1d(holds["consistent"], holds["mesh"])
    influx = float([*common, *holds["consistent"], 5.0][0])
    table = levels(given.stores, influx, *((8, 0) if given.quick else (30, 3)))
    print("\n".join(numbers(found, table, influx)))
    plot(found, table, influx, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
