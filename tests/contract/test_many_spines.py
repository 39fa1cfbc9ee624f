"""A scenario on a dendrite with several spines, from file to figure: places by name, and by pattern."""

from pathlib import Path

import numpy as np
import pytest

import spinemc as smc
from spinemc import cli
from spinemc.errors import ScenarioError

PAIR = Path(__file__).resolve().parents[2] / "geometries" / "pair.toml"
SCENARIO = f"""
schema = 1
[geometry]
file = "{PAIR}"
edge = "0.1 um"
[run]
t_stop = "0.5 ms"
dt = "1 us"
sample_every = "0.05 ms"
trials = 20
[[species]]
name = "Ca"
D = "220 um^2/s"
[[species]]
name = "NMDAR"
on = "membrane"
[[release]]
species = "NMDAR"
density = "150 /um^2"
on = "*.psd"
[[release]]
species = "Ca"
count = 200
in = "*.head"
[[boundary]]
region = "shaft_*"
species = ["Ca"]
kind = "absorb"
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "*.head"
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    (folder / "pair.toml").write_text(SCENARIO)
    return smc.run(smc.load_scenario(folder / "pair.toml"), folder / "pair.zarr"), folder / "pair.zarr"


def test_a_pattern_is_each_place_that_matches(ran):
    tree, _ = ran
    start = tree["counts/count"].isel(time=0).sel(species="Ca")
    assert (start.sel(compartment=["spine_1.head", "spine_2.head"]) == 200).all()
    assert (start.sel(compartment="cytosol") == 400).all()
    sites = tree["surface/count"].isel(time=0).sel(species="NMDAR")
    area = tree["surface/area"].sel(region=["spine_1.psd", "spine_2.psd"])
    there = sites.sel(region=area["region"].values)
    np.testing.assert_array_equal(there.sum("region"), sites.sel(region="membrane"))
    expected = 150.0 * area.values
    np.testing.assert_allclose(there.mean("trial"), expected, atol=5.0 * np.sqrt(expected / 20.0).max())
    assert tree["events/absorbed"].sizes["boundary"] == 2
    assert list(tree["plasticity/bell2022"]["synapse"].values) == ["Ca in spine_1.head", "Ca in spine_2.head"]


def test_ions_pass_from_head_to_shaft(ran):
    """What leaves the heads is in necks and shaft, and the parts make up the whole in every sample."""
    tree, _ = ran
    count = tree["counts/count"].sel(species="Ca")
    parts = count.drop_sel(compartment="cytosol")
    np.testing.assert_array_equal(parts.sum("compartment"), count.sel(compartment="cytosol"))
    end = count.isel(time=-1).mean("trial")
    assert end.sel(compartment="spine_1.head") < 195 and end.sel(compartment="shaft") > 2


def test_commands_do_with_patterns(ran, capsys, tmp_path):
    _, store = ran
    assert cli.main(["check", str(store.with_suffix(".toml"))]) == cli.DONE
    assert "on spine_2.psd" in capsys.readouterr().out
    assert cli.main(["plot", str(store), "--out", str(tmp_path / "p.png")]) == cli.DONE
    assert cli.main(["compare", str(store)]) == cli.DONE


@pytest.mark.parametrize(
    "change, said",
    [
        (('"*.psd"', '"*.pds"'), 'release 1, on = "*.pds" matches nothing here; there are membrane, shaft'),
        (('"shaft_*"', '"shaft_*d*d"'), 'boundary 1, region = "shaft_*d*d" matches nothing here'),
        (('compartment = "*.head"', 'compartment = "*.heat"'), 'plasticity 1, compartment = "*.heat" matches nothing'),
        (('on = "membrane"', 'on = "*.psd"'), 'species NMDAR, on = "*.psd" is not a region here'),
        (('in = "*.head"', 'in = "1.head"'), "as in spine_1.head"),
    ],
)
def test_a_pattern_that_matches_nothing_is_refused(change, said, tmp_path):
    assert change[0] in SCENARIO
    (tmp_path / "pair.toml").write_text(SCENARIO.replace(*change))
    with pytest.raises(ScenarioError) as fault:
        smc.run(smc.load_scenario(tmp_path / "pair.toml"), tmp_path / "pair.zarr")
    assert said in str(fault.value)
    assert not (tmp_path / "pair.zarr").exists()


def test_a_geometry_file_brings_its_surfaces_and_a_scenario_adds_its_own(tmp_path):
    """The apparatus of a geometry file, a compartment of it, and a region that the scenario lays over both."""
    apparatus = PAIR.with_name("mushroom_apparatus.toml").read_text()
    within = 'within = { sphere = { center = ["0 um", "0 um", "0.95 um"], radius = "0.1 um" } }'
    (tmp_path / "g.toml").write_text(f'{apparatus}\n[[geometry.compartment]]\nname = "core"\nof = "lumen"\n{within}\n')
    own = (
        'schema = 1\n[geometry]\nfile = "g.toml"\nedge = "0.1 um"\n'
        f'[[geometry.compartment]]\nname = "middle"\n{within}\n'
        '[run]\nt_stop = "20 us"\ndt = "1 us"\nsample_every = "10 us"\n'
        '[[species]]\nname = "Ca"\nD = "220 um^2/s"\n[[release]]\nspecies = "Ca@lumen"\ncount = 50\nin = "core"\n'
    )
    (tmp_path / "s.toml").write_text(own)
    tree = smc.run(smc.load_scenario(tmp_path / "s.toml"), tmp_path / "s.zarr")
    names = list(tree["counts/count"]["compartment"].values)
    assert names == ["cytosol", "middle", "head", "neck", "lumen", "core"]
    count = tree["counts/count"].isel(trial=0).sel(species="Ca")
    assert (count.sel(compartment="lumen") == 50).all() and count.sel(compartment="core")[0] == 50
    (tmp_path / "s.toml").write_text(own.replace('"middle"', '"core"'))
    with pytest.raises(ScenarioError, match="core"):
        smc.load_scenario(tmp_path / "s.toml")
