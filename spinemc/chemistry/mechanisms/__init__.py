"""Channels, receptors, pumps and buffers of the literature: rates that change in time, and tables of a scenario.

All numbers are those of Bell, Holst, Lee & Rangamani 2022 (J Gen Physiol 154:e202112980), read in the code that
accompanies it (RangamaniLabUCSD/StochasticSpineSimulations), unless something else is said where they stand. What is
a choice says so: `glutamate`, a transient in place of molecules, and `SERCA_BACK`, two numbers without a unit. Times
in s, voltages in mV, rates in s^-1.
"""

from spinemc.chemistry.mechanisms.base import BELL_2022, Mechanism, assembled
from spinemc.chemistry.mechanisms.channels import (
    FARADAY,
    VSCC,
    VSCC_CONDUCTANCE,
    VSCC_FORWARD,
    VSCC_REVERSE,
    VSCC_SLOPE,
    magnesium_block,
    nmdar_block,
    nmdar_conductance,
    nmdar_flux,
    nmdar_unblocked_flux,
    voltage,
    vscc_flux,
    vscc_rates,
)
from spinemc.chemistry.mechanisms.pumps import (
    CALCIUM,
    FIXED_BUFFER,
    MOBILE_BUFFER,
    NCX,
    PMCA,
    SERCA,
    SERCA_BACK,
    SERCA_LEAK,
    STORED_CALCIUM,
)
from spinemc.chemistry.mechanisms.receptors import (
    AMPAR,
    GLUTAMATE,
    NMDAR,
    NMDAR_BINDING,
    NMDAR_CLEFT,
    glutamate,
    nmdar_binding,
)
from spinemc.chemistry.mechanisms.tables import tables, write_table

__all__ = [
    "AMPAR",
    "BELL_2022",
    "CALCIUM",
    "FARADAY",
    "FIXED_BUFFER",
    "GLUTAMATE",
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
    "Mechanism",
    "assembled",
    "glutamate",
    "magnesium_block",
    "nmdar_binding",
    "nmdar_block",
    "nmdar_conductance",
    "nmdar_flux",
    "nmdar_unblocked_flux",
    "tables",
    "voltage",
    "vscc_flux",
    "vscc_rates",
    "write_table",
]
