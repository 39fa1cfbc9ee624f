"""What has been read of a model so far, and pieces that several statements have: molecules, places, moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spinemc.mdl.cursor import Cursor
from spinemc.mdl.tokens import LARGEST, Token
from spinemc.mdl.values import Count, Marked, Molecule, Node, Note, Pattern, Reaction, SurfaceClass

MOST_MARKS = 32767
"""Of classes of orientation."""

ALL = "ALL"
"""The region that is the whole of an object."""


@dataclass
class Reading:
    """The parts of a model as its statements give them, in their order.

    Attributes
    ----------
    top : Path
        The folder in which all files of the model lie.
    known : dict
        Numbers, texts and lists that have names.
    objects : dict
        By name, those that are placed and those that others are copied from.
    placed : list of str
        Names of those that are placed.
    steps : list of float
        Times between outputs [s].
    room : int
        Characters that may still be read.
    depth : int
        How many files stand in one another.
    """

    top: Path
    known: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, float] = field(default_factory=dict)
    molecules: dict[str, Molecule] = field(default_factory=dict)
    classes: dict[str, SurfaceClass] = field(default_factory=dict)
    patterns: dict[str, Pattern] = field(default_factory=dict)
    reactions: list[Reaction] = field(default_factory=list)
    objects: dict[str, Node] = field(default_factory=dict)
    placed: list[str] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    room: int = LARGEST
    depth: int = 0

    def note(self, kind: str, word: Token, why: str, statement: str = "") -> None:
        """Note what became of the statement that begins with a word."""
        self.notes.append(Note(kind, word.where, statement or word.text, why))


def marked(cursor: Cursor) -> Marked:
    """Take a molecule with its orientation: A, A', A,, A;, A{-1}."""
    name = cursor.name("the name of a molecule").text
    for sign, way in (("'", 1), (",", -1)):
        number = 0
        while cursor.accept(sign):
            number += 1
        if number:
            return Marked(name, way * number)
    if cursor.accept(";"):
        return Marked(name)
    if cursor.word.text == "{" and _is_class(cursor):
        cursor.expect("{")
        start = cursor.word
        mark = cursor.number()
        if mark != int(mark) or abs(mark) > MOST_MARKS:
            cursor.refuse(f"a whole number from {-MOST_MARKS} to {MOST_MARKS}", start)
        cursor.expect("}")
        return Marked(name, int(mark))
    return Marked(name)


def _is_class(cursor: Cursor) -> bool:
    signed = cursor.ahead().text in ("-", "+")
    return cursor.ahead(1 + signed).kind == "number" and cursor.ahead(2 + signed).text == "}"


def place(cursor: Cursor) -> tuple[str, str]:
    """Take the name of an object, or of a region of it: World.cell[psd]."""
    name = cursor.name("the name of an object").text
    if not cursor.accept("["):
        return name, ALL
    region = cursor.name("the name of a region").text
    cursor.expect("]")
    return name, region


def moved_on(cursor: Cursor, pose: np.ndarray) -> np.ndarray | None:
    """A pose with TRANSLATE, SCALE or ROTATE behind it, where one of these comes next."""
    step = np.eye(4)
    if cursor.accept("TRANSLATE"):
        cursor.expect("=")
        step[3, :3] = cursor.point()
    elif cursor.accept("SCALE"):
        cursor.expect("=")
        is_list = cursor.word.text == "[" or isinstance(cursor.known.get(cursor.word.text), list)
        start = cursor.word
        step[:3, :3] = np.diag(cursor.point() if is_list else [cursor.number()] * 3)
        if not np.diag(step).all():
            cursor.refuse("a scale other than 0", start)
    elif cursor.accept("ROTATE"):
        from scipy.spatial.transform import Rotation

        cursor.expect("=")
        start = cursor.word
        axis = np.array(cursor.point())
        cursor.expect(",")
        angle = np.deg2rad(cursor.number())
        if not 0.0 < np.linalg.norm(axis) < np.inf:
            cursor.refuse("an axis that has a direction", start)
        step[:3, :3] = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix().T
    else:
        return None
    return np.asarray(pose @ step)
