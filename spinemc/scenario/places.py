"""Names of molecules: a species' own, "Ca", where it is at home; with the space behind it, "Ca@lumen", elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from spinemc.scenario.values import Species


def parts(molecule: str) -> tuple[str, str | None]:
    """The species of a molecule and the space it is in, None where nothing is said."""
    name, at, space = molecule.partition("@")
    return name, space if at else None


def placed(species: str, space: str, home: str) -> str:
    """What the molecules of a volume species in a space are called, its home being another or the same."""
    return species if space == home else f"{species}@{space}"


def homes(species: Iterable[Species]) -> dict[str, str | None]:
    """The home of each species by its name: a space, None for one on a surface."""
    return {s.name: None if s.is_surface else s.inside for s in species}


def space_of(molecule: str, home: dict[str, str | None]) -> str | None:
    """The space that a molecule is in, None on a surface; `home` as `homes` gives it."""
    name, space = parts(molecule)
    return space or home[name]
