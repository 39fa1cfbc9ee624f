"""The labelled triangle mesh, its derived tables and its checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import GeometryError

if TYPE_CHECKING:
    import trimesh

IONS_AT_REST = 60.2214076  # molecules in 1 um^3 at 100 nM


WHOLE = np.array([2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
"""The row of `Geometry.compartment_shape` that is a whole space."""

SHEET = 1e-6  # how far apart the two sides of a sheet lie [um]


@dataclass(frozen=True, eq=False)
class Geometry:
    """A cell's surface and the others in and around it, with named regions, and the named spaces between them.

    Attributes
    ----------
    name : str
        What messages call it (file name, or the kind of shape).
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int32
        Corners of each triangle, counter-clockwise seen from outside.
    face_region : (f,) int16
        Index into `regions`; that of the whole surface where no other name was given.
    regions : tuple of str
        By surface: its own name first (the whole of it, as a total), then the named patches.
    compartments : tuple of str
        By space: its own name first (the whole of it, as a total), then the named parts.
    compartment_shape : (c, 7) float64
        The part of space of each compartment: kind (0 box, 1 sphere, 2 the whole space), then low and high corner of
        the box (infinite where open), or centre, radius, 0, 0 of the sphere [um]. A point of a space belongs to the
        first part of it that holds it.
    surfaces : tuple of str
        `membrane`, the cell's own, first; `far`, the far side of the outside, last where there is one.
    spaces : tuple of str
        `cytosol` first; `outside` last where there is one.
    face_surface : (f,) int16
        Index into `surfaces`.
    face_space : (f, 2) int16
        Space below (against the normal) and above each face, an index into `spaces`; -1 for none. A sheet has the
        same space on both sides.
    region_surface : (r,) int64
        Surface of each region.
    compartment_space : (c,) int64
        Space of each compartment.
    """

    name: str
    vertex: np.ndarray
    face: np.ndarray
    face_region: np.ndarray
    regions: tuple[str, ...]
    compartments: tuple[str, ...]
    compartment_shape: np.ndarray
    surfaces: tuple[str, ...]
    spaces: tuple[str, ...]
    face_surface: np.ndarray
    face_space: np.ndarray
    region_surface: np.ndarray
    compartment_space: np.ndarray

    @classmethod
    def of_one_surface(
        cls,
        name: str,
        vertex: np.ndarray,
        face: np.ndarray,
        face_region: np.ndarray,
        regions: tuple[str, ...],
        parts: Mapping[str, np.ndarray] | None = None,
    ) -> Geometry:
        """A cell with nothing in it or around it; `parts` names boxes and spheres of its inside."""
        parts = parts or {}
        return cls(
            name=name,
            vertex=vertex,
            face=face,
            face_region=face_region,
            regions=regions,
            compartments=("cytosol", *parts),
            compartment_shape=np.array([WHOLE, *parts.values()], dtype=np.float64),
            surfaces=("membrane",),
            spaces=("cytosol",),
            face_surface=np.zeros(len(face), np.int16),
            face_space=np.tile(np.array([0, -1], np.int16), (len(face), 1)),
            region_surface=np.zeros(len(regions), np.int64),
            compartment_space=np.zeros(1 + len(parts), np.int64),
        )

    @cached_property
    def triangles(self) -> np.ndarray:
        """(f, 3, 3) float64: corner coordinates of each triangle [um]."""
        return self.vertex[self.face]

    @cached_property
    def mesh(self) -> trimesh.Trimesh:
        """All surfaces as trimesh knows them, in um, faces in the same order."""
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
    def sides(self) -> np.ndarray:
        """(2 f, 3, 3) float64: one-sided triangles [um], each with its normal out of the space that it bounds.

        Row i is face i, seen from below; row f + i the same turned round, seen from above. Those of a sheet's face lie
        `SHEET` apart, so that no point is on both.
        """
        corner = np.zeros((len(self.vertex), 3))
        sheet = self._is_sheet
        for c in range(3):
            np.add.at(corner, self.face[sheet, c], self.face_normal[sheet])
        length = np.linalg.norm(corner, axis=1, keepdims=True)
        shift = 0.5 * SHEET * np.divide(corner, length, out=np.zeros_like(corner), where=length > 0.0)
        below, above = (self.vertex - shift)[self.face], (self.vertex + shift)[self.face]
        return np.concatenate([below, above[:, ::-1]])

    @property
    def _is_sheet(self) -> np.ndarray:
        return self.face_space[:, 0] == self.face_space[:, 1]

    @cached_property
    def neighbour(self) -> np.ndarray:
        """(f, 3) int32: the face across the edge from corner k to the next one; -1 at the border of a sheet."""
        start, end = self.face.ravel().astype(np.int64), np.roll(self.face, -1, axis=1).ravel().astype(np.int64)
        key, back = start * len(self.vertex) + end, end * len(self.vertex) + start
        order = np.argsort(key)
        place = np.minimum(np.searchsorted(key, back, sorter=order), key.size - 1)
        found = order[place]
        return np.where(key[found] == back, found // 3, -1).reshape(-1, 3).astype(np.int32)

    def faces_of(self, region: int) -> np.ndarray:
        """Numbers of the faces of a region: all those of its surface where it is the whole of it."""
        surface = self.region_surface[region]
        if region == np.searchsorted(self.region_surface, surface):
            return np.flatnonzero(self.face_surface == surface)
        return np.flatnonzero(self.face_region == region)

    def side_faces(self, space: int) -> np.ndarray:
        """Rows of `sides` that bound a space, ascending."""
        return np.flatnonzero(self.face_space.T.ravel() == space)

    def space_mesh(self, space: int) -> tuple[np.ndarray, np.ndarray]:
        """(v, 3) corners [um] and (m, 3) triangles that bound a space, normals out of it, in the order of `side_faces`.

        Both sides of a sheet are there, in one place: they bound no volume.
        """
        turned = np.concatenate([self.face, self.face[:, ::-1]])[self.side_faces(space)]
        used, face = np.unique(turned, return_inverse=True)
        return self.vertex[used], face.reshape(-1, 3).astype(np.int32)

    def parts_of(self, space: int) -> np.ndarray:
        """Numbers of the compartments of a space, the whole of it first."""
        return np.flatnonzero(self.compartment_space == space)

    @cached_property
    def area(self) -> float:
        """Area of the membrane, the cell's own surface [um^2]."""
        return float(self.face_area[self.face_surface == 0].sum())

    @cached_property
    def volume(self) -> float:
        """Volume of the cytosol [um^3], from the divergence theorem."""
        return self.space_volume(0)

    def space_volume(self, space: int) -> float:
        """Volume of a space [um^3]: the sheets in it, which count twice with opposite signs, add nothing."""
        vertex, face = self.space_mesh(space)
        return signed_volume(vertex[face])

    @cached_property
    def region_area(self) -> np.ndarray:
        """(len(regions),) float64: area of each region [um^2]."""
        return np.array([self.face_area[self.faces_of(region)].sum() for region in range(len(self.regions))])

    @cached_property
    def compartment_volume(self) -> np.ndarray:
        """(len(compartments),) float64: volume of each compartment [um^3]."""
        from spinemc.geometry.compartments import compartment_solids

        volume = np.zeros(len(self.compartments))
        for space in range(len(self.spaces)):
            whole, *parts = self.parts_of(space)
            volume[whole] = self.space_volume(space)
            if parts:
                volume[parts] = [sum(p.volume() for p in pieces) for pieces in compartment_solids(self, space)]
        return volume

    @cached_property
    def genus(self) -> int:
        """Number of holes through the solid that the cell's surface bounds: 0 for a spine, 1 for a ring."""
        face = self.face[self.face_surface == 0]
        return 1 - (len(np.unique(face)) - len(face) // 2) // 2


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


def check_sheet(vertex: np.ndarray, face: np.ndarray, name: str) -> None:
    """Refuse an open surface that is not a sheet: one in which every edge has one face or two, wound alike.

    Raises
    ------
    GeometryError
        The surface is empty, not finite, closed, wound inconsistently, holds degenerate or repeated faces, or more than
        two faces meet at an edge; the place is named.
    """
    if len(face) == 0 or len(vertex) == 0:
        raise GeometryError(f"{name}: the surface is empty: it holds no triangle.")
    _check_numbers(vertex, face, name)
    _check_faces(vertex, face, name)
    _check_edges(vertex, face, name, is_open=True)


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


def _check_edges(vertex: np.ndarray, face: np.ndarray, name: str, is_open: bool = False) -> np.ndarray:
    """(e, 2): the two half-edges of each inner edge; half-edge 3 i + k runs from corner k of face i to the next."""
    start, end = face.ravel().astype(np.int64), np.roll(face, -1, axis=1).ravel().astype(np.int64)
    key = np.minimum(start, end) * len(vertex) + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    _, first, count = np.unique(key[order], return_index=True, return_counts=True)

    def fault(which: np.ndarray) -> tuple[int, str]:
        half = order[first[which]].min()
        return int(which.sum()), at((vertex[start[half]] + vertex[end[half]]) / 2.0)

    if is_open and not (count == 1).any():
        raise GeometryError(f"{name}: closed, with no open edge: a sheet is open. Leave `open` out.")
    if not is_open and (count == 1).any():
        number, place = fault(count == 1)
        raise GeometryError(f"{name}: not closed: {_count(number, 'open edge')}, the first at {place} um.")
    if (count > 2).any():
        number, place = fault(count > 2)
        raise GeometryError(f"{name}: more than two faces meet at {_count(number, 'edge')}, the first at {place} um.")
    pairs = order[first[count == 2][:, None] + np.arange(2)]
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
    volumes = geometry.compartment_volume
    for name, part, space in zip(geometry.compartments, volumes, geometry.compartment_space, strict=True):
        whole = volumes[geometry.parts_of(space)[0]]
        rows.append(f"  {name:<18} {part:14.5g} {part / whole:8.1%} {part * IONS_AT_REST:15.3g}")
    rows.append(f"  {'region':<18} {'area [um^2]':>14} {'share':>8} {'faces':>15}")
    for region, (name, part) in enumerate(zip(geometry.regions, geometry.region_area, strict=True)):
        faces = geometry.faces_of(region)
        whole = geometry.face_area[geometry.face_surface == geometry.region_surface[region]].sum()
        rows.append(f"  {name:<18} {part:14.5g} {part / whole:8.1%} {len(faces):15d}")
    return "\n".join(rows)
