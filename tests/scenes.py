"""Small systems, and the compiled engine and the plain one side by side on them."""

import re

import naive
import numpy as np

from spinemc.chemistry.network import network
from spinemc.engine.kernels.tables import LOGGED
from spinemc.engine.molecules import Molecules
from spinemc.engine.schedule import Moment
from spinemc.engine.system import System
from spinemc.geometry import build
from spinemc.geometry.grid import grid
from spinemc.scenario import (
    GeometrySpec,
    Named,
    Plane,
    Rate,
    Reaction,
    Release,
    Run,
    Scenario,
    Shape,
    Species,
    Surface,
    Within,
)

BOX = Shape("box", {"size": (0.3, 0.25, 0.35), "edge": 0.3})
BALL = Shape("sphere", {"radius": 0.2, "edge": 0.2})
CAP = Shape("sphere", {"radius": 0.2, "edge": 0.2, "cap_angle": 0.5})
VASE = Shape(
    "revolution",
    {"profile": ((0.0, -0.2), (0.05, -0.2), (0.05, 0.0), (0.15, 0.1), (0.0, 0.2)), "regions": ("base", "", "", ""),
     "edge": 0.3},
)  # fmt: skip
SPINE = Shape("spine", {"head_radius": 0.15, "neck_radius": 0.05, "neck_length": 0.2, "psd_radius": 0.08, "edge": 0.2})
ORGANELLE = Surface("er", Shape("sphere", {"radius": 0.09, "edge": 0.1}), at=(0.03, 0.0, 0.02), inside="lumen")
DIAPHRAGM = Surface("diaphragm", plane=Plane((0.0, 0.0, 0.02), (0.1, 0.0, 1.0)))
UPPER = Named("upper", Within("box", low=(-1.0, -1.0, 0.03), high=(1.0, 1.0, 1.0)))
MIDDLE = Named("middle", Within("sphere", center=(0.02, 0.0, 0.0), radius=0.1))
RIND = Named("rind", Within("shell", depth=0.12))
EMISSION = Rate((0.0, 1.0e-5, 1.3e-5, 1.0e-4), (0.0, 4.0e4, 1.0e4, 2.0e4))


def turns(equation, kf, kb=None, **more):
    """A reaction from its equation, with rates in the engine's units."""
    sides = [tuple(re.findall(r"[A-Za-z][\w@]*", side)) for side in re.split("<?->", equation)]
    rates = [k if k is None or isinstance(k, Rate) else Rate.constant(k) for k in (kf, kb)]
    return Reaction(equation, *sides, *rates, **more)


def kind(name, D):
    """A species from its diffusion coefficient, or from (D, region) on a surface, or (D, None, space) elsewhere."""
    if D is None:
        return Species(name, 0.0, "membrane")
    return Species(name, *D) if isinstance(D, tuple) else Species(name, D)


def scene(shape, species, *, dt, cell=0.1, reaction=(), release=(), boundary=(), ions=None, **geometry):
    """A scenario's system, whatever the probabilities of a step; `species` maps names to D, None in the membrane."""
    scenario = Scenario(
        geometry=GeometrySpec(shape=shape, **geometry),
        run=Run(t_stop=1.0, dt=dt, sample_every=1.0, cell=cell),
        species=tuple(kind(n, d) for n, d in species.items()),
        reaction=tuple(reaction),
        release=tuple(release),
        boundary=tuple(boundary),
        ions=ions,
    )
    geometry = build(scenario.geometry)
    grids = tuple(grid(geometry, space, cell) for space in range(len(geometry.spaces)))
    return System(scenario, geometry, network(scenario, geometry), grids)


def anywhere(**number):
    return [Release(name, count=n, inside="cytosol") for name, n in number.items()]


def membrane(**number):
    return [Release(name, count=n, on="membrane") for name, n in number.items()]


def begin(system, seed=5, number=3, team=None):
    """A compiled trial at its beginning."""
    dt = system.scenario.run.dt
    compiled = Molecules(system, np.array([seed, number], np.uint64), dt, team)
    for n, release in enumerate(system.scenario.release):
        compiled.release(release, n, 0, dt)
    return compiled


def agree(system, steps, seed=5, number=3, looks=4, team=None):
    """Run both engines side by side; returns the plain one after the last step, for what a test wants to have seen."""
    dt = system.scenario.run.dt
    compiled = begin(system, seed, number, team)
    plain = naive.Engine(system, dt, compiled.key, compiled.state)
    same(system, compiled.state, plain)
    for look in range(looks):
        start = look * steps * dt
        compiled.advance(Moment(start, (), -1, (), steps, dt))
        plain.advance(start, steps)
        same(system, compiled.state, plain)
    return plain


def same(system, state, plain):
    """Every array of a compiled trial's state equals what the plain engine holds."""
    first = state.start.tolist()
    here = [slice(a, a + n) for a, n in zip(first, state.n.tolist(), strict=True)]
    assert state.n.tolist() == [len(kind) for kind in plain.molecules]
    for s, kind in enumerate(plain.molecules):
        assert state.name[here[s]].tolist() == [m.name for m in kind]
        at = np.column_stack([state.x[here[s]], state.y[here[s]], state.z[here[s]]])
        assert at.tolist() == [list(m.at) for m in kind]
        assert state.voxel[here[s]].tolist() == [m.voxel for m in kind]
        assert state.behind[here[s]].tolist() == [m.behind for m in kind]
        assert state.face[here[s]].tolist() == [m.face for m in kind]
        width = plain.carries[s]
        assert state.ion[here[s], :width].tolist() == [m.ions for m in kind]
    logged = slice(state.serial[LOGGED])
    log = zip(state.when[logged].tolist(), state.log[logged].tolist(), strict=True)
    assert [(t, *entry) for t, entry in log] == plain.log
    assert state.fired.tolist() == plain.fired
    assert state.absorbed.tolist() == plain.absorbed
    assert state.clock.tolist() == plain.clock
    assert state.serial.tolist() == plain.serial
    chemistry = system.chemistry(system.scenario.run.dt)
    columns = int(chemistry.columns[0])
    for side, s in np.argwhere(chemistry.column >= 0):
        counted = state.count[int(chemistry.column[side, s]) :: columns]
        assert list(counted) == [plain.count(c, s, side) for c in range(len(system.cells.volume))]
