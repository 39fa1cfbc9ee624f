"""Which spine follows which synapse, and the sizes that weights lead to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spinemc import plasticity
from spinemc.errors import ScenarioError
from spinemc.geometry import growth
from spinemc.scenario import PlasticitySpec, Structure
from spinemc.scenario.structured import factor


def spine_of(compartment: str, spines: Mapping[str, growth.Sizes]) -> str | None:
    """The spine that a compartment belongs to; None where it belongs to none that can grow."""
    if growth.ALONE in spines:
        return growth.ALONE
    name = compartment.partition(".")[0]
    return name if name in spines else None


def followed(
    structure: Structure, specs: tuple[PlasticitySpec, ...], spines: Mapping[str, growth.Sizes], where: str
) -> list[str]:
    """The spine that follows each synapse of the rule, in their order.

    Parameters
    ----------
    structure : Structure
    specs : tuple of PlasticitySpec
        Of all rules, a compartment each.
    spines : mapping
        Their sizes by name.
    where : str
        The file that messages name.

    Raises
    ------
    ScenarioError
        A synapse is on no spine that can grow, or two are on one, or a spine is beyond the limits to begin with. One
        line a fault.
    """
    found, faults = [], []
    for spec in specs:
        if spec.rule != structure.rule:
            continue
        spine = spine_of(spec.compartment, spines)
        if spine is None:
            faults.append(
                f"{structure.rule} reads {spec.compartment}, which is on no spine with a neck: there are "
                f"{', '.join(spines) or 'none'}."
            )
        elif spine in found:
            faults.append(f"{structure.rule} has two synapses on {spine}, which follows one weight: take one out.")
        else:
            found.append(spine)
            for key, law in structure.growths.items():
                if not law.least <= spines[spine][key] <= law.most:
                    faults.append(
                        f"{spine} has a {key} of {spines[spine][key]:.4g} to begin with, outside of its limits, "
                        f"{law.least:g} to {law.most:g}: widen structure.{key}."
                    )
    if faults:
        raise ScenarioError("\n".join(f"{where}: structure: {fault}" for fault in faults))
    return found


def at_rest(specs: tuple[PlasticitySpec, ...], rule: str) -> np.ndarray:
    """(synapse,) float64: the weights of a rule before anything happens [1]."""
    own = tuple(plasticity.without_noise(spec) for spec in specs if spec.rule == rule)
    names = [spec.compartment for spec in own], list(dict.fromkeys(spec.species for spec in own))
    none = np.zeros((1, 1, len(own), len(names[1])))
    weights = plasticity.evaluate(own, np.zeros(1), none, np.ones(len(own)), *names)
    return np.asarray(weights[rule]["weight"][0, 0])


def sizes_at(
    structure: Structure, size: growth.Sizes, weight: float, begun: float, where: str = "structure"
) -> growth.Sizes:
    """The sizes of a spine at a weight.

    Parameters
    ----------
    structure : Structure
    size : dict
        Its sizes as the geometry gives them [um, um^3].
    weight, begun : float
        Of its synapse, now and at the very start [1].
    where : str
        What messages call it.

    Raises
    ------
    ScenarioError
        A power of weights that are not above 0.
    """
    reference = begun if structure.reference is None else structure.reference
    if structure.form == "power" and not (weight > 0.0 and reference > 0.0):
        raise ScenarioError(
            f"{where}: a power is of weights above 0, and here are {weight:g} and {reference:g} to refer to: say "
            'reference, or form = "linear".'
        )
    wanted = {
        key: min(max(size[key] * factor(structure.form, law.gain, weight, reference), law.least), law.most)
        for key, law in structure.growths.items()
    }
    return growth.resized(size, wanted)
