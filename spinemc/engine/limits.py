"""How likely the reactions of one molecule are within one time step, and where that is too likely."""

from __future__ import annotations

import math
import warnings

from spinemc.chemistry.releases import expected_number
from spinemc.engine.system import System
from spinemc.errors import EngineError, SpinemcWarning

MOST = 0.2  # a reaction probability in one step that is refused when passed
DOUBTFUL = 0.05  # and one that is warned of


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
                alone = rate * dt / system.grid.cell_size**2
                crowd = rate * dt * max(_density(system, s) for s in step.reactants)
            else:
                alone = rate * dt / system.cell_volume(step)
                crowd = rate * dt * max(_concentration(system, s) for s in step.reactants)
            probability = max(alone, crowd)
        elif len(step.reactants) == 1 and not network.surface[step.reactants[0]]:
            if step.reactants[0] in step.products:
                continue
            probability = -math.expm1(-rate * dt)
        else:
            continue
        found[step.label] = min(probability, 1.0)
    return found


def check_step(system: System) -> None:
    """Refuse a time step in which a reaction is too likely; warn of one in which it is rather likely.

    Raises
    ------
    EngineError
        Where a probability passes `MOST`, or a rate is beyond what diffusion allows in cells of this size.

    Warns
    -----
    SpinemcWarning
        Where one passes `DOUBTFUL`.
    """
    dt = system.scenario.run.dt
    file = system.scenario.path.name if system.scenario.path else "scenario"
    for step, factor in zip(system.network.steps, system.corrections(dt), strict=True):
        if not math.isfinite(factor):
            raise EngineError(
                f"{file}: {step.label}: at this rate diffusion limits the reaction more than a reaction cell of "
                f"{1e3 * system.grid.cell_size:.3g} nm can resolve; use a larger run.cell or a lower rate."
            )
    likely = probabilities(system, dt)
    if not likely:
        return
    label = max(likely, key=lambda name: likely[name])
    most = likely[label]
    text = f"{file}: run.dt is {1e6 * dt:.4g} us: {label} happens with probability {most:.2g} in one step"
    if most > MOST:
        raise EngineError(f"{text}; at most {MOST:g} is allowed: use {_shorter(dt, most, MOST)} us or less.")
    if most > DOUBTFUL:
        text = f"{text}; below {DOUBTFUL:g} is better: use {_shorter(dt, most, DOUBTFUL)} us."
        warnings.warn(text, SpinemcWarning, stacklevel=2)


def _shorter(dt: float, probability: float, wanted: float) -> str:
    """The step [us] that brings a probability down to the wanted one, rounded down to two digits."""
    step = 1e6 * dt * math.log1p(-wanted) / math.log1p(-min(probability, 1.0 - 1e-12))
    digits = 1 - math.floor(math.log10(step))
    return f"{math.floor(step * 10**digits) / 10**digits:g}"


def _concentration(system: System, species: int) -> float:
    """Molecules of a species in a unit of volume where it is densest as released [um^-3]."""
    if system.network.surface[species]:
        return _density(system, species) / (0.5 * system.grid.cell_size)
    geometry = system.geometry
    whole = geometry.volume
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
