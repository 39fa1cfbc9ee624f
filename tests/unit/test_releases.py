"""Releases: how many molecules there are, where they are and how they are numbered."""

from itertools import pairwise

import numpy as np
from cells import ball, box
from scipy import stats

from spinemc.engine.molecules import Molecules
from spinemc.engine.trial import run_trial
from spinemc.geometry.compartments import contains, locate
from spinemc.scenario import Release
from spinemc.validation.scenes import counts, run, scene, shape, turns

SMALL = shape("box", size=(0.3, 0.3, 0.3), edge=0.1)


def molecules(system, trial=0, seed=3):
    """A trial's molecules after all the releases of a scenario."""
    made = Molecules(system, np.array([seed, trial], np.uint64), system.scenario.run.dt)
    for number, release in enumerate(system.scenario.release):
        made.release(release, number, 0, system.scenario.run.dt)
    return made.state


def places(state, species):
    """(n, 3) points and (n,) faces of a species."""
    here = slice(state.start[species], state.start[species] + state.n[species])
    return np.column_stack([state.x[here], state.y[here], state.z[here]]), state.face[here]


def test_numbers_of_releases_are_poisson_unless_exact():
    system = scene(
        SMALL, {"A": 100.0, "B": 100.0, "P": None, "Q": None}, 1e-6, 1e-5,
        release=[
            Release("A", concentration=400.0, inside="cytosol"),
            Release("B", concentration=400.0, inside="cytosol", exact=True),
            Release("P", density=20.0, on="membrane"),
            Release("Q", density=20.0, on="x_low", exact=True),
        ],
    )  # fmt: skip
    n = 1500
    number = np.array([molecules(system, trial).n for trial in range(n)])
    assert set(number[:, 1]) == {round(400.0 * 0.027)}
    assert set(number[:, 3]) == {round(20.0 * 0.09)}
    for column, mean in ((0, 400.0 * 0.027), (2, 20.0 * 0.54)):
        found = number[:, column]
        assert abs(found.mean() - mean) < 5.0 * np.sqrt(mean / n)
        assert abs(found.var(ddof=1) - mean) < 5.0 * np.sqrt((mean + 2.0 * mean**2) / n)
    assert abs(np.corrcoef(number[:, 0], number[:, 2])[0, 1]) < 5.0 / np.sqrt(n)


def test_trains_draw_a_number_at_each_time():
    system = scene(
        SMALL, {"A": 0.0}, 1e-6, 1e-5, every=1e-6,
        release=[Release("A", concentration=400.0, inside="cytosol", time=tuple(n * 1e-6 for n in range(10)))],
    )  # fmt: skip
    added = np.diff(counts(system, run(system, 4, 1), "A"), axis=1)[:, :9].ravel()
    assert len(set(added.tolist())) > 5
    assert abs(added.mean() - 10.8) < 5.0 * np.sqrt(10.8 / added.size)


def test_sites_are_spread_by_area_on_their_region():
    patch = ball("psd", (0.0, 0.0, 0.3), 0.1)
    system = scene(
        shape("sphere", region=[patch], radius=0.3, edge=0.08), {"P": None, "Q": None}, 1e-6, 1e-5,
        release=[Release("P", count=20_000, on="membrane"), Release("Q", count=500, on="psd")],
    )  # fmt: skip
    state, geometry = molecules(system), system.geometry
    for species, faces in ((0, np.arange(len(geometry.face))), (1, np.flatnonzero(geometry.face_region == 1))):
        at, face = places(state, species)
        area = geometry.face_area[faces]
        expected = area / area.sum() * len(face)
        observed = np.bincount(face, minlength=len(geometry.face))[faces]
        assert observed.sum() == len(face)
        assert stats.chisquare(observed, expected).pvalue > 1e-4
        corner, normal = geometry.triangles[face, 0], geometry.face_normal[face]
        assert np.abs(((at - corner) * normal).sum(axis=1)).max() < 1e-12


def test_molecules_fill_compartments_evenly():
    head = box("head", (-1.0, -1.0, -0.2), (1.0, 1.0, 0.1))
    system = scene(
        shape("sphere", compartment=[head], radius=0.3, edge=0.08), {"A": 100.0, "B": 100.0}, 1e-6, 1e-5,
        release=[Release("A", count=20_000, inside="head"), Release("B", count=2_000, inside="cytosol")],
    )  # fmt: skip
    state, geometry = molecules(system), system.geometry
    at, face = places(state, 0)
    assert (face == -1).all()
    assert contains(geometry, at).all()
    assert set(locate(geometry, at)) == {1}
    # the ball's slice between two heights has the volume of an integral of its circles
    edges = np.linspace(-0.2, 0.1, 7)
    share = np.diff(0.09 * edges - edges**3 / 3.0)
    observed = np.histogram(at[:, 2], edges)[0]
    assert np.abs(observed / 20_000 - share / share.sum()).max() < 0.015
    assert contains(geometry, places(state, 1)[0]).all()
    part = geometry.compartment_volume[1] / geometry.volume
    inside = (locate(geometry, places(state, 1)[0]) == 1).mean()
    assert abs(inside - part) < 5.0 * np.sqrt(part * (1.0 - part) / 2_000)


def test_a_point_holds_all_that_is_put_there():
    system = scene(SMALL, {"A": 100.0}, 1e-6, 1e-5, release=[Release("A", count=7, at=(0.1, -0.02, 0.03))])
    assert places(molecules(system), 0)[0].tolist() == [[0.1, -0.02, 0.03]] * 7


def test_molecules_of_the_volume_begin_just_inside_a_region():
    system = scene(
        shape("sphere", region=[ball("psd", (0.0, 0.0, 0.3), 0.1)], radius=0.3, edge=0.08), {"A": 100.0}, 1e-6, 1e-5,
        release=[Release("A", count=400, on="psd")],
    )  # fmt: skip
    at, face = places(molecules(system), 0)
    geometry = system.geometry
    assert (face == -1).all()
    assert contains(geometry, at).all()
    psd = geometry.face_region == 1
    depth = ((geometry.triangles[psd, 0] - at[:, None]) * geometry.face_normal[psd]).sum(axis=2)
    assert np.abs(depth).min(axis=1).max() < 0.011


def test_each_molecule_has_a_number_of_its_own():
    system = scene(
        SMALL, {"A": 100.0, "S": None}, 1e-6, 1e-4, record=("A", 1e-5),
        reaction=[turns("S", "S A", 1e5), turns("A", "", 3e4)],
        release=[Release("A", count=20, inside="cytosol"), Release("S", count=5, on="membrane")],
    )  # fmt: skip
    size, _, particle = run_trial(system, 1, 0).positions["A"]
    frames = np.split(particle, np.cumsum(size)[:-1])
    assert all(len(set(frame.tolist())) == len(frame) for frame in frames)
    gone = [set(a.tolist()) - set(b.tolist()) for a, b in pairwise(frames)]
    for n, lost in enumerate(gone):
        assert not any(lost & set(frame.tolist()) for frame in frames[n + 1 :])
    assert max(particle) > 25
