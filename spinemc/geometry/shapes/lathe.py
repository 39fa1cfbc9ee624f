"""Solids of revolution as triangles: rings whose number of corners follows their circumference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spinemc.geometry.solids import Solid

ROW = np.sqrt(0.75)  # height of an equilateral triangle over its edge
GROWTH = 0.3  # how fast triangles may grow away from a fine border, per unit length
SAMPLES = 1025
LEAST = 0.5  # of the wanted edge, for a profile that bends tightly
SIDES = 20  # fewest edges of a circle that is fine enough for the bend of the surface, about the axis and along it


@dataclass(frozen=True)
class Span:
    """A stretch of a profile: a smooth curve, and the region its surface belongs to.

    Attributes
    ----------
    name : str or None
        Region; None where the surface needs no name.
    curve : callable
        Radius and height [um], (n, 2), of parameters (n,) in [0, 1].
    edge : float
        The longest edge that its triangles may have [um].
    """

    name: str | None
    curve: Callable[[np.ndarray], np.ndarray]
    edge: float = np.inf


def line(name: str | None, start: Sequence[float], end: Sequence[float]) -> Span:
    """A straight stretch between two points (radius, height) [um]."""
    a, b = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    return Span(name, lambda t: a * (1.0 - t[:, None]) + b * t[:, None])


def arc(name: str | None, radius: float, half_height: float, middle: float, start: float, end: float) -> Span:
    """A stretch of an ellipse about the axis, between two angles [rad] counted from its lowest point.

    `radius` and `half_height` are the half axes across and along, `middle` is the height of the centre [um].
    """

    def curve(t: np.ndarray) -> np.ndarray:
        angle = start + (end - start) * t
        return np.stack([radius * np.sin(angle), middle - half_height * np.cos(angle)], axis=1)

    return Span(name, curve)


def bow(name: str | None, center: Sequence[float], radius: float, start: float, end: float) -> Span:
    """A stretch of a circle about a point (radius, height) [um], between two angles [rad] counted from outwards."""

    def curve(t: np.ndarray) -> np.ndarray:
        angle = start + (end - start) * t
        return np.stack([center[0] + radius * np.cos(angle), center[1] + radius * np.sin(angle)], axis=1)

    return Span(name, curve)


def surface_area(spans: Sequence[Span]) -> float:
    """Area of the smooth surface of revolution [um^2]."""
    t = np.linspace(0.0, 1.0, SAMPLES)
    total = 0.0
    for span in spans:
        points = span.curve(t)
        step = np.linalg.norm(np.diff(points, axis=0), axis=1)
        total += float(np.pi * ((points[1:, 0] + points[:-1, 0]) * step).sum())
    return total


def turned(spans: Sequence[Span], edge: float, least: int = SIDES) -> Solid:
    """A profile turned about z, each span's surface a region with its name."""
    names = tuple(dict.fromkeys(span.name for span in spans if span.name is not None))
    index = np.array([0 if span.name is None else 1 + names.index(span.name) for span in spans])
    vertex, face, span = revolve(spans, edge, least)
    return Solid(vertex, face, index[span], ("membrane", *names))


def revolve(spans: Sequence[Span], edge: float, least: int = SIDES) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turn a profile about the z axis into a closed surface with outward normals.

    Parameters
    ----------
    spans : sequence of Span
        The profile, from the axis at the bottom to the axis at the top, each span from where the last ended.
    edge : float
        Wanted length of the triangles' edges [um].
    least : int
        Fewest corners of a ring where two spans meet; the triangles grow gently away from it.

    Returns
    -------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int32
        Triangles.
    span : (f,) int
        The span each triangle lies in.
    """
    ring, size, owner = _rings(spans, edge, least)
    radius, height = ring.T
    corners = np.where(radius > 0.0, np.maximum(np.rint(2.0 * np.pi * radius / size), 5), 1).astype(int)
    phase = np.where(np.arange(len(ring)) % 2, np.pi / corners, 0.0)
    first = np.concatenate([[0], np.cumsum(corners)[:-1]])
    vertex = []
    for r, z, n, start in zip(radius, height, corners, phase, strict=True):
        angle = start + 2.0 * np.pi * np.arange(n) / n
        vertex.append(np.stack([r * np.cos(angle), r * np.sin(angle), np.full(n, z)], axis=1))
    bands = [
        _stitch(corners[i], phase[i], first[i], corners[i + 1], phase[i + 1], first[i + 1])
        for i in range(len(ring) - 1)
    ]
    label = np.repeat(owner, [len(band) for band in bands])
    return np.concatenate(vertex), np.concatenate(bands).astype(np.int32), label


def _rings(spans: Sequence[Span], edge: float, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Radius and height of each ring, the wanted edge there, and the span between a ring and the next."""
    t = np.linspace(0.0, 1.0, SAMPLES)
    points = [span.curve(t) for span in spans]
    scale = max(np.abs(p).max() for p in points)
    length = [np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))]) for p in points]
    start = np.concatenate([[0.0], np.cumsum([s[-1] for s in length])])
    border = np.array([p[0, 0] for p in points] + [points[-1][-1, 0]])
    own = np.array([np.inf] + [span.edge for span in spans] + [np.inf])
    at_border = np.minimum(edge, np.minimum(own[:-1], own[1:]))
    finest = np.where(border > 1e-9 * scale, np.minimum(at_border, 2.0 * np.pi * border / least), at_border)

    way = np.concatenate([a + s for a, s in zip(start, length, strict=False)])
    bowed = np.concatenate([_bowed(p, s, edge) for p, s in zip(points, length, strict=True)])
    bowed = np.minimum.accumulate(bowed - GROWTH * way) + GROWTH * way  # grows gently on the way up, and down
    bowed = (np.minimum.accumulate((bowed + GROWTH * way)[::-1])[::-1] - GROWTH * way).reshape(len(spans), SAMPLES)

    ring, size, owner = [], [], []
    for k, span in enumerate(spans):
        away = np.abs(start[k] + length[k][:, None] - start[None, :])
        wanted = np.minimum(min(edge, span.edge), (finest + GROWTH * away).min(axis=1))
        rise = np.abs(np.gradient(points[k][:, 1], length[k]))
        bend = np.divide(points[k][:, 0], rise, out=np.full(SAMPLES, np.inf), where=rise > 1e-9)
        wanted = np.minimum(wanted, np.maximum(2.0 * np.pi * bend / SIDES, finest.min()))
        wanted = np.minimum(wanted, bowed[k])
        density = 1.0 / (ROW * wanted)
        mean = (density[1:] + density[:-1]) / 2.0 * np.diff(length[k])
        passed = np.concatenate([[0.0], np.cumsum(mean)])
        poles = points[k][[0, -1], 0] <= 1e-9 * scale
        rows = max(4 if poles.all() else 1, int(np.ceil(passed[-1] - 0.5)))
        place = np.interp(np.linspace(0.0, passed[-1], rows + 1), passed, t)
        last = k == len(spans) - 1
        place = place if last else place[:-1]
        ring.append(span.curve(place))
        size.append(np.interp(place, t, wanted))
        owner.append(np.full(rows, k))
    rings = np.concatenate(ring)
    rings[[0, -1], 0] = 0.0
    return rings, np.concatenate(size), np.concatenate(owner)


def _bowed(points: np.ndarray, way: np.ndarray, edge: float) -> np.ndarray:
    """(SAMPLES,) edges fine enough for the bend of a profile itself [um], but not far finer than the wanted `edge`."""
    along = np.gradient(points, way, axis=0)
    turn = np.gradient(np.unwrap(np.arctan2(along[:, 1], along[:, 0])), way)
    return np.maximum(2.0 * np.pi / (SIDES * np.maximum(np.abs(turn), 1e-300)), LEAST * edge)


def _stitch(n: int, phase: float, first: int, m: int, phase_up: float, first_up: int) -> np.ndarray:
    """Triangles between a ring of n corners and one of m above it (one corner: a pole).

    Each edge is joined to the corner of the other ring whose angle is nearest to the edge's middle; both
    rings order the middles in the same way, so the triangles fit together whatever n and m are.
    """
    below, above = np.arange(n), np.arange(m)
    middle = phase + 2.0 * np.pi * (below + 0.5) / n
    middle_up = phase_up + 2.0 * np.pi * (above + 0.5) / m
    faces = []
    if n > 1:
        tip = np.searchsorted(middle_up, middle, side="left") % m
        faces.append(np.stack([first + below, first + (below + 1) % n, first_up + tip], axis=1))
    if m > 1:
        tip = np.searchsorted(middle, middle_up, side="right") % n
        faces.append(np.stack([first_up + (above + 1) % m, first_up + above, first + tip], axis=1))
    return np.concatenate(faces)
