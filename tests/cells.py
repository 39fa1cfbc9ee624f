"""Small geometries that tests share, and ways to ask them."""

from __future__ import annotations

from pathlib import Path

from spinemc.geometry import build
from spinemc.scenario import GeometrySpec, Named, Shape, Within

ROOT = Path(__file__).parents[1]
MESHES = ROOT.parent / "shared" / "meshes"
SPINE = {"head_radius": 0.2, "neck_radius": 0.05, "neck_length": 0.4, "psd_radius": 0.12}
SHAFT = {**SPINE, "shaft_radius": 0.5, "shaft_length": 2.0}


def make(kind, region=(), compartment=(), **parameters):
    """A shape built from its parameters in um."""
    shape = Shape(kind, parameters, "shape.toml")
    return build(GeometrySpec(shape=shape, region=region, compartment=compartment))


def box(name, low, high):
    """A name for a box."""
    return Named(name, Within("box", low=low, high=high))


def ball(name, center, radius):
    """A name for a ball."""
    return Named(name, Within("sphere", center=center, radius=radius))


def area_of(geometry, region):
    """Area of a region [um^2]."""
    return geometry.region_area[geometry.regions.index(region)]


def volume_of(geometry, compartment):
    """Volume of a compartment [um^3]."""
    return geometry.compartment_volume[geometry.compartments.index(compartment)]
