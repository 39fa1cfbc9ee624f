"""Scenarios without one source of noise, whose runs tell by simulation what `noise_parts` tells in theory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spinemc.chemistry.network import Network
from spinemc.errors import ScenarioError
from spinemc.geometry import Geometry
from spinemc.scenario import Rate, Reaction, Scenario
from spinemc.twins.noise.linear import followed, put
from spinemc.twins.noise.parts import GATING, INFLUX, kind_of
from spinemc.twins.ode import Equations
from spinemc.twins.wells import Wells, wells


def without_numbers(scenario: Scenario, *species: str) -> Scenario:
    """A scenario in which the numbers that are put in are the same in all trials.

    Parameters
    ----------
    scenario : Scenario
    species : str
        Whose numbers, such as those of the receptors; of all species where none is named.
    """
    frozen = tuple(
        replace(one, exact=True) if one.species in species or not species else one for one in scenario.release
    )
    return replace(scenario, release=frozen)


def without_gating(scenario: Scenario, geometry: Geometry, network: Network) -> Scenario:
    """A scenario in which channels let in what they do on average, at random moments.

    What a species of the membrane that changes its state emits, "O -> O + Ca", is put in by a reaction "0 -> Ca" in
    each part, with the mean flux of the rate equations at the sample times as its table.

    Parameters
    ----------
    scenario : Scenario
    geometry : Geometry
    network : Network
        Of this scenario and geometry.

    Raises
    ------
    ScenarioError
        As `spinemc.twins.wells.check`; nothing gates; or channels emit into a part that has no name.
    """
    changing = {
        s for step in network.steps if kind_of(step, network) == GATING for s in (*step.reactants, *step.products)
    }
    emits = {
        number
        for number, step in enumerate(network.steps)
        if kind_of(step, network) == INFLUX and changing.intersection(step.reactants)
    }
    file = scenario.path.name if scenario.path else "scenario"
    if not emits:
        raise ScenarioError(f"{file}: no species of the membrane that changes its state emits anything.")
    made, time = wells(scenario, geometry, network), scenario.run.sample_times
    equations, means = Equations(made), _means(made, time)
    rest = np.zeros(equations.size - made.size)
    happens = np.array([equations.propensities(np.append(m, rest), t) for m, t in zip(means, time, strict=True)])
    flux: dict[tuple[int, int], np.ndarray] = {}
    for number, channel in enumerate(made.channels):
        if channel.step in emits:
            gained = dict.fromkeys(channel.gains)
            for state, amount in gained:
                species = next(s for s, states in enumerate(made.places.state) if state in states)
                if not network.surface[species]:
                    place = int(np.flatnonzero(made.places.state[species] == state)[0])
                    flux[species, place] = flux.get((species, place), 0.0) + amount * happens[:, number]
    many = len(made.places.part) > 1
    added = []
    for (species, place), value in flux.items():
        part = int(made.places.part[place])
        space = network.space[species]
        if (made.places.space == space).sum() > 1 and part == geometry.parts_of(space)[0]:
            raise ScenarioError(f"{file}: channels emit into a part without a name of its own: name a compartment.")
        name = network.species[species]
        rate = Rate(tuple(time.tolist()), tuple((value / made.places.volume[place]).tolist()))
        added.append(Reaction(f"0 -> {name}", (), (name,), rate, inside=geometry.compartments[part] if many else None))
    ends = {
        (tuple(network.species[s] for s in step.reactants), tuple(network.species[s] for s in step.products))
        for step in (network.steps[number] for number in emits)
    }
    kept = tuple(one for one in scenario.reaction if (one.reactants, one.products) not in ends)
    return replace(scenario, reaction=(*kept, *added))


def _means(made: Wells, time: np.ndarray) -> np.ndarray:
    """(t, n) What the rate equations say at some times, with the releases of a time in it."""
    equations, state, unused = Equations(made), np.zeros(made.size), np.zeros((made.size, made.size))
    breaks = sorted({0.0, *(jump.time for jump in made.jumps)})
    found = np.empty((len(time), made.size))
    for here, after in zip(breaks, [*breaks[1:], time[-1]], strict=True):
        for jump in made.jumps:
            if jump.time == here:
                put(jump, state, unused)
        inner = (time >= here) & ((time < after) | (after == time[-1]))
        if after > here:
            path = followed(equations, state, here, after)
            found[inner] = [state if t == here else path(t) for t in time[inner]]
            state = path(after)
        else:
            found[inner] = state
    return found
