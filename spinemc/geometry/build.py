"""From what a user asks for to a checked, labelled mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.io import FORMATS, read_faces, read_mesh
from spinemc.geometry.mesh import Geometry, check
from spinemc.geometry.shapes import Solid, solid
from spinemc.scenario import GeometrySpec, Named, Within


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


def build(spec: GeometrySpec, path: Path | None = None) -> Geometry:
    """Build, label and check a geometry.

    Parameters
    ----------
    spec : GeometrySpec
        A shape or a mesh file, and the regions and compartments laid over it.
    path : Path, optional
        The file that asks for it, for messages.

    Raises
    ------
    GeometryError
        A file or a shape cannot be used, the surface does not bound one solid, or a region or a compartment
        holds nothing.
    """
    if spec.mesh is not None:
        vertex, face = read_mesh(spec.mesh, spec.unit)
        made = Solid(vertex, face, np.zeros(len(face), dtype=np.int64))
        name = spec.mesh.name
    elif spec.shape is not None:
        made = solid(spec.shape)
        name = spec.shape.source or spec.shape.kind
    else:
        raise GeometryError(f"{path or 'geometry'}: neither a shape nor a mesh is given.")
    check(made.vertex, made.face, name)
    where = path.name if path is not None else name
    label, regions = _regions(made, spec.region, where)
    compartments, shapes = _compartments(made, spec.compartment, where)
    geometry = Geometry(
        name=name,
        vertex=np.ascontiguousarray(made.vertex, dtype=np.float64),
        face=np.ascontiguousarray(made.face, dtype=np.int32),
        face_region=label.astype(np.int16),
        regions=regions,
        compartments=compartments,
        compartment_shape=shapes,
    )
    if spec.shape is not None and geometry.genus != 0:
        raise GeometryError(f"{name}: the shape has {geometry.genus} holes through it, must have none.")
    for part, volume in zip(compartments, geometry.compartment_volume, strict=True):
        if volume <= 1e-12 * geometry.volume:
            raise GeometryError(f"{where}: compartment {part} holds nothing of the inside.")
    return geometry


def _regions(made: Solid, named: tuple[Named, ...], where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    regions, label = list(made.regions), made.label.copy()
    _refuse_taken(regions, named, where, "region")
    centre = made.vertex[made.face].mean(axis=1)
    for entry in named:
        if entry.within.file is not None:
            chosen = read_faces(entry.within.file, entry.within.key, len(made.face), entry.name)
        else:
            chosen = np.flatnonzero(_inside(entry.within, centre))
        if len(chosen) == 0:
            raise GeometryError(f"{where}: region {entry.name} holds no face.")
        label[chosen] = len(regions)
        regions.append(entry.name)
    return label, tuple(regions)


def _compartments(made: Solid, named: tuple[Named, ...], where: str) -> tuple[tuple[str, ...], np.ndarray]:
    _refuse_taken(["cytosol", *made.compartments], named, where, "compartment")
    rows = []
    for entry in named:
        if entry.within.kind == "faces":
            raise GeometryError(f"{where}: compartment {entry.name} is given by faces: give a box or a sphere.")
        rows.append(_row(entry.within))
    names = ("cytosol", *(entry.name for entry in named), *made.compartments)
    return names, np.concatenate([np.array(rows).reshape(-1, 7), made.compartment_shape])


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
