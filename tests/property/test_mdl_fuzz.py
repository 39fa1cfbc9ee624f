"""Any text at all: either a scenario or one sentence, never anything else."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mdl_texts import BEGIN, box, site

from spinemc.errors import SpinemcError
from spinemc.mdl.grammar import read_model
from spinemc.mdl.scenario import written
from spinemc.mdl.tokens import tokens

MODEL = BEGIN + box(
    site("A") + site("R'", "DENSITY = 9", "World.cell[top] - World.cell[low]") + site("B", "CONCENTRATION = 1e-6"),
    """DEFINE_SURFACE_CLASSES { wall { ABSORPTIVE = A, CLAMP_CONCENTRATION B' = 1e-6 } }
    DEFINE_REACTIONS { A, + R' <-> S' [>1e6, <2] : go  A + B -> NULL [1e5]  B, @ wall' -> NULL [3] }
    DEFINE_RELEASE_PATTERN p { DELAY = 1e-5 TRAIN_INTERVAL = 1e-4 NUMBER_OF_TRAINS = 3 }""",
    "top { ELEMENT_LIST = [TOP] SURFACE_CLASS = wall } low { ELEMENT_LIST = [0 TO 3, BOTTOM] }",
)
MODEL += """REACTION_DATA_OUTPUT { STEP = 1e-5 { COUNT[A, WORLD] + COUNT[R, World.cell[top]] } => "x" & "y" }
MODIFY_SURFACE_REGIONS { World.cell[low] { MOLECULE_NUMBER { S' = 4 } } }"""

WORDS = [f'"{word.text}"' if word.kind == "text" else word.text for word in tokens(MODEL, "x")[:-1]]

CHANGE = st.tuples(
    st.integers(0, len(WORDS) - 1),
    st.one_of(
        st.none(), st.sampled_from(WORDS), st.sampled_from(["-", "1e400", "0", "{", "ALL", '"', "/*", "é", "\x00"])
    ),
    st.booleans(),
)


def told(folder: Path, text: str) -> None:
    path = folder / "model.mdl"
    path.write_text(text, encoding="utf-8")
    try:
        made = written(read_model(path), "made", folder)
    except SpinemcError as fault:
        assert str(fault)
        return
    assert "made.toml" in made.files


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(CHANGE, max_size=4))
def test_a_model_with_some_words_changed(tmp_path, changes):
    words: list[str | None] = list(WORDS)
    for at, word, instead in changes:
        words[at] = word if instead else f"{words[at]}\n{word}"
    told(tmp_path, "\n".join(word for word in words if word is not None))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.sampled_from(WORDS), max_size=40))
def test_words_in_any_order(tmp_path, words):
    told(tmp_path, BEGIN + " ".join(words))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_any_text(tmp_path, text):
    told(tmp_path, text.encode("utf-8", "replace").decode())


def test_the_model_itself_is_written(tmp_path):
    (tmp_path / "model.mdl").write_text(MODEL)
    assert written(read_model(tmp_path / "model.mdl"), "made", tmp_path).counts
