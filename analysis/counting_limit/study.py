"""How well a spine's calcium tells two inputs apart, by its volume and the time it is looked at: runs, compares, draws."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import options, ran  # noqa: E402

from spinemc import observables  # noqa: E402
from spinemc.figures.style import INK, QUIET, SERIES, TWIN, blank, tidy, written  # noqa: E402
from spinemc.plans import prepare  # noqa: E402
from spinemc.scenario import Scenario, load_scenario, override  # noqa: E402
from spinemc.scenario.sweeps import Sweep, Varied, points  # noqa: E402
from spinemc.twins import noise  # noqa: E402
from spinemc.twins.wells import Wells, wells  # noqa: E402

VOLUMES = (0.004, 0.012, 0.036, 0.1, 0.27, 0.6)  # [um^3]
FEW = (0.004, 0.036, 0.1)  # those that are run with particles too
ALIKE = 0.012  # the volume at which an open and a closed head are compared
INPUTS = {"open": ("reaction.1.kf", ("4.3 /s", "8.6 /s")), "closed": ("release.1.concentration", ("1 uM", "2 uM"))}
DIMS = {"open": "reaction_1_kf", "closed": "release_1_concentration"}
TIMES = (0.0, 10e-3, 100e-3)  # for which a readout is averaged [s]
SETTLED = 60e-3  # after which the beginning is forgotten [s]
APART = 20e-3  # between counts that are taken for independent [s]
D, BATH, BALL, FAR = 220.0, 602.214, 0.1, 0.4  # of the monitor and the absorber [um^2/s, um^-3, um, um]
SITES, BINDING, LEAVING = 30, 5e8 / 6.02214e8, 100.0  # sensors; [um^3/s], [1/s]


def radius(volume: float) -> float:
    """The radius of a ball [um] of some volume [um^3]."""
    return float((3.0 * volume / (4.0 * np.pi)) ** (1.0 / 3.0))


def scenario(name: str, *settings: str) -> Scenario:
    """One of the scenarios of this folder, with settings laid over it."""
    return load_scenario(HERE / f"{name}.toml", settings)


def series_of(name: str, volumes: tuple[float, ...]) -> Sweep:
    """The points of a series: two inputs, and some volumes."""
    key, values = INPUTS[name]
    sizes = tuple(f"{radius(v):.5f} um" for v in volumes)
    return points([Varied(key, values), Varied("geometry.shape.radius", sizes)], "grid")


def networks(made: Scenario, varied: Sweep) -> np.ndarray:
    """(input, radius) The networks of the points of a series."""
    found = np.empty(len(varied.settings), object)
    for k, settings in enumerate(varied.settings):
        system = prepare(override(made, *settings))
        found[k] = wells(system.scenario, system.geometry, system.network)
    return found.reshape(2, -1)


def readout(series: xr.DataArray, length: float) -> xr.DataArray:
    """What a reader gets: means of consecutive stretches, or single counts that are far apart.

    Parameters
    ----------
    series : DataArray
        (..., trial, time)
    length : float
        Of a stretch [s]; 0 for single counts.

    Returns
    -------
    DataArray
        (..., trial), with all stretches of all trials one after another.
    """
    time = series["time"].values
    number = max(round((length or APART) / (time[1] - time[0])), 1)
    cut = series.coarsen(time=number, boundary="trim").construct(time=("stretch", "within"))
    read = cut.mean("within") if length else cut.isel(within=0)
    stacked = read.rename(trial="one").stack(trial=("one", "stretch"))
    return stacked.drop_vars(["trial", "one", "stretch"], errors="ignore").transpose(..., "trial")


def discriminability(response: xr.DataArray, inputs: str) -> xr.Dataset:
    """The distance d' of the responses to two inputs, in standard deviations, and its standard error.

    Returns
    -------
    xarray.Dataset
        `d`, `d_error`; the error is that for normal responses.
    """
    mean, variance, n = response.mean("trial"), response.var("trial", ddof=1), response.sizes["trial"]
    d = mean.diff(inputs).isel({inputs: 0}, drop=True) / np.sqrt(variance.mean(inputs))
    return xr.Dataset({"d": d, "d_error": np.sqrt(2.0 / n + d**2 / (4.0 * n))})


def expected(made: Wells, length: float, state: int = 0) -> tuple[float, float]:
    """Mean of a number at rest and variance of its average over some time [s], by the linear noise approximation.

    The variance of an average is the integral of the spectral density times (sin(pi f T) / (pi f T))^2.
    """
    still = noise.stationary_noise(made)
    mean, variance = float(still.mean[0, state]), float(still.covariance[0, state, state])
    if not length:
        return mean, variance
    coarse = np.concatenate([[1e-3 / length], np.geomspace(1e-2 / length, 1e6, 160)])
    density = np.log(noise.spectrum(made, coarse)[:, state])
    fine = np.concatenate([np.linspace(0.0, 60.0, 12_001), np.geomspace(60.0, 1e6 * length, 2000)[1:]]) / length
    share = np.where(fine * length > 60.0, 0.5 / (np.pi * fine * length + 1e-300) ** 2, np.sinc(fine * length) ** 2)
    whole = np.exp(np.interp(np.log(np.maximum(fine, coarse[0])), np.log(coarse), density))
    return mean, float(np.trapezoid(whole * share, fine))


def told_apart(low: tuple[float, float], high: tuple[float, float]) -> float:
    """d' of two numbers with a mean and a variance each."""
    return (high[0] - low[0]) / np.sqrt(0.5 * (low[1] + high[1]))


def of_counts(low: float, high: float) -> float:
    """The information [bit] of one Poisson count with two means, both inputs as probable."""
    from scipy.stats import poisson

    p = poisson.pmf(np.arange(int(high + 12.0 * np.sqrt(high) + 20.0)), np.array([[low], [high]]))
    return _information(p, 1.0)


def of_normals(low: tuple[float, float], high: tuple[float, float]) -> float:
    """The information [bit] of a normal number with two means and variances, both inputs as probable."""
    from scipy.stats import norm

    reach = 8.0 * np.sqrt(max(low[1], high[1]))
    x = np.linspace(low[0] - reach, high[0] + reach, 4001)
    p = np.array([norm.pdf(x, mean, np.sqrt(variance)) for mean, variance in (low, high)])
    return _information(p, x[1] - x[0])


def _information(p: np.ndarray, step: float) -> float:
    """Of two distributions on a grid [bit]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(p > 0.0, p * np.log2(p / p.mean(axis=0)), 0.0)
    return float(0.5 * step * parts.sum())


def limits(volume: float, mean: float, rate: float, length: float) -> dict[str, float]:
    """Least relative errors (dc/c)^2 of a concentration, by who counts for some time [s].

    Parameters
    ----------
    volume : float
        [um^3]
    mean : float
        Free ions in it.
    rate : float
        At which one is taken up [1/s].
    length : float
        [s]

    Returns
    -------
    dict of str to float
        `count`, one count; `ions`, those that come and go, 2/(rate n T); `sites`, sensors that know the concentration,
        2/(k_on c (1 - p) M T); `monitor`, Berg & Purcell's of that volume in a bath of that concentration,
        3/(5 pi D a c T).
    """
    c = mean / volume
    empty = LEAVING / (LEAVING + BINDING * c)
    return {
        "count": 1.0 / mean,
        "ions": 2.0 / (rate * mean * length),
        "sites": 2.0 / (BINDING * c * empty * SITES * length),
        "monitor": 3.0 / (5.0 * np.pi * D * radius(volume) * c * length),
    }


def uptake(made: Wells) -> float:
    """The rate [1/s] at which the membrane takes an ion up: of the channel that only takes calcium."""
    return next(channel.scale for channel in made.channels if channel.reactants == (0,))


def in_bath(kind: str, length: float) -> float:
    """(dc/c)^2 of the monitor or the absorber in a bath that ends at a far side [um], for long times [s].

    Berg & Purcell, Biophys J 20:193 (1977), for a bath without end; the far side at R, which is held at c, takes
    5a/(6R) off the monitor's memory and makes the absorber's arrivals more by 1/(1 - a/R).
    """
    if kind == "absorber":
        return (1.0 - BALL / FAR) / (4.0 * np.pi * D * BALL * BATH * length)
    return 3.0 / (5.0 * np.pi * D * BALL * BATH * length) * (1.0 - 5.0 * BALL / (6.0 * FAR))


def of_bath(kind: str, tree: xr.DataTree, length: float) -> tuple[float, float]:
    """(dc/c)^2 of what the monitor or the absorber reads for some time, and its standard error."""
    if kind == "monitor":
        series = tree.spinemc.series("Ca", "monitor", between=(0.2e-3, np.inf))
    else:
        series = tree["events/absorbed"].sel(boundary="Ca at absorber").sel(time=slice(0.3e-3, None)).load()
    read = readout(series, length)
    value = float(read.var("trial", ddof=1) / series.mean() ** 2)
    return value, value * np.sqrt(2.0 / (read.sizes["trial"] - 1))


def runs(stores: Path, quick: bool) -> dict[str, xr.DataTree]:
    """The stores of the study, by name."""
    few = ("run.trials=2", "run.t_stop=10 ms") if quick else ()
    found = {kind: ran(scenario(kind, *few), stores / f"{kind}.zarr") for kind in ("monitor", "absorber")}
    many = ("run.trials=60",) if quick else ()
    found["open"] = ran(scenario("open", *many), stores / "open.zarr", series_of("open", VOLUMES))
    found["closed"] = ran(scenario("closed", *many), stores / "closed.zarr", series_of("closed", (ALIKE,)))
    particles = scenario("open", "run.engine=particles", f"run.trials={2 if quick else 16}")
    found["particles"] = ran(particles, stores / "particles.zarr", series_of("open", FEW[:2] if quick else FEW))
    return found


def read(tree: xr.DataTree, what: str, length: float) -> xr.DataArray:
    """(input, radius, trial) What free ions, `Ca`, or filled sensors, `CaS`, say, once all has settled."""
    return readout(tree.spinemc.series(what, between=(SETTLED, np.inf)), length)


def information(response: xr.DataArray, inputs: str) -> xr.Dataset:
    """As `observables.information`; averages, which hardly come twice, in eight bins."""
    single = np.array_equal(response.values, np.rint(response.values))
    return observables.information(response, inputs, bins=None if single else 8, permutations=20)


def closed_apart(made: np.ndarray, length: float) -> float:
    """d' of the free ions of a closed head: exchange with the buffer averages away, the Poisson number of ions not."""
    inside = [expected(one, length) for one in made[:, 0]]
    total = np.array([one.jumps[0].number for one in made[:, 0]])
    share = (inside[1][0] - inside[0][0]) / (total[1] - total[0])
    return told_apart(*((mean, variance + share**2 * n) for (mean, variance), n in zip(inside, total, strict=True)))


def numbers(found: dict[str, xr.DataTree]) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = [f"{'in a bath':<12}{'T, ms':>6}{'(dc/c)^2':>20}{'theory':>9}"]
    for kind in ("monitor", "absorber"):
        for length in (0.3e-3, 1e-3):
            value, error = of_bath(kind, found[kind], length)
            lines.append(f"{kind:<12}{1e3 * length:6.1f}{value:11.5f} ± {error:.5f}{in_bath(kind, length):10.5f}")
    made = networks(scenario("open"), series_of("open", VOLUMES))
    for what, state in (("Ca", 0), ("CaS", 2)):
        for length in TIMES:
            response = read(found["open"], what, length)
            apart, told = discriminability(response, DIMS["open"]), information(response, DIMS["open"])
            lines += [
                "",
                f"{what + ', ' + f'{1e3 * length:g} ms':<14}{chr(100) + chr(39):>15}{'theory':>8}{'bit':>16}{'theory':>8}",
            ]
            for k, volume in enumerate(VOLUMES):
                low, high = (expected(one, length, state) for one in made[:, k])
                bits = of_normals(low, high) if length or state else of_counts(low[0], high[0])
                lines.append(
                    f"{volume:<14g}{_told(apart.isel(radius=k), 'd'):>15}{told_apart(low, high):8.2f}"
                    f"{_told(told.isel(radius=k), 'information', 3):>16}{bits:8.3f}"
                )
    lines += ["", f"{'particles, Ca':<14}" + "".join(f"{f'{1e3 * t:g} ms':>15}" for t in TIMES)]
    each = [discriminability(read(found["particles"], "Ca", t), DIMS["open"]) for t in TIMES]
    for k, volume in enumerate(FEW[: each[0].sizes["radius"]]):
        lines.append(f"{volume:<14g}" + "".join(f"{_told(one.isel(radius=k), 'd'):>15}" for one in each))
    shut = networks(scenario("closed"), series_of("closed", (ALIKE,)))
    lines += ["", f"{f'closed, {ALIKE:g} um^3':<18}{chr(100) + chr(39):>15}{'theory':>8}"]
    for length in TIMES:
        one = discriminability(read(found["closed"], "Ca", length), DIMS["closed"]).isel(radius=0)
        lines.append(f"{f'{1e3 * length:g} ms':<18}{_told(one, 'd'):>15}{closed_apart(shut, length):8.2f}")
    lines += [
        "",
        f"{'(dc/c)^2, 100 ms':<18}{'ions':>9}{'limit':>9}{'sites':>9}{'sum':>9}{'one count':>11}{'monitor':>10}",
    ]
    for k, volume in enumerate(VOLUMES):
        ions, sites = of_concentration(found["open"], made, k, TIMES[-1])
        least = limits(volume, expected(made[0, k], 0.0)[0], uptake(made[0, k]), TIMES[-1])
        lines.append(
            f"{volume:<18g}{ions:9.4f}{least['ions']:9.4f}{sites:9.4f}{least['ions'] + least['sites']:9.4f}"
            f"{least['count']:11.4f}{least['monitor']:10.5f}"
        )
    return lines


def of_concentration(tree: xr.DataTree, made: np.ndarray, k: int, length: float) -> tuple[float, float]:
    """(dc/c)^2 at the lower input, from the variance that free ions and filled sensors have, and from what each says.

    A small change of c changes free ions in proportion, and filled sensors by p (1 - p) of them.
    """
    errors = []
    for what in ("Ca", "CaS"):
        x = read(tree, what, length).isel({DIMS["open"]: 0, "radius": k})
        mean = expected(made[0, k], 0.0, 0 if what == "Ca" else 2)[0]
        gain = mean if what == "Ca" else mean * (1.0 - mean / SITES)
        errors.append(float(x.var("trial", ddof=1)) / gain**2)
    return errors[0], errors[1]


def _told(data: xr.Dataset, name: str, digits: int = 2) -> str:
    return f"{float(data[name]):.{digits}f} ± {float(data[name + '_error']):.{digits}f}"


def plot(found: dict[str, xr.DataTree], path: Path) -> None:
    """The bath, the volumes, the times, the sensors."""
    figure = blank(11.4, 7.4)
    grid = figure.add_gridspec(2, 3, left=0.06, right=0.985, bottom=0.07, top=0.86, wspace=0.27, hspace=0.42)
    panels = (
        ("In a bath: the limits of Berg and Purcell", draw_bath),
        ("Free ions: distance of two inputs", lambda ax, found: draw_volumes(ax, found, "Ca", False)),
        ("Free ions: information", lambda ax, found: draw_volumes(ax, found, "Ca", True)),
        (f"{ALIKE:g} µm³: what averages away", draw_times),
        (f"{SITES} sensors: information", lambda ax, found: draw_volumes(ax, found, "CaS", True)),
        ("100 nM, 100 ms: who counts, and how well", draw_limits),
    )
    for k, (title, draw) in enumerate(panels):
        ax = tidy(figure.add_subplot(grid[k // 3, k % 3]))
        draw(ax, found)
        ax.set_title(title, loc="left", fontsize=9, fontweight="bold", color=INK)
        ax.legend(frameon=False, fontsize=6.5, labelcolor=INK, handlelength=1.6)
    figure.text(
        0.02, 0.95, "100 or 200 nM: how well a head of some volume tells", fontsize=13, fontweight="bold", color=INK
    )
    said = "circles: particles; crosses: events of a well-mixed network; lines: theory"
    figure.text(0.02, 0.915, said, fontsize=8.5, color=QUIET)
    written(figure, path)


def draw_bath(ax, found):
    """Relative errors of monitor and absorber against time."""
    times = np.array([0.02, 0.05, 0.1, 0.2, 0.5, 1.0]) * 1e-3
    for (kind, least), colour in zip((("monitor", 0.0), ("absorber", 1e-4)), SERIES, strict=False):
        some = times[times >= least]
        values, errors = np.array([of_bath(kind, found[kind], t) for t in some]).T
        ax.errorbar(1e3 * some, values, errors, fmt="o", ms=5, color=colour, lw=1.2, label=f"perfect {kind}")
        ax.plot(1e3 * times, [in_bath(kind, t) for t in times], color=colour, lw=1.0, ls="--")
    ax.axhline(1.0 / (BATH * 4.0 / 3.0 * np.pi * BALL**3), color=TWIN, lw=1.0, ls=":", label="one count")
    ax.set(xscale="log", yscale="log", xlabel="time (ms)", ylabel="(δc/c)²")


def draw_volumes(ax, found, what, in_bits):
    """d' or information against volume, for single counts and averages."""
    made, state = networks(scenario("open"), series_of("open", VOLUMES)), {"Ca": 0, "CaS": 2}[what]
    for length, colour in zip(TIMES, SERIES, strict=False):
        pairs = [[expected(one, length, state) for one in column] for column in made.T]
        is_count = not length and what == "Ca"
        curve = [(of_counts(low[0], high[0]) if is_count else of_normals(low, high)) for low, high in pairs]
        curve = curve if in_bits else [told_apart(*pair) for pair in pairs]
        label = f"mean of {1e3 * length:g} ms" if length else "one count"
        ax.plot(VOLUMES, curve, color=colour, lw=1.0, ls="--", label=label)
        name, measure = ("information", information) if in_bits else ("d", discriminability)
        for store, volumes, mark in (("open", VOLUMES, "x"), ("particles", FEW, "o")):
            seen = measure(read(found[store], what, length), DIMS["open"])
            there = volumes[: seen.sizes["radius"]]
            ax.errorbar(there, seen[name], seen[f"{name}_error"], fmt=mark, ms=5, color=colour, lw=1.0, mew=1)
    ax.set(xscale="log", xlabel="volume (µm³)", ylabel="information (bit)" if in_bits else "d'")
    ax.set(ylim=(0.0, 1.25)) if in_bits else ax.set(yscale="log")


def draw_times(ax, found):
    """d' against the time of averaging, of an open and a closed head."""
    times = np.array([0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]) * 1e-3
    k = VOLUMES.index(ALIKE)
    made = networks(scenario("open"), series_of("open", (ALIKE,)))
    shut = networks(scenario("closed"), series_of("closed", (ALIKE,)))
    curves = (
        ("open", k, [told_apart(*(expected(one, t) for one in made[:, 0])) for t in times]),
        ("closed", 0, [closed_apart(shut, t) for t in times]),
    )
    for (name, where, curve), colour in zip(curves, SERIES, strict=False):
        each = [discriminability(read(found[name], "Ca", t), DIMS[name]).isel(radius=where) for t in times]
        values, errors = np.array([[float(one["d"]), float(one["d_error"])] for one in each]).T
        ax.errorbar(1e3 * times, values, errors, fmt="x", ms=5, color=colour, lw=1.0, label=name)
        ax.plot(1e3 * times, curve, color=colour, lw=1.0, ls="--")
    low, high = (one.jumps[0].number for one in shut[:, 0])
    ax.axhline(told_apart((low, low), (high, high)), color=TWIN, lw=1.0, ls=":", label="all ions of the closed head")
    ax.set(xscale="log", yscale="log", xlabel="time (ms)", ylabel="d'")


def draw_limits(ax, found):
    """Relative errors of the concentration by readers, with their limits."""
    made = networks(scenario("open"), series_of("open", VOLUMES))
    seen = np.array([of_concentration(found["open"], made, k, TIMES[-1]) for k in range(len(VOLUMES))])
    rest = [(expected(one, 0.0)[0], uptake(one)) for one in made[0]]
    least = [limits(v, *one, TIMES[-1]) for v, one in zip(VOLUMES, rest, strict=True)]
    bar = seen * np.sqrt(2.0 / read(found["open"], "Ca", TIMES[-1]).sizes["trial"])
    ax.errorbar(VOLUMES, seen[:, 0], bar[:, 0], fmt="x", ms=6, color=SERIES[0], lw=1.0, label="free ions")
    ax.errorbar(VOLUMES, seen[:, 1], bar[:, 1], fmt="x", ms=6, color=SERIES[1], lw=1.0, label=f"{SITES} sensors")
    ax.plot(VOLUMES, [one["ions"] for one in least], color=SERIES[0], lw=1.0, ls="--", label="2 / (γ n T)")
    both = [one["ions"] + one["sites"] for one in least]
    ax.plot(VOLUMES, both, color=SERIES[1], lw=1.0, ls="--", label="and 2 / (k c (1 - p) M T)")
    ax.plot(VOLUMES, [one["count"] for one in least], color=TWIN, lw=1.0, ls=":", label="one count, 1 / n")
    ax.plot(VOLUMES, [one["monitor"] for one in least], color=QUIET, lw=1.0, label="monitor of that size in a bath")
    ax.set(xscale="log", yscale="log", xlabel="volume (µm³)", ylabel="(δc/c)²")


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    found = runs(given.stores, given.quick)
    print("\n".join(numbers(found)))
    plot(found, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
