"""A commented scenario to start from."""

from __future__ import annotations

import json
import re
from pathlib import Path

from spinemc.errors import ScenarioError

TEMPLATES = Path(__file__).parent / "templates"


def known() -> list[str]:
    """The scenarios there are, by name."""
    return sorted(path.stem for path in TEMPLATES.glob("*.toml"))


def begin(out: str | Path, like: str = "spine") -> Path:
    """Write a scenario that runs as it is and says what each of its lines is for.

    Parameters
    ----------
    out : str or Path
        The file; `.toml` is added where it is missing.
    like : str
        Of `known()`: `spine`, one spine with receptors, channels, pumps and a buffer through a pair of spikes, or
        `neighbours`, two on a dendrite, one of them stimulated.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ScenarioError
        There is no such scenario, the file is there already, or it cannot be written.
    """
    path = Path(out)
    path = path if path.suffix == ".toml" else path.with_name(f"{path.name}.toml")
    if not re.fullmatch(r"[\w.-]+", path.stem):
        raise ScenarioError(
            f'a name is of letters, digits, ".", "-" and "_", and {json.dumps(path.stem)} is not: give another.'
        )
    if like not in known():
        raise ScenarioError(f'like = "{like}": there is no such scenario to start from. Known: {", ".join(known())}.')
    text = (TEMPLATES / f"{like}.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(re.sub(r"\bNAME\b", lambda _: path.stem, text))
    except FileExistsError:
        raise ScenarioError(f"{path} is there already: it is left as it is. Give another name.") from None
    except OSError as error:
        raise ScenarioError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path
