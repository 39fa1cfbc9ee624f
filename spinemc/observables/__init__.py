"""What is read out of a store, and how sure it is: xarray in, xarray out.

A function takes a series with a dimension `trial`, or a tree, and returns a dataset; dimensions that it does not know,
such as those of a sweep, stay as they are. An estimate `x` comes with `x_error`, its standard error, and `x_low` and
`x_high`, the ends of its interval at `level`; units, and how the error is got, are in the attributes.
"""

from spinemc.observables.budget import budget
from spinemc.observables.comparison import comparison
from spinemc.observables.correlation import autocorrelation
from spinemc.observables.decay import decay
from spinemc.observables.distribution import distribution, outcomes
from spinemc.observables.fluorescence import fluorescence
from spinemc.observables.influx import influx
from spinemc.observables.information import information
from spinemc.observables.moments import fano, mean_sem, moments, variance
from spinemc.observables.passage import mean_passage, passages, survival
from spinemc.observables.peaks import coupling, peak
from spinemc.observables.recorded import recorded, recorded_trials
from spinemc.observables.sources import sources
from spinemc.observables.spectra import spectrum
from spinemc.observables.trees import array, named, series, totals

__all__ = [
    "array",
    "autocorrelation",
    "budget",
    "comparison",
    "coupling",
    "decay",
    "distribution",
    "fano",
    "fluorescence",
    "influx",
    "information",
    "mean_passage",
    "mean_sem",
    "moments",
    "named",
    "outcomes",
    "passages",
    "peak",
    "recorded",
    "recorded_trials",
    "series",
    "sources",
    "spectrum",
    "survival",
    "totals",
    "variance",
]
