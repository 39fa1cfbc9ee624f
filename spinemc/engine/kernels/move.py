"""Motion along a straight step among triangles: exact reflection, first contact, inside or outside.

The test of a segment against a triangle uses the triple products of the segment with the triangle's edges. Two
triangles that share an edge compute products that differ in sign only, so no segment slips between them.
"""

import math

from spinemc.engine.kernels.rng import inline
from spinemc.engine.kernels.tables import NONE

BOUNCES = 64  # reflections in one step before it is given up
# A point where a molecule was just reflected may lie behind a neighbouring plane by round-off [um].
BEHIND = 1e-12


@inline
def voxel_at(walls, x, y, z):
    """Index of the voxel that holds a point; -1 outside the grid."""
    inverse = walls.scale[1]
    i = math.floor((x - walls.origin[0]) * inverse)
    j = math.floor((y - walls.origin[1]) * inverse)
    k = math.floor((z - walls.origin[2]) * inverse)
    inside = 0 <= i < walls.shape[0] and 0 <= j < walls.shape[1] and 0 <= k < walls.shape[2]
    return (i * walls.shape[1] + j) * walls.shape[2] + k if inside else -1


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
def is_inside(walls, v, x, y, z):
    """Whether a point of voxel v lies inside the surface: crossings on the way to the voxel's centre."""
    inside = walls.center_inside[v]
    low = walls.start[v]
    high = walls.start[v + 1]
    if low == high:
        return inside
    k = v % walls.shape[2]
    ij = v // walls.shape[2]
    size = walls.scale[0]
    dx = walls.origin[0] + (ij // walls.shape[1] + 0.5) * size - x
    dy = walls.origin[1] + (ij % walls.shape[1] + 0.5) * size - y
    dz = walls.origin[2] + (k + 0.5) * size - z
    for a in range(low, high):
        f = walls.triangle[a]
        nx = walls.plane[f, 0]
        ny = walls.plane[f, 1]
        nz = walls.plane[f, 2]
        c = walls.plane[f, 3]
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
    for a in range(walls.start[v], walls.start[v + 1]):
        f = walls.triangle[a]
        nx = walls.plane[f, 0]
        ny = walls.plane[f, 1]
        nz = walls.plane[f, 2]
        c = walls.plane[f, 3]
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
def first_contact(walls, px, py, pz, dx, dy, dz):
    """The first triangle that the step from p along d leaves the inside through, and the part of the step done.

    Returns (-1, 1.0) where the way is free. Walks the voxels along the step.
    """
    size = walls.scale[0]
    i = math.floor((px - walls.origin[0]) * walls.scale[1])
    j = math.floor((py - walls.origin[1]) * walls.scale[1])
    k = math.floor((pz - walls.origin[2]) * walls.scale[1])
    v = (i * walls.shape[1] + j) * walls.shape[2] + k
    found, at = contact_in(walls, v, px, py, pz, dx, dy, dz, NONE, 1.0)
    if v == voxel_at(walls, px + dx, py + dy, pz + dz):
        return found, at
    si = 1 if dx > 0.0 else -1
    sj = 1 if dy > 0.0 else -1
    sk = 1 if dz > 0.0 else -1
    ti = (walls.origin[0] + (i + (dx > 0.0)) * size - px) / dx if dx != 0.0 else math.inf
    tj = (walls.origin[1] + (j + (dy > 0.0)) * size - py) / dy if dy != 0.0 else math.inf
    tk = (walls.origin[2] + (k + (dz > 0.0)) * size - pz) / dz if dz != 0.0 else math.inf
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
        if not (0 <= i < walls.shape[0] and 0 <= j < walls.shape[1] and 0 <= k < walls.shape[2]):
            break
        v = (i * walls.shape[1] + j) * walls.shape[2] + k
        found, at = contact_in(walls, v, px, py, pz, dx, dy, dz, found, at)
    return found, at


@inline
def travel(walls, species, px, py, pz, dx, dy, dz):
    """Where a step ends after all its reflections.

    Returns x, y, z [um], the voxel there, and the boundary that took the molecule out (-1 for none). A step that
    ends in doubt, after too many reflections or on the wrong side by round-off, is not made: voxel -1 says so.
    """
    x = px
    y = py
    z = pz
    reflected = False
    for _ in range(BOUNCES):
        f, t = first_contact(walls, x, y, z, dx, dy, dz)
        if f < 0:
            x = x + dx
            y = y + dy
            z = z + dz
            v = voxel_at(walls, x, y, z)
            if v < 0 or (reflected and not is_inside(walls, v, x, y, z)):
                return px, py, pz, -1, -1
            return x, y, z, v, -1
        b = walls.boundary[species, f]
        nx = walls.plane[f, 0]
        ny = walls.plane[f, 1]
        nz = walls.plane[f, 2]
        qx = x + dx
        qy = y + dy
        qz = z + dz
        x = x + t * dx
        y = y + t * dy
        z = z + t * dz
        if b >= 0:
            return x, y, z, -1, b
        twice = 2.0 * (nx * qx + ny * qy + nz * qz - walls.plane[f, 3])
        dx = qx - twice * nx - x
        dy = qy - twice * ny - y
        dz = qz - twice * nz - z
        reflected = True
    return px, py, pz, -1, -1


@inline
def brushes(walls, species, v, px, py, pz, qx, qy, qz, spread):
    """The boundary that a molecule may have met and left again between the ends of a step, and with what exponent.

    The path between two points at depths a and b below a plane touches it with probability exp(-a b / (D dt))
    (Brownian bridge); it does so about where the straight way by the mirror image of its end crosses the plane.

    Parameters
    ----------
    spread : float
        D dt [um^2].

    Returns
    -------
    boundary : int
        -1 where no plane is near.
    exponent : float
        a b / (D dt).
    """
    found = -1
    least = 30.0
    for m in range(walls.near_start[v], walls.near_start[v + 1]):
        f = walls.near[m]
        b = walls.boundary[species, f]
        if b < 0:
            continue
        nx = walls.plane[f, 0]
        ny = walls.plane[f, 1]
        nz = walls.plane[f, 2]
        c = walls.plane[f, 3]
        depth_p = c - (nx * px + ny * py + nz * pz)
        depth_q = c - (nx * qx + ny * qy + nz * qz)
        if depth_p <= 0.0 or depth_q <= 0.0:
            continue
        exponent = depth_p * depth_q / spread
        if exponent >= least:
            continue
        dx = qx + 2.0 * depth_q * nx - px
        dy = qy + 2.0 * depth_q * ny - py
        dz = qz + 2.0 * depth_q * nz - pz
        if pierces(walls.corner, f, px, py, pz, dx, dy, dz) == 1:
            found = b
            least = exponent
    return found, least
