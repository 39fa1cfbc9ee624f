"""Branching dendrites: tubes along the sections of a traced neuron, joined where they branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spinemc.geometry.checks import at as place_of
from spinemc.geometry.shapes.bodies import Trunk
from spinemc.geometry.shapes.parameters import Parameters, um
from spinemc.geometry.shapes.shafts import Path, Stretch
from spinemc.geometry.shapes.traces import Section
from spinemc.geometry.solids import PICOMETRE, Solid, manifold

if TYPE_CHECKING:
    from manifold3d import Manifold

MOST_TURN = np.pi / 3.0  # between a section and the one that goes on as the same tube
SLIMMER = 0.9  # a tube where it leaves another one, over that one's radius there, at most
CLEAR = 1.05  # a cross-section that is free of other tubes, over its radius
GRAIN = 0.25  # between samples along a section, over its least radius
AROUND = 16  # samples about it
CREASE = 1e-3  # of the slimmer tube's radius cubed: what facets may share beside a joint


@dataclass(frozen=True, eq=False)
class Chain:
    """Sections that make one tube, each going on from the last.

    Attributes
    ----------
    shaft : Path
    stretches : tuple of Stretch
        The sections along it.
    above : int
        The chain it leaves, an index; -1 for the first.
    is_open : bool
        Whether nothing is joined to its last end.
    """

    shaft: Path
    stretches: tuple[Stretch, ...]
    above: int
    is_open: bool

    @property
    def joint(self) -> np.ndarray:
        """(3,) where it begins [um]."""
        return self.shaft.point[0]

    def trunk(self, edge: float) -> Trunk:
        """Its surface: the side of each section, and the ends that nothing is joined to, are regions."""
        names = [one.name for one in self.stretches]
        sides = tuple(f"{name}.shaft" for name in names)
        borders = [one.end for one in self.stretches[:-1]]
        vertex, face, part = self.shaft.surface(edge, borders, round_end=not self.is_open)
        first = f"{names[0]}.shaft_start" if self.above < 0 else sides[0]
        last = f"{names[-1]}.shaft_end" if self.is_open else sides[-1]
        regions = ("membrane", *dict.fromkeys((*sides, first, last)))
        label = np.array([regions.index(name) for name in (first, *sides, last)])[part]
        return Trunk(self.shaft, Solid(vertex, face, label, regions), sides)


def grown(sections: Sequence[Section], given: Parameters) -> list[Chain]:
    """The tubes along sections that hang together, each after the one it leaves.

    Parameters
    ----------
    sections : sequence of Section
        Each after the one it leaves; the first one's first point becomes the origin.
    given : Parameters

    Returns
    -------
    list of Chain
        Where sections branch, the one that goes straightest on continues the tube, and the others begin within it.

    Raises
    ------
    GeometryError
        One bends more tightly than it is thick.
    """
    by_number = {one.number: one for one in sections}
    origin = sections[0].point[0]
    chains: list[Chain] = []
    home: dict[int, int] = {}
    for one in sections:
        if one.number in home:
            continue
        run = [one]
        while below := [s for s in sections if s.above == run[-1].number]:
            turn, number = min((_turn(run[-1], s), s.number) for s in below)
            if turn > MOST_TURN:
                break
            run.append(by_number[number])
        home |= {s.number: len(chains) for s in run}
        shaft, marks = _tube(run, one.above in by_number, origin)
        _refuse_tight(shaft, run, marks, given)
        stretches = tuple(
            Stretch(f"section_{s.number}", shaft, a, b, 0.0, b - a)
            for s, a, b in zip(run, marks[:-1], marks[1:], strict=True)
        )
        chains.append(Chain(shaft, stretches, home.get(one.above, -1), is_open=not below))
    given.refuse_faults()
    return [replace(chain, stretches=tuple(_freed(one, chain, chains) for one in chain.stretches)) for chain in chains]


def _turn(one: Section, after: Section) -> float:
    """The angle between the last bit of a section and the first bit of one that leaves it [rad]."""

    def bit(section: Section, begin: float, end: float) -> np.ndarray:
        ends = [[np.interp(s, section.way, section.point[:, k]) for k in range(3)] for s in (begin, end)]
        return np.subtract(ends[1], ends[0])

    reach, long = 2.0 * one.radius[-1], one.way[-1]
    a, b = bit(one, max(long - reach, 0.0), long), bit(after, 0.0, min(reach, after.way[-1]))
    return float(np.arctan2(np.linalg.norm(np.cross(a, b)), a @ b))


def _tube(run: Sequence[Section], leaves: bool, origin: np.ndarray) -> tuple[Path, list[float]]:
    """The tube along some sections, and the ways at which they begin and the last one ends [um]."""
    point, radius, mark = [run[0].point[:1]], [run[0].radius[:1]], [0]
    for section in run:
        kept = _thinned(section)
        point.append(section.point[kept])
        radius.append(section.radius[kept])
        mark.append(mark[-1] + len(kept))
    points, radii = np.concatenate(point) - origin, np.concatenate(radius)
    if leaves:
        at_joint, own = radii[0], float(run[0].radius[1])
        radii[0] = min(own, SLIMMER * at_joint)
        step = np.linalg.norm(points[1] - points[0])
        if radii[0] < own <= at_joint and step > 2.0 * at_joint:  # as thick as its own points say soon after it left
            points = np.insert(points, 1, points[0] + (at_joint / step) * (points[1] - points[0]), axis=0)
            radii = np.insert(radii, 1, own)
            mark = [0, *(m + 1 for m in mark[1:])]
    shaft = Path(points, radii)
    return shaft, [float(shaft.ways[m]) for m in mark]


def _thinned(section: Section) -> list[int]:
    """The points of a section but the first: those about a diameter apart or more, as a tube follows no finer bends."""
    kept, last = [], 0
    end = len(section.point) - 1
    for k in range(1, end):
        apart = min(np.linalg.norm(section.point[k] - section.point[other]) for other in (last, end))
        if apart > 2.0 * section.radius[k]:
            kept.append(k)
            last = k
    return [*kept, end]


def _refuse_tight(shaft: Path, run: Sequence[Section], marks: Sequence[float], given: Parameters) -> None:
    """Note a tube that is thicker than the circle it bends along."""
    s, bend = shaft.bends
    worst = int(np.argmax(bend * shaft.radius(s)))
    if bend[worst] * shaft.radius(s[worst]) >= 1.0:
        k = min(int(np.searchsorted(marks, s[worst], "right")) - 1, len(run) - 1)
        given.fault(
            f"section_{run[k].number} bends at {um(float(s[worst] - marks[k]))} as tightly as a circle of "
            f"{um(float(1.0 / bend[worst]))}, and is {um(float(shaft.radius(s[worst])))} thick there: it runs into "
            "itself."
        )


def _freed(one: Stretch, chain: Chain, chains: Sequence[Chain]) -> Stretch:
    """A section that knows where it is free of the tubes that it is joined to at its ends."""
    s = sampled(one)

    def free_of(others: list[Chain]) -> np.ndarray:
        if not others:
            return np.ones(len(s), bool)
        rim = discs(one, s, CLEAR).reshape(-1, 3)
        return np.min([other.shaft.gap(rim)[0] for other in others], axis=0).reshape(len(s), -1).min(axis=1) > 0.0

    start, end = chain.shaft.center(np.array([one.begin, one.end]))
    at_start = [c for c in chains if c is not chain and np.linalg.norm(c.joint - start) < PICOMETRE]
    if one.begin == 0.0 and chain.above >= 0:
        at_start.append(chains[chain.above])
    at_end = [c for c in chains if c is not chain and np.linalg.norm(c.joint - end) < PICOMETRE]
    free = free_of(at_start)
    low = float(s[np.argmax(free)]) if free.any() else one.length
    free = free_of(at_end)[::-1]
    high = float(s[::-1][np.argmax(free)]) if free.any() else 0.0
    return replace(one, low=low, high=high)


def sampled(one: Stretch) -> np.ndarray:
    """(n,) ways along a section [um], close enough to each other to stand for it."""
    slim = float(one.shaft.radius(one.begin + np.linspace(0.0, one.length, 65)).min())
    return np.linspace(0.0, one.length, max(8, int(np.ceil(one.length / (GRAIN * slim))) + 1))


def discs(one: Stretch, s: np.ndarray, wider: float = 1.0) -> np.ndarray:
    """(n, AROUND + 1, 3) the rim of the cross-section at each way along a section, and its middle [um]."""
    way = one.begin + s
    angle = 2.0 * np.pi * np.arange(AROUND) / AROUND
    frame, middle = one.shaft.frame(way), one.shaft.center(way)[:, None]
    out = np.cos(angle)[:, None] * frame[:, None, :, 2] + np.sin(angle)[:, None] * frame[:, None, :, 1]
    return np.concatenate([middle + (wider * one.shaft.radius(way))[:, None, None] * out, middle], axis=1)


def nearest_section(chains: Sequence[Chain], point: np.ndarray) -> str:
    """The section whose side is nearest to a place (3,) [um]."""
    chain = min(chains, key=lambda one: float(one.shaft.gap(point[None])[0][0]))
    way = np.clip(chain.shaft.way(point[None])[0], 0.0, chain.shaft.length)
    return next(one.name for one in chain.stretches if way <= one.end or one is chain.stretches[-1])


def refuse_crossing(chains: Sequence[Chain], solids: Sequence[Manifold], given: Parameters) -> None:
    """Refuse tubes that meet anywhere but where they are joined; `solids` are the chains'.

    Raises
    ------
    GeometryError
        Two sections run through each other; the message names them and the place.
    """
    for i, chain in enumerate(chains):
        _refuse_winding(chain, given)
        for j in range(i):
            common = solids[i] ^ solids[j]
            between = _between(chains, i, j)
            for piece in common.decompose() if common.volume() > 0.0 else ():
                corner = np.array(piece.bounding_box()).reshape(2, 3)
                slim = min(float(chains[k].shaft.thickness.min()) for k in (i, j))
                if piece.volume() < CREASE * slim**3 or _is_joint(piece, corner, chains, i, j, between, solids):
                    continue
                place = corner.mean(axis=0)
                names = sorted(nearest_section([chains[k]], place) for k in (i, j))
                given.fault(_crossed(names, place))
    given.refuse_faults()


def _crossed(names: Sequence[str], place: np.ndarray) -> str:
    one, other = names
    both = f"{one} and {other} run through each other" if one != other else f"{one} runs through itself"
    return f"{both} around {place_of(place)} um: leave one out, or part them in the file."


def _between(chains: Sequence[Chain], i: int, j: int) -> list[int]:
    """The chains that lead from one to another."""

    def up(k: int) -> list[int]:
        return [k, *up(chains[k].above)] if k >= 0 else []

    a, b = up(i), up(j)
    common = next(k for k in a if k in b)
    return [k for k in (*a[: a.index(common)], common, *b[: b.index(common)]) if k not in (i, j)]


def _is_joint(
    piece: Manifold,
    corner: np.ndarray,
    chains: Sequence[Chain],
    i: int,
    j: int,
    between: Sequence[int],
    solids: Sequence[Manifold],
) -> bool:
    """Whether what two tubes share is where they are joined, or where they leave those between them."""
    if between:
        return all((piece ^ solids[k]).volume() > 0.0 for k in between)
    joint = chains[i if chains[i].above == j else j].joint
    return bool(((corner[0] - PICOMETRE <= joint) & (joint <= corner[1] + PICOMETRE)).all())


def _refuse_winding(chain: Chain, given: Parameters) -> None:
    """Note where a tube runs through itself further along."""
    from scipy.spatial import cKDTree

    shaft = chain.shaft
    s = np.concatenate([one.begin + sampled(one) for one in chain.stretches])
    place, radius = shaft.center(s), shaft.radius(s)
    pair = cKDTree(place).query_pairs(2.0 * radius.max(), output_type="ndarray")
    a, b = pair.T
    wide = radius[a] + radius[b]
    meets = (np.abs(s[a] - s[b]) > 0.5 * np.pi * wide) & (np.linalg.norm(place[a] - place[b], axis=1) < wide)
    if meets.any():
        first = int(np.argmax(meets))
        middle = 0.5 * (place[a[first]] + place[b[first]])
        names = sorted(
            next(one.name for one in chain.stretches if s[k] <= one.end or one is chain.stretches[-1])
            for k in (a[first], b[first])
        )
        given.fault(_crossed(names, middle))


def solids_of(trunks: Sequence[Trunk], source: str) -> list[Manifold]:
    """The solid of each tube."""
    return [manifold(one.body.vertex, one.body.face, source) for one in trunks]
