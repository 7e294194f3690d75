"""Object code of opcodes: compiled once, kept in files, loaded without Numba."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any



def addresses(opcodes: Sequence[tuple[str, Callable]], dtype: str) -> list[int]:
    """Where the code of opcodes lies in this process."""
    from .emission import emit

    llvm = importlib.import_module("llvmlite.binding")
    found = [emit(name, function, dtype) for name, function in opcodes]
    machine = _engine()
    for _, code in found:
        machine.add_object_file(llvm.ObjectFileRef.from_data(code))
    machine.finalize_object()
    return [machine.get_function_address(symbol) for symbol, _ in found]


@functools.cache
def _engine() -> Any:
    llvm = importlib.import_module("llvmlite.binding")  # 0.05 s
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), llvm.Target.from_default_triple().create_target_machine(jit=True))
