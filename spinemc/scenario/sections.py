"""The sections of a scenario file, one function each: a table in, a value out, faults noted in the table.

A value whose table has faults may hold None where a part is wrong: it serves to check the rest, never to run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinemc.scenario.files import parameter, read_shape, shape_of
from spinemc.scenario.table import (
    REQUIRED,
    Reader,
    Table,
    each,
    file_in,
    flag,
    identifier,
    integer,
    known,
    number,
    quantity,
    refuse,
    text,
    vector,
)
from spinemc.scenario.values import (
    Boundary,
    GeometrySpec,
    Named,
    PlasticitySpec,
    PositionRecord,
    Release,
    Run,
    Shape,
    Species,
    Within,
)

ENGINES = ("particles", "compartments", "ode", "pde")
RUNNING_ENGINES = ("particles", "ode")
BOUNDARIES = ("absorb", "reflect", "clamp")
RULES = ("bell2022",)
MESHES = (".stl", ".obj", ".ply")
BESIDE_FILE = ("file", "mesh", "shape", "unit", "region", "compartment")
MOST = 2**31


@dataclass(frozen=True)
class Names:
    """The names that may be used, as far as they are known before the surface is built.

    Attributes
    ----------
    surface : mapping
        Species, and whether each sits in the membrane.
    region, compartment : tuple of str or None
        None where only the built surface knows them.
    """

    surface: Mapping[str, bool]
    region: tuple[str, ...] | None = None
    compartment: tuple[str, ...] | None = None

    @property
    def species(self) -> Reader:
        """A reader of a known species."""
        return known(self.surface, "species")

    @property
    def region_name(self) -> Reader:
        """A reader of a region."""
        return identifier if self.region is None else known(self.region, "region")

    @property
    def compartment_name(self) -> Reader:
        """A reader of a compartment."""
        return identifier if self.compartment is None else known(self.compartment, "compartment")


def geometry(table: Table, folder: Path) -> GeometrySpec:
    """Where the surface comes from, and the names laid over it."""
    given = [key for key in ("file", "mesh", "shape") if table.has(key)]
    shape, mesh, unit = None, None, 1.0
    if len(given) != 1:
        table.note("", f" needs exactly one of file, mesh and shape; it has {' and '.join(given) or 'none'}.")
    elif given == ["file"]:
        shape = _shape_file(table, folder)
    elif given == ["mesh"]:
        mesh = table.take("mesh", _mesh_in(folder))
        unit = table.take("unit", _length_unit, 1.0)
    else:
        shape = shape_of(table.table("shape"), table.file)
    if table.has("unit") and given != ["mesh"]:
        table.refuse("unit", "only a mesh has a unit; a shape's lengths bring their own.")
    region = _named(table.tables("region"), "membrane", ("sphere", "box", "faces"), folder)
    compartment = _named(table.tables("compartment"), "cytosol", ("sphere", "box"), folder)
    return GeometrySpec(shape, mesh, unit, region, compartment)


def _shape_file(table: Table, folder: Path) -> Shape | None:
    """The shape of a geometry file, with the parameters that stand beside `file` in place of its own."""
    changed = {k: table.take(k, parameter(k)) for k in table.entries if k not in BESIDE_FILE}
    path = table.take("file", file_in(folder))
    found = None if path is None else read_shape(path, table.faults)
    if found is None:
        return None
    return Shape(changed.pop("kind", found.kind), found.parameters | changed, found.source)


def _mesh_in(folder: Path) -> Reader:
    def read(value: Any) -> Path:
        path = file_in(folder)(value)
        return path if path.suffix.lower() in MESHES else refuse("a mesh is a file in STL, OBJ or PLY.")

    return read


def _length_unit(value: Any) -> float:
    return quantity("length", positive=True)(f"1 {value}" if isinstance(value, str) else value)


def _named(tables: list[Table], whole: str, kinds: tuple[str, ...], folder: Path) -> tuple[Named, ...]:
    taken = {whole}
    named = []
    for table in tables:
        name = new_name(table, taken)
        within = _within(table.table("within"), kinds, folder)
        if name is not None:
            named.append(Named(name, within))
    return tuple(named)


def new_name(table: Table, taken: set[str]) -> str | None:
    """The name of an entry, which no other may have; None where it has none of its own."""
    name = table.take("name", identifier)
    if name in taken:
        table.refuse("name", f"{name} is there already: choose another name.")
        return None
    if name is not None:
        taken.add(name)
    return name


def _within(table: Table, kinds: tuple[str, ...], folder: Path) -> Within:
    given = [kind for kind in kinds if table.has(kind)]
    if len(given) != 1:
        table.note("", f" needs exactly one of {', '.join(kinds)}; it has {' and '.join(given) or 'none'}.")
        return Within("")
    if given == ["faces"]:
        return Within("faces", file=table.take("faces", file_in(folder)), key=table.take("key", text))
    inner = table.table(given[0])
    if given == ["sphere"]:
        return Within("sphere", inner.take("center", vector), inner.take("radius", quantity("length", positive=True)))
    low, high = inner.take("low", vector), inner.take("high", vector)
    if low and high and not all(a < b for a, b in zip(low, high, strict=True)):
        inner.note("", " has a low corner that is not below its high corner in x, y and z.")
    return Within("box", low=low, high=high)


def run(table: Table) -> Run:
    """How long, how finely, how often."""
    time = quantity("time", positive=True)
    made = Run(
        t_stop=table.take("t_stop", time),
        dt=table.take("dt", time),
        sample_every=table.take("sample_every", time),
        trials=table.take("trials", integer(1, MOST), 1),
        seed=table.take("seed", integer(0, 2**32), 1),
        engine=table.take("engine", _engine, "particles"),
        cell=table.take("cell", quantity("length", positive=True), None),
    )
    if made.t_stop and made.sample_every:
        if made.sample_every > made.t_stop:
            table.refuse("sample_every", f"it must not be longer than run.t_stop, {table.entries['t_stop']}.")
        elif made.t_stop / made.sample_every >= MOST:
            table.refuse("sample_every", "that makes more than 2^31 samples: use a longer time.")
    if made.t_stop and made.dt and made.t_stop / made.dt >= 2**62:
        table.refuse("dt", "that makes more than 2^62 steps: use a longer time.")
    return made


def _engine(value: Any) -> str:
    engine = known(ENGINES, "engine")(value)
    if engine not in RUNNING_ENGINES:
        refuse(f"this version runs {' and '.join(RUNNING_ENGINES)}.")
    return engine


def species(tables: list[Table], names: Names) -> list[Species]:
    """The kinds of molecules, each name once."""
    taken: set[str] = set()
    made = []
    for table in tables:
        name = new_name(table, taken)
        surface = table.has("on")
        on = table.take("on", names.region_name) if surface else None
        D = table.take("D", quantity("diffusion"), 0.0 if surface else REQUIRED)
        if name is not None:
            made.append(Species(name, D, "membrane" if surface and on is None else on))
    return made


def release(table: Table, names: Names, t_stop: float | None) -> Release:
    """Molecules put in: one amount, one place, some times."""
    name = table.take("species", names.species)
    amount = [key for key in ("count", "concentration", "density") if table.has(key)]
    place = [key for key in ("in", "on", "at") if table.has(key)]
    made = Release(
        species=name,
        count=table.take("count", integer(0, MOST), None),
        concentration=table.take("concentration", quantity("concentration"), None),
        density=table.take("density", quantity("density"), None),
        exact=table.take("exact", flag, False),
        inside=table.take("in", names.compartment_name, None),
        on=table.take("on", names.region_name, None),
        at=table.take("at", vector, None),
        time=_times(table, t_stop),
    )
    if len(amount) != 1:
        one = "count, concentration and density"
        table.note("", f" needs exactly one amount of {one}; it has {' and '.join(amount) or 'none'}.")
    if len(place) != 1:
        table.note("", f" needs exactly one place of in, on and at; it has {' and '.join(place) or 'none'}.")
    if amount == ["concentration"] and place not in ([], ["in"]):
        table.refuse("concentration", 'it fills a compartment: say where with in = "cytosol".')
    if amount == ["density"] and (place not in ([], ["on"]) or not names.surface.get(name, True)):
        table.refuse("density", "only a surface species has one, on a region.")
    if names.surface.get(name, False):
        if place and place != ["on"]:
            table.refuse(place[0], f'{name} is in the membrane: release it with on = "membrane", or on a region.')
        if amount == ["concentration"]:
            table.refuse("concentration", f"{name} is in the membrane: use density or count.")
    return made


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
        chosen = table.take("species", each(names.species)) or ()
        kind = table.take("kind", known(BOUNDARIES, "kind of boundary"), "reflect")
        value = table.take("concentration", quantity("concentration"), REQUIRED if kind == "clamp" else 0.0)
        if table.has("concentration") and kind in ("absorb", "reflect"):
            table.refuse("concentration", 'only kind = "clamp" takes one.')
        for name in chosen:
            if names.surface[name]:
                table.refuse("species", f"{name} is in the membrane: a boundary is for volume species.")
            if (region, name) in seen:
                table.refuse("species", f"{name} at {region} is said twice: remove one of them.")
            seen.add((region, name))
        made.append(Boundary(region, chosen, kind, value))
    return made


def positions(tables: list[Table], names: Names, run: Run) -> list[PositionRecord]:
    """Whose positions are kept, how often and in which trials, said once for each species."""
    made = []
    seen: set[str] = set()
    for table in tables:
        chosen = table.take("species", each(names.species)) or ()
        every = table.take("every", quantity("time", positive=True))
        trials = table.take("trials", each(integer(0, MOST)), (0,)) or ()
        for name in chosen:
            if name in seen:
                table.refuse("species", f"{name} is said twice: remove one of them.")
            seen.add(name)
        if every and run.t_stop and every > run.t_stop:
            table.refuse("every", f"it must not be longer than the run, {run.t_stop:g} s.")
        if run.trials and any(trial >= run.trials for trial in trials):
            table.refuse("trials", f"there are {run.trials} trials, numbered from 0 to {run.trials - 1}.")
        made.append(PositionRecord(chosen, every, tuple(sorted(set(trials)))))
    return made


def plasticity(table: Table, names: Names) -> PlasticitySpec:
    """A rule and what it reads."""
    inner = table.table("parameters", required=False)
    return PlasticitySpec(
        rule=table.take("rule", known(RULES, "rule")),
        species=table.take("species", names.species),
        compartment=table.take("compartment", names.compartment_name),
        parameters={key: inner.take(key, number) for key in inner.entries},
    )
