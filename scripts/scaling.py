"""What a run costs when something in it grows: ions, faces, trials, samples, threads; and how soon it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from measure import alone, now, peak, stepping

import spinemc
from spinemc.engine.system import System
from spinemc.engine.trial import run_trial
from spinemc.ensemble import run_trials, usable_cores
from spinemc.scenario import GeometrySpec, Release, Run, Scenario, Shape, Species, load_shape
from spinemc.simulate import prepare

DT = 1e-6  # [s]
MOVES = 10_000_000  # particle-steps of a trial that is timed
IONS = (10**3, 10**4, 10**5, 10**6)
FACES = (10**3, 10**4, 10**5)
TRIALS = (1, 100, 10**4)
RADIUS = 0.5  # of the ball [um]
BALL = Shape("sphere", {"radius": RADIUS})
THIN = load_shape(Path(__file__).resolve().parents[1] / "geometries" / "thin.toml")
DENDRITE = Shape(
    "spine",
    {
        "head_radius": 0.25,
        "neck_radius": 0.05,
        "neck_length": 0.5,
        "psd_radius": 0.1,
        "shaft_radius": 0.5,
        "shaft_length": 10.0,
    },
)
TINY = f"""
schema = 1
[geometry]
shape = {{ kind = "sphere", radius = "{RADIUS} um" }}
[run]
t_stop = "10 us"
dt = "1 us"
sample_every = "10 us"
[[species]]
name = "Ca"
D = "220 um^2/s"
[[release]]
species = "Ca"
count = 10
in = "cytosol"
"""
LINE = "{:<52} {:>16} {:>10} {:>8}"


def scenario(shape: Shape, ions: int, steps: int, samples: int = 1, trials: int = 1) -> Scenario:
    """Ions in a shape, for some steps and trials, counted some times after the beginning."""
    return Scenario(
        geometry=GeometrySpec(shape=shape),
        run=Run(t_stop=steps * DT, dt=DT, sample_every=steps * DT / samples, trials=trials),
        species=(Species("Ca", 220.0),),
        release=(Release("Ca", count=ions, inside="cytosol"),),
    )


def table(repeats: int) -> Iterator[str]:
    """The lines, those of each thing that grows as soon as it is measured."""
    yield LINE.format("what", "measured", "relative", "goal")
    for part in (ions, faces, trials, start, samples, threads):
        yield from part(repeats)


def ions(repeats: int) -> Iterator[str]:
    """Processor time of a particle-step by the number of ions in one trial."""
    found = [alone(_step_time, number, repeats) for number in IONS]
    for number, time in zip(IONS, found, strict=True):
        yield LINE.format(
            f"ions in a dendrite: {number:,}", f"{time:.1f} ns a step", f"{time / min(found):.2f} x", "1.5 x"
        )


def faces(repeats: int) -> Iterator[str]:
    """The same by the number of faces of a ball, and what it takes to build the largest."""
    found = [alone(_ball, number, repeats) for number in FACES]
    least = min(time for _, time, _, _ in found)
    for number, time, _, _ in found:
        yield LINE.format(f"faces of a ball: {number:,}", f"{time:.1f} ns a step", f"{time / least:.2f} x", "1.3 x")
    _, _, wall, memory = found[-1]
    yield LINE.format("  to build the last, wall", f"{wall:.2f} s", "", "5 s")
    yield LINE.format("  peak memory of the process", f"{memory:.0f} MB", "", "1074 MB")


def trials(repeats: int) -> Iterator[str]:
    """Peak memory of a run by the number of its trials."""
    found = [alone(_run_memory, number) for number in TRIALS]
    for number, memory in zip(TRIALS, found, strict=True):
        yield LINE.format(
            f"trials: {number:,}, peak memory", f"{memory:.0f} MB", f"{memory / min(found):.2f} x", "1.0 x"
        )


def start(repeats: int) -> Iterator[str]:
    """Time by the clock of `spinemc run` with one tiny trial: the first one begins no later than that."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "tiny.toml").write_text(TINY)
        cold = _command_time(folder)
        warm = np.median([_command_time(folder) for _ in range(repeats)])
    yield LINE.format("one tiny trial, nothing compiled, wall", f"{cold:.2f} s", "", "20 s")
    yield LINE.format("one tiny trial, kernels cached, wall", f"{warm:.2f} s", "", "2 s")


def samples(repeats: int) -> Iterator[str]:
    """The share of a run that goes into samples: of one every 0.1 ms, as the literature has them, less that of one."""
    fine, coarse = (scenario(THIN, 500, 20_000, number, trials=4) for number in (200, 1))
    cpu, wall = _in_turn(repeats, lambda: _run(coarse), lambda: _run(fine))
    for what, (least, most) in (("CPU", cpu), ("wall", wall)):
        yield LINE.format(f"samples every 100 steps, {what}", f"{most:.2f} s", f"{1 - least / most:.1%}", "5 %")


def threads(repeats: int) -> Iterator[str]:
    """How much sooner trials are done in two threads than in one, and one large trial."""
    if usable_cores() < 2:
        yield "two threads for one: skipped, there is one core"
        return
    for ions, trials, goal in ((IONS[0], 8, "1.9 x"), (IONS[2], 1, "")):
        system = prepare(scenario(DENDRITE, ions, 4 * MOVES // ions // trials))

        def run(number: int, system: System = system, trials: int = trials) -> None:
            for _ in run_trials(system, 1, range(trials), number):
                pass

        _, (one, two) = _in_turn(repeats, lambda: run(1), lambda: run(2))
        what = f"two threads for one, trials of {ions:,} ions: {trials}"
        yield LINE.format(what, f"{two:.2f} s", f"{one / two:.2f} x", goal)


def _step_time(number: int, repeats: int) -> float:
    """`_median_step` of some ions in the dendrite."""
    return _median_step(prepare(scenario(DENDRITE, number, MOVES // number)), repeats)


def _median_step(system: System, repeats: int) -> float:
    """Processor time of a particle-step, the median of some trials [ns]."""
    stepping(system, 0)
    runs = [stepping(system, number)[:2] for number in range(repeats)]
    return float(np.median([time[0] / moves for moves, time in runs])) * 1e9


def _ball(number: int, repeats: int) -> tuple[int, float, float, float]:
    """Faces of a ball, time of a particle-step [ns], time to build the ball [s], peak memory until then [MB]."""
    _built(FACES[0])
    begin = now()
    system = _built(number)
    _, wall = now() - begin
    memory = peak()
    return len(system.geometry.face), _median_step(system, repeats), float(wall), memory


def _built(number: int) -> System:
    """The system of a ball of about some faces, ready for its first step."""
    edge = RADIUS * float(np.sqrt(16.0 * np.pi / np.sqrt(3.0) / number))
    system = prepare(scenario(Shape("sphere", {"radius": RADIUS, "edge": edge}), IONS[1], MOVES // IONS[1]))
    run_trial(system, 1, 0, lambda time, moves: False)  # tables are made when they are first asked for
    return system


def _run_memory(number: int) -> float:
    """Peak memory of a run of some tiny trials [MB]."""
    _run(scenario(BALL, 10, 100, samples=10, trials=number))
    return peak()


def _run(tried: Scenario) -> None:
    """A whole run in one thread, into a store that is thrown away."""
    with TemporaryDirectory() as folder:
        spinemc.run(tried, Path(folder) / "run.zarr", threads=1)


def _command_time(folder: str) -> float:
    """Time by the clock of `spinemc run` with the kernels that a folder keeps [s]."""
    command = [sys.executable, "-m", "spinemc", "run", "tiny.toml", "--overwrite", "--quiet"]
    _, begin = now()
    subprocess.run(command, cwd=folder, env=os.environ | {"SPINEMC_CACHE": folder}, check=True, capture_output=True)
    return float(now()[1] - begin)


def _in_turn(repeats: int, *calls: Callable[[], None]) -> np.ndarray:
    """(2, calls) processor and wall time of calls made in turn, once for nothing, the medians of the others [s]."""
    times = np.zeros((1 + repeats, len(calls), 2))
    for row in times:
        for time, call in zip(row, calls, strict=True):
            begin = now()
            call()
            time[:] = now() - begin
    return np.median(times[1:], axis=0).T
