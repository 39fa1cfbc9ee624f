"""What a mechanism is, and how several make the chemistry of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BELL_2022 = "Bell, Holst, Lee & Rangamani 2022, J Gen Physiol 154:e202112980, and its MCell code"


@dataclass(frozen=True)
class Mechanism:
    """A channel, a pump or a buffer as tables of a scenario, which `spinemc.Scenario` takes as they are.

    Attributes
    ----------
    source : str
        Where its numbers come from.
    species, reaction, release : tuple of dict
        Tables as in a scenario file.
    """

    source: str
    species: tuple[dict[str, Any], ...] = ()
    reaction: tuple[dict[str, Any], ...] = ()
    release: tuple[dict[str, Any], ...] = ()


def table(name: str) -> dict[str, str]:
    """A rate from a table of `tables`, in the folder `tables` beside the scenario."""
    return {"table": f"tables/{name}.csv"}


def sites(*names: str, on: str = "membrane") -> tuple[dict[str, Any], ...]:
    """Species that sit on a region."""
    return tuple({"name": name, "on": on} for name in names)


def assembled(*parts: Mechanism, tables: str = "tables") -> dict[str, list[dict[str, Any]]]:
    """The chemistry of several mechanisms together, as `spinemc.Scenario` takes it.

    Parameters
    ----------
    *parts : Mechanism
    tables : str
        The folder of the rate tables, seen from the scenario's.

    Returns
    -------
    dict
        `species`, `reaction` and `release`: lists of tables as in a scenario file.
    """
    return {
        key: [_found(entry, tables) for part in parts for entry in getattr(part, key)]
        for key in ("species", "reaction", "release")
    }


def _found(entry: Mapping[str, Any], tables: str) -> dict[str, Any]:
    """A table of a scenario, its rate tables looked for in a folder."""
    return {
        key: {"table": f"{tables}/{value['table'].rpartition('/')[2]}"} if isinstance(value, dict) else value
        for key, value in entry.items()
    }
