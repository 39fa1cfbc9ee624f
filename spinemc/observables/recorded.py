"""Where molecules were: the frames of one trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spinemc.errors import ObservableError
from spinemc.observables.trees import array

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Recorded:
    """The recorded molecules of a species in one trial; where ions are followed, its ions, free and bound.

    Attributes
    ----------
    time : (frame,) float64
        [s]
    size : (frame,) int64
        Molecules in each frame.
    point : (row, 3) float64
        Where they were [um], the rows of the frames one after another.
    particle : (row,) int64
        Number of the molecule, or of the ion.
    holder : (row,) int64
        What it is, or what holds the ion: an index into `holders`.
    holders : tuple of str
        Species at home or elsewhere, such as "Ca", "CaB", "Ca@lumen"; only those that are there.
    followed : bool
        Whether these are ions that are followed.
    """

    time: np.ndarray
    size: np.ndarray
    point: np.ndarray
    particle: np.ndarray
    holder: np.ndarray
    holders: tuple[str, ...]
    followed: bool

    def rows(self, frame: int) -> slice:
        """The rows of a frame."""
        end = int(self.size[: frame + 1].sum())
        return slice(end - int(self.size[frame]), end)


def recorded(tree: xr.DataTree, trial: int | None = None) -> dict[str, Recorded]:
    """Positions of one trial, by species.

    Parameters
    ----------
    tree : DataTree
        A run.
    trial : int, optional
        By default the first whose positions are there.

    Returns
    -------
    dict of str to Recorded

    Raises
    ------
    ObservableError
        The run has no positions, or none of that trial.
    """
    there = recorded_trials(tree)
    trials = sorted({number for numbers in there.values() for number in numbers})
    if not trials:
        raise ObservableError(
            f"{tree.name}: no positions are in it: add [[record.positions]] to the scenario, and run it with particles."
        )
    chosen = trials[0] if trial is None else trial
    if chosen not in trials:
        known = ", ".join(map(str, trials))
        raise ObservableError(f"{tree.name}: no positions of trial {chosen} are in it; there are those of {known}.")
    return {name: _of(tree, name, there[name].index(chosen)) for name in there if chosen in there[name]}


def recorded_trials(tree: xr.DataTree) -> dict[str, list[int]]:
    """The finished trials whose positions are there, by species."""
    groups = sorted(tree["positions"].children) if "positions" in tree.children else []
    return {name: array(tree, f"positions/{name}/row_size")["trial"].values.tolist() for name in groups}


def _of(tree: xr.DataTree, species: str, k: int) -> Recorded:
    """The positions of a species in the trial at an index."""
    node = tree[f"positions/{species}"].to_dataset()
    size = node["row_size"].values
    begin = int(size[:k].sum())
    rows = slice(begin, begin + int(size[k].sum()))
    names, holder = np.array([species]), np.zeros(rows.stop - rows.start, np.int64)
    followed = "carrier" in node
    if followed:
        names, holder = node["population"].values, node["carrier"].isel(row=rows).values.astype(np.int64)
    used, holder = np.unique(holder, return_inverse=True)
    return Recorded(
        node["frame"].values,
        size[k],
        node["position"].isel(row=rows).values,
        node["particle"].isel(row=rows).values.astype(np.int64),
        holder,
        tuple(str(name) for name in names[used]),
        followed,
    )
