"""What is told of something: for a person, and for a machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isfinite
from typing import Any


@dataclass(frozen=True)
class Summary:
    """Attributes
    ----------
    text : str
        A few lines for a person.
    values : dict
        The same as numbers, texts, lists and dicts; units are in the keys, or those of the store.
    """

    text: str
    values: dict[str, Any]

    def __str__(self) -> str:
        return self.text

    @property
    def json(self) -> str:
        """The values as one line of JSON; what is not finite is null."""
        return json.dumps(strict(self.values))


def strict(value: Any) -> Any:
    """A value as JSON has it: what is not finite is null."""
    if isinstance(value, dict):
        return {key: strict(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [strict(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def duration(seconds: float) -> str:
    if seconds < 90.0:
        return f"{seconds:.2g} s"
    return f"{seconds / 60.0:.3g} min" if seconds < 5400.0 else f"{seconds / 3600.0:.3g} h"
