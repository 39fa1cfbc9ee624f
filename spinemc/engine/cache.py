"""Where compiled kernels are kept: a folder named by the hash of all kernel sources, so that none is ever stale."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numba

_KERNELS = Path(__file__).parent / "kernels"


def folder() -> Path:
    """The folder of the compiled kernels of these sources, this numba and this Python.

    `SPINEMC_CACHE` names its parent; by default that is the user's cache folder.
    """
    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for source in sorted(_KERNELS.glob("*.py")):
        digest.update(source.read_bytes())
    base = os.environ.get("SPINEMC_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "spinemc" / digest.hexdigest()[:16]


def is_cold() -> bool:
    """Whether the kernels are still to be compiled."""
    return not any(folder().rglob("step.advance*.nbi"))


def use() -> None:
    """Make kernels that are defined from now on keep their compiled form there."""
    numba.config.CACHE_DIR = str(folder())  # type: ignore[attr-defined]
