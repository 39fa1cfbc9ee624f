"""How far a run is: trials done, time left, particle-steps or events a second, on one line; in a log, now and then."""

from __future__ import annotations

import sys
import threading
from time import perf_counter
from types import TracebackType

from spinemc.cache import is_cold

COMPILING = "compiling the kernels (once, about 20 s)"
"""What is said before the first run of new kernels."""

LOGGED = 30.0
"""Seconds between two lines of a log, where a line cannot be drawn over."""


class _Log:
    """Standard error that is neither a terminal nor a notebook: every state of the bar is a line of its own."""

    said = ""

    def write(self, text: str) -> None:
        if (told := text.strip()) not in ("", self.said):
            print(told, file=sys.stderr)
            self.said = told

    def flush(self) -> None:
        sys.stderr.flush()


def _is_drawn_over() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


class Progress:
    """A line that follows a run; `report` may be called from any thread.

    Parameters
    ----------
    t_stop : float
        How long each trial is [s].
    trials : int
        How many will run.
    shown : bool
        Whether anything is printed; the particle-steps are counted in any case.
    counted : str
        What the trials count, particle-steps or events; "" for trials of means, which count nothing.
    """

    def __init__(self, t_stop: float, trials: int, shown: bool, counted: str) -> None:
        from tqdm import tqdm

        self._lock = threading.Lock()
        self._moves: dict[int, int] = {}
        self._reached: dict[int, float] = {}
        self._done: set[int] = set()
        self._counted = counted
        self._t_stop = t_stop
        self._begin = perf_counter()
        if shown and counted and is_cold():
            print(COMPILING, file=sys.stderr)
        self._bar = tqdm(
            total=trials,
            desc="running",
            disable=not shown,
            file=None if _is_drawn_over() else _Log(),
            mininterval=0.1 if _is_drawn_over() else LOGGED,
            bar_format="{desc} {percentage:3.0f} % |{bar:24}| {elapsed}, {remaining} left{postfix}",
        )
        self._trials = trials

    @property
    def moves(self) -> int:
        """Particle-steps so far."""
        return sum(self._moves.values())

    def report(self, number: int, time: float, moves: int) -> None:
        """Take note that a trial reached a time [s] with so many particle-steps."""
        with self._lock:
            self._moves[number] = moves
            if time >= self._t_stop:
                self._done.add(number)
            if self._bar.disable:
                return
            rate = self.moves / max(perf_counter() - self._begin, 1e-9) / 1e6
            told = f" {len(self._done)}/{self._trials} trials"
            speed = f", {rate:.1f} M {self._counted}/s" if self._counted else ""
            self._bar.set_postfix_str(told + speed, refresh=False)
            step = (time - self._reached.get(number, 0.0)) / self._t_stop
            self._bar.update(min(step, self._bar.total - self._bar.n))  # round-off may add up to more than all
            self._reached[number] = time

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.close()
