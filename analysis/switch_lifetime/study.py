"""How long a switch of few holoenzymes remembers, and what noise in calcium does to it: runs, prints and draws."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from spinemc.figures.style import INK, QUIET, SERIES, TWIN
from spinemc.plasticity import camkii2007, holoenzymes

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from common import options, sheet  # noqa: E402
from in_memory import kept  # noqa: E402
from rings import law, lives, rate_of_leaving  # noqa: E402
from theory import first_passage, steady  # noqa: E402

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REST = 0.1  # calcium at rest [uM]
TAU = 0.02  # correlation time of its noise: a choice, that of the pump in a spine [s]
HEAD = 0.1  # volume of the spine in which the correlation time is varied [um^3]
STATES = ("DOWN", "UP")
DAY, YEAR = 86400.0, 3.156e7


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


class Fit(NamedTuple):
    """ln life = offset + slope number, with the slope's standard error and what is left over chi squared."""

    slope: float
    error: float
    offset: float
    chi2: float
    points: int


def fitted(found: xr.Dataset, state: str, least: int = 8) -> Fit:
    """The exponential law over numbers from `least` on; its error holds the scatter of the points as well."""
    one = found.sel(state=state)
    best = one["sampled"].fillna(one["watched"])
    error = one["sampled_error"].where(one["sampled"].notnull(), one["watched_error"])
    use = (best.notnull() & (one["number"] >= least)).values
    x, y = one["number"].values[use].astype(float), np.log(best.values[use])
    weight = (best / error).values[use]
    design = np.stack([x, np.ones_like(x)], axis=1) * weight[:, None]
    (slope, offset), *_ = np.linalg.lstsq(design, y * weight)
    left = float(np.sum(((y - slope * x - offset) * weight) ** 2))
    scatter = max(1.0, left / (len(x) - 2))
    return Fit(
        float(slope), float(np.sqrt(np.linalg.inv(design.T @ design)[0, 0] * scatter)), float(offset), left, len(x)
    )


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


def said(seconds: float) -> str:
    """A time in words."""
    for unit, name in ((YEAR, "years"), (DAY, "days"), (3600.0, "hours"), (60.0, "min")):
        if seconds >= 2.0 * unit:
            return f"{seconds / unit:.2g} {name}"
    return f"{seconds:.0f} s"


def numbers(size: Size, found: xr.Dataset, noise: xr.Dataset) -> list[str]:
    """What the README tells, a line each."""
    lines = ["folds [uM, uM]: " + ", ".join(f"{ca:.5f} at {s:.1f}" for ca, s in camkii2007.folds())]
    for state in STATES:
        for n in found["number"].values:
            at = {name: float(found[name].sel(state=state, number=n)) for name in found}
            lines.append(
                f"{state:>4} {n:2d}: exact {at['exact']:.4g} s, watched {at['watched']:.4g} +- "
                f"{at['watched_error']:.2g}"
                f" (deviation over mean {at['variation']:.2f}), sampled {at['sampled']:.4g} +- "
                f"{at['sampled_error']:.2g}"
                f", chain {at['chain']:.4g}"
            )
        fit = fitted(found, state)
        lines.append(
            f"{state}: e^({fit.slope:.3f} +- {fit.error:.3f} per holoenzyme), chi^2 {fit.chi2:.1f} of "
            f"{fit.points - 2}; "
            + ", ".join(f"{n}: {said(math.exp(fit.offset + fit.slope * n))}" for n in (10, 20, 40))
        )
    lines.append(f"\n{size.noisy} holoenzymes in noisy calcium, correlation time {TAU} s")
    for state in STATES:
        one = noise.sel(state=state)
        lines.append(f"{state}: constant calcium {float(one['constant']):.4g} +- {float(one['constant_error']):.2g} s")
        for v in one["volume"].values:
            here = one.sel(volume=v)
            lines.append(
                f"    V = {v:g} um^3: {float(here['noisy']):.4g} +- {float(here['noisy_error']):.2g} s, mean rates "
                f"{float(here['averaged']):.4g} +- {float(here['averaged_error']):.2g} s"
            )
        for t in one["tau"].values:
            here = one.sel(tau=t)
            lines.append(f"    tau = {t:g} s: {float(here['slow']):.4g} +- {float(here['slow_error']):.2g} s")
    for v in noise["volume"].values:
        states = ", ".join(f"{100 * s / 6:.2f} %" for s in steady(law(1, REST, float(v))))
        lines.append(f"steady states with rates averaged over {v:g} um^3: {states} of the sites")
    return lines


def draw_lives(ax: Axes, found: xr.Dataset) -> None:
    """Life against number."""
    n = found["number"].values
    for state, colour in zip(STATES, SERIES, strict=False):
        one, fit = found.sel(state=state), fitted(found, state)
        x = np.array([8, n.max()])
        ax.plot(x, np.exp(fit.offset + fit.slope * x), color=colour, linewidth=1.2)
        ax.plot(n, one["chain"], color=colour, linewidth=1.0, linestyle=":")
        ax.plot(n, one["exact"], "x", color=colour, markersize=6)
        ax.errorbar(
            n, one["watched"], one["watched_error"], fmt="o", color=colour, markersize=4, markerfacecolor="white"
        )
        label = f"{state}: e$^{{{fit.slope:.3f} \\pm {fit.error:.3f}}}$ a holoenzyme"
        ax.errorbar(n, one["sampled"], one["sampled_error"], fmt="o", color=colour, markersize=4, label=label)
    for seconds, name in ((3600.0, "hour"), (DAY, "day"), (YEAR, "year")):
        ax.axhline(seconds, color=QUIET, linewidth=0.6, zorder=0)
        ax.text(n.max() + 0.5, seconds, name, fontsize=7, color=QUIET, ha="right", va="bottom")
    ax.set(yscale="log", xlabel="holoenzymes", ylabel="mean life (s)")


def draw_noise(ax: Axes, noise: xr.Dataset) -> None:
    """Lives in noisy calcium over those in constant calcium, by volume."""
    for state, colour in zip(STATES, SERIES, strict=False):
        one = noise.sel(state=state)
        base = float(one["constant"])
        ax.plot(one["volume"], one["averaged"] / base, color=colour, linewidth=1.0, linestyle=":")
        ax.errorbar(
            one["volume"],
            one["noisy"] / base,
            one["noisy_error"] / base,
            fmt="o",
            color=colour,
            markersize=4,
            label=state,
        )
    ax.axhline(1.0, color=TWIN, linewidth=1.2, linestyle=(0, (4, 2)), label="constant calcium")
    ax.plot([], [], color=INK, linestyle=":", linewidth=1.0, label="mean rates")
    ax.set(xscale="log", yscale="log", xlabel="volume (µm³)", ylabel="life over that without noise")


def draw_times(ax: Axes, noise: xr.Dataset) -> None:
    """The same by correlation time."""
    for state, colour in zip(STATES, SERIES, strict=False):
        one = noise.sel(state=state)
        base = float(one["constant"])
        ax.errorbar(
            one["tau"],
            one["slow"] / base,
            one["slow_error"] / base,
            fmt="o-",
            color=colour,
            markersize=4,
            linewidth=1.0,
        )
        fast = float(one["averaged"].sel(volume=HEAD)) / base
        ax.axhline(fast, color=colour, linewidth=1.0, linestyle=":")
    ax.axhline(1.0, color=TWIN, linewidth=1.2, linestyle=(0, (4, 2)))
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="correlation time of calcium (s)",
        ylabel="life over that without noise",
    )


def draw_branches(ax: Axes) -> None:
    """Steady states against calcium, and where rest is."""
    grid = np.geomspace(0.05, 0.6, 160)
    low, middle, high = [], [], []
    for ca in grid:
        found = camkii2007.branches(float(ca)) / (6.0 * camkii2007.PARAMETERS["rings"])
        low.append(found[0] if len(found) > 1 or found[0] < 0.15 else np.nan)
        middle.append(found[1] if len(found) > 1 else np.nan)
        high.append(found[-1] if len(found) > 1 or found[0] > 0.15 else np.nan)
    for values, style in ((low, "-"), (middle, ":"), (high, "-")):
        ax.plot(grid, values, color=SERIES[0], linestyle=style, linewidth=1.4)
    spread = np.sqrt(REST / (HEAD * 602.2))
    ax.errorbar([REST], [0.5], xerr=[[spread], [spread]], fmt="s", color=TWIN, markersize=4, capsize=2)
    ax.text(0.25, 0.5, f"rest, and its deviation in {HEAD} µm³", fontsize=7, color=TWIN, va="center")
    ax.set(xlabel="calcium (µM)", ylabel="phosphorylated part", xlim=(0.0, 0.6))


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    size = QUICK if given.quick else FULL
    code = "".join((HERE / f"{name}.py").read_text() for name in ("rings", "theory"))
    by_number = ("number", code, size._replace(noisy=0, volumes=(), times=(), noisy_trials=0))
    found = kept(given.stores / "number.zarr", by_number, lambda: against_number(size)).assign_coords(
        state=list(STATES)
    )
    by_noise = ("noise", code, size.noisy, size.volumes, size.times, size.noisy_trials)
    noise = kept(given.stores / "noise.zarr", by_noise, lambda: in_noise(size)).assign_coords(state=list(STATES))
    print("\n".join(numbers(size, found, noise)))
    panels = [
        ("Two states at rest", draw_branches),
        ("Life of a state at rest, 0.1 µM", lambda ax: draw_lives(ax, found)),
        (f"{size.noisy} holoenzymes, noise of {1e3 * TAU:.0f} ms", lambda ax: draw_noise(ax, noise)),
        (f"In {HEAD} µm³, by the noise's time", lambda ax: draw_times(ax, noise)),
    ]
    below = "x exact, open: events, full: flux sampling, line: its fit, dotted: a chain in one number, or mean rates"
    sheet("A memory in few holoenzymes of CaMKII", below, panels, given.out, columns=2)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
