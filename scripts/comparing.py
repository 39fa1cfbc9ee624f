"""What it costs to lay other levels beside a run: processor time of each command, in a process of its own."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ANALYSIS = Path(__file__).resolve().parents[1] / "analysis"
SCENARIOS = {"one spine": "one_spine/scenario.toml", "thin": "published_spine/thin.toml"}
LEVELS = ("ode", "compartments")
TRIALS = 50
LINE = "{:<10} {:>16} " + " ".join(["{:>20}"] * len(LEVELS))


def cost(*arguments: str) -> float:
    """User and system time of a command of spinemc [s]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "spinemc", *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table() -> Iterator[str]:
    """The lines of all of it, each as soon as it is done; kernels are warm, as each level is tried on two trials."""
    yield LINE.format("CPU [s]", f"run, {TRIALS} trials", *(f"compare --with {level}" for level in LEVELS))
    for name, file in SCENARIOS.items():
        with tempfile.TemporaryDirectory() as folder:
            for trials in (2, TRIALS):
                out = str(Path(folder) / f"{trials}.zarr")
                run = cost("run", str(ANALYSIS / file), "--trials", str(trials), "--out", out, "--quiet")
                beside = [cost("compare", out, "--with", level) for level in LEVELS]
            yield LINE.format(name, f"{run:.1f}", *(f"{more:.1f} ({more / run:.1%})" for more in beside))
