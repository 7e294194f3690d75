"""From a function to object code: what happens once for an installation.

An opcode is `int64 code(int64* step, float* numbers, int64* whole)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from .compiler import write
from .loading import target_machine, undefined_symbols
from .typed import INT, Memory

ENTRANCE = "opcode"  # until all names are known: a symbol may be that of a function of the C library


def emit(symbol: str, function: Callable, dtype: str) -> tuple[str, list[str], bytes]:
    """The object code of an opcode: the name of its function, what it calls of others, and an object file."""
    code = target_machine().emit_object(optimized(symbol, function, dtype))
    return symbol, undefined_symbols(code), code


def optimized(symbol: str, function: Callable, dtype: str) -> Any:
    """The same in LLVM's language, which can be read."""
    module = ir.Module(symbol)
    module.triple, module.data_layout = target_machine().triple, str(target_machine().target_data)
    write(module, ENTRANCE, function, (Memory(INT), Memory(np.dtype(dtype)), Memory(INT)))
    text = str(module)
    made = llvm.parse_assembly(text)
    made.get_function(ENTRANCE).name = symbol
    _optimize(made, " reassoc " in text)
    return made


def _optimize(module: Any, has_sums: bool) -> None:
    """For arrays of some hundred numbers.

    Loops that are laid out several times, as LLVM has it, take three times as long to compile, and small arrays longer to
    run. Only sums have to wait for each other: those that may be reordered keep several at once.
    """
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization, tuning.slp_vectorization, tuning.loop_unrolling = True, False, False
    tuning.loop_interleaving = has_sums
    builder = llvm.create_pass_builder(target_machine(), tuning)
    builder.getModulePassManager().run(module, builder)
