"""From the tables of a scenario file to a `Scenario`, with every fault told at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spinemc.errors import ScenarioError
from spinemc.scenario import sections
from spinemc.scenario.files import SCHEMA, apply_settings, parse_toml, read_toml, schema
from spinemc.scenario.reactions import reaction
from spinemc.scenario.table import Table, nearest, text
from spinemc.scenario.values import Reaction, Scenario, Species


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
    geometry = sections.geometry(top.table("geometry"), folder)
    run = sections.run(top.table("run"))
    names = sections.Names({})
    if geometry.mesh is not None:
        region = ("membrane", *(n.name for n in geometry.region))
        names = replace(names, region=region, compartment=("cytosol", *(n.name for n in geometry.compartment)))
    species = sections.species(top.tables("species", required=True), names)
    names = replace(names, surface={s.name: s.is_surface for s in species})
    equations = [reaction(t, names, folder) for t in top.tables("reaction")]
    reactions = [r for r in equations if r is not None]
    releases = [sections.release(t, names, run.t_stop) for t in top.tables("release")]
    boundaries = sections.boundaries(top.tables("boundary"), names)
    positions = sections.positions(top.table("record", required=False).tables("positions"), names, run)
    plasticity = [sections.plasticity(t, names) for t in top.tables("plasticity")]
    if len(reactions) == len(equations):
        for name in _absent(species, reactions, _sources(tables)):
            top.note(
                f"species {name}",
                " can never appear: nothing releases, clamps or makes it. Add a [[release]], or remove it.",
            )
    top.close()
    if faults:
        raise ScenarioError("\n".join(dict.fromkeys(faults)))
    import tomli_w

    return Scenario(
        geometry=geometry,
        run=run,
        species=tuple(species),
        reaction=tuple(reactions),
        release=tuple(releases),
        boundary=tuple(boundaries),
        positions=tuple(positions),
        plasticity=tuple(plasticity),
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


def _sources(tables: Mapping[str, Any]) -> list[str]:
    """The species that releases and clamps put in, as they are written."""
    entries = [e for key in ("release", "boundary") if isinstance(tables.get(key), list) for e in tables[key]]
    said = [e.get("species") for e in entries if isinstance(e, Mapping) and e.get("kind", "clamp") == "clamp"]
    return [str(name) for names in said for name in (names if isinstance(names, list) else [names])]


def _absent(species: Sequence[Species], reactions: Iterable[Reaction], sources: Iterable[str]) -> list[str]:
    """The species that are never there; a misspelt name, told elsewhere, counts as the one it is near to."""
    known = [s.name for s in species]
    ways = [(r.reactants, r.products) for r in reactions]
    ways += [(r.products, r.reactants) for r in reactions if "<->" in r.equation]
    near = {name: nearest(name, known) for way in ways for side in way for name in side}
    present = {nearest(name, known) for name in sources} | {None}
    while True:
        made = {near[p] for start, end in ways if all(near[s] in present for s in start) for p in end} - present
        if not made:
            return [name for name in known if name not in present]
        present |= made
