"""Whether what was saved of a trial is a state of its system: kernels check no bounds, and files come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spinemc.engine.kernels.tables import ARRIVED, LOGGED, NONE, NOW, State
from spinemc.engine.schedule import Moment
from spinemc.engine.system import System

_BY_SLOT = ("x", "y", "z", "voxel", "behind", "face", "name", "ion")
_SCRATCH = ("leaver", "way")
_LOG = ("when", "log")


def is_sound(
    left: Mapping[str, np.ndarray],
    new: State,
    told: Mapping[str, np.ndarray],
    system: System,
    moments: Sequence[Moment],
) -> bool:
    """Whether saved arrays can be gone on from.

    Parameters
    ----------
    left : mapping
        The arrays by name, `state.x`.
    new : State
        That of a trial that has not begun.
    told : mapping
        Arrays of what is counted, before anything was.
    system : System
    moments : sequence of Moment

    Returns
    -------
    bool
        Whether all are there, of the right type and size, and all numbers of species, slots, voxels, faces, rows and
        moments in them are of some that exist.
    """
    arrays = {name: left.get(f"state.{name}") for name in State._fields}
    like = {name: getattr(new, name) for name in State._fields}
    reached = left.get("reached")
    if not all(_is_like(arrays[name], like[name]) for name in like) or not _is_like(reached, np.zeros(2, np.int64)):
        return False
    if not all(_is_like(left.get(name), array) and left[name].shape == array.shape for name, array in told.items()):
        return False
    state = State(**{name: array for name, array in arrays.items() if array is not None})
    fixed = [name for name in State._fields if name not in (*_BY_SLOT, *_SCRATCH, *_LOG, "after")]
    if reached is None or not all(getattr(state, name).shape == like[name].shape for name in fixed):
        return False
    begin, done = (int(k) for k in reached)
    return (
        0 <= begin < len(moments)
        and 0 <= done <= moments[begin].steps
        and _slots_fit(state)
        and _places_fit(state, system)
        and np.array_equal(state.pause[:NOW], new.pause[:NOW])
        and bool((state.serial >= 0).all() and (state.clock >= 0.0).all())
        and len(state.when) == len(state.log) >= state.serial[LOGGED]
        and _rows_fit(state, system, moments[begin].dt)
    )


def _is_like(array: np.ndarray | None, like: np.ndarray) -> bool:
    return (
        array is not None
        and array.dtype == like.dtype
        and array.shape[1:] == like.shape[1:]
        and array.ndim == like.ndim
    )


def _slots_fit(state: State) -> bool:
    """Whether every species has its slots, one behind the other."""
    slots, room = len(state.x), state.room
    if (room < 0).any() or (state.n < 0).any() or (state.n > room).any() or (room > slots).any() or room.sum() != slots:
        return False
    if not np.array_equal(state.start, np.cumsum(room) - room):
        return False
    most = int(room.max(initial=0))
    return all(len(getattr(state, name)) == slots for name in (*_BY_SLOT, "after")) and all(
        len(getattr(state, name)) == most for name in _SCRATCH
    )


def _places_fit(state: State, system: System) -> bool:
    """Whether every molecule is in the grid of its space, or on a face of its surface."""
    walls, cells = system.walls, system.cells
    for s, (start, n) in enumerate(zip(state.start.tolist(), state.n.tolist(), strict=True)):
        here = slice(start, start + n)
        point = np.column_stack([state.x[here], state.y[here], state.z[here]])
        voxel, behind, face = state.voxel[here], state.behind[here], state.face[here]
        space = int(walls.space[s])
        if space == NONE:
            fits = (face >= 0) & (face < len(walls.neighbour)) & (behind >= NONE) & (behind < len(cells.of_voxel))
            fits &= (voxel >= 0) & (voxel < len(cells.of_voxel)) & np.isfinite(point).all(axis=1)
        else:
            low, shape = walls.origin[space], walls.shape[space]
            first, edge = int(walls.first[space]), walls.scale[space, 0]
            fits = ((point > low) & (point < low + shape * edge)).all(axis=1)
            fits &= (voxel >= first) & (voxel < first + int(shape.prod())) & (behind == NONE)
            fits &= (face == NONE) | (face == ARRIVED)
        if not fits.all():
            return False
    return True


def _rows_fit(state: State, system: System, dt: float) -> bool:
    """Whether the rows of rate tables are those of their reactions, and the numbers in each cell are those counted."""
    chemistry, of_voxel = system.chemistry(dt or system.scenario.run.dt), system.cells.of_voxel
    if (state.cursor < 0).any() or (state.cursor >= np.maximum(chemistry.rate_start[1:] - 1, 1)).any():
        return False
    columns = int(chemistry.columns[0])
    count = np.zeros_like(state.count)
    for side, at in enumerate((state.voxel, state.behind)):
        for s in np.flatnonzero(chemistry.column[side] >= 0):
            cell = of_voxel[at[state.start[s] : state.start[s] + state.n[s]]]
            if (cell < 0).any():
                return False
            np.add.at(count, cell * columns + int(chemistry.column[side, s]), 1)
    return np.array_equal(count, state.count)
