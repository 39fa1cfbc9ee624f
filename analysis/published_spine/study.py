"""The figure of this study and its numbers, from stores that `spinemc run` made of its scenarios."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import xarray as xr

import spinemc as smc
from spinemc.figures import draw_counts
from spinemc.figures.style import INK, MEAN, QUIET, SERIES, blank, tidy, written

HERE = Path(__file__).parent
SHOWN = {"thin": "Thin", "mushroom": "Mushroom", "mushroom_apparatus": "Mushroom with apparatus"}


def receptors(tree: xr.DataTree, *names: str, region: str = "membrane") -> xr.DataArray:
    """(trial, time) molecules of a membrane in one of some states."""
    return tree["surface/count"].sel(region=region, species=list(names)).sum("species")


def glutamate_bound(tree: xr.DataTree) -> xr.DataArray:
    """(trial, time) molecules of glutamate that sit on receptors."""
    one = ["NMDAR_C1", "NMDAR_C1b", "AMPAR_C1", "AMPAR_C3"]
    two = ["NMDAR_C2", "NMDAR_D", "NMDAR", "NMDAR_C2b", "NMDAR_Db", "NMDAR_b"]
    two += ["AMPAR_C2", "AMPAR_C4", "AMPAR_C5", "AMPAR"]
    return receptors(tree, *one) + 2 * receptors(tree, *two)


def numbers(tree: xr.DataTree) -> dict[str, str]:
    """What the README of this folder tells of a store: by name, mean and standard deviation over trials."""
    inside = tree["counts/count"].sel(compartment="cytosol")
    calcium = inside.sel(species="Ca")
    fired = tree["events/count"].sum("time")
    outside = tree["counts/count"].sel(compartment="outside", species="glu")
    taken = tree["events/absorbed"].sum("time").isel(boundary=-1)
    lost = 500 - outside.isel(time=-1) - glutamate_bound(tree).isel(time=-1) - taken
    weight = tree["plasticity/bell2022/weight"].isel(time=-1, synapse=0)
    opened = receptors(tree, "NMDAR", "NMDAR_b")
    told = {
        "NMDARs with two glutamates, 2 ms": receptors(
            tree, "NMDAR_C2", "NMDAR_D", "NMDAR", "NMDAR_C2b", "NMDAR_Db", "NMDAR_b"
        ).sel(time=2e-3, method="nearest"),
        "most open NMDARs, blocked or not": opened.max("time"),
        "trials with an open NMDAR": (opened.max("time") > 0).astype(float),
        "most open AMPARs": receptors(tree, "AMPAR").max("time"),
        "glutamate unaccounted for": lost,
        "peak of free Ca": calcium.max("time"),
        "Ca in by NMDARs": fired.sel(reaction="NMDAR -> NMDAR + Ca"),
        "Ca in by VSCCs": fired.sel(reaction="VSCC -> VSCC + Ca"),
        "Ca on buffers at the end": (
            inside.sel(species="CaBm") + tree["surface/count"].sel(region="membrane", species="CaBf")
        ).isel(time=-1),
        "Ca on pumps at the end": receptors(tree, "PMCA_Ca", "NCX_Ca").isel(time=-1),
        "weight at the end, 1e-6": 1e6 * weight,
    }
    if "lumen" in tree["counts"]["compartment"].values:
        one = receptors(tree, "SERCA_x1", "SERCA_y1", region="apparatus")
        two = receptors(tree, "SERCA_x2", "SERCA_y2", region="apparatus")
        told["Ca on SERCA at the end"] = (one + 2 * two).isel(time=-1)
        stored = tree["counts/count"].sel(compartment="lumen", species="Ca")
        told["Ca into the lumen"] = stored.isel(time=-1) - stored.isel(time=0)
    return {name: f"{float(x.mean()):.3g} +- {float(x.std(ddof=1)):.2g}" for name, x in told.items()}


def draw_glutamate(ax, tree):
    """Free glutamate outside and bound, mean and standard deviation, on a logarithmic axis of time."""
    series = {
        "free": tree["counts/count"].sel(compartment="outside", species="glu"),
        "in the cleft": tree["counts/count"].sel(compartment="cleft", species="glu"),
        "bound": glutamate_bound(tree),
    }
    for (name, x), colour in zip(series.items(), SERIES, strict=False):
        later = x.isel(time=slice(1, None))
        mean, deviation = later.mean("trial").values, later.std("trial").values
        time = 1e3 * later["time"].values
        ax.fill_between(time, np.maximum(mean - deviation, 0.0), mean + deviation, color=colour, alpha=0.3, lw=0)
        ax.plot(time, mean, color=colour, lw=1.4, label=name)
    ax.set(xscale="log", xlim=(time[0], time[-1]), xlabel="time (ms)", ylabel="glutamate (number)")
    ax.legend(frameon=False, fontsize=7, labelcolor="linecolor", handlelength=0, handletextpad=0)
    return tidy(ax)


def plot(trees: dict[str, xr.DataTree], path: Path) -> None:
    """Glutamate, NMDA receptors, calcium and what binds it: a row each; a column for each store."""
    rows = (
        ("Glutamate", draw_glutamate),
        ("Open NMDARs", lambda ax, tree: draw_counts(ax, tree, ["NMDAR", "NMDAR_b"], band=True)),
        ("Free Ca, every trial", lambda ax, tree: draw_counts(ax, tree, "Ca")),
        ("Bound Ca", lambda ax, tree: draw_counts(ax, tree, ["PMCA_Ca", "CaBf", "CaBm"], band=True)),
    )
    figure = blank(1.0 + 3.6 * len(trees), 10.2)
    grid = figure.add_gridspec(
        len(rows), len(trees), left=0.08, right=0.985, bottom=0.05, top=0.89, wspace=0.26, hspace=0.42
    )
    for column, (name, tree) in enumerate(trees.items()):
        for row, (title, draw) in enumerate(rows):
            ax = draw(figure.add_subplot(grid[row, column]), tree)
            ax.set_title(title, loc="left", fontsize=9, fontweight="bold", color=INK)
        place = grid[0, column].get_position(figure)
        n = tree["counts"].sizes["trial"]
        figure.text(place.x0, 0.922, f"{SHOWN.get(name, name)}, n = {n}", fontsize=10, color=MEAN)
    head = "The published spine: 500 glutamate molecules and a back-propagating action potential"
    figure.text(0.02, 0.972, head, fontsize=13, fontweight="bold", color=INK)
    said = "thick: mean, shaded: ± SD over trials, thin: trials; NMDAR_b: open, with magnesium in it"
    figure.text(0.02, 0.951, said, fontsize=8.5, color=QUIET)
    written(figure, path)


def main() -> None:
    """Read stores, draw the figure, print the numbers."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("stores", type=Path, nargs="*", default=[HERE / f"{name}.zarr" for name in SHOWN])
    options.add_argument("--out", type=Path, default=HERE / "published_spine.png")
    given = options.parse_args()
    trees = {path.stem: smc.open(path) for path in given.stores}
    told = {name: numbers(tree) for name, tree in trees.items()}
    print(f"{'':<34}" + "".join(f"{name:>22}" for name in told))
    for what in dict.fromkeys(what for each in told.values() for what in each):
        print(f"{what:<34}" + "".join(f"{each.get(what, ''):>22}" for each in told.values()))
    plot(trees, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
