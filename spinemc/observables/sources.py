"""Where the variance over trials comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.observables.intervals import student
from spinemc.observables.tables import TRIAL, estimate, loaded, over, power, units_of

if TYPE_CHECKING:
    import xarray as xr


def sources(
    full: xr.DataArray,
    frozen: Mapping[str, xr.DataArray],
    *,
    paired: bool = False,
    level: float = 0.95,
    dim: str = TRIAL,
) -> xr.Dataset:
    """Split the variance over trials into sources, by runs in which one source each is frozen.

    Parameters
    ----------
    full : DataArray
        (..., trial) of the run in which all vary.
    frozen : mapping of str to DataArray
        The same of a run without one source, by the source's name. Numbers of trials may differ.
    paired : bool
        Whether trial k of all runs has the same random numbers, so that their errors are not independent.
    level : float

    Returns
    -------
    xarray.Dataset
        `total` variance, `part` (..., source) and `remainder`, in the unit of `full` squared, and their `share` (...,
        source) and `remainder_share` of the total, each with `_error`, `_low` and `_high`. A part may come out below 0.

    Raises
    ------
    ObservableError
        Where there is no frozen run, or paired runs have other trials.

    Notes
    -----
    The law of total variance: Var Y = E[Var(Y | Z)] + Var(E[Y | Z]) for any source Z. A run with Z frozen at z has
    Var(Y | Z = z), and the part of Z is Var Y - Var(Y | Z = z): Var(E[Y | Z]), what Z alone makes, where Var(Y | Z =
    z) is the same for all z. Parts of sources that add sum to the total. The remainder is what no run froze, and what
    sources make together: above 0 where that stays in each frozen run (means over many z), below 0 where it goes with
    either source (z in the middle) and is in several parts. Saltelli et al., Global Sensitivity Analysis (2008), ch.
    4. Errors: jackknife over the trials of each run, Arvesen, Ann Math Stat 40:2076 (1969); intervals of Student's t
    with the trials of the smallest run.
    """
    import xarray as xr

    if not frozen:
        raise ObservableError("sources: there is at least one run with a source frozen.")
    runs = [loaded(run, dim) for run in (full, *frozen.values())]
    if paired and any(run.sizes[dim] != runs[0].sizes[dim] for run in runs):
        raise ObservableError("paired runs have the same trials; their numbers differ.")
    number = len(frozen)

    def split(v: np.ndarray) -> np.ndarray:
        """Total, parts, remainder and shares, of variances (..., run)."""
        total = v[..., :1]
        parts = np.concatenate(
            [total, total - v[..., 1:], v[..., 1:].sum(-1, keepdims=True) - (number - 1) * total], -1
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.concatenate([parts, parts[..., 1:] / np.where(total > 0, total, np.nan)], -1)

    def measure(*values: np.ndarray) -> np.ndarray:
        if paired:
            there = np.isfinite(np.stack(values)).all(0)
            values = tuple(x[there] for x in values)
        values = tuple(x[np.isfinite(x)] for x in values)
        fewest = min(len(x) for x in values)
        if fewest < 3:
            return np.full((2 * number + 3, 4), np.nan)
        value, error = _jackknifed(values, split, paired)
        reach = student(fewest, level) * error
        return np.stack([value, error, value - reach, value + reach], axis=-1)

    # Runs may have other numbers of trials, so that each has a dimension of its own.
    own = [run.drop_vars(dim, errors="ignore").rename({dim: f"{dim}_{k}"}) for k, run in enumerate(runs)]
    core = [f"{dim}_{k}" for k in range(len(own))]
    (table,) = over(measure, *own, core=core, results=[["row", "part"]], loop=True)
    square, method = power(units_of(full), 2), "jackknife over trials"
    named = {
        "total": (0, square, "variance over trials"),
        "part": (slice(1, number + 1), square, "part of the variance"),
        "remainder": (number + 1, square, "variance less its parts"),
        "share": (slice(number + 2, 2 * number + 2), "1", "share of the variance"),
        "remainder_share": (2 * number + 2, "1", "share of the remainder"),
    }
    result: dict[str, xr.DataArray] = {}
    for name, (rows, unit, long_name) in named.items():
        chosen = table.isel(row=rows)
        chosen = chosen.rename(row="source") if "row" in chosen.dims else chosen
        result |= estimate(name, [chosen.isel(part=k) for k in range(4)], unit, long_name, level, method)
    return xr.Dataset(result).assign_coords(source=list(frozen))


def _jackknifed(
    values: tuple[np.ndarray, ...], split: Callable[[np.ndarray], np.ndarray], paired: bool
) -> tuple[np.ndarray, np.ndarray]:
    """What becomes of the variances of several runs, and its standard error."""
    v = np.array([x.var(ddof=1) for x in values])
    left = []
    for x in values:
        n, d = len(x), x - x.mean()
        left.append(((n - 1) * x.var(ddof=1) - d * d * n / (n - 1)) / (n - 2))
    groups = [np.stack(left, -1)] if paired else [_with(v, k, one) for k, one in enumerate(left)]
    square = sum((len(g) - 1) ** 2 / len(g) * split(g).var(axis=0, ddof=1) for g in groups)
    return split(v), np.sqrt(square)


def _with(v: np.ndarray, k: int, column: np.ndarray) -> np.ndarray:
    """Rows of `v` with `column` in place of their k-th values."""
    rows = np.tile(v, (len(column), 1))
    rows[:, k] = column
    return rows
