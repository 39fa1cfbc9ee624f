"""Molecules with sites that bind in steps, and networks from files of BioNetGen."""

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from complete import NET, SPACES

from spinemc.errors import ScenarioError
from spinemc.scenario import Rate, Reaction, Release, Species, load_scenario
from spinemc.scenario.bionetgen import identifiers
from spinemc.scenario.expressions import parse, value
from spinemc.units import MICROMOLAR

PLAIN = """
[geometry]
shape = { kind = "sphere", radius = "0.3 um" }
[run]
t_stop = "1 ms"
dt = "1 us"
sample_every = "0.1 ms"
[[species]]
name = "Ca"
D = "220 um^2/s"
[[release]]
species = "Ca"
count = 5
in = "cytosol"
"""
CALBINDIN = """
[[molecule]]
name = "CB"
D = "20 um^2/s"
ligand = "Ca"
[[molecule.site]]
name = "M"
kf = ["174 /uM/s", "87 /uM/s"]
kb = ["35.8 /s", "71.6 /s"]
[[molecule.site]]
name = "H"
kf = ["22 /uM/s", "11 /uM/s"]
kb = ["2.6 /s", "5.2 /s"]
[[release]]
species = "CB_M0H0"
concentration = "40 uM"
in = "cytosol"
"""
NETWORK = '[[network]]\nfile = "cam.net"\namounts = "uM"\nD = "10 um^2/s"\n'


@pytest.fixture
def calbindin(load):
    return load(base=PLAIN + CALBINDIN)


def test_a_molecule_is_what_stands_for_it_by_hand(calbindin, load):
    kf = {"M": (174, 87), "H": (22, 11)}
    kb = {"M": (35.8, 71.6), "H": (2.6, 5.2)}
    toml = PLAIN + CALBINDIN[CALBINDIN.index("[[release]]") :]
    for m, h in product(range(3), range(3)):
        toml += f'[[species]]\nname = "CB_M{m}H{h}"\nD = "20 um^2/s"\n'
    for site in "MH":
        for m, h in product(range(3), range(3)):
            bound = {"M": (m + 1, h), "H": (m, h + 1)}[site]
            n = {"M": m, "H": h}[site]
            if n < 2:
                toml += f'[[reaction]]\nequation = "CB_M{m}H{h} + Ca <-> CB_M{bound[0]}H{bound[1]}"\n'
                toml += f'kf = "{kf[site][n]} /uM/s"\nkb = "{kb[site][n]} /s"\n'
    assert replace(calbindin, text="") == replace(load(base=toml), text="")
    assert len(calbindin.species) == 1 + 9 and len(calbindin.reaction) == 12
    assert "CB_M0H1" not in calbindin.text


def test_binding_settles_at_the_product_of_the_sites(calbindin):
    """At rest every state has the weight of its two ladders' products of c kf / kb, whatever way leads there."""
    c = 0.3 * MICROMOLAR
    weight = {"CB_M0H0": 1.0}
    while len(weight) < 9:
        for r in calbindin.reaction:
            if r.reactants[0] in weight:
                weight[r.products[0]] = weight[r.reactants[0]] * c * r.kf.value[0] / r.kb.value[0]
    total = sum(weight.values())
    bound = sum(w * (int(name[4]) + int(name[6])) for name, w in weight.items()) / total
    x = {"M": 0.3 * 174 / 35.8, "H": 0.3 * 22 / 2.6}
    ladder = {"M": (87 / 71.6) / (174 / 35.8), "H": (11 / 5.2) / (22 / 2.6)}
    mean = sum((x[s] + 2 * ladder[s] * x[s] ** 2) / (1 + x[s] + ladder[s] * x[s] ** 2) for s in "MH")
    assert bound == pytest.approx(mean, rel=1e-12)
    for r in calbindin.reaction:
        step = weight[r.products[0]] / weight[r.reactants[0]]
        assert step == pytest.approx(c * r.kf.value[0] / r.kb.value[0], rel=1e-12)


def test_molecules_may_sit_on_a_surface_and_bind_from_any_side(load):
    toml = SPACES.replace(
        'name = "CB"\nD = "20 um^2/s"\nligand = "Ca"', 'name = "CB"\non = "apparatus"\nligand = "Ca@lumen"'
    )
    toml = toml.replace(
        'species = "CB_M0H0"\nconcentration = "40 uM"\nin = "cytosol"', 'species = "CB_M0H0"\ncount = 9\non = "patch"'
    )
    s = load(base=toml)
    assert Species("CB_M1H0", 0.0, "apparatus") in s.species
    assert next(r for r in s.reaction if r.reactants[:1] == ("CB_M0H0",)).reactants[1] == "Ca@lumen"


def test_settings_reach_molecules(load):
    s = load(base=PLAIN + CALBINDIN, overrides=["molecule.CB.D=5 um^2/s", "molecule.CB.site.H.kb=['1 /s', '2 /s']"])
    assert {x.D for x in s.species if x.name != "Ca"} == {5.0}
    assert {r.kb for r in s.reaction[6:]} == {Rate.constant(1.0), Rate.constant(2.0)}
    assert 'D = "5 um^2/s"' in s.text and "CB_M1H1" not in s.text


def test_a_molecule_of_too_many_states(faults):
    steps = ", ".join(['"1 /uM/s"'] * 9), ", ".join(['"1 /s"'] * 9)
    sites = "".join(f'[[molecule.site]]\nname = "{a}"\nkf = [{steps[0]}]\nkb = [{steps[1]}]\n' for a in "ABC")
    lines = faults(base=PLAIN + CALBINDIN.replace("[[release]]", sites + "[[release]]"))
    assert "a.toml: molecule 1 has 9000 states, more than 512: give it fewer sites or steps." in lines


def test_a_network_is_read(load):
    s = load(base=PLAIN + NETWORK + 'rename = { "CaM(c~0,n~0)" = "CaM" }\n')
    assert s.species[0] == Species("Ca", 220.0)
    complexed = "Ca_s1_CaM_c01_n0"
    assert [(x.name, x.D) for x in s.species[1:]] == [
        ("CaM", 10.0),
        ("CaM_c1_n0", 10.0),
        (complexed, 10.0),
        ("D", 10.0),
    ]
    per = 1.0 / MICROMOLAR
    wanted = [
        (("Ca", "CaM"), (complexed,), 300.0 * per),  # two lines with the same molecules are one reaction
        ((complexed,), ("Ca", "CaM"), 50.0),
        ((complexed,), ("CaM_c1_n0",), 1.0),
        (("D", "D"), (), 50.0 * per),
        ((), ("Ca",), 0.1 * MICROMOLAR),
    ]
    assert [(r.reactants, r.products) for r in s.reaction] == [(a, b) for a, b, _ in wanted]
    assert [r.kf.value[0] for r in s.reaction] == pytest.approx([k for *_, k in wanted], rel=1e-14)
    seeds = {r.species: r.concentration / MICROMOLAR for r in s.release[1:]}
    assert seeds == pytest.approx({"Ca": 0.1, "CaM": 20.0, "D": 2.2}, rel=1e-14)
    assert {r.inside for r in s.release} == {"cytosol"}


def test_a_network_in_numbers_of_molecules(load):
    counted = NETWORK.replace('"uM"', '"molecules"\nvolume = "0.5 um^3"\ntime = "ms"')
    s = load(base=PLAIN + counted)
    kf = {(r.reactants, r.products): r.kf.value[0] for r in s.reaction}
    assert kf[("D", "D"), ()] == pytest.approx(50.0 * 0.5 / 1e-3, rel=1e-14)
    assert kf[(), ("Ca",)] == pytest.approx(0.1 / 0.5 / 1e-3, rel=1e-14)
    assert kf[("Ca_s1_CaM_c01_n0",), ("CaM_c1_n0",)] == pytest.approx(1000.0, rel=1e-14)
    assert [(r.species, r.count) for r in s.release[2:]] == [("CaM_c0_n0", 20), ("D", 2)]


def test_a_network_on_a_surface_and_in_another_space(load, folder):
    (folder / "cam.net").write_text(NET.replace("5 D() 2*(Ca0 + 1)", "5 D() Ca0"))
    s = load(('D = "10 um^2/s"\nrename = { "CaM(c~0,n~0)" = "CaM" }', 'D = "10 um^2/s"\nin = "lumen"'), base=SPACES)
    made = [r for r in s.reaction if "CaM_c0_n0" in r.reactants]
    assert made[0].reactants == ("Ca@lumen", "CaM_c0_n0")
    assert next(x for x in s.species if x.name == "CaM_c0_n0").inside == "lumen"
    assert Release("Ca@lumen", concentration=pytest.approx(0.1 * MICROMOLAR), inside="lumen") in s.release
    flat = NETWORK.replace('D = "10 um^2/s"', 'on = "membrane"').replace(
        '"uM"', '"molecules"\nvolume = "1 um^3"\narea = "4 um^2"'
    )
    s = load(base=PLAIN + flat)
    assert Species("D", 0.0, "membrane") in s.species
    assert next(r.kf for r in s.reaction if r.reactants == ("Ca", "CaM_c0_n0")).value == pytest.approx((300.0,))
    assert Release("CaM_c0_n0", count=20, on="membrane") in s.release


BAD_NETS = [
    (("4 5,5 0 0.5*kon", "4 5,5,1 0 kon"), "cam.net, line 23: 3 molecules react at once: at most two can."),
    (("4 5,5 0 0.5*kon", "4 5,5 0 f"), "cam.net, line 23: its rate is the function f: only reactions of mass action"),
    (("4 5,5 0 0.5*kon", "4 5,5 0 f()"), "cam.net, line 23: its rate is the function f: only reactions of mass action"),
    (
        ("4 5,5 0 0.5*kon", "4 5,5 0 Sat kon K"),
        'cam.net, line 23: "Sat kon K" is a rate law of its own: only reactions',
    ),
    (("4 5,5 0 0.5*kon", "4 5,9 0 kon"), "cam.net, line 23: there is no species 9, or its line is wrong."),
    (("4 5,5 0 0.5*kon", "4 5,5 0 -kon"), "cam.net, line 23: its rate, -100, is negative."),
    (("4 5,5 0 0.5*kon", "4 5,5 0"), 'cam.net, line 23: "4 5,5 0" is not a number, reactants, products and a rate.'),
    (("4 5,5 0 0.5*kon", "4 5,5 0 kno"), "cam.net, line 23: kno is not a parameter."),
    (
        ("4 5,5 0 0.5*kon", "4 5 " + ",".join("1" * 9) + " kon"),
        "cam.net, line 23: 9 molecules are made at once: at most 8",
    ),
    (("2^-1", "2^-1*kd"), "cam.net, line 3: kd depends on itself."),
    (("2^-1", "1/0"), 'cam.net, line 5: "1/0" has no value: it divides by 0, or the like.'),
    (("2^-1", "if(kon,1,2)"), 'cam.net, line 5: "if(kon,1,2)" is not allowed: an expression is made of numbers'),
    (("2^-1", "2 +"), 'cam.net, line 5: "2 +" is not arithmetic that can be read.'),
    (("2^-1", "1e999"), 'cam.net, line 5: "1e999" is not finite.'),
    (
        ("1 Ca(s) Ca0", "1 $Ca(s) Ca0"),
        "cam.net, line 13: $Ca(s) is held constant, which only a [[boundary]] of kind clamp",
    ),
    (("1 Ca(s) Ca0", "1 @c::Ca(s) Ca0"), "cam.net, line 13: @c::Ca(s) is in a compartment of BioNetGen's own"),
    (("1 Ca(s) Ca0", "1 Ca(s) -Ca0"), "cam.net, line 13: the amount of Ca(s), -0.1, is negative."),
    (("1 Ca(s) Ca0", "Ca(s)"), 'cam.net, line 13: "Ca(s)" is not a number, a species and its amount.'),
    (("end groups\n", ""), 'cam.net: the block of groups has no "end groups".'),
    (("end groups\n", "end groups\nbegin species\nend species\n"), "cam.net, line 31: there are species already"),
    (("begin reactions", "begin reaktions"), "cam.net has no block of reactions: a network as BioNetGen writes it"),
]


@pytest.mark.parametrize(("change", "answer"), BAD_NETS, ids=[answer for _, answer in BAD_NETS])
def test_networks_that_are_refused(faults, folder, change, answer):
    assert change[0] in NET
    (folder / "cam.net").write_text(NET.replace(*change, 1))
    lines = faults(base=PLAIN + NETWORK)
    assert any(line.startswith(f'a.toml: network 1, file = "cam.net": {answer}') for line in lines), lines


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (('amounts = "uM"', ""), "network 1, amounts is missing: [[network]] needs it."),
        (('amounts = "uM"', 'amounts = "moles"'), 'amounts = "moles": no such unit of amounts. Did you'),
        (('amounts = "uM"', 'amounts = "molecules"'), "line 20 and 3 more: its rate is for the volume that"),
        (('amounts = "uM"', 'amounts = "uM"\nvolume = "1 um^3"'), 'volume = "1 um^3": amounts = "molecules" needs one'),
        (('"uM"\nD = "10 um^2/s"', '"uM"\non = "membrane"'), "line 23: the rate of two surface species is not told by"),
        (('"uM"\nD = "10 um^2/s"', '"uM"\non = "membrane"'), "line 14: CaM_c0_n0 sits on a surface, so a"),
        (('D = "10 um^2/s"', ""), "network 1, D is missing: CaM_c0_n0 is not declared as a [[species]]. Give D or on."),
        (('D = "10 um^2/s"', 'D = "10 um^2/s"\ntime = "h"'), 'network 1, time = "h": no such unit of time.'),
        (('"cam.net"', '"can.net"'), 'network 1, file = "can.net": there is no such file in'),
        (('D = "10 um^2/s"', 'D = "10 um^2/s"\nrename = { "CaM(c~0)" = "X" }'), "Did you mean CaM(c~1,n~0)?"),
        (('D = "10 um^2/s"', 'D = "10 um^2/s"\nrename = { "Ca(s)" = "1X" }'), "a name is made of letters, digits and"),
        (('D = "10 um^2/s"', 'D = "10 um^2/s"\nrename = { "Ca(s)" = "X", "D()" = "X" }'), "two patterns have one name"),
    ],
)  # fmt: skip
def test_mistakes_beside_a_network_are_answered(faults, change, answer):
    assert change[0] in NETWORK
    lines = faults(base=PLAIN + NETWORK.replace(*change, 1))
    assert any(answer in line for line in lines), lines
    assert all(line.startswith("a.toml: network 1") for line in lines)


def test_a_network_that_is_not_a_text(faults, folder):
    (folder / "cam.net").write_bytes(b"\xff\xfe")
    assert faults(base=PLAIN + NETWORK) == ['a.toml: network 1, file = "cam.net": cam.net is not a text in UTF-8.']


def test_species_of_a_network_have_names_of_their_own():
    patterns = ["A(b)", "A(b!1).B(a!1)", "A()", "A(b~p)", "3A(b~?)", "B-2(x)", "A(b!1,b).B(a!1)"]
    assert identifiers(patterns, {"A(b~p)": "A_b1_B_a1"}) == [
        "A",
        "A_b1_B_a1_2",
        "A_2",
        "A_b1_B_a1",
        "s_3A_b",
        "B_2",
        "A_b1_B_a1_3",
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("-2^2", -4.0),
        ("2**3^2", 512.0),
        ("1.e3 + .5E-1", 1000.05),
        ("lambda/(1+in)*e1", 3.0),
        ("exp(ln(2)) + sqrt(4) + log10(1e3) + log2(8) + abs(-1)", 11.0),
        ("_pi/_pi + _e*0", 1.0),
    ],
)
def test_arithmetic(text, number):
    assert value(parse(text), {"lambda": 6.0, "in": 1.0, "e1": 1.0}) == pytest.approx(number, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "(1).real", "[1][0]", "1j", "'a'", "a if b else c", "x:=1", "f(1)", "exp(1, 2)", "1 < 2",
     "exp", "1 // 2", "lambda: 1", "(" * 500 + "1" + ")" * 500, "-" * 100_000 + "1", "9" * 5000, "(-8)^(1/3)", "\0"],
)  # fmt: skip
def test_what_is_not_arithmetic_is_refused(text):
    with pytest.raises(ScenarioError):
        value(parse(text), {})


def test_a_network_alone_makes_a_scenario(folder):
    toml = PLAIN[: PLAIN.index("[[species]]")] + NETWORK
    (folder / "b.toml").write_text(toml)
    s = load_scenario(folder / "b.toml")
    assert s.species[0] == Species("Ca", 10.0)
    assert isinstance(s.reaction[0], Reaction)


def test_the_examples_of_the_manual_are_read(folder):
    text = (Path(__file__).resolve().parents[2] / "docs" / "scenario.md").read_text()
    examples = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    assert len(examples) == 9
    for mesh in re.findall(r'"(\w+\.obj)"', examples[0]):
        (folder / mesh).write_text("")
    rest = PLAIN[PLAIN.index("[run]") :].replace('t_stop = "1 ms"', 't_stop = "1 s"')
    for name in ("SERCA_Ca", "R", "R_glu"):
        rest += f'[[species]]\nname = "{name}"\non = "membrane"\n'
    for name in ("SERCA", "R", "CB_M0H0"):
        place = 'in = "cytosol"' if name == "CB_M0H0" else 'on = "membrane"'
        rest += f'[[release]]\nspecies = "{name}"\ncount = 3\n{place}\n'
    (folder / "manual.toml").write_text("".join(examples[:8]) + rest)
    s = load_scenario(folder / "manual.toml")
    assert s.geometry.spaces == ("cytosol", "lumen", "outside")
    assert sum(r.equation.startswith("CB_M") for r in s.reaction) == 12
    assert [m.kind for m in s.mechanism] == ["vscc"] and [len(i.time) for i in s.stimulus] == [5, 1]
    assert [r.species for r in s.release[:2]] == ["Ca@lumen", "glu"]


def test_the_beginning_of_the_manual_is_read(folder):
    text = (Path(__file__).resolve().parents[2] / "docs" / "scenario.md").read_text()
    example = next(e for e in re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL) if e.startswith("[[initial]]"))
    bound = '[[species]]\nname = "CaBm"\nD = "20 um^2/s"\n[[reaction]]\nequation = "CaBm -> Ca"\nkf = "1 /s"\n'
    (folder / "manual.toml").write_text(PLAIN + bound + example)
    made = load_scenario(folder / "manual.toml")
    assert [(one.species, one.count, one.inside) for one in made.release] == [("CaBm", 41, "head")]
