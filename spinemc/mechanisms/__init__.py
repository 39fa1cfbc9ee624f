"""Channels, receptors, pumps and buffers of the literature: schemes with parameters, each with its source.

`KINDS` holds them by the name that a scenario's `[[mechanism]]` has. What is a choice and no number of the literature
says so where it stands. Times in s, voltages in mV, rates in s^-1. The constants `VSCC`, `NMDAR` and so on are those of
Bell, Holst, Lee & Rangamani 2022 (J Gen Physiol 154:e202112980), read in the code that accompanies it
(RangamaniLabUCSD/StochasticSpineSimulations), as tables of a scenario whose rates in time are files.
"""

from importlib import import_module
from typing import Any

from spinemc.mechanisms.catalogue import KINDS
from spinemc.mechanisms.channels import (
    FARADAY,
    VSCC_CONDUCTANCE,
    VSCC_FORWARD,
    VSCC_REVERSE,
    VSCC_SLOPE,
    gate,
    voltage,
    vscc_flux,
    vscc_rates,
)
from spinemc.mechanisms.kinds import (
    BELL_2022,
    CHOICE,
    Chosen,
    Drive,
    Kind,
    Law,
    Mechanism,
    Parameter,
    as_files,
    assembled,
    first_release,
)
from spinemc.mechanisms.pumps import SERCA_BACK, SERCA_LEAK, STORED_CALCIUM
from spinemc.mechanisms.steady import steady
from spinemc.mechanisms.synapse import (
    BLOCKS,
    NMDAR_BINDING,
    glutamate,
    magnesium_block,
    nmdar_binding,
    nmdar_block,
    nmdar_conductance,
    nmdar_flux,
    nmdar_unblocked_flux,
)
from spinemc.mechanisms.tables import tables, write_table

_PUBLISHED = (
    "AMPAR",
    "CALCIUM",
    "FIXED_BUFFER",
    "GLUTAMATE",
    "MOBILE_BUFFER",
    "NCX",
    "NMDAR",
    "NMDAR_CLEFT",
    "PMCA",
    "SERCA",
    "VSCC",
)
"""Constants of `spinemc.mechanisms.published`, which takes units and scipy: loaded when one is first used."""

__all__ = [
    "AMPAR",
    "BELL_2022",
    "BLOCKS",
    "CALCIUM",
    "CHOICE",
    "FARADAY",
    "FIXED_BUFFER",
    "GLUTAMATE",
    "KINDS",
    "MOBILE_BUFFER",
    "NCX",
    "NMDAR",
    "NMDAR_BINDING",
    "NMDAR_CLEFT",
    "PMCA",
    "SERCA",
    "SERCA_BACK",
    "SERCA_LEAK",
    "STORED_CALCIUM",
    "VSCC",
    "VSCC_CONDUCTANCE",
    "VSCC_FORWARD",
    "VSCC_REVERSE",
    "VSCC_SLOPE",
    "Chosen",
    "Drive",
    "Kind",
    "Law",
    "Mechanism",
    "Parameter",
    "as_files",
    "assembled",
    "first_release",
    "gate",
    "glutamate",
    "magnesium_block",
    "nmdar_binding",
    "nmdar_block",
    "nmdar_conductance",
    "nmdar_flux",
    "nmdar_unblocked_flux",
    "steady",
    "tables",
    "voltage",
    "vscc_flux",
    "vscc_rates",
    "write_table",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLISHED:
        return getattr(import_module("spinemc.mechanisms.published"), name)
    raise AttributeError(f"module 'spinemc.mechanisms' has no attribute '{name}'")
