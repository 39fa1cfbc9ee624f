"""Noise of few receptors against that of the ions: runs, prints and draws the study of this folder."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from spinemc import observables

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from common import options, ran  # noqa: E402
from in_memory import kept, trials_of  # noqa: E402
from receptor_figure import numbers, plot  # noqa: E402
from receptors import BOTH, FULL, GATING, KINDS, NUMBER, Kind, scenario, telegraph, written  # noqa: E402

MEASURES = ("entered", "at peak", "peak", "integral")
"""Ions that entered; free calcium when its mean is highest; its highest in each trial; its integral [ms]."""


class Size(NamedTuple):
    """How much is run."""

    numbers: tuple[int, ...]
    trials: int
    ion_trials: int
    telegraph_numbers: tuple[int, ...]
    telegraph_trials: int
    particle_numbers: tuple[int, ...]
    particle_trials: int


FULL_SIZE = Size((1, 3, 10, 30, 100, 300), 250, 800, (1, 3, 10, 30, 100, 300), 1500, (3, 30), 24)
QUICK = Size((1, 10, 100), 100, 300, (1, 10, 100), 300, (10,), 6)


def measured(count: xr.DataArray, kind: Kind) -> xr.Dataset:
    """The measures of each trial, from (trial, time, species) counts."""
    calcium = count.sel(species="Ca", drop=True).astype(float)
    found = {
        "entered": count.sel(species="entered", drop=True).isel(time=-1, drop=True).astype(float),
        "at peak": calcium.sel(time=kind.peak, method="nearest", drop=True),
        "peak": calcium.max("time"),
        "integral": 1e3 * calcium.integrate("time"),
    }
    return xr.Dataset(found)


def scanned(kind: Kind, folder: Path, size: Size) -> dict[str, xr.Dataset]:
    """The measures over `n` of the run in which all vary and of those with a source frozen; `BOTH` has no `n`."""
    results = {}
    for f, frozen in enumerate((FULL, NUMBER, GATING, BOTH)):
        numbers = (kind.published,) if frozen == BOTH else size.numbers
        trials = size.ion_trials if frozen == BOTH else size.trials

        def run(
            frozen: str = frozen, numbers: tuple[int, ...] = numbers, trials: int = trials, f: int = f
        ) -> xr.Dataset:
            rows = []
            for k, n in enumerate(numbers):
                made = scenario(kind, n, frozen, written(folder / "tables", kind, n), trials, 100 * f + k + 1)
                rows.append(measured(trials_of(made)["count"], kind))
            return xr.concat(rows, "n").assign_coords(n=list(numbers))

        asked = (kind.peak, numbers, trials, scenario(kind, 1, frozen, written(folder / "tables", kind, 1)).text)
        results[frozen] = kept(folder / f"{kind.name}_{frozen.replace(' ', '_')}.zarr", asked, run)
    return results


@dataclass(frozen=True)
class Split:
    """Variance over trials by source, of one measure of one kind of receptor.

    Attributes
    ----------
    parts : xarray.Dataset
        `total`, `part` (source) and `remainder`, what these and the ions do not explain, over `n`; with `_error`.
    ion, ion_error : float
        The variance when neither number nor gating varies.
    unit : dict
        By source the part of one receptor that carries all of the influx, and its error: a part is that over n.
    even : dict
        By source, and with both, the number of receptors at which its part is the ions', and its error.
    """

    parts: xr.Dataset
    ion: float
    ion_error: float
    unit: dict[str, tuple[float, float]]
    even: dict[str, tuple[float, float]]


def split(results: dict[str, xr.Dataset], measure: str, among: tuple[int, int] = (10, 100)) -> Split:
    """Parts of the variance, each from a run in which it is alone with the ions; their fall is told `among` numbers."""
    ions = results[BOTH][measure].isel(n=0)
    runs = {"gating": NUMBER, "number": GATING, "both": FULL}
    each = {name: observables.sources(results[run][measure], {name: ions}) for name, run in runs.items()}
    alone = observables.moments(ions)
    ion, ion_error = float(alone["variance"]), float(alone["variance_error"])
    part = xr.concat([each[name][["part", "part_error"]].sel(source=name) for name in runs], "source")
    total = each["both"][["total", "total_error"]]
    remainder = part["part"].sel(source="both") - part["part"].sel(source="gating") - part["part"].sel(source="number")
    error = np.sqrt((part["part_error"] ** 2).sum("source"))
    unit, even = {}, {}
    few = part.sel(n=[n for n in part["n"].values if among[0] <= n <= among[1]])
    for name in runs:
        scaled, scaled_error = (few["n"] * few[what].sel(source=name) for what in ("part", "part_error"))
        weight = 1.0 / scaled_error**2
        value, reach = float((weight * scaled).sum() / weight.sum()), float(weight.sum() ** -0.5)
        unit[name] = value, reach
        even[name] = value / ion, value / ion * float(np.hypot(reach / value, ion_error / ion))
    return Split(part.merge(total).assign(remainder=remainder, remainder_error=error), ion, ion_error, unit, even)


def theory(kind: Kind, folder: Path) -> xr.Dataset:
    """Parts of the variance by the linear noise approximation, of `entered` and `at peak`: over one receptor, and ions.

    Means do not depend on the number, and rates of gating and binding are linear in it: the covariance is that of the
    ions and a part that falls with the number, exactly. Runs at the published number tell all.
    """

    def run() -> xr.Dataset:
        known = {frozen: linear(kind, frozen, folder) for frozen in (FULL, NUMBER, GATING, BOTH)}
        n = kind.published
        parts = [
            n * (known[GATING] - known[BOTH]),
            n * (known[NUMBER] - known[BOTH]),
            n * (known[FULL] - known[BOTH]),
            known[BOTH],
        ]
        value = xr.DataArray(np.array(parts), dims=("source", "measure"), name="part")
        return value.assign_coords(
            source=text(["number", "gating", "both", "ion"]), measure=text(MEASURES[:2])
        ).to_dataset()

    return kept(
        folder / f"theory_{kind.name}.zarr",
        (kind.peak, scenario(kind, 1, FULL, written(folder / "tables", kind, 1)).text),
        run,
    )


def text(names: Sequence[str]) -> np.ndarray:
    """Names in the one type of text that stores have."""
    return np.array(names, np.dtypes.StringDType())


def linear(kind: Kind, frozen: str, folder: Path) -> np.ndarray:
    """Variances of the ions that entered in the end, and of free calcium when its mean is highest."""
    from spinemc.plans import prepare
    from spinemc.twins.noise import linear_noise
    from spinemc.twins.wells import wells

    made = scenario(kind, kind.published, frozen, written(folder / "tables", kind, kind.published))
    system = prepare(made)
    network = wells(system.scenario, system.geometry, system.network)
    found = linear_noise(network, made.run.sample_times)
    entered, calcium = (
        next(k for k, name in enumerate(network.names) if name.startswith(f"{species} in"))
        for species in ("entered", "Ca")
    )
    highest = int(np.abs(found.time - kind.peak).argmin())
    return np.array([found.covariance[-1, entered, entered], found.covariance[highest, calcium, calcium]])


def switching(folder: Path, size: Size) -> xr.Dataset:
    """Free calcium in each trial with channels of two states, in the end, over their number."""

    def run() -> xr.Dataset:
        rows = [
            trials_of(telegraph(n, size.telegraph_trials, 7 + k))["count"].isel(time=-1, species=0, drop=True)
            for k, n in enumerate(size.telegraph_numbers)
        ]
        return xr.concat(rows, "n").assign_coords(n=list(size.telegraph_numbers)).astype(float).to_dataset(name="ions")

    asked = (size.telegraph_numbers, size.telegraph_trials, telegraph(1, 1, 1).text)
    return kept(folder / "telegraph.zarr", asked, run)


def moving(kind: Kind, folder: Path, size: Size) -> xr.Dataset:
    """The measures with molecules that move, the number of receptors exact."""
    rows = []
    for n in size.particle_numbers:
        place = written(folder / "tables", kind, n)
        made = scenario(kind, n, NUMBER, place, size.particle_trials, 1, "particles")
        tree = ran(made, folder / f"particles_{kind.name}_{n}.zarr", progress=False)
        count = tree["counts/count"].sel(compartment="cytosol", drop=True).load()
        rows.append(measured(count, kind))
    return xr.concat(rows, "n").assign_coords(n=list(size.particle_numbers))


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    size = QUICK if given.quick else FULL_SIZE
    ions = switching(given.stores, size)["ions"]
    splits, linear_parts = {}, {}
    for kind in KINDS:
        results = scanned(kind, given.stores, size)
        splits[kind.name] = {measure: split(results, measure) for measure in MEASURES}
        linear_parts[kind.name] = theory(kind, given.stores)
    seen = moving(KINDS[0], given.stores, size)
    print("\n".join(numbers(ions, splits, linear_parts, seen)))
    plot(ions, splits, linear_parts, seen, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
