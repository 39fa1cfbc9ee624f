"""From the tables of a scenario file to a `Scenario`, with every fault told at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from spinemc.errors import ScenarioError
from spinemc.scenario import learning, mechanisms, molecules, networks, records, sections, stimuli, structures, surfaces
from spinemc.scenario.driven import Placed
from spinemc.scenario.files import SCHEMA, apply_settings, parse_toml, read_toml, schema
from spinemc.scenario.places import homes, parts, placed
from spinemc.scenario.reactions import reaction
from spinemc.scenario.table import Table, nearest, text, told
from spinemc.scenario.values import CYTOSOL, Boundary, GeometrySpec, Reaction, Release, Scenario


def load_scenario(path: str | Path, overrides: Iterable[str] = ()) -> Scenario:
    """Read a scenario file.

    Parameters
    ----------
    path : str or Path
        The TOML file.
    overrides : iterable of str
        Settings laid over it, such as "run.dt=0.5 us" or "species.Ca.D=20 um^2/s"; an entry of an array of
        tables goes by its number, from 1, or by its name.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        Every fault of the file and of the files it names, a line each.
    """
    path = Path(path)
    tables = read_toml(path)
    apply_settings(tables, overrides, path.name)
    return read_tables(tables, path)


def parse_scenario(toml: str, path: str | Path | None = None, overrides: Iterable[str] = ()) -> Scenario:
    """Read a scenario from a text, such as `Scenario.text` or the attribute `scenario` of a store.

    Parameters
    ----------
    toml : str
        The text.
    path : str or Path, optional
        The file it came from: relative paths start in its folder, or in the working folder without it.
    overrides : iterable of str
        As in `load_scenario`.

    Raises
    ------
    ScenarioError
        Every fault, a line each.
    """
    path = None if path is None else Path(path)
    tables = parse_toml(toml, _file(path))
    apply_settings(tables, overrides, _file(path))
    return read_tables(tables, path)


def override(scenario: Scenario, *settings: str) -> Scenario:
    """A scenario with some keys set otherwise, in its values and in its text: `override(s, "run.trials=8")`.

    Raises
    ------
    ScenarioError
        A key is not known, a value is not allowed, or the scenario was built from values and has no text.
    """
    if not scenario.text:
        raise ScenarioError(
            "a scenario that was built from values has no text to set keys in: use dataclasses.replace."
        )
    return parse_scenario(scenario.text, scenario.path, settings)


def to_toml(scenario: Scenario) -> str:
    """The TOML text of a scenario as run; read with the same path it gives an equal scenario.

    Raises
    ------
    ScenarioError
        The scenario was built from values, not from tables or a file.
    """
    if not scenario.text:
        raise ScenarioError("a scenario that was built from values has no text: build it from tables.")
    return scenario.text


def read_tables(tables: Mapping[str, Any], path: Path | None = None) -> Scenario:
    """Make a scenario of tables as TOML gives them.

    Parameters
    ----------
    tables : mapping
        The tables; tuples, paths and numpy numbers are taken for what TOML has in their place.
    path : Path, optional
        The file they came from: relative paths start in its folder, or in the working folder without it.

    Raises
    ------
    ScenarioError
        Every fault, a line each.
    """
    try:
        tables = {"schema": SCHEMA, **_plain(tables)}
    except RecursionError:
        raise ScenarioError(f"{_file(path)}: tables or lists stand in one another too deeply.") from None
    faults: list[str] = []
    top = Table(tables, _file(path), faults)
    folder = path.parent if path is not None else Path()
    top.take("schema", schema)
    title = top.take("title", text, "")
    geometry = surfaces.geometry(top.table("geometry"), folder)
    run = sections.run(top.table("run"))
    names = _names(geometry)
    molecular, networked, known = top.tables("molecule"), top.tables("network"), top.tables("mechanism")
    species = sections.species(top.tables("species", required=not networked and not known), names)
    before = len(faults)
    made: list[Reaction] = []
    seeds: list[Release] = []
    voltage = stimuli.voltage(top.table("voltage"), folder) if top.has("voltage") else None
    inputs = [stimuli.stimulus(t, names, run, folder, voltage) for t in top.tables("stimulus")]
    stimulus = [s for read in inputs for s in read.stimuli]
    listed: list[Placed] = []
    for t in known:
        names = replace(names, home=homes(species))
        around = mechanisms.Around(names, folder, run.t_stop, voltage is not None, stimulus)
        more, steps, there, placed_one = mechanisms.mechanism(t, around)
        species, made, seeds = species + more, made + steps, seeds + there
        listed += [placed_one] if placed_one is not None else []
    for t in molecular:
        names = replace(names, home=homes(species))
        more, binding = molecules.molecule(t, names, folder)
        species, made = species + more, made + binding
    for t in networked:
        names = replace(names, home=homes(species))
        more, steps, there = networks.network(t, names, species, folder)
        species, made, seeds = species + more, made + steps, seeds + there
    whole = len(faults) == before
    names = replace(names, home=homes(species))
    equations = [reaction(t, names, folder) for t in top.tables("reaction")]
    reactions = [r for r in equations if r is not None] + made
    own, held = top.tables("release"), top.tables("initial")
    later = [t for read in inputs for t in read.releases]
    given = [sections.release(t, names, run.t_stop) for t in (*own, *later)]
    if top.has("initial"):  # in place of all that the scenario begins with
        begun = [structures.initial(t, names, run) for t in held]
        releases = begun + [put for t, put in zip((*own, *later), given, strict=True) if "time" in t.entries]
        seeds = begun
    else:
        releases = given + seeds
    boundaries = sections.boundaries(top.tables("boundary"), names)
    record = top.table("record", required=False)
    ions = records.ions(record.tables("ions"), names, run)
    positions = records.positions(record.tables("positions"), names, run, ions)
    plasticity = [learning.plasticity(t, names, folder) for t in top.tables("plasticity")]
    structure = structures.structure(top.table("structure"), plasticity) if top.has("structure") else None
    if whole and len(reactions) == len(equations) + len(made):
        sources = [*_sources(tables, names), *(release.species for release in (*given[len(own) :], *seeds))]
        lost, elsewhere = _absent(names, reactions, sources, _passing(boundaries))
        for name in lost + (elsewhere if not faults else []):  # a fault may have put it in the wrong space
            top.note(
                f"species {name}",
                " can never appear: nothing releases, clamps or makes it. Add a [[release]], or remove it.",
            )
    top.close()
    if faults:
        raise ScenarioError(told(faults))
    import tomli_w

    return Scenario(
        geometry=geometry,
        run=run,
        species=tuple(species),
        reaction=tuple(reactions),
        release=tuple(releases),
        boundary=tuple(boundaries),
        positions=tuple(positions),
        ions=ions,
        plasticity=tuple(plasticity),
        mechanism=tuple(listed),
        voltage=voltage,
        stimulus=tuple(stimulus),
        structure=structure,
        title=title,
        text=tomli_w.dumps(tables),
        path=path,
    )


def _file(path: Path | None) -> str:
    return "scenario" if path is None else path.name


def _plain(value: Any) -> Any:
    """The same in the types of TOML."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    return value.tolist() if hasattr(value, "tolist") else value


def _names(geometry: GeometrySpec) -> sections.Names:
    """What may be named before the species are known; a shape brings names that only the built surface knows."""
    whole = {space: space for space in geometry.spaces}
    space_of = whole | {c.name: c.of or CYTOSOL for c in geometry.compartment}
    names = sections.Names({}, geometry.spaces, space_of)
    if geometry.mesh is None or any("*" in c.name for c in geometry.compartment):
        return names
    region = (*geometry.surfaces, *(r.name for r in geometry.region))
    return replace(names, region=region, compartment=tuple(space_of))


def _sources(tables: Mapping[str, Any], names: sections.Names) -> list[str | None]:
    """The molecules that releases and clamps put in; a misspelt one, told elsewhere, is the one it is near to."""
    entries = [e for key in ("release", "boundary") if isinstance(tables.get(key), list) for e in tables[key]]
    put = [e for e in entries if isinstance(e, Mapping) and e.get("kind", "clamp") == "clamp"]
    said = [(name, e) for e in put for name in _listed(e.get("species"))]
    return [_near(str(name), names, e.get("in")) for name, e in said]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _near(said: str, names: sections.Names, compartment: Any = None) -> str | None:
    """The molecule that a name is nearest to; None where it is near to none."""
    name, space = parts(said)
    species = nearest(name, names.home)
    home = None if species is None else names.home[species]
    if species is None or home is None:
        return species
    space = names.space_of.get(str(compartment), home) if space is None else nearest(space, names.spaces)
    return placed(species, space or home, home)


def _passing(boundaries: Iterable[Boundary]) -> set[str]:
    """The species that pass from one space to another."""
    return {parts(name)[0] for b in boundaries if b.kind == "permeable" for name in b.species}


def _absent(
    names: sections.Names, reactions: Iterable[Reaction], sources: Iterable[str | None], passing: Collection[str]
) -> tuple[list[str], list[str]]:
    """The species that are never anywhere, and the molecules that react where they never are."""
    ways = [(r.reactants, r.products) for r in reactions]
    ways += [(r.products, r.reactants) for r in reactions if "<->" in r.equation]
    near = {name: _near(name, names) for way in ways for side in way for name in side}
    present = {*sources, None}

    def is_there(name: str | None) -> bool:
        species = parts(name or "")[0]
        return name in present or (species in passing and any(parts(p or "")[0] == species for p in present))

    while True:
        made = {near[p] for start, end in ways if all(is_there(near[s]) for s in start) for p in end} - present
        if not made:
            break
        present |= made
    somewhere = {parts(name or "")[0] for name in present}
    lost = [name for name in names.home if name not in somewhere]
    elsewhere = [m for m in dict.fromkeys(near.values()) if m is not None and parts(m)[0] in somewhere]
    return lost, [name for name in elsewhere if not is_there(name)]
