"""What a user may set: the scenario, frozen and validated, in engine units (um, s, molecules)."""

from spinemc.scenario.learning import RULES
from spinemc.scenario.reader import load_scenario, override, parse_scenario, to_toml
from spinemc.scenario.structured import Growth, Structure
from spinemc.scenario.surfaces import load_geometry_file, load_shape
from spinemc.scenario.values import (
    Boundary,
    GeometrySpec,
    IonRecord,
    Named,
    Outside,
    Plane,
    PlasticitySpec,
    PositionRecord,
    Rate,
    Reaction,
    Release,
    Run,
    Scenario,
    Shape,
    Species,
    Surface,
    Vector,
    Within,
)

__all__ = [
    "RULES",
    "Boundary",
    "GeometrySpec",
    "Growth",
    "IonRecord",
    "Named",
    "Outside",
    "Plane",
    "PlasticitySpec",
    "PositionRecord",
    "Rate",
    "Reaction",
    "Release",
    "Run",
    "Scenario",
    "Shape",
    "Species",
    "Structure",
    "Surface",
    "Vector",
    "Within",
    "load_geometry_file",
    "load_scenario",
    "load_shape",
    "override",
    "parse_scenario",
    "to_toml",
]
