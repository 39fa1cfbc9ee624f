"""A scenario that says everything a scenario can say, and the table of rates it needs."""

VALID = """
schema = 1
title = "all of it"

[geometry]
shape = { kind = "box", size = ["1 um", "1 um", "2 um"], edge = "200 nm" }
[[geometry.region]]
name = "psd"
within = { sphere = { center = ["0 um", "0 um", "1 um"], radius = "200 nm" } }
[[geometry.compartment]]
name = "head"
within = { box = { low = ["-1 um", "-1 um", "0 um"], high = ["1 um", "1 um", "2 um"] } }

[run]
t_stop = "35 ms"
dt = "0.5 us"
sample_every = "0.1 ms"
trials = 50
seed = 7
cell = "40 nm"

[[species]]
name = "Ca"
D = "220 um^2/s"
[[species]]
name = "B"
D = "20 um^2/s"
[[species]]
name = "CaB"
D = "20 um^2/s"
[[species]]
name = "P"
on = "membrane"
[[species]]
name = "Q"
on = "psd"
D = "0.01 um^2/s"

[[reaction]]
equation = "Ca + B <-> CaB"
kf = "1e8 /M/s"
kb = "100 /s"
[[reaction]]
equation = "Ca + P -> P"
kf = "1.5e8 /M/s"
[[reaction]]
equation = "P -> P + Ca"
kf = { table = "flux.csv" }
[[reaction]]
equation = "2 P -> Q"
kf = "0.1 um^2/s"
[[reaction]]
equation = "0 -> Ca"
kf = "1 uM/s"
in = "head"
[[reaction]]
equation = "Ca -> 0"
kf = "50 /s"

[[release]]
species = "Ca"
concentration = "100 nM"
in = "cytosol"
exact = true
[[release]]
species = "B"
count = 300
at = ["0 um", "-10 nm", "0.5 um"]
time = ["15 ms", "5 ms"]
[[release]]
species = "P"
density = "998 /um^2"
on = "membrane"
time = "1 ms"

[[boundary]]
region = "psd"
species = ["Ca"]
kind = "clamp"
concentration = "1 uM"

[[record.positions]]
species = ["Ca", "P"]
every = "1 ms"
trials = [3, 0]

[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "head"
parameters = { tau = 2 }
"""
FLUX = "# a source\ntime [s], rate [1/s]\n0, 1\n0.5e-2, 3\n\n0.01, 0\n"
