"""The studies of noise and of counting in few trials: what they claim, against exact formulas."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm, poisson
from studies import study

from spinemc.twins import noise

quiet = study("noise_and_volume", "theory")
counting = study("counting_limit", "theory")
readers = study("counting_limit", "readers")
ran = study("noise_and_volume").ran

WELLS = "run.engine=compartments"


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    """Heads of 0.1 um^3 at rest, event by event, and one with particles."""
    stores = tmp_path_factory.mktemp("heads")
    found = {
        kind: ran(quiet.scenario(kind, "run.trials=60", WELLS, "run.sample_every=0.2 ms"), stores / f"{kind}.zarr")
        for kind in quiet.SETTLED
    }
    particles = quiet.scenario("rest_buffer", "run.trials=3", "run.t_stop=80 ms")
    return found | {"particles": ran(particles, stores / "particles.zarr")}


def close(value, error, expected, most):
    """Within 4 standard errors, which are themselves small enough to tell."""
    assert error < most
    assert abs(value - expected) < 4.0 * error


def test_an_open_head_is_poisson_with_and_without_a_buffer(heads):
    for kind in ("rest", "rest_buffer"):
        seen = quiet.at_rest(kind, heads[kind])
        close(float(seen["fano"]), float(seen["fano_error"]), 1.0, 0.05)
        close(float(seen["cv"]), float(seen["cv_error"]), 1.0 / np.sqrt(float(seen["mean"])), 0.02)
    seen = quiet.at_rest("rest_buffer", heads["particles"])
    close(float(seen["fano"]), float(seen["fano_error"]), 1.0, 0.15)


def test_a_closed_head_is_less_noisy_than_poisson(heads):
    """Below 1 by more than 4 standard errors, and as the exact distribution says: nearly the share that is bound."""
    seen = quiet.at_rest("closed", heads["closed"])
    (exact,) = quiet.exact([quiet.network(quiet.scenario("closed"))])
    close(float(seen["fano"]), float(seen["fano_error"]), exact, 0.02)
    assert float(seen["fano"]) + 4.0 * float(seen["fano_error"]) < 1.0
    ions = heads["closed"].spinemc.series("Ca").isel(trial=0, time=0)
    assert exact == pytest.approx(1.0 - float(seen["mean"] / ions), abs=0.01)


def test_a_buffer_shortens_the_memory_and_leaves_slow_noise(heads):
    """The first memory is that of the uptake; theory's density at frequency 0 is 4 <n> over its rate for both."""
    still = {kind: quiet.network(quiet.scenario(kind)) for kind in ("rest", "rest_buffer")}
    rate = quiet.uptake(still["rest"])
    for made in still.values():
        mean = noise.stationary_noise(made).mean[0, 0]
        assert noise.spectrum(made, np.zeros(1))[0, 0] == pytest.approx(4.0 * mean / rate, rel=1e-6)
    memory = {}
    for kind in still:
        series = heads[kind].spinemc.series("Ca", between=(quiet.SETTLED[kind], np.inf))
        memory[kind] = series.spinemc.autocorrelation()
    plain = memory["rest"]
    close(float(plain["correlation_time"]), float(plain["correlation_time_error"]), 1.0 / rate, 0.1 / rate)
    assert float(memory["rest_buffer"]["correlation_time"]) < 0.3 / rate


def test_channels_make_a_peak_noisier_than_poisson(tmp_path):
    """The peak of 300 trials has the variance of theory, which at long times is that of the telegraph formula."""
    made = quiet.network(quiet.scenario("pulse"))
    tree = ran(quiet.scenario("pulse", "run.trials=300", WELLS), tmp_path / "pulse.zarr")
    ((mean,), (variance,)) = quiet.passing([made], tree["counts/time"].values)
    top = int(mean.argmax())
    seen = tree.spinemc.moments("Ca").isel(time=top)
    close(float(seen["fano"]), float(seen["fano_error"]), variance[top] / mean[top], 0.15 * variance[top] / mean[top])
    assert float(seen["fano_low"]) > 3.0
    still = quiet.network(quiet.scenario("pulse", "reaction.1.kf=1000 /s"))
    (mean,), (variance,) = quiet.settled([still])
    told = 1.0 + 2e4 * 0.5 / (quiet.uptake(still) + 2000.0)
    assert variance / mean == pytest.approx(told, rel=1e-6)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """Two inputs to an open and a closed head, event by event."""
    stores = tmp_path_factory.mktemp("series")
    some = ("run.trials=100",)
    volumes = {"open": (0.012, 0.1), "closed": (0.012,)}
    return {
        name: (
            ran(readers.scenario(name, *some), stores / f"{name}.zarr", readers.series_of(name, sizes)),
            readers.networks(name, sizes),
        )
        for name, sizes in volumes.items()
    }


def test_two_inputs_are_as_far_apart_as_theory_says(series):
    tree, made = series["open"]
    for length in (0.0, 10e-3):
        seen = readers.discriminability(readers.read(tree, "Ca", length), readers.DIMS["open"])
        for k in range(2):
            pair = [counting.expected(one, length) for one in made[:, k]]
            one = seen.isel(radius=k)
            close(float(one["d"]), float(one["d_error"]), counting.told_apart(*pair), 0.2)


def test_one_count_tells_what_two_poisson_numbers_can(series):
    tree, made = series["open"]
    told = readers.information(readers.read(tree, "Ca", 0.0), readers.DIMS["open"])
    for k in range(2):
        low, high = (counting.expected(one, 0.0)[0] for one in made[:, k])
        one = told.isel(radius=k)
        close(float(one["information"]), float(one["information_error"]), counting.of_counts(low, high), 0.05)


def test_a_closed_head_averages_to_its_number_of_ions_and_no_further(series):
    tree, made = series["closed"]
    low, high = (one.jumps[0].number for one in made[:, 0])
    most = (high - low) / np.sqrt(0.5 * (low + high))
    assert counting.closed_apart(made, 10.0) == pytest.approx(most, rel=0.02)
    seen = readers.discriminability(readers.read(tree, "Ca", 100e-3), readers.DIMS["closed"]).isel(radius=0)
    close(float(seen["d"]), float(seen["d_error"]), counting.closed_apart(made, 100e-3), 0.2)
    assert float(seen["d"]) - 4.0 * float(seen["d_error"]) < most < 1.5 * float(seen["d"])


def test_averages_over_long_times_come_to_the_limits(series):
    """Ten seconds: of free ions 2/(rate n T), of sensors that and 2/(k c (1 - p) M T) more; tolerance 1 %."""
    made = series["open"][1][0, 1]
    mean, variance = counting.expected(made, 10.0)
    least = counting.limits(0.1, mean, counting.uptake(made), 10.0)
    assert variance / mean**2 == pytest.approx(least["ions"], rel=0.01)
    full, variance = counting.expected(made, 10.0, 2)
    gain = full * (1.0 - full / counting.SITES)
    assert variance / gain**2 == pytest.approx(least["ions"] + least["sites"], rel=0.01)


def test_the_bath_has_the_limits_of_berg_and_purcell(tmp_path):
    """Arrivals: their rate within 4 standard errors, of 4 %; the monitor's variance within a factor of 1.7."""
    tree = ran(readers.scenario("absorber", "run.trials=1", "run.t_stop=3 ms"), tmp_path / "absorber.zarr")
    taken = tree["events/absorbed"].sel(boundary="Ca at absorber").sel(time=slice(0.35e-3, None))
    number, length = float(taken.sum()), 1e-4 * taken.sizes["time"]
    expected = 1.0 / counting.in_bath("absorber", length)
    assert abs(number - expected) < 4.0 * np.sqrt(expected) < 0.2 * expected
    tree = ran(readers.scenario("monitor", "run.trials=1", "run.t_stop=10 ms"), tmp_path / "monitor.zarr")
    value, error = readers.of_bath("monitor", tree, 0.1e-3)
    assert error < 0.2 * value
    assert 1.0 / 1.7 < value / counting.in_bath("monitor", 0.1e-3) < 1.7


def test_information_of_known_pairs():
    """Far apart one bit, alike none; between them by the entropies of sampled numbers, to 0.01 bit."""
    assert counting.of_counts(1.0, 1e3) == pytest.approx(1.0, abs=1e-6)
    assert counting.of_counts(5.0, 5.0) == pytest.approx(0.0, abs=1e-12)
    rng = np.random.default_rng(3)
    for told, one, two in (
        (counting.of_counts(2.0, 6.0), poisson(2.0), poisson(6.0)),
        (counting.of_normals((0.0, 1.0), (2.0, 4.0)), norm(0.0, 1.0), norm(2.0, 2.0)),
    ):
        density = "pmf" if hasattr(one, "pmf") and one.dist.name == "poisson" else "pdf"
        parts = []
        for own, other in ((one, two), (two, one)):
            x = own.rvs(40_000, random_state=rng)
            p, q = getattr(own, density)(x), getattr(other, density)(x)
            parts.append(np.log2(2.0 * p / (p + q)).mean())
        assert told == pytest.approx(np.mean(parts), abs=0.01)


def test_readouts_are_stretches_or_counts_far_apart():
    time = np.arange(0.0, 0.4, 0.01)
    series = xr.DataArray(np.arange(80.0).reshape(2, 40), dims=("trial", "time"), coords={"time": time})
    assert readers.readout(series, 0.1).values == pytest.approx([4.5, 14.5, 24.5, 34.5, 44.5, 54.5, 64.5, 74.5])
    assert readers.readout(series, 0.0).values[:3] == pytest.approx([0.0, 2.0, 4.0])
