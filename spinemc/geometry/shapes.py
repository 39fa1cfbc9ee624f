"""Parametric solids: sphere, box, cylinder, revolution, spine."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.lathe import SIDES, Span, arc, line, revolve, surface_area
from spinemc.geometry.solids import united
from spinemc.scenario import Shape

FACES = 2000  # triangles of a shape whose `edge` is not given, about
MOST_FACES = 5_000_000
UNBOUNDED = (-np.inf, -np.inf, -np.inf, np.inf, np.inf, np.inf)


@dataclass(frozen=True, eq=False)
class Solid:
    """A labelled triangle mesh with the names its shape brings along.

    Attributes
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int32
        Triangles, counter-clockwise seen from outside.
    label : (f,) int
        Index into `regions`, with 0 for a face without a name.
    regions : tuple of str
        `membrane`, then the named patches.
    compartments : tuple of str
        The named parts of the inside.
    compartment_shape : (len(compartments), 7) float64
        The part of space of each, as `Geometry` keeps it.
    """

    vertex: np.ndarray
    face: np.ndarray
    label: np.ndarray
    regions: tuple[str, ...] = ("membrane",)
    compartments: tuple[str, ...] = ()
    compartment_shape: np.ndarray = field(default_factory=lambda: np.empty((0, 7)))


def solid(shape: Shape) -> Solid:
    """Triangulate a parametric shape.

    Parameters
    ----------
    shape : Shape
        Its kind and its parameters [um]. Every kind knows `edge`, the wanted length of the triangles' edges,
        chosen so that there are about 2000 triangles where it is not given.

    Raises
    ------
    GeometryError
        The kind or a parameter is not known, missing, or not possible; every fault is a line of the message.
    """
    if shape.kind == "dendrite":
        raise GeometryError(f'{shape.source}: geometry.kind = "dendrite" is not there yet: use "spine".')
    if shape.kind not in KINDS:
        raise GeometryError(
            f'{shape.source}: geometry.kind = "{shape.kind}" is not a kind of shape'
            f"{_nearest(shape.kind, KINDS)}: known are {', '.join(KINDS)}."
        )
    make, needed, optional = KINDS[shape.kind]
    return make(_Parameters(shape, needed, (*optional, "edge")))


class _Parameters:
    """The parameters of a shape, and the faults found in them so far."""

    def __init__(self, shape: Shape, needed: Sequence[str], optional: Sequence[str]):
        self.source = shape.source
        self.faults: list[str] = []
        self.given: dict[str, Any] = {k: v for k, v in shape.parameters.items() if k != "kind"}
        for key in self.given:
            if key not in (*needed, *optional):
                hint = _nearest(key, (*needed, *optional), "geometry.")
                self.fault(f"geometry.{key} is not a key of a {shape.kind}.{hint}")
        for key in needed:
            if key not in self.given:
                self.fault(f"geometry.{key} is missing: a {shape.kind} needs {', '.join(needed)}.")
        self.refuse_faults()
        for key, value in self.given.items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if number and not (np.isfinite(value) and value > 0.0):
                self.fault(f"geometry.{key} is {value:g}: it must be positive.")
            elif not number and key not in ("size", "profile", "regions"):
                self.fault(f"geometry.{key} is {value!r}: it must be a number.")
        self.refuse_faults()

    def __getitem__(self, key: str) -> Any:
        return self.given[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self.given.get(key, default)

    def __contains__(self, key: str) -> bool:
        return key in self.given

    def fault(self, sentence: str) -> None:
        self.faults.append(f"{self.source}: {sentence}")

    def below(self, key: str, bound: float, what: str, why: str) -> None:
        if self[key] >= bound:
            self.fault(f"geometry.{key} is {_um(self[key])}, not smaller than {what}, {_um(bound)}: {why}.")

    def refuse_faults(self) -> None:
        if self.faults:
            raise GeometryError("\n".join(self.faults))

    def edge(self, area: float) -> float:
        """Wanted edge [um], given or chosen by the area to cover [um^2]; the last thing to ask for."""
        edge = self.get("edge", np.sqrt(area / FACES * 4.0 / np.sqrt(3.0)))
        faces = area / (edge**2 * np.sqrt(3.0) / 4.0)
        if faces > MOST_FACES:
            self.fault(
                f"geometry.edge is {edge:g} um: that makes about {faces:.0e} triangles, "
                f"more than {MOST_FACES:.0e}: use a longer edge."
            )
        self.refuse_faults()
        return float(edge)


def _nearest(word: str, known: Sequence[str] | dict, prefix: str = "") -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {prefix}{close[0]}?" if close else ""


def _um(length: float) -> str:
    short = f"{length:.2f}"
    return f"{short if float(short) == length else format(length, '.4g')} um"


def _turned(spans: Sequence[Span], edge: float, least: int = SIDES) -> Solid:
    """A profile turned about z, each span's surface with its name."""
    names = tuple(dict.fromkeys(span.name for span in spans if span.name is not None))
    index = np.array([0 if span.name is None else 1 + names.index(span.name) for span in spans])
    vertex, face, span = revolve(spans, edge, least)
    return Solid(vertex, face, index[span], ("membrane", *names))


def _sphere(given: _Parameters) -> Solid:
    radius = given["radius"]
    if "cap_angle" not in given:
        spans = [arc(None, radius, radius, 0.0, 0.0, np.pi)]
    else:
        angle = given["cap_angle"]
        if angle >= np.pi:
            given.fault(f"geometry.cap_angle is {angle:g} rad: it must be below pi, the whole sphere.")
        spans = [
            arc(None, radius, radius, 0.0, 0.0, np.pi - angle),
            arc("cap", radius, radius, 0.0, np.pi - angle, np.pi),
        ]
    return _turned(spans, given.edge(4.0 * np.pi * radius**2), least=48)


def _cylinder(given: _Parameters) -> Solid:
    radius, half = given["radius"], given["length"] / 2.0
    spans = [
        line("bottom", (0.0, -half), (radius, -half)),
        line("side", (radius, -half), (radius, half)),
        line("top", (radius, half), (0.0, half)),
    ]
    return _turned(spans, given.edge(surface_area(spans)))


def _box(given: _Parameters) -> Solid:
    size = given["size"]
    if (
        not isinstance(size, (list, tuple))
        or len(size) != 3
        or not all(isinstance(x, (int, float)) and np.isfinite(x) and x > 0.0 for x in size)
    ):
        given.fault(f"geometry.size is {size!r}: a box needs three positive lengths.")
        given.refuse_faults()
    x, y, z = size = np.asarray(size, dtype=float)
    edge = given.edge(2.0 * (x * y + y * z + z * x))
    cells = np.maximum(np.rint(size / edge), 1).astype(int)
    corners, label = [], []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        i, j = np.meshgrid(np.arange(cells[u]), np.arange(cells[v]), indexing="ij")
        for side in (0, 1):
            corner = np.zeros((4, i.size, 3), dtype=int)
            corner[:, :, axis] = cells[axis] * side
            for k, (du, dv) in enumerate(((0, 0), (1, 0), (1, 1), (0, 1))):
                corner[k, :, u], corner[k, :, v] = i.ravel() + du, j.ravel() + dv
            a, b, c, d = corner if side else corner[::-1]
            corners += [np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]
            label.append(np.full(2 * i.size, 1 + 2 * axis + side))
    place, face = np.unique(np.concatenate(corners).reshape(-1, 3), axis=0, return_inverse=True)
    names = tuple(f"{axis}_{side}" for axis in "xyz" for side in ("low", "high"))
    return Solid(
        size * (place / cells - 0.5),
        face.reshape(-1, 3).astype(np.int32),
        np.concatenate(label),
        ("membrane", *names),
    )


def _revolution(given: _Parameters) -> Solid:
    profile, names = _profile(given)
    spans = [line(n, a, b) for n, a, b in zip(names, profile[:-1], profile[1:], strict=True)]
    return _turned(spans, given.edge(surface_area(spans)))


def _profile(given: _Parameters) -> tuple[np.ndarray, list[str | None]]:
    """Points (r, z) from bottom to top, and the region of each stretch between two of them."""
    try:
        profile = np.asarray(given["profile"], dtype=float)
    except (TypeError, ValueError):
        profile = np.empty(0)
    if profile.ndim != 2 or profile.shape[1:] != (2,) or len(profile) < 3 or not np.isfinite(profile).all():
        given.fault("geometry.profile must be a list of three or more points [r, z].")
        given.refuse_faults()
    names = list(given.get("regions", [""] * (len(profile) - 1)))
    if len(names) != len(profile) - 1 or not all(isinstance(name, str) for name in names):
        given.fault(
            f"geometry.regions must hold {len(profile) - 1} names, one for each stretch of the profile "
            f'("" for no name); it holds {len(names)}.'
        )
    r, z = profile.T
    if r[0] != 0.0 or r[-1] != 0.0 or (r[1:-1] <= 0.0).any():
        given.fault("geometry.profile must start and end on the axis, r = 0, and stay away from it between.")
    if (np.linalg.norm(np.diff(profile, axis=0), axis=1) == 0.0).any():
        given.fault("geometry.profile holds the same point twice in a row.")
    crossing = _crossing(profile)
    if crossing is not None:
        given.fault(f"geometry.profile crosses itself: stretches {crossing[0]} and {crossing[1]} meet.")
    given.refuse_faults()
    if np.sum(np.diff(z) * (r[1:] ** 2 + r[1:] * r[:-1] + r[:-1] ** 2)) < 0.0:
        profile, names = profile[::-1], names[::-1]
    return profile, [name or None for name in names]


def _crossing(profile: np.ndarray) -> tuple[int, int] | None:
    """The first two stretches, not neighbours, that meet (counted from 1); None where none do."""
    a, b = profile[:-1], profile[1:]

    def side(p: np.ndarray, q: np.ndarray, x: np.ndarray) -> np.ndarray:
        return (q - p)[:, None, 0] * (x - p[:, None])[..., 1] - (q - p)[:, None, 1] * (x - p[:, None])[..., 0]

    straddles = side(a, b, a[None]) * side(a, b, b[None]) <= 0.0
    meet = np.triu(straddles & straddles.T, 2)
    overlap = (np.minimum(a, b)[:, None] <= np.maximum(a, b)[None]).all(axis=2)
    found = np.argwhere(meet & overlap & overlap.T)
    return None if len(found) == 0 else (int(found[0, 0]) + 1, int(found[0, 1]) + 1)


def _spine(given: _Parameters) -> Solid:
    head, neck, length, psd = (given[k] for k in ("head_radius", "neck_radius", "neck_length", "psd_radius"))
    half = given.get("head_height", 2.0 * head) / 2.0
    given.below("neck_radius", head, "head_radius", "a neck is thinner than its head")
    given.below("psd_radius", head, "head_radius", "the PSD is a cap of the head")
    with_shaft = "shaft_radius" in given or "shaft_length" in given
    if with_shaft:
        for key in ("shaft_radius", "shaft_length"):
            if key not in given:
                given.fault(f"geometry.{key} is missing: a shaft needs shaft_radius and shaft_length.")
        given.refuse_faults()
        given.below("neck_radius", given["shaft_radius"], "shaft_radius", "a neck is thinner than its shaft")
        given.below("neck_radius", given["shaft_length"] / 2.0, "half of shaft_length", "it stands on the shaft")
    given.refuse_faults()

    low = np.arcsin(neck / head)
    high = np.pi - np.arcsin(psd / head)
    middle = length + half * np.cos(low)
    foot = -given["shaft_radius"] if with_shaft else 0.0
    spans = [
        line("base", (0.0, foot), (neck, foot)),
        line("neck", (neck, foot), (neck, length)),
        arc("head", head, half, middle, low, high),
        arc("psd", head, half, middle, high, np.pi),
    ]
    spine_area = surface_area(spans)
    junction = (0.0, *UNBOUNDED[:2], length, *UNBOUNDED[3:])
    if not with_shaft:
        below = (0.0, *UNBOUNDED[:5], length)
        upright = _turned(spans, given.edge(spine_area))
        return replace(upright, compartments=("head", "neck"), compartment_shape=np.array([junction, below]))

    radius, reach = given["shaft_radius"], given["shaft_length"] / 2.0
    shaft_spans = [
        line("shaft", (0.0, -reach), (radius, -reach)),
        line("shaft", (radius, -reach), (radius, reach)),
        line("shaft", (radius, reach), (0.0, reach)),
    ]
    edge = given.edge(spine_area + surface_area(shaft_spans))
    upright, shaft = _turned(spans, edge), _turned(shaft_spans, edge)
    names = ("membrane", "psd", "head", "neck", "shaft")
    stalk = (upright.vertex, upright.face, np.array([0, 0, 3, 2, 1])[upright.label])  # its foot is within
    lying = shaft.vertex[:, [2, 0, 1]] - np.array([0.0, 0.0, radius])
    vertex, face, label = united([stalk, (lying, shaft.face, np.full(len(shaft.face), 4))], given.source)
    boxes = [junction, (0.0, -np.inf, -np.inf, 0.0, np.inf, np.inf, length), (0.0, *UNBOUNDED[:5], 0.0)]
    return Solid(vertex, face, label, names, ("head", "neck", "shaft"), np.array(boxes))


KINDS: dict[str, tuple[Callable[[_Parameters], Solid], tuple[str, ...], tuple[str, ...]]] = {
    "sphere": (_sphere, ("radius",), ("cap_angle",)),
    "box": (_box, ("size",), ()),
    "cylinder": (_cylinder, ("radius", "length"), ()),
    "revolution": (_revolution, ("profile",), ("regions",)),
    "spine": (
        _spine,
        ("head_radius", "neck_radius", "neck_length", "psd_radius"),
        ("head_height", "shaft_radius", "shaft_length"),
    ),
}
