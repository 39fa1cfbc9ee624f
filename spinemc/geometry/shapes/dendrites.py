"""Spines on shafts: a spine by itself or on a piece of shaft, and a stretch of dendrite with many."""

from __future__ import annotations

import numpy as np

from spinemc.geometry.parts import box, half_space
from spinemc.geometry.shapes.bodies import Trunk, check_feet, in_parts, joined
from spinemc.geometry.shapes.lathe import line, surface_area, turned
from spinemc.geometry.shapes.parameters import Parameters, um
from spinemc.geometry.shapes.placement import KEYS as PLACEMENT
from spinemc.geometry.shapes.placement import listed, placed
from spinemc.geometry.shapes.shafts import Arc, Shaft, Stretch
from spinemc.geometry.shapes.spines import RING, Form, upright
from spinemc.geometry.shapes.spines import SPINE as ALONE
from spinemc.geometry.shapes.spines import STUBBY as STUB
from spinemc.geometry.shapes.standing import COARSE, Standing, refuse_crowding
from spinemc.geometry.shapes.territories import territories
from spinemc.geometry.shapes.traces import chosen, traced
from spinemc.geometry.shapes.trees import grown, nearest_section, refuse_crossing, solids_of
from spinemc.geometry.solids import Solid, manifold
from spinemc.scenario.values import SOLVED_FOR

SPINE = ALONE[0], (*ALONE[1], "shaft_radius", "shaft_length")
STUBBY = STUB[0], (*STUB[1], "shaft_radius", "shaft_length")
MOST_BRANCHES = 20
BRANCHED = (*ALONE[0], "branch"), ALONE[1]
DENDRITE = ("length", "radius"), ("end_radius", "bend_angle", "fillet", "segment", *PLACEMENT)
MORPHOLOGY = ("swc",), ("section", "sections", "root", "begin", "length", "fillet", "segment", *PLACEMENT)
"""The parameters each needs, and those it may have."""

ALL = (-np.inf,) * 3, (np.inf,) * 3
STRAIGHT = 1e-6  # rad, less of a bend is none


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
    one = _on_shaft(kind, given)
    form, shaft = one.form, one.shaft
    radius, length = given["shaft_radius"], given["shaft_length"]
    edge = given.edge(2.0 * np.pi * radius * (length + radius) + surface_area(form.spans))
    made = joined([_trunk(shaft, edge)], [one], given.source, edge, fillet=0.0)
    moved = made.vertex - one.foot
    names = tuple("shaft" if name.startswith("shaft") else name for name in made.regions)
    regions = ("membrane", *(name for name in ("psd", RING, "head", "neck", "shaft") if name in names))
    label = np.array([regions.index(name) for name in names])[made.label]
    shape = np.array([half_space((0.0, 0.0, form.junction or 0.0), (0.0, 0.0, -1.0))])
    parts: tuple[str, ...] = ("head",)
    if form.junction is not None:
        parts, shape = ("head", "neck"), np.vstack([shape, half_space((0.0, 0.0, 0.0), (0.0, 0.0, -1.0))])
    shape = np.vstack([shape, half_space((0.0, 0.0, 0.0), (0.0, 0.0, 1.0))])
    return Solid(moved, made.face, label, regions, (*parts, "shaft"), shape)


def _on_shaft(kind: str, given: Parameters) -> Standing:
    """A spine on the middle of a straight shaft."""
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
    return Standing("", form, np.array([length / 2.0, 0.0, radius]), np.eye(3), radius, shaft, length / 2.0)


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
    return _with_spines(_arc(given), given)


def _arc(given: Parameters) -> Arc:
    """The shaft of a dendrite."""
    bend = given.get("bend_angle", 0.0)
    bend = bend if abs(bend) > STRAIGHT else 0.0
    return Arc(given["length"], given["radius"], given.get("end_radius", given["radius"]), bend)


def morphology(given: Parameters) -> Solid:
    """A section of a traced neuron, a stretch of one, or sections that hang together, with spines."""
    ways = [key for key in ("section", "sections", "root") if key in given]
    if len(ways) > 1:
        given.fault(f"geometry has {' and '.join(ways)}: one section, a list of some, or all from one on.")
    for key in ("begin", "length"):
        if key in given and "section" not in given:
            given.fault(f"geometry.{key} goes with section.")
    given.refuse_faults()
    return _with_spines(traced(given), given) if "section" in given else _branching(given)


def plan(kind: str, given: Parameters) -> tuple[Shaft, list[Standing], np.ndarray] | None:
    """The one shaft of a shape, the spines on it, and where the shaft's coordinates begin in the shape's [um].

    None where it has no shaft, or several.
    """
    if kind in ("spine", "stubby") and "shaft_radius" in given:
        one = _on_shaft(kind, given)
        return one.shaft, [one], -one.foot
    if kind == "dendrite" or (kind == "morphology" and "section" in given):
        shaft: Shaft = _arc(given) if kind == "dendrite" else traced(given)
        return shaft, placed([Stretch.whole(shaft)], given), np.zeros(3)
    return None


def _branching(given: Parameters) -> Solid:
    """Sections of a traced neuron that hang together, with spines."""
    traces = chosen(given)
    chains = grown(traces, given)
    by_name = {one.name: one for chain in chains for one in chain.stretches}
    stretches = [by_name[f"section_{one.number}"] for one in traces]
    fillet = given.get("fillet", 0.0)
    standing = placed(sorted(stretches, key=lambda one: int(one.name.removeprefix("section_"))), given)
    area = sum(2.0 * np.pi * float(c.shaft.thickness.mean()) * c.shaft.length for c in chains)
    edge = given.edge(area + sum(surface_area(one.form.spans) for one in standing))
    trunks = [chain.trunk(edge) for chain in chains]
    solids = solids_of(trunks, given.source)
    refuse_crossing(chains, solids, given)
    tube = sum(solids[1:], solids[0])
    refuse_crowding(tube, standing, given, lambda place: nearest_section(chains, place))
    check_feet(standing, given, fillet, "shaft")
    number = {one.number: k for k, one in enumerate(traces)}
    rest = territories(stretches, [number.get(one.above, -1) for one in traces], standing, fillet, given)
    return in_parts(joined(trunks, standing, given.source, edge, fillet), standing, fillet, rest)


def _with_spines(shaft: Shaft, given: Parameters) -> Solid:
    if shaft.tightest <= shaft.widest:
        given.fault(
            f"the shaft bends as tightly as a circle of {um(shaft.tightest)}, and is up to {um(shaft.widest)} thick: "
            "it runs into itself."
        )
    given.refuse_faults()
    fillet = given.get("fillet", 0.0)
    standing = placed([Stretch.whole(shaft)], given)
    refuse_crowding(manifold(*shaft.surface(COARSE)[:2], given.source), standing, given, lambda _: "the shaft")
    check_feet(standing, given, fillet, "shaft")
    thick = float(shaft.radius(np.linspace(0.0, shaft.length, 257)).mean())
    area = 2.0 * np.pi * thick * shaft.length + sum(surface_area(one.form.spans) for one in standing)
    edge = given.edge(area)
    made = joined([_trunk(shaft, edge)], standing, given.source, edge, fillet)
    return in_parts(made, standing, fillet, _segments(shaft, given))


def branched(given: Parameters) -> Solid:
    """A spine along z, its foot at z = 0, whose neck carries others."""
    if len(given.get("branch", ())) > MOST_BRANCHES:
        given.fault(f"{given.place}branch: a neck carries {MOST_BRANCHES} heads at most beside its own.")
    given.refuse_faults()
    own = {key: value for key, value in given.given.items() if key not in ("branch", "edge")}
    form = upright("spine", Parameters("spine", own, *ALONE, source=given.source, instead=SOLVED_FOR))
    neck = Arc(float(form.spans[0].curve(np.ones(1))[0, 1]), form.foot, form.foot)
    spans = [line("base", (0.0, 0.0), (form.foot, 0.0)), *form.spans]
    standing = listed([Stretch.whole(neck)], given, {}, "branch")
    edge = given.edge(surface_area(spans) + sum(surface_area(one.form.spans) for one in standing))
    made = turned(spans, edge)
    trunk = Solid(made.vertex[:, [2, 0, 1]], made.face, made.label, made.regions)
    tube = manifold(trunk.vertex, trunk.face, given.source)
    refuse_crowding(tube, standing, given, lambda _: "the spine it stands on")
    fillet = given.get("fillet", 0.0)
    check_feet(standing, given, fillet, "neck")
    whole = joined([Trunk(neck, trunk, ("neck",))], standing, given.source, edge, fillet)
    at = (form.junction or 0.0, 0.0, 0.0)
    rest = {"head": half_space(at, (-1.0, 0.0, 0.0)), "neck": half_space(at, (1.0, 0.0, 0.0))}
    return _turned_up(in_parts(whole, standing, fillet, rest))


def _turned_up(lying: Solid) -> Solid:
    """What lies along x, standing along z."""
    shape = lying.compartment_shape.copy()
    shape[:, 1:4], shape[:, 4:7] = shape[:, [2, 3, 1]], shape[:, [5, 6, 4]]  # of cylinders and half-spaces
    return Solid(lying.vertex[:, [1, 2, 0]], lying.face, lying.label, lying.regions, lying.compartments, shape)


def _trunk(shaft: Shaft, edge: float) -> Trunk:
    """A shaft by itself, its side and its ends regions."""
    vertex, face, part = shaft.surface(edge)
    regions = ("membrane", "shaft", "shaft_start", "shaft_end")
    return Trunk(shaft, Solid(vertex, face, np.array([2, 1, 3])[part], regions), ("shaft",))


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
