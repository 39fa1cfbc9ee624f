"""A regular grid over the inside of a closed mesh: exact volumes, open faces and walls of its voxels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from spinemc import cache

_OPTIONS: dict[str, Any] = {"cache": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def entry(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls."""
    with cache.used():
        return njit(function, **_OPTIONS)


def helper(function: Callable[..., Any]) -> Any:
    """Compile a function that compiled ones call."""
    with cache.used():
        return njit(function, **(_OPTIONS | {"no_cpython_wrapper": True}))


# Fractions of a voxel by which the grid is set off from the mesh's corner, so that walls along the axes meet
# neither the faces nor the centres of the voxels.
_OFFSET = np.array([0.3819660112501052, 0.2679491924311227, 0.4142135623730951])
_GROW = 1e-9  # how much wider than a voxel its neighbourhood is when triangles are listed, in voxels
_ROUND = 1e-11  # round-off of a cut volume or area, in voxels


@dataclass(frozen=True, eq=False)
class Voxels:
    """A regular grid over the inside of a closed mesh, exact where the wall cuts it.

    Attributes
    ----------
    origin : (3,) float64
        Low corner of voxel (0, 0, 0) [um].
    size : float
        Edge of a voxel [um].
    shape : tuple of int
        Voxels along each axis, (nx, ny, nz).
    volume : (nx, ny, nz) float64
        Part of each voxel that is inside the mesh [um^3].
    open_area : (3, nx, ny, nz) float64
        Inside part of each voxel's high face along each axis, the one it shares with the next voxel [um^2].
    wall_area : (nx, ny, nz) float64
        Membrane in each voxel [um^2].
    center_inside : (nx, ny, nz) bool
        Whether the voxel's centre is inside the mesh.
    start : (nx ny nz + 1,) int64
        Where each voxel's triangles begin in `triangle`, voxels in C order, (ix ny + iy) nz + iz.
    triangle : (start[-1],) int32
        Faces that touch each voxel (a hair wider than it is), ascending within a voxel.
    """

    origin: np.ndarray
    size: float
    shape: tuple[int, int, int]
    volume: np.ndarray
    open_area: np.ndarray
    wall_area: np.ndarray
    center_inside: np.ndarray
    start: np.ndarray
    triangle: np.ndarray


def voxelise(vertex: np.ndarray, face: np.ndarray, size: float, margin: int = 1) -> Voxels:
    """Lay a regular grid over a closed mesh and measure what of each voxel is inside.

    Every triangle is cut at the grid's planes. With a = -n_x dS of a piece, the inside area of the face at X
    is the sum of a over the pieces below X in its column, and the inside volume below X the sum of a (X - x):
    both are exact to round-off.

    Parameters
    ----------
    vertex : (v, 3) float
        Corners [um].
    face : (f, 3) int
        Corners of each triangle, counter-clockwise seen from outside; the mesh is closed.
    size : float
        Edge of a voxel [um].
    margin : int
        Empty voxels on every side of the mesh, at least.

    Returns
    -------
    Voxels

    Raises
    ------
    ValueError
        Where `size` is not a positive length, or the grid would hold more than 2^31 voxels.
    """
    if not 0.0 < size < np.inf:
        raise ValueError(f"a voxel's edge is a positive length, not {size} um")
    vertex = np.ascontiguousarray(vertex, dtype=np.float64)
    face = np.ascontiguousarray(face, dtype=np.int32)
    low, high = vertex.min(axis=0), vertex.max(axis=0)
    origin = low - (margin + _OFFSET) * size
    nx, ny, nz = (int(n) for n in np.floor((high - origin) / size) + 1 + margin)
    shape = nx, ny, nz
    if np.prod(shape, dtype=np.float64) > 2**31:
        raise ValueError(f"voxels of {size} um make {' x '.join(map(str, shape))} here, more than 2^31")
    corner = (vertex - origin) / size
    inside, column, wall = _measure(corner, face, shape)
    for axis in range(3):
        np.cumsum(column[axis], axis=axis, out=column[axis])
    inside[1:] += column[0, :-1]  # what the pieces further down the column add, in whole voxels
    voxel, triangle = _touching(corner, face, shape)
    start = np.concatenate(([0], np.cumsum(np.bincount(voxel, minlength=inside.size))))
    return Voxels(
        origin=origin,
        size=float(size),
        shape=shape,
        volume=_clean(inside) * size**3,
        open_area=_clean(column) * size**2,
        wall_area=wall * size**2,
        center_inside=_winding(corner, face, shape) == 1,
        start=start,
        triangle=triangle[np.argsort(voxel, kind="stable")],
    )


def centres_inside(vertex: np.ndarray, face: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Which voxels' centres are inside a closed mesh, and nothing else about them.

    Parameters
    ----------
    vertex : (v, 3) float
        Corners [um].
    face : (f, 3) int
        Corners of each triangle, counter-clockwise seen from outside.
    size : float
        Edge of a voxel [um].

    Returns
    -------
    origin : (3,) float64
        Low corner of voxel (0, 0, 0) [um].
    inside : (nx, ny, nz) bool
        With an empty layer all around.
    """
    low, high = vertex.min(axis=0), vertex.max(axis=0)
    origin = low - (1.0 + _OFFSET) * size
    nx, ny, nz = (int(n) for n in np.floor((high - origin) / size) + 2)
    corner = np.ascontiguousarray((vertex - origin) / size, dtype=np.float64)
    return origin, _winding(corner, np.ascontiguousarray(face, dtype=np.int32), (nx, ny, nz)) == 1


def volume_of(voxels: Voxels, vertex: np.ndarray, face: np.ndarray) -> tuple[tuple[slice, slice, slice], np.ndarray]:
    """Volume of another closed mesh in the voxels about it, of a grid that covers it.

    Parameters
    ----------
    voxels : Voxels
    vertex : (v, 3) float
        Corners [um].
    face : (f, 3) int
        Corners of each triangle, counter-clockwise seen from outside.

    Returns
    -------
    tuple of slice
        The voxels, by axis; in all others there is none of it.
    (mx, my, mz) float64
        [um^3]
    """
    corner = (np.asarray(vertex, dtype=np.float64) - voxels.origin) / voxels.size
    low, high = np.floor(corner.min(axis=0)).astype(int), np.floor(corner.max(axis=0)).astype(int) + 1
    nx, ny, nz = (high - low).tolist()
    inside, column, _ = _measure(corner - low, np.ascontiguousarray(face, dtype=np.int32), (nx, ny, nz))
    inside[1:] += np.cumsum(column[0], axis=0)[:-1]
    i, j, k = (slice(*ends) for ends in zip(low.tolist(), high.tolist(), strict=True))
    return (i, j, k), _clean(inside) * voxels.size**3


def wall_area_of(voxels: Voxels, vertex: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area of some of the mesh's faces in each voxel, and the way it faces.

    Parameters
    ----------
    voxels : Voxels
    vertex : (v, 3) float
        Corners [um].
    face : (m, 3) int
        The faces to measure.

    Returns
    -------
    area : (nx, ny, nz) float64
        [um^2]
    vector : (3, nx, ny, nz) float64
        Integral of the outward normal over that area, by axis [um^2].
    """
    corner = (np.asarray(vertex, dtype=np.float64) - voxels.origin) / voxels.size
    _, column, area = _measure(corner, np.ascontiguousarray(face, dtype=np.int32), voxels.shape)
    return area * voxels.size**2, -column * voxels.size**2


def _clean(part: np.ndarray) -> np.ndarray:
    """Parts of a voxel or face without their round-off: 0 and 1 are exactly that."""
    part[part < _ROUND] = 0.0
    part[part > 1.0 - _ROUND] = 1.0
    return part


# The kernels below count lengths in voxels from the grid's origin: the grid's planes are whole numbers.


@helper
def _half(p, n, axis, bound, sign, q):
    """Cut polygon p (n corners) to sign * (x[axis] - bound) <= 0, into q; returns the number of corners."""
    m = 0
    for a in range(n):
        b = a + 1 if a + 1 < n else 0
        da, db = sign * (p[a, axis] - bound), sign * (p[b, axis] - bound)
        if da <= 0.0:
            for c in range(3):
                q[m, c] = p[a, c]
            m += 1
        if (da < 0.0 < db) or (db < 0.0 < da):
            f = da / (da - db)
            for c in range(3):
                q[m, c] = p[a, c] + f * (p[b, c] - p[a, c])
            q[m, axis] = bound
            m += 1
    return m


@helper
def _slab(p, n, axis, low, high, between, q):
    """Cut polygon p (n corners) to low <= x[axis] <= high, into q; returns the number of corners."""
    return _half(between, _half(p, n, axis, low, -1.0, between), axis, high, 1.0, q)


@helper
def _range(p, n, axis):
    """Lowest and highest coordinate of polygon p (n corners) along an axis."""
    low = high = p[0, axis]
    for a in range(1, n):
        low, high = min(low, p[a, axis]), max(high, p[a, axis])
    return low, high


@helper
def _span(p, n, axis, grow):
    """First and last voxel along an axis that polygon p (n corners) reaches."""
    low, high = _range(p, n, axis)
    return int(np.floor(low - grow)), int(np.floor(high + grow))


@helper
def _cut(p, n, axis, i, first, last, grow, between, q):
    """The part of polygon p in layer i of its layers first ... last along an axis, into q; its size."""
    if first == last:  # also where it lies in a plane of the grid: it then belongs to one layer, not to two
        for a in range(n):
            for c in range(3):
                q[a, c] = p[a, c]
        return n
    return _slab(p, n, axis, i - grow, i + 1 + grow, between, q)


@entry
def _measure(corner, face, shape):
    """Cut all faces at the grid: volume terms, columns' area terms along each axis, wall, all by voxel."""
    nx, ny, nz = shape
    inside = np.zeros((nx, ny, nz))
    column = np.zeros((3, nx, ny, nz))
    wall = np.zeros((nx, ny, nz))
    whole, px, py, pz, between = (
        np.empty((3, 3)), np.empty((12, 3)), np.empty((12, 3)), np.empty((12, 3)), np.empty((12, 3))
    )  # fmt: skip
    for t in range(face.shape[0]):
        for a in range(3):
            for c in range(3):
                whole[a, c] = corner[face[t, a], c]
        i0, i1 = _span(whole, 3, 0, 0.0)
        for i in range(i0, i1 + 1):
            nxp = _cut(whole, 3, 0, i, i0, i1, 0.0, between, px)
            if nxp < 3:
                continue
            j0, j1 = _span(px, nxp, 1, 0.0)
            for j in range(j0, j1 + 1):
                nyp = _cut(px, nxp, 1, j, j0, j1, 0.0, between, py)
                if nyp < 3:
                    continue
                k0, k1 = _span(py, nyp, 2, 0.0)
                for k in range(k0, k1 + 1):
                    m = _cut(py, nyp, 2, k, k0, k1, 0.0, between, pz)
                    for b in range(1, m - 1):
                        ux, uy, uz = pz[b, 0] - pz[0, 0], pz[b, 1] - pz[0, 1], pz[b, 2] - pz[0, 2]
                        vx, vy, vz = pz[b + 1, 0] - pz[0, 0], pz[b + 1, 1] - pz[0, 1], pz[b + 1, 2] - pz[0, 2]
                        ax = 0.5 * (uy * vz - uz * vy)
                        ay = 0.5 * (uz * vx - ux * vz)
                        az = 0.5 * (ux * vy - uy * vx)
                        inside[i, j, k] -= ax * (i + 1 - (pz[0, 0] + pz[b, 0] + pz[b + 1, 0]) / 3.0)
                        column[0, i, j, k] -= ax
                        column[1, i, j, k] -= ay
                        column[2, i, j, k] -= az
                        wall[i, j, k] += np.sqrt(ax * ax + ay * ay + az * az)
    return inside, column, wall


@entry
def _touching(corner, face, shape):
    """Pairs of a voxel (C-order index) and a triangle that touches it, triangles ascending."""
    _, ny, nz = shape
    n = 0
    voxel, triangle = np.empty(1024, np.int64), np.empty(1024, np.int32)
    whole, px, py, between = np.empty((3, 3)), np.empty((12, 3)), np.empty((12, 3)), np.empty((12, 3))
    for t in range(face.shape[0]):
        for a in range(3):
            for c in range(3):
                whole[a, c] = corner[face[t, a], c]
        i0, i1 = _span(whole, 3, 0, _GROW)
        for i in range(i0, i1 + 1):
            nxp = _cut(whole, 3, 0, i, i0, i1, _GROW, between, px)
            if nxp == 0:
                continue
            j0, j1 = _span(px, nxp, 1, _GROW)
            for j in range(j0, j1 + 1):
                nyp = _cut(px, nxp, 1, j, j0, j1, _GROW, between, py)
                if nyp == 0:
                    continue
                k0, k1 = _span(py, nyp, 2, _GROW)
                for k in range(k0, k1 + 1):
                    if n == voxel.shape[0]:
                        voxel = np.concatenate((voxel, np.empty(n, np.int64)))
                        triangle = np.concatenate((triangle, np.empty(n, np.int32)))
                    voxel[n] = (i * ny + j) * nz + k
                    triangle[n] = t
                    n += 1
    return voxel[:n], triangle[:n]


@helper
def _is_left(py, pz, qy, qz, y, z):
    """Whether (y, z) is left of the line p up to q; asked this way only, so both faces of an edge agree."""
    return (qy - py) * (z - pz) - (qz - pz) * (y - py) > 0.0


@helper
def _turns(whole, y, z):
    """How often the triangle's projection along x winds around (y, z), counter-clockwise."""
    turns = 0
    for a in range(3):
        b = (a + 1) % 3
        py, pz, qy, qz = whole[a, 1], whole[a, 2], whole[b, 1], whole[b, 2]
        if pz <= z < qz:
            turns += _is_left(py, pz, qy, qz, y, z)
        elif qz <= z < pz:
            turns -= _is_left(qy, qz, py, pz, y, z)
    return turns


@entry
def _winding(corner, face, shape):
    """Winding number of the mesh around each voxel's centre, from the faces its line along +x meets."""
    nx, ny, nz = shape
    winding = np.zeros((nx, ny, nz), np.int32)
    whole = np.empty((3, 3))
    for t in range(face.shape[0]):
        for a in range(3):
            for c in range(3):
                whole[a, c] = corner[face[t, a], c]
        (x0, x1), (y0, y1), (z0, z1) = _range(whole, 3, 0), _range(whole, 3, 1), _range(whole, 3, 2)
        ux, uy, uz = whole[1, 0] - whole[0, 0], whole[1, 1] - whole[0, 1], whole[1, 2] - whole[0, 2]
        vx, vy, vz = whole[2, 0] - whole[0, 0], whole[2, 1] - whole[0, 1], whole[2, 2] - whole[0, 2]
        area = uy * vz - uz * vy
        for j in range(int(np.ceil(y0 - 0.5)), int(np.floor(y1 - 0.5)) + 1):
            for k in range(int(np.ceil(z0 - 0.5)), int(np.floor(z1 - 0.5)) + 1):
                y, z = j + 0.5, k + 0.5
                turns = _turns(whole, y, z)
                if turns == 0:
                    continue
                dy, dz = y - whole[0, 1], z - whole[0, 2]
                x = x1
                if area != 0.0:
                    x = whole[0, 0] + ((dy * vz - dz * vy) * ux + (uy * dz - uz * dy) * vx) / area
                    x = min(max(x, x0), x1)
                below = int(np.ceil(x - 0.5))  # centres before the crossing
                winding[below - 1, j, k] += turns
    for i in range(nx - 2, -1, -1):
        for j in range(ny):
            for k in range(nz):
                winding[i, j, k] += winding[i + 1, j, k]
    return winding
