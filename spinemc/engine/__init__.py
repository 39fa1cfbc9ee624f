"""The particle engine: a scenario as plain arrays, and the kernels that advance them."""

from numba import config as _config

from spinemc.engine import cache as _cache

_before = _config.CACHE_DIR  # type: ignore[attr-defined]
_cache.use()
try:
    from spinemc.engine.kernels import flight, move, put, react, rng, step, wells
finally:
    _config.CACHE_DIR = _before  # type: ignore[attr-defined]

__all__ = ["flight", "move", "put", "react", "rng", "step", "wells"]
