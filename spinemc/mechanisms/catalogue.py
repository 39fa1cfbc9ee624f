"""All mechanisms by name."""

from __future__ import annotations

from spinemc.mechanisms import buffers, channels, pumps, receptors, stores
from spinemc.mechanisms.kinds import Kind

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
"""Every mechanism, by the name that a scenario's `[[mechanism]]` has."""
