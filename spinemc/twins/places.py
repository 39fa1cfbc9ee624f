"""Where the molecules of a network of well-mixed pieces can be, and what is counted of their numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemc.chemistry.network import Network
from spinemc.geometry import Geometry
from spinemc.twins import formulas
from spinemc.twins.segments import Segments, patches, segments


@dataclass(frozen=True, eq=False)
class Places:
    """Where molecules can be, and where each species and place stands in the state.

    Attributes
    ----------
    cut : Segments
        The well-mixed pieces of the spaces that have molecules, and of the inside.
    space : (p,) int
        Index into `Geometry.spaces` of each piece.
    patch_region : (q,) int
        Region of each patch: the surface that shares a region and the pieces on its sides.
    patch_side : (q, 2) int
        The pieces just below and just above, indices into `part`; -1 for none.
    area : (q,) float64
        [um^2]
    state : (species, p or q) int
        Place of a species in the state: by piece for volume species, by patch for surface species; -1 where it cannot
        be.
    size : int
        Length of the state.
    """

    cut: Segments
    space: np.ndarray
    patch_region: np.ndarray
    patch_side: np.ndarray
    area: np.ndarray
    state: tuple[np.ndarray, ...]
    size: int

    @property
    def part(self) -> np.ndarray:
        """(p,) int: the part that each piece is of, as `Segments.part`."""
        return self.cut.part

    @property
    def volume(self) -> np.ndarray:
        """(p,) float64: of the pieces [um^3]."""
        return self.cut.volume

    def along(self, space: int) -> np.ndarray:
        """(q,) int: the piece of a space along each patch, -1 for none; that below a sheet."""
        here = (self.patch_side >= 0) & (self.space[self.patch_side] == space)
        below, above = self.patch_side.T
        return np.where(here[:, 0], below, np.where(here[:, 1], above, -1))

    def of_region(self, geometry: Geometry, region: int) -> np.ndarray:
        """(q,) bool: the patches of a region, or of a whole surface."""
        surface = geometry.region_surface[region]
        if region == np.searchsorted(geometry.region_surface, surface):
            return np.asarray(geometry.region_surface[self.patch_region] == surface)
        return self.patch_region == region


def places(geometry: Geometry, network: Network, length: float | None = None, cut: Segments | None = None) -> Places:
    """The pieces and patches of a geometry, cut at a length [um] or as is given, and the state of a network on them."""
    used = tuple(np.union1d([0], network.space[~network.surface]).astype(int).tolist())
    cut = segments(geometry, length, used) if cut is None else cut
    on = formulas.patches(geometry, cut) if isinstance(cut, formulas.Drawn) else patches(geometry, cut)
    region, side, area = on
    space, surface = geometry.compartment_space[cut.part], geometry.region_surface[region]
    state, size = [], 0
    for s, on_surface in enumerate(network.surface):
        there = surface == geometry.region_surface[network.region[s]] if on_surface else space == network.space[s]
        state.append(np.where(there, size + np.cumsum(there) - 1, -1))
        size += int(there.sum())
    return Places(cut, space, region, side, area, tuple(state), size)


def names(geometry: Geometry, network: Network, there: Places) -> tuple[str, ...]:
    """What each state is: a species in a piece, or on a region along a piece."""
    part = []
    for k, c in enumerate(there.part):
        alike = np.flatnonzero(there.part == c)
        part.append(geometry.compartments[c] + (f" ({k - alike[0] + 1} of {len(alike)})" if len(alike) > 1 else ""))
    patch = [
        " along ".join([geometry.regions[r], *(part[p] for p in dict.fromkeys(side) if p >= 0)])
        for r, side in zip(there.patch_region, there.patch_side.tolist(), strict=True)
    ]
    return tuple(
        f"{species} {'on' if surface else 'in'} {place}"
        for species, surface, states in zip(network.species, network.surface, there.state, strict=True)
        for place, state in zip(patch if surface else part, states, strict=True)
        if state >= 0
    )


def seen(geometry: Geometry, network: Network, there: Places, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is counted of states.

    Parameters
    ----------
    geometry : Geometry
    network : Network
    there : Places
    state : (..., n) float64 or int
        The states of the network first.

    Returns
    -------
    (..., compartment, species), (..., region, species), of the type of `state`
        Molecules of the volume species by compartment, the whole of each space before its parts; of the surface species
        by region, the whole of each surface first.
    """
    shape = state.shape[:-1]
    count = np.zeros((*shape, len(geometry.compartments), len(network.volume_species)), state.dtype)
    for s in np.flatnonzero(~network.surface).tolist():
        pieces = there.state[s] >= 0
        part, i = there.part[pieces], network.volume_species.index(network.home[s])
        inside, whole = state[..., there.state[s][pieces]], int(geometry.parts_of(network.space[s])[0])
        for c in np.unique(part[part != whole]):
            count[..., c, i] = inside[..., part == c].sum(axis=-1)
        count[..., whole, i] = inside.sum(axis=-1)
    surface = np.zeros((*shape, len(geometry.regions), len(network.surface_species)), state.dtype)
    for i, s in enumerate(network.surface_species):
        on = there.state[s] >= 0
        region = there.patch_region[on]
        numbers = state[..., there.state[s][on]]
        whole = int(np.searchsorted(geometry.region_surface, geometry.region_surface[network.region[s]]))
        for r in np.unique(region[region != whole]):
            surface[..., r, i] = numbers[..., region == r].sum(axis=-1)
        surface[..., whole, i] = numbers.sum(axis=-1)
    return count, surface
