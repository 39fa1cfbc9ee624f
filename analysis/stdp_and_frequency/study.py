"""Nine rules of plasticity on pairs of spikes, and what the noise of ions adds to theirs: runs, prints and draws."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from spinemc import plasticity, protocols
from spinemc.plasticity import graupner2012, traces
from spinemc.scenario import Scenario, load_scenario

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from common import options  # noqa: E402
from in_memory import kept, trials_of  # noqa: E402
from pairing_figure import numbers, plot  # noqa: E402
from rules import WAYS, graupner, outcome, protocol  # noqa: E402

DELAYS = np.array([-40, -30, -25, -20, -15, -10, -5, 0, 5, 10, 15, 20, 30, 40]) * 1e-3
SETS = ("DP", "DPD", "DPD'", "D")
RATES = (1.0, 10.0, 20.0, 30.0, 40.0, 50.0)
SIDES = (0.010, -0.010)
ION_DELAYS = (0.010, -0.025)
ION_SET = "DP"
FIELDS = ("mean", "error", "deviation", "up", "down")


class Size(NamedTuple):
    """How much is run: trials of rules on traces of jumps and of samples, of heads of volumes [um^3]."""

    jumps: int
    samples: int
    volumes: tuple[float, ...]
    ions: int
    noises: int


FULL = Size(1000, 30, (0.03, 0.1, 0.3), 12, 25)
QUICK = Size(200, 8, (0.03,), 12, 25)


def many(way: str, size: Size) -> int:
    """Trials of a rule: those on samples take longer."""
    return size.jumps if way in ("graupner2012", "li2016", "clopath2008") else size.samples


def window(size: Size) -> xr.Dataset:
    """(rule, delay) 60 pairs at 1 Hz: `certain`, without noise, and the parts of `Outcome` of the noisy rules."""
    ways = {f"graupner2012 {name}": graupner(name) for name in SETS} | WAYS
    found = {name: np.full((len(ways), len(DELAYS)), np.nan) for name in ("certain", "formula", *FIELDS)}
    for i, way in enumerate(ways.values()):
        for k, delay in enumerate(DELAYS):
            pairs = protocol(float(delay), 60, 1.0)
            found["certain"][i, k] = outcome(way, pairs).mean
            if way.rule == "graupner2012":
                found["formula"][i, k] = expected(way.parameters["set"], float(delay), 60, 1.0)
            if way.noisy:
                trials = many(way.rule, size)
                for field, value in zip(FIELDS, outcome(way, pairs, trials, True, 10 * k), strict=True):
                    found[field][i, k] = value
    return xr.Dataset({name: (("rule", "delay"), value) for name, value in found.items()}, coords={"delay": DELAYS})


def expected(name: str, delay: float, n: int, rate: float, post: int = 1) -> float:
    """The change of strength of a set of Graupner & Brunel 2012 by their formula."""
    p = plasticity.complete("graupner2012", {"set": name})
    pre, after = protocols.pairs(delay, 1, rate, post)
    above = traces.fractions_above(pre, after, 1.0 / rate, (p["theta_d"], p["theta_p"]), p)
    return float(graupner2012.outcome(*above, n / rate, p).change)


def by_rate(size: Size) -> xr.Dataset:
    """(rule, side, rate) 75 pairs: without noise, `certain`, of all; `mean` and `error` of the cortical set."""
    found = np.array([[[outcome(way, protocol(d, 75, f)).mean for f in RATES] for d in SIDES] for way in WAYS.values()])
    noisy = np.array(
        [[outcome(WAYS["graupner2012"], protocol(d, 75, f), size.jumps, True, 77)[:2] for f in RATES] for d in SIDES]
    )
    values = {"certain": (("rule", "side", "rate"), found)}
    values |= {name: (("side", "rate"), noisy[..., k]) for k, name in enumerate(FIELDS[:2])}
    return xr.Dataset(values, coords={"side": list(SIDES), "rate": list(RATES)})


def by_doublets(size: Size) -> xr.Dataset:
    """(rule, post, delay) 100 pairs at 5 Hz, one or two postsynaptic spikes: as `by_rate`, of the hippocampal set."""
    ways = {**WAYS, "graupner2012": graupner("hippocampal slices")}
    found = np.array(
        [
            [[outcome(way, protocol(float(d), 100, 5.0, post)).mean for d in DELAYS] for post in (1, 2)]
            for way in ways.values()
        ]
    )
    noisy = np.array(
        [
            [
                outcome(ways["graupner2012"], protocol(float(d), 100, 5.0, post), size.jumps, True, 55)[:2]
                for d in DELAYS
            ]
            for post in (1, 2)
        ]
    )
    values = {"certain": (("rule", "post", "delay"), found)}
    values |= {name: (("post", "delay"), noisy[..., k]) for k, name in enumerate(FIELDS[:2])}
    return xr.Dataset(values, coords={"post": [1, 2], "delay": DELAYS})


def spine(volume: float, delay: float, trials: int, engine: str = "compartments", pairs: int = 60) -> Scenario:
    """The scenario with a head of a volume [um^3], about, and pairs at 1 Hz of a delay [s]."""
    later = plasticity.complete("graupner2012", {"set": ION_SET})["delay"]
    pre, post = protocols.pairs(delay, pairs, 1.0, at=0.01)
    settings = {
        "geometry.shape.radius": f"{(0.75 * volume / np.pi) ** (1.0 / 3.0):.6g} um",
        "release.1.time": str([f"{t:.6f} s" for t in pre + later]),
        "release.2.time": str([f"{t:.6f} s" for t in post]),
        "run.t_stop": f"{pairs + 0.5} s",
        "run.trials": trials,
        "run.engine": engine,
    }
    return load_scenario(HERE / "spine.toml", [f"{key}={value}" for key, value in settings.items()])


def step_of_one(volume: float) -> float:
    """Free calcium that one presynaptic spike adds, by the rate equations a millisecond after its ions came [ions].

    Until then the buffer takes them up, which no rule with a trace of jumps knows.
    """
    made = spine(volume, 0.4, 1, "ode", 1)
    count = trials_of(made)["count"].sel(species="Ca").isel(trial=0)
    came = 0.01 + plasticity.complete("graupner2012", {"set": ION_SET})["delay"]
    return float(count.isel(time=int(np.searchsorted(count["time"], came + 1e-3))))


def efficacies(volume: float, delay: float, size: Size) -> np.ndarray:
    """(kind, start, synapse) Efficacies after 60 pairs: kinds are those of `by_ions`, starts DOWN and UP."""
    reference = step_of_one(volume)
    certain, noisy = (
        trials_of(spine(volume, delay, size.ions, engine))["count"].sel(species="Ca")
        for engine in ("ode", "compartments")
    )
    n = size.ions * size.noises
    found = np.empty((4, 2, n))
    for s, rho in enumerate((0.0, 1.0)):
        for kind, (count, noise) in enumerate(((certain, False), (noisy, False), (certain, True), (noisy, True))):
            drawn = []
            for k in range(size.noises if noise else 1):
                calcium = plasticity.trace(count["time"].values, count.values.astype(float))
                settings = {"set": ION_SET, "noise": noise, "rho_0": rho}
                drawn.append(
                    plasticity.apply(
                        "graupner2012",
                        calcium,
                        unit="ions",
                        reference=reference,
                        parameters=settings,
                        trials=range(size.ions * k, size.ions * (k + 1)) if len(count) > 1 else n // size.noises,
                        seed=100 * k + s,
                    )["rho"][:, -1]
                )
            found[kind, s] = np.resize(np.concatenate(drawn), n)
    return found


def by_ions(volume: float, size: Size) -> xr.Dataset:
    """(volume, delay, kind, start, synapse) `rho` after 60 pairs in a head; kinds: `pairing_figure.KINDS`."""
    found = [[efficacies(volume, d, size) for d in ION_DELAYS]]
    return xr.Dataset(
        {
            "rho": (("volume", "delay", "kind", "start", "synapse"), np.array(found)),
            "reference": ("volume", [step_of_one(volume)]),
        },
        coords={"volume": [volume], "delay": list(ION_DELAYS)},
        attrs={"trials": size.ions, "noises": size.noises},
    )


def ions_of(folder: Path, size: Size) -> xr.Dataset:
    """All volumes of `by_ions`, a store each."""
    each = []
    for v in size.volumes:
        asked = ((HERE / "spine.toml").read_text(), ION_DELAYS, ION_SET, v, size.ions, size.noises)
        each.append(kept(folder / f"ions_{v:g}.zarr", asked, lambda v=v: by_ions(v, size)))
    return xr.concat(each, "volume", combine_attrs="drop_conflicts")


def main() -> None:
    """Run what is not there, print the numbers, draw the figure."""
    given = options(__file__)
    size = QUICK if given.quick else FULL
    code = (HERE / "rules.py").read_text()
    rest = (size.jumps, size.samples)
    pairs = kept(given.stores / "window.zarr", (code, DELAYS.tolist(), SETS, *rest), lambda: window(size))
    rates = kept(given.stores / "rates.zarr", (code, RATES, SIDES, *rest), lambda: by_rate(size))
    doublets = kept(given.stores / "doublets.zarr", (code, DELAYS.tolist(), *rest), lambda: by_doublets(size))
    ions = ions_of(given.stores, size)
    names = [*(f"graupner2012 {name}" for name in SETS), *WAYS]
    pairs = pairs.assign_coords(rule=names)
    rates, doublets = (values.assign_coords(rule=list(WAYS)) for values in (rates, doublets))
    print("\n".join(numbers(pairs, rates, doublets, ions)))
    plot(pairs, rates, doublets, ions, expected, given.out)
    print(f"\nfigure: {given.out}")


if __name__ == "__main__":
    main()
