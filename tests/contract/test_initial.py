"""What a scenario begins with, given number by number, and weights that go on from where they were."""

from __future__ import annotations

import numpy as np
import pytest
from carried import begun, number_in_place

import spinemc as smc
from spinemc import plasticity, remodelling
from spinemc.errors import ScenarioError
from spinemc.scenario import override, parse_scenario, to_toml

SPINE = """
kind = "spine"
head_radius = "0.2 um"
neck_radius = "0.06 um"
neck_length = "0.3 um"
psd_radius = "0.1 um"
edge = "0.1 um"
"""
TOML = f"""
[geometry.shape]
{SPINE}
"""
TOML += """
[[geometry.surface]]
name = "apparatus"
shape = { kind = "sphere", radius = "0.06 um", edge = "40 nm" }
at = ["0 um", "0 um", "0.5 um"]
inside = "lumen"
[[geometry.region]]
name = "patch"
of = "apparatus"
within = { sphere = { center = ["0 um", "0 um", "0.56 um"], radius = "40 nm" } }
[run]
t_stop = "0.2 ms"
dt = "0.2 us"
sample_every = "0.1 ms"
trials = 2
[structure]
epochs = 2
head_volume = { gain = 1000.0 }
[[mechanism]]
kind = "calcium"
[[species]]
name = "B"
D = "20 um^2/s"
[[species]]
name = "S"
on = "apparatus"
[[species]]
name = "SCa"
on = "apparatus"
[[species]]
name = "never"
D = "1 um^2/s"
[[reaction]]
equation = "B -> never"
kf = "1e-9 /s"
[[reaction]]
equation = "Ca + S <-> SCa"
kf = "1e9 /M/s"
kb = "1000 /s"
[[reaction]]
equation = "SCa -> S + Ca@lumen"
kf = "2000 /s"
[[release]]
species = "Ca"
count = 800
in = "head"
[[release]]
species = "Ca"
count = 50
in = "lumen"
[[release]]
species = "B"
count = 20
in = "neck"
[[release]]
species = "S"
count = 60
on = "apparatus"
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "head"
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "neck"
[[plasticity]]
rule = "graupner2012"
species = "Ca"
compartment = "head"
reference = "1 uM"
"""
ONE = TOML.replace('[[plasticity]]\nrule = "bell2022"\nspecies = "Ca"\ncompartment = "neck"\n', "")


def test_each_space_and_each_surface_keeps_its_own(tmp_path):
    scenario = parse_scenario(ONE.replace("epochs = 2", 'epochs = 2\nrule = "bell2022"'))
    found = smc.remodel(scenario, tmp_path / "spaces")
    assert (found["head_volume"].values[1] != found["head_volume"].values[0]).all()
    first, second = (smc.open(tmp_path / "spaces" / f"epoch_00{k}.zarr") for k in (0, 1))
    for group in ("counts", "surface"):
        end, begin = first[f"{group}/count"].isel(time=-1), second[f"{group}/count"].isel(time=0)
        if group == "surface":  # what is beside all patches may come to lie on one
            begin, end = (count.sel(region=["membrane", "apparatus"]) for count in (begin, end))
            assert int(end.sum()) == 2 * 60
        np.testing.assert_array_equal(begin.values, end.values)
    lumen = second["counts/count"].sel(compartment="lumen", species="Ca").isel(time=0)
    assert (lumen > 50).all()
    assert (second["surface/count"].sel(region="patch").isel(time=0).sum("species") > 0).all()
    for rule in ("bell2022", "graupner2012"):
        for name, series in first[f"plasticity/{rule}"].data_vars.items():
            after = second[f"plasticity/{rule}/{name}"].isel(time=0)
            np.testing.assert_array_equal(after.values, series.isel(time=-1).values)
    one = remodelling.scenario_of(tmp_path / "spaces", 1, 1)
    ions = second["counts/count"].sel(compartment=["cytosol", "lumen"]).isel(time=0, history=1, trial=0).sum()
    assert number_in_place(one) == int(ions) + 60


def test_initial_numbers_stand_in_place_of_all_that_is_there_at_first():
    begin, end = ONE.index("[structure]"), ONE.index("[[mechanism]]")
    given = override(
        parse_scenario(ONE[:begin] + ONE[end:]),
        'initial=[{species="Ca",in="lumen",count=3},{species="SCa",on="patch",count=4},{species="B",in="neck",count=0}]',
        "release.1.time=0 us",
    )
    assert [(r.species, r.count, r.inside, r.on) for r in given.release] == [
        ("Ca@lumen", 3, "lumen", None),
        ("SCa", 4, None, "patch"),
        ("B", 0, "neck", None),
        ("Ca", 800, "head", None),
    ]
    assert parse_scenario(to_toml(given)) == given
    system, found = begun(given)
    number = {name: len(point) for name, (point, _) in zip(system.network.species, found, strict=True)}
    assert number == {"Ca": 800, "B": 0, "S": 0, "SCa": 4, "never": 0, "Ca@lumen": 3}


INITIAL = [
    ('{species="Ca",count=1}', "initial 1 needs exactly one place of in and on; it has none"),
    ('{species="Ca",on="membrane",count=1}', "Ca is in the volume"),
    ('{species="S",in="cytosol",count=1}', "S is in the membrane"),
    ('{species="Ca",in="cytosol",count=1.5}', "a whole number from 0"),
    ('{species="Ca",in="cytosol",count=-1}', "a whole number from 0"),
    ('{species="Ca",in="cytosol",count=1,time="1 ms"}', "initial 1, time is not a key of [[initial]]"),
    ('{species="Ca",in="cytosol"}', "initial 1, count is missing"),
]


@pytest.mark.parametrize(("entry", "said"), INITIAL, ids=[said for _, said in INITIAL])
def test_what_is_wrong_with_a_beginning_is_told(entry, said):
    with pytest.raises(ScenarioError) as told:
        override(parse_scenario(ONE.replace("epochs = 2", 'epochs = 2\nrule = "bell2022"')), f"initial=[{entry}]")
    assert said in str(told.value)


def test_only_levels_of_means_have_parts_of_molecules(tmp_path):
    toml = f"""
initial = [{{ species = "A", in = "head", count = 2.5 }}, {{ species = "A", in = "neck", count = 0.25 }}]
run = {{ t_stop = "1 ms", dt = "1 us", sample_every = "1 ms", engine = "ode" }}
species = [{{ name = "A", D = "10 um^2/s" }}]
[geometry.shape]
{SPINE}
"""
    scenario = parse_scenario(toml)
    count = smc.run(scenario, tmp_path / "ode.zarr")["counts/count"].isel(trial=0, time=0, species=0)
    np.testing.assert_allclose(count.sel(compartment=["cytosol", "head", "neck"]), [2.75, 2.5, 0.25], rtol=1e-12)
    with pytest.raises(ScenarioError, match="a whole number from 0"):
        override(scenario, "run.engine=compartments")


def test_a_rule_begins_where_it_is_told():
    scenario = parse_scenario(TOML.replace("epochs = 2", 'epochs = 2\nrule = "bell2022"'))
    scenario = override(scenario, "plasticity.1.start={weight=0.25}", "plasticity.3.start={rho=0.7}")
    head, neck, graupner = scenario.plasticity
    assert (head.start, neck.start, graupner.start) == ({"weight": 0.25}, {}, {"rho": 0.7})
    time, none = np.linspace(0.0, 20.0, 5), np.zeros((1, 5, 2, 1))
    found = plasticity.evaluate(scenario.plasticity, time, none, np.ones(2), ["head", "neck"], ["Ca"])
    weight = found["bell2022"]["weight"][0]
    np.testing.assert_allclose(weight[:, 0], 0.25 * np.exp(-time / 10001.0), rtol=1e-6)
    np.testing.assert_allclose(weight[:, 1], 0.0, atol=1e-15)
    assert found["graupner2012"]["rho"][0, 0, 0] == 0.7
    both = override(scenario, "plasticity.2.start={weight=-0.5}")
    pair = plasticity.evaluate(both.plasticity[:2], time, none, np.ones(2), ["head", "neck"], ["Ca"])
    np.testing.assert_array_equal(pair["bell2022"]["weight"][0, 0], [0.25, -0.5])
