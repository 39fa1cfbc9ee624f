"""The rate equations and the conductances between their parts, against closed forms."""

from pathlib import Path

import numpy as np
import pytest

from spinemc.chemistry.network import network
from spinemc.errors import ScenarioError
from spinemc.geometry import build
from spinemc.scenario import (
    Boundary,
    GeometrySpec,
    Named,
    Rate,
    Reaction,
    Release,
    Run,
    Scenario,
    Shape,
    Species,
    Within,
    load_scenario,
    parse_scenario,
)
from spinemc.twins.conductance import exchange
from spinemc.twins.ode import solve
from spinemc.units import MICROMOLAR

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"
FAR = 100.0


def box(size, cut=None):
    """A box of 1 x 1 x size um around the origin; cut in two compartments at a height."""
    parts = ()
    if cut is not None:
        low = Within("box", low=(-FAR, -FAR, -FAR), high=(FAR, FAR, cut))
        high = Within("box", low=(-FAR, -FAR, cut), high=(FAR, FAR, FAR))
        parts = (Named("low", low), Named("high", high))
    return GeometrySpec(shape=Shape("box", {"size": (1.0, 1.0, size)}), compartment=parts)


def spine(**parameters):
    return GeometrySpec(shape=Shape("spine", {"psd_radius": 0.1, **parameters}))


def both(left, right, kf, kb=None, **more):
    """A reaction from its two sides and constant rates."""
    arrow = "<->" if kb is not None else "->"
    return Reaction(
        f"{' + '.join(left)} {arrow} {' + '.join(right)}",
        tuple(left),
        tuple(right),
        kf if isinstance(kf, Rate) else Rate.constant(kf),
        None if kb is None else Rate.constant(kb),
        **more,
    )


def solved(shape, species, reaction=(), release=(), boundary=(), t_stop=1.0, every=0.1):
    scenario = Scenario(
        geometry=shape,
        run=Run(t_stop=t_stop, dt=1e-3, sample_every=every),
        species=tuple(species),
        reaction=tuple(reaction),
        release=tuple(release),
        boundary=tuple(boundary),
    )
    geometry = build(scenario.geometry)
    return geometry, solve(scenario, geometry, network(scenario, geometry))


def conductances(shape, *held):
    geometry = build(shape)
    return geometry, exchange(geometry, tuple(sorted(geometry.regions.index(name) for name in held)))


@pytest.mark.parametrize(("radius", "length"), [(0.1, 1.0), (0.05, 0.3)])
def test_a_neck_is_left_after_a_third_of_its_length_squared(radius, length):
    geometry, net = conductances(GeometrySpec(shape=Shape("cylinder", {"radius": radius, "length": length})), "bottom")
    assert geometry.volume / net.conductance[0, 0] == pytest.approx(length**2 / 3, rel=2e-3)
    assert net.share[0, 0] == pytest.approx(1.0, abs=1e-6)


def test_two_parts_of_a_closed_box():
    """Sources spread evenly over both parts: the means differ by (L1 + L2) / (3 A) for a unit flow."""
    _, net = conductances(box(2.0, cut=0.3))
    np.testing.assert_allclose(net.conductance, 1.5 * np.array([[1, -1], [-1, 1]]), rtol=2e-3)
    np.testing.assert_allclose(net.volume, [1.3, 0.7], rtol=1e-9)
    np.testing.assert_allclose(net.conductance.sum(axis=0), 0.0, atol=1e-10)


def test_two_held_ends_share_a_box():
    _, net = conductances(box(2.0, cut=0.3), "z_high", "z_low")
    np.testing.assert_allclose(net.share, [[0.675, 0.325], [0.175, 0.825]], atol=2e-3)
    np.testing.assert_allclose(net.through, 0.5 * np.array([[1, -1], [-1, 1]]), rtol=2e-3)


def test_head_and_neck_empty_as_narrow_escape_says():
    """V/(4 a D) + V l/(pi a^2 D) + l^2/(2 D) from the head."""
    a, length, D = 0.1, 1.0, 220.0
    geometry, net = conductances(spine(head_radius=0.289, neck_radius=a, neck_length=length), "base")
    volume = net.volume[0]
    assert geometry.compartments[net.part[0]] == "head"
    assert volume == pytest.approx(0.1, rel=0.02)
    time = np.linalg.solve(net.conductance, net.volume)[0] / D
    formula = (volume / (4 * a) + volume * length / (np.pi * a**2) + length**2 / 2) / D
    assert time == pytest.approx(formula, rel=0.03)


def test_a_spine_on_its_shaft():
    """Conductance from head to shaft D pi a^2 / (l + pi a / 2), rates positive and symmetric."""
    a, length = 0.05, 0.5
    stalk = {"head_radius": 0.25, "neck_radius": a, "neck_length": length}
    geometry, net = conductances(spine(**stalk, shaft_radius=0.3, shaft_length=1.0))
    assert [geometry.compartments[i] for i in net.part] == ["head", "neck", "shaft"]
    K = net.conductance
    np.testing.assert_allclose(K, K.T, atol=1e-12)
    np.testing.assert_allclose(K.sum(axis=0), 0.0, atol=1e-9)
    assert np.all(K - np.diag(K.diagonal()) <= 1e-6 * K.max())
    across = np.linalg.pinv(K)
    resistance = across[0, 0] + across[2, 2] - 2 * across[0, 2]
    assert resistance == pytest.approx((length + np.pi * a / 2) / (np.pi * a**2), rel=0.06)


def test_birth_and_death():
    k, gamma = 30.0, 2.0
    geometry, s = solved(
        box(2.0),
        [Species("X", 1.0)],
        [both([], ["X"], k, inside="cytosol"), both(["X"], [], gamma)],
        [Release("X", count=7, inside="cytosol")],
    )
    level = k * geometry.volume / gamma
    np.testing.assert_allclose(s.count[:, 0, 0], level + (7 - level) * np.exp(-gamma * s.time), rtol=1e-6)
    np.testing.assert_allclose(s.events[1:, 0], k * geometry.volume * 0.1, rtol=1e-7)
    np.testing.assert_allclose(np.diff(s.count[:, 0, 0]), s.events[1:, 0] - s.events[1:, 1], atol=1e-9)


def test_reversible_binding_settles_at_the_root():
    geometry, s = solved(
        box(1.0),
        [Species("A", 1.0), Species("B", 1.0), Species("C", 1.0)],
        [both(["A", "B"], ["C"], 0.3, 5.0)],
        [Release("A", count=50, inside="cytosol"), Release("B", count=20, inside="cytosol")],
        t_stop=10.0,
    )
    kappa = 5.0 / 0.3 * geometry.volume
    total = 50 + 20 + kappa
    bound = (total - np.sqrt(total**2 - 4 * 50 * 20)) / 2
    np.testing.assert_allclose(s.count[-1, 0], [50 - bound, 20 - bound, bound], rtol=1e-7)
    np.testing.assert_allclose(s.count[:, 0, 0] + s.count[:, 0, 2], 50.0, rtol=1e-9)


def test_like_molecules_pair_in_volume_and_membrane():
    """dn/dt = -2 k n^2 / V: n = n0 / (1 + 2 k n0 t / V)."""
    geometry, s = solved(
        box(2.0),
        [Species("A", 1.0), Species("B", 1.0), Species("M", on="membrane"), Species("N", on="membrane")],
        [both(["A", "A"], ["B"], 0.5), both(["M", "M"], ["N"], 0.25)],
        [Release("A", count=12, inside="cytosol"), Release("M", density=4.0, on="membrane")],
    )
    np.testing.assert_allclose(s.count[:, 0, 0], 12 / (1 + 12 * s.time / geometry.volume), rtol=1e-6)
    m = 4.0 * geometry.area
    np.testing.assert_allclose(s.surface[:, 0, 0], m / (1 + 0.5 * 4.0 * s.time), rtol=1e-6)
    np.testing.assert_allclose(s.surface[:, :, 0] + 2 * s.surface[:, :, 1], np.tile(s.surface[0, :, 0], (11, 1)))


def test_membrane_binds_at_the_volume_concentration():
    """Ca + P <-> CaP with P on one face only: the root, and nothing on the other faces."""
    geometry, s = solved(
        box(2.0),
        [Species("Ca", 1.0), Species("P", on="z_low"), Species("CaP", on="z_low")],
        [both(["Ca", "P"], ["CaP"], 2.0, 10.0)],
        [Release("Ca", concentration=15.0, inside="cytosol"), Release("P", count=40, on="z_low")],
        t_stop=8.0,
    )
    kappa = 5.0 * geometry.volume
    total = 70 + kappa
    bound = (total - np.sqrt(total**2 - 4 * 30 * 40)) / 2
    low = geometry.regions.index("z_low")
    assert s.surface[-1, low, 1] == pytest.approx(bound, rel=1e-7)
    assert s.surface[-1, 0, 1] == pytest.approx(bound, rel=1e-7)
    assert s.surface[-1, :, 1].sum() == pytest.approx(2 * bound, rel=1e-7)
    assert s.count[-1, 0, 0] == pytest.approx(30 - bound, rel=1e-7)


def test_two_membrane_species_meet_by_area():
    """Each face keeps its own density: the rate is k n1 n2 / area, face by face."""
    geometry, s = solved(
        box(3.0),
        [Species("A", on="membrane"), Species("B", on="membrane")],
        [both(["A", "B"], ["B"], 0.2)],
        [Release("A", count=100, on="x_low"), Release("B", count=9, on="x_low"), Release("B", count=9, on="z_low")],
    )
    low = geometry.regions.index("x_low")
    np.testing.assert_allclose(s.surface[:, low, 0], 100 * np.exp(-0.2 * 3.0 * s.time), rtol=1e-6)


def test_a_tabulated_channel_is_followed_to_its_corners():
    """A narrow triangle of flux between two samples is not stepped over."""
    flux = Rate((0.0, 0.5, 0.50005, 0.5001), (0.0, 0.0, 4e6, 0.0))
    _, s = solved(
        box(1.0),
        [Species("Ca", 0.0), Species("O", on="z_high")],
        [both(["O"], ["O", "Ca"], flux)],
        [Release("O", count=3, on="z_high")],
    )
    made = 3 * 4e6 * 1e-4 / 2
    np.testing.assert_allclose(s.count[:, 0, 0], np.where(s.time > 0.55, made, 0.0), rtol=1e-8, atol=1e-6)


def test_two_compartments_relax():
    D, shape = 0.7, box(2.0, cut=0.3)
    geometry, s = solved(shape, [Species("X", D)], release=[Release("X", count=100, at=(0.1, 0.0, 0.9))], t_stop=2.0)
    net = exchange(geometry)
    share = net.volume / geometry.volume
    rate = D * net.conductance[0, 0] * (1 / net.volume).sum()
    high = 100 * (share[1] + share[0] * np.exp(-rate * s.time))
    np.testing.assert_allclose(s.count[:, geometry.compartments.index("high"), 0], high, rtol=1e-6)
    np.testing.assert_allclose(s.count[:, 0, 0], 100.0, rtol=1e-9)
    np.testing.assert_allclose(s.count[:, 1:].sum(axis=1), s.count[:, 0], rtol=1e-12)


def test_absorption_is_counted_out():
    geometry, s = solved(
        spine(head_radius=0.25, neck_radius=0.1, neck_length=0.5),
        [Species("Ca", 220.0), Species("B", 20.0)],
        [both(["Ca", "B"], ["B"], 0.0)],
        [Release("Ca", concentration=500.0, inside="cytosol"), Release("B", count=10, inside="head")],
        [Boundary("base", ("Ca",), "absorb")],
        t_stop=0.3,
        every=0.01,
    )
    np.testing.assert_allclose(s.count[:, 0, 0] + s.absorbed[:, 0].cumsum(), 500 * geometry.volume, rtol=1e-9)
    assert s.count[-1, 0, 0] < 1e-3
    assert s.count.min() > -1e-9
    assert np.all(np.diff(s.count[:, 1, 0]) <= 1e-9)  # the head never fills while the base drinks
    np.testing.assert_allclose(s.count[:, 0, 1], 10.0, rtol=1e-9)


def test_clamped_ends_carry_a_steady_flow():
    """Between concentrations c1 and c2: a linear profile, and D A (c1 - c2) / L through it."""
    geometry, s = solved(
        box(2.0, cut=0.3),
        [Species("X", 3.0)],
        boundary=[Boundary("z_low", ("X",), "clamp", 100.0), Boundary("z_high", ("X",), "clamp", 20.0)],
        t_stop=20.0,
        every=1.0,
    )
    mean = s.count[-1, 1:, 0] / geometry.compartment_volume[1:]
    np.testing.assert_allclose(mean, [100 - 80 * 0.325, 100 - 80 * 0.825], rtol=3e-3)
    np.testing.assert_allclose(s.absorbed[-1], [-120.0, 120.0], rtol=3e-3)
    np.testing.assert_allclose(s.count[:, 0, 0], -s.absorbed.sum(axis=1).cumsum(), rtol=1e-7, atol=1e-6)


def test_a_train_of_releases():
    _, s = solved(
        box(1.0),
        [Species("X", 1.0)],
        [both(["X"], [], 3.0)],
        [
            Release("X", count=5, on="z_low", time=(0.0, 0.3, 0.52)),
            Release("X", count=1, inside="cytosol", time=(1.0,)),
        ],
    )
    exact = sum(5 * np.exp(-3 * (s.time - t)) * (s.time >= t - 1e-12) for t in (0.0, 0.3, 0.52))
    np.testing.assert_allclose(s.count[:, 0, 0], exact + (s.time == 1.0), rtol=1e-6)


def test_nothing_happens_to_nothing():
    _, s = solved(box(1.0), [Species("X", 1.0)], release=[Release("X", count=4, inside="cytosol")])
    np.testing.assert_array_equal(s.count[:, 0, 0], 4.0)
    assert s.events.shape == (11, 0)
    assert s.absorbed.shape == (11, 0)


def test_the_published_thin_spine():
    if not (REFERENCE / "thin.toml").exists():
        pytest.skip("no reference scenarios beside the repository")
    scenario = load_scenario(REFERENCE / "thin.toml")
    geometry = build(scenario.geometry, scenario.path)
    net = network(scenario, geometry)
    s = solve(scenario, geometry, net)
    names = [net.species[i] for i in (*net.volume_species, *net.surface_species)]
    total = dict(zip(names, np.concatenate([s.count[:, 0], s.surface[:, 0]], axis=1).T, strict=True))
    for pair in (("Bm", "CaBm"), ("Bf", "CaBf"), ("PMCA", "PMCA_Ca"), ("NCX", "NCX_Ca")):
        both_of = total[pair[0]] + total[pair[1]]
        np.testing.assert_allclose(both_of, both_of[0], rtol=1e-9)
    rows = [line.split(",") for line in (REFERENCE / "thin.csv").read_text().splitlines()[2:]]
    for name in ("Ca", "CaBm", "CaBf", "PMCA_Ca", "NCX_Ca"):
        time, mean = np.array([[float(x) for x in row[1:3]] for row in rows if row[0] == name]).T
        # the mean of a small noisy system is near the rate equations, not on them
        assert np.interp(time, s.time, total[name]).mean() == pytest.approx(mean.mean(), rel=0.2)


@pytest.mark.parametrize("rate", [0.0, 100.0, 1000.0])
def test_a_sphere_that_takes_up_at_a_rate_empties_in_series_with_diffusion(rate):
    """Mean time of what is spread evenly: R^2/(15 D) + R/(3 K)."""
    R, D = 0.3, 100.0
    mean = R**2 / (15 * D) + R / (3 * rate) if rate else np.inf
    t_stop = min(mean, 1e-3)
    _, s = solved(
        GeometrySpec(shape=Shape("sphere", {"radius": R, "edge": 0.03})),
        [Species("A", D)],
        release=[Release("A", count=1000, inside="cytosol")],
        boundary=[Boundary("membrane", ("A",), "absorb", rate=rate)],
        t_stop=t_stop,
        every=t_stop / 2,
    )
    np.testing.assert_allclose(s.count[:, 0, 0], 1000 * np.exp(-s.time / mean), rtol=0.015)
    np.testing.assert_allclose(s.count[-1, 0, 0] + s.absorbed.sum(), 1000.0, rtol=1e-9)


def test_a_slab_between_a_clamp_and_uptake():
    """The steady flux is c / (L/D + 1/K)."""
    L, D, K, c = 2.0, 50.0, 30.0, 100.0
    _, s = solved(
        box(L),
        [Species("A", D)],
        boundary=[
            Boundary("z_low", ("A",), "clamp", c),
            Boundary("z_high", ("A",), "absorb", rate=K),
        ],
    )
    flux = c / (L / D + 1 / K)
    np.testing.assert_allclose(s.absorbed[-1] / 0.1, [-flux, flux], rtol=1e-3)
    assert s.count[-1, 0, 0] == pytest.approx(L * (c + flux / K) / 2, rel=1e-3)


def test_pairs_of_a_network_vanish_as_its_author_means(tmp_path):
    """A line 0.5*k for A + A fires at half of k [A]^2 and takes two: A(t) = A0 / (1 + k A0 t)."""
    (tmp_path / "a.net").write_text(
        "begin parameters\n1 k 40\nend parameters\nbegin species\n1 A() 2.5\nend species\n"
        "begin reactions\n1 1,1 0 0.5*k\nend reactions\n"
    )
    toml = """
        geometry = { shape = { kind = "box", size = ["1 um", "1 um", "1 um"] } }
        run = { t_stop = "50 ms", dt = "1 us", sample_every = "5 ms" }
        network = [{ file = "a.net", amounts = "uM", D = "1 um^2/s" }]
        """
    scenario = parse_scenario(toml, tmp_path / "a.toml")
    geometry = build(scenario.geometry)
    s = solve(scenario, geometry, network(scenario, geometry))
    np.testing.assert_allclose(s.count[:, 0, 0], 2.5 * MICROMOLAR / (1 + 40 * 2.5 * s.time), rtol=1e-6)


def test_what_rate_equations_do_not_know_is_refused():
    with pytest.raises(ScenarioError, match="species R moves in the membrane, and the rate equations"):
        solved(box(1.0), [Species("R", 0.1, "membrane")])
    _, s = solved(box(1.0), [Species("R", 0.1, "z_low")], release=[Release("R", count=9, on="z_low")])
    np.testing.assert_allclose(s.surface[:, 0, 0], 9.0)


@pytest.mark.parametrize("dense", [True, False])
def test_an_independent_integrator_of_equations_written_by_hand(dense, monkeypatch):
    """Two parts, buffer, pairs, pump, tables with kinks, a source and releases: counts and events to 1e-6."""
    from scipy.integrate import solve_ivp

    from spinemc.twins import ode

    monkeypatch.setattr(ode, "DENSE", ode.DENSE if dense else 0)
    D = {"Ca": 2.0, "B": 0.7, "CaB": 0.7, "E": 0.4}
    k1, k1b, k2b, k3, k5, k6 = 0.05, 3.0, 2.0, 4.0, 25.0, 0.01
    binding = Rate((0.0, 0.23, 0.37, 0.61), (0.02, 0.3, 0.05, 0.05))
    flux = Rate((0.1, 0.35, 0.350001, 0.7), (0.0, 60.0, 5.0, 20.0))
    geometry, s = solved(
        box(2.0, cut=0.3),
        [*(Species(name, d) for name, d in D.items()), *(Species(name, on="z_high") for name in ("P", "PCa", "O"))],
        [
            both(["Ca", "B"], ["CaB"], k1, k1b),
            both(["Ca", "P"], ["PCa"], binding, k2b),
            both(["PCa"], ["P"], k3),
            both(["O"], ["O", "Ca"], flux),
            both([], ["Ca"], k5, inside="low"),
            both(["B", "B"], ["E"], k6),
        ],
        [
            Release("B", count=300, inside="cytosol"),
            Release("P", count=40, on="z_high"),
            Release("O", count=5, on="z_high"),
            Release("Ca", count=200, inside="high", time=(0.0, 0.415)),
            Release("Ca", count=90, inside="low", time=(0.25,)),
        ],
        [Boundary("z_low", ("Ca",), "absorb")],
    )
    V = geometry.compartment_volume[[geometry.compartments.index(name) for name in ("low", "high")]]
    free, held = exchange(geometry), exchange(geometry, (geometry.regions.index("z_low"),))
    order = [geometry.compartments[part] for part in free.part]
    low, high = order.index("low"), order.index("high")

    def slope(t, y):
        ca, b, cab, e = y[0:2], y[2:4], y[4:6], y[6:8]  # low, high
        p, pca = y[8:10]
        bind, leave = k1 * ca * b / V, k1b * cab
        catch, drop, pump = np.interp(t, binding.time, binding.value) * ca[1] * p / V[1], k2b * pca, k3 * pca
        enter, source, pair = 5 * np.interp(t, flux.time, flux.value), k5 * V[0], k6 * b * b / V

        def moved(K, n, d):
            c = np.zeros(2)
            c[[low, high]] = n / V
            return (d * K @ c)[[low, high]]

        out = moved(held.conductance, ca, D["Ca"])
        return np.concatenate([
            -out - bind + leave + np.array([source, enter - catch + drop]),
            -moved(free.conductance, b, D["B"]) - bind + leave - 2 * pair,
            -moved(free.conductance, cab, D["CaB"]) + bind - leave,
            -moved(free.conductance, e, D["E"]) + pair,
            [drop + pump - catch, catch - drop - pump],
            [bind.sum(), leave.sum(), catch, drop, pump, enter, source, pair.sum()],
            [held.share[[low, high], 0] @ out],
        ])  # fmt: skip

    y = np.zeros(19)
    put = {
        0.0: {1: 200.0, 2: 300 * V[0] / V.sum(), 3: 300 * V[1] / V.sum(), 8: 40.0},
        0.25: {0: 90.0},
        0.415: {1: 200.0},
    }
    stops = np.unique([*s.time, *put, *binding.time, *flux.time])
    seen = []
    for here, after in zip(stops, [*stops[1:], None], strict=True):
        for place, number in put.get(here, {}).items():
            y[place] += number
        if here in s.time:
            seen.append(y.copy())
        if after is not None:
            y = solve_ivp(slope, (here, after), y, method="DOP853", rtol=1e-12, atol=1e-12).y[:, -1]
    seen = np.array(seen)
    parts = [geometry.compartments.index(name) for name in ("low", "high")]
    for i in range(4):
        np.testing.assert_allclose(s.count[:, parts, i], seen[:, 2 * i : 2 * i + 2], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(s.surface[:, 0, :2], seen[:, 8:10], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(s.surface[:, 0, 2], 5.0, rtol=1e-12)
    np.testing.assert_allclose(s.events.cumsum(axis=0), seen[:, 10:18], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(s.events[1:], np.diff(seen[:, 10:18], axis=0), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(s.absorbed.cumsum(), seen[:, 18], rtol=1e-6, atol=1e-7)
    assert (seen[-1, 10:] > 1.0).all()
