"""What a store holds in place of the counts of an MDL model."""

from __future__ import annotations

from dataclasses import dataclass

from spinemc.mdl.naming import Names
from spinemc.mdl.states import Step
from spinemc.mdl.values import LEFT_OUT, Count, Model, Note
from spinemc.mdl.walls import Wall
from spinemc.mdl.world import World


@dataclass(frozen=True)
class Counted:
    """A COUNT of the model, the file it went to, and where its numbers are in a store."""

    count: str
    file: str
    store: str


def counted(
    model: Model, world: World, names: Names, steps: list[Step], walls: list[Wall], notes: list[Note]
) -> list[Counted]:
    """Find the counterpart of each count; what has none is noted."""
    found = []
    for count in model.counts:
        store, why = _one(count, model, world, names, steps, walls)
        if store:
            found.append(Counted(count.text, count.file, store))
        else:
            notes.append(Note(LEFT_OUT, count.where, count.text, why))
    return found


def label(names: Names, step: Step) -> str:
    """What the store calls a step."""
    left, right = (" + ".join(names.label[s] for s in side) or "0" for side in (step.reactants, step.products))
    return f"{left} -> {right}"


def _one(
    count: Count, model: Model, world: World, names: Names, steps: list[Step], walls: list[Wall]
) -> tuple[str, str]:
    """Where in the store, or why nowhere."""
    path, region = count.place
    if count.molecule in model.molecules:
        species = names.of(count.molecule)
        if not species:
            return "", "there are none of these molecules."
        called = " + ".join(one.name for one in species)
        if count.kind in ("ALL_HITS", "FRONT_HITS", "BACK_HITS"):
            return _hits(count, world, walls, names)
        if count.kind not in ("", "ALL_ENCLOSED"):
            return (
                "",
                f"{count.kind} is not recorded: molecules are counted in compartments and on regions, at samples.",
            )
        if model.molecules[count.molecule].on_surface:
            places = _regions(path, region, world) if not count.kind else []
            group = "surface/count"
        else:
            places, group = _compartments(path, region, world, species[0].states), "counts/count"
        if not places:
            return "", "no region or space of the scenario is this place."
        return f"{group}: {called} in {' + '.join(places)}", ""
    named = [step for step in steps if step.of.name == count.molecule]
    if named and path == "WORLD" and not count.kind:
        return f"events/count, summed over time: {'; '.join(dict.fromkeys(label(names, s) for s in named))}", ""
    if named:
        return "", "reactions are counted in all places together."
    return "", "it names no molecule and no reaction that is written here."


def _hits(count: Count, world: World, walls: list[Wall], names: Names) -> tuple[str, str]:
    path, region = count.place
    regions = world.names(path, region)
    taken = [w for w in walls if w.state.species == count.molecule and w.region in regions and w.kind == "absorb"]
    if not taken:
        return "", "hits are counted only where molecules are taken away (events/absorbed)."
    return f"events/absorbed, summed over time: {'; '.join(f'{names.label[w.state]} at {w.region}' for w in taken)}", ""


def _regions(path: str, region: str, world: World) -> list[str]:
    if path == "WORLD":
        return [body.name for body in world.bodies]
    return world.names(path, region)


def _compartments(path: str, region: str, world: World, states: tuple) -> list[str]:
    here = [state.place for state in states]
    if path == "WORLD":
        return here
    if path in world.boxes:
        return [world.boxes[path][0]]
    faces = world.faces(path, region)
    if faces is None or not faces.all() or path not in world.within:
        return []
    return [space for space in here if space in world.within[path]] or [world.inside[path]]
