"""Exchange by formula: rates against the numbers of the literature, networks against exact diffusion and particles."""

import numpy as np
import pytest

import spinemc as smc
from spinemc.errors import ScenarioError, SpinemcError
from spinemc.plans import prepare
from spinemc.twins import formulas, ode
from spinemc.twins.formulas import conductance, rate_in, rate_out
from spinemc.twins.ode import Equations
from spinemc.twins.wells import network_of

D = 220.0  # um^2/s
SPINES = [{"at": "1 um"}, {"at": "3 um", "angle": "90 deg"}]
PAIR = {
    "kind": "dendrite",
    "length": "4 um",
    "radius": "0.5 um",
    "head_volume": "0.1 um^3",
    "neck_radius": "0.1 um",
    "neck_length": "1 um",
    "psd_radius": "0.142 um",
    "edge": "0.2 um",
    "spine": SPINES,
}
TUBE = {"kind": "dendrite", "length": "20 um", "radius": "0.3 um", "edge": "0.3 um"}


def scenario(shape, law="consistent", engine="ode", segment="0.2 um", t_stop="300 ms", run=None, **more):
    return smc.Scenario(
        geometry={"shape": shape},
        run={
            "t_stop": t_stop,
            "dt": "1 us",
            "sample_every": "1 ms",
            "engine": engine,
            "exchange": law,
        }
        | ({"segment": segment} if segment else {})
        | (run or {}),
        species=[{"name": "Ca", "D": f"{D} um^2/s"}],
        **({"release": [{"species": "Ca", "count": 1000, "in": "cytosol"}]} | more),
    )


def flow_of(system):
    """dN/dt = A N, and the pieces."""
    made = network_of(system)
    return Equations(made).jacobian(np.zeros(made.size), 0.0)[: made.size, : made.size], made.places


def test_literal_rates_are_those_of_the_published_formulas():
    assert rate_out(0.1, 1.0, 0.1, D) == pytest.approx(293.3, abs=0.05)
    assert rate_in(0.1, np.pi * 0.5**2 * 0.2, D) == pytest.approx(560.2, abs=0.05)
    assert rate_in(0.1, np.pi * 0.5**2 * 0.1, D) == pytest.approx(1120.4, abs=0.1)


@pytest.mark.parametrize(
    "volume, radius, length, literal, full",
    [
        (0.1, 0.1, 1.0, 3.41, 17.88),
        (0.03, 0.05, 0.5, 1.25, 9.93),
        (0.06, 0.1, 0.5, 1.25, 5.59),
        (0.27, 0.15, 0.7, 3.16, 15.31),
    ],
)
def test_escape_times_of_both_formulas(volume, radius, length, literal, full):
    assert 1e3 / rate_out(radius, length, volume, D) == pytest.approx(literal, abs=0.006)
    consistent = volume / conductance(radius, length, D)
    mouth = volume / (4.0 * D * radius)  # of the shaft, which an absorbing foot has not
    crossing = length**2 / (2.0 * D)  # of the neck's own ions
    assert 1e3 * (consistent - mouth + crossing) == pytest.approx(full, abs=0.006)


def test_the_network_has_the_rates_of_the_formulas():
    for law in formulas.FORMULAS:
        A, there = flow_of(prepare(scenario(PAIR, law)))
        (head, foot), volume = there.cut.feet[2], there.volume
        if law == "literal":
            expected = rate_out(0.1, 1.0, volume[head], D), rate_in(0.1, volume[foot], D)
        else:
            g = conductance(0.1, 1.0, D)
            expected = g / volume[head], g / volume[foot]
        assert (A[foot, head], A[head, foot]) == pytest.approx(expected, rel=1e-12)
        assert -A[head, head] == pytest.approx(expected[0], rel=1e-12)
        assert A[foot + 1, foot] == pytest.approx(D / 0.2**2, rel=1e-9)


@pytest.mark.parametrize("law", formulas.FORMULAS)
def test_ions_are_conserved(law):
    system = prepare(scenario(PAIR, law, release=[{"species": "Ca", "count": 1000, "in": "spine_1.head"}]))
    A, _ = flow_of(system)
    assert np.abs(A.sum(axis=0)).max() < 1e-9 * np.abs(A).max()
    found = ode.solve(system.scenario, system.geometry, system.network)
    assert np.abs(found.count[:, 0, 0] / 1000.0 - 1.0).max() < 1e-9


def test_the_consistent_form_keeps_detailed_balance_and_the_literal_one_does_not():
    system = prepare(scenario(PAIR, t_stop="2 s", release=[{"species": "Ca", "count": 1000, "in": "spine_1.head"}]))
    A, there = flow_of(system)
    at_rest = A * there.volume
    assert np.abs(at_rest - at_rest.T).max() < 1e-9 * np.abs(at_rest).max()
    literal, there = flow_of(prepare(scenario(PAIR, "literal")))
    at_rest = np.linalg.svd(literal)[2][-1]
    level = at_rest / there.volume
    (head, foot), V = there.cut.feet[2], there.volume[0]
    assert level[head] / level[foot] == pytest.approx(1.0 + 2.0 * 0.1 * 1.0**2 / V, rel=1e-6)


def test_steady_profile_along_the_shaft():
    decay = 0.01
    A, there = flow_of(prepare(scenario(TUBE, segment="0.1 um")))
    n = len(there.volume)
    source = np.zeros(n)
    source[n // 2] = 1.0
    steady = np.linalg.solve(np.eye(n) / decay - A, source) / there.volume
    x = np.abs(np.arange(n) - n // 2) * 20.0 / n
    near = (x > 0.0) & (x < 5.0)
    expected = np.exp(-x / np.sqrt(D * decay))
    here = near & (x < 0.15)
    ratio = steady / expected
    assert ratio[near] == pytest.approx(ratio[here].mean(), rel=0.01)


@pytest.mark.parametrize("away", [1.0, 2.0, 3.0])
def test_peaks_of_the_spread_come_when_diffusion_says(away):
    from scipy.linalg import expm

    A, there = flow_of(prepare(scenario(TUBE, segment="0.1 um")))
    n = len(there.volume)
    expected = away**2 / (2.0 * D)
    step = expm(A * expected / 200.0)
    state = np.zeros(n)
    state[n // 2] = 1.0
    seen = []
    for _ in range(400):
        state = step @ state
        seen.append(state[n // 2 + round(away / 0.1)])
    assert (np.argmax(seen) + 1) / 200.0 == pytest.approx(1.0, abs=0.015)


def test_escape_of_particles_is_that_of_the_full_formula():
    """600 ions and a neck of 0.1 um by 0.5 um: a standard error of 4 %, and the literal form is 4.5 times off."""
    shape = {
        "kind": "spine",
        "head_volume": "0.06 um^3",
        "neck_radius": "0.1 um",
        "neck_length": "0.5 um",
        "psd_radius": "0.15 um",
        "edge": "0.05 um",
    }
    made = smc.Scenario(
        geometry={"shape": shape},
        run={"t_stop": "40 ms", "dt": "1 us", "sample_every": "0.1 ms", "trials": 1, "seed": 3},
        species=[{"name": "Ca", "D": f"{D} um^2/s"}],
        release=[{"species": "Ca", "count": 600, "in": "head"}],
        boundary=[{"region": "base", "species": ["Ca"], "kind": "absorb"}],
    )
    from spinemc.engine.trial import run_trial

    system = prepare(made)
    left = run_trial(system, 3, 0).count[:, 0, 0]
    mean = np.trapezoid(left, system.scenario.run.sample_times) / 600.0
    V, a, length = float(system.geometry.compartment_volume[1]), 0.1, 0.5
    full = V / conductance(a, length, D) - V / (4.0 * D * a) + length**2 / (2.0 * D)
    error = full / np.sqrt(600.0)
    assert abs(mean - full) < 3.0 * error + 0.03 * full
    assert mean > 3.0 / rate_out(a, length, V, D)


def test_trials_have_the_mean_and_the_noise_of_ions_that_go_by_themselves():
    """In equilibrium each ion is in a head with the chance of its share: 100 trials, 4 standard errors."""
    from spinemc.twins.compartments import run_trial

    system = prepare(scenario(PAIR, engine="compartments", segment="2 um", t_stop="20 ms"))
    counts = np.array([run_trial(system, 5, k).count[-1, :, 0] for k in range(100)])
    share = network_of(system).places.volume[0] / network_of(system).places.volume.sum()
    n, p = 1000, share
    head = counts[:, 1]
    assert counts[:, 0].tolist() == [1000] * 100
    assert abs(head.mean() - n * p) < 4.0 * np.sqrt(n * p * (1 - p) / 100)
    assert abs(head.var(ddof=1) / (n * p * (1 - p)) - 1.0) < 4.0 * np.sqrt(2.0 / 99)


def test_ends_of_the_shaft_that_are_held():
    """What clamps at 1 uM and 0 uM drive along a shaft is D A / L."""
    clamps = [
        {"region": r, "species": ["Ca"], "kind": "clamp", "concentration": f"{c} uM"}
        for r, c in (("shaft_start", 1), ("shaft_end", 0))
    ]
    for law in formulas.FORMULAS:
        system = prepare(
            scenario(TUBE, law, segment="1 um", t_stop="3 s", boundary=clamps, run={"sample_every": "1 s"})
        )
        found = ode.solve(system.scenario, system.geometry, system.network)
        through = D * system.geometry.volume / 20.0**2 * 602.214
        assert found.absorbed[-1] == pytest.approx([-through, through], rel=1e-5)


def test_surfaces_keep_their_area_and_those_of_necks_are_shared():
    system = prepare(scenario(PAIR, release=[{"species": "Ca", "count": 1, "in": "cytosol"}], segment="0.5 um"))
    there, geometry = network_of(system).places, system.geometry
    assert there.area.sum() == pytest.approx(geometry.area, rel=1e-12)
    neck = geometry.regions.index("spine_1.neck")
    mine = there.patch_region == neck
    assert there.area[mine].sum() == pytest.approx(geometry.region_area[neck], rel=1e-12)
    head = there.area[mine & (there.patch_side[:, 0] == there.cut.feet[2][0])]
    assert 0.45 < head / geometry.region_area[neck] < 0.5  # the foot of it lies in the shaft


PSD = {"region": "spine_1.psd", "species": ["Ca"], "kind": "absorb"}


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"shape": {"kind": "sphere", "radius": "1 um"}}, "knows one shaft with spines on it"),
        (
            {
                "shape": PAIR
                | {"spine": [{"at": "1 um", "kind": "stubby", "head_radius": "0.2 um", "head_height": "0.4 um"}]}
            },
            "spine_1 has none",
        ),
        ({"shape": PAIR, "boundary": [PSD]}, "not at spine_1.psd"),
        ({"shape": PAIR, "release": [{"species": "Ca", "count": 9, "in": "*.neck"}]}, "a release is in spine_1.neck"),
        ({"shape": PAIR, "engine": "particles", "segment": None}, "means nothing to particles"),
        ({"shape": PAIR, "law": "literary"}, "Did you mean literal"),
        ({"shape": PAIR | {"spine": [{"at": "1 um"}, {"at": "1 um"}]}}, "spine_1 and spine_2 collide"),
        ({"shape": PAIR | {"spine": [{"at": "1 um"}, {"at": "9 um"}]}}, "beyond an end of the shaft"),
    ],
)
def test_what_formulas_do_not_know_is_refused_in_a_sentence(changed, said):
    with pytest.raises(SpinemcError) as told:
        prepare(scenario(**changed))
    assert said in str(told.value) and str(told.value).count("\n") == 0


def test_a_frequency_of_zero_is_refused():
    with pytest.raises(ScenarioError, match="frequency"):
        scenario(
            PAIR, stimulus=[{"kind": "train", "frequency": "0 Hz", "number": 3, "at": "spine_1.psd", "peak": "1 mM"}]
        )


def test_compare_lays_formulas_beside_trials(tmp_path):
    """Trials of the literal form: its own means agree to 5 standard errors, those of the consistent one do not."""
    into = [{"species": "Ca", "count": 1000, "in": "spine_1.head"}]
    made = scenario(PAIR, "literal", "compartments", "2 um", "10 ms", release=into, run={"trials": 10})
    tree = smc.run(made, tmp_path / "run.zarr", progress=False)
    found = smc.compare(tree, ("literal", "consistent"))
    head = found.isel(series=[str(name) for name in found["series"].values].index("Ca in spine_1.head"))
    trials = tree["counts/count"].sel(compartment="spine_1.head", species="Ca")
    error = trials.std("trial", ddof=1) / np.sqrt(10)
    names = list(found["twin"].values)
    assert set(names) == {"literal", "consistent"}
    at = {"time": 5}
    own, other = (float(head["bias"].sel(twin=name).isel(at)) for name in ("literal", "consistent"))
    assert abs(own) < 5.0 * float(error.isel(at)) < abs(other)
