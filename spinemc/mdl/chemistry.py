"""The parts of an MDL model that are not shapes: molecules, surface classes, reactions, release patterns."""

from __future__ import annotations

import math
from dataclasses import replace

from spinemc.mdl.cursor import Cursor
from spinemc.mdl.reading import Reading, marked
from spinemc.mdl.values import (
    LEFT_OUT,
    NO_NEED,
    Amount,
    Marked,
    Molecule,
    Pattern,
    Reaction,
    Rule,
    SurfaceClass,
)

UM2 = 1e8
"""um^2 in a cm^2."""

_MOVES = {
    "DIFFUSION_CONSTANT_3D": False,
    "DIFFUSION_CONSTANT": False,
    "D_3D": False,
    "DIFFUSION_CONSTANT_2D": True,
    "D_2D": True,
}
"""How a diffusion constant is called, and whether it is one on surfaces."""

_STEPS = ("CUSTOM_TIME_STEP", "CUSTOM_SPACE_STEP", "MAXIMUM_STEP_LENGTH")
_CLAMPS = ("CLAMP_CONCENTRATION", "CLAMP_CONC", "CONCENTRATION_CLAMP")
_RULES = ("REFLECTIVE", "TRANSPARENT", "ABSORPTIVE")
AMOUNTS = {"MOLECULE_DENSITY": True, "MOLECULE_NUMBER": False}


def molecule(cursor: Cursor, reading: Reading) -> None:
    """Read NAME { DIFFUSION_CONSTANT_3D = 1e-6 } and the like."""
    name = cursor.name("the name of a molecule")
    found: Molecule | None = None
    for _ in cursor.block():
        key = cursor.name('a property of a molecule, or "}"')
        if key.text in _MOVES:
            cursor.expect("=")
            start = cursor.word
            D = cursor.number() * UM2
            if D < 0.0:
                cursor.refuse("a diffusion constant of 0 or more", start)
            found = Molecule(name.text, D, _MOVES[key.text])
        elif key.text in _STEPS:
            cursor.expect("=")
            cursor.number()
            reading.note(NO_NEED, key, "run.dt is the longest step of every molecule.")
        elif key.text == "TARGET_ONLY":
            reading.note(NO_NEED, key, "who finds whom is no question here.")
        else:
            cursor.refuse("a diffusion constant of a molecule", key)
    if found is None:
        cursor.refuse(f"a diffusion constant of {name.text}", name)
    reading.molecules[name.text] = found


def surface_class(cursor: Cursor, reading: Reading) -> None:
    """Read NAME { ABSORPTIVE = A; } and the like."""
    name = cursor.name("the name of a surface class")
    made = reading.classes.get(name.text, SurfaceClass(name.text))
    for _ in cursor.block():
        key = cursor.name('a property of a surface class, or "}"')
        if key.text in _RULES:
            if not cursor.accept("TO"):
                cursor.expect("=")
            made = replace(made, rules=(*made.rules, Rule(key.text, marked(cursor), 0.0, key.where)))
        elif key.text in _CLAMPS:
            held = marked(cursor)
            cursor.expect("=")
            made = replace(made, rules=(*made.rules, Rule(_CLAMPS[0], held, cursor.number(), key.where)))
        elif key.text in AMOUNTS:
            made = replace(made, amounts=(*made.amounts, *amounts(cursor, key.text)))
        else:
            if not key.text.startswith("VIZ"):
                reading.note(LEFT_OUT, key, f"no property of a surface class ({name.text}) that is known here.")
            if cursor.word.text != "=":
                marked(cursor)
            cursor.pass_value()
            while cursor.accept("'", ",", ";"):
                pass
    reading.classes[name.text] = made


def amounts(cursor: Cursor, key: str) -> list[Amount]:
    """What stands in MOLECULE_DENSITY { A' = 100 } or MOLECULE_NUMBER { ... }."""
    found = []
    for _ in cursor.block():
        where = cursor.word.where
        put = marked(cursor)
        cursor.expect("=")
        found.append(Amount(put, cursor.number(), AMOUNTS[key], where))
    return found


def reactions(cursor: Cursor, reading: Reading) -> None:
    """Read the block of DEFINE_REACTIONS."""
    for _ in cursor.block():
        if cursor.accept("REACTION_GROUP"):
            cursor.name("the name of a group of reactions")
            for _ in cursor.block():
                reading.reactions += _reaction(cursor, reading)
        else:
            reading.reactions += _reaction(cursor, reading)


def _reaction(cursor: Cursor, reading: Reading) -> list[Reaction]:
    """One reaction, or two where it goes both ways."""
    start = cursor.word
    left = _side(cursor)
    surface = marked(cursor) if cursor.accept("@") else None
    back = cursor.accept("<") is not None
    helper = _dashes(cursor)
    cursor.expect(">")
    right = _side(cursor)
    if helper is not None:
        left, right = (*left, helper), (*right, helper)
    rates = _rates(cursor)
    name = cursor.name("the name of a reaction").text if cursor.accept(":") else ""
    if set(rates) != ({">", "<"} if back else {">"}):
        way = "two rates, [>1, <1], where the arrow is <->" if back else "one rate, [1], where the arrow is ->"
        cursor.refuse(way, start)
    for one in (*left, *right):
        if one.name not in reading.molecules:
            cursor.refuse(f"molecules that are defined, and {one.name} is not", start)
    if surface is not None and surface.name not in reading.classes:
        cursor.refuse(f"a surface class that is defined, and {surface.name} is not", start)
    made = [Reaction(left, surface, right, rates[">"], name, start.where)]
    return made if not back else [*made, Reaction(right, surface, left, rates["<"], "", start.where)]


def _side(cursor: Cursor) -> tuple[Marked, ...]:
    found = [marked(cursor)]
    while cursor.accept("+"):
        found.append(marked(cursor))
    return tuple(one for one in found if one.name != "NULL")


def _dashes(cursor: Cursor) -> Marked | None:
    """The dashes of an arrow, and the molecule that may stand in it."""
    cursor.expect("-")
    while cursor.accept("-"):
        pass
    if cursor.word.kind != "name":
        return None
    helper = marked(cursor)
    cursor.expect("-")
    while cursor.accept("-"):
        pass
    return helper


def _rates(cursor: Cursor) -> dict[str, float | str]:
    """What stands in [ ], by its direction."""
    found: dict[str, float | str] = {}
    cursor.expect("[")
    while True:
        start = cursor.word
        way = cursor.accept(">", "<") or ">"
        is_text = cursor.word.kind == "text" or isinstance(cursor.known.get(cursor.word.text), str)
        rate: float | str = cursor.text() if is_text else cursor.number()
        if way in found:
            cursor.refuse("one rate in each direction", start)
        if isinstance(rate, float) and rate < 0.0:
            cursor.refuse("a rate of 0 or more", start)
        found[way] = rate
        if not cursor.accept(","):
            break
    cursor.expect("]")
    return found


def pattern(cursor: Cursor, reading: Reading) -> None:
    """Read NAME { DELAY = 1e-3 ... } of DEFINE_RELEASE_PATTERN."""
    name = cursor.name("the name of a release pattern").text
    keys = {
        "DELAY": "delay",
        "RELEASE_INTERVAL": "interval",
        "TRAIN_INTERVAL": "train_interval",
        "TRAIN_DURATION": "duration",
        "NUMBER_OF_TRAINS": "trains",
    }
    made = Pattern()
    for _ in cursor.block():
        key = cursor.name('a property of a release pattern, or "}"')
        if key.text not in keys:
            cursor.refuse(", ".join(keys), key)
        cursor.expect("=")
        start = cursor.word
        value = math.inf if cursor.accept("UNLIMITED") else cursor.number()
        if value < 0.0 or (value == 0.0 and key.text.endswith("INTERVAL")):
            cursor.refuse("a number above 0", start)
        made = replace(made, **{keys[key.text]: value})
    reading.patterns[name] = made


__all__ = ["AMOUNTS", "amounts", "molecule", "pattern", "reactions", "surface_class"]
