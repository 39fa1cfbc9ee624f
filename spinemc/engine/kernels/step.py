"""One time step after another: reactions for half a step, motion and encounters, reactions for the other half.

The halves on both sides make the splitting symmetric, so that its error falls with the square of the step.
"""

import math

import numpy as np

from spinemc.engine.kernels.flight import BLOCK, TRIAL, fly, fly_some, gather
from spinemc.engine.kernels.ions import (
    are_followed,
    at_boundary,
    bring,
    is_at,
    log_is_short,
    log_lasts,
    pick_up_and_note,
    put_down,
    trace_of,
)
from spinemc.engine.kernels.membrane import glide, tangents, voxels_of
from spinemc.engine.kernels.move import frame_of, point_in_voxel, voxel_at
from spinemc.engine.kernels.places import inside, is_within
from spinemc.engine.kernels.react import (
    add,
    fire,
    happens,
    hazard_of,
    meet,
    rate_at,
    remove,
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
from spinemc.engine.kernels.roster import cell_of, forget, note_move
from spinemc.engine.kernels.tables import (
    ARRIVED,
    ENTRIES,
    FULL,
    HELD,
    LEAVERS,
    MOVER,
    MOVES,
    NONE,
    PART,
    REST,
    STEPS,
    THROUGH,
    TRIES,
)

TRIED = np.int64(2**31)  # the first molecule that clamps try has this number, for its random numbers

# what `advance` says when it comes back
DONE, GROW, SHARE, OVERFLOW, LOG = range(5)

# parts of a step, see State.pause
BEFORE, MOTION, AFTER = range(3)


@inline
def leave(walls, cells, chem, key, state, spot, s, leavers, dt):
    """Take out the molecules that have left a volume species in its motion, those that State.leaver tells."""
    step = state.serial[STEPS]
    follows = are_followed(state)
    trace = trace_of(chem, state, spot)
    for m in range(leavers - 1, -1, -1):
        i = np.int64(state.leaver[m])
        way = np.int64(state.way[m])
        j = state.start[s] + i
        x = state.x[j]
        y = state.y[j]
        z = state.z[j]
        if follows:
            pick_up_and_note(trace, s, j, at_boundary(state, way if way >= 0 else THROUGH - way))
            if way < 0 and walls.becomes[THROUGH - way] == s:
                continue
        remove(cells, chem, state, s, i)
        if way >= 0:
            state.absorbed[way] += 1
            continue
        kind = walls.becomes[THROUGH - way]
        v = voxel_at(frame_of(walls, walls.space[kind]), x, y, z)
        add(cells, chem, state, kind, x, y, z, v, NONE, ARRIVED if kind > s else NONE)
        if follows:
            put_down(trace, kind, np.int64(0))
        if kind < s and state.serial[FULL] == 0:  # those of its new kind have met theirs
            _, _, _, d = words(key, i, step, MOVE, s, FIRST)
            encounter(walls, cells, chem, key, state, spot, kind, state.n[kind] - 1, dt, uniform(d))


@inline
def last_drawn(cells, chem, state, block, s, first, n, dt):
    """The last of a block's first n molecules that may meet a partner, by the numbers in block.left; NONE for none."""
    found = NONE
    for i in range(n):
        cell = np.int64(cells.of_voxel[state.voxel[first + i]])
        hazard = hazard_of(chem, state, s, cell * chem.columns[0], dt / cells.volume[cell])
        found = i if block.left[i] < hazard else found
    return found


@inline
def seek(walls, cells, chem, key, state, spot, block, s, dt):
    """Let every molecule of a volume species meet the partners in its cell, the last one first."""
    high = state.n[s]
    while high > 0:
        low = max(0, high - BLOCK)
        spares(key, state.serial[STEPS], s, low, high - low, block.left)
        i = high - low
        while i > 0:  # an encounter may change what the others find
            i = last_drawn(cells, chem, state, block, s, state.start[s] + low, min(i, state.n[s] - low), dt)
            if i >= 0:
                encounter(walls, cells, chem, key, state, spot, s, low + i, dt, block.left[i])
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
        leavers = fly(
            walls,
            cells,
            chem,
            key,
            state,
            block,
            s,
            first,
            block.x,
            block.y,
            block.z,
            block.start,
            begin,
            n,
            TRIAL,
            False,
            dt,
        )
        block.passed[:] = 0  # it was only tried
        gather(state, block)
        for m in range(leavers):
            if block.way[m] != entries.boundary[e]:
                continue
            state.absorbed[entries.boundary[e]] -= 1
            i = np.int64(block.hard[m])
            add(cells, chem, state, s, block.x[i], block.y[i], block.z[i], np.int64(block.start[i]), NONE, NONE)
            bring(trace_of(chem, state, spot), s, at_boundary(state, entries.boundary[e]))
            if chem.active_start[s + 1] > chem.active_start[s] and state.serial[FULL] == 0:
                encounter(walls, cells, chem, key, state, spot, s, state.n[s] - 1, dt, block.left[i])


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
                v, w = voxels_of(walls, f, x, y, z)
                note_move(cells, chem, state, s, j, v, w)
                state.x[j] = x
                state.y[j] = y
                state.z[j] = z
                state.face[j] = f
                state.voxel[j] = v
                state.behind[j] = w
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
    left = state.pause[REST] if state.pause[REST] > 0.0 else span
    state.pause[REST] = fire(walls, cells, chem, key, state, spot, t, span, left)
    return state.pause[REST] == 0.0


@entry
def advance(walls, cells, chem, entries, key, state, spot, block, start, dt, first, steps, share):
    """Advance a trial from step `first` of a stretch to step `steps`.

    Parameters
    ----------
    start : float
        Time at the stretch's beginning [s].
    dt : float
        Length of its steps [s].
    share : int
        Number of molecules of one species whose motion other threads are to have a part in.

    Returns
    -------
    step : int
        The number of steps of the stretch that are done.
    status : int
        DONE; GROW, where a species needs more slots; LOG, where the log of ions needs more room; SHARE, where species
        State.pause[MOVER] is to be moved by several threads (kernels.flight.fly_share). Called again with the room, or
        with State.pause[LEAVERS], the step goes on where it was. OVERFLOW, where the encounters of one step made more
        molecules than there were slots for: the trial is spoilt.
    """
    for step in range(first, steps):
        t = start + step * dt
        if state.pause[PART] == BEFORE:
            if not half(walls, cells, chem, key, state, spot, t, 0.5 * dt):
                return step, LOG if log_is_short(state, spot) else GROW
            state.pause[PART] = MOTION
        if state.pause[PART] == MOTION:
            if state.pause[LEAVERS] < 0:
                if not has_room(state, entries):
                    return step, GROW
                if not log_lasts(
                    trace_of(chem, state, spot),
                    state.room,
                    walls.parts,
                    walls.space,
                    chem.D,
                    chem.active_start,
                    entries.species,
                    entries.most,
                ):
                    return step, LOG
            is_at(state, t + 0.5 * dt)
            for m in range(chem.active.shape[0]):
                r = chem.active[m]
                state.rate[r] = rate_at(chem.rate_start, chem.rate_time, chem.rate_value, state.cursor, r, t + 0.5 * dt)
            for s in range(np.int64(state.pause[MOVER]), state.n.shape[0]):
                if chem.D[s] > 0.0 and not chem.surface[s]:
                    leavers = np.int64(state.pause[LEAVERS])
                    state.pause[LEAVERS] = NONE
                    if leavers < 0:
                        state.serial[MOVES] += state.n[s]
                        forget(chem, state, s)
                        if state.n[s] >= share:
                            state.pause[MOVER] = s
                            return step, SHARE
                        low = np.int64(0)
                        leavers = fly_some(walls, cells, chem, key, state, block, s, low, state.n[s], False, dt)
                        gather(state, block)
                    leave(walls, cells, chem, key, state, spot, s, leavers, dt)
                    if chem.active_start[s + 1] > chem.active_start[s]:
                        seek(walls, cells, chem, key, state, spot, block, s, dt)
                elif chem.D[s] > 0.0 or chem.active_start[s + 1] > chem.active_start[s]:
                    stay(walls, cells, chem, key, state, spot, s, dt)
            state.pause[MOVER] = 0
            for e in range(entries.species.shape[0]):
                enter(walls, cells, chem, entries, key, state, spot, block, e, dt)
            if state.serial[FULL] != 0:
                return step, OVERFLOW
            state.pause[PART] = AFTER
        if not half(walls, cells, chem, key, state, spot, t + 0.5 * dt, 0.5 * dt):
            return step, LOG if log_is_short(state, spot) else GROW
        state.pause[PART] = BEFORE
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
            last = cells.compartment_start[space + 1]
            if last > all_of_it + 1:
                for j in range(base, base + n):
                    compartment = all_of_it + 1
                    while compartment < last:
                        if is_within(cells, compartment, state.x[j], state.y[j], state.z[j]):
                            volume_count[compartment, home[s]] += 1
                            compartment = cells.compartment_set[compartment, 1]
                        else:
                            compartment += 1
