"""Whole spines against MCell: the same scenarios, its means and spreads over seeds in `shared/reference`."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from spinemc import simulate
from spinemc.scenario import load_scenario
from spinemc.validation.scenes import counts, run

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
TRIALS = 48


def against(name: str, trials: int, seed: int):
    """z of the difference of means, and the two variances, for every species and time that both know."""
    if not (REFERENCE / f"{name}.csv").exists():
        pytest.skip(f"the reference results of {name} are not beside the repository")
    system = simulate.prepare(load_scenario(REFERENCE / f"{name}.toml"))
    results = run(system, trials, seed)
    time = system.scenario.run.sample_times
    with (REFERENCE / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    z, ours, theirs, labels = [], [], [], []
    number = {species: counts(system, results, species) for species in {row["species"] for row in rows}}
    for row in rows:
        here = number[row["species"]][:, np.abs(time - float(row["time"])).argmin()]
        mean, spread, n = float(row["mean"]), float(row["sd"]), int(row["n"])
        error = np.sqrt(spread**2 / n + here.var(ddof=1) / trials)
        difference = here.mean() - mean
        if error == 0.0:
            assert difference == 0.0, row
            continue
        z.append(difference / error)
        ours.append(here.var(ddof=1))
        theirs.append(spread**2)
        labels.append((row["species"], float(row["time"])))
    return np.array(z), np.array(ours), np.array(theirs), labels


def spread_ratio(labels, ours, theirs) -> dict[str, float]:
    """Square root of our variance over MCell's, each summed over time, by species."""
    kinds = np.array([species for species, _ in labels])
    return {str(kind): float(np.sqrt(ours[kinds == kind].sum() / theirs[kinds == kind].sum())) for kind in set(kinds)}


@pytest.mark.filterwarnings("ignore::spinemc.errors.SpinemcWarning")
@pytest.mark.parametrize("name", ["thin", pytest.param("mushroom", marks=pytest.mark.long)])
def test_the_published_spines(name):
    """Every species at every time within 4 standard errors of the difference; spreads within a factor of 1.7.

    48 trials here and 48 of MCell, 210 comparisons that are strongly correlated in time. Were they independent, one
    would pass 4 standard errors by chance with probability 0.013. A standard deviation over 48 trials of these
    skewed numbers is itself known to some 20 %.
    """
    z, ours, theirs, labels = against(name, TRIALS, seed=1)
    assert len(z) * 2.0 * norm.sf(4.0) < 0.02
    assert np.abs(z).max() < 4.0, labels[int(np.abs(z).argmax())]
    for species, ratio in spread_ratio(labels, ours, theirs).items():
        assert 1.0 / 1.7 < ratio < 1.7, species


def test_a_mobile_buffer_and_pumps():
    """Workload c: buffer and free calcium, 10 times, within 4 standard errors of the difference; 8 trials each."""
    z, _, _, labels = against("workload_c", 8, seed=2)
    assert np.abs(z).max() < 4.0, labels[int(np.abs(z).argmax())]
