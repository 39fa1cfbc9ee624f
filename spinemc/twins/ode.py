"""The same scenario without particles: the rate equations of well-mixed places."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import numpy as np

from spinemc.chemistry.network import Network
from spinemc.errors import EngineError
from spinemc.geometry import Geometry
from spinemc.scenario import Scenario
from spinemc.twins.places import seen
from spinemc.twins.wells import Wells, check, wells

__all__ = ["Series", "check", "solve"]

RTOL = 1e-8
ATOL = 1e-9  # molecules
DENSE = 200  # states, above which the Jacobian is kept sparse

_ONE_AT_A_TIME = Lock()  # neither odeint nor a filter of warnings is for several threads


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


def solve(scenario: Scenario, geometry: Geometry, network: Network) -> Series:
    """Integrate the rate equations of a scenario.

    Parameters
    ----------
    scenario : Scenario
    geometry : Geometry
    network : Network
        Of this scenario and geometry.

    Raises
    ------
    EngineError
        As `integrate`.
    ScenarioError
        As `spinemc.twins.wells.check`.
    """
    return integrate(wells(scenario, geometry, network), scenario.run.sample_times, geometry, network)


def integrate(
    made: Wells,
    time: np.ndarray,
    geometry: Geometry,
    network: Network,
    watch: Callable[[float], None] = lambda time: None,
    rtol: float = RTOL,
) -> Series:
    """Integrate the rate equations of a network of wells.

    Parameters
    ----------
    made : Wells
    time : (t,) float64
        Sample times [s].
    geometry : Geometry
    network : Network
        Of which the wells are made.
    watch : callable
        Called with the times that are tried [s]; what it raises ends the integration.
    rtol : float
        Error of a step, of the numbers.

    Returns
    -------
    Series

    Raises
    ------
    EngineError
        Where the integrator gives up; the time reached is named.

    Notes
    -----
    The places are those of `spinemc.twins.wells`. A step of two like molecules fires at k N^2 / V and takes two.
    """
    equations = Equations(made, watch)
    jumps: dict[float, np.ndarray] = {}
    for jump in made.jumps:
        added = jumps.setdefault(jump.time, np.zeros(made.size))
        np.add.at(added, jump.states, jump.share * jump.number)
    stops = np.unique([time[0], time[-1], *jumps])
    state = np.zeros(equations.size)
    sampled = np.empty((len(time), equations.size))
    for here, after in zip(stops, [*stops[1:], None], strict=True):
        state[: made.size] += jumps.get(here, 0.0)
        if after is None:
            sampled[time == here] = state
            break
        within = (time >= here) & (time < after)
        moments = np.unique([here, *time[within], after])
        solution = equations.integrate(state, moments, rtol)
        sampled[within] = solution[np.isin(moments, time[within])]
        state = solution[-1]
    return _series(geometry, network, made, time, sampled)


class Equations:
    """dy/dt of the state followed by what each step and each boundary was counted."""

    def __init__(self, made: Wells, watch: Callable[[float], None] = lambda time: None) -> None:
        from scipy.sparse import vstack

        self.watch = watch
        self.size = made.size + made.steps + made.boundaries
        self.rate, self.knots, self.rates = made.rates()
        self.scale = np.array([channel.scale for channel in made.channels])
        self.first, self.second = made.reactants().T
        self.change = vstack([made.change(), made.counted()]).tocsr()

    def rates_at(self, t: float) -> np.ndarray:
        """Rates of the channels at a time, in the unit their reactants make one a second."""
        n = len(self.knots)
        after = min(int(np.searchsorted(self.knots, t)), n - 1)
        before = max(after - 1, 0)
        span = self.knots[after] - self.knots[before]
        along = min(max((t - self.knots[before]) / span, 0.0), 1.0) if span > 0.0 else 1.0
        rate = (1.0 - along) * self.rates[:, before] + along * self.rates[:, after]
        return rate[self.rate] * self.scale

    def slope(self, y: np.ndarray, t: float) -> np.ndarray:
        """(size,) dy/dt."""
        self.watch(t)
        return np.asarray(self.change @ self.propensities(y, t)) if len(self.scale) else np.zeros(self.size)

    def propensities(self, y: np.ndarray, t: float) -> np.ndarray:
        """(channel,) How often each channel happens [1/s]."""
        one = np.append(y, 1.0)  # a reactant that is not there
        return np.asarray(self.rates_at(t) * one[self.first] * one[self.second])

    def sparse_jacobian(self, y: np.ndarray, t: float):
        """(size, size) csr_array: how dy/dt changes with y."""
        from scipy.sparse import csr_array

        one, k = np.append(y, 1.0), self.rates_at(t)
        channel = np.arange(len(k))
        values = np.concatenate([k * one[self.second], k * one[self.first]])
        columns = np.concatenate([self.first, self.second]) % (self.size + 1)
        slope = csr_array((values, (np.concatenate([channel, channel]), columns)), shape=(len(k), self.size + 1))
        return (self.change @ slope)[:, :-1]

    def jacobian(self, y: np.ndarray, t: float) -> np.ndarray:
        """(size, size) The same, dense."""
        return np.asarray(self.sparse_jacobian(y, t).todense())

    def integrate(self, state: np.ndarray, moments: np.ndarray, rtol: float = RTOL) -> np.ndarray:
        """(moment, size) The state at each moment, from `state` at the first.

        No step passes over a row of a rate table.
        """
        if self.size > DENSE:
            return self._integrate_many(state, moments, rtol)
        from scipy.integrate import ODEintWarning, odeint

        corners = self.knots[(self.knots > moments[0]) & (self.knots <= moments[-1])]
        stops = np.union1d(moments, corners)  # the integrator wants every corner to be an output too
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore", ODEintWarning)
            solution, info = odeint(
                self.slope,
                state,
                stops,
                Dfun=self.jacobian,
                full_output=True,
                rtol=rtol,
                atol=ATOL,
                mxstep=100_000,
                tcrit=corners if len(corners) else None,
            )
        if info["message"] != "Integration successful.":
            reached = info["tcur"].max()
            raise EngineError(f"the rate equations cannot be integrated beyond {reached:.6g} s: {info['message']}")
        return solution[np.isin(stops, moments)]

    def _integrate_many(self, state: np.ndarray, moments: np.ndarray, rtol: float) -> np.ndarray:
        """As `integrate`, with a sparse Jacobian."""
        from scipy.integrate import BDF

        corners = np.union1d(self.knots[(self.knots > moments[0]) & (self.knots < moments[-1])], moments[-1])
        solver = BDF(
            lambda t, y: self.slope(y, t),
            moments[0],
            state,
            corners[0],
            jac=lambda t, y: self.sparse_jacobian(y, t).tocsc(),
            rtol=rtol,
            atol=ATOL,
        )
        found = [state[None]]
        for corner in corners:
            solver.t_bound, solver.status = corner, "running"  # what it knows of the way so far is kept
            while solver.status == "running":
                told = solver.step()
                if solver.status == "failed":
                    raise EngineError(f"the rate equations cannot be integrated beyond {solver.t:.6g} s: {told}")
                passed = moments[(moments > solver.t_old) & (moments <= solver.t)]
                if len(passed):
                    found.append(solver.dense_output()(passed).T)
        return np.concatenate(found)


def _series(geometry: Geometry, network: Network, made: Wells, time: np.ndarray, sampled: np.ndarray) -> Series:
    """The state at the sample times by compartment, region, step and boundary."""
    count, surface = seen(geometry, network, made.places, sampled)
    since = np.diff(sampled[:, made.size :], axis=0, prepend=0.0)
    return Series(time, count, surface, since[:, : made.steps], since[:, made.steps :])
