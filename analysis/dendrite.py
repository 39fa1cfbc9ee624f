"""Two paths to one dendrite, and rules of plasticity on spikes given to them: what the studies of memory share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from spinemc import plasticity, protocols
from spinemc.observables.intervals import proportion
from spinemc.plasticity import traces

HOUR, MINUTE = 3600.0, 60.0
NONE = np.empty(0)
C_PRE, C_POST, TAU, DELAY = (plasticity.complete("li2016", {})[key] for key in ("c_pre", "c_post", "tau_ca", "delay"))
"""Calcium of a pre- and a postsynaptic spike [steps], its decay and the delay of the first [s], for every rule."""


class Stimulus(NamedTuple):
    """Spikes of one path, each (n,) float64 [s]."""

    pre: np.ndarray = NONE
    post: np.ndarray = NONE

    def at(self, time: float) -> Stimulus:
        """The same, later by a time [s]."""
        return Stimulus(self.pre + time, self.post + time)

    @property
    def end(self) -> float:
        """The last spike [s]."""
        return float(max(self.pre.max(initial=0.0), self.post.max(initial=0.0)))


def joined(*stimuli: Stimulus) -> Stimulus:
    """One stimulus of several."""
    return Stimulus(*(np.sort(np.concatenate(side)) for side in zip(*stimuli, strict=True)))


def tetanus(name: str, post: float | None = None) -> Stimulus:
    """A classic protocol; where `post` is given, the cell fires that long after each presynaptic spike [s]."""
    pre = protocols.tetanus(name)
    return Stimulus(pre, NONE if post is None else pre + post)


class Model(NamedTuple):
    """A rule as it is used here.

    Attributes
    ----------
    rule : str
    parameters : dict
        Over those of the rule.
    per_path : int
        Synapses of a path.
    late : str
        The variable of its late memory.
    potentiated, depressed : float
        Above and below which that is one.
    """

    rule: str
    parameters: dict[str, Any]
    per_path: int
    late: str
    potentiated: float
    depressed: float


MODELS = {
    "li2016": Model("li2016", {}, 1, "z", 0.5, -0.25),
    "clopath2008": Model("clopath2008", {}, 100, "z", 0.5, 0.5),
    "graupner2012": Model("graupner2012", {"set": "hippocampal slices"}, 1, "rho", 0.5, 0.5),
}
"""Li's rule with one synapse a path, Clopath's with the 100 of its paper. A memory is late where the late variable is
past half of its way, up or down: a choice."""


def followed(
    model: Model,
    stimuli: Sequence[Stimulus],
    until: float,
    trials: int = 0,
    *,
    per_path: int | None = None,
    consolidated: float = 0.0,
    gate: tuple[Any, Any] | None = None,
    seed: int = 1,
    every: float = 2.0 * MINUTE,
) -> xr.Dataset:
    """A rule on spikes of paths to one dendrite.

    Parameters
    ----------
    model : Model
    stimuli : sequence of Stimulus
        One a path, from 0 on.
    until : float
        The end [s].
    trials : int
        Dendrites with noise; 0: one without.
    per_path : int, optional
        Synapses of a path, if not those of the model.
    consolidated : float
        Share of the synapses of a path that begin with a late variable of 1, to whole tenths.
    gate : pair of (n,) array_like, optional
        As of `spinemc.plasticity.apply`; its times are not below 0.
    seed : int
    every : float
        Time between what is kept [s].

    Returns
    -------
    xarray.Dataset
        `weight` and `late`, (trial, path, synapse, time); times [s]; `begun`, (synapse) late at first.
    """
    grid = np.append(np.arange(0.0, until, every), until)
    number = model.per_path if per_path is None else per_path
    pre, post = [s.pre for s in stimuli], [s.post for s in stimuli]
    # a gate is averaged over an interval: let none go over one of its corners
    corners = [t for t in (gate[0] if gate else ()) if t < until]
    trace = traces.jumps(pre, post, C_PRE, C_POST, TAU, DELAY, until, np.union1d(grid, corners))
    spread = (np.repeat(level, number, axis=1) for level in (trace.before, trace.after))
    trace = plasticity.Trace(trace.time, *spread, trace.tau)
    kept = np.searchsorted(trace.time, grid)
    begun = (np.arange(number) % 10 < round(10 * consolidated)).astype(float)
    parameters = model.parameters | ({"noise": True} if trials else {})
    block = max(1, int(2.5e6 / trace.after[0].size))
    parts: dict[str, list[np.ndarray]] = {"weight": [], "late": []}
    for first in range(0, max(1, trials), block):
        answer = plasticity.apply(
            model.rule,
            trace,
            parameters=parameters,
            gate=gate,
            start={model.late: np.tile(begun, len(stimuli))},
            seed=seed,
            trials=range(first, min(first + block, max(1, trials))),
        )
        for name, variable in (("weight", "weight"), ("late", model.late)):
            values = answer[variable][..., kept]
            parts[name].append(values.reshape(len(values), len(stimuli), number, grid.size))
    dims = ("trial", "path", "synapse", "time")
    found = {name: (dims, np.concatenate(values)) for name, values in parts.items()}
    return xr.Dataset(found | {"begun": ("synapse", begun)}, coords={"time": grid})


class Share(NamedTuple):
    """How many of how many, the share, and the ends of its binomial interval at 95 %."""

    k: int
    n: int
    value: float
    low: float
    high: float


def share(which: Any) -> Share:
    """Of the true and false: how many are true (Wilson's interval)."""
    true = np.asarray(which, bool)
    value, _, low, high = proportion(int(true.sum()), true.size, 0.95)
    return Share(int(true.sum()), true.size, float(value), float(low), float(high))


def changed(model: Model, found: xr.Dataset, path: int = 0, sign: int = 1) -> np.ndarray:
    """Whether each synapse of a path went past half of the way to the late memory of a sign, (trial, synapse).

    Only synapses that could: not those that begin there.
    """
    late = found["late"].isel(path=path, time=-1).values
    could = found["begun"].values == (0.0 if sign > 0 or model.depressed < 0.0 else 1.0)
    return (late > model.potentiated if sign > 0 else late < model.depressed)[:, could]


def percent(found: xr.Dataset, path: int = 0) -> xr.DataArray:
    """Change of the mean weight of a path in each dendrite [% of the first], (trial, time)."""
    weight = found["weight"].isel(path=path).mean("synapse")
    return 100.0 * (weight / weight.isel(time=0) - 1.0)
