"""The particle engine: a scenario as plain arrays, and the kernels that advance them."""

from spinemc import cache as _cache

with _cache.used():
    from spinemc.engine.kernels import flight, leap, move, put, react, rng, step, stops, wells

__all__ = ["flight", "leap", "move", "put", "react", "rng", "step", "stops", "wells"]
