"""A run beside its scenario at other levels, and what a reduced model of it needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from spinemc import calibration, contrast, figures, reduction, store, verdict
from spinemc.errors import SpinemcError
from spinemc.summaries.told import Summary, strict


def compare(
    path: str | Path,
    with_: Sequence[str] = ("ode", "lna"),
    tell: Callable[[str], None] = lambda line: None,
) -> Summary:
    """Lay other levels of a run beside its trials, and draw it.

    Parameters
    ----------
    path : str or Path
        The store. A figure is written beside it; here, where the store is a URL.
    with_, tell
        As of `spinemc.contrast.compare`.

    Returns
    -------
    Summary
        Tables of means and of noise, where they part most; whether the deterministic model is safe; the figure.

    Raises
    ------
    StoreError
        As `spinemc.contrast.compare`.
    """
    found, figure = contrast.compare(path, with_, tell=tell), store.beside(path, ".compare.png")
    figures.plot_comparison(found, figure, verdict.verdict(found))
    values = {"verdict": verdict.verdict(found), "figure": str(figure), "comparison": found.to_dict()}
    return Summary("\n".join([verdict.table(found), str(figure)]), values)


def calibrate(path: str | Path, species: str = "Ca", out: Path | None = None) -> Summary:
    """Measure the numbers of a reduced model from a run, draw its fit, and write both.

    Parameters
    ----------
    path : str or Path
        The store. The figure, and the measured numbers as JSON, are written beside it; here, where it is a URL.
    species : str
    out : Path, optional
        Where the reduced model goes as a scenario (TOML), or the numbers alone (JSON).

    Returns
    -------
    Summary
        The table, and the files.

    Raises
    ------
    StoreError, ObservableError, ScenarioError
        As `spinemc.calibration.calibrate` and `spinemc.reduction.write`.
    SpinemcError
        Where `out` is neither, or a file cannot be written.
    """
    if out is not None and out.suffix not in (".toml", ".json"):
        raise SpinemcError(f"{out}: a calibration is written as a scenario, .toml, or as its numbers, .json.")
    tree = store.open(path)
    found = calibration.calibrate(tree, species)
    numbers = out if out is not None and out.suffix == ".json" else store.beside(path, ".calibrate.json")
    files = [numbers, figure := store.beside(path, ".calibrate.png")]
    if out is not None and out.suffix == ".toml":
        files += reduction.write(found, tree, out)
    try:
        numbers.write_text(json.dumps(strict(found.to_dict())), encoding="utf-8")
    except OSError as error:
        raise SpinemcError(f"{numbers} cannot be written: {error.strerror or error}.") from error
    figures.plot_calibration(found, figure)
    values = {"files": [str(file) for file in files], "calibration": found.to_dict()}
    return Summary("\n".join([reduction.table(found), *map(str, files)]), values)
