"""The plain solids: sphere, box, cylinder, revolution."""

from __future__ import annotations

import numpy as np

from spinemc.geometry.shapes.lathe import arc, line, surface_area, turned
from spinemc.geometry.shapes.parameters import Parameters
from spinemc.geometry.solids import Solid


def sphere(given: Parameters) -> Solid:
    """A ball around the origin, its cap of some angle about the top a region where one is asked for."""
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


def cylinder(given: Parameters) -> Solid:
    """A cylinder along z around the origin."""
    radius, half = given["radius"], given["length"] / 2.0
    spans = [
        line("bottom", (0.0, -half), (radius, -half)),
        line("side", (radius, -half), (radius, half)),
        line("top", (radius, half), (0.0, half)),
    ]
    return turned(spans, given.edge(surface_area(spans)))


def box(given: Parameters) -> Solid:
    """A box around the origin."""
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


def revolution(given: Parameters) -> Solid:
    """A profile turned about z."""
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
