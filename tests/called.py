"""Kernels that only other kernels call, called from Python."""

import numba


def from_python(kernel):
    """A compiled function that hands its arguments on to a kernel."""
    return numba.njit(lambda *arguments: kernel(*arguments))
