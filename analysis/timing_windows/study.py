"""A strong input to one spine and a weak one to its neighbour: what their delay decides, by level and with noise."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import options  # noqa: E402
from levels import LEVELS, PIECES, trials  # noqa: E402
from neighbours import Kernel, change, kernel, sign  # noqa: E402
from timing_windows.panels import plot  # noqa: E402

from spinemc.errors import ScenarioError  # noqa: E402
from spinemc.observables.intervals import proportion  # noqa: E402
from spinemc.scenario import Scenario, load_scenario, override  # noqa: E402

LONGEST, TAIL = 0.1, 0.1
"""The longest delay either way, and how long weights are followed after the later input [s]."""

DELAYS = tuple(np.concatenate([np.arange(-100, -19, 10), np.arange(-18, 41, 2), np.arange(50, 101, 10)]) / 1e3)
"""Of the weak input behind the strong one [s]; below 0 it comes first."""

SAMPLED = tuple(np.array([-100, -50, -20, -10, 0, 5, 10, 15, 20, 30, 50]) / 1e3)
"""Delays of stochastic trials [s]."""

THREE = (-0.05, 0.01, 0.05)
"""Delays at which all levels are laid side by side [s]."""

WEAK = tuple(np.round(np.arange(0.4, 2.01, 0.1), 2))
"""Weak inputs of the maps [uM]."""

STRONG = {"literal": 20.0, "consistent": 40.0}
"""Strong inputs of the maps [uM]: those that reach the neighbour alike."""


def loaded(*settings: str) -> Scenario:
    """The scenario, with settings laid over it."""
    return override(load_scenario(HERE / "scenario.toml"), *settings)


def inputs(delay: float, strong: float, weak: float) -> list[tuple[int, float, float]]:
    """Both inputs, the first of them at 0.

    Parameters
    ----------
    delay : float
        Of the weak one behind the strong one [s].
    strong, weak : float
        [uM]

    Raises
    ------
    ScenarioError
        The delay is beyond `LONGEST`.
    """
    if not abs(delay) <= LONGEST:
        raise ScenarioError(f"delay: {1e3 * delay:g} ms: it must lie between {-1e3 * LONGEST:g} and {1e3 * LONGEST:g}.")
    return [(0, max(0.0, -delay), strong), (1, max(0.0, delay), weak)]


def windows(one: Kernel, strong: float, weak: Sequence[float], delays: Sequence[float] = DELAYS) -> xr.DataArray:
    """Changes of both weights over weak inputs and delays, (weak, delay, spine) [%]."""
    scenario = loaded()
    values = [
        [change(scenario, one.step, one.of(inputs(delay, strong, amount), TAIL)) for delay in delays] for amount in weak
    ]
    return xr.DataArray(values, {"weak": list(weak), "delay": list(delays)}, ("weak", "delay", "spine"))


def settings_of(delay: float) -> tuple[str, ...]:
    """A delay as settings of the scenario."""
    first, second = (1e3 * time for _, time, _ in inputs(delay, 0.0, 0.0))
    stop = max(first, second) + 1e3 * TAIL
    return f'release.1.time=["{first:g} ms"]', f'release.2.time=["{second:g} ms"]', f"run.t_stop={stop:g} ms"


def spread(folder: Path, level: str, number: int, delays: Sequence[float] = SAMPLED, *settings: str) -> xr.Dataset:
    """Trials at some delays.

    Parameters
    ----------
    folder : Path
        Of the stores.
    level : str
        Of `LEVELS`.
    number : int
        Of trials; means have one.
    delays : sequence of float
        [s]
    *settings : str

    Returns
    -------
    xarray.Dataset
        `change` (delay, spine, trial) [%]; `mean` and `error`, its standard error; `up`, the share of trials whose weak
        spine strengthens, with `up_low` and `up_high` (Wilson, 95 %), (delay).
    """
    base = loaded(*LEVELS[level])
    values = np.stack(
        [
            trials(
                base,
                folder / f"{level.replace(', ', '_')}_{1e3 * delay:g}.zarr",
                f"run.trials={number}",
                *settings_of(delay),
                *settings,
            ).values.T
            for delay in delays
        ]
    )
    n = values.shape[-1]
    error = values.std(-1, ddof=1) / np.sqrt(n) if n > 1 else np.full(values.shape[:2], np.nan)
    up = [proportion(int((sign(one[1]) > 0).sum()), n, 0.95) for one in values]
    share = {name: ("delay", [one[k] for one in up]) for name, k in (("up", 0), ("up_low", 2), ("up_high", 3))}
    return xr.Dataset(
        {
            "change": (("delay", "spine", "trial"), values),
            "mean": (("delay", "spine"), values.mean(-1)),
            "error": (("delay", "spine"), error),
            **share,
        },
        {"delay": list(delays)},
    )


def numbers(lines_of: dict[str, xr.DataArray], noisy: xr.Dataset, beside: dict[str, xr.Dataset]) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = []
    for name, found in lines_of.items():
        weak = found.isel(spine=1).values
        grown = 1e3 * found.delay.values[sign(weak) > 0]
        window = f"{grown.min():g} to {grown.max():g} ms" if len(grown) else "none"
        least, most = weak.min(), weak.max()
        lines.append(f"{name:<22} weak spine {least:+.2f} to {most:+.2f} %, strengthens at delays {window}")
    lines += ["", f"{'delay ms':>9}{'strong %':>18}{'weak %':>18}{'sd':>7}{'strengthen':>24}"]
    for delay in noisy.delay.values:
        one = noisy.sel(delay=delay)
        cells = [f"{float(one['mean'][s]):+.2f} +- {float(one.error[s]):.2f}" for s in (0, 1)]
        share = f"{float(one.up):.2f} [{float(one.up_low):.2f}, {float(one.up_high):.2f}]"
        deviation = float(one.change[1].std(ddof=1))
        lines.append(f"{1e3 * delay:9g}{cells[0]:>18}{cells[1]:>18}{deviation:7.2f}{share:>24}")
    lines.append("")
    for name, found in beside.items():
        cells = [
            f"{float(found['mean'][k, 1]):+.2f} +- {float(found.error[k, 1]):.2f}" for k in range(found.sizes["delay"])
        ]
        lines.append(f"{name:<20}" + "".join(f"{cell:>18}" for cell in cells))
    return lines


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    delays = DELAYS[::2] if given.quick else DELAYS
    kernels = {law: kernel(loaded(f"run.exchange={law}", PIECES)) for law in ("literal", "consistent", "mesh")}
    maps = {law: windows(kernels[law], strong, WEAK, delays) for law, strong in STRONG.items()}
    curves = {f"{law}, 40 uM": windows(one, 40.0, (1.0,), delays)[0] for law, one in kernels.items()}
    curves["literal, 20 uM"] = windows(kernels["literal"], 20.0, (1.0,), delays)[0]
    number, particles = (12, 3) if given.quick else (60, 10)
    noisy = spread(given.stores, "mesh, trials", number, SAMPLED[::2] if given.quick else SAMPLED)
    of = {name: particles if name == "particles" else number for name in LEVELS}
    beside = {name: spread(given.stores, name, n, THREE) for name, n in of.items()}
    print("\n".join(numbers(curves, noisy, beside)))
    plot(kernels, curves, maps, noisy, beside, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
