"""The rules of plasticity of a scenario file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spinemc import units
from spinemc.scenario.reactions import rate_table
from spinemc.scenario.sections import Names
from spinemc.scenario.table import Reader, Table, file_in, flag, known, number, refuse, text
from spinemc.scenario.values import PlasticitySpec, Rate

RULES = (
    "bell2022", "calcitron2025", "camkii2007", "chindemi2022", "clopath2008", "graupner2012", "li2016", "odonnell2011",
    "shouval2002",
)  # fmt: skip
"""Names of the rules."""


def plasticity(table: Table, names: Names, folder: Path) -> PlasticitySpec:
    """A rule, what it reads and where it begins; a table that gates it is looked for in a folder."""
    inner, start = table.table("parameters", required=False), table.table("start", required=False)
    return PlasticitySpec(
        rule=table.take("rule", known(RULES, "rule")),
        species=table.take("species", names.species),
        compartment=table.take("compartment", names.compartment_name),
        parameters={key: inner.take(key, {"set": text, "noise": flag}.get(key, number)) for key in inner.entries},
        reference=table.take("reference", amount, None),
        rest=table.take("rest", amount, None),
        gate=table.take("gate", _gate(folder), None),
        start={key: start.take(key, number) for key in start.entries},
    )


def amount(value: Any) -> tuple[float, str]:
    """Molecules, a bare number, or a concentration, a text with its unit; with the unit, "ions" or "uM"."""
    if isinstance(value, str):
        return units.quantity(value, "concentration") / units.MICROMOLAR, "uM"
    found = number(value)
    return (found, "ions") if found >= 0.0 else refuse('a number of molecules, or a concentration such as "0.5 uM".')


def _gate(folder: Path) -> Reader:
    """A reader of `{ table = FILE }`: times [s] and what scales the rates of learning."""

    def read(value: Any) -> Rate:
        if not isinstance(value, Mapping) or set(value) != {"table"}:
            refuse('a table is needed, as in { table = "gate.csv" }: time [s] and gate, with a comma between them.')
        return rate_table(file_in(folder)(value["table"]), "rate1")

    return read
