"""The named parts of the inside: which one a point is in, how large each is, points spread over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.geometry.parts import SHELL, divide, holds, reaches, spanned
from spinemc.geometry.solids import manifold

if TYPE_CHECKING:
    from manifold3d import Manifold

    from spinemc.geometry.mesh import Geometry

BLOCK = 50_000  # points tested at a time
SHAPES = 6  # to a piece of a solid, before it is cut in two
NEAR = 1e-11  # of the extent: a ray this close to an edge or a corner is not trusted


def locate(geometry: Geometry, points: np.ndarray, space: int = 0, of: int = 0) -> np.ndarray:
    """The compartment of points of a space.

    Parameters
    ----------
    geometry : Geometry
        The cell.
    points : (n, 3) float64
        Points of the space [um].
    space : int
        Index into `geometry.spaces`.
    of : int
        Index into `geometry.sets`.

    Returns
    -------
    (n,) int64
        Index into `geometry.compartments`: the first of the set that holds the point, the whole space where none does.
    """
    points = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    found = np.full(len(points), geometry.parts_of(space)[0], dtype=np.int64)
    for i in reversed(geometry.set_of(space, of)):
        found[holds(geometry.compartment_shape[i], points, geometry.shell)] = i
    return found


def face_compartment(geometry: Geometry, side: int = 0) -> np.ndarray:
    """(f,) int64: the compartment just below each face, an index into `geometry.compartments`; -1 where none is.

    That just above it where `side` is 1.
    """
    step = (1e-6 if side else -1e-6) * np.ptp(geometry.vertex, axis=0).max()
    point = geometry.triangles.mean(axis=1) + step * geometry.face_normal
    found = np.full(len(point), -1, dtype=np.int64)
    for space in range(len(geometry.spaces)):
        here = geometry.face_space[:, side] == space
        found[here] = locate(geometry, point[here], space)
    return found


def compartment_solids(geometry: Geometry, space: int = 0, of: int = 0) -> list[list[Manifold]]:
    """The solid pieces of each compartment of a set in a space, without what the ones before it took.

    Returns
    -------
    list of list of Manifold
        Empty where nothing of the space is left for it. A shell is no solid: it has no pieces, and takes none.
    """
    shapes = geometry.compartment_shape[geometry.set_of(space, of)]
    rest = _slabs(space_solid(geometry, space), len(shapes))
    compartments: list[list[Manifold]] = []
    for shape in shapes:
        if shape[0] == SHELL:
            compartments.append([])
            continue
        taken: list[Manifold] = []
        left: list[Manifold] = []
        for piece in rest:
            low, high = np.array(piece.bounding_box()).reshape(2, 3)
            if reaches(shape, 0.5 * (low + high)[None], 0.5 * float(np.linalg.norm(high - low)))[0]:
                part, outside = divide(piece, shape)
                taken.append(part)
                left += outside
            else:
                left.append(piece)
        compartments.append([piece for piece in taken if not piece.is_empty()])
        rest = [piece for piece in left if not piece.is_empty()]
    return compartments


def _slabs(solid: Manifold, shapes: int) -> list[Manifold]:
    """A solid cut across its longest extent, so that each of many shapes has to do with few of the pieces."""
    pieces = [solid]
    while 2 * SHAPES * len(pieces) <= shapes:
        halves = []
        for piece in pieces:
            low, high = np.array(piece.bounding_box()).reshape(2, 3)
            axis = int(np.argmax(high - low))
            halves += piece.split_by_plane([float(k == axis) for k in range(3)], float(0.5 * (low + high)[axis]))
        pieces = [piece for piece in halves if not piece.is_empty()]
    return pieces


def space_solid(geometry: Geometry, space: int) -> Manifold:
    """A space as a solid: what its outer surface bounds, less what the closed surfaces in it bound."""
    whole: Manifold | None = None
    holes = []
    for surface, name in enumerate(geometry.surfaces):
        mine = np.flatnonzero(geometry.face_surface == surface)
        below, above = geometry.face_space[mine[0]]
        if space not in (below, above) or below == above:
            continue
        used, face = np.unique(geometry.face[mine], return_inverse=True)
        made = manifold(geometry.vertex[used], face.reshape(-1, 3), name)
        if below == space:
            whole = made
        else:
            holes.append(made)
    assert whole is not None
    for hole in holes:
        whole = whole - hole
    return whole


def contains(geometry: Geometry, points: np.ndarray, space: int = 0) -> np.ndarray:
    """Whether points lie in a space.

    Parameters
    ----------
    geometry : Geometry
        The cell.
    points : (n, 3) float64
        Points [um].
    space : int
        Index into `geometry.spaces`.

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
    walls = np.flatnonzero((geometry.face_space == space).sum(axis=1) == 1)  # a sheet parts nothing
    triangles = geometry.triangles[walls]
    frame = np.linalg.qr(np.array([[0.3, 0.7, 0.59], [-0.81, 0.21, 0.43], [0.17, -0.61, 0.73]]))[0]
    columns = _Columns(triangles @ frame)
    inside = np.empty(len(points), dtype=bool)
    for start in range(0, len(points), BLOCK):
        block = slice(start, start + BLOCK)
        crossings, doubtful = columns.crossings(points[block] @ frame)
        inside[block] = crossings % 2 == 1
        which = start + np.flatnonzero(doubtful)
        outward = np.where(geometry.face_space[walls, 0] == space, 1.0, -1.0)
        inside[which] = winding_number(triangles, points[which], outward) > 0.5
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


def winding_number(triangles: np.ndarray, points: np.ndarray, sign: np.ndarray | float = 1.0) -> np.ndarray:
    """How often closed triangles wind around points: 1 inside, 0 outside, between on the surface.

    Parameters
    ----------
    triangles : (f, 3, 3) float64
        Corners [um].
    points : (n, 3) float64
        Points [um].
    sign : (f,) float64 or float
        -1 for a triangle that is to be turned round.

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
        turns[start : start + step] = (sign * angle).sum(axis=1) / (4.0 * np.pi)
    return turns


def sample_surface(geometry: Geometry, region: int, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points spread evenly over a region of the surface.

    Parameters
    ----------
    geometry : Geometry
        The cell.
    region : int
        Index into `geometry.regions`.
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
    faces = geometry.faces_of(region)
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
        Index into `geometry.compartments`.
    n : int
        How many.
    rng : Generator
        Source of random numbers.

    Returns
    -------
    (n, 3) float64
        Points [um].
    """
    space, of = int(geometry.compartment_space[compartment]), int(geometry.compartment_set[compartment])
    whole = int(geometry.parts_of(space)[0])
    corner = geometry.sides[geometry.side_faces(space)]
    low, high = corner.min(axis=(0, 1)), corner.max(axis=(0, 1))
    if compartment != whole:
        row, pieces = geometry.compartment_shape[compartment], geometry.compartment_pieces[compartment]
        boxes = np.array([piece.bounding_box() for piece in pieces] or [spanned(row, geometry.shell)])
        margin = 1e-3 * (boxes[:, 3:].max(axis=0) - boxes[:, :3].min(axis=0))  # a ball is a polyhedron there
        low = np.maximum(low, boxes[:, :3].min(axis=0) - margin)
        high = np.minimum(high, boxes[:, 3:].max(axis=0) + margin)
    filled = geometry.compartment_volume[compartment] / np.prod(high - low)
    kept: list[np.ndarray] = []
    missing = n
    while missing > 0:
        points = rng.uniform(low, high, (int(1.1 * missing / filled) + 16, 3))
        if compartment != whole:
            points = points[locate(geometry, points, space, of) == compartment]
        points = points[contains(geometry, points, space)][:missing]
        kept.append(points)
        missing -= len(points)
    return np.concatenate(kept) if kept else np.empty((0, 3))
