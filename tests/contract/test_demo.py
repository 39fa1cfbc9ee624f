"""The demo's scenarios, from the command line to the figure, with two trials of a millisecond."""

import contextlib
import io
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from spinemc import cli

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "analysis" / "one_spine"


def spinemc(*arguments):
    """What a command prints, once it has succeeded."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert cli.main([str(word) for word in arguments]) == cli.DONE
    return printed.getvalue()


@pytest.fixture(scope="module", params=["scenario", "mushroom"])
def ran(request, tmp_path_factory):
    """The store of a short run of a scenario, and what the run printed."""
    store = tmp_path_factory.mktemp(request.param) / "short.zarr"
    quick = ["--trials", 2, "--set", "run.t_stop=1 ms", "--out", store, "--quiet"]
    return store, spinemc("run", STUDY / f"{request.param}.toml", *quick)


def test_run_ends_with_the_store(ran):
    store, printed = ran
    assert printed.splitlines()[-1] == str(store)
    with xr.open_datatree(store, engine="zarr") as tree:
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
    store, _ = ran
    with xr.open_datatree(store, engine="zarr") as tree:
        fired = tree["events/count"].sum("time")
        comes = ["VSCC -> VSCC + Ca", "NMDAR -> NMDAR + Ca", "PMCA -> PMCA + Ca", "NCX -> NCX + Ca"]
        goes = ["PMCA_Ca -> PMCA", "NCX_Ca -> NCX", "Ca -> 0"]
        net = fired.sel(reaction=comes).sum("reaction") - fired.sel(reaction=goes).sum("reaction")
        net = net - tree["events/absorbed"].sum(["time", "boundary"])
        inside = tree["counts/count"].sel(compartment="cytosol", species=["Ca", "CaBm"]).sum("species")
        bound = tree["surface/count"].sel(region="membrane", species=["CaBf", "PMCA_Ca", "NCX_Ca"]).sum("species")
        whole = inside + bound
        assert (whole.isel(time=-1) - whole.isel(time=0) == net).all()


@pytest.mark.parametrize("ran", ["scenario"], indirect=True)
def test_compare_and_plot(ran):
    store, _ = ran
    printed = spinemc("compare", store)
    drawn = [Path(printed.splitlines()[-1]), store.with_suffix(".png")]
    spinemc("plot", store, "--out", drawn[1])
    assert "NMDAR_C2" in printed
    assert all(path.parent == store.parent and path.stat().st_size > 20_000 for path in drawn)


@pytest.mark.parametrize("ran", ["mushroom"], indirect=True)
def test_study_draws_and_tells(ran, monkeypatch, capsys):
    store, _ = ran
    figure = store.with_name("figure.png")
    monkeypatch.setattr(sys, "argv", ["study.py", str(store), "--out", str(figure)])
    runpy.run_path(str(STUDY / "study.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "ions in by NMDA receptors" in printed and printed.splitlines()[-1] == f"figure: {figure}"
    assert figure.stat().st_size > 20_000


def test_readme_works_as_written(tmp_path):
    """Its scenario is checked and its Python runs, in an empty folder."""
    blocks = dict(re.findall(r"```(toml|python)\n(.*?)```", (ROOT / "README.md").read_text(), re.S))
    (tmp_path / "pulse.toml").write_text(blocks["toml"])
    assert "probability" in spinemc("check", tmp_path / "pulse.toml")
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{blocks['python']}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    concentration, absorbed = done.stdout.splitlines()
    assert 0.0 < float(concentration) < 20.0
    assert len(absorbed.split()) >= 4
