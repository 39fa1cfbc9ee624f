"""The panels of the figure of this study: each takes axes and the stores."""

from __future__ import annotations

import numpy as np
import xarray as xr
from noise_and_volume.theory import (
    BUFFERS,
    SHOWN,
    amounts,
    at_peak,
    at_rest,
    exact,
    network,
    networks,
    passing,
    points_of,
    scenario,
    settled,
    spectrum,
    volumes_of,
)

from spinemc.figures.style import QUIET, SERIES, TWIN
from spinemc.twins import noise


def _marked(ax, found, kind, name, measure, colour, label):
    """Circles with bars of the particles, crosses of the network."""
    seen, mixed = measure(found[kind]), measure(found[f"{kind}_wells"])
    volume = volumes_of(found[kind])
    ax.errorbar(volume, seen[name], seen[f"{name}_error"], fmt="o", ms=5, color=colour, lw=1.2, label=label)
    ax.plot(volume, mixed[name], "x", ms=6, color=colour, mew=1)
    return volume


def draw_variation(ax, found):
    """Coefficients of variation at rest, over 1/sqrt(c V)."""
    for kind, colour, label in (("rest", SERIES[0], "open"), ("rest_buffer", SERIES[1], "open, with buffer")):
        volume = _marked(ax, found, kind, "cv", lambda tree, kind=kind: at_rest(kind, tree), colour, label)
    mean = settled(networks(scenario("rest"), points_of(found["rest"])))[0]
    ax.plot(volume, 1.0 / np.sqrt(mean), color=TWIN, lw=1.2, ls="--", label="1 / √⟨n⟩")
    ax.set(xscale="log", yscale="log", xlabel="volume (µm³)", ylabel="CV")
    ax.set(yticks=(0.2, 0.5, 1, 2), yticklabels=("0.2", "0.5", "1", "2"))
    ax.yaxis.minorticks_off()


def draw_fano(ax, found):
    """Fano factors at rest: 1 where ions come and go, less where their number is fixed."""
    said = (("rest", "open"), ("rest_buffer", "open, with buffer"), ("closed", "closed, with buffer"))
    for (kind, label), colour in zip(said, SERIES, strict=False):
        volume = _marked(ax, found, kind, "fano", lambda tree, kind=kind: at_rest(kind, tree), colour, label)
        mean, variance = settled(networks(scenario(kind), points_of(found[kind])))
        ax.plot(volume, variance / mean, color=colour, lw=1.0, ls="--")
    ax.set(xscale="log", ylim=(0.7, 1.35), xlabel="volume (µm³)", ylabel="Fano factor")


def draw_buffers(ax, found):
    """Fano factors of a closed head by its buffer: the share of calcium that is bound."""
    seen = at_rest("closed", found["buffers"])
    theory = exact(networks(scenario("closed"), amounts(BUFFERS)))
    ax.errorbar(BUFFERS, seen["fano"], seen["fano_error"], fmt="o", ms=5, color=SERIES[2], lw=1.2, label="closed")
    ax.plot(BUFFERS, theory, color=SERIES[2], lw=1.0, ls="--", label="exact distribution")
    bound = 1.0 - seen["mean"] / total_ions(found["buffers"])
    ax.plot(BUFFERS, bound, "s", ms=8, mfc="none", color=QUIET, mew=0.8, label="share that is bound")
    ax.axhline(1.0, color=TWIN, lw=1.0, ls="--", label="open")
    ax.set(xscale="log", ylim=(0.0, 1.35), xlabel="buffer (µM)", ylabel="Fano factor")


def total_ions(tree: xr.DataTree) -> xr.DataArray:
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
        nearest = int(np.abs(volumes_of(found[kind]) - SHOWN).argmin())
        series = found[kind].spinemc.series("Ca").isel(radius=nearest)
        time, mean, deviation = 1e3 * series["time"], series.mean("trial"), series.std("trial", ddof=1)
        ax.fill_between(time, mean - deviation, mean + deviation, color=colour, alpha=0.25, lw=0)
        ax.plot(time, mean, color=colour, lw=1.4, label=f"{label}, ± SD")
        some = points_of(found[kind]).settings[nearest]
        theory, variance = passing([network(scenario(kind, *some))], series["time"].values)
        for sign in (-1.0, 1.0):
            ax.plot(time, (theory + sign * np.sqrt(variance))[0], color=colour, lw=0.9, ls="--")
            ax.plot(time, (theory + sign * np.sqrt(theory))[0], color=QUIET, lw=0.7, ls=":")
    ax.plot([], [], color=QUIET, lw=0.7, ls=":", label="± √⟨n⟩")
    ax.set(xlabel="time (ms)", ylabel="free Ca (ions)", ylim=(0, None))


def draw_peak(ax, found):
    """Coefficients of variation when the expected mean is the largest."""
    for kind, colour, label in (("pulse", SERIES[0], "no buffer"), ("pulse_buffer", SERIES[1], "with buffer")):
        mean, variance = passing(networks(scenario(kind), points_of(found[kind])), found[kind]["counts/time"].values)
        volume = _marked(ax, found, kind, "cv", lambda tree, mean=mean: at_peak(tree, mean), colour, label)
        top = np.arange(len(mean)), mean.argmax(axis=1)
        ax.plot(volume, np.sqrt(variance[top]) / mean[top], color=colour, lw=1.0, ls="--")
        ax.plot(volume, 1.0 / np.sqrt(mean[top]), color=colour, lw=0.8, ls=":", label=f"1 / √⟨n⟩, {label}")
    ax.set(xscale="log", yscale="log", xlabel="volume (µm³)", ylabel="CV")
