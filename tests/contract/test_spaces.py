"""Spaces, surfaces and the places of molecules in a scenario: what is read, and how mistakes are answered."""

import pytest
from complete import SPACES

from spinemc.scenario import (
    Boundary,
    Named,
    Outside,
    Plane,
    Rate,
    Release,
    Shape,
    Species,
    Surface,
    Within,
    parse_scenario,
)
from spinemc.units import MICROMOLAR


def test_surfaces_and_spaces_are_read(load):
    geometry = load(base=SPACES).geometry
    assert geometry.outside == Outside(margin=0.3)
    ball = Shape("sphere", {"radius": 0.2, "edge": 0.1}, "a.toml")
    assert geometry.surface == (
        Surface("apparatus", shape=ball, at=(0.0, 0.0, 0.5), inside="lumen"),
        Surface("diaphragm", plane=Plane((0.0, 0.0, -0.2), (0.0, 0.0, 2.0)), open=True),
    )
    assert geometry.region == (Named("patch", Within("sphere", (0.0, 0.0, 0.7), 0.2), "apparatus"),)
    assert [(c.name, c.of) for c in geometry.compartment] == [("cleft", "outside")]
    assert geometry.spaces == ("cytosol", "lumen", "outside")
    assert geometry.surfaces == ("membrane", "apparatus", "diaphragm", "far")


def test_meshes_of_surfaces_are_read(load, folder):
    (folder / "m.obj").write_text("")
    mesh = 'mesh = "m.obj"\nunit = "nm"'
    spec = load(
        ('shape = { kind = "box", size = ["1 um", "1 um", "2 um"], edge = "200 nm" }', mesh),
        ('margin = "0.3 um"', mesh),
        ('plane = { point = ["0 um", "0 um", "-0.2 um"], normal = [0, 0, 2] }', f"{mesh}\nopen = true"),
        base=SPACES,
    ).geometry
    assert spec.outside == Outside(mesh=folder / "m.obj", unit=1e-3)
    assert spec.surface[1] == Surface("diaphragm", mesh=folder / "m.obj", unit=1e-3, open=True)


def test_molecules_have_one_name_in_each_space(load):
    s = load(base=SPACES)
    assert s.species[:4] == (
        Species("Ca", 220.0),
        Species("glu", 300.0, inside="outside"),
        Species("SERCA", 0.1, "apparatus"),
        Species("R", 0.0, "membrane"),
    )
    pump, channel, source = s.reaction[:3]
    assert (pump.reactants, pump.products) == (("Ca", "SERCA"), ("SERCA", "Ca@lumen"))
    assert (channel.reactants, channel.products) == (("glu", "R"), ("R", "Ca"))
    assert (source.products, source.inside, source.kf) == (("Ca@lumen",), "lumen", Rate.constant(MICROMOLAR))
    assert [r.species for r in s.release[:5]] == ["glu", "Ca@lumen", "SERCA", "R", "CB_M0H0"]
    assert s.boundary == (
        Boundary("far", ("glu",), "absorb", rate=20.0),
        Boundary("diaphragm", ("Ca",), "permeable", permeability=50.0),
        Boundary("patch", ("Ca@lumen",), "clamp", 1000.0 * MICROMOLAR),
    )
    assert parse_scenario(s.text, s.path) == s


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (('species = "glu"', 'species = "glu@outside"'), "glu"),
        (('in = "cleft"', 'in = "head"'), "glu@cytosol"),
        (('in = "cleft"', 'in = "lumen"'), "glu@lumen"),
        (('in = "cleft"', 'in = "outside"'), "glu"),
        (('in = "cleft"', 'on = "far"'), "glu"),
    ],
)
def test_the_place_of_a_release_says_the_space(load, change, name):
    far = ('"glu + R -> R + Ca"', '"Ca + R -> R"')
    first = load(far, change, base=SPACES).release[0]
    assert isinstance(first, Release)
    assert first.species == name


def test_a_source_is_in_the_space_of_its_compartment(load):
    def made(equation, inside=""):
        change = (
            'equation = "0 -> Ca"\nkf = "1 uM/s"\nin = "lumen"',
            f'equation = "{equation}"\nkf = "1 uM/s"\n{inside}',
        )
        return load(change, base=SPACES).reaction[2].products

    assert made("0 -> Ca") == ("Ca",)
    assert made("0 -> Ca@lumen") == ("Ca@lumen",)
    assert made("0 -> Ca + glu", 'in = "lumen"') == ("Ca@lumen", "glu@lumen")
    assert made("0 -> glu", 'in = "head"') == ("glu@cytosol",)
    assert made("0 -> glu", 'in = "cleft"') == ("glu",)


MISTAKES = [
    (
        ("[geometry.outside]\nmargin", '[geometry.outside]\nunit = "nm"\nmargin'),
        'geometry.outside.unit = "nm": only a mesh',
    ),
    (('margin = "0.3 um"', ""), "geometry.outside needs exactly one of margin, shape and mesh; it has none."),
    (('margin = "0.3 um"', 'margin = "0 um"'), 'geometry.outside.margin = "0 um": it must be above 0.'),
    (('margin = "0.3 um"', 'magrin = "0.3 um"'), "geometry.outside.magrin is not a key of [geometry.outside]. Did you"),
    (('name = "diaphragm"', 'name = "far"'), 'geometry.surface 2, name = "far": far is there already'),
    (('inside = "lumen"', 'inside = "outside"'), 'geometry.surface 1, inside = "outside": outside is there already'),
    (
        ('inside = "lumen"', 'inside = "lumen"\nopen = true'),
        "geometry.surface 1, open = true: only a mesh is said to be open",
    ),
    (
        ('"-0.2 um"], normal = [0, 0, 2] }', '"-0.2 um"], normal = [0, 0, 0] }'),
        "plane.normal = [0, 0, 0]: a direction is needed",
    ),
    (("normal = [0, 0, 2]", 'normal = ["0 um", 0, 1]'), 'plane.normal = ["0 um", 0, 1]: a number is needed'),
    (("normal = [0, 0, 2]", "normal = [0, 1]"), "plane.normal = [0, 1]: three numbers are needed"),
    (
        ("normal = [0, 0, 2] }", 'normal = [0, 0, 2] }\ninside = "core"'),
        'geometry.surface 2, inside = "core": a sheet encloses',
    ),
    (
        ("normal = [0, 0, 2] }", 'normal = [0, 0, 2] }\nmesh = "x.obj"'),
        "geometry.surface 2 needs exactly one of mesh, shape, plane and",
    ),
    (
        ("normal = [0, 0, 2] }", 'normal = [0, 0, 2] }\nat = ["0 um"]'),
        'geometry.surface 2, at = ["0 um"]: three lengths',
    ),
    (
        ('of = "apparatus"', 'of = "aparatus"'),
        'geometry.region 1, of = "aparatus": no such surface. Did you mean apparatus?',
    ),
    (('of = "outside"', 'of = "lumne"'), 'geometry.compartment 1, of = "lumne": no such space. Did you mean lumen?'),
    (('in = "outside"', 'in = "outsid"'), 'species 2, in = "outsid": no such space. Did you mean outside?'),
    (
        ('on = "membrane"', 'on = "membrane"\nin = "outside"'),
        'species 4, in = "outside": a species lives on a region or in',
    ),
    (("SERCA + Ca@lumen", "SERCA + Ca@lumne"), "lumne is not a space here. Did you mean Ca@lumen?"),
    (("SERCA + Ca@lumen", "SERCA + Ca@nucleus"), "nucleus is not a space here. Known: cytosol, lumen, outside."),
    (
        ("-> SERCA + Ca@lumen", "-> SERCA@lumen"),
        'SERCA sits on a surface, so no space stands behind its name: write "SERCA".',
    ),
    (("SERCA + Ca@lumen", "SERCA + Ca@"), '"Ca@" is not a molecule'),
    (
        ('"glu + R -> R + Ca"', '"glu + Ca -> Ca"'),
        "glu is in outside and Ca in cytosol: molecules of the volume meet in one space",
    ),
    (
        ('"glu + R -> R + Ca"', '"glu -> Ca"'),
        "glu is in outside and Ca in cytosol: only a reaction with a surface species takes",
    ),
    (
        ('"glu + R -> R + Ca"', '"0 -> Ca + glu"'),
        "Ca is in cytosol and glu in outside: only a reaction with a surface species",
    ),
    (
        ('"0 -> Ca"', '"0 -> Ca@outside"'),
        "Ca@outside is in outside and lumen in lumen: write Ca, or another compartment.",
    ),
    (
        ('species = "Ca@lumen"', 'species = "Ca@lumne"'),
        'release 2, species = "Ca@lumne": lumne is not a space here. Did you',
    ),
    (
        ('species = "Ca@lumen"', 'species = "CA@lumen"'),
        'release 2, species = "CA@lumen": no such species. Did you mean Ca?',
    ),
    (
        ('species = "glu"', 'species = "glu@cytosol"'),
        "glu@cytosol is in cytosol and cleft in outside: write glu, or another compartment.",
    ),
    (('species = "SERCA"', 'species = "SERCA@lumen"'), "SERCA sits on a surface, so no space stands behind its name"),
    (('rate = "20 um/s"', 'rate = "20 um^2/s"'), 'boundary 1, rate = "20 um^2/s": a velocity is given in um/s.'),
    (('rate = "20 um/s"', 'permeability = "1 um/s"'), 'permeability = "1 um/s": only kind = "permeable" takes one.'),
    (('permeability = "50 um/s"', ""), "boundary 2, permeability is missing: [[boundary]] needs it."),
    (
        ('permeability = "50 um/s"', 'permeability = "5 um/s"\nrate = "1 um/s"'),
        'rate = "1 um/s": only kind = "absorb" takes one.',
    ),
    (
        ('["Ca@lumen"]', '["Ca@lumne"]'),
        'boundary 3, species = ["Ca@lumne"]: lumne is not a space here. Did you mean Ca@lumen?',
    ),
    (('["Ca@lumen"]', '["Ca@cytosol", "Ca"]'), "Ca at patch is said twice: remove one of them."),
    (('ligand = "Ca"', 'ligand = "CA"'), 'molecule 1, ligand = "CA": no such species. Did you mean Ca?'),
    (('ligand = "Ca"', 'ligand = "glu"'), 'ligand = "glu": CB_M0H0 is in cytosol and glu in outside: molecules of'),
    (
        ('ligand = "Ca"', 'ligand = "R"'),
        'molecule 1, ligand = "R": R is in the membrane: a surface species must be among',
    ),
    (('ligand = "Ca"', 'ligadn = "Ca"'), "molecule 1, ligadn is not a key of [[molecule]]. Did you mean ligand?"),
    (('name = "CB"\nD = "20 um^2/s"', 'name = "CB"'), "molecule 1, D is missing: [[molecule]] needs it."),
    (('name = "CB"', 'name = "C B"'), 'molecule 1, name = "C B": a name is made of letters'),
    (('name = "H"', 'name = "M"'), 'molecule 1, site 2, name = "M": M is there already: choose another name.'),
    (('name = "H"', 'name = "H2"'), 'molecule 1, site 2, name = "H2": a number stands behind it in the names of the'),
    (
        ('kb = ["35.8 /s", "71.6 /s"]', 'kb = ["35.8 /s"]'),
        "there are 2 rates in kf and 1 here: each binding step has one",
    ),
    (('kf = ["174 /uM/s", "87 /uM/s"]', 'kf = ["174 /s", "87 /s"]'), "a second-order reaction needs a rate in 1/(M s)"),
    (('kf = "22 /uM/s"', "kf = []"), "molecule 1, site 2, kf = []: a list is needed, with at least one entry."),
    (('kb = "2.6 /s"', ""), "molecule 1, site 2, kb is missing: [[molecule.site]] needs it."),
    (
        ('name = "glu"', 'name = "CB_M1H1"'),
        'molecule 1, name = "CB": it makes a species CB_M1H1, which is there already',
    ),
]


@pytest.mark.parametrize(("change", "answer"), MISTAKES)
def test_a_mistake_is_answered(faults, change, answer):
    lines = faults(change, base=SPACES)
    assert any(answer in line for line in lines), lines
    assert all(line.startswith("a.toml: ") for line in lines)


def test_most_mistakes_have_one_line(faults):
    several = [change for change, _ in MISTAKES if len(faults(change, base=SPACES)) > 1]
    assert len(several) <= 12, several


def test_a_molecule_that_never_appears_in_a_space(faults, load):
    clamp = '[[boundary]]\nregion = "patch"\nspecies = ["Ca@lumen"]\nkind = "clamp"\nconcentration = "1 mM"\n'
    put = 'species = "Ca@lumen"\ncount = 20\nat = ["0 um", "0 um", "0.5 um"]'
    shut = ('species = ["Ca"]\nkind = "permeable"', 'species = ["CaM"]\nkind = "permeable"')
    away = [(clamp, ""), (put, 'species = "Ca"\ncount = 20\nin = "cytosol"'), ('in = "lumen"\n\n', "\n"), shut]
    pump = ('"Ca@cytosol + SERCA -> SERCA + Ca@lumen"', '"Ca@lumen + SERCA -> SERCA + Ca"')
    told = "a.toml: species Ca@lumen can never appear: nothing releases, clamps or makes it."
    (line,) = faults(*away, pump, base=SPACES)
    assert line.startswith(told)
    load(*away[1:], pump, base=SPACES)
    load(*away[:1], *away[2:], pump, base=SPACES)
    load(*away[:2], shut, pump, base=SPACES)
    load(*away, base=SPACES)
    load(*away[:-1], pump, base=SPACES)
