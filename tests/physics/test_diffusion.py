"""Motion alone: free spreading, even density in a closed cell, and no way out of one."""

from pathlib import Path

import numpy as np
import pytest
from scenes import D_CA, chi_squared, points, run, scene, shape, shells

from spinemc.geometry.compartments import contains, winding_number
from spinemc.scenario import GeometrySpec, Release, load_shape

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT.parent / "shared" / "meshes" / "mushroom.obj"


def test_free_diffusion():
    """Squared displacement 6 D t within 1 %, by particle, over 25 and 50 us and between the two.

    100,000 molecules from one point, 6.7 standard deviations from the nearest wall: standard error 0.26 %. The
    two halves of a path are independent: correlation of 300,000 pairs of displacements within 5 standard errors of 0.
    """
    half = 25e-6
    box = scene(
        shape("box", size=(2.0, 2.0, 2.0)),
        {"Ca": D_CA},
        dt=1e-6,
        t_stop=2 * half,
        cell=0.2,
        record=("Ca", half),
        release=[Release("Ca", count=50_000, at=(0.0, 0.0, 0.0))],
    )
    first, second = [], []
    for trial in run(box, trials=2, seed=1):
        row_size, position, name = trial.positions["Ca"]
        assert row_size.tolist() == [50_000] * 3
        frames = [p[np.argsort(n)] for p, n in zip(position.reshape(3, -1, 3), name.reshape(3, -1), strict=True)]
        first.append(frames[1] - frames[0])
        second.append(frames[2] - frames[1])
    first, second = np.concatenate(first), np.concatenate(second)
    for displacement, time in ((first, half), (second, half), (first + second, 2 * half)):
        assert (displacement**2).sum(axis=1).mean() == pytest.approx(6.0 * D_CA * time, rel=0.01)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 5.0 / np.sqrt(first.size)


@pytest.mark.parametrize(
    ("dt", "steps", "start"),
    [
        pytest.param(1e-6, 100, None, id="from even, 1 us"),
        pytest.param(10e-6, 170, (0.0, 0.0, 0.0), id="from the centre, 10 us"),
        pytest.param(50e-6, 40, (0.0, 0.0, 0.47), id="from the wall, 50 us"),
    ],
)
def test_density_is_even_up_to_the_wall(dt, steps, start):
    """Ten shells of equal volume in a ball of radius 0.5 um: chi-squared p > 1e-4, 200,000 molecules.

    A shell that is 1 % off makes chi-squared 20 larger. Steps are 0.02, 0.07 and 0.15 um long along an axis; those
    that start from a point last for 30 relaxation times of the slowest mode, R^2 / (2.08^2 D).
    """
    place = {"inside": "cytosol"} if start is None else {"at": start}
    ball = scene(
        shape("sphere", radius=0.5),
        {"Ca": D_CA},
        dt=dt,
        t_stop=steps * dt,
        record=("Ca", steps * dt),
        release=[Release("Ca", count=50_000, **place)],
    )
    trials = run(ball, trials=4, seed=2)
    found = points(trials, "Ca", first=1)
    assert len(found) == 200_000
    assert contains(ball.geometry, found).all()
    assert chi_squared(*shells(ball, found)) > 1e-4
    assert sum(trial.held for trial in trials) < 1e-6 * sum(trial.moves for trial in trials)


def our_mushroom():
    return GeometrySpec(shape=load_shape(ROOT / "geometries" / "mushroom.toml"))


def published_mushroom():
    if not PUBLISHED.exists():
        pytest.skip(f"{PUBLISHED} is not here")
    return GeometrySpec(mesh=PUBLISHED)


@pytest.mark.parametrize("mesh", [our_mushroom, published_mushroom])
def test_no_escape(mesh):
    """10^8 particle-steps in a mushroom spine: no molecule is lost or outside at any of five moments.

    Two ways to tell, neither the engine's: crossings of a ray for every second of 1,000,000 positions, and the winding
    number for every hundredth. Steps not made because round-off left them in doubt: under one in a million.
    """
    dt, steps, molecules = 2e-6, 500, 50_000
    spine = scene(
        mesh(),
        {"Ca": D_CA},
        dt=dt,
        t_stop=steps * dt,
        record=("Ca", steps * dt / 5),
        release=[Release("Ca", count=molecules, inside="cytosol")],
    )
    trials = run(spine, trials=4, seed=3)
    assert sum(trial.moves for trial in trials) == 4 * steps * molecules >= 10**8
    found = points(trials, "Ca", first=1)
    assert len(found) == 4 * 5 * molecules
    assert np.count_nonzero(~contains(spine.geometry, found[::2])) == 0
    assert winding_number(spine.geometry.triangles, found[::100]).min() > 0.5
    assert sum(trial.held for trial in trials) <= 100
