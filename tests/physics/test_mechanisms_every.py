"""Each mechanism that there is against its scheme: how it goes, where it comes to rest, what it lets by, how much."""

import numpy as np
import pytest
from schemes import SCHEMES, TIMES, by_hand, followed, generator, states_of
from scipy.linalg import null_space

from spinemc.mechanisms import KINDS, steady
from spinemc.units import MICROMOLAR

WITH_STATES = [kind for kind, scheme in SCHEMES.items() if scheme.steps]
AMOUNTS = {
    "calcium": ("concentration", "100 nM"), "nmdar": ("density", "150 /um^2"), "ampar": ("density", "1200 /um^2"),
    "vscc": ("density", "2 /um^2"), "vdcc": ("density", "20 /um^2"), "vdcc_r": ("density", "943.5 /um^2"),
    "pmca": ("density", "998 /um^2"), "ncx": ("density", "142 /um^2"), "serca": ("density", "1000 /um^2"),
    "fixed_buffer": ("density", "4791 /um^2"), "mobile_buffer": ("concentration", "20 uM"),
    "immobile_buffer": ("concentration", "80 uM"), "calbindin": ("concentration", "45 uM"),
    "calmodulin": ("concentration", "50 uM"),
}  # fmt: skip
DIFFUSION = {"calcium": 220, "glutamate": 220, "mobile_buffer": 20, "calbindin": 28, "immobile_buffer": 0}


def test_no_mechanism_is_left_out():
    assert set(SCHEMES) == set(KINDS)


@pytest.mark.parametrize("kind", WITH_STATES)
def test_a_mechanism_goes_as_its_scheme(kind):
    """50 ms from the first state: every state at all times, to a share of its own peak."""
    scheme = SCHEMES[kind]
    names, start = states_of(scheme.steps), scheme.steps[0][0]
    assert start == KINDS[kind].made(**scheme.parameters).species[0]["name"]
    scenario = scheme.scenario(kind)
    assert set(names) <= {s.name for s in scenario.species}
    ours = followed(scenario, names, scheme.held, start)
    for name, told in by_hand(scheme.steps, start).items():
        assert ours[name] == pytest.approx(told, abs=scheme.within * max(told.max(), 1e-9)), name


@pytest.mark.parametrize("kind", WITH_STATES)
def test_a_mechanism_comes_to_rest_where_its_scheme_does(kind):
    """The null vector of the rates at -20 mV and 0.1 mM of glutamate."""
    scheme = SCHEMES[kind]
    found = steady(KINDS[kind].made(**scheme.parameters), {k: 1e-6 * c for k, c in scheme.held.items()}, -20.0, 1e-4)
    rest = null_space(generator(scheme.steps, -20.0, 1e-4), rcond=1e-13)
    assert rest.shape[1] == 1
    told = rest[:, 0] / rest.sum()
    assert [found[name] for name in states_of(scheme.steps)] == pytest.approx(told, rel=1e-7, abs=1e-12)
    assert set(found) == set(states_of(scheme.steps))


@pytest.mark.parametrize("kind", SCHEMES)
def test_a_mechanism_lets_by_what_its_source_says(kind):
    scheme = SCHEMES[kind]
    ways = {}
    for r in scheme.scenario(kind).reaction:
        mine = [s for s in (*r.reactants, *r.products) if s.startswith(KINDS[kind].prefix) and s != "Ca@lumen"]
        if (mine or kind == "calcium") and r.kb is None and r.kf is not None:
            ways[r.equation] = r.kf, len(r.reactants)
    carried = {
        equation for equation in ways if kind in ("pmca", "ncx") and equation.startswith(f"{kind.upper()}_Ca ->")
    }
    free = set(ways) - carried - ({"Ca -> 0"} if kind != "calcium" else set())
    assert free == set(scheme.lets)
    for equation, told in scheme.lets.items():
        rate, partners = ways[equation]
        found = np.interp(TIMES, rate.time, rate.value) * (MICROMOLAR * 1e6) ** (partners - 1)
        want = told(TIMES) if callable(told) else np.full(len(TIMES), told)
        assert found == pytest.approx(np.maximum(want, 0.0), rel=1e-3, abs=1e-3 * np.abs(want).max())


def test_amounts_and_diffusion_are_those_of_the_sources():
    assert {kind: k.amount for kind, k in KINDS.items() if k.amount} == AMOUNTS
    for kind, told in DIFFUSION.items():
        assert KINDS[kind].parameters["D"].default == f"{told} um^2/s"
