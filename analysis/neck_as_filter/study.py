"""What a neck keeps in, what it lets by, and what the synapse makes of it: by its radius and length."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import NO_PDE, PDE, options, ran  # noqa: E402
from neck_as_filter.drawing import plot  # noqa: E402
from neck_as_filter.formulas import escape, linear_coupling, spine_of, volume_of  # noqa: E402

from spinemc import observables, plasticity, simulate  # noqa: E402
from spinemc.engine.system import System  # noqa: E402
from spinemc.scenario import Scenario, load_scenario, override  # noqa: E402
from spinemc.scenario.sweeps import Sweep, points, varied  # noqa: E402
from spinemc.twins import ode, pde  # noqa: E402

RADII = (40, 60, 80, 110, 150)
LENGTHS = (0.25, 0.5, 1.0)
"""Of necks, in the study of confinement [nm], [um]."""

WIDTHS = (30, 50, 70, 90, 120, 150)
"""Radii of necks in the study of what spreads [nm]."""

BAND = 1e-4
"""What a weight changes by at least, for the synapse to be potentiated or depressed."""


def systems(scenario: Scenario, sweep: Sweep) -> Iterator[System]:
    """The points of a sweep, each ready to run."""
    for settings in sweep.settings:
        yield simulate.prepare(override(scenario, *settings))


def confinement(
    folder: Path,
    radii: Sequence[float] = RADII,
    lengths: Sequence[float] = LENGTHS,
    *settings: str,
    equations: bool = PDE,
    threads: int | None = None,
) -> xr.Dataset:
    """How long ions stay in a spine with an open foot: by particles, formula and equations.

    Parameters
    ----------
    folder : Path
        Of the store.
    radii, lengths : sequence of float
        [nm], [um]
    *settings : str
        Laid over the scenario, as `--set` has them.
    equations : bool
        Whether to solve those in space as well, which takes gmsh and scikit-fem.
    threads : int, optional

    Returns
    -------
    xarray.Dataset
        (neck_radius, neck_length): `escape` [s] with `escape_error`, and by `formula`, `ode` and `pde`.
    """
    scenario = override(load_scenario(HERE / "confinement.toml"), *settings)
    sweep = points(
        [
            varied("geometry.shape.neck_radius=" + ",".join(f"{a:g} nm" for a in radii)),
            varied("geometry.shape.neck_length=" + ",".join(f"{a:g} um" for a in lengths)),
        ],
        "grid",
    )
    tree = ran(scenario, folder / "confinement.zarr", sweep, threads=threads)
    left = observables.series(tree, "Ca").sum("trial")
    time = left.time.values
    rows = {"escape": [], "escape_error": [], "formula": [], "ode": [], "pde": []}
    for system, count in zip(systems(scenario, sweep), left.values.reshape(-1, len(time)), strict=True):
        mean, error = escape(time, count)
        rows["escape"].append(mean)
        rows["escape_error"].append(error)
        rows["formula"].append(spine_of(system).escape(system.scenario.species[0].D))
        for name, solved in (("ode", ode.solve), ("pde", pde.solve if equations else None)):
            known = solved(system.scenario, system.geometry, system.network) if solved else None
            rows[name].append(escape(time, known.count[:, 0, 0])[0] if known else np.nan)
    shape = (len(radii), len(lengths))
    dims = ("neck_radius", "neck_length")
    coordinates = {dim: left[dim] for dim in dims}
    return xr.Dataset({name: (dims, np.reshape(row, shape)) for name, row in rows.items()}, coordinates)


def spread(
    folder: Path,
    radii: Sequence[float] = WIDTHS,
    *settings: str,
    equations: bool = PDE,
    threads: int | None = None,
) -> xr.Dataset:
    """What of an influx into the head reaches the shaft, and what becomes of the synapse.

    Parameters
    ----------
    folder, radii, settings, equations, threads
        As of `confinement`.

    Returns
    -------
    xarray.Dataset
        (neck_radius): `coupling`, the ratio of the integrals of free calcium's concentration in shaft and head, with
        `_low` and `_high`, and by `formula`, `ode` and `pde`; `peak` in the head [ions] with `peak_error`, and
        `ode_peak`; `weight` (trial) and `ode_weight` at the end; `probability` (outcome), with `_low` and `_high`.
    """
    scenario = override(load_scenario(HERE / "spread.toml"), *settings)
    sweep = points([varied("geometry.shape.neck_radius=" + ",".join(f"{a:g} nm" for a in radii))], "grid")
    tree = ran(scenario, folder / "spread.zarr", sweep, threads=threads)
    head, shaft = (observables.series(tree, "Ca", where, "concentration") for where in ("head", "shaft"))
    coupling = observables.coupling(shaft, head, of="integral")
    peak = observables.peak(observables.series(tree, "Ca", "head"))
    weight = tree["plasticity/bell2022/weight"].isel(time=-1, synapse=0).load()
    outcome = observables.outcomes(weight, (-BAND, BAND))
    rows = {"formula": [], "ode": [], "pde": [], "ode_peak": [], "ode_weight": []}
    for system in systems(scenario, sweep):
        rows["formula"].append(linear_coupling(system))
        known = ode.solve(system.scenario, system.geometry, system.network)
        rows["ode"].append(_coupling(system, known))
        rows["pde"].append(
            _coupling(system, pde.solve(system.scenario, system.geometry, system.network)) if equations else np.nan
        )
        at = system.geometry.compartments.index("head")
        rows["ode_peak"].append(known.count[:, at, 0].max())
        rows["ode_weight"].append(_weight(system, known))
    told = xr.Dataset({name: ("neck_radius", row) for name, row in rows.items()})
    means = {"peak": peak["mean_peak"], "peak_error": peak["mean_peak_error"], "weight": weight}
    return xr.merge([told.assign(means), coupling, outcome], combine_attrs="drop")


def _coupling(system: System, known: ode.Series) -> float:
    """The ratio of the integrals of free calcium's concentration in shaft and head, of a twin."""
    total = np.trapezoid(known.count[:, :, 0], known.time, axis=0)
    head, shaft = (system.geometry.compartments.index(name) for name in ("head", "shaft"))
    return float(total[shaft] / volume_of(system, "shaft") / (total[head] / volume_of(system, "head")))


def _weight(system: System, known: ode.Series) -> float:
    """The weight at the end by the counts of a twin."""
    geometry, rule = system.geometry, system.scenario.plasticity
    given = known.time, known.count[None], geometry.compartment_volume
    names = geometry.compartments, system.network.volume_species
    species = [system.network.species[s] for s in names[1]]
    return float(plasticity.evaluate(rule, *given, names[0], species)["bell2022"]["weight"][0, -1, 0])


def numbers(kept: xr.Dataset, spilt: xr.Dataset) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = [f"{'radius nm':>9}{'length um':>11}{'escape ms':>16}{'formula':>9}{'ode':>8}{'pde':>8}"]
    for one in (kept.sel(neck_radius=a, neck_length=b) for a in kept.neck_radius for b in kept.neck_length):
        row = {name: 1e3 * float(value) for name, value in one.items()}
        lines.append(
            f"{1e3 * float(one.neck_radius):9.0f}{float(one.neck_length):11.2f}"
            f"{row['escape']:10.2f} +- {row['escape_error']:.2f}{row['formula']:9.2f}{row['ode']:8.2f}{row['pde']:8.2f}"
        )
    lines.append("")
    for name in ("formula", "ode", "pde"):
        off = kept["escape"] / kept[name] - 1.0
        lines.append(f"escape over {name} less 1: {float(off.min()):+.3f} to {float(off.max()):+.3f}")
    lines.append("")
    lines.append(
        f"{'radius nm':>9}{'coupling %':>22}{'formula':>9}{'ode':>7}{'pde':>7}{'peak, ions':>14}{'ode':>6}"
        f"{'LTP':>20}{'LTD':>20}{'weight of ode, 1e-4':>21}"
    )
    for a in spilt.neck_radius:
        one = spilt.sel(neck_radius=a)
        share = {name: 100.0 * float(one[name]) for name in ("coupling", "formula", "ode", "pde")}
        reach = f"[{100 * float(one.coupling_low):.2f}, {100 * float(one.coupling_high):.2f}]"
        chance = [
            "{:.2f} [{:.2f}, {:.2f}]".format(
                *(float(one[f"probability{end}"].sel(outcome=name)) for end in ("", "_low", "_high"))
            )
            for name in ("potentiated", "depressed")
        ]
        lines.append(
            f"{1e3 * float(a):9.0f}{share['coupling']:8.2f} {reach:>13}{share['formula']:9.2f}{share['ode']:7.2f}"
            f"{share['pde']:7.2f}{float(one.peak):8.0f} +- {float(one.peak_error):.0f}{float(one.ode_peak):6.0f}"
            f"{chance[0]:>20}{chance[1]:>20}{1e4 * float(one.ode_weight):12.2f}"
        )
    return lines


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    if given.quick:
        kept = confinement(given.stores, RADII[::2], LENGTHS[::2], "run.trials=1")
        spilt = spread(given.stores, WIDTHS[::2], "run.trials=10")
    else:
        kept, spilt = confinement(given.stores), spread(given.stores)
    if not PDE:
        print(NO_PDE)
    print("\n".join(numbers(kept, spilt)))
    plot(kept, spilt, given.out, BAND)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
