"""Calcium, and what binds it in the cytosol: buffers, proteins with several sites, dyes."""

from __future__ import annotations

from itertools import product

from spinemc.mechanisms.kinds import BELL_2022, CHOICE, MN_2019, UNTOLD, Chosen, Kind, Mechanism, Parameter, rates


def _diffusion(default: str | None, source: str = "") -> dict[str, Parameter]:
    return {"D": Parameter("diffusion", default, "diffusion coefficient", source)}


def _calcium(c: Chosen) -> Mechanism:
    return Mechanism(c.kind.source, c.molecules(""), (c.one_way(".", "0", c["loss"]),) if c.number("loss") else ())


CALCIUM_KIND = Kind(
    name="calcium",
    prefix="Ca",
    what="free calcium, and the slow loss of it that stands for whatever else takes it up",
    source=BELL_2022,
    temperature=UNTOLD,
    place="cytosol",
    build=_calcium,
    parameters={**_diffusion("220 um^2/s"), **rates(loss=("50 /s", "loss; 0 /s for none"))},
    amount=("concentration", "100 nM"),
    surface=False,
    states="the name itself",
)


def _buffer(c: Chosen) -> Mechanism:
    """One site, free and bound."""
    free, bound = c.name, f"{c.ion}{c.name}"
    states = c.sites("") if c.kind.surface else c.molecules("")
    return Mechanism(
        c.kind.source,
        (*states, {**states[0], "name": bound}),
        ({"equation": f"{c.ion} + {free} <-> {bound}", "kf": c["bind"], "kb": c["unbind"]},),
    )


def _one_site(name: str, prefix: str, what: str, source: str, bind: str | None, unbind: str | None, D: str | None,
              amount: tuple[str, str] | None) -> Kind:  # fmt: skip
    """A buffer of the volume."""
    return Kind(
        name=name,
        prefix=prefix,
        what=what,
        source=source,
        temperature=UNTOLD,
        place="cytosol",
        build=_buffer,
        parameters={
            **_diffusion(D),
            **rates("rate2", bind=(bind, "an ion")),
            **rates(unbind=(unbind, "and back")),
        },
        amount=amount,
        surface=False,
        states="the name itself free, with the ion's name before it bound",
    )


MOBILE_BUFFER_KIND = _one_site(
    "mobile_buffer", "Bm", "mobile buffer of one site", BELL_2022, "1e6 /M/s", "1 /s", "20 um^2/s",
    ("concentration", "20 uM"),
)  # fmt: skip

IMMOBILE_BUFFER_KIND = _one_site(
    "immobile_buffer", "CBP", "calcium-binding protein that does not move, in the volume",
    f"{MN_2019}; a slow one beside it has 24.7e6 /M/s, 52.4 /s and 40 uM", "247e6 /M/s", "524 /s", "0 um^2/s",
    ("concentration", "80 uM"),
)  # fmt: skip

FIXED_BUFFER_KIND = Kind(
    name="fixed_buffer",
    prefix="Bf",
    what="buffer that is fixed to the membrane",
    source=f"{BELL_2022}: about 75 uM in its mushroom spine",
    temperature=UNTOLD,
    place="membrane",
    build=_buffer,
    parameters={**rates("rate2", bind=("1e6 /M/s", "an ion")), **rates(unbind=("2 /s", "and back"))},
    amount=("density", "4791 /um^2"),
    states="the name itself free, with the ion's name before it bound",
)


def _ladders(c: Chosen, first: str, second: str) -> Mechanism:
    """Two sorts of sites, two of each, that do not feel each other: nine states."""
    states = list(product(range(3), range(3)))

    def called(m: int, h: int) -> str:
        return f"{first}{m}{second}{h}"

    steps = []
    for n in (0, 1):
        steps += [c.both(f".{called(n, h)} + {c.ion}", f".{called(n + 1, h)}", *_rung(c, first, n)) for h in range(3)]
    for n in (0, 1):
        steps += [c.both(f".{called(m, n)} + {c.ion}", f".{called(m, n + 1)}", *_rung(c, second, n)) for m in range(3)]
    return Mechanism(c.kind.source, c.molecules(*(called(*s) for s in states)), tuple(steps))


def _rung(c: Chosen, site: str, n: int) -> tuple[str, str]:
    return c[f"bind_{site}{n + 1}"], c[f"unbind_{site}{n + 1}"]


def _rungs(told: dict[str, tuple[str, str]], source: str = "") -> dict[str, Parameter]:
    """Rates of binding steps, by site and step, as "M1"."""
    made = {}
    for step, (bind, unbind) in told.items():
        made[f"bind_{step}"] = Parameter("rate2", bind, f"the ion number {step[1]} of sites {step[0]}", source)
        made[f"unbind_{step}"] = Parameter("rate1", unbind, "and back", source)
    return made


CALBINDIN_KIND = Kind(
    name="calbindin",
    prefix="CB",
    what="calbindin: two sites of medium and two of high affinity",
    source=f"{MN_2019}, with 45 uM; by site 87 /uM/s and 35.8 /s, 11 /uM/s and 2.6 /s; D of Purkinje cell models",
    temperature=UNTOLD,
    place="cytosol",
    build=lambda c: _ladders(c, "M", "H"),
    parameters={
        **_diffusion("28 um^2/s"),
        **_rungs(
            {
                "M1": ("174 /uM/s", "35.8 /s"),
                "M2": ("87 /uM/s", "71.6 /s"),
                "H1": ("22 /uM/s", "2.6 /s"),
                "H2": ("11 /uM/s", "5.2 /s"),
            }
        ),
    },
    amount=("concentration", "45 uM"),
    surface=False,
    states="M0H0 to M2H2, with so many ions on sites of either sort",
)

CALMODULIN_KIND = Kind(
    name="calmodulin",
    prefix="CaM",
    what="calmodulin: two lobes of two sites each",
    source=f"{MN_2019}, with 50 uM: C lobe 6.8 on, 68 and 10 off, N lobe 108 on, 4150 and 800 off, read as the rates "
    "of a lobe's first and second step, which is a choice; D too",
    temperature=UNTOLD,
    place="cytosol",
    build=lambda c: _ladders(c, "N", "C"),
    parameters={
        **_diffusion("20 um^2/s", CHOICE),
        **_rungs(
            {
                "N1": ("108 /uM/s", "4150 /s"),
                "N2": ("108 /uM/s", "800 /s"),
                "C1": ("6.8 /uM/s", "68 /s"),
                "C2": ("6.8 /uM/s", "10 /s"),
            },
            f"that it is a step's is {CHOICE}",
        ),
    },
    amount=("concentration", "50 uM"),
    surface=False,
    states="N0C0 to N2C2, with so many ions on either lobe",
)


def _parvalbumin(c: Chosen) -> Mechanism:
    onto = f"{c.number('bind_mg') * c.number('magnesium'):.15g} /s"
    return Mechanism(
        c.kind.source,
        c.molecules("", c.ion, "Mg"),
        (
            c.both(f"{c.ion} + .", f".{c.ion}", c["bind"], c["unbind"]),
            c.both(".", ".Mg", onto, c["unbind_mg"]),
        ),
    )


PARVALBUMIN_KIND = Kind(
    name="parvalbumin",
    prefix="PV",
    what="parvalbumin: a site that holds calcium or magnesium",
    source="no numbers are known here: all have to be given, for one of its two sites",
    temperature="that of the numbers given",
    place="cytosol",
    build=_parvalbumin,
    parameters={
        **_diffusion(None),
        "magnesium": Parameter("concentration", None, "free in the cytosol, constant"),
        **rates("rate2", bind=(None, "calcium"), bind_mg=(None, "magnesium")),
        **rates(unbind=(None, "calcium"), unbind_mg=(None, "magnesium")),
    },
    surface=False,
    states="the name itself free, with the ion's name behind, with Mg behind",
)


def _indicator(c: Chosen) -> Mechanism:
    off = f"{c.number('bind') * c.number('kd'):.15g} /s"
    return Mechanism(
        c.kind.source,
        c.molecules("", c.ion),
        (c.both(f"{c.ion} + .", f".{c.ion}", c["bind"], off),),
    )


INDICATOR_KIND = Kind(
    name="indicator",
    prefix="dye",
    what="fluorescent indicator of calcium: it buffers as well; `tree.spinemc.fluorescence()` is what it shows",
    source="no numbers are known here: those of the dye have to be given",
    temperature="that of the numbers given",
    place="cytosol",
    build=_indicator,
    parameters={
        **_diffusion(None),
        **rates("rate2", bind=(None, "an ion")),
        "kd": Parameter("concentration", None, "dissociation constant; the dye lets an ion go with bind times kd"),
        "brightness": Parameter("number", None, "light of a bound dye molecule in units of that of a free one"),
    },
    surface=False,
    states="the name itself free, with the ion's name behind bound",
)
