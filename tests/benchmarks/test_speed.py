"""Single kernels under pytest-benchmark: run once as tests, and timed by scripts/bench --kernels."""

import numpy as np
import pytest
from called import from_python

from spinemc.engine.kernels.flight import BLOCK
from spinemc.engine.kernels.rng import displacements
from spinemc.engine.molecules import Molecules
from spinemc.engine.schedule import Moment
from spinemc.geometry import build
from spinemc.geometry.grid import grid
from spinemc.scenario import GeometrySpec, Rate, Reaction, Release, Run, Scenario, Shape, Species
from spinemc.simulate import prepare

DT = 1e-6
STEPS = Moment(0.0, (), -1, (), 10, DT)
SPINE = Shape("spine", {"head_radius": 0.25, "neck_radius": 0.05, "neck_length": 0.5, "psd_radius": 0.1})


def put_in(shape, species, reaction=(), **number):
    """Molecules of a trial at its beginning."""
    release = [
        Release(s.name, count=number[s.name], inside=None if s.is_surface else "cytosol", on=s.on) for s in species
    ]
    run = Run(t_stop=1.0, dt=DT, sample_every=1.0)
    molecules = Molecules(
        prepare(Scenario(GeometrySpec(shape=shape), run, species, tuple(reaction), tuple(release))),
        np.array([1, 0], np.uint64),
        DT,
    )
    for occasion, one in enumerate(release):
        molecules.release(one, occasion, 0, DT)
    return molecules


def numbers(molecules):
    return dict(zip(molecules.system.network.species, molecules.state.n.tolist(), strict=True))


def test_displacements(benchmark):
    delta, left = np.zeros((3, BLOCK)), np.zeros(BLOCK)
    key, scratch = np.array([1, 0], np.uint64), (np.zeros(BLOCK + 1, np.int32), np.zeros(BLOCK + 1))
    benchmark(from_python(displacements), key, 0, 0, 0, BLOCK, 0.02, delta, left, *scratch)
    assert delta.std() == pytest.approx(0.02, rel=0.1)
    assert ((left > 0.0) & (left < 1.0)).all()


def test_ten_steps_in_a_ball(benchmark):
    molecules = put_in(Shape("sphere", {"radius": 0.5}), (Species("Ca", 220.0),), Ca=10_000)
    benchmark(molecules.advance, STEPS)
    state = molecules.state
    assert state.n.tolist() == [10_000]
    assert (np.hypot(np.hypot(state.x, state.y), state.z)[:10_000] <= 0.5).all()


def test_ten_steps_with_reactions(benchmark):
    species = (
        Species("Ca", 220.0),
        Species("B", 28.0),
        Species("CaB", 28.0),
        Species("P", on="membrane"),
        Species("CaP", on="membrane"),
    )
    reactions = [
        Reaction("Ca + B <-> CaB", ("Ca", "B"), ("CaB",), Rate.constant(0.0457), Rate.constant(19.6)),
        Reaction("Ca + P <-> CaP", ("Ca", "P"), ("CaP",), Rate.constant(0.249), Rate.constant(20.0)),
    ]
    molecules = put_in(SPINE, species, reactions, Ca=2000, B=2000, CaB=0, P=1000, CaP=0)
    benchmark(molecules.advance, STEPS)
    n = numbers(molecules)
    assert n["CaB"] > 0 and n["CaP"] > 0
    assert n["Ca"] + n["CaB"] + n["CaP"] == 2000
    assert n["B"] + n["CaB"] == 2000
    assert n["P"] + n["CaP"] == 1000


def test_grid_of_a_spine(benchmark):
    geometry = build(GeometrySpec(shape=SPINE))
    laid = benchmark(grid, geometry)
    assert laid.cell_volume.sum() == pytest.approx(geometry.volume, rel=1e-6)
    assert laid.cell_area.sum() == pytest.approx(geometry.area, rel=1e-6)
