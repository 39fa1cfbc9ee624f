"""The engine against exact results: the checks of `spinemc validate`, with more trials than its quick run."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from spinemc.scenario import GeometrySpec
from spinemc.validation import SUBJECTS, Effort, escape, motion, reactions
from spinemc.validation.subjects import REVERSIBLE, SPEEDS

PUBLISHED = Path(__file__).parents[3] / "shared" / "meshes" / "mushroom.obj"
PRECISE = 0.75  # of a tolerance, which a standard error may be for the tolerance to mean something
CHANCE = 2.0  # standard errors by which a measured value may lie beyond its tolerance


def named(value):
    """What a test of these checks is called."""
    checks = getattr(value, "checks", value)
    return getattr(getattr(checks, "func", checks), "__name__", str(value))


def held(checks):
    """Every check passes, and lies within its tolerance but for chance; its standard error is below the tolerance."""
    for check in checks:
        assert check.passed, check
        if check.tolerance is not None:
            assert abs(check.off) <= check.tolerance + CHANCE * check.error / check.scale, check
            assert check.error <= PRECISE * check.tolerance * check.scale, check


@pytest.mark.parametrize(
    ("checks", "share"),
    [
        (motion.spreading, 0.4),
        *((subject.checks, 0.32) for subject in REVERSIBLE),
        (partial(reactions.membrane, dt=2e-6), 0.75),
        *((subject.checks, 0.3) for subject in SPEEDS[:-1]),
    ],
    ids=named,
)
def test_within_its_tolerance(checks, share):
    held(checks(Effort(share)))


@pytest.mark.long
def test_hole_in_a_ball():
    """Within 1 % of 11.000 R^2 / D from the centre, through a cap of half angle 0.1."""
    held(replace(check, tolerance=0.01) for check in escape.cap(Effort(0.27), angle=0.1, centre=True))


def test_no_escape():
    """10^8 particle-steps in a mushroom spine: nothing is lost or outside."""
    held(motion.confinement(Effort(1.0)))


def test_no_escape_from_a_published_mesh():
    if not PUBLISHED.exists():
        pytest.skip(f"{PUBLISHED} is not here")
    held(motion.confinement(Effort(1.0), GeometrySpec(mesh=PUBLISHED)))


@pytest.mark.long
@pytest.mark.parametrize("subject", SUBJECTS, ids=named)
def test_the_whole_table(subject):
    held(subject.checks(Effort(1.0)))
