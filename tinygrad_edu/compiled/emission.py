"""From a function to object code, with Numba: the only file here that imports it."""

from __future__ import annotations

import functools
import types as python_types
from collections.abc import Callable
from typing import Any

from .fields import ROW

HUGE = 1 << 58  # numbers in all memory: more than there are, and few enough for their bytes to be counted


def emit(name: str, function: Callable, dtype: str) -> tuple[str, bytes]:
    """The object code of an opcode, and the name of its function in it."""
    import numba
    from numba import types

    number = getattr(types, dtype)
    signature = types.int64(types.CPointer(types.int64), types.CPointer(number), types.CPointer(types.int64))
    compiled = numba.njit(**OPTIONS)(bound(function))
    returned = whole_number()
    carray = numba.carray

    def code(step, numbers, whole):
        return returned(compiled(carray(step, ROW), carray(numbers, HUGE), carray(whole, HUGE)))

    code.__name__ = code.__qualname__ = name
    made = numba.njit(signature, no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)(code).overloads[signature.args]
    return made.fndesc.llvm_func_name, made.library._get_compiled_object()


OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}


def bound(function: Callable) -> Callable:
    """`function`, for which the kernels that it names, or closes over, are compiled functions."""
    known = function.__globals__
    named = {name: known[name].compiled() for name in function.__code__.co_names if hasattr(known.get(name), "compiled")}
    cells = tuple(python_types.CellType(_compiled(cell.cell_contents)) for cell in function.__closure__ or ())
    return python_types.FunctionType(function.__code__, {**known, **named}, function.__name__, None, cells)


def _compiled(value: Any) -> Any:
    return value.compiled() if hasattr(value, "compiled") else value


@functools.cache
def whole_number() -> Any:
    """Compiled code's `returned or 0`, for what returns None."""
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    @intrinsic
    def returned(typing_context, value):
        def generate(context, builder, signature, arguments):
            if value == types.none:
                return ir.Constant(ir.IntType(64), 0)
            return context.cast(builder, arguments[0], value, types.int64)

        return types.int64(value), generate

    return returned


@functools.cache
def perform_intrinsic() -> Any:
    """Calls the code whose address is the first number of a row."""
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    @intrinsic
    def perform(typing_context, at, numbers, whole):
        def generate(context, builder, signature, arguments):
            place, memory, rows = arguments
            memory = context.make_array(numbers)(context, builder, memory).data
            rows = context.make_array(whole)(context, builder, rows).data
            step = builder.gep(rows, [context.cast(builder, place, at, types.int64)])
            result = cgutils.alloca_once(builder, ir.IntType(64))
            error = cgutils.alloca_once(builder, ir.IntType(8).as_pointer())
            values = result, error, step, memory, rows
            kind = ir.FunctionType(ir.IntType(32), [value.type for value in values])
            status = builder.call(builder.inttoptr(builder.load(step), kind.as_pointer()), values)
            failed = builder.icmp_unsigned("!=", status, status.type(0))
            return builder.select(failed, ir.IntType(64)(-1), builder.load(result))

        return types.int64(at, numbers, whole), generate

    return perform
