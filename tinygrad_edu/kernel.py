"""@kernel: loops over arrays, compiled by Numba on their first call.

A kernel is a plain function of loops and numbers; compiled code is
cached beside the package, so that the second process starts at once. Nothing is imported or compiled
before a kernel is called; without a cache that is of use it is compiled afresh, with one warning.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .kernel_cache import compile_cached


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
    return compile_cached(function, error_model="numpy", nogil=True)
