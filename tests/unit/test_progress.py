"""The line that follows trials."""

import sys

import numpy as np

from spinemc import progress
from spinemc.progress import Progress


def test_round_off_does_not_pass_the_end(capsys):
    """Sixteen trials in 761 unequal parts each end at 100 %, without a warning (which would be an error)."""
    with Progress(0.015, 16, True, "steps") as shown:
        for number in range(16):
            for time in np.linspace(0.0, 0.015, 762)[1:]:
                shown.report(number, float(time), 1)
    assert shown.moves == 16
    assert "100 %" in capsys.readouterr().err


def followed(monkeypatch, capsys, drawn_over):
    """What is written of four trials in forty parts."""
    monkeypatch.setattr(progress, "LOGGED", 0.0)
    monkeypatch.setattr(progress, "is_cold", lambda: False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: drawn_over)
    with Progress(1.0, 4, True, "steps") as shown:
        for number in range(4):
            for time in np.linspace(0.1, 1.0, 10):
                shown.report(number, float(time), 1000)
    return capsys.readouterr().err


def test_a_log_has_a_line_for_each_state(monkeypatch, capsys):
    written = followed(monkeypatch, capsys, False)
    lines = written.splitlines()
    assert "\r" not in written and len(lines) == len(set(lines)) > 10
    assert all("left" in line for line in lines) and "4/4 trials" in lines[-1]


def test_a_terminal_has_one_line_that_is_drawn_over(monkeypatch, capsys):
    written = followed(monkeypatch, capsys, True)
    assert "\r" in written and written.count("\n") == 1
