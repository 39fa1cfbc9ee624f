"""Three scenarios that together say everything a scenario can say, and the files they need."""

from texts import BUFFERED

VALID = (
    """
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

"""
    + BUFFERED
    + """[[species]]
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
[[record.positions]]
species = ["B"]
every = "2 ms"
in = "head"
[[record.positions]]
species = ["Q"]
every = "2 ms"
on = "p*"

[[record.ions]]
species = "CaB"
trials = [2, 0, 3]
carriers = { Q = 2, Ca = 0 }

[[plasticity]]
rule = "bell2022"
species = "Ca"
compartment = "head"
parameters = { tau = 2 }
"""
)
FLUX = "# a source\ntime [s], rate [1/s]\n0, 1\n0.5e-2, 3\n\n0.01, 0\n"
SPACES = """
schema = 1

[geometry]
shape = { kind = "box", size = ["1 um", "1 um", "2 um"], edge = "200 nm" }
[geometry.outside]
margin = "0.3 um"
[[geometry.surface]]
name = "apparatus"
shape = { kind = "sphere", radius = "0.2 um", edge = "100 nm" }
at = ["0 um", "0 um", "0.5 um"]
inside = "lumen"
[[geometry.surface]]
name = "diaphragm"
plane = { point = ["0 um", "0 um", "-0.2 um"], normal = [0, 0, 2] }
[[geometry.region]]
name = "patch"
of = "apparatus"
within = { sphere = { center = ["0 um", "0 um", "0.7 um"], radius = "200 nm" } }
[[geometry.compartment]]
name = "cleft"
of = "outside"
within = { box = { low = ["-1 um", "-1 um", "1 um"], high = ["1 um", "1 um", "2 um"] } }

[run]
t_stop = "1 ms"
dt = "1 us"
sample_every = "0.1 ms"

[[species]]
name = "Ca"
D = "220 um^2/s"
[[species]]
name = "glu"
D = "300 um^2/s"
in = "outside"
[[species]]
name = "SERCA"
on = "apparatus"
D = "0.1 um^2/s"
[[species]]
name = "R"
on = "membrane"

[[molecule]]
name = "CB"
D = "20 um^2/s"
ligand = "Ca"
[[molecule.site]]
name = "M"
kf = ["174 /uM/s", "87 /uM/s"]
kb = ["35.8 /s", "71.6 /s"]
[[molecule.site]]
name = "H"
kf = "22 /uM/s"
kb = "2.6 /s"

[[network]]
file = "cam.net"
amounts = "uM"
time = "ms"
D = "10 um^2/s"
rename = { "CaM(c~0,n~0)" = "CaM" }

[[reaction]]
equation = "Ca@cytosol + SERCA -> SERCA + Ca@lumen"
kf = "1e8 /M/s"
[[reaction]]
equation = "glu + R -> R + Ca"
kf = "1e7 /M/s"
[[reaction]]
equation = "0 -> Ca"
kf = "1 uM/s"
in = "lumen"

[[release]]
species = "glu"
count = 500
in = "cleft"
[[release]]
species = "Ca@lumen"
count = 20
at = ["0 um", "0 um", "0.5 um"]
[[release]]
species = "SERCA"
density = "1000 /um^2"
on = "patch"
[[release]]
species = "R"
count = 100
on = "membrane"
[[release]]
species = "CB_M0H0"
concentration = "40 uM"
in = "cytosol"

[[boundary]]
region = "far"
species = ["glu"]
kind = "absorb"
rate = "20 um/s"
[[boundary]]
region = "diaphragm"
species = ["Ca"]
kind = "permeable"
permeability = "50 um/s"
[[boundary]]
region = "patch"
species = ["Ca@lumen"]
kind = "clamp"
concentration = "1 mM"
"""
DRIVEN = """
schema = 1

[geometry.shape]
kind = "spine"
head_radius = "0.3 um"
neck_radius = "0.1 um"
neck_length = "0.4 um"
psd_radius = "0.1 um"
edge = "100 nm"

[run]
t_stop = "5 ms"
dt = "1 us"
sample_every = "1 ms"

[voltage.circuit]
rest = "-70 mV"
capacitance = "1 uF/cm^2"
membrane_resistance = "10000 ohm cm^2"
resistivity = "200 ohm cm"
neck_resistance = "90 Mohm"
dendrite_resistance = "100 Mohm"
ampa_conductance = "1 nS"
ampa_rise = "0.2 ms"
ampa_decay = "1.7 ms"
ampa_reversal = "0 mV"
nmda_conductance = "500 pS"
nmda_rise = "0.3 ms"
nmda_decay = "70 ms"
nmda_reversal = "-3 mV"
block = "bell"
magnesium = "1 mM"
spike_amplitude = "60 mV"
spike_fast = "3 ms"
spike_slow = "40 ms"
spike_share = 0.7

[[stimulus]]
name = "both"
kind = "pairs"
start = "1 ms"
delay = "-0.5 ms"
number = 2
frequency = "1000 Hz"
post = 2
within = "0.1 ms"
at = "p*"
peak = "1 mM"
decay = "1.2 ms"
[[stimulus]]
kind = "theta"
bursts = 2
number = 2
frequency = "2000 Hz"
theta = "500 Hz"
at = "psd"
release = { species = "glu", count = 5, at = ["0 um", "0 um", "0.1 um"] }
[[stimulus]]
kind = "poisson"
frequency = "1 kHz"
duration = "3 ms"
seed = 3
event = "spike"
[[stimulus]]
kind = "times"
times = ["1 ms", "2 ms"]
event = "spike"

[[mechanism]]
kind = "calcium"
concentration = "100 nM"
in = "cytosol"
parameters = { D = "220 um^2/s", loss = "10 /s" }
[[mechanism]]
kind = "glutamate"
in = "cytosol"
[[mechanism]]
kind = "nmdar"
name = "N"
ion = "Ca"
on = "psd"
count = 5
sees = "head"
parameters = { block = "grunditz", magnesium = "1.5 mM", conductance = "4 pS", reversal = "0 mV" }
[[mechanism]]
kind = "vdcc"
density = "20 /um^2"
parameters = { power = 3, m_half = "-5 mV" }
[[mechanism]]
kind = "calbindin"
resting = "100 nM"
[[mechanism]]
kind = "indicator"
concentration = "10 uM"
parameters = { D = "50 um^2/s", bind = "1e8 /M/s", kd = "0.3 uM", brightness = 10 }
"""
NET = """# Created by BioNetGen 2.9.0
begin parameters
    1 kd      kon*K  # ConstantExpression
    2 kon     1.0e2
    3 K       2^-1
    4 lambda  sqrt(9)/3
    5 Ca0     0.1
end parameters
begin functions
    1 f() kon*Catot
end functions
begin species
    1 Ca(s) Ca0
    2 CaM(c~0,n~0) 20
    3 CaM(c~1,n~0) 0
    4 Ca(s!1).CaM(c~0!1,n~0) 0
    5 D() 2*(Ca0 + 1)
end species
begin reactions
    1 1,2 4 kon  #R1
    2 4 1,2 kd  #_reverse_R1
    3 4 3 lambda  #R2
    4 5,5 0 0.5*kon  #R3
    5 0 1 kon/1e3  #R4
    6 2,1 4 2*kon  #R5
    7 3,5 5,3 1  #R6
end reactions
begin groups
    1 Catot  1,2*4
end groups
"""
"""A network as BioNetGen writes it."""
