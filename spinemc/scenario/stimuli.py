"""The voltage and the inputs of a scenario: what `[voltage]` and `[[stimulus]]` say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spinemc import protocols
from spinemc.errors import ScenarioError
from spinemc.mechanisms import BLOCKS
from spinemc.scenario.driven import Circuit, Stimulus, Voltage
from spinemc.scenario.reactions import rows
from spinemc.scenario.sections import Names
from spinemc.scenario.table import (
    REQUIRED,
    Reader,
    Table,
    each,
    file_in,
    integer,
    known,
    number,
    quantity,
    refuse,
    text,
)
from spinemc.scenario.values import Run

WAVEFORMS = ("bell2022", "bell2022_each")
"""The published course from time 0 on, and its two parts after each input and each spike."""
EVENTS = ("glutamate", "spike")
PEAK, DECAY = "1 mM", "1.2 ms"
"""Of glutamate, if nothing is said: a choice, about as measured in culture (Clements et al. 1992, Science 258:1498)."""

MOST_INPUTS = 100_000
MOST_VOLTS = 1000.0  # mV

BOUNDS = {
    "voltage": ("-1000 mV", "1000 mV"),
    "time": ("1 us", "1000 s"),
    "conductance": ("0 pS", "1 uS"),
    "resistance": ("0.001 Mohm", "1e6 Mohm"),
    "resistivity": ("1 ohm cm", "1e5 ohm cm"),
    "capacitance": ("0.01 uF/cm^2", "100 uF/cm^2"),
    "specific_resistance": ("1 ohm cm^2", "1e9 ohm cm^2"),
    "concentration": ("0 mM", "1 M"),
}
"""Of what a circuit is made of."""


def voltage(table: Table, folder: Path) -> Voltage:
    """Read the voltage: one of `hold`, `table`, `waveform` and `circuit`."""
    given = [key for key in ("hold", "table", "waveform", "circuit") if table.has(key)]
    if len(given) != 1:
        ways = "hold, table, waveform and circuit"
        table.note("", f" needs exactly one of {ways}; it has {' and '.join(given) or 'none'}.")
    course = table.take("table", lambda value: _course(file_in(folder)(value)), None)
    return Voltage(
        hold=table.take("hold", _within("voltage"), None),
        table=course,
        waveform=table.take("waveform", known(WAVEFORMS, "waveform"), None),
        circuit=_circuit(table.table("circuit")) if "circuit" in given else None,
    )


def _within(kind: str) -> Reader:
    """A quantity of a kind within its bounds: beyond them a unit is wrong, and a circuit has no answer."""
    low, high = BOUNDS[kind]

    def read(value: Any) -> float:
        found = quantity(kind)(value)
        ends = [quantity(kind)(end) for end in (low, high)]
        return float(found) if ends[0] <= found <= ends[1] else refuse(f"it must be between {low} and {high}.")

    return read


def _course(path: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Times [s] and voltages [mV] of a file."""
    found = rows(path, "voltage")
    for line, (_, volts) in found:
        if abs(volts) > MOST_VOLTS:
            raise ScenarioError(f"{path.name}, line {line}: {volts:g} mV is not between -1000 mV and 1000 mV.")
    time, course = zip(*(row for _, row in found), strict=True)
    return time, course


def _circuit(table: Table) -> Circuit:
    """The circuit; what is not said is as `docs/mechanisms.md` has it."""

    def take(key: str, kind: str, default: str | None) -> Any:
        return table.take(key, _within(kind), None if default is None else quantity(kind)(default))

    def synapse(key: str, conductance: str, rise: str, decay: str, reversal: str) -> tuple[float, float, float, float]:
        return (
            take(f"{key}_conductance", "conductance", conductance),
            take(f"{key}_rise", "time", rise),
            take(f"{key}_decay", "time", decay),
            take(f"{key}_reversal", "voltage", reversal),
        )

    made = Circuit(
        rest=take("rest", "voltage", "-65 mV"),
        capacitance=take("capacitance", "capacitance", "1 uF/cm^2"),
        membrane_resistance=take("membrane_resistance", "specific_resistance", "20000 ohm cm^2"),
        resistivity=take("resistivity", "resistivity", "150 ohm cm"),
        neck_resistance=take("neck_resistance", "resistance", None),
        dendrite_resistance=take("dendrite_resistance", "resistance", "100 Mohm"),
        ampa=synapse("ampa", "1 nS", "0.2 ms", "1.7 ms", "0 mV"),
        nmda=synapse("nmda", "0.55 nS", "0.29 ms", "70 ms", "-3 mV"),
        block=table.take("block", known(BLOCKS, "block by magnesium"), "vargas_caballero"),
        magnesium=(take("magnesium", "concentration", "1 mM") or 0.0) / quantity("concentration")("1 mM"),
        spike=(
            take("spike_amplitude", "voltage", "67 mV"),
            take("spike_fast", "time", "3 ms"),
            take("spike_slow", "time", "40 ms"),
            table.take("spike_share", _share, 0.7),
        ),
    )
    for key in ("ampa", "nmda"):
        _, rise, decay, _ = getattr(made, key)
        if rise is not None and decay is not None and not rise < decay:
            table.note(f"{key}_rise", f": it is {rise:g} s and {key}_decay {decay:g} s: a rise is faster than a decay.")
    return made


@dataclass(frozen=True)
class Inputs:
    """What a stimulus stands for: its events, and the release of molecules that it makes, if any."""

    stimuli: tuple[Stimulus, ...] = ()
    releases: tuple[Table, ...] = ()


_START = {"start": ("time", "0 s")}
_PROTOCOLS: dict[str, tuple[Callable[..., Any], dict[str, tuple[str, Any]]]] = {
    "single": (lambda start: protocols.single(start), {}),
    "times": (lambda start, times: np.sort(np.array(times)) + start, {"times": ("times", REQUIRED)}),
    "train": (
        lambda start, frequency, number: protocols.train(frequency, number, start),
        {"frequency": ("rate1", REQUIRED), "number": ("count", REQUIRED)},
    ),
    "bursts": (
        lambda start, bursts, number, frequency, every: protocols.bursts(bursts, number, frequency, every, start),
        {
            "bursts": ("count", REQUIRED),
            "number": ("count", REQUIRED),
            "frequency": ("rate1", REQUIRED),
            "every": ("time", REQUIRED),
        },
    ),
    "theta": (
        lambda start, bursts, number, frequency, theta: protocols.theta_bursts(bursts, number, frequency, theta, start),
        {
            "bursts": ("count", REQUIRED),
            "number": ("count", 4),
            "frequency": ("rate1", "100 Hz"),
            "theta": ("rate1", "5 Hz"),
        },
    ),
    "pairs": (
        lambda start, delay, number, frequency, post, within: protocols.pairs(
            delay, number, frequency, post, within, start
        ),
        {
            "delay": ("delay", REQUIRED),
            "number": ("count", 60),
            "frequency": ("rate1", "1 Hz"),
            "post": ("count", 1),
            "within": ("time", "11.5 ms"),
        },
    ),
    "poisson": (
        lambda start, frequency, duration, seed: protocols.poisson(frequency, duration, seed, at=start),
        {"frequency": ("rate1", REQUIRED), "duration": ("time", REQUIRED), "seed": ("seed", 1)},
    ),
    "tetanus": (lambda start, protocol: protocols.tetanus(protocol, start), {"protocol": ("protocol", REQUIRED)}),
    "file": (lambda start, file: protocols.read(file) + start, {"file": ("file", REQUIRED)}),
}
"""By kind: from parameters to spike times, and the parameters, each with what it measures and its default."""


def stimulus(table: Table, names: Names, run: Run, folder: Path, voltage: Voltage | None) -> Inputs:
    """Read one stimulus.

    Parameters
    ----------
    table : Table
        Its keys: `kind` and what that needs, `start`, `event`, `at`, `peak` and `decay`, or `release`.
    names : Names
    run : Run
    folder : Path
        Where files are looked for.
    voltage : Voltage or None
        The scenario's.
    """
    before = len(table.faults)
    table.has("name")
    kind = table.take("kind", known(_PROTOCOLS, "kind of stimulus"))
    event = table.take("event", known(EVENTS, "event"), "glutamate")
    molecules = table.table("release") if table.has("release") else None
    at = table.take("at", names.region_name, None)
    peak = table.take("peak", quantity("concentration", positive=True), quantity("concentration")(PEAK))
    decay = table.take("decay", quantity("time", positive=True), quantity("time")(DECAY))
    brings = event == "glutamate" or kind == "pairs"
    if (event == "spike" or kind == "pairs") and (voltage is None or not voltage.follows):
        table.refuse(
            "event" if event == "spike" else "kind",
            'no voltage follows its spikes: add a [voltage] with a circuit, or "bell2022_each".',
        )
    if brings and at is None and not table.has("at"):
        table.note("at", ' is missing: say which region the glutamate comes to, as in at = "psd".')
    for key in ("at", "peak", "decay", "release"):
        if table.has(key) and event is not None and not brings:
            table.refuse(key, "a spike is of the whole cell and brings no glutamate: remove it.")
    for key in ("peak", "decay"):
        if molecules is not None and table.has(key):
            table.refuse(key, "glutamate is released as molecules here: remove it, or release.")
    if kind is None:
        return Inputs()
    make, needed = _PROTOCOLS[kind]
    readers = _readers(folder)
    told: dict[str, Any] = {}
    for key, (measure, default) in {**_START, **needed}.items():
        usual = default if default is REQUIRED else readers[measure](default)
        told[key] = table.take(key, readers[measure], usual)
    if len(table.faults) > before:
        return Inputs()
    try:
        times = make(**told)
    except ScenarioError as fault:
        table.refuse("kind", str(fault))
        return Inputs()
    pre, post = (times.pre, times.post) if kind == "pairs" else (times, ())
    events = [("spike" if event == "spike" else "glutamate", pre), *([("spike", post)] if kind == "pairs" else [])]
    for _, when in events:
        if len(when) > MOST_INPUTS:
            table.refuse("kind", f"{len(when)} inputs are more than {MOST_INPUTS}: use fewer.")
        elif len(when) and run.t_stop is not None and (max(when) > run.t_stop or min(when) < 0.0):
            late = max(when) if max(when) > run.t_stop else min(when)
            table.refuse("kind", f"an input at {late:g} s is not between 0 and run.t_stop, {run.t_stop:g} s.")
    if len(table.faults) > before:
        return Inputs()
    molar = 0.0 if molecules is not None else peak / quantity("concentration")("1 M")
    made = [
        Stimulus(what, tuple(map(float, when)), *((at, molar, decay) if what == "glutamate" else ()))
        for what, when in events
    ]
    return Inputs(tuple(made), _released(molecules, pre))


def _share(value: Any) -> float:
    found = number(value)
    return found if 0.0 <= found <= 1.0 else refuse("a share is between 0 and 1.")


def _released(molecules: Table | None, pre: Any) -> tuple[Table, ...]:
    """The release of molecules at each input."""
    if molecules is None or not len(pre):
        return ()
    if molecules.has("time"):
        molecules.refuse("time", "the stimulus says when: remove it.")
    for key in molecules.entries:
        molecules.has(key)  # told with the release that is read from it
    entries: Mapping[str, Any] = {**molecules.entries, "time": [f"{t!r} s" for t in map(float, pre)]}
    made = Table(entries, molecules.file, molecules.faults, molecules.prefix, molecules.heading)
    molecules.inner.append(made)
    return (made,)


def _readers(folder: Path) -> dict[str, Any]:
    """Readers of what protocols need, by what they measure."""
    return {
        "time": quantity("time"),
        "delay": lambda value: _signed(value),
        "rate1": quantity("rate1", positive=True),
        "count": integer(1, MOST_INPUTS + 1),
        "seed": integer(0, 2**32),
        "times": each(quantity("time"), single=True),
        "file": file_in(folder),
        "protocol": known(protocols.TETANI, "protocol"),
    }


def _signed(value: Any) -> float:
    """A time that may be negative."""
    sign = -1.0 if isinstance(value, str) and value.strip().startswith("-") else 1.0
    return sign * float(quantity("time")(text(value).strip().lstrip("-")))
