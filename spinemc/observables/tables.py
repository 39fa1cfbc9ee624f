"""What observables read and return: series in memory, and estimates with their errors, units and names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.errors import ObservableError

if TYPE_CHECKING:
    import xarray as xr

TRIAL, TIME = "trial", "time"
"""Dimensions over which observables are taken."""

_UNIT = re.compile(r"([^\s^]+?)(?:\^?(-?\d+))?")


def loaded(series: xr.DataArray, *dims: str) -> xr.DataArray:
    """A series in memory, as float64.

    Parameters
    ----------
    series : DataArray
        Lazy or not. In whole numbers that are called `count` -1 is what was not finished, and becomes NaN.
    dims : str
        Dimensions that it must have.

    Raises
    ------
    ObservableError
        Where it lacks one.
    """
    for dim in dims:
        if dim not in series.dims:
            has = ", ".join(map(str, series.dims)) or "none"
            raise ObservableError(f"{series.name or 'the series'} has no dimension {dim}; it has {has}.")
    missing = series.dtype.kind == "i" and series.name == "count"
    found = series.compute()
    result = found.astype(np.float64)
    return result.where(found >= 0) if missing else result


def spacing(series: xr.DataArray, dim: str = TIME) -> float:
    """What lies between samples that are evenly apart.

    Raises
    ------
    ObservableError
        Where there are fewer than two, or they are not evenly apart.
    """
    time = series[dim].values
    steps = np.diff(time)
    if not len(steps) or not np.allclose(steps, steps[0], rtol=1e-6, atol=0):
        raise ObservableError(f"samples along {dim} must be evenly apart, and at least two.")
    return float((time[-1] - time[0]) / len(steps))


def power(units: str, exponent: int, times: str = "1") -> str:
    """A unit to a power, times another: "umol L^-1" squared is "umol^2 L^-2"."""
    exponents: dict[str, int] = {}
    for text, factor in ((units, exponent), (times, 1)):
        for part in text.split():
            match = _UNIT.fullmatch(part)
            name, to = (match[1], int(match[2] or 1)) if match else (part, 1)
            if name != "1":
                exponents[name] = exponents.get(name, 0) + factor * to
    return " ".join(name if e == 1 else f"{name}^{e}" for name, e in exponents.items() if e) or "1"


def units_of(series: xr.DataArray) -> str:
    """The unit of a series, "1" where it tells none."""
    return str(series.attrs.get("units", "1"))


def over(
    function: Callable[..., Any],
    *series: xr.DataArray,
    core: Sequence[str] = (TRIAL,),
    results: Sequence[Sequence[str]] = ((),) * 4,
    loop: bool = False,
) -> tuple[xr.DataArray, ...]:
    """Apply a function of bare arrays, with `core` as their last axes, at every point of the other dimensions.

    Parameters
    ----------
    function : callable
        Returns as many arrays as `results`.
    results : sequence of sequences of str
        The dimensions that each of them has at the end.
    loop : bool
        Whether the function takes arrays of the `core` dimensions alone, and is called for each point.
    """
    import xarray as xr

    answer = xr.apply_ufunc(
        function,
        *series,
        input_core_dims=[[dim for dim in core if dim in one.dims] for one in series],
        output_core_dims=[list(dims) for dims in results],
        exclude_dims=set(core),
        vectorize=loop,
        output_dtypes=[np.float64] * len(results) if loop else None,
        join="exact",
    )
    return answer if isinstance(answer, tuple) else (answer,)


def told(value: xr.DataArray, units: str, long_name: str, **more: Any) -> xr.DataArray:
    """An array with its unit and what it is."""
    value.attrs = {"units": units, "long_name": long_name, **more}
    return value


def estimate(
    name: str,
    parts: Sequence[xr.DataArray],
    units: str,
    long_name: str,
    level: float,
    method: str,
) -> dict[str, xr.DataArray]:
    """Variables of an estimate: `name`, `name_error`, `name_low` and `name_high`.

    Parameters
    ----------
    parts : sequence of DataArray
        Value, standard error, and the ends of the interval.
    method : str
        How the error is got; it stands in the attributes.
    """
    value, error, low, high = (part.copy(deep=False) for part in parts)
    return {
        name: told(value, units, long_name),
        f"{name}_error": told(error, units, f"standard error of {long_name}", method=method),
        f"{name}_low": told(low, units, f"lower end of the interval of {long_name}", level=level, method=method),
        f"{name}_high": told(high, units, f"upper end of the interval of {long_name}", level=level, method=method),
    }
