"""The numbers and the figure of the study receptor_number."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from receptors import balance, fano_of_one

from spinemc import observables
from spinemc.figures.style import INK, MEAN, QUIET, SERIES, TWIN, blank, tidy, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from study import Split

COLOURS = {"gating": SERIES[0], "number": SERIES[3], "ion": SERIES[1]}
SAID = {"entered": "ions that entered", "at peak": "free Ca at one time", "peak": "peak", "integral": "integral"}


def numbers(
    ions: xr.DataArray, splits: dict[str, dict[str, Split]], theory: dict[str, xr.Dataset], seen: xr.Dataset
) -> list[str]:
    """What the README of this folder tells, a line each."""
    about = observables.moments(ions)
    lines = [
        f"telegraph, n = {int(n)}: Fano {float(f):.2f} +- {float(e):.2f}, theory {1 + fano_of_one() / n:.2f}"
        for n, f, e in zip(about["n"].values, about["fano"], about["fano_error"], strict=True)
    ]
    lines.append("telegraph: even at n = {:.1f} +- {:.1f}; theory {:.1f}".format(*balance(ions), fano_of_one()))
    for kind, each in splits.items():
        for measure, found in each.items():
            lines += ["", f"{kind}, {SAID[measure]}: ions alone {found.ion:.3g} +- {found.ion_error:.2g}"]
            for n in found.parts["n"].values:
                one = found.parts.sel(n=n)
                parts = [
                    f"{source} {float(one['part'].sel(source=source)):.3g} +- "
                    f"{float(one['part_error'].sel(source=source)):.2g}"
                    for source in ("gating", "number")
                ]
                remainder = f"remainder {float(one['remainder']):.3g} +- {float(one['remainder_error']):.2g}"
                lines.append(f"    n = {n:4d}: total {float(one['total']):.3g}, {', '.join(parts)}, {remainder}")
            for source, (value, error) in found.even.items():
                line = f"    {source} and ions even at n = {value:.0f} +- {error:.0f}"
                if measure in theory[kind]["measure"].values:
                    part = theory[kind]["part"].sel(measure=measure)
                    line += f"; linear noise {float(part.sel(source=source) / part.sel(source='ion')):.0f}"
                lines.append(line)
            if measure in theory[kind]["measure"].values:
                linear = float(theory[kind]["part"].sel(measure=measure, source="ion"))
                lines.append(f"    ions alone by linear noise {linear:.3g}")
    lines.append("")
    kind = next(iter(theory))
    for n in seen["n"].values:
        for measure in theory[kind]["measure"].values:
            part = theory[kind]["part"].sel(measure=measure)
            expected = float(part.sel(source="gating") / n + part.sel(source="ion"))
            own = observables.moments(seen[str(measure)].sel(n=n))
            value, error = float(own["variance"]), float(own["variance_error"])
            lines.append(
                f"particles, {n} {kind}s, exact number, {SAID[str(measure)]}: variance {value:.3g} +- {error:.2g}; "
                f"linear noise {expected:.3g}"
            )
    return lines


def plot(
    ions: xr.DataArray,
    splits: dict[str, dict[str, Split]],
    theory: dict[str, xr.Dataset],
    seen: xr.Dataset,
    path: Path,
) -> None:
    """The telegraph, the parts of the variance over the number, and where they are even."""
    figure = blank(12.4, 7.6)
    grid = figure.add_gridspec(2, 3, left=0.085, right=0.985, bottom=0.075, top=0.855, wspace=0.28, hspace=0.42)
    places = {("NMDAR", "entered"): 1, ("NMDAR", "at peak"): 2, ("VSCC", "entered"): 4, ("VSCC", "at peak"): 5}
    ax = tidy(figure.add_subplot(grid[0]))
    draw_telegraph(ax, ions)
    ax.set_title("Channels of two states", loc="left", fontsize=9.5, fontweight="bold", color=INK)
    for (kind, measure), place in places.items():
        ax = tidy(figure.add_subplot(grid[place // 3, place % 3]))
        particles = seen[measure] if kind == "NMDAR" else None
        draw_split(ax, splits[kind][measure], theory[kind]["part"].sel(measure=measure), particles)
        ax.set_title(f"{kind}s: {SAID[measure]}", loc="left", fontsize=9.5, fontweight="bold", color=INK)
        if place == 1:
            ax.legend(frameon=False, fontsize=7, loc="upper right")
    ax = tidy(figure.add_subplot(grid[3]))
    draw_even(ax, splits, theory)
    ax.set_title("Where receptors and ions are even", loc="left", fontsize=9.5, fontweight="bold", color=INK)
    head = "Few receptors: the noise of channels, of their number, and of ions, at the same mean influx"
    figure.text(0.02, 0.955, head, fontsize=13, fontweight="bold", color=INK)
    said = "points: simulated, with standard errors; dashed: linear noise approximation, or the exact telegraph"
    figure.text(0.02, 0.92, said, fontsize=9, color=QUIET)
    written(figure, path)


def draw_telegraph(ax: Axes, ions: xr.DataArray) -> None:
    """Fano factor less 1 over the number of channels."""
    about = observables.moments(ions)
    n = about["n"].values.astype(float)
    ax.errorbar(n, about["fano"] - 1.0, about["fano_error"], fmt="o", ms=4.5, color=MEAN, lw=1.1, label="simulated")
    x = np.geomspace(n[0], n[-1], 50)
    ax.plot(x, fano_of_one() / x, color=TWIN, lw=1.2, ls=(0, (4, 2)), label="exact")
    ax.axhline(1.0, color=COLOURS["ion"], lw=1.0, label="ions (Poisson)")
    value, error = balance(ions)
    ax.axvspan(value - error, value + error, color=QUIET, alpha=0.35, lw=0, label=f"even at {value:.0f} ± {error:.0f}")
    ax.set(xscale="log", yscale="log", xlabel="channels", ylabel="Fano factor of Ca, less 1", ylim=(0.02, 80))
    ax.legend(frameon=False, fontsize=7, loc="lower left")


def draw_split(ax: Axes, found: Split, theory: xr.DataArray, seen: xr.DataArray | None) -> None:
    """Parts of the variance over the number of receptors."""
    n = found.parts["n"].values.astype(float)
    x = np.geomspace(n[0], n[-1], 50)
    rows = [
        (s, found.parts["part"].sel(source=s), found.parts["part_error"].sel(source=s)) for s in ("gating", "number")
    ]
    for source, part, error in rows:
        positive = part.values > 0.0
        ax.errorbar(
            n[positive], part[positive], error[positive], fmt="o", ms=4, color=COLOURS[source], lw=1, label=source
        )
        ax.plot(x, float(theory.sel(source=source)) / x, color=COLOURS[source], lw=1.1, ls=(0, (4, 2)))
    ax.axhspan(
        found.ion - found.ion_error, found.ion + found.ion_error, color=COLOURS["ion"], alpha=0.6, lw=0, label="ions"
    )
    ax.axhline(float(theory.sel(source="ion")), color=COLOURS["ion"], lw=1.1, ls=(0, (4, 2)))
    if seen is not None:
        own = observables.moments(seen)
        ax.errorbar(
            seen["n"], own["variance"], own["variance_error"], fmt="s", ms=5, mfc="none", color=INK, lw=1,
            label="particles: gating and ions",
        )  # fmt: skip
        ax.plot(
            x,
            float(theory.sel(source="gating")) / x + float(theory.sel(source="ion")),
            color=INK,
            lw=0.8,
            ls=(0, (1, 2)),
        )
    value, error = found.even["gating"]
    ax.set_title(f"even at {value:.0f} ± {error:.0f}", loc="right", fontsize=8, color=QUIET)
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="receptors",
        ylabel="variance over trials (ions²)",
        ylim=(0.06 * found.ion, None),
    )


def draw_even(ax: Axes, splits: dict[str, dict[str, Split]], theory: dict[str, xr.Dataset]) -> None:
    """The number of receptors at which a part is the ions', for each measure and kind."""
    labels = []
    for kind, each in splits.items():
        for measure, found in each.items():
            y = -len(labels)
            labels.append(f"{kind}, {measure}")
            for source, marker, colour in (("gating", "o", COLOURS["gating"]), ("both", "s", INK)):
                value, error = found.even[source]
                label = {"gating": "gating", "both": "gating and number"}[source] if y == 0 else None
                ax.errorbar(value, y, xerr=error, fmt=marker, ms=4.5, color=colour, lw=1.2, label=label)
                if measure in theory[kind]["measure"].values:
                    part = theory[kind]["part"].sel(measure=measure)
                    ax.plot(float(part.sel(source=source) / part.sel(source="ion")), y, "|", color=TWIN, ms=13, mew=1.5)
    ax.plot([], [], "|", color=TWIN, ms=10, mew=1.5, label="linear noise")
    ax.set_yticks(-np.arange(len(labels)), labels=labels, fontsize=7.5)
    ax.set(xscale="log", xlabel="receptors", ylim=(-len(labels) + 0.4, 1.6))
    ax.legend(frameon=False, fontsize=7, loc="upper left", ncols=3, handletextpad=0.2, columnspacing=0.8)
