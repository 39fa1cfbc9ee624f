"""Surfaces in and out of mesh files, and regions as lists of faces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import GeometryError

if TYPE_CHECKING:
    from spinemc.geometry.mesh import Geometry

FORMATS = (".stl", ".obj", ".ply")
SCENE = ".glb"


def read_mesh(path: Path, unit: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Read a surface from an STL, OBJ or PLY file.

    Parameters
    ----------
    path : Path
        The file.
    unit : float
        Length unit of the file [um].

    Returns
    -------
    vertex : (v, 3) float64
        Corners that a face uses [um].
    face : (f, 3) int32
        Triangles, in the order of the file.

    Raises
    ------
    GeometryError
        The file is not there, is of another format, cannot be read or holds no surface.
    """
    import trimesh

    if path.suffix.lower() not in FORMATS:
        raise GeometryError(f"{path.name}: not a mesh file that can be read: use STL, OBJ or PLY.")
    if not path.is_file():
        raise GeometryError(f"{path}: there is no such file.")
    try:
        options = {"maintain_order": True, "skip_materials": True} if path.suffix.lower() == ".obj" else {}
        mesh = trimesh.load_mesh(path, process=False, **options)
        vertex, face = np.asarray(mesh.vertices, dtype=np.float64), np.asarray(mesh.faces, dtype=np.int64)
    except Exception as fault:  # the readers raise whatever they meet in a garbled file
        raise GeometryError(
            f"{path.name}: cannot be read as {path.suffix[1:].upper()}: {str(fault).rstrip('.!')}."
        ) from fault
    if vertex.ndim != 2 or vertex.shape[1] != 3 or face.ndim != 2 or face.shape[1] != 3:
        raise GeometryError(
            f"{path.name}: a corner is three coordinates and a face three corners, which is not so here."
        )
    if len(face) == 0:
        raise GeometryError(f"{path.name}: the surface is empty: it holds no triangle.")
    if path.suffix.lower() == ".stl":  # each triangle of an STL file brings its own corners
        vertex, corner = np.unique(vertex, axis=0, return_inverse=True)
        face = corner.reshape(-1)[face]
    used, face = np.unique(face, return_inverse=True)
    if used[0] < 0 or used[-1] >= len(vertex):
        raise GeometryError(f"{path.name}: a face names a corner that is not there: there are {len(vertex)}.")
    return vertex[used] * unit, face.reshape(-1, 3).astype(np.int32)


def read_faces(path: Path, key: str, number: int, name: str) -> np.ndarray:
    """The faces that a JSON object of lists of face numbers gives for one key.

    Parameters
    ----------
    path : Path
        The file.
    key : str
        Which list.
    number : int
        How many faces the surface has.
    name : str
        The region, for messages.

    Returns
    -------
    (n,) int64
        Face numbers, from 0.

    Raises
    ------
    GeometryError
        The file is not there or not such an object, the key is not in it, or a number is not that of a face.
    """
    try:
        lists = json.loads(path.read_text())
    except OSError as fault:
        raise GeometryError(f"{path}: cannot be read for region {name}: {fault.strerror}.") from fault
    except ValueError as fault:
        raise GeometryError(f"{path.name}: not JSON: {fault}.") from fault
    except RecursionError:
        raise GeometryError(f"{path.name}: not JSON that can be read: lists stand in one another too deeply.") from None
    if not isinstance(lists, dict):
        raise GeometryError(f"{path.name}: must hold an object of lists of face numbers.")
    if key not in lists:
        known = ", ".join(lists) or "none"
        raise GeometryError(f'{path.name}: has no key "{key}", asked for by region {name}: it has {known}.')
    faces = lists[key]
    if not isinstance(faces, list) or not all(isinstance(i, int) and not isinstance(i, bool) for i in faces):
        raise GeometryError(f'{path.name}: "{key}" must be a list of face numbers.')
    outside = [i for i in faces if not 0 <= i < number]
    if outside:
        raise GeometryError(f'{path.name}: "{key}" names face {outside[0]}, not one of the faces 0 to {number - 1}.')
    return np.array(faces, dtype=np.int64)


def export(geometry: Geometry, path: str | Path) -> list[Path]:
    """Write the surfaces in um: STL, OBJ or PLY with its regions as JSON beside it, or GLB with a part for each region.

    The cell's own surface goes to `path`, each other one to a file beside it, with its name behind an underscore; a GLB
    file holds all of them. PLY and GLB have a colour for each region.

    Returns
    -------
    list of Path
        The files written; the first is `path`.

    Raises
    ------
    GeometryError
        The format is not one of these, or the place cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (*FORMATS, SCENE):
        raise GeometryError(f"{path.name}: cannot be written: use a name that ends in .stl, .obj, .ply or .glb.")
    written: dict[Path, bytes] = {}
    if suffix == SCENE:
        written[path] = _scene(geometry)
    else:
        for surface, name in enumerate(geometry.surfaces):
            file = path if surface == 0 else path.with_stem(f"{path.stem}_{name}")
            faces = np.flatnonzero(geometry.face_surface == surface)
            used, face = np.unique(geometry.face[faces], return_inverse=True)
            region = geometry.face_region[faces]
            written[file] = _bytes(geometry.vertex[used], face.reshape(-1, 3), region, suffix)
            patches = np.flatnonzero(geometry.region_surface == surface)[1:]
            lists = {geometry.regions[i]: np.flatnonzero(region == i).tolist() for i in patches}
            written[file.with_suffix(".regions.json")] = json.dumps(lists).encode()
    try:
        for file, content in written.items():
            file.write_bytes(content)
    except OSError as fault:
        raise GeometryError(f"{path}: cannot be written: {fault.strerror}.") from fault
    return list(written)


def _scene(geometry: Geometry) -> bytes:
    """All surfaces as a GLB scene, one mesh a region, named and coloured."""
    import trimesh

    parts = {}
    for region in np.unique(geometry.face_region).tolist():
        face = geometry.face[geometry.face_region == region]
        made = trimesh.Trimesh(geometry.vertex, face, face_colors=_colours(np.full(len(face), region)), process=False)
        made.remove_unreferenced_vertices()
        parts[geometry.regions[region]] = made
    return bytes(trimesh.exchange.gltf.export_glb(trimesh.Scene(parts)))


def obj_text(vertex: np.ndarray, face: np.ndarray) -> str:
    """Triangles as the text of an OBJ file, corners to the last digit."""
    corners = "".join(f"v {x!r} {y!r} {z!r}\n" for x, y, z in vertex.tolist())
    return corners + "".join(f"f {a} {b} {c}\n" for a, b, c in (face + 1).tolist())


def _bytes(vertex: np.ndarray, face: np.ndarray, region: np.ndarray, suffix: str) -> bytes:
    if suffix == ".obj":
        return obj_text(vertex, face).encode()
    import trimesh

    if suffix == ".stl":
        return trimesh.exchange.stl.export_stl(trimesh.Trimesh(vertex, face, process=False))
    return trimesh.exchange.ply.export_ply(trimesh.Trimesh(vertex, face, face_colors=_colours(region), process=False))


def _colours(region: np.ndarray) -> np.ndarray:
    """(f, 4) uint8: a colour for each region."""
    import matplotlib

    return (matplotlib.colormaps["tab10"](region % 10) * 255).astype(np.uint8)
