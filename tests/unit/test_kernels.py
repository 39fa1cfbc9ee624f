"""The compiled engine against the plain one of tests/naive.py: every molecule and counter equal to the last bit."""

from dataclasses import replace

import naive
import numpy as np
import pytest
from scenes import (
    BALL,
    BOX,
    CAP,
    DIAPHRAGM,
    EMISSION,
    MIDDLE,
    ORGANELLE,
    RIND,
    SPINE,
    UPPER,
    VASE,
    agree,
    anywhere,
    begin,
    membrane,
    same,
    scene,
    turns,
)

from spinemc.engine import molecules
from spinemc.engine.kernels.flight import BLOCK
from spinemc.engine.kernels.tables import HELD, LISTED, MOVES
from spinemc.engine.schedule import Moment
from spinemc.engine.team import Team
from spinemc.scenario import Boundary, Outside, Rate, Release, Shape


@pytest.mark.parametrize(
    "shape, dt, number, steps",
    [
        (BALL, 1e-6, 40, 25),
        (BALL, 4e-5, 40, 10),  # a step's deviation is a third of the diameter
        (BOX, 4e-5, 40, 10),
        (SPINE, 1e-6, 12, 8),
        (VASE, 1e-5, 12, 8),  # and more than the neck is wide
    ],
)
def test_reflection(shape, dt, number, steps):
    plain = agree(scene(shape, {"A": 220.0}, dt=dt, release=anywhere(A=number)), steps)
    assert plain.serial[MOVES] == 4 * number * steps


def test_a_step_that_ends_in_doubt_is_not_made_by_either():
    """A tube four nanometres wide, a step a hundred times that: more reflections than are followed."""
    shape = Shape("box", {"size": (0.004, 0.004, 0.6), "edge": 0.6})
    plain = agree(scene(shape, {"A": 220.0}, dt=4e-4, cell=0.02, release=anywhere(A=10)), 5)
    assert plain.serial[HELD] > 0


@pytest.mark.parametrize("dt, steps", [(1e-6, 8), (1e-5, 4)])
def test_an_absorbing_cap(dt, steps):
    system = scene(
        CAP, {"A": 220.0, "B": 20.0}, dt=dt, release=anywhere(A=80, B=10), boundary=[Boundary("cap", ("A",), "absorb")]
    )
    plain = agree(system, steps)
    assert plain.absorbed[0] > 3
    assert len(plain.molecules[1]) == 10


def test_an_absorbing_base_of_a_neck():
    system = scene(
        VASE, {"A": 220.0}, dt=1e-6, boundary=[Boundary("base", ("A",), "absorb")],
        release=[Release("A", count=25, at=(0.01, 0.005, -0.17))],
    )  # fmt: skip
    assert agree(system, 8).absorbed[0] > 3


def test_clamped_sides_let_molecules_in_and_out():
    system = scene(
        BOX, {"A": 220.0, "B": 20.0}, dt=5e-6,
        release=anywhere(A=10, B=5),
        boundary=[
            Boundary("x_low", ("A", "B"), "clamp", 2.0e3),
            Boundary("x_high", ("A",), "absorb"),
            Boundary("z_low", ("B",), "clamp", 4.0e3),
        ],
    )  # fmt: skip
    plain = agree(system, 10)
    assert min(plain.absorbed) < 0 < max(plain.absorbed)
    assert min(len(kind) for kind in plain.molecules) > 5


@pytest.mark.parametrize("shape, dt, cell", [(BOX, 2e-6, 0.1), (VASE, 1e-6, 0.06)])
def test_binding_in_the_volume(shape, dt, cell):
    system = scene(
        shape, {"A": 220.0, "B": 20.0, "C": 20.0}, dt=dt, cell=cell,
        reaction=[turns("A + B <-> C", 8.0, 3e4), turns("C -> A", 5e3), turns("A -> ", 5e3)],
        release=anywhere(A=20, B=20),
    )  # fmt: skip
    assert min(agree(system, 40).fired) > 0


def test_a_rate_of_encounters_that_changes_in_time():
    grows = Rate((0.0, 2e-5, 1e-4), (0.0, 10.0, 2.0))
    system = scene(
        BOX, {"A": 220.0, "B": 20.0, "C": 20.0}, dt=2e-6,
        reaction=[turns("A + B -> C", grows), turns("A + C -> B", 9.0)], release=anywhere(A=40, B=20),
    )  # fmt: skip
    assert min(agree(system, 40).fired) > 2


def test_pairs_of_one_species():
    system = scene(
        BOX, {"A": 100.0, "A2": 50.0}, dt=2e-6, reaction=[turns("A + A <-> A2", 6.0, 2e4)], release=anywhere(A=30)
    )
    assert min(agree(system, 40).fired) > 5


def test_pumps_and_leaks_of_the_membrane():
    system = scene(
        VASE, {"Ca": 220.0, "P": None, "PCa": None}, dt=1e-6, cell=0.06,
        reaction=[turns("Ca + P <-> PCa", 5.0, 2e4), turns("PCa -> P", 1e4), turns("P -> P + Ca", 3e3)],
        release=[*anywhere(Ca=15), *membrane(P=40)],
    )  # fmt: skip
    assert min(agree(system, 40).fired) > 2


def test_catalysis_in_the_volume_and_at_the_membrane():
    system = scene(
        BALL, {"E": 20.0, "A": 220.0, "P": 220.0, "S": None}, dt=2e-6,
        reaction=[turns("E + A -> E + P", 8.0), turns("P + S -> A + S", 4.0), turns("E + P -> P + P + E", 4.0)],
        release=[*anywhere(E=20, A=25), *membrane(S=25)],
    )  # fmt: skip
    assert min(agree(system, 40).fired) > 2


def test_a_chain_of_gates_that_opens_and_emits():
    system = scene(
        BALL, {"Ca": 220.0, "C0": None, "C1": None, "O": None}, dt=1e-6,
        reaction=[
            turns("C0 <-> C1", Rate((0.0, 4e-5), (2e5, 1e4)), 2e4),
            turns("C1 <-> O", 1e5, Rate((1e-5, 2e-5, 9e-5), (0.0, 1e5, 5e4))),
            turns("O -> O + Ca", EMISSION),
            turns("Ca -> ", 2e4),
        ],
        release=membrane(C0=30),
    )  # fmt: skip
    assert min(agree(system, 25).fired) > 3


def test_sources_in_the_whole_and_in_parts():
    system = scene(
        BALL, {"A": 220.0, "B": 50.0, "C": 10.0}, dt=1e-6, compartment=(UPPER, MIDDLE),
        reaction=[
            turns(" -> A", 1e7, inside="upper"),
            turns(" -> B + C", 3e7, inside="middle"),
            turns(" -> C", 5e6, inside="cytosol"),
        ],
        release=[Release("A", count=5, inside="upper"), Release("B", count=5, inside="middle")],
    )  # fmt: skip
    assert min(agree(system, 20).fired) > 2


def test_sources_in_a_shell_and_in_a_set_of_its_own():
    system = scene(
        BALL, {"A": 220.0, "B": 50.0}, dt=1e-6, compartment=(MIDDLE, RIND, replace(UPPER, set="halves")),
        reaction=[turns(" -> A", 3e7, inside="rind"), turns(" -> B", 1e7, inside="upper")],
        release=[Release("A", count=5, inside="rind"), Release("B", count=5, inside="upper")],
    )  # fmt: skip
    assert min(agree(system, 20).fired) > 2


def test_encounters_in_the_membrane():
    system = scene(
        BALL, {"P": None, "Q": None, "PQ": None, "A": 220.0}, dt=2e-6,
        reaction=[turns("P + Q <-> PQ", 200.0, 3e4), turns("P + P -> Q + A", 20.0)],
        release=[*membrane(P=50, Q=30), *anywhere(A=5)],
    )  # fmt: skip
    assert min(agree(system, 20).fired) > 2


def test_molecules_of_the_volume_that_do_not_move():
    system = scene(
        BOX, {"I": 0.0, "J": 0.0, "K": 0.0, "A": 220.0}, dt=2e-6,
        reaction=[turns("I + J <-> K", 10.0, 3e4), turns("A + I <-> J", 3.0, 1e4)],
        release=anywhere(I=20, J=20, A=10),
    )  # fmt: skip
    assert min(agree(system, 40).fired) > 2


def test_releases_on_a_region_and_at_a_point():
    """A volume species put on a region begins just inside it."""
    system = scene(
        CAP, {"A": 220.0, "P": None}, dt=1e-6,
        release=[
            Release("A", count=8, on="cap"), Release("P", count=8, on="cap"),
            Release("A", count=4, at=(0.0, 0.05, -0.1)),
        ],
    )  # fmt: skip
    plain = agree(system, 3)
    assert all(m.face >= 0 for m in plain.molecules[1])


def test_an_organelle_in_a_cell_in_an_outside():
    """Ions in three spaces, a pump that carries them through a membrane, a receptor that binds from without."""
    system = scene(
        BALL, {"Ca": 220.0, "G": (100.0, None, "outside"), "R": None, "RG": None, "S": (0.0, "er"), "SCa": (0.0, "er")},
        dt=1e-6, cell=0.06, surface=(ORGANELLE,), outside=Outside(0.1),
        reaction=[
            turns("Ca + S <-> SCa", 8.0, 2e4), turns("SCa <-> S + Ca@lumen", 2e4, 8.0),
            turns("G + R <-> RG", 8.0, 2e4), turns("RG -> RG + Ca", 1e4), turns("Ca@lumen -> ", 1e4),
            turns("R + Ca -> R + Ca@outside", 6.0), turns(" -> Ca@lumen", 3e7, inside="lumen"),
        ],
        release=[
            *anywhere(Ca=20), *membrane(R=40), Release("S", count=30, on="er"),
            Release("G", count=30, inside="outside"), Release("Ca@lumen", count=10, inside="lumen"),
            Release("G", count=5, on="membrane"),
        ],
        boundary=[Boundary("far", ("G",), "absorb"), Boundary("er", ("Ca@lumen",), "absorb", rate=500.0)],
    )  # fmt: skip
    plain = agree(system, 40)
    assert min(plain.fired) > 0 and min(plain.absorbed) > 0


def test_molecules_that_glide_in_the_membrane():
    """On the whole of it, and on a region that they cannot leave; looked for from both sides, and by each other."""
    system = scene(
        CAP, {"P": (30.0, "membrane"), "Q": (30.0, "cap"), "PQ": (10.0, "membrane"), "A": 220.0,
              "B": (220.0, None, "outside")},
        dt=2e-6, outside=Outside(0.1),
        reaction=[turns("P + P -> PQ", 100.0), turns("A + P <-> PQ", 8.0, 3e4), turns("B + P -> P", 8.0)],
        release=[*anywhere(A=10), *membrane(P=40), Release("Q", count=20, on="cap"),
                 Release("B", count=40, inside="outside")],
    )  # fmt: skip
    plain = agree(system, 30)
    region = system.geometry.regions.index("cap")
    assert all(system.geometry.face_region[m.face] == region for m in plain.molecules[1])
    assert min(plain.fired) > 1


def test_partitions_and_partial_absorption():
    """A sheet across a cell and the membrane of an organelle that let some through; a patch that takes some."""
    system = scene(
        CAP, {"A": 220.0, "B": 50.0, "C": 20.0}, dt=4e-6, surface=(DIAPHRAGM,),
        reaction=[turns("A + B <-> C", 8.0, 3e4)], release=anywhere(A=40, B=20),
        boundary=[Boundary("cap", ("A",), "absorb", rate=200.0), Boundary("diaphragm", ("A", "B"), "permeable",
                                                                          permeability=200.0)],
    )  # fmt: skip
    assert min(agree(system, 15).absorbed) > 0
    system = scene(
        BALL, {"A": 220.0, "B": 20.0}, dt=4e-6, surface=(ORGANELLE,), release=anywhere(A=60),
        reaction=[turns("A -> B", 5e3), turns("A@lumen + A@lumen -> A@lumen", 8.0)],
        boundary=[Boundary("er", ("A",), "permeable", permeability=300.0)],
    )  # fmt: skip
    plain = agree(system, 25)
    assert min(plain.absorbed) > 3 and min(plain.fired) > 0


def test_a_sheet_is_a_wall_for_both_sides():
    system = scene(BOX, {"A": 220.0}, dt=4e-6, surface=(DIAPHRAGM,), release=anywhere(A=40))
    trial = begin(system)
    n = int(trial.state.n[0])

    def over():
        at = np.column_stack([trial.state.x[:n], trial.state.y[:n], trial.state.z[:n]])
        order = np.argsort(trial.state.name[:n])
        return ((at - (0.0, 0.0, 0.02)) @ (0.1, 0.0, 1.0) > 0.0)[order]

    before = over()
    trial.advance(Moment(0.0, (), -1, (), 2000, 4e-6))
    assert 0 < before.sum() < n and np.array_equal(before, over())
    agree(system, 10)


def test_a_trial_is_told_by_seed_and_number():
    """The comparison above would see another key."""
    system = scene(BOX, {"A": 220.0}, dt=1e-6, release=[Release("A", count=3, at=(0.0, 0.0, 0.0))])
    ends = [[m.at for m in agree(system, 1, seed, trial, 1).molecules[0]] for seed, trial in ((1, 1), (1, 2), (2, 1))]
    assert ends[0] != ends[1] and ends[0] != ends[2] and ends[1] != ends[2]


def test_long_runs_change_blocks():
    """More molecules of a species than are drawn at a time."""
    system = scene(BOX, {"A": 220.0}, dt=1e-6, release=anywhere(A=600), boundary=[Boundary("z_high", ("A",), "absorb")])
    assert agree(system, 2, looks=2).absorbed[0] > 0


def test_the_trial_can_begin_anew_with_another_step():
    """The tables of a chemistry depend on the step: two stretches of different steps, one after the other."""
    system = scene(
        BOX, {"A": 220.0, "B": 20.0, "C": 20.0}, dt=2e-6, reaction=[turns("A + B <-> C", 8.0, 3e4)],
        release=anywhere(A=20, B=20),
    )  # fmt: skip
    compiled = begin(system)
    plain = naive.Engine(system, 1.5e-6, compiled.key, compiled.state)
    compiled.advance(Moment(3e-6, (), -1, (), 60, 1.5e-6))
    plain.advance(3e-6, 60)
    same(replace(system), compiled.state, plain)
    assert plain.fired[0] > 0


@pytest.fixture
def team(monkeypatch):
    """Three cores, one of them taken, that share any work of two blocks and more."""
    monkeypatch.setattr(molecules, "PIECE", BLOCK)
    with Team(3) as team, team.core():
        yield team


def test_a_team_moves_the_molecules_of_a_trial(team):
    """Against the plain engine: partners that move, what is taken out, what enters, and moves that are not made."""
    system = scene(
        BOX, {"A": 220.0, "B": 60.0, "C": 20.0}, dt=2e-6, release=anywhere(A=700, B=600),
        reaction=[turns("A + B <-> C", 0.2, 3e4)],
        boundary=[Boundary("z_high", ("A",), "absorb"), Boundary("z_low", ("B",), "clamp", concentration=4e4)],
    )  # fmt: skip
    plain = agree(system, 1, looks=3, team=team)
    assert plain.fired[0] > 5 and plain.absorbed[0] > 10 and plain.absorbed[1] != 0
    tube = Shape("box", {"size": (0.004, 0.004, 0.6), "edge": 0.6})
    plain = agree(scene(tube, {"A": 220.0}, dt=4e-4, cell=0.02, release=anywhere(A=600)), 1, looks=1, team=team)
    assert plain.serial[HELD] > 0


def test_a_team_changes_nothing(team, monkeypatch):
    """Against one thread: partitions, partial absorption and rims."""
    system = scene(
        CAP, {"A": 220.0, "B": 60.0, "C": 20.0}, dt=4e-6, surface=(ORGANELLE,), release=anywhere(A=2000, B=1500, C=10),
        reaction=[turns("A + B <-> C", 0.02, 3e4), turns("A@lumen + A@lumen -> A@lumen", 8.0)],
        boundary=[Boundary("cap", ("A",), "absorb"), Boundary("cap", ("B",), "absorb", rate=200.0),
                  Boundary("er", ("A", "B"), "permeable", permeability=800.0)],
    )  # fmt: skip
    shared = []
    monkeypatch.setattr(team, "share", lambda work, most: shared.append(most) or Team.share(team, work, most))
    alone, together = begin(system), begin(system, team=team)
    for one in (alone, together):
        one.advance(Moment(0.0, (), -1, (), 60, 4e-6))
    for name, mine, other in zip(alone.state._fields, alone.state, together.state, strict=True):
        if name not in ("leaver", "way", "head", "after", "asked"):
            assert np.array_equal(mine, other), name
    assert max(shared) > 3
    assert (alone.state.absorbed > 10).all() and (alone.state.fired > 0).all()


def test_partners_are_found_in_lists():
    """Partners that move and that do not, enough encounters in a step for lists to be made of both."""
    system = scene(
        BALL, {"B": 60.0, "A": 220.0, "C": 20.0, "P": None}, dt=2e-6, cell=0.05,
        reaction=[turns("A + B <-> C", 9.0, 3e4), turns("A + P -> P + C", 4.0)],
        release=[*anywhere(A=300, B=200), *membrane(P=150)],
    )  # fmt: skip
    compiled = begin(system)
    plain = naive.Engine(system, 2e-6, compiled.key, compiled.state)
    for look in range(4):
        compiled.advance(Moment(look * 2e-6, (), -1, (), 1, 2e-6))
        plain.advance(look * 2e-6, 1)
        same(system, compiled.state, plain)
        assert (compiled.state.asked == LISTED).all()
    assert plain.fired[0] > 40 and plain.fired[2] > 10
