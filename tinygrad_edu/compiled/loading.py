"""Object code in this process, with llvmlite alone, which starts in 0.05 s.

LLVM ends the process when object code calls what nobody has offered. So every name that an object needs is looked for before
it is loaded: in the C library, and among the functions that the package offers itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import struct
from collections.abc import Iterable
from typing import Any

from . import blas
from .errors import NotCompiledError

OFFERED = blas.SYMBOLS
LIBRARIES = None, "libm.so.6", "libSystem.dylib", "ucrtbase"  # where C's functions are: None is the process itself


@functools.cache
def binding() -> Any:
    """llvmlite, ready for this processor."""
    try:
        llvm = importlib.import_module("llvmlite.binding")  # 0.05 s
    except ImportError as error:
        raise NotCompiledError(f"the machine expects llvmlite, which comes with Numba, got none ({error})") from error
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@functools.cache
def processor() -> tuple[str, str]:
    """Its name, and what it can do."""
    llvm = binding()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


@functools.cache
def target_machine() -> Any:
    """What writes code for this processor."""
    cpu, features = processor()
    target = binding().Target.from_triple(binding().get_process_triple())
    return target.create_target_machine(cpu, features, opt=3, codemodel="jitdefault", jit=True)


def load(objects: Iterable[Any]) -> list[int]:
    """The addresses of the functions of some objects, each with a symbol, needs and code.

    Raises:
        NotCompiledError: if an object needs a function that there is not.
    """
    llvm, objects = binding(), list(objects)
    for one in objects:
        for name in one.needs:
            _offer(name, one.symbol)
    for one in objects:
        _engine().add_object_file(llvm.ObjectFileRef.from_data(one.code))
    _engine().finalize_object()
    return [_engine().get_function_address(one.symbol) for one in objects]


@functools.cache
def _engine() -> Any:
    llvm = binding()
    target = llvm.Target.from_default_triple().create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)


@functools.cache
def _offer(name: str, symbol: str) -> None:
    """Let object code find a function by its name."""
    if name in OFFERED:
        blas.offer(name)
    elif address := _in_c(name):
        binding().add_symbol(name, address)
    else:
        raise NotCompiledError(f"the opcode {symbol} calls {name!r}, which is in no library here")


def _in_c(name: str) -> int | None:
    for library in LIBRARIES:
        with contextlib.suppress(OSError, AttributeError, TypeError):
            return ctypes.cast(getattr(ctypes.CDLL(library), name), ctypes.c_void_p).value
    return None


def undefined_symbols(code: bytes) -> list[str]:
    """Names of functions of others in an object file; of ELF, the format of Linux, alone."""
    if code[:4] != b"\x7fELF":
        return []
    sections = {one.name(): one.data() for one in binding().ObjectFileRef.from_data(code).sections()}
    names = sections[b".strtab"]
    symbols = struct.iter_unpack("=IBBHQQ", sections[b".symtab"])
    undefined = (name for name, _, _, section, _, _ in symbols if name and not section)
    return sorted(names[at : names.index(b"\0", at)].decode() for at in undefined)
