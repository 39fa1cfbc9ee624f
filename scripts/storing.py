"""How much the store costs: writing beside running, reading one series of many trials, memory for many positions."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measure import alone

from spinemc import simulate, store
from spinemc.forecast import forecast
from spinemc.plans import prepare
from spinemc.scenario import Scenario, load_scenario, override

HIGH = ["1 um", "1 um", "1 um"]
BALL = {"shape": {"kind": "sphere", "radius": "0.5 um", "edge": "0.2 um"}}


def writing(scenario: Scenario, folder: Path) -> tuple[float, float]:
    """Wall seconds of a run with warm kernels, and of them those in which blocks are written and gathered."""
    simulate.run(override(scenario, "run.trials=2"), folder / "warm.zarr")
    spent = 0.0
    calls = {name: getattr(store, name) for name in ("write", "gather")}

    def timed(name: str):
        def one(*given):
            nonlocal spent
            begin = time.perf_counter()
            calls[name](*given)
            spent += time.perf_counter() - begin

        return one

    for name in calls:
        setattr(store, name, timed(name))
    begin = time.perf_counter()
    simulate.run(scenario, folder / "run.zarr")
    for name, call in calls.items():
        setattr(store, name, call)
    return time.perf_counter() - begin, spent


def foretold(scenario: Scenario, folder: Path) -> tuple[float, float, float, float]:
    """Bytes of a store as told before and as they are; seconds of a trial likewise, on one core."""
    told = forecast(prepare(scenario))
    begin = time.perf_counter()
    simulate.run(scenario, folder / "foretold.zarr", threads=1)
    took = (time.perf_counter() - begin) / scenario.run.trials
    size = sum(file.stat().st_size for file in (folder / "foretold.zarr").rglob("*") if file.is_file())
    return told.bytes, float(size), told.seconds, took


def reading(folder: Path) -> float:
    """Seconds to read one compartment and species of 10^4 trials of a hundred samples, with the store's opening."""
    scenario = Scenario(
        geometry=BALL
        | {
            "compartment": [
                {
                    "name": f"part_{k}",
                    "within": {"sphere": {"center": [f"{0.05 * k} um", "0 um", "0 um"], "radius": "0.02 um"}},
                }
                for k in range(4)
            ]
        },
        run={"t_stop": "100 us", "dt": "1 us", "sample_every": "1 us", "trials": 10_000, "checkpoint": "0 s"},
        species=[{"name": f"S{k}", "D": "1 um^2/s"} for k in range(8)],
        release=[{"species": f"S{k}", "count": 3, "in": "cytosol"} for k in range(8)],
    )
    simulate.run(scenario, folder / "many.zarr")
    begin = time.perf_counter()
    values = store.open(folder / "many.zarr")["counts/count"].sel(compartment="part_2", species="S3").values
    assert values.shape == (10_000, 101)
    return time.perf_counter() - begin


def many_positions(folder: str, ions: int, frames: int) -> tuple[float, float, float]:
    """Peak memory [MB] before and after a run that records so many ions so many times, and the seconds it took."""
    scenario = Scenario(
        geometry=BALL,
        run={"t_stop": f"{frames - 1} us", "dt": "1 us", "sample_every": f"{frames - 1} us", "checkpoint": "0 s"},
        species=[{"name": "Ca", "D": "0 um^2/s"}],
        release=[{"species": "Ca", "count": ions, "in": "cytosol"}],
        record={"positions": [{"species": ["Ca"], "every": "1 us", "trials": [0]}]},
    )
    simulate.run(override(scenario, "run.t_stop=1 us", "run.sample_every=1 us"), f"{folder}/two.zarr")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    begin = time.perf_counter()
    simulate.run(scenario, f"{folder}/all.zarr")
    return before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, time.perf_counter() - begin


def table(scenarios: Path) -> Iterator[str]:
    """The lines of all of it, each as soon as it is done."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for name in ("thin", "mushroom"):
            file = scenarios / f"{name}.toml"
            if not file.is_file():
                yield f"{name}: not here"
                continue
            (here / name).mkdir()
            scenario = load_scenario(file)
            wall, spent = writing(scenario, here / name)
            yield f"{name}: {scenario.run.trials} trials in {wall:.1f} s, writing {spent:.2f} s: {spent / wall:.1%}"
            told, size, seconds, took = foretold(override(scenario, "run.trials=8"), here / name)
            yield f"{name}: as told over as it was: bytes {told / size:.2f}, seconds {seconds / took:.2f}"
        yield f"one compartment and species of 10^4 trials: {reading(here):.2f} s"
        for ions, frames in ((100_000, 100), (100_000, 1000), (1_000_000, 100)):
            before, after, took = alone(many_positions, folder, ions, frames)
            size = sum(file.stat().st_size for file in (here / "all.zarr").rglob("*") if file.is_file())
            peaks = f"peak {before:.0f} MB with 2 frames, {after:.0f} MB with all"
            yield f"{ions:,} ions, {frames} frames: {size / 1e9:.2f} GB in {took:.0f} s; {peaks}"
            for name in ("two.zarr", "all.zarr"):
                store.place(here / name).remove("")
