"""Lists of the molecules that share a reaction cell, for those that look for one of them.

Nothing is kept up to date that nobody asks for: a list is made when it is asked for a few times within a step, costs
nothing while molecules move, and is thrown away by their motion. Sites that stay where they are keep theirs.
"""

import numpy as np

from spinemc.engine.kernels.rng import inline, jit
from spinemc.engine.kernels.tables import LISTED, NONE

PATIENCE = np.int64(3)  # times all molecules of a species are looked through before lists are made of them


@inline
def cell_of(cells, state, j, side):
    """The reaction cell of the molecule in slot j, on a side of its face (0 in the volume)."""
    return cells.of_voxel[state.voxel[j] if side == 0 else state.behind[j]]


@inline
def row_of(cells, chem, state, j, side, column):
    """Where State.count and State.head tell of a species in the cell of the molecule in slot j."""
    return cell_of(cells, state, j, side) * chem.columns[0] + column


@inline
def redirect(state, row, side, base, old, new):
    """Let what points to molecule `old` of a list point to `new`; molecule 0 is in slot `base`."""
    k = np.int64(state.head[row])
    if k == old:
        state.head[row] = new
        return
    while state.after[base + k, side] != old:
        k = np.int64(state.after[base + k, side])
    state.after[base + k, side] = new


@inline
def put_in(state, row, side, base, i):
    """Put molecule i first in a list; it is counted afterwards."""
    state.after[base + i, side] = state.head[row] if state.count[row] > 0 else NONE
    state.head[row] = i


@jit
def note_arrival(cells, chem, state, s, i):
    """Count molecule i of species s, the last one, in its cells."""
    base = state.start[s]
    for side in range(2):
        column = chem.column[side, s]
        if column >= 0:
            row = row_of(cells, chem, state, base + i, side, column)
            if state.asked[column] == LISTED:
                put_in(state, row, side, base, i)
            state.count[row] += 1


@jit
def note_departure(cells, chem, state, s, i):
    """Count molecule i of species s no longer in its cells; the last one is to have its number."""
    base = state.start[s]
    last = state.n[s] - 1
    for side in range(2):
        column = chem.column[side, s]
        if column >= 0:
            row = row_of(cells, chem, state, base + i, side, column)
            state.count[row] -= 1
            if state.asked[column] == LISTED:
                redirect(state, row, side, base, i, state.after[base + i, side])
                if last != i:
                    redirect(state, row_of(cells, chem, state, base + last, side, column), side, base, last, i)
                    state.after[base + i, side] = state.after[base + last, side]


@inline
def note_move(cells, chem, state, s, j, voxel, behind):
    """Count the molecule in slot j in the cells of other voxels, where it is about to be."""
    for side in range(2):
        column = chem.column[side, s]
        if column >= 0:
            state.count[row_of(cells, chem, state, j, side, column)] -= 1
            state.count[cells.of_voxel[voxel if side == 0 else behind] * chem.columns[0] + column] += 1
            state.asked[column] = 0


@inline
def forget(chem, state, s):
    """Throw away the lists of a species, whose molecules are about to move."""
    for side in range(2):
        if chem.column[side, s] >= 0:
            state.asked[chem.column[side, s]] = 0


@jit
def make(cells, chem, state, s, side, column):
    """Make the lists of a species."""
    base = state.start[s]
    for i in range(state.n[s]):
        state.head[row_of(cells, chem, state, base + i, side, column)] = NONE
    for i in range(state.n[s]):
        row = row_of(cells, chem, state, base + i, side, column)
        state.after[base + i, side] = state.head[row]
        state.head[row] = i
    state.asked[column] = LISTED


@jit
def find(cells, chem, state, s, side, cell, wanted, but):
    """The molecule of species s that has `wanted` others before it in a cell, by their numbers; all but one."""
    base = state.start[s]
    column = chem.column[side, s]
    row = cell * chem.columns[0] + column
    there = np.int64(state.count[row])
    few = there * there < state.n[s]
    if few and state.asked[column] != LISTED:
        state.asked[column] += 1
        if state.asked[column] > PATIENCE or chem.D[s] == 0.0:
            make(cells, chem, state, s, side, column)
    if few and state.asked[column] == LISTED:
        k = np.int64(state.head[row])
        while k >= 0:
            before = 0
            other = np.int64(state.head[row])
            while other >= 0:
                before += (other < k) & (other != but)
                other = np.int64(state.after[base + other, side])
            if before == wanted and k != but:
                return k
            k = np.int64(state.after[base + k, side])
    for k in range(state.n[s]):
        if cell_of(cells, state, base + k, side) == cell and k != but:
            if wanted == 0:
                return np.int64(k)
            wanted -= 1
    return NONE
