"""Everything that a page shows, gathered from a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinemc import contrast, observables, remodelling, store, verdict
from spinemc.engine.system import System
from spinemc.errors import SpinemcError, StoreError
from spinemc.page.charts import charts
from spinemc.page.facts import facts, tables, title
from spinemc.page.pack import Arrays
from spinemc.page.scene import order, scene

if TYPE_CHECKING:
    import xarray as xr

WITHOUT = "none"
"""What `with_` says for no other level."""


@dataclass(frozen=True)
class Page:
    """What a page shows.

    Attributes
    ----------
    told : dict
        All but the arrays, as JSON has it.
    arrays : str
        The arrays that `told` points into: base64 of gzip.
    """

    told: dict[str, Any]
    arrays: str


def gather(
    path: str | Path,
    with_: Sequence[str] = ("ode", "lna"),
    trial: int | None = None,
    tell: Callable[[str], None] = lambda line: None,
    early: bool = False,
) -> Page:
    """Gather what a page shows of a store.

    Parameters
    ----------
    path : str or Path
        The store.
    with_ : sequence of str
        As of `spinemc.contrast.compare`; or "none".
    trial : int, optional
        The trial whose molecules are shown; by default the first whose positions are there.
    tell : callable
        Takes a line on what is being done.
    early : bool
        Whether a run without a finished trial has a page, too, and one without the positions of `trial` yet.

    Raises
    ------
    StoreError
        It is a sweep or a folder of epochs, holds no finished trial or no positions of that trial; or a level is not
        known.
    """
    names = [name for name in with_ if name != WITHOUT]
    contrast.refuse_unknown(names)
    if remodelling.is_course(path):
        there = ", ".join(map(str, remodelling.stores(path)))
        raise StoreError(f"{path}: holds epochs, and a page shows one run: give one of its stores, {there}.")
    tree = store.open(path)
    contrast.refuse_sweep(tree, "a page")
    finished, arrays = tree["counts"].sizes["trial"], Arrays()
    if finished == 0 and not early:
        raise StoreError(f"{tree.name}: no trial is finished: `spinemc resume` goes on.")
    system, notes = _system(tree)
    shown = scene(tree, system, trial, arrays, early)
    told = {
        "title": title(tree),
        "facts": facts(tree),
        "tables": tables(tree),
        "scenario": str(tree.attrs.get("scenario", "")),
        "notes": notes,
        "scene": shown | {"states": order(shown["clouds"])},
        "finished": finished,
        "trials": int(tree.attrs["trials"]),
        "complete": bool(tree.attrs["complete"]),
        "charts": [],
        "compared": {"verdict": "", "table": "", "refused": []},
    }
    if finished:
        found = _beside(tree, names if system is not None else [], tell)
        twin = _rates(tree) if "ode" in found["twin"].values and "plasticity" in tree.children else None
        told |= {"charts": charts(tree, found, twin, arrays), "compared": _judged(found)}
    return Page(told, arrays.text())


def _judged(found: xr.Dataset) -> dict[str, Any]:
    """The verdict where there is a level to judge, the table, and what was refused."""
    judged = any(name in verdict.DETERMINISTIC for name in found["twin"].values)
    return {
        "verdict": verdict.verdict(found) if judged else "",
        "table": verdict.table(found) if len(found["twin"]) else "",
        "refused": found.attrs["refused"],
    }


def _system(tree: xr.DataTree) -> tuple[System | None, list[str]]:
    """The scenario made ready; where it no longer can be, why."""
    try:
        return contrast.system_of(tree), []
    except SpinemcError as reason:
        return None, [f"Compartments, pumps and other levels are not shown: {reason}"]


def _beside(tree: xr.DataTree, names: list[str], tell: Callable[[str], None]) -> xr.Dataset:
    """The trials, and other levels beside them."""
    if not names:
        return observables.comparison(tree, {}).assign_attrs(refused=[])
    return contrast.compare(tree, names, tell=tell)


def _rates(tree: xr.DataTree) -> xr.DataTree | None:
    """The rate equations; None where they cannot be solved."""
    try:
        return contrast.twin(tree)
    except SpinemcError:
        return None
