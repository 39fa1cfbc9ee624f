"""Whole runs: equal arrays whatever the threads, trials or interruptions; schedule, limits, growth."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from cells import box
from texts import BUFFERED

import spinemc as smc
from spinemc import store
from spinemc.engine.limits import neck_error
from spinemc.engine.schedule import schedule
from spinemc.engine.trial import run_trial
from spinemc.errors import EngineError, ScenarioError, SpinemcWarning
from spinemc.geometry.compartments import contains
from spinemc.scenario import Boundary, Rate, Release, load_scenario
from spinemc.store import blocks
from spinemc.twins import levels
from spinemc.validation.scenes import counts, run, scene, shape, turns

EVERYTHING = (
    """
schema = 1
[geometry]
shape = { kind = "box", size = ["0.4 um", "0.3 um", "0.5 um"], edge = "100 nm" }
[[geometry.region]]
name = "psd"
within = { sphere = { center = ["0 um", "0 um", "0.25 um"], radius = "120 nm" } }
[[geometry.compartment]]
name = "head"
within = { box = { low = ["-1 um", "-1 um", "0 um"], high = ["1 um", "1 um", "1 um"] } }
[run]
t_stop = "0.4 ms"
dt = "3 us"
sample_every = "0.07 ms"
trials = 8
seed = 11
"""
    + BUFFERED
    + """[[species]]
name = "P"
on = "membrane"
[[species]]
name = "PCa"
on = "membrane"
[[species]]
name = "G"
on = "psd"
[[reaction]]
equation = "Ca + B <-> CaB"
kf = "1e8 /M/s"
kb = "3000 /s"
[[reaction]]
equation = "Ca + P <-> PCa"
kf = "1.5e8 /M/s"
kb = "5000 /s"
[[reaction]]
equation = "PCa -> P"
kf = "2000 /s"
[[reaction]]
equation = "P -> P + Ca"
kf = "40 /s"
[[reaction]]
equation = "G -> G + Ca"
kf = { table = "flux.csv" }
[[reaction]]
equation = "0 -> Ca"
kf = "1 mM/s"
in = "head"
[[reaction]]
equation = "Ca -> 0"
kf = "500 /s"
[[release]]
species = "Ca"
concentration = "1 uM"
in = "cytosol"
[[release]]
species = "B"
concentration = "2 uM"
in = "head"
exact = true
[[release]]
species = "P"
density = "200 /um^2"
on = "membrane"
[[release]]
species = "G"
count = 4
on = "psd"
[[release]]
species = "Ca"
count = 30
at = ["0 um", "0 um", "0.1 um"]
time = ["0.1 ms", "0.21 ms"]
[[boundary]]
region = "z_low"
species = ["Ca"]
kind = "clamp"
concentration = "2 uM"
[[boundary]]
region = "x_low"
species = ["B"]
kind = "absorb"
[[record.positions]]
species = ["Ca", "P"]
every = "0.1 ms"
trials = [0, 5]
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "head"
"""
)


@pytest.fixture
def everything(tmp_path):
    (tmp_path / "flux.csv").write_text("0, 0\n5e-5, 2e5\n2e-4, 1e4\n")
    (tmp_path / "all.toml").write_text(EVERYTHING)
    return load_scenario(tmp_path / "all.toml")


def arrays(tree):
    """Every array of every group by its path."""
    return {
        f"{node.path}/{name}": variable
        for node in tree.subtree
        for name, variable in node.to_dataset(inherit=False).variables.items()
    }


def equal(one, other):
    """Two trees hold the same arrays, in name, type and value."""
    one, other = arrays(one), arrays(other)
    assert one.keys() == other.keys()
    for path in one:
        assert one[path].dims == other[path].dims, path
        assert one[path].dtype == other[path].dtype, path
        assert np.array_equal(one[path].values, other[path].values), path


def test_threads_and_trials_change_nothing(everything, tmp_path):
    alone = smc.run(everything, tmp_path / "1.zarr", threads=1)
    beside = smc.run(everything, tmp_path / "2.zarr", threads=2)
    more = smc.run(everything, tmp_path / "16.zarr", trials=16, threads=2)
    equal(alone, beside)
    for path, variable in arrays(more).items():
        mine = arrays(alone)[path]
        if variable.sizes.get("trial") == 16:
            variable = variable[{"trial": slice(8)}]
        assert np.array_equal(variable.values, mine.values), path
    # and it was a run in which everything happened, differently in each trial
    events = alone["events/count"].sum(["trial", "time"])
    assert (events > 0).all(), events
    assert (np.abs(alone["events/absorbed"]).sum(["trial", "time"]) > 0).all()
    ends = alone["counts/count"].isel(time=-1, compartment=0).sel(species="Ca").values
    assert len(set(ends.tolist())) > 3
    assert alone["positions/Ca"].sizes["trial"] == 2


def test_another_seed_is_another_run(everything, tmp_path):
    one, two = (smc.run(everything, tmp_path / f"{n}.zarr", trials=6, seed=n)["counts/count"].values for n in (1, 2))
    assert not np.array_equal(one, two)


def between_blocks(patch):
    """Interrupted after three blocks, as by a key."""
    write, done = store.write, []

    def interrupted(*given):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(write(*given))

    patch.setattr(store, "write", interrupted)


def within_a_block(patch):
    """Interrupted when the arrays of the sixth block, with recorded positions, are written and not yet counted."""
    write = blocks.write_root

    def interrupted(here, root, **attributes):
        if attributes.get("trials_finished") == 6:
            raise KeyboardInterrupt
        return write(here, root, **attributes)

    patch.setattr(blocks, "write_root", interrupted)


@pytest.mark.parametrize("stop, finished", [(between_blocks, 3), (within_a_block, 5)])
def test_a_resumed_run_equals_an_uninterrupted_one(everything, tmp_path, stop, finished):
    whole = smc.run(everything, tmp_path / "whole.zarr", threads=1)
    with pytest.MonkeyPatch.context() as patch:
        stop(patch)
        with pytest.raises(KeyboardInterrupt):
            smc.run(everything, tmp_path / "cut.zarr", threads=2)
    assert store.finished(tmp_path / "cut.zarr") == finished
    equal(whole, smc.resume(tmp_path / "cut.zarr", threads=2))
    assert smc.open(tmp_path / "cut.zarr").attrs["complete"]


def test_rate_equations_run_the_same_scenario(everything, tmp_path):
    """One trial of real numbers in the same tree; the mean of the particles is near them."""
    tree = smc.run(levels.at(everything, "ode"), tmp_path / "ode.zarr")
    particles = smc.run(everything, tmp_path / "particles.zarr")
    assert tree["counts/count"].sizes["trial"] == 1
    assert tree["counts/count"].dims == particles["counts/count"].dims
    for species in ("B", "CaB"):
        here, there = (t["counts/count"].isel(compartment=0, time=-1).sel(species=species) for t in (particles, tree))
        error = float(here.std("trial", ddof=1)) / np.sqrt(8)
        assert abs(float(here.mean("trial")) - there.item()) < 5.0 * error + 0.05 * there.item()


SMALL = shape("box", size=(0.3, 0.3, 0.3), edge=0.1)
HEAD = box("head", (-1.0, -1.0, 0.05), (1.0, 1.0, 1.0))


def timed(*times, dt, every, t_stop):
    """A scenario with a release of ten immobile molecules at each of some times."""
    return scene(
        SMALL, {"A": 0.0}, dt, t_stop, every=every, release=[Release("A", count=10, inside="cytosol", time=times)]
    )


@pytest.mark.parametrize(
    "dt, every, t_stop", [(3e-6, 1e-5, 4e-5), (1e-6, 7e-6, 4e-5), (1.0, 1e-5, 4e-5), (1e-5 / 3, 1e-5, 3.3e-5)]
)
def test_moments_follow_each_other_without_a_gap(dt, every, t_stop):
    scenario = timed(0.0, 1e-5, 1.23e-5, t_stop, dt=dt, every=every, t_stop=t_stop).scenario
    moments = schedule(scenario)
    assert moments[0].time == 0.0
    assert moments[-1].time == pytest.approx(t_stop)
    for here, after in pairwise(moments):
        assert here.time + here.steps * here.dt == pytest.approx(after.time, rel=1e-9)
        assert 0.0 < here.dt <= dt * (1.0 + 1e-6)
        assert here.steps == max(1, np.ceil((after.time - here.time) / dt - 1e-6))
    assert [m.sample for m in moments if m.sample >= 0] == list(range(len(scenario.run.sample_times)))
    for moment in moments:
        if moment.sample >= 0:
            assert moment.time == pytest.approx(scenario.run.sample_times[moment.sample], abs=1e-6 * dt)
    put = [(r, m.time) for m in moments for r in m.releases]
    assert [r for r, _ in put] == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert [t for _, t in put] == pytest.approx([0.0, 1e-5, 1.23e-5, t_stop])


def test_a_release_shows_from_its_time_on():
    """Between samples, at a sample, and in a train."""
    system = timed(0.0, 1.5e-5, 2e-5, 2.01e-5, dt=4e-6, every=1e-5, t_stop=4e-5)
    assert counts(system, run(system, 2, 1), "A").tolist() == [[10, 10, 30, 40, 40]] * 2


def test_events_belong_to_the_interval_before_their_sample():
    """A rate that is there between 10 and 20 us only."""
    pulse = Rate((1e-5, 1.001e-5, 1.999e-5, 2e-5), (0.0, 4e6, 4e6, 0.0))
    source = turns("S", "S A", 1.0)
    system = scene(
        SMALL, {"S": None, "A": 50.0}, 1e-6, 4e-5, every=1e-5,
        reaction=[replace(source, kf=pulse)], release=[Release("S", count=1, on="membrane")],
    )  # fmt: skip
    trial = run_trial(system, 1, 0)
    events = trial.events[:, 0]
    assert events[[0, 1, 3, 4]].tolist() == [0, 0, 0, 0]
    assert abs(events[2] - 40.0) < 5.0 * np.sqrt(40.0)
    assert trial.count[:, 0, 0].tolist() == np.cumsum(events).tolist()


def binding(kf, dt):
    """A + B <-> C with this rate [um^3/s] and step [s]."""
    return scene(
        SMALL, {"A": 220.0, "B": 20.0, "C": 20.0}, dt, 1e-3,
        reaction=[turns("A B", "C", kf, 100.0)], release=[Release(s, count=5, inside="cytosol") for s in "AB"],
    )  # fmt: skip


def test_a_step_in_which_a_reaction_is_too_likely_is_refused():
    """And the step that the message offers is taken."""
    with pytest.raises(EngineError, match=r"A \+ B -> C happens with probability .* in one step; at most 0.2") as fault:
        binding(2.0, 1e-5)
    offered = float(re.search(r"use ([\d.e-]+) us or less", str(fault.value))[1])
    assert 0.0 < offered < 10.0
    with pytest.warns(SpinemcWarning, match="below 0.05 is better"):
        binding(2.0, 1e-6 * offered)


def test_a_step_in_which_a_reaction_is_rather_likely_is_warned_of():
    with pytest.warns(SpinemcWarning, match="below 0.05 is better: use") as caught:
        binding(2.0, 4e-6)
    offered = float(re.search(r"use ([\d.e-]+) us\.", str(caught[0].message))[1])
    binding(2.0, 1e-6 * offered)  # a warning here would be an error


def test_a_change_that_is_too_likely_is_refused():
    with pytest.raises(EngineError, match=r"A -> 0 happens with probability 0.63"):
        scene(SMALL, {"A": 10.0}, 1e-5, 1e-3, reaction=[turns("A", "", 1e5)])


def test_a_rate_that_diffusion_cannot_feed_is_refused():
    with pytest.raises(EngineError, match="diffusion does not bring pairs into a reaction cell"):
        scene(
            SMALL, {"A": 0.1, "B": 0.1}, 1e-7, 1e-3,
            reaction=[turns("A B", "", 10.0)], release=[Release(s, count=1, inside="cytosol") for s in "AB"],
        )  # fmt: skip


def test_a_refused_run_leaves_nothing_behind(everything, tmp_path):
    with pytest.raises(EngineError):
        smc.run(replace(everything, run=replace(everything.run, dt=1e-3)), tmp_path / "out.zarr")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["all.toml", "flux.csv"]


def test_names_and_places_that_the_geometry_does_not_have():
    with pytest.raises(ScenarioError) as caught:
        scene(
            shape("box", compartment=[HEAD], size=(0.3, 0.3, 0.3), edge=0.1),
            {"A": 1.0, "P": None}, 1e-6, 1e-5,
            reaction=[turns("", "A", 1.0, inside="haed")],
            release=[
                Release("A", count=1, inside="neck"),
                Release("P", count=1, on="x_lo"),
                Release("A", count=1, at=(0.0, 0.0, 0.2)),
                Release("P", count=1, inside="head"),
            ],
            boundary=[Boundary("top", ("A",), "absorb")],
        )  # fmt: skip
    faults = str(caught.value).splitlines()
    assert len(faults) == 6
    assert 'reaction 1, in = "haed" is not a compartment here' in faults[0]
    assert faults[0].endswith("Did you mean head?")
    assert 'release 1, in = "neck" is not a compartment here; there are cytosol, head.' in faults[1]
    assert 'release 2, on = "x_lo" is not a region here' in faults[2]
    assert faults[2].endswith("Did you mean x_low?")
    assert "release 3, at = (0, 0, 0.2) um lies outside of cytosol" in faults[3]
    assert "release 4: P sits in the membrane" in faults[4]
    assert 'boundary 1, region = "top" is not a region here' in faults[5]


def test_a_species_is_released_where_it_lives(everything):
    lives = replace(everything.release[3], on="x_high")
    scenario = replace(everything, release=(*everything.release[:3], lives))
    with pytest.raises(ScenarioError, match='release 4, on = "x_high": G lives on psd'):
        smc.run(scenario, "never.zarr")


def test_a_trial_grows_as_its_molecules_do():
    """One site that emits thousands: every one is there, with a number of its own."""
    system = scene(
        SMALL, {"S": None, "A": 220.0}, 1e-6, 2e-4, every=2e-5, record=("A", 2e-4),
        reaction=[turns("S", "S A", 3e7)], release=[Release("S", count=1, on="membrane")],
    )  # fmt: skip
    trial = run_trial(system, 1, 0)
    assert trial.count[:, 0, 0].tolist() == np.cumsum(trial.events[:, 0]).tolist()
    assert abs(trial.count[-1, 0, 0] - 6000.0) < 5.0 * np.sqrt(6000.0)
    size, at, particle = trial.positions["A"]
    assert sorted(particle.tolist()) == list(range(1, size[-1] + 1))
    assert contains(system.geometry, at).all()


def test_more_molecules_in_a_step_than_can_be_held_are_an_error():
    """A chain reaction that grows by e^100 in one step."""
    system = scene(
        SMALL, {"A": 220.0}, 1e-6, 2e-4,
        reaction=[turns("A", "A A", 1e8)], release=[Release("A", count=1, inside="cytosol")],
    )  # fmt: skip
    with pytest.raises(
        EngineError, match=r"^A: one time step.* made more .*\(trial 3, seed 1\); use a shorter run.dt\.$"
    ):
        run_trial(system, 1, 3)


def test_a_listener_can_stop_a_trial():
    system = timed(0.0, dt=1e-6, every=1e-5, t_stop=4e-5)
    heard = []
    assert run_trial(system, 1, 0, lambda time, moves: heard.append(time) or time < 1.5e-5) is None
    assert heard == pytest.approx([0.0, 1e-5, 2e-5])


def test_necks_are_longer_by_some_steps_at_their_mouths():
    """0.41 steps of sqrt(2 D dt) = 21 nm at each of two mouths of a neck of 0.5 um and 2 x 0.25 pi x 0.1 um."""
    spine = shape("spine", neck_radius=0.1, neck_length=0.5, head_radius=0.25, psd_radius=0.15, edge=0.05)
    system = scene(spine, {"Ca": 220.0}, 1e-6, 1e-3, release=[Release("Ca", count=1, inside="head")])
    exact = 2.0 * 0.41 * np.sqrt(2.0 * 220.0 * 1e-6) / (0.5 + 0.05 * np.pi)
    assert neck_error(system) == pytest.approx(exact, rel=0.1)  # a fillet makes the neck wider at its ends
    ball = scene(SMALL, {"Ca": 220.0}, 1e-6, 1e-3, release=[Release("Ca", count=1, inside="cytosol")])
    assert neck_error(ball) == 0.0
