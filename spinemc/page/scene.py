"""What a page shows in space: the mesh that ran, and the molecules whose positions were recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.engine.system import System
from spinemc.errors import StoreError
from spinemc.figures.mesh import colours, kind_of, seen
from spinemc.geometry.compartments import locate
from spinemc.layout import NANOMETRE
from spinemc.observables import array, recorded, recorded_trials
from spinemc.observables.recorded import Recorded
from spinemc.page.pack import Arrays
from spinemc.page.states import BOUND, FREE, STATES, states
from spinemc.scenario.places import parts
from spinemc.twins import levels

if TYPE_CHECKING:
    import xarray as xr

MOST_ROWS = 4_000_000  # of positions in a page; beyond, some frames are left out
NOT_YET = "The trial whose positions are recorded is not finished yet."
NONE_RECORDED = "No positions were recorded: add [[record.positions]] to the scenario."


def scene(
    tree: xr.DataTree, system: System | None, trial: int | None, arrays: Arrays, early: bool = False
) -> dict[str, Any]:
    """The mesh and the molecules of one trial.

    Parameters
    ----------
    tree : DataTree
        A run.
    system : System or None
        Its scenario made ready; None where it no longer can be, and then compartments and pumps are not told.
    trial : int or None
        Which one; by default the first whose positions are there.
    arrays : Arrays
        Takes the arrays.
    early : bool
        Whether positions of the trial may come yet.

    Returns
    -------
    dict
        `mesh`; `clouds`, one a species, its positions in whole nm from the corner `low`; `trial`, or `why` there are
        no molecules.

    Raises
    ------
    StoreError
        The trial has no positions.
    """
    told: dict[str, Any] = {
        "mesh": _mesh(tree, arrays),
        "clouds": [],
        "low": [],
        "trial": None,
        "why": "",
        "left_out": 1,
    }
    there = recorded_trials(tree)
    trials = sorted({k for numbers in there.values() for k in numbers})
    chosen = trial if trial is not None else next(iter(trials), None)
    if chosen not in trials:
        if trial is not None and not early:
            known = f"there are those of {', '.join(map(str, trials))}" if trials else "there are none"
            raise StoreError(f"{tree.name}: no positions of trial {trial} are in it; {known}.")
        told["why"] = _why(str(tree.attrs.get("engine", "particles")), list(there))
        return told
    told["trial"] = chosen
    clouds = recorded(tree, chosen)
    every = max(1, -(-sum(len(cloud.point) for cloud in clouds.values()) // MOST_ROWS))
    told["left_out"] = every
    corner = np.floor(array(tree, "geometry/vertex").values.min(axis=0) / NANOMETRE).astype(np.int64) - 1
    told["low"] = (corner * NANOMETRE).tolist()
    told["clouds"] = [_cloud(system, name, cloud, every, corner, arrays) for name, cloud in clouds.items()]
    return told


def _why(engine: str, groups: list[str]) -> str:
    """Why there are no molecules to show."""
    level = levels.LEVELS.get(engine)
    if level is not None and not level.follows:
        return f"{levels.without_molecules(level)}."
    return NOT_YET if groups else NONE_RECORDED


def _mesh(tree: xr.DataTree, arrays: Arrays) -> dict[str, Any]:
    """Corners, triangles and the colours of regions; without the far side of the outside."""
    vertex, face, region = (array(tree, f"geometry/{name}").values for name in ("vertex", "face", "face_region"))
    surfaces = [str(name) for name in array(tree, "geometry/surface").values]
    surface = array(tree, "geometry/face_surface").values
    drawn = seen(surface, surfaces)
    names = [str(name) for name in array(tree, "geometry/region").values]
    colour = colours(region[drawn], names)
    kinds = list(colour)
    number = np.array([kinds.index(k) if (k := kind_of(name)) in kinds else 0 for name in names])
    return {
        "vertex": arrays.add(vertex.astype(np.float32)),
        "face": arrays.add(face[drawn]),
        "kind": arrays.add(number[region[drawn]]),
        "inner": arrays.add((surface[drawn] != 0).astype(np.uint8)),
        "kinds": [{"name": kind, "colour": value} for kind, value in colour.items()],
    }


def _cloud(
    system: System | None, species: str, cloud: Recorded, every: int, corner: np.ndarray, arrays: Arrays
) -> dict[str, Any]:
    """The molecules of a species, or the ions, in every so manyth frame."""
    keep = np.repeat(np.arange(len(cloud.size)) % every == 0, cloud.size)
    point, holder, names = cloud.point[keep], cloud.holder[keep], list(cloud.holders)
    state = _states(system, species, names, cloud.followed)
    grid = np.rint(point / NANOMETRE).astype(np.int64) - corner
    step = max(1, -(-int(grid.max(initial=0)) // 65535))  # nm, so that two bytes hold each
    told = {
        "species": species,
        "followed": cloud.followed,
        "frame": arrays.add(1e3 * cloud.time[::every]),
        "size": arrays.add(cloud.size[::every]),
        "step": step * NANOMETRE,
        "xyz": [arrays.add(np.clip(axis // step, 0, 65535).astype(np.uint16)) for axis in grid.T],
        "holder": arrays.add(holder),
        "holders": [{"name": name, "state": state[name]} for name in names],
    }
    if system is not None:
        place, places = _places(system, names, point, holder)
        told |= {"place": arrays.add(place), "places": places}
    return told


def _states(system: System | None, species: str, names: list[str], followed: bool) -> dict[str, str]:
    """The state of each holder; of molecules that are no ions, their own name."""
    if not followed:
        return dict.fromkeys(names, species)
    known = states(system) if system is not None else {}
    return {name: known.get(name, FREE if parts(name)[0] == species else BOUND) for name in names}


def _places(system: System, names: list[str], point: np.ndarray, holder: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The compartment of each molecule; of those on a surface, that of the space within it."""
    geometry, net = system.geometry, system.network
    found = np.zeros(len(point), np.int64)
    space = np.array([max(int(net.space[net.species.index(name)]), 0) for name in names])
    for number in np.unique(space):
        here = np.flatnonzero(space[holder] == number)
        found[here] = locate(geometry, point[here], int(number))
    used, place = np.unique(found, return_inverse=True)
    return place, [geometry.compartments[i] for i in used]


def order(clouds: list[dict[str, Any]]) -> list[str]:
    """The states that clouds show, in the order of a legend."""
    there = dict.fromkeys(holder["state"] for cloud in clouds for holder in cloud["holders"])
    return [*(state for state in STATES if state in there), *(state for state in there if state not in STATES)]
