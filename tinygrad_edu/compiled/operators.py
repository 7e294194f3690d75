"""What operators and functions make of numbers, in LLVM's language.

Types are those of NumPy, but that whole numbers are computed in 64 bits. Division by zero gives inf or nan. `flags` say what LLVM
may change for speed: "reassoc" the order of a sum, "contract" that a product is rounded before it is added to something.
"""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from .typed import BIT, INT, Number, Value, constant, form

FLOAT_OPERATORS: dict[type, str] = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
INT_OPERATORS: dict[type, str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.BitAnd: "and_", ast.BitOr: "or_", ast.BitXor: "xor", ast.LShift: "shl",
}  # fmt: skip
RELATIONS: dict[type, str] = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
NO_OVERFLOW = ("nsw",)  # of numbers with a sign: what lets LLVM know how often a loop runs


# From type to type ---------------------------------------------------------------------------------


def common(*dtypes: np.dtype) -> np.dtype:
    """The type that holds numbers of all these types."""
    found = np.result_type(*dtypes)
    if found.kind == "f" and all(dtype.kind in "iu" for dtype in dtypes):
        raise TypeError(f"a number with a sign and one without have no common type: {' and '.join(map(str, dtypes))}")
    return found


def converted(builder: Any, value: Value, dtype: np.dtype) -> Value:
    """A number in another type; what is behind the point is cut."""
    if not isinstance(value.kind, Number):
        raise TypeError(f"{dtype} expects a number, got {value.kind}")
    before, wanted = value.kind.dtype, form(dtype)
    if dtype.kind == "b":
        return nonzero(builder, value)
    if before == dtype or (before.kind in "iu" and dtype.kind in "iu" and before.itemsize == dtype.itemsize):
        return Value(Number(dtype), value.parts)
    return Value(Number(dtype), [getattr(builder, _conversion(before, dtype))(value.only, wanted)])


def _conversion(before: np.dtype, after: np.dtype) -> str:
    """The name of LLVM's instruction."""
    is_longer = after.itemsize > before.itemsize
    if before.kind == "f" and after.kind == "f":
        return "fpext" if is_longer else "fptrunc"
    if before.kind == "f":
        return "fptoui" if after.kind == "u" else "fptosi"
    if after.kind == "f":
        return "sitofp" if before.kind == "i" else "uitofp"
    return "trunc" if not is_longer and before.kind != "b" else "sext" if before.kind == "i" else "zext"


def nonzero(builder: Any, value: Value) -> Value:
    """Whether a number is not 0."""
    return value if value.kind.dtype == BIT else compared(builder, ast.NotEq, value, constant(value.kind.dtype.type(0)))


def _alike(builder: Any, dtype: np.dtype, *values: Value) -> list[Any]:
    return [converted(builder, value, dtype).only for value in values]


# Operators -----------------------------------------------------------------------------------------


def computed(builder: Any, operator: type, x: Value, y: Value, flags: Sequence[str] = ()) -> Value:
    """What an operator makes of two numbers."""
    dtype = common(x.kind.dtype, y.kind.dtype)
    if dtype.kind in "bi":
        dtype = np.dtype(float) if operator is ast.Div else INT
    if dtype.kind == "f" and operator is ast.Pow:
        return FUNCTIONS[math.pow](builder, x, y)
    a, b = _alike(builder, dtype, x, y)
    if dtype.kind == "f" and operator in FLOAT_OPERATORS:
        return Value(Number(dtype), [getattr(builder, FLOAT_OPERATORS[operator])(a, b, flags=flags)])
    return Value(Number(dtype), [_of_whole(builder, operator, dtype, a, b)])


def _of_whole(builder: Any, operator: type, dtype: np.dtype, a: Any, b: Any) -> Any:
    is_signed = dtype.kind == "i"
    if operator is ast.FloorDiv and is_signed:
        return _floor_divided(builder, a, b)
    if operator is ast.RShift and dtype.kind != "f":
        return (builder.ashr if is_signed else builder.lshr)(a, b)
    if operator not in INT_OPERATORS or dtype.kind == "f":
        raise TypeError(f"{operator.__name__} of {dtype} is nothing that compiled code can do")
    instruction = getattr(builder, INT_OPERATORS[operator])
    return instruction(a, b, flags=NO_OVERFLOW) if is_signed and operator in FLOAT_OPERATORS else instruction(a, b)


def _floor_divided(builder: Any, a: Any, b: Any) -> Any:
    """Processors cut, Python goes down."""
    quotient, rest = builder.sdiv(a, b), builder.srem(a, b)
    is_below = builder.and_(
        builder.icmp_signed("!=", rest, rest.type(0)), builder.icmp_signed("<", builder.xor(rest, b), b.type(0))
    )
    return builder.sub(quotient, builder.zext(is_below, a.type))


def compared(builder: Any, operator: type, x: Value, y: Value, flags: Sequence[str] = ()) -> Value:
    """Whether a relation holds; of nan none does but !=."""
    dtype = common(x.kind.dtype, y.kind.dtype)
    relation, (a, b) = RELATIONS[operator], _alike(builder, dtype, x, y)
    if dtype.kind == "f":
        compare = builder.fcmp_unordered if relation == "!=" else builder.fcmp_ordered
        return Value(Number(BIT), [compare(relation, a, b, flags=flags)])
    return Value(Number(BIT), [(builder.icmp_signed if dtype.kind == "i" else builder.icmp_unsigned)(relation, a, b)])


def negative(builder: Any, value: Value, flags: Sequence[str] = ()) -> Value:
    """-x."""
    if value.kind.dtype.kind == "f":
        return Value(value.kind, [builder.fneg(value.only, flags=flags)])
    return computed(builder, ast.Sub, constant(0), value)


# Functions -----------------------------------------------------------------------------------------


def _by_llvm(name: str) -> Callable:
    """A function that LLVM knows, as the processor or the C library has it."""
    return lambda builder, *values: _called(builder, f"llvm.{name}", *values, is_llvms=True)


def _by_c(name: str) -> Callable:
    """A function of the C library."""
    return lambda builder, *values: _called(builder, name, *values)


def _called(builder: Any, name: str, *values: Value, is_llvms: bool = False) -> Value:
    dtype = common(*(value.kind.dtype for value in values))
    dtype = dtype if dtype.kind == "f" else np.dtype(float)
    number, letter = form(dtype), "f" * (dtype == np.float32)
    symbol = f"{name}.{number.intrinsic_name}" if is_llvms else name + letter
    known = builder.module.globals.get(symbol)
    function = known or ir.Function(builder.module, ir.FunctionType(number, [number] * len(values)), symbol)
    return Value(Number(dtype), [builder.call(function, _alike(builder, dtype, *values))])


def _absolute(builder: Any, value: Value) -> Value:
    if value.kind.dtype.kind == "f":
        return FUNCTIONS[math.fabs](builder, value)
    return _chosen(ast.Gt)(builder, value, negative(builder, value))


def _chosen(operator: type) -> Callable:
    """The first of two numbers, unless the relation holds for the second."""

    def choose(builder: Any, x: Value, y: Value) -> Value:
        dtype = common(x.kind.dtype, y.kind.dtype)
        is_second = compared(builder, operator, y, x).only
        return Value(Number(dtype), [builder.select(is_second, *_alike(builder, dtype, y, x))])

    return choose


def _is_finite(builder: Any, value: Value) -> Value:
    return compared(builder, ast.Lt, _absolute(builder, value), constant(math.inf))


def _remainder(builder: Any, x: Value, y: Value) -> Value:
    dtype = common(x.kind.dtype, y.kind.dtype)
    return Value(Number(dtype), [builder.frem(*_alike(builder, dtype, x, y))])


def _sign(builder: Any, value: Value) -> Value:
    """-1, 0 or 1; of nan nan."""
    one, none = (constant(value.kind.dtype.type(number)) for number in (1, 0))
    below, above = (compared(builder, relation, value, none).only for relation in (ast.Lt, ast.Gt))
    found = builder.select(below, negative(builder, one).only, value.only)
    return Value(value.kind, [builder.select(above, one.only, found)])


OF_LLVM = "sqrt", "floor", "ceil", "trunc", "fabs", "copysign", "exp", "log", "log2", "log10", "sin", "cos", "pow", "exp2"
OF_C = "expm1", "log1p", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc"
FUNCTIONS: dict[Any, Callable[..., Value]] = {
    builtins.abs: _absolute,
    builtins.max: _chosen(ast.Gt),
    builtins.min: _chosen(ast.Lt),
    math.isfinite: _is_finite,
    np.fmod: _remainder,
    np.abs: _absolute,
    np.rint: _by_llvm("rint"),
    np.sign: _sign,
    **{getattr(library, name): _by_llvm(name) for library in (math, np) for name in OF_LLVM},
    **{getattr(library, name): _by_c(name) for library in (math, np) for name in OF_C if hasattr(library, name)},
}
TYPES: dict[Any, np.dtype] = {int: INT, float: np.dtype(float), bool: BIT}


def is_type(thing: Any) -> bool:
    """Whether it makes numbers of one type."""
    return thing in TYPES or (isinstance(thing, type) and issubclass(thing, np.number))


def type_of(thing: Any) -> np.dtype:
    """The type of numbers that a type of Python's or NumPy's makes."""
    return TYPES.get(thing) or np.dtype(thing)


def same_bits(builder: Any, value: Value, dtype: np.dtype) -> Value:
    """A number's bits, read as a number of another type: `x.view(dtype)`."""
    if value.kind.dtype.itemsize != dtype.itemsize:
        raise TypeError(f"view expects a type of {value.kind.dtype.itemsize} bytes, got {dtype}")
    return Value(Number(dtype), [builder.bitcast(value.only, form(dtype))])
