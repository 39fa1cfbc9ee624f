"""Calibration: against stochastic networks whose decay, exchange and buffers are known, and against particles."""

import json

import numpy as np
import pytest

import spinemc as smc
from spinemc import calibration, cli, reduction
from spinemc.errors import ObservableError, SpinemcError
from spinemc.observables.intervals import jackknife
from spinemc.scenario import override
from spinemc.twins import reduced

SPINE = """schema = 1
[geometry.shape]
kind = "spine"
head_radius = "0.25 um"
neck_radius = "80 nm"
neck_length = "0.5 um"
psd_radius = "0.15 um"
shaft_radius = "0.4 um"
shaft_length = "2 um"
[run]
engine = "compartments"
t_stop = "12 ms"
dt = "2 us"
sample_every = "0.2 ms"
trials = 40
seed = 3
[[species]]
name = "Ca"
D = "100 um^2/s"
[[species]]
name = "open"
on = "psd"
[[reaction]]
equation = "open -> open + Ca"
kf = "1e3 /s"
[[reaction]]
equation = "open -> 0"
kf = "500 /s"
[[release]]
species = "open"
count = 400
on = "psd"
time = "1 ms"
"""
LEAVES = """[[reaction]]
equation = "Ca -> 0"
kf = "300 /s"
"""
BUFFER = """[[species]]
name = "B"
D = "0 um^2/s"
[[species]]
name = "CaB"
D = "0 um^2/s"
[[reaction]]
equation = "Ca + B <-> CaB"
kf = "{kf} /M/s"
kb = "{kb} /s"
[[release]]
species = "B"
concentration = "1 mM"
in = "cytosol"
"""
MEMBRANE = """[[species]]
name = "pump"
on = "membrane"
[[species]]
name = "pump_Ca"
on = "membrane"
[[species]]
name = "Bf"
on = "membrane"
[[species]]
name = "CaBf"
on = "membrane"
[[reaction]]
equation = "Ca + pump <-> pump_Ca"
kf = "1e8 /M/s"
kb = "300 /s"
[[reaction]]
equation = "pump_Ca -> pump"
kf = "2000 /s"
[[reaction]]
equation = "Ca + Bf <-> CaBf"
kf = "1e6 /M/s"
kb = "2 /s"
[[release]]
species = "pump"
density = "150 /um^2"
on = "membrane"
exact = true
[[release]]
species = "Bf"
density = "4791 /um^2"
on = "membrane"
exact = true
"""


def run(folder, text, name="run", **how):
    (folder / f"{name}.toml").write_text(text)
    return smc.run(smc.load_scenario(folder / f"{name}.toml"), folder / f"{name}.zarr", threads=2, **how)


def within(found, name, known, errors=3.0, off=0.0):
    """Whether each value is within three standard errors of a known one, and an allowance."""
    return bool((abs(found[name] - known) <= errors * found[f"{name}_error"] + off).all())


@pytest.fixture(scope="module")
def linear(tmp_path_factory):
    """600 trials of a linear scenario: D = 100 um^2/s and 300 /s everywhere."""
    return run(tmp_path_factory.mktemp("linear"), SPINE + LEAVES, trials=600)


def test_known_decay_and_exchange_are_recovered(linear):
    found = smc.calibrate(linear)
    assert found.attrs["model"] == "linear" and found.attrs["good"] and not found.attrs["notes"]
    ends = found.sel(compartment=["head", "shaft"])
    assert within(ends, "tau", 1 / 300) and (ends["tau_error"] < 0.05 / 300).all()
    assert within(found, "D_eff", 100.0) and found["D_eff_error"] < 2.0
    assert within(found, "kappa", 0.0) and found["kappa_error"] < 0.02
    assert within(found, "conductance", found["geometry_conductance"])
    back = found["conductance"] / found["volume"].sel(compartment="shaft").item()
    assert found["back"].values == pytest.approx(back.values)


def test_standard_errors_are_those_of_repeated_runs(linear):
    """30 runs of 20 trials: squares of z sum to chi squared with 30 degrees, which is within 10.8 and 66 (p 0.001)."""
    model, _, D, count, influx = calibration.prepared(linear, "Ca")
    z = []
    for k in range(0, 600, 20):
        fit = reduced.fitted(model, count[k : k + 20], influx[k : k + 20], D)
        error = jackknife(fit.parameters, fit.left_out, fit.left_out.shape[1])[1]
        z.append((fit.parameters - [100.0, 1.0, 300.0, 300.0, 300.0]) / error)
    assert model.names == ("D", "free", "k 0", "k 1", "k 2")
    square = np.square(z)[:, [0, 1, 2, 4]].sum(axis=0)  # the neck holds too little to tell
    assert ((square > 10.8) & (square < 66.0)).all(), square


def test_the_reduced_scenario_runs_by_equations_and_by_events(linear, tmp_path):
    """The fit itself at `ode`; at `compartments` the mean of 60 trials, to 5 standard errors at every sample."""
    found, out = smc.calibrate(linear), tmp_path / "reduced.toml"
    reduction.write(found, linear, out)
    scenario = smc.load_scenario(out)
    assert scenario.run.engine == "ode"
    mean = smc.run(scenario, tmp_path / "ode.zarr")
    by_events = override(scenario, "run.engine=compartments")
    drawn = smc.run(by_events, tmp_path / "events.zarr", trials=60, threads=2)
    for name in ("head", "shaft"):
        told = found["fit"].sel(compartment=name).values
        assert mean.spinemc.series("Ca", name).values[0] == pytest.approx(told, abs=1e-6 * told.max())
        trials = drawn.spinemc.series("Ca", name).values
        error = np.maximum(trials.std(0, ddof=1), 0.5) / np.sqrt(60)
        assert (abs(trials.mean(0) - told) < 5.0 * error).all(), name


def test_exchange_through_the_neck_is_that_of_a_pipe(linear):
    """Two ends, their own access in series: less than a pipe without it, r = 80 nm, l = 0.5 um, and more than half."""
    pipe = 100.0 * np.pi * 0.08**2 / 0.5
    assert 0.5 * pipe < smc.calibrate(linear)["geometry_conductance"].item() < pipe


def test_influx_is_what_the_channels_let_in(linear):
    """400 channels of 1000 /s for 2 ms each, all in the head: 800, with the error of the trials' mean."""
    total = smc.calibrate(linear)["influx"].sum("time")
    assert total.sel(compartment=["neck", "shaft"]).sum() == 0.0
    sd = np.sqrt(800 + 400 * 2.0**2)  # Poisson numbers with an exponential duration
    assert abs(total.sel(compartment="head") - 800) < 4 * sd / np.sqrt(600)


def test_a_fast_buffer_is_told_by_its_capacity(tmp_path):
    """kf B / kb = 2: a third of the influx is free, decay takes thrice as long, and diffusion is a third."""
    tree = run(tmp_path, SPINE + LEAVES + BUFFER.format(kf="2e8", kb="1e5"))
    found = smc.calibrate(tree)
    assert found.attrs["model"] == "linear"
    assert within(found, "kappa", 2.0, off=0.04) and found["kappa_error"] < 0.1
    assert within(found, "D_eff", 100 / 3, off=1.0)
    assert within(found.sel(compartment=["head", "shaft"]), "tau", 1 / 100, off=3e-4)


def test_a_slow_buffer_is_told_by_its_rates(tmp_path):
    """kf B = 400 /s and kb = 200 /s: no linear decay, so that the reduced model has it too."""
    tree = run(tmp_path, SPINE + LEAVES + BUFFER.format(kf="4e5", kb="200"), trials=100)
    found = smc.calibrate(tree)
    assert found.attrs["model"] == "slow buffer" and found.attrs["good"]
    head = found.sel(compartment="head")
    assert within(head, "on", 400.0) and within(head, "off", 200.0) and within(head, "tau", 1 / 300)
    out = tmp_path / "reduced.toml"
    reduction.write(found, tree, out)
    again = smc.run(smc.load_scenario(out), tmp_path / "reduced.zarr")
    for name in ("head", "shaft"):
        mine = again.spinemc.series("Ca", name).values[0]
        assert mine == pytest.approx(found["fit"].sel(compartment=name).values, abs=1e-3)


PUMPS = """[[species]]
name = "pump"
D = "0 um^2/s"
[[species]]
name = "full"
D = "0 um^2/s"
[[reaction]]
equation = "Ca + pump <-> full"
kf = "3e8 /M/s"
kb = "30 /s"
[[reaction]]
equation = "full -> pump"
kf = "100 /s"
[[release]]
species = "pump"
count = 300
in = "head"
"""


def test_pumps_that_fill_are_told_by_their_rates(tmp_path):
    """300 in the head, fewer than ions: a linear model is off by more than 5 %, one of pumps is not and finds them."""
    tree = run(tmp_path, SPINE + LEAVES + PUMPS, trials=80)
    model, names, D, count, influx = calibration.prepared(tree, "Ca")
    assert reduced.fitted(model, count, influx, D).beyond[names.index("head")] > 0.05
    found = smc.calibrate(tree)
    assert found.attrs["model"] == "pumps" and found.attrs["good"]
    ends = found.sel(compartment=["head", "shaft"])
    assert (ends["deviation"] < 0.05).all()
    assert within(found, "bind", 3e8 / (602.214 * 1e6), errors=4.0) and within(found, "out", 100.0, errors=4.0)
    assert within(ends.sel(compartment="head"), "sites", 300.0, errors=4.0)
    reduction.write(found, tree, tmp_path / "reduced.toml")
    assert "pumps bind at" in reduction.table(found)
    scenario = smc.load_scenario(tmp_path / "reduced.toml")
    mean = smc.run(scenario, tmp_path / "ode.zarr")
    drawn = smc.run(override(scenario, "run.engine=compartments"), tmp_path / "events.zarr", trials=60, threads=2)
    for name in ("head", "shaft"):
        told = found["fit"].sel(compartment=name).values
        assert mean.spinemc.series("Ca", name).values[0] == pytest.approx(told, abs=1e-3 * told.max())
        mine = drawn.spinemc.series("Ca", name).mean("trial").values
        assert abs(mine - told).max() < 0.05 * told.max() + 5.0 * np.sqrt(told.max() / 60)


def test_rest_is_kept_and_reduced(tmp_path):
    """A leak and a decay at balance before a pulse: 100 molecules in the head at rest."""
    rest = """[[reaction]]
equation = "0 -> Ca"
kf = "{rate} uM/s"
[[release]]
species = "Ca"
concentration = "1 uM"
in = "cytosol"
"""
    tree = run(tmp_path, SPINE + LEAVES + rest.format(rate=300), trials=100)
    found = smc.calibrate(tree)
    volume = found["volume"]
    assert np.allclose(found["rest"], 602.214 * volume, rtol=0.05)
    assert within(found.sel(compartment=["head", "shaft"]), "tau", 1 / 300)
    reduction.write(found, tree, tmp_path / "reduced.toml")
    again = smc.run(smc.load_scenario(tmp_path / "reduced.toml"), tmp_path / "reduced.zarr")
    mine = again.spinemc.series("Ca", "shaft").values[0]
    assert mine == pytest.approx(found["fit"].sel(compartment="shaft").values, rel=1e-3)


def test_the_model_agrees_with_an_integrator():
    """The steps are exact: beside scipy's integration of the same equations, with buffers."""
    from scipy.integrate import solve_ivp

    time, owner, volume = np.linspace(0, 0.01, 11), np.array([0, 1]), np.array([0.1, 0.5])
    model = reduced.Reduced(time, owner, volume, 0.03 * np.array([[1, -1], [-1, 1]]), 0, True, form="slow buffer")
    assert model.names == ("D", "k 0", "k 1", "on 0", "on 1", "off 0", "off 1")
    x = np.array([200.0, 300.0, 100.0, 50.0, 80.0, 20.0, 30.0])
    influx = np.zeros((11, 2))
    influx[3, 0] = 100.0
    found = model.solve(x, reduced.Means(np.full((11, 2), 40.0), influx))

    def slope(t, y):
        n, b = y[:2], y[2:]
        flow = 200 * 0.03 * (n[0] / 0.1 - n[1] / 0.5) * np.array([-1, 1])
        bind = np.array([50, 80]) * n - np.array([20, 30]) * b
        comes = np.array([1e5 if 0.002 <= t < 0.003 else 0.0, 0.0])
        return np.concatenate([comes + flow - bind - np.array([300, 100]) * n, bind])

    y = np.array([40.0, 40.0, 0.0, 0.0])
    for i in range(10):
        middle = 0.5 * (time[i] + time[i + 1])
        step = solve_ivp(lambda t, y, m=middle: slope(m, y), (time[i], time[i + 1]), y, rtol=1e-10, atol=1e-10)
        y = step.y[:, -1]
        assert found[i + 1] == pytest.approx(y[:2], rel=1e-7)


@pytest.fixture(scope="module")
def particles(tmp_path_factory):
    """A spine with pumps and a buffer, 40 trials of particles with each of two seeds; and the folder."""
    folder = tmp_path_factory.mktemp("particles")
    text = SPINE.replace("100 um^2", "220 um^2").replace('"compartments"', '"particles"').replace('"12 ms"', '"15 ms"')
    return [run(folder, text + MEMBRANE, f"seed{seed}", seed=seed) for seed in (1, 2)], folder


def test_the_reduced_model_has_the_mean_of_other_particles(particles, capsys):
    """Within 5 % of the peak, at all times, in head and shaft; the trials' own standard error is below 2 %."""
    (_, other), folder = particles
    out = folder / "reduced.toml"
    assert cli.main(["calibrate", str(folder / "seed1.zarr"), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "D_eff" in told and "head - shaft" in told and str(out) in told
    assert json.loads((folder / "seed1.calibrate.json").read_text())["attrs"]["model"] == "linear"
    assert (folder / "seed1.calibrate.png").stat().st_size > 10_000
    again = smc.run(smc.load_scenario(out), folder / "reduced.zarr")
    for name in ("head", "shaft"):
        mean = other.spinemc.series("Ca", name).mean("trial").values
        mine = again.spinemc.series("Ca", name).values[0]
        assert abs(mine - mean).max() < 0.05 * mean.max(), name


def test_one_compartment_has_a_decay_alone(tmp_path):
    text = SPINE + LEAVES
    start, end = text.index("kind ="), text.index("[run]")
    sphere = text[:start] + 'kind = "sphere"\nradius = "0.3 um"\n' + text[end:]
    found = smc.calibrate(run(tmp_path, sphere.replace('"psd"', '"membrane"')))
    assert within(found, "tau", 1 / 300)
    assert np.isnan(found["D_eff"]) and not found.sizes["pair"]
    assert "no second compartment" in found.attrs["notes"][0]
    assert "only the decay" in reduction.table(found)


STORE = """schema = 1
[geometry]
shape = { kind = "box", size = ["0.3 um", "0.3 um", "0.3 um"], edge = "0.15 um" }
[[geometry.surface]]
name = "er"
shape = { kind = "sphere", radius = "0.1 um", edge = "0.06 um" }
inside = "lumen"
[run]
engine = "compartments"
t_stop = "12 ms"
dt = "2 us"
sample_every = "0.2 ms"
trials = 40
seed = 3
[[species]]
name = "Ca"
D = "100 um^2/s"
[[species]]
name = "open"
on = "er"
[[reaction]]
equation = "open + Ca@lumen -> open + Ca"
kf = "1e6 /M/s"
[[reaction]]
equation = "open -> 0"
kf = "500 /s"
[[release]]
species = "Ca@lumen"
count = 10000
in = "lumen"
[[release]]
species = "open"
count = 50
on = "er"
time = "1 ms"
"""


def test_what_an_organelle_releases_is_let_in(tmp_path):
    """50 channels of 2 ms: all that leaves the lumen is influx, told apart from the decay of 300 /s in the inside."""
    tree = run(tmp_path, STORE + LEAVES)
    found = smc.calibrate(tree)
    assert within(found, "tau", 1 / 300) and found["tau_error"] < 0.05 / 300 and found.attrs["good"]
    assert list(found["compartment"].values) == ["cytosol"]
    lumen = tree["counts/count"].sel(compartment="lumen", species="Ca").mean("trial")
    assert found["influx"].sum().item() == pytest.approx(10000 - lumen.isel(time=-1).item(), rel=1e-12)
    assert 200 < found["influx"].sum() < 600
    wall = '[[boundary]]\nregion = "er"\nspecies = ["Ca"]\nkind = "permeable"\npermeability = "1 um/s"\n'
    leaky = run(tmp_path, STORE + LEAVES + wall, "leaky", trials=6)
    with pytest.raises(ObservableError, match="Ca passes through er into another space"):
        smc.calibrate(leaky)


def test_what_is_refused(linear, tmp_path, capsys):
    with pytest.raises(ObservableError, match='species "open" is not a volume species'):
        calibration.calibrate(linear, "open")
    few = linear.isel(trial=slice(0, 4), missing_dims="ignore")
    with pytest.raises(SpinemcError, match="has 4 finished trials, and calibrate takes 5"):
        calibration.calibrate(few)
    stays = run(tmp_path, SPINE, "stays", trials=6)
    with pytest.raises(ObservableError, match="does not decay within the run"):
        calibration.calibrate(stays)
    swept = ["sweep", str(tmp_path / "stays.toml"), "--vary", "species.Ca.D=10 um^2/s,20 um^2/s", "--trials", "1"]
    assert cli.main([*swept, "--quiet", "--out", str(tmp_path / "sweep.zarr")]) == 0
    capsys.readouterr()
    assert cli.main(["calibrate", str(tmp_path / "sweep.zarr")]) == 2
    said = capsys.readouterr().err
    assert "is a sweep over" in said and len(said.splitlines()) == 1
    assert cli.main(["calibrate", str(tmp_path / "stays.zarr"), "--out", str(tmp_path / "x.txt")]) == 2
    assert "written as a scenario, .toml" in capsys.readouterr().err
