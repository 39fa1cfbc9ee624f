"""MDL as words, numbers and statements: what is read, and what is refused and where."""

import re
from pathlib import Path

import pytest
from mdl_texts import BEGIN, MOLECULES, box, model, site, tables

from spinemc import cli, mdl
from spinemc.errors import ScenarioError
from spinemc.mdl.cursor import Cursor
from spinemc.mdl.grammar import read_model
from spinemc.mdl.tokens import tokens


def number(text, **known):
    cursor = Cursor(tokens(text, "x"), dict(known))
    value = cursor.number()
    assert cursor.word.kind == "end"
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2*3", 7.0),
        ("8/4/2", 1.0),
        ("2^3^2", 64.0),  # from the left, as MDL has it
        ("-2^2", 4.0),  # a sign binds tightest
        ("2*-3", -6.0),
        ("(1e-3 + .5e-3)*2.", 3e-3),
        ("EXP(0) + LOG(EXP(2)) + LOG10(100) + SQRT(9) + ABS(-1)", 9.0),
        ("MAX(1, 2) + MIN(1, 2) + MOD(7, 4) + CEIL(0.5) + FLOOR(0.5)", 7.0),
        ("SIN(PI/2) + COS(0) + ATAN(0)", 2.0),
        ("a.b * c", 6.0),
    ],
)
def test_arithmetic(text, value):
    assert number(text, **{"a.b": 2.0, "c": 3.0}) == pytest.approx(value)


@pytest.mark.parametrize("text", ["1/0", "LOG(0)", "SQRT(-1)", "1e308*10", "x", "RAND_UNIFORM", "(1", "+", "0 ^ -1"])
def test_what_is_no_number_is_refused_with_its_line(text):
    with pytest.raises(ScenarioError, match=r"x, line 1: found .*, expected "):
        number(text)


def test_brackets_end_somewhere():
    with pytest.raises(ScenarioError, match="fewer brackets"):
        number("(" * 5000 + "1" + ")" * 5000)
    with pytest.raises(ScenarioError, match="fewer brackets"):
        number("-" * 5000 + "1")


def test_lists_and_texts():
    known = {"name": "spine", "times": [1.0, 2.0]}
    assert Cursor(tokens("[1, [2 TO 3 STEP 0.5], 9]", "x"), known).numbers() == [1.0, 2.0, 2.5, 3.0, 9.0]
    assert Cursor(tokens("times", "x"), known).numbers() == [1.0, 2.0]
    assert Cursor(tokens('"a/" & name & ".dat"', "x"), known).text() == "a/spine.dat"
    with pytest.raises(ScenarioError, match="a stretch whose step"):
        Cursor(tokens("[[0 TO 1 STEP -1]]", "x"), known).numbers()
    with pytest.raises(ScenarioError, match="a stretch whose step"):
        Cursor(tokens("[[0 TO 1 STEP 1e-300]]", "x"), known).numbers()


def test_comments_and_lines():
    found = tokens('a // b\n/* c\n d */ e "f//g" # '.replace("# ", "") + "h", "x")
    assert [(word.text, word.line) for word in found] == [("a", 1), ("e", 3), ("f//g", 3), ("h", 3), ("", 3)]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("/* never", 1, "a comment that does not end"),
        ('x = "never', 1, "a text that does not end"),
        ("x = 1\ny = §", 2, '"§"'),
        ("\n}", 2, '"}"'),
        ("DEFINE_MOLECULES { A { } }", 1, "a diffusion constant of A"),
        ("DEFINE_MOLECULES { A { DIFFUSION_CONSTANT_3D = -1 } }", 1, "0 or more"),
        ("DEFINE_MOLECULES {\nA { DIFFUSION_CONSTANT_3D = 1 }", 2, "the end of the file"),
        (MOLECULES + "DEFINE_REACTIONS { A + B -> C [1] }", None, "C is not"),
        (MOLECULES + "DEFINE_REACTIONS { A <-> B [1] }", None, "two rates"),
        (MOLECULES + "DEFINE_REACTIONS { A -> B [>1, <2] }", None, "one rate"),
        (MOLECULES + "DEFINE_REACTIONS { A -> B [-1] }", None, "a rate of 0 or more"),
        (MOLECULES + "DEFINE_REACTIONS { A @ s -> B [1] }", None, "s is not"),
        ("a POLYGON_LIST { VERTEX_LIST { [0,0,0] } ELEMENT_CONNECTIONS { [0,1,2] } }", 1, "0 to 0"),
        ("a POLYGON_LIST { VERTEX_LIST { [0,0] } }", 1, "three coordinates"),
        ("INSTANTIATE w OBJECT { a OBJECT b {} }", 1, "given before"),
        ("INSTANTIATE w OBJECT { a RELEASE_SITE { SHAPE = w.c MOLECULE = A } }", 1, "A is not"),
        ('INCLUDE_FILE = "none.mdl"', None, "cannot be read"),
        ('INCLUDE_FILE = "../model.mdl"', None, "outside the folder"),
        ('INCLUDE_FILE = "model.mdl"', None, "files in one another"),
        ('REACTION_DATA_OUTPUT { { COUNT[A, WORLD] } "x" }', 1, "=> and a file"),
    ],
)
def test_what_is_not_mdl_is_refused(tmp_path, text, line, said):
    path = tmp_path / "in" / "model.mdl"
    path.parent.mkdir()
    path.write_text(text)
    (tmp_path / "model.mdl").write_text(BEGIN)
    with pytest.raises(ScenarioError) as caught:
        read_model(path)
    assert said in str(caught.value)
    assert line is None or f"model.mdl, line {line}: found" in str(caught.value)


def test_a_model_says_its_steps(tmp_path):
    with pytest.raises(ScenarioError, match="no TIME_STEP above 0"):
        model(tmp_path, box(site("A")), begin="ITERATIONS = 10\n")
    with pytest.raises(ScenarioError, match="nothing to simulate"):
        model(tmp_path, box(""))


def test_names_files_and_settings(tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "molecules.mdl").write_text("dc = 1e-6\nDEFINE_MOLECULE A { DIFFUSION_CONSTANT_3D = 2*dc }")
    text = """
        step = 5e-7   TIME_STEP = step   ITERATIONS = 4e3   TIME_STEP_MAX =
           1.0
        folder = "more/"   INCLUDE_FILE = folder & "molecules.mdl"
        NOTIFICATIONS { ALL_NOTIFICATIONS = OFF }   CHECKPOINT_REALTIME = 1:30:00 NOEXIT
        printf("%g", step)   sprintf(seed, "%05g", SEED)   ACCURATE_3D_REACTIONS = TRUE
        NEW_THING { a = [1, 2] }
        REACTION_DATA_OUTPUT { STEP = 2*step { COUNT[A, WORLD] : "a" } => "./" & seed & ".dat" }
    """
    text += f"INSTANTIATE World OBJECT {{ cell BOX {{ CORNERS = [0,0,0], [1,1,1] }} {site('A')} }}"
    made = model(tmp_path, text, begin="")
    run = tables(made)["run"]
    assert (run["t_stop"], run["dt"], run["sample_every"]) == ("2 ms", "0.5 us", "1 us")
    assert tables(made)["species"] == [{"name": "A", "in": "cytosol", "D": "200 um^2/s"}]
    kinds = {note.statement: note.kind for note in made.notes}
    assert kinds.pop("NEW_THING") == "left out"
    assert set(kinds.values()) == {"no need"}
    assert set(kinds) >= {"TIME_STEP_MAX", "NOTIFICATIONS", "CHECKPOINT_REALTIME", "ACCURATE_3D_REACTIONS", "printf"}
    assert [one.file for one in made.counts] == ["./%05g.dat"]
    for note in made.notes:
        assert str(note) in made.files["made.toml"]


def test_the_command_writes_all_or_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.mdl").write_text(BEGIN + box(site("A")))
    assert cli.main(["import", "m.mdl", "--out", "mine"]) == 0
    said = capsys.readouterr().out
    assert "mine.toml" in said
    assert {p.name for p in tmp_path.iterdir()} == {"m.mdl", "mine.toml", "mine.membrane.obj"}
    assert cli.main(["import", "m.mdl", "--out", "mine.toml"]) == 2
    assert "is there already" in capsys.readouterr().err
    (tmp_path / "m.mdl").write_text(BEGIN + "DEFINE_MOLECULES { A")
    assert cli.main(["import", "m.mdl", "--out", "other"]) == 2
    assert "m.mdl, line 3: found the end of the file, expected" in capsys.readouterr().err
    assert cli.main(["import", "m.mdl", "--out", "a b"]) == 2
    assert not list(tmp_path.glob("other*"))


def test_a_scenario_that_cannot_run_is_written_and_said_to_be(tmp_path):
    two = "twin BOX { CORNERS = [0, 0, 0], [1, 1, 1] }"  # crosses the first
    (tmp_path / "m.mdl").write_text(BEGIN + box(site("A") + two))
    made = mdl.translate(tmp_path / "m.mdl", "made")
    refused = [note for note in made.notes if note.statement == "the scenario is refused as it is"]
    assert len(refused) == 1 and "cross" in refused[0].why
    assert "# Refused as it is" in made.files["made.toml"]


def test_the_example_of_the_page_prints_what_it_says(tmp_path, capsys, monkeypatch):
    page = (Path(__file__).resolve().parents[2] / "docs" / "coming_from.md").read_text(encoding="utf-8")
    given, printed = re.findall(r"^```\n(.*?)^```", page, re.M | re.S)
    monkeypatch.chdir(tmp_path)
    Path("spine.mdl").write_text(given)
    assert cli.main(["import", "spine.mdl", "--out", "spine"]) == 0
    assert capsys.readouterr().out == printed
