"""Whether a surface is one that molecules can be kept in by."""

from __future__ import annotations

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.crossings import crossings

SMALLEST, LARGEST = 0.01, 1000.0  # um, extents of what can be meant


def check(vertex: np.ndarray, face: np.ndarray, name: str) -> None:
    """Refuse a surface that does not bound one solid.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Corners of each triangle.
    name : str
        What the message calls the surface.

    Raises
    ------
    GeometryError
        The surface is empty, not finite, open, inside out, in several pieces, wound inconsistently, touches itself at
        an edge or a corner, passes through itself, or holds degenerate or repeated faces; the place is named.
    """
    if len(face) == 0 or len(vertex) == 0:
        raise GeometryError(f"{name}: the surface is empty: it holds no triangle.")
    _check_numbers(vertex, face, name)
    _check_faces(vertex, face, name)
    pairs = _check_edges(vertex, face, name)
    _check_corners(vertex, face, pairs, name)
    _check_pieces(vertex, face, name)
    if signed_volume(vertex[face]) < 0.0:
        place = at(vertex[face[0]].mean(axis=0))
        raise GeometryError(f"{name}: inside out: the normals point inward, as at {place} um: flip the faces.")
    pairs = crossings(vertex, face)
    if len(pairs):
        place = at(vertex[face[pairs[0]]].mean(axis=(0, 1)))
        number = number_of(len(np.unique(pairs)), "face")
        raise GeometryError(f"{name}: passes through itself: {number} cross others, the first at {place} um.")


def check_extent(vertex: np.ndarray, name: str) -> None:
    """Refuse a surface from a file of a size that nothing simulated here has: its unit is another one.

    Raises
    ------
    GeometryError
        The surface is larger or smaller than that.
    """
    extent = float(np.ptp(vertex, axis=0).max())
    if not SMALLEST <= extent <= LARGEST:
        finer, coarser = ("nm", "angstrom") if extent > LARGEST else ("mm", "m")
        raise GeometryError(
            f"{name}: {extent:.3g} um across, where {SMALLEST:g} to {LARGEST:g} um can be simulated: say in which unit "
            f'the file is, unit = "{finer}" or "{coarser}" (on the command line, --unit).'
        )


def check_sheet(vertex: np.ndarray, face: np.ndarray, name: str) -> None:
    """Refuse an open surface that is not a sheet: one in which every edge has one face or two, wound alike.

    Raises
    ------
    GeometryError
        The surface is empty, not finite, closed, wound inconsistently, touches itself at an edge or a corner, or holds
        degenerate or repeated faces; the place is named.
    """
    if len(face) == 0 or len(vertex) == 0:
        raise GeometryError(f"{name}: the surface is empty: it holds no triangle.")
    _check_numbers(vertex, face, name)
    _check_faces(vertex, face, name)
    pairs = _check_edges(vertex, face, name, is_open=True)
    _check_corners(vertex, face, pairs, name)


def at(point: np.ndarray) -> str:
    """A place [um] as messages write it: (x, y, z), to a picometre."""
    return "(" + ", ".join(f"{x:.4g}" for x in np.round(point, 6) + 0.0) + ")"


def signed_volume(triangles: np.ndarray) -> float:
    """Volume that closed triangles enclose [um^3], negative where they face inward.

    Parameters
    ----------
    triangles : (f, 3, 3) float64
        Corners [um].
    """
    local = triangles - triangles.reshape(-1, 3).mean(axis=0)
    return float(np.einsum("ij,ij->", local[:, 0], np.cross(local[:, 1], local[:, 2])) / 6.0)


def crossed(triangles: np.ndarray) -> np.ndarray:
    """(f, 3) float64: a vector along each triangle's normal, twice as long as its area [um^2].

    Parameters
    ----------
    triangles : (f, 3, 3) float64
        Corners [um].
    """
    ux, uy, uz = (triangles[:, 1] - triangles[:, 0]).T
    vx, vy, vz = (triangles[:, 2] - triangles[:, 0]).T
    found = np.empty((len(triangles), 3))  # numpy's cross takes ten times as long for a few triangles
    found[:, 0], found[:, 1], found[:, 2] = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    return found


def number_of(number: int, thing: str) -> str:
    """A number of things as messages write it."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _check_numbers(vertex: np.ndarray, face: np.ndarray, name: str) -> None:
    if face.min() < 0 or face.max() >= len(vertex):
        first = int(np.flatnonzero((face < 0).any(axis=1) | (face >= len(vertex)).any(axis=1))[0])
        raise GeometryError(f"{name}: face {first} names a corner that is not there: there are {len(vertex)}.")
    bad = np.flatnonzero(~np.isfinite(vertex).all(axis=1))
    if len(bad):
        place = ", ".join(f"{x:g}" for x in vertex[bad[0]])
        raise GeometryError(
            f"{name}: {number_of(len(bad), 'corner')} not finite, the first number {bad[0]}: ({place}) um."
        )


def degenerate(vertex: np.ndarray, face: np.ndarray) -> np.ndarray:
    """(f,) bool: which faces have no area to speak of."""
    corners = vertex[face]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    extent = np.ptp(vertex, axis=0).max()
    return np.asarray(np.linalg.norm(crossed(corners), axis=1) <= 1e-10 * extent * longest)


def _check_faces(vertex: np.ndarray, face: np.ndarray, name: str) -> None:
    corners = vertex[face]
    flat = degenerate(vertex, face)
    if flat.any():
        place = at(corners[np.argmax(flat)].mean(axis=0))
        raise GeometryError(
            f"{name}: {number_of(int(flat.sum()), 'degenerate face')} (no area), the first at {place} um."
        )
    _, index, count = np.unique(np.sort(face, axis=1), axis=0, return_index=True, return_counts=True)
    if (count > 1).any():
        place = at(corners[index[count > 1].min()].mean(axis=0))
        raise GeometryError(
            f"{name}: {number_of(int((count - 1).sum()), 'face')} there more than once, the first at {place} um."
        )


def _check_edges(vertex: np.ndarray, face: np.ndarray, name: str, is_open: bool = False) -> np.ndarray:
    """(e, 2): the two half-edges of each inner edge; half-edge 3 i + k runs from corner k of face i to the next."""
    start, end = face.ravel().astype(np.int64), np.roll(face, -1, axis=1).ravel().astype(np.int64)
    key = np.minimum(start, end) * len(vertex) + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    _, first, count = np.unique(key[order], return_index=True, return_counts=True)

    def fault(which: np.ndarray) -> tuple[int, str]:
        half = order[first[which]].min()
        return int(which.sum()), at((vertex[start[half]] + vertex[end[half]]) / 2.0)

    if is_open and not (count == 1).any():
        raise GeometryError(f"{name}: closed, with no open edge: a sheet is open. Leave `open` out.")
    if not is_open and (count == 1).any():
        number, place = fault(count == 1)
        raise GeometryError(f"{name}: not closed: {number_of(number, 'open edge')}, the first at {place} um.")
    if (count > 2).any():
        number, place = fault(count > 2)
        raise GeometryError(
            f"{name}: more than two faces meet at {number_of(number, 'edge')}, the first at {place} um."
        )
    pairs = order[first[count == 2][:, None] + np.arange(2)]
    same = start[pairs[:, 0]] == start[pairs[:, 1]]
    if same.any():
        among = count == 2
        among[among] = same
        number, place = fault(among)
        raise GeometryError(
            f"{name}: inconsistent winding: neighbouring faces point to opposite sides at "
            f"{number_of(number, 'edge')}, the first at {place} um."
        )
    return pairs


def _check_corners(vertex: np.ndarray, face: np.ndarray, pairs: np.ndarray, name: str) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = face.size
    following = np.arange(size).reshape(-1, 3)[:, [1, 2, 0]].ravel()
    one = np.concatenate([pairs[:, 0], following[pairs[:, 0]]])
    other = np.concatenate([following[pairs[:, 1]], pairs[:, 1]])
    links = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(size, size))
    _, fan = connected_components(links, directed=False)
    owner = np.zeros(fan.max() + 1, dtype=np.int64)
    owner[fan] = face.ravel()
    fans = np.bincount(owner, minlength=len(vertex))
    if (fans > 1).any():
        bad = np.flatnonzero(fans > 1)
        place = at(vertex[bad[0]])
        raise GeometryError(
            f"{name}: separate sheets touch at {number_of(len(bad), 'corner')}, the first at {place} um."
        )


def pieces(vertex: np.ndarray, face: np.ndarray) -> np.ndarray:
    """(f,) int: the connected piece of surface each face belongs to, from 0."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, other = face[:, [0, 1]].ravel(), face[:, [1, 2]].ravel()
    links = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(vertex), len(vertex)))
    _, label = connected_components(links, directed=False)
    return np.unique(label[face[:, 0]], return_inverse=True)[1]


def _check_pieces(vertex: np.ndarray, face: np.ndarray, name: str) -> None:
    piece = pieces(vertex, face)
    count = np.bincount(piece)
    if len(count) > 1:
        centre = vertex[face].mean(axis=1)
        shown = np.argsort(-count, kind="stable")[:5]
        where = "; ".join(f"{count[i]} faces around {at(centre[piece == i].mean(axis=0))} um" for i in shown)
        rest = "" if len(count) <= len(shown) else f"; and {len(count) - len(shown)} more"
        raise GeometryError(f"{name}: in {len(count)} pieces, must be one: {where}{rest}.")
