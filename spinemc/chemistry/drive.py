"""Rates that follow voltage and glutamate, as rates in time: what mechanisms ask for, from `[voltage]` and stimuli."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property

import numpy as np

from spinemc.chemistry import circuit
from spinemc.errors import ScenarioError
from spinemc.geometry import Geometry
from spinemc.mechanisms import Drive, voltage
from spinemc.scenario import Rate, Scenario
from spinemc.scenario.driven import Driven, Stimulus

TOLERANCE = 2e-4
"""How far off a rate that is linear between rows may be, of its own size and of its largest."""

MOST_ROWS = 1_000_000
_BEFORE = 1e-9  # an input is a jump: the row before it is that much earlier [s]
_OFFSETS = 1e-3 * np.array([0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0])  # s
_FINEST = 1e-7  # between rows, apart from jumps [s]

Course = Callable[[np.ndarray], np.ndarray]


def driven(scenario: Scenario, geometry: Geometry) -> Scenario:
    """A scenario in which rates that follow the voltage or glutamate are rates in time.

    Raises
    ------
    ScenarioError
        A mechanism does not say whose voltage it sees, none of the stimuli comes to it, or the circuit has no answer.
    """
    if not any(isinstance(k, Driven) for r in scenario.reaction for k in (r.kf, r.kb)):
        return scenario
    inputs = Inputs(scenario, geometry)
    made: dict[Driven, Rate] = {}

    def rate(given: Rate | Driven) -> Rate:
        if isinstance(given, Rate):
            return given
        if given not in made:
            made[given] = inputs.rate(given)
        return made[given]

    reactions = [replace(r, kf=rate(r.kf), kb=None if r.kb is None else rate(r.kb)) for r in scenario.reaction]
    return replace(scenario, reaction=tuple(reactions))


@dataclass(frozen=True)
class Inputs:
    """The voltage and the inputs of a scenario in its geometry."""

    scenario: Scenario
    geometry: Geometry

    @cached_property
    def spikes(self) -> tuple[float, ...]:
        """Times of back-propagating action potentials [s]."""
        return tuple(sorted(t for s in self.scenario.stimulus if s.event == "spike" for t in s.time))

    def glutamate(self, place: str) -> list[Stimulus]:
        """The stimuli whose glutamate comes to a region, or to all that match a pattern.

        Raises
        ------
        ScenarioError
            Some comes to a part of them only.
        """
        places = [place]
        if "*" in place:
            places = [r for r in self.geometry.regions if fnmatchcase(r, place)]
        found = []
        for stimulus in self.scenario.stimulus:
            reached = [p for p in places if stimulus.reaches(p)]
            if reached and len(reached) < len(places):
                raise ScenarioError(
                    f"mechanism on {place}: glutamate comes to {reached[0]} and not to all, and its molecules are "
                    "of one kind: put a mechanism with a name of its own on each."
                )
            found += [stimulus] if reached else []
        return found

    @cached_property
    def _circuit(self) -> tuple[circuit.Cell, dict[str, Course]]:
        """The parts of the circuit, and the voltage of each in time."""
        given = self.scenario.voltage.circuit if self.scenario.voltage is not None else None
        if given is None:
            raise ScenarioError("voltage.circuit: there is none.")
        cell = circuit.cell(self.geometry, given)
        inputs = {head: self._synaptic(head, cell) for head in cell.heads}
        return cell, circuit.solve(cell, given, inputs, self.spikes, self.scenario.run.t_stop)

    def _synaptic(self, head: str, cell: circuit.Cell) -> tuple[float, ...]:
        """Times of the inputs that come to any region of a head [s]."""
        regions = [r for r in self.geometry.regions if cell.node(r) == head and r not in self.geometry.surfaces]
        return tuple(sorted(t for s in self.scenario.stimulus if any(map(s.reaches, regions)) for t in s.time))

    def course(self, place: str, node: str | None = None) -> Course:
        """The voltage in time that molecules of a region see, or that of a node: from times [s] to voltages [mV].

        Raises
        ------
        ScenarioError
            The region is not of one head, and no node was told; or there is no such node.
        """
        given = self.scenario.voltage
        if given is None:
            return lambda time: np.full(len(time), np.nan)
        if given.hold is not None:
            held = given.hold
            return lambda time: np.full(len(time), held)
        if given.table is not None:
            rows, volts = given.table
            return lambda time: np.interp(time, rows, volts)
        if given.waveform is not None:
            return voltage if given.waveform == "bell2022" else self._each
        cell, there = self._circuit
        found = node if node is not None else cell.node(place)
        if found is None or found not in there:
            which = f'sees = "{node}" is no part of the circuit' if node else f"{place} may be at several voltages"
            raise ScenarioError(
                f"voltage.circuit: {which}: put the mechanism on one spine, or say with `sees` whose voltage it has, "
                f"{', '.join(there)}."
            )
        return there[found]

    def _each(self, time: np.ndarray) -> np.ndarray:
        """The two parts of the published course, after each input and each spike."""
        inputs = sorted(t for s in self.scenario.stimulus if s.event == "glutamate" for t in s.time)
        synaptic = circuit.kicks(inputs, 50e-3, time) - circuit.kicks(inputs, 5e-3, time)
        spike = 0.75 * circuit.kicks(self.spikes, 3e-3, time) + 0.25 * circuit.kicks(self.spikes, 25e-3, time)
        return -65.0 + 38.0 * spike + 25.0 * synaptic

    def rate(self, asked: Driven) -> Rate:
        """The rate that a mechanism asked for, in time."""
        law, stimuli = asked.law, self.glutamate(asked.place)
        if "glutamate" in law.needs and not stimuli:
            raise ScenarioError(
                f"mechanism on {asked.place}: no [[stimulus]] brings glutamate there: name the region with `at`."
            )
        course = self.course(asked.place, asked.node) if "voltage" in law.needs else None
        times = np.array(sorted(t for s in stimuli for t in s.time))

        def at(time: np.ndarray) -> np.ndarray:
            seen = [s.peak * circuit.kicks(s.time, s.decay, time) for s in stimuli]
            last = np.searchsorted(times, time, side="right") - 1
            since = np.where(last >= 0, time - times[last] if len(times) else time, time if not len(times) else np.inf)
            volts = course(time) if course is not None else np.zeros(len(time))
            with np.errstate(all="ignore"):  # what is not finite is refused below
                return law.at(Drive(time, volts, np.sum(seen, axis=0) if seen else np.zeros(len(time)), since))

        given = self.scenario.voltage
        table = given.table[0] if given is not None and given.table is not None else ()
        jumps = {t for s in self.scenario.stimulus for t in s.time}
        return sampled(at, self.scenario.run.t_stop, jumps, table)


def sampled(function: Course, t_stop: float, jumps: Iterable[float] = (), corners: Iterable[float] = ()) -> Rate:
    """A function of time as rows of a rate that is linear between them.

    Parameters
    ----------
    function : callable
        From times, (t,) [s], to rates, (t,), not negative.
    t_stop : float
        [s]
    jumps, corners : iterable of float
        Where it may jump, and where it may bend [s].

    Returns
    -------
    Rate
        Off by `TOLERANCE` of the rate there, or of a thousandth of its largest, at most, where it is looked at: at a
        quarter, a half and three quarters of the way from row to row.

    Raises
    ------
    ScenarioError
        It takes more than `MOST_ROWS`, or is not finite somewhere.
    """
    sharp = np.array(sorted(t for t in jumps if 0.0 <= t <= t_stop))
    near = np.concatenate([sharp, sharp - _BEFORE, (sharp[:, None] + _OFFSETS).ravel(), list(corners), _OFFSETS])
    time = np.unique(np.concatenate([[0.0, t_stop], near[(near > 0.0) & (near < t_stop)]]))
    value = function(time)
    fresh = np.ones(len(time) - 1, bool)
    while fresh.any() and len(time) <= MOST_ROWS and np.isfinite(value).all():
        left = np.flatnonzero(fresh)
        width, rise = time[left + 1] - time[left], value[left + 1] - value[left]
        split = np.zeros(len(left), bool)
        for part in (0.25, 0.75, 0.5):  # a course that bends both ways may meet its chord in the middle
            middle = time[left] + part * width
            there = function(middle)
            allowed = TOLERANCE * np.maximum(there, 1e-3 * value.max())
            split |= np.abs(there - value[left] - part * rise) > allowed
        split &= (width > _FINEST) & (middle > time[left]) & (middle < time[left + 1])
        at = left[split] + 1
        time, value = np.insert(time, at, middle[split]), np.insert(value, at, there[split])
        fresh = np.zeros(len(time) - 1, bool)
        fresh[np.concatenate([at + np.arange(len(at)) - 1, at + np.arange(len(at))])] = True
    if not np.isfinite(value).all():
        raise ScenarioError("a rate that follows the voltage or glutamate is not finite: look at its numbers.")
    if len(time) > MOST_ROWS:
        raise ScenarioError(f"a rate in time takes more than {MOST_ROWS} rows: use fewer inputs, or a shorter run.")
    if (value == value[0]).all():
        return Rate.constant(float(value[0]))
    return Rate(tuple(time.tolist()), tuple(value.tolist()))
