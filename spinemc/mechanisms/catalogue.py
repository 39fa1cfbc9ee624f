"""All mechanisms by name, and those of Bell et al. 2022 as tables of a scenario with their rates in files."""

from __future__ import annotations

from spinemc.mechanisms import buffers, channels, pumps, receptors, stores
from spinemc.mechanisms.kinds import Kind, as_files

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        buffers.CALCIUM_KIND,
        receptors.GLUTAMATE_KIND,
        receptors.NMDAR_KIND,
        receptors.AMPAR_KIND,
        channels.VSCC_KIND,
        channels.VDCC_KIND,
        channels.VDCC_R_KIND,
        channels.GATED_KIND,
        pumps.PMCA_KIND,
        pumps.NCX_KIND,
        pumps.LEAK_KIND,
        pumps.SERCA_KIND,
        stores.RYR_KIND,
        stores.IP3R_KIND,
        stores.STORE_LEAK_KIND,
        buffers.FIXED_BUFFER_KIND,
        buffers.MOBILE_BUFFER_KIND,
        buffers.IMMOBILE_BUFFER_KIND,
        buffers.CALBINDIN_KIND,
        buffers.CALMODULIN_KIND,
        buffers.PARVALBUMIN_KIND,
        buffers.INDICATOR_KIND,
    )
}

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
