"""Release sites of an MDL model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from spinemc.mdl.cursor import DEEPEST, Cursor
from spinemc.mdl.reading import Reading, marked, moved_on, place
from spinemc.mdl.tokens import Token
from spinemc.mdl.values import LEFT_OUT, Node, Site

OLD_SITES = {
    "SPHERICAL_RELEASE_SITE": "SPHERICAL",
    "CUBIC_RELEASE_SITE": "CUBIC",
    "ELLIPTIC_RELEASE_SITE": "ELLIPTIC",
    "RECTANGULAR_RELEASE_SITE": "RECTANGULAR",
    "SPHERICAL_SHELL_SITE": "SPHERICAL_SHELL",
}
"""Kinds of release sites whose name says their shape."""

SHAPES = (*OLD_SITES.values(), "LIST")


def site(cursor: Cursor, reading: Reading, name: Token, shape: str | None) -> Node:
    """Read what stands in { } of a release site; `shape` is what its kind says."""
    made = Site((shape,) if shape else ())
    pose = np.eye(4)
    for _ in cursor.block():
        moved = moved_on(cursor, pose)
        if moved is not None:
            pose = moved
            continue
        made = _part(cursor, reading, made, cursor.name('a part of a release site, or "}"'))
    if not made.shape:
        cursor.refuse("a release site with a SHAPE", name)
    if made.molecule is None and not made.points:
        cursor.refuse("a release site with a MOLECULE", name)
    for one in [made.molecule] if made.molecule is not None else [m for m, _ in made.points]:
        if one.name not in reading.molecules:
            cursor.refuse(f"molecules that are defined, and {one.name} is not", name)
    return Node(name.text, name.where, made, pose=pose)


def _part(cursor: Cursor, reading: Reading, made: Site, key: Token) -> Site:
    """A release site with one more of its parts."""
    if key.text == "MOLECULE_POSITIONS":
        points = tuple((marked(cursor), cursor.point()) for _ in cursor.block())
        return replace(made, points=(*made.points, *points))
    if key.text in ("GAUSSIAN_RELEASE_NUMBER", "VOLUME_DEPENDENT_RELEASE_NUMBER"):
        reading.note(LEFT_OUT, key, "a number that is drawn for each release: give NUMBER_TO_RELEASE.")
        cursor.skip()
        return made
    cursor.expect("=")
    if key.text == "SHAPE":
        word = cursor.accept(*SHAPES)
        return replace(made, shape=(word,) if word else _expression(cursor))
    if key.text in ("MOLECULE", "LIGAND"):
        return replace(made, molecule=marked(cursor))
    if key.text in ("NUMBER_TO_RELEASE", "CONCENTRATION", "DENSITY"):
        kind = {"NUMBER_TO_RELEASE": "count"}.get(key.text, key.text.lower())
        return replace(made, amount=(kind, cursor.number()))
    if key.text == "LOCATION":
        return replace(made, location=cursor.point())
    if key.text in ("SITE_DIAMETER", "SITE_RADIUS"):
        is_list = cursor.word.text == "[" or isinstance(cursor.known.get(cursor.word.text), list)
        size = cursor.point() if is_list else (cursor.number(),) * 3
        return replace(made, diameter=tuple((2.0 if key.text == "SITE_RADIUS" else 1.0) * x for x in size))
    if key.text == "RELEASE_PROBABILITY":
        return replace(made, probability=cursor.number())
    if key.text == "RELEASE_PATTERN":
        return replace(made, pattern=cursor.name("the name of a release pattern").text)
    return cursor.refuse("a part of a release site", key)


def _expression(cursor: Cursor) -> tuple[Any, ...]:
    """Regions joined by + and -; * binds tighter."""
    made = _product(cursor)
    while sign := cursor.accept("+", "-"):
        made = (sign, made, _product(cursor))
    return made


def _product(cursor: Cursor) -> tuple[Any, ...]:
    made = _term(cursor)
    while cursor.accept("*"):
        made = ("*", made, _term(cursor))
    return made


def _term(cursor: Cursor) -> tuple[Any, ...]:
    if not cursor.accept("("):
        return ("region", *place(cursor))
    cursor.depth += 1
    if cursor.depth > DEEPEST:
        cursor.refuse("fewer brackets in one another")
    made = _expression(cursor)
    cursor.depth -= 1
    cursor.expect(")")
    return made
