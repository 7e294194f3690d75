"""From a function to object code, with Numba: what happens once for an installation.

Numba compiles the opcode as a function of three arrays. Around it comes a function of three addresses, which is what an
instruction calls, and both become one: `int64 code(int64* step, float* numbers, int64* whole)`.
"""

from __future__ import annotations

import functools
import re
import types as python_types
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numba
from llvmlite import ir
from numba import types

from .compiler import FrontEnd, module_of
from .fields import FAILED
from .loading import target_machine, undefined_symbols
from .pointers import CALLS, NUMBER, WORD, Memory

OPTIONS = {"error_model": "numpy", "nogil": True}
# No counting of references, so no allocation either; nothing that Python could call.
BARE = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": FrontEnd}
ENTRANCE = "opcode"
ARITHMETIC, LONG = ("fadd", "fsub", "fmul", "fdiv"), 12
LINE = 512  # bits of a line of the cache: two vectors of most processors
_made: dict[Any, Any] = {}  # by function or kernel


def emit(symbol: str, function: Callable, dtype: str) -> tuple[str, list[str], bytes]:
    """The object code of an opcode: the name of its function, what it calls of others, and an object file."""
    code = target_machine().emit_object(optimized(symbol, function, dtype))
    return symbol, undefined_symbols(code), code


def optimized(symbol: str, function: Callable, dtype: str) -> Any:
    """The same in LLVM's language, which can be read."""
    parts = getattr(function, "parts", None)
    module = _filled(parts[0], parts[1], dtype) if parts else _opcode(function, dtype)
    module.get_function(ENTRANCE).name = symbol
    _hide_all_but(symbol, module)
    _optimize(module)
    return module


def _opcode(function: Callable, dtype: str) -> Any:
    """A function of three arrays, and its entrance, which gets three addresses."""
    memories = tuple(Memory(kind) for kind in (types.int64, getattr(types, dtype), types.int64))
    return _lowered(function, memories, ENTRANCE, types.int64)


def _filled(template: Callable, function: Any, dtype: str) -> Any:
    """A template, and the function of numbers which it calls.

    Numba takes longer for one template than LLVM for ten, so it is written down once.
    """
    kinds = (getattr(types, dtype),) * function.__wrapped__.__code__.co_argcount
    filling = _lowered(function, kinds, NUMBER, kinds[0])
    text = _template(template, len(kinds), dtype)
    module = llvm.parse_assembly(advised(text, LINE // kinds[0].bitwidth) if _is_long(filling) else text)
    for one in filling.functions:
        if not one.is_declaration:
            one.add_function_attribute("alwaysinline")
    module.link_in(filling)
    return module


@functools.cache
def _template(template: Callable, arity: int, dtype: str) -> str:
    known = {**template.__globals__, NUMBER: CALLS[arity]}
    return str(_opcode(python_types.FunctionType(template.__code__, known, template.__name__), dtype))


def _is_long(module: Any) -> bool:
    """Whether arithmetic on one number waits for itself longer than for another one, so that two lines are better than one."""
    if any(one.is_declaration and not one.name.startswith("llvm.") for one in module.functions):
        return False
    names = (part.opcode for one in module.functions for block in one.blocks for part in block.instructions)
    return sum(name in ARITHMETIC for name in names) >= LONG


def advised(text: str, count: int) -> str:
    """LLVM's language, in which loops are advised to do so many numbers at once. A loop jumps to a label above it.

    >>> print(advised("B1:\\n  br label %B2\\nB2:\\n  br label %B1", 16))
    B1:
      br label %B2
    B2:
      br label %B1, !llvm.loop !1000
    !1000 = distinct !{!1000, !999}
    !999 = !{!"llvm.loop.vectorize.width", i32 16}
    """
    seen, lines, notes = set[str](), list[str](), list[str]()
    for line in text.splitlines():
        if label := re.match(r"([\w.]+):", line):
            seen.add(label[1])
        jump = re.fullmatch(r"\s*br label %([\w.]+)", line)
        if jump and jump[1] in seen:
            number = 1000 + len(notes)
            line += f", !llvm.loop !{number}"
            notes.append(f"!{number} = distinct !{{!{number}, !999}}")
        lines.append(line)
    return "\n".join([*lines, *notes, f'!999 = !{{!"llvm.loop.vectorize.width", i32 {count}}}'])


def _lowered(function: Any, kinds: tuple, name: str, result: Any) -> Any:
    """A function of some types and all that it calls, as a module of LLVM's, with an entrance of that name for C."""
    compiled = _for_opcodes(function)
    compiled.compile(kinds)
    made = compiled.overloads[kinds]
    module = module_of(made)
    module.link_in(llvm.parse_assembly(_entrance(name, made, result)))
    return module


def _entrance(name: str, made: Any, result: Any) -> str:
    """A function as C knows it, which calls one as Numba writes them."""
    context, description = made.target_context, made.fndesc
    module = context.create_module(name)
    form = ir.FunctionType(context.get_value_type(result), [context.get_value_type(kind) for kind in description.argtypes])
    builder = ir.IRBuilder(ir.Function(module, form, name).append_basic_block())
    called = context.declare_function(module, description)
    status, value = context.call_conv.call_function(
        builder, called, description.restype, description.argtypes, builder.function.args
    )
    if result == types.int64:
        answer = _as_word(builder, description.restype, value)
        builder.ret(builder.select(status.is_error, ir.Constant(WORD, FAILED), answer))
    else:  # numbers raise nothing
        builder.ret(context.cast(builder, value, description.restype, result))
    return str(module)


def _as_word(builder: Any, kind: Any, value: Any) -> Any:
    """What an opcode returned, None as 0."""
    if kind == types.none:
        return ir.Constant(WORD, 0)
    if kind not in types.integer_domain:
        raise TypeError(f"An opcode expects to return None or whole numbers, got {kind}. End every path with such a return.")
    return (builder.sext if kind.signed else builder.zext)(value, WORD) if kind.bitwidth < 64 else value


def _hide_all_but(symbol: str, module: Any) -> None:
    """Let no name of one object be seen by another."""
    for thing in (*module.functions, *module.global_variables):
        if not thing.is_declaration and thing.name != symbol:
            thing.linkage = "internal"


def _optimize(module: Any) -> None:
    """All functions together, for arrays of some hundred numbers.

    Loops that are laid out several times, as Numba has it, take three times as long to compile, and small arrays longer to
    run. Only sums have to wait for each other: those that may be reordered keep several at once.
    """
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    tuning.loop_vectorization, tuning.slp_vectorization, tuning.loop_unrolling = True, False, False
    tuning.loop_interleaving = " reassoc " in str(module)
    builder = llvm.create_pass_builder(target_machine(), tuning)
    builder.getModulePassManager().run(module, builder)


# What an opcode calls ----------------------------------------------------------------------------------------------


def _for_opcodes(function: Any) -> Any:
    """A function of Numba's, that calls others of this kind where `function` names kernels or closes over them."""
    if function not in _made:
        plain = getattr(function, "__wrapped__", function)
        known = dict(plain.__globals__)
        cells = tuple(python_types.CellType(_in_place_of(cell.cell_contents)) for cell in plain.__closure__ or ())
        bound = python_types.FunctionType(plain.__code__, known, plain.__name__, None, cells)
        _made[function] = numba.njit(**{**getattr(function, "options", OPTIONS), **BARE})(bound)
        # Afterwards: the name of a function of NumPy's may be that of a kernel which calls it.
        known.update({name: _in_place_of(known[name]) for name in plain.__code__.co_names if name in known})
    return _made[function]


def _in_place_of(value: Any) -> Any:
    if hasattr(value, "options"):  # a kernel
        return _for_opcodes(value)
    return value.compiled() if hasattr(value, "compiled") else value
