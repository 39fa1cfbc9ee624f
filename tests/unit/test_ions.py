"""Ions that are followed: who carries how many, that each stays itself while bound, and what the log tells of them."""

from dataclasses import replace

import numpy as np
import pytest
from scenes import BALL, BOX, CAP, DIAPHRAGM, EMISSION, ORGANELLE, VASE, agree, anywhere, begin, membrane, scene, turns

from spinemc.chemistry.ions import holders
from spinemc.engine import molecules
from spinemc.engine.kernels.flight import BLOCK
from spinemc.engine.kernels.tables import LISTED, LOGGED
from spinemc.engine.schedule import Moment
from spinemc.engine.system import System
from spinemc.engine.team import Team
from spinemc.errors import ScenarioError
from spinemc.scenario import Boundary, IonRecord, Outside, Rate, Release

CA = IonRecord("Ca", (3,))
TRIAL = 3


def numbers(reactions, species=(), surface=(), **carriers):
    """How many ions each species carries, by the equations alone."""
    made = [turns(e, 1.0, 1.0 if "<->" in e else None) for e in reactions]
    said = dict.fromkeys(["Ca", *species, *(s.partition("@")[0] for r in made for s in (*r.reactants, *r.products))])
    kinds = {s: None if s in surface else 1.0 for s in said}
    system = scene(
        BALL, kinds, dt=1e-6, reaction=made, surface=(ORGANELLE,), ions=IonRecord("Ca", (0,), carriers),
        release=[Release("Ca", count=1, inside="cytosol")],
    )  # fmt: skip
    return dict(zip(system.network.species, system.carries.tolist(), strict=True))


@pytest.mark.parametrize(
    "reactions, expected",
    [
        (["Ca + B <-> CaB"], {"B": 0, "CaB": 1}),
        (["Ca + M <-> M1", "Ca + M1 <-> M2", "M2 + K <-> KM2", "KM2 -> KM2p"], {"M1": 1, "M2": 2, "KM2": 2, "KM2p": 2}),
        (["Ca + M <-> M1", "M1 <-> M1x", "M1x + K <-> KM1x"], {"M": 0, "M1x": 1, "K": 0, "KM1x": 1}),
        (["Ca + P <-> PCa", "PCa -> P", "P -> P + Ca"], {"P": 0, "PCa": 1}),
        (["Ca + P <-> PCa", "PCa -> P + Ca@lumen"], {"Ca@lumen": 1, "P": 0, "PCa": 1}),
        (["Ca + S <-> S1", "Ca + S1 <-> S2", "S2 <-> T2", "T2 <-> T1 + Ca@lumen", "T1 <-> T + Ca@lumen", "T <-> S"],
         {"S": 0, "S1": 1, "S2": 2, "T2": 2, "T1": 1, "T": 0}),
        (["Ca + S <-> S1", "Ca + S1 <-> S2", "S2 -> T2", "T2 -> S"], {"S2": 2, "T2": 2, "S": 0}),
        (["Cage -> Ca"], {"Cage": 1}),
        (["Cage -> Ca + Ca"], {"Cage": 2}),
        (["Ca + Ca <-> Pair", "Pair + B <-> PairB"], {"Pair": 2, "PairB": 2}),
        (["C <-> O", "O -> O + Ca", " -> Ca", "Ca -> ", "G + R <-> RG", "RG -> RG + Ca"], {"C": 0, "O": 0, "RG": 0}),
    ],
)  # fmt: skip
def test_what_carries_how_many(reactions, expected):
    found = numbers(reactions)
    assert {name: found[name] for name in expected} == expected


def test_what_the_user_says_wins():
    reactions = ["Ca + P <-> PCa", "PCa <-> P"]
    with pytest.raises(ScenarioError, match=r"record\.ions 1: by .*P.* say how many each of them carries"):
        numbers(reactions)
    assert numbers(reactions, PCa=1, P=0)["PCa"] == 1
    assert numbers(["Ca + M -> N"], N=3)["N"] == 3
    assert numbers(["O -> C + Ca", "C <-> O"], O=0)["C"] == 0


def test_contradictions_name_the_reaction():
    for reactions, label in (
        (["Ca + B <-> CaB", "CaB -> Ca + Ca + B"], "CaB -> Ca + Ca + B"),
        (["Ca + Ca -> Pair", "Pair -> X", "Ca -> X"], "-> X"),
        (["Ca -> A + A"], "Ca -> A + A"),
        (["O -> C + Ca", "C <-> O"], "O -> C + Ca"),
    ):
        with pytest.raises(ScenarioError, match=label.replace("+", r"\+")):
            numbers(reactions)


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


def held(trial):
    """What holds each ion, by the trial's arrays; fails where one is in two molecules."""
    state, found = trial.state, {}
    for s, each in enumerate(trial.system.carries):
        here = slice(state.start[s], state.start[s] + state.n[s])
        for ion in state.ion[here, :each].ravel().tolist():
            assert ion not in found
            found[ion] = s
    return found


def replayed(system, log):
    """What holds each ion, by the log alone: each event finds its ions where the one before left them."""
    after, steps = holders(system.network, system.carries), system.network.steps
    walls = system.walls.becomes.tolist()
    time, ion, what = (column.tolist() for column in log)
    assert time == sorted(time)
    found, seen, k = {}, 0, 0

    def new(number):
        nonlocal seen
        assert number == seen
        seen += 1

    while k < len(ion):
        b = what[k] - len(steps)
        if b < 0:
            to = after[what[k]]
            event = slice(k, k + len(to))
            assert len(set(what[event])) == len(set(time[event])) == 1
            came = [found.pop(i) for i in ion[event] if i in found]
            for i in ion[event][len(came) :]:
                new(i)
            stay = [s for s in steps[what[k]].reactants if s in steps[what[k]].products]
            gone = [s for s in steps[what[k]].reactants if s not in stay]
            assert sorted(came) == sorted(s for s in gone for _ in range(system.carries[s]))
            found |= {i: s for i, s in zip(ion[event], to, strict=True) if s >= 0}
            k += len(to)
            continue
        if b < len(system.boundaries):
            _, boundary, s = system.boundaries[b]
            home = system.network.home
            if ion[k] in found:
                found.pop(ion[k]) if walls[b] < 0 else found.update({ion[k]: walls[b]})
            else:
                assert boundary.kind == "clamp"
                new(ion[k])
                found[ion[k]] = s
            assert ion[k] not in found or home[found[ion[k]]] == home[s]
        else:
            new(ion[k])
            name = system.scenario.release[b - len(system.boundaries)].species
            found[ion[k]] = system.network.species.index(name)
        k += 1
    return found


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
        elif field not in ("ion", "when", "whose", "what", "pause", "leaver", "way"):
            assert np.array_equal(mine, other), field
    assert bare.state.ion.shape[1] == bare.state.when.size == 0
    now = held(trial)
    assert len(now) == trial.state.n @ system.carries
    log = trial.events()
    assert replayed(system, log) == now
    assert trial.state.serial[LOGGED] == 0 and trial.events()[0].size == 0


def test_the_log_grows_within_a_step_and_loses_nothing(monkeypatch):
    """Room for a few entries at first: it runs short in halves of steps and before motion."""
    system = bound()
    whole = advanced(system, 40)
    monkeypatch.setattr(molecules, "LOG", 1)
    grown = []
    grow = molecules.Molecules.grow_log
    monkeypatch.setattr(molecules.Molecules, "grow_log", lambda self, more: grown.append(more) or grow(self, more))
    short = advanced(system, 40)
    assert len(grown) > 5
    for mine, other in zip(whole.events(), short.events(), strict=True):
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
