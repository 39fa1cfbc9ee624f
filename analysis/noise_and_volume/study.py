"""How the noise of free calcium goes with the volume, at rest and in a pulse: runs, compares with theory, draws."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import options, ran  # noqa: E402

from spinemc.figures.style import INK, QUIET, SERIES, TWIN, blank, tidy, written  # noqa: E402
from spinemc.plans import prepare  # noqa: E402
from spinemc.scenario import Scenario, load_scenario, override  # noqa: E402
from spinemc.scenario.sweeps import Sweep, Varied, points  # noqa: E402
from spinemc.twins import noise  # noqa: E402
from spinemc.twins.wells import Wells, wells  # noqa: E402

VOLUMES = (0.004, 0.012, 0.036, 0.1, 0.27, 0.6)  # [um^3]
SHOWN = 0.1  # of them, the one whose spectra and pulse are drawn
BUFFERS = (1.0, 2.1, 4.2, 9.0, 18.0, 36.9)  # [uM] of the closed head
KINDS = {
    "rest": ("rest", ("release.3.concentration=0 uM", "release.4.concentration=0 uM")),
    "rest_buffer": ("rest", ()),
    "closed": ("closed", ()),
    "pulse": ("pulse", ("release.2.concentration=0 uM",)),
    "pulse_buffer": ("pulse", ()),
}
"""By name: a scenario file, and what is laid over it."""

SETTLED = {"rest": 40e-3, "rest_buffer": 40e-3, "closed": 5e-3}
"""Time after which exact numbers at the beginning are forgotten [s]: to 0.4 % of the variance at least."""


def radius(volume: float) -> float:
    """The radius of a ball [um] of some volume [um^3]."""
    return float((3.0 * volume / (4.0 * np.pi)) ** (1.0 / 3.0))


def scenario(kind: str, *settings: str) -> Scenario:
    """The scenario of a kind, with settings laid over it."""
    file, own = KINDS[kind]
    return load_scenario(HERE / f"{file}.toml", (*own, *settings))


def sizes(volumes: tuple[float, ...]) -> Sweep:
    """The points of a series of balls."""
    return points([Varied("geometry.shape.radius", tuple(f"{radius(v):.5f} um" for v in volumes))], "grid")


def amounts(buffers: tuple[float, ...]) -> Sweep:
    """The points of a series of closed heads by their buffer [uM]."""
    return points([Varied("release.2.concentration", tuple(f"{b:g} uM" for b in buffers))], "grid")


def network(made: Scenario) -> Wells:
    """The network of a scenario: calcium is its first state."""
    system = prepare(made)
    return wells(made, system.geometry, system.network)


def networks(made: Scenario, varied: Sweep) -> list[Wells]:
    """The networks of the points of a sweep."""
    return [network(override(made, *settings)) for settings in varied.settings]


def settled(made: list[Wells]) -> tuple[np.ndarray, np.ndarray]:
    """(point,) Mean and variance of free calcium that networks come to, by the linear noise approximation."""
    each = [noise.stationary_noise(one) for one in made]
    return np.array([m.mean[0, 0] for m in each]), np.array([m.covariance[0, 0, 0] for m in each])


def passing(made: list[Wells], time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(point, time) Mean and variance of free calcium from the beginning on, by the linear noise approximation."""
    each = [noise.linear_noise(one, time) for one in made]
    return np.array([m.mean[:, 0] for m in each]), np.array([m.covariance[:, 0, 0] for m in each])


def exact(made: list[Wells]) -> np.ndarray:
    """(point,) Fano factors of free calcium from the exact distribution of closed networks."""
    found = []
    for one in made:
        states, p = noise.stationary_distribution(one)
        mean = p @ states[:, 0]
        found.append(p @ (states[:, 0] - mean) ** 2 / mean)
    return np.array(found)


def pooled(series: xr.DataArray) -> xr.Dataset:
    """Mean, Fano factor and coefficient of variation of a stationary number, over trials and times alike.

    Parameters
    ----------
    series : DataArray
        (..., trial, time)

    Returns
    -------
    xarray.Dataset
        `mean`, `fano`, `cv`, each with `_error`, by the jackknife over trials.
    """
    n = series.sizes["trial"]
    first, second = series.mean("time"), (series.astype(float) ** 2).mean("time")

    def values(a: xr.DataArray, b: xr.DataArray) -> xr.Dataset:
        return xr.Dataset({"mean": a, "fano": b / a - a, "cv": np.sqrt(b - a**2) / a})

    whole = values(first.mean("trial"), second.mean("trial"))
    left = values(*((x.sum("trial") - x) / (n - 1) for x in (first, second)))
    error = np.sqrt((n - 1) * left.var("trial"))
    return whole.merge({f"{name}_error": error[name] for name in error})


def at_rest(kind: str, tree: xr.DataTree) -> xr.Dataset:
    """What `pooled` tells of free calcium of a store at rest, once it has settled."""
    return pooled(tree.spinemc.series("Ca", between=(SETTLED[kind], np.inf)))


def at_peak(tree: xr.DataTree, mean: np.ndarray) -> xr.Dataset:
    """Moments of free calcium at each size when its expected mean (radius, time) is the largest."""
    when = xr.DataArray(tree["counts/time"].values[mean.argmax(axis=1)], dims="radius")
    return tree.spinemc.moments("Ca").sel(time=when)


def runs(stores: Path, quick: bool) -> dict[str, xr.DataTree]:
    """The stores of the study, by name: each kind with particles, and by events of well-mixed networks."""
    volumes = sizes(VOLUMES[::3] + VOLUMES[4:5] if quick else VOLUMES)
    found = {}
    for kind in KINDS:
        few = (f"run.trials={5 if kind in SETTLED else 30}",) if quick else ()
        found[kind] = ran(scenario(kind, *few), stores / f"{kind}.zarr", volumes)
        mixed = scenario(kind, f"run.trials={100 if quick else 300}", "run.engine=compartments")
        found[f"{kind}_wells"] = ran(mixed, stores / f"{kind}_wells.zarr", volumes)
    few = ("run.trials=4",) if quick else ()
    found["buffers"] = ran(scenario("closed", *few), stores / "buffers.zarr", amounts(BUFFERS))
    for kind in SETTLED:
        slow = scenario(kind, "run.trials=30", "run.engine=compartments", "run.t_stop=540 ms")
        found[f"{kind}_long"] = ran(slow, stores / f"{kind}_long.zarr")
    return found


def numbers(found: dict[str, xr.DataTree]) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = []
    for kind in SETTLED:
        varied = _points(found[kind])
        mean, variance = settled(networks(scenario(kind), varied))
        seen, mixed = at_rest(kind, found[kind]), at_rest(kind, found[f"{kind}_wells"])
        lines += ["", f"{kind:<14}{'mean':>16}{'theory':>8}{'Fano':>16}{'wells':>16}{'theory':>8}{'CV':>16}"]
        for k, volume in enumerate(_volumes(found[kind])):
            one, other = seen.isel(radius=k), mixed.isel(radius=k)
            lines.append(
                f"{volume:<14.3f}{_told(one, 'mean'):>16}{mean[k]:8.3g}{_told(one, 'fano'):>16}"
                f"{_told(other, 'fano'):>16}{variance[k] / mean[k]:8.3f}{_told(one, 'cv'):>16}"
            )
    for kind in ("pulse", "pulse_buffer"):
        mean, variance = passing(networks(scenario(kind), _points(found[kind])), found[kind]["counts/time"].values)
        seen, mixed = at_peak(found[kind], mean), at_peak(found[f"{kind}_wells"], mean)
        lines += [
            "",
            f"{kind:<14}{'peak':>16}{'theory':>8}{'Fano':>16}{'wells':>16}{'theory':>8}{'CV':>16}{'theory':>8}",
        ]
        for k, volume in enumerate(_volumes(found[kind])):
            top, one, other = mean[k].argmax(), seen.isel(radius=k), mixed.isel(radius=k)
            fano, cv = variance[k, top] / mean[k, top], np.sqrt(variance[k, top]) / mean[k, top]
            lines.append(
                f"{volume:<14.3f}{_told(one, 'mean'):>16}{mean[k, top]:8.4g}{_told(one, 'fano'):>16}"
                f"{_told(other, 'fano'):>16}{fano:8.3f}{_told(one, 'cv'):>16}{cv:8.3f}"
            )
    lines += ["", f"{'closed, buffer':<16}{'Fano':>16}{'exact':>8}"]
    closed = at_rest("closed", found["buffers"])
    for k, (buffer, fano) in enumerate(
        zip(BUFFERS, exact(networks(scenario("closed"), amounts(BUFFERS))), strict=True)
    ):
        lines.append(f"{buffer:<16g}{_told(closed.isel(release_2_concentration=k), 'fano'):>16}{fano:8.3f}")
    lines += [
        "",
        f"{'at 0.1 um^3':<14}{'memory to 1/e':>18}{'density, 5-30 Hz, over theory':>32}{'theory at 0 Hz':>16}",
    ]
    plain = network(scenario("rest"))
    unit = 4.0 * settled([plain])[0][0] / _uptake(plain)
    for kind in SETTLED:
        memory = 1e3 * _long(found, kind).spinemc.autocorrelation()
        density = spectrum(found, kind)["spectrum"].sel(frequency=slice(5.0, 30.0))
        theory = noise.spectrum(network(scenario(kind)), np.array([0.0, *density["frequency"].values]))[:, 0]
        ratio = float(density.mean()) / theory[1:].mean()
        lines.append(f"{kind:<14}{_told(memory, 'correlation_time'):>15} ms{ratio:32.3f}{theory[0] / unit:16.3f}")
    return lines


def spectrum(found: dict[str, xr.DataTree], kind: str) -> xr.Dataset:
    """The spectrum of free calcium in the long run of a kind."""
    return _long(found, kind).spinemc.spectrum(segment=2000, taper="hann")


def _long(found: dict[str, xr.DataTree], kind: str) -> xr.DataArray:
    return found[f"{kind}_long"].spinemc.series("Ca", between=(SETTLED[kind], np.inf))


def _told(data: xr.Dataset, name: str) -> str:
    return f"{float(data[name]):.3f} ± {float(data[name + '_error']):.3f}"


def _points(tree: xr.DataTree) -> Sweep:
    """The points of a store of sizes."""
    return points([Varied("geometry.shape.radius", tuple(f"{r:.5f} um" for r in tree["counts/radius"].values))], "grid")


def _volumes(tree: xr.DataTree) -> np.ndarray:
    return tree["counts/volume"].sel(compartment="cytosol").values


def _uptake(made: Wells) -> float:
    """The rate [1/s] at which the membrane takes an ion up: of the channel that only takes calcium."""
    return next(channel.scale for channel in made.channels if channel.reactants == (0,))


def plot(found: dict[str, xr.DataTree], path: Path) -> None:
    """Rest above, the pulse below: noise against volume, against buffer, against frequency and time."""
    figure = blank(11.4, 7.4)
    grid = figure.add_gridspec(2, 3, left=0.06, right=0.985, bottom=0.07, top=0.86, wspace=0.27, hspace=0.42)
    panels = (
        ("At rest: coefficient of variation", draw_variation),
        ("At rest: Fano factor", draw_fano),
        ("Closed: exactly so many ions, and a buffer", draw_buffers),
        (f"At rest, {SHOWN:g} µm³: what the noise is made of", draw_spectra),
        (f"A pulse, {SHOWN:g} µm³", draw_pulse),
        ("At the peak: coefficient of variation", draw_peak),
    )
    for k, (title, draw) in enumerate(panels):
        ax = tidy(figure.add_subplot(grid[k // 3, k % 3]))
        draw(ax, found)
        ax.set_title(title, loc="left", fontsize=9, fontweight="bold", color=INK)
        ax.legend(frameon=False, fontsize=6.5, labelcolor=INK, handlelength=1.6)
    figure.text(0.02, 0.95, "Noise of free calcium and volume", fontsize=13, fontweight="bold", color=INK)
    said = "circles: particles, bars: standard errors; crosses: events of a well-mixed network; lines: theory"
    figure.text(0.02, 0.915, said, fontsize=8.5, color=QUIET)
    written(figure, path)


def _marked(ax, found, kind, name, measure, colour, label):
    """Circles with bars of the particles, crosses of the network."""
    seen, mixed = measure(found[kind]), measure(found[f"{kind}_wells"])
    volume = _volumes(found[kind])
    ax.errorbar(volume, seen[name], seen[f"{name}_error"], fmt="o", ms=5, color=colour, lw=1.2, label=label)
    ax.plot(volume, mixed[name], "x", ms=6, color=colour, mew=1)
    return volume


def draw_variation(ax, found):
    """Coefficients of variation at rest, over 1/sqrt(c V)."""
    for kind, colour, label in (("rest", SERIES[0], "open"), ("rest_buffer", SERIES[1], "open, with buffer")):
        volume = _marked(ax, found, kind, "cv", lambda tree, kind=kind: at_rest(kind, tree), colour, label)
    mean = settled(networks(scenario("rest"), _points(found["rest"])))[0]
    ax.plot(volume, 1.0 / np.sqrt(mean), color=TWIN, lw=1.2, ls="--", label="1 / √⟨n⟩")
    ax.set(xscale="log", yscale="log", xlabel="volume (µm³)", ylabel="CV")


def draw_fano(ax, found):
    """Fano factors at rest: 1 where ions come and go, less where their number is fixed."""
    said = (("rest", "open"), ("rest_buffer", "open, with buffer"), ("closed", "closed, with buffer"))
    for (kind, label), colour in zip(said, SERIES, strict=False):
        volume = _marked(ax, found, kind, "fano", lambda tree, kind=kind: at_rest(kind, tree), colour, label)
        mean, variance = settled(networks(scenario(kind), _points(found[kind])))
        ax.plot(volume, variance / mean, color=colour, lw=1.0, ls="--")
    ax.set(xscale="log", ylim=(0.7, 1.35), xlabel="volume (µm³)", ylabel="Fano factor")


def draw_buffers(ax, found):
    """Fano factors of a closed head by its buffer: the share of calcium that is bound."""
    seen = at_rest("closed", found["buffers"])
    theory = exact(networks(scenario("closed"), amounts(BUFFERS)))
    ax.errorbar(BUFFERS, seen["fano"], seen["fano_error"], fmt="o", ms=5, color=SERIES[2], lw=1.2, label="closed")
    ax.plot(BUFFERS, theory, color=SERIES[2], lw=1.0, ls="--", label="exact distribution")
    bound = 1.0 - seen["mean"] / _total(found["buffers"])
    ax.plot(BUFFERS, bound, "s", ms=8, mfc="none", color=QUIET, mew=0.8, label="share that is bound")
    ax.axhline(1.0, color=TWIN, lw=1.0, ls="--", label="open")
    ax.set(xscale="log", ylim=(0.0, 1.35), xlabel="buffer (µM)", ylabel="Fano factor")


def _total(tree: xr.DataTree) -> xr.DataArray:
    """Ions in a closed head, free and bound."""
    return sum(tree.spinemc.series(name).isel(time=0, trial=0, drop=True) for name in ("Ca", "CaB"))


def draw_spectra(ax, found):
    """Power spectra: a buffer moves noise to other frequencies, and leaves that of an open cell at frequency 0."""
    said = {"rest": "open", "rest_buffer": "open, with buffer", "closed": "closed, with buffer"}
    for (kind, label), colour in zip(said.items(), SERIES, strict=False):
        seen = spectrum(found, kind)["spectrum"].isel(frequency=slice(1, None))
        few = np.unique(np.geomspace(1, seen.sizes["frequency"], 40).astype(int)) - 1
        f = seen["frequency"].values
        ax.plot(f[few], seen.values[few], "x", ms=4, color=colour, mew=0.8)
        fine = np.geomspace(f[0], f[-1], 200)
        ax.plot(fine, noise.spectrum(network(scenario(kind)), fine)[:, 0], color=colour, lw=1.2, label=label)
    ax.set(xscale="log", yscale="log", xlabel="frequency (Hz)", ylabel="spectral density (1/Hz)")


def draw_pulse(ax, found):
    """Mean and standard deviation of a pulse, with what Poisson numbers of that mean would have."""
    for kind, colour, label in (("pulse", SERIES[0], "no buffer"), ("pulse_buffer", SERIES[1], "with buffer")):
        nearest = int(np.abs(_volumes(found[kind]) - SHOWN).argmin())
        series = found[kind].spinemc.series("Ca").isel(radius=nearest)
        time, mean, deviation = 1e3 * series["time"], series.mean("trial"), series.std("trial", ddof=1)
        ax.fill_between(time, mean - deviation, mean + deviation, color=colour, alpha=0.25, lw=0)
        ax.plot(time, mean, color=colour, lw=1.4, label=f"{label}, ± SD")
        some = _points(found[kind]).settings[nearest]
        theory, variance = passing([network(scenario(kind, *some))], series["time"].values)
        for sign in (-1.0, 1.0):
            ax.plot(time, (theory + sign * np.sqrt(variance))[0], color=colour, lw=0.9, ls="--")
            ax.plot(time, (theory + sign * np.sqrt(theory))[0], color=QUIET, lw=0.7, ls=":")
    ax.plot([], [], color=QUIET, lw=0.7, ls=":", label="± √⟨n⟩")
    ax.set(xlabel="time (ms)", ylabel="free Ca (ions)", ylim=(0, None))


def draw_peak(ax, found):
    """Coefficients of variation when the expected mean is the largest."""
    for kind, colour, label in (("pulse", SERIES[0], "no buffer"), ("pulse_buffer", SERIES[1], "with buffer")):
        mean, variance = passing(networks(scenario(kind), _points(found[kind])), found[kind]["counts/time"].values)
        volume = _marked(ax, found, kind, "cv", lambda tree, mean=mean: at_peak(tree, mean), colour, label)
        top = np.arange(len(mean)), mean.argmax(axis=1)
        ax.plot(volume, np.sqrt(variance[top]) / mean[top], color=colour, lw=1.0, ls="--")
        ax.plot(volume, 1.0 / np.sqrt(mean[top]), color=colour, lw=0.8, ls=":", label=f"1 / √⟨n⟩, {label}")
    ax.set(xscale="log", yscale="log", xlabel="volume (µm³)", ylabel="CV")


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    found = runs(given.stores, given.quick)
    print("\n".join(numbers(found)))
    plot(found, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
