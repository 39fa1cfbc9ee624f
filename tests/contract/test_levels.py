"""One scenario at four levels: by the command line into stores alike, or refused with a reason."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import sys
from time import sleep

import numpy as np
import pytest
import xarray as xr
from texts import BUFFERED

import spinemc as smc
from spinemc import cli, contrast, store
from spinemc.errors import ScenarioError, SpinemcError, StoreError
from spinemc.plans import prepare
from spinemc.progress import Progress
from spinemc.scenario import load_scenario, override, parse_scenario
from spinemc.scenario.sections import ENGINES
from spinemc.twins import conductance, levels, windows

HAS_PDE = all(importlib.util.find_spec(name) for name in ("gmsh", "skfem"))
MISSING = "gmsh or scikit-fem is not installed: pip install 'spinemc[pde]'"
EVERY = [
    pytest.param(name, marks=pytest.mark.skipif(name == "pde" and not HAS_PDE, reason=MISSING)) for name in ENGINES
]
needs_pde = pytest.mark.skipif(not HAS_PDE, reason=MISSING)

SCENARIO = (
    """schema = 1
[geometry.shape]
kind = "spine"
head_radius = "0.12 um"
neck_radius = "0.06 um"
neck_length = "0.1 um"
psd_radius  = "0.06 um"
edge = "0.08 um"
[run]
t_stop = "0.4 ms"
dt = "1 us"
sample_every = "0.1 ms"
trials = 3
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
equation = "PCa -> P"
kf = "100 /s"
[[release]]
species = "P"
density = "200 /um^2"
on = "head"
[[release]]
species = "B"
concentration = "40 uM"
in = "cytosol"
[[release]]
species = "Ca"
count = 200
in = "head"
time = "0.05 ms"
[[boundary]]
region = "base"
species = ["Ca"]
kind = "absorb"
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "head"
"""
)
ARRAYS = {
    "counts/count": ("trial", "time", "compartment", "species"),
    "surface/count": ("trial", "time", "region", "species"),
    "events/count": ("trial", "time", "reaction"),
    "events/absorbed": ("trial", "time", "boundary"),
    "plasticity/bell2022/weight": ("trial", "time", "synapse"),
}


@pytest.fixture
def file(tmp_path):
    (tmp_path / "s.toml").write_text(SCENARIO)
    return tmp_path / "s.toml"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A run of the scenario at a level by the command line, made once."""
    folder = tmp_path_factory.mktemp("levels")
    (folder / "s.toml").write_text(SCENARIO)

    def ran(engine):
        out = folder / f"{engine}.zarr"
        if not out.exists():
            assert cli.main(["run", str(folder / "s.toml"), "--engine", engine, "--out", str(out), "--quiet"]) == 0
        return out, xr.open_datatree(out, engine="zarr")

    return ran


@pytest.mark.parametrize("engine", EVERY)
def test_every_level_writes_the_same_store(file, ran, engine, capsys):
    """Names, dimensions and labels of all arrays; what was put in less what was taken out is there."""
    out, tree = ran(engine)
    level = levels.LEVELS[engine]
    geometry = prepare(load_scenario(file)).geometry
    for path, dims in ARRAYS.items():
        assert tree[path].dims == dims, path
        assert tree[path].sizes["trial"] == (3 if level.stochastic else 1)
        np.testing.assert_allclose(tree[path].time, [0.0, 1e-4, 2e-4, 3e-4, 4e-4])
    count = tree["counts/count"]
    assert count.dtype == ("int32" if level.stochastic else "float64")
    assert tuple(count["compartment"].values) == geometry.compartments
    assert tuple(tree["surface/count"]["region"].values) == geometry.regions
    assert list(count["species"].values) == ["Ca", "B", "CaB"]
    assert list(tree["surface/count"]["species"].values) == ["P", "PCa"]
    assert list(tree["events/absorbed"]["boundary"].values) == ["Ca at base"]
    calcium = count.sel(compartment="cytosol", species=["Ca", "CaB"]).sum("species") + tree["surface/count"].sel(
        region="membrane", species="PCa"
    )
    gone = (tree["events/absorbed"].sum("boundary") + tree["events/count"].sel(reaction="PCa -> P")).cumsum("time")
    np.testing.assert_allclose((calcium + gone).isel(time=slice(1, None)), 200.0, rtol=1e-6)
    assert (gone.isel(time=-1) > 10.0).all()
    assert tree.attrs["engine"] == engine and f'engine = "{engine}"' in tree.attrs["scenario"]
    versions = json.loads(tree.attrs["provenance"])["versions"]
    assert engine != "pde" or (versions["gmsh"] and versions["scikit-fem"])
    capsys.readouterr()
    assert cli.main(["info", str(out), "--verify"]) == 0
    told = capsys.readouterr().out
    assert f"engine       {engine}" in told and (level.counted in told if level.counted else "steps" not in told)
    assert cli.main(["plot", str(out), "--out", str(file.parent / "p.png")]) == 0


@pytest.mark.parametrize("engine", EVERY)
def test_every_level_is_resumed(ran, engine, tmp_path):
    """A block that is not there is made again, and is as it was."""
    whole, tree = ran(engine)
    out = shutil.copytree(whole, tmp_path / "run.zarr")
    before = tree["counts/count"].values
    chunk = sorted((out / "counts/count").glob("c.*.0.0.0"))[-1]
    chunk.unlink()
    assert cli.main(["resume", str(out), "--quiet"]) == 0
    assert chunk.exists()
    np.testing.assert_array_equal(store.open(out)["counts/count"], before)
    assert store.verify(out) == []


@pytest.mark.parametrize(
    ("engine", "told", "untold"),
    [
        ("particles", ["probability for one molecule in one step", "reaction cells", "3 trials of"], ["tetrahedra"]),
        ("compartments", ["2 pieces of the inside and 4 patches", "3 trials of"], ["probability", "reaction cells"]),
        ("ode", ["2 pieces of the inside", "one trial: means have no others"], ["probability", "reaction cells"]),
        pytest.param("pde", [" tetrahedra with edges of ", " densities\n", "one trial"], ["probability", "cells"],
                     marks=pytest.mark.skipif(not HAS_PDE, reason=MISSING)),
    ],
)  # fmt: skip
def test_check_tells_of_every_level(file, capsys, engine, told, untold):
    assert cli.main(["check", str(file), "--engine", engine]) == 0
    said = capsys.readouterr().out
    assert [text for text in (*told, "time: ", " about ", "store: ") if text not in said] == []
    assert [text for text in untold if text in said] == []


def test_a_level_without_its_packages_is_refused_before_anything_is_written(file, monkeypatch, capsys):
    """gmsh, or scikit-fem, cannot be imported: a sentence and status 2 from each command."""
    out = file.parent / "pde.zarr"
    for name in ("gmsh", "skfem"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            for command in (["run", str(file), "--out", str(out)], ["check", str(file)],
                            ["sweep", str(file), "--vary", "run.engine=ode,pde", "--out", str(out)]):  # fmt: skip
                assert cli.main([*command, *(["--engine", "pde"] if command[0] != "sweep" else [])]) == 2
                said = capsys.readouterr().err
                assert (
                    said.startswith("the pde level needs gmsh and scikit-fem") and "pip install 'spinemc[pde]'" in said
                )
                assert said.count("\n") == 1 and not out.exists()


# what each level knows

BOX = """schema = 1
[geometry]
shape = { kind = "box", size = ["0.2 um", "0.2 um", "0.3 um"], edge = "0.2 um" }
[run]
t_stop = "20 us"
dt = "1 us"
sample_every = "10 us"
[[species]]
name = "A"
D = "50 um^2/s"
[[species]]
name = "P"
on = "z_low"
[[reaction]]
equation = "A + P -> P"
kf = "1e8 /M/s"
[[release]]
species = "A"
count = 500
in = "cytosol"
[[release]]
species = "P"
count = 100
on = "z_low"
"""
OTHER = '[[geometry.surface]]\nname = "{name}"\n'
SHAPE = 'shape = { kind = "sphere", radius = "0.05 um", edge = "0.04 um" }\n'
RELEASED = '[[release]]\nspecies = "Q"\ncount = 3\non = "membrane"\n'
GLIDING = '[[species]]\nname = "Q"\non = "membrane"\nD = "0.1 um^2/s"\n' + RELEASED
ELSEWHERE = '[[species]]\nname = "Q"\non = "z_high"\n[[reaction]]\nequation = "P -> Q"\nkf = "100 /s"\n'
WITHIN = '[[geometry.compartment]]\nname = "{name}"\n{set}within = {{ {within} }}\n'
HALF = 'box = { low = ["-1 um", "-1 um", "0 um"], high = ["1 um", "1 um", "1 um"] }'
WALLS = '[[boundary]]\nregion = "{}"\nspecies = ["A"]\nkind = "{}"\n{}\n'
NO_PARTICLES = "has (numbers|mean numbers|mean densities) .* and no single molecules"
ALL = dict.fromkeys(ENGINES)

KNOWN = {
    "compartment": (WITHIN.format(name="half", set="", within=HALF), "", ALL),
    "shell": (
        WITHIN.format(name="rim", set="", within='shell = { depth = "50 nm" }'),
        "",
        ALL | dict.fromkeys(("compartments", "ode"), "rim is a shell"),
    ),
    "second set": (
        WITHIN.format(name="half", set='set = "halves"\n', within=HALF),
        "",
        ALL | dict.fromkeys(("compartments", "ode"), "half overlaps other compartments"),
    ),
    "organelle": (OTHER.format(name="er") + SHAPE + 'inside = "lumen"\n', "", ALL),
    "sheet": (
        OTHER.format(name="wall") + 'plane = { point = ["0 um", "0 um", "0.05 um"], normal = [0, 0, 1] }\n',
        WALLS.format("wall", "permeable", 'permeability = "10 um/s"'),
        ALL | dict.fromkeys(("compartments", "ode", "pde"), "surface wall is a sheet"),
    ),
    "outside": ('[geometry.outside]\nmargin = "0.1 um"\n', "", ALL),
    "permeable": (
        OTHER.format(name="er") + SHAPE + 'inside = "lumen"\n',
        WALLS.format("er", "permeable", 'permeability = "10 um/s"'),
        ALL,
    ),
    "gliding": ("", GLIDING, ALL | dict.fromkeys(("compartments", "ode"), "Q moves in the membrane")),
    "made elsewhere": (
        "",
        ELSEWHERE,
        ALL | {"pde": "P -> Q happens where Q, which lives on z_high, is not"},
    ),
    "absorb": ("", WALLS.format("z_high", "absorb", ""), ALL),
    "uptake": ("", WALLS.format("z_high", "absorb", 'rate = "10 um/s"'), ALL),
    "clamp": ("", WALLS.format("z_high", "clamp", 'concentration = "1 uM"'), ALL),
    "clamp and uptake": (
        "",
        WALLS.format("z_high", "clamp", 'concentration = "1 uM"') + WALLS.format("z_low", "absorb", 'rate = "9 um/s"'),
        ALL,
    ),
    "source": ("", '[[reaction]]\nequation = "0 -> A"\nkf = "1 mM/s"\n', ALL),
    "pairs": ("", '[[reaction]]\nequation = "2 A -> 0"\nkf = "1e8 /M/s"\n', ALL),
    "a point": ("", '[[release]]\nspecies = "A"\ncount = 9\nat = ["0 um", "0 um", "0.1 um"]\ntime = "5 us"\n', ALL),
    "positions": (
        "",
        '[[record.positions]]\nspecies = ["A"]\nevery = "10 us"\n',
        dict.fromkeys(ENGINES, f"record.positions: .* {NO_PARTICLES}") | {"particles": None},
    ),
    "ions": (
        "",
        '[[record.ions]]\nspecies = "A"\n',
        dict.fromkeys(ENGINES, f"record.ions: .* {NO_PARTICLES}") | {"particles": None},
    ),
    "checkpoint": (
        "run.checkpoint=1 s",
        "",
        ALL | dict.fromkeys(("ode", "pde"), "run.checkpoint is for particles and compartments and means nothing to"),
    ),
    "segment": (
        "run.segment=40 nm",
        "",
        ALL | dict.fromkeys(("particles", "pde"), "run.segment is for compartments and ode"),
    ),
    "leaps": (
        "run.method=tau",
        "",
        dict.fromkeys(ENGINES, "run.method is for compartments and") | {"compartments": None},
    ),
    "no checkpoint": ("run.checkpoint=0 s", "", ALL),
    "cell": (
        "run.cell=100 nm",
        "",
        dict.fromkeys(ENGINES, "run.cell is for particles and means nothing to") | {"particles": None},
    ),
    "edge": (
        "run.edge=100 nm",
        "",
        dict.fromkeys(ENGINES, "run.edge is for pde and means nothing to") | {"pde": None},
    ),
}
"""Features: text in [geometry] or a setting; further text; and by level the refusal, None where it runs."""


@pytest.mark.parametrize("engine", EVERY)
@pytest.mark.parametrize("feature", KNOWN)
def test_what_a_level_knows_runs_and_the_rest_is_refused(feature, engine, monkeypatch):
    for module in (conductance, windows):  # how fine the answer is does not matter here
        monkeypatch.setattr(module, "_FINEST", 1)
    first, more, by_level = KNOWN[feature]
    setting = [first] if first.startswith("run.") else []
    toml = BOX.replace("[run]", (first if not setting else "") + "[run]") + more
    scenario = override(parse_scenario(toml), f"run.engine={engine}", *setting)
    if by_level[engine] is not None:
        with pytest.raises(SpinemcError, match=by_level[engine]):
            prepare(scenario)
        return
    trial = levels.run(prepare(scenario), 1, 0)
    assert trial is not None and trial.count.shape[0] == 3 and np.isfinite(trial.count).all()
    assert (trial.events[:, 0].sum() > 0.0) and trial.surface[0].sum() >= 100.0


def test_a_clamp_and_a_wall_that_takes_up_have_no_events_with_one_piece_between_them():
    """In two pieces they have: what one brings to the other is round-off, which is none."""
    held, takes = ("z_high", "clamp", 'concentration = "1 uM"'), ("z_low", "absorb", 'rate = "9 um/s"')
    scenario = parse_scenario(BOX + WALLS.format(*held) + WALLS.format(*takes))
    pieces = override(scenario, "run.engine=compartments")
    assert prepare(pieces).scenario == pieces
    with pytest.raises(ScenarioError, match="a clamp and a wall that takes up share a part"):
        prepare(override(pieces, 'run.segment="9 um"'))


def test_there_is_a_level_for_each_engine():
    assert tuple(levels.LEVELS) == ENGINES


# the means of a run at another level


@needs_pde
def test_the_twin_of_a_run(file, ran):
    """Means of a run of particles with records: those of the levels that have means, whatever the run asked beside."""
    file.write_text(SCENARIO.replace("trials = 3", 'trials = 1\ncell = "60 nm"\ncheckpoint = "1 s"')
                    + '[[record.positions]]\nspecies = ["Ca"]\nevery = "0.1 ms"\n')  # fmt: skip
    tree = smc.run(load_scenario(file), file.parent / "p.zarr")
    for engine in ("ode", "pde"):
        _, alone = ran(engine)
        found = contrast.twin(tree, engine)
        np.testing.assert_array_equal(found["counts/count"], alone["counts/count"].isel(trial=0))
    with pytest.raises(StoreError, match=r"compartments has no means by itself, .* there are ode, pde"):
        contrast.twin(tree, "compartments")


@needs_pde
def test_a_sweep_over_levels_and_lengths(file, ran):
    """Levels of means share a store, whole numbers and means do not; each point is a run of its own."""
    out = file.parent / "levels.zarr"
    assert cli.main(["sweep", str(file), "--vary", "run.engine=ode,pde", "--out", str(out), "--quiet"]) == 0
    tree = store.open(out)
    assert tree.attrs["engine"] == "ode, pde"
    for engine in ("ode", "pde"):
        _, alone = ran(engine)
        np.testing.assert_array_equal(tree["counts/count"].sel(engine=engine), alone["counts/count"])
    assert cli.main(["sweep", str(file), "--vary", "run.engine=ode,particles", "--overwrite", "--out", str(out)]) == 2
    more = ["--engine", "pde", "--vary", "run.edge=30 nm,80 nm", "--threads", "2", "--quiet"]
    assert cli.main(["sweep", str(file), *more, "--overwrite", "--out", str(out)]) == 0
    end = store.open(out)["counts/count"].sel(compartment="cytosol", species="Ca").isel(time=-1, trial=0)
    assert end.dims == ("edge",) and 0.0 < abs(float(end[0] - end[1])) < 0.05 * float(end[0])


def test_sweeping_stochastic_levels_runs_each(file, ran):
    out = file.parent / "levels.zarr"
    more = ["--vary", "run.engine=particles,compartments", "--quiet", "--out", str(out)]
    assert cli.main(["sweep", str(file), *more]) == 0
    tree = store.open(out)
    for engine in ("particles", "compartments"):
        _, alone = ran(engine)
        np.testing.assert_array_equal(tree["counts/count"].sel(engine=engine), alone["counts/count"])


# stopping


@pytest.mark.parametrize("engine", EVERY[ENGINES.index("ode") :])
def test_an_interruption_ends_the_steps_and_the_run_goes_on(file, ran, engine, monkeypatch, capsys):
    """After Ctrl-C in the midst of it: status 130, no further steps, and `resume` gives what a whole run gives."""
    seen, tell = [], Progress.report

    def report(self, number, time, moves):
        seen.append(time)
        if len(seen) == 5:
            os.kill(os.getpid(), signal.SIGINT)
            sleep(0.5)  # until the main thread has heard it
        tell(self, number, time, moves)

    out = file.parent / "stopped.zarr"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs do not hear it
    try:
        with monkeypatch.context() as patch:
            patch.setattr(Progress, "report", report)
            assert cli.main(["run", str(file), "--engine", engine, "--out", str(out), "--quiet"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    stopped, t_stop = seen[-1], 4e-4
    assert f"spinemc resume {out}" in capsys.readouterr().err
    assert store.finished(out) == 0 and stopped < t_stop
    assert sorted(seen) == seen
    assert cli.main(["resume", str(out), "--quiet"]) == 0
    _, whole = ran(engine)
    np.testing.assert_array_equal(store.open(out)["counts/count"], whole["counts/count"])
    assert store.verify(out) == []
