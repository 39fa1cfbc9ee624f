"""The names of a scenario laid over surfaces and spaces: regions, compartments and their sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from spinemc.errors import GeometryError
from spinemc.geometry.io import read_faces
from spinemc.geometry.mesh import Geometry
from spinemc.geometry.parts import WHOLE, ball, box, holds, shell
from spinemc.geometry.shells import Shell
from spinemc.geometry.solids import Solid
from spinemc.scenario import Named, Within
from spinemc.scenario.values import CYTOSOL, MEMBRANE


def lay_regions(
    parts: Sequence[tuple[str, Solid]], named: tuple[Named, ...], where: str
) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """(f,) region of each face, the regions' names, (r,) the surface of each."""
    taken = [*parts[0][1].regions, *(name for name, _ in parts[1:])]
    _refuse_taken(taken, named, where, "region")
    regions: list[str] = []
    surface: list[int] = []
    labels = []
    for s, (name, made) in enumerate(parts):
        first = len(regions)
        regions += made.regions if s == 0 else (name,)
        label = made.label + first
        centre = made.vertex[made.face].mean(axis=1)
        for entry in named:
            if (entry.of or MEMBRANE) != name:
                continue
            if entry.within.file is not None:
                chosen = read_faces(entry.within.file, entry.within.key, len(made.face), entry.name)
            else:
                chosen = np.flatnonzero(holds(_part_of(entry.within), centre))
            if len(chosen) == 0:
                raise GeometryError(f"{where}: region {entry.name} holds no face.")
            label[chosen] = len(regions)
            regions.append(entry.name)
        labels.append(label)
        surface += [s] * (len(regions) - first)
    return np.concatenate(labels), tuple(regions), np.array(surface, dtype=np.int64)


def lay_compartments(
    made: Solid, named: tuple[Named, ...], spaces: tuple[str, ...], where: str
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, list[str]]:
    """Names and shapes, the space and the set of each compartment."""
    _refuse_taken([*spaces, *made.compartments], named, where, "compartment")
    names: list[str] = []
    rows: list[np.ndarray] = []
    home: list[int] = []
    sets: list[str] = []
    for k, space in enumerate(spaces):
        mine = [entry for entry in named if (entry.of or CYTOSOL) == space]
        parts = [(entry.name, _part_of(entry.within), entry.set) for entry in mine]
        if k == 0:
            parts += [(name, row, "") for name, row in zip(made.compartments, made.compartment_shape, strict=True)]
        order = list(dict.fromkeys(["", *(of for _, _, of in parts)]))
        parts = [(space, WHOLE, ""), *sorted(parts, key=lambda part: order.index(part[2]))]
        names += [name for name, _, _ in parts]
        rows += [row for _, row, _ in parts]
        home += [k] * len(parts)
        sets += [of for _, _, of in parts]
    return tuple(names), np.array(rows, dtype=np.float64), np.array(home, dtype=np.int64), sets


def each_shell(named: tuple[Named, ...], regions: tuple[str, ...], where: str) -> tuple[Named, ...]:
    """The compartments, with one shell for each region that the pattern of a shell of many names matches."""
    found = []
    for entry in named:
        if "*" not in entry.name:
            found.append(entry)
            continue
        before, after = entry.within.region.split("*")
        under = _under(entry, regions, where)
        stars = [name[len(before) : len(name) - len(after)] for name in under]
        found += [
            replace(entry, name=entry.name.replace("*", star), within=replace(entry.within, region=name))
            for name, star in zip(under, stars, strict=True)
        ]
    return tuple(found)


def _under(entry: Named, regions: tuple[str, ...], where: str) -> list[str]:
    """The regions that a shell lies under."""
    found = [name for name in regions if fnmatchcase(name, entry.within.region)]
    if not found:
        raise GeometryError(
            f"{where}: compartment {entry.name} is a shell of {entry.within.region}, which is no region here; "
            f"there are {', '.join(regions)}."
        )
    return found


def shells(geometry: Geometry, named: tuple[Named, ...], where: str) -> dict[int, Shell]:
    """What the shells are to be, by compartment."""
    found = {}
    for entry in named:
        if entry.within.kind != "shell":
            continue
        number = geometry.compartments.index(entry.name)
        under = [geometry.regions.index(name) for name in _under(entry, geometry.regions, where)]
        faces = np.unique(np.concatenate([geometry.faces_of(region) for region in under]))
        beside = (geometry.face_space[faces] == geometry.compartment_space[number]).any(axis=1)
        if not beside.all():
            raise GeometryError(
                f"{where}: compartment {entry.name} is a part of {entry.of or CYTOSOL}, and {entry.within.region}, "
                "whose shell it is to be, does not border that: give another region."
            )
        found[number] = Shell(faces, entry.within.depth)
    return found


def _refuse_taken(taken: list[str], named: tuple[Named, ...], where: str, kind: str) -> None:
    seen = set(taken)
    for entry in named:
        if entry.name in seen:
            raise GeometryError(f"{where}: {kind} {entry.name} is there already: choose another name.")
        seen.add(entry.name)


def _part_of(within: Within) -> np.ndarray:
    if within.kind == "shell":
        return shell(np.zeros(3), 1.0, 0, (0, 0, 0))  # until it is laid
    return ball(within.center, within.radius) if within.kind == "sphere" else box(within.low, within.high)
