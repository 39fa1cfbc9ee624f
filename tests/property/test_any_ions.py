"""Scenarios drawn at random, with a species that is followed: each ion is somewhere, and the log tells where."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from ions import held, replayed
from test_any_scenario import MEMBRANE, STEPS, VOLUME, prepared, pytestmark, scenarios, ways  # noqa: F401

from spinemc.engine.molecules import Molecules
from spinemc.engine.schedule import Moment
from spinemc.scenario import IonRecord


@given(scenario=scenarios(), data=st.data())
@settings(ways, max_examples=8)
def test_each_ion_is_somewhere_and_the_log_tells_where(scenario, data):
    """Whatever carries how many: ions are on one molecule each, as many as their carriers hold, at every look."""
    followed, *others = data.draw(st.permutations((*VOLUME, *MEMBRANE)))
    carriers = {name: data.draw(st.integers(0, 2)) for name in others}
    bare = prepared(replace(scenario, positions=()))
    system = prepared(replace(scenario, positions=(), ions=IonRecord(followed, (0,), carriers)))
    key, dt = np.array([11, 0], np.uint64), scenario.run.dt
    trial, plain = Molecules(system, key, dt), Molecules(bare, key, dt)
    for number, release in enumerate(scenario.release):
        trial.release(release, number, 0, dt)
        plain.release(release, number, 0, dt)
    pieces = []
    for look in range(STEPS // 10):
        for one in (trial, plain):
            one.advance(Moment(look * 10 * dt, (), -1, (), 10, dt))
        assert trial.state.n.tolist() == plain.state.n.tolist()
        assert trial.state.name.tolist() == plain.state.name.tolist()
        pieces.append(trial.events())
        now = held(trial)
        assert len(now) == trial.state.n @ system.carries
        assert replayed(system, [np.concatenate(column) for column in zip(*pieces, strict=True)]) == now
