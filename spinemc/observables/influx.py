"""Ions that enter: by reactions that let them in, and through boundaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.observables.peaks import mean_over_trials
from spinemc.observables.tables import TIME, TRIAL, estimate, loaded, told
from spinemc.observables.trees import finished
from spinemc.units import ELEMENTARY_CHARGE

if TYPE_CHECKING:
    import xarray as xr


def influx(
    tree: xr.DataTree,
    reactions: Mapping[str, float] | Sequence[str] = (),
    boundaries: Mapping[str, float] | Sequence[str] = (),
    *,
    valence: float = 2.0,
    since: float | None = None,
    until: float | None = None,
    level: float = 0.95,
) -> xr.Dataset:
    """Ions that enter, counted event by event, and their charge.

    Parameters
    ----------
    tree : DataTree
        A run or a sweep, with `/events`.
    reactions : mapping or sequence of str
        Labels of one-way steps, or patterns such as "open -> open + Ca*", with the ions that each firing lets in: 1
        where none is told, negative for what lets them out.
    boundaries : mapping or sequence of str
        Labels of boundaries, or patterns, with the ions let in for each molecule that is absorbed: -1 where none is
        told, since what is absorbed is lost, and what a clamp lets in counts as negative there.
    valence : float
        Elementary charges of an ion.
    since, until : float, optional
        Samples are counted that are later than `since` and not later than `until` [s]; all by default.
    level : float

    Returns
    -------
    xarray.Dataset
        `ions` (..., trial, time), since the sample before; for each trial `total` [1] and `charge` [fC];
        `mean_total` and `mean_charge`, with `_error`, `_low` and `_high` from Student's t over trials; and
        `mean_current` [fA] (..., time), their mean charge over the interval before each sample, 0 at the first.

    Raises
    ------
    ObservableError
        Where the run has no events, or a pattern fits none.
    """
    import xarray as xr

    if "events" not in tree.children:
        raise ObservableError("the run has no events: influx is counted by reactions and boundaries.")
    if not reactions and not boundaries:
        raise ObservableError("influx: tell by which reactions or boundaries ions enter.")
    events = tree["events"].to_dataset()
    parts = [
        _weighed(events, variable, dim, asked if isinstance(asked, Mapping) else dict.fromkeys(asked, usual))
        for variable, dim, asked, usual in (
            ("count", "reaction", reactions, 1.0),
            ("absorbed", "boundary", boundaries, -1.0),
        )
        if asked
    ]
    ions = sum(parts[1:], parts[0]).where(finished(tree))
    time = ions[TIME]
    inside = (time > (-np.inf if since is None else since)) & (time <= (np.inf if until is None else until))
    ions = ions.where(inside, 0.0)
    total = ions.sum(TIME, skipna=False)
    charge = valence * ELEMENTARY_CHARGE
    method = "Student's t over trials"
    step = xr.DataArray(np.diff(time.values, prepend=-np.inf), dims=TIME, coords={TIME: time})
    result = {
        "ions": told(ions.rename("ions"), "1", "ions that entered since the sample before"),
        "total": told(total, "1", "ions that entered"),
        "charge": told(total * charge, "fC", "charge that entered"),
        "mean_current": told(charge * ions.mean(TRIAL) / step, "fA", "mean current inward"),
    }
    mean = mean_over_trials(total, level)
    result |= estimate("mean_total", mean, "1", "mean number of ions that entered", level, method)
    result |= estimate("mean_charge", [charge * one for one in mean], "fC", "mean charge that entered", level, method)
    return xr.Dataset(result)


def _weighed(events: xr.Dataset, variable: str, dim: str, asked: Mapping[str, float]) -> xr.DataArray:
    """What is counted of some labels, weighed; each label by the first pattern that fits."""
    if variable not in events:
        raise ObservableError(f"the run has no {dim} that is counted.")
    labels = [str(label) for label in events[dim].values]
    for pattern in asked:
        if not any(_fits(label, pattern) for label in labels):
            raise ObservableError(f'there is no {dim} "{pattern}"; there are {", ".join(labels) or "none"}.')
    weight = {label: next((w for p, w in asked.items() if _fits(label, p)), 0.0) for label in labels}
    kept = [n for n, label in enumerate(labels) if weight[label]]
    counted = loaded(events[variable].isel({dim: kept}))
    factor = np.array([weight[labels[n]] for n in kept])
    return (counted * counted[dim].copy(data=factor) if kept else counted).sum(dim, skipna=False)


def _fits(label: str, pattern: str) -> bool:
    return label == pattern or fnmatchcase(label, pattern)
