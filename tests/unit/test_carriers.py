"""How many ions a molecule carries, by the reactions and by what the user says."""

from pathlib import Path

import pytest
from scenes import BALL, ORGANELLE, scene, turns

from spinemc import mechanisms
from spinemc.chemistry.ions import carried
from spinemc.chemistry.network import network
from spinemc.errors import ScenarioError
from spinemc.geometry import build
from spinemc.mechanisms import assembled
from spinemc.scenario import IonRecord, Release, Scenario


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


def of_mechanisms(followed, names):
    """What carries any, of the molecules of some mechanisms in a cell with an apparatus."""
    parts = [getattr(mechanisms, name) for name in names]
    tables = assembled(*parts, tables=str(Path(__file__).resolve().parents[2] / "analysis" / "tables"))
    patch = {"sphere": {"center": ["0 um", "0 um", "0.5 um"], "radius": "0.2 um"}}
    geometry = {
        "shape": {"kind": "sphere", "radius": "0.5 um", "edge": "0.2 um"},
        "region": [{"name": "psd", "within": patch}],
        "surface": [{"name": "apparatus", "shape": {"kind": "sphere", "radius": "0.2 um", "edge": "0.1 um"},
                     "inside": "lumen"}],
        "outside": {"margin": "0.1 um"},
    }  # fmt: skip
    for one in tables["species"]:
        place = {"on": one["on"]} if "on" in one else {"in": one.get("in", "cytosol")}
        tables["release"].append({"species": one["name"], "count": 1, **place})
    run = {"t_stop": "1 ms", "dt": "1 us", "sample_every": "1 ms"}
    scenario = Scenario(geometry=geometry, run=run, **tables, record={"ions": [{"species": followed}]})
    net = network(scenario, build(scenario.geometry))
    return {name: n for name, n in zip(net.species, carried(scenario, net).tolist(), strict=True) if n}


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


def test_the_mechanisms_of_the_literature():
    """Pumps, buffers and channels of calcium; receptors that hold up to two molecules of glutamate."""
    of_calcium = ("CALCIUM", "MOBILE_BUFFER", "FIXED_BUFFER", "PMCA", "NCX", "SERCA", "VSCC", "NMDAR")
    assert of_mechanisms("Ca", of_calcium) == {
        **{"Ca": 1, "Ca@lumen": 1, "CaBm": 1, "CaBf": 1, "PMCA_Ca": 1, "NCX_Ca": 1},
        **{"SERCA_x1": 1, "SERCA_x2": 2, "SERCA_y2": 2, "SERCA_y1": 1},
    }
    singles, doubles = ("glu", "C1", "C1b"), ("C2", "D", "C2b", "Db")
    found = of_mechanisms("glu", ("CALCIUM", "GLUTAMATE", "NMDAR_CLEFT"))
    assert found == {
        **{name if name == "glu" else f"NMDAR_{name}": 1 for name in singles},
        **{f"NMDAR_{name}": 2 for name in doubles},
        **{"NMDAR": 2, "NMDAR_b": 2},
    }
