"""What is read out of a store, against formulas and hand-made numbers."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import t

from spinemc import observables
from spinemc.observables.comparison import Twin

TIME = np.linspace(0, 1e-3, 11)


def tree(count: np.ndarray, surface: np.ndarray) -> xr.DataTree:
    """A run with species Ca and Bm in two compartments and PMCA on two regions, total first."""
    trial = np.arange(len(count))
    return xr.DataTree.from_dict(
        {
            "/counts": xr.Dataset(
                {"count": (("trial", "time", "compartment", "species"), count)},
                {"trial": trial, "time": TIME, "compartment": ["cytosol", "head"], "species": ["Ca", "Bm"]},
            ),
            "/surface": xr.Dataset(
                {"count": (("trial", "time", "region", "species"), surface)},
                {"trial": trial, "time": TIME, "region": ["membrane", "psd"], "species": ["PMCA"]},
            ),
        }
    )


def random_tree(trials: int = 40) -> xr.DataTree:
    rng = np.random.default_rng(3)
    return tree(rng.poisson(30, (trials, 11, 2, 2)), rng.poisson(200, (trials, 11, 2, 1)))


def test_mean_sem_and_variance():
    values = np.array([[1.0, 5.0], [2.0, 5.0], [6.0, 5.0]])
    series = xr.DataArray(values, dims=("trial", "time"))
    result = observables.mean_sem(series)
    np.testing.assert_allclose(result["mean"], [3, 5])
    np.testing.assert_allclose(result["sem"], [np.sqrt(7 / 3), 0])
    np.testing.assert_allclose(observables.variance(series), [7, 0])
    np.testing.assert_array_equal(np.isnan(observables.mean_sem(series[:1])["sem"]), [True, True])


def test_fano_is_1_for_poisson_and_less_for_binomial():
    rng = np.random.default_rng(5)
    n = 40_000
    series = xr.DataArray(
        np.stack([rng.poisson(7, n), rng.binomial(20, 0.3, n), np.zeros(n)], -1), dims=("trial", "kind")
    )
    result = observables.fano(series)
    error = 5 * np.sqrt(2 / n)
    assert result[0] == pytest.approx(1, abs=error)
    assert result[1] == pytest.approx(0.7, abs=error)
    assert np.isnan(result[2])


def test_totals_are_those_of_the_whole_spine():
    run = random_tree()
    total = observables.totals(run)
    assert list(total["species"].values) == ["Ca", "Bm", "PMCA"]
    np.testing.assert_array_equal(total.sel(species="Bm"), run["counts/count"].values[:, :, 0, 1])
    np.testing.assert_array_equal(total.sel(species="PMCA"), run["surface/count"].values[:, :, 0, 0])


def means(run: xr.DataTree, count: float | np.ndarray, surface: float | np.ndarray = 200.0) -> xr.DataTree:
    """A twin's numbers under the names of a run."""
    return observables.named(run, TIME, np.broadcast_to(count, (11, 2, 2)), np.broadcast_to(surface, (11, 2, 1)))


def test_comparison_counts_standard_errors_in_every_place():
    run = random_tree()
    found = observables.comparison(run, {"ode": Twin(means(run, 31.0))}).sel(twin="ode")
    assert found["series"].values.tolist()[:3] == ["Ca in cytosol", "Ca in head", "Bm in cytosol"]
    assert found["series"].values.tolist()[4:] == ["PMCA on membrane", "PMCA on psd"]
    head = run["counts/count"].values[:, :, 1, 0]
    sem = head.std(0, ddof=1) / np.sqrt(40)
    one = found.sel(series="Ca in head")
    np.testing.assert_allclose(one["bias"], 31 - head.mean(0), rtol=1e-10)
    np.testing.assert_allclose(one["z"], (31 - head.mean(0)) / sem, rtol=1e-10)
    np.testing.assert_allclose(one["relative_bias"], 31 / head.mean(0) - 1, rtol=1e-10)
    np.testing.assert_allclose(one["fano"], head.var(0, ddof=1) / head.mean(0), rtol=1e-10)
    np.testing.assert_allclose(one["peak"], head.max(1).mean())
    worst = int(abs(one["z"].values).argmax())
    assert float(one["time_of_z"]) == TIME[worst]
    assert float(one["p_value"]) == pytest.approx(min(1.0, 66 * 2 * t.sf(float(abs(one["z"][worst])), 39)))
    assert found.attrs["looks"] == 66


def test_comparison_is_sure_as_often_as_it_says():
    """Of 12 runs that are their twin's, 5 % at most are told apart, as Bonferroni has it; what is off is, always."""
    rng = np.random.default_rng(8)
    wrong, seen = 0, 0
    for _ in range(12):
        run = tree(rng.poisson(30, (20, 11, 2, 2)), rng.poisson(200, (20, 11, 2, 1)))
        for off in (0.0, 12.0):
            twin = Twin(means(run, 30.0 + off), variance=means(run, 30.0))
            found = observables.comparison(run, {"lna": twin})
            sure = float(np.nanmin(found["p_value"])) < 0.05
            wrong, seen = wrong + (sure and off == 0.0), seen + (sure and off > 0.0)
    assert wrong <= 4  # 0.03 % of binomial(12, 0.05) are above
    assert seen == 12


def test_comparison_of_noise():
    """Poisson numbers with the variance of theory, and with a tenth of it."""
    run = random_tree(400)
    for share, sure in ((1.0, False), (0.1, True)):
        twin = Twin(means(run, 30.0), variance=means(run, 30.0 * share, 200.0 * share))
        found = observables.comparison(run, {"lna": twin}).sel(twin="lna")
        assert (float(found["variance_p_value"].max()) < 1e-6) == sure
        assert float(found["variance_ratio"].median()) == pytest.approx(share, rel=0.05)
    assert ((found["variance_low"] < found["variance"]) & (found["variance"] < found["variance_high"])).all()


def test_bare_arrays_get_the_names_of_the_run():
    run = random_tree()
    rng = np.random.default_rng(9)
    count, surface = rng.normal(30, 1, (11, 2, 2)), rng.normal(200, 1, (11, 2, 1))
    twin = observables.named(run, TIME, count, surface)
    found = observables.comparison(run, {"ode": Twin(twin)})["twin_mean"].sel(twin="ode")
    np.testing.assert_allclose(found.sel(series="Bm in cytosol"), count[:, 0, 1])
    np.testing.assert_allclose(found.sel(series="PMCA on psd"), surface[:, 1, 0])
    np.testing.assert_array_equal(twin["counts/count"].sel(compartment="head", species="Ca"), count[:, 1, 0])


def test_comparison_where_all_trials_agree():
    """Equal, off by a whole number, and off by so little that five trials may well have missed it."""
    run = tree(np.full((5, 11, 2, 2), 10), np.full((5, 11, 2, 1), 0))
    count = np.array([[10.0, 11.0], [10.0, 10.1]])
    found = observables.comparison(run, {"ode": Twin(means(run, count, 0.0))}).sel(twin="ode")
    z = found["z"].isel(time=0)
    assert list(z["series"].values) == ["Ca in cytosol", "Ca in head", "Bm in cytosol", "Bm in head"]
    np.testing.assert_allclose(z, [0.0, 0.0, np.inf, 0.1 / np.sqrt(0.09 / 5)], rtol=1e-6)


def test_comparison_of_a_single_trial_has_no_z():
    run = random_tree(trials=1)
    found = observables.comparison(run, {"ode": Twin(means(run, 30.0))})
    assert found["z"].isnull().all() and found["p_value"].isnull().all()
    head = run["counts/count"].values[0, :, 1, 0]
    np.testing.assert_allclose(found["bias"].sel(twin="ode", series="Ca in head"), 30.0 - head)
