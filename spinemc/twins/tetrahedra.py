"""The spaces of a geometry filled with tetrahedra that end on its triangles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from threading import Lock

import numpy as np

from spinemc.errors import EngineError, GeometryError
from spinemc.geometry import Geometry
from spinemc.geometry.checks import signed_volume
from spinemc.geometry.compartments import locate
from spinemc.geometry.parts import SHELL, holds, reaches

MISSING = "the pde level needs gmsh and scikit-fem, which are not installed: pip install 'spinemc[pde]'."

_ONE_AT_A_TIME = Lock()  # gmsh has one state for the whole process, and is not thread-safe
_TETRAHEDRON = 4  # gmsh's number of the element, and of the triangle
_TRIANGLE = 2
_SAME = 1e-9  # relative difference of volumes that is round-off
_CUTS = 3  # times that a tetrahedron on the border of a compartment is cut in eight
_BLOCK = 20_000  # tetrahedra whose points are located at a time


@dataclass(frozen=True, eq=False)
class Tetrahedra:
    """Spaces filled with tetrahedra.

    Attributes
    ----------
    point : (n, 3) float64
        Corners [um]: those of the geometry first, in its order, then those within the spaces.
    cell : (m, 4) int64
        Corners of each tetrahedron, of positive volume.
    cell_space : (m,) int64
        Index into `Geometry.spaces`.
    """

    point: np.ndarray
    cell: np.ndarray
    cell_space: np.ndarray

    @property
    def cell_volume(self) -> np.ndarray:
        """(m,) float64: volume of each tetrahedron [um^3]."""
        return _volumes(self.point[self.cell])

    def node_volume(self, space: int) -> np.ndarray:
        """(n,) float64: a quarter of the volume of the tetrahedra of a space around each point [um^3]."""
        here = self.cell_space == space
        return np.bincount(self.cell[here].ravel(), np.repeat(self.cell_volume[here] / 4, 4), len(self.point))

    def weights_at(self, point: np.ndarray, space: int) -> np.ndarray:
        """(n,) float64: shares of the corners in a point of a space, linear in it, with sum 1."""
        here = self.cell[self.cell_space == space]
        corner = self.point[here]
        first = np.linalg.solve(np.moveaxis(corner[:, 1:] - corner[:, :1], 1, 2), (point - corner[:, 0])[..., None])
        share = np.column_stack([1.0 - first[..., 0].sum(axis=1), first[..., 0]])
        best = share.min(axis=1).argmax()
        inner = np.clip(share[best], 0.0, None)
        weight = np.zeros(len(self.point))
        weight[here[best]] = inner / inner.sum()
        return weight


def require() -> None:
    """Refuse to go on where gmsh or scikit-fem cannot be imported.

    Raises
    ------
    EngineError
        One cannot.
    """
    try:
        import gmsh  # noqa: F401
        import skfem  # noqa: F401
    except (ImportError, OSError) as fault:
        raise EngineError(MISSING) from fault


def fill(geometry: Geometry, spaces: Sequence[int], edge: float | None = None) -> Tetrahedra:
    """Fill spaces with tetrahedra whose outer faces are the geometry's triangles as they are.

    Tetrahedra are as large as the triangles around them. gmsh has one state for a process: calls of several threads
    wait for each other, and no other code may use gmsh meanwhile.

    Parameters
    ----------
    geometry : Geometry
        Without sheets in these spaces.
    spaces : sequence of int
        Indices into `geometry.spaces`.
    edge : float, optional
        The longest edge wanted within [um].

    Returns
    -------
    Tetrahedra

    Raises
    ------
    EngineError
        gmsh is missing, or in use by other code of the process.
    GeometryError
        gmsh cannot fill a space, or only with other triangles around it; the space is named.
    """
    points, cells, of = [geometry.vertex], [np.zeros((0, 4), np.int64)], [np.zeros(0, np.int64)]
    taken = len(geometry.vertex)
    for space in spaces:
        turned = np.concatenate([geometry.face, geometry.face[:, ::-1]])[geometry.side_faces(space)]
        used = np.unique(turned)
        vertex, face = geometry.space_mesh(space)
        try:
            inner, cell = _filled(vertex, face, edge)
        except _Unfilled as fault:
            raise GeometryError(
                f"{geometry.name}: {geometry.spaces[space]} cannot be filled with tetrahedra ({fault}): "
                "mend the surface around it, or give it more even triangles."
            ) from fault
        number = np.concatenate([used, taken + np.arange(len(inner))])
        points.append(inner)
        cells.append(number[cell])
        of.append(np.full(len(cell), space, np.int64))
        taken += len(inner)
    return Tetrahedra(np.concatenate(points), np.concatenate(cells), np.concatenate(of))


class _Unfilled(Exception):
    """Why a surface is not filled."""


def _filled(vertex: np.ndarray, face: np.ndarray, edge: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) within closed surfaces, and tetrahedra (m, 4) on the corners followed by them."""
    point, cell = _generated(vertex, face, _volumes_between(vertex, face), edge)
    if len(point) < len(vertex) or not np.array_equal(point[: len(vertex)], vertex):
        raise _Unfilled("gmsh moves corners of the surface")
    volume = _volumes(point[cell])
    cell = np.where((volume < 0.0)[:, None], cell[:, [1, 0, 2, 3]], cell)
    corner = np.sort(np.concatenate([cell[:, list(c)] for c in combinations(range(4), 3)]), axis=1)
    side, times = np.unique(corner, axis=0, return_counts=True)
    if not np.array_equal(side[times == 1], np.unique(np.sort(face, axis=1), axis=0)):
        raise _Unfilled("gmsh changes triangles of the surface")
    whole = signed_volume(vertex[face])
    if volume.min(initial=np.inf) == 0.0 or abs(np.abs(volume).sum() - whole) > _SAME * whole:
        raise _Unfilled("gmsh leaves gaps")
    return point[len(vertex) :], cell


def _volumes(corner: np.ndarray) -> np.ndarray:
    """(m,) Signed volumes of tetrahedra (m, 4, 3)."""
    a, b, c = np.moveaxis(corner[:, 1:] - corner[:, :1], 1, 0)
    return np.einsum("ij,ij->i", np.cross(a, b), c) / 6.0


def _volumes_between(vertex: np.ndarray, face: np.ndarray) -> list[list[np.ndarray]]:
    """The triangles (k,) of each closed surface that bounds a piece of a space, the outer one first, then its holes."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    start, end = face.ravel(), np.roll(face, 1, axis=1).ravel()
    graph = coo_array((np.ones(len(start)), (start, end)), shape=(len(vertex),) * 2)
    number, label = connected_components(graph, directed=False)
    shells = [np.flatnonzero(label[face[:, 0]] == i) for i in range(number)]
    size = [signed_volume(vertex[face[shell]]) for shell in shells]
    pieces = [[shells[i]] for i in np.argsort(size) if size[i] > 0.0]  # the smallest first
    for shell, volume in zip(shells, size, strict=True):
        if volume < 0.0:
            within = vertex[face[shell]].reshape(-1, 3)
            around = [vertex[face[piece[0]]].reshape(-1, 3) for piece in pieces]
            fits = [bool((a.min(0) <= within.min(0)).all() and (a.max(0) >= within.max(0)).all()) for a in around]
            pieces[fits.index(True)].append(shell)
    return pieces


def _generated(
    vertex: np.ndarray, face: np.ndarray, pieces: list[list[np.ndarray]], edge: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) and tetrahedra (m, 4) as gmsh makes them."""
    try:
        import gmsh
    except (ImportError, OSError) as fault:
        raise EngineError(MISSING) from fault
    with _ONE_AT_A_TIME:
        if gmsh.isInitialized():
            raise EngineError("other code of this process uses gmsh, which serves one at a time: call gmsh.finalize().")
        gmsh.initialize(readConfigFiles=False, interruptible=False)
        try:
            gmsh.option.setNumber("General.Terminal", 0)
            gmsh.option.setNumber("General.NumThreads", 1)
            if edge is not None:
                gmsh.option.setNumber("Mesh.MeshSizeMax", edge)
            return _meshed(gmsh, vertex, face, pieces)
        except Exception as fault:  # gmsh raises nothing narrower
            raise _Unfilled(f"gmsh says: {fault}") from fault
        finally:
            gmsh.finalize()


def _meshed(gmsh, vertex: np.ndarray, face: np.ndarray, pieces: list[list[np.ndarray]]):
    known = np.zeros(len(vertex), bool)
    for piece in pieces:
        loops = []
        for shell in piece:
            surface = gmsh.model.addDiscreteEntity(2)
            new = np.unique(face[shell])
            known[new] = True
            gmsh.model.mesh.addNodes(2, surface, new + 1, vertex[new].ravel())
            gmsh.model.mesh.addElementsByType(surface, _TRIANGLE, [], (face[shell] + 1).ravel())
            loops.append(gmsh.model.geo.addSurfaceLoop([surface]))
        gmsh.model.geo.addVolume(loops)
    gmsh.model.geo.synchronize()
    gmsh.model.mesh.generate(3)
    tag, at, _ = gmsh.model.mesh.getNodes()
    _, corner = gmsh.model.mesh.getElementsByType(_TETRAHEDRON)
    place = np.zeros(int(tag.max()) + 1, np.int64)
    order = np.argsort(tag)
    place[tag[order]] = np.arange(len(tag))
    return at.reshape(-1, 3)[order], place[corner.astype(np.int64)].reshape(-1, 4)


def shares(geometry: Geometry, filling: Tetrahedra):
    """What of the surroundings of each point lies in each compartment.

    Parameters
    ----------
    geometry : Geometry
    filling : Tetrahedra
        Of spaces of this geometry.

    Returns
    -------
    (compartments, n) csr_array
        Integral of the hat function of each point over a compartment [um^3]. Exact over a whole space and where no
        border cuts a tetrahedron; where one does, 512 points of the tetrahedron tell, and the compartments of a set
        still sum up to the whole.
    """
    from scipy.sparse import coo_array

    rows, columns, values = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for space in np.unique(filling.cell_space):
        here = np.flatnonzero(filling.cell_space == space)
        quarter = np.repeat(filling.cell_volume[here, None] / 4, 4, axis=1)
        rows.append(np.full(quarter.size, geometry.parts_of(space)[0]))
        columns.append(filling.cell[here].ravel())
        values.append(quarter.ravel())
        for of in range(len(geometry.sets)):
            numbers = geometry.set_of(space, of)
            if len(numbers) == 0:
                continue
            for block in np.array_split(here, len(here) // _BLOCK + 1):
                share = _cut(geometry, filling, block, int(space), of) * filling.cell_volume[block, None, None]
                for k, number in enumerate(numbers):
                    rows.append(np.full(share[..., k].size, number))
                    columns.append(filling.cell[block].ravel())
                    values.append(share[..., k].ravel())
    flat = (np.concatenate(rows), np.concatenate(columns))
    return coo_array((np.concatenate(values), flat), shape=(len(geometry.compartments), len(filling.point))).tocsr()


def _cut(geometry: Geometry, filling: Tetrahedra, cell: np.ndarray, space: int, of: int) -> np.ndarray:
    """(cell, 4, part) Integral of each corner's hat over each compartment of a set, over the tetrahedron's volume."""
    numbers = geometry.set_of(space, of)
    corner = filling.point[filling.cell[cell]]
    middle = corner.mean(axis=1)
    radius = np.linalg.norm(corner - middle[:, None], axis=2).max(axis=1)
    share = np.zeros((len(cell), 4, len(numbers)))
    open_ = np.ones(len(cell), bool)  # not yet known, and not near any compartment that comes before
    doubtful = np.zeros(len(cell), bool)
    for k, number in enumerate(numbers):
        part = geometry.compartment_shape[number]
        near = reaches(part, middle, float(radius.max()), geometry.shell) & open_
        within = near.copy()
        if part[0] == SHELL:
            within[:] = False
        elif near.any():  # what holds all corners holds the tetrahedron: these parts are convex
            within[near] = holds(part, corner[near].reshape(-1, 3), geometry.shell).reshape(-1, 4).all(axis=1)
        share[within, :, k] = 0.25
        doubtful |= near & ~within
        open_ &= ~near
    at = _lattice()
    for block in np.array_split(np.flatnonzero(doubtful), doubtful.sum() // 1000 + 1):
        place = locate(geometry, np.einsum("pc,mcx->mpx", at, corner[block]).reshape(-1, 3), space, of)
        inside = place.reshape(len(block), len(at))[..., None] == numbers
        share[block] = np.einsum("pc,mpk->mck", at, inside) / len(at)
    return share


def _lattice() -> np.ndarray:
    """(p, 4) Shares of the corners in the middles of the tetrahedra, all of one size, into which one is cut."""
    pieces = np.eye(4)[None]
    for _ in range(_CUTS):
        a, b, c, d = np.moveaxis(pieces, 1, 0)
        ab, ac, ad, bc, bd, cd = (0.5 * (x + y) for x, y in combinations((a, b, c, d), 2))
        corners = [(a, ab, ac, ad), (b, ab, bc, bd), (c, ac, bc, cd), (d, ad, bd, cd)]
        inner = [(ac, bd, ab, bc), (ac, bd, bc, cd), (ac, bd, cd, ad), (ac, bd, ad, ab)]
        pieces = np.concatenate([np.stack(piece, axis=1) for piece in corners + inner])
    return pieces.mean(axis=1)
