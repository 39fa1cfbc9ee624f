"""Spike times of stimulation protocols [s], for whatever they drive: a rule's own calcium trace, channels, releases."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from spinemc.errors import ScenarioError

MOST_SPIKES = 10**7


class Pairing(NamedTuple):
    """Spikes on both sides of a synapse, each (n,) float64, increasing [s]."""

    pre: np.ndarray
    post: np.ndarray


def single(at: float = 0.0) -> np.ndarray:
    """One spike.

    Parameters
    ----------
    at : float
        When [s].

    Returns
    -------
    (1,) float64
        Its time [s].
    """
    return _checked(np.array([at]))


def train(rate: float, n: int, at: float = 0.0) -> np.ndarray:
    """A regular train.

    Parameters
    ----------
    rate : float
        Spikes in a second [Hz].
    n : int
        Spikes.
    at : float
        When the first one is [s].

    Returns
    -------
    (n,) float64
        Spike times [s].

    Raises
    ------
    ScenarioError
        A rate or a number that is not above 0, or more than `MOST_SPIKES`.
    """
    return bursts(1, n, rate, 1.0, at)


def bursts(n: int, spikes: int, rate: float, every: float, at: float = 0.0) -> np.ndarray:
    """Bursts at regular intervals: theta bursts, tetani that are repeated.

    Parameters
    ----------
    n : int
        Bursts.
    spikes : int
        In each.
    rate : float
        Within a burst [Hz].
    every : float
        From the start of a burst to that of the next [s].
    at : float
        When the first one starts [s].

    Returns
    -------
    (n * spikes,) float64
        Spike times [s].

    Raises
    ------
    ScenarioError
        A number, a rate or an interval that is not above 0, bursts that run into each other, or more than
        `MOST_SPIKES`.
    """
    for value, what in ((n, "number of bursts"), (spikes, "number of spikes")):
        if not value >= 1 or value != int(value):
            raise ScenarioError(f"protocol: a {what} of {value} was given: a whole number, 1 or more, is needed.")
    for number, what in ((rate, "rate [Hz]"), (every, "interval [s]")):
        if not 0.0 < number < math.inf:
            raise ScenarioError(f"protocol: {what} = {number:g}: it must be above 0.")
    if n * spikes > MOST_SPIKES:
        raise ScenarioError(f"protocol: {n * spikes:.3g} spikes are more than {MOST_SPIKES:.0e}: use fewer.")
    if n > 1 and (spikes - 1) / rate >= every:
        raise ScenarioError(
            f"protocol: a burst of {spikes} spikes at {rate:g} Hz lasts {(spikes - 1) / rate:g} s and the next "
            f"starts after {every:g} s: let them start further apart."
        )
    return _checked((at + every * np.arange(n)[:, None] + np.arange(spikes) / rate).ravel())


def theta_bursts(n: int, spikes: int = 4, rate: float = 100.0, theta: float = 5.0, at: float = 0.0) -> np.ndarray:
    """Theta bursts: `n` short bursts of `rate` [Hz] that come `theta` [Hz] times a second.

    The usual numbers (4 spikes at 100 Hz, five bursts a second) are a choice.

    Returns
    -------
    (n * spikes,) float64
        Spike times [s].

    Raises
    ------
    ScenarioError
        As `bursts`.
    """
    return bursts(n, spikes, rate, 1.0 / theta if theta > 0.0 else 0.0, at)


def pairs(
    delay: float, n: int = 60, rate: float = 1.0, post: int = 1, within: float = 11.5e-3, at: float = 0.0
) -> Pairing:
    """Pairs of a presynaptic spike and one or more postsynaptic ones.

    Parameters
    ----------
    delay : float
        From the presynaptic spike to the LAST postsynaptic one of its pair, negative where that is first [s].
    n : int
        Pairs.
    rate : float
        Pairs in a second [Hz].
    post : int
        Postsynaptic spikes of a pair: 2 for doublets.
    within : float
        Between them [s]; 11.5 ms by default, the doublet of the hippocampal pairings of Graupner & Brunel 2012.
    at : float
        Time of the earliest spike [s].

    Returns
    -------
    Pairing
        `pre`, (n,) and `post`, (n * post,) [s].

    Raises
    ------
    ScenarioError
        As `train`, and for postsynaptic spikes of one pair that run into the next.
    """
    if not math.isfinite(delay):
        raise ScenarioError(f"protocol: delay = {delay}: a number of seconds is needed.")
    if post > 1 and not within > 0.0:
        raise ScenarioError(f"protocol: within = {within:g}: it must be above 0.")
    pre = train(rate, n)
    after = bursts(n, post, 1.0 / within if post > 1 else 1.0, 1.0 / rate) + delay - (post - 1) * within
    first = min(pre[0], after[0])
    return Pairing(pre - first + at, after - first + at)


def poisson(rate: float, duration: float, seed: int, trial: int = 0, at: float = 0.0) -> np.ndarray:
    """Spikes at random at a constant rate.

    Parameters
    ----------
    rate : float
        Mean number in a second [Hz].
    duration : float
        Of the train [s].
    seed, trial : int
        Which train: the same for the same two numbers.
    at : float
        When it starts [s].

    Returns
    -------
    (n,) float64
        Spike times [s]; n is itself a Poisson number.

    Raises
    ------
    ScenarioError
        A rate or a duration below 0, or more than `MOST_SPIKES` expected.
    """
    for value, what in ((rate, "rate [Hz]"), (duration, "duration [s]")):
        if not 0.0 <= value < math.inf:
            raise ScenarioError(f"protocol: {what} = {value:g}: it must not be below 0.")
    if rate * duration > MOST_SPIKES:
        raise ScenarioError(f"protocol: {rate * duration:.3g} spikes are more than {MOST_SPIKES:.0e}: use fewer.")
    draw = np.random.Generator(np.random.Philox(seed=[seed, trial, 5]))
    return at + np.sort(draw.uniform(0.0, duration, draw.poisson(rate * duration)))


def read(path: str | Path) -> np.ndarray:
    """Spike times from a file.

    Parameters
    ----------
    path : str or Path
        One column, a time a line [s], not decreasing; lines that begin with # are left out.

    Returns
    -------
    (n,) float64
        [s].

    Raises
    ------
    ScenarioError
        It cannot be read, or a line is not a number, or a time is before the one above it.
    """
    times = []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise ScenarioError(f"{path}: it cannot be read as a text of spike times: {fault}.") from fault
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                times.append(float(line))
            except ValueError as fault:
                raise ScenarioError(
                    f"{path}, line {number}: {line.strip()[:40]!r} is no time: one number a line is needed [s]."
                ) from fault
    return _checked(np.array(times, np.float64), f"{path}: ")


TETANI = {
    "STET": (3, 100, 100.0, 600.0),
    "WTET": (1, 21, 100.0, 600.0),
    "SLFS": (900, 3, 20.0, 1.15),
    "WLFS": (1, 900, 1.0, 1.0),
}
"""The four protocols of tagging and capture: bursts, spikes in each, rate within [Hz], interval of starts [s].

Strong and weak tetanus, strong and weak low-frequency stimulation, of Li, Kulvicius & Tetzlaff 2016. The weak tetanus
lasts 0.2 s: 21 spikes (Clopath et al. 2008), the last of them at 0.2 s. Clopath's strong low-frequency stimulation has
its bursts every second: `bursts(900, 3, 20, 1)`.
"""


def tetanus(name: str, at: float = 0.0) -> np.ndarray:
    """One of the four classic protocols.

    Parameters
    ----------
    name : str
        A key of `TETANI`.
    at : float
        When it starts [s].

    Returns
    -------
    (n,) float64
        Spike times [s].

    Raises
    ------
    ScenarioError
        No protocol has this name.
    """
    if name not in TETANI:
        raise ScenarioError(f'protocol "{name}": there is none. Known are {", ".join(TETANI)}.')
    return bursts(*TETANI[name], at)


def _checked(times: np.ndarray, where: str = "protocol: ") -> np.ndarray:
    if not np.isfinite(times).all():
        raise ScenarioError(f"{where}a spike time is not a finite number.")
    if (np.diff(times) < 0.0).any():
        late = int(np.flatnonzero(np.diff(times) < 0.0)[0])
        raise ScenarioError(
            f"{where}spike {late + 2}, at {times[late + 1]:g} s, is before the one above it: sort them."
        )
    return times
