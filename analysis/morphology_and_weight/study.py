"""Peak calcium and synaptic weight of the published geometries against volume over area: runs them, tests, draws."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import options, ran  # noqa: E402
from published_spine.scenarios import SPINES, Spine, scenario  # noqa: E402

from spinemc.figures.style import INK, QUIET, SERIES, blank, tidy, with_spread, written  # noqa: E402
from spinemc.scenario import parse_scenario  # noqa: E402

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRIALS, FEW = 50, 2
"""Of each geometry, as many as the paper has; and in the quick form."""

FAMILIES = dict(zip(("thin", "mushroom", "filopodium"), SERIES, strict=False))
"""The controls, and the colour of each and of what is made from it."""

KINDS = {"control": "o", "scaled": "s", "neck": "^", "apparatus": "D"}
"""What was done to a control, and its marker."""

UNITS = {"peak": 1.0, "weight": 1e6}
"""What the numbers told are multiplied by."""


def kind(spine: Spine) -> str:
    """What was done to the control, of `KINDS`."""
    if spine.apparatus:
        return "apparatus"
    return "neck" if spine.neck else "control" if spine.factor == 1.0 else "scaled"


def tree_of(spine: Spine, folder: Path, trials: int, *settings: str, threads: int | None = None) -> xr.DataTree:
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
    text = scenario(spine, f"Published geometry: {spine.name}", HERE, trials=trials)
    name = spine.name.replace(", ", "_").replace(" ", "_")
    return ran(parse_scenario(text, HERE / "study.py", settings), folder / f"{name}.zarr", threads=threads)


def measured(spine: Spine, tree: xr.DataTree) -> xr.Dataset:
    """What of a store the study looks at: a value for each trial, and the geometry.

    Returns
    -------
    xarray.Dataset
        `peak` of free calcium in the cytosol [ions] and `weight` at the end [1], (trial); `volume` of the cytosol,
        less an apparatus [um^3], and `area` of the cell's membrane [um^2].
    """
    calcium = tree["counts/count"].sel(species="Ca", compartment="cytosol")
    peak = calcium.max("time").values.astype(float)
    return xr.Dataset(
        {
            "peak": ("trial", peak),
            "weight": ("trial", tree["plasticity/bell2022/weight"].isel(time=-1, synapse=0).values),
            "volume": float(tree["counts/volume"].sel(compartment="cytosol")),
            "area": float(tree["surface/area"].sel(region="membrane")),
            "family": spine.family,
            "kind": kind(spine),
        },
        coords={"spine": spine.name, "trial": np.arange(len(peak))},
    )


def together(each: Sequence[xr.Dataset]) -> xr.Dataset:
    """What was measured of several spines, by volume over area; NaN where one has fewer trials than another."""
    data = xr.concat(each, "spine", join="outer").set_coords(["volume", "area", "family", "kind"])
    data = data.assign_coords(ratio=data.volume / data.area)
    return data.sortby("ratio")


@dataclass(frozen=True)
class Line:
    """A straight line through points by least squares.

    Attributes
    ----------
    slope, low, high : float
        With its 95 % interval, by Student's t.
    intercept : float
    p : float
        Of a slope as far from 0, were there none (two-sided).
    explained : float
        Share of the variance, R^2.
    number : int
        Of points.
    """

    slope: float
    low: float
    high: float
    intercept: float
    p: float
    explained: float
    number: int

    def __str__(self) -> str:
        return (
            f"slope {self.slope:.3g} [{self.low:.3g}, {self.high:.3g}], p = {self.p:.1g}, R^2 = {self.explained:.2f}, "
            f"n = {self.number}"
        )


def line(x: np.ndarray, y: np.ndarray) -> Line:
    """The line through points, (n,) each, three at least."""
    from scipy.stats import linregress
    from scipy.stats import t as student

    found = linregress(x, y)
    reach = student.ppf(0.975, len(x) - 2) * found.stderr
    return Line(
        found.slope,
        found.slope - reach,
        found.slope + reach,
        found.intercept,
        found.pvalue,
        found.rvalue**2,
        len(x),
    )


def trend(data: xr.Dataset, what: str, against: str = "ratio") -> Line:
    """The line through the geometries' means, each counted alike."""
    return line(data[against].values, data[what].mean("trial").values)


def shared(data: xr.Dataset, what: str, against: str = "ratio") -> tuple[float, float, float]:
    """Of the trials: Spearman's rank correlation, its p (one-sided), and the share of variance that a line explains."""
    from scipy.stats import spearmanr

    value = data[what].values
    x = np.broadcast_to(data[against].values[:, None], value.shape)
    there = np.isfinite(value)
    rank = spearmanr(x[there], value[there], alternative="greater")
    return float(rank.statistic), float(rank.pvalue), line(x[there], value[there]).explained


def numbers(data: xr.Dataset) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = [f"{'':<28}{'V/A nm':>8}{'n':>4}{'peak, ions':>16}{'weight, 1e-6':>16}"]
    for name in data.spine.values:
        one = data.sel(spine=name)
        told = [with_spread(*(unit * float(f) for f in _about(one[what]))) for what, unit in UNITS.items()]
        number = int(one.peak.notnull().sum())
        lines.append(f"{name:<28}{1e3 * float(one.ratio):8.1f}{number:4d}{told[0]:>16}{told[1]:>16}")
    lines.append("")
    variants = data.isel(spine=np.isin(data.kind, ["control", "neck", "apparatus"]))
    sets = {"all": data, **{name: data.isel(spine=data.family == name) for name in ("thin", "mushroom", "filopodium")}}
    for name in ("thin", "mushroom"):
        sets[f"{name}, not scaled"] = variants.isel(spine=variants.family == name)
    enough = {name: some for name, some in sets.items() if some.sizes["spine"] > 3}
    for what, unit in UNITS.items():
        for name, some in enough.items():
            for against, said in (("ratio", "V/A [um]"), ("volume", "V [um^3]")):
                through = trend(some.assign({what: unit * some[what]}), what, against)
                lines.append(f"{what} of {name} against {said}: means {through}")
                if name == "all":
                    rho, p, explained = shared(data, what, against)
                    lines.append(f"    trials: rank correlation {rho:.2f}, p = {p:.1g}; R^2 of a line {explained:.2f}")
    return lines


def _about(values: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    return values.mean("trial"), values.std("trial", ddof=1)


def plot(data: xr.Dataset, path: Path) -> None:
    """Means with standard errors, and the line through them, against volume over area and volume."""
    figure = blank(10.4, 8.0)
    grid = figure.add_gridspec(2, 2, left=0.075, right=0.985, bottom=0.07, top=0.83, wspace=0.2, hspace=0.3)
    titles = {"peak": ("Peak of free Ca", "ions"), "weight": ("Weight after 35 ms", "weight (x 10⁻⁶)")}
    for row, (what, (title, label)) in enumerate(titles.items()):
        for column, (against, said, scale) in enumerate(
            (("ratio", "volume over area (nm)", 1e3), ("volume", "volume (um³)", 1.0))
        ):
            ax = tidy(figure.add_subplot(grid[row, column]))
            scaled = data.assign({what: UNITS[what] * data[what]})
            scaled = scaled.assign_coords({against: scale * data[against]})
            draw(ax, scaled, what, against)
            found = trend(scaled, what, against)
            ax.set(xlabel=said, ylabel=label)
            ax.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK)
            heard = f"R² of means {found.explained:.2f}, p = {found.p:.1g}"
            ax.set_title(heard, loc="right", fontsize=8, color=QUIET)
    figure.text(
        0.02, 0.955, "Calcium and weight against size and shape of the spine", fontsize=13, fontweight="bold", color=INK
    )
    least, most = int(data.peak.notnull().sum("trial").min()), int(data.peak.notnull().sum("trial").max())
    trials = f"{least}" if least == most else f"{least} to {most}"
    said = f"{data.sizes['spine']} geometries, {trials} trials each: mean and standard error; "
    figure.text(0.02, 0.928, said + "line through the means with its 95 % band", fontsize=9, color=QUIET)
    _legend(figure)
    written(figure, path)


def draw(ax: Axes, data: xr.Dataset, what: str, against: str) -> Axes:
    """One quantity against another, of each geometry, and the line through them."""
    for name in data.spine.values:
        one = data.sel(spine=name)
        mean, deviation = _about(one[what])
        error = deviation / np.sqrt(one[what].notnull().sum())
        colour, marker = FAMILIES[str(one.family.values)], KINDS[str(one.kind.values)]
        ax.errorbar(
            one[against], mean, error, fmt=marker, color=colour, ms=5.5, capsize=2, lw=1.1, mec="white", mew=0.5
        )
    x, y = data[against].values, data[what].mean("trial").values
    found, at = line(x, y), np.linspace(x.min(), x.max(), 100)
    ax.plot(at, found.intercept + found.slope * at, color=QUIET, lw=1.2, zorder=1)
    ax.fill_between(at, *_band(x, y, at), color=QUIET, alpha=0.15, lw=0, zorder=0)
    ax.axhline(0.0, color=QUIET, lw=0.6, zorder=0)
    return ax


def _band(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % band of a line through points, at some places."""
    from scipy.stats import t as student

    found = line(x, y)
    rest = y - found.intercept - found.slope * x
    spread = np.sqrt((rest**2).sum() / (len(x) - 2))
    about = (x - x.mean()) @ (x - x.mean())
    reach = student.ppf(0.975, len(x) - 2) * spread * np.sqrt(1.0 / len(x) + (at - x.mean()) ** 2 / about)
    middle = found.intercept + found.slope * at
    return middle - reach, middle + reach


def _legend(figure: Figure) -> None:
    """The families by colour, the kinds by marker."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], marker="o", ls="", color=colour, ms=6, label=name) for name, colour in FAMILIES.items()]
    handles += [Line2D([], [], marker=marker, ls="", color=QUIET, ms=6, label=name) for name, marker in KINDS.items()]
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.01, 0.922), ncols=7, frameon=False, fontsize=8,
        labelcolor=INK, handletextpad=0.1, columnspacing=1.0,
    )  # fmt: skip


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    trials = FEW if given.quick else TRIALS
    each = [measured(spine, tree_of(spine, given.stores, trials)) for spine in SPINES]
    data = together(each)
    print("\n".join(numbers(data)))
    plot(data, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
