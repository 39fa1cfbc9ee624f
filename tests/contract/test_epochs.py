"""Structure that follows function: epochs whose shape follows the weights, and what is carried between them."""

from __future__ import annotations

import numpy as np
import pytest
from carried import number_in_place
from texts import BUFFERED

import spinemc as smc
from spinemc import cli, remodelling, store
from spinemc.errors import StoreError
from spinemc.geometry import growth
from spinemc.geometry.build import build
from spinemc.scenario import load_scenario, load_shape, override

SPINE = """schema = 1
[geometry]
kind = "spine"
head_radius = "0.15 um"
neck_radius = "0.05 um"
neck_length = "0.2 um"
psd_radius  = "0.08 um"
edge = "0.1 um"
"""
SCENARIO = (
    """schema = 1
[geometry]
file = "spine.toml"
[run]
t_stop = "1 ms"
dt = "2 us"
sample_every = "0.1 ms"
trials = 3
seed = 5
[structure]
epochs = 3
head_volume = { gain = 500.0 }
neck_radius = { gain = 100.0 }
neck_length = { gain = -100.0 }
"""
    + BUFFERED
    + """[[species]]
name = "P"
on = "membrane"
D = "0.5 um^2/s"
[[species]]
name = "CaP"
on = "membrane"
D = "0.5 um^2/s"
[[species]]
name = "R"
on = "psd"
[[reaction]]
equation = "Ca + B <-> CaB"
kf = "1e8 /M/s"
kb = "300 /s"
[[reaction]]
equation = "Ca + P <-> CaP"
kf = "1.5e8 /M/s"
kb = "15 /s"
[[release]]
species = "B"
concentration = "40 uM"
in = "cytosol"
[[release]]
species = "P"
density = "100 /um^2"
on = "membrane"
[[release]]
species = "R"
count = 7
on = "psd"
[[release]]
species = "Ca"
count = 900
in = "head"
[[release]]
species = "Ca"
count = 30
in = "neck"
time = "0.5 ms"
[[record.positions]]
species = ["Ca", "B", "CaB", "P", "CaP", "R"]
every = "1 ms"
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "head"
"""
)


MOLECULES = ("Ca", "B", "CaB", "P", "CaP", "R")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("epochs")
    (where / "spine.toml").write_text(SPINE)
    (where / "s.toml").write_text(SCENARIO)
    return where


@pytest.fixture(scope="module")
def shut(folder):
    """Three epochs of three trials, the loop shut; positions are asked of one trial."""
    smc.remodel(load_scenario(folder / "s.toml", ["record.positions.1.trials=[2]"]), folder / "shut", threads=2)
    return folder / "shut"


def trees(out):
    return [smc.open(path) for path in sorted(out.glob("epoch_*.zarr"))]


def arrays(out):
    """Every array of every epoch."""
    return {
        f"{k}{node.path}/{name}": array.values
        for k, tree in enumerate(trees(out))
        for node in tree.subtree
        for name, array in node.to_dataset(inherit=False).data_vars.items()
    }


def same(one, other):
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


def test_every_molecule_is_carried_in_its_state_and_its_part(shut):
    for before, after in zip(trees(shut)[:-1], trees(shut)[1:], strict=True):
        for group in ("counts", "surface"):
            end, begin = before[f"{group}/count"].isel(time=-1), after[f"{group}/count"].isel(time=0)
            assert end.sizes["history"] == 3 and int(end.sum()) > 200
            np.testing.assert_array_equal(begin.values, end.values)
        bound = begin.sel(species="CaP", region="membrane")
        assert (bound > 0).all()


def test_what_has_a_time_is_given_again_and_what_has_none_is_not(shut):
    for k, tree in enumerate(trees(shut)):
        ions = tree["counts/count"].sel(species=["Ca", "CaB"], compartment="cytosol").sum("species")
        ions = ions + tree["surface/count"].sel(species="CaP", region="membrane", drop=True)
        assert (ions.isel(time=-1) == 900 + 30 * (k + 1)).all()
        assert (
            tree["counts/count"].sel(compartment="cytosol", species=["B", "CaB"]).isel(time=0).sum("species") > 100
        ).all()


def test_every_molecule_lies_in_the_new_mesh(shut):
    for epoch in (1, 2):
        tree = trees(shut)[epoch]
        held = tree["counts/count"].sel(compartment="cytosol").isel(time=0, trial=0).sum("species")
        held = held + tree["surface/count"].sel(region="membrane").isel(time=0, trial=0).sum("species")
        for trial in range(3):
            scenario = remodelling.scenario_of(shut, epoch, trial)
            assert number_in_place(scenario) == int(held[trial])
            kept = [tree[f"positions/{name}/row_size"].isel(history=trial, frame=0) for name in MOLECULES]
            assert sum(int(number.squeeze()) for number in kept) == int(held[trial])
            build(scenario.geometry)


def test_the_shape_follows_the_law(shut):
    found = smc.history(shut)
    base = growth.sizes(load_shape(shut.parent / "spine.toml"))[growth.ALONE]
    before = found["weight_before"].values
    np.testing.assert_array_equal(before[0], 0.0)
    np.testing.assert_array_equal(before[1:], found["weight"].values[:-1])
    assert np.ptp(before[2]) > 0.0 and before[1].min() > 1e-5
    for key, gain in {"head_volume": 500.0, "neck_radius": 100.0, "neck_length": -100.0}.items():
        np.testing.assert_allclose(found[key].values, base[key] * (1.0 + gain * before), rtol=1e-12)
    wanted = found["head_volume"] / found["head_volume"].isel(epoch=0)
    meshed = found["volume"] / found["volume"].isel(epoch=0)
    np.testing.assert_allclose(meshed.values, wanted.values, rtol=0.01)
    assert float(wanted.isel(epoch=-1).min()) > 1.02
    for tree, row in zip(trees(shut), found["volume"].values, strict=True):
        np.testing.assert_array_equal(tree["counts/volume"].sel(compartment="head").values, row[:, 0])


def test_weights_go_on_from_epoch_to_epoch(shut):
    for before, after in zip(trees(shut)[:-1], trees(shut)[1:], strict=True):
        end = before["plasticity/bell2022/weight"].isel(time=-1).values
        np.testing.assert_array_equal(after["plasticity/bell2022/weight"].isel(time=0).values, end)


def test_an_open_loop_computes_weights_and_keeps_the_shape(folder, shut):
    scenario = override(load_scenario(folder / "s.toml"), 'structure.loop="open"', "run.trials=1", "structure.epochs=2")
    found = smc.remodel(scenario, folder / "open")
    assert np.ptp(found["volume"].values) == 0.0 and np.ptp(found["head_volume"].values) == 0.0
    first, second = trees(folder / "open")
    np.testing.assert_array_equal(first["counts/volume"].values, second["counts/volume"].values)
    np.testing.assert_array_equal(first["counts/count"].isel(time=-1), second["counts/count"].isel(time=0))
    np.testing.assert_array_equal(found["weight"].values[0], smc.history(shut)["weight"].values[0, :1])
    assert (found["weight"].values[1] > found["weight"].values[0]).all()


def test_neither_threads_nor_the_number_of_trials_change_a_history(folder, shut):
    scenario = load_scenario(folder / "s.toml")
    smc.remodel(scenario, folder / "again", threads=1)
    same(arrays(folder / "again"), arrays(shut))
    smc.remodel(override(scenario, "structure.epochs=2"), folder / "two", trials=2)
    for few, many in zip(trees(folder / "two"), trees(shut), strict=False):
        for name in ("counts/count", "surface/count", "plasticity/bell2022/weight"):
            np.testing.assert_array_equal(few[name].values, many[name].values[:2])
    smc.remodel(override(scenario, "structure.epochs=1"), folder / "other", seed=6)
    assert (trees(folder / "other")[0]["counts/count"].values != trees(shut)[0]["counts/count"].values).any()


def test_an_interrupted_course_goes_on_to_the_same_arrays(folder, shut, monkeypatch, capsys):
    write, done = store.write, []

    def interrupted(*given):
        done.append(given)
        if len(done) == 5:  # the second trial of the second epoch
            raise KeyboardInterrupt
        return write(*given)

    out = folder / "cut"
    with monkeypatch.context() as patch:
        patch.setattr(store, "write", interrupted)
        assert cli.main(["run", str(folder / "s.toml"), "--out", str(out), "--quiet"]) == 130
    assert f"`spinemc resume {out}`" in capsys.readouterr().err
    assert len(smc.history(out).epoch) == 1
    assert cli.main(["run", str(folder / "s.toml"), "--out", str(out), "--quiet"]) == 2
    assert "holds 2 of 3 epochs" in capsys.readouterr().err
    assert cli.main(["resume", str(out), "--quiet"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    same(arrays(out), arrays(shut))


def test_each_trial_of_an_epoch_is_an_ordinary_scenario(shut, folder):
    scenario = remodelling.scenario_of(shut, 2, 1)
    assert scenario.structure is None and scenario.run.trials == 1
    tree = smc.run(scenario, folder / "one.zarr")
    epoch = trees(shut)[2]
    for name in ("counts/count", "surface/count", "events/count", "plasticity/bell2022/weight", "counts/volume"):
        np.testing.assert_array_equal(tree[name].values, epoch[name].isel(history=1).values)
    with pytest.raises(StoreError, match="there is no epoch 3"):
        remodelling.scenario_of(shut, 3, 0)
    with pytest.raises(StoreError, match="there is no trial 3"):
        remodelling.scenario_of(shut, 0, 3)


@pytest.mark.parametrize("engine", ["compartments", "ode"])
def test_other_levels_carry_numbers_too(folder, engine):
    scenario = override(
        load_scenario(folder / "s.toml"),
        f"run.engine={engine}",
        "record={}",
        "species.P.D=0 um^2/s",
        "species.CaP.D=0 um^2/s",
    )
    found = smc.remodel(scenario, folder / engine)
    assert found.sizes == {"epoch": 3, "trial": 1 if engine == "ode" else 3, "synapse": 1}
    for before, after in zip(trees(folder / engine)[:-1], trees(folder / engine)[1:], strict=True):
        for group in ("counts", "surface"):
            end, begin = before[f"{group}/count"].isel(time=-1), after[f"{group}/count"].isel(time=0)
            assert end.dtype == (np.float64 if engine == "ode" else np.int32)
            np.testing.assert_allclose(begin.values, end.values, rtol=0.0, atol=1e-9 if engine == "ode" else 0.0)
    assert (np.diff(found["head_volume"].values, axis=0) > 0.0).all()


def test_fresh_molecules_are_those_of_the_scenario(folder):
    scenario = override(
        load_scenario(folder / "s.toml"), 'structure.molecules="fresh"', "structure.epochs=2", "run.trials=1"
    )
    smc.remodel(scenario, folder / "fresh")
    first, second = (tree["counts/count"].isel(time=0, trial=0, history=0) for tree in trees(folder / "fresh"))
    for begin in (first, second):
        assert int(begin.sel(species="Ca", compartment="head")) == 900 and int(begin.sel(species="CaB").sum()) == 0
    volume = [float(tree["counts/volume"].sel(compartment="cytosol").squeeze()) for tree in trees(folder / "fresh")]
    assert volume[1] > 1.01 * volume[0]


PAIR = """schema = 1
[geometry]
[geometry.shape]
kind = "dendrite"
length = "2 um"
radius = "0.3 um"
neck_radius = "0.075 um"
neck_length = "0.4 um"
psd_radius = "0.1 um"
edge = "0.1 um"
[[geometry.shape.spine]]
at = "0.5 um"
head_volume = "0.04 um^3"
[[geometry.shape.spine]]
at = "1.4 um"
angle = "90 deg"
head_radius = "0.24 um"
[run]
t_stop = "0.5 ms"
dt = "2 us"
sample_every = "0.1 ms"
engine = "compartments"
[structure]
epochs = 2
form = "exponential"
head_volume = { gain = 300.0 }
[[species]]
name = "Ca"
D = "220 um^2/s"
[[release]]
species = "Ca"
count = 700
in = "spine_1.head"
[[release]]
species = "Ca"
count = 250
in = "spine_2.head"
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "*.head"
"""


def test_each_spine_of_a_dendrite_follows_its_own_synapse(tmp_path):
    (tmp_path / "pair.toml").write_text(PAIR)
    found = smc.remodel(load_scenario(tmp_path / "pair.toml"), tmp_path / "pair").isel(trial=0)
    assert list(found["spine"].values) == ["spine_1", "spine_2"]
    before = found["weight_before"].values[1]
    assert before[0] > 5e-5 and before[1] < -1e-5
    ratio = (found["head_volume"].isel(epoch=1) / found["head_volume"].isel(epoch=0)).values
    np.testing.assert_allclose(ratio, np.exp(300.0 * before), rtol=1e-12)
    meshed = (found["volume"].isel(epoch=1) / found["volume"].isel(epoch=0)).values
    np.testing.assert_allclose(meshed, ratio, rtol=0.02)
    tree = trees(tmp_path / "pair")[1]
    assert int(tree["counts/count"].sel(compartment="cytosol").isel(time=0).squeeze()) == 950


FAULTS = [
    (["structure.epochs=0"], "structure.epochs = 0: a whole number from 1"),
    (['structure.loop="closed"'], "no such loop"),
    (['structure.form="cubic"'], "no such form"),
    (['structure.rule="graupner2012"'], "no such rule of this scenario"),
    (["structure.gain=2"], "structure.gain is not a key of [structure]"),
    (['structure.head_volume.least="0.1 um"'], "a volume is given in um^3"),
    (['structure.neck_radius.most="1 nm"'], "turn them round"),
    (['structure.neck_length.least="0.3 um"'], "spine has a neck_length of 0.2 to begin with, outside of its limits"),
    (['structure.form="power"'], "a power is of weights above 0"),
    (['structure.form="power"', "structure.reference=-1"], "a power is of a weight above 0"),
    (["plasticity=[]"], "needs weights that the shape follows"),
    (["plasticity.1.start.rho=1"], "rho is not a variable of bell2022"),
    (
        ['geometry={shape={kind="sphere",radius="0.2 um"}}'],
        "has no spines with necks",
    ),
]


@pytest.mark.parametrize(("settings", "said"), FAULTS, ids=[said for _, said in FAULTS])
def test_bad_parameters_are_refused_in_a_sentence(folder, capsys, settings, said):
    given = [part for one in settings for part in ("--set", one)]
    assert cli.main(["run", str(folder / "s.toml"), "--out", str(folder / "bad"), "--quiet", *given]) == 2
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told
    assert not (folder / "bad" / "epoch_000.zarr").exists()


def test_a_synapse_beside_all_spines_is_refused(tmp_path, capsys):
    (tmp_path / "pair.toml").write_text(PAIR.replace('"*.head"', '"shaft"'))
    assert cli.main(["check", str(tmp_path / "pair.toml")]) == 2
    assert "reads shaft, which is on no spine with a neck" in capsys.readouterr().err
    (tmp_path / "pair.toml").write_text(PAIR.replace('"*.head"', '"spine_1.*"'))
    assert cli.main(["check", str(tmp_path / "pair.toml")]) == 2
    assert "two synapses on spine_1" in capsys.readouterr().err


def test_a_shape_that_cannot_be_built_is_told_with_its_epoch(folder, capsys):
    given = ["--set", 'structure.neck_radius={gain=2e4, most="1 um"}', "--set", "structure.head_volume.gain=0"]
    assert cli.main(["run", str(folder / "s.toml"), "--out", str(folder / "wide"), "--quiet", *given]) == 2
    told = capsys.readouterr().err
    assert (
        told.startswith("epoch 2: the weights lead to a shape that cannot be built") and "geometry.head_volume" in told
    )
    assert len(smc.history(folder / "wide").epoch) == 1


def test_a_sweep_and_one_run_refuse_epochs(folder, capsys):
    command = ["sweep", str(folder / "s.toml"), "--vary", "run.dt=1us,2us", "--out", str(folder / "x.zarr")]
    assert cli.main(command) == 2
    assert "its epochs are for `spinemc run`" in capsys.readouterr().err


def test_check_tells_of_the_law(folder, capsys):
    assert cli.main(["check", str(folder / "s.toml")]) == 0
    told = capsys.readouterr().out
    assert "3 epochs, each of 3 of these; the shape follows bell2022" in told and "neck_length 0.2" in told


def test_a_folder_of_others_is_refused(folder, shut, tmp_path, capsys):
    assert cli.main(["resume", str(tmp_path)]) == 2
    smc.run(override(remodelling.scenario_of(shut, 0, 0), "record={}"), tmp_path / "epoch_000.zarr")
    assert cli.main(["resume", str(tmp_path), "--quiet"]) == 2
    assert "it is not an epoch that spinemc writes" in capsys.readouterr().err


def test_info_tells_each_epoch(shut, capsys):
    assert cli.main(["info", str(shut), "--verify"]) == 0
    told = capsys.readouterr().out
    assert [f"epoch_00{k}.zarr: 3 of 3 trials finished, complete" in told for k in range(3)] == [True] * 3
    assert told.count("nothing damaged") == 3
