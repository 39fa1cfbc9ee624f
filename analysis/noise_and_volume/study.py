"""How the noise of free calcium goes with the volume, at rest and in a pulse: runs, compares with theory, draws."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import options, ran, sheet
from noise_and_volume import panels
from noise_and_volume.theory import (
    BUFFERS,
    KINDS,
    SETTLED,
    SHOWN,
    VOLUMES,
    amounts,
    at_peak,
    at_rest,
    exact,
    long_series,
    network,
    networks,
    passing,
    points_of,
    scenario,
    settled,
    sizes,
    spectrum,
    uptake,
    volumes_of,
)

from spinemc.twins import noise


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
        varied = points_of(found[kind])
        mean, variance = settled(networks(scenario(kind), varied))
        seen, mixed = at_rest(kind, found[kind]), at_rest(kind, found[f"{kind}_wells"])
        lines += ["", f"{kind:<14}{'mean':>16}{'theory':>8}{'Fano':>16}{'wells':>16}{'theory':>8}{'CV':>16}"]
        for k, volume in enumerate(volumes_of(found[kind])):
            one, other = seen.isel(radius=k), mixed.isel(radius=k)
            lines.append(
                f"{volume:<14.3f}{_told(one, 'mean'):>16}{mean[k]:8.3g}{_told(one, 'fano'):>16}"
                f"{_told(other, 'fano'):>16}{variance[k] / mean[k]:8.3f}{_told(one, 'cv'):>16}"
            )
    for kind in ("pulse", "pulse_buffer"):
        mean, variance = passing(networks(scenario(kind), points_of(found[kind])), found[kind]["counts/time"].values)
        seen, mixed = at_peak(found[kind], mean), at_peak(found[f"{kind}_wells"], mean)
        lines += [
            "",
            f"{kind:<14}{'peak':>16}{'theory':>8}{'Fano':>16}{'wells':>16}{'theory':>8}{'CV':>16}{'theory':>8}",
        ]
        for k, volume in enumerate(volumes_of(found[kind])):
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
    unit = 4.0 * settled([plain])[0][0] / uptake(plain)
    for kind in SETTLED:
        memory = 1e3 * long_series(found, kind).spinemc.autocorrelation()
        density = spectrum(found, kind)["spectrum"].sel(frequency=slice(5.0, 30.0))
        theory = noise.spectrum(network(scenario(kind)), np.array([0.0, *density["frequency"].values]))[:, 0]
        ratio = float(density.mean()) / theory[1:].mean()
        lines.append(f"{kind:<14}{_told(memory, 'correlation_time'):>15} ms{ratio:32.3f}{theory[0] / unit:16.3f}")
    return lines


def _told(data: xr.Dataset, name: str) -> str:
    return f"{float(data[name]):.3f} ± {float(data[name + '_error']):.3f}"


def plot(found: dict[str, xr.DataTree], path: Path) -> None:
    """Rest above, the pulse below: noise against volume, against buffer, against frequency and time."""
    drawn = (
        ("At rest: coefficient of variation", lambda ax: panels.draw_variation(ax, found)),
        ("At rest: Fano factor", lambda ax: panels.draw_fano(ax, found)),
        ("Closed: a fixed number of ions", lambda ax: panels.draw_buffers(ax, found)),
        (f"At rest, {SHOWN:g} µm³: power spectrum", lambda ax: panels.draw_spectra(ax, found)),
        (f"A pulse, {SHOWN:g} µm³", lambda ax: panels.draw_pulse(ax, found)),
        ("At the peak: coefficient of variation", lambda ax: panels.draw_peak(ax, found)),
    )
    said = "circles: particles, bars: standard errors; crosses: events of a well-mixed network; lines: theory"
    sheet("Noise of free calcium and volume", said, drawn, path)


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    found = runs(given.stores, given.quick)
    print("\n".join(numbers(found)))
    plot(found, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
