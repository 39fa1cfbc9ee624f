"""Parts of space that compartments are made of, as rows of numbers that the kernels read as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spinemc.geometry.solids import ball as ball_solid
from spinemc.geometry.solids import cut, rod

if TYPE_CHECKING:
    from manifold3d import Manifold

Point = Sequence[float] | np.ndarray

BOX, BALL, WHOLE_SPACE, HALF_SPACE, CYLINDER, SHELL = range(6)
"""Kinds of parts, the first number of a row; those of spinemc.engine.kernels.places."""

COLUMNS = 9

NO_SHELLS = np.zeros(0, dtype=bool)

WHOLE = np.array([float(WHOLE_SPACE)] + [0.0] * (COLUMNS - 1))
"""The row of a whole space."""


def box(low: Point, high: Point) -> np.ndarray:
    """The row of a box between two corners, infinite where it is open [um]."""
    return _row(BOX, *low, *high)


def ball(center: Point, radius: float) -> np.ndarray:
    """The row of a ball [um]."""
    return _row(BALL, *center, radius)


def half_space(point: Point, normal: Point) -> np.ndarray:
    """The row of what lies below a plane through a point [um], on the side that its normal points away from."""
    return _row(HALF_SPACE, *point, *normal)


def cylinder(base: Point, axis: Point, radius: float) -> np.ndarray:
    """The row of a cylinder: the centre of its base, the vector to that of its top, and its radius [um]."""
    return _row(CYLINDER, *base, *axis, radius)


def shell(origin: Point, size: float, first: int, shape: tuple[int, int, int]) -> np.ndarray:
    """The row of some voxels of a grid: its low corner and edge [um], where its entries begin, its shape."""
    return _row(SHELL, *origin, size, first, *shape)


def _row(*numbers: float) -> np.ndarray:
    return np.array([*numbers, *[0.0] * (COLUMNS - len(numbers))])


def holds(part: np.ndarray, points: np.ndarray, shells: np.ndarray = NO_SHELLS) -> np.ndarray:
    """Whether a part of space holds points.

    Parameters
    ----------
    part : (9,) float64
        A row [um].
    points : (n, 3) float64
        Points [um].
    shells : (m,) bool
        The voxels of all shells' grids: whether each is of its shell.

    Returns
    -------
    (n,) bool
        True within and on the border.
    """
    kind, start, end = part[0], part[1:4], part[4:7]
    if kind == SHELL:
        return _looked_up(part, points, _entries(part, shells), False)
    if kind == BOX:
        return np.asarray(((points >= start) & (points <= end)).all(axis=1))
    away = points - start
    if kind == BALL:
        return np.asarray((away**2).sum(axis=1) <= part[4] ** 2)
    along = away @ end
    if kind == HALF_SPACE:
        return np.asarray(along <= 0.0)
    length = end @ end
    across = (away**2).sum(axis=1) * length - along**2
    return np.asarray((along >= 0.0) & (along <= length) & (across <= part[7] ** 2 * length))


def _entries(part: np.ndarray, shells: np.ndarray) -> np.ndarray:
    """(nx, ny, nz) bool: the voxels of a shell's grid."""
    first, shape = int(part[5]), part[6:9].astype(np.int64)
    return shells[first : first + int(shape.prod())].reshape(shape)


def _looked_up(part: np.ndarray, points: np.ndarray, entries: np.ndarray, beyond: float | bool) -> np.ndarray:
    """What the voxels of a shell's grid that hold points say; and `beyond` where none does."""
    voxel = np.floor((points - part[1:4]) / part[4]).astype(np.int64)
    there = ((voxel >= 0) & (voxel < part[6:9])).all(axis=1)
    return np.where(there, entries[tuple(np.where(there[:, None], voxel, 0).T)], beyond)


def spanned(part: np.ndarray, shells: np.ndarray) -> np.ndarray:
    """(6,) the low and the high corner of a box around a shell [um]."""
    voxel = np.argwhere(_entries(part, shells))
    return np.concatenate([part[1:4] + voxel.min(axis=0) * part[4], part[1:4] + (voxel.max(axis=0) + 1) * part[4]])


def reaches(part: np.ndarray, points: np.ndarray, margin: float, shells: np.ndarray = NO_SHELLS) -> np.ndarray:
    """(n,) bool: whether a part of space may come within a margin [um] of points; never false where it does."""
    if part[0] == SHELL:
        from scipy.ndimage import distance_transform_edt

        away = part[4] * distance_transform_edt(~_entries(part, shells))
        return _looked_up(part, points, away, np.inf) <= margin + np.sqrt(3.0) * part[4]
    wider = part.copy()
    if part[0] == BOX:
        wider[1:4] -= margin
        wider[4:7] += margin
    elif part[0] == BALL:
        wider[4] += margin
    elif part[0] == HALF_SPACE:
        wider[1:4] += margin * part[4:7] / np.linalg.norm(part[4:7])
    else:
        along = margin * part[4:7] / np.linalg.norm(part[4:7])
        wider[1:4] -= along
        wider[4:7] += 2.0 * along
        wider[7] += margin
    return holds(wider, points)


def divide(solid: Manifold, part: np.ndarray) -> tuple[Manifold, list[Manifold]]:
    """What of a solid lies within a part of space, and the pieces that do not."""
    kind, start, end = part[0], part[1:4], part[4:7]
    if kind == BOX:
        return cut(solid, start.tolist(), end.tolist())
    if kind == HALF_SPACE:
        above, below = solid.split_by_plane([float(x) for x in end], float(start @ end / np.linalg.norm(end)))
        return below, [above]
    inner = ball_solid(start.tolist(), float(part[4])) if kind == BALL else rod(start, end, float(part[7]))
    within, outside = solid.split(inner)
    return within, [outside]
