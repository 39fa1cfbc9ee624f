"""Populations and reactions of a scenario as a network of one-way elementary steps, by index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.geometry import Geometry
from spinemc.scenario import Rate, Scenario
from spinemc.scenario.driven import Driven
from spinemc.scenario.places import homes, parts, placed, space_of


@dataclass(frozen=True)
class Step:
    """A one-way elementary reaction.

    Attributes
    ----------
    label : str
        The equation of this direction, "Ca + Bm -> CaBm"; the coordinate in the store.
    reactants, products : tuple of int
        Indices into `Network.species`; at most two reactants.
    rate : Rate
        In engine units (see `spinemc.scenario.Rate`).
    where : int
        Compartment of a zeroth-order step, as an index into `Geometry.compartments`; 0 for all others.
    reverse : int
        Index of the step that undoes this one, -1 where there is none.
    """

    label: str
    reactants: tuple[int, ...]
    products: tuple[int, ...]
    rate: Rate
    where: int = 0
    reverse: int = -1


@dataclass(frozen=True, eq=False)
class Network:
    """Populations by index and the steps between them: a species is one population in each space it can be in.

    Attributes
    ----------
    species : tuple of str
        The scenario's species at home, in its order, then others, "Ca@lumen", in the order of their first mention.
    D : (s,) float64
        Diffusion coefficients [um^2 s^-1].
    surface : (s,) bool
        Whether the population sits on a surface.
    steps : tuple of Step
    home : (s,) int64
        The population of the same species at home; itself for those at home.
    space : (s,) int64
        Index into `GeometrySpec.spaces` and `Geometry.spaces`, -1 on a surface.
    region : (s,) int64
        The region a surface species lives on, an index into `Geometry.regions`, -1 in the volume.
    """

    species: tuple[str, ...]
    D: np.ndarray
    surface: np.ndarray
    steps: tuple[Step, ...]
    home: np.ndarray
    space: np.ndarray
    region: np.ndarray

    @property
    def volume_species(self) -> tuple[int, ...]:
        """Indices of the species that diffuse in the volume, at home, in order."""
        return tuple(int(i) for i in np.flatnonzero(~self.surface & self._at_home))

    @property
    def surface_species(self) -> tuple[int, ...]:
        """Indices of the species on surfaces, in order."""
        return tuple(int(i) for i in np.flatnonzero(self.surface))

    @property
    def _at_home(self) -> np.ndarray:
        return self.home == np.arange(len(self.home))


def network(scenario: Scenario, geometry: Geometry) -> Network:
    """The network of a scenario: each `<->` becomes two steps.

    Returns
    -------
    Network
        One-way steps in the order of the scenario, forward before backward.

    Raises
    ------
    ScenarioError
        A rate is not one in time yet.
    """
    spaces, home = scenario.geometry.spaces, homes(scenario.species)
    number = {s.name: i for i, s in enumerate(scenario.species)}
    names = tuple(dict.fromkeys([*number, *_mentioned(scenario), *_beyond(scenario, geometry)]))
    index = {name: i for i, name in enumerate(names)}
    at_home = [number[parts(name)[0]] for name in names]
    kinds = [scenario.species[i] for i in at_home]
    within = [space_of(name, home) for name in names]
    ways: list[tuple[tuple[str, ...], tuple[str, ...], Rate, str | None]] = []
    for reaction in scenario.reaction:
        if isinstance(reaction.kf, Driven) or isinstance(reaction.kb, Driven):
            raise ScenarioError(f"{reaction.equation}: its rate follows the voltage: `drive.driven` makes it a rate.")
        ends = (reaction.reactants, reaction.products)
        ways.append((*ends, reaction.kf, reaction.inside))
        if reaction.kb is not None:
            ways.append((*ends[::-1], reaction.kb, None))

    def where(products: tuple[str, ...], inside: str | None) -> int:
        return geometry.compartments.index(inside or within[index[products[0]]])

    undoes = {(tuple(sorted(a)), tuple(sorted(b))): i for i, (a, b, *_) in enumerate(ways)}
    steps = tuple(
        Step(
            label=f"{' + '.join(a) or '0'} -> {' + '.join(b) or '0'}",
            reactants=tuple(index[s] for s in a),
            products=tuple(index[s] for s in b),
            rate=rate,
            where=0 if a else where(b, inside),
            reverse=undoes.get((tuple(sorted(b)), tuple(sorted(a))), -1),
        )
        for a, b, rate, inside in ways
    )
    return Network(
        species=names,
        D=np.array([s.D for s in kinds], dtype=np.float64),
        surface=np.array([s.is_surface for s in kinds], dtype=bool),
        steps=steps,
        home=np.array(at_home, dtype=np.int64),
        space=np.array([-1 if space is None else spaces.index(space) for space in within], dtype=np.int64),
        region=np.array([-1 if s.on is None else geometry.regions.index(s.on) for s in kinds], dtype=np.int64),
    )


def _mentioned(scenario: Scenario) -> list[str]:
    """The molecules that reactions, releases and boundaries speak of."""
    reacting = [m for r in scenario.reaction for m in (*r.reactants, *r.products)]
    released = [r.species for r in scenario.release]
    return [*reacting, *released, *(m for b in scenario.boundary for m in b.species)]


def _beyond(scenario: Scenario, geometry: Geometry) -> list[str]:
    """The molecules on the far sides of permeable boundaries."""
    spaces, home = scenario.geometry.spaces, homes(scenario.species)
    found = []
    for boundary in scenario.boundary:
        if boundary.kind == "permeable":
            sides = np.unique(geometry.face_space[geometry.faces_of(geometry.regions.index(boundary.region))])
            for name in (parts(m)[0] for m in boundary.species):
                found += [placed(name, spaces[side], home[name] or "") for side in sides if side >= 0]
    return found
