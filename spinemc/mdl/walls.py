"""What surface classes of an MDL model do to molecules, as boundaries of a scenario."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemc.mdl.states import State
from spinemc.mdl.values import LEFT_OUT, OTHERWISE, Model, Note, Region, Rule
from spinemc.mdl.world import VOLUME_WORDS, Body, World
from spinemc.units import MICROMOLAR

TILES = 10_000.0
"""Tiles in a um^2 of a surface where a model does not say."""

SURFACE_WORDS = ("ALL_MOLECULES", "ALL_SURFACE_MOLECULES")


@dataclass(frozen=True)
class Wall:
    """A boundary.

    Attributes
    ----------
    kind : str
        absorb or clamp.
    value : float or None
        Of a clamp [mol/L]; of what is taken up at a rate [um/s].
    """

    region: str
    state: State
    kind: str
    value: float | None
    where: str


def clamps(model: Model, world: World) -> list[Wall]:
    """Where concentrations are held."""
    return [
        Wall(name, State(one, space), "clamp", rule.value, rule.where)
        for body, region, rule in _rules(model, world)
        if rule.kind == "CLAMP_CONCENTRATION"
        for one in _meant(model, rule, False)
        for space in sorted(_sides(world, body, rule.molecule.mark))
        for name in body.names(region.faces)
    ]


def walls(model: Model, world: World, states: tuple[State, ...], notes: list[Note]) -> list[Wall]:
    """The boundaries of a model, for molecules in the places where there are any.

    Parameters
    ----------
    states : tuple of State
        The molecules that there can be.
    notes : list of Note
        Where it is noted what cannot be taken over.
    """
    found = clamps(model, world)
    for body, region, rule in _rules(model, world):
        _note(model, world, body, rule, notes)
        if rule.kind != "ABSORPTIVE":
            continue
        spaces = _sides(world, body, rule.molecule.mark)
        for one in _meant(model, rule, False):
            for state in states:
                if state.species == one and state.place in spaces:
                    found += [Wall(name, state, "absorb", None, rule.where) for name in body.names(region.faces)]
    found += _uptake(model, world, states, notes)
    once: dict[tuple[str, State], Wall] = {}
    for wall in found:
        if once.setdefault((wall.region, wall.state), wall) != wall:
            why = f"{wall.region} does something else to it already."
            notes.append(Note(LEFT_OUT, wall.where, wall.state.species, why))
    return list(once.values())


def lived_on(model: Model, world: World, body: Body, species: str, regions: set[str]) -> str:
    """The region of the scenario that a surface molecule is kept on: one whose border it does not pass, or all."""
    for region in body.regions:
        made = model.classes.get(region.surface_class)
        names = body.names(region.faces)
        for rule in made.rules if made is not None else ():
            if rule.kind == "REFLECTIVE" and species in _meant(model, rule, True) and names == sorted(regions):
                return names[0]
    return body.name


def _rules(model: Model, world: World) -> list[tuple[Body, Region, Rule]]:
    return [
        (body, region, rule)
        for body in world.bodies
        for region in body.regions
        for rule in (model.classes[region.surface_class].rules if region.surface_class else ())
    ]


def _meant(model: Model, rule: Rule, on_surface: bool) -> list[str]:
    """The molecules, of the volume or of surfaces, that a rule is about."""
    words = SURFACE_WORDS if on_surface else VOLUME_WORDS
    every = [m.name for m in model.molecules.values() if m.on_surface == on_surface]
    return [name for name in every if name == rule.molecule.name or rule.molecule.name in words]


def _sides(world: World, body: Body, mark: int) -> set[str]:
    """The spaces on the side that a mark says: before the surface, behind it, or both."""
    front, back = world.sides[body.path]
    return {front, back} if mark == 0 else {front} if mark > 0 else {back}


def _note(model: Model, world: World, body: Body, rule: Rule, notes: list[Note]) -> None:
    """Note what of a rule is not taken over."""
    name = rule.molecule.name
    said = f"{rule.kind} {name} on {body.path}"
    front, back = world.sides[body.path]
    volume, surface = _meant(model, rule, False), _meant(model, rule, True)
    if rule.kind == "TRANSPARENT" and volume:
        why = (
            "molecules of the volume do not pass surfaces here, they are reflected: see [[boundary]] of kind permeable."
        )
        notes.append(Note(LEFT_OUT, rule.where, said, why))
    if rule.kind == "ABSORPTIVE" and surface and name not in VOLUME_WORDS:
        notes.append(Note(LEFT_OUT, rule.where, said, "surface molecules are not taken away at borders of regions."))
    if rule.kind in ("ABSORPTIVE", "CLAMP_CONCENTRATION") and volume and rule.molecule.mark and front == back:
        notes.append(Note(OTHERWISE, rule.where, said, "the same space is on both sides: it works on both."))
    if rule.kind == "CLAMP_CONCENTRATION" and not volume:
        notes.append(Note(LEFT_OUT, rule.where, said, "only molecules of the volume are held at a concentration."))


def _uptake(model: Model, world: World, states: tuple[State, ...], notes: list[Note]) -> list[Wall]:
    """Reactions with surface classes: those of one molecule of the volume that is gone are uptake at a rate."""
    tiles = model.settings.get("SURFACE_GRID_DENSITY", TILES)
    found = []
    for reaction in model.reactions:
        if reaction.surface is None:
            continue
        one = reaction.reactants[0] if len(reaction.reactants) == 1 else None
        if one is None or reaction.products or model.molecules[one.name].on_surface or isinstance(reaction.rate, str):
            why = "with a surface class only one molecule of the volume can react, at a fixed rate, and be gone."
            notes.append(Note(LEFT_OUT, reaction.where, str(reaction), why))
            continue
        tied = one.mark != 0 and abs(one.mark) == abs(reaction.surface.mark)
        velocity = reaction.rate / (1e6 * MICROMOLAR) * tiles / (1.0 if tied else 2.0)
        mark = int(np.sign(one.mark * reaction.surface.mark)) if tied else 0
        for body in world.bodies:
            for region in body.regions:
                if region.surface_class == reaction.surface.name:
                    spaces = _sides(world, body, mark)
                    found += [
                        Wall(name, state, "absorb", velocity, reaction.where)
                        for state in states
                        if state.species == one.name and state.place in spaces
                        for name in body.names(region.faces)
                    ]
        why = f"written as uptake at {velocity:.6g} um/s: its rate, for each of {tiles:g} tiles in a um^2."
        notes.append(Note(OTHERWISE, reaction.where, str(reaction), why))
    return found
