"""What a person reads of mechanisms: all of them, or one with its parameters, its scheme and its source."""

from __future__ import annotations

import textwrap

from spinemc.errors import ScenarioError
from spinemc.mechanisms.catalogue import KINDS
from spinemc.mechanisms.kinds import BELL_2022, CHOICE, MN_2019, Kind, Law, Parameter
from spinemc.mechanisms.steady import steady

WIDTH = 118


def listed() -> str:
    """All mechanisms, a line each: name, usual place and amount, what it is."""
    rows = [(k.name, _usual(k), k.what) for k in KINDS.values()]
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    return "\n".join(f"{name:<{widths[0]}}  {usual:<{widths[1]}}  {what}" for name, usual, what in rows)


def described(name: str) -> str:
    """One mechanism: its source, its temperature, its states, its steps and its parameters.

    Raises
    ------
    ScenarioError
        There is none of that name.
    """
    if name not in KINDS:
        import difflib

        near = difflib.get_close_matches(name, KINDS, 1)
        advice = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(KINDS)}."
        raise ScenarioError(f'"{name}" is not a kind of mechanism. {advice}')
    kind = KINDS[name]
    lines = [f"{kind.name}: {kind.what}"]
    for what, text in (
        ("source", kind.source),
        ("temperature", kind.temperature),
        ("usually", _usual(kind)),
        ("states", kind.states),
    ):
        lines += textwrap.wrap(text, WIDTH, initial_indent=f"  {what:<12}", subsequent_indent=" " * 14)
    lines.append("  parameters")
    width = max(map(len, kind.parameters))
    for key, parameter in kind.parameters.items():
        lines.append(f"    {key:<{width}}  {_default(parameter):<18} {_said(parameter)}")
    return "\n".join([*lines, *_steps(kind)])


def _steps(kind: Kind) -> list[str]:
    """The reactions, where all parameters that they need have defaults."""
    if any(p.default is None and not p.optional for p in kind.parameters.values()):
        return []
    made = kind.made()
    lines = ["  reactions"]
    for entry in made.reaction:
        rates = ", ".join(_rate(entry[key]) for key in ("kf", "kb") if key in entry)
        lines.append(f"    {entry['equation']:<36} {rates}")
    if kind.name in ("vscc", "vdcc"):
        shares = [f"{v:g} mV {steady(made, {}, v)[kind.prefix]:.3g}" for v in (-65.0, -20.0, 0.0)]
        lines.append(f"  open at rest  {', '.join(shares)}")
    return lines


def _rate(rate: object) -> str:
    return f"follows {' and '.join(rate.needs)}" if isinstance(rate, Law) else str(rate)


def _usual(kind: Kind) -> str:
    where = f"{'on' if kind.surface else 'in'} {kind.place}"
    return f"{kind.amount[1]} {where}" if kind.amount else where


def _default(parameter: Parameter) -> str:
    if parameter.default is not None:
        return str(parameter.default)
    return "(none)" if parameter.optional else "has to be given"


def _said(parameter: Parameter) -> str:
    words = f": {', '.join(parameter.words)}" if parameter.words else ""
    return f"{parameter.what}{words}" + (f" ({parameter.source})" if parameter.source else "")


def rows() -> list[str]:
    """All mechanisms as rows of a table in Markdown.

    Kind, what it is, states, usual amount and place, parameters with their defaults, source, temperature, and what is a
    choice and no number of the literature.
    """
    return [
        f"| `{k.name}` | {k.what} | {k.states} | {_usual(k)} | {_told(k)} | {_short(k.source)} | "
        f"{k.temperature} | {', '.join(_choices(k)) or '-'} |"
        for k in KINDS.values()
    ]


def _short(source: str) -> str:
    """A source with the papers that many mechanisms share by their numbers."""
    return source.replace(BELL_2022, "[1]").replace(MN_2019, "[2]")


def _told(kind: Kind) -> str:
    return ", ".join(f"`{key}` {_default(p)}".replace(" (none)", "") for key, p in kind.parameters.items())


def _choices(kind: Kind) -> list[str]:
    """The parameters whose numbers are choices."""
    if CHOICE in kind.source.split(":")[0] or kind.temperature == CHOICE:
        return ["all"]
    return [f"`{key}`" for key, p in kind.parameters.items() if CHOICE in p.source]
