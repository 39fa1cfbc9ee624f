"""Pumps that carry calcium out of the cytosol: through the membrane, and into a spine apparatus."""

from __future__ import annotations

from spinemc.mechanisms.kinds import BELL_2022, CHOICE, UNTOLD, Chosen, Kind, Mechanism, Parameter, rates

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


def _pump(c: Chosen) -> Mechanism:
    """A pump that binds one ion, lets it go outside, and leaks."""
    return Mechanism(
        c.kind.source,
        c.sites("", c.ion),
        (
            c.both(f"{c.ion} + .", f".{c.ion}", c["bind"], c["unbind"]),
            c.one_way(f".{c.ion}", ".", c["carry"]),
            c.one_way(".", f". + {c.ion}", c["leak"]),
        ),
    )


def _parameters(bind: str, unbind: str, carry: str, leak: str) -> dict[str, Parameter]:
    return rates("rate2", bind=(bind, "an ion")) | rates(
        unbind=(unbind, "and back"),
        carry=(carry, "out of the cell"),
        leak=(leak, "into the cell by an empty pump"),
    )


PMCA_KIND = Kind(
    name="pmca",
    prefix="PMCA",
    what="calcium ATPase of the plasma membrane, with a leak",
    source=f"{BELL_2022}; Bartol et al. 2015 (Front Synaptic Neurosci 7:17) has the same rates, and others a leak of "
    "3.33 /s",
    temperature=UNTOLD,
    place="membrane",
    build=_pump,
    parameters=_parameters("1.5e8 /M/s", "15 /s", "12 /s", "4.3 /s"),
    amount=("density", "998 /um^2"),
    states="the name itself empty, with the ion's name behind occupied",
)

NCX_KIND = Kind(
    name="ncx",
    prefix="NCX",
    what="sodium-calcium exchanger, with a leak",
    source=f"{BELL_2022}; others have a leak of 10 /s",
    temperature=UNTOLD,
    place="membrane",
    build=_pump,
    parameters=_parameters("3e8 /M/s", "300 /s", "600 /s", "19.4 /s"),
    amount=("density", "142 /um^2"),
    states="the name itself empty, with the ion's name behind occupied",
)


def _leak(c: Chosen) -> Mechanism:
    return Mechanism(c.kind.source, c.sites(""), (c.one_way(".", f". + {c.ion}", c["leak"]),))


LEAK_KIND = Kind(
    name="leak",
    prefix="LEAK",
    what="places by which calcium leaks into the cell, at a constant rate each",
    source=f"{CHOICE}: no numbers; give the amount and the rate that hold the calcium at rest against the pumps",
    temperature="that of the numbers given",
    place="membrane",
    build=_leak,
    parameters=rates(leak=(None, "ions a second by one place")),
    states="the name itself",
)


def _serca(c: Chosen) -> Mechanism:
    ion, stored = c.ion, f"{c.ion}@{c['lumen']}"
    steps = [
        c.both(f"{ion} + .x0", ".x1", c["bind_1"], c["unbind_1"]),
        c.both(f"{ion} + .x1", ".x2", c["bind_2"], c["unbind_2"]),
        c.both(".x2", ".y2", c["turn"], c["turn_back"]),
        c.both(".y2", f".y1 + {stored}", c["release_1"], c["rebind_1"]),
        c.both(".y1", f".y0 + {stored}", c["release_2"], c["rebind_2"]),
        c.both(".y0", ".x0", c["turn_empty"], c["turn_empty_back"]),
        c.one_way(f"{stored} + .x0", f".x0 + {ion}", c["leak"]),
    ]
    return Mechanism(
        c.kind.source,
        c.sites("x0", "x1", "x2", "y2", "y1", "y0"),
        tuple(steps),
        ({"species": ion, "concentration": c["stored"], "in": c["lumen"]},),
    )


SERCA_KIND = Kind(
    name="serca",
    prefix="SERCA",
    what="pumps of a spine apparatus with a lumen, its calcium at the start, and the leak",
    source=f"{BELL_2022}: x0 to x2 bind ions of the cytosol, y2 to y0 give them to the lumen; steps back and leak are "
    "published without a unit",
    temperature=UNTOLD,
    place="apparatus",
    build=_serca,
    parameters={
        "lumen": Parameter("name", "lumen", "the space that the apparatus encloses", "the scenario's"),
        "stored": Parameter("concentration", f"{1e6 * STORED_CALCIUM:g} uM", "calcium in the lumen at the start"),
        **rates("rate2", bind_1=("2e8 /M/s", "first ion"), bind_2=("1e8 /M/s", "second ion")),
        **rates(
            unbind_1=("83.7 /s", "first ion"),
            unbind_2=("167.4 /s", "second ion"),
            turn=("0.6 /s", "to the lumen"),
            turn_back=("0.097 /s", "and back"),
            release_1=("60.04 /s", "an ion into the lumen"),
            release_2=("30.02 /s", "the other one"),
            turn_empty=("0.4 /s", "to the cytosol, empty"),
            turn_empty_back=("1.2e-3 /s", "and back"),
        ),
        **{
            name: Parameter("rate2", _at_stored_calcium(rate), what, f"published without a unit: {CHOICE}")
            for name, rate, what in (
                ("rebind_1", SERCA_BACK[0], "an ion of the lumen, onto y1"),
                ("rebind_2", SERCA_BACK[1], "an ion of the lumen, onto y0"),
                ("leak", SERCA_LEAK, "an ion of the lumen into the cytosol, by x0"),
            )
        },
    },
    amount=("density", "1000 /um^2"),
    states="x0, x1, x2 turned to the cytosol with so many ions, y2, y1, y0 turned to the lumen",
)
