"""How many molecules a release puts in."""

from __future__ import annotations

from spinemc.geometry import Geometry
from spinemc.scenario import Release


def expected_number(geometry: Geometry, release: Release) -> float:
    """Mean number of molecules that one occasion of a release puts in: whole where the number is exact."""
    if release.count is not None:
        return float(release.count)
    if release.density is not None:
        mean = release.density * float(geometry.region_area[geometry.regions.index(release.on or "membrane")])
    else:
        where = geometry.compartments.index(release.inside or "cytosol")
        mean = (release.concentration or 0.0) * float(geometry.compartment_volume[where])
    return float(round(mean)) if release.exact else mean
