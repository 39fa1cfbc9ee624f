"""Surfaces that copy a patch of the cell's own: sheets and bodies, against the patch; how mistakes are answered."""

import numpy as np
import pytest
from cells import SPINE, area_of, ball, volume_of

from spinemc.errors import GeometryError, ScenarioError
from spinemc.geometry import build
from spinemc.scenario import GeometrySpec, Shape, parse_scenario
from spinemc.scenario.values import Outside, Surface

OFFSET = 0.02


def synapse(margin=0.2, region=(), shape=("spine", SPINE), **given):
    surface = Surface("presynapse", **{"copy": "psd", "offset": OFFSET} | given)
    spec = GeometrySpec(Shape(*shape), region=region, surface=(surface,), outside=Outside(margin=margin))
    return build(spec)


def faces(geometry, region):
    return geometry.triangles[geometry.faces_of(geometry.regions.index(region))]


def test_a_sheet_keeps_its_distance():
    """From a sphere of radius R, a cap at distance d is (1 + d/R)^2 times as large, and each corner is as far."""
    cap = {"radius": 0.3, "cap_angle": 1.0, "edge": 0.02}
    geometry = synapse(shape=("sphere", cap), copy="cap", open=True)
    grown = (1.0 + OFFSET / 0.3) ** 2
    assert area_of(geometry, "presynapse") == pytest.approx(grown * area_of(geometry, "cap"), rel=5e-3)
    assert np.linalg.norm(faces(geometry, "presynapse"), axis=2) == pytest.approx(0.3 + OFFSET, rel=1e-4)
    outside = geometry.spaces.index("outside")
    assert (geometry.face_space[geometry.face_surface == 1] == outside).all()


def test_a_body_has_the_volume_between_two_spheres():
    """A cap's share of the shell between them; it is missing from the outside."""
    thickness, angle, radius = 0.05, 1.0, 0.3 + OFFSET
    cap = ("sphere", {"radius": 0.3, "cap_angle": angle, "edge": 0.02})
    geometry = synapse(shape=cap, copy="cap", thickness=thickness)
    told = 2.0 / 3.0 * np.pi * (1.0 - np.cos(angle)) * ((radius + thickness) ** 3 - radius**3)
    room = np.ptp(geometry.vertex[-8:], axis=0).prod() - geometry.volume - volume_of(geometry, "outside")
    assert room == pytest.approx(told, rel=0.01)
    assert geometry.face_space[geometry.face_surface == 1][0].tolist() == [-1, geometry.spaces.index("outside")]


def test_a_body_may_hold_a_space():
    stone, hollow = synapse(thickness=0.05), synapse(thickness=0.05, inside="terminal")
    held = volume_of(hollow, "terminal")
    assert held > 0.05 * area_of(hollow, "psd")
    assert volume_of(hollow, "outside") == pytest.approx(volume_of(stone, "outside"), rel=1e-12)


def test_a_named_patch_can_be_copied():
    geometry = synapse(region=[ball("spot", (0.2, 0.0, 0.6), 0.1)], copy="spot", open=True)
    assert area_of(geometry, "presynapse") == pytest.approx(
        (1.0 + OFFSET / 0.2) ** 2 * area_of(geometry, "spot"), rel=0.05
    )


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
offset = "20 nm"
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
    assert scenario.geometry.surface == (Surface("presynapse", copy="psd", offset=0.02, open=True),)
    assert parse_scenario(scenario.text) == scenario
    thick = parse_scenario(SCENARIO.replace("copy =", 'thickness = "0.1 um"\ncopy ='))
    assert thick.geometry.surface == (Surface("presynapse", copy="psd", offset=0.02, thickness=0.1),)


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (('offset = "20 nm"', ""), "geometry.surface 1, offset is missing"),
        (('copy = "psd"', 'copy = "psd"\nat = ["0 um", "0 um", "1 um"]'), "only a shape is moved"),
        (('copy = "psd"', 'mesh = "x.obj"'), 'offset = "20 nm": only a copy is given an offset'),
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
