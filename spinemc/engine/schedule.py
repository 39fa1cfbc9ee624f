"""When anyone wants to look or to touch: the run as stretches of equal time steps between such moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemc.scenario import Scenario


@dataclass(frozen=True)
class Moment:
    """A moment at which the engine stops to do something, and the steps that lead from there to the next.

    Attributes
    ----------
    time : float
        [s].
    releases : tuple of (int, int)
        Releases that happen now, as numbers of the release and of its occasion.
    sample : int
        Number of the sample taken now, after the releases; -1 for none.
    frames : tuple of (int, int)
        Position records taken now, as numbers of the record and of its frame.
    steps : int
        Time steps to the next moment.
    dt : float
        Their length [s], never above the scenario's.
    """

    time: float
    releases: tuple[tuple[int, int], ...]
    sample: int
    frames: tuple[tuple[int, int], ...]
    steps: int
    dt: float


def frame_times(t_stop: float, every: float) -> np.ndarray:
    """(frames,) times of a position record: 0, every, 2 every, ... up to t_stop [s]."""
    return np.arange(int(np.floor(t_stop / every * (1.0 + 1e-12))) + 1) * every


def schedule(scenario: Scenario) -> tuple[Moment, ...]:
    """All moments of a run in order; the first at 0, the last at t_stop."""
    run = scenario.run
    entries: list[tuple[float, str, tuple[int, int]]] = []
    entries += [(t, "sample", (i, 0)) for i, t in enumerate(run.sample_times)]
    entries += [(t, "release", (i, j)) for i, r in enumerate(scenario.release) for j, t in enumerate(r.time)]
    for i, record in enumerate(scenario.positions):
        entries += [(t, "frame", (i, j)) for j, t in enumerate(frame_times(run.t_stop, record.every))]
    entries.sort(key=lambda e: e[0])
    groups: list[list[tuple[float, str, tuple[int, int]]]] = []
    for entry in entries:
        if groups and entry[0] - groups[-1][0][0] < 1e-6 * run.dt:
            groups[-1].append(entry)
        else:
            groups.append([entry])
    moments = []
    for here, after in zip(groups, [*groups[1:], None], strict=True):
        span = after[0][0] - here[0][0] if after else 0.0
        steps = max(1, int(np.ceil(span / run.dt * (1.0 - 1e-9)))) if after else 0
        samples = [n for _, kind, (n, _) in here if kind == "sample"]
        moments.append(
            Moment(
                time=here[0][0],
                releases=tuple(n for _, kind, n in here if kind == "release"),
                sample=samples[0] if samples else -1,
                frames=tuple(n for _, kind, n in here if kind == "frame"),
                steps=steps,
                dt=float(f"{span / steps:.12g}") if steps else 0.0,
            )
        )
    return tuple(moments)
