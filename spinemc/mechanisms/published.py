"""The mechanisms of Bell, Holst, Lee & Rangamani 2022 as tables of a scenario, their rates in time as files."""

from __future__ import annotations

from spinemc.mechanisms import buffers, channels, pumps, receptors
from spinemc.mechanisms.kinds import as_files

CALCIUM = buffers.CALCIUM_KIND.made()
MOBILE_BUFFER = buffers.MOBILE_BUFFER_KIND.made()
FIXED_BUFFER = buffers.FIXED_BUFFER_KIND.made()
PMCA = pumps.PMCA_KIND.made()
NCX = pumps.NCX_KIND.made()
SERCA = pumps.SERCA_KIND.made()
"""The pumps of a spine apparatus: the surface `apparatus` with the space `lumen` inside, its calcium, and the leak."""

VSCC = as_files(channels.VSCC_KIND.made(released=False))
GLUTAMATE = receptors.GLUTAMATE_KIND.made()
NMDAR = as_files(receptors.NMDAR_KIND.made(released=False, block="bell", influx="bell2022"))
"""The NMDA receptor that sees a transient of glutamate, the block by magnesium a factor of its influx."""

NMDAR_CLEFT = as_files(receptors.NMDAR_KIND.made(released=False, ligand="glu"))
"""The NMDA receptor that binds molecules of glutamate; magnesium in it is a state, with closed states of its own."""

AMPAR = receptors.AMPAR_KIND.made(released=False, ligand="glu")
"""The AMPA receptor, here a place that holds glutamate for a while: no calcium comes in by it."""
