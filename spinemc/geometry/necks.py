"""Necks as conductors: what they let through by diffusion and as a resistor, from their cross-sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spinemc.geometry.parts import CYLINDER, HALF_SPACE
from spinemc.geometry.shapes.spines import RESISTIVITY
from spinemc.geometry.solids import upright

if TYPE_CHECKING:
    from spinemc.geometry.mesh import Geometry

SLICES = 64
CALCIUM = 220.0  # um^2/s, diffusion coefficient


@dataclass(frozen=True)
class Neck:
    """A neck of a spine.

    Attributes
    ----------
    name : str
        Of its compartment.
    length : float
        Along its axis [um].
    width : float
        Diameter of a circle with its median cross-section [um].
    hindrance : float
        The integral of 1/A along it [1/um], A the cross-section.
    """

    name: str
    length: float
    width: float
    hindrance: float

    @property
    def resistance(self) -> float:
        """Electric resistance at 150 ohm cm [Mohm]."""
        return RESISTIVITY * self.hindrance

    @property
    def conductance(self) -> float:
        """What diffuses through for a difference of one molecule/um^3, at calcium's 220 um^2/s [um^3/s]."""
        return CALCIUM / self.hindrance

    @property
    def of_cylinder(self) -> float:
        """The same by the formula pi r^2 D / L, for the median cross-section [um^3/s]."""
        return CALCIUM * np.pi * (0.5 * self.width) ** 2 / self.length


def necks(geometry: Geometry) -> list[Neck]:
    """The compartments of the cytosol whose name, or the last part of it, is `neck`."""
    found = []
    for number in geometry.set_of(0):
        row, name = geometry.compartment_shape[number], geometry.compartments[number]
        pieces = geometry.compartment_pieces[number]
        if name.rpartition(".")[2] != "neck" or row[0] not in (CYLINDER, HALF_SPACE):
            continue
        turned = [upright(piece, row[4:7]) for piece in pieces]
        ends = np.array([piece.bounding_box() for piece in turned])
        low, high = float(ends[:, 2].min()), float(ends[:, 5].max())
        height = low + (np.arange(SLICES) + 0.5) / SLICES * (high - low)
        area = np.array([sum(piece.slice(float(z)).area() for piece in turned) for z in height])
        area = area[area > 0.0]
        width = 2.0 * float(np.sqrt(np.median(area) / np.pi))
        found.append(Neck(name, high - low, width, float((high - low) * np.mean(1.0 / area))))
    return found
