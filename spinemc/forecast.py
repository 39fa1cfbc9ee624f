"""What a run will take: time and disk, from trials that are begun and a block that is written for a try."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from time import perf_counter

import numpy as np

from spinemc import store
from spinemc.engine.system import System
from spinemc.layout import NANOMETRE, Layout, growing
from spinemc.plans import layout
from spinemc.twins import levels

PROBE = 1.5  # s, how long trials are tried
PROBE_MEANS = 5.0  # s, the same for the only trial of means, whose steps grow
MOST = 8  # trials
SEAL = 60  # bytes in a block's seal for each file


@dataclass(frozen=True)
class Forecast:
    """What a run will take.

    Attributes
    ----------
    seconds : float
        A trial takes on one core [s].
    bytes : float
        The store will have on the disk.
    is_bound : bool
        Whether it may have fewer: its arrays as they are in memory, where no state tells how they are packed.
    has_ended : bool
        Whether a trial was at its end, so that its time is known.
    """

    seconds: float
    bytes: float
    is_bound: bool
    has_ended: bool


@dataclass(eq=False)
class _Tried:
    """A trial that was begun: a keeper that holds all it is given."""

    frames: dict[str, list[tuple[np.ndarray, ...]]] = field(default_factory=dict)
    log: list[tuple[np.ndarray, ...]] = field(default_factory=list)
    state: Mapping[str, np.ndarray] = field(default_factory=dict)
    reached: float = 0.0

    def frame(
        self, species: str, position: np.ndarray, particle: np.ndarray, carrier: np.ndarray | None = None
    ) -> None:
        columns = (position, particle) if carrier is None else (position, particle, carrier.astype(np.int16))
        self.frames.setdefault(species, []).append(columns)

    def events(self, time: np.ndarray, ion: np.ndarray, what: np.ndarray) -> None:
        self.log.append((time, ion, what))

    def is_due(self) -> bool:
        return self.reached >= 1.0

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        self.state = {name: np.array(state[name]) for name in ("count", "surface", "fired", "absorbed")}

    def saved(self) -> None:
        return None

    def close(self) -> None:
        pass


def forecast(system: System) -> Forecast:
    """Begin some trials, write a block of what they gave into a store that is thrown away, and reckon.

    Returns
    -------
    Forecast
        Of a run of this system's scenario at its level.
    """
    run, level = system.scenario.run, levels.of(system.scenario)
    shape = layout(system)
    level.run(
        system, run.seed, 0, lambda time, moves: time == 0.0
    )  # what the kernels' loading takes is not the trial's
    probe = PROBE if level.stochastic else PROBE_MEANS
    begin = perf_counter()
    tried: list[_Tried] = []
    while not tried or (len(tried) < min(MOST, shape.trials) and perf_counter() - begin < probe):
        one = _Tried()

        def report(time: float, moves: int, one: _Tried = one) -> bool:
            one.reached = time / run.t_stop
            return perf_counter() - begin < probe

        level.run(system, run.seed, len(tried), report, keeper=one if level.follows else None)
        tried.append(one)
    seconds = (perf_counter() - begin) / max(sum(one.reached for one in tried), 1e-9)
    return Forecast(seconds, _bytes(system, shape, tried), not level.follows, max(one.reached for one in tried) >= 1.0)


def _bytes(system: System, shape: Layout, tried: list[_Tried]) -> float:
    """The size of the store: what is there from the beginning, and the rest as large as what came until now."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run.zarr"
        store.create(out, shape, (system.geometry,), {"scenario": system.scenario.text})
        size = float(_folder_size(out))
    names = [name for name, array in growing(shape).items() if "time" in array.dims]
    size += shape.blocks * SEAL * (1 + len(names))
    if not any(one.state for one in tried):
        rows = (array for array in growing(shape).values() if "time" in array.dims)
        return size + sum(prod(array.shape) * np.dtype(array.dtype).itemsize for array in rows)
    samples = [max(1, int(one.reached * (len(shape.time) - 1) * (1.0 + 1e-9)) + 1) for one in tried]
    series = 0.0
    for name, kinds in (("count", system.network.volume_species), ("surface", system.network.surface_species)):
        series += _packed([one.state[name][:n][..., kinds] for one, n in zip(tried, samples, strict=True)])
    for name in ("fired", "absorbed"):
        since = [np.diff(one.state[name][:n], axis=0, prepend=0) for one, n in zip(tried, samples, strict=True)]
        series += _packed(since)
    rules = 8 * sum(len(labels) * len(variables) for _, labels, variables in shape.plasticity)
    size += (series / sum(samples) + rules) * len(shape.time) * shape.jobs
    best = max(tried, key=lambda one: one.reached)
    for table in shape.ragged:
        kind, _, species = table.group.partition("/")
        batches = best.frames.get(species, []) if kind == "positions" else best.log
        columns = [list(column) for column in zip(*batches, strict=True)]
        whole = sum(_packed([_as_kept(kind, k, part) for part in column]) for k, column in enumerate(columns))
        size += whole / max(best.reached, 1e-9) * prod(shape.shape) * len(shape.recorded(table.trials))
    return size


def _as_kept(kind: str, column: int, values: np.ndarray) -> np.ndarray:
    """A column of a table in the type in which the store has it."""
    if kind == "positions" and column == 0:
        return np.rint(values / NANOMETRE).astype(np.int32)
    return values.astype(np.int32) if values.dtype == np.int64 else values


def _packed(parts: list[np.ndarray]) -> float:
    """Bytes of arrays, one behind another, as the store packs them."""
    from numcodecs import Zstd

    data = np.concatenate(parts)
    return float(len(Zstd().encode(np.ascontiguousarray(data)))) if data.size else 0.0


def _folder_size(out: Path) -> int:
    return sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
