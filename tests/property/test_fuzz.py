"""No file and no store makes the program crash, hang, write elsewhere or run what it was given: a sentence tells.

What is watched, and how, is in `fuzzing`: the exit status and the message, the time, an audit hook on all that the
interpreter runs and writes, and what lies around the folder before and after.
"""

import importlib.util
import io
import json
import os
import re
import shutil
import tomllib
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import tomli_w
import zarr
from complete import DRIVEN, FLUX, NET, SPACES, VALID
from fuzzing import at_random, chance_of, changed, command, hostile_toml, mangled, picture, reworded
from hostile_stores import Planted, hostile_store, rooted, sealed
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from spinemc import forecast, plans, simulate, summaries
from spinemc.geometry.shapes import parameters
from spinemc.plans import Plan
from spinemc.scenario import sections
from spinemc.store import seals

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
SPINE_SHAPE = (
    'head_radius = "0.2 um", neck_radius = "0.06 um", neck_length = "0.3 um", psd_radius = "0.1 um", edge = "0.15 um"'
)
CHANGING = (
    WEIGHED.replace(BOX, f'shape = {{ kind = "spine", {SPINE_SHAPE} }}').replace(
        '"cytosol"\n[[record', '"head"\n[[record'
    )
    + """
[structure]
epochs = 2
loop = "open"
rule = "bell2022"
molecules = "fresh"
head_volume = { gain = 0.75, least = "0.004 um^3", most = "0.8 um^3" }
neck_radius = { gain = 0.25, least = "20 nm", most = "250 nm" }
[[initial]]
species = "B"
in = "head"
count = 4
"""
)
PAIR = 'length = "2 um", radius = "0.2 um", spine = [{ at = "0.5 um" }, { at = "1.5 um" }]'
FORMED = (
    RATES.replace(BOX, f'shape = {{ kind = "dendrite", {PAIR}, {SPINE_SHAPE} }}')
    .replace('engine = "ode"', 'engine = "compartments"\nexchange = "literal"')
    .replace('"cytosol"', '"shaft"')
)
SCENARIOS = TINY, VALID, SPACES, DRIVEN, MESHED, WEIGHED, RATES, CHANGING, FORMED
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
        patch.setattr(forecast, "PROBE", 0.0)
        patch.setattr(parameters, "MOST_FACES", 30_000)
        patch.setattr(sections, "MOST_SAMPLES", 20_000)
        patch.setattr(plans, "MOST_FRAMES", 20_000)
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
    furnished = picture(arena / "furnished")

    def tried(prepare, allowed=(0, 2)):
        work, is_store = arena / "work", prepare.__qualname__.startswith("any_store")
        shutil.rmtree(work, ignore_errors=True)
        left_out = None if is_store else shutil.ignore_patterns("tiny.zarr")
        shutil.copytree(arena / "furnished", work, symlinks=True, ignore=left_out)
        argv = prepare(work)
        around = picture(arena, ("work", "temporary", "furnished"))
        inside = None if is_store else picture(work)
        names = {path.name for path in work.iterdir()} | {"tiny.png", "tiny.compare.png", "tiny.html", "tiny.csv"}
        outcome = command(argv, work)
        fault = outcome.fault((0, 1, 2) if "--verify" in argv else allowed)
        assert fault is None, f"{argv}: {fault}\n{outcome.err[-3000:]}"
        assert outcome.status != 1 or "damaged" in outcome.out
        assert picture(arena, ("work", "temporary", "furnished")) == around
        assert {path.name for path in work.iterdir()} <= names
        assert inside is None or picture(work) == inside
        return outcome

    yield tried
    assert picture(arena / "furnished") == furnished


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
            ("info", "info --verify", "resume --quiet", "plot", "compare", "report --quiet", "export --out tiny.csv"),
            weights=(2, 3, 5, 0.7, 0.7, 0.7, 0.7),
        )[0].split()
        return [asked[0], "tiny.zarr", *asked[1:]]

    return prepare


INPUTS = {"scenario": scenario_file, "geometry": geometry_file, "sweep": sweep_file, "beside": file_beside}
QUICK = {"scenario": 100, "geometry": 30, "sweep": 50, "beside": 60}
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
    @settings(ways, max_examples=40)
    @given(seed=seeds)
    def cases(seed):
        tried(any_store(chance_of(seed)))

    cases()


def _linked(name, target):
    def do(store):
        path = store / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        path.symlink_to(target)

    return do


def _piped(store):
    (store / "counts/count/c.0.0.0.0").unlink()
    os.mkfifo(store / "counts/count/c.0.0.0.0")


def _said(**attributes):
    def do(store):
        root = json.loads((store / "zarr.json").read_bytes())
        root["attributes"] |= attributes
        rooted(store, root)

    return do


def _shaped(array, **entries):
    """Metadata of an array written anew, in its own file and in the root, with checksums that fit."""

    def do(store):
        root = json.loads((store / "zarr.json").read_bytes())
        root["consolidated_metadata"]["metadata"][array] |= entries
        (store / array / "zarr.json").write_text(json.dumps(root["consolidated_metadata"]["metadata"][array]))
        rooted(store, root)
        fixed = json.loads((store / ".spinemc/fixed").read_bytes()[8:])
        fixed["files"][f"{array}/zarr.json"] = seals.crc((store / array / "zarr.json").read_bytes())
        sealed(store / ".spinemc/fixed", fixed)

    return do


def _valued(array, values):
    """Other values in an array."""

    def do(store):
        zarr.open_array(store / array, mode="r+")[:] = values

    return do


def _listed(seal, key):
    def do(store):
        noted = json.loads((store / ".spinemc" / seal).read_bytes()[8:])
        noted["files"][key] = "00000000"
        sealed(store / ".spinemc" / seal, noted)
        if seal == "rows":
            sealed(store / ".spinemc/rows.copy", noted)

    return do


def _left(name, content):
    """A trial of a block that is to be run again has left something."""

    def do(store):
        (store / ".spinemc/blocks/000000").unlink()
        trial = store / ".spinemc/trials/00000000"
        trial.mkdir(parents=True)
        sealed(trial / name, content)

    return do


def _state(**arrays):
    """What a trial saves, with some arrays that are none of its scenario."""
    file = io.BytesIO()
    none = {"parts.table": np.array([], dtype=str), "parts.number": np.array([], dtype=np.int64)}
    np.savez(file, **none, reached=np.array([10**6, 0]), **arrays)
    return file.getvalue()


def _pickled():
    file = io.BytesIO()
    np.savez(file, **{"parts.table": np.array([Planted()], dtype=object), "parts.number": np.array([1])})
    return file.getvalue()


STORES = {
    "the lock leads elsewhere": (_linked(".spinemc/lock", "../../../canary/keep"), "resume --quiet", "is a link"),
    "a folder leads elsewhere": (_linked("surface/area", "../../../canary"), "resume --quiet", "is a link"),
    "a file never ends": (_linked("counts/count/c.0.0.0.0", "/dev/zero"), "info --verify", "is a link"),
    "a pipe": (_piped, "info", "neither a file nor a folder"),
    "a scenario that is no text": (_said(scenario=[1]), "info", "scenario in its zarr.json"),
    "a provenance that is no table": (_said(provenance="[]"), "info", "provenance in its zarr.json"),
    "a time that is no number": (_said(provenance='{"wall_time": "x"}'), "info", "provenance in its zarr.json"),
    "steps that are no number": (_said(provenance='{"particle_steps": [1]}'), "info", "provenance in its zarr.json"),
    "versions that are no table": (_said(provenance='{"versions": 3}'), "info", "provenance in its zarr.json"),
    "a fingerprint that is no table": (_said(fingerprint='{"0": 3}'), "resume --quiet", "the fingerprint"),
    "a sweep that is none": (_said(sweep='{"axes": 3}'), "resume --quiet", "the sweep"),
    "trials that are no number": (_said(trials="x"), "info --verify", "trials in its zarr.json"),
    "more blocks than trials": (_said(blocks_finished=2**30), "info --verify", "trials_finished in its"),
    "blocks that nobody has": (
        _said(trials=2**30, trials_finished=2**30, blocks_finished=2**30),
        "info --verify",
        "blocks of trials are finished, and 3 are there",
    ),
    "a scenario that is no TOML": (_said(scenario="a = = 1"), "plot", "not TOML"),
    "a codec that nobody knows": (_shaped("counts/volume", codecs=[{"name": "pickle"}]), "plot", "cannot be read"),
    "trials of another run": (_valued("surface/trial", [3, 4, 5]), "compare", "surface/trial is not the coordinate"),
    "times that fall": (_valued("counts/time", [0.0, 2.0, 1.0, 3.0, 4.0]), "plot", "counts/time is not the coord"),
    "a reaction without sides": (_valued("events/reaction", "A"), "plot", "events/reaction is not the list of"),
    "a species at home nowhere": (_valued("counts/home", "nowhere"), "plot", "counts/home is not the list of places"),
    "a shape beyond all": (_shaped("counts/count", shape=[10**18, 5, 1, 2]), "resume --quiet", "are not those of its"),
    "another dimension": (_shaped("counts/volume", dimension_names=["x"]), "compare", "counts/volume is not"),
    "a file elsewhere is to be removed": (
        _listed("rows", "positions/../../canary"),
        "resume --quiet",
        None,
    ),
    "a file elsewhere is to be read": (_listed("fixed", "/dev/zero"), "resume --quiet", None),
    "an object that runs": (_left("state", _pickled()), "resume --quiet", None),
    "a state of another scenario": (_left("state", _state()), "resume --quiet", "is not a state of this scenario"),
    "frames that are none": (_left("done", b'{"Ca": "x"}'), "resume --quiet", None),
    "a table that is a list": (_left("done", b"[]"), "resume --quiet", None),
}


@pytest.mark.parametrize("case", STORES)
def test_stores_that_did_harm(tried, case):
    do, asked, said = STORES[case]

    def any_store_of_these(folder):
        do(folder / "tiny.zarr")
        first, *more = asked.split()
        return [first, "tiny.zarr", *more]

    any_store_of_these.__qualname__ = "any_store"
    outcome = tried(any_store_of_these)
    assert outcome.status == (0 if said is None else 2), outcome
    assert said is None or said in outcome.err


SPINE = """schema = 1
[geometry]
kind = "branched"
head_radius = "0.2 um"
neck_radius = "0.09 um"
neck_length = "0.7 um"
psd_radius = "{psd}"
{branch}
"""
BRANCH = """[[geometry.branch]]
at = "0.3 um"
head_radius = "0.14 um"
neck_radius = "0.045 um"
neck_length = "0.3 um"
psd_radius = "0.08 um"
"""
FILES = {
    "control characters": ("check", TINY.replace('name = "B"', 'name = "\\u001b[2J"'), "\\x1b[2J"),
    "a key without end": ("check", f"{'k' * 50_000} = 1\n{TINY}", "k... is not a key of the top level"),
    "a key of many parts": ("check", f"{'a.' * 300_000}b = 1\n{TINY}", "stand in one another too deeply"),
    "faults without end": ("check", TINY + '[[species]]\nname = "B"\n' * 300, "more faults."),
    "a radius of no size": (
        "geometry",
        SPINE.format(psd="1e-308 um", branch=BRANCH),
        "is 1e-308: it must be 1e-09 or more",
    ),
    "heads without end": (
        "geometry",
        SPINE.format(psd="0.1 um", branch=50 * BRANCH),
        "a neck carries 20 heads at most",
    ),
    "trials": ("check", TINY.replace("trials = 3", "trials = 2147483647"), "a whole number from 1 to 10000000"),
    "samples": ("check", TINY.replace('"5 us"', '"1e-12 s"'), "samples: use a longer time"),
    "frames": ("check", TINY.replace('"10 us"', '"1e-15 s"'), "of them: use a longer time"),
    "molecules": ("check", TINY.replace("count = 20", "count = 2147483647"), "molecules in one trial, more than 1e+08"),
    "an angle that is a name": ("check", MESHED.replace('"90 deg"', '"x"'), "an angle is given in rad or deg"),
}


@pytest.mark.parametrize("case", FILES)
def test_files_that_did_harm(tried, case):
    asked, text, said = FILES[case]

    def prepare(folder):
        (folder / "a.toml").write_text(text)
        return [asked, "a.toml"]

    outcome = tried(prepare)
    assert outcome.status == 2 and said in outcome.err


FARAWAY = SWC.replace("2 3 2 0 0", "2 3 1e39 0 0")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("faces.json", "[" * 100_000, "lists stand in one another too deeply"),
        ("mesh.obj", "v 0 0\nv 1 0\nv 0 1\nf 1 2 3\n", "mesh.obj: "),
        pytest.param(
            "cell.swc", FARAWAY, "geometry.swc: ", marks=pytest.mark.skipif(not HAS_MORPHIO, reason="needs morphio")
        ),
    ],
)
def test_files_beside_that_did_harm(tried, name, text, said):
    def prepare(folder):
        (folder / name).write_text(text)
        if BESIDE[name] is None:
            return ["geometry", name]
        (folder / "a.toml").write_text(BESIDE[name])
        return ["geometry" if name == "cell.swc" else "check", "a.toml"]

    outcome = tried(prepare)
    assert outcome.status == 2 and said in outcome.err


def test_more_memory_than_there_is(tried, monkeypatch):
    def asks(*_):
        raise MemoryError("Unable to allocate 1 EiB")

    monkeypatch.setattr(summaries, "check", asks)
    outcome = tried(lambda folder: ["check", "tiny.toml"])
    assert (outcome.status, outcome.err) == (2, "this takes more memory than there is: Unable to allocate 1 EiB.\n")


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
