"""The three experiments: a dendrite, who is stimulated and how, and what is wanted of whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from neighbours import sign

from spinemc.errors import ScenarioError
from spinemc.geometry.shapes import plan
from spinemc.scenario import Scenario, load_scenario, override

HERE = Path(__file__).resolve().parent

FREQUENCIES = (5.0, 30.0, 100.0)
"""Of the three experiments [Hz]."""

INPUTS, TAIL, LASTS = 20, 0.2, 0.05
"""Inputs of a train; how long weights are followed after the last, and the time constant of an influx [s]."""

STIMULATED, NEAR, DISTANT = 5, 1.0, 5.0
"""Stimulated spines; how far from one of them a near spine is at most, and a distant one [um]."""

PIECES = "run.segment=0.5 um"
"""How long the well-mixed pieces of the shaft are."""

WANTED = np.array([[-1, 0, 0], [9, -1, 0], [1, 1, -1]])
"""By experiment: signs of the changes of stimulated, near and distant spines; 9 where it is not said."""

GROUPS = ("stimulated", "near", "distant")


def loaded(*settings: str) -> Scenario:
    """The scenario, with settings laid over it."""
    return override(load_scenario(HERE / "scenario.toml"), *settings)


def ways(*settings: str) -> np.ndarray:
    """(spine,) How far along the shaft the spines of the scenario are [um], with settings laid over it."""
    found = plan(loaded(*settings).geometry.shape)
    assert found is not None
    return np.array([one.way for one in found[1]])


def grouped(way: np.ndarray, number: int = STIMULATED) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every other one of the spines in the middle is stimulated; which others are near and which distant.

    Raises
    ------
    ScenarioError
        There are not as many spines.
    """
    if not 1 <= 2 * number - 1 <= len(way):
        raise ScenarioError(f"stimulated: {number} of {len(way)} spines, every other one: that takes {2 * number - 1}.")
    middle = np.argsort(np.abs(way - 0.5 * (way.min() + way.max())), kind="stable")[: 2 * number - 1]
    stimulated = middle[np.argsort(way[middle])][::2]
    gap = np.abs(way[:, None] - way[stimulated]).min(axis=1)
    rest = np.setdiff1d(np.arange(len(way)), stimulated)
    return stimulated, rest[gap[rest] <= NEAR], rest[(gap[rest] > NEAR) & (gap[rest] <= DISTANT)]


def score(found: np.ndarray, groups: Sequence[np.ndarray], experiments: Sequence[int] = (0, 1, 2)) -> np.ndarray:
    """(experiment,) The share of spines that change as wanted, groups counting alike; of some experiments by number."""
    signs = sign(found)
    return np.array(
        [
            np.mean(
                [(signs[e, of] == want).mean() for of, want in zip(groups, row, strict=True) if want != 9 and len(of)]
            )
            for e, row in enumerate(WANTED[list(experiments)])
        ]
    )
