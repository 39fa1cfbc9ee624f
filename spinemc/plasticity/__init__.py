"""Rules of plasticity: molecules over time in, synaptic weight over time out.

Each rule is a module with `PARAMETERS` (its defaults), `VARIABLES` (names and attributes of what it returns)
and `weights(time, count, volume, parameters)`; `RULES` names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.scenario import PlasticitySpec

RULES = ("bell2022",)
"""Names of the rules, each a module of this package."""


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


def complete(name: str, defaults: dict[str, float], given: dict[str, float]) -> dict[str, float]:
    """The parameters of a rule: its defaults with the given values over them.

    Raises
    ------
    ScenarioError
        One line a name that the rule does not know.
    """
    unknown = [key for key in given if key not in defaults]
    if unknown:
        raise ScenarioError(
            "\n".join(
                f"plasticity.parameters.{key} is not a parameter of {name}. {_instead(key, defaults)}"
                for key in unknown
            )
        )
    return {**defaults, **given}


def synapses(specs: Sequence[PlasticitySpec]) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """What the store needs to know of the rules: (rule, labels of its synapses, names of its variables).

    A synapse is one entry of the scenario, labelled "Ca in head".
    """
    return tuple(
        (
            name,
            tuple(f"{s.species} in {s.compartment}" for s in specs if s.rule == name),
            tuple(rule(name).VARIABLES),
        )
        for name in dict.fromkeys(s.rule for s in specs)
    )


def evaluate(
    specs: Sequence[PlasticitySpec],
    time: np.ndarray,
    count: np.ndarray,
    volumes: np.ndarray,
    compartments: Sequence[str],
    species: Sequence[str],
) -> dict[str, dict[str, np.ndarray]]:
    """Every rule of a scenario on a block of counts.

    Parameters
    ----------
    specs : sequence of PlasticitySpec
    time : (t,) float64
        Sample times [s].
    count : (trial, t, compartment, species) int or float
        Molecules.
    volumes : (compartment,) float64
        [um^3].
    compartments, species : sequence of str
        Names along the last two dimensions of `count`.

    Returns
    -------
    dict
        By rule, then by variable: (trial, t, synapse) float64, synapses in the order of `synapses`.
    """
    gathered: dict[str, dict[str, list[np.ndarray]]] = {}
    for spec in specs:
        where = list(compartments).index(spec.compartment)
        series = count[:, :, where, list(species).index(spec.species)]
        answer = rule(spec.rule).weights(time, series, float(volumes[where]), spec.parameters)
        for variable, values in answer.items():
            gathered.setdefault(spec.rule, {}).setdefault(variable, []).append(values)
    return {
        name: {variable: np.stack(values, axis=-1) for variable, values in answer.items()}
        for name, answer in gathered.items()
    }


def _instead(name: str, known: Sequence[str] | dict[str, float]) -> str:
    """What to write instead of an unknown name: the nearest known one, or all of them."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
