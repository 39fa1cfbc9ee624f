"""What a run says of its compartments as few numbers: decay times, diffusion, buffering, and exchange through necks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spinemc import observables, store
from spinemc.contrast import system_of
from spinemc.engine.system import System
from spinemc.errors import ObservableError, StoreError
from spinemc.observables.intervals import jackknife
from spinemc.observables.tables import loaded
from spinemc.twins.wells import Places, check
from spinemc.twins.windows import exchange_between

if TYPE_CHECKING:
    import xarray as xr

FEWEST = 5  # trials, below which nothing is said of errors
BLOCKS = 40  # of trials left out in turn, at most
GOOD, BETTER = 0.025, 0.8  # deviation of a linear model that will do; what a buffer must make of it to be kept
LIMIT = 0.05  # deviation of a reduction that is good enough, of the peak
FALL, RISEN = 0.1, 0.02  # of the rise: what a decay is at least; what is still at rest at most
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


def calibrate(run: xr.DataTree | str | Path, species: str = "Ca") -> xr.Dataset:
    """Measure the numbers of a model of few parameters from the trials of a run.

    Parameters
    ----------
    run : DataTree, str or Path
        A run of particles, or of any level with trials, as `spinemc.open` gives it, or where its store is.
    species : str
        A volume species.

    Returns
    -------
    xarray.Dataset
        By `compartment` (parts of the inside, with the rest of it as "cytosol"): `tau`, decay time [s]; `rest`,
        molecules at rest; `deviation`, of the fit from the mean, the largest of all times over the largest mean; with
        a slow buffer `on` and `off` [1/s]. `D_eff` [um^2/s], `free`, the share of the influx that stays free, and
        `kappa` = 1/free - 1, the buffer capacity; NaN where there is no second compartment, no influx. By `pair` of
        compartments, necks between them taken out: `conductance` [um^3/s], `forward` and `back`, what it is of the
        first and of the second volume [1/s], and `geometry_conductance`, what the shape gives at the diffusion
        coefficient of the scenario. Each measured one has `_error`, its standard error. Over (`time`, `compartment`):
        `influx`, molecules since the sample before, `mean` and `sem` of the trials, `fit`; and over (`interval`,
        `compartment`) `source`, what the reduced model lets in between a sample and the next [1/s]. Attributes:
        `model`, "linear" or "slow buffer"; `good`, whether each deviation but of necks is within 5 %; `notes`.

    Raises
    ------
    StoreError
        For a sweep, too few trials, or files that have changed.
    ObservableError
        For a species that does not diffuse in the inside, or that does not decay within the run.
    ScenarioError
        Where the scenario has shells or other spaces.

    Notes
    -----
    dN_i/dt = f (J_i - J_rest) - k_i (N_i - N_rest) - D_eff sum_j K_ij c_j, with K of the geometry, J what steps and
    releases let in, counted, and f one for the cell: a buffer in balance leaves the share f = 1/(1 + kappa) of influx
    and exchange free (Wagner & Keizer, Biophys J 67:447 (1994)). Where this is off by more than 2.5 %, each compartment
    gets a slow buffer, dB/dt = on N - off B, kept if it makes the worst deviation smaller by a fifth. Least squares
    weighted by standard errors; errors from a jackknife over trials, or 40 blocks of them, each one Gauss-Newton step
    from the fit of all (Fox, Hinkley & Larntz, Technometrics 22:29 (1980)).
    """
    tree = store.open(run) if isinstance(run, str | Path) else run
    _refuse(tree)
    system = system_of(tree)
    if species not in [system.network.species[s] for s in system.network.volume_species]:
        raise ObservableError(f'species "{species}" is not a volume species of this run, and those are calibrated.')
    there = check(
        replace(system.scenario, run=replace(system.scenario.run, engine="ode")), system.geometry, system.network
    )
    names = tuple(system.geometry.compartments[c] for c in np.unique(there.part))
    count = _counts(tree, system, there, species)
    influx = _influx(tree, system, there, species)
    time = observables.array(tree, "counts/time").values
    before = _before(count.mean(0).sum(-1), species)
    net = exchange_between(system.geometry, there.cut)
    owner = np.unique(there.part, return_inverse=True)[1]
    model = Reduced(time, owner, there.volume, net.conductance, before, bool(influx.any()))
    D = float(system.network.D[system.network.species.index(species)])
    fits = [_fit(model, count, influx, D)]
    if _worst(fits[0], names) > GOOD:
        fits.append(_fit(replace(model, slow=True), count, influx, D))
    best = fits[-1] if len(fits) > 1 and _worst(fits[1], names) < BETTER * _worst(fits[0], names) else fits[0]
    return _dataset(best, names, D, count, species)


def _refuse(tree: xr.DataTree) -> None:
    extra = [str(d) for d in tree["counts/count"].dims if d not in ("trial", "time", "compartment", "species")]
    if extra:
        raise StoreError(
            f"{tree.name}: is a sweep over {', '.join(extra)}, and calibrate takes one run: run the point that matters "
            "by itself, with --set in place of --vary."
        )
    trials = tree["counts"].sizes["trial"]
    if trials < FEWEST:
        raise StoreError(
            f"{tree.name}: has {trials} finished trial{'s' * (trials != 1)}, and calibrate takes {FEWEST} at least, "
            "for standard errors: run it with more --trials, at a level that is stochastic."
        )


def _before(total: np.ndarray, species: str) -> int:
    """How many samples of the mean are at rest; refuses what does not fall again."""
    change = total - total[0]
    rise = change.max() if change.max() > FALL * total.max() else total.max()
    if rise <= 0.0 or total.max() - total[-1] < FALL * rise:
        raise ObservableError(
            f"{species} does not decay within the run: its mean ends less than {FALL:.0%} of its rise below its peak; "
            "run it with a later t_stop, or with something that brings it in."
        )
    if rise == total.max() and total[0] > 0.0:
        return 0
    return int(np.argmax(np.abs(change) > RISEN * rise))


def _counts(tree: xr.DataTree, system: System, there: Places, species: str) -> np.ndarray:
    """(trial, t, c) Free molecules in the parts; the rest is what no other part holds."""
    found = loaded(observables.array(tree, "counts/count").sel(species=species)).transpose("trial", "time", ...).values
    parts = np.unique(there.part)
    rest = found[..., 0] - found[..., parts[parts > 0]].sum(-1)
    return np.stack([found[..., c] if c else rest for c in parts], -1)


def _influx(tree: xr.DataTree, system: System, there: Places, species: str) -> np.ndarray:
    """(trial, t, c) Molecules that steps and later releases let in since the sample before.

    A step lets in what it makes and takes nothing for; those are where the species that opens the way is.
    """
    from spinemc.twins.wells import network_of

    net = system.network
    one, parts = net.species.index(species), np.unique(there.part)
    fired = loaded(observables.array(tree, "events/count")).transpose("trial", "time", "reaction").values
    found = np.zeros((*fired.shape[:2], len(parts)))
    for number, step in enumerate(net.steps):
        made = list(step.products)
        for s in step.reactants:
            if s in made:
                made.remove(s)
        if one in step.reactants or set(step.reactants) - set(step.products) or one not in made:
            continue
        share = _share(tree, system, there, step.reactants, step.where)
        found += made.count(one) * fired[..., number, None] * share
    time = system.scenario.run.sample_times
    states = there.state[one]
    for jump in network_of(system).jumps:
        at = int(np.searchsorted(time, jump.time - 1e-12))
        if at > 0 and np.isin(jump.states, states).all():
            where = there.part[np.searchsorted(states, jump.states)]
            share = np.array([jump.share[where == c].sum() for c in parts])
            found[:, at] += jump.number * share
    return found


def _share(tree: xr.DataTree, system: System, there: Places, opens: Sequence[int], inside: int) -> np.ndarray:
    """(c,) The share of a step's firings in each part, from where what opens the way is on average."""
    net, geometry, parts = system.network, system.geometry, np.unique(there.part)
    size = np.bincount(there.part, there.volume, len(geometry.compartments))
    for s in opens:
        surface, name = bool(net.surface[s]), net.species[s]
        mean = loaded(observables.array(tree, f"{'surface' if surface else 'counts'}/count").sel(species=name))
        number = mean.mean(["trial", "time"]).values
        number[0] -= number[1:].sum()
        if not surface:
            size = number
            continue
        size = np.zeros(len(geometry.compartments))
        for region in np.unique(there.patch_region):
            mine = there.patch_region == region
            area = np.bincount(there.part[there.patch_part[mine]], there.area[mine], len(size))
            size += number[region] * area / area.sum()
    if not opens and inside:
        size = np.where(np.arange(len(size)) == inside, size, 0.0)
    return np.asarray(size[parts] / size[parts].sum()) if size[parts].sum() > 0.0 else np.zeros(len(parts))


@dataclass(frozen=True, eq=False)
class Fit:
    """A fit: the model, its parameters from all trials and with each block of them left out, and the means."""

    model: Reduced
    parameters: np.ndarray
    left_out: np.ndarray  # (q, block); NaN for one that ends at a bound, which these data do not tell
    means: Means
    value: np.ndarray  # (t, c)

    @property
    def deviation(self) -> np.ndarray:
        """(c,) The largest of all times over the largest mean."""
        top = self.means.count.max(0)
        return np.asarray(np.abs(self.value - self.means.count).max(0) / np.where(top > 0.0, top, np.inf))


def _fit(model: Reduced, count: np.ndarray, influx: np.ndarray, D: float) -> Fit:
    from scipy.optimize import least_squares

    n, span = len(count), float(model.time[-1] - model.time[0])
    means = Means(count.mean(0), influx.mean(0))
    sem = count.std(0, ddof=1) / np.sqrt(n)
    sem = np.maximum(sem, max(FLOOR * sem.max(), 1e-9))
    begin = {"D": max(D, 1e-3), "free": 1.0, "k": 5.0 / span, "on": 1.0 / span, "off": 1.0 / span}
    start = np.array([begin[name.split()[0]] for name in model.names])

    def misfit(scaled: np.ndarray, these: Means) -> np.ndarray:
        return np.asarray(((model.solve(scaled * start, these) - these.count) / sem).ravel())

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
    return Fit(model, parameters, left, means, model.solve(parameters, means))


def _worst(fit: Fit, names: Sequence[str]) -> float:
    """The largest deviation but of necks."""
    return float(max(x for x, name in zip(fit.deviation, names, strict=True) if not is_neck(name) or len(names) < 2))


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


def _dataset(fit: Fit, names: tuple[str, ...], D: float, count: np.ndarray, species: str) -> xr.Dataset:
    import xarray as xr

    model, means, c, t = fit.model, fit.means, "compartment", "time"
    links = between(model, names)
    volume = np.bincount(model.owner, model.volume)
    ways = np.array(list(links.values()))
    ends = np.array(list(links), int).reshape(-1, 2)

    def derived(x: np.ndarray) -> dict[str, np.ndarray]:
        k, free, D_eff = model.value(x, "k"), model.value(x, "free", np.nan), model.value(x, "D", np.nan)
        g = D_eff[0] * ways
        with np.errstate(divide="ignore"):
            found = {"tau": 1.0 / k, "D_eff": D_eff, "free": free, "kappa": 1.0 / free - 1.0, "conductance": g}
        found |= {"forward": g / volume[ends[:, 0]], "back": g / volume[ends[:, 1]]}
        return found | ({"on": model.value(x, "on"), "off": model.value(x, "off")} if model.slow else {})

    units = {"tau": "s", "D_eff": "um^2 s^-1", "conductance": "um^3 s^-1"}
    units |= dict.fromkeys(("forward", "back", "on", "off"), "s^-1")
    dims = {"tau": (c,), "on": (c,), "off": (c,)} | dict.fromkeys(("conductance", "forward", "back"), ("pair",))
    full, left = derived(fit.parameters), [derived(x) for x in fit.left_out.T]
    data = {}
    for name, value in full.items():
        with np.errstate(invalid="ignore"):
            error = jackknife(value, np.stack([one[name] for one in left], -1), len(left))[1]
        where = dims.get(name, ())
        for key, x in ((name, value), (f"{name}_error", error)):
            data[key] = (where, x if where else x[0], {"units": units.get(name, "1")})
    rest = model.rest(means)[0]
    sem = count.std(0, ddof=1) / np.sqrt(len(count))
    data |= {
        "rest": (c, rest),
        "deviation": (c, fit.deviation),
        "volume": (c, volume, {"units": "um^3"}),
        "geometry_conductance": ("pair", D * ways, {"units": "um^3 s^-1"}),
        "influx": ((t, c), means.influx),
        "mean": ((t, c), means.count),
        "sem": ((t, c), sem),
        "fit": ((t, c), fit.value),
        "source": (("interval", c), model.source(fit.parameters, means), {"units": "s^-1"}),
        "bound": (c, model.bound(fit.parameters, means)),
    }
    notes = []
    if len(names) == 1:
        notes.append("there is no second compartment, so that only the decay is measured, no diffusion or exchange")
    if not model.lets_in:
        notes.append("nothing is let in during the run, so that the buffer capacity cannot be told")
    worst = _worst(fit, names)
    if worst > LIMIT:
        notes.append(f"the reduction is not good enough: it is off the mean by {worst:.1%} of its peak")
    said = {"species": species, "trials": len(count), "model": "slow buffer" if model.slow else "linear", "D": D}
    return xr.Dataset(
        data,
        coords={
            c: list(names),
            t: (t, model.time, {"units": "s"}),
            "pair": [f"{names[i]} - {names[j]}" for i, j in ends],
        },
        attrs={**said, "good": int(worst <= LIMIT), "worst": worst, "notes": notes},
    )
