"""The demo's scenarios, from the command line to the figure, with two trials of a millisecond."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "analysis" / "one_spine"


def python(folder, *arguments):
    """What a new Python prints in a folder, with this tree first."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=["scenario", "mushroom"])
def ran(request, tmp_path_factory):
    """A folder with a store of a short run of a scenario, and what the run printed."""
    folder = tmp_path_factory.mktemp(request.param)
    scenario = STUDY / f"{request.param}.toml"
    quick = ["--trials", "2", "--set", "run.t_stop=1 ms", "--out", "short.zarr", "--quiet"]
    return folder, python(folder, "-m", "spinemc", "run", scenario, *quick)


def test_run_ends_with_the_store(ran):
    folder, printed = ran
    assert printed.splitlines()[-1] == "short.zarr"
    with xr.open_datatree(folder / "short.zarr", engine="zarr") as tree:
        count = tree["counts/count"].sel(species="Ca", compartment="cytosol")
        assert count.dims == ("trial", "time") and count.sizes == {"trial": 2, "time": 11}
        opened = tree["surface/count"].sel(region="membrane", species=["NMDAR_C0", "NMDAR_C1", "NMDAR_C2"])
        assert (np.diff(opened.sum("species").values[:, :1]) <= 0).all()
        assert int(tree["events/count"].sel(reaction="NMDAR_C0 -> NMDAR_C1").sum()) > 0
        channels = [name for name in tree["surface"]["species"].values if str(name).startswith("NMDAR")]
        total = tree["surface/count"].sel(region="psd", species=channels).sum("species")
        assert (total == total[0, 0]).all()


def test_ions_are_accounted_for(ran):
    """What is inside at the end came in by a channel, a leak or a release, and has not left."""
    folder, _ = ran
    with xr.open_datatree(folder / "short.zarr", engine="zarr") as tree:
        fired = tree["events/count"].sum("time")
        comes = ["VSCC -> VSCC + Ca", "NMDAR -> NMDAR + Ca", "PMCA -> PMCA + Ca", "NCX -> NCX + Ca"]
        goes = ["PMCA_Ca -> PMCA", "NCX_Ca -> NCX", "Ca -> 0"]
        net = fired.sel(reaction=comes).sum("reaction") - fired.sel(reaction=goes).sum("reaction")
        net = net - tree["events/absorbed"].sum(["time", "boundary"])
        inside = tree["counts/count"].sel(compartment="cytosol", species=["Ca", "CaBm"]).sum("species")
        bound = tree["surface/count"].sel(region="membrane", species=["CaBf", "PMCA_Ca", "NCX_Ca"]).sum("species")
        whole = inside + bound
        assert (whole.isel(time=-1) - whole.isel(time=0) == net).all()


def test_compare_and_plot(ran):
    folder, _ = ran
    printed = python(folder, "-m", "spinemc", "compare", "short.zarr")
    assert "NMDAR_C2" in printed and printed.splitlines()[-1] == "short.compare.png"
    python(folder, "-m", "spinemc", "plot", "short.zarr", "--out", "short.png")
    assert all((folder / name).stat().st_size > 20_000 for name in ("short.compare.png", "short.png"))


def test_study_draws_and_tells(ran):
    folder, _ = ran
    printed = python(folder, STUDY / "study.py", "short.zarr", "--out", "figure.png")
    assert "ions in by NMDA receptors" in printed and printed.splitlines()[-1] == "figure: figure.png"
    assert (folder / "figure.png").stat().st_size > 20_000
