"""The words of an MDL text, each with its file and line; and the files that it takes in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from spinemc.errors import ScenarioError

LARGEST = 50_000_000
"""Characters of a model, all of its files together."""

_WORD = re.compile(
    r"(?P<blank>[ \t\r\f\v]+|//[^\n]*)|(?P<line>\n)|(?P<comment>/\*.*?\*/)"
    r"|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)"
    r'|(?P<text>"[^"\n]*")|(?P<sign>/(?!\*)|[][{}()=+\-*^,;:\'@&<>])',
    re.DOTALL,
)


class Token(NamedTuple):
    """A word of a model.

    Attributes
    ----------
    kind : str
        number, name, text, sign, or end.
    text : str
        As it stands there; a text without its quotes.
    file : str
    line : int
        From 1.
    """

    kind: str
    text: str
    file: str
    line: int

    @property
    def where(self) -> str:
        """The place, for messages."""
        return f"{self.file}, line {self.line}"

    @property
    def shown(self) -> str:
        """The word, for messages."""
        return "the end of the file" if self.kind == "end" else f'"{self.text[:40]}"'


def tokens(text: str, file: str) -> list[Token]:
    """The words of a text, comments left out, with an `end` behind them.

    Raises
    ------
    ScenarioError
        A character that no word begins with, or a comment that does not end.
    """
    found: list[Token] = []
    at, line = 0, 1
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            what = "a comment that does not end" if text.startswith("/*", at) else f'"{text[at]}"'
            what = "a text that does not end" if text[at] == '"' else what
            raise ScenarioError(f"{file}, line {line}: found {what}, expected MDL, as MCell 3 reads it.")
        kind, word = match.lastgroup or "", match.group()
        if kind == "line":
            line += 1
        elif kind == "comment":
            line += word.count("\n")
        elif kind == "text":
            found.append(Token(kind, word[1:-1], file, line))
        elif kind != "blank":
            found.append(Token(kind, word, file, line))
        at = match.end()
    found.append(Token("end", "", file, line))
    return found


def read(path: Path, top: Path, room: int) -> str:
    """The text of a file of a model.

    Parameters
    ----------
    path : Path
    top : Path
        The folder in which all files of the model lie.
    room : int
        Characters that may still be read.

    Raises
    ------
    ScenarioError
        The file lies elsewhere, cannot be read, is not a text, or is too large.
    """
    try:
        if not path.resolve().is_relative_to(top.resolve()):
            raise ScenarioError(f"{path.name}: lies outside the folder of the model: move it there.")
        with path.open("rb") as file:
            data = file.read(room + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that no file has
        raise ScenarioError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(data) > room:
        raise ScenarioError(f"{path.name}: the model is larger than {LARGEST // 1_000_000} MB, which is the most.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path.name}: not a text in UTF-8: byte {error.start} is not allowed.") from None
