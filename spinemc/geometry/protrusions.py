"""Spines told apart from the shaft of a dendrite by how far they reach above it: a suggestion, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.checks import crossed, signed_volume
from spinemc.geometry.mesh import Geometry
from spinemc.geometry.repair import closed
from spinemc.geometry.sections import widths
from spinemc.geometry.trunk import Trunk, trunk_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

LEAST = 0.2  # um, height of what is taken for a spine
FOOT = 0.08  # of the shaft's radius: height of the border round a foot
ROUGH = 3.0  # standard deviations of the shaft's surface: likewise
LOW = 0.6  # of its width: a protrusion that is less high is hardly one
ALONE = 0.5  # of all surface: a protrusion that has more is a spine by itself, and what it stands on its neck
SIDED = 0.3  # length of the mean direction from the centre line: less where a swelling goes all round the shaft
LARGE = 0.9  # of the shaft's thickness: a wider one may be a branch
LONG = 3.0  # um: likewise a longer one (spines of CA1 are up to 2 um long, Harris & Stevens 1989)


@dataclass(frozen=True, eq=False)
class Protrusion:
    """What stands out from a shaft.

    Attributes
    ----------
    name : str
        `spine_1`, `spine_2`, ... along the shaft.
    faces : (n,) int64
        Numbers of its faces.
    foot : (3,) float64
        The middle of the border round its foot [um].
    along : float
        Where that is along the shaft's centre line [um].
    height : float
        Of its highest point above the shaft's surface [um].
    length : float
        From its foot to the point farthest from there [um].
    volume : float
        Enclosed by it and a lid on its foot [um^3].
    head_width, neck_width : float
        Diameters of circles with its largest cross-section, and with the least one between that and the foot [um].
    doubt : str
        Why it may be none; empty where there is no reason.
    """

    name: str
    faces: np.ndarray
    foot: np.ndarray
    along: float
    height: float
    length: float
    volume: float
    head_width: float
    neck_width: float
    doubt: str


def find_spines(geometry: Geometry, least_height: float = LEAST) -> list[Protrusion]:
    """Tell the spines of a dendrite from its shaft, as a suggestion to be looked at and corrected.

    The shaft is fitted as a bent tube of varying, nearly elliptic cross-section (`spinemc.geometry.trunk`). Faces more
    than half of `least_height` above it make connected protrusions; those that reach `least_height`, and do not go all
    round the shaft, are spines. Each has also the faces around it that are no farther than `least_height`, down to its
    foot: to 0.08 of the shaft's radius, or three times its surface's roughness where that is more. A spine that forks
    above half of `least_height` is one.

    Parameters
    ----------
    geometry : Geometry
        The surface of a stretch of dendrite, in any orientation.
    least_height : float
        How high above the shaft a spine reaches, at least [um].

    Returns
    -------
    list of Protrusion
        In the order of their feet along the shaft; empty where there is none.

    Raises
    ------
    GeometryError
        No shaft is seen, the surface has names already, or `least_height` is not a positive length.

    Notes
    -----
    Distance from a centre line takes the place of the shape diameter (Shapira, Shamir & Cohen-Or 2008, Vis Comput
    24:249): heads of spines may be as thick as their shaft, and stubby ones have no neck.
    """
    if not 0.0 < least_height < np.inf:
        raise GeometryError(f"{geometry.name}: least_height is {least_height:g} um: it must be a positive length.")
    named = [name for name, s in zip(geometry.regions[1:], geometry.region_surface[1:], strict=True) if s == 0]
    named = [name for name in named if not name.startswith("cut_")]
    if named:
        said = ", ".join(named[:3]) + (", ..." if len(named) > 3 else "")
        raise GeometryError(
            f"{geometry.name}: its surface has names already, {said}: spines are looked for in a mesh without."
        )
    own = geometry.faces_of(0)
    used, corner = np.unique(geometry.face[own], return_inverse=True)
    vertex, face = geometry.vertex[used], corner.reshape(-1, 3)
    centre = vertex[face].mean(axis=1)
    area = np.linalg.norm(crossed(vertex[face]), axis=1)
    unseen = f"{geometry.name}: no shaft is seen that spines could stand on"
    shaft = trunk_of(vertex, face)
    if shaft is None:
        raise GeometryError(f"{unseen}: the surface is no tube, with or without spines, twice as long as thick.")
    if shaft.widens:
        raise GeometryError(f"{unseen}: the tube widens threefold within a few radii, as a spine by itself does.")
    height, _ = shaft.above(vertex)
    links = _Links.of(vertex, face)
    level, border = height[face].mean(axis=1), max(FOOT * shaft.radius, ROUGH * shaft.rough)
    standing = np.bincount(links.pieces(level > border), area * (level > border))
    if standing.max() > ALONE * area.sum():
        raise GeometryError(f"{unseen}: one protrusion has most of the surface, as a spine by itself has.")
    patches = _patches(links, level, least_height, border)
    patches = [patch for patch in patches if shaft.sided(centre[patch], area[patch]) > SIDED]
    found = [_measured(patch, own[patch], vertex, face, height, shaft) for patch in patches]
    found = [one for one in found if one.height >= least_height]
    found.sort(key=lambda one: one.along)
    return [replace(one, name=f"spine_{k}") for k, one in enumerate(found, start=1)]


def with_spines(geometry: Geometry, spines: Sequence[Protrusion]) -> Geometry:
    """The same geometry with spines as regions, by their names."""
    label = geometry.face_region.copy()
    first = int(np.count_nonzero(geometry.region_surface == 0))  # behind the other patches of the cell's own surface
    label[label >= first] += len(spines)
    for k, spine in enumerate(spines):
        label[spine.faces] = first + k
    names = tuple(spine.name for spine in spines)
    return replace(
        geometry,
        face_region=label,
        regions=(*geometry.regions[:first], *names, *geometry.regions[first:]),
        region_surface=np.insert(geometry.region_surface, first, np.zeros(len(spines), np.int64)),
    )


def table(spines: Sequence[Protrusion]) -> str:
    """Spines as a table that a person can read, and what to make of it."""
    if not spines:
        return "spines: none is seen. That is a suggestion: look at the surface."
    number = "1 spine is" if len(spines) == 1 else f"{len(spines)} spines are"
    rows = [
        f"spines: {number} seen. That is a suggestion: look at each, and correct it.",
        f"  {'spine':<10} {'along':>8} {'height':>8} {'length':>8} {'head':>8} {'neck':>8} {'volume':>10}   foot [um]",
        f"  {'':<10} {'[um]':>8} {'[um]':>8} {'[um]':>8} {'[um]':>8} {'[um]':>8} {'[um^3]':>10}",
    ]
    for one in spines:
        numbers = (one.along, one.height, one.length, one.head_width, one.neck_width)
        said = " ".join(f"{x:8.3g}" for x in numbers)
        place = "(" + ", ".join(f"{x:.2f}" for x in one.foot + 0.0) + ")"
        doubt = f"   in doubt: {one.doubt}" if one.doubt else ""
        rows.append(f"  {one.name:<10} {said} {one.volume:10.3g}   {place}{doubt}")
    return "\n".join(rows)


@dataclass(frozen=True, eq=False)
class _Links:
    """Which faces are neighbours: (e,) one and other of each two, how far apart they are [um]; how many there are."""

    one: np.ndarray
    other: np.ndarray
    gap: np.ndarray
    number: int

    @classmethod
    def of(cls, vertex: np.ndarray, face: np.ndarray) -> _Links:
        """Those of a closed surface."""
        start, end = face.ravel().astype(np.int64), np.roll(face, -1, axis=1).ravel().astype(np.int64)
        order = np.argsort(np.minimum(start, end) * len(vertex) + np.maximum(start, end), kind="stable")
        one, other = (order // 3).reshape(-1, 2).T
        centre = vertex[face].mean(axis=1)
        return cls(one, other, np.linalg.norm(centre[one] - centre[other], axis=1), len(face))

    def among(self, chosen: np.ndarray) -> csr_array:
        """(f, f) the distances between those neighbours that are both chosen."""
        from scipy.sparse import coo_array

        kept = chosen[self.one] & chosen[self.other]
        pairs = self.one[kept], self.other[kept]
        return coo_array((self.gap[kept], pairs), shape=(self.number, self.number)).tocsr()

    def pieces(self, chosen: np.ndarray) -> np.ndarray:
        """(f,) int: the connected piece of chosen faces that each belongs to; others are alone."""
        from scipy.sparse.csgraph import connected_components

        return np.asarray(connected_components(self.among(chosen), directed=False)[1])


def _patches(links: _Links, height: np.ndarray, least: float, border: float) -> list[np.ndarray]:
    """The faces of each protrusion, down to its foot; heights of faces, the least one and that of a foot [um]."""
    from scipy.sparse.csgraph import dijkstra

    high = height > max(0.5 * least, border)
    piece = links.pieces(high)
    top = np.full(piece.max() + 1, -np.inf)
    np.maximum.at(top, piece, height)
    seeds = np.flatnonzero(high & (top[piece] > least - border))  # a corner may be higher than its faces
    if len(seeds) == 0:
        return []
    low = high | (height > border)
    _, _, source = dijkstra(
        links.among(low), directed=False, indices=seeds, return_predecessors=True, min_only=True, limit=least
    )
    owner = np.where(source >= 0, piece[np.maximum(source, 0)], -1)
    rest = links.pieces(owner < 0)
    size = np.bincount(rest, owner < 0)
    one, other = np.concatenate([[links.one, links.other], [links.other, links.one]], axis=1)
    for hole in np.flatnonzero((size > 0) & (size < size.max())):  # low places within a spine, or between some
        around = owner[other[(rest[one] == hole) & (owner[other] >= 0)]]
        owner[rest == hole] = np.bincount(around).argmax()
    return [np.flatnonzero(owner == k) for k in np.unique(owner[owner >= 0])]


def _measured(
    patch: np.ndarray, faces: np.ndarray, vertex: np.ndarray, face: np.ndarray, height: np.ndarray, shaft: Trunk
) -> Protrusion:
    """What a patch of the surface measures; it has no name as yet."""
    used, own = np.unique(face[patch], return_inverse=True)
    own = own.reshape(-1, 3)
    corners = vertex[used]
    whole, solid, lid, _ = closed(corners, own)
    rim = whole[solid[lid > 0]]
    weight = np.linalg.norm(np.cross(rim[:, 1] - rim[:, 0], rim[:, 2] - rim[:, 0]), axis=1)
    foot = weight @ rim.mean(axis=1) / weight.sum()
    length = float(np.linalg.norm(corners - foot, axis=1).max())
    head, neck = widths(whole, solid, lid > 0, foot)
    tall = float(height[used].max())
    along = float(shaft.above(foot[None])[1][0])
    return Protrusion(
        name="",
        faces=faces,
        foot=foot,
        along=along,
        height=tall,
        length=length,
        volume=signed_volume(whole[solid]),
        head_width=head,
        neck_width=neck,
        doubt=_doubt(tall, length, head, neck, shaft),
    )


def _doubt(height: float, length: float, head: float, neck: float, shaft: Trunk) -> str:
    if height < LOW * head:
        return "hardly taller than wide"
    if length > LONG:
        return f"longer than {LONG:g} um: a branch or a filopodium?"
    if neck > LARGE * 2.0 * shaft.radius:
        return "as thick as the shaft: a branch?"
    return ""
