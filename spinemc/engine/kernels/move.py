"""Motion along a straight step among triangles: exact reflection, first contact, inside or outside.

The test of a segment against a triangle uses the triple products of the segment with the triangle's edges. Two
triangles that share an edge compute products that differ in sign only, so no segment slips between them.
"""

import math

from spinemc.engine.kernels.rng import inline
from spinemc.engine.kernels.tables import NONE, Frame

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
        f = triangle[a]
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
def contact_in(walls, v, px, py, pz, dx, dy, dz, found, at):
    """The better of a contact known so far and those with the triangles of voxel v; see `first_contact`."""
    qx = px + dx
    qy = py + dy
    qz = pz + dz
    plane = walls.plane
    for a in range(walls.start[v], walls.start[v + 1]):
        f = walls.triangle[a]
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
def first_contact(walls, frame, px, py, pz, dx, dy, dz):
    """The first side that the step from p along d leaves its space through, and the part of the step done.

    Returns (-1, 1.0) where the way is free. Walks the voxels along the step.
    """
    size = frame.size
    i = math.floor((px - frame.x) * frame.inverse)
    j = math.floor((py - frame.y) * frame.inverse)
    k = math.floor((pz - frame.z) * frame.inverse)
    v = frame.first + (i * frame.ny + j) * frame.nz + k
    found, at = contact_in(walls, v, px, py, pz, dx, dy, dz, NONE, 1.0)
    if v == voxel_at(frame, px + dx, py + dy, pz + dz):
        return found, at
    si = 1 if dx > 0.0 else -1
    sj = 1 if dy > 0.0 else -1
    sk = 1 if dz > 0.0 else -1
    ti = (frame.x + (i + (dx > 0.0)) * size - px) / dx if dx != 0.0 else math.inf
    tj = (frame.y + (j + (dy > 0.0)) * size - py) / dy if dy != 0.0 else math.inf
    tk = (frame.z + (k + (dz > 0.0)) * size - pz) / dz if dz != 0.0 else math.inf
    di = size / abs(dx) if dx != 0.0 else math.inf
    dj = size / abs(dy) if dy != 0.0 else math.inf
    dk = size / abs(dz) if dz != 0.0 else math.inf
    while min(ti, tj, tk) < at:
        if ti <= tj and ti <= tk:
            i += si
            ti += di
        elif tj <= tk:
            j += sj
            tj += dj
        else:
            k += sk
            tk += dk
        if not (0 <= i < frame.nx and 0 <= j < frame.ny and 0 <= k < frame.nz):
            break
        v = frame.first + (i * frame.ny + j) * frame.nz + k
        found, at = contact_in(walls, v, px, py, pz, dx, dy, dz, found, at)
    return found, at


@inline
def travel(walls, frame, species, px, py, pz, dx, dy, dz):
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
        f, t = first_contact(walls, frame, x, y, z, dx, dy, dz)
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
