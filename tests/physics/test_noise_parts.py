"""Steps of covariances, parts of the noise by source, and moments of second order, against exact results."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import solve_ivp
from test_noise_theory import BIRTHS, CALCIUM, HEAD, SPINE, made, reaction, release, species

from spinemc import observables
from spinemc.chemistry.network import network as steps_of
from spinemc.engine.system import System
from spinemc.errors import EngineError
from spinemc.plans import prepare
from spinemc.scenario import parse_scenario
from spinemc.twins import noise
from spinemc.twins.compartments import run_trial
from spinemc.twins.ode import Equations
from spinemc.twins.wells import wells


def spine():
    system = prepare(parse_scenario(SPINE + CALCIUM))
    return system, wells(system.scenario, system.geometry, system.network)


def test_steps_agree_with_the_equations_integrated_as_they_stand():
    """All means and covariances of a spine as one system by LSODA: within 1e-6 of the standard deviations."""
    _, network = spine()
    n, equations, time = network.size, Equations(network), np.linspace(0.0, 3e-3, 7)
    S = np.asarray(equations.change[:n].todense())
    start = noise.linear_noise(network, np.array([0.0]))

    def slope(t, y):
        whole = np.append(y[:n], np.zeros(equations.size - n))
        J, a, C = equations.jacobian(whole, t)[:n, :n], equations.propensities(whole, t), y[n:].reshape(n, n)
        return np.append(S @ a, J @ C + C @ J.T + (S * a) @ S.T)

    begin = np.append(start.mean[0], start.covariance[0])
    expected = solve_ivp(slope, (0.0, 3e-3), begin, "LSODA", time, rtol=1e-10, atol=1e-10).y.T
    found = noise.linear_noise(network, time, 1e-7)
    C = expected[:, n:].reshape(-1, n, n)
    deviation = np.sqrt(np.einsum("tii->ti", C) + 1e-3)
    np.testing.assert_allclose(found.mean, expected[:, :n], rtol=1e-6, atol=1e-6)
    assert (abs(found.covariance - C) / (deviation[:, :, None] * deviation[:, None, :])).max() < 1e-6


def test_parts_sum_to_the_whole():
    """By kind of channel, in a spine: to 1e-9 of the largest, and none is missing."""
    system, network = spine()
    time, groups = np.linspace(0.0, 2e-3, 5), noise.kinds(network, system.network)
    parts = noise.noise_parts(network, time, groups)
    assert parts.source == ("binding", "diffusion", "numbers")
    whole = noise.linear_noise(network, time, 1e-8).covariance
    close = noise.noise_parts(network, time, groups, 1e-8).covariance.sum(axis=0)
    np.testing.assert_allclose(close, whole, rtol=0, atol=1e-7)
    together = noise.noise_parts(
        network, time, {"all": noise.Source(*map(tuple, map(range, (len(network.channels), 2))))}
    )
    np.testing.assert_allclose(together.covariance[0], noise.linear_noise(network, time).covariance, atol=1e-9, rtol=0)
    with pytest.raises(EngineError, match="channel 0 is in 0 groups; each is in one"):
        noise.noise_parts(network, time, {"numbers": groups["numbers"]})


def gates(exact):
    """Channels C <-> O that emit ions, which decay; ions at the beginning are drawn, channels are as many as told."""
    number = "count = 20" if exact else 'density = "333.333333333 /um^2"'
    membrane = "".join(f'[[species]]\nname = "{name}"\non = "membrane"\n' for name in "CO")
    return (
        species("Ca")
        + membrane
        + reaction("C <-> O", kf="2000 /s", kb="3000 /s")
        + reaction("O -> O + Ca", kf="50000 /s")
        + reaction("Ca -> 0", kf="1500 /s")
        + f'[[release]]\nspecies = "C"\n{number}\non = "membrane"\n'
        + '[[release]]\nspecies = "Ca"\nconcentration = "200 uM"\nin = "cytosol"\n'
    )


def test_parts_of_a_telegraph_are_those_of_the_formula():
    """At rest: influx and decay make the variance of Poisson, gating mean r (1 - p) / (decay + memory) more."""
    system, network = made(gates(exact=True))
    ion = network.names.index("Ca in cytosol")
    parts = noise.noise_parts(network, np.array([0.0, 20e-3]), noise.kinds(network, system.network))
    part = dict(zip(parts.source, parts.covariance[:, 1, ion, ion], strict=True))
    mean = 20 * 0.4 * 5e4 / 1500.0
    assert set(part) == {"gating", "influx", "extrusion", "numbers"}
    assert part["influx"] + part["extrusion"] == pytest.approx(mean, rel=1e-5)
    assert part["gating"] == pytest.approx(mean * 5e4 * 0.6 / (1500.0 + 5000.0), rel=1e-5)
    assert part["numbers"] == pytest.approx(0.0, abs=1e-4)


def test_frozen_runs_have_the_parts_of_theory():
    """2000 trials of each network of wells: what freezing takes away is the part of theory, to 4 standard errors."""
    stop = HEAD.replace('t_stop = "2 ms"', 't_stop = "0.6 ms"').replace('"0.5 ms"', '"0.02 ms"')
    system = prepare(parse_scenario(stop + gates(exact=False)))
    network = wells(system.scenario, system.geometry, system.network)
    geometry, time = system.geometry, system.scenario.run.sample_times
    theory = noise.noise_parts(network, time[-1:], noise.kinds(network, system.network))
    ion = network.names.index("Ca in cytosol")
    part = dict(zip(theory.source, theory.covariance[:, 0, ion, ion], strict=True))
    exact = noise.without_numbers(system.scenario)
    still = noise.without_gating(exact, geometry, system.network)

    def ends(scenario, seed):
        one = System(scenario, geometry, steps_of(scenario, geometry), ())
        counts = [run_trial(one, seed, k).count[-1, 0, 0] for k in range(2000)]
        return xr.DataArray(np.array(counts, float), dims="trial", name="ions")

    full, fixed, quiet = (ends(scenario, k) for k, scenario in enumerate((system.scenario, exact, still), 31))
    numbers = observables.sources(full, {"numbers": fixed})
    gating = observables.sources(fixed, {"gating": quiet})
    for found, expected in ((numbers, part["numbers"]), (gating, part["gating"])):
        value, error = float(found["part"][0]), float(found["part_error"][0])
        assert abs(value - expected) < 4.0 * error, (value, expected, error)
        assert expected > 4.0 * error, "the part is too small for these trials to show it"
    assert float(quiet.mean()) == pytest.approx(float(full.mean()), rel=0.03)


def test_second_moments_are_exact_at_first_order():
    _, network = made(BIRTHS)
    time = np.array([0.0, 0.3e-3, 2e-3])
    one, two = noise.linear_noise(network, time), noise.second_moments(network, time)
    np.testing.assert_allclose(two.mean, one.mean, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(two.covariance, one.covariance, rtol=1e-6, atol=1e-6)


def pairs(text, shape='size = ["0.5 um", "0.5 um", "0.4 um"]'):
    large = HEAD.replace('size = ["0.1 um", "0.1 um", "0.1 um"]', shape).replace('t_stop = "2 ms"', 't_stop = "100 ms"')
    system = prepare(parse_scenario(large.replace('"0.5 ms"', '"50 ms"') + text))
    return wells(system.scenario, system.geometry, system.network)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (
            species("A", "B", "C")
            + reaction("A + B <-> C", kf="1e9 /M/s", kb="1000 /s")
            + release("A", 10)
            + release("B", 10),
            (1.2794, 0.9996, 1.2665),
        ),
        (species("A", "C") + reaction("A + A <-> C", kf="2e9 /M/s", kb="1000 /s") + release("A", 12), None),
    ],
)
def test_the_mean_feels_the_noise_of_small_numbers(text, known):
    """Ten and ten that bind, and twelve that pair, in 0.1 um^3: means at least five times nearer to the exact ones.

    The exact mean and variance, and the mean of rate equations, of the first are those of its canonical ensemble.
    """
    network = pairs(text)
    states, p = noise.stationary_distribution(network)
    exact = p @ states[:, -1]
    variance = p @ (states[:, -1] - exact) ** 2
    time = np.array([0.0, 0.1])
    linear, second = noise.linear_noise(network, time), noise.second_moments(network, time)
    if known:
        assert (exact, variance, linear.mean[1, -1]) == pytest.approx(known, abs=1e-4)
    assert abs(second.mean[1, -1] - exact) < 0.2 * abs(linear.mean[1, -1] - exact)
    assert abs(second.covariance[1, -1, -1] - variance) < 0.05 * variance


def test_second_moments_refuse_what_takes_too_long(monkeypatch):
    monkeypatch.setattr("spinemc.twins.noise.closure.MOST_STATES", 0)
    with pytest.raises(EngineError, match="at most 0 states, and there are 1: take lna"):
        noise.second_moments(made(BIRTHS)[1], np.array([0.0, 1e-3]))
