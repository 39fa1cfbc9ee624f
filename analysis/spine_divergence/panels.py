"""The figure of this study: calcium behind necks, charts of outcomes, their chances, and levels side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from common import sheet
from neighbours import LAWS, name_rows

from spinemc.figures.style import INK, MEAN, QUIET, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UP, DOWN = SERIES[1], SERIES[3]
NECKS = (SERIES[3], QUIET, MEAN)


def plot(
    level: xr.DataArray,
    whole: xr.Dataset,
    means: xr.Dataset,
    beside: dict[str, xr.Dataset],
    scans: dict[str, xr.DataArray],
    path: Path,
) -> None:
    """The whole figure."""
    n = whole.sizes["trial"]
    panels = [
        ("Calcium in the second head, rate equations", lambda ax: draw_calcium(ax, level)),
        ("Second spine: probability of potentiation", lambda ax: draw_chart(ax, whole, means, "potentiated", "Greens")),
        ("Second spine: probability of depression", lambda ax: draw_chart(ax, whole, means, "depressed", "Oranges")),
        ("Both spines, the second neck 0.45 µm long", lambda ax: draw_chances(ax, whole)),
        ("Where a narrow neck gains and a wide one loses", lambda ax: draw_scan(ax, scans)),
        ("Levels side by side: the second spine", lambda ax: draw_levels(ax, beside)),
    ]
    said = f"the first neck is 75 nm by 0.45 µm; charts and chances: {n} stochastic trials on the mesh of each neck"
    sheet("The same input, different necks", said, panels, path)


def draw_calcium(ax: Axes, level: xr.DataArray) -> Axes:
    """Means in the second head, by neck and by law of exchange."""
    styles = {"mesh": "-", "consistent": (0, (4, 2)), "literal": (0, (1, 1.5))}
    for law, style in styles.items():
        for (radius, course), colour in zip(level.sel(law=law).groupby("radius"), NECKS, strict=True):
            time = 0.25 * np.arange(course.sizes["t"])
            label = f"{radius:g} nm" if law == "mesh" else None
            ax.plot(time, course.isel(spine=1).squeeze(), color=colour, lw=1.2, ls=style, label=label)
    for law, style in styles.items():
        ax.plot([], [], color=INK, lw=1.0, ls=style, label=law)
    for value, name in ((0.2, "θd"), (0.8, "θp")):
        ax.axhline(value, color=QUIET, lw=0.7)
        ax.text(99, value, name, va="bottom", ha="right", fontsize=7, color=INK)
    ax.set(xlim=(0, 100), ylim=(0, None), xlabel="time (ms)", ylabel="free calcium (µM)")
    return ax


def draw_chart(ax: Axes, whole: xr.Dataset, means: xr.Dataset, outcome: str, colours: str) -> Axes:
    """Probability of an outcome over radius and length of the neck, and where the rate equations have it."""
    chance = whole["probability"].isel(spine=1).sel(outcome=outcome).transpose("length", "radius").values
    known = means["mean"].isel(spine=1).transpose("length", "radius").values
    hit = known > 0.05 if outcome == "potentiated" else known < -0.05
    ax.imshow(chance, origin="lower", aspect="auto", cmap=colours, vmin=0.0, vmax=1.25)
    for i, row in enumerate(chance):
        for j, value in enumerate(row):
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=7, color=INK)
            if hit[i, j]:
                ax.plot(j, i - 0.28, ".", ms=3.5, color=INK)
    ax.set_xticks(range(whole.sizes["radius"]), [f"{a:g}" for a in whole.radius.values])
    ax.set_yticks(range(whole.sizes["length"]), [f"{b:g}" for b in whole.length.values])
    ax.set(xlabel="neck radius (nm); dots: so by the rate equations", ylabel="neck length (µm)")
    return ax


def draw_chances(ax: Axes, whole: xr.Dataset) -> Axes:
    """Probabilities of both outcomes over the radius, with 95 % intervals."""
    at = whole.sel(length=0.45)
    for spine, who, style, face in ((1, "second", "-", None), (0, "first", (0, (4, 2)), "white")):
        for outcome, word, colour in (("potentiated", "LTP", UP), ("depressed", "LTD", DOWN)):
            one = at.isel(spine=spine).sel(outcome=outcome)
            middle = one.probability.values
            reach = np.abs(np.stack([one.probability_low, one.probability_high]) - middle)
            ax.errorbar(
                at.radius + (1.0 if spine else -1.0), middle, reach, fmt="o", ls=style, lw=1.1, ms=4, capsize=1.5,
                color=colour, mfc=face or colour, label=f"{who}, {word}",
            )  # fmt: skip
    ax.set(xlabel="radius of the second neck (nm)", ylabel="probability (95 % intervals)", ylim=(-0.04, 1.04))
    return ax


def draw_scan(ax: Axes, scans: dict[str, xr.DataArray]) -> Axes:
    """Where the fates on 40 and 150 nm part, by law of exchange."""
    for (law, colour), marker, size in zip(LAWS.items(), ("s", "s", "x"), (14, 14, 14), strict=True):
        ratio, influx = np.nonzero(scans[law].values)
        x, y = scans[law].influx.values[influx], scans[law].ratio.values[ratio]
        ax.scatter(
            x,
            y,
            s=size,
            marker=marker,
            color=colour,
            alpha=0.55,
            lw=0.8,
            label=f"{law}: {scans[law].values.mean():.0%}",
        )
    low, high = scans["mesh"].influx.values[[0, -1]]
    ax.set(
        xscale="log",
        xlim=(0.9 * low, 1.1 * high),
        ylim=(1, 8.3),
        xlabel="ions of one input (here 224)",
        ylabel="θp over θd (here 4)",
    )
    return ax


def draw_levels(ax: Axes, beside: dict[str, xr.Dataset]) -> Axes:
    """Change of the second spine at each level, by its neck."""
    names = list(beside)
    place = np.arange(len(names))[::-1]
    radii = beside[names[0]].radius.values
    for k, colour in zip(range(len(radii)), NECKS, strict=True):
        y = place + 0.2 * (1 - k)
        of = {name: beside[name].isel(radius=k, length=0, spine=1) for name in names}
        for height, name in zip(y, names, strict=True):
            dots = of[name]["change"].values
            ax.plot(dots, np.full(len(dots), height), ".", ms=2, color=colour, alpha=0.3)
        mean, error = ([float(of[name][what]) for name in names] for what in ("mean", "error"))
        ax.errorbar(mean, y, xerr=error, fmt="o", ms=4, color=colour, label=f"{radii[k]:g} nm")
    ax.axvline(0.0, color=QUIET, lw=0.8)
    name_rows(ax, names)
    ax.set(xlabel="change of the second spine's weight (%)", ylim=(-0.6, len(names) + 0.8))
    left, right = ax.get_xlim()
    ax.set_xlim(left - 0.45 * (right - left), right)
    return ax
