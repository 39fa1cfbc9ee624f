"""What a trial begins with, molecule by molecule, and whether that is where it should be."""

import numpy as np

from spinemc import plans
from spinemc.engine.molecules import Molecules
from spinemc.engine.schedule import schedule
from spinemc.geometry.compartments import contains, locate


def begun(scenario):
    """The system of a scenario, and for each of its populations the places (n, 3) and faces (n,) at the beginning."""
    system = plans.prepare(scenario)
    first = schedule(system.scenario)[0]
    trial = Molecules(system, np.array([scenario.run.seed, 0], np.uint64), first.dt)
    for release, occasion in first.releases:
        trial.release(system.scenario.release[release], release, occasion, first.dt)
    state = trial.state
    rows = [slice(start, start + n) for start, n in zip(state.start, state.n, strict=True)]
    return system, [(np.column_stack([state.x[r], state.y[r], state.z[r]]), state.face[r]) for r in rows]


def number_in_place(scenario):
    """How many molecules there are at the beginning: all of them in their space or on their surface, or it fails."""
    system, found = begun(scenario)
    geometry, network = system.geometry, system.network
    total = 0
    for name, space, region, (point, face) in zip(network.species, network.space, network.region, found, strict=True):
        total += len(point)
        if not len(point):
            continue
        if space >= 0:
            assert contains(geometry, point, int(space)).all(), name
            assert (geometry.compartment_space[locate(geometry, point, int(space))] == space).all(), name
            continue
        corner, normal = geometry.triangles[face], geometry.face_normal[face]
        assert np.abs(((point - corner[:, 0]) * normal).sum(axis=1)).max() < 1e-9, name
        for k in range(3):
            edge = corner[:, (k + 1) % 3] - corner[:, k]
            assert (np.cross(edge, point - corner[:, k]) * normal).sum(axis=1).min() > -1e-12, name
        assert geometry.region_surface[region] == geometry.face_surface[face[0]]
        if region not in np.unique(geometry.region_surface, return_index=True)[1]:
            assert (geometry.face_region[face] == region).all(), name
    return total
