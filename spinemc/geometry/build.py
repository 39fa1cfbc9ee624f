"""From what a user asks for to checked, labelled surfaces and the spaces between them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.io import FORMATS, read_faces, read_mesh
from spinemc.geometry.mesh import WHOLE, Geometry, check, check_sheet
from spinemc.geometry.shapes import Solid, solid
from spinemc.geometry.solids import box, manifold, section
from spinemc.scenario import GeometrySpec, Named, Within
from spinemc.scenario.values import CYTOSOL, FAR, MEMBRANE, OUTSIDE, Outside, Surface, Vector

_OVERLAP = 1e-9  # part of the smaller of two solids that may be common or missing by round-off


def load_geometry(path: str | Path) -> Geometry:
    """Build the geometry of a file.

    Parameters
    ----------
    path : str or Path
        A geometry file (TOML), or a closed surface (STL, OBJ, PLY) in um.

    Raises
    ------
    GeometryError
        The surface or the shape cannot be used.
    ScenarioError
        The geometry file cannot be read.
    """
    path = Path(path)
    if path.suffix.lower() in FORMATS:
        return build(GeometrySpec(mesh=path))
    from spinemc.scenario import load_shape

    return build(GeometrySpec(shape=load_shape(path)), path)


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
    parts = [cell, *(_other(surface, cell, where) for surface in spec.surface)]
    if spec.outside is not None:
        parts.append(_far(spec.outside, parts, where))
    spaces = spec.spaces
    sides = _arranged(parts, spaces, where)
    count = [len(part.made.face) for part in parts]
    first = np.cumsum([0] + [len(part.made.vertex) for part in parts])
    label, regions, region_surface = _regions(parts, spec.region, where)
    compartments, shapes, compartment_space = _compartments(cell.made, spec.compartment, spaces, where)
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
        compartment_space=compartment_space,
    )
    if spec.shape is not None and geometry.genus != 0:
        raise GeometryError(f"{name}: the shape has {geometry.genus} holes through it, must have none.")
    for i, (compartment, volume) in enumerate(zip(compartments, geometry.compartment_volume, strict=True)):
        space = int(compartment_space[i])
        if volume <= 1e-12 * geometry.compartment_volume[geometry.parts_of(space)[0]]:
            what = "the inside" if space == 0 else f"space {spaces[space]}"
            raise GeometryError(f"{where}: compartment {compartment} holds nothing of {what}.")
    return geometry


def _bare(vertex: np.ndarray, face: np.ndarray) -> Solid:
    return Solid(vertex, face, np.zeros(len(face), dtype=np.int64))


def _read(source: Surface | Outside, at: Vector = (0.0, 0.0, 0.0)) -> Solid:
    """The triangles of a mesh, or of a shape with its origin at a place, without names."""
    if source.mesh is not None:
        return _bare(*read_mesh(source.mesh, source.unit))
    assert source.shape is not None
    made = solid(source.shape)
    return _bare(made.vertex + np.asarray(at), made.face)


def _cell(spec: GeometrySpec, name: str) -> _Part:
    if spec.mesh is not None:
        made = _bare(*read_mesh(spec.mesh, spec.unit))
    else:
        assert spec.shape is not None
        made = solid(spec.shape)
    check(made.vertex, made.face, name)
    return _Part(MEMBRANE, made, CYTOSOL)


def _other(surface: Surface, cell: _Part, where: str) -> _Part:
    """A surface beside the cell's own, checked by itself."""
    if surface.plane is not None:
        cut = section(cell.made.vertex, cell.made.face, surface.plane.point, surface.plane.normal, cell.name)
        if cut is None:
            raise GeometryError(f"{where}: surface {surface.name}: its plane does not cut the cell: move its point.")
        return _Part(surface.name, _bare(*cut), None, is_sheet=True)
    made = _read(surface, surface.at)
    label = f"{where}: surface {surface.name}"
    if surface.open:
        check_sheet(made.vertex, made.face, label)
    else:
        try:
            check(made.vertex, made.face, label)
        except GeometryError as fault:
            if "open edge" in str(fault):
                raise GeometryError(f"{fault} Give open = true if it is a sheet.") from None
            raise
    return _Part(surface.name, made, surface.inside, surface.open)


def _far(outside: Outside, parts: list[_Part], where: str) -> _Part:
    """The far side of the outside."""
    if outside.margin is not None:
        corners = np.concatenate([part.made.vertex for part in parts])
        made = _bare(*box(corners.min(axis=0) - outside.margin, corners.max(axis=0) + outside.margin))
    else:
        made = _read(outside)
    check(made.vertex, made.face, f"{where}: outside")
    return _Part(FAR, made, OUTSIDE)


def _arranged(parts: list[_Part], spaces: tuple[str, ...], where: str) -> list[tuple[int, int]]:
    """The spaces below and above each surface, from which lies in which."""
    if len(parts) == 1:
        return [(0, -1)]
    solids = {i: manifold(p.made.vertex, p.made.face, p.name) for i, p in enumerate(parts) if not p.is_sheet}
    volume = {i: made.volume() for i, made in solids.items()}
    holders: dict[int, list[int]] = {i: [] for i in solids}
    for i in solids:
        for j in solids:
            if volume[i] > volume[j] or i == j or (volume[i] == volume[j] and i < j):
                continue
            common = (solids[i] ^ solids[j]).volume()
            if common > (1.0 - _OVERLAP) * volume[i]:
                holders[i].append(j)
            elif common > _OVERLAP * volume[i]:
                raise GeometryError(
                    f"{where}: surfaces {parts[i].name} and {parts[j].name} cross: they have {common:.3g} um^3 in "
                    "common. One must lie in the other, or beside it."
                )
    below = {i: spaces.index(p.inside) if p.inside is not None else -1 for i, p in enumerate(parts)}
    sides = []
    for i, part in enumerate(parts):
        if part.is_sheet:
            space = _space_of_sheet(part, parts, volume, below, where)
            sides.append((space, space))
            continue
        above = below[min(holders[i], key=lambda j: volume[j])] if holders[i] else -1
        if part.name == FAR and not all(i in holders[k] for k in solids if k != i):
            raise GeometryError(f"{where}: the outside does not hold all surfaces: its far side must lie around them.")
        if not holders[i] and part.name not in (MEMBRANE, FAR):
            raise GeometryError(
                f"{where}: surface {part.name} lies outside the cell, where nothing is: add [geometry.outside]."
            )
        if above < 0 and below[i] < 0:
            raise GeometryError(f"{where}: surface {part.name} lies in an obstacle, where no molecules are: remove it.")
        sides.append((below[i], above))
    return sides


def _space_of_sheet(
    sheet: _Part, parts: list[_Part], volume: dict[int, float], below: dict[int, int], where: str
) -> int:
    """The space that most of a sheet lies in."""
    from spinemc.geometry.compartments import winding_number

    triangle = sheet.made.vertex[sheet.made.face]
    area = np.linalg.norm(np.cross(triangle[:, 1] - triangle[:, 0], triangle[:, 2] - triangle[:, 0]), axis=1)
    centre = triangle.mean(axis=1)
    space = np.full(len(centre), -1)
    for i in sorted(volume, key=lambda j: -volume[j]):
        held = winding_number(parts[i].made.vertex[parts[i].made.face], centre) > 0.5
        space[held] = below[i]
    share = np.bincount(space + 1, area, len(parts) + 1)
    found = int(share.argmax()) - 1
    if found < 0:
        raise GeometryError(
            f"{where}: surface {sheet.name} lies where nothing is modelled: move it, or add [geometry.outside]."
        )
    return found


def _regions(
    parts: list[_Part], named: tuple[Named, ...], where: str
) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """(f,) region of each face, the regions' names, (r,) the surface of each."""
    made = parts[0].made
    taken = [*made.regions, *(part.name for part in parts[1:])]
    _refuse_taken(taken, named, where, "region")
    regions: list[str] = []
    surface: list[int] = []
    labels = []
    for s, part in enumerate(parts):
        first = len(regions)
        regions += made.regions if s == 0 else (part.name,)
        label = part.made.label + first
        centre = part.made.vertex[part.made.face].mean(axis=1)
        for entry in named:
            if (entry.of or MEMBRANE) != part.name:
                continue
            if entry.within.file is not None:
                chosen = read_faces(entry.within.file, entry.within.key, len(part.made.face), entry.name)
            else:
                chosen = np.flatnonzero(_inside(entry.within, centre))
            if len(chosen) == 0:
                raise GeometryError(f"{where}: region {entry.name} holds no face.")
            label[chosen] = len(regions)
            regions.append(entry.name)
        labels.append(label)
        surface += [s] * (len(regions) - first)
    return np.concatenate(labels), tuple(regions), np.array(surface, dtype=np.int64)


def _compartments(
    made: Solid, named: tuple[Named, ...], spaces: tuple[str, ...], where: str
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Names, shapes, and the space of each compartment."""
    _refuse_taken([*spaces, *made.compartments], named, where, "compartment")
    names: list[str] = []
    rows: list[np.ndarray] = []
    home: list[int] = []
    for k, space in enumerate(spaces):
        parts = [(space, WHOLE)]
        for entry in named:
            if (entry.of or CYTOSOL) != space:
                continue
            if entry.within.kind == "faces":
                raise GeometryError(f"{where}: compartment {entry.name} is given by faces: give a box or a sphere.")
            parts.append((entry.name, np.array(_row(entry.within))))
        if k == 0:
            parts += list(zip(made.compartments, made.compartment_shape, strict=True))
        names += [name for name, _ in parts]
        rows += [row for _, row in parts]
        home += [k] * len(parts)
    return tuple(names), np.array(rows, dtype=np.float64), np.array(home, dtype=np.int64)


def _refuse_taken(taken: list[str], named: tuple[Named, ...], where: str, kind: str) -> None:
    seen = set(taken)
    for entry in named:
        if entry.name in seen:
            raise GeometryError(f"{where}: {kind} {entry.name} is there already: choose another name.")
        seen.add(entry.name)


def _row(within: Within) -> tuple[float, ...]:
    if within.kind == "sphere":
        return (1.0, *within.center, within.radius, 0.0, 0.0)
    return (0.0, *within.low, *within.high)


def _inside(within: Within, point: np.ndarray) -> np.ndarray:
    from spinemc.geometry.compartments import holds

    return holds(np.array(_row(within)), point)
