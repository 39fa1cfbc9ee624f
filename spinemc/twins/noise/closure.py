"""Means and covariances closed at second order: the mean feels the noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemc.errors import EngineError
from spinemc.twins.noise.linear import Moments, put
from spinemc.twins.ode import ATOL, RTOL, Equations
from spinemc.twins.wells import Wells

MOST_STATES = 100  # their covariances are as many unknowns as the square of that


def second_moments(made: Wells, time: np.ndarray) -> Moments:
    """Means and covariances in time, from nothing, with the releases, closed at second order.

    Parameters
    ----------
    made : Wells
    time : (t,) float64
        From 0 on [s].

    Returns
    -------
    Moments

    Raises
    ------
    EngineError
        There are more than a hundred states, or the integrator gives up: numbers so small that their distributions
        are far from normal may have no such moments.

    Notes
    -----
    dm/dt = S <a> and dC/dt = J C + C J' + S diag(<a>) S', where a channel of two unlike molecules has
    <a> = k (m_i m_j + C_ij), one of two like ones k (m_i^2 - m_i + C_ii), J is S times the derivative of <a> by m, and
    third central moments are 0 (normal closure). Exact for networks of first order; the mean is right to the first
    order in the inverse of the numbers, which that of rate equations is not. Goodman, Biometrics 9:212 (1953); Whittle,
    J R Stat Soc B 19:268 (1957); Engblom, Appl Math Comput 180:498 (2006).
    """
    from scipy.integrate import solve_ivp

    n = made.size
    if n > MOST_STATES:
        raise EngineError(f"second moments are for at most {MOST_STATES} states, and there are {n}: take lna.")
    closed = _Closed(made)
    mean, covariance = np.zeros(n), np.zeros((n, n))
    breaks = {jump.time for jump in made.jumps}
    corners = closed.equations.knots[closed.equations.knots < time[-1]]
    stops = np.unique([0.0, time[-1], *corners, *breaks])
    stops = stops[stops <= time[-1]]
    kept = np.empty((len(time), n + n * n))
    for k, here in enumerate(stops):
        for jump in made.jumps:
            if jump.time == here:
                put(jump, mean, covariance)
        start = np.concatenate([mean, covariance.ravel()])
        kept[time == here] = start
        if k + 1 == len(stops):
            break
        inner = (time > here) & (time < stops[k + 1])
        found = solve_ivp(
            closed.slope,
            (here, stops[k + 1]),
            start,
            method="BDF",
            t_eval=np.append(time[inner], stops[k + 1]),
            jac=closed.jacobian,
            rtol=RTOL,
            atol=ATOL,
        )
        if not found.success:
            raise EngineError(f"second moments cannot be integrated beyond {here:.6g} s: {found.message}")
        kept[inner] = found.y.T[:-1]
        mean, covariance = found.y[:n, -1].copy(), found.y[n:, -1].reshape(n, n).copy()
    return Moments(time, kept[:, :n], kept[:, n:].reshape(-1, n, n))


class _Closed:
    """dy/dt of means followed by covariances."""

    def __init__(self, made: Wells) -> None:
        self.n, self.equations = made.size, Equations(made)
        self.change = self.equations.change[: made.size]
        self.first, self.second = made.reactants().T
        self.pairs = np.flatnonzero(self.second >= 0)
        self.alike = (self.first == self.second) & (self.second >= 0)

    def _rates(self, t: float, m: np.ndarray, C: np.ndarray) -> tuple[np.ndarray, Any]:
        """(channel,) <a> and (channel, n) csr_array, its derivative by the mean."""
        from scipy.sparse import csr_array

        k, one = self.equations.rates_at(t), np.append(m, 1.0)
        expected = k * one[self.first] * one[self.second]
        expected[self.pairs] += k[self.pairs] * C[self.first[self.pairs], self.second[self.pairs]]
        expected[self.alike] -= k[self.alike] * m[self.first[self.alike]]
        channel = np.arange(len(k))
        by_first = k * one[self.second] - np.where(self.alike, k, 0.0)
        values = np.concatenate([by_first, k * one[self.first]])
        columns = np.concatenate([self.first, self.second]) % (self.n + 1)
        slope = csr_array((values, (np.concatenate([channel, channel]), columns)), shape=(len(k), self.n + 1))
        return expected, slope[:, :-1]

    def slope(self, t: float, y: np.ndarray) -> np.ndarray:
        m, C = y[: self.n], y[self.n :].reshape(self.n, self.n)
        expected, by_mean = self._rates(t, m, C)
        pushed = self.change @ (by_mean @ C)
        spread = ((self.change * expected) @ self.change.T).todense()
        return np.concatenate([self.change @ expected, np.asarray(pushed + pushed.T + spread).ravel()])

    def jacobian(self, t: float, y: np.ndarray) -> Any:
        """How the slope changes with y; what the mean does to the covariance's slope is left to the iteration."""
        from scipy.sparse import block_array, csr_array, eye_array, kron

        m, C = y[: self.n], y[self.n :].reshape(self.n, self.n)
        J = self.change @ self._rates(t, m, C)[1]
        k = self.equations.rates_at(t)[self.pairs]
        where = self.first[self.pairs] * self.n + self.second[self.pairs]
        felt = csr_array((k, (self.pairs, where)), shape=(len(self.first), self.n**2))
        same = eye_array(self.n)
        return block_array([[J, self.change @ felt], [None, kron(J, same) + kron(same, J)]], format="csc")
