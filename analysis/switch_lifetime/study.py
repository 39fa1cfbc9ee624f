"""How long a switch of few holoenzymes remembers, and what noise in calcium does to it: runs, prints and draws."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from spinemc.plasticity import camkii2007, holoenzymes

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from chain import first_passage  # noqa: E402
from common import options  # noqa: E402
from in_memory import kept  # noqa: E402
from rings import law, lives, rate_of_leaving  # noqa: E402
from switch_figure import STATES, Rest, numbers, plot  # noqa: E402

REST = 0.1  # calcium at rest [uM]
TAU = 0.02  # correlation time of its noise: a choice, that of the pump in a spine [s]
HEAD = 0.1  # volume of the spine in which the correlation time is varied [um^3]


class Size(NamedTuple):
    """How much is run: numbers of holoenzymes by method, and trials."""

    exact: tuple[int, ...]
    watched: tuple[int, ...]
    trials: int
    sampled: tuple[int, ...]
    tries: int
    repeats: int
    noisy: int
    volumes: tuple[float, ...]
    times: tuple[float, ...]
    noisy_trials: int


FULL = Size(
    (1, 2, 3, 4, 5), (4, 8, 12, 16), 300, (12, 16, 20, 24, 28, 32, 36, 40), 1000, 8,
    8, (0.03, 0.1, 0.3), (0.02, 0.1, 0.5, 2.0, 10.0, 50.0), 200,
)  # fmt: skip
QUICK = Size((1, 2, 3, 4), (4, 8), 100, (12, 16, 20), 400, 5, 4, (0.03, 0.1, 0.3), (0.02, 0.5, 10.0), 100)


def level(number: int, up: bool) -> int:
    """Sites at which a state is left: those of the unstable steady state at rest, as `holoenzymes` rounds them."""
    sites = camkii2007.branches(REST)[1] / camkii2007.PARAMETERS["rings"] * number
    return max(math.floor(sites), 0) if up else max(math.ceil(sites), 1)


def sampled(number: int, up: bool, tries: int, repeats: int) -> np.ndarray:
    """Rates of leaving by forward flux sampling, a repeat each [1/s]."""
    stable = camkii2007.branches(REST)[2 if up else 0] / camkii2007.PARAMETERS["rings"] * number
    made = law(number, REST)
    return np.array(
        [
            rate_of_leaving(made, number, round(stable), level(number, up), up, tries, 1000 * number + k)
            for k in range(repeats)
        ]
    )


def life(rates: np.ndarray) -> tuple[float, float]:
    """Mean life and its standard error [s], of rates."""
    mean, error = rates.mean(), rates.std(ddof=1) / np.sqrt(len(rates))
    return 1.0 / mean, error / mean**2


def against_number(size: Size) -> xr.Dataset:
    """(state, number) Lives at constant calcium [s]: `exact`; `watched` and `sampled` with errors; and `chain`."""
    numbers = sorted({*size.exact, *size.watched, *size.sampled})
    names = ("exact", "watched", "watched_error", "sampled", "sampled_error", "chain", "variation")
    found = {name: np.full((2, len(numbers)), np.nan) for name in names}
    for s, up in enumerate((False, True)):
        for k, n in enumerate(numbers):
            found["chain"][s, k] = first_passage(law(n, REST), n, level(n, up), up)
            if n in size.exact:
                found["exact"][s, k] = holoenzymes.mean_lifetime(n, REST, up)
            if n in size.watched:
                each = holoenzymes.lifetimes(n, REST, size.trials, seed=n, up=up)
                found["watched"][s, k] = each.mean()
                found["watched_error"][s, k] = each.std(ddof=1) / np.sqrt(len(each))
                found["variation"][s, k] = each.std(ddof=1) / each.mean()
            if n in size.sampled:
                rates = sampled(n, up, size.tries, size.repeats)
                found["sampled"][s, k], found["sampled_error"][s, k] = life(rates)
    values = {name: (("state", "number"), value) for name, value in found.items()}
    return xr.Dataset(values, coords={"number": numbers})


def mean_of(each: np.ndarray) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))


def in_noise(size: Size) -> xr.Dataset:
    """Lives in fluctuating calcium [s], (state, volume) and (state, tau), and those of rates averaged over the noise.

    `constant`, `noisy`, `averaged` and `slow` with errors: `slow` over correlation times in a head of `HEAD` um^3.
    """
    n, trials = size.noisy, size.noisy_trials
    shape = {
        "constant": (),
        "averaged": (len(size.volumes),),
        "noisy": (len(size.volumes),),
        "slow": (len(size.times),),
    }
    found = {name: np.empty((2, 2, *extent)) for name, extent in shape.items()}
    for s, up in enumerate((False, True)):
        at = level(n, up)
        found["constant"][:, s] = mean_of(lives(law(n, REST), n, at, up, 4 * trials, 1))
        for k, volume in enumerate(size.volumes):
            found["averaged"][:, s, k] = mean_of(lives(law(n, REST, volume), n, at, up, 4 * trials, 2))
            found["noisy"][:, s, k] = mean_of(lives(law(n, REST, volume, TAU), n, at, up, trials, 3))
        for k, tau in enumerate(size.times):
            found["slow"][:, s, k] = mean_of(lives(law(n, REST, HEAD, tau), n, at, up, trials, 4))
    extra = {"constant": (), "averaged": ("volume",), "noisy": ("volume",), "slow": ("tau",)}
    values = {}
    for name, both in found.items():
        values[name], values[f"{name}_error"] = ((("state", *extra[name]), part) for part in both)
    return xr.Dataset(values, coords={"volume": list(size.volumes), "tau": list(size.times)})


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    size = QUICK if given.quick else FULL
    code = "".join((HERE / f"{name}.py").read_text() for name in ("rings", "chain"))
    by_number = ("number", code, size._replace(noisy=0, volumes=(), times=(), noisy_trials=0))
    found = kept(given.stores / "number.zarr", by_number, lambda: against_number(size)).assign_coords(
        state=list(STATES)
    )
    by_noise = ("noise", code, size.noisy, size.volumes, size.times, size.noisy_trials)
    noise = kept(given.stores / "noise.zarr", by_noise, lambda: in_noise(size)).assign_coords(state=list(STATES))
    at_rest = Rest(REST, TAU, HEAD, size.noisy)
    print("\n".join(numbers(at_rest, found, noise)))
    plot(at_rest, found, noise, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
