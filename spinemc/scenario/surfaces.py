"""The geometry of a scenario file: surfaces, and the names laid over them and over the spaces between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from spinemc.errors import ScenarioError
from spinemc.scenario.files import SCHEMA, apply_settings, parameter, read_toml, reader, schema, shape_of
from spinemc.scenario.table import (
    Reader,
    Table,
    direction,
    file_in,
    flag,
    identifier,
    known,
    new_name,
    number,
    place_name,
    quantity,
    refuse,
    text,
    told,
    vector,
)
from spinemc.scenario.values import (
    CYTOSOL,
    FAR,
    MEMBRANE,
    OUTSIDE,
    GeometrySpec,
    Named,
    Outside,
    Plane,
    Pose,
    Shape,
    Surface,
    Within,
)

MESHES = (".stl", ".obj", ".ply")
NAMED = ("region", "compartment", "surface", "outside")
POSE = ("scale", "turn", "move")
BESIDE_FILE = ("file", "mesh", "shape", "unit", *POSE, *NAMED)


def load_geometry_file(path: str | Path, overrides: Iterable[str] = ()) -> GeometrySpec:
    """Read a geometry file: `schema`, `title`, `source`, and `[geometry]` with a kind and its parameters, or a mesh.

    Parameters
    ----------
    path : str or Path
        The TOML file.
    overrides : iterable of str
        Settings laid over it, such as "geometry.neck_radius=0.06 um".

    Returns
    -------
    GeometrySpec
        Lengths in um, angles in rad, lists as tuples; whether the kind knows them is for the geometry to say.

    Raises
    ------
    ScenarioError
        The file cannot be read or something in it is wrong: every fault, a line each.
    """
    faults: list[str] = []
    spec = _read(Path(path), faults, overrides)
    if spec is None or faults:
        raise ScenarioError(told(faults))
    return spec


def load_shape(path: str | Path, overrides: Iterable[str] = ()) -> Shape:
    """The shape of a geometry file that has one, as `load_geometry_file` reads it."""
    shape = load_geometry_file(path, overrides).shape
    if shape is None:
        raise ScenarioError(f"{Path(path).name}: geometry.kind is missing: this file has a mesh, not a shape.")
    return shape


def _read(path: Path, faults: list[str], overrides: Iterable[str] = ()) -> GeometrySpec | None:
    """As `load_geometry_file`, with its faults noted; None where there is no shape to speak of."""
    try:
        tables = read_toml(path)
        apply_settings(tables, overrides, path.name)
    except ScenarioError as fault:
        faults.append(str(fault))
        return None
    top = Table(tables, path.name, faults)
    top.take("schema", schema, SCHEMA)
    top.take("title", text, "")
    top.take("source", text, "")
    table = top.table("geometry")
    if table.has("mesh"):
        base: GeometrySpec | None = GeometrySpec(None, *_mesh(table, "mesh", path.parent), _pose(table, Pose()))
    else:
        shape = shape_of(table, path.name, path.parent, (*POSE, *NAMED))
        _refuse_pose(table)
        base = None if shape is None else GeometrySpec(shape)
    spec = None if base is None else _with_names(base, table, path.parent)
    top.close()
    return spec


def geometry(table: Table, folder: Path) -> GeometrySpec:
    """Where the surfaces come from, and the names laid over them."""
    given = _one_of(table, ("file", "mesh", "shape"))
    mesh, unit = _mesh(table, given, folder)
    if given == "file":
        base = _file(table, folder) or GeometrySpec()
    else:
        base = GeometrySpec(_inline(table, folder) if given == "shape" else None, mesh, unit)
    if base.mesh is not None:
        base = replace(base, pose=_pose(table, base.pose))
    elif given is not None:
        _refuse_pose(table)
    return _with_names(base, table, folder)


def _pose(table: Table, own: Pose) -> Pose:
    """How the meshes are scaled, turned and moved, where that is said, in place of a file's own."""
    axis, angle = own.axis, own.angle
    if table.has("turn"):
        turn = table.table("turn")
        axis, angle = turn.take("axis", direction), turn.take("angle", _angle)
    scale, move = table.take("scale", _above_0, own.scale), table.take("move", vector, own.move)
    return Pose(scale or 1.0, axis or own.axis, angle or 0.0, move or own.move)


def _angle(value: Any) -> float:
    angle = parameter("angle")(value)
    return angle if isinstance(angle, float) else refuse('an angle is given in rad or deg, as in "90 deg".')


def _above_0(value: Any) -> float:
    scale = number(value)
    return scale if scale > 0.0 else refuse("it must be above 0.")


def _refuse_pose(table: Table) -> None:
    for key in POSE:
        if table.has(key):
            table.refuse(key, "only a mesh is scaled, turned and moved; a shape's sizes are its parameters.")


def _with_names(base: GeometrySpec, table: Table, folder: Path) -> GeometrySpec:
    """A geometry with the surfaces, surroundings, regions and compartments of a table besides its own."""
    outside = _outside(table.table("outside"), folder) if table.has("outside") else base.outside
    taken = {
        "region": {MEMBRANE, FAR, *base.surfaces, *(entry.name for entry in base.region)},
        "space": {CYTOSOL, OUTSIDE, *base.spaces, *(entry.name for entry in base.compartment)},
    }
    surfaces = [_surface(t, taken, folder) for t in table.tables("surface")]
    spec = replace(base, surface=(*base.surface, *(s for s in surfaces if s is not None)), outside=outside)
    kinds = ("sphere", "box", "faces")
    region = _named(table.tables("region"), taken["region"], kinds, known(spec.surfaces, "surface"), folder)
    space = known(spec.spaces, "space")
    kinds = ("sphere", "box", "shell")
    compartment = _named(table.tables("compartment"), taken["space"], kinds, space, folder)
    return replace(spec, region=(*base.region, *region), compartment=(*base.compartment, *compartment))


def _one_of(table: Table, keys: Sequence[str]) -> str | None:
    """The one of some keys that is there; None, and a fault noted, where it is not exactly one."""
    given = [key for key in keys if table.has(key)]
    if len(given) == 1:
        return given[0]
    said = f"{', '.join(keys[:-1])} and {keys[-1]}"
    table.note("", f" needs exactly one of {said}; it has {' and '.join(given) or 'none'}.")
    return None


def _mesh(table: Table, given: str | None, folder: Path) -> tuple[Path | None, float]:
    """A mesh and its unit, where a mesh is given."""
    if given == "mesh":
        return table.take("mesh", _mesh_in(folder)), table.take("unit", _length_unit, 1.0)
    if table.has("unit"):
        table.refuse("unit", "only a mesh has a unit; a shape's lengths bring their own.")
    return None, 1.0


def _inline(table: Table, folder: Path) -> Shape | None:
    return shape_of(table.table("shape"), table.file, folder)


def _file(table: Table, folder: Path) -> GeometrySpec | None:
    """A geometry file, its shape with the parameters that stand beside `file` in place of its own."""
    own = [key for key in table.entries if key not in BESIDE_FILE]
    changed = {key: table.take(key, reader(key, folder)) for key in own}
    path = table.take("file", file_in(folder))
    found = None if path is None else _read(path, table.faults)
    if found is None or found.shape is None:
        for key in own:
            table.refuse(key, "the geometry file has a mesh, which has no parameters.")
        return found
    return replace(found, shape=found.shape.changed(changed.pop("kind", None), changed))


def _mesh_in(folder: Path) -> Reader:
    def read(value: Any) -> Path:
        path = file_in(folder)(value)
        return path if path.suffix.lower() in MESHES else refuse("a mesh is a file in STL, OBJ or PLY.")

    return read


def _length_unit(value: Any) -> float:
    return quantity("length", positive=True)(f"1 {value}" if isinstance(value, str) else value)


def _outside(table: Table, folder: Path) -> Outside:
    """The far side of the surroundings."""
    given = _one_of(table, ("margin", "shape", "mesh"))
    mesh, unit = _mesh(table, given, folder)
    margin = table.take("margin", quantity("length", positive=True), None)
    return Outside(margin, _inline(table, folder) if given == "shape" else None, mesh, unit)


def _surface(table: Table, taken: dict[str, set[str]], folder: Path) -> Surface | None:
    """A surface besides the cell's own; None where it has no name of its own."""
    name = new_name(table, taken["region"])
    given = _one_of(table, ("mesh", "shape", "plane", "copy"))
    mesh, unit = _mesh(table, given, folder)
    shape = _inline(table, folder) if given == "shape" else None
    plane = _plane(table.table("plane")) if given == "plane" else None
    copy, offset, thickness = _copy(table, given)
    at = table.take("at", vector, (0.0, 0.0, 0.0))
    if table.has("at") and given != "shape":
        table.refuse("at", "only a shape is moved; a mesh, a plane and a copy are where they are.")
    is_open = table.take("open", flag, False)
    if table.has("open") and given != "mesh":
        table.refuse("open", "only a mesh is said to be open; a shape is closed, a plane or a copy open by itself.")
    inside = new_name(table, taken["space"], "inside") if table.has("inside") else None
    is_sheet = bool(is_open) or given == "plane" or (given == "copy" and thickness is None)
    if inside is not None and is_sheet:
        table.refuse("inside", "a sheet encloses nothing: remove inside, or give a closed surface.")
    if name is None:
        return None
    return Surface(name, shape, mesh, unit, plane, copy, offset or 0.0, thickness, at, inside, is_sheet)


def _copy(table: Table, given: str | None) -> tuple[str | None, float | None, float | None]:
    """The region that a surface copies, how far from it, and how thick it is made, where it is a copy."""
    length = quantity("length", positive=True)
    if given == "copy":
        return table.take("copy", text), table.take("offset", length), table.take("thickness", length, None)
    for key in ("offset", "thickness"):
        if table.has(key):
            table.refuse(key, f"only a copy is given {'an' if key == 'offset' else 'a'} {key}.")
    return None, None, None


def _plane(table: Table) -> Plane:
    return Plane(table.take("point", vector), table.take("normal", direction))


def _named(
    tables: list[Table], taken: set[str], kinds: Sequence[str], whole: Reader, folder: Path
) -> tuple[Named, ...]:
    named = []
    for table in tables:
        name = new_name(table, taken, read=place_name)
        within = _within(table.table("within"), kinds, folder)
        of = table.take("of", whole, None)
        group = table.take("set", identifier, "") if "shell" in kinds else ""
        if name is None:
            continue
        if "*" in name and not (within.kind == "shell" and within.region.count("*") == name.count("*") == 1):
            table.refuse("name", "a * in it needs a shell under a pattern of regions with one *, as *.layer of *.psd.")
        named.append(Named(name, within, of, group or ""))
    return tuple(named)


def _within(table: Table, kinds: Sequence[str], folder: Path) -> Within:
    given = [kind for kind in kinds if table.has(kind)]
    if len(given) != 1:
        table.note("", f" needs exactly one of {', '.join(kinds)}; it has {' and '.join(given) or 'none'}.")
        return Within("")
    if given == ["faces"]:
        return Within("faces", file=table.take("faces", file_in(folder)), key=table.take("key", text))
    inner = table.table(given[0])
    if given == ["sphere"]:
        return Within("sphere", inner.take("center", vector), inner.take("radius", quantity("length", positive=True)))
    if given == ["shell"]:
        region = inner.take("of", place_name, MEMBRANE)
        return Within("shell", region=region or "", depth=inner.take("depth", quantity("length", positive=True), None))
    low, high = inner.take("low", vector), inner.take("high", vector)
    if low and high and not all(a < b for a, b in zip(low, high, strict=True)):
        inner.note("", " has a low corner that is not below its high corner in x, y and z.")
    return Within("box", low=low, high=high)
