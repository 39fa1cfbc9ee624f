"""Models of MCell for tests, as texts, and what is made of them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from spinemc.mdl.grammar import read_model
from spinemc.mdl.scenario import Written, written

BEGIN = "TIME_STEP = 1e-6\nITERATIONS = 1000\n"

CUBE = "CORNERS = [-0.25, -0.25, -0.25], [0.25, 0.25, 0.25]"

MOLECULES = """
DEFINE_MOLECULES {
  A { DIFFUSION_CONSTANT_3D = 2.2e-6 }
  B { DIFFUSION_CONSTANT_3D = 1e-6 }
  R { DIFFUSION_CONSTANT_2D = 0 }
  S { DIFFUSION_CONSTANT_2D = 1e-9 }
}
"""


def model(folder: Path, text: str, begin: str = BEGIN) -> Written:
    """What is made of a model, as texts; nothing is built."""
    path = folder / "model.mdl"
    path.write_text(begin + text)
    return written(read_model(path), "made", folder)


def tables(made: Written) -> dict[str, Any]:
    """The tables of the scenario."""
    return tomllib.loads(made.files["made.toml"])


def box(inside: str, more: str = "", regions: str = "") -> str:
    """Molecules, and one cube with a release site or more in it; `more` stands before the cube."""
    named = f"DEFINE_SURFACE_REGIONS {{ {regions} }}" if regions else ""
    return f"{MOLECULES}{more}\nINSTANTIATE World OBJECT {{ cell BOX {{ {CUBE} {named} }} {inside} }}"


def site(molecule: str, amount: str = "NUMBER_TO_RELEASE = 10", shape: str = "World.cell") -> str:
    """A release site."""
    return f"put RELEASE_SITE {{ SHAPE = {shape} MOLECULE = {molecule} {amount} }}\n"
