"""The voltage that a spine sees, the channels that it opens, and the calcium that comes in by an open channel."""

from __future__ import annotations

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.mechanisms.kinds import BELL_2022, UNTOLD, Chosen, Drive, Kind, Law, Mechanism, Parameter
from spinemc.units import AVOGADRO

FARADAY = 96485.33212
"""Charge of a mole of elementary charges [C/mol], exact since the SI of 2019."""

VSCC_FORWARD = np.array([8.08e3, 13.4e3, 8.78e3, 34.7e3])
VSCC_REVERSE = np.array([5.76e3, 12.6e3, 16.3e3, 3.68e3])
VSCC_SLOPE = np.array([49.14, 42.08, 55.31, 26.55])
r"""Rates at 0 mV [s^-1] and slopes [mV] of the four steps that open a voltage-gated channel."""

VSCC_CONDUCTANCE = 3.72e-12
"""Of one open channel [S]."""

MOST_GATES = 4

CONDUCTANCE = Parameter("conductance", "3.72 pS", "of one open channel")


def voltage(time: np.ndarray | float) -> np.ndarray:
    r"""The membrane's voltage in an excitatory potential at time 0 with a back-propagating action potential.

    Parameters
    ----------
    time : array_like
        [s]

    Returns
    -------
    ndarray
        [mV]

    Notes
    -----
    Bell et al. 2022, t in ms:

    .. math:: V = -65 + 38 [0.75 e^{-(t-2)/3} + 0.25 e^{-(t-2)/25}] + 25 [e^{-t/50} - e^{-t/5}]

    Used from t = 0 on, as published: the action potential's exponentials, which belong to t > 2 ms, begin at +0.8 mV.
    """
    t = 1e3 * np.asarray(time, dtype=np.float64)
    spike = 38.0 * (0.75 * np.exp(-(t - 2.0) / 3.0) + 0.25 * np.exp(-(t - 2.0) / 25.0))
    synaptic = 25.0 * (np.exp(-t / 50.0) - np.exp(-t / 5.0))
    return -65.0 + spike + synaptic


def vscc_rates(millivolts: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    r"""Gating of the voltage-gated calcium channel, a chain of four closed states and an open one.

    Parameters
    ----------
    millivolts : array_like
        Voltage [mV].

    Returns
    -------
    forward, reverse : (4, ...) ndarray
        :math:`\alpha_i e^{V/V_i}` towards the open state and :math:`\beta_i e^{-V/V_i}` away from it [s^-1].
    """
    v = np.asarray(millivolts, dtype=np.float64)
    column = (slice(None), *(np.newaxis,) * v.ndim)
    growth = np.exp(v / VSCC_SLOPE[column])
    return VSCC_FORWARD[column] * growth, VSCC_REVERSE[column] / growth


def vscc_flux(millivolts: np.ndarray | float, conductance: float = VSCC_CONDUCTANCE) -> np.ndarray:
    r"""Ions a second that enter through one open voltage-gated calcium channel.

    Parameters
    ----------
    millivolts : array_like
        Voltage [mV].
    conductance : float
        :math:`\gamma` [S]

    Returns
    -------
    ndarray
        [s^-1]

    Notes
    -----
    .. math:: k = \frac{\gamma V N_A (0.393 - e^{-V/80.36})}{2 F (1 - e^{V/80.36})}, \quad \gamma = 3.72\ pS

    The quotient V / (1 - exp(V/80.36)) has the limit -80.36 mV at V = 0.
    """
    x = np.asarray(millivolts, dtype=np.float64) / 80.36
    quotient = -80.36e-3 * np.divide(x, np.expm1(x), out=np.ones_like(x), where=x != 0.0)
    return conductance * quotient * AVOGADRO * (0.393 - np.exp(-x)) / (2.0 * FARADAY)


def gate(millivolts: np.ndarray | float, half: float, slope: float, tau: float) -> tuple[np.ndarray, np.ndarray]:
    r"""How fast a gate opens and closes that rests at a Boltzmann function of the voltage.

    Parameters
    ----------
    millivolts : array_like
        Voltage [mV].
    half, slope : float
        Where half of the gates are open, and the slope factor there, negative for one that closes with the voltage
        [mV].
    tau : float
        Time constant, at all voltages [s].

    Returns
    -------
    opens, closes : ndarray
        [s^-1]: their sum is 1/tau, and the share that is open at rest :math:`1 / (1 + e^{-(V - V_h) / k})`.
    """
    v = np.asarray(millivolts, dtype=np.float64)
    share = 1.0 / (1.0 + np.exp(-(v - half) / slope))
    return share / tau, (1.0 - share) / tau


def _step(drive: Drive, number: int, way: int, speed: float) -> np.ndarray:
    """A rate of the five-state channel: `way` 0 towards the open state, 1 away from it."""
    return speed * vscc_rates(drive.volts)[way][number]


def _gating(drive: Drive, way: int, times: int, half: float, slope: float, tau: float) -> np.ndarray:
    """So many times the rate of one gate: `way` 0 opens, 1 closes."""
    return times * gate(drive.volts, half, slope, tau)[way]


def _influx(drive: Drive, conductance: float) -> np.ndarray:
    """None above the voltage at which the current turns round, 75 mV."""
    return np.maximum(vscc_flux(drive.volts, conductance), 0.0)


def _flux(c: Chosen) -> dict[str, object]:
    """The calcium that comes in by an open channel."""
    law = Law(f"{c.name.lower()}_flux", ("voltage",), _influx, (1e-12 * c.number("conductance"),))
    return c.one_way(".", f". + {c.ion}", law)


def _five_states(c: Chosen) -> Mechanism:
    names = (".0", ".1", ".2", ".3", ".")
    speed = c.number("speed")

    def law(i: int, way: int) -> Law:
        called = f"{c.name.lower()}_{i + 1}_{('forward', 'reverse')[way]}"
        return Law(called, ("voltage",), _step, (i, way, speed))

    steps = [c.both(names[i], names[i + 1], law(i, 0), law(i, 1)) for i in range(4)]
    return Mechanism(c.kind.source, c.sites("0", "1", "2", "3", ""), (*steps, _flux(c)))


def _two_gates(c: Chosen) -> Mechanism:
    """All numbers of open m gates, 0 to `power`, with the h gate shut or open; with all of them open ions come in."""
    power = int(c.number("power"))
    if power != c.number("power") or not 1 <= power <= MOST_GATES:
        raise ScenarioError(f"power = {c['power']}: a whole number of m gates from 1 to {MOST_GATES} is needed.")
    gates = {g: tuple(c.number(f"{g}_{key}") for key in ("half", "slope", "tau")) for g in "mh"}

    def called(m: int, h: int) -> str:
        return "" if (m, h) == (power, 1) else f"m{m}h{h}"

    def law(g: str, way: int, times: int) -> Law:
        return Law(f"{c.name.lower()}_{g}_{'open' if way == 0 else 'close'}_{times}", ("voltage",), _gating,
                   (way, times, *gates[g]))  # fmt: skip

    steps = [
        c.both(f".{called(m, h)}", f".{called(m + 1, h)}", law("m", 0, power - m), law("m", 1, m + 1))
        for h in (1, 0)
        for m in range(power)
    ]
    steps += [c.both(f".{called(m, 0)}", f".{called(m, 1)}", law("h", 0, 1), law("h", 1, 1)) for m in range(power + 1)]
    states = [called(m, h) for h in (1, 0) for m in range(power + 1)]
    return Mechanism(c.kind.source, c.sites(*states), (*steps, _flux(c)))


def _gate_parameters(
    power: int | None, m: tuple[str | None, ...], h: tuple[str | None, ...], **sources: str
) -> dict[str, Parameter]:
    """Parameters of a channel with m and h gates: half, slope and tau of each."""
    made = {"power": Parameter("number", power, "number of m gates, 1 to 4")}
    for letter, told in (("m", m), ("h", h)):
        for key, value, measure, what in zip(
            ("half", "slope", "tau"),
            told,
            ("voltage", "voltage", "time"),
            ("half open", "slope factor", "time constant"),
            strict=True,
        ):
            name = f"{letter}_{key}"
            made[name] = Parameter(measure, value, f"{letter} gate, {what}", sources.get(name, ""))
    return made


VSCC_KIND = Kind(
    name="vscc",
    prefix="VSCC",
    what="voltage-gated calcium channel, four closed states in a chain and an open one",
    source=f"{BELL_2022}: 2 um^-2 of the membrane, a whole number in each spine",
    temperature="warm: its rates are twice those at room temperature",
    place="membrane",
    build=_five_states,
    parameters={
        "conductance": CONDUCTANCE,
        "speed": Parameter("number", 1.0, "how many times as fast; 0.5 for room temperature"),
    },
    amount=("density", "2 /um^2"),
    states="0, 1, 2, 3 closed, the name itself open",
)

_GATED = "m0h1 ... with m gates open and the h gate shut (h0) or open (h1); the name itself with all of them open"
_PASSES = Parameter("conductance", "3.72 pS", "of one open channel")
_RULE = "ions pass by the rule of vscc, which is a choice"

VDCC_KIND = Kind(
    name="vdcc",
    prefix="VDCC",
    what="voltage-gated calcium channel with two m gates and an h gate",
    source=f"Chindemi et al. 2022, Nat Commun (GluSynapse): .0744 nS um^-2, 20 um^-2 of 3.72 pS; {_RULE}",
    temperature=UNTOLD,
    place="membrane",
    build=_two_gates,
    parameters={
        "conductance": _PASSES,
        **_gate_parameters(2, ("-5.9 mV", "9.5 mV", "1 ms"), ("-39 mV", "-9.2 mV", "27 ms")),
    },
    amount=("density", "20 /um^2"),
    states=_GATED,
)

VDCC_R_KIND = Kind(
    name="vdcc_r",
    prefix="VDCC_R",
    what="R-type calcium channel with three m gates and an h gate",
    source="Grunditz et al. 2008: .351 S/cm^2, m^3 h, half at -14 and -65 mV; slopes and times are "
    f"not known here and have to be given; 943.5 um^-2 of 3.72 pS make the conductance; {_RULE}",
    temperature=UNTOLD,
    place="membrane",
    build=_two_gates,
    parameters={
        "conductance": _PASSES,
        **_gate_parameters(3, ("-14 mV", None, None), ("-65 mV", None, None)),
    },
    amount=("density", "943.5 /um^2"),
    states=_GATED,
)

GATED_KIND = Kind(
    name="gated_channel",
    prefix="CHANNEL",
    what="any calcium channel with m gates and an h gate, such as L and T types",
    source="the form of Hodgkin & Huxley 1952; no numbers: all have to be given; " + _RULE,
    temperature="that of the numbers given",
    place="membrane",
    build=_two_gates,
    parameters={
        "conductance": Parameter("conductance", None, "of one open channel"),
        **_gate_parameters(None, (None,) * 3, (None,) * 3),
    },
    states=_GATED,
)
