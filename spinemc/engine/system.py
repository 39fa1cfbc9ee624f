"""A scenario as plain arrays: what the kernels need to know of walls, cells, reactions and boundaries."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from spinemc.chemistry.ions import carried
from spinemc.chemistry.network import Network, Step
from spinemc.engine.kernels.absorb import FAR
from spinemc.engine.kernels.tables import Cells, Chemistry, Entries, Walls
from spinemc.engine.rates import correction, spectrum
from spinemc.engine.tabulate import tabulate
from spinemc.geometry import Geometry
from spinemc.geometry.grid import PARTS, Grid, shelters
from spinemc.geometry.parts import reaches
from spinemc.scenario import Boundary, Scenario

_STEPS = (3.5, 2.0)  # lengths of steps, in standard deviations along an axis, that shelters are made for
_FLAT = 0.2  # cosine of the turn of the wall at an edge, above which one slides over it
_RIM_REACH = FAR  # standard deviations of a step within which a rim is looked for
_STRONG = 0.4  # uptake velocity in units of sqrt(D / dt) above which a wall takes paths that do not cross it
_REACH = 6.0  # standard deviations of a step within which an absorbing face is looked for


@dataclass(frozen=True, eq=False)
class System:
    """Everything about a scenario that does not change while it runs.

    Attributes
    ----------
    scenario : Scenario
    geometry : Geometry
    network : Network
    grids : tuple of Grid
        One for each space of the geometry.
    carries : (species,) int64
        How many followed ions a molecule of each population carries.

    Raises
    ------
    ScenarioError
        The reactions do not say how many.
    """

    scenario: Scenario
    geometry: Geometry
    network: Network
    grids: tuple[Grid, ...]
    carries: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "carries", carried(self.scenario, self.network))

    @cached_property
    def boundaries(self) -> tuple[tuple[str, Boundary, int], ...]:
        """Each boundary that molecules go through: its label, its description and the population on this side of it."""
        found = []
        for boundary in self.scenario.boundary:
            if boundary.kind == "reflect":
                continue
            for name in boundary.species:
                here = [self.network.species.index(name)]
                if boundary.kind == "permeable":
                    here = self._populations(here[0], boundary.region)
                found += [(f"{self.network.species[s]} at {boundary.region}", boundary, s) for s in here]
        return tuple(found)

    def _populations(self, species: int, region: str) -> list[int]:
        """The populations of a species in the spaces on the sides of a region."""
        sides = self._spaces_at(self.geometry.regions.index(region))
        alike = np.flatnonzero(self.network.home == self.network.home[species])
        return [int(s) for s in alike if self.network.space[s] in sides]

    def _spaces_at(self, region: int) -> tuple[int, int]:
        """The spaces below and above a region."""
        below, above = self.geometry.face_space[self.geometry.faces_of(region)[0]]
        return int(below), int(above)

    @cached_property
    def _sides(self) -> tuple[np.ndarray, ...]:
        """For each boundary the sides of faces that it is."""
        geometry, found = self.geometry, []
        for _, boundary, species in self.boundaries:
            faces = geometry.faces_of(geometry.regions.index(boundary.region))
            space = self.network.space[species]
            parts = [faces[geometry.face_space[faces, side] == space] + side * len(geometry.face) for side in (0, 1)]
            found.append(np.concatenate(parts))
        return tuple(found)

    @cached_property
    def _first(self) -> np.ndarray:
        """(spaces + 1,) number of the first voxel of each space."""
        return np.cumsum([0] + [g.voxels.center_inside.size for g in self.grids]).astype(np.int64)

    @cached_property
    def walls(self) -> Walls:
        """The surfaces and the grids of the spaces between them."""
        geometry, network = self.geometry, self.network
        faces = len(geometry.face)
        boundary = np.full((len(network.species), 2 * faces), -1, np.int16)
        reach = np.zeros(2 * faces)
        velocity = np.full(len(self.boundaries), np.inf)
        becomes = np.full(len(self.boundaries), -1, np.int64)
        absorbing = np.zeros((len(network.species), 2 * faces), bool)
        for number, ((_, what, species), sides) in enumerate(zip(self.boundaries, self._sides, strict=True)):
            if what.kind == "permeable":
                velocity[number] = 2.0 * what.permeability
                alike = self._populations(species, what.region)
                becomes[number] = next((s for s in alike if s != species), species)
            elif what.rate is not None:
                velocity[number] = what.rate
            boundary[species, sides] = number if velocity[number] == np.inf else -2 - number
            if self._is_strong(what, species):
                absorbing[species, sides] = True
                reach[sides] = np.maximum(reach[sides], self._reach(species))
        near_start, near = self._listed(geometry.sides.min(axis=1), geometry.sides.max(axis=1), self._in_space(reach))
        rim, rim_of = _rims(geometry, absorbing)
        fast = np.where(rim_of, network.D[:, np.newaxis], 0.0)
        ends = rim.reshape(-1, 2, 3)
        rim_reach = [
            _RIM_REACH * np.sqrt(2.0 * fast[network.space == k].max(axis=0, initial=0.0) * self.scenario.run.dt)
            for k in range(len(self.grids))
        ]
        rim_start, rim_near = self._listed(ends.min(axis=1), ends.max(axis=1), rim_reach)
        shelter, shelter_first = self._shelters
        free = (np.concatenate([g.clearance for g in self.grids]) * (1.0 - 1e-6)) ** 2
        watched = (np.diff(near_start) > 0) | (np.diff(rim_start) > 0)
        normal = np.cross(geometry.sides[:, 1] - geometry.sides[:, 0], geometry.sides[:, 2] - geometry.sides[:, 0])
        normal /= np.linalg.norm(normal, axis=1)[:, np.newaxis]
        wholes = np.searchsorted(geometry.region_surface, np.arange(len(geometry.surfaces)))
        voxels = [g.voxels for g in self.grids]
        return Walls(
            origin=np.array([v.origin for v in voxels], np.float64),
            scale=np.array([[v.size, 1.0 / v.size] for v in voxels]),
            shape=np.array([v.shape for v in voxels], np.int64),
            first=self._first[:-1],
            free=np.concatenate([free, np.where(watched, 0.0, free)] if self._takes.any() else [free]).astype(
                np.float32
            ),
            free_first=np.where(self._takes, free.size, 0),
            shelter=shelter,
            shelter_first=shelter_first,
            shelter_inverse=np.array([PARTS / g.cell_size for g in self.grids]),
            shelter_shape=np.array([g.cubes for g in self.grids], np.int64),
            center_inside=np.concatenate([v.center_inside.ravel() for v in voxels]),
            start=_chained([v.start for v in voxels]),
            triangle=np.concatenate([*(v.triangle for v in voxels), np.zeros(4, np.int32)]).astype(np.int32),
            near_start=near_start,
            near=near,
            rim_start=rim_start,
            rim_near=rim_near,
            rim=rim,
            rim_of=rim_of,
            takes=self._takes,
            parts=np.asarray((boundary < -1).any(axis=1)),
            plane=np.column_stack([normal, (normal * geometry.sides.mean(axis=1)).sum(axis=1)]),
            corner=np.ascontiguousarray(geometry.sides.reshape(-1, 9), np.float64),
            boundary=boundary,
            velocity=velocity,
            becomes=becomes,
            arrives=np.isin(np.arange(len(network.species)), becomes),
            space=network.space.astype(np.int64),
            face_space=geometry.face_space.astype(np.int64),
            neighbour=geometry.neighbour.astype(np.int32),
            face_region=geometry.face_region.astype(np.int64),
            home=np.where(np.isin(network.region, wholes), -1, network.region).astype(np.int64),
        )

    def _in_space(self, reach: np.ndarray) -> list[np.ndarray]:
        """A reach of each side, one array a space, 0 for the sides of other spaces."""
        found = []
        for k in range(len(self.grids)):
            mine = np.zeros(len(reach), bool)
            mine[self.geometry.side_faces(k)] = True
            found.append(np.where(mine, reach, 0.0))
        return found

    def _listed(self, low: np.ndarray, high: np.ndarray, reach: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """`_near` for the voxels of all spaces, with a reach for each thing and space."""
        lists = [_near(g, low, high, r) for g, r in zip(self.grids, reach, strict=True)]
        return _chained([start for start, _ in lists]), np.concatenate([things for _, things in lists])

    @cached_property
    def _shelters(self) -> tuple[np.ndarray, np.ndarray]:
        """The shelters of every population that moves, those alike in one space together; see `Walls`."""
        network, rows = self.network, 0
        tables, first = [np.zeros((0, 5), np.float32)], np.zeros(len(network.species), np.int64)
        for k, laid in enumerate(self.grids):
            here = network.space == k
            for speed in np.unique(network.D[here & (network.D > 0.0)]):
                sigma = np.sqrt(2.0 * speed * self.scenario.run.dt)
                first[here & (speed == network.D)] = rows
                tables.append(shelters(self.geometry, laid, tuple(r * sigma for r in _STEPS)))
                rows += len(tables[-1])
        return np.concatenate(tables), first

    def _is_strong(self, boundary: Boundary, species: int) -> bool:
        """Whether a boundary takes paths that do not cross it, too."""
        if boundary.kind == "permeable":
            return False
        strength = np.sqrt(self.network.D[species] / self.scenario.run.dt)
        return boundary.rate is None or bool(boundary.rate >= _STRONG * strength)

    @cached_property
    def _takes(self) -> np.ndarray:
        """(species,) whether any side takes paths of a population that do not cross it."""
        strong = [species for _, boundary, species in self.boundaries if self._is_strong(boundary, species)]
        return np.isin(np.arange(len(self.network.species)), strong)

    @cached_property
    def cells(self) -> Cells:
        """The reaction cells."""
        of_voxel, start, entry, voxel = [], [], [0], []
        cells = 0
        for laid, first in zip(self.grids, self._first, strict=False):
            volume = laid.voxels.volume.ravel()
            inner = np.flatnonzero((laid.cell >= 0) & (volume > 0.0))
            inner = inner[np.argsort(laid.cell[inner], kind="stable")]
            number = laid.cell_volume.size
            of_voxel.append(np.where(laid.cell < 0, -1, laid.cell + cells))
            start.append(np.searchsorted(laid.cell[inner], np.arange(number + 1)).astype(np.int64))
            voxel.append(inner + first)
            entry.append(entry[-1] + inner.size)
            cells += number
        geometry = self.geometry
        place = np.empty((len(geometry.compartments), 2), np.int64)
        for k, (laid, first) in enumerate(zip(self.grids, self._first, strict=False)):
            whole, *parts = geometry.parts_of(k)
            inner, size = voxel[k] - first, laid.voxels.size
            place[whole] = entry[k : k + 2]
            center = laid.voxels.origin + (np.stack(np.unravel_index(inner, laid.voxels.shape), axis=1) + 0.5) * size
            for part in parts:
                near = reaches(geometry.compartment_shape[part], center, 0.5 * np.sqrt(3.0) * size, geometry.shell)
                voxel.append(voxel[k][near])
                place[part] = entry[-1], entry[-1] + np.count_nonzero(near)
                entry.append(int(place[part, 1]))
        return Cells(
            of_voxel=np.concatenate(of_voxel).astype(np.int32),
            volume=np.concatenate([g.cell_volume for g in self.grids]),
            area=np.concatenate([g.cell_area for g in self.grids], axis=1),
            start=_chained(start),
            voxel=np.concatenate(voxel).astype(np.int32),
            place=place,
            compartment_shape=np.ascontiguousarray(geometry.compartment_shape, np.float64),
            compartment_start=np.searchsorted(geometry.compartment_space, np.arange(len(geometry.spaces) + 1)).astype(
                np.int64
            ),
            compartment_set=self._sets,
            shell=geometry.shell,
        )

    @property
    def _sets(self) -> np.ndarray:
        """(compartments, 2) int64: the first part of the set that each is of, and the first compartment after it."""
        geometry = self.geometry
        found = np.zeros((len(geometry.compartments), 2), np.int64)
        for c, of in enumerate(geometry.compartment_set):
            mine = geometry.set_of(int(geometry.compartment_space[c]), int(of))
            found[c] = (mine[0], mine[-1] + 1) if mine.size else (c, c + 1)
        return found

    @cached_property
    def entries(self) -> Entries:
        """The clamped boundaries."""
        held = [i for i, (_, boundary, _) in enumerate(self.boundaries) if boundary.kind == "clamp"]
        species = np.array([self.boundaries[i][2] for i in held], np.int64)
        voxels = [self._voxels_within_a_step(self._sides[i], int(s)) for i, s in zip(held, species, strict=True)]
        volume = [
            v.size * self.grids[self.network.space[s]].voxels.size ** 3 for v, s in zip(voxels, species, strict=True)
        ]
        tried = np.array([self.boundaries[i][1].concentration for i in held], np.float64) * volume
        return Entries(
            species=species,
            boundary=np.array(held, np.int64),
            tried=tried,
            start=np.cumsum([0] + [v.size for v in voxels]).astype(np.int64),
            voxel=np.concatenate([*voxels, np.zeros(0, np.int64)]).astype(np.int32),
            most=np.ceil(tried + 8.0 * np.sqrt(tried) + 8.0).astype(np.int64),
        )

    def _voxels_within_a_step(self, sides: np.ndarray, species: int) -> np.ndarray:
        """Numbers of the voxels from which a step of a population may reach some sides."""
        geometry, space = self.geometry, int(self.network.space[species])
        reach = np.zeros(len(geometry.sides))
        reach[sides] = self._reach(species)
        start, _ = _near(self.grids[space], geometry.sides.min(axis=1), geometry.sides.max(axis=1), reach)
        held = (np.diff(start) > 0) & (self.grids[space].voxels.volume.ravel() > 0.0)
        return np.flatnonzero(held) + self._first[space]

    def _reach(self, species: int) -> float:
        """The distance within which a step of a population looks for faces that absorb [um]."""
        return float(_REACH * np.sqrt(2.0 * self.network.D[species] * self.scenario.run.dt))

    def cell_size(self, step: Step) -> float:
        """Edge of the reaction cells in which the partners of a second-order step meet [um]."""
        return max(self.grids[k].cell_size for s in step.reactants for k in self._spaces_of(s))

    def _spaces_of(self, species: int) -> tuple[int, ...]:
        """The space that a population lives in, or those beside its region."""
        if not self.network.surface[species]:
            return (int(self.network.space[species]),)
        return tuple(k for k in self._spaces_at(int(self.network.region[species])) if k >= 0)

    def cell_volume(self, step: Step) -> float:
        """Volume of the usual cell of a second-order step: a cube, or half of one at a membrane that bounds a space."""
        whole = self.cell_size(step) ** 3
        regions = [int(self.network.region[s]) for s in step.reactants if self.network.surface[s]]
        cut = any(len(set(self._spaces_at(region))) == 2 for region in regions)
        return 0.5 * whole if cut else whole

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
                met_again = spectrum(self.cell_size(step), dt, float(first), float(second))
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
            self._chemistries[dt] = tabulate(self, dt)
        return self._chemistries[dt]

    def seen_from(self, species: int, other: int) -> int:
        """The side of its face on which a population deals with another: that of a volume, 0 where it is in one itself.

        Molecules of one surface deal with each other below it, or above where there is no space below.
        """
        if not self.network.surface[species]:
            return 0
        below, above = self._spaces_at(int(self.network.region[species]))
        if self.network.surface[other]:
            return 0 if below >= 0 else 1
        return 1 if above == self.network.space[other] else 0


def _chained(starts: list[np.ndarray]) -> np.ndarray:
    """Offsets of lists laid end to end, from the offsets of each."""
    ends = np.cumsum([0] + [int(start[-1]) for start in starts])
    parts = [start[:-1] + end for start, end in zip(starts, ends, strict=False)]
    return np.concatenate([*parts, ends[-1:]]).astype(np.int64)


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
    """Edges along which an absorbing region goes on as a reflecting wall, or ends.

    Parameters
    ----------
    geometry : Geometry
    absorbing : (species, sides) bool

    Returns
    -------
    (rims, 6) float64, (species, rims) bool
        The ends of each edge [um]; for which species it parts the two. Where the wall turns by nearly a right angle
        or more there is no rim: a step's motion along the region and across it do not mix.
    """
    face, faces = geometry.face, len(geometry.face)
    one, edge = np.nonzero(geometry.neighbour < np.arange(faces)[:, np.newaxis])
    other = geometry.neighbour[one, edge]
    ends = np.column_stack([face[one, edge], face[one, (edge + 1) % 3]])
    border = other < 0
    turn = (geometry.face_normal[one] * geometry.face_normal[other]).sum(axis=1)
    flat = border | (turn > _FLAT)
    rims, of = [np.zeros((0, 6))], [np.zeros((len(absorbing), 0), bool)]
    for side in (0, 1):
        mine = absorbing[:, one + side * faces]
        parts = (mine != (absorbing[:, other + side * faces] & ~border)) & flat
        kept = parts.any(axis=0)
        rims.append(geometry.vertex[ends[kept]].reshape(-1, 6))
        of.append(parts[:, kept])
    return np.concatenate(rims), np.concatenate(of, axis=1)
