"""What is read out of a store, against formulas and hand-made numbers."""

import numpy as np
import pytest
import xarray as xr

from spinemc import observables

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


def test_comparison_counts_standard_errors():
    run = random_tree()
    twin = run["counts"].to_dataset()[["count"]].isel(trial=0, drop=True) * 0.0 + 30.0
    result = observables.comparison(run, twin)
    assert result["z"].dims == ("time", "species")
    assert list(result["species"].values) == ["Ca", "Bm"]
    calcium = run["counts/count"].values[:, :, 0, 0]
    z = (calcium.mean(0) - 30) / (calcium.std(0, ddof=1) / np.sqrt(40))
    np.testing.assert_allclose(result["z"].sel(species="Ca"), z, rtol=1e-10)
    np.testing.assert_allclose(result["difference"].sel(species="Ca"), calcium.mean(0) - 30, rtol=1e-10)
    assert np.abs(result["z"]).max() < 5


def test_comparison_with_a_tree_reads_both_groups():
    run = random_tree()
    result = observables.comparison(run, run)
    assert list(result["species"].values) == ["Ca", "Bm", "PMCA"]
    np.testing.assert_allclose(result["z"], 0, atol=1e-9)


def test_bare_arrays_get_the_names_of_the_run():
    run = random_tree()
    rng = np.random.default_rng(9)
    count, surface = rng.normal(30, 1, (11, 2, 2)), rng.normal(200, 1, (11, 2, 1))
    twin = observables.named(run, TIME, count, surface)
    result = observables.comparison(run, twin)["twin"]
    np.testing.assert_allclose(result.sel(species="Bm"), count[:, 0, 1])
    np.testing.assert_allclose(result.sel(species="PMCA"), surface[:, 0, 0])
    np.testing.assert_array_equal(twin["counts/count"].sel(compartment="head", species="Ca"), count[:, 1, 0])


def test_comparison_where_all_trials_agree():
    run = tree(np.full((4, 11, 2, 2), 10), np.full((4, 11, 2, 1), 3))
    twin = run["counts"].to_dataset().isel(trial=0, drop=True).astype(np.float64)
    twin["count"].loc[{"species": "Bm"}] = 10.5
    z = observables.comparison(run, twin)["z"]
    assert np.all(z.sel(species="Ca") == 0)
    assert np.all(z.sel(species="Bm") == -np.inf)


def test_comparison_of_a_single_trial_has_no_z():
    run = random_tree(trials=1)
    result = observables.comparison(run, run)
    assert np.all(np.isnan(result["z"]))
    np.testing.assert_array_equal(result["mean"], result["twin"])


def test_correlation_time_of_a_first_order_process():
    rng = np.random.default_rng(11)
    spacing, tau, trials, n = 2e-4, 3e-3, 60, 4000
    keep = np.exp(-spacing / tau)
    x = np.empty((trials, n))
    x[:, 0] = rng.normal(size=trials)
    kicks = rng.normal(size=(trials, n)) * np.sqrt(1 - keep**2)
    for i in range(1, n):
        x[:, i] = keep * x[:, i - 1] + kicks[:, i]
    series = xr.DataArray(12 + x, dims=("trial", "time"), coords={"time": spacing * np.arange(n)})
    result = observables.autocorrelation(series)
    assert result["autocorrelation"][0] == 1
    assert result["autocorrelation"]["lag"][10] == pytest.approx(10 * spacing)
    error = np.sqrt(2 * tau / (trials * n * spacing))  # of one lag, up to a factor near 1
    np.testing.assert_allclose(result["autocorrelation"][:30], keep ** np.arange(30), atol=5 * error)
    assert result["correlation_time"] == pytest.approx(tau, rel=5 * np.e * error)


def test_autocorrelation_is_the_direct_sum():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(3, 9))
    series = xr.DataArray(values, dims=("kind", "time"), coords={"time": np.arange(9.0)})
    x = values - values.mean(1, keepdims=True)
    direct = np.array([(x[:, : 9 - k] * x[:, k:]).mean(1) for k in range(9)])
    np.testing.assert_allclose(observables.autocorrelation(series)["autocorrelation"], direct / direct[0], atol=1e-12)


def test_a_series_that_does_not_vary_has_no_correlation_time():
    series = xr.DataArray(np.full(8, 3.0), dims="time", coords={"time": np.arange(8.0)})
    assert np.isnan(observables.autocorrelation(series)["correlation_time"])
