"""A run in other programs' formats, each read again by the reader of its own."""

import numpy as np
import pytest
import xarray as xr
from texts import BUFFERED

import spinemc
from spinemc import cli, exports
from spinemc.errors import SpinemcError
from spinemc.scenario import load_scenario

SCENARIO = (
    """
schema = 1
title = "Ions and a buffer in a ball"
[geometry]
shape = { kind = "sphere", radius = "0.2 um", edge = "0.08 um" }
[run]
t_stop = "0.4 ms"
dt = "2 us"
sample_every = "0.1 ms"
trials = 3
seed = 3
"""
    + BUFFERED
    + """[[reaction]]
equation = "Ca + B <-> CaB"
kf = "5e8 /M/s"
kb = "1000 /s"
[[release]]
species = "Ca"
count = 40
in = "cytosol"
[[release]]
species = "B"
count = 100
in = "cytosol"
[[record.ions]]
species = "Ca"
trials = [1]
[[record.positions]]
species = ["Ca"]
every = "0.1 ms"
trials = [1]
follow = true
[[record.positions]]
species = ["B"]
every = "0.1 ms"
trials = [1]
"""
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A run whose second trial has its positions."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "a.toml").write_text(SCENARIO)
    spinemc.run(load_scenario(folder / "a.toml"), out=folder / "a.zarr")
    return folder / "a.zarr"


@pytest.fixture(scope="module")
def tree(store):
    return spinemc.open(store)


def positions(tree, species):
    """Frame by frame, by hand."""
    node = tree[f"positions/{species}"].to_dataset()
    return np.split(node["position"].values, np.cumsum(node["row_size"].values[0])[:-1])


def test_a_table(tree, tmp_path):
    import pandas as pd

    table = pd.read_csv(exports.export(tree, tmp_path / "a.csv"))
    assert list(table.columns) == ["trial", "time_s", "species", "where", "count", "concentration"]
    assert len(table) == tree["counts/count"].size
    back = table.set_index(["trial", "time_s", "where", "species"]).to_xarray().sel(where="cytosol")
    ours = tree["counts"].to_dataset().sel(compartment="cytosol")
    for name in ("count", "concentration"):
        theirs = back[name].sel(species=ours["species"].values.astype(object)).transpose("trial", "time_s", "species")
        np.testing.assert_allclose(theirs.values, ours[name].values, rtol=1e-12)


def test_netcdf(tree, tmp_path):
    with xr.open_datatree(exports.export(tree, tmp_path / "a.nc"), engine="netcdf4") as found:
        for path in ("counts/count", "events/count", "positions/Ca/position", "geometry/face"):
            np.testing.assert_array_equal(found[path].values, tree[path].values)
        assert list(found["counts/species"].values) == ["Ca", "B", "CaB"]
        assert found.attrs["scenario"] == tree.attrs["scenario"]


def test_paraview(tree, tmp_path):
    pv = pytest.importorskip("pyvista")
    reader = pv.get_reader(exports.export(tree, tmp_path / "a.pvd"))
    assert reader.time_values == pytest.approx([0, 1e-4, 2e-4, 3e-4, 4e-4])
    for frame, time in enumerate(reader.time_values):
        reader.set_active_time_value(time)
        mesh, buffer, ions = reader.read()
        assert mesh.n_cells == tree["geometry"].sizes["f"] and mesh.volume == pytest.approx(0.0335, rel=0.1)
        np.testing.assert_allclose(ions.points, positions(tree, "Ca")[frame], atol=1e-6)
        np.testing.assert_allclose(buffer.points, positions(tree, "B")[frame], atol=1e-6)
    assert list(ions.field_data["holders"]) == ["Ca", "CaB"]
    bound = tree["counts/count"].sel(trial=1, species="CaB", compartment="cytosol").isel(time=-1)
    assert (ions.point_data["holder"] == 1).sum() == bound


def test_simularium(tree, tmp_path):
    simulariumio = pytest.importorskip("simulariumio")
    path = exports.export(tree, tmp_path / "a.simularium")
    found = simulariumio.FileConverter(simulariumio.InputFileData(str(path)))._data
    agents = found.agent_data
    np.testing.assert_allclose(agents.times, np.arange(5) * 1e-4, atol=1e-9)
    for frame in range(5):
        number = int(agents.n_agents[frame])
        ours = np.concatenate([positions(tree, name)[frame] for name in ("B", "Ca")])
        np.testing.assert_allclose(agents.positions[frame][:number], ours, atol=1e-5)
        assert set(agents.types[frame][:number]) <= {"Ca", "CaB", "B"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a pipe that imageio leaves open
def test_a_film_and_a_picture(tree, tmp_path):
    pytest.importorskip("pyvista")
    imageio = pytest.importorskip("imageio.v3")
    film = imageio.imread(exports.export(tree, tmp_path / "a.mp4"))
    assert film.shape == (5, 960, 1280, 3)
    assert (film[0] != film[-1]).mean() > 1e-3  # molecules moved
    first = imageio.imread(exports.export(tree, tmp_path / "a.png", time=0.0))
    assert first.shape[:2] == (960, 1280)
    assert 0.02 < (first[..., :3] < 250).any(axis=-1).mean() < 0.9
    # what is compressed is what was drawn
    assert np.abs(first[..., :3].astype(float) - film[0]).mean() < 3.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "a.xyz"], "a.xyz: what is written is told by the suffix: .csv, counts as a table; "),
        (["--out", "there.csv"], "there.csv is there already: it is left as it is. Give another name."),
        (["--out", "no/a.csv"], "no/a.csv cannot be written: No such file or directory."),
        (["--out", "a.pvd", "--trial", "2"], "no positions of trial 2 are in it; there are those of 1."),
        (["--out", "a.png", "--time", "3 um"], "--time 3 um: a time is given in s, ms or us."),
    ],
)
def test_what_is_refused(store, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.csv").write_text("mine")
    assert cli.main(["export", str(store), *arguments]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["there.csv"]


def test_a_package_that_is_missing(tree, tmp_path, monkeypatch):
    monkeypatch.setattr("spinemc.exports.written.find_spec", lambda name: None)
    with pytest.raises(SpinemcError, match=r"needs pyvista and imageio_ffmpeg: pip install 'spinemc\[viz\]'"):
        exports.export(tree, tmp_path / "a.mp4")


def test_by_the_command(store, tmp_path, capsys):
    out = tmp_path / "a.csv"
    assert cli.main(["export", str(store), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    assert out.read_text().startswith("trial,time_s,")
