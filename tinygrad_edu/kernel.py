"""@kernel: loops over arrays, compiled by Numba on their first call.

The one place that knows Numba. A kernel is a plain function of loops and numbers; compiled code is
cached beside the package, so that the second process starts at once. Nothing is imported or compiled
before a kernel is called, and without a writable cache it is compiled afresh, with one warning.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any


def kernel(function: Callable) -> Callable[..., Any]:
    """Compile `function` when it is first called.

    Division by zero gives inf or nan, as in NumPy (Numba's default checks every division, which keeps
    loops from being vectorised). Constants must come in as arguments in the array's dtype: a float64
    literal halves the speed of a float32 loop.
    """

    compiled: list[Callable] = []

    @functools.wraps(function)
    def call(*args):
        if not compiled:
            compiled.append(_compile(function))
        return compiled[0](*args)

    return call


def _compile(function: Callable) -> Callable:
    import numba  # 0.2 s, paid by those who train

    options: Any = {"error_model": "numpy", "nogil": True}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError as error:  # no place to write the cache to
        _warn_uncached(str(error))
        return numba.njit(**options)(function)


_warned: list[str] = []


def _warn_uncached(reason: str) -> None:
    """Say it once in a process, not once a kernel."""
    if not _warned:
        _warned.append(reason)
        warnings.warn(f"Numba cannot cache its compiled code ({reason}). It is compiled anew in every process.", stacklevel=5)
