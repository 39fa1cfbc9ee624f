"""Scenarios drawn at random: whatever the spine, the chemistry and the step, what must hold holds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.linalg import null_space
from scipy.stats import ks_2samp

from spinemc import simulate
from spinemc.chemistry.network import network
from spinemc.ensemble import run_trials
from spinemc.errors import EngineError, GeometryError
from spinemc.geometry.compartments import contains
from spinemc.scenario import (
    GeometrySpec,
    PositionRecord,
    Rate,
    Reaction,
    Release,
    Run,
    Scenario,
    Shape,
    Species,
)

pytestmark = pytest.mark.filterwarnings("ignore::spinemc.errors.SpinemcWarning")  # a likely reaction is no fault here

VOLUME, MEMBRANE = ("A", "B", "C", "D"), ("P", "Q", "R")
STEPS = 60
LEVEL = 1e-7  # of each comparison of two orders; there are 42 of them

ways = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


@st.composite
def shapes(draw):
    """A spine, a ball or a box, from small to large against a step."""
    kind = draw(st.sampled_from(["spine", "sphere", "box"]))
    if kind == "sphere":
        return Shape(kind, {"radius": draw(st.floats(0.05, 0.4)), "edge": 0.1})
    if kind == "box":
        return Shape(kind, {"size": tuple(draw(st.floats(0.05, 0.6)) for _ in range(3)), "edge": 0.2})
    head = draw(st.floats(0.12, 0.4))
    neck = draw(st.floats(0.03, 0.4)) * head
    return Shape(
        kind,
        {"head_radius": head, "neck_radius": neck, "neck_length": draw(st.floats(0.1, 0.8)), "psd_radius": 0.5 * head,
         "edge": 0.3 * head},
    )  # fmt: skip


@st.composite
def reactions(draw):
    """One reaction of species that are there, one-way or two-way, with a rate that a short step can hold."""
    sites = draw(st.integers(0, 1))
    left = tuple(draw(st.sampled_from(MEMBRANE)) for _ in range(sites))
    left += tuple(draw(st.sampled_from(VOLUME)) for _ in range(draw(st.integers(1 - sites, 2 - sites))))
    kept = tuple(draw(st.sampled_from(MEMBRANE)) for _ in range(sites))
    right = kept + tuple(draw(st.sampled_from(VOLUME)) for _ in range(draw(st.integers(0, 2 - sites))))
    assume(sorted(left) != sorted(right))
    both = bool(right) and draw(st.booleans())

    def rate(reactants):
        power = draw(st.floats(-1.0, 1.0))
        return Rate.constant(10.0**power * (2e4 if len(reactants) == 1 else 1.0))

    arrow = " <-> " if both else " -> "
    equation = " + ".join(left) + arrow + (" + ".join(right) or "0")
    return Reaction(equation, left, right, rate(left), rate(right) if both else None)


@st.composite
def scenarios(draw, most=60):
    """A scenario of a few dozen molecules, their reactions and their steps."""
    dt = 10.0 ** draw(st.floats(-7.0, -5.3))
    species = [Species(n, D=draw(st.sampled_from([0.0, 5.0, 60.0, 220.0]))) for n in VOLUME]
    species += [Species(n, D=draw(st.sampled_from([0.0, 1.0])), on="membrane") for n in MEMBRANE]
    releases = [Release(n, count=draw(st.integers(1, most)), inside="cytosol") for n in VOLUME]
    releases += [Release(n, count=draw(st.integers(1, most)), on="membrane") for n in MEMBRANE]
    found = draw(st.lists(reactions(), min_size=1, max_size=5, unique_by=lambda r: (r.reactants, r.products)))
    return Scenario(
        geometry=GeometrySpec(shape=draw(shapes())),
        run=Run(t_stop=STEPS * dt, dt=dt, sample_every=5 * dt),
        species=tuple(species),
        reaction=tuple(found),
        release=tuple(releases),
        positions=(PositionRecord(VOLUME, 5 * dt),),
    )


def prepared(scenario):
    """The system of a scenario; one that is refused with a reason is not what is looked for."""
    try:
        return simulate.prepare(scenario)
    except (EngineError, GeometryError):
        assume(False)


def counts(trial):
    """(time, species) molecules of all species, those of the volume first."""
    return np.concatenate([trial.count[:, 0], trial.surface[:, 0]], axis=1)


@given(scenario=scenarios(), seed=st.integers(0, 2**32 - 1))
@ways
def test_nothing_escapes_and_what_is_conserved_stays(scenario, seed):
    """Every position is inside, no count is below 0, and each sum of molecules that no reaction changes is constant."""
    system = prepared(scenario)
    trial = next(iter(run_trials(system, seed, range(1))))
    number = counts(trial)
    assert (number >= 0).all()
    for name in VOLUME:
        row_size, position, _ = trial.positions[name]
        assert contains(system.geometry, position).all()
        assert np.array_equal(row_size, trial.count[:, 0, VOLUME.index(name)])
    steps = network(scenario, system.geometry).steps
    change = np.zeros((len(steps), number.shape[1]))
    for r, step in enumerate(steps):
        np.add.at(change[r], list(step.reactants), -1.0)
        np.add.at(change[r], list(step.products), 1.0)
    kept = number @ null_space(change)
    assert np.allclose(kept, kept[0], atol=1e-8)
    told = number[0] + np.cumsum(trial.events, axis=0) @ change
    assert np.array_equal(told.round().astype(int), number)


@given(scenario=scenarios(most=30), data=st.data())
@settings(ways, max_examples=6)
def test_the_order_of_lists_changes_no_distribution(scenario, data):
    """Counts at the end over 200 trials each: Kolmogorov and Smirnov cannot tell two orders of a scenario apart."""
    scenario = replace(scenario, positions=())
    order = data.draw(st.permutations(scenario.species))
    reaction = data.draw(st.permutations(scenario.reaction))
    other = replace(scenario, species=tuple(order), reaction=tuple(reaction))
    one, two = prepared(scenario), prepared(other)
    ends = []
    for system, seed in ((one, 1), (two, 2)):
        names = [n for kind in (VOLUME, MEMBRANE) for n in system.network.species if n in kind]
        rows = np.array([counts(trial)[-1] for trial in run_trials(system, seed, range(200))])
        ends.append({name: rows[:, names.index(name)] for name in names})
    for name in (*VOLUME, *MEMBRANE):
        assert ks_2samp(ends[0][name], ends[1][name], method="asymp").pvalue > LEVEL
