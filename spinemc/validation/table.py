"""The table of all checks, row by row as they finish."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, TextIO

from spinemc.cache import is_cold
from spinemc.errors import StoreError
from spinemc.progress import COMPILING
from spinemc.validation.check import Check, Effort, Subject
from spinemc.validation.subjects import SUBJECTS

_FIELDS = ("check", "unit", "exact", "measured", "error", "z", "tolerance", "passed")
_ROW = "{:<72} {:>11} {:>11} {:>9} {:>6} {:>7}  {}"


def validate(
    *,
    quick: bool = False,
    threads: int | None = None,
    out: Path | None = None,
    show: Callable[[str], None] = print,
    progress: bool = False,
    subjects: Sequence[Subject] = SUBJECTS,
) -> tuple[Check, ...]:
    """Measure everything that has an exact result, and lay it beside that.

    Parameters
    ----------
    quick : bool
        Fewer trials: under two minutes on two cores, where the whole takes under thirty.
    threads : int, optional
        All usable cores by default. The numbers do not depend on it.
    out : Path, optional
        A CSV file for the table.
    show : callable
        Called with each line of the table as soon as it is known.
    progress : bool
        Whether to tell on standard error how much is done and how long the rest takes.
    subjects : sequence of Subject
        What is checked.

    Returns
    -------
    tuple of Check

    Raises
    ------
    StoreError
        Where `out` cannot be written.
    """
    cost = [subject.quick if quick else subject.full for subject in subjects]
    made = []
    with _csv(out) as write, _bar(sum(cost), progress) as bar:
        show(_ROW.format("check", "exact", "measured", "error", "z", "within", "unit").rstrip())
        effort = Effort(0.0 if quick else 1.0, threads, _now_and_then(bar.refresh))
        for subject, spent in zip(subjects, cost, strict=True):
            for check in subject.checks(effort):
                made.append(check)
                write(check)
                with bar.external_write_mode():
                    show(row(check))
            bar.update(spent)
    show(verdict(made))
    return tuple(made)


def row(check: Check) -> str:
    """A check as a line of the table."""
    exact, measured = (format(value, ".5g") for value in (check.exact, check.measured))
    within = "" if check.tolerance is None else f"{check.tolerance:.1%}" if check.exact else f"{check.tolerance:g}"
    line = _ROW.format(check.name, exact, measured, f"{check.error:.2g}", f"{check.z:.2f}", within, check.unit)
    return line.rstrip() if check.passed else f"{line.rstrip()}  FAILED"


def verdict(checks: Sequence[Check]) -> str:
    """How many checks there were, how many failed, and how far the furthest lies."""
    failed = sum(not check.passed for check in checks)
    furthest = max(checks, key=lambda check: abs(check.z))
    said = "all passed" if failed == 0 else f"{failed} failed"
    return f"{len(checks)} checks, {said}; largest |z| {abs(furthest.z):.2f} ({furthest.name})"


@contextmanager
def _csv(out: Path | None) -> Iterator[Callable[[Check], None]]:
    """What writes a check into a file, at once; into none where `out` is None."""
    if out is None:
        yield lambda check: None
        return
    try:
        file: TextIO = out.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{out}: {error.strerror}: the table cannot be written there.") from error
    with file:
        writer = csv.writer(file)
        writer.writerow(_FIELDS)

        def write(check: Check) -> None:
            writer.writerow(
                [
                    check.name,
                    check.unit,
                    check.exact,
                    check.measured,
                    check.error,
                    check.z,
                    "" if check.tolerance is None else check.tolerance,
                    check.passed,
                ]
            )
            file.flush()

        yield write


def _now_and_then(call: Callable[[], Any], seconds: float = 0.5) -> Callable[[], None]:
    """A call that is passed on when the last one that was is some seconds ago."""
    last = perf_counter()

    def maybe() -> None:
        nonlocal last
        now = perf_counter()
        if now - last > seconds:
            last = now
            call()

    return maybe


def _bar(total: float, shown: bool) -> Any:
    """A line that follows the table, in parts of the work that are about as long as each other."""
    from tqdm import tqdm

    if shown and is_cold():
        print(COMPILING, file=sys.stderr)
    return tqdm(
        total=total,
        desc="validating",
        disable=not shown,
        smoothing=0.0,
        bar_format="{desc} {percentage:3.0f} % |{bar:24}| {elapsed}, {remaining} left",
    )
