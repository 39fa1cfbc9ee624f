"""What is read out of the stores of this study."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import xarray as xr
from counting_limit.theory import (
    SITES,
    expected,
    radius,
)

from spinemc import observables
from spinemc.plans import prepare
from spinemc.scenario import Scenario, load_scenario, override
from spinemc.scenario.sweeps import Sweep, Varied, points
from spinemc.twins.wells import wells

HERE = Path(__file__).resolve().parent
VOLUMES = (0.004, 0.012, 0.036, 0.1, 0.27, 0.6)  # [um^3]
FEW = (0.004, 0.036, 0.1)  # those that are run with particles too
ALIKE = 0.012  # the volume at which an open and a closed head are compared
INPUTS = {"open": ("reaction.1.kf", ("4.3 /s", "8.6 /s")), "closed": ("release.1.concentration", ("1 uM", "2 uM"))}
DIMS = {"open": "reaction_1_kf", "closed": "release_1_concentration"}
TIMES = (0.0, 10e-3, 100e-3)  # for which a readout is averaged [s]
SETTLED = 60e-3  # after which the beginning is forgotten [s]
APART = 20e-3  # between counts that are taken for independent [s]


def scenario(name: str, *settings: str) -> Scenario:
    """One of the scenarios of this folder, with settings laid over it."""
    return load_scenario(HERE / f"{name}.toml", settings)


def series_of(name: str, volumes: tuple[float, ...]) -> Sweep:
    """The points of a series: two inputs, and some volumes."""
    key, values = INPUTS[name]
    sizes = tuple(f"{radius(v):.5f} um" for v in volumes)
    return points([Varied(key, values), Varied("geometry.shape.radius", sizes)], "grid")


@cache
def networks(name: str, volumes: tuple[float, ...]) -> np.ndarray:
    """(input, volume) The networks of the points of a series."""
    made, varied = scenario(name), series_of(name, volumes)
    found = np.empty(len(varied.settings), object)
    for k, settings in enumerate(varied.settings):
        system = prepare(override(made, *settings))
        found[k] = wells(system.scenario, system.geometry, system.network)
    return found.reshape(2, -1)


def readout(series: xr.DataArray, length: float) -> xr.DataArray:
    """What a reader gets: means of consecutive stretches, or single counts that are far apart.

    Parameters
    ----------
    series : DataArray
        (..., trial, time)
    length : float
        Of a stretch [s]; 0 for single counts.

    Returns
    -------
    DataArray
        (..., trial), with all stretches of all trials one after another.
    """
    time = series["time"].values
    number = max(round((length or APART) / (time[1] - time[0])), 1)
    cut = series.coarsen(time=number, boundary="trim").construct(time=("stretch", "within"))
    read = cut.mean("within") if length else cut.isel(within=0)
    stacked = read.rename(trial="one").stack(trial=("one", "stretch"))
    return stacked.drop_vars(["trial", "one", "stretch"], errors="ignore").transpose(..., "trial")


def discriminability(response: xr.DataArray, inputs: str) -> xr.Dataset:
    """The distance d' of the responses to two inputs, in standard deviations, and its standard error.

    Returns
    -------
    xarray.Dataset
        `d`, `d_error`; the error is that for normal responses.
    """
    mean, variance, n = response.mean("trial"), response.var("trial", ddof=1), response.sizes["trial"]
    d = mean.diff(inputs).isel({inputs: 0}, drop=True) / np.sqrt(variance.mean(inputs))
    return xr.Dataset({"d": d, "d_error": np.sqrt(2.0 / n + d**2 / (4.0 * n))})


def of_bath(kind: str, tree: xr.DataTree, length: float) -> tuple[float, float]:
    """(dc/c)^2 of what the monitor or the absorber reads for some time, and its standard error."""
    if kind == "monitor":
        series = tree.spinemc.series("Ca", "monitor", between=(0.2e-3, np.inf))
    else:
        series = tree["events/absorbed"].sel(boundary="Ca at absorber").sel(time=slice(0.3e-3, None)).load()
    read = readout(series, length)
    value = float(read.var("trial", ddof=1) / series.mean() ** 2)
    return value, value * np.sqrt(2.0 / (read.sizes["trial"] - 1))


def read(tree: xr.DataTree, what: str, length: float) -> xr.DataArray:
    """(input, radius, trial) What free ions, `Ca`, or filled sensors, `CaS`, say, once all has settled."""
    return readout(tree.spinemc.series(what, between=(SETTLED, np.inf)), length)


def information(response: xr.DataArray, inputs: str) -> xr.Dataset:
    """As `observables.information`; averages, which hardly come twice, in eight bins."""
    single = np.array_equal(response.values, np.rint(response.values))
    return observables.information(response, inputs, bins=None if single else 8, permutations=20)


def of_concentration(tree: xr.DataTree, made: np.ndarray, k: int, length: float) -> tuple[float, float]:
    """(dc/c)^2 at the lower input, from the variance that free ions and filled sensors have, and from what each says.

    A small change of c changes free ions in proportion, and filled sensors by p (1 - p) of them.
    """
    errors = []
    for what in ("Ca", "CaS"):
        x = read(tree, what, length).isel({DIMS["open"]: 0, "radius": k})
        mean = expected(made[0, k], 0.0, 0 if what == "Ca" else 2)[0]
        gain = mean if what == "Ca" else mean * (1.0 - mean / SITES)
        errors.append(float(x.var("trial", ddof=1)) / gain**2)
    return errors[0], errors[1]
