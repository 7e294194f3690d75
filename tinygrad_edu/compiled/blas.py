"""NumPy's own matrix product, for compiled loops: the BLAS that comes with NumPy, called by its address.

SciPy's would be a dependency for one function, and a second BLAS beside NumPy's with threads of its
own. NumPy's wheels carry OpenBLAS in a folder beside the package; its `sgemm` and `dgemm` are given to the compiler as
symbols, so that compiled code that is read from the cache finds them in this process, whatever their address is here.
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
NAMES = "scipy_cblas_{}gemm64_", "cblas_{}gemm64_"  # with whole numbers of 64 bits, which the machine passes
LETTERS = {"float32": "s", "float64": "d"}
SYMBOLS = {f"tinygrad_edu_{letter}gemm": letter for letter in LETTERS.values()}
BY_ROWS, PLAIN, TURNED = 101, 111, 112  # words of cblas


def is_there() -> bool:
    """Whether NumPy brings a BLAS that compiled code can call."""
    return all(map(offer, SYMBOLS))


@functools.cache
def offer(symbol: str) -> bool:
    """Let compiled code find a product by its symbol. False, and something that does nothing in its place, if there is none."""
    binding = importlib.import_module("llvmlite.binding")

    found = next(_found(SYMBOLS[symbol]), None)
    binding.add_symbol(symbol, ctypes.cast(found or _nothing, ctypes.c_void_p).value)
    return found is not None


def _found(letter: str) -> Iterator[Any]:
    for folder in FOLDERS:
        for path in sorted(Path(np.__file__).parent.joinpath(folder).glob("*openblas*")):
            library = ctypes.CDLL(str(path))
            names = (name.format(letter) for name in NAMES)
            yield from (getattr(library, name) for name in names if hasattr(library, name))


_nothing = ctypes.CFUNCTYPE(None)(lambda: None)


def _called(builder: Any, numbers: Any, *values: Any) -> Any:
    """How a product is written down: a call with cblas' arguments, for the type of memory."""
    from llvmlite import ir

    from .typed import NOTHING, WORD, form

    a_turned, b_turned, m, n, depth, a, a_step, b, b_step, beta, out, out_step = (value.only for value in values)
    number, matrix, order = form(numbers.kind.dtype), numbers.only.type, ir.IntType(32)
    kinds = [order] * 3 + [WORD] * 3 + [number, matrix, WORD, matrix, WORD, number, matrix, WORD]
    symbol = f"tinygrad_edu_{LETTERS[numbers.kind.dtype.name]}gemm"
    known = builder.module.globals.get(symbol)
    function = known or ir.Function(builder.module, ir.FunctionType(ir.VoidType(), kinds), symbol)
    ways = [builder.select(turned, order(TURNED), order(PLAIN)) for turned in (a_turned, b_turned)]
    a, b, out = (builder.gep(numbers.only, [at]) for at in (a, b, out))
    share = builder.sitofp(beta, number)
    builder.call(function, [order(BY_ROWS), *ways, m, n, depth, number(1), a, a_step, b, b_step, share, out, out_step])
    return NOTHING


def gemm(numbers, a_turned, b_turned, m, n, depth, a, a_step, b, b_step, beta, out, out_step):
    """out <- a b + beta out, in compiled code: matrices by where they lie, and how far apart their rows, or columns if turned."""
    raise TypeError("gemm expects to be called by a kernel. Use NumPy's matmul.")


gemm.word = lambda: _called  # type: ignore[attr-defined]  # as the words of `vectors` say what they are
gemm.__wrapped__ = _called  # type: ignore[attr-defined]
