"""Peak calcium and synaptic weight of the published geometries against volume over area: runs them, tests, draws."""

from __future__ import annotations

import argparse
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import xarray as xr

import spinemc as smc
from spinemc import observables
from spinemc.scenario import parse_scenario

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "published_spine"))

from scenarios import SPINES, Spine, scenario  # noqa: E402

TRIALS = 50  # as many as the paper has


def ran(spine: Spine, folder: Path, trials: int = TRIALS, *settings: str, threads: int | None = None) -> xr.DataTree:
    """The store of a published geometry in a folder: what is there already, or a run of it.

    Parameters
    ----------
    spine : Spine
    folder : Path
    trials : int
    *settings : str
        Laid over the scenario, as `--set` has them.
    threads : int, optional
    """
    out = folder / f"{spine.name.replace(' ', '_')}.zarr"
    if out.exists():
        return smc.resume(out, threads=threads)
    text = scenario(spine, f"Published geometry: {spine.name}", HERE, trials=trials)
    return smc.run(parse_scenario(text, HERE / "study.toml", settings), out, threads=threads, progress=True)


def measured(spine: Spine, tree: xr.DataTree) -> xr.Dataset:
    """What of a store the study looks at: a value for each trial, and the geometry."""
    calcium = tree["counts/count"].sel(species="Ca", compartment="cytosol")
    number = tree["counts"].sizes["trial"]
    return xr.Dataset(
        {
            "peak": ("trial", calcium.max("time").values.astype(float)),
            "weight": ("trial", tree["plasticity/bell2022/weight"].isel(time=-1, synapse=0).values),
            "volume": float(tree["counts/volume"].sel(compartment="cytosol")),
            "area": float(tree["surface/area"].sel(region="membrane")),
            "receptors": ("trial", np.full(number, spine.nmdar)),
        },
        coords={"spine": spine.name},
    )


def rises(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Spearman's rank correlation of a few points, and the exact probability of one as high by chance (one-sided)."""
    rank = [np.argsort(np.argsort(values)) for values in (x, y)]
    found = np.corrcoef(*rank)[0, 1]
    orders = np.array(list(permutations(range(len(x)))))
    spread = rank[0] - rank[0].mean()
    chance = (orders - orders.mean(axis=1, keepdims=True)) @ spread / (spread @ spread)
    return float(found), float((chance >= found - 1e-12).mean())


def numbers(data: xr.Dataset) -> list[str]:
    """What the README of this folder tells, a line each."""
    from scipy.stats import linregress, spearmanr

    ratio = (data.volume / data.area).values
    lines = [f"{'':<18}{'V/A um':>8}{'n':>4}{'peak, ions':>18}{'weight, 1e-6':>20}"]
    for i, name in enumerate(data.spine.values):
        one = data.isel(spine=i)
        lines.append(
            f"{name:<18}{ratio[i]:8.4f}{one.sizes['trial']:4d}{_spread(one.peak):>18}{_spread(1e6 * one.weight):>20}"
        )
    lines.append("")
    for what in ("peak", "weight"):
        value = data[what]
        for by, x in (("V/A", ratio), ("V", data.volume.values)):
            each, all_trials = np.repeat(x, value.sizes["trial"]), value.values.ravel()
            rho, p = rises(x, value.mean("trial").values)
            rank, line = (test(each, all_trials, alternative="greater") for test in (spearmanr, linregress))
            lines.append(
                f"{what} against {by}: rank correlation of {len(x)} means {rho:.2f}, p = {p:.2g}; "
                f"of {each.size} trials {rank.statistic:.2f}, p = {rank.pvalue:.2g}; "
                f"slope of a straight line through the trials p = {line.pvalue:.2g}, R^2 = {line.rvalue**2:.2f}"
            )
    return lines


def _spread(values: xr.DataArray) -> str:
    return f"{float(values.mean()):.0f} +- {float(values.std(ddof=1)):.0f}"


def plot(data: xr.Dataset, path: Path) -> None:
    """Every trial, mean and standard error, against volume over area."""
    from scipy.stats import spearmanr

    from spinemc.figures.style import INK, MEAN, QUIET, blank, tidy, written
    from spinemc.figures.style import TRIALS as LIGHT

    figure = blank(10.4, 4.6)
    grid = figure.add_gridspec(1, 2, left=0.075, right=0.985, bottom=0.125, top=0.8, wspace=0.24)
    ratio = 1e3 * data.volume / data.area
    shift = np.random.default_rng(0).uniform(-0.8, 0.8, data.peak.shape)
    panels = (("peak", "Peak of free Ca", "ions", 1.0), ("weight", "Weight after 35 ms", "weight (x 10⁻⁶)", 1e6))
    for k, (what, title, label, unit) in enumerate(panels):
        ax = tidy(figure.add_subplot(grid[k]))
        value = unit * data[what]
        about = observables.mean_sem(value)
        ax.plot(ratio.values[:, None] + shift, value.values, "o", color=LIGHT, ms=3, alpha=0.5, mew=0)
        ax.errorbar(ratio, about["mean"], about["sem"], fmt="o", color=MEAN, ms=6, capsize=3, lw=1.5)
        if what == "weight":
            ax.axhline(0.0, color=QUIET, lw=0.8, zorder=0)
        low, high = float(value.min()), float(value.max())
        ax.set(xlabel="volume over area (nm)", xlim=(15.0, 150.0), ylim=(min(low, 0.0), high + 0.4 * (high - low)))
        for x, name in zip(ratio.values, data.spine.values, strict=True):
            place = (float(x), 0.99)
            ax.annotate(
                str(name), place, xycoords=("data", "axes fraction"), rotation=90, va="top", ha="center", fontsize=7
            )
        rank = spearmanr(np.repeat(ratio.values, value.sizes["trial"]), value.values.ravel(), alternative="greater")
        ax.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK)
        ax.set_title(
            f"rank correlation {rank.statistic:.2f}, p = {rank.pvalue:.1g}", loc="right", fontsize=8, color=QUIET
        )
        ax.set_ylabel(label)
    figure.text(0.02, 0.925, "Calcium and weight against volume over area", fontsize=13, fontweight="bold", color=INK)
    said = f"{data.sizes['spine']} geometries, {data.sizes['trial']} trials each; dark: mean and standard error"
    figure.text(0.02, 0.875, said, fontsize=9, color=QUIET)
    written(figure, path)


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=TRIALS)
    options.add_argument("--stores", type=Path, default=HERE / "stores", help="the folder of the runs")
    options.add_argument("--out", type=Path, default=HERE / "size_and_shape.png")
    given = options.parse_args()
    given.stores.mkdir(parents=True, exist_ok=True)
    each = [measured(spine, ran(spine, given.stores, given.trials)) for spine in SPINES]
    data = xr.concat(each, "spine")
    print("\n".join(numbers(data)))
    plot(data, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
