"""Steady diffusion on a graph of voxels: linear equations solved by conjugate gradients, all columns at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.voxels import entry, helper

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_EXACT = 1e-6  # residual, relative
_MOST_STEPS = 20_000
_KEPT = 0.95  # share of what the factors leave out that is put on their diagonal


def solved(laplacian: csr_array, source: np.ndarray) -> np.ndarray:
    """Solutions of L x = source.

    Parameters
    ----------
    laplacian : (n, n) csr_array
        Symmetric, positive or zero on constants alone, none above 0 off the diagonal, no three nodes all linked to one
        another.
    source : (n, k) float64
        Where L is zero on constants, each column sums to 0, and solutions are told up to a constant.

    Returns
    -------
    (n, k) float64

    Raises
    ------
    GeometryError
        Where the iteration does not converge.

    Notes
    -----
    Conjugate gradients, with (D + U') D^-1 (D + U) as preconditioner: U is what L has above its diagonal, and D makes
    the product agree with L on the diagonal, or, for the most part, in the sums of its rows (Gustafsson 1978, BIT
    18:142).
    """
    laplacian.sort_indices()
    start, column = laplacian.indptr.astype(np.int64), laplacian.indices.astype(np.int64)
    solution, is_done = _gradients(start, column, laplacian.data, np.ascontiguousarray(source), _EXACT, _MOST_STEPS)
    if not is_done:
        raise GeometryError("diffusion between compartments could not be solved on the mesh's voxels.")
    return np.asarray(solution)


@helper
def _pivots(start, column, value):
    """The diagonal D of the preconditioner (n,)."""
    n = start.shape[0] - 1
    pivot, above = np.zeros(n), np.zeros(n)
    for i in range(n):
        for e in range(start[i], start[i + 1]):
            if column[e] == i:
                pivot[i] = value[e]
            elif column[e] > i:
                above[i] += value[e]
    for i in range(n):
        own = pivot[i]
        for e in range(start[i], start[i + 1]):
            j = column[e]
            if j < i:
                pivot[i] -= value[e] / pivot[j] * (value[e] + _KEPT * (above[j] - value[e]))
        pivot[i] = max(pivot[i], 1e-3 * own)
    return pivot


@helper
def _smoothed(start, column, value, pivot, rest, smooth):
    """The preconditioner's answer to what is left (n, k), into `smooth`: down through its factors, and up."""
    n, k = rest.shape
    for i in range(n):
        for c in range(k):
            smooth[i, c] = rest[i, c]
        for e in range(start[i], start[i + 1]):
            j = column[e]
            if j >= i:
                break
            for c in range(k):
                smooth[i, c] -= value[e] * smooth[j, c]
        for c in range(k):
            smooth[i, c] /= pivot[i]
    for i in range(n - 1, -1, -1):
        for e in range(start[i + 1] - 1, start[i] - 1, -1):
            j = column[e]
            if j <= i:
                break
            share = value[e] / pivot[i]
            for c in range(k):
                smooth[i, c] -= share * smooth[j, c]


@entry
def _gradients(start, column, value, source, exact, most):
    """Conjugate gradients on all columns of a source (n, k); the solutions, and whether they are found."""
    n, k = source.shape
    pivot = _pivots(start, column, value)
    solution, rest, step = np.zeros((n, k)), source.copy(), np.zeros((n, k))
    smooth, pushed = np.empty((n, k)), np.empty((n, k))
    size, before, goal, share = np.zeros(k), np.ones(k), np.zeros(k), np.zeros(k)
    for turn in range(most):
        _smoothed(start, column, value, pivot, rest, smooth)
        for c in range(k):
            before[c] = size[c]
            size[c] = 0.0
        for i in range(n):
            for c in range(k):
                size[c] += rest[i, c] * smooth[i, c]
        is_done = True
        for c in range(k):
            if turn == 0:
                goal[c] = exact * exact * size[c]
            share[c] = size[c] / before[c] if turn > 0 and size[c] > goal[c] else 0.0
            is_done = is_done and size[c] <= goal[c]
        if is_done:
            return solution, True
        for i in range(n):
            for c in range(k):
                step[i, c] = smooth[i, c] + share[c] * step[i, c]
        for c in range(k):
            share[c] = 0.0
        for i in range(n):
            for c in range(k):
                pushed[i, c] = 0.0
            for e in range(start[i], start[i + 1]):
                j = column[e]
                for c in range(k):
                    pushed[i, c] += value[e] * step[j, c]
            for c in range(k):
                share[c] += step[i, c] * pushed[i, c]
        for c in range(k):
            share[c] = size[c] / share[c] if size[c] > goal[c] else 0.0
        for i in range(n):
            for c in range(k):
                solution[i, c] += share[c] * step[i, c]
                rest[i, c] -= share[c] * pushed[i, c]
    return solution, False
