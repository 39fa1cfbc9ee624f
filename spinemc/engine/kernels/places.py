"""Where something can be put: anywhere in a space, a compartment or a reaction cell, or just beside the membrane."""

import numpy as np

from spinemc.engine.kernels.move import frame_of, is_inside, point_in_voxel, voxel_at
from spinemc.engine.kernels.rng import FIRST, PLACE, inline, jit, pick, uniform, words
from spinemc.engine.kernels.tables import NONE, PLACES

CELL_ATTEMPTS = np.int64(256)  # random places tried before a cell counts as having no room
ANY_ATTEMPTS = np.int64(65536)  # and before a compartment does
BOX, BALL, WHOLE, HALF_SPACE, CYLINDER, SHELL = (np.float64(n) for n in range(6))  # kinds of parts of space
DEPTHS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)  # below the membrane, tried in turn [um]


@jit
def is_within(cells, c, x, y, z):
    """Whether a point of its space lies in compartment c, whatever else holds it."""
    shapes = cells.compartment_shape
    kind = shapes[c, 0]
    dx = x - shapes[c, 1]
    dy = y - shapes[c, 2]
    dz = z - shapes[c, 3]
    if kind == BOX:
        return dx >= 0.0 and dy >= 0.0 and dz >= 0.0 and x < shapes[c, 4] and y < shapes[c, 5] and z < shapes[c, 6]
    if kind == SHELL:
        i, j, k = np.int64(dx / shapes[c, 4]), np.int64(dy / shapes[c, 4]), np.int64(dz / shapes[c, 4])
        return cells.shell[np.int64(shapes[c, 5]) + (i * np.int64(shapes[c, 7]) + j) * np.int64(shapes[c, 8]) + k]
    square = dx * dx + dy * dy + dz * dz
    if kind == BALL:
        return square < shapes[c, 4] * shapes[c, 4]
    along = dx * shapes[c, 4] + dy * shapes[c, 5] + dz * shapes[c, 6]
    if kind == HALF_SPACE:
        return along < 0.0
    length = shapes[c, 4] * shapes[c, 4] + shapes[c, 5] * shapes[c, 5] + shapes[c, 6] * shapes[c, 6]
    return 0.0 <= along < length and square * length - along * along < shapes[c, 7] * shapes[c, 7] * length


@jit
def is_of(cells, compartment, x, y, z):
    """Whether a point of its space is of a part: held by it, and by none before it in its set."""
    for c in range(cells.compartment_set[compartment, 0], compartment):
        if is_within(cells, c, x, y, z):
            return False
    return is_within(cells, compartment, x, y, z)


@jit
def inside(walls, space, v, x, y, z):
    """Whether a point of voxel v lies in a space."""
    return is_inside(walls, frame_of(walls, space), v, x, y, z)


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
        if inside(walls, space, v, x, y, z) and (compartment < 0 or is_of(cells, compartment, x, y, z)):
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
    low, high = cells.place[compartment, 0], cells.place[compartment, 1]
    return anywhere(walls, cells, key, state, space, low, high, part, ANY_ATTEMPTS)


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
