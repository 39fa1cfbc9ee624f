"""Reactions: what a molecule becomes, when, with whom and where the products appear.

Zeroth- and first-order reactions are simulated exactly in continuous time (Gillespie's direct method on the total
hazard of all molecules). Second-order reactions happen between molecules that share a reaction cell of inside
volume V, each pair with probability k dt / V in a step; a reverse step puts the freed molecule anywhere in the cell.
With that, binding and unbinding obey detailed balance whatever the cells' shapes and sizes: the wall's cuts change V
and nothing else.
"""

import math

import numpy as np

from spinemc.engine.kernels.membrane import tangents, voxels_of
from spinemc.engine.kernels.move import frame_of, is_inside, point_in_voxel, travel_in, voxel_at
from spinemc.engine.kernels.rng import (
    ENTER,
    EVENT,
    FIRST,
    PLACE,
    REACT,
    SECOND,
    exponential,
    inline,
    jit,
    normal,
    pick,
    uniform,
    words,
)
from spinemc.engine.kernels.tables import (
    ARRIVED,
    AT_FIRST,
    AT_SECOND,
    BELOW,
    ENTRIES,
    EVENTS,
    FULL,
    HELD,
    NAMES,
    NONE,
    PLACES,
    SPREAD,
)

CELL_ATTEMPTS = np.int64(256)  # random places tried before a cell counts as having no room
ANY_ATTEMPTS = np.int64(65536)  # and before a compartment does
BELOW_ENTRY = 1e-6  # where a molecule let in starts its way, below the boundary [um]
MOST_PRODUCTS = np.int64(8)  # of one reaction
THIRD = 1.0 / 3.0
UNKNOWN = -1.0  # a rate that was not looked up because no molecule asks for it
DEPTHS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # below the membrane, tried in turn [um]


@inline
def tell(cells, chem, state, s, voxel, behind, change):
    """Note in State.count that there are `change` more molecules of species s in the cells of two voxels."""
    for side in range(2):
        column = chem.column[side, s]
        if column >= 0:
            v = voxel if side == 0 else behind
            state.count[cells.of_voxel[v, 0] * chem.columns[0] + column] += change


@jit
def add(cells, chem, state, s, x, y, z, voxel, behind, face):
    """Put one more molecule of species s at a place; sets State.serial[FULL] where there is no slot left."""
    i = state.n[s]
    if i >= state.room[s]:
        state.serial[FULL] = s + 1
        return
    j = state.start[s] + i
    state.x[j] = x
    state.y[j] = y
    state.z[j] = z
    state.voxel[j] = voxel
    state.behind[j] = behind
    state.face[j] = face
    state.name[j] = state.serial[NAMES]
    state.serial[NAMES] += 1
    state.n[s] = i + 1
    tell(cells, chem, state, s, voxel, behind, 1)


@jit
def remove(cells, chem, state, s, i):
    """Take molecule i of species s out; the last one of the species takes its slot."""
    j = state.start[s] + i
    tell(cells, chem, state, s, state.voxel[j], state.behind[j], -1)
    last = state.start[s] + state.n[s] - 1
    state.x[j] = state.x[last]
    state.y[j] = state.y[last]
    state.z[j] = state.z[last]
    state.voxel[j] = state.voxel[last]
    state.behind[j] = state.behind[last]
    state.face[j] = state.face[last]
    state.name[j] = state.name[last]
    state.n[s] -= 1


@jit
def compartment_of(cells, space, x, y, z):
    """Number of the compartment of a space that holds a point: its first part that does, or the whole."""
    shapes = cells.compartment_shape
    whole = cells.compartment_start[space]
    for c in range(whole + 1, cells.compartment_start[space + 1]):
        if shapes[c, 0] == 0.0:
            if (
                shapes[c, 1] <= x < shapes[c, 4]
                and shapes[c, 2] <= y < shapes[c, 5]
                and shapes[c, 3] <= z < shapes[c, 6]
            ):
                return c
        else:
            dx = x - shapes[c, 1]
            dy = y - shapes[c, 2]
            dz = z - shapes[c, 3]
            if dx * dx + dy * dy + dz * dz < shapes[c, 4] * shapes[c, 4]:
                return c
    return whole


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
def inside(walls, space, v, x, y, z):
    """Whether a point of voxel v lies in a space."""
    return is_inside(
        frame_of(walls, space),
        walls.center_inside,
        walls.start,
        walls.triangle,
        walls.plane,
        walls.corner,
        v,
        x,
        y,
        z,
    )


@jit
def anywhere(walls, cells, key, state, space, low, high, compartment, attempts):
    """A random place, uniform in what a space has of some voxels, and in a compartment of it (NONE for any).

    Each voxel is chosen as often as any other, and again where the point lies outside. The voxels are entries
    low .. high - 1 of Cells.voxel. Returns x, y, z [um] and the voxel, -1 where none was found.
    """
    frame = frame_of(walls, space)
    serial = state.serial[PLACES]
    state.serial[PLACES] += 1
    for attempt in range(attempts):
        a, b, c, d = words(key, serial, serial >> 32, PLACE, FIRST, attempt)
        v = np.int64(cells.voxel[low + pick(a, high - low)])
        x, y, z = point_in_voxel(frame, v, uniform(b), uniform(c), uniform(d))
        if inside(walls, space, v, x, y, z) and (
            compartment < 0 or compartment_of(cells, space, x, y, z) == compartment
        ):
            return x, y, z, v
    return 0.0, 0.0, 0.0, -1


@jit
def anywhere_in_cell(walls, cells, key, state, space, cell):
    """A random place, uniform in a reaction cell; see `anywhere`."""
    return anywhere(walls, cells, key, state, space, cells.start[cell], cells.start[cell + 1], NONE, CELL_ATTEMPTS)


@jit
def anywhere_in(walls, cells, key, state, compartment):
    """A random place, uniform in a compartment; see `anywhere`."""
    space = 0
    while cells.compartment_start[space + 1] <= compartment:
        space += 1
    part = NONE if compartment == cells.compartment_start[space] else compartment
    return anywhere(walls, cells, key, state, space, cells.entry[space], cells.entry[space + 1], part, ANY_ATTEMPTS)


@jit
def beside_membrane(walls, f, px, py, pz, side):
    """A place next to a point of face f, on a side of it: x, y, z [um], voxel (-1 for none)."""
    space = walls.face_space[f, side]
    frame = frame_of(walls, space)
    f += side * walls.face_space.shape[0]
    for depth in DEPTHS:
        x = px - depth * walls.plane[f, 0]
        y = py - depth * walls.plane[f, 1]
        z = pz - depth * walls.plane[f, 2]
        v = voxel_at(frame, x, y, z)
        if v >= 0 and inside(walls, space, v, x, y, z):
            return x, y, z, v
    return 0.0, 0.0, 0.0, -1


@inline
def side_of(walls, f, space):
    """The side of face f that a space is on; of a sheet in that space, the side that its normal points to."""
    return 1 if walls.face_space[f, 1] == space else 0


@jit
def perform(walls, cells, chem, key, state, spot, r, s0, i0, s1, i1):
    """Carry out reaction r for molecule i0 of species s0 and, at second order, molecule i1 of species s1.

    Species -1 stands for no reactant. Where a product finds no room the event is not made, and counted as held.
    """
    low = chem.product_start[r]
    made = chem.product_start[r + 1] - low
    j0 = state.start[s0] + i0 if s0 >= 0 else -1
    j1 = state.start[s1] + i1 if s1 >= 0 else -1
    for m in range(made):
        place = chem.product_place[low + m]
        if place in (AT_FIRST, AT_SECOND):
            j = j0 if place == AT_FIRST else j1
            spot.at[m, 0] = state.x[j]
            spot.at[m, 1] = state.y[j]
            spot.at[m, 2] = state.z[j]
            spot.voxel[m] = state.voxel[j]
            spot.behind[m] = state.behind[j]
            spot.face[m] = NONE if state.face[j] == ARRIVED else state.face[j]
            continue
        side = chem.product_side[low + m]
        if place == SPREAD:
            v = np.int64(state.voxel[j0] if side == 0 else state.behind[j0])
            space = walls.space[chem.product[low + m]]
            x, y, z, v = anywhere_in_cell(walls, cells, key, state, space, np.int64(cells.of_voxel[v, 0]))
        else:
            j = j0 if place == BELOW else j1
            f = np.int64(state.face[j])
            x, y, z, v = beside_membrane(walls, f, state.x[j], state.y[j], state.z[j], side)
        if v < 0:
            state.serial[HELD] += 1
            return
        spot.at[m, 0] = x
        spot.at[m, 1] = y
        spot.at[m, 2] = z
        spot.voxel[m] = v
        spot.behind[m] = NONE
        spot.face[m] = NONE
    state.fired[r] += 1
    take0 = s0 >= 0 and chem.consumed[r, 0]
    take1 = s1 >= 0 and chem.consumed[r, 1]
    if take0 and take1 and s0 == s1:
        remove(cells, chem, state, s0, max(i0, i1))
        remove(cells, chem, state, s0, min(i0, i1))
    else:
        if take0:
            remove(cells, chem, state, s0, i0)
        if take1:
            remove(cells, chem, state, s1, i1)
    for m in range(made):
        s = chem.product[low + m]
        x, y, z = spot.at[m, 0], spot.at[m, 1], spot.at[m, 2]
        add(cells, chem, state, s, x, y, z, spot.voxel[m], spot.behind[m], spot.face[m])


@inline
def rate_at(start, time, value, cursor, r, t):
    """Rate of reaction r at time t [s], linear between rows and held at the ends; t never goes back in a trial."""
    low = start[r]
    last = start[r + 1] - 1
    if low == last or t <= time[low]:
        return value[low]
    if t >= time[last]:
        return value[last]
    c = max(cursor[r], low)
    while time[c + 1] <= t:
        c += 1
    cursor[r] = c
    share = (t - time[c]) / (time[c + 1] - time[c])
    return value[c] + share * (value[c + 1] - value[c])


@jit
def fire(walls, cells, chem, key, state, spot, t, span, left):
    """All zeroth- and first-order events of the last `left` [s] of a span, with the rates of the span's middle.

    The span begins at t [s]. Returns 0, or the time left where an event is due and a species has no slots for it.
    """
    uni = chem.uni
    uni_species = chem.uni_species
    start = chem.rate_start
    time = chem.rate_time
    value = chem.rate_value
    cursor = state.cursor
    rate = state.rate
    n = state.n
    now = t + 0.5 * span
    for m in range(uni.shape[0]):
        s = uni_species[m]
        rate[uni[m]] = rate_at(start, time, value, cursor, uni[m], now) if s < 0 or n[s] > 0 else UNKNOWN
    while True:
        total = 0.0
        for m in range(uni.shape[0]):
            s = uni_species[m]
            r = uni[m]
            if s < 0:
                total += rate[r]
            elif n[s] > 0:
                if rate[r] == UNKNOWN:
                    rate[r] = rate_at(start, time, value, cursor, r, now)
                total += n[s] * rate[r]
        if total * left <= state.clock[0]:
            state.clock[0] -= total * left
            return 0.0
        for s in range(n.shape[0]):
            if state.room[s] - n[s] < MOST_PRODUCTS:
                return left
        left -= state.clock[0] / total
        serial = state.serial[EVENTS]
        state.serial[EVENTS] += 1
        a, b, c, _ = words(key, serial, serial >> 32, EVENT, FIRST, FIRST)
        state.clock[0] = exponential(a)
        target = uniform(b) * total
        chosen = -1
        for m in range(uni.shape[0]):
            s = uni_species[m]
            hazard = rate[uni[m]] if s < 0 else n[s] * rate[uni[m]] if n[s] > 0 else 0.0
            if hazard > 0.0:
                chosen = m
                target -= hazard
                if target < 0.0:
                    break
        r = chem.uni[chosen]
        s = chem.uni_species[chosen]
        if s < 0:
            x, y, z, v = anywhere_in(walls, cells, key, state, chem.uni_where[chosen])
            if v < 0:
                state.serial[HELD] += 1
                continue
            state.fired[r] += 1
            for m in range(chem.product_start[r], chem.product_start[r + 1]):
                add(cells, chem, state, chem.product[m], x, y, z, v, NONE, NONE)
        else:
            i = pick(c, state.n[s])
            perform(walls, cells, chem, key, state, spot, r, s, i, NONE, NONE)


@inline
def hazard_of(active_start, active, partner, partner_column, rate, count, s, row, per_place):
    """Hazard in one step that a molecule of species s reacts, in a cell whose row of the counts is given.

    A pair reacts with probability p = k dt / V (`per_place` is dt / V) and escapes with 1 - p; -log(1 - p) is
    p + p^2 / 2 + p^3 / 3 where p is as small as it has to be.
    """
    total = 0.0
    for m in range(active_start[s], active_start[s + 1]):
        partners = count[row + partner_column[m]] - (partner[m] == s)
        if partners > 0:
            p = rate[active[m]] * per_place
            total += partners * (p * (1.0 + p * (0.5 + p * THIRD)))
    return total


@inline
def happens(hazard, u):
    """Whether an event of this hazard happens, by a uniform number u; the exponential is rarely needed."""
    return u < hazard and u < -math.expm1(-hazard)


@inline
def cell_of(cells, state, j, side):
    """The reaction cell of the molecule in slot j, on a side of its face (0 in the volume)."""
    return cells.of_voxel[state.voxel[j] if side == 0 else state.behind[j], 0]


@jit
def meet(walls, cells, chem, key, state, spot, s, i):
    """Let molecule i of species s react with one of the partners in its cell, each in proportion to its rate."""
    cell = cell_of(cells, state, state.start[s] + i, chem.side[s])
    row = cell * chem.columns[0]
    total = 0.0
    for m in range(chem.active_start[s], chem.active_start[s + 1]):
        partners = state.count[row + chem.partner_column[m]] - (chem.partner[m] == s)
        total += partners * state.rate[chem.active[m]]
    serial = state.serial[EVENTS]
    state.serial[EVENTS] += 1
    a, b, _, _ = words(key, serial, serial >> 32, REACT, FIRST, FIRST)
    target = uniform(a) * total
    chosen = -1
    for m in range(chem.active_start[s], chem.active_start[s + 1]):
        partners = state.count[row + chem.partner_column[m]] - (chem.partner[m] == s)
        weight = partners * state.rate[chem.active[m]]
        if weight > 0.0:
            chosen = m
            target -= weight
            if target < 0.0:
                break
    other = chem.partner[chosen]
    partners = state.count[row + chem.partner_column[chosen]] - (other == s)
    wanted = pick(b, partners)
    base = state.start[other]
    side = chem.partner_side[chosen]
    for k in range(state.n[other]):
        if cell_of(cells, state, base + k, side) == cell and not (other == s and k == i):
            if wanted == 0:
                perform(walls, cells, chem, key, state, spot, chem.active[chosen], s, i, other, k)
                return
            wanted -= 1


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
