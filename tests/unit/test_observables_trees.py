"""Observables as methods of a run, of a sweep and of a series, and what is said where they cannot be had."""

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import spinemc
from spinemc import observables
from spinemc.errors import ObservableError
from spinemc.observables import accessor
from spinemc.units import MICROMOLAR

TIME = np.linspace(0, 1e-2, 41)
RADII = [0.04, 0.05]


@pytest.fixture(scope="module")
def sweep() -> xr.DataTree:
    """Two necks, 30 trials: a pulse that decays in the head, twice as high with the second;
    pumps on the head's membrane.
    """
    rng = np.random.default_rng(101)
    height = np.array([1.0, 2.0])[:, None, None]
    mean = height * np.where(TIME < 1e-3, 10, 10 + 90 * np.exp(-(TIME - 1e-3) / 2e-3))
    head = rng.poisson(np.broadcast_to(mean, (2, 30, 41)))
    shaft = rng.poisson(np.broadcast_to(0.1 * mean, (2, 30, 41)))
    count = np.stack([head + shaft, head, shaft], -1)[..., None].astype(np.int32)
    pumps = rng.poisson(50, (2, 30, 41, 2, 1)).astype(np.int32)
    fired = rng.poisson(3, (2, 30, 41, 1))
    weight = (head.max(-1, keepdims=True) - 150.0) / 100 * np.linspace(0, 1, 41)
    sides = {"neck_radius": RADII, "trial": np.arange(30), "time": TIME}
    lead = tuple(sides)
    return xr.DataTree.from_dict(
        {
            "/counts": xr.Dataset(
                {
                    "count": ((*lead, "compartment", "species"), count),
                    "volume": (("neck_radius", "compartment"), [[0.2, 0.1, 0.1], [0.3, 0.2, 0.1]]),
                    "home": ("species", ["cytosol"]),
                },
                {**sides, "compartment": ["cytosol", "head", "shaft"], "species": ["Ca"]},
            ),
            "/surface": xr.Dataset(
                {
                    "count": ((*lead, "region", "species"), pumps),
                    "area": (("neck_radius", "region"), [[2.0, 1.0], [4.0, 2.0]]),
                },
                {**sides, "region": ["membrane", "psd"], "species": ["PMCA"]},
            ),
            "/events": xr.Dataset({"count": ((*lead, "reaction"), fired)}, {**sides, "reaction": ["-> Ca"]}),
            "/plasticity/bell2022": xr.Dataset(
                {"weight": ((*lead, "synapse"), weight[..., None])}, {**sides, "synapse": ["Ca in head"]}
            ),
        }
    )


def test_series_of_a_species_where_it_is(sweep):
    count = sweep["counts/count"]
    np.testing.assert_array_equal(sweep.spinemc.series("Ca", "head"), count[..., 1, 0])
    np.testing.assert_array_equal(sweep.spinemc.series("Ca"), count[..., 0, 0])
    head = sweep.spinemc.series("Ca", "head", quantity="concentration")
    np.testing.assert_allclose(head, count[..., 1, 0] / (MICROMOLAR * np.array([0.1, 0.2])[:, None, None]))
    assert head.attrs == {"units": "umol L^-1", "long_name": "Ca in head"}
    pumps = observables.series(sweep, "PMCA", quantity="concentration")
    np.testing.assert_allclose(pumps, sweep["surface/count"][..., 0, 0] / np.array([2.0, 4.0])[:, None, None])
    assert pumps.attrs["units"] == "um^-2"
    assert sweep.spinemc.series("Ca", between=(2e-3, 5e-3)).sizes["time"] == 13


def test_a_sweep_is_its_runs(sweep):
    """Every observable of a point is what it is of the run alone."""
    calls = {
        "moments": lambda run: run.moments("Ca", "head"),
        "concentration": lambda run: run.concentration("Ca", "head", band="bootstrap", resamples=50),
        "fano": lambda run: run.fano("PMCA", "psd"),
        "autocorrelation": lambda run: run.autocorrelation("Ca", between=(6e-3, 1e-2), mean="trials"),
        "spectrum": lambda run: run.spectrum("Ca", "head", mean="trials", quantity="concentration"),
        "peak": lambda run: run.peak("Ca", "head"),
        "decay": lambda run: run.decay("Ca", "head", resamples=10, start=1e-3),
        "influx": lambda run: run.influx(["-> Ca"]),
        "coupling": lambda run: run.coupling("Ca", "shaft", "head", of="integral"),
        "outcomes": lambda run: run.outcomes("bell2022", (-0.1, 0.1)),
        "distribution": lambda run: run.distribution("Ca", "head", 2e-3, bins=range(0, 400, 10)),
        "mean_passage": lambda run: run.first_passage("Ca", "head", threshold=105).drop_dims("elapsed"),
        "sources": lambda run: run.sources("Ca", "head", 2e-3, frozen={"itself": run._tree}),
    }
    assert set(calls) <= set(dir(accessor.OfTree)) | {"mean_passage"}
    for k, radius in enumerate(RADII):
        alone = sweep.map_over_datasets(lambda group, k=k: group.isel(neck_radius=k, missing_dims="ignore"))
        for name, call in calls.items():
            whole = call(sweep.spinemc).sel(neck_radius=radius)
            assert set(whole) == set(call(alone.spinemc)), name
            xr.testing.assert_allclose(whole, call(alone.spinemc), rtol=1e-6)


def test_answers_are_those_of_the_process(sweep):
    run = sweep.spinemc
    tau = run.decay("Ca", "head", start=1e-3, resamples=50)
    assert np.all(np.abs(tau["tau"] - 2e-3) < 4 * tau["tau_error"])
    ratio = run.coupling("Ca", "shaft", "head", of="integral")
    assert np.all(np.abs(ratio["coupling"] - 0.1) < 4 * ratio["coupling_error"])
    told = run.information("Ca", "head", 1.25e-3, stimulus="neck_radius", bins=2, permutations=99)
    assert float(told["information"]) == pytest.approx(1, abs=0.02)
    assert float(told["p_value"]) == 0.01
    spent = run.fano("Ca", "head").isel(time=slice(5))
    assert np.all(np.abs(spent["fano"] - 1) < 4 * spent["fano_error"])


def test_every_variable_tells_its_unit(sweep):
    run = sweep.spinemc
    results = [
        run.moments("Ca"),
        run.autocorrelation("Ca"),
        run.spectrum("Ca"),
        run.first_passage("Ca", threshold=50),
        run.peak("Ca"),
        run.decay("Ca", resamples=5),
        run.influx(["-> Ca"]),
        run.coupling("Ca", "shaft", "head"),
        run.outcomes("bell2022", (-0.1, 0.1)),
        run.distribution("Ca"),
        run.information("Ca", stimulus="neck_radius", bins=3, permutations=9),
        run.sources("Ca", frozen={"one": sweep}),
    ]
    for result in results:
        for name, variable in result.data_vars.items():
            assert "units" in variable.attrs, name
            if name.endswith(("_error", "_low", "_high")):
                assert "method" in variable.attrs, name


def test_what_is_not_finished_is_left_out(sweep):
    begun = sweep.copy(deep=True)
    begun["counts/count"][1, 20:] = -1
    begun["counts/count"][0, 25:] = -1
    result = begun.spinemc.moments("Ca", "head")
    np.testing.assert_array_equal(result["trials"].isel(time=0), [25, 20])
    np.testing.assert_allclose(result["mean"][1], sweep["counts/count"][1, :20, :, 1, 0].mean("trial"))
    direct = observables.moments(begun["counts/count"].sel(compartment="head", species="Ca"))
    np.testing.assert_allclose(direct["fano"], result["fano"])
    assert int(begun.spinemc.influx(["-> Ca"])["total"].notnull().sum()) == 45


def test_a_series_has_them_too(sweep):
    head = sweep.spinemc.series("Ca", "head")
    xr.testing.assert_identical(head.spinemc.cv(), sweep.spinemc.cv("Ca", "head"))
    xr.testing.assert_identical(head.spinemc.variance(level=0.5), sweep.spinemc.variance("Ca", "head", level=0.5))
    assert set(head.spinemc.mean()) == {"mean", "mean_error", "mean_low", "mean_high"}


def test_what_is_not_there_is_told(sweep):
    run = sweep.spinemc
    with pytest.raises(ObservableError, match='no species "Mg"; there are Ca, PMCA'):
        run.mean("Mg")
    with pytest.raises(ObservableError, match='no compartment "neck" for Ca; there are cytosol, head, shaft'):
        run.mean("Ca", "neck")
    with pytest.raises(ObservableError, match='quantity = "mass": it is count or concentration'):
        run.mean("Ca", quantity="mass")


def test_opening_a_store_is_what_registers():
    code = (
        "import sys, spinemc, spinemc.observables\n"
        "assert 'xarray' not in sys.modules and 'scipy' not in sys.modules\n"
        "spinemc.open\n"
        "import xarray\n"
        "assert callable(xarray.DataTree.spinemc.fano) and callable(xarray.DataArray.spinemc.fano)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=300)
    assert callable(spinemc.run)
