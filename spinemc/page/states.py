"""What state a followed ion is in, by what holds it."""

from __future__ import annotations

import numpy as np

from spinemc.engine.system import System

FREE, BOUND, PUMP = STATES = "free", "bound", "in a pump"


def states(system: System) -> dict[str, str]:
    """The state of an ion in each population that carries it.

    Parameters
    ----------
    system : System
        Of a scenario that follows ions.

    Returns
    -------
    dict of str to str
        Population to `free`; `in a pump`, on a surface, where reactions with it or with what it changes into take ions
        away or join them in more than one space; `bound` otherwise.
    """
    net, carries, record = system.network, system.carries, system.scenario.ions
    assert record is not None
    free = net.home == net.species.index(record.species)
    held = [s for s in np.flatnonzero(carries > 0).tolist() if not free[s] and net.surface[s]]
    group = {s: {s} for s in held}
    for step in net.steps:
        linked = [s for s in (*step.reactants, *step.products) if s in group]
        for other in linked[1:]:
            both = group[linked[0]] | group[other]
            group.update(dict.fromkeys(both, both))
    pumps: set[int] = set()
    for s in held:
        touching = [step for step in net.steps if group[s] & {*step.reactants, *step.products}]
        spaces = {int(net.space[i]) for step in touching for i in (*step.reactants, *step.products) if free[i]}
        taken = any(
            sum(carries[i] for i in step.reactants) > sum(carries[i] for i in step.products) for step in touching
        )
        if taken or len(spaces) > 1:
            pumps.add(s)
    return {
        net.species[s]: FREE if free[s] else PUMP if s in pumps else BOUND for s in np.flatnonzero(carries > 0).tolist()
    }
