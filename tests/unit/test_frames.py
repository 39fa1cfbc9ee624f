"""Recorded positions: of ions, free and bound, and only of what is in a place."""

from dataclasses import replace

import numpy as np
import pytest
from ions import replayed
from scenes import CAP, MIDDLE, ORGANELLE, UPPER, anywhere, membrane, scene, turns

from spinemc.chemistry.names import check_names, each_place
from spinemc.engine.system import System
from spinemc.engine.trial import run_trial
from spinemc.errors import ScenarioError
from spinemc.scenario import Boundary, IonRecord, PositionRecord, Run

EVERY = 20e-6
CA = IonRecord("Ca", (0,))


def laid(*positions, ions=CA):
    """Ions with carriers of one and two, in two spaces and on the membrane, and records of positions."""
    system = scene(
        CAP, {"Ca": 220.0, "M": 20.0, "M1": 20.0, "M2": 20.0, "P": (30.0, "membrane"), "PCa": (30.0, "membrane")},
        dt=2e-6, surface=(ORGANELLE,), compartment=(UPPER, MIDDLE, replace(UPPER, name="other", set="halves")),
        reaction=[turns("Ca + M <-> M1", 9.0, 3e4), turns("Ca + M1 <-> M2", 9.0, 3e4),
                  turns("Ca + P <-> PCa", 9.0, 1e4)],
        release=[*anywhere(Ca=60, M=30), *membrane(P=60)],
        boundary=[Boundary("er", ("Ca",), "permeable", permeability=300.0)], ions=ions,
    )  # fmt: skip
    run = Run(t_stop=10 * EVERY, dt=2e-6, sample_every=EVERY, cell=0.1)
    scenario = replace(system.scenario, run=run, positions=positions)
    return System(scenario, system.geometry, system.network, system.grids)


def frames(rows):
    """The columns of a record, frame by frame."""
    sizes, *columns = rows
    ends = np.cumsum(sizes)[:-1]
    return list(zip(*(np.split(column, ends) for column in columns), strict=True))


def test_every_ion_is_recorded_with_what_holds_it():
    """Against the log, replayed up to each frame, and against the positions of the carriers."""
    others = ("M1", "M2", "PCa")
    system = laid(PositionRecord(("Ca",), EVERY, follow=True), PositionRecord(others, EVERY))
    trial = run_trial(system, 3, 0)
    recorded = {name: frames(trial.positions[name]) for name in ("Ca", *others)}
    index = {system.network.species.index(name): name for name in others}
    kinds = set()
    for k, (position, ion, carrier) in enumerate(recorded["Ca"]):
        until = np.searchsorted(trial.ions[0], k * EVERY, side="right")
        assert dict(zip(ion.tolist(), carrier.tolist(), strict=True)) == replayed(
            system, [column[:until] for column in trial.ions]
        )
        kinds |= set(carrier.tolist())
        for s, name in index.items():
            here, each = recorded[name][k][0], system.carries[s]
            np.testing.assert_array_equal(np.repeat(here, each, axis=0), position[carrier == s])
    assert kinds == set(np.flatnonzero(system.carries))


def test_what_is_recorded_otherwise_stays():
    """In a record that follows, another species keeps the numbers of its molecules."""
    record = PositionRecord(("Ca", "P"), EVERY)
    plain = run_trial(laid(record, ions=None), 3, 0).positions
    followed = run_trial(laid(replace(record, follow=True)), 3, 0).positions
    assert len(plain["Ca"]) == 3 and len(followed["Ca"]) == 4
    for mine, other in zip(plain["P"], followed["P"], strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize(
    "place, where",
    [("upper", ["upper"]), ("middle", ["middle"]), ("other", ["other"]), ("lumen", ["lumen"]), ("m*dle", ["middle"]),
     ("cytosol", ["cytosol"]), ("*u*", ["lumen", "upper"])],
)  # fmt: skip
def test_only_what_is_in_a_compartment(place, where):
    """As many as are counted there, and those that the whole record has there."""
    system = laid(PositionRecord(("Ca", "M"), EVERY, inside=place), PositionRecord(("M1",), EVERY))
    trial = run_trial(system, 3, 0)
    columns = [system.geometry.compartments.index(name) for name in where]
    for s, name in enumerate(("Ca", "M")):
        assert trial.positions[name][0].tolist() == trial.count[:, columns, s].sum(axis=1).tolist()
    whole = run_trial(laid(PositionRecord(("Ca",), EVERY)), 3, 0)
    for (at, number), (every, all_) in zip(frames(trial.positions["Ca"]), frames(whole.positions["Ca"]), strict=True):
        there = np.isin(all_, number)
        np.testing.assert_array_equal(every[there], at)
    assert trial.positions["Ca"][0].any()


def test_only_what_is_on_a_region():
    system = laid(PositionRecord(("Ca",), EVERY, follow=True, on="c*"), PositionRecord(("P",), EVERY, on="cap"))
    trial = run_trial(system, 3, 0)
    cap = system.geometry.regions.index("cap")
    sites = [system.network.species[s] for s in system.network.surface_species]
    for name, site in (("Ca", "PCa"), ("P", "P")):
        assert trial.positions[name][0].tolist() == trial.surface[:, cap, sites.index(site)].tolist()
        assert trial.positions[name][0].any()
    assert set(trial.positions["Ca"][3].tolist()) == {system.network.species.index("PCa")}


def test_ions_in_a_compartment():
    system = laid(PositionRecord(("Ca",), EVERY, follow=True, inside="upper"))
    trial = run_trial(system, 3, 0)
    upper = system.geometry.compartments.index("upper")
    expected = trial.count[:, upper] @ system.carries[list(system.network.volume_species)]
    assert trial.positions["Ca"][0].tolist() == expected.tolist()


def test_places_that_are_not_there():
    for record, answer in (
        (PositionRecord(("Ca",), EVERY, inside="uper"), r'record\.positions 1, in = "uper" is not a compartment here'),
        (PositionRecord(("P",), EVERY, on="cup"), r'record\.positions 1, on = "cup" is not a region here'),
    ):
        system = laid(record)
        with pytest.raises(ScenarioError, match=answer):
            check_names(system.scenario, system.geometry)
    system = laid(PositionRecord(("P",), EVERY, on="*.psd"))
    with pytest.raises(ScenarioError, match=r'record\.positions 1, on = "\*\.psd" matches nothing here'):
        each_place(system.scenario, system.geometry)
