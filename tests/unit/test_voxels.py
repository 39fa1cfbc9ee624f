"""Voxels cut by a closed mesh: exact volumes, open faces and walls."""

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh

from spinemc.geometry.voxels import voxelise, wall_area_of

MESHES = Path(__file__).resolve().parents[3] / "shared" / "meshes"


def arrays(mesh):
    return np.array(mesh.vertices), np.array(mesh.faces, dtype=np.int32)


def overlap(low, high, voxels, axis):
    """Length of [low, high] in each voxel's layer along an axis."""
    plane = voxels.origin[axis] + voxels.size * np.arange(voxels.shape[axis] + 1)
    return np.clip(np.minimum(high, plane[1:]) - np.maximum(low, plane[:-1]), 0.0, None)


def turned(mesh):
    """The same mesh in a general position."""
    about = trimesh.transformations.rotation_matrix(0.7, (1.0, 2.0, 0.5), (0.1, 0.0, 0.2))
    return mesh.apply_transform(about)


def holds(voxels):
    """Bounds and identities that hold for every closed mesh."""
    full = voxels.size**3
    assert voxels.volume.min() >= 0.0
    assert voxels.volume.max() <= full
    assert voxels.open_area.min() >= 0.0
    assert voxels.open_area.max() <= voxels.size**2
    uncut = (np.diff(voxels.start) == 0).reshape(voxels.shape)
    assert np.array_equal(voxels.volume[uncut] == full, voxels.center_inside[uncut])
    assert np.all((voxels.volume[uncut] == full) | (voxels.volume[uncut] == 0.0))
    for axis in range(3):  # an empty margin on every side
        assert np.take(voxels.volume, (0, -1), axis).max() == 0.0


def test_a_box_is_cut_exactly():
    low, high = np.array([0.11, -0.4, 2.0]), np.array([0.93, 0.37, 3.1])
    voxels = voxelise(*arrays(trimesh.creation.box(bounds=[low, high])), 0.07)
    x, y, z = (overlap(low[a], high[a], voxels, a) for a in range(3))
    volume = x[:, None, None] * y[None, :, None] * z
    np.testing.assert_allclose(voxels.volume, volume, rtol=0, atol=1e-11 * 0.07**3)
    at = [voxels.origin[a] + 0.07 * np.arange(1, voxels.shape[a] + 1) for a in range(3)]
    across = [(low[a] < at[a]) & (at[a] < high[a]) for a in range(3)]
    area = (
        across[0][:, None, None] * y[None, :, None] * z,
        x[:, None, None] * across[1][None, :, None] * z,
        x[:, None, None] * y[None, :, None] * across[2],
    )
    np.testing.assert_allclose(voxels.open_area, np.stack(area), rtol=0, atol=1e-13)
    holds(voxels)


def test_walls_in_the_planes_of_the_grid_are_counted_once():
    size = 0.125
    box = trimesh.creation.box(bounds=[[0, 0, 0], [1, 1, 1]])
    grid = voxelise(*arrays(box), size)
    vertex, face = arrays(box)
    moved = vertex + (grid.origin + 2 * size)  # walls into planes of the grid
    lowest = np.vstack([moved, [vertex.min(axis=0)]])  # an unused corner keeps the grid where it was
    voxels = voxelise(lowest, face, size)
    assert voxels.volume.sum() == pytest.approx(1.0, rel=1e-12)
    assert voxels.wall_area.sum() == pytest.approx(6.0, rel=1e-12)
    np.testing.assert_array_equal(np.unique(voxels.volume), [0.0, size**3])


@pytest.mark.parametrize("margin", [1, 3])
def test_a_turned_wall_halves_a_voxel(margin):
    """A prism under the plane x + y = 1: exact volumes by the area of a square below a diagonal."""
    prism = trimesh.Trimesh(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1]],
        [[0, 2, 1], [3, 4, 5], [0, 1, 4], [0, 4, 3], [1, 2, 5], [1, 5, 4], [2, 0, 3], [2, 3, 5]],
    )
    assert prism.is_volume
    size = 0.13
    voxels = voxelise(*arrays(prism), size, margin)

    def below(x, y):
        """Area of {0 < x' < x, 0 < y' < y, x' + y' < 1}."""
        x, y = np.clip(x, 0, None), np.clip(y, 0, None)
        cut_x = 0.5 * np.clip(1 - x, 0, None) ** 2
        cut_y = 0.5 * np.clip(1 - y, 0, None) ** 2
        cut_both = 0.5 * np.clip(1 - x - y, 0, None) ** 2
        return 0.5 - cut_x - cut_y + cut_both

    at = [voxels.origin[a] + size * np.arange(voxels.shape[a] + 1) for a in range(2)]
    area = np.diff(np.diff(below(at[0][:, None], at[1][None, :]), axis=0), axis=1)
    volume = area[:, :, None] * overlap(0.0, 1.0, voxels, 2)
    np.testing.assert_allclose(voxels.volume, volume, rtol=0, atol=1e-10 * size**3)
    holds(voxels)


@pytest.mark.parametrize(
    "mesh",
    [
        trimesh.creation.icosphere(4, 0.5),
        turned(trimesh.creation.torus(0.5, 0.15)),
        turned(trimesh.creation.annulus(0.2, 0.5, 0.8)),
    ],
    ids=["sphere", "torus", "annulus"],
)
@pytest.mark.parametrize("size", [0.021, 0.17, 3.0])
def test_volume_wall_and_centres(mesh, size):
    vertex, face = arrays(mesh)
    voxels = voxelise(vertex, face, size)
    assert voxels.volume.sum() == pytest.approx(mesh.volume, rel=1e-12)
    assert voxels.wall_area.sum() == pytest.approx(mesh.area, rel=1e-12)
    holds(voxels)
    if size < 0.1:
        assert voxels.center_inside.sum() * size**3 == pytest.approx(mesh.volume, rel=5e-3)


def test_open_faces_across_a_cylinder_make_its_cross_section():
    cylinder = trimesh.creation.cylinder(0.1, 1.0, sections=40)
    voxels = voxelise(*arrays(cylinder), 0.031)
    polygon = cylinder.volume / 1.0
    across = voxels.open_area[2].sum(axis=(0, 1))
    plane = voxels.origin[2] + 0.031 * np.arange(1, voxels.shape[2] + 1)
    np.testing.assert_allclose(across, np.where(np.abs(plane) < 0.5, polygon, 0.0), rtol=1e-12, atol=1e-15)


def test_centres_agree_with_the_solid_angle():
    """Van Oosterom and Strackee's solid angle, summed over the faces, is 4 pi inside and 0 outside."""
    vertex, face = arrays(turned(trimesh.creation.torus(0.5, 0.15, major_sections=20, minor_sections=11)))
    voxels = voxelise(vertex, face, 0.061)
    index = np.stack(np.meshgrid(*map(np.arange, voxels.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    center = voxels.origin + (index + 0.5) * voxels.size
    angle = np.zeros(len(center))
    for triangle in vertex[face]:
        a, b, c = (corner - center for corner in triangle)
        la, lb, lc = (np.linalg.norm(r, axis=1) for r in (a, b, c))
        dot = [np.einsum("ij,ij->i", *pair) for pair in ((a, b), (b, c), (c, a))]
        angle += 2 * np.arctan2(
            np.einsum("ij,ij->i", a, np.cross(b, c)), la * lb * lc + dot[0] * lc + dot[1] * la + dot[2] * lb
        )
    assert np.array_equal(angle > 2 * np.pi, voxels.center_inside.ravel())


def test_centres_in_line_with_edges_and_corners():
    """Lines through corners and along edges of the mesh neither miss nor count a face twice."""
    size = 0.25
    vertex, face = arrays(trimesh.creation.icosphere(2, 0.9))
    grid = voxelise(vertex, face, size)
    onto = np.round((vertex - grid.origin) / size - 0.5)  # corners onto the lattice of centres
    lattice = grid.origin + (onto + 0.5) * size
    outer = np.array([vertex.min(axis=0), vertex.max(axis=0)])
    snapped = trimesh.Trimesh(lattice, face, process=False)
    voxels = voxelise(np.vstack([lattice, outer]), face, size)
    again = voxelise(np.vstack([lattice, outer]), face[:, [1, 2, 0]], size)
    assert np.array_equal(voxels.center_inside, again.center_inside)
    assert voxels.volume.sum() == pytest.approx(snapped.volume, rel=1e-11)
    assert not voxels.center_inside[0].any()
    full = voxels.volume == size**3
    assert voxels.center_inside[full].all()
    assert not voxels.center_inside[voxels.volume == 0.0].any()


def test_touching_triangles_are_complete():
    """Every point of a face lies in a voxel that lists the face; lists are ascending and hold no far face."""
    rng = np.random.default_rng(1)
    vertex, face = arrays(turned(trimesh.creation.annulus(0.2, 0.5, 0.8)))
    voxels = voxelise(vertex, face, 0.06)
    weight = rng.dirichlet((0.3, 0.3, 0.3), size=(len(face), 200))
    point = np.einsum("fpc,fcx->fpx", weight, vertex[face])
    cell = np.floor((point - voxels.origin) / voxels.size).astype(int)
    flat = np.ravel_multi_index(np.moveaxis(cell, -1, 0), voxels.shape)
    owner = np.repeat(np.arange(voxels.start.size - 1), np.diff(voxels.start))
    listed = set(zip(owner.tolist(), voxels.triangle.tolist(), strict=True))
    assert {(v, f) for f, row in enumerate(flat.tolist()) for v in row} <= listed
    same = np.diff(owner) == 0
    assert np.all(np.diff(voxels.triangle)[same] > 0)
    low = voxels.origin + voxels.size * np.stack(np.unravel_index(owner, voxels.shape), axis=1)
    triangles = vertex[face][voxels.triangle]
    slack = 1e-8 * voxels.size
    assert np.all(triangles.min(axis=1) <= low + voxels.size + slack)
    assert np.all(triangles.max(axis=1) >= low - slack)


@pytest.mark.parametrize("name", ["mushroom", "thin"])
def test_published_spines(name):
    if not (MESHES / f"{name}.obj").exists():
        pytest.skip(f"no {name}.obj beside the repository")
    mesh = trimesh.load(MESHES / f"{name}.obj", process=False)
    vertex, face = arrays(mesh)
    voxels = voxelise(vertex, face, 0.02)
    holds(voxels)
    assert voxels.volume.sum() == pytest.approx(mesh.volume, rel=1e-12)
    regions = json.loads((MESHES / f"{name}.regions.json").read_text())
    for faces in regions.values():
        patch = face[np.asarray(faces)]
        area, vector = wall_area_of(voxels, vertex, patch)
        edges = np.cross(*np.diff(vertex[patch], axis=1).swapaxes(0, 1)) / 2
        assert area.sum() == pytest.approx(np.linalg.norm(edges, axis=1).sum(), rel=1e-12)
        np.testing.assert_allclose(vector.sum(axis=(1, 2, 3)), edges.sum(axis=0), rtol=0, atol=1e-14)
        assert np.all(np.linalg.norm(vector, axis=0) <= area * (1 + 1e-12))


@pytest.mark.parametrize(("size", "says"), [(0.0, "positive"), (np.nan, "positive"), (1e-5, "more than 2")])
def test_a_grid_that_cannot_be_is_refused(size, says):
    with pytest.raises(ValueError, match=says):
        voxelise(*arrays(trimesh.creation.box((1, 1, 1))), size)
