"""A trial that is stopped and taken up again ends as if nothing had been."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from texts import BUFFERED

from spinemc.engine import molecules
from spinemc.engine.kernels.tables import LOGGED
from spinemc.engine.molecules import Molecules
from spinemc.engine.schedule import Moment
from spinemc.engine.trial import run_trial
from spinemc.scenario import parse_scenario
from spinemc.simulate import prepare

SCENARIO = (
    """schema = 1
[geometry.shape]
kind = "spine"
head_radius = "0.15 um"
neck_radius = "0.05 um"
neck_length = "0.2 um"
psd_radius  = "0.08 um"
edge = "0.1 um"
[run]
t_stop = "2 ms"
dt = "2 us"
sample_every = "0.5 ms"
trials = 1
"""
    + BUFFERED
    + """[[species]]
name = "P"
on = "head"
[[species]]
name = "PCa"
on = "head"
[[reaction]]
equation = "Ca + B <-> CaB"
kf = "1e8 /M/s"
kb = "300 /s"
[[reaction]]
equation = "Ca + P <-> PCa"
kf = "1e8 /M/s"
kb = "300 /s"
[[reaction]]
equation = "0 -> Ca"
kf = "20 mM/s"
[[release]]
species = "B"
concentration = "40 uM"
in = "cytosol"
[[release]]
species = "P"
count = 40
on = "head"
[[release]]
species = "Ca"
count = 60
at = ["0 um", "0 um", "0.3 um"]
time = ["0.3 ms", "0.9 ms"]
[[boundary]]
region = "psd"
species = ["Ca"]
kind = "clamp"
concentration = "20 uM"
[[boundary]]
region = "base"
species = ["Ca"]
kind = "absorb"
[[record.positions]]
species = ["Ca", "PCa"]
every = "0.25 ms"
trials = [0]
follow = true
[[record.ions]]
species = "Ca"
"""
)


class Shelf:
    """A keeper that saves every time it is asked, and counts."""

    def __init__(self):
        self.frames, self.log, self.kept, self.state, self.saves = [], [], ([], []), None, 0

    def frame(self, *frame):
        self.frames.append(frame)

    def events(self, *events):
        self.log.append(events)

    def is_due(self):
        return True

    def save(self, state):
        self.saves += 1
        self.state = {name: np.array(array) for name, array in state.items()}
        self.kept = list(self.frames), list(self.log)

    def close(self):
        self.closed = True

    def saved(self):
        self.frames, self.log = (list(kept) for kept in self.kept)
        return self.state


@pytest.fixture(scope="module")
def system():
    return prepare(parse_scenario(SCENARIO))


def test_a_trial_stopped_at_any_time_ends_the_same(system, monkeypatch):
    """Stopped after each of a few looks, between samples as well as at them."""
    whole = run_trial(system, 7, 0)
    monkeypatch.setattr(molecules, "GLANCE", 10_000)
    shelf, stops = Shelf(), 0
    found = None
    while found is None:
        looks = iter(range(1 + 3 * stops))
        found = run_trial(system, 7, 0, lambda time, moves, looks=looks: next(looks, None) is not None, keeper=shelf)
        stops += 1
    assert shelf.closed and stops > 5 and shelf.saves > 40 and whole.moves > 100_000
    for name in ("count", "surface", "events", "absorbed"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name), err_msg=name)
    assert (found.moves, found.held) == (whole.moves, whole.held)
    assert found.ions is None and found.positions == {} and len(whole.ions[0]) > 1000
    for mine, other in zip(zip(*shelf.log, strict=True), whole.ions, strict=True):
        np.testing.assert_array_equal(np.concatenate(mine), other)
    for species, (sizes, *columns) in whole.positions.items():
        mine = [frame[1:] for frame in shelf.frames if frame[0] == species]
        assert [len(frame[0]) for frame in mine] == sizes.tolist()
        assert len(columns) == (3 if species == "Ca" else 2)
        for column, other in zip(zip(*mine, strict=True), columns, strict=True):
            np.testing.assert_array_equal(np.concatenate(column), other)


def test_a_state_holds_the_log_that_nobody_has_read(system):
    """Left in the middle of a stretch with entries in the log, and taken up by another."""
    moment = Moment(0.0, (), -1, (), 200, 2e-6)
    key = np.array([7, 0], np.uint64)
    one, other = Molecules(system, key, 2e-6), Molecules(system, key, 2e-6)
    for number, release in enumerate(system.scenario.release):
        one.release(release, number, 0, 2e-6)
    done = one.advance(replace(moment, steps=100))
    assert done == 100 and one.state.serial[LOGGED] > 60
    other.take_up(one.left())
    one.advance(moment, done)
    other.advance(moment, done)
    for mine, its in zip(one.events(), other.events(), strict=True):
        np.testing.assert_array_equal(mine, its)
    np.testing.assert_array_equal(one.state.ion, other.state.ion)


def test_following_changes_no_count(system):
    """And at every sample each ion alive is on some molecule: those that came less those that went."""
    whole = run_trial(system, 7, 0)
    bare = run_trial(prepare(replace(system.scenario, ions=None, positions=())), 7, 0)
    for name in ("count", "surface", "events", "absorbed"):
        np.testing.assert_array_equal(getattr(bare, name), getattr(whole, name), err_msg=name)
    assert bare.ions is None
    network = system.network
    volume = whole.count[:, 0] @ system.carries[list(network.volume_species)]
    carried = volume + whole.surface[:, 0] @ system.carries[list(network.surface_species)]
    time, ion, what = whole.ions
    last = {}
    gone = [len(network.steps) + b for b in range(len(system.boundaries))]
    alive, k = set(), 0
    for sample, number in zip(system.scenario.run.sample_times, carried, strict=True):
        while k < len(time) and time[k] <= sample:
            alive.symmetric_difference_update([ion[k]] if what[k] in gone or ion[k] not in last else [])
            last[ion[k]] = what[k]
            k += 1
        assert len(alive) == number
    assert k == len(time) and number > 50
