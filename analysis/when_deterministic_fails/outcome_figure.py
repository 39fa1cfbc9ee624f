"""The numbers and the figure of the study when_deterministic_fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from spinemc import observables
from spinemc.figures.style import INK, MEAN, QUIET, SERIES, TWIN, blank, tidy, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from study import Bands, Certain, Told

BAND = (-2e-4, 2e-4)
DEPRESSED, UNCHANGED, POTENTIATED = np.array([[42, 110, 170], [238, 238, 234], [201, 80, 60]]) / 255.0


def outcomes_of(values: xr.Dataset, band: tuple[float, float] = BAND) -> xr.Dataset:
    """Probabilities of the outcomes by the rule."""
    return observables.outcomes(values["weight"], band)


def bias(sure: Certain, wide: xr.Dataset) -> xr.Dataset:
    """(head, pulse) Mean weight over trials less that of the rate equations, `difference`, and its standard error."""
    mean = observables.mean_sem(wide["weight"])
    twin = np.interp(np.log(wide["strength"]), np.log(sure.values["strength"]), sure.values["weight"])
    return xr.Dataset({"difference": mean["mean"] - twin, "error": mean["sem"], "twin": (("head", "pulse"), twin)})


def numbers(
    sure: Certain, wide: xr.Dataset, found: Bands, heard: Told, pair: tuple[xr.Dataset, xr.Dataset]
) -> list[str]:
    """What the README of this folder tells, a line each."""
    readings = tuple(sure.limit)
    lines = ["least pulse of the rate equations: " + ", ".join(f"{k} {v:.3f} uM" for k, v in sure.limit.items()), ""]
    lines.append(
        "V um^3   " + "".join(f"{f'width, middle - 1 {name}, %':>44}" for name in readings) + "   LNA width, %"
    )
    for k, v in enumerate(found.volume):
        parts = [
            f"{100 * found.width[r, k]:6.2f} +- {100 * found.width_error[r, k]:.2f}, "
            f"{100 * (found.middle[r, k] - 1):6.2f} +- {100 * found.middle_error[r, k]:.2f}"
            for r in range(len(readings))
        ]
        lines.append(f"{v:6.4f}   " + "".join(f"{part:>44}" for part in parts) + f"{100 * found.theory[k]:10.2f}")
    off = (found.width[0] - found.theory) / found.width_error[0]
    lines.append(f"width at the last pulse against LNA: chi^2 = {off @ off:.1f} of {len(off)} volumes")
    for r, name in enumerate(readings):
        lines.append(f"exponent of the width {name}: {found.exponent[r]:.3f} +- {found.exponent_error[r]:.3f}")
    lines.append("")
    off = bias(sure, wide)
    at = int(np.abs(np.log(wide["strength"].values[0] / sure.limit[readings[1]])).argmin())
    for k in range(wide.sizes["head"]):
        twin, difference, error = (1e6 * float(off[part][k, at]) for part in ("twin", "difference", "error"))
        lines.append(
            f"V = {float(wide['volume'][k, 0]):.4f}: mean weight at {float(wide['strength'][k, at]):.2f} uM less the "
            f"rate equations' {twin:.0f}e-6: {difference:.0f} +- {error:.0f} e-6"
        )
    lines.append("")
    for name in heard.crossing:
        top, low, high = hill(heard.crossing[name])
        value, error = (heard.crossing[name][part].values for part in ("information", "information_error"))
        lines.append(
            f"{name}: information of the crossing greatest at V = {heard.volume[top]:.2g} um^3, {value[top]:.3f} +- "
            f"{error[top]:.3f} bit; {low:.1f} standard errors above the smallest, {high:.1f} above the largest head"
        )
        graded = heard.peak[name]["information"].values
        for v, a, b, c in zip(heard.volume, value, error, graded, strict=True):
            lines.append(f"    V = {v:.2g}: crossing {a:.3f} +- {b:.3f}, peak {c:.3f} bit")
    lines.append("")
    moving, same = (outcomes_of(values) for values in pair)
    off = (moving["probability"] - same["probability"]).sel(outcome="potentiated")
    error = np.hypot(*(one["probability_error"].sel(outcome="potentiated") for one in (moving, same)))
    for i in range(off.sizes["head"]):
        for k in range(off.sizes["pulse"]):
            p = [float(one["probability"].sel(outcome="potentiated")[i, k]) for one in (moving, same)]
            lines.append(
                f"particles, V = {float(pair[0]['volume'][i, k]):.4f}, {float(pair[0]['strength'][i, k]):.2f} uM: "
                f"potentiated {p[0]:.3f}, well mixed {p[1]:.3f}, {float(off[i, k] / error[i, k]):+.1f} standard errors"
            )
    return lines


def hill(found: xr.Dataset) -> tuple[int, float, float]:
    """Where information is greatest, and by how many standard errors that is above both the ends of the row."""
    value, error = found["information"].values, found["information_error"].values
    top = int(np.argmax(value))
    low, high = (
        (value[top] - value[k]) / np.hypot(error[top], error[k]) if top != k % len(value) else 0.0 for k in (0, -1)
    )
    return top, float(low), float(high)


def plot(
    sure: Certain, wide: xr.Dataset, found: Bands, heard: Told, pair: tuple[xr.Dataset, xr.Dataset], path: Path
) -> None:
    """Map, curves, width of the band, its shift, mean weight, and what a crossing tells."""
    figure = blank(12.4, 7.6)
    grid = figure.add_gridspec(2, 3, left=0.055, right=0.985, bottom=0.07, top=0.86, wspace=0.27, hspace=0.4)
    draws = (
        ("The outcome that the rule gives", lambda ax: draw_map(ax, sure, wide, pair[0])),
        ("Potentiated, by the rule", lambda ax: draw_curves(ax, sure, wide, pair)),
        ("Width of the uncertain band", lambda ax: draw_width(ax, found, tuple(sure.limit))),
        ("Middle of the band", lambda ax: draw_middle(ax, found, tuple(sure.limit))),
        ("Mean weight", lambda ax: draw_weight(ax, sure, wide)),
        ("What a crossing tells of weaker pulses", lambda ax: draw_told(ax, heard)),
    )
    for k, (title, draw) in enumerate(draws):
        ax = tidy(figure.add_subplot(grid[k // 3, k % 3]))
        draw(ax)
        ax.set_title(title, loc="left", fontsize=9.5, fontweight="bold", color=INK)
    head = "Five pulses of calcium: yes or no by rate equations, perhaps in a small head"
    figure.text(0.02, 0.955, head, fontsize=13, fontweight="bold", color=INK)
    said = f"{wide.sizes['trial']} trials a point of the map; bars: standard errors, or 95 % of a probability"
    figure.text(0.02, 0.92, said, fontsize=9, color=QUIET)
    written(figure, path)


def draw_map(ax: Axes, sure: Certain, wide: xr.Dataset, moving: xr.Dataset) -> None:
    """Colours mixed by probability, over pulses and volumes; particles as squares with the colour of their own."""
    share = outcomes_of(wide)["probability"].transpose("head", "pulse", "outcome").values
    colours = np.stack([DEPRESSED, UNCHANGED, POTENTIATED])
    strength, volume = wide["strength"].values[0], wide["volume"].values[:, 0]
    ax.pcolormesh(edges(strength), edges(volume), share @ colours, rasterized=True)
    for limit in crossings(sure):
        ax.axvline(limit, color=INK, lw=1.0, ls=(0, (4, 2)))
    own = outcomes_of(moving)["probability"].transpose("head", "pulse", "outcome").values @ colours
    ax.scatter(moving["strength"], moving["volume"], c=own.reshape(-1, 3), marker="s", s=26, edgecolor="k", lw=0.7)
    ax.set(xscale="log", yscale="log", xlabel="pulse (µM)", ylabel="volume (µm³)")
    plain_ticks(ax, (0.7, 1, 2, 4, 8))
    for x, words in ((0.8, "unchanged"), (2.3, "depressed"), (8.0, "potentiated")):
        light = "white" if words != "unchanged" else INK
        ax.text(x, 0.28, words, ha="center", fontsize=8.5, color=light)
    ax.text(0.04, 0.03, "squares: particles", transform=ax.transAxes, fontsize=7, color=INK)


def edges(values: np.ndarray) -> np.ndarray:
    """The edges of cells around values apart by a factor."""
    half = np.sqrt(values[1] / values[0])
    return np.append(values / half, values[-1] * half)


def crossings(sure: Certain) -> list[float]:
    """Pulses at which the rate equations' outcome changes [umol/L]."""
    weight, strength = sure.values["weight"].values, sure.values["strength"].values
    outcome = np.digitize(weight, BAND)
    return [float(np.sqrt(strength[k] * strength[k + 1])) for k in np.flatnonzero(np.diff(outcome))]


def draw_curves(ax: Axes, sure: Certain, wide: xr.Dataset, pair: tuple[xr.Dataset, xr.Dataset]) -> None:
    """P(potentiated) over pulses at three volumes; the rate equations' step; particles as squares."""
    chance = outcomes_of(wide).sel(outcome="potentiated")
    for colour, k in zip(SERIES, spread(wide.sizes["head"]), strict=False):
        one, x = chance.isel(head=k), wide["strength"].values[k]
        ax.fill_between(x, one["probability_low"], one["probability_high"], color=colour, alpha=0.18, lw=0)
        ax.plot(x, one["probability"], color=colour, lw=1.3, label=f"{float(wide['volume'][k, 0]):.3f} µm³")
    for k, marker in zip(range(pair[0].sizes["head"]), "s^", strict=False):
        one = outcomes_of(pair[0].isel(head=k)).sel(outcome="potentiated")
        bars = [one["probability"] - one["probability_low"], one["probability_high"] - one["probability"]]
        said = f"particles, {float(pair[0]['volume'][k, 0]):.3f} µm³"
        x = pair[0]["strength"].values[k]
        ax.errorbar(x, one["probability"], np.abs(bars), fmt=marker, color=INK, ms=4, lw=0.9, label=said)
    limit = sure.limit["by the rule"]
    ax.plot([3.0, limit, limit, 9.5], [0, 0, 1, 1], color=TWIN, lw=1.2, ls=(0, (4, 2)), label="rate equations")
    ax.set(xscale="log", xlim=(3.0, 9.5), xlabel="pulse (µM)", ylabel="probability", ylim=(-0.03, 1.03))
    plain_ticks(ax, (3, 4, 5, 6, 7, 8))
    ax.legend(frameon=False, fontsize=7)


def draw_width(ax: Axes, found: Bands, readings: Sequence[str]) -> None:
    """Widths over volume, with their power laws, and the linear noise approximation."""
    ax.plot(found.volume, 100 * found.theory, color=TWIN, lw=1.2, ls=(0, (4, 2)), label="linear noise, last pulse")
    for r, (name, colour) in enumerate(zip(readings, SERIES, strict=False)):
        said = f"{name}: exponent {found.exponent[r]:.3f} ± {found.exponent_error[r]:.3f}"
        ax.errorbar(
            found.volume,
            100 * found.width[r],
            100 * found.width_error[r],
            fmt="o",
            ms=4,
            color=colour,
            lw=1,
            label=said,
        )
        line = np.polyfit(np.log(found.volume), np.log(found.width[r]), 1)
        ax.plot(found.volume, 100 * np.exp(np.polyval(line, np.log(found.volume))), color=colour, lw=0.9)
    ax.set(xscale="log", yscale="log", xlabel="volume (µm³)", ylabel="width over the limit (%)", ylim=(0.5, 30))
    plain_ticks(ax, (0.01, 0.1, 0.5), (1, 2, 5, 10, 20))
    ax.legend(frameon=False, fontsize=7, loc="lower left")


def draw_middle(ax: Axes, found: Bands, readings: Sequence[str]) -> None:
    """Where half of the trials are potentiated, beside where the rate equations say yes."""
    for r, (name, colour) in enumerate(zip(readings, SERIES, strict=False)):
        y, error = 100 * (found.middle[r] - 1), 100 * found.middle_error[r]
        ax.errorbar(found.volume * 1.04 ** (r - 1), y, error, fmt="o-", ms=4, color=colour, lw=1, label=name)
    ax.axhline(0.0, color=TWIN, lw=1.2, ls=(0, (4, 2)))
    ax.set(xscale="log", xlabel="volume (µm³)", ylabel="middle over the limit, less 1 (%)")
    plain_ticks(ax, (0.01, 0.1, 0.5))
    ax.legend(frameon=False, fontsize=7)


def draw_weight(ax: Axes, sure: Certain, wide: xr.Dataset) -> None:
    """Mean weights over pulses at three volumes, and the rate equations'."""
    for colour, k in zip(SERIES, spread(wide.sizes["head"]), strict=False):
        about = observables.mean_sem(1e3 * wide["weight"].isel(head=k))
        said = f"{float(wide['volume'][k, 0]):.3f} µm³"
        ax.errorbar(wide["strength"].values[k], about["mean"], about["sem"], color=colour, lw=1.2, label=said)
    ax.plot(
        sure.values["strength"], 1e3 * sure.values["weight"], color=TWIN, lw=1.3, ls=(0, (4, 2)), label="rate equations"
    )
    ax.axhline(0.0, color=QUIET, lw=0.7, zorder=0)
    ax.set(xscale="log", xlim=(0.6, 8.0), ylim=(-3.2, 4.0), xlabel="pulse (µM)", ylabel="weight after 60 ms (10⁻³)")
    plain_ticks(ax, (0.7, 1, 2, 4, 8))
    ax.legend(frameon=False, fontsize=7, loc="upper left")


def draw_told(ax: Axes, heard: Told) -> None:
    """Information of the crossing over volume, and that of the peak itself."""
    for (name, one), colour in zip(heard.crossing.items(), (MEAN, SERIES[3]), strict=True):
        ax.errorbar(
            heard.volume, one["information"], one["information_error"], fmt="o-", ms=4, color=colour, lw=1.1,
            label=f"{name}: whether it crosses",
        )  # fmt: skip
        graded = heard.peak[name]["information"]
        ax.plot(heard.volume, graded, color=colour, lw=1.0, ls=":", label=f"{name}: the peak itself")
    ax.set(xscale="log", xlabel="volume (µm³)", ylabel="information (bit)", ylim=(-0.02, 1.08))
    plain_ticks(ax, (0.001, 0.01, 0.1, 0.5))
    ax.legend(frameon=False, fontsize=7, loc="lower right", bbox_to_anchor=(1.03, 0.08))


def spread(number: int) -> list[int]:
    """The first, one in the middle and the last."""
    return [0, number // 2, number - 1]


def plain_ticks(ax: Axes, x: tuple[float, ...], y: tuple[float, ...] = ()) -> None:
    """Ticks with plain numbers on logarithmic axes."""
    for axis, places in ((ax.xaxis, x), (ax.yaxis, y)):
        if places:
            axis.set_ticks(places, labels=[f"{place:g}" for place in places])
            axis.set_ticks([], minor=True)
