"""A scenario as a network of well-mixed places, which rate equations, exact simulation and noise theory share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spinemc.chemistry.network import Network, Step
from spinemc.chemistry.releases import expected_number
from spinemc.engine.system import System
from spinemc.errors import ScenarioError
from spinemc.geometry import Geometry
from spinemc.geometry.compartments import locate
from spinemc.geometry.parts import SHELL
from spinemc.scenario import Boundary, Rate, Release, Scenario
from spinemc.scenario.places import parts
from spinemc.twins.conductance import Exchange, at_walls
from spinemc.twins.formulas import drawn
from spinemc.twins.places import Places, names, places
from spinemc.twins.windows import exchanges_between

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ONE = Rate.constant(1.0)
KEPT = 8  # networks at a time
ROUND_OFF = 1e-10  # of the largest, relative


class Channel(NamedTuple):
    """A way in which molecules change: what it needs, how fast, what changes, and what it is counted as.

    Attributes
    ----------
    reactants : tuple of int
        States, at most two.
    rate : Rate
        Together with `scale` in the unit that makes its propensity 1/s: the product of scale, rate and numbers.
    scale : float
        Below 0 where uptake at a rate and a clamp share a part: then the network has means, and no events.
    gains : tuple of (int, float)
        By how many molecules states change.
    step : int
        The step of the network that it is; -1 for none.
    taken : tuple of (int, int)
        Boundaries that take molecules out, or let some in, and how many.
    """

    reactants: tuple[int, ...]
    rate: Rate
    scale: float
    gains: tuple[tuple[int, float], ...]
    step: int = -1
    taken: tuple[tuple[int, int], ...] = ()


class Jump(NamedTuple):
    """Molecules put in at a time: the states they may come to, the share of each, how many on average."""

    time: float
    states: np.ndarray
    share: np.ndarray
    number: float
    is_exact: bool


@dataclass(frozen=True, eq=False)
class Wells:
    """The network.

    Attributes
    ----------
    places : Places
    names : tuple of str
        Of the states, "Ca in head".
    channels : tuple of Channel
    jumps : tuple of Jump
        In the order of time.
    steps, boundaries : int
        How many steps of the network and boundaries events are counted of.
    """

    places: Places
    names: tuple[str, ...]
    channels: tuple[Channel, ...]
    jumps: tuple[Jump, ...]
    steps: int
    boundaries: int

    @property
    def size(self) -> int:
        """Length of the state."""
        return len(self.names)

    def rates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The rates of the channels, each once.

        Returns
        -------
        (channel,) int64, (knot,) float64, (rate, knot) float64
            The rate of each channel; the times at which any rate turns [s], 0 alone where none does; the rates there.
        """
        known = {id(channel.rate): channel.rate for channel in self.channels}
        number = {key: k for k, key in enumerate(known)}
        knots = sorted({t for rate in known.values() if not rate.is_constant for t in rate.time})
        knot = np.array(knots if knots else [0.0])
        value = np.array([np.interp(knot, rate.time, rate.value) for rate in known.values()]).reshape(-1, len(knot))
        return np.array([number[id(channel.rate)] for channel in self.channels], np.int64), knot, value

    def reactants(self) -> np.ndarray:
        """(channel, 2) int64: the states that each channel needs, -1 for one that is not there."""
        return np.array([(*channel.reactants, -1, -1)[:2] for channel in self.channels], np.int64).reshape(-1, 2)

    def change(self) -> csr_array:
        """(state, channel) By how much each channel changes each state."""
        return _matrix(self.size, len(self.channels), (channel.gains for channel in self.channels))

    def counted(self) -> csr_array:
        """(step or boundary, channel) What each channel is counted as: steps first, then boundaries."""
        what = (
            (*(((channel.step, 1),) if channel.step >= 0 else ()), *((self.steps + b, n) for b, n in channel.taken))
            for channel in self.channels
        )
        return _matrix(self.steps + self.boundaries, len(self.channels), what)


def _matrix(rows: int, columns: int, entries: Any) -> csr_array:
    from scipy.sparse import coo_array

    row, column, value = [], [], []
    for k, column_entries in enumerate(entries):
        for place, amount in column_entries:
            row.append(place)
            column.append(k)
            value.append(float(amount))
    return coo_array((value, (row, column)), shape=(rows, columns)).tocsr()


def check(scenario: Scenario, geometry: Geometry, network: Network) -> Places:
    """The places of a scenario, or its refusal where a network of well-mixed parts does not know enough of it.

    Raises
    ------
    ScenarioError
        It has shells or several sets of compartments, a sheet that is permeable or hinders an exchange, a surface
        species that moves between patches, or two boundaries of a species of which one lets by a part of the other;
        named.
    """
    file = scenario.path.name if scenario.path else "scenario"
    level = scenario.run.engine if scenario.run.engine != "particles" else "ode"
    beside = [name for name, of in zip(geometry.compartments, geometry.compartment_set, strict=True) if of > 0]
    shells = [
        name for name, row in zip(geometry.compartments, geometry.compartment_shape, strict=True) if row[0] == SHELL
    ]
    if beside or shells:
        raise ScenarioError(
            f"{file}: the rate equations ({level}) hold each part of the inside well mixed, and "
            f"{', '.join(shells or beside)} {'is a shell' if shells else 'overlaps other compartments'}: "
            "run it with particles, or leave it out."
        )
    by_formula = drawn(scenario, geometry) if scenario.run.exchange != "mesh" else None
    there = places(geometry, network, scenario.run.segment, by_formula)
    for fault in (*_sheets(scenario, geometry, network, there), *_layered(scenario, geometry)):
        raise ScenarioError(f"{file}: {fault.format(level=level)}")
    for species in network.surface_species:
        if network.D[species] > 0.0 and there.of_region(geometry, int(network.region[species])).sum() > 1:
            raise ScenarioError(
                f"{file}: species {network.species[species]} moves in the membrane, and the rate equations ({level}) "
                "keep molecules of the membrane on their patch: run it with particles, or leave D out."
            )
    return there


def _sheets(scenario: Scenario, geometry: Geometry, network: Network, there: Places) -> Iterator[str]:
    """What is wrong with sheets: nothing passes through a wall in the midst of a piece, or past it."""
    below, above = geometry.face_space.T
    asked = {geometry.region_surface[geometry.regions.index(b.region)] for b in scenario.boundary}
    for surface in np.unique(geometry.face_surface[below == above]).tolist():
        space = int(below[geometry.face_surface == surface][0])
        held = [
            b.region
            for b in scenario.boundary
            if b.kind not in ("reflect", "permeable")
            and (geometry.face_space[geometry.faces_of(geometry.regions.index(b.region))] == space).any()
            and any(network.space[network.species.index(name)] == space for name in b.species)
        ]
        if surface in asked or held or (there.space == space).sum() > 1:
            yield (
                f"surface {geometry.surfaces[surface]} is a sheet in {geometry.spaces[space]}, and the rate equations "
                "({level}) know a sheet where its space is one well-mixed piece without walls that let anything "
                "through: run it with particles, or leave it out."
            )


def _layered(scenario: Scenario, geometry: Geometry) -> Iterator[str]:
    """What is wrong where a boundary lets by what another takes or lets by, on the same faces."""
    known: list[tuple[str, str, np.ndarray, bool]] = []
    for boundary in scenario.boundary:
        faces = geometry.faces_of(geometry.regions.index(boundary.region))
        lets = boundary.kind == "permeable"
        for name in (parts(molecule)[0] for molecule in boundary.species if boundary.kind != "reflect"):
            for other, region, there, let in known:
                if other == name and (lets or let) and np.isin(faces, there).any():
                    yield (
                        f"boundaries at {region} and {boundary.region} share faces and speak of {name}, one is "
                        "permeable, and the rate equations ({level}) cannot part them: name regions that do not meet."
                    )
            known.append((name, boundary.region, faces, lets))


@lru_cache(maxsize=KEPT)
def network_of(system: System) -> Wells:
    """The network of a system, which is made once."""
    return wells(system.scenario, system.geometry, system.network)


def wells(scenario: Scenario, geometry: Geometry, network: Network) -> Wells:
    """The network of a scenario.

    A volume species is well mixed in each piece that `spinemc.twins.segments` cuts the named compartments of its space
    and the rest into; pieces exchange by the conductances of `spinemc.twins.windows`. A region that takes up at a rate
    does so in series with diffusion to it; one that is permeable lets by in proportion to the concentration of the
    piece before it. A surface species is well mixed, and stays, on each region along the pieces on its sides.

    Raises
    ------
    ScenarioError
        As `check`.
    """
    there = check(scenario, geometry, network)
    boundaries = _boundaries(scenario, geometry, network)
    channels = [
        channel
        for number, step in enumerate(network.steps)
        for channel in _reactions(number, step, geometry, network, there)
    ]
    channels += _diffusion(boundaries, geometry, network, there)
    channels += _passing(boundaries, geometry, network, there)
    return Wells(
        places=there,
        names=names(geometry, network, there),
        channels=tuple(channels),
        jumps=_jumps(scenario, geometry, network, there),
        steps=len(network.steps),
        boundaries=len(boundaries),
    )


def _boundaries(scenario: Scenario, geometry: Geometry, network: Network) -> list[tuple[Boundary, int]]:
    """Each boundary that molecules go through, with the population before it: both where it is permeable."""
    found = []
    for boundary in scenario.boundary:
        for name in boundary.species if boundary.kind != "reflect" else ():
            here = [network.species.index(name)]
            if boundary.kind == "permeable":
                sides = np.unique(geometry.face_space[geometry.faces_of(geometry.regions.index(boundary.region))])
                alike = np.flatnonzero(network.home == network.home[here[0]])
                here = [int(s) for s in alike if network.space[s] in sides]
            found += [(boundary, s) for s in here]
    return found


def _reactions(number: int, step: Step, geometry: Geometry, network: Network, there: Places) -> Iterator[Channel]:
    """A step in each place where it happens, and for each place that its products may come to."""
    surface = [bool(network.surface[s]) for s in step.reactants]
    in_patch = any(surface)
    along = {int(space): there.along(int(space)) for space in np.unique(network.space[~network.surface])}
    whole, space = geometry.parts_of(geometry.compartment_space[step.where])[0], geometry.compartment_space[step.where]
    for place in range(len(there.area) if in_patch else len(there.part)):
        piece = {
            s: int(along[int(network.space[s])][place]) if in_patch else place
            for s in (*step.reactants, *step.products)
            if not network.surface[s]
        }
        if not step.reactants and (there.space[place] != space or step.where not in (whole, there.part[place])):
            continue
        reactants = tuple(int(there.state[s][piece.get(s, place)]) for s in step.reactants)
        if min((*reactants, *piece.values()), default=0) < 0:
            continue
        scale = 1.0
        if not reactants:
            scale = float(there.volume[place])
        elif len(reactants) == 2:
            scale = 1.0 / float(there.area[place] if all(surface) else there.volume[next(iter(piece.values()))])
        ways: list[tuple[float, list[int]]] = [(1.0, [])]
        for product in step.products:
            if product in piece:
                to = [(int(there.state[product][piece[product]]), 1.0)]
            elif in_patch:
                to = [(int(there.state[product][place]), 1.0)]
            else:
                spread = spread_over(geometry, there, int(network.region[product]), place)
                to = [(int(there.state[product][q]), share) for q, share in spread]
            ways = [(share * more, [*states, state]) for share, states in ways for state, more in to]
        for share, products in ways:
            gains = tuple([(at, -1.0) for at in reactants] + [(at, 1.0) for at in products])
            yield Channel(reactants, step.rate, scale * share, gains, number)


def _passing(
    boundaries: Sequence[tuple[Boundary, int]], geometry: Geometry, network: Network, there: Places
) -> Iterator[Channel]:
    """What permeable regions let by, from the pieces on either side."""
    for number, (boundary, s) in enumerate(boundaries):
        if boundary.kind != "permeable":
            continue
        rate = Rate.constant(boundary.permeability or 0.0)
        t = next(t for b, t in boundaries if b is boundary and t != s and network.home[t] == network.home[s])
        here, beyond = there.along(int(network.space[s])), there.along(int(network.space[t]))
        for q in np.flatnonzero(there.of_region(geometry, geometry.regions.index(boundary.region))).tolist():
            of, to = int(there.state[s][here[q]]), int(there.state[t][beyond[q]])
            scale = float(there.area[q] / there.volume[here[q]])
            yield Channel((of,), rate, scale, ((of, -1.0), (to, 1.0)), -1, ((number, 1),))


def _diffusion(
    boundaries: Sequence[tuple[Boundary, int]], geometry: Geometry, network: Network, there: Places
) -> Iterator[Channel]:
    """The exchange between the pieces of each space and through boundaries that hold or take up."""
    moving = []
    for species in np.flatnonzero(~network.surface).tolist():
        mine = {
            geometry.regions.index(boundary.region): number
            for number, (boundary, s) in enumerate(boundaries)
            if s == species and boundary.kind != "permeable"
        }
        if network.D[species] > 0.0 and ((there.state[species] >= 0).sum() > 1 or mine):
            moving.append((species, int(network.space[species]), mine, tuple(sorted(mine))))
    known: dict[tuple[int, tuple[int, ...]], Exchange] = {}
    for space in sorted({space for _, space, _, _ in moving}):
        sets = list(dict.fromkeys(held for _, where, _, held in moving if where == space))
        found = exchanges_between(geometry, there.cut, sets, space)
        known |= {(space, held): net for held, net in zip(sets, found, strict=True)}
    for species, space, mine, held in moving:
        D, here, net = network.D[species], there.state[species], known[space, held]
        here = here[here >= 0]
        numbers = [mine[held[b]] for b in net.held]
        uptake = np.array([_uptake(boundaries[n][0], area) for n, area in zip(numbers, net.area, strict=True)])
        outside = np.array([boundaries[number][0].concentration for number in numbers])
        follows, fixed = at_walls(net, D, uptake, outside)
        follows, fixed = _clean(follows, 1), _clean(fixed, 0)
        pull = _clean(net.conductance @ net.share, 0)
        flow = D * (net.conductance - pull @ follows) / net.volume
        brought = D * (pull.T - (pull.T @ net.share + net.through) @ follows)
        taking = np.where(np.isfinite(uptake), uptake, 0.0)[:, None] * follows
        out = np.where(np.isfinite(uptake)[:, None], taking, _clean(brought, 1)) / net.volume
        for i, j in zip(*np.nonzero(flow * (1.0 - np.eye(len(here)))), strict=True):
            yield Channel((int(here[j]),), ONE, float(-flow[i, j]), ((int(here[j]), -1.0), (int(here[i]), 1.0)))
        for b, j in zip(*np.nonzero(out), strict=True):
            taken = ((numbers[int(b)], 1),)
            yield Channel((int(here[j]),), ONE, float(out[b, j]), ((int(here[j]), -1.0),), -1, taken)
        yield from _inflow(D * pull * fixed, -D * net.through @ fixed, net.share, here, numbers)


def _inflow(
    pull: np.ndarray, through: np.ndarray, share: np.ndarray, here: np.ndarray, numbers: Sequence[int]
) -> Iterator[Channel]:
    """What clamped boundaries let in: into parts (p, b) [1/s]; and straight to one another, net (b,)."""
    net = -share.T @ pull.sum(axis=1) + through + pull.sum(axis=0)
    for i, b in zip(*np.nonzero(pull), strict=True):
        yield Channel((), ONE, float(pull[i, b]), ((int(here[i]), 1.0),), -1, ((numbers[int(b)], -1),))
    net = np.where(np.abs(net) > ROUND_OFF * pull.sum(), net, 0.0)
    gives, takes = np.flatnonzero(net < 0.0), np.flatnonzero(net > 0.0)
    total = net[takes].sum()
    for a in gives.tolist():
        for b in takes.tolist():
            rate = float(-net[a] * net[b] / total)
            yield Channel((), ONE, rate, (), -1, ((numbers[a], -1), (numbers[b], 1)))


def _clean(value: np.ndarray, axis: int) -> np.ndarray:
    """Values without what round-off makes of none beside others along an axis."""
    size = np.abs(value)
    return np.where(size > ROUND_OFF * size.max(axis=axis, keepdims=True, initial=0.0), value, 0.0)


def _uptake(boundary: Boundary, area: float) -> float:
    """What a region takes at a concentration of 1 just before it [um^3 s^-1]; infinite where it holds its own."""
    return np.inf if boundary.rate is None else boundary.rate * area


def spread_over(geometry: Geometry, there: Places, region: int, piece: int | None = None) -> list[tuple[int, float]]:
    """Patches of a region (along one piece, or along all) and the fraction of its area that each has."""
    chosen = there.of_region(geometry, region)
    beside = (there.patch_side == piece).any(axis=1)
    if piece is not None and (chosen & beside).any():
        chosen &= beside
    patch = np.flatnonzero(chosen)
    return list(zip(patch.tolist(), (there.area[patch] / there.area[patch].sum()).tolist(), strict=True))


def _jumps(scenario: Scenario, geometry: Geometry, network: Network, there: Places) -> tuple[Jump, ...]:
    """What the releases add; one that round-off keeps from a sample time is at it."""
    time = scenario.run.sample_times
    jumps = []
    for release in scenario.release:
        states, share = _shares(release, geometry, network, there)
        number = expected_number(geometry, release)
        for t in release.time:
            nearest = time[np.abs(time - t).argmin()]
            at = float(nearest if abs(nearest - t) < 1e-9 * scenario.run.sample_every else t)
            if 0.0 <= at <= time[-1]:
                jumps.append(Jump(at, states, share, number, release.exact or release.count is not None))
    return tuple(sorted(jumps, key=lambda jump: jump.time))


def _shares(release: Release, geometry: Geometry, network: Network, there: Places) -> tuple[np.ndarray, np.ndarray]:
    """The states that a release comes to, and the share of each."""
    species = network.species.index(release.species)
    space = int(network.space[species])
    if release.on is not None:
        spread = spread_over(geometry, there, geometry.regions.index(release.on))
        share, where = np.array([f for _, f in spread]), np.array([q for q, _ in spread])
        if not network.surface[species]:
            where = there.along(space)[where]
    elif release.at is not None:
        share = np.ones(1)
        point = np.array([release.at])
        inner = int(locate(geometry, point, space)[0])
        if inner not in there.part:
            mine = np.flatnonzero(there.space == space)
            inner = int(there.part[mine[there.volume[mine].argmax()]])
        where = there.cut.nearest(inner, point)
    else:
        inner = geometry.compartments.index(release.inside or geometry.compartments[0])
        is_whole = inner == geometry.parts_of(space)[0]
        where = np.flatnonzero(there.space == space if is_whole else there.part == inner)
        share = there.volume[where] / there.volume[where].sum()
    return there.state[species][where], share
