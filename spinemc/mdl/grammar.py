"""The statements of an MDL model, file by file: what is taken, what is passed over and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from spinemc.errors import ScenarioError
from spinemc.mdl import chemistry, objects
from spinemc.mdl.cursor import Cursor
from spinemc.mdl.reading import Reading, place
from spinemc.mdl.tokens import Token, read, tokens
from spinemc.mdl.values import LEFT_OUT, NO_NEED, OTHERWISE, Count, Mesh, Model, Node

MOST_FILES_DEEP = 16
"""How many files may take in one another."""

TAKEN = ("TIME_STEP", "ITERATIONS", "SURFACE_GRID_DENSITY", "EFFECTOR_GRID_DENSITY")

METHOD = "a setting of MCell's own method."
SETTINGS = {
    "TIME_STEP_MAX": METHOD,
    "SPACE_STEP": "run.dt is the longest step of every molecule.",
    "INTERACTION_RADIUS": "how near molecules must come follows from rates and steps here.",
    "VACANCY_SEARCH_DISTANCE": "surfaces have no tiles here.",
    "ACCURATE_3D_REACTIONS": METHOD,
    "CENTER_MOLECULES_ON_GRID": "surfaces have no tiles here.",
    "MICROSCOPIC_REVERSIBILITY": "detailed balance holds here for every pair of steps.",
    "RADIAL_DIRECTIONS": METHOD,
    "RADIAL_SUBDIVISIONS": METHOD,
    "COMPLEX_PLACEMENT_ATTEMPTS": METHOD,
    **{f"PARTITION_{axis}": METHOD for axis in "XYZ"},
    **{f"MEMORY_PARTITION_{axis}": METHOD for axis in ("X", "Y", "Z", "POOL")},
    "CHECKPOINT_INFILE": "`spinemc resume` goes on.",
    "CHECKPOINT_OUTFILE": "trials are saved as they go (run.checkpoint).",
    "CHECKPOINT_ITERATIONS": "trials are saved as they go (run.checkpoint).",
    "CHECKPOINT_REALTIME": "trials are saved as they go (run.checkpoint).",
    "KEEP_CHECKPOINT_FILES": "trials are saved as they go (run.checkpoint).",
    "NOTIFICATIONS": "of what MCell prints.",
    "WARNINGS": "of what MCell prints.",
    "VIZ_OUTPUT": "[[record.positions]] says which molecules are recorded where they are.",
    "VIZ_DATA_OUTPUT": "[[record.positions]] says which molecules are recorded where they are.",
    "VOLUME_DATA_OUTPUT": "[[record.positions]] says which molecules are recorded where they are.",
}
"""Statements that no molecule feels, and why they have no counterpart."""

_PRINTS = ("printf", "fprintf", "fclose", "print_time", "fprint_time", "PRINTF", "FPRINTF", "FCLOSE")
_WORDS = ("TRUE", "FALSE", "YES", "NO", "ON", "OFF")


def read_model(path: Path) -> Model:
    """Read a model.

    Parameters
    ----------
    path : Path
        Its main file; the files that it takes in lie in the same folder or below.

    Returns
    -------
    Model
        What is understood of it, with a note on every other statement.

    Raises
    ------
    ScenarioError
        A file cannot be read or is not MDL: with the file, the line, what was found and what was expected.
    """
    reading = Reading(path.parent)
    _file(path, reading)
    for needed in ("TIME_STEP", "ITERATIONS"):
        if reading.settings.get(needed, 0.0) <= 0.0:
            raise ScenarioError(
                f"{path.name}: no {needed} above 0: a model of MCell 3 says its time step and how many."
            )
    return Model(
        path.name,
        reading.settings["TIME_STEP"],
        reading.settings["ITERATIONS"],
        reading.settings,
        reading.molecules,
        reading.classes,
        tuple(reading.reactions),
        reading.patterns,
        tuple(reading.objects[name] for name in reading.placed),
        tuple(reading.counts),
        tuple(reading.steps),
        tuple(reading.notes),
    )


def _file(path: Path, reading: Reading) -> None:
    """Read the statements of one file."""
    text = read(path, reading.top, reading.room)
    reading.room -= len(text)
    cursor = Cursor(tokens(text, path.name), reading.known)
    while cursor.word.kind != "end":
        _statement(cursor, reading, path)


_Read = Callable[[Cursor, Reading], None]

_ONE: dict[str, _Read] = {
    "DEFINE_MOLECULE": chemistry.molecule,
    "DEFINE_SURFACE_CLASS": chemistry.surface_class,
    "DEFINE_RELEASE_PATTERN": chemistry.pattern,
    "DEFINE_REACTIONS": chemistry.reactions,
}
_SEVERAL: dict[str, _Read] = {
    "DEFINE_MOLECULES": chemistry.molecule,
    "DEFINE_SURFACE_CLASSES": chemistry.surface_class,
}


def _statement(cursor: Cursor, reading: Reading, path: Path) -> None:
    """Read one statement."""
    word = cursor.name("a statement of MDL")
    if word.text in _ONE:
        _ONE[word.text](cursor, reading)
    elif word.text in _SEVERAL:
        for _ in cursor.block():
            _SEVERAL[word.text](cursor, reading)
    elif word.text == "INCLUDE_FILE":
        _include(cursor, reading, path)
    elif word.text == "INSTANTIATE":
        _object(cursor, reading, cursor.word, placed=True)
    elif word.text in ("MODIFY_SURFACE_REGIONS", "DEFINE_SURFACE_REGIONS"):
        for _ in cursor.block():
            _region(cursor, reading)
    elif word.text == "REACTION_DATA_OUTPUT":
        for _ in cursor.block():
            _output(cursor, reading)
    elif word.text in SETTINGS:
        reading.note(NO_NEED, word, SETTINGS[word.text])
        _pass(cursor)
    elif word.text in _PRINTS or word.text in ("sprintf", "SPRINTF"):
        _print(cursor, reading, word)
    elif cursor.word.text in objects.KINDS and cursor.word.kind == "name":
        cursor.at -= 1
        _object(cursor, reading, word, placed=False)
    elif cursor.word.text in ("FOPEN", "fopen"):
        cursor.step()
        reading.note(NO_NEED, word, "a file that MCell writes.")
        cursor.skip()
    elif cursor.accept("="):
        _assigned(cursor, reading, word)
    elif cursor.word.text == "{" or (cursor.word.kind == "name" and cursor.ahead().text == "{"):
        reading.note(LEFT_OUT, word, "a statement that is not known here.")
        _pass(cursor)
    else:
        cursor.refuse("a statement of MDL", word)


def _pass(cursor: Cursor) -> None:
    """Pass over the rest of a statement: a block, or a value."""
    while cursor.word.kind == "name" and cursor.ahead().text == "{":
        cursor.step()
    if cursor.word.text == "{" and cursor.word.kind == "sign":
        cursor.skip()
    else:
        cursor.pass_value()


def _include(cursor: Cursor, reading: Reading, path: Path) -> None:
    cursor.expect("=")
    start = cursor.word
    other = path.parent / cursor.text()
    reading.depth += 1
    if reading.depth > MOST_FILES_DEEP:
        cursor.refuse(f"at most {MOST_FILES_DEEP} files in one another", start)
    _file(other, reading)
    reading.depth -= 1


def _object(cursor: Cursor, reading: Reading, word: Token, placed: bool) -> None:
    made = objects.node(cursor, reading)
    if made is not None:
        reading.objects[made.name] = made
        if placed and made.name not in reading.placed:
            reading.placed.append(made.name)


def _region(cursor: Cursor, reading: Reading) -> None:
    """One entry of MODIFY_SURFACE_REGIONS or DEFINE_SURFACE_REGIONS: World.cell[psd] { ... }."""
    start = cursor.word
    objects.found(cursor, reading)
    cursor.at -= 1
    path, region = place(cursor)
    at = cursor.at

    def changed(one: Node) -> Node:
        if not isinstance(one.content, Mesh):
            cursor.refuse("an object that is a surface", start)
        cursor.at = at
        return replace(one, content=objects.with_region(cursor, reading, one.content, region))

    objects.change(reading, path, changed)


def _print(cursor: Cursor, reading: Reading, word: Token) -> None:
    """printf(...), and sprintf(name, "...", ...), whose name then stands for a text."""
    if word.text in ("sprintf", "SPRINTF") and cursor.ahead().kind == "name":
        reading.known[cursor.ahead().text] = cursor.ahead(3).text if cursor.ahead(3).kind == "text" else ""
    if cursor.word.text != "(":
        cursor.refuse('"("')
    reading.note(NO_NEED, word, "of what MCell prints, and of names of files.")
    cursor.skip()


def _assigned(cursor: Cursor, reading: Reading, word: Token) -> None:
    """A setting, or a name for a number, a text or a list."""
    value = cursor.word
    meant = cursor.known.get(value.text) if value.kind == "name" else None
    if word.text in TAKEN:
        number = cursor.number()
        reading.settings[word.text] = number
        if word.text.endswith("GRID_DENSITY"):
            reading.settings["SURFACE_GRID_DENSITY"] = number
    elif value.kind == "text" or isinstance(meant, str):
        reading.known[word.text] = cursor.text()
    elif value.text == "[" or isinstance(meant, list):
        reading.known[word.text] = cursor.numbers()
    elif value.text in _WORDS and value.kind == "name":
        cursor.step()
        reading.note(LEFT_OUT, word, "a setting that is not known here.")
    else:
        reading.known[word.text] = cursor.number()


def _output(cursor: Cursor, reading: Reading) -> None:
    """One entry of REACTION_DATA_OUTPUT."""
    if cursor.word.text == "{" and cursor.word.kind == "sign":
        _counts(cursor, reading)
        return
    key = cursor.name('{ COUNT[...] } => "FILE", STEP or HEADER')
    if key.text in ("OUTPUT_BUFFER_SIZE", "HEADER", "SHOW_EXACT_TIME"):
        cursor.pass_value()
        return
    cursor.expect("=")
    if key.text == "STEP":
        start = cursor.word
        step = cursor.number()
        reading.steps.append(step if step > 0.0 else cursor.refuse("a time above 0", start))
    elif key.text in ("TIME_LIST", "ITERATION_LIST"):
        scale = 1.0 if key.text == "TIME_LIST" else reading.settings.get("TIME_STEP", 0.0)
        times = sorted({scale * x for x in cursor.numbers()})
        gaps = [b - a for a, b in pairwise(times)]
        reading.steps += [gap for gap in [min(gaps, default=0.0)] if gap > 0.0]
        reading.note(OTHERWISE, key, "samples are evenly spaced here, by the shortest time between two of the list.")
    else:
        cursor.refuse('{ COUNT[...] } => "FILE", STEP or HEADER', key)


def _counts(cursor: Cursor, reading: Reading) -> None:
    """What stands in { COUNT[A, WORLD] + COUNT[B, WORLD] : "header" } => "FILE"."""
    start = cursor.expect("{")
    found: list[tuple[str, str, tuple[str, str], str, str]] = []
    while not cursor.accept("}"):
        if cursor.word.kind == "end":
            cursor.refuse(f'what closes "{{" of line {start.line}')
        if cursor.word.text in ("COUNT", "TRIGGER") and cursor.ahead().text == "[":
            found.append(_count(cursor))
        else:
            cursor.step()
    if not cursor.accept("=", ">", "+"):
        cursor.refuse("=> and a file")
    while cursor.accept(">"):
        pass
    file = cursor.text()
    for text, molecule, where, kind, line in found:
        reading.counts.append(Count(text, molecule, where, kind, file, line))


def _count(cursor: Cursor) -> tuple[str, str, tuple[str, str], str, str]:
    """COUNT[what, where, kind], as it stands there and in its parts."""
    first = cursor.at
    word = cursor.step()
    cursor.expect("[")
    name = cursor.step()
    if name.kind not in ("name", "text"):
        cursor.refuse("a molecule or a reaction", name)
    turned = cursor.word.text != ","
    while not cursor.accept(","):
        if cursor.step().kind == "end":
            cursor.refuse("a place to count in")
    where = place(cursor)
    kind = cursor.name("what to count there").text if cursor.accept(",") else ""
    cursor.expect("]")
    text = "".join(w.text if w.text != "," else ", " for w in cursor.words[first : cursor.at])
    kind = kind or ("TRIGGER" if word.text == "TRIGGER" else "one way up" if turned else "")
    return text, name.text.rstrip(";"), where, kind, word.where
