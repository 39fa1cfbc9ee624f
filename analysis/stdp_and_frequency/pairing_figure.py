"""The numbers and the figure of the study stdp_and_frequency."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from common import sheet

from spinemc.figures.style import INK, QUIET, SERIES, TWIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PUBLISHED_DELAYS = np.array([-40, -25, -15, -10, -5, 0, 5, 10, 15, 20, 40])
PUBLISHED = {
    "DP": [0.827, 0.719, 0.800, 0.885, 0.941, 0.994, 1.237, 1.227, 1.178, 1.188, 1.083],
    "DPD": [1.0, 1.0, 0.966, 0.863, 0.848, 0.997, 1.159, 0.955, 0.857, 0.879, 1.0],
    "DPD'": [0.894, 0.837, 0.791, 0.779, 0.823, 1.034, 1.146, 0.971, 0.893, 0.889, 0.946],
    "D": [1, 1, 1, 1, 0.997, 0.659, 0.991, 1, 1, 1, 1],
}
"""Simulation of the authors of Graupner & Brunel 2012, 1000 runs a point, each with an error of 0.02 at least."""
CORTEX = {0.010: ((0.1, 10.0, 50.0), (0.96, 1.14, 1.56)), -0.010: ((0.1, 10.0, 50.0), (0.71, 0.59, 1.75))}
"""Pairs in cortical slices by rate [Hz], Sjostrom, Turrigiano & Nelson 2001: the weight over that before."""
KINDS = ("neither", "ions", "rule", "both")
POPULATION = 100  # synapses of which the spread of the mean is drawn


def numbers(pairs: xr.Dataset, rates: xr.Dataset, doublets: xr.Dataset, ions: xr.Dataset) -> list[str]:
    """What the README tells, a line each."""
    lines = ["60 pairs at 1 Hz: without noise, with it (error)"]
    lines.append(f"{'':24}" + "".join(f"{1e3 * d:>14.0f}" for d in pairs["delay"].values))
    for name in pairs["rule"].values:
        one = pairs.sel(rule=name)
        cells = (f"{c:.3f} {m:.3f}({e:.3f})" for c, m, e in zip(one["certain"], one["mean"], one["error"], strict=True))
        lines.append(f"{name:24}" + "".join(f"{cell:>21}" for cell in cells))
    for name, published in PUBLISHED.items():
        one = pairs.sel(rule=f"graupner2012 {name}").sel(delay=1e-3 * PUBLISHED_DELAYS, method="nearest")
        off = (one["mean"].values - published) / np.hypot(one["error"].values, 0.02)
        lines.append(
            f"{name}: chi^2 against the authors' simulation {off @ off:.1f} of {len(off)}, largest difference from the "
            f"formula {float(np.abs(one['mean'] - one['formula']).max()):.3f}"
        )
    one = pairs.sel(rule="graupner2012 DP")
    for d in (-0.025, 0.005, 0.010):
        at = one.sel(delay=d, method="nearest")
        lines.append(f"DP, {1e3 * d:.0f} ms: P(up) {float(at['up']):.3f}, P(down) {float(at['down']):.3f}")
    for what, table, over in (("75 pairs, Hz", rates, "rate"), ("100 pairs at 5 Hz, ms", doublets, "delay")):
        first = "side" if over == "rate" else "post"
        lines.append(f"\n{what}: without noise")
        lines.append(f"{'':24}" + "".join(f"{v * (1 if over == 'rate' else 1e3):>9g}" for v in table[over].values))
        for name in table["rule"].values:
            for k in table[first].values:
                row = table["certain"].sel({"rule": name, first: k}).values
                lines.append(f"{name:16} {k:7g}" + "".join(f"{v:9.3f}" for v in row))
        for k in table[first].values:
            row = table.sel({first: k})
            cells = (f"{m:.3f}({e:.3f})" for m, e in zip(row["mean"].values, row["error"].values, strict=True))
            lines.append(f"graupner2012 with noise {k:g}: " + " ".join(cells))
    lines.append("\nefficacy after 60 pairs in a head, from DOWN and from UP")
    for volume in ions["volume"].values:
        lines.append(f"V = {volume:g} um^3, a step {float(ions['reference'].sel(volume=volume)):.1f} ions")
        for d in ions["delay"].values:
            for s in (0, 1):
                here = ions["rho"].sel(volume=volume, delay=d).isel(start=s)
                cells = (
                    f"{kind} {m:.4f}, sd {v:.4f} +- {e:.4f}"
                    for kind, (m, v, e) in zip(KINDS, map(spread, here), strict=True)
                )
                moved = ", ".join(f"{float(((row > 0.5) != s).mean()):.3f}" for row in here)
                lines.append(f"    {1e3 * d:.0f} ms, from {s}: " + "; ".join(cells) + f"; P(change) {moved}")
    return lines


def spread(rho: xr.DataArray) -> tuple[float, float, float]:
    """Mean, standard deviation and the latter's error, of a Gaussian, of efficacies."""
    deviation = float(rho.std(ddof=1))
    return float(rho.mean()), deviation, deviation / np.sqrt(2.0 * (rho.size - 1))


def draw_rule(ax: Axes, one: xr.Dataset, name: str, label: str, bistable: bool) -> None:
    """The window of one rule."""
    x = 1e3 * one["delay"].values
    ax.axhline(0.0 if label.startswith("change") else 1.0, color=QUIET, linewidth=0.6, zorder=0)
    if np.isfinite(one["mean"]).any():
        width = one["deviation"] / (np.sqrt(POPULATION) if bistable else 1.0)
        words = f"{POPULATION} synapses" if bistable else "one synapse"
        ax.fill_between(
            x, one["mean"] - width, one["mean"] + width, color=SERIES[0], alpha=0.2, linewidth=0, label=words
        )
        ax.errorbar(
            x, one["mean"], one["error"], fmt="o-", color=SERIES[0], markersize=3, linewidth=1.2, label="with noise"
        )
    ax.plot(x, one["certain"], color=TWIN, linewidth=1.3, linestyle=(0, (4, 2)), label="without", zorder=6)
    if np.isfinite(one["formula"]).any():
        ax.plot(x, one["formula"], color=INK, linewidth=0.9, linestyle=":", label="formula")
    if name in PUBLISHED:
        ax.plot(PUBLISHED_DELAYS, PUBLISHED[name], "D", color=SERIES[3], markersize=4, markerfacecolor="none",
                label="authors' runs")  # fmt: skip
    ax.set(xlabel="delay, pre to post (ms)", ylabel=label)


def draw_switch(ax: Axes, pairs: xr.Dataset) -> None:
    """CaMKII from both of its states."""
    x = 1e3 * pairs["delay"].values
    for name, colour, words in (("camkii2007", SERIES[0], "from DOWN"), ("camkii2007, UP", SERIES[1], "from UP")):
        ax.plot(x, pairs["certain"].sel(rule=name), "--", color=colour, linewidth=1.3, label=f"{words}, without noise")
    ax.axhline(0.0, color=QUIET, linewidth=0.6, zorder=0)
    ax.set(xlabel="delay, pre to post (ms)", ylabel="change of phosphorylated part")


def draw_chances(ax: Axes, one: xr.Dataset) -> None:
    """Probabilities of a change of state."""
    x = 1e3 * one["delay"].values
    for way, colour in (("up", SERIES[1]), ("down", SERIES[2])):
        ax.plot(x, one[way], "o-", color=colour, markersize=3, linewidth=1.2, label=f"goes {way.upper()}")
    ax.set(xlabel="delay, pre to post (ms)", ylabel="probability", ylim=(0.0, None))


def draw_rates(ax: Axes, rates: xr.Dataset, formula: Callable[[float, float], float]) -> None:
    """The cortical set by rate, against data."""
    fine = np.geomspace(0.1, 50.0, 60)
    for side, colour in zip(rates["side"].values, SERIES, strict=False):
        one = rates.sel(side=side)
        ax.plot(fine, [formula(side, f) for f in fine], color=colour, linewidth=0.9, linestyle=":")
        ax.errorbar(rates["rate"], one["mean"], one["error"], fmt="o-", color=colour, markersize=3, linewidth=1.2,
                    label=f"{1e3 * side:+.0f} ms")  # fmt: skip
        ax.plot(
            rates["rate"], one["certain"].sel(rule="graupner2012"), color=colour, linewidth=1.0, linestyle=(0, (4, 2))
        )
        ax.plot(*CORTEX[float(side)], "s", color=colour, markersize=5, markerfacecolor="none", label="Sjöström 2001")
    ax.axhline(1.0, color=QUIET, linewidth=0.6, zorder=0)
    ax.set(xscale="log", xlabel="pairs a second (Hz)", ylabel="strength over that before")
    named(ax, np.array([0.1, 1.0, 10.0, 50.0]))


def draw_doublets(ax: Axes, doublets: xr.Dataset, formula: Callable[[float, int], float]) -> None:
    """The hippocampal set at 5 Hz."""
    x = 1e3 * doublets["delay"].values
    fine = np.linspace(-0.04, 0.04, 81)
    for post, colour, words in ((1, SERIES[0], "one spike"), (2, SERIES[1], "a doublet")):
        one = doublets.sel(post=post)
        ax.plot(1e3 * fine, [formula(d, post) for d in fine], color=colour, linewidth=0.9, linestyle=":")
        ax.errorbar(x, one["mean"], one["error"], fmt="o-", color=colour, markersize=3, linewidth=1.2, label=words)
    ax.axhline(1.0, color=QUIET, linewidth=0.6, zorder=0)
    ax.set(xlabel="delay, pre to last post (ms)", ylabel="strength over that before")


def draw_ions(ax: Axes, ions: xr.Dataset) -> None:
    """The deviation of the efficacy by what is noisy."""
    for k, d in enumerate(ions["delay"].values):
        for kind, style in ((1, "o-"), (2, "--"), (3, "s")):
            values = [
                spread(ions["rho"].sel(volume=v, delay=d).isel(start=1, kind=kind)) for v in ions["volume"].values
            ]
            _, y, error = np.array(values).T
            if kind == 1:
                error = y / np.sqrt(2.0 * (ions.attrs["trials"] - 1))
            ax.errorbar(ions["volume"], y, error, fmt=style, color=SERIES[k], markersize=4, linewidth=1.2,
                        markerfacecolor="none", label=f"{1e3 * d:+.0f} ms: {KINDS[kind]}")  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="volume (µm³)", ylabel="deviation of the efficacy")
    named(ax, ions["volume"].values)


def named(ax: Axes, values: np.ndarray) -> None:
    """Ticks at the values alone, on a logarithmic axis."""
    ax.set_xticks(values, [f"{v:g}" for v in values])
    ax.set_xticks([], minor=True)


def plot(
    pairs: xr.Dataset,
    rates: xr.Dataset,
    doublets: xr.Dataset,
    ions: xr.Dataset,
    expected: Callable[..., float],
    path: Path,
) -> None:
    """The figure; `expected` gives the formula of a set, a delay [s], pairs, their rate [Hz] and spikes of each."""
    over, change = "strength over that before", "change of weight"
    panels: list[tuple[str, Callable[[Any], None]]] = []
    for name in PUBLISHED:
        one = pairs.sel(rule=f"graupner2012 {name}")
        panels.append((f"graupner2012, {name}", partial(draw_rule, one=one, name=name, label=over, bistable=True)))
    panels.append(("Chances, graupner2012 DP", partial(draw_chances, one=pairs.sel(rule="graupner2012 DP"))))
    for name in ("shouval2002", "bell2022", "odonnell2011", "chindemi2022"):
        label = change if name in ("bell2022", "odonnell2011") else over
        one = pairs.sel(rule=name)
        panels.append((name, partial(draw_rule, one=one, name=name, label=label, bistable=name == "chindemi2022")))
    panels.append(("camkii2007", partial(draw_switch, pairs=pairs)))
    for name in ("li2016", "clopath2008", "calcitron2025"):
        panels.append((name, partial(draw_rule, one=pairs.sel(rule=name), name=name, label=over, bistable=False)))
    panels.append(
        (
            "75 pairs, cortical slices",
            lambda ax: draw_rates(ax, rates, lambda d, f: expected("cortical slices", d, 75, f)),
        )
    )
    panels.append(
        (
            "100 pairs at 5 Hz, hippocampal slices",
            lambda ax: draw_doublets(ax, doublets, lambda d, post: expected("hippocampal slices", d, 100, 5.0, post)),
        )
    )
    panels.append(("Noise of ions in a head, of the rule, of both", partial(draw_ions, ions=ions)))
    said = "60 pairs at 1 Hz unless a panel says more; bars: standard errors; bands: standard deviations"
    sheet("Nine rules of plasticity on pairs of spikes", said, panels, path, columns=4)
