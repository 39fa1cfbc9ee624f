"""Molecules that releases put in."""

import numpy as np

from spinemc.engine.kernels.ions import bring, trace_of
from spinemc.engine.kernels.membrane import voxels_of
from spinemc.engine.kernels.move import frame_of, voxel_at
from spinemc.engine.kernels.places import anywhere_in, beside_membrane, side_of
from spinemc.engine.kernels.react import add
from spinemc.engine.kernels.rng import entry
from spinemc.engine.kernels.tables import NONE


@entry
def scatter(walls, cells, chem, key, state, spot, s, number, compartment, what):
    """Add molecules of a volume species, uniformly in a compartment. Returns how many found room.

    `what` is what the log says of their ions, see `kernels.ions`.
    """
    for m in range(number):
        x, y, z, v = anywhere_in(walls, cells, key, state, compartment)
        if v < 0:
            return m
        add(cells, chem, state, s, x, y, z, v, NONE, NONE)
        bring(trace_of(chem, state, spot), s, what)
    return number


@entry
def put(walls, cells, chem, state, spot, s, x, y, z, face, what):
    """Add molecules of a species at given points, on a face each, or in its space just beside it for one of a volume.

    Face -1 stands for a point of the volume; `what` is what the log says of their ions. Returns how many found room.
    """
    space = walls.space[s]
    for m in range(x.shape[0]):
        f = np.int64(face[m])
        if f < 0:
            v = voxel_at(frame_of(walls, space), x[m], y[m], z[m])
            if v < 0:
                return m
            add(cells, chem, state, s, x[m], y[m], z[m], v, NONE, NONE)
            bring(trace_of(chem, state, spot), s, what)
            continue
        if chem.surface[s]:
            v, w = voxels_of(walls, f, x[m], y[m], z[m])
            add(cells, chem, state, s, x[m], y[m], z[m], v, w, f)
            bring(trace_of(chem, state, spot), s, what)
            continue
        nx, ny, nz, v = beside_membrane(walls, f, x[m], y[m], z[m], side_of(walls, f, space))
        if v < 0:
            return m
        add(cells, chem, state, s, nx, ny, nz, v, NONE, NONE)
        bring(trace_of(chem, state, spot), s, what)
    return x.shape[0]
