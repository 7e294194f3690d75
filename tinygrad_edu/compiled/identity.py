"""What object code depends on, as short names: the same name, the same code.

Files change when a comment does, and constants come from other files than the loops that use them. So what is summed up is not
files, but what the compiler reads: bytecode, constants, the numbers and the kernels that a function names, and theirs in turn.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .loading import binding, processor

# What stands between a function and its object code.
COMPILER = "emission.py", "compiler.py", "advice.py", "expressions.py", "operators.py", "typed.py", "sources.py", "vector_code.py"
FORMAT = 1  # of the way from a function to object code


def identity(function: Callable) -> str:
    """A name of an opcode's code, before it is compiled."""
    known, open_ = {function}, [function]
    parts: list[str] = []
    for one in open_:  # which grows meanwhile
        parts.append(_code(one.__code__))
        for name, value in _named(one):
            inner = getattr(value, "__wrapped__", value)
            parts.append(f"{name} = {_value(inner, one.__code__)} {_options(value)}")
            if isinstance(inner, types.FunctionType) and inner not in known:
                known.add(inner)
                open_.append(inner)
    return _short("\n".join(parts))


def _named(function: Any) -> Iterator[tuple[str, Any]]:
    """What a function finds in its module, and around it."""
    code, known = function.__code__, function.__globals__
    yield from ((name, known[name]) for name in code.co_names if name in known)
    yield from ((name, cell.cell_contents) for name, cell in zip(code.co_freevars, function.__closure__ or ()))


def _options(kernel: Any) -> str:
    return repr(
        {name: sorted(value) if isinstance(value, set) else value for name, value in getattr(kernel, "options", {}).items()}
    )


def _code(code: types.CodeType) -> str:
    """Bytecode and constants; texts and lines do not matter."""
    constants = [
        _code(value) if isinstance(value, types.CodeType) else "" if isinstance(value, str) else repr(value)
        for value in code.co_consts
    ]
    return f"{code.co_code.hex()} {constants} {code.co_names} {code.co_varnames} {code.co_freevars}"


def _value(value: Any, code: types.CodeType) -> str:
    """A number by its digits, an array by its bytes, and of a module the numbers that are asked for."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape} {value.tobytes().hex()}"
    if isinstance(value, types.ModuleType):
        numbers = {name: vars(value).get(name) for name in code.co_names}
        return f"{value.__name__} { {name: one for name, one in numbers.items() if isinstance(one, (int, float, np.generic))} }"
    if isinstance(value, (int, float, np.generic, tuple)):
        return repr(value)
    return getattr(value, "__qualname__", type(value).__qualname__)


@functools.cache
def environment() -> str:
    """A name of what compiles, and of the processor that the code is for."""
    cpu, features = processor()
    versions = FORMAT, sys.version_info[:2], binding().llvm_version_info, importlib.import_module("llvmlite").__version__
    text = f"{versions} {_emission()} {sys.platform} {cpu} {features}"
    return f"{cpu or 'any'}-{_short(text)}"


def _emission() -> str:
    return "".join(Path(__file__).with_name(name).read_text() for name in COMPILER)


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
