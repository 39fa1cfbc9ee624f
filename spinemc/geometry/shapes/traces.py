"""Sections of traced neurons, SWC files, which morphio reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemc.geometry.shapes.parameters import Parameters, um
from spinemc.geometry.shapes.shafts import Path

APART = 1e-3  # um, points of a trace nearer than this to the one before are left out
FARTHEST = 1e6  # um, coordinates and radii are below; no number is not
LISTED = 6  # sections that a message tells of


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a traced neuron, from a branch point or a soma to the next branch point or an end.

    Attributes
    ----------
    number : int
        As morphio counts them.
    above : int
        The section it leaves; -1 where it begins at the soma.
    kind : str
        What the file says it is.
    point : (n, 3) float64
        Its points, the first where it leaves the other [um].
    radius : (n,) float64
        The radius at each [um].
    """

    number: int
    above: int
    kind: str
    point: np.ndarray
    radius: np.ndarray

    @property
    def way(self) -> np.ndarray:
        """(n,) how far along it each point is [um]."""
        return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.point, axis=0), axis=1))])


def sections(given: Parameters) -> list[Section]:
    """All sections of a neuron, by number.

    Raises
    ------
    GeometryError
        morphio is not installed, the file is no SWC file, or its numbers are not those of a cell.
    """
    file = given["swc"]
    try:
        import morphio
    except ImportError:
        given.fault("an SWC file is read by morphio, which is not installed: pip install 'spinemc[swc]'.")
        given.refuse_faults()
    try:
        morphio.set_maximum_warnings(0)
        found = morphio.Morphology(str(file)).sections
    except (morphio.MorphioError, RuntimeError) as fault:
        reason = " ".join(str(fault).split()).rstrip(".")
        given.fault(f"geometry.swc: {file.name} cannot be read as SWC: {reason}.")
        given.refuse_faults()
    made = [
        Section(
            one.id,
            -1 if one.is_root else one.parent.id,
            one.type.name,
            np.asarray(one.points, dtype=np.float64),
            0.5 * np.asarray(one.diameters, dtype=np.float64),
        )
        for one in found
    ]
    for one in made:
        if not (np.abs(np.column_stack([one.point, one.radius])) < FARTHEST).all():
            given.fault(f"geometry.swc: {file.name} has points of section {one.number} beyond {FARTHEST:.0e} um.")
    given.refuse_faults()
    return made


def chosen(given: Parameters) -> list[Section]:
    """The sections that hang together and are asked for, each after the one it leaves: a list, a subtree, or all.

    Raises
    ------
    GeometryError
        There are none such, they do not hang together, or a point of one has no diameter.
    """
    every = sections(given)
    file = given["swc"].name
    if "sections" in given:
        asked = given["sections"]
        if not isinstance(asked, tuple) or not asked or not all(isinstance(n, int) for n in asked):
            given.fault("geometry.sections must be a list of sections' numbers, such as [3, 4, 5].")
            given.refuse_faults()
        for number in asked:
            _refuse_missing("sections", number, every, given)
        kept = {*asked}
    elif "root" in given:
        _refuse_missing("root", given["root"], every, given)
        kept = {given["root"]}
        for _ in every:
            kept |= {one.number for one in every if one.above in kept}
    else:
        kept = {one.number for one in every}
    first = [n for n in sorted(kept) if every[n].above not in kept]
    if len(first) != 1:
        begin = ", ".join(f"{n} ({every[n].kind})" for n in first[:LISTED]) or "none"
        given.fault(
            f"geometry.swc: the sections of {file} that are asked for are {len(first)} trees, which begin with "
            f"sections {begin}: a soma is not made, so ask for one tree, as root = N or sections = [N, ...]."
        )
    for n in sorted(kept):
        bare = np.flatnonzero(every[n].radius <= 0.0)
        if len(bare):
            given.fault(f"geometry.swc: section {n} of {file} has no diameter at {_told(bare)}: give it one.")
        if every[n].way[-1] <= APART:
            given.fault(f"geometry.swc: section {n} of {file} is {um(every[n].way[-1])} long: leave it out.")
    given.refuse_faults()
    order = list(first)
    for number in order:
        order += [n for n in sorted(kept) if every[n].above == number]
    return [every[n] for n in order]


def _told(points: np.ndarray) -> str:
    more = ", ..." if len(points) > LISTED else ""
    return f"point{'s' if len(points) > 1 else ''} {', '.join(str(k + 1) for k in points[:LISTED])}{more}"


def _refuse_missing(key: str, number: int, every: list[Section], given: Parameters) -> None:
    if number >= len(every):
        longest = sorted(every, key=lambda one: -one.way[-1])[:LISTED]
        told = ", ".join(f"{one.number} ({one.kind}, {one.way[-1]:.0f} um)" for one in longest)
        given.fault(
            f"geometry.{key} is {number}: {given['swc'].name} has sections 0 to {len(every) - 1}; "
            f"the longest are {told}."
        )
        given.refuse_faults()


def traced(given: Parameters) -> Path:
    """A section of a neuron, or a stretch of it from `begin` on, `length` long.

    Raises
    ------
    GeometryError
        The file has no such section or stretch; the message tells which sections there are.
    """
    every = sections(given)
    number = given["section"]
    _refuse_missing("section", number, every, given)
    point, thickness, way = every[number].point, every[number].radius, every[number].way
    begin = given.get("begin", 0.0)
    end = begin + given["length"] if "length" in given else way[-1]
    if not begin < end <= way[-1] * (1.0 + 1e-9):
        given.fault(f"geometry.begin to its end is {um(begin)} to {um(end)}: section {number} is {um(way[-1])} long.")
    bare = np.flatnonzero(thickness <= 0.0)
    if len(bare):
        given.fault(f"geometry.section: section {number} of {given['swc'].name} has no diameter at {_told(bare)}.")
    given.refuse_faults()
    inner = way[(way > begin + APART) & (way < end - APART)]
    kept = np.concatenate([[begin], inner[np.diff(inner, prepend=-np.inf) > APART], [end]])
    place = np.stack([np.interp(kept, way, point[:, k]) for k in range(3)], axis=1)
    return Path(place - place[0], np.interp(kept, way, thickness))
