"""Many trials of one scenario beside each other in threads, delivered in order."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from spinemc.engine.system import System
from spinemc.engine.team import Team
from spinemc.engine.trial import Keeper, Trial, run_trial


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Job(NamedTuple):
    """A trial to be run: of which system, with which seed and number; what `report` calls it; its keeper."""

    system: System
    seed: int
    number: int
    name: int
    keeper: Keeper | None = None


def run_trials(
    system: System,
    seed: int,
    numbers: Iterable[int],
    threads: int | None = None,
    report: Callable[[int, float, int], None] = lambda name, time, moves: None,
) -> Iterator[Trial]:
    """Run trials of one system, as `run_jobs`."""
    return run_jobs((Job(system, seed, number, number) for number in numbers), threads, report)


def run_jobs(
    jobs: Iterable[Job],
    threads: int | None = None,
    report: Callable[[int, float, int], None] = lambda name, time, moves: None,
    run: Callable[..., Trial | None] = run_trial,
) -> Iterator[Trial]:
    """Run trials in threads and yield them in their order.

    A trial depends on its system, its seed and its number alone. When the caller stops listening, or anything is
    raised, the trials under way save their states, where they have a keeper, and stop.

    Parameters
    ----------
    jobs : iterable of Job
        Asked for the next one when there will soon be a thread for it.
    threads : int, optional
        All usable cores by default.
    report : callable
        Called with the job's name, the time it reached [s] and its particle-steps so far, from the threads.
    run : callable
        What runs a trial, as `spinemc.engine.trial.run_trial` does.

    Yields
    ------
    Trial
    """
    threads = threads or usable_cores()
    stopped = threading.Event()

    def one(job: Job) -> Trial | None:
        def tell(time: float, moves: int) -> bool:
            report(job.name, time, moves)
            return not stopped.is_set()

        with team.core():
            return None if stopped.is_set() else run(job.system, job.seed, job.number, tell, team, job.keeper)

    ahead: deque[Future[Trial | None]] = deque()
    with Team(threads) as team, ThreadPoolExecutor(threads) as pool:
        try:
            for job in jobs:
                ahead.append(pool.submit(one, job))
                if len(ahead) < 2 * threads:
                    continue
                yield _result(ahead.popleft())
            while ahead:
                yield _result(ahead.popleft())
        finally:
            stopped.set()


def _result(future: Future[Trial | None]) -> Trial:
    trial = future.result()
    if trial is None:
        raise RuntimeError("a trial was stopped and asked for all the same")
    return trial
