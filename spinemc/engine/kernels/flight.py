"""One step of the motion of many molecules of a volume species together, a block at a time.

Most steps cannot come near a wall, which one number for each voxel tells; they are made in plain loops over arrays,
which the compiler makes vector instructions of. The others are looked at one by one.
"""

import math

import numpy as np

from spinemc.engine.kernels.absorb import brushes, creep, pass_or_bounce, touched
from spinemc.engine.kernels.atomic import add_safely
from spinemc.engine.kernels.ions import are_followed
from spinemc.engine.kernels.move import frame_of, shelters_of, travel
from spinemc.engine.kernels.rng import FIRST, SECOND, TOUCH, displacements, entry, inline, jit, uniform, words
from spinemc.engine.kernels.tables import ARRIVED, HELD, NONE, STEPS, THROUGH

BLOCK = 256  # molecules that are moved together
# whether they are those of the state
REAL, TRIAL = np.int64(1), np.int64(0)


@jit
def risky(free, row, voxel, first, delta, n, hard):
    """Note in `hard` which steps of a block are not free of walls by their length alone. Returns how many."""
    found = 0
    for i in range(n):
        square = delta[0, i] * delta[0, i] + delta[1, i] * delta[1, i] + delta[2, i] * delta[2, i]
        hard[found] = i
        found += np.float32(square) >= free[np.uint64(voxel[first + i] + row)]
    return found


@inline
def is_exposed(shelters, shelter, px, py, pz, dx, dy, dz):
    """Whether a step from p is longer than the shelter there is for, or begins or ends beyond its plane."""
    i = np.int64((px - shelters.x) * shelters.inverse)
    j = np.int64((py - shelters.y) * shelters.inverse)
    k = np.int64((pz - shelters.z) * shelters.inverse)
    eight = ((i >> 1) * shelters.ny + (j >> 1)) * shelters.nz + (k >> 1)
    row = np.uint64(shelters.first + 8 * eight + 4 * (i & 1) + 2 * (j & 1) + (k & 1))
    nx = shelter[row, 0]
    ny = shelter[row, 1]
    nz = shelter[row, 2]
    c = shelter[row, 3]
    start = nx * px + ny * py + nz * pz
    end = nx * (px + dx) + ny * (py + dy) + nz * (pz + dz)
    return (dx * dx + dy * dy + dz * dz > shelter[row, 4]) | (start >= c) | (end >= c)


@jit
def exposed(shelters, shelter, x, y, z, first, delta, found, hard):
    """Keep in `hard`, of the steps it holds, those that leave their shelters. Returns how many."""
    kept = 0
    for m in range(found):
        i = np.int64(hard[m])
        j = first + i
        hard[kept] = i
        kept += is_exposed(shelters, shelter, x[j], y[j], z[j], delta[0, i], delta[1, i], delta[2, i])
    return kept


@jit
def shift(x, first, step, n):
    """Add the steps of a block along one axis."""
    for i in range(n):
        x[first + i] += step[i]


@jit
def voxels_at(frame, x, y, z, first, n, voxel):
    """The voxels of a block of points that lie in the grid."""
    ny = np.int32(frame.ny)
    nz = np.int32(frame.nz)
    zero = np.int32(frame.first)
    for i in range(n):
        a = np.int32((x[first + i] - frame.x) * frame.inverse)
        b = np.int32((y[first + i] - frame.y) * frame.inverse)
        c = np.int32((z[first + i] - frame.z) * frame.inverse)
        voxel[i] = zero + (a * ny + b) * nz + c


@inline
def fly(walls, cells, chem, key, state, block, s, low, x, y, z, voxel, first, n, real, shared, dt):
    """Move a block of molecules by their steps in block.delta.

    Parameters
    ----------
    low : int
        Number of the block's first molecule, by which its random numbers are drawn.
    x, y, z, voxel : arrays
        Where the molecules are, from entry `first` on.
    n : int
        Molecules in the block.
    real : int
        REAL where they are the state's: counted, and some may wait after coming through a partition in this step.
    shared : bool
        Whether other threads move other blocks of the same molecules meanwhile.

    Returns
    -------
    int
        How many leave: they are taken out by a wall, or come into another space. They are still where they were;
        block.hard tells which, in ascending order, block.way how, block.end where to. Where ions are followed, those
        that come through a sheet are told as well, but have made their step.
    """
    step = state.serial[STEPS]
    diffusion = chem.D[s]
    column = chem.column[0, s] if real == REAL else NONE
    columns = chem.columns[0]
    waits = real == REAL and walls.arrives[s]
    tells = real == REAL and are_followed(state)
    of_voxel = cells.of_voxel
    count = state.count
    frame = frame_of(walls, walls.space[s])
    met = block.met
    near_start = walls.near_start
    rim_start = walls.rim_start
    shelters = shelters_of(walls, frame, s)
    taken = walls.takes[s]
    parts = walls.parts[s]
    face = state.face
    delta = block.delta
    hard = block.hard
    now = block.voxel
    end = block.end
    if waits:
        for i in range(n):
            if face[first + i] == ARRIVED:
                delta[0, i] = delta[1, i] = delta[2, i] = 0.0
    found = risky(walls.free, walls.free_first[s], voxel, first, delta, n, hard)
    if not taken:
        found = exposed(shelters, walls.shelter, x, y, z, first, delta, found, hard)
    leavers = 0
    for m in range(found):
        i = np.int64(hard[m])
        j = first + i
        if waits and face[j] == ARRIVED:
            continue
        px = x[j]
        py = y[j]
        pz = z[j]
        dx = delta[0, i]
        dy = delta[1, i]
        dz = delta[2, i]
        v = np.int64(voxel[j])
        watched = taken and (rim_start[v + 1] > rim_start[v] or near_start[v + 1] > near_start[v])
        if taken and not watched and not is_exposed(shelters, walls.shelter, px, py, pz, dx, dy, dz):
            continue
        delta[0, i] = 0.0
        delta[1, i] = 0.0
        delta[2, i] = 0.0
        boundary = NONE
        kind = s
        passed = NONE
        if watched and rim_start[v + 1] > rim_start[v]:
            qx, qy, qz, w, boundary, kind, passed = creep(
                walls, block, key, step, s, low + i, px, py, pz, v, diffusion, dt
            )
        else:
            if parts:
                qx, qy, qz, w, boundary, kind, passed = pass_or_bounce(
                    walls, block, key, step, s, low + i, SECOND, diffusion, dt, px, py, pz, dx, dy, dz
                )
            else:
                qx, qy, qz, w, boundary = travel(walls, frame, s, met, px, py, pz, dx, dy, dz)
                if w < 0 and boundary < 0:
                    block.held[0] += 1
                    qx = px
                    qy = py
                    qz = pz
                    w = v
            if watched and boundary < 0 and kind == s and near_start[w + 1] > near_start[w]:
                f, exponent, extent = brushes(walls, s, w, px, py, pz, qx, qy, qz, diffusion * dt)
                if f >= 0:
                    a, _, _, _ = words(key, low + i, step, TOUCH, s, FIRST)
                    boundary = touched(walls, s, f, exponent, extent, diffusion, dt, uniform(a))
        if boundary < 0 and kind == s:
            x[j] = qx
            y[j] = qy
            z[j] = qz
            if not tells or passed < 0:
                continue
        end[0, leavers] = qx
        end[1, leavers] = qy
        end[2, leavers] = qz
        block.way[leavers] = boundary if boundary >= 0 else THROUGH - passed
        hard[leavers] = i
        leavers += 1
    shift(x, first, delta[0], n)
    shift(y, first, delta[1], n)
    shift(z, first, delta[2], n)
    voxels_at(frame, x, y, z, first, n, now)
    if column >= 0:
        for i in range(n):
            before = of_voxel[voxel[first + i]] * columns + column
            after = of_voxel[now[i]] * columns + column
            if not shared:
                count[before] -= 1
                count[after] += 1
            elif before != after:
                add_safely(count, before, NONE)
                add_safely(count, after, -NONE)
    for i in range(n):
        voxel[first + i] = now[i]
    return leavers


@inline
def fly_some(walls, cells, chem, key, state, block, s, low, high, shared, dt):
    """Move molecules low .. high - 1 of a volume species by one step. Returns how many of them leave.

    Entries `low` on of State.leaver and State.way tell which, in ascending order, and how. Those that come into another
    space are already there, but for their voxel. What is counted is left in the block, see `gather`.
    """
    step = state.serial[STEPS]
    sigma = math.sqrt(2.0 * chem.D[s] * dt)
    waits = walls.arrives[s]
    start = state.start[s]
    gone = low
    for begin in range(low, high, BLOCK):
        first = start + begin
        n = min(BLOCK, high - begin)
        displacements(key, step, s, begin, n, sigma, block.delta, block.left, block.hard, block.tail)
        leavers = fly(
            walls,
            cells,
            chem,
            key,
            state,
            block,
            s,
            begin,
            state.x,
            state.y,
            state.z,
            state.voxel,
            first,
            n,
            REAL,
            shared,
            dt,
        )
        for m in range(leavers):
            i = np.int64(block.hard[m])
            state.leaver[gone] = begin + i
            state.way[gone] = block.way[m]
            gone += 1
            if block.way[m] < 0:
                state.x[first + i] = block.end[0, m]
                state.y[first + i] = block.end[1, m]
                state.z[first + i] = block.end[2, m]
        if waits:
            for j in range(first, first + n):
                if state.face[j] == ARRIVED:
                    state.face[j] = NONE
    return gone - low


@entry
def fly_share(walls, cells, chem, key, state, block, s, low, high, dt):
    """`fly_some` while other threads move other molecules of the species, each with a block of its own."""
    return fly_some(walls, cells, chem, key, state, block, s, low, high, True, dt)


@entry
def gather(state, block):
    """Add what a block has counted to what the trial has."""
    for b in range(block.passed.shape[0]):
        state.absorbed[b] += block.passed[b]
        block.passed[b] = 0
    state.serial[HELD] += block.held[0]
    block.held[0] = 0
