"""Molecules of an MDL model by the place they are in, and its reactions between them.

A species of MDL may be in several spaces, on several surfaces, and there with its top to either side. Here a species
has one home and no top: each surface, and each way up where that matters, is a species of its own, and a reaction is
written once for each set of places at which it happens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import NamedTuple

from spinemc.mdl.reading import MOST_MARKS
from spinemc.mdl.values import LEFT_OUT, Marked, Model, Note, Reaction
from spinemc.mdl.world import World
from spinemc.scenario.reactions import MOST_PRODUCTS


class State(NamedTuple):
    """Molecules of a kind in a place.

    Attributes
    ----------
    place : str
        A space, or the path of a surface.
    turned : int
        Of those on a surface: 1 with their top to MDL's front, -1 to its back; 0 where that makes no difference, and in
        the volume.
    """

    species: str
    place: str
    turned: int = 0


class Step(NamedTuple):
    """A reaction between molecules in their places.

    Attributes
    ----------
    share : float
        Of the model's rate.
    """

    reactants: tuple[State, ...]
    products: tuple[State, ...]
    share: float
    of: Reaction


@dataclass(frozen=True)
class Chemistry:
    """Which molecules there can be, and what they do."""

    states: tuple[State, ...]
    steps: tuple[Step, ...]


def turning(model: Model) -> frozenset[str]:
    """The surface molecules of which it matters which side their top is on.

    That is so where a mark ties them to a molecule of the volume, to a surface class, to another surface molecule that
    they react with, or to a product of which it matters.
    """
    found: set[str] = set()
    while True:
        more = set()
        for reaction in model.reactions:
            players = [(m, True) for m in reaction.reactants] + [(m, False) for m in reaction.products]
            for n, (one, is_reactant) in enumerate(players):
                if not is_reactant or not model.molecules[one.name].on_surface or one.mark == 0:
                    continue
                tied = [p for k, p in enumerate(players) if k != n and abs(p[0].mark) == abs(one.mark)]
                feels = any(not model.molecules[m.name].on_surface or r or m.name in found for m, r in tied)
                if feels or (reaction.surface is not None and abs(reaction.surface.mark) == abs(one.mark)):
                    more.add(one.name)
        if more <= found:
            return frozenset(found)
        found |= more


def chemistry(model: Model, world: World, begun: Iterable[State], notes: list[Note]) -> Chemistry:
    """Follow what is put in through all reactions.

    Parameters
    ----------
    begun : iterable of State
        Molecules that releases, clamps and regions put in.
    notes : list of Note
        Where reactions that cannot be written are noted.
    """
    matter = turning(model)
    usable = [r for r in model.reactions if _is_usable(r, model, notes)]
    states: dict[State, None] = dict.fromkeys(begun)
    steps: dict[tuple[int, tuple[State, ...], tuple[State, ...]], Step] = {}
    while True:
        before = len(states), len(steps)
        for n, reaction in enumerate(usable):
            for step in _steps(reaction, model, world, tuple(states), matter):
                steps[n, step.reactants, step.products] = step
                states.update(dict.fromkeys(step.products))
        if (len(states), len(steps)) == before:
            break
    done = {id(step.of) for step in steps.values()}
    for reaction in usable:
        if id(reaction) not in done:
            why = "its reactants are never where they could meet: nothing releases or makes them there."
            notes.append(Note(LEFT_OUT, reaction.where, str(reaction), why))
    order = sorted(steps, key=lambda key: key[0])
    return Chemistry(tuple(states), tuple(steps[key] for key in order))


def _is_usable(reaction: Reaction, model: Model, notes: list[Note]) -> bool:
    """Whether a reaction can be written here; noted where it cannot."""
    on = [model.molecules[m.name].on_surface for m in reaction.reactants]
    made = [model.molecules[m.name].on_surface for m in reaction.products]
    why = ""
    if reaction.surface is not None:
        return False  # a boundary, see `spinemc.mdl.walls`
    if not on:
        why = "nothing reacts."
    elif len(on) > 2:
        why = f"{len(on)} molecules react at once, at most two can: write it in two steps."
    elif len(made) > MOST_PRODUCTS:
        why = f"at most {MOST_PRODUCTS} molecules can be made at once."
    elif any(made) and not any(on):
        why = "molecules of the volume alone do not become surface molecules here."
    elif Counter(m.name for m in reaction.reactants) == Counter(m.name for m in reaction.products) and not any(on):
        why = "both sides are the same."
    if why:
        notes.append(Note(LEFT_OUT, reaction.where, str(reaction), why))
    return not why


def _steps(
    reaction: Reaction, model: Model, world: World, states: tuple[State, ...], matter: frozenset[str]
) -> Iterator[Step]:
    """The steps that a reaction makes of the molecules there are."""
    choices = [[s for s in states if s.species == m.name] for m in reaction.reactants]
    alike = len(choices) == 2 and reaction.reactants[0].name == reaction.reactants[1].name
    pairs = combinations_with_replacement(choices[0], 2) if alike else product(*choices)
    for chosen in pairs:
        found = _placed(reaction, model, world, chosen, matter)
        if not found and alike:
            found = _placed(reaction, model, world, chosen[::-1], matter)
        same = (
            alike and chosen[0] == chosen[1]
        )  # MDL's rate is that of each pair, k N (N - 1) / 2 V; here it is twice that
        for products, share in found.items():
            if Counter(chosen) != Counter(products):
                yield Step(tuple(chosen), products, share / 2.0 if same else share, reaction)


def _placed(
    reaction: Reaction, model: Model, world: World, chosen: tuple[State, ...], matter: frozenset[str]
) -> dict[tuple[State, ...], float]:
    """What molecules in their places make, and the share of the rate with which they do."""
    on = [model.molecules[m.name].on_surface for m in reaction.reactants]
    surfaces = {s.place for s, sits in zip(chosen, on, strict=True) if sits}
    if not surfaces:
        space = chosen[0].place
        together = all(s.place == space for s in chosen)
        return {tuple(State(m.name, space) for m in reaction.products): 1.0} if together else {}
    if len(surfaces) > 1:
        return {}
    path = surfaces.pop()
    side = dict(zip((1, -1), world.sides[path], strict=True))
    reactants, products = _classes(reaction)
    classes = sorted({abs(c) for c in reactants + products})
    fixed = {abs(c) for c, s in zip(reactants, chosen, strict=True) if s.turned}
    found: dict[tuple[State, ...], float] = {}
    for signs in product((1, -1), repeat=len(classes)):
        way = dict(zip(classes, signs, strict=True))

        def faces(c: int, way: dict[int, int] = way) -> int:
            return way[abs(c)] * (1 if c > 0 else -1)

        sits = zip(reactants, chosen, on, strict=True)
        if not all(s.turned in (0, faces(c)) if is_on else s.place == side[faces(c)] for c, s, is_on in sits):
            continue
        made = []
        for m, c in zip(reaction.products, products, strict=True):
            if model.molecules[m.name].on_surface:
                made.append(State(m.name, path, faces(c) if m.name in matter else 0))
            else:
                made.append(State(m.name, side[faces(c)]))
        found[tuple(made)] = found.get(tuple(made), 0.0) + 0.5 ** len(set(classes) - fixed)
    return found


def _classes(reaction: Reaction) -> tuple[list[int], list[int]]:
    """The orientation classes of reactants and products: those without a mark get one of their own each."""
    own = MOST_MARKS

    def classes(side: tuple[Marked, ...]) -> list[int]:
        nonlocal own
        found = []
        for one in side:
            own += 1
            found.append(one.mark or own)
        return found

    return classes(reaction.reactants), classes(reaction.products)
