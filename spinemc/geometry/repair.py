"""A surface from a file mended, and a list of what was changed."""

from __future__ import annotations

from collections import deque

import numpy as np

from spinemc.geometry.checks import at, crossed, degenerate, number_of, pieces, signed_volume

SAME = 1e-9  # of the extent: corners nearer to each other than this are one


def repaired(vertex: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Mend what can be mended without a guess of the shape.

    Corners in one place become one; faces without area, there twice, or with corners that are no numbers go; faces are
    turned to agree with their neighbours; all but the piece with the largest area go; holes are closed by a fan of
    triangles about their middle; a surface that is inside out is turned round. Whether it is sound then is for
    `spinemc.geometry.checks.check` to say.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Triangles.

    Returns
    -------
    vertex, face
        Likewise.
    hole : (f,) int64
        Which hole a face closes, counted from 1; 0 for all others.
    changes : list of str
        A sentence for each kind of change; empty where there was none.
    """
    changes: list[str] = []
    vertex, face = np.asarray(vertex, dtype=np.float64), np.asarray(face, dtype=np.int64)

    def keep(chosen: np.ndarray, said: str) -> None:
        nonlocal face
        if not chosen.all():
            changes.append(f"removed {number_of(int((~chosen).sum()), 'face')} {said}")
            face = face[chosen]

    keep(np.isfinite(vertex).all(axis=1)[face].all(axis=1), "with corners that are not finite")
    if len(face) == 0:
        return vertex, face.astype(np.int32), np.zeros(0, np.int64), changes
    vertex, face, merged = _merged(vertex, face)
    if merged:
        changes.append(f"merged {number_of(merged, 'corner')} that lay where others do")
    keep(~degenerate(vertex, face), "without area")
    first = np.zeros(len(face), bool)
    first[np.unique(np.sort(face, axis=1), axis=0, return_index=True)[1]] = True
    keep(first, "that were there more than once")
    if len(face) == 0:
        return vertex, face.astype(np.int32), np.zeros(0, np.int64), changes
    piece = pieces(vertex, face)
    area = np.bincount(piece, np.linalg.norm(crossed(vertex[face]), axis=1))
    keep(piece == np.argmax(area), f"of {number_of(len(area) - 1, 'smaller piece')}")
    turned = _wound(face)
    if turned.any():
        changes.append(f"turned {number_of(int(turned.sum()), 'face')} to agree with their neighbours")
        face = np.where(turned[:, None], face[:, ::-1], face)
    vertex, face, hole, places = closed(vertex, face)
    for k, place in enumerate(places, start=1):
        changes.append(
            f"closed a hole of {number_of(int((hole == k).sum()), 'triangle')} at {place} um: region cut_{k}"
        )
    if signed_volume(vertex[face]) < 0.0:
        changes.append("turned the whole surface round: it was inside out")
        face = face[:, ::-1]
    used, face = np.unique(face, return_inverse=True)
    return vertex[used], face.reshape(-1, 3).astype(np.int32), hole, changes


def _merged(vertex: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Corners in one place made one, and how many went."""
    used, face = np.unique(face, return_inverse=True)
    there = vertex[used]
    grain = SAME * max(float(np.ptp(there, axis=0).max(initial=0.0)), 1e-300)
    _, first, number = np.unique(np.round(there / grain), axis=0, return_index=True, return_inverse=True)
    return there[first], number.reshape(-1)[face].reshape(-1, 3), len(there) - len(first)


def _wound(face: np.ndarray) -> np.ndarray:
    """(f,) bool: which faces to turn so that neighbours agree; from the first face on, across edges of two faces."""
    start, end = face.ravel(), np.roll(face, -1, axis=1).ravel()
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.lexsort((high, low))
    same = (low[order][1:] == low[order][:-1]) & (high[order][1:] == high[order][:-1])
    lone = ~np.concatenate([[False], same[:-1]]) & ~np.concatenate([same[1:], [False]])
    one, other = order[:-1][same & lone], order[1:][same & lone]
    beside: list[list[tuple[int, bool]]] = [[] for _ in range(len(face))]
    for f, g, against in zip(
        (one // 3).tolist(), (other // 3).tolist(), (start[one] == start[other]).tolist(), strict=True
    ):
        beside[f].append((g, against))
        beside[g].append((f, against))
    turned, seen = np.zeros(len(face), bool), np.zeros(len(face), bool)
    for root in range(len(face)):
        if seen[root]:
            continue
        members, waiting = [root], deque([root])
        seen[root] = True
        while waiting:
            f = waiting.popleft()
            for g, against in beside[f]:
                if not seen[g]:
                    seen[g] = True
                    turned[g] = turned[f] != against
                    members.append(g)
                    waiting.append(g)
        if 2 * turned[members].sum() > len(members):  # the fewer are the wrong ones
            turned[members] = ~turned[members]
    return turned


def closed(vertex: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Close the holes of a surface by fans of triangles about their middles.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Triangles that agree with their neighbours.

    Returns
    -------
    vertex, face
        Likewise, what is new at the end.
    hole : (f,) int64
        Which hole a face closes, counted from 1; 0 for all others.
    places : list of str
        The middle of each hole, as messages write it.
    """
    start, end = face.ravel(), np.roll(face, -1, axis=1).ravel()
    size = len(vertex)
    lone = ~np.isin(start * size + end, end * size + start)
    after: dict[int, list[int]] = {}
    for a, b in zip(end[lone].tolist(), start[lone].tolist(), strict=True):  # against the faces beside it
        after.setdefault(a, []).append(b)
    places: list[str] = []
    corners, made, hole = [vertex], [face], [np.zeros(len(face), np.int64)]
    while after:
        loop = [next(iter(after))]
        while loop[-1] in after:
            ways = after[loop[-1]]
            following = ways.pop()
            if not ways:
                del after[loop[-1]]
            if following == loop[0]:
                break
            loop.append(following)
        ring = np.array(loop)
        middle = vertex[ring].mean(axis=0)
        places.append(at(middle))
        if len(ring) == 3:
            fan = ring[None]
        else:
            tip = np.full(len(ring), sum(map(len, corners)))
            corners.append(middle[None])
            fan = np.stack([ring, np.roll(ring, -1), tip], axis=1)
        made.append(fan)
        hole.append(np.full(len(fan), len(places)))
    return np.concatenate(corners), np.concatenate(made), np.concatenate(hole), places
