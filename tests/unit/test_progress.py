"""The line that follows trials."""

import numpy as np

from spinemc.progress import Progress


def test_round_off_does_not_pass_the_end(capsys):
    """Sixteen trials in 761 unequal parts each end at 100 %, without a warning (which would be an error)."""
    with Progress(0.015, 16, True, "steps") as shown:
        for number in range(16):
            for time in np.linspace(0.0, 0.015, 762)[1:]:
                shown.report(number, float(time), 1)
    assert shown.moves == 16
    assert "100 %" in capsys.readouterr().err
