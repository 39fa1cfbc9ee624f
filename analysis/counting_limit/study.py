"""How well calcium tells two inputs apart, by volume and by time: runs, compares with theory, draws."""

from __future__ import annotations

import sys
from pathlib import Path

import xarray as xr

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import options, ran, sheet
from counting_limit import panels
from counting_limit.readers import (
    ALIKE,
    DIMS,
    FEW,
    TIMES,
    VOLUMES,
    discriminability,
    information,
    networks,
    of_bath,
    of_concentration,
    read,
    scenario,
    series_of,
)
from counting_limit.theory import (
    SITES,
    closed_apart,
    expected,
    in_bath,
    limits,
    of_counts,
    of_normals,
    told_apart,
    uptake,
)


def runs(stores: Path, quick: bool) -> dict[str, xr.DataTree]:
    """The stores of the study, by name."""
    few = ("run.trials=2", "run.t_stop=10 ms") if quick else ()
    found = {kind: ran(scenario(kind, *few), stores / f"{kind}.zarr") for kind in ("monitor", "absorber")}
    many = ("run.trials=60",) if quick else ()
    found["open"] = ran(scenario("open", *many), stores / "open.zarr", series_of("open", VOLUMES))
    found["closed"] = ran(scenario("closed", *many), stores / "closed.zarr", series_of("closed", (ALIKE,)))
    particles = scenario("open", "run.engine=particles", f"run.trials={2 if quick else 8}")
    found["particles"] = ran(particles, stores / "particles.zarr", series_of("open", FEW[:2] if quick else FEW))
    return found


def numbers(found: dict[str, xr.DataTree]) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = [f"{'in a bath':<12}{'T, ms':>6}{'(dc/c)^2':>20}{'theory':>9}"]
    for kind in ("monitor", "absorber"):
        for length in (0.3e-3, 1e-3):
            value, error = of_bath(kind, found[kind], length)
            lines.append(f"{kind:<12}{1e3 * length:6.1f}{value:11.5f} ± {error:.5f}{in_bath(kind, length):10.5f}")
    made = networks("open", VOLUMES)
    for what, state in (("Ca", 0), ("CaS", 2)):
        for length in TIMES:
            response = read(found["open"], what, length)
            apart, told = discriminability(response, DIMS["open"]), information(response, DIMS["open"])
            lines += [
                "",
                f"{f'{what}, {1e3 * length:g} ms':<14}{'distance':>15}{'theory':>8}{'bit':>16}{'theory':>8}",
            ]
            for k, volume in enumerate(VOLUMES):
                low, high = (expected(one, length, state) for one in made[:, k])
                bits = of_normals(low, high) if length or state else of_counts(low[0], high[0])
                lines.append(
                    f"{volume:<14g}{_told(apart.isel(radius=k), 'd'):>15}{told_apart(low, high):8.2f}"
                    f"{_told(told.isel(radius=k), 'information', 3):>16}{bits:8.3f}"
                )
    lines += ["", f"{'particles, Ca':<14}" + "".join(f"{f'{1e3 * t:g} ms':>15}" for t in TIMES[:2])]
    each = [discriminability(read(found["particles"], "Ca", t), DIMS["open"]) for t in TIMES[:2]]
    for k, volume in enumerate(FEW[: each[0].sizes["radius"]]):
        lines.append(f"{volume:<14g}" + "".join(f"{_told(one.isel(radius=k), 'd'):>15}" for one in each))
    shut = networks("closed", (ALIKE,))
    lines += ["", f"{f'closed, {ALIKE:g} um^3':<18}{'distance':>15}{'theory':>8}"]
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


def _told(data: xr.Dataset, name: str, digits: int = 2) -> str:
    return f"{float(data[name]):.{digits}f} ± {float(data[name + '_error']):.{digits}f}"


def plot(found: dict[str, xr.DataTree], path: Path) -> None:
    """The bath, the volumes, the times, the sensors."""
    drawn = (
        ("In a bath: the limits of Berg and Purcell", lambda ax: panels.draw_bath(ax, found)),
        ("Free ions: distance of two inputs", lambda ax: panels.draw_volumes(ax, found, "Ca", False)),
        ("Free ions: information", lambda ax: panels.draw_volumes(ax, found, "Ca", True)),
        (f"{ALIKE:g} µm³: what averages away", lambda ax: panels.draw_times(ax, found)),
        (f"{SITES} sensors: information", lambda ax: panels.draw_volumes(ax, found, "CaS", True)),
        ("100 nM, 100 ms: readers and limits", lambda ax: panels.draw_limits(ax, found)),
    )
    said = "circles: particles; crosses: events of a well-mixed network; lines: theory"
    sheet("100 or 200 nM: how well a head of some volume tells", said, drawn, path)


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    found = runs(given.stores, given.quick)
    print("\n".join(numbers(found)))
    plot(found, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
