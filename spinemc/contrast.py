"""A run beside the same scenario at other levels: which are run, and what they give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from spinemc import ensemble, observables, plasticity, store
from spinemc.engine.system import System
from spinemc.ensemble import Job
from spinemc.errors import EngineError, GeometryError, ScenarioError, StoreError
from spinemc.observables.comparison import Twin, comparison, spread
from spinemc.observables.intervals import proportion
from spinemc.plans import assembled
from spinemc.scenario import parse_scenario
from spinemc.twins import compartments, levels, noise, ode
from spinemc.twins.formulas import FORMULAS
from spinemc.twins.places import seen
from spinemc.twins.wells import network_of

if TYPE_CHECKING:
    import xarray as xr

MOST_EVENTS = 10**9  # of the trials of compartments, a minute or two
NOISE_TIMES = 36  # at most, of theories of noise, the first and the last sample among them
NOISE_RTOL = 1e-4
MEANS_RTOL = 1e-6  # of rate equations, whose bias is told in per cent


def compare(
    run: xr.DataTree | str | Path,
    with_: Sequence[str] = ("ode", "lna"),
    level: float = 0.95,
    threads: int | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> xr.Dataset:
    """Lay other levels of a run's scenario beside its trials.

    Parameters
    ----------
    run : DataTree, str or Path
        A run as `spinemc.open` gives it, or where its store is.
    with_ : sequence of str
        "ode", rate equations; "lna", these and the linear noise approximation; "moments", means and covariances closed
        at second order; "compartments", as many stochastic trials as the run has, with another seed, or as few as make
        10^9 events; "pde", reaction and diffusion in space; "consistent" and "literal", rate equations with exchange
        by formula.
    level : float
        Of intervals, and of what is told of all numbers and times at once.
    threads : int, optional
        For "compartments"; all usable cores by default.
    tell : callable
        Takes a line before each level is run.

    Returns
    -------
    xarray.Dataset
        As `spinemc.observables.comparison`; with `weight`, `weight_error` (synapse), `twin_weight` (twin, synapse), the
        weight at the end, and `like_twin`, `like_twin_low`, `like_twin_high`, the share of trials whose weight moved as
        that of the twin, where the scenario has a rule; and in the attribute `refused` a sentence for each level that
        cannot express the scenario.

    Raises
    ------
    StoreError
        For a level that is not known, a sweep, a store without trials, or files that have changed.
    """
    refuse_unknown(with_)
    tree = store.open(run) if isinstance(run, str | Path) else run
    refuse_sweep(tree, "compare")
    if tree["counts"].sizes["trial"] == 0:
        raise StoreError(f"{tree.name}: no trial is finished: `spinemc resume` goes on.")
    system, twins, refused = _at(system_of(tree), "ode"), {}, []
    for name in dict.fromkeys(with_):
        tell(f"laying {name} beside the trials")
        try:
            with threadpool_limits(1, "blas"):  # on small matrices threads wait for one another longer than they save
                twins[name] = TWINS[name](tree, _at(system, name), threads)
        except (ScenarioError, EngineError, GeometryError) as reason:
            refused.append(f"{name}: {reason}")
    found = comparison(tree, twins, level)
    return found.merge(_weights(tree, system, twins, level)).assign_attrs(**found.attrs, refused=refused)


def refuse_unknown(with_: Sequence[str]) -> None:
    """Refuse a level that is none to compare with.

    Raises
    ------
    StoreError
        It is not among `TWINS`.
    """
    for name in with_:
        if name not in TWINS:
            raise StoreError(f'--with "{name}" is not a level to compare with; there are {", ".join(TWINS)}.')


def refuse_sweep(tree: xr.DataTree, command: str) -> None:
    """Refuse a sweep where a command takes one run.

    Raises
    ------
    StoreError
        The tree has a dimension for a varied parameter.
    """
    extra = [str(d) for d in tree["counts/count"].dims if d not in ("trial", "time", "compartment", "species")]
    if extra:
        raise StoreError(
            f"{tree.name}: is a sweep over {', '.join(extra)}, and {command} takes one run: run the point that matters "
            "by itself, with --set in place of --vary."
        )


def system_of(tree: xr.DataTree) -> System:
    """The scenario of a run made ready for levels without particles."""
    system = assembled(parse_scenario(tree.attrs["scenario"], tree.attrs.get("scenario_path") or None))
    scenario, geometry, net = system.scenario, system.geometry, system.network
    count = observables.array(tree, "counts/count")
    names = [net.species[s] for s in net.volume_species]
    same = list(count["compartment"].values) == list(geometry.compartments) and list(count["species"].values) == names
    if not same or len(scenario.run.sample_times) != tree["counts"].sizes["time"]:
        raise StoreError(f"{tree.name}: its scenario now gives other arrays; a file it names has changed.")
    return system


def _at(system: System, name: str) -> System:
    """The same at another level; theories of noise go by the network of the rate equations."""
    engine = name if name in levels.LEVELS else "ode"
    law = name if name in FORMULAS else system.scenario.run.exchange
    if (system.scenario.run.engine, system.scenario.run.exchange) == (engine, law):
        return system
    scenario = levels.at(system.scenario, engine)
    if name in FORMULAS:
        scenario = replace(scenario, run=replace(scenario.run, exchange=name))
    return System(scenario, system.geometry, system.network, ())


def twin(tree: xr.DataTree, engine: str = "ode") -> xr.DataTree:
    """What a level of means makes of the scenario of a run, as a tree with the run's names.

    Parameters
    ----------
    tree : DataTree
        A run at any level.
    engine : str
        `ode` or `pde`.

    Raises
    ------
    StoreError
        The level has no means by itself; or the scenario's files have changed so that it no longer describes the run.
    ScenarioError, GeometryError, EngineError
        The level cannot express the scenario, or lacks what it needs.
    """
    if levels.LEVELS[engine].means is None:
        known = ", ".join(name for name, level in levels.LEVELS.items() if level.means is not None)
        raise StoreError(f"{engine} has no means by itself, other than those of many trials; there are {known}.")
    return _means(tree, _at(system_of(tree), engine), None).mean


def _means(tree: xr.DataTree, system: System, threads: int | None) -> Twin:
    """A level of means."""
    level = levels.of(system.scenario)
    level.check(system)
    series = level.means(system)  # type: ignore[misc]
    return Twin(observables.named(tree, series.time, series.count, series.surface))


def _rates(tree: xr.DataTree, system: System, threads: int | None) -> Twin:
    """The rate equations of the network of wells."""
    made, time = network_of(system), system.scenario.run.sample_times
    series = ode.integrate(made, time, system.geometry, system.network, rtol=MEANS_RTOL)
    return Twin(observables.named(tree, series.time, series.count, series.surface))


def _theory(of: Callable[..., noise.Moments]) -> Callable[..., Twin]:
    """A level of means and covariances, at some of the times."""

    def twin(tree: xr.DataTree, system: System, threads: int | None) -> Twin:
        geometry, net = system.geometry, system.network
        made = network_of(system)
        every = system.scenario.run.sample_times
        time = every[np.unique(np.linspace(0, len(every) - 1, NOISE_TIMES).round().astype(int))]
        found = of(made, time)
        mean = seen(geometry, net, made.places, found.mean)
        variance = []
        for weight in seen(geometry, net, made.places, np.eye(made.size)):  # what each state counts for
            flat = weight.reshape(made.size, -1)
            spread = np.einsum("si,tsr,ri->ti", flat, found.covariance, flat, optimize=True)
            spread = np.maximum(spread, 0.0)  # what never changes has no noise, but for round-off
            variance.append(spread.reshape(len(time), *weight.shape[1:]))
        return Twin(observables.named(tree, time, *mean), variance=observables.named(tree, time, *variance))

    return twin


def _trials(tree: xr.DataTree, system: System, threads: int | None) -> Twin:
    """Stochastic trials of the network of wells."""
    compartments.check(system)
    seed = (system.scenario.run.seed + 1) % 2**32  # no trial is one of the run's
    first = compartments.run_trial(system, seed, 0)
    assert first is not None  # nothing stops it
    number = int(np.clip(MOST_EVENTS // max(first.moves, 1), 2, max(tree["counts"].sizes["trial"], 2)))
    jobs = (Job(system, seed, k, k) for k in range(1, number))
    done = [first, *ensemble.run_jobs(jobs, threads, run=compartments.run_trial)]
    count, surface = (spread(np.stack([getattr(one, name) for one in done])) for name in ("count", "surface"))
    time = system.scenario.run.sample_times
    mean, variance, error = (observables.named(tree, time, *pair) for pair in zip(count, surface, strict=True))
    sem = observables.named(tree, time, *(np.sqrt(one[1] / number) for one in (count, surface)))
    return Twin(mean, sem, variance, error)


TWINS: dict[str, Callable[..., Twin]] = {
    "ode": _rates,
    "compartments": _trials,
    "pde": _means,
    **dict.fromkeys(FORMULAS, _means),
    "lna": _theory(lambda made, time: noise.linear_noise(made, time, NOISE_RTOL)),
    "moments": _theory(noise.second_moments),
}
"""What a run may be compared with, by name."""


def _weights(tree: xr.DataTree, system: System, twins: dict[str, Twin], level: float) -> xr.Dataset:
    """What the rules of plasticity make of the trials and of the twins' means."""
    import xarray as xr

    specs, volumes = system.scenario.plasticity, system.geometry.compartment_volume
    if not specs or not len(tree["counts/count"]):
        return xr.Dataset()
    names = [f"{s.rule}, {s.species} in {s.compartment}" for rule in _rules(specs) for s in specs if s.rule == rule]
    ours = np.concatenate(
        [
            observables.array(tree, f"plasticity/{rule}/weight").transpose("trial", "time", "synapse").values
            for rule in _rules(specs)
        ],
        axis=-1,
    )
    moved = np.sign(ours[:, -1] - ours[:, 0])
    n = len(ours)
    theirs, alike = np.full((len(twins), len(names)), np.nan), np.full((4, len(twins), len(names)), np.nan)
    for k, twin in enumerate(twins.values()):
        count = observables.array(twin.mean, "counts/count")
        if count.sizes["time"] != tree["counts"].sizes["time"]:
            continue
        labels = [str(x) for x in count["compartment"].values], [str(x) for x in count["species"].values]
        told = plasticity.evaluate(
            [plasticity.without_noise(spec) for spec in specs],
            count["time"].values,
            count.values[None],
            volumes,
            *labels,
        )
        weight = np.concatenate([told[rule]["weight"] for rule in _rules(specs)], -1)[0]
        theirs[k] = weight[-1]
        same = (moved == np.sign(weight[-1] - weight[0])).sum(axis=0)
        alike[:, k] = proportion(same, n, level)
    both, one = ("twin", "synapse"), "synapse"
    return xr.Dataset(
        {
            "weight": (one, ours[:, -1].mean(axis=0)),
            "weight_error": (
                one,
                ours[:, -1].std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(len(names), np.nan),
            ),
            "twin_weight": (both, theirs),
            "like_twin": (both, alike[0]),
            "like_twin_low": (both, alike[2]),
            "like_twin_high": (both, alike[3]),
        },
        coords={"synapse": names, "twin": list(twins)},
    )


def _rules(specs: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(spec.rule for spec in specs))
