"""Motion in the membrane: along triangles, over their edges as if the two beside an edge were laid flat."""

import math

from spinemc.engine.kernels.move import frame_of, voxel_at
from spinemc.engine.kernels.rng import inline, jit
from spinemc.engine.kernels.tables import NONE

EDGES = 4096  # edges crossed in one step before it is given up


@jit
def tangents(nx, ny, nz):
    """Two unit vectors that make a right-angled frame with the unit vector n."""
    if abs(nx) < 0.5:
        size = math.sqrt(nz * nz + ny * ny)
        tx, ty, tz = 0.0, nz / size, -ny / size
    else:
        size = math.sqrt(nx * nx + nz * nz)
        tx, ty, tz = -nz / size, 0.0, nx / size
    return tx, ty, tz, ny * tz - nz * ty, nz * tx - nx * tz, nx * ty - ny * tx


@inline
def edge_of(plane, corner, f, k):
    """Edge k of a face: where it begins [um], its unit direction, and the unit vector across it into the face."""
    e = 3 * k
    g = 3 * k + 3 if k < 2 else 0
    ex = corner[f, g] - corner[f, e]
    ey = corner[f, g + 1] - corner[f, e + 1]
    ez = corner[f, g + 2] - corner[f, e + 2]
    size = math.sqrt(ex * ex + ey * ey + ez * ez)
    ex /= size
    ey /= size
    ez /= size
    nx = plane[f, 0]
    ny = plane[f, 1]
    nz = plane[f, 2]
    return (
        corner[f, e],
        corner[f, e + 1],
        corner[f, e + 2],
        ex,
        ey,
        ez,
        ny * ez - nz * ey,
        nz * ex - nx * ez,
        nx * ey - ny * ex,
    )


@jit
def glide(walls, home, f, x, y, z, dx, dy, dz):
    """Where a step d along the membrane, from a point of face f, ends: x, y, z [um] and the face, -1 in doubt.

    A molecule leaves neither the surface's border nor its home, the region `home` (NONE for the whole surface): it is
    mirrored there. Straight ways over unfolded edges keep an even density even on any closed or bordered surface.
    """
    plane = walls.plane
    corner = walls.corner
    for _ in range(EDGES):
        least = 1.0
        crossed = -1
        for k in range(3):
            ax, ay, az, _, _, _, mx, my, mz = edge_of(plane, corner, f, k)
            speed = dx * mx + dy * my + dz * mz
            if speed < 0.0:
                height = max((x - ax) * mx + (y - ay) * my + (z - az) * mz, 0.0)
                if height < -speed * least:
                    least = -height / speed
                    crossed = k
        x += least * dx
        y += least * dy
        z += least * dz
        if crossed < 0:
            off = plane[f, 0] * x + plane[f, 1] * y + plane[f, 2] * z - plane[f, 3]
            return x - off * plane[f, 0], y - off * plane[f, 1], z - off * plane[f, 2], f
        rest = 1.0 - least
        dx *= rest
        dy *= rest
        dz *= rest
        _, _, _, ex, ey, ez, mx, my, mz = edge_of(plane, corner, f, crossed)
        away = -(dx * mx + dy * my + dz * mz)
        g = walls.neighbour[f, crossed]
        if g < 0 or (home >= 0 and walls.face_region[g] != home):
            dx += 2.0 * away * mx
            dy += 2.0 * away * my
            dz += 2.0 * away * mz
            continue
        along = dx * ex + dy * ey + dz * ez
        shared = 0
        for k in range(3):
            if walls.neighbour[g, k] == f:
                shared = k
        _, _, _, _, _, _, mx, my, mz = edge_of(plane, corner, g, shared)
        dx = along * ex + away * mx
        dy = along * ey + away * my
        dz = along * ez + away * mz
        f = g
    return x, y, z, NONE


@jit
def voxels_of(walls, f, x, y, z):
    """The voxels below and above a place on face f, NONE where there is no space."""
    below = walls.face_space[f, 0]
    above = walls.face_space[f, 1]
    v = voxel_at(frame_of(walls, below), x, y, z) if below >= 0 else NONE
    w = voxel_at(frame_of(walls, above), x, y, z) if above >= 0 else NONE
    return v, w
