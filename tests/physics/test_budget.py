"""Ions that enter, leave and are held: nothing is lost from the books."""

import numpy as np
import pytest

import spinemc
from spinemc import observables
from spinemc.errors import ObservableError
from spinemc.scenario import load_scenario

SPINE = """
schema = 1
[geometry.shape]
kind = "spine"
head_radius = "0.2 um"
neck_radius = "0.06 um"
neck_length = "0.2 um"
psd_radius = "0.1 um"
edge = "0.1 um"
[run]
t_stop = "4 ms"
dt = "2 us"
sample_every = "1 ms"
trials = 3
seed = 5
[[mechanism]]
kind = "calcium"
[[mechanism]]
kind = "pmca"
resting = "100 nM"
[[mechanism]]
kind = "calbindin"
resting = "100 nM"
[[mechanism]]
kind = "leak"
on = "membrane"
density = "100 /um^2"
parameters = { leak = "100 /s" }
[[boundary]]
region = "base"
species = ["Ca"]
kind = "clamp"
concentration = "1 uM"
"""
PULSE = (
    SPINE
    + """
[[release]]
species = "Ca"
count = 50
in = "head"
time = ["1 ms", "2.5 ms"]
"""
)


def budget(tmp_path, text, *settings, species="Ca"):
    path = tmp_path / "a.toml"
    path.write_text(text)
    return observables.budget(spinemc.run(load_scenario(path, settings), out=tmp_path / "a.zarr"), species)


def test_every_ion_is_booked(tmp_path):
    found = budget(tmp_path, SPINE)
    ways = [str(way) for way in found["way"].values]
    assert ways == ["Ca -> 0", "PMCA_Ca -> PMCA", "PMCA -> PMCA + Ca", "LEAK -> LEAK + Ca", "Ca at base"]
    assert (found["released"] == 0).all()
    assert found["ions"].std("trial").max() > 0
    # calbindin at rest holds ions that only its reactions tell of
    assert (found["held"].isel(time=0) > 100).all()


def test_what_is_released_later_is_what_is_left_over(tmp_path):
    assert (budget(tmp_path, PULSE)["released"] == 100).all()


def test_means_are_booked_as_well(tmp_path):
    found = budget(tmp_path, PULSE, "run.engine=ode")
    np.testing.assert_allclose(found["released"], 100, rtol=1e-5)


def test_what_has_no_books(tmp_path):
    with pytest.raises(ObservableError, match="there is no species Mg; there are Ca"):
        budget(tmp_path, SPINE, "run.engine=ode", species="Mg")
