"""The panels of the figure of this study: each takes axes and the stores."""

from __future__ import annotations

import numpy as np
from counting_limit.readers import (
    ALIKE,
    DIMS,
    FEW,
    TIMES,
    VOLUMES,
    discriminability,
    information,
    networks,
    of_bath,
    of_concentration,
    read,
)
from counting_limit.theory import (
    BALL,
    BATH,
    SITES,
    closed_apart,
    expected,
    in_bath,
    limits,
    of_counts,
    of_normals,
    told_apart,
    uptake,
)

from spinemc.figures.style import QUIET, SERIES, TWIN


def draw_bath(ax, found):
    """Relative errors of monitor and absorber against time."""
    times = np.array([0.02, 0.05, 0.1, 0.2, 0.5, 1.0]) * 1e-3
    for (kind, least), colour in zip((("monitor", 0.0), ("absorber", 1e-4)), SERIES, strict=False):
        some = times[times >= least]
        values, errors = np.array([of_bath(kind, found[kind], t) for t in some]).T
        ax.errorbar(1e3 * some, values, errors, fmt="o", ms=5, color=colour, lw=1.2, label=f"perfect {kind}")
        ax.plot(1e3 * times, [in_bath(kind, t) for t in times], color=colour, lw=1.0, ls="--")
    ax.axhline(1.0 / (BATH * 4.0 / 3.0 * np.pi * BALL**3), color=TWIN, lw=1.0, ls=":", label="one count")
    ax.set(xscale="log", yscale="log", xlabel="time (ms)", ylabel="(δc/c)²")


def draw_volumes(ax, found, what, in_bits):
    """d' or information against volume, for single counts and averages."""
    made, state = networks("open", VOLUMES), {"Ca": 0, "CaS": 2}[what]
    for length, colour in zip(TIMES, SERIES, strict=False):
        pairs = [[expected(one, length, state) for one in column] for column in made.T]
        is_count = not length and what == "Ca"
        curve = [(of_counts(low[0], high[0]) if is_count else of_normals(low, high)) for low, high in pairs]
        curve = curve if in_bits else [told_apart(*pair) for pair in pairs]
        label = f"mean of {1e3 * length:g} ms" if length else "one count"
        ax.plot(VOLUMES, curve, color=colour, lw=1.0, ls="--", label=label)
        name, measure = ("information", information) if in_bits else ("d", discriminability)
        stores = [("open", VOLUMES, "x")]
        if length < TIMES[-1]:  # of which a trial has one
            stores.append(("particles", FEW, "o"))
        for store, volumes, mark in stores:
            seen = measure(read(found[store], what, length), DIMS["open"])
            there = volumes[: seen.sizes["radius"]]
            ax.errorbar(there, seen[name], seen[f"{name}_error"], fmt=mark, ms=5, color=colour, lw=1.0, mew=1)
    ax.set(xscale="log", xlabel="volume (µm³)", ylabel="information (bit)" if in_bits else "d'")
    ax.set(ylim=(0.0, 1.35)) if in_bits else ax.set(yscale="log")


def draw_times(ax, found):
    """d' against the time of averaging, of an open and a closed head."""
    times = np.array([0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]) * 1e-3
    k = VOLUMES.index(ALIKE)
    made = networks("open", (ALIKE,))
    shut = networks("closed", (ALIKE,))
    curves = (
        ("open", k, [told_apart(*(expected(one, t) for one in made[:, 0])) for t in times]),
        ("closed", 0, [closed_apart(shut, t) for t in times]),
    )
    for (name, where, curve), colour in zip(curves, SERIES, strict=False):
        each = [discriminability(read(found[name], "Ca", t), DIMS[name]).isel(radius=where) for t in times]
        values, errors = np.array([[float(one["d"]), float(one["d_error"])] for one in each]).T
        ax.errorbar(1e3 * times, values, errors, fmt="x", ms=5, color=colour, lw=1.0, label=name)
        ax.plot(1e3 * times, curve, color=colour, lw=1.0, ls="--")
    low, high = (one.jumps[0].number for one in shut[:, 0])
    ax.axhline(told_apart((low, low), (high, high)), color=TWIN, lw=1.0, ls=":", label="all ions of the closed head")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="time (ms)",
        ylabel="d'",
        yticks=(0.5, 1, 2, 5),
        yticklabels=("0.5", "1", "2", "5"),
    )
    ax.minorticks_off()


def draw_limits(ax, found):
    """Relative errors of the concentration by readers, with their limits."""
    made = networks("open", VOLUMES)
    seen = np.array([of_concentration(found["open"], made, k, TIMES[-1]) for k in range(len(VOLUMES))])
    rest = [(expected(one, 0.0)[0], uptake(one)) for one in made[0]]
    least = [limits(v, *one, TIMES[-1]) for v, one in zip(VOLUMES, rest, strict=True)]
    bar = seen * np.sqrt(2.0 / read(found["open"], "Ca", TIMES[-1]).sizes["trial"])
    ax.errorbar(VOLUMES, seen[:, 0], bar[:, 0], fmt="x", ms=6, color=SERIES[0], lw=1.0, label="free ions")
    ax.errorbar(VOLUMES, seen[:, 1], bar[:, 1], fmt="x", ms=6, color=SERIES[1], lw=1.0, label=f"{SITES} sensors")
    ax.plot(VOLUMES, [one["ions"] for one in least], color=SERIES[0], lw=1.0, ls="--", label="2 / (γ n T)")
    both = [one["ions"] + one["sites"] for one in least]
    ax.plot(VOLUMES, both, color=SERIES[1], lw=1.0, ls="--", label="and 2 / (k c (1 - p) M T)")
    ax.plot(VOLUMES, [one["count"] for one in least], color=TWIN, lw=1.0, ls=":", label="one count, 1 / n")
    ax.plot(VOLUMES, [one["monitor"] for one in least], color=QUIET, lw=1.0, label="monitor of that size in a bath")
    ax.set(xscale="log", yscale="log", xlabel="volume (µm³)", ylabel="(δc/c)²", ylim=(2e-4, 4e2))
