"""Where a surface passes through itself."""

from __future__ import annotations

import numpy as np

from spinemc.geometry.voxels import entry, helper

_CLEAR = 1e-12  # of the extent, cubed: a volume spanned by four corners that is as good as none
_AXES = 3


def crossings(vertex: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Pairs of faces that pass through each other; faces that only touch do not.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Triangles.

    Returns
    -------
    (n, 2) int64
        Their numbers, ascending.
    """
    corner = vertex[face]
    axis = int(np.argmax(np.ptp(vertex, axis=0)))
    low, high = corner.min(axis=1), corner.max(axis=1)
    order = np.argsort(low[:, axis], kind="stable")
    clear = _CLEAR * float(np.ptp(vertex, axis=0).max()) ** 3
    found = _pairs(corner, face.astype(np.int64), low, high, order, axis, clear)
    return np.unique(np.sort(np.array(found, dtype=np.int64).reshape(-1, 2), axis=1), axis=0)


@helper
def _volume(a, b, c, d):
    """Six times the volume that four corners span."""
    x0, x1, x2 = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    y0, y1, y2 = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    z0, z1, z2 = d[0] - a[0], d[1] - a[1], d[2] - a[2]
    return x0 * (y1 * z2 - y2 * z1) + x1 * (y2 * z0 - y0 * z2) + x2 * (y0 * z1 - y1 * z0)


@helper
def _pierces(p, q, triangle, clear):
    """Whether the way from p to q passes through the inside of a triangle."""
    a, b, c = triangle[0], triangle[1], triangle[2]
    above, below = _volume(a, b, c, p), _volume(a, b, c, q)
    if not ((above > clear and below < -clear) or (above < -clear and below > clear)):
        return False
    u, v, w = _volume(p, q, a, b), _volume(p, q, b, c), _volume(p, q, c, a)
    return (u > clear and v > clear and w > clear) or (u < -clear and v < -clear and w < -clear)


@helper
def _apart(a, b, corners):
    """Whether neither of two corners is one of three."""
    u, v, w = corners[0], corners[1], corners[2]
    return a != u and a != v and a != w and b != u and b != v and b != w


@helper
def _cross(corner, face, f, g, clear):
    """Whether an edge of one of two faces passes through the other one; an edge from a common corner does not."""
    for k in range(_AXES):
        i, j = k, (k + 1) % 3
        if _apart(face[f, i], face[f, j], face[g]) and _pierces(corner[f, i], corner[f, j], corner[g], clear):
            return True
        if _apart(face[g, i], face[g, j], face[f]) and _pierces(corner[g, i], corner[g, j], corner[f], clear):
            return True
    return False


@entry
def _pairs(corner, face, low, high, order, axis, clear):
    found = [0 for _ in range(0)]
    for m in range(order.shape[0]):
        f = order[m]
        for n in range(m + 1, order.shape[0]):
            g = order[n]
            if low[g, axis] > high[f, axis]:
                break
            apart = False
            for k in range(_AXES):
                apart = apart or low[g, k] > high[f, k] or low[f, k] > high[g, k]
            if not apart and _cross(corner, face, f, g, clear):
                found.append(f)
                found.append(g)
    return found
