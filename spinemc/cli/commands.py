"""What each command does: options in, calls, what is printed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinemc.errors import ScenarioError, printable

if TYPE_CHECKING:
    from spinemc.summaries import Summary

DONE, PROGRAM_FAULT, INPUT_FAULT, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses."""


def new(given: Any) -> None:
    from spinemc import starter

    path = starter.begin(given.name, given.like)
    print(f"{path}\nnext: spinemc check {path}; spinemc run {path}")


def bring(given: Any) -> None:
    from spinemc import mdl

    show(given, mdl.told(*mdl.bring(given.model, given.out)))


def completion(given: Any) -> None:
    import shtab

    from spinemc.cli.options import parser

    top = parser()
    for one in parsers_of(top):
        for action in one._actions:
            if action.type in (Path, place):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(top, given.shell))


def parsers_of(top: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parser of each command."""
    return [
        one
        for action in top._actions
        if isinstance(action, argparse._SubParsersAction)
        for one in action.choices.values()
    ]


def run(given: Any) -> None:
    from spinemc.scenario import load_scenario

    scenario = load_scenario(given.scenario, settings_of(given))
    from spinemc import simulate, summaries

    if scenario.structure is not None:
        from spinemc import remodelling

        given.out = given.out if given.out is not None else Path(f"{given.scenario.stem}.epochs")
        with client_of(given) as client:
            found = remodelling.remodel(scenario, given.out, client=client, tell=teller(given), **how(given))
        show(given, summaries.remodelled(found), given.out)
        return
    with client_of(given) as client:
        tree = simulate.run(scenario, store_of(given), client=client, **how(given))
    show(given, summaries.summary(tree), store_of(given))


def sweep(given: Any) -> None:
    from spinemc.scenario import load_scenario, sweeps

    path, varied = sweeps.of_command(given.scenario, given.vary, given.list, given.latin)
    scenario = load_scenario(path, settings_of(given))
    from spinemc import simulate

    with client_of(given) as client:
        simulate.sweep(scenario, varied, store_of(given), client=client, **how(given))
    told = " x ".join(f"{len(axis.values)} {axis.name}" for axis in varied.axes)
    print(f"{len(varied.settings)} points ({told})")
    print(store_of(given))


def resume(given: Any) -> None:
    from spinemc import remodelling, simulate, summaries

    if remodelling.is_course(given.store):
        with client_of(given) as client:
            how = {"threads": given.threads, "client": client, "progress": not given.quiet}
            found = remodelling.resume(given.store, tell=teller(given), **how)
        show(given, summaries.remodelled(found), given.store)
        return
    with client_of(given) as client:
        tree = simulate.resume(given.store, threads=given.threads, client=client, progress=not given.quiet, tell=say)
    show(given, summaries.summary(tree), given.store)


def info(given: Any) -> int:
    from spinemc import remodelling, summaries

    stores = remodelling.stores(given.store) if remodelling.is_course(given.store) else [given.store]
    found = [summaries.info(one, given.verify) for one in stores]
    for one in found:
        show(given, one)
    return PROGRAM_FAULT if any(one.values.get("damaged") for one in found) else DONE


def check(given: Any) -> None:
    from spinemc.scenario import load_scenario

    scenario = load_scenario(given.scenario, settings_of(given))
    from spinemc import summaries

    show(given, summaries.check(scenario))


def geometry(given: Any) -> None:
    from spinemc import geometry

    if given.repair:
        built, changes = geometry.mend(given.file, given.unit or "um")
        print("\n".join([f"repaired: {change}." for change in changes] or ["repaired: nothing was wrong."]))
    else:
        built = geometry.load_geometry(given.file, given.settings, given.unit)
    if given.find_spines:
        spines = geometry.find_spines(built)
        built = geometry.with_spines(built, spines)
        print(geometry.table(spines))
    print(geometry.describe(built))
    if given.export is not None:
        geometry.export(built, given.export)
        print(given.export)
    if given.plot is not None:
        from spinemc import figures

        figures.plot_geometry(built, given.plot)
        print(given.plot)


def mechanisms(given: Any) -> None:
    from spinemc.mechanisms import description

    print(description.listed() if given.kind is None else description.described(given.kind))


def compare(given: Any) -> None:
    from spinemc import summaries

    show(given, summaries.compare(given.store, given.twins, teller(given)))


def calibrate(given: Any) -> None:
    from spinemc import summaries

    show(given, summaries.calibrate(given.store, given.species, given.out))


def plot(given: Any) -> None:
    from spinemc import contrast, figures, store

    stem = Path(str(given.store)).stem
    if given.what is not None:
        out = given.out if given.out is not None else Path(f"{stem}_{given.what}.png")
        tree = store.open(given.store)
        contrast.refuse_sweep(tree, f"plot --what {given.what}")
        found = contrast.compare(tree, tell=teller(given)) if given.what == "compare" else None
        figures.plot_one(tree, given.what, out, given.size or "single", found)
        print(out)
        return
    if given.size is not None:
        raise ScenarioError("--size goes with --what: the figure of a whole run has one size.")
    out = given.out if given.out is not None else Path(f"{stem}.png")
    tree = store.open(given.store)
    try:
        twin = contrast.twin(tree)
    except ScenarioError as reason:  # particles know more than rate equations do
        twin = None
        aside(f"drawn without rate equations: {reason}")
    figures.plot_run(tree, out, twin)
    print(out)


def report(given: Any) -> None:
    from spinemc import page

    print(page.report(given.store, given.out, given.twins, given.trial, given.overwrite, teller(given)))


def view(given: Any) -> None:
    import webbrowser

    from spinemc import page

    def ready(url: str) -> None:
        print(url, flush=True)
        print("Ctrl-C stops it.", file=sys.stderr, flush=True)
        if given.open or (given.open is None and sys.stdout.isatty()):
            webbrowser.open(url)

    page.view(given.store, given.twins, given.trial, given.port, ready)
    print("stopped.", file=sys.stderr)


def export(given: Any) -> None:
    from spinemc import exports, store
    from spinemc.units import quantity

    try:
        time = float("inf") if given.time is None else quantity(given.time, "time")
    except ScenarioError as fault:
        raise ScenarioError(f"--time {given.time}: {fault}") from None
    print(exports.export(store.open(given.store), given.out, given.trial, time))


def validate(given: Any) -> int:
    from spinemc import validation

    checks = validation.validate(quick=given.quick, threads=given.threads, out=given.out, show=say, progress=True)
    return DONE if all(check.passed for check in checks) else PROGRAM_FAULT


def teller(given: Any) -> Callable[[str], None]:
    """What tells of epochs, and of levels, as they begin."""
    return (lambda line: None) if getattr(given, "quiet", False) else aside


def aside(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)


def show(given: Any, found: Summary, store: Path | str | None = None) -> None:
    """Print a summary, with the warnings there were and the store that it is of; one line of JSON where asked for."""
    if given.json:
        more = {"warnings": given.warned} | ({} if store is None else {"store": str(store)})
        print(replace(found, values=found.values | more).json)
        return
    lines = [found.text] if store is None else [found.text, *given.warned, str(store)]
    print(printable("\n".join(lines)))


def say(line: str) -> None:
    print(printable(line), flush=True)


def store_of(given: Any) -> str | Path:
    return given.out if given.out is not None else Path(f"{given.scenario.stem}.zarr")


def client_of(given: Any) -> AbstractContextManager[Any]:
    """The cluster that was asked for, until it is done with; None where none was."""
    if given.scheduler is None:
        return nullcontext()
    from spinemc import cluster

    return cluster.connect(given.scheduler)  # type: ignore[no-any-return]


def place(text: str) -> str | Path:
    """A store by its path or its URL."""
    return text if "://" in text else Path(text)


def how(given: Any) -> dict[str, Any]:
    """What these options say, as `simulate` asks for it."""
    return {
        "trials": given.trials,
        "seed": given.seed,
        "threads": given.threads,
        "overwrite": given.overwrite,
        "progress": not given.quiet,
    }


def settings_of(given: Any) -> list[str]:
    """What is laid over a scenario."""
    return [*given.settings, *([f"run.engine={given.engine}"] if given.engine is not None else [])]
