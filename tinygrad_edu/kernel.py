"""@kernel: loops over arrays, compiled by Numba on their first call.

A kernel is a plain function of loops and numbers; compiled code is
cached beside the package, so that the second process starts at once. Nothing is imported or compiled
before a kernel is called; without a cache that is of use it is compiled afresh, with one warning.
"""

from __future__ import annotations

import functools
import types
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .kernel_cache import compile_cached


def kernel(
    function: Callable | None = None, *, reorder: bool = False, fuse: bool = False
) -> Callable[..., Any]:
    """Compile `function` when it is first called. It may call other kernels.

    Division by zero gives inf or nan, as in NumPy (Numba's default checks every division, which keeps
    loops from being vectorised). Constants must come in as arguments, or be globals, in the array's dtype: a
    float64 literal halves the speed of a float32 loop.

    Args:
        reorder: whether sums may be added up in another order. A sum then takes a processor's lanes at once, five
            times as fast, and differs from the plain loop in its last digits; NumPy reorders its sums too.
        fuse: whether a product and what it is added to are rounded once, where the processor can. Polynomials take a third
            less time, and their last digits are those of the processor.
    """
    if function is None:
        return functools.partial(kernel, reorder=reorder, fuse=fuse)
    fastmath = ({"reassoc", "nsz"} if reorder else set()) | ({"contract"} if fuse else set())
    options = {"error_model": "numpy", "nogil": True, "fastmath": fastmath}
    compiled = functools.cache(functools.partial(_compile, function, options))

    @functools.wraps(function)
    def call(*args):
        return compiled()(*args)

    call.compiled = compiled  # type: ignore[attr-defined]
    call.options = options  # type: ignore[attr-defined]
    return call


def _compile(function: Callable, options: dict[str, Any]) -> Callable:
    return compile_cached(_with_compiled_kernels(function), **options)


def _with_compiled_kernels(function: Any) -> Callable:
    """`function`, for which the kernels that it names are compiled functions: the compiler knows no others.

    Numba notices when the file of a function changes, and not when those of its kernels do. So where these are of other files,
    the name by which it is cached tells what is in them.
    """
    known = function.__globals__
    kernels = {name: known[name].compiled() for name in function.__code__.co_names if hasattr(known.get(name), "compiled")}
    if not kernels:
        return function
    bound = types.FunctionType(function.__code__, {**known, **kernels}, function.__name__)
    functools.update_wrapper(bound, function)
    others = sorted(_files(function) - {function.__code__.co_filename})
    if others:
        bound.__qualname__ += f"_{zlib.crc32(b''.join(Path(file).read_bytes() for file in others)):08x}"
    return bound


def _files(function: Any) -> set[str]:
    """The files of a kernel, and of all kernels that it calls."""
    found, open_ = {function}, [function]
    for caller in open_:  # which grows meanwhile
        named = (caller.__globals__.get(name) for name in caller.__code__.co_names)
        called = {kernel.__wrapped__ for kernel in named if hasattr(kernel, "compiled")} - found
        found |= called
        open_ += called
    return {one.__code__.co_filename for one in found}
