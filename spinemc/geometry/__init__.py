"""The inside of a cell: a closed, labelled triangle mesh with named regions and compartments."""

from spinemc.geometry.build import build, load_geometry
from spinemc.geometry.mesh import Geometry

__all__ = ["Geometry", "build", "load_geometry"]
