"""Where the objects of an MDL model are: surfaces in space, what lies within what, and patches that do not overlap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spinemc.geometry.checks import signed_volume
from spinemc.geometry.compartments import winding_number
from spinemc.mdl.reading import ALL
from spinemc.mdl.values import LEFT_OUT, Mesh, Model, Node, Note, Region, Site
from spinemc.scenario.values import CYTOSOL, FAR, MEMBRANE, OUTSIDE

VOLUME_WORDS = ("ALL_MOLECULES", "ALL_VOLUME_MOLECULES")


@dataclass(frozen=True, eq=False)
class Body:
    """A surface in its place.

    Attributes
    ----------
    path : str
        Its name in the model, World.cell.
    name : str
        Its name as a surface and a region of the scenario.
    front : int
        1 where MDL's front is the outer side, -1 where the faces had to be turned round.
    regions : tuple of Region
        As the model has them; they may overlap.
    patches : tuple
        Names and faces (f,) bool of the regions of the scenario; they do not overlap.
    """

    path: str
    name: str
    where: str
    vertex: np.ndarray
    face: np.ndarray
    front: int
    closed: bool
    regions: tuple[Region, ...]
    patches: tuple[tuple[str, np.ndarray], ...]

    def faces(self, region: str) -> np.ndarray | None:
        """(f,) bool: the faces of a region of the model; None where there is none."""
        named = next((r.faces for r in self.regions if r.name == region), None)
        return np.full(len(self.face), True) if named is None and region == ALL else named

    def names(self, faces: np.ndarray) -> list[str]:
        """The regions of the scenario that make up some faces."""
        return [self.name] if faces.all() else [name for name, own in self.patches if own.any() and faces[own].all()]


@dataclass(frozen=True, eq=False)
class World:
    """Surfaces and the spaces between them.

    Attributes
    ----------
    bodies : tuple of Body
        The cell's own surface first, where there is one.
    has_cell : bool
        Whether a closed surface can be the cell's own; a box around all stands in for it where none can.
    inside : dict
        The space that each closed surface encloses, by its path.
    within : dict
        The spaces in each closed surface, those of surfaces in it included.
    sides : dict
        The spaces before and behind each surface, on MDL's front and back.
    outer : str
        The space around everything.
    volume : dict
        Of each space but the outer one [um^3].
    boxes : dict
        Objects that let all pass, which are parts of a space: name, space, low and high corner.
    sites : tuple
        Release sites: path, where, site, and what moves them.
    """

    bodies: tuple[Body, ...]
    has_cell: bool
    inside: dict[str, str]
    within: dict[str, frozenset[str]]
    sides: dict[str, tuple[str, str]]
    outer: str
    volume: dict[str, float]
    boxes: dict[str, tuple[str, str, np.ndarray, np.ndarray]]
    sites: tuple[tuple[str, str, Site, np.ndarray], ...]

    def body(self, path: str) -> Body | None:
        """The surface with a name in the model."""
        return next((one for one in self.bodies if one.path == path), None)

    def faces(self, path: str, region: str) -> np.ndarray | None:
        """(f,) bool: the faces of a region of the model; None where there is no such surface or region."""
        body = self.body(path)
        return None if body is None else body.faces(region)

    def names(self, path: str, region: str) -> list[str]:
        """The regions of the scenario that make up a region of the model."""
        body, faces = self.body(path), self.faces(path, region)
        return [] if body is None or faces is None else body.names(faces)

    def space_at(self, point: np.ndarray) -> str:
        """The space that a point lies in."""
        closed = [b for b in self.bodies if b.closed and winding_number(b.vertex[b.face], point[None])[0] > 0.5]
        if not closed:
            return self.outer
        return self.inside[min(closed, key=lambda b: signed_volume(b.vertex[b.face])).path]

    @property
    def low_high(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners of the box around all surfaces and places of release [um]."""
        points = [body.vertex for body in self.bodies]
        points += [np.array([placed(site.location, pose)]) for _, _, site, pose in self.sites if not _is_region(site)]
        points += [
            np.array([placed(at, pose) for _, at in site.points]) for _, _, site, pose in self.sites if site.points
        ]
        every = np.concatenate(points) if points else np.zeros((1, 3))
        return every.min(axis=0), every.max(axis=0)


def _is_region(site: Site) -> bool:
    return len(site.shape) > 1 or site.shape == ("LIST",)


def placed(point: tuple[float, ...], pose: np.ndarray) -> np.ndarray:
    """A point in its place."""
    return np.asarray(np.array([*point, 1.0]) @ pose)[:3]


def unique(name: str, taken: set[str]) -> str:
    """A name like this that is not taken; it is from then on."""
    made, number = name, 2
    while made in taken:
        made, number = f"{name}_{number}", number + 1
    taken.add(made)
    return made


def world(model: Model, notes: list[Note]) -> World:
    """Place the objects of a model.

    Parameters
    ----------
    model : Model
    notes : list of Note
        Where it is noted what cannot be taken over.
    """
    flat = [entry for node in model.objects for entry in _flat(node, "", np.eye(4), {})]
    sites = tuple((path, node.where, node.content, pose) for path, node, pose in flat if isinstance(node.content, Site))
    rest = any(site.shape[0] in ("+", "-", "*") for _, _, site, _ in sites)
    taken = {MEMBRANE, FAR}
    found: list[Body] = []
    clear: list[Body] = []
    for path, node, pose in flat:
        if isinstance(node.content, Mesh):
            body = _body(path, node.where, node.content, pose)
            (clear if _lets_all_pass(body, model) else found).append(body)
    triangles = {b.path: b.vertex[b.face] for b in found}
    volume = {b.path: signed_volume(triangles[b.path]) for b in found if b.closed}

    def holders(point: np.ndarray, but: str = "") -> list[str]:
        """The closed surfaces around a point, the smallest first."""
        around = [p for p in volume if p != but and winding_number(triangles[p], point[None])[0] > 0.5]
        return sorted(around, key=lambda p: volume[p])

    up = {b.path: holders(b.vertex[b.face[0]].mean(axis=0), b.path) for b in found}
    up = {p: [q for q in held if p not in volume or volume[q] > volume[p]] for p, held in up.items()}
    alone = [p for p in volume if not up[p]]
    cell = max(alone, key=lambda p: volume[p], default=None)
    found.sort(key=lambda b: b.path != cell)
    found = [_named(b, b.path == cell, rest, taken, len(found) > 1) for b in found]
    spaces = {CYTOSOL, OUTSIDE}
    inside = {b.path: CYTOSOL if b.path == cell else unique(f"{b.name}_inside", spaces) for b in found if b.closed}
    outer = OUTSIDE if cell is not None else CYTOSOL
    within = {p: frozenset(inside[q] for q in inside if q == p or p in up[q]) for p in inside}
    sides = {}
    for body in found:
        around = inside[up[body.path][0]] if up[body.path] else outer
        pair = (around, inside.get(body.path, around))
        sides[body.path] = pair if body.front > 0 else pair[::-1]
    boxes = {}
    for body in clear:
        low, high = body.vertex.min(axis=0), body.vertex.max(axis=0)
        if len(body.vertex) == 8 and np.isin(body.vertex, np.stack([low, high])).all() and body.closed:
            at = holders(0.5 * (low + high))
            boxes[body.path] = (unique(_last(body.path), spaces), inside[at[0]] if at else outer, low, high)
        else:
            why = "lets all molecules pass, and only a box along the axes is then a part of a space."
            notes.append(Note(LEFT_OUT, body.where, body.path, why))
    size = {inside[p]: volume[p] - sum(volume[q] for q in inside if up[q][:1] == [p]) for p in inside}
    return World(tuple(found), cell is not None, inside, within, sides, outer, size, boxes, sites)


def _flat(node: Node, above: str, pose: np.ndarray, called: dict[str, str]) -> Iterator[tuple[str, Node, np.ndarray]]:
    """An object and those in it, with their names and how they are moved; `called` are the names of what was copied."""
    path, pose = f"{above}{node.name}", node.pose @ pose
    called = {**called, **dict.fromkeys(node.copied, path)}
    if isinstance(node.content, Site):
        node = replace(node, content=replace(node.content, shape=_meant(node.content.shape, called)))
    yield path, node, pose
    for child in node.children:
        yield from _flat(child, f"{path}.", pose, called)


def _meant(shape: tuple[Any, ...], called: dict[str, str]) -> tuple[Any, ...]:
    """The shape of a release site that was copied with what it speaks of, by the names that this then has."""
    if shape[0] in ("+", "-", "*"):
        return shape[0], _meant(shape[1], called), _meant(shape[2], called)
    if shape[0] != "region":
        return shape
    path, rest = shape[1], ""
    while path not in called and "." in path:
        path, _, last = path.rpartition(".")
        rest = f".{last}{rest}"
    return "region", (called[path] + rest if path in called else shape[1]), shape[2]


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _body(path: str, where: str, mesh: Mesh, pose: np.ndarray) -> Body:
    """A mesh in its place, without names."""
    vertex = (np.c_[mesh.vertex, np.ones(len(mesh.vertex))] @ pose)[:, :3]
    face = mesh.face
    edges = np.sort(np.concatenate([face[:, [0, 1]], face[:, [1, 2]], face[:, [2, 0]]]), axis=1)
    closed = len(edges) > 0 and bool((np.unique(edges, axis=0, return_counts=True)[1] == 2).all())
    turned = closed and signed_volume(vertex[face]) < 0.0
    return Body(
        path, "", where, vertex, face[:, ::-1] if turned else face, -1 if turned else 1, closed, mesh.regions, ()
    )


def _lets_all_pass(body: Body, model: Model) -> bool:
    """Whether the whole of a surface is transparent to every molecule of the volume, and nothing sits on it."""
    volume = {m.name for m in model.molecules.values() if not m.on_surface}
    clear: dict[str, np.ndarray] = {name: np.zeros(len(body.face), dtype=bool) for name in volume}
    for region in body.regions:
        made = model.classes.get(region.surface_class)
        if region.amounts or (made is not None and (made.amounts or {r.kind for r in made.rules} - {"TRANSPARENT"})):
            return False
        for rule in made.rules if made is not None else ():
            for name in volume if rule.molecule.name in VOLUME_WORDS else volume & {rule.molecule.name}:
                clear[name] |= region.faces
    return bool(volume) and all(faces.all() for faces in clear.values())


def _named(body: Body, is_cell: bool, rest: bool, taken: set[str], several: bool) -> Body:
    """A surface with its name and its patches."""
    name = MEMBRANE if is_cell else unique(_last(body.path), taken)
    some = [r for r in body.regions if r.faces.any() and not r.faces.all()]
    patches: list[tuple[str, np.ndarray]] = []
    if some:
        rows, label = np.unique(np.stack([r.faces for r in some], axis=1), axis=0, return_inverse=True)
        for k, row in enumerate(rows):
            mine, faces = [r for r, held in zip(some, row, strict=True) if held], label.reshape(-1) == k
            whole = [r.name for r in mine if (r.faces == faces).all()]
            said = whole[0] if whole else "_and_".join(r.name for r in mine) + ("_rest" if len(mine) == 1 else "")
            if mine or rest:
                said = said if mine else f"{name}_rest"
                said = f"{name}_{said}" if several and said in taken else said
                patches.append((unique(said.replace(".", "_"), taken), faces))
    return Body(
        body.path, name, body.where, body.vertex, body.face, body.front, body.closed, body.regions, tuple(patches)
    )
