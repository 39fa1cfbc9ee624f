"""Spines that grow and shrink at random: every shape can be used, and every molecule is in it."""

import numpy as np
import pytest
from carried import number_in_place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spinemc.geometry import growth
from spinemc.geometry.build import build
from spinemc.geometry.checks import check
from spinemc.remodelling import law
from spinemc.remodelling.text import inline, said
from spinemc.scenario import GeometrySpec, Shape, Structure, parse_scenario
from spinemc.scenario.structured import FORMS, Growth, factor

ways = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def spines(draw):
    """A spine of any size within the limits, by itself or as one of two on a shaft, and the law it grows by."""
    head = draw(st.floats(0.13, 0.4))
    size = {
        "head_radius": head,
        "neck_radius": draw(st.floats(0.03, 0.4 * head)),
        "neck_length": draw(st.floats(0.15, 1.0)),
        "psd_radius": draw(st.floats(0.3, 0.8)) * head,
    }
    if draw(st.booleans()):
        size["head_height"] = draw(st.floats(0.8, 1.8)) * head
    shape = Shape("spine", {**size, "edge": 0.3 * head})
    if draw(st.booleans()):
        other = {"at": 2.2, "angle": float(np.pi / 2)}
        entries = (
            {"at": 0.7, **size},
            {"head_radius": 0.2, "neck_radius": 0.06, "neck_length": 0.3, "psd_radius": 0.1} | other,
        )
        shape = Shape("dendrite", {"length": 3.0, "radius": 0.35, "edge": 0.08, "spine": entries})
    growths = [Growth(draw(st.floats(*span)), *limits) for span, limits in GROWTHS]
    return shape, Structure(2, "bell2022", "shut", draw(st.sampled_from(FORMS[:2])), 0.0, "carried", *growths)


GROWTHS = [((0.2, 2.0), (0.004, 0.8)), ((0.0, 0.5), (0.02, 0.25)), ((-0.5, 0.0), (0.08, 1.6))]


@ways
@given(spines(), st.floats(-0.5, 1.0), st.integers(0, 2**32 - 1), st.lists(st.integers(0, 300), min_size=3, max_size=3))
def test_whatever_a_spine_grows_to_it_holds_its_molecules(spine, weight, seed, amounts):
    shape, structure = spine
    sizes = growth.sizes(shape)
    name = next(iter(sizes))
    changed = law.sizes_at(structure, sizes[name], weight, 0.0)
    for key, grows in structure.growths.items():
        wanted = sizes[name][key] * factor(structure.form, grows.gain, weight, 0.0)
        assert changed[key] == pytest.approx(min(max(wanted, grows.least), grows.most), rel=1e-12)
    grown = shape.changed(None, growth.with_sizes(shape, {name: changed}))
    assert growth.sizes(grown)[name] == pytest.approx(changed, rel=1e-6)
    made = build(GeometrySpec(shape=grown))
    check(made.vertex, made.face, "grown")
    assert made.genus == 0 and made.space_mesh(0)[1].shape[0] == len(made.face)
    prefix = "" if name == growth.ALONE else f"{name}."
    volume = made.compartment_volume[made.compartments.index(f"{prefix}head")]
    assert volume == pytest.approx(changed["head_volume"], rel=0.15)  # coarse triangles within the smooth head
    places = [("in", f"{prefix}head"), ("in", f"{prefix}neck"), ("on", f"{prefix}psd")]
    given = [
        {"species": "Ca" if key == "in" else "P", key: place, "count": amount}
        for (key, place), amount in zip(places, amounts, strict=True)
    ]
    toml = f"""
    initial = {inline(given)}
    geometry = {{ shape = {inline({"kind": shape.kind, **said("", grown.parameters)})} }}
    run = {{ t_stop = "1 us", dt = "1 us", sample_every = "1 us", seed = {seed} }}
    species = [{{ name = "Ca", D = "220 um^2/s" }}, {{ name = "P", on = "membrane" }}]
    """
    assert number_in_place(parse_scenario(toml)) == sum(amounts)
