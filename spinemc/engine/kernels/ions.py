"""Ions that are followed: the numbers of those on each molecule, handed on in reactions, and the log of what they did.

An ion is a molecule of the followed species, and what that becomes as long as it is bound. It has a number of its own,
in the order in which ions came, and is on one molecule at a time. A trial that follows none has no column in State.ion.

The log holds an entry for each ion that takes part in an event, in the order of time: reaction r as r, boundary b as
reactions + b, release k as reactions + boundaries + k. Events of zeroth and first order have their own time; what
happens to molecules as they move, at boundaries and among partners, has that of the middle of the step, which is where
motion stands between the two halves of reactions.
"""

import numpy as np

from spinemc.engine.kernels.rng import FIRST, PART_WITH, inline, jit, pick, words
from spinemc.engine.kernels.tables import EVENTS, FULL, IONS, LOGGED, NOW


@inline
def are_followed(state):
    """Whether the trial follows ions."""
    return state.ion.shape[1] > 0


@inline
def is_at(state, t):
    """Note the time of what happens next [s]; it never goes back."""
    state.pause[NOW] = max(state.pause[NOW], t)


@inline
def note(state, ion, what):
    """Log that an ion takes part in something; sets State.serial[FULL] where the log has no room."""
    k = state.serial[LOGGED]
    if k >= state.when.shape[0]:
        state.serial[FULL] = 1
        return
    state.when[k] = state.pause[NOW]
    state.whose[k] = ion
    state.what[k] = what
    state.serial[LOGGED] = k + 1


@inline
def at_boundary(state, b):
    """What the log says of boundary b."""
    return state.fired.shape[0] + b


@jit
def bring(chem, state, s, what):
    """Number the ions of the last molecule of species s, which came from without."""
    if not are_followed(state) or state.serial[FULL] != 0:
        return
    j = state.start[s] + state.n[s] - 1
    for k in range(chem.carries[s]):
        state.ion[j, k] = state.serial[IONS]
        state.serial[IONS] += 1
        note(state, state.ion[j, k], what)


@jit
def note_all(chem, state, s, j, what):
    """Log something of all ions of the molecule in slot j."""
    for k in range(chem.carries[s]):
        note(state, state.ion[j, k], what)


@inline
def pick_up(chem, state, spot, s, j, n):
    """Put the ions of the molecule in slot j behind n others. Returns how many there are."""
    for k in range(chem.carries[s]):
        spot.ion[n] = state.ion[j, k]
        n += 1
    return n


@inline
def put_down(chem, state, spot, s, first):
    """Give the last molecule of species s its ions, from the `first` in the hand on."""
    if state.serial[FULL] == 0:
        j = state.start[s] + state.n[s] - 1
        for k in range(chem.carries[s]):
            state.ion[j, k] = spot.ion[first + k]


@jit
def gather_ions(chem, key, state, spot, r, s0, j0, s1, j1):
    """Take up the ions of the molecules that reaction r uses up, in slots j0 and j1, and log what becomes of them.

    They lie in the order in which the products take them: those of one molecule that part in a random one. New ones
    follow where the products carry more; where they carry fewer, the last are taken away. Species -1 is no molecule.
    """
    n = np.int64(0)
    if s0 >= 0 and chem.consumed[r, 0]:
        n = pick_up(chem, state, spot, s0, j0, n)
    if s1 >= 0 and chem.consumed[r, 1]:
        n = pick_up(chem, state, spot, s1, j1, n)
    if chem.parts[r]:
        event = state.serial[EVENTS]
        for k in range(n - 1, 0, -1):
            a, _, _, _ = words(key, event, event >> 32, PART_WITH, FIRST, k)
            other = pick(a, k + 1)
            ion = spot.ion[k]
            spot.ion[k] = spot.ion[other]
            spot.ion[other] = ion
    while n < chem.ions[r]:
        spot.ion[n] = state.serial[IONS]
        state.serial[IONS] += 1
        n += 1
    for k in range(n):
        note(state, spot.ion[k], r)


@inline
def log_is_short(chem, state, spot):
    """Whether the log may have no room for one more reaction."""
    return are_followed(state) and state.when.shape[0] - state.serial[LOGGED] < spot.ion.shape[0]


@jit
def log_lasts(walls, chem, entries, state, spot):
    """Whether the log has room for all that a step's motion and encounters may bring.

    A molecule leaves once at most, and looks for a partner once, and once more where it comes through a partition.
    """
    if not are_followed(state):
        return True
    needed = 0
    for s in range(state.n.shape[0]):
        if chem.D[s] > 0.0 and not chem.surface[s]:
            needed += state.room[s] * (chem.carries[s] + (spot.ion.shape[0] if walls.parts[s] else 0))
        if chem.active_start[s + 1] > chem.active_start[s]:
            needed += state.room[s] * spot.ion.shape[0]
    for e in range(entries.species.shape[0]):
        needed += entries.most[e] * (chem.carries[entries.species[e]] + spot.ion.shape[0])
    return state.when.shape[0] - state.serial[LOGGED] >= needed
