"""What a wall does to a path between the ends of a step: total and partial absorption, partitions that let some by.

A wall that takes molecules up with velocity K (flux K c) takes a path that crosses it with a probability that depends
on how far the whole step goes along the wall's normal, see `grip`. For a plane that is exact whatever the step's
length. For any shape it is exact while the density is even: mirrored straight ways cross each piece of a wall as often,
and at the same angles, as they would cross a plane. A wall that takes nearly all has to take paths too that touch it
between the ends of a step without crossing. Near the rim of such a region steps are cut short.
"""

import math

import numpy as np

from spinemc.engine.kernels.move import BOUNCES, first_contact, frame_of, is_inside, pierces, voxel_at
from spinemc.engine.kernels.rng import CREEP, TOUCH, inline, jit, normal, uniform, words
from spinemc.engine.kernels.tables import NONE

FAR = 3.5  # a step's standard deviations that have to fit between a molecule and a rim
SHORTEST = 2.0**-20  # part of a step that is never divided further
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
def grip(velocity, diffusion, span, extent):
    r"""How strongly a wall takes up a path, from 0 to 2: up to 1 the probability to be taken where the path crosses it.

    Parameters
    ----------
    velocity : float
        Uptake velocity K of the wall [um/s]; inf where it takes all.
    diffusion : float
        D [um^2/s]
    span : float
        Length t of the step [s].
    extent : float
        How far the step goes along the wall's normal [um].

    Notes
    -----
    A path from depth a that is mirrored at the plane to depth b has crossed it with probability
    1 / (1 + exp(a b / (D t))), and is to be taken with one less the quotient of the densities with and without uptake
    (Carslaw & Jaeger 1959, section 14.2). The latter over the former is
    2 K sqrt(pi t / D) erfcx((a + b) / sqrt(4 D t) + K sqrt(t / D)), with a + b the extent. What exceeds 1 belongs to
    paths that touch the plane and do not cross it, exp(-a b / (D t)) of those that stay below.
    """
    if velocity == math.inf:
        return 2.0
    root = math.sqrt(diffusion * span)
    strength = velocity * root / diffusion
    return 2.0 * SQRT_PI * strength * erfcx(0.5 * extent / root + strength)


@inline
def brushes(walls, species, v, px, py, pz, qx, qy, qz, spread):
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
    extent : float
        a + b [um]
    """
    plane = walls.plane
    found = -1
    least = FORGOTTEN
    extent = 0.0
    for m in range(walls.near_start[v], walls.near_start[v + 1]):
        f = walls.near[m]
        if walls.boundary[species, f] == NONE:
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
        if pierces(walls.corner, f, px, py, pz, dx, dy, dz) == 1:
            found = f
            least = exponent
            extent = depth_p + depth_q
    return found, least, extent


@inline
def touched(walls, species, f, exponent, extent, diffusion, span, u):
    """The boundary that takes a path that may have touched side f between its ends, by a uniform number u; or -1."""
    b = number_of(walls.boundary[species, f])
    if walls.becomes[b] == NONE and u < (grip(walls.velocity[b], diffusion, span, extent) - 1.0) * math.exp(-exponent):
        return b
    return NONE


@jit
def pass_or_bounce(walls, block, key, step, species, i, first, diffusion, span, px, py, pz, dx, dy, dz):
    """Where a step ends among walls that take some and let some by.

    Parameters
    ----------
    first : int
        Number of the first of the random words that contacts may ask for.
    diffusion, span : float
        [um^2/s], [s]

    Returns
    -------
    x, y, z, voxel, boundary, species
        As `kernels.move.travel`, and the population that the molecule now is of. A step that ends in doubt is not made.
    passed : int
        The partition that it came through last, -1 for none.
    """
    kind = species
    passed = NONE
    x = px
    y = py
    z = pz
    wx = dx  # the whole step, turned with its reflections
    wy = dy
    wz = dz
    frame = frame_of(walls, walls.space[kind])
    for bounce in range(BOUNCES):
        f, t = first_contact(walls, frame, block.met, x, y, z, dx, dy, dz)
        if f < 0:
            x = x + dx
            y = y + dy
            z = z + dz
            v = voxel_at(frame, x, y, z)
            if v < 0 or not is_inside(walls, frame, v, x, y, z):
                break
            return x, y, z, v, NONE, kind, passed
        code = walls.boundary[kind, f]
        nx = walls.plane[f, 0]
        ny = walls.plane[f, 1]
        nz = walls.plane[f, 2]
        qx = x + dx
        qy = y + dy
        qz = z + dz
        x = x + t * dx
        y = y + t * dy
        z = z + t * dz
        if code >= 0:
            return x, y, z, np.int64(-1), np.int64(code), kind, passed
        along = wx * nx + wy * ny + wz * nz
        if code < NONE:
            b = number_of(code)
            beyond = walls.becomes[b]
            a, _, _, _ = words(key, i, step, TOUCH, species, first + bounce)
            taken = grip(walls.velocity[b], diffusion, span, abs(along))
            if beyond == NONE:
                if uniform(a) < taken:
                    return x, y, z, np.int64(-1), np.int64(b), kind, passed
            elif uniform(a) < 0.5 * taken:
                block.passed[b] += 1
                passed = np.int64(b)
                kind = beyond
                frame = frame_of(walls, walls.space[kind])
                x = x + BEYOND * nx
                y = y + BEYOND * ny
                z = z + BEYOND * nz
                dx = qx - x
                dy = qy - y
                dz = qz - z
                continue
        twice = 2.0 * (nx * qx + ny * qy + nz * qz - walls.plane[f, 3])
        dx = qx - twice * nx - x
        dy = qy - twice * ny - y
        dz = qz - twice * nz - z
        wx -= 2.0 * along * nx
        wy -= 2.0 * along * ny
        wz -= 2.0 * along * nz
    block.held[0] += 1
    return px, py, pz, voxel_at(frame_of(walls, walls.space[species]), px, py, pz), NONE, species, NONE


@inline
def rim_distance(walls, species, v, x, y, z):
    """Distance of a point of voxel v from the nearest rim for a species [um]; inf where none is near."""
    rim = walls.rim
    least = math.inf
    for m in range(walls.rim_start[v], walls.rim_start[v + 1]):
        r = walls.rim_near[m]
        if walls.rim_of[species, r]:
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
def creep(walls, block, key, step, species, i, x, y, z, v, diffusion, dt):
    """Where a step that begins near a rim ends, made of steps short against the distance to the rim.

    On one plane with an absorbing region and a reflecting rest, one step knows the place of a single touch; which of
    its many touches falls on the region matters within a step's length of the rim. A step whose length depends on
    where it begins is still an exact piece of a Brownian path.

    Returns x, y, z [um], the voxel, the boundary that took the molecule out (-1 for none), its population, and the
    partition that it came through last (-1 for none).
    """
    left = dt
    passed = NONE
    attempt = 0
    kind = species
    boundary = NONE
    while left > 0.0 and boundary == NONE:
        distance = rim_distance(walls, kind, v, x, y, z)
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
        x, y, z, v, boundary, kind, through = pass_or_bounce(
            walls,
            block,
            key,
            step,
            kind,
            i,
            1 + BOUNCES * attempt,
            diffusion,
            span,
            px,
            py,
            pz,
            sigma * normal(a),
            sigma * normal(b),
            sigma * normal(c),
        )
        if through >= 0:
            passed = through
        if boundary >= 0:
            break
        f, exponent, extent = brushes(
            walls,
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
            boundary = touched(walls, kind, f, exponent, extent, diffusion, span, uniform(d))
    return x, y, z, v, boundary, kind, passed
