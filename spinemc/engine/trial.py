"""One trial: molecules put in, advanced from moment to moment, counted, and nothing kept but what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from spinemc.engine import saved
from spinemc.engine.frames import Frames
from spinemc.engine.kernels import step
from spinemc.engine.kernels.tables import HELD, MOVES, State
from spinemc.engine.molecules import Molecules
from spinemc.engine.schedule import Moment, schedule
from spinemc.engine.system import System
from spinemc.engine.team import Team
from spinemc.errors import EngineError

Log = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Trial:
    """What one trial left behind.

    Attributes
    ----------
    count : (time, compartment, species) int32
        Molecules of the volume species; compartment 0 is the whole inside.
    surface : (time, region, species) int32
        Molecules of the surface species; region 0 is the whole membrane.
    events : (time, reaction) int64
        Firings of each one-way reaction since the sample before.
    absorbed : (time, boundary) int64
        Molecules taken out, less those let in, since the sample before.
    positions : dict
        Species to (row_size (frame,), position (row, 3) [um], particle (row,)), for recorded trials; where ions are
        followed in a record, particle is the number of the ion, and a fourth array, carrier (row,), tells what holds
        it as an index into `Network.species`.
    ions : tuple or None
        Time [s], ion and what happened of each entry of the log of ions, in the order of time, see
        `kernels.ions`; None where none are followed or a keeper took them.
    moves : int
        Particle-steps made.
    held : int
        Moves and events not made because round-off or a lack of room left them in doubt.
    """

    count: np.ndarray
    surface: np.ndarray
    events: np.ndarray
    absorbed: np.ndarray
    positions: dict[str, tuple[np.ndarray, ...]]
    ions: Log | None
    moves: int
    held: int


class Keeper(Protocol):
    """Where a trial leaves frames and the log of ions as it goes, and at times its state, to be taken up again."""

    def frame(
        self, species: str, position: np.ndarray, particle: np.ndarray, carrier: np.ndarray | None = None
    ) -> None:
        """Take the positions (n, 3) [um] and numbers (n,) of a species in its next frame.

        Where its ions are recorded the numbers are theirs, and `carrier` (n,) tells what holds each, an index into
        `Network.species`.
        """

    def events(self, time: np.ndarray, ion: np.ndarray, what: np.ndarray) -> None:
        """Take the next entries of the log of ions: times (n,) [s], ions (n,) and what happened (n,)."""

    def is_due(self) -> bool:
        """Whether the state is to be saved now."""

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        """Keep the state, and all frames and entries of the log until now."""

    def saved(self) -> Mapping[str, np.ndarray] | None:
        """The state that was saved last, frames and log with it; None for a trial that is new."""

    def close(self) -> None:
        """Take note that the trial has come to its end."""


def run_trial(
    system: System,
    seed: int,
    number: int,
    report: Callable[[float, int], bool] = lambda time, moves: True,
    team: Team | None = None,
    keeper: Keeper | None = None,
) -> Trial | None:
    """Run trial `number` of a scenario from where it was left, or from the beginning, to its end.

    Parameters
    ----------
    system : System
    seed, number : int
        The key of all its random numbers; nothing else enters.
    report : callable
        Called at every sample, and between them in a long trial, with the time reached [s] and the particle-steps so
        far; returning False stops the trial.
    team : Team, optional
        Cores that may help while they are idle; they change nothing but the time it takes.
    keeper : Keeper, optional
        Where frames, ions and states go; without one the result has frames and ions, and nothing is saved.

    Returns
    -------
    Trial, or None where it was stopped.

    Raises
    ------
    EngineError
        Where a release finds no room, or one step makes more molecules than can be held.
    """
    scenario, network = system.scenario, system.network
    moments = schedule(scenario)
    frames = Frames(system, number, keeper)
    logged: list[Log] = []
    trial = Molecules(system, np.array([seed, number], np.uint64), moments[0].dt, team)
    told = _Told.nothing(system)
    begin, done = 0, 0
    left = keeper.saved() if keeper is not None else None
    if left is not None and not saved.is_sound(left, trial.state, vars(told), system, moments):
        raise EngineError(
            f"trial {number}: what is saved of it is not a state of this scenario: remove .spinemc/trials in the "
            "store, and it begins again."
        )
    if left is not None:
        trial.take_up(left)
        told = _Told(*(np.array(left[field.name]) for field in fields(_Told)))
        begin, done = (int(k) for k in left["reached"])

    def hand_on() -> None:
        """Hand on what the log of ions holds."""
        if trial.follows:
            new = trial.events()
            if keeper is None:
                logged.append(new)
            elif new[0].size:
                keeper.events(*new)

    def goes_on(moment: int, done: int) -> bool:
        """Look up after some steps of a moment: hand on what ions did, report, and save what is due."""
        hand_on()
        here = moments[moment]
        stops = not report(here.time + done * here.dt, int(trial.state.serial[MOVES]))
        if keeper is not None and (stops or keeper.is_due()):
            keeper.save(trial.left() | vars(told) | {"reached": np.array([moment, done])})
        return not stops

    for n, moment in enumerate(moments[begin:], begin):
        if left is None:
            for release, occasion in moment.releases:
                trial.release(scenario.release[release], release, occasion, moment.dt)
            for record, _ in moment.frames:
                frames.take(record, trial.state)
            if moment.sample >= 0:
                told.take(moment, trial.state, system)
                if not goes_on(n, 0):
                    return None
        left = None
        while done < moment.steps:
            done = trial.advance(moment, done)
            if done < moment.steps and not goes_on(n, done):
                return None
        done = 0
    hand_on()
    if keeper is not None:
        keeper.close()
    return Trial(
        count=told.count[:, :, network.volume_species],
        surface=told.surface[:, :, network.surface_species],
        events=np.diff(told.fired, axis=0, prepend=0),
        absorbed=np.diff(told.absorbed, axis=0, prepend=0),
        positions=frames.taken(),
        ions=_joined(logged) if trial.follows and keeper is None else None,
        moves=int(trial.state.serial[MOVES]),
        held=int(trial.state.serial[HELD]),
    )


@dataclass(frozen=True, eq=False)
class _Told:
    """What was counted so far, by sample; events and molecules taken out since the beginning."""

    count: np.ndarray
    surface: np.ndarray
    fired: np.ndarray
    absorbed: np.ndarray

    @classmethod
    def nothing(cls, system: System) -> _Told:
        geometry, network = system.geometry, system.network
        samples, kinds = len(system.scenario.run.sample_times), len(network.species)
        return cls(
            count=np.zeros((samples, len(geometry.compartments), kinds), np.int32),
            surface=np.zeros((samples, len(geometry.regions), kinds), np.int32),
            fired=np.zeros((samples, len(network.steps)), np.int64),
            absorbed=np.zeros((samples, len(system.boundaries)), np.int64),
        )

    def take(self, moment: Moment, state: State, system: System) -> None:
        k = moment.sample
        step.tally(
            system.walls,
            system.cells,
            system.chemistry(moment.dt or system.scenario.run.dt),
            state,
            system.network.home,
            np.searchsorted(system.geometry.region_surface, np.arange(len(system.geometry.surfaces))),
            self.count[k],
            self.surface[k],
        )
        self.fired[k] = state.fired
        self.absorbed[k] = state.absorbed


def _joined(pieces: list[Log]) -> Log:
    time, ion, what = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return time, ion, what
