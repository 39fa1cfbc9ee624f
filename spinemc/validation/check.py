"""One row of the table: what is exact, what was measured, how far apart they are; and how much work goes into it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from spinemc.engine.system import System
from spinemc.engine.trial import Trial
from spinemc.validation.scenes import run

MOST_Z = 4.5
"""Standard errors that a measured value may lie from the exact one."""

BEYOND = 4.0
"""Standard errors that it may lie beyond its tolerance."""


@dataclass(frozen=True)
class Check:
    """A measured value beside the exact one.

    Attributes
    ----------
    name : str
    exact : float
    measured : float
    error : float
        Standard error of the measured value; 0 for what is counted and has to be equal.
    tolerance : float or None
        Largest deviation that is claimed, as a share of the exact value, or as it is where that is 0; None where the
        statistics alone decide.
    unit : str
        Of exact, measured and error; empty for pure numbers.
    """

    name: str
    exact: float
    measured: float
    error: float
    tolerance: float | None = None
    unit: str = ""

    @property
    def scale(self) -> float:
        """What deviations are a share of."""
        return abs(self.exact) if self.exact != 0.0 else 1.0

    @property
    def off(self) -> float:
        """Deviation as a share of the exact value, or as it is where that is 0."""
        return (self.measured - self.exact) / self.scale

    @property
    def z(self) -> float:
        """Deviation in standard errors."""
        difference = self.measured - self.exact
        if self.error > 0.0:
            return difference / self.error
        return 0.0 if difference == 0.0 else math.copysign(math.inf, difference)

    @property
    def passed(self) -> bool:
        """Whether chance explains the deviation, and it is not beyond the tolerance by more than chance explains."""
        if not abs(self.z) <= MOST_Z:
            return False
        return self.tolerance is None or abs(self.off) <= self.tolerance + BEYOND * self.error / self.scale


@dataclass(frozen=True)
class Effort:
    """How much work goes into each check: only the number of trials depends on it.

    Attributes
    ----------
    share : float
        0 for the quick run, 1 for the full one, between them for something between.
    threads : int or None
        All usable cores where None.
    alive : callable
        Called now and then while trials run, from their threads.
    """

    share: float = 1.0
    threads: int | None = None
    alive: Callable[[], None] = lambda: None

    def run(self, system: System, quick: int, full: int, seed: int) -> list[Trial]:
        """The trials of a system that this effort asks for, between `quick` and `full` of them."""
        return run(system, round(quick + self.share * (full - quick)), seed, self.threads, self.alive)


@dataclass(frozen=True)
class Subject:
    """A group of checks that share their trials.

    Attributes
    ----------
    checks : callable
        Makes the checks of an effort, one by one.
    quick, full : float
        About how long the quick and the full run of them take on one core [s].
    """

    checks: Callable[[Effort], Iterator[Check]]
    quick: float
    full: float


def averaged(
    name: str, exact: float, values: np.ndarray, tolerance: float | None = None, unit: str = "", scale: float = 1.0
) -> Check:
    """A check of the mean over trials (first axis), with its standard error from the spread between them.

    Parameters
    ----------
    scale : float
        What the values are multiplied by to be in the unit of `exact`.
    """
    mean, error = settled(values)
    return Check(name, exact, mean * scale, error * scale, tolerance, unit)


def settled(values: np.ndarray) -> tuple[float, float]:
    """Mean over trials (first axis) and its standard error, from the spread between trials."""
    values = np.asarray(values, dtype=float).reshape(len(values), -1).mean(axis=1)
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def ratio(found: np.ndarray, expected: np.ndarray) -> tuple[float, float]:
    """Sum of what was found in each trial over the sum of what was expected there, and its standard error."""
    value = found.sum() / expected.sum()
    error = np.std(found - value * expected, ddof=1) * np.sqrt(len(found)) / expected.sum()
    return float(value), float(error)


def alike(name: str, observed: np.ndarray, expected: np.ndarray) -> Check:
    r"""A check of counts against expected counts with the same sum, by chi-squared on d degrees of freedom.

    The row holds :math:`(\chi^2 / d)^{1/3}`, which is normal about 1 - 2 / 9 d with variance 2 / 9 d (Wilson & Hilferty
    1931, PNAS 17:684).
    """
    d = len(observed) - 1
    chi_squared = ((observed - expected) ** 2 / expected).sum()
    spread = 2.0 / (9.0 * d)
    return Check(name, 1.0 - spread, float((chi_squared / d) ** (1.0 / 3.0)), math.sqrt(spread), unit="(chi2/d)^1/3")
