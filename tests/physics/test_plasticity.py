"""The rules of plasticity against their published numbers."""

import numpy as np
import pytest

from spinemc import plasticity
from spinemc.errors import ScenarioError
from spinemc.plasticity import bell2022
from spinemc.scenario import PlasticitySpec

P = bell2022.PARAMETERS


def weights(time, count, **options):
    return plasticity.apply("bell2022", plasticity.trace(time, count), **options)["weight"]


@pytest.mark.parametrize(
    ("ions", "drive"),
    [(50, 0.0), (100, -0.25), (200, -0.5), (390, -0.451), (400, 0.0), (410, 0.451), (500, 0.5), (1e6, 0.5)],
)
def test_bell_drive(ions, drive):
    assert bell2022.drive(np.array(float(ions)), P) == pytest.approx(drive, abs=6e-4)


@pytest.mark.parametrize(
    ("ions", "seconds"), [(0, "10001"), (100, "63.1"), (200, "16.6"), (400, "4.905"), (600, "2.736")]
)
def test_bell_time_constant(ions, seconds):
    found = bell2022.time_constant(np.array(ions), P)
    assert abs(found - float(seconds)) <= 0.5001 * 10.0 ** -len(seconds.partition(".")[2])
    exact = 1 + 10 / (1e-3 + (ions / 250) ** 2)
    assert bell2022.time_constant(np.array(ions), P) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("samples", [2, 36, 351])
def test_bell_weight_after_35_ms_at_constant_calcium(samples):
    time = np.linspace(0, 0.035, samples)
    count = np.repeat(np.array([[200], [300], [500], [800]], dtype=np.int32), samples, axis=1)
    weight = weights(time, count)
    assert weight.shape == (4, samples)
    assert weight.dtype == np.float64
    assert np.all(weight[:, 0] == 0)
    assert weight[:, -1] == pytest.approx([-1.053e-3, -2.199e-3, 4.976e-3, 8.776e-3], abs=0.5001e-6)


def test_bell_weight_converges_as_the_square_of_the_spacing():
    def at(t):
        return 380 + 55 * t

    def end(samples):
        time = np.linspace(0, 0.5, samples)
        return weights(time, at(time)[None])[0, -1]

    fine = np.linspace(0, 0.5, 200_001)  # the integral form of the equation, by the trapezoid rule
    rate = 1 / bell2022.time_constant(at(fine), P)
    grown = np.concatenate([[0], np.cumsum(0.5 * (rate[1:] + rate[:-1]) * np.diff(fine))])
    exact = np.trapezoid(bell2022.drive(at(fine), P) * rate * np.exp(grown - grown[-1]), fine)
    errors = [abs(end(n) - exact) for n in (21, 41, 81)]
    assert errors[2] < 1e-5
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.25)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.25)


def test_bell_stays_within_its_drive_for_any_spacing():
    time = np.array([0.0, 1e3, 1e6, 1e9])
    weight = weights(time, np.array([[500, 500, 500, 500], [200] * 4]))
    assert np.all(np.isfinite(weight))
    assert weight[:, -1] == pytest.approx([0.5, -0.5], abs=1e-6)
    assert np.abs(weight).max() <= 0.5


def test_bell_concentration_variant_depends_on_concentration_alone():
    time = np.linspace(0, 0.035, 36)
    variant = {"reference_volume": 0.09}
    small = weights(time, np.full((1, 36), 250), volume=0.045, parameters=variant)
    ions = weights(time, np.full((1, 36), 500), volume=0.09)
    np.testing.assert_allclose(small, ions, rtol=1e-12)


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ScenarioError, match=r"theta_q is not a parameter .* Did you mean theta_p\?"):
        weights(np.array([0.0, 1.0]), np.zeros((1, 2)), parameters={"theta_q": 3.0})
    with pytest.raises(ScenarioError, match=r"Did you mean bell2022\?"):
        plasticity.rule("bell2021")


def test_every_rule_keeps_the_same_signature():
    time = np.linspace(0, 0.01, 5)
    for name in plasticity.RULES:
        module = plasticity.rule(name)
        answer = plasticity.apply(name, plasticity.trace(time, np.full((3, 5), 0.7)))
        assert set(answer) == set(module.VARIABLES)
        assert set(module.PARAMETERS.get("set", "") and module.SETS) == set(getattr(module, "SETS", ()))
        assert "weight" in answer
        assert all(v.shape == (3, 5) for v in answer.values())
        assert all(np.isfinite(v).all() for v in answer.values())


def test_evaluate_reads_the_named_compartment_and_species():
    specs = (
        PlasticitySpec("bell2022", "Ca", "head"),
        PlasticitySpec("bell2022", "Ca", "cytosol", {"theta_p": 200.0}),
    )
    rng = np.random.default_rng(4)
    time = np.linspace(0, 0.01, 7)
    count = rng.integers(0, 900, (2, 7, 2, 3))
    names = ["cytosol", "head"], ["B", "C", "Ca"]
    answer = plasticity.evaluate(specs, time, count, np.array([0.3, 0.2]), *names)
    got = answer["bell2022"]["weight"]
    assert got.shape == (2, 7, 2)
    head = weights(time, count[:, :, 1, 2])
    whole = weights(time, count[:, :, 0, 2], parameters={"theta_p": 200.0})
    np.testing.assert_array_equal(got, np.stack([head, whole], -1))
    ((rule, labels, variables),) = plasticity.synapses(specs)
    assert (rule, labels) == ("bell2022", ("Ca in head", "Ca in cytosol"))
    assert [(name, unit) for name, _, unit in variables] == [("weight", "1")]
