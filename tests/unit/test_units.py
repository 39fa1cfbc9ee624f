"""Quantities: a number and a unit, in engine units."""

import pytest

from spinemc import units
from spinemc.errors import ScenarioError
from spinemc.units import AVOGADRO, quantity


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("1 uM", "concentration", 602.214076),
        ("100 nM", "concentration", 60.2214076),
        ("2 M", "concentration", 2 * 602.214076e6),
        ("3 /um^3", "concentration", 3.0),
        ("1 /M/s", "rate2", 1e15 / AVOGADRO),
        ("1e8 1/(M s)", "rate2", 1e23 / AVOGADRO),
        ("1e8 M^-1 s^-1", "rate2", 1e23 / AVOGADRO),
        ("1e8 M⁻¹·s⁻¹", "rate2", 1e23 / AVOGADRO),
        ("5 um^3/s", "rate2", 5.0),
        ("5 um µm μm/s", "rate2", 5.0),
        ("5 um^3/(s um) * um", "rate2", 5.0),
        ("1 /(uM ms)/um*um", "rate2", 1e24 / AVOGADRO),
        ("1 uM/s", "rate0", 602.214076),
        ("2 /um^3/s", "rate0", 2.0),
        ("12 /s", "rate1", 12.0),
        ("12 /ms", "rate1", 12e3),
        ("0.1 um^2/s", "rate2_surface", 0.1),
        ("220 um^2/s", "diffusion", 220.0),
        ("2.2e-6 cm^2/s", "diffusion", 220.0),
        ("7 us", "time", 7e-6),
        ("35ms", "time", 0.035),
        ("300 nm", "length", 0.3),
        ("-1.5 µm", "coordinate", -1.5),
        ("998 /um^2", "density", 998.0),
        ("180 deg", "angle", 3.14159265358979),
    ],
)
def test_quantities(text, kind, expected):
    assert quantity(text, kind) == pytest.approx(expected, rel=2e-15)


@pytest.mark.parametrize("number", [1, 3, 7, 0.1, 350, 12345.678])
def test_a_unit_with_a_prefix_is_rounded_once(number):
    assert quantity(f"{number} us", "time") == float(f"{number}e-6")
    assert quantity(f"{number} nm", "length") == float(f"{number}e-3")


@pytest.mark.parametrize(
    ("given", "kind", "answer"),
    [
        (0.5, "time", "a time is given in s, ms or us: write a number and its unit"),
        (True, "time", "write a number and its unit"),
        ("5", "length", "write a number and its unit"),
        ("nan s", "time", "write a number and its unit"),
        ("inf s", "time", "write a number and its unit"),
        ("1e999 s", "time", "the number is too large"),
        ("1e308 M", "concentration", "the number is too large"),
        ("-1 ms", "time", "cannot be negative"),
        ("-1 uM", "concentration", "cannot be negative"),
        ("5 um", "time", "a time is given in s, ms or us"),
        ("12 /s", "rate2", "a second-order reaction needs a rate in 1/(M s)"),
        ("1e6 /M/s", "rate1", "a first-order reaction needs a rate in 1/s"),
        ("1e6 /M/s", "rate2_surface", "a reaction of two surface species needs a rate in um^2/s"),
        ("5 /s", "rate0", "a zeroth-order reaction needs a rate in uM/s"),
        ("5 uM", "density", "a density on the membrane is given in 1/um^2"),
        ("5 um/µm", "length", "a length is given in um or nm"),
        ("5 degC", "length", "a length is given in um or nm"),
        ("5 nan", "length", "a length is given in um or nm"),
        ("5 degC um", "length", "a length is given in um or nm"),
        ("5 parsnips", "length", "a length is given in um or nm"),
        ("1 um**9**9**9", "length", "write a number and its unit"),
        ("__import__('os')", "length", "write a number and its unit"),
    ],
)
def test_quantities_that_are_refused(given, kind, answer):
    with pytest.raises(ScenarioError) as caught:
        quantity(given, kind)
    assert answer in str(caught.value)


def test_usual_units_mean_what_they_mean_among_all_others():
    """Every prefix before every name, against the whole of pint's units, to 14 digits and in its dimension."""
    usual, every = units._registry(True), units._registry(False)
    names = [[word for word in line.split(" = ") if word.strip("-").isalpha()] for line in units.USUAL]
    before = ["", *(word.strip("-") for line in names for word in line if word.endswith("-"))]
    words = [word for line in names for word in line if not word.endswith("-")]
    assert len(before) > 20 and len(words) > 25
    for name in (prefix + word for prefix in before for word in words):
        ours, theirs = usual.Quantity(1.0, name).to_base_units(), every.Quantity(1.0, name).to_base_units()
        assert ours.magnitude == pytest.approx(
            1e3 ** dict(ours.unit_items()).get("gram", 0) * theirs.magnitude, rel=1e-14
        )
        assert ours.dimensionality == theirs.dimensionality
    assert quantity("1 angstrom", "length") == pytest.approx(1e-4) and quantity("1 min", "time") == 60.0
