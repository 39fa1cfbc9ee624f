"""Ions that are followed: the numbers of those on each molecule, handed on in reactions, and the log of what they did.

An ion is a molecule of the followed species, and what that becomes as long as it is bound. It has a number of its own,
in the order in which ions came, and is on one molecule at a time. A trial that follows none has no column in State.ion.

The log holds an entry for each ion that takes part in an event, in the order of time: reaction r as r, boundary b as
reactions + b, release k as reactions + boundaries + k. Events of zeroth and first order have their own time; what
happens to molecules as they move, at boundaries and among partners, has that of the middle of the step, which is where
motion stands between the two halves of reactions.
"""

from typing import NamedTuple

import numpy as np

from spinemc.engine.kernels.rng import FIRST, PART_WITH, inline, jit, pick, words
from spinemc.engine.kernels.tables import EVENTS, FULL, IONS, LOGGED, NOW


class Trace(NamedTuple):
    """What of the tables ions have to do with; few arrays cost little to hand on, to run and to compile."""

    carries: np.ndarray  # of Chemistry
    consumed: np.ndarray
    ions: np.ndarray
    hand: np.ndarray  # Spot.ion
    ion: np.ndarray  # of State
    start: np.ndarray
    n: np.ndarray
    when: np.ndarray
    log: np.ndarray
    serial: np.ndarray
    pause: np.ndarray


@inline
def trace_of(chem, state, spot):
    """The arrays that ions of a trial have to do with."""
    return Trace(
        chem.carries,
        chem.consumed,
        chem.ions,
        spot.ion,
        state.ion,
        state.start,
        state.n,
        state.when,
        state.log,
        state.serial,
        state.pause,
    )


@inline
def are_followed(state):
    """Whether the trial follows ions."""
    return state.ion.shape[1] > 0


@inline
def is_at(state, t):
    """Note the time of what happens next [s]; it never goes back."""
    state.pause[NOW] = max(state.pause[NOW], t)


@inline
def at_boundary(state, b):
    """What the log says of boundary b."""
    return state.fired.shape[0] + b


@jit
def note(trace, ion, what):
    """Log that an ion takes part in something; sets State.serial[FULL] where the log has no room."""
    k = trace.serial[LOGGED]
    if k >= trace.when.shape[0]:
        trace.serial[FULL] = 1
        return
    trace.when[k] = trace.pause[NOW]
    trace.log[k, 0] = ion
    trace.log[k, 1] = what
    trace.serial[LOGGED] = k + 1


@jit
def bring(trace, s, what):
    """Number the ions of the last molecule of species s, which came from without."""
    if trace.ion.shape[1] == 0 or trace.serial[FULL] != 0:
        return
    j = trace.start[s] + trace.n[s] - 1
    for k in range(trace.carries[s]):
        trace.ion[j, k] = trace.serial[IONS]
        trace.serial[IONS] += 1
        note(trace, trace.ion[j, k], what)


@jit
def pick_up(trace, s, j, n):
    """Take the ions of the molecule in slot j into the hand, behind n others. Returns how many there are."""
    for k in range(trace.carries[s]):
        trace.hand[n] = trace.ion[j, k]
        n += 1
    return n


@jit
def pick_up_and_note(trace, s, j, what):
    """Take the ions of the molecule in slot j into the hand, and log what happens to them."""
    for k in range(pick_up(trace, s, j, np.int64(0))):
        note(trace, trace.hand[k], what)


@jit
def put_down(trace, s, first):
    """Give the last molecule of species s its ions, from the `first` in the hand on."""
    if trace.serial[FULL] == 0:
        j = trace.start[s] + trace.n[s] - 1
        for k in range(trace.carries[s]):
            trace.ion[j, k] = trace.hand[first + k]


@jit
def gather_ions(trace, key, r, s0, j0, s1, j1):
    """Take up the ions of the molecules that reaction r uses up, in slots j0 and j1, and log what becomes of them.

    They lie in the order in which the products take them: those of one molecule that part in a random one. New ones
    follow where the products carry more; where they carry fewer, the last are taken away. Species -1 is no molecule.
    """
    n = np.int64(0)
    if s0 >= 0 and trace.consumed[r, 0]:
        n = pick_up(trace, s0, j0, n)
    if s1 >= 0 and trace.consumed[r, 1]:
        n = pick_up(trace, s1, j1, n)
    if trace.ions[r, 1] > 0:
        event = trace.serial[EVENTS]
        for k in range(n - 1, 0, -1):
            a, _, _, _ = words(key, event, event >> 32, PART_WITH, FIRST, k)
            other = pick(a, k + 1)
            ion = trace.hand[k]
            trace.hand[k] = trace.hand[other]
            trace.hand[other] = ion
    while n < trace.ions[r, 0]:
        trace.hand[n] = trace.serial[IONS]
        trace.serial[IONS] += 1
        n += 1
    for k in range(n):
        note(trace, trace.hand[k], r)


@inline
def log_is_short(state, spot):
    """Whether the log may have no room for one more reaction."""
    return are_followed(state) and state.when.shape[0] - state.serial[LOGGED] < spot.ion.shape[0]


@jit
def log_lasts(trace, room, parts, space, D, active_start, species, most):
    """Whether the log has room for all that a step's motion and encounters may bring.

    A molecule leaves once at most, and looks for a partner once, and once more where it comes through a partition.

    Parameters
    ----------
    room : (species,) int64
        Slots.
    parts : (species,) bool
    space : (species,) int64
        As in Walls.
    D : (species,) float64
    active_start : (species + 1,) int64
        As in Chemistry.
    species, most : (entries,) int64
        As in Entries.
    """
    if trace.ion.shape[1] == 0:
        return True
    largest = trace.hand.shape[0]
    needed = 0
    for s in range(room.shape[0]):
        if space[s] >= 0 and D[s] > 0.0:
            needed += room[s] * (trace.carries[s] + (largest if parts[s] else 0))
        if active_start[s + 1] > active_start[s]:
            needed += room[s] * largest
    for e in range(species.shape[0]):
        needed += most[e] * (trace.carries[species[e]] + largest)
    return trace.when.shape[0] - trace.serial[LOGGED] >= needed
