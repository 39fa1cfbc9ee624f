"""Early and late memories by two rules of tagging and capture: prints and draws the study of this folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from common import options  # noqa: E402
from consolidation_figure import draw  # noqa: E402
from dendrite import (  # noqa: E402
    C_POST,
    C_PRE,
    DELAY,
    HOUR,
    MINUTE,
    MODELS,
    TAU,
    Share,
    Stimulus,
    changed,
    followed,
    percent,
    share,
    tetanus,
)

from spinemc import plasticity, protocols  # noqa: E402
from spinemc.plasticity.traces import fractions_above  # noqa: E402

NAMES = ("li2016", "clopath2008")
PROTOCOLS = {
    "STET": (tetanus("STET"), 1),
    "WTET": (tetanus("WTET"), 1),
    "SLFS": (tetanus("SLFS"), -1),
    "WLFS": (tetanus("WLFS"), -1),
    "WLFS+": (tetanus("WLFS", post=5e-3), -1),
}
"""Stimuli, and the sign of what is looked for; in WLFS+ the cell fires 5 ms after each spike: a choice."""
CONSOLIDATED = {"li2016": 0.0, "clopath2008": 0.3}
"""Share of synapses that begin in the late state, as in the papers."""
REST = 8.0 * HOUR


class Size(NamedTuple):
    """How much is run: dendrites by rule, delays from a strong tetanus to a weak one [min], synapses of a path."""

    dendrites: dict[str, int]
    delays: tuple[float, ...]
    numbers: tuple[int, ...]


NEAR = (-60, -50, -40, -30, -20, -10, 0, 10, 20, 30, 40, 50, 60)
FULL = Size({"li2016": 1000, "clopath2008": 40}, (-180, -120, -90, *NEAR, 90, 120), (1, 2, 3, 4, 6, 10))
QUICK = Size({"li2016": 100, "clopath2008": 6}, (-60, -30, 0, 30, 40, 60), (1, 2, 4))


class Memory(NamedTuple):
    """What a protocol leaves in a path of a dendrite.

    Attributes
    ----------
    end, hour, last : tuple of float
        Mean change of the path's mean weight and its standard deviation over dendrites, at the end of the stimulus,
        an hour and eight hours later [% of the first].
    certain : tuple of float
        The change at the end and at last without noise [% of the first].
    late : Share
        Of synapses with a late memory.
    over : float
        Variance of that share over dendrites, over the binomial one; 1 where synapses are independent.
    other : Share
        The same of the path without stimulus.
    course : xarray.Dataset
        `mean`, `sd` and `certain`, the change over time.
    """

    end: tuple[float, float]
    hour: tuple[float, float]
    last: tuple[float, float]
    certain: tuple[float, float]
    late: Share
    over: float
    other: Share
    course: xr.Dataset

    @property
    def kind(self) -> str:
        """Late, early or none: late memories in more than a twentieth of the synapses, less, or no change at all."""
        if self.late.low > 0.05:
            return "late"
        return "early" if abs(self.end[0]) > max(self.end[1], 0.1) else "none"


def memory(
    rule: str, stimulus: Stimulus, sign: int, dendrites: int, seed: int = 1, per_path: int | None = None
) -> Memory:
    """A protocol on the first of two paths, with noise and without."""
    model, end = MODELS[rule], stimulus.end
    runs = [
        followed(
            model,
            (stimulus, Stimulus()),
            end + REST,
            trials,
            per_path=per_path,
            consolidated=CONSOLIDATED[rule],
            seed=seed,
        )
        for trials in (dendrites, 0)
    ]
    noisy, certain = (percent(found) for found in runs)
    at = [int(np.searchsorted(noisy["time"], end + t)) for t in (0.0, HOUR)] + [-1]
    values = [(float(noisy[:, k].mean()), float(noisy[:, k].std(ddof=1))) for k in at]
    late = changed(model, runs[0], 0, sign)
    whole = share(late)
    binomial = whole.value * (1.0 - whole.value) / late.shape[1]
    course = xr.Dataset({"mean": noisy.mean("trial"), "sd": noisy.std("trial", ddof=1), "certain": certain[0]})
    return Memory(
        *values,
        (float(certain[0, at[0]]), float(certain[0, -1])),
        whole,
        float(late.mean(axis=1).var(ddof=1) / binomial) if binomial > 0.0 else np.nan,
        share(changed(model, runs[0], 1, sign)),
        course,
    )


class Capture(NamedTuple):
    """A weak tetanus on one path, a strong one on the other: by delay, of the weak path."""

    delay: np.ndarray
    late: list[Share]
    mean: np.ndarray
    sd: np.ndarray
    certain: np.ndarray


def in_order(delay: float) -> tuple[Stimulus, Stimulus]:
    """A strong tetanus, and a weak one some minutes after its end, or, where the delay is below 0, before its start."""
    strong, weak = tetanus("STET"), tetanus("WTET")
    if delay >= 0.0:
        return strong, weak.at(strong.end + delay * MINUTE)
    return strong.at(-delay * MINUTE), weak


def capture(rule: str, delays: tuple[float, ...], dendrites: int, seed: int = 100) -> Capture:
    """The weak path at eight hours after the last stimulus, by the delay from the strong one [min]."""
    model, late, rows = MODELS[rule], [], []
    for k, delay in enumerate(delays):
        paths = in_order(delay)
        until = max(path.end for path in paths) + REST
        noisy, certain = (
            followed(model, paths, until, trials, consolidated=CONSOLIDATED[rule], seed=seed + k, every=HOUR)
            for trials in (dendrites, 0)
        )
        change = percent(noisy, 1)[:, -1]
        late.append(share(changed(model, noisy, 1, 1)))
        rows.append((float(change.mean()), float(change.std(ddof=1)), float(percent(certain, 1)[0, -1])))
    return Capture(np.array(delays, float), late, *np.array(rows).T)


def mean_field(synapses: int = 20_000, step: float = 10.0, seed: int = 1) -> float:
    """Share of late memories after STET by Clopath's rule if every synapse had the protein of infinitely many.

    Tags are drawn once a step, protein is made by their mean number, and the late phase goes by Euler's method: nothing
    is shared with the rule's own code but its parameters.

    Parameters
    ----------
    synapses : int
    step : float
        [s]
    seed : int

    Returns
    -------
    float
    """
    p = plasticity.complete("clopath2008", {})
    calcium = {"c_pre": C_PRE, "c_post": C_POST, "tau_ca": TAU, "delay": DELAY}
    above = 2.0 * fractions_above(protocols.train(100.0, 100), (), 2.0, (p["theta_p"],), calcium)[0]
    draw = np.random.default_rng(seed)
    tag, late, protein = np.zeros(synapses), np.zeros(synapses), 0.0
    trains = {round(t / step) for t in (0.0, 600.0, 1200.0)}
    for k in range(round((1200.0 + REST) / step)):
        if k in trains:
            tag[draw.random(synapses) < -np.expm1(-p["rate_h"] * above)] = 1.0
        make = (MODELS["clopath2008"].per_path * tag.mean() > p["theta_pro"]) / p["tau_pm"]
        late += step / p["tau_z"] * (late * (1.0 - late) * (late - p["kappa"]) + p["gamma"] * tag * protein)
        protein += step * (make * (1.0 - protein) - protein / p["tau_pd"])
        tag[draw.random(synapses) < -np.expm1(-p["k_h"] * step)] = 0.0
    return float((late > MODELS["clopath2008"].potentiated).mean())


class Found(NamedTuple):
    """What the study knows: memories by rule and protocol, captures by rule, weak paths of n synapses of Li's rule."""

    memories: dict[str, dict[str, Memory]]
    captures: dict[str, Capture]
    crowded: dict[int, Memory]


def run(size: Size) -> Found:
    """All of the study."""
    memories = {
        rule: {
            name: memory(rule, stimulus, sign, size.dendrites[rule], seed)
            for seed, (name, (stimulus, sign)) in enumerate(PROTOCOLS.items(), 1)
        }
        for rule in NAMES
    }
    captures = {rule: capture(rule, size.delays, size.dendrites[rule]) for rule in NAMES}
    weak, sign = PROTOCOLS["WTET"]
    few = size.dendrites["li2016"] // 5
    crowded = {n: memory("li2016", weak, sign, few, 50 + n, n) for n in size.numbers}
    return Found(memories, captures, crowded)


def written(one: Share) -> str:
    """A share with its interval, in %."""
    return f"{100 * one.value:.1f} [{100 * one.low:.1f}, {100 * one.high:.1f}] of {one.n}"


def told(found: Found) -> None:
    """Print the tables."""
    print("| rule | protocol | at its end | 1 h | 8 h | without noise, end and 8 h | late memory (%) | kind |")
    print("|---|---|---|---|---|---|---|---|")
    for rule, memories in found.memories.items():
        for name, m in memories.items():
            cells = [f"{mean:+.1f} ± {sd:.1f}" for mean, sd in (m.end, m.hour, m.last)]
            sure = f"{m.certain[0]:+.1f}, {m.certain[1]:+.1f}"
            print(f"| `{rule}` | {name} | {' | '.join(cells)} | {sure} | {written(m.late)} | {m.kind} |")
    for rule, memories in found.memories.items():
        over = ", ".join(f"{name} {m.over:.2f}" for name, m in memories.items())
        print(f"{rule}: variance of the share over dendrites, over the binomial one: {over}")
        print(f"{rule}: the other path: " + ", ".join(f"{name} {written(m.other)}" for name, m in memories.items()))
    print(f"clopath2008, STET, the share of infinitely many synapses: {100.0 * mean_field():.1f} %")
    for rule, c in found.captures.items():
        print(f"{rule}: a weak tetanus by its delay from a strong one on the other path")
        for row in zip(c.delay, c.late, c.mean, c.sd, c.certain, strict=True):
            print(f"  {row[0]:+5.0f} min: late {written(row[1])}, {row[2]:+.1f} ± {row[3]:.1f} %; {row[4]:+.1f} % sure")
    print("li2016: a weak tetanus on n synapses at once")
    for n, m in found.crowded.items():
        print(f"  {n}: late {written(m.late)}, 8 h {m.last[0]:+.1f} ± {m.last[1]:.1f} %")


def main() -> None:
    """Run, print, draw."""
    given = options(__file__)
    found = run(QUICK if given.quick else FULL)
    told(found)
    draw(found, given.out)


if __name__ == "__main__":
    main()
