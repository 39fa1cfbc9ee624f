"""`[[mechanism]]`, `[voltage]` and `[[stimulus]]` of a scenario: what they stand for, and what is said of mistakes."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tomli_w

import spinemc as smc
from spinemc import cli, mechanisms
from spinemc.chemistry.drive import driven
from spinemc.errors import ScenarioError
from spinemc.mechanisms import KINDS, description
from spinemc.scenario import load_scenario, override, parse_scenario, to_toml
from spinemc.units import MICROMOLAR

PLAIN = """
[geometry]
shape = { kind = "sphere", radius = "0.3 um", edge = "120 nm" }
[[geometry.region]]
name = "psd"
within = { sphere = { center = ["0 um", "0 um", "0.3 um"], radius = "0.15 um" } }
[run]
t_stop = "5 ms"
dt = "1 us"
sample_every = "1 ms"
trials = 4
engine = "compartments"
"""
CALCIUM = '[[mechanism]]\nkind = "calcium"\n'
ALL = f"""{PLAIN}{CALCIUM}
[voltage]
waveform = "bell2022"
[[stimulus]]
kind = "train"
frequency = "500 Hz"
number = 2
at = "psd"
[[mechanism]]
kind = "nmdar"
count = 7
parameters = {{ block = "bell" }}
[[mechanism]]
kind = "vscc"
[[mechanism]]
kind = "pmca"
[[mechanism]]
kind = "mobile_buffer"
resting = "100 nM"
"""


def faults(text):
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text)
    return str(caught.value).splitlines()


def test_mechanisms_are_what_stands_for_them_by_hand():
    """Species, reactions and releases, in their order, as of the tables that the mechanisms are."""
    named = ("calcium", "mobile_buffer", "fixed_buffer", "pmca", "ncx")
    asked = parse_scenario(PLAIN + "".join(f'[[mechanism]]\nkind = "{kind}"\n' for kind in named))
    tables = mechanisms.assembled(*(KINDS[kind].made() for kind in named))
    written = smc.Scenario(
        geometry={
            "shape": {"kind": "sphere", "radius": "0.3 um", "edge": "120 nm"},
            "region": [
                {"name": "psd", "within": {"sphere": {"center": ["0 um", "0 um", "0.3 um"], "radius": "0.15 um"}}}
            ],
        },
        run={"t_stop": "5 ms", "dt": "1 us", "sample_every": "1 ms", "trials": 4, "engine": "compartments"},
        **tables,
    )
    assert replace(asked, text="", mechanism=()) == replace(written, text="")
    assert [m.kind for m in asked.mechanism] == list(named)


@pytest.mark.parametrize("name, more", [("thin", ()), ("mushroom_apparatus", ("serca",))])
def test_the_published_spines_are_their_mechanisms(name, more):
    """The study's scenario, and one whose chemistry is mechanisms by name: the same, rates in time to 1e-3.

    The study's rates are tables with a row each 0.05 ms at first, so that between rows they are that far off.
    """
    path = Path(__file__).resolve().parents[2] / "analysis" / "published_spine" / f"{name}.toml"
    written = load_scenario(path)
    count = {r.species: r.count for r in written.release if r.count is not None}
    tables = tomllib.loads(path.read_text())
    kinds = ["calcium", "mobile_buffer", "fixed_buffer", "pmca", "ncx", "vscc", "glutamate", "nmdar", "ampar", *more]
    own = {
        "vscc": {"count": count["VSCC_0"]},
        "nmdar": {"count": count["NMDAR_C0"]},
        "ampar": {"count": count["AMPAR_C0"]},
    }
    binds = {"parameters": {"ligand": "glu"}}
    tables["mechanism"] = [{"kind": k, **own.get(k, {}), **(binds if k in ("nmdar", "ampar") else {})} for k in kinds]
    tables["voltage"] = {"waveform": "bell2022"}
    tables["release"] = [entry for entry in tables["release"] if entry["species"] == "glu"]
    del tables["species"], tables["reaction"]
    asked = driven(parse_scenario(tomli_w.dumps(tables), path), None)
    assert asked.species == written.species
    assert sorted(map(repr, asked.release)) == sorted(map(repr, written.release))
    assert [r.equation for r in asked.reaction] == [r.equation for r in written.reaction]
    assert (asked.boundary, asked.plasticity, asked.run) == (written.boundary, written.plasticity, written.run)
    for ours, theirs in zip(asked.reaction, written.reaction, strict=True):
        assert (ours.reactants, ours.products) == (theirs.reactants, theirs.products)
        for one, other in ((ours.kf, theirs.kf), (ours.kb, theirs.kb)):
            if other is None or other.is_constant:
                assert one == other
            else:
                at = np.interp(other.time, one.time, one.value)
                assert at == pytest.approx(other.value, rel=1e-3, abs=1e-4 * max(other.value))


def test_a_name_a_place_an_amount_and_parameters():
    scenario = parse_scenario(
        PLAIN
        + CALCIUM
        + '[[mechanism]]\nkind = "pmca"\nname = "slow"\non = "psd"\ncount = 3\nparameters = { carry = "6 /s" }\n'
        '[[mechanism]]\nkind = "pmca"\n'
    )
    assert [s.name for s in scenario.species] == ["Ca", "slow", "slow_Ca", "PMCA", "PMCA_Ca"]
    assert [(r.species, r.count, r.on) for r in scenario.release[1:]] == [
        ("slow", 3, "psd"),
        ("PMCA", None, "membrane"),
    ]
    rates = {r.equation: r.kf.value[0] for r in scenario.reaction}
    assert rates["slow_Ca -> slow"] == 6.0 and rates["PMCA_Ca -> PMCA"] == 12.0
    assert scenario.mechanism[1].values["carry"] == "6 /s"


def test_another_ion():
    text = (
        PLAIN + '[[species]]\nname = "Na"\nD = "600 um^2/s"\n[[release]]\nspecies = "Na"\ncount = 9\nin = "cytosol"\n'
    )
    scenario = parse_scenario(text + '[[mechanism]]\nkind = "pmca"\nion = "Na"\n')
    assert scenario.reaction[0].equation == "Na + PMCA <-> PMCA_Na"


def test_resting_shares_an_amount_out():
    """At 1 uM half of the mobile buffer is bound; 7 pumps in whole numbers, as they are at rest."""
    scenario = parse_scenario(PLAIN + CALCIUM + '[[mechanism]]\nkind = "mobile_buffer"\nresting = "1 uM"\n')
    assert {r.species: r.concentration for r in scenario.release[1:]} == pytest.approx(
        {"Bm": 10 * MICROMOLAR, "CaBm": 10 * MICROMOLAR}
    )
    scenario = parse_scenario(PLAIN + CALCIUM + '[[mechanism]]\nkind = "pmca"\ncount = 7\nresting = "120 nM"\n')
    assert [(r.species, r.count) for r in scenario.release[1:]] == [("PMCA", 4), ("PMCA_Ca", 3)]  # 4.2 and 2.8


def test_the_text_keeps_the_mechanisms_and_settings_reach_them():
    scenario = parse_scenario(ALL)
    assert parse_scenario(to_toml(scenario)) == scenario
    assert "NMDAR_C0" not in scenario.text and 'kind = "nmdar"' in scenario.text
    other = override(
        scenario, "mechanism.nmdar.count=3", "mechanism.pmca.parameters.carry=5 /s", "voltage.waveform=bell2022_each"
    )
    assert next(r.count for r in other.release if r.species == "NMDAR_C0") == 3
    assert {r.equation: r.kf.value for r in other.reaction if "PMCA_Ca ->" in r.equation} == {"PMCA_Ca -> PMCA": (5.0,)}
    assert other.voltage.waveform == "bell2022_each"


def test_a_run_is_stored_resumed_and_fingerprinted(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(ALL)
    tree = smc.run(load_scenario(path), tmp_path / "a.zarr", seed=2)
    again = smc.resume(tmp_path / "a.zarr")
    assert np.array_equal(tree["counts/count"].values, again["counts/count"].values)
    opened = tree["surface/count"].sel(species="NMDAR", region="psd").max()
    assert opened > 0 and float(tree["events/count"].sel(reaction="VSCC -> VSCC + Ca").sum()) >= 0
    assert parse_scenario(tree.attrs["scenario"], path) == load_scenario(path, ["run.seed=2"])
    smc.run(load_scenario(path, ["run.seed=2"]), tmp_path / "b.zarr")
    other = smc.run(load_scenario(path, ["run.seed=2", "voltage.waveform=bell2022_each"]), tmp_path / "c.zarr")
    assert other.attrs["fingerprint"] != tree.attrs["fingerprint"]


def test_glutamate_is_released_as_molecules_at_each_input():
    text = PLAIN.replace("[run]", '[geometry.outside]\nmargin = "0.1 um"\n[run]') + CALCIUM
    text += '[voltage]\nhold = "-30 mV"\n[[mechanism]]\nkind = "glutamate"\n'
    text += '[[mechanism]]\nkind = "nmdar"\ncount = 5\nparameters = { ligand = "glu" }\n[[stimulus]]\nkind = "train"\n'
    text += 'frequency = "1000 Hz"\nnumber = 3\nstart = "1 ms"\nat = "psd"\n'
    text += 'release = { species = "glu", count = 500, at = ["0 um", "0 um", "0.35 um"] }\n'
    found = next(r for r in parse_scenario(text).release if r.species == "glu")
    assert found.time == pytest.approx((1e-3, 2e-3, 3e-3)) and found.count == 500
    (line,) = faults(text.replace("count = 500,", 'count = 500, tme = "1 s",'))
    assert line == "scenario: stimulus 1, release.tme is not a key of release. Did you mean release.time?"
    (line,) = faults(text.replace("count = 500,", 'count = 500, time = "1 s",'))
    assert "the stimulus says when" in line


@pytest.mark.parametrize(
    "kind, keys, told",
    [
        ("single", 'start = "2 ms"', [2]),
        ("times", 'times = ["3 ms", "1 ms"]', [1, 3]),
        ("train", 'frequency = "1 kHz"\nnumber = 3', [0, 1, 2]),
        ("bursts", 'bursts = 2\nnumber = 2\nfrequency = "1000 Hz"\nevery = "3 ms"', [0, 1, 3, 4]),
        ("theta", 'bursts = 2\nnumber = 2\nfrequency = "1000 Hz"\ntheta = "500 Hz"', [0, 1, 2, 3]),
        ("file", 'file = "times.txt"\nstart = "1 ms"', [1, 3]),
    ],
)
def test_kinds_of_stimuli(kind, keys, told, tmp_path):
    (tmp_path / "times.txt").write_text("0\n0.002\n")
    text = f'{PLAIN}{CALCIUM}[[stimulus]]\nkind = "{kind}"\nat = "psd"\n{keys}\n'
    (stimulus,) = parse_scenario(text, tmp_path / "a.toml").stimulus
    assert stimulus.event == "glutamate" and np.array(stimulus.time) * 1e3 == pytest.approx(told)


def test_pairs_bring_glutamate_and_spikes():
    each = '[voltage]\nwaveform = "bell2022_each"\n'
    keys = 'delay = "-1 ms"\nnumber = 2\nfrequency = "500 Hz"\nat = "psd"\npeak = "2 mM"\n'
    one, other = parse_scenario(f'{PLAIN}{CALCIUM}{each}[[stimulus]]\nkind = "pairs"\n{keys}').stimulus
    assert (one.event, other.event) == ("glutamate", "spike") and one.peak == pytest.approx(2e-3)
    assert np.array(one.time) == pytest.approx([1e-3, 3e-3]) and np.array(other.time) == pytest.approx([0, 2e-3])


def test_poisson_inputs_are_those_of_their_seed():
    text = f'{PLAIN}{CALCIUM}[[stimulus]]\nkind = "poisson"\nfrequency = "2000 Hz"\nduration = "5 ms"\nat = "psd"\n'
    one, same, other = (parse_scenario(text + seed).stimulus[0].time for seed in ("", "seed = 1", "seed = 2"))
    assert one == same != other and all(0 <= t <= 5e-3 for t in one)


VSCC = '[[mechanism]]\nkind = "vscc"\n'


@pytest.mark.parametrize(
    "text, told",
    [
        (
            '[[mechanism]]\nkind = "nmda"\n',
            ['mechanism 2, kind = "nmda": no such kind of mechanism. Did you mean nmdar?'],
        ),
        (VSCC, ['mechanism 2, kind = "vscc": it follows the voltage, and there is none: add a [voltage]']),
        (
            '[[mechanism]]\nkind = "ampar"\n',
            ['mechanism 2, kind = "ampar": it waits for glutamate: add a [[stimulus]]'],
        ),
        (
            '[[mechanism]]\nkind = "pmca"\nparameters = { crry = "1 /s" }\n',
            ["mechanism 2, parameters.crry is not a key of parameters. Did you mean parameters.carry?"],
        ),
        (
            '[[mechanism]]\nkind = "pmca"\nparameters = { carry = "1 um" }\n',
            ['mechanism 2, parameters.carry = "1 um": a first-order reaction needs a rate in 1/s.'],
        ),
        (
            '[[mechanism]]\nkind = "indicator"\nconcentration = "1 uM"\n'
            'parameters = { D = "1 um^2/s", bind = "1e8 /M/s" }\n',
            ["mechanism 2, parameters.kd is missing", "mechanism 2, parameters.brightness is missing"],
        ),
        ('[[mechanism]]\nkind = "pmca"\nion = "Mg"\n', ["mechanism 2 needs Mg, which is not a species"]),
        (
            '[[mechanism]]\nkind = "pmca"\n[[mechanism]]\nkind = "pmca"\n',
            ["mechanism 3, name: it makes a species PMCA, which is there already: give it a name of its own."],
        ),
        (
            '[[mechanism]]\nkind = "serca"\n',
            ["mechanism 2 needs the space lumen, which is not here; there are cytosol."],
        ),
        ('[[mechanism]]\nkind = "pmca"\nin = "cytosol"\n', ["pmca sits on a surface: say which region with `on`."]),
        ('[[mechanism]]\nkind = "calbindin"\non = "psd"\n', ["calbindin is in the volume"]),
        ('[[mechanism]]\nkind = "pmca"\ncount = -1\n', ["mechanism 2, count = -1: a whole number"]),
        ('[[mechanism]]\nkind = "pmca"\ncount = 1\ndensity = "1 /um^2"\n', ["needs exactly one amount"]),
        ('[[mechanism]]\nkind = "pmca"\nsees = "head"\n', ["nothing of it follows the voltage: remove it."]),
        ('[[mechanism]]\nkind = "pmca"\ncolour = 1\n', ["mechanism 2, colour is not a key of [[mechanism]]."]),
        (
            '[[mechanism]]\nkind = "gated_channel"\ncount = 1\nparameters = { power = 9, '
            'conductance = "1 pS", m_half = "0 mV", '
            'm_slope = "1 mV", m_tau = "1 ms", h_half = "0 mV", h_slope = "-1 mV", h_tau = "1 ms" }\n'
            '[voltage]\nhold = "0 mV"\n',
            ["mechanism 2, parameters: power = 9.0: a whole number of m gates from 1 to 4 is needed."],
        ),
        (
            '[voltage]\nhold = "0 mV"\nwaveform = "bell2022"\n',
            ["voltage needs exactly one of hold, table, waveform and circuit; it has hold and waveform."],
        ),
        ('[voltage]\nhold = "0 V/m"\n', ['voltage.hold = "0 V/m": a voltage is given in mV.']),
        ('[voltage]\nwaveform = "bel2022"\n', ["no such waveform. Did you mean bell2022?"]),
        ('[voltage.circuit]\nneck_resistence = "1 Mohm"\n', ["Did you mean voltage.circuit.neck_resistance?"]),
        ('[voltage.circuit]\nampa_rise = "5 ms"\n', ["a rise is faster than a decay"]),
        ('[[stimulus]]\nkind = "single"\n', ["stimulus 1, at is missing: say which region the glutamate comes to"]),
        (
            '[voltage]\nwaveform = "bell2022_each"\n[[stimulus]]\nkind = "single"\nevent = "spike"\nat = "psd"\n',
            ["a spike is of the whole cell"],
        ),
        ('[[stimulus]]\nkind = "single"\nevent = "spike"\n', ["no voltage follows its spikes: add a [voltage]"]),
        (
            '[[stimulus]]\nkind = "single"\nat = "psd"\nstart = "9 ms"\n',
            ["an input at 0.009 s is not between 0 and run.t_stop"],
        ),
        ('[[stimulus]]\nkind = "train"\nat = "psd"\nnumber = 2\n', ["stimulus 1, frequency is missing"]),
        ('[[stimulus]]\nkind = "trian"\nat = "psd"\n', ["no such kind of stimulus. Did you mean train?"]),
        ('[[stimulus]]\nkind = "single"\nat = "psd"\nfrequency = "1 Hz"\n', ["stimulus 1, frequency is not a key"]),
    ],
)
def test_mistakes(text, told):
    found = faults(PLAIN + CALCIUM + text)
    assert len(found) == len(told)
    for line, part in zip(found, told, strict=True):
        assert part in line


def test_a_mechanism_that_is_never_put_in_is_told():
    (*_, line) = faults(PLAIN + CALCIUM + '[[mechanism]]\nkind = "leak"\nparameters = { leak = "1 /s" }\n')
    assert "species LEAK can never appear" in line


def test_an_input_elsewhere_is_told_when_it_is_built():
    text = ALL.replace('at = "psd"', 'at = "membrane"')
    with pytest.raises(ScenarioError, match=r"no \[\[stimulus\]\] brings glutamate there"):
        driven(parse_scenario(text), None)


def test_the_command_tells_mechanisms(capsys):
    assert cli.main(["mechanisms"]) == 0
    assert all(line.startswith(kind) for line, kind in zip(capsys.readouterr().out.splitlines(), KINDS, strict=True))
    for kind, entry in KINDS.items():
        assert cli.main(["mechanisms", kind]) == 0
        told = capsys.readouterr().out
        assert all(f"    {name} " in told for name in entry.parameters) and entry.what in told
    assert cli.main(["mechanisms", "nmda"]) == 2
    assert capsys.readouterr().err == '"nmda" is not a kind of mechanism. Did you mean nmdar?\n'


def test_the_manual_tells_all_of_them():
    manual = (Path(__file__).resolve().parents[2] / "docs" / "mechanisms.md").read_text()
    assert all(row in manual for row in description.rows())


def test_check_tells_what_mechanisms_stand_for(tmp_path, capsys):
    (tmp_path / "a.toml").write_text(ALL)
    assert cli.main(["check", str(tmp_path / "a.toml")]) == 0
    told = capsys.readouterr().out
    assert "  NMDAR      nmdar                  5          5  7 on psd\n             block = bell\n" in told
    assert "stimulus     glutamate at psd, 2 times, 0 to 2 ms\n" in told
