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
from spinemc.twins.conductance import at_walls
from spinemc.twins.segments import Segments, patches, segments
from spinemc.twins.windows import exchange_between

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ONE = Rate.constant(1.0)
KEPT = 8  # networks at a time
ROUND_OFF = 1e-10  # of the largest, relative


@dataclass(frozen=True, eq=False)
class Places:
    """Where molecules can be, and where each species and place stands in the state.

    Attributes
    ----------
    cut : Segments
        The well-mixed pieces of the inside.
    patch_region : (q,) int
        Region of each patch: the membrane that shares a region and the piece just inside it.
    patch_part : (q,) int
        Index into `part`: the piece.
    area : (q,) float64
        [um^2]
    state : (species, p or q) int
        Place of a species in the state: by piece for volume species, by patch for surface species.
    """

    cut: Segments
    patch_region: np.ndarray
    patch_part: np.ndarray
    area: np.ndarray
    state: tuple[np.ndarray, ...]

    @property
    def part(self) -> np.ndarray:
        """(p,) int: the part that each piece is of, as `Segments.part`."""
        return self.cut.part

    @property
    def volume(self) -> np.ndarray:
        """(p,) float64: of the pieces [um^3]."""
        return self.cut.volume

    @property
    def size(self) -> int:
        """Length of the state."""
        return sum(len(s) for s in self.state)


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
        It has other surfaces than the cell's own, shells or several sets of compartments, or a surface species that
        moves between patches; named.
    """
    file = scenario.path.name if scenario.path else "scenario"
    level = scenario.run.engine if scenario.run.engine != "particles" else "ode"
    others = scenario.geometry.surfaces[1:]
    if others:
        raise ScenarioError(
            f"{file}: the rate equations ({level}) know the inside of the cell and its own surface only, and this "
            f"scenario has {', '.join(others)} as well: run it with particles."
        )
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
    there = places(geometry, network, scenario.run.segment)
    patch_region = there.patch_region
    for species in network.surface_species:
        patches = np.isin(patch_region, network.region[species]).sum() if network.region[species] else len(patch_region)
        if network.D[species] > 0.0 and patches > 1:
            raise ScenarioError(
                f"{file}: species {network.species[species]} moves in the membrane, and the rate equations ({level}) "
                "keep molecules of the membrane on their patch: run it with particles, or leave D out."
            )
    return there


@lru_cache(maxsize=KEPT)
def network_of(system: System) -> Wells:
    """The network of a system, which is made once."""
    return wells(system.scenario, system.geometry, system.network)


def wells(scenario: Scenario, geometry: Geometry, network: Network) -> Wells:
    """The network of a scenario.

    A volume species is well mixed in each piece that `spinemc.twins.segments` cuts the named compartments and the rest
    into; pieces exchange by the conductances of `spinemc.twins.windows`. A region that takes up at a rate does so in
    series with diffusion to it. A surface species is well mixed, and stays, on each region along each piece.

    Raises
    ------
    ScenarioError
        As `check`.
    """
    there = check(scenario, geometry, network)
    boundaries = [(b, name) for b in scenario.boundary if b.kind != "reflect" for name in b.species]
    channels = [
        channel for number, step in enumerate(network.steps) for channel in _reactions(number, step, network, there)
    ]
    channels += _diffusion(boundaries, geometry, network, there)
    return Wells(
        places=there,
        names=_names(geometry, network, there),
        channels=tuple(channels),
        jumps=_jumps(scenario, geometry, network, there),
        steps=len(network.steps),
        boundaries=len(boundaries),
    )


def places(geometry: Geometry, network: Network, length: float | None = None) -> Places:
    """The pieces and patches of a geometry, cut at a length [um], and the state of a network on them."""
    cut = segments(geometry, length)
    region, piece, area = patches(geometry, cut)
    sizes = [len(area) if on_membrane else len(cut.part) for on_membrane in network.surface]
    ends = np.cumsum(sizes)
    return Places(
        cut=cut,
        patch_region=region,
        patch_part=piece,
        area=area,
        state=tuple(np.arange(end - n, end) for n, end in zip(sizes, ends, strict=True)),
    )


def _names(geometry: Geometry, network: Network, there: Places) -> tuple[str, ...]:
    """What each state is: a species in a piece, or on a region along a piece."""
    part = []
    for k, c in enumerate(there.part):
        alike = np.flatnonzero(there.part == c)
        part.append(geometry.compartments[c] + (f" ({k - alike[0] + 1} of {len(alike)})" if len(alike) > 1 else ""))
    patch = [
        f"{geometry.regions[r]} along {part[p]}" for r, p in zip(there.patch_region, there.patch_part, strict=True)
    ]
    return tuple(
        f"{species} {'on' if surface else 'in'} {place}"
        for species, surface in zip(network.species, network.surface, strict=True)
        for place in (patch if surface else part)
    )


def _reactions(number: int, step: Step, network: Network, there: Places) -> Iterator[Channel]:
    """A step in each place where it happens, and for each place that its products may come to."""
    surface = [network.surface[s] for s in step.reactants]
    in_patch = any(surface)
    for place in range(len(there.area) if in_patch else len(there.part)):
        part = int(there.patch_part[place]) if in_patch else place
        if not step.reactants and step.where not in (0, there.part[part]):
            continue
        reactants = tuple(int(there.state[s][place if network.surface[s] else part]) for s in step.reactants)
        scale = 1.0
        if not reactants:
            scale = float(there.volume[part])
        elif len(reactants) == 2:
            scale = 1.0 / float(there.area[place] if all(surface) else there.volume[part])
        ways: list[tuple[float, list[int]]] = [(1.0, [])]
        for product in step.products:
            if not network.surface[product]:
                to = [(int(there.state[product][part]), 1.0)]
            elif in_patch:
                to = [(int(there.state[product][place]), 1.0)]
            else:
                spread = spread_over(there, int(network.region[product]), part)
                to = [(int(there.state[product][q]), share) for q, share in spread]
            ways = [(share * more, [*states, state]) for share, states in ways for state, more in to]
        for share, products in ways:
            gains = tuple([(at, -1.0) for at in reactants] + [(at, 1.0) for at in products])
            yield Channel(reactants, step.rate, scale * share, gains, number)


def _diffusion(
    boundaries: Sequence[tuple[Boundary, str]], geometry: Geometry, network: Network, there: Places
) -> Iterator[Channel]:
    """The exchange between parts and through boundaries."""
    known = {}
    for species in network.volume_species:
        D, here = network.D[species], there.state[species]
        mine = {
            geometry.regions.index(boundary.region): number
            for number, (boundary, name) in enumerate(boundaries)
            if name == network.species[species]
        }
        held = tuple(sorted(mine))
        if D == 0.0 or (len(there.part) == 1 and not held):
            continue
        if held not in known:
            known[held] = exchange_between(geometry, there.cut, held)
        net = known[held]
        numbers = [mine[held[b]] for b in net.held]
        uptake = np.array([_uptake(boundaries[n][0], area) for n, area in zip(numbers, net.area, strict=True)])
        outside = np.array([boundaries[number][0].concentration for number in numbers])
        follows, fixed = at_walls(net, D, uptake, outside)
        follows, pull = _clean(follows, 1), _clean(net.conductance @ net.share, 0)
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


def spread_over(there: Places, region: int, part: int | None = None) -> list[tuple[int, float]]:
    """Patches of a region (along one part, or along all) and the fraction of its area that each has."""
    chosen = np.ones(len(there.area), bool) if region == 0 else there.patch_region == region
    if part is not None and (chosen & (there.patch_part == part)).any():
        chosen &= there.patch_part == part
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
    if release.on is not None:
        spread = spread_over(there, geometry.regions.index(release.on))
        share, where = np.array([f for _, f in spread]), np.array([q for q, _ in spread])
        if not network.surface[species]:
            where = there.patch_part[where]
    elif release.at is not None:
        share = np.ones(1)
        point = np.array([release.at])
        inner = int(locate(geometry, point)[0])
        where = there.cut.nearest(inner, point) if inner in there.part else np.array([there.volume.argmax()])
    else:
        inner = geometry.compartments.index(release.inside or geometry.compartments[0])
        where = np.arange(len(there.part)) if inner == 0 else np.flatnonzero(there.part == inner)
        share = there.volume[where] / there.volume[where].sum()
    return there.state[species][where], share


def seen(geometry: Geometry, network: Network, there: Places, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is counted of states.

    Parameters
    ----------
    geometry : Geometry
    network : Network
    there : Places
    state : (..., n) float64 or int
        The states of the network first.

    Returns
    -------
    (..., compartment, species), (..., region, species), of the type of `state`
        Molecules of the volume species by compartment, the whole inside first; of the surface species by region, the
        whole membrane first.
    """
    shape = state.shape[:-1]
    count = np.zeros((*shape, len(geometry.compartments), len(network.volume_species)), state.dtype)
    for i, species in enumerate(network.volume_species):
        inside = state[..., there.state[species]]
        for part in np.unique(there.part):
            count[..., part, i] = inside[..., there.part == part].sum(axis=-1)
        count[..., 0, i] = inside.sum(axis=-1)
    surface = np.zeros((*shape, len(geometry.regions), len(network.surface_species)), state.dtype)
    for i, species in enumerate(network.surface_species):
        on = state[..., there.state[species]]
        for region in np.unique(there.patch_region):
            surface[..., region, i] = on[..., there.patch_region == region].sum(axis=-1)
        surface[..., 0, i] = on.sum(axis=-1)
    return count, surface
