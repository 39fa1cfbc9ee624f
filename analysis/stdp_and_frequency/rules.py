"""The nine rules, each with the calcium it is given and how its outcome is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from spinemc import plasticity, protocols
from spinemc.plasticity import Trace, nmda, traces

HALF = 0.5  # of the efficacy of a bistable synapse: above it is UP
AFTER = 1.0  # from the last pair to the reading [s]
EVERY = 1e-3  # between samples of the calcium that receptors let in [s]
UPPER = 0.55  # upper threshold of shouval2002 [uM]


class Way(NamedTuple):
    """How a rule is used.

    Attributes
    ----------
    rule : str
    parameters : dict
    calcium : callable
        Of (pre, post, until), the trace.
    options : dict
        More of `plasticity.apply`.
    bistable : bool
        Whether it begins DOWN and UP, and what is read is the mean strength.
    change : bool
        Whether the weight's change is read, of rules that begin at 0, or what it is over that before.
    noisy : bool
        Whether it has noise of its own.
    """

    rule: str
    parameters: dict[str, Any]
    calcium: Callable[[np.ndarray, np.ndarray, float], Trace]
    options: dict[str, Any] = {}  # noqa: RUF012
    bistable: bool = False
    change: bool = False
    noisy: bool = True


class Outcome(NamedTuple):
    """Of many trials: mean, its standard error, deviation of one synapse; probabilities of going UP and DOWN."""

    mean: float
    error: float
    deviation: float
    up: float
    down: float


def own(rule: str, **parameters: Any) -> Callable[[np.ndarray, np.ndarray, float], Trace]:
    """The trace that a rule was published with."""
    return lambda pre, post, until: traces.of_rule(rule, pre, post, parameters, until)


def receptors(scale: float = 1.0, rest: float = 0.0) -> Callable[[np.ndarray, np.ndarray, float], Trace]:
    """The calcium of Shouval et al. 2002 [uM], times a number, over a level at rest."""

    def made(pre: np.ndarray, post: np.ndarray, until: float) -> Trace:
        found = nmda.calcium(pre, post, until, EVERY)
        return plasticity.trace(found.time, rest + scale * found.after)

    return made


def steps(c_pre: float, c_post: float, tau: float, delay: float) -> Callable[[np.ndarray, np.ndarray, float], Trace]:
    """Jumps that decay."""
    return lambda pre, post, until: traces.jumps(pre, post, c_pre, c_post, tau, delay, until)


def graupner(name: str) -> Way:
    """The rule of 2012 with one of its sets."""
    return Way("graupner2012", {"set": name}, own("graupner2012", set=name), bistable=True)


WAYS = {
    "graupner2012": graupner("cortical slices"),
    "shouval2002": Way("shouval2002", {}, receptors()),
    "bell2022": Way("bell2022", {}, receptors(7.38 / UPPER), {"unit": "uM", "volume": 0.09}, change=True),
    "odonnell2011": Way("odonnell2011", {}, receptors(5.5 / UPPER), change=True, noisy=False),
    "chindemi2022": Way(
        "chindemi2022", {"theta_d": 0.034, "theta_p": 0.044}, receptors(rest=0.07), bistable=True
    ),
    "camkii2007": Way("camkii2007", {}, receptors(rest=0.1), change=True, noisy=False),
    "camkii2007, UP": Way("camkii2007", {"up": True}, receptors(rest=0.1), change=True, noisy=False),
    "li2016": Way("li2016", {}, own("li2016")),
    "clopath2008": Way("clopath2008", {}, steps(1.0, 0.2758, 0.0488, 0.0188)),
    "calcitron2025": Way(
        "calcitron2025", {"theta_d": 0.5, "theta_p": 0.8}, steps(0.3, 0.3, 0.0227, 0.0046), noisy=False
    ),
}  # fmt: skip
"""All rules, the switch from both its states: published calcium where there is any, or choices of the README."""


def protocol(delay: float, n: int, rate: float, post: int = 1) -> tuple[np.ndarray, np.ndarray, float]:
    """Spikes of pairs [s], and when the outcome is read [s]."""
    pre, after = protocols.pairs(delay, n, rate, post)
    return pre, after, max(pre[-1], after[-1]) + AFTER


def strength(went_up: Any, went_down: Any, beta: float = 0.5, b: float = 5.0) -> Any:
    """Mean strength over that before, of a population of which a part beta was DOWN."""
    after = beta * (1.0 - went_up) + (1.0 - beta) * went_down
    after = after + b * (beta * went_up + (1.0 - beta) * (1.0 - went_down))
    return after / (beta + (1.0 - beta) * b)


def outcome(
    way: Way, pairs: tuple[np.ndarray, np.ndarray, float], trials: int = 1, noise: bool = False, seed: int = 1
) -> Outcome:
    """What a rule makes of pairs.

    Parameters
    ----------
    way : Way
    pairs : tuple
        Of `protocol`.
    trials : int
        Of each state at the start.
    noise : bool
        Whether the rule is noisy.
    seed : int

    Returns
    -------
    Outcome
    """
    p = plasticity.complete(way.rule, way.parameters)
    if "noise" in p:
        p["noise"] = noise
    calcium = way.calcium(*pairs)
    start = (0.0, 1.0) if way.bistable else (None,)
    run: list[dict[str, np.ndarray]] = []
    for k, rho in enumerate(start):
        given = p if rho is None else p | {"rho_0": rho}
        run.append(
            plasticity.apply(way.rule, calcium, parameters=given, trials=trials, seed=seed + 1000 * k, **way.options)
        )
    if way.bistable:
        up, down = run[0]["rho"][:, -1] > HALF, run[1]["rho"][:, -1] < HALF
        beta, b = p.get("beta", 0.5), p.get("strength", 5.0)
        part = (b - 1.0) / (beta + (1.0 - beta) * b)
        deviation = part * float(np.sqrt(beta * up.var() + (1.0 - beta) * down.var()))
        error = part * float(np.hypot(beta * up.std(), (1.0 - beta) * down.std())) / np.sqrt(trials)
        mean = float(strength(up.mean(), down.mean(), beta, b))
        return Outcome(mean, error, deviation, float(up.mean()), float(down.mean()))
    weight = run[0]["weight"]
    each = weight[:, -1] - weight[:, 0] if way.change else weight[:, -1] / weight[:, 0]
    return Outcome(float(each.mean()), float(each.std() / np.sqrt(trials)), float(each.std()), np.nan, np.nan)
