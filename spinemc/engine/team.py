"""Cores for the trials under way: one each, and the idle ones for a trial that has much to move."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class Team:
    """A number of cores, which trials take and give back; a context that ends its threads.

    Parameters
    ----------
    cores : int
        How many threads may compute at a time.
    """

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self._free = threading.Semaphore(cores)
        self._helpers = ThreadPoolExecutor(cores, thread_name_prefix="helper")  # starts threads when they are needed

    def __enter__(self) -> Team:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._helpers.shutdown()

    @contextmanager
    def core(self) -> Iterator[None]:
        """Hold one core, as soon as there is one."""
        with self._free:
            yield

    def has_idle(self) -> bool:
        """Whether some core has nothing to do now."""
        idle = self._free.acquire(blocking=False)
        if idle:
            self._free.release()
        return idle

    def share(self, work: Callable[[int, int], T], most: int) -> list[T]:
        """Let idle cores help the one that a trial holds.

        Parameters
        ----------
        work : callable
            Called once for each part, in a thread each, with the number of the part and that of all parts.
        most : int
            The largest number of parts.

        Returns
        -------
        list
            What it returned for each part.
        """
        helpers = 0
        while helpers < most - 1 and self._free.acquire(blocking=False):
            helpers += 1
        try:
            parts = [self._helpers.submit(work, part, helpers + 1) for part in range(1, helpers + 1)]
            return [work(0, helpers + 1), *(part.result() for part in parts)]
        finally:
            for _ in range(helpers):
                self._free.release()
