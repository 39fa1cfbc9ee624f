"""Noise of channels: what a channel that opens and closes makes of a concentration."""

from __future__ import annotations

from collections.abc import Iterator

from spinemc.scenario import Release
from spinemc.validation import laws
from spinemc.validation.check import Check, Effort, averaged, ratio
from spinemc.validation.scenes import D_CA, counts, scene, shape, turns


def telegraph(effort: Effort) -> Iterator[Check]:
    """One channel C <-> O that emits ions while open, and their decay: mean and Fano factor.

    Samples 0.2 ms apart, twice the lifetime of an ion and of the channel's memory.
    """
    opening, closing, influx, decay = 4e3, 6e3, 4e5, 1e4
    ball = scene(
        shape("sphere", radius=0.2),
        {"Ca": D_CA, "C": None, "O": None},
        dt=5e-6,
        t_stop=40e-3,
        every=0.2e-3,
        reaction=[turns("C", "O", opening, closing), turns("O", "O Ca", influx), turns("Ca", "", decay)],
        release=[Release("C", count=1, on="membrane")],
    )
    n = counts(ball, effort.run(ball, quick=24, full=640, seed=601), "Ca")[:, 10:]
    mean, fano = laws.telegraph(opening, closing, influx, decay)
    yield averaged("telegraph channel, influx and decay: mean", mean, n, 0.02, "molecules")
    value, error = ratio(((n - mean) ** 2).mean(axis=1), n.mean(axis=1))
    yield Check("telegraph channel, influx and decay: Fano factor", fano, value, error, 0.02)
