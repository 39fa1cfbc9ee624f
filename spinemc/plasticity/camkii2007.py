"""The switch of CaMKII and PP1 by Graupner & Brunel 2007, on calcium in uM."""

from __future__ import annotations

import math
from functools import cache
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.plasticity.kernels.rings import follow
from spinemc.plasticity.signal import Signal

SITES = 6
PARAMETERS: dict[str, Any] = {
    "rings": 33.3,
    "k_6": 6.0,
    "k_7": 6.0,
    "k_12": 6000.0,
    "k_m": 0.4,
    "k_11": 500.0,
    "k_11_back": 0.1,
    "pp1_total": 0.2,
    "i1": 1.0,
    "cam_total": 0.1,
    "k_5": 0.1,
    "l_1": 0.1,
    "l_2": 0.025,
    "l_3": 0.32,
    "l_4": 0.40,
    "pka_0": 0.00359,
    "pka_1": 100.0,
    "pka_half": 0.11,
    "pka_power": 8.0,
    "can_0": 0.1,
    "can_1": 18.0,
    "can_half": 0.053,
    "can_power": 3.0,
    "rest": 0.1,
    "up": False,
    "tolerance": 1e-3,
}
"""Defaults, from Graupner & Brunel 2007 (PLoS Comput Biol 3:e221) and its code; all may be overridden.

rings : holoenzymes, rings of six subunits [uM]
k_6, k_7 : autophosphorylation of a subunit with CaM, beside one with CaM, and beside a phosphorylated one [1/s]
k_12, k_m : dephosphorylation of sites by PP1: of one PP1 [1/s], and where it is half saturated [uM]
k_11, k_11_back : PP1 bound by phosphorylated inhibitor 1 [1/(uM s)], and let go [1/s]
pp1_total, i1 : PP1, and free inhibitor 1 [uM]
cam_total, k_5 : calmodulin, and CaM that half of the subunits bind [uM]
l_1 .. l_4 : dissociation of calcium from CaM [uM]
pka_0, pka_1, pka_half, pka_power : phosphorylation of inhibitor 1 by CaM, base and top [1/s], half [uM], power
can_0, can_1, can_half, can_power : its dephosphorylation by calcineurin
rest, up : calcium [uM] at whose steady state a trace begins, and whether on the UP branch: a choice
tolerance : error of a step in any fraction that is allowed [1]: a choice, with which fractions were off by less than
    1e-3 where calcium of 0 to 0.9 uM jumps about every 0.1 to 10 ms
"""

_CONSTANTS = ("rings", "k_12", "k_m", "k_11", "k_11_back", "pp1_total", "i1")

UNIT = "uM"
"""What the rule reads calcium in."""


class Ring(NamedTuple):
    """Rings of six sites that differ by more than a turn, and what changes one into another.

    `pattern` are their sites, `phosphorylated` how many are; `change[k]` is the (14, 14) matrix of a class of changes
    at rate 1, from column to row: k = 0 dephosphorylation, 1 and 2 phosphorylation beside a site that is
    phosphorylated, and beside one that is not.
    """

    pattern: tuple[tuple[int, ...], ...]
    phosphorylated: np.ndarray
    change: np.ndarray


@cache
def ring() -> Ring:
    """The 14 states of a ring of six sites."""
    of: dict[tuple[int, ...], tuple[int, ...]] = {
        sites: max(sites[i:] + sites[:i] for i in range(SITES)) for sites in product((0, 1), repeat=SITES)
    }
    pattern = tuple(sorted(set(of.values()), key=lambda sites: (sum(sites), sites)))
    change = np.zeros((3, len(pattern), len(pattern)))
    for n, sites in enumerate(pattern):
        for i in range(SITES):
            kind = 0 if sites[i] else 1 if sites[(i + 1) % SITES] else 2
            to = pattern.index(of[(*sites[:i], 1 - sites[i], *sites[i + 1 :])])
            change[kind, to, n] += 1.0
            change[kind, n, n] -= 1.0
    return Ring(pattern, np.array([float(sum(sites)) for sites in pattern]), change)


@cache
def ways() -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """`ways` and `below` of `spinemc.plasticity.kernels.rings.follow`."""
    change, many = ring().change, ring().phosphorylated
    pair = np.argwhere(change[0] > 0.0).astype(np.int64)
    times = np.array([[change[0, i, j], change[1, j, i], change[2, j, i]] for i, j in pair])
    shared = np.zeros((len(many), len(many)), bool)
    shared[pair[:, 0], pair[:, 1]] = True
    for row in shared:
        later = np.flatnonzero(row)
        for i, j in combinations(later, 2):
            shared[i, j] = True
    count = shared.sum(axis=1, dtype=np.int64)
    below = np.zeros(shared.shape, np.int64)
    for k, row in enumerate(shared):
        below[k, : count[k]] = np.flatnonzero(row)
    return (pair, times, many), (below, count)


STATES = tuple("b" + "".join(map(str, sites)) for sites in ring().pattern)
"""Names of the states, as variables."""

VARIABLES = {
    "weight": {"long_name": "phosphorylated part of the sites of CaMKII", "units": "1"},
    "pp1": {"long_name": "free PP1", "units": "umol L-1"},
    "i1p": {"long_name": "free phosphorylated inhibitor 1", "units": "umol L-1"},
} | {name: {"long_name": f"part of the rings in state {name[1:]}", "units": "1"} for name in STATES}
"""Names and attributes of what `states` returns."""


class Rates(NamedTuple):
    """Rates at given calcium: of phosphorylation beside a site that is and is not phosphorylated, of inhibitor 1 by PKA
    and calcineurin [1/s]."""

    beside: np.ndarray
    alone: np.ndarray
    pka: np.ndarray
    can: np.ndarray


def rates(calcium: Any, p: dict[str, Any]) -> Rates:
    """What calcium sets.

    Parameters
    ----------
    calcium : array_like
        [uM].
    p : dict
        Every entry of `PARAMETERS`.

    Returns
    -------
    Rates
        Each of the shape of `calcium` [1/s].
    """
    ca = np.maximum(np.asarray(calcium, np.float64), 1e-9)
    l1, l2, l3, l4 = (p[f"l_{i}"] for i in range(1, 5))
    cam = p["cam_total"] / (1.0 + l4 / ca * (1.0 + l3 / ca * (1.0 + l2 / ca * (1.0 + l1 / ca))))
    bound = cam / (p["k_5"] + cam)
    pka, can = (
        p[f"{name}_0"] + p[f"{name}_1"] / (1.0 + (p[f"{name}_half"] / cam) ** p[f"{name}_power"])
        for name in ("pka", "can")
    )
    return Rates(p["k_7"] * bound, p["k_6"] * bound * bound, pka, can)


def pp1(calcium: float, p: dict[str, Any]) -> float:
    """Free PP1 at constant calcium [uM], both [uM]."""
    at = rates(calcium, p)
    return float(p["pp1_total"] * p["k_11_back"] / (p["k_11"] * p["i1"] * at.pka / at.can + p["k_11_back"]))


def rings_at(loss: float, at: Rates) -> np.ndarray:
    """Steady fractions of the 14 states where each site is dephosphorylated at a rate `loss` [1/s]: (14,) float64."""
    change = ring().change
    flow = loss * change[0] + float(at.beside) * change[1] + float(at.alone) * change[2]
    flow[-1] = 1.0
    return np.asarray(np.linalg.solve(flow, np.eye(len(flow))[-1]))


def branches(calcium: float, parameters: dict[str, Any] | None = None) -> np.ndarray:
    """Steady states at constant calcium.

    Parameters
    ----------
    calcium : float
        [uM].
    parameters : dict, optional
        Values over `PARAMETERS`.

    Returns
    -------
    (n,) float64
        Phosphorylated sites [uM], ascending: stable and unstable ones by turns, the first and last stable.

    Raises
    ------
    ScenarioError
        Calcium is not above 0, or a name is not a parameter.
    """
    from spinemc.plasticity import complete

    p = complete("camkii2007", parameters or {})
    if not 0.0 < calcium < math.inf:
        raise ScenarioError(f"camkii2007: calcium = {calcium:g}: it must be above 0 [uM].")
    return np.array([p["rings"] * float(ring().phosphorylated @ rings_at(loss, rates(calcium, p)))
                     for loss in _losses(calcium, p)][::-1])  # fmt: skip


def _losses(calcium: float, p: dict[str, Any]) -> list[float]:
    """Rates of dephosphorylation at which the sites' number and PP1 agree, ascending [1/s]."""
    from scipy.optimize import brentq

    at, enzyme = rates(calcium, p), p["k_12"] * pp1(calcium, p)
    many = ring().phosphorylated

    def excess(log_loss: float) -> float:
        loss = math.exp(log_loss)
        return math.log(loss * (p["k_m"] + p["rings"] * float(many @ rings_at(loss, at))) / enzyme)

    low = math.log(enzyme / (p["k_m"] + SITES * p["rings"])) - 1e-9
    grid = np.linspace(low, math.log(enzyme / p["k_m"]) + 1e-9, 400)
    sign = [excess(x) for x in grid]
    found = [
        brentq(excess, a, b, xtol=1e-13)
        for a, b, x, y in zip(grid, grid[1:], sign, sign[1:], strict=False)
        if x * y < 0.0
    ]
    return [math.exp(x) for x in found]


def folds(low: float = 0.05, high: float = 1.0, parameters: dict[str, Any] | None = None) -> np.ndarray:
    """Calcium at which two steady states meet.

    Parameters
    ----------
    low, high : float
        Range that is searched [uM].
    parameters : dict, optional
        Values over `PARAMETERS`.

    Returns
    -------
    (n, 2) float64
        Calcium, ascending, and phosphorylated sites where they meet [uM].

    Raises
    ------
    ScenarioError
        As `branches`.
    """
    grid = np.geomspace(low, high, 300)
    number = [len(branches(float(ca), parameters)) for ca in grid]
    found = []
    for a, b, m, n in zip(grid, grid[1:], number, number[1:], strict=False):
        if m == n:
            continue
        while b - a > 1e-7:
            middle = 0.5 * (a + b)
            a, b = (middle, b) if len(branches(float(middle), parameters)) == m else (a, middle)
        here = branches(float(a if m > n else b), parameters)
        gap = int(np.argmin(np.diff(here)))
        found.append((0.5 * (a + b), 0.5 * (here[gap] + here[gap + 1])))
    return np.array(found).reshape(-1, 2)


def states(signal: Signal, p: dict[str, Any], start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    r"""The rate equations on a trace of calcium.

    Parameters
    ----------
    signal : Signal
        Calcium [uM].
    p : dict
        Every entry of `PARAMETERS`.
    start : dict
        Any of `pp1`, `i1p` [uM] and the states at the first time, (trial, synapse) float64; a steady state by default.

    Returns
    -------
    dict
        `weight`, the phosphorylated part of the sites, `pp1` and `i1p` [uM], and the parts of the rings in each state,
        (trial, synapse, t) float64.

    Raises
    ------
    ScenarioError
        There is no UP branch at `rest` to begin at, or the rates of learning are gated: the switch has none.

    Notes
    -----
    With A = PP1, I = phosphorylated inhibitor 1, :math:`S` the phosphorylated sites and :math:`b` the rings' states:

    .. math::
        \dot b &= [D M_0 + k_7 \gamma M_1 + k_6 \gamma^2 M_2] b, \qquad D = k_{12} A / (K_M + S) \\
        \dot A &= -k_{11} I A + k_{-11} (A_0 - A), \qquad
        \dot I = -k_{11} I A + k_{-11} (A_0 - A) + v_{PKA} I_1 - v_{CaN} I

    by Rosenbrock's method of order 2 with steps that are as long as the tolerance lets them be.
    """
    if (signal.gate != 1.0).any():
        raise ScenarioError("camkii2007: the switch has no rate of learning that a gate could scale.")
    losses = _losses(p["rest"], p)
    if p["up"] and len(losses) < 3:
        raise ScenarioError(f"camkii2007: there is one steady state at a rest of {p['rest']:g} uM: take up = true out.")
    at = rates(p["rest"], p)
    trials, synapses, times = signal.shape
    begin = np.empty((trials, synapses, len(STATES) + 2))
    begin[..., :-2] = rings_at(losses[0] if p["up"] else losses[-1], at)
    begin[..., -2], begin[..., -1] = pp1(p["rest"], p), p["i1"] * at.pka / at.can
    names = (*STATES, "pp1", "i1p")
    for n, name in enumerate(names):
        if name in start:
            begin[..., n] = start[name]
    made = np.empty((*signal.shape, len(names)))
    # rates are taken at the ends of each interval, straight between
    ends = [np.stack(rates(level, p), axis=-1) for level in (signal.after[..., :-1], signal.before[..., 1:])]
    failed = follow(
        np.diff(signal.time), *(end.reshape(trials * synapses, times - 1, 4) for end in ends), *ways(),
        tuple(float(p[name]) for name in _CONSTANTS), p["tolerance"], begin.reshape(trials * synapses, -1),
        made.reshape(trials * synapses, times, -1),
    )  # fmt: skip
    if failed >= 0:
        raise ScenarioError(
            f"camkii2007: no step is short enough at {signal.time[failed]:g} s: look at the calcium there."
        )
    weight = made[..., : len(STATES)] @ ring().phosphorylated / SITES
    by_name = dict(zip(names, np.moveaxis(made, -1, 0), strict=True))
    return {"weight": weight} | {name: by_name[name] for name in VARIABLES if name in by_name}
