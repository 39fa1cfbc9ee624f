"""A system as a model that Smoldyn reads: the same triangles, molecules, motion and reactions, in um and s."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from spinemc.chemistry.network import Network, Step
from spinemc.engine.system import System
from spinemc.engine.trial import Trial

MARGIN = 0.01  # between the mesh and the walls of the box around it [um]


def model(system: System, start: Trial, t_stop: float, box: float | None, seed: int) -> str:
    """The model's text.

    Parameters
    ----------
    system : System
        Of one space within one membrane that mirrors all, with rates that do not change.
    start : Trial
        With recorded positions, the first of which the molecules of the volume begin at. Those of the membrane begin
        anywhere on it.
    t_stop : float
        How long it runs [s].
    box : float or None
        Edge of the boxes that Smoldyn looks for partners and panels in [um]; its own choice where None.
    seed : int
    """
    network, run = system.network, system.scenario.run
    low, high = system.geometry.vertex.min(axis=0) - MARGIN, system.geometry.vertex.max(axis=0) + MARGIN
    lines = [
        "dim 3",
        *(f"boundaries {axis} {a} {b}" for axis, a, b in zip("xyz", low, high, strict=True)),
        f"species {' '.join(network.species)}",
        *(f"difc {name} {D}" for name, D in zip(network.species, network.D, strict=True)),
        f"molecule_lists {' '.join(f'all_{name}' for name in network.species)}",
        *(f"mol_list {name}(all) all_{name}" for name in network.species),
        f"time_start 0\ntime_stop {t_stop}\ntime_step {run.dt}\nrandom_seed {seed}",
        *([] if box is None else [f"boxsize {box}"]),
        "start_surface membrane\naction all both reflect",
        *(f"panel tri {_joined(triangle.ravel())}" for triangle in system.geometry.triangles),
        "end_surface",
        *_molecules(network, start),
        *(f"reaction step{n} {_equation(network, step)}" for n, step in enumerate(network.steps)),
        "output_data molecules\ncmd A listmols2 molecules\nend_file\n",
    ]
    return "\n".join(lines)


def _joined(numbers: Iterable[float]) -> str:
    return " ".join(str(float(x)) for x in numbers)


def _molecules(network: Network, start: Trial) -> Iterator[str]:
    for name, (size, position, _) in start.positions.items():
        yield from (f"mol 1 {name} {_joined(place)}" for place in position[: size[0]])
    for species, number in zip(network.surface_species, start.surface[0, 0], strict=True):
        yield f"surface_mol {number} {network.species[species]}(down) membrane all all"


def _equation(network: Network, step: Step) -> str:
    """A step with the states of its molecules: at the membrane, whose normals point outward, all are at its back."""
    at_membrane = any(network.surface[s] for s in (*step.reactants, *step.products))

    def told(species: int) -> str:
        state = "(down)" if network.surface[species] else "(bsoln)" if at_membrane else ""
        return network.species[species] + state

    reactants, products = (" + ".join(map(told, side)) or "0" for side in (step.reactants, step.products))
    return f"{reactants} -> {products} {step.rate.value[0]}"


def counted(network: Network, rows: np.ndarray) -> np.ndarray:
    """(species,) molecules in the table that a model writes at its end."""
    return np.bincount(rows[:, 1].astype(int) - 1, minlength=len(network.species))


def places(network: Network, rows: np.ndarray) -> np.ndarray:
    """(n, 3) where the molecules of the volume are, in the table that a model writes at its end [um]."""
    return rows[~network.surface[rows[:, 1].astype(int) - 1], 3:6]
