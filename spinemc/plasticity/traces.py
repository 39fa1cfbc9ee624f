"""The calcium traces that rules were published with: a jump for each spike, and an exponential decay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.plasticity import complete
from spinemc.plasticity.kernels.pieces import levels
from spinemc.plasticity.signal import Trace

_KEYS = ("c_pre", "c_post", "tau_ca", "delay")
Spikes = np.ndarray | Sequence[np.ndarray]
"""Spike times [s] of one synapse, or a list of those of each."""


def jumps(
    pre: Spikes,
    post: Spikes,
    c_pre: float,
    c_post: float,
    tau: float,
    delay: float = 0.0,
    until: float | None = None,
    at: Any = (),
    nonlinearity: float = 1.0,
) -> Trace:
    r"""Calcium that jumps at spikes and decays between them.

    Parameters
    ----------
    pre, post : (n,) array_like, or a list of them, one a synapse
        Spike times [s], from 0 on.
    c_pre, c_post : float
        What each adds [steps].
    tau : float
        Time constant of the decay to 0 [s].
    delay : float
        From a presynaptic spike to its calcium [s].
    until : float, optional
        Where the trace ends [s]; 0.1 s after the last jump by default.
    at : (m,) array_like, optional
        More times at which the answer is wanted [s]; calcium is the same with and without them.
    nonlinearity : float
        The peak of both spikes at once, in units of `c_pre` + `c_post`: 1, they add up.

    Returns
    -------
    Trace
        (t,), or (1, synapse, t) for lists: its times are 0, all jumps, those of `at` and `until`.

    Raises
    ------
    ScenarioError
        Numbers of synapses that differ, a time below 0 or not finite, a spike after the end, a time constant that is
        not above 0, a step below 0, or a nonlinearity below 1 or without presynaptic calcium.

    Notes
    -----
    By the authors' code of Graupner, Wallisch & Ostojic 2016 (J Neurosci 36:11238) a postsynaptic spike adds
    :math:`C_{post} + \eta c_{pre}`, with :math:`c_{pre}` what presynaptic spikes left, one at the same time included,
    and :math:`\eta = [n (C_{post} + C_{pre}) - C_{post}] / C_{pre} - 1`, n the nonlinearity.
    """
    extra = _extra(c_pre, c_post, nonlinearity)
    listed = any(isinstance(spikes, list | tuple) and len(spikes) and np.ndim(spikes[0]) > 0 for spikes in (pre, post))
    sides = [_each(spikes, listed) for spikes in (pre, post)]
    many = max(map(len, sides))
    if not 0.0 < tau < np.inf or not min(c_pre, c_post) >= 0.0 or not 0.0 <= delay < np.inf:
        raise ScenarioError("calcium trace: tau must be above 0, and steps and the delay not below 0.")
    if any(len(side) not in (1, many) for side in sides):
        raise ScenarioError(
            f"calcium trace: spikes of {len(sides[0])} and of {len(sides[1])} synapses: give as many of both."
        )
    begins = [[spikes + delay for spikes in sides[0]], sides[1]]
    jump = np.concatenate([spikes for side in begins for spikes in side])
    more = np.asarray(at, np.float64)
    end = until if until is not None else float(jump.max(initial=0.0)) + 0.1
    inside = np.concatenate([jump, more, [end]])
    if not np.isfinite(inside).all() or inside.min() < 0.0:
        raise ScenarioError("calcium trace: its times are finite and not below 0 [s].")
    if inside.max() > end:
        raise ScenarioError(f"calcium trace: it ends at {end:g} s and there is a time of {inside.max():g} s in it.")
    time = np.unique(np.concatenate([[0.0], inside]))
    given, spike = np.zeros((2, many, time.size)), np.zeros((many, time.size))
    for number, side in zip(given, begins, strict=True):
        for s in range(many):
            np.add.at(number[s], np.searchsorted(time, side[s if len(side) > 1 else 0]), 1.0)
    before, after = np.empty_like(spike), np.empty_like(spike)
    spike += c_pre * given[0]
    if extra > 0.0:
        levels(time, spike, tau, before, after)
        spike += extra * after * given[1]
    spike += c_post * given[1]
    levels(time, spike, tau, before, after)
    return Trace(time, before[None], after[None], tau) if listed else Trace(time, before[0], after[0], tau)


def of_rule(
    name: str,
    pre: Spikes,
    post: Spikes = (),  # type: ignore[assignment]
    parameters: dict[str, Any] | None = None,
    until: float | None = None,
    at: Any = (),
) -> Trace:
    """The calcium trace that a rule was published with, by its own parameters.

    Parameters
    ----------
    name : str
        A rule with `c_pre`, `c_post`, `tau_ca` and `delay`: graupner2012 or li2016.
    pre, post, until, at
        As of `jumps`.
    parameters : dict, optional
        Values over those of the rule, `set` among them.

    Returns
    -------
    Trace

    Raises
    ------
    ScenarioError
        The rule has no such trace, or as `jumps`.
    """
    p = complete(name, parameters or {})
    if not all(key in p for key in _KEYS):
        raise ScenarioError(f"{name} was not published with a trace of jumps: use jumps, or samples.")
    return jumps(pre, post, p["c_pre"], p["c_post"], p["tau_ca"], p["delay"], until, at, p.get("nonlinearity", 1.0))


def fractions_above(
    pre: Any, post: Any, period: float, thetas: Sequence[float], parameters: dict[str, Any]
) -> tuple[float, ...]:
    """Fractions of time that calcium is above thresholds while a pattern of spikes repeats for ever, exactly.

    Parameters
    ----------
    pre, post : (n,) array_like
        Spike times within a period [s]; any time is taken modulo the period.
    period : float
        [s].
    thetas : sequence of float
        [steps].
    parameters : dict
        `c_pre`, `c_post`, `tau_ca`, `delay` and, if any, `nonlinearity`, as of a rule.

    Returns
    -------
    tuple of float
        One for each threshold.
    """
    tau, c_pre, c_post = parameters["tau_ca"], parameters["c_pre"], parameters["c_post"]
    pre, post = (np.asarray(pre, np.float64) + parameters["delay"]) % period, np.asarray(post, np.float64) % period
    since = (post[:, None] - pre) % period
    left = c_pre * np.exp(-since / tau).sum(axis=1) / -np.expm1(-period / tau)
    added = c_post + _extra(c_pre, c_post, parameters.get("nonlinearity", 1.0)) * left
    times, steps = np.concatenate([pre, post]), np.concatenate([np.full(len(pre), c_pre), added])
    order = np.argsort(times)
    times, steps = times[order], steps[order]
    level = float(np.sum(steps * np.exp(-(period - times) / tau)) / -np.expm1(-period / tau))
    above = np.zeros(len(thetas))
    now = 0.0
    for until, step in zip([*times, period], [*steps, 0.0], strict=True):
        for i, theta in enumerate(thetas):
            if level > theta:
                above[i] += min(until - now, tau * np.log(level / theta))
        level = level * np.exp(-(until - now) / tau) + step
        now = until
    return tuple(float(total / period) for total in above)


def _extra(c_pre: float, c_post: float, nonlinearity: float) -> float:
    """Share of the presynaptic calcium that a postsynaptic spike adds on top of its own."""
    if nonlinearity == 1.0:
        return 0.0
    if not 1.0 < nonlinearity < np.inf or not c_pre > 0.0:
        raise ScenarioError("calcium trace: nonlinearity is not below 1, and above 1 with a presynaptic step only.")
    return (nonlinearity * (c_post + c_pre) - c_post) / c_pre - 1.0


def _each(spikes: Any, listed: bool) -> list[np.ndarray]:
    """Spike times of each synapse."""
    if listed and len(spikes) and np.ndim(spikes[0]) > 0:
        return [np.asarray(one, np.float64) for one in spikes]
    return [np.asarray(spikes, np.float64).ravel()]
