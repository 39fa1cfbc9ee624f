"""Reaction and diffusion on tetrahedra: against series, other discretisations and rate equations."""

import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scenes import DIAPHRAGM, turns

from spinemc.chemistry.network import network
from spinemc.errors import EngineError, GeometryError, ScenarioError
from spinemc.geometry import Geometry, build
from spinemc.scenario import (
    Boundary,
    GeometrySpec,
    Named,
    Rate,
    Release,
    Run,
    Scenario,
    Shape,
    Species,
    Surface,
    Within,
)
from spinemc.twins import fields, rosenbrock
from spinemc.twins.pde import solve
from spinemc.twins.tetrahedra import fill, shares

gmsh = pytest.importorskip("gmsh", reason="gmsh is not installed: pip install 'spinemc[pde]'")
pytest.importorskip("skfem", reason="scikit-fem is not installed: pip install 'spinemc[pde]'")

FAR = 100.0
SPINE = Shape("spine", {"head_radius": 0.25, "neck_radius": 0.1, "neck_length": 0.4, "psd_radius": 0.1, "edge": 0.12})
BOX = Shape("box", {"size": (0.5, 0.4, 0.3), "edge": 0.2})
CALCIUM = (Species("Ca", 220.0), Species("B", 20.0), Species("CaB", 20.0))
ORGANELLE = Surface("er", Shape("sphere", {"radius": 0.25, "edge": 0.1}), inside="lumen")


def ball(edge, **more):
    return GeometrySpec(shape=Shape("sphere", {"radius": 1.0, "edge": edge, **more}))


def below(height):
    return Named("low", Within("box", low=(-FAR, -FAR, -FAR), high=(FAR, FAR, height)))


def scene(spec, species, reaction=(), release=(), boundary=(), t_stop=1.0, every=0.1, edge=None):
    if isinstance(spec, Shape):
        spec = GeometrySpec(shape=spec)
    scenario = Scenario(
        geometry=spec,
        run=Run(t_stop=t_stop, dt=1e-3, sample_every=every, edge=edge),
        species=tuple(species),
        reaction=tuple(reaction),
        release=tuple(release),
        boundary=tuple(boundary),
    )
    geometry = build(spec)
    return scenario, geometry, network(scenario, geometry)


def solved(*given, report=lambda time, density: None, **more):
    scenario, geometry, chemistry = scene(*given, **more)
    return geometry, solve(scenario, geometry, chemistry, report)


def order(coarse, fine):
    """Order of convergence from two pairs of a length and an error."""
    return np.log(abs(coarse[1] / fine[1])) / np.log(coarse[0] / fine[0])


# the integrator


def test_third_order_with_a_wrong_jacobian():
    """y' = (sin t - y0 y1, y0 - 2 y1^2), solved with a Jacobian of other numbers."""
    from scipy.integrate import solve_ivp

    wrong = np.array([[-3.0, 1.0], [2.0, -4.0]])

    class Equations:
        def slope(self, t, y):
            return np.array([np.sin(t) - y[0] * y[1], y[0] - 2.0 * y[1] ** 2])

        def solver(self, t, y, h):
            return lambda x: np.linalg.solve(np.eye(2) - h * wrong, x)

        def error(self, error, y):
            return np.abs(error).max() / 1e-7

    start = np.array([1.0, 0.5])
    exact = solve_ivp(Equations().slope, (0, 1), start, rtol=1e-12, atol=1e-13).y[:, -1]
    off = []
    for n in (32, 64):
        y = start
        for i in range(n):
            y, _ = rosenbrock._step(Equations(), y, i / n, 1 / n)
        off.append(np.abs(y - exact).max())
    assert np.log2(off[0] / off[1]) == pytest.approx(3.0, abs=0.2)
    y, _ = rosenbrock.advance(Equations(), start, 0.0, 1.0, 0.1)
    np.testing.assert_allclose(y, exact, atol=1e-6)


def test_what_cannot_be_integrated_is_said():
    class Blowing:
        def slope(self, t, y):
            return y**2

        def solver(self, t, y, h):
            return lambda x: x / (1.0 - 2.0 * h * y)

        def error(self, error, y):
            return float(np.abs(error / (1e-6 * y)).max())

    with np.errstate(all="ignore"), pytest.raises(EngineError, match=r"cannot be integrated beyond (0\.99|1)"):
        rosenbrock.advance(Blowing(), np.ones(1), 0.0, 2.0, 0.1)


# the tetrahedra


def test_the_surface_stays_as_it_is(capfd):
    geometry = build(
        GeometrySpec(
            shape=SPINE,
            surface=(
                Surface("er", Shape("sphere", {"radius": 0.1, "edge": 0.1}), at=(0.0, 0.0, 0.65), inside="lumen"),
            ),
        )
    )
    filling = fill(geometry, [0, 1])
    assert not gmsh.isInitialized()
    assert capfd.readouterr() == ("", "")
    np.testing.assert_array_equal(filling.point[: len(geometry.vertex)], geometry.vertex)
    assert filling.cell_volume.min() > 0.0
    for space in (0, 1):
        here = filling.cell[filling.cell_space == space]
        sides = np.sort(np.concatenate([here[:, list(c)] for c in combinations(range(4), 3)]), axis=1)
        side, times = np.unique(sides, axis=0, return_counts=True)
        bounding = np.concatenate([geometry.face] * 2)[geometry.side_faces(space)]
        np.testing.assert_array_equal(side[times == 1], np.unique(np.sort(bounding, axis=1), axis=0))
        assert filling.node_volume(space).sum() == pytest.approx(geometry.space_volume(space), rel=1e-12)


def test_compartments_share_the_volume():
    """By balls and boxes that cut tetrahedra, one before the other."""
    inner = Named("inner", Within("sphere", center=(0.2, 0.0, 0.1), radius=0.5))
    rind = Named("rind", Within("shell", depth=0.2), set="layers")
    spec = GeometrySpec(shape=Shape("sphere", {"radius": 1.0, "edge": 0.2}), compartment=(inner, below(0.1), rind))
    geometry = build(spec)
    filling = fill(geometry, [0])
    share = shares(geometry, filling)
    np.testing.assert_allclose(share.sum(axis=1), geometry.compartment_volume, rtol=3e-3)
    np.testing.assert_allclose(share[[0]].toarray()[0], filling.node_volume(0), rtol=1e-12)
    rest = (share[[0]] - share[[1]] - share[[2]]).toarray()
    assert rest.min() > -1e-12


def test_what_cannot_be_filled_is_said_and_gmsh_is_left_clean(capfd):
    geometry = build(ball(0.5))
    face = geometry.face[geometry.triangles.mean(axis=1)[:, 2] < 0.9]
    broken = Geometry.of_one_surface("bowl", geometry.vertex, face, np.zeros(len(face), np.int16), ("membrane",))
    with pytest.raises(GeometryError, match="bowl: cytosol cannot be filled with tetrahedra"):
        fill(broken, [0])
    assert not gmsh.isInitialized()
    assert capfd.readouterr() == ("", "")


def test_gmsh_that_others_use_is_left_alone():
    gmsh.initialize(readConfigFiles=False, interruptible=False)
    try:
        with pytest.raises(EngineError, match="other code of this process uses gmsh"):
            fill(build(ball(0.5)), [0])
        assert gmsh.isInitialized()
    finally:
        gmsh.finalize()


@pytest.mark.parametrize("missing", ["gmsh", "skfem"])
def test_what_is_missing_is_named(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(EngineError, match=r"gmsh and scikit-fem.*pip install 'spinemc\[pde\]'"):
        solved(BOX, [Species("A", 1.0)])


# diffusion


def test_out_of_a_sphere_at_second_order():
    """N(t)/N0 = 6/pi^2 sum exp(-k^2 pi^2 D t/R^2)/k^2."""
    k = np.arange(1, 400)[:, None]
    off = []
    for edge in (0.2, 0.1):
        _, s = solved(
            ball(edge),
            [Species("A", 1.0)],
            release=[Release("A", count=1000, inside="cytosol")],
            boundary=[Boundary("membrane", ("A",), "absorb")],
            t_stop=0.2,
            every=0.04,
            edge=edge,
        )
        exact = 1000 * 6 / np.pi**2 * (np.exp(-(k**2) * np.pi**2 * s.time) / k**2).sum(axis=0)
        np.testing.assert_allclose(s.count[:, 0, 0] + s.absorbed[:, 0].cumsum(), 1000.0, rtol=1e-9)
        off.append(s.count[1:, 0, 0] / 1000 - exact[1:] / 1000)
    assert np.abs(off[1]).max() < 4e-3
    assert order((0.2, off[0][-1]), (0.1, off[1][-1])) > 1.9


def test_along_a_closed_cylinder_at_second_order():
    """N_low(t)/N0 = f + 2/f sum (sin(k pi f)/(k pi))^2 exp(-(k pi/L)^2 D t), all at first in the low part f of L."""
    k, errors = np.arange(1, 400)[:, None], []
    for edge in (0.12, 0.042):
        spec = GeometrySpec(
            shape=Shape("cylinder", {"radius": 0.3, "length": 2.0, "edge": edge}), compartment=(below(0.7),)
        )
        geometry, s = solved(
            spec, [Species("A", 1.0)], release=[Release("A", count=1000, inside="low")], t_stop=0.5, every=0.05
        )
        length = np.ptp(geometry.vertex[:, 2])
        f = (0.7 - geometry.vertex[:, 2].min()) / length
        modes = (np.sin(k * np.pi * f) / (k * np.pi)) ** 2 * np.exp(-((k * np.pi / length) ** 2) * s.time)
        exact = f + 2 / f * modes.sum(axis=0)
        np.testing.assert_allclose(s.count[:, 0, 0], 1000.0, rtol=1e-9)
        typical = np.sqrt(geometry.face_area.mean())
        errors.append((typical, s.count[1, 1, 0] / 1000 - exact[1]))
    np.testing.assert_allclose(s.count[1:, 1, 0] / 1000, exact[1:], atol=3e-4)
    assert order(*errors) > 1.8


def test_in_the_membrane():
    """On a sphere the mean height decays as exp(-2 D t/R^2), and none leave."""
    moment = []
    spec = ball(0.15, cap_angle=0.6)
    height = build(spec).vertex[:, 2]

    def watch(time, density):
        area = np.bincount(geometry.face.ravel(), np.repeat(geometry.face_area / 3, 3), len(geometry.vertex))
        moment.append((area * height * density[: len(height), 0]).sum())

    geometry = build(spec)
    _, s = solved(
        spec,
        [Species("R", 0.5, "membrane")],
        release=[Release("R", count=100, on="cap")],
        t_stop=1.0,
        report=watch,
    )
    np.testing.assert_allclose(moment / moment[0], np.exp(-s.time), rtol=4e-3)
    np.testing.assert_allclose(s.surface[:, 0, 0], 100.0, rtol=1e-9)
    cap = geometry.regions.index("cap")
    assert s.surface[0, cap, 0] > 75.0 > 60.0 > s.surface[-1, cap, 0]


def test_molecules_stay_in_the_region_they_live_on():
    geometry, s = solved(
        ball(0.15, cap_angle=0.6), [Species("R", 5.0, "cap")], release=[Release("R", density=50.0, on="cap")]
    )
    cap = geometry.regions.index("cap")
    np.testing.assert_allclose(s.surface[:, cap, 0], 50.0 * geometry.region_area[cap], rtol=1e-9)
    np.testing.assert_allclose(s.surface[:, 0, 0], s.surface[:, cap, 0], rtol=1e-12)


def test_what_is_iterated_is_what_is_factored(monkeypatch):
    """A closed spine and one with an open base, both ways; amounts are kept either way."""
    found = []
    for most in (10**6, 0):
        monkeypatch.setattr(fields, "_DIRECT", most)
        _, s = solved(
            SPINE,
            [Species("A", 100.0), Species("B", 100.0)],
            release=[Release(name, count=500, on="psd") for name in "AB"],
            boundary=[Boundary("base", ("B",), "absorb")],
            t_stop=2e-3,
            every=5e-4,
        )
        np.testing.assert_allclose(s.count[:, 0, 0], 500.0, rtol=1e-9)
        np.testing.assert_allclose(s.count[:, 0, 1] + s.absorbed[:, 0].cumsum(), 500.0, rtol=1e-9)
        found.append(s.count)
    np.testing.assert_allclose(*found, rtol=1e-7, atol=1e-7)


# boundaries


def test_a_clamp_fills_a_cell():
    geometry, s = solved(SPINE, [Species("A", 50.0)], boundary=[Boundary("base", ("A",), "clamp", concentration=40.0)])
    np.testing.assert_allclose(s.count[:, 0, 0], -s.absorbed[:, 0].cumsum(), rtol=1e-9)
    assert s.count[-1, 0, 0] == pytest.approx(40.0 * geometry.volume, rel=1e-6)


def test_uptake_at_a_rate():
    """Fast diffusion: exp(-K A t/V)."""
    geometry, s = solved(
        BOX,
        [Species("A", 1e4)],
        release=[Release("A", count=100, inside="cytosol")],
        boundary=[Boundary("membrane", ("A",), "absorb", rate=0.1)],
    )
    np.testing.assert_allclose(
        s.count[:, 0, 0], 100 * np.exp(-0.1 * geometry.area / geometry.volume * s.time), rtol=1e-4
    )
    np.testing.assert_allclose(s.count[:, 0, 0] + s.absorbed[:, 0].cumsum(), 100.0, rtol=1e-9)


def test_a_permeable_organelle():
    """Fast diffusion: the difference decays at P A (1/V1 + 1/V2)."""
    spec = GeometrySpec(shape=Shape("sphere", {"radius": 0.5, "edge": 0.2}), surface=(ORGANELLE,))
    geometry, s = solved(
        spec,
        [Species("A", 1e4)],
        release=[Release("A@lumen", count=100, inside="lumen")],
        boundary=[Boundary("er", ("A",), "permeable", permeability=0.2)],
    )
    V, area = geometry.compartment_volume, geometry.region_area[geometry.regions.index("er")]
    lumen = geometry.compartments.index("lumen")
    share = V[lumen] / V.sum()
    decay = np.exp(-0.2 * area * (1 / V[0] + 1 / V[lumen]) * s.time)
    np.testing.assert_allclose(s.count[:, lumen, 0], 100 * (share + (1 - share) * decay), rtol=1e-4)
    np.testing.assert_allclose(s.count[:, [0, lumen], 0].sum(axis=1), 100.0, rtol=1e-9)
    passed = s.absorbed.cumsum(axis=0) @ [-1.0, 1.0]  # of those at home, then of those in the lumen
    np.testing.assert_allclose(passed, 100 - s.count[:, lumen, 0], atol=1e-6)


def test_of_two_boundaries_the_later_one_holds():
    both = [Boundary("membrane", ("A",), "absorb"), Boundary("membrane", ("A",), "clamp", concentration=10.0)]
    geometry, s = solved(BOX, [Species("A", 10.0)], boundary=both)
    assert s.count[-1, 0, 0] == pytest.approx(10.0 * geometry.volume, rel=1e-6)
    np.testing.assert_array_equal(s.absorbed[:, 0], 0.0)


# reactions


def test_buffers_and_pumps_keep_the_ions():
    """Ions, buffer and pumps of a closed spine, each to 1e-9; what is left of an event is what changed."""
    _, s = solved(
        SPINE,
        [*CALCIUM, *(Species(name, 0.0, "membrane") for name in ("P", "CaP"))],
        [turns("Ca + B <-> CaB", 0.05, 30.0), turns("Ca + P <-> CaP", 0.2, 100.0)],
        [
            Release("Ca", count=200, on="psd", time=(0.0, 3e-4)),
            Release("B", concentration=2000.0, inside="cytosol"),
            Release("P", density=300.0, on="membrane"),
        ],
        t_stop=2e-3,
        every=1e-4,
    )
    Ca, B, CaB = s.count[:, 0].T
    P, CaP = s.surface[:, 0].T
    np.testing.assert_allclose(Ca + CaB + CaP, np.where(s.time < 2.9e-4, 200.0, 400.0), rtol=1e-9)
    np.testing.assert_allclose(B + CaB, B[0], rtol=1e-9)
    np.testing.assert_allclose(P + CaP, P[0], rtol=1e-9)
    np.testing.assert_allclose(np.diff(CaB), (s.events[1:, 0] - s.events[1:, 1]), atol=1e-9 * B[0])
    assert CaB[-1] > 10.0
    assert CaP[-1] > 10.0


def test_well_mixed_is_the_rate_equation():
    """Volume, channel, pump, pair and source in a small box with fast diffusion, against an integrator of its own."""
    from scipy.integrate import solve_ivp

    opening = Rate((0.0, 0.2, 0.5, 2.0), (0.0, 300.0, 20.0, 20.0))
    species = [Species("A", 1e4), Species("B", 1e4), Species("C", 1e4)]
    species += [Species("O", 0.0, "membrane"), Species("P", 0.0, "membrane"), Species("Q", 0.0, "membrane")]
    geometry, s = solved(
        BOX,
        species,
        [
            turns("A + B <-> C", 0.01, 0.5),
            turns("A + P <-> Q", 0.004, 1.0),
            turns("O -> O + A", opening),
            turns("0 -> A", 800.0),
            turns("A -> 0", 2.0),
            turns("Q + O -> P + O", 0.05),
            turns("C + C -> B", 0.003),
        ],
        [
            Release("B", count=50, inside="cytosol"),
            Release("O", count=3, on="membrane"),
            Release("P", count=40, on="membrane"),
            Release("A", count=30, inside="cytosol", time=(0.13,)),
        ],
        t_stop=1.0,
    )
    V, S = geometry.volume, geometry.area

    def slope(t, n):
        A, B, C, channels, P, Q = n
        one, back = 0.01 * A * B / V, 0.5 * C
        bind, free = 0.004 * A * P / V, 1.0 * Q
        pair, join = 0.05 * Q * channels / S, 0.003 * C * C / V
        made = np.interp(t, opening.time, opening.value) * channels + 800.0 * V - 2.0 * A
        return [
            made - one + back - bind + free,
            back - one + join,
            one - back - 2 * join,
            0.0,
            free - bind + pair,
            bind - free - pair,
        ]

    n, expected = np.array([0.0, 50.0, 0.0, 3.0, 40.0, 0.0]), []
    stops = np.union1d(s.time, [0.13])
    for a, b in zip(stops, [*stops[1:], None], strict=True):
        n[0] += 30.0 * (a == 0.13)
        if a in s.time:
            expected.append(n)
        if b is not None:
            n = solve_ivp(slope, (a, b), n, rtol=1e-10, atol=1e-10, max_step=0.01).y[:, -1]
    found = np.hstack([s.count[:, 0], s.surface[:, 0]])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_ligand_meets_receptors_on_a_sphere():
    """Ligand from the middle binds receptors of the surface: shells of a ball as an independent discretisation."""
    from scipy.integrate import solve_ivp

    D, on, off, dense, number = 5.0, 0.02, 2.0, 100.0, 800
    middle = Named("middle", Within("sphere", center=(0.0, 0.0, 0.0), radius=0.5))
    spec = GeometrySpec(shape=Shape("sphere", {"radius": 1.0, "edge": 0.1}), compartment=(middle,))
    _, s = solved(
        spec,
        [Species("L", D), Species("R", 0.0, "membrane"), Species("LR", 0.0, "membrane")],
        [turns("L + R <-> LR", on, off)],
        [Release("L", count=number, inside="middle"), Release("R", density=dense, on="membrane")],
        t_stop=0.3,
        every=0.03,
        edge=0.1,
    )
    border = np.linspace(0.0, 1.0, 401)
    volume, area = 4 / 3 * np.pi * np.diff(border**3), 4 * np.pi * border[1:-1] ** 2

    def slope(t, y):
        c, bound = y[:-1], y[-1]
        flow = D * area * np.diff(c) / (border[1] - border[0])
        edge = c[-1] + (c[-1] - c[-2]) / 2
        rate = on * edge * (dense - bound) - off * bound
        gain = np.diff(flow, prepend=0.0, append=0.0)
        gain[-1] -= 4 * np.pi * rate
        return np.append(gain / volume, rate)

    start = np.append(np.where(border[1:] <= 0.5 + 1e-9, number / (4 / 3 * np.pi * 0.125), 0.0), 0.0)
    exact = 4 * np.pi * solve_ivp(slope, (0, 0.3), start, "LSODA", s.time, rtol=1e-7, atol=1e-7, lband=3, uband=3).y[-1]
    assert exact[-1] > 200.0
    np.testing.assert_allclose(s.surface[:, 0, 1], exact, atol=0.005 * exact.max())


# releases


def test_amounts_are_exact_wherever_molecules_are_put():
    seen = []
    spec = GeometrySpec(shape=Shape("sphere", {"radius": 1.0, "edge": 0.3}), compartment=(below(0.2),))
    scenario, geometry, chemistry = scene(
        spec,
        [Species("A"), Species("B"), Species("C"), Species("D")],
        release=[
            Release("A", count=7, at=(0.21, -0.33, 0.4)),
            Release("B", concentration=11.0, inside="low"),
            Release("C", count=13, on="membrane", time=(0.0, 0.25)),
            Release("D", concentration=3.0, inside="cytosol"),
        ],
        t_stop=0.5,
    )
    s = solve(scenario, geometry, chemistry, lambda time, density: seen.append(density))
    low = geometry.compartments.index("low")
    expected = [7.0, 11.0 * geometry.compartment_volume[low], 13.0, 3.0 * geometry.volume]
    np.testing.assert_allclose(s.count[0, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(s.count[:, 0, 2], [13, 13, 13, 26, 26, 26], rtol=1e-12)
    filling = fill(geometry, [0])
    weight = filling.node_volume(0)
    np.testing.assert_allclose((weight * seen[0][:, 0]) @ filling.point / 7.0, [0.21, -0.33, 0.4], atol=1e-12)
    np.testing.assert_allclose(seen[0][:, 3], np.where(weight > 0, 3.0, 0.0), rtol=1e-12)
    assert s.count[0, low, 1] > 0.85 * expected[1]


def test_a_source_in_a_compartment():
    spec = GeometrySpec(shape=BOX, compartment=(below(0.05),))
    geometry, s = solved(spec, [Species("A", 1.0)], [turns("0 -> A", 30.0, inside="low")])
    made = 30.0 * geometry.compartment_volume[1]
    np.testing.assert_allclose(s.count[:, 0, 0], made * s.time, rtol=5e-3)
    np.testing.assert_allclose(s.events[:, 0].cumsum(), s.count[:, 0, 0], atol=1e-9)


# refusals


def test_a_sheet_is_refused():
    spec = GeometrySpec(shape=Shape("box", {"size": (0.3, 0.25, 0.35), "edge": 0.3}), surface=(DIAPHRAGM,))
    with pytest.raises(ScenarioError, match="surface diaphragm is a sheet"):
        solved(spec, [Species("A", 1.0)])


def test_what_is_made_where_it_does_not_live_is_refused():
    species = [Species("P", 0.0, "membrane"), Species("Q", 0.0, "psd")]
    with pytest.raises(ScenarioError, match="P -> Q happens where Q, which lives on psd, is not"):
        solved(SPINE, species, [turns("P -> Q", 1.0)])


def test_a_release_into_less_than_a_tetrahedron_is_refused():
    speck = Named("speck", Within("sphere", center=(0.013, 0.01, 0.02), radius=1e-4))
    with pytest.raises(ScenarioError, match="compartment speck is too small for the tetrahedra"):
        solved(
            GeometrySpec(shape=BOX, compartment=(speck,)),
            [Species("A", 1.0)],
            release=[Release("A", count=1, inside="speck")],
        )


@pytest.mark.long
def test_particles_along_a_neck():
    """Free and bound calcium in slices of a spine: means of trials within 4 standard errors or 2 %.

    Pumps are in the head: at an absorbing base particles bind ions of a whole cell, and the equations have none there.
    """
    from spinemc.ensemble import run_trials
    from spinemc.simulate import prepare

    slices = tuple(
        Named(f"slice{i}", Within("box", low=(-FAR, -FAR, 0.1 * i), high=(FAR, FAR, 0.1 * (i + 1))), set="slices")
        for i in range(4)
    )
    fine = Shape("spine", {**SPINE.parameters, "edge": 0.05})
    scenario, geometry, chemistry = scene(
        GeometrySpec(shape=fine, compartment=slices),
        [*CALCIUM, *(Species(name, 0.0, "head") for name in ("P", "CaP"))],
        [turns("Ca + B <-> CaB", 0.1, 300.0), turns("Ca + P <-> CaP", 0.2, 50.0), turns("CaP -> P", 500.0)],
        [
            Release("Ca", count=2000, on="psd"),
            Release("B", concentration=6000.0, inside="cytosol"),
            Release("P", density=500.0, on="head"),
        ],
        [Boundary("base", ("Ca",), "absorb")],
        t_stop=1e-3,
        every=1e-4,
    )
    system = prepare(replace(scenario, run=replace(scenario.run, dt=1e-6)))
    trials = list(run_trials(system, 1, range(40), None, lambda *_: None))
    s = solve(scenario, geometry, chemistry)
    for name in ("count", "surface", "absorbed"):
        drawn = np.array([getattr(trial, name) for trial in trials], float)[:, 1:]
        expected = getattr(s, name)[1:]
        spread = np.maximum(drawn.var(axis=0, ddof=1), np.abs(expected))  # a few trials of rare molecules show none
        off = np.abs(drawn.mean(axis=0) - expected)
        assert (off <= np.maximum(4 * np.sqrt(spread / len(drawn)), 0.02 * np.abs(expected))).all(), name
