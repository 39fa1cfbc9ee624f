"""A model of few parameters: molecules in well-mixed pieces that bind, leave and exchange linearly; and its fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BLOCKS = 40  # of trials left out in turn, at most
FAST, EDGE = 3.0, 1e-6  # rates of a slow buffer at most, per sample; of a start, where a parameter is at its bound
FLOOR = 0.25  # of the largest standard error: what each counts for at least
SITE = "neck"  # last part of the name of a compartment that joins others


@dataclass(frozen=True, eq=False)
class Means:
    """Means over trials, by time and compartment.

    Attributes
    ----------
    count : (t, c) float64
        Free molecules.
    influx : (t, c) float64
        Molecules let in since the sample before.
    """

    count: np.ndarray
    influx: np.ndarray


@dataclass(frozen=True, eq=False)
class Reduced:
    """The reduced model's fixed part: free molecules in well-mixed pieces, which bind, leave and exchange linearly.

    Attributes
    ----------
    time : (t,) float64
        [s]
    owner : (p,) int
        Compartment of each piece, from 0.
    volume : (p,) float64
        [um^3]
    conductance : (p, p) float64
        As of `spinemc.twins.conductance.Exchange`, without regions that are held [um].
    before : int
        How many samples are at rest: 0 where there is no rest.
    lets_in : bool
        Whether there is an influx, so that buffering shows.
    slow : bool
        Whether each compartment has a slow buffer.
    """

    time: np.ndarray
    owner: np.ndarray
    volume: np.ndarray
    conductance: np.ndarray
    before: int
    lets_in: bool
    slow: bool = False

    @property
    def every(self) -> float:
        """The shortest time between samples [s]."""
        return float(np.diff(self.time).min())

    @property
    def compartments(self) -> int:
        """How many compartments there are."""
        return int(self.owner.max()) + 1

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters: `D`, `free`, then `k`, `on` and `off` of each compartment."""
        each = ("k", "on", "off") if self.slow else ("k",)
        both = (("D",) if len(self.volume) > 1 else ()) + (("free",) if self.lets_in and not self.slow else ())
        return both + tuple(f"{name} {c}" for name in each for c in range(self.compartments))

    def value(self, parameters: np.ndarray, name: str, usual: float = 0.0) -> np.ndarray:
        """A parameter: of each compartment (c,) for `k`, `on` and `off`, else alone (1,)."""
        found = [x for key, x in zip(self.names, parameters, strict=True) if key.split()[0] == name]
        return np.array(found if found else [usual] * (self.compartments if name in ("k", "on", "off") else 1))

    def rest(self, means: Means) -> tuple[np.ndarray, np.ndarray]:
        """(c,) molecules at rest, and (c,) the influx at rest [1/s]; 0 where there is no rest."""
        n = self.before
        if n < 2:
            return np.zeros(self.compartments), np.zeros(self.compartments)
        return means.count[:n].mean(0), means.influx[1:n].sum(0) / (self.time[n - 1] - self.time[0])

    def source(self, parameters: np.ndarray, means: Means) -> np.ndarray:
        """(t - 1, c) What comes in between samples [1/s]: the influx that stays free, and what keeps up the rest."""
        rest, leak = self.rest(means)
        rate = means.influx[1:] / np.diff(self.time)[:, None]
        return np.asarray(self.value(parameters, "free", 1.0) * (rate - leak) + self.value(parameters, "k") * rest)

    def bound(self, parameters: np.ndarray, means: Means) -> np.ndarray:
        """(c,) What slow buffers hold at first: at balance with the rest."""
        off = self.value(parameters, "off")
        return np.asarray(self.rest(means)[0] * self.value(parameters, "on") / np.where(off > 0.0, off, np.inf))

    def solve(self, parameters: np.ndarray, means: Means) -> np.ndarray:
        """(t, c) Free molecules, from the start and the influx of some means; exact for influx constant in steps."""
        from scipy.linalg import expm

        p, owner = len(self.volume), self.owner
        share = self.volume / np.bincount(owner, self.volume)[owner]
        k, on, off = (self.value(parameters, name)[owner] for name in ("k", "on", "off"))
        flow = -np.diag(k + on) - self.value(parameters, "D")[0] * self.conductance / self.volume
        whole = np.block([[flow, np.diag(off)], [np.diag(on), -np.diag(off)]]) if self.slow else flow
        n = len(whole)
        state = np.concatenate([means.count[0][owner] * share, self.bound(parameters, means)[owner] * share])[:n]
        source = self.source(parameters, means)[:, owner] * share
        member = np.equal.outer(np.arange(self.compartments), owner).astype(float)
        steps, kind = np.unique(np.diff(self.time).round(12), return_inverse=True)
        moves = [expm(np.block([[whole, np.eye(n)], [np.zeros((n, 2 * n))]]) * step)[:n] for step in steps]
        found = np.empty((len(self.time), p))
        found[0] = state[:p]
        for i, rate in enumerate(source):
            move = moves[kind[i]]
            state = move[:, :n] @ state + move[:, n : n + p] @ rate
            found[i + 1] = state[:p]
        return found @ member.T


@dataclass(frozen=True, eq=False)
class Fit:
    """A fit to trials.

    Attributes
    ----------
    model : Reduced
    parameters : (q,) float64
        From all trials, as `Reduced.names`.
    left_out : (q, block) float64
        Without one block of trials each; NaN for one that ends at a bound, which these data do not tell.
    means : Means
    sem : (t, c) float64
        Standard errors of the mean numbers.
    value : (t, c) float64
        What the model gives.
    """

    model: Reduced
    parameters: np.ndarray
    left_out: np.ndarray
    means: Means
    sem: np.ndarray
    value: np.ndarray

    @property
    def deviation(self) -> np.ndarray:
        """(c,) How far the fit is off the mean: the largest of all times over the largest mean."""
        return self._of_peak(np.abs(self.value - self.means.count))

    @property
    def beyond(self) -> np.ndarray:
        """(c,) The same of what is beyond two standard errors of the mean."""
        return self._of_peak(np.maximum(np.abs(self.value - self.means.count) - 2.0 * self.sem, 0.0))

    def _of_peak(self, x: np.ndarray) -> np.ndarray:
        top = self.means.count.max(0)
        return np.asarray(x.max(0) / np.where(top > 0.0, top, np.inf))


def fitted(model: Reduced, count: np.ndarray, influx: np.ndarray, D: float) -> Fit:
    """Fit the model to the trials.

    Parameters
    ----------
    model : Reduced
    count, influx : (trial, t, c) float64
        As of `Means`, of each trial.
    D : float
        Where the diffusion coefficient starts from [um^2 s^-1].
    """
    from scipy.optimize import least_squares

    n, span = len(count), float(model.time[-1] - model.time[0])
    means = Means(count.mean(0), influx.mean(0))
    sem = count.std(0, ddof=1) / np.sqrt(n)
    weight = 1.0 / np.maximum(sem, max(FLOOR * sem.max(), 1e-9))
    begin = {"D": max(D, 1e-3), "free": 1.0, "k": 5.0 / span, "on": 1.0 / span, "off": 1.0 / span}
    start = np.array([begin[name.split()[0]] for name in model.names])

    def misfit(scaled: np.ndarray, these: Means) -> np.ndarray:
        return np.asarray(((model.solve(scaled * start, these) - these.count) * weight).ravel())

    fast = {"on": FAST / model.every, "off": FAST / model.every}
    high = np.array([fast.get(name.split()[0], np.inf) for name in model.names]) / start
    found = least_squares(misfit, np.ones(len(start)), bounds=(0.0, high), args=(means,), xtol=1e-9, ftol=1e-9)
    edge = np.minimum(found.x, high - found.x) < EDGE
    free = ~edge
    block = np.arange(n) * min(n, BLOCKS) // n
    left = np.full((len(start), block[-1] + 1), np.nan)
    for b in range(left.shape[1]):
        these = Means(count[block != b].mean(0), influx[block != b].mean(0))
        step = np.linalg.lstsq(found.jac[:, free], -misfit(found.x, these), rcond=None)[0]
        left[free, b] = (found.x[free] + step) * start[free]
    parameters = found.x * start
    return Fit(model, parameters, left, means, sem, model.solve(parameters, means))


def is_neck(name: str) -> bool:
    """Whether a compartment joins others, by the last part of its name."""
    return name.rpartition(".")[2] == SITE


def between(model: Reduced, names: Sequence[str]) -> dict[tuple[int, int], float]:
    """Conductances between compartments with necks taken out, by their numbers, for D = 1 [um]."""
    K, neck = model.conductance, np.array([is_neck(names[c]) for c in model.owner])
    if neck.any() and not neck.all():
        K = K[~neck][:, ~neck] - K[~neck][:, neck] @ np.linalg.solve(K[neck][:, neck], K[neck][:, ~neck])
    owner = model.owner[~neck] if not neck.all() else model.owner
    found = {}
    for i in range(model.compartments):
        for j in range(i + 1, model.compartments):
            total = -float(K[np.ix_(owner == i, owner == j)].sum())
            if total > 1e-9 * np.abs(K).max(initial=0.0):
                found[i, j] = total
    return found
