"""How parts of the inside exchange molecules by diffusion: a network of conductances from the geometry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry import Geometry
from spinemc.geometry.voxels import Voxels, volume_of, voxelise, wall_area_of

_COARSEST = 4_000  # voxels' worth of volume on the first grid
_FINEST = 300_000  # and on the last
_FINER = 1.5  # refinement of the voxel's edge from one grid to the next
_EXACT = 1e-7  # residual of the solved diffusion, relative
_MOST_STEPS = 20_000
_TINY = np.finfo(float).tiny
_AGREE = 0.01  # change of the conductances between two grids that is small enough


@dataclass(frozen=True, eq=False)
class Exchange:
    """Diffusion between well-mixed parts of the inside and regions held at a concentration, for D = 1.

    The number N_i in part i changes by diffusion as

        dN_i/dt = -D sum_j K_ij (c_j - sum_b w_jb c_b),

    with c_j the mean concentration of part j and c_b that at held region b.

    Attributes
    ----------
    part : (p,) int
        The parts, as indices into `Geometry.compartments`; 0 is the rest, without a name of its own.
    volume : (p,) float64
        Volume of each part [um^3].
    conductance : (p, p) float64
        K, symmetric [um].
    share : (p, b) float64
        w: steady mean concentration of a part where held region b is at 1 and the others at 0; also the chance
        that a molecule spread over the part leaves through b.
    through : (b, b) float64
        G: steady flow into the inside through each held region where region b is at 1 and the others at 0 [um].
    """

    part: np.ndarray
    volume: np.ndarray
    conductance: np.ndarray
    share: np.ndarray
    through: np.ndarray


def part_volumes(geometry: Geometry) -> np.ndarray:
    """Volumes of the parts that share the inside.

    Returns
    -------
    (c,) float64
        By index into `Geometry.compartments`; the first is the rest, what no named compartment holds [um^3].
    """
    volume = np.array(geometry.compartment_volume, dtype=np.float64)
    rest = volume[0] - volume[1:].sum()
    volume[0] = rest if rest > 1e-3 * volume[0] else 0.0  # less is a film between compartments, not a part
    return volume


def at_walls(net: Exchange, D: float, uptake: np.ndarray, outside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Concentrations at the held regions, where some take up with a finite rate what diffusion brings.

    Parameters
    ----------
    net : Exchange
    D : float
        [um^2 s^-1]
    uptake : (b,) float64
        What each region takes at a concentration of 1 [um^3 s^-1]; infinite where it is held at its own.
    outside : (b,) float64
        At what each is held; no matter where its uptake is finite [um^-3].

    Returns
    -------
    (b, p) float64, (b,) float64
        The concentration at each region gained with that of each part, and what it is where all parts are empty.
    """
    follows, fixed = np.zeros((len(uptake), len(net.volume))), outside.copy()
    partly = np.isfinite(uptake)
    if partly.any():
        brought = D * net.share.T @ net.conductance
        lost = brought @ net.share + D * net.through
        own = np.diag(uptake[partly]) + lost[np.ix_(partly, partly)]
        follows[partly] = np.linalg.solve(own, brought[partly])
        fixed[partly] = -np.linalg.solve(own, lost[np.ix_(partly, ~partly)] @ outside[~partly])
    return follows, fixed


@lru_cache(maxsize=8)
def exchange(geometry: Geometry, held: tuple[int, ...] = ()) -> Exchange:
    """Conductances between the parts of the inside, and to regions that absorb or clamp.

    Diffusion is solved on the voxels cut by the mesh, on finer and finer grids until the answer settles. With
    R_ij the steady mean of c in part i for a unit source spread evenly over part j and the held regions at 0,
    K is the inverse of R, so that the network has the mean escape times of the shape itself. Without a held
    region, sources of zero sum give the same up to a constant, and K has 1 as null vector.

    Parameters
    ----------
    geometry : Geometry
    held : tuple of int
        Regions that absorb or clamp, as indices into `Geometry.regions`, ascending; 0 is all the surface that no
        other of them names.

    Returns
    -------
    Exchange

    Raises
    ------
    GeometryError
        Where the linear solver does not converge.

    Notes
    -----
    A molecule spread over a long part between two others, a neck, begins to leave at once; no network with
    positive rates does so and keeps the neck's resistance. There the diagonal of R is raised by the least
    that makes all rates of the network positive: a neck of length l is then left after l^2/(2 D) in place of
    l^2/(3 D) by what starts in it, and all that starts elsewhere keeps its mean time.
    """
    volume = part_volumes(geometry)
    part = np.flatnonzero(volume > 0.0)
    if len(part) == 1 and not held:
        return Exchange(part, volume[part], np.zeros((1, 1)), np.zeros((1, 0)), np.zeros((0, 0)))
    before: Exchange | None = None
    voxels = _COARSEST
    while True:
        grid = voxelise(*geometry.space_mesh(0), (geometry.volume / voxels) ** (1 / 3))
        found = _on_grid(geometry, grid, part, held)
        voxels = int(voxels * _FINER**3)
        if voxels > _FINEST or (before is not None and _settled(before, found)):
            return found
        before = found


def _settled(before: Exchange, after: Exchange) -> bool:
    """Whether conductances and shares of two grids agree."""
    change = np.abs(after.conductance - before.conductance).max() / np.abs(after.conductance).max()
    return max(change, np.abs(after.share - before.share).max(initial=0.0)) < _AGREE


def _on_grid(geometry: Geometry, grid: Voxels, part: np.ndarray, held: tuple[int, ...]) -> Exchange:
    """The exchange as one grid of voxels has it."""
    p = len(part)
    node, laplacian, wall = _laplacian(geometry, grid, held)
    weight = _part_volumes(geometry, grid, part)[node]
    weight /= weight.sum(axis=0)
    source = np.hstack([weight, wall])
    if not held:
        source -= (grid.volume.ravel()[node] / grid.volume.ravel()[node].sum())[:, None]
    response = _solve(laplacian, source)
    mean = weight.T @ response
    share = mean[:, p:] / mean[:, p:].sum(axis=1, keepdims=True)  # what leaves leaves somewhere
    through = -wall.T @ response[:, p:]
    np.fill_diagonal(through, 0.0)
    return Exchange(
        part=part,
        volume=part_volumes(geometry)[part],
        conductance=_network(0.5 * (mean[:, :p] + mean[:, :p].T), share),
        share=share,
        through=through - np.diag(through.sum(axis=0)),
    )


def _network(mean: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Conductances (p, p) of the network with positive rates nearest to the mean responses (p, p)."""
    p, held = len(mean), share.shape[1] > 0

    def conductance(raised: np.ndarray) -> np.ndarray:
        if held:
            return np.linalg.inv(mean + np.diag(raised))
        centre = np.eye(p) - 1.0 / p
        return np.linalg.pinv(centre @ (mean + np.diag(raised)) @ centre, rcond=1e-9, hermitian=True)

    # what passes from i to k by way of j bounds j's own response from below, as does what stays behind in j
    least = np.array(mean.max(axis=1) if held else mean.diagonal())
    for j, (i, k) in product(range(p), combinations(range(p), 2)):
        if j not in (i, k):
            by_way = mean[i, j] * mean[j, k] / mean[i, k] if held else mean[i, j] + mean[j, k] - mean[i, k]
            least[j] = max(least[j], by_way)
    raised = least - mean.diagonal()
    found = conductance(raised)
    while not _is_positive(found, share):
        raised = 1.05 * raised + 1e-3 * mean.diagonal()
        found = conductance(raised)
    return found


def _is_positive(conductance: np.ndarray, share: np.ndarray) -> bool:
    """Whether no rate between two parts, or from a held region to a part, is negative, but for round-off."""
    between = conductance - np.diag(conductance.diagonal())
    return max(between.max(), -(conductance @ share).min(initial=0.0)) <= 1e-6 * conductance.max()


def _part_volumes(geometry: Geometry, grid: Voxels, part: np.ndarray) -> np.ndarray:
    """(voxels, p) Volume of each part in each voxel [um^3]."""
    volume = np.zeros((len(geometry.parts_of(0)), grid.volume.size))
    for i in geometry.set_of(0):
        for mesh in (piece.to_mesh64() for piece in geometry.compartment_pieces[i]):
            volume[i] += volume_of(grid, mesh.vert_properties[:, :3], mesh.tri_verts).ravel()
    volume[0] = grid.volume.ravel() - volume.sum(axis=0)
    return np.clip(volume[part].T, 0.0, None)


def _laplacian(geometry: Geometry, grid: Voxels, held: tuple[int, ...]):
    """Voxels with an inside (C-order), their finite-volume Laplacian, their conductance to each held region.

    The node of a voxel stands at its centre. A voxel that a held wall cuts is only as deep as its inside,
    d = volume over wall: its node stands d/2 from the wall and from its opposite face.
    """
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import connected_components

    n = grid.volume.size
    half = np.full((3, *grid.shape), 0.5 * grid.size)
    wall = np.zeros((n, len(held)))
    for b, region in enumerate(held):
        of_region = geometry.face_region == region if region else ~np.isin(geometry.face_region, held[1:])
        area, vector = wall_area_of(grid, geometry.vertex, geometry.face[of_region])
        cut = (area > 0.0) & (grid.volume > 0.0)
        depth = np.minimum(grid.volume[cut] / area[cut], grid.size)
        half[:, cut] += 0.5 * np.abs(vector[:, cut]) / area[cut] * (depth - grid.size)
        wall[cut.ravel(), b] = area[cut] / (0.5 * depth)
    rows, columns, links = [], [], []
    index = np.arange(n).reshape(grid.shape)
    for axis in range(3):
        open_area, width = np.moveaxis(grid.open_area[axis], axis, 0)[:-1], np.moveaxis(half[axis], axis, 0)
        low, high = np.moveaxis(index, axis, 0)[:-1], np.moveaxis(index, axis, 0)[1:]
        open_ = open_area > 0.0
        rows.append(low[open_])
        columns.append(high[open_])
        links.append(open_area[open_] / (width[:-1][open_] + width[1:][open_]))
    link, ends = np.concatenate(links), (np.concatenate(rows), np.concatenate(columns))
    graph = coo_array((link, ends), shape=(n, n)).tocsr()
    _, piece = connected_components(graph, directed=False)
    largest = np.bincount(piece, grid.volume.ravel()).argmax()
    node = np.flatnonzero((piece == largest) & (grid.volume.ravel() > 0.0))
    graph = csr_array(graph[node][:, node])
    graph = graph + graph.T
    wall = wall[node]
    diagonal = graph.sum(axis=1) + wall.sum(axis=1)
    here = np.arange(len(node))
    return node, csr_array((diagonal, (here, here))) - graph, wall


def _solve(laplacian, source: np.ndarray) -> np.ndarray:
    """Solutions of L x = source, all columns at once, by conjugate gradients with the diagonal as preconditioner."""
    inverse = 1.0 / laplacian.diagonal()[:, None]
    solution = np.zeros_like(source)
    rest = source.copy()
    step = inverse * rest
    size = (rest * step).sum(axis=0)
    goal = _EXACT**2 * size
    for _ in range(_MOST_STEPS):
        if (size <= goal).all():
            return solution
        pushed = laplacian @ step
        along = np.where(size > goal, size / np.maximum((step * pushed).sum(axis=0), _TINY), 0.0)
        solution += along * step
        rest -= along * pushed
        smoothed = inverse * rest
        before, size = size, (rest * smoothed).sum(axis=0)
        step = smoothed + size / np.maximum(before, _TINY) * step
    raise GeometryError("diffusion between compartments could not be solved on the mesh's voxels.")
