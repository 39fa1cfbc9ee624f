"""Layers under the membrane, and compartments in several sets: volumes, places, counts."""

from __future__ import annotations

import numpy as np
import pytest
from cells import SPINE, ball, box, make, volume_of

from spinemc.engine.trial import run_trial
from spinemc.errors import GeometryError, ScenarioError
from spinemc.geometry import load_geometry, parts
from spinemc.geometry.compartments import locate, sample_inside
from spinemc.scenario import GeometrySpec, Named, Release, Run, Scenario, Shape, Species, Within, load_geometry_file
from spinemc.simulate import prepare
from spinemc.twins import ode


def under(name, region="membrane", depth=None, of=None, group=""):
    """A name for a shell."""
    return Named(name, Within("shell", region=region, depth=depth), of, group)


def test_a_shell_of_a_ball():
    """Its volume against the formula, at two depths; and the whole is what its parts are."""
    for depth in (0.05, 0.1):
        cell = make(
            "sphere", radius=0.3, edge=0.02, compartment=(under("rind", depth=depth), ball("rest", (0, 0, 0), 1))
        )
        exact = 4.0 / 3.0 * np.pi * (0.3**3 - (0.3 - depth) ** 3)
        assert volume_of(cell, "rind") == pytest.approx(exact, rel=0.01)
        assert cell.compartment_volume[1:].sum() == pytest.approx(cell.volume, rel=1e-10)


def test_a_shell_under_a_patch_and_what_is_nearest_to_it():
    cube = dict(size=(1.0, 1.0, 1.0), edge=0.2)
    assert volume_of(make("box", **cube, compartment=(under("lid", "z_high", 0.15),)), "lid") == pytest.approx(
        0.15, rel=0.05
    )
    nearest = make("box", **cube, compartment=(under("lid", "z_high"), under("floor", "z_low")))
    for name in ("lid", "floor"):
        assert volume_of(nearest, name) == pytest.approx(1.0 / 6.0, rel=0.02)
    apart = make("box", **cube, compartment=(under("both", "z_*", 0.15), under("lid", "z_high", 0.15, group="one")))
    assert volume_of(apart, "both") == pytest.approx(2.0 * volume_of(apart, "lid"), rel=0.05)


@pytest.fixture(scope="module")
def mixed():
    """A spine with a ball that takes from a shell, and a shell that takes from the spine's own parts; a second set."""
    compartment = (
        ball("domain", (0.0, 0.0, 0.75), 0.08),
        under("layer", "head", 0.05),
        box("upper", (-1, -1, 0.5), (1, 1, 1), ),
        under("skin", depth=0.04, group="layers"),
        under("core", depth=0.2, group="layers"),
    )  # fmt: skip
    return make("spine", **SPINE, compartment=compartment)


def test_shells_and_solids_share_a_space(mixed):
    """In each set the parts make the whole; and each has its share of points spread evenly (4 standard errors)."""
    assert mixed.sets == ("", "layers")
    assert mixed.compartments == ("cytosol", "domain", "layer", "upper", "head", "neck", "skin", "core")
    inside = sample_inside(mixed, 0, 40_000, np.random.default_rng(7))
    for of in range(2):
        numbers = mixed.set_of(0, of)
        assert mixed.compartment_volume[numbers].sum() == pytest.approx(mixed.volume, rel=1e-9)
        found = locate(mixed, inside, 0, of)
        for number in numbers:
            share = mixed.compartment_volume[number] / mixed.volume
            spread = np.sqrt(share * (1.0 - share) / len(inside))
            assert (found == number).mean() == pytest.approx(share, abs=4.0 * spread), mixed.compartments[number]


def test_points_spread_over_a_shell_lie_in_it(mixed):
    for name in ("layer", "upper", "core"):
        number = mixed.compartments.index(name)
        points = sample_inside(mixed, number, 300, np.random.default_rng(1))
        assert (locate(mixed, points, 0, int(mixed.compartment_set[number])) == number).all()


def test_a_shell_is_told_to_reach_whatever_it_holds(mixed):
    row, rng = mixed.compartment_shape[mixed.compartments.index("layer")], np.random.default_rng(2)
    points = rng.uniform(-1.5, 1.5, (4000, 3))
    near = parts.reaches(row, points, 0.05, mixed.shell)
    assert near[parts.holds(row, points, mixed.shell)].all() and 0.0 < near.mean() < 0.1
    moved = points + 0.05 / np.sqrt(3.0) * rng.uniform(-1.0, 1.0, points.shape)
    assert near[parts.holds(row, moved, mixed.shell)].all()


def test_the_engine_counts_and_fills_every_set():
    """A release into a shell lies in it; molecules that stay are counted where `locate` says they are."""
    compartment = (under("layer", "psd", 0.05), under("skin", depth=0.04, group="layers"))
    scenario = Scenario(
        geometry=GeometrySpec(Shape("spine", SPINE), compartment=compartment),
        run=Run(t_stop=1e-6, dt=1e-6, sample_every=1e-6),
        species=(Species("A", 0.0), Species("B", 0.0)),
        release=(Release("A", count=500, inside="layer"), Release("B", count=4000, inside="cytosol")),
    )
    system = prepare(scenario)
    count = run_trial(system, 0, 3).count[0]
    named = dict(zip(system.geometry.compartments, count, strict=True))
    assert named["layer"][0] == named["cytosol"][0] == 500 and named["head"][0] == named["neck"][0] == 0
    share = system.geometry.compartment_volume / system.geometry.volume
    spread = np.sqrt(4000 * share * (1.0 - share))
    assert (np.abs(count[:, 1] - 4000 * share) <= 4.0 * spread + 1e-9).all()
    with pytest.raises(
        ScenarioError, match=r"\(ode\) hold each part of the inside well mixed, and layer, skin is a sh"
    ):
        ode.check(scenario, system.geometry, system.network)


def below_a_cap(radius, width, depth):
    """Volume of a ball within a depth of a cap of its surface, from points spread evenly over the ball."""
    rng = np.random.default_rng(4)
    points = rng.uniform(-radius, radius, (1_000_000, 3))
    away, across = np.linalg.norm(points, axis=1), np.hypot(points[:, 0], points[:, 1])
    edge = np.sqrt(radius**2 - width**2)
    within_cone = points[:, 2] > away * edge / radius
    far = np.where(within_cone, radius - away, np.hypot(across - width, points[:, 2] - edge))
    return 8.0 * radius**3 * ((away < radius) & (far < depth)).mean()


def test_a_pattern_makes_a_shell_of_each(tmp_path):
    file = tmp_path / "stretch.toml"
    file.write_text(
        'schema = 1\n[geometry]\nkind = "dendrite"\nlength = "3 um"\nradius = "0.35 um"\nedge = "0.1 um"\n'
        "count = 2\n"
        'head_radius = "0.25 um"\nneck_radius = "0.08 um"\nneck_length = "0.3 um"\npsd_radius = "0.12 um"\n'
        '[[geometry.compartment]]\nname = "*.layer"\nset = "layers"\nwithin.shell = {of = "*.psd", depth = "100 nm"}\n'
    )
    cell = load_geometry(file)
    assert {"spine_1.layer", "spine_2.layer"} <= set(cell.compartments)
    for k in (1, 2):
        assert volume_of(cell, f"spine_{k}.layer") == pytest.approx(below_a_cap(0.25, 0.12, 0.1), rel=0.03)
    assert load_geometry_file(file).compartment[0].set == "layers"


def test_shells_that_cannot_be():
    with pytest.raises(GeometryError, match="compartment rind is 5 nm deep, and the voxels that"):
        make("box", size=(4.0, 4.0, 4.0), compartment=(under("rind", depth=0.005),))
    with pytest.raises(
        GeometryError, match="compartment rind is a shell of psd, which is no region here; there are mem"
    ):
        make("box", size=(1.0, 1.0, 1.0), compartment=(under("rind", "psd", 0.1),))
