"""Smoldyn beside the engine: the same model on the same mesh, in turn, and the particle-steps a second of each.

Setting up is not counted, on either side. Smoldyn keeps each species in a list of its own, which makes it faster; its
boxes are either 0.08 um wide, chosen by hand for these workloads, or as it chooses itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from measure import stepping
from smoldyn_model import counted, model, places

from spinemc.engine.system import System
from spinemc.engine.trial import Trial
from spinemc.geometry.compartments import contains
from spinemc.scenario import PositionRecord, load_scenario
from spinemc.simulate import prepare

HERE = Path(__file__).resolve().parent
WANTED = HERE / "peers.txt"
FOLDER = HERE.parent / ".venv-peers"
TIME = 1e-3  # how much of a workload Smoldyn runs, a time at which all of them are sampled [s]
BOXES = {"0.08 um": 0.08, "its own": None}
GOALS = {"a": {"0.08 um": 7}, "b": {"0.08 um": 8, "its own": 17}, "c": {"0.08 um": 10, "its own": 15}}
LINE = "{:<10} {:>8} {:>10} {:>10} {:>10} {:>10} {:>7} {:>6}"
STANDARD_ERRORS = 5.0  # that mean numbers of molecules may differ by


@dataclass(frozen=True, eq=False)
class Result:
    """One run of either.

    Attributes
    ----------
    cpu, wall : float
        Million particle-steps a second of processor time, and of the clock.
    count : (species,) int
        Molecules after TIME.
    """

    cpu: float
    wall: float
    count: np.ndarray


def install() -> Path:
    """The Python of the environment that Smoldyn is in, which is made where it is not there yet.

    Raises
    ------
    SystemExit
        With status 2, where it cannot be installed.
    """
    python = FOLDER / "bin" / "python"
    try:
        if not python.is_file():
            print(f"making {FOLDER.name}", file=sys.stderr)
            venv.create(FOLDER, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", WANTED]
        subprocess.run(pip, check=True, capture_output=True)
    except subprocess.CalledProcessError:
        version = ".".join(map(str, sys.version_info[:2]))
        print(
            f"--peers needs {WANTED.read_text().strip()}: it cannot be installed for Python {version}.", file=sys.stderr
        )
        raise SystemExit(2) from None
    return python


def compare(python: Path, scenario: Path, repeats: int) -> dict[str, list[tuple[Result, Result]]]:
    """Run a workload and Smoldyn's models of it in turn; the pairs of results for each choice of boxes.

    Raises
    ------
    RuntimeError
        Smoldyn's molecules are not where they should be, or not as many as here.
    """
    loaded = load_scenario(scenario)
    moving = tuple(species.name for species in loaded.species if not species.is_surface)
    system = prepare(replace(loaded, positions=(PositionRecord(moving, loaded.run.t_stop, tuple(range(repeats))),)))
    stepping(system, 0)
    pairs: dict[str, list[tuple[Result, Result]]] = {name: [] for name in BOXES}
    for number in range(repeats):
        ours, trial = run_ours(system, number)
        for name, box in BOXES.items():
            pairs[name].append((ours, run_smoldyn(python, system, trial, box, number + 1)))
    for results in pairs.values():
        check_numbers(system, results)
    return pairs


def run_ours(system: System, number: int) -> tuple[Result, Trial]:
    """A trial of a workload."""
    moves, time, trial = stepping(system, number)
    count = np.zeros(len(system.network.species), np.int64)
    sample = int(np.argmin(np.abs(system.scenario.run.sample_times - TIME)))
    count[list(system.network.volume_species)] = trial.count[sample, 0]
    count[list(system.network.surface_species)] = trial.surface[sample, 0]
    return Result(*(moves / time / 1e6), count), trial


def run_smoldyn(python: Path, system: System, start: Trial, box: float | None, seed: int) -> Result:
    """A run by Smoldyn, in a folder of its own, from where a trial started."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "model.txt").write_text(model(system, start, TIME, box, seed))
        command = [python, HERE / "smoldyn_run.py", "model.txt", "result.json"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        told = json.loads((Path(folder) / "result.json").read_text())
    molecules = np.array(told["molecules"])
    points = places(system.network, molecules)
    check_inside(system, points)
    moved = 0.5 * (start.count[0, 0].sum() + len(points))  # some are bound to the membrane on the way
    speeds = moved * TIME / system.scenario.run.dt / np.array([told["cpu"], told["wall"]])
    return Result(*(speeds / 1e6), counted(system.network, molecules))


def check_inside(system: System, points: np.ndarray) -> None:
    """Raises where a molecule of Smoldyn's, of some points (n, 3) [um], has left the mesh."""
    outside = int((~contains(system.geometry, points)).sum())
    if outside:
        raise RuntimeError(f"{outside} of the {len(points)} molecules that Smoldyn moved are outside the mesh.")


def check_numbers(system: System, pairs: list[tuple[Result, Result]]) -> None:
    """Raises where Smoldyn has other mean numbers of molecules after TIME."""
    means = np.mean([[ours.count, theirs.count] for ours, theirs in pairs], axis=0)
    for name, here, there in zip(system.network.species, *means, strict=True):
        if abs(here - there) > STANDARD_ERRORS * np.sqrt((here + there) / len(pairs)):
            raise RuntimeError(
                f"Smoldyn has {there:.0f} molecules of {name} after {TIME} s, where {here:.0f} are here."
            )


def rows(name: str, pairs: dict[str, list[tuple[Result, Result]]]) -> Iterator[str]:
    """A line for each choice of boxes: speeds, their ratio and its goal."""
    for boxes, results in pairs.items():
        cpus = [median(r.cpu for r in side) for side in zip(*results, strict=True)]
        walls = [median(r.wall for r in side) for side in zip(*results, strict=True)]
        ratio = median(ours.cpu / theirs.cpu for ours, theirs in results)
        speeds = (f"{speed:.2f}" for speed in (*cpus, *walls))
        yield LINE.format(name, boxes, *speeds, f"{ratio:.1f}", GOALS[name].get(boxes, "-"))


def table(scenarios: dict[str, Path], repeats: int) -> Iterator[str]:
    """The lines of the comparison, those of each workload as soon as it is done."""
    python = install()
    yield "million particle-steps a second of CPU and of wall, here and by " + WANTED.read_text().strip()
    yield LINE.format("workload", "boxes", "here CPU", "its CPU", "here wall", "its wall", "ratio", "goal")
    for name, scenario in scenarios.items():
        yield from rows(name, compare(python, scenario, repeats))
