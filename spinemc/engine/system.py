"""A scenario as plain arrays: what the kernels need to know of walls, cells, reactions and boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spinemc.chemistry.network import Network, Step
from spinemc.engine.kernels.tables import (
    AT_FIRST,
    AT_SECOND,
    BELOW,
    SPREAD,
    Cells,
    Chemistry,
    Entries,
    Walls,
)
from spinemc.engine.rates import correction, returns
from spinemc.geometry import Geometry
from spinemc.geometry.grid import Grid, shelters
from spinemc.scenario import Boundary, Scenario

_STEPS = (3.5, 2.0)  # lengths of steps, in standard deviations along an axis, that shelters are made for
_FLAT = 0.2  # cosine of the turn of the wall at an edge, above which one slides over it
_RIM_REACH = 4.0  # standard deviations of a step within which a rim is looked for
_REACH = 6.0  # standard deviations of a step within which an absorbing face is looked for


@dataclass(frozen=True, eq=False)
class System:
    """Everything about a scenario that does not change while it runs.

    Attributes
    ----------
    scenario : Scenario
    geometry : Geometry
    network : Network
    grid : Grid
    """

    scenario: Scenario
    geometry: Geometry
    network: Network
    grid: Grid

    @cached_property
    def boundaries(self) -> tuple[tuple[str, Boundary, int], ...]:
        """Each boundary that takes molecules out or lets them in: its label, its description and its species."""
        index = self.network.species.index
        return tuple(
            (f"{name} at {boundary.region}", boundary, index(name))
            for boundary in self.scenario.boundary
            if boundary.kind != "reflect"
            for name in boundary.species
        )

    @cached_property
    def _faces(self) -> tuple[np.ndarray, ...]:
        regions = self.geometry.regions
        return tuple(
            np.flatnonzero(self.geometry.face_region == regions.index(boundary.region))
            if boundary.region != regions[0]
            else np.arange(self.geometry.face.shape[0])
            for _, boundary, _ in self.boundaries
        )

    @cached_property
    def walls(self) -> Walls:
        """The surface and its grid."""
        geometry, voxels = self.geometry, self.grid.voxels
        boundary = np.full((len(self.network.species), geometry.face.shape[0]), -1, np.int16)
        reach = np.zeros(geometry.face.shape[0])
        for number, ((_, _, species), faces) in enumerate(zip(self.boundaries, self._faces, strict=True)):
            boundary[species, faces] = number
            far = _REACH * np.sqrt(2.0 * self.network.D[species] * self.scenario.run.dt)
            reach[faces] = np.maximum(reach[faces], far)
        triangles = geometry.triangles
        near_start, near = _near(self.grid, triangles.min(axis=1), triangles.max(axis=1), reach)
        kinds = np.array([b.kind == "absorb" for _, b, _ in self.boundaries] + [False])
        rim, rim_of = _rims(geometry, kinds[boundary])
        fastest = np.where(rim_of, self.network.D[:, np.newaxis], 0.0).max(axis=0)
        ends = rim.reshape(-1, 2, 3)
        rim_reach = _RIM_REACH * np.sqrt(2.0 * fastest * self.scenario.run.dt)
        rim_start, rim_near = _near(self.grid, ends.min(axis=1), ends.max(axis=1), rim_reach)
        moving, kind = np.unique(self.network.D, return_inverse=True)
        sigma = np.sqrt(2.0 * moving * self.scenario.run.dt)
        corner = geometry.triangles.reshape(-1, 9)
        normal = geometry.face_normal
        return Walls(
            origin=np.ascontiguousarray(voxels.origin, np.float64),
            scale=np.array([voxels.size, 1.0 / voxels.size]),
            shape=np.array(voxels.shape, np.int64),
            shelter=np.stack([shelters(geometry, self.grid, tuple(r * s for r in _STEPS)) for s in sigma]),
            shelter_class=kind.astype(np.int64),
            center_inside=np.ascontiguousarray(voxels.center_inside.ravel()),
            start=voxels.start.astype(np.int64),
            triangle=voxels.triangle.astype(np.int32),
            near_start=near_start,
            near=near,
            rim_start=rim_start,
            rim_near=rim_near,
            rim=rim,
            rim_of=rim_of,
            takes=np.asarray((boundary >= 0).any(axis=1)),
            plane=np.column_stack([normal, (normal * geometry.triangles.mean(axis=1)).sum(axis=1)]),
            corner=np.ascontiguousarray(corner, np.float64),
            boundary=boundary,
        )

    @cached_property
    def cells(self) -> Cells:
        """The reaction cells."""
        grid = self.grid
        volume = grid.voxels.volume.ravel()
        voxel = np.flatnonzero((grid.cell >= 0) & (volume > 0.0))
        voxel = voxel[np.argsort(grid.cell[voxel], kind="stable")]
        number = grid.cell_volume.size
        return Cells(
            of_voxel=np.column_stack([grid.cell, np.minimum(grid.clearance * 1e6, 2**30)]).astype(np.int32),
            volume=grid.cell_volume,
            area=grid.cell_area,
            start=np.searchsorted(grid.cell[voxel], np.arange(number + 1)).astype(np.int64),
            voxel=voxel.astype(np.int32),
            upto=np.cumsum(volume[voxel]),
            compartment_shape=np.ascontiguousarray(self.geometry.compartment_shape, np.float64),
        )

    @cached_property
    def entries(self) -> Entries:
        """The clamped boundaries."""
        held = [i for i, (_, boundary, _) in enumerate(self.boundaries) if boundary.kind == "clamp"]
        area = self.geometry.face_area
        faces = [self._faces[i] for i in held]
        joined = np.concatenate([*faces, np.zeros(0, np.int64)])
        return Entries(
            species=np.array([self.boundaries[i][2] for i in held], np.int64),
            boundary=np.array(held, np.int64),
            concentration=np.array([self.boundaries[i][1].concentration for i in held], np.float64),
            start=np.cumsum([0] + [f.size for f in faces]).astype(np.int64),
            face=joined.astype(np.int64),
            upto=np.cumsum(area[joined]),
            area=np.array([area[f].sum() for f in faces], np.float64),
        )

    def cell_volume(self, step: Step) -> float:
        """Inside volume of the usual cell of a second-order step: a cube, or half of one at the membrane."""
        whole = self.grid.cell_size**3
        return whole if not any(self.network.surface[s] for s in step.reactants) else 0.5 * whole

    def is_planar(self, step: Step) -> bool:
        """Whether both partners of a second-order step sit in the membrane."""
        return len(step.reactants) == 2 and all(self.network.surface[s] for s in step.reactants)

    def corrections(self, dt: float) -> np.ndarray:
        """(steps,) factor from each step's macroscopic to its microscopic rate; a reverse step shares its partner's."""
        steps = self.network.steps
        factor = np.ones(len(steps))
        for r, step in enumerate(steps):
            if len(step.reactants) == 2 and not self.is_planar(step):
                first, second = (self.network.D[s] for s in step.reactants)
                met_again = returns(self.grid.cell_size, dt, first, second)
                factor[r] = correction(max(step.rate.value), self.cell_volume(step), met_again, dt)
        for r, step in enumerate(steps):
            if len(step.reactants) == 1 and step.reverse >= 0:
                factor[r] = factor[step.reverse]
        return factor

    @cached_property
    def _chemistries(self) -> dict[float, Chemistry]:
        return {}

    def chemistry(self, dt: float) -> Chemistry:
        """The reactions as tables, with the microscopic rates that a time step asks for.

        Parameters
        ----------
        dt : float
            Time step [s].
        """
        if dt not in self._chemistries:
            self._chemistries[dt] = self._tabulate(dt)
        return self._chemistries[dt]

    def _tabulate(self, dt: float) -> Chemistry:
        network = self.network
        number = len(network.species)
        steps = network.steps
        pairs = [(r, *_active(network, step)) for r, step in enumerate(steps) if len(step.reactants) == 2]
        looked_for = sorted({other for _, _, other in pairs})
        column = np.full(number, -1, np.int64)
        column[looked_for] = np.arange(len(looked_for))
        pairs.sort(key=lambda pair: pair[1])
        single = [r for r, step in enumerate(steps) if len(step.reactants) < 2]
        factor = self.corrections(dt)
        volume = self.geometry.compartment_volume
        scale = [volume[step.where] if not step.reactants else factor[r] for r, step in enumerate(steps)]
        consumed = np.zeros((len(steps), 2), bool)
        products: list[list[tuple[int, int]]] = []
        for r, step in enumerate(steps):
            gone, made = _change(network, step)
            consumed[r, : len(gone)] = gone
            products.append(made)
        sizes = [len(step.rate.time) for step in steps]
        return Chemistry(
            uni=np.array(single, np.int64),
            uni_species=np.array([steps[r].reactants[0] if steps[r].reactants else -1 for r in single], np.int64),
            uni_where=np.array([steps[r].where for r in single], np.int64),
            active_start=np.searchsorted([p[1] for p in pairs], np.arange(number + 1)).astype(np.int64),
            active=np.array([p[0] for p in pairs], np.int64),
            partner=np.array([p[2] for p in pairs], np.int64),
            partner_column=np.array([column[p[2]] for p in pairs], np.int64),
            column=column,
            columns=np.array([len(looked_for)], np.int64),
            rate_start=np.cumsum([0, *sizes]).astype(np.int64),
            rate_time=np.array([t for step in steps for t in step.rate.time], np.float64),
            rate_value=np.array(
                [v * c for step, c in zip(steps, scale, strict=True) for v in step.rate.value], np.float64
            ),
            consumed=consumed,
            product_start=np.cumsum([0] + [len(m) for m in products]).astype(np.int64),
            product=np.array([s for made in products for s, _ in made], np.int64),
            product_place=np.array([p for made in products for _, p in made], np.int64),
            surface=network.surface,
            D=network.D,
        )


def _active(network: Network, step: Step) -> tuple[int, int]:
    """The reactant that looks for a partner, and the partner: the one in the volume, and of two such the faster."""
    first, second = step.reactants
    key = [(not network.surface[s], network.D[s]) for s in (first, second)]
    return (second, first) if key[1] > key[0] else (first, second)


def _change(network: Network, step: Step) -> tuple[list[bool], list[tuple[int, int]]]:
    """Which reactants disappear, in the order active, partner, and which species appear where.

    A freed partner of a reversible binding goes anywhere in the cell while the slower one keeps the complex's place,
    and a complex forms where the slower partner was: forward and backward paths are each other's mirror images.
    """
    reactants = _active(network, step) if len(step.reactants) == 2 else step.reactants
    left = list(step.products)
    gone = []
    for s in reactants:
        gone.append(s not in left)
        if s in left:
            left.remove(s)
    made: list[tuple[int, int]] = []
    volume = sorted((s for s in left if not network.surface[s]), key=lambda s: -network.D[s])
    membrane = [s for s in left if network.surface[s]]
    if len(reactants) == 2:
        on_membrane = AT_SECOND if network.surface[reactants[1]] else AT_FIRST
        made += [(s, on_membrane) for s in membrane]
        if network.surface[reactants[0]]:
            made += [(s, BELOW) for s in volume]
        elif network.surface[reactants[1]]:
            made += [(s, AT_FIRST) for s in volume]
        else:
            places = [AT_FIRST] * (len(volume) - 1) + [AT_SECOND]
            if not gone[1]:
                places = [AT_FIRST] * len(volume)
            made += list(zip(volume, places, strict=True))
    else:
        unbinds = step.reverse >= 0 and len(step.products) == 2 and bool(gone) and gone[0]
        made += [(s, AT_FIRST) for s in membrane]
        if unbinds and not membrane and len(volume) == 2:
            made += [(volume[0], SPREAD), (volume[1], AT_FIRST)]
        else:
            from_membrane = bool(reactants) and bool(network.surface[reactants[0]])
            place = SPREAD if unbinds else BELOW if from_membrane else AT_FIRST
            made += [(s, place) for s in volume]
    return gone, made


def _near(grid: Grid, low: np.ndarray, high: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each voxel the boxes (corners low and high), of those with a reach [um] above 0, that come within it."""
    voxels = grid.voxels
    total = int(np.prod(voxels.shape))
    owners, things = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for n in np.flatnonzero(reach > 0.0):
        first = np.floor((low[n] - reach[n] - voxels.origin) / voxels.size).astype(int)
        last = np.floor((high[n] + reach[n] - voxels.origin) / voxels.size).astype(int)
        axes = [np.arange(max(a, 0), min(b, m - 1) + 1) for a, b, m in zip(first, last, voxels.shape, strict=True)]
        i, j, k = np.meshgrid(*axes, indexing="ij")
        found = ((i * voxels.shape[1] + j) * voxels.shape[2] + k).ravel()
        owners.append(found)
        things.append(np.full(found.size, n))
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    start = np.searchsorted(owner[order], np.arange(total + 1)).astype(np.int64)
    return start, np.concatenate(things)[order].astype(np.int32)


def _rims(geometry: Geometry, absorbing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges along which an absorbing region goes on as a reflecting wall.

    Parameters
    ----------
    geometry : Geometry
    absorbing : (species, faces) bool

    Returns
    -------
    (rims, 6) float64, (species, rims) bool
        The ends of each edge [um]; for which species it parts the two. Where the wall turns by nearly a right angle
        or more there is no rim: a step's motion along the region and across it do not mix.
    """
    face = geometry.face
    edge = np.sort(np.concatenate([face[:, [0, 1]], face[:, [1, 2]], face[:, [2, 0]]]), axis=1)
    owner = np.tile(np.arange(len(face)), 3)
    order = np.lexsort((edge[:, 1], edge[:, 0]))
    one, other = owner[order[0::2]], owner[order[1::2]]
    ends = edge[order[0::2]]
    flat = (geometry.face_normal[one] * geometry.face_normal[other]).sum(axis=1) > _FLAT
    parts = (absorbing[:, one] != absorbing[:, other]) & flat
    kept = parts.any(axis=0)
    return geometry.vertex[ends[kept]].reshape(-1, 6), parts[:, kept]
