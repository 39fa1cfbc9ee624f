"""Where molecules mix faster than they react the levels agree: in means, the stochastic ones in variances too."""

import importlib.util

import numpy as np
import pytest

from spinemc.ensemble import Job, run_jobs
from spinemc.plans import prepare
from spinemc.scenario import override, parse_scenario
from spinemc.twins import levels
from spinemc.twins.noise import linear_noise
from spinemc.twins.places import seen
from spinemc.twins.wells import network_of

HAS_PDE = all(importlib.util.find_spec(name) for name in ("gmsh", "skfem"))

MIXED = """schema = 1
[geometry]
shape = { kind = "box", size = ["0.15 um", "0.15 um", "0.15 um"], edge = "0.08 um" }
[run]
t_stop = "1.2 ms"
dt = "1 us"
sample_every = "0.3 ms"
[[species]]
name = "Ca"
D = "600 um^2/s"
[[species]]
name = "B"
D = "600 um^2/s"
[[species]]
name = "CaB"
D = "600 um^2/s"
[[species]]
name = "P"
on = "membrane"
[[species]]
name = "PCa"
on = "membrane"
[[reaction]]
equation = "Ca + B <-> CaB"
kf = "1e7 /M/s"
kb = "800 /s"
[[reaction]]
equation = "Ca + P <-> PCa"
kf = "2e7 /M/s"
kb = "400 /s"
[[reaction]]
equation = "PCa -> P"
kf = "600 /s"
[[reaction]]
equation = "0 -> Ca"
kf = "30 mM/s"
[[release]]
species = "Ca"
count = 150
in = "cytosol"
[[release]]
species = "B"
count = 120
in = "cytosol"
[[release]]
species = "P"
count = 80
on = "membrane"
"""
TRIALS = {"particles": 500, "compartments": 3000}
SLACK = 0.004  # of the largest mean: mixing takes (0.15 um)^2 / (pi^2 600 um^2/s) = 4 us, reactions 1 ms


def drawn(engine):
    """(trial, time, species) numbers after the start, volume species first."""
    system = prepare(override(parse_scenario(MIXED), f"run.engine={engine}"))
    jobs = (Job(system, 11, k, k) for k in range(TRIALS[engine]))
    trials = list(run_jobs(jobs, run=levels.run))
    return np.array([np.concatenate([t.count[1:, 0], t.surface[1:, 0]], axis=1) for t in trials], float)


def moments(x):
    """Means and variances over trials, and their squared standard errors."""
    n = len(x)
    second, fourth = (((x - x.mean(axis=0)) ** k).mean(axis=0) for k in (2, 4))
    return (x.mean(axis=0), second / (n - 1)), (second * n / (n - 1), (fourth - second**2) / n)


def means(engine):
    """(time, species) means of a level that has them by itself."""
    found = levels.LEVELS[engine].means(prepare(override(parse_scenario(MIXED), f"run.engine={engine}")))
    return np.concatenate([found.count[1:, 0], found.surface[1:, 0]], axis=1)


@pytest.fixture(scope="module")
def numbers():
    return {engine: drawn(engine) for engine in TRIALS}


def test_particles_and_compartments_have_the_same_means_and_variances(numbers):
    """Five species at four times, within 4 standard errors; a variance wrong by a third would show."""
    (mean, mean_error), (var, var_error) = moments(numbers["particles"])
    (other, other_error), (other_var, other_var_error) = moments(numbers["compartments"])
    assert (np.abs(mean - other) <= 4.0 * np.sqrt(mean_error + other_error)).all()
    error = np.sqrt(var_error + other_var_error)
    assert (np.abs(var - other_var) <= 4.0 * error).all()
    assert (4.0 * error < 0.35 * other_var).all() and (other_var > 5.0).all()


@pytest.mark.parametrize("engine", TRIALS)
def test_the_means_are_those_of_the_rate_equations(numbers, engine):
    (mean, error), _ = moments(numbers[engine])
    expected = means("ode")
    assert (np.abs(mean - expected) <= 4.0 * np.sqrt(error) + SLACK * expected.max()).all()
    assert (np.ptp(expected, axis=0) > 10.0 * np.sqrt(error).max(axis=0)).all()


@pytest.mark.parametrize("engine", TRIALS)
def test_the_variances_are_those_of_the_linear_noise_approximation(numbers, engine):
    """Within 4 standard errors: what theory leaves out goes with the inverse of some hundred molecules."""
    _, (var, error) = moments(numbers[engine])
    system = prepare(override(parse_scenario(MIXED), "run.engine=ode"))
    made = network_of(system)
    theory = linear_noise(made, system.scenario.run.sample_times)
    counted, on_membrane = seen(system.geometry, system.network, made.places, np.eye(made.size))
    weight = np.concatenate([counted[:, 0], on_membrane[:, 0]], axis=1)
    expected = np.einsum("si,tsr,ri->ti", weight, theory.covariance[1:], weight)
    assert (np.abs(var - expected) <= 4.0 * np.sqrt(error)).all()


@pytest.mark.skipif(not HAS_PDE, reason="gmsh or scikit-fem is not installed: pip install 'spinemc[pde]'")
def test_the_means_in_space_are_those_of_the_rate_equations():
    np.testing.assert_allclose(means("pde"), means("ode"), rtol=2e-3)
