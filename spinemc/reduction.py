"""A calibrated run as a table to read, and as a scenario of few species that runs at the levels without particles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spinemc.errors import ObservableError, SpinemcError
from spinemc.scenario.files import parse_toml
from spinemc.twins.reduced import is_neck
from spinemc.units import MICROMOLAR

if TYPE_CHECKING:
    import xarray as xr

SINKS = 100_000  # molecules that stand for a rate in a compartment, enough to be spread evenly
STEP = 1e-6  # of the time between samples: how long a rate takes to go to its next value
FILES = ("file", "mesh", "faces")  # keys of a geometry that name files


def table(found: xr.Dataset) -> str:
    """What `spinemc.calibration.calibrate` measured, for a person."""
    species = found.attrs["species"]
    lines = [f"{species} in {found.attrs['trials']} trials, {found.attrs['model']} model; +- one standard error", ""]
    lines.append(f"{'compartment':<16} {'um^3':>8} {'at rest':>8} {'tau [ms]':>20} {'off by, of peak':>16}")
    for name in found["compartment"].values:
        one = found.sel(compartment=name)
        lines.append(
            f"{name!s:<16} {float(one['volume']):8.4g} {float(one['rest']):8.4g} {_said(one, 'tau', 1e3):>20} "
            f"{float(one['deviation']):16.1%}"
        )
        if "sites" in found:
            lines.append(f"  pumps: {_said(one, 'sites')} of them, empty ones take at {_said(one, 'on')} /s")
        elif "on" in found:
            lines.append(f"  slow buffer: on {_said(one, 'on')} /s, off {_said(one, 'off')} /s")
    if "sites" in found:
        lines.append(
            f"pumps bind at {_said(found, 'bind')} um^3/s, let go at {_said(found, 'off')} /s and carry out at "
            f"{_said(found, 'out')} /s"
        )
    lines.append("")
    if np.isfinite(found["D_eff"]):
        lines.append(f"D_eff            {_said(found, 'D_eff')} um^2/s, beside {found.attrs['D']:.4g} of the scenario")
    if np.isfinite(found["free"]):
        lines.append(f"free of influx   {_said(found, 'free')}, buffer capacity {_said(found, 'kappa', zero=True)}")
    for name in found["pair"].values:
        one = found.sel(pair=name)
        lines.append(
            f"{name!s:<16} {_said(one, 'conductance')} um^3/s, beside {float(one['geometry_conductance']):.4g} of the "
            f"geometry; {_said(one, 'forward')} /s there, {_said(one, 'back')} /s back"
        )
    ends = [not is_neck(str(name)) or found.sizes["compartment"] < 2 for name in found["compartment"].values]
    noise = float((found["sem"].max("time") / found["mean"].max("time")).values[ends].max())
    lines += [f"{note}." for note in found.attrs["notes"]]
    if found.attrs["good"]:
        lines.append(
            f"The fit is within {found.attrs['worst']:.1%} of the peak of the mean, necks aside; that mean's standard "
            f"error is up to {noise:.1%}."
        )
    return "\n".join(lines)


def _said(found: xr.Dataset, name: str, factor: float = 1.0, zero: bool = False) -> str:
    """A number with its error; what these trials do not tell from 0 is said, but where 0 is an answer."""
    value, error = factor * float(found[name]), factor * float(found[f"{name}_error"])
    if not np.isfinite(error) or (error > abs(value) and not zero):
        return "not told"
    return f"{value:.4g} +- {error:.2g}"


def write(found: xr.Dataset, tree: xr.DataTree, out: Path) -> list[Path]:
    """Write the reduced model as a scenario.

    Parameters
    ----------
    found : Dataset
        As of `spinemc.calibration.calibrate`.
    tree : DataTree
        The run that it is of.
    out : Path
        A TOML file; tables of the influx go beside it.

    Returns
    -------
    list of Path
        The files, the scenario first.

    Raises
    ------
    ObservableError
        Where a part of the inside has no name.
    SpinemcError
        Where a file cannot be written.

    Notes
    -----
    Free molecules diffuse with D_eff in the same geometry. In each compartment a species that does not move stands for
    the removal at 1/tau, two for empty and full pumps, and another lets in what the trials let in, by a table of rates
    in time.
    """
    import tomli_w

    names = [str(name) for name in found["compartment"].values]
    if "cytosol" in names and len(names) > 1:
        raise ObservableError(
            "a part of the inside has no name of its own, and the reduced scenario must name each: "
            "give the rest a [[geometry.compartment]]."
        )
    tables = parse_toml(tree.attrs["scenario"], "scenario")
    came = Path(tree.attrs.get("scenario_path") or "scenario.toml").parent
    kept = ("t_stop", "dt", "sample_every", "segment", "exchange", "seed")
    run = {key: tables["run"][key] for key in kept if key in tables["run"]}
    species = str(found.attrs["species"])
    D = float(found["D_eff"]) if np.isfinite(found["D_eff"]) else float(found.attrs["D"])
    made: dict[str, Any] = {
        "schema": 1,
        "title": f"Reduced from {found.attrs['trials']} trials: {species} in well-mixed parts",
        "geometry": _moved(tables["geometry"], came, out.parent),
        "run": {"engine": "ode", **run},
        "species": [{"name": species, "D": f"{D:.9g} um^2/s"}],
        "reaction": [],
        "release": [],
    }
    files: dict[Path, str] = {}
    for name in names:
        one = found.sel(compartment=name)
        files |= _compartment(made, one, name, species, out)
    if not made["reaction"]:
        del made["reaction"]
    files = {out: tomli_w.dumps(made)} | files
    for path, text in files.items():
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise SpinemcError(f"{path} cannot be written: {error.strerror or error}.") from error
    return list(files)


def _compartment(made: dict[str, Any], one: xr.Dataset, name: str, species: str, out: Path) -> dict[Path, str]:
    """Add what a compartment needs to a scenario; the tables that go with it, by file."""
    tag, volume = name.replace(".", "_"), float(one["volume"])

    def put(kind: str, number: int) -> str:
        made["species"].append({"name": f"{kind}_{tag}", "D": "0 um^2/s"})
        made["release"].append({"species": f"{kind}_{tag}", "count": number, "in": name})
        return f"{kind}_{tag}"

    def by(site: str, rate: float, products: str) -> None:
        per = rate * volume / SINKS * 1e6 * MICROMOLAR
        made["reaction"].append({"equation": f"{species} + {site} -> {products}", "kf": f"{per:.12g} /M/s"})

    start = float(one["mean"].isel(time=0))
    if start > 0.0:
        made["release"].append({"species": species, "concentration": _level(start, volume), "in": name})
    k = 1.0 / float(one["tau"])
    if k > 0.0:
        sink = put("sink", SINKS)
        by(sink, k, sink)
    if "sites" in one:
        _pumps(made, one, name, species)
    elif "on" in one and float(one["on"]) > 0.0:
        site, bound = put("site", SINKS), f"bound_{tag}"
        made["species"].append({"name": bound, "D": "0 um^2/s"})
        by(site, float(one["on"]), f"{site} + {bound}")
        made["reaction"].append({"equation": f"{bound} -> {species}", "kf": f"{float(one['off']):.12g} /s"})
        if float(one["bound"]) > 0.0:
            made["release"].append({"species": bound, "concentration": _level(float(one["bound"]), volume), "in": name})
    rate = np.maximum(one["source"].values, 0.0)
    if not rate.any():
        return {}
    source, file = put("influx", 1), out.with_name(f"{out.stem}.{tag}.csv")
    made["reaction"].append({"equation": f"{source} -> {source} + {species}", "kf": {"table": file.name}})
    time = one["time"].values
    ends = np.stack([time[:-1], time[1:] - STEP * np.diff(time)], axis=1).ravel()
    rows = zip(ends, np.repeat(rate, 2), strict=True)
    return {file: "".join(f"{t:.12g},{x:.9g}\n" for t, x in rows)}


def _pumps(made: dict[str, Any], one: xr.Dataset, name: str, species: str) -> None:
    """Add pumps that fill to a scenario: empty and full ones, which do not move."""
    tag, volume, full = name.replace(".", "_"), float(one["volume"]), float(one["bound"])
    empty, held = f"pump_{tag}", f"pump_{tag}_{species}"
    made["species"] += [{"name": pump, "D": "0 um^2/s"} for pump in (empty, held)]
    bind = float(one["bind"]) * 1e6 * MICROMOLAR
    made["reaction"] += [
        {
            "equation": f"{species} + {empty} <-> {held}",
            "kf": f"{bind:.12g} /M/s",
            "kb": f"{float(one['off']):.12g} /s",
        },
        {"equation": f"{held} -> {empty}", "kf": f"{float(one['out']):.12g} /s"},
    ]
    for pump, number in ((empty, float(one["sites"]) - full), (held, full)):
        if number > 0.0:
            made["release"].append({"species": pump, "concentration": _level(number, volume), "in": name})


def _level(number: float, volume: float) -> str:
    return f"{number / (volume * MICROMOLAR):.12g} uM"


def _moved(geometry: Any, came: Path, to: Path) -> Any:
    """The table of a geometry with the paths in it as they are from another folder."""
    if isinstance(geometry, dict):
        return {
            key: os.path.relpath(came / value, to)
            if key in FILES and isinstance(value, str) and (came / value).is_file()
            else _moved(value, came, to)
            for key, value in geometry.items()
        }
    return [_moved(value, came, to) for value in geometry] if isinstance(geometry, list) else geometry
