"""Layers under the membrane: the voxels of a fine grid whose centres lie within a depth of some faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.parts import SHELL, shell
from spinemc.geometry.voxels import Voxels, volume_of, voxelise

if TYPE_CHECKING:
    from manifold3d import Manifold

    from spinemc.geometry.mesh import Geometry

LAYERS = 10  # voxels across the depth of a shell
FEWEST = 3  # where the memory does not allow more
WIDTH = 0.02  # edge of the voxels where no depth is given [um]
MOST_VOXELS = 4.0e6


@dataclass(frozen=True, eq=False)
class Shell:
    """What a shell is to be.

    Attributes
    ----------
    faces : (n,) int
        The faces it lies under.
    depth : float or None
        How deep [um]; None for all that is nearer to these faces than to any other that bounds the space.
    """

    faces: np.ndarray
    depth: float | None


def laid(geometry: Geometry, shells: Mapping[int, Shell], where: str) -> Geometry:
    """A geometry with the voxels of its shells.

    Parameters
    ----------
    geometry : Geometry
    shells : mapping of int to Shell
        By compartment.
    where : str
        What messages call the file.

    Returns
    -------
    Geometry
        The shells of a space lie on one grid.

    Raises
    ------
    GeometryError
        A shell is too thin for a cell of this extent.
    """
    rows, masks, entries = geometry.compartment_shape.copy(), [geometry.shell], len(geometry.shell)
    homes = geometry.compartment_space
    for space in {int(homes[c]) for c in shells}:
        mine = {c: made for c, made in shells.items() if homes[c] == space}
        vertex, face = geometry.space_mesh(space)
        size = _edge(np.ptp(vertex, axis=0), {geometry.compartments[c]: made.depth for c, made in mine.items()}, where)
        voxels = voxelise(vertex, face, size)
        for c, made in mine.items():
            mask = _near(geometry, voxels, made, space)
            rows[c] = shell(voxels.origin, size, entries, voxels.shape)
            masks.append(mask.ravel())
            entries += mask.size
    return replace(geometry, compartment_shape=rows, shell=np.concatenate(masks))


def _edge(extent: np.ndarray, depth: dict[str, float | None], where: str) -> float:
    """Edge of the voxels for shells of some depths in a space of some extent [um]."""
    given = {name: deep for name, deep in depth.items() if deep is not None}
    wanted = min([deep / LAYERS for deep in given.values()], default=WIDTH)
    size = max(wanted, float(np.prod(extent + 4.0 * wanted) / MOST_VOXELS) ** (1.0 / 3.0))
    for name, deep in given.items():
        if size > deep / FEWEST:
            raise GeometryError(
                f"{where}: compartment {name} is {1e3 * deep:.3g} nm deep, and the voxels that it is made of are "
                f"{1e3 * size:.3g} nm wide in a cell of this extent: make it {1e3 * FEWEST * size:.3g} nm or more."
            )
    return size


def _near(geometry: Geometry, voxels: Voxels, made: Shell, space: int) -> np.ndarray:
    """(nx, ny, nz) bool: the voxels whose centres lie near enough to the faces of a shell."""
    bounding = np.unique(geometry.side_faces(space) % len(geometry.face))
    own = _Cloud(voxels, geometry.triangles[made.faces])
    if made.depth is None:
        rest = np.setdiff1d(bounding, made.faces)
        if not rest.size:
            return voxels.volume > 0.0
        other = _Cloud(voxels, geometry.triangles[rest])
        ahead, unsure = other.about - own.about, 2.0 * own.slack
    else:
        ahead, unsure = made.depth - own.about, own.slack
    mask = (voxels.volume > 0.0) & (ahead > unsure)
    doubtful = np.argwhere((voxels.volume > 0.0) & (np.abs(ahead) <= unsure))
    centre = voxels.origin + (doubtful + 0.5) * voxels.size
    limit = made.depth if made.depth is not None else other.away(centre)
    mask[tuple(doubtful.T)] = own.away(centre) < limit
    return mask


class _Cloud:
    """Points that stand for some triangles, and how far from them a voxel's centre is: roughly, and as it is."""

    def __init__(self, voxels: Voxels, triangles: np.ndarray):
        from scipy.ndimage import distance_transform_edt
        from scipy.spatial import cKDTree

        point = _spread(triangles, voxels.size)
        free = np.ones(voxels.shape, dtype=bool)
        free[tuple(((point - voxels.origin) / voxels.size).astype(np.int64).T)] = False
        self.about = voxels.size * distance_transform_edt(free)
        self.slack = 0.5 * np.sqrt(3.0) * voxels.size  # a point lies as far as that from its voxel's centre
        self._tree = cKDTree(point)

    def away(self, centre: np.ndarray) -> np.ndarray:
        return np.asarray(self._tree.query(centre, workers=-1)[0])


def _spread(triangles: np.ndarray, apart: float) -> np.ndarray:
    """Points of triangles at most so far apart [um]."""
    longest = np.linalg.norm(triangles - np.roll(triangles, 1, axis=1), axis=2).max(axis=1)
    parts = np.maximum(1, np.ceil(longest / apart)).astype(np.int64)
    points = []
    for n in np.unique(parts):
        i, j = (x.ravel() for x in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
        i, j = i[i + j <= n], j[i + j <= n]
        share = np.stack([n - i - j, i, j], axis=1) / n
        points.append(np.einsum("pc,fck->fpk", share, triangles[parts == n]).reshape(-1, 3))
    return np.concatenate(points)


def volumes(geometry: Geometry, numbers: np.ndarray, pieces: Sequence[list[Manifold]]) -> list[float]:
    """Volumes of the compartments of a set with shells, each without what the ones before it took.

    Parameters
    ----------
    geometry : Geometry
    numbers : (n,) int
        The compartments, in order.
    pieces : sequence of list of Manifold
        Those of each as if there were no shells.

    Returns
    -------
    list of float
        [um^3], exact for the voxels.
    """
    rows = [geometry.compartment_shape[number] for number in numbers]
    size = next(float(row[4]) for row in rows if row[0] == SHELL)
    voxels = voxelise(*geometry.space_mesh(int(geometry.compartment_space[numbers[0]])), size)
    left, covered = voxels.volume.copy(), np.zeros(voxels.shape, dtype=bool)
    found = []
    for row, own in zip(rows, pieces, strict=True):
        if row[0] == SHELL:
            mask = geometry.shell[int(row[5]) :][: left.size].reshape(left.shape)
            here = np.where(mask, left, 0.0)
            covered |= mask
        else:
            here = np.zeros(left.shape)
            for piece in own:
                mesh = piece.to_mesh64()
                box, inside = volume_of(voxels, np.asarray(mesh.vert_properties)[:, :3], np.asarray(mesh.tri_verts))
                here[box] += inside
            here[covered] = 0.0
        left -= here
        found.append(float(here.sum()))
    return found
