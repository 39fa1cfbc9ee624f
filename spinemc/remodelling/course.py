"""A scenario with epochs: what each begins with, and what it leaves to the next."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc import plans
from spinemc.engine.system import System
from spinemc.errors import GeometryError, ScenarioError
from spinemc.geometry import growth
from spinemc.remodelling import carry, law
from spinemc.remodelling.text import inline, said
from spinemc.scenario import Scenario, Structure, to_toml
from spinemc.scenario.reader import read_tables
from spinemc.scenario.structured import SIZES
from spinemc.scenario.sweeps import Axis, Sweep
from spinemc.twins import levels

if TYPE_CHECKING:
    import xarray as xr

HISTORY = "history"
"""The dimension of an epoch's store: a history is one trial, from the first epoch to the last."""


@dataclass(frozen=True)
class Left:
    """What an epoch leaves to the next.

    Attributes
    ----------
    molecules : list of list of dict
        By history, the tables `[[initial]]`.
    start : list of list of dict
        By history and entry of plasticity, the last value of each variable.
    weight : (history, synapse) float64
        Of the rule that the shape follows [1].
    """

    molecules: list[list[dict[str, Any]]]
    start: list[list[dict[str, float]]]
    weight: np.ndarray


@dataclass(frozen=True, eq=False)
class Course:
    """A scenario with epochs, and what is known of it before it runs.

    Attributes
    ----------
    scenario : Scenario
        As it is given.
    once : Scenario
        One trial of one epoch: without `[structure]`.
    system : System
        Geometry and network that the first epoch has.
    spines : dict
        The sizes of its spines that can grow, by name.
    followers : tuple of str
        The spine of each synapse of the rule.
    begun : (synapse,) float64
        Weights at the very start [1].
    """

    scenario: Scenario
    once: Scenario
    system: System
    spines: dict[str, growth.Sizes]
    followers: tuple[str, ...]
    begun: np.ndarray

    @classmethod
    def of(cls, scenario: Scenario) -> Course:
        """Read and build what a scenario with epochs begins with.

        Raises
        ------
        ScenarioError, GeometryError
            It has none, its geometry has no spines that can grow, or a weight does not belong to one of them.
        """
        where = scenario.path.name if scenario.path else "scenario"
        if scenario.structure is None:
            raise ScenarioError(f"{where}: structure is missing: epochs need a [structure].")
        tables = tomllib.loads(to_toml(scenario))
        del tables["structure"]
        kept = {kind: [entry | {"trials": [0]} for entry in given] for kind, given in tables.get("record", {}).items()}
        once = read_tables(tables | {"run": tables["run"] | {"trials": 1}, "record": kept}, scenario.path)
        shape = scenario.geometry.shape
        if shape is None:
            raise GeometryError(
                f"{where}: structure: a mesh has no sizes that could change: give a parametric geometry."
            )
        spines, system = growth.sizes(shape), plans.assembled(once)
        specs = system.scenario.plasticity
        followers = law.followed(scenario.structure, specs, spines, where)
        begun = law.at_rest(specs, scenario.structure.rule)
        course = cls(scenario, once, system, spines, tuple(followers), begun)
        course.sizes(begun[None])
        return course

    @property
    def structure(self) -> Structure:
        """How often, and the law."""
        assert self.scenario.structure is not None
        return self.scenario.structure

    @property
    def histories(self) -> int:
        """How many there are: a level of means has one."""
        return self.scenario.run.trials if levels.of(self.scenario).stochastic else 1

    @cached_property
    def held(self) -> list[carry.Held]:
        """Where molecules are counted to be carried."""
        return carry.places(self.system.geometry, self.system.network)

    def sizes(self, weight: np.ndarray) -> list[dict[str, growth.Sizes]]:
        """By history, the sizes of each spine that follows, at weights (history, synapse)."""
        where = f"{self.scenario.path.name if self.scenario.path else 'scenario'}: structure"
        if self.structure.loop == "open":
            return [{spine: self.spines[spine] for spine in self.followers} for _ in weight]
        return [
            {
                spine: law.sizes_at(self.structure, self.spines[spine], float(w), float(w0), where)
                for spine, w, w0 in zip(self.followers, row, self.begun, strict=True)
            }
            for row in weight
        ]

    def left(self, tree: xr.DataTree) -> Left:
        """What an epoch leaves, from its store."""
        specs = self.system.scenario.plasticity
        last: dict[str, dict[str, np.ndarray]] = {
            rule: {
                str(name): np.asarray(series.isel(trial=0, time=-1).transpose(HISTORY, "synapse").values)
                for name, series in tree[f"plasticity/{rule}"].data_vars.items()
            }
            for rule in dict.fromkeys(spec.rule for spec in specs)
        }
        row = [[other.rule for other in specs[:n]].count(spec.rule) for n, spec in enumerate(specs)]
        start = [
            [
                {name: float(values[h, k]) for name, values in last[spec.rule].items()}
                for spec, k in zip(specs, row, strict=True)
            ]
            for h in range(self.histories)
        ]
        molecules = carry.tables(self.held, carry.counted(self.held, tree))
        return Left(molecules, start, last[self.structure.rule]["weight"])

    def points(self, epoch: int, left: Left | None) -> tuple[Sweep, dict[str, Any]]:
        """The scenarios of an epoch, as settings over `once`, and what its store says of itself."""
        weight = np.tile(self.begun, (self.histories, 1)) if left is None else left.weight
        sizes = self.sizes(weight)
        settings = []
        for h in range(self.histories):
            own = [f"run.seed={seed(self.scenario.run.seed, h, epoch)}"]
            if left is not None:
                own.append(f"plasticity={inline(self._plasticity(left.start[h]))}")
                if self.structure.molecules == "carried":
                    own.append(f"initial={inline(left.molecules[h])}")
                own += self._geometry(sizes[h])
            settings.append(tuple(own))
        told = {
            "epoch": epoch,
            "scenario": to_toml(self.scenario),
            "weight": weight.tolist(),
            "sizes": {spine: {key: [size[spine][key] for size in sizes] for key in SIZES} for spine in self.followers},
        }
        return Sweep((Axis(HISTORY, tuple(map(float, range(self.histories)))),), tuple(settings)), told

    def _plasticity(self, start: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
        """The entries of plasticity, a compartment each, with where they begin."""
        compartments = self.system.geometry.compartments
        entries = [
            entry | {"compartment": name}
            for entry in tomllib.loads(self.once.text)["plasticity"]
            for name in compartments
            if name == entry["compartment"] or ("*" in entry["compartment"] and fnmatchcase(name, entry["compartment"]))
        ]
        return [entry | {"start": dict(values)} for entry, values in zip(entries, start, strict=True)]

    def _geometry(self, sizes: Mapping[str, growth.Sizes]) -> list[str]:
        """The settings that make the spines other sizes; none where they stay."""
        shape = self.scenario.geometry.shape
        if self.structure.loop == "open" or shape is None:
            return []
        stem = "geometry.shape" if "shape" in tomllib.loads(self.once.text)["geometry"] else "geometry"
        changed = growth.with_sizes(shape, sizes)
        return [f"{stem}.{key}={inline(said(key, value))}" for key, value in changed.items()]


def seed(of_run: int, history: int, epoch: int) -> int:
    """The seed of one epoch of one history."""
    return int(np.random.SeedSequence([of_run, history, epoch]).generate_state(1)[0])
