"""The reactions of a scenario as the tables that the kernels read: who looks for whom, who goes, who appears where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spinemc.chemistry.ions import given, new_products
from spinemc.chemistry.network import Network, Step
from spinemc.engine.kernels.tables import AT_FIRST, AT_SECOND, BELOW, BELOW_SECOND, SPREAD, Chemistry

if TYPE_CHECKING:
    from spinemc.engine.system import System


def tabulate(system: System, dt: float) -> Chemistry:
    """The reactions as tables, with the microscopic rates that a time step [s] asks for."""
    network = system.network
    number = len(network.species)
    steps = network.steps
    pairs = [(r, *_active(network, step)) for r, step in enumerate(steps) if len(step.reactants) == 2]
    pairs.sort(key=lambda pair: pair[1])
    sought = [(other, system.seen_from(other, seeker)) for _, seeker, other in pairs]
    columns = sorted(set(sought))
    column = np.full((2, number), -1, np.int64)
    for c, (s, side) in enumerate(columns):
        column[side, s] = c
    single = [r for r, step in enumerate(steps) if len(step.reactants) < 2]
    factor = system.corrections(dt)
    volume = system.geometry.compartment_volume
    scale = [volume[step.where] if not step.reactants else factor[r] for r, step in enumerate(steps)]
    consumed = np.zeros((len(steps), 2), bool)
    products: list[list[tuple[int, int, int]]] = []
    for r, step in enumerate(steps):
        gone, made = _change(network, step)
        consumed[r, : len(gone)] = gone
        sites = [s for s in step.reactants if network.surface[s]]
        products.append([(s, place, system.seen_from(sites[0], s) if sites else 0) for s, place in made])
    sizes = [len(step.rate.time) for step in steps]
    carries = system.carries
    ions = [(sum(carries[s] for s, _, _ in m), _part(t, carries)) for t, m in zip(steps, products, strict=True)]
    return Chemistry(
        uni=np.array(single, np.int64),
        uni_species=np.array([steps[r].reactants[0] if steps[r].reactants else -1 for r in single], np.int64),
        uni_where=np.array([steps[r].where for r in single], np.int64),
        active_start=np.searchsorted([p[1] for p in pairs], np.arange(number + 1)).astype(np.int64),
        active=np.array([p[0] for p in pairs], np.int64),
        partner=np.array([p[2] for p in pairs], np.int64),
        partner_side=np.array([side for _, side in sought], np.int64),
        partner_column=np.array([columns.index(pair) for pair in sought], np.int64),
        column=column,
        columns=np.array([len(columns)], np.int64),
        rate_start=np.cumsum([0, *sizes]).astype(np.int64),
        rate_time=np.array([t for step in steps for t in step.rate.time], np.float64),
        rate_value=np.array([v * c for step, c in zip(steps, scale, strict=True) for v in step.rate.value], np.float64),
        consumed=consumed,
        product_start=np.cumsum([0] + [len(m) for m in products]).astype(np.int64),
        product=np.array([s for made in products for s, _, _ in made], np.int64),
        product_place=np.array([p for made in products for _, p, _ in made], np.int64),
        product_side=np.array([side for made in products for _, _, side in made], np.int64),
        surface=network.surface,
        on=np.array([-1 if r < 0 else system.geometry.region_surface[r] for r in network.region], np.int64),
        side=np.array([system.seen_from(s, s) for s in range(number)], np.int64),
        D=network.D,
        carries=carries,
        ions=np.array(ions, np.int64).reshape(-1, 2),
        product_ion=np.array(
            [k for step, made in zip(steps, products, strict=True) for k in _first_ions(step, made, carries)], np.int64
        ),
    )


def _part(step: Step, carries: np.ndarray) -> bool:
    """Whether the ions that a step's reactants bring may end in different places."""
    brought = given(step, carries)
    taken = [int(carries[s]) for s in new_products(step) if carries[s]]
    return brought > 1 and (not taken or taken[0] < brought)


def _first_ions(step: Step, made: list[tuple[int, int, int]], carries: np.ndarray) -> list[int]:
    """The first of the ions that each product in the tables takes: they are handed out in the equation's order."""
    order = new_products(step)
    ends = np.cumsum([0] + [int(carries[s]) for s in order])
    first: dict[int, list[int]] = {}
    for s, begin in zip(order, ends, strict=False):
        first.setdefault(s, []).append(int(begin))
    return [first[s].pop(0) for s, _, _ in made]


def _active(network: Network, step: Step) -> tuple[int, int]:
    """The reactant that looks for a partner, and the partner: the one in the volume, and of two such the faster."""
    first, second = step.reactants
    key = [(not network.surface[s], network.D[s]) for s in (first, second)]
    return (second, first) if key[1] > key[0] else (first, second)


def _change(network: Network, step: Step) -> tuple[list[bool], list[tuple[int, int]]]:
    """Which reactants disappear, in the order active, partner, and which species appear where.

    A freed partner of a reversible binding goes anywhere in the cell while the slower one keeps the complex's place,
    and a complex forms where the slower partner was: forward and backward paths are each other's mirror images.
    """
    reactants = _active(network, step) if len(step.reactants) == 2 else step.reactants
    left = list(step.products)
    gone = []
    for s in reactants:
        gone.append(s not in left)
        if s in left:
            left.remove(s)
    made: list[tuple[int, int]] = []
    volume = sorted((s for s in left if not network.surface[s]), key=lambda s: -network.D[s])
    membrane = [s for s in left if network.surface[s]]
    if len(reactants) == 2:
        on_membrane = AT_SECOND if network.surface[reactants[1]] else AT_FIRST
        made += [(s, on_membrane) for s in membrane]
        if network.surface[reactants[0]]:
            made += [(s, BELOW) for s in volume]
        elif network.surface[reactants[1]]:
            here = network.space[reactants[0]]
            made += [(s, AT_FIRST if network.space[s] == here else BELOW_SECOND) for s in volume]
        else:
            last = AT_SECOND if gone[1] else AT_FIRST
            made += [(s, AT_FIRST) for s in volume[:-1]] + [(s, last) for s in volume[-1:]]
    else:
        unbinds = step.reverse >= 0 and len(step.products) == 2 and bool(gone) and gone[0]
        made += [(s, AT_FIRST) for s in membrane]
        if unbinds and not membrane and len(volume) == 2:
            made += [(volume[0], SPREAD), (volume[1], AT_FIRST)]
        else:
            from_membrane = bool(reactants) and bool(network.surface[reactants[0]])
            place = SPREAD if unbinds else BELOW if from_membrane else AT_FIRST
            made += [(s, place) for s in volume]
    return gone, made
