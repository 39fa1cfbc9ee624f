"""The scenarios of the study receptor_number: a head with some receptors of one kind, and what of them is frozen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr

import spinemc as smc
from spinemc import mechanisms, observables
from spinemc.mechanisms import Mechanism
from spinemc.plans import prepare
from spinemc.scenario import Scenario
from spinemc.twins import ode

HERE = Path(__file__).resolve().parent
TIME = 1e-3 * np.concatenate([np.arange(0.0, 5.0, 0.05), np.arange(5.0, 35.01, 0.25)])  # of the rate tables [s]
SIDE = 0.327  # of a cube with the volume of the thin spine, 0.035 um^3, and nearly its area, 0.611 um^2 [um]
SHAPE = {"kind": "box", "size": [f"{SIDE} um"] * 3, "edge": f"{SIDE} um"}
BACKGROUND = (mechanisms.CALCIUM, mechanisms.MOBILE_BUFFER, mechanisms.FIXED_BUFFER, mechanisms.PMCA, mechanisms.NCX)
TELEGRAPH = (93.0, 183.2, 50.0, 14_845.0)
"""Opening and closing of an NMDAR, loss of calcium, influx if all channels were open (100 ions on average) [1/s]."""

COUNTER = {"name": "entered", "D": "0 um^2/s"}  # one for each ion that a receptor lets in


@dataclass(frozen=True)
class Kind:
    """A kind of receptor.

    Attributes
    ----------
    name : str
    mechanism : Mechanism
        Its first species is the closed state, its last one the open state.
    flux : str
        The rate table of the ions that come in by an open one.
    published : int
        How many the thin spine has: their mean influx is what all numbers share.
    peak : float
        When mean free calcium is highest, to half a millisecond [s].
    """

    name: str
    mechanism: Mechanism
    flux: str
    published: int
    peak: float

    @property
    def closed(self) -> str:
        """The state in which they begin."""
        return str(self.mechanism.species[0]["name"])

    @property
    def open(self) -> str:
        """The state that lets ions in."""
        return str(self.mechanism.species[-1]["name"])


KINDS = (Kind("NMDAR", mechanisms.NMDAR, "nmdar_flux", 7, 3e-3), Kind("VSCC", mechanisms.VSCC, "vscc_flux", 1, 1e-3))
FULL, NUMBER, GATING, BOTH = "full", "number", "gating", "number and gating"
"""What is frozen: nothing; the number is exact and not Poisson; each lets in its mean flux and does not gate; both."""


def written(folder: Path, kind: Kind, n: int) -> Path:
    """A folder of rate tables for n receptors of a kind that share the published influx: an open one's and the mean."""
    place = folder / f"{kind.name}_{n}"
    place.mkdir(parents=True, exist_ok=True)
    known = mechanisms.tables(TIME)
    share = kind.published / n
    for name, (title, rate) in known.items():
        factor = share if name == kind.flux else 1.0
        mechanisms.write_table(place / f"{name}.csv", TIME, factor * rate, title)
    mean = share * known[kind.flux][1] * open_share(kind, place)
    mechanisms.write_table(place / "mean_flux.csv", TIME, mean, f"mean influx of one {kind.name} of {n}")
    return place


def open_share(kind: Kind, place: Path) -> np.ndarray:
    """The probability that a receptor is open at `TIME`, by its rate equations."""
    alone = scenario(kind, 1, NUMBER, place, engine="ode")
    system = prepare(alone)
    series = ode.solve(alone, system.geometry, system.network)
    k = [system.network.species[s] for s in system.network.surface_species].index(kind.open)
    return np.interp(TIME, series.time, series.surface[:, 0, k])


def scenario(
    kind: Kind, n: int, frozen: str, tables: Path, trials: int = 1, seed: int = 1, engine: str = "compartments"
) -> Scenario:
    """A cube of the thin spine's volume with the published buffers and pumps, and receptors on its membrane.

    Parameters
    ----------
    kind : Kind
    n : int
        Receptors, or their mean number.
    frozen : str
        `FULL`, `NUMBER`, `GATING` or `BOTH`.
    tables : Path
        As `written` gives it.
    trials, seed, engine
        Of the run.
    """
    gates = frozen in (GATING, BOTH)
    receptor = mean_of(kind) if gates else counted(kind.mechanism)
    parts = mechanisms.assembled(*BACKGROUND, receptor, tables=str(tables))
    on = {"species": receptor.species[0]["name"], "on": "membrane"}
    amount = {"count": n} if frozen in (NUMBER, BOTH) else {"density": f"{n / (6.0 * SIDE**2):.9g} /um^2"}
    return smc.Scenario(
        title=f"{n} {kind.name}, frozen: {frozen}",
        geometry={"shape": SHAPE},
        run={
            "t_stop": "35 ms",
            "dt": "2 us",
            "sample_every": "0.5 ms",
            "trials": trials,
            "seed": seed,
            "engine": engine,
        },
        species=[*parts["species"], COUNTER],
        reaction=parts["reaction"],
        release=[*parts["release"], on | amount],
    )


def counted(mechanism: Mechanism) -> Mechanism:
    """A mechanism on the whole membrane, each of whose ions leaves a mark that is counted."""
    species = tuple({**entry, "on": "membrane"} for entry in mechanism.species)
    steps = [dict(entry) for entry in mechanism.reaction]
    for step in steps:
        if step["equation"].endswith("+ Ca"):
            step["equation"] += f" + {COUNTER['name']}"
    return replace(mechanism, species=species, reaction=tuple(steps))


def mean_of(kind: Kind) -> Mechanism:
    """Receptors that let in the mean flux of their kind all the time, in place of gating."""
    flux = {"equation": f"mean -> mean + Ca + {COUNTER['name']}", "kf": {"table": "tables/mean_flux.csv"}}
    return Mechanism(kind.mechanism.source, species=({"name": "mean", "on": "membrane"},), reaction=(flux,))


def telegraph(n: int, trials: int, seed: int) -> Scenario:
    """n channels that open and close at random, in the same cube with nothing but a first-order loss of calcium.

    Parameters
    ----------
    n : int
    trials, seed : int
        Of the run.
    """
    opening, closing, loss, influx = TELEGRAPH
    return smc.Scenario(
        title=f"{n} channels of two states",
        geometry={"shape": SHAPE},
        run={
            "t_stop": "150 ms",
            "dt": "1 us",
            "sample_every": "50 ms",
            "trials": trials,
            "seed": seed,
            "engine": "compartments",
        },
        species=[
            {"name": "Ca", "D": "220 um^2/s"},
            {"name": "closed", "on": "membrane"},
            {"name": "open", "on": "membrane"},
        ],
        reaction=[
            {"equation": "closed <-> open", "kf": f"{opening:.9g} /s", "kb": f"{closing:.9g} /s"},
            {"equation": "open -> open + Ca", "kf": f"{influx / n:.9g} /s"},
            {"equation": "Ca -> 0", "kf": f"{loss:.9g} /s"},
        ],
        release=[{"species": "closed", "count": n, "on": "membrane"}],
    )


def fano_of_one() -> float:
    """Fano factor less 1 of one telegraph channel that lets in all: influx (1 - p) / (loss + opening + closing)."""
    opening, closing, loss, influx = TELEGRAPH
    return influx * closing / (opening + closing) / (loss + opening + closing)


def balance(ions: xr.DataArray, most: int = 30) -> tuple[float, float]:
    """The number of channels at which their noise is that of the ions: n (Fano - 1), and its error."""
    about = observables.moments(ions.sel(n=[n for n in ions["n"].values if n <= most]))
    scaled, error = about["n"] * (about["fano"] - 1.0), about["n"] * about["fano_error"]
    return float(scaled.mean()), float(np.sqrt((error**2).sum()) / error.size)
