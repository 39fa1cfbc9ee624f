"""From what a user asks for to checked, labelled surfaces and the spaces between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import GeometryError, ScenarioError
from spinemc.geometry.checks import at, check, check_extent, check_sheet, crossed
from spinemc.geometry.io import FORMATS, read_mesh
from spinemc.geometry.mesh import Geometry
from spinemc.geometry.naming import each_shell, lay_compartments, lay_regions, shells
from spinemc.geometry.repair import repaired
from spinemc.geometry.shapes import solid
from spinemc.geometry.shells import laid
from spinemc.geometry.solids import PICOMETRE, Solid, box, complement, manifold, normals, section, shell
from spinemc.scenario import GeometrySpec, Named
from spinemc.scenario.values import CYTOSOL, FAR, MEMBRANE, OUTSIDE, Outside, Pose, Surface, Vector
from spinemc.units import quantity

if TYPE_CHECKING:
    from manifold3d import Manifold

_OVERLAP = 1e-9  # part of the smaller of two solids that may be common or missing by round-off
_ASTRAY = 0.1  # part of a sheet that may reach beyond its space, as the rim of a partition does


def mend(path: str | Path, unit: str = "um") -> tuple[Geometry, list[str]]:
    """Read a mesh, repair it, and build what it then is.

    Parameters
    ----------
    path : str or Path
        A surface (STL, OBJ, PLY).
    unit : str
        Of its coordinates, such as "nm".

    Returns
    -------
    geometry : Geometry
        What closes a hole is a region, `cut_1`, `cut_2`, ...: where a reconstruction was cut, its cross-section.
    changes : list of str
        What was changed, a sentence each.

    Raises
    ------
    GeometryError
        The file cannot be read or is no mesh, or what is wrong with it takes more than `spinemc.geometry.repair` does.
    ScenarioError
        The unit is none of length.
    """
    path = Path(path)
    vertex, face, hole, changes = repaired(*read_mesh(path, _length(unit)))
    check(vertex, face, path.name)
    check_extent(vertex, path.name)
    names = (MEMBRANE, *(f"cut_{k + 1}" for k in range(hole.max(initial=0))))
    return Geometry.of_one_surface(path.name, vertex, face, hole.astype(np.int16), names), changes


def load_geometry(path: str | Path, overrides: Iterable[str] = (), unit: str | None = None) -> Geometry:
    """Build the geometry of a file.

    Parameters
    ----------
    path : str or Path
        A geometry file (TOML), or a closed surface (STL, OBJ, PLY).
    overrides : iterable of str
        Settings laid over a geometry file, such as "geometry.neck_radius=0.06 um".
    unit : str, optional
        Of a surface's coordinates, such as "nm"; um unless it is given.

    Raises
    ------
    GeometryError
        The surface or the shape cannot be used, a mesh is to have settings, or a geometry file a unit.
    ScenarioError
        The geometry file cannot be read, or the unit is none of length.
    """
    path = Path(path)
    if path.suffix.lower() in FORMATS:
        if list(overrides):
            raise GeometryError(f"{path.name}: --set is for a geometry file: a mesh has no parameters.")
        return build(GeometrySpec(mesh=path, unit=_length(unit or "um")))
    if unit is not None:
        raise GeometryError(f"{path.name}: --unit is for a mesh: lengths in a geometry file bring their own.")
    from spinemc.scenario import load_geometry_file

    return build(load_geometry_file(path, overrides), path)


def _length(unit: str) -> float:
    """A unit of length [um]."""
    try:
        return quantity(f"1 {unit}", "length")
    except ScenarioError as fault:
        raise ScenarioError(f'unit = "{unit}": {fault}') from None


@dataclass(frozen=True, eq=False)
class _Part:
    """One surface by itself: its triangles, and the name of the space inside, None for an obstacle or a sheet."""

    name: str
    made: Solid
    inside: str | None
    is_sheet: bool = False


def build(spec: GeometrySpec, path: Path | None = None) -> Geometry:
    """Build, label and check a geometry.

    Parameters
    ----------
    spec : GeometrySpec
        The cell's surface and others, and the regions and compartments laid over them.
    path : Path, optional
        The file that asks for it, for messages.

    Raises
    ------
    GeometryError
        A file or a shape cannot be used, a surface does not bound one solid, surfaces cross, or a region or a
        compartment holds nothing.
    """
    if spec.mesh is not None:
        name = spec.mesh.name
    elif spec.shape is not None:
        name = spec.shape.source or spec.shape.kind
    else:
        raise GeometryError(f"{path or 'geometry'}: neither a shape nor a mesh is given.")
    cell = _cell(spec, name)
    where = path.name if path is not None else name
    parts = [cell, *_others(spec, cell, where)]
    if spec.outside is not None:
        parts.append(_far(spec.outside, spec.pose, parts, where))
    spaces = spec.spaces
    sides = _arranged(parts, spaces, where)
    count = [len(part.made.face) for part in parts]
    first = np.cumsum([0] + [len(part.made.vertex) for part in parts])
    label, regions, region_surface = lay_regions([(part.name, part.made) for part in parts], spec.region, where)
    entries = each_shell(spec.compartment, regions, where)
    compartments, shapes, homes, sets = lay_compartments(cell.made, entries, spaces, where)
    names = tuple(dict.fromkeys(sets))
    geometry = Geometry(
        name=name,
        vertex=np.concatenate([np.asarray(part.made.vertex, dtype=np.float64) for part in parts]),
        face=np.concatenate([p.made.face + start for p, start in zip(parts, first, strict=False)]).astype(np.int32),
        face_region=label.astype(np.int16),
        regions=regions,
        compartments=compartments,
        compartment_shape=shapes,
        surfaces=tuple(part.name for part in parts),
        spaces=spaces,
        face_surface=np.repeat(np.arange(len(parts)), count).astype(np.int16),
        face_space=np.repeat(np.array(sides), count, axis=0).astype(np.int16),
        region_surface=region_surface,
        compartment_space=homes,
        compartment_set=np.array([names.index(of) for of in sets]),
        sets=names,
    )
    geometry = laid(geometry, shells(geometry, entries, where), where)
    if spec.shape is not None and geometry.genus != 0:
        raise GeometryError(f"{name}: the shape has {geometry.genus} holes through it, must have none.")
    for i, (compartment, volume) in enumerate(zip(compartments, geometry.compartment_volume, strict=True)):
        space = int(homes[i])
        if volume <= 1e-12 * geometry.compartment_volume[geometry.parts_of(space)[0]]:
            what = "the inside" if space == 0 else f"space {spaces[space]}"
            raise GeometryError(f"{where}: compartment {compartment} holds nothing of {what}.")
    return geometry


def _bare(vertex: np.ndarray, face: np.ndarray) -> Solid:
    return Solid(vertex, face, np.zeros(len(face), dtype=np.int64))


def _posed(mesh: Path, unit: float, pose: Pose) -> Solid:
    """The triangles of a mesh, scaled, turned and moved."""
    from scipy.spatial.transform import Rotation

    vertex, face = read_mesh(mesh, unit)
    axis = np.asarray(pose.axis) / np.linalg.norm(pose.axis)
    return _bare(Rotation.from_rotvec(pose.angle * axis).apply(pose.scale * vertex) + np.asarray(pose.move), face)


def _read(source: Surface | Outside, pose: Pose, at: Vector = (0.0, 0.0, 0.0)) -> Solid:
    """The triangles of a mesh, or of a shape with its origin at a place, without names."""
    if source.mesh is not None:
        return _posed(source.mesh, source.unit, pose)
    assert source.shape is not None
    made = solid(source.shape)
    return _bare(made.vertex + np.asarray(at), made.face)


def _cell(spec: GeometrySpec, name: str) -> _Part:
    if spec.mesh is not None:
        made = _posed(spec.mesh, spec.unit, spec.pose)
    else:
        assert spec.shape is not None
        made = solid(spec.shape)
    check(made.vertex, made.face, name)
    if spec.mesh is not None:
        check_extent(made.vertex, name)
    return _Part(MEMBRANE, made, CYTOSOL)


def _others(spec: GeometrySpec, cell: _Part, where: str) -> list[_Part]:
    """The surfaces beside the cell's own, each checked by itself."""
    made = {s.name: _other(s, spec.pose, f"{where}: surface {s.name}") for s in spec.surface if s.shape or s.mesh}
    made |= {s.name: _copied(s, cell, spec.region, where) for s in spec.surface if s.copy}
    cuts = [s for s in spec.surface if s.plane is not None]
    if cuts:
        cytosol = _solid(cell)
        for part in made.values():
            if not part.is_sheet and _solid(part).volume() < _solid(cell).volume():
                cytosol = cytosol - _solid(part)
        made |= {s.name: _cut(s, cytosol, where) for s in cuts}
    return [made[s.name] for s in spec.surface]


def _copied(surface: Surface, cell: _Part, named: tuple[Named, ...], where: str) -> _Part:
    """A region of the cell's surface, moved along its normals; a sheet, or the near side of a body."""
    label, regions, _ = lay_regions([(cell.name, cell.made)], named, where)
    if surface.copy not in regions[1:]:
        raise GeometryError(
            f"{where}: surface {surface.name} copies {surface.copy}, which is not a patch of the cell's surface: "
            f"known are {', '.join(regions[1:]) or 'none'}."
        )
    used, face = np.unique(cell.made.face[label == regions.index(surface.copy)], return_inverse=True)
    face, patch = face.reshape(-1, 3).astype(np.int32), cell.made.vertex[used]
    normal = normals(patch, face)
    vertex = patch + surface.offset * normal
    said = f"{where}: surface {surface.name}"
    if surface.thickness is None:
        check_sheet(vertex, face, said)
        return _Part(surface.name, _bare(vertex, face), None, is_sheet=True)
    vertex, face = shell(vertex, vertex + surface.thickness * normal, face)
    check(vertex, face, said)
    return _Part(surface.name, _bare(vertex, face), surface.inside)


def _other(surface: Surface, pose: Pose, label: str) -> _Part:
    """A surface of a mesh or a shape."""
    made = _read(surface, pose, surface.at)
    if surface.open:
        check_sheet(made.vertex, made.face, label)
        return _Part(surface.name, made, None, is_sheet=True)
    try:
        check(made.vertex, made.face, label)
    except GeometryError as fault:
        if "open edge" not in str(fault):
            raise
        if surface.inside is not None:
            raise GeometryError(f"{fault} Only a closed surface has an inside: close it.") from None
        raise GeometryError(f"{fault} Give open = true if it is a sheet.") from None
    return _Part(surface.name, made, surface.inside)


def _cut(surface: Surface, cytosol: Manifold, where: str) -> _Part:
    """The sheet that a plane makes of the cytosol's cross-section."""
    assert surface.plane is not None
    made = section(cytosol, surface.plane.point, surface.plane.normal)
    if made is None:
        raise GeometryError(f"{where}: surface {surface.name}: its plane does not cut the cell: move its point.")
    return _Part(surface.name, _bare(*made), None, is_sheet=True)


def _far(outside: Outside, pose: Pose, parts: list[_Part], where: str) -> _Part:
    """The far side of the outside."""
    if outside.margin is not None:
        corners = np.concatenate([part.made.vertex for part in parts])
        made = _bare(*box(corners.min(axis=0) - outside.margin, corners.max(axis=0) + outside.margin))
    else:
        made = _read(outside, pose)
    check(made.vertex, made.face, f"{where}: outside")
    return _Part(FAR, made, OUTSIDE)


def _solid(part: _Part) -> Manifold:
    return manifold(part.made.vertex, part.made.face, part.name)


def _arranged(parts: list[_Part], spaces: tuple[str, ...], where: str) -> list[tuple[int, int]]:
    """The spaces below and above each surface, from which lies in which."""
    if len(parts) == 1:
        return [(0, -1)]
    solids = {i: _solid(part) for i, part in enumerate(parts) if not part.is_sheet}
    volume = {i: made.volume() for i, made in solids.items()}
    by_size = sorted(solids, key=lambda i: volume[i])
    below = {i: spaces.index(p.inside) if p.inside is not None else -1 for i, p in enumerate(parts)}
    sides = {i: (below[i], -1) for i in solids}
    holders: dict[int, list[int]] = {}
    for rank, i in enumerate(by_size):
        larger = by_size[rank + 1 :]
        holders[i] = [j for j in larger if _is_in(solids[i], solids[j], (parts[i].name, parts[j].name), where)]
        if holders[i]:
            sides[i] = below[i], below[holders[i][0]]
    far = len(parts) - 1
    if parts[far].name == FAR and not all(far in holders[i] for i in solids if i != far):
        raise GeometryError(f"{where}: the outside does not hold all surfaces: its far side must lie around them.")
    for i in solids:
        name, alone = parts[i].name, not holders[i]
        if alone and name not in (MEMBRANE, FAR):
            raise GeometryError(
                f"{where}: surface {name} lies outside the cell, where nothing is modelled: add [geometry.outside]."
            )
        if max(sides[i]) < 0:
            raise GeometryError(f"{where}: surface {name} lies in an obstacle, where no molecules are: remove it.")
    inner = [(parts[i], below[i]) for i in by_size]
    for i, part in enumerate(parts):
        if part.is_sheet:
            sides[i] = (_space_of_sheet(part, inner, where),) * 2
    return [sides[i] for i in range(len(parts))]


def _is_in(small: Manifold, large: Manifold, names: tuple[str, str], where: str) -> bool:
    """Whether a solid lies in a larger one; refused where their surfaces cross or touch."""
    common = small ^ large
    shared = common.volume() / small.volume()
    said = f"{where}: surfaces {names[0]} and {names[1]}"
    if _OVERLAP < shared < 1.0 - _OVERLAP:
        box = np.array(common.bounding_box())
        raise GeometryError(
            f"{said} cross: they have {common.volume():.3g} um^3 in common, around {at(0.5 * (box[:3] + box[3:]))} um: "
            "one must lie in the other, or beside it."
        )
    is_in = shared > 0.5
    if small.min_gap(complement(large) if is_in else large, 2.0 * PICOMETRE) < PICOMETRE:
        raise GeometryError(f"{said} touch: move one away, or make one surface of the two.")
    return is_in


def _space_of_sheet(sheet: _Part, solids: list[tuple[_Part, int]], where: str) -> int:
    """The space that a sheet lies in; solids and the spaces in them by size, the smallest first."""
    from spinemc.geometry.compartments import winding_number

    triangle = sheet.made.vertex[sheet.made.face]
    area = np.linalg.norm(crossed(triangle), axis=1)
    centre = triangle.mean(axis=1)
    space = np.full(len(centre), -1)
    for part, inside in reversed(solids):
        held = winding_number(part.made.vertex[part.made.face], centre) > 0.5
        space[held] = inside
    share = np.bincount(space + 1, area) / area.sum()
    found = int(share.argmax()) - 1
    if found < 0:
        raise GeometryError(
            f"{where}: surface {sheet.name} lies where nothing is modelled: move it, or add [geometry.outside]."
        )
    if share.max() < 1.0 - _ASTRAY:
        place = at(centre[space != found][0])
        raise GeometryError(
            f"{where}: surface {sheet.name} crosses another: {1.0 - share.max():.0%} of it lies on the other side, "
            f"as at {place} um: a sheet belongs to one space, cut it there."
        )
    return found
