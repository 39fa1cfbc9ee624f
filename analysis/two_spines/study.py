"""Two spines, one of them stimulated: which of them strengthen and weaken, by frequency, distance, level and noise."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import options  # noqa: E402
from levels import LEVELS, PIECES, side_by_side  # noqa: E402
from neighbours import Kernel, change, kernel, sign, train  # noqa: E402
from two_spines.panels import plot  # noqa: E402

from spinemc.scenario import Scenario, load_scenario, override  # noqa: E402

FREQUENCIES = (0.0, 2.0, 5.0, 10.0, 20.0, 35.0, 50.0, 70.0, 100.0)
"""Of ten inputs [Hz]; 0 stands for one input alone."""

DISTANCES = (0.6, 1.0, 1.5, 2.0, 3.0, 4.0)
"""Between the feet [um]."""

INPUTS, TAIL = 10, 0.1
"""Inputs of a train, and how long weights are followed after the last [s]."""

FAST = 100.0
"""The frequency that is called high [Hz]."""

INFLUXES = tuple(np.geomspace(2.0, 200.0, 25))
RATIOS = tuple(np.linspace(1.2, 8.0, 18))
"""What one input puts in [uM], and theta_p over theta_d, in the scan."""


def loaded(*settings: str) -> Scenario:
    """The scenario, with settings laid over it."""
    return override(load_scenario(HERE / "scenario.toml"), *settings)


def kernel_at(distance: float, law: str, *settings: str) -> Kernel:
    """What an input to the first spine does to both at a distance [um], by a law of exchange."""
    return kernel(
        loaded(f"run.exchange={law}", PIECES, f"geometry.shape.spine.2.at={3.0 + distance} um", *settings), (0,)
    )


def outcome(one: Kernel, frequency: float, influx: float, **parameters: float) -> np.ndarray:
    """(2,) What a train, or one input where the frequency is 0, does to the weights of both spines [%]."""
    inputs = train(0, frequency, INPUTS if frequency else 1, influx)
    return change(loaded(), one.step, one.of(inputs, TAIL), **parameters)


def mapped(
    kernels: dict[float, Kernel], influx: float, frequencies: Sequence[float] = FREQUENCIES, **parameters: float
) -> xr.DataArray:
    """Changes of both weights over frequency and distance.

    Parameters
    ----------
    kernels : dict
        By distance [um].
    influx : float
        What one input puts into the head [uM].
    frequencies : sequence of float
        [Hz]
    **parameters : float
        Of the rule.

    Returns
    -------
    xarray.DataArray
        (distance, frequency, spine) [%]
    """
    values = [[outcome(one, f, influx, **parameters) for f in frequencies] for one in kernels.values()]
    coords = {"distance": list(kernels), "frequency": list(frequencies)}
    return xr.DataArray(values, coords, ("distance", "frequency", "spine"))


def is_both(one: Kernel, influx: float, **parameters: float) -> bool:
    """Whether one input makes the spines compete, and a fast train makes them cooperate."""
    alone, fast = (sign(outcome(one, f, influx, **parameters)).tolist() for f in (0.0, FAST))
    return (alone, fast) == ([1, -1], [1, 1])


def scan(one: Kernel, influxes: Sequence[float] = INFLUXES, ratios: Sequence[float] = RATIOS) -> xr.DataArray:
    """Where in the plane of influx over theta_d and of theta_p over theta_d both claims hold: (ratio, influx) bool."""
    theta = float(loaded().plasticity[0].parameters["theta_d"])
    values = [[is_both(one, influx, theta_p=theta * ratio) for influx in influxes] for ratio in ratios]
    return xr.DataArray(
        values, {"ratio": list(ratios), "influx": np.array(influxes) / theta}, ("ratio", "influx"), "both"
    )


def settings_of(frequency: float, influx: float) -> tuple[str, ...]:
    """A train, or one input where the frequency is 0, as settings of the scenario."""
    inputs = train(0, frequency, INPUTS if frequency else 1, influx)
    times = ", ".join(f'"{1e3 * time:g} ms"' for _, time, _ in inputs)
    stop = 1e3 * (inputs[-1][1] + TAIL)
    return f"release.1.time=[{times}]", f"release.1.concentration={influx} uM", f"run.t_stop={stop:g} ms"


def levels(
    folder: Path,
    influx: float,
    number: int = 40,
    particles: int = 4,
    frequencies: Sequence[float] = (0.0, FAST),
    names: Sequence[str] = tuple(LEVELS),
) -> xr.Dataset:
    """Changes of both weights by level and frequency, the spines 1 um apart.

    Parameters
    ----------
    folder, number, particles, names
        As of `neighbours.side_by_side`.
    influx : float
        [uM]
    frequencies : sequence of float
        [Hz]

    Returns
    -------
    xarray.Dataset
        As of `neighbours.side_by_side`, a case for each `frequency`.
    """
    cases = {f: settings_of(f, influx) for f in frequencies}
    return side_by_side(loaded(), folder, cases, number, particles, names).rename(case="frequency")


def numbers(maps: dict[str, xr.DataArray], table: xr.Dataset) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = []
    for name, found in maps.items():
        lines.append(f"{name}: changes of both weights [%], by distance [um] and frequency [Hz] (0: one input)")
        lines.append(f"{'':>6}" + "".join(f"{f:>15g}" for f in found.frequency.values))
        for d in found.distance.values:
            row = found.sel(distance=d).values
            lines.append(f"{d:6.1f}" + "".join(f"{a:8.2f},{b:6.2f}" for a, b in row))
        lines.append("")
    for name in table.level.values:
        cells = []
        for f in table.frequency.values:
            one = table.sel(level=name, frequency=f)
            cells += [f"{float(one.change[s]):8.2f} +- {float(one.error[s]):5.2f}" for s in (0, 1)]
        lines.append(f"{name:<20}" + "".join(f"{cell:>19}" for cell in cells))
    return lines


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    distances = DISTANCES[1::2] if given.quick else DISTANCES
    kernels = {law: {d: kernel_at(d, law) for d in distances} for law in ("literal", "consistent")}
    near = {law: kernels[law][1.0] for law in kernels} | {"mesh": kernel_at(1.0, "mesh")}
    maps = {
        "literal, 10 uM": mapped(kernels["literal"], 10.0),
        "consistent, 10 uM": mapped(kernels["consistent"], 10.0),
        "consistent, 40 uM": mapped(kernels["consistent"], 40.0),
    }
    coarse = (INFLUXES[::3], RATIOS[::3]) if given.quick else (INFLUXES, RATIOS)
    both = {law: scan(one, *coarse) for law, one in near.items()}
    number, particles = (10, 2) if given.quick else (40, 6)
    table = levels(given.stores, 40.0, number, particles, (0.0,) if given.quick else (0.0, FAST))
    print("\n".join(numbers(maps, table)))
    plot(near, maps, both, table, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
