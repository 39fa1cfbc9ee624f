"""Second-order rates: the macroscopic rate, the transient after mixing, reactions that diffusion limits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from spinemc.scenario import Named, Release, Within
from spinemc.validation import laws
from spinemc.validation.check import Check, Effort, ratio
from spinemc.validation.scenes import D_CA, PER_MOLAR, SLOW, counts, everywhere, scene, shape, turns, volume_of

CELL = 0.04  # [um]


def speed(
    effort: Effort,
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
) -> Iterator[Check]:
    """kf as measured from A + B -> C in a cube.

    The number of events over the integral of k(t) n_A n_B / V is an unbiased estimate whatever the fluctuations. With
    b = kf / (4 pi D), for every mechanism of encounter whose size a is far below sqrt(D t),

        k(t) = kf (1 + b / sqrt(pi D t) - b S / (4 V) ln(4 pi D t / a^2)).

    Just after mixing, near pairs still meet more often than later (Collins & Kimball 1949); and molecules at a wall
    come back to each other more often, by their mirror images. Either is below 1 % in every case here.

    Parameters
    ----------
    side : float
        Of the cube [um].
    kf : float
        [1/(M s)]
    diffusion : float
        Of A and of B [um^2/s].
    number : int
        Molecules of A, and of B.
    first : float
        Time from which on events are counted [s].
    """
    rate = kf * PER_MOLAR
    box = scene(
        shape("box", size=(side, side, side)),
        {"A": diffusion, "B": diffusion, "C": SLOW},
        dt=dt,
        t_stop=t_stop,
        every=t_stop / 25,
        cell=CELL,
        reaction=[turns("A B", "C", rate)],
        release=everywhere(A=number, B=number),
    )
    trials = effort.run(box, quick, full, seed=501)
    time = box.scenario.run.sample_times
    start = int(np.searchsorted(time, first * (1.0 - 1e-9)))
    time = time[start:]
    b, spread = rate / (4.0 * np.pi * 2.0 * diffusion), 4.0 * np.pi * 2.0 * diffusion * time
    current = rate * (1.0 + 2.0 * b / np.sqrt(spread) - 1.5 * b / side * np.log(spread / CELL**2))
    pairs = (counts(box, trials, "A") * counts(box, trials, "B"))[:, start:]
    expected = np.trapezoid(current * pairs, time, axis=1) / volume_of(box, "cytosol")
    events = np.stack([trial.events[start + 1 :, 0] for trial in trials]).sum(axis=1)
    measured, error = ratio(events, expected)
    yield Check(f"A + B -> C, {name}: kf", 1e-6 * kf, 1e-6 * kf * measured, 1e-6 * kf * error, 0.01, "1/(uM s)")


def target(
    effort: Effort,
    name: str,
    k: float,
    radius: float,
    cell: float,
    dt: float,
    times: tuple[float, ...],
    middle: float,
    targets: int,
    quick: int,
    full: int,
    moving: float = 0.0,
) -> Iterator[Check]:
    """The rate k(t) of a target problem, A + B -> B, after mixing.

    Targets A are few, in the middle of a box of partners B that are not used up. For targets that do not move,
    survival is exactly exp(-c K(t)), with K the integral of k(t) of Collins & Kimball; the number of events over the
    integral of k(t) c n_A is an unbiased estimate whatever the fluctuations. Times begin where k(t) no longer knows the
    mechanism of the encounter: at sqrt(D t) of some three contact radii.

    Parameters
    ----------
    k : float
        Steady rate [um^3/s].
    radius : float
        Contact radius [um].
    cell : float
        Edge of the reaction cells [um].
    times : tuple of float
        Between two of them one value of k(t) is measured [s].
    middle : float
        Edge of the cube that the targets are in [um]; the walls are further away than partners go.
    targets : int
        So few that two of them hardly ever share a reaction cell.
    moving : float
        Diffusion coefficient of A [um^2/s].
    """
    total = D_CA + moving
    side = middle + 4.0 * np.sqrt(total * times[-1])
    partners = round(0.4 * side**3 / (k * times[-1]))  # a third of the targets meet one
    low, high = (-middle / 2.0,) * 3, (middle / 2.0,) * 3
    box = scene(
        shape("box", size=(side,) * 3, compartment=[Named("middle", Within("box", low=low, high=high))]),
        {"A": moving, "B": D_CA},
        dt=dt,
        t_stop=times[-1],
        every=times[0] / 4.0,
        cell=cell,
        reaction=[turns("A B", "B", k)],
        release=[Release("A", count=targets, inside="middle"), Release("B", count=partners, inside="cytosol")],
    )
    trials = effort.run(box, quick, full, seed=502)
    time = box.scenario.run.sample_times
    current = laws.collins_kimball(time, k, total, radius)
    left = counts(box, trials, "A")
    events = np.stack([trial.events[:, 0] for trial in trials])
    for begin, end in pairwise(times):
        i, j = (int(np.searchsorted(time, t * (1.0 - 1e-9))) for t in (begin, end))
        now = slice(i, j + 1)
        expected = np.trapezoid(current[now] * left[:, now], time[now], axis=1) * partners / volume_of(box, "cytosol")
        measured, error = ratio(events[:, i + 1 : j + 1].sum(axis=1), expected)
        exact = float(np.trapezoid(current[now], time[now]) / (time[j] - time[i]))
        window = f"{1e6 * time[i]:.0f} to {1e6 * time[j]:.0f} us"
        unit = 1e-9 / PER_MOLAR  # 1/(nM s)
        yield Check(
            f"{name}: k(t), {window}", exact * unit, exact * measured * unit, exact * error * unit, 0.02, "1/(nM s)"
        )


def diffusion_limited(effort: Effort) -> Iterator[Check]:
    """Half of what diffusion allows a contact radius of a third of a cell: the transient is 13 % and falls."""
    cell, radius = 0.1, 0.1 / 3.0
    k = 0.5 * 4.0 * np.pi * D_CA * radius
    times = (50e-6, 100e-6, 200e-6, 400e-6)
    yield from target(
        effort, "A + B -> B, R = cell / 3, ka = kD", k, radius, cell, 0.5e-6, times, 1.2, 100, quick=100, full=2400
    )


def ions(effort: Effort, ka: float, moving: float, quick: int = 16, full: int = 240) -> Iterator[Check]:
    """A contact radius of 1 nm, with ka [1/(M s)] comparable to the limit 4 pi D R of 1.665e9 /M/s (D 220)."""
    radius = 1e-3
    limit, contact = 4.0 * np.pi * (D_CA + moving) * radius, ka * PER_MOLAR
    k = limit * contact / (limit + contact)
    who = "both move" if moving else "A rests"
    name = f"A + B -> B, R = 1 nm, ka = {ka:.0e} /M/s, {who}"
    yield from target(effort, name, k, radius, CELL, 1e-6, (40e-6, 400e-6), 0.7, 300, quick, full, moving)
