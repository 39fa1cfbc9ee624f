"""Particle-steps a second of the engine: kernels warm, one thread, the median of some trials.

A particle-step is one diffusing volume molecule moved once; sites in the membrane do not count. The scenarios are those
of a folder of reference workloads; where one is absent, its line says so.
"""

from __future__ import annotations

import argparse
import platform
import sys
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from spinemc.engine.trial import run_trial
from spinemc.scenario import load_scenario
from spinemc.simulate import prepare

ROOT = Path(__file__).resolve().parents[1]
WORKLOADS = {name: f"workload_{name}" for name in "abc"} | {name: name for name in ("thin", "mushroom")}
LINE = "{:<10} {:>14} {:>10} {:>10} {:>14} {:>14}"


def measure(scenario: Path, repeats: int) -> tuple[int, float, float]:
    """Particle-steps, CPU seconds and wall seconds of a trial, each the median of some trials."""
    system = prepare(load_scenario(scenario))
    run_trial(system, 0, 0, lambda time, moves: time == 0.0)
    rows = []
    for number in range(repeats):
        cpu, wall = process_time(), perf_counter()
        trial = run_trial(system, system.scenario.run.seed, number)
        rows.append((trial.moves, process_time() - cpu, perf_counter() - wall))
    moves, cpus, walls = zip(*rows, strict=True)
    return int(median(moves)), median(cpus), median(walls)


def processor() -> str:
    """What kind of processor this is."""
    try:
        told = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    except OSError:
        told = []
    return told[0].partition(":")[2].strip() if told else platform.processor() or platform.machine()


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("workload", nargs="*", help=f"of {', '.join(WORKLOADS)}; all of them by default")
    options.add_argument("--path", type=Path, default=ROOT.parent / "shared" / "reference", help="folder of scenarios")
    options.add_argument("--repeats", type=int, default=5, help="trials of each, 5 by default")
    given = options.parse_args()
    unknown = [name for name in given.workload if name not in WORKLOADS]
    if unknown or given.repeats < 1:
        options.error(f"{unknown[0]} is not a workload" if unknown else "--repeats is at least 1")

    print(f"{date.today()}, one thread of {processor()}, Python {platform.python_version()}, median of {given.repeats}")
    print(LINE.format("workload", "particle-steps", "CPU [s]", "wall [s]", "M/s of CPU", "M/s of wall"))
    for name in given.workload or WORKLOADS:
        scenario = given.path / f"{WORKLOADS[name]}.toml"
        if not scenario.is_file():
            print(f"{name:<10} skipped: there is no {scenario.name} in the folder of scenarios (--path)")
            continue
        moves, cpu, wall = measure(scenario, given.repeats)
        speeds = (f"{moves / seconds / 1e6:.2f}" for seconds in (cpu, wall))
        print(LINE.format(name, f"{moves:,}", f"{cpu:.3f}", f"{wall:.3f}", *speeds))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
