"""The particle engine: a scenario as plain arrays, and the kernels that advance them."""

from spinemc import cache as _cache

with _cache.used():
    from spinemc.engine.kernels import flight, move, put, react, rng, step, wells

__all__ = ["flight", "move", "put", "react", "rng", "step", "wells"]
