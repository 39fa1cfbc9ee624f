"""Molecules with sites that bind in steps: one table, and the species and reactions that it stands for."""

from __future__ import annotations

from itertools import product
from math import prod
from pathlib import Path

from spinemc.scenario.reactions import misplaced, rate, rate_kind
from spinemc.scenario.sections import Names, whereabouts
from spinemc.scenario.table import REQUIRED, Table, each, identifier, new_name, quantity
from spinemc.scenario.values import Rate, Reaction, Species

MOST_STATES = 512

Site = tuple[str, tuple[tuple[Rate, Rate], ...]]
"""A site's name and the rates, on and off, of each of its binding steps."""


def molecule(table: Table, names: Names, folder: Path) -> tuple[list[Species], list[Reaction]]:
    """Read one molecule.

    Parameters
    ----------
    table : Table
        Its keys: `name`, `D` or `on` (and `in`) as of a species, `ligand`, and `site`, each with `name`, `kf`, `kb`.
    names : Names
        What is known, the species declared before included.
    folder : Path
        Where tables of rates are looked for.

    Returns
    -------
    list of Species, list of Reaction
        A species for each combination of what its sites have bound, "CB_M0H0" to "CB_M2H2", the last site's states
        next to each other; a reversible reaction for each binding step of a site in each state of the others. No
        reaction where the table has faults, and no species where their names cannot be told.
    """
    before = len(table.faults)
    name = table.take("name", identifier)
    home = whereabouts(table, names)
    D = table.take("D", quantity("diffusion"), 0.0 if home["on"] else REQUIRED)
    ligand = table.take("ligand", names.molecule)
    kind = None
    if ligand is not None:
        kind = rate_kind([home["on"] is not None, names.is_surface(ligand, unknown=False)])
    taken: set[str] = set()
    sites = [_site(inner, taken, kind, folder) for inner in table.tables("site", required=True)]
    number = prod(len(steps) + 1 for _, steps in sites)
    if number > MOST_STATES:
        table.note("", f" has {number} states, more than {MOST_STATES}: give it fewer sites or steps.")
    if name is None or number > MOST_STATES:
        return [], []
    states = list(product(*(range(len(steps) + 1) for _, steps in sites)))
    letters = [site for site, _ in sites]
    called = {s: f"{name}_" + "".join(f"{a}{n}" for a, n in zip(letters, s, strict=True)) for s in states}
    species = [Species(one, D, **home) for one in called.values() if one not in names.home]
    if len(species) < len(called):
        there = next(one for one in called.values() if one in names.home)
        table.refuse("name", f"it makes a species {there}, which is there already: choose another name.")
    if len(table.faults) > before or ligand is None:
        return species, []
    known = {one.name: None if one.is_surface else one.inside for one in species}
    around = Names({**names.home, **known}, names.spaces, names.space_of)
    first, *_, last = called.values()
    wrong = misplaced((first, ligand), (last,), around) or misplaced((last,), (first, ligand), around)
    if wrong:
        table.refuse("ligand", wrong)
        return species, []
    reactions = []
    for i, (_, steps) in enumerate(sites):
        for state in (s for s in states if s[i] < len(steps)):
            free, bound = called[state], called[(*state[:i], state[i] + 1, *state[i + 1 :])]
            on, off = steps[state[i]]
            reactions.append(Reaction(f"{free} + {ligand} <-> {bound}", (free, ligand), (bound,), on, off))
    return species, reactions


def _site(table: Table, taken: set[str], kind: str | None, folder: Path) -> Site:
    """A site: its name and its ladder of binding steps."""
    name = new_name(table, taken)
    if name is not None and name[-1].isdigit():
        table.refuse("name", "a number stands behind it in the names of the species, so it does not end in one.")
    on = table.take("kf", each(rate(kind, folder), single=True)) or ()
    off = table.take("kb", each(rate("rate1", folder), single=True)) or ()
    if on and off and len(on) != len(off):
        table.refuse("kb", f"there are {len(on)} rates in kf and {len(off)} here: each binding step has one of both.")
        return name or "", ()
    return name or "", tuple(zip(on, off, strict=False))
