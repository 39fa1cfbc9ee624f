"""Shapes, regions, releases and counts of MDL models: where they are in the scenario, and in which units."""

import json

import numpy as np
import pytest
from mdl_texts import BEGIN, CUBE, MOLECULES, box, model, site, tables

from spinemc import mdl
from spinemc.errors import ScenarioError
from spinemc.geometry import build
from spinemc.mdl.grammar import read_model
from spinemc.mdl.tables import table
from spinemc.mdl.world import world
from spinemc.scenario import load_scenario
from spinemc.units import quantity


def built(tmp_path, text):
    """The geometry of a model, by the way of the files it is written to."""
    path = tmp_path / "model.mdl"
    path.write_text(BEGIN + text)
    files, made = mdl.bring(path, tmp_path / "made")
    assert not [note for note in made.notes if "refused" in note.statement]
    scenario = load_scenario(files[0])
    return build(scenario.geometry, scenario.path), made


def test_a_box_its_sides_and_its_place(tmp_path):
    """Sides as MCell names them: FRONT is -y, TOP +z; moves are done in their order, those of the group last."""
    sides = ["RIGHT", "LEFT", "BACK", "FRONT", "TOP", "BOTTOM"]
    regions = " ".join(f"{side.lower()} {{ ELEMENT_LIST = [{side}] }}" for side in sides)
    text = f"""{MOLECULES}
        brick BOX {{ CORNERS = [0, 0, 0], [1, 2, 3] DEFINE_SURFACE_REGIONS {{ {regions} }}
            SCALE = [1, 1, 2] TRANSLATE = [1, 0, 0] ROTATE = [0, 0, 2], 90 }}
        INSTANTIATE World OBJECT {{ b OBJECT brick {{ TRANSLATE = [0, 0, 1] }}
            {site("A", shape="World.b")} SCALE = 0.5 }}
    """
    geometry, _ = built(tmp_path, text)
    # x in (1, 2), y in (0, 2), z in (0, 6); turned: x in (-2, 0), y in (1, 2); up by 1; halved
    low, high = np.array([-1.0, 0.5, 0.5]), np.array([0.0, 1.0, 3.5])
    assert geometry.vertex.min(axis=0) == pytest.approx(low)
    assert geometry.vertex.max(axis=0) == pytest.approx(high)
    at = {
        "right": (1, high),
        "left": (1, low),
        "back": (0, low),
        "front": (0, high),
        "top": (2, high),
        "bottom": (2, low),
    }
    for name, (axis, corner) in at.items():
        corners = geometry.vertex[geometry.face[geometry.faces_of(geometry.regions.index(name))]]
        assert np.allclose(corners[..., axis], corner[axis])
    assert geometry.volume == pytest.approx(1.0 * 0.5 * 3.0)


def test_faces_are_told_by_number_and_taken_away(tmp_path):
    """A tetrahedron wound inwards: MDL's front is then its inner side; and a sheet with a face less."""
    text = f"""{MOLECULES}
        t POLYGON_LIST {{
            VERTEX_LIST {{ [0,0,0] [1,0,0] [0,1,0] [0,0,1] }}
            ELEMENT_CONNECTIONS {{ [0,1,2] [0,3,1] [0,2,3] [1,3,2] }}
            DEFINE_SURFACE_REGIONS {{
                two {{ ELEMENT_LIST = [0 TO 1] }}
                less {{ EXCLUDE_ELEMENTS = [0] }}
                same {{ INCLUDE_REGION = two EXCLUDE_ELEMENTS = [1] }}
            }}
        }}
        MODIFY_SURFACE_REGIONS {{ t[two] {{ MOLECULE_NUMBER {{ R' = 3 }} }} }}
        DEFINE_SURFACE_REGIONS {{ t[late] {{ ELEMENT_LIST = [3] }} }}
        sheet POLYGON_LIST {{
            VERTEX_LIST {{ [0.1,0.1,0.1] [0.2,0.1,0.1] [0.1,0.2,0.1] [0.2,0.2,0.1] }}
            ELEMENT_CONNECTIONS {{ [0,1,2] [1,3,2] }}
            REMOVE_ELEMENTS {{ ELEMENT_LIST = [1] }}
        }}
        INSTANTIATE World OBJECT {{ t OBJECT t {{}} s OBJECT sheet {{}} {site("A", shape="World.t")} }}
    """
    path = tmp_path / "model.mdl"
    path.write_text(BEGIN + text)
    read = read_model(path)
    there = world(read, [])
    body, sheet = there.bodies
    assert (body.front, body.closed, sheet.closed, len(sheet.face)) == (-1, True, False, 1)
    assert {r.name: np.flatnonzero(r.faces).tolist() for r in body.regions} == {
        "two": [0, 1], "less": [1, 2, 3], "same": [0], "late": [3]
    }  # fmt: skip
    assert there.sides["World.t"] == ("cytosol", "outside")
    assert there.sides["World.s"] == ("cytosol", "cytosol")
    patches = {name: np.flatnonzero(faces).tolist() for name, faces in body.patches}
    assert sorted(map(tuple, patches.values())) == [(0,), (1,), (2,), (3,)]  # no face in two
    assert body.names(body.faces("two")) == [name for name, own in body.patches if own[:2].any()]
    geometry, _ = built(tmp_path, text)
    assert geometry.volume == pytest.approx(1.0 / 6.0)
    assert geometry.surfaces == ("membrane", "s")


def test_what_lies_in_what(tmp_path):
    """A shell of boxes: the spaces of each, and numbers and concentrations shared out over them."""
    text = f"""{MOLECULES}
        INSTANTIATE World OBJECT {{
            core BOX {{ CORNERS = [-0.25,-0.25,-0.25], [0.25,0.25,0.25] }}
            wall BOX {{ CORNERS = [-0.5,-0.5,-0.5], [0.5,0.5,0.5] }}
            other BOX {{ CORNERS = [0.75,-0.25,-0.25], [1.25,0.25,0.25] }}
            in RELEASE_SITE {{ SHAPE = World.core MOLECULE = A CONCENTRATION = 1e-6 }}
            all RELEASE_SITE {{ SHAPE = World.wall[ALL] MOLECULE = A NUMBER_TO_RELEASE = 800 }}
            gap RELEASE_SITE {{ SHAPE = World.wall[ALL] - World.core[ALL] MOLECULE = B NUMBER_TO_RELEASE = 5.9 }}
            both RELEASE_SITE {{ SHAPE = World.core + World.wall * World.other MOLECULE = B CONCENTRATION = 2e-6 }}
            far RELEASE_SITE {{ SHAPE = SPHERICAL LOCATION = [0.6, 0, 0] MOLECULE = B NUMBER_TO_RELEASE = 1 }}
            ball RELEASE_SITE {{ SHAPE = SPHERICAL LOCATION = [0, 0, 0] SITE_RADIUS = 0.2 MOLECULE = B
                NUMBER_TO_RELEASE = 7 }}
        }}
        REACTION_DATA_OUTPUT {{ {{ COUNT[A, World.wall], COUNT[A, World.core], COUNT[B, WORLD] }} => "x" }}
    """
    path = tmp_path / "model.mdl"
    path.write_text(BEGIN + text)
    there = world(read_model(path), [])
    assert there.inside == {"World.wall": "cytosol", "World.core": "core_inside", "World.other": "other_inside"}
    assert there.volume == {
        "cytosol": pytest.approx(0.875),
        "core_inside": pytest.approx(0.125),
        "other_inside": pytest.approx(0.125),
    }
    geometry, made = built(tmp_path, text)
    assert dict(zip(geometry.spaces, [0.875, 0.125, 0.125], strict=False)) == pytest.approx(
        {s: geometry.compartment_volume[geometry.compartments.index(s)] for s in geometry.spaces[:3]}
    )
    puts = [
        (r["species"], r.get("in", r.get("at")), r.get("count", r.get("concentration")))
        for r in tables(made)["release"]
    ]
    assert puts == [
        ("A@core_inside", "core_inside", "1e-06 M"),
        ("A", "cytosol", 700),
        ("A@core_inside", "core_inside", 100),
        ("B", "cytosol", 5),
        ("B@core_inside", "core_inside", "2e-06 M"),
        ("B@outside", ["0.6 um", "0 um", "0 um"], 1),
        ("B@core_inside", "ball_place", 7),
    ]  # fmt: skip
    where = {one.count: one.store for one in made.counts}
    assert where["COUNT[A, World.wall]"] == "counts/count: A in core_inside + cytosol"
    assert where["COUNT[A, World.core]"] == "counts/count: A in core_inside"
    assert "outside" in where["COUNT[B, WORLD]"]
    assert tables(made)["boundary"] == [{"region": "far", "species": ["B@outside"], "kind": "absorb"}]
    assert any("has no end" in note.why for note in made.notes)


def test_a_copy_speaks_of_its_own_parts(tmp_path):
    text = f"""{MOLECULES}
        pair OBJECT {{ cell BOX {{ {CUBE} }} {site("A", shape="pair.cell")} }}
        INSTANTIATE World OBJECT {{ one OBJECT pair {{}} two OBJECT pair {{ TRANSLATE = [1, 0, 0] }} }}
    """
    made = model(tmp_path, text)
    assert {(r["in"], r["count"]) for r in tables(made)["release"]} == {("cytosol", 10), ("cell_inside", 10)}


def test_a_box_that_lets_all_pass_is_a_part_of_a_space(tmp_path):
    more = "DEFINE_SURFACE_CLASS clear { TRANSPARENT = ALL_VOLUME_MOLECULES; }"
    inner = """probe BOX { CORNERS = [-0.1, -0.1, -0.1], [0.1, 0.1, 0.1]
        DEFINE_SURFACE_REGIONS { all { ELEMENT_LIST = [ALL_ELEMENTS] SURFACE_CLASS = clear } } }"""
    text = box(inner + site("A", shape="World.probe"), more)
    text += 'REACTION_DATA_OUTPUT { { COUNT[A, World.probe] } => "x" }'
    geometry, made = built(tmp_path, text)
    assert geometry.surfaces == ("membrane",)
    assert geometry.compartment_volume[geometry.compartments.index("probe")] == pytest.approx(0.008, rel=1e-3)
    assert tables(made)["release"][0]["in"] == "probe"
    assert made.counts[0].store == "counts/count: A in probe"
    partly = model(tmp_path, box(inner + site("A"), more.replace("ALL_VOLUME_MOLECULES", "A")))
    assert any(n.kind == "left out" and n.statement == "TRANSPARENT A on World.probe" for n in partly.notes)


def test_times_of_a_pattern(tmp_path):
    """Trains of pulses: DELAY + train k TRAIN_INTERVAL + pulse j RELEASE_INTERVAL, each train TRAIN_DURATION long."""
    more = """DEFINE_RELEASE_PATTERN p { DELAY = 1e-4 RELEASE_INTERVAL = 1e-5 TRAIN_DURATION = 3e-5
        TRAIN_INTERVAL = 3e-4 NUMBER_OF_TRAINS = UNLIMITED }"""
    made = model(tmp_path, box(site("A", "NUMBER_TO_RELEASE = 2 RELEASE_PATTERN = p"), more))
    times = [quantity(time, "time") for time in tables(made)["release"][0]["time"]]
    assert times == pytest.approx([1e-5 * t for t in (10, 11, 12, 40, 41, 42, 70, 71, 72, 100)])


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (site("A", "NUMBER_TO_RELEASE = 5 RELEASE_PROBABILITY = 0.5"), "here it happens every time"),
        (site("A", "GAUSSIAN_RELEASE_NUMBER { MEAN_NUMBER = 5 STANDARD_DEVIATION = 1 }"), "drawn for each release"),
        (site("A", "NUMBER_TO_RELEASE = -5"), "takes molecules away"),
        (site("A", "NUMBER_TO_RELEASE = 5 RELEASE_PATTERN = rxn"), "a reaction"),
        (site("A", "DENSITY = 5"), "with a density"),
        (site("R'", "CONCENTRATION = 5"), "with a concentration"),
        (site("A", shape="SPHERICAL_SHELL") .replace("MOLECULE", "SITE_RADIUS = 0.1 MOLECULE"), "SPHERICAL_SHELL"),
        (site("R'", shape="CUBIC"), "near a point"),
        (site("A", shape="World.none"), "no closed surface"),
        (site("R'", shape="World.cell[none]"), "no region"),
    ],
)  # fmt: skip
def test_what_cannot_be_released_is_named_with_its_line(tmp_path, inside, said):
    made = model(tmp_path, box(site("B") + inside))
    notes = [note for note in made.notes if said in note.why]
    assert len(notes) == 1 and notes[0].kind == "left out" and notes[0].where.startswith("model.mdl, line ")
    assert str(notes[0]) in made.files["made.toml"]


def test_units(tmp_path):
    """cm^2/s to um^2/s by 1e8; mol/L and um^-2 as they are; all of it as the scenario reads it."""
    regions = "side { ELEMENT_LIST = [TOP] MOLECULE_DENSITY { S' = 40 } MOLECULE_NUMBER { R' = 6 } }"
    text = box(site("A", "CONCENTRATION = 3e-6") + site("S'", "DENSITY = 25", "World.cell"), regions=regions)
    _, made = built(tmp_path, text)
    scenario = load_scenario(tmp_path / "made.toml")
    assert {s.name: s.D for s in scenario.species} == pytest.approx({"A": 220.0, "R": 0.0, "S": 0.1})
    puts = {(r.species, r.on or r.inside): (r.count, r.concentration, r.density) for r in scenario.release}
    assert puts["A", "cytosol"] == (None, pytest.approx(3e-6 * 6.02214076e23 / 1e15), None)
    assert puts["S", "membrane"] == (None, None, pytest.approx(25.0))
    assert puts["S", "side"] == (None, None, pytest.approx(40.0))
    assert puts["R", "side"] == (6, None, None)
    assert all(r.exact for r in scenario.release if r.count is None)
    assert (scenario.run.t_stop, scenario.run.dt) == (pytest.approx(1e-3), pytest.approx(1e-6))
    assert json.loads(made.files["made.membrane.regions.json"]) == {"side": [10, 11]}


def test_rates_that_change_in_time_are_held(tmp_path):
    path = tmp_path / "rate.dat"
    path.write_text("# time rate\n0 1e3\n1e-4  2e3\n2e-4\t0\n")
    rows = [tuple(map(float, row.split(","))) for row in table(path, tmp_path, 0.5).splitlines()]
    time, rate = np.array(rows).T
    asked = np.array([0.0, 0.5e-4, 0.99e-4, 1e-4, 1.5e-4, 2e-4, 1.0])
    assert np.interp(asked, time, rate) == pytest.approx([500, 500, 500, 1000, 1000, 0, 0])
    made = model(tmp_path, box(site("A"), 'DEFINE_REACTIONS { A -> NULL ["rate.dat"] }'))
    assert tables(made)["reaction"][0]["kf"] == {"table": "made.rate_1.csv"}
    for text in ("0 1\n0 2", "1 x", "", "0 -1"):
        path.write_text(text)
        with pytest.raises(ScenarioError, match=r"rate\.dat.* expected a time"):
            table(path, tmp_path, 1.0)
    for name, said in (
        ("../rate.dat", "outside the folder"),
        ("a\x00b", "cannot be read"),
        ("x" * 5000, "cannot be read"),
    ):
        with pytest.raises(ScenarioError, match=said):
            model(tmp_path, box(site("A"), f'DEFINE_REACTIONS {{ A -> NULL ["{name}"] }}'))
