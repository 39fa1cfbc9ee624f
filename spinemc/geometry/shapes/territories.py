"""Which part of space belongs to which section of a branching dendrite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from spinemc.geometry.parts import box, cylinder, half_space, holds
from spinemc.geometry.shapes.parameters import Parameters
from spinemc.geometry.shapes.shafts import Stretch
from spinemc.geometry.shapes.standing import MARGIN, Standing
from spinemc.geometry.shapes.trees import discs, sampled

ALL = box((-np.inf,) * 3, (np.inf,) * 3)
FINER = 7  # times that a section is cut in pieces half as long, where the longer ones cannot be told apart
LATER = (0.0, 0.05, 0.1, 0.2, 0.3)  # where its first cut may be, of where it is free
SHORT = 4.0  # over its radius: where it is free along less, it may be left to the section that it leaves
ROOM = 1.02  # what holds a piece, over what it must be
CLOSE = 1e-6  # um, beyond a cut
BACK = 0.05  # of its radius that a piece may reach back behind its cut


@dataclass(frozen=True, eq=False)
class _Samples:
    """Points that stand for all there is: (n, 3) places, (n,) the sections they are of, (n,) ways along them [um]."""

    place: np.ndarray
    owner: np.ndarray
    way: np.ndarray


def territories(
    stretches: Sequence[Stretch],
    above: Sequence[int],
    standing: Sequence[Standing],
    fillet: float,
    given: Parameters,
) -> dict[str, np.ndarray]:
    """The parts of space of sections and their segments, in the order in which they take what they hold.

    Parameters
    ----------
    stretches : sequence of Stretch
        The sections, each after the one it leaves.
    above : sequence of int
        The index of that one, -1 for the first.
    standing : sequence of Standing
        The spines on them.
    fillet : float
        Radius of their joins [um].
    given : Parameters
        `segment`, about how long a piece shall be; shorter where a section winds.

    Returns
    -------
    dict of str to (8,) float64
        Rows as of `spinemc.geometry.parts`, outer pieces first; the last one is all that is left. A branch point
        belongs to the section that ends there, and so does a section that is no longer than it, about.

    Raises
    ------
    GeometryError
        A piece winds so much, or lies so close to others, that no cylinder and no plane parts it from them.
    """
    samples = _samples(stretches, standing, fillet)
    beyond = [{i} for i in range(len(stretches))]
    for i in range(len(stretches) - 1, 0, -1):
        beyond[above[i]] |= beyond[i]
    left = np.ones(len(samples.place), bool)
    rows: dict[str, np.ndarray] = {}
    segment = given.get("segment")
    for i in range(len(stretches) - 1, -1, -1):
        one = stretches[i]
        if i > 0 and one.low >= one.high:
            continue
        fewest = 1 if segment is None else max(1, round(one.length / segment))
        below = left & np.isin(samples.owner, sorted(beyond[i] - {i}))
        for finer, later in product(range(FINER), LATER):
            low = one.low + later * (one.high - one.low) if i > 0 else 0.0
            found = _cut(one, i, np.linspace(low, one.high, fewest * 2**finer + 1), samples, left, below)
            if found is not None:
                break
        else:
            wide = float(one.shaft.radius(np.array([one.begin + one.low]))[0])
            if one.high - one.low < SHORT * wide:
                continue
            given.fault(f"{one.name} winds too much, or too near to others, to be cut into parts: leave it out.")
            given.refuse_faults()
            raise AssertionError
        pieces, left = found
        rows |= pieces
    return rows


def _samples(stretches: Sequence[Stretch], standing: Sequence[Standing], fillet: float) -> _Samples:
    place: list[np.ndarray] = []
    owner: list[np.ndarray] = []
    way: list[np.ndarray] = []
    for i, one in enumerate(stretches):
        s = sampled(one)
        points = discs(one, s)
        place.append(points.reshape(-1, 3))
        way.append(np.repeat(s, points.shape[1]))
        for spine in standing:
            if spine.shaft is one.shaft and one.begin <= spine.way <= one.end:
                angle = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
                wide = spine.form.foot + fillet
                ring = wide * np.stack([np.cos(angle), np.sin(angle), np.zeros(16)], axis=1)
                place.append(spine.foot + ring @ spine.turn.T)
                way.append(spine.way - one.begin + ring[:, 0])
        owner.append(np.full(sum(len(p) for p in place) - sum(len(o) for o in owner), i))
    return _Samples(np.concatenate(place), np.concatenate(owner), np.concatenate(way))


def _cut(
    one: Stretch, i: int, cuts: np.ndarray, samples: _Samples, left: np.ndarray, below: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray] | None:
    """A section in pieces that begin at `cuts`, the last with what is left `below`; None where one cannot be."""
    number = len(cuts) - 1
    left = left.copy()
    rows: dict[str, np.ndarray] = {}
    for k in range(number - 1, -1, -1):
        name = f"{one.name}.shaft" if number == 1 else f"{one.name}.shaft_{k + 1}"
        if i == 0 and k == 0:
            return rows | {name: ALL}, np.zeros(len(left), bool)
        here = samples.owner == i
        own = left & (below | (here & (samples.way > cuts[k] + CLOSE)))
        foreign = left & ~own & ~(here & (samples.way > cuts[k] - CLOSE))
        row = _row(one, cuts[k], samples.place[own], samples.place[foreign])
        if row is None:
            return None
        rows[name] = row
        left = left & ~own
    return rows, left


def _row(one: Stretch, cut: float, own: np.ndarray, foreign: np.ndarray) -> np.ndarray | None:
    """A part of space beyond a cut that holds all of some points and none of others; None where there is none."""
    s = np.array([one.begin + cut])
    point, along = one.shaft.center(s)[0], one.shaft.frame(s)[0, :, 0]
    height = (own - point) @ along
    if len(own) == 0 or height.min() < -BACK * float(one.shaft.radius(s)[0]):
        return None
    across = np.linalg.norm(own - point - height[:, None] * along, axis=1)
    top = height.max() + float(one.shaft.radius(s)[0])  # beyond what was taken before, so that nothing is left between
    tight = cylinder(point, top * along, ROOM * float(across.max()) + MARGIN)
    for row in (tight, half_space(point, -along)):
        if not holds(row, foreign).any():
            return row
    return None
