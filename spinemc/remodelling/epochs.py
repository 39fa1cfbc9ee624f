"""Epochs run one after the other, each into a store of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinemc import simulate
from spinemc.errors import GeometryError, StoreError
from spinemc.remodelling import folder
from spinemc.remodelling.course import Course, Left
from spinemc.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr


def remodel(
    scenario: Scenario,
    out: str | Path | None = None,
    *,
    trials: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    client: Any = None,
    overwrite: bool = False,
    progress: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> xr.Dataset:
    """Run the epochs of a scenario with `[structure]`, each into a store of its own in one folder.

    Parameters
    ----------
    scenario : Scenario
    out : str or Path, optional
        The folder, or the URL of one; the scenario's file name with .epochs, in the current folder, by default. Its
        stores are `epoch_000.zarr`, `epoch_001.zarr` and so on, with a dimension `history`, one for each trial.
    trials, seed, threads, client, overwrite, progress
        As of `spinemc.run`.
    tell : callable
        Called with a line as each epoch begins.

    Returns
    -------
    xarray.Dataset
        As `history`.

    Raises
    ------
    ScenarioError, GeometryError, EngineError
        Where the scenario cannot be run, or the weights lead to a shape that cannot be built: what is finished stays.
    StoreError
        Where `out` is taken or cannot be written.
    """
    scenario = simulate.with_run(scenario, trials, seed)
    course = Course.of(scenario)
    out = out if out is not None else Path(f"{scenario.path.stem if scenario.path else 'run'}.epochs")
    if folder.is_course(out) and not overwrite:
        done = f"{len(folder.there(out))} of {folder.begun(out)[1].epochs} epochs"
        raise StoreError(f"{out} exists and holds {done}: `spinemc resume {out}` goes on, --overwrite starts again.")
    if "://" not in str(out):
        try:
            Path(out).mkdir(exist_ok=True)
        except OSError as error:
            raise StoreError(f"{out} cannot be made: {error.strerror}: choose another --out.") from None
    return _run(course, out, 0, None, overwrite, tell, threads=threads, client=client, progress=progress)


def resume(
    out: str | Path,
    *,
    threads: int | None = None,
    client: Any = None,
    progress: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> xr.Dataset:
    """Go on with epochs that were interrupted.

    Parameters
    ----------
    out : str or Path
        The folder.
    threads, client, progress, tell
        As of `remodel`.

    Returns
    -------
    xarray.Dataset
        As of `history`; all stores equal those of an uninterrupted run, array by array.

    Raises
    ------
    StoreError
        Where there are no epochs, or as `spinemc.resume` of the store of one.
    """
    course, there = Course.of(folder.begun(out)[0]), folder.there(out)
    left = None
    for epoch in there:
        left = course.left(
            simulate.resume(folder.store_of(out, epoch), threads=threads, client=client, progress=progress, tell=tell)
        )
    return _run(course, out, len(there), left, True, tell, threads=threads, client=client, progress=progress)


def _run(
    course: Course,
    out: str | Path,
    first: int,
    left: Left | None,
    overwrite: bool,
    tell: Callable[[str], None],
    **how: Any,
) -> xr.Dataset:
    """Run the epochs from one on."""
    for epoch in range(first, course.structure.epochs):
        tell(f"epoch {epoch + 1} of {course.structure.epochs}")
        varied, told = course.points(epoch, left)
        try:
            tree = simulate.sweep(
                course.once,
                varied,
                folder.store_of(out, epoch),
                overwrite=overwrite,
                said={folder.ATTRIBUTE: json.dumps(told)},
                **how,
            )
        except GeometryError as fault:
            if epoch == 0:
                raise
            raise GeometryError(
                f"epoch {epoch + 1}: the weights lead to a shape that cannot be built: set closer limits in "
                f"[structure]. {fault}"
            ) from fault
        left = course.left(tree)
    return folder.history(out)
