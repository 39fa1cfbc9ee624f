"""An indicator in a run: what it shows, and what it does to the calcium that it is there to show."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import spinemc as smc
from spinemc.errors import ObservableError
from spinemc.scenario import parse_scenario
from spinemc.units import MICROMOLAR

RUN = """
[geometry]
shape = { kind = "sphere", radius = "0.5 um", edge = "200 nm" }
[run]
t_stop = "20 ms"
dt = "1 us"
sample_every = "1 ms"
trials = 1
engine = "ode"
[[mechanism]]
kind = "calcium"
parameters = { loss = "100 /s" }
[[release]]
species = "Ca"
concentration = "2 uM"
in = "cytosol"
time = "2 ms"
"""
DYE = """
[[mechanism]]
kind = "indicator"
concentration = "50 uM"
resting = "100 nM"
parameters = { D = "50 um^2/s", bind = "1e8 /M/s", kd = "0.3 uM", brightness = 14 }
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dye")
    return [smc.run(parse_scenario(text), folder / f"{n}.zarr") for n, text in enumerate((RUN, RUN + DYE))]


def test_light_and_disturbance_are_those_of_the_equations(shown):
    """Ca and the dye in a well-mixed ball, in uM: dF/F by the bound share, and a peak that the dye lowers."""
    _, dyed = shown
    times = dyed["counts"]["time"].values
    bound = 50 * 0.1 / 0.4

    def change(t, y):
        binds = 100.0 * y[0] * (50 - y[1]) - 30.0 * y[1]
        return [-binds - 100.0 * y[0], binds]

    first = solve_ivp(change, (0, 2e-3), [0.1, bound], "LSODA", times[:3], rtol=1e-10, atol=1e-12).y
    after = first[:, -1] + [2.0, 0.0]
    later = solve_ivp(change, (2e-3, 20e-3), after, "LSODA", times[2:], rtol=1e-10, atol=1e-12).y
    told = np.concatenate([first[1][:2], later[1]])
    light = (50 - told) + 14 * told
    found = dyed.spinemc.fluorescence()
    assert found["dff"].values[0] == pytest.approx(light / light[0] - 1, abs=1e-3)
    volume = float(dyed["counts/volume"].sel(compartment="cytosol"))
    assert found["fluorescence"].values[0] == pytest.approx(light * MICROMOLAR * volume, rel=2e-3)


def test_the_dye_takes_away_what_it_shows(shown):
    plain, dyed = (float(tree.spinemc.series("Ca", quantity="concentration")[0, 3:].max()) for tree in shown)
    assert dyed < 0.1 * plain


def test_what_is_shown_is_asked_for_by_name(shown):
    plain, dyed = shown
    with pytest.raises(ObservableError, match="has 0 indicators"):
        plain.spinemc.fluorescence()
    with pytest.raises(ObservableError, match="not an indicator of it: Ca"):
        dyed.spinemc.fluorescence("Ca")
    twice = dyed.spinemc.fluorescence("dye", brightness=0.0, bound="dye_Ca")["fluorescence"]
    assert np.array_equal(twice.values, dyed.spinemc.series("dye").values)
