"""Parametric shapes against exact formulas, and what is said of impossible ones."""

from __future__ import annotations

import numpy as np
import pytest
from cells import ROOT, SHAFT, SPINE, area_of, make, volume_of

from spinemc.errors import GeometryError
from spinemc.geometry import load_geometry
from spinemc.geometry.shapes.lathe import SIDES


def fault(kind, **parameters):
    with pytest.raises(GeometryError) as caught:
        make(kind, **parameters)
    return str(caught.value)


def test_sphere_converges_at_second_order():
    edges = np.array([0.2, 0.1, 0.05])
    spheres = [make("sphere", radius=1.0, edge=edge) for edge in edges]
    size = [np.sqrt(g.face_area.mean()) for g in spheres]
    for exact, values in (
        (4.0 / 3.0 * np.pi, [g.volume for g in spheres]),
        (4.0 * np.pi, [g.area for g in spheres]),
    ):
        order = np.polyfit(np.log(size), np.log(exact - np.array(values)), 1)[0]
        assert order == pytest.approx(2.0, abs=0.1)


def test_default_sphere_has_a_moderate_number_of_even_triangles():
    sphere = make("sphere", radius=0.5)
    edge = np.linalg.norm(sphere.triangles - np.roll(sphere.triangles, 1, axis=1), axis=2)
    assert 1280 <= len(sphere.face) <= 2500
    assert edge.max() / edge.min() < 2.0
    np.testing.assert_allclose(np.linalg.norm(sphere.vertex, axis=1), 0.5, rtol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(sphere.face_normal, axis=1), 1.0)
    assert (np.einsum("ij,ij->i", sphere.face_normal, sphere.triangles.mean(axis=1)) > 0.0).all()


@pytest.mark.parametrize("angle", [0.1, 0.5, 2.0])
def test_cap_has_its_angle_and_its_area(angle):
    sphere = make("sphere", radius=2.0, cap_angle=angle, edge=0.2)
    cap = sphere.triangles[sphere.face_region == sphere.regions.index("cap")]
    assert cap[..., 2].min() == pytest.approx(2.0 * np.cos(angle), rel=1e-12)
    assert area_of(sphere, "cap") == pytest.approx(2.0 * np.pi * 4.0 * (1.0 - np.cos(angle)), rel=0.005)


def test_box_is_exact():
    cell = make("box", size=(1.0, 2.0, 3.0), edge=0.4)
    assert cell.volume == pytest.approx(6.0, rel=1e-12)
    assert cell.area == pytest.approx(22.0, rel=1e-12)
    for axis, area in zip("xyz", (6.0, 3.0, 2.0), strict=True):
        for side, sign in (("low", -1.0), ("high", 1.0)):
            index = cell.regions.index(f"{axis}_{side}")
            assert cell.region_area[index] == pytest.approx(area, rel=1e-12)
            normal = cell.face_normal[cell.face_region == index]
            np.testing.assert_allclose(normal, sign * np.eye(3)["xyz".index(axis)][None].repeat(len(normal), 0))


def test_cylinder_is_the_prism_of_its_rings():
    cell = make("cylinder", radius=0.1, length=1.0, edge=0.2)
    polygon = 0.5 * SIDES * 0.01 * np.sin(2.0 * np.pi / SIDES)
    assert area_of(cell, "top") == pytest.approx(polygon, rel=1e-12)
    assert area_of(cell, "bottom") == pytest.approx(polygon, rel=1e-12)
    assert area_of(cell, "side") == pytest.approx(2.0 * np.pi * 0.1, rel=0.02)
    assert cell.volume == pytest.approx(np.pi * 0.01, rel=0.03)
    np.testing.assert_allclose([cell.vertex[:, 2].min(), cell.vertex[:, 2].max()], [-0.5, 0.5])


def test_revolution_of_a_cup():
    profile = [[0, 0], [0.5, 0], [0.5, 1.0], [0.2, 1.0], [0.2, 0.5], [0, 0.5]]
    cup = make("revolution", profile=profile, regions=["foot", "", "", "well", "well"], edge=0.02)
    back = make("revolution", profile=profile[::-1], regions=["well", "well", "", "", "foot"], edge=0.02)
    volume = np.pi * (0.25 - 0.04 * 0.5)
    well = np.pi * (0.4 * 0.5 + 0.04)
    for cell in (cup, back):
        assert cell.volume == pytest.approx(volume, rel=2e-3)
        assert area_of(cell, "well") == pytest.approx(well, rel=5e-3)
        assert area_of(cell, "foot") == pytest.approx(np.pi * 0.25, rel=2e-3)
        assert cell.genus == 0


def ellipsoid_below(radius, half, height):
    """Volume of an ellipsoid of revolution from its lowest point up to a height above its centre."""
    return np.pi * radius**2 * (height + 2.0 / 3.0 * half - height**3 / (3.0 * half**2))


@pytest.mark.parametrize("height", [0.25, 0.4, 0.9])
def test_spine_volumes_and_areas(height):
    spine = make("spine", **SPINE, head_height=height, edge=0.006)
    half = height / 2.0
    depth = half * np.sqrt(1.0 - (0.05 / 0.2) ** 2)
    head = ellipsoid_below(0.2, half, half) - ellipsoid_below(0.2, half, -depth)
    assert volume_of(spine, "head") == pytest.approx(head, rel=2e-3)
    assert volume_of(spine, "neck") == pytest.approx(np.pi * 0.0025 * 0.4, rel=0.02)
    assert area_of(spine, "neck") == pytest.approx(2.0 * np.pi * 0.05 * 0.4, rel=0.01)
    assert area_of(spine, "base") == pytest.approx(np.pi * 0.0025, rel=0.02)
    assert spine.compartment_volume[1:].sum() == pytest.approx(spine.volume, rel=1e-9)
    psd = spine.triangles[spine.face_region == spine.regions.index("psd")]
    assert np.hypot(psd[..., 0], psd[..., 1]).max() == pytest.approx(0.12, rel=1e-12)
    base = spine.triangles[spine.face_region == spine.regions.index("base")]
    assert (base[..., 2] == 0.0).all()
    assert set(spine.regions) == {"membrane", "psd", "head", "neck", "base"}
    assert (spine.face_region > 0).all()


def test_psd_of_a_round_head_is_a_spherical_cap():
    spine = make("spine", **SPINE, edge=0.01)
    cap = 2.0 * np.pi * 0.2 * (0.2 - np.sqrt(0.04 - 0.12**2))
    assert area_of(spine, "psd") == pytest.approx(cap, rel=5e-3)


def test_spine_on_a_shaft():
    spine = make("spine", **SHAFT, edge=0.04)
    assert spine.genus == 0
    assert set(spine.regions) == {"membrane", "psd", "head", "neck", "shaft"}
    assert spine.compartments == ("cytosol", "head", "neck", "shaft")
    assert spine.compartment_volume[1:].sum() == pytest.approx(spine.volume, rel=1e-9)
    assert volume_of(spine, "shaft") == pytest.approx(np.pi * 0.25 * 2.0, rel=0.01)
    assert volume_of(spine, "neck") == pytest.approx(np.pi * 0.0025 * 0.4, rel=0.03)
    centre = spine.triangles.mean(axis=1)
    names = np.array(spine.regions)[spine.face_region]
    around_shaft = np.hypot(centre[:, 1], centre[:, 2] + 0.5)
    assert (around_shaft[names == "shaft"] < 0.502).all()
    assert (np.hypot(centre[:, 0], centre[:, 1])[names == "neck"] < 0.055).all()
    # what the boolean joined: the shaft's surface outside the neck, the neck's outside the shaft
    assert (np.hypot(centre[:, 0], centre[:, 1])[(names == "shaft") & (centre[:, 2] > -0.4)] > 0.045).all()
    assert area_of(spine, "neck") == pytest.approx(2.0 * np.pi * 0.05 * 0.4, rel=0.02)


def test_a_thin_neck_stays_round_whatever_the_edge():
    spine = make("spine", **SHAFT)
    for z in np.linspace(0.03, 0.37, 8):
        part = spine.mesh.section([0, 0, 1], [0, 0, z])
        assert np.hypot(*part.vertices[:, :2].T).min() > 0.05 * np.cos(np.pi / SIDES) ** 2


@pytest.mark.parametrize("name, volume, area, psd", [("thin", 0.035, 0.611, 0.045), ("mushroom", 0.271, 2.567, 0.232)])
def test_published_spines(name, volume, area, psd):
    """Bell et al. 2022, J Gen Physiol 154:e202112980: the control geometries."""
    spine = load_geometry(ROOT / "geometries" / f"{name}.toml")
    assert spine.volume == pytest.approx(volume, rel=0.003)
    assert spine.area == pytest.approx(area, rel=0.003)
    assert area_of(spine, "psd") == pytest.approx(psd, rel=0.003)


def test_a_neck_wider_than_its_head():
    assert fault("spine", **{**SPINE, "neck_radius": 0.3, "head_radius": 0.25}) == (
        "shape.toml: geometry.neck_radius is 0.30 um, not smaller than head_radius, 0.25 um: "
        "a neck is thinner than its head."
    )


def test_unknown_and_missing_keys_are_reported_together():
    message = fault("spine", head_radius=0.2, neck_radios=0.05, neck_length=0.4, psd_radius=0.1)
    assert message.splitlines() == [
        "shape.toml: geometry.neck_radios is not a key of a spine. Did you mean geometry.neck_radius?",
        "shape.toml: geometry.neck_radius is missing: a spine needs head_radius or head_volume, neck_radius or "
        "neck_resistance, neck_length, psd_radius or psd_area.",
    ]


@pytest.mark.parametrize(
    "kind, parameters, expected",
    [
        ("sphere", {"radius": -1.0}, "geometry.radius is -1: it must be positive."),
        ("sphere", {"radius": "big"}, "geometry.radius is 'big': it must be a number."),
        ("sphere", {"radius": 1.0, "cap_angle": 4.0}, "geometry.cap_angle is 4 rad"),
        ("sphere", {"radius": 1.0, "edge": 1e-5}, "geometry.edge is 1e-05 um: that makes about"),
        ("spheer", {"radius": 1.0}, "Did you mean sphere?"),
        ("dendrite", {}, "geometry.length is missing: a dendrite needs length, radius."),
        ("box", {"size": (1.0, 2.0)}, "a box needs three positive lengths"),
        ("spine", {**SPINE, "psd_radius": 0.2}, "geometry.psd_radius is 0.20 um, not smaller than head_radius"),
        ("spine", {**SPINE, "shaft_radius": 0.2}, "geometry.shaft_length is missing"),
        ("spine", {**SHAFT, "shaft_radius": 0.05}, "a neck is thinner than its shaft"),
        ("spine", {**SHAFT, "shaft_length": 0.1}, "not smaller than half of shaft_length, 0.05 um"),
        ("revolution", {"profile": [[0, 0], [1, 1]]}, "three or more points"),
        ("revolution", {"profile": [[0.1, 0], [1, 1], [0, 2]]}, "start and end on the axis"),
        ("revolution", {"profile": [[0, 0], [1, 1], [1, 0], [0, 1]]}, "crosses itself: stretches 1 and 3 meet"),
        ("revolution", {"profile": [[0, 0], [1, 1], [0, 2]], "regions": ["a"]}, "must hold 2 names"),
        ("revolution", {"profile": [[0, 0], [1, 1], [1, 1], [0, 2]]}, "the same point twice"),
    ],
)
def test_impossible_shapes(kind, parameters, expected):
    message = fault(kind, **parameters)
    assert message.startswith("shape.toml: ")
    assert expected in message
