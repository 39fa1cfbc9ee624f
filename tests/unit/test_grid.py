"""The grid that molecules move on, and the rates in its cells: claims checked by brute force and by other routes."""

import math
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from cells import SHAFT, SPINE, make
from scipy.special import ndtr

from spinemc.engine.rates import correction, returns, spectrum
from spinemc.geometry import build
from spinemc.geometry.compartments import contains, sample_inside
from spinemc.geometry.grid import CELL, PARTS, grid, shelters
from spinemc.scenario import GeometrySpec, Shape
from spinemc.scenario.values import Outside, Plane, Surface

SELF_ENERGY = 1.88231264438966  # mean of 1 / distance between two points of a unit cube


def shifted(geometry, by):
    """The same geometry elsewhere."""
    return replace(geometry, vertex=geometry.vertex + np.array(by))


def turned(geometry):
    """The same geometry in a general position."""
    about = trimesh.transformations.rotation_matrix(0.7, (1.0, 2.0, 0.5), (0.1, 0.0, 0.2))
    return replace(geometry, vertex=trimesh.transform_points(geometry.vertex, about))


def brick():
    """A box whose walls single precision cannot name."""
    return make("box", size=(0.31, 0.47, 0.93), edge=0.2)


def parted():
    """A ball with a smaller one in it, partitions above and below that, and something solid beside it."""
    organelle = Surface("organelle", Shape("sphere", {"radius": 0.2, "edge": 0.08}), inside="lumen")
    solid = Surface("solid", Shape("box", {"size": (0.2, 0.2, 0.2)}), at=(0.0, 0.0, 0.65))
    walls = (Surface(f"wall {z}", plane=Plane((0.0, 0.0, z), (0.1, 0.2, 1.0))) for z in (-0.3, 0.27))
    ball = Shape("sphere", {"radius": 0.45, "edge": 0.12})
    return build(GeometrySpec(ball, surface=(organelle, solid, *walls), outside=Outside(margin=0.15)))


MESHES = {
    "brick": brick,
    "brick far away": lambda: shifted(brick(), (123.4, -56.7, 8.9)),
    "brick turned": lambda: turned(brick()),
    "ball": lambda: make("sphere", radius=0.3, edge=0.08),
    "ball of many faces": lambda: make("sphere", radius=0.12, edge=0.012),
    "spine": lambda: make("spine", **SPINE, edge=0.06),
    "spine on a shaft": lambda: make("spine", **SHAFT, edge=0.1),
    "around an organelle": lambda: parted(),
    "in an organelle": lambda: parted(),
    "outside": lambda: parted(),
}
SPACES = {"in an organelle": 1, "outside": 2}  # the cytosol where nothing is said


@pytest.fixture(scope="module", params=MESHES)
def laid(request):
    """A geometry and its grid."""
    geometry = MESHES[request.param]()
    return geometry, grid(geometry, SPACES.get(request.param, 0))


def voxel_of(voxels, points):
    """Index of the voxel of each point."""
    ijk = np.floor((points - voxels.origin) / voxels.size).astype(int)
    return np.ravel_multi_index(ijk.T, voxels.shape)


def spanned(a, b, c, d):
    """Six times the signed volume of tetrahedra."""
    return np.einsum("...k,...k", np.cross(b - a, c - a), d - a)


def meets(triangles, p, q):
    """Which segments p q meet a triangle, all with all: signs of the volumes they span."""
    a, b, c = (triangles[:, n] for n in range(3))
    found = np.zeros(len(p), bool)
    for n, (start, end) in enumerate(zip(p, q, strict=True)):
        ends = spanned(a, b, c, start) * spanned(a, b, c, end) <= 0.0
        u, v, w = (side[ends] for side in (a, b, c))
        sides = np.stack([spanned(start, end, *edge) for edge in ((u, v), (v, w), (w, u))])
        found[n] = ((sides >= 0.0).all(axis=0) | (sides <= 0.0).all(axis=0)).any()
    return found


def walls(geometry, made):
    """The triangles that bound the space of a grid."""
    return geometry.sides[geometry.side_faces(made.space)]


def distance(triangles, points):
    """Distance of each point to the nearest triangle."""
    mesh = trimesh.Trimesh(triangles.reshape(-1, 3), np.arange(3 * len(triangles)).reshape(-1, 3), process=False)
    return trimesh.proximity.closest_point_naive(mesh, points)[1]


def points_in(geometry, made, n, rng):
    """Points spread over the space of a grid."""
    return sample_inside(geometry, int(geometry.parts_of(made.space)[0]), n, rng)


def test_cells_share_out_the_whole_inside(laid):
    geometry, made = laid
    assert made.cell_volume.sum() == pytest.approx(geometry.space_volume(made.space), rel=1e-9)
    face = np.unique(geometry.side_faces(made.space) % len(geometry.face))  # a sheet's faces count once
    assert made.cell_area.sum() == pytest.approx(geometry.face_area[face].sum(), rel=1e-9)
    assert np.array_equal(np.unique(made.cell[made.cell >= 0]), np.arange(len(made.cell_volume)))


def test_no_cell_is_a_sliver(laid):
    """Nor does joining slivers make giants."""
    _, made = laid
    full = made.cell_size**3
    assert made.cell_size == pytest.approx(CELL)
    assert made.cell_volume.min() >= 0.4 * full
    assert made.cell_volume.max() < 3.0 * full


def test_a_mesh_smaller_than_a_cell_is_one_cell():
    speck = make("sphere", radius=0.012, edge=0.006)
    made = grid(speck)
    assert made.cell_volume == pytest.approx([speck.volume])


def test_every_inside_point_has_a_cell(laid):
    geometry, made = laid
    points = points_in(geometry, made, 20_000, np.random.default_rng(1))
    cell = made.cell[voxel_of(made.voxels, points)]
    assert cell.min() >= 0
    # and cells hold points in the measure of their volumes
    found = np.bincount(cell, minlength=len(made.cell_volume))
    expected = made.cell_volume / made.cell_volume.sum() * len(points)
    assert ((found - expected) ** 2 / expected).sum() < len(found) + 5.0 * math.sqrt(2.0 * len(found))


def test_cells_are_close_by(laid):
    """Slivers along a grazing wall may join to a row; all but a tenth of the inside is in cells of two cubes' width."""
    _, made = laid
    volume = made.voxels.volume.ravel()
    filled = np.flatnonzero(volume > 0.0)
    wide = np.zeros(len(made.cell_volume), int)
    for along in np.unravel_index(filled, made.voxels.shape):
        low = np.full(wide.size, made.cell.size)
        high = np.zeros(wide.size, int)
        np.minimum.at(low, made.cell[filled], along)
        np.maximum.at(high, made.cell[filled], along)
        wide = np.maximum(wide, high - low + 1)
    assert made.cell_volume[wide > 2 * made.fineness].sum() < 0.1 * made.cell_volume.sum()


def test_a_larger_cell_is_what_was_asked_for():
    made = grid(make("sphere", radius=0.3, edge=0.08), cell=0.1)
    assert made.cell_size == pytest.approx(0.1)
    assert made.cell_volume.min() >= 0.4e-3


def test_the_centres_of_voxels_are_told_right(laid):
    geometry, made = laid
    voxels = made.voxels
    chosen = np.random.default_rng(2).choice(made.cell.size, min(made.cell.size, 20_000), replace=False)
    centre = voxels.origin + (np.stack(np.unravel_index(chosen, voxels.shape), axis=1) + 0.5) * voxels.size
    assert np.array_equal(voxels.center_inside.ravel()[chosen], contains(geometry, centre, made.space))


def test_clearance_never_passes_the_distance_to_the_wall(laid):
    geometry, made = laid
    points = points_in(geometry, made, 600, np.random.default_rng(3))
    clearance = made.clearance[voxel_of(made.voxels, points)]
    true = distance(walls(geometry, made), points)
    assert (clearance <= true + 1e-12).all()
    # and it is of use: within the widths of a voxel and of its neighbour
    assert (true - clearance).max() < 2.0 * math.sqrt(3.0) * made.voxels.size + 1e-12
    assert (clearance[true > 2.0 * math.sqrt(3.0) * made.voxels.size] > 0.0).all()
    assert (clearance > 0.0).any()


def sheltered(geometry, made, reach, rng):
    """Points near the wall, and of their voxels' shelters the normals (of length 1 or nearly), offsets and depths."""
    points = points_in(geometry, made, 20_000, rng)
    part = np.floor(PARTS * (points - made.voxels.origin) / made.cell_size).astype(int)
    row = PARTS**3 * np.ravel_multi_index(part.T // PARTS, made.cubes) + np.ravel_multi_index(
        part.T % PARTS, (PARTS,) * 3
    )
    plane = shelters(geometry, made, (reach,)).astype(float)[row]
    far = plane[:, 4].astype(bool) & ~plane[:, :3].any(axis=1)
    assert (distance(walls(geometry, made), points[far][:400]) >= reach).all()
    bounded = (plane[:, 4] > 0.0) & ~far
    points, plane = points[bounded], plane[bounded]
    assert plane[:, 4] == pytest.approx(reach**2)
    depth = (plane[:, 3] - dots(plane[:, :3], points)) / dots(plane[:, :3], plane[:, :3])
    near = (depth > 0.0) & (depth < 0.9 * reach)
    assert near.sum() > 400
    first = np.flatnonzero(near)[:400]
    return points[first], plane[first, :3], plane[first, 3], depth[first]


def dots(a, b):
    """Dot product of each row, in the order of the engine."""
    return a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2]


def test_steps_in_a_shelter_meet_nothing(laid):
    """Random steps no longer than the reach that begin and end before the plane."""
    geometry, made = laid
    rng, reach = np.random.default_rng(4), 0.07
    points, normal, offset, _ = sheltered(geometry, made, reach, rng)
    way = rng.normal(size=points.shape)
    way *= (rng.random(len(points)) ** 0.3 * reach / np.linalg.norm(way, axis=1))[:, None]
    free = dots(normal, points + way) < offset
    assert free.sum() > 150
    assert not meets(walls(geometry, made), points[free], (points + way)[free]).any()


def test_steps_to_the_edge_of_a_shelter_meet_nothing(laid):
    """Steps that end as close before the plane as numbers get."""
    geometry, made = laid
    rng, reach = np.random.default_rng(5), 0.06
    points, normal, offset, depth = sheltered(geometry, made, reach, rng)
    sideways = np.cross(normal, rng.normal(size=normal.shape))
    sideways *= (rng.random(len(points)) / np.linalg.norm(sideways, axis=1))[:, None]
    ends = points + depth[:, None] * normal + np.sqrt(0.9 * reach**2 - depth**2)[:, None] * sideways
    back = 4e-16 * np.abs(ends).max() * normal
    for _ in range(30):
        ends -= back * (dots(normal, ends) >= offset)[:, None]
    assert (dots(normal, ends) < offset).all()
    assert not meets(walls(geometry, made), points, ends).any()


@pytest.mark.parametrize("first, second, cell, dt", [(220.0, 20.0, 0.04, 1e-6), (220.0, 0.0, 0.03, 5e-7)])
def test_returns_are_those_of_walks(first, second, cell, dt):
    """Pairs from a shared cell, followed for 1000 steps; what is left has the density of a free walk at its origin."""
    pairs, steps = 10_000, 1000
    rng = np.random.default_rng(6)
    at = [rng.random((3, pairs)) * cell for _ in range(2)]
    shared = np.zeros(pairs)
    for _ in range(steps):
        for place, D in zip(at, (first, second), strict=True):
            if D > 0.0:
                place += math.sqrt(2.0 * D * dt) * rng.standard_normal((3, pairs))
        shared += (np.floor(at[0] / cell) == np.floor(at[1] / cell)).all(axis=0)
    far = np.arange(steps + 1, 2_000_000)
    tail = (cell**3 / (4.0 * math.pi * (first + second) * far * dt) ** 1.5).sum()
    error = shared.std() / math.sqrt(pairs)
    assert abs(returns(cell, dt, first, second) - shared.mean() - tail) < 5.0 * error
    assert error < 0.02 * shared.mean()


@pytest.mark.parametrize("D, cell, dt", [(100.0, 0.1, 1e-7), (20.0, 0.04, 2e-7), (220.0, 0.04, 5e-8)])
def test_returns_to_a_place_that_rests(D, cell, dt):
    """Short steps: the time a walker spends in the cube it started in, from the cube's mean of 1 / (4 pi D distance).

    The sum over steps differs from the integral over time by -1/2, and by the square root with which walkers leave.
    """
    spent = SELF_ENERGY * cell**2 / (4.0 * math.pi * D) / dt
    leaving = 0.2078862249773545 * 6.0 * math.sqrt(D * dt / math.pi) / cell
    assert returns(cell, dt, D, 0.0) == pytest.approx(spent - 0.5 + leaving, rel=1e-3)


def test_returns_do_not_depend_on_who_is_first_nor_on_the_unit():
    assert returns(0.04, 1e-6, 220.0, 20.0) == pytest.approx(returns(0.04, 1e-6, 20.0, 220.0), rel=1e-9)
    assert returns(0.04, 1e-6, 220.0, 20.0) == pytest.approx(returns(0.08, 4e-6, 220.0, 20.0), rel=1e-9)
    assert returns(0.04, 1e-6, 0.0, 0.0) == 0.0
    apart = [returns(0.04, dt, 220.0, 20.0) for dt in (1e-7, 1e-6, 1e-5, 1e-3)]
    assert apart == sorted(apart, reverse=True)


def test_the_correction_adds_what_diffusion_takes():
    """1 / k = 1 / k_micro + G dt / V: the resistances of diffusion and reaction add up (Collins & Kimball 1949)."""
    rate, volume, again, dt = 0.2, 6.4e-5, 9.0, 1e-6
    even = np.ones(1), np.array([again])
    micro = rate * correction(rate, volume, even, dt)
    assert 1.0 / rate == pytest.approx(1.0 / micro + again * dt / volume)
    assert correction(rate, volume, spectrum(0.04, 1e-6, 0.0, 0.0), dt) == 1.0
    assert correction(volume / (again * dt), volume, even, dt) == np.inf


@pytest.mark.parametrize("dt", [5e-8, 1e-6])
def test_where_in_a_cell_pairs_have_reacted_matters(dt):
    """Against u = 1 - p G u on 10^3 boxes of a cell, for a partner that rests: the rate within 0.5 %.

    Were pairs that reacted as evenly spread as others, it would be off by 2 % at 50 ns and p = 0.1.
    """
    cell, D, boxes = 0.04, 220.0, 10
    share, number = spectrum(cell, dt, D, 0.0)
    assert share.sum() == pytest.approx(1.0) and (share * number).sum() == pytest.approx(returns(cell, dt, D, 0.0))
    way = np.arange(-boxes - 1, boxes + 2) / boxes
    apart = np.arange(boxes)[:, None] - np.arange(boxes) + boxes
    operator, last = np.zeros((boxes**3,) * 2), 400
    for n in [*range(1, 33), *range(36, last, 8)]:
        spread = np.sqrt(2.0 * D * n * dt) / cell
        t = way / spread
        axis = boxes * np.diff(spread * (t * ndtr(t) + np.exp(-0.5 * t * t) / np.sqrt(2.0 * np.pi)), 2)[apart]
        operator += (1.0 if n < 33 else 8.0) * np.kron(axis, np.kron(axis, axis))
    beyond = returns(cell, dt, D, 0.0) - operator.sum() / boxes**3  # later returns do not know where they began
    operator += beyond / boxes**3
    for p in (0.01, 0.1):
        u = np.linalg.solve(np.eye(boxes**3) + p * operator, np.ones(boxes**3))
        x = p * u.mean()
        assert correction(x * cell**3 / dt, cell**3, (share, number), dt) == pytest.approx(p / x, rel=0.005)
