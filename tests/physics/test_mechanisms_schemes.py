"""Mechanisms of a scenario against numbers of their sources, in other forms than their defaults."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from schemes import INPUT, SCHEMES, TIMES, WAVE, by_hand, followed, made

from spinemc import mechanisms
from spinemc.mechanisms import KINDS, steady
from spinemc.units import MICROMOLAR

HELD = '[voltage]\nhold = "-20 mV"\n'


def shares(scenario, prefix, held=None, times=TIMES):
    """Those of the states of a mechanism, by what their names begin with."""
    names = [s.name for s in scenario.species if s.name == prefix or s.name.startswith(f"{prefix}_")]
    return followed(scenario, names, held or {}, names[0], times)


def agree(ours, theirs, rel):
    """Every state agrees at every time, to a share of its own peak."""
    assert set(ours) == set(theirs)
    for name in theirs:
        assert ours[name] == pytest.approx(theirs[name], abs=rel * max(theirs[name].max(), 1e-9)), name


def test_calcium_at_rest_between_pumps_and_leaks():
    """A pump and its own leak balance where leak K / carry: 64.5 nM for the one, 97 nM for the other."""
    for kind, told in (("pmca", 4.3 / 12 * 27 / 1.5e8), ("ncx", 19.4 / 600 * 900 / 3e8)):
        share = steady(KINDS[kind].made(), {"Ca": told})
        empty, full = share.values()
        carry, leak = {"pmca": (12, 4.3), "ncx": (600, 19.4)}[kind]
        assert full * carry == pytest.approx(empty * leak, rel=1e-9)
    assert 64e-9 < 4.3 / 12 * 27 / 1.5e8 < 65e-9


@pytest.mark.parametrize("v, told", [(-65.0, 1.6e-5), (-20.0, 0.067), (0.0, 0.62)])
def test_open_share_of_the_five_state_channel(v, told):
    assert steady(KINDS["vscc"].made(), {}, v)["VSCC"] == pytest.approx(told, rel=0.5 / float(f"{told:.1e}"[:3]) / 10)


def test_influx_of_an_open_calcium_channel():
    for v, told in ((-65, 2.52e6), (-20, 9.37e5), (10, 4.3e5)):
        scenario = made("vscc", end=f'[voltage]\nhold = "{v} mV"\n')
        flux = next(r.kf for r in scenario.reaction if r.equation == "VSCC -> VSCC + Ca")
        assert flux.is_constant and flux.value[0] == pytest.approx(told, rel=0.012 if v == 10 else 2e-3)


def test_two_sorts_of_gates_are_independent():
    """A step to -20 mV: the share of open channels is m^2 h, each relaxing by itself."""
    scenario = made("vdcc", end=HELD)
    m = (1 / (1 + np.exp(-(-20 + 5.9) / 9.5))) * (1 - np.exp(-TIMES / 1e-3))
    h = 1 / (1 + np.exp((-20 + 39) / 9.2)) + (1 - 1 / (1 + np.exp((-20 + 39) / 9.2))) * np.exp(-TIMES / 27e-3)
    open_share = shares(scenario, "VDCC")["VDCC"]
    assert open_share == pytest.approx(m**2 * h, abs=1e-7)


def test_densities_of_gated_channels_are_those_of_the_sources():
    assert pytest.approx(74.4) == 20 * 3.72  # pS um^-2
    assert float(KINDS["vdcc_r"].amount[1].split()[0]) * 3.72e-12 * 1e8 == pytest.approx(0.351, rel=1e-4)


def test_a_channel_with_numbers_of_ones_own():
    """Three m gates of a slope of ones own, at rest: m^3 h."""
    more = 'parameters = { m_slope = "4 mV", m_tau = "1 ms", h_slope = "-7 mV", h_tau = "20 ms" }'
    scenario = made("vdcc_r", more, end=HELD)
    late = shares(scenario, "VDCC_R", times=np.linspace(0.0, 0.5, 3))["VDCC_R"][-1]
    m, h = 1 / (1 + np.exp(-(-20 + 14) / 4)), 1 / (1 + np.exp((-20 + 65) / 7))
    assert late == pytest.approx(m**3 * h, rel=1e-5)


NMDAR = [step for step in SCHEMES["nmdar"].steps if not any(name.endswith("b") for name in step[:2])]
"""The five states without magnesium."""


def test_the_nmda_receptor_whose_block_is_a_factor():
    scenario = made("nmdar", 'parameters = { block = "grunditz" }', WAVE + INPUT)
    agree(shares(scenario, "NMDAR"), by_hand(NMDAR, "NMDAR_C0"), 2e-3)


def test_the_nmda_receptor_sees_each_input_of_a_train():
    """Three inputs, 15 ms apart, of half the glutamate, for twice as long."""
    end = '[voltage]\nhold = "-20 mV"\n[[stimulus]]\nkind = "times"\ntimes = ["0 ms", "15 ms", "30 ms"]\nat = "psd"\n'
    end += 'peak = "0.5 mM"\ndecay = "2.4 ms"\n'
    scenario = made("nmdar", 'parameters = { block = "bell" }', end)

    def glutamate(t):
        return sum(0.5e-3 * np.exp(-(t - at) / 2.4e-3) for at in (0.0, 0.015, 0.03) if t >= at)

    agree(shares(scenario, "NMDAR"), by_hand(NMDAR, "NMDAR_C0", g=glutamate), 3e-3)


def test_every_rate_of_the_nmda_receptor_may_be_given():
    """As for subunits whose numbers are known to whoever gives them; here twelve made up ones."""
    first = {"bind_1": 5e6, "bind_2": 3e6}
    then = {"unbind_1": 4.7, "unbind_2": 9.4, "open": 46.5, "close": 91.6, "desensitise": 8.4, "resensitise": 1.8,
            "open_blocked": 41.0, "close_blocked": 300.0}  # fmt: skip
    told = ", ".join([f'{k} = "{x} /M/s"' for k, x in first.items()] + [f'{k} = "{x} /s"' for k, x in then.items()])
    scenario = made("nmdar", f'name = "GluN2B"\nparameters = {{ magnesium = "2 mM", {told} }}', HELD + INPUT)
    p = first | then
    steps = []
    for b, name, opens, shuts in (("", "GluN2B", "open", "close"), ("b", "GluN2B_b", "open_blocked", "close_blocked")):
        steps += [
            (f"GluN2B_C0{b}", f"GluN2B_C1{b}", lambda v, g: p["bind_1"] * g, p["unbind_1"]),
            (f"GluN2B_C1{b}", f"GluN2B_C2{b}", lambda v, g: p["bind_2"] * g, p["unbind_2"]),
            (f"GluN2B_C2{b}", name, p[opens], p[shuts]),
            (f"GluN2B_C2{b}", f"GluN2B_D{b}", p["desensitise"], p["resensitise"]),
        ]
    steps.append(("GluN2B", "GluN2B_b", 2 * 1200 * np.exp(20 / 17), 10800 * np.exp(-20 / 47)))
    agree(shares(scenario, "GluN2B"), by_hand(steps, "GluN2B_C0"), 2e-3)


def test_the_page_on_mechanisms_shows_every_number_of_the_nmda_receptor():
    page = (Path(__file__).resolve().parents[2] / "docs" / "mechanisms.md").read_text()
    (shown,) = [text for text in re.findall(r"```toml\n(.*?)```", page, re.S) if "GluN2B" in text]
    (table,) = tomllib.loads(shown)["mechanism"]
    numbers = {key: one.default for key, one in KINDS["nmdar"].parameters.items() if one.measure != "name"}
    assert table["parameters"] | {"magnesium": "1 mM"} == numbers


def test_influx_of_the_nmda_receptor():
    """g (Vr - V) / 2e by the form of the block that is asked for; published values of gamma(t, V)."""
    flux = "NMDAR -> NMDAR + Ca"
    forms = {
        "jahr_stevens": (0.062, 3.57),
        "vargas_caballero": (0.072, 2.552),
        "bell": (0.092, 3.57),
        "grunditz": (0.08, 0.69),
    }
    for form, (s, k) in forms.items():
        for mg in (1.0, 2.0):
            more = (
                f'parameters = {{ block = "{form}", magnesium = "{mg} mM", conductance = "6 pS", reversal = "0 mV" }}'
            )
            rate = next(r.kf for r in made("nmdar", more, HELD + INPUT).reaction if r.equation == flux)
            told = 6e-12 * 20e-3 / (2 * 1.602176634e-19) / (1 + mg * np.exp(20 * s) / k)
            assert rate.value[0] == pytest.approx(told, rel=1e-9)
    more = 'parameters = { block = "bell", influx = "bell2022" }'
    rate = next(r.kf for r in made("nmdar", more, WAVE + INPUT).reaction if r.equation == flux)
    for t, told in ((0.0, 5.73e4), (5e-3, 1.40e4), (10e-3, 8.28e3), (20e-3, 5.01e3), (35e-3, 2.6e3)):
        assert np.interp(t, rate.time, rate.value) == pytest.approx(told, rel=0.02 if told == 2.6e3 else 4e-3)


TOLD_B = {
    "jahr_stevens": (0.0244, 0.0597, 0.2302, 0.5081, 0.7812, 0.9250, 0.9771),
    "vargas_caballero": (0.0080, 0.0231, 0.1253, 0.3768, 0.7185, 0.9150, 0.9785),
    "bell": (0.0023, 0.0089, 0.0826, 0.3618, 0.7812, 0.9574, 0.9930),
    "grunditz": (0.0011, 0.0038, 0.0274, 0.1223, 0.4083, 0.7736, 0.9442),
}


@pytest.mark.parametrize("form", TOLD_B)
def test_block_by_magnesium(form):
    found = mechanisms.magnesium_block(np.array([-80, -65, -40, -20, 0, 20, 40]), form)
    assert np.abs(found - TOLD_B[form]).max() <= 0.5001e-4


def test_glutamate_as_molecules_binds_the_receptors():
    scenario = made("nmdar", 'parameters = { ligand = "glu", block = "none" }', HELD)
    agree(shares(scenario, "NMDAR", {"glu": 10.0}), by_hand(NMDAR, "NMDAR_C0", g=lambda t: 10e-6), 1e-6)


@pytest.mark.parametrize(
    "kind, name, bound, kd, on",
    [
        ("mobile_buffer", "Bm", "CaBm", 1.0, 1e6),
        ("fixed_buffer", "Bf", "CaBf", 2.0, 1e6),
        ("immobile_buffer", "CBP", "CaCBP", 524 / 247, 247e6),
    ],
)
def test_buffers_of_one_site(kind, name, bound, kd, on):
    scenario = made(kind, amount="")
    r = next(r for r in scenario.reaction if name in r.reactants)
    assert r.products == (bound,) and r.kb.value[0] / r.kf.value[0] / MICROMOLAR == pytest.approx(kd)
    assert r.kf.value[0] * MICROMOLAR == pytest.approx(on * 1e-6)
    share = steady(KINDS[kind].made(), {"Ca": kd * 1e-6})
    assert share[bound] == pytest.approx(0.5)


def test_the_fixed_buffer_is_75_uM_in_the_published_mushroom():
    density = float(KINDS["fixed_buffer"].amount[1].split()[0])
    assert density * 2.567 / 0.271 / MICROMOLAR == pytest.approx(75, abs=0.5)


def test_calbindin_binds_at_two_sorts_of_sites():
    """Each site by itself: K_d .41 and .24 uM; in time, a site's own relaxation."""
    scenario, c = made("calbindin", amount=""), 0.7
    found = shares(scenario, "CB", {"Ca": c})
    for letter, on, off in (("M", 87.0, 35.8), ("H", 11.0, 2.6)):
        bound = sum(float(n[n.index(letter) + 1]) * p for n, p in found.items())
        told = 2 * on * c / (on * c + off) * (1 - np.exp(-(on * c + off) * TIMES))
        assert bound == pytest.approx(told, abs=1e-7)
    assert round(35.8 / 87, 2) == 0.41 and round(2.6 / 11, 2) == 0.24


def test_calmodulin_fills_its_lobes_independently():
    scenario, c = made("calmodulin", amount=""), 5.0
    found = shares(scenario, "CaM", {"Ca": c})
    for letter, on, (off1, off2) in (("N", 108.0, (4150, 800)), ("C", 6.8, (68, 10))):
        steps = [("0", "1", on * c, off1), ("1", "2", on * c, off2)]
        alone = by_hand(steps, "0")
        for n in "012":
            lobe = sum(p for name, p in found.items() if name[name.rindex(letter) + 1] == n)
            assert lobe == pytest.approx(alone[n], abs=1e-7)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_mechanism_says_where_it_comes_from(kind):
    k = KINDS[kind]
    assert k.source and k.temperature and k.what and k.states
    assert all(p.what for p in k.parameters.values())
