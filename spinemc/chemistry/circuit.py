"""The voltage of a cell as a passive circuit: heads of spines on their necks, the shaft, the dendrite behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from spinemc.errors import ScenarioError
from spinemc.geometry import Geometry
from spinemc.geometry.necks import necks
from spinemc.mechanisms import magnesium_block
from spinemc.scenario.driven import Circuit

CUT = ("base", "shaft_start", "shaft_end")
"""Regions that are ends of the mesh, not membrane."""

SHAFT = "shaft"
_TOLERANCE = 1e-7  # relative, and absolute [mV], of the solver of differential equations


@dataclass(frozen=True)
class Cell:
    """What of a geometry a circuit sees.

    Attributes
    ----------
    heads : tuple of str
        "head", or the names of spines.
    area : tuple of float
        Membrane of each head with its neck [um^2].
    neck : tuple of float
        Resistance of each neck [Mohm].
    shaft : float
        Membrane of the shaft [um^2]; 0 where there is none, and necks then stand on the dendrite behind.
    """

    heads: tuple[str, ...]
    area: tuple[float, ...]
    neck: tuple[float, ...]
    shaft: float

    def node(self, place: str) -> str | None:
        """The head that a region or a compartment is of, or the shaft; None where it may be several."""
        first = place.partition(".")[0]
        if first.startswith(SHAFT):
            return SHAFT if self.shaft else None
        if first in self.heads:
            return first
        return self.heads[0] if self.heads == ("head",) and "*" not in place else None


def cell(geometry: Geometry, circuit: Circuit) -> Cell:
    """The heads, necks and shaft of a geometry.

    Raises
    ------
    ScenarioError
        It has no neck and none was given, or spines that branch.
    """
    found = {neck.name.rpartition(".")[0] or "head": neck for neck in necks(geometry)}
    if not found and circuit.neck_resistance is None:
        raise ScenarioError(
            "voltage.circuit: the geometry has no compartment named neck whose resistance could be told: give "
            "neck_resistance, or another voltage."
        )
    if any(name.startswith("branch") or "." in name for name in found):
        raise ScenarioError("voltage.circuit: spines that branch have no circuit here: give another voltage.")
    heads = tuple(found) or ("head",)
    area = dict.fromkeys((*heads, SHAFT), 0.0)
    own = {geometry.surfaces[0], *CUT}
    for name, surface, value in zip(geometry.regions, geometry.region_surface, geometry.region_area, strict=True):
        if surface == 0 and name not in own:
            first = name.partition(".")[0]
            alone = heads[0] if heads == ("head",) and not first.startswith(SHAFT) else SHAFT
            area[first if first in heads else alone] += float(value)
    if not found and not area["head"]:
        area["head"] = float(geometry.region_area[0])
    given = circuit.neck_resistance
    scale = circuit.resistivity / 1.5  # necks tell it at 150 ohm cm, 1.5 Mohm um
    resistance = tuple(given if given is not None else scale * found[name].resistance for name in heads)
    return Cell(heads, tuple(area[name] for name in heads), resistance, area[SHAFT])


def kicks(times: Sequence[float], tau: float, at: np.ndarray) -> np.ndarray:
    """The sum of exponentials that start at 1 at each of some times.

    Parameters
    ----------
    times : sequence of float
        Not decreasing [s].
    tau : float
        [s]
    at : (t,) float64
        [s]

    Returns
    -------
    (t,) float64
    """
    if not len(times):
        return np.zeros(len(at))
    start, height = _heights(tuple(times), tau)
    last = np.searchsorted(start, at, side="right") - 1
    since = np.where(last >= 0, at - start[last], 0.0)
    return np.where(last >= 0, height[last] * np.exp(-since / tau), 0.0)


@lru_cache(maxsize=64)
def _heights(times: tuple[float, ...], tau: float) -> tuple[np.ndarray, np.ndarray]:
    """The times, and the sum just after each."""
    start = np.asarray(times, dtype=np.float64)
    height = np.ones(len(start))
    for i, fades in enumerate(np.exp(-np.diff(start) / tau), 1):
        height[i] += height[i - 1] * fades
    return start, height


def synapse(times: Sequence[float], rise: float, decay: float, at: np.ndarray) -> np.ndarray:
    """The conductance of a synapse in units of the peak that one input makes: two exponentials.

    Parameters
    ----------
    times : sequence of float
        Of the inputs [s].
    rise, decay : float
        Time constants [s].
    at : (t,) float64
        [s]
    """
    return (kicks(times, decay, at) - kicks(times, rise, at)) / _height(rise, decay)


def _height(rise: float, decay: float) -> float:
    """The peak of the difference of two exponentials."""
    peak = rise * decay / (decay - rise) * np.log(decay / rise)
    return float(np.exp(-peak / decay) - np.exp(-peak / rise))


def solve(
    cell: Cell, circuit: Circuit, inputs: Mapping[str, Sequence[float]], spiking: Sequence[float], t_stop: float
) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    r"""The voltage of each head and of the shaft.

    Parameters
    ----------
    cell : Cell
    circuit : Circuit
    inputs : mapping
        Times of synaptic inputs by head [s].
    spiking : sequence of float
        Times of back-propagating action potentials [s].
    t_stop : float
        [s]

    Returns
    -------
    dict
        By node, "shaft" among them where there is one: a function from times, (t,) [s] to voltages, (t,) [mV].

    Notes
    -----
    Each node obeys

    .. math:: C \dot V = G_l (V_r - V) + \sum_j g_j (V_j - V) + g_A(t) (E_A - V) + g_N(t) B(V) (E_N - V)

    with its membrane's C and leak, the conductance of its neck, and of synapses where it is a head. The shaft is joined
    to the dendrite behind it, at rest but for the spikes, by the conductance of `dendrite_resistance`; where
    there is no shaft, each neck is, in series. Conductances are in nS, capacitances in pF, so that currents are pA.
    """
    from scipy.integrate import solve_ivp
    from scipy.interpolate import CubicHermiteSpline

    shaft = 1 if cell.shaft else 0
    area = np.array([*cell.area, *([cell.shaft] if shaft else [])])
    capacity, leak = 1e-2 * circuit.capacitance * area, 10.0 / circuit.membrane_resistance * area  # pF, nS
    number, heads = len(area), len(cell.heads)
    link, source = np.zeros((number, number)), np.zeros(number)
    for k, neck in enumerate(cell.neck):
        if shaft:
            link[k, -1] = link[-1, k] = 1e3 / neck
        else:
            source[k] = 1e3 / (neck + circuit.dendrite_resistance)
    if shaft:
        source[-1] = 1e3 / circuit.dendrite_resistance
    times = [tuple(inputs.get(head, ())) for head in cell.heads]

    taus = np.array([circuit.ampa[2], circuit.ampa[1], circuit.nmda[2], circuit.nmda[1], *circuit.spike[1:3]])
    scale = [1e-3 * peak / _height(rise, decay) for peak, rise, decay, _ in (circuit.ampa, circuit.nmda)]
    share = circuit.spike[0] * np.array([circuit.spike[3], 1.0 - circuit.spike[3]])
    out = link.sum(axis=1)

    def sums(start: float) -> tuple[np.ndarray, np.ndarray]:
        """The exponentials of synapses, (4, heads) [nS], and of spikes, (2,) [mV], just after a time."""
        at = np.array([start])
        synaptic = np.array([[kicks(when, tau, at)[0] for when in times] for tau in taus[:4]])
        signs = np.array([scale[0], -scale[0], scale[1], -scale[1]])
        return signs[:, np.newaxis] * synaptic, share * [kicks(spiking, tau, at)[0] for tau in taus[4:]]

    def currents(t: float, volts: np.ndarray, start: float, synaptic: np.ndarray, spike: np.ndarray) -> np.ndarray:
        fades = np.exp(-(t - start) / taus)
        made = leak * (circuit.rest - volts) + link @ volts - out * volts
        made += source * (circuit.rest + spike @ fades[4:] - volts)
        opened, head = synaptic * fades[:4, np.newaxis], volts[:heads]
        made[:heads] += (opened[0] + opened[1]) * (circuit.ampa[3] - head)
        free = magnesium_block(head, circuit.block, circuit.magnesium)
        made[:heads] += (opened[2] + opened[3]) * free * (circuit.nmda[3] - head)
        return 1e3 * made / capacity  # mV/s

    breaks = sorted({0.0, t_stop, *(t for when in (*times, spiking) for t in when if 0.0 < t < t_stop)})
    rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    volts = np.full(number, circuit.rest)
    for start, end in pairwise(breaks):
        driving = (start, *sums(start))
        found = solve_ivp(
            currents,
            (start, np.nextafter(end, start)),  # at its end the next input has not come yet
            volts,
            args=driving,
            method="LSODA",
            rtol=_TOLERANCE,
            atol=_TOLERANCE,
            max_step=(end - start) / 4.0,
        )
        if not found.success:
            raise ScenarioError(f"voltage.circuit: it could not be solved after {start:g} s: {found.message}")
        slope = [currents(t, v, *driving) for t, v in zip(found.t, found.y.T, strict=True)]
        rows.append((found.t, found.y.T, np.array(slope)))
        volts = found.y[:, -1]
    time, course, slopes = (np.concatenate(column) for column in zip(*rows, strict=True))
    names = (*cell.heads, *([SHAFT] if shaft else []))
    return {
        name: CubicHermiteSpline(time, course[:, node], slopes[:, node], extrapolate=True)
        for node, name in enumerate(names)
    }
