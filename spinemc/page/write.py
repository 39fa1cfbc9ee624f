"""The page of a store as a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from spinemc import store
from spinemc.errors import SpinemcError
from spinemc.page.gather import gather
from spinemc.page.render import render


def report(
    path: str | Path,
    out: Path | None = None,
    with_: Sequence[str] = ("ode", "lna"),
    trial: int | None = None,
    overwrite: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write the page of a store.

    Parameters
    ----------
    path : str or Path
        The store.
    out : Path, optional
        The file; by default the store's name, .html, beside it; here, where the store is a URL.
    with_, trial, tell
        As of `spinemc.page.gather`.
    overwrite : bool
        Whether a file that is there is replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StoreError
        As `spinemc.page.gather`.
    SpinemcError
        The file is there, or cannot be written.
    """
    out = store.beside(path, ".html") if out is None else out
    if out.exists() and not overwrite:
        raise SpinemcError(f"{out} exists: --overwrite replaces it, or choose another --out.")
    if not out.parent.is_dir():
        raise SpinemcError(f"{out}: there is no folder {out.parent}: make it first, or choose another --out.")
    text = render(gather(path, with_, trial, tell))
    try:
        _put(out, text)
    except OSError as error:
        raise SpinemcError(f"{out} cannot be written: {error.strerror or error}.") from error
    return out


def _put(out: Path, text: str) -> None:
    """Write a file as a whole or not at all."""
    number, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with open(number, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
