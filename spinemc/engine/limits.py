"""How likely the reactions of one molecule are within one time step, and where that is too likely."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

from spinemc.chemistry.network import Step
from spinemc.chemistry.releases import expected_number
from spinemc.engine.rates import correction, spectrum
from spinemc.engine.system import System
from spinemc.errors import EngineError, SpinemcWarning
from spinemc.geometry.necks import necks

MOST = 0.2  # a reaction probability in one step that is refused when passed
DOUBTFUL = 0.05  # and one that is warned of
LIMITED = 0.5  # share of a pair's encounters that are returns after a reaction, beyond which the rate is in doubt
MOUTH = 0.41  # steps by which the mouth of a neck makes it longer


def probabilities(system: System, dt: float) -> dict[str, float]:
    """The probability, for one molecule and one step, of each reaction that the step has to resolve.

    For a second-order step it is the larger of that with a single partner in a usual reaction cell, and that at the
    partners' mean density as released; for a first-order step of a volume species, that of the change. Changes of
    surface species and emissions are simulated in continuous time and put no bound on the step.

    Parameters
    ----------
    system : System
    dt : float
        [s]

    Returns
    -------
    dict
        Label of the one-way step to probability.
    """
    network = system.network
    factor = system.corrections(dt)
    found = {}
    for r, step in enumerate(network.steps):
        rate = max(step.rate.value) * factor[r]
        if len(step.reactants) == 2:
            if system.is_planar(step):
                alone = rate * dt / system.cell_size(step) ** 2
                crowd = rate * dt * max(_density(system, s) for s in step.reactants)
            else:
                alone = rate * dt / system.cell_volume(step)
                crowd = rate * dt * max(_concentration(system, s, system.cell_size(step)) for s in step.reactants)
            probability = max(alone, crowd)
        elif len(step.reactants) == 1 and not network.surface[step.reactants[0]]:
            if step.reactants[0] in step.products:
                continue
            probability = -math.expm1(-rate * dt)
        else:
            continue
        found[step.label] = min(probability, 1.0)
    return found


def diffusion_limits(system: System, dt: float) -> dict[str, float]:
    """How much diffusion limits each second-order step within a reaction cell.

    Of the encounters that a pair would have if it did not react, the share that are missing because it did, see
    `engine.rates.spectrum`. The rate is corrected for them; the correction takes the cell for a free cube.

    Returns
    -------
    dict
        Label of the one-way step to that share; 1 where the reaction is faster than diffusion brings pairs into a cell.
    """
    steps = zip(system.network.steps, system.corrections(dt), strict=True)
    return {step.label: 1.0 - 1.0 / factor for step, factor in steps if len(step.reactants) == 2}


def neck_error(system: System) -> float:
    """By how much of itself the hindrance of a neck is too large at a scenario's step, of the worst neck.

    Returns
    -------
    float
        For the fastest species of the cytosol; 0 where there is no neck.

    Notes
    -----
    Ways are straight within a step and do not bend around the rim of a mouth: each mouth makes a neck longer by
    `MOUTH` steps of sqrt(2 D dt), measured on a neck of 40 nm with steps of 0.5 to 1.05 of its radius (docs/engine.md).
    """
    net, dt = system.network, system.scenario.run.dt
    fastest = max((net.D[s] for s in net.volume_species if net.space[s] == 0), default=0.0)
    longer = 2.0 * MOUTH * math.sqrt(2.0 * fastest * dt)
    return max((longer / (neck.length + 0.25 * math.pi * neck.width) for neck in necks(system.geometry)), default=0.0)


def check_step(system: System) -> None:
    """Refuse a time step in which a reaction is too likely; warn of one in which it is rather likely.

    Raises
    ------
    EngineError
        Where a probability passes `MOST`, or a rate is beyond what diffusion allows in cells of this size.

    Warns
    -----
    SpinemcWarning
        Where one passes `DOUBTFUL`, or diffusion limits a reaction by more than `LIMITED`.
    """
    dt = system.scenario.run.dt
    file = system.scenario.path.name if system.scenario.path else "scenario"
    limits = diffusion_limits(system, dt)
    slowest = max(limits, key=lambda name: limits[name], default="")
    if limits.get(slowest, 0.0) > LIMITED:
        step = next(s for s in system.network.steps if s.label == slowest and len(s.reactants) == 2)
        size = 1e3 * system.cell_size(step)
        wider = _rounded(1e3 * _wider(system, step, dt), math.ceil)
        cell = f"a reaction cell of {size:.3g} nm"
        if limits[slowest] >= 1.0:
            raise EngineError(
                f"{file}: {slowest}: diffusion does not bring pairs into {cell} as fast as they are to react; "
                f'use run.cell = "{wider} nm" or more, or a lower rate.'
            )
        warnings.warn(
            f"{file}: {slowest}: in {cell}, diffusion limits {limits[slowest]:.0%} of the reaction; the rate is right "
            f'within 2 % up to {LIMITED:.0%}: use run.cell = "{wider} nm".',
            SpinemcWarning,
            stacklevel=2,
        )
    likely = probabilities(system, dt)
    if not likely:
        return
    label = max(likely, key=lambda name: likely[name])
    most = likely[label]
    text = f"{file}: run.dt is {1e6 * dt:.4g} us: {label} happens with probability {most:.2g} in one step"
    if most > MOST:
        raise EngineError(f"{text}; at most {MOST:g} is allowed: use {_shorter(system, MOST)} us or less.")
    if most > DOUBTFUL:
        text = f"{text}; below {DOUBTFUL:g} is better: use {_shorter(system, DOUBTFUL)} us."
        warnings.warn(text, SpinemcWarning, stacklevel=2)


def _wider(system: System, step: Step, dt: float) -> float:
    """The edge of a reaction cell [um] in which diffusion limits a second-order step no more than `LIMITED`."""
    first, second = (float(system.network.D[s]) for s in step.reactants)
    now = system.cell_size(step)

    def is_enough(cell: float) -> bool:
        volume = system.cell_volume(step) * (cell / now) ** 3
        return correction(max(step.rate.value), volume, spectrum(cell, dt, first, second), dt) <= 1.0 / (1.0 - LIMITED)

    return _bisect(is_enough, now, 1e3 * now)


def _shorter(system: System, wanted: float) -> str:
    """The longest step [us] in which no reaction is likelier than wanted, rounded down to two digits."""
    dt = system.scenario.run.dt
    inverse = _bisect(lambda n: max(probabilities(system, dt / n).values()) <= wanted, 1.0, 1e12)
    return _rounded(1e6 * dt / inverse, math.floor)


def _bisect(is_enough: Callable[[float], bool], low: float, high: float) -> float:
    """The least number above `low` that is enough, to 0.1 %."""
    while high > 1.001 * low:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _rounded(value: float, towards: Callable[[float], int]) -> str:
    """A number to two digits, rounded one way."""
    digits = 1 - math.floor(math.log10(value))
    return f"{towards(value * 10.0**digits) / 10.0**digits:g}"


def _concentration(system: System, species: int, cell: float) -> float:
    """Molecules of a species in a unit of volume where it is densest as released [um^-3], in cells of an edge [um]."""
    if system.network.surface[species]:
        return _density(system, species) / (0.5 * cell)
    geometry = system.geometry
    space = geometry.spaces[system.network.space[species]]
    whole = geometry.compartment_volume[geometry.compartments.index(space)]
    densest = 0.0
    for release in system.scenario.release:
        if release.species == system.network.species[species]:
            inside = release.inside is not None
            volume = geometry.compartment_volume[geometry.compartments.index(release.inside)] if inside else whole
            densest = max(densest, expected_number(geometry, release) / float(volume))
    return densest


def _density(system: System, species: int) -> float:
    """Molecules of a surface species in a unit of area where it is densest as released [um^-2]."""
    geometry = system.geometry
    return sum(
        expected_number(geometry, release) / float(geometry.region_area[geometry.regions.index(release.on)])
        for release in system.scenario.release
        if release.species == system.network.species[species] and release.on is not None
    )
