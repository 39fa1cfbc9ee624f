"""What a run says of its compartments as few numbers: decay times, diffusion, buffering, and exchange through necks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc import observables, store
from spinemc.contrast import refuse_sweep, system_of
from spinemc.engine.system import System
from spinemc.errors import ObservableError, StoreError
from spinemc.observables.intervals import jackknife
from spinemc.observables.tables import loaded
from spinemc.scenario.places import parts
from spinemc.twins.places import Places
from spinemc.twins.reduced import FORMS, Fit, Reduced, between, fitted, is_neck
from spinemc.twins.wells import check, network_of
from spinemc.twins.windows import exchange_between

if TYPE_CHECKING:
    import xarray as xr

FEWEST = 5  # trials, below which nothing is said of errors
GOOD, BETTER = 0.025, 0.8  # deviation of a linear model that will do; what a buffer must make of it to be kept
LIMIT = 0.05  # deviation of a reduction that is good enough, of the peak
FALL, RISEN = 0.1, 0.02  # of the rise: what a decay is at least; what is still at rest at most


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
        a slow buffer `on` and `off` [1/s], and with pumps `on` and `sites`, how many there are. Of pumps `bind`
        [um^3/s], `off` and `out` [1/s]. `D_eff` [um^2/s], `free`, the share of the influx that stays free, and
        `kappa` = 1/free - 1, the buffer capacity; NaN where there is no second compartment, no influx. By `pair` of
        compartments, necks between them taken out: `conductance` [um^3/s], `forward` and `back`, what it is of the
        first and of the second volume [1/s], and `geometry_conductance`, what the shape gives at the diffusion
        coefficient of the scenario. Each measured one has `_error`, its standard error. Over (`time`, `compartment`):
        `influx`, molecules since the sample before, `mean` and `sem` of the trials, `fit`; and over (`interval`,
        `compartment`) `source`, what the reduced model lets in between a sample and the next [1/s]. Attributes:
        `model`, of `spinemc.twins.reduced.FORMS`; `good`, whether no deviation but of necks is beyond 5 % and two
        standard errors of the mean; `worst` of these deviations; `notes`.

    Raises
    ------
    StoreError
        For a sweep, too few trials, or files that have changed.
    ObservableError
        For a species that is not in the inside, that passes from there into another space, or that does not decay
        within the run.
    ScenarioError
        Where the scenario has shells, or anything else that rate equations do not know.

    Notes
    -----
    dN_i/dt = f (J_i - J_rest) - k_i (N_i - N_rest) - D_eff sum_j K_ij c_j, with K of the geometry, J what steps and
    releases let in, counted, and f one for the cell: a buffer in balance leaves the share f = 1/(1 + kappa) of influx
    and exchange free (Wagner & Keizer, Biophys J 67:447 (1994)). Where this is off by 2.5 % of a peak and two standard
    errors, each compartment gets a slow buffer, dB/dt = on N - off B, kept if it makes that smaller by a
    fifth; where that is off as well, pumps of one sort in its place, dB/dt = on N (1 - B/P) - (off + out) B, with
    P = on V / bind of them and `bind` the same everywhere. Least squares weighted by standard errors; errors from a
    jackknife over trials, or 40 blocks of them, each one Gauss-Newton step from the fit of all (Fox, Hinkley & Larntz,
    Technometrics 22:29 (1980)).
    """
    model, names, D, count, influx = prepared(store.open(run) if isinstance(run, str | Path) else run, species)
    best = fitted(model, count, influx, D)
    if _worst(best.beyond, names) > GOOD:
        first = best
        for form in FORMS[1:]:
            if _worst(best.beyond, names) > GOOD:
                other = fitted(replace(model, form=form), count, influx, D, first if form == "pumps" else None)
                best = other if _worst(other.beyond, names) < BETTER * _worst(best.beyond, names) else best
    return _dataset(best, names, D, count, species)


def prepared(tree: xr.DataTree, species: str) -> tuple[Reduced, tuple[str, ...], float, np.ndarray, np.ndarray]:
    """What is fitted to what: the linear model of a run's geometry, and the trials.

    Returns
    -------
    Reduced
    tuple of str
        The compartments.
    float
        Diffusion coefficient of the scenario [um^2 s^-1].
    (trial, t, c) float64, (trial, t, c) float64
        Free molecules, and molecules let in since the sample before.

    Raises
    ------
    StoreError, ObservableError, ScenarioError
        As `calibrate`.
    """
    _refuse(tree)
    system = system_of(tree)
    net, geometry = system.network, system.geometry
    if species not in [net.species[s] for s in net.volume_species]:
        raise ObservableError(f'species "{species}" is not a volume species of this run, and those are calibrated.')
    _refuse_other_spaces(system, species)
    there = check(replace(system.scenario, run=replace(system.scenario.run, engine="ode")), geometry, net)
    cut = there.cut.within(geometry.parts_of(0))
    names = tuple(geometry.compartments[c] for c in np.unique(cut.part))
    count = _counts(tree, cut.part, species)
    influx = _influx(tree, system, there, species)
    time = observables.array(tree, "counts/time").values
    before = _before(count.mean(0).sum(-1), species)
    owner = np.unique(cut.part, return_inverse=True)[1]
    conductance = exchange_between(geometry, cut).conductance
    model = Reduced(time, owner, cut.volume, conductance, before, bool(influx.any()))
    return model, names, float(net.D[net.species.index(species)]), count, influx


def _refuse(tree: xr.DataTree) -> None:
    """Refuse what is not one run with trials enough."""
    refuse_sweep(tree, "calibrate")
    trials = tree["counts"].sizes["trial"]
    if trials < FEWEST:
        raise StoreError(
            f"{tree.name}: has {trials} finished trial{'s' * (trials != 1)}, and calibrate takes {FEWEST} at least, "
            "for standard errors: run it with more --trials, at a level that is stochastic."
        )


def _refuse_other_spaces(system: System, species: str) -> None:
    """Refuse a species of another space, and one that passes into one: it goes where nothing is fitted."""
    net, geometry = system.network, system.geometry
    space = int(net.space[net.species.index(species)])
    if space:
        raise ObservableError(
            f"{species} is in {geometry.spaces[space]}, and calibrate measures those of the inside: take one of them."
        )
    for boundary in system.scenario.boundary:
        if boundary.kind == "permeable" and species in [parts(name)[0] for name in boundary.species]:
            raise ObservableError(
                f"{species} passes through {boundary.region} into another space, and calibrate measures one space "
                "closed but for what steps let in and take out: run it without that boundary."
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


def _counts(tree: xr.DataTree, part: np.ndarray, species: str) -> np.ndarray:
    """(trial, t, c) Free molecules in the parts of the inside; the rest is what no other part holds."""
    found = loaded(observables.array(tree, "counts/count").sel(species=species)).transpose("trial", "time", ...).values
    every = np.unique(part)
    rest = found[..., 0] - found[..., every[every > 0]].sum(-1)
    return np.stack([found[..., c] if c else rest for c in every], -1)


def _influx(tree: xr.DataTree, system: System, there: Places, species: str) -> np.ndarray:
    """(trial, t, c) Molecules that steps and later releases let in since the sample before.

    A step lets in what it makes and takes nothing of the inside for; those are where the species that opens the way
    is.
    """
    net = system.network
    one, inside = net.species.index(species), np.unique(there.part[there.space == 0])
    fired = loaded(observables.array(tree, "events/count")).transpose("trial", "time", "reaction").values
    found = np.zeros((*fired.shape[:2], len(inside)))
    for number, step in enumerate(net.steps):
        made = list(step.products)
        for s in step.reactants:
            if s in made:
                made.remove(s)
        near = [s for s in step.reactants if net.surface[s] or net.space[s] == 0]
        if one in near or set(near) - set(step.products) or one not in made:
            continue
        share = _share(tree, system, there, near, step.where)
        found += made.count(one) * fired[..., number, None] * share
    time = system.scenario.run.sample_times
    states = there.state[one]
    for jump in network_of(system).jumps:
        at = int(np.searchsorted(time, jump.time - 1e-12))
        if at > 0 and np.isin(jump.states, states).all():
            where = there.part[[int(np.flatnonzero(states == state)[0]) for state in jump.states]]
            share = np.array([jump.share[where == c].sum() for c in inside])
            found[:, at] += jump.number * share
    return found


def _share(tree: xr.DataTree, system: System, there: Places, opens: Sequence[int], where: int) -> np.ndarray:
    """(c,) The share of a step's firings in each part of the inside, from where what opens the way is on average."""
    net, geometry, along = system.network, system.geometry, there.along(0)
    own = there.space == 0
    inside = np.unique(there.part[own])
    size: np.ndarray = np.bincount(there.part[own], there.volume[own], len(geometry.compartments))
    for s in opens:
        surface, name = bool(net.surface[s]), net.species[net.home[s]]
        mean = loaded(observables.array(tree, f"{'surface' if surface else 'counts'}/count").sel(species=name))
        number = mean.mean(["trial", "time"]).values
        if not surface:
            number[0] -= number[geometry.set_of(0)].sum()
            size = number
            continue
        size = np.zeros(len(geometry.compartments))
        alike = np.flatnonzero(geometry.region_surface == geometry.region_surface[net.region[s]])
        number[alike[0]] -= number[alike[1:]].sum()  # the whole of the surface is the first
        for region in alike:
            patch = np.flatnonzero((there.patch_region == region) & (along >= 0))
            area = np.bincount(there.part[along[patch]], there.area[patch], len(size))
            size += number[region] * area / max(area.sum(), np.finfo(float).tiny)
    if not opens and where:
        size = np.where(np.arange(len(size)) == where, size, 0.0)
    return np.asarray(size[inside] / size[inside].sum()) if size[inside].sum() > 0.0 else np.zeros(len(inside))


def _worst(off: np.ndarray, names: Sequence[str]) -> float:
    """The largest of (c,) numbers but of necks."""
    return float(max(x for x, name in zip(off, names, strict=True) if not is_neck(name) or len(names) < 2))


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
        more = {"linear": (), "slow buffer": ("on", "off"), "pumps": ("on", "bind", "off", "out")}[model.form]
        found |= {name: model.value(x, name) for name in more}
        return found | ({"sites": model.sites(x)} if model.form == "pumps" else {})

    units = {"tau": "s", "D_eff": "um^2 s^-1", "conductance": "um^3 s^-1"}
    units |= dict.fromkeys(("forward", "back", "on", "off", "out"), "s^-1") | {"bind": "um^3 s^-1"}
    dims: dict[str, Any] = dict.fromkeys(("tau", "on", "sites"), (c,)) | dict.fromkeys(
        ("conductance", "forward", "back"), ("pair",)
    )
    if model.form == "slow buffer":
        dims["off"] = (c,)
    full, left = derived(fit.parameters), [derived(x) for x in fit.left_out.T]
    data: dict[str, Any] = {}
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
    worst = _worst(fit.deviation, names)
    good = _worst(fit.beyond, names) <= LIMIT
    if not good:
        notes.append(
            f"the reduction is not good enough: it is off the mean by {worst:.1%} of its peak, beyond the noise"
        )
    said = {"species": species, "trials": len(count), "model": model.form, "D": D}
    return xr.Dataset(
        data,
        coords={
            c: list(names),
            t: (t, model.time, {"units": "s"}),
            "pair": [f"{names[i]} - {names[j]}" for i, j in ends],
        },
        attrs={**said, "good": int(good), "worst": worst, "notes": notes},
    )
