"""How parts of a space exchange molecules by diffusion: a network of conductances from the geometry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np

from spinemc.geometry import Geometry
from spinemc.geometry.voxels import Voxels, volume_of, voxelise, wall_area_of
from spinemc.twins.potentials import solved

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_COARSEST = 4_000  # voxels' worth of volume on the first grid
_FINEST = 300_000  # and on the last
_FINER = 1.5  # refinement of the voxel's edge from one grid to the next
_FAINT = 1e-3  # shares of less say nothing about ways
_AGREE = 0.01  # change of the conductances between two grids that is small enough


@dataclass(frozen=True, eq=False)
class Exchange:
    """Diffusion between well-mixed parts of a space and regions held at a concentration, for D = 1.

    The number N_i in part i changes by diffusion as

        dN_i/dt = -D sum_j K_ij (c_j - sum_b w_jb c_b),

    with c_j the mean concentration of part j and c_b that at held region b.

    Attributes
    ----------
    part : (p,) int
        The parts, as indices into `Geometry.compartments`; the whole space is the rest, without a name of its own.
    volume : (p,) float64
        Volume of each part [um^3].
    conductance : (p, p) float64
        K, symmetric [um].
    share : (p, b) float64
        w: steady mean concentration of a part where held region b is at 1 and the others at 0; also the chance
        that a molecule spread over the part leaves through b.
    through : (b, b) float64
        G: steady flow into the space through each held region where region b is at 1 and the others at 0 [um].
    held : (b,) int
        Which of the regions asked for each held one is, or is a piece of.
    area : (b,) float64
        [um^2]
    """

    part: np.ndarray
    volume: np.ndarray
    conductance: np.ndarray
    share: np.ndarray
    through: np.ndarray
    held: np.ndarray
    area: np.ndarray


def part_volumes(geometry: Geometry, space: int = 0) -> np.ndarray:
    """Volumes of the parts that share a space.

    Returns
    -------
    (c,) float64
        By index into `Geometry.compartments`, 0 for those of other spaces; that of the whole space is the rest, what no
        named compartment holds [um^3].
    """
    whole, named = geometry.parts_of(space)[0], geometry.set_of(space)
    volume = np.zeros(len(geometry.compartments))
    volume[named] = geometry.compartment_volume[named]
    entire = float(geometry.compartment_volume[whole])
    rest = entire - volume[named].sum()
    volume[whole] = rest if rest > 1e-3 * entire else 0.0  # less is a film between compartments, not a part
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
def exchange(geometry: Geometry, held: tuple[int, ...] = (), space: int = 0) -> Exchange:
    """Conductances between the parts of a space, and to regions that absorb or clamp.

    Diffusion is solved on the voxels cut by the mesh, on finer and finer grids until the answer settles. With
    R_ij the steady mean of c in part i for a unit source spread evenly over part j and the held regions at 0,
    K is the inverse of R, so that the network has the mean escape times of the shape itself. Without a held
    region, sources of zero sum give the same up to a constant, and K has 1 as null vector.

    Parameters
    ----------
    geometry : Geometry
    held : tuple of int
        Regions that absorb or clamp, as indices into `Geometry.regions`, ascending; the whole of a surface is all of
        it that no other of them names.
    space : int
        Index into `Geometry.spaces`.

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
    volume = part_volumes(geometry, space)
    part = np.flatnonzero(volume > 0.0)
    if len(part) == 1 and not held:
        none = np.zeros(0)
        return Exchange(part, volume[part], np.zeros((1, 1)), none[None], np.zeros((0, 0)), none.astype(int), none)
    before: Exchange | None = None
    voxels = _COARSEST
    while True:
        grid = voxelise(*geometry.space_mesh(space), (geometry.space_volume(space) / voxels) ** (1 / 3))
        found = _on_grid(geometry, grid, part, held, space)
        voxels = int(voxels * _FINER**3)
        if voxels > _FINEST or (before is not None and _settled(before, found)):
            return found
        before = found


def _settled(before: Exchange, after: Exchange) -> bool:
    """Whether conductances and shares of two grids agree."""
    change = np.abs(after.conductance - before.conductance).max() / np.abs(after.conductance).max()
    return max(change, np.abs(after.share - before.share).max(initial=0.0)) < _AGREE


def _on_grid(geometry: Geometry, grid: Voxels, part: np.ndarray, held: tuple[int, ...], space: int) -> Exchange:
    """The exchange as one grid of voxels has it."""
    mesh = conducting(geometry, grid, held)
    weight = _part_volumes(geometry, grid, part, space)[mesh.node]
    mean, share, through = responses(mesh.graph, mesh.wall, weight, mesh.volume)
    return Exchange(
        part=part,
        volume=part_volumes(geometry, space)[part],
        conductance=network(mean, share),
        share=share,
        through=through,
        held=np.arange(len(held)),
        area=np.array([geometry.face_area[faces_held(geometry, held, b)].sum() for b in range(len(held))]),
    )


def responses(
    graph: csr_array, wall: np.ndarray, weight: np.ndarray, volume: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What sources spread over parts, and held regions, do to the means in the parts.

    Parameters
    ----------
    graph : (n, n) csr_array
        Conductances between voxels, all connected [um].
    wall : (n, b) float64
        And from them to held regions [um].
    weight : (n, p) float64
        Volume of each part in each voxel [um^3].
    volume : (n,) float64
        Of the voxels [um^3].

    Returns
    -------
    (p, p), (p, b), (b, b) float64
        R, symmetric, as in `exchange` [1/um]; `Exchange.share` and `Exchange.through`.

    Raises
    ------
    GeometryError
        As `exchange`.
    """
    from scipy.sparse import diags_array

    p = weight.shape[1]
    weight = weight / weight.sum(axis=0)
    source = np.hstack([weight, wall])
    if not wall.shape[1]:
        source -= (volume / volume.sum())[:, None]
    response = solved((diags_array(graph.sum(axis=1) + wall.sum(axis=1)) - graph).tocsr(), source)
    mean = weight.T @ response
    share = mean[:, p:] / mean[:, p:].sum(axis=1, keepdims=True)  # what leaves leaves somewhere
    through = -wall.T @ response[:, p:]
    np.fill_diagonal(through, 0.0)
    return 0.5 * (mean[:, :p] + mean[:, :p].T), share, through - np.diag(through.sum(axis=0))


def network(mean: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Conductances (p, p) of the network with positive rates nearest to the mean responses (p, p)."""
    held = share.shape[1] > 0
    raised = raise_of(mean, share)
    found = raised_network(mean, raised, held)
    while not _is_positive(found, share):
        raised = 1.05 * raised + 1e-3 * mean.diagonal()
        found = raised_network(mean, raised, held)
    return found


def raised_network(mean: np.ndarray, raised: np.ndarray, held: bool) -> np.ndarray:
    """Conductances (p, p) of the network with some mean responses (p, p), own ones raised by (p,)."""
    p = len(mean)
    if held:
        return np.asarray(np.linalg.inv(mean + np.diag(raised)))
    centre = np.eye(p) - 1.0 / p
    return np.asarray(np.linalg.pinv(centre @ (mean + np.diag(raised)) @ centre, rcond=1e-9, hermitian=True))


def raise_of(mean: np.ndarray, share: np.ndarray, through: np.ndarray | None = None) -> np.ndarray:
    """(p,) By how much own responses are below what passes through, or stays behind in, a part makes them.

    What passes from one held region to another is looked at where `Exchange.through` is given.
    """
    p, held = len(mean), share.shape[1]
    least = np.array(mean.max(axis=1) if held else mean.diagonal())
    tiny = 1e-6 * mean.max()
    for j, (i, k) in product(range(p), combinations(range(p), 2)):
        if j not in (i, k) and not held:
            least[j] = max(least[j], mean[i, j] + mean[j, k] - mean[i, k])
        elif j not in (i, k) and mean[i, k] > tiny:
            least[j] = max(least[j], mean[i, j] * mean[j, k] / mean[i, k])
    for j, i, b in product(range(p), range(p), range(held)):
        if j != i and share[i, b] > _FAINT:
            least[j] = max(least[j], mean[i, j] * share[j, b] / share[i, b])
    for j, (a, b) in product(range(p), combinations(range(held if through is not None else 0), 2)):
        if through is not None and share[j, a] * share[j, b] > _FAINT:
            least[j] = max(least[j], share[j, a] * share[j, b] / -through[a, b])
    return least - mean.diagonal()


def _is_positive(conductance: np.ndarray, share: np.ndarray) -> bool:
    """Whether no rate between two parts, or from a held region to a part, is negative, but for round-off."""
    between = conductance - np.diag(conductance.diagonal())
    return max(between.max(), -(conductance @ share).min(initial=0.0)) <= 1e-6 * conductance.max()


def _part_volumes(geometry: Geometry, grid: Voxels, part: np.ndarray, space: int) -> np.ndarray:
    """(voxels, p) Volume of each part in each voxel [um^3]."""
    numbers = geometry.parts_of(space)
    volume = np.zeros((len(numbers), *grid.shape))
    for i in geometry.set_of(space):
        row = volume[np.searchsorted(numbers, i)]
        for mesh in (piece.to_mesh64() for piece in geometry.compartment_pieces[i]):
            box, inside = volume_of(grid, mesh.vert_properties[:, :3], mesh.tri_verts)
            row[box] += inside
    volume[0] = grid.volume - volume.sum(axis=0)
    return np.clip(volume[np.searchsorted(numbers, part)].reshape(len(part), -1).T, 0.0, None)


@dataclass(frozen=True, eq=False)
class Conducting:
    """Voxels with an inside that are connected, (n,) numbers in C order, and what diffusion meets between them.

    The node of a voxel stands at its centre. A voxel that a held wall cuts is only as deep as its inside,
    d = volume over wall: its node stands d/2 from the wall and from its opposite face.
    """

    node: np.ndarray
    volume: np.ndarray  # (n,) [um^3]
    graph: csr_array  # (n, n) conductances between them [um]
    wall: np.ndarray  # (n, b) and to each held region
    wall_area: np.ndarray  # (n, b) [um^2]


def faces_held(geometry: Geometry, held: tuple[int, ...], b: int) -> np.ndarray:
    """(f,) bool: the faces of a held region; of the whole of a surface those that no other names."""
    mine = np.zeros(len(geometry.face), bool)
    mine[geometry.faces_of(held[b])] = True
    return mine & ((geometry.face_region == held[b]) | ~np.isin(geometry.face_region, held))


def conducting(geometry: Geometry, grid: Voxels, held: tuple[int, ...]) -> Conducting:
    """A space of a geometry as a grid has it."""
    from scipy.sparse.csgraph import connected_components

    half = np.full((3, *grid.shape), 0.5 * grid.size)
    wall, wall_area = np.zeros((2, grid.volume.size, len(held)))
    for b in range(len(held)):
        area, vector = wall_area_of(grid, geometry.vertex, geometry.face[faces_held(geometry, held, b)])
        cut = (area > 0.0) & (grid.volume > 0.0)
        depth = np.minimum(grid.volume[cut] / area[cut], grid.size)
        half[:, cut] += 0.5 * np.abs(vector[:, cut]) / area[cut] * (depth - grid.size)
        wall[cut.ravel(), b] = area[cut] / (0.5 * depth)
        wall_area[cut.ravel(), b] = area[cut]
    graph, volume = links(grid, half), grid.volume.ravel()
    _, piece = connected_components(graph, directed=False)
    node = np.flatnonzero((piece == np.bincount(piece, volume).argmax()) & (volume > 0.0))
    return Conducting(node, volume[node], graph[node][:, node], wall[node], wall_area[node])


def links(grid: Voxels, half: np.ndarray) -> csr_array:
    """Conductances between the voxels of a grid, for D = 1.

    Parameters
    ----------
    grid : Voxels
    half : (3, nx, ny, nz) float64
        From each voxel's node to its faces, by axis [um].

    Returns
    -------
    (n, n) csr_array
        Symmetric, voxels in C order [um].
    """
    from scipy.sparse import coo_array

    rows, columns, found = [], [], []
    index = np.arange(grid.volume.size).reshape(grid.shape)
    for axis in range(3):
        open_area, width = np.moveaxis(grid.open_area[axis], axis, 0)[:-1], np.moveaxis(half[axis], axis, 0)
        low, high = np.moveaxis(index, axis, 0)[:-1], np.moveaxis(index, axis, 0)[1:]
        open_ = open_area > 0.0
        rows.append(low[open_])
        columns.append(high[open_])
        found.append(open_area[open_] / (width[:-1][open_] + width[1:][open_]))
    ends = np.concatenate(rows), np.concatenate(columns)
    graph = coo_array((np.concatenate(found), ends), shape=(index.size, index.size)).tocsr()
    return graph + graph.T
