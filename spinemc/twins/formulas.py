"""Exchange between well-mixed pieces by formula: heads that stand on a shaft in pieces, as reduced models have it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.geometry import Geometry
from spinemc.geometry.shapes import plan
from spinemc.geometry.shapes.shafts import Shaft
from spinemc.scenario import Scenario
from spinemc.twins import segments
from spinemc.twins.conductance import Exchange, part_volumes
from spinemc.twins.segments import Segments

GRAIN = 8  # places along a piece of shaft where points tell it from others
ENDS = ("shaft_start", "shaft_end")
FORMULAS = ("consistent", "literal")


def conductance(radius: float, length: float, D: float = 1.0) -> float:
    """What a neck lets by for a difference of one molecule/um^3 between head and shaft [um^3/s].

    Parameters
    ----------
    radius, length : float
        Of the neck [um].
    D : float
        [um^2 s^-1]

    Notes
    -----
    pi a^2 D / (l + pi a / 2): the neck in series with a window 4 a D at either end of it.
    """
    return float(np.pi * radius**2 * D / (length + 0.5 * np.pi * radius))


def rate_in(radius: float, volume: float, D: float = 1.0) -> float:
    """How often one ion of a piece of shaft [um^3] enters a neck, in the reduced model's literal form [1/s].

    Notes
    -----
    4 D a / V, narrow escape out of the piece. Shafiee, Schmitt & Tetzlaff 2026 (doi 10.1038/s42003-026-09719-3), as
    told by others.
    """
    return 4.0 * D * radius / volume


def rate_out(radius: float, length: float, volume: float, D: float = 1.0) -> float:
    """How often one ion of a head [um^3] comes to the shaft, in the reduced model's literal form [1/s].

    Notes
    -----
    1 / (V / (4 D a) + l^2 / (2 D)), narrow escape out of the head and one crossing of the neck. Source as `rate_in`.
    """
    return 1.0 / (volume / (4.0 * D * radius) + length**2 / (2.0 * D))


@dataclass(frozen=True, eq=False)
class Drawn(Segments):
    """Heads and pieces of one shaft, and how they exchange; necks join them and hold nothing.

    Attributes
    ----------
    flow : (p, p) float64
        What goes from piece j to piece i is flow[i, j] D c_j [um].
    feet : dict
        By neck, as an index into `Geometry.compartments`: the piece of its head, and the piece that it stands on.
    ends : dict
        By region at an end of the shaft: the piece there, what it lets by for D = 1 [um], and its area [um^2].
    necks : Segments
        The same pieces with each neck as one more.
    """

    flow: np.ndarray
    feet: dict[int, tuple[int, int]]
    ends: dict[str, tuple[int, float, float]]
    necks: Segments


def drawn(scenario: Scenario, geometry: Geometry) -> Drawn:
    """The pieces of a scenario whose exchange is by formula, with the volumes of their compartments.

    Raises
    ------
    ScenarioError
        Its geometry is not one shaft with spines that have necks, or it asks for what formulas do not know; the first
        fault.
    GeometryError
        As `spinemc.geometry.shapes.plan`.
    """
    for fault in _faults(scenario, geometry):
        file = scenario.path.name if scenario.path else "scenario"
        raise ScenarioError(f'{file}: run.exchange = "{scenario.run.exchange}" {fault}')
    shape = scenario.geometry.shape
    assert shape is not None
    found = plan(shape)
    assert found is not None
    shaft, standing, origin = found
    volume, name = part_volumes(geometry), geometry.compartments
    tubes = [c for c in np.flatnonzero(volume > 0.0).tolist() if re.fullmatch(r"shaft(_\d+)?", name[c])]
    ways = shaft.length * np.arange(len(tubes) + 1) / len(tubes)
    longest = scenario.run.segment or 2.0 * float(shaft.radius(np.array([0.5 * shaft.length]))[0])
    cuts = {c: _ways(ways[k], ways[k + 1], longest) for k, c in enumerate(tubes)}
    heads = {name.index(f"{one.name}.head" if one.name else "head"): one for one in standing}
    necks = [name.index(f"{one.name}.neck" if one.name else "neck") for one in standing]
    lone = sorted((*heads, *cuts))
    made = _pieces(shaft, origin, volume, cuts, lone)
    first = {c: int(np.searchsorted(made.part, c)) for c in lone}
    tube = np.concatenate([first[c] + np.arange(len(cuts[c]) - 1) for c in tubes])
    edge = np.concatenate([*(cuts[c][:-1] for c in tubes), [shaft.length]])
    flow, long = np.zeros((len(made.part),) * 2), np.diff(edge)
    section = made.volume[tube] / long  # of the mesh, a little less than the formula's
    between = (section[1:] + section[:-1]) / (long[1:] + long[:-1])
    flow[tube[1:], tube[:-1]] = flow[tube[:-1], tube[1:]] = between
    feet = {}
    for neck, (head, one) in zip(necks, heads.items(), strict=True):
        h, foot = first[head], int(tube[np.clip(np.searchsorted(edge, one.way, "right") - 1, 0, len(tube) - 1)])
        a, length = one.form.foot, float(one.form.junction or 0.0)
        feet[neck] = h, foot
        if scenario.run.exchange == "literal":
            flow[h, foot] = rate_in(a, made.volume[foot]) * made.volume[foot]
            flow[foot, h] = rate_out(a, length, made.volume[h]) * made.volume[h]
        else:
            flow[h, foot] = flow[foot, h] = conductance(a, length)
    ends = {
        region: (int(tube[k]), float(2.0 * section[k] / long[k]), float(section[k]))
        for region, k in zip(ENDS, (0, -1), strict=True)
    }
    whole = _pieces(shaft, origin, volume, cuts, sorted((*lone, *necks)))
    return Drawn(made.part, made.volume, made.points, flow, feet, ends, whole)


def _faults(scenario: Scenario, geometry: Geometry) -> Iterator[str]:
    """What formulas do not know of a scenario."""
    spec = scenario.geometry
    found = plan(spec.shape) if spec.shape is not None and len(geometry.surfaces) == 1 else None
    if found is None:
        yield (
            "knows one shaft with spines on it, a dendrite or a spine with shaft_radius, and no other surfaces: "
            'take such a shape, or "mesh".'
        )
        return
    stubby = [one.name or "the spine" for one in found[1] if one.form.junction is None]
    if stubby:
        yield f'is by the necks of spines, and {stubby[0]} has none: give it one, or take "mesh".'
    if spec.compartment:
        yield f'has heads and pieces of shaft alone, without {spec.compartment[0].name}: leave it out, or take "mesh".'
    for boundary in scenario.boundary:
        if boundary.kind != "reflect" and boundary.region not in ENDS:
            yield (
                f"lets molecules out at {' and '.join(ENDS)} alone, not at {boundary.region}: let a reaction take "
                'them, or take "mesh".'
            )
        elif boundary.rate is not None and scenario.run.exchange == "literal":
            yield 'has no uptake at a rate at the ends of the shaft: leave rate out, or take "consistent".'
    asked = [("release", r.inside) for r in scenario.release] + [("reaction", r.inside) for r in scenario.reaction]
    for what, place in [*asked, *(("plasticity", p.compartment) for p in scenario.plasticity)]:
        if place is not None and place.rpartition(".")[2] == "neck":
            yield f'gives necks no volume, and a {what} is in {place}: name the head or the shaft, or take "mesh".'


def _ways(low: float, high: float, longest: float) -> np.ndarray:
    """Where a part of the shaft is cut into equal pieces, its ends included [um]."""
    return np.linspace(low, high, max(1, int(np.ceil((high - low) / longest - 1e-9))) + 1)


def _pieces(
    shaft: Shaft, origin: np.ndarray, volume: np.ndarray, cuts: dict[int, np.ndarray], chosen: list[int]
) -> Segments:
    """The pieces of some parts: those of the shaft as they are cut, the others whole."""
    part: list[int] = []
    sizes: list[float] = []
    points = {}
    for c in chosen:
        edge = cuts.get(c, np.array([0.0, 1.0]))
        n = len(edge) - 1
        if n > 1:
            way = np.linspace(edge[0], edge[-1], 2 * n * GRAIN + 1)[1::2]
            points[c] = _around(shaft, way) + origin, len(part) + np.repeat(np.arange(n), 5 * GRAIN)
        share = shaft.radius(0.5 * (edge[1:] + edge[:-1])) ** 2 if n > 1 else np.ones(1)
        part += [c] * n
        sizes += (volume[c] * share / share.sum()).tolist()
    return Segments(np.array(part), np.array(sizes), points)


def _around(shaft: Shaft, way: np.ndarray) -> np.ndarray:
    """(5 n, 3) Points on the centre line and about it, half of the radius away [um]."""
    frame, aside = shaft.frame(way), 0.5 * shaft.radius(way)[:, None]
    out = [k * aside * frame[..., axis] for axis in (1, 2) for k in (-1.0, 1.0)]
    return np.stack([shaft.center(way) + shift for shift in (0.0, *out)], axis=1).reshape(-1, 3)


def exchange(cut: Drawn, names: tuple[str, ...]) -> Exchange:
    """What the pieces exchange, and regions at the shaft's ends that are held.

    Parameters
    ----------
    cut : Drawn
    names : tuple of str
        The regions that absorb or clamp.

    Notes
    -----
    `Exchange.conductance` is not symmetric where the formula breaks detailed balance; its columns without what is held
    add up to 0, so that no molecule is made or lost.
    """
    held = np.zeros((len(cut.part), len(names)))
    for b, name in enumerate(names):
        held[cut.ends[name][0], b] = cut.ends[name][1]
    K = np.diag(cut.flow.sum(axis=0) + held.sum(axis=1)) - cut.flow
    share = np.linalg.solve(K, held) if names else held
    return Exchange(
        part=cut.part,
        volume=cut.volume,
        conductance=K,
        share=share,
        through=np.diag(held.sum(axis=0)) - share.T @ held,
        held=np.arange(len(names)),
        area=np.array([cut.ends[name][2] for name in names]),
    )


def patches(geometry: Geometry, cut: Drawn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `spinemc.twins.segments.patches`; a neck's surface is half its head's and half that of the piece it is on."""
    region, side, area = segments.patches(geometry, cut.necks)
    of = cut.necks.part[side[:, 0]]
    is_neck = np.isin(of, list(cut.feet))
    renumbered = np.cumsum(~np.isin(cut.necks.part, list(cut.feet))) - 1
    ways = [(region[~is_neck], renumbered[side[~is_neck, 0]], area[~is_neck])]
    for k in (0, 1):
        beside = np.array([cut.feet[c][k] for c in of[is_neck].tolist()], int)
        ways.append((region[is_neck], beside, 0.5 * area[is_neck]))
    every, piece, size = (np.concatenate(column) for column in zip(*ways, strict=True))
    patch, which = np.unique(np.stack([every, piece]), axis=1, return_inverse=True)
    none = np.full(patch.shape[1], -1)
    return patch[0], np.stack([patch[1], none], axis=1), np.bincount(which.ravel(), size)
