"""Orientations, sides and rates of MDL reactions: what each becomes, by hand."""

import pytest
from mdl_texts import box, model, site, tables

from spinemc.units import AVOGADRO

OUT = "out RELEASE_SITE { SHAPE = SPHERICAL LOCATION = [0, 0, 1] MOLECULE = A NUMBER_TO_RELEASE = 3 }\n"
"""A outside, too."""


def steps(tmp_path, reactions, inside, more=""):
    """Each one-way step of the scenario and its rate, as texts."""
    made = model(tmp_path, box(inside, f"{more} DEFINE_REACTIONS {{ {reactions} }}"))
    found = {}
    for one in tables(made).get("reaction", []):
        left, right = one["equation"].replace("<->", "->").split(" -> ")
        found[f"{left} -> {right}"] = one["kf"]
        if "kb" in one:
            found[f"{right} -> {left}"] = one["kb"]
    return found, made


@pytest.mark.parametrize(
    ("reaction", "released", "expected"),
    [
        # the mark of R is its top; released R' it looks outside, and a comma is the side behind it
        ("A, + R' -> R' [1e6]", "R'", {"A + R -> R": "1000000 /M/s"}),
        ("A' + R' -> R' [1e6]", "R'", {"A@outside + R -> R": "1000000 /M/s"}),
        ("A' + R, -> R, [1e6]", "R'", {"A + R -> R": "1000000 /M/s"}),  # marks are relative
        ("A' + R' -> R' [1e6]", "R,", {"A + R -> R": "1000000 /M/s"}),  # released the other way up
        # from both sides: each side has half of the rate
        ("A; + R; -> R; [1e6]", "R'", {"A + R -> R": "500000 /M/s", "A@outside + R -> R": "500000 /M/s"}),
        ("A'' + R' -> R' [1e6]", "R'", {"A + R -> R": "500000 /M/s", "A@outside + R -> R": "500000 /M/s"}),
        # a product's side is that of its mark
        ("R' -> R' + A, [7]", "R'", {"R -> R + A": "7 /s"}),
        ("R' -> R' + A' [7]", "R'", {"R -> R + A@outside": "7 /s"}),
        ("R; -> R; + A; [7]", "R'", {"R -> R + A": "3.5 /s", "R -> R + A@outside": "3.5 /s"}),
        ("A, + R' -> R' + B' [1e6]", "R'", {"A + R -> R + B": "1000000 /M/s"}),
        ("A' + R; -> R; + B' [1e6]", "R'", {
            "A + R -> R + B": "500000 /M/s", "A@outside + R -> R + B@outside": "500000 /M/s"}),
        ("A' + R; -> R; + B, [1e6]", "R'", {
            "A + R -> R + B@outside": "500000 /M/s", "A@outside + R -> R + B": "500000 /M/s"}),
        ("A{-3} + R{3} -> R{3} [1e6]", "R'", {"A + R -> R": "1000000 /M/s"}),
        # a catalyst in the arrow is on both sides
        ("A, -R'-> B, [1e6]", "R'", {"A + R -> B + R": "1000000 /M/s"}),
    ],
)  # fmt: skip
def test_sides_of_a_surface(tmp_path, reaction, released, expected):
    found, made = steps(tmp_path, reaction, site("A") + OUT + site(released))
    assert found == expected
    if reaction.startswith("A, + R' -> R' + B'"):
        assert {"name": "B", "in": "outside", "D": "100 um^2/s"} in tables(made)["species"]


def test_molecules_that_are_either_way_up_are_two_species(tmp_path):
    """R; is half of them each way; only those whose back is inside meet A inside."""
    found, made = steps(tmp_path, "A, + R' -> R' [1e6]  R' -> R, [5]", site("A") + site("R;"))
    assert found == {
        "A + R_front -> R_front": "1000000 /M/s",
        "R_front -> R_back": "5 /s",
        "R_back -> R_front": "5 /s",
    }
    puts = {r["species"]: r["count"] for r in tables(made)["release"]}
    assert puts == {"A": 10, "R_front": 5, "R_back": 5}


def test_where_a_top_makes_no_difference_there_is_one_species(tmp_path):
    found, made = steps(tmp_path, "R; -> S; [3]  S' -> R' [4]", site("R;"))
    assert found == {"R -> S": "3 /s", "S -> R": "4 /s"}
    assert [s["name"] for s in tables(made)["species"]] == ["R", "S"]


def test_pairs_of_a_kind(tmp_path):
    """MDL's rate is that of each pair, k N (N - 1) / 2 V; kf [A]^2 of a scenario is twice that: kf = k / 2."""
    found, made = steps(tmp_path, "A + A -> B [2e6]  S' + S' -> R' [0.3]  A + B -> A [8]", site("A") + site("S'"))
    assert found == {"2 A -> B": "1000000 /M/s", "2 S -> R": "0.15 um^2/s", "A + B -> A": "8 /M/s"}
    assert sum("half of its rate" in note.why for note in made.notes) == 2


def test_surface_molecules_meet_as_their_marks_say(tmp_path):
    up = site("R'") + site("S,")
    assert steps(tmp_path, "R' + S' -> S' [1]", up)[0] == {}
    assert steps(tmp_path, "R' + S, -> S, [1]", up)[0] == {"R + S -> S": "1 um^2/s"}
    assert steps(tmp_path, "R; + S; -> S; [1]", up)[0] == {"R + S -> S": "1 um^2/s"}


def test_two_ways_are_one_reaction(tmp_path):
    """A step and what undoes it are written as one, so that detailed balance is kept, however MDL wrote them."""
    for text in ("A, + R' <-> S' [>1e6, <20]", "A, + R' -> S' [1e6] S' -> A, + R' [20]"):
        _, made = steps(tmp_path, text, site("A") + site("R'"))
        assert tables(made)["reaction"] == [{"equation": "A + R <-> S", "kf": "1000000 /M/s", "kb": "20 /s"}]


def test_on_two_surfaces_and_in_three_spaces(tmp_path):
    """A pump on a cell and on what lies in it: each surface has its species, each space its molecules."""
    er = "er BOX { CORNERS = [-0.1, -0.1, -0.1], [0.1, 0.1, 0.1] }"
    inside = er + site("A", shape="World.cell - World.er") + site("R'") + site("R'", shape="World.er")
    found, made = steps(tmp_path, "A, + R' -> S' [1e6]  S' -> R' + A' [9]", inside)
    assert found == {
        "A + R_membrane -> S": "1000000 /M/s",
        "S -> R_membrane + A@outside": "9 /s",
    }  # in er's own space there is no A, and from outside of er it comes to its front
    found, made = steps(tmp_path, "A' + R' -> S' [1e6]  S' -> R' + A, [9]", inside)
    assert found == {"A + R_er -> S": "1000000 /M/s", "S -> R_er + A@er_inside": "9 /s"}
    where = {one["name"]: one.get("on", one.get("in")) for one in tables(made)["species"]}
    assert where == {"A": "cytosol", "R_membrane": "membrane", "R_er": "er", "S": "er"}


@pytest.mark.parametrize(
    ("reaction", "said"),
    [
        ("A + B + A -> B [1]", "3 molecules react at once"),
        ("A -> R' [1]", "do not become surface molecules"),
        ("NULL -> A [1]", "nothing reacts"),
        ("B -> A [1]", "never where they could meet"),
        ("R' @ wall' -> NULL [1]", "with a surface class"),
        ("A @ wall -> B [1]", "with a surface class"),
    ],
)
def test_what_cannot_be_written_is_named_and_the_rest_written(tmp_path, reaction, said):
    found, made = steps(
        tmp_path, f"{reaction} A -> NULL [5] : decay", site("A") + site("R'"), "DEFINE_SURFACE_CLASS wall { }"
    )
    assert found == {"A -> 0": "5 /s"}
    notes = [note for note in made.notes if said in note.why]
    assert len(notes) == 1 and notes[0].kind == "left out" and notes[0].where == "model.mdl, line 10"


def wall(tmp_path, rule, more="", reactions=""):
    """The boundaries of a cube whose top has a surface class, without the end of space."""
    regions = "top { ELEMENT_LIST = [TOP] SURFACE_CLASS = wall }"
    text = box(site("A") + OUT, f"{more} DEFINE_SURFACE_CLASSES {{ wall {{ {rule} }} }} {reactions}", regions)
    made = model(tmp_path, text)
    return [b for b in tables(made).get("boundary", []) if b["region"] != "far"], made


def test_what_surface_classes_do(tmp_path):
    at = {"region": "top", "kind": "absorb"}
    assert wall(tmp_path, "ABSORPTIVE = A;")[0] == [{**at, "species": ["A"]}, {**at, "species": ["A@outside"]}]
    assert wall(tmp_path, "ABSORPTIVE = A,")[0] == [{**at, "species": ["A"]}]
    assert wall(tmp_path, "ABSORPTIVE = A'")[0] == [{**at, "species": ["A@outside"]}]
    assert wall(tmp_path, "ABSORPTIVE TO ALL_MOLECULES,")[0] == [{**at, "species": ["A"]}]
    assert wall(tmp_path, "REFLECTIVE = A;")[0] == []
    held, _ = wall(tmp_path, "CLAMP_CONCENTRATION B, = 2e-6")
    assert held == [{"region": "top", "species": ["B"], "kind": "clamp", "concentration": "2e-06 M"}]
    none, made = wall(tmp_path, "TRANSPARENT = A;")
    assert none == [] and any("they are reflected" in note.why for note in made.notes)


def test_uptake_by_a_surface_class(tmp_path):
    """A rate k [1/(M s)] for each of the tiles in a um^2, from one side: K = k tiles; half where no side is said."""
    k, tiles = 1e6, 2e4
    velocity = k * 1e15 / AVOGADRO * tiles  # um^3/s each, times um^-2
    more = f"SURFACE_GRID_DENSITY = {tiles}"
    found, made = wall(tmp_path, "REFLECTIVE = B", more, "DEFINE_REACTIONS { A, @ wall' -> NULL [1e6] }")
    assert [b["species"] for b in found] == [["A"]]
    assert float(found[0]["rate"].split()[0]) == pytest.approx(velocity)
    found, made = wall(tmp_path, "REFLECTIVE = B", more, "DEFINE_REACTIONS { A; @ wall; -> NULL [1e6] }")
    assert [b["species"] for b in found] == [["A"], ["A@outside"]]
    assert [float(b["rate"].split()[0]) for b in found] == pytest.approx([velocity / 2] * 2)
    assert any("uptake at" in note.why for note in made.notes)


def test_borders_that_surface_molecules_do_not_pass(tmp_path):
    more = "DEFINE_SURFACE_CLASS fence { REFLECTIVE = S; }"
    regions = "top { ELEMENT_LIST = [TOP] SURFACE_CLASS = fence }"
    for shape, on in (("World.cell[top]", "top"), ("World.cell", "membrane")):
        made = model(tmp_path, box(site("S'", shape=shape), more, regions))
        assert [(s["name"], s["on"]) for s in tables(made)["species"]] == [("S", on)]


def test_counts_and_their_counterparts(tmp_path):
    regions = "top { ELEMENT_LIST = [TOP] SURFACE_CLASS = wall } low { ELEMENT_LIST = [BOTTOM] }"
    counts = """COUNT[A, WORLD], COUNT[R, World.cell[low]], COUNT["R;", WORLD], COUNT[go, WORLD] + 2,
        COUNT[A, World.cell[top], ALL_HITS], COUNT[A, World.cell[low], FRONT_HITS], COUNT[go, World.cell],
        TRIGGER[A, World.cell], COUNT["A*", WORLD], COUNT[A, World.cell, ESTIMATE_CONCENTRATION], COUNT[R{1}, WORLD]"""
    more = "DEFINE_SURFACE_CLASS wall { ABSORPTIVE = A, } DEFINE_REACTIONS { A, + R' -> S' [1] : go }"
    text = box(site("A") + site("R'"), more, regions)
    made = model(tmp_path, f'{text} REACTION_DATA_OUTPUT {{ {{ {counts} }} => "all.dat" }}')
    assert [one.store for one in made.counts] == [
        "counts/count: A in cytosol",
        "surface/count: R in low",
        "surface/count: R in membrane",
        "events/count, summed over time: A + R -> S",
        "events/absorbed, summed over time: A at top",
    ]
    assert len([n for n in made.notes if n.kind == "left out" and n.statement.startswith(("COUNT", "TRIGGER"))]) == 6
