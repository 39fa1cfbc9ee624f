"""Inputs to spines on one dendrite, and what each spine makes of them: what the studies of neighbours share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from common import ran

from spinemc import observables, plasticity
from spinemc.engine.system import System
from spinemc.errors import ScenarioError
from spinemc.figures.style import INK, MEAN, QUIET, SERIES, TWIN
from spinemc.plans import prepare
from spinemc.scenario import Scenario, override
from spinemc.scenario.sweeps import Sweep
from spinemc.twins import ode
from spinemc.units import MICROMOLAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST = 0.05
"""Change of a weight that counts as one [%]."""

PIECES = "run.segment=0.3 um"
"""How long the well-mixed pieces of the shaft are."""

LEVELS = {
    f"{law}{more}": (f"run.engine={engine}", f"run.exchange={law}", PIECES)
    for more, engine in (("", "ode"), (", trials", "compartments"))
    for law in ("literal", "consistent", "mesh")
} | {"particles": ("run.engine=particles",)}
"""Levels by name, and what is set for each."""

LAWS = {"literal": TWIN, "consistent": MEAN, "mesh": SERIES[1]}
"""Colours of the laws of exchange."""

OUTCOMES = {
    (1, -1): ("compete", "#f2b8a0"),
    (1, 1): ("cooperate", "#a9d3b8"),
    (1, 0): ("alone", "#dfe6ec"),
    (-1, -1): ("both weaken", "#c9b7d9"),
    (-1, 0): ("weakens alone", "#ead9a8"),
    (0, 0): ("no change", "#ffffff"),
}
"""Signs of the changes of the first spine and of its neighbour: a name and a colour."""


@dataclass(frozen=True, eq=False)
class Kernel:
    """What one input of 1 uM to a head does to every head, without anything that saturates.

    Attributes
    ----------
    step : float
        Between samples [s].
    answer : (source, spine, t) float64
        Concentration in each head after an input at time 0 to one of them [uM].
    """

    step: float
    answer: np.ndarray

    def of(self, inputs: Iterable[tuple[int, float, float]], tail: float) -> np.ndarray:
        """Concentrations of several inputs together.

        Parameters
        ----------
        inputs : iterable of (int, float, float)
            The spine, the time [s] and what it puts into the head [uM].
        tail : float
            How long after the last one [s].

        Returns
        -------
        (spine, t) float64
            [uM]
        """
        placed = [(spine, round(time / self.step), amount) for spine, time, amount in inputs]
        whole = np.zeros((self.answer.shape[1], max(k for _, k, _ in placed) + round(tail / self.step) + 1))
        for spine, k, amount in placed:
            length = min(self.answer.shape[2], whole.shape[1] - k)
            whole[:, k : k + length] += amount * self.answer[spine, :, :length]
        return whole


def heads(system: System) -> list[int]:
    """The compartments that are heads."""
    return [k for k, name in enumerate(system.geometry.compartments) if name.rpartition(".")[2] == "head"]


def kernel(scenario: Scenario, sources: Sequence[int] | None = None) -> Kernel:
    """What inputs do, by the rate equations of a linear scenario.

    Parameters
    ----------
    scenario : Scenario
        With one release, the input of one spine; its amount, place and times do not matter.
    sources : sequence of int, optional
        The spines whose inputs are asked for, from 0; all by default, the others stay 0.
    """
    release, known = scenario.release[0], scenario.plasticity
    system = prepare(replace(scenario, run=replace(scenario.run, engine="ode"), plasticity=()))
    where = heads(system)
    time = scenario.run.sample_times
    answer = np.zeros((len(where), len(where), len(time)))
    for k in range(len(where)) if sources is None else sources:
        name = system.geometry.compartments[where[k]]
        one = replace(release, inside=name, concentration=MICROMOLAR, time=(0.0,))
        asked = replace(system.scenario, release=(one,), plasticity=known)
        answer[k] = means(replace(system, scenario=asked))
    return Kernel(float(time[1] - time[0]), answer)


def means(system: System, *others: str) -> np.ndarray:
    """What the rate equations have of the first species in each head, and in other compartments, (place, t) [uM]."""
    where = heads(system) + [system.geometry.compartments.index(name) for name in others]
    count = ode.solve(system.scenario, system.geometry, system.network).count[:, where, 0].T
    return np.asarray(count / system.geometry.compartment_volume[where][:, None] / MICROMOLAR)


def train(
    spine: int, frequency: float, number: int, amount: float, start: float = 0.0
) -> list[tuple[int, float, float]]:
    """Inputs to one spine at a frequency [Hz]; one of them where the number is 1.

    Raises
    ------
    ScenarioError
        The frequency is not above 0, or there is no input.
    """
    if number < 1:
        raise ScenarioError(f"inputs: {number} of them: there must be one at least.")
    if number > 1 and not 0.0 < frequency < np.inf:
        raise ScenarioError(f"inputs: a frequency of {frequency:g} Hz: it must be above 0.")
    gap = 1.0 / frequency if number > 1 else 0.0
    return [(spine, start + k * gap, amount) for k in range(number)]


def change(scenario: Scenario, step: float, level: np.ndarray, **parameters: float) -> np.ndarray:
    """What the scenario's rule makes of concentrations, its early phase.

    Parameters
    ----------
    scenario : Scenario
    step : float
        Between samples [s].
    level : (..., spine, t) float64
        [uM]
    **parameters : float
        Over those of the scenario.

    Returns
    -------
    (..., spine) float64
        Change of the weight at the end [%].
    """
    spec = scenario.plasticity[0]
    shape = level.shape
    trace = plasticity.trace(np.arange(shape[-1]) * step, level.reshape(-1, *shape[-2:]))
    answer = plasticity.apply(spec.rule, trace, unit="uM", reference=1.0, parameters={**spec.parameters, **parameters})[
        "h"
    ]
    return np.asarray(100.0 * (answer[..., -1] / answer[..., 0] - 1.0)).reshape(shape[:-1])


def trials(
    scenario: Scenario, out: Path, *settings: str, varied: Sweep | None = None, threads: int | None = None
) -> xr.DataArray:
    """Changes of the weights in trials, or of the means of a level of means.

    Parameters
    ----------
    scenario : Scenario
    out : Path
        Of the store.
    *settings : str
        Laid over the scenario, as `--set` has them.
    varied : Sweep, optional
        The points of a sweep.
    threads : int, optional

    Returns
    -------
    xarray.DataArray
        (trial, synapse) [%], of a sweep with its dimensions before them.
    """
    tree = ran(override(scenario, *settings), out, varied, threads=threads)
    weight = observables.array(tree, "plasticity/li2016/h")
    return (100.0 * (weight.isel(time=-1) / weight.isel(time=0) - 1.0)).transpose(..., "trial", "synapse").load()


def sign(change: np.ndarray) -> np.ndarray:
    """1 where a weight grows, -1 where it shrinks, 0 where it changes by less than `LEAST`."""
    return np.where(np.abs(change) < LEAST, 0, np.sign(change)).astype(int)


def coloured(values: np.ndarray) -> np.ndarray:
    """Pictures (..., 3) of changes (..., 2) of the first spine and its neighbour, in the colours of `OUTCOMES`."""
    from matplotlib.colors import to_rgb

    known = {pair: to_rgb(colour) for pair, (_, colour) in OUTCOMES.items()}
    signs = sign(values)
    flat = [known.get(tuple(pair), to_rgb(QUIET)) for pair in signs.reshape(-1, 2).tolist()]
    return np.array(flat).reshape(*signs.shape[:-1], 3)


def name_outcomes(ax: Axes, values: np.ndarray) -> None:
    """Name the colours of changes (..., 2) above the right end of axes."""
    pairs = sorted({tuple(pair) for pair in sign(values).reshape(-1, 2).tolist()})
    names = [OUTCOMES.get(pair, (f"{pair[0]:+d}, {pair[1]:+d}", QUIET)) for pair in pairs]
    handles = [
        ax.scatter([], [], marker="s", s=26, color=colour, edgecolor=QUIET, linewidth=0.4) for _, colour in names
    ]
    ax.add_artist(
        ax.legend(
            handles, [name for name, _ in names], loc="lower right", bbox_to_anchor=(1.02, 0.985), ncols=len(names),
            frameon=False, fontsize=6, labelcolor=INK, handletextpad=0.0, columnspacing=0.6, borderpad=0.0,
        )
    )  # fmt: skip


def name_rows(ax: Axes, names: Sequence[str]) -> None:
    """Names of rows within axes, the first one on top."""
    ax.set_yticks([])
    for k, name in enumerate(names):
        ax.text(
            0.015, len(names) - 1 - k, name, transform=ax.get_yaxis_transform(), va="center", fontsize=6.5, color=INK
        )
