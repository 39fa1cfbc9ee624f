"""The commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import spinemc
from spinemc.cli import commands
from spinemc.cli.commands import place

_WITH = "by default ode,lna; there are ode, compartments, pde, lna (noise without simulation) and moments"

_FIGURES = ("counts", "concentration", "noise", "weight", "geometry", "compare")

_SIZES = ("single", "double", "slide")

_SETTING = 'a key of the scenario, as in run.dt="0.5 us" or species.Ca.D="20 um^2/s"; may be repeated'


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    description = spinemc.__doc__.splitlines()[0]
    top = argparse.ArgumentParser(prog="spinemc", description=description, allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"spinemc {spinemc.__version__}")
    group = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, call: Callable[[Any], int | None], help: str, *examples: str) -> argparse.ArgumentParser:
        description = f"{help[0].upper()}{help[1:]}."
        made = group.add_parser(
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
        commands.new,
        "write a commented scenario to start from",
        "spinemc new my_spine                        # my_spine.toml: a spine and a pair of spikes",
        "spinemc new my_pair --like neighbours       # two spines on a dendrite",
    )
    new.add_argument("name", type=Path, metavar="NAME", help="of the file; .toml is added")
    new.add_argument("--like", default="spine", metavar="SCENARIO", help="spine (by default) or neighbours")

    bring = command(
        "import",
        commands.bring,
        "write a model of MCell (MDL) as a scenario, and tell what was left out",
        "spinemc import Scene.main.mdl --out my_scene     # my_scene.toml, and meshes beside it",
        "spinemc import Scene.main.mdl --out my_scene --json",
    )
    bring.add_argument("model", type=Path, metavar="MODEL.mdl", help="the main file; others lie in its folder or below")
    bring.add_argument("--out", type=Path, required=True, metavar="NAME", help="of the scenario; .toml is added")
    _add_json(bring)

    run = command(
        "run",
        commands.run,
        "run a scenario into a store",
        "spinemc run my_spine.toml",
        "spinemc run my_spine.toml --trials 100 --out hundred.zarr",
        'spinemc run my_spine.toml --set geometry.shape.neck_radius="0.05 um"',
        'spinemc run my_spine.toml --engine compartments --set "record={}"   # no positions: they are of particles',
    )
    run.add_argument("scenario", type=Path, metavar="SCENARIO", help="scenario file (TOML)")
    _add_run(run, "folder or URL; by default the scenario's name, .zarr, or .epochs with [structure]")
    _add_json(run)

    sweep = command(
        "sweep",
        commands.sweep,
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

    resume = command("resume", commands.resume, "go on after an interruption", "spinemc resume my_spine.zarr")
    resume.add_argument("store", type=place, metavar="STORE")
    _add_threads(resume)
    _add_scheduler(resume)
    resume.add_argument("--quiet", action="store_true", help="no progress")
    _add_json(resume)

    info = command(
        "info", commands.info, "tell what a store holds and how far its run is", "spinemc info my_spine.zarr --verify"
    )
    info.add_argument("store", type=place, metavar="STORE")
    info.add_argument("--verify", action="store_true", help="read every file and lay it beside its checksum")
    _add_json(info)

    check = command(
        "check",
        commands.check,
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
        commands.geometry,
        "build, check and show a geometry",
        "spinemc geometry geometries/thin.toml --plot thin.png",
        "spinemc geometry my_dendrite.stl --unit nm --repair --find-spines --export mended.stl",
    )
    geometry.add_argument("file", type=Path, metavar="FILE", help="geometry file (TOML), STL, OBJ or PLY")
    _add_settings(geometry, 'a parameter of a geometry file, as in geometry.neck_radius="0.06 um"; may be repeated')
    geometry.add_argument("--export", type=Path, metavar="M.stl", help="write the surface: STL, OBJ, PLY or GLB")
    geometry.add_argument("--plot", type=Path, metavar="P.png", help="draw it")
    geometry.add_argument(
        "--unit", help="of a mesh's coordinates, such as nm; um unless given, and in what is exported"
    )
    geometry.add_argument("--repair", action="store_true", help="mend a mesh, and tell what was changed")
    geometry.add_argument(
        "--find-spines", action="store_true", help="tell a dendrite's spines from its shaft, as regions"
    )

    compare = command(
        "compare",
        commands.compare,
        "lay other levels beside a run: means, noise, and whether they will do",
        "spinemc compare my_spine.zarr",
        "spinemc compare my_spine.zarr --with ode,compartments,lna",
    )
    compare.add_argument("store", type=place, metavar="STORE")
    compare.add_argument("--with", dest="twins", type=_names, default=("ode", "lna"), metavar="NAME,...", help=_WITH)
    compare.add_argument("--quiet", action="store_true", help="no progress")
    _add_json(compare)

    calibrate = command(
        "calibrate",
        commands.calibrate,
        "measure decay, diffusion and exchange, for a reduced model",
        "spinemc calibrate my_spine.zarr --out reduced.toml",
    )
    calibrate.add_argument("store", type=place, metavar="STORE")
    calibrate.add_argument("--species", default="Ca", metavar="NAME", help="by default Ca")
    calibrate.add_argument(
        "--out", type=Path, metavar="FILE", help="the reduced scenario (.toml), or the numbers (.json)"
    )
    _add_json(calibrate)

    mechanisms = command(
        "mechanisms",
        commands.mechanisms,
        "tell the mechanisms of the literature, or one of them",
        "spinemc mechanisms",
        "spinemc mechanisms nmdar",
    )
    mechanisms.add_argument("kind", nargs="?", metavar="KIND", help="as a scenario's [[mechanism]] names it")

    plot = command(
        "plot",
        commands.plot,
        "draw the figure that shows a run, or one of one thing",
        "spinemc plot my_spine.zarr --out figure.png",
        "spinemc plot my_spine.zarr --what concentration --size double --out figure.pdf",
    )
    plot.add_argument("store", type=place, metavar="STORE")
    plot.add_argument("--what", choices=_FIGURES, metavar="WHAT", help=f"of one thing: {', '.join(_FIGURES)}")
    plot.add_argument(
        "--size", choices=_SIZES, metavar="SIZE", help="with --what: single (85 mm), double (180 mm), slide"
    )
    plot.add_argument(
        "--out", type=Path, metavar="P.png", help="by default the store's name, _WHAT, .png; or .pdf, .svg"
    )

    page = command(
        "report",
        commands.report,
        "write a run as a page: 3-D, charts, theory beside trials, data as CSV",
        "spinemc report my_spine.zarr",
        "spinemc report my_spine.zarr --with ode --out /tmp/spine.html --overwrite",
    )
    page.add_argument("store", type=place, metavar="STORE")
    page.add_argument("--out", type=Path, metavar="R.html", help="by default the store's name, .html, beside it")
    _add_page(page, ("ode", "lna"), "ode,lna")
    page.add_argument("--overwrite", action="store_true", help="replace a page that is there")
    page.add_argument("--quiet", action="store_true", help="no progress")

    view = command(
        "view",
        commands.view,
        "show the page of a run in a browser here, while it goes on",
        "spinemc view my_spine.zarr",
        "spinemc view my_spine.zarr --no-open --port 8000",
    )
    view.add_argument("store", type=place, metavar="STORE")
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
        commands.export,
        "write a run for other programs: a table, NetCDF, ParaView, Simularium, a film, a picture",
        "spinemc export my_spine.zarr --out counts.csv",
        "spinemc export my_spine.zarr --out my_spine.mp4          # also .nc, .pvd, .simularium",
        'spinemc export my_spine.zarr --out peak.png --time "16 ms"',
    )
    export.add_argument("store", type=place, metavar="STORE")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="what it is, is told by the suffix")
    export.add_argument("--trial", type=_whole(0, 10**7), metavar="N", help="whose molecules; by default the first")
    export.add_argument("--time", metavar="T", help='of a picture, as in "3 ms"; by default the last frame')

    validate = command(
        "validate", commands.validate, "lay what the engine computes beside exact results", "spinemc validate --quick"
    )
    validate.add_argument("--quick", action="store_true", help="fewer trials: two minutes, not thirty")
    _add_threads(validate)
    validate.add_argument("--out", type=Path, metavar="TABLE.csv", help="write the table")

    completion = command(
        "completion",
        commands.completion,
        "print what makes a shell complete these commands",
        "spinemc completion bash > ~/.local/share/bash-completion/completions/spinemc",
        "spinemc completion zsh > ~/.zfunc/_spinemc",
    )
    completion.add_argument("shell", choices=("bash", "zsh"), metavar="SHELL", help="bash or zsh")
    return top


def _add_threads(command: argparse.ArgumentParser) -> None:
    command.add_argument("--threads", type=_whole(1, 2**15), metavar="T", help="by default, all cores")


def _add_run(command: argparse.ArgumentParser, out: str) -> None:
    """The options of what runs a scenario; `out` is the help of where its store goes."""
    command.add_argument("--out", type=place, metavar="STORE", help=out)
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


def _add_engine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--engine", metavar="NAME", help="in place of run.engine: particles, compartments, ode or pde")


def _add_scheduler(command: argparse.ArgumentParser) -> None:
    command.add_argument("--scheduler", metavar="ADDRESS", help="have a Dask cluster run it, as in tcp://node1:8786")


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
