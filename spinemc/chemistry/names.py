"""Whether the names and places of a scenario exist in its geometry."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.geometry import Geometry
from spinemc.geometry.compartments import contains
from spinemc.scenario import Scenario


def check_names(scenario: Scenario, geometry: Geometry) -> None:
    """Refuse a scenario that speaks of a region, a compartment or a place that its geometry does not have.

    Raises
    ------
    ScenarioError
        One line a fault, all of them.
    """
    faults: list[str] = []

    def known(where: str, name: str | None, names: Sequence[str], kind: str) -> None:
        if name is not None and name not in names:
            close = difflib.get_close_matches(name, names, 1)
            hint = f" Did you mean {close[0]}?" if close else ""
            faults.append(f'{where} = "{name}" is not a {kind} here; there are {", ".join(names)}.{hint}')

    home = {s.name: s.on for s in scenario.species}
    for species in scenario.species:
        known(f"species {species.name}, on", species.on, geometry.regions, "region")
    for n, reaction in enumerate(scenario.reaction, 1):
        known(f"reaction {n}, in", reaction.inside, geometry.compartments, "compartment")
    for n, release in enumerate(scenario.release, 1):
        where = f"release {n}"
        known(f"{where}, in", release.inside, geometry.compartments, "compartment")
        known(f"{where}, on", release.on, geometry.regions, "region")
        lives = home[release.species]
        if lives not in (None, "membrane") and release.on not in (None, lives):
            faults.append(f'{where}, on = "{release.on}": {release.species} lives on {lives}; release it there.')
        if lives is not None and release.on is None:
            faults.append(f"{where}: {release.species} sits in the membrane; say on which region it is put with `on`.")
        elif release.at is not None and not contains(geometry, np.array([release.at]))[0]:
            point = ", ".join(f"{x:g}" for x in release.at)
            faults.append(f"{where}, at = ({point}) um lies outside the mesh; choose a point of the inside.")
    for n, boundary in enumerate(scenario.boundary, 1):
        known(f"boundary {n}, region", boundary.region, geometry.regions, "region")
    for n, spec in enumerate(scenario.plasticity, 1):
        known(f"plasticity {n}, compartment", spec.compartment, geometry.compartments, "compartment")
    if faults:
        file = scenario.path.name if scenario.path else "scenario"
        raise ScenarioError("\n".join(f"{file}: {fault}" for fault in faults))
