"""No file and no store makes the program crash, hang, write elsewhere or run what it was given: a sentence tells.

What is watched, and how, is in `fuzzing`: the exit status and the message, the time, an audit hook on all that the
interpreter runs and writes, and what lies around the folder before and after.
"""

import importlib.util
import json
import re
import shutil
import tomllib
from pathlib import Path

import hypothesis
import pytest
import tomli_w
from complete import FLUX, NET, SPACES, VALID
from fuzzing import at_random, chance_of, changed, command, hostile_toml, mangled, picture, reworded
from hostile_stores import hostile_store
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from spinemc import report, simulate
from spinemc.geometry.shapes import parameters
from spinemc.plans import Plan

pytestmark = pytest.mark.filterwarnings("default")

ROOT = Path(__file__).resolve().parents[2]
HAS_MORPHIO = importlib.util.find_spec("morphio") is not None
BOX = 'shape = { kind = "box", size = ["0.2 um", "0.2 um", "0.2 um"], edge = "200 nm" }'
TINY = f"""
schema = 1
title = "tiny"
[geometry]
{BOX}
[run]
t_stop = "20 us"
dt = "1 us"
sample_every = "5 us"
trials = 3
seed = 7
[[species]]
name = "Ca"
D = "20 um^2/s"
[[species]]
name = "B"
D = "2 um^2/s"
[[reaction]]
equation = "Ca -> B"
kf = "1000 /s"
[[release]]
species = "Ca"
count = 20
in = "cytosol"
[[record.positions]]
species = ["Ca"]
every = "10 us"
trials = [0, 2]
"""
MESHED = TINY.replace(
    BOX,
    'mesh = "mesh.ply"\nscale = 1.5\nmove = ["0 um", "0 um", "1 um"]\nturn = { axis = [0, 0, 1], angle = "90 deg" }\n'
    '[[geometry.region]]\nname = "psd"\nwithin = { faces = "faces.json", key = "psd" }\n',
)
WEIGHED = TINY + '[[plasticity]]\nrule = "bell2022"\nspecies = "Ca"\ncompartment = "cytosol"\n'
RATES = TINY.replace("seed = 7", 'seed = 7\nengine = "ode"').partition("[[record")[0]
SCENARIOS = TINY, VALID, SPACES, MESHED, WEIGHED, RATES
SWEEP = """
schema = 1
scenario = "tiny.toml"
design = "grid"
[[vary]]
key = "geometry.shape.edge"
values = ["0.2 um", "0.1 um"]
[[vary]]
key = "run.dt"
from = "0.5 us"
to = "1 us"
number = 3
spacing = "log"
"""
CELL = 'schema = 1\n[geometry]\nkind = "morphology"\nswc = "cell.swc"\nedge = "0.3 um"\n'
PROFILE = """
schema = 1
[geometry]
kind = "revolution"
profile = [["0 um", "0 um"], ["0.2 um", "0 um"], ["0.1 um", "0.5 um"], ["0 um", "0.5 um"]]
edge = "0.1 um"
"""
SWC = "".join(
    f"{i} {1 if i == 1 else 3} {i} 0 0 {4.0 if i == 1 else 0.3} {i - 1 if i > 1 else -1}\n" for i in range(1, 8)
)


def _coarse(path):
    """A geometry file with long edges, which is built in no time."""
    tables = tomllib.loads(path.read_text())
    tables["geometry"]["edge"] = "0.15 um"
    return tomli_w.dumps(tables)


GEOMETRIES = (
    *(_coarse(path) for path in sorted((ROOT / "geometries").glob("*.toml"))),
    'schema = 1\n[geometry]\nmesh = "mesh.stl"\nunit = "um"\nscale = 2.0\n',
    PROFILE,
    *([CELL] if HAS_MORPHIO else []),
)
OTHER = [tomllib.loads(text) for text in (*SCENARIOS, *GEOMETRIES, SWEEP)]
FRAGMENTS = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/scenario.md").read_text(), re.S)
BESIDE = {
    "flux.csv": VALID,
    "cam.net": SPACES,
    "mesh.ply": MESHED,
    "faces.json": MESHED,
    "mesh.stl": None,
    "mesh.obj": None,
    **({"cell.swc": CELL} if HAS_MORPHIO else {}),
}
"""Files that others name, and a file that names each."""


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    """A furnished folder with a finished store, and a canary beside it; smaller limits, no trying out of speed."""
    import trimesh

    base = tmp_path_factory.mktemp("fuzz")
    folder = base / "furnished"
    (folder / "folder").mkdir(parents=True)
    texts = {"flux.csv": FLUX, "cam.net": NET, "cell.swc": SWC, "tiny.toml": TINY, "faces.json": '{"psd": [0, 1, 2]}'}
    for name, text in texts.items():
        (folder / name).write_text(text)
    for suffix in ("stl", "ply", "obj"):
        trimesh.creation.icosphere(1, 0.3).export(folder / f"mesh.{suffix}")
    (folder / "link").symlink_to("/etc/passwd")
    (base / "canary").mkdir()
    for name in ("keep", "x.partial", "c.0"):
        (base / "canary" / name).write_text("kept")

    def first_and_last(scenario, varied, out, **_):
        plan = Plan(scenario, varied)
        assert plan.layout is not None
        plan.system(len(varied.settings) - 1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "_PROBE", 0.0)
        patch.setattr(parameters, "MOST_FACES", 30_000)
        patch.setattr(simulate, "sweep", first_and_last)
        assert command(["run", "tiny.toml", "--quiet"], folder, limit=600).fault((0,)) is None  # kernels are compiled
        for told in (
            "check tiny.toml",
            "info tiny.zarr --verify",
            "plot tiny.zarr",
            "compare tiny.zarr",
            "resume --quiet tiny.zarr",
        ):
            outcome = command(told.split(), folder, limit=600)
            assert outcome.fault((0,)) is None, outcome
        yield base


@pytest.fixture
def tried(arena):
    """Prepares a fresh copy of the furnished folder, runs a command in it, and says what should not be."""

    def tried(prepare, allowed=(0, 2)):
        work = arena / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(arena / "furnished", work, symlinks=True)
        argv = prepare(work)
        around = picture(arena, ("work", "temporary"))
        names = {path.name for path in work.iterdir()} | {"tiny.png", "tiny.compare.png"}
        if argv[0] != "info" and argv[0] != "resume" and argv[0] != "plot" and argv[0] != "compare":
            inside = picture(work)
        else:
            inside = None
        outcome = command(argv, work)
        fault = outcome.fault((0, 1, 2) if "--verify" in argv else allowed)
        assert fault is None, f"{argv}: {fault}\n{outcome.err[-3000:]}"
        assert outcome.status != 1 or "damaged" in outcome.out
        assert picture(arena, ("work", "temporary")) == around
        assert {path.name for path in work.iterdir()} <= names
        assert inside is None or picture(work) == inside
        return outcome

    return tried


def scenario_file(chance):
    """Makes a scenario file of a valid one, of pieces of several, or of one and a piece of the documentation."""

    def prepare(folder):
        text, number, kind = chance.choice(SCENARIOS), chance.choice((1, 1, 2, 3, 6)), chance.random()
        data = hostile_toml(text, chance, number, OTHER)
        if kind < 0.15:
            data = at_random(SCENARIOS, chance)
        elif kind < 0.25:
            data = mangled(f"{text}\n{chance.choice(FRAGMENTS)}".encode(), chance, number - 1)
        (folder / "a.toml").write_bytes(data)
        return ["check", "a.toml"]

    return prepare


def geometry_file(chance):
    """Makes a geometry file."""

    def prepare(folder):
        (folder / "a.toml").write_bytes(
            hostile_toml(chance.choice(GEOMETRIES), chance, chance.choice((1, 1, 2, 3, 6)), OTHER)
        )
        return ["geometry", "a.toml"]

    return prepare


def sweep_file(chance):
    """Makes a sweep file; its first and last points are built."""

    def prepare(folder):
        (folder / "a.toml").write_bytes(hostile_toml(SWEEP, chance, chance.choice((1, 1, 2, 3, 6)), OTHER))
        return ["sweep", "a.toml", "--quiet"]

    return prepare


def file_beside(chance):
    """Makes a file that others name: a table of rates, a network, a list of faces, a trace, a mesh."""

    def prepare(folder):
        name, number = chance.choice(list(BESIDE)), chance.choice((1, 1, 2, 3, 6))
        path = folder / name
        data = path.read_bytes()
        if chance.random() < 0.6 or name == "mesh.stl":
            data = mangled(data, chance, number)
        elif name == "faces.json" and chance.random() < 0.5:
            data = json.dumps(changed(json.loads(data), chance, number), default=str).encode()
        else:
            data = reworded(data.decode(errors="replace"), chance, number).encode(errors="replace")
        path.write_bytes(data)
        if BESIDE[name] is None:
            more = [option for option in ("--repair", "--find-spines") if chance.random() < 0.25]
            return ["geometry", name, *more]
        (folder / "a.toml").write_text(BESIDE[name])
        return ["geometry" if name == "cell.swc" else "check", "a.toml"]

    return prepare


def any_store(chance):
    """Makes a store of a finished one, and asks for something."""

    def prepare(folder):
        hostile_store(folder / "tiny.zarr", chance, SCENARIOS)
        asked = chance.choices(
            ("info", "info --verify", "resume --quiet", "plot", "compare"), weights=(2, 3, 5, 0.7, 0.7)
        )[0].split()
        return [asked[0], "tiny.zarr", *asked[1:]]

    return prepare


INPUTS = {"scenario": scenario_file, "geometry": geometry_file, "sweep": sweep_file, "beside": file_beside}
QUICK = {"scenario": 100, "geometry": 30, "sweep": 50, "beside": 100}
ways = settings(
    deadline=None, derandomize=True, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)
seeds = st.integers(0, 2**64 - 1)


@pytest.mark.parametrize("kind", INPUTS)
def test_a_few_input_files(tried, kind):
    @settings(ways, max_examples=QUICK[kind])
    @given(seed=seeds)
    def cases(seed):
        tried(INPUTS[kind](chance_of(seed)))

    cases()


def test_a_few_stores(tried):
    @settings(ways, max_examples=50)
    @given(seed=seeds)
    def cases(seed):
        tried(any_store(chance_of(seed)))

    cases()


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(10))
def test_ten_thousand_input_files(tried, chunk):
    @hypothesis.seed(chunk)
    @settings(ways, derandomize=False, max_examples=1000)
    @given(seed=seeds, kind=st.sampled_from([*INPUTS, "scenario", "beside"]))
    def cases(seed, kind):
        tried(INPUTS[kind](chance_of(seed)))

    cases()


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(10))
def test_ten_thousand_stores(tried, chunk):
    @hypothesis.seed(100 + chunk)
    @settings(ways, derandomize=False, max_examples=1000)
    @given(seed=seeds)
    def cases(seed):
        tried(any_store(chance_of(seed)))

    cases()
