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

BOX, BALL, WHOLE_SPACE, HALF_SPACE, CYLINDER = range(5)
"""Kinds of parts, the first number of a row; those of spinemc.engine.kernels.places."""

COLUMNS = 8
FAR_OFF = 1e6  # um, as good as infinite

WHOLE = np.array([float(WHOLE_SPACE)] + [0.0] * (COLUMNS - 1))
"""The row of a whole space."""


def box(low: Point, high: Point) -> np.ndarray:
    """The row of a box between two corners, infinite where it is open [um]."""
    return np.array([BOX, *low, *high, 0.0])


def ball(center: Point, radius: float) -> np.ndarray:
    """The row of a ball [um]."""
    return np.array([BALL, *center, radius, 0.0, 0.0, 0.0])


def half_space(point: Point, normal: Point) -> np.ndarray:
    """The row of what lies below a plane through a point [um], on the side that its normal points away from."""
    return np.array([HALF_SPACE, *point, *normal, 0.0])


def cylinder(base: Point, axis: Point, radius: float) -> np.ndarray:
    """The row of a cylinder: the centre of its base, the vector to that of its top, and its radius [um]."""
    return np.array([CYLINDER, *base, *axis, radius])


def holds(part: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether a part of space holds points.

    Parameters
    ----------
    part : (8,) float64
        A row [um].
    points : (n, 3) float64
        Points [um].

    Returns
    -------
    (n,) bool
        True within and on the border.
    """
    kind, start, end = part[0], part[1:4], part[4:7]
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


def reaches(part: np.ndarray, points: np.ndarray, margin: float) -> np.ndarray:
    """(n,) bool: whether a part of space may come within a margin [um] of points; never false where it does."""
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
