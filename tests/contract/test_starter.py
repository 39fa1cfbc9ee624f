"""Scenarios to start from: they run, and nothing that is there is written over."""

import re

import pytest

import spinemc
from spinemc import cli, starter
from spinemc.scenario import load_scenario


@pytest.mark.parametrize("like", starter.known())
def test_it_runs(tmp_path, like):
    path = starter.begin(tmp_path / "mine", like)
    assert path == tmp_path / "mine.toml" and "NAME" not in path.read_text()
    late = {"neighbours": 'release.1.time=["5 ms"]', "spine": "run.seed=2"}
    scenario = load_scenario(path, ["run.t_stop=16 ms", "run.sample_every=1 ms", late[like]])
    tree = spinemc.run(scenario, out=tmp_path / "mine.zarr", trials=1)
    assert tree["counts/count"].sel(species="Ca").isel(time=-1).min() >= 0
    assert tree["plasticity/graupner2012/weight"].notnull().all()


def test_by_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "mine", "--like", "neighbours"]) == 0
    assert capsys.readouterr().out == "mine.toml\nnext: spinemc check mine.toml; spinemc run mine.toml\n"
    written = (tmp_path / "mine.toml").read_text()
    assert "spinemc run mine.toml " in written
    assert cli.main(["new", "mine.toml"]) == 2
    assert capsys.readouterr().err == "mine.toml is there already: it is left as it is. Give another name.\n"
    assert (tmp_path / "mine.toml").read_text() == written


def test_at_another_level_once_its_records_are_left_out_as_it_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    starter.begin("mine")
    asked = ["check", "mine.toml", "--engine", "ode"]
    assert cli.main(asked) == 2
    said = capsys.readouterr().err
    assert said.startswith("mine.toml: record.positions and record.ions: ode has mean numbers")
    assert cli.main([*asked, *(word for one in re.findall('--set "(.*?)"', said) for word in ("--set", one))]) == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["a", "--like", "axon"], 'like = "axon": there is no such scenario to start from. Known: neighbours, spine.'),
        (["no/a"], "no/a.toml cannot be written: No such file or directory."),
        (["a\nb"], 'a name is of letters, digits, ".", "-" and "_", and "a\\nb" is not: give another.'),
    ],
)
def test_what_is_refused(tmp_path, monkeypatch, capsys, given, said):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", *given]) == 2
    assert capsys.readouterr().err == f"{said}\n"
    assert not list(tmp_path.iterdir())
