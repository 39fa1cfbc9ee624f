"""The inside of a cell: a closed, labelled triangle mesh with named regions and compartments."""

from spinemc.geometry.build import build, load_geometry, mend
from spinemc.geometry.description import describe
from spinemc.geometry.io import export
from spinemc.geometry.mesh import Geometry
from spinemc.geometry.protrusions import Protrusion, find_spines, table, with_spines

__all__ = [
    "Geometry",
    "Protrusion",
    "build",
    "describe",
    "export",
    "find_spines",
    "load_geometry",
    "mend",
    "table",
    "with_spines",
]
