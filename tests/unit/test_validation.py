"""The table of checks: what passes, what fails, what is printed, written and returned."""

import csv
import math

import numpy as np
import pytest

from spinemc.errors import StoreError
from spinemc.validation import Check, Effort, Subject, validate
from spinemc.validation.check import alike, averaged, ratio, settled
from spinemc.validation.orders import slope

RNG = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("check", "passed"),
    [
        (Check("exact", 2.0, 2.0, 0.0, 0.0), True),
        (Check("counted, and other", 0.0, 1.0, 0.0, 0.0), False),
        (Check("4.4 standard errors", 1.0, 1.44, 0.1), True),
        (Check("4.6 standard errors", 1.0, 0.54, 0.1), False),
        (Check("beyond its tolerance, by chance", -1.0, -1.39, 0.1, 0.01), True),
        (Check("beyond its tolerance by more", -1.0, -1.42, 0.1, 0.01), False),
        (Check("a tolerance as it is where 0 is exact", 0.0, 0.3, 0.1, 0.01), True),
        (Check("not a number", 1.0, math.nan, 0.1, 0.01), False),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_passes(check, passed):
    assert check.passed is passed


def test_a_deviation_in_standard_errors():
    check = Check("a", 4.0, 5.0, 0.5, 0.1)
    assert (check.z, check.off, check.scale) == (2.0, 0.25, 4.0)
    assert Check("b", 0.0, -2.0, 0.0).z == -math.inf


def test_errors_are_those_of_many_repeats():
    """Standard errors of a mean, of a ratio and of an order, and the spread of chi-squared, against 2,000 repeats."""
    means, ratios, orders, even = [], [], [], []
    size = np.array([1.0, 0.5, 0.25])
    for _ in range(2000):
        means.append(settled(RNG.normal(3.0, 2.0, (25, 4))))
        length = RNG.uniform(1.0, 3.0, 40)
        ratios.append(ratio(RNG.poisson(50.0 * length).astype(float), 40.0 * length))
        orders.append(slope(size, 0.3 * size**1.5 + RNG.normal(0.0, 0.002, 3), np.full(3, 0.002)))
        even.append(alike("", RNG.multinomial(5000, np.full(10, 0.1)), np.full(10, 500.0)).z)
    for found, exact in ((means, 3.0), (ratios, 1.25), (orders, 1.5)):
        value, error = np.array(found).T
        assert abs(value.mean() - exact) < 5.0 * value.std() / np.sqrt(2000)
        assert error.mean() == pytest.approx(value.std(), rel=0.07)
    assert abs(np.mean(even)) < 0.12
    assert np.std(even) == pytest.approx(1.0, abs=0.08)


def test_values_are_averaged_in_the_unit_of_the_exact_one():
    check = averaged("a", 2000.0, np.array([[1.0, 2.0], [2.0, 3.0]]), unit="nm", scale=1e3)
    assert (check.measured, check.error) == pytest.approx((2000.0, 1e3 * 0.5))


def test_effort_is_between_quick_and_full(monkeypatch):
    asked = []
    monkeypatch.setattr("spinemc.validation.check.run", lambda system, number, *_: asked.append(number))
    for share in (0.0, 0.5, 1.0):
        Effort(share).run(None, 10, 30, seed=1)
    assert asked == [10, 20, 30]


def made(*checks):
    """A subject that makes given checks, and what the efforts were that it was asked for."""
    asked = []

    def make(effort):
        asked.append(effort.share)
        yield from checks

    return Subject(make, 1.0, 2.0), asked


def test_the_table(tmp_path):
    good, bad = Check("good", 1.0, 1.1, 0.1, 0.005, "um"), Check("bad", 0.0, 2.0, 0.0, 0.0)
    subject, asked = made(good, bad)
    lines = []
    assert validate(quick=True, out=tmp_path / "t.csv", show=lines.append, subjects=[subject]) == (good, bad)
    assert asked == [0.0]
    assert [line.split() for line in lines[1:3]] == [
        ["good", "1", "1.1", "0.1", "1.00", "0.5%", "um"],
        ["bad", "0", "2", "0", "inf", "0", "FAILED"],
    ]
    assert lines[3] == "2 checks, 1 failed; largest |z| inf (bad)"
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["check"], float(row["z"]), row["passed"]) for row in rows] == [
        ("good", pytest.approx(1.0), "True"),
        ("bad", math.inf, "False"),
    ]


def test_the_full_table_asks_for_all_trials():
    subject, asked = made(Check("good", 1.0, 1.0, 0.1))
    lines = []
    validate(show=lines.append, subjects=[subject])
    assert asked == [1.0]
    assert lines[-1] == "1 checks, all passed; largest |z| 0.00 (good)"


def test_a_table_that_cannot_be_written(tmp_path):
    subject, asked = made()
    with pytest.raises(StoreError, match="cannot be written there"):
        validate(out=tmp_path / "no" / "t.csv", subjects=[subject])
    assert asked == []
