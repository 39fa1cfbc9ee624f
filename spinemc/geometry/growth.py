"""The sizes of a shape's spines, and the same shape with others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.shapes import checked
from spinemc.geometry.shapes.parameters import Parameters
from spinemc.geometry.shapes.placement import entries
from spinemc.geometry.shapes.spines import sizes as solved
from spinemc.scenario import Shape
from spinemc.scenario.values import stand_in

ALONE = "spine"
"""What the only spine of a shape is called."""

WITH_HEAD = ("psd_radius", "head_height", "cup_depth", "ring_width")
"""Lengths of a head: they go with the cube root of its volume, so that its form stays."""

Sizes = dict[str, float]
"""`head_volume` [um^3], `neck_radius`, `neck_length` and those of `WITH_HEAD` that the spine has [um]."""


def sizes(shape: Shape) -> dict[str, Sizes]:
    """The sizes of the spines that may grow and shrink: those with a neck, alone or in a list on a dendrite.

    Parameters
    ----------
    shape : Shape
        Of kind spine, dendrite or morphology.

    Returns
    -------
    dict
        By the name that the spine's compartments begin with, "spine_1"; `ALONE` for a spine by itself. Volumes are
        those of the smooth head above the neck, as `head_volume` asks for them.

    Raises
    ------
    GeometryError
        Another kind, spines without places of their own, or parameters that are not possible.
    """
    if shape.kind == "spine":
        return {ALONE: _sizes(checked(shape))}
    if shape.kind not in ("dendrite", "morphology"):
        raise GeometryError(
            f"{shape.source}: a {shape.kind} has no spines with necks whose sizes could follow weights."
        )
    given = checked(shape)
    if "spine" not in given:
        raise GeometryError(
            f"{shape.source}: the spines have no places of their own to grow at: list them, each with its `at`, as "
            "[[geometry.spine]]."
        )
    return {
        f"spine_{number}": _sizes(own)
        for number, (entry, own) in enumerate(entries(given), start=1)
        if entry.get("kind", "spine") == "spine"
    }


def _sizes(given: Parameters) -> Sizes:
    size = solved(given)
    own = {"head_volume": size.volume, "neck_radius": size.neck, "neck_length": size.length, "psd_radius": size.psd}
    return own | {key: given[key] for key in WITH_HEAD if key in given}


def resized(size: Mapping[str, float], wanted: Mapping[str, float]) -> Sizes:
    """A spine with another head volume or neck; the lengths of its head go with the cube root of its volume."""
    scale = float(np.cbrt(wanted.get("head_volume", size["head_volume"]) / size["head_volume"]))
    return {**size, **{key: scale * size[key] for key in WITH_HEAD if key in size}, **wanted}


def with_sizes(shape: Shape, changed: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """The parameters to lay over a shape, so that its spines have other sizes.

    Parameters
    ----------
    shape : Shape
        As of `sizes`.
    changed : mapping
        By spine, all its sizes, as `resized` gives them.

    Returns
    -------
    dict
        Parameters [um, um^3, rad]: those of a spine by itself, or the whole list `spine`.
    """
    if shape.kind == "spine":
        return dict(changed[ALONE])
    listed = []
    for number, entry in enumerate(shape.parameters["spine"], start=1):
        size = changed.get(f"spine_{number}", {})
        replaced = {*size, *map(stand_in, size)}
        kept = {key: value for key, value in entry.items() if key not in replaced}
        listed.append({**kept, **size})
    return {"spine": listed}
