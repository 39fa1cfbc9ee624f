"""Where the rate equations say yes or no and a spine says perhaps: runs, prints and draws the study of this folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from spinemc import observables
from spinemc.scenario import Scenario, load_scenario
from spinemc.units import MICROMOLAR

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from common import options, ran  # noqa: E402
from in_memory import kept, trials_of  # noqa: E402
from outcome_figure import numbers, plot  # noqa: E402

SCENARIO = HERE / "scenario.toml"
PULSE = "release.1.concentration"
THETA = 400.0 / 0.09 / MICROMOLAR  # of potentiation, in the paper's concentration variant [umol/L]
BAND = (-2e-4, 2e-4)  # weights that are no change: a choice
LAST = 45e-3  # when the last pulse comes [s]
SUBTHRESHOLD = (0.0, 0.6, 0.8)  # pulses over the least whose peak reaches THETA without noise
PAIRS = {"0.6 or 0.8": (1, 2), "none or 0.8": (0, 2)}
SPAN = (0.6, 11.0)  # pulses of the map [umol/L]
READINGS = ("at the last pulse", "at any time", "by the rule")
"""How it is told that a trial is potentiated: calcium above THETA at one time or ever, or the weight above its band."""


class Size(NamedTuple):
    """How much is run: volumes [um^3], numbers of strengths, and trials, of each part."""

    map_volumes: tuple[float, ...]
    map_strengths: int
    map_trials: int
    band_volumes: tuple[float, ...]
    band_strengths: int
    band_trials: int
    told_volumes: tuple[float, ...]
    told_trials: int
    particle_volumes: tuple[float, ...]
    particle_trials: int


def spaced(low: float, high: float, number: int) -> tuple[float, ...]:
    """Values apart by a factor."""
    return tuple(float(v) for v in np.geomspace(low, high, number))


FULL = Size(spaced(0.01, 0.6, 9), 25, 40, spaced(0.01, 0.6, 8), 9, 250, spaced(3e-4, 0.6, 10), 600, (0.01, 0.03), 60)
QUICK = Size(spaced(0.01, 0.6, 5), 15, 40, spaced(0.01, 0.6, 4), 9, 120, spaced(3e-4, 0.6, 6), 300, (0.01,), 15)


def scenario(volume: float, pulse: float, trials: int, seed: int = 1, engine: str = "compartments") -> Scenario:
    """The scenario with a head of about a volume [um^3], the mesh's own is a few per cent less, and pulses [umol/L]."""
    radius = (0.75 * volume / np.pi) ** (1.0 / 3.0)
    settings = {
        "geometry.shape.radius": f"{radius:.6g} um",
        PULSE: f"{pulse:.9g} uM",
        "run.trials": trials,
        "run.seed": seed,
        "run.engine": engine,
    }
    if engine == "particles":
        settings["run.cell"] = "80 nm"
    return load_scenario(SCENARIO, [f"{key}={value}" for key, value in settings.items()])


def read(count: xr.DataArray, volume: float, weight: xr.DataArray) -> xr.Dataset:
    """Of each trial: `peak` and calcium at the `last` pulse [umol/L], and the `weight` in the end; and the volume."""
    calcium = count / (volume * MICROMOLAR)
    last = calcium.sel(time=LAST, method="nearest", drop=True)
    return xr.Dataset({"peak": calcium.max("time"), "last": last, "weight": weight.isel(time=-1), "volume": volume})


def mixed(volume: float, pulse: float, trials: int, seed: int = 1, engine: str = "compartments") -> xr.Dataset:
    """What is read of trials of a well-mixed head, or of the rate equations."""
    found = trials_of(scenario(volume, pulse, trials, seed, engine))
    count = found["count"].sel(species="Ca", drop=True)
    return read(count, float(found["volume"]), found["weight"]).drop_vars("time", errors="ignore")


def grid(
    volumes: tuple[float, ...], pulses: np.ndarray, trials: int, seed: int, engine: str = "compartments"
) -> xr.Dataset:
    """Trials over volumes, and over the pulses of each (volume, pulse); each point has a seed of its own."""
    rows = []
    for i, (volume, row) in enumerate(zip(volumes, pulses, strict=True)):
        first = seed + i * len(row)
        each = [mixed(volume, float(a), trials, first + k, engine) for k, a in enumerate(row)]
        rows.append(xr.concat(each, "pulse"))
    return xr.concat(rows, "head").assign(strength=(("head", "pulse"), pulses))


def potentiated(values: xr.Dataset) -> xr.DataArray:
    """(reading, ..., trial) Whether each trial is, by each reading."""
    each = [values["last"] >= THETA, values["peak"] >= THETA, values["weight"] > BAND[1]]
    return xr.concat(each, xr.DataArray(list(READINGS), dims="reading", name="reading"))


class Certain(NamedTuple):
    """What the rate equations say: (pulse,) values over the span; and the least pulse of each reading [umol/L]."""

    values: xr.Dataset
    limit: dict[str, float]


def certain(number: int = 141) -> Certain:
    """The rate equations over the whole span of pulses, for a head of 0.1 um^3."""
    strengths = np.geomspace(*SPAN, number)
    values = grid((0.1,), strengths[None], 1, 1, "ode").isel(head=0, trial=0)
    limit = {}
    for reading, name, level in zip(READINGS, ("last", "peak", "weight"), (THETA, THETA, BAND[1]), strict=True):
        y = values[name].values - level
        k = int(np.flatnonzero((y[:-1] < 0.0) & (y[1:] >= 0.0))[-1])
        share = -y[k] / (y[k + 1] - y[k])
        limit[reading] = float(strengths[k] * (strengths[k + 1] / strengths[k]) ** share)
    return Certain(values, limit)


def chart(folder: Path, size: Size) -> xr.Dataset:
    """The wide map: every trial over volumes and pulses."""
    pulses = np.tile(np.geomspace(*SPAN, size.map_strengths), (len(size.map_volumes), 1))
    asked = ("map", SCENARIO.read_text(), size.map_volumes, pulses.tolist(), size.map_trials)
    return kept(folder / "map.zarr", asked, lambda: grid(size.map_volumes, pulses, size.map_trials, 10_000))


@dataclass(frozen=True)
class Bands:
    """The uncertain bands of input: P(potentiated) = Phi((A - middle) / width) for pulses A at each volume.

    Attributes
    ----------
    volume : (v,) float64
        [um^3]
    width, middle : (reading, v) float64
        Over the limit of the rate equations [1].
    width_error, middle_error : (reading, v) float64
    exponent, exponent_error : (reading,) float64
        Of the width as a power of the volume.
    theory : (v,) float64
        The width at the last pulse by the linear noise approximation.
    """

    volume: np.ndarray
    width: np.ndarray
    width_error: np.ndarray
    middle: np.ndarray
    middle_error: np.ndarray
    exponent: np.ndarray
    exponent_error: np.ndarray
    theory: np.ndarray


def bands(folder: Path, size: Size, limit: Mapping[str, float], resamples: int = 200) -> Bands:
    """Run the neighbourhood of each limit at each volume, and fit the bands; errors are by parametric bootstrap."""
    spread = 1.0 / np.sqrt(THETA * MICROMOLAR * np.array(size.band_volumes))
    z = np.linspace(-3.0, 3.0, size.band_strengths)
    shares, answers, volume = [], [], np.zeros(len(spread))
    for name, reading, shift in (("crossing", READINGS[1], 0.4), ("rule", READINGS[2], 0.0)):
        share = 1.0 + (z - shift) * spread[:, None]
        asked = (name, SCENARIO.read_text(), size.band_volumes, share.tolist(), size.band_trials, limit[reading])
        run = (size.band_volumes, share * limit[reading], size.band_trials, 20_000 if name == "rule" else 30_000)
        values = kept(folder / f"{name}.zarr", asked, lambda run=run: grid(*run))
        yes = potentiated(values).sum("trial").values
        volume = values["volume"].isel(pulse=0).values
        for k in (2,) if name == "rule" else (0, 1):
            shares.append(share)
            answers.append(yes[k])
    rng, n = np.random.default_rng(0), size.band_trials
    draws = np.array([np.array(answers), *(rng.binomial(n, np.array(answers) / n) for _ in range(resamples))])
    fits = np.array(
        [[[probit(*row, n) for row in zip(a, k, strict=True)] for a, k in zip(shares, d, strict=True)] for d in draws]
    )
    middle, width = np.moveaxis(fits, -1, 0)  # (draw, reading, volume)
    slope = np.polyfit(np.log(volume), np.log(width).reshape(-1, len(volume)).T, 1)[0].reshape(width.shape[:2])
    error = [x[1:].std(axis=0, ddof=1) for x in (width, middle, slope)]
    theory = np.array([linear_width(v, limit[READINGS[0]]) for v in size.band_volumes])
    return Bands(volume, width[0], error[0], middle[0], error[1], slope[0], error[2], theory)


def probit(strength: np.ndarray, yes: np.ndarray, trials: int) -> tuple[float, float]:
    """Middle and width of P(yes) = Phi((strength - middle) / width), of the greatest likelihood."""
    from scipy.optimize import minimize
    from scipy.special import log_ndtr

    def unlikely(x: np.ndarray) -> float:
        z = (strength - x[0]) * np.exp(x[1])
        return -float(yes @ log_ndtr(z) + (trials - yes) @ log_ndtr(-z))

    middle = float(np.interp(0.5, np.maximum.accumulate(yes / trials), strength))
    start = np.array([middle, -np.log(0.2 * np.ptp(strength))])
    found = minimize(unlikely, start, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-5})
    return float(found.x[0]), float(np.exp(-found.x[1]))


def linear_width(volume: float, limit: float) -> float:
    """The width of the band at the last pulse, over the limit [1], by the linear noise approximation.

    It is the standard deviation of calcium at that time over how much its mean changes with the pulse.
    """
    from spinemc.plans import prepare
    from spinemc.twins.noise import linear_noise
    from spinemc.twins.wells import wells

    mean, square = [], []
    for pulse in (limit, 1.01 * limit):
        system = prepare(scenario(volume, pulse, 1))
        network = wells(system.scenario, system.geometry, system.network)
        found = linear_noise(network, np.array([0.0, LAST]))
        k = next(k for k, name in enumerate(network.names) if name.startswith("Ca in"))
        mean.append(found.mean[-1, k])
        square.append(found.covariance[-1, k, k])
    return float(np.sqrt(square[0]) * 0.01 / (mean[1] - mean[0]))


@dataclass(frozen=True)
class Told:
    """What the crossing and the peak tell of inputs that never cross without noise.

    Attributes
    ----------
    volume : (v,) float64
        [um^3]
    crossed : (v, stimulus) float64
        Share of trials.
    crossing, peak : dict
        By pair of stimuli: `information` over `head`, of the crossing and of the peak in eight bins.
    """

    volume: np.ndarray
    crossed: np.ndarray
    crossing: dict[str, xr.Dataset]
    peak: dict[str, xr.Dataset]


def told(folder: Path, size: Size, limit: float) -> Told:
    """Run the inputs below threshold at each volume."""
    pulses = np.tile(np.array(SUBTHRESHOLD) * limit, (len(size.told_volumes), 1))
    asked = ("told", SCENARIO.read_text(), size.told_volumes, pulses.tolist(), size.told_trials)
    values = kept(folder / "told.zarr", asked, lambda: grid(size.told_volumes, pulses, size.told_trials, 40_000))
    above = (values["peak"] >= THETA).astype(float)
    crossing, peak = {}, {}
    for name, pair in PAIRS.items():
        crossing[name] = observables.information(above.isel(pulse=list(pair)), "pulse")
        peak[name] = observables.information(values["peak"].isel(pulse=list(pair)), "pulse", bins=8)
    return Told(values["volume"].isel(pulse=0).values, above.mean("trial").values, crossing, peak)


def particles(folder: Path, size: Size, limit: float) -> tuple[xr.Dataset, xr.Dataset]:
    """Points near the limit of the rule with molecules that move, and the same well mixed with ten times the trials."""
    pulses = limit * np.array([0.85, 1.0, 1.15])
    rows = []
    for volume in size.particle_volumes:
        row = []
        for k, pulse in enumerate(pulses):
            made = scenario(volume, float(pulse), size.particle_trials, 1 + k, "particles")
            tree = ran(made, folder / f"particles_{volume:g}_{k}.zarr", progress=False)
            count = observables.series(tree, "Ca")
            weight = tree["plasticity/bell2022/weight"].isel(synapse=0).load()
            own = float(tree["counts/volume"].sel(compartment="cytosol"))
            row.append(read(count, own, weight).drop_vars(["time", "synapse"], errors="ignore"))
        rows.append(xr.concat(row, "pulse"))
    volumes = size.particle_volumes
    strengths = np.tile(pulses, (len(volumes), 1))
    asked = ("mixed", SCENARIO.read_text(), volumes, strengths.tolist(), size.particle_trials)
    same = kept(folder / "mixed.zarr", asked, lambda: grid(volumes, strengths, 10 * size.particle_trials, 50_000))
    return xr.concat(rows, "head").assign(strength=(("head", "pulse"), strengths)), same


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    size = QUICK if given.quick else FULL
    sure = certain()
    wide = chart(given.stores, size)
    found = bands(given.stores, size, sure.limit)
    heard = told(given.stores, size, sure.limit[READINGS[1]])
    pair = particles(given.stores, size, sure.limit[READINGS[2]])
    print("\n".join(numbers(sure, wide, found, heard, pair)))
    plot(sure, wide, found, heard, pair, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
