"""Every mechanism's scheme written out with the numbers of its source, and both it and a scenario's solved by scipy."""

from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import solve_ivp

from spinemc.chemistry.drive import driven
from spinemc.scenario import parse_scenario
from spinemc.units import MICROMOLAR

PLAIN = """
[geometry]
shape = { kind = "sphere", radius = "0.3 um" }
[geometry.outside]
margin = "0.1 um"
[[geometry.region]]
name = "psd"
within = { sphere = { center = ["0 um", "0 um", "0.3 um"], radius = "0.1 um" } }
[[geometry.surface]]
name = "apparatus"
shape = { kind = "sphere", radius = "0.1 um" }
inside = "lumen"
[run]
t_stop = "50 ms"
dt = "1 us"
sample_every = "1 ms"
[[mechanism]]
kind = "calcium"
[[mechanism]]
kind = "glutamate"
[[release]]
species = "glu"
count = 1
in = "outside"
[[release]]
species = "Ca"
count = 9
in = "lumen"
"""
TIMES = np.linspace(0.0, 0.05, 26)
WAVE = '[voltage]\nwaveform = "bell2022"\n'
INPUT = '[[stimulus]]\nkind = "single"\nat = "psd"\n'


def made(kind, more="", end="", amount="count = 10"):
    """The reactions of a mechanism in a scenario, rates in time."""
    own = "" if kind in ("calcium", "glutamate") else f'[[mechanism]]\nkind = "{kind}"\n{amount}\n{more}\n'
    return driven(parse_scenario(f"{PLAIN}{own}{end}"), None)


def volts(t):
    """Bell et al. 2022 [mV]."""
    t = 1e3 * t
    bap = 0.75 * np.exp(-(t - 2) / 3) + 0.25 * np.exp(-(t - 2) / 25)
    return -65 + 38 * bap + 25 * (np.exp(-t / 50) - np.exp(-t / 5))


def glutamate(t):
    """What an input at 0 brings [M]."""
    return 1e-3 * np.exp(-t / 1.2e-3)


def followed(scenario, names, held, start, times=TIMES):
    """Shares of some states in time, by the reactions of a scenario, with concentrations held [uM]."""
    ways = []
    for r in scenario.reaction:
        for rate, a, b in ((r.kf, r.reactants, r.products), (r.kb, r.products, r.reactants)):
            mine = [[m for m in side if m in names] for side in (a, b)]
            if rate is not None and all(mine) and mine[0] != mine[1]:
                beside = [held.get(m, 0.0) * MICROMOLAR for m in a if m not in names]
                ways.append((names.index(mine[0][0]), names.index(mine[1][0]), rate, np.prod(beside)))

    def change(t, p):
        d = np.zeros(len(names))
        for a, b, rate, scale in ways:
            flow = p[a] * scale * np.interp(t, rate.time, rate.value)
            d[a] -= flow
            d[b] += flow
        return d

    return solved(change, names, start, times)


def by_hand(steps, start, times=TIMES, v=volts, g=glutamate):
    """The same of a scheme written out: (from, to, rate there, rate back) [s^-1], as in `Scheme`."""
    names = states_of(steps)

    def change(t, p):
        return generator(steps, v(t), g(t)) @ p

    return solved(change, names, start, times)


def states_of(steps):
    """The states of a scheme."""
    return list(dict.fromkeys(s for a, b, *_ in steps for s in (a, b)))


def generator(steps, v, g):
    """(n, n) rates at a voltage [mV] and a concentration of glutamate [M], from column to row."""
    names = states_of(steps)
    made = np.zeros((len(names), len(names)))
    for a, b, there, back in steps:
        for start, end, rate in ((a, b, there), (b, a, back)):
            k = rate(v, g) if callable(rate) else rate
            made[names.index(end), names.index(start)] += k
            made[names.index(start), names.index(start)] -= k
    return made


def solved(change, names, start, times):
    """Shares of the states in time, from all in one."""
    first = np.array([float(n == start) for n in names])
    found = solve_ivp(change, (0.0, times[-1]), first, "LSODA", times, rtol=1e-9, atol=1e-12, max_step=1e-3)
    return dict(zip(names, found.y, strict=True))


@dataclass(frozen=True)
class Scheme:
    """A mechanism as its source has it.

    Attributes
    ----------
    steps : list of (from, to, rate there, rate back)
        [s^-1], numbers or functions of the voltage [mV] and of glutamate [M]; the first state is that of the start.
    lets : dict
        What its states let by: an equation and its rate [s^-1], or with calcium of the lumen [M^-1 s^-1].
    held : dict
        Concentrations [uM].
    parameters : dict
    end : str
        The voltage and stimuli of the scenario.
    within : float
        Share of a state's peak that tables of rates in time may be off.
    """

    steps: list = field(default_factory=list)
    lets: dict = field(default_factory=dict)
    held: dict = field(default_factory=dict)
    parameters: dict = field(default_factory=dict)
    end: str = ""
    within: float = 1e-6

    def scenario(self, kind):
        """In a scenario."""
        told = ", ".join(
            f'{key} = "{x}"' if isinstance(x, str) else f"{key} = {x}" for key, x in self.parameters.items()
        )
        return made(kind, f"parameters = {{ {told} }}" if told else "", self.end)


CA, LUMEN = 0.5e-6, 60e-6  # [M]
HELD = {"Ca": 0.5, "Ca@lumen": 60.0}


def _nmdar():
    chain = []
    for b, (opens, shuts) in {"": (93, 183.2), "b": (97, 574)}.items():
        whole = "NMDAR_b" if b else "NMDAR"
        chain += [
            (f"NMDAR_C0{b}", f"NMDAR_C1{b}", lambda v, g: 2e7 * g, 11),
            (f"NMDAR_C1{b}", f"NMDAR_C2{b}", lambda v, g: 1e7 * g, 22),
            (f"NMDAR_C2{b}", whole, opens, shuts),
            (f"NMDAR_C2{b}", f"NMDAR_D{b}", 16.8, 3.6),
        ]
    block = ("NMDAR", "NMDAR_b", lambda v, g: 1200 * np.exp(-v / 17), lambda v, g: 10800 * np.exp(v / 47))
    return [*chain, block]


def _ampar():
    return [
        ("AMPAR_C0", "AMPAR_C1", lambda v, g: 9.18e6 * g, 8520),
        ("AMPAR_C1", "AMPAR_C2", lambda v, g: 5.68e7 * g, 6520),
        ("AMPAR_C2", "AMPAR", 8480, 1800),
        ("AMPAR_C1", "AMPAR_C3", 5780, 78.4),
        ("AMPAR_C3", "AMPAR_C4", lambda v, g: 2.54e6 * g, 91.4),
        ("AMPAR_C2", "AMPAR_C4", 344, 1.45),
        ("AMPAR_C4", "AMPAR_C5", 33.6, 380.8),
        ("AMPAR_C5", "AMPAR", 8, 35.4),
    ]


def _vscc():
    states = ("VSCC_0", "VSCC_1", "VSCC_2", "VSCC_3", "VSCC")
    rates = ((8.08e3, 5.76e3, 49.14), (13.4e3, 12.6e3, 42.08), (8.78e3, 16.3e3, 55.31), (34.7e3, 3.68e3, 26.55))
    return [
        (a, b, lambda v, g, k=on, s=s: k * np.exp(v / s), lambda v, g, k=off, s=s: k * np.exp(-v / s))
        for a, b, (on, off, s) in zip(states[:-1], states[1:], rates, strict=True)
    ]


def _gates(name, power, m, h):
    """m and h gates that open and shut by themselves: half [mV], slope [mV] and time constant [s] of each."""

    def called(i, j):
        return name if (i, j) == (power, 1) else f"{name}_m{i}h{j}"

    def rate(gate, way, times):
        half, slope, tau = gate
        return lambda v, g: times / (1 + np.exp((-1) ** (way + 1) * (v - half) / slope)) / tau

    steps = [(called(i, 0), called(i, 1), rate(h, 0, 1), rate(h, 1, 1)) for i in range(power + 1)]
    steps += [
        (called(i, j), called(i + 1, j), rate(m, 0, power - i), rate(m, 1, i + 1)) for j in (1, 0) for i in range(power)
    ]
    return sorted(steps, key=lambda step: not step[0].endswith("m0h1"))


def _sites(name, on, off):
    """Two sorts of two sites, a step of each the number of ions: rates of the first and the second step."""
    letters = tuple(on)
    steps = []
    for other in range(3):
        for n in range(2):
            for k, letter in enumerate(letters):
                at = [(n, other), (n + 1, other)] if k == 0 else [(other, n), (other, n + 1)]
                a, b = (f"{name}_{letters[0]}{i}{letters[1]}{j}" for i, j in at)
                steps.append((a, b, on[letter][n] * 1e6 * CA, off[letter][n]))
    return steps


def flux(v):
    """Ions a second by an open calcium channel of 3.72 pS."""
    faraday, avogadro = 96485.33212, 6.02214076e23
    charge = 3.72e-12 * v * 1e-3 * avogadro / (2 * faraday)
    return charge * (0.393 - np.exp(-v / 80.36)) / (1 - np.exp(v / 80.36))


def _ohmic(t):
    return 4.5e-12 * (3 - volts(t)) * 1e-3 / (2 * 1.602176634e-19)


OWN = {"m_slope": "4 mV", "m_tau": "1.5 ms", "h_slope": "-7 mV", "h_tau": "20 ms"}
ANY = OWN | {"conductance": "3.72 pS", "power": 1, "m_half": "-30 mV", "h_half": "-60 mV"}
PV = {"D": "43 um^2/s", "magnesium": "500 uM", "bind": "100 /uM/s", "unbind": "1 /s", "bind_mg": "1 /uM/s",
      "unbind_mg": "25 /s"}  # fmt: skip
DYE = {"D": "50 um^2/s", "bind": "1e8 /M/s", "kd": "0.3 uM", "brightness": 14}

SCHEMES = {
    "calcium": Scheme(lets={"Ca -> 0": 50.0}),
    "glutamate": Scheme(),
    "nmdar": Scheme(_nmdar(), {"NMDAR -> NMDAR + Ca": _ohmic}, end=WAVE + INPUT, within=2e-3),
    "ampar": Scheme(_ampar(), end=INPUT, within=2e-3),
    "vscc": Scheme(_vscc(), {"VSCC -> VSCC + Ca": lambda t: flux(volts(t))}, end=WAVE, within=2e-3),
    "vdcc": Scheme(
        _gates("VDCC", 2, (-5.9, 9.5, 1e-3), (-39, -9.2, 27e-3)),
        {"VDCC -> VDCC + Ca": lambda t: flux(volts(t))}, end=WAVE, within=2e-3,
    ),
    "vdcc_r": Scheme(
        _gates("VDCC_R", 3, (-14, 4, 1.5e-3), (-65, -7, 20e-3)),
        {"VDCC_R -> VDCC_R + Ca": lambda t: flux(volts(t))}, parameters=OWN, end=WAVE, within=2e-3,
    ),
    "gated_channel": Scheme(
        _gates("CHANNEL", 1, (-30, 4, 1.5e-3), (-60, -7, 20e-3)),
        {"CHANNEL -> CHANNEL + Ca": lambda t: flux(volts(t))}, parameters=ANY, end=WAVE, within=2e-3,
    ),
    "pmca": Scheme([("PMCA", "PMCA_Ca", 1.5e8 * CA, 15 + 12)], {"PMCA -> PMCA + Ca": 4.3}, HELD),
    "ncx": Scheme([("NCX", "NCX_Ca", 3e8 * CA, 300 + 600)], {"NCX -> NCX + Ca": 19.4}, HELD),
    "leak": Scheme(lets={"LEAK -> LEAK + Ca": 7.0}, parameters={"leak": "7 /s"}),
    "serca": Scheme(
        [
            ("SERCA_x0", "SERCA_x1", 2e8 * CA, 83.7),
            ("SERCA_x1", "SERCA_x2", 1e8 * CA, 167.4),
            ("SERCA_x2", "SERCA_y2", 0.6, 0.097),
            ("SERCA_y2", "SERCA_y1", 60.04, 6.0),
            ("SERCA_y1", "SERCA_y0", 30.02, 12.0),
            ("SERCA_y0", "SERCA_x0", 0.4, 1.2e-3),
        ],
        {"Ca@lumen + SERCA_x0 -> SERCA_x0 + Ca": 0.1608 / LUMEN}, HELD,
    ),
    "ryr": Scheme(
        [("RYR_C0", "RYR_C1", 1e8 * CA, 100), ("RYR_C1", "RYR_C2", 1e8 * CA, 100), ("RYR_C2", "RYR", 1000, 500)],
        {"Ca@lumen + RYR -> RYR + Ca": 1e8}, HELD,
    ),
    "ip3r": Scheme(
        [("IP3R_0", "IP3R_I", 100, 50), ("IP3R_I", "IP3R", 1e8 * CA, 50), ("IP3R", "IP3R_B", 1e6 * CA, 1)],
        {"Ca@lumen + IP3R -> IP3R + Ca": 1e8}, HELD,
    ),
    "store_leak": Scheme(
        lets={"Ca@lumen + STORE_LEAK -> STORE_LEAK + Ca": 3e5}, held=HELD, parameters={"passes": "3e5 /M/s"}
    ),
    "fixed_buffer": Scheme([("Bf", "CaBf", 1e6 * CA, 2)], held=HELD),
    "mobile_buffer": Scheme([("Bm", "CaBm", 1e6 * CA, 1)], held=HELD),
    "immobile_buffer": Scheme([("CBP", "CaCBP", 247e6 * CA, 524)], held=HELD),
    "calbindin": Scheme(
        _sites("CB", {"M": (174, 87), "H": (22, 11)}, {"M": (35.8, 71.6), "H": (2.6, 5.2)}), held=HELD
    ),
    "calmodulin": Scheme(
        _sites("CaM", {"N": (108, 108), "C": (6.8, 6.8)}, {"N": (4150, 800), "C": (68, 10)}), held=HELD
    ),
    "parvalbumin": Scheme([("PV", "PV_Ca", 100e6 * CA, 1), ("PV", "PV_Mg", 500, 25)], held=HELD, parameters=PV),
    "indicator": Scheme([("dye", "dye_Ca", 1e8 * CA, 30)], held=HELD, parameters=DYE),
}  # fmt: skip
"""Every mechanism at its defaults; those without numbers with some."""
