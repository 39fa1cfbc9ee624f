"""Sweeps: the points of a design, one store with a dimension for each parameter; here and on a cluster."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from texts import BUFFERED

import spinemc as smc
from spinemc import cli, store
from spinemc.scenario import load_scenario, override, sweeps

SCENARIO = (
    """schema = 1
[geometry]
file = "spine.toml"
[run]
t_stop = "0.4 ms"
dt = "2 us"
sample_every = "0.1 ms"
trials = 5
"""
    + BUFFERED
    + """[[reaction]]
equation = "Ca + B <-> CaB"
kf = "1e8 /M/s"
kb = "300 /s"
[[release]]
species = "B"
concentration = "40 uM"
in = "cytosol"
[[release]]
species = "Ca"
count = 200
in = "head"
[[boundary]]
region = "base"
species = ["Ca"]
kind = "absorb"
[[record.positions]]
species = ["Ca"]
every = "0.2 ms"
trials = [1, 3]
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "head"
"""
)
SPINE = """schema = 1
[geometry]
kind = "spine"
head_radius = "0.15 um"
neck_radius = "0.05 um"
neck_length = "0.2 um"
psd_radius  = "0.08 um"
edge = "0.1 um"
"""
GRID = ["geometry.neck_radius=0.04 um,50 nm,0.06um", "species.Ca.D=100 um^2/s,220 um^2/s"]


@pytest.fixture
def file(tmp_path):
    (tmp_path / "spine.toml").write_text(SPINE)
    (tmp_path / "s.toml").write_text(SCENARIO)
    return tmp_path / "s.toml"


def same(one: xr.DataTree, other: xr.DataTree) -> None:
    """Every array of one is that of the other."""
    assert {node.path for node in one.subtree} == {node.path for node in other.subtree}
    for node in one.subtree:
        for name, values in node.variables.items():
            np.testing.assert_array_equal(values.values, other[node.path].variables[name].values, err_msg=str(name))


def test_a_grid_has_a_dimension_for_each_parameter(file, tmp_path, capsys):
    """Each point is what the same settings give by themselves."""
    out = tmp_path / "sweep.zarr"
    vary = [part for said in GRID for part in ("--vary", said)]
    assert cli.main(["sweep", str(file), *vary, "--out", str(out), "--quiet", "--threads", "2"]) == 0
    assert capsys.readouterr().out == f"6 points (3 neck_radius x 2 Ca_D)\n{out}\n"
    tree = store.open(out)
    assert tree["counts/count"].dims == ("neck_radius", "Ca_D", "trial", "time", "compartment", "species")
    assert tree["counts/neck_radius"].values.tolist() == [0.04, 0.05, 0.06]
    assert tree["counts/neck_radius"].attrs["units"] == "um" and tree["counts/Ca_D"].attrs["units"] == "um^2/s"
    one = override(load_scenario(file), "geometry.neck_radius=0.05um", "species.Ca.D=220 um^2/s")
    alone = smc.run(one, tmp_path / "one.zarr")
    point = {"neck_radius": 0.05, "Ca_D": 220.0}
    for path in ("counts/count", "counts/concentration", "surface/count", "events/count", "events/absorbed",
                 "plasticity/bell2022/weight", "counts/volume", "surface/area", "positions/Ca/row_size"):  # fmt: skip
        np.testing.assert_array_equal(tree[path].sel(point), alone[path], err_msg=path)
    size = tree["positions/Ca/row_size"].values
    first = size.reshape(6, -1).sum(axis=1)[:3].sum()  # rows of the points before (0.05, 220)
    rows = slice(first, first + int(alone["positions/Ca/row_size"].sum()))
    np.testing.assert_array_equal(tree["positions/Ca/position"].isel(row=rows), alone["positions/Ca/position"])
    vertices = tree["geometry/vertex_size"]
    begin = int(vertices.values.ravel()[:3].sum())
    mine = tree["geometry/vertex"].isel(v=slice(begin, begin + int(vertices.sel(point))))
    np.testing.assert_array_equal(mine, alone["geometry/vertex"])
    assert not np.array_equal(tree["counts/count"].isel(Ca_D=0), tree["counts/count"].isel(Ca_D=1))


def test_a_list_and_a_latin_hypercube_run_along_points(file, tmp_path):
    along = [sweeps.varied(said) for said in ("geometry.neck_radius=0.04um,0.06um", "run.dt=1us,2us")]
    tree = smc.sweep(load_scenario(file), sweeps.points(along, "list"), tmp_path / "list.zarr", trials=4)
    count = tree["counts/count"]
    assert count.dims[0] == "point" and count["neck_radius"].values.tolist() == [0.04, 0.06]
    assert count["dt"].values.tolist() == [1e-6, 2e-6]
    ranges = [sweeps.varied("geometry.neck_radius=40nm..60nm"), sweeps.varied("run.dt=1us..2us")]
    latin = sweeps.points(ranges, "latin", 8, 3)
    values = np.array([axis.values for axis in latin.beside])
    for low, high, row in zip((0.04, 1e-6), (0.06, 2e-6), values, strict=True):
        assert sorted(np.floor((row - low) / (high - low) * 8).astype(int)) == list(range(8))
    assert latin == sweeps.points(ranges, "latin", 8, 3) != sweeps.points(ranges, "latin", 8, 4)


def test_a_sweep_file(file, tmp_path):
    (tmp_path / "sweep.toml").write_text(
        'schema = 1\nscenario = "s.toml"\ndesign = "grid"\n'
        '[[vary]]\nkey = "geometry.neck_radius"\nvalues = ["40 nm", "50 nm"]\n'
        '[[vary]]\nkey = "reaction.1.kf"\nfrom = "1e7 /M/s"\nto = "1e9 /M/s"\nnumber = 3\nspacing = "log"\n'
    )
    path, found = sweeps.read_sweep(tmp_path / "sweep.toml")
    assert path == file and [axis.name for axis in found.axes] == ["neck_radius", "reaction_1_kf"]
    assert found.axes[1].values == pytest.approx((1e7, 1e8, 1e9)) and found.axes[1].unit == "1/M/s"
    assert len(found.settings) == 6 and found.settings[1][1] == "reaction.1.kf=100000000 1/M/s"


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "s.toml: nothing is varied: say --vary KEY=V1,V2,..."),
        (["--vary", "run.dt"], "--vary run.dt: say KEY=V1,V2,..."),
        (["--vary", "run.dt=1us,2us", "--vary", "run.dt=1us"], "run.dt is varied twice"),
        (["--vary", "run.dt=1us..2us"], "run.dt goes from 1us to 2us: say by how many values"),
        (["--vary", "run.dt=1us..2um/3"], "run.dt goes from 1us to 2um: two numbers of one unit"),
        (
            ["--vary", "run.dt=1us,2us", "--vary", "geometry.neck_radius=40nm", "--list"],
            "here are run.dt 2, geometry.neck_",
        ),
        (["--vary", "run.dt=1us,2us", "--latin", "4"], "run.dt: a Latin hypercube needs a range"),
        (["--vary", "run.t_stop=0.4ms,0.6ms"], "the sample times and records are not those of the first point"),
        (["--vary", "run.trials=5,6"], "the numbers of trials are not those of the first point"),
        (["--vary", "record.positions.1.every=0.2ms,0.1ms"], "the records are not those of the first point"),
        (["--vary", "geometry.neck_radiu=40nm,50nm"], "neck_radiu"),
        (["--vary", "geometry.neck_radius=40nm,500nm"], "neck_radius"),
    ],
)
def test_a_sweep_that_cannot_be(file, tmp_path, capsys, arguments, said):
    """One sentence, status 2, and nothing is written, whichever point it is at."""
    assert cli.main(["sweep", str(file), *arguments, "--out", str(tmp_path / "x.zarr"), "--quiet"]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "x.zarr").exists()


def test_a_sweep_is_resumed_and_mended(file, tmp_path):
    varied = sweeps.points([sweeps.varied(said) for said in GRID], "grid")
    whole = smc.sweep(load_scenario(file), varied, tmp_path / "whole.zarr")
    out = tmp_path / "part.zarr"
    write, done = store.write, []

    def interrupted(*given):
        if len(done) == 11:
            raise KeyboardInterrupt
        done.append(write(*given))

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(store, "write", interrupted)
        smc.sweep(load_scenario(file), varied, out)
    part = store.open(out)
    assert (part["counts/count"].values.reshape(30, -1)[:11] >= 0).all()
    assert (part["counts/count"].values.reshape(30, -1)[11:] == -1).all()
    same(smc.resume(out), whole)
    for name in ("geometry/vertex/c.0.0", "counts/count/c.1.1.2.0.0.0", "positions/Ca/row_size/c.2.0.1.0"):
        data = (out / name).read_bytes()
        (out / name).write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
        assert [damage.key for damage in store.verify(out)] == [name]
        same(smc.resume(out), whole)
        assert (out / name).read_bytes() == data


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed", reason="dask.distributed is an extra")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as made:
        yield made


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_a_cluster_gives_what_one_thread_gives(cluster, file, tmp_path):
    """A sweep by two workers, of which one is killed on the way, against the same in one thread."""
    from distributed import Client

    varied = sweeps.points([sweeps.varied(said) for said in GRID], "grid")
    alone = smc.sweep(load_scenario(file), varied, tmp_path / "alone.zarr", threads=1)
    out = tmp_path / "cluster.zarr"
    with Client(cluster) as client:
        pids = client.run(os.getpid)

        def kill():
            while not out.exists() or store.finished(out) < 2:
                time.sleep(0.02)
            os.kill(next(iter(pids.values())), signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        tree = smc.sweep(load_scenario(file), varied, out, client=client)
        killer.join()
        assert client.run(os.getpid) != pids
    same(tree, alone)
    assert store.verify(out) == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
def test_run_and_resume_by_an_address(cluster, file, tmp_path, capsys):
    out = tmp_path / "run.zarr"
    arguments = ["--scheduler", cluster.scheduler_address, "--quiet"]
    assert cli.main(["run", str(file), "--out", str(out), *arguments]) == 0
    (out / "counts/count/c.1.0.0.0").unlink()
    assert cli.main(["resume", str(out), *arguments]) == 0
    assert "damaged: counts/count/c.1.0.0.0: is missing, of block 1" in capsys.readouterr().out
    same(store.open(out), smc.run(load_scenario(file), tmp_path / "alone.zarr", threads=1))


def test_a_cluster_that_is_not_there(file, tmp_path, monkeypatch, capsys):
    pytest.importorskip("distributed", reason="dask.distributed is an extra")
    monkeypatch.setattr("spinemc.cluster.TIMEOUT", 0.5)
    arguments = ["--out", str(tmp_path / "x.zarr"), "--scheduler", "tcp://127.0.0.1:9", "--quiet"]
    status = cli.main(["run", str(file), *arguments])
    assert status == 2
    assert "--scheduler tcp://127.0.0.1:9: there is no scheduler that answers" in capsys.readouterr().err
    assert not (tmp_path / "x.zarr").exists()


def test_the_job_of_the_manual_runs(file, tmp_path):
    """The script for SLURM, with a stand-in for srun: scheduler and worker come up, the sweep ends; and again."""
    pytest.importorskip("distributed", reason="dask.distributed is an extra")
    manual = (Path(__file__).resolve().parents[2] / "docs" / "many.md").read_text()
    (script,) = (text for text in re.findall(r"```sh\n(.*?)```", manual, flags=re.DOTALL) if "#SBATCH" in text)
    tools = tmp_path / "tools"
    tools.mkdir()
    python = Path(sys.executable).parent
    commands = {
        "srun": '#!/bin/sh\nexec "$@"\n',
        "spinemc": f'#!/bin/sh\nexec {sys.executable} -m spinemc "$@"\n',
        "dask": f'#!/bin/sh\nexec {python}/dask "$@" --host 127.0.0.1 {{}}\n'.format("--no-dashboard"),
        "python": f'#!/bin/sh\nexec {sys.executable} "$@"\n',
    }
    for name, text in commands.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (tmp_path / "necks.toml").write_text(
        'schema = 1\nscenario = "s.toml"\n[[vary]]\nkey = "geometry.neck_radius"\nvalues = ["40 nm", "50 nm"]\n'
    )
    (tmp_path / "job.sh").write_text(script + "kill $(jobs -p)\n")
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "SLURM_CPUS_PER_TASK": "2"}
    for turn in ("sweep", "resume"):
        (tmp_path / "scheduler.json").unlink(missing_ok=True)
        process = subprocess.Popen(
            ["bash", "-e", "job.sh"], cwd=tmp_path, env=environment, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            out, error = process.communicate(timeout=600)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        assert process.returncode == 0, error
        assert "necks.zarr" in out, turn
        tree = store.open(tmp_path / "necks.zarr")
        assert tree.attrs["complete"] and tree["counts/count"].sizes["neck_radius"] == 2
        (tmp_path / "necks.zarr/counts/count/c.1.2.0.0.0").unlink()
