"""Noise of a network of wells without simulation.

`linear_noise` in time and `stationary_noise` at rest, by the linear noise approximation; `noise_parts`, from where it
comes; `second_moments`, means that feel the noise; `spectrum`; and `stationary_distribution`, exact, of small networks.
"""

from spinemc.twins.noise.closure import second_moments
from spinemc.twins.noise.frozen import without_gating, without_numbers
from spinemc.twins.noise.linear import Moments, linear_noise
from spinemc.twins.noise.parts import Parts, Source, kinds, noise_parts
from spinemc.twins.noise.stationary import spectrum, stationary_distribution, stationary_noise

__all__ = [
    "Moments",
    "Parts",
    "Source",
    "kinds",
    "linear_noise",
    "noise_parts",
    "second_moments",
    "spectrum",
    "stationary_distribution",
    "stationary_noise",
    "without_gating",
    "without_numbers",
]
