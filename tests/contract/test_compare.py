"""`spinemc compare`: what it prints, what it draws, what it refuses, and its verdict."""

from __future__ import annotations

import re

import numpy as np
import pytest

import spinemc as smc
from spinemc import cli
from spinemc.errors import StoreError
from spinemc.verdict import verdict

SCENARIO = """schema = 1
[geometry.shape]
kind = "box"
size = ["0.3 um", "0.3 um", "0.6 um"]
edge = "0.3 um"
[[geometry.compartment]]
name = "upper"
within = { box = { low = ["-1 um", "-1 um", "0 um"], high = ["1 um", "1 um", "1 um"] } }
[run]
engine = "compartments"
t_stop = "2 ms"
dt = "1 us"
sample_every = "0.1 ms"
trials = 60
seed = 4
[[species]]
name = "Ca"
D = "20 um^2/s"
[[species]]
name = "R"
on = "membrane"
[[reaction]]
equation = "Ca -> 0"
kf = "300 /s"
[[release]]
species = "Ca"
count = 400
in = "upper"
[[release]]
species = "R"
density = "50 /um^2"
on = "membrane"
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "upper"
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    (folder / "box.toml").write_text(SCENARIO)
    smc.run(smc.load_scenario(folder / "box.toml"), folder / "box.zarr", threads=2)
    return folder / "box.zarr"


def test_levels_of_the_same_network_do_not_part(store, capsys):
    """Stochastic trials, their means and their theory, of one network of first order: nothing differs at 95 %."""
    assert cli.main(["compare", str(store), "--with", "ode,lna,moments,compartments"]) == 0
    printed = capsys.readouterr().out
    for said in (
        "Ca in ",
        "R on ",
        "sd ",
        "weight at the end (bell2022, Ca in upper)",
        "ode is safe here as far as 60",
    ):
        assert said in printed
    figure = store.with_suffix(".compare.png")
    assert printed.splitlines()[-1] == str(figure) and figure.stat().st_size > 20_000
    found = smc.compare(store, ("ode", "lna", "moments", "compartments"))
    assert list(found["twin"].values) == ["ode", "lna", "moments", "compartments"]
    assert set(found["series"].values) >= {"Ca in cytosol", "Ca in upper", "R on membrane"}
    assert float(found["p_value"].min()) > 0.05 and float(found["variance_p_value"].min()) > 0.05
    assert found["twin_variance"].sel(twin="ode").isnull().all()
    np.testing.assert_allclose(
        found["twin_mean"].sel(twin="ode", series="Ca in cytosol"), 400 * np.exp(-300 * found.time)
    )


def test_a_level_that_cannot_is_a_line(store, monkeypatch, capsys):
    from spinemc import contrast
    from spinemc.errors import EngineError

    def cannot(*_):
        raise EngineError("no such luck.")

    monkeypatch.setitem(contrast.TWINS, "pde", cannot)
    assert cli.main(["compare", str(store), "--with", "pde,ode"]) == 0
    printed = capsys.readouterr().out
    assert "\npde: no such luck.\n" in printed and "ode is safe here" in printed
    assert cli.main(["compare", str(store), "--with", "pde"]) == 0
    assert "No deterministic level was laid beside the run" in capsys.readouterr().out


def test_what_is_refused(store, capsys):
    assert cli.main(["compare", str(store), "--with", "ode,lnb"]) == 2
    said = capsys.readouterr().err
    known = "ode, compartments, pde, consistent, literal, lna, moments"
    assert said == f'--with "lnb" is not a level to compare with; there are {known}.\n'
    tree = smc.open(store)
    swept = tree.map_over_datasets(lambda group: group.expand_dims(neck=[1, 2]) if "trial" in group.dims else group)
    swept.attrs, swept.name = tree.attrs, "sweep.zarr"
    with pytest.raises(StoreError, match=r"sweep.zarr: is a sweep over neck, and compare takes one run: run the point"):
        smc.compare(swept)


def test_one_trial_and_a_run_of_means(tmp_path):
    (tmp_path / "box.toml").write_text(SCENARIO)
    for setting in ("run.trials=1", "run.engine=ode"):
        tree = smc.run(smc.load_scenario(tmp_path / "box.toml", [setting]), tmp_path / "box.zarr", overwrite=True)
        found = smc.compare(tree)
        assert verdict(found) == "One trial has no noise to tell from ode: run more of them."
        assert found["z"].isnull().all()
    np.testing.assert_allclose(found["bias"].sel(twin="ode"), 0.0, atol=1e-4)  # of a hundred, solved to 1e-6


def test_each_fault_of_a_model_is_told(store):
    """Means a tenth too low, peaks that trials pass by a half, and a weight that moves the other way."""
    found = smc.compare(store, ("ode",))
    off = found.assign(share=found["share"] - 0.1, z=found["z"] - 20.0, bias=found["bias"] - 40.0)
    assert verdict(off).startswith("ode is not safe here: its mean of ") and " below that of the trials at " in verdict(
        off
    )
    bound = found["species"] == "R"
    more = off.assign(share=off["share"].where(~bound, -0.3))
    assert "its mean of Ca in " in verdict(more) and re.search(r" more, by up to 30% \(R on .*\)", verdict(more))
    peak, second = found["twin_peak"].sel(twin="ode", drop=True), found["series"][1].item()
    alike = found.assign(peak=peak.where(found["series"] != second, 1.5 * peak), peak_error=0.0 * peak)
    assert f": peaks of {second} are " in verdict(alike)
    high = found.assign(peak=1.5 * found["peak"], peak_error=found["peak_error"] + 1e-3)
    assert verdict(high).startswith(
        "ode is safe here for means, not for what hangs on peaks or thresholds: peaks of Ca in "
    )
    other = found.assign(like_twin=0.0 * found["like_twin"] + 0.2, like_twin_high=0.0 * found["like_twin"] + 0.3)
    assert "20% of the trials move the weight (bell2022, Ca in upper) as it does." in verdict(other)
