"""The command that lays what the engine computes beside exact results."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import spinemc
from spinemc import cli

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("passed", "status"), [((True, True), 0), ((True, False), 1)])
def test_exit_status_and_options(monkeypatch, capsys, passed, status):
    made = []

    def validate(**given):
        made.append(given)
        given["show"]("a row")
        return tuple(SimpleNamespace(passed=each) for each in passed)

    monkeypatch.setattr(spinemc, "validation", SimpleNamespace(validate=validate), raising=False)
    assert cli.main(["validate", "--quick", "--threads", "3", "--out", "t.csv"]) == status
    assert {key: made[0][key] for key in ("quick", "threads", "out")} == {
        "quick": True,
        "threads": 3,
        "out": Path("t.csv"),
    }
    assert cli.main(["validate"]) == status
    assert {key: made[1][key] for key in ("quick", "threads", "out")} == {"quick": False, "threads": None, "out": None}
    assert capsys.readouterr().out == "a row\na row\n"


def test_a_table_with_no_place_to_go(tmp_path, capsys):
    out = tmp_path / "no" / "t.csv"
    assert cli.main(["validate", "--quick", "--out", str(out)]) == 2
    assert capsys.readouterr().err.startswith(f"{out}: No such file or directory")


def test_the_quick_table(tmp_path):
    """Every check passes; two minutes on two idle cores, of which this asserts less, as cores are seldom idle."""
    command = [sys.executable, "-m", "spinemc", "validate", "--quick", "--out", "t.csv"]
    begin = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=500)
    print(f"spinemc validate --quick took {time.perf_counter() - begin:.0f} s")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 60
    assert all(abs(float(row["z"])) <= 4.5 and row["passed"] == "True" for row in rows)
    assert len({row["check"] for row in rows}) == len(rows)
    lines = ended.stdout.splitlines()
    assert len(lines) == len(rows) + 2
    assert lines[-1].startswith(f"{len(rows)} checks, all passed")
    assert "left" in ended.stderr and "warning" not in ended.stderr
