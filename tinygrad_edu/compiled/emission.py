"""From a function to object code, with Numba: what happens once for an installation.

Numba compiles the opcode as a function of three arrays. Around it comes a function of three addresses, which is what an
instruction calls, and both become one: `int64 code(int64* step, float* numbers, int64* whole)`.
"""

from __future__ import annotations

import types as python_types
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from .fields import FAILED, ROW
from .loading import target_machine, undefined_symbols

ALL = 1 << 58  # numbers in all memory: more than there are, and few enough for their bytes to be counted
OPTIONS = {"error_model": "numpy", "nogil": True}
# No counting of references, so no allocation either; nothing that Python could call.
BARE = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
WORD = ir.IntType(64)
_made: dict[Any, Any] = {}  # by function or kernel


def emit(symbol: str, function: Callable, dtype: str) -> tuple[str, list[str], bytes]:
    """The object code of an opcode: the name of its function, what it calls of others, and an object file."""
    arrays = tuple(types.Array(kind, 1, "C") for kind in (types.int64, getattr(types, dtype), types.int64))
    compiled = _for_opcodes(function)
    compiled.compile(arrays)
    made = compiled.overloads[arrays]
    module = llvm.parse_assembly(compiled.inspect_llvm(arrays))
    module.link_in(llvm.parse_assembly(_entrance(symbol, made)))
    _hide_all_but(symbol, module)
    _inline(made.fndesc.llvm_func_name, module)
    code = target_machine().emit_object(module)
    return symbol, undefined_symbols(code), code


def _entrance(symbol: str, made: Any) -> str:
    """The function of three addresses, which calls the one of three arrays."""
    context, description = made.target_context, made.fndesc
    module = context.create_module(symbol)
    pointers = [context.get_value_type(array.dtype).as_pointer() for array in description.argtypes]
    builder = ir.IRBuilder(ir.Function(module, ir.FunctionType(WORD, pointers), symbol).append_basic_block())
    lengths = ROW, ALL, ALL
    arrays = [
        _array(context, builder, kind, pointer, length)
        for kind, pointer, length in zip(description.argtypes, builder.function.args, lengths)
    ]
    called = context.declare_function(module, description)
    status, result = context.call_conv.call_function(builder, called, description.restype, description.argtypes, arrays)
    answer = _as_word(builder, description.restype, result)
    builder.ret(builder.select(status.is_error, ir.Constant(WORD, FAILED), answer))
    return str(module)


def _array(context: Any, builder: Any, kind: Any, data: Any, length: int) -> Any:
    """An array of so many numbers from an address on."""
    array = context.make_array(kind)(context, builder)
    itemsize = context.get_abi_sizeof(context.get_value_type(kind.dtype))
    size, width = ir.Constant(WORD, length), ir.Constant(WORD, itemsize)
    populate_array(array, data=data, shape=[size], strides=[width], itemsize=width, meminfo=None)
    return array._getvalue()


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


def _inline(inner: str, module: Any) -> None:
    """Make one function of two. The inner one is optimized already: all passes again take ten times as long, for nothing."""
    module.get_function(inner).add_function_attribute("alwaysinline")
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    passes.add_sroa_pass()
    passes.add_instruction_combine_pass()
    passes.add_simplify_cfg_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(target_machine(), llvm.create_pipeline_tuning_options()))


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


@intrinsic
def perform(typing_context, at, numbers, whole):
    """Call the code whose address is the first number of the row at whole[at]."""

    def generate(context, builder, signature, arguments):
        place, memory, rows = arguments
        memory = context.make_array(numbers)(context, builder, memory).data
        rows = context.make_array(whole)(context, builder, rows).data
        step = builder.gep(rows, [context.cast(builder, place, at, types.int64)])
        values = step, memory, rows
        code = ir.FunctionType(WORD, [value.type for value in values])
        return builder.call(builder.inttoptr(builder.load(step), code.as_pointer()), values)

    return types.int64(at, numbers, whole), generate
