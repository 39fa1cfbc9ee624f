"""Stochastic particle simulation of calcium in dendritic spines, from a labelled mesh to a synaptic weight.

Examples
--------
>>> import spinemc as smc
>>> scenario = smc.load_scenario("mushroom.toml")
>>> tree = smc.run(scenario, out="run.zarr", trials=50, seed=1, threads=2)
>>> tree = smc.open("run.zarr")
>>> fano = tree.spinemc.fano("Ca", "head")
>>> geometry = smc.load_geometry("geometries/mushroom.toml")
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Geometry": "spinemc.geometry",
    "Scenario": "spinemc.scenario",
    "SpinemcError": "spinemc.errors",
    "calibrate": "spinemc.calibration",
    "compare": "spinemc.contrast",
    "history": "spinemc.remodelling",
    "load_geometry": "spinemc.geometry",
    "load_scenario": "spinemc.scenario",
    "open": "spinemc.store",
    "remodel": "spinemc.remodelling",
    "resume": "spinemc.simulate",
    "run": "spinemc.simulate",
    "sweep": "spinemc.simulate",
}
"""Where each public name lives; its module is loaded when the name is first used."""

_GIVE_TREES = ("open", "resume", "run", "sweep")
"""Names that give trees, which then have an accessor `spinemc`."""

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        if name in _GIVE_TREES:
            import_module("spinemc.observables.accessor")
        return value
    raise AttributeError(f"module 'spinemc' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))


def _in_notebook() -> None:
    """Let a notebook show what it can, where this runs in one."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        from spinemc import notebook

        notebook.register(shell)


_in_notebook()
