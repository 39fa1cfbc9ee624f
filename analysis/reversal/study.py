"""What three rules make of reversal, of a tag that decays and of a gate: prints and draws the study of this folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from common import options  # noqa: E402
from dendrite import (  # noqa: E402
    HOUR,
    MINUTE,
    MODELS,
    Share,
    Stimulus,
    changed,
    followed,
    joined,
    percent,
    share,
    tetanus,
)
from reversal_figure import draw  # noqa: E402

from spinemc import protocols  # noqa: E402
from spinemc.observables.intervals import fieller  # noqa: E402

STRONG, WEAK = tetanus("STET"), tetanus("WTET")
LOW = {
    "brief": Stimulus(protocols.bursts(90, 3, 20.0, 1.15)),
    "SLFS": tetanus("SLFS"),
    "WLFS+": tetanus("WLFS", post=5e-3),
}
"""Low-frequency stimuli: a tenth of SLFS, with which Li's early phase goes from its top to rest; all of it; 900 spikes
at 1 Hz, each with one of the cell 5 ms later. The first and the last are choices."""
OWN = {"li2016": "brief", "clopath2008": "SLFS", "graupner2012": "WLFS+"}
"""Of each rule the low-frequency stimulus that its time courses show."""
REST = 8.0 * HOUR


class Size(NamedTuple):
    """How much is run: dendrites by rule, delays of reversal and of a second path [h], constant gates."""

    dendrites: dict[str, int]
    delays: tuple[float, ...]
    tags: tuple[float, ...]
    gates: tuple[float, ...]


FULL = Size(
    {"li2016": 300, "clopath2008": 20, "graupner2012": 300},
    (0.0, 0.17, 0.33, 0.67, 1.0, 1.5, 2.0, 3.0, 6.0),
    (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0),
    (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0),
)
QUICK = Size(
    {"li2016": 100, "clopath2008": 6, "graupner2012": 100},
    (0.0, 1.0, 3.0, 6.0),
    (0.0, 0.5, 1.5, 4.0),
    (1e-3, 1e-2, 1.0),
)


class Reversal(NamedTuple):
    """A strong tetanus, and low-frequency stimulation of the same path after a delay; eight hours after it.

    Attributes
    ----------
    delay : (d,) float64
        From the end of the one to the start of the other [h].
    left, error : (d,) float64
        Potentiation over that without the second stimulus, with the error of the ratio [1].
    certain : (d,) float64
        The same without noise; nan where there is no potentiation to lose.
    late, kept : list of Share
        Synapses with a late memory, with and without the second stimulus.
    reached : (d,) float64
        Late phase when the second stimulus began, over that at last without it, no noise; nan where there is none.
    courses : dict
        By delay [h], the mean change of the path's weight over time [%]; nan: without the second stimulus.
    """

    delay: np.ndarray
    left: np.ndarray
    error: np.ndarray
    certain: np.ndarray
    late: list[Share]
    kept: list[Share]
    reached: np.ndarray
    courses: dict[float, xr.DataArray]


def reversal(rule: str, low: Stimulus, delays: tuple[float, ...], dendrites: int, seed: int = 1) -> Reversal:
    """Potentiation that is left by a low-frequency stimulus, by its delay from the strong tetanus [h]."""
    model, rows, late, kept, courses = MODELS[rule], [], [], [], {}
    until = STRONG.end + max(delays) * HOUR + low.end + 1.0 + REST
    # the same end for all: one run without the second stimulus serves every delay
    whole, sure = (followed(model, (STRONG,), until, trials, seed=seed) for trials in (dendrites, 0))
    courses[np.nan] = percent(whole).mean("trial")
    top, sure_top = percent(whole)[:, -1].values, float(percent(sure)[0, -1])
    course = sure["late"].mean(("trial", "path", "synapse"))
    for k, delay in enumerate(delays):
        begin = STRONG.end + delay * HOUR + 1.0
        both = (joined(STRONG, low.at(begin)),)
        noisy, certain = (followed(model, both, until, trials, seed=seed + k) for trials in (dendrites, 0))
        left, error, *_ = fieller(percent(noisy)[:, -1].values, top, 0.95)
        there = abs(sure_top) > 1.0
        rows.append(
            (
                left,
                error,
                float(percent(certain)[0, -1]) / sure_top if there else np.nan,
                float(course.interp(time=begin) / course[-1]) if there and model.late == "z" else np.nan,
            )
        )
        late.append(share(changed(model, noisy)))
        kept.append(share(changed(model, whole)))
        courses[delay] = percent(noisy).mean("trial")
    left, error, certain, reached = np.array(rows).T
    return Reversal(np.array(delays), left, error, certain, late, kept, reached, courses)


class Tag(NamedTuple):
    """A weak tetanus and, when a delay has gone by, a strong one on the other path; the weak path eight hours later.

    Attributes
    ----------
    delay : (d,) float64
        From the end of the one to the start of the other [h].
    late : list of Share
        The weak path's synapses with a late memory.
    change, sd, certain : (d,) float64
        Its weight: mean, standard deviation over dendrites, and without noise [% of the first].
    alone : Share
        Late memories of a weak tetanus with nothing after it.
    """

    delay: np.ndarray
    late: list[Share]
    change: np.ndarray
    sd: np.ndarray
    certain: np.ndarray
    alone: Share


def tag(rule: str, delays: tuple[float, ...], dendrites: int, seed: int = 50) -> Tag:
    """Capture of a weak path by a strong one that comes later [h]."""
    model, rows, late = MODELS[rule], [], []
    for k, delay in enumerate(delays):
        strong = STRONG.at(WEAK.end + delay * HOUR + 1.0)
        runs = [followed(model, (strong, WEAK), strong.end + REST, t, seed=seed + k) for t in (dendrites, 0)]
        change, certain = (percent(found, 1)[:, -1] for found in runs)
        rows.append((float(change.mean()), float(change.std(ddof=1)), float(certain[0])))
        late.append(share(changed(model, runs[0], 1)))
    alone = followed(model, (Stimulus(), WEAK), WEAK.end + REST, dendrites, seed=seed + len(delays))
    return Tag(np.array(delays), late, *np.array(rows).T, share(changed(model, alone, 1)))


END = STRONG.end + 1.0
GATES = {
    "open": ([0.0], [1.0]),
    "shut": ([0.0], [0.0]),
    "opened after": ([END, END + MINUTE], [0.0, 1.0]),
    "shut after": ([END, END + MINUTE], [1.0, 0.0]),
}


class Gated(NamedTuple):
    """The strong tetanus with a gate; eight hours later.

    Attributes
    ----------
    change, sd : float
        Weight: mean and standard deviation over dendrites [% of the first].
    certain : float
        Without noise.
    late : Share
        Synapses with a late memory.
    """

    change: float
    sd: float
    certain: float
    late: Share


def gated(rule: str, gate: tuple[list[float], list[float]], dendrites: int, seed: int = 90) -> Gated:
    """A strong tetanus while a gate scales the rates of learning."""
    model = MODELS[rule]
    noisy, sure = (followed(model, (STRONG,), STRONG.end + REST, t, gate=gate, seed=seed) for t in (dendrites, 0))
    change = percent(noisy)[:, -1]
    certain = float(percent(sure)[0, -1])
    return Gated(float(change.mean()), float(change.std(ddof=1)), certain, share(changed(model, noisy)))


class Found(NamedTuple):
    """What the study knows, by rule: reversals by stimulus, tags, gates by name and constant gates by value."""

    reversals: dict[str, dict[str, Reversal]]
    tags: dict[str, Tag]
    gates: dict[str, dict[str, Gated]]
    doses: dict[str, dict[float, Gated]]


def run(size: Size) -> Found:
    """All of the study."""
    number = size.dendrites
    return Found(
        {rule: {name: reversal(rule, low, size.delays, number[rule]) for name, low in LOW.items()} for rule in MODELS},
        {rule: tag(rule, size.tags, number[rule]) for rule in MODELS},
        {rule: {name: gated(rule, gate, number[rule]) for name, gate in GATES.items()} for rule in MODELS},
        {rule: {g: gated(rule, ([0.0], [g]), number[rule]) for g in size.gates} for rule in MODELS},
    )


def written(one: Share) -> str:
    """A share with its interval, in %."""
    return f"{100 * one.value:.1f} [{100 * one.low:.1f}, {100 * one.high:.1f}] % of {one.n}"


def told(found: Found) -> None:
    """Print the numbers."""
    for rule, runs in found.reversals.items():
        for name, r in runs.items():
            print(f"{rule}, {name}: potentiation left; late memories {written(r.kept[0])} without it")
            for row in zip(r.delay, r.left, r.error, r.certain, r.reached, r.late, strict=True):
                print("  {:4.2f} h: {:+.3f} ± {:.3f}; sure {:+.3f}; reached {:.3f};".format(*row), written(row[-1]))
    for rule, t in found.tags.items():
        print(f"{rule}: a weak tetanus, then a strong one on the other path; alone {written(t.alone)}")
        for row in zip(t.delay, t.change, t.sd, t.certain, t.late, strict=True):
            print("  {:4.2f} h: {:+.1f} ± {:.1f} %; sure {:+.1f} %;".format(*row), written(row[-1]))
    for what in (found.gates, found.doses):
        for rule, gates in what.items():
            for name, g in gates.items():
                said = f"{g.change:+.1f} ± {g.sd:.1f} %; sure {g.certain:+.1f} %; late {written(g.late)}"
                print(f"{rule}, gate {name}: {said}")


def main() -> None:
    """Run, print, draw."""
    given = options(__file__)
    found = run(QUICK if given.quick else FULL)
    told(found)
    draw(found, OWN, given.out)


if __name__ == "__main__":
    main()
