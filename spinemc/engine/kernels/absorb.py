"""What a wall does to a path between the ends of a step: total and partial absorption, partitions that let some by.

The engine mirrors a path at a wall that does not take all. Given the ends of such a step, at depths a and b below a
plane, the path has been taken out with a probability that is known in closed form, see `chance`; for a plane that is
the same all over this is exact whatever the step's length. Near the rim of a region steps are cut short.
"""

import math

from spinemc.engine.kernels.move import frame_of, is_inside, pierces, travel_in, voxel_at
from spinemc.engine.kernels.rng import CREEP, inline, jit, normal, uniform, words
from spinemc.engine.kernels.tables import HELD, NONE

FAR = 3.0  # a step's standard deviations that have to fit between a molecule and a rim
SHORTEST = 1.0 / 4096.0  # part of a step that is never divided further
FORGOTTEN = 30.0  # exponent of a touch that is not considered
BEYOND = 2e-6  # where the way goes on behind a partition, more than the two sides of a sheet are apart [um]
SQRT_PI = math.sqrt(math.pi)


@inline
def number_of(code):
    """The boundary that an entry of Walls.boundary names, -1 for none."""
    return code if code >= NONE else -2 - code


@inline
def erfcx(z):
    """exp(z^2) erfc(z) for z >= 0; relative error below 1e-9."""
    if z < 20.0:
        return math.exp(z * z) * math.erfc(z)
    w = 0.5 / (z * z)
    return (1.0 - w * (1.0 - 3.0 * w * (1.0 - 5.0 * w))) / (SQRT_PI * z)


@inline
def brushes(near_start, near, plane, corner, boundary, species, v, px, py, pz, qx, qy, qz, spread):
    """The side that a path may have met and left again between the ends of a step, and how deep below it they are.

    The straight way to the mirror image of a step's end crosses the plane about where the path touches it. Of several
    sides the one with the least a b / (D dt) is taken.

    Parameters
    ----------
    spread : float
        D dt [um^2].

    Returns
    -------
    side : int
        -1 where none is near.
    exponent : float
        a b / (D dt), for the depths a and b of the two ends.
    depths : float
        a + b [um]
    """
    found = -1
    least = FORGOTTEN
    depths = 0.0
    for m in range(near_start[v], near_start[v + 1]):
        f = near[m]
        if boundary[species, f] == NONE:
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
            found = f
            least = exponent
            depths = depth_p + depth_q
    return found, least, depths


@inline
def chance(velocity, diffusion, span, exponent, depths):
    r"""Probability that a wall has taken out a path that was mirrored at it, or that never reached it.

    Parameters
    ----------
    velocity : float
        Uptake velocity K of the wall [um/s]; inf where it takes all.
    diffusion : float
        D [um^2/s]
    span : float
        Length t of the step [s].
    exponent, depths : float
        a b / (D t), and a + b [um].

    Notes
    -----
    One less the quotient of the densities of ending at depth b with and without uptake (Carslaw & Jaeger 1959,
    section 14.2): 2 K sqrt(pi t / D) erfcx((a + b) / sqrt(4 D t) + K sqrt(t / D)) / (1 + exp(a b / (D t))). A wall that
    takes all has already taken the paths that crossed it; of the others it takes exp(-a b / (D t)).
    """
    if velocity == math.inf:
        return math.exp(-exponent)
    root = math.sqrt(diffusion * span)
    strength = velocity * root / diffusion
    return 2.0 * SQRT_PI * strength * erfcx(0.5 * depths / root + strength) / (1.0 + math.exp(exponent))


@jit
def cross(walls, state, species, f, px, py, pz, qx, qy, qz):
    """Where a path from p that was mirrored to q at partition f ends if it goes through instead: the image of q.

    Returns x, y, z [um] and the voxel, of the space beyond; the boundary that took the molecule out there, -1 for
    none; and the population that it now is of. In doubt it stays where it was mirrored to.
    """
    b = number_of(walls.boundary[species, f])
    kind = walls.becomes[b]
    nx = walls.plane[f, 0]
    ny = walls.plane[f, 1]
    nz = walls.plane[f, 2]
    c = walls.plane[f, 3]
    depth_p = c - (nx * px + ny * py + nz * pz)
    depth_q = c - (nx * qx + ny * qy + nz * qz)
    dx = qx + 2.0 * depth_q * nx - px
    dy = qy + 2.0 * depth_q * ny - py
    dz = qz + 2.0 * depth_q * nz - pz
    share = depth_p / (depth_p + depth_q)
    x = px + share * dx + BEYOND * nx
    y = py + share * dy + BEYOND * ny
    z = pz + share * dz + BEYOND * nz
    frame = frame_of(walls, walls.space[kind])
    v = voxel_at(frame, x, y, z)
    if v >= 0 and is_inside(
        frame, walls.center_inside, walls.start, walls.triangle, walls.plane, walls.corner, v, x, y, z
    ):
        rest = 1.0 - share
        x, y, z, v, out = travel_in(walls, kind, x, y, z, rest * dx, rest * dy, rest * dz)
        if v >= 0 or out >= 0:
            state.absorbed[b] += 1
            return x, y, z, v, out, kind
    state.serial[HELD] += 1
    return qx, qy, qz, voxel_at(frame_of(walls, walls.space[species]), qx, qy, qz), NONE, species


@jit
def touch(walls, state, species, f, u, diffusion, span, exponent, depths, px, py, pz, qx, qy, qz, v):
    """What becomes of a path from p to q that may have touched side f, by a uniform number u.

    Returns x, y, z [um], the voxel, the boundary that took the molecule out (-1 for none), and its population.
    """
    b = number_of(walls.boundary[species, f])
    kind = walls.becomes[b]
    taken = chance(walls.velocity[b], diffusion, span, exponent, depths)
    if kind == NONE:
        return qx, qy, qz, v, b if u < taken else NONE, species
    if u < 0.5 * taken:
        return cross(walls, state, species, f, px, py, pz, qx, qy, qz)
    return qx, qy, qz, v, NONE, species


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

    Returns x, y, z [um], the voxel, the boundary that took the molecule out (-1 for none), and its population.
    """
    left = dt
    attempt = 0
    kind = species
    boundary = NONE
    while left > 0.0 and boundary == NONE:
        distance = rim_distance(walls.rim_start, walls.rim_near, walls.rim, walls.rim_of, kind, v, x, y, z)
        span = distance / FAR
        span = max(span * span / (2.0 * diffusion), SHORTEST * dt)
        if span >= left:
            span = left
        left -= span
        a, b, c, d = words(key, i, step, CREEP, species, attempt)
        attempt += 1
        sigma = math.sqrt(2.0 * diffusion * span)
        px = x
        py = y
        pz = z
        x, y, z, w, boundary = travel_in(
            walls, kind, px, py, pz, sigma * normal(a), sigma * normal(b), sigma * normal(c)
        )
        if boundary >= 0:
            break
        if w < 0:
            state.serial[HELD] += 1
            continue
        v = w
        f, exponent, depths = brushes(
            walls.near_start,
            walls.near,
            walls.plane,
            walls.corner,
            walls.boundary,
            kind,
            v,
            px,
            py,
            pz,
            x,
            y,
            z,
            diffusion * span,
        )
        if f >= 0:
            x, y, z, v, boundary, kind = touch(
                walls, state, kind, f, uniform(d), diffusion, span, exponent, depths, px, py, pz, x, y, z, v
            )
    return x, y, z, v, boundary, kind
