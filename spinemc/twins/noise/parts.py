"""Where the noise of a network comes from: its covariance as a sum over sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from spinemc.chemistry.network import Network, Step
from spinemc.errors import EngineError
from spinemc.twins.noise.linear import along
from spinemc.twins.noise.steps import RTOL
from spinemc.twins.wells import Wells

GATING, BINDING, INFLUX, EXTRUSION = "gating", "binding", "influx", "extrusion"
CONVERSION, DIFFUSION, NUMBERS = "conversion", "diffusion", "numbers"


class Source(NamedTuple):
    """A source of noise: channels of a network, and what is put in, by number."""

    channels: tuple[int, ...]
    jumps: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Parts:
    """Means, and covariances by source.

    Attributes
    ----------
    time : (t,) float64
        [s]
    mean : (t, n) float64
    source : tuple of str
    covariance : (source, t, n, n) float64
        They sum to that of `linear_noise`.
    """

    time: np.ndarray
    mean: np.ndarray
    source: tuple[str, ...]
    covariance: np.ndarray


def noise_parts(made: Wells, time: np.ndarray, groups: Mapping[str, Source], rtol: float = RTOL) -> Parts:
    """The covariance of the linear noise approximation, split by its sources without a remainder.

    Parameters
    ----------
    made : Wells
    time : (t,) float64
        From 0 on [s].
    groups : mapping of str to Source
        Each channel and each jump of the network in one of them, as `kinds` has them.
    rtol : float
        As of `linear_noise`, with the standard deviations of the whole.

    Returns
    -------
    Parts

    Raises
    ------
    EngineError
        A channel or a jump is in no group, or in two; or the integrator gives up.

    Notes
    -----
    dC/dt = J C + C J' + S diag(a) S' is linear in C, and its source is a sum over channels: so is C. In a network of
    first order the part of a source is what freezing it takes away from the variance.
    """
    for what, number, which in (("channel", len(made.channels), 0), ("jump", len(made.jumps), 1)):
        times = np.bincount([k for group in groups.values() for k in group[which]], minlength=number)
        if len(times) > number or (times != 1).any():
            wrong = int(np.flatnonzero(times != 1)[0]) if (times != 1).any() else len(times) - 1
            said = f"{times[wrong]} groups" if wrong < number else f"a group, and there are {number}"
            raise EngineError(f"sources of noise: {what} {wrong} is in {said}; each is in one.")
    with threadpool_limits(1, "blas"):
        found = list(along(made, time, list(groups.values()), rtol))
    mean, covariance = np.array([m for m, _ in found]), np.stack([C for _, C in found], axis=1)
    return Parts(time, mean, tuple(groups), covariance)


def kinds(made: Wells, network: Network) -> dict[str, Source]:
    """The sources of a network by kind of channel; those that it has.

    Returns
    -------
    dict of str to Source
        "gating": molecules of the membrane that change their state; "binding" and unbinding of molecules; "influx":
        what emits molecules and stays, and what makes them from nothing; "extrusion": decay, and a one-way step that
        frees a site from what it has bound; "conversion": other steps of the first order in the volume;
        "diffusion", also through boundaries; "numbers": of the molecules that are put in.
    """
    kind = [kind_of(step, network) for step in network.steps]
    found: dict[str, list[int]] = {}
    for number, channel in enumerate(made.channels):
        found.setdefault(DIFFUSION if channel.step < 0 else kind[channel.step], []).append(number)
    sources = {
        name: Source(tuple(found[name]))
        for name in (GATING, BINDING, INFLUX, EXTRUSION, CONVERSION, DIFFUSION)
        if name in found
    }
    return sources | ({NUMBERS: Source((), tuple(range(len(made.jumps))))} if made.jumps else {})


def kind_of(step: Step, network: Network) -> str:
    """The kind of a step, as `kinds` tells them."""
    left, right = sorted(step.reactants), sorted(step.products)
    gained = list(right)
    for s in left:
        if s in gained:
            gained.remove(s)
    kept = len(right) - len(gained) == len(left)
    if kept:
        return INFLUX
    if not right or _frees(step, network):
        return EXTRUSION
    if len(left) == 1 and len(right) == 1:
        return GATING if network.surface[left[0]] and network.surface[right[0]] else CONVERSION
    return BINDING


def _frees(step: Step, network: Network) -> bool:
    """Whether a one-way step gives a site back without what it had bound."""
    if step.reverse >= 0 or len(step.reactants) != 1 or len(step.products) != 1:
        return False
    site, bound = step.products[0], step.reactants[0]
    return any(
        site in other.reactants and len(other.reactants) == 2 and other.products == (bound,) for other in network.steps
    )
