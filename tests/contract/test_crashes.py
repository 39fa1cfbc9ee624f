"""Runs that are killed, and disks that are full: what was said to be finished is there, and the end is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from texts import BUFFERED

import spinemc as smc
from spinemc import cli, store
from spinemc.scenario import load_scenario, sweeps

HEAD = """schema = 1
[geometry]
shape = {{ kind = "box", size = ["0.4 um", "0.3 um", "0.5 um"], edge = "100 nm" }}
[run]
t_stop = "{t_stop}"
dt = "2 us"
sample_every = "0.5 ms"
trials = {trials}
checkpoint = "{checkpoint}"
"""
CALCIUM = (
    BUFFERED
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
count = 300
in = "cytosol"
time = ["1 ms", "4 ms"]
[[boundary]]
region = "z_low"
species = ["Ca"]
kind = "clamp"
concentration = "2 uM"
"""
)
PUMPS = """[[species]]
name = "P"
on = "z_high"
D = "0.1 um^2/s"
[[species]]
name = "PCa"
on = "z_high"
[[reaction]]
equation = "Ca + P <-> PCa"
kf = "1e8 /M/s"
kb = "300 /s"
[[release]]
species = "P"
count = 60
on = "z_high"
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "cytosol"
"""
FRAMES = """[[record.positions]]
species = ["Ca", "CaB"]
every = "0.25 ms"
trials = [0, 1, 5, 6]
"""
KINDS = {
    "counts": HEAD.format(t_stop="10 ms", trials=40, checkpoint="0 s") + CALCIUM,
    "pumps and rules": HEAD.format(t_stop="10 ms", trials=24, checkpoint="0.2 s") + CALCIUM + PUMPS,
    "frames": HEAD.format(t_stop="20 ms", trials=8, checkpoint="0.1 s") + CALCIUM + FRAMES,
    "one long trial": HEAD.format(t_stop="150 ms", trials=1, checkpoint="0.3 s")
    + CALCIUM
    + FRAMES.replace(", 1, 5, 6", ""),
    "sweep": HEAD.format(t_stop="5 ms", trials=6, checkpoint="0.1 s") + CALCIUM + FRAMES.replace(", 6", ""),
}
VARY = "species.Ca.D=100 um^2/s,150 um^2/s,220 um^2/s,250 um^2/s"


def arrays(path) -> dict[str, bytes]:
    """The bytes of every file of the store's arrays."""
    here = store.place(path)
    return {key: here.read(key) for key in here.listed() if not key.startswith(".spinemc") and key != "zarr.json"}


def kill_until_done(kind: str, folder, rng: np.random.Generator, most: int) -> int:
    """Run a scenario, killed at random moments and resumed, at most so many times; how many times it was."""
    file, out = folder / "s.toml", folder / "killed.zarr"
    file.write_text(KINDS[kind])
    begin = ["sweep", str(file), "--vary", VARY] if kind == "sweep" else ["run", str(file)]
    kills = 0
    while True:
        command = ["resume", str(out)] if out.exists() else [*begin, "--out", str(out)]
        told = store.finished(out) if out.exists() else 0
        process = subprocess.Popen(
            [sys.executable, "-m", "spinemc", *command, "--quiet", "--threads", "2"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        if kills < most:
            while process.poll() is None and not (out / ".spinemc/lock").exists():
                time.sleep(0.005)
            time.sleep(rng.uniform(0.0, 1.5))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                kills += 1
        _, said = process.communicate(timeout=300)
        if process.returncode == 0:
            return kills
        assert process.returncode == -signal.SIGKILL, said.decode()
        if out.exists():
            assert store.finished(out) >= told
            store.open(out)["counts/count"].load()


def end_the_same(kind: str, folder, kills: int, seed: int) -> int:
    """A run that was killed has every byte of every array that one has which was not."""
    killed = kill_until_done(kind, folder, np.random.default_rng(seed), kills)
    scenario, whole = load_scenario(folder / "s.toml"), folder / "whole.zarr"
    if kind == "sweep":
        smc.sweep(scenario, sweeps.points([sweeps.varied(VARY)], "grid"), whole)
    else:
        smc.run(scenario, whole)
    assert store.verify(folder / "killed.zarr") == []
    assert arrays(folder / "killed.zarr") == arrays(whole)
    return killed


@pytest.mark.parametrize("kind", ["frames"])
def test_a_run_that_is_killed_ends_the_same(tmp_path, kind):
    assert end_the_same(kind, tmp_path, 2, 1) > 0


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_runs_of_all_kinds_killed_ten_times_and_more_end_the_same(tmp_path, kind):
    """Fifty kills and more in all: each kind is run again, with other moments, until it was killed ten times."""
    killed, turn = 0, 0
    while killed < 10:
        folder = tmp_path / str(turn)
        folder.mkdir()
        killed += end_the_same(kind, folder, 10 - killed, 100 + turn)
        turn += 1


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 5 MB in a file, where this machine lets one be mounted."""
    image, disk = tmp_path / "image", tmp_path / "disk"
    disk.mkdir()
    image.write_bytes(bytes(5_000_000))
    for command in (["mkfs.ext4", "-q", str(image)], ["mount", "-o", "loop", str(image), str(disk)]):
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except FileNotFoundError:
            pytest.skip(f"there is no {command[0]} here")
        if done.returncode != 0:
            pytest.skip(f"{command[0]} is not allowed here: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_up(small_disk, tmp_path, capsys):
    """Full in the middle of a run: one sentence, status 2; the store opens; with room again it ends the same."""
    file, out = tmp_path / "s.toml", small_disk / "run.zarr"
    all_trials = FRAMES.replace("0.25 ms", "1 ms").replace("[0, 1, 5, 6]", "[0, 1, 2, 3, 4, 5, 6, 7]")
    file.write_text(HEAD.format(t_stop="20 ms", trials=8, checkpoint="0 s") + CALCIUM + all_trials)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(2_450_000))
    assert cli.main(["run", str(file), "--out", str(out), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert "No space left on device. What is finished is safe: `spinemc resume" in said and said.count("\n") == 1
    assert cli.main(["info", str(out), "--verify"]) == 0
    done = store.finished(out)
    assert 0 < done < 8
    filler.unlink()
    assert cli.main(["resume", str(out), "--quiet"]) == 0
    smc.run(load_scenario(file), tmp_path / "whole.zarr")
    assert arrays(out) == arrays(tmp_path / "whole.zarr")


def test_a_folder_that_cannot_be_written(small_disk, tmp_path, capsys):
    """Mounted read-only: a run says so, and what is there can still be told of, verified and opened."""
    file, out = tmp_path / "s.toml", small_disk / "run.zarr"
    file.write_text(KINDS["counts"].replace("trials = 40", "trials = 2"))
    assert cli.main(["run", str(file), "--out", str(out), "--quiet"]) == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    capsys.readouterr()
    for command in (["run", str(file), "--out", str(small_disk / "other.zarr")], ["resume", str(out)]):
        assert cli.main([*command, "--quiet"]) == 2
        said = capsys.readouterr().err
        assert "Read-only file system" in said and said.count("\n") == 1
    assert cli.main(["info", str(out), "--verify"]) == 0
    assert store.open(out)["counts/count"].sizes["trial"] == 2


TABLE = """[[reaction]]
equation = "0 -> Ca"
kf = { table = "source.csv" }
"""


def began(folder):
    """A run of which two blocks are there; its scenario names a table."""
    (folder / "source.csv").write_text("0, 1000\n0.01, 5000\n")
    (folder / "s.toml").write_text(KINDS["counts"].replace("trials = 40", "trials = 8") + TABLE)
    write, done = store.write, []

    def interrupted(*given):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(write(*given))

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(store, "write", interrupted)
        smc.run(load_scenario(folder / "s.toml"), folder / "run.zarr")
    return folder / "run.zarr"


def test_a_run_goes_on_only_as_it_began(tmp_path, capsys, monkeypatch):
    """Another scenario, another table, other kernels: refused, with what differs; and nothing is changed."""
    out = began(tmp_path)
    before = arrays(out)
    scenario, table = tmp_path / "s.toml", tmp_path / "source.csv"
    text, rows = scenario.read_text(), table.read_text()

    def refused() -> str:
        assert cli.main(["resume", str(out), "--quiet"]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and arrays(out) == before
        return said

    scenario.write_text(text.replace('kb = "300 /s"', 'kb = "200 /s"'))
    assert "s.toml has changed since the run began: reaction.1.kb is 200 /s, and ran as 300 /s." in refused()
    scenario.write_text(text)
    table.write_text(rows.replace("5000", "6000"))
    assert "reactions would not be as when the run began: a file that its scenario names has changed" in refused()
    table.write_text(rows)
    with monkeypatch.context() as patch:
        patch.setattr("spinemc.twins.levels.folder", lambda: tmp_path / "0123456789abcdef")
        assert "was made with other kernels" in refused() and "0123456789abcdef" in refused()
    assert cli.main(["resume", str(out), "--quiet"]) == 0
    assert store.finished(out) == 8
