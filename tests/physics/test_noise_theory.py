"""Noise without simulation against exact moments, exact distributions and the simulated network."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from scipy.stats import binom
from texts import BUFFERED

from spinemc.errors import EngineError
from spinemc.plans import prepare
from spinemc.scenario import parse_scenario
from spinemc.twins import noise
from spinemc.twins.compartments import run_trial
from spinemc.twins.places import seen
from spinemc.twins.wells import wells

VOLUME = 1e-3
HEAD = """schema = 1
[geometry.shape]
kind = "box"
size = ["0.1 um", "0.1 um", "0.1 um"]
edge = "0.1 um"
[run]
engine = "compartments"
t_stop = "2 ms"
dt = "1 us"
sample_every = "0.5 ms"
"""


def species(*names):
    return "".join(f'[[species]]\nname = "{name}"\nD = "0 um^2/s"\n' for name in names)


def made(text):
    system = prepare(parse_scenario(HEAD + text))
    return system, wells(system.scenario, system.geometry, system.network)


def reaction(equation, **rates):
    return f'[[reaction]]\nequation = "{equation}"\n' + "".join(f'{key} = "{rate}"\n' for key, rate in rates.items())


def release(name, count):
    return f'[[release]]\nspecies = "{name}"\ncount = {count}\nin = "cytosol"\n'


BIRTHS = species("A") + reaction("0 -> A", kf="20 mM/s") + reaction("A -> 0", kf="1000 /s")
MEAN = 20e3 * 602.214076 * VOLUME / 1000.0


def test_birth_and_death_is_poisson_at_all_times():
    """Of first order: exact. From nothing the variance is the mean; and the spectrum is a Lorentzian of that area."""
    _, network = made(BIRTHS)
    time = np.array([0.0, 0.2e-3, 1e-3, 2e-3])
    found = noise.linear_noise(network, time)
    expected = MEAN * (1.0 - np.exp(-1000.0 * time))
    np.testing.assert_allclose(found.mean[:, 0], expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.covariance[:, 0, 0], expected, rtol=1e-6, atol=1e-9)
    still = noise.stationary_noise(network)
    np.testing.assert_allclose([still.mean[0, 0], still.covariance[0, 0, 0]], MEAN, rtol=1e-6)
    f = np.array([0.0, 10.0, 1000.0 / (2.0 * np.pi), 2000.0])
    lorentzian = 4.0 * MEAN / 1000.0 / (1.0 + (2.0 * np.pi * f / 1000.0) ** 2)
    np.testing.assert_allclose(noise.spectrum(network, f)[:, 0], lorentzian, rtol=1e-6)


def test_what_is_put_in_has_its_own_noise():
    """A Poisson number stays Poisson as it decays; an exact one is binomial."""
    decay = species("A") + reaction("A -> 0", kf="700 /s") + '[[release]]\nspecies = "A"\nin = "cytosol"\n'
    time = np.linspace(0.0, 2e-3, 5)
    left = np.exp(-700.0 * time)
    _, exact = made(decay + "count = 40\n")
    found = noise.linear_noise(exact, time)
    np.testing.assert_allclose(found.covariance[:, 0, 0], 40.0 * left * (1.0 - left), rtol=1e-6, atol=1e-6)
    _, drawn = made(decay + f'concentration = "{40.0 / VOLUME / 602.214076:.9g} uM"\n')
    found = noise.linear_noise(drawn, time)
    np.testing.assert_allclose(found.covariance[:, 0, 0], 40.0 * left, rtol=1e-6)


def test_opening_and_closing_is_binomial():
    """C <-> O, twenty in all: stationary variance and distribution; totals that nothing changes are no noise."""
    _, network = made(species("C", "O") + reaction("C <-> O", kf="300 /s", kb="700 /s") + release("C", 20))
    still = noise.stationary_noise(network)
    np.testing.assert_allclose(still.mean[0], [14.0, 6.0], rtol=1e-6)
    np.testing.assert_allclose(still.covariance[0], 20.0 * 0.21 * np.array([[1.0, -1.0], [-1.0, 1.0]]), rtol=1e-6)
    states, probability = noise.stationary_distribution(network)
    order = np.argsort(states[:, 1])
    np.testing.assert_allclose(probability[order], binom.pmf(np.arange(21), 20, 0.3), atol=1e-12)


def test_pairs_have_the_exact_distribution():
    """A + B <-> C from 6 and 4: the weights of a canonical ensemble, (K V)^-c / (a! b! c!)."""
    bind = species("A", "B", "C") + reaction("A + B <-> C", kf="1e8 /M/s", kb="200 /s")
    _, network = made(bind + release("A", 6) + release("B", 4))
    states, probability = noise.stationary_distribution(network)
    weight = 1e8 / 6.02214076e8 / VOLUME / 200.0
    expected = {c: weight**c / (factorial(6 - c) * factorial(4 - c) * factorial(c)) for c in range(5)}
    total = sum(expected.values())
    for state, p in zip(states, probability, strict=True):
        assert p == pytest.approx(expected[state[2]] / total, rel=1e-9)
    with pytest.raises(EngineError, match="more than 100 states can be reached"):
        noise.stationary_distribution(made(BIRTHS)[1], 100)


SPINE = """schema = 1
[geometry.shape]
kind = "spine"
head_radius = "0.15 um"
neck_radius = "0.05 um"
neck_length = "0.2 um"
psd_radius  = "0.08 um"
edge = "0.05 um"
[run]
engine = "compartments"
t_stop = "3 ms"
dt = "1 us"
sample_every = "1 ms"
"""
CALCIUM = (
    BUFFERED
    + """[[reaction]]
equation = "Ca + B <-> CaB"
kf = "1e8 /M/s"
kb = "500 /s"
[[release]]
species = "B"
concentration = "30 uM"
in = "cytosol"
[[release]]
species = "Ca"
count = 300
in = "head"
[[boundary]]
region = "base"
species = ["Ca"]
kind = "clamp"
concentration = "1 uM"
"""
)


def test_a_spine_has_the_noise_of_its_simulated_network():
    """Head, neck, buffer and clamp: variances of 2000 trials within 4 standard errors and 3 % of theory's."""
    system = prepare(parse_scenario(SPINE + CALCIUM))
    network = wells(system.scenario, system.geometry, system.network)
    trials = np.array([run_trial(system, 2, k).count for k in range(2000)], float)
    theory = noise.linear_noise(network, system.scenario.run.sample_times)
    counted, _ = seen(system.geometry, system.network, network.places, np.eye(network.size))
    for part in (1, 2):
        for s in range(3):
            weight = counted[:, part, s]
            found, told = trials[:, 1:, part, s].var(axis=0, ddof=1), (theory.covariance[1:] @ weight) @ weight
            error = told * np.sqrt(2.0 / len(trials))
            assert (np.abs(found - told) <= 4.0 * error + 0.03 * told).all(), (part, s, found, told)
