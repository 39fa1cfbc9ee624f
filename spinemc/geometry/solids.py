"""Closed surfaces as solids that can be cut and united, in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.checks import crossed

if TYPE_CHECKING:
    from manifold3d import Manifold

SEGMENTS = 256  # corners of the great circle of a ball
PICOMETRE = 1e-6  # um


@dataclass(frozen=True, eq=False)
class Solid:
    """A labelled triangle mesh with the names its shape brings along.

    Attributes
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int32
        Triangles, counter-clockwise seen from outside.
    label : (f,) int
        Index into `regions`, with 0 for a face without a name.
    regions : tuple of str
        `membrane`, then the named patches.
    compartments : tuple of str
        The named parts of the inside.
    compartment_shape : (len(compartments), 9) float64
        The part of space of each, as `Geometry` keeps it.
    """

    vertex: np.ndarray
    face: np.ndarray
    label: np.ndarray
    regions: tuple[str, ...] = ("membrane",)
    compartments: tuple[str, ...] = ()
    compartment_shape: np.ndarray = field(default_factory=lambda: np.empty((0, 9)))


def manifold(vertex: np.ndarray, face: np.ndarray, name: str) -> Manifold:
    """The solid a closed surface bounds.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Triangles, counter-clockwise seen from outside.
    name : str
        What messages call the surface.

    Raises
    ------
    GeometryError
        The surface does not bound a solid.
    """
    from manifold3d import Error, Manifold, Mesh64

    mesh = Mesh64(
        np.ascontiguousarray(vertex, dtype=np.float64),
        np.ascontiguousarray(face, dtype=np.uint64),
        run_index=np.array([0, 3 * len(face)], dtype=np.uint64),
        run_original_id=np.array([Manifold.reserve_ids(1)], dtype=np.uint32),
        face_id=np.arange(len(face), dtype=np.uint64),  # a number of its own keeps each triangle from merging
    )
    made = Manifold(mesh)
    if made.status() != Error.NoError:
        raise GeometryError(f"{name}: the surface does not bound a solid ({made.status().name}).")
    return made


def ball(center: Sequence[float], radius: float) -> Manifold:
    """A fine polyhedron about a centre [um] with the volume of the sphere of this radius [um]."""
    from manifold3d import Manifold

    round_one = Manifold.sphere(1.0, SEGMENTS)
    scale = radius * (4.0 / 3.0 * np.pi / round_one.volume()) ** (1.0 / 3.0)
    return round_one.scale([scale] * 3).translate([float(x) for x in center])


def rod(base: np.ndarray, axis: np.ndarray, radius: float) -> Manifold:
    """A fine prism about an axis, the vector from its base's centre to its top's [um], with a cylinder's volume."""
    from manifold3d import Manifold

    length = float(np.linalg.norm(axis))
    turn = 2.0 * np.pi / SEGMENTS
    wide = radius * float(np.sqrt(turn / np.sin(turn)))
    frame = np.column_stack([_frame(axis), base])
    return Manifold.cylinder(length, wide, wide, SEGMENTS).transform(frame)


def upright(solid: Manifold, axis: np.ndarray) -> Manifold:
    """A solid turned so that an axis lies along z."""
    return solid.transform(np.column_stack([_frame(axis).T, np.zeros(3)]))


def _frame(axis: np.ndarray) -> np.ndarray:
    """(3, 3): unit vectors as columns, the last one along an axis."""
    up = np.asarray(axis, dtype=np.float64) / np.linalg.norm(axis)
    along = np.cross(np.eye(3)[np.argmin(np.abs(up))], up)
    along /= np.linalg.norm(along)
    return np.column_stack([along, np.cross(up, along), up])


def cut(solid: Manifold, low: Sequence[float], high: Sequence[float]) -> tuple[Manifold, list[Manifold]]:
    """What of a solid lies within a box, open where a bound is infinite [um], and the pieces that do not."""
    outside = []
    for axis in range(3):
        for sign, bound in ((1.0, low[axis]), (-1.0, -high[axis])):
            if np.isfinite(bound):
                normal = [0.0, 0.0, 0.0]
                normal[axis] = sign
                solid, piece = solid.split_by_plane(normal, float(bound))
                outside.append(piece)
    return solid, [piece for piece in outside if not piece.is_empty()]


def united(
    parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The union of overlapping labelled surfaces, each face with the label of the face it was cut from.

    Parameters
    ----------
    parts : sequence of (vertex, face, label)
        Closed surfaces: (v, 3) float64 [um], (f, 3) int, (f,) int.
    name : str
        What messages call the result.

    Returns
    -------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int32
        Triangles of one closed surface.
    label : (f,) int64
        Their labels.

    Raises
    ------
    GeometryError
        A part does not bound a solid, or the parts do not add up to the union by inclusion and exclusion.
    """
    solids = [manifold(vertex, face, name) for vertex, face, _ in parts]
    labels = {
        int(solid.to_mesh64().run_original_id[0]): label for solid, (_, _, label) in zip(solids, parts, strict=True)
    }
    whole, expected = solids[0], solids[0].volume()
    for other in solids[1:]:
        expected += other.volume() - (whole ^ other).volume()
        whole = whole + other
    if abs(whole.volume() - expected) > 1e-9 * expected:
        raise GeometryError(
            f"{name}: the union of its parts has a volume of {whole.volume():g} um^3, not {expected:g} um^3."
        )
    mesh = whole.to_mesh64()
    start = np.asarray(mesh.run_index, dtype=np.int64) // 3
    run = np.repeat(mesh.run_original_id, start[1:] - start[:-1])
    origin = np.asarray(mesh.face_id, dtype=np.int64)
    label = np.zeros(len(run), dtype=np.int64)
    for identity, given in labels.items():
        label[run == identity] = given[origin[run == identity]]
    vertex = np.asarray(mesh.vert_properties, dtype=np.float64)[:, :3].copy()
    return vertex, np.asarray(mesh.tri_verts).astype(np.int32), label


def box(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The surface of a box: (8, 3) corners [um] and (12, 3) triangles, counter-clockwise seen from outside."""
    from manifold3d import Manifold

    mesh = Manifold.cube([float(x) for x in high - low]).translate([float(x) for x in low]).to_mesh64()
    return np.asarray(mesh.vert_properties, dtype=np.float64)[:, :3].copy(), np.asarray(mesh.tri_verts).astype(np.int32)


def normals(vertex: np.ndarray, face: np.ndarray) -> np.ndarray:
    """(v, 3) unit normals of a surface at its corners, the mean of the faces there by area."""
    sums = np.zeros_like(vertex)
    np.add.at(sums, face.ravel(), np.repeat(crossed(vertex[face]), 3, axis=0))
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def shell(near: np.ndarray, far: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The body between two sheets with the same triangles.

    Parameters
    ----------
    near, far : (v, 3) float64
        Their corners [um]; `far` lies on the side of `near` to which the triangles' normals point.
    face : (f, 3) int
        Their triangles.

    Returns
    -------
    (2v, 3) float64, (n, 3) int32
        Corners [um] and triangles of a closed surface, counter-clockwise seen from outside.
    """
    n = len(near)
    a, b = face.ravel().astype(np.int64), face[:, [1, 2, 0]].ravel().astype(np.int64)
    rim = ~np.isin(a * n + b, b * n + a)
    a, b = a[rim], b[rim]
    sides = np.concatenate([np.stack([b + n, a + n, a], axis=1), np.stack([b + n, a, b], axis=1)])
    return np.concatenate([near, far]), np.concatenate([face[:, ::-1], face + n, sides]).astype(np.int32)


def complement(solid: Manifold) -> Manifold:
    """What surrounds a solid, up to a box that is three times as wide."""
    from manifold3d import Manifold

    low, high = np.array(solid.bounding_box()).reshape(2, 3)
    room = high - low
    around = Manifold.cube([float(x) for x in 3.0 * room]).translate([float(x) for x in low - room])
    return around - solid


def section(solid: Manifold, point: Sequence[float], normal: Sequence[float]) -> tuple[np.ndarray, np.ndarray] | None:
    """The cross-section of a solid by a plane, as a sheet that reaches 1 pm beyond its surface on all sides.

    Parameters
    ----------
    solid : Manifold
    point, normal : (3,) float
        A point of the plane [um], and its direction.

    Returns
    -------
    (v, 3) float64, (f, 3) int32, or None
        Corners [um] and triangles, wound about the normal; None where the plane misses the solid or only touches it.
    """
    from manifold3d import JoinType, triangulate

    frame = _frame(np.asarray(normal)).T
    laid = solid.transform(np.column_stack([frame, -frame @ np.asarray(point, dtype=np.float64)]))
    if any(laid.slice(height).is_empty() for height in (-PICOMETRE, PICOMETRE)):
        return None
    polygons = laid.slice(0.0).offset(PICOMETRE, JoinType.Miter).simplify(0.1 * PICOMETRE).to_polygons()
    flat = np.concatenate(polygons)
    triangle = np.asarray(triangulate(polygons))
    used, number = np.unique(triangle, return_inverse=True)
    corner = np.column_stack([flat[used], np.zeros(len(used))]) @ frame + np.asarray(point)
    return corner, number.reshape(-1, 3).astype(np.int32)
