"""Noise of free calcium in theory, and out of the stores of this study."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr

from spinemc.plans import prepare
from spinemc.scenario import Scenario, load_scenario, override, parse_scenario
from spinemc.scenario.sweeps import Sweep, Varied, points
from spinemc.twins import noise
from spinemc.twins.wells import Wells, wells

HERE = Path(__file__).resolve().parent
VOLUMES = (0.004, 0.012, 0.036, 0.1, 0.27, 0.6)  # [um^3]
SHOWN = 0.1  # of them, the one whose spectra and pulse are drawn
BUFFERS = (1.0, 2.1, 4.2, 9.0, 18.0, 36.9)  # [uM] of the closed head
KINDS = {
    "rest": ("rest", ("release.3.concentration=0 uM", "release.4.concentration=0 uM")),
    "rest_buffer": ("rest", ()),
    "closed": ("closed", ()),
    "pulse": ("pulse", ("release.2.concentration=0 uM",)),
    "pulse_buffer": ("pulse", ()),
}
"""By name: a scenario file, and what is laid over it."""

SETTLED = {"rest": 40e-3, "rest_buffer": 40e-3, "closed": 5e-3}
"""Time after which exact numbers at the beginning are forgotten [s]: to 0.4 % of the variance at least."""


def radius(volume: float) -> float:
    """The radius of a ball [um] of some volume [um^3]."""
    return float((3.0 * volume / (4.0 * np.pi)) ** (1.0 / 3.0))


def scenario(kind: str, *settings: str) -> Scenario:
    """The scenario of a kind, with settings laid over it."""
    file, own = KINDS[kind]
    return load_scenario(HERE / f"{file}.toml", (*own, *settings))


def sizes(volumes: tuple[float, ...]) -> Sweep:
    """The points of a series of balls."""
    return points([Varied("geometry.shape.radius", tuple(f"{radius(v):.5f} um" for v in volumes))], "grid")


def amounts(buffers: tuple[float, ...]) -> Sweep:
    """The points of a series of closed heads by their buffer [uM]."""
    return points([Varied("release.2.concentration", tuple(f"{b:g} uM" for b in buffers))], "grid")


def network(made: Scenario) -> Wells:
    """The network of a scenario: calcium is its first state."""
    return _network(made.text, made.path)


@cache
def _network(text: str, path: Path) -> Wells:
    system = prepare(parse_scenario(text, path))
    return wells(system.scenario, system.geometry, system.network)


def networks(made: Scenario, varied: Sweep) -> list[Wells]:
    """The networks of the points of a sweep."""
    return [network(override(made, *settings)) for settings in varied.settings]


def settled(made: list[Wells]) -> tuple[np.ndarray, np.ndarray]:
    """(point,) Mean and variance of free calcium that networks come to, by the linear noise approximation."""
    each = [noise.stationary_noise(one) for one in made]
    return np.array([m.mean[0, 0] for m in each]), np.array([m.covariance[0, 0, 0] for m in each])


def passing(made: list[Wells], time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(point, time) Mean and variance of free calcium from the beginning on, by the linear noise approximation."""
    each = [noise.linear_noise(one, time) for one in made]
    return np.array([m.mean[:, 0] for m in each]), np.array([m.covariance[:, 0, 0] for m in each])


def exact(made: list[Wells]) -> np.ndarray:
    """(point,) Fano factors of free calcium from the exact distribution of closed networks."""
    found = []
    for one in made:
        states, p = noise.stationary_distribution(one)
        mean = p @ states[:, 0]
        found.append(p @ (states[:, 0] - mean) ** 2 / mean)
    return np.array(found)


def points_of(tree: xr.DataTree) -> Sweep:
    """The points of a store of sizes."""
    return points([Varied("geometry.shape.radius", tuple(f"{r:.5f} um" for r in tree["counts/radius"].values))], "grid")


def volumes_of(tree: xr.DataTree) -> np.ndarray:
    return tree["counts/volume"].sel(compartment="cytosol").values


def uptake(made: Wells) -> float:
    """The rate [1/s] at which the membrane takes an ion up: of the channel that only takes calcium."""
    return next(channel.scale for channel in made.channels if channel.reactants == (0,))


def pooled(series: xr.DataArray) -> xr.Dataset:
    """Mean, Fano factor and coefficient of variation of a stationary number, over trials and times alike.

    Parameters
    ----------
    series : DataArray
        (..., trial, time)

    Returns
    -------
    xarray.Dataset
        `mean`, `fano`, `cv`, each with `_error`, by the jackknife over trials.
    """
    n = series.sizes["trial"]
    first, second = series.mean("time"), (series.astype(float) ** 2).mean("time")

    def values(a: xr.DataArray, b: xr.DataArray) -> xr.Dataset:
        return xr.Dataset({"mean": a, "fano": b / a - a, "cv": np.sqrt(b - a**2) / a})

    whole = values(first.mean("trial"), second.mean("trial"))
    left = values(*((x.sum("trial") - x) / (n - 1) for x in (first, second)))
    error = np.sqrt((n - 1) * left.var("trial"))
    return whole.merge({f"{name}_error": error[name] for name in error})


def at_rest(kind: str, tree: xr.DataTree) -> xr.Dataset:
    """What `pooled` tells of free calcium of a store at rest, once it has settled."""
    return pooled(tree.spinemc.series("Ca", between=(SETTLED[kind], np.inf)))


def at_peak(tree: xr.DataTree, mean: np.ndarray) -> xr.Dataset:
    """Moments of free calcium at each size when its expected mean (radius, time) is the largest."""
    when = xr.DataArray(tree["counts/time"].values[mean.argmax(axis=1)], dims="radius")
    return tree.spinemc.moments("Ca").sel(time=when)


def spectrum(found: dict[str, xr.DataTree], kind: str) -> xr.Dataset:
    """The spectrum of free calcium in the long run of a kind."""
    return long_series(found, kind).spinemc.spectrum(segment=2000, taper="hann")


def long_series(found: dict[str, xr.DataTree], kind: str) -> xr.DataArray:
    return found[f"{kind}_long"].spinemc.series("Ca", between=(SETTLED[kind], np.inf))
