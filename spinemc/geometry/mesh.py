"""The labelled triangle mesh, its derived tables and its checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Geometry:
    """A closed surface with named regions and a named inside.

    Attributes
    ----------
    name : str
        What messages call it (file name, or the kind of shape).
    vertex : (v, 3) float64
        Corners [um].
    face : (f, 3) int32
        Corners of each triangle, counter-clockwise seen from outside.
    face_region : (f,) int16
        Index into `regions`; 0, `membrane`, where no other name was given.
    regions : tuple of str
        `membrane` first (the whole surface, as a total), then the named patches.
    compartments : tuple of str
        `cytosol` first (the whole inside, as a total), then the named parts.
    compartment_shape : (len(compartments) - 1, 7) float64
        The part of space of each named compartment: kind (0 box, 1 sphere), then low and high corner of the box
        (infinite where open), or centre, radius, 0, 0 of the sphere [um]. A point belongs to the first that holds it.
    """

    name: str
    vertex: np.ndarray
    face: np.ndarray
    face_region: np.ndarray
    regions: tuple[str, ...]
    compartments: tuple[str, ...]
    compartment_shape: np.ndarray

    @cached_property
    def triangles(self) -> np.ndarray:
        """(f, 3, 3) float64: corner coordinates of each triangle [um]."""
        return self.vertex[self.face]
