"""A neck widened, a head shrunk, a buffer lowered: what it does to calcium and weights, and what helps."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import NO_PDE, PDE, options  # noqa: E402
from disease.panels import plot  # noqa: E402
from disease.rescue import Rescue, rescued  # noqa: E402
from disease.spines import EFFECTIVE, HEALTHY, ILL, STATES, Spine, loaded, mean, measured, settings_of  # noqa: E402
from in_memory import kept  # noqa: E402
from levels import LEVELS  # noqa: E402
from neighbours import LEAST, change, means  # noqa: E402

from spinemc.plans import prepare  # noqa: E402

INPUTS = tuple(np.geomspace(0.25, 4.0, 5))
"""Inputs of the scan, over that of the scenario."""

WINDOW = "run.t_stop=20 ms"
"""What particles are run for."""

FORMS = ("literal", "consistent")
"""Laws of exchange of the scan."""


def course(one: Spine, law: str) -> np.ndarray:
    """What the rate equations have in both heads and in the shaft, the buffer as it is, (place, t) [uM]."""
    settings = (f"{key}={value}" for key, value in settings_of(one).items())
    return means(prepare(replace(loaded(*LEVELS[law], *settings), plasticity=())), "shaft")


def courses(spines: Mapping[str, Spine]) -> xr.Dataset:
    """`calcium` in the consistent form, (state, place, t) [uM]: both heads and the shaft."""
    found = np.array([course(one, "consistent") for one in spines.values()])
    return xr.Dataset({"calcium": (("state", "place", "t"), found)})


def scan(inputs: Sequence[float]) -> xr.Dataset:
    """`change` of the first spine's weight, healthy and ill, by the rate equations, (law, state, input) [%]."""
    scenario = loaded()
    step = scenario.run.sample_every
    values = [
        [[change(scenario, step, course(one._replace(input=k), law)[:1])[0] for k in inputs] for one in (HEALTHY, ILL)]
        for law in FORMS
    ]
    return xr.Dataset({"change": (("law", "state", "input"), values)}, {"input": list(inputs)})


def numbers(
    whole: xr.Dataset, rescue: Rescue, beside: dict[str, xr.Dataset], window: dict[str, xr.Dataset]
) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = ["trials: potentiated, depressed, weight [%], peak [uM], spread and the neighbour's calcium [uM ms]"]
    lines += [f"{name!s:<14}{told(whole.sel(state=name))}" for name in whole.state.values]
    for key, found in rescue.found.items():
        lines += ["", f"tried: {key}; the ill spine's other sizes"]
        lines += [f"{name!s:<14}{told(found.sel(state=name))}" for name in found.state.values]
    lines.append("")
    for key, one in rescue.amounts.items():
        lines.append(
            f"back by {key}: {one.value:.1f} [{one.low:.1f}, {one.high:.1f}], in {one.missed:.1%} of resamples not"
        )
    lines.append(f"rescued: {rescue.spines}")
    lines += [
        "",
        "weight [%] and spread [uM ms] by level: " + ", ".join(map(str, next(iter(beside.values())).state.values)),
    ]
    for name, found in beside.items():
        cells = [
            "{:+.2f} +- {:.2f}, {:.3f} +- {:.3f}".format(*mean(one["weight"].isel(spine=0)), *mean(one["spread"]))
            for one in (found.sel(state=state) for state in found.state.values)
        ]
        lines.append(f"{name:<22}" + "".join(f"{cell.replace(' +- nan', ''):>34}" for cell in cells))
    lines += ["", "within 20 ms: peak [uM], spread [uM ms], weight [%]"]
    for name, found in window.items():
        for state in found.state.values:
            one = found.sel(state=state)
            cells = (*mean(one["peak"]), *mean(one["spread"]), *mean(one["weight"].isel(spine=0)))
            lines.append(
                f"{name:<14}{state!s:<12}"
                + "{:8.3f} +- {:.3f}{:10.4f} +- {:.4f}{:+8.2f} +- {:.2f}".format(*cells).replace(" +- nan", "")
            )
    return lines


def told(one: xr.Dataset) -> str:
    """Both chances and the readouts of a state, in a line."""
    ends = [
        [float(one[f"chance{end}"].isel(spine=0).sel(outcome=name)) for end in ("", "_low", "_high")]
        for name in ("potentiated", "depressed")
    ]
    chances = "  ".join("{:.2f} [{:.2f}, {:.2f}]".format(*end) for end in ends)
    readouts = [one["weight"].isel(spine=0), one["peak"], one["spread"], one["neighbour"]]
    values = "  ".join("{:.3f} +- {:.3f}".format(*mean(values)) for values in readouts)
    moved = int((np.abs(one["weight"].isel(spine=1)) >= LEAST).sum())
    return f"{chances}  {values}  neighbour changed in {moved} of {one.sizes['trial']}"


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    number, particles = (12, 1) if given.quick else (24, 3)
    level = "consistent, trials" if given.quick else "mesh, trials"
    rescue = rescued(given.stores, level, number)
    every = STATES | rescue.spines
    whole = measured(given.stores / "states.zarr", level, number, every)
    few = {name: one for name, one in every.items() if name in ("healthy", "ill", *rescue.spines)}
    beside = {}
    for name in (*EFFECTIVE, *(level for level in LEVELS if level != "particles")):
        out = given.stores / f"level_{name.replace(', ', '_')}.zarr"
        is_known = name == level
        beside[name] = whole.sel(state=list(few)) if is_known else measured(out, name, number, few)
    short = {name: few[name] for name in ("healthy", "ill")} if given.quick else few
    in_space = [("pde", 1)] if PDE and not given.quick else []
    window = {
        name: measured(given.stores / f"window_{name.replace(', ', '_')}.zarr", name, n, short, WINDOW)
        for name, n in (("mesh", 1), *in_space, ("mesh, trials", number), ("particles", particles))
    }
    if not PDE:
        print(NO_PDE)
    inputs, text = INPUTS[::2] if given.quick else INPUTS, loaded().text
    along = kept(given.stores / "scan.zarr", (text, HEALTHY, ILL, inputs), lambda: scan(inputs))["change"]
    along = along.assign_coords(law=list(FORMS), state=["healthy", "ill"])
    drawn = kept(given.stores / "courses.zarr", (text, few), lambda: courses(few))["calcium"]
    print("\n".join(numbers(whole, rescue, beside, window)))
    print(along.to_series().unstack("input").round(2).to_string())
    plot(drawn.assign_coords(state=list(few)), whole, rescue, beside, along, level, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
