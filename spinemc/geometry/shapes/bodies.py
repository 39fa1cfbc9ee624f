"""One body of tubes and the spines that stand on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spinemc.geometry.shapes.joins import round_off, split_near
from spinemc.geometry.shapes.lathe import SIDES
from spinemc.geometry.shapes.parameters import Parameters, um
from spinemc.geometry.shapes.shafts import Shaft
from spinemc.geometry.shapes.standing import Standing
from spinemc.geometry.shapes.tidy import tidied
from spinemc.geometry.solids import Solid, united

SHORT = 0.4  # edges that a union may leave, over those around
FINE = 0.5  # edges where a foot is rounded off, over the fillet's radius


@dataclass(frozen=True, eq=False)
class Trunk:
    """A tube that spines stand on.

    Attributes
    ----------
    shaft : Shaft
    body : Solid
        Its surface.
    sides : tuple of str
        The regions of that which are the tube's side.
    """

    shaft: Shaft
    body: Solid
    sides: tuple[str, ...]


def joined(trunks: Sequence[Trunk], standing: Sequence[Standing], source: str, edge: float, fillet: float) -> Solid:
    """The one body of what spines stand on and of them, each foot rounded off.

    Parameters
    ----------
    trunks : sequence of Trunk
        What they stand on.
    standing : sequence of Standing
    source : str
        What messages call it.
    edge : float
        Wanted length of the triangles' edges [um].
    fillet : float
        Radius of the joins with spines [um]; 0 for none.
    """
    regions = list(dict.fromkeys(name for trunk in trunks for name in trunk.body.regions))
    parts = []
    for trunk in trunks:
        vertex, face = trunk.body.vertex, trunk.body.face
        label = np.array([regions.index(name) for name in trunk.body.regions])[trunk.body.label]
        own = [one for one in standing if one.shaft is trunk.shaft]
        if fillet > 0.0 and own:
            feet = [(one.foot, one.turn[:, 2], one.form.foot + 1.5 * fillet) for one in own]
            sides = [regions.index(name) for name in trunk.sides]
            vertex, face, label = split_near(trunk.shaft, (vertex, face, label), sides, feet, FINE * fillet)
        parts.append((vertex, face, label))
    for one in standing:
        stalk = one.stalk(edge, FINE * fillet or np.inf)
        first = f"{one.name}." if one.name else ""
        own_names = [name for name in stalk.regions if name not in ("membrane", "base")]
        names = {"membrane": "membrane", "base": "membrane"} | {name: first + name for name in own_names}
        regions += [first + name for name in own_names]
        number = np.array([regions.index(names[name]) for name in stalk.regions])
        parts.append((stalk.vertex, stalk.face, number[stalk.label]))
    vertex, face, label = united(parts, source)
    least = np.maximum(_least(vertex, standing, edge, fillet), _least_between(vertex, trunks, edge))
    vertex, face, label = tidied(vertex, face, label, least)
    if fillet > 0.0:
        for trunk in trunks:
            own = [one for one in standing if one.shaft is trunk.shaft]
            vertex = round_off(vertex, trunk.shaft.distance, [one.distance for one in own], fillet)
        vertex, face, label = tidied(vertex, face, label, np.zeros(len(vertex)))
    return Solid(vertex, face, label, tuple(regions))


def _least_between(vertex: np.ndarray, trunks: Sequence[Trunk], edge: float) -> np.ndarray:
    """(v,) how long edges at each corner shall be at least [um]: where the sides of two tubes meet."""
    if len(trunks) == 1:
        return np.zeros(len(vertex))
    gap, radius = np.full((2, len(trunks), len(vertex)), np.inf)
    for k, trunk in enumerate(trunks):
        corner, room = trunk.body.vertex, trunk.shaft.widest
        near = ((vertex > corner.min(axis=0) - room) & (vertex < corner.max(axis=0) + room)).all(axis=1)
        gap[k, near], radius[k, near] = trunk.shaft.gap(vertex[near])
    two = np.argpartition(np.abs(gap), 1, axis=0)[:2]
    wanted = np.minimum(edge, 2.0 * np.pi * np.take_along_axis(radius, two, axis=0).min(axis=0) / SIDES)
    meet = np.abs(np.take_along_axis(gap, two, axis=0)).max(axis=0) < 2.0 * wanted
    return np.where(meet, SHORT * wanted, 0.0)


def _least(vertex: np.ndarray, standing: Sequence[Standing], edge: float, fillet: float) -> np.ndarray:
    """(v,) how long edges at each corner shall be at least [um]: near a foot, where the union has cut triangles."""
    least = np.zeros(len(vertex))
    on = {one.shaft: one.shaft.distance(vertex)[0] for one in standing}
    for one in standing:
        wanted = min(edge, 2.0 * np.pi * one.form.foot / SIDES, *([FINE * fillet] if fillet else []))
        away, _ = one.distance(vertex)
        near = (np.abs(away) < 2.0 * wanted) & (np.abs(on[one.shaft]) < 2.0 * wanted)
        least[near] = SHORT * wanted
    return least


def in_parts(whole: Solid, standing: Sequence[Standing], fillet: float, rest: dict[str, np.ndarray]) -> Solid:
    """A body with the compartments of the spines on it, and those of the rest of it."""
    parts = {f"{one.name}.{part}": row for one in standing for part, row in one.compartments(fillet).items()} | rest
    return replace(whole, compartments=tuple(parts), compartment_shape=np.array(list(parts.values())))


def check_feet(standing: Sequence[Standing], given: Parameters, fillet: float, trunk: str) -> None:
    """Refuse spines whose feet have no room for their fillets."""
    for one in standing:
        if one.form.junction is not None and one.form.junction <= 1.5 * fillet:
            given.fault(
                f"{one.name} is rounded off with {um(fillet)}; its neck, {um(one.form.junction)}, is too short."
            )
        if one.form.foot + fillet >= one.depth:
            given.fault(
                f"{one.name}: its foot, {um(one.form.foot)}, and the fillet, {um(fillet)}, are not thinner than the "
                f"{trunk} there, {um(one.depth)}."
            )
    given.refuse_faults()
