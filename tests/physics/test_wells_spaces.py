"""Wells of several spaces: what passes between them, and diffusion in each, against forms written by hand."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from scipy.linalg import expm

from spinemc.ensemble import Job, run_jobs
from spinemc.errors import ScenarioError
from spinemc.geometry import build
from spinemc.plans import prepare
from spinemc.scenario import GeometrySpec, Shape, parse_scenario
from spinemc.scenario.values import Outside, Surface
from spinemc.twins import levels
from spinemc.twins.conductance import exchange
from spinemc.twins.segments import patches, segments
from spinemc.twins.wells import network_of
from spinemc.twins.windows import exchange_between

NESTED = """schema = 1
[geometry]
shape = { kind = "box", size = ["0.3 um", "0.3 um", "0.3 um"], edge = "0.15 um" }
[geometry.outside]
margin = "0.1 um"
[[geometry.surface]]
name = "er"
shape = { kind = "sphere", radius = "0.1 um", edge = "0.06 um" }
inside = "lumen"
[run]
engine = "ode"
t_stop = "2 ms"
dt = "0.5 us"
sample_every = "0.5 ms"
segment = "9 um"
[[species]]
name = "Ca"
D = "300 um^2/s"
"""
PERMEABLE = '[[boundary]]\nregion = "{}"\nspecies = ["Ca"]\nkind = "permeable"\npermeability = "{} um/s"\n'
RELEASE = '[[release]]\nspecies = "{}"\ncount = {}\n{}\n'
NAMED = """[[geometry.compartment]]
name = "{}"
of = "{}"
within = {{ box = {{ low = ["-1 um", "-1 um", "{} um"], high = ["1 um", "1 um", "1 um"] }} }}
"""
CHANNEL = """
[[species]]
name = "R"
on = "er"
[[species]]
name = "RCa"
on = "er"
[[reaction]]
equation = "Ca + R <-> RCa"
kf = "2e8 /M/s"
kb = "500 /s"
[[reaction]]
equation = "RCa <-> R + Ca@lumen"
kf = "300 /s"
kb = "4e7 /M/s"
"""


def solved(text):
    system = prepare(parse_scenario(text))
    return system.geometry, levels.LEVELS["ode"].means(system)


def test_three_spaces_exchange_through_permeable_walls():
    """dN/dt = -P A (c1 - c2) at two walls, by the exponential of a matrix; crossings are counted from each side."""
    slow, fast = 20.0, 70.0
    walls = PERMEABLE.format("er", slow) + PERMEABLE.format("membrane", fast)
    geometry, found = solved(NESTED + walls + RELEASE.format("Ca@lumen", 300, 'in = "lumen"'))
    whole = [geometry.compartments.index(name) for name in ("lumen", "cytosol", "outside")]
    volume = geometry.compartment_volume[whole]
    flow = np.zeros((3, 3))
    for a, b, P, region in ((0, 1, slow, "er"), (1, 2, fast, "membrane")):
        passed = P * geometry.region_area[geometry.regions.index(region)]
        flow[[a, b], a] += passed / volume[a] * np.array([-1.0, 1.0])
        flow[[b, a], b] += passed / volume[b] * np.array([-1.0, 1.0])
    expected = np.array([expm(flow * t) @ [300.0, 0.0, 0.0] for t in found.time])
    np.testing.assert_allclose(found.count[:, whole, 0], expected, rtol=1e-6, atol=1e-6)
    assert expected[-1].min() > 5.0
    inward, outward = found.absorbed[:, :2].sum(axis=0)  # cytosol before er first
    assert outward - inward == pytest.approx(300.0 - expected[-1, 0], rel=1e-6)
    assert inward > 1.0


def test_a_carrier_of_an_organelle_comes_to_rest_as_its_rates_say():
    """c(lumen) / c(cytosol) = (kf/kb) (k2/k-2), each step balanced to 1e-9, and no ion is lost."""
    text = NESTED.replace("2 ms", "4 s").replace("0.5 ms", "1 s")
    text += CHANNEL + RELEASE.format("R", 40, 'on = "er"') + RELEASE.format("Ca", 200, 'in = "cytosol"')
    geometry, found = solved(text)
    volume = geometry.compartment_volume
    cytosol, lumen = (geometry.compartments.index(name) for name in ("cytosol", "lumen"))
    end, bound = found.count[-1, :, 0], found.surface[:, geometry.regions.index("er")]
    ratio = (end[lumen] / volume[lumen]) / (end[cytosol] / volume[cytosol])
    assert ratio == pytest.approx(2e8 / 500 * 300 / 4e7, rel=1e-7)
    np.testing.assert_allclose(found.events[-1, [0, 2]], found.events[-1, [1, 3]], rtol=1e-7)
    np.testing.assert_allclose(found.count[:, :, 0].sum(axis=1) + bound[:, 1], 200.0, rtol=1e-7)
    kf, free = 2e8 / 6.02214076e8, bound[-1, 0]  # um^3/s
    assert kf * free * end[cytosol] / volume[cytosol] == pytest.approx(500.0 * bound[-1, 1], rel=1e-7)
    assert not found.surface[:, geometry.regions.index("membrane")].any()


def test_balance_holds_in_every_piece():
    """At rest each pair of opposite channels is as often as the other: concentrations are even in each space."""
    parted = NESTED.replace(
        "[run]", NAMED.format("near", "outside", "0.15") + NAMED.format("half", "cytosol", "0") + "[run]"
    )
    walls = PERMEABLE.format("membrane", 50) + PERMEABLE.format("er", 9) + RELEASE.format("Ca", 9, 'in = "cytosol"')
    made = network_of(prepare(parse_scenario(parted + walls)))
    places, state = made.places, np.zeros(made.size)
    assert np.bincount(places.space).tolist() == [2, 1, 2]
    for states in places.state:
        state[states[states >= 0]] = 7.0 * places.volume[states >= 0]
    happens = {}
    for channel in made.channels:
        (of,), to = channel.reactants, channel.gains[1][0]
        happens[of, to] = happens.get((of, to), 0.0) + channel.rate.value[0] * channel.scale * state[of]
    assert len(happens) >= 8
    for (of, to), often in happens.items():
        assert happens[to, of] == pytest.approx(often, rel=1e-9)


def shells(a, b):
    """A ball of radius b with one of radius a in it."""
    inner = Surface("er", shape=Shape("sphere", {"radius": a, "edge": 0.1 * a}), inside="lumen")
    return build(GeometrySpec(shape=Shape("sphere", {"radius": b, "edge": 0.1 * b}), surface=(inner,)))


def test_a_wall_takes_from_the_space_on_either_side():
    """Mean times to an absorbing ball: from within it R^2 / 15 D; from the shell between it and a closed ball."""
    a, b = 0.2, 0.4
    geometry = shells(a, b)
    er = (geometry.regions.index("er"),)
    within, around = (exchange(geometry, er, space) for space in (1, 0))
    assert within.volume[0] / within.conductance[0, 0] == pytest.approx(a**2 / 15, rel=0.02)
    r = np.linspace(a, b, 20_001)
    time = b**3 / 3 * (1 / a - 1 / r) - (r**2 - a**2) / 6
    mean = np.trapezoid(time * r**2, r) / np.trapezoid(r**2, r)
    assert around.volume[0] / around.conductance[0, 0] == pytest.approx(mean, rel=0.02)
    assert geometry.compartments[within.part[0]] == "lumen" and around.area == pytest.approx(within.area)


SMALL = NESTED.replace('"2 ms"', '"1 ms"').replace('"0.5 ms"', '"0.25 ms"').replace(
    '"300 um^2/s"', '"600 um^2/s"'
) + CHANNEL + PERMEABLE.format("membrane", 60) + RELEASE.format("R", 60, 'on = "er"') + RELEASE.format(
    "Ca", 200, 'in = "cytosol"'
) + RELEASE.format("Ca@lumen", 30, 'in = "lumen"')  # fmt: skip


@pytest.fixture(scope="module")
def small():
    """Means of the rate equations: by time, of calcium in each compartment and of both species on the organelle."""
    geometry, found = solved(SMALL)
    last = geometry.regions.index("er")
    return np.concatenate([found.count[1:, :, 0], found.surface[1:, last]], axis=-1)


@pytest.mark.parametrize(("engine", "trials"), [("particles", 60), ("compartments", 1000)])
def test_trials_have_the_means_of_the_rate_equations(small, engine, trials):
    """Calcium in three spaces and a carrier between two: 4 standard errors, and 1 % for mixing in a few us."""
    system = prepare(levels.at(parse_scenario(SMALL), engine))
    er = system.geometry.regions.index("er")
    found = list(run_jobs((Job(system, 5, k, k) for k in range(trials)), run=levels.run))
    seen = np.array([np.concatenate([t.count[1:, :, 0], t.surface[1:, er]], axis=-1) for t in found], float)
    error = seen.std(axis=0, ddof=1) / np.sqrt(trials)
    assert (np.abs(seen.mean(axis=0) - small) <= 4.0 * error + 0.01 * small.max()).all()
    assert (small[-1] > 3.0).all()
    assert (np.abs(small[-1] - small[0]) > 8.0 * error[-1]).sum() >= 3


@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("gmsh", "skfem")),
    reason="gmsh or scikit-fem is not installed: pip install 'spinemc[pde]'",
)
def test_means_in_space_are_those_of_the_rate_equations():
    """The same without surroundings: 1 % of the largest number."""
    text = SMALL.replace('[geometry.outside]\nmargin = "0.1 um"\n', "").replace(PERMEABLE.format("membrane", 60), "")
    found = [levels.LEVELS[e].means(prepare(levels.at(parse_scenario(text), e))) for e in ("ode", "pde")]
    ode, pde = (np.concatenate([s.count[1:, :, 0], s.surface[1:, -1]], axis=-1) for s in found)
    assert np.abs(ode - pde).max() < 0.01 * ode.max()
    assert np.ptp(ode, axis=0).max() > 0.05 * ode.max()


def test_a_sheet_is_known_where_its_space_is_one_piece():
    """It carries molecules as any surface; where anything is to pass it, or pass through it, it is refused."""
    sheet = '[[geometry.surface]]\nname = "bouton"\ncopy = "membrane"\noffset = "20 nm"\n'
    binding = (
        RELEASE.format("Ca", 3, 'in = "cytosol"')
        + '[[species]]\nname = "R"\non = "bouton"\n'
        + RELEASE.format("R", 9, 'on = "bouton"')
    )
    sheet = sheet.replace('copy = "membrane"', 'copy = "z_high"')
    text = NESTED.replace("[run]", sheet + "[run]") + binding
    geometry, found = solved(text)
    np.testing.assert_allclose(found.surface[:, geometry.regions.index("bouton"), 0], 9.0)
    parted = text.replace("[run]", NAMED.format("near", "outside", "0.15") + "[run]")
    passing = PERMEABLE.format("bouton", 5).replace('"Ca"', '"Ca@outside"')
    beyond = PERMEABLE.format("membrane", 5)
    for refused in (text + passing, parted + beyond):
        with pytest.raises(ScenarioError, match="surface bouton is a sheet in outside"):
            prepare(parse_scenario(refused))


def test_regions_of_which_one_lets_by_a_part_of_the_other_are_refused():
    absorbed = '[[boundary]]\nregion = "z_high"\nspecies = ["Ca"]\nkind = "absorb"\n'
    with pytest.raises(ScenarioError, match="boundaries at membrane and z_high share faces and speak of Ca"):
        prepare(
            parse_scenario(
                NESTED + PERMEABLE.format("membrane", 5) + absorbed + RELEASE.format("Ca", 3, 'in = "cytosol"')
            )
        )


def test_the_outside_is_cut_like_the_inside():
    """A long box around a neck: pieces of both, sums of volumes and areas kept; a patch lies along what faces it."""
    geometry = build(
        GeometrySpec(shape=Shape("cylinder", {"radius": 0.1, "length": 2.0, "edge": 0.1}), outside=Outside(margin=0.15))
    )
    cut = segments(geometry, None, (0, 1))
    space = geometry.compartment_space[cut.part]
    assert (np.bincount(space) >= 3).all()
    np.testing.assert_allclose(np.bincount(space, cut.volume), geometry.compartment_volume, rtol=1e-9)
    region, side, area = patches(geometry, cut)
    np.testing.assert_allclose(np.bincount(region, area), np.bincount(geometry.face_region, geometry.face_area))
    far = region == geometry.regions.index("far")
    assert (space[side[far, 0]] == 1).all() and (side[far, 1] == -1).all()
    assert (space[side[~far, 0]] == 0).all() and (space[side[~far, 1]] == 1).all()
    for k in (0, 1):
        height = {int(j): cut.points[k][0][cut.points[k][1] == j, 2].mean() for j in np.flatnonzero(space == k)}
        assert (np.diff(list(height.values())) > 0.1).all()
    net = exchange_between(geometry, cut, (), 1)
    assert len(net.part) == (space == 1).sum()
    np.testing.assert_allclose(net.conductance.sum(axis=0), 0.0, atol=1e-12)
