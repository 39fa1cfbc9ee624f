"""What fixes the results of a run, as short digests: two runs with the same ones give the same arrays."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from spinemc.engine.system import System

DIGITS = 16


def fingerprint(system: System, kernels: str) -> dict[str, str]:
    """Digests by subject: the kernels (by the name of their build), the geometry, species, reactions, releases,
    boundaries, the run, what is kept.

    The number of trials is not in it: a trial does not depend on it.
    """
    scenario, geometry = system.scenario, system.geometry
    run = {name: value for name, value in vars(scenario.run).items() if name not in ("trials", "checkpoint")}
    return {
        "kernels": kernels,
        "geometry": _digest(vars(geometry)["vertex"], geometry.face, geometry.face_region, geometry.face_space,
                            geometry.compartment_shape, geometry.shell, geometry.regions, geometry.compartments),
        "species": _digest(scenario.species),
        "reactions": _digest(scenario.reaction),
        "releases": _digest(scenario.release),
        "boundaries": _digest(scenario.boundary),
        "run": _digest(sorted(run.items())),
        "record": _digest(scenario.positions, scenario.ions),
        "plasticity": _digest(scenario.plasticity),
    }  # fmt: skip


def _digest(*values: Any) -> str:
    made = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            made.update(f"{value.shape} {value.dtype}".encode())
            made.update(np.ascontiguousarray(value).tobytes())
        else:
            made.update(repr(value).encode())
    return made.hexdigest()[:DIGITS]


def digest_of(path: Path) -> str:
    """The digest of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]
