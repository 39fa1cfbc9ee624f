"""The figure of this study and its numbers, from a store that `spinemc run` made of one of its scenarios."""

import argparse
from pathlib import Path

import numpy as np

import spinemc as smc
from spinemc import contrast, figures, observables

HERE = Path(__file__).parent


def numbers(tree, twin):
    """What the README of this folder tells of a store: by name, one line each."""
    calcium = observables.totals(tree).sel(species="Ca")
    peak, weight = calcium.max("time"), tree["plasticity/bell2022/weight"].isel(time=-1, synapse=0)
    events = tree["events/count"].sum("time")
    leaves = {
        "VSCC": ("in", events.sel(reaction="VSCC -> VSCC + Ca")),
        "NMDA receptors": ("in", events.sel(reaction="NMDAR -> NMDAR + Ca")),
        "PMCA": ("out", events.sel(reaction="PMCA_Ca -> PMCA") - events.sel(reaction="PMCA -> PMCA + Ca")),
        "NCX": ("out", events.sel(reaction="NCX_Ca -> NCX") - events.sel(reaction="NCX -> NCX + Ca")),
        "the neck": ("out", tree["events/absorbed"].sum("time").isel(boundary=0)),
    }
    expected, expected_peak = (
        figures.twin_weight(tree, "bell2022", twin)[1][-1],
        float(observables.totals(twin).sel(species="Ca").max()),
    )
    spread = {name: (float(x.mean()), float(x.std(ddof=1))) for name, x in (("peak", peak), ("weight", weight))}
    micromolar = tree["counts/concentration"].sel(compartment="cytosol", species="Ca").max("time").mean()
    return {
        "trials": f"{peak.sizes['trial']}",
        "peak of free Ca, ions": "{:.0f} +- {:.0f} over trials".format(*spread["peak"])
        + f" ({float(micromolar):.1f} uM); rate equations {expected_peak:.0f}",
        "weight at the end": "{:.2e} +- {:.1e} over trials".format(*spread["weight"])
        + f"; rate equations {expected:.2e}",
        "coefficient of variation": " ".join(f"{name} {abs(sd / mean):.2f}" for name, (mean, sd) in spread.items()),
        "rank correlation of the two": f"{_ranked(peak.values, weight.values):.2f}",
        **{
            f"ions {way} by {name}": f"{float(x.mean()):.0f} +- {float(x.std(ddof=1)):.0f}"
            for name, (way, x) in leaves.items()
        },
    }


def _ranked(a, b):
    """Spearman's correlation of two sets of numbers."""
    from scipy.stats import spearmanr

    return spearmanr(a, b).statistic if len(a) > 2 else np.nan


def main():
    """Read a store, draw the figure, print the numbers."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("store", type=Path, nargs="?", default=HERE / "one_spine.zarr")
    options.add_argument("--out", type=Path, help="the figure, beside this script and with the store's name by default")
    given = options.parse_args()
    out = given.out or HERE / f"{given.store.stem}.png"
    tree = smc.open(given.store)
    twin = contrast.twin(tree)
    figures.plot_run(tree, out, twin)
    for name, value in numbers(tree, twin).items():
        print(f"{name:<28} {value}")
    print(f"\nfigure: {out}")


if __name__ == "__main__":
    main()
