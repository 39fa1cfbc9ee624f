"""The shaft of a dendrite: a tube that may taper and bend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemc.geometry.shapes.lathe import SIDES, line, revolve


@dataclass(frozen=True)
class Shaft:
    """A tube along an arc in the plane y = 0 that begins at the origin and goes along x, bent towards z.

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
        """Radius at some way from the beginning [um]."""
        return self.start + (self.end - self.start) * np.clip(s / self.length, 0.0, 1.0)

    def center(self, s: np.ndarray) -> np.ndarray:
        """(n, 3) points of the centre line, straight on beyond its ends [um]."""
        s = np.asarray(s, dtype=np.float64)
        inner = np.clip(s, 0.0, self.length)
        turn = self.bend / self.length
        angle = turn * inner
        if self.bend == 0.0:
            point = np.stack([inner, 0.0 * inner, 0.0 * inner], axis=-1)
        else:
            point = np.stack([np.sin(angle), 0.0 * inner, 2.0 * np.sin(0.5 * angle) ** 2], axis=-1) / turn
        return point + (s - inner)[..., None] * self.frame(s)[..., 0]

    def frame(self, s: np.ndarray) -> np.ndarray:
        """(n, 3, 3): as columns, the direction of the centre line, y, and the third at right angles to both."""
        angle = self.bend / self.length * np.clip(np.asarray(s, dtype=np.float64), 0.0, self.length)
        zero, one = 0.0 * angle, 0.0 * angle + 1.0
        along = np.stack([np.cos(angle), zero, np.sin(angle)], axis=-1)
        up = np.stack([-np.sin(angle), zero, np.cos(angle)], axis=-1)
        return np.stack([along, np.stack([zero, one, zero], axis=-1), up], axis=-1)

    def way(self, point: np.ndarray) -> np.ndarray:
        """(n,) how far along the centre line its nearest point is, of a line that goes straight on at its ends [um]."""
        if self.bend == 0.0:
            return point[:, 0]
        turn = self.bend / self.length
        angle = np.arctan2(point[:, 0], (1.0 / turn - point[:, 2]) * np.sign(turn))
        s = angle / abs(turn)
        after = (point - self.center(np.array([self.length]))) @ self.frame(np.array([self.length]))[0, :, 0]
        return np.where(s > self.length, self.length + after, np.where(s < 0.0, point[:, 0], s))

    def distance(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) distance from the tube's side, negative inside [um], and (n, 3) its gradient."""
        s = self.way(point)
        away = point - self.center(s)
        far = np.linalg.norm(away, axis=1)
        slope = (self.end - self.start) / self.length
        tilt = np.cos(np.arctan(slope))
        gradient = away / np.maximum(far, 1e-300)[:, None] - slope * self.frame(s)[..., 0]
        return (far - self.radius(s)) * tilt, gradient * tilt

    def surface(self, edge: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Corners, triangles, and for each whether it is of the side (1), the first end (0) or the last (2)."""
        spans = [
            line(None, (0.0, 0.0), (self.start, 0.0)),
            line(None, (self.start, 0.0), (self.end, self.length)),
            line(None, (self.end, self.length), (0.0, self.length)),
        ]
        if self.bend != 0.0:
            edge = min(edge, self.length / abs(self.bend) * 2.0 * np.pi / SIDES)
        vertex, face, span = revolve(spans, edge)
        frame = self.frame(vertex[:, 2])
        return (
            self.center(vertex[:, 2]) + vertex[:, :1] * frame[..., 1] + vertex[:, 1:2] * frame[..., 2],
            face,
            span,
        )
