"""Arrays as a page holds them: one behind another, compressed, as a text."""

from __future__ import annotations

import gzip
from base64 import b64encode
from typing import Any

import numpy as np

ALIGNED = 4  # bytes: where an array may begin
UNSIGNED = "u1", "u2", "u4"


class Arrays:
    """Arrays that are gathered for a page."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, values: np.ndarray) -> dict[str, Any]:
        """Take an array, and give what the page finds it by.

        Parameters
        ----------
        values : ndarray
            Whole numbers go into as few bytes as hold them, others into float32.

        Returns
        -------
        dict
            `type`, `at` (the byte it begins at), `length`.
        """
        kind = _kind(values)
        data = np.ascontiguousarray(values, f"<{kind}").tobytes()
        told = {"type": kind, "at": self._size, "length": int(np.size(values))}
        self._parts += [data, bytes(-len(data) % ALIGNED)]
        self._size += len(data) + len(self._parts[-1])
        return told

    def text(self) -> str:
        """All of them: base64 of gzip."""
        return b64encode(gzip.compress(b"".join(self._parts), compresslevel=6, mtime=0)).decode()


def _kind(values: np.ndarray) -> str:
    """The type of an array in a page."""
    if values.dtype.kind not in "iub":
        return "f4"
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    if low < 0:
        return "i4" if low >= -(2**31) and high < 2**31 else "f4"
    return next((kind for kind in UNSIGNED if high <= np.iinfo(kind).max), "f4")
