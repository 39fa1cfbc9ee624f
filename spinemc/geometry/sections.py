"""Cross-sections of a closed surface along a path through it."""

from __future__ import annotations

import numpy as np

from spinemc.geometry.checks import crossed, signed_volume
from spinemc.geometry.depths import depths

GRID = 4.0  # grid steps in twice the volume over the area, for the path
FINER = 3  # times the grid is halved where no path is found
PLANES = 8  # in the depth of the deepest point


def widths(vertex: np.ndarray, face: np.ndarray, lid: np.ndarray, foot: np.ndarray) -> tuple[float, float]:
    """The width of a spine's head and the least width of its neck: diameters of circles with its cross-sections.

    The sections are at right angles to the deepest path from the foot to the deepest point, and straight on beyond it;
    those that the lid on the foot cuts short are left out.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Triangles of a closed surface.
    lid : (f,) bool
        Which of them close the foot.
    foot : (3,) float64
        Its middle [um].

    Returns
    -------
    head, neck : float
        [um]; the same where there is no narrower place.
    """
    path = _path(vertex, face, foot)
    ahead = np.gradient(path, axis=0)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-300)
    areas = np.array([section(vertex, face, lid, point, way) for point, way in zip(path, ahead, strict=True)])
    areas = areas[np.isfinite(areas)]
    if len(areas) == 0:
        return (float(2.0 * np.sqrt(0.5 * np.linalg.norm(crossed(vertex[face[lid]]), axis=1).sum() / np.pi)),) * 2
    widest = int(areas.argmax())
    head, neck = 2.0 * np.sqrt(areas[widest] / np.pi), 2.0 * np.sqrt(areas[: widest + 1].min() / np.pi)
    return float(head), float(neck)


def section(vertex: np.ndarray, face: np.ndarray, lid: np.ndarray, point: np.ndarray, normal: np.ndarray) -> float:
    """Area of the cross-section in a plane, of the piece of it around a point [um^2]; nan where it meets the lid.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Triangles of a closed surface.
    lid : (f,) bool
        Faces that it must not meet.
    point, normal : (3,) float64
        Of the plane [um]; the normal has length one.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    above = (vertex - point) @ normal
    above[above == 0.0] = 1e-15
    up = above[face] > 0.0
    cut = np.flatnonzero(up.any(axis=1) & ~up.all(axis=1))
    if len(cut) == 0:
        return np.nan
    alone = up[cut] == (up[cut].sum(axis=1) == 1)[:, None]
    corner = np.argmax(alone, axis=1)[:, None]
    a, b, c = (face[cut][np.arange(len(cut))[:, None], (corner + k) % 3][:, 0] for k in range(3))
    ends = [_crossing(vertex, above, a, x) for x in (b, c)]
    size = len(vertex)
    edge = np.concatenate([np.minimum(a, x) * size + np.maximum(a, x) for x in (b, c)])
    node = np.unique(edge, return_inverse=True)[1].reshape(2, -1)
    links = coo_array((np.ones(len(cut)), (node[0], node[1])), shape=(node.max() + 1,) * 2)
    loop = connected_components(links, directed=False)[1][node[0]]
    turn = np.where(above[a] > 0.0, 1.0, -1.0)
    wedge = 0.5 * turn * (np.cross(ends[0] - point, ends[1] - point) @ normal)
    area = np.bincount(loop, wedge)
    nearest = loop[np.argmin(((0.5 * (ends[0] + ends[1]) - point) ** 2).sum(axis=1))]
    if lid[cut[loop == nearest]].any():
        return np.nan
    return float(abs(area[nearest]))


def _crossing(vertex: np.ndarray, above: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(n, 3) where edges cross the plane."""
    part = above[one] / (above[one] - above[other])
    return np.asarray(vertex[one] + part[:, None] * (vertex[other] - vertex[one]))


def _path(vertex: np.ndarray, face: np.ndarray, foot: np.ndarray) -> np.ndarray:
    """(n, 3) points along the deepest path from a foot to the deepest point and on as far as that is deep [um]."""
    from scipy.ndimage import gaussian_filter1d

    area = 0.5 * np.linalg.norm(crossed(vertex[face]), axis=1).sum()
    size = 2.0 * signed_volume(vertex[face]) / area / GRID
    for _ in range(FINER + 1):
        inside = depths(vertex, face, size)
        all_of_it = np.ones(len(inside.point), bool)
        start = int(np.argmin(((inside.point - foot) ** 2).sum(axis=1)))
        end = int(inside.depth.argmax())
        way = inside.path(all_of_it, start, end)
        if len(way) > 1:
            break
        size *= 0.5
    line = np.concatenate([foot[None], inside.point[way] if len(way) else inside.point[[end]]])
    deep = float(inside.depth[end])
    far = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.linspace(0.0, far[-1], max(int(PLANES * far[-1] / deep), 2))
    even = np.stack([np.interp(at, far, x) for x in line.T], axis=1)
    back = even[-1] - even[max(len(even) - 1 - PLANES, 0)]
    beyond = even[-1] + np.arange(1, PLANES)[:, None] * (back / np.linalg.norm(back) * deep / PLANES)
    return np.asarray(gaussian_filter1d(np.concatenate([even, beyond]), 0.4 * PLANES, axis=0, mode="nearest"))
