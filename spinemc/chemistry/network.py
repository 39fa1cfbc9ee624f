"""Species and reactions of a scenario as a network of one-way elementary steps, by index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemc.geometry import Geometry
from spinemc.scenario import Rate, Scenario


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
    """Species by index and the steps between them.

    Attributes
    ----------
    species : tuple of str
    D : (s,) float64
        Diffusion coefficients [um^2 s^-1].
    surface : (s,) bool
        Whether the species sits in the membrane.
    steps : tuple of Step
    """

    species: tuple[str, ...]
    D: np.ndarray
    surface: np.ndarray
    steps: tuple[Step, ...]

    @property
    def volume_species(self) -> tuple[int, ...]:
        """Indices of the species that diffuse in the volume, in order."""
        return tuple(int(i) for i in np.flatnonzero(~self.surface))

    @property
    def surface_species(self) -> tuple[int, ...]:
        """Indices of the species in the membrane, in order."""
        return tuple(int(i) for i in np.flatnonzero(self.surface))


def network(scenario: Scenario, geometry: Geometry) -> Network:
    """The network of a scenario: each `<->` becomes two steps.

    Returns
    -------
    Network
        One-way steps in the order of the scenario, forward before backward.
    """
    index = {s.name: i for i, s in enumerate(scenario.species)}
    ways = []
    for reaction in scenario.reaction:
        where = geometry.compartments.index(reaction.inside) if reaction.inside else 0
        ends = (reaction.reactants, reaction.products)
        ways.append((*ends, reaction.kf, where))
        if reaction.kb is not None:
            ways.append((*ends[::-1], reaction.kb, 0))
    undoes = {(tuple(sorted(a)), tuple(sorted(b))): i for i, (a, b, _, _) in enumerate(ways)}
    steps = tuple(
        Step(
            label=f"{' + '.join(a) or '0'} -> {' + '.join(b) or '0'}",
            reactants=tuple(index[s] for s in a),
            products=tuple(index[s] for s in b),
            rate=rate,
            where=where,
            reverse=undoes.get((tuple(sorted(b)), tuple(sorted(a))), -1),
        )
        for a, b, rate, where in ways
    )
    return Network(
        species=tuple(s.name for s in scenario.species),
        D=np.array([s.D for s in scenario.species], dtype=np.float64),
        surface=np.array([s.is_surface for s in scenario.species], dtype=bool),
        steps=steps,
    )
