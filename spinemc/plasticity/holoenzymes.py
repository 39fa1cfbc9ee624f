"""The switch of CaMKII and PP1 with few molecules: how long its states last against the number of holoenzymes."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.plasticity import complete
from spinemc.plasticity.camkii2007 import SITES, branches, pp1, rates, ring
from spinemc.plasticity.kernels.few import switching

MOST_STATES = 20_000  # of the exact answer


def lifetimes(
    number: int,
    calcium: float,
    trials: int,
    seed: int = 0,
    up: bool = False,
    most: float = 1e9,
    parameters: Mapping[str, Any] | None = None,
) -> np.ndarray:
    """Times until a few holoenzymes leave a state for the first time.

    All of them begin without a phosphorylated site, or for the UP state with all six. The state is left when their
    phosphorylated sites reach those of the unstable steady state between the two. PP1 is at its steady level, as a
    concentration; only the rings are single molecules, as many as there are in `number` / `rings` uM.

    Parameters
    ----------
    number : int
        Holoenzymes.
    calcium : float
        [uM], where both states are stable.
    trials : int
    seed : int
    up : bool
        Whether the UP state is left, or the DOWN state.
    most : float
        Time after which a trial is given up [s].
    parameters : mapping, optional
        Values over `spinemc.plasticity.camkii2007.PARAMETERS`.

    Returns
    -------
    (trials,) float64
        [s]; `most` where it was not left by then.

    Raises
    ------
    ScenarioError
        The number is not above 0, or there is one steady state only.
    """
    p = complete("camkii2007", parameters or {})
    level, rate, size = _level(number, calcium, up, p), _rates(calcium, p), number / p["rings"]
    many = ring().phosphorylated.astype(np.int64)
    stream, key = zlib.crc32(b"holoenzymes") & 0xFFFF, np.array([seed, number], np.uint64)
    found = np.empty(trials)
    for trial in range(trials):
        counts = np.zeros(many.size, np.int64)
        counts[-1 if up else 0] = number
        found[trial] = switching(counts, rate, level, many, size, p["k_m"], most, not up, key, stream, trial)
    return found


def mean_lifetime(number: int, calcium: float, up: bool = False, parameters: Mapping[str, Any] | None = None) -> float:
    """The mean of `lifetimes` without simulation: the first passage of the master equation, exactly.

    Parameters
    ----------
    number, calcium, up, parameters
        As of `lifetimes`.

    Returns
    -------
    float
        [s].

    Raises
    ------
    ScenarioError
        As `lifetimes`, or there are more than 20000 states: use `lifetimes`.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import spsolve

    p = complete("camkii2007", parameters or {})
    level, rate, size = _level(number, calcium, up, p), _rates(calcium, p), number / p["rings"]
    many = ring().phosphorylated.astype(np.int64)
    if math.comb(number + many.size - 1, number) > MOST_STATES:
        raise ScenarioError(f"{number} holoenzymes have more than {MOST_STATES} states: simulate with lifetimes.")
    first = [0] * many.size
    first[-1 if up else 0] = number
    index, waiting = {tuple(first): 0}, [tuple(first)]
    row, column, value = [], [], []
    for state in waiting:  # which grows as states are met
        here = index[state]
        share = 1.0 / (p["k_m"] + int(many @ state) / size)
        speed = rate[0] * share + rate[1] + rate[2]
        for j in np.flatnonzero(state):
            for i in np.flatnonzero(speed[:, j] > 0.0):
                after = list(state)
                after[j] -= 1
                after[i] += 1
                flow = state[j] * speed[i, j]
                row.append(here)
                column.append(here)
                value.append(-flow)
                sites = int(many @ after)
                if (sites >= level) if not up else (sites <= level):
                    continue
                if tuple(after) not in index:
                    index[tuple(after)] = len(waiting)
                    waiting.append(tuple(after))
                row.append(here)
                column.append(index[tuple(after)])
                value.append(flow)
    generator = coo_array((value, (row, column)), shape=(len(waiting), len(waiting))).tocsc()
    return float(spsolve(generator, -np.ones(len(waiting)))[0])


def _level(number: int, calcium: float, up: bool, p: dict[str, Any]) -> int:
    """Phosphorylated sites at the unstable steady state, as a number between none and all."""
    if number < 1:
        raise ScenarioError(f"{number} holoenzymes: there must be 1 or more.")
    steady = branches(calcium, p)
    if len(steady) < 3:
        raise ScenarioError(f"camkii2007: one steady state at {calcium:g} uM: there is no switch between two there.")
    sites = steady[1] / p["rings"] * number
    return min(max(math.floor(sites), 0), SITES * number - 1) if up else min(max(math.ceil(sites), 1), SITES * number)


def _rates(calcium: float, p: dict[str, Any]) -> np.ndarray:
    """Rates of the changes of one ring, by kind, from column to row, (3, 14, 14): the first times uM."""
    at, change = rates(calcium, p), np.maximum(ring().change, 0.0)
    return np.stack([p["k_12"] * pp1(calcium, p) * change[0], at.beside * change[1], at.alone * change[2]])
