"""Everything that is checked, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from spinemc.scenario import GeometrySpec
from spinemc.validation import baths, encounters, escape, motion, noise, orders, reactions, surfaces, walls
from spinemc.validation.check import Check, Effort, Subject

# dt [s], and a kf [um^3/s] that is about as fast as it allows
_FAST, _MEDIUM, _GENTLE = (0.1e-6, 12.0), (0.5e-6, 4.0), (2e-6, 1.5)


def _reversible(
    place: str, geometry: GeometrySpec, step: tuple[float, float], dissociation: float, molecules: int, t_stop: float
) -> Callable[[Effort], Iterator[Check]]:
    dt, kf = step
    return partial(
        reactions.reversible,
        place=place,
        geometry=geometry,
        dt=dt,
        kf=kf,
        dissociation=dissociation,
        molecules=molecules,
        t_stop=t_stop,
    )


def _speed(
    name: str,
    side: float,
    kf: float,
    diffusion: float,
    number: int,
    dt: float,
    first: float,
    t_stop: float,
    quick: int,
    full: int,
) -> Callable[[Effort], Iterator[Check]]:
    return partial(
        encounters.speed,
        name=name,
        side=side,
        kf=kf,
        diffusion=diffusion,
        number=number,
        dt=dt,
        first=first,
        t_stop=t_stop,
        quick=quick,
        full=full,
    )


REVERSIBLE: tuple[Subject, ...] = (
    Subject(_reversible("ball", reactions.BALL, _FAST, 7500.0, 20, 2e-3), 5, 42),
    Subject(_reversible("ball", reactions.BALL, _MEDIUM, 7500.0, 20, 5.5e-3), 3, 21),
    Subject(_reversible("ball", reactions.BALL, _GENTLE, 7500.0, 20, 14e-3), 2, 15),
    Subject(_reversible("wide neck", reactions.WIDE_NECK, _GENTLE, 6250.0, 40, 22e-3), 4, 32),
    Subject(_reversible("neck of 50 nm", reactions.NARROW_NECK, _MEDIUM, 12500.0, 20, 3e-3), 2, 18),
    Subject(_reversible("neck of 50 nm", reactions.NARROW_NECK, _GENTLE, 12500.0, 20, 7.5e-3), 2, 16),
)
"""A + B <-> C, in vessels and with steps of many kinds."""

SPEEDS: tuple[Subject, ...] = (
    Subject(_speed("in a crowd", 0.3, 6e7, 220.0, 5000, 2e-6, 4e-6, 50e-6, 24, 80), 2, 6),
    Subject(_speed("0.75 us", 1.0, 1e9, 220.0, 3000, 0.75e-6, 0.02e-3, 0.4e-3, 24, 120), 3, 16),
    Subject(_speed("1.5 us", 1.0, 1e9, 220.0, 3000, 1.5e-6, 0.02e-3, 0.4e-3, 24, 120), 2, 9),
    Subject(_speed("x G = 0.1", 2.0, 7e8, 20.0, 3000, 2e-6, 0.25e-3, 1.5e-3, 16, 160), 5, 55),
    Subject(_speed("x G = 0.2", 2.0, 1.4e9, 20.0, 2500, 1e-6, 0.4e-3, 1.5e-3, 16, 200), 6, 75),
)
"""A + B -> C, from rates that chemistry limits to rates that diffusion helps to limit."""

SUBJECTS: tuple[Subject, ...] = (
    Subject(motion.spreading, 1, 6),
    Subject(motion.placing, 1, 4),
    Subject(motion.evenness, 3, 30),
    Subject(motion.confinement, 2, 14),
    Subject(motion.occupancy, 4, 70),
    Subject(motion.memory, 3, 50),
    Subject(motion.balance, 3, 150),
    Subject(escape.slab, 1, 10),
    Subject(escape.neck, 2, 40),
    Subject(partial(escape.cap, angle=0.1, centre=False), 4, 180),
    Subject(partial(escape.cap, angle=0.1, centre=True), 4, 180),
    Subject(partial(escape.cap, angle=0.05, centre=False), 5, 360),
    Subject(partial(escape.cap, angle=0.05, centre=True), 5, 360),
    Subject(escape.head_and_neck, 2, 5),
    Subject(baths.number, 2, 25),
    Subject(baths.flux, 4, 40),
    Subject(baths.around, 3, 20),
    Subject(baths.filling, 1, 8),
    Subject(walls.uptake, 1, 20),
    Subject(walls.steady, 5, 30),
    Subject(walls.around, 5, 75),
    Subject(walls.partition, 3, 32),
    Subject(walls.organelle, 5, 70),
    Subject(surfaces.gliding, 5, 55),
    Subject(surfaces.surroundings, 3, 50),
    Subject(reactions.decay, 2, 18),
    Subject(reactions.birth_and_death, 3, 36),
    *REVERSIBLE,
    Subject(reactions.complexes, 2, 20),
    Subject(partial(reactions.membrane, dt=2e-6), 2, 17),
    Subject(partial(reactions.membrane, dt=0.5e-6), 4, 44),
    *SPEEDS,
    Subject(encounters.diffusion_limited, 2, 46),
    Subject(partial(encounters.ions, ka=1e9, moving=0.0), 4, 65),
    Subject(partial(encounters.ions, ka=3e9, moving=0.0), 3, 40),
    Subject(partial(encounters.ions, ka=3e9, moving=20.0), 4, 60),
    Subject(noise.telegraph, 3, 90),
    Subject(orders.mesh_volume, 1, 1),
    Subject(orders.mesh_passage, 3, 65),
    Subject(orders.step_passage, 4, 180),
    Subject(orders.step_binding, 4, 100),
)
"""Each group of checks, and about how long it takes; see `Subject`."""
