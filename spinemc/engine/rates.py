"""From macroscopic rates to the rates inside a reaction cell, and how large a step's probabilities become."""

from __future__ import annotations

import numpy as np

_SETTLED = 12.0  # spread of a walk, in cell edges, beyond which the cell looks like a point


def returns(cell: float, dt: float, d_first: float, d_second: float) -> float:
    r"""How often two molecules that share a reaction cell will share one again, after 1, 2, 3, ... steps.

    Both start anywhere in the same cube and walk freely. Axes are independent, so the chance after n steps is the
    cube of the chance along one axis; the tail follows the density at zero distance.

    Parameters
    ----------
    cell : float
        Edge of the cell [um].
    dt : float
        Time step [s].
    d_first, d_second : float
        Diffusion coefficients [um^2/s].

    Returns
    -------
    float
        Expected number of later steps at whose end both are in the same cell; 0 where neither moves (a pair that
        cannot part is no encounter).

    Notes
    -----
    With x = k dt / V the wanted mean number of reactions per shared step and G this number, each pair has to react
    with probability x / (1 - x G) per shared step, for the steady macroscopic rate to be k: the pairs that would have
    met again after a reaction are missing, and the others make up for it (renewal argument of Collins & Kimball 1949
    on cells).
    """
    from scipy.special import ndtr, zeta

    total = d_first + d_second
    if total == 0.0:
        return 0.0
    most = max(64, int(np.ceil((_SETTLED * cell) ** 2 / (2.0 * max(d_first, d_second) * dt))))
    # every step up to 64, then ever fewer: the chances fall smoothly
    steps = np.unique(np.concatenate([np.arange(1, 65), np.geomspace(64, most, 200).astype(np.int64)]))

    def chances(diffusion: float, n: int) -> np.ndarray:
        spread = np.sqrt(2.0 * diffusion * n * dt) / cell
        if spread == 0.0:
            return np.array([1.0])
        reach = int(np.ceil(7.0 * spread)) + 2
        edge = np.arange(-reach - 1, reach + 2)
        u = edge / spread
        bent = spread * (u * ndtr(u) + np.exp(-0.5 * u * u) / np.sqrt(2.0 * np.pi))
        return np.diff(bent, 2)

    def shared(n: int) -> float:
        first, second = chances(d_first, n), chances(d_second, n)
        cut = min(first.size, second.size) // 2
        a = first[first.size // 2 - cut : first.size // 2 + cut + 1]
        b = second[second.size // 2 - cut : second.size // 2 + cut + 1]
        return float(a @ b) ** 3

    value = np.array([shared(int(n)) for n in steps])
    near = steps <= 64
    middle = value[near].sum()
    if most > 64:
        far_steps, far = steps[~near], value[~near]
        joined_steps, joined = np.append(64, far_steps), np.append(value[near][-1], far)
        middle += np.trapezoid(joined, joined_steps) + 0.5 * (joined[-1] - joined[0])
    tail = cell**3 / (4.0 * np.pi * total * dt) ** 1.5 * zeta(1.5, most + 1)
    return float(middle + tail)


def correction(rate: float, volume: float, met_again: float, dt: float) -> float:
    """Factor from the macroscopic to the microscopic rate, 1 / (1 - x G) with x = rate dt / volume; inf past its reach.

    Parameters
    ----------
    rate : float
        Macroscopic rate [um^3/s].
    volume : float
        Inside volume of a reaction cell [um^3].
    met_again : float
        G, from `returns`.
    dt : float
        Time step [s].
    """
    missing = rate * dt / volume * met_again
    return 1.0 / (1.0 - missing) if missing < 1.0 else np.inf
