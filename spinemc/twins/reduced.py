"""A model of few parameters: molecules in well-mixed pieces that bind, leave and exchange; and its fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BLOCKS = 40  # of trials left out in turn, at most
FAST, EDGE = 3.0, 1e-6  # rates of a slow buffer at most, per sample; of a start, where a parameter is at its bound
PARTS = 2  # steps between samples where pumps fill
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


FORMS = ("linear", "slow buffer", "pumps")
"""What a model has beside decay, exchange and a buffer in balance."""


@dataclass(frozen=True, eq=False)
class Reduced:
    """The reduced model's fixed part: free molecules in well-mixed pieces, which bind, leave and exchange.

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
    form : str
        One of `FORMS`: "slow buffer", one in each compartment, or "pumps", which fill, one sort everywhere.
    """

    time: np.ndarray
    owner: np.ndarray
    volume: np.ndarray
    conductance: np.ndarray
    before: int
    lets_in: bool
    form: str = "linear"

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
        """The parameters: `D`, `free`, pumps' `bind`, `off` and `out`, then `k`, `on` and `off` of each compartment."""
        each = {"linear": ("k",), "slow buffer": ("k", "on", "off"), "pumps": ("k", "on")}[self.form]
        both: tuple[str, ...] = ("D",) if self.compartments > 1 else ()
        both += ("free",) if self.lets_in and self.form != "slow buffer" else ()
        both += ("bind", "off", "out") if self.form == "pumps" else ()
        return both + tuple(f"{name} {c}" for name in each for c in range(self.compartments))

    def value(self, parameters: np.ndarray, name: str, usual: float = 0.0) -> np.ndarray:
        """A parameter: of each compartment (c,) for `k`, `on` and a buffer's `off`, else alone (1,)."""
        found = [x for key, x in zip(self.names, parameters, strict=True) if key.split()[0] == name]
        return np.array(found if found else [usual] * (self.compartments if name in ("k", "on") else 1))

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
        kept = self.value(parameters, "k") * rest + self.value(parameters, "out") * self.bound(parameters, means)
        return np.asarray(self.value(parameters, "free", 1.0) * (rate - leak) + kept)

    def bound(self, parameters: np.ndarray, means: Means) -> np.ndarray:
        """(c,) What slow buffers or pumps hold at first: at balance with the rest."""
        rest, volume = self.rest(means)[0], np.bincount(self.owner, self.volume)
        off, out, bind = (self.value(parameters, name) for name in ("off", "out", "bind"))
        lost = off + out + bind * rest / volume
        return np.asarray(rest * self.value(parameters, "on") / np.where(lost > 0.0, lost, np.inf))

    def sites(self, parameters: np.ndarray) -> np.ndarray:
        """(c,) Pumps: `on` of all of them is `bind` times their concentration."""
        volume = np.bincount(self.owner, self.volume)
        return np.asarray(self.value(parameters, "on") * volume / self.value(parameters, "bind"))

    def solve(self, parameters: np.ndarray, means: Means) -> np.ndarray:
        """(t, c) Free molecules, from the start and the influx of some means; exact for influx constant in steps.

        Where pumps fill, they bind less than empty ones, by bind N B / V: this part and the others by turns, each
        exactly, in steps whose error is of fourth order (Strang 1968, extrapolated).
        """
        p, owner, linear = len(self.volume), self.owner, self.form == "linear"
        share = self.volume / np.bincount(owner, self.volume)[owner]
        n = p if linear else 2 * p
        state = np.concatenate([means.count[0][owner] * share, self.bound(parameters, means)[owner] * share])[:n]
        source = self.source(parameters, means)[:, owner] * share
        member = np.equal.outer(np.arange(self.compartments), owner).astype(float)
        steps, kind = np.unique(np.diff(self.time).round(12), return_inverse=True)
        found = np.empty((len(self.time), p))
        found[0] = state[:p]
        if self.form != "pumps":
            moves = self._moves(parameters, steps)
            for i, rate in enumerate(source):
                state = _moved(state, *_pushed(moves[kind[i]], rate))
                found[i + 1] = state[:p]
            return found @ member.T
        fills = self.value(parameters, "bind")[0] / self.volume
        halves, quarters = (self._moves(parameters, steps / PARTS / n) for n in (2.0, 4.0))
        for i, rate in enumerate(source):
            half, quarter = _pushed(halves[kind[i]], rate), _pushed(quarters[kind[i]], rate)
            step = steps[kind[i]] / PARTS
            for _ in range(PARTS):
                long = _moved(_emptied(_moved(state, *half), fills * step), *half)
                state = _emptied(_moved(state, *quarter), 0.5 * fills * step)
                state = _moved(_emptied(_moved(state, *half), 0.5 * fills * step), *quarter)
                state = (4.0 * state - long) / 3.0
            found[i + 1] = state[:p]
        return found @ member.T

    def _moves(self, parameters: np.ndarray, steps: np.ndarray) -> list[np.ndarray]:
        """For each step what takes the state and a constant source to the state after it, if pumps do not fill."""
        from scipy.linalg import expm

        owner = self.owner
        k, on, off = (np.broadcast_to(self.value(parameters, x), self.compartments)[owner] for x in ("k", "on", "off"))
        flow = -np.diag(k + on) - self.value(parameters, "D")[0] * self.conductance / self.volume
        lost = np.diag(off + self.value(parameters, "out")[0])
        whole = flow if self.form == "linear" else np.block([[flow, np.diag(off)], [np.diag(on), -lost]])
        n = len(whole)
        return [expm(np.block([[whole, np.eye(n)], [np.zeros((n, 2 * n))]]) * step)[:n] for step in steps]


def _pushed(move: np.ndarray, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The matrix of a step without a source, and what a source of free molecules [1/s] adds in it."""
    n = len(move)
    return move[:, :n], move[:, n : n + len(rate)] @ rate


def _moved(state: np.ndarray, move: np.ndarray, push: np.ndarray) -> np.ndarray:
    """The state after a step of the linear part."""
    return np.asarray(move @ state + push)


def _emptied(state: np.ndarray, fills: np.ndarray) -> np.ndarray:
    """The state after what full pumps would have bound is free again: the logistic equation, N' = fills N B."""
    p = len(fills)
    free, held = np.maximum(state[:p], 0.0), state[p:]
    whole = free + held
    after = np.empty_like(state)
    after[:p] = whole * free / (free + held * np.exp(-fills * whole) + 1e-300)
    after[p:] = whole - after[:p]
    return after


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


def fitted(model: Reduced, count: np.ndarray, influx: np.ndarray, D: float, like: Fit | None = None) -> Fit:
    """Fit the model to the trials.

    Parameters
    ----------
    model : Reduced
    count, influx : (trial, t, c) float64
        As of `Means`, of each trial.
    D : float
        Where the diffusion coefficient starts from [um^2 s^-1].
    like : Fit, optional
        Of a linear model: where pumps start from, which do most of its removal.
    """
    from scipy.optimize import least_squares

    n, span = len(count), float(model.time[-1] - model.time[0])
    means = Means(count.mean(0), influx.mean(0))
    sem = count.std(0, ddof=1) / np.sqrt(n)
    weight = 1.0 / np.maximum(sem, max(FLOOR * sem.max(), 1e-9))
    begin = {"D": max(D, 1e-3), "free": 1.0, "k": 5.0 / span, "on": 1.0 / span, "off": 1.0 / span}
    volume = np.bincount(model.owner, model.volume)
    dense = float((means.count.max(0) / volume).max())
    begin |= {"out": 5.0 / span, "bind": 5.0 / span / dense}
    start = np.array([begin[name.split()[0]] for name in model.names])
    if like is not None:
        of = dict(zip(like.model.names, like.parameters, strict=True))
        of |= {f"on {c}": 2.0 * of[f"k {c}"] for c in range(model.compartments)}
        of |= {f"k {c}": 0.1 * of[f"k {c}"] for c in range(model.compartments)}
        start = np.array([of.get(name, 0.0) or x for name, x in zip(model.names, start, strict=True)])

    def misfit(scaled: np.ndarray, these: Means) -> np.ndarray:
        return np.asarray(((model.solve(scaled * start, these) - these.count) * weight).ravel())

    fast = dict.fromkeys(("on", "off", "out"), FAST / model.every) | {"bind": FAST / model.every / dense}
    most = np.array([fast.get(name.split()[0], np.inf) for name in model.names])
    start = np.minimum(start, 0.5 * most)
    close = 1e-5 if model.form == "pumps" else 1e-9
    high, low = most / start, np.array([EDGE if name == "bind" else 0.0 for name in model.names])
    found = least_squares(misfit, np.ones(len(start)), bounds=(low, high), args=(means,), xtol=close, ftol=close)
    edge = np.minimum(found.x - low, high - found.x) < EDGE
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
