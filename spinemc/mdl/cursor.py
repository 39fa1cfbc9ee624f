"""Words of a model read one after another, and the numbers, texts and lists that they make."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from spinemc.errors import ScenarioError
from spinemc.mdl.tokens import Token

DEEPEST = 100
"""How many brackets may stand in one another."""

LONGEST = 10_000_000
"""Entries of a list."""

FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    "EXP": (1, math.exp),
    "LOG": (1, math.log),
    "LOG10": (1, math.log10),
    "SIN": (1, math.sin),
    "COS": (1, math.cos),
    "TAN": (1, math.tan),
    "ASIN": (1, math.asin),
    "ACOS": (1, math.acos),
    "ATAN": (1, math.atan),
    "SQRT": (1, math.sqrt),
    "ABS": (1, abs),
    "CEIL": (1, math.ceil),
    "FLOOR": (1, math.floor),
    "MAX": (2, max),
    "MIN": (2, min),
    "MOD": (2, math.fmod),
}
"""What may be called, by name: how many numbers it takes, and what it is."""

_DRAWN = ("RAND_UNIFORM", "RAND_GAUSSIAN")

_LEVELS: tuple[dict[str, Callable[[float, float], float]], ...] = (
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": operator.truediv},
    {"^": math.pow},
)
"""Operators by how tightly they bind, loosest first; all take what stands left of them first."""


class Cursor:
    """The words of one file and where one is in them.

    Parameters
    ----------
    words : sequence of Token
        With an `end` at the end.
    known : dict
        Numbers, texts and lists by name, as assignments gave them; shared by all files of a model.
    """

    def __init__(self, words: Sequence[Token], known: dict[str, Any]) -> None:
        self.words, self.known = words, known
        self.at = self.depth = 0

    @property
    def word(self) -> Token:
        """The word that comes next."""
        return self.words[self.at]

    def ahead(self, by: int = 1) -> Token:
        """A word further on."""
        return self.words[min(self.at + by, len(self.words) - 1)]

    def step(self) -> Token:
        """Take the next word."""
        word = self.word
        self.at = min(self.at + 1, len(self.words) - 1)
        return word

    def refuse(self, expected: str, word: Token | None = None) -> NoReturn:
        """Refuse a word, the next one where none is given.

        Raises
        ------
        ScenarioError
            With its file, its line, what was found and what was expected.
        """
        word = word or self.word
        raise ScenarioError(f"{word.where}: found {word.shown}, expected {expected}.")

    def accept(self, *texts: str) -> str | None:
        """Take the next word if it is one of these signs or names; None where it is not."""
        if self.word.kind in ("sign", "name") and self.word.text in texts:
            return self.step().text
        return None

    def expect(self, text: str) -> Token:
        """Take the next word, which has to be this."""
        if self.word.kind not in ("sign", "name") or self.word.text != text:
            self.refuse(f'"{text}"')
        return self.step()

    def name(self, what: str) -> Token:
        """Take a name."""
        return self.step() if self.word.kind == "name" else self.refuse(what)

    def block(self) -> Iterator[None]:
        """What stands between { and }, one turn for each entry."""
        self.expect("{")
        while not self.accept("}"):
            before = self.at
            yield
            if self.at == before:
                self.refuse('an entry, or "}"')

    def skip(self) -> None:
        """Pass over brackets of any kind and what is in them."""
        opened = self.word
        depth = 0
        while True:
            word = self.step()
            if word.kind == "end":
                self.refuse(f'what closes "{opened.text}" of line {opened.line}', word)
            if word.kind == "sign":
                depth += (word.text in "{[(") - (word.text in "}])")
            if depth == 0:
                return

    def pass_value(self) -> None:
        """Pass over = and a value of any kind."""
        self.expect("=")
        word = self.word
        known = self.known.get(word.text)
        if word.kind == "text" or isinstance(known, str):
            self.text()
        elif word.kind == "sign" and word.text == "[":
            self.skip()
        elif word.kind == "name" and known is None and word.text not in (*FUNCTIONS, "PI", "SEED"):
            self.step()
        else:
            self.number()
            while self.accept(":"):  # a time by the clock
                self.number()
            self.accept("EXIT", "NOEXIT")

    def number(self, level: int = 0) -> float:
        """Take a number: arithmetic with names, as MDL has it.

        Raises
        ------
        ScenarioError
            There is none, a name is not known or not a number, or it has no finite value.
        """
        start = self.word
        try:
            value = self._number(level)
        except (ArithmeticError, ValueError):
            value = math.nan
        if not math.isfinite(value):
            self.refuse("an expression with a finite value", start)
        return value

    def _number(self, level: int) -> float:
        if level == len(_LEVELS):
            return self._atom()
        value = self._number(level + 1)
        while self.word.kind == "sign" and self.word.text in _LEVELS[level]:
            value = _LEVELS[level][self.step().text](value, self._number(level + 1))
        return value

    def _atom(self) -> float:
        word = self.step()
        if word.kind == "number":
            return float(word.text)
        self.depth += 1
        if self.depth > DEEPEST:
            self.refuse("fewer brackets and signs in one another", word)
        try:
            return self._compound(word)
        finally:
            self.depth -= 1

    def _compound(self, word: Token) -> float:
        if word.kind == "sign" and word.text in "+-":
            return -self._atom() if word.text == "-" else self._atom()
        if word.kind == "sign" and word.text == "(":
            value = self._number(0)
            self.expect(")")
            return value
        if word.kind != "name":
            self.refuse("a number", word)
        if word.text == "PI":
            return math.pi
        if word.text == "SEED":
            return 1.0
        if word.text in _DRAWN:
            self.refuse("a number that does not change from run to run", word)
        if word.text in FUNCTIONS and self.word.text == "(":
            return self._called(*FUNCTIONS[word.text])
        named = self.known.get(word.text)
        if not isinstance(named, float):
            self.refuse("a number" if word.text in self.known else "a number, or the name of one that was given", word)
        return named

    def _called(self, number: int, call: Callable[..., float]) -> float:
        self.expect("(")
        given = [self._number(0)]
        for _ in range(number - 1):
            self.expect(",")
            given.append(self._number(0))
        self.expect(")")
        return float(call(*given))

    def whole(self, what: str) -> int:
        """Take a whole number that is not negative."""
        start = self.word
        value = self.number()
        if value != int(value) or value < 0:
            self.refuse(what, start)
        return int(value)

    def text(self) -> str:
        """Take a text: pieces joined by &, in quotes or by name."""
        made = self._piece()
        while self.accept("&"):
            made += self._piece()
        return made

    def _piece(self) -> str:
        word = self.step()
        if word.kind == "text":
            return word.text
        value = self.known.get(word.text) if word.kind == "name" else None
        return value if isinstance(value, str) else self.refuse("a text in quotes", word)

    def numbers(self) -> list[float]:
        """Take a list: [1, 2, [3 TO 5 STEP 0.5]], or the name of one."""
        if self.word.kind == "name":
            value = self.known.get(self.word.text)
            return value if isinstance(value, list) and self.step() else self.refuse("a list")
        self.expect("[")
        found: list[float] = []
        while True:
            if self.accept("["):
                found += self._stretch()
                self.expect("]")
            else:
                found.append(self.number())
            if len(found) > LONGEST:
                self.refuse(f"a list of at most {LONGEST} entries")
            if not self.accept(","):
                break
        self.expect("]")
        return found

    def _stretch(self) -> list[float]:
        start = self.word
        low = self.number()
        self.expect("TO")
        high = self.number()
        self.expect("STEP")
        step = self.number()
        number = (high - low) / step if step else -1.0
        if not 0.0 <= number <= LONGEST:
            self.refuse("a stretch whose step leads from its beginning to its end", start)
        return [low + i * step for i in range(int(number + 1e-9) + 1)]

    def point(self) -> tuple[float, ...]:
        """Take three coordinates."""
        start = self.word
        found = self.numbers()
        return tuple(found) if len(found) == 3 else self.refuse("three coordinates, as in [0, 0, 1]", start)
