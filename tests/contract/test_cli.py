"""The command line: what is called with what, what is printed, and the exit status."""

import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from complete import FLUX, VALID

import spinemc
from spinemc import cli
from spinemc.errors import SpinemcWarning, StoreError
from spinemc.summaries import Summary

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a scenario in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flux.csv").write_text(FLUX)
    (tmp_path / "a.toml").write_text(VALID)
    return tmp_path


@pytest.fixture
def calls(monkeypatch):
    """Stands in for what the commands call, and keeps the calls."""
    made = []

    def record(name, answer=None):
        def call(*given, **named):
            made.append((name, given, named))
            return answer

        return call

    fakes = {
        "simulate": {"run": "tree", "resume": "tree"},
        "summaries": {
            "check": Summary("all is well", {"time_s": 2.0}),
            "summary": Summary("a summary", {"trials": 3}),
            "compare": Summary("a table", {"verdict": "safe"}),
        },
        "contrast": {"twin": "a twin"},
        "geometry": {"load_geometry": "built", "describe": "a spine", "export": None},
        "figures": {"plot_geometry": None, "plot_run": None},
        "store": {"open": "tree"},
    }
    for module, functions in fakes.items():
        fake = SimpleNamespace(**{name: record(name, answer) for name, answer in functions.items()})
        monkeypatch.setattr(spinemc, module, fake, raising=False)
    return made


def spinemc_in(folder, *arguments):
    """The command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "spinemc", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_run(here, calls, capsys):
    command = "run a.toml --trials 3 --seed 9 --threads 2 --overwrite --quiet --out b.zarr --set run.dt=2us"
    assert cli.main([*command.split(), "--set", 'species.Ca.D="1 um^2/s"']) == 0
    (_, (scenario, out), named), summary = calls
    assert (scenario.run.dt, scenario.species[0].D, out) == (2e-6, 1.0, Path("b.zarr"))
    assert named == {"trials": 3, "seed": 9, "threads": 2, "client": None, "overwrite": True, "progress": False}
    assert summary == ("summary", ("tree",), {})
    assert capsys.readouterr().out == "a summary\nb.zarr\n"


def test_run_by_default(here, calls, capsys):
    (here / "deep").mkdir()
    (here / "a.toml").rename(here / "deep" / "a.toml")
    (here / "flux.csv").rename(here / "deep" / "flux.csv")
    assert cli.main(["run", "deep/a.toml"]) == 0
    assert calls[0][1][1] == Path("a.zarr")
    assert calls[0][2] == {
        "trials": None,
        "seed": None,
        "threads": None,
        "client": None,
        "overwrite": False,
        "progress": True,
    }
    assert capsys.readouterr().out.endswith("\na.zarr\n")


@pytest.mark.parametrize(
    ("command", "call", "printed"),
    [
        (
            "resume r.zarr --threads 2",
            ("resume", (Path("r.zarr"),), {"threads": 2, "client": None, "progress": True, "tell": cli.commands.say}),
            "a summary\nr.zarr\n",
        ),
        ("compare r.zarr", ("compare", (Path("r.zarr"), ("ode", "lna"), cli.commands.aside), {}), "a table\n"),
        (
            "compare r.zarr --with ode,pde",
            ("compare", (Path("r.zarr"), ("ode", "pde"), cli.commands.aside), {}),
            "a table\n",
        ),
        ("geometry g.toml", ("describe", ("built",), {}), "a spine\n"),
        ("geometry g.toml --export m.stl", ("export", ("built", Path("m.stl")), {}), "a spine\nm.stl\n"),
        ("geometry g.toml --plot p.png", ("plot_geometry", ("built", Path("p.png")), {}), "a spine\np.png\n"),
        ("plot d/r.zarr", ("plot_run", ("tree", Path("r.png"), "a twin"), {}), "r.png\n"),
        ("plot r.zarr --out p.pdf", ("plot_run", ("tree", Path("p.pdf"), "a twin"), {}), "p.pdf\n"),
    ],
)
def test_other_commands(here, calls, capsys, command, call, printed):
    assert cli.main(command.split()) == 0
    assert call in calls
    assert capsys.readouterr().out == printed


def test_check(here, calls, capsys):
    assert cli.main(["check", "a.toml", "--set", "run.trials=4"]) == 0
    assert calls[0][1][0].run.trials == 4
    assert capsys.readouterr().out == "all is well\n"


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (StoreError("a.zarr exists"), 2, "a.zarr exists\n"),
        (PermissionError(13, "Permission denied", "x/y.zarr"), 2, "x/y.zarr: Permission denied.\n"),
        (KeyboardInterrupt(), 130, "interrupted: `spinemc resume a.zarr` goes on from here.\n"),
    ],
)
def test_exit_statuses(here, calls, capsys, monkeypatch, fault, status, said):
    def fails(*_, **__):
        (here / "a.zarr").mkdir()
        raise fault

    monkeypatch.setattr(spinemc.simulate, "run", fails)
    assert cli.main(["run", "a.toml"]) == status
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", said)


def test_an_interruption_that_leaves_nothing(here, calls, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(spinemc.summaries, "check", interrupted)
    assert cli.main(["check", "a.toml"]) == 130
    assert capsys.readouterr().err == "interrupted.\n"


def test_a_fault_of_the_program_shows_where(here, calls, capsys, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(spinemc.simulate, "run", broken)
    assert cli.main(["run", "a.toml"]) == 1
    said = capsys.readouterr().err
    assert "in broken" in said and said.endswith("spinemc failed: ZeroDivisionError. This is a fault of the program.\n")


def test_warnings_are_lines(here, calls, capsys, monkeypatch):
    def doubtful(*_):
        warnings.warn("the time step is a bit long.", SpinemcWarning, stacklevel=1)
        return Summary("done", {})

    monkeypatch.setattr(spinemc.summaries, "check", doubtful)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert cli.main(["check", "a.toml"]) == 0
    assert capsys.readouterr().err == "warning: the time step is a bit long.\n"


def test_a_summary_ends_with_the_warnings(here, calls, capsys, monkeypatch):
    def doubtful(*_, **__):
        warnings.warn("the time step is a bit long.", SpinemcWarning, stacklevel=1)
        return "tree"

    monkeypatch.setattr(spinemc.simulate, "run", doubtful)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert cli.main(["run", "a.toml"]) == 0
        assert capsys.readouterr().out == "a summary\nwarning: the time step is a bit long.\na.zarr\n"
        assert cli.main(["run", "a.toml", "--json"]) == 0
    told = {"trials": 3, "warnings": ["warning: the time step is a bit long."], "store": "a.zarr"}
    assert json.loads(capsys.readouterr().out) == told


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("check a.toml --json", {"time_s": 2.0, "warnings": []}),
        ("compare r.zarr --json", {"verdict": "safe", "warnings": []}),
        ("resume r.zarr --json", {"trials": 3, "warnings": [], "store": "r.zarr"}),
    ],
)
def test_for_programs(here, calls, capsys, command, told):
    assert cli.main(command.split()) == 0
    assert json.loads(capsys.readouterr().out) == told


def test_what_is_not_finite_is_null(capsys):
    assert json.loads(Summary("", {"a": [float("nan"), {"b": float("inf")}, 1.5]}).json) == {
        "a": [None, {"b": None}, 1.5]
    }


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_command(capsys, shell):
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in ("calibrate", "completion", "--overwrite", "sweep"))


def test_completion_in_bash(here):
    """What bash itself offers after a tab."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash here")
    script = spinemc_in(here, "completion", "bash").stdout
    asks = "COMP_WORDS=(spinemc ca); COMP_CWORD=1; _shtab_spinemc; echo ${COMPREPLY[@]}"
    ended = subprocess.run([bash, "-c", f"{script}\n{asks}"], capture_output=True, text=True, timeout=60)
    assert ended.stdout.split() == ["calibrate"]


def test_a_refused_run_leaves_nothing_behind(here):
    before = sorted(here.iterdir())
    ended = spinemc_in(here, "run", "a.toml", "--set", "run.sead=1", "--set", "run.dt=5")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        'a.toml: run.dt = 5: a time is given in s, ms or us: write a number and its unit, as in "5 ms".',
        "a.toml: run.sead is not a key of [run]. Did you mean run.seed?",
    ]
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("fly", "a.toml"),
        ("run",),
        ("run", "a.toml", "--threads", "0"),
        ("run", "a.toml", "--threads", "two"),
        ("run", "a.toml", "--trials", "0"),
        ("run", "a.toml", "--seed", "-1"),
        ("run", "a.toml", "--over"),
        ("run", "b.toml"),
    ],
)
def test_wrong_arguments_end_with_status_2(here, capsys, arguments):
    try:
        status = cli.main(arguments)
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said and said.strip()


def test_version_and_help():
    started = time.perf_counter()
    ended = spinemc_in(ROOT, "--version")
    took = time.perf_counter() - started
    assert (ended.returncode, ended.stdout) == (0, f"spinemc {spinemc.__version__}\n")
    print(f"the command line starts in {took:.3f} s")


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("numpy", "numba", "scipy", "xarray", "zarr", "matplotlib", "manifold3d", "trimesh", "pint")
    code = f"import spinemc, spinemc.cli, sys; print([m for m in {heavy} if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize("name", ["load_scenario", "Scenario", "load_geometry", "Geometry", "open", "SpinemcError"])
def test_public_names(name):
    assert name in dir(spinemc)
    assert getattr(spinemc, name).__name__ == name


def test_an_unknown_public_name():
    with pytest.raises(AttributeError, match="has no attribute 'lode_scenario'"):
        spinemc.lode_scenario  # noqa: B018


def test_info_tells_how_far_a_run_is_and_what_is_damaged(tmp_path, capsys):
    """A run of two trials; then a bit of one chunk is flipped, found, and mended by resume."""
    (tmp_path / "s.toml").write_text(
        'schema = 1\n[geometry.shape]\nkind = "sphere"\nradius = "0.2 um"\nedge = "0.2 um"\n[run]\nt_stop = "10 us"\n'
        'dt = "1 us"\nsample_every = "5 us"\ntrials = 2\n[[species]]\nname = "Ca"\nD = "220 um^2/s"\n'
        '[[release]]\nspecies = "Ca"\ncount = 5\nin = "cytosol"\n'
    )
    out = str(tmp_path / "r.zarr")
    assert cli.main(["run", str(tmp_path / "s.toml"), "--out", out, "--quiet"]) == 0
    capsys.readouterr()
    assert cli.main(["info", out, "--verify"]) == 0
    assert "2 of 2 trials finished, complete" in (told := capsys.readouterr().out) and "nothing damaged" in told
    chunk = tmp_path / "r.zarr/counts/count/c.1.0.0.0"
    whole = chunk.read_bytes()
    chunk.write_bytes(whole[:-3] + bytes([whole[-3] ^ 4]) + whole[-2:])
    assert cli.main(["info", out, "--verify"]) == 1
    assert "damaged: counts/count/c.1.0.0.0: is not as it was written, of block 1" in capsys.readouterr().out
    assert cli.main(["resume", out, "--quiet"]) == 0
    assert "damaged: counts/count/c.1.0.0.0" in capsys.readouterr().out
    assert chunk.read_bytes() == whole
    assert cli.main(["info", out, "--verify"]) == 0
