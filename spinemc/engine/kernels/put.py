"""Molecules that come in: through regions held at a concentration, and by releases."""

import math

import numpy as np

from spinemc.engine.kernels.membrane import tangents, voxels_of
from spinemc.engine.kernels.move import frame_of, travel_in, voxel_at
from spinemc.engine.kernels.places import anywhere_in, beside_membrane, inside, side_of
from spinemc.engine.kernels.react import add
from spinemc.engine.kernels.rng import ENTER, FIRST, SECOND, exponential, jit, normal, uniform, words
from spinemc.engine.kernels.tables import ENTRIES, NONE

BELOW_ENTRY = 1e-6  # where a molecule let in starts its way, below the boundary [um]


@jit
def choose(upto, low, high, u):
    """The entry in low .. high - 1 of a running sum that a fraction u of that stretch falls into."""
    before = upto[low - 1] if low > 0 else 0.0
    target = before + u * (upto[high - 1] - before)
    while low < high - 1:
        middle = (low + high - 1) // 2
        if upto[middle] > target:
            high = middle + 1
        else:
            low = middle + 1
    return low


@jit
def enter(walls, cells, chem, entries, key, state, e, dt):
    """Let molecules in through a boundary held at a concentration.

    In a step an open plane lets in 2 c A sqrt(D dt / pi) molecules on average. They are where the time-reversed paths
    of absorbed molecules start: a random fraction of a step that crosses the plane, drawn by its normal speed.
    """
    s = entries.species[e]
    low = entries.start[e]
    high = entries.start[e + 1]
    sigma = math.sqrt(2.0 * chem.D[s] * dt)
    mean = 2.0 * entries.concentration[e] * entries.area[e] * math.sqrt(chem.D[s] * dt / math.pi)
    state.clock[1 + e] -= mean
    while state.clock[1 + e] < 0.0:
        serial = state.serial[ENTRIES]
        state.serial[ENTRIES] += 1
        a, b, c, d = words(key, serial, serial >> 32, ENTER, e, FIRST)
        g, h, p, q = words(key, serial, serial >> 32, ENTER, e, SECOND)
        state.clock[1 + e] += exponential(a)
        f = entries.face[choose(entries.upto, low, high, uniform(b))]
        root = math.sqrt(uniform(c))
        u1 = root * (1.0 - uniform(d))
        u2 = root * uniform(d)
        u0 = 1.0 - root
        normal_x = walls.plane[f, 0]
        normal_y = walls.plane[f, 1]
        normal_z = walls.plane[f, 2]
        x = u0 * walls.corner[f, 0] + u1 * walls.corner[f, 3] + u2 * walls.corner[f, 6] - BELOW_ENTRY * normal_x
        y = u0 * walls.corner[f, 1] + u1 * walls.corner[f, 4] + u2 * walls.corner[f, 7] - BELOW_ENTRY * normal_y
        z = u0 * walls.corner[f, 2] + u1 * walls.corner[f, 5] + u2 * walls.corner[f, 8] - BELOW_ENTRY * normal_z
        space = walls.space[s]
        v = voxel_at(frame_of(walls, space), x, y, z)
        if v < 0 or not inside(walls, space, v, x, y, z):
            continue
        depth = math.sqrt(2.0 * exponential(g))
        share = uniform(h)
        gx = normal(p)
        gy = normal(q)
        tx, ty, tz, sx, sy, sz = tangents(normal_x, normal_y, normal_z)
        scale = share * sigma
        x, y, z, v, _ = travel_in(
            walls,
            s,
            x,
            y,
            z,
            scale * (gx * tx + gy * sx - depth * normal_x),
            scale * (gx * ty + gy * sy - depth * normal_y),
            scale * (gx * tz + gy * sz - depth * normal_z),
        )
        if v >= 0:
            add(cells, chem, state, s, x, y, z, v, NONE, NONE)
            state.absorbed[entries.boundary[e]] -= 1


@jit
def scatter(walls, cells, chem, key, state, s, number, compartment):
    """Add molecules of a volume species, uniformly in a compartment. Returns how many found room."""
    for m in range(number):
        x, y, z, v = anywhere_in(walls, cells, key, state, compartment)
        if v < 0:
            return m
        add(cells, chem, state, s, x, y, z, v, NONE, NONE)
    return number


@jit
def put(walls, cells, chem, state, s, x, y, z, face):
    """Add molecules of a species at given points, on a face each, or in its space just beside it for one of a volume.

    Face -1 stands for a point of the volume. Returns how many found room.
    """
    space = walls.space[s]
    for m in range(x.shape[0]):
        f = np.int64(face[m])
        if f < 0:
            v = voxel_at(frame_of(walls, space), x[m], y[m], z[m])
            if v < 0:
                return m
            add(cells, chem, state, s, x[m], y[m], z[m], v, NONE, NONE)
            continue
        if chem.surface[s]:
            v, w = voxels_of(walls, f, x[m], y[m], z[m])
            add(cells, chem, state, s, x[m], y[m], z[m], v, w, f)
            continue
        nx, ny, nz, v = beside_membrane(walls, f, x[m], y[m], z[m], side_of(walls, f, space))
        if v < 0:
            return m
        add(cells, chem, state, s, nx, ny, nz, v, NONE, NONE)
    return x.shape[0]
