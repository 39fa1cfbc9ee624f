"""How every mistake in a scenario is answered: where, what was given, what is allowed, all of them at once."""

import random
import tomllib

import pytest
from complete import DRIVEN, SPACES, VALID

from spinemc.errors import ScenarioError
from spinemc.scenario import Rate, load_scenario, parse_scenario
from spinemc.scenario.reader import read_tables
from spinemc.units import AVOGADRO, MICROMOLAR

MISTAKES = [
    (("schema = 1", "schema = 2"), "schema = 2: this version reads schema 1 only."),
    (("seed = 7", "sead = 7"), "run.sead is not a key of [run]. Did you mean run.seed?"),
    (("[[release]]", "[[releese]]"), "releese is not a key of the top level. Did you mean release?"),
    (('kf = "1.5e8 /M/s"', 'kf = "12 /s"'), 'reaction 2, kf = "12 /s": a second-order reaction needs a rate in'),
    (('kf = "1 uM/s"', 'kf = "1 uM/s"\nkff = 1'), "reaction 5, kff is not a key of [[reaction]]. Did you mean kf?"),
    (('dt = "0.5 us"', "dt = 0.5"), 'run.dt = 0.5: a time is given in s, ms or us: write a number and its unit,'),
    (('dt = "0.5 us"', 'dt = "0 us"'), 'run.dt = "0 us": it must be above 0.'),
    (('dt = "0.5 us"', ""), "run.dt is missing: [run] needs it."),
    (('every = "0.1 ms"', 'every = "1 s"'), 'run.sample_every = "1 s": it must not be longer than run.t_stop,'),
    (("trials = 50", "trials = 0"), "run.trials = 0: a whole number from 1 to 10000000 is needed."),
    (("trials = 50", "trials = true"), "run.trials = true: a whole number from 1"),
    (("seed = 7", "seed = -1"), "run.seed = -1: a whole number from 0 to 4294967295 is needed."),
    (("seed = 7", "seed = 4294967296"), "run.seed = 4294967296: a whole number from 0 to 4294967295 is needed."),
    (("seed = 7", 'engine = "partikles"'), 'run.engine = "partikles": no such engine. Did you mean particles?'),
    (('name = "CaB"', 'name = "Ca"'), 'species 3, name = "Ca": Ca is there already: choose another name.'),
    (('name = "CaB"', 'name = "2Ca"'), 'species 3, name = "2Ca": a name is made of letters, digits and'),
    (('D = "220 um^2/s"', ""), "species 1, D is missing: [[species]] needs it."),
    (('"Ca + P -> P"', '"Ca + PP -> P"'), 'reaction 2, equation = "Ca + PP -> P": PP is not a species. Did you'),
    (('"Ca + P -> P"', '"Ca + B + P -> P"'), "at most two molecules can react at once: write it as two reactions."),
    (('"Ca + P -> P"', '"3 Ca -> B"'), "at most two molecules can react at once: write it as two reactions."),
    (('"Ca + P -> P"', '"Ca + P = P"'), "an equation has two sides and one arrow, -> or <->"),
    (('"Ca + P -> P"', '"Ca -> B -> CaB"'), "an equation has two sides and one arrow, -> or <->"),
    (('"Ca + P -> P"', '"Ca + P ->"'), 'a molecule is missing: write a species as "A"'),
    (('"Ca + P -> P"', '"Ca + 0.5 P -> P"'), '"0.5 P" is not a molecule'),
    (('"Ca + P -> P"', '"Ca + P -> P + Ca"'), "both sides are the same, so nothing happens"),
    (('"Ca + P -> P"', '"Ca + B -> P"'), "P is in the membrane: a surface species must be among the molecules"),
    (('"0 -> Ca"', '"0 -> P"'), "a zeroth-order reaction makes volume species only, and P is in the membrane."),
    (('kb = "100 /s"', ""), "reaction 1, kb is missing: [[reaction]] needs it."),
    (('kf = "1e8 /M/s"', ""), "reaction 1, kf is missing: [[reaction]] needs it."),
    (('kf = "50 /s"', 'kf = "50 /s"\nkb = "1 /s"'), 'reaction 6, kb = "1 /s": a reaction with -> has no way back'),
    (('kf = "50 /s"', 'kf = "50 /s"\nin = "head"'), 'reaction 6, in = "head": only a zeroth-order reaction'),
    (("flux.csv", "flax.csv"), 'reaction 3, kf = { table = "flax.csv" }: there is no such file in'),
    (('table = "flux.csv"', 'file = "flux.csv"'), 'reaction 3, kf = { file = "flux.csv" }: a rate is a text such as'),
    (('species = "B"', 'species = "BB"'), 'release 2, species = "BB": no such species. Did you mean B?'),
    (("count = 300", "count = 300.5"), "release 2, count = 300.5: a whole number from 0"),
    (("count = 300", "count = -1"), "release 2, count = -1: a whole number from 0"),
    (("count = 300", ""), "release 2 needs exactly one amount of count, concentration and density; it has none."),
    (("exact = true", "count = 3"), "release 1 needs exactly one amount of count, concentration and density; it has"),
    (("exact = true", 'on = "psd"'), "release 1 needs exactly one place of in, on and at; it has in and on."),
    (("exact = true", "exact = 1"), "release 1, exact = 1: true or false is needed."),
    (('concentration = "100 nM"', 'density = "1 /um^2"'), "release 1, density = \"1 /um^2\": only a surface"),
    (('in = "cytosol"', 'on = "psd"'), 'release 1, concentration = "100 nM": it fills a compartment'),
    (('density = "998 /um^2"', 'concentration = "1 uM"'), 'release 3, concentration = "1 uM": P is in the membrane'),
    (('time = "1 ms"', 'time = "36 ms"'), 'release 3, time = "36 ms": the run is over at 0.035 s'),
    (('time = "1 ms"', "time = []"), "release 3, time = []: a list is needed, with at least one entry."),
    (('"-10 nm", "0.5 um"', '"-10 nm"'), "release 2, at = [\"0 um\", \"-10 nm\"]: three lengths are needed"),
    (('kind = "clamp"', 'kind = "klamp"'), 'boundary 1, kind = "klamp": no such kind of boundary. Did you mean'),
    (('concentration = "1 uM"', ""), "boundary 1, concentration is missing: [[boundary]] needs it."),
    (('kind = "clamp"', 'kind = "absorb"'), 'boundary 1, concentration = "1 uM": only kind = "clamp" takes one.'),
    (('species = ["Ca"]', 'species = ["P"]'), "P is in the membrane: a boundary is for volume species."),
    (("[3, 0]", "[50]"), "record.positions 1, trials = [50]: there are 50 trials, numbered from 0 to 49."),
    (('every = "1 ms"', 'every = "1 s"'), 'record.positions 1, every = "1 s": it must not be longer than the run'),
    (('["Ca", "P"]', '["Ca", "Ca"]'), "record.positions 1, species = [\"Ca\", \"Ca\"]: Ca is said twice"),
    (('in = "head"\n[[rec', 'in = "head"\nfollow = true\n[[rec'),
     "record.positions 2, follow = true: the species that is followed is CaB: add it to species."),
    (('every = "1 ms"', 'every = "1 ms"\nfollow = 1'), "record.positions 1, follow = 1: true or false is needed."),
    (('every = "2 ms"\nin', 'every = "2 ms"\non = "psd"\nin'),
     'record.positions 2, on = "psd": a molecule is in a compartment or on a region: remove in or on.'),
    (('every = "2 ms"\nin', 'every = "2 ms"\non'), 'record.positions 2, on = "head": B is a volume species: it is in'),
    (('on = "p*"', 'in = "head"'), 'record.positions 3, in = "head": Q is in the membrane: it is on a region.'),
    (('species = "CaB"', 'species = "CAB"'), 'record.ions 1, species = "CAB": no such species. Did you mean CaB?'),
    (("[2, 0, 3]", "[51]"), "record.ions 1, trials = [51]: there are 50 trials, numbered from 0 to 49."),
    (("{ Q = 2", "{ CaB = 2, Q = 2"), "record.ions 1, carriers.CaB = 2: a molecule of CaB is one ion: remove it from"),
    (("{ Q = 2", "{ q = 2"), "record.ions 1, carriers.q = 2: no such species. Did you mean Q?"),
    (("{ Q = 2", "{ Q = -2"), "record.ions 1, carriers.Q = -2: a whole number from 0 to 64 is needed."),
    (("[[plasticity]]", '[[record.ions]]\nspecies = "Ca"\n[[plasticity]]'),
     "record.ions 2: only one species can be followed in a run; remove this entry."),
    (("bell2022", "bell2021"), 'plasticity 1, rule = "bell2021": no such rule. Did you mean bell2022?'),
    (("{ tau = 2 }", '{ tau = "2 s" }'), 'plasticity 1, parameters.tau = "2 s": a number is needed'),
    (("{ tau = 2 }", "{ tau = nan }"), "plasticity 1, parameters.tau = nan: a number is needed"),
    (('name = "head"', 'name = "cytosol"'), 'geometry.compartment 1, name = "cytosol": cytosol is there already'),
    (('edge = "200 nm"', "edge = 0.2"), "geometry.shape.edge = 0.2: a coordinate is given in um or nm"),
    (("sphere = {", "ball = {"), "geometry.region 1, within needs exactly one of sphere, box, faces; it has none."),
    (('"2 um"] } }', '"-2 um"] } }'), "geometry.compartment 1, within.box has a low corner that is not below"),
    (("[geometry]", '[geometry]\nunit = "nm"'), 'geometry.unit = "nm": only a mesh has a unit'),
    (("[geometry]", '[geometry]\nfile = "x.toml"'), "geometry needs exactly one of file, mesh and shape; it has"),
    (("[run]", "[run"), "not TOML: "),
    (("title", "run.dt.x = 1\ntitle"), "not TOML: "),
]  # fmt: skip


@pytest.mark.parametrize(("change", "answer"), MISTAKES, ids=[answer[-60:] for _, answer in MISTAKES])
def test_a_mistake_is_answered(faults, change, answer):
    lines = faults(change)
    assert any(answer in line for line in lines), lines
    assert all(line.startswith("a.toml: ") for line in lines)


def test_most_mistakes_have_one_line(faults):
    several = [change for change, _ in MISTAKES if len(faults(change)) > 1]
    assert len(several) <= 10, several


def test_all_mistakes_are_told_at_once(faults):
    lines = faults(
        ("seed = 7", "sead = 7"),
        ('dt = "0.5 us"', "dt = 3"),
        ('"Ca + P -> P"', '"Ca + X -> P"'),
        ('species = "B"', 'species = "BB"'),
        ("flux.csv", "nothing.csv"),
        end='[[species]]\nname = "lost"\nD = "1 um^2/s"\n',
    )
    told = ("run.sead", "run.dt", "reaction 2", "release 2", "reaction 3", "species lost")
    assert len(lines) == len(told)
    assert all(sum(where in line for line in lines) == 1 for where in told), lines


def test_a_species_that_never_appears(faults, load):
    lost = '[[species]]\nname = "{}"\nD = "1 um^2/s"\n'
    way = '[[reaction]]\nequation = "{}"\nkf = "1 /s"\nkb = "1 /s"\n'
    pair = lost.format("X") + lost.format("Y")
    told = [f"a.toml: species {name} can never appear: nothing releases, clamps or makes it." for name in "XY"]
    lines = faults(end=pair + way.format("X <-> Y"))
    assert [line[: len(t)] for line, t in zip(lines, told, strict=True)] == told
    clamp = '[[boundary]]\nregion = "psd"\nspecies = ["Y"]\nkind = "clamp"\nconcentration = "1 uM"\n'
    assert load(end=pair + way.format("X <-> Y") + clamp).species[-1].name == "Y"
    assert load(end=pair + way.format("Ca <-> X") + way.format("X <-> Y")).species[-1].name == "Y"


def test_names_of_a_mesh_are_known_before_it_is_read(load, faults, folder):
    (folder / "m.stl").write_text("")
    change = (
        'shape = { kind = "box", size = ["1 um", "1 um", "2 um"], edge = "200 nm" }',
        'mesh = "m.stl"\nunit = "nm"',
    )
    assert load(change).geometry.unit == 1e-3
    assert load(change).geometry.mesh == folder / "m.stl"
    assert faults(change, ('region = "psd"', 'region = "pds"')) == [
        'a.toml: boundary 1, region = "pds": no such region. Did you mean psd?'
    ]
    assert 'release 1, in = "spine": no such compartment.' in faults(change, ('in = "cytosol"', 'in = "spine"'))[0]
    assert "a mesh is a file in STL, OBJ or PLY." in faults((change[0], 'mesh = "flux.csv"'))[0]


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ("", "flux.csv has no row"),
        ("# nothing\ntime, rate\n", "flux.csv has no row"),
        ("0,1\n1,2\n1,3\n", "flux.csv, line 3: the time, 1 s, does not come after 1 s."),
        ("t,r\n\n# x\n0,1\n-1,2\n", "flux.csv, line 5: the time, -1 s, does not come after 0 s."),
        ("0,1\n1,-2\n", "flux.csv, line 2: the rate, -2, is negative."),
        ("0,1\n1,nan\n", "flux.csv, line 2: the time and the rate must be finite."),
        ("0,1\ninf,1\n", "flux.csv, line 2: the time and the rate must be finite."),
        ("0,1\n1,2,3\n", 'flux.csv, line 2: "1,2,3" is not a time and a rate.'),
        ("t,r\nu,s\n0,1\n", 'flux.csv, line 2: "u,s" is not a time and a rate.'),
        ("0;1\n", "flux.csv has no row"),
    ],
)
def test_tables_that_are_refused(faults, folder, rows, answer):
    (folder / "flux.csv").write_text(rows)
    (line,) = faults()
    assert line.startswith('a.toml: reaction 3, kf = { table = "flux.csv" }: ') and answer in line


def test_a_table_that_is_not_a_text(faults, folder):
    (folder / "flux.csv").write_bytes(b"\xff\xfe0,1\n")
    assert faults() == ['a.toml: reaction 3, kf = { table = "flux.csv" }: flux.csv is not a text in UTF-8.']


def test_the_unit_of_a_table_follows_the_order(load, folder):
    (folder / "flux.csv").write_text("0,2\n")
    second = load(('kf = "1e8 /M/s"', 'kf = { table = "flux.csv" }')).reaction[0].kf
    assert second.value == pytest.approx((2e15 / AVOGADRO,), rel=1e-15)
    assert load(('kf = "1 uM/s"', 'kf = { table = "flux.csv" }')).reaction[4].kf.value == (2 * MICROMOLAR,)
    assert load(('kf = "0.1 um^2/s"', 'kf = { table = "flux.csv" }')).reaction[3].kf == Rate((0.0,), (2.0,))


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (None, "cannot be read: there is no such file."),
        (b"\xff", "b.toml: not a text in UTF-8: byte 0 is not allowed."),
        (b"a = 1\nb = \n", "b.toml: not TOML: Invalid value (at line 2, column 5)."),
        (b"a = " + b"[" * 5000, "b.toml: tables or lists stand in one another too deeply."),
        (b".".join([b"a"] * 5000) + b" = 1", "b.toml: tables or lists stand in one another too deeply."),
        (b"", "b.toml: geometry is missing: the top level needs it."),
    ],
)
def test_files_that_are_refused(tmp_path, content, answer):
    if content is not None:
        (tmp_path / "b.toml").write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(tmp_path / "b.toml")
    assert answer in str(caught.value)


@pytest.mark.parametrize("whole", [VALID, SPACES, DRIVEN], ids=["rates", "spaces", "driven"])
def test_a_mutated_scenario_is_read_or_refused(folder, whole):
    chance = random.Random(20220101)
    pieces = [*'"[]{}=-0.@ \n\0é', "e9", "nan", "Ca", "P", "->", "<->", "um", "/s"]
    odd = [None, True, -1, 0, 3.5, float("nan"), 10**400, "", "x", "1 um", "0", "1 /s", [], [[]], {}, [{}], {"a": 1}]
    refused = 0
    for trial in range(600):
        if trial % 2:
            toml = list(whole)
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(toml))
                toml[at : at + chance.randint(0, 9)] = chance.choice(pieces)
            attempt, given = parse_scenario, "".join(toml)
        else:
            given = tomllib.loads(whole)
            for _ in range(chance.randint(1, 4)):
                _mutate(given, chance, odd)
            attempt = read_tables
        try:
            attempt(given, folder / "a.toml")
        except ScenarioError as error:
            refused += 1
            assert all(line.startswith("a.toml: ") for line in str(error).splitlines()), given
    assert 300 < refused < 600


def _mutate(tables, chance, odd):
    """Replace, remove or add one thing somewhere."""
    inner = tables
    while True:
        keys = list(inner) if isinstance(inner, dict) else range(len(inner))
        if not keys:
            return
        key = chance.choice(list(keys))
        if isinstance(inner[key], dict | list) and chance.random() < 0.8:
            inner = inner[key]
            continue
        action = chance.randrange(3)
        if action == 0 and isinstance(inner, dict):
            del inner[key]
        elif action == 1 and isinstance(inner, dict):
            inner[chance.choice(["x", "kf", "on", "in", "count", "file"])] = chance.choice(odd)
        else:
            inner[key] = chance.choice(odd)
        return
