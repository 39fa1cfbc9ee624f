"""The published spine: receptors against rate equations written out here, glutamate, geometries, and the trend."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import erf
from scipy.stats import spearmanr

from spinemc import mechanisms, simulate
from spinemc.geometry import build
from spinemc.scenario import Scenario, load_scenario, override, parse_scenario
from spinemc.units import AVOGADRO
from spinemc.validation.scenes import counts, run

ANALYSIS = Path(__file__).parents[2] / "analysis"
STUDY = ANALYSIS / "published_spine"
WRITTEN = runpy.run_path(str(STUDY / "scenarios.py"))
SPINES = {spine.name: spine for spine in WRITTEN["SPINES"]}

NMDAR = (
    ("C0", "C1", 2e7, 11.0, True),
    ("C1", "C2", 1e7, 22.0, True),
    ("C2", "", 93.0, 183.2, False),
    ("C2", "D", 16.8, 3.6, False),
    ("C0b", "C1b", 2e7, 11.0, True),
    ("C1b", "C2b", 1e7, 22.0, True),
    ("C2b", "b", 97.0, 574.0, False),
    ("C2b", "Db", 16.8, 3.6, False),
)
AMPAR = (
    ("C0", "C1", 9.18e6, 8520.0, True),
    ("C1", "C2", 5.68e7, 6520.0, True),
    ("C2", "", 8480.0, 1800.0, False),
    ("C1", "C3", 5780.0, 78.4, False),
    ("C3", "C4", 2.54e6, 91.4, True),
    ("C2", "C4", 344.0, 1.45, False),
    ("C4", "C5", 33.6, 380.8, False),
    ("C5", "", 8.0, 35.4, False),
)
"""From, to ("" is the open state), forward [s^-1, or M^-1 s^-1 with a glutamate], backward [s^-1], with a glutamate."""


def named(kind, state):
    return kind + ("_" + state if state else "")


def expected(start, volume, times):
    """Numbers of all states and of free glutamate, by rate equations, at the published voltage."""
    steps = [(named("NMDAR", a), named("NMDAR", b), *rest) for a, b, *rest in NMDAR]
    steps += [(named("AMPAR", a), named("AMPAR", b), *rest) for a, b, *rest in AMPAR]
    names = ["glu", *dict.fromkeys(name for a, b, *_ in steps for name in (a, b))]
    at = {name: i for i, name in enumerate(names)}

    def change(t, n):
        v = -65 + 38 * (0.75 * np.exp(-(1e3 * t - 2) / 3) + 0.25 * np.exp(-(1e3 * t - 2) / 25))
        v += 25 * (np.exp(-1e3 * t / 50) - np.exp(-1e3 * t / 5))
        molar = n[0] / (volume * 1e-15 * AVOGADRO)
        d = np.zeros(len(n))
        for a, b, forward, backward, binds in steps:
            flow = n[at[a]] * forward * (molar if binds else 1.0) - n[at[b]] * backward
            d[at[a]] -= flow
            d[at[b]] += flow
            d[0] -= flow * binds
        flow = n[at["NMDAR"]] * 1200 * np.exp(-v / 17) - n[at["NMDAR_b"]] * 10800 * np.exp(v / 47)
        d[at["NMDAR"]] -= flow
        d[at["NMDAR_b"]] += flow
        return d

    first = [start.get(name, 0.0) for name in names]
    solved = solve_ivp(change, (0.0, times[-1]), first, "LSODA", times, rtol=1e-9, atol=1e-9)
    return dict(zip(names, solved.y, strict=True))


def test_receptors_in_a_closed_bath():
    """Every state of both receptors at five times, within 4 standard errors; free glutamate within 2 %.

    1200 glutamate molecules in 0.02 um^3, a tenth of a millimole, around 200 NMDA and 200 AMPA receptors, which take
    half of it up. Receptors are as good as independent, so a state's number is binomial.
    """
    m = mechanisms
    chemistry = m.assembled(m.GLUTAMATE, m.NMDAR_CLEFT, m.AMPAR, tables="tables")
    chemistry["reaction"] = [entry for entry in chemistry["reaction"] if "+ Ca" not in entry["equation"]]
    start = {"glu": 1200, "NMDAR_C0": 200, "AMPAR_C0": 200}
    whole = {"sphere": {"center": ["0 um"] * 3, "radius": "1 um"}}
    system = simulate.prepare(
        Scenario(
            geometry={
                "shape": {"kind": "sphere", "radius": "0.1 um", "edge": "30 nm"},
                "region": [{"name": "psd", "within": whole}],
                "outside": {"margin": "50 nm"},
            },
            run={"t_stop": "5 ms", "dt": "1 us", "sample_every": "1 ms"},
            release=[
                {"species": "glu", "count": start["glu"], "in": "outside"},
                *({"species": name, "count": 200, "on": "psd"} for name in ("NMDAR_C0", "AMPAR_C0")),
            ],
            path=ANALYSIS / "bath.toml",
            **{key: chemistry[key] for key in ("species", "reaction")},
        )
    )
    trials = run(system, 8, seed=1)
    times = system.scenario.run.sample_times
    volume = system.geometry.space_volume(system.geometry.spaces.index("outside"))
    for name, mean in expected(start, volume, times).items():
        here = counts(system, trials, name, "outside" if name == "glu" else None).mean(axis=0)
        if name == "glu":
            assert here == pytest.approx(mean, rel=0.02)
            continue
        share = mean / 200.0
        seen = mean * len(trials) > 5.0  # fewer are not as good as Gaussian
        seen[0] = False
        error = np.sqrt(200.0 * share * (1.0 - share) / len(trials))
        assert np.abs((here - mean)[seen] / error[seen]).max(initial=0.0) < 4.0, name


def test_the_pumps_of_the_apparatus_turn_as_published():
    """Rates between the six states at 10 uM outside and the lumen's calcium inside, against the published numbers."""
    molar, stored = 1e-5, 60e-6
    steps = (
        ("x0", "x1", 2e8 * molar, 83.7),
        ("x1", "x2", 1e8 * molar, 167.4),
        ("x2", "y2", 0.6, 0.097),
        ("y2", "y1", 60.04, 6.0),
        ("y1", "y0", 30.02, 12.0),
        ("y0", "x0", 0.4, 1.2e-3),
    )
    names = ["x0", "x1", "x2", "y2", "y1", "y0"]
    generator = np.zeros((6, 6))
    for a, b, forward, backward in steps:
        for start, end, rate in ((a, b, forward), (b, a, backward)):
            generator[names.index(start), names.index(end)] += rate
            generator[names.index(start), names.index(start)] -= rate
    told = {"SERCA_" + name: name for name in names}
    ours = np.zeros((6, 6))
    for entry in mechanisms.SERCA.reaction:
        left, _, right = entry["equation"].partition(" <-> " if "kb" in entry else " -> ")
        one, other = (next(told[word] for word in side.split(" + ") if word in told) for side in (left, right))
        for start, end, side, key in ((one, other, left, "kf"), (other, one, right, "kb")):
            if start != end and key in entry:
                value, unit = entry[key].split()
                near = stored if "Ca@lumen" in side else molar
                rate = float(value) * (near if unit == "/M/s" else 1.0)
                ours[names.index(start), names.index(end)] += rate
                ours[names.index(start), names.index(start)] -= rate
    assert ours == pytest.approx(generator, rel=1e-9)


@pytest.fixture(scope="module")
def synapses():
    """A millisecond of the thin and of the mushroom spine, three trials each."""
    made = {}
    for name in ("thin", "mushroom"):
        system = simulate.prepare(override(load_scenario(STUDY / f"{name}.toml"), "run.t_stop=1 ms"))
        made[name] = system, run(system, 3, seed=3)
    return made


@pytest.mark.parametrize("name", ["thin", "mushroom"])
def test_glutamate_is_free_or_bound_or_taken(synapses, name):
    """All 500 at every sample, in every trial."""
    system, trials = synapses[name]
    one = ["NMDAR_C1", "NMDAR_C1b", "AMPAR_C1", "AMPAR_C3"]
    two = [named("NMDAR", s) for s in ("C2", "D", "", "C2b", "Db", "b")]
    two += [named("AMPAR", s) for s in ("C2", "C4", "C5", "")]
    held = counts(system, trials, "glu", "outside")
    held += sum(counts(system, trials, s) for s in one) + 2 * sum(counts(system, trials, s) for s in two)
    last = len(system.scenario.boundary) - 1
    assert system.scenario.boundary[last].region == "far"
    taken = np.cumsum([trial.absorbed[:, last] for trial in trials], axis=1)
    assert (held + taken == 500).all()
    assert taken[:, -1].min() > 0 and (held[:, -1] < 500).all()


def test_glutamate_leaves_the_cleft_as_it_leaves_a_disc(synapses):
    """Between two endless plates, the share in a square about the middle is an error function squared.

    The cleft ends at the disc around that square, and the space there is open on all sides: fewer are left, but not
    less than half as many after 0.1 ms, in which the square root of 4 D t is what the disc's radius is.
    """
    system, trials = synapses["mushroom"]
    time = system.scenario.run.sample_times
    radius = SPINES["mushroom"].lengths()["psd_radius"]
    here = counts(system, trials, "glu", "cleft").mean(axis=0)
    k = 1  # 0.1 ms
    free = 500.0 * erf(radius / np.sqrt(2.0) / np.sqrt(4.0 * 220.0 * time[k])) ** 2
    assert here[0] == 500
    assert 0.5 * free < here[k] < free + 3.0 * np.sqrt(free)


@pytest.mark.parametrize("name", list(SPINES))
def test_geometries_meet_the_published_table(name):
    """Volume, area and PSD within 1 %."""
    spine = SPINES[name]
    geometry = build(parse_scenario(WRITTEN["scenario"](spine, name), STUDY / "x.toml").geometry)
    assert geometry.volume == pytest.approx(spine.volume, rel=0.02 if spine.volume < 0.02 else 0.01)
    assert geometry.area == pytest.approx(spine.area, rel=0.01)
    assert geometry.region_area[geometry.regions.index("psd")] == pytest.approx(spine.psd, rel=0.01)


PUBLISHED = {
    # volume um^3, area um^2, PSD um^2, volume over area um, receptors
    "thin": (0.035, 0.611, 0.045, 0.0573, 7, 54),
    "thin x2": (0.283, 2.453, 0.241, 0.1154, 36, 289),
    "mushroom": (0.271, 2.567, 0.232, 0.1056, 35, 278),
    "mushroom x1.33": (0.643, 4.568, 0.526, 0.1408, 79, 631),
    "filopodium": (0.138, 2.860, 0.127, 0.0483, 19, 152),
    "filopodium x0.75": (0.058, 1.609, 0.064, 0.0360, 10, 77),
    "filopodium x0.5": (0.017, 0.717, 0.031, 0.0237, 5, 37),
    "mushroom, small apparatus": (0.255, 2.567, 0.232, 0.099, 35, 278),
    "mushroom, medium apparatus": (0.235, 2.567, 0.232, 0.092, 35, 278),
    "mushroom, large apparatus": (0.203, 2.567, 0.232, 0.079, 35, 278),
    "thin, small apparatus": (0.033, 0.611, 0.045, 0.054, 7, 54),
    "thin, medium apparatus": (0.030, 0.611, 0.045, 0.049, 7, 54),
    "thin, large apparatus": (0.026, 0.611, 0.045, 0.043, 7, 54),
    "thin, thin neck": (0.034, 0.653, 0.045, 0.052, 7, 54),
    "thin, thick neck": (0.035, 0.590, 0.045, 0.059, 7, 54),
    "mushroom, thin neck": (0.270, 2.689, 0.232, 0.100, 35, 278),
    "mushroom, thick neck": (0.272, 2.507, 0.232, 0.108, 35, 278),
}


def test_the_table_of_geometries_is_the_published_one():
    """To its digits; of volume over area to one of the last, since what it was made of has more."""
    assert set(SPINES) == set(PUBLISHED)
    for name, (volume, area, psd, ratio, nmdar, ampar) in PUBLISHED.items():
        one = SPINES[name]
        assert (one.volume, one.area, one.psd, one.nmdar, one.ampar) == (volume, area, psd, nmdar, ampar)
        digits = len(str(ratio).partition(".")[2])
        assert one.volume / one.area == pytest.approx(ratio, abs=1.0001 * 10.0**-digits)


def test_receptors_have_the_published_densities():
    """150 and 1200 um^-2 of the PSD, as whole numbers: the table's own, told with two digits of the area."""
    for spine in SPINES.values():
        assert spine.nmdar == pytest.approx(150.0 * spine.psd, abs=1.0)
        assert spine.ampar == pytest.approx(1200.0 * spine.psd, abs=1.0)


def test_the_apparatus_has_the_published_volume_and_area():
    geometry = build(load_scenario(STUDY / "mushroom_apparatus.toml").geometry)
    assert geometry.space_volume(geometry.spaces.index("lumen")) == pytest.approx(0.0358, rel=0.01)
    assert geometry.region_area[geometry.regions.index("apparatus")] == pytest.approx(0.7273, rel=0.01)
    assert geometry.volume == pytest.approx(0.235, rel=0.01)


@pytest.mark.parametrize("name", ["thin", "mushroom", "mushroom_apparatus"])
def test_scenarios_are_what_the_script_writes(name):
    scenario = load_scenario(STUDY / f"{name}.toml")
    spine = SPINES["mushroom, medium apparatus" if "apparatus" in name else name]
    text = WRITTEN["scenario"](spine, scenario.title)
    assert parse_scenario(text, scenario.path) == scenario


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::spinemc.errors.SpinemcWarning")
def test_peak_calcium_rises_with_volume_over_area():
    """Over 6 trials of 7 published geometries: rank correlation of the peak in a trial, one-sided p below 0.01."""
    ratio, peak = [], []
    for spine in (one for one in SPINES.values() if not (one.neck or one.apparatus)):
        system = simulate.prepare(parse_scenario(WRITTEN["scenario"](spine, spine.name), STUDY / "x.toml"))
        ratio += 6 * [system.geometry.volume / system.geometry.area]
        peak += list(counts(system, run(system, 6, seed=2), "Ca").max(axis=1))
    assert spearmanr(ratio, peak, alternative="greater").pvalue < 0.01
