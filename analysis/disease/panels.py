"""The figure of this study: calcium, fates and readouts in health and ill, what brings them back, and the levels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from common import sheet
from disease.rescue import BACK, Rescue
from disease.spines import fate
from neighbours import LAWS, name_rows

from spinemc.figures.style import INK, MEAN, QUIET, SERIES, TWIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOK = {"healthy": MEAN, "ill": TWIN, "by buffer": SERIES[1], "by neck": SERIES[3], "by both": SERIES[2]}
"""Colours of states."""

READOUTS = {"peak": SERIES[0], "spread": SERIES[3], "neighbour": SERIES[2]}
"""Colours of what is read out of calcium."""


def plot(
    courses: xr.DataArray,
    whole: xr.Dataset,
    rescue: Rescue,
    beside: dict[str, xr.Dataset],
    along: xr.DataArray,
    level: str,
    path: Path,
) -> None:
    """The whole figure."""
    panels = [
        ("Calcium in the head (consistent)", lambda ax: draw_course(ax, courses, 0)),
        ("Calcium in the shaft (consistent)", lambda ax: draw_course(ax, courses, -1)),
        ("Fates", lambda ax: draw_fates(ax, whole)),
        ("Calcium, over that in health", lambda ax: draw_readouts(ax, whole)),
        ("Rescue by buffer", lambda ax: draw_tried(ax, rescue, whole, "buffer", "buffer (µM)")),
        ("Rescue by neck", lambda ax: draw_tried(ax, rescue, whole, "neck", "neck radius (nm)")),
        ("What the input decides (rate equations)", lambda ax: draw_inputs(ax, along)),
        ("Levels side by side: change of weight", lambda ax: draw_levels(ax, beside)),
    ]
    n = whole.sizes["trial"]
    said = (
        "ill: neck 120 nm in place of 75, head 0.031 µm³ in place of 0.062, buffer 10 µM in place of 20; "
        f"fates, readouts and rescues: n = {n} ({level})"
    )
    sheet("A spine that is ill, and what brings it back", said, panels, path, columns=4)


def draw_course(ax: Axes, courses: xr.DataArray, place: int) -> Axes:
    """Means in one place, by state."""
    time = np.linspace(0.0, 100.0, courses.sizes["t"])
    for name in courses.state.values:
        ax.plot(time, courses.sel(state=name).isel(place=place), color=LOOK[name], lw=1.3, label=name)
    if place == 0:
        for value, name in ((0.2, "θd"), (0.8, "θp")):
            ax.axhline(value, color=QUIET, lw=0.7)
            ax.text(99, value, name, va="bottom", ha="right", fontsize=7, color=INK)
    ax.set(xlim=(0, 100), ylim=(0, None), xlabel="time (ms)", ylabel="free calcium (µM)")
    return ax


def draw_fates(ax: Axes, whole: xr.Dataset) -> Axes:
    """Probabilities of potentiation and depression by state, with 95 % intervals."""
    names = [str(name) for name in whole.state.values]
    place = np.arange(len(names))[::-1]
    for outcome, word, colour, shift in (
        ("potentiated", "LTP", SERIES[1], 0.12),
        ("depressed", "LTD", SERIES[3], -0.12),
    ):
        one = whole.isel(spine=0).sel(outcome=outcome)
        reach = np.abs(np.stack([one.chance_low, one.chance_high]) - one.chance.values)
        ax.errorbar(one.chance, place + shift, xerr=reach, fmt="o", ms=4, color=colour, capsize=1.5, label=word)
    _rows(ax, names, 1.3)
    ax.set(xlabel="probability (95 % intervals)", xlim=(-0.6, 1.05))
    ax.set_xticks([0.0, 0.5, 1.0])
    return ax


def draw_readouts(ax: Axes, whole: xr.Dataset) -> Axes:
    """Peak in the head, spread to the shaft and to the neighbour, over their means in health."""
    names = [str(name) for name in whole.state.values]
    place = np.arange(len(names))[::-1]
    for k, (key, colour) in enumerate(READOUTS.items()):
        over = whole[key] / whole[key].sel(state="healthy").mean("trial")
        error = over.std("trial", ddof=1) / np.sqrt(over.sizes["trial"])
        ax.errorbar(over.mean("trial"), place + 0.2 * (1 - k), xerr=error, fmt="o", ms=4, color=colour, label=key)
    ax.axvline(1.0, color=QUIET, lw=0.8)
    _rows(ax, names, 1.6)
    left, right = ax.get_xlim()
    ax.set(xlabel="over health", xlim=(left - 0.55 * (right - left), right))
    return ax


def draw_tried(ax: Axes, rescue: Rescue, whole: xr.Dataset, key: str, said: str) -> Axes:
    """How often the ill spine has the healthy fate, and its calcium over that in health, by what was tried."""
    found = rescue.found[key]
    found = found.isel(state=np.argsort(found.state.values.astype(float)))
    x = found.state.values.astype(float)
    one = found.isel(spine=0).sel(outcome="depressed")
    reach = np.abs(np.stack([one.chance_low, one.chance_high]) - one.chance.values)
    ax.errorbar(
        x, fate(found).mean(axis=1), reach, fmt="o-", ms=4, lw=1.1, color=TWIN, capsize=1.5, label="LTD, probability"
    )
    for name in ("peak", "spread"):
        over = found[name] / whole[name].sel(state="healthy").mean("trial")
        error = over.std("trial", ddof=1) / np.sqrt(over.sizes["trial"])
        label = f"{name}, over health"
        ax.errorbar(x, over.mean("trial"), error, fmt="s--", ms=3.5, lw=0.9, color=READOUTS[name], label=label)
    back = rescue.amounts[key]
    if np.isfinite(back.value):
        ax.axvspan(back.low, back.high, color=QUIET, alpha=0.3, lw=0)
        ax.axvline(back.value, color=INK, lw=0.8)
    ax.axhline(1.0, color=QUIET, lw=0.7)
    if key == "buffer":
        ax.axhline(BACK, color=TWIN, lw=0.7, ls=(0, (1, 2)))
    top = ax.get_ylim()[1]
    ax.set(xlabel=said, ylim=(-0.05, 1.35 * top), ylabel="probability; over health")
    return ax


def draw_inputs(ax: Axes, along: xr.DataArray) -> Axes:
    """Change of the weight over the input, in health and ill, by law of exchange."""
    for law in along.law.values:
        for state, style in (("healthy", "-"), ("ill", (0, (4, 2)))):
            one = along.sel(law=law, state=state)
            ax.plot(along.input, one, color=LAWS[law], lw=1.2, ls=style, label=law if state == "healthy" else None)
    ax.plot([], [], color=INK, ls=(0, (4, 2)), lw=1.0, label="ill")
    ax.axhline(0.0, color=QUIET, lw=0.7)
    ax.axvline(1.0, color=QUIET, lw=0.7)
    ax.set(xscale="log", xlabel="input (of 1000 ions)", ylabel="change of weight (%)")
    ax.set_xticks([0.25, 0.5, 1, 2, 4], ["¼", "½", "1", "2", "4"])
    ax.minorticks_off()
    return ax


def draw_levels(ax: Axes, beside: dict[str, xr.Dataset]) -> Axes:
    """Change of the first spine's weight at each level, by state."""
    names = list(beside)
    place = np.arange(len(names))[::-1]
    for k, (state, colour) in enumerate(LOOK.items()):
        if state not in beside[names[0]].state.values:
            continue
        for height, name in zip(place + 0.13 * (2 - k), names, strict=True):
            one = beside[name]["weight"].sel(state=state).isel(spine=0)
            n = one.sizes["trial"]
            error = float(one.std("trial", ddof=1)) / np.sqrt(n) if n > 1 else None
            label = state if name == names[0] else None
            ax.errorbar(float(one.mean()), height, xerr=error, fmt="o", ms=3.5, color=colour, label=label)
    ax.axvline(0.0, color=QUIET, lw=0.8)
    _rows(ax, names, 3.2)
    left, right = ax.get_xlim()
    ax.set(xlabel="change of weight (%)", xlim=(left - 0.75 * (right - left), right))
    return ax


def _rows(ax: Axes, names: list[str], above: float) -> None:
    """Rows with names, and room above them for a legend."""
    name_rows(ax, names)
    ax.set_ylim(-0.6, len(names) - 0.4 + above)
