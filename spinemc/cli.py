"""The command line: parse, call, print."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import spinemc
from spinemc.errors import ScenarioError, SpinemcError, printable

if TYPE_CHECKING:
    from spinemc.summaries import Summary

DONE, PROGRAM_FAULT, INPUT_FAULT, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        The command and its arguments; those of the process where it is not given.

    Returns
    -------
    int
        0 done; 2 the input is at fault; 1 the program is, or a check of it failed; 130 interrupted.
    """
    arguments = parser().parse_args(argv)
    arguments.warned = []
    with warnings.catch_warnings():
        warnings.showwarning = _warner(arguments.warned)  # type: ignore[assignment]
        try:
            status = arguments.command(arguments)
        except SpinemcError as error:
            print(printable(str(error)), file=sys.stderr)
            return INPUT_FAULT
        except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
            print(printable(f"{error.filename}: {error.strerror}."), file=sys.stderr)
            return INPUT_FAULT
        except MemoryError as error:
            print(f"this takes more memory than there is{f': {error}' if str(error) else ''}.", file=sys.stderr)
            return INPUT_FAULT
        except BrokenPipeError:  # whoever read the output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return DONE
        except KeyboardInterrupt:
            print(_interrupted(arguments), file=sys.stderr)
            return INTERRUPTED
        except Exception as error:
            traceback.print_exc()
            print(f"spinemc failed: {type(error).__name__}. This is a fault of the program.", file=sys.stderr)
            return PROGRAM_FAULT
    return DONE if status is None else status


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    description = spinemc.__doc__.splitlines()[0]
    top = argparse.ArgumentParser(prog="spinemc", description=description, allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"spinemc {spinemc.__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, call: Callable[[Any], int | None], help: str, *examples: str) -> argparse.ArgumentParser:
        description = f"{help[0].upper()}{help[1:]}."
        made = commands.add_parser(
            name,
            help=help,
            description=description,
            epilog="\n  ".join(["examples:" if len(examples) > 1 else "example:", *examples]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        made.set_defaults(command=call)
        return made

    new = command(
        "new",
        _new,
        "write a commented scenario to start from",
        "spinemc new my_spine                        # my_spine.toml: a spine and a pair of spikes",
        "spinemc new my_pair --like neighbours       # two spines on a dendrite",
    )
    new.add_argument("name", type=Path, metavar="NAME", help="of the file; .toml is added")
    new.add_argument("--like", default="spine", metavar="SCENARIO", help="spine (by default) or neighbours")

    run = command(
        "run",
        _run,
        "run a scenario into a store",
        "spinemc run my_spine.toml",
        "spinemc run my_spine.toml --trials 100 --out hundred.zarr",
        'spinemc run my_spine.toml --engine compartments --set geometry.shape.neck_radius="0.05 um"',
    )
    run.add_argument("scenario", type=Path, metavar="SCENARIO", help="scenario file (TOML)")
    _add_run(run, "folder or URL; by default the scenario's name, .zarr, or .epochs with [structure]")
    _add_json(run)

    sweep = command(
        "sweep",
        _sweep,
        "run a scenario at each point of a sweep, into one store",
        'spinemc sweep my_spine.toml --vary geometry.shape.neck_radius="0.04 um,0.06 um,0.08 um"',
        'spinemc sweep my_spine.toml --vary run.dt="0.5 us..4 us/4" --trials 50 --out steps.zarr',
    )
    sweep.add_argument("scenario", type=Path, metavar="FILE", help="scenario file, or sweep file (TOML)")
    sweep.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="KEY=V1,V2,...",
        help='values of a key, as in geometry.neck_radius="0.05 um,0.1 um", or LOW..HIGH/NUMBER; may be repeated',
    )
    sweep.add_argument("--list", action="store_true", help="the first values of all keys, then the second, ...")
    sweep.add_argument("--latin", type=_whole(1, 10**6), metavar="N", help="N points of a Latin hypercube in LOW..HIGH")
    _add_run(sweep, "folder or URL; by default the file's name, .zarr")

    resume = command("resume", _resume, "go on after an interruption", "spinemc resume my_spine.zarr")
    resume.add_argument("store", type=_place, metavar="STORE")
    _add_threads(resume)
    _add_scheduler(resume)
    resume.add_argument("--quiet", action="store_true", help="no progress")
    _add_json(resume)

    info = command(
        "info", _info, "tell what a store holds and how far its run is", "spinemc info my_spine.zarr --verify"
    )
    info.add_argument("store", type=_place, metavar="STORE")
    info.add_argument("--verify", action="store_true", help="read every file and lay it beside its checksum")
    _add_json(info)

    check = command(
        "check",
        _check,
        "read and build everything, run nothing",
        "spinemc check my_spine.toml",
        "spinemc check my_spine.toml --json",
    )
    check.add_argument("scenario", type=Path, metavar="SCENARIO", help="scenario file (TOML)")
    _add_settings(check)
    _add_engine(check)
    _add_json(check)

    geometry = command(
        "geometry",
        _geometry,
        "build, check and show a geometry",
        "spinemc geometry geometries/thin.toml --plot thin.png",
        "spinemc geometry my_dendrite.stl --repair --find-spines --export mended.stl",
    )
    geometry.add_argument("file", type=Path, metavar="FILE", help="geometry file (TOML), STL, OBJ or PLY")
    _add_settings(geometry, 'a parameter of a geometry file, as in geometry.neck_radius="0.06 um"; may be repeated')
    geometry.add_argument("--export", type=Path, metavar="M.stl", help="write the surface: STL, OBJ, PLY or GLB")
    geometry.add_argument("--plot", type=Path, metavar="P.png", help="draw it")
    geometry.add_argument("--repair", action="store_true", help="mend a mesh, and tell what was changed")
    geometry.add_argument(
        "--find-spines", action="store_true", help="tell a dendrite's spines from its shaft, as regions"
    )

    compare = command(
        "compare",
        _compare,
        "lay other levels beside a run: means, noise, and whether they will do",
        "spinemc compare my_spine.zarr",
        "spinemc compare my_spine.zarr --with ode,compartments,lna",
    )
    compare.add_argument("store", type=_place, metavar="STORE")
    compare.add_argument("--with", dest="twins", type=_names, default=("ode", "lna"), metavar="NAME,...", help=_WITH)
    _add_json(compare)

    calibrate = command(
        "calibrate",
        _calibrate,
        "measure decay, diffusion and exchange, for a reduced model",
        "spinemc calibrate my_spine.zarr --out reduced.toml",
    )
    calibrate.add_argument("store", type=_place, metavar="STORE")
    calibrate.add_argument("--species", default="Ca", metavar="NAME", help="by default Ca")
    calibrate.add_argument(
        "--out", type=Path, metavar="FILE", help="the reduced scenario (.toml), or the numbers (.json)"
    )
    _add_json(calibrate)

    mechanisms = command(
        "mechanisms",
        _mechanisms,
        "tell the mechanisms of the literature, or one of them",
        "spinemc mechanisms",
        "spinemc mechanisms nmdar",
    )
    mechanisms.add_argument("kind", nargs="?", metavar="KIND", help="as a scenario's [[mechanism]] names it")

    plot = command("plot", _plot, "draw the figure that shows a run", "spinemc plot my_spine.zarr --out figure.png")
    plot.add_argument("store", type=_place, metavar="STORE")
    plot.add_argument("--out", type=Path, metavar="P.png", help="by default the store's name, .png")

    page = command(
        "report",
        _report,
        "write a run as a page: 3-D, charts, theory beside trials, data as CSV",
        "spinemc report my_spine.zarr",
        "spinemc report my_spine.zarr --with ode --out /tmp/spine.html --overwrite",
    )
    page.add_argument("store", type=_place, metavar="STORE")
    page.add_argument("--out", type=Path, metavar="R.html", help="by default the store's name, .html, beside it")
    _add_page(page, ("ode", "lna"), "ode,lna")
    page.add_argument("--overwrite", action="store_true", help="replace a page that is there")
    page.add_argument("--quiet", action="store_true", help="no progress")

    view = command(
        "view",
        _view,
        "show the page of a run in a browser here, while it goes on",
        "spinemc view my_spine.zarr",
        "spinemc view my_spine.zarr --no-open --port 8000",
    )
    view.add_argument("store", type=_place, metavar="STORE")
    _add_page(view, ("none",), "none")
    view.add_argument("--port", type=_whole(0, 2**16), default=0, metavar="N", help="by default any that is free")
    view.add_argument(
        "--open",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="open a browser; by default where this is a terminal",
    )

    export = command(
        "export",
        _export,
        "write a run for other programs: a table, NetCDF, ParaView, Simularium, a film, a picture",
        "spinemc export my_spine.zarr --out counts.csv",
        "spinemc export my_spine.zarr --out my_spine.mp4          # also .nc, .pvd, .simularium",
        'spinemc export my_spine.zarr --out peak.png --time "16 ms"',
    )
    export.add_argument("store", type=_place, metavar="STORE")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="what it is, is told by the suffix")
    export.add_argument("--trial", type=_whole(0, 10**7), metavar="N", help="whose molecules; by default the first")
    export.add_argument("--time", metavar="T", help='of a picture, as in "3 ms"; by default the last frame')

    validate = command(
        "validate", _validate, "lay what the engine computes beside exact results", "spinemc validate --quick"
    )
    validate.add_argument("--quick", action="store_true", help="fewer trials: two minutes, not thirty")
    _add_threads(validate)
    validate.add_argument("--out", type=Path, metavar="TABLE.csv", help="write the table")

    completion = command(
        "completion",
        _completion,
        "print what makes a shell complete these commands",
        "spinemc completion bash > ~/.local/share/bash-completion/completions/spinemc",
        "spinemc completion zsh > ~/.zfunc/_spinemc",
    )
    completion.add_argument("shell", choices=("bash", "zsh"), metavar="SHELL", help="bash or zsh")
    return top


def _new(given: Any) -> None:
    from spinemc import starter

    path = starter.begin(given.name, given.like)
    print(f"{path}\nnext: spinemc check {path}; spinemc run {path}")


def _completion(given: Any) -> None:
    import shtab

    top = parser()
    for one in _parsers(top):
        for action in one._actions:
            if action.type in (Path, _place):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(top, given.shell))


def _parsers(top: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parser of each command."""
    return [
        one
        for action in top._actions
        if isinstance(action, argparse._SubParsersAction)
        for one in action.choices.values()
    ]


def _run(given: Any) -> None:
    from spinemc.scenario import load_scenario

    scenario = load_scenario(given.scenario, _settings(given))
    from spinemc import simulate, summaries

    if scenario.structure is not None:
        from spinemc import remodelling

        given.out = given.out if given.out is not None else Path(f"{given.scenario.stem}.epochs")
        with _client(given) as client:
            found = remodelling.remodel(scenario, given.out, client=client, tell=_tell(given), **_how(given))
        _show(given, summaries.remodelled(found), given.out)
        return
    with _client(given) as client:
        tree = simulate.run(scenario, _store(given), client=client, **_how(given))
    _show(given, summaries.summary(tree), _store(given))


def _sweep(given: Any) -> None:
    from spinemc.scenario import load_scenario, sweeps

    path, varied = sweeps.of_command(given.scenario, given.vary, given.list, given.latin)
    scenario = load_scenario(path, _settings(given))
    from spinemc import simulate

    with _client(given) as client:
        simulate.sweep(scenario, varied, _store(given), client=client, **_how(given))
    told = " x ".join(f"{len(axis.values)} {axis.name}" for axis in varied.axes)
    print(f"{len(varied.settings)} points ({told})")
    print(_store(given))


def _resume(given: Any) -> None:
    from spinemc import remodelling, simulate, summaries

    if remodelling.is_course(given.store):
        with _client(given) as client:
            how = {"threads": given.threads, "client": client, "progress": not given.quiet}
            found = remodelling.resume(given.store, tell=_tell(given), **how)
        _show(given, summaries.remodelled(found), given.store)
        return
    with _client(given) as client:
        tree = simulate.resume(given.store, threads=given.threads, client=client, progress=not given.quiet, tell=_say)
    _show(given, summaries.summary(tree), given.store)


def _info(given: Any) -> int:
    from spinemc import remodelling, summaries

    stores = remodelling.stores(given.store) if remodelling.is_course(given.store) else [given.store]
    found = [summaries.info(one, given.verify) for one in stores]
    for one in found:
        _show(given, one)
    return PROGRAM_FAULT if any(one.values.get("damaged") for one in found) else DONE


def _check(given: Any) -> None:
    from spinemc.scenario import load_scenario

    scenario = load_scenario(given.scenario, _settings(given))
    from spinemc import summaries

    _show(given, summaries.check(scenario))


def _geometry(given: Any) -> None:
    from spinemc import geometry

    if given.repair:
        built, changes = geometry.mend(given.file)
        print("\n".join([f"repaired: {change}." for change in changes] or ["repaired: nothing was wrong."]))
    else:
        built = geometry.load_geometry(given.file, given.settings)
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


def _mechanisms(given: Any) -> None:
    from spinemc.mechanisms import description

    print(description.listed() if given.kind is None else description.described(given.kind))


def _compare(given: Any) -> None:
    from spinemc import summaries

    _show(given, summaries.compare(given.store, with_=given.twins))


def _calibrate(given: Any) -> None:
    from spinemc import summaries

    _show(given, summaries.calibrate(given.store, given.species, given.out))


def _plot(given: Any) -> None:
    from spinemc import contrast, figures, store

    out = given.out if given.out is not None else Path(f"{Path(str(given.store)).stem}.png")
    tree = store.open(given.store)
    try:
        twin = contrast.twin(tree)
    except ScenarioError as reason:  # particles know more than rate equations do
        twin = None
        print(printable(f"drawn without rate equations: {reason}"), file=sys.stderr)
    figures.plot_run(tree, out, twin)
    print(out)


def _report(given: Any) -> None:
    from spinemc import page

    print(page.report(given.store, given.out, given.twins, given.trial, given.overwrite, _tell(given)))


def _view(given: Any) -> None:
    import webbrowser

    from spinemc import page

    def ready(url: str) -> None:
        print(url, flush=True)
        print("Ctrl-C stops it.", file=sys.stderr, flush=True)
        if given.open or (given.open is None and sys.stdout.isatty()):
            webbrowser.open(url)

    page.view(given.store, given.twins, given.trial, given.port, ready)
    print("stopped.", file=sys.stderr)


def _export(given: Any) -> None:
    from spinemc import exports, store
    from spinemc.units import quantity

    try:
        time = float("inf") if given.time is None else quantity(given.time, "time")
    except ScenarioError as fault:
        raise ScenarioError(f"--time {given.time}: {fault}") from None
    print(exports.export(store.open(given.store), given.out, given.trial, time))


def _validate(given: Any) -> int:
    from spinemc import validation

    checks = validation.validate(quick=given.quick, threads=given.threads, out=given.out, show=_say, progress=True)
    return DONE if all(check.passed for check in checks) else PROGRAM_FAULT


def _tell(given: Any) -> Callable[[str], None]:
    """What tells of epochs as they begin."""
    return lambda line: None if given.quiet else print(printable(line), file=sys.stderr, flush=True)


def _show(given: Any, found: Summary, store: Path | str | None = None) -> None:
    """Print a summary, with the warnings there were and the store that it is of; one line of JSON where asked for."""
    if given.json:
        more = {"warnings": given.warned} | ({} if store is None else {"store": str(store)})
        print(replace(found, values=found.values | more).json)
        return
    lines = [found.text] if store is None else [found.text, *given.warned, str(store)]
    print(printable("\n".join(lines)))


def _say(line: str) -> None:
    print(printable(line), flush=True)


def _store(given: Any) -> str | Path:
    return given.out if given.out is not None else Path(f"{given.scenario.stem}.zarr")


def _client(given: Any) -> AbstractContextManager[Any]:
    """The cluster that was asked for, until it is done with; None where none was."""
    if given.scheduler is None:
        return nullcontext()
    from spinemc import cluster

    return cluster.connect(given.scheduler)  # type: ignore[no-any-return]


def _place(text: str) -> str | Path:
    """A store by its path or its URL."""
    return text if "://" in text else Path(text)


def _interrupted(given: Any) -> str:
    store = given.store if given.command is _resume else _store(given) if given.command in (_run, _sweep) else None
    if store is None:
        return "interrupted."
    from spinemc.remodelling import is_course
    from spinemc.store import place

    if not is_course(store) and not place(store).is_taken:
        return "interrupted."
    return f"interrupted: `spinemc resume {store}` goes on from here."


def _warner(said: list[str]) -> Callable[..., None]:
    """What shows a warning, and keeps it for the summary."""

    def warn(message: Warning | str, *_: Any, **__: Any) -> None:
        said.append(printable(f"warning: {message}"))
        print(said[-1], file=sys.stderr)

    return warn


def _add_threads(command: argparse.ArgumentParser) -> None:
    command.add_argument("--threads", type=_whole(1, 2**15), metavar="T", help="by default, all cores")


def _add_run(command: argparse.ArgumentParser, out: str) -> None:
    """The options of what runs a scenario; `out` is the help of where its store goes."""
    command.add_argument("--out", type=_place, metavar="STORE", help=out)
    command.add_argument("--trials", type=_whole(1, 10**7 + 1), metavar="N", help="in place of run.trials")
    command.add_argument("--seed", type=_whole(0, 2**32), metavar="S", help="in place of run.seed")
    _add_threads(command)
    _add_scheduler(command)
    _add_settings(command)
    _add_engine(command)
    command.add_argument("--overwrite", action="store_true", help="replace a store that is there")
    command.add_argument("--quiet", action="store_true", help="no progress")


def _add_page(command: argparse.ArgumentParser, twins: tuple[str, ...], told: str) -> None:
    """The options of what makes a page; `twins` are laid beside the trials by default."""
    help = f"laid beside the trials, as compare has them; by default {told}; none for no other level"
    command.add_argument("--with", dest="twins", type=_names, default=twins, metavar="NAME,...", help=help)
    command.add_argument("--trial", type=_whole(0, 10**7), metavar="N", help="whose molecules are shown in 3-D")


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="one line for a program, in place of a table")


def _how(given: Any) -> dict[str, Any]:
    """What these options say, as `simulate` asks for it."""
    return {
        "trials": given.trials,
        "seed": given.seed,
        "threads": given.threads,
        "overwrite": given.overwrite,
        "progress": not given.quiet,
    }


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--engine", metavar="NAME", help="in place of run.engine: particles, compartments, ode or pde")


def _settings(given: Any) -> list[str]:
    """What is laid over a scenario."""
    return [*given.settings, *([f"run.engine={given.engine}"] if given.engine is not None else [])]


def _add_scheduler(command: argparse.ArgumentParser) -> None:
    command.add_argument("--scheduler", metavar="ADDRESS", help="have a Dask cluster run it, as in tcp://node1:8786")


_WITH = "by default ode,lna; there are ode, compartments, pde, lna (noise without simulation) and moments"

_SETTING = 'a key of the scenario, as in run.dt="0.5 us" or species.Ca.D="20 um^2/s"; may be repeated'


def _add_settings(command: argparse.ArgumentParser, help: str = _SETTING) -> None:
    command.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=help,
    )


def _whole(low: int, below: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) < below:
            raise argparse.ArgumentTypeError(f'"{text}" is not a whole number from {low} to {below - 1}')
        return int(text)

    return whole


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))
