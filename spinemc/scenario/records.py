"""What is recorded beside the counts: the positions of molecules, and the ions that are followed."""

from __future__ import annotations

from spinemc.scenario.sections import MOST, Names
from spinemc.scenario.table import Table, each, flag, integer, nearest, quantity
from spinemc.scenario.values import IonRecord, PositionRecord, Run

MOST_IONS = 65  # below which the number that one molecule carries is


def ions(tables: list[Table], names: Names, run: Run) -> IonRecord | None:
    """The species whose ions are followed, if any."""
    for table in tables[1:]:
        table.note("", ": only one species can be followed in a run; remove this entry.")
    made = []
    for table in tables:
        name = table.take("species", names.species)
        trials = _trials(table, run)
        inner = table.table("carriers", required=False)
        for key in inner.entries:
            if key == name:
                inner.refuse(key, f"a molecule of {name} is one ion: remove it from carriers.")
            elif key not in names.home:
                near = nearest(key, names.home)
                advice = f"Did you mean {near}?" if near else f"Known: {', '.join(names.home)}."
                inner.refuse(key, f"no such species. {advice}")
        carriers = {key: inner.take(key, integer(0, MOST_IONS)) for key in inner.entries}
        made.append(IonRecord(name, trials, carriers))
    return made[0] if made else None


def positions(tables: list[Table], names: Names, run: Run, followed: IonRecord | None) -> list[PositionRecord]:
    """Whose positions are kept, how often, where and in which trials, said once for each species."""
    made = []
    seen: set[str] = set()
    for table in tables:
        chosen = table.take("species", each(names.species)) or ()
        every = table.take("every", quantity("time", positive=True))
        trials = _trials(table, run)
        follow = table.take("follow", flag, False)
        for name in chosen:
            if name in seen:
                table.refuse("species", f"{name} is said twice: remove one of them.")
            seen.add(name)
        if every and run.t_stop and every > run.t_stop:
            table.refuse("every", f"it must not be longer than the run, {run.t_stop:g} s.")
        if follow:
            _check_following(table, chosen, trials, followed)
        ion = followed.species if follow and followed is not None else None
        where = _filter(table, names, [name for name in chosen if name != ion])
        made.append(PositionRecord(chosen, every, trials, bool(follow), **where))
    return made


def _trials(table: Table, run: Run) -> tuple[int, ...]:
    """The trials that a record is of."""
    trials = table.take("trials", each(integer(0, MOST)), (0,)) or ()
    if run.trials and any(trial >= run.trials for trial in trials):
        table.refuse("trials", f"there are {run.trials} trials, numbered from 0 to {run.trials - 1}.")
    return tuple(sorted(set(trials)))


def _check_following(
    table: Table, chosen: tuple[str, ...], trials: tuple[int, ...], followed: IonRecord | None
) -> None:
    """Note where positions of ions are asked for that nobody follows."""
    if followed is None:
        table.refuse("follow", "no species is followed: add a [[record.ions]] with its name.")
    elif followed.species is not None and chosen and followed.species not in chosen:
        table.refuse("follow", f"the species that is followed is {followed.species}: add it to species.")
    elif not set(trials) <= set(followed.trials):
        shown = ", ".join(map(str, followed.trials))
        table.refuse("follow", f"ions are followed in trial {shown} only: record no other, or follow them there, too.")


def _filter(table: Table, names: Names, chosen: list[str]) -> dict[str, str | None]:
    """Where molecules are to be recorded, as `inside` and `on` of a record; `chosen` are recorded as they are."""
    inside = table.take("in", names.compartment_name, None)
    on = table.take("on", names.region_name, None)
    if table.has("in") and table.has("on"):
        table.refuse("on", "a molecule is in a compartment or on a region: remove in or on.")
    for name in chosen:
        if inside is not None and names.is_surface(name, unknown=False):
            table.refuse("in", f"{name} is in the membrane: it is on a region.")
        if on is not None and not names.is_surface(name, unknown=True):
            table.refuse("on", f"{name} is a volume species: it is in a compartment.")
    return {"inside": inside, "on": on}
