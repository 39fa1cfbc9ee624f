"""Rules of plasticity: calcium over time in, synaptic weight over time out.

Each rule is a module with `PARAMETERS` (its defaults), `UNIT` (what it reads calcium in, of
`spinemc.plasticity.signal`), `VARIABLES` (names and attributes of what it returns) and
`states(signal, parameters, start)`; `RULES` names them. A rule may have `SETS` of parameters with names, and `BETWEEN`,
what counts do between two samples if not "linear".
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.plasticity.signal import Signal, Trace, converted, gating, trace
from spinemc.scenario import RULES, PlasticitySpec, Rate

__all__ = ["RULES", "Trace", "apply", "complete", "evaluate", "final", "rule", "synapses", "trace"]

Parameters = dict[str, Any]
"""Every parameter of a rule by name: numbers, `noise` true or false, `set` the name of a set."""


def rule(name: str) -> ModuleType:
    """The module of a rule.

    Raises
    ------
    ScenarioError
        Where no rule has this name.
    """
    if name not in RULES:
        raise ScenarioError(f'plasticity.rule = "{name}": {_instead(name, RULES)}')
    return import_module(f"{__name__}.{name}")


def complete(name: str, given: Mapping[str, Any]) -> Parameters:
    """The parameters of a rule: its defaults, those of the set that is asked for, and the given values over them.

    Raises
    ------
    ScenarioError
        One line a name that the rule does not know, or a value that is no finite number.
    """
    module = rule(name)
    defaults: Parameters = module.PARAMETERS
    faults = []
    for key, value in given.items():
        said = f"plasticity.parameters.{key}"
        if key not in defaults:
            faults.append(f"{said} is not a parameter of {name}. {_instead(key, defaults)}")
        elif isinstance(defaults[key], bool):
            if not isinstance(value, bool):
                faults.append(f"{said} = {value}: true or false is needed.")
        elif isinstance(defaults[key], str):
            if not isinstance(value, str) or value not in module.SETS:
                faults.append(f'{said} = "{value}": {_instead(str(value), module.SETS)}')
        elif isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
            faults.append(f"{said} = {value}: a finite number is needed.")
        elif value <= 0.0 and key.startswith("tau"):
            faults.append(f"{said} = {value:g}: it must be above 0.")
    if faults:
        raise ScenarioError("\n".join(faults))
    chosen = module.SETS[given.get("set", defaults["set"])] if "set" in defaults else {}
    return {**defaults, **chosen, **given}


def apply(
    name: str,
    calcium: Trace,
    *,
    unit: str | None = None,
    volume: Any = np.nan,
    reference: float | None = None,
    rest: float = 0.0,
    parameters: Mapping[str, Any] | None = None,
    gate: tuple[Any, Any] | Rate | None = None,
    start: Mapping[str, Any] | None = None,
    seed: int = 0,
    trials: int | Sequence[int] | None = None,
    first: int = 0,
) -> dict[str, np.ndarray]:
    """A rule on calcium, wherever that comes from.

    Parameters
    ----------
    name : str
        One of `RULES`.
    calcium : Trace
        Of `trace`, from samples, or of `spinemc.plasticity.traces`; (t,), (trial, t) or (trial, synapse, t).
    unit : str, optional
        What calcium is given in, "ions", "uM" or "1", the number of steps of one presynaptic spike; what the rule
        reads, by default.
    volume : float or (synapse,) array_like, optional
        Of the compartments [um^3]; needed between ions and uM.
    reference, rest : float, optional
        Where the rule reads steps and calcium is in ions or uM: what one presynaptic spike adds, and the level that
        counts as none, in that unit.
    parameters : mapping, optional
        Values over those of the rule.
    gate : pair of (n,) array_like or Rate, optional
        Times [s] and values, straight between them: what the rates of learning are scaled by.
    start : mapping, optional
        Variables at the first time, by name, each a number or (trial, synapse): what `final` gives goes on.
    seed : int
        Of the random numbers of noisy rules.
    trials : int or sequence of int, optional
        How many trials, or their numbers; one trace may serve all. A trial does not depend on the others.
    first : int
        Number of the first synapse, for its random numbers.

    Returns
    -------
    dict
        By variable, `weight` among them: float64 of the trace's shape, with a dimension of trials where `trials` is
        given.

    Raises
    ------
    ScenarioError
        The rule does not know a parameter or a variable, calcium cannot be had in the unit that it reads, or shapes or
        values do not fit.
    """
    module = rule(name)
    p = complete(name, parameters or {})
    if calcium.tau > 0.0 and rest != 0.0:
        raise ScenarioError("calcium trace: it decays to 0 between its times: take rest out.")
    shaped = [np.asarray(level, np.float64) for level in (calcium.before, calcium.after)]
    dims = 2 if trials is not None and shaped[0].ndim == 1 else shaped[0].ndim
    before, after = (level.reshape((1,) * (3 - level.ndim) + level.shape) if level.ndim != 2 else level[:, None]
                     for level in shaped)  # fmt: skip
    numbers = np.arange(trials if trials is not None else len(after)) if not np.iterable(trials) else np.array(trials)
    if len(after) not in (1, len(numbers)):
        raise ScenarioError(f"calcium trace: it has {len(after)} trials and {len(numbers)} are asked for.")
    if not (0 <= seed < 2**32 and (numbers >= 0).all() and (numbers < 2**32).all()):
        raise ScenarioError("plasticity: the seed and the numbers of trials are whole numbers from 0 to 4294967295.")
    shape = (len(numbers), after.shape[1])
    volumes = _spread(volume, (shape[1],), "volume")

    def made(level: np.ndarray) -> np.ndarray:
        level = converted(level, unit or module.UNIT, module.UNIT, volumes, reference, rest, name)
        return _own(np.broadcast_to(level, (*shape, level.shape[2])))

    key = np.stack([np.full(len(numbers), seed), numbers], axis=-1).astype(np.uint64)
    stream = (zlib.crc32(name.encode()) & 0xFFFF) + (first << 16)
    if isinstance(gate, Rate):
        gate = gate.time, gate.value
    scale = gating(calcium.time, gate)
    signal = Signal(calcium.time, made(before), made(after), calcium.tau, scale, volumes, key, stream)
    given = dict(start or {})
    _refuse_unknown(given, name)
    at_first = {v: p[f"{v}_0"] for v in module.VARIABLES if f"{v}_0" in p} | given
    begin = {v: _own(_spread(value, shape, f"start, {v}")) for v, value in at_first.items()}
    answer = module.states(signal, p, begin)
    lead: Any = {1: (0, 0), 2: (slice(None), 0), 3: ()}[dims]
    return {variable: values[lead] for variable, values in answer.items()}


def final(answer: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The last state of what `apply` returned, to go on from as its `start`.

    Returns
    -------
    dict
        By variable, (trial, synapse) float64.
    """
    return {
        variable: values[..., -1] if values.ndim == 3 else np.atleast_1d(values[..., -1])[:, None]
        for variable, values in answer.items()
    }


Variable = tuple[str, str, str]
"""Its name, what it is, and its unit."""


def without_noise(spec: PlasticitySpec) -> PlasticitySpec:
    """A rule in its deterministic form, as it is for means."""
    return replace(spec, parameters={key: value for key, value in spec.parameters.items() if key != "noise"})


def synapses(specs: Sequence[PlasticitySpec]) -> tuple[tuple[str, tuple[str, ...], tuple[Variable, ...]], ...]:
    """What the store needs to know of the rules: (rule, labels of its synapses, its variables).

    A synapse is one entry of the scenario, labelled "Ca in head".
    """
    return tuple(
        (
            name,
            tuple(f"{s.species} in {s.compartment}" for s in specs if s.rule == name),
            tuple((key, said["long_name"], said["units"]) for key, said in rule(name).VARIABLES.items()),
        )
        for name in dict.fromkeys(s.rule for s in specs)
    )


def check(spec: PlasticitySpec) -> None:
    """Refuse an entry of a scenario that its rule cannot read.

    Raises
    ------
    ScenarioError
        As `complete`, and for a reference that is missing or not wanted.
    """
    complete(spec.rule, spec.parameters)
    _refuse_unknown(spec.start, spec.rule)
    _converted(spec, np.zeros((1, 1, 1)), np.ones(1))


def evaluate(
    specs: Sequence[PlasticitySpec],
    time: np.ndarray,
    count: np.ndarray,
    volumes: np.ndarray,
    compartments: Sequence[str],
    species: Sequence[str],
    seed: int = 0,
    trials: Sequence[int] | None = None,
) -> dict[str, dict[str, np.ndarray]]:
    """Every rule of a scenario on a block of counts.

    Parameters
    ----------
    specs : sequence of PlasticitySpec
        Entries that differ in species, compartment and values at the start only are synapses of one dendrite, which may
        share what consolidates them.
    time : (t,) float64
        Sample times [s].
    count : (trial, t, compartment, species) int or float
        Molecules.
    volumes : (compartment,) float64
        [um^3].
    compartments, species : sequence of str
        Names along the last two dimensions of `count`.
    seed : int
        Of the run.
    trials : sequence of int, optional
        Numbers of the block's trials; from 0 on by default.

    Returns
    -------
    dict
        By rule, then by variable: (trial, t, synapse) float64, synapses in the order of `synapses`.
    """
    where, what = list(compartments), list(species)
    rows: dict[str, list[int]] = {}
    groups: dict[str, list[int]] = {}
    for n, spec in enumerate(specs):
        rows.setdefault(spec.rule, []).append(n)
        groups.setdefault(repr(_settings(spec)), []).append(n)
    first: dict[str, int] = {}
    answers: dict[str, dict[str, np.ndarray]] = {}
    for members in groups.values():
        spec = specs[members[0]]
        module, at = rule(spec.rule), [where.index(specs[n].compartment) for n in members]
        level = np.stack(
            [count[:, :, i, what.index(specs[n].species)] for n, i in zip(members, at, strict=True)], axis=1
        )
        volume = np.asarray(volumes, np.float64)[at]
        made = apply(
            spec.rule,
            # numbers of the levels of means may be a little below 0
            trace(time, _converted(spec, np.maximum(level, 0.0), volume), getattr(module, "BETWEEN", "linear")),
            volume=volume,
            parameters=spec.parameters,
            gate=spec.gate,
            start={variable: [specs[n].start[variable] for n in members] for variable in spec.start},
            seed=seed,
            trials=range(len(count)) if trials is None else trials,
            first=first.get(spec.rule, 0),
        )
        first[spec.rule] = first.get(spec.rule, 0) + len(members)
        for variable, values in made.items():
            whole = answers.setdefault(spec.rule, {}).setdefault(
                variable, np.empty((len(count), len(time), len(rows[spec.rule])))
            )
            whole[:, :, [rows[spec.rule].index(n) for n in members]] = np.moveaxis(values, 1, 2)
    return answers


def _refuse_unknown(start: Mapping[str, Any], name: str) -> None:
    """Refuse a start of what is no variable of a rule."""
    variables = rule(name).VARIABLES
    for unknown in (variable for variable in start if variable not in variables):
        raise ScenarioError(f"start: {unknown} is not a variable of {name}. {_instead(unknown, variables)}")


def _settings(spec: PlasticitySpec) -> tuple[Any, ...]:
    """What synapses that belong together have alike."""
    return spec.rule, sorted(spec.parameters.items()), spec.reference, spec.rest, spec.gate, sorted(spec.start)


def _converted(spec: PlasticitySpec, count: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """Counts in the unit that the rule of an entry reads; its reference and rest are molecules or concentrations."""
    wanted = rule(spec.rule).UNIT
    if spec.reference is None:
        return converted(count, "ions", wanted, volume, None, spec.rest[0] if spec.rest else 0.0, spec.rule)
    reference, unit = spec.reference
    rest, of_rest = spec.rest or (0.0, unit)
    if of_rest != unit:
        raise ScenarioError(f"plasticity: reference is in {unit} and rest in {of_rest}: give both alike.")
    level = converted(count, "ions", unit, volume, None, 0.0, spec.rule)
    return converted(level, unit, wanted, volume, reference, rest, spec.rule)


def _own(values: np.ndarray) -> np.ndarray:
    """Numbers as kernels take them, of one kind of array only."""
    return np.require(values, np.float64, ["C", "W"])


def _spread(value: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """A number or an array of a shape as an array of that shape."""
    try:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), shape)
    except (TypeError, ValueError):
        raise ScenarioError(f"{what}: a number or numbers of shape {shape} are needed.") from None


def _instead(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    """What to write instead of an unknown name: the nearest known one, or all of them."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
