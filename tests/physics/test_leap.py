"""Leaps over many events: the numbers they draw, and networks whose distribution is known."""

import numpy as np
import pytest
from scipy import stats

from spinemc.engine.kernels.leap import poissons
from spinemc.errors import EngineError, ScenarioError
from spinemc.plans import prepare
from spinemc.scenario import parse_scenario
from spinemc.twins.compartments import run_trial

VOLUME = 0.1 * 0.1 * 0.1
HEAD = """schema = 1
[geometry.shape]
kind = "box"
size = ["0.1 um", "0.1 um", "0.1 um"]
edge = "0.1 um"
[run]
engine = "compartments"
t_stop = "{t}"
dt = "1 us"
sample_every = "{t}"
trials = 4000
"""


def species(*names):
    return "".join(f'[[species]]\nname = "{name}"\nD = "0 um^2/s"\n' for name in names)


def ends(text, trials, seed=3, **run):
    """(trials, species) numbers at the end, and the mean number of events."""
    settings = "".join(f"{key} = {value!r}\n".replace("'", '"') for key, value in run.items())
    system = prepare(parse_scenario(text.replace("trials = 4000\n", "trials = 4000\n" + settings)))
    done = [run_trial(system, seed, k) for k in range(trials)]
    return np.array([trial.count[-1, 0] for trial in done]), np.mean([trial.moves for trial in done])


@pytest.mark.parametrize("mean", [0.0, 0.02, 1.3, 9.9, 10.1, 37.0, 4e3, 1e7])
def test_poisson_numbers(mean):
    """Chi-square over cells of at least 50 expected, of 40 000 draws; level 0.001."""
    number = np.empty(40_000, np.int64)
    poissons(np.array([5, 6], np.uint64), mean, number)
    if mean == 0.0:
        assert not number.any()
        return
    law = stats.poisson(mean)
    edge = np.unique(law.ppf(np.linspace(0.0, 1.0, 200)[1:-1]))
    chance = np.diff(np.concatenate([[0.0], law.cdf(edge), [1.0]]))
    seen = np.bincount(np.searchsorted(edge, number), minlength=len(chance))
    fits = chance * len(number) >= 50.0
    assert fits.sum() >= 2
    square = ((seen - chance * len(number)) ** 2 / (chance * len(number)))[fits].sum()
    assert square < stats.chi2.isf(1e-3, fits.sum() - 1)
    assert number.mean() == pytest.approx(mean, abs=4.0 * np.sqrt(mean / len(number)))
    assert number.var() == pytest.approx(mean, rel=4.0 * np.sqrt((2.0 + 1.0 / mean) / len(number)))


BIRTHS = '[[reaction]]\nequation = "0 -> A"\nkf = "1 M/s"\n[[reaction]]\nequation = "A -> 0"\nkf = "1000 /s"\n'


def test_birth_and_death_is_poisson():
    """0 -> A -> 0 from nothing to some 380 molecules: mean and variance within 4 standard errors of Poisson's."""
    numbers, _ = ends(HEAD.format(t="1 ms") + species("A") + BIRTHS, 3000, method="tau")
    mean = 1e6 * 602.214076 * VOLUME / 1000.0 * (1.0 - np.exp(-1.0))
    assert numbers.mean() == pytest.approx(mean, abs=4.0 * np.sqrt(mean / 3000) + 0.005 * mean)
    assert numbers.var() == pytest.approx(mean, rel=4.0 * np.sqrt(2.0 / 3000) + 0.02)


def test_rates_are_integrated_over_a_leap(tmp_path):
    """A source that rises, falls and stops: Poisson with its integral."""
    (tmp_path / "rate.csv").write_text("0, 0\n0.0003, 3e6\n0.0005, 5e5\n0.0008, 5e5\n0.0009, 0\n")
    text = HEAD.format(t="1 ms").replace("trials", 'method = "tau"\ntrials') + species("A")
    text += '[[reaction]]\nequation = "0 -> A"\nkf = { table = "rate.csv" }\n'
    (tmp_path / "s.toml").write_text(text)
    system = prepare(parse_scenario(text, tmp_path / "s.toml"))
    numbers = np.array([run_trial(system, 5, k).count[-1, 0, 0] for k in range(2000)])
    time, rate = np.loadtxt(tmp_path / "rate.csv", delimiter=",").T
    mean = np.trapezoid(rate, time) * 602.214076 * VOLUME
    assert numbers.mean() == pytest.approx(mean, abs=4.0 * np.sqrt(mean / 2000))
    assert numbers.var() == pytest.approx(mean, rel=4.0 * np.sqrt(2.0 / 2000))


DIMERS = (
    '[[reaction]]\nequation = "2 A -> B"\nkf = "3e5 /M/s"\n[[reaction]]\nequation = "B -> 0"\nkf = "2000 /s"\n'
    '[[release]]\nspecies = "A"\ncount = 20000\nin = "cytosol"\n'
)


def test_the_error_falls_with_epsilon_and_never_below_zero():
    """Pairs that form and vanish, 20 000 molecules: against one by one; more error for more epsilon."""
    text = HEAD.format(t="1 ms") + species("A", "B") + DIMERS
    exact, _ = ends(text, 200)
    off = {}
    for epsilon in (0.3, 0.03):
        found, _ = ends(text, 200, method="tau", epsilon=epsilon)
        assert (found >= 0).all()
        error = np.sqrt((exact.var(axis=0) + found.var(axis=0)) / 200)
        off[epsilon] = (found.mean(axis=0) - exact.mean(axis=0)) / error
        if epsilon == 0.03:
            assert (np.abs(found.mean(axis=0) - exact.mean(axis=0)) < 4.0 * error + 0.01 * exact.mean(axis=0)).all()
            ratio = found.var(axis=0) / exact.var(axis=0)
            assert (np.abs(np.log(ratio)) < 4.0 * np.sqrt(4.0 / 200)).all()
    assert np.abs(off[0.3]).max() > 2.0 * np.abs(off[0.03]).max()


def test_a_few_molecules_fire_one_by_one():
    """Ten that vanish: binomial, as critical channels are exact; level 0.001 by chi-square."""
    text = HEAD.format(t="1 ms") + species("A") + '[[reaction]]\nequation = "A -> 0"\nkf = "700 /s"\n'
    text += '[[release]]\nspecies = "A"\ncount = 9\nin = "cytosol"\n'
    numbers, _ = ends(text, 2000, method="tau")
    chance = stats.binom.pmf(np.arange(10), 9, np.exp(-0.7))
    seen = np.bincount(numbers[:, 0], minlength=10)
    fits = chance * 2000 > 5
    square = ((seen - 2000 * chance) ** 2 / (2000 * chance))[fits].sum()
    assert square < stats.chi2.isf(1e-3, fits.sum() - 1)


def test_a_trial_is_its_seed_and_number():
    text = HEAD.format(t="1 ms").replace("trials", 'method = "tau"\ntrials') + species("A", "B") + DIMERS
    one, two = (prepare(parse_scenario(text)) for _ in range(2))
    np.testing.assert_array_equal(run_trial(one, 3, 7).count, run_trial(two, 3, 7).count)
    assert (run_trial(one, 3, 7).count != run_trial(one, 3, 8).count).any()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('engine = "compartments"\nepsilon = 0.1', "it is the error of leaps"),
        ('engine = "compartments"\nmethod = "tau"\nepsilon = 2.0', "between 0 and 1"),
        ('engine = "compartments"\nmethod = "jump"', "method"),
    ],
)
def test_what_leaps_are_not_for_is_refused(more, told):
    with pytest.raises(ScenarioError, match=told):
        parse_scenario(HEAD.format(t="1 ms").replace('engine = "compartments"', more) + species("A") + BIRTHS)


class Kept:
    """A keeper in memory, that saves at every look."""

    def __init__(self):
        self.state = None

    def is_due(self):
        return True

    def save(self, state):
        self.state = {name: array.copy() for name, array in state.items()}

    def saved(self):
        return self.state

    def close(self):
        pass


@pytest.mark.parametrize("method", ["exact", "tau"])
def test_a_trial_goes_on_from_where_it_was_left(method, monkeypatch):
    """Stopped at every look and taken up again: the arrays of one that was not."""
    monkeypatch.setattr("spinemc.twins.compartments.GLANCE", 1000)
    again = '[[release]]\nspecies = "A"\ncount = 3000\nin = "cytosol"\ntime = ["0.35 ms"]\n'
    text = HEAD.format(t="1 ms").replace('every = "1 ms"', 'every = "0.1 ms"') + species("A", "B") + DIMERS + again
    system = prepare(parse_scenario(text.replace("trials", f'method = "{method}"\ntrials')))
    keeper, looks, done = Kept(), 0, None
    while done is None:
        done = (
            run_trial(system, 3, 1, lambda time, events: False, None, keeper)
            if looks < 8
            else run_trial(system, 3, 1, keeper=keeper)
        )
        looks += 1
    one = run_trial(system, 3, 1)
    for name in ("count", "events"):
        np.testing.assert_array_equal(getattr(done, name), getattr(one, name))
    keeper.state["state"] = keeper.state["state"][:-1]
    with pytest.raises(EngineError, match="not a state of this scenario"):
        run_trial(system, 3, 1, keeper=keeper)
