"""Where the scheme of a mechanism comes to rest, with the calcium, the voltage and the glutamate held."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc import units
from spinemc.errors import ScenarioError
from spinemc.mechanisms.kinds import Drive, Law, Mechanism


def steady(made: Mechanism, held: dict[str, float], volts: float = -65.0, glutamate: float = 0.0) -> dict[str, float]:
    """The share of each state of a mechanism at rest.

    Parameters
    ----------
    made : Mechanism
    held : dict
        Concentrations of what its states bind [M], "Ca" and "Ca@lumen" each by its name; 0 for what is not told.
    volts : float
        [mV]
    glutamate : float
        Seen by receptors that bind no molecules of it [M].

    Returns
    -------
    dict
        By state, in the order of its species; they add to 1. The null vector of the scheme's rate matrix: where a
        scheme falls into parts, only what the first state leads to is there.

    Raises
    ------
    ScenarioError
        A rate is not finite.
    """
    names = [entry["name"] for entry in made.species]
    drive = Drive(np.zeros(1), np.array([volts]), np.array([glutamate]), np.zeros(1))
    flow = np.zeros((len(names), len(names)))
    for entry in made.reaction:
        left, _, right = entry["equation"].partition("->")
        ways = [(left.rstrip(" <"), right, "kf")]
        if "<->" in entry["equation"]:
            ways.append((right, left.rstrip(" <"), "kb"))
        for start, end, key in ways:
            there = [[w for w in side.split() if w in names] for side in (start, end)]
            if all(len(side) == 1 for side in there) and there[0] != there[1]:
                beside = [w for w in start.split() if w != "+" and w not in names]
                rate = _rate(entry[key], len(beside), drive)
                rate *= float(np.prod([held.get(w, 0.0) for w in beside]))
                a, b = names.index(there[0][0]), names.index(there[1][0])
                flow[b, a] += rate
                flow[a, a] -= rate
    if not np.isfinite(flow).all():
        raise ScenarioError("its rates are too large for a state at rest: leave resting out.")
    reached = _reached(flow)
    inner = flow[np.ix_(reached, reached)]
    rows = np.vstack([inner / max(float(np.abs(inner).max()), 1e-300), np.ones(len(reached))])
    solved = np.linalg.lstsq(rows, np.append(np.zeros(len(reached)), 1.0), rcond=None)[0]
    shares = np.zeros(len(names))
    shares[reached] = np.maximum(solved, 0.0) / np.maximum(solved, 0.0).sum()
    return dict(zip(names, shares.tolist(), strict=True))


def _rate(rate: Any, partners: int, drive: Drive) -> float:
    """A rate [s^-1], or with a partner [M^-1 s^-1]."""
    if isinstance(rate, Law):
        return float(rate.at(drive)[0])
    if partners:
        return units.quantity(rate, "rate2") / units.quantity("1 /M/s", "rate2")
    return units.quantity(rate, "rate1")


def _reached(flow: np.ndarray) -> list[int]:
    """The states that the first one leads to, itself included."""
    reached = [0]
    for state in reached:
        reached += [int(s) for s in np.flatnonzero(flow[:, state] > 0.0) if s not in reached]
    return sorted(reached)
