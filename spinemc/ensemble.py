"""Many trials of one scenario beside each other in threads, delivered in order."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from spinemc.engine.system import System
from spinemc.engine.team import Team
from spinemc.engine.trial import Keeper, Trial, run_trial


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_trials(
    system: System,
    seed: int,
    numbers: Sequence[int],
    threads: int | None = None,
    report: Callable[[int, float, int], None] = lambda number, time, moves: None,
    keeper_of: Callable[[int], Keeper | None] = lambda number: None,
) -> Iterator[Trial]:
    """Run trials in threads and yield them in the order of their numbers.

    A trial depends on the seed and on its own number alone. When the caller stops listening, or anything is raised,
    the trials under way stop at their next sample.

    Parameters
    ----------
    system : System
    seed : int
    numbers : sequence of int
        Which trials.
    threads : int, optional
        All usable cores by default.
    report : callable
        Called with the trial's number, the time it reached [s] and its particle-steps so far, at every sample, from
        the threads.
    keeper_of : callable
        Gives, for a trial's number, where its frames and states go.

    Yields
    ------
    Trial
    """
    threads = threads or usable_cores()
    stopped = threading.Event()

    def one(number: int) -> Trial | None:
        def tell(time: float, moves: int) -> bool:
            report(number, time, moves)
            return not stopped.is_set()

        with team.core():
            return None if stopped.is_set() else run_trial(system, seed, number, tell, team, keeper_of(number))

    ahead: deque[Future[Trial | None]] = deque()
    waiting = iter(numbers)
    with Team(threads) as team, ThreadPoolExecutor(threads) as pool:
        try:
            for number in waiting:
                ahead.append(pool.submit(one, number))
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
