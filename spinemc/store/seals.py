"""Checksums (CRC-32C) of what is written: of single files of our own, and of each file that zarr writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from spinemc.store import trust
from spinemc.store.places import Place

DIGITS = 8


def crc(data: bytes) -> str:
    """The checksum of some bytes, eight hexadecimal digits."""
    import google_crc32c

    return f"{google_crc32c.value(data):0{DIGITS}x}"


def write(place: Place, key: str, data: bytes) -> None:
    """Write a file that begins with its checksum."""
    place.write(key, crc(data).encode() + data)


def read(place: Place, key: str) -> bytes | None:
    """What `write` wrote; None where it is not there, or not as it was."""
    found = place.read(key)
    if found is None or found[:DIGITS] != crc(found[DIGITS:]).encode():
        return None
    return found[DIGITS:]


def note(place: Place, key: str, content: Mapping[str, Any]) -> None:
    """Write a sealed JSON file."""
    write(place, key, json.dumps(content, sort_keys=True).encode())


def noted(place: Place, key: str) -> dict[str, Any] | None:
    """A sealed table in JSON; None where it is not there, or not as it was."""
    found = read(place, key)
    return None if found is None else trust.table(found)


def recorder(store: Any) -> Any:
    """A zarr store that keeps the checksum of everything written to it, as `sums`, by key."""
    from zarr.abc.buffer import Buffer
    from zarr.storage import WrapperStore

    class Recorder(WrapperStore):  # type: ignore[type-arg]
        def __init__(self, store: Any) -> None:
            super().__init__(store)
            self.sums: dict[str, str] = {}

        async def set(self, key: str, value: Buffer) -> None:
            await self._store.set(key, value)
            self.sums[key] = crc(value.to_bytes())

        async def set_if_not_exists(self, key: str, value: Buffer) -> None:
            await self._store.set_if_not_exists(key, value)
            self.sums[key] = crc(value.to_bytes())

    return Recorder(store)
