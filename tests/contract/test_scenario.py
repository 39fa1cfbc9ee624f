"""What a scenario file may say, what becomes of it, and what may be laid over it."""

import tomllib
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from complete import VALID

import spinemc
from spinemc.errors import ScenarioError
from spinemc.scenario import (
    IonRecord,
    PositionRecord,
    Rate,
    Run,
    Shape,
    load_scenario,
    load_shape,
    override,
    parse_scenario,
    to_toml,
)
from spinemc.units import AVOGADRO, MICROMOLAR

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"


def test_every_key_is_read(load):
    s = load()
    assert s.title == "all of it"
    assert s.geometry.shape == Shape("box", {"size": (1.0, 1.0, 2.0), "edge": 0.2}, "a.toml")
    (psd,), (head,) = s.geometry.region, s.geometry.compartment
    assert (psd.name, psd.within.kind, psd.within.center, psd.within.radius) == ("psd", "sphere", (0, 0, 1), 0.2)
    assert (head.name, head.within.kind) == ("head", "box")
    assert (head.within.low, head.within.high) == ((-1, -1, 0), (1, 1, 2))
    assert s.run == Run(0.035, 5e-7, 1e-4, 50, 7, "particles", 0.04)
    assert [(x.name, x.D, x.on) for x in s.species] == [
        ("Ca", 220, None),
        ("B", 20, None),
        ("CaB", 20, None),
        ("P", 0, "membrane"),
        ("Q", 0.01, "psd"),
    ]
    a, b, c, d, e, f = s.reaction
    assert (a.reactants, a.products, a.kb) == (("Ca", "B"), ("CaB",), Rate.constant(100.0))
    assert a.kf.value[0] == pytest.approx(1e8 * 1e15 / AVOGADRO, rel=1e-15)
    assert (b.reactants, b.products, b.kb) == (("Ca", "P"), ("P",), None)
    assert c.kf == Rate((0.0, 0.005, 0.01), (1.0, 3.0, 0.0))
    assert (d.reactants, d.kf) == (("P", "P"), Rate.constant(0.1))
    assert (e.reactants, e.products, e.inside, e.kf) == ((), ("Ca",), "head", Rate.constant(MICROMOLAR))
    assert (f.reactants, f.products, f.kf) == (("Ca",), (), Rate.constant(50.0))
    ions, buffer, pump = s.release
    assert ions.concentration == pytest.approx(60.2214076, rel=1e-15)
    assert (ions.inside, ions.exact, ions.time) == ("cytosol", True, (0.0,))
    assert (buffer.count, buffer.at, buffer.time) == (300, (0.0, -0.01, 0.5), (0.005, 0.015))
    assert (pump.density, pump.on, pump.time, pump.exact) == (998.0, "membrane", (0.001,), False)
    (wall,) = s.boundary
    assert (wall.region, wall.species, wall.kind, wall.concentration) == ("psd", ("Ca",), "clamp", MICROMOLAR)
    assert s.positions == (
        PositionRecord(("Ca", "P"), 0.001, (0, 3)),
        PositionRecord(("B",), 0.002, (0,), inside="head"),
        PositionRecord(("Q",), 0.002, (0,), on="p*"),
    )
    assert s.ions == IonRecord("CaB", (0, 2, 3), {"Q": 2, "Ca": 0})
    (rule,) = s.plasticity
    assert (rule.rule, rule.species, rule.compartment) == ("bell2022", "Ca", "head")
    assert rule.parameters == {"tau": 2.0}


def test_a_scenario_is_frozen(load):
    with pytest.raises(FrozenInstanceError):
        load().title = "another"


def test_the_text_gives_the_same_scenario_back(load):
    s = load(overrides=["run.trials=4", "species.Ca.D=100 um^2/s", "record.positions=[]"])
    assert s.run.trials == 4
    again = parse_scenario(to_toml(s), s.path)
    assert again == s
    assert again != load()


def test_a_scenario_from_code_is_that_of_the_file(load, folder):
    tables = tomllib.loads(VALID)
    tables.pop("schema")
    tables["species"] = tuple(tables["species"])
    assert spinemc.Scenario(**tables, path=folder / "a.toml") == load()


def test_a_scenario_from_code_tells_its_faults():
    with pytest.raises(ScenarioError, match=r"scenario: run\.dt = 1: a time is given in s, ms or us"):
        spinemc.Scenario(
            geometry={"shape": {"kind": "sphere", "radius": "1 um"}},
            run={"t_stop": "1 s", "dt": 1, "sample_every": "1 s"},
            species=[{"name": "A", "D": "1 um^2/s"}],
            release=[{"species": "A", "count": 1, "in": "cytosol"}],
        )


def test_values_may_be_replaced(load):
    s = load()
    assert replace(s, run=replace(s.run, trials=8)).run.trials == 8
    changed = override(s, "run.trials=8")
    assert changed.run.trials == tomllib.loads(changed.text)["run"]["trials"] == 8


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference scenarios are not here")
@pytest.mark.parametrize("name", ["mushroom", "thin", "workload_a", "workload_b", "workload_c"])
def test_reference_scenarios_load(name):
    s = load_scenario(REFERENCE / f"{name}.toml")
    assert parse_scenario(s.text, s.path) == s
    assert {r.species for r in s.release} <= {x.name for x in s.species}
    if name == "mushroom":
        source = s.reaction[-1].kf
        assert source.time[:2] == (0.0, 1e-4) and source.value[1] == 87.5661094


def test_settings_reach_tables_by_number_and_by_name(load):
    s = load(
        overrides=[
            "run.dt=2us",
            'run.sample_every = "0.2 ms"',
            "run.seed=11",
            "species.Ca.D=1 um^2/s",
            "reaction.6.kf=3 /s",
            "geometry.region.psd.within.sphere.radius=1 um",
            "geometry.shape.edge=0.1 um",
            "release.1.exact=false",
            "record.positions=[]",
        ]
    )
    assert (s.run.dt, s.run.sample_every, s.run.seed) == (2e-6, 2e-4, 11)
    assert (s.species[0].D, s.reaction[5].kf.value) == (1.0, (3.0,))
    assert (s.geometry.region[0].within.radius, s.geometry.shape.parameters["edge"]) == (1.0, 0.1)
    assert (s.release[0].exact, s.positions) == (False, ())


@pytest.mark.parametrize(
    ("setting", "answer"),
    [
        ("run.sead=3", "a.toml: run.sead is not a key of [run]. Did you mean run.seed?"),
        ("rnu.dt=3", "a.toml: rnu is not a key of the top level. Did you mean run?"),
        ("species.Cab.D=3", "a.toml: --set species.Cab.D=3: species has no entry named Cab. Did you mean CaB?"),
        ("reaction.7.kf=3", "a.toml: --set reaction.7.kf=3: reaction has entries 1 to 6."),
        ("reaction.0.kf=3", "a.toml: --set reaction.0.kf=3: reaction has entries 1 to 6."),
        ("reaction.kf=3", "a.toml: --set reaction.kf=3: reaction is not a table, so it has no key kf."),
        ("run.dt.x=3", "a.toml: --set run.dt.x=3: run.dt is not a table, so it has no key x."),
        ("run.dt", "a.toml: --set run.dt: a setting is KEY=VALUE"),
        (".dt=3", "a.toml: --set .dt=3: a setting is KEY=VALUE"),
        ("run.dt=1\nx = 2", "a.toml: run.dt = "),
    ],
)
def test_settings_that_are_refused(faults, setting, answer):
    (line,) = faults(overrides=[setting])
    assert line.startswith(answer)


GEOMETRY = """
schema = 1
title = "a spine"
source = "nobody"
[geometry]
kind = "revolution"
profile = [["0 um", "-500 nm"], ["1 um", "0 um"], ["0 um", "1 um"]]
regions = ["low", ""]
edge = "0.1 um"
cap_angle = 0.1
"""


def test_geometry_files(tmp_path, load):
    (tmp_path / "g.toml").write_text(GEOMETRY)
    shape = load_shape(tmp_path / "g.toml")
    assert shape == Shape(
        "revolution",
        {
            "profile": ((0.0, -0.5), (1.0, 0.0), (0.0, 1.0)),
            "regions": ("low", ""),
            "edge": 0.1,
            "cap_angle": 0.1,
        },
        "g.toml",
    )
    change = (
        'shape = { kind = "box", size = ["1 um", "1 um", "2 um"], edge = "200 nm" }',
        'file = "g.toml"\nedge = "50 nm"',
    )
    scenario = load(change, overrides=["geometry.neck_radius=0.06 um"])
    changed = {**shape.parameters, "edge": 0.05, "neck_radius": 0.06}
    assert scenario.geometry.shape == Shape("revolution", changed, "g.toml")
    assert parse_scenario(scenario.text, scenario.path) == scenario


def test_faults_of_a_geometry_file_are_told_with_those_of_the_scenario(tmp_path, faults):
    broken = GEOMETRY.replace('"0.1 um"', "0.1").replace("title", "titel").replace('"-500 nm"', '"-500 ms"')
    (tmp_path / "g.toml").write_text(broken)
    told = [
        'g.toml: geometry.profile = [["0 um", "-500 ms"], ["1 um", "0 um"], ["0 um", "1 um"]]: a coordinate is',
        "g.toml: geometry.edge = 0.1: a coordinate is given in um or nm: write a number and its unit",
        "g.toml: titel is not a key of the top level. Did you mean title?",
    ]
    with pytest.raises(ScenarioError) as caught:
        load_shape(tmp_path / "g.toml")
    lines = str(caught.value).splitlines()
    assert [line[: len(t)] for line, t in zip(lines, told, strict=True)] == told
    shape = 'shape = { kind = "box", size = ["1 um", "1 um", "2 um"], edge = "200 nm" }'
    assert faults((shape, 'file = "g.toml"'), ("seed", "sead"))[:3] == lines
