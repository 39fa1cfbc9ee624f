"""Which format a suffix stands for; nothing that is there is written over, and nothing half-written stays."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spinemc import observables
from spinemc.errors import SpinemcError
from spinemc.exports import movie, paraview, simularium, tables
from spinemc.observables.recorded import Recorded

if TYPE_CHECKING:
    import xarray as xr


class Asked(NamedTuple):
    """The run, the file, the molecules of a trial by species, and the time of a picture [s]."""

    tree: xr.DataTree
    path: Path
    clouds: dict[str, Recorded]
    time: float


class Kind(NamedTuple):
    """What is written, whether it needs positions, and the packages and the extra that it needs."""

    what: str
    write: Callable[[Asked], None]
    follows: bool = False
    needs: tuple[str, ...] = ()
    extra: str = ""


KINDS = {
    ".csv": Kind("counts as a table", lambda a: tables.write_csv(a.tree, a.path)),
    ".nc": Kind("all arrays as NetCDF", lambda a: tables.write_netcdf(a.tree, a.path), False, ("netCDF4",), "netcdf"),
    ".pvd": Kind(
        "a time series for ParaView",
        lambda a: paraview.write_paraview(a.tree, a.path, a.clouds),
        True,
        ("pyvista",),
        "viz",
    ),
    ".simularium": Kind(
        "a trajectory for Simularium",
        lambda a: simularium.write_simularium(a.path, str(a.tree.name), a.clouds),
        True,
        ("simulariumio",),
        "viz",
    ),
    ".mp4": Kind(
        "a film of the molecules",
        lambda a: movie.write_film(a.tree, a.path, a.clouds),
        True,
        ("pyvista", "imageio_ffmpeg"),
        "viz",
    ),
    ".png": Kind(
        "a picture of the molecules",
        lambda a: movie.write_picture(a.tree, a.path, a.clouds, a.time),
        True,
        ("pyvista",),
        "viz",
    ),
}
"""By suffix."""


def export(tree: xr.DataTree, path: str | Path, trial: int | None = None, time: float = float("inf")) -> Path:
    """Write a run in another program's format.

    Parameters
    ----------
    tree : DataTree
        A run; a sweep as `.csv` and `.nc` only.
    path : str or Path
        The file; its suffix is one of `KINDS`. A `.pvd` has a folder of its name beside it.
    trial : int, optional
        Whose molecules; by default the first that has positions.
    time : float
        Of a picture [s]; the last frame by default.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SpinemcError
        The suffix is not known, the file is there, it cannot be written, or a package is missing.
    ObservableError
        There are no positions, or none of this trial.
    """
    path = Path(path)
    if path.suffix not in KINDS:
        known = "; ".join(f"{suffix}, {kind.what}" for suffix, kind in KINDS.items())
        raise SpinemcError(f"{path}: what is written is told by the suffix: {known}.")
    kind = KINDS[path.suffix]
    missing = [name for name in kind.needs if find_spec(name) is None]
    if missing:
        raise SpinemcError(f"{path}: {kind.what} needs {' and '.join(missing)}: pip install 'spinemc[{kind.extra}]'.")
    beside = path.with_suffix("") if path.suffix == ".pvd" else None
    for there in (path, beside):
        if there is not None and there.exists():
            raise SpinemcError(f"{there} is there already: it is left as it is. Give another name.")
    clouds = observables.recorded(tree, trial) if kind.follows else {}
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
            part = Path(folder) / path.name
            kind.write(Asked(tree, part, clouds, time))
            if beside is not None:
                shutil.move(part.with_suffix(""), beside)
            shutil.move(part, path)
    except OSError as error:
        raise SpinemcError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path
