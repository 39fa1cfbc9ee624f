"""Two spines with the same input and different necks: when one strengthens and the other weakens, by level."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import options  # noqa: E402
from in_memory import kept  # noqa: E402
from neighbours import LAWS, LEAST, LEVELS, change, means, sign, trials  # noqa: E402
from spine_divergence.panels import plot  # noqa: E402

from spinemc import observables  # noqa: E402
from spinemc.observables.intervals import proportion  # noqa: E402
from spinemc.plans import prepare  # noqa: E402
from spinemc.scenario import Scenario, load_scenario, override  # noqa: E402
from spinemc.scenario.sweeps import Sweep, points, varied  # noqa: E402

RADII = (40.0, 50.0, 60.0, 80.0, 100.0, 120.0, 150.0)
LENGTHS = (0.25, 0.45, 0.7, 1.0)
"""Of the second spine's neck [nm], [um]."""

THREE, LENGTH = (40.0, 80.0, 150.0), 0.45
"""Necks at which all levels are laid side by side [nm], [um]."""

EQUAL = 100.0
"""Radius of both necks where they are alike [nm]: where the second spine's fate is least sure."""

SHAFT, DISTANCE = 8.0, 1.0
"""Length of the shaft, and between the feet [um]."""

FACTORS = tuple(np.geomspace(0.2, 6.0, 25))
RATIOS = tuple(np.linspace(1.2, 8.0, 18))
"""Influx over that of the scenario, and theta_p over theta_d, in the scan."""


class Parted(NamedTuple):
    """How often two fates part, and whether they do as two independent draws would.

    Attributes
    ----------
    share, low, high : float
        Trials in which they differ, with the interval at 95 %.
    expected : float
        The same of spines drawn from different trials.
    p : float
        Of a share as far from that or farther, by permutation.
    """

    share: float
    low: float
    high: float
    expected: float
    p: float


def loaded(*settings: str) -> Scenario:
    """The scenario, with settings laid over it."""
    return override(load_scenario(HERE / "scenario.toml"), *settings)


def apart(distance: float) -> tuple[str, str]:
    """Both spines at a distance [um] about the middle of the shaft, as settings."""
    ways = 0.5 * (SHAFT - distance), 0.5 * (SHAFT + distance)
    first, second = (f"geometry.shape.spine.{k}.at={way:g} um" for k, way in enumerate(ways, 1))
    return first, second


def necks(radii: Sequence[float], lengths: Sequence[float] = (LENGTH,)) -> Sweep:
    """Necks of the second spine [nm], [um], as the points of a sweep."""
    key = "geometry.shape.spine.2"
    return points(
        [
            varied(f"{key}.neck_radius=" + ",".join(f"{a:g} nm" for a in radii)),
            varied(f"{key}.neck_length=" + ",".join(f"{b:g} um" for b in lengths)),
        ],
        "grid",
    )


def chart(
    folder: Path,
    level: str,
    number: int,
    radii: Sequence[float] = THREE,
    lengths: Sequence[float] = (LENGTH,),
    *settings: str,
) -> xr.Dataset:
    """What becomes of both spines, over the second one's neck.

    Parameters
    ----------
    folder : Path
        Of the stores.
    level : str
        Of `neighbours.LEVELS`.
    number : int
        Of trials; means have one.
    radii, lengths : sequence of float
        [nm], [um]
    *settings : str

    Returns
    -------
    xarray.Dataset
        `change` (radius, length, trial, spine) [%], its `mean` and standard `error`; `probability` (radius, length,
        spine, outcome) with `_low` and `_high` (Wilson, 95 %).
    """
    out = folder / f"{level.replace(', ', '_')}_{len(radii)}x{len(lengths)}.zarr"
    asked = (*LEVELS[level], f"run.trials={number}", *apart(DISTANCE), *settings)
    found = trials(loaded(), out, *asked, varied=necks(radii, lengths))
    known = {"spine_2_neck_radius": "radius", "spine_2_neck_length": "length", "synapse": "spine"}
    found = found.rename(known).assign_coords(radius=list(radii))
    told = observables.outcomes(found, (-LEAST, LEAST))
    n = found.sizes["trial"]
    error = found.std("trial", ddof=1) / np.sqrt(n) if n > 1 else xr.full_like(found.mean("trial"), np.nan)
    return told.assign(change=found, mean=found.mean("trial"), error=error)


def equal(folder: Path, number: int, *settings: str) -> np.ndarray:
    """Changes of both weights in trials on the mesh where both necks are `EQUAL`, (trial, spine) [%]."""
    radii = (f"geometry.shape.spine.{k}.neck_radius={EQUAL:g} nm" for k in (1, 2))
    asked = (*LEVELS["mesh, trials"], f"run.trials={number}", *apart(DISTANCE), *radii, *settings)
    return np.asarray(trials(loaded(), folder / "equal.zarr", *asked).values)


def parted(pairs: np.ndarray, draws: int = 4999, seed: int = 1) -> Parted:
    """Whether the fates of two spines part by chance only.

    Parameters
    ----------
    pairs : (trial, 2) float64
        Changes of the weights [%].
    draws, seed : int
        Of the permutations of one spine's trials, against the other's.
    """
    first, second = sign(pairs).T
    share = float((first != second).mean())
    generator = np.random.default_rng(seed)
    drawn = np.array([(first != generator.permutation(second)).mean() for _ in range(draws)])
    expected = float(drawn.mean())
    far = np.abs(drawn - expected) >= np.abs(share - expected) - 1e-12
    _, _, low, high = proportion(int((first != second).sum()), len(first), 0.95)
    return Parted(share, float(low), float(high), expected, float((1 + far.sum()) / (1 + draws)))


def calcium(law: str, radius: float, *settings: str) -> np.ndarray:
    """What the rate equations have in both heads with a neck [nm] of the second one, (spine, t) [uM]."""
    scenario = loaded(
        *LEVELS[law], *apart(DISTANCE), f"geometry.shape.spine.2.neck_radius={radius:g} nm", *settings
    )  # fmt: skip
    return means(prepare(replace(scenario, plasticity=())))


def levels() -> xr.Dataset:
    """`calcium` in both heads, by law of exchange in the order of `LAWS` and neck, (law, radius, spine, t) [uM]."""
    found = np.array([[calcium(law, a) for a in THREE] for law in LAWS])
    return xr.Dataset({"calcium": (("law", "radius", "spine", "t"), found)}, {"radius": list(THREE)})


def is_parted(narrow: np.ndarray, wide: np.ndarray, factor: float, **parameters: float) -> bool:
    """Whether the second spine strengthens on a narrow neck and weakens on a wide one, at a multiple of the influx."""
    scenario = loaded()
    step = scenario.run.sample_every
    signs = sign(change(scenario, step, factor * np.stack([narrow[1], wide[1]]), **parameters))
    return signs.tolist() == [1, -1]


def scan(
    narrow: np.ndarray, wide: np.ndarray, factors: Sequence[float] = FACTORS, ratios: Sequence[float] = RATIOS
) -> xr.DataArray:
    """Where the two necks make two fates: (ratio, influx) bool, over theta_p over theta_d, and influx over theta_d."""
    scenario = loaded()
    theta = float(scenario.plasticity[0].parameters["theta_d"])
    values = [[is_parted(narrow, wide, factor, theta_p=theta * ratio) for factor in factors] for ratio in ratios]
    coords = {"ratio": list(ratios), "influx": let_in(scenario) * np.array(factors)}
    return xr.DataArray(values, coords, ("ratio", "influx"), "parted")


def let_in(scenario: Scenario) -> float:
    """Ions that the channels of a head let in altogether, on average."""
    passed, shut = (one.kf.value[0] for one in scenario.reaction[:2])
    return float(scenario.release[0].count * passed / shut)


def numbers(
    whole: xr.Dataset, beside: dict[str, xr.Dataset], scans: dict[str, xr.DataArray], pair: Parted
) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = ["mesh, trials: share of trials whose second spine is potentiated, depressed; mean change [%]"]
    lines.append(f"{'nm':>5}" + "".join(f"{f'{b:g} um':>46}" for b in whole.length.values))
    for a in whole.radius.values:
        cells = [told(whole.sel(radius=a, length=b), 1) for b in whole.length.values]
        lines.append(f"{a:5g}" + "".join(f"{cell:>46}" for cell in cells))
    for k, who in ((1, "second spine"), (0, "first spine")):
        lines += ["", f"{who}, by level: " + ", ".join(f"{a:g} nm" for a in THREE)]
        for name, found in beside.items():
            cells = [told(found.sel(radius=a).isel(length=0), k) for a in found.radius.values]
            lines.append(f"{name:<20}" + "".join(f"{cell:>46}" for cell in cells))
    lines.append("")
    for law, found in scans.items():
        theta = float(loaded().plasticity[0].parameters["theta_p"])
        own = found.sel(ratio=theta / 0.2, method="nearest")
        band = own.influx.values[own.values]
        said = f"{band.min():.0f} to {band.max():.0f} ions" if len(band) else "nowhere"
        lines.append(f"{law}: fates part in {float(found.mean()):.1%} of the plane, at theta_p/theta_d = 4: {said}")
    share = f"{pair.share:.2f} [{pair.low:.2f}, {pair.high:.2f}]"
    lines.append(
        f"both necks {EQUAL:g} nm: fates part in {share} of trials, {pair.expected:.2f} expected, p = {pair.p:.2f}"
    )
    return lines


def told(one: xr.Dataset, spine: int) -> str:
    """The mean change of a spine, with its error and both probabilities where there are trials, in a cell."""
    at = one.isel(spine=spine)
    if not np.isfinite(at.error):
        return f"{float(at['mean']):+.2f}"
    ends = ("probability", "probability_low", "probability_high")
    cells = [[float(at[end].sel(outcome=name)) for end in ends] for name in ("potentiated", "depressed")]
    chances = " ".join("{:.2f} [{:.2f}, {:.2f}]".format(*cell) for cell in cells)
    return f"{chances} {float(at['mean']):+.2f} +- {float(at.error):.2f}"


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    number, particles, both = (40, 1, 60) if given.quick else (100, 3, 200)
    radii, lengths = (THREE, (LENGTH,)) if given.quick else (RADII, LENGTHS)
    asked = loaded().text, tuple(LAWS), THREE
    level = kept(given.stores / "levels.zarr", asked, levels)["calcium"].assign_coords(law=list(LAWS))
    coarse = (FACTORS[::3], RATIOS[::3]) if given.quick else (FACTORS, RATIOS)
    scans = {law: scan(*level.sel(law=law).values[[0, -1]], *coarse) for law in LAWS}
    whole = chart(given.stores, "mesh, trials", number, radii, lengths)
    means_of = chart(given.stores, "mesh", 1, radii, lengths)
    known = {"mesh": means_of, "mesh, trials": whole}
    of = {name: particles if name == "particles" else number for name in LEVELS}
    beside = {
        name: known[name].sel(radius=list(THREE), length=[LENGTH]) if name in known else chart(given.stores, name, n)
        for name, n in of.items()
    }
    pair = parted(equal(given.stores, both))
    print("\n".join(numbers(whole, beside, scans, pair)))
    plot(level, whole, means_of, beside, scans, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
