"""Ions in a store: who holds them, what happened to them, and that a run broken off tells the same."""

from __future__ import annotations

import numpy as np
import pytest
from texts import BUFFERED

import spinemc as smc
from spinemc import store
from spinemc.forecast import forecast
from spinemc.plans import prepare
from spinemc.scenario import parse_scenario

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
trials = 4
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
kf = "3e8 /M/s"
kb = "100 /s"
[[reaction]]
equation = "PCa -> P"
kf = "500 /s"
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
count = 100
in = "head"
time = ["0 ms", "0.7 ms"]
[[boundary]]
region = "base"
species = ["Ca"]
kind = "absorb"
[[record.ions]]
species = "Ca"
trials = [0, 2]
[[record.positions]]
species = ["Ca"]
every = "0.5 ms"
trials = [0, 2]
follow = true
[[record.positions]]
species = ["B"]
every = "1 ms"
trials = [2]
in = "head"
"""
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ions")
    return smc.run(parse_scenario(SCENARIO), folder / "run.zarr", threads=2), folder


def test_the_log_of_ions_tells_what_the_counts_tell(run):
    """Entries by event, against the events counted; ions alive at the end, against the molecules that carry them."""
    tree, _ = run
    log = tree["ions/Ca"]
    assert list(log["trial"].values) == [0, 2]
    names, what = log["event"].values.tolist(), log["what"].values
    assert log["kind"].values.tolist() == ["hands on"] * 4 + ["takes", "boundary"] + ["release"] * 3
    ends = np.cumsum(log["row_size"].values)
    for k, trial in enumerate((0, 2)):
        mine = slice(ends[k] - int(log["row_size"][k]), ends[k])
        number = np.bincount(what[mine], minlength=len(names))
        events = tree["events/count"].sel(trial=trial).sum("time").values
        np.testing.assert_array_equal(number[:5], events)
        assert number[5] == int(tree["events/absorbed"].sel(trial=trial).sum())
        assert number[names.index("release 3, Ca")] == 200
        time = log["time"].values[mine]
        assert (np.diff(time) >= 0.0).all() and time[0] == 0.0 and time[-1] <= 2e-3
        gone = number[4] + number[5]
        count = tree["counts/count"].sel(trial=trial, compartment="cytosol").isel(time=-1)
        bound = tree["surface/count"].sel(trial=trial, region="membrane", species="PCa").isel(time=-1)
        assert 200 - gone == int(count.sel(species="Ca") + count.sel(species="CaB") + bound) > 0
        assert number[4] > 0 and number[5] > 0


def test_ions_are_followed_on_what_holds_them(run):
    """Rows by carrier against the counts; each ion in one place; and a record of one compartment has those in it."""
    tree, _ = run
    table = tree["positions/Ca"]
    population = table["population"].values.tolist()
    begin = 0
    for k, trial in enumerate((0, 2)):
        for frame in range(5):
            size = int(table["row_size"][k, frame])
            rows, begin = slice(begin, begin + size), begin + size
            carrier = np.array(population)[table["carrier"].values[rows]]
            counts = tree["counts/count"].sel(trial=trial, compartment="cytosol").isel(time=frame)
            for name in ("Ca", "CaB"):
                assert (carrier == name).sum() == int(counts.sel(species=name))
            surface = tree["surface/count"].sel(trial=trial, region="membrane", species="PCa").isel(time=frame)
            assert (carrier == "PCa").sum() == int(surface)
            assert len(set(table["particle"].values[rows])) == size
    inside = tree["positions/B"]
    heads = tree["counts/count"].sel(trial=2, compartment="head", species="B").isel(time=[0, 2, 4])
    np.testing.assert_array_equal(inside["row_size"][0], heads)


def test_a_run_broken_off_tells_the_same_of_its_ions(run):
    tree, folder = run
    write, done = store.write, []

    def interrupted(*given):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(write(*given))

    out = folder / "part.zarr"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(store, "write", interrupted)
        smc.run(parse_scenario(SCENARIO), out)
    again = smc.resume(out)
    for group in ("ions/Ca", "positions/Ca", "positions/B"):
        for name, values in tree[group].variables.items():
            np.testing.assert_array_equal(again[group].variables[name], values, err_msg=f"{group}/{name}")
    assert store.verify(out) == []


def test_the_size_of_the_store_is_told_before(run):
    """Within 30 %, with counts, events, positions and the log of ions, from trials that were begun."""
    _, folder = run
    told = forecast(prepare(parse_scenario(SCENARIO))).bytes
    size = sum(file.stat().st_size for file in (folder / "run.zarr").rglob("*") if file.is_file())
    assert told == pytest.approx(size, rel=0.3)
