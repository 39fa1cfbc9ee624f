"""Values as settings write them: TOML on one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

UNITS = {"head_volume": " um^3", "psd_area": " um^2", "neck_resistance": " Mohm", "resistivity": " Mohm um"}
"""Of parameters of spines that are not lengths."""


def said(key: str, value: Any) -> Any:
    """A parameter of a shape [um, um^3, rad] as its geometry file writes it."""
    if isinstance(value, Mapping):
        return {inner: said(inner, held) for inner, held in value.items()}
    if isinstance(value, list | tuple):
        return [said(key, held) for held in value]
    if isinstance(value, float):
        return f"{value!r}{UNITS.get(key, ' rad' if key.endswith('angle') else ' um')}"
    return value


def inline(value: Any) -> str:
    """A value as TOML writes it, on one line."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{json.dumps(key)} = {inline(held)}' for key, held in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(inline, value))}]"
    if isinstance(value, str):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)
