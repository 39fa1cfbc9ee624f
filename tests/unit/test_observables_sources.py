"""Variance split into sources, for models whose parts are known."""

import numpy as np
import pytest
import xarray as xr
from processes import within

from spinemc import observables
from spinemc.errors import ObservableError


def of(values: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("experiment", "trial"), attrs={"units": "umol L^-1"})


def additive(rng, shape, gate: float = 2.0, motion: float = 1.0, other: float = 0.5) -> xr.DataArray:
    return of(sum(deviation * rng.normal(size=shape) for deviation in (gate, motion, other)))


def test_parts_of_a_sum():
    """Variances 4, 1 and 0.25, the last one never frozen; 60 trials a run, 1500 experiments.

    Means to four standard errors; errors those of the scatter to 10 %; intervals cover 95 % to four deviations and 2 %.
    """
    rng, shape = np.random.default_rng(91), (1500, 60)
    frozen = {"gate": additive(rng, shape, gate=0), "motion": additive(rng, shape, motion=0)}
    result = observables.sources(additive(rng, shape), frozen)
    assert result["part"].dims == ("experiment", "source")
    assert result["total"].attrs["units"] == "umol^2 L^-2" and result["share"].attrs["units"] == "1"
    answers = {
        "total": 5.25,
        "remainder": 0.25,
        "part": xr.DataArray([4.0, 1.0], dims="source"),
    }
    for name, exact in answers.items():
        scatter = result[name].std("experiment", ddof=1)
        assert np.all(np.abs(result[name].mean("experiment") - exact) < 4 * scatter / np.sqrt(1500)), name
        told = np.sqrt((result[f"{name}_error"] ** 2).mean("experiment"))
        np.testing.assert_allclose(told, scatter, rtol=0.1, err_msg=name)
        covered = (result[f"{name}_low"] <= exact) & (result[f"{name}_high"] >= exact)
        assert np.all(np.abs(covered.mean("experiment") - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 1500) + 0.02), name
    np.testing.assert_allclose(result["share"].median("experiment"), [4 / 5.25, 1 / 5.25], atol=0.03)
    total = result["part"].sum("source") + result["remainder"]
    np.testing.assert_allclose(total, result["total"])


def test_sources_that_act_together():
    """Y = (1 + a)(1 + b) frozen in the middle: parts 1 and 1 with both interactions, so that the remainder is minus
    one.

    Var a = Var b = v: total 2 v + v^2, frozen v, parts v + v^2, remainder - v^2. 200,000 trials, v = 0.5.
    """
    rng, v, n = np.random.default_rng(92), 0.5, (1, 200_000)
    a, b = (1 + np.sqrt(v) * rng.normal(size=n) for _ in range(2))
    result = observables.sources(of(a * b), {"a": of(b), "b": of(a)})
    assert float(result["total"][0]) == pytest.approx(2 * v + v * v, rel=0.02)
    np.testing.assert_allclose(result["part"][0], v + v * v, rtol=0.03)
    assert abs(float(result["remainder"][0]) + v * v) < 4 * float(result["remainder_error"][0])


def test_paired_runs_know_their_parts_better():
    """The same random numbers in all runs, a small source, 40 trials, 800 experiments:
    the paired error is the scatter.
    """
    rng, shape = np.random.default_rng(93), (800, 40)
    small, large = 0.3 * rng.normal(size=shape), rng.normal(size=shape)
    paired = observables.sources(of(small + large), {"small": of(large)}, paired=True)
    apart = observables.sources(of(small + large), {"small": of(large)})
    scatter = float(paired["part"].std())
    assert float(np.sqrt((paired["part_error"] ** 2).mean())) == pytest.approx(scatter, rel=0.1)
    assert float(np.sqrt((apart["part_error"] ** 2).mean())) > 1.5 * scatter
    covered = (paired["part_low"] <= 0.09) & (paired["part_high"] >= 0.09)
    assert within(covered, 0.95, 4 + 0.02 / np.sqrt(0.95 * 0.05 / 800))


def test_runs_may_have_other_numbers_of_trials():
    rng = np.random.default_rng(94)
    full, frozen = additive(rng, (3, 50)), additive(rng, (3, 30), gate=0)
    result = observables.sources(full, {"gate": frozen})
    np.testing.assert_allclose(result["part"][:, 0], full.var("trial", ddof=1) - frozen.var("trial", ddof=1))
    holed = xr.concat([full, full[:, :1] * np.nan], "trial")
    xr.testing.assert_allclose(observables.sources(holed, {"gate": frozen}), result)
    with pytest.raises(ObservableError, match="the same trials"):
        observables.sources(full, {"gate": frozen}, paired=True)
    with pytest.raises(ObservableError, match="at least one run"):
        observables.sources(full, {})
