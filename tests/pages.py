"""A small run to make pages of: a spine with ions that are free, bound and in pumps."""

from __future__ import annotations

from pathlib import Path

from texts import BUFFERED

import spinemc as smc

TITLE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \u2028 calcium"
NECK = 0.1  # um: where the head begins
SAMPLES = 2  # from a frame to the next
SCENARIO = (
    f"""schema = 1
title = '{TITLE}'
[geometry]
shape = {{ kind = "box", size = ["0.25 um", "0.5 um", "0.8 um"] }}
[[geometry.compartment]]
name = "head"
within = {{ box = {{ low = ["-1 um", "-1 um", "{NECK} um"], high = ["1 um", "1 um", "2 um"] }} }}
[run]
t_stop = "0.4 ms"
dt = "2 us"
sample_every = "0.02 ms"
trials = 6
seed = 11
"""
    + BUFFERED
    + """[[species]]
name = "PMCA"
on = "membrane"
[[species]]
name = "PMCA_Ca"
on = "membrane"
[[species]]
name = "Site"
on = "membrane"
[[species]]
name = "Site_Ca"
on = "membrane"
[[reaction]]
equation = "Ca + B <-> CaB"
kf = "1e8 /M/s"
kb = "300 /s"
[[reaction]]
equation = "Ca + PMCA <-> PMCA_Ca"
kf = "1.5e8 /M/s"
kb = "15 /s"
[[reaction]]
equation = "PMCA_Ca -> PMCA"
kf = "2000 /s"
[[reaction]]
equation = "Ca + Site <-> Site_Ca"
kf = "1e8 /M/s"
kb = "1000 /s"
[[release]]
species = "PMCA"
count = 60
on = "membrane"
[[release]]
species = "Site"
count = 30
on = "membrane"
[[release]]
species = "B"
count = 60
in = "cytosol"
[[release]]
species = "Ca"
count = 150
in = "cytosol"
[[record.ions]]
species = "Ca"
[[record.positions]]
species = ["Ca"]
every = "0.04 ms"
follow = true
[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "head"
"""
)


def run(folder: Path) -> Path:
    """The store of a run in a folder."""
    (folder / "page.toml").write_text(SCENARIO, encoding="utf-8")
    smc.run(smc.load_scenario(folder / "page.toml"), folder / "page.zarr", threads=1)
    return folder / "page.zarr"
