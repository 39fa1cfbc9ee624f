"""One time step after another: reactions for half a step, motion and encounters, reactions for the other half.

The halves on both sides make the splitting symmetric, so that its error falls with the square of the step.
"""

import math

import numpy as np

from spinemc.engine.kernels.flight import BLOCK, REAL, TRIAL, fly
from spinemc.engine.kernels.membrane import glide, tangents, voxels_of
from spinemc.engine.kernels.move import frame_of, point_in_voxel
from spinemc.engine.kernels.places import compartment_of, inside
from spinemc.engine.kernels.react import (
    add,
    cell_of,
    fire,
    happens,
    hazard_of,
    meet,
    rate_at,
    remove,
    tell,
)
from spinemc.engine.kernels.rng import (
    ENTER,
    FIRST,
    MOVE,
    SECOND,
    displacements,
    entry,
    exponential,
    inline,
    jit,
    normal,
    pick,
    spares,
    uniform,
    words,
)
from spinemc.engine.kernels.tables import ARRIVED, ENTRIES, FULL, HELD, MOVES, NONE, STEPS, TRIES

TRIED = np.int64(2**31)  # the first molecule that clamps try has this number, for its random numbers

# what `advance` says when it comes back
DONE, GROW, OVERFLOW = range(3)

# parts of a step, see State.pause
BEFORE, MOTION, AFTER = range(3)


@inline
def move(walls, cells, chem, key, state, spot, block, s, dt):
    """Move every molecule of a volume species by one step and take out what is absorbed."""
    step = state.serial[STEPS]
    sigma = math.sqrt(2.0 * chem.D[s] * dt)
    waits = walls.arrives[s]
    state.serial[MOVES] += state.n[s]
    high = state.n[s]
    while high > 0:
        low = max(0, high - BLOCK)
        first = state.start[s] + low
        n = high - low
        displacements(key, step, s, low, n, sigma, block.delta, block.left, block.hard, block.tail)
        hards = fly(
            walls, cells, chem, key, state, block, s, low, state.x, state.y, state.z, state.voxel, first, n, REAL, dt
        )
        if waits:
            for j in range(first, first + n):
                if state.face[j] == ARRIVED:
                    state.face[j] = NONE
        for m in range(hards - 1, -1, -1):
            i = np.int64(block.hard[m])
            x = block.end[0, m]
            y = block.end[1, m]
            z = block.end[2, m]
            w = block.end_voxel[m]
            kind = block.end_kind[m]
            if block.end_boundary[m] >= 0:
                state.absorbed[block.end_boundary[m]] += 1
                remove(cells, chem, state, s, low + i)
            elif kind != s:
                remove(cells, chem, state, s, low + i)
                add(cells, chem, state, kind, x, y, z, w, NONE, ARRIVED if kind > s else NONE)
                if kind < s and state.serial[FULL] == 0:  # those of its new kind have met theirs
                    encounter(walls, cells, chem, key, state, spot, kind, state.n[kind] - 1, dt, block.left[i])
            else:
                j = first + i
                v = np.int64(state.voxel[j])
                if cells.of_voxel[v] != cells.of_voxel[w]:
                    tell(cells, chem, state, s, v, NONE, -1)
                    tell(cells, chem, state, s, w, NONE, 1)
                state.x[j] = x
                state.y[j] = y
                state.z[j] = z
                state.voxel[j] = w
        high = low


@inline
def seek(walls, cells, chem, key, state, spot, block, s, dt):
    """Let every molecule of a volume species meet the partners in its cell."""
    step = state.serial[STEPS]
    base = state.start[s]
    columns = chem.columns[0]
    high = state.n[s]
    while high > 0:
        low = max(0, high - BLOCK)
        spares(key, step, s, low, high - low, block.left)
        for i in range(high - 1, low - 1, -1):
            if i >= state.n[s]:
                continue
            cell = cells.of_voxel[state.voxel[base + i]]
            hazard = hazard_of(
                chem,
                state,
                s,
                cell * columns,
                dt / cells.volume[cell],
            )
            if happens(hazard, block.left[i - low]):
                meet(walls, cells, chem, key, state, spot, s, i)
        high = low


@jit
def enter(walls, cells, chem, entries, key, state, spot, block, e, dt):
    """Let molecules in through a boundary held at a concentration, and let each meet partners.

    In an even solution of that concentration, as many would start from a place and be taken by the boundary as come
    from it and end there: a step and its reverse are equally likely. So molecules of such a solution are tried, and
    those that the boundary takes are put where they started from. What enters and what leaves balance whatever the
    shape, the step and the way that absorption is decided.
    """
    s = entries.species[e]
    step = state.serial[STEPS]
    frame = frame_of(walls, walls.space[s])
    low = entries.start[e]
    number = entries.start[e + 1] - low
    sigma = math.sqrt(2.0 * chem.D[s] * dt)
    absorbed = spot.absorbed
    for b in range(absorbed.shape[0]):
        absorbed[b] = state.absorbed[b]
    state.clock[1 + e] -= entries.tried[e]
    while state.clock[1 + e] < 0.0:
        first = TRIED + state.serial[TRIES] % TRIED
        n = 0
        while state.clock[1 + e] < 0.0 and n < BLOCK:
            serial = state.serial[ENTRIES]
            state.serial[ENTRIES] += 1
            a, _, _, _ = words(key, serial, serial >> 32, ENTER, e, FIRST)
            state.clock[1 + e] += exponential(a)
            a, g, h, p = words(key, serial, serial >> 32, ENTER, e, SECOND)
            v = np.int64(entries.voxel[low + pick(a, number)])
            x, y, z = point_in_voxel(frame, v, uniform(g), uniform(h), uniform(p))
            if inside(walls, walls.space[s], v, x, y, z):
                block.x[n] = x
                block.y[n] = y
                block.z[n] = z
                block.start[n] = v
                n += 1
        state.serial[TRIES] += n
        displacements(key, step, s, first, n, sigma, block.delta, block.left, block.hard, block.tail)
        begin = np.int64(0)
        hards = fly(
            walls, cells, chem, key, state, block, s, first, block.x, block.y, block.z, block.start, begin, n, TRIAL, dt
        )
        for m in range(hards):
            if block.end_boundary[m] != entries.boundary[e]:
                continue
            absorbed[entries.boundary[e]] -= 1
            i = np.int64(block.hard[m])
            add(cells, chem, state, s, block.x[i], block.y[i], block.z[i], np.int64(block.start[i]), NONE, NONE)
            if chem.active_start[s + 1] > chem.active_start[s] and state.serial[FULL] == 0:
                encounter(walls, cells, chem, key, state, spot, s, state.n[s] - 1, dt, block.left[i])
    for b in range(absorbed.shape[0]):
        state.absorbed[b] = absorbed[b]  # passages through partitions were only tried


@jit
def encounter(walls, cells, chem, key, state, spot, s, i, dt, u):
    """Let molecule i of species s meet partners in its cell for a step, by a uniform number u."""
    cell = cell_of(cells, state, state.start[s] + i, chem.side[s])
    hazard = hazard_of(
        chem,
        state,
        s,
        cell * chem.columns[0],
        dt / (cells.area[chem.on[s], cell] if chem.surface[s] else cells.volume[cell]),
    )
    if happens(hazard, u):
        meet(walls, cells, chem, key, state, spot, s, i)


@jit
def stay(walls, cells, chem, key, state, spot, s, dt):
    """Let every molecule of a species that does not move through a volume glide in the membrane and meet partners."""
    step = state.serial[STEPS]
    glides = chem.D[s] > 0.0
    seeks = chem.active_start[s + 1] > chem.active_start[s]
    sigma = math.sqrt(2.0 * chem.D[s] * dt)
    for i in range(state.n[s] - 1, -1, -1):
        if i >= state.n[s]:
            continue
        a, b, _, d = words(key, i, step, MOVE, s, FIRST)
        if glides:
            j = state.start[s] + i
            f = np.int64(state.face[j])
            tx, ty, tz, ux, uy, uz = tangents(walls.plane[f, 0], walls.plane[f, 1], walls.plane[f, 2])
            g = sigma * normal(a)
            h = sigma * normal(b)
            x, y, z, f = glide(
                walls,
                walls.home[s],
                f,
                state.x[j],
                state.y[j],
                state.z[j],
                g * tx + h * ux,
                g * ty + h * uy,
                g * tz + h * uz,
            )
            if f < 0:
                state.serial[HELD] += 1
            else:
                tell(cells, chem, state, s, state.voxel[j], state.behind[j], -1)
                v, w = voxels_of(walls, f, x, y, z)
                state.x[j] = x
                state.y[j] = y
                state.z[j] = z
                state.face[j] = f
                state.voxel[j] = v
                state.behind[j] = w
                tell(cells, chem, state, s, v, w, 1)
        if seeks:
            encounter(walls, cells, chem, key, state, spot, s, i, dt, uniform(d))


@jit
def has_room(state, entries):
    """Whether every species has slots for what the encounters of one step may make and clamps may let in."""
    total = 0
    for s in range(state.n.shape[0]):
        total += state.n[s]
    for e in range(entries.species.shape[0]):
        total += entries.most[e]
    for s in range(state.n.shape[0]):
        needed = 64 + total // 4
        for e in range(entries.species.shape[0]):
            needed += entries.most[e] if entries.species[e] == s else 0
        if state.room[s] - state.n[s] < needed:
            return False
    return True


@inline
def half(walls, cells, chem, key, state, spot, t, span):
    """The reactions of half a step, or what is left of it after a pause. Returns whether it came to its end."""
    left = state.pause[1] if state.pause[1] > 0.0 else span
    state.pause[1] = fire(walls, cells, chem, key, state, spot, t, span, left)
    return state.pause[1] == 0.0


@entry
def advance(walls, cells, chem, entries, key, state, spot, block, start, dt, first, steps):
    """Advance a trial from step `first` of a stretch to step `steps`.

    Parameters
    ----------
    start : float
        Time at the stretch's beginning [s].
    dt : float
        Length of its steps [s].

    Returns
    -------
    step : int
        The number of steps of the stretch that are done.
    status : int
        DONE; GROW, where a species needs more slots: called again with more, the step goes on where it was; OVERFLOW,
        where the encounters of one step made more molecules than there were slots for, and the trial is spoilt.
    """
    for step in range(first, steps):
        t = start + step * dt
        if state.pause[0] == BEFORE:
            if not half(walls, cells, chem, key, state, spot, t, 0.5 * dt):
                return step, GROW
            state.pause[0] = MOTION
        if state.pause[0] == MOTION:
            if not has_room(state, entries):
                return step, GROW
            for m in range(chem.active.shape[0]):
                r = chem.active[m]
                state.rate[r] = rate_at(chem.rate_start, chem.rate_time, chem.rate_value, state.cursor, r, t + 0.5 * dt)
            for s in range(state.n.shape[0]):
                if chem.D[s] > 0.0 and not chem.surface[s]:
                    move(walls, cells, chem, key, state, spot, block, s, dt)
                    if chem.active_start[s + 1] > chem.active_start[s]:
                        seek(walls, cells, chem, key, state, spot, block, s, dt)
                elif chem.D[s] > 0.0 or chem.active_start[s + 1] > chem.active_start[s]:
                    stay(walls, cells, chem, key, state, spot, s, dt)
            for e in range(entries.species.shape[0]):
                enter(walls, cells, chem, entries, key, state, spot, block, e, dt)
            if state.serial[FULL] != 0:
                return step, OVERFLOW
            state.pause[0] = AFTER
        if not half(walls, cells, chem, key, state, spot, t + 0.5 * dt, 0.5 * dt):
            return step, GROW
        state.pause[0] = BEFORE
        state.serial[STEPS] += 1
    return steps, DONE


@entry
def tally(walls, cells, chem, state, home, whole, volume_count, surface_count):
    """Count molecules by compartment and by region; the whole of a space or a surface counts all on it.

    Parameters
    ----------
    home : (species,) int
        The species that a population is one of.
    whole : (surfaces,) int
        Number of the region that is the whole of each surface.
    volume_count : (compartments, species) int32
        Zeros; filled for the volume species.
    surface_count : (regions, species) int32
        Zeros; filled for the surface species.
    """
    for s in range(state.n.shape[0]):
        base = state.start[s]
        n = state.n[s]
        if chem.surface[s]:
            all_of_it = whole[chem.on[s]]
            surface_count[all_of_it, s] = n
            for j in range(base, base + n):
                region = walls.face_region[state.face[j]]
                if region != all_of_it:
                    surface_count[region, s] += 1
        else:
            space = walls.space[s]
            all_of_it = cells.compartment_start[space]
            volume_count[all_of_it, home[s]] += n
            if cells.compartment_start[space + 1] > all_of_it + 1:
                for j in range(base, base + n):
                    compartment = compartment_of(cells, space, state.x[j], state.y[j], state.z[j])
                    if compartment != all_of_it:
                        volume_count[compartment, home[s]] += 1
