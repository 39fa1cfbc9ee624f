"""Spines found on dendrites whose spines are known: names taken off, turned, roughened, written and read again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from spinemc.errors import GeometryError
from spinemc.geometry import build, export, find_spines, load_geometry, table, with_spines
from spinemc.geometry.mesh import Geometry
from spinemc.geometry.protrusions import Protrusion
from spinemc.geometry.sections import widths
from spinemc.geometry.solids import manifold, normals, united
from spinemc.geometry.trunk import trunk_of
from spinemc.scenario import GeometrySpec, Shape

GEOMETRIES = Path(__file__).resolve().parents[2] / "geometries"
MESHES = Path(__file__).resolve().parents[3] / "shared" / "meshes"
ALIKE = 0.85  # faces in common over faces of either, by area
KINDS = [
    {"kind": "spine", "at": 0.7, "angle": 0.3, "head_radius": 0.3, "neck_radius": 0.08, "neck_length": 0.4},
    {"kind": "spine", "at": 1.5, "angle": 2.0, "head_radius": 0.12, "neck_radius": 0.05, "neck_length": 0.9},
    {"kind": "stubby", "at": 2.2, "angle": -1.0, "head_radius": 0.2, "head_height": 0.32},
    {"kind": "spine", "at": 3.0, "angle": 0.5, "head_radius": 0.36, "neck_radius": 0.12, "neck_length": 0.25},
    {"kind": "stubby", "at": 3.9, "angle": 3.0, "head_radius": 0.15, "head_height": 0.28},
    {"kind": "spine", "at": 4.4, "angle": -0.4, "head_radius": 0.1, "neck_radius": 0.06, "neck_length": 1.6},
    {"kind": "spine", "at": 5.2, "angle": 1.4, "head_radius": 0.2, "neck_radius": 0.05, "neck_length": 0.3},
]


def dendrite(**parameters):
    """The dendrite of the example with other settings."""
    said = [f'geometry.{key}="{value}"' if isinstance(value, str) else f"geometry.{key}={value}"
            for key, value in parameters.items()]  # fmt: skip
    return load_geometry(GEOMETRIES / "dendrite.toml", said)


def made(kind, **parameters):
    return build(GeometrySpec(shape=Shape(kind, parameters, "here")))


def of_kinds(**more):
    """Thin, mushroom and stubby spines on a bent shaft."""
    return made("dendrite", **{"length": 6.0, "radius": 0.35, "bend_angle": 1.2, "fillet": 0.04, "edge": 0.06,
                               "spine": [one | {"psd_radius": 0.05} for one in KINDS]} | more)  # fmt: skip


def nameless(vertex, face):
    return Geometry.of_one_surface("cell", vertex, face, np.zeros(len(face), np.int16), ("membrane",))


def brought(geometry, seed=0, noise=0.0):
    """A surface as a user brings it: in any position, rough, without names."""
    rng = np.random.default_rng(seed)
    turn = Rotation.random(random_state=seed).as_matrix()
    vertex = geometry.vertex @ turn.T + rng.uniform(-20.0, 20.0, 3) + noise * rng.normal(size=geometry.vertex.shape)
    return nameless(vertex, geometry.face)


def owners(geometry):
    """(f,) the spine that each face is known to be of, empty for the shaft."""
    names = [name.split(".")[0] if name.startswith("spine_") else "" for name in geometry.regions]
    return np.array(names)[geometry.face_region]


def agreement(geometry, found):
    """By spine known, faces in common with the one found that has most of them, over those of either, by area."""
    known, score = owners(geometry), {}
    for name in sorted(set(known) - {""}):
        own = known == name
        share = []
        for one in found:
            there = np.zeros(len(own), bool)
            there[one.faces] = True
            share.append(geometry.face_area[own & there].sum() / geometry.face_area[own | there].sum())
        score[name] = max(share, default=0.0), int(np.argmax(share))
    return score


def agrees(geometry, found):
    """Every known spine is found, once, with its faces."""
    score = agreement(geometry, found)
    assert len(found) == len(score)
    assert len({which for _, which in score.values()}) == len(score)
    assert min(share for share, _ in score.values()) >= ALIKE, score
    return {name: found[which] for name, (_, which) in score.items()}


@pytest.mark.parametrize(
    "settings, noise",
    [
        ({"seed": 2, "density": "1 /um"}, 0.0),
        ({"seed": 3, "density": "2 /um"}, 0.004),
        ({"seed": 4, "density": "3 /um"}, 0.004),
        ({"seed": 7, "bend_angle": "150 deg", "radius": "0.5 um", "end_radius": "0.2 um"}, 0.004),
        ({"seed": 9, "edge": "0.05 um", "length": "5 um"}, 0.008),
    ],
)
def test_spines_of_a_dendrite_are_found_with_their_faces_and_volumes(settings, noise):
    """A fillet and a foot on a curved shaft leave the border open: volumes agree to 8 %."""
    geometry = dendrite(**settings)
    found = find_spines(brought(geometry, seed=5, noise=noise))
    volume = dict(zip(geometry.compartments, geometry.compartment_volume, strict=True))
    for name, one in agrees(geometry, found).items():
        assert one.volume == pytest.approx(volume[f"{name}.head"] + volume[f"{name}.neck"], rel=0.08), name
    assert [one.name for one in found] == [f"spine_{k}" for k in range(1, len(found) + 1)]
    assert np.all(np.diff([one.along for one in found]) > 0.0)


def test_thin_mushroom_and_stubby_spines_measure_what_they_were_made_with():
    """Widths to 8 %; heights to what a fillet and the sagging of chords may hide."""
    geometry = of_kinds()
    spines = agrees(geometry, find_spines(brought(geometry, seed=1)))
    for k, given in enumerate(KINDS, start=1):
        one = spines[f"spine_{k}"]
        assert one.head_width == pytest.approx(2.0 * given["head_radius"], rel=0.08), one
        if given["kind"] == "spine":
            length = given["neck_length"] + 2.0 * given["head_radius"]
            assert one.neck_width == pytest.approx(2.0 * given["neck_radius"], rel=0.08), one
        else:
            length = given["head_height"]
        assert one.height == pytest.approx(length, rel=0.12), one
        assert one.length == pytest.approx(one.height, abs=0.06), one


def test_a_file_read_again_gives_the_same_and_the_regions_are_written(tmp_path):
    geometry = of_kinds()
    export(brought(geometry, seed=3), tmp_path / "cell.ply")
    read = load_geometry(tmp_path / "cell.ply")
    found = find_spines(read)
    assert len(agrees(replace(geometry, vertex=read.vertex), found)) == len(KINDS)
    named = with_spines(read, found)
    assert named.regions == ("membrane", *(one.name for one in found))
    for one in found:
        assert np.array_equal(named.faces_of(named.regions.index(one.name)), one.faces)


def bumpy(vertex, face, high, wave, seed):
    """Corners moved along their normals by random waves of a standard deviation [um]."""
    rng = np.random.default_rng(seed)
    way = rng.normal(size=(60, 3))
    way *= 2.0 * np.pi / np.linalg.norm(way, axis=1, keepdims=True) / rng.uniform(wave, 3.0 * wave, (60, 1))
    field = np.sin(vertex @ way.T + rng.uniform(0.0, 2.0 * np.pi, 60)).sum(axis=1) / np.sqrt(30.0)
    return vertex + high * field[:, None] * normals(vertex, face)


def oval(vertex, face):
    return vertex * [1.0, 0.7, 1.0]


def varicose(vertex, face):
    return vertex * np.column_stack(
        [np.ones(len(vertex)), *[1.0 + 0.35 * np.sin(2.0 * np.pi * vertex[:, 0] / 3.0)] * 2]
    )


def wavy(vertex, face):
    return vertex + 0.25 * np.column_stack([0 * vertex[:, 0], np.cos(2 * vertex[:, 0]), np.sin(1.5 * vertex[:, 0])])


def rough(vertex, face):
    return bumpy(vertex, face, 0.03, 0.3, seed=1)


@pytest.mark.parametrize("change", [oval, varicose, wavy, rough])
def test_shafts_that_are_not_round_even_or_smooth(change):
    geometry = dendrite(seed=1, density="1.5 /um", bend_angle="0 deg", length="7 um")
    geometry = replace(geometry, vertex=change(geometry.vertex, geometry.face))
    agrees(geometry, find_spines(brought(geometry, seed=2)))


@pytest.mark.parametrize(
    "shaft",
    [
        {},
        {"bend_angle": 2.5},
        {"radius": 0.5, "end_radius": 0.2},
        {"length": 2.0, "radius": 0.4},
        {"bend_angle": -1.5, "end_radius": 0.25, "edge": 0.04},
    ],
)
@pytest.mark.parametrize("change", [None, rough])
def test_a_bare_shaft_has_none(shaft, change):
    geometry = made("dendrite", **{"length": 6.0, "radius": 0.4, "edge": 0.08, "spine": []} | shaft)
    if change is not None:
        geometry = replace(geometry, vertex=change(geometry.vertex, geometry.face))
    assert find_spines(brought(geometry, seed=4, noise=0.003)) == []
    assert table([]).startswith("spines: none is seen.")


@pytest.mark.parametrize("name", ["mushroom", "thin", "cup", "branched"])
def test_a_spine_by_itself_shows_no_shaft(name):
    alone = load_geometry(GEOMETRIES / f"{name}.toml")
    for seed in range(3):
        with pytest.raises(GeometryError, match=r"^cell: no shaft is seen that spines could stand on: .*\.$"):
            find_spines(brought(alone, seed))


@pytest.mark.skipif(not MESHES.is_dir(), reason="the published meshes are not here")
@pytest.mark.parametrize("name", ["mushroom", "thin", "sphere"])
def test_published_spines_by_themselves_show_no_shaft(name):
    with pytest.raises(GeometryError, match="no shaft is seen"):
        find_spines(load_geometry(MESHES / f"{name}.obj"))


def test_a_branched_spine_is_one():
    """Two heads on one neck, united with a shaft below: one protrusion with the volume of both."""
    spine, shaft = (
        load_geometry(GEOMETRIES / "branched.toml"),
        made("dendrite", length=3.0, radius=0.3, edge=0.05, spine=[]),
    )
    stood = spine.vertex + np.array([1.5, 0.0, 0.22])
    parts = [(v, f, np.full(len(f), k)) for k, (v, f) in enumerate([(shaft.vertex, shaft.face), (stood, spine.face)])]
    vertex, face, label = united(parts, "both")
    whole = nameless(vertex, face)
    (found,) = find_spines(whole)
    own = np.zeros(len(face), bool)
    own[found.faces] = True
    assert whole.face_area[own & (label == 1)].sum() >= ALIKE * whole.face_area[own | (label == 1)].sum()
    assert found.volume == pytest.approx(whole.volume - shaft.volume, rel=0.05)


@pytest.mark.parametrize("turn", [0.0, 0.7])
def test_ends_cut_straight_or_askew(turn):
    """What a plane leaves of a dendrite has the spines that stand clear of the plane, whichever way it cuts."""
    geometry = of_kinds(bend_angle=0.0)
    cell = manifold(geometry.vertex, geometry.face, "cell")
    for x, side in ((0.3, 1.0), (4.8, -1.0)):
        way = side * np.array([np.cos(turn), 0.0, np.sin(turn)])
        cell = cell.trim_by_plane(way.tolist(), float(x * way[0]))
    cut = cell.to_mesh64()
    found = find_spines(nameless(np.array(cut.vert_properties)[:, :3], np.array(cut.tri_verts, dtype=np.int32)))
    assert len(found) == 6


def test_what_is_hardly_taller_than_wide_is_in_doubt():
    mound = {"kind": "stubby", "at": 2.0, "head_radius": 0.3, "head_height": 0.22, "psd_radius": 0.1}
    flat = made("dendrite", length=4.0, radius=0.4, edge=0.06, fillet=0.03, spine=[mound])
    (one,) = find_spines(brought(flat))
    assert one.doubt == "hardly taller than wide"
    assert "in doubt: hardly taller than wide" in table([one])
    assert find_spines(brought(flat), least_height=0.4) == []


def test_a_swelling_all_round_is_no_spine():
    shaft = made("dendrite", length=8.0, radius=0.3, edge=0.05, spine=[])
    bulge = 1.0 + 1.2 * np.exp(-(((shaft.vertex[:, :1] - 4.0) / 0.15) ** 2))
    vertex = shaft.vertex * np.hstack([np.ones_like(bulge), bulge, bulge])
    assert np.hypot(vertex[:, 1], vertex[:, 2]).max() > 0.5
    assert find_spines(nameless(vertex, shaft.face)) == []


def test_the_shaft_of_a_torus_segment_is_known():
    """Its radius, and the height of points above it, by formula."""
    bent = made("dendrite", length=6.0, radius=0.4, bend_angle=1.5, edge=0.05, spine=[])
    shaft = trunk_of(bent.vertex, bent.face)
    assert shaft.radius == pytest.approx(0.4, rel=0.01)
    centre = bent.triangles.mean(axis=1)
    side = bent.face_region == bent.regions.index("shaft")
    height, along = shaft.above(centre[side] + 0.3 * bent.face_normal[side])
    well_in = (along > 1.5) & (along < shaft.length - 1.5)
    assert well_in.sum() > 1000
    assert np.abs(height[well_in] - 0.3).max() < 0.01
    assert shaft.rough < 0.005


def test_widths_of_a_ball_on_a_rod():
    """A ball of 0.3 um on a rod of 0.1 um, whose lower end is the lid."""
    ball, rod = trimesh.creation.icosphere(4, 0.3), trimesh.creation.cylinder(0.1, 1.0, sections=96)
    faces = [np.array(x.faces) for x in (rod, ball)]
    corners = [np.array(rod.vertices), np.array(ball.vertices) + np.array([0.0, 0.0, 0.7])]
    parts = [(v, f, np.zeros(len(f), np.int64)) for v, f in zip(corners, faces, strict=True)]
    vertex, face, _ = united(parts, "ball on a rod")
    lid = vertex[face][..., 2].max(axis=1) < -0.49
    head, neck = widths(vertex, face, lid, np.array([0.0, 0.0, -0.5]))
    assert head == pytest.approx(0.6, rel=0.02)
    assert neck == pytest.approx(0.2, rel=0.02)


def test_names_that_are_there_and_a_height_that_is_none_are_refused():
    named = of_kinds()
    with pytest.raises(
        GeometryError, match=r"its surface has names already, .*: spines are looked for in a mesh without"
    ):
        find_spines(named)
    with pytest.raises(GeometryError, match="least_height is -1 um: it must be a positive length"):
        find_spines(brought(named), least_height=-1.0)
    assert isinstance(find_spines(brought(named))[0], Protrusion)
