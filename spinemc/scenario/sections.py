"""The sections of a scenario file, one function each: a table in, a value out, faults noted in the table.

A value whose table has faults may hold None where a part is wrong: it serves to check the rest, never to run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spinemc.scenario.places import parts, placed
from spinemc.scenario.table import (
    REQUIRED,
    Reader,
    Table,
    each,
    flag,
    integer,
    known,
    nearest,
    new_name,
    number,
    place_name,
    quantity,
    refuse,
    vector,
)
from spinemc.scenario.values import (
    CYTOSOL,
    MEMBRANE,
    Boundary,
    Release,
    Run,
    Species,
)

ENGINES = ("particles", "compartments", "ode", "pde")
METHODS = ("exact", "tau")
EXCHANGES = ("mesh", "consistent", "literal")
BOUNDARIES = ("absorb", "reflect", "clamp", "permeable")
MOST = 2**31
MOST_TRIALS, MOST_SAMPLES = 10_000_000, 1_000_000


@dataclass(frozen=True)
class Names:
    """The names that may be used, as far as they are known before the surfaces are built.

    Attributes
    ----------
    home : mapping
        Species, and the space each is at home in, None where it sits on a surface.
    spaces : tuple of str
    space_of : mapping
        The space of each compartment that is not a part of the cytosol.
    region, compartment : tuple of str or None
        None where only the built surfaces know them.
    """

    home: Mapping[str, str | None]
    spaces: tuple[str, ...] = (CYTOSOL,)
    space_of: Mapping[str, str] = field(default_factory=dict)
    region: tuple[str, ...] | None = None
    compartment: tuple[str, ...] | None = None

    def is_surface(self, name: str | None, unknown: bool) -> bool:
        """Whether a molecule's species sits on a surface; `unknown` where there is no such species."""
        return self.home.get(parts(name or "")[0], None if unknown else CYTOSOL) is None

    def space(self, name: str) -> str | None:
        """The space of a molecule that `molecule` read; None on a surface."""
        species, space = parts(name)
        return space or self.home[species]

    @property
    def species(self) -> Reader:
        """A reader of a known species."""
        return known(self.home, "species")

    def molecule(self, value: Any) -> str:
        """Read a species, "Ca", or a species in a space, "Ca@lumen", as the molecule's one name."""
        species, space = parts(self._name(value))
        home = self.home[self.species(species)]
        if space is None:
            return species
        if home is None:
            refuse(f'{species} sits on a surface, so no space stands behind its name: write "{species}".')
        if space not in self.spaces:
            near = nearest(space, self.spaces)
            advice = f"Did you mean {species}@{near}?" if near else f"Known: {', '.join(self.spaces)}."
            refuse(f"{space} is not a space here. {advice}")
        return placed(species, space, home)

    @staticmethod
    def _name(value: Any) -> str:
        return value if isinstance(value, str) else refuse("the name of a species is needed.")

    def put(self, name: str, compartment: str) -> str:
        """The molecule that is meant by a name in a compartment, where the name alone does not say a space.

        Raises
        ------
        ScenarioError
            The name says another space than that of the compartment.
        """
        space = self.space_of.get(compartment, CYTOSOL)
        species, said = parts(name)
        if said is not None and said != space:
            refuse(f"{name} is in {said} and {compartment} in {space}: write {species}, or another compartment.")
        return placed(species, space, self.home[species] or "")

    @property
    def space_name(self) -> Reader:
        """A reader of a space."""
        return known(self.spaces, "space")

    @property
    def region_name(self) -> Reader:
        """A reader of a region."""
        return place_name if self.region is None else _place(known(self.region, "region"))

    @property
    def compartment_name(self) -> Reader:
        """A reader of a compartment."""
        return place_name if self.compartment is None else _place(known(self.compartment, "compartment"))


def _place(one: Reader) -> Reader:
    """A reader of a place that is known, or of a pattern of places."""
    return lambda value: place_name(value) if isinstance(value, str) and "*" in value else one(value)


def run(table: Table) -> Run:
    """How long, how finely, how often."""
    time = quantity("time", positive=True)
    made = Run(
        t_stop=table.take("t_stop", time),
        dt=table.take("dt", time),
        sample_every=table.take("sample_every", time),
        trials=table.take("trials", integer(1, MOST_TRIALS + 1), 1),
        seed=table.take("seed", integer(0, 2**32), 1),
        engine=table.take("engine", known(ENGINES, "engine"), "particles"),
        cell=table.take("cell", quantity("length", positive=True), None),
        checkpoint=table.take("checkpoint", _not_negative, None),
        edge=table.take("edge", quantity("length", positive=True), None),
        segment=table.take("segment", quantity("length", positive=True), None),
        method=table.take("method", known(METHODS, "method"), "exact"),
        epsilon=table.take("epsilon", _share, 0.03),
        exchange=table.take("exchange", known(EXCHANGES, "exchange"), "mesh"),
    )
    if table.has("epsilon") and made.method != "tau":
        table.refuse("epsilon", 'it is the error of leaps: remove it, or give run.method = "tau".')
    if made.t_stop and made.sample_every:
        if made.sample_every > made.t_stop:
            table.refuse("sample_every", f"it must not be longer than run.t_stop, {table.entries['t_stop']}.")
        elif made.t_stop / made.sample_every > MOST_SAMPLES:
            table.refuse("sample_every", f"that makes more than {MOST_SAMPLES} samples: use a longer time.")
    if made.t_stop and made.dt and made.t_stop / made.dt >= 2**62:
        table.refuse("dt", "that makes more than 2^62 steps: use a longer time.")
    return made


def _not_negative(value: Any) -> float:
    time = float(quantity("time")(value))
    return time if time >= 0.0 else refuse("it must not be below 0.")


def _share(value: Any) -> float:
    share = number(value)
    return share if 0.0 < share < 1.0 else refuse("it must lie between 0 and 1.")


def species(tables: list[Table], names: Names) -> list[Species]:
    """The kinds of molecules, each name once."""
    taken: set[str] = set()
    made = []
    for table in tables:
        name = new_name(table, taken)
        home = whereabouts(table, names)
        D = table.take("D", quantity("diffusion"), 0.0 if home["on"] else REQUIRED)
        if name is not None:
            made.append(Species(name, D, **home))
    return made


def whereabouts(table: Table, names: Names) -> dict[str, Any]:
    """Where molecules live, as `on` and `inside` of a species say it."""
    surface = table.has("on")
    on = table.take("on", names.region_name) if surface else None
    inside = table.take("in", names.space_name, CYTOSOL)
    if surface and table.has("in"):
        table.refuse("in", "a species lives on a region or in a space: remove on or in.")
    return {"on": (on or MEMBRANE) if surface else None, "inside": (inside or CYTOSOL) if not surface else CYTOSOL}


def release(table: Table, names: Names, t_stop: float | None) -> Release:
    """Molecules put in: one amount, one place, some times."""
    name = table.take("species", names.molecule)
    amount = [key for key in ("count", "concentration", "density") if table.has(key)]
    place = [key for key in ("in", "on", "at") if table.has(key)]
    inside = table.take("in", names.compartment_name, None)
    if len(amount) != 1:
        one = "count, concentration and density"
        table.note("", f" needs exactly one amount of {one}; it has {' and '.join(amount) or 'none'}.")
    if len(place) != 1:
        table.note("", f" needs exactly one place of in, on and at; it has {' and '.join(place) or 'none'}.")
    if amount == ["concentration"] and place not in ([], ["in"]):
        table.refuse("concentration", 'it fills a compartment: say where with in = "cytosol".')
    if amount == ["density"] and (place not in ([], ["on"]) or not names.is_surface(name, unknown=True)):
        table.refuse("density", "only a surface species has one, on a region.")
    if name is not None and names.is_surface(name, unknown=False):
        if place and place != ["on"]:
            table.refuse(place[0], f'{name} is in the membrane: release it with on = "membrane", or on a region.')
        if amount == ["concentration"]:
            table.refuse("concentration", f"{name} is in the membrane: use density or count.")
    elif name is not None and inside is not None:
        name = table.take("species", lambda _: names.put(name, inside))
    return Release(
        species=name,
        count=table.take("count", integer(0, MOST), None),
        concentration=table.take("concentration", quantity("concentration"), None),
        density=table.take("density", quantity("density"), None),
        exact=table.take("exact", flag, False),
        inside=inside,
        on=table.take("on", names.region_name, None),
        at=table.take("at", vector, None),
        time=_times(table, t_stop),
    )


def _times(table: Table, t_stop: float | None) -> tuple[float, ...]:
    times = table.take("time", each(quantity("time"), single=True), (0.0,)) or ()
    if t_stop is not None and any(t > t_stop for t in times):
        table.refuse("time", f"the run is over at {t_stop:g} s: a release is between 0 and run.t_stop.")
    return tuple(sorted(times))


def boundaries(tables: list[Table], names: Names) -> list[Boundary]:
    """What regions do to volume species, said once for each pair."""
    made = []
    seen: set[tuple[str, str]] = set()
    for table in tables:
        region = table.take("region", names.region_name)
        chosen = table.take("species", each(names.molecule)) or ()
        kind = table.take("kind", known(BOUNDARIES, "kind of boundary"), "reflect")
        own = {"concentration": "clamp", "rate": "absorb", "permeability": "permeable"}
        for key, mine in own.items():
            if table.has(key) and kind not in (None, mine):
                table.refuse(key, f'only kind = "{mine}" takes one.')
        value = table.take("concentration", quantity("concentration"), REQUIRED if kind == "clamp" else 0.0)
        rate = table.take("rate", quantity("velocity"), None)
        passing = table.take("permeability", quantity("velocity"), REQUIRED if kind == "permeable" else 0.0)
        for name in chosen:
            if names.is_surface(name, unknown=False):
                table.refuse("species", f"{name} is in the membrane: a boundary is for volume species.")
            if (region, name) in seen:
                table.refuse("species", f"{name} at {region} is said twice: remove one of them.")
            seen.add((region, name))
        made.append(Boundary(region, chosen, kind, value, rate, passing))
    return made
