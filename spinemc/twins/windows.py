"""Diffusion between the pieces of a long space: conductances solved where two of them meet, and not beyond."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry import Geometry
from spinemc.geometry.voxels import Voxels, volume_of, voxelise
from spinemc.twins import formulas
from spinemc.twins.conductance import Conducting, Exchange, conducting, exchange, raise_of, raised_network, responses
from spinemc.twins.segments import Segments

_FEWEST = 40_000  # voxels' worth of volume
_FINEST = 100_000  # and at most
_RESOLVED = 16  # voxels in the smallest piece, where these are enough

Window = tuple[np.ndarray, np.ndarray, np.ndarray]


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
    return exchanges_between(geometry, cut, (held,), space)[0]


def exchanges_between(
    geometry: Geometry, cut: Segments, held: Sequence[tuple[int, ...]], space: int = 0
) -> list[Exchange]:
    """As `exchange_between` for each of several sets of held regions: what is far from all of them is solved once."""
    if isinstance(cut, formulas.Drawn):
        return [formulas.exchange(cut, tuple(geometry.regions[r] for r in regions)) for regions in held]
    cut = cut.within(geometry.parts_of(space))
    if not cut.is_cut:
        return [exchange(geometry, regions, space) for regions in held]
    volume = geometry.space_volume(space)
    voxels = np.clip(_RESOLVED * volume / cut.volume.min(), _FEWEST, _FINEST)
    grid = voxelise(*geometry.space_mesh(space), (volume / voxels) ** (1 / 3))
    weight = _volumes(geometry, grid, cut, space)
    closed: dict[bytes, Window] = {}
    return [_on_grid(conducting(geometry, grid, regions), weight, cut, closed) for regions in held]


def _on_grid(mesh: Conducting, weight: Any, cut: Segments, closed: dict[bytes, Window]) -> Exchange:
    """The exchange as voxels with some of each piece have it; keeps the windows that no held region touches."""
    weight = weight[mesh.node]
    label = _labels(weight)
    near = _touching(mesh.graph, label, len(cut.part))
    p = len(cut.part)
    area = np.array([np.bincount(label, one, p) for one in mesh.wall_area.T]).reshape(-1, p).T
    between, wall = np.zeros((p, p)), np.zeros_like(area)
    piece, region = np.nonzero(area > 0.0)
    pairs = np.array([*np.argwhere(np.triu(near, 1)), *((j, j) for j in np.unique(piece))]).reshape(-1, 2)
    every, window = _covering(near[pairs[:, 0]] | near[pairs[:, 1]])
    for w, pieces in enumerate(every):
        known = {} if mesh.wall[pieces[label]].any() else closed
        if pieces.tobytes() not in known:
            known[pieces.tobytes()] = _window(mesh, weight, label, pieces)
        own, conductance, share = known[pieces.tobytes()]
        for i, j in pairs[window == w].tolist():
            if i == j:
                wall[j] = np.maximum((conductance @ share)[own[j]], 0.0)
            elif own[i] >= 0 and own[j] >= 0:
                between[i, j] = between[j, i] = max(-conductance[own[i], own[j]], 0.0)
    return _joined(cut, between, piece, region, wall[piece, region], area[piece, region])


def _covering(needed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of some sets of pieces (m, p) that are in no other, (w, p), and one of them that each is in (m,)."""
    sets = np.unique(needed, axis=0)
    sets = sets[np.argsort(-sets.sum(axis=1), kind="stable")]
    missing = needed.astype(float) @ ~sets.T
    of, window = np.unique((missing == 0.0).argmax(axis=1), return_inverse=True)
    return sets[of], window


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


def _window(mesh: Conducting, weight: Any, label: np.ndarray, pieces: np.ndarray) -> Window:
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
    index = np.arange(grid.volume.size).reshape(grid.shape)
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    values: list[np.ndarray] = []

    def add(part: int, voxel: np.ndarray, volume: np.ndarray) -> None:
        inside, middle = volume > 0.0, np.full(volume.shape, -1)
        low = np.stack(np.unravel_index(voxel[inside], grid.shape), axis=1)
        middle[inside] = cut.nearest(part, grid.origin + (low + 0.5) * grid.size)
        parted = _parted(middle)[inside]
        eighths = np.concatenate([low[parted] + corner for corner in product((0.25, 0.75), repeat=3)])
        rows.extend((voxel[inside][~parted], np.tile(voxel[inside][parted], 8)))
        columns.extend((middle[inside][~parted], cut.nearest(part, grid.origin + eighths * grid.size)))
        values.extend((volume[inside][~parted], np.tile(volume[inside][parted] / 8.0, 8)))

    for i in geometry.set_of(space):
        for mesh in (piece.to_mesh64() for piece in geometry.compartment_pieces[i]):
            box, volume = volume_of(grid, mesh.vert_properties[:, :3], mesh.tri_verts)
            rest[box] -= volume
            if i in cut.part:
                add(int(i), index[box], volume)
    whole = int(geometry.parts_of(space)[0])
    if whole in cut.part:
        add(whole, index, rest)
    ends = np.concatenate(rows), np.concatenate(columns)
    return coo_array((np.concatenate(values), ends), shape=(grid.volume.size, len(cut.part))).tocsr()


def _parted(piece: np.ndarray) -> np.ndarray:
    """(nx, ny, nz) bool: voxels of a piece beside one of another, along an axis; -1 is none."""
    found = np.zeros(piece.shape, bool)
    for axis in range(3):
        low, high = np.moveaxis(piece, axis, 0)[:-1], np.moveaxis(piece, axis, 0)[1:]
        differ = (low != high) & (low >= 0) & (high >= 0)
        for side in (np.moveaxis(found, axis, 0)[:-1], np.moveaxis(found, axis, 0)[1:]):
            side |= differ
    return found


def _labels(weight: Any) -> np.ndarray:
    """(n,) The piece that each voxel holds most of; each piece has one at least."""
    held = weight.tocoo()
    ranked = np.argsort(held.data, kind="stable")
    label = np.zeros(held.shape[0], np.int64)
    label[held.row[ranked]] = held.col[ranked]  # the last of a voxel stays, and that is its largest
    for j in np.setdiff1d(np.arange(weight.shape[1]), label):
        label[weight[:, [j]].toarray().argmax()] = j
    return label


def _touching(graph: Any, label: np.ndarray, pieces: int) -> np.ndarray:
    """(p, p) bool: which pieces touch, and each itself."""
    links = graph.tocoo()
    near = np.eye(pieces, dtype=bool)
    near[label[links.row], label[links.col]] = True
    return near
