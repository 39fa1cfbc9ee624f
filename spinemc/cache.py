"""Where compiled kernels are kept: a folder named by the hash of all kernel sources, so that none is ever stale."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numba

_KERNELS = (
    "engine/kernels/*.py", "geometry/crossings.py", "geometry/grid.py", "geometry/voxels.py", "plasticity/kernels/*.py",
    "twins/potentials.py",
)  # fmt: skip


def sources() -> list[Path]:
    """The files that hold kernels."""
    return sorted(path for pattern in _KERNELS for path in Path(__file__).parent.glob(pattern))


def folder() -> Path:
    """The folder of the compiled kernels of these sources, this numba and this Python.

    `SPINEMC_CACHE` names its parent; by default that is the user's cache folder.
    """
    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for source in sources():
        digest.update(source.read_bytes())
    base = os.environ.get("SPINEMC_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "spinemc" / digest.hexdigest()[:16]


def is_cold() -> bool:
    """Whether the kernels are still to be compiled."""
    return not any(folder().rglob("step.advance*.nbi"))


@contextmanager
def used() -> Iterator[None]:
    """Make kernels that are defined within keep their compiled form there; those of others stay where they were."""
    before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = str(folder())  # type: ignore[attr-defined]
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before  # type: ignore[attr-defined]
