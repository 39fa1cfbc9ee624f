"""Channels by which calcium leaves the lumen of a spine apparatus; their numbers are choices."""

from __future__ import annotations

from spinemc.mechanisms.kinds import CHOICE, Chosen, Kind, Mechanism, Parameter, rates

_LUMEN = Parameter("name", "lumen", "the space that the apparatus encloses", "the scenario's")


def _out(c: Chosen) -> dict[str, object]:
    """Calcium of the lumen that comes out by the open state."""
    stored = f"{c.ion}@{c['lumen']}"
    return c.one_way(f"{stored} + .", f". + {c.ion}", c["passes"])


def _chosen(measure: str = "rate1", **told: tuple[str, str]) -> dict[str, Parameter]:
    """Rates that are choices."""
    return {name: Parameter(measure, default, what, CHOICE) for name, (default, what) in told.items()}


def _ryr(c: Chosen) -> Mechanism:
    return Mechanism(
        c.kind.source,
        c.sites("C0", "C1", "C2", ""),
        (
            c.both(f"{c.ion} + .C0", ".C1", c["bind_1"], c["unbind_1"]),
            c.both(f"{c.ion} + .C1", ".C2", c["bind_2"], c["unbind_2"]),
            c.both(".C2", ".", c["open"], c["close"]),
            _out(c),
        ),
    )


def _ip3r(c: Chosen) -> Mechanism:
    if c["ligand"] is None:
        binds = c.both(".0", ".I", f"{c.number('bind_ip3') * c.number('ip3'):.15g} /s", c["unbind_ip3"])
    else:
        binds = c.both(f"{c['ligand']} + .0", ".I", c["bind_ip3"], c["unbind_ip3"])
    return Mechanism(
        c.kind.source,
        c.sites("0", "I", "", "B"),
        (
            binds,
            c.both(f"{c.ion} + .I", ".", c["activate"], c["deactivate"]),
            c.both(f"{c.ion} + .", ".B", c["inhibit"], c["recover"]),
            _out(c),
        ),
    )


def _store_leak(c: Chosen) -> Mechanism:
    return Mechanism(c.kind.source, c.sites(""), (_out(c),))


RYR_KIND = Kind(
    name="ryr",
    prefix="RYR",
    what="ryanodine receptor of a spine apparatus: two ions of the cytosol bind, then it opens",
    source=f"the scheme is {CHOICE}, of the form of ligand-gated channels, and so are all its numbers",
    temperature=CHOICE,
    place="apparatus",
    build=_ryr,
    parameters={
        "lumen": _LUMEN,
        **_chosen(
            "rate2",
            bind_1=("1e8 /M/s", "first ion"),
            bind_2=("1e8 /M/s", "second ion"),
            passes=("1e8 /M/s", "calcium of the lumen by an open one"),
        ),
        **_chosen(
            unbind_1=("100 /s", "first ion"),
            unbind_2=("100 /s", "second ion"),
            open=("1000 /s", "opening"),
            close=("500 /s", "closing"),
        ),
    },
    states="C0, C1, C2 with so many ions, the name itself open",
)

IP3R_KIND = Kind(
    name="ip3r",
    prefix="IP3R",
    what="IP3 receptor of a spine apparatus: IP3 binds, an ion opens it, a second one shuts it",
    source="the order of steps is that of De Young & Keizer 1992 (PNAS 89:9895), in a chain; the chain and all its "
    f"numbers are {CHOICE}",
    temperature=CHOICE,
    place="apparatus",
    build=_ip3r,
    parameters={
        "lumen": _LUMEN,
        "ligand": Parameter("name", None, "the species of IP3; a constant concentration where there is none", CHOICE,
                            optional=True),
        "ip3": Parameter("concentration", "1 uM", "its constant concentration", CHOICE),
        **_chosen(
            "rate2",
            bind_ip3=("1e8 /M/s", "IP3"),
            activate=("1e8 /M/s", "the ion that opens it"),
            inhibit=("1e6 /M/s", "the ion that shuts it"),
            passes=("1e8 /M/s", "calcium of the lumen by an open one"),
        ),
        **_chosen(
            unbind_ip3=("50 /s", "IP3"),
            deactivate=("50 /s", "the ion that opens it"),
            recover=("1 /s", "the ion that shuts it"),
        ),
    },
    states="0 empty, I with IP3, the name itself open, B shut by a second ion",
)  # fmt: skip

STORE_LEAK_KIND = Kind(
    name="store_leak",
    prefix="STORE_LEAK",
    what="places by which calcium leaks out of the lumen of a spine apparatus",
    source=f"{CHOICE}: no numbers; give the amount and the rate that hold the lumen against the pumps",
    temperature="that of the numbers given",
    place="apparatus",
    build=_store_leak,
    parameters={"lumen": _LUMEN, **rates("rate2", passes=(None, "calcium of the lumen by one place"))},
    states="the name itself",
)
