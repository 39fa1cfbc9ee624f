"""The figure of this study: calcium at some delays, windows of delay, their maps, their noise, and the levels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from common import sheet
from neighbours import LAWS, Kernel, coloured, name_outcomes, name_rows

from spinemc.figures.style import INK, MEAN, QUIET, SERIES, TWIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(
    kernels: dict[str, Kernel],
    curves: dict[str, xr.DataArray],
    maps: dict[str, xr.DataArray],
    noisy: xr.Dataset,
    beside: dict[str, xr.Dataset],
    path: Path,
) -> None:
    """The whole figure."""
    panels = [
        ("Calcium in the weak spine (consistent)", lambda ax: draw_calcium(ax, kernels["consistent"])),
        ("What the delay decides, weak input 1 µM", lambda ax: draw_curves(ax, curves)),
        ("Levels side by side: the weak spine", lambda ax: draw_levels(ax, beside)),
    ]
    for law, found in maps.items():
        strong = {"literal": 20, "consistent": 40}[law]
        panels.append((f"{law.capitalize()}, {strong} µM", lambda ax, found=found: draw_map(ax, found)))
    panels.append(("Spread over trials (mesh)", lambda ax: draw_noise(ax, noisy, curves["mesh, 40 uM"])))
    said = "a strong input to one spine and a weak one to its neighbour, 1 µm away; delay of the weak behind the strong"
    sheet("Windows of delay", said, panels, path)


def draw_calcium(ax: Axes, one: Kernel) -> Axes:
    """Calcium in the weak spine when its input comes before, just after and long after the strong one."""
    for delay, colour in zip((-0.02, 0.01, 0.06), (SERIES[3], MEAN, SERIES[2]), strict=True):
        strong = max(0.0, -delay)
        level = one.of([(0, strong, 40.0), (1, max(0.0, delay), 1.0)], 0.1)[1]
        time = 1e3 * (one.step * np.arange(len(level)) - strong)
        ax.plot(time, level, color=colour, lw=1.3, label=f"{1e3 * delay:+g} ms")
    for value, name in ((0.2, "θd"), (0.8, "θp")):
        ax.axhline(value, color=QUIET, lw=0.8, ls=(0, (4, 2)))
        ax.text(118, value, name, va="bottom", ha="right", fontsize=7, color=INK)
    ax.set(xlim=(-30, 120), ylim=(0, 1.6), xlabel="time after the strong input (ms)", ylabel="free calcium (µM)")
    return ax


def draw_curves(ax: Axes, curves: dict[str, xr.DataArray]) -> Axes:
    """Change of the weak spine over delay, by law of exchange."""
    for name, found in curves.items():
        law = name.partition(",")[0]
        style = (0, (4, 2)) if "20" in name else "-"
        ax.plot(1e3 * found.delay, found.isel(spine=1), color=LAWS[law], lw=1.3, ls=style, label=name.replace("u", "µ"))
    ax.axhline(0.0, color=QUIET, lw=0.8)
    ax.set(xlabel="delay (ms)", ylabel="change of the weak spine's weight (%)")
    return ax


def draw_map(ax: Axes, found: xr.DataArray) -> Axes:
    """Outcome pairs over delay and weak input."""
    x, y = 1e3 * found.delay.values, found.weak.values
    edges = [np.concatenate([[v[0]], 0.5 * (v[1:] + v[:-1]), [v[-1]]]) for v in (x, y)]
    ax.pcolormesh(*edges, coloured(found.values))
    name_outcomes(ax, found.values)
    ax.axvline(0.0, color=INK, lw=0.6)
    ax.set(xlabel="delay (ms)", ylabel="weak input (µM)")
    return ax


def draw_noise(ax: Axes, noisy: xr.Dataset, mean: xr.DataArray) -> Axes:
    """Trials of the weak spine over delay, with the share that strengthens."""
    x = 1e3 * noisy.delay.values
    weak = noisy["change"].isel(spine=1)
    for k, delay in enumerate(x):
        ax.plot(np.full(weak.sizes["trial"], delay), weak.values[k], ".", ms=2, color=SERIES[1], alpha=0.35)
    ax.errorbar(x, noisy["mean"].isel(spine=1), noisy["error"].isel(spine=1), fmt="o", ms=4, color=INK, label="mean")
    ax.plot(1e3 * mean.delay, mean.isel(spine=1), color=TWIN, lw=1.0, ls=(0, (4, 2)), label="rate equations")
    ax.axhline(0.0, color=QUIET, lw=0.8)
    top = float(weak.max())
    for delay, share in zip(x, noisy.up.values, strict=True):
        ax.text(delay, 1.12 * top, f"{100 * share:.0f}", ha="center", rotation=90, fontsize=5.5, color=INK)
    ax.set(xlabel="delay (ms); above: % of trials that strengthen", ylabel="change of the weak spine (%)")
    ax.set_ylim(top=1.75 * top)
    return ax


def draw_levels(ax: Axes, beside: dict[str, xr.Dataset]) -> Axes:
    """Change of the weak spine at each level, at three delays."""
    names = list(beside)
    place = np.arange(len(names))[::-1]
    delays = beside[names[0]].delay.values
    for k, colour in zip(range(len(delays)), (SERIES[3], MEAN, SERIES[2]), strict=True):
        y = place + 0.2 * (1 - k)
        mean = [float(beside[name]["mean"][k, 1]) for name in names]
        error = [float(beside[name]["error"][k, 1]) for name in names]
        for height, name in zip(y, names, strict=True):
            dots = beside[name]["change"].values[k, 1]
            ax.plot(dots, np.full(len(dots), height), ".", ms=2, color=colour, alpha=0.3)
        ax.errorbar(mean, y, xerr=error, fmt="o", ms=4, color=colour, label=f"{1e3 * delays[k]:+g} ms")
    ax.axvline(0.0, color=QUIET, lw=0.8)
    name_rows(ax, names)
    ax.set(xlabel="change of the weak spine (%)", ylim=(-0.6, len(names) + 0.8))
    left, right = ax.get_xlim()
    ax.set_xlim(left - 0.45 * (right - left), right)
    return ax
