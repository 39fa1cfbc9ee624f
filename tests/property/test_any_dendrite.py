"""Dendrites drawn at random: each is one closed body, and its parts make up the whole."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from spinemc.errors import GeometryError
from spinemc.geometry import build
from spinemc.scenario import GeometrySpec, Shape

SLOW = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


def between(low, high):
    return st.floats(low, high, allow_nan=False)


@st.composite
def dendrites(draw):
    """Parameters of a dendrite that can be: thin necks, room enough."""
    radius, fillet = draw(between(0.25, 0.5)), draw(st.sampled_from([0.0, 0.02, 0.05]))
    asked = {
        "length": draw(between(2.0, 5.0)),
        "radius": radius,
        "end_radius": radius * draw(between(0.7, 1.0)),
        "bend_angle": draw(between(-1.0, 1.0)),
        "edge": draw(st.sampled_from([0.08, 0.15])),
        "count": draw(st.integers(1, 6)),
        "placement": draw(st.sampled_from(["random", "regular"])),
        "seed": draw(st.integers(0, 2**32 - 1)),
    }
    if fillet:
        asked["fillet"] = fillet
    if draw(st.booleans()):
        asked["segment"] = draw(between(0.5, 2.0))
    if draw(st.booleans()):
        asked["rows"] = draw(st.integers(1, 3))
    if draw(st.booleans()):
        return asked | {"sizes": "harris1989"}
    head = draw(between(0.12, 0.3))
    return asked | {
        "head_radius": head,
        "head_height": head * draw(between(1.2, 2.5)),
        "neck_radius": draw(between(0.03, 0.08)),
        "neck_length": draw(between(0.2, 0.8)),
        "psd_radius": head * draw(between(0.3, 0.9)),
    }


def is_sound(asked):
    """Whether a dendrite is what it shall be; those that cannot be are passed over, and told why."""
    try:
        cell = build(GeometrySpec(shape=Shape("dendrite", asked, "drawn")))
    except GeometryError as fault:
        known = "collide", "finds no room", "is not thinner than the shaft", "are not thinner than", "beyond an end"
        assert any(reason in str(fault) for reason in known), fault
        assume(False)
    assert cell.genus == 0
    whole, *parts = cell.compartment_volume
    assert abs(sum(parts) / whole - 1.0) < 1e-9
    assert cell.region_area[1:].sum() == pytest.approx(cell.area, rel=1e-9)
    for k in range(1, asked["count"] + 1):
        for part in ("head", "neck"):
            assert cell.compartment_volume[cell.compartments.index(f"spine_{k}.{part}")] > 0.0
        assert cell.region_area[cell.regions.index(f"spine_{k}.psd")] > 0.0
    assert np.isfinite(cell.vertex).all()


@settings(max_examples=10, **SLOW)
@given(dendrites())
def test_ten_random_dendrites(asked):
    is_sound(asked)


@pytest.mark.long
@settings(max_examples=200, phases=(Phase.generate,), **SLOW)
@given(dendrites())
def test_two_hundred_random_dendrites(asked):
    is_sound(asked)


@st.composite
def trees(draw):
    """Rows of an SWC file: a trunk and branches that leave it and one another by two or three."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = [(1, 1, 0.0, 0.0, 0.0, 4.0, -1), (2, 3, 5.0, 0.0, 0.0, draw(between(0.2, 0.5)), 1)]

    def grown(parent, place, along, radius):
        along, radius = along + rng.choice([0.3, 0.8]) * rng.normal(size=3), radius * rng.uniform(0.5, 1.1)
        step = rng.uniform(0.6, 2.0)
        for _ in range(rng.integers(2, 7)):
            along = along / np.linalg.norm(along) + 0.12 * rng.normal(size=3)
            place = place + step * along / np.linalg.norm(along)
            rows.append((len(rows) + 1, 3, *place, max(radius * rng.uniform(0.85, 1.15), 0.08), parent))
            parent = len(rows)
        return parent, place, along, rows[-1][5]

    ends = [grown(2, np.array([5.0, 0.0, 0.0]), np.array([1.0, 0.0, 0.0]), rows[1][5])]
    for _ in range(draw(st.integers(1, 3))):
        end = ends.pop(0)
        ends += [grown(*end) for _ in range(draw(st.integers(2, 3)))]
    return rows, draw(st.sampled_from([{}, {"segment": 1.5}]))


def is_sound_tree(rows, more, folder):
    file = folder / "cell.swc"
    file.write_text("".join(" ".join(f"{x:.10g}" for x in row) + "\n" for row in rows))
    try:
        cell = build(GeometrySpec(shape=Shape("morphology", {"swc": file, **more}, "drawn")))
    except GeometryError as fault:
        known = "through each other", "through itself", "runs into itself", "winds too much"
        assert any(reason in str(fault) for reason in known), fault
        assume(False)
    assert cell.genus == 0
    whole, *parts = cell.compartment_volume
    assert abs(sum(parts) / whole - 1.0) < 1e-9
    assert cell.region_area[1:].sum() == pytest.approx(cell.area, rel=1e-9)
    edge = np.linalg.norm(cell.triangles - np.roll(cell.triangles, 1, axis=1), axis=2)
    assert (4.0 * np.sqrt(3.0) * cell.face_area / (edge**2).sum(axis=1)).min() > 0.005


@settings(max_examples=10, **SLOW)
@given(trees())
def test_ten_random_trees(tmp_path_factory, tree):
    pytest.importorskip("morphio", reason="morphio reads SWC files: the extra swc")
    is_sound_tree(*tree, tmp_path_factory.mktemp("tree"))


@pytest.mark.long
@settings(max_examples=200, phases=(Phase.generate,), **SLOW)
@given(trees())
def test_two_hundred_random_trees(tmp_path_factory, tree):
    pytest.importorskip("morphio", reason="morphio reads SWC files: the extra swc")
    is_sound_tree(*tree, tmp_path_factory.mktemp("tree"))
