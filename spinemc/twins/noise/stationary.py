"""Noise at rest: by the linear noise approximation, and exact distributions of small networks."""

from __future__ import annotations

import numpy as np

from spinemc.errors import EngineError
from spinemc.twins.noise.linear import Moments, expansion
from spinemc.twins.ode import Equations
from spinemc.twins.wells import Wells

MOST_STATES = 20_000
SETTLED = 1e-9  # of the fastest change of a number, relative: less is none
SMALL = 1e-10  # of the largest singular value: a combination of numbers that no event changes


def stationary_noise(made: Wells) -> Moments:
    """The mean and the covariance that a network comes to, from its releases at time 0 on, with its rates of then.

    Returns
    -------
    Moments
        One time, infinity. What no event changes keeps its covariance out of it: it is that of given totals.

    Raises
    ------
    EngineError
        The rate equations do not settle.
    """
    from scipy.linalg import solve_continuous_lyapunov

    equations = Equations(made)
    mean = _settled(made, equations)
    J, a = expansion(equations, mean, 0.0)
    change = np.asarray(equations.change[: made.size].todense())
    spread = (change * a) @ change.T
    basis = _changing(change)
    inner = solve_continuous_lyapunov(basis.T @ J @ basis, -basis.T @ spread @ basis)
    return Moments(np.array([np.inf]), mean[None], (basis @ inner @ basis.T)[None])


def spectrum(made: Wells, frequency: np.ndarray) -> np.ndarray:
    """The power spectrum of the fluctuations about the state that a network comes to.

    Parameters
    ----------
    made : Wells
    frequency : (f,) float64
        [Hz]

    Returns
    -------
    (f, n) float64
        One-sided [1/Hz], of the number in each state: its integral over frequencies is the variance.
    """
    equations = Equations(made)
    J, a = expansion(equations, _settled(made, equations), 0.0)
    change = np.asarray(equations.change[: made.size].todense())
    basis = _changing(change)
    J, source = basis.T @ J @ basis, basis.T @ (change * np.sqrt(a))
    found = np.empty((len(frequency), made.size))
    for k, f in enumerate(frequency):
        response = basis @ np.linalg.solve(2j * np.pi * f * np.eye(len(J)) - J, source)
        found[k] = 2.0 * (np.abs(response) ** 2).sum(axis=1)
    return found


def _changing(change: np.ndarray) -> np.ndarray:
    """(n, r) An orthonormal basis of what events can change."""
    left, size, _ = np.linalg.svd(change, full_matrices=False)
    return left[:, size > SMALL * size.max(initial=0.0)]


def _settled(made: Wells, equations: Equations) -> np.ndarray:
    """The numbers that the rate equations come to from the releases at time 0."""
    n = made.size
    state = np.zeros(equations.size)
    for jump in made.jumps:
        if jump.time == 0.0:
            np.add.at(state, jump.states, jump.number * jump.share / jump.share.sum())
    span = 1e-3
    for _ in range(60):
        before = state[:n].copy()
        state[n:] = 0.0
        state = equations.integrate(state, np.array([0.0, span]))[-1]
        rates = np.abs(equations.change[:n]) @ equations.propensities(state, 0.0)
        still = np.abs(equations.slope(state, 0.0)[:n]) <= SETTLED * np.maximum(rates, 1e-300)
        if still.all() or np.allclose(state[:n], before, rtol=1e-12, atol=1e-15):
            return state[:n]
        span *= 2.0
    raise EngineError("the rate equations do not settle: there is no stationary state to have noise about.")


def stationary_distribution(made: Wells, most: int = MOST_STATES) -> tuple[np.ndarray, np.ndarray]:
    """The exact stationary distribution of a small network, from its exact releases at time 0.

    Parameters
    ----------
    made : Wells
        All that is put in at time 0 is put in exactly, and into one state each; rates are those of time 0.
    most : int
        Of states that can be reached.

    Returns
    -------
    (m, n) int64, (m,) float64
        The states, as numbers of molecules, and the probability of each.

    Raises
    ------
    EngineError
        More states can be reached, or the beginning is not one state.

    Notes
    -----
    The finite state projection of Munsky & Khammash 2006 (J Chem Phys 124:044104), with all states within.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import spsolve

    begin = np.zeros(made.size, np.int64)
    for jump in made.jumps:
        if jump.time > 0.0 or not jump.is_exact or np.count_nonzero(jump.share) > 1:
            raise EngineError("a stationary distribution begins with exact numbers in one state each, at time 0.")
        begin[jump.states[np.argmax(jump.share)]] += int(jump.number)
    change = np.rint(np.asarray(made.change().todense())).astype(np.int64).T
    rate = [channel.scale * float(np.interp(0.0, channel.rate.time, channel.rate.value)) for channel in made.channels]
    number, states = {tuple(begin): 0}, [begin]
    row, column, value = [], [], []
    k = 0
    while k < len(states):
        here = states[k]
        for m, channel in enumerate(made.channels):
            ways = 1.0
            for j, s in enumerate(channel.reactants):
                ways *= here[s] - channel.reactants[:j].count(s)
            if rate[m] * ways <= 0.0:
                continue
            after = here + change[m]
            to = number.setdefault(tuple(after), len(states))
            if to == len(states):
                if len(states) >= most:
                    raise EngineError(f"more than {most} states can be reached: the distribution is not a small one.")
                states.append(after)
            row += [to, k]
            column += [k, k]
            value += [rate[m] * ways, -rate[m] * ways]
        k += 1
    m = len(states)
    balance = coo_array((value, (row, column)), shape=(m, m)).tolil()
    balance[m - 1] = 1.0
    right = np.zeros(m)
    right[m - 1] = 1.0
    found = spsolve(balance.tocsc(), right) if m > 1 else np.ones(1)
    return np.array(states), np.clip(found, 0.0, None) / np.clip(found, 0.0, None).sum()
