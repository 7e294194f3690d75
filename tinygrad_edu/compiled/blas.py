"""NumPy's own matrix product, for compiled loops: the BLAS that comes with NumPy, called by its address.

Numba's `np.dot` asks SciPy for a BLAS, a dependency for one function, and a second one beside NumPy's with threads of its
own. NumPy's wheels carry OpenBLAS in a folder beside the package; its `sgemm` is given to the compiler as a symbol, so that
compiled code that is read from the cache finds it in this process, whatever its address is here.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

FOLDERS = "../numpy.libs", ".dylibs"  # where wheels keep it, on Linux and Windows, and on macOS
NAMES = "scipy_cblas_sgemm64_", "cblas_sgemm64_"  # with whole numbers of 64 bits, which the machine passes
SYMBOL = "tinygrad_edu_sgemm"


@functools.cache
def offer_sgemm() -> bool:
    """Let compiled code find `sgemm` by SYMBOL. False, and something that does nothing in its place, if NumPy brings none."""
    binding = importlib.import_module("llvmlite.binding")

    found = next(_found(), None)
    binding.add_symbol(SYMBOL, ctypes.cast(found or _nothing, ctypes.c_void_p).value)
    return found is not None


def _found() -> Iterator[Any]:
    for folder in FOLDERS:
        for path in sorted(Path(np.__file__).parent.joinpath(folder).glob("*openblas*")):
            library = ctypes.CDLL(str(path))
            yield from (getattr(library, name) for name in NAMES if hasattr(library, name))


_nothing = ctypes.CFUNCTYPE(None)(lambda: None)


def external() -> Any:
    """`sgemm` as compiled code calls it: cblas' arguments, matrices by their address."""
    from numba import types

    offer_sgemm()
    whole, number, order = types.int64, types.float32, types.int32
    matrix = types.CPointer(number)
    arguments = [order, order, order, whole, whole, whole, number, matrix, whole, matrix, whole, number, matrix, whole]
    return types.ExternalFunction(SYMBOL, types.void(*arguments))


def gemm(*arguments: Any) -> None:
    """out <- alpha a b + beta out, in compiled code."""
    raise TypeError("gemm expects to be called by a kernel. Use NumPy's matmul.")


gemm.compiled = external  # type: ignore[attr-defined]  # as kernels say what the compiler shall put in their place
gemm.__wrapped__ = external  # type: ignore[attr-defined]
