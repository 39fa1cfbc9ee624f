"""What the measurements share: the steps of a trial timed, memory, processes of their own, and what machine this is."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from spinemc.engine.system import System
from spinemc.engine.trial import Trial, run_trial


def now() -> np.ndarray:
    """(2,) processor time of all threads, and the time of the clock [s]."""
    return np.array([process_time(), perf_counter()])


def stepping(system: System, number: int) -> tuple[int, np.ndarray, Trial]:
    """A trial: its particle-steps from the first sample to the last, their time as `now` tells it, and the trial."""
    looks = []

    def look(time: float, moves: int) -> bool:
        looks.append((moves, now()))
        return True

    trial = run_trial(system, system.scenario.run.seed, number, look)
    moves, time = (last - first for first, last in zip(looks[0], looks[-1], strict=True))
    return moves, time, trial


def alone(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a call returns, made in a new process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(call, *arguments).result()


def peak() -> float:
    """The most memory that this process has held at once [MB]."""
    try:  # what getrusage says, a process inherits on Linux from the one that started it
        told = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return int(told) * 1024 / 1e6


def processor() -> str:
    """What kind of processor this is."""
    try:
        told = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    except OSError:
        told = []
    return told[0].partition(":")[2].strip() if told else platform.processor() or platform.machine()
