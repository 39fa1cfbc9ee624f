"""The calcium of Shouval, Bear & Cooper 2002: NMDA receptors that open with glutamate and voltage, spike by spike."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.plasticity.kernels.pieces import levels
from spinemc.plasticity.signal import Trace

MOST_SAMPLES = 10**8
Side = Literal["left", "right"]

CURRENT: dict[str, dict[str, float]] = {
    "2002": {"p_0": 0.5, "g": -1.0 / 500.0, "fast": 0.5, "tau_f": 0.050, "slow": 0.5, "tau_s": 0.200},
    "2004": {"p_0": 0.5, "g": -1.0 / 325.0, "fast": 0.75, "tau_f": 0.050, "slow": 0.25, "tau_s": 0.150},
}
"""Parameters of the current: open share [1], conductance [uM/(ms mV)], shares [1] and times [s] of its two decays.

"2002" is Shouval et al. 2002 (PNAS 99:10831); "2004" its stochastic variant, whose slow share, what the fast one
leaves, is a choice.
"""


def block(voltage: np.ndarray, magnesium: float = 1.0) -> np.ndarray:
    """Share of NMDA receptors that magnesium [mM] does not block at a voltage [mV], by Jahr & Stevens 1990."""
    return 1.0 / (1.0 + np.exp(-0.062 * np.asarray(voltage, np.float64)) * magnesium / 3.57)


def calcium(
    pre: Any,
    post: Any,
    until: float,
    every: float = 5e-4,
    current: str = "2002",
    epsp: float = 1.0,
    magnesium: float = 1.0,
    tau: float = 0.050,
) -> Trace:
    r"""Calcium that pairs of spikes let in.

    Parameters
    ----------
    pre, post : (n,) array_like
        Spike times [s].
    until : float
        Where the trace ends [s].
    every : float
        Between its samples [s]; spikes are samples as well.
    current : str
        A key of `CURRENT`.
    epsp : float
        Size of the EPSP of one presynaptic spike [mV]: 1 in pairings, 10 and 20 in other figures of the paper.
    magnesium : float
        [mM].
    tau : float
        Time constant of calcium [s].

    Returns
    -------
    Trace
        Calcium [uM], straight between its samples.

    Raises
    ------
    ScenarioError
        The times are not finite, the samples too many, or a set is not known.

    Notes
    -----
    .. math::
        \dot{Ca} &= I - Ca/\tau, \qquad
        I = P_0 G \, [I_f e^{-t/\tau_f} + I_s e^{-t/\tau_s}] \, B(V) (V - 130) \\
        V &= -65 + \mathrm{EPSP} + 100 \, [\tfrac34 e^{-t/3} + \tfrac14 e^{-t/25}]

    with t in ms since each spike. Responses of the receptors to several spikes add up: a choice, which at the low rates
    of pairing protocols hardly matters.
    """
    if current not in CURRENT:
        raise ScenarioError(f'nmda: current = "{current}": it is one of {", ".join(CURRENT)}.')
    if not (0.0 < every < math.inf and 0.0 < until < math.inf and until / every < MOST_SAMPLES):
        raise ScenarioError("nmda: until and every are above 0 [s], and there are less than 1e8 samples.")
    c = CURRENT[current]
    sides = [np.asarray(spikes, np.float64).ravel() for spikes in (pre, post)]
    spikes = np.concatenate(sides)
    if not np.isfinite(spikes).all():
        raise ScenarioError("nmda: a spike time is not a finite number.")
    grid = every * np.arange(math.floor(until / every + 0.5) + 1)
    time = np.union1d(grid, spikes[(spikes > 0.0) & (spikes < grid[-1])])
    dt = np.diff(time)

    def summed(spikes: np.ndarray, parts: list[tuple[float, float]], side: Side) -> np.ndarray:
        """Responses just before (side "right") or just after ("left") each time."""
        found = np.zeros(time.size)
        longest = 20.0 * max(decay for _, decay in parts)
        for spike in spikes:
            first, last = np.searchsorted(time, spike, side), np.searchsorted(time, spike + longest)
            since = time[first:last] - spike
            found[first:last] += sum(size * np.exp(-since / decay) for size, decay in parts)
        return found

    def inward(side: Side) -> np.ndarray:
        """Current [uM/s]."""
        peak = epsp / 0.6968
        voltage = -65.0 + summed(sides[0], [(peak, 0.050), (-peak, 0.005)], side)
        voltage += summed(sides[1], [(75.0, 0.003), (25.0, 0.025)], side)
        opened = summed(sides[0], [(c["fast"], c["tau_f"]), (c["slow"], c["tau_s"])], side)
        return 1e3 * c["p_0"] * c["g"] * opened * block(voltage, magnesium) * (voltage - 130.0)

    kept = np.exp(-dt / tau)
    share = (1.0 - kept) * tau / dt
    jump = np.zeros(time.size)
    jump[1:] = tau * ((share - kept) * inward("left")[:-1] + (1.0 - share) * inward("right")[1:])  # a straight current
    before, after = np.empty((1, time.size)), np.empty((1, time.size))
    levels(time, jump[None], tau, before, after)
    return Trace(time, after[0], after[0])
