"""How values are spread over trials, and how often an outcome comes about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.observables.intervals import checked, proportion
from spinemc.observables.tables import TIME, TRIAL, estimate, loaded, over, told, units_of

if TYPE_CHECKING:
    import xarray as xr


OUTCOMES = ("depressed", "unchanged", "potentiated")
"""What a final weight is below, within and above a band."""


def distribution(
    series: xr.DataArray,
    *,
    bins: int | Sequence[float] | None = None,
    quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    level: float = 0.95,
    interval: str = "wilson",
    dim: str = TRIAL,
) -> xr.Dataset:
    """Histogram and quantiles over trials, at a time or of anything that each trial has.

    Parameters
    ----------
    series : DataArray
        (..., trial); a trial that is NaN is left out.
    bins : int or sequence of float, optional
        How many, or their edges, the last one included; by default one for each whole number between the least and the
        greatest where all are whole, up to 1000, or as `numpy.histogram_bin_edges` finds best. The same at all points
        of a sweep.
    quantiles : sequence of float
    level : float
    interval : {"wilson", "clopper-pearson"}

    Returns
    -------
    xarray.Dataset
        `number` of trials and their share, `probability`, (..., bin) with `_error`, `_low` and `_high` of the
        binomial; `edge_low` and `edge_high` of each bin; and `quantile_value` (..., quantile) with `_low` and `_high`.

    Raises
    ------
    ObservableError
        Where nothing is known, or edges do not rise.

    Notes
    -----
    The interval of a quantile p lies between the order statistics whose ranks are the binomial's (n, p) quantiles, so
    that it covers at least as often as told for continuous values; infinite where trials are too few. Conover,
    Practical Nonparametric Statistics (1999), sect. 3.2. Its value is linear between order statistics.
    """
    import xarray as xr
    from scipy.stats import binom

    series = loaded(series, dim)
    known = series.values[np.isfinite(series.values)]
    if not known.size:
        raise ObservableError("a distribution needs at least one trial that is finished.")
    edges = _edges(known, bins)
    shares = np.asarray(quantiles, dtype=np.float64)
    tail = (1 - checked(level)) / 2

    def measure(x: np.ndarray) -> tuple[np.ndarray, ...]:
        x = np.sort(x[np.isfinite(x)])
        if not len(x):
            nothing = np.full(len(edges) - 1, np.nan)
            return (nothing,) * 5 + (np.full(len(shares), np.nan),) * 3
        k = np.histogram(x, edges)[0].astype(np.float64)
        n = len(x)
        padded = np.concatenate([[-np.inf], x, [np.inf]])
        low = padded[binom.ppf(tail, n, shares).astype(int)]
        high = padded[np.minimum(binom.ppf(1 - tail, n, shares).astype(int) + 1, n + 1)]
        return (k, *proportion(k, n, level, interval), np.quantile(x, shares), low, high)

    parts = over(measure, series, core=[dim], results=[["bin"]] * 5 + [["quantile"]] * 3, loop=True)
    unit = units_of(series)
    result = {"number": told(parts[0], "1", "trials in the bin")}
    result |= estimate("probability", parts[1:5], "1", "share of trials in the bin", level, f"binomial, {interval}")
    for name, part in zip(("quantile_value", "quantile_value_low", "quantile_value_high"), parts[5:], strict=True):
        result[name] = told(part, unit, name.replace("_", " "), level=level, method="order statistics")
    dataset = xr.Dataset(result).assign_coords(quantile=shares)
    dataset["edge_low"] = told(xr.DataArray(edges[:-1], dims="bin"), unit, "lower edge")
    dataset["edge_high"] = told(xr.DataArray(edges[1:], dims="bin"), unit, "upper edge")
    return dataset.set_coords(["edge_low", "edge_high"])


def _edges(values: np.ndarray, bins: int | Sequence[float] | None) -> np.ndarray:
    """The edges of bins for some values."""
    low, high = float(values.min()), float(values.max())
    if bins is None:
        whole = high - low < 1000 and np.all(values == np.round(values))
        return np.arange(low - 0.5, high + 1) if whole else np.histogram_bin_edges(values, "auto")
    if isinstance(bins, int):
        if bins < 1:
            raise ObservableError(f"bins = {bins}: there is at least one.")
        return np.histogram_bin_edges(values, bins)
    edges = np.asarray(bins, dtype=np.float64)
    if len(edges) < 2 or np.any(np.diff(edges) <= 0):
        raise ObservableError("bins: edges rise, and are at least two.")
    return edges


def outcomes(
    weight: xr.DataArray,
    band: tuple[float, float],
    *,
    at: float | None = None,
    interval: str = "wilson",
    level: float = 0.95,
    dim: str = TRIAL,
) -> xr.Dataset:
    """How likely a synapse ends potentiated, depressed or unchanged.

    Parameters
    ----------
    weight : DataArray
        (..., trial, time, ...) as in `/plasticity/RULE/weight`, or without `time`.
    band : tuple of float
        The least and the greatest weight that is no change, both included.
    at : float, optional
        The time [s] whose nearest sample decides; the last by default.
    interval : {"wilson", "clopper-pearson"}
        Wilson's covers as often as told in the mean over probabilities, Clopper and Pearson's at least as often.
    level : float

    Returns
    -------
    xarray.Dataset
        (..., outcome), `depressed`, `unchanged`, `potentiated`: `probability` with `_error`, `_low` and `_high`, each
        by itself; and `number` of trials.

    Raises
    ------
    ObservableError
        Where the band is upside down.
    """
    import xarray as xr

    low, high = band
    if not low <= high:
        raise ObservableError(f"band = ({low:g}, {high:g}): the least weight that is no change comes first.")
    weight = loaded(weight, dim)
    if TIME in weight.dims:
        weight = weight.isel({TIME: -1}) if at is None else weight.sel({TIME: at}, method="nearest")

    def measure(x: np.ndarray) -> tuple[np.ndarray, ...]:
        cases = np.stack([x < low, (x >= low) & (x <= high), x > high], axis=-2)
        k = cases.sum(-1).astype(np.float64)
        n = np.isfinite(x).sum(-1)[..., None]
        return (k, *proportion(k, np.broadcast_to(n, k.shape), level, interval))

    parts = over(measure, weight, core=[dim], results=[["outcome"]] * 5)
    result = estimate("probability", parts[1:], "1", "probability of the outcome", level, f"binomial, {interval}")
    result["number"] = told(parts[0], "1", "trials with the outcome")
    return xr.Dataset(result, attrs={"band": list(band)}).assign_coords(outcome=list(OUTCOMES))
