"""Spines on shafts: where they stand, by list, at regular distances or at random, and how large they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.geometry.shapes.parameters import Parameters, nearest, um
from spinemc.geometry.shapes.shafts import Stretch
from spinemc.geometry.shapes.spines import SPINE, STUBBY, upright
from spinemc.geometry.shapes.standing import APART, Standing, gap, is_clear
from spinemc.scenario.values import SOLVED_FOR, stand_in

if TYPE_CHECKING:
    pass

FORMS = {"spine": SPINE, "stubby": STUBBY}
SIZE = tuple(
    dict.fromkeys(key for needed, optional in FORMS.values() for key in (*needed, *optional) if key != "fillet")
)
KEYS = ("spine", "count", "density", "placement", "rows", "seed", "sizes", *SIZE, *SOLVED_FOR.values())
OTHER = ("spine", "placement", "sizes")
PLACEMENTS = ("regular", "random")
TRIES = 1000  # places tried for one of them


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


def placed(stretches: Sequence[Stretch], given: Parameters) -> list[Standing]:
    """The spines that a dendrite's parameters ask for, in the order of their numbers.

    Parameters
    ----------
    stretches : sequence of Stretch
        Where they may stand; where these have names, a spine in a list says on which one it stands.
    given : Parameters

    Raises
    ------
    GeometryError
        Where a spine or its place is not possible, or they find no room.
    """
    ways = [key for key in ("spine", "count", "density") if key in given]
    if len(ways) > 1:
        given.fault(f"geometry has {' and '.join(ways)}: spines are given one by one, or by number, or by density.")
    for key in ("placement", "rows", "seed", "sizes"):
        if key in given and not {"count", "density"} & set(ways):
            given.fault(f"geometry.{key} goes with count or density.")
    given.refuse_faults()
    common = _common(given)
    if ways == ["spine"]:
        return listed(stretches, given, common)
    return _spread(stretches, given, common) if ways else []


def _common(given: Parameters) -> dict[str, float]:
    """The sizes of all spines that have none of their own."""
    return {key: given[key] for key in (*SIZE, *SOLVED_FOR.values()) if key in given}


def entries(given: Parameters) -> list[tuple[dict[str, Any], Parameters]]:
    """The spines of a list as they stand in it, each with its parameters, those of all among them; none without a list.

    Raises
    ------
    GeometryError
        It is no list, or a parameter is not possible.
    """
    if "spine" not in given:
        return []
    return [
        (
            entry,
            _sizes(
                f"geometry.spine.{number}.",
                given,
                _common(given),
                entry,
                ("section", "at") if "section" in entry else ("at",),
            ),
        )
        for number, entry in enumerate(_list(given, "spine"), start=1)
    ]


def _list(given: Parameters, key: str) -> Sequence[dict[str, Any]]:
    found = given[key]
    if not isinstance(found, (tuple, list)) or not all(isinstance(entry, dict) for entry in found):
        given.fault(f"geometry.{key} must be a list of tables, each with at and the sizes of a spine.")
        given.refuse_faults()
    return found  # type: ignore[no-any-return]


def listed(
    stretches: Sequence[Stretch], given: Parameters, common: dict[str, float], key: str = "spine"
) -> list[Standing]:
    """The spines of a list among the parameters, with common sizes where they have none of their own."""
    besides = ("section", "at") if stretches[0].name else ("at",)
    standing = []
    for number, entry in enumerate(_list(given, key), start=1):
        own = _sizes(f"geometry.{key}.{number}.", given, common, entry, besides)
        on = _named(stretches, own) if "section" in own else stretches[0]
        kind = entry.get("kind", "spine")
        standing.append(_stand(on, f"{key}_{number}", kind, own, own["at"], own.get("angle", 0.0), given))
    return standing


def _named(stretches: Sequence[Stretch], own: Parameters) -> Stretch:
    """The section that a spine is said to stand on."""
    named = {one.name: one for one in stretches}
    name = f"section_{own['section']}"
    if name not in named:
        known = ", ".join(one.removeprefix("section_") for one in named)
        own.fault(f"{own.place}section is {own['section']}: it must be one of those that are made, {known}.")
        own.refuse_faults()
    return named[name]


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


def _spread(stretches: Sequence[Stretch], given: Parameters, common: dict[str, float]) -> list[Standing]:
    """Spines at regular distances, or at random places that keep them apart."""
    long = sum(one.length for one in stretches)
    number = given["count"] if "count" in given else round(given["density"] * long)
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
            on, at = _along(stretches, [(one.low, one.high) for one in stretches], (k + 0.5) / number)
            standing.append(_stand(on, name, "spine", own, at, row, given))
            continue
        standing.append(_room_for(stretches, name, own, row if "rows" in given else None, standing, rng, given))
    return standing


def _along(stretches: Sequence[Stretch], rooms: Sequence[tuple[float, float]], share: float) -> tuple[Stretch, float]:
    """The stretch, and the way along it [um], at some share of the room on all of them, ways (begin, end) on each."""
    wide = [max(high - low, 0.0) for low, high in rooms]
    way = share * sum(wide)
    for one, (low, _), here in zip(stretches, rooms, wide, strict=True):
        if way <= here > 0.0:
            return one, low + way
        way -= here
    return stretches[-1], rooms[-1][1]


def _room_for(
    stretches: Sequence[Stretch],
    name: str,
    own: Parameters,
    row: float | None,
    others: Sequence[Standing],
    rng: np.random.Generator,
    given: Parameters,
) -> Standing:
    """A spine at a random place, in a row or anywhere about the shaft, that keeps it apart from the others."""
    border = upright("spine", own).foot + given.get("fillet", 0.0)
    rooms = [(one.low + border, one.high - border) for one in stretches]
    tubes = list({id(one.shaft): one.shaft for one in stretches}.values())
    for _ in range(TRIES if any(low < high for low, high in rooms) else 0):
        on, at = _along(stretches, rooms, rng.random())
        angle = 2.0 * np.pi * rng.random() if row is None else row
        one = _stand(on, name, "spine", own, at, angle, given)
        if all(gap(one, other) > APART for other in others) and is_clear(one, tubes):
            return one
    given.fault(
        f"geometry: {name} finds no room {um(APART)} away from the {len(others)} before it, in {TRIES} places: "
        "ask for fewer spines, smaller ones, or a longer shaft."
    )
    given.refuse_faults()
    raise AssertionError


def _stand(
    on: Stretch, name: str, kind: str, given: Parameters, at: float, angle: float, whole: Parameters
) -> Standing:
    """A spine at some way along a shaft [um], at an angle about it [rad] from the side it is bent to."""
    shaft, way = on.shaft, on.begin + at
    s = np.array([way])
    radius, form = float(shaft.radius(s)[0]), upright(kind, given)
    if form.foot >= radius:
        given.fault(
            f"{given.place[:-1]}: its foot, {um(form.foot)}, is not thinner than the shaft there, {um(radius)}."
        )
    if not form.foot <= at <= on.length - form.foot:
        what = on.name or "the shaft"
        given.fault(
            f"{given.place[:-1]}: its foot, {um(form.foot)}, stands at {um(at)}, beyond an end of {what}, "
            f"0 to {um(on.length)}."
        )
    wide = form.foot + whole.get("fillet", 0.0)
    if (on.low > 0.0 and at < on.low + wide) or (on.high < on.length and at > on.high - wide):
        given.fault(
            f"{name}: its foot, {um(wide)} with its fillet, stands at {um(at)} of {on.name}, on a branch point: "
            f"between those it is free from {um(on.low)} to {um(on.high)}."
        )
    given.refuse_faults()
    along, side, up = shaft.frame(s)[0].T
    out = np.cos(angle) * up + np.sin(angle) * side
    turn = np.column_stack([along, np.cross(out, along), out])
    return Standing(name, form, shaft.center(s)[0] + radius * out, turn, radius, shaft, way)
