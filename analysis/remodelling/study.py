"""The same input again and again, with the loop from weight to shape open and shut: drift, settling, runaway."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import xarray as xr

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common import options  # noqa: E402
from remodelling.drawing import plot  # noqa: E402

import spinemc as smc  # noqa: E402
from spinemc import remodelling  # noqa: E402
from spinemc.scenario import Scenario, load_scenario, override  # noqa: E402

NUMBER = 40
"""Channels that open in an epoch, in a PSD as it is at first."""

STRENGTHS = (25, 60)
"""Channels of a weak and a strong input."""

NEAR = (36, 44)
"""Channels of two inputs a little below and above those that leave the weight of `steep` as it is."""

PSD = 0.0746
"""Area of the PSD at first [um^2]."""

WHOLE = "run.segment=1 mm"
"""The neck as one well-mixed piece: cutting it takes seconds for each shape."""


def input_of(kind: str, channels: int) -> Scenario:
    """The scenario of a kind of loop and an input.

    Parameters
    ----------
    kind : str
        `open` and `shut`, as the loop is: a number of channels that stays, and a rule that reads the concentration.
        `still` and `steep`, open and shut: channels that go with the area of the PSD, and a rule that reads ions.
    channels : int
        In a PSD as it is at first.
    """
    scenario = override(load_scenario(HERE / "spine.toml"), f"release.1.count={channels}")
    loop = {"open": "open", "shut": "shut", "still": "open"}
    if kind in loop:
        scenario = override(scenario, f"structure.loop={loop[kind]}")
    if kind in ("still", "steep"):
        release = f'{{species="open", density="{channels / PSD:.6g} /um^2", on="psd", time="2 ms", exact=true}}'
        others = ", ".join(_OTHERS)
        return override(scenario, f"release=[{release}, {others}]", "plasticity.1.parameters.reference_volume=0")
    return scenario


_OTHERS = (
    '{species="pump", density="30 /um^2", on="membrane", exact=true}',
    '{species="Bm", concentration="20 uM", in="cytosol", exact=true}',
)


def course(folder: Path, kind: str, channels: int, *settings: str, threads: int | None = None) -> xr.Dataset:
    """Epochs of a kind of loop with an input; what is there and complete is not run again.

    Parameters
    ----------
    folder : Path
        Of the folders of epochs.
    kind, channels
        As of `input_of`.
    *settings : str
        Laid over the scenario, as `--set` has them.
    threads : int, optional

    Returns
    -------
    xarray.Dataset
        As `spinemc.history`, for the one synapse, and `led_to` (epoch, trial): the head volume that the law makes of
        the weight at the end of each epoch, whether the shape follows or not [um^3].
    """
    scenario = override(input_of(kind, channels), *settings)
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"{kind}_{channels}_{scenario.run.engine}.epochs"
    found = smc.history(out) if remodelling.is_course(out) else None
    if found is None or remodelling.begun(out)[0] != scenario or found.sizes["epoch"] < scenario.structure.epochs:
        found = smc.remodel(scenario, out, overwrite=True, threads=threads)
    found = found.isel(synapse=0)
    law = scenario.structure.head_volume
    volume = found["head_volume"].isel(epoch=0) * (1.0 + law.gain * found["weight"])
    return found.assign(led_to=volume.clip(law.least, law.most))


def means(folder: Path, epochs: int = 10, threads: int | None = None) -> xr.Dataset:
    """Courses of the rate equations.

    Returns
    -------
    xarray.Dataset
        `weight` and `led_to` (course, epoch); courses are called `shut 25`.
    """
    kinds = [(kind, n) for kind in ("open", "shut") for n in STRENGTHS]
    kinds += [(kind, n) for kind in ("still", "steep") for n in NEAR]
    settings = ("run.engine=ode", WHOLE, f"structure.epochs={epochs}")
    rows = [course(folder, kind, n, *settings, threads=threads).isel(trial=0) for kind, n in kinds]
    return xr.concat(rows, "course").assign_coords(course=[f"{kind} {n}" for kind, n in kinds])


def trials(
    folder: Path, epochs: int = 5, number: int = 4, channels: int = NUMBER, threads: int | None = None
) -> xr.Dataset:
    """Stochastic courses of well-mixed parts, `weight` and `led_to` (kind, epoch, trial)."""
    settings = (WHOLE, f"structure.epochs={epochs}", f"run.trials={number}")
    kinds = ("open", "shut", "steep")
    rows = [course(folder, kind, channels, *settings, threads=threads) for kind in kinds]
    return xr.concat(rows, "kind").assign_coords(kind=list(kinds))


def window(folder: Path, epochs: int = 2, number: int = 2, threads: int | None = None) -> xr.Dataset:
    """Epochs of 15 ms at three levels: `weight` with its standard `error`, and `head_volume` (level, epoch)."""
    levels = ("particles", "compartments", "ode")
    rows = []
    for level in levels:
        own = ("run.engine=particles",) if level == "particles" else (f"run.engine={level}", WHOLE)
        settings = (*own, "run.t_stop=15 ms", f"structure.epochs={epochs}", f"run.trials={number}")
        found = course(folder / "window", "shut", 60, *settings, threads=threads)
        error = found["weight"].std("trial", ddof=min(1, found.sizes["trial"] - 1)) / np.sqrt(found.sizes["trial"])
        size = {key: found[key].mean("trial") for key in ("weight", "head_volume")}
        rows.append(xr.Dataset({**size, "error": error}))
    return xr.concat(rows, "level").assign_coords(level=list(levels))


def numbers(known: xr.Dataset, noisy: xr.Dataset, short: xr.Dataset) -> list[str]:
    """What the README of this folder tells, a line each."""
    lines = [f"{'course':<12}{'weight at the end':>18}{'last change':>13}{'led to um^3':>13}"]
    for name in known.course.values:
        one = known.sel(course=name)
        change = float(one.weight[-1] - one.weight[-2])
        lines.append(f"{name!s:<12}{float(one.weight[-1]):18.4f}{change:13.4f}{float(one.led_to[-1]):13.4f}")
    lines += ["", f"{'trials of':<12}{'weights after the first and the last epoch'}"]
    for kind in noisy.kind.values:
        one = noisy.sel(kind=kind).weight
        told = [f"{float(w.mean()):.3f} +- {float(w.std(ddof=1)):.3f}" for w in (one[0], one[-1])]
        every = " ".join(f"{float(w):.3f}" for w in one[-1])
        lines.append(f"{kind!s:<12}{told[0]:>18}{told[1]:>18}   {every}")
    lines += ["", f"{'15 ms on':<14}{'weight by epoch, 1e-3':<44}{'head volume by epoch, um^3'}"]
    for level in short.level.values:
        one = short.sel(level=level)
        both = zip(1e3 * one.weight.values, 1e3 * one.error.values, strict=True)
        weight = ", ".join(f"{w:.2f} +- {e:.2f}" for w, e in both)
        lines.append(f"{level!s:<14}{weight:<44}{', '.join(f'{float(v):.5f}' for v in one.head_volume)}")
    return lines


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    known = means(given.stores, 4 if given.quick else 10)
    noisy = trials(given.stores, *((3, 2) if given.quick else (5, 4)))
    short = window(given.stores)
    print("\n".join(numbers(known, noisy, short)))
    plot(known, noisy, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
