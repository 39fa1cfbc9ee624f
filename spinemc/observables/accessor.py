"""Observables as methods of trees and arrays: `tree.spinemc.fano("Ca", "head")`, `series.spinemc.fano()`.

Importing this module registers them with xarray; the first use of `spinemc.open`, `run`, `sweep` or `resume` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from spinemc import observables
from spinemc.observables.tables import TIME


def _one(moments: xr.Dataset, name: str) -> xr.Dataset:
    return moments[[name, f"{name}_error", f"{name}_low", f"{name}_high"]]


@xr.register_dataarray_accessor("spinemc")
class OfSeries:
    """Observables of a series (..., trial, time); options are those of the functions in `spinemc.observables`."""

    def __init__(self, series: xr.DataArray) -> None:
        self._series = series

    def at(self, time: float | None) -> xr.DataArray:
        """The sample nearest to a time [s]; the last for none."""
        return self._series.isel({TIME: -1}) if time is None else self._series.sel({TIME: time}, method="nearest")

    def moments(self, **options: Any) -> xr.Dataset:
        """As `observables.moments`: mean, variance, coefficient of variation and Fano factor."""
        return observables.moments(self._series, **options)

    def mean(self, **options: Any) -> xr.Dataset:
        """`mean` of `moments`, with its band."""
        return _one(self.moments(**options), "mean")

    def variance(self, **options: Any) -> xr.Dataset:
        """`variance` of `moments`."""
        return _one(self.moments(**options), "variance")

    def cv(self, **options: Any) -> xr.Dataset:
        """`cv` of `moments`: the standard deviation over the mean."""
        return _one(self.moments(**options), "cv")

    def fano(self, **options: Any) -> xr.Dataset:
        """`fano` of `moments`: the variance over the mean."""
        return _one(self.moments(**options), "fano")

    def autocorrelation(self, **options: Any) -> xr.Dataset:
        """As `observables.autocorrelation`."""
        return observables.autocorrelation(self._series, **options)

    def spectrum(self, **options: Any) -> xr.Dataset:
        """As `observables.spectrum`."""
        return observables.spectrum(self._series, **options)

    def first_passage(
        self, threshold: float, *, up: bool = True, since: float | None = None, level: float = 0.95
    ) -> xr.Dataset:
        """`passages` of a threshold, their `survival` and their `mean_passage` as one dataset."""
        found = observables.passages(self._series, threshold, up=up, since=since)
        curve, mean = observables.survival(found, level=level), observables.mean_passage(found, level=level)
        return xr.merge([found, curve, mean], join="exact", compat="no_conflicts")

    def peak(self, **options: Any) -> xr.Dataset:
        """As `observables.peak`."""
        return observables.peak(self._series, **options)

    def decay(self, **options: Any) -> xr.Dataset:
        """As `observables.decay`."""
        return observables.decay(self._series, **options)

    def distribution(self, time: float | None = None, **options: Any) -> xr.Dataset:
        """As `observables.distribution`, of the sample nearest to a time [s], or the last."""
        return observables.distribution(self.at(time), **options)

    def information(
        self, stimulus: str | Sequence[str] | xr.DataArray, time: float | None = None, **options: Any
    ) -> xr.Dataset:
        """As `observables.information`, of the sample nearest to a time [s], or the last."""
        return observables.information(self.at(time), stimulus, **options)


@xr.register_datatree_accessor("spinemc")
class OfTree:
    """Observables of a run or a sweep.

    A species is named, and the compartment or region it is looked at in, the whole that it lives in by default.
    `quantity` is "count" or "concentration"; `between`, two times [s], cuts the series. Other options are those of the
    functions in `spinemc.observables`.
    """

    def __init__(self, tree: xr.DataTree) -> None:
        self._tree = tree

    def series(
        self,
        species: str,
        where: str | None = None,
        *,
        quantity: str = "count",
        between: tuple[float, float] | None = None,
    ) -> xr.DataArray:
        """As `observables.series`, and cut to samples `between` two times, both included."""
        found = observables.series(self._tree, species, where, quantity)
        return found if between is None else found.sel({TIME: slice(*between)})

    def _of(self, species: str, where: str | None, options: dict[str, Any]) -> OfSeries:
        """The observables of a series; what says which series is taken out of the options."""
        which = {key: options.pop(key) for key in ("quantity", "between") if key in options}
        return OfSeries(self.series(species, where, **which))

    def concentration(self, species: str, where: str | None = None, **options: Any) -> xr.Dataset:
        """Mean concentration [umol L^-1; of surface species um^-2] with its band, as `observables.moments`."""
        options["quantity"] = "concentration"
        return self._of(species, where, options).mean(**options)

    def moments(self, species: str, where: str | None = None, **options: Any) -> xr.Dataset:
        """As `observables.moments`: mean, variance, coefficient of variation and Fano factor."""
        return self._of(species, where, options).moments(**options)

    def mean(self, species: str, where: str | None = None, **options: Any) -> xr.Dataset:
        """Mean and its band."""
        return self._of(species, where, options).mean(**options)

    def variance(self, species: str, where: str | None = None, **options: Any) -> xr.Dataset:
        """Variance."""
        return self._of(species, where, options).variance(**options)

    def cv(self, species: str, where: str | None = None, **options: Any) -> xr.Dataset:
        """Coefficient of variation."""
        return self._of(species, where, options).cv(**options)

    def fano(self, species: str, where: str | None = None, **options: Any) -> xr.Dataset:
        """Fano factor."""
        return self._of(species, where, options).fano(**options)

    def autocorrelation(self, species: str, where: str | None = None, **options: Any) -> xr.Dataset:
        """As `observables.autocorrelation`."""
        return self._of(species, where, options).autocorrelation(**options)

    def spectrum(self, species: str, where: str | None = None, **options: Any) -> xr.Dataset:
        """As `observables.spectrum`."""
        return self._of(species, where, options).spectrum(**options)

    def peak(self, species: str, where: str | None = None, **options: Any) -> xr.Dataset:
        """As `observables.peak`."""
        return self._of(species, where, options).peak(**options)

    def decay(self, species: str, where: str | None = None, **options: Any) -> xr.Dataset:
        """As `observables.decay`."""
        return self._of(species, where, options).decay(**options)

    def first_passage(self, species: str, where: str | None = None, *, threshold: float, **options: Any) -> xr.Dataset:
        """`passages` of a threshold, their `survival` and their `mean_passage` as one dataset."""
        return self._of(species, where, options).first_passage(threshold, **options)

    def distribution(
        self, species: str, where: str | None = None, time: float | None = None, **options: Any
    ) -> xr.Dataset:
        """As `observables.distribution`, of the sample nearest to a time [s], or the last."""
        return self._of(species, where, options).distribution(time, **options)

    def information(
        self,
        species: str,
        where: str | None = None,
        time: float | None = None,
        *,
        stimulus: str | Sequence[str] | xr.DataArray,
        **options: Any,
    ) -> xr.Dataset:
        """As `observables.information`, of the sample nearest to a time [s], or the last."""
        return self._of(species, where, options).information(stimulus, time, **options)

    def budget(self, species: str = "Ca") -> xr.Dataset:
        """As `observables.budget`."""
        return observables.budget(self._tree, species)

    def influx(
        self,
        reactions: Mapping[str, float] | Sequence[str] = (),
        boundaries: Mapping[str, float] | Sequence[str] = (),
        **options: Any,
    ) -> xr.Dataset:
        """As `observables.influx`."""
        return observables.influx(self._tree, reactions, boundaries, **options)

    def fluorescence(self, dye: str | None = None, where: str | None = None, **options: Any) -> xr.Dataset:
        """As `observables.fluorescence`."""
        return observables.fluorescence(self._tree, dye, where, **options)

    def coupling(self, species: str, top: str, bottom: str, **options: Any) -> xr.Dataset:
        """As `observables.coupling`, of what a species does in compartment `top` over what it does in `bottom`."""
        which = {key: options.pop(key) for key in ("quantity", "between") if key in options}
        above, below = (self.series(species, place, **which) for place in (top, bottom))
        return observables.coupling(above, below, **options)

    def outcomes(self, rule: str, band: tuple[float, float], **options: Any) -> xr.Dataset:
        """As `observables.outcomes`, of the weights of a rule, for each synapse."""
        return observables.outcomes(observables.array(self._tree, f"plasticity/{rule}/weight"), band, **options)

    def sources(
        self,
        species: str,
        where: str | None = None,
        time: float | None = None,
        *,
        frozen: Mapping[str, xr.DataTree],
        quantity: str = "count",
        **options: Any,
    ) -> xr.Dataset:
        """As `observables.sources`, of this run and those with a source frozen, at the sample nearest to a time [s]."""
        full, *others = (
            OfSeries(observables.series(tree, species, where, quantity)).at(time)
            for tree in (self._tree, *frozen.values())
        )
        return observables.sources(full, dict(zip(frozen, others, strict=True)), **options)
