"""The grid that the engine moves on: how far the wall is, and which molecules share a reaction cell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spinemc.geometry.mesh import Geometry
from spinemc.geometry.voxels import Voxels, entry, helper, voxelise, wall_area_of

CELL = 0.04  # edge of a whole reaction cell [um]
PARTS = 2  # of a reaction cell along each edge, each with a shelter of its own
_MOST_FACES = 4.0  # in a square as wide as a cell, before there are 2 voxels along its edge
_LEAST_FILL = 0.4  # cells with less of a cube inside are joined to a neighbour
_MOST_VOXELS = 4.0e6


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxels over a space of a geometry, the distance from each to the wall, and the reaction cells made of them.

    A reaction cell is a cube of one or more voxels, or what of it lies inside the mesh; where that is little, the piece
    is joined to a neighbour that holds enough, the one it has the widest opening to for its size, or, where there is
    none, to another piece. There are more voxels to a cell where the mesh is fine.

    Attributes
    ----------
    space : int
        Index into `Geometry.spaces`.
    voxels : Voxels
        Their triangles are rows of `Geometry.sides`.
    clearance : (voxels,) float64
        Lower bound of the distance from any point of a voxel to the wall, 0 where the wall touches it [um].
    fineness : int
        Voxels along the edge of a whole reaction cell.
    cell : (voxels,) int32
        Reaction cell of each voxel, in C order; -1 away from the inside.
    cell_volume : (cells,) float64
        Inside volume of each reaction cell [um^3].
    cell_area : (surfaces, cells) float64
        Area of each surface in each reaction cell [um^2].
    """

    space: int
    voxels: Voxels
    clearance: np.ndarray
    fineness: int
    cell: np.ndarray
    cell_volume: np.ndarray
    cell_area: np.ndarray

    @property
    def cell_size(self) -> float:
        """Edge of a whole reaction cell [um]."""
        return self.fineness * self.voxels.size

    @property
    def cubes(self) -> tuple[int, int, int]:
        """Cubes of reaction cells along each axis."""
        return _cubes(self.voxels.shape, self.fineness)


def _cubes(shape: tuple[int, int, int], fineness: int) -> tuple[int, int, int]:
    nx, ny, nz = (-(-n // fineness) for n in shape)
    return nx, ny, nz


def grid(geometry: Geometry, space: int = 0, cell: float | None = None) -> Grid:
    """Lay the grid over a space.

    Parameters
    ----------
    geometry : Geometry
    space : int
        Index into `geometry.spaces`.
    cell : float, optional
        Edge of a reaction cell [um]; 0.04 by default, more where the grid would outgrow the memory.

    Returns
    -------
    Grid
    """
    vertex, face = geometry.space_mesh(space)
    sides = geometry.side_faces(space)
    faces = len(geometry.face)
    extent = np.ptp(vertex, axis=0)
    size = CELL if cell is None else cell
    size = max(size, float(np.prod(extent + 3.0 * size) / _MOST_VOXELS) ** (1.0 / 3.0))
    fineness = _fineness(len(face) / float(geometry.face_area[sides % faces].sum()), extent, size)
    size /= fineness
    voxels = voxelise(vertex, face, size)
    volume = voxels.volume.ravel()
    touched = np.diff(voxels.start) > 0
    cell_of = _cells(voxels, touched, fineness)
    inside = cell_of >= 0
    number = int(cell_of.max()) + 1
    area = np.zeros((len(geometry.surfaces), number))
    surface = geometry.face_surface[sides % faces]
    for k in np.unique(surface):
        _, first = np.unique(sides[surface == k] % faces, return_index=True)  # a sheet's faces are there twice
        wall, _ = wall_area_of(voxels, vertex, face[surface == k][first])
        area[k] = np.bincount(cell_of[inside], wall.ravel()[inside], number)
    return Grid(
        space=space,
        voxels=replace(voxels, triangle=sides[voxels.triangle].astype(np.int32)),
        fineness=fineness,
        clearance=_clearance(touched.reshape(voxels.shape), size),
        cell=cell_of,
        cell_volume=np.bincount(cell_of[inside], volume[inside], number),
        cell_area=area,
    )


def _fineness(density: float, extent: np.ndarray, size: float) -> int:
    """Voxels along the edge of a cell of some size, for so many faces in a unit of area, as memory allows."""
    fits = 8.0 * np.prod(extent + 3.0 * size) / size**3 <= _MOST_VOXELS
    return 2 if fits and density * size**2 > _MOST_FACES else 1


def _clearance(touched: np.ndarray, size: float) -> np.ndarray:
    """Distance from each voxel, as a box, to the nearest voxel that a triangle touches: never more than to the wall.

    The distance between two boxes is that between the centre of one and the nearest centre of the other's
    3 x 3 x 3 neighbourhood.
    """
    from scipy import ndimage

    wide = ndimage.binary_dilation(touched, np.ones((3, 3, 3), bool))
    return (size * ndimage.distance_transform_edt(~wide)).ravel()


def _cells(voxels: Voxels, touched: np.ndarray, fineness: int) -> np.ndarray:
    """Reaction cell of each voxel, numbered in C order of their first voxel; -1 away from the inside."""
    volume = voxels.volume.ravel()
    cubes = _cubes(voxels.shape, fineness)
    i, j, k = np.indices(voxels.shape, dtype=np.int32) // fineness
    cube = ((i * cubes[1] + j) * cubes[2] + k).ravel().astype(np.int64)
    label = _joined(cube, volume, _openings(voxels, cube), _LEAST_FILL * (fineness * voxels.size) ** 3)
    return _nearest_filled(np.where(volume > 0.0, label, -1), touched, voxels.shape)


def _openings(voxels: Voxels, cube: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of neighbouring cubes and the area through which they are open to each other [um^2]."""
    cube = cube.reshape(voxels.shape)
    low, high, area = [], [], []
    for axis in range(3):
        a = np.take(cube, range(voxels.shape[axis] - 1), axis).ravel()
        b = np.take(cube, range(1, voxels.shape[axis]), axis).ravel()
        s = np.take(voxels.open_area[axis], range(voxels.shape[axis] - 1), axis).ravel()
        keep = (a != b) & (s > 0.0)
        low.append(a[keep])
        high.append(b[keep])
        area.append(s[keep])
    return np.concatenate(low), np.concatenate(high), np.concatenate(area)


def _joined(cube: np.ndarray, volume: np.ndarray, openings: tuple[np.ndarray, ...], least: float) -> np.ndarray:
    """Label of each voxel's cell, cells below the least volume joined to a neighbour; -1 for too little."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    number = int(cube.max()) + 1
    label = np.arange(number)
    filled = np.bincount(cube, volume, number)
    a, b, area = openings
    while True:
        small = filled < least
        ends = np.concatenate([label[a], label[b]]), np.concatenate([label[b], label[a]])
        keep = (ends[0] != ends[1]) & small[ends[0]] & (filled[ends[0]] > 0.0)
        source, target = ends[0][keep], ends[1][keep]
        if source.size == 0:
            break
        pair, where = np.unique(source * np.int64(filled.size) + target, return_inverse=True)
        open_area = np.bincount(where, np.concatenate([area, area])[keep])
        source, target = pair // filled.size, pair % filled.size
        whole = ~small[target]
        if whole.any():
            source, target, open_area = source[whole], target[whole], open_area[whole]
        score = open_area / (filled[source] + filled[target])
        order = np.lexsort((np.maximum(source, target), np.minimum(source, target), -score, source))
        first = order[np.unique(source[order], return_index=True)[1]]
        source, target = source[first], target[first]
        if not whole.any():
            choice = np.full(filled.size, -1)
            choice[source] = target
            mutual = choice[target] == source  # pairs only: a chain of small pieces would reach far
            source, target = source[mutual], target[mutual]
        graph = coo_matrix((np.ones(source.size), (source, target)), shape=(filled.size,) * 2)
        n, merged = connected_components(graph, directed=False)
        label = merged[label]
        filled = np.bincount(merged, filled, n)
    if (filled >= least).any():
        label = np.where(filled[label] >= least, label, -1)
    return label[cube]


def _nearest_filled(label: np.ndarray, touched: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Cells renumbered from 0; voxels on the wall or with a trace of the inside get the cell nearest to them."""
    from scipy import ndimage

    cube = label.reshape(shape)
    nearest = ndimage.distance_transform_edt(cube < 0, return_distances=False, return_indices=True)
    full = cube[tuple(nearest)].ravel()
    full = np.where((label >= 0) | touched, full, -1)
    used = full >= 0
    out = np.full(label.size, -1, np.int32)
    out[used] = np.unique(full[used], return_inverse=True)[1]
    return out


def shelters(geometry: Geometry, grid: Grid, reaches: tuple[float, ...]) -> np.ndarray:
    """Half-spaces in which a short step cannot meet the wall.

    A cell's cube has `PARTS` parts along each edge. All of the wall within a reach of a part lies beyond the plane
    n . x = c, so that a step no longer than the reach, from a point of the part to any point, with both ends before the
    plane, meets nothing. The widest reach whose plane leaves some of the part free is taken; where no wall is within
    it, n is 0 and every point lies before the plane.

    Parameters
    ----------
    geometry : Geometry
    grid : Grid
    reaches : tuple of float
        Lengths of steps to prepare for, the longest first [um].

    Returns
    -------
    (parts, 5) float32
        n, c [um] and the reach squared [um^2], 0 where there is no such plane; cubes in C order, and so the parts
        of each.
    """
    voxels = grid.voxels
    nx, ny, nz = grid.cubes
    shape = PARTS * np.array(grid.cubes, np.int64)
    out = np.zeros((int(np.prod(shape)), 5), np.float32)
    sides = geometry.side_faces(grid.space)
    above = sides >= len(geometry.face)
    corner = np.ascontiguousarray(geometry.sides[sides])
    face = sides % len(geometry.face)
    normal, area = np.where(above[:, None], -1.0, 1.0) * geometry.face_normal[face], geometry.face_area[face]
    sheet = geometry.face_space[face, 0] == geometry.face_space[face, 1]
    for reach in reaches:
        _shelter(corner, normal, area, sheet, voxels.origin, grid.cell_size / PARTS, shape, reach, out)
    return out.reshape(nx, PARTS, ny, PARTS, nz, PARTS, 5).transpose(0, 2, 4, 1, 3, 5, 6).reshape(-1, 5)


@helper
def _box_gap(corner, f, origin, size, i, j, k):
    """Squared distance between a triangle's bounding box and a voxel [um^2]."""
    square = 0.0
    for axis in range(3):
        low = min(corner[f, 0, axis], corner[f, 1, axis], corner[f, 2, axis])
        high = max(corner[f, 0, axis], corner[f, 1, axis], corner[f, 2, axis])
        n = i if axis == 0 else j if axis == 1 else k
        start = origin[axis] + n * size
        gap = max(0.0, low - (start + size), start - high)
        square += gap * gap
    return square


@helper
def _is_behind(corner, normal, f, origin, size, i, j, k):
    """Whether the centre of a voxel lies on the side that a triangle's normal points to."""
    along = normal[f, 0] * (origin[0] + (i + 0.5) * size - corner[f, 0, 0])
    along += normal[f, 1] * (origin[1] + (j + 0.5) * size - corner[f, 0, 1])
    along += normal[f, 2] * (origin[2] + (k + 0.5) * size - corner[f, 0, 2])
    return along > 0.0


@helper
def _span(corner, f, origin, size, shape, reach, axis):
    """First and last voxel along an axis within reach of a triangle's bounding box."""
    low = min(corner[f, 0, axis], corner[f, 1, axis], corner[f, 2, axis])
    high = max(corner[f, 0, axis], corner[f, 1, axis], corner[f, 2, axis])
    first = int(np.floor((low - reach - origin[axis]) / size))
    last = int(np.floor((high + reach - origin[axis]) / size))
    return max(first, 0), min(last, shape[axis] - 1)


@helper
def _clip(corner, f, low, width, margin, here, there):
    """The corners, into `here`, of what of a triangle lies in a cube (a margin wider than it is), and their number."""
    n = 3
    for c in range(3):
        for axis in range(3):
            here[c, axis] = corner[f, c, axis]
    for axis in range(3):
        for side in (-1.0, 1.0):
            bound = low[axis] - margin if side < 0.0 else low[axis] + width + margin
            m = 0
            for c in range(n):
                d = c + 1 if c + 1 < n else 0
                a = side * (here[c, axis] - bound)
                b = side * (here[d, axis] - bound)
                if a <= 0.0:
                    for e in range(3):
                        there[m, e] = here[c, e]
                    m += 1
                if (a < 0.0) != (b < 0.0) and a != b:
                    share = a / (a - b)
                    for e in range(3):
                        there[m, e] = here[c, e] + share * (here[d, e] - here[c, e])
                    m += 1
            n = m
            for c in range(n):
                for e in range(3):
                    here[c, e] = there[c, e]
    return n


@entry
def _shelter(corner, normal, area, sheet, origin, size, shape, reach, out):
    total = shape[0] * shape[1] * shape[2]
    way = np.zeros((total, 3), np.float32)
    bound = np.full(total, np.inf)
    margin = 1e-6 * size
    here = np.zeros((16, 3))
    there = np.zeros((16, 3))
    low = np.zeros(3)
    for turn in range(2):
        for f in range(corner.shape[0]):
            i0, i1 = _span(corner, f, origin, size, shape, reach, 0)
            j0, j1 = _span(corner, f, origin, size, shape, reach, 1)
            k0, k1 = _span(corner, f, origin, size, shape, reach, 2)
            for i in range(i0, i1 + 1):
                for j in range(j0, j1 + 1):
                    for k in range(k0, k1 + 1):
                        v = (i * shape[1] + j) * shape[2] + k
                        if out[v, 4] > 0.0:
                            continue
                        gap = _box_gap(corner, f, origin, size, i, j, k)
                        if gap > (reach + margin) ** 2:
                            continue
                        if turn == 0:
                            if sheet[f] and _is_behind(corner, normal, f, origin, size, i, j, k):
                                continue  # its other side is there as well, and would cancel this one
                            weight = area[f] / (gap + size * size)
                            for axis in range(3):
                                way[v, axis] += np.float32(weight * normal[f, axis])
                        else:
                            for axis in range(3):
                                low[axis] = origin[axis] + (i if axis == 0 else j if axis == 1 else k) * size - reach
                            n = _clip(corner, f, low, size + 2.0 * reach, margin, here, there)
                            for c in range(n):
                                along = 0.0
                                for axis in range(3):
                                    along += np.float64(way[v, axis]) * here[c, axis]
                                bound[v] = min(bound[v], along)
        if turn == 0:
            for v in range(total):
                length = np.sqrt(way[v, 0] ** 2 + way[v, 1] ** 2 + way[v, 2] ** 2)
                if length > 0.0:
                    for axis in range(3):
                        way[v, axis] = np.float32(way[v, axis] / length)
    for v in range(total):
        if out[v, 4] > 0.0:
            continue
        if not np.isfinite(bound[v]):
            out[v, 3] = 1.0
            out[v, 4] = np.float32(reach * reach)
        else:
            ij = v // shape[2]
            along = way[v, 0] * (origin[0] + (ij // shape[1] + 0.5) * size)
            along += way[v, 1] * (origin[1] + (ij % shape[1] + 0.5) * size)
            along += way[v, 2] * (origin[2] + (v % shape[2] + 0.5) * size)
            if bound[v] - along > -0.5 * size:
                for axis in range(3):
                    out[v, axis] = way[v, axis]
                out[v, 3] = np.float32(bound[v] - margin - 1.2e-7 * abs(bound[v]))  # single precision rounds either way
                out[v, 4] = np.float32(reach * reach)
