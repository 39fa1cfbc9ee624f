"""Spines on a shaft: where they stand, by list, at regular distances or at random, and how large they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spinemc.geometry.checks import at as place_of
from spinemc.geometry.parts import cylinder
from spinemc.geometry.shapes.lathe import line, turned
from spinemc.geometry.shapes.parameters import Parameters, nearest, um
from spinemc.geometry.shapes.shafts import Shaft
from spinemc.geometry.shapes.spines import SPINE, STUBBY, Form, upright
from spinemc.geometry.solids import Solid, manifold
from spinemc.scenario.values import SOLVED_FOR, stand_in

FORMS = {"spine": SPINE, "stubby": STUBBY}
SIZE = tuple(
    dict.fromkeys(key for needed, optional in FORMS.values() for key in (*needed, *optional) if key != "fillet")
)
KEYS = ("spine", "count", "density", "placement", "rows", "seed", "sizes", *SIZE, *SOLVED_FOR.values())
OTHER = ("spine", "placement", "sizes")
PLACEMENTS = ("regular", "random")
SUNK = 0.2  # how deep a foot reaches into a shaft below where it meets its side, over the shaft's radius
MARGIN = 1e-3  # um, around a spine that its compartments reach
APART = 0.02  # um, that spines put in at random stay apart
TRIES = 1000  # places tried for one of them
COARSE = 0.2  # um, edges of surfaces that are only held against each other


@dataclass(frozen=True)
class Standing:
    """A spine on a shaft.

    Attributes
    ----------
    name : str
    form : Form
    foot : (3,) float64
        Where its foot stands [um].
    turn : (3, 3) float64
        Its axes as columns, the last one away from the shaft.
    depth : float
        How far below lies the shaft's centre line [um].
    """

    name: str
    form: Form
    foot: np.ndarray
    turn: np.ndarray
    depth: float

    def stalk(self, edge: float, fine: float = np.inf) -> Solid:
        """Its surface, with a foot that reaches into the shaft and edges there no longer than `fine` [um]."""
        radius, spans = self.form.foot, self.form.spans
        floor = np.sqrt(self.depth**2 - radius**2) - (1.0 + SUNK) * self.depth
        foot = line(spans[0].name, (radius, floor), (radius, 0.0))
        made = turned([line("base", (0.0, floor), (radius, floor)), replace(foot, edge=fine), *spans], edge)
        return Solid(made.vertex @ self.turn.T + self.foot, made.face, made.label, made.regions)

    def distance(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) distance from the side of its lower part [um], infinite beyond the shaft, and (n, 3) its gradient.

        That is a cylinder, or the ellipsoid of a spine without a neck, to first order in the distance.
        """
        local = (point - self.foot) @ self.turn
        far = np.maximum(np.hypot(local[:, 0], local[:, 1]), 1e-300)
        height = np.maximum(local[:, 2], 0.0) if self.form.junction is None else np.zeros(len(far))
        scaled = np.hypot(far / self.form.foot, height / self.form.top)
        slope = np.column_stack(
            [local[:, :2] / (scaled * self.form.foot**2)[:, None], height / (scaled * self.form.top**2)]
        )
        steep = np.maximum(np.linalg.norm(slope, axis=1), 1e-9)  # on the axis it is flat
        gap = np.where(local[:, 2] > -self.depth, (scaled - 1.0) / steep, np.inf)
        return gap, (slope / steep[:, None]) @ self.turn.T

    def outline(self) -> list[tuple[np.ndarray, float]]:
        """A rod around its neck and a ball around its head: (2, 3) ends of a segment and the radius about it [um]."""
        up, form = self.turn[:, 2], self.form
        low = form.junction or 0.0
        middle, reach, wide = 0.5 * (low + form.top), 0.5 * (form.top - low), form.widest
        inner = max(reach - wide, 0.0)
        head = (
            np.array([self.foot + (middle - inner) * up, self.foot + (middle + inner) * up]),
            float(np.hypot(wide, min(reach, wide))),
        )
        neck = np.array([self.foot, self.foot + low * up]), form.slim
        return [head, neck] if form.junction is not None else [head]

    def compartments(self, fillet: float) -> dict[str, np.ndarray]:
        """Its parts of space: the head from its junction up, the neck from the foot to there."""
        up = self.turn[:, 2]
        top, wide = self.form.top + MARGIN, self.form.widest + MARGIN
        if self.form.junction is None:
            return {"head": cylinder(self.foot, top * up, max(wide, self.form.foot + fillet))}
        slim = max(self.form.slim, self.form.foot + fillet) + MARGIN
        return {
            "head": cylinder(self.foot + self.form.junction * up, (top - self.form.junction) * up, wide),
            "neck": cylinder(self.foot, self.form.junction * up, slim),
        }


SIZES: dict[str, dict[str, tuple[float, float, float, float]]] = {
    "harris1989": {
        "volume": (0.062, 0.080, 0.004, 0.56),
        "psd_area": (0.069, 0.080, 0.008, 0.54),
        "neck_width": (0.15, 0.06, 0.04, 0.50),
        "neck_length": (0.45, 0.29, 0.08, 1.6),
    }
}
"""Published mean, standard deviation and range: head volume [um^3], PSD [um^2], neck [um].

harris1989: CA1 pyramidal cells, Harris & Stevens 1989 (J Neurosci 9:2982).
"""
TOGETHER = 0.9  # correlation of the logarithms of head volume and PSD area


def drawn(source: str, rng: np.random.Generator, given: Parameters) -> dict[str, float]:
    """The sizes of a spine drawn from a published distribution: lognormal within the range that was found.

    Head volume and PSD area go together, neck width and length with nothing.
    """
    if source not in SIZES:
        given.fault(f'geometry.sizes = "{source}" is not known: there is {", ".join(SIZES)}.')
        given.refuse_faults()
    while True:
        deviate = rng.standard_normal(4)
        deviate[1] = TOGETHER * deviate[0] + np.sqrt(1.0 - TOGETHER**2) * deviate[1]
        size = {}
        for (name, (mean, sd, low, high)), z in zip(SIZES[source].items(), deviate, strict=True):
            spread = np.log1p((sd / mean) ** 2)
            value = float(mean * np.exp(np.sqrt(spread) * z - 0.5 * spread))
            if not low <= value <= high:
                break
            size[name] = value
        else:
            head = (3.0 * size["volume"] / (4.0 * np.pi)) ** (1.0 / 3.0)
            height = size["psd_area"] / (2.0 * np.pi * head)  # of a spherical cap
            neck = 0.5 * size["neck_width"]
            if height < 0.9 * head and neck < 0.9 * head:
                psd = float(np.sqrt(height * (2.0 * head - height)))
                sizes = {
                    "head_radius": head,
                    "neck_radius": neck,
                    "neck_length": size["neck_length"],
                    "psd_radius": psd,
                }
                if size["neck_length"] > 1.5 * given.get("fillet", 0.0):
                    return sizes


def placed(shaft: Shaft, given: Parameters) -> list[Standing]:
    """The spines that a dendrite's parameters ask for, in the order of their numbers.

    Raises
    ------
    GeometryError
        Where a spine or its place is not possible, two spines collide, or they find no room.
    """
    ways = [key for key in ("spine", "count", "density") if key in given]
    if len(ways) > 1:
        given.fault(f"geometry has {' and '.join(ways)}: spines are given one by one, or by number, or by density.")
    for key in ("placement", "rows", "seed", "sizes"):
        if key in given and not {"count", "density"} & set(ways):
            given.fault(f"geometry.{key} goes with count or density.")
    given.refuse_faults()
    common = {key: given[key] for key in (*SIZE, *SOLVED_FOR.values()) if key in given}
    standing = listed(shaft, given, common) if ways == ["spine"] else _spread(shaft, given, common) if ways else []
    refuse_crowding(shaft.surface(COARSE)[:2], standing, given, "the shaft")
    return standing


def listed(shaft: Shaft, given: Parameters, common: dict[str, float], key: str = "spine") -> list[Standing]:
    """The spines of a list among the parameters, with common sizes where they have none of their own."""
    entries = given[key]
    if not isinstance(entries, (tuple, list)) or not all(isinstance(entry, dict) for entry in entries):
        given.fault(f"geometry.{key} must be a list of tables, each with at and the sizes of a spine.")
        given.refuse_faults()
    standing = []
    for number, entry in enumerate(entries, start=1):
        own = _sizes(f"geometry.{key}.{number}.", given, common, entry, ("at",))
        standing.append(
            _stand(shaft, f"{key}_{number}", entry.get("kind", "spine"), own, own["at"], own.get("angle", 0.0))
        )
    return standing


def _sizes(
    place: str, given: Parameters, common: dict[str, float], entry: dict[str, Any], besides: tuple[str, ...] = ()
) -> Parameters:
    """The parameters of one spine, said at some place: its own, and the dendrite's where it has none; it needs more."""
    kind = entry.get("kind", "spine")
    if kind not in FORMS:
        given.fault(f'{place}kind = "{kind}" is no spine.{nearest(str(kind), FORMS)} Known are {", ".join(FORMS)}.')
        given.refuse_faults()
    needed, optional = FORMS[kind]
    own = {key: value for key, value in entry.items() if key != "kind"}
    instead = SOLVED_FOR if kind == "spine" else {}
    known = (*needed, *optional, *instead.values())
    of_all = {key: value for key, value in common.items() if key in known and stand_in(key) not in own}
    return Parameters(
        f"{kind} of a dendrite",
        of_all | own,
        (*besides, *needed),
        ("angle", *optional),
        (),
        given.source,
        place,
        instead,
    )


def _spread(shaft: Shaft, given: Parameters, common: dict[str, float]) -> list[Standing]:
    """Spines at regular distances, or at random places that keep them apart."""
    number = given["count"] if "count" in given else round(given["density"] * shaft.length)
    placement = given.get("placement", "regular")
    if placement not in PLACEMENTS:
        given.fault(f'geometry.placement = "{placement}" is not known: there are {" and ".join(PLACEMENTS)}.')
        given.refuse_faults()
    rng = np.random.Generator(np.random.Philox(int(given.get("seed", 1))))
    standing: list[Standing] = []
    for k in range(number):
        name = f"spine_{k + 1}"
        entry = drawn(given["sizes"], rng, given) if "sizes" in given else {}
        own = _sizes("geometry.", given, common if not entry else {}, entry)
        row = 2.0 * np.pi * (k % given.get("rows", 1)) / given.get("rows", 1)
        if placement == "regular":
            standing.append(_stand(shaft, name, "spine", own, (k + 0.5) * shaft.length / number, row))
            continue
        standing.append(_room_for(shaft, name, own, row if "rows" in given else None, standing, rng, given))
    return standing


def _room_for(
    shaft: Shaft,
    name: str,
    own: Parameters,
    row: float | None,
    others: Sequence[Standing],
    rng: np.random.Generator,
    given: Parameters,
) -> Standing:
    """A spine at a random place, in a row or anywhere about the shaft, that keeps it apart from the others."""
    border = upright("spine", own).foot + given.get("fillet", 0.0)
    for _ in range(TRIES):
        along = rng.uniform(border, shaft.length - border)
        angle = 2.0 * np.pi * rng.random() if row is None else row
        one = _stand(shaft, name, "spine", own, along, angle)
        if all(_gap(one, other) > APART for other in others):
            return one
    given.fault(
        f"geometry: {name} finds no room {um(APART)} away from the {len(others)} before it, in {TRIES} places: "
        "ask for fewer spines, smaller ones, or a longer shaft."
    )
    given.refuse_faults()
    raise AssertionError


def _gap(one: Standing, other: Standing) -> float:
    """A lower bound of the distance between two spines, each a ball on a rod [um]."""
    gaps = []
    for a, radius_a in one.outline():
        for b, radius_b in other.outline():
            gaps.append(_between(a, b) - radius_a - radius_b)
    return min(gaps)


def _between(a: np.ndarray, b: np.ndarray) -> float:
    """Distance between two segments, (2, 3) each [um], from points that close in on the nearest ones."""
    t = np.linspace(0.0, 1.0, 33)[:, None]
    p, q = a[0] + t * (a[1] - a[0]), b[0] + t * (b[1] - b[0])
    step = np.linalg.norm(a[1] - a[0]) + np.linalg.norm(b[1] - b[0])
    return float(np.linalg.norm(p[:, None] - q[None], axis=2).min() - step / 64.0)


def _stand(shaft: Shaft, name: str, kind: str, given: Parameters, at: float, angle: float) -> Standing:
    """A spine at some way along a shaft [um], at an angle about it [rad] from the side it is bent to."""
    s = np.array([at])
    radius, form = float(shaft.radius(s)[0]), upright(kind, given)
    if form.foot >= radius:
        given.fault(
            f"{given.place[:-1]}: its foot, {um(form.foot)}, is not thinner than the shaft there, {um(radius)}."
        )
    if not form.foot <= at <= shaft.length - form.foot:
        given.fault(
            f"{given.place[:-1]}: its foot, {um(form.foot)}, stands at {um(at)}, beyond an end of the shaft, "
            f"0 to {um(shaft.length)}."
        )
    given.refuse_faults()
    along, side, up = shaft.frame(s)[0].T
    out = np.cos(angle) * up + np.sin(angle) * side
    turn = np.column_stack([along, np.cross(out, along), out])
    return Standing(name, form, shaft.center(s)[0] + radius * out, turn, radius)


def refuse_crowding(
    trunk: tuple[np.ndarray, np.ndarray], standing: Sequence[Standing], given: Parameters, called: str
) -> None:
    """Refuse spines that have room in common outside of what they stand on, or dip into that again.

    Parameters
    ----------
    trunk : (v, 3) float64, (f, 3) int
        What they stand on: corners [um] and triangles.
    standing : sequence of Standing
    given : Parameters
        Where faults are noted.
    called : str
        What messages call the trunk.
    """
    tube = manifold(*trunk, given.source)
    solids = []
    for one in standing:
        stalk = one.stalk(COARSE)
        whole, up = manifold(stalk.vertex, stalk.face, given.source), one.turn[:, 2]
        upper = whole.trim_by_plane(up.tolist(), float(one.foot @ up + 0.5 * (one.form.junction or one.form.top)))
        if (upper ^ tube).volume() > 0.0:
            given.fault(f"{one.name} dips into {called} again: turn it away, or give it a shorter neck.")
        solids.append(whole - tube)
    boxes = np.array([made.bounding_box() for made in solids]).reshape(-1, 6)
    low, high = boxes[:, :3], boxes[:, 3:]
    for i, one in enumerate(standing):
        for j in np.flatnonzero(((low[i] <= high[:i]) & (low[:i] <= high[i])).all(axis=1)).tolist():
            common = solids[i] ^ solids[j]
            if common.volume() > 0.0:
                corner = np.array(common.bounding_box()).reshape(2, 3)
                given.fault(
                    f"{standing[j].name} and {one.name} collide: they share {common.volume():.2g} um^3 around "
                    f"{place_of(corner.mean(axis=0))} um, {um(float(np.ptp(corner, axis=0).max()))} across: "
                    "move one of them."
                )
    given.refuse_faults()
