"""All memory as compiled code sees it: a type of Numba's that is an address, and reads like an array without an end.

An array would do, but for what an array is asked each time: is the index negative, is the end of the slice behind the end of
the array? Nothing here is, and compiling the questions takes longer than all the rest. A slice is an array, as always.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import (
    intrinsic,
    lower_builtin,
    lower_getattr,
    models,
    register_model,
    type_callable,
)
from numba.np.arrayobj import populate_array

WORD = ir.IntType(64)


class Memory(types.Type):
    """Numbers of one type, from an address on."""

    def __init__(self, dtype: Any):
        self.dtype = dtype
        super().__init__(name=f"Memory({dtype})")


@register_model(Memory)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Memory):
        super().__init__(manager, kind, manager.lookup(kind.dtype).get_data_type().as_pointer())


@infer_getattr
class _Attributes(AttributeTemplate):
    key = Memory

    def resolve_dtype(self, memory: Memory) -> Any:
        return types.DType(memory.dtype)


@lower_getattr(Memory, "dtype")
def _dtype(context, builder, kind, value):
    return context.get_dummy_value()


@type_callable(operator.getitem)
def _type_of_item(context):
    def typer(memory, index):
        if isinstance(memory, Memory) and isinstance(index, types.Integer):
            return memory.dtype
        if isinstance(memory, Memory) and isinstance(index, types.SliceType):
            return types.Array(memory.dtype, 1, "C")
        return None

    return typer


@type_callable(operator.setitem)
def _type_of_setting(context):
    def typer(memory, index, value):
        is_ours = isinstance(memory, Memory) and isinstance(index, types.Integer)
        return types.none if is_ours and isinstance(value, (types.Number, types.Boolean)) else None

    return typer


@lower_builtin(operator.getitem, Memory, types.Integer)
def _item(context, builder, signature, arguments):
    return builder.load(_place(context, builder, signature, arguments))


@lower_builtin(operator.setitem, Memory, types.Integer, types.Any)
def _set_item(context, builder, signature, arguments):
    memory, _, kind = signature.args
    value = context.cast(builder, arguments[2], kind, memory.dtype)
    builder.store(value, _place(context, builder, signature, arguments))


@lower_builtin(operator.getitem, Memory, types.SliceType)
def _slice(context, builder, signature, arguments):
    bounds = context.make_helper(builder, signature.args[1], arguments[1])
    return array(
        context, builder, signature.return_type, builder.gep(arguments[0], [bounds.start]), builder.sub(bounds.stop, bounds.start)
    )


def array(context: Any, builder: Any, kind: Any, data: Any, length: Any) -> Any:
    """An array of so many numbers from an address on."""
    made = context.make_array(kind)(context, builder)
    width = ir.Constant(WORD, context.get_abi_sizeof(context.get_value_type(kind.dtype)))
    populate_array(made, data=data, shape=[length], strides=[width], itemsize=width, meminfo=None)
    return made._getvalue()


def _place(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    index = context.cast(builder, arguments[1], signature.args[1], types.int64)
    return builder.gep(arguments[0], [index])


@intrinsic
def perform(typing_context, at, numbers, whole):
    """Call the code whose address is the first number of the row at whole[at]."""

    def generate(context, builder, signature, arguments):
        place, memory, rows = arguments
        step = builder.gep(rows, [context.cast(builder, place, at, types.int64)])
        values = step, memory, rows
        code = ir.FunctionType(WORD, [value.type for value in values])
        return builder.call(builder.inttoptr(builder.load(step), code.as_pointer()), values)

    return types.int64(at, numbers, whole), generate


# A function of numbers that is put in later ----------------------------------------------------------------------------

NUMBER = "number"


def _call(*kinds: Any) -> tuple:
    def generate(context, builder, signature, values):
        form = ir.FunctionType(values[0].type, [value.type for value in values])
        return builder.call(cgutils.get_or_insert_function(builder.module, form, NUMBER), values)

    return kinds[0](*kinds), generate


CALLS = {
    1: intrinsic(lambda typing, x: _call(x)),
    2: intrinsic(lambda typing, x, y: _call(x, y)),
    3: intrinsic(lambda typing, x, y, z: _call(x, y, z)),
}
