"""Blocks of trials of a plan, run on the threads of this process and written into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from spinemc import ensemble, plasticity, store
from spinemc.engine.system import System
from spinemc.ensemble import Job
from spinemc.plans import Plan
from spinemc.store import Block, Layout
from spinemc.twins import levels

CHECKPOINT = 60.0  # s between two times that a trial's state is saved, where the scenario does not say


def run_blocks(
    out: str | Path,
    plan: Plan,
    numbers: Sequence[int],
    threads: int | None = None,
    report: Callable[[int, float, int], None] = lambda job, time, moves: None,
) -> Iterator[int]:
    """Run blocks, and yield the number of each when it is safely in the store.

    Parameters
    ----------
    out : str or Path
        The store.
    plan : Plan
        Whose store it is.
    numbers : sequence of int
        Which blocks.
    threads : int, optional
        All usable cores by default.
    report : callable
        As of `spinemc.ensemble.run_jobs`.
    """
    shape = plan.layout
    here = store.place(out)
    systems: dict[int, System] = {}

    def jobs() -> Iterator[Job]:
        for number in numbers:
            systems[number] = plan.system(shape.point_of(number))
            run = systems[number].scenario.run
            every = CHECKPOINT if run.checkpoint is None else run.checkpoint
            for job in shape.jobs_of(number):
                trial = job % shape.trials
                tables = [table.group for table in shape.ragged if trial in table.trials]
                keeps = levels.LEVELS[run.engine].saves and (every > 0.0 or tables)
                spool = store.Spool(here, job, every or None, tables) if keeps else None
                yield Job(systems[number], run.seed, trial, job, spool)

    results = ensemble.run_jobs(jobs(), threads, report, levels.run)
    for number in numbers:
        done = list(islice(results, len(shape.jobs_of(number))))
        block = Block(
            first=shape.jobs_of(number).start,
            count=np.stack([trial.count for trial in done]),
            surface=np.stack([trial.surface for trial in done]),
            events=np.stack([trial.events for trial in done]),
            absorbed=np.stack([trial.absorbed for trial in done]),
        )
        _write(out, shape, number, block, systems.pop(number))
        yield number


def _write(out: str | Path, shape: Layout, number: int, block: Block, system: System) -> None:
    """Write a block with what every rule of plasticity makes of its counts."""
    volumes, specs = system.geometry.compartment_volume, system.scenario.plasticity
    names = shape.compartments, shape.volume_species
    trials = [job % shape.trials for job in shape.jobs_of(number)]
    seed = system.scenario.run.seed
    weights = plasticity.evaluate(specs, shape.time, block.count, volumes, *names, seed, trials)
    store.write(out, shape, number, block, weights)
