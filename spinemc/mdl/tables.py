"""Rates of MDL that change in time: files of two columns, held from each time to the next."""

from __future__ import annotations

import math
from pathlib import Path

from spinemc.errors import ScenarioError
from spinemc.mdl.tokens import LARGEST, read

EDGE = 1e-6
"""Of the time between two rows: how long a rate takes to go to its next value."""


def table(path: Path, top: Path, share: float) -> str:
    """The rows of a table of rates of this package, straight between rows.

    Parameters
    ----------
    path : Path
        A file of MCell: a time [s] and a rate in a line.
    top : Path
        The folder of the model.
    share : float
        What each rate is multiplied by.

    Raises
    ------
    ScenarioError
        The file lies elsewhere, cannot be read, or a line is not two numbers or out of order.
    """
    rows: list[tuple[float, float]] = []
    for number, line in enumerate(read(path, top, LARGEST).splitlines(), 1):
        words = line.partition("#")[0].partition("//")[0].replace(",", " ").split()
        if not words:
            continue
        where = f'{path.name}, line {number}: found "{line.strip()[:40]}", expected'
        try:
            time, rate = map(float, words)
        except ValueError:
            raise ScenarioError(f"{where} a time and a rate.") from None
        if not (math.isfinite(time) and math.isfinite(rate) and rate >= 0.0 and (not rows or time > rows[-1][0])):
            raise ScenarioError(f"{where} a time after the one before and a rate of 0 or more.")
        rows.append((time, rate * share))
    if not rows:
        raise ScenarioError(f"{path.name}: found no row, expected a time and a rate in each line.")
    made = []
    for k, (time, rate) in enumerate(rows):
        made.append(f"{time:.12g},{rate:.12g}\n")
        if k + 1 < len(rows):
            made.append(f"{rows[k + 1][0] - EDGE * (rows[k + 1][0] - time):.15g},{rate:.12g}\n")
    return "".join(made)
