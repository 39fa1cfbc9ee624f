"""Long parts of space cut into segments short enough to be called well mixed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.geometry import Geometry
from spinemc.geometry.compartments import face_compartment, space_solid
from spinemc.geometry.voxels import Voxels, voxelise
from spinemc.twins.conductance import links, part_volumes

if TYPE_CHECKING:
    from manifold3d import Manifold

LONG = 2.0  # a piece longer than so many of its widths is cut in two
ROUND = 1.4  # and one no longer than so many never is
ACROSS = 6  # voxels to a part's width, where it is cut
MOST_VOXELS = 60_000  # of a part
SMALLEST = 1 / 30_000  # of the space: no segment is smaller, so that the grid of the conductances resolves it
STRAY = 1e-3  # of a part: less, apart from the rest of it, is the grid's doing
SPLIT = 40  # pieces that the edge of a face is cut into at most
DENSE = 40  # voxels below which all modes are found


@dataclass(frozen=True, eq=False)
class Segments:
    """The well-mixed pieces of spaces.

    Attributes
    ----------
    part : (p,) int
        What each is of, as an index into `Geometry.compartments`, ascending; a whole space is the rest of it, without
        a name of its own.
    volume : (p,) float64
        [um^3]
    points : dict
        By part that is in several pieces: points (n, 3) [um] spread over it, and the piece (n,) each is in.
    """

    part: np.ndarray
    volume: np.ndarray
    points: dict[int, tuple[np.ndarray, np.ndarray]]

    @property
    def is_cut(self) -> bool:
        """Whether any part is in several pieces."""
        return bool(self.points)

    def nearest(self, part: int, point: np.ndarray) -> np.ndarray:
        """(n,) int: the pieces of a part that points (n, 3) [um] of it are in."""
        from scipy.spatial import cKDTree

        if part not in self.points:
            return np.full(len(point), np.searchsorted(self.part, part))
        known, piece = self.points[part]
        return piece[cKDTree(known).query(point)[1]]

    def within(self, parts: np.ndarray) -> Segments:
        """The pieces of some parts alone, numbered anew."""
        kept = np.isin(self.part, parts)
        number = np.cumsum(kept) - 1
        points = {c: (point, number[piece]) for c, (point, piece) in self.points.items() if c in parts}
        return Segments(self.part[kept], self.volume[kept], points)


def whole(geometry: Geometry, space: int = 0) -> Segments:
    """Every part of a space in one piece."""
    volume = part_volumes(geometry, space)
    part = np.flatnonzero(volume > 0.0)
    return Segments(part, volume[part], {})


@lru_cache(maxsize=16)
def segments(geometry: Geometry, length: float | None = None, spaces: tuple[int, ...] = (0,)) -> Segments:
    """Cut the long parts of spaces.

    A piece of volume V, wall S and slowest mode of diffusion exp(-D k^2 t) has the width 4 V / S and the length pi / k.
    Where it is too long it is cut in two where that mode changes sign, which is across it and in the middle, and both
    halves are connected (Fiedler 1975, Czech Math J 25:619); and so are the halves.

    Parameters
    ----------
    geometry : Geometry
    length : float, optional
        The longest that a piece may be [um]; twice its width where None. A piece no longer than 1.4 of its widths
        stays whole, and so does one whose halves would be smaller than a 30 000th of the space.
    spaces : tuple of int
        Indices into `Geometry.spaces`.

    Returns
    -------
    Segments
    """
    volume = sum((part_volumes(geometry, space) for space in spaces), np.zeros(len(geometry.compartments)))
    part: list[int] = []
    sizes: list[float] = []
    points = {}
    entire = {space: geometry.space_volume(space) for space in spaces}
    for c in np.flatnonzero(volume > 0.0).tolist():
        smallest = SMALLEST * entire[int(geometry.compartment_space[c])]
        point, weight, piece = _pieces(_solid(geometry, c), length, smallest)
        share = np.bincount(piece, weight)
        if len(share) > 1:
            points[c] = point, piece + len(part)
        part += [c] * len(share)
        sizes += (volume[c] * share / share.sum()).tolist()
    return Segments(np.array(part), np.array(sizes), points)


def patches(geometry: Geometry, cut: Segments) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Areas of surface by region and the pieces on its two sides.

    Returns
    -------
    (q,) int, (q, 2) int, (q,) float64
        Region of each patch and the pieces below and above it, -1 for none, in that order, and its area [um^2].
    """
    beside = np.stack([_parts_at(geometry, cut, side) for side in (0, 1)], axis=1)
    region, piece, area = [], [], []
    for below, above in np.unique(beside, axis=0).tolist():
        mine = np.flatnonzero((beside == (below, above)).all(axis=1))
        where, of_face, share = _spread_over(geometry.triangles[mine], cut, [below, above])
        region.append(geometry.face_region[mine][of_face])
        none = np.full(len(where), -1)
        piece.append([cut.nearest(c, where) if c >= 0 else none for c in (below, above)])
        area.append(geometry.face_area[mine][of_face] * share)
    kinds = np.concatenate([np.concatenate(region)[None], np.concatenate(piece, axis=1)])
    patch, which = np.unique(kinds, axis=1, return_inverse=True)
    return patch[0].astype(np.int64), patch[1:].T, np.bincount(which.ravel(), np.concatenate(area))


def _parts_at(geometry: Geometry, cut: Segments, side: int) -> np.ndarray:
    """(f,) int: the part that is cut on a side of each face; -1 where its space has no pieces."""
    found = face_compartment(geometry, side)
    for space in np.unique(geometry.face_space[:, side]):
        here = geometry.face_space[:, side] == space
        there = cut.within(geometry.parts_of(space))
        if space < 0 or len(there.part) == 0:
            found[here] = -1
        else:  # a face on a film that is no part goes to the largest
            found[here & ~np.isin(found, there.part)] = there.part[there.volume.argmax()]
    return found


def _spread_over(triangle: np.ndarray, cut: Segments, parts: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points over triangles, the triangle of each, and the share of its area; one for each where parts are whole."""
    times = np.ones(len(triangle), np.int64)
    for part in set(parts) & set(cut.points):
        known = cut.points[part][0]
        step = 2.0 * (np.ptp(known, axis=0).prod() / len(known)) ** (1 / 3)
        edge = np.linalg.norm(triangle - np.roll(triangle, 1, axis=1), axis=2).max(axis=1)
        times = np.maximum(times, np.clip(np.ceil(edge / step), 1, SPLIT).astype(np.int64))
    points, owners = [], []
    for n in np.unique(times).tolist():
        i, j = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
        up, down = i + j < n, i + j < n - 1
        u = np.concatenate([i[up] + 1 / 3, i[down] + 2 / 3]) / n
        v = np.concatenate([j[up] + 1 / 3, j[down] + 2 / 3]) / n
        mine = np.flatnonzero(times == n)
        weight = np.stack([1.0 - u - v, u, v], axis=1)
        points.append(np.einsum("ki,fix->fkx", weight, triangle[mine]).reshape(-1, 3))
        owners.append(np.repeat(mine, len(u)))
    owner = np.concatenate(owners)
    return np.concatenate(points), owner, 1.0 / times[owner] ** 2


def _solid(geometry: Geometry, part: int) -> Manifold:
    """A part as one solid."""
    from manifold3d import Manifold, OpType

    space = int(geometry.compartment_space[part])
    if part != geometry.parts_of(space)[0]:
        return Manifold.batch_boolean(list(geometry.compartment_pieces[part]), OpType.Add)
    named = [piece for i in geometry.set_of(space) for piece in geometry.compartment_pieces[i]]
    inside = space_solid(geometry, space)
    return Manifold.batch_boolean([inside, *named], OpType.Subtract) if named else inside


def _pieces(solid: Manifold, length: float | None, smallest: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (n, 3) spread over a solid, the volume (n,) of each, and the piece (n,) it is in."""
    mesh = solid.to_mesh64()
    width = 4.0 * solid.volume() / solid.surface_area()
    size = max(width / ACROSS, (solid.volume() / MOST_VOXELS) ** (1 / 3))
    grid = voxelise(mesh.vert_properties[:, :3], mesh.tri_verts, size)
    graph, volume, area = _graph(grid)
    centre = grid.origin + (np.argwhere(grid.volume > 0.0) + 0.5) * grid.size
    found: list[np.ndarray] = []
    for body in _bodies(graph, volume):
        slowest = _slowest(graph[body][:, body], volume[body], size)
        along = slowest[1]
        cuts = list(_cut(graph, volume, area, body, slowest, length, smallest, size))
        place = np.zeros(len(volume))
        place[body] = along * _sense(along, centre[body])
        found += sorted(cuts, key=lambda nodes: float(place[nodes].mean()))
    node = np.concatenate(found)
    return centre[node], volume[node], np.repeat(np.arange(len(found)), [len(nodes) for nodes in found])


def _sense(along: np.ndarray, centre: np.ndarray) -> float:
    """The sign that makes a mode rise along the axis that it follows most."""
    slope = (along - along.mean()) @ (centre - centre.mean(axis=0))
    return float(np.sign(slope[np.abs(slope).argmax()])) or 1.0


def _graph(grid: Voxels) -> tuple[Any, np.ndarray, np.ndarray]:
    """Conductances (n, n) between the voxels with an inside, their volumes (n,), and their walls (n,)."""
    inside = np.flatnonzero(grid.volume.ravel() > 0.0)
    graph = links(grid, np.full((3, *grid.shape), 0.5 * grid.size))
    return graph[inside][:, inside], grid.volume.ravel()[inside], grid.wall_area.ravel()[inside]


def _bodies(graph: Any, volume: np.ndarray) -> Iterator[np.ndarray]:
    """The connected bodies of a part, without strays."""
    from scipy.sparse.csgraph import connected_components

    _, body = connected_components(graph, directed=False)
    share = np.bincount(body, volume) / volume.sum()
    for b in np.flatnonzero(share > min(STRAY, share.max() / 2)):
        yield np.flatnonzero(body == b)


def _cut(
    graph: Any,
    volume: np.ndarray,
    area: np.ndarray,
    node: np.ndarray,
    slowest: tuple[float, np.ndarray],
    length: float | None,
    smallest: float,
    size: float,
) -> Iterator[np.ndarray]:
    """A connected set of voxels in pieces that are short enough, by its slowest mode and those of its halves."""
    k, along = slowest
    width = 4.0 * volume[node].sum() / area[node].sum()
    longest = max(LONG * width if length is None else length, ROUND * width)
    halves = node[along < 0.0], node[along >= 0.0]
    if np.pi <= k * longest or min(volume[half].sum() for half in halves) < smallest:
        yield node
        return
    for half in halves:
        yield from _cut(
            graph, volume, area, half, _slowest(graph[half][:, half], volume[half], size), length, smallest, size
        )


def _slowest(graph: Any, volume: np.ndarray, size: float) -> tuple[float, np.ndarray]:
    """The slowest mode of diffusion in a connected set of voxels: its wave number k [um^-1], and itself (n,)."""
    from scipy.linalg import eigh
    from scipy.sparse import csc_array, diags_array
    from scipy.sparse.linalg import eigsh

    n = len(volume)
    if n < 2:
        return np.inf, np.ones(n)
    laplacian = diags_array(graph.sum(axis=1)) - graph
    if n < DENSE:
        value, mode = eigh(laplacian.toarray(), np.diag(volume))
    else:
        start = np.linspace(-1.0, 1.0, n)
        shift = -1.0 / (n * size**2)
        value, mode = eigsh(csc_array(laplacian), k=2, M=csc_array(diags_array(volume)), sigma=shift, v0=start)
    second = np.argsort(value)[1]
    return float(np.sqrt(max(value[second], 0.0))), mode[:, second]
