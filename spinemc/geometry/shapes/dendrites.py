"""Spines on shafts: a spine by itself or on a piece of shaft, and a stretch of dendrite with many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from spinemc.geometry.parts import box, half_space
from spinemc.geometry.shapes.joins import round_off, split_near
from spinemc.geometry.shapes.lathe import SIDES, line, surface_area, turned
from spinemc.geometry.shapes.parameters import Parameters, um
from spinemc.geometry.shapes.placement import KEYS as PLACEMENT
from spinemc.geometry.shapes.placement import Standing, listed, placed, refuse_crowding
from spinemc.geometry.shapes.shafts import Arc, Shaft
from spinemc.geometry.shapes.spines import RING, Form, upright
from spinemc.geometry.shapes.spines import SPINE as ALONE
from spinemc.geometry.shapes.spines import STUBBY as STUB
from spinemc.geometry.shapes.tidy import tidied
from spinemc.geometry.shapes.traces import traced
from spinemc.geometry.solids import Solid, united
from spinemc.scenario.values import SOLVED_FOR

SPINE = ALONE[0], (*ALONE[1], "shaft_radius", "shaft_length")
STUBBY = STUB[0], (*STUB[1], "shaft_radius", "shaft_length")
BRANCHED = (*ALONE[0], "branch"), ALONE[1]
DENDRITE = ("length", "radius"), ("end_radius", "bend_angle", "fillet", "segment", *PLACEMENT)
MORPHOLOGY = ("swc", "section"), ("begin", "length", "fillet", "segment", *PLACEMENT)
"""The parameters each needs, and those it may have."""

ALL = (-np.inf,) * 3, (np.inf,) * 3
STRAIGHT = 1e-6  # rad, less of a bend is none
SHORT = 0.4  # edges that a union may leave, over those around
FINE = 0.5  # edges where a foot is rounded off, over the fillet's radius


def spine(given: Parameters) -> Solid:
    """A spine by itself, its foot at z = 0; or on a straight shaft along x that touches z = 0 from below."""
    return _single("spine", given)


def stubby(given: Parameters) -> Solid:
    """A spine without a neck, as `spine`."""
    return _single("stubby", given)


def _single(kind: str, given: Parameters) -> Solid:
    wanted = [key for key in ("shaft_radius", "shaft_length") if key in given]
    if not wanted:
        return _alone(upright(kind, given), given)
    for key in ("shaft_radius", "shaft_length"):
        if key not in given:
            given.fault(f"geometry.{key} is missing: a shaft needs shaft_radius and shaft_length.")
    given.refuse_faults()
    radius, length = given["shaft_radius"], given["shaft_length"]
    key = "neck_radius" if kind == "spine" else "head_radius"
    part = "a neck is" if kind == "spine" else "a stubby spine is"
    form = upright(kind, given)
    given.below(key, radius, "shaft_radius", f"{part} thinner than its shaft", form.foot)
    given.below(key, length / 2.0, "half of shaft_length", "it stands on the shaft", form.foot)
    given.refuse_faults()
    shaft = Arc(length, radius, radius)
    standing = Standing("", form, np.array([length / 2.0, 0.0, radius]), np.eye(3), radius)
    edge = given.edge(2.0 * np.pi * radius * (length + radius) + surface_area(form.spans))
    made = joined(_trunk(shaft, edge), "shaft", shaft, [standing], given.source, edge, fillet=0.0)
    moved = made.vertex - standing.foot
    names = tuple("shaft" if name.startswith("shaft") else name for name in made.regions)
    regions = ("membrane", *(name for name in ("psd", RING, "head", "neck", "shaft") if name in names))
    label = np.array([regions.index(name) for name in names])[made.label]
    shape = np.array([half_space((0.0, 0.0, form.junction or 0.0), (0.0, 0.0, -1.0))])
    parts: tuple[str, ...] = ("head",)
    if form.junction is not None:
        parts, shape = ("head", "neck"), np.vstack([shape, half_space((0.0, 0.0, 0.0), (0.0, 0.0, -1.0))])
    shape = np.vstack([shape, half_space((0.0, 0.0, 0.0), (0.0, 0.0, 1.0))])
    return Solid(moved, made.face, label, regions, (*parts, "shaft"), shape)


def _alone(form: Form, given: Parameters) -> Solid:
    spans = [line("base", (0.0, 0.0), (form.foot, 0.0)), *form.spans]
    made = turned(spans, given.edge(surface_area(spans)))
    if form.junction is None:
        return Solid(made.vertex, made.face, made.label, made.regions, ("head",), box(*ALL)[None])
    at = (0.0, 0.0, form.junction)
    shape = np.array([half_space(at, (0.0, 0.0, -1.0)), half_space(at, (0.0, 0.0, 1.0))])
    return Solid(made.vertex, made.face, made.label, made.regions, ("head", "neck"), shape)


def dendrite(given: Parameters) -> Solid:
    """A stretch of shaft with spines, from the origin along x."""
    bend = given.get("bend_angle", 0.0)
    bend = bend if abs(bend) > STRAIGHT else 0.0
    return _with_spines(Arc(given["length"], given["radius"], given.get("end_radius", given["radius"]), bend), given)


def morphology(given: Parameters) -> Solid:
    """A stretch of a section of a traced neuron, with spines."""
    return _with_spines(traced(given), given)


def _with_spines(shaft: Shaft, given: Parameters) -> Solid:
    if shaft.tightest <= shaft.widest:
        given.fault(
            f"the shaft bends as tightly as a circle of {um(shaft.tightest)}, and is up to {um(shaft.widest)} thick: "
            "it runs into itself."
        )
    given.refuse_faults()
    fillet = given.get("fillet", 0.0)
    standing = placed(shaft, given)
    _check_feet(standing, given, fillet, "shaft")
    thick = float(shaft.radius(np.linspace(0.0, shaft.length, 257)).mean())
    area = 2.0 * np.pi * thick * shaft.length + sum(surface_area(one.form.spans) for one in standing)
    edge = given.edge(area)
    made = joined(_trunk(shaft, edge), "shaft", shaft, standing, given.source, edge, fillet)
    return _in_parts(made, standing, fillet, _segments(shaft, given))


def branched(given: Parameters) -> Solid:
    """A spine along z, its foot at z = 0, whose neck carries others."""
    own = {key: value for key, value in given.given.items() if key not in ("branch", "edge")}
    form = upright("spine", Parameters("spine", own, *ALONE, source=given.source, instead=SOLVED_FOR))
    neck = Arc(float(form.spans[0].curve(np.ones(1))[0, 1]), form.foot, form.foot)
    spans = [line("base", (0.0, 0.0), (form.foot, 0.0)), *form.spans]
    standing = listed(neck, given, {}, "branch")
    edge = given.edge(surface_area(spans) + sum(surface_area(one.form.spans) for one in standing))
    made = turned(spans, edge)
    trunk = Solid(made.vertex[:, [2, 0, 1]], made.face, made.label, made.regions)
    refuse_crowding((trunk.vertex, trunk.face), standing, given, "the spine it stands on")
    fillet = given.get("fillet", 0.0)
    _check_feet(standing, given, fillet, "neck")
    whole = joined(trunk, "neck", neck, standing, given.source, edge, fillet)
    at = (form.junction or 0.0, 0.0, 0.0)
    rest = {"head": half_space(at, (-1.0, 0.0, 0.0)), "neck": half_space(at, (1.0, 0.0, 0.0))}
    return _turned_up(_in_parts(whole, standing, fillet, rest))


def _in_parts(whole: Solid, standing: Sequence[Standing], fillet: float, rest: dict[str, np.ndarray]) -> Solid:
    """A body with the compartments of the spines on it, and those of the rest of it."""
    parts = {f"{one.name}.{part}": row for one in standing for part, row in one.compartments(fillet).items()} | rest
    return replace(whole, compartments=tuple(parts), compartment_shape=np.array(list(parts.values())))


def _check_feet(standing: Sequence[Standing], given: Parameters, fillet: float, trunk: str) -> None:
    """Refuse spines whose feet have no room for their fillets."""
    for one in standing:
        if one.form.junction is not None and one.form.junction <= 1.5 * fillet:
            given.fault(
                f"{one.name} is rounded off with {um(fillet)}; its neck, {um(one.form.junction)}, is too short."
            )
        if one.form.foot + fillet >= one.depth:
            given.fault(
                f"{one.name}: its foot, {um(one.form.foot)}, and the fillet, {um(fillet)}, are not thinner than the "
                f"{trunk} there, {um(one.depth)}."
            )
    given.refuse_faults()


def _turned_up(lying: Solid) -> Solid:
    """What lies along x, standing along z."""
    shape = lying.compartment_shape.copy()
    shape[:, 1:4], shape[:, 4:7] = shape[:, [2, 3, 1]], shape[:, [5, 6, 4]]  # of cylinders and half-spaces
    return Solid(lying.vertex[:, [1, 2, 0]], lying.face, lying.label, lying.regions, lying.compartments, shape)


def _trunk(shaft: Shaft, edge: float) -> Solid:
    """A shaft by itself, its side and its ends regions."""
    vertex, face, part = shaft.surface(edge)
    return Solid(vertex, face, np.array([2, 1, 3])[part], ("membrane", "shaft", "shaft_start", "shaft_end"))


def joined(
    trunk: Solid, side: str, shaft: Shaft, standing: Sequence[Standing], source: str, edge: float, fillet: float
) -> Solid:
    """The one body of what spines stand on and of them, each foot rounded off.

    Parameters
    ----------
    trunk : Solid
        What they stand on.
    side : str
        Its region that is the side of a tube, and the tube.
    shaft : Shaft
    standing : sequence of Standing
    source : str
        What messages call it.
    edge : float
        Wanted length of the triangles' edges [um].
    fillet : float
        Radius of the joins [um]; 0 for none.
    """
    vertex, face, label = trunk.vertex, trunk.face, trunk.label
    regions = list(trunk.regions)
    if fillet > 0.0:
        feet = [(one.foot, one.turn[:, 2], one.form.foot + 1.5 * fillet) for one in standing]
        vertex, face, label = split_near(shaft, (vertex, face, label), regions.index(side), feet, FINE * fillet)
    parts = [(vertex, face, label)]
    for one in standing:
        stalk = one.stalk(edge, FINE * fillet or np.inf)
        first = f"{one.name}." if one.name else ""
        own = [name for name in stalk.regions if name not in ("membrane", "base")]
        names = {"membrane": "membrane", "base": side} | {name: first + name for name in own}
        regions += [first + name for name in own]
        number = np.array([regions.index(names[name]) for name in stalk.regions])
        parts.append((stalk.vertex, stalk.face, number[stalk.label]))
    vertex, face, label = united(parts, source)
    vertex, face, label = tidied(vertex, face, label, _least(vertex, standing, shaft, edge, fillet))
    if fillet > 0.0:
        vertex = round_off(vertex, shaft.distance, [one.distance for one in standing], fillet)
        vertex, face, label = tidied(vertex, face, label, np.zeros(len(vertex)))
    return Solid(vertex, face, label, tuple(regions))


def _least(vertex: np.ndarray, standing: Sequence[Standing], shaft: Shaft, edge: float, fillet: float) -> np.ndarray:
    """(v,) how long edges at each corner shall be at least [um]: near a foot, where the union has cut triangles."""
    least = np.zeros(len(vertex))
    on_shaft, _ = shaft.distance(vertex)
    for one in standing:
        wanted = min(edge, 2.0 * np.pi * one.form.foot / SIDES, *([FINE * fillet] if fillet else []))
        away, _ = one.distance(vertex)
        near = (np.abs(away) < 2.0 * wanted) & (np.abs(on_shaft) < 2.0 * wanted)
        least[near] = SHORT * wanted
    return least


def _segments(shaft: Shaft, given: Parameters) -> dict[str, np.ndarray]:
    """The parts of the shaft: one, or pieces of about the length `segment`, cut at right angles to its centre line."""
    segment = given.get("segment")
    number = 1 if segment is None else max(1, round(shaft.length / segment))
    if number == 1:
        return {"shaft": box(*ALL)}
    cuts = shaft.length * np.arange(1, number) / number
    center, along = shaft.center(cuts), shaft.frame(cuts)[..., 0]
    s = np.linspace(0.0, shaft.length, 513)
    beyond = (shaft.center(s) @ along.T - (center * along).sum(axis=1)) * np.sign(s[:, None] - cuts)
    far = np.abs(s[:, None] - cuts) > 3.0 * shaft.widest
    if (beyond[far] < shaft.widest).any():
        given.fault(f"geometry.segment is {um(segment)}: the shaft winds too much to be cut: leave it out.")
        given.refuse_faults()
    rows = {f"shaft_{k + 1}": half_space(c, a) for k, (c, a) in enumerate(zip(center, along, strict=True))}
    return rows | {f"shaft_{number}": box(*ALL)}
