"""The store of a run: a zarr tree that grows by blocks of trials and that plain xarray reads."""

from spinemc.layout import Block, Layout
from spinemc.store.blocks import gather, missing, write
from spinemc.store.places import Place, beside, place, refusals_told
from spinemc.store.spool import Spool
from spinemc.store.tree import attributes_of, create, finish, finished, open, read_scenario, refuse_unlike
from spinemc.store.verify import Damage, repair, verify

__all__ = [
    "Block",
    "Damage",
    "Layout",
    "Place",
    "Spool",
    "attributes_of",
    "beside",
    "create",
    "finish",
    "finished",
    "gather",
    "missing",
    "open",
    "place",
    "read_scenario",
    "refusals_told",
    "refuse_unlike",
    "repair",
    "verify",
    "write",
]
