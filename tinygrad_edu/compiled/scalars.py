"""Every elementwise op as a function of single numbers, from which loops are compiled.

    >>> import numpy as np
    >>> SCALARS["leaky_relu"].single(np.float32(-2), np.float32(0.5)), SCALARS["leaky_relu"].params
    (-1.0, ('negative_slope',))
    >>> scalar_call(registry["clip"], {"max": 6.0})
    Call(name='clip', numbers=(-inf, 6.0))

The formulas stand in `formulas`, the polynomials for float32 in `exponentials`, `logarithms` and `angles`, what float64 has
instead in `doubles`. Nothing outside the C library is called, so that compiled code can be kept, and loaded without Numba.

Nanoseconds a number in a loop over 2048 of them in the first cache, and units in the last place from the exact value (tests hold
the functions to these; one core of an AMD EPYC with AVX2):

                  float32  units  NumPy    float64                       float32  units  NumPy    float64
    add, where       0.1     -      -         0.5    sin, cos               2.3    1.6    1.6       9.6
    sqrt             0.2    0.5    0.4        0.8    arctan2                1.3    2.2      -        16
    exp              0.4    1.0    1.3        5.1    erf                    1.4    2.3      -         8
    log              1.4    0.9    1.7        4.4    gelu                   1.4      -      -         7
    log1p            1.7    0.9    7.6        7.0    cross-entropy          0.9      -      -        15
    tanh             0.3    4.5    2.6         14    power                  3.3    0.5      -        14
    sigmoid          0.5    2.3      -        5.3    floor_divide, fmod     3.1     0       -         7
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..ops import registry
from ..record import Op
from . import doubles
from .exponentials import scalar
from .formulas import FORMULAS


class Scalar(NamedTuple):
    """An op on single numbers.

    Args:
        single, double: kernels of float32 and of float64.
        params: parameters of the op that are further numbers, behind its inputs.
        arity: how many numbers it is a function of, parameters included.
    """

    single: Callable
    double: Callable
    params: tuple[str, ...]
    arity: int


def _in_type(number: type, name: str, formula: Callable, known: Mapping[str, Callable]) -> Callable:
    """The kernel of a formula whose constants are of one type, and which calls the kernels of that type."""
    names = formula.__globals__
    constants = {key: number(value) for key, value in names.items() if isinstance(value, float)}
    called = {key: function for key, function in known.items() if key in names}  # not `sqrt`, where it says np.sqrt
    function = types.FunctionType(formula.__code__, {**names, **constants, **called}, name)
    function.__qualname__, function.__doc__ = f"{name}_{number.__name__}", formula.__doc__
    return scalar(function)


def _scalars() -> dict[str, Scalar]:
    """The table of `FORMULAS` for both types. What is a kernel already is one of float32."""
    singles: dict[str, Callable] = {}
    twins = {name: _in_type(np.float64, name, formula, {}) for name, formula in doubles.FUNCTIONS.items()}
    for name, formula in FORMULAS.items():
        singles[name] = formula if hasattr(formula, "compiled") else _in_type(np.float32, name, formula, singles)
        if name not in twins:
            twins[name] = _in_type(np.float64, name, formula, twins)
    return {name: Scalar(singles[name], twins[name], *_arguments(name)) for name in FORMULAS}


def _arguments(name: str) -> tuple[tuple[str, ...], int]:
    """Names of the parameters among the arguments of a formula, and how many arguments it has."""
    code = getattr(FORMULAS[name], "__wrapped__", FORMULAS[name]).__code__
    names = code.co_varnames[: code.co_argcount]
    params = registry[name].params if name in registry else ()
    return tuple(one for one in names if one in params), len(names)


SCALARS = _scalars()

# From the call of an op to a function ---------------------------------------------------------------

BITS = "works on the bits of whole numbers, which floating-point numbers do not stand for"
WITHOUT: dict[str, str] = {"bitwise_and": BITS, "bitwise_or": BITS, "bitwise_xor": BITS}
OF_TRUTH_VALUES = {
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "bitwise_xor": "logical_xor",
    "invert": "logical_not",
}


class Call(NamedTuple):
    """Which function of `SCALARS` a call of an op is, and the numbers behind its inputs."""

    name: str
    numbers: tuple[float, ...] = ()


def scalar_call(op: Op, params: Mapping[str, Any], dtype: Any = np.float32) -> Call | None:
    """What a call of `op` with these parameters is number by number; None if it is nothing of the kind."""
    if registry.get(op.name) is not op:
        return None
    params = {**op.defaults, **params}
    if op.name in SPECIAL:
        return SPECIAL[op.name](params, np.dtype(dtype))
    scalar = SCALARS.get(op.name)
    return scalar and Call(op.name, tuple(params[name] for name in scalar.params))


def _bounds(name: str) -> Callable[[Mapping[str, Any], np.dtype], Call]:
    """A function of two bounds, of which None is the farthest that there is."""
    return lambda params, dtype: Call(
        name,
        (-math.inf if params["min"] is None else params["min"], math.inf if params["max"] is None else params["max"]),
    )


def _round(params: Mapping[str, Any], dtype: np.dtype) -> Call:
    """Powers of 10 to multiply by and to divide by, of which one is 1."""
    decimals = params["decimals"]
    return Call("round_to", (10.0 ** max(decimals, 0), 10.0 ** max(-decimals, 0))) if decimals else Call("round")


def _bent_relu(params: Mapping[str, Any], dtype: np.dtype) -> Call | None:
    """Three of the four numbers, where one of the others says nothing."""
    slope, ceiling, threshold = params["negative_slope"], params["max_value"], params["threshold"]
    if not slope:
        return Call("limited_relu", (threshold, ceiling))
    return Call("bent_relu", (slope, threshold)) if ceiling == math.inf else None


def _nan_to_num(params: Mapping[str, Any], dtype: np.dtype) -> Call | None:
    """Where -inf becomes what inf becomes, with a minus."""
    largest = float(np.finfo(dtype).max)
    above = largest if params["posinf"] is None else params["posinf"]
    below = -largest if params["neginf"] is None else params["neginf"]
    return Call("nan_to_num", (params["nan"], above)) if below == -above else None


SPECIAL: dict[str, Callable[[Mapping[str, Any], np.dtype], Call | None]] = {
    "clip": _bounds("clip"),
    "inside": _bounds("inside"),
    "round": _round,
    "bent_relu": _bent_relu,
    "nan_to_num": _nan_to_num,
    "gelu": lambda params, dtype: Call("gelu_by_tanh" if params["approximate"] else "gelu"),
    "cast": lambda params, dtype: Call("copy") if np.dtype(params["dtype"]).itemsize >= dtype.itemsize else None,
    "truncate": lambda params, dtype: Call("truth" if np.dtype(params["dtype"]) == bool else "trunc"),
}
