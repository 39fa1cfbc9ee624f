"""How fast the engine is: kernels warm, one thread, the median of some trials.

A particle-step is one diffusing volume molecule moved once; sites in the membrane do not count. The workloads are those
of a folder of scenarios; where one is absent, its line says so.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import comparing
import limits
import numpy as np
import peers
import rules
import scaling
import storing
from measure import alone, now, peak, processor

from spinemc.engine.trial import run_trial
from spinemc.scenario import load_scenario
from spinemc.simulate import prepare

ROOT = Path(__file__).resolve().parents[1]
WORKLOADS = {name: f"workload_{name}" for name in "abc"} | {name: name for name in ("thin", "mushroom")}
LINE = "{:<10} {:>14} {:>10} {:>10} {:>14} {:>14} {:>10}"


def measure(scenario: Path, repeats: int) -> tuple[int, float, float, float]:
    """Particle-steps, CPU seconds and wall seconds of a trial, each the median of some, and the peak memory [MB]."""
    system = prepare(load_scenario(scenario))
    run_trial(system, 0, 0, lambda time, moves: time == 0.0)
    rows = []
    for number in range(repeats):
        begin = now()
        trial = run_trial(system, system.scenario.run.seed, number)
        rows.append([trial.moves, *(now() - begin)])
    moves, cpu, wall = np.median(rows, axis=0)
    return int(moves), cpu, wall, peak()


def table(scenarios: dict[str, Path], repeats: int) -> Iterator[str]:
    """The lines of the workloads, each as soon as it is done."""
    yield LINE.format("workload", "particle-steps", "CPU [s]", "wall [s]", "M/s of CPU", "M/s of wall", "peak [MB]")
    for name, scenario in scenarios.items():
        moves, cpu, wall, memory = alone(measure, scenario, repeats)
        speeds = (f"{moves / seconds / 1e6:.2f}" for seconds in (cpu, wall))
        yield LINE.format(name, f"{moves:,}", f"{cpu:.3f}", f"{wall:.3f}", *speeds, f"{memory:.0f}")


def kernels() -> int:
    """Run the benchmarks of single kernels; returns pytest's status."""
    import pytest

    shown = "--benchmark-columns=min,median,iqr,rounds"
    return pytest.main([str(ROOT / "tests" / "benchmarks"), "-q", "--benchmark-enable", shown])


def lines(given: argparse.Namespace, wanted: Sequence[str]) -> Iterator[str]:
    """What there is to print."""
    yield f"{date.today()}, one thread of {processor()}, Python {platform.python_version()}, median of {given.repeats}"
    if given.scaling or given.limits:
        yield from (scaling if given.scaling else limits).table(given.repeats)
        return
    if given.rules:
        yield from rules.table(given.repeats)
        return
    if given.compare:
        yield from comparing.table()
        return
    if given.store:
        yield from storing.table(given.path)
        return
    scenarios = {name: given.path / f"{WORKLOADS[name]}.toml" for name in wanted}
    for name in [name for name, scenario in scenarios.items() if not scenario.is_file()]:
        yield f"{name:<10} skipped: there is no {scenarios.pop(name).name} in the folder of scenarios (--path)"
    if scenarios:
        yield from (peers.table if given.peers else table)(scenarios, given.repeats)


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("workload", nargs="*", help=f"of {', '.join(WORKLOADS)}; all of them by default")
    options.add_argument("--path", type=Path, default=ROOT.parent / "shared" / "reference", help="folder of scenarios")
    options.add_argument("--repeats", type=int, default=5, help="trials of each, 5 by default")
    instead = options.add_mutually_exclusive_group()
    instead.add_argument("--peers", action="store_true", help="Smoldyn beside the engine, in turn: a, b and c")
    instead.add_argument("--scaling", action="store_true", help="what grows, and what that costs: no workloads")
    instead.add_argument("--limits", action="store_true", help="what the machine can do at all: no workloads")
    instead.add_argument("--store", action="store_true", help="what the store costs, in time and memory")
    instead.add_argument("--compare", action="store_true", help="what other levels cost beside a run: no workloads")
    instead.add_argument("--rules", action="store_true", help="the rules of plasticity: no workloads")
    instead.add_argument("--kernels", action="store_true", help="single kernels, by pytest-benchmark: no workloads")
    given = options.parse_args()
    others = any((given.scaling, given.limits, given.store, given.compare, given.rules, given.kernels))
    known = [] if others else list(peers.GOALS if given.peers else WORKLOADS)
    unknown = [name for name in given.workload if name not in known]
    if unknown or given.repeats < 1:
        options.error(f"{unknown[0]} is not a workload here" if unknown else "--repeats is at least 1")
    if given.kernels:
        sys.exit(kernels())
    for line in lines(given, given.workload or known):
        print(line, flush=True)


if __name__ == "__main__":
    main()
