"""Shafts along traced paths: against formulas, and from SWC files."""

import sys

import numpy as np
import pytest

from spinemc.errors import GeometryError
from spinemc.geometry import load_geometry
from spinemc.geometry.checks import signed_volume
from spinemc.geometry.shapes.shafts import Arc, Path

RISE, ROUND = 0.5, 1.5  # of a helix, um a radian and um
SPEED = np.hypot(RISE, ROUND)


def helix(turn):
    return np.stack([ROUND * np.cos(turn), ROUND * np.sin(turn), RISE * turn], axis=-1)


@pytest.fixture
def traced():
    turn = np.linspace(0.0, 5.0, 60)
    return Path(helix(turn), np.full(60, 0.3))


def test_a_path_follows_its_points(traced):
    """Length, direction and curvature of a helix, from a trace of sixty points."""
    assert traced.length == pytest.approx(5.0 * SPEED, rel=1e-5)
    assert traced.tightest == pytest.approx(SPEED**2 / ROUND, rel=0.05)
    s = np.linspace(0.3, traced.length - 0.3, 50)
    turn = s / SPEED
    np.testing.assert_allclose(traced.center(s), helix(turn), atol=2e-4)
    frame = traced.frame(s)
    tangent = np.stack([-ROUND * np.sin(turn), ROUND * np.cos(turn), np.full(50, RISE)], axis=-1) / SPEED
    np.testing.assert_allclose(frame[..., 0], tangent, atol=2e-3)
    np.testing.assert_allclose(np.swapaxes(frame, 1, 2) @ frame, np.tile(np.eye(3), (50, 1, 1)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(frame), 1.0, atol=1e-9)


def test_a_path_knows_how_far_points_are_from_its_side(traced):
    rng = np.random.default_rng(2)
    s, angle, far = rng.uniform(0.2, 7.0, 200), rng.uniform(0.0, 2.0 * np.pi, 200), rng.uniform(0.05, 0.6, 200)
    frame = traced.frame(s)
    out = np.cos(angle)[:, None] * frame[..., 2] + np.sin(angle)[:, None] * frame[..., 1]
    gap, gradient = traced.distance(traced.center(s) + far[:, None] * out)
    np.testing.assert_allclose(gap, far - 0.3, atol=1e-6)
    np.testing.assert_allclose(gradient, out, atol=1e-4)


def test_a_straight_path_is_a_straight_shaft():
    """Two points; and a taper that the arc has as well."""
    path, arc = Path(np.array([[0.0, 0, 0], [3.0, 0, 0]]), np.array([0.4, 0.25])), Arc(3.0, 0.4, 0.25)
    point = np.random.default_rng(3).uniform((-0.5, -0.6, -0.6), (3.5, 0.6, 0.6), (300, 3))
    np.testing.assert_allclose(path.distance(point)[0], arc.distance(point)[0], atol=0.04)  # beyond its ends it is even
    inside = (point[:, 0] > 0.1) & (point[:, 0] < 2.9)
    np.testing.assert_allclose(path.distance(point[inside])[0], arc.distance(point[inside])[0], atol=1e-9)


def test_the_tube_converges_to_pappus_volume(traced):
    """Its cross-sections' centres lie on the path: pi r^2 L; second order in the edge."""
    exact = np.pi * 0.09 * traced.length
    errors = []
    for edge in (0.08, 0.04, 0.02):
        vertex, face, _ = traced.surface(edge)
        errors.append(abs(signed_volume(vertex[face]) / exact - 1.0))
    assert errors[-1] < 3e-3
    assert np.polyfit(np.log([0.08, 0.04, 0.02]), np.log(errors), 1)[0] == pytest.approx(2.0, abs=0.3)


def write(folder, **changes):
    """A neuron: a soma, a dendrite along the helix and a side branch; and a geometry file for a stretch of it."""
    turn = np.linspace(0.0, 5.0, 40)
    rows = [(1, 1, 0.0, 0.0, 0.0, 4.0, -1)]
    for k, (x, y, z) in enumerate(helix(turn)):
        rows.append((k + 2, 3, x + 10.0, y, z, 0.3, 1 if k == 0 else k + 1))
    rows += [(42 + k, 3, 10.0, 5.0 + k, k, 0.2, 20 if k == 0 else 41 + k) for k in range(4)]
    (folder / "cell.swc").write_text("# a test\n" + "".join(" ".join(map(str, row)) + "\n" for row in rows))
    keys = {"swc": '"cell.swc"', "section": "1", "count": "3", "placement": '"random"', "sizes": '"harris1989"',
            "fillet": '"0.03 um"', "edge": '"0.1 um"'} | changes  # fmt: skip
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items() if value is not None)
    (folder / "g.toml").write_text(f'schema = 1\n[geometry]\nkind = "morphology"\n{lines}')
    return folder / "g.toml"


def test_a_section_of_an_swc_file_becomes_a_shaft_with_spines(tmp_path):
    pytest.importorskip("morphio", reason="morphio reads SWC files: the extra swc")
    cell = load_geometry(write(tmp_path))
    assert cell.genus == 0 and sum(name.endswith(".psd") for name in cell.regions) == 3
    bare = load_geometry(
        write(tmp_path, count=None, placement=None, sizes=None, fillet=None, begin='"0.5 um"', length='"2 um"')
    )
    assert bare.volume == pytest.approx(np.pi * 0.09 * 2.0, rel=0.03)
    np.testing.assert_allclose(
        bare.triangles[bare.faces_of(bare.regions.index("shaft_start"))].mean(axis=(0, 1)), 0.0, atol=0.02
    )


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"section": "9"}, "geometry.section is 9: cell.swc has sections 0 to 2; the longest are"),
        ({"begin": '"5 um"', "length": '"40 um"'}, "geometry.begin to its end is 5.00 um to 45.00 um: section 1 is"),
        ({"swc": '"none.swc"'}, "none.swc"),
        ({"swc": None}, "geometry.swc is missing: a morphology needs swc"),
        ({"section": None, "sections": "[0, 3]"}, "geometry.sections is 3: cell.swc has sections 0 to 2"),
        ({"section": None, "sections": "[0, -1]"}, "geometry.sections"),
        ({"root": "0"}, "geometry has section and root"),
    ],
)
def test_what_is_not_in_an_swc_file_is_said(changes, said, tmp_path):
    pytest.importorskip("morphio", reason="morphio reads SWC files: the extra swc")
    from spinemc.errors import SpinemcError

    with pytest.raises(SpinemcError) as fault:
        load_geometry(write(tmp_path, **changes))
    assert said in str(fault.value)


def test_a_file_that_is_no_swc_and_a_library_that_is_not_there(tmp_path, monkeypatch):
    pytest.importorskip("morphio", reason="morphio reads SWC files: the extra swc")
    path = write(tmp_path)
    (tmp_path / "cell.swc").write_text("1 2 three\n")
    with pytest.raises(GeometryError, match=r"geometry\.swc: cell\.swc cannot be read as SWC: "):
        load_geometry(path)
    monkeypatch.setitem(sys.modules, "morphio", None)
    with pytest.raises(GeometryError, match=r"pip install 'spinemc\[swc\]'"):
        load_geometry(path)
