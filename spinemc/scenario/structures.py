"""The epochs of a scenario file, and the molecules that one of them goes on from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spinemc.scenario.sections import MOST, Names, integer
from spinemc.scenario.structured import FORMS, LOOPS, MOLECULES, SIZES, Growth, Structure
from spinemc.scenario.table import Reader, Table, known, number, quantity, refuse
from spinemc.scenario.values import PlasticitySpec, Release, Run

MOST_EPOCHS = 100_000
OF_MEANS = ("ode", "pde")
"""Engines whose molecules are real numbers."""


def structure(table: Table, plasticity: Sequence[PlasticitySpec]) -> Structure | None:
    """How often a scenario runs, and the law of its shape; None where the table has faults."""
    before = len(table.faults)
    rules = list(dict.fromkeys(spec.rule for spec in plasticity if spec.rule))
    if not rules:
        table.note("", " needs weights that the shape follows: add a [[plasticity]].")
    rule = table.take("rule", known(rules, "rule of this scenario"), *(rules if len(rules) == 1 else ()))
    values: dict[str, Any] = {
        "epochs": table.take("epochs", integer(1, MOST_EPOCHS + 1)),
        "loop": table.take("loop", known(LOOPS, "loop"), "shut"),
        "form": table.take("form", known(FORMS, "form"), "linear"),
        "reference": table.take("reference", number, None),
        "molecules": table.take("molecules", known(MOLECULES, "way with molecules"), "carried"),
    }
    usual = Structure(1, "")
    values |= {key: _growth(table.table(key, required=False), usual.growths[key], SIZES[key]) for key in SIZES}
    if values["form"] == "power" and values["reference"] is not None and values["reference"] <= 0.0:
        table.refuse("reference", "a power is of a weight above 0: give one, or another form.")
    return None if len(table.faults) > before or rule is None else Structure(rule=rule, **values)


def _growth(table: Table, usual: Growth, measure: str) -> Growth | None:
    """The gain of a size and its limits; None where they are at fault."""
    size = quantity(measure, positive=True)
    made = Growth(
        table.take("gain", number, usual.gain),
        table.take("least", size, usual.least),
        table.take("most", size, usual.most),
    )
    if None in (made.gain, made.least, made.most):
        return None
    if made.least > made.most:
        key = "least" if "least" in table.entries else "most"
        table.refuse(key, f"the least is {made.least:g} and the most {made.most:g}: turn them round.")
    return made


def initial(table: Table, names: Names, run: Run) -> Release:
    """Molecules that are there at the beginning, an exact number in or on one place."""
    name = table.take("species", names.molecule)
    place = [key for key in ("in", "on") if table.has(key)]
    if len(place) != 1:
        table.note("", f" needs exactly one place of in and on; it has {' and '.join(place) or 'none'}.")
    inside = table.take("in", names.compartment_name, None)
    on = table.take("on", names.region_name, None)
    if name is not None and names.is_surface(name, unknown=False):
        if place == ["in"]:
            table.refuse("in", f'{name} is in the membrane: say where with on = "membrane", or a region.')
    elif name is not None and on is not None:
        table.refuse("on", f'{name} is in the volume: say where with in = "cytosol", or a compartment.')
    elif name is not None and inside is not None:
        name = table.take("species", lambda _: names.put(name, inside))
    return Release(name, count=table.take("count", _real if run.engine in OF_MEANS else whole), inside=inside, on=on)


whole: Reader = integer(0, MOST)
"""A reader of a number of molecules that come one by one."""


def _real(value: Any) -> float:
    found = number(value)
    return found if 0.0 <= found < MOST else refuse(f"a number of molecules from 0 to {MOST - 1} is needed.")
