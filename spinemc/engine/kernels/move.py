"""Motion along a straight step among triangles: exact reflection, first contact, inside or outside.

The test of a segment against a triangle uses the triple products of the segment with the triangle's edges. Two
triangles that share an edge compute products that differ in sign only, so no segment slips between them.
"""

import math

import numpy as np

from spinemc.engine.kernels.rng import inline
from spinemc.engine.kernels.tables import NONE, Frame

ROOM = 256  # sides gathered along a way before they are tested
FOREVER = 1e300
BOUNCES = 64  # reflections in one step before it is given up
# A point where a molecule was just reflected may lie behind a neighbouring plane by round-off [um].
BEHIND = 1e-12


@inline
def frame_of(walls, space):
    """The frame of a space's grid as plain numbers."""
    origin = walls.origin
    scale = walls.scale
    shape = walls.shape
    return Frame(
        origin[space, 0],
        origin[space, 1],
        origin[space, 2],
        scale[space, 0],
        scale[space, 1],
        shape[space, 0],
        shape[space, 1],
        shape[space, 2],
        walls.first[space],
    )


@inline
def shelters_of(walls, frame, species):
    """The frame of the parts of cells that have a shelter each; `first` is the row of the first, for a species."""
    space = walls.space[species]
    inverse = walls.shelter_inverse[space]
    nx, ny, nz = walls.shelter_shape[space, 0], walls.shelter_shape[space, 1], walls.shelter_shape[space, 2]
    return Frame(frame.x, frame.y, frame.z, 1.0 / inverse, inverse, nx, ny, nz, walls.shelter_first[species])


@inline
def voxel_at(frame, x, y, z):
    """Number of the voxel that holds a point; -1 outside the grid."""
    i = math.floor((x - frame.x) * frame.inverse)
    j = math.floor((y - frame.y) * frame.inverse)
    k = math.floor((z - frame.z) * frame.inverse)
    inside = 0 <= i < frame.nx and 0 <= j < frame.ny and 0 <= k < frame.nz
    return frame.first + (i * frame.ny + j) * frame.nz + k if inside else -1


@inline
def point_in_voxel(frame, v, ux, uy, uz):
    """The point at the given fractions of voxel v's edges [um]."""
    local = v - frame.first
    ij = local // frame.nz
    x = frame.x + (ij // frame.ny + ux) * frame.size
    y = frame.y + (ij % frame.ny + uy) * frame.size
    z = frame.z + (local % frame.nz + uz) * frame.size
    return x, y, z


@inline
def pierces(corner, f, px, py, pz, dx, dy, dz):
    """Whether the line through p along d passes triangle f outwards (1), inwards (-1) or not at all (0)."""
    ax = corner[f, 0] - px
    ay = corner[f, 1] - py
    az = corner[f, 2] - pz
    bx = corner[f, 3] - px
    by = corner[f, 4] - py
    bz = corner[f, 5] - pz
    u = dx * (ay * bz - az * by) + dy * (az * bx - ax * bz) + dz * (ax * by - ay * bx)
    cx = corner[f, 6] - px
    cy = corner[f, 7] - py
    cz = corner[f, 8] - pz
    v = dx * (by * cz - bz * cy) + dy * (bz * cx - bx * cz) + dz * (bx * cy - by * cx)
    w = dx * (cy * az - cz * ay) + dy * (cz * ax - cx * az) + dz * (cx * ay - cy * ax)
    if u >= 0.0 and v >= 0.0 and w >= 0.0:
        return 1
    if u <= 0.0 and v <= 0.0 and w <= 0.0:
        return -1
    return 0


@inline
def is_inside(walls, frame, v, x, y, z):
    """Whether a point of voxel v lies in the voxel's space: crossings on the way to the voxel's centre."""
    triangle = walls.triangle
    plane = walls.plane
    inside = walls.center_inside[v]
    low = walls.start[v]
    high = walls.start[v + 1]
    if low == high:
        return inside
    cx, cy, cz = point_in_voxel(frame, v, 0.5, 0.5, 0.5)
    dx = cx - x
    dy = cy - y
    dz = cz - z
    for a in range(low, high):
        f = np.int64(triangle[a])
        nx = plane[f, 0]
        ny = plane[f, 1]
        nz = plane[f, 2]
        c = plane[f, 3]
        here = nx * x + ny * y + nz * z - c
        there = nx * (x + dx) + ny * (y + dy) + nz * (z + dz) - c
        if (here < 0.0) != (there < 0.0) and pierces(walls.corner, f, x, y, z, dx, dy, dz) != 0:
            inside = not inside
    return inside


@inline
def contact_among(walls, met, n, px, py, pz, dx, dy, dz, found, at):
    """The better of a contact known so far and those with n sides; see `first_contact`."""
    qx = px + dx
    qy = py + dy
    qz = pz + dz
    plane = walls.plane
    for a in range(n):
        f = np.int64(met[a])
        nx = plane[f, 0]
        ny = plane[f, 1]
        nz = plane[f, 2]
        c = plane[f, 3]
        beyond = nx * qx + ny * qy + nz * qz - c
        if beyond < 0.0:
            continue
        before = c - (nx * px + ny * py + nz * pz)
        if before < -BEHIND or before + beyond <= 0.0:
            continue
        before = max(before, 0.0)
        t = before / (before + beyond)
        if (t < at or (t == at and f < found)) and pierces(walls.corner, f, px, py, pz, dx, dy, dz) == 1:
            at = t
            found = f
    return found, at


@inline
def collect(walls, v, met, n):
    """Add the sides that touch voxel v to a list of n; four are copied whether there are as many or not."""
    low = walls.start[v]
    more = walls.start[v + 1] - low
    triangle = walls.triangle
    met[n] = triangle[low]
    met[n + 1] = triangle[low + 1]
    met[n + 2] = triangle[low + 2]
    met[n + 3] = triangle[low + 3]
    for a in range(4, more):
        met[n + a] = triangle[low + a]
    return n + more


@inline
def first_contact(walls, frame, met, px, py, pz, dx, dy, dz):
    """The first side that the step from p along d leaves its space through, and the part of the step done.

    Returns (-1, 1.0) where the way is free. The sides that touch the voxels along the step are gathered in `met` before
    they are tested: their number is hard to foresee, and each branch that the processor guesses wrong costs more than a
    test.
    """
    ax = (px - frame.x) * frame.inverse
    ay = (py - frame.y) * frame.inverse
    az = (pz - frame.z) * frame.inverse
    bx = (px + dx - frame.x) * frame.inverse
    by = (py + dy - frame.y) * frame.inverse
    bz = (pz + dz - frame.z) * frame.inverse
    i = math.floor(ax)
    j = math.floor(ay)
    k = math.floor(az)
    u = math.floor(bx)
    v = math.floor(by)
    w = math.floor(bz)
    here = frame.first + (i * frame.ny + j) * frame.nz + k
    crossed = abs(u - i) + abs(v - j) + abs(w - k)
    found = NONE
    at = 1.0
    n = collect(walls, here, met, np.int64(0))
    if crossed > 0:
        ex = bx - ax
        ey = by - ay
        ez = bz - az
        di = 1.0 / abs(ex) if ex != 0.0 else FOREVER
        dj = 1.0 / abs(ey) if ey != 0.0 else FOREVER
        dk = 1.0 / abs(ez) if ez != 0.0 else FOREVER
        ti = (i + 1.0 - ax if ex > 0.0 else ax - i) * di
        tj = (j + 1.0 - ay if ey > 0.0 else ay - j) * dj
        tk = (k + 1.0 - az if ez > 0.0 else az - k) * dk
        si = frame.ny * frame.nz if ex > 0.0 else -frame.ny * frame.nz
        sj = frame.nz if ey > 0.0 else -frame.nz
        sk = 1 if ez > 0.0 else -1
        for _ in range(crossed):
            along_i = (ti <= tj) & (ti <= tk)
            along_j = (tj <= tk) & ~along_i
            along_k = ~(along_i | along_j)
            here += si if along_i else sj if along_j else sk
            ti += di if along_i else 0.0
            tj += dj if along_j else 0.0
            tk += dk if along_k else 0.0
            if not frame.first <= here < frame.first + frame.nx * frame.ny * frame.nz:
                break  # beyond the wall
            if n > ROOM:
                found, at = contact_among(walls, met, n, px, py, pz, dx, dy, dz, found, at)
                n = 0
            n = collect(walls, here, met, n)
        there = frame.first + (u * frame.ny + v) * frame.nz + w
        if here != there and 0 <= u < frame.nx and 0 <= v < frame.ny and 0 <= w < frame.nz:
            n = collect(walls, there, met, n)  # round-off led past the end
    return contact_among(walls, met, n, px, py, pz, dx, dy, dz, found, at)


@inline
def travel(walls, frame, species, met, px, py, pz, dx, dy, dz):
    """Where a step ends after all its reflections.

    Returns x, y, z [um], the voxel there, and the boundary that took the molecule out (-1 for none). A step that
    ends in doubt, after too many reflections or on the wrong side by round-off, is not made: voxel -1 says so.
    """
    plane = walls.plane
    x = px
    y = py
    z = pz
    reflected = False
    for _ in range(BOUNCES):
        f, t = first_contact(walls, frame, met, x, y, z, dx, dy, dz)
        if f < 0:
            x = x + dx
            y = y + dy
            z = z + dz
            v = voxel_at(frame, x, y, z)
            if v < 0 or (reflected and not is_inside(walls, frame, v, x, y, z)):
                return px, py, pz, -1, -1
            return x, y, z, v, -1
        b = walls.boundary[species, f]
        nx = plane[f, 0]
        ny = plane[f, 1]
        nz = plane[f, 2]
        qx = x + dx
        qy = y + dy
        qz = z + dz
        x = x + t * dx
        y = y + t * dy
        z = z + t * dz
        if b >= 0:
            return x, y, z, -1, b
        twice = 2.0 * (nx * qx + ny * qy + nz * qz - plane[f, 3])
        dx = qx - twice * nx - x
        dy = qy - twice * ny - y
        dz = qz - twice * nz - z
        reflected = True
    return px, py, pz, -1, -1
