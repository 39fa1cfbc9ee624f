"""The named parts of the inside: which one a point is in, how large each is, points spread over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.geometry.solids import ball, cut, manifold

if TYPE_CHECKING:
    from manifold3d import Manifold

    from spinemc.geometry.mesh import Geometry

BLOCK = 50_000  # points tested at a time
NEAR = 1e-11  # of the extent: a ray this close to an edge or a corner is not trusted


def holds(shape: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether a part of space, a row of `Geometry.compartment_shape`, holds points.

    Parameters
    ----------
    shape : (7,) float64
        Box or sphere [um].
    points : (n, 3) float64
        Points [um].

    Returns
    -------
    (n,) bool
        True within and on the border.
    """
    if shape[0] == 1.0:
        return np.asarray(((points - shape[1:4]) ** 2).sum(axis=1) <= shape[4] ** 2)
    return np.asarray(((points >= shape[1:4]) & (points <= shape[4:7])).all(axis=1))


def locate(geometry: Geometry, points: np.ndarray) -> np.ndarray:
    """The compartment of points of the inside.

    Parameters
    ----------
    geometry : Geometry
        The cell.
    points : (n, 3) float64
        Points of the inside [um].

    Returns
    -------
    (n,) int64
        Index into `geometry.compartments`: the first named one that holds the point, 0 where none does.
    """
    points = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    found = np.zeros(len(points), dtype=np.int64)
    for i in range(len(geometry.compartment_shape), 0, -1):
        found[holds(geometry.compartment_shape[i - 1], points)] = i
    return found


def face_compartment(geometry: Geometry) -> np.ndarray:
    """(f,) int64: the compartment just inside each face, an index into `geometry.compartments`."""
    step = 1e-6 * np.ptp(geometry.vertex, axis=0).max()
    return locate(geometry, geometry.triangles.mean(axis=1) - step * geometry.face_normal)


def compartment_solids(geometry: Geometry) -> list[list[Manifold]]:
    """The solid pieces of each named compartment, without what the ones before it took.

    Returns
    -------
    list of list of Manifold
        One list for each of `geometry.compartments[1:]`; empty where nothing of the inside is left for it.
    """
    rest = [manifold(geometry.vertex, geometry.face, geometry.name)]
    compartments = []
    for shape in geometry.compartment_shape:
        taken: list[Manifold] = []
        left: list[Manifold] = []
        for piece in rest:
            if shape[0] == 1.0:
                part, other = piece.split(ball(shape[1:4], shape[4]))
                outside = [other]
            else:
                part, outside = cut(piece, shape[1:4], shape[4:7])
            taken.append(part)
            left += outside
        compartments.append([piece for piece in taken if not piece.is_empty()])
        rest = [piece for piece in left if not piece.is_empty()]
    return compartments


def contains(geometry: Geometry, points: np.ndarray) -> np.ndarray:
    """Whether points lie inside the closed surface.

    Parameters
    ----------
    geometry : Geometry
        The cell.
    points : (n, 3) float64
        Points [um].

    Returns
    -------
    (n,) bool
        True inside.

    Notes
    -----
    Counts the triangles above each point along a fixed oblique direction: an odd number means inside.
    Triangles are found through a grid of columns. A point whose ray passes too near to an edge, or that lies
    too near to a triangle, is decided by the winding number instead.
    """
    points = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    frame = np.linalg.qr(np.array([[0.3, 0.7, 0.59], [-0.81, 0.21, 0.43], [0.17, -0.61, 0.73]]))[0]
    columns = _Columns(geometry.triangles @ frame)
    inside = np.empty(len(points), dtype=bool)
    for start in range(0, len(points), BLOCK):
        block = slice(start, start + BLOCK)
        crossings, doubtful = columns.crossings(points[block] @ frame)
        inside[block] = crossings % 2 == 1
        which = start + np.flatnonzero(doubtful)
        inside[which] = winding_number(geometry.triangles, points[which]) > 0.5
    return inside


class _Columns:
    """Triangles sorted into a grid of columns along the third axis."""

    def __init__(self, triangles: np.ndarray):
        self.triangles = triangles
        flat = triangles[:, :, :2]
        self.low = flat.min(axis=(0, 1))
        extent = np.ptp(flat, axis=(0, 1)).max()
        self.near = NEAR * np.ptp(triangles, axis=(0, 1)).max()
        self.number = int(np.clip(np.sqrt(len(triangles)), 1, 1000))
        self.width = extent / self.number * (1.0 + 1e-9)
        first = ((flat.min(axis=1) - self.low) / self.width).astype(np.int64)
        last = ((flat.max(axis=1) - self.low) / self.width).astype(np.int64)
        across = last - first + 1
        face, place = _spread(across.prod(axis=1))
        cell = (first[face, 0] + place // across[face, 1]) * self.number + first[face, 1] + place % across[face, 1]
        self.face = face[np.argsort(cell, kind="stable")]
        self.count = np.bincount(cell, minlength=self.number**2)
        self.start = np.cumsum(self.count) - self.count

    def crossings(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How many triangles lie above each point, and whether that number is in doubt."""
        column = np.floor((points[:, :2] - self.low) / self.width)
        under = ((column >= 0) & (column < self.number)).all(axis=1)
        cell = np.where(under, column[:, 0] * self.number + column[:, 1], 0).astype(np.int64)
        point, place = _spread(np.where(under, self.count[cell], 0))
        corner = self.triangles[self.face[self.start[cell[point]] + place]] - points[point, None]
        edge = np.roll(corner, -1, axis=1) - corner
        # twice the signed areas that ray and edges span: all of one sign where the ray meets the triangle
        span = corner[..., 0] * edge[..., 1] - corner[..., 1] * edge[..., 0]
        reach = np.hypot(edge[..., 0], edge[..., 1]) * self.near
        hit = (span > reach).all(axis=1) | (span < -reach).all(axis=1)
        miss = (span > reach).any(axis=1) & (span < -reach).any(axis=1)
        height = (span * np.roll(corner[..., 2], 1, axis=1)).sum(axis=1)
        total = span.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            height = height / total
        hit_above = hit & (height > 0.0)
        unsure = ~(hit | miss) | (hit & (np.abs(height) <= self.near))
        crossings = np.bincount(point[hit_above], minlength=len(points))
        return crossings, np.bincount(point[unsure], minlength=len(points)) > 0


def _spread(count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number i, count[i] times, for each i; and beside it 0, 1, ..., count[i] - 1."""
    owner = np.repeat(np.arange(len(count)), count)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)


def winding_number(triangles: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How often closed triangles wind around points: 1 inside, 0 outside, between on the surface.

    Parameters
    ----------
    triangles : (f, 3, 3) float64
        Corners [um].
    points : (n, 3) float64
        Points [um].

    Returns
    -------
    (n,) float64
        The sum of the solid angles over 4 pi (van Oosterom & Strackee 1983, IEEE Trans Biomed Eng 30:125).
    """
    turns = np.empty(len(points))
    step = max(1, 1_000_000 // len(triangles))
    for start in range(0, len(points), step):
        a, b, c = np.moveaxis(triangles[None] - points[start : start + step, None, None], 2, 0)
        la, lb, lc = (np.sqrt(np.einsum("...k,...k", x, x)) for x in (a, b, c))
        triple = np.einsum("...k,...k", a, np.cross(b, c))
        ab, bc, ca = (np.einsum("...k,...k", x, y) for x, y in ((a, b), (b, c), (c, a)))
        angle = 2.0 * np.arctan2(triple, la * lb * lc + ab * lc + bc * la + ca * lb)
        turns[start : start + step] = angle.sum(axis=1) / (4.0 * np.pi)
    return turns


def sample_surface(geometry: Geometry, region: int, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points spread evenly over a region of the surface.

    Parameters
    ----------
    geometry : Geometry
        The cell.
    region : int
        Index into `geometry.regions`; 0 is the whole surface.
    n : int
        How many.
    rng : Generator
        Source of random numbers.

    Returns
    -------
    point : (n, 3) float64
        Points [um].
    face : (n,) int64
        The face each lies on.
    """
    faces = np.arange(len(geometry.face)) if region == 0 else np.flatnonzero(geometry.face_region == region)
    weight = np.cumsum(geometry.face_area[faces])
    face = faces[np.minimum(np.searchsorted(weight, rng.random(n) * weight[-1], "right"), len(faces) - 1)]
    u, v = rng.random((2, n, 1))
    u, v = np.where(u + v > 1.0, 1.0 - u, u), np.where(u + v > 1.0, 1.0 - v, v)
    a, b, c = np.moveaxis(geometry.triangles[face], 1, 0)
    return a + u * (b - a) + v * (c - a), face


def sample_inside(geometry: Geometry, compartment: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Points spread evenly over a compartment.

    Parameters
    ----------
    geometry : Geometry
        The cell.
    compartment : int
        Index into `geometry.compartments`; 0 is the whole inside.
    n : int
        How many.
    rng : Generator
        Source of random numbers.

    Returns
    -------
    (n, 3) float64
        Points [um].
    """
    low, high = geometry.vertex.min(axis=0), geometry.vertex.max(axis=0)
    if compartment > 0:
        boxes = np.array([piece.bounding_box() for piece in compartment_solids(geometry)[compartment - 1]])
        margin = 1e-3 * (boxes[:, 3:].max(axis=0) - boxes[:, :3].min(axis=0))  # a ball is a polyhedron there
        low = np.maximum(low, boxes[:, :3].min(axis=0) - margin)
        high = np.minimum(high, boxes[:, 3:].max(axis=0) + margin)
    filled = geometry.compartment_volume[compartment] / np.prod(high - low)
    kept: list[np.ndarray] = []
    missing = n
    while missing > 0:
        points = rng.uniform(low, high, (int(1.1 * missing / filled) + 16, 3))
        if compartment > 0:
            points = points[locate(geometry, points) == compartment]
        points = points[contains(geometry, points)][:missing]
        kept.append(points)
        missing -= len(points)
    return np.concatenate(kept) if kept else np.empty((0, 3))
