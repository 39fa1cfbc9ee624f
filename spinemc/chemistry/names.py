"""Whether the names and places of a scenario exist in its geometry."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.geometry import Geometry
from spinemc.geometry.compartments import contains
from spinemc.scenario import Boundary, PositionRecord, Reaction, Release, Scenario
from spinemc.scenario.places import homes, parts, space_of


def check_names(scenario: Scenario, geometry: Geometry) -> None:
    """Refuse a scenario that speaks of a region, a compartment or a place that its geometry does not have.

    Raises
    ------
    ScenarioError
        One line a fault, all of them.
    """
    there = _There(geometry, homes(scenario.species), {s.name: s.on for s in scenario.species if s.on is not None})
    faults: list[str] = []
    for species in scenario.species:
        faults += there.unknown(f"species {species.name}, on", species.on, geometry.regions, "region")
    if not faults:
        for n, reaction in enumerate(scenario.reaction, 1):
            faults += there.reaction(f"reaction {n}", reaction)
    for n, release in enumerate(scenario.release, 1):
        faults += there.release(f"release {n}", release)
    for n, boundary in enumerate(scenario.boundary, 1):
        faults += there.boundary(f"boundary {n}", boundary)
    faults += _twice(scenario.boundary)
    for n, record in enumerate(scenario.positions, 1):
        faults += there.record(f"record.positions {n}", record)
    for n, spec in enumerate(scenario.plasticity, 1):
        faults += there.unknown(f"plasticity {n}, compartment", spec.compartment, geometry.compartments, "compartment")
    if faults:
        file = scenario.path.name if scenario.path else "scenario"
        raise ScenarioError("\n".join(f"{file}: {fault}" for fault in dict.fromkeys(faults)))


def each_place(scenario: Scenario, geometry: Geometry) -> Scenario:
    """A scenario in which what is said of a pattern of places, such as `*.psd`, is said of each that matches it.

    That goes for releases, boundaries and rules of plasticity. A record of positions keeps its pattern: it is of what
    is in any of the places.

    Raises
    ------
    ScenarioError
        A pattern matches nothing: one line each.
    """
    faults: list[str] = []

    def matching(where: str, pattern: str | None, names: Sequence[str]) -> list[str | None]:
        if pattern is None or "*" not in pattern:
            return [pattern]
        found: list[str | None] = [name for name in names if fnmatchcase(name, pattern)]
        if not found:
            faults.append(f'{where} = "{pattern}" matches nothing here; there are {", ".join(names)}.')
        return found

    regions, compartments = geometry.regions, geometry.compartments
    release = [
        replace(entry, on=on, inside=inside)
        for n, entry in enumerate(scenario.release, 1)
        for on in matching(f"release {n}, on", entry.on, regions)
        for inside in matching(f"release {n}, in", entry.inside, compartments)
    ]
    boundary = [
        replace(entry, region=region or "")
        for n, entry in enumerate(scenario.boundary, 1)
        for region in matching(f"boundary {n}, region", entry.region, regions)
    ]
    plasticity = [
        replace(entry, compartment=compartment or "")
        for n, entry in enumerate(scenario.plasticity, 1)
        for compartment in matching(f"plasticity {n}, compartment", entry.compartment, compartments)
    ]
    for n, record in enumerate(scenario.positions, 1):
        matching(f"record.positions {n}, in", record.inside, compartments)
        matching(f"record.positions {n}, on", record.on, regions)
    if faults:
        file = scenario.path.name if scenario.path else "scenario"
        raise ScenarioError("\n".join(f"{file}: {fault}" for fault in faults))
    return replace(scenario, release=tuple(release), boundary=tuple(boundary), plasticity=tuple(plasticity))


def _twice(boundaries: Sequence[Boundary]) -> Iterator[str]:
    """Species that a permeable boundary lets through, of which another entry speaks on the other side."""
    both = {(b.region, parts(m)[0]) for b in boundaries if b.kind == "permeable" for m in b.species}
    said = [(n, b.region, m) for n, b in enumerate(boundaries, 1) for m in b.species if (b.region, parts(m)[0]) in both]
    first: dict[tuple[str, str], tuple[int, str]] = {}
    for n, region, m in said:
        one, other = first.setdefault((region, parts(m)[0]), (n, m))
        if (one, other) != (n, m):
            yield (
                f'boundary {n}, region = "{region}": {m} passes there both ways with {other} of boundary {one}: '
                "what is permeable is named once, from one side."
            )


@dataclass(frozen=True)
class _There:
    """What is where: the geometry, the home of each species, the region each surface species lives on."""

    geometry: Geometry
    home: dict[str, str | None]
    lives: dict[str, str]

    def unknown(self, where: str, name: str | None, names: Sequence[str], kind: str) -> Iterator[str]:
        """The fault of a name that is not there."""
        if name is not None and name not in names:
            close = difflib.get_close_matches(name, names, 1)
            hint = f" Did you mean {close[0]}?" if close else ""
            yield f'{where} = "{name}" is not a {kind} here; there are {", ".join(names)}.{hint}'

    def surface(self, region: str) -> str:
        """The surface that a region is of."""
        return self.geometry.surfaces[self.geometry.region_surface[self.geometry.regions.index(region)]]

    def sides(self, region: str) -> list[str]:
        """The spaces that a region borders."""
        faces = self.geometry.faces_of(self.geometry.regions.index(region))
        return [self.geometry.spaces[s] for s in np.unique(self.geometry.face_space[faces]) if s >= 0]

    def apart(self, molecule: str, region: str) -> Iterator[str]:
        """What is wrong where a molecule of the volume cannot come to a region."""
        space, sides = space_of(molecule, self.home), self.sides(region)
        if space not in sides:
            yield f"{molecule} is in {space}, and {region} borders {' and '.join(sides) or 'no space'} only."

    def within(self, molecule: str, compartment: str) -> Iterator[str]:
        """What is wrong where a molecule of the volume is not in the space of a compartment."""
        space = space_of(molecule, self.home)
        found = self.geometry.spaces[self.geometry.compartment_space[self.geometry.compartments.index(compartment)]]
        if space != found:
            yield f"{molecule} is in {space}, and {compartment} in {found}."

    def reaction(self, where: str, reaction: Reaction) -> Iterator[str]:
        """The faults of a reaction."""
        said = f'{where}, equation = "{reaction.equation}"'
        molecules = dict.fromkeys(reaction.reactants + reaction.products)
        volume = [m for m in molecules if self.home[parts(m)[0]] is not None]
        on = [(m, self.lives[m]) for m in molecules if m not in volume]
        for m, region in on:
            yield from (f"{said}: {fault}" for v in volume for fault in self.apart(v, region))
            if self.surface(region) != self.surface(on[0][1]):
                yield (
                    f"{said}: {on[0][0]} lives on {self.surface(on[0][1])} and {m} on {self.surface(region)}: "
                    "molecules of two surfaces never meet."
                )
        if reaction.inside is not None:
            absent = list(self.unknown(f"{where}, in", reaction.inside, self.geometry.compartments, "compartment"))
            yield from absent or (f"{said}: {fault}" for m in volume for fault in self.within(m, reaction.inside))

    def release(self, where: str, release: Release) -> Iterator[str]:
        """The faults of a release."""
        geometry, name = self.geometry, release.species
        absent = [
            *self.unknown(f"{where}, in", release.inside, geometry.compartments, "compartment"),
            *self.unknown(f"{where}, on", release.on, geometry.regions, "region"),
        ]
        space, region = space_of(name, self.home), self.lives.get(name)
        if absent:
            yield from absent
        elif region is not None and region in geometry.regions:
            if release.on is None:
                yield f"{where}: {name} sits in the membrane; say on which region it is put with `on`."
            elif region != release.on and region != self.surface(release.on):
                yield f'{where}, on = "{release.on}": {name} lives on {region}; release it there.'
        elif space is not None and release.on is not None:
            yield from (f'{where}, on = "{release.on}": {fault}' for fault in self.apart(name, release.on))
        elif space is not None and release.inside is not None:
            yield from (f'{where}, in = "{release.inside}": {fault}' for fault in self.within(name, release.inside))
        elif space is not None and release.at is not None:
            point = np.array([release.at])
            if not contains(geometry, point, geometry.spaces.index(space))[0]:
                shown = ", ".join(f"{x:g}" for x in release.at)
                yield f"{where}, at = ({shown}) um lies outside of {space}, where {name} is; choose a point of it."

    def record(self, where: str, record: PositionRecord) -> Iterator[str]:
        """The faults of a record of positions."""
        for key, name, names, kind in (
            ("in", record.inside, self.geometry.compartments, "compartment"),
            ("on", record.on, self.geometry.regions, "region"),
        ):
            if name is not None and "*" not in name:
                yield from self.unknown(f"{where}, {key}", name, names, kind)

    def boundary(self, where: str, boundary: Boundary) -> Iterator[str]:
        """The faults of a boundary."""
        absent = list(self.unknown(f"{where}, region", boundary.region, self.geometry.regions, "region"))
        if absent:
            yield from absent
            return
        said = f'{where}, region = "{boundary.region}"'
        for name in boundary.species:
            yield from (f"{said}: {fault}" for fault in self.apart(name, boundary.region))
        if boundary.kind != "permeable":
            return
        faces = self.geometry.faces_of(self.geometry.regions.index(boundary.region))
        if (self.geometry.face_space[faces] < 0).any():
            yield f"{said}: what is permeable has a space on both sides; there is none behind it."
