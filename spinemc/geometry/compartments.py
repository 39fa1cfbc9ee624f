"""The named parts of the inside: which one a point is in, how large each is, points spread over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.shapes import manifold

if TYPE_CHECKING:
    from manifold3d import Manifold

    from spinemc.geometry.mesh import Geometry


def holds(shape: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(n,) bool: whether a part of space (a row of `Geometry.compartment_shape`) holds each point (n, 3) [um]."""
    if shape[0] == 1.0:
        return ((points - shape[1:4]) ** 2).sum(axis=1) <= shape[4] ** 2
    return ((points >= shape[1:4]) & (points <= shape[4:7])).all(axis=1)


def locate(geometry: Geometry, points: np.ndarray) -> np.ndarray:
    """The compartment of each point of the inside.

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
    for i, shape in reversed(list(enumerate(geometry.compartment_shape, start=1))):
        found[holds(shape, points)] = i
    return found


def solids(geometry: Geometry) -> list[Manifold]:
    """The solid of each named compartment, without what the ones before it took."""
    from manifold3d import Manifold

    rest = manifold(geometry.vertex, geometry.face, geometry.name)
    parts = []
    for shape in geometry.compartment_shape:
        if shape[0] == 1.0:
            ball = Manifold.sphere(shape[4], 256).translate(shape[1:4].tolist())
            part, rest = rest.split(ball)
        else:
            part, outside = rest, []
            for axis in range(3):
                for sign, bound in ((1.0, shape[1 + axis]), (-1.0, -shape[4 + axis])):
                    if np.isfinite(bound):
                        normal = [0.0, 0.0, 0.0]
                        normal[axis] = sign
                        part, cut = part.split_by_plane(normal, bound)
                        outside.append(cut)
            rest = Manifold.compose(outside) if len(outside) == 1 else _sum(outside)
        parts.append(part)
    return parts


def _sum(parts: list[Manifold]) -> Manifold:
    from manifold3d import Manifold, OpType

    return Manifold.batch_boolean(parts, OpType.Add) if parts else Manifold()
