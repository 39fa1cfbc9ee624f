"""The labelled triangle mesh and its derived tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spinemc.geometry.checks import crossed, signed_volume
from spinemc.geometry.parts import NO_SHELLS, SHELL, WHOLE

if TYPE_CHECKING:
    import trimesh
    from manifold3d import Manifold

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
    compartment_shape : (c, 9) float64
        The part of space of each compartment, a row of `spinemc.geometry.parts`: kind; then low and high corner of a
        box (infinite where open); centre and radius of a ball; a point of a half-space's plane and its normal; base,
        axis and radius of a cylinder [um]; the grid of a shell. A point of a space belongs, in each set, to the first
        part that holds it.
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
    compartment_set : (c,) int64
        Index into `sets`; those of a space follow each other by set.
    sets : tuple of str
        Sets of compartments: none overlaps another of its own set. The first, "", has the wholes and the parts that
        belong to no set by name.
    shell : (n,) bool
        The voxels of all shells' grids, in C order: whether each is of its shell.
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
    compartment_set: np.ndarray
    sets: tuple[str, ...] = ("",)
    shell: np.ndarray = field(default_factory=lambda: NO_SHELLS)

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
            compartment_set=np.zeros(1 + len(parts), np.int64),
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
        return 0.5 * np.linalg.norm(crossed(self.triangles), axis=1)

    @cached_property
    def face_normal(self) -> np.ndarray:
        """(f, 3) float64: unit normal of each triangle, pointing outward."""
        return crossed(self.triangles) / (2.0 * self.face_area[:, None])

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

    def set_of(self, space: int, of: int = 0) -> np.ndarray:
        """Numbers of the compartments of a space that are of a set, without the whole."""
        parts = self.parts_of(space)[1:]
        return parts[self.compartment_set[parts] == of]

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
    def compartment_pieces(self) -> list[list[Manifold]]:
        """The solid pieces of each compartment, less what others of its set took; none of a whole and of a shell."""
        from spinemc.geometry.compartments import compartment_solids

        pieces: list[list[Manifold]] = [[] for _ in self.compartments]
        for space, of in self._groups:
            numbers = self.set_of(space, of)
            for number, made in zip(numbers, compartment_solids(self, space, of), strict=True):
                pieces[number] = made
        return pieces

    @property
    def _groups(self) -> list[tuple[int, int]]:
        """The pairs of a space and a set that have compartments."""
        return [
            (space, of)
            for space in range(len(self.spaces))
            for of in range(len(self.sets))
            if len(self.set_of(space, of))
        ]

    @cached_property
    def compartment_volume(self) -> np.ndarray:
        """(len(compartments),) float64: volume of each compartment [um^3]."""
        from spinemc.geometry.shells import volumes

        volume = np.array([sum(piece.volume() for piece in pieces) for pieces in self.compartment_pieces], np.float64)
        for space in range(len(self.spaces)):
            volume[self.parts_of(space)[0]] = self.space_volume(space)
        for space, of in self._groups:
            numbers = self.set_of(space, of)
            if (self.compartment_shape[numbers, 0] == SHELL).any():
                volume[numbers] = volumes(self, numbers, [self.compartment_pieces[n] for n in numbers])
        return volume

    @cached_property
    def genus(self) -> int:
        """Number of holes through the solid that the cell's surface bounds: 0 for a spine, 1 for a ring."""
        face = self.face[self.face_surface == 0]
        return 1 - (len(np.unique(face)) - len(face) // 2) // 2
