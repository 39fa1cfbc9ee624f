"""What drives a rule: calcium over time at some synapses in some trials, in the unit that the rule reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.units import MICROMOLAR

UNITS = {"ions": "ions", "uM": "uM", "1": "steps of one presynaptic spike"}
"""Units of calcium, and what they are called: molecules, a concentration, or a number in steps of a reference."""

BETWEEN = ("linear", "hold")
"""What calcium does between two samples: goes straight to the next, or stays until there."""


@dataclass(frozen=True, eq=False)
class Trace:
    """Calcium that may jump at its times and decays exponentially, or goes straight, between them.

    Attributes
    ----------
    time : (t,) float64
        [s], increasing.
    before, after : (..., t) float64
        Just before and just after each time.
    tau : float
        Time constant of the decay to 0 between the times [s]; 0 where calcium goes straight.

    Raises
    ------
    ScenarioError
        The times do not increase or are not finite, or calcium has another length, a gap, or is below 0.
    """

    time: np.ndarray
    before: np.ndarray
    after: np.ndarray
    tau: float = 0.0

    def __post_init__(self) -> None:
        time = _numbers(self.time)
        if time.ndim != 1 or time.size < 1:
            raise ScenarioError("calcium trace: its times are a list of one number or more [s].")
        if not np.isfinite(time).all():
            raise ScenarioError("calcium trace: a time is not a finite number.")
        late = np.flatnonzero(np.diff(time) <= 0.0)
        if late.size:
            i = int(late[0])
            raise ScenarioError(
                f"calcium trace: its times must increase: {time[i]:g} s is followed by {time[i + 1]:g} s."
            )
        before, after = _numbers(self.before), _numbers(self.after)
        if after.ndim not in (1, 2, 3) or after.shape[-1] != time.size or before.shape != after.shape:
            raise ScenarioError(
                f"calcium trace: {time.size} times and calcium of shape {after.shape}: it is (t), (trial, t) or "
                "(trial, synapse, t), with as many values as times."
            )
        if not 0.0 <= self.tau < np.inf:
            raise ScenarioError(f"calcium trace: tau = {self.tau:g}: a time constant is not below 0 [s].")
        made = {"time": time, "after": _checked(after, time)}
        made["before"] = made["after"] if self.before is self.after else _checked(before, time)
        vars(self).update(made)


def _numbers(values: Any) -> np.ndarray:
    """Numbers, with gaps where an array is masked."""
    if isinstance(values, np.ma.MaskedArray):
        values = np.where(np.ma.getmaskarray(values), np.nan, np.ma.getdata(values))
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise ScenarioError(f"calcium trace: its times and values must be numbers: {fault}.") from fault


@dataclass(frozen=True, eq=False)
class Signal:
    """A trace made ready for the rules.

    Attributes
    ----------
    time : (t,) float64
        [s].
    before, after : (trial, synapse, t) float64
        In the rule's unit.
    tau : float
        As of `Trace`.
    gate : (t - 1,) float64
        Mean over each interval of what the rates of learning are scaled by.
    volume : (synapse,) float64
        Of each compartment [um^3]; nan where it is not known.
    key : (trial, 2) uint64
        Seed and trial, for random numbers.
    stream : int
        The rule's own stream of them, and the number of the first synapse above 16 bits.
    """

    time: np.ndarray
    before: np.ndarray
    after: np.ndarray
    tau: float
    gate: np.ndarray
    volume: np.ndarray
    key: np.ndarray
    stream: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of trials, synapses and times."""
        trials, synapses, times = self.after.shape
        return trials, synapses, times


def trace(time: Any, calcium: Any, between: str = "linear") -> Trace:
    """A trace from samples.

    Parameters
    ----------
    time : (t,) array_like
        [s], increasing.
    calcium : (t,), (trial, t) or (trial, synapse, t) array_like
        At those times.
    between : str
        "linear", or "hold": each sample stays until the next.

    Returns
    -------
    Trace

    Raises
    ------
    ScenarioError
        The times do not increase or are not finite, or calcium has another length, a gap, or is below 0.
    """
    if between not in BETWEEN:
        raise ScenarioError(f'calcium trace: between = "{between}": it is "linear" or "hold".')
    level = _numbers(calcium)
    if between == "linear":
        return Trace(time, level, level)
    return Trace(time, np.concatenate([level[..., :1], level[..., :-1]], axis=-1), level)


def _checked(level: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Calcium without gaps and not below 0; what round-off takes below is 0."""
    bad = ~np.isfinite(level)
    if bad.any():
        i = int(np.argwhere(bad)[0][-1])
        raise ScenarioError(
            f"calcium trace: there is no finite number at {time[i]:g} s: take samples with gaps out, with their times."
        )
    lowest = float(level.min(initial=0.0))
    if lowest < -1e-9 * float(level.max(initial=0.0)) or (lowest < 0.0 and not level.max(initial=0.0) > 0.0):
        i = int(np.argwhere(level == lowest)[0][-1])
        raise ScenarioError(f"calcium trace: {lowest:g} at {time[i]:g} s: calcium is not below 0.")
    return level if lowest >= 0.0 else np.maximum(level, 0.0)


def converted(
    level: np.ndarray,
    given: str,
    wanted: str,
    volume: np.ndarray,
    reference: float | None,
    rest: float,
    rule: str,
) -> np.ndarray:
    """Calcium in the unit that a rule reads.

    Parameters
    ----------
    level : (trial, synapse, t) float64
        In the unit `given`.
    given, wanted : str
        Keys of `UNITS`.
    volume : (synapse,) float64
        [um^3], nan where not known.
    reference, rest : float
        In the unit `given`, where a normalised number is wanted: what one presynaptic spike adds, and the level that
        counts as none.
    rule : str
        What messages call the rule.

    Returns
    -------
    (trial, synapse, t) float64
        What is below `rest` is 0.

    Raises
    ------
    ScenarioError
        An unknown unit, a reference that is missing or not above 0, or a volume that is not known.
    """
    if given not in UNITS:
        raise ScenarioError(f'calcium trace: unit = "{given}": it is one of {", ".join(UNITS)}.')
    if wanted == "1" and given != "1":
        if reference is None or not 0.0 < reference < np.inf:
            raise ScenarioError(
                f"{rule} reads calcium in steps of one presynaptic spike: say what one adds with reference, in "
                f"{given}, above 0."
            )
        return np.maximum(level - rest, 0.0) / reference
    if reference is not None or rest != 0.0:
        raise ScenarioError(
            f"{rule} reads calcium in {UNITS[wanted]} and was given it in {UNITS[given]}: take reference and rest out."
        )
    if given == wanted:
        return level
    if given == "1":
        raise ScenarioError(f"{rule} reads calcium in {UNITS[wanted]}: calcium in steps cannot be made that.")
    if not (volume > 0.0).all():
        raise ScenarioError(f"{rule} reads calcium in {wanted} and was given {given}: say the volume [um^3], above 0.")
    scale = 1.0 / (MICROMOLAR * volume) if wanted == "uM" else MICROMOLAR * volume
    return level * scale[:, None]


def gating(time: np.ndarray, gate: tuple[Any, Any] | None) -> np.ndarray:
    """The mean of a gate over each interval of a trace.

    Parameters
    ----------
    time : (t,) float64
        [s].
    gate : pair of (n,) array_like, or None
        Times [s], increasing, and values, not below 0; straight between them, constant before and after. None: 1.

    Returns
    -------
    (t - 1,) float64

    Raises
    ------
    ScenarioError
        It is not two lists of the same length, or they are not as above.
    """
    if gate is None:
        return np.ones(max(0, time.size - 1))
    at, value = (np.asarray(column, dtype=np.float64) for column in gate)
    if at.ndim != 1 or at.shape != value.shape or at.size < 1:
        raise ScenarioError("gate: times and values are two lists of the same length, one entry or more.")
    if not (np.isfinite(at).all() and np.isfinite(value).all()):
        raise ScenarioError("gate: a time or a value is not a finite number.")
    if (np.diff(at) <= 0.0).any():
        raise ScenarioError("gate: its times must increase.")
    if (value < 0.0).any():
        raise ScenarioError("gate: a value is below 0: it scales rates.")
    every = np.union1d(time, at)
    height = np.interp(every, at, value)
    area = np.concatenate([[0.0], np.cumsum(0.5 * (height[1:] + height[:-1]) * np.diff(every))])
    return np.diff(np.interp(time, every, area)) / np.diff(time)
