"""The inside of a cell: a closed, labelled triangle mesh with named regions and compartments."""

from spinemc.geometry.build import build, load_geometry, mend
from spinemc.geometry.description import describe
from spinemc.geometry.io import export
from spinemc.geometry.mesh import Geometry

__all__ = ["Geometry", "build", "describe", "export", "load_geometry", "mend"]
