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
from neighbours import LEAST, Kernel, change, kernel, trials  # noqa: E402

from spinemc.errors import ScenarioError  # noqa: E402
from spinemc.scenario import Scenario, load_scenario, override  # noqa: E402

SILENT, ACTIVE, OUTSIDE, FAR = 0, (1, 2, 3, 4, 5, 6), 7, 8
"""Spines by number: between the others, around it, 2 um beside the cluster, and 10 um from the silent one."""

FREQUENCY, INPUTS, TAIL = 50.0, 10, 0.1
"""Of the inputs to each active spine [Hz], and how long weights are followed after the last [s]."""

INFLUXES = tuple(np.geomspace(1.0, 40.0, 33).round(2))
"""What one input puts into a head [uM]."""


def loaded(*settings: str) -> Scenario:
    """The scenario, with settings laid over it."""
    return override(load_scenario(HERE / "scenario.toml"), *settings)


def kernel_of(law: str, *settings: str) -> Kernel:
    """What an input to each of the active spines does to all, by a law of exchange."""
    return kernel(loaded(f"run.exchange={law}", *settings), ACTIVE)


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


def noisy(folder: Path, influx: float, number: int, active: Sequence[Sequence[int]]) -> xr.DataArray:
    """Changes in trials of well-mixed parts, (choice, spine, trial) [%]."""
    values = []
    for choice in active:
        given = inputs(choice, influx)
        times = ", ".join(f'"{1e3 * time:g} ms"' for time in sorted({time for _, time, _ in given}))
        releases = ", ".join(
            f'{{ species = "Ca", concentration = "{influx} uM", in = "spine_{spine + 1}.head", time = [{times}] }}'
            for spine in choice
        )
        settings = (
            "run.engine=compartments", "run.exchange=consistent", f"run.trials={number}", f"release=[{releases}]",
            f"run.t_stop={1e3 * (given[-1][1] + TAIL):g} ms",
        )  # fmt: skip
        values.append(trials(loaded(), folder / f"active_{len(choice)}.zarr", *settings).values.T)
    return xr.DataArray(
        np.stack(values), {"number": ("choice", [len(c) for c in active])}, ("choice", "spine", "trial")
    )


def numbers(found: dict[str, xr.DataArray], spread: xr.DataArray, influx: float) -> list[str]:
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
    lines.append(f"trials at {influx:g} uM, consistent:")
    for k, n in enumerate(spread.number.values):
        silent, far = (spread.isel(choice=k, spine=s).values for s in (SILENT, FAR))
        error = silent.std(ddof=1) / np.sqrt(len(silent))
        lines.append(f"  {n} active: silent {silent.mean():+.2f} +- {error:.2f} %, 10 um away {far.mean():+.2f} %")
    return lines


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    found = {law: counted(kernel_of(law), INFLUXES[:: 3 if given.quick else 1]) for law in ("literal", "consistent")}
    holds = band(depressed(found["consistent"]))
    influx = float(holds[0]) if len(holds) else 5.0
    spread = noisy(given.stores, influx, 8 if given.quick else 30, ((3,), (1, 3, 5), (1, 3, 4, 6), ACTIVE))
    print("\n".join(numbers(found, spread, influx)))
    plot(found, spread, influx, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
