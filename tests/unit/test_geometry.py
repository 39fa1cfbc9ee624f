"""Shapes, imported surfaces, their checks, regions and compartments, against exact formulas."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from spinemc.errors import GeometryError
from spinemc.geometry import build, load_geometry
from spinemc.geometry.compartments import (
    compartment_solids,
    contains,
    face_compartment,
    locate,
    sample_inside,
    sample_surface,
    winding_number,
)
from spinemc.geometry.io import export
from spinemc.geometry.lathe import SIDES
from spinemc.geometry.mesh import check, describe
from spinemc.geometry.solids import manifold
from spinemc.scenario import GeometrySpec, Named, Shape, Within

ROOT = Path(__file__).parents[2]
MESHES = ROOT.parent / "shared" / "meshes"
SPINE = {"head_radius": 0.2, "neck_radius": 0.05, "neck_length": 0.4, "psd_radius": 0.12}
SHAFT = {**SPINE, "shaft_radius": 0.5, "shaft_length": 2.0}


def make(kind, region=(), compartment=(), **parameters):
    shape = Shape(kind, parameters, "shape.toml")
    return build(GeometrySpec(shape=shape, region=region, compartment=compartment))


def box(name, low, high):
    return Named(name, Within("box", low=low, high=high))


def ball(name, center, radius):
    return Named(name, Within("sphere", center=center, radius=radius))


def fault(kind, **parameters):
    with pytest.raises(GeometryError) as caught:
        make(kind, **parameters)
    return str(caught.value)


def area_of(geometry, region):
    return geometry.region_area[geometry.regions.index(region)]


def volume_of(geometry, compartment):
    return geometry.compartment_volume[geometry.compartments.index(compartment)]


# --- shapes against formulas ------------------------------------------------------------------------------------


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
    assert (around_shaft[names == "shaft"] < 0.5).all()
    assert (np.hypot(centre[:, 0], centre[:, 1])[names == "neck"] < 0.05).all()
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


# --- a user's mistakes in a shape -------------------------------------------------------------------------------


def test_a_neck_wider_than_its_head():
    assert fault("spine", **{**SPINE, "neck_radius": 0.3, "head_radius": 0.25}) == (
        "shape.toml: geometry.neck_radius is 0.30 um, not smaller than head_radius, 0.25 um: "
        "a neck is thinner than its head."
    )


def test_unknown_and_missing_keys_are_reported_together():
    message = fault("spine", head_radius=0.2, neck_radios=0.05, neck_length=0.4, psd_radius=0.1)
    assert message.splitlines() == [
        "shape.toml: geometry.neck_radios is not a key of a spine. Did you mean geometry.neck_radius?",
        "shape.toml: geometry.neck_radius is missing: a spine needs head_radius, neck_radius, neck_length, psd_radius.",
    ]


@pytest.mark.parametrize(
    "kind, parameters, expected",
    [
        ("sphere", {"radius": -1.0}, "geometry.radius is -1: it must be positive."),
        ("sphere", {"radius": "big"}, "geometry.radius is 'big': it must be a number."),
        ("sphere", {"radius": 1.0, "cap_angle": 4.0}, "geometry.cap_angle is 4 rad"),
        ("sphere", {"radius": 1.0, "edge": 1e-5}, "geometry.edge is 1e-05 um: that makes about"),
        ("spheer", {"radius": 1.0}, "Did you mean sphere?"),
        ("dendrite", {}, 'geometry.kind = "dendrite" is not there yet'),
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


# --- checks of a surface ----------------------------------------------------------------------------------------


@pytest.fixture
def cube():
    cell = make("box", size=(1.0, 1.0, 1.0), edge=0.5)
    return cell.vertex.copy(), cell.face.copy()


def refused(vertex, face):
    with pytest.raises(GeometryError) as caught:
        check(vertex, face, "cell.stl")
    return str(caught.value)


def test_open(cube):
    vertex, face = cube
    middle = vertex[face[:1]].mean(axis=(0, 1))
    message = refused(vertex, face[1:])
    assert message.startswith("cell.stl: not closed: 3 open edges, the first at (")
    place = np.array([float(x) for x in message[message.index("(") + 1 : message.index(")")].split(",")])
    assert np.linalg.norm(place - middle) < 0.4
    assert message.endswith(") um.")


def test_one_degenerate_face(cube):
    vertex, face = cube
    face[0, 1] = face[0, 0]
    assert "cell.stl: 1 degenerate face (no area), the first at (" in refused(vertex, face)


def test_faces_in_a_line(cube):
    vertex, face = cube
    vertex[face[0, 1]] = vertex[face[0, [0, 2]]].mean(axis=0)
    assert "degenerate face" in refused(vertex, face)


def test_repeated_faces(cube):
    vertex, face = cube
    assert "1 face there more than once" in refused(vertex, np.concatenate([face, face[3:4]]))


def test_inconsistent_winding(cube):
    vertex, face = cube
    face[5] = face[5, ::-1]
    assert "inconsistent winding" in refused(vertex, face)
    assert "at 3 edges" in refused(vertex, face)


def test_inside_out(cube):
    vertex, face = cube
    message = refused(vertex, face[:, ::-1])
    assert "inside out" in message
    assert "flip the faces" in message


def test_two_pieces(cube):
    vertex, face = cube
    both = np.concatenate([vertex, vertex + np.array([3.0, 0.0, 0.0])]), np.concatenate([face, face + len(vertex)])
    message = refused(*both)
    assert message.startswith("cell.stl: in 2 pieces, must be one: 48 faces around (")
    assert "48 faces around (3, 0, 0) um" in message


def joined(vertex, face, shift):
    """The cube and a copy of it, shifted, with the corners where they touch made one."""
    points = np.concatenate([vertex, vertex + shift])
    unique, corner = np.unique(points, axis=0, return_inverse=True)
    return unique, corner.reshape(-1)[np.concatenate([face, face + len(vertex)])]


def test_cubes_that_share_a_corner(cube):
    assert "separate sheets touch at 1 corner, the first at (0.5, 0.5, 0.5) um" in refused(
        *joined(*cube, [1.0, 1.0, 1.0])
    )


def test_cubes_that_share_an_edge(cube):
    assert "more than two faces meet at 2 edges, the first at (0.5, 0.5," in refused(*joined(*cube, [1.0, 1.0, 0.0]))


def test_not_finite_empty_and_out_of_range(cube):
    vertex, face = cube
    assert "empty" in refused(vertex, face[:0])
    assert "face 0 names a corner that is not there" in refused(vertex, face + 1000)
    vertex[3, 1] = np.nan
    assert "1 corner not finite, the first number 3: (" in refused(vertex, face)


# --- files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".stl", ".obj", ".ply"])
def test_files_keep_the_surface_and_the_order_of_its_faces(tmp_path, suffix):
    spine = make("spine", **SHAFT)
    path = tmp_path / f"spine{suffix}"
    assert export(spine, path)[0] == path
    read = load_geometry(path)
    tolerance = 1e-6 if suffix == ".stl" else 1e-7
    np.testing.assert_allclose(read.triangles, spine.triangles, atol=tolerance)
    assert len(read.vertex) == len(spine.vertex)
    scaled = build(GeometrySpec(mesh=path, unit=1e-3))
    assert scaled.volume == pytest.approx(spine.volume * 1e-9, rel=1e-5)


def test_regions_go_out_and_come_back(tmp_path):
    spine = make("spine", **SPINE)
    mesh, lists = export(spine, tmp_path / "spine.obj")
    named = tuple(Named(name, Within("faces", file=lists, key=name)) for name in spine.regions[1:])
    read = build(GeometrySpec(mesh=mesh, region=named))
    np.testing.assert_array_equal(read.face_region, spine.face_region)
    assert read.regions == spine.regions
    np.testing.assert_allclose(read.region_area, spine.region_area, rtol=1e-12)


def test_files_that_cannot_be_read(tmp_path):
    def message(name, content):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(GeometryError) as caught:
            load_geometry(path)
        return str(caught.value)

    assert "no such file" in message("gone.stl", None)
    assert message("empty.obj", b"").startswith("empty.obj: ")
    assert message("empty.stl", b"").startswith("empty.stl: ")
    assert message("garbled.ply", b"\x00\x01nonsense").startswith("garbled.ply: cannot be read as PLY")
    assert message("words.stl", b"this is not a mesh at all").startswith("words.stl: ")
    with pytest.raises(GeometryError, match=r"use STL, OBJ or PLY"):
        build(GeometrySpec(mesh=tmp_path / "mesh.step"))


def test_open_mesh_file_names_the_file(tmp_path):
    path = tmp_path / "open.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 2 3 4\n")
    with pytest.raises(GeometryError, match=r"open\.obj: not closed: 3 open edges, the first at "):
        load_geometry(path)


@pytest.mark.parametrize(
    "content, key, expected",
    [
        (None, "a", "cannot be read for region patch"),
        ("{", "a", "not JSON"),
        ("[1]", "a", "must hold an object of lists"),
        ('{"a": [1], "b": [2]}', "c", 'has no key "c", asked for by region patch: it has a, b.'),
        ('{"a": [1, 2.5]}', "a", '"a" must be a list of face numbers'),
        ('{"a": [1, 9999]}', "a", '"a" names face 9999, not one of the faces 0 to '),
        ('{"a": []}', "a", "region patch holds no face"),
    ],
)
def test_face_lists_that_cannot_be_used(tmp_path, content, key, expected):
    path = tmp_path / "lists.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(GeometryError) as caught:
        make("sphere", radius=1.0, region=(Named("patch", Within("faces", file=path, key=key)),))
    assert expected in str(caught.value)


@pytest.mark.skipif(not MESHES.is_dir(), reason="the published meshes are not there")
@pytest.mark.parametrize(
    "name, volume, area, psd", [("thin", 0.0350, 0.6111, 0.045), ("mushroom", 0.2707, 2.5673, 0.232)]
)
def test_published_meshes(name, volume, area, psd):
    lists = MESHES / f"{name}.regions.json"
    region = tuple(Named(key.lower(), Within("faces", file=lists, key=key)) for key in ("head", "neck", "PSD", "base"))
    spine = build(GeometrySpec(mesh=MESHES / f"{name}.obj", region=region))
    assert spine.volume == pytest.approx(volume, rel=2e-3)
    assert spine.area == pytest.approx(area, rel=1e-4)
    assert area_of(spine, "psd") == pytest.approx(psd, rel=0.1)
    counts = {key: len(faces) for key, faces in json.loads(lists.read_text()).items()}
    assert np.bincount(spine.face_region)[3] == counts["PSD"]
    assert np.bincount(spine.face_region)[1] == counts["head"] - counts["PSD"]


@pytest.mark.skipif(not MESHES.is_dir(), reason="the published meshes are not there")
def test_open_published_mesh_is_refused():
    with pytest.raises(GeometryError, match=r"thin_presynapse\.obj: not closed: \d+ open edges, the first at \("):
        load_geometry(MESHES / "thin_presynapse.obj")


# --- regions and compartments -----------------------------------------------------------------------------------


def test_regions_by_place():
    cell = make(
        "sphere", radius=1.0, edge=0.05, region=(ball("pole", (0, 0, 1), 0.4), box("pit", (-2, -2, -2), (2, 2, -0.5)))
    )
    assert area_of(cell, "pole") == pytest.approx(np.pi * 0.16, rel=0.05)  # exact for a ball centred on the sphere
    assert area_of(cell, "pit") == pytest.approx(2.0 * np.pi * 0.5, rel=0.05)
    with pytest.raises(GeometryError, match="region far holds no face"):
        make("sphere", radius=1.0, region=(ball("far", (9, 9, 9), 0.1),))
    with pytest.raises(GeometryError, match="region psd is there already: choose another name"):
        make("spine", **SPINE, region=(ball("psd", (0, 0, 0.8), 0.1),))


def test_box_compartments_are_exact():
    parts = (box("corner", (0, 0, 0), (9, 9, 9)), box("upper", (-9, -9, 0), (9, 9, 9)))
    cell = make("box", size=(2.0, 2.0, 2.0), edge=0.3, compartment=parts)
    np.testing.assert_allclose(cell.compartment_volume, [8.0, 1.0, 3.0], rtol=1e-12)


def test_sphere_compartment_and_what_is_left_of_a_box():
    parts = (ball("bubble", (0, 0, 0), 0.5), box("right", (0, -9, -9), (9, 9, 9)))
    cell = make("box", size=(2.0, 2.0, 2.0), compartment=parts)
    bubble = 4.0 / 3.0 * np.pi * 0.125
    np.testing.assert_allclose(cell.compartment_volume, [8.0, bubble, 4.0 - bubble / 2.0], rtol=1e-6)


def test_named_parts_and_the_rest_make_the_whole():
    parts = (box("low", (-1, -1, -9), (0.03, 1, 0.3)), ball("top", (0, 0, 0.7), 0.11))
    spine = make("spine", **SPINE, compartment=parts)
    assert spine.compartments == ("cytosol", "low", "top", "head", "neck")
    assert spine.compartment_volume[1:].sum() == pytest.approx(spine.volume, rel=1e-9)
    half = make("spine", **SPINE, compartment=(box("slab", (-1, -1, 0.2), (1, 1, 0.3)),))
    assert volume_of(half, "neck") == pytest.approx(3.0 * volume_of(half, "slab"), rel=0.02)


def test_compartments_that_cannot_be():
    with pytest.raises(GeometryError, match="compartment far holds nothing of the inside"):
        make("sphere", radius=1.0, compartment=(box("far", (5, 5, 5), (6, 6, 6)),))
    with pytest.raises(GeometryError, match="compartment second holds nothing of the inside"):
        twice = (ball("first", (0, 0, 0), 0.5), ball("second", (0, 0, 0), 0.4))
        make("sphere", radius=1.0, compartment=twice)
    with pytest.raises(GeometryError, match="compartment head is there already"):
        make("spine", **SPINE, compartment=(ball("head", (0, 0, 0.6), 0.1),))


def test_locate_takes_the_first_that_holds_the_point():
    spine = make("spine", **SPINE, compartment=(ball("core", (0, 0, 0.6), 0.05),))
    points = np.array([[0, 0, 0.6], [0.1, 0, 0.6], [0, 0, 0.2]])
    assert [spine.compartments[i] for i in locate(spine, points)] == ["core", "head", "neck"]
    sphere = make("sphere", radius=1.0, compartment=(box("right", (0, -9, -9), (9, 9, 9)),))
    np.testing.assert_array_equal(locate(sphere, np.array([[0.5, 0, 0], [-0.5, 0, 0]])), [1, 0])


def test_faces_know_the_compartment_behind_them():
    spine = make("spine", **SPINE)
    compartment = np.array(spine.compartments)[face_compartment(spine)]
    region = np.array(spine.regions)[spine.face_region]
    assert set(compartment[np.isin(region, ["head", "psd"])]) == {"head"}
    assert set(compartment[np.isin(region, ["neck", "base"])]) == {"neck"}


# --- points -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", [SPINE, SHAFT])
def test_inside_agrees_with_the_winding_number(parameters):
    spine = make("spine", **parameters)
    rng = np.random.default_rng(1)
    low, high = spine.vertex.min(axis=0), spine.vertex.max(axis=0)
    near = spine.triangles.mean(axis=1)[::4]
    points = np.concatenate(
        [
            rng.uniform(low, high, (800, 3)),
            near + 1e-9 * spine.face_normal[::4],
            near - 1e-9 * spine.face_normal[::4],
            np.stack([np.zeros(50), np.zeros(50), rng.uniform(low[2], high[2], 50)], axis=1),
        ]
    )
    np.testing.assert_array_equal(contains(spine, points), winding_number(spine.triangles, points) > 0.5)
    n = len(near)
    assert not contains(spine, points[800 : 800 + n]).any()
    assert contains(spine, points[800 + n : 800 + 2 * n]).all()


def test_inside_a_box_seen_along_its_edges():
    cell = make("box", size=(1.0, 1.0, 1.0), edge=0.25)
    grid = np.stack(np.meshgrid(*[np.linspace(-0.75, 0.75, 13)] * 3), axis=-1).reshape(-1, 3)
    grid = grid[np.abs(np.abs(grid).max(axis=1) - 0.5) > 1e-9]
    np.testing.assert_array_equal(contains(cell, grid), np.abs(grid).max(axis=1) < 0.5)


def test_points_of_the_inside_are_even():
    cell = make("box", size=(2.0, 1.0, 1.0), compartment=(ball("bubble", (0, 0, 0), 0.4),))
    rng = np.random.default_rng(2)
    points = sample_inside(cell, 1, 20000, rng)
    shell = (np.linalg.norm(points, axis=1) / 0.4) ** 3
    count = np.histogram(shell, 10, (0.0, 1.0))[0]
    assert count.sum() == 20000
    assert ((count - 2000.0) ** 2 / 2000.0).sum() < 40.0  # chi-squared, 9 degrees of freedom, p = 1e-5
    spine = make("spine", **SHAFT)
    for index, name in enumerate(spine.compartments):
        points = sample_inside(spine, index, 2000, rng)
        assert len(points) == 2000
        assert contains(spine, points).all()
        if name != "cytosol":
            assert (locate(spine, points) == index).all()
    whole = locate(spine, sample_inside(spine, 0, 20000, rng))
    share = spine.compartment_volume[1:] / spine.volume
    expected = 20000 * share
    found = np.bincount(whole, minlength=4)[1:]
    assert (np.abs(found - expected) < 5.0 * np.sqrt(expected * (1.0 - share)) + 1e-9).all()


def test_points_of_the_surface_are_even():
    cell = make("box", size=(1.0, 2.0, 3.0), edge=0.7)
    rng = np.random.default_rng(3)
    points, face = sample_surface(cell, 0, 50000, rng)
    assert np.abs(np.einsum("ij,ij->i", points - cell.triangles[face, 0], cell.face_normal[face])).max() < 1e-12
    share = cell.face_area / cell.area
    found = np.bincount(face, minlength=len(cell.face))
    assert (np.abs(found - 50000 * share) < 5.5 * np.sqrt(50000 * share)).all()
    index = cell.regions.index("z_high")
    points, face = sample_surface(cell, index, 20000, rng)
    assert (cell.face_region[face] == index).all()
    assert (points[:, 2] == 1.5).all()
    assert np.abs(points[:, :2].mean(axis=0)).max() < 5.0 * 2.0 / np.sqrt(12.0 * 20000)
    assert points[:, 1].var() == pytest.approx(4.0 / 12.0, rel=0.03)


def test_the_same_numbers_draw_the_same_points():
    spine = make("spine", **SPINE)
    one, two = (sample_inside(spine, 1, 100, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert sample_inside(spine, 1, 0, np.random.default_rng(7)).shape == (0, 3)


# --- tables -----------------------------------------------------------------------------------------------------


def test_description_says_what_is_there():
    spine = make("spine", **SHAFT)
    text = describe(spine)
    for word in ("shape.toml", "volume/area", "cytosol", "membrane", "ions at 100 nM", "nm", *spine.regions):
        assert word in text
    row = next(line for line in text.splitlines() if line.split()[0] == "shaft").split()
    assert float(row[1]) == pytest.approx(volume_of(spine, "shaft"), rel=1e-3)
    assert float(row[3]) == pytest.approx(100e-9 * 6.02214076e23 * 1e-15 * volume_of(spine, "shaft"), rel=1e-2)


def test_mesh_and_solid_agree_with_the_tables():
    spine = make("spine", **SHAFT)
    assert spine.mesh.is_watertight
    assert spine.mesh.volume == pytest.approx(spine.volume, rel=1e-12)
    assert spine.mesh.area == pytest.approx(spine.area, rel=1e-12)
    assert manifold(spine.vertex, spine.face, "spine").volume() == pytest.approx(spine.volume, rel=1e-12)
    assert spine.region_area[1:].sum() == pytest.approx(spine.area, rel=1e-12)
    assert [len(pieces) for pieces in compartment_solids(spine)] == [1, 1, 1]
