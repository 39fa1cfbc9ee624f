"""Blocks of trials as tasks of a Dask cluster, whose workers write them into the store themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from spinemc import batch, plans, store
from spinemc.errors import ClusterError, SpinemcError
from spinemc.plans import Plan

TIMEOUT = 30.0  # s to find a scheduler
_MOST_PLANS = 4
_plans: dict[tuple[str, str], Plan] = {}
_lock = threading.Lock()


def connect(address: str) -> Any:
    """A client of the scheduler at an address, such as tcp://10.0.0.1:8786.

    Raises
    ------
    ClusterError
        dask.distributed is not installed, or there is no scheduler there.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(
            "a cluster needs dask.distributed, which is not installed: pip install 'spinemc[dask]'."
        ) from None
    try:
        return Client(address, timeout=TIMEOUT)
    except (OSError, ValueError) as fault:
        raise ClusterError(f"--scheduler {address}: there is no scheduler that answers: {fault}.") from None


def run_blocks(
    client: Any,
    out: str | Path,
    plan: Plan,
    numbers: Sequence[int],
    report: Callable[[int, float, int], None] = lambda job, time, moves: None,
) -> Iterator[int]:
    """Have blocks run by the workers of a cluster, and yield the number of each when it is safely in the store.

    A block whose worker is lost is run by another one; blocks come in any order.

    Parameters
    ----------
    client : distributed.Client
    out : str or Path
        The store, where all workers can reach it: a folder that they share, or a URL.
    plan : Plan
        Whose store it is.
    numbers : sequence of int
        Which blocks.
    report : callable
        As of `spinemc.ensemble.run_jobs`, once for each job that is done.

    Raises
    ------
    ClusterError
        A block was lost with its workers more often than the cluster allows, or all workers are gone.
    SpinemcError
        Whatever a block raised.
    """
    from distributed import as_completed

    where = str(out) if "://" in str(out) else str(Path(out).resolve())
    shape, t_stop = plan.layout, plan.scenario.run.t_stop
    futures = [client.submit(_run, where, number, pure=False, priority=-number) for number in numbers]
    blocks = {future.key: number for future, number in zip(futures, numbers, strict=True)}
    try:
        for future in as_completed(futures):
            number = blocks[future.key]
            try:
                moves = future.result()  # where it was lost with its worker, from the one that looks after it
            except Exception as fault:
                raise _told(fault, number) from fault
            for job in shape.jobs_of(number):
                report(job, t_stop, moves.get(job, 0))
            yield number
    finally:
        client.cancel(futures)


def _told(fault: Exception, number: int) -> SpinemcError:
    """What became of a block, as one sentence."""
    if isinstance(fault, SpinemcError):
        return fault
    said = (str(fault).splitlines() or [""])[0]
    return ClusterError(
        f"block {number} could not be run by the cluster ({type(fault).__name__}: {said}); what is finished is "
        "safe, and `spinemc resume` goes on."
    )


def _run(out: str, number: int) -> dict[int, int]:
    """A task: run one block, and tell the particle-steps of its jobs."""
    moves: dict[int, int] = {}

    def report(job: int, time: float, made: int) -> None:
        moves[job] = made

    plan = _plan_of(out)
    if number in store.missing(out, plan.layout):  # a worker may be lost with its answer, and the block be there
        list(batch.run_blocks(out, plan, [number], 1, report))
    return moves


def _plan_of(out: str) -> Plan:
    """The plan of a store, which the tasks of this process share."""
    attributes = store.attributes_of(store.place(out))
    with _lock:
        key = out, str(attributes["fingerprint"])
        if key not in _plans:
            while len(_plans) >= _MOST_PLANS:
                _plans.pop(next(iter(_plans)))
            _plans[key] = plans.of_store(out, attributes)
        return _plans[key]
