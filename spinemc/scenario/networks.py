"""Networks of reactions from files of BioNetGen, brought to the species, releases and units of a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spinemc import units
from spinemc.scenario.bionetgen import Net, NetSpecies, identifiers, read_net
from spinemc.scenario.places import homes, parts, placed
from spinemc.scenario.reactions import MOST_PRODUCTS, misplaced, rate_kind
from spinemc.scenario.sections import Names
from spinemc.scenario.table import Table, file_in, identifier, known, nearest, quantity, refuse
from spinemc.scenario.values import CYTOSOL, Rate, Reaction, Release, Species

AMOUNTS = ("M", "mM", "uM", "nM", "molecules")
TIMES = ("s", "ms", "us", "min")

Told = dict[str, list[int]]
"""What is wrong in a file, and in which lines."""


@dataclass(frozen=True)
class Units:
    """What one of a file's own units is in engine units; None where it has none.

    Attributes
    ----------
    time : float
        [s]
    concentration : float or None
        Of the file's amounts in the volume [molecules um^-3].
    density : float or None
        Of the file's amounts on surfaces [molecules um^-2].
    counted : bool
        Whether amounts are numbers of molecules.
    """

    time: float
    concentration: float | None
    density: float | None
    counted: bool

    def rate(self, number: float, kind: str) -> float | None:
        """A rate of `spinemc.units` in engine units; None where the file's units do not tell it."""
        amount = self.density if kind == "rate2_surface" else 1.0 if kind == "rate1" else self.concentration
        if amount is None:
            return None
        return number / self.time * (amount if kind == "rate0" else 1.0 / amount)


def network(
    table: Table, names: Names, declared: Sequence[Species], folder: Path
) -> tuple[list[Species], list[Reaction], list[Release]]:
    """Read one network.

    Parameters
    ----------
    table : Table
        Its keys: `file`, `amounts`, `time`, `volume` and `area`, `D` or `on`, `in`, `rename`.
    names : Names
        What is known, the species declared before included.
    declared : sequence of Species
        The species declared before, which the file's of the same name are.
    folder : Path
        Where the file is looked for.

    Returns
    -------
    list of Species, list of Reaction, list of Release
        The species that are not declared before; the reactions, those that are alike as one with the sum of their
        rates; what is there at first. Species only where the table or the file has faults.
    """
    before = len(table.faults)
    path = table.take("file", file_in(folder))
    unit = _units(table)
    on, inside = table.take("on", names.region_name, None), table.take("in", names.space_name, None)
    D = table.take("D", quantity("diffusion"), None)
    renamed = table.take("rename", _renamed, {})
    found: list[str] = []
    net = Net((), ()) if path is None else read_net(path, found)
    patterns = [s.pattern for s in net.species]
    for pattern in renamed or {}:
        if pattern not in patterns and not found and path is not None:
            near = nearest(pattern, patterns)
            advice = f" Did you mean {near}?" if near else ""
            table.refuse("rename", f"{pattern} is not a species of {path.name}.{advice}")
    for fault in found:
        table.refuse("file", fault)
    if renamed is None:
        return [], [], []
    called = identifiers(patterns, renamed)
    home = inside if inside and on is None else CYTOSOL
    new = [Species(name, D or 0.0, on, home) for name in called if name not in names.home]
    if new and D is None and on is None:
        table.note("D", f" is missing: {new[0].name} is not declared as a [[species]]. Give D or on.")
    if len(table.faults) > before:
        return new, [], []
    lives = {s.name: s for s in (*declared, *new)}
    around = replace(names, home=homes(lives.values()))
    molecules = [n if lives[n].is_surface else placed(n, inside or lives[n].inside, lives[n].inside) for n in called]
    told: dict[str, list[int]] = {}
    reactions = _reactions(net, molecules, around, unit, told)
    releases = [r for s, m in zip(net.species, molecules, strict=True) for r in _seed(s, m, lives, around, unit, told)]
    for sentence, lines in told.items():
        others = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        table.refuse("file", f"{path.name}, line {lines[0]}{others}: {sentence}")
    return (new, reactions, releases) if len(table.faults) == before else (new, [], [])


def _units(table: Table) -> Units:
    """The units of a file, as the table tells them."""
    amounts = table.take("amounts", known(AMOUNTS, "unit of amounts"))
    time = table.take("time", known(TIMES, "unit of time"), "s")
    scale = units.quantity(f"1 {time or 's'}", "time")
    counted = amounts == "molecules"
    size = {key: table.take(key, quantity(key, positive=True), None) for key in ("volume", "area")}
    for key in size:
        if table.has(key) and not counted:
            table.refuse(key, 'amounts = "molecules" needs one; a concentration does not.')
    if amounts is None or counted:
        volume, area = size["volume"], size["area"]
        return Units(scale, volume and 1.0 / volume, area and 1.0 / area, True)
    return Units(scale, units.quantity(f"1 {amounts}", "concentration"), None, False)


def _renamed(value: Any) -> dict[str, str]:
    """Names in place of patterns, each once."""
    if not isinstance(value, Mapping):
        refuse('a table of patterns and names is needed, as in { "CaM(c~0,n~0)" = "CaM" }.')
    made = {str(pattern): identifier(name) for pattern, name in value.items()}
    if len(set(made.values())) < len(made):
        refuse("two patterns have one name: give each a name of its own.")
    return made


def _reactions(net: Net, molecules: Sequence[str], names: Names, unit: Units, told: Told) -> list[Reaction]:
    """The reactions; those with the same molecules on both sides are one."""
    rates: dict[tuple[tuple[str, ...], tuple[str, ...]], float] = {}
    for one in net.reactions:
        ends = tuple(sorted(molecules[i] for i in one.reactants)), tuple(sorted(molecules[i] for i in one.products))
        if ends[0] == ends[1]:
            continue
        kind = rate_kind([names.is_surface(m, unknown=False) for m in ends[0]])
        rate = unit.rate(one.rate, kind)
        wrong = misplaced(*ends, names)
        if len(ends[1]) > MOST_PRODUCTS:
            wrong = f"{len(ends[1])} molecules are made at once: at most {MOST_PRODUCTS} can be."
        if wrong:
            told.setdefault(wrong, []).append(one.line)
        elif rate is None:
            told.setdefault(_unknown(kind, unit), []).append(one.line)
        else:
            rates[ends] = rates.get(ends, 0.0) + rate
    return [
        Reaction(f"{' + '.join(start) or '0'} -> {' + '.join(end) or '0'}", start, end, Rate.constant(rate))
        for (start, end), rate in rates.items()
    ]


def _unknown(kind: str, unit: Units) -> str:
    """What is missing where the unit of a rate is not known."""
    if not unit.counted:
        return 'the rate of two surface species is not told by concentrations: give amounts = "molecules" and area.'
    key, example = ("area", "1 um^2") if kind == "rate2_surface" else ("volume", "0.1 um^3")
    return f'its rate is for the {key} that the file was written for: say it, as in {key} = "{example}".'


def _seed(
    one: NetSpecies, name: str, lives: Mapping[str, Species], names: Names, unit: Units, told: Told
) -> list[Release]:
    """What is there of a species at first: one release, or none."""
    if one.amount == 0.0:
        return []
    kind = lives[parts(name)[0]]
    place: dict[str, Any] = {"on": kind.on} if kind.is_surface else {"inside": names.space(name)}
    if unit.counted:
        return [Release(name, count=round(one.amount), **place)]
    if kind.is_surface:
        wrong = f"{name} sits on a surface, so a concentration says nothing: give 0 and a [[release]]."
        told.setdefault(wrong, []).append(one.line)
        return []
    return [Release(name, concentration=one.amount * (unit.concentration or 0.0), **place)]
