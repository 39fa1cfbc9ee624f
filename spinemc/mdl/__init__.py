"""Models of MCell, written in MDL, as scenarios: what is taken over, and what is not, in words."""

from __future__ import annotations

import tempfile
from pathlib import Path

from spinemc import plans
from spinemc.errors import ScenarioError, SpinemcError
from spinemc.mdl.grammar import read_model
from spinemc.mdl.scenario import Written, with_fault, written
from spinemc.mdl.text import told
from spinemc.scenario import load_scenario

__all__ = ["bring", "told", "translate"]


def translate(model: str | Path, name: str) -> Written:
    """Read a model of MCell 3 and write it as a scenario, as texts.

    Parameters
    ----------
    model : str or Path
        The main MDL file; files that it takes in lie in its folder or below.
    name : str
        What the scenario is to be called.

    Returns
    -------
    Written
        The texts of its files, and notes on all that is not simply taken over; one of them where the scenario as it is
        written cannot be run.

    Raises
    ------
    ScenarioError
        A file cannot be read or is not MDL, or nothing is there to simulate.
    """
    path = Path(model)
    made = written(read_model(path), name, path.parent)
    with tempfile.TemporaryDirectory() as folder:
        for file, text in made.files.items():
            (Path(folder) / file).write_text(text, encoding="utf-8")
        try:
            plans.prepare(load_scenario(Path(folder) / f"{name}.toml"))
        except SpinemcError as fault:
            return with_fault(made, str(fault))
    return made


def bring(model: str | Path, out: str | Path) -> tuple[list[Path], Written]:
    """Write a model of MCell as a scenario and the files that go with it.

    Parameters
    ----------
    model : str or Path
        The main MDL file.
    out : str or Path
        The scenario's file; `.toml` is added where it is missing, and the other files go beside it.

    Returns
    -------
    list of Path
        The files, the scenario first.
    Written
        What is in them, and what became of the model.

    Raises
    ------
    ScenarioError
        As of `translate`; the name is not one, or a file of that name is there already. Then none is written.
    """
    path = Path(out)
    name = path.name.removesuffix(".toml")
    if not name or not all(c.isalnum() or c in "_-" for c in name):
        raise ScenarioError(f'{path.name}: a name is of letters, digits, "-" and "_": give another with --out.')
    made = translate(model, name)
    files = [path.parent / file for file in made.files]
    there = next((file for file in files if file.exists()), None)
    if there is not None:
        raise ScenarioError(f"{there} is there already: it is left as it is. Give another name with --out.")
    done: list[Path] = []
    try:
        for file, text in zip(files, made.files.values(), strict=True):
            with file.open("x", encoding="utf-8") as stream:
                done.append(file)
                stream.write(text)
    except OSError as error:
        for file in done:
            file.unlink()
        raise ScenarioError(f"{path} cannot be written: {error.strerror or error}.") from error
    return files, made
