"""Populations of a network, and whether molecules can be where a scenario has them."""

from dataclasses import replace

import numpy as np
import pytest
from complete import NET, SPACES

from spinemc.chemistry.names import check_names
from spinemc.chemistry.network import network
from spinemc.chemistry.releases import expected_number
from spinemc.errors import ScenarioError
from spinemc.geometry import build
from spinemc.scenario import Boundary, Release, parse_scenario


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("spaces")
    (made / "cam.net").write_text(NET)
    return made


@pytest.fixture(scope="module")
def geometry(folder):
    return build(parse_scenario(SPACES, folder / "a.toml").geometry)


@pytest.fixture
def said(folder, geometry):
    """What is said to SPACES with some text in place of other, and further text at its end."""

    def said(*changes, end=""):
        toml = SPACES
        for old, new in changes:
            assert old in toml
            toml = toml.replace(old, new, 1)
        scenario = parse_scenario(toml + end, folder / "a.toml")
        with pytest.raises(ScenarioError) as caught:
            check_names(scenario, geometry)
        return str(caught.value).splitlines()

    return said


def test_a_species_is_a_population_in_each_space_it_can_be_in(folder, geometry):
    scenario = parse_scenario(SPACES, folder / "a.toml")
    check_names(scenario, geometry)
    net = network(scenario, geometry)
    names = [s.name for s in scenario.species]
    assert net.species == (*names, "Ca@lumen")
    assert net.home.tolist() == [*range(len(names)), names.index("Ca")]
    assert net.D[-1] == net.D[0] == 220.0
    space = dict(zip(net.species, net.space.tolist(), strict=True))
    assert (space["Ca"], space["Ca@lumen"], space["glu"], space["R"], space["CaM"]) == (0, 1, 2, -1, 0)
    region = dict(zip(net.species, net.region.tolist(), strict=True))
    assert region["Ca@lumen"] == -1
    assert geometry.regions[region["SERCA"]] == "apparatus" and geometry.regions[region["R"]] == "membrane"
    assert [net.species[i] for i in net.volume_species] == [n for n in names if n not in ("SERCA", "R")]
    pump, source = net.steps[0], net.steps[2]
    assert [net.species[i] for i in pump.products] == ["SERCA", "Ca@lumen"]
    assert (pump.label, source.label) == ("Ca + SERCA -> SERCA + Ca@lumen", "0 -> Ca@lumen")
    assert geometry.compartments[source.where] == "lumen"


def test_what_a_wall_lets_through_is_a_population_on_its_far_side(folder, geometry):
    toml = SPACES + '[[boundary]]\nregion = "membrane"\nspecies = ["D"]\nkind = "permeable"\npermeability = "1 um/s"\n'
    net = network(parse_scenario(toml, folder / "a.toml"), geometry)
    assert net.species[-2:] == ("Ca@lumen", "D@outside")
    assert geometry.spaces[net.space[-1]] == "outside"


def test_backward_sources_are_in_the_space_of_what_they_make(folder, geometry):
    toml = SPACES + '[[reaction]]\nequation = "Ca@lumen <-> 0"\nkf = "1 /s"\nkb = "1 uM/s"\n'
    net = network(parse_scenario(toml, folder / "a.toml"), geometry)
    step = next(s for s in net.steps if s.label == "0 -> Ca@lumen" and s.reverse >= 0)
    assert geometry.compartments[step.where] == "lumen"


WRONG = [
    (('"glu + R -> R + Ca"', '"glu + R -> R + Ca@lumen"'),
     'reaction 2, equation = "glu + R -> R + Ca@lumen": Ca@lumen is in lumen, and membrane borders cytosol'),
    (('"Ca@cytosol + SERCA', '"glu + SERCA'), "glu is in outside, and apparatus borders cytosol and lumen only."),
    (('"glu + R -> R + Ca"', '"glu + R -> SERCA"'), "R lives on membrane and SERCA on apparatus: molecules of two"),
    (('on = "apparatus"', 'on = "aparatus"'), 'species SERCA, on = "aparatus" is not a region here'),
    (('count = 500\nin = "cleft"', 'count = 500\non = "apparatus"'),
     'release 1, on = "apparatus": glu is in outside, and apparatus borders cytosol and lumen only.'),
    (('"0 um", "0 um", "0.5 um"]\n[[release]]', '"0 um", "0 um", "0 um"]\n[[release]]'),
     "release 2, at = (0, 0, 0) um lies outside of lumen, where Ca@lumen is; choose a point of it."),
    (('on = "patch"', 'on = "membrane"'), 'release 3, on = "membrane": SERCA lives on apparatus; release it there.'),
    (('count = 100\non = "membrane"', 'count = 100\non = "patch"'), 'release 4, on = "patch": R lives on membrane;'),
    (('region = "far"', 'region = "fra"'), 'boundary 1, region = "fra" is not a region here; there are'),
    (('region = "far"', 'region = "patch"'), 'boundary 1, region = "patch": glu is in outside, and patch borders'),
    (('region = "diaphragm"\nspecies = ["Ca"]', 'region = "far"\nspecies = ["Ca@outside"]'),
     'boundary 2, region = "far": what is permeable has a space on both sides; there is none behind it.'),
    (('region = "diaphragm"\nspecies = ["Ca"]', 'region = "patch"\nspecies = ["Ca"]'),
     'boundary 3, region = "patch": Ca@lumen passes there both ways with Ca of boundary 2: what is permeable is named'),
]  # fmt: skip


@pytest.mark.parametrize(("change", "answer"), WRONG, ids=[answer[-40:] for _, answer in WRONG])
def test_molecules_that_cannot_be_there(said, change, answer):
    lines = said(change)
    assert any(line.startswith("a.toml: ") and answer in line for line in lines), lines


def test_values_that_readers_never_make(folder, geometry):
    scenario = parse_scenario(SPACES, folder / "a.toml")
    wrong = replace(scenario, release=(Release("Ca", count=3, inside="lumen"),))
    with pytest.raises(ScenarioError, match=r'release 1, in = "lumen": Ca is in cytosol, and lumen in lumen\.'):
        check_names(wrong, geometry)
    twice = Boundary("membrane", ("Ca", "Ca@outside"), "permeable", permeability=1.0)
    with pytest.raises(ScenarioError, match="Ca@outside passes there both ways with Ca of boundary 1"):
        check_names(replace(scenario, boundary=(twice,)), geometry)


def test_numbers_of_releases_in_other_spaces(geometry):
    """A ball of 0.2 um; the room of 0.3 um around a box of 1 x 1 x 2 um; a ball's surface."""
    ball = 4.0 / 3.0 * np.pi * 0.2**3
    assert expected_number(geometry, Release("Ca@lumen", concentration=1e4, inside="lumen")) == pytest.approx(
        1e4 * ball, rel=0.15
    )
    around = 1.6 * 1.6 * 2.6 - 2.0
    assert expected_number(geometry, Release("glu", concentration=100.0, inside="outside")) == pytest.approx(
        100.0 * around, rel=1e-4
    )
    assert expected_number(geometry, Release("Ca", concentration=100.0, inside="cytosol")) == pytest.approx(
        100.0 * (2.0 - ball), rel=0.01
    )
    whole = expected_number(geometry, Release("SERCA", density=100.0, on="apparatus"))
    assert whole == pytest.approx(100.0 * 4.0 * np.pi * 0.2**2, rel=0.1)
    assert 0.0 < expected_number(geometry, Release("SERCA", density=100.0, on="patch")) < whole
