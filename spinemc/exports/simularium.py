"""The molecules of a trial for the Simularium viewer."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np

from spinemc.figures.style import SERIES
from spinemc.observables.recorded import Recorded

RADIUS = 0.006
"""Of a sphere that stands for a molecule [um]: to be seen, not its size."""


def write_simularium(path: Path, title: str, clouds: dict[str, Recorded]) -> None:
    """A trajectory: spheres named by what they are, or by what holds the ion; in um and s.

    The format has no place for a mesh.
    """
    from simulariumio import (
        DISPLAY_TYPE,
        AgentData,
        BinaryWriter,
        DisplayData,
        MetaData,
        TrajectoryData,
        UnitData,
    )

    one = next(iter(clouds.values()))
    total = np.sum([cloud.size for cloud in clouds.values()], axis=0)
    most = max(1, int(total.max(initial=0)))
    place = np.zeros((len(one.time), most, 3))
    number = np.zeros((len(one.time), most), np.int64)
    kinds: list[list[str]] = []
    for frame in range(len(one.time)):
        parts = [(cloud, cloud.rows(frame)) for cloud in clouds.values()]
        here = np.concatenate([cloud.point[rows] for cloud, rows in parts])
        place[frame, : len(here)] = here
        # numbers of molecules begin anew with each species
        number[frame, : len(here)] = np.concatenate(
            [cloud.particle[rows] * len(clouds) + k for k, (cloud, rows) in enumerate(parts)]
        )
        kinds.append([cloud.holders[i] for cloud, rows in parts for i in cloud.holder[rows]])
    names = sorted({name for cloud in clouds.values() for name in cloud.holders})
    look = {
        name: DisplayData(name, DISPLAY_TYPE.SPHERE, RADIUS, color=SERIES[k % len(SERIES)])
        for k, name in enumerate(names)
    }
    agents = AgentData(
        times=one.time,
        n_agents=total,
        viz_types=np.full(number.shape, 1000.0),
        unique_ids=number,
        types=kinds,
        positions=place,
        radii=np.full(number.shape, RADIUS),
        display_data=look,
    )
    extent = np.ptp(np.concatenate([cloud.point for cloud in clouds.values()]), axis=0)
    made = TrajectoryData(
        MetaData(box_size=1.1 * extent, trajectory_title=title, scale_factor=1.0), agents, UnitData("s"), UnitData("um")
    )
    with redirect_stdout(StringIO()):  # it tells its steps
        BinaryWriter.save(made, str(path.with_suffix("")), False)
