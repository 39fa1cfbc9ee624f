"""Receptors of glutamate, and glutamate."""

from __future__ import annotations

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.mechanisms.kinds import BELL_2022, UNTOLD, Chosen, Drive, Kind, Law, Mechanism, Parameter, rates
from spinemc.mechanisms.synapse import BLOCKS, magnesium_block, nmdar_block, nmdar_flux, nmdar_unblocked_flux


def _binding(drive: Drive, per_molar: float) -> np.ndarray:
    return per_molar * drive.glutamate


def _blocking(drive: Drive, way: int, magnesium: float) -> np.ndarray:
    """Magnesium goes in, `way` 0, or comes out, 1."""
    return nmdar_block(drive.volts, magnesium)[way]


def _ohmic(drive: Drive, form: str, magnesium: float, conductance: float, reversal: float) -> np.ndarray:
    """Influx of an open receptor, the block a factor where it has a form."""
    free = magnesium_block(drive.volts, form, magnesium) if form in BLOCKS else 1.0
    return free * nmdar_unblocked_flux(drive.volts, conductance, reversal)


def _fading(drive: Drive) -> np.ndarray:
    return nmdar_flux(drive.since, drive.volts)


def _bound(c: Chosen, start: str, end: str, on: str, off: str) -> dict[str, object]:
    """A step that binds glutamate: molecules of it, or a concentration in time."""
    ligand = c["ligand"]
    if ligand is not None:
        return c.both(f"{ligand} + {start}", end, c[on], c[off])
    number = on.rpartition("_")[2]
    per_molar = c.number(on, "1/M/s")
    return c.both(start, end, Law(f"{c.name.lower()}_bind_{number}", ("glutamate",), _binding, (per_molar,)), c[off])


def _nmdar(c: Chosen) -> Mechanism:
    block, low = c["block"], c.name.lower()
    magnesium = c.number("magnesium", "mM")
    steps = [
        _bound(c, ".C0", ".C1", "bind_1", "unbind_1"),
        _bound(c, ".C1", ".C2", "bind_2", "unbind_2"),
        c.both(".C2", ".", c["open"], c["close"]),
        c.both(".C2", ".D", c["desensitise"], c["resensitise"]),
    ]
    states = ["C0", "C1", "C2", "D", ""]
    if block == "markov":
        steps += [
            _bound(c, ".C0b", ".C1b", "bind_1", "unbind_1"),
            _bound(c, ".C1b", ".C2b", "bind_2", "unbind_2"),
            c.both(".C2b", ".b", c["open_blocked"], c["close_blocked"]),
            c.both(".C2b", ".Db", c["desensitise"], c["resensitise"]),
            c.both(
                ".",
                ".b",
                Law(f"{low}_block", ("voltage",), _blocking, (0, magnesium)),
                Law(f"{low}_unblock", ("voltage",), _blocking, (1, magnesium)),
            ),
        ]
        states += ["C0b", "C1b", "C2b", "Db", "b"]
    if c["influx"] == "bell2022":
        if block != "bell" or magnesium != 1.0:
            raise ScenarioError('influx = "bell2022" holds the block of Bell et al. at 1 mM: give block = "bell".')
        flux = Law(f"{low}_flux", ("voltage",), _fading)
    else:
        name = f"{low}_unblocked_flux" if block not in BLOCKS else f"{low}_flux"
        numbers = (block, magnesium, 1e-12 * c.number("conductance"), c.number("reversal"))
        flux = Law(name, ("voltage",), _ohmic, numbers)
    return Mechanism(c.kind.source, c.sites(*states), (*steps, c.one_way(".", f". + {c.ion}", flux)))


def _ampar(c: Chosen) -> Mechanism:
    return Mechanism(
        c.kind.source,
        c.sites("C0", "C1", "C2", "C3", "C4", "C5", ""),
        (
            _bound(c, ".C0", ".C1", "bind_1", "unbind_1"),
            _bound(c, ".C1", ".C2", "bind_2", "unbind_2"),
            c.both(".C2", ".", c["open"], c["close"]),
            c.both(".C1", ".C3", c["desensitise_1"], c["resensitise_1"]),
            _bound(c, ".C3", ".C4", "bind_3", "unbind_3"),
            c.both(".C2", ".C4", c["desensitise_2"], c["resensitise_2"]),
            c.both(".C4", ".C5", c["deepen"], c["undeepen"]),
            c.both(".C5", ".", c["reopen"], c["desensitise_open"]),
        ),
    )


_LIGAND = Parameter(
    "name",
    None,
    "the species of glutamate, whose molecules bind; without it, what each [[stimulus]] brings",
    optional=True,
)

NMDAR_KIND = Kind(
    name="nmdar",
    prefix="NMDAR",
    what="NMDA receptor: two glutamates bind, then it opens or desensitises; calcium comes in by the open one",
    source=f"{BELL_2022}: 150 um^-2 of the PSD, a whole number in each spine; with block = \"markov\" its ten states, "
    "with any other the five without magnesium; no numbers are known here that tell GluN2A from GluN2B",
    temperature="warm: its rates are nearly twice those of Kampa et al. 2004",
    place="psd",
    build=_nmdar,
    parameters={
        "ligand": _LIGAND,
        "block": Parameter(
            "name", "markov", "block by magnesium: a state of the receptor, or a factor", "",
            ("markov", *BLOCKS, "none"),
        ),
        "magnesium": Parameter("concentration", "1 mM", "outside; the published one is 1 mM"),
        "influx": Parameter(
            "name", "ohmic", "g (Vr - V) / 2e, or with bell2022 the published gamma(t, V), block and fading in it", "",
            ("ohmic", "bell2022"),
        ),
        "conductance": Parameter("conductance", "4.5 pS", "for calcium, of one open receptor without magnesium"),
        "reversal": Parameter("voltage", "3 mV", "where no calcium comes in"),
        **rates("rate2", bind_1=("2e7 /M/s", "first glutamate"), bind_2=("1e7 /M/s", "second glutamate")),
        **rates(
            unbind_1=("11 /s", "first glutamate"),
            unbind_2=("22 /s", "second glutamate"),
            open=("93 /s", "opening"),
            close=("183.2 /s", "closing"),
            desensitise=("16.8 /s", "desensitising"),
            resensitise=("3.6 /s", "and back"),
            open_blocked=("97 /s", "opening with magnesium in it"),
            close_blocked=("574 /s", "closing with magnesium in it"),
        ),
    },
    amount=("density", "150 /um^2"),
    states="C0, C1, C2 with so many glutamates, D desensitised, the name itself open; with a b behind, with magnesium",
)  # fmt: skip

AMPAR_KIND = Kind(
    name="ampar",
    prefix="AMPAR",
    what="AMPA receptor: a place that holds glutamate for a while; no calcium comes in by it",
    source=f"{BELL_2022}: 1200 um^-2 of the PSD, a whole number in each spine; the scheme of Jonas, Major & Sakmann "
    "1993 (J Physiol 472:615), with twice its rates, nearly",
    temperature="warm: nearly twice the rates of 1993",
    place="psd",
    build=_ampar,
    parameters={
        "ligand": _LIGAND,
        **rates(
            "rate2",
            bind_1=("9.18e6 /M/s", "first glutamate"),
            bind_2=("5.68e7 /M/s", "second glutamate"),
            bind_3=("2.54e6 /M/s", "second glutamate, desensitised"),
        ),
        **rates(
            unbind_1=("8520 /s", "first glutamate"),
            unbind_2=("6520 /s", "second glutamate"),
            unbind_3=("91.4 /s", "second glutamate, desensitised"),
            open=("8480 /s", "opening"),
            close=("1800 /s", "closing"),
            desensitise_1=("5780 /s", "with one glutamate"),
            resensitise_1=("78.4 /s", "and back"),
            desensitise_2=("344 /s", "with two glutamates"),
            resensitise_2=("1.45 /s", "and back"),
            deepen=("33.6 /s", "from C4 to C5"),
            undeepen=("380.8 /s", "and back"),
            reopen=("8 /s", "from C5 to open"),
            desensitise_open=("35.4 /s", "and back"),
        ),
    },
    amount=("density", "1200 /um^2"),
    states="C0, C1, C2 with so many glutamates, C3, C4, C5 desensitised, the name itself open",
)

GLUTAMATE_KIND = Kind(
    name="glutamate",
    prefix="glu",
    what='glutamate as molecules; receptors bind them with parameters = { ligand = "glu" }',
    source=f"{BELL_2022}: 500 molecules at a point between the PSD and the membrane across the cleft",
    temperature=UNTOLD,
    place="outside",
    build=lambda c: Mechanism(c.kind.source, c.molecules("")),
    parameters={"D": Parameter("diffusion", "220 um^2/s", "diffusion coefficient")},
    surface=False,
    states="the name itself",
)
