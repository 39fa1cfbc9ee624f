"""Ions that are followed: that each stays itself while bound, and what the log tells of it."""

from dataclasses import replace

import numpy as np
import pytest
from ions import held, replayed
from scenes import BALL, BOX, CAP, DIAPHRAGM, EMISSION, ORGANELLE, VASE, agree, anywhere, begin, membrane, scene, turns

from spinemc.chemistry.ions import holders
from spinemc.engine import molecules
from spinemc.engine.kernels.flight import BLOCK
from spinemc.engine.kernels.step import AFTER, BEFORE, MOTION
from spinemc.engine.kernels.tables import LISTED, LOGGED, PART
from spinemc.engine.schedule import Moment
from spinemc.engine.system import System
from spinemc.engine.team import Team
from spinemc.scenario import Boundary, IonRecord, Outside, Rate, Release

CA = IonRecord("Ca", (3,))


def bound(**more):
    """Binding and unbinding in the volume, of one ion and of two, of pairs, and ions made and lost."""
    return scene(
        BOX, {"Ca": 220.0, "M": 20.0, "M1": 20.0, "M2": 20.0, "X": 50.0}, dt=2e-6,
        reaction=[turns("Ca + M <-> M1", 9.0, 3e4), turns("Ca + M1 <-> M2", 9.0, 3e4), turns("M2 -> X", 2e4),
                  turns("X -> Ca", 3e4), turns("M1 + M1 <-> M2 + M", 9.0, 9.0), turns("Ca -> ", 2e3),
                  turns(" -> Ca + M1", 3e6)],
        release=anywhere(Ca=50, M=25, M2=5), ions=replace(CA, carriers={"X": 2}), **more,
    )  # fmt: skip


def pumped():
    """Ions in three spaces, and pumps that carry them through membranes."""
    return scene(
        BALL, {"Ca": 220.0, "S": (0.0, "er"), "S1": (0.0, "er"), "S2": (0.0, "er"), "P": None, "PCa": None},
        dt=1e-6, cell=0.06, surface=(ORGANELLE,), outside=Outside(0.1),
        reaction=[turns("Ca + S <-> S1", 8.0, 2e4), turns("Ca + S1 <-> S2", 8.0, 2e4),
                  turns("S2 <-> S1 + Ca@lumen", 2e4, 8.0), turns("Ca@lumen + S -> S + Ca", 8.0),
                  turns("Ca + P <-> PCa", 8.0, 2e4), turns("PCa -> P + Ca@outside", 2e4),
                  turns("P + Ca -> P", 2.0), turns("P + Ca@outside -> P + Ca", 6.0)],
        release=[*anywhere(Ca=60), *membrane(P=40), Release("S", count=30, on="er"),
                 Release("Ca@lumen", count=20, inside="lumen"), Release("S1", count=4, on="er")], ions=CA,
    )  # fmt: skip


def gated():
    """Channels that open and emit, and sources."""
    return scene(
        BALL, {"Ca": 220.0, "C": None, "O": None, "B": 20.0, "CaB": 20.0}, dt=1e-6,
        reaction=[turns("C <-> O", Rate((0.0, 4e-5), (2e5, 1e4)), 2e4), turns("O -> O + Ca", EMISSION),
                  turns("Ca + B <-> CaB", 8.0, 2e4), turns("Ca -> ", 2e4), turns(" -> Ca", 3e7, inside="cytosol")],
        release=[*membrane(C=30), *anywhere(B=40)], ions=CA,
    )  # fmt: skip


def clamped():
    """Free ions and carriers of two at walls that let in and take out."""
    return scene(
        BOX, {"Ca": 220.0, "M": 60.0, "M2": 60.0}, dt=5e-6,
        reaction=[turns("M2 -> M + Ca + Ca", 2e4)],
        release=anywhere(Ca=10, M2=10),
        boundary=[Boundary("x_low", ("Ca", "M2"), "clamp", 2.0e3), Boundary("x_high", ("Ca", "M"), "absorb"),
                  Boundary("z_low", ("M2",), "absorb", rate=300.0)],
        ions=CA,
    )  # fmt: skip


def absorbed():
    """A cap with a rim that takes all or some, beside buffers."""
    return scene(
        CAP, {"Ca": 220.0, "B": 20.0, "CaB": 60.0}, dt=4e-6,
        reaction=[turns("Ca + B <-> CaB", 8.0, 3e4)], release=anywhere(Ca=60, B=30),
        boundary=[Boundary("cap", ("Ca",), "absorb"), Boundary("cap", ("CaB",), "absorb", rate=300.0)], ions=CA,
    )  # fmt: skip


def parted():
    """Partitions between spaces, whose far side comes before or after the near one, and partners beyond."""
    return scene(
        BALL, {"Ca": 220.0, "B": 60.0, "CaB": 60.0}, dt=4e-6, surface=(ORGANELLE,), release=anywhere(Ca=60, B=30),
        reaction=[turns("Ca + B <-> CaB", 8.0, 3e4), turns("Ca@lumen + B@lumen <-> CaB@lumen", 8.0, 3e4)],
        boundary=[Boundary("er", ("Ca", "B", "CaB"), "permeable", permeability=400.0)], ions=CA,
    )  # fmt: skip


def sheeted():
    """A sheet that lets some through, beside a cap with a rim: steps in pieces."""
    return scene(
        CAP, {"Ca": 220.0, "B": 50.0, "CaB": 60.0}, dt=4e-6, surface=(DIAPHRAGM,),
        reaction=[turns("Ca + B <-> CaB", 8.0, 3e4)], release=anywhere(Ca=40, B=30),
        boundary=[Boundary("cap", ("Ca",), "absorb"),
                  Boundary("diaphragm", ("Ca", "CaB"), "permeable", permeability=300.0)],
        ions=CA,
    )  # fmt: skip


def gliding():
    """Carriers that move in the membrane and meet each other."""
    return scene(
        VASE, {"Ca": 220.0, "P": None, "PCa": (30.0, "membrane"), "P2": (10.0, "membrane")}, dt=2e-6, cell=0.06,
        reaction=[turns("Ca + P <-> PCa", 8.0, 2e4), turns("PCa + PCa <-> P2", 100.0, 1e4), turns("P2 -> P", 5e3)],
        release=[*anywhere(Ca=40), *membrane(P=60), Release("P2", count=5, on="membrane")],
        ions=replace(CA, carriers={"P2": 2}),
    )  # fmt: skip


SCENES = {
    make.__name__: (make, steps)
    for make, steps in (
        (bound, 40), (pumped, 40), (gated, 25), (clamped, 10), (absorbed, 12), (parted, 20), (sheeted, 12),
        (gliding, 40),
    )
}  # fmt: skip


def advanced(system, steps, looks=4, follow=True, team=None):
    """A compiled trial after some steps; its log is not drained."""
    if not follow:
        system = System(replace(system.scenario, ions=None), system.geometry, system.network, system.grids)
    trial, dt = begin(system, team=team), system.scenario.run.dt
    for look in range(looks):
        trial.advance(Moment(look * steps * dt, (), -1, (), steps, dt))
    return trial


@pytest.mark.parametrize("name", SCENES)
def test_ions_and_log_agree_with_the_plain_engine(name):
    make, steps = SCENES[name]
    system = make()
    plain = agree(system, steps)
    told = {what for _, _, what in plain.log}
    assert min(plain.fired, default=1) > 0 and all(plain.absorbed)
    in_part = {r for r, after in enumerate(holders(system.network, system.carries)) if after}
    assert in_part <= told and len(told) > 2
    walls = [b for b, (_, _, s) in enumerate(system.boundaries) if system.carries[s]]
    assert {len(system.network.steps) + b for b in walls} <= told


@pytest.mark.parametrize("name", SCENES)
def test_following_changes_nothing_and_each_ion_is_somewhere(name):
    make, steps = SCENES[name]
    system = make()
    trial, bare = advanced(system, steps), advanced(system, steps, follow=False)
    for field, mine, other in zip(trial.state._fields, trial.state, bare.state, strict=True):
        if field == "serial":
            assert mine[:9].tolist() == other[:9].tolist() and not other[9:].any()
        elif field not in ("ion", "when", "log", "pause", "leaver", "way"):
            assert np.array_equal(mine, other), field
    assert bare.state.ion.shape[1] == bare.state.when.size == 0
    now = held(trial)
    assert len(now) == trial.state.n @ system.carries
    log = trial.events()
    assert replayed(system, log) == now
    assert trial.state.serial[LOGGED] == 0 and trial.events()[0].size == 0


def still():
    """Ions that come and go and do not move."""
    return scene(
        BALL, {"Ca": 0.0, "O": None, "M": 0.0, "M2": 0.0}, dt=2e-6,
        reaction=[turns("O -> O + Ca", 3e5), turns("M2 -> M + Ca + Ca", 2e4), turns("Ca -> ", 1e5)],
        release=[*membrane(O=20), *anywhere(M2=50)], ions=CA,
    )  # fmt: skip


@pytest.mark.parametrize("make, parts", [(bound, {MOTION}), (still, {BEFORE, AFTER})])
def test_the_log_grows_within_a_step_and_loses_nothing(make, parts, monkeypatch):
    """Room for a few entries at first, that runs short in halves of steps and before motion; and room enough."""
    monkeypatch.setattr(molecules, "LOG", 1)
    system = make()
    ample, short = begin(system), begin(system)
    ample.grow_log(100_000)
    sizes, found = set(), set()
    grow = short.grow_log

    def watched(more):
        found.add(int(short.state.pause[PART]))
        grow(more)
        sizes.add(short.state.when.size)

    short.grow_log = watched
    for look in range(40):
        for trial in (ample, short):
            trial.advance(Moment(look * 2e-6, (), -1, (), 1, 2e-6))
    assert len(sizes) > 2 and found == parts and ample.state.when.size < 101_000
    assert held(short) == held(ample)
    for mine, other in zip(ample.events(), short.events(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_a_log_read_often_is_the_same():
    system = pumped()
    whole = advanced(system, 20).events()
    trial, pieces = begin(system), []
    for look in range(4):
        done = 0
        while done < 20:
            done = trial.advance(Moment(look * 20 * 1e-6, (), -1, (), done + 1, 1e-6), done)
            pieces.append(trial.events())
    for mine, other in zip(whole, (np.concatenate(column) for column in zip(*pieces, strict=True)), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_trials_that_are_not_asked_for_follow_nothing():
    system = scene(BOX, {"Ca": 220.0}, dt=1e-6, release=anywhere(Ca=5), ions=IonRecord("Ca", (0,)))
    trial = advanced(system, 2)
    assert not trial.follows and trial.state.ion.shape[1] == 0 and trial.events()[0].size == 0


@pytest.fixture
def team(monkeypatch):
    """Three cores, one of them taken, that share any work of two blocks and more."""
    monkeypatch.setattr(molecules, "PIECE", BLOCK)
    with Team(3) as team, team.core():
        yield team


def test_a_team_follows_the_same_ions(team, monkeypatch):
    """Partners that move, partitions, rims, clamps: against one thread, and to the last entry of the log."""
    system = scene(
        CAP, {"Ca": 220.0, "B": 60.0, "CaB": 20.0}, dt=4e-6, surface=(ORGANELLE, DIAPHRAGM),
        reaction=[turns("Ca + B <-> CaB", 0.05, 3e4)], release=anywhere(Ca=2000, B=1500, CaB=300),
        boundary=[Boundary("cap", ("Ca",), "absorb"), Boundary("cap", ("CaB",), "clamp", concentration=3e4),
                  Boundary("er", ("Ca", "CaB"), "permeable", permeability=800.0),
                  Boundary("diaphragm", ("Ca",), "permeable", permeability=300.0)],
        ions=CA,
    )  # fmt: skip
    shared = []
    monkeypatch.setattr(team, "share", lambda work, most: shared.append(most) or Team.share(team, work, most))
    alone, together = advanced(system, 15), advanced(system, 15, team=team)
    assert max(shared) > 3
    now = held(together)
    assert now == held(alone)
    log = alone.events()
    for mine, other in zip(log, together.events(), strict=True):
        np.testing.assert_array_equal(mine, other)
    assert replayed(system, log) == now
    assert len(set(log[2].tolist())) == 2 + len(system.boundaries) + 2


def test_a_team_agrees_with_the_plain_engine(team):
    system = scene(
        BOX, {"Ca": 220.0, "B": 60.0, "CaB": 20.0}, dt=2e-6, release=anywhere(Ca=700, B=600),
        reaction=[turns("Ca + B <-> CaB", 0.2, 3e4)],
        boundary=[Boundary("z_high", ("Ca",), "absorb"), Boundary("z_low", ("CaB",), "clamp", concentration=4e4)],
        ions=CA,
    )  # fmt: skip
    plain = agree(system, 1, looks=3, team=team)
    assert len({what for _, _, what in plain.log}) >= 4


def test_ions_of_partners_that_are_found_in_lists():
    system = scene(
        BALL, {"B": 60.0, "Ca": 220.0, "CaB": 20.0, "P": None, "PCa": None}, dt=2e-6, cell=0.05,
        reaction=[turns("Ca + B <-> CaB", 9.0, 3e4), turns("Ca + P <-> PCa", 4.0, 3e4),
                  turns("CaB + P -> PCa + B", 4.0)],
        release=[*anywhere(Ca=300, B=200), *membrane(P=150)], ions=CA,
    )  # fmt: skip
    plain = agree(system, 1)
    assert (advanced(system, 1).state.asked == LISTED).any() and min(plain.fired) > 1


def test_releases_at_their_times():
    """Carriers bring ions of their own; the log has the time, and the number behind reactions and boundaries."""
    system = scene(
        BOX, {"Ca": 220.0, "Pair": 20.0, "P": None}, dt=1e-6, reaction=[turns("Ca + Ca <-> Pair", 1e-6, 1e-6)],
        release=[Release("P", count=3, on="membrane", time=(0.0, 2e-6)), Release("Ca", count=2, at=(0.0, 0.0, 0.0)),
                 Release("Pair", count=4, inside="cytosol", time=(1e-6, 3e-6))],
        boundary=[Boundary("z_low", ("Ca",), "absorb")], ions=CA,
    )  # fmt: skip
    trial = begin(system)
    trial.release(system.scenario.release[2], 2, 1, 1e-6)
    time, ion, what = trial.events()
    assert ion.tolist() == list(range(18)) and what.tolist() == [2 + 1 + 1] * 2 + [2 + 1 + 2] * 16
    assert time.tolist() == [0.0] * 2 + [1e-6] * 8 + [3e-6] * 8
    assert replayed(system, (time, ion, what)) == held(trial)


def test_bound_ions_stay_as_long_as_the_rate_says():
    """Lifetimes on a carrier are exponential, 4 standard errors; of two ions either is the first to go as often."""
    number, rate = 4000, 1e5
    system = scene(
        BOX, {"Ca": 220.0, "M2": 0.0, "M1": 0.0, "M": 0.0}, dt=2e-6,
        reaction=[turns("M2 -> M1 + Ca", rate), turns("M1 -> M + Ca", 1e-3)], release=anywhere(M2=number), ions=CA,
    )  # fmt: skip
    trial = advanced(system, 50)
    time, ion, what = trial.events()
    first = what == 0
    assert np.count_nonzero(first) == 2 * number and held(trial).keys() == set(range(2 * number))
    left, stayed = ion[first][1::2], ion[first][::2]
    assert (left // 2 == stayed // 2).all()
    assert abs((left % 2).mean() - 0.5) < 4.0 * 0.5 / np.sqrt(number)
    lives = time[first][::2]
    assert abs(lives.mean() * rate - 1.0) < 4.0 / np.sqrt(number)
    assert abs((lives * rate > 1.0).mean() - np.exp(-1.0)) < 4.0 * 0.5 / np.sqrt(number)
