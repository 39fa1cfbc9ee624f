"""Parametric solids, by kind: plain ones, spines, dendrites."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.shapes import dendrites, plain
from spinemc.geometry.shapes.parameters import Parameters, nearest
from spinemc.geometry.shapes.placement import OTHER
from spinemc.geometry.shapes.shafts import Shaft
from spinemc.geometry.shapes.standing import Standing
from spinemc.geometry.solids import Solid
from spinemc.scenario import Shape
from spinemc.scenario.values import SOLVED_FOR

__all__ = ["KINDS", "checked", "plan", "solid"]

_Names = tuple[str, ...]

KINDS: dict[str, tuple[Callable[[Parameters], Solid], _Names, _Names, _Names]] = {
    "sphere": (plain.sphere, ("radius",), ("cap_angle",), ()),
    "box": (plain.box, ("size",), (), ("size",)),
    "cylinder": (plain.cylinder, ("radius", "length"), (), ()),
    "revolution": (plain.revolution, ("profile",), ("regions",), ("profile", "regions")),
    "spine": (dendrites.spine, *dendrites.SPINE, ()),
    "stubby": (dendrites.stubby, *dendrites.STUBBY, ()),
    "branched": (dendrites.branched, *dendrites.BRANCHED, ("branch",)),
    "dendrite": (dendrites.dendrite, *dendrites.DENDRITE, OTHER),
    "morphology": (dendrites.morphology, *dendrites.MORPHOLOGY, (*OTHER, "swc", "sections")),
}
"""By kind: what makes it, the parameters it needs, those it may have, and those of all these that are not numbers."""


def solid(shape: Shape) -> Solid:
    """Triangulate a parametric shape.

    Parameters
    ----------
    shape : Shape
        Its kind and its parameters [um]. Every kind knows `edge`, the wanted length of the triangles' edges,
        chosen so that there are about 2000 triangles where it is not given.

    Raises
    ------
    GeometryError
        The kind or a parameter is not known, missing, or not possible; every fault is a line of the message.
    """
    given = checked(shape)
    return KINDS[shape.kind][0](given)


def plan(shape: Shape) -> tuple[Shaft, list[Standing], np.ndarray] | None:
    """What a parametric shape is made of, without a mesh of it.

    Returns
    -------
    Shaft, list of Standing, (3,) float64
        Its one shaft, the spines on it, and where the shaft's coordinates begin in those of the shape [um]; None where
        it has no shaft, or several.

    Raises
    ------
    GeometryError
        As `solid`.
    """
    return dendrites.plan(shape.kind, checked(shape))


def checked(shape: Shape) -> Parameters:
    """The parameters of a shape, each by itself possible.

    Raises
    ------
    GeometryError
        As `solid`.
    """
    if shape.kind not in KINDS:
        raise GeometryError(
            f'{shape.source}: geometry.kind = "{shape.kind}" is not a kind of shape'
            f"{nearest(shape.kind, KINDS)}: known are {', '.join(KINDS)}."
        )
    _, needed, optional, other = KINDS[shape.kind]
    given = {key: value for key, value in shape.parameters.items() if key != "kind"}
    instead = SOLVED_FOR if shape.kind in ("spine", "branched") else None
    return Parameters(shape.kind, given, needed, (*optional, "edge"), other, shape.source, instead=instead)
