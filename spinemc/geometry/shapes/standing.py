"""Spines that stand on shafts: their surfaces, their parts of space, and whether they have room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spinemc.geometry.checks import at as place_of
from spinemc.geometry.parts import cylinder
from spinemc.geometry.shapes.lathe import line, turned
from spinemc.geometry.shapes.parameters import Parameters, um
from spinemc.geometry.shapes.shafts import Shaft
from spinemc.geometry.shapes.spines import Form
from spinemc.geometry.solids import Solid, manifold

if TYPE_CHECKING:
    from manifold3d import Manifold

SUNK = 0.2  # how deep a foot reaches into a shaft below where it meets its side, over the shaft's radius
MARGIN = 1e-3  # um, around a spine that its compartments reach
APART = 0.02  # um, that spines put in at random stay apart
COARSE = 0.2  # um, edges of surfaces that are only held against each other


@dataclass(frozen=True)
class Standing:
    """A spine on a shaft.

    Attributes
    ----------
    name : str
    form : Form
    foot : (3,) float64
        Where its foot stands [um].
    turn : (3, 3) float64
        Its axes as columns, the last one away from the shaft.
    depth : float
        How far below lies the shaft's centre line [um].
    shaft : Shaft
        What it stands on.
    way : float
        Where its foot stands along that [um].
    """

    name: str
    form: Form
    foot: np.ndarray
    turn: np.ndarray
    depth: float
    shaft: Shaft
    way: float

    def stalk(self, edge: float, fine: float = np.inf) -> Solid:
        """Its surface, with a foot that reaches into the shaft and edges there no longer than `fine` [um]."""
        radius, spans = self.form.foot, self.form.spans
        floor = np.sqrt(self.depth**2 - radius**2) - (1.0 + SUNK) * self.depth
        foot = line(spans[0].name, (radius, floor), (radius, 0.0))
        made = turned([line("base", (0.0, floor), (radius, floor)), replace(foot, edge=fine), *spans], edge)
        return Solid(made.vertex @ self.turn.T + self.foot, made.face, made.label, made.regions)

    def distance(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) distance from the side of its lower part [um], infinite beyond the shaft, and (n, 3) its gradient.

        That is a cylinder, or the ellipsoid of a spine without a neck, to first order in the distance.
        """
        local = (point - self.foot) @ self.turn
        far = np.maximum(np.hypot(local[:, 0], local[:, 1]), 1e-300)
        height = np.maximum(local[:, 2], 0.0) if self.form.junction is None else np.zeros(len(far))
        scaled = np.hypot(far / self.form.foot, height / self.form.top)
        slope = np.column_stack(
            [local[:, :2] / (scaled * self.form.foot**2)[:, None], height / (scaled * self.form.top**2)]
        )
        steep = np.maximum(np.linalg.norm(slope, axis=1), 1e-9)  # on the axis it is flat
        gap = np.where(local[:, 2] > -self.depth, (scaled - 1.0) / steep, np.inf)
        return gap, (slope / steep[:, None]) @ self.turn.T

    def outline(self) -> list[tuple[np.ndarray, float]]:
        """A rod around its neck and a ball around its head: (2, 3) ends of a segment and the radius about it [um]."""
        up, form = self.turn[:, 2], self.form
        low = form.junction or 0.0
        middle, reach, wide = 0.5 * (low + form.top), 0.5 * (form.top - low), form.widest
        inner = max(reach - wide, 0.0)
        head = (
            np.array([self.foot + (middle - inner) * up, self.foot + (middle + inner) * up]),
            float(np.hypot(wide, min(reach, wide))),
        )
        neck = np.array([self.foot, self.foot + low * up]), form.slim
        return [head, neck] if form.junction is not None else [head]

    def compartments(self, fillet: float) -> dict[str, np.ndarray]:
        """Its parts of space: the head from its junction up, the neck from the foot to there."""
        up = self.turn[:, 2]
        top, wide = self.form.top + MARGIN, self.form.widest + MARGIN
        if self.form.junction is None:
            return {"head": cylinder(self.foot, top * up, max(wide, self.form.foot + fillet))}
        slim = max(self.form.slim, self.form.foot + fillet) + MARGIN
        return {
            "head": cylinder(self.foot + self.form.junction * up, (top - self.form.junction) * up, wide),
            "neck": cylinder(self.foot, self.form.junction * up, slim),
        }


def gap(one: Standing, other: Standing) -> float:
    """A lower bound of the distance between two spines, each a ball on a rod [um]."""
    gaps = []
    for a, radius_a in one.outline():
        for b, radius_b in other.outline():
            gaps.append(_between(a, b) - radius_a - radius_b)
    return min(gaps)


def is_clear(one: Standing, tubes: Sequence[Shaft]) -> bool:
    """Whether a spine keeps apart from the tubes that it does not stand on."""
    t = np.linspace(0.0, 1.0, 17)[:, None]
    for ends, radius in one.outline():
        points = ends[0] + t * (ends[1] - ends[0])
        if any(tube.gap(points)[0].min() < radius + APART for tube in tubes if tube is not one.shaft):
            return False
    return True


def _between(a: np.ndarray, b: np.ndarray) -> float:
    """Distance between two segments, (2, 3) each [um], from points that close in on the nearest ones."""
    t = np.linspace(0.0, 1.0, 33)[:, None]
    p, q = a[0] + t * (a[1] - a[0]), b[0] + t * (b[1] - b[0])
    step = np.linalg.norm(a[1] - a[0]) + np.linalg.norm(b[1] - b[0])
    return float(np.linalg.norm(p[:, None] - q[None], axis=2).min() - step / 64.0)


def refuse_crowding(
    tube: Manifold, standing: Sequence[Standing], given: Parameters, called: Callable[[np.ndarray], str]
) -> None:
    """Refuse spines that have room in common outside of what they stand on, or dip into that again.

    Parameters
    ----------
    tube : Manifold
        What they stand on.
    standing : sequence of Standing
    given : Parameters
        Where faults are noted.
    called : callable
        What messages call what they stand on, at a place (3,) [um].
    """
    solids = []
    for one in standing:
        stalk = one.stalk(COARSE)
        whole, up = manifold(stalk.vertex, stalk.face, given.source), one.turn[:, 2]
        upper = whole.trim_by_plane(up.tolist(), float(one.foot @ up + 0.5 * (one.form.junction or one.form.top)))
        dip = upper ^ tube
        if dip.volume() > 0.0:
            again = called(np.array(dip.bounding_box()).reshape(2, 3).mean(axis=0))
            given.fault(f"{one.name} dips into {again} again: turn it away, or give it a shorter neck.")
        solids.append(whole - tube)
    boxes = np.array([made.bounding_box() for made in solids]).reshape(-1, 6)
    low, high = boxes[:, :3], boxes[:, 3:]
    for i, one in enumerate(standing):
        for j in np.flatnonzero(((low[i] <= high[:i]) & (low[:i] <= high[i])).all(axis=1)).tolist():
            common = solids[i] ^ solids[j]
            if common.volume() > 0.0:
                corner = np.array(common.bounding_box()).reshape(2, 3)
                given.fault(
                    f"{standing[j].name} and {one.name} collide: they share {common.volume():.2g} um^3 around "
                    f"{place_of(corner.mean(axis=0))} um, {um(float(np.ptp(corner, axis=0).max()))} across: "
                    "move one of them."
                )
    given.refuse_faults()
