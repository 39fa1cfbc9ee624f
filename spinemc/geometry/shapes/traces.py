"""Shafts from traced neurons, SWC files, which morphio reads."""

from __future__ import annotations

import numpy as np

from spinemc.geometry.shapes.parameters import Parameters, um
from spinemc.geometry.shapes.shafts import Path

APART = 1e-3  # um, points of a trace nearer than this to the one before are left out
LISTED = 6  # sections that a message tells of


def traced(given: Parameters) -> Path:
    """A section of a neuron, or a stretch of it from `begin` on, `length` long.

    Raises
    ------
    GeometryError
        morphio is not installed, the file is no SWC file, or has no such section or stretch; the message tells which
        sections there are.
    """
    file = given["swc"]
    try:
        import morphio
    except ImportError:
        given.fault("an SWC file is read by morphio, which is not installed: pip install 'spinemc[swc]'.")
        given.refuse_faults()
    try:
        morphio.set_maximum_warnings(0)
        sections = morphio.Morphology(str(file)).sections
    except (morphio.MorphioError, RuntimeError) as fault:
        reason = " ".join(str(fault).split()).rstrip(".")
        given.fault(f"geometry.swc: {file.name} cannot be read as SWC: {reason}.")
        given.refuse_faults()
    number = given["section"]
    if number >= len(sections):
        longest = sorted(sections, key=lambda one: -_length(one.points))[:LISTED]
        told = ", ".join(f"{one.id} ({one.type.name}, {_length(one.points):.0f} um)" for one in longest)
        given.fault(
            f"geometry.section is {number}: {file.name} has sections 0 to {len(sections) - 1}; the longest are {told}."
        )
        given.refuse_faults()
    point = np.asarray(sections[number].points, dtype=np.float64)
    thickness = 0.5 * np.asarray(sections[number].diameters, dtype=np.float64)
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(point, axis=0), axis=1))])
    begin = given.get("begin", 0.0)
    end = begin + given["length"] if "length" in given else way[-1]
    if not begin < end <= way[-1] * (1.0 + 1e-9):
        given.fault(f"geometry.begin to its end is {um(begin)} to {um(end)}: section {number} is {um(way[-1])} long.")
    if (thickness <= 0.0).any():
        given.fault(f"geometry.section: section {number} of {file.name} has points without a diameter.")
    given.refuse_faults()
    inner = way[(way > begin + APART) & (way < end - APART)]
    kept = np.concatenate([[begin], inner[np.diff(inner, prepend=-np.inf) > APART], [end]])
    place = np.stack([np.interp(kept, way, point[:, k]) for k in range(3)], axis=1)
    return Path(place - place[0], np.interp(kept, way, thickness))


def _length(point: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(point, axis=0), axis=1).sum())
