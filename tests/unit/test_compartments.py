"""Regions, compartments, inside and outside, points spread evenly."""

from __future__ import annotations

import numpy as np
import pytest
from cells import SHAFT, SPINE, area_of, ball, box, make, volume_of

from spinemc.engine.trial import run_trial
from spinemc.errors import GeometryError
from spinemc.geometry import parts
from spinemc.geometry.compartments import (
    contains,
    face_compartment,
    locate,
    sample_inside,
    sample_surface,
    winding_number,
)
from spinemc.scenario import GeometrySpec, Named, Release, Run, Scenario, Shape, Species, Within
from spinemc.simulate import prepare


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


@pytest.mark.parametrize(
    "part",
    [
        parts.box((-0.2, -np.inf, 0.1), (0.3, 0.2, np.inf)),
        parts.ball((0.1, 0.2, 0.0), 0.3),
        parts.half_space((0.1, 0.0, 0.2), (0.6, -0.3, 2.0)),
        parts.cylinder((0.1, -0.2, 0.0), (0.3, 0.4, -0.5), 0.2),
    ],
)
def test_every_voxel_that_a_part_reaches_is_told(part):
    """Voxels around points of the part are all told, and those far from it are not."""
    rng, size = np.random.default_rng(6), 0.05
    points = rng.uniform(-1.0, 1.0, (20_000, 3))
    inside = points[parts.holds(part, points)]
    centre = inside + rng.uniform(-0.5, 0.5, inside.shape) * size
    margin = 0.5 * np.sqrt(3.0) * size
    assert len(inside) > 100 and parts.reaches(part, centre, margin).all()
    told = parts.reaches(part, points, margin)
    assert inside.shape[0] < told.sum() < 0.9 * len(points)
    assert told[parts.holds(part, points)].all()


def test_a_nanodomain_in_a_dendrite_is_filled():
    """A ball of 20 nm in ten micrometres of dendrite, a part in ten thousand of a million: found at once."""
    ball = Named("mouth", Within("sphere", center=(5.0, 0.0, 0.25), radius=0.02))
    shape = Shape("dendrite", {"length": 10.0, "radius": 0.3, "edge": 0.15})
    tiny = Scenario(
        geometry=GeometrySpec(shape=shape, compartment=(ball,)),
        run=Run(t_stop=1e-6, dt=1e-6, sample_every=1e-6),
        species=(Species("Ca", 220.0),),
        release=(Release("Ca", count=500, inside="mouth"),),
    )
    system = prepare(tiny)
    assert system.geometry.compartment_volume[1] == pytest.approx(4 / 3 * np.pi * 0.02**3, rel=1e-3)
    trial = run_trial(system, 1, 0)
    assert trial.count[0, :2, 0].tolist() == [500, 500]
