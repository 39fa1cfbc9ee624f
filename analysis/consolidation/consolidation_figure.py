"""The figure of the study of consolidation."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import sheet

from spinemc.figures.style import QUIET, SERIES

RULES = {"li2016": "Li 2016", "clopath2008": "Clopath 2008"}
COLOURS = {"li2016": SERIES[0], "clopath2008": SERIES[3]}


def draw(found: Any, path: Path) -> None:
    """Time courses, late shares and capture, written to a file."""
    panels = (
        *((f"{said}: mean of a path", partial(courses, found.memories[rule])) for rule, said in RULES.items()),
        ("Late memories 8 h after each protocol", partial(shares, found.memories)),
        ("A weak path, captured by a strong one", partial(captured, found.captures)),
        ("What is left of the weak path at 8 h", partial(left, found.captures)),
        ("Li 2016: weak path of n synapses, 8 h", partial(crowd, found.crowded)),
    )
    title = "Early and late memory: four protocols and a second path, by two rules"
    said = "bands and bars of weights: standard deviation over dendrites; of shares: 95 %, binomial; dashed: no noise"
    sheet(title, said, panels, path)


def courses(memories: Any, ax: Any) -> None:
    """Change of the mean weight over time by protocol."""
    for (name, m), colour in zip(memories.items(), SERIES, strict=True):
        hours = m.course["time"] / 3600.0
        ax.fill_between(hours, *(m.course["mean"] + k * m.course["sd"] for k in (-1, 1)), color=colour, alpha=0.2, lw=0)
        ax.plot(hours, m.course["mean"], color=colour, lw=1.2, label=f"{name}: {m.kind}")
        ax.plot(hours, m.course["certain"], color=colour, lw=1.0, ls=(0, (4, 2)))
    ax.axhline(0.0, color=QUIET, lw=0.7, zorder=0)
    ax.set(xlabel="time (h)", ylabel="change of weight (%)", xlim=(0, 8.3))


def shares(memories: Any, ax: Any) -> None:
    """Shares of synapses with a late memory, by protocol."""
    for shift, (rule, said) in zip((-0.12, 0.12), RULES.items(), strict=True):
        late = [m.late for m in memories[rule].values()]
        bars(ax, np.arange(len(late)) + shift, late, COLOURS[rule], said)
    ax.set_xticks(range(len(late)), list(memories["li2016"]))
    ax.set(ylabel="late memory (%)", ylim=(-4, 104))


def captured(captures: Any, ax: Any) -> None:
    """Shares of the weak path's synapses with a late memory, by the delay."""
    for rule, said in RULES.items():
        c = captures[rule]
        bars(ax, c.delay / 60.0, c.late, COLOURS[rule], said, line=True)
    sides(ax)
    ax.set(ylabel="late memory (%)", ylim=(-4, 104))


def left(captures: Any, ax: Any) -> None:
    """Change of the weak path's weight, by the delay."""
    for rule, said in RULES.items():
        c = captures[rule]
        ax.errorbar(c.delay / 60.0, c.mean, c.sd, fmt="o-", ms=3, lw=1.0, color=COLOURS[rule], label=said)
        ax.plot(c.delay / 60.0, c.certain, color=COLOURS[rule], lw=1.0, ls=(0, (4, 2)))
    sides(ax)
    ax.set(ylabel="change of weight (%)")


def sides(ax: Any) -> None:
    """Which tetanus is first."""
    ax.axvline(0.0, color=QUIET, lw=0.7, zorder=0)
    ax.set(xlabel="delay of the weak one (h); below 0 it is first")


def crowd(crowded: Any, ax: Any) -> None:
    """Weight at eight hours by the number of synapses."""
    n, last = list(crowded), np.array([m.last for m in crowded.values()])
    ax.errorbar(n, last[:, 0], last[:, 1], fmt="o-", ms=3, lw=1.0, color=SERIES[0])
    ax.plot(n, [m.certain[1] for m in crowded.values()], color=SERIES[0], lw=1.0, ls=(0, (4, 2)))
    ax.set(xlabel="synapses of the weak path", ylabel="change of weight (%)", ylim=(0, None))


def bars(ax: Any, x: np.ndarray, late: Any, colour: str, said: str, line: bool = False) -> None:
    """Shares with their intervals [%]."""
    y = 100.0 * np.array([(one.value, one.low, one.high) for one in late])
    reach = np.abs(y[:, 1:] - y[:, :1]).T
    ax.errorbar(x, y[:, 0], reach, fmt="o-" if line else "o", ms=3.5, lw=1.0, color=colour, label=said)
