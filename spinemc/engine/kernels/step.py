"""One time step after another: reactions for half a step, motion and encounters, reactions for the other half.

The halves on both sides make the splitting symmetric, so that its error falls with the square of the step.
"""

import math

import numpy as np

from spinemc.engine.kernels.absorb import brushes, creep, pass_or_bounce, touched
from spinemc.engine.kernels.membrane import glide, tangents, voxels_of
from spinemc.engine.kernels.move import frame_of, point_in_voxel, travel, voxel_at
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
    TOUCH,
    displacements,
    exponential,
    inline,
    jit,
    normal,
    pick,
    uniform,
    words,
)
from spinemc.engine.kernels.tables import ARRIVED, ENTRIES, FULL, HELD, MOVES, NONE, STEPS

BLOCK = 256  # molecules whose displacements are drawn together

# what `advance` says when it comes back
DONE, GROW, OVERFLOW = range(3)

# parts of a step, see State.pause
BEFORE, MOTION, AFTER = range(3)


@inline
def flight(
    walls,
    state,
    key,
    step,
    species,
    i,
    frame,
    of_voxel,
    shelter,
    shelter_first,
    rim_start,
    near_start,
    near,
    center_inside,
    start,
    triangle,
    plane,
    corner,
    boundaries,
    taken,
    parts,
    diffusion,
    dt,
    v,
    px,
    py,
    pz,
    dx,
    dy,
    dz,
):
    """Where molecule i of a volume species is after a step from p in voxel v along d, and what has become of it.

    The walls' arrays come one by one, see kernels.move.

    Returns
    -------
    x, y, z, voxel, boundary, species
        As `kernels.absorb.pass_or_bounce`.
    """
    clear = of_voxel[v, 1] * 1e-6
    square = dx * dx + dy * dy + dz * dz
    x = px + dx
    y = py + dy
    z = pz + dz
    w = voxel_at(frame, x, y, z)
    boundary = NONE
    kind = species
    row = v + shelter_first
    if taken and rim_start[v + 1] > rim_start[v]:
        return creep(walls, state, key, step, species, i, px, py, pz, v, diffusion, dt)
    if square >= clear * clear and (
        square > shelter[row, 4]
        or shelter[row, 0] * px + shelter[row, 1] * py + shelter[row, 2] * pz >= shelter[row, 3]
        or shelter[row, 0] * x + shelter[row, 1] * y + shelter[row, 2] * z >= shelter[row, 3]
    ):
        if parts:
            x, y, z, w, boundary, kind = pass_or_bounce(
                walls, state, key, step, species, i, SECOND, diffusion, dt, px, py, pz, dx, dy, dz
            )
        else:
            x, y, z, w, boundary = travel(
                frame, center_inside, start, triangle, plane, corner, boundaries, species, px, py, pz, dx, dy, dz
            )
            if w < 0 and boundary < 0:
                state.serial[HELD] += 1
                x = px
                y = py
                z = pz
                w = v
    if taken and boundary < 0 and kind == species and near_start[w + 1] > near_start[w]:
        f, exponent, extent = brushes(
            near_start, near, plane, corner, boundaries, species, w, px, py, pz, x, y, z, diffusion * dt
        )
        if f >= 0:
            a, _, _, _ = words(key, i, step, TOUCH, species, FIRST)
            boundary = touched(walls, species, f, exponent, extent, diffusion, dt, uniform(a))
    return x, y, z, w, boundary, kind


@jit
def enter(walls, cells, chem, entries, key, state, spot, e, dt):
    """Let molecules in through a boundary held at a concentration, and let each meet partners.

    In an even solution of that concentration, as many would start from a place and be taken by the boundary as come
    from it and end there: a step and its reverse are equally likely. So molecules of such a solution are tried, and
    those that the boundary takes are put where they started from. What enters and what leaves balance whatever the
    shape, the step and the way that absorption is decided.
    """
    s = entries.species[e]
    b = entries.boundary[e]
    step = state.serial[STEPS]
    frame = frame_of(walls, walls.space[s])
    low = entries.start[e]
    high = entries.start[e + 1]
    sigma = math.sqrt(2.0 * chem.D[s] * dt)
    state.clock[1 + e] -= entries.tried[e]
    kept = state.absorbed.copy()
    while state.clock[1 + e] < 0.0:
        serial = state.serial[ENTRIES]
        state.serial[ENTRIES] += 1
        a, _, _, _ = words(key, serial, serial >> 32, ENTER, e, FIRST)
        state.clock[1 + e] += exponential(a)
        a, g, h, p = words(key, serial, serial >> 32, ENTER, e, SECOND)
        v = np.int64(entries.voxel[low + pick(a, high - low)])
        px, py, pz = point_in_voxel(frame, v, uniform(g), uniform(h), uniform(p))
        if not inside(walls, walls.space[s], v, px, py, pz):
            continue
        i = -1 - serial  # no molecule's
        a, g, h, p = words(key, i, step, MOVE, s, FIRST)
        _, _, _, _, boundary, _ = flight(
            walls,
            state,
            key,
            step,
            s,
            i,
            frame,
            cells.of_voxel,
            walls.shelter,
            walls.shelter_first[s],
            walls.rim_start,
            walls.near_start,
            walls.near,
            walls.center_inside,
            walls.start,
            walls.triangle,
            walls.plane,
            walls.corner,
            walls.boundary,
            walls.takes[s],
            walls.parts[s],
            chem.D[s],
            dt,
            v,
            px,
            py,
            pz,
            sigma * normal(a),
            sigma * normal(g),
            sigma * normal(h),
        )
        if boundary == b:
            kept[b] -= 1
            add(cells, chem, state, s, px, py, pz, v, NONE, NONE)
            if chem.active_start[s + 1] > chem.active_start[s] and state.serial[FULL] == 0:
                encounter(walls, cells, chem, key, state, spot, s, state.n[s] - 1, dt, uniform(p))
    state.absorbed[:] = kept  # a passage through a partition was only tried


@jit
def move(walls, cells, chem, key, state, spot, s, dt):
    """Move every molecule of a volume species by one step, take out what is absorbed, and let each meet partners."""
    step = state.serial[STEPS]
    sigma = math.sqrt(2.0 * chem.D[s] * dt)
    base = state.start[s]
    column = chem.column[0, s]
    columns = chem.columns[0]
    seeks = chem.active_start[s + 1] > chem.active_start[s]
    taken = walls.takes[s]
    parts = walls.parts[s]
    waits = walls.arrives[s]
    diffusion = chem.D[s]
    # arrays out of their tuples, see kernels.move
    frame = frame_of(walls, walls.space[s])
    center_inside = walls.center_inside
    start = walls.start
    triangle = walls.triangle
    plane = walls.plane
    corner = walls.corner
    boundaries = walls.boundary
    near_start = walls.near_start
    near = walls.near
    rim_start = walls.rim_start
    shelter = walls.shelter
    shelter_first = walls.shelter_first[s]
    of_voxel = cells.of_voxel
    cell_volume = cells.volume
    active_start = chem.active_start
    active = chem.active
    partner = chem.partner
    partner_column = chem.partner_column
    at_x = state.x
    at_y = state.y
    at_z = state.z
    at_voxel = state.voxel
    at_face = state.face
    count = state.count
    rate = state.rate
    number = state.n
    delta = spot.delta
    left = spot.left
    state.serial[MOVES] += number[s]
    high = number[s]
    while high > 0:
        low = max(0, high - BLOCK)
        displacements(key, step, s, low, high - low, sigma, delta, left)
        for i in range(high - 1, low - 1, -1):
            if i >= number[s]:
                continue
            j = base + i
            v = np.int64(at_voxel[j])
            if waits and at_face[j] == ARRIVED:
                at_face[j] = NONE
                continue
            x, y, z, w, boundary, kind = flight(
                walls,
                state,
                key,
                step,
                s,
                i,
                frame,
                of_voxel,
                shelter,
                shelter_first,
                rim_start,
                near_start,
                near,
                center_inside,
                start,
                triangle,
                plane,
                corner,
                boundaries,
                taken,
                parts,
                diffusion,
                dt,
                v,
                at_x[j],
                at_y[j],
                at_z[j],
                delta[0, i - low],
                delta[1, i - low],
                delta[2, i - low],
            )
            if boundary >= 0:
                state.absorbed[boundary] += 1
                remove(cells, chem, state, s, i)
                continue
            if kind != s:
                remove(cells, chem, state, s, i)
                add(cells, chem, state, kind, x, y, z, w, NONE, ARRIVED if kind > s else NONE)
                encounter(walls, cells, chem, key, state, spot, kind, number[kind] - 1, dt, left[i - low])
                continue
            at_x[j] = x
            at_y[j] = y
            at_z[j] = z
            at_voxel[j] = w
            cell = of_voxel[w, 0]
            if column >= 0:
                old = of_voxel[v, 0]
                if old != cell:
                    count[old * columns + column] -= 1
                    count[cell * columns + column] += 1
            if seeks:
                hazard = hazard_of(
                    active_start,
                    active,
                    partner,
                    partner_column,
                    rate,
                    count,
                    s,
                    cell * columns,
                    dt / cell_volume[cell],
                )
                if happens(hazard, left[i - low]):
                    meet(walls, cells, chem, key, state, spot, s, i)
        high = low


@jit
def encounter(walls, cells, chem, key, state, spot, s, i, dt, u):
    """Let molecule i of species s meet partners in its cell for a step, by a uniform number u."""
    cell = cell_of(cells, state, state.start[s] + i, chem.side[s])
    hazard = hazard_of(
        chem.active_start,
        chem.active,
        chem.partner,
        chem.partner_column,
        state.rate,
        state.count,
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


@jit
def half(walls, cells, chem, key, state, spot, t, span):
    """The reactions of half a step, or what is left of it after a pause. Returns whether it came to its end."""
    left = state.pause[1] if state.pause[1] > 0.0 else span
    state.pause[1] = fire(walls, cells, chem, key, state, spot, t, span, left)
    return state.pause[1] == 0.0


@jit
def advance(walls, cells, chem, entries, key, state, spot, start, dt, first, steps):
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
                    move(walls, cells, chem, key, state, spot, s, dt)
                elif chem.D[s] > 0.0 or chem.active_start[s + 1] > chem.active_start[s]:
                    stay(walls, cells, chem, key, state, spot, s, dt)
            for e in range(entries.species.shape[0]):
                enter(walls, cells, chem, entries, key, state, spot, e, dt)
            if state.serial[FULL] != 0:
                return step, OVERFLOW
            state.pause[0] = AFTER
        if not half(walls, cells, chem, key, state, spot, t + 0.5 * dt, 0.5 * dt):
            return step, GROW
        state.pause[0] = BEFORE
        state.serial[STEPS] += 1
    return steps, DONE


@jit
def tally(walls, cells, chem, state, home, whole, volume_count, surface_count):
    """Count molecules by compartment and by region; the whole of a space or a surface counts all on it.

    Parameters
    ----------
    home : (species,) int
        The species that a population is one of.
    whole : (surfaces,) int
        Number of the region that is the whole of each surface.
    volume_count : (compartments, species) int32
        Filled for the volume species.
    surface_count : (regions, species) int32
        Filled for the surface species.
    """
    volume_count[:] = 0
    surface_count[:] = 0
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
