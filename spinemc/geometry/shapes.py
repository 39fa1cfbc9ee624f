"""The kinds of parametric solids, and the plain ones: sphere, box, cylinder, revolution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry import dendrites
from spinemc.geometry.lathe import arc, line, surface_area, turned
from spinemc.geometry.parameters import Parameters, nearest
from spinemc.geometry.solids import Solid
from spinemc.scenario import Shape
from spinemc.scenario.values import SOLVED_FOR


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
    if shape.kind not in KINDS:
        raise GeometryError(
            f'{shape.source}: geometry.kind = "{shape.kind}" is not a kind of shape'
            f"{nearest(shape.kind, KINDS)}: known are {', '.join(KINDS)}."
        )
    make, needed, optional, other = KINDS[shape.kind]
    given = {key: value for key, value in shape.parameters.items() if key != "kind"}
    instead = SOLVED_FOR if shape.kind in ("spine", "branched") else None
    return make(Parameters(shape.kind, given, needed, (*optional, "edge"), other, shape.source, instead=instead))


def _sphere(given: Parameters) -> Solid:
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
    return turned(spans, given.edge(4.0 * np.pi * radius**2), least=48)


def _cylinder(given: Parameters) -> Solid:
    radius, half = given["radius"], given["length"] / 2.0
    spans = [
        line("bottom", (0.0, -half), (radius, -half)),
        line("side", (radius, -half), (radius, half)),
        line("top", (radius, half), (0.0, half)),
    ]
    return turned(spans, given.edge(surface_area(spans)))


def _box(given: Parameters) -> Solid:
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


def _revolution(given: Parameters) -> Solid:
    profile, names = _profile(given)
    spans = [line(n, a, b) for n, a, b in zip(names, profile[:-1], profile[1:], strict=True)]
    return turned(spans, given.edge(surface_area(spans)))


def _profile(given: Parameters) -> tuple[np.ndarray, list[str | None]]:
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


_Names = tuple[str, ...]

KINDS: dict[str, tuple[Callable[[Parameters], Solid], _Names, _Names, _Names]] = {
    "sphere": (_sphere, ("radius",), ("cap_angle",), ()),
    "box": (_box, ("size",), (), ("size",)),
    "cylinder": (_cylinder, ("radius", "length"), (), ()),
    "revolution": (_revolution, ("profile",), ("regions",), ("profile", "regions")),
    "spine": (dendrites.spine, *dendrites.SPINE, ()),
    "stubby": (dendrites.stubby, *dendrites.STUBBY, ()),
    "branched": (dendrites.branched, *dendrites.BRANCHED, ("branch",)),
    "dendrite": (dendrites.dendrite, *dendrites.DENDRITE, dendrites.OTHER),
}
"""By kind: what makes it, the parameters it needs, those it may have, and those of all these that are not numbers."""
