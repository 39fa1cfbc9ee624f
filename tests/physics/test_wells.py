"""The stochastic network of wells against exact master equations, exact means, and the rate equations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import chi2, poisson

import spinemc as smc
from spinemc import cli, store
from spinemc.errors import ScenarioError
from spinemc.plans import prepare
from spinemc.scenario import parse_scenario
from spinemc.twins import ode
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


def release(name, count):
    return f'[[release]]\nspecies = "{name}"\ncount = {count}\nin = "cytosol"\n'


def ends(text, trials=4000, seed=3):
    """(trials, species) numbers at the end."""
    system = prepare(parse_scenario(text))
    return np.array([run_trial(system, seed, k).count[-1, 0] for k in range(trials)])


def fits(numbers, probability):
    """Chi-square of whole numbers against their distribution, cells of fewer than five expected joined; level 0.001."""
    expected = probability * len(numbers)
    seen = np.bincount(numbers, minlength=len(expected)).astype(float)[: len(expected)]
    order = np.argsort(expected)
    cells = np.cumsum(expected[order]) // 5.0
    groups = np.minimum(cells, cells[-1] - 1).astype(int)
    e, o = (np.bincount(groups, x[order]) for x in (expected, seen))
    e, o = e[e > 0], o[e > 0]
    assert len(e) >= 4
    return ((o - e) ** 2 / e).sum() < chi2.isf(1e-3, len(e) - 1)


def test_birth_and_death_is_poisson():
    """0 -> A -> 0 from nothing: at every time Poisson with the mean of the rate equation."""
    births = '[[reaction]]\nequation = "0 -> A"\nkf = "20 mM/s"\n[[reaction]]\nequation = "A -> 0"\nkf = "1000 /s"\n'
    numbers = ends(HEAD.format(t="1 ms") + species("A") + births)[:, 0]
    mean = 20e3 * 602.214076 * VOLUME / 1000.0 * (1.0 - np.exp(-1.0))
    assert fits(numbers, poisson.pmf(np.arange(60), mean))
    assert not fits(numbers, poisson.pmf(np.arange(60), 1.1 * mean))


def test_pairs_of_one_kind_follow_the_master_equation():
    """2 A <-> B from twelve A, halfway to equilibrium."""
    kf, kb, t = 0.02, 400.0, 1e-3  # um^3/s and 1/s
    text = f'[[reaction]]\nequation = "2 A <-> B"\nkf = "{kf * 6.02214076e8:.12g} /M/s"\nkb = "{kb} /s"\n'
    numbers = ends(HEAD.format(t="1 ms") + species("A", "B") + text + release("A", 12))
    assert (numbers @ [1, 2] == 12).all()
    n = np.arange(7)  # B
    up, down = kf / VOLUME * (12 - 2 * n) * (11 - 2 * n), kb * n
    rates = np.diag(up[:-1], -1) + np.diag(down[1:], 1) - np.diag(up + down)
    assert fits(numbers[:, 1], expm(rates * t)[:, 0])
    assert not fits(numbers[:, 1], expm(1.15 * rates * t)[:, 0])


def test_partners_follow_the_master_equation():
    """A + B <-> C from eight A and five B."""
    kf, kb, t = 0.3, 500.0, 0.5e-3
    text = f'[[reaction]]\nequation = "A + B <-> C"\nkf = "{kf * 6.02214076e8:.12g} /M/s"\nkb = "{kb} /s"\n'
    numbers = ends(HEAD.format(t="0.5 ms") + species("A", "B", "C") + text + release("A", 8) + release("B", 5))
    n = np.arange(6)  # C
    up, down = kf / VOLUME * (8 - n) * (5 - n), kb * n
    rates = np.diag(up[:-1], -1) + np.diag(down[1:], 1) - np.diag(up + down)
    assert fits(numbers[:, 2], expm(rates * t)[:, 0])
    assert not fits(numbers[:, 2], expm(1.15 * rates * t)[:, 0])


def test_rates_that_change_in_time_are_followed_exactly(tmp_path):
    """A source that rises, falls and stops: Poisson with its integral, whatever the length of its rows."""
    (tmp_path / "rate.csv").write_text("0, 0\n0.0003, 30000\n0.0005, 5000\n0.0008, 5000\n0.0009, 0\n")
    text = HEAD.format(t="1 ms") + species("A") + '[[reaction]]\nequation = "0 -> A"\nkf = { table = "rate.csv" }\n'
    (tmp_path / "s.toml").write_text(text)
    system = prepare(parse_scenario(text, tmp_path / "s.toml"))
    numbers = np.array([run_trial(system, 5, k).count[-1, 0, 0] for k in range(4000)])
    time, rate = np.loadtxt(tmp_path / "rate.csv", delimiter=",").T
    mean = np.trapezoid(rate, time) * 602.214076 * VOLUME
    assert fits(numbers, poisson.pmf(np.arange(40), mean))


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
t_stop = "4 ms"
dt = "1 us"
sample_every = "1 ms"
trials = 400
[[species]]
name = "Ca"
D = "220 um^2/s"
[[species]]
name = "P"
on = "head"
[[species]]
name = "PCa"
on = "head"
[[reaction]]
equation = "Ca + P <-> PCa"
kf = "1e8 /M/s"
kb = "300 /s"
[[release]]
species = "P"
density = "100 /um^2"
on = "head"
[[release]]
species = "Ca"
count = 300
in = "head"
[[boundary]]
region = "base"
species = ["Ca"]
kind = "clamp"
concentration = "2 uM"
"""


def test_a_spine_has_the_mean_of_the_rate_equations_and_is_reproducible(tmp_path):
    """Exchange, membrane and clamp: mean of 400 trials within 4 standard errors; the same for any threads, resumed."""
    scenario = parse_scenario(SPINE)
    tree = smc.run(scenario, tmp_path / "one.zarr", threads=1)
    again = smc.run(scenario, tmp_path / "two.zarr", threads=2)
    system = prepare(scenario)
    series = ode.solve(system.scenario, system.geometry, system.network)
    for path, expected in (("counts/count", series.count), ("surface/count", series.surface),
                           ("events/count", series.events), ("events/absorbed", series.absorbed)):  # fmt: skip
        np.testing.assert_array_equal(tree[path], again[path])
        found = tree[path].values.astype(float)
        error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
        assert (np.abs(found.mean(axis=0) - expected) <= 4.0 * error + 0.02 * np.abs(expected) + 1e-6).all(), path
    (tmp_path / "one.zarr/counts/count/c.1.0.0.0").unlink()
    np.testing.assert_array_equal(smc.resume(tmp_path / "one.zarr")["counts/count"], again["counts/count"])
    assert store.verify(tmp_path / "one.zarr") == []


def test_the_command_line_chooses_the_level(tmp_path, capsys):
    """One scenario of particles, run by other engines; and one that there is not."""
    (tmp_path / "s.toml").write_text(SPINE.replace('engine = "compartments"\n', "").replace("400", "3"))
    for engine, kind in (("compartments", "int32"), ("ode", "float64")):
        out = tmp_path / f"{engine}.zarr"
        assert cli.main(["run", str(tmp_path / "s.toml"), "--engine", engine, "--out", str(out), "--quiet"]) == 0
        assert store.open(out)["counts/count"].dtype == kind
    capsys.readouterr()
    assert cli.main(["run", str(tmp_path / "s.toml"), "--engine", "tea", "--out", str(tmp_path / "x.zarr")]) == 2
    assert 'run.engine = "tea": no such engine' in capsys.readouterr().err


def test_what_compartments_do_not_know_is_refused():
    with pytest.raises(
        ScenarioError,
        match=r"record.positions: compartments has numbers in well-mixed parts and no single molecules"
        r'.*, or leave out with --set "record.positions=\[\]"',
    ):
        prepare(parse_scenario(SPINE + '[[record.positions]]\nspecies = ["Ca"]\nevery = "1 ms"\n'))
