"""What theory says of a neck: how long it keeps ions in, and how much it lets by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemc.engine.system import System


@dataclass(frozen=True)
class Spine:
    """A head on a neck, as its mesh has them.

    Attributes
    ----------
    volume : float
        Of the head [um^3].
    length : float
        Of the neck [um].
    radius : float
        Of a circle with the neck's cross-section [um].
    """

    volume: float
    length: float
    radius: float

    def escape(self, diffusion: float) -> float:
        r"""Mean time from anywhere in the head to the foot of the neck [s].

        Notes
        -----
        .. math:: \tau = \frac{V}{4 a D} + \frac{V L}{\pi a^2 D} + \frac{L^2}{2 D}

        The way to a small window (Singer, Schuss & Holcman, J Stat Phys 122:437, 2006), the neck's hindrance, and the
        way along it. The last two are exact for a well-mixed head on a neck of one dimension.
        """
        a = self.radius
        way = self.volume / (4.0 * a) + self.volume * self.length / (np.pi * a**2) + 0.5 * self.length**2
        return way / diffusion

    def conductance(self, diffusion: float) -> float:
        r"""What diffuses through for a difference of one molecule/um^3 between head and shaft [um^3/s].

        Notes
        -----
        .. math:: \frac{1}{g} = \frac{1}{D} \left( \frac{L}{\pi a^2} + 2 \frac{1}{4 a} \right)

        a window on each end.
        """
        return diffusion / (self.length / (np.pi * self.radius**2) + 0.5 / self.radius)


def volume_of(system: System, compartment: str) -> float:
    """Volume of a compartment [um^3]."""
    return float(system.geometry.compartment_volume[system.geometry.compartments.index(compartment)])


def spine_of(system: System) -> Spine:
    """What the formulas need of a spine; the neck's cross-section from its volume."""
    shape = system.scenario.geometry.shape
    length = shape.parameters["neck_length"]
    return Spine(volume_of(system, "head"), length, float(np.sqrt(volume_of(system, "neck") / (np.pi * length))))


def escape(time: np.ndarray, count: np.ndarray) -> tuple[float, float]:
    """Mean time that independent molecules take to leave, and its standard error [s].

    Parameters
    ----------
    time, count : (t,) float64
        Samples [s], and how many are left at each, of all trials.

    Notes
    -----
    The time that all of them spent inside over how many have left: the likeliest mean of an exponential of which the
    end was not waited for. What a first lag in the neck does to it is the lag times the share that is left.
    """
    gone = count[0] - count[-1]
    mean = float(np.trapezoid(count, time) / gone)
    return mean, mean / float(np.sqrt(gone))


def linear_coupling(system: System) -> float:
    r"""The coupling of a spine whose pumps and buffers are far from full.

    Notes
    -----
    What comes through the neck is what the shaft's membrane takes, :math:`g (C_h - C_s) = K C_s` in integrals over
    time, so that the coupling is :math:`g / (g + K)`, with
    :math:`K = A (k_{on} \sigma_{pump} k_{cat} / (k_{off} + k_{cat}) + k_{on} \sigma_{buffer})`: the buffer keeps what
    it binds for 0.5 s, longer than anyone looks. What the neck's own membrane takes is left out.
    """
    scenario, geometry = system.scenario, system.geometry
    rate = {step.label: step.rate.value[0] for step in system.network.steps}
    density = {release.species: release.density for release in scenario.release}
    caught = rate["pump_Ca -> pump"] / (rate["pump_Ca -> pump"] + rate["pump_Ca -> Ca + pump"])
    velocity = rate["Ca + pump -> pump_Ca"] * caught * density["pump"] + rate["Ca + Bf -> CaBf"] * density["Bf"]
    uptake = velocity * geometry.region_area[geometry.regions.index("shaft")]
    g = spine_of(system).conductance(scenario.species[0].D)
    return float(g / (g + uptake))
