"""Quick form of the study of sequences: the soma against theory, what training does, noise, and diffusion off."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from studies import study

from spinemc.chemistry.circuit import synapse
from spinemc.errors import GeometryError, ScenarioError
from spinemc.plans import prepare

pytestmark = pytest.mark.filterwarnings("ignore::spinemc.errors.SpinemcWarning")
SEQUENCE, SOMA, SHARED = study("sequence"), study("sequence", "soma"), study("neighbours", None)
COARSE = "geometry.shape.edge=0.2 um"


@pytest.fixture(scope="module")
def kernels():
    return {law: SEQUENCE.kernel_of(law, COARSE) for law in ("literal", "consistent")}


def test_charge_reaches_the_soma_as_by_cable_theory():
    """The area under an answer over the charge: cosh((L - x) / l) / [G cosh(L / l) + G0 sinh(L / l)], to 0.5 %."""
    cell = SOMA.Cell(length=900.0, membrane=2000.0)
    ways, time = np.array([0.0, 100.0, 400.0, 880.0]), np.arange(0.0, 0.4, 5e-5)
    charge = cell.current * synapse((0.0,), cell.rise, cell.decay, time).sum()
    resistance = SOMA.answers(cell, ways, time, 2.0).sum(axis=1) / charge  # Gohm
    length = np.sqrt(100.0 * cell.resistance * cell.radius / (2.0 * cell.resistivity))  # um
    cable = 1e3 * np.pi * cell.radius**2 / (cell.resistivity * length)  # nS
    soma = 10.0 * cell.membrane / cell.resistance  # nS
    ends = soma * np.cosh(cell.length / length) + cable * np.sinh(cell.length / length)
    np.testing.assert_allclose(resistance, np.cosh((cell.length - ways) / length) / ends, rtol=5e-3)


def test_inward_is_higher_on_a_long_cable():
    """Rall 1964: of equal inputs along a cable, those that come inward make the higher peak at the soma."""
    cell, time = SOMA.Cell(length=1000.0, membrane=2000.0), np.arange(0.0, 0.2, 1e-4)
    answer = SOMA.answers(cell, np.arange(100.0, 901.0, 200.0), time, 5.0)
    inward, outward = (
        float(SOMA.peaks(answer, 1e-4, np.ones(5), SEQUENCE.order_of(o, 5), 5e-3)) for o in SEQUENCE.ORDERS
    )
    assert inward > 1.1 * outward
    assert 0.0 < SEQUENCE.before() < 0.005  # and hardly on this branch


def test_training_makes_the_trained_order_win(kernels):
    """Either order, either form; with each spine by itself, training leaves the selectivity where it was."""
    for one in kernels.values():
        inward, outward = (
            float(SEQUENCE.selectivity(SEQUENCE.trained(one, SEQUENCE.order_of(o)))) for o in SEQUENCE.ORDERS
        )
        assert inward > SEQUENCE.before() + 0.005 and inward > 0.0 > outward
        assert SEQUENCE.learnt(SEQUENCE.apart(one)) == pytest.approx(0.0, abs=2e-4)


def test_weak_inputs_teach_the_other_order(kernels):
    """Where every input is in the zone of depression, those that come later weaken more (literal form)."""
    assert SEQUENCE.learnt(kernels["literal"], influx=1.76) < -0.005


def test_slow_diffusion_teaches_nothing():
    slow = SEQUENCE.kernel_of("literal", COARSE, "species.1.D=1 um^2/s")
    assert SEQUENCE.learnt(slow) == pytest.approx(0.0, abs=5e-4)


def test_trials_learn_the_order(tmp_path):
    """Six cells trained each way, ten stochastic sequences each (literal): Mann-Whitney, p < 0.01."""
    made = {o: SEQUENCE.selectivity(SEQUENCE.noisy(tmp_path, "literal, trials", o, 6, COARSE)) for o in SEQUENCE.ORDERS}
    assert mannwhitneyu(made["inward"], made["outward"], alternative="greater").pvalue < 0.01
    assert made["inward"].mean() > 0.0 > made["outward"].mean()


def test_repetitions_go_on_from_one_another():
    """Twice the same calcium, as two repetitions and as one course: the same weights."""
    scenario, rng = SEQUENCE.loaded(), np.random.default_rng(1)
    level = np.zeros((2, 400))
    level[:, 50:300] = rng.uniform(0.1, 2.0, (2, 250))
    twice = SHARED.repeated(scenario, 2.5e-4, np.stack([level, level]))
    np.testing.assert_allclose(twice, SHARED.change(scenario, 2.5e-4, np.tile(level, 2)), atol=1e-3)
    assert np.abs(twice).min() > 1.0


def test_bad_sequences_are_refused():
    with pytest.raises(ScenarioError, match="an interval of 0 ms: it must be above 0"):
        SEQUENCE.inputs((0, 1), 0.0, 1.0)
    with pytest.raises(ScenarioError, match="at most 12"):
        SEQUENCE.inputs(range(8), 0.05, 1.0)
    with pytest.raises(ScenarioError, match="needs two at least"):
        SEQUENCE.loaded(number=1)
    with pytest.raises(ScenarioError, match="is no order"):
        SEQUENCE.order_of("sideways")
    with pytest.raises(ScenarioError, match="the cable has 160 um"):
        SOMA.answers(SOMA.Cell(), [170.0], np.arange(0.0, 0.01, 1e-3))
    with pytest.raises(GeometryError, match="collide"):
        prepare(SEQUENCE.loaded(spacing=0.0))
