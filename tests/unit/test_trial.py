"""A trial that is stopped and taken up again ends as if nothing had been."""

from __future__ import annotations

import numpy as np
import pytest

from spinemc.engine import molecules
from spinemc.engine.trial import run_trial
from spinemc.scenario import parse_scenario
from spinemc.simulate import prepare

SCENARIO = """schema = 1
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
[[species]]
name = "Ca"
D = "220 um^2/s"
[[species]]
name = "B"
D = "20 um^2/s"
[[species]]
name = "CaB"
D = "20 um^2/s"
[[species]]
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
"""


class Shelf:
    """A keeper that saves every time it is asked, and counts."""

    def __init__(self):
        self.frames, self.kept, self.state, self.saves = [], [], None, 0

    def frame(self, *frame):
        self.frames.append(frame)

    def is_due(self):
        return True

    def save(self, state):
        self.saves += 1
        self.state = {name: np.array(array) for name, array in state.items()}
        self.kept = list(self.frames)

    def close(self):
        self.closed = True

    def saved(self):
        self.frames = list(self.kept)
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
    for species, (sizes, points, names) in whole.positions.items():
        mine = [frame for frame in shelf.frames if frame[0] == species]
        assert [len(frame[1]) for frame in mine] == sizes.tolist()
        np.testing.assert_array_equal(np.concatenate([frame[1] for frame in mine]), points)
        np.testing.assert_array_equal(np.concatenate([frame[2] for frame in mine]), names)
