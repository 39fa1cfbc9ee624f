"""Several surfaces and the spaces between them, against formulas of the solids and against what each is by itself."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from cells import MESHES, SPINE, area_of, ball, box, make, volume_of

from spinemc.errors import GeometryError
from spinemc.figures import plot_geometry
from spinemc.geometry import build, describe
from spinemc.geometry.checks import pieces
from spinemc.geometry.compartments import (
    contains,
    face_compartment,
    locate,
    sample_inside,
    sample_surface,
    winding_number,
)
from spinemc.geometry.grid import grid
from spinemc.geometry.io import export, read_mesh
from spinemc.geometry.mesh import SHEET
from spinemc.scenario import GeometrySpec, Named, Shape, Within
from spinemc.scenario.values import Outside, Plane, Surface

CUBE = Shape("box", {"size": (2.0, 2.0, 2.0), "edge": 0.7})
DUMBBELL = [[0, 0], [0.5, 0], [0.5, 0.3], [0.1, 0.3], [0.1, 0.7], [0.5, 0.7], [0.5, 1], [0, 1]]
HAS_MESHES = pytest.mark.skipif(not MESHES.is_dir(), reason="the published meshes are not there")


def cuboid(name, size, at=(0.0, 0.0, 0.0), inside=None):
    return Surface(name, Shape("box", {"size": size}), at=at, inside=inside)


def globe(name, radius, at=(0.0, 0.0, 0.0), inside=None):
    return Surface(name, Shape("sphere", {"radius": radius}), at=at, inside=inside)


def flat(name, point=(0.0, 0.0, 0.0), normal=(0.0, 0.0, 1.0)):
    return Surface(name, plane=Plane(point, normal), open=True)


def leaf(tmp_path, corners=((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)), z=0.0, faces="f 1 2 3\nf 1 3 4\n"):
    """A flat sheet in a file."""
    path = tmp_path / "leaf.obj"
    path.write_text("".join(f"v {x} {y} {z}\n" for x, y in corners) + faces)
    return Surface("leaf", mesh=path, open=True)


def boxes(*more, **given):
    """A cube of 2 um with one of 1 um in it, that with one of 0.4 um in it, and a margin of 0.5 um around."""
    surface = (
        cuboid("organelle", (1, 1, 1), (0.3, 0.2, 0.1), "lumen"),
        cuboid("stone", (0.4, 0.4, 0.4), (0.2, 0.2, 0)),
    )
    return build(GeometrySpec(CUBE, surface=(*surface, *more), outside=Outside(margin=0.5), **given))


def spheres():
    """A ball in a ball, a ball beside both in a box, and a partition across the large one."""
    inner, solid = globe("organelle", 0.15, (0.1, 0.05, 0.1), "lumen"), globe("glia", 0.1, (0, 0, 0.6))
    shape = Shape("sphere", {"radius": 0.4})
    return build(
        GeometrySpec(shape, surface=(inner, solid, flat("wall", (0, 0, -0.2), (0, 1, 2))), outside=Outside(0.2))
    )


def published():
    """The mushroom spine with its apparatus, and the membrane that faces its synapse."""
    apparatus = Surface("apparatus", mesh=MESHES / "mushroom_apparatus.obj", inside="lumen")
    sheet = Surface("presynapse", mesh=MESHES / "mushroom_presynapse.obj", open=True)
    return build(GeometrySpec(mesh=MESHES / "mushroom.obj", surface=(apparatus, sheet), outside=Outside(margin=0.3)))


SCENES = {"boxes": boxes, "spheres": spheres, "published": published}


@pytest.fixture(scope="module", params=SCENES)
def scene(request):
    if request.param == "published" and not MESHES.is_dir():
        pytest.skip("the published meshes are not there")
    return SCENES[request.param]()


def test_boxes_in_boxes_in_a_box():
    cell = boxes()
    assert cell.surfaces == ("membrane", "organelle", "stone", "far")
    assert cell.spaces == cell.compartments == ("cytosol", "lumen", "outside")
    assert [len(np.unique(cell.face_space[cell.face_surface == s], axis=0)) for s in range(4)] == [1] * 4
    first = [np.argmax(cell.face_surface == s) for s in range(4)]
    assert cell.face_space[first].tolist() == [[0, 2], [1, 0], [-1, 1], [2, -1]]
    np.testing.assert_allclose(cell.compartment_volume, [8 - 1, 1 - 0.064, 27 - 8], rtol=1e-12)
    np.testing.assert_allclose(cell.region_area[cell.regions.index("organelle") :], [6, 0.96, 54], rtol=1e-12)
    assert cell.volume == pytest.approx(7.0, rel=1e-12)
    assert cell.area == pytest.approx(24.0, rel=1e-12)


def test_a_cell_in_a_jar():
    """A surface around the cell has it inside, whatever the order in which they are given."""
    jar = globe("jar", 2.5, inside="bath")
    cell = build(GeometrySpec(CUBE, surface=(jar,), outside=Outside(shape=Shape("sphere", {"radius": 3.0}))))
    assert cell.spaces == ("cytosol", "bath", "outside")
    alone = [make("sphere", radius=radius).volume for radius in (2.5, 3.0)]
    np.testing.assert_allclose(cell.compartment_volume, [8.0, alone[0] - 8.0, alone[1] - alone[0]], rtol=1e-12)


def test_volumes_of_balls_are_those_of_their_polyhedra():
    cell = spheres()
    large, small, stone = (make("sphere", radius=radius).volume for radius in (0.4, 0.15, 0.1))
    far = cell.face_surface == cell.surfaces.index("far")
    inner, outer = cell.triangles[~far].reshape(-1, 3), cell.triangles[far].reshape(-1, 3)
    low, high = inner.min(axis=0) - 0.2, inner.max(axis=0) + 0.2
    expected = [large - small, small, np.prod(high - low) - large - stone]
    np.testing.assert_allclose(cell.compartment_volume, expected, rtol=1e-12)
    np.testing.assert_allclose([outer.min(axis=0), outer.max(axis=0)], [low, high], rtol=1e-12)


@HAS_MESHES
def test_the_published_spine_in_its_surroundings():
    cell = published()
    alone = [read_mesh(MESHES / f"mushroom{name}.obj") for name in ("", "_apparatus")]
    volume = [build(GeometrySpec(mesh=MESHES / f"mushroom{name}.obj")).volume for name in ("", "_apparatus")]
    assert cell.volume == pytest.approx(0.2707 - 0.0358, rel=1e-3)
    assert cell.volume == pytest.approx(volume[0] - volume[1], rel=1e-12)
    assert area_of(cell, "presynapse") == pytest.approx(0.2756, rel=1e-3)
    seen = np.concatenate([alone[0][0], read_mesh(MESHES / "mushroom_presynapse.obj")[0]])
    outer = np.prod(np.ptp(seen, axis=0) + 0.6)
    assert volume_of(cell, "outside") == pytest.approx(outer - volume[0], rel=1e-12)
    assert cell.face_space[cell.face_surface == 2].tolist() == [[2, 2]] * 299


def test_compartments_of_spaces_are_exact():
    """Without what closed surfaces in a space take of it."""
    parts = (
        ("above", (-9, -9, 0.6), (9, 9, 9), None),
        ("half", (-9, -9, 0.1), (9, 9, 9), "lumen"),
        ("ceiling", (-9, -9, 1), (9, 9, 9), "outside"),
        ("rest", (-9, -9, -9), (9, 9, 9), "outside"),
    )
    named = tuple(Named(name, Within("box", low=low, high=high), of) for name, low, high, of in parts)
    cell = boxes(compartment=named)
    assert cell.compartments == ("cytosol", "above", "lumen", "half", "outside", "ceiling", "rest")
    assert cell.compartment_space.tolist() == [0, 0, 1, 1, 2, 2, 2]
    exact = [7.0, 1.6, 0.936, 0.5 - 0.016, 19.0, 4.5, 14.5]
    np.testing.assert_allclose(cell.compartment_volume, exact, rtol=1e-12)
    rng = np.random.default_rng(1)
    for i, space in enumerate(cell.compartment_space):
        points = sample_inside(cell, i, 500, rng)
        assert contains(cell, points, space).all()
        assert not contains(cell, points, (space + 1) % 3).any()
        if i not in (0, 2, 4):
            assert (locate(cell, points, space) == i).all()
    behind = face_compartment(cell)
    assert set(behind[cell.face_surface == 1]) == {2, 3}
    assert set(behind[cell.face_surface == 2]) == {-1}  # a solid


def test_regions_of_surfaces():
    cap, bottom = Within("sphere", (0.0, 0.0, 0.4), 0.15), Within("box", low=(-9, -9, -9), high=(9, 9, -0.39))
    sphere = globe("organelle", 0.4, inside="lumen")
    named = (Named("cap", cap, "organelle"), Named("end", cap), Named("floor", bottom, "far"))
    spec = GeometrySpec(
        Shape("sphere", {"radius": 0.5}), region=(named[0], named[2]), surface=(sphere,), outside=Outside(0.1)
    )
    cell = build(spec)
    assert cell.regions == ("membrane", "organelle", "cap", "far", "floor")
    assert cell.region_surface.tolist() == [0, 1, 1, 2, 2]
    assert area_of(cell, "cap") == pytest.approx(np.pi * 0.15**2, rel=0.15)
    assert area_of(cell, "floor") == pytest.approx(1.2**2, rel=0.01)
    for region, surface in enumerate(cell.region_surface):
        faces = cell.faces_of(region)
        assert (cell.face_surface[faces] == surface).all()
        whole = cell.regions[region] in cell.surfaces
        assert len(faces) == np.count_nonzero((cell.face_surface == surface) if whole else (cell.face_region == region))
        points, on = sample_surface(cell, region, 50, np.random.default_rng(2))
        assert np.isin(on, faces).all()
        off = np.einsum("ij,ij->i", points - cell.triangles[on, 0], cell.face_normal[on])
        assert np.abs(off).max() < 1e-12
    with pytest.raises(GeometryError, match="region end holds no face"):
        build(GeometrySpec(Shape("sphere", {"radius": 0.2}), region=(named[1],)))
    with pytest.raises(GeometryError, match="region organelle is there already"):
        build(GeometrySpec(CUBE, region=(Named("organelle", cap),), surface=(sphere,)))


def test_neighbours_are_each_others(scene):
    faces = len(scene.face)
    face, k = np.nonzero(scene.neighbour >= 0)
    other = scene.neighbour[face, k]
    start, end = scene.face[face, k], scene.face[face, (k + 1) % 3]
    shares = (scene.neighbour[other] == face[:, None]) & (scene.face[other] == end[:, None])
    shares &= np.roll(scene.face[other], -1, axis=1) == start[:, None]
    assert (shares.sum(axis=1) == 1).all()
    assert (scene.face_surface[other] == scene.face_surface[face]).all()
    sheet = scene.face_space[:, 0] == scene.face_space[:, 1]
    edges = np.sort(np.stack([scene.face, np.roll(scene.face, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    count = np.unique(edges, axis=0, return_counts=True)[1]
    assert np.count_nonzero(scene.neighbour < 0) == np.count_nonzero(count == 1)
    assert (scene.neighbour[np.arange(faces)[~sheet]] >= 0).all()


def edges_of(triangles):
    """Directed edges by the places of their ends."""
    ends = np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=2).reshape(-1, 6)
    return [tuple(row) for row in ends.tolist()]


def test_the_sides_around_a_space_leave_no_gap(scene):
    """Every edge is there once in each direction; the sides of a sheet are apart and do not hang together."""
    faces = len(scene.face)
    assert scene.sides.shape == (2 * faces, 3, 3)
    sheet = scene.face_space[:, 0] == scene.face_space[:, 1]
    for space in range(len(scene.spaces)):
        rows = scene.side_faces(space)
        assert (np.diff(rows) > 0).all()
        below, above = (np.flatnonzero(scene.face_space[:, side] == space) for side in (0, 1))
        np.testing.assert_array_equal(rows, np.concatenate([below, above + faces]))
        edges = edges_of(scene.sides[rows[~sheet[rows % faces]]])
        assert len(set(edges)) == len(edges)
        assert {(*b, *a) for a, b in ((e[:3], e[3:]) for e in edges)} == set(edges)
    normal = np.cross(scene.sides[:, 1] - scene.sides[:, 0], scene.sides[:, 2] - scene.sides[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    turned = np.einsum("ij,ij->i", normal, np.concatenate([scene.face_normal, -scene.face_normal]))
    assert turned.min() > 1.0 - 1e-6
    apart = (scene.sides[faces:].mean(axis=1) - scene.sides[:faces].mean(axis=1))[sheet]
    along = np.einsum("ij,ij->i", apart, scene.face_normal[sheet])
    assert (along > 0.7 * SHEET).all()
    assert (along < 1.001 * SHEET).all()
    np.testing.assert_array_equal(scene.sides[:faces][~sheet], scene.triangles[~sheet])


def test_beneath_each_side_is_its_space(scene):
    faces = len(scene.face)
    for space in range(len(scene.spaces)):
        rows = scene.side_faces(space)
        turn = np.where(rows < faces, 1.0, -1.0)[:, None] * scene.face_normal[rows % faces]
        centre = scene.sides[rows].mean(axis=1)
        assert contains(scene, centre - 2e-6 * turn, space).all()
        is_wall = (scene.face_space[:, 0] != scene.face_space[:, 1])[rows % faces]
        assert not contains(scene, (centre + 2e-6 * turn)[is_wall], space).any()


def test_grids_share_out_their_spaces(scene):
    faces = len(scene.face)
    for space in range(len(scene.spaces)):
        made = grid(scene, space, 0.1)
        assert made.space == space
        assert made.cell_volume.sum() == pytest.approx(scene.space_volume(space), rel=1e-9)
        rows = scene.side_faces(space)
        bounds = np.unique(scene.face_surface[rows % faces])
        areas = np.bincount(scene.face_surface, scene.face_area) * np.isin(np.arange(len(scene.surfaces)), bounds)
        np.testing.assert_allclose(made.cell_area.sum(axis=1), areas, rtol=1e-9)
        np.testing.assert_array_equal(np.unique(made.voxels.triangle), rows)
        rng = np.random.default_rng(3)
        points = sample_inside(scene, int(scene.parts_of(space)[0]), 2000, rng)
        place = np.floor((points - made.voxels.origin) / made.voxels.size).astype(int)
        assert (made.cell[np.ravel_multi_index(place.T, made.voxels.shape)] >= 0).all()


@pytest.mark.parametrize("normal", [(0, 0, 1), (0, 0, -5), (1, 2, -9)])
def test_a_partition_is_the_cells_cross_section(normal):
    spine = make("spine", **SPINE)
    made = build(GeometrySpec(Shape("spine", SPINE), surface=(flat("wall", (0, 0, 0.2), normal),)))
    cut = trimesh.intersections.mesh_plane(spine.mesh, normal, (0, 0, 0.2)) - [0, 0, 0.2]
    exact = 0.5 * np.linalg.norm(np.cross(*np.moveaxis(cut, 1, 0)), axis=1).sum()
    assert area_of(made, "wall") == pytest.approx(exact, rel=1e-4)  # it reaches 1 pm into the wall
    faces = made.faces_of(made.regions.index("wall"))
    up = np.array(normal) / np.linalg.norm(normal)
    np.testing.assert_allclose(made.face_normal[faces], np.tile(up, (len(faces), 1)), atol=1e-9)
    np.testing.assert_allclose((made.triangles[faces] - [0, 0, 0.2]) @ up, 0.0, atol=1e-12)
    assert made.face_space[faces].tolist() == [[0, 0]] * len(faces)
    assert made.volume == pytest.approx(spine.volume, rel=1e-12)


def test_nothing_passes_between_a_partition_and_the_wall():
    """Its rim, everywhere, lies beyond the surface: no point of the rim is inside."""
    for turn in range(6):
        normal = np.random.default_rng(turn).normal(size=3)
        made = build(GeometrySpec(Shape("spine", SPINE), surface=(flat("wall", (0, 0, 0.3), tuple(normal)),)))
        face, k = np.nonzero((made.neighbour < 0) & (made.face_surface == 1)[:, None])
        ends = made.triangles[face, k], made.triangles[face, (k + 1) % 3]
        rim = np.concatenate([ends[0] + share * (ends[1] - ends[0]) for share in (0.0, 0.1, 0.5, 0.8)])
        wall = made.triangles[made.face_surface == 0]
        assert winding_number(wall, rim).max() < 0.5


def test_a_partition_leaves_out_what_is_not_cytosol():
    inner = cuboid("organelle", (1, 1, 1), (0.3, 0.2, 0.1), "lumen")
    made = build(GeometrySpec(CUBE, surface=(inner, flat("wall"))))
    assert area_of(made, "wall") == pytest.approx(4 - 1, rel=1e-5)
    centre = made.triangles[made.face_surface == 2].mean(axis=1)
    assert contains(made, centre).all()


def test_a_plane_through_two_lobes_is_two_sections():
    shape = Shape("revolution", {"profile": DUMBBELL, "edge": 0.05})
    made = build(GeometrySpec(shape, surface=(flat("wall", (0.2, 0, 0.5), (1, 0, 0)),)))
    sheet = made.face[made.face_surface == 1]
    assert pieces(made.vertex, sheet).max() == 1
    assert area_of(made, "wall") == pytest.approx(2 * 0.3 * 2 * np.sqrt(0.25 - 0.04), rel=0.02)


def said(*surface, tmp_path=None, **given):
    with pytest.raises(GeometryError) as caught:
        build(GeometrySpec(given.pop("shape", CUBE), surface=surface, **given), tmp_path)
    return str(caught.value)


def test_surfaces_that_cross():
    message = said(cuboid("organelle", (1, 1, 1), (1, 0, 0), "lumen"))
    assert message == (
        "box: surfaces organelle and membrane cross: they have 0.5 um^3 in common, around (0.75, 0, 0) um: "
        "one must lie in the other, or beside it."
    )
    both = globe("one", 0.3, (0.1, 0, 0)), globe("two", 0.3, (-0.1, 0, 0))
    assert "surfaces one and two cross" in said(*both) or "surfaces two and one cross" in said(*both)


@pytest.mark.parametrize(
    "surface, outside",
    [
        (cuboid("organelle", (1, 1, 1), (0.5, 0, 0)), None),  # from inside, with a face
        (cuboid("organelle", (1, 1, 1), (1.5, 0, 0)), Outside(1.0)),  # from outside, with a face
        (cuboid("organelle", (1, 1, 1), (1.5, 1.5, 1.5)), Outside(1.0)),  # with a corner
        (cuboid("organelle", (2, 2, 2), inside="lumen"), None),  # the same twice
        (cuboid("organelle", (1, 1, 1), (0.5 - 5e-7, 0, 0)), None),  # but for half a picometre
    ],
)
def test_surfaces_that_touch(surface, outside):
    message = said(surface, outside=outside)
    assert message.startswith("box: surfaces ")
    assert message.endswith(" touch: move one away, or make one surface of the two.")
    assert {"organelle", "membrane"} <= set(message.split())


def test_surfaces_a_hair_apart_are_two():
    made = build(GeometrySpec(CUBE, surface=(cuboid("organelle", (1, 1, 1), (0.5 - 1e-4, 0, 0), "lumen"),)))
    assert made.volume == pytest.approx(7.0, rel=1e-12)


def test_surfaces_where_no_molecules_are():
    assert said(globe("stone", 0.3, (3, 0, 0))) == (
        "box: surface stone lies outside the cell, where nothing is modelled: add [geometry.outside]."
    )
    inner = cuboid("rock", (1, 1, 1)), globe("stone", 0.3)
    assert said(*inner) == "box: surface stone lies in an obstacle, where no molecules are: remove it."


def test_an_outside_that_does_not_hold_everything():
    small = Outside(shape=Shape("sphere", {"radius": 0.5}))
    expected = "box: the outside does not hold all surfaces: its far side must lie around them."
    assert said(outside=small) == expected
    assert said(globe("stone", 0.3, (5, 0, 0)), outside=Outside(shape=Shape("sphere", {"radius": 3.0}))) == expected
    message = said(outside=Outside(shape=Shape("sphere", {"radius": 1.2})))
    assert message.startswith("box: surfaces ")
    assert " cross: " in message


def test_a_plane_that_misses():
    expected = "box: surface wall: its plane does not cut the cell: move its point."
    assert said(flat("wall", (0, 0, 1.5))) == expected
    assert said(flat("wall", (0, 0, 1.0))) == expected  # it lies on a face
    assert said(flat("wall", (0, 0, -1.0))) == expected


def test_open_and_closed_surfaces_are_told_apart(tmp_path):
    sheet = leaf(tmp_path)
    message = said(Surface("leaf", mesh=sheet.mesh))
    assert message.startswith("box: surface leaf: not closed: 4 open edges, the first at (0, -0.5, 0) um.")
    assert message.endswith(" Give open = true if it is a sheet.")
    assert said(Surface("leaf", mesh=sheet.mesh, inside="lumen")).endswith(
        "Only a closed surface has an inside: close it."
    )
    closed, _ = export(make("sphere", radius=0.3), tmp_path / "ball.obj")
    assert said(Surface("leaf", mesh=closed, open=True)) == (
        "box: surface leaf: closed, with no open edge: a sheet is open. Leave `open` out."
    )


SQUARE = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))


@pytest.mark.parametrize(
    "corners, z, faces, expected",
    [
        (SQUARE, 0, "f 1 2 3\nf 1 4 3\n", "inconsistent winding: neighbouring faces point to opposite sides at 1 edge"),
        (SQUARE, 0, "f 1 2 3\nf 1 2 3\n", "there more than once"),
        (SQUARE, 0, "f 1 2 3\nf 1 2 4\nf 2 1 3\n", "there more than once"),
        ((*SQUARE, (0, 0.8)), 0, "f 1 2 3\nf 1 2 4\nf 2 1 5\n", "more than two faces meet at 1 edge"),
        ((*SQUARE, (0, 0)), 0, "f 1 2 5\nf 3 4 5\n", "separate sheets touch at 1 corner, the first at (0, 0, 0) um"),
        (SQUARE, 3, "f 1 2 3\nf 1 3 4\n", "lies where nothing is modelled: move it, or add [geometry.outside]."),
        (
            ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (2.4, 0.9)),
            0,
            "f 1 2 3\nf 3 2 4\n",
            "crosses another: 45% of it lies on the other side",
        ),
    ],
)
def test_sheets_that_cannot_be(tmp_path, corners, z, faces, expected):
    message = said(leaf(tmp_path, corners, z, faces))
    assert message.startswith("box: surface leaf")
    assert expected in message


def test_a_sheet_bounds_nothing(tmp_path):
    cell = build(GeometrySpec(CUBE, surface=(leaf(tmp_path),)))
    assert cell.spaces == ("cytosol",)
    assert cell.volume == pytest.approx(8.0, rel=1e-12)
    points = np.array([[0.1, 0.2, 1e-5], [0.1, 0.2, -1e-5], [0.1, 0.2, 1.1]])
    assert contains(cell, points).tolist() == [True, True, False]
    outside = build(GeometrySpec(CUBE, surface=(leaf(tmp_path, z=1.2),), outside=Outside(margin=0.5)))
    assert outside.face_space[outside.face_surface == 1].tolist() == [[1, 1]] * 2
    assert volume_of(outside, "outside") == pytest.approx(3 * 3 * 3.2 - 8, rel=1e-12)


def test_each_surface_goes_to_its_file(tmp_path):
    cell = spheres()
    written = export(cell, tmp_path / "cell.obj")
    assert [p.name for p in written if p.suffix == ".obj"] == [
        "cell.obj", "cell_organelle.obj", "cell_glia.obj", "cell_wall.obj", "cell_far.obj",
    ]  # fmt: skip
    for surface, name in enumerate(cell.surfaces):
        path = tmp_path / (f"cell_{name}.obj" if surface else "cell.obj")
        vertex, face = read_mesh(path)
        np.testing.assert_array_equal(vertex[face], cell.triangles[cell.face_surface == surface])


def test_description_says_which_space_lies_where():
    cell = boxes(
        flat("wall", (0, 0, -0.9)), region=(ball("spot", (1, 0, 0), 0.6), box("lid", (-9, -9, 0.99), (9, 9, 9)))
    )
    text = [line.split() for line in describe(cell).splitlines()]
    for row in (
        ["membrane", "cytosol", "outside"], ["organelle", "lumen", "cytosol"], ["stone", "-", "lumen"],
        ["wall", "(sheet)", "cytosol"], ["far", "outside", "-"],
    ):  # fmt: skip
        assert row in text
    assert [row[0] for row in text[-len(cell.regions) :]] == list(cell.regions)
    assert ["lumen", "0.936"] in [row[:2] for row in text]


def test_a_picture_shows_all_but_the_far_side():
    cell = boxes(flat("wall", (0, 0, -0.9)))
    figure = plot_geometry(cell)
    (drawn,) = figure.axes[0].collections
    colours = drawn.get_facecolor()
    number = np.bincount(cell.face_surface)
    assert len(colours) == number[:-1].sum()
    assert np.count_nonzero(colours[:, 3] == 1.0) == number[1:-1].sum()
    legend = {text.get_text() for text in figure.axes[0].get_legend().get_texts()}
    assert {"organelle", "stone", "wall"} <= legend
    assert "far" not in legend
