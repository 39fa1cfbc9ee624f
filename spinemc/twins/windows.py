"""Diffusion between the pieces of a long space: conductances solved where two of them meet, and not beyond."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry import Geometry
from spinemc.geometry.voxels import Voxels, volume_of, voxelise
from spinemc.twins.conductance import Conducting, Exchange, conducting, exchange, raise_of, raised_network, responses
from spinemc.twins.segments import Segments

_COARSEST = 5_000  # voxels' worth of volume on the first grid
_FINEST = 40_000  # and on the last
_FINER = 1.5  # refinement of the voxel's edge from one grid to the next
_RESOLVED = 8  # voxels in the smallest piece on the first grid
_AGREE = 0.03  # change of a conductance between two grids that is small enough


def exchange_between(geometry: Geometry, cut: Segments, held: tuple[int, ...] = (), space: int = 0) -> Exchange:
    """Conductances between the pieces of a space, and to regions that absorb or clamp.

    Parameters
    ----------
    geometry : Geometry
    cut : Segments
        Of all spaces, or of this one.
    held, space : tuple of int, int
        As of `spinemc.twins.conductance.exchange`.

    Returns
    -------
    Exchange
        Its pieces are those of the space, in the order of `cut`. Where none is cut, that function's. Otherwise only
        pieces that touch exchange, and each held region stands once for each piece that it touches.

    Raises
    ------
    GeometryError
        As there; or a piece touches no other.

    Notes
    -----
    Two pieces that touch are solved on the voxels with all pieces that touch either, as if nothing else were there:
    what is beyond a piece that is passed through changes little of what passes. The network of such a window is that
    of `spinemc.twins.conductance.exchange`, and what it has between the two is theirs, no less than 0. Along a straight
    neck that is the scheme of finite volumes, of second order in the length of a piece; next to a round part it has
    the resistance of the way from all of it to the opening.
    """
    cut = cut.within(geometry.parts_of(space))
    if not cut.is_cut:
        return exchange(geometry, held, space)
    before: Exchange | None = None
    volume = geometry.space_volume(space)
    voxels = int(np.clip(_RESOLVED * volume / cut.volume.min(), _COARSEST, _FINEST))
    while True:
        grid = voxelise(*geometry.space_mesh(space), (volume / voxels) ** (1 / 3))
        found = _on_grid(geometry, grid, cut, held, space)
        voxels = int(voxels * _FINER**3)
        if voxels > _FINEST or (before is not None and _settled(before, found)):
            return found
        before = found


def _settled(before: Exchange, after: Exchange) -> bool:
    """Whether conductances of two grids agree, each in comparison with all of the two pieces."""
    own = np.sqrt(after.conductance.diagonal())
    return bool((np.abs(after.conductance - before.conductance) <= _AGREE * np.outer(own, own)).all())


def _on_grid(geometry: Geometry, grid: Voxels, cut: Segments, held: tuple[int, ...], space: int) -> Exchange:
    """The exchange as one grid of voxels has it."""
    mesh = conducting(geometry, grid, held)
    weight = _volumes(geometry, grid, cut, space)[mesh.node]
    label = _labels(weight)
    near = _touching(mesh.graph, label, len(cut.part))
    p = len(cut.part)
    area = np.array([np.bincount(label, one, p) for one in mesh.wall_area.T]).reshape(-1, p).T
    between = np.zeros((p, p))
    for i, j in zip(*np.nonzero(np.triu(near, 1)), strict=True):
        own, conductance, _ = _window(mesh, weight, label, near[i] | near[j])
        if own[i] >= 0 and own[j] >= 0:
            between[i, j] = between[j, i] = max(-conductance[own[i], own[j]], 0.0)
    piece, region = np.nonzero(area > 0.0)
    wall = np.zeros_like(area)
    for j in np.unique(piece):
        own, conductance, share = _window(mesh, weight, label, near[j])
        wall[j] = np.maximum((conductance @ share)[own[j]], 0.0)
    return _joined(cut, between, piece, region, wall[piece, region], area[piece, region])


def _joined(
    cut: Segments, between: np.ndarray, piece: np.ndarray, region: np.ndarray, walls: np.ndarray, area: np.ndarray
) -> Exchange:
    """The exchange with some conductances between pieces (p, p), and between pieces and their walls (b,)."""
    p = len(cut.part)
    if not (between.any(axis=0)).all():
        raise GeometryError("a piece of space touches no other on the voxels: give run.segment a longer length.")
    held = np.zeros((p, len(piece)))
    held[piece, np.arange(len(piece))] = walls
    conductance = np.diag(between.sum(axis=1) + held.sum(axis=1)) - between
    share = np.linalg.solve(conductance, held) if len(piece) else held
    return Exchange(
        part=cut.part,
        volume=cut.volume,
        conductance=conductance,
        share=share,
        through=np.diag(walls) - held.T @ share,
        held=region,
        area=area,
    )


def _window(
    mesh: Conducting, weight: Any, label: np.ndarray, pieces: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The network of some pieces alone: the place of each of all in it, -1 for none, conductances, shares (., b)."""
    from scipy.sparse.csgraph import connected_components

    node = np.flatnonzero(pieces[label])
    graph = mesh.graph[node][:, node]
    _, body = connected_components(graph, directed=False)
    main = body == np.bincount(body, mesh.volume[node]).argmax()
    node, graph = node[main], graph[main][:, main]
    here = np.flatnonzero(pieces)
    inner = weight[node][:, here].toarray()
    there = inner.sum(axis=0) > 0.0
    own = np.full(len(pieces), -1)
    own[here[there]] = np.arange(there.sum())
    wall = mesh.wall[node]
    touched = wall.any(axis=0)
    mean, share, through = responses(graph, wall[:, touched], inner[:, there], mesh.volume[node])
    shares = np.zeros((there.sum(), len(touched)))
    shares[:, touched] = share
    raised = raise_of(mean, share, through)
    return own, raised_network(mean, raised, bool(touched.any())), shares


def _volumes(geometry: Geometry, grid: Voxels, cut: Segments, space: int):
    """(voxels, p) csr_array: volume of each piece in each voxel [um^3]."""
    from scipy.sparse import coo_array

    rest = grid.volume.copy()
    rows, columns, values = [], [], []

    def add(part: int, volume: np.ndarray) -> None:
        inside = np.flatnonzero(volume.ravel() > 0.0)
        low = np.stack(np.unravel_index(inside, grid.shape), axis=1)
        for corner in product((0.25, 0.75), repeat=3):
            rows.append(inside)
            columns.append(cut.nearest(part, grid.origin + (low + corner) * grid.size))
            values.append(volume.ravel()[inside] / 8.0)

    for i in geometry.set_of(space):
        volume = np.zeros(grid.shape)
        for mesh in (piece.to_mesh64() for piece in geometry.compartment_pieces[i]):
            volume += volume_of(grid, mesh.vert_properties[:, :3], mesh.tri_verts)
        rest -= volume
        if i in cut.part:
            add(int(i), volume)
    whole = int(geometry.parts_of(space)[0])
    if whole in cut.part:
        add(whole, rest)
    ends = np.concatenate(rows), np.concatenate(columns)
    return coo_array((np.concatenate(values), ends), shape=(grid.volume.size, len(cut.part))).tocsr()


def _labels(weight: Any) -> np.ndarray:
    """(n,) The piece that each voxel holds most of; each piece has one at least."""
    label = np.asarray(weight.argmax(axis=1)).ravel()
    for j in np.setdiff1d(np.arange(weight.shape[1]), label):
        label[weight[:, [j]].toarray().argmax()] = j
    return label


def _touching(graph: Any, label: np.ndarray, pieces: int) -> np.ndarray:
    """(p, p) bool: which pieces touch, and each itself."""
    links = graph.tocoo()
    near = np.eye(pieces, dtype=bool)
    near[label[links.row], label[links.col]] = True
    return near
