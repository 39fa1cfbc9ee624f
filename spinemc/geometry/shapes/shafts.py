"""The shaft of a dendrite: a tube that may taper and bend, along an arc or a traced path."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from spinemc.geometry.shapes.lathe import SIDES, Span, bow, line, revolve

if TYPE_CHECKING:
    from scipy.interpolate import CubicSpline, PchipInterpolator
    from scipy.spatial import cKDTree

GRAIN = 0.005  # um, between points of a path at which its frame is known
CLOSER = 6  # steps towards the nearest point of a path


class Shaft(ABC):
    """A tube along a centre line that is `length` long and goes straight on beyond its ends [um]."""

    length: float

    @abstractmethod
    def radius(self, s: np.ndarray) -> np.ndarray:
        """(n,) radius at some way from the beginning [um]."""

    @abstractmethod
    def slope(self, s: np.ndarray) -> np.ndarray:
        """(n,) how the radius changes there."""

    @abstractmethod
    def frame(self, s: np.ndarray) -> np.ndarray:
        """(n, 3, 3): as columns, the direction of the centre line and two at right angles to it, the last one up."""

    @abstractmethod
    def within(self, s: np.ndarray) -> np.ndarray:
        """(n, 3) points of the centre line between its ends [um]."""

    @abstractmethod
    def way(self, point: np.ndarray) -> np.ndarray:
        """(n,) how far along the centre line its nearest point is [um]."""

    @property
    @abstractmethod
    def tightest(self) -> float:
        """The least radius of curvature of the centre line [um]."""

    @property
    def widest(self) -> float:
        """The largest radius [um]."""
        return float(self.radius(np.linspace(0.0, self.length, 257)).max())

    def center(self, s: np.ndarray) -> np.ndarray:
        """(n, 3) points of the centre line, straight on beyond its ends [um]."""
        s = np.asarray(s, dtype=np.float64)
        inner = np.clip(s, 0.0, self.length)
        return self.within(inner) + (s - inner)[..., None] * self.frame(s)[..., 0]

    def distance(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) distance from the tube's side, negative inside [um], and (n, 3) its gradient."""
        s = self.way(point)
        away = point - self.center(s)
        far = np.linalg.norm(away, axis=1)
        slope = self.slope(s)
        tilt = 1.0 / np.sqrt(1.0 + slope**2)
        gradient = away / np.maximum(far, 1e-300)[:, None] - slope[:, None] * self.frame(s)[..., 0]
        return (far - self.radius(s)) * tilt, gradient * tilt[:, None]

    def gap(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) distance from the tube with half balls at its ends, negative inside, and (n,) its radius there [um]."""
        s = np.clip(self.way(point), 0.0, self.length)
        radius = self.radius(s)
        return np.linalg.norm(point - self.center(s), axis=1) - radius, radius

    def surface(
        self, edge: float, borders: Sequence[float] = (), round_end: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The tube's surface.

        Parameters
        ----------
        edge : float
            Wanted length of the triangles' edges [um].
        borders : sequence of float
            Ways between the ends that a ring of corners lies at [um].
        round_end : bool
            Whether a half ball closes the last end, in place of a disc.

        Returns
        -------
        (v, 3) float64, (f, 3) int32, (f,) int
            Corners [um], triangles, and the part each is of: 0 the first end, then the stretches of the side between
            the borders, and last the last end.
        """
        start, end = (float(r) for r in self.radius(np.array([0.0, self.length])))
        ways = [0.0, *borders, self.length]
        spans = [line(None, (0.0, 0.0), (start, 0.0)), *map(self._side, ways[:-1], ways[1:])]
        if round_end:
            spans.append(bow(None, (0.0, self.length), end, 0.0, 0.5 * np.pi))
        else:
            spans.append(line(None, (end, self.length), (0.0, self.length)))
        vertex, face, span = revolve(spans, min(edge, self.tightest * 2.0 * np.pi / SIDES))
        frame = self.frame(vertex[:, 2])
        return self.center(vertex[:, 2]) + vertex[:, :1] * frame[..., 1] + vertex[:, 1:2] * frame[..., 2], face, span

    def _side(self, begin: float, end: float) -> Span:
        """The profile of a stretch of the side."""

        def curve(t: np.ndarray) -> np.ndarray:
            s = end * t if begin == 0.0 else begin + (end - begin) * t
            return np.stack([self.radius(s), s], axis=1)

        return Span(None, curve)


@dataclass(frozen=True)
class Arc(Shaft):
    """A shaft along an arc in the plane y = 0 that begins at the origin and goes along x, bent towards z.

    Attributes
    ----------
    length : float
        Along its centre line [um].
    start, end : float
        Its radii at both ends [um].
    bend : float
        The angle by which it turns [rad].
    """

    length: float
    start: float
    end: float
    bend: float = 0.0

    def radius(self, s: np.ndarray) -> np.ndarray:
        return self.start + (self.end - self.start) * np.clip(s / self.length, 0.0, 1.0)

    def slope(self, s: np.ndarray) -> np.ndarray:
        return np.full(np.shape(s), (self.end - self.start) / self.length)

    @property
    def tightest(self) -> float:
        return np.inf if self.bend == 0.0 else self.length / abs(self.bend)

    def within(self, s: np.ndarray) -> np.ndarray:
        turn = self.bend / self.length
        if self.bend == 0.0:
            return np.stack([s, 0.0 * s, 0.0 * s], axis=-1)
        return np.stack([np.sin(turn * s), 0.0 * s, 2.0 * np.sin(0.5 * turn * s) ** 2], axis=-1) / turn

    def frame(self, s: np.ndarray) -> np.ndarray:
        angle = self.bend / self.length * np.clip(np.asarray(s, dtype=np.float64), 0.0, self.length)
        zero, one = 0.0 * angle, 0.0 * angle + 1.0
        along = np.stack([np.cos(angle), zero, np.sin(angle)], axis=-1)
        up = np.stack([-np.sin(angle), zero, np.cos(angle)], axis=-1)
        return np.stack([along, np.stack([zero, one, zero], axis=-1), up], axis=-1)

    def way(self, point: np.ndarray) -> np.ndarray:
        if self.bend == 0.0:
            return point[:, 0]
        turn = self.bend / self.length
        angle = np.arctan2(point[:, 0], (1.0 / turn - point[:, 2]) * np.sign(turn))
        middle = 0.5 * abs(self.bend)  # what is across from there is nearest to an end
        s = (middle + np.remainder(angle - middle + np.pi, 2.0 * np.pi) - np.pi) / abs(turn)
        after = (point - self.center(np.array([self.length]))) @ self.frame(np.array([self.length]))[0, :, 0]
        return np.where(s > self.length, self.length + after, np.where(s < 0.0, point[:, 0], s))


@dataclass(frozen=True, eq=False)
class Path(Shaft):
    """A shaft along a smooth line through points.

    Attributes
    ----------
    point : (n, 3) float64
        Points of the centre line [um], two or more.
    thickness : (n,) float64
        The radius at each [um].
    """

    point: np.ndarray
    thickness: np.ndarray

    @property
    def length(self) -> float:  # type: ignore[override]
        """Along the centre line [um]."""
        return float(self._known[0][-1])

    @property
    def ways(self) -> np.ndarray:
        """(n,) how far along the centre line each of its points is [um]."""
        return np.asarray(self._known[3].x)

    @cached_property
    def _known(self) -> tuple[np.ndarray, CubicSpline, np.ndarray, PchipInterpolator]:
        """Ways [um]; the centre line and, there, a direction across it that does not twist; the radius."""
        from scipy.interpolate import CubicSpline, PchipInterpolator

        chord = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.point, axis=0), axis=1))])
        smooth = CubicSpline(chord, self.point)
        t = np.linspace(0.0, chord[-1], max(64, int(np.ceil(chord[-1] / GRAIN))))
        place = smooth(t)
        s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(place, axis=0), axis=1))])
        line = CubicSpline(s, place)
        along = _unit(line(s, 1))
        up = np.empty_like(place)
        up[0] = np.eye(3)[np.argmin(np.abs(along[0]))]
        for k in range(len(s)):
            before = up[max(k - 1, 0)]
            up[k] = _unit(before - (before @ along[k]) * along[k])
        return s, line, up, PchipInterpolator(np.interp(chord, t, s), self.thickness)

    @cached_property
    def _near(self) -> cKDTree:
        from scipy.spatial import cKDTree

        return cKDTree(self._known[1](self._known[0]))

    def radius(self, s: np.ndarray) -> np.ndarray:
        return np.asarray(self._known[3](np.clip(s, 0.0, self.length)))

    def slope(self, s: np.ndarray) -> np.ndarray:
        inner = np.clip(s, 0.0, self.length)
        return np.where(inner == s, self._known[3](inner, 1), 0.0)

    @property
    def tightest(self) -> float:
        return float(1.0 / max(self.bends[1].max(), 1e-12))

    @cached_property
    def bends(self) -> tuple[np.ndarray, np.ndarray]:
        """(m,) ways along the centre line [um], and its curvature there [1/um]."""
        s, line, _, _ = self._known
        first, second = line(s, 1), line(s, 2)
        return s, np.linalg.norm(np.cross(first, second), axis=1) / np.linalg.norm(first, axis=1) ** 3

    def within(self, s: np.ndarray) -> np.ndarray:
        return np.asarray(self._known[1](s))

    def frame(self, s: np.ndarray) -> np.ndarray:
        known, line, across, _ = self._known
        inner = np.clip(np.asarray(s, dtype=np.float64), 0.0, self.length)
        along = _unit(line(inner, 1))
        up = np.stack([np.interp(inner, known, across[:, k]) for k in range(3)], axis=-1)
        up = _unit(up - (up * along).sum(axis=-1, keepdims=True) * along)
        return np.stack([along, np.cross(up, along), up], axis=-1)

    def way(self, point: np.ndarray) -> np.ndarray:
        s = self._known[0][self._near.query(point)[1]]
        for _ in range(CLOSER):
            s = s + ((point - self.center(s)) * self.frame(s)[..., 0]).sum(axis=1)
        return s


@dataclass(frozen=True, eq=False)
class Stretch:
    """A stretch of a shaft that spines may stand on.

    Attributes
    ----------
    name : str
        Of the section it is, empty where the shaft is all there is.
    shaft : Shaft
    begin, end : float
        Where it begins and ends, ways along the shaft [um].
    low, high : float
        Between which it is free of what it is joined to, ways from its own beginning [um].
    """

    name: str
    shaft: Shaft
    begin: float
    end: float
    low: float
    high: float

    @classmethod
    def whole(cls, shaft: Shaft) -> Stretch:
        """All of a shaft."""
        return cls("", shaft, 0.0, shaft.length, 0.0, shaft.length)

    @property
    def length(self) -> float:
        """From its beginning to its end [um]."""
        return self.end - self.begin


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)
