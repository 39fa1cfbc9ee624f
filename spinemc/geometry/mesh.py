"""The labelled triangle mesh, its derived tables and its checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import GeometryError

if TYPE_CHECKING:
    import trimesh

IONS_AT_REST = 60.2214076  # molecules in 1 um^3 at 100 nM


@dataclass(frozen=True, eq=False)
class Geometry:
    """A closed surface with named regions and a named inside.

    Attributes
    ----------
    name : str
        What messages call it (file name, or the kind of shape).
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int32
        Corners of each triangle, counter-clockwise seen from outside.
    face_region : (f,) int16
        Index into `regions`; 0, `membrane`, where no other name was given.
    regions : tuple of str
        `membrane` first (the whole surface, as a total), then the named patches.
    compartments : tuple of str
        `cytosol` first (the whole inside, as a total), then the named parts.
    compartment_shape : (len(compartments) - 1, 7) float64
        The part of space of each named compartment: kind (0 box, 1 sphere), then low and high corner of the
        box (infinite where open), or centre, radius, 0, 0 of the sphere [um]. A point belongs to the first
        that holds it.
    """

    name: str
    vertex: np.ndarray
    face: np.ndarray
    face_region: np.ndarray
    regions: tuple[str, ...]
    compartments: tuple[str, ...]
    compartment_shape: np.ndarray

    @cached_property
    def triangles(self) -> np.ndarray:
        """(f, 3, 3) float64: corner coordinates of each triangle [um]."""
        return self.vertex[self.face]

    @cached_property
    def mesh(self) -> trimesh.Trimesh:
        """The surface as trimesh knows it, in um, faces in the same order."""
        import trimesh

        return trimesh.Trimesh(self.vertex, self.face, process=False)

    @cached_property
    def face_area(self) -> np.ndarray:
        """(f,) float64: area of each triangle [um^2]."""
        return 0.5 * np.linalg.norm(_cross(self.triangles), axis=1)

    @cached_property
    def face_normal(self) -> np.ndarray:
        """(f, 3) float64: unit normal of each triangle, pointing outward."""
        return _cross(self.triangles) / (2.0 * self.face_area[:, None])

    @cached_property
    def area(self) -> float:
        """Area of the whole surface [um^2]."""
        return float(self.face_area.sum())

    @cached_property
    def volume(self) -> float:
        """Volume of the whole inside [um^3], from the divergence theorem."""
        return signed_volume(self.triangles)

    @cached_property
    def region_area(self) -> np.ndarray:
        """(len(regions),) float64: area of each region [um^2]; the first is the whole surface."""
        area = np.bincount(self.face_region, self.face_area, len(self.regions))
        area[0] = self.area
        return area

    @cached_property
    def compartment_volume(self) -> np.ndarray:
        """(len(compartments),) float64: volume of each compartment [um^3]; the first is the whole inside."""
        from spinemc.geometry.compartments import compartment_solids

        parts = compartment_solids(self)
        return np.array([self.volume, *(sum(piece.volume() for piece in pieces) for pieces in parts)])

    @cached_property
    def genus(self) -> int:
        """Number of holes through the solid: 0 for a spine, 1 for a ring."""
        return 1 - (len(self.vertex) - len(self.face) // 2) // 2


def _cross(triangles: np.ndarray) -> np.ndarray:
    return np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])


def signed_volume(triangles: np.ndarray) -> float:
    """Volume that closed triangles enclose [um^3], negative where they face inward.

    Parameters
    ----------
    triangles : (f, 3, 3) float64
        Corners [um].
    """
    local = triangles - triangles.reshape(-1, 3).mean(axis=0)
    return float(np.einsum("ij,ij->", local[:, 0], np.cross(local[:, 1], local[:, 2])) / 6.0)


def check(vertex: np.ndarray, face: np.ndarray, name: str) -> None:
    """Refuse a surface that does not bound one solid.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Corners of each triangle.
    name : str
        What the message calls the surface.

    Raises
    ------
    GeometryError
        The surface is empty, not finite, open, inside out, in several pieces, wound inconsistently, touches
        itself at an edge or a corner, or holds degenerate or repeated faces; the place is named.
    """
    if len(face) == 0 or len(vertex) == 0:
        raise GeometryError(f"{name}: the surface is empty: it holds no triangle.")
    _check_numbers(vertex, face, name)
    _check_faces(vertex, face, name)
    pairs = _check_edges(vertex, face, name)
    _check_corners(vertex, face, pairs, name)
    _check_pieces(vertex, face, name)
    if signed_volume(vertex[face]) < 0.0:
        place = at(vertex[face[0]].mean(axis=0))
        raise GeometryError(f"{name}: inside out: the normals point inward, as at {place} um: flip the faces.")


def at(point: np.ndarray) -> str:
    """A place [um] as messages write it: (x, y, z), to a picometre."""
    return "(" + ", ".join(f"{x:.4g}" for x in np.round(point, 6) + 0.0) + ")"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _check_numbers(vertex: np.ndarray, face: np.ndarray, name: str) -> None:
    if face.min() < 0 or face.max() >= len(vertex):
        first = int(np.flatnonzero((face < 0).any(axis=1) | (face >= len(vertex)).any(axis=1))[0])
        raise GeometryError(f"{name}: face {first} names a corner that is not there: there are {len(vertex)}.")
    bad = np.flatnonzero(~np.isfinite(vertex).all(axis=1))
    if len(bad):
        place = ", ".join(f"{x:g}" for x in vertex[bad[0]])
        raise GeometryError(
            f"{name}: {_count(len(bad), 'corner')} not finite, the first number {bad[0]}: ({place}) um."
        )


def _check_faces(vertex: np.ndarray, face: np.ndarray, name: str) -> None:
    corners = vertex[face]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    extent = np.ptp(vertex, axis=0).max()
    flat = np.linalg.norm(_cross(corners), axis=1) <= 1e-10 * extent * longest
    if flat.any():
        place = at(corners[np.argmax(flat)].mean(axis=0))
        raise GeometryError(f"{name}: {_count(int(flat.sum()), 'degenerate face')} (no area), the first at {place} um.")
    _, index, count = np.unique(np.sort(face, axis=1), axis=0, return_index=True, return_counts=True)
    if (count > 1).any():
        place = at(corners[index[count > 1].min()].mean(axis=0))
        raise GeometryError(
            f"{name}: {_count(int((count - 1).sum()), 'face')} there more than once, the first at {place} um."
        )


def _check_edges(vertex: np.ndarray, face: np.ndarray, name: str) -> np.ndarray:
    """(e, 2): the two half-edges of each edge; half-edge 3 i + k runs from corner k of face i to the next."""
    start, end = face.ravel().astype(np.int64), np.roll(face, -1, axis=1).ravel().astype(np.int64)
    key = np.minimum(start, end) * len(vertex) + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    _, first, count = np.unique(key[order], return_index=True, return_counts=True)

    def fault(which: np.ndarray) -> tuple[int, str]:
        half = order[first[which]].min()
        return int(which.sum()), at((vertex[start[half]] + vertex[end[half]]) / 2.0)

    if (count == 1).any():
        number, place = fault(count == 1)
        raise GeometryError(f"{name}: not closed: {_count(number, 'open edge')}, the first at {place} um.")
    if (count > 2).any():
        number, place = fault(count > 2)
        raise GeometryError(f"{name}: more than two faces meet at {_count(number, 'edge')}, the first at {place} um.")
    pairs = order.reshape(-1, 2)
    same = start[pairs[:, 0]] == start[pairs[:, 1]]
    if same.any():
        number, place = fault(same)
        raise GeometryError(
            f"{name}: inconsistent winding: neighbouring faces point to opposite sides at "
            f"{_count(number, 'edge')}, the first at {place} um."
        )
    return pairs


def _check_corners(vertex: np.ndarray, face: np.ndarray, pairs: np.ndarray, name: str) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = face.size
    following = np.arange(size).reshape(-1, 3)[:, [1, 2, 0]].ravel()
    one = np.concatenate([pairs[:, 0], following[pairs[:, 0]]])
    other = np.concatenate([following[pairs[:, 1]], pairs[:, 1]])
    links = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(size, size))
    _, fan = connected_components(links, directed=False)
    owner = np.zeros(fan.max() + 1, dtype=np.int64)
    owner[fan] = face.ravel()
    fans = np.bincount(owner, minlength=len(vertex))
    if (fans > 1).any():
        bad = np.flatnonzero(fans > 1)
        place = at(vertex[bad[0]])
        raise GeometryError(f"{name}: separate sheets touch at {_count(len(bad), 'corner')}, the first at {place} um.")


def pieces(vertex: np.ndarray, face: np.ndarray) -> np.ndarray:
    """(f,) int: the connected piece of surface each face belongs to, from 0."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, other = face[:, [0, 1]].ravel(), face[:, [1, 2]].ravel()
    links = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(vertex), len(vertex)))
    _, label = connected_components(links, directed=False)
    return np.unique(label[face[:, 0]], return_inverse=True)[1]


def _check_pieces(vertex: np.ndarray, face: np.ndarray, name: str) -> None:
    piece = pieces(vertex, face)
    count = np.bincount(piece)
    if len(count) > 1:
        centre = vertex[face].mean(axis=1)
        shown = np.argsort(-count, kind="stable")[:5]
        where = "; ".join(f"{count[i]} faces around {at(centre[piece == i].mean(axis=0))} um" for i in shown)
        rest = "" if len(count) <= len(shown) else f"; and {len(count) - len(shown)} more"
        raise GeometryError(f"{name}: in {len(count)} pieces, must be one: {where}{rest}.")


def describe(geometry: Geometry) -> str:
    """A table a person can read: volume, area, their ratio, compartments, regions, size of the triangles."""
    corners = geometry.triangles
    edge = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    low, high = geometry.vertex.min(axis=0), geometry.vertex.max(axis=0)
    volume, area = geometry.volume, geometry.area
    rows = [
        geometry.name,
        f"  volume       {volume:12.5g} um^3",
        f"  area         {area:12.5g} um^2",
        f"  volume/area  {volume / area:12.5g} um",
        f"  extent        {at(low)} to {at(high)} um",
        f"  faces        {len(geometry.face):12d}",
        f"  edges        {edge.min() * 1e3:12.4g} to {edge.max() * 1e3:.4g} nm",
        f"  {'compartment':<18} {'volume [um^3]':>14} {'share':>8} {'ions at 100 nM':>15}",
    ]
    for name, part in zip(geometry.compartments, geometry.compartment_volume, strict=True):
        rows.append(f"  {name:<18} {part:14.5g} {part / volume:8.1%} {part * IONS_AT_REST:15.3g}")
    rows.append(f"  {'region':<18} {'area [um^2]':>14} {'share':>8} {'faces':>15}")
    count = np.bincount(geometry.face_region, minlength=len(geometry.regions))
    count[0] = len(geometry.face)
    for name, part, number in zip(geometry.regions, geometry.region_area, count, strict=True):
        rows.append(f"  {name:<18} {part:14.5g} {part / area:8.1%} {number:15d}")
    return "\n".join(rows)
