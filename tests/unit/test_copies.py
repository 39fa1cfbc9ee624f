"""Surfaces that copy a patch of the cell's own: sheets and bodies, against the patch; how mistakes are answered."""

import numpy as np
import pytest
from cells import SPINE, area_of, ball, volume_of

from spinemc.errors import GeometryError, ScenarioError
from spinemc.geometry import build
from spinemc.scenario import GeometrySpec, Shape, parse_scenario
from spinemc.scenario.values import Outside, Surface

SHIFT = (0.0, 0.0, 0.02)


def synapse(margin=0.2, region=(), **given):
    surface = Surface("presynapse", **{"copy": "psd", "at": SHIFT} | given)
    spec = GeometrySpec(Shape("spine", SPINE), region=region, surface=(surface,), outside=Outside(margin=margin))
    return build(spec)


def faces(geometry, region):
    return geometry.triangles[geometry.faces_of(geometry.regions.index(region))]


def test_a_sheet_is_the_patch_moved():
    geometry = synapse(open=True)
    moved = faces(geometry, "psd") + np.array(SHIFT)
    assert np.allclose(
        np.sort(moved.reshape(-1, 9), axis=0), np.sort(faces(geometry, "presynapse").reshape(-1, 9), axis=0)
    )
    assert area_of(geometry, "presynapse") == pytest.approx(area_of(geometry, "psd"), rel=1e-12)
    outside = geometry.spaces.index("outside")
    assert (geometry.face_space[geometry.face_surface == 1] == outside).all()


@pytest.mark.parametrize("at", [SHIFT, (0.01, 0.0, 0.03)])
def test_a_body_has_the_volume_that_the_patch_sweeps(at):
    """The area that the patch shows to the way, times the way; it is missing from the outside."""
    thickness = 0.05
    geometry = synapse(at=at, thickness=thickness)
    patch = faces(geometry, "psd")
    shown = 0.5 * np.cross(patch[:, 1] - patch[:, 0], patch[:, 2] - patch[:, 0]).sum(axis=0) @ at / np.linalg.norm(at)
    bare = build(GeometrySpec(Shape("spine", SPINE), outside=Outside(margin=0.2)))
    room = np.ptp(geometry.vertex[-8:], axis=0).prod() - np.ptp(bare.vertex[-8:], axis=0).prod()
    missing = volume_of(bare, "outside") + room - volume_of(geometry, "outside")
    assert missing == pytest.approx(thickness * shown, rel=1e-9)
    assert geometry.face_space[geometry.face_surface == 1][0].tolist() == [-1, geometry.spaces.index("outside")]


def test_a_body_may_lie_behind_its_patch_and_hold_a_space():
    """Moved into the cell, the patch has its back to the way."""
    geometry = synapse(at=(0.0, 0.0, -0.03), thickness=0.02, inside="store")
    bare = build(GeometrySpec(Shape("spine", SPINE)))
    assert volume_of(geometry, "store") + volume_of(geometry, "cytosol") == pytest.approx(bare.volume, rel=1e-9)


def test_a_named_patch_can_be_copied():
    geometry = synapse(region=[ball("spot", (0.2, 0.0, 0.6), 0.1)], copy="spot", at=(0.02, 0.0, 0.0), open=True)
    assert area_of(geometry, "presynapse") == pytest.approx(area_of(geometry, "spot"), rel=1e-12)


@pytest.mark.parametrize("name", ["psdd", "membrane"])
def test_what_is_no_patch_is_named(name):
    with pytest.raises(GeometryError, match=f"copies {name}, which is not a patch .* known are base, neck, head, psd"):
        synapse(copy=name, open=True)


SCENARIO = """
schema = 1
[geometry]
shape = { kind = "spine", head_radius = "0.2 um", neck_radius = "50 nm", neck_length = "0.4 um", psd_radius = "0.1 um" }
[geometry.outside]
margin = "0.2 um"
[[geometry.surface]]
name = "presynapse"
copy = "psd"
at = ["0 um", "0 um", "20 nm"]
[run]
t_stop = "1 ms"
dt = "1 us"
sample_every = "1 ms"
[[species]]
name = "Ca"
D = "220 um^2/s"
[[release]]
species = "Ca"
count = 1
in = "cytosol"
"""


def test_a_copy_is_read():
    scenario = parse_scenario(SCENARIO)
    assert scenario.geometry.surface == (Surface("presynapse", copy="psd", at=(0.0, 0.0, 0.02), open=True),)
    assert parse_scenario(scenario.text) == scenario
    thick = parse_scenario(SCENARIO.replace("copy =", 'thickness = "0.1 um"\ncopy ='))
    assert thick.geometry.surface == (Surface("presynapse", copy="psd", at=(0.0, 0.0, 0.02), thickness=0.1),)


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (('at = ["0 um", "0 um", "20 nm"]', ""), "geometry.surface 1 is a copy that is not moved: give at"),
        (
            ('copy = "psd"', 'mesh = "x.obj"\nthickness = "1 nm"'),
            'thickness = "1 nm": only a copy is given a thickness',
        ),
        (('copy = "psd"', 'copy = "psd"\nthickness = "0 nm"'), 'thickness = "0 nm": it must be above 0'),
        (('copy = "psd"', 'copy = "psd"\nopen = true'), "a plane or a copy open by itself"),
        (('copy = "psd"', 'copy = "psd"\ninside = "store"'), "a sheet encloses nothing"),
    ],
)
def test_a_mistake_is_answered(change, answer):
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(SCENARIO.replace(*change))
    assert answer in str(caught.value)
