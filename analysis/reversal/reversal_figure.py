"""The figure of the study of reversal, tags and gates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import sheet

from spinemc.figures.style import INK, QUIET, SERIES, TWIN

RULES = {"li2016": "Li 2016", "clopath2008": "Clopath 2008", "graupner2012": "Graupner 2012"}
COLOURS = dict(zip(RULES, (SERIES[0], SERIES[3], SERIES[1]), strict=True))


def draw(found: Any, own: Mapping[str, str], path: Path) -> None:
    """Time courses, what is left against delay, tags and gates, written to a file."""
    panels = (
        *((f"{said}: {own[r]} after STET", partial(courses, found.reversals[r][own[r]])) for r, said in RULES.items()),
        *((f"{said}: potentiation left", partial(windows, found.reversals[rule])) for rule, said in RULES.items()),
        ("A weak path, a strong one later", partial(tags, found.tags)),
        ("STET with a gate", partial(gates, found.gates)),
        ("STET with a gate that is partly open", partial(doses, found.doses)),
    )
    title = "Undoing a memory: low-frequency stimulation, a tag that decays, a gate"
    said = "8 h later; bars: 95 % of a share, standard errors of what is left, deviations of a weight; dashed: no noise"
    sheet(title, said, panels, path)


def courses(reversal: Any, ax: Any) -> None:
    """Mean change of the weight over time, for some delays."""
    delays = [delay for delay in reversal.courses if np.isfinite(delay)]
    shown = [min(delays, key=lambda delay: abs(delay - wanted)) for wanted in (0.0, 1.0, 3.0)]
    for delay, colour in zip(dict.fromkeys(shown), SERIES, strict=False):
        course = reversal.courses[delay]
        ax.plot(course["time"] / 3600.0, course, color=colour, lw=1.2, label=f"after {delay:g} h")
    course = next(c for delay, c in reversal.courses.items() if np.isnan(delay))
    ax.plot(course["time"] / 3600.0, course, color=INK, lw=1.0, ls=":", label="none")
    ax.axhline(0.0, color=QUIET, lw=0.7, zorder=0)
    ax.set(xlabel="time (h)", ylabel="change of weight (%)", xlim=(0, 11))


def windows(reversals: Any, ax: Any) -> None:
    """What is left of the potentiation, against delay."""
    for (name, r), colour in zip(reversals.items(), (SERIES[0], SERIES[3], SERIES[1]), strict=True):
        ax.errorbar(r.delay, 100 * r.left, 100 * r.error, fmt="o", ms=3.5, lw=1.0, color=colour, label=name)
        ax.plot(r.delay, 100 * r.certain, color=colour, lw=1.0, ls=(0, (4, 2)))
    if np.isfinite(r.reached).all():
        ax.plot(r.delay, 100 * r.reached, color=TWIN, lw=1.2, ls=":", label="late phase reached by then")
    for level in (0.0, 100.0):
        ax.axhline(level, color=QUIET, lw=0.7, zorder=0)
    ax.set(xlabel="delay (h)", ylabel="potentiation left (%)", ylim=(-62, 135))


def tags(found: Any, ax: Any) -> None:
    """Weight of the weak path against delay, by the rules with tags."""
    for rule in ("li2016", "clopath2008"):
        t = found[rule]
        ax.errorbar(t.delay, t.change, t.sd, fmt="o", ms=3.5, lw=1.0, color=COLOURS[rule], label=RULES[rule])
        ax.plot(t.delay, t.certain, color=COLOURS[rule], lw=1.0, ls=(0, (4, 2)))
    ax.axhline(0.0, color=QUIET, lw=0.7, zorder=0)
    ax.set(xlabel="delay (h)", ylabel="change of weight (%)")


def gates(found: Any, ax: Any) -> None:
    """Late memories by gate."""
    for shift, (rule, said) in zip((-0.2, 0.0, 0.2), RULES.items(), strict=True):
        late = [g.late for g in found[rule].values()]
        bars(ax, np.arange(len(late)) + shift, late, COLOURS[rule], said)
    ax.set_xticks(range(len(late)), list(found["li2016"]))
    ax.set(ylabel="late memory (%)", ylim=(-4, 104))


def doses(found: Any, ax: Any) -> None:
    """Late memories by how far the gate is open."""
    for rule, said in RULES.items():
        bars(ax, np.array(list(found[rule])), [g.late for g in found[rule].values()], COLOURS[rule], said, line=True)
    ax.set(xscale="log", xlabel="gate", ylabel="late memory (%)", ylim=(-4, 104))


def bars(ax: Any, x: np.ndarray, late: Any, colour: str, said: str, line: bool = False) -> None:
    """Shares with their intervals [%]."""
    y = 100.0 * np.array([(one.value, one.low, one.high) for one in late])
    reach = np.abs(y[:, 1:] - y[:, :1]).T
    ax.errorbar(x, y[:, 0], reach, fmt="o-" if line else "o", ms=3.5, lw=1.0, color=colour, label=said)
