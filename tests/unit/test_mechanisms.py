"""Channels of the literature: against numbers computed elsewhere, dimensions, and the study that uses them."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from spinemc import mechanisms
from spinemc.scenario import Scenario, load_scenario
from spinemc.units import AVOGADRO

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "analysis" / "one_spine"
TABLES = ROOT / "analysis" / "tables"
REFERENCE = ROOT.parent / "shared" / "reference" / "tables"


def near(value, told):
    """Whether a value is the one told, to the last digit told."""
    digits = len(told.lstrip("-").lstrip("0.").split("e")[0].replace(".", ""))
    return float(f"{float(value):.{digits}g}") == float(told)


def test_voltage():
    told = {0: "0.8", 5: "-32.7", 10: "-39.0", 20: "-44.0", 35: "-50.1"}
    assert all(near(mechanisms.voltage(1e-3 * t), v) for t, v in told.items())


def test_flux_of_an_open_nmda_receptor():
    told = {0: "5.73e4", 5: "1.40e4", 10: "8.28e3", 20: "5.01e3", 35: "2.6e3"}
    for t, flux in told.items():
        assert near(mechanisms.nmdar_flux(1e-3 * t, mechanisms.voltage(1e-3 * t)), flux)
    assert near(mechanisms.nmdar_conductance(), "44.1")


def test_block_by_magnesium():
    told = {-80: ".0023", -65: ".0089", -40: ".0826", -20: ".3618", 0: ".7812", 20: ".9574", 40: ".9930"}
    for v, share in told.items():
        assert round(float(mechanisms.magnesium_block(v)), 4) == float(share)


def test_flux_of_an_nmda_receptor_without_magnesium():
    """Three entries of the published rate table, which was made with an elementary charge of 1.6e-19 C."""
    told = {0.5e-6: 31015.681861217126, 100e-6: 50824.691416264475, 284.5e-6: 85727.74080874163}
    for t, flux in told.items():
        ours = mechanisms.nmdar_unblocked_flux(mechanisms.voltage(t)) * (mechanisms.FARADAY / AVOGADRO) / 1.6e-19
        assert ours == pytest.approx(flux, rel=1e-12)
    assert mechanisms.nmdar_unblocked_flux(20.0) == 0.0


def test_magnesium_goes_in_and_out():
    """At 0 mV a tenth of the open receptors hold magnesium; e-fold changes are 17 mV in and 47 mV out."""
    block, unblock = mechanisms.nmdar_block(np.array([0.0, -17.0, 47.0]))
    assert block[0] / (block[0] + unblock[0]) == pytest.approx(0.1)
    assert block[1] / block[0] == pytest.approx(np.e) and unblock[2] / unblock[0] == pytest.approx(np.e)


def test_loops_of_the_ampa_receptor_turn_nowhere():
    """Around each closed way of the scheme the products of the rates agree, within the digits of the source."""
    rate = {}
    for entry in mechanisms.AMPAR.reaction:
        left, right = (side.split(" + ")[-1] for side in entry["equation"].split(" <-> "))
        rate[left, right], rate[right, left] = (float(entry[key].split()[0]) for key in ("kf", "kb"))
    for states in (("C1", "C2", "C4", "C3"), ("C2", "", "C5", "C4")):
        names = ["AMPAR_" + state if state else "AMPAR" for state in states]
        round_trip = list(zip(names, [*names[1:], names[0]], strict=True))
        there = np.prod([rate[a, b] for a, b in round_trip])
        back = np.prod([rate[b, a] for a, b in round_trip])
        assert there == pytest.approx(back, rel=0.02)


def test_flux_of_an_open_calcium_channel():
    told = {-65: "2.52e6", -20: "9.37e5", 10: "4.3e5"}
    assert all(near(mechanisms.vscc_flux(v), flux) for v, flux in told.items())


def test_flux_of_an_open_calcium_channel_is_smooth_at_0_mV():
    left, at, right = mechanisms.vscc_flux(np.array([-1e-6, 0.0, 1e-6]))
    assert at == pytest.approx(0.5 * (left + right), rel=1e-9)


def test_open_calcium_channels_in_the_long_run():
    """The chain's stationary distribution is the product of the ratios of its rates."""
    for v, told in ((-65.0, "1.6e-5"), (-20.0, ".067"), (0.0, ".62")):
        forward, reverse = mechanisms.vscc_rates(v)
        weight = np.concatenate([[1.0], np.cumprod(forward / reverse)])
        assert near(weight[-1] / weight.sum(), told)


def test_flux_of_a_calcium_channel_has_the_dimension_of_a_rate():
    from pint import UnitRegistry

    u = UnitRegistry()
    v = -40.0 * u.mV
    current = 3.72 * u.pS * v * (0.393 - np.exp(40.0 / 80.36)) / (1.0 - np.exp(-40.0 / 80.36))
    ions = (current / (2.0 * u.elementary_charge)).to("1/s")
    assert mechanisms.vscc_flux(-40.0) == pytest.approx(ions.magnitude, rel=1e-7)


def test_glutamate_binds_in_proportion():
    glutamate = mechanisms.glutamate(np.array([0.0, 1.2e-3]))
    assert glutamate == pytest.approx([1e-3, 1e-3 / np.e])
    first, second = mechanisms.nmdar_binding(glutamate)
    assert first == pytest.approx(2e7 * glutamate) and second == pytest.approx(1e7 * glutamate)


def test_reference_tables():
    """Independent tables, to their digits, at a course of the voltage that one of them tells.

    They were made with 6.022e23 molecules in a mole.
    """
    if not REFERENCE.is_dir():
        pytest.skip("the reference tables are not here")

    def read(name):
        return np.loadtxt(REFERENCE / f"{name}.csv", delimiter=",", unpack=True)

    _, opens = read("vscc_1_forward")
    volts = mechanisms.VSCC_SLOPE[0] * np.log(opens / mechanisms.VSCC_FORWARD[0])
    forward, reverse = mechanisms.vscc_rates(volts)
    for i in range(4):
        for way, rates in (("forward", forward), ("reverse", reverse)):
            assert rates[i] == pytest.approx(read(f"vscc_{i + 1}_{way}")[1], rel=2e-6)
    flux = mechanisms.vscc_flux(volts) * 6.022e23 / AVOGADRO
    assert flux == pytest.approx(read("vscc_flux")[1], rel=2e-6)


@pytest.mark.parametrize("file", ["scenario.toml", "mushroom.toml"])
def test_study_says_what_the_mechanisms_say(file):
    scenario = load_scenario(STUDY / file)
    m = mechanisms
    parts = [m.CALCIUM, m.MOBILE_BUFFER, m.FIXED_BUFFER, m.PMCA, m.NCX, m.VSCC, m.NMDAR]
    gathered = m.assembled(*parts, tables="../tables")
    channels = [release for release in scenario.release if release.count is not None]
    released = gathered.pop("release")
    told = Scenario(
        geometry={"shape": {"kind": "sphere", "radius": "1 um"}},
        run={"t_stop": "35 ms", "dt": "1 us", "sample_every": "0.1 ms"},
        release=[*released, *({"species": r.species, "count": r.count, "on": r.on} for r in channels)],
        path=scenario.path,
        **gathered,
    )
    assert told.species == scenario.species
    assert told.reaction == scenario.reaction
    assert sorted(map(repr, told.release)) == sorted(map(repr, scenario.release))


def test_tables_of_the_studies_are_what_the_script_writes(tmp_path):
    written = runpy.run_path(str(TABLES / "write.py"))
    for name, (title, rate) in mechanisms.tables(written["TIME"], written["PEAK"], written["DECAY"]).items():
        mechanisms.write_table(tmp_path / f"{name}.csv", written["TIME"], rate, title)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(path.name for path in TABLES.glob("*.csv"))
    for name in made:
        old, new = ((folder / name).read_text() for folder in (TABLES, tmp_path))
        assert old.splitlines()[:2] == new.splitlines()[:2]
        numbers = [np.loadtxt(text.splitlines(), delimiter=",") for text in (old, new)]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-8)


def test_tables_follow_the_formulas_between_their_rows():
    """Linear between rows, as a run reads them, a table stays close to what it stands for."""
    rows = runpy.run_path(str(TABLES / "write.py"))["TIME"]
    fine = np.linspace(0.0, 35e-3, 5000)
    coarse, exact = mechanisms.tables(rows), mechanisms.tables(fine)
    for name, (_, rate) in coarse.items():
        assert np.interp(fine, rows, rate) == pytest.approx(exact[name][1], rel=1e-3, abs=1e-4 * rate.max())
