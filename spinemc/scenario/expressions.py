"""Arithmetic in files of others, such as 2*k1/(NA*V): read as a tree of which only numbers and sums are taken."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from spinemc.errors import ScenarioError

FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "ln": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "sqrt": math.sqrt,
    "abs": abs,
}
"""Functions of one number that may be called."""

CONSTANTS = {"_pi": math.pi, "_e": math.e}

_OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


@dataclass(frozen=True)
class Expression:
    """An expression: as it is written, and its tree, in which names have an underscore behind them."""

    text: str
    tree: ast.expr

    @cached_property
    def names(self) -> frozenset[str]:
        """The names it speaks of, functions included."""
        return frozenset(node.id[:-1] for node in ast.walk(self.tree) if isinstance(node, ast.Name))


def parse(text: str) -> Expression:
    """Read an expression; ^ and ** are powers.

    Raises
    ------
    ScenarioError
        It is not an expression.
    """
    text = text.strip()
    named = re.sub(r"(?<![\w.])([^\W\d]\w*)", r"\1_", text)  # a parameter may be called lambda
    try:
        return Expression(text, ast.parse(named.replace("^", "**"), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ScenarioError(f'"{text[:60]}" is not arithmetic that can be read.') from None


def value(expression: Expression, known: Mapping[str, float]) -> float:
    """The number that an expression stands for.

    Parameters
    ----------
    expression : Expression
    known : mapping
        The numbers that names stand for.

    Raises
    ------
    ScenarioError
        A name or a function is not known, something else than arithmetic is asked for, or there is no finite result.
    """
    shown = expression.text[:60]
    try:
        found = _value(expression.tree, {**CONSTANTS, **known})
    except (ArithmeticError, ValueError):
        raise ScenarioError(f'"{shown}" has no value: it divides by 0, or the like.') from None
    except RecursionError:
        raise ScenarioError(f'"{shown}": brackets stand in one another too deeply.') from None
    except NotImplementedError:
        allowed = f"numbers, parameters, + - * / ^, brackets and {', '.join(FUNCTIONS)}"
        raise ScenarioError(f'"{shown}" is not allowed: an expression is made of {allowed}.') from None
    if not math.isfinite(found):
        raise ScenarioError(f'"{shown}" is not finite.')
    return found


def _value(tree: ast.expr, known: Mapping[str, float]) -> float:
    match tree:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            if name[:-1] not in known:
                raise ScenarioError(f"{name[:-1]} is not a parameter.")
            return known[name[:-1]]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(operand, known))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, known), _value(right, known))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name[:-1] in FUNCTIONS:
            return FUNCTIONS[name[:-1]](_value(argument, known))
    raise NotImplementedError
