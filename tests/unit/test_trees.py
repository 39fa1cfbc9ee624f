"""Sections of SWC files that branch: against formulas, and what is said of those that cannot be."""

import numpy as np
import pytest

from spinemc.errors import GeometryError
from spinemc.geometry import build
from spinemc.geometry.compartments import locate
from spinemc.scenario import GeometrySpec, Shape

pytest.importorskip("morphio", reason="morphio reads SWC files: the extra swc")

WIDE, SLIM = 0.4, 0.25
SOMA = (1, 1, 0.0, 0.0, 0.0, 4.0, -1)
TRUNK = [SOMA, (2, 3, 5.0, 0.0, 0.0, WIDE, 1), (3, 3, 10.0, 0.0, 0.0, WIDE, 2)]
SIDE = [*TRUNK, (4, 3, 15.0, 0.0, 0.0, WIDE, 3), (5, 3, 10.0, 4.0, 0.0, SLIM, 3)]
TEE = [*TRUNK, (4, 3, 10.0, 4.0, 0.0, SLIM, 3), (5, 3, 10.0, -4.0, 0.0, SLIM, 3)]
SPINE = {"head_radius": 0.2, "neck_radius": 0.06, "neck_length": 0.4, "psd_radius": 0.12}


@pytest.fixture
def made(tmp_path):
    """Builds a morphology of rows of an SWC file."""

    def make(traced, /, **parameters):
        file = tmp_path / "cell.swc"
        file.write_text("".join(" ".join(map(str, row)) + "\n" for row in traced))
        return build(GeometrySpec(shape=Shape("morphology", {"swc": file, **parameters}, "here")))

    return make


def within(rounded):
    """What of a tube across lies within the one it leaves: the integral of that one's depth over the disc."""
    r, angle = np.meshgrid((np.arange(400) + 0.5) * SLIM / 400, 2.0 * np.pi * (np.arange(400) + 0.5) / 400)
    x, z = r * np.cos(angle), r * np.sin(angle)
    deep = np.sqrt(WIDE**2 - z**2 - np.where((x > 0.0) & rounded, x**2, 0.0))
    return float((deep * r).sum() * SLIM / 400 * 2.0 * np.pi / 400)


@pytest.mark.parametrize(
    "rows, exact",
    [
        (SIDE, np.pi * WIDE**2 * 10.0 + np.pi * SLIM**2 * 4.0 - within(False)),
        (
            TEE,
            np.pi * WIDE**2 * 5.0 + 2.0 / 3.0 * np.pi * WIDE**3 + 2.0 * (np.pi * SLIM**2 * 4.0 - within(True)),
        ),
    ],
)
def test_tubes_that_branch_converge_to_cylinders_less_what_they_share(rows, exact, made):
    """A tube that leaves a straight one, and two that leave the round end of one; second order in the edge."""
    edges = [0.07, 0.05, 0.035]  # above that the least number of sides of a ring rules
    errors = [made(rows, edge=edge).volume / exact - 1.0 for edge in edges]
    assert abs(errors[-1]) < 4e-3
    assert np.polyfit(np.log(edges), np.log(np.abs(errors)), 1)[0] == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("segment", [None, 1.0])
def test_sections_are_compartments_and_regions(segment, made):
    cell = made(SIDE, **({} if segment is None else {"segment": segment}))
    assert cell.genus == 0
    volume = dict(zip(cell.compartments, cell.compartment_volume, strict=True))
    assert sum(volume.values()) - volume["cytosol"] == pytest.approx(volume["cytosol"], rel=1e-9)
    of = {n: sum(v for k, v in volume.items() if k.startswith(f"section_{n}.")) for n in range(3)}
    # the joint belongs to section_0: of the others it holds what is no more than the wider tube's radius and a bit
    assert np.pi * SLIM**2 * 4.0 > of[2] > 0.97 * np.pi * SLIM**2 * (4.0 - 1.2 * WIDE)
    assert np.pi * WIDE**2 * 5.0 > of[1] > 0.97 * np.pi * WIDE**2 * (5.0 - 1.2 * SLIM - 0.1)
    if segment:
        assert {f"section_{n}.shaft_{k}" for n, long in ((0, 5), (1, 5), (2, 4)) for k in range(1, long + 1)} < {
            *volume
        }
    for n, end in ((1, [10.0, 0.0, 0.0]), (2, [5.0, 4.0, 0.0])):
        cap = cell.faces_of(cell.regions.index(f"section_{n}.shaft_end"))
        np.testing.assert_allclose(cell.triangles[cap].mean(axis=(0, 1)), end, atol=0.02)
    assert "section_0.shaft_start" in cell.regions and "section_0.shaft_end" not in cell.regions
    for n in range(3):
        faces = cell.faces_of(cell.regions.index(f"section_{n}.shaft"))
        centre = cell.triangles[faces].mean(axis=1) - 1e-6 * cell.face_normal[faces]
        centre = centre[np.linalg.norm(centre - [5.0, 0.0, 0.0], axis=1) > 0.9]
        home = [cell.compartments[k].split(".")[0] for k in locate(cell, centre)]
        assert set(home) == {f"section_{n}"}


def test_triangles_where_tubes_meet_are_no_slivers(made):
    cell = made(SIDE)
    edge = np.linalg.norm(cell.triangles - np.roll(cell.triangles, 1, axis=1), axis=2)
    assert (4.0 * np.sqrt(3.0) * cell.face_area / (edge**2).sum(axis=1)).min() > 0.2  # 1 if equilateral


def test_the_straightest_section_goes_on_and_a_list_or_a_subtree_may_be_asked_for(made):
    rows = [*SIDE, (6, 3, 18.0, 3.0, 0.0, SLIM, 4), (7, 3, 18.0, -3.0, 0.0, SLIM, 4)]
    every = made(rows)
    assert {f"section_{n}.shaft" for n in range(5)} < set(every.compartments)
    some, below = made(rows, sections=(1, 0)), made(rows, root=1)
    assert {name for name in some.compartments} == {"cytosol", "section_0.shaft", "section_1.shaft"}
    assert some.volume == pytest.approx(np.pi * WIDE**2 * 10.0, rel=0.02)
    assert {"section_1.shaft", "section_2.shaft", "section_3.shaft"} == set(below.compartments) - {"cytosol"}


def test_a_side_branch_as_thick_as_what_it_leaves(made):
    rows = [*TRUNK, (4, 3, 15.0, 0.0, 0.0, WIDE, 3), (5, 3, 10.0, 4.0, 0.0, WIDE, 3)]
    cell = made(rows, edge=0.06)
    exact = np.pi * WIDE**2 * 14.0 - 8.0 / 3.0 * WIDE**3  # half of what two cylinders share, 16 R^3 / 3
    assert cell.genus == 0 and cell.volume == pytest.approx(exact, rel=0.02)


def test_a_bend_sharper_than_its_points_lie_apart_is_smoothed(made):
    """Points nearer to each other than the tube is thick, and steps of no length, say nothing of its course."""
    rng = np.random.default_rng(1)
    x = np.repeat(np.linspace(5.0, 10.0, 60), 2)
    y, z = 0.02 * rng.normal(size=(2, 120))
    y[[0, -1]] = z[[0, -1]] = 0.0
    rows = [SOMA] + [(k + 2, 3, x[k], y[k], z[k], WIDE, k + 1) for k in range(120)]
    rows[40] = (41, *rows[39][1:6], 40)
    assert made(rows).volume == pytest.approx(np.pi * WIDE**2 * 5.0, rel=0.03)


def test_spines_stand_on_any_section(made):
    spines = ({"section": 0, "at": 2.0, **SPINE}, {"section": 2, "at": 2.0, "angle": 1.0, **SPINE})
    cell = made(SIDE, spine=spines, fillet=0.03)
    assert cell.genus == 0 and {"spine_1.head", "spine_2.neck"} < set(cell.compartments)
    psd = [cell.triangles[cell.faces_of(cell.regions.index(f"spine_{k}.psd"))].mean(axis=(0, 1)) for k in (1, 2)]
    assert psd[0][0] == pytest.approx(2.0, abs=0.02) and psd[1][1] == pytest.approx(2.0, abs=0.02)
    assert psd[1][0] == pytest.approx(5.0, abs=SLIM + 0.4 + 0.4)
    volume = dict(zip(cell.compartments, cell.compartment_volume, strict=True))
    np.testing.assert_allclose(volume["spine_2.head"], 4 / 3 * np.pi * 0.2**3, rtol=0.05)
    assert sum(volume.values()) - volume["cytosol"] == pytest.approx(volume["cytosol"], rel=1e-9)


@pytest.mark.parametrize("placement", ["regular", "random"])
def test_spines_are_spread_over_all_sections(placement, made):
    cell = made(SIDE, density=0.7, placement=placement, rows=3, **SPINE)  # 14 um
    names = [name for name in cell.regions if name.endswith(".psd")]
    assert len(names) == 10 and cell.genus == 0
    centre = np.array([cell.triangles[cell.faces_of(cell.regions.index(n))].mean(axis=(0, 1)) for n in names])
    assert (centre[:, 1] > 1.3).any() and (centre[:, 0] < 4.0).any() and (centre[:, 0] > 6.0).any()
    again = made(SIDE, count=10, placement=placement, rows=3, **SPINE)
    np.testing.assert_array_equal(cell.vertex, again.vertex)


AXON = (9, 2, 0.0, 5.0, 0.0, 0.3, 1), (10, 2, 0.0, 9.0, 0.0, 0.3, 9)
THROUGH = [
    *TRUNK, (4, 3, 15.0, 0.0, 0.0, WIDE, 3), (5, 3, 10.0, 3.0, 0.0, SLIM, 3), (6, 3, 12.0, 4.5, 0.0, SLIM, 5),
    (7, 3, 13.5, 3.0, 0.0, SLIM, 6), (8, 3, 14.0, 1.0, 0.0, SLIM, 7), (9, 3, 14.0, -2.0, 0.0, SLIM, 8),
]  # fmt: skip


@pytest.mark.parametrize(
    "rows, changes, said",
    [
        (THROUGH, {}, "section_1 and section_2 run through each other around ("),
        ([*SIDE, *AXON], {}, "2 trees, which begin with sections 0 (basal_dendrite), 3 (axon): a soma is not made"),
        (SIDE, {"sections": (1, 2)}, "2 trees, which begin with sections 1 (basal_dendrite), 2 (basal_dendrite)"),
        (SIDE, {"sections": (0, 7)}, "geometry.sections is 7: cell.swc has sections 0 to 2; the longest are 0"),
        (SIDE, {"root": 7}, "geometry.root is 7: cell.swc has sections 0 to 2"),
        (SIDE, {"sections": 1}, "geometry.sections must be a list of sections' numbers"),
        (SIDE, {"sections": (0,), "root": 1}, "geometry has sections and root: one section, a list of some, or all"),
        (SIDE, {"begin": 1.0}, "geometry.begin goes with section"),
        ([*SIDE[:-1], (5, 3, 10.0, 4.0, 0.0, 0.0, 3)], {}, "section 2 of cell.swc has no diameter at point 2"),
        ([*SIDE[:-1], (5, 3, 10.0, 0.0, 0.0, SLIM, 3)], {}, "section 2 of cell.swc is 0.00 um long: leave it out"),
        ([SOMA, (2, 3, 5.0, 0.0, 0.0, WIDE, 1), (3, 3, 5.85, 0.0, 0.0, WIDE, 2), (4, 3, 5.85, 0.85, 0.0, WIDE, 3),
          (5, 3, 5.0, 0.85, 0.0, WIDE, 4)], {}, "section_0 bends at "),
        (SIDE, {"spine": ({"section": 0, "at": 4.8, **SPINE},)}, "spine_1: its foot, 0.06 um with its fillet, stands"),
        (SIDE, {"spine": ({"section": 2, "at": 0.3, **SPINE},)}, "0.30 um of section_2, on a branch point: between"),
        (SIDE, {"spine": ({"section": 2, "at": 4.5, **SPINE},)}, "beyond an end of section_2, 0 to 4.00 um"),
        (SIDE, {"spine": ({"section": 5, "at": 1.0, **SPINE},)}, "spine.1.section is 5: it must be one of those that"),
        (SIDE, {"spine": ({"at": 1.0, **SPINE},)}, "geometry.spine.1.section is missing"),
        (SIDE, {"spine": ({"section": 2, "at": 1.5, **SPINE}, {"section": 2, "at": 1.7, **SPINE})},
         "spine_1 and spine_2 collide"),
        (SIDE, {"spine": ({"section": 0, "at": 4.4, **SPINE, "head_radius": 0.4},)}, "spine_1 dips into section_2"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(rows, changes, said, made):
    with pytest.raises(GeometryError) as fault:
        made(rows, **changes)
    assert said in str(fault.value)
