"""The shapes of an MDL model: objects, polygons, boxes, regions, and release sites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spinemc.mdl.chemistry import AMOUNTS, amounts
from spinemc.mdl.cursor import DEEPEST, Cursor
from spinemc.mdl.reading import ALL, Reading, moved_on
from spinemc.mdl.sites import OLD_SITES, site
from spinemc.mdl.tokens import Token
from spinemc.mdl.values import LEFT_OUT, Mesh, Node, Region

KINDS = ("OBJECT", "POLYGON_LIST", "BOX", "VOXEL_LIST", "RELEASE_SITE", *OLD_SITES)
"""What may stand behind the name of an object."""

_SIDES = {"LEFT": (0, 0), "RIGHT": (0, 1), "FRONT": (1, 0), "BACK": (1, 1), "BOTTOM": (2, 0), "TOP": (2, 1)}
"""The sides of a box: the axis they stand across, and whether at its end."""


def node(cursor: Cursor, reading: Reading) -> Node | None:
    """Read NAME POLYGON_LIST { ... } and the like; None for a kind that is left out."""
    name = cursor.name("the name of an object")
    kind = cursor.name(f"one of {', '.join(KINDS)}")
    if kind.text not in KINDS:
        cursor.refuse(f"one of {', '.join(KINDS)}", kind)
    cursor.depth += 1
    if cursor.depth > DEEPEST:
        cursor.refuse("fewer objects in one another", name)
    try:
        if kind.text == "OBJECT":
            return _group(cursor, reading, name)
        if kind.text in ("POLYGON_LIST", "BOX"):
            return _polygons(cursor, reading, name, kind.text == "BOX")
        if kind.text == "VOXEL_LIST":
            reading.note(LEFT_OUT, name, "a VOXEL_LIST: give the surface as a POLYGON_LIST.")
            cursor.skip()
            return None
        return site(cursor, reading, name, OLD_SITES.get(kind.text))
    finally:
        cursor.depth -= 1


def _group(cursor: Cursor, reading: Reading, name: Token) -> Node:
    """Objects in an object, or a copy of one that was given before."""
    made = Node(name.text, name.where)
    if cursor.word.kind == "name":
        of = cursor.word.text
        made = found(cursor, reading)
        made = replace(made, name=name.text, where=name.where, copied=(*made.copied, of))
    for _ in cursor.block():
        pose = moved_on(cursor, made.pose)
        if pose is not None:
            made = replace(made, pose=pose)
        else:
            child = node(cursor, reading)
            made = made if child is None else replace(made, children=(*made.children, child))
    return made


def found(cursor: Cursor, reading: Reading) -> Node:
    """Take the name of an object that was given before."""
    word = cursor.name("the name of an object")
    root, *rest = word.text.split(".")
    one = reading.objects.get(root)
    for part in rest:
        one = next((child for child in one.children if child.name == part), None) if one is not None else None
    return one if one is not None else cursor.refuse("the name of an object that was given before", word)


def change(reading: Reading, path: str, change: Callable[[Node], Node]) -> None:
    """Put another in the place of the object with a name."""
    root, *rest = path.split(".")
    reading.objects[root] = _within(reading.objects[root], rest, change)


def _within(one: Node, rest: list[str], change: Callable[[Node], Node]) -> Node:
    if not rest:
        return change(one)
    children = (_within(c, rest[1:], change) if c.name == rest[0] else c for c in one.children)
    return replace(one, children=tuple(children))


def _polygons(cursor: Cursor, reading: Reading, name: Token, is_box: bool) -> Node:
    """A POLYGON_LIST or a BOX."""
    vertex: list[tuple[float, ...]] = []
    face: list[list[float]] = []
    made: Mesh | None = None
    pose, kept = np.eye(4), None
    for _ in cursor.block():
        moved = moved_on(cursor, pose)
        if moved is not None:
            pose = moved
            continue
        key = cursor.name('a part of an object, or "}"')
        if key.text == "VERTEX_LIST" and not is_box:
            vertex += [cursor.point() for _ in cursor.block()]
        elif key.text == "ELEMENT_CONNECTIONS" and not is_box:
            face += [_corners(cursor) for _ in cursor.block()]
        elif key.text == "CORNERS" and is_box:
            cursor.expect("=")
            low = cursor.point()
            cursor.expect(",")
            made = _box(np.array([low, cursor.point()]))
        elif key.text in ("ASPECT_RATIO", "FULLY_CLOSED"):
            cursor.pass_value()
        elif key.text in ("DEFINE_SURFACE_REGIONS", "REMOVE_ELEMENTS"):
            made = made if made is not None else _triangles(cursor, name, vertex, face)
            if key.text == "REMOVE_ELEMENTS":
                kept = _removed(cursor, reading, made, kept)
            else:
                for _ in cursor.block():
                    region = cursor.name("the name of a region")
                    made = with_region(cursor, reading, made, region.text)
        else:
            cursor.refuse(f"a part of a {'BOX' if is_box else 'POLYGON_LIST'}", key)
    if made is None:
        if is_box:
            cursor.refuse("CORNERS of a box", name)
        made = _triangles(cursor, name, vertex, face)
    if kept is not None:
        regions = tuple(replace(region, faces=region.faces[kept]) for region in made.regions)
        made = replace(made, face=made.face[kept], regions=regions)
    return Node(name.text, name.where, made, pose=pose)


def _corners(cursor: Cursor) -> list[float]:
    start = cursor.word
    corners = cursor.numbers()
    return corners if len(corners) == 3 else cursor.refuse("a triangle of three corners, as in [0, 1, 2]", start)


def _triangles(cursor: Cursor, name: Token, vertex: list[tuple[float, ...]], face: list[list[float]]) -> Mesh:
    if not vertex or not face:
        cursor.refuse("VERTEX_LIST and ELEMENT_CONNECTIONS with entries", name)
    corners = np.array(face)
    if (corners != np.round(corners)).any() or corners.min() < 0 or corners.max() >= len(vertex):
        cursor.refuse(f"corners by their numbers, 0 to {len(vertex) - 1}", name)
    return Mesh(np.array(vertex, dtype=float), corners.astype(np.int64))


def _box(corners: np.ndarray) -> Mesh:
    """Twelve triangles, two for each side in the order of `_SIDES`."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    bits = np.array([[i & 1, i >> 1 & 1, i >> 2 & 1] for i in range(8)])
    faces = []
    for axis, end in _SIDES.values():
        u, v = (axis + 1) % 3, (axis + 2) % 3
        base = end << axis
        ring = [base, base | 1 << u, base | 1 << u | 1 << v, base | 1 << v]
        ring = ring if end else ring[::-1]
        faces += [[ring[0], ring[1], ring[2]], [ring[0], ring[2], ring[3]]]
    return Mesh(np.where(bits == 1, high, low), np.array(faces), is_box=True)


def _elements(cursor: Cursor, mesh: Mesh) -> np.ndarray:
    """(f,) bool: what a list such as [0, 3 TO 7, TOP, ALL_ELEMENTS] names."""
    chosen = np.zeros(len(mesh.face), dtype=bool)
    cursor.expect("[")
    while True:
        start = cursor.word
        if cursor.accept("ALL_ELEMENTS"):
            chosen[:] = True
        elif start.text in _SIDES and mesh.is_box:
            side = list(_SIDES).index(cursor.step().text)
            chosen[2 * side : 2 * side + 2] = True
        else:
            first = cursor.whole("the number of a face, or the name of a side")
            last = cursor.whole("the number of a face") if cursor.accept("TO") else first
            if not first <= last < len(chosen):
                cursor.refuse(f"faces from 0 to {len(chosen) - 1}", start)
            chosen[first : last + 1] = True
        if not cursor.accept(","):
            break
    cursor.expect("]")
    return chosen


def _specified(cursor: Cursor, reading: Reading, mesh: Mesh, key: Token, chosen: np.ndarray | None) -> np.ndarray:
    """The faces chosen so far with one more statement about them."""
    include = not key.text.startswith("EXCLUDE")
    before = chosen if chosen is not None else np.full(len(mesh.face), not include)
    cursor.expect("=")
    if key.text.endswith("_PATCH"):
        cursor.point()
        cursor.expect(",")
        cursor.point()
        reading.note(LEFT_OUT, key, "a patch of a side: name the faces of a POLYGON_LIST.")
        return before
    if key.text.endswith("_REGION"):
        word = cursor.name("the name of a region")
        more = next((r.faces for r in mesh.regions if r.name == word.text), None)
        if more is None:
            cursor.refuse("the name of a region that was given before", word)
    else:
        more = _elements(cursor, mesh)
    return before | more if include else before & ~more


_SPECIFIED = ("ELEMENT_LIST", *(f"{a}_{b}" for a in ("INCLUDE", "EXCLUDE") for b in ("ELEMENTS", "REGION", "PATCH")))


def _removed(cursor: Cursor, reading: Reading, mesh: Mesh, kept: np.ndarray | None) -> np.ndarray:
    """The faces that are left."""
    gone: np.ndarray | None = None
    for _ in cursor.block():
        gone = _specified(cursor, reading, mesh, cursor.name("ELEMENT_LIST"), gone)
    left = np.full(len(mesh.face), True) if gone is None else ~gone
    return left if kept is None else left & kept


def with_region(cursor: Cursor, reading: Reading, mesh: Mesh, name: str) -> Mesh:
    """A mesh with what { ... } says of a region, a new one or one that is there."""
    everything = np.full(len(mesh.face), True)
    region = next((r for r in mesh.regions if r.name == name), None)
    chosen = everything if name == ALL and region is None else None if region is None else region.faces
    own, sits = ("", ()) if region is None else (region.surface_class, region.amounts)
    for _ in cursor.block():
        key = cursor.name('a part of a region, or "}"')
        if key.text in _SPECIFIED:
            chosen = _specified(cursor, reading, mesh, key, chosen)
        elif key.text == "SURFACE_CLASS":
            cursor.expect("=")
            word = cursor.name("the name of a surface class")
            own = word.text if word.text in reading.classes else cursor.refuse("a surface class that is defined", word)
        elif key.text in AMOUNTS:
            sits = (*sits, *amounts(cursor, key.text))
        elif key.text.startswith("VIZ"):
            cursor.pass_value()
        else:
            cursor.refuse("a part of a region", key)
    made = Region(name, chosen if chosen is not None else ~everything, own, sits)
    return replace(mesh, regions=(*(r for r in mesh.regions if r.name != name), made))
