"""Triangles of the plain engine: every step is tested against all of them."""

import math

BOUNCES = 64
BEHIND = 1e-12
EDGES = 4096
FORGOTTEN = 30.0  # exponent beyond which a touch of the wall is not considered


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def plus(a, b):
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def minus(a, b):
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def times(factor, a):
    return factor * a[0], factor * a[1], factor * a[2]


def frame(n):
    """Two unit vectors at right angles to the unit vector n and to each other."""
    if abs(n[0]) < 0.5:
        size = math.sqrt(n[2] * n[2] + n[1] * n[1])
        first = 0.0, n[2] / size, -n[1] / size
    else:
        size = math.sqrt(n[0] * n[0] + n[2] * n[2])
        first = -n[2] / size, 0.0, n[0] / size
    return first, cross(n, first)


class Surface:
    """All sides of faces that bound one space, and the voxels only as far as a place has to be named."""

    def __init__(self, system, space):
        walls, voxels = system.walls, system.grids[space].voxels
        self.mine = system.geometry.side_faces(space).tolist()
        self.corners = system.geometry.sides.tolist()
        self.normals = [n[:3] for n in walls.plane.tolist()]
        self.offsets = [n[3] for n in walls.plane.tolist()]
        self.boundary = walls.boundary.tolist()
        self.rims = [
            [(ends[:3], ends[3:]) for ends, counts in zip(walls.rim.tolist(), of, strict=True) if counts]
            for of in walls.rim_of.tolist()
        ]
        self.rim_start = walls.rim_start.tolist()
        self.takes, self.strong = walls.takes.tolist(), set(walls.near.tolist())
        self.origin, self.shape = voxels.origin.tolist(), voxels.shape
        self.size, self.inverse = voxels.size, 1.0 / voxels.size
        self.center_inside = voxels.center_inside.ravel().tolist()
        self.first = sum(system.grids[k].voxels.center_inside.size for k in range(space))

    def voxel(self, p):
        """Number of the voxel that holds a point; -1 outside the grid."""
        i, j, k = (math.floor((p[a] - self.origin[a]) * self.inverse) for a in range(3))
        if min(i, j, k) < 0 or i >= self.shape[0] or j >= self.shape[1] or k >= self.shape[2]:
            return -1
        return self.first + (i * self.shape[1] + j) * self.shape[2] + k

    def has_rims(self, species, voxel):
        """Whether a step of a species that touching a face may take out counts as near a rim, begun in a voxel."""
        return self.takes[species] and self.rim_start[voxel + 1] > self.rim_start[voxel]

    def rim_distance(self, species, p):
        """Distance from a point to the nearest rim for a species, over all of them."""
        least = math.inf
        for a, b in self.rims[species]:
            u, w = minus(b, a), minus(p, a)
            share = min(max(dot(w, u) / dot(u, u), 0.0), 1.0)
            w = minus(w, times(share, u))
            least = min(least, dot(w, w))
        return math.sqrt(least)

    def indices(self, voxel):
        """i, j, k of a voxel."""
        ij, k = divmod(voxel - self.first, self.shape[2])
        return *divmod(ij, self.shape[1]), k

    def point(self, voxel, shares):
        """The point at some fractions of a voxel's edges."""
        along = zip(self.origin, self.indices(voxel), shares, strict=True)
        return tuple(origin + (n + share) * self.size for origin, n, share in along)

    def crosses(self, f, p, d):
        """1 where the line through p along d leaves through side f, -1 where it comes in, 0 where it misses."""
        a, b, c = (minus(corner, p) for corner in self.corners[f])
        sides = dot(d, cross(a, b)), dot(d, cross(b, c)), dot(d, cross(c, a))
        if min(sides) >= 0.0:
            return 1
        return -1 if max(sides) <= 0.0 else 0

    def inside(self, p):
        """Whether a point of the grid is in the space: the crossings on the way to the centre of its voxel decide."""
        voxel = self.voxel(p)
        way = [self.origin[a] + (n + 0.5) * self.size - p[a] for a, n in enumerate(self.indices(voxel))]
        end = plus(p, way)
        inside = self.center_inside[voxel - self.first]
        for f in self.mine:
            n, c = self.normals[f], self.offsets[f]
            if (dot(n, p) - c < 0.0) != (dot(n, end) - c < 0.0) and self.crosses(f, p, way) != 0:
                inside = not inside
        return inside

    def first_contact(self, p, d):
        """The least (fraction of the step, side) at which the step leaves the space; None where it does not."""
        q = plus(p, d)
        found = None
        for f in self.mine:
            n, c = self.normals[f], self.offsets[f]
            beyond = n[0] * q[0] + n[1] * q[1] + n[2] * q[2] - c
            if beyond < 0.0:
                continue
            before = c - dot(n, p)
            if before < -BEHIND or before + beyond <= 0.0:
                continue
            before = max(before, 0.0)
            t = before / (before + beyond)
            if t < 1.0 and (found is None or (t, f) < found) and self.crosses(f, p, d) == 1:
                found = t, f
        return found

    def travel(self, species, start, step):
        """Where a step ends after all its reflections, and the boundary that it ended at (-1 for none).

        A step that ends in doubt is not made: None.
        """
        p, d = start, step
        reflected = False
        for _ in range(BOUNCES):
            contact = self.first_contact(p, d)
            if contact is None:
                p = plus(p, d)
                in_doubt = self.voxel(p) < 0 or (reflected and not self.inside(p))
                return None if in_doubt else (p, -1)
            t, f = contact
            end = plus(p, d)
            p = plus(p, times(t, d))
            if self.boundary[species][f] >= 0:
                return p, self.boundary[species][f]
            n = self.normals[f]
            d = minus(minus(end, times(2.0 * (dot(n, end) - self.offsets[f]), n)), p)
            reflected = True
        return None

    def touch(self, species, p, q, spread):
        """The side that a path between p and q most likely met, the exponent a b / (D dt), and a + b; or None.

        Sides that take no path that only touches them are not asked; the way to the mirror image of q says where it
        would have touched.
        """
        found, least = None, FORGOTTEN
        for f in self.mine:
            if self.boundary[species][f] == -1 or f not in self.strong:
                continue
            n, c = self.normals[f], self.offsets[f]
            deep_p, deep_q = c - dot(n, p), c - dot(n, q)
            if deep_p <= 0.0 or deep_q <= 0.0 or deep_p * deep_q / spread >= least:
                continue
            if self.crosses(f, p, minus(self.image(f, q), p)) == 1:
                least = deep_p * deep_q / spread
                found = f, least, deep_p + deep_q
        return found

    def image(self, f, q):
        """The mirror image of a point in the plane of a side."""
        n = self.normals[f]
        return plus(q, times(2.0 * (self.offsets[f] - dot(n, q)), n))


class Sheet:
    """The faces as a surface to glide on."""

    def __init__(self, system):
        faces = len(system.geometry.face)
        self.corners = system.geometry.sides[:faces].tolist()
        self.planes = system.walls.plane[:faces].tolist()
        self.neighbour = system.geometry.neighbour.tolist()
        self.region = system.geometry.face_region.tolist()
        self.home = system.walls.home.tolist()

    def edge(self, f, k):
        """Where an edge begins, its direction, and the direction from it into the face."""
        a, b = self.corners[f][k], self.corners[f][(k + 1) % 3]
        e = minus(b, a)
        size = math.sqrt(dot(e, e))
        e = e[0] / size, e[1] / size, e[2] / size
        return a, e, cross(self.planes[f][:3], e)

    def glide(self, species, f, p, d):
        """Where a step d from point p of face f ends, and its face; None in doubt."""
        home = self.home[species]
        for _ in range(EDGES):
            edges = [self.edge(f, k) for k in range(3)]
            least, crossed = 1.0, None
            for k, (a, _, m) in enumerate(edges):
                speed = dot(d, m)
                if speed < 0.0:
                    height = max(dot(minus(p, a), m), 0.0)
                    if height < -speed * least:
                        least, crossed = -height / speed, k
            p = plus(p, times(least, d))
            if crossed is None:
                n = self.planes[f]
                return minus(p, times(dot(n, p) - n[3], n)), f
            d = times(1.0 - least, d)
            _, e, m = edges[crossed]
            away = -dot(d, m)
            g = self.neighbour[f][crossed]
            if g < 0 or (home >= 0 and self.region[g] != home):
                d = plus(d, times(2.0 * away, m))
                continue
            along = dot(d, e)
            _, _, m = self.edge(g, self.neighbour[g].index(f))
            d = plus(times(along, e), times(away, m))
            f = g
        return None
