"""The numbers and the figure of the study switch_lifetime."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr
from chain import steady
from common import sheet
from rings import law

from spinemc.figures.style import INK, QUIET, SERIES, TWIN
from spinemc.plasticity import camkii2007
from spinemc.units import MICROMOLAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATES = ("DOWN", "UP")
DAY, YEAR = 86400.0, 3.156e7


class Rest(NamedTuple):
    """Calcium at rest [uM], the correlation time of its noise [s], the head's volume [um^3]; holoenzymes in noise."""

    calcium: float
    tau: float
    head: float
    number: int


class Fit(NamedTuple):
    """ln life = offset + slope number, with the slope's standard error and what is left over chi squared."""

    slope: float
    error: float
    offset: float
    chi2: float
    points: int


def fitted(found: xr.Dataset, state: str, least: int = 8) -> Fit:
    """The exponential law over numbers from `least` on; its error holds the scatter of the points as well."""
    one = found.sel(state=state)
    best = one["sampled"].fillna(one["watched"])
    error = one["sampled_error"].where(one["sampled"].notnull(), one["watched_error"])
    use = (best.notnull() & (one["number"] >= least)).values
    x, y = one["number"].values[use].astype(float), np.log(best.values[use])
    weight = (best / error).values[use]
    design = np.stack([x, np.ones_like(x)], axis=1) * weight[:, None]
    (slope, offset), *_ = np.linalg.lstsq(design, y * weight)
    left = float(np.sum(((y - slope * x - offset) * weight) ** 2))
    scatter = max(1.0, left / (len(x) - 2))
    return Fit(
        float(slope), float(np.sqrt(np.linalg.inv(design.T @ design)[0, 0] * scatter)), float(offset), left, len(x)
    )


def said(seconds: float) -> str:
    """A time in words."""
    for unit, name in ((YEAR, "years"), (DAY, "days"), (3600.0, "hours"), (60.0, "min")):
        if seconds >= 2.0 * unit:
            return f"{seconds / unit:.2g} {name}"
    return f"{seconds:.0f} s"


def numbers(rest: Rest, found: xr.Dataset, noise: xr.Dataset) -> list[str]:
    """What the README tells, a line each."""
    lines = ["folds [uM, uM]: " + ", ".join(f"{ca:.5f} at {s:.1f}" for ca, s in camkii2007.folds())]
    for state in STATES:
        for n in found["number"].values:
            at = {name: float(found[name].sel(state=state, number=n)) for name in found}
            lines.append(
                f"{state:>4} {n:2d}: exact {at['exact']:.4g} s, watched {at['watched']:.4g} +- "
                f"{at['watched_error']:.2g}"
                f" (deviation over mean {at['variation']:.2f}), sampled {at['sampled']:.4g} +- "
                f"{at['sampled_error']:.2g}"
                f", chain {at['chain']:.4g}"
            )
        fit = fitted(found, state)
        lines.append(
            f"{state}: e^({fit.slope:.3f} +- {fit.error:.3f} per holoenzyme), chi^2 {fit.chi2:.1f} of "
            f"{fit.points - 2}; "
            + ", ".join(f"{n}: {said(math.exp(fit.offset + fit.slope * n))}" for n in (10, 20, 40))
        )
    lines.append(f"\n{rest.number} holoenzymes in noisy calcium, correlation time {rest.tau} s")
    for state in STATES:
        one = noise.sel(state=state)
        lines.append(f"{state}: constant calcium {float(one['constant']):.4g} +- {float(one['constant_error']):.2g} s")
        for v in one["volume"].values:
            here = one.sel(volume=v)
            lines.append(
                f"    V = {v:g} um^3: {float(here['noisy']):.4g} +- {float(here['noisy_error']):.2g} s, mean rates "
                f"{float(here['averaged']):.4g} +- {float(here['averaged_error']):.2g} s"
            )
        for t in one["tau"].values:
            here = one.sel(tau=t)
            lines.append(f"    tau = {t:g} s: {float(here['slow']):.4g} +- {float(here['slow_error']):.2g} s")
    for v in noise["volume"].values:
        states = ", ".join(f"{100 * s / 6:.2f} %" for s in steady(law(1, rest.calcium, float(v))))
        lines.append(f"steady states with rates averaged over {v:g} um^3: {states} of the sites")
    return lines


def draw_lives(ax: Axes, found: xr.Dataset) -> None:
    """Life against number."""
    n = found["number"].values
    for state, colour in zip(STATES, SERIES, strict=False):
        one, fit = found.sel(state=state), fitted(found, state)
        x = np.array([8, n.max()])
        ax.plot(x, np.exp(fit.offset + fit.slope * x), color=colour, linewidth=1.2)
        ax.plot(n, one["chain"], color=colour, linewidth=1.0, linestyle=":")
        ax.plot(n, one["exact"], "x", color=colour, markersize=6)
        ax.errorbar(
            n, one["watched"], one["watched_error"], fmt="o", color=colour, markersize=4, markerfacecolor="white"
        )
        label = f"{state}: e$^{{{fit.slope:.3f} \\pm {fit.error:.3f}}}$ a holoenzyme"
        ax.errorbar(n, one["sampled"], one["sampled_error"], fmt="o", color=colour, markersize=4, label=label)
    for seconds, name in ((3600.0, "hour"), (DAY, "day"), (YEAR, "year")):
        ax.axhline(seconds, color=QUIET, linewidth=0.6, zorder=0)
        ax.text(n.max() + 0.5, seconds, name, fontsize=7, color=QUIET, ha="right", va="bottom")
    ax.set(yscale="log", xlabel="holoenzymes", ylabel="mean life (s)", xticks=range(0, n.max() + 1, 4))


def draw_noise(ax: Axes, noise: xr.Dataset) -> None:
    """Lives in noisy calcium over those in constant calcium, by volume."""
    for state, colour in zip(STATES, SERIES, strict=False):
        one = noise.sel(state=state)
        base = float(one["constant"])
        ax.plot(one["volume"], one["averaged"] / base, color=colour, linewidth=1.0, linestyle=":")
        ax.errorbar(
            one["volume"],
            one["noisy"] / base,
            one["noisy_error"] / base,
            fmt="o",
            color=colour,
            markersize=4,
            label=state,
        )
    ax.axhline(1.0, color=TWIN, linewidth=1.2, linestyle=(0, (4, 2)), label="constant calcium")
    ax.plot([], [], color=INK, linestyle=":", linewidth=1.0, label="mean rates")
    ax.set(xscale="log", yscale="log", xlabel="volume (µm³)", ylabel="life over that without noise")
    values = noise["volume"].values
    ax.set_xticks(values, [f"{v:g}" for v in values])
    ax.set_xticks([], minor=True)


def draw_times(ax: Axes, noise: xr.Dataset, rest: Rest) -> None:
    """The same by correlation time."""
    for state, colour in zip(STATES, SERIES, strict=False):
        one = noise.sel(state=state)
        base = float(one["constant"])
        ax.errorbar(
            one["tau"],
            one["slow"] / base,
            one["slow_error"] / base,
            fmt="o-",
            color=colour,
            markersize=4,
            linewidth=1.0,
        )
        fast = float(one["averaged"].sel(volume=rest.head)) / base
        ax.axhline(fast, color=colour, linewidth=1.0, linestyle=":")
    ax.axhline(1.0, color=TWIN, linewidth=1.2, linestyle=(0, (4, 2)))
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="correlation time of calcium (s)",
        ylabel="life over that without noise",
    )


def draw_branches(ax: Axes, rest: Rest) -> None:
    """Steady states against calcium, and where rest is."""
    grid = np.geomspace(0.05, 0.6, 160)
    low, middle, high = [], [], []
    for ca in grid:
        found = camkii2007.branches(float(ca)) / (6.0 * camkii2007.PARAMETERS["rings"])
        low.append(found[0] if len(found) > 1 or found[0] < 0.15 else np.nan)
        middle.append(found[1] if len(found) > 1 else np.nan)
        high.append(found[-1] if len(found) > 1 or found[0] > 0.15 else np.nan)
    for values, style in ((low, "-"), (middle, ":"), (high, "-")):
        ax.plot(grid, values, color=SERIES[0], linestyle=style, linewidth=1.4)
    spread = np.sqrt(rest.calcium / (rest.head * MICROMOLAR))
    ax.errorbar([rest.calcium], [0.5], xerr=[[spread], [spread]], fmt="s", color=TWIN, markersize=4, capsize=2)
    ax.text(0.235, 0.5, f"rest, and its\ndeviation in\n{rest.head} µm³", fontsize=7, color=TWIN, va="center")
    ax.set(xlabel="calcium (µM)", ylabel="phosphorylated part", xlim=(0.0, 0.6))


def plot(rest: Rest, found: xr.Dataset, noise: xr.Dataset, path: Path) -> None:
    """The figure."""
    panels = [
        ("Two states at rest", lambda ax: draw_branches(ax, rest)),
        (f"Life of a state at rest, {rest.calcium} µM", lambda ax: draw_lives(ax, found)),
        (f"{rest.number} holoenzymes, noise of {1e3 * rest.tau:.0f} ms", lambda ax: draw_noise(ax, noise)),
        (f"In {rest.head} µm³, by the noise's time", lambda ax: draw_times(ax, noise, rest)),
    ]
    below = "x exact, open: events, full: flux sampling, line: its fit, dotted: a chain in one number, or mean rates"
    sheet("A memory in few holoenzymes of CaMKII", below, panels, path, columns=2)
