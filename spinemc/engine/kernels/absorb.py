"""Absorption between the ends of a step: touches, and short steps where a region's rim is near."""

import math

from spinemc.engine.kernels.move import pierces, travel_in
from spinemc.engine.kernels.rng import CREEP, inline, jit, normal, uniform, words
from spinemc.engine.kernels.tables import HELD, NONE

FAR = 3.0  # a step's standard deviations that have to fit between a molecule and a rim
SHORTEST = 1.0 / 4096.0  # part of a step that is never divided further


@inline
def brushes(near_start, near, plane, corner, boundary, species, v, px, py, pz, qx, qy, qz, spread):
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
    for m in range(near_start[v], near_start[v + 1]):
        f = near[m]
        b = boundary[species, f]
        if b < 0:
            continue
        nx = plane[f, 0]
        ny = plane[f, 1]
        nz = plane[f, 2]
        c = plane[f, 3]
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
        if pierces(corner, f, px, py, pz, dx, dy, dz) == 1:
            found = b
            least = exponent
    return found, least


@inline
def rim_distance(start, near, rim, rim_of, species, v, x, y, z):
    """Distance of a point of voxel v from the nearest rim for a species [um]; inf where none is near."""
    least = math.inf
    for m in range(start[v], start[v + 1]):
        r = near[m]
        if rim_of[species, r]:
            ux = rim[r, 3] - rim[r, 0]
            uy = rim[r, 4] - rim[r, 1]
            uz = rim[r, 5] - rim[r, 2]
            px = x - rim[r, 0]
            py = y - rim[r, 1]
            pz = z - rim[r, 2]
            share = (px * ux + py * uy + pz * uz) / (ux * ux + uy * uy + uz * uz)
            share = min(max(share, 0.0), 1.0)
            px -= share * ux
            py -= share * uy
            pz -= share * uz
            least = min(least, px * px + py * py + pz * pz)
    return math.sqrt(least)


@jit
def creep(walls, state, key, step, species, i, x, y, z, v, diffusion, dt):
    """Where a step that begins near a rim ends, made of steps short against the distance to the rim.

    On one plane with an absorbing region and a reflecting rest, one step knows the place of a single touch; which of
    its many touches falls on the region matters within a step's length of the rim. A step whose length depends on
    where it begins is still an exact piece of a Brownian path.

    Returns x, y, z [um], the voxel, and the boundary that took the molecule out (-1 for none).
    """
    left = dt
    attempt = 0
    boundary = NONE
    while left > 0.0:
        distance = rim_distance(walls.rim_start, walls.rim_near, walls.rim, walls.rim_of, species, v, x, y, z)
        span = distance / FAR
        span = max(span * span / (2.0 * diffusion), SHORTEST * dt)
        if span >= left:
            span = left
        left -= span
        a, b, c, d = words(key, i, step, CREEP, species, attempt)
        attempt += 1
        sigma = math.sqrt(2.0 * diffusion * span)
        nx, ny, nz, w, boundary = travel_in(
            walls, species, x, y, z, sigma * normal(a), sigma * normal(b), sigma * normal(c)
        )
        if boundary >= 0:
            break
        if w < 0:
            state.serial[HELD] += 1
            continue
        boundary, exponent = brushes(
            walls.near_start,
            walls.near,
            walls.plane,
            walls.corner,
            walls.boundary,
            species,
            w,
            x,
            y,
            z,
            nx,
            ny,
            nz,
            diffusion * span,
        )
        x = nx
        y = ny
        z = nz
        v = w
        if boundary >= 0:
            if uniform(d) < math.exp(-exponent):
                break
            boundary = NONE
    return x, y, z, v, boundary
