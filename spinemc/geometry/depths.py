"""How deep points lie inside a closed surface, and paths through it that keep to the middle."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from spinemc.geometry.voxels import centres_inside

MOST = 8_000_000  # voxels of a grid, so that memory stays below 1 GiB
_STEPS = [step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)]  # half of the 26 ways to a neighbour


@dataclass(frozen=True, eq=False)
class Depths:
    """Points on a regular grid inside a closed surface.

    Attributes
    ----------
    size : float
        Edge of the grid [um].
    point : (n, 3) float64
        Places [um].
    depth : (n,) float64
        Distance from the surface, to about half of `size` [um].
    pair : (m, 2) int64
        Neighbours, along edges and diagonals of the grid.
    gap : (m,) float64
        How far apart these are [um].
    """

    size: float
    point: np.ndarray
    depth: np.ndarray
    pair: np.ndarray
    gap: np.ndarray

    def path(self, among: np.ndarray, start: int, end: int) -> np.ndarray:
        """(k,) points from one to another that lies deepest: the integral of 1/depth^2 along it is least.

        Empty where there is none.

        Parameters
        ----------
        among : (n,) bool
            Points that it may use.
        start, end : int
        """
        from scipy.sparse.csgraph import dijkstra

        steep = 1.0 / np.maximum(self.depth, 0.25 * self.size) ** 2
        graph = self._graph(among, 0.5 * steep[self.pair].sum(axis=1))
        _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
        path = [end]
        while path[-1] != start:
            path.append(int(before[path[-1]]))
            if path[-1] < 0:
                return np.zeros(0, np.int64)
        return np.array(path[::-1])

    def longest(self, among: np.ndarray) -> np.ndarray:
        """(k,) the deepest path between the two points farthest from each other, in the largest connected piece.

        Parameters
        ----------
        among : (n,) bool
            Points that it may use, at least one.
        """
        from scipy.sparse.csgraph import connected_components, dijkstra

        graph = self._graph(among, np.ones(len(self.pair)))
        _, piece = connected_components(graph, directed=False)
        largest = np.bincount(piece[among]).argmax()
        here = among & (piece == largest)
        ends = [int(np.argmax(here))]
        for _ in range(2):
            way = dijkstra(graph, directed=False, indices=ends[-1])
            ends.append(int(np.where(here, way, -1.0).argmax()))
        return self.path(here, ends[1], ends[2])

    def _graph(self, among: np.ndarray, cost: np.ndarray):  # type: ignore[no-untyped-def]
        from scipy.sparse import coo_array

        kept = among[self.pair].all(axis=1)
        one, other = self.pair[kept].T
        number = len(self.point)
        return coo_array((self.gap[kept] * cost[kept], (one, other)), shape=(number, number)).tocsr()


def depths(vertex: np.ndarray, face: np.ndarray, size: float) -> Depths:
    """Lay a grid along the principal axes of a closed surface, and measure how deep its points lie.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Triangles.
    size : float
        Edge of the grid [um]; longer where there would be more than `MOST` voxels.
    """
    from scipy.ndimage import distance_transform_edt

    turn = _principal(vertex, face)
    turned = vertex @ turn
    size = max(size, float(np.cbrt(np.ptp(turned, axis=0).prod() / MOST)))
    origin, inside = centres_inside(turned, face, size)
    number = np.full(inside.shape, -1, np.int32)
    number[inside] = np.arange(inside.sum())
    depth = (distance_transform_edt(inside)[inside] - 0.5) * size
    place = np.argwhere(inside)
    pairs, gaps = [], []
    for step in _STEPS:
        other = number[tuple((place + step).T)]
        one = np.flatnonzero(other >= 0)
        pairs.append(np.stack([one, other[one]], axis=1))
        gaps.append(np.full(len(one), size * np.linalg.norm(step)))
    point = (origin + (place + 0.5) * size) @ turn.T
    return Depths(size, point, depth, np.concatenate(pairs).astype(np.int64), np.concatenate(gaps))


def _principal(vertex: np.ndarray, face: np.ndarray) -> np.ndarray:
    """(3, 3): the principal axes of a surface as columns, right-handed."""
    centre = vertex[face].mean(axis=1)
    axes = np.linalg.eigh(np.cov(centre.T))[1]
    axes[:, 0] *= np.sign(np.linalg.det(axes))
    return np.asarray(axes)
