"""The same scenario without particles, resolved in space: reaction and diffusion on tetrahedra within its mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spinemc.chemistry.network import Network
from spinemc.chemistry.releases import expected_number
from spinemc.errors import ScenarioError
from spinemc.geometry import Geometry
from spinemc.scenario import Release, Scenario
from spinemc.twins.discretise import Discretised, around, discretised, lives, place_of
from spinemc.twins.ode import Series
from spinemc.twins.rosenbrock import advance, first_step

_CLOSE = 1e-9  # of the time between samples: what round-off keeps a release from a sample time


def check(scenario: Scenario, geometry: Geometry, network: Network) -> None:
    """Refuse a scenario that the equations of reaction and diffusion cannot take.

    Raises
    ------
    ScenarioError
        A sheet, with the same space on both sides, lies in a space that has molecules; or a surface species is made
        where it does not live. One line a fault.
    """
    file = scenario.path.name if scenario.path else "scenario"
    faults = []
    below, above = geometry.face_space.T
    sheets = geometry.face_surface[(below == above) & np.isin(below, network.space)]
    for surface in np.unique(sheets):
        faults.append(
            f"{file}: surface {geometry.surfaces[surface]} is a sheet, and the equations of reaction and diffusion "
            "(pde) know closed surfaces only: run it with particles, or leave it out."
        )
    for step in network.steps:
        here = place_of(geometry, network, step)
        for s in step.products:
            if here is not None and network.surface[s] and (here & ~lives(geometry, network, s)).any():
                faults.append(
                    f"{file}: {step.label} happens where {network.species[s]}, which lives on "
                    f"{geometry.regions[network.region[s]]}, is not, and the equations of reaction and diffusion (pde) "
                    "keep molecules where they are made: let it live on all of the region of the others."
                )
    if faults:
        raise ScenarioError("\n".join(dict.fromkeys(faults)))


@dataclass(frozen=True, eq=False)
class Filled:
    """A scenario's equations, ready to be integrated.

    Attributes
    ----------
    model : Discretised
    time : (t,) float64
        Sample times [s].
    jumps : dict of float to array
        What the releases add to the state, by time [s].
    """

    model: Discretised
    time: np.ndarray
    jumps: dict[float, np.ndarray]


def filled(scenario: Scenario, geometry: Geometry, network: Network) -> Filled:
    """Fill the geometry of a scenario with tetrahedra, and write its equations down.

    Parameters
    ----------
    scenario : Scenario
        `run.edge` is the longest edge of a tetrahedron; where None they are as large as the triangles around them.
    geometry : Geometry
    network : Network
        Of this scenario and geometry.

    Raises
    ------
    EngineError
        gmsh or scikit-fem is missing.
    GeometryError
        A space cannot be filled with tetrahedra.
    ScenarioError
        As `check`; or a release is in a compartment too small for the tetrahedra.
    """
    check(scenario, geometry, network)
    model = discretised(scenario, geometry, network, scenario.run.edge)
    time = scenario.run.sample_times
    return Filled(model, time, _jumps(scenario, geometry, network, model, time))


def solve(
    scenario: Scenario,
    geometry: Geometry,
    network: Network,
    report: Callable[[float, np.ndarray], object] = lambda time, density: None,
) -> Series:
    """Integrate the equations of reaction and diffusion of a scenario: `filled`, then `integrate`."""
    return integrate(filled(scenario, geometry, network), report)


def integrate(
    made: Filled,
    report: Callable[[float, np.ndarray], object] = lambda time, density: None,
    watch: Callable[[float], None] = lambda time: None,
) -> Series:
    """Integrate equations of reaction and diffusion.

    Parameters
    ----------
    made : Filled
    report : callable
        Called at each sample time with the time [s] and the densities (n, species) at the points of
        `spinemc.twins.tetrahedra.fill`, of volume species [um^-3] and of surface species [um^-2].
    watch : callable
        Called after each step with the time reached [s]; what it raises ends the integration.

    Returns
    -------
    Series
        Boundaries in the order of the scenario, each with its species, one that is permeable with those on both sides.

    Raises
    ------
    EngineError
        The integrator gives up; the time reached is named.

    Notes
    -----
    Linear elements with lumped masses: second order in the length of edges. What surface species do goes by the
    areas around corners. A step in time is no longer than the time to the next sample, release or row of a table of
    rates. Of two boundaries that speak of the same side of a face the later one holds, as for particles.
    """
    model, time, jumps = made.model, made.time, made.jumps
    fields = model.fields
    knots = [t for step in model.network.steps for t in step.rate.time if 0.0 < t < time[-1]]
    stops = np.unique([*time, *jumps, *knots])
    y, h = fields.initial(), np.inf
    sampled = []
    for here, after in zip(stops, [*stops[1:], None], strict=True):
        if here in jumps:
            y = y + jumps[here]
        if here in time:
            sampled.append(model.observed(y))
            report(float(here), fields.density(y))
        if after is not None:
            if here in jumps or here == 0.0:
                h = min(h, first_step(fields, here, y))
            y, h = advance(fields, y, here, after, h, watch)
    count, surface, events, absorbed = (np.array(one) for one in zip(*sampled, strict=True))
    return Series(time, count, surface, np.diff(events, axis=0, prepend=0.0), np.diff(absorbed, axis=0, prepend=0.0))


def _jumps(
    scenario: Scenario, geometry: Geometry, network: Network, model: Discretised, time: np.ndarray
) -> dict[float, np.ndarray]:
    """What the releases add to the state, by time; a release that round-off keeps from a sample time is at it."""
    jumps: dict[float, np.ndarray] = {}
    for release in scenario.release:
        species = network.species.index(release.species)
        amount = _spread(release, geometry, network, model) * expected_number(geometry, release)
        added = np.zeros_like(model.fields.initial())
        weight = model.fields.weight[:, species]
        np.divide(amount, weight, out=model.fields.split(added)[0][:, species], where=weight > 0.0)
        for t in release.time:
            nearest = time[np.abs(time - t).argmin()]
            at = float(nearest if abs(nearest - t) < _CLOSE * scenario.run.sample_every else t)
            if 0.0 <= at <= time[-1]:
                jumps[at] = jumps.get(at, 0.0) + added
    return jumps


def _spread(release: Release, geometry: Geometry, network: Network, model: Discretised) -> np.ndarray:
    """(n,) Share of a release that each point gets."""
    if release.at is not None:
        species = network.species.index(release.species)
        return model.filling.weights_at(np.array(release.at), int(network.space[species]))
    if release.on is not None:
        row = around(geometry, len(model.filling.point), geometry.faces_of(geometry.regions.index(release.on)))
    else:
        where = geometry.compartments.index(release.inside or geometry.compartments[0])
        row = model.share[[where]].toarray()[0]
        if not row.any():
            raise ScenarioError(
                f"release of {release.species}: compartment {release.inside} is too small for the tetrahedra, which "
                "are as large as the triangles around them: build the geometry with a shorter edge."
            )
    return row / row.sum()
