"""The shaft seen in a dendrite's surface: its centre line, and how far from it the surface would be without spines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spinemc.geometry.checks import crossed, signed_volume
from spinemc.geometry.depths import Depths, depths
from spinemc.geometry.solids import normals

if TYPE_CHECKING:
    from scipy.sparse import csr_array

GRID = 6.0  # grid steps in the radius that a tube of the same volume and area has
THIN, CORE = 0.3, 0.65  # of the shaft's radius: depths kept for the first, the second guess of the centre line
NARROW = 0.5  # of the radius further inward: what narrows to this, towards an end, is a neck or the end itself
SLENDER = 4.0  # a shaft is as many times as long as its radius, at least
WAVES = 4  # harmonics of the angle: a circle off its centre, an ellipse, and what else is not round
TURNS = 2 * WAVES + 1
BESIDE = 0.7  # cosine between normal and radius, of faces that may be the shaft's side
STEP = 0.2  # of the radius: between points of the centre line
KNOTS, SHAPES = 2.5, 1.25  # radii between knots of the centre line, and of the shape along it
BEYOND = 1.5  # radii that the centre line reaches farther than its path did
WIDER, BULGE = 3.0, 6  # times a shaft does not widen within so many knots of its shape
WIDEST = 3.0  # radii from the centre line within which the shaft's surface is looked for
MIDDLE = 0.4  # of the surface beside a place is nearer than the first guess of the radius there
FITS = 3
OUTER = (0.6, 0.5, 0.4, 0.3, 0.2, 0.15)  # of the mean radius: faces that far out are left aside, round by round
INNER = 0.5  # likewise, inward
STIFF = 0.02  # weight of smoothness along the shaft against that of the surface


@dataclass(frozen=True, eq=False)
class Trunk:
    """A bent tube of varying, nearly elliptic cross-section.

    Attributes
    ----------
    center : (m, 3) float64
        Its centre line, at equal steps [um].
    frame : (m, 3, 3) float64
        As columns, its direction and two at right angles to it that turn as little as possible.
    step : float
        Between points of the centre line [um].
    spacing : float
        Between knots of `shape` [um], the first at the beginning of the centre line.
    shape : (k, 9) float64
        At each knot, the mean distance of the surface from the centre line, and the amplitudes of the
        cosine of the angle and its multiples up to four, and of the sine [um].
    rough : float
        Standard deviation of the surface's distance about that, spines left aside [um].
    """

    center: np.ndarray
    frame: np.ndarray
    step: float
    spacing: float
    shape: np.ndarray
    rough: float

    @property
    def radius(self) -> float:
        """Mean distance of the surface from the centre line [um]."""
        return float(self.shape[:, 0].mean())

    @property
    def length(self) -> float:
        """Of the centre line [um]."""
        return self.step * (len(self.center) - 1)

    @property
    def widens(self) -> bool:
        """Whether it becomes threefold as wide within six radii, as a neck does towards its head; ends left aside."""
        wide = self.shape[2:-2, 0]
        reach = range(1, min(BULGE, len(wide)))
        return any((np.abs(np.log(wide[k:] / wide[:-k])) > np.log(WIDER)).any() for k in reach)

    def above(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How high points lie above the shaft's surface, and beside which place of its centre line.

        Parameters
        ----------
        point : (n, 3) float64
            [um]

        Returns
        -------
        height : (n,) float64
            Negative within the shaft [um].
        along : (n,) float64
            [um]
        """
        along, radial = self._seen(point)
        far = np.linalg.norm(radial, axis=1)
        return far - self._basis(along, radial) @ self.shape.ravel(), along

    def sided(self, point: np.ndarray, weight: np.ndarray) -> float:
        """Length of the mean direction in which points are seen from the centre line: 1 on one side, 0 all round."""
        _, radial = self._seen(point)
        way = radial / np.maximum(np.linalg.norm(radial, axis=1, keepdims=True), 1e-300)
        return float(np.linalg.norm(weight @ way) / weight.sum())

    def _seen(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) place along the centre line [um], and (n, 2) the way from it, across it [um]."""
        from scipy.spatial import cKDTree

        near = cKDTree(self.center).query(point)[1]
        local = np.einsum("nk,nkc->nc", point - self.center[near], self.frame[near])
        return near * self.step + local[:, 0], local[:, 1:]

    def _basis(self, along: np.ndarray, radial: np.ndarray) -> csr_array:
        """(n, 9 k): what each number of `shape` adds to the distance of the surface there."""
        from scipy.sparse import csr_array

        knots = len(self.shape)
        place = np.clip(along / self.spacing, 0.0, knots - 1)
        low = np.minimum(place.astype(np.int64), knots - 2)
        part = place - low
        angle = np.arctan2(radial[:, 1], radial[:, 0])
        turns = angle[:, None] * np.arange(1, WAVES + 1)
        wave = np.concatenate([np.ones((len(angle), 1)), np.cos(turns), np.sin(turns)], axis=1)
        value = np.concatenate([(1.0 - part)[:, None] * wave, part[:, None] * wave], axis=1)
        column = TURNS * low[:, None] + np.arange(2 * TURNS)
        row = np.arange(len(angle) + 1) * 2 * TURNS
        return csr_array((value.ravel(), column.ravel(), row), shape=(len(angle), TURNS * knots))


def trunk_of(vertex: np.ndarray, face: np.ndarray) -> Trunk | None:
    """The shaft of a dendrite, from its closed surface; None where no shaft is seen.

    The centre line is at first the deepest path between the two points farthest from each other in the thick core of
    the solid; what narrows to half, as necks do, is cut off at its ends, and it goes straight on from there. The
    distance of the surface from it is fitted by low harmonics of the angle, smooth along the line, to the faces that
    look away from the line, those farther out left aside; the line is moved to the middle, and all that is repeated.

    Parameters
    ----------
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int
        Triangles, counter-clockwise seen from outside.
    """
    area = np.linalg.norm(crossed(vertex[face]), axis=1)
    line = _line(depths(vertex, face, 4.0 * signed_volume(vertex[face]) / area.sum() / GRID))
    if line is None:
        return None
    points, radius = line
    surface = vertex[face].mean(axis=1), normals(vertex, face)[face].mean(axis=1), area
    found = _fitted(_tube(points, radius), surface, radius, OUTER[0])
    for outer in OUTER[1:]:
        aside = found.shape[:, [1, 1 + WAVES]]
        place = np.arange(len(found.center)) * found.step / found.spacing
        shift = np.stack([np.interp(place, np.arange(len(aside)), a) for a in aside.T], axis=1)
        moved = found.center + np.einsum("mcx,mx->mc", found.frame[:, :, 1:], shift)
        found = _fitted(_tube(moved, radius), surface, radius, outer)
    return found


def _line(inside: Depths) -> tuple[np.ndarray, float] | None:
    """Points of the centre line [um] and the shaft's radius [um], both roughly; None where there is no slender core."""
    from scipy.ndimage import median_filter
    from scipy.spatial import cKDTree

    depth = inside.depth
    thick = float(np.quantile(depth, 0.9)) / (1.0 - np.sqrt(0.1))  # of a tube, a tenth lies deeper than that part
    path = inside.longest(depth >= THIN * thick)
    path = path[_wide(depth[path], thick / inside.size)]
    if np.median(depth[path]) < NARROW * thick:
        return None
    near = cKDTree(inside.point[path]).query(inside.point)[1]
    width = int(4.0 * thick / inside.size) | 1
    core = depth >= CORE * median_filter(depth[path], width, mode="nearest")[near]
    core[path] = True
    path = inside.longest(core)
    point, radius = inside.point[path], float(np.median(depth[path]))
    kept = _wide(depth[path], thick / inside.size)
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(point, axis=0), axis=1))])
    if way[kept][-1] - way[kept][0] + 2.0 * CORE * radius < SLENDER * radius:
        return None
    ends = way[kept][0] + radius, way[kept][-1] - radius  # there it turns towards a rim or into a neck
    kept = (way >= ends[0]) & (way <= ends[1])
    if way[kept].size < 4 or np.ptp(way[kept]) < radius:
        return None
    point = _smooth(point[kept], radius)
    back = min(len(point) - 1, int(1.5 / STEP))
    steps = (BEYOND * radius + np.array([ends[0], way[-1] - ends[1]])) / (STEP * radius)
    parts = [point]
    for number, end, inner in ((steps[0], point[0], point[back]), (steps[1], point[-1], point[-1 - back])):
        ahead = (end - inner) / np.linalg.norm(end - inner) * STEP * radius
        parts.append(end + np.arange(1, int(number) + 1)[:, None] * ahead)
    return np.concatenate([parts[1][::-1], point, parts[2]]), radius


def _wide(depth: np.ndarray, reach: float) -> slice:
    """The stretch of a path, about its middle, in which its depth does not fall below half of that further inward.

    Parameters
    ----------
    depth : (k,) float64
        Along it.
    reach : float
        Over how many points, times six, the depth further inward is taken.
    """
    middle, reach = len(depth) // 2, max(int(6.0 * reach), 1)
    first, last = middle, middle
    while last + 1 < len(depth) and depth[last + 1] >= NARROW * np.median(
        depth[max(first, last + 1 - reach) : last + 1]
    ):
        last += 1
    while first > 0 and depth[first - 1] >= NARROW * np.median(depth[first : min(last, first + reach) + 1]):
        first -= 1
    return slice(first, last + 1)


def _smooth(point: np.ndarray, radius: float) -> np.ndarray:
    """(m, 3) points at equal steps of a smooth curve near others, that bends no faster than about the radius."""
    from scipy.interpolate import make_lsq_spline

    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(point, axis=0), axis=1))])
    inner = np.linspace(0.0, way[-1], max(int(way[-1] / (KNOTS * radius)), 1) + 1)
    knots = np.concatenate([[0.0] * 3, inner, [way[-1]] * 3])
    kept = np.concatenate([[True], np.diff(way) > 0.0])
    curve = make_lsq_spline(way[kept], point[kept], knots)
    fine = curve(np.linspace(0.0, way[-1], 8 * len(point)))
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    at = np.linspace(0.0, way[-1], max(int(way[-1] / (STEP * radius)), 4) + 1)
    return np.stack([np.interp(at, way, x) for x in fine.T], axis=1)


def _tube(point: np.ndarray, radius: float) -> Trunk:
    """A tube about a smooth curve near some points, of no shape as yet."""
    point = _smooth(point, radius)
    ahead = np.gradient(point, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    frame = np.empty((len(point), 3, 3))
    side = np.eye(3)[np.argmin(np.abs(ahead[0]))]
    for k, way in enumerate(ahead):
        side = side - (side @ way) * way
        side /= np.linalg.norm(side)
        frame[k] = np.stack([way, side, np.cross(way, side)], axis=1)
    step = float(np.linalg.norm(np.diff(point, axis=0), axis=1).mean())
    length = step * (len(point) - 1)
    knots = max(int(length / (SHAPES * radius)), 1) + 1
    return Trunk(point, frame, step, length / (knots - 1), np.zeros((knots, TURNS)), 0.0)


def _fitted(tube: Trunk, surface: tuple[np.ndarray, np.ndarray, np.ndarray], radius: float, outer: float) -> Trunk:
    """A tube with the shape of a surface about its centre line.

    Parameters
    ----------
    tube : Trunk
    surface : tuple of arrays
        Centre [um], normal and area [um^2] of its faces.
    radius : float
        The shaft's, roughly [um].
    outer : float
        Part of the radius that faces of the shaft are farther out than its fitted surface, at most.
    """
    centre, normal, area = surface
    along, radial = tube._seen(centre)
    far = np.linalg.norm(radial, axis=1)
    near = np.clip(np.rint(along / tube.step).astype(np.int64), 0, len(tube.center) - 1)
    outward = np.einsum("nc,nc->n", normal, np.einsum("nkc,nc->nk", tube.frame[near][:, :, 1:], radial))
    beside = (outward > BESIDE * far) & (along > 0.0) & (along < tube.length) & (far < WIDEST * radius)
    basis = tube._basis(along, radial)[beside]
    far, area, along = far[beside], area[beside], along[beside]
    knots = len(tube.shape)
    level = np.zeros(knots)
    for k in range(knots):
        here = np.abs(along / tube.spacing - k) < 1.0
        level[k] = _quantile(far[here], area[here], MIDDLE) if here.any() else np.nan
    level = np.interp(np.arange(knots), np.flatnonzero(np.isfinite(level)), level[np.isfinite(level)])
    shape = np.zeros((knots, TURNS))
    shape[:, 0] = level
    stiff = _stiffness(knots) * STIFF * area.sum() / knots
    rest = far - basis @ shape.ravel()
    for _ in range(FITS):
        used = (rest < outer * level.mean()) & (rest > -INNER * level.mean())
        weight = np.where(used, area, 0.0)
        normal_matrix = (basis.T @ (basis * weight[:, None])).toarray() + stiff
        shape = np.linalg.solve(normal_matrix, basis.T @ (weight * far)).reshape(knots, TURNS)
        rest = far - basis @ shape.ravel()
    rough = _quantile(np.abs(rest[used]), area[used], 0.5) / 0.6745
    return replace(tube, shape=shape, rough=rough)


def _stiffness(knots: int) -> np.ndarray:
    """(9 k, 9 k): the square of how much a shape changes its slope along the shaft, and of how far it is from round."""
    bend = np.zeros((max(knots - 2, 0), knots))
    for k in range(len(bend)):
        bend[k, k : k + 3] = 1.0, -2.0, 1.0
    waves = np.diag(np.concatenate([[0.0], *[np.arange(1.0, WAVES + 1) ** 2] * 2]))
    return np.kron(bend.T @ bend, np.eye(TURNS)) + np.kron(np.eye(knots), waves) + 1e-6 * np.eye(TURNS * knots)


def _quantile(value: np.ndarray, weight: np.ndarray, part: float) -> float:
    """The value below which lies that part of the weight."""
    order = np.argsort(value)
    whole = np.cumsum(weight[order])
    return float(value[order][np.searchsorted(whole, part * whole[-1])])
