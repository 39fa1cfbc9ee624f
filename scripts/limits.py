"""What the machine can do at all: the least that a particle-step needs, each part alone, and together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numba
import numpy as np
from measure import now

from spinemc.engine.kernels.flight import BLOCK
from spinemc.engine.kernels.rng import displacements, spares

BLOCKS = 400  # of molecules, so that positions and tables fill the second cache
ROUNDS = 50
LINE = "{:<52} {:>12} {:>12}"
KEY = np.array([1, 0], np.uint64)


def _compiled(function: Callable[..., None]) -> Callable[..., None]:
    return numba.njit(nogil=True, error_model="numpy")(function)


@_compiled
def _random(key, x, voxel, free, delta, left, hard, tail):
    for block in range(BLOCKS):
        spares(key, 0, 0, block * BLOCK, BLOCK, left)


@_compiled
def _steps(key, x, voxel, free, delta, left, hard, tail):
    for block in range(BLOCKS):
        displacements(key, 0, 0, block * BLOCK, BLOCK, 0.02, delta, left, hard, tail)


@_compiled
def _gather(key, x, voxel, free, delta, left, hard, tail):
    for block in range(BLOCKS):
        for i in range(BLOCK):
            left[i] = free[voxel[block * BLOCK + i]]


@_compiled
def _shift(key, x, voxel, free, delta, left, hard, tail):
    for block in range(BLOCKS):
        for axis in range(3):
            for i in range(BLOCK):
                x[axis, block * BLOCK + i] += delta[axis, i]


@_compiled
def _all(key, x, voxel, free, delta, left, hard, tail):
    for block in range(BLOCKS):
        displacements(key, 0, 0, block * BLOCK, BLOCK, 0.02, delta, left, hard, tail)
        for i in range(BLOCK):
            left[i] = free[voxel[block * BLOCK + i]]
        for axis in range(3):
            for i in range(BLOCK):
                x[axis, block * BLOCK + i] += delta[axis, i]


PARTS = {
    "random bits alone (Philox4x32-10)": _random,
    "those, and three normal deviates of them": _steps,
    "one number looked up in a table of 280 kB": _gather,
    "three coordinates read, moved and written": _shift,
    "deviates, look-up and move: the limit of a free step": _all,
}


def table(repeats: int) -> Iterator[str]:
    """The lines, those of each part as soon as it is measured: processor time of one molecule, medians."""
    voxel = np.random.default_rng(1).integers(0, 70_000, BLOCKS * BLOCK).astype(np.uint32)
    arrays = (
        KEY,
        np.zeros((3, BLOCKS * BLOCK)),
        voxel,
        np.ones(70_000, np.float32),
        np.zeros((3, BLOCK)),
        np.zeros(BLOCK),
        np.zeros(BLOCK + 1, np.int32),
        np.zeros(BLOCK + 1),
    )
    yield LINE.format("a molecule", "ns of CPU", "M/s of CPU")
    for what, part in PARTS.items():
        part(*arrays)
        times = []
        for _ in range(repeats):
            begin = now()
            for _ in range(ROUNDS):
                part(*arrays)
            times.append((now() - begin)[0])
        each = float(np.median(times)) / (ROUNDS * BLOCKS * BLOCK)
        yield LINE.format(what, f"{each * 1e9:.2f}", f"{1e-6 / each:.0f}")
