"""What molecules of an MDL model in their places are called in a scenario."""

from __future__ import annotations

from dataclasses import dataclass

from spinemc.mdl.states import State
from spinemc.mdl.values import Model
from spinemc.mdl.walls import lived_on
from spinemc.mdl.world import World, unique
from spinemc.scenario.places import placed
from spinemc.scenario.values import CYTOSOL

_WAYS = {1: "front", -1: "back"}


@dataclass(frozen=True)
class Named:
    """A species of the scenario, and the molecules of the model that it stands for.

    Attributes
    ----------
    where : str
        Its home, a space; or the region it lives on.
    """

    name: str
    species: str
    where: str
    states: tuple[State, ...]


@dataclass(frozen=True)
class Names:
    """The species of a scenario, and what equations call each molecule."""

    species: tuple[Named, ...]
    label: dict[State, str]

    def of(self, species: str) -> list[Named]:
        """The species of the scenario that stand for one of the model."""
        return [one for one in self.species if one.species == species]


def named(model: Model, world: World, states: tuple[State, ...], begun: dict[State, set[str]]) -> Names:
    """Name the species.

    Parameters
    ----------
    states : tuple of State
        The molecules that there can be.
    begun : dict
        The regions on which surface molecules are put.
    """
    taken: set[str] = set()
    made: list[Named] = []
    label: dict[State, str] = {}
    for molecule in model.molecules.values():
        mine = [state for state in states if state.species == molecule.name]
        name = molecule.name.replace(".", "_")
        if not molecule.on_surface and mine:
            spaces = [state.place for state in mine]
            home = CYTOSOL if CYTOSOL in spaces else spaces[0]
            one = Named(unique(name, taken), molecule.name, home, tuple(mine))
            label |= {state: placed(one.name, state.place, home) for state in mine}
            made.append(one)
            continue
        paths, ways = {state.place for state in mine}, {state.turned for state in mine}
        for state in mine:
            body = world.body(state.place)
            assert body is not None
            said = name + (f"_{body.name}" if len(paths) > 1 else "")
            said = unique(said + (f"_{_WAYS[state.turned]}" if len(ways) > 1 else ""), taken)
            moves = molecule.D > 0.0
            on = lived_on(model, world, body, molecule.name, begun.get(state, set())) if moves else body.name
            made.append(Named(said, molecule.name, on, (state,)))
            label[state] = said
    return Names(tuple(made), label)
