"""Calcium, the buffers that bind it, and the pumps that carry it out of the cytosol."""

from __future__ import annotations

from spinemc.chemistry.mechanisms.base import BELL_2022, Mechanism, sites

CALCIUM = Mechanism(
    source=BELL_2022,
    species=({"name": "Ca", "D": "220 um^2/s"},),
    reaction=({"equation": "Ca -> 0", "kf": "50 /s"},),
    release=({"species": "Ca", "concentration": "100 nM", "in": "cytosol"},),
)
"""Free calcium, and the slow loss of it that stands for whatever else takes it up."""

MOBILE_BUFFER = Mechanism(
    source=BELL_2022,
    species=({"name": "Bm", "D": "20 um^2/s"}, {"name": "CaBm", "D": "20 um^2/s"}),
    reaction=({"equation": "Ca + Bm <-> CaBm", "kf": "1e6 /M/s", "kb": "1 /s"},),
    release=({"species": "Bm", "concentration": "20 uM", "in": "cytosol"},),
)

FIXED_BUFFER = Mechanism(
    source=BELL_2022,
    species=sites("Bf", "CaBf"),
    reaction=({"equation": "Ca + Bf <-> CaBf", "kf": "1e6 /M/s", "kb": "2 /s"},),
    release=({"species": "Bf", "density": "4791 /um^2", "on": "membrane", "exact": True},),
)

PMCA = Mechanism(
    source=BELL_2022,
    species=sites("PMCA", "PMCA_Ca"),
    reaction=(
        {"equation": "Ca + PMCA <-> PMCA_Ca", "kf": "1.5e8 /M/s", "kb": "15 /s"},
        {"equation": "PMCA_Ca -> PMCA", "kf": "12 /s"},
        {"equation": "PMCA -> PMCA + Ca", "kf": "4.3 /s"},
    ),
    release=({"species": "PMCA", "density": "998 /um^2", "on": "membrane", "exact": True},),
)

NCX = Mechanism(
    source=BELL_2022,
    species=sites("NCX", "NCX_Ca"),
    reaction=(
        {"equation": "Ca + NCX <-> NCX_Ca", "kf": "3e8 /M/s", "kb": "300 /s"},
        {"equation": "NCX_Ca -> NCX", "kf": "600 /s"},
        {"equation": "NCX -> NCX + Ca", "kf": "19.4 /s"},
    ),
    release=({"species": "NCX", "density": "142 /um^2", "on": "membrane", "exact": True},),
)

STORED_CALCIUM = 60e-6
"""Calcium in the lumen of the spine apparatus at the start [M]."""

SERCA_BACK = (6.0, 12.0)
"""How fast a pump takes an ion back from the lumen, with one ion on it and with none, at `STORED_CALCIUM` [s^-1].

The published code has these two numbers as rate constants of second-order reactions, without a unit. Taken as M^-1
s^-1, an ion would go back less than once in 20 minutes at 60 uM; as uM^-1 s^-1, 360 and 720 times a second, far more
often than the pump gives it away (60.04 and 30.02 s^-1). Here, which is a choice, they are the rates at the calcium of
the lumen at the start, and so 10^5 and 2 10^5 M^-1 s^-1. In 35 ms it hardly matters: a pump turns to the lumen 0.6
times a second at most (the step from x2 to y2).
"""

SERCA_LEAK = 0.1608
"""Ions a second that leak out of the lumen by an empty pump, at `STORED_CALCIUM` [s^-1], read in the same way."""


def _at_stored_calcium(rate: float) -> str:
    """The second-order rate constant with which a reaction has this rate [s^-1] at `STORED_CALCIUM`."""
    return f"{rate / STORED_CALCIUM:.6g} /M/s"


SERCA = Mechanism(
    source=f"{BELL_2022}: x0 to x2 bind ions of the cytosol, y2 to y0 give them to the lumen; backward steps and leak "
    "by `SERCA_BACK`, `SERCA_LEAK`",
    species=sites("SERCA_x0", "SERCA_x1", "SERCA_x2", "SERCA_y2", "SERCA_y1", "SERCA_y0", on="apparatus"),
    reaction=(
        {"equation": "Ca + SERCA_x0 <-> SERCA_x1", "kf": "2e8 /M/s", "kb": "83.7 /s"},
        {"equation": "Ca + SERCA_x1 <-> SERCA_x2", "kf": "1e8 /M/s", "kb": "167.4 /s"},
        {"equation": "SERCA_x2 <-> SERCA_y2", "kf": "0.6 /s", "kb": "0.097 /s"},
        {"equation": "SERCA_y2 <-> SERCA_y1 + Ca@lumen", "kf": "60.04 /s", "kb": _at_stored_calcium(SERCA_BACK[0])},
        {"equation": "SERCA_y1 <-> SERCA_y0 + Ca@lumen", "kf": "30.02 /s", "kb": _at_stored_calcium(SERCA_BACK[1])},
        {"equation": "SERCA_y0 <-> SERCA_x0", "kf": "0.4 /s", "kb": "1.2e-3 /s"},
        {"equation": "Ca@lumen + SERCA_x0 -> SERCA_x0 + Ca", "kf": _at_stored_calcium(SERCA_LEAK)},
    ),
    release=(
        {"species": "SERCA_x0", "density": "1000 /um^2", "on": "apparatus", "exact": True},
        {"species": "Ca", "concentration": f"{1e6 * STORED_CALCIUM:g} uM", "in": "lumen"},
    ),
)
"""The pumps of a spine apparatus: the surface `apparatus` with the space `lumen` inside, its calcium, and the leak."""
