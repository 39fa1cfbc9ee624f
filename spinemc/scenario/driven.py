"""What follows the voltage and the inputs of a scenario: the values, frozen, in engine units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from spinemc.mechanisms import Law


@dataclass(frozen=True)
class Driven:
    """A rate that is known when the voltage and the glutamate at its place are.

    Attributes
    ----------
    law : Law
    place : str
        The region of the molecules, or a pattern of regions.
    node : str or None
        Whose voltage they see, "head", "shaft" or the name of a spine; that of their place where None.
    """

    law: Law
    place: str
    node: str | None = None


@dataclass(frozen=True)
class Placed:
    """A mechanism in a scenario, and what was made of it.

    Attributes
    ----------
    kind, name : str
        Its kind, and what its species begin with.
    place : str
        Region, or compartment.
    amount : str
        How much, as it was written; empty where nothing is put in.
    values : mapping
        All its parameters, as they are written.
    species, equations : tuple of str
        What it added.
    """

    kind: str
    name: str
    place: str
    amount: str
    values: Mapping[str, str | float | None]
    species: tuple[str, ...]
    equations: tuple[str, ...]


@dataclass(frozen=True)
class Circuit:
    """A passive circuit of the cell: heads on their necks, the shaft, and the rest of the dendrite behind it.

    Attributes
    ----------
    rest : float
        Voltage at rest, where the leak reverses [mV].
    capacitance : float
        Of the membrane [uF/cm^2].
    membrane_resistance : float
        [ohm cm^2]
    resistivity : float
        Of the cytosol [Mohm um].
    neck_resistance : float or None
        Of every neck, in place of the mesh's [Mohm].
    dendrite_resistance : float
        Input resistance of the rest of the dendrite, behind which it has the voltage of the spikes [Mohm].
    ampa, nmda : tuple of float
        Peak conductance [pS], time constants of rise and decay [s], reversal [mV]; of NMDA receptors before the block.
    block : str
        By magnesium, a key of `mechanisms.BLOCKS`.
    magnesium : float
        [mM]
    spike : tuple of float
        Of a back-propagating action potential: amplitude [mV], time constants, fast and slow [s], share of the fast.
    """

    rest: float
    capacitance: float
    membrane_resistance: float
    resistivity: float
    neck_resistance: float | None
    dendrite_resistance: float
    ampa: tuple[float, float, float, float]
    nmda: tuple[float, float, float, float]
    block: str
    magnesium: float
    spike: tuple[float, float, float, float]


@dataclass(frozen=True)
class Voltage:
    """The voltage of the membrane: exactly one of these is not None.

    Attributes
    ----------
    hold : float
        Always the same [mV].
    table : tuple of two tuples of float
        Times [s] and voltages [mV]: linear between them, held at the ends.
    waveform : str
        "bell2022", the published course, or "bell2022_each", its two parts after each input and each spike.
    circuit : Circuit
    """

    hold: float | None = None
    table: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    waveform: str | None = None
    circuit: Circuit | None = None

    @property
    def follows(self) -> bool:
        """Whether it follows inputs and spikes."""
        return self.circuit is not None or self.waveform == "bell2022_each"


@dataclass(frozen=True)
class Stimulus:
    """Inputs at some times.

    Attributes
    ----------
    event : str
        "glutamate", at synapses, or "spike", a back-propagating action potential.
    time : tuple of float
        [s]
    at : str or None
        The region that glutamate comes to, or a pattern of regions.
    peak, decay : float
        Of the glutamate that receptors there see after each [M], [s]; 0 where molecules of it are released.
    """

    event: str
    time: tuple[float, ...]
    at: str | None = None
    peak: float = 0.0
    decay: float = 1.0

    def reaches(self, place: str) -> bool:
        """Whether its glutamate comes to a region."""
        return self.at is not None and fnmatchcase(place, self.at)
