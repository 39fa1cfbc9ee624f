"""Rounded joins between a tube and what stands on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spinemc.geometry.shapes.shafts import Shaft

Distance = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
GRADING = 0.4  # how fast edges may grow away from where they are to be short
ROUNDS = 12


def split_near(
    shaft: Shaft,
    trunk: tuple[np.ndarray, np.ndarray, np.ndarray],
    sides: Sequence[int],
    feet: Sequence[tuple[np.ndarray, np.ndarray, float]],
    fine: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split the edges of a surface until they are short where something stands on it.

    Parameters
    ----------
    shaft : Shaft
        The tube that some of the surface is the side of: new corners there are put on it.
    trunk : (v, 3) float64, (f, 3) int, (f,) int
        Corners [um], triangles and their labels.
    sides : sequence of int
        The labels of the tube's side.
    feet : sequence of ((3,), (3,), float)
        Centre [um] and axis of each foot, and the radius within which edges are to be short.
    fine : float
        Length of edges there [um].

    Returns
    -------
    As `trunk`.
    """
    vertex, face, label = trunk
    for _ in range(ROUNDS):
        ends = np.sort(np.concatenate([face[:, [0, 1]], face[:, [1, 2]], face[:, [2, 0]]]), axis=1)
        pair, where = np.unique(ends, axis=0, return_inverse=True)
        where = where.reshape(3, -1).T
        middle = vertex[pair].mean(axis=1)
        length = np.linalg.norm(vertex[pair[:, 0]] - vertex[pair[:, 1]], axis=1)
        wanted = np.full(len(pair), np.inf)
        for center, axis, radius in feet:
            away = middle - center
            near = np.linalg.norm(away, axis=1) - radius
            near[away @ axis < -2.0 * radius - shaft.widest] = np.inf
            wanted = np.minimum(wanted, fine + GRADING * np.maximum(near, 0.0))
        long = length > 1.4 * wanted
        if not long.any():
            break
        new = np.full(len(pair), -1)
        new[long] = len(vertex) + np.arange(np.count_nonzero(long))
        vertex = np.concatenate([vertex, middle[long]])
        face, label = _divided(face, label, new[where])
        on_side = np.unique(face[np.isin(label, sides)])
        moved = on_side[on_side >= len(vertex) - np.count_nonzero(long)]
        rim = np.unique(face[~np.isin(label, sides)])
        moved = np.setdiff1d(moved, rim)
        for _ in range(3):
            d, gradient = shaft.distance(vertex[moved])
            vertex[moved] -= d[:, None] * gradient
    return vertex, face, label


def _divided(face: np.ndarray, label: np.ndarray, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles cut at the middles of some of their edges; `middle` (f, 3) is the new corner of each edge or -1."""
    made, owner = [], []
    split = middle >= 0
    count = split.sum(axis=1)
    whole = np.flatnonzero(count == 0)
    made.append(face[whole])
    owner.append(whole)
    for number in (1, 2, 3):
        some = np.flatnonzero(count == number)
        if len(some) == 0:
            continue
        # turn each triangle so that its first edge is split (one), or its first is not (two)
        first = np.argmax(split[some], axis=1) if number != 2 else np.argmin(split[some], axis=1)
        turn = (first[:, None] + np.arange(3)) % 3
        a, b, c = np.take_along_axis(face[some], turn, axis=1).T
        p, q, r = np.take_along_axis(middle[some], turn, axis=1).T
        if number == 1:
            pieces = [(a, p, c), (p, b, c)]
        elif number == 2:
            pieces = [(q, c, r), (a, b, q), (a, q, r)]
        else:
            pieces = [(a, p, r), (p, b, q), (r, q, c), (p, q, r)]
        made += [np.stack(piece, axis=1) for piece in pieces]
        owner += [some] * len(pieces)
    return np.concatenate(made).astype(face.dtype), label[np.concatenate(owner)]


def round_off(vertex: np.ndarray, one: Distance, others: Sequence[Distance], radius: float) -> np.ndarray:
    """Corners of a union moved so that its concave edges become fillets.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners of the union [um].
    one, others : callable
        Distance [um] from the surface of the one part, and of each of the others, and its gradient.
    radius : float
        Of the fillet [um].

    Returns
    -------
    (v, 3) float64
        Corners [um]. Where the two surfaces meet at a right angle the fillet is the arc of a circle: the points where
        (k - a)^2 + (k - b)^2 = k^2, for the distances a and b and the radius k.
    """
    vertex = vertex.copy()
    for other in others:
        b, _ = other(vertex)
        a, _ = one(vertex)
        near = np.flatnonzero((np.abs(a) < radius) & (np.abs(b) < radius))
        point = vertex[near]
        for _ in range(20):
            (a, da), (b, db) = one(point), other(point)
            u, v = np.maximum(radius - a, 0.0), np.maximum(radius - b, 0.0)
            size = np.maximum(np.hypot(u, v), 1e-300)
            value = radius - size
            gradient = (u[:, None] * da + v[:, None] * db) / size[:, None]
            square = np.maximum((gradient**2).sum(axis=1), 1e-6)
            point = point - (value / square)[:, None] * gradient
        vertex[near] = point
    return vertex
