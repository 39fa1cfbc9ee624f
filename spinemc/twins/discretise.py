"""A scenario as equations at the corners of tetrahedra, and what is read off their state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spinemc.chemistry.network import Network, Step
from spinemc.errors import EngineError
from spinemc.geometry import Geometry
from spinemc.scenario import Boundary, Scenario
from spinemc.twins.fields import Diffusion, Fields, Term
from spinemc.twins.tetrahedra import MISSING, Tetrahedra, fill, shares


@dataclass(frozen=True, eq=False)
class Discretised:
    """The equations of a scenario, and how molecules are counted in their state.

    Attributes
    ----------
    fields : Fields
        Sites are the points of `filling`, populations those of the network. Events are those of the network's steps,
        then what each boundary takes at a rate.
    filling : Tetrahedra
    share : (compartments, n) csr_array
        Volume of each point's surroundings in each compartment [um^3].
    on : dict of int to (regions, n) csr_array
        By region that a species lives on: area of each region around each point, as far as the species lives there.
    held : list of (int, (n,) float64)
        By boundary: its population, and its share of what is taken at each point.
    """

    geometry: Geometry
    network: Network
    fields: Fields
    filling: Tetrahedra
    share: Any
    on: dict[int, Any]
    held: list[tuple[int, np.ndarray]]

    def observed(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Molecules by compartment and species and by region and species; steps and absorption since the start."""
        geometry, network = self.geometry, self.network
        density, (_, events) = self.fields.density(y), self.fields.split(y)
        inside = self.share @ density
        count = np.zeros((len(geometry.compartments), len(network.volume_species)))
        for s in np.flatnonzero(~network.surface):
            here = geometry.parts_of(network.space[s])
            count[here, network.volume_species.index(network.home[s])] += inside[here, s]
        surface = np.zeros((len(geometry.regions), len(network.surface_species)))
        for i, on in enumerate(network.surface_species):
            surface[:, i] = self.on[int(network.region[on])] @ density[:, on]
        taken, steps = self.fields.taken(y), len(network.steps)
        held = [share @ taken[:, population] for population, share in self.held]
        return count, surface, events[:steps].copy(), events[steps:] + np.array(held)


def lives(geometry: Geometry, network: Network, species: int) -> np.ndarray:
    """(f,) bool: the faces that a surface species lives on."""
    return _chosen(geometry, geometry.faces_of(int(network.region[species])))


def place_of(geometry: Geometry, network: Network, step: Step) -> np.ndarray | None:
    """(f,) bool: the faces on which a step happens; None where it happens in the volume."""
    on = [lives(geometry, network, s) for s in step.reactants if network.surface[s]]
    return np.logical_and.reduce(on) if on else None


def around(geometry: Geometry, points: int, faces: np.ndarray) -> np.ndarray:
    """(points,) float64: area of some faces around each point, the geometry's corners first [um^2]."""
    area = np.repeat(geometry.face_area[faces] / 3, 3)
    found = np.bincount(geometry.face[faces].ravel(), area, minlength=points)
    return found.astype(np.float64)  # whole numbers where there is no face


def discretised(scenario: Scenario, geometry: Geometry, network: Network, edge: float | None) -> Discretised:
    """Fill the spaces that have molecules, and write the equations down at the corners.

    Parameters
    ----------
    scenario : Scenario
    geometry : Geometry
    network : Network
    edge : float or None
        The longest edge of a tetrahedron [um].

    Raises
    ------
    EngineError, GeometryError
        As `fill`.
    """
    filling = fill(geometry, [int(s) for s in np.unique(network.space[~network.surface])], edge)
    share, n = shares(geometry, filling), len(filling.point)
    weight = np.zeros((n, len(network.species)))
    for s, on_surface in enumerate(network.surface):
        if on_surface:
            weight[:, s] = around(geometry, n, lives(geometry, network, s))
        else:
            weight[:, s] = filling.node_volume(int(network.space[s]))
    boundaries = _boundaries(scenario, geometry, network)
    areas = [around(geometry, n, faces) for _, _, faces in boundaries]
    held, shared = _held(weight, boundaries, areas)
    terms = [*_steps(geometry, network, share, weight), *_passing(network, boundaries, areas)]
    rate = [b.permeability if b.kind == "permeable" else b.rate or 0.0 for b, _, _ in boundaries]
    fields = Fields(
        weight=weight,
        held=held,
        terms=terms,
        diffusion=_diffusion(geometry, network, filling, held),
        rates=_rates(network, np.array(rate)),
        events=len(network.steps) + len(boundaries),
    )
    on = {region: _by_region(geometry, n, region) for region in set(network.region[network.surface].tolist())}
    return Discretised(geometry, network, fields, filling, share, on, shared)


def _chosen(geometry: Geometry, numbers: np.ndarray) -> np.ndarray:
    chosen = np.zeros(len(geometry.face), bool)
    chosen[numbers] = True
    return chosen


def _by_region(geometry: Geometry, n: int, home: int):
    """(regions, n) csr_array of the area around each point of each region, where it is of a species' home."""
    from scipy.sparse import csr_array

    there = _chosen(geometry, geometry.faces_of(home))
    regions = (_chosen(geometry, geometry.faces_of(region)) & there for region in range(len(geometry.regions)))
    return csr_array(np.stack([around(geometry, n, faces) for faces in regions]))


def _boundaries(scenario: Scenario, geometry: Geometry, network: Network) -> list[tuple[Boundary, int, np.ndarray]]:
    """Each boundary that molecules go through: what it is, the population before it, the faces (f,) where it holds."""
    found: list[tuple[Boundary, int, np.ndarray]] = []
    for boundary in scenario.boundary:
        faces = geometry.faces_of(geometry.regions.index(boundary.region))
        for name in boundary.species if boundary.kind != "reflect" else ():
            here = [network.species.index(name)]
            if boundary.kind == "permeable":
                sides = np.unique(geometry.face_space[faces])
                alike = np.flatnonzero(network.home == network.home[here[0]])
                here = [int(s) for s in alike if network.space[s] in sides]
            for s in here:
                for _, other, taken in found:
                    if other == s:
                        taken[faces] = False
                found.append((boundary, s, _chosen(geometry, faces)))
    return found


def _held(
    weight: np.ndarray, boundaries: list[tuple[Boundary, int, np.ndarray]], areas: list[np.ndarray]
) -> tuple[np.ndarray, list[tuple[int, np.ndarray]]]:
    """Densities (n, s) at which points are held, NaN where they are not; and each boundary's share at each point."""
    level, whole = np.zeros_like(weight), np.zeros_like(weight)
    holding = [b.kind == "clamp" or (b.kind == "absorb" and b.rate is None) for b, _, _ in boundaries]
    for (boundary, s, _), area, holds in zip(boundaries, areas, holding, strict=True):
        if holds:
            level[:, s] += area * boundary.concentration
            whole[:, s] += area
    held = np.divide(level, whole, out=np.full_like(weight, np.nan), where=whole > 0.0)
    shares_of = [
        (s, np.divide(area, whole[:, s], out=np.zeros_like(area), where=whole[:, s] > 0.0) * holds)
        for (_, s, _), area, holds in zip(boundaries, areas, holding, strict=True)
    ]
    return held, shares_of


def _steps(geometry: Geometry, network: Network, share: Any, weight: np.ndarray) -> list[Term]:
    """The network's steps where they happen."""
    terms = []
    for number, step in enumerate(network.steps):
        change: dict[int, float] = {}
        for s, sign in [*((s, -1.0) for s in step.reactants), *((s, 1.0) for s in step.products)]:
            change[s] = change.get(s, 0.0) + sign
        on = place_of(geometry, network, step)
        if on is not None:
            there = around(geometry, len(weight), on)
        elif step.reactants:
            there = weight[:, step.reactants[0]]
        else:
            there = share[[step.where]].toarray()[0]
        terms.append(Term(number, step.reactants, change, there))
    return terms


def _passing(
    network: Network, boundaries: list[tuple[Boundary, int, np.ndarray]], areas: list[np.ndarray]
) -> list[Term]:
    """What boundaries take or let by at a rate, in proportion to the density before them."""
    terms = []
    for number, ((boundary, s, _), area) in enumerate(zip(boundaries, areas, strict=True), len(network.steps)):
        if boundary.kind == "permeable":
            becomes = next(t for b, t, _ in boundaries if b is boundary and t != s and _alike(network, s, t))
            terms.append(Term(number, (s,), {s: -1.0, becomes: 1.0}, area))
        elif boundary.rate is not None:
            terms.append(Term(number, (s,), {s: -1.0}, area))
    return terms


def _alike(network: Network, one: int, other: int) -> bool:
    return bool(network.home[one] == network.home[other])


def _rates(network: Network, constant: np.ndarray) -> Callable[[float], np.ndarray]:
    """The rates of the network's steps at a time, followed by constant ones."""
    fixed = np.concatenate([[step.rate.value[0] for step in network.steps], constant])
    moving = [(i, step.rate) for i, step in enumerate(network.steps) if not step.rate.is_constant]

    def at(t: float) -> np.ndarray:
        k = fixed.copy()
        for i, rate in moving:
            k[i] = np.interp(t, rate.time, rate.value)
        return k

    return at


def _diffusion(geometry: Geometry, network: Network, filling: Tetrahedra, held: np.ndarray) -> list[Diffusion]:
    """Populations that move, those that do so alike together."""
    alike: dict[tuple[bool, int, float, bytes], list[int]] = {}
    for s in np.flatnonzero(network.D > 0.0):
        on_surface = bool(network.surface[s])
        domain = int(network.region[s] if on_surface else network.space[s])
        alike.setdefault((on_surface, domain, float(network.D[s]), held[:, s].tobytes()), []).append(int(s))
    stiff = {key[:2]: _stiffness(geometry, filling, *key[:2]) for key in alike}
    return [Diffusion(population, D, stiff[on, where]) for (on, where, D, _), population in alike.items()]


def _stiffness(geometry: Geometry, filling: Tetrahedra, on_surface: bool, domain: int):
    """(n, n) csr_array: products of the hats' gradients over a space, or over the faces of a region."""
    n = len(filling.point)
    if on_surface:
        return _on_triangles(geometry, geometry.faces_of(domain), n)
    return _in_tetrahedra(filling, filling.cell_space == domain, n)


def _in_tetrahedra(filling: Tetrahedra, chosen: np.ndarray, n: int):
    from scipy.sparse import csr_array

    try:
        import skfem
        from skfem.models.poisson import laplace
    except ImportError as fault:
        raise EngineError(MISSING) from fault
    used, cell = np.unique(filling.cell[chosen], return_inverse=True)
    mesh = skfem.MeshTet(np.ascontiguousarray(filling.point[used].T), np.ascontiguousarray(cell.reshape(-1, 4).T))
    local = laplace.assemble(skfem.Basis(mesh, skfem.ElementTetP1())).tocoo()
    return csr_array((local.data, (used[local.row], used[local.col])), shape=(n, n))


def _on_triangles(geometry: Geometry, faces: np.ndarray, n: int):
    """The same on triangles in space: half the cotangents of their angles."""
    from scipy.sparse import csr_array

    corner = geometry.triangles[faces]
    opposite = np.roll(corner, -2, axis=1) - np.roll(corner, -1, axis=1)
    local = np.einsum("fix,fjx->fij", opposite, opposite) / (4.0 * geometry.face_area[faces])[:, None, None]
    row = np.repeat(geometry.face[faces], 3, axis=1)
    column = np.tile(geometry.face[faces], 3)
    return csr_array((local.ravel(), (row.ravel(), column.ravel())), shape=(n, n))
