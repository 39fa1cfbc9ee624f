"""The voltage of a scenario: the circuit against exact solutions, published courses, necks of meshes, inputs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

import spinemc as smc
from spinemc.chemistry import circuit
from spinemc.chemistry.circuit import Cell
from spinemc.chemistry.drive import Inputs, driven, sampled
from spinemc.errors import ScenarioError
from spinemc.geometry.necks import necks
from spinemc.scenario import parse_scenario
from spinemc.scenario.driven import Circuit

GEOMETRIES = Path(__file__).resolve().parents[2] / "geometries"
STEP = (10.0, 1e-9, 1e9, 0.0)
"""A spike that is a step of 10 mV."""

PASSIVE = Circuit(
    rest=-65.0,
    capacitance=1.0,
    membrane_resistance=1e12,
    resistivity=1.5,
    neck_resistance=None,
    dendrite_resistance=300.0,
    ampa=(0.0, 1e-4, 1e-3, 0.0),
    nmda=(0.0, 1e-4, 1e-3, 0.0),
    block="bell",
    magnesium=1.0,
    spike=STEP,
)
HEAD = Cell(("head",), (2.0,), (200.0,), 0.0)
SPINE = Cell(("head",), (2.0,), (200.0,), 5.0)


def test_a_head_charges_through_its_neck():
    """R = 500 Mohm and C = 0.02 pF: 10 us; within 1e-5 of the step."""
    t = np.linspace(0.0, 60e-6, 13)
    volts = circuit.solve(HEAD, PASSIVE, {}, [0.0], 1e-3)["head"](t)
    assert volts == pytest.approx(-65 + 10 * (1 - np.exp(-t / 10e-6)), abs=1e-4)


def test_a_leaky_head_divides_the_voltage():
    """A membrane of 500 Mohm behind necks of 500 Mohm: half of the step."""
    leaky = replace(PASSIVE, membrane_resistance=500e6 * 2e-8)
    volts = circuit.solve(HEAD, leaky, {}, [0.0], 1e-3)["head"](np.array([1e-3]))
    assert volts[0] == pytest.approx(-60.0, abs=1e-4)


def test_an_open_synapse_divides_the_voltage():
    """1 nS at 0 mV against 500 Mohm: V = -65 2 / (2 + 1); the block by magnesium as a share of it."""
    open_ = (1000.0, 1e-7, 1e6, 0.0)
    at = np.array([1e-3])
    for key in ("ampa", "nmda"):
        held = replace(PASSIVE, spike=(0.0, 1.0, 1.0, 0.0), magnesium=0.0, **{key: open_})
        volts = circuit.solve(HEAD, held, {"head": [0.0]}, [], 1e-3)["head"](at)
        assert volts[0] == pytest.approx(-65 * 2 / 3, abs=1e-3)
    blocked = replace(PASSIVE, spike=(0.0, 1.0, 1.0, 0.0), nmda=open_)
    v = circuit.solve(HEAD, blocked, {"head": [0.0]}, [], 1e-3)["head"](at)[0]
    share = 1 / (1 + np.exp(-0.092 * v) / 3.57)
    assert 2.0 * (-65 - v) + share * (0 - v) == pytest.approx(0.0, abs=1e-3)


def test_a_head_and_a_shaft_are_two_exponentials():
    """By the exponential of the matrix of the two linear equations."""
    leaky = replace(PASSIVE, membrane_resistance=2000.0)
    C = 1e-2 * np.array([2.0, 5.0])
    leak = 10.0 / 2000.0 * np.array([2.0, 5.0])
    neck, dendrite = 1e3 / 200.0, 1e3 / 300.0
    A = np.array([[-neck - leak[0], neck], [neck, -neck - leak[1] - dendrite]]) / C[:, None] * 1e3
    drive = np.array([0.0, dendrite * 10.0]) / C * 1e3
    rest = np.linalg.solve(A, -drive)
    found = circuit.solve(SPINE, leaky, {}, [0.0], 1e-3)
    for t in (2e-6, 5e-6, 20e-6, 100e-6):
        told = rest - expm(A * t) @ rest
        assert [found[n](np.array([t]))[0] + 65 for n in ("head", "shaft")] == pytest.approx(told, abs=1e-4)


def test_synapses_have_the_peak_and_the_sum_that_are_asked_for():
    t = np.linspace(0.0, 0.05, 50001)
    one = circuit.synapse([0.0], 0.2e-3, 1.7e-3, t)
    assert one.max() == pytest.approx(1.0, rel=1e-6)
    assert t[one.argmax()] == pytest.approx(0.2e-3 * 1.7e-3 / 1.5e-3 * np.log(8.5), abs=2e-6)
    many = circuit.synapse([0.0, 4e-3, 4e-3], 0.2e-3, 1.7e-3, t)
    late = np.where(t >= 4e-3, np.interp(t - 4e-3, t, one), 0.0)
    assert many == pytest.approx(one + 2 * late, abs=1e-6)


def test_a_published_potential_of_a_spine_with_a_neck():
    """A thinner neck makes the potential in the head larger and does not change what is far from it."""
    made = []
    for neck in (50.0, 500.0):
        given = replace(
            PASSIVE, membrane_resistance=2e4, ampa=(1000.0, 0.2e-3, 1.7e-3, 0.0), nmda=(550.0, 0.29e-3, 70e-3, -3.0)
        )
        t = np.linspace(0.0, 20e-3, 401)
        found = circuit.solve(replace(SPINE, neck=(neck,)), given, {"head": [1e-3]}, [], 20e-3)
        made.append({n: found[n](t).max() + 65 for n in found})
    assert made[1]["head"] > made[0]["head"] + 5.0
    assert made[0]["shaft"] < made[0]["head"]


@pytest.mark.parametrize(
    "length, diameter, rho, told",
    [(1.0, 0.1, 150, 191), (0.5, 0.1, 200, 127), (0.45, 0.2, 150, 21.5), (0.66, 0.15, 150, 56), (1, 0.0394, 150, 1230)],
)
def test_necks_of_meshes_resist_as_cylinders(length, diameter, rho, told):
    """Within 2 % of 4 rho L / (pi d^2) and of the published number, at 150 ohm cm and in proportion."""
    radius = diameter / 2.0
    assert 1e-2 * rho * length / (np.pi * radius**2) == pytest.approx(told, rel=0.005)
    shape = {"kind": "spine", "head_radius": "0.3 um", "neck_radius": f"{radius} um", "neck_length": f"{length} um"}
    run = {"t_stop": "1 ms", "dt": "1 us", "sample_every": "1 ms"}
    scenario = smc.Scenario(
        geometry={"shape": shape | {"psd_radius": "0.1 um", "edge": f"{min(0.03, 0.6 * radius)} um"}},
        run=run,
        species=[{"name": "Ca", "D": "1 um^2/s"}],
        release=[{"species": "Ca", "count": 1, "in": "head"}],
    )
    from spinemc.geometry import build

    geometry = build(scenario.geometry, None)
    neck = necks(geometry)[0]
    assert neck.length == pytest.approx(length, rel=0.02)
    assert neck.resistance == pytest.approx(1.5 * length / (np.pi * radius**2), rel=0.02)
    seen = circuit.cell(geometry, replace(PASSIVE, resistivity=1e-2 * rho))
    assert seen.neck[0] == pytest.approx(told, rel=0.02) and seen.shaft == 0.0
    whole = geometry.region_area[0] - geometry.region_area[geometry.regions.index("base")]
    assert seen.area[0] == pytest.approx(whole)


PAIR = f"""
[geometry]
file = "{GEOMETRIES / "pair.toml"}"
[run]
t_stop = "20 ms"
dt = "1 us"
sample_every = "1 ms"
[voltage.circuit]
[[mechanism]]
kind = "calcium"
[[mechanism]]
kind = "vscc"
name = "A"
on = "spine_1.head"
[[mechanism]]
kind = "vscc"
name = "B"
on = "spine_2.head"
[[mechanism]]
kind = "vscc"
name = "S"
on = "shaft"
"""


@pytest.fixture(scope="module")
def pair():
    return smc.load_geometry(GEOMETRIES / "pair.toml")


def test_each_spine_sees_its_own_voltage(pair):
    """An input to the first spine alone: its head is higher than the shaft, the other head as the shaft."""
    scenario = parse_scenario(PAIR + '[[stimulus]]\nkind = "single"\nstart = "1 ms"\nat = "spine_1.psd"\n')
    inputs = Inputs(scenario, pair)
    t = np.linspace(0.0, 20e-3, 201)
    one, other, shaft = (inputs.course(p)(t).max() for p in ("spine_1.head", "spine_2.psd", "shaft"))
    assert one > shaft + 1.0 and other == pytest.approx(shaft, abs=0.2)
    flux = {r.products[0]: r.kf.value for r in driven(scenario, pair).reaction if r.products[1:] == ("Ca",)}
    assert set(flux) == {"A", "B", "S"} and min(flux["A"]) < min(flux["B"])  # the driving force falls


def test_a_membrane_of_several_spines_says_whose_voltage_it_sees(pair):
    several = PAIR.replace('on = "shaft"', "") + '[[stimulus]]\nkind = "single"\nevent = "spike"\n'
    with pytest.raises(ScenarioError, match=r"membrane may be at several voltages.*spine_1, spine_2, shaft"):
        driven(parse_scenario(several), pair)
    made = driven(parse_scenario(several.replace('name = "S"', 'name = "S"\nsees = "shaft"')), pair)
    rates = {r.equation: r.kf for r in made.reaction}
    assert len(rates["S -> S + Ca"].time) > 10
    wrong = several.replace('name = "S"', 'name = "S"\nsees = "spine_3"')
    with pytest.raises(ScenarioError, match='sees = "spine_3" is no part'):
        driven(parse_scenario(wrong), pair)


def test_receptors_of_one_kind_see_one_course_of_glutamate(pair):
    """On each PSD by a pattern: inputs to both are theirs, an input to one is refused."""
    text = PAIR.split("[voltage.circuit]")[0] + '[voltage]\nhold = "-65 mV"\n[[mechanism]]\nkind = "calcium"\n'
    text += '[[mechanism]]\nkind = "nmdar"\non = "*.psd"\ncount = 5\n[[stimulus]]\nkind = "single"\nat = "*.psd"\n'
    both = driven(parse_scenario(text), pair)
    assert next(len(r.kf.time) for r in both.reaction if r.equation == "NMDAR_C0 <-> NMDAR_C1") > 10
    with pytest.raises(ScenarioError, match=r"glutamate comes to spine_1\.psd and not to all"):
        driven(parse_scenario(text.replace('at = "*.psd"', 'at = "spine_1.psd"')), pair)


def test_spikes_run_back_into_every_head(pair):
    scenario = parse_scenario(PAIR + '[[stimulus]]\nkind = "single"\nstart = "2 ms"\nevent = "spike"\n')
    course = Inputs(scenario, pair).course("spine_1.head")
    assert course(np.array([1.9e-3]))[0] == pytest.approx(-65.0)
    assert 0.0 < course(np.linspace(2e-3, 4e-3, 201)).max() < 2.0  # 67 mV less what the membrane takes


WAVE = """
[geometry]
shape = { kind = "sphere", radius = "0.3 um" }
[run]
t_stop = "40 ms"
dt = "1 us"
sample_every = "1 ms"
[[mechanism]]
kind = "calcium"
[[mechanism]]
kind = "vscc"
[voltage]
"""


def test_the_published_course():
    course = Inputs(parse_scenario(WAVE + 'waveform = "bell2022"'), None).course("membrane")
    told = {0: 0.8, 5: -32.7, 10: -39.0, 20: -44.0, 35: -50.1}
    for t, volts in told.items():
        assert course(np.array([1e-3 * t]))[0] == pytest.approx(volts, abs=0.05)


def test_the_published_course_after_each_input():
    """A spike 2 ms before an input is the published course from the input on."""
    end = '[[stimulus]]\nkind = "times"\ntimes = ["7 ms"]\nat = "membrane"\n[[stimulus]]\nkind = "pairs"\n'
    end += 'delay = "2 ms"\nnumber = 1\nstart = "7 ms"\nat = "membrane"\n'
    one = WAVE + 'waveform = "bell2022_each"\n' + end[end.index('[[stimulus]]\nkind = "pairs"') :]
    course = Inputs(parse_scenario(one), None).course("membrane")
    t = np.array([9.5e-3, 12e-3, 27e-3])
    published = Inputs(parse_scenario(WAVE + 'waveform = "bell2022"'), None).course("membrane")
    assert course(t) == pytest.approx(published(t - 7e-3), abs=1e-9)
    assert course(np.array([6.9e-3]))[0] == -65.0
    both = Inputs(parse_scenario(WAVE + 'waveform = "bell2022_each"\n' + end), None).course("membrane")
    synaptic = 25 * (np.exp(-(t - 7e-3) / 50e-3) - np.exp(-(t - 7e-3) / 5e-3))
    assert both(t) - course(t) == pytest.approx(synaptic, abs=1e-9)


def test_a_table_of_voltages(tmp_path):
    (tmp_path / "v.csv").write_text("time, voltage\n0, -65\n0.01, -15\n0.02, -65\n")
    scenario = parse_scenario(WAVE + 'table = "v.csv"', tmp_path / "a.toml")
    flux = next(r.kf for r in driven(scenario, None).reaction if r.equation == "VSCC -> VSCC + Ca")
    from spinemc.mechanisms import vscc_flux

    t = np.array([0.0, 3e-3, 10e-3, 12e-3, 30e-3])
    told = vscc_flux(np.interp(t, [0, 0.01, 0.02], [-65, -15, -65]))
    assert np.interp(t, flux.time, flux.value) == pytest.approx(told, rel=1e-3)


def test_rates_in_time_jump_and_bend_where_they_do():
    def course(t):
        return np.where(t < 3e-3, 5.0, 100.0 * np.exp(-(t - 3e-3) / 1e-3))

    rate = sampled(course, 20e-3, [3e-3])
    t = np.linspace(0.0, 20e-3, 30001)
    off = np.abs(np.interp(t, rate.time, rate.value) - course(t))
    assert off[t < 3e-3 - 1e-9].max() < 1e-12
    assert (off / np.maximum(course(t), 0.1)).max() < 1e-3
    bends = sampled(lambda t: 10.0 + np.sin(2 * np.pi * t / 40e-3), 40e-3)  # its chord meets it in the middle
    assert np.interp(t, bends.time, bends.value) == pytest.approx(10 + np.sin(2 * np.pi * t / 40e-3), rel=3e-4)
    assert sampled(lambda t: np.full(len(t), 7.0), 1.0, [0.5]).is_constant
