"""Where a result comes from: versions, commit, host, command and time, as a plain dict for the store."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("spinemc", "numpy", "numba", "scipy", "xarray", "zarr", "gmsh", "scikit-fem")


def provenance(**more: Any) -> dict[str, Any]:
    """What ran, where and when.

    Parameters
    ----------
    **more
        Further entries (seed, threads, wall time [s]); they win over the entries made here.

    Returns
    -------
    dict
        `versions` (of python and the packages; None where one is not installed), `commit` of the source tree
        (with "-dirty" where files differ from it; None outside a checkout), `host`, `platform`,
        `command` (list of str), `start` (UTC, ISO 8601) and the entries of `more`; JSON takes it as it is.
    """
    return {
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "commit": _commit(Path(__file__).resolve().parents[1]),
        "host": platform.node(),
        "platform": platform.platform(),
        "command": list(sys.argv),
        "start": datetime.now(UTC).isoformat(timespec="seconds"),
        **more,
    }


def _version(package: str) -> str | None:
    """The installed version of a package, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit(root: Path) -> str | None:
    """The commit at `root`, None where `root` is not the top of a checkout or git does not answer."""
    if not (root / ".git").exists():  # an installed copy may lie inside the checkout of another project
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None
