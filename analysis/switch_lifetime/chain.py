"""The switch as a chain in one number, its phosphorylated sites: an approximation for any number of holoenzymes."""

from __future__ import annotations

import numpy as np
from rings import Law, resting

from spinemc.plasticity import camkii2007


def chain(law: Law, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Rates at which a site is phosphorylated, and is not any more, by sites: two (6 number + 1,) float64 [1/s].

    The rings with S sites are taken to be spread over their states as they are at rest under the loss of sites that
    holds S: as if they mixed faster than S changes. They do not, so this is no exact theory.
    """
    at = camkii2007.Rates(*law.rate.mean(axis=1))
    losses = np.geomspace(1e5, 1e-7, 3000)
    mean = np.array([law.many @ camkii2007.rings_at(loss, at) for loss in losses])
    sites = np.arange(6 * number + 1)
    loss = np.exp(np.interp(sites[1:] / number, mean, np.log(losses)))
    up = np.append(6.0 * number * at.alone, loss * sites[1:])
    up[-1] = 0.0
    down = law.k_12 * resting(law)[1] / (law.k_m + sites / law.size) * sites
    return up, down


def first_passage(law: Law, number: int, level: int, up: bool) -> float:
    """Mean time of the chain from no site, or from all of them, to `level` [s]."""
    rise, fall = chain(law, number)
    if up:  # the same sum from the other end
        rise, fall, level = fall[::-1], rise[::-1], 6 * number - level
    total = inner = 0.0
    for s in range(level):
        inner = (1.0 + fall[s] * inner) / rise[s]
        total += inner
    return float(total)


def steady(law: Law) -> np.ndarray:
    """Phosphorylated sites of one ring at the steady states under the law's mean rates, ascending: (n,) float64."""
    at = camkii2007.Rates(*law.rate.mean(axis=1))
    enzyme, rings = law.k_12 * resting(law)[1], camkii2007.PARAMETERS["rings"]
    losses = np.geomspace(enzyme / (law.k_m + 6.0 * rings), enzyme / law.k_m, 4000)
    mean = np.array([law.many @ camkii2007.rings_at(loss, at) for loss in losses])
    excess = losses * (law.k_m + rings * mean) - enzyme
    return np.sort(mean[np.flatnonzero(np.diff(np.sign(excess)))])
