"""What was built, as tables that a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from spinemc.geometry.checks import at
from spinemc.geometry.mesh import Geometry
from spinemc.geometry.necks import Neck, necks

IONS_AT_REST = 60.2214076  # molecules in 1 um^3 at 100 nM
OF_SPINES = {"head", "neck", "psd"}  # parts that have a column in the table of spines
WIDTH = 18


def describe(geometry: Geometry) -> str:
    """Tables a person can read: the cell's volume, area and triangles; all spaces, surfaces and their named parts.

    What stands on a shaft has a row in a table of spines: the volume of its head and neck, how many ions its head
    holds at 100 nM, the area of its PSD; its neck's length, width, resistance at 150 ohm cm, and conductance for
    calcium beside that of a cylinder.
    """
    found = {neck.name: neck for neck in necks(geometry)}
    spines = _spines(geometry)
    rows = [geometry.name, *_sizes(geometry)]
    if len(geometry.surfaces) > 1:
        rows += _surfaces(geometry)
    rows += _compartments(geometry, spines)
    rows += _regions(geometry, spines)
    if spines:
        rows += _table_of_spines(geometry, spines, found)
    alone = [neck for name, neck in found.items() if name.rpartition(".")[0] not in spines]
    if alone:
        rows.append(f"  {'neck':<{WIDTH}} {'length [um]':>14} {NECK}")
        rows += [f"  {neck.name:<{WIDTH}} {neck.length:14.4g} {_of_neck(neck)}" for neck in alone]
    return "\n".join(rows)


def _spines(geometry: Geometry) -> tuple[str, ...]:
    """The names of what stands on a shaft: those that a head has before its dot."""
    parts = (name.rpartition(".") for name in geometry.compartments)
    return tuple(spine for spine, dot, part in parts if dot and part == "head")


def _is_of(name: str, spines: Sequence[str]) -> bool:
    spine, _, part = name.rpartition(".")
    return part in OF_SPINES and spine in spines


def _sizes(geometry: Geometry) -> Iterator[str]:
    corners = geometry.triangles[geometry.face_surface == 0]
    edge = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    volume, area = geometry.volume, geometry.area
    yield f"  volume       {volume:12.5g} um^3"
    yield f"  area         {area:12.5g} um^2"
    yield f"  volume/area  {volume / area:12.5g} um"
    yield f"  extent        {at(low)} to {at(high)} um"
    yield f"  faces        {len(corners):12d}"
    yield f"  edges        {edge.min() * 1e3:12.4g} to {edge.max() * 1e3:.4g} nm"
    yield f"  least face   {geometry.face_area[geometry.face_surface == 0].min() * 1e6:12.4g} nm^2"


def _surfaces(geometry: Geometry) -> Iterator[str]:
    yield f"  {'surface':<{WIDTH}} {'inside':>14}   outside"
    names = (*geometry.spaces, "-")
    for surface, name in enumerate(geometry.surfaces):
        below, above = geometry.face_space[np.argmax(geometry.face_surface == surface)]
        yield f"  {name:<{WIDTH}} {'(sheet)' if below == above else names[below]:>14}   {names[above]}"


def _compartments(geometry: Geometry, spines: Sequence[str]) -> Iterator[str]:
    last = "   set" if len(geometry.sets) > 1 else ""
    yield f"  {'compartment':<{WIDTH}} {'volume [um^3]':>14} {'share':>8} {'ions at 100 nM':>15}{last}"
    volumes = geometry.compartment_volume
    for i, name in enumerate(geometry.compartments):
        if _is_of(name, spines):
            continue
        whole = volumes[geometry.parts_of(int(geometry.compartment_space[i]))[0]]
        of = geometry.sets[geometry.compartment_set[i]]
        row = f"  {name:<{WIDTH}} {volumes[i]:14.5g} {volumes[i] / whole:8.1%} {volumes[i] * IONS_AT_REST:15.3g}"
        yield f"{row}   {of}".rstrip()


def _regions(geometry: Geometry, spines: Sequence[str]) -> Iterator[str]:
    yield f"  {'region':<{WIDTH}} {'area [um^2]':>14} {'share':>8} {'faces':>15}"
    for region, (name, area) in enumerate(zip(geometry.regions, geometry.region_area, strict=True)):
        if _is_of(name, spines):
            continue
        whole = geometry.face_area[geometry.face_surface == geometry.region_surface[region]].sum()
        yield f"  {name:<{WIDTH}} {area:14.5g} {area / whole:8.1%} {len(geometry.faces_of(region)):15d}"


NECK = f"{'width [nm]':>10} {'resistance':>13} {'g [um^3/s]':>10} {'cylinder':>9}"


def _of_neck(neck: Neck) -> str:
    return f"{1e3 * neck.width:10.4g} {neck.resistance:8.4g} Mohm {neck.conductance:10.4g} {neck.of_cylinder:9.4g}"


def _table_of_spines(geometry: Geometry, spines: Sequence[str], found: Mapping[str, Neck]) -> Iterator[str]:
    volume = dict(zip(geometry.compartments, geometry.compartment_volume, strict=True))
    area = dict(zip(geometry.regions, geometry.region_area, strict=True))
    heads = f"{'head [um^3]':>11} {'ions':>6} {'psd [um^2]':>10} {'neck [um^3]':>11} {'length [um]':>11}"
    yield f"  {'spine':<12} {heads} {NECK}"
    for spine in spines:
        head = volume[f"{spine}.head"]
        row = f"  {spine:<12} {head:11.4g} {head * IONS_AT_REST:6.3g} {_or_dash(area.get(f'{spine}.psd')):>10}"
        neck = found.get(f"{spine}.neck")
        if neck is not None:
            row += f" {volume[neck.name]:11.4g} {neck.length:11.4g} {_of_neck(neck)}"
        yield row


def _or_dash(number: float | None) -> str:
    return "-" if number is None else f"{number:.4g}"
