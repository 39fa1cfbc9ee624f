"""Long compartments in segments, against series and closed forms."""

import numpy as np
import pytest

from spinemc.chemistry.network import network
from spinemc.geometry import build
from spinemc.scenario import GeometrySpec, Shape, parse_scenario
from spinemc.twins.places import places, seen
from spinemc.twins.segments import patches, segments, whole
from spinemc.twins.windows import exchange_between, exchanges_between

NECK = GeometrySpec(shape=Shape("cylinder", {"radius": 0.05, "length": 1.0}))
STALKED = GeometrySpec(
    shape=Shape("spine", {"head_radius": 0.15, "neck_radius": 0.05, "neck_length": 0.4, "psd_radius": 0.08})
)
SCENARIO = """schema = 1
[geometry.shape]
kind = "cylinder"
radius = "0.05 um"
length = "1 um"
[run]
engine = "{engine}"
t_stop = "1 ms"
dt = "1 us"
sample_every = "1 ms"
segment = "300 nm"
[[species]]
name = "Ca"
D = "220 um^2/s"
[[release]]
species = "Ca"
count = 10
in = "cytosol"
"""


def slowest(conductance, volume):
    return np.linalg.eigvals(conductance / volume[:, None]).real.min()


def test_the_error_of_a_neck_falls_with_the_square_of_its_segments():
    """Mean time to the open end, and the slowest rate, of a cylinder closed at the other: L^2/3 and (pi/2L)^2."""
    geometry = build(NECK)
    bottom = (geometry.regions.index("bottom"),)
    time, rate = {}, {}
    for length in (0.6, 0.3, 0.15):
        cut = segments(geometry, length)
        net = exchange_between(geometry, cut, bottom)
        time[len(cut.part)] = net.volume @ np.linalg.solve(net.conductance, net.volume) / net.volume.sum()
        rate[len(cut.part)] = slowest(net.conductance, net.volume)
        assert (net.conductance - np.diag(net.conductance.diagonal()) <= 0.0).all()
    assert list(time) == [2, 4, 8]
    error = np.array(list(time.values())) - 1 / 3
    np.testing.assert_allclose(error, [1 / 48, 1 / 192, 1 / 768], rtol=0.0, atol=0.004)  # 1/(12 n^2), and 1 % of cuts
    assert error[0] > 2.0 * error[1] and error[0] > 6.0 * error[2]
    assert rate[4] == pytest.approx((np.pi / 2) ** 2, rel=0.01)
    assert rate[8] == pytest.approx((np.pi / 2) ** 2, rel=0.005)
    assert slowest(np.array([[3.0 * np.pi * 0.05**2]]), np.array([geometry.volume])) > 1.2 * rate[8]  # in one piece


def test_a_segmented_neck_keeps_the_escape_from_its_head():
    """V/(4 a D) + V l/(pi a^2 D) + l^2/(2 D), as in one piece; balanced, and closed where nothing is held."""
    a, length = 0.05, 0.4
    geometry = build(STALKED)
    base = (geometry.regions.index("base"),)
    head = geometry.compartments.index("head")
    found = {}
    for cut in (whole(geometry), segments(geometry)):
        net = exchange_between(geometry, cut, base)
        here = int(np.flatnonzero(cut.part == head)[0])
        found[len(cut.part)] = np.linalg.solve(net.conductance, net.volume)[here]
        np.testing.assert_allclose(net.conductance, net.conductance.T, rtol=1e-9)
        np.testing.assert_allclose(net.conductance.sum(axis=0), (net.conductance @ net.share).sum(axis=1), atol=1e-9)
        assert net.volume.sum() == pytest.approx(geometry.volume, rel=1e-9)
    V = geometry.compartment_volume[head]
    formula = V / (4 * a) + V * length / (np.pi * a**2) + length**2 / 2
    assert list(found) == [2, 5]
    assert found[2] == pytest.approx(formula, rel=0.03)
    assert found[5] == pytest.approx(found[2], rel=0.01)
    closed = exchange_between(geometry, segments(geometry))
    np.testing.assert_allclose(closed.conductance.sum(axis=0), 0.0, atol=1e-12)


def test_round_parts_stay_whole_and_long_ones_are_cut_across():
    """Slices of a cylinder: even in volume, straight across, in order, each with its membrane and its name."""
    ball = build(GeometrySpec(shape=Shape("sphere", {"radius": 0.3})))
    assert not segments(ball).is_cut
    assert not segments(ball, 0.05).is_cut
    geometry = build(NECK)
    cut = segments(geometry, 0.3)
    np.testing.assert_allclose(cut.volume, geometry.volume / 4, rtol=0.05)
    point, piece = cut.points[0]
    height = np.ptp(point[:, 2]) / 4
    for k in range(4):
        assert np.ptp(point[piece == k, 2]) < 1.15 * height
    assert (np.diff([point[piece == k, 2].mean() for k in range(4)]) > 0.9 * height).all()
    region, piece, area = patches(geometry, cut)
    side = region == geometry.regions.index("side")
    np.testing.assert_allclose(area[side], area[side].sum() / 4, rtol=0.06)
    np.testing.assert_allclose(np.bincount(region, area), np.bincount(geometry.face_region, geometry.face_area))
    assert piece[region == geometry.regions.index("top")].tolist() == [[3, -1]]


def test_what_is_counted_is_the_compartment():
    scenario = parse_scenario(SCENARIO.format(engine="ode"))
    geometry = build(scenario.geometry)
    net = network(scenario, geometry)
    there = places(geometry, net, scenario.run.segment)
    count, _ = seen(geometry, net, there, np.array([1, 2, 3, 4]))
    assert count[0, 0] == 10


def test_windows_that_no_held_region_touches_are_those_of_a_closed_space():
    """Sets of held regions solved together are those solved one by one; far from the base nothing is changed by it."""
    geometry = build(STALKED)
    base = (geometry.regions.index("base"),)
    cut = segments(geometry, 0.1)
    together = exchanges_between(geometry, cut, [(), base, ()])
    for held, net in zip([(), base, ()], together, strict=True):
        alone = exchange_between(geometry, cut, held)
        for name in ("conductance", "share", "through", "held", "area"):
            np.testing.assert_allclose(getattr(net, name), getattr(alone, name), rtol=1e-9, atol=1e-12)
    far = int(cut.volume.argmax())
    closed, opened = (np.delete(net.conductance[far], far) for net in together[:2])
    assert len(cut.part) >= 5 and opened.min() < 0.0
    np.testing.assert_array_equal(closed, opened)
