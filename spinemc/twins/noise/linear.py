"""The linear noise approximation in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from spinemc.errors import EngineError
from spinemc.twins.noise.steps import RTOL as CLOSE
from spinemc.twins.noise.steps import advance
from spinemc.twins.ode import ATOL, DENSE, RTOL, Equations
from spinemc.twins.wells import Jump, Wells

_BENT = 1e-3  # of a rate's range: a table is not stepped over where it is less straight than this


@dataclass(frozen=True, eq=False)
class Moments:
    """Means and covariances of the numbers in the states of a network.

    Attributes
    ----------
    time : (t,) float64
        [s]
    mean : (t, n) float64
    covariance : (t, n, n) float64
    """

    time: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


def linear_noise(made: Wells, time: np.ndarray, rtol: float = CLOSE) -> Moments:
    """Means and covariances in time, from nothing, with the releases, by the linear noise approximation.

    Parameters
    ----------
    made : Wells
    time : (t,) float64
        From 0 on [s]. The time that this takes grows with how many there are: a step ends at each.
    rtol : float
        Of a covariance in a step, to the product of the two standard deviations.

    Returns
    -------
    Moments
        The means are those of the rate equations; the covariance solves dC/dt = J C + C J' + S diag(a) S', with J the
        Jacobian of the rate equations, S what each channel changes and a how often it happens. Releases add the
        covariance of what they put in: of a Poisson number, or of an exact one spread over states.

    Raises
    ------
    EngineError
        Where the integrator gives up.

    Notes
    -----
    van Kampen, Stochastic Processes in Physics and Chemistry, ch. X. Exact for networks of first order; otherwise the
    first order in the inverse of the numbers.
    """
    everything = [(range(len(made.channels)), range(len(made.jumps)))]
    with threadpool_limits(1, "blas"):
        mean, covariance = zip(*((m, C[0]) for m, C in along(made, time, everything, rtol)), strict=True)
    return Moments(time, np.array(mean), np.array(covariance))


def along(
    made: Wells, time: np.ndarray, groups: Sequence[tuple[Sequence[int], Sequence[int]]], rtol: float = CLOSE
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Mean and covariances from groups of sources, at one time after the other.

    Parameters
    ----------
    made : Wells
    time : (t,) float64
        Rising, from 0 on [s].
    groups : sequence of (channels, jumps)
        Whose noise is told from that of others.
    rtol : float

    Yields
    ------
    (n,) float64, (group, n, n) float64
    """
    n, equations = made.size, Equations(made)
    change = equations.change[:n]
    parts = [(list(channels), change[:, list(channels)]) for channels, _ in groups]
    path: Callable[[float], np.ndarray]

    def about(t: float) -> tuple[Any, np.ndarray]:
        J, a = expansion(equations, path(t), t)
        return J, np.stack([np.asarray(((S * a[own]) @ S.T).todense()) for own, S in parts])

    mean, C = np.zeros(n), np.zeros((len(groups), n, n))
    wanted, h = set(time.tolist()), float(time[-1])
    stops = np.unique([0.0, *time, *(jump.time for jump in made.jumps), *_bends(equations, float(time[-1]))])
    stops = stops[stops <= time[-1]]
    breaks = {jump.time for jump in made.jumps}
    for k, here in enumerate(stops):
        for j, jump in enumerate(made.jumps):
            if jump.time == here:
                add = np.zeros(n), np.zeros((n, n))
                put(jump, *add)
                mean = mean + add[0]
                C = C + np.stack([add[1] * (j in jumps) for _, jumps in groups])
        if here in wanted:
            yield mean, C
        if k + 1 == len(stops):
            return
        if k == 0 or here in breaks:
            until = min((t for t in breaks if t > here), default=stops[-1])
            path = followed(equations, mean, here, min(until, stops[-1]))
        C, h = advance(about, C, here, stops[k + 1], h, rtol)
        mean = path(stops[k + 1])


def put(jump: Jump, mean: np.ndarray, covariance: np.ndarray) -> None:
    """Add what a release brings to means and covariances, in place."""
    share = jump.share / jump.share.sum()
    np.add.at(mean, jump.states, jump.number * share)
    added = jump.number * np.diag(share)
    if jump.is_exact:
        added -= jump.number * np.outer(share, share)
    covariance[np.ix_(jump.states, jump.states)] += added


def expansion(equations: Equations, mean: np.ndarray, t: float) -> tuple[Any, np.ndarray]:
    """(n, n) csr_array, the Jacobian of the rate equations about some numbers; (channel,) the propensities there."""
    n = len(mean)
    whole = np.concatenate([mean, np.zeros(equations.size - n)])
    return equations.sparse_jacobian(whole, t)[:n, :n], equations.propensities(whole, t)


def followed(equations: Equations, start: np.ndarray, begin: float, end: float) -> Callable[[float], np.ndarray]:
    """The mean (n,) as a function of time, from `start` at `begin` to `end`; no step passes over a row of a table."""
    from scipy.integrate import solve_ivp

    n = len(start)
    change, rest = equations.change[:n], np.zeros(equations.size - n)

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        return np.asarray(change @ equations.propensities(np.concatenate([y, rest]), t))

    def jacobian(t: float, y: np.ndarray) -> Any:
        J = expansion(equations, y, t)[0]
        return J.tocsc() if n > DENSE else np.asarray(J.todense())

    within = equations.knots[(equations.knots > begin) & (equations.knots < end)]
    corners, pieces, state = np.array([begin, *within, end]), [], start
    for a, b in pairwise(corners):
        method = "BDF" if n > DENSE else "LSODA"
        found = solve_ivp(slope, (a, b), state, method=method, jac=jacobian, dense_output=True, rtol=RTOL, atol=ATOL)
        if not found.success:
            raise EngineError(f"the mean cannot be integrated beyond {a:.6g} s: {found.message}")
        pieces.append(found.sol)
        state = found.y[:, -1]

    def at(t: float) -> np.ndarray:
        k = int(np.clip(np.searchsorted(corners, t) - 1, 0, len(pieces) - 1))
        return np.asarray(pieces[k](t))

    return at


def _bends(equations: Equations, end: float) -> list[float]:
    """Times at which rates from tables bend: between two of them every rate is nearly a straight line."""
    knot = equations.knots
    size = np.ptp(equations.rates, axis=1, keepdims=True)
    value = equations.rates / np.where(size > 0.0, size, 1.0)
    found, k = [float(knot[0])], 0
    while k < len(knot) - 1:
        after = k + 1
        while after + 1 < len(knot):
            share = (knot[k : after + 2] - knot[k]) / (knot[after + 1] - knot[k])
            chord = value[:, k, None] + share * (value[:, after + 1, None] - value[:, k, None])
            if np.abs(value[:, k : after + 2] - chord).max(initial=0.0) > _BENT:
                break
            after += 1
        k = after
        found.append(float(knot[k]))
    return [t for t in found if 0.0 < t < end]
