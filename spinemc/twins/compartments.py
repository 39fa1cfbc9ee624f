"""The same scenario without particles: a stochastic network of well-mixed places, simulated exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from spinemc.engine.kernels.stops import through
from spinemc.engine.system import System
from spinemc.engine.trial import Keeper, Trial
from spinemc.errors import EngineError, ScenarioError
from spinemc.twins import wells
from spinemc.twins.places import seen
from spinemc.twins.wells import Jump, Wells

_TOLD = ("state", "fired", "clock", "serial", "sampled", "counted", "reached")  # what is saved of a trial
ROUND_OFF = 1e-9  # below 0, of a hazard
GLANCE = 1_000_000  # events between two looks at what else is to be done
AT_ONCE = 256  # sample times between two of them


class Net(NamedTuple):
    """The network as arrays, for the kernel."""

    first: np.ndarray  # (channels,) int64 reactants, -1 for none
    second: np.ndarray
    scale: np.ndarray  # (channels,) on the rate
    rate: np.ndarray  # (channels,) int64 row of `value`
    varies: np.ndarray  # (channels,) bool: whether the rate changes in time
    varying: np.ndarray  # their numbers
    knot: np.ndarray  # (knots,) times at which rates turn [s]
    value: np.ndarray  # (rates, knots) rates there
    change_start: np.ndarray  # (channels + 1,) what channel m changes is changed[change_start[m]:...], by amount
    changed: np.ndarray
    amount: np.ndarray
    asked_start: np.ndarray  # (states + 1,) channels that ask for state s
    asked: np.ndarray
    order: np.ndarray  # (states,) int64 of the highest reaction that asks for state s, 3 for two of itself


def check(system: System) -> None:
    """Refuse a scenario that a stochastic network of well-mixed parts cannot express.

    Raises
    ------
    ScenarioError
        As `spinemc.twins.wells.check`; or diffusion between a clamp and a wall that takes up at a rate, with one part
        between them, which has means but no events.
    """
    scenario, (made, _) = system.scenario, _made(system)
    file = scenario.path.name if scenario.path else "scenario"
    if any(channel.scale < 0.0 for channel in made.channels):
        raise ScenarioError(
            f"{file}: compartments: a clamp and a wall that takes up share a part that is not well mixed between them: "
            "name compartments that part them, or run it with particles."
        )


def net_of(made: Wells) -> Net:
    """The arrays of a network."""
    rate, knot, value = made.rates()
    change = made.change().tocsc()
    change.sort_indices()
    reactants = made.reactants()
    asks = [(s, m) for m, channel in enumerate(made.channels) for s in dict.fromkeys(channel.reactants)]
    asks.sort()
    order = np.zeros(made.size, np.int64)
    for channel in made.channels:
        for s in channel.reactants:
            order[s] = max(order[s], len(channel.reactants) + (channel.reactants.count(s) == 2))
    varies = np.array([not channel.rate.is_constant for channel in made.channels], bool)
    return Net(
        first=np.ascontiguousarray(reactants[:, 0]),
        second=np.ascontiguousarray(reactants[:, 1]),
        scale=np.array([channel.scale for channel in made.channels], np.float64),
        rate=rate,
        varies=varies,
        varying=np.flatnonzero(varies),
        knot=knot if varies.any() else np.zeros(0),
        value=value,
        change_start=change.indptr.astype(np.int64),
        changed=change.indices.astype(np.int64),
        amount=np.rint(change.data).astype(np.int64),
        asked_start=np.searchsorted([s for s, _ in asks], np.arange(made.size + 1)).astype(np.int64),
        asked=np.array([m for _, m in asks], np.int64),
        order=order,
    )


@lru_cache(maxsize=8)
def _made(system: System) -> tuple[Wells, Net]:
    """The network of a system, which all its trials share."""
    made = wells.network_of(system)
    return made, net_of(made)


def run_trial(
    system: System,
    seed: int,
    number: int,
    report: Callable[[float, int], bool] = lambda time, events: True,
    team: Any = None,
    keeper: Keeper | None = None,
) -> Trial | None:
    """Run trial `number` of a scenario, as `spinemc.engine.trial.run_trial` with events in place of particle-steps.

    Parameters
    ----------
    system : System
    seed, number, report
        As there.
    team
        Not asked: a trial has one core.
    keeper
        As there.

    Returns
    -------
    Trial, or None where it was stopped.

    Raises
    ------
    EngineError
        What is saved of the trial is not a state of this scenario.
    """
    made, net = _made(system)
    state, fired = np.zeros(made.size, np.int64), np.zeros(len(made.channels), np.int64)
    draw = np.random.Generator(np.random.Philox(seed=[seed, number, 3]))
    clock, serial = draw.exponential(size=1), np.zeros(1, np.int64)
    times = system.scenario.run.sample_times
    sampled = np.zeros((len(times), made.size), np.int64)
    counted = np.zeros((len(times), made.steps + made.boundaries), np.int64)
    jumps = np.array([jump.time for jump in made.jumps])
    stops = np.unique([*times, *jumps])
    is_jump, is_sample, row = np.isin(stops, jumps), np.isin(stops, times), np.searchsorted(times, stops)
    counts, reached = made.counted(), np.full(1, -1.0)
    told = dict(zip(_TOLD, (state, fired, clock, serial, sampled, counted, reached), strict=True))
    left = keeper.saved() if keeper is not None else None
    if left is not None:
        _take_up(told, left, number)
    walk = _walk(system, net, np.array([seed, number], np.uint64), state, fired, clock, serial)

    def goes_on(t: float) -> bool:
        """Report, and save what is due: all that is at this time is in it."""
        stops_here = not report(t, int(fired.sum()))
        reached[0] = t
        if keeper is not None and (stops_here or keeper.is_due()):
            keeper.save(told)
        return not stops_here

    t, k = max(0.0, float(reached[0])), int(np.searchsorted(stops, reached[0], "right"))
    states, happened = np.zeros((AT_ONCE, made.size), np.int64), np.zeros((AT_ONCE, len(fired)), np.int64)
    while k < len(stops):
        leg = stops[k : k + AT_ONCE]
        (put,) = np.nonzero(is_jump[k : k + AT_ONCE])
        n, t = walk(t, leg[: put[0] + 1] if put.size else leg, states, happened)
        for j, jump in enumerate(made.jumps):
            if n and jump.time == leg[n - 1]:
                _put(jump, state, np.random.Generator(np.random.Philox(seed=[seed, number, 4, j])))
                states[n - 1] = state
        here = np.flatnonzero(is_sample[k : k + n])
        sampled[row[k + here]] = states[here]
        counted[row[k + here]] = np.rint(counts @ happened[here].T).T
        k += n
        if not goes_on(t):
            return None
    if keeper is not None:
        keeper.close()
    count, surface = seen(system.geometry, system.network, made.places, sampled)
    since = np.diff(counted, axis=0, prepend=0)
    events, absorbed = since[:, : made.steps], since[:, made.steps :]
    return Trial(count.astype(np.int32), surface.astype(np.int32), events, absorbed, {}, None, int(fired.sum()), 0)


def _put(jump: Jump, state: np.ndarray, draw: np.random.Generator) -> None:
    """Add what a release brings to the numbers in states, in place."""
    amount = int(jump.number if jump.is_exact else draw.poisson(jump.number))
    np.add.at(state, jump.states, draw.multinomial(amount, jump.share / jump.share.sum()))


def _take_up(told: Mapping[str, np.ndarray], left: Mapping[str, np.ndarray], number: int) -> None:
    """Fill the arrays of a trial with what was saved of them."""
    fits = all(
        name in left
        and (left[name].dtype, left[name].shape) == (array.dtype, array.shape)
        and bool(np.isfinite(left[name]).all())
        for name, array in told.items()
    )
    if not fits or (left["state"] < 0).any() or left["clock"][0] < -ROUND_OFF:
        raise EngineError(
            f"trial {number}: what is saved of it is not a state of this scenario: remove .spinemc/trials in the "
            "store, and it begins again."
        )
    for name, array in told.items():
        array[:] = left[name]


def _walk(
    system: System,
    net: Net,
    key: np.ndarray,
    state: np.ndarray,
    fired: np.ndarray,
    clock: np.ndarray,
    serial: np.ndarray,
) -> Callable[[float, np.ndarray, np.ndarray, np.ndarray], tuple[int, float]]:
    """What lets events happen to a state from a time [s] through others, and keeps the state and the events at each.

    It returns how many of them are reached, and the time that is.
    """
    channels = len(fired)
    leaves = 1 << max(1, int(np.ceil(np.log2(max(2, channels)))))
    sums = np.zeros(2 * leaves), np.zeros(max(1, channels))
    leap = np.zeros(channels), np.zeros(channels, bool), np.zeros(channels, np.int64), *np.zeros((2, len(state)))
    shared = net, key, state, fired, clock, serial, *sums, net.order, *leap
    run = system.scenario.run
    epsilon = 0.0 if run.method == "exact" else run.epsilon

    def walk(t: float, stops: np.ndarray, states: np.ndarray, happened: np.ndarray) -> tuple[int, float]:
        reached, time = through(*shared, epsilon, t, stops, states, happened, GLANCE)
        return int(reached), float(time)

    return walk
