"""The same scenario without particles: rate equations of well-mixed parts and patches."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from spinemc.chemistry.network import Network, Step
from spinemc.chemistry.releases import expected_number
from spinemc.errors import EngineError, ScenarioError
from spinemc.geometry import Geometry
from spinemc.geometry.compartments import face_compartment, locate
from spinemc.geometry.parts import SHELL
from spinemc.scenario import Boundary, Release, Scenario
from spinemc.twins.conductance import at_walls, exchange, part_volumes

RTOL = 1e-8
ATOL = 1e-9  # molecules


@dataclass(frozen=True, eq=False)
class Series:
    """What the rate equations say at the sample times, in expected molecules.

    Attributes
    ----------
    time : (t,) float64
        Sample times [s]; releases at a sample time are in it.
    count : (t, compartment, species) float64
        Molecules of the volume species; compartment 0 is the whole inside.
    surface : (t, region, species) float64
        Molecules of the surface species; region 0 is the whole membrane.
    events : (t, step) float64
        Firings of each step of the network since the sample before.
    absorbed : (t, boundary) float64
        Molecules taken out since the sample before, less those let in, by each species of each boundary that is
        not reflecting, in the order of the scenario.
    """

    time: np.ndarray
    count: np.ndarray
    surface: np.ndarray
    events: np.ndarray
    absorbed: np.ndarray


@dataclass(frozen=True, eq=False)
class Places:
    """Where molecules can be, and where each species and place stands in the state.

    Attributes
    ----------
    part : (p,) int
        Parts of the inside, as indices into `Geometry.compartments`; 0 is the rest, without a name of its own.
    volume : (p,) float64
        [um^3]
    patch_region : (q,) int
        Region of each patch: the faces that share a region and the part just inside them.
    patch_part : (q,) int
        Index into `part`.
    area : (q,) float64
        [um^2]
    state : (species, p or q) int
        Place of a species in the state: by part for volume species, by patch for surface species.
    """

    part: np.ndarray
    volume: np.ndarray
    patch_region: np.ndarray
    patch_part: np.ndarray
    area: np.ndarray
    state: tuple[np.ndarray, ...]

    @property
    def size(self) -> int:
        """Length of the state."""
        return sum(len(s) for s in self.state)


def places(geometry: Geometry, network: Network) -> Places:
    """The parts and patches of a geometry, and the state of a network on them."""
    volume = part_volumes(geometry)
    part = np.flatnonzero(volume > 0.0)
    inner = np.full(len(volume), volume[part].argmax())  # a face on a film that is no part goes to the largest
    inner[part] = np.arange(len(part))
    patch, of_face = np.unique(
        np.stack([geometry.face_region, inner[face_compartment(geometry)]]), axis=1, return_inverse=True
    )
    area = np.bincount(of_face.ravel(), geometry.face_area)
    length = [len(area) if on_membrane else len(part) for on_membrane in network.surface]
    ends = np.cumsum(length)
    return Places(
        part=part,
        volume=volume[part],
        patch_region=patch[0].astype(np.int64),
        patch_part=patch[1],
        area=area,
        state=tuple(np.arange(end - n, end) for n, end in zip(length, ends, strict=True)),
    )


def check(scenario: Scenario, geometry: Geometry, network: Network) -> None:
    """Refuse a scenario of which rate equations of well-mixed parts do not know enough.

    Raises
    ------
    ScenarioError
        It has other surfaces than the cell's own, shells or several sets of compartments, or a surface species that
        moves between patches; named.
    """
    file = scenario.path.name if scenario.path else "scenario"
    others = scenario.geometry.surfaces[1:]
    if others:
        raise ScenarioError(
            f"{file}: the rate equations (ode) know the inside of the cell and its own surface only, and this scenario "
            f"has {', '.join(others)} as well: run it with particles."
        )
    beside = [name for name, of in zip(geometry.compartments, geometry.compartment_set, strict=True) if of > 0]
    shells = [
        name for name, row in zip(geometry.compartments, geometry.compartment_shape, strict=True) if row[0] == SHELL
    ]
    if beside or shells:
        raise ScenarioError(
            f"{file}: the rate equations (ode) hold each part of the inside well mixed, and "
            f"{', '.join(shells or beside)} {'is a shell' if shells else 'overlaps other compartments'}: "
            "run it with particles, or leave it out."
        )
    patch_region = places(geometry, network).patch_region
    for species in network.surface_species:
        patches = np.isin(patch_region, network.region[species]).sum() if network.region[species] else len(patch_region)
        if network.D[species] > 0.0 and patches > 1:
            raise ScenarioError(
                f"{file}: species {network.species[species]} moves in the membrane, and the rate equations (ode) keep "
                "molecules of the membrane on their patch: run it with particles, or leave D out."
            )


def solve(scenario: Scenario, geometry: Geometry, network: Network) -> Series:
    """Integrate the rate equations of a scenario.

    Parameters
    ----------
    scenario : Scenario
    geometry : Geometry
    network : Network
        Of this scenario and geometry.

    Returns
    -------
    Series

    Raises
    ------
    EngineError
        Where the integrator gives up; the time reached is named.
    ScenarioError
        As `check`.

    Notes
    -----
    A volume species is well mixed in each named compartment and in the rest; parts exchange by the conductances
    of `spinemc.twins.conductance`. A region that takes up at a rate does so in series with diffusion to it. A
    surface species is well mixed, and stays, on each region's faces along each part. A step of two like molecules
    fires at k N^2 / V and takes two.
    """
    check(scenario, geometry, network)
    there = places(geometry, network)
    equations = _Equations(scenario, geometry, network, there)
    time = scenario.run.sample_times
    jumps = _jumps(scenario, geometry, network, there, time)
    stops = np.unique([time[0], time[-1], *jumps])
    state = np.zeros(equations.size)
    sampled = np.empty((len(time), equations.size))
    for here, after in zip(stops, [*stops[1:], None], strict=True):
        state[: there.size] += jumps.get(here, 0.0)
        if after is None:
            sampled[time == here] = state
            break
        within = (time >= here) & (time < after)
        moments = np.unique([here, *time[within], after])
        solution = equations.integrate(state, moments)
        sampled[within] = solution[np.isin(moments, time[within])]
        state = solution[-1]
    return _series(geometry, network, there, time, sampled)


class _Equations:
    """dy/dt of the state followed by the firings of each step and the molecules each boundary took."""

    def __init__(self, scenario: Scenario, geometry: Geometry, network: Network, there: Places) -> None:
        from scipy.sparse import coo_array

        boundaries = [(b, name) for b in scenario.boundary if b.kind != "reflect" for name in b.species]
        steps = len(network.steps)
        self.size = there.size + steps + len(boundaries)
        self.steps = slice(there.size, there.size + steps)
        knots = sorted({t for step in network.steps for t in step.rate.time})
        self.knots = np.array(knots if knots else [0.0])
        self.rates = np.array([np.interp(self.knots, s.rate.time, s.rate.value) for s in network.steps])
        on = {
            i: geometry.regions.index(s.on or "membrane") for i, s in enumerate(scenario.species) if network.surface[i]
        }
        step: list[int] = []
        scale: list[float] = []
        first, second, row, column, change = [], [], [], [], []
        for number, one in enumerate(network.steps):
            for factor, reactants, gains in _events(one, network, there, on):
                event = len(step)
                step.append(number)
                scale.append(factor)
                first.append(reactants[0])
                second.append(reactants[1])
                for place, amount in [*gains, (there.size + number, 1.0)]:
                    row.append(place)
                    column.append(event)
                    change.append(amount)
        self.step, self.scale = np.array(step, int), np.array(scale)
        self.first, self.second = np.array(first, int), np.array(second, int)
        self.change = coo_array((change, (row, column)), shape=(self.size, len(step))).tocsr()
        self.linear, self.constant = self._diffusion(boundaries, geometry, network, there)

    def _diffusion(
        self, boundaries: list[tuple[Boundary, str]], geometry: Geometry, network: Network, there: Places
    ) -> tuple[np.ndarray, np.ndarray]:
        """Matrix and constant of the exchange between parts and through boundaries."""
        linear, constant = np.zeros((self.size, self.size)), np.zeros(self.size)
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
                known[held] = exchange(geometry, held)
            net = known[held]
            numbers = [mine[region] for region in held]
            taken = np.array([self.steps.stop + number for number in numbers], int)
            uptake = [_uptake(boundaries[n][0], geometry, region) for n, region in zip(numbers, held, strict=True)]
            outside = np.array([boundaries[number][0].concentration for number in numbers])
            follows, fixed = at_walls(net, D, np.array(uptake), outside)
            flow = D * net.conductance @ (np.eye(len(here)) - net.share @ follows) / net.volume
            pull = D * net.conductance @ (net.share @ fixed)
            linear[np.ix_(here, here)] -= flow
            constant[here] += pull
            linear[np.ix_(taken, here)] += net.share.T @ flow - D * net.through @ follows / net.volume
            constant[taken] -= net.share.T @ pull + D * net.through @ fixed
        return linear, constant

    def _k(self, t: float) -> np.ndarray:
        """Rates of the events at a time, in the unit their reactants make one a second."""
        n = len(self.knots)
        after = min(int(np.searchsorted(self.knots, t)), n - 1)
        before = max(after - 1, 0)
        span = self.knots[after] - self.knots[before]
        along = min(max((t - self.knots[before]) / span, 0.0), 1.0) if span > 0.0 else 1.0
        rate = (1.0 - along) * self.rates[:, before] + along * self.rates[:, after]
        return rate[self.step] * self.scale

    def _slope(self, y: np.ndarray, t: float) -> np.ndarray:
        slope = self.linear @ y + self.constant
        if len(self.step):
            one = np.append(y, 1.0)  # a reactant that is not there
            slope += self.change @ (self._k(t) * one[self.first] * one[self.second])
        return slope

    def _jacobian(self, y: np.ndarray, t: float) -> np.ndarray:
        if not len(self.step):
            return self.linear
        one, k = np.append(y, 1.0), self._k(t)
        event = np.arange(len(k))
        slope = np.zeros((len(k), self.size + 1))
        np.add.at(slope, (event, self.first), k * one[self.second])
        np.add.at(slope, (event, self.second), k * one[self.first])
        return self.linear + self.change @ slope[:, :-1]

    def integrate(self, state: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """(moment, size) The state at each moment, from `state` at the first.

        No step passes over a row of a rate table.
        """
        from scipy.integrate import ODEintWarning, odeint

        corners = self.knots[(self.knots > moments[0]) & (self.knots <= moments[-1])]
        stops = np.union1d(moments, corners)  # the integrator wants every corner to be an output too
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ODEintWarning)
            solution, info = odeint(
                self._slope,
                state,
                stops,
                Dfun=self._jacobian,
                full_output=True,
                rtol=RTOL,
                atol=ATOL,
                mxstep=100_000,
                tcrit=corners if len(corners) else None,
            )
        if info["message"] != "Integration successful.":
            reached = info["tcur"].max()
            raise EngineError(f"the rate equations cannot be integrated beyond {reached:.6g} s: {info['message']}")
        return solution[np.isin(stops, moments)]


def _uptake(boundary: Boundary, geometry: Geometry, region: int) -> float:
    """What a region takes at a concentration of 1 just before it [um^3 s^-1]; infinite where it holds its own."""
    return np.inf if boundary.rate is None else boundary.rate * float(geometry.region_area[region])


def _events(step: Step, network: Network, there: Places, on: dict[int, int]):
    """Each place where a step happens: factor on its rate, its two reactants' places in the state, what changes.

    A reactant that is not there stands at the end of the state, -1.
    """
    surface = [network.surface[s] for s in step.reactants]
    in_patch = any(surface)
    for place in range(len(there.area) if in_patch else len(there.part)):
        part = there.patch_part[place] if in_patch else place
        if not step.reactants and step.where not in (0, there.part[part]):
            continue
        reactants = [int(there.state[s][place if network.surface[s] else part]) for s in step.reactants]
        factor = 1.0
        if not reactants:
            factor = there.volume[part]
        elif len(reactants) == 2:
            factor = 1.0 / (there.area[place] if all(surface) else there.volume[part])
        gains = [(at, -1.0) for at in reactants]
        for product in step.products:
            if not network.surface[product]:
                gains.append((int(there.state[product][part]), 1.0))
            elif in_patch:
                gains.append((int(there.state[product][place]), 1.0))
            else:
                gains += [(int(there.state[product][q]), f) for q, f in _spread(there, on[product], part)]
        yield factor, (*reactants, -1, -1)[:2], gains


def _spread(there: Places, region: int, part: int | None = None) -> list[tuple[int, float]]:
    """Patches of a region (along one part, or along all) and the fraction of its area that each has."""
    chosen = np.ones(len(there.area), bool) if region == 0 else there.patch_region == region
    if part is not None and (chosen & (there.patch_part == part)).any():
        chosen &= there.patch_part == part
    patch = np.flatnonzero(chosen)
    return list(zip(patch.tolist(), (there.area[patch] / there.area[patch].sum()).tolist(), strict=True))


def _jumps(
    scenario: Scenario, geometry: Geometry, network: Network, there: Places, time: np.ndarray
) -> dict[float, np.ndarray]:
    """What the releases add to the state, by time; a release that round-off keeps from a sample time is at it."""
    jumps: dict[float, np.ndarray] = {}
    for release in scenario.release:
        added = _added(release, geometry, network, there)
        for t in release.time:
            nearest = time[np.abs(time - t).argmin()]
            at = float(nearest if abs(nearest - t) < 1e-9 * scenario.run.sample_every else t)
            if 0.0 <= at <= time[-1]:
                jumps[at] = jumps.get(at, 0.0) + added
    return jumps


def _added(release: Release, geometry: Geometry, network: Network, there: Places) -> np.ndarray:
    """(size,) Expected molecules that one occasion of a release puts in each place."""
    species = network.species.index(release.species)
    if release.on is not None:
        region = geometry.regions.index(release.on)
        share = np.array([f for _, f in _spread(there, region)])
        where = np.array([q for q, _ in _spread(there, region)])
        if not network.surface[species]:
            where = there.patch_part[where]
    elif release.at is not None:
        share = np.ones(1)
        inner = int(locate(geometry, np.array([release.at]))[0])
        where = np.flatnonzero(there.part == inner) if inner in there.part else np.array([there.volume.argmax()])
    else:
        inner = geometry.compartments.index(release.inside or geometry.compartments[0])
        where = np.arange(len(there.part)) if inner == 0 else np.flatnonzero(there.part == inner)
        share = there.volume[where] / there.volume[where].sum()
    added = np.zeros(there.size)
    np.add.at(added, there.state[species][where], share * expected_number(geometry, release))
    return added


def _series(geometry: Geometry, network: Network, there: Places, time: np.ndarray, sampled: np.ndarray) -> Series:
    """The state at the sample times by compartment, region, step and boundary."""
    volume_species, surface_species = network.volume_species, network.surface_species
    count = np.zeros((len(time), len(geometry.compartments), len(volume_species)))
    for i, species in enumerate(volume_species):
        inside = sampled[:, there.state[species]]
        count[:, there.part, i] = inside
        count[:, 0, i] = inside.sum(axis=1)
    surface = np.zeros((len(time), len(geometry.regions), len(surface_species)))
    for i, species in enumerate(surface_species):
        on = sampled[:, there.state[species]]
        for region in np.unique(there.patch_region):
            surface[:, region, i] = on[:, there.patch_region == region].sum(axis=1)
        surface[:, 0, i] = on.sum(axis=1)
    steps = there.size + len(network.steps)
    since = np.diff(sampled[:, there.size :], axis=0, prepend=0.0)
    return Series(time, count, surface, since[:, : len(network.steps)], since[:, steps - there.size :])
