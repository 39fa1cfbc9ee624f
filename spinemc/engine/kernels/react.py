"""Reactions: what a molecule becomes, when, with whom and where the products appear.

Zeroth- and first-order reactions are simulated exactly in continuous time (Gillespie's direct method on the total
hazard of all molecules). Second-order reactions happen between molecules that share a reaction cell of inside
volume V, each pair with probability k dt / V in a step; a reverse step puts the freed molecule anywhere in the cell.
With that, binding and unbinding obey detailed balance whatever the cells' shapes and sizes: the wall's cuts change V
and nothing else.
"""

import math

import numpy as np

from spinemc.engine.kernels.ions import are_followed, gather_ions, is_at, log_is_short, put_down, trace_of
from spinemc.engine.kernels.places import anywhere_in, anywhere_in_cell, beside_membrane
from spinemc.engine.kernels.rng import EVENT, FIRST, REACT, exponential, inline, jit, pick, uniform, words
from spinemc.engine.kernels.roster import cell_of, find, note_arrival, note_departure
from spinemc.engine.kernels.tables import (
    ARRIVED,
    AT_FIRST,
    AT_SECOND,
    BELOW,
    EVENTS,
    FULL,
    HELD,
    NAMES,
    NONE,
    SPREAD,
)

MOST_PRODUCTS = np.int64(8)  # of one reaction
THIRD = 1.0 / 3.0
UNKNOWN = -1.0  # a rate that was not looked up because no molecule asks for it


@jit
def add(cells, chem, state, s, x, y, z, voxel, behind, face):
    """Put one more molecule of species s at a place, its ions aside; sets State.serial[FULL] where no slot is left."""
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
    note_arrival(cells, chem, state, s, i)


@jit
def remove(cells, chem, state, s, i):
    """Take molecule i of species s out; the last one of the species takes its slot."""
    note_departure(cells, chem, state, s, i)
    j = state.start[s] + i
    last = state.start[s] + state.n[s] - 1
    state.x[j] = state.x[last]
    state.y[j] = state.y[last]
    state.z[j] = state.z[last]
    state.voxel[j] = state.voxel[last]
    state.behind[j] = state.behind[last]
    state.face[j] = state.face[last]
    state.name[j] = state.name[last]
    for k in range(state.ion.shape[1]):
        state.ion[j, k] = state.ion[last, k]
    state.n[s] -= 1


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
            x, y, z, v = anywhere_in_cell(walls, cells, key, state, space, np.int64(cells.of_voxel[v]))
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
    follows = are_followed(state)
    trace = trace_of(chem, state, spot)
    if follows:
        gather_ions(trace, key, r, s0, j0, s1, j1)
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
        if follows:
            put_down(trace, s, chem.product_ion[low + m])


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


@inline
def fire(walls, cells, chem, key, state, spot, t, span, left):
    """All zeroth- and first-order events of the last `left` [s] of a span, with the rates of the span's middle.

    The span begins at t [s]. Returns 0, or the time left where an event is due and a species has no slots for it, or
    the log no room.
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
        if log_is_short(state, spot):
            return left
        left -= state.clock[0] / total
        is_at(state, t + span - left)
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
            follows = are_followed(state)
            trace = trace_of(chem, state, spot)
            if follows:
                gather_ions(trace, key, r, NONE, NONE, NONE, NONE)
            for m in range(chem.product_start[r], chem.product_start[r + 1]):
                add(cells, chem, state, chem.product[m], x, y, z, v, NONE, NONE)
                if follows:
                    put_down(trace, chem.product[m], chem.product_ion[m])
        else:
            i = pick(c, state.n[s])
            perform(walls, cells, chem, key, state, spot, r, s, i, NONE, NONE)


@inline
def hazard_of(chem, state, s, row, per_place):
    """Hazard in one step that a molecule of species s reacts, in a cell whose row of the counts is given.

    A pair reacts with probability p = k dt / V (`per_place` is dt / V) and escapes with 1 - p; -log(1 - p) is
    p + p^2 / 2 + p^3 / 3 where p is as small as it has to be.
    """
    total = 0.0
    for m in range(chem.active_start[s], chem.active_start[s + 1]):
        partners = state.count[row + chem.partner_column[m]] - (chem.partner[m] == s)
        p = state.rate[chem.active[m]] * per_place
        total += partners * (p * (1.0 + p * (0.5 + p * THIRD)))
    return total


@inline
def happens(hazard, u):
    """Whether an event of this hazard happens, by a uniform number u; the exponential is rarely needed."""
    return u < hazard and u < -math.expm1(-hazard)


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
    k = find(cells, chem, state, other, chem.partner_side[chosen], cell, pick(b, partners), i if other == s else NONE)
    perform(walls, cells, chem, key, state, spot, chem.active[chosen], s, i, other, k)
