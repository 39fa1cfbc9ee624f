"""Engine units (um, s, molecules), constants, and the way from a text such as "220 um^2/s" to a number."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from spinemc.errors import ScenarioError

AVOGADRO = 6.02214076e23
"""Molecules in a mole [1/mol], exact since the SI of 2019."""

ELEMENTARY_CHARGE = 1.602176634e-4
"""Charge of a proton [fC], exact since the SI of 2019."""

MICROMOLAR = 602.214076
"""Molecules in 1 um^3 at 1 uM [um^-3]."""


@dataclass(frozen=True)
class Kind:
    """What a quantity measures.

    Attributes
    ----------
    need : str
        The sentence that tells a user what is allowed.
    example : str
        A quantity as it is written.
    unit : str
        The engine's unit, molecules being pure numbers.
    moles : int
        Power of the mole in the molar form of the unit; 0 where there is none.
    signed : bool
        Whether it may be negative.
    """

    need: str
    example: str
    unit: str
    moles: int = 0
    signed: bool = False


KINDS = {
    "time": Kind("a time is given in s, ms or us", "5 ms", "s"),
    "length": Kind("a length is given in um or nm", "0.5 um", "um"),
    "coordinate": Kind("a coordinate is given in um or nm", "-0.5 um", "um", signed=True),
    "angle": Kind("an angle is given in rad or deg", "0.1 rad", "rad"),
    "turn": Kind("an angle is given in rad or deg", "-30 deg", "rad", signed=True),
    "line_density": Kind("a number in a length is given in 1/um", "2 /um", "1/um"),
    "resistance": Kind("a resistance is given in Mohm", "100 Mohm", "Mohm"),
    "resistivity": Kind("a resistivity is given in ohm cm", "150 ohm cm", "Mohm um"),
    "voltage": Kind("a voltage is given in mV", "-65 mV", "mV", signed=True),
    "conductance": Kind("a conductance is given in pS or nS", "3.72 pS", "pS"),
    "capacitance": Kind("the capacitance of a membrane is given in uF/cm^2", "1 uF/cm^2", "uF/cm^2"),
    "specific_resistance": Kind("the resistance of a membrane is given in ohm cm^2", "10000 ohm cm^2", "ohm cm^2"),
    "diffusion": Kind("a diffusion coefficient is given in um^2/s", "220 um^2/s", "um^2/s"),
    "velocity": Kind("a velocity is given in um/s", "20 um/s", "um/s"),
    "volume": Kind("a volume is given in um^3", "0.1 um^3", "um^3"),
    "area": Kind("an area is given in um^2", "1 um^2", "um^2"),
    "concentration": Kind("a concentration is given in M, uM, nM or 1/um^3", "100 nM", "1/um^3", moles=1),
    "density": Kind("a density on the membrane is given in 1/um^2", "998 /um^2", "1/um^2"),
    "rate0": Kind("a zeroth-order reaction needs a rate in uM/s", "1 uM/s", "1/um^3/s", moles=1),
    "rate1": Kind("a first-order reaction needs a rate in 1/s", "50 /s", "1/s"),
    "rate2": Kind("a second-order reaction needs a rate in 1/(M s)", "1e8 /M/s", "um^3/s", moles=-1),
    "rate2_surface": Kind("a reaction of two surface species needs a rate in um^2/s", "0.1 um^2/s", "um^2/s"),
}
"""What `quantity` can read, by name: `rate0` to `rate2` by the order of the reaction."""

LONGEST = 500
"""Characters of a quantity: longer ones are no quantities, and the reader of units takes its time with them."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_WORD = r"[A-Za-zµμ]+"
_NAME = rf"{_WORD}(?:(?:\^|\*\*)-?\d)?"
_GROUP = rf"(?:{_NAME}|\({_NAME}(?:[ *]{_NAME})*\))"
_PRINTED = str.maketrans({"²": "^2", "³": "^3", "⁻": "^-", "¹": "1", "·": " "})
_QUANTITY = re.compile(rf"({_NUMBER}) ?((?:1?/)?{_GROUP}(?:[/* ]{_GROUP})*)", re.ASCII)


def _tidy(text: str) -> str:
    """The text with signs as pint reads them and single blanks between factors only."""
    return re.sub(r" ?([/*()]) ?", r"\1", " ".join(text.translate(_PRINTED).split()))


USUAL = """\
femto- = 1e-15 = f-
pico- = 1e-12 = p-
nano- = 1e-9 = n-
micro- = 1e-6 = µ- = μ- = u-
milli- = 1e-3 = m-
centi- = 1e-2 = c-
kilo- = 1e3 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
meter = [length] = m = metre
second = [time] = s = sec
mole = [substance] = mol
ampere = [current] = A
gram = [mass]
radian = [] = rad
degree = 3.141592653589793 / 180 * radian = deg
liter = 1e-3 * meter ** 3 = l = L = litre
molar = mole / liter = M
coulomb = ampere * second = C
volt = kilogram * meter ** 2 / second ** 3 / ampere = V
ohm = volt / ampere = Ω
siemens = ampere / volt = S
farad = coulomb / volt = F
""".splitlines()
"""Units of the literature, as pint reads definitions: those of all the world take it half a second."""


@cache
def _registry(usual: bool) -> Any:
    """The units that are usual, or all that pint knows."""
    import pint

    if not usual:
        return pint.UnitRegistry()
    registry: Any = pint.UnitRegistry(None)
    registry.load_definitions(USUAL)
    return registry


def _one(unit: str, usual: bool) -> Any:
    """One of a unit, as a quantity of pint, whose own reader fails where two spellings of a unit meet."""
    registry = _registry(usual)
    one, sign, grouped = registry.Quantity(1.0), 1, False
    for name, power, mark in re.findall(rf"({_WORD})(?:(?:\^|\*\*)(-?\d))?|([/()])", unit):
        if name:
            one *= registry.Quantity(1.0, name) ** (sign * int(power or 1))
        if mark == "/":
            sign = -1
        elif mark == "(":
            grouped = True
        elif mark == ")" or not grouped:
            sign, grouped = 1, False
    return one


@cache
def _factor(unit: str, kind: str) -> Decimal | None:
    """Engine units in one `unit`, to 15 digits; None where it is not known or measures something else."""
    import pint

    wanted = KINDS[kind]
    for usual in (True, False):
        try:
            one = _one(unit, usual)
            break
        except (pint.UndefinedUnitError, pint.OffsetUnitCalculusError, ValueError):  # ValueError: nan is no unit
            continue
    else:
        return None
    for moles in (0, wanted.moles):
        try:
            plain = one.to(f"mol^{moles} * {wanted.unit}").magnitude
        except pint.DimensionalityError:
            continue
        return Decimal(f"{plain:.15g}") * Decimal(str(AVOGADRO)) ** moles
    return None


SHOWN = {
    "time": "s", "coordinate": "um", "turn": "rad", "line_density": "1/um", "resistance": "Mohm", "voltage": "mV",
    "conductance": "pS", "diffusion": "um^2/s",
    "velocity": "um/s", "volume": "um^3", "area": "um^2", "concentration": "uM", "density": "1/um^2", "rate1": "1/s",
    "rate2": "1/M/s", "rate0": "uM/s",
}  # fmt: skip
"""The unit in which `measured` gives a quantity of each kind."""


def measured(text: str) -> tuple[float, str] | None:
    """A quantity of any kind as a number and its unit, one unit for all that measure the same; None for other texts.

    A bare number has the unit "".
    """
    match = _QUANTITY.fullmatch(_tidy(text))
    if match is None:
        try:
            return float(text), ""
        except ValueError:
            return None
    for kind, unit in SHOWN.items():
        factor, one = _factor(match[2], kind), _factor(unit, kind)
        if factor is not None and one is not None:
            return float(f"{Decimal(match[1]) * factor / one:.15g}"), unit
    return None


def quantity(text: Any, kind: str) -> float:
    """The number of engine units in a text such as "1e8 /M/s", "100 nM" or "0.5 us".

    Parameters
    ----------
    text : str
        A number and a unit; the unit may begin with a slash.
    kind : str
        A name in `KINDS`.

    Returns
    -------
    float
        In um, s and molecules: rounded once, so that "300 nm" equals "0.3 um".

    Raises
    ------
    ScenarioError
        A bare number, a unit that is not known or measures something else, a number that is not finite, or is
        negative where that means nothing. The sentence says what is allowed, not where it was said.
    """
    wanted = KINDS[kind]
    match = _QUANTITY.fullmatch(_tidy(text)) if isinstance(text, str) and len(text) <= LONGEST else None
    if match is None:
        raise ScenarioError(f'{wanted.need}: write a number and its unit, as in "{wanted.example}".')
    factor = _factor(match[2], kind)
    if factor is None:
        raise ScenarioError(f"{wanted.need}.")
    number = float(match[1])
    value = float(Decimal(match[1]) * factor) if math.isfinite(number) else number
    if not math.isfinite(value):
        raise ScenarioError(f"{wanted.need}: the number is too large.")
    if value < 0 and not wanted.signed:
        raise ScenarioError(f"{wanted.need} and cannot be negative.")
    return value
