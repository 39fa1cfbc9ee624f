"""Checks of a surface, mesh files, tables."""

from __future__ import annotations

import json

import numpy as np
import pytest
import trimesh
from cells import MESHES, SHAFT, SPINE, area_of, make, volume_of

from spinemc.errors import GeometryError
from spinemc.geometry import build, load_geometry
from spinemc.geometry.checks import check
from spinemc.geometry.compartments import (
    compartment_solids,
)
from spinemc.geometry.crossings import crossings
from spinemc.geometry.description import describe
from spinemc.geometry.io import export
from spinemc.geometry.solids import manifold
from spinemc.scenario import GeometrySpec, Named, Within


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


@pytest.mark.parametrize("suffix", [".stl", ".obj", ".ply"])
def test_files_keep_the_surface_and_the_order_of_its_faces(tmp_path, suffix):
    spine = make("spine", **SHAFT)
    path = tmp_path / f"spine{suffix}"
    assert export(spine, path)[0] == path
    read = load_geometry(path)
    tolerance = 1e-6 if suffix == ".stl" else 1e-7
    np.testing.assert_allclose(read.triangles, spine.triangles, atol=tolerance)
    assert len(read.vertex) == len(spine.vertex)
    scaled = build(GeometrySpec(mesh=path, unit=0.1))
    assert scaled.volume == pytest.approx(spine.volume * 1e-3, rel=1e-5)


def test_two_balls_cross_where_their_surfaces_do():
    """Faces that cross lie along the circle in which two spheres meet, all around it, and nowhere else."""
    ball = make("sphere", radius=0.5, edge=0.05)
    vertex = np.concatenate([ball.vertex, ball.vertex + np.array([0.6, 0.013, 0.021])])
    face = np.concatenate([ball.face, ball.face + len(ball.vertex)])
    pairs = crossings(vertex, face)
    assert ((pairs[:, 0] < len(ball.face)) & (pairs[:, 1] >= len(ball.face))).all()
    centre = vertex[face[pairs]].mean(axis=(1, 2))
    assert np.abs(centre[:, 0] - 0.3).max() < 0.07
    np.testing.assert_allclose(np.hypot(centre[:, 1], centre[:, 2]), 0.4, atol=0.07)
    turn = np.sort(np.arctan2(centre[:, 1], centre[:, 2]))
    assert np.diff(turn, append=turn[0] + 2.0 * np.pi).max() < 0.2
    assert len(crossings(ball.vertex, ball.face)) == 0
    far = np.concatenate([ball.vertex, ball.vertex + np.array([1.01, 0.0, 0.0])])
    assert len(crossings(far, face)) == 0


def test_a_scene_holds_each_region_by_name(tmp_path):
    spine = make("spine", **SPINE)
    assert export(spine, tmp_path / "spine.glb") == [tmp_path / "spine.glb"]
    scene = trimesh.load_scene(tmp_path / "spine.glb")
    assert set(scene.geometry) == set(spine.regions[1:])
    for name, part in scene.geometry.items():
        assert part.area == pytest.approx(spine.region_area[spine.regions.index(name)], rel=1e-5)


@pytest.mark.parametrize("suffix", [".stl", ".obj", ".ply"])
def test_regions_go_out_and_come_back(tmp_path, suffix):
    spine = make("spine", **SPINE)
    mesh, lists = export(spine, tmp_path / f"spine{suffix}")
    named = tuple(Named(name, Within("faces", file=lists, key=name)) for name in spine.regions[1:])
    read = build(GeometrySpec(mesh=mesh, region=named))
    np.testing.assert_array_equal(read.face_region, spine.face_region)
    assert read.regions == spine.regions
    np.testing.assert_allclose(read.region_area, spine.region_area, rtol=1e-6)


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
