"""What an MDL model puts in: release sites and the molecules of regions, as releases of a scenario."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from spinemc.geometry.checks import crossed
from spinemc.mdl.states import State
from spinemc.mdl.values import LEFT_OUT, OTHERWISE, Amount, Marked, Model, Note, Pattern, Site
from spinemc.mdl.world import Body, World, placed, unique
from spinemc.scenario.values import CYTOSOL, OUTSIDE

MOST_TIMES = 100_000
"""Occasions of one release."""


@dataclass(frozen=True)
class Put:
    """One release: molecules, how many, where and when.

    Attributes
    ----------
    kind : str
        count, concentration [mol/L] or density [um^-2].
    key : str
        in, on or at.
    place : str or tuple of float
        A compartment, a region, or a point [um].
    """

    state: State
    kind: str
    value: float
    key: str
    place: str | tuple[float, ...]
    time: tuple[float, ...]
    where: str


@dataclass(frozen=True)
class Part:
    """A part of a space that a release fills: a ball or a box."""

    name: str
    space: str
    shape: str  # sphere | box
    centre: tuple[float, ...]
    size: tuple[float, ...]


@dataclass(frozen=True)
class Released:
    """All that is put in, and the parts of spaces that this speaks of."""

    puts: tuple[Put, ...]
    parts: tuple[Part, ...]


class _Refused(Exception):
    """Why a release is left out."""


def releases(model: Model, world: World, matter: frozenset[str], notes: list[Note]) -> Released:
    """The releases of a model.

    Parameters
    ----------
    matter : frozenset of str
        Surface molecules of which it matters which side their top is on.
    notes : list of Note
        Where it is noted what cannot be taken over.
    """
    puts: list[Put] = []
    parts: list[Part] = []
    taken = {*world.volume, CYTOSOL, OUTSIDE, *(box[0] for box in world.boxes.values())}
    for path, where, site, pose in world.sites:
        said = f"{path}, {(site.molecule or site.points[0][0]).name}"
        try:
            times = _times(model, site, model.iterations * model.time_step)
            if site.probability != 1.0:
                why = f"RELEASE_PROBABILITY {site.probability:g}: here it happens every time."
                notes.append(Note(LEFT_OUT, where, said, why))
            made, part = _site(model, world, matter, path, where, site, pose, times, taken)
        except _Refused as reason:
            notes.append(Note(LEFT_OUT, where, said, str(reason)))
            continue
        puts += made
        parts += part
        if len(made) > 1 and site.amount[:1] == ("count",):
            notes.append(Note(OTHERWISE, where, said, f"shared out: {', '.join(f'{p.value:g}' for p in made)}."))
        if part:
            notes.append(Note(OTHERWISE, where, said, f"fills what of its ball or box lies in {part[0].space}."))
    for body in world.bodies:
        for region in body.regions:
            own = model.classes.get(region.surface_class)
            for amount in (*region.amounts, *(own.amounts if own is not None else ())):
                try:
                    puts += _amount(model, body, matter, amount, region.faces)
                except _Refused as reason:
                    notes.append(Note(LEFT_OUT, amount.where, amount.molecule.name, str(reason)))
    return Released(tuple(put for put in puts if put.value > 0.0), tuple(parts))


def _times(model: Model, site: Site, t_stop: float) -> tuple[float, ...]:
    """When a site lets molecules go [s], up to the end of the run."""
    if not site.pattern:
        return (0.0,)
    if site.pattern not in model.patterns:
        raise _Refused(f"released by {site.pattern}, a reaction: let the reaction make the molecules.")
    pattern: Pattern = model.patterns[site.pattern]
    found: list[float] = []
    train = 0
    while train < pattern.trains:
        start = pattern.delay + (train * pattern.train_interval if train else 0.0)
        if start > t_stop or not math.isfinite(start):
            break
        k = 0
        while len(found) <= MOST_TIMES:
            time = k * pattern.interval if k else 0.0
            if (time > 0.0 and time >= pattern.duration) or start + time > t_stop:
                break
            found.append(start + time)
            k += 1
        train += 1
        if len(found) > MOST_TIMES:
            raise _Refused(f"more than {MOST_TIMES} releases: a reaction that makes molecules at a rate will do.")
    if not found:
        raise _Refused("not before the run is over.")
    return tuple(sorted(set(found)))


def _site(
    model: Model,
    world: World,
    matter: frozenset[str],
    path: str,
    where: str,
    site: Site,
    pose: np.ndarray,
    times: tuple[float, ...],
    taken: set[str],
) -> tuple[list[Put], list[Part]]:
    """The releases of one site, and the part of a space that it needs; `taken` are names of spaces and parts."""
    if site.shape == ("LIST",):
        return _listed(model, world, where, site, pose, times), []
    if site.molecule is None or not site.amount:
        raise _Refused("how many molecules it lets go is not said in a way that can be taken over.")
    if site.amount[1] < 0.0:
        raise _Refused("it takes molecules away.")
    kind, value = site.amount
    value = float(int(value)) if kind == "count" else value
    name = site.molecule.name
    if model.molecules[name].on_surface:
        if len(site.shape) == 1:
            raise _Refused("a surface molecule that is put near a point: name a region.")
        body, faces = _faces(world, site.shape)
        if kind == "concentration":
            raise _Refused("a surface molecule with a concentration: give a DENSITY or a number.")
        return _on(body, matter, site.molecule, kind, value, faces, times, where), []
    if kind == "density":
        raise _Refused("a molecule of the volume with a density: give a CONCENTRATION or a number.")
    if len(site.shape) > 1:
        spaces = _spaces(world, site.shape)
        size = [world.volume.get(space, 1.0) for space in spaces]
        shares = _shared(value, size) if kind == "count" else [value] * len(spaces)
        homes = [box[1] for box in world.boxes.values() if box[0] in spaces] or spaces
        put = [
            Put(State(name, home), kind, s, "in", p, times, where)
            for home, p, s in zip(homes, spaces, shares, strict=True)
        ]
        return put, []
    point = placed(site.location, pose)
    space = world.space_at(point)
    centre = tuple(map(float, point))
    if not any(site.diameter):
        if kind == "concentration":
            raise _Refused("a concentration at a point.")
        return [Put(State(name, space), kind, value, "at", centre, times, where)], []
    shape = {"SPHERICAL": "sphere", "CUBIC": "box", "RECTANGULAR": "box", "ELLIPTIC": "sphere"}.get(site.shape[0])
    if shape is None or (shape == "sphere" and len(set(site.diameter)) > 1):
        raise _Refused(f"a release of the shape {site.shape[0]}: a ball, a box or an object will do.")
    if not np.allclose(pose[:3, :3], np.eye(3)):
        raise _Refused("a ball or a box that is turned or scaled.")
    part = Part(unique(f"{path.rpartition('.')[2]}_place", taken), space, shape, centre, site.diameter)
    return [Put(State(name, space), kind, value, "in", part.name, times, where)], [part]


def _listed(
    model: Model, world: World, where: str, site: Site, pose: np.ndarray, times: tuple[float, ...]
) -> list[Put]:
    """A molecule at each of some places."""
    if any(model.molecules[m.name].on_surface for m, _ in site.points):
        raise _Refused("surface molecules at places of their own: name a region.")
    found = []
    for one, at in site.points:
        point = placed(at, pose)
        found.append(
            Put(State(one.name, world.space_at(point)), "count", 1.0, "at", tuple(map(float, point)), times, where)
        )
    return found


def _spaces(world: World, shape: tuple[Any, ...]) -> list[str]:
    """The spaces that an expression of closed surfaces is made of, in the order of the scenario."""
    if shape[0] == "region" and shape[1] in world.boxes:
        return [world.boxes[shape[1]][0]]
    inner = _space_set(world, shape)
    if not inner:
        raise _Refused("its shape holds nothing.")
    return [space for space in world.volume if space in inner]


def _space_set(world: World, shape: tuple[Any, ...]) -> frozenset[str]:
    if shape[0] != "region":
        one, other = _space_set(world, shape[1]), _space_set(world, shape[2])
        return one | other if shape[0] == "+" else one - other if shape[0] == "-" else one & other
    path, region = shape[1:]
    faces = world.faces(path, region)
    if faces is None or path not in world.within or not faces.all():
        raise _Refused(f"{path}[{region}] is no closed surface of the model.")
    return world.within[path]


def _faces(world: World, shape: tuple[Any, ...]) -> tuple[Body, np.ndarray]:
    """The surface and the faces that an expression of regions is made of."""
    if shape[0] == "region":
        body, faces = world.body(shape[1]), world.faces(shape[1], shape[2])
        if body is None or faces is None:
            raise _Refused(f"{shape[1]}[{shape[2]}] is no region of a surface of the model.")
        return body, faces
    (body, one), (second, other) = _faces(world, shape[1]), _faces(world, shape[2])
    if second is not body:
        raise _Refused("regions of two surfaces in one release: write one for each.")
    return body, one | other if shape[0] == "+" else one & ~other if shape[0] == "-" else one & other


def _amount(model: Model, body: Body, matter: frozenset[str], amount: Amount, faces: np.ndarray) -> list[Put]:
    molecule = model.molecules.get(amount.molecule.name)
    if molecule is None or not molecule.on_surface:
        raise _Refused("it is not a surface molecule that is defined.")
    kind = "density" if amount.is_density else "count"
    return _on(body, matter, amount.molecule, kind, amount.value, faces, (0.0,), amount.where)


def _on(
    body: Body,
    matter: frozenset[str],
    molecule: Marked,
    kind: str,
    value: float,
    faces: np.ndarray,
    times: tuple[float, ...],
    where: str,
) -> list[Put]:
    """Surface molecules on some faces; half of them each way up where no way is said and it matters."""
    regions = body.names(faces)
    if not regions:
        raise _Refused("its region holds no face.")
    area = np.linalg.norm(crossed(body.vertex[body.face]), axis=1) / 2.0
    named = dict(body.patches)
    size = [float(area[named[name]].sum()) if name in named else 1.0 for name in regions]
    ways = [0] if molecule.name not in matter else [1, -1] if molecule.mark == 0 else [1 if molecule.mark > 0 else -1]
    if kind == "count":
        shares = _shared(value, np.repeat(size, len(ways)).tolist())
    else:
        shares = [value / len(ways)] * (len(ways) * len(regions))
    places = [(region, way) for region in regions for way in ways]
    return [
        Put(State(molecule.name, body.path, way), kind, share, "on", region, times, where)
        for (region, way), share in zip(places, shares, strict=True)
    ]


def _shared(number: float, size: list[float]) -> list[float]:
    """A whole number shared out by size, so that the sum is the number."""
    if not 0.0 < sum(size) < math.inf:
        raise _Refused("what it is released in has no size.")
    ends = np.round(number * np.cumsum(size) / np.sum(size))
    return [float(x) for x in np.diff(np.r_[0.0, ends])]
