"""Write the scenarios of this folder: the published spine model, from the mechanisms and the geometries.

The table of the published geometries is here too; analysis/morphology_and_weight runs all of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spinemc import mechanisms
from spinemc.scenario import load_shape

HERE = Path(__file__).parent
GEOMETRIES = HERE.parents[1] / "geometries"

CLEFT = 0.020  # width, of the published meshes [um]
GLUTAMATE_ABOVE = 0.015  # the PSD's middle [um], as in the published code
THICKNESS = 0.1  # of the presynaptic body [um]: more than a reaction cell, so that nothing meets through it
MARGIN = 0.5  # of the outside around everything [um]; the published one has no end
LENGTHS = ("head_radius", "head_height", "neck_radius", "neck_length", "psd_radius", "edge")
APPARATUS_FOOT = 0.015  # above the spine's [um]


@dataclass(frozen=True)
class Apparatus:
    """A spine apparatus: a head on a neck, that stands in a spine.

    Attributes
    ----------
    head_radius, head_height, neck_radius, neck_length, psd_radius, edge : float
        [um]; the shape has a PSD, which nothing looks at.
    """

    head_radius: float
    head_height: float
    neck_radius: float
    neck_length: float
    psd_radius: float = 0.1
    edge: float = 0.04

    @property
    def shape(self) -> dict[str, str]:
        """As a scenario has it."""
        return {"kind": "spine"} | {key: _um(value) for key, value in vars(self).items()}


@dataclass(frozen=True)
class Spine:
    """A row of the published table of geometries.

    Attributes
    ----------
    name : str
    file : str
        Of the control in the folder `geometries`.
    factor : float
        How many times as long, wide and high as the control, so that volume and area come out.
    volume, area, psd : float
        Of the cytosol, which an apparatus takes its own from [um^3]; of the membrane and of the PSD [um^2].
    nmdar, ampar : int
        Receptors on the PSD.
    neck : dict
        Lengths that differ from the control's, where its neck is thinner or thicker [um].
    apparatus : Apparatus, optional
    """

    name: str
    file: str
    factor: float
    volume: float
    area: float
    psd: float
    nmdar: int
    ampar: int
    neck: Mapping[str, float] = field(default_factory=dict)
    apparatus: Apparatus | None = None

    @property
    def family(self) -> str:
        """The control's name: thin, mushroom or filopodium."""
        return Path(self.file).stem

    @property
    def vscc(self) -> int:
        """Voltage-gated channels: 2 um^-2, to the nearest whole number."""
        return round(2.0 * self.area)

    def lengths(self) -> dict[str, float]:
        """The parameters of the shape [um]: the control's, enlarged, and a PSD of the published area.

        The published PSDs did not grow with their spines: x2 has 5.4 times the area of its control's, not 4 times.
        """
        control = load_shape(GEOMETRIES / self.file).parameters
        given = {key: self.factor * control[key] for key in LENGTHS} | dict(self.neck)
        if self.factor != 1.0:
            first = next(spine for spine in SPINES if spine.file == self.file and spine.factor == 1.0)
            radius, area = _caps(control["head_radius"], control["head_height"] / 2.0)
            meshed = first.psd / np.interp(control["psd_radius"], radius, area)  # flat triangles have a smaller area
            rim = np.interp(self.psd / self.factor**2 / meshed, area, radius)
            given["psd_radius"] = self.factor * float(rim)
        return given


_THIN = {"file": "thin.toml", "factor": 1.0, "psd": 0.045, "nmdar": 7, "ampar": 54}
_MUSHROOM = {"file": "mushroom.toml", "factor": 1.0, "psd": 0.232, "nmdar": 35, "ampar": 278}
SPINES = (
    Spine("filopodium x0.5", "filopodium.toml", 0.5, 0.017, 0.717, 0.031, 5, 37),
    Spine("filopodium x0.75", "filopodium.toml", 0.75, 0.058, 1.609, 0.064, 10, 77),
    Spine("filopodium", "filopodium.toml", 1.0, 0.138, 2.860, 0.127, 19, 152),
    Spine("thin", **_THIN, volume=0.035, area=0.611),
    Spine("mushroom", **_MUSHROOM, volume=0.271, area=2.567),
    Spine("thin x2", "thin.toml", 2.005, 0.283, 2.453, 0.241, 36, 289),
    Spine("mushroom x1.33", "mushroom.toml", 1.334, 0.643, 4.568, 0.526, 79, 631),
    *(
        Spine(f"{name} neck", **control, volume=volume, area=area, neck=dict(zip(LENGTHS, lengths, strict=False)))
        for name, control, volume, area, lengths in (
            ("thin, thin", _THIN, 0.034, 0.653, (0.1915, 0.4033, 0.03675, 0.7711)),
            ("thin, thick", _THIN, 0.035, 0.590, (0.1939, 0.4083, 0.06125, 0.2682)),
            ("mushroom, thin", _MUSHROOM, 0.270, 2.689, (0.5003, 0.4793, 0.0735, 1.2211)),
            ("mushroom, thick", _MUSHROOM, 0.272, 2.507, (0.4998, 0.4788, 0.1225, 0.5008)),
        )
    ),
    *(
        Spine(f"{name} apparatus", **control, volume=volume, area=area, apparatus=Apparatus(*lengths))
        for name, control, volume, area, lengths in (
            ("thin, small", _THIN, 0.033, 0.611, (0.0635, 0.1538, 0.0228, 0.4613, 0.02, 0.02)),
            ("thin, medium", _THIN, 0.030, 0.611, (0.0953, 0.2309, 0.0228, 0.421, 0.02, 0.02)),
            ("thin, large", _THIN, 0.026, 0.611, (0.1186, 0.2872, 0.0228, 0.3922, 0.02, 0.02)),
            ("mushroom, small", _MUSHROOM, 0.255, 2.567, (0.1701, 0.1875, 0.0455, 0.8001)),
            ("mushroom, medium", _MUSHROOM, 0.235, 2.567, (0.2388, 0.2631, 0.0455, 0.7613)),
            ("mushroom, large", _MUSHROOM, 0.203, 2.567, (0.3031, 0.334, 0.0455, 0.7254)),
        )
    ),
)
"""All idealised geometries of the paper.

Lengths of necks, and sizes of heads and apparatuses, are ours, solved for so that the meshes have the published volumes
and areas. The area of an apparatus is published for the medium one of the mushroom alone: the others have its form,
and the volume that leaves the published one to the spine.
"""


def _caps(radius: float, half_height: float) -> tuple[np.ndarray, np.ndarray]:
    """Caps of an ellipsoid of revolution up to its half: the radii at their rims [um], and their areas [um^2]."""
    angle = np.linspace(0.0, 0.5 * np.pi, 2001)
    rim, slope = radius * np.sin(angle), np.hypot(radius * np.cos(angle), half_height * np.sin(angle))
    step = np.pi * (rim[1:] * slope[1:] + rim[:-1] * slope[:-1]) * np.diff(angle)
    return rim, np.concatenate([[0.0], np.cumsum(step)])


def scenario(spine: Spine, title: str, folder: Path = HERE, *, trials: int = 50) -> str:
    """The text of a scenario that stands in a folder: a published spine and all that is in it.

    Parameters
    ----------
    spine : Spine
    title : str
    folder : Path
        In which its paths begin.
    trials : int
    """
    lengths = spine.lengths()
    half = lengths["head_height"] / 2.0
    middle = lengths["neck_length"] + half * np.sqrt(1.0 - (lengths["neck_radius"] / lengths["head_radius"]) ** 2)
    rim = middle + half * np.sqrt(1.0 - (lengths["psd_radius"] / lengths["head_radius"]) ** 2)
    top, side = middle + half, lengths["psd_radius"] / np.sqrt(2.0)
    changed = {key: _um(lengths[key]) for key in (LENGTHS if spine.factor != 1.0 else spine.neck)}
    m = mechanisms
    parts = [m.CALCIUM, m.MOBILE_BUFFER, m.FIXED_BUFFER, m.PMCA, m.NCX, m.VSCC, m.GLUTAMATE, m.NMDAR_CLEFT, m.AMPAR]
    chemistry = m.assembled(
        *parts, *([m.SERCA] if spine.apparatus else []), tables=_seen(HERE.parent / "tables", folder)
    )
    released = [
        {"species": "VSCC_0", "count": spine.vscc, "on": "membrane"},
        {"species": "NMDAR_C0", "count": spine.nmdar, "on": "psd"},
        {"species": "AMPAR_C0", "count": spine.ampar, "on": "psd"},
        {"species": "glu", "count": 500, "at": [_um(0), _um(0), _um(top + GLUTAMATE_ABOVE)]},
    ]
    surfaces = [{"name": "presynapse", "copy": "psd", "offset": _um(CLEFT), "thickness": _um(THICKNESS)}]
    if spine.apparatus:
        stands = {"shape": spine.apparatus.shape, "at": [_um(0), _um(0), _um(APPARATUS_FOOT)]}
        surfaces.append({"name": "apparatus", **stands, "inside": "lumen"})
    low, high = [_um(-side), _um(-side), _um(rim)], [_um(side), _um(side), _um(top + CLEFT)]
    cleft = {"name": "cleft", "of": "outside", "within": {"box": {"low": low, "high": high}}}
    return "\n".join(
        [
            f"schema = 1\ntitle = {_toml(title)}",
            _table("[geometry]", {"file": _seen(GEOMETRIES / spine.file, folder)} | changed),
            _table("[geometry.outside]", {"margin": _um(MARGIN)}),
            *[_table("[[geometry.surface]]", entry) for entry in surfaces],
            _table("[[geometry.compartment]]", cleft),
            _table("[run]", {"t_stop": "35 ms", "dt": "1 us", "sample_every": "0.1 ms", "trials": trials, "seed": 1}),
            *[_table("[[species]]", entry) for entry in chemistry["species"]],
            *[_table("[[reaction]]", entry) for entry in chemistry["reaction"]],
            *[_table("[[release]]", entry) for entry in [*chemistry["release"], *released]],
            _table("[[boundary]]", {"region": "base", "species": ["Ca"], "kind": "absorb"}),
            _table("[[boundary]]", {"region": "far", "species": ["glu"], "kind": "absorb"}),
            _table("[[plasticity]]", {"rule": "bell2022", "species": "Ca", "compartment": "cytosol"}),
        ]
    )


def _um(length: float) -> str:
    return f"{length:.6g} um"


def _seen(path: Path, folder: Path) -> str:
    """A path as it is written in a file that stands in a folder."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _table(heading: str, entries: dict[str, Any]) -> str:
    return "\n".join(["", heading, *(f"{key} = {_toml(value)}" for key, value in entries.items())])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items()) + " }"
    return json.dumps(value)


HEADER = """\
# {title}
#
# Written by scenarios.py from spinemc.mechanisms, where each number stands with its source: Bell, Holst,
# Lee & Rangamani 2022, J Gen Physiol 154:e202112980, and the code that accompanies it. README.md says what is a choice.
"""


def main() -> None:
    """Write the scenarios that stand in this folder."""
    known = {spine.name: spine for spine in SPINES}
    event = "500 glutamate molecules and a back-propagating action potential"
    for name, spine, what in (
        ("thin", "thin", "thin spine"),
        ("mushroom", "mushroom", "mushroom spine"),
        ("mushroom_apparatus", "mushroom, medium apparatus", "mushroom spine with a spine apparatus"),
    ):
        title = f"The published {what}: {event}"
        text = f"{HEADER.format(title=title)}\n{scenario(known[spine], title)}\n"
        (HERE / f"{name}.toml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
